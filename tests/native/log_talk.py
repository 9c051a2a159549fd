"""Two rsyslogds with the rendered files, a mailer's and the log host's, on the loopback of one container.

Run there with a scenario's name as argument; prints what is in which file afterwards. The journal is replaced by a
socket for each, which a container without systemd has; all else is as rendered, but for the places of the mailer's
own files, because both daemons share one file system.
"""

from __future__ import annotations

import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

MAILER = "mail.college.ac.uk"
COPY = f"/var/log/mail/hosts/{MAILER}/mail.log"
OWN = "/srv/mailer/mail.log"
KEEPER_OWN = "/var/log/mail/mail.log"
IMJOURNAL = re.compile(r'module\(load="imjournal"[^)]*\)')


class Daemon:
    """An rsyslogd of this name, with the file that was rendered for its host."""

    def __init__(self, name: str, *changes: tuple[str, str]) -> None:
        self.socket, self.name = f"/srv/{name}.socket", name
        text = Path(f"/srv/{name}.conf").read_text(encoding="utf-8")
        words = ("global(", 'global(processInternalMessages="on" ')  # there is no journal that would get them
        for old, new in (words, ("/var/spool/rsyslog", f"/srv/{name}"), *changes):
            assert old in text, old
            text = text.replace(old, new)
        source = f'module(load="imuxsock" SysSock.Use="off")\ninput(type="imuxsock" Socket="{self.socket}")'
        text, count = IMJOURNAL.subn(source, text)
        assert count == 1
        Path(f"/srv/{name}").mkdir(exist_ok=True)
        self.file = f"/srv/{name}.made.conf"
        Path(self.file).write_text(text, encoding="utf-8")
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        Path(self.socket).unlink(missing_ok=True)
        self.process = subprocess.Popen(
            ["rsyslogd", "-n", "-i", f"/srv/{self.name}.pid", "-f", self.file], stderr=subprocess.DEVNULL
        )
        until(lambda: Path(self.socket).exists())

    def stop(self) -> None:
        assert self.process is not None
        self.process.terminate()
        self.process.wait(60)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait(60)

    def log(self, *texts: str) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
            log.connect(self.socket)
            for text in texts:
                log.send(f"<22>Jan  1 00:00:00 postfix/smtpd[7]: {text}".encode())


def until(true: Callable[[], bool], patience: float = 90.0) -> bool:
    end = time.monotonic() + patience
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True


def lines(path: str) -> list[str]:
    return Path(path).read_text(encoding="utf-8").splitlines() if Path(path).exists() else []


def holds(path: str, text: str) -> bool:
    return any(text in line for line in lines(path))


def numbers() -> list[int]:
    return [int(number) for line in lines(COPY) for number in re.findall(r" line (\d+)$", line)]


def show(path: str) -> None:
    for line in lines(path):
        if "smtpd" in line:
            print(path, line.partition(" ")[2])


keeper = Daemon("keeper")
mailer = Daemon("mailer", (KEEPER_OWN, OWN))


def arrive() -> None:
    keeper.start()
    mailer.start()
    mailer.log("a line", "x" * 5000, "two\n2026-01-01T00:00:00+00:00 mx2.college.ac.uk postfix/smtpd[8]: lines")
    keeper.log("the log host's own")
    until(lambda: holds(COPY, "lines"))
    for path in sorted(Path("/var/log").rglob("*")):
        if path.is_file():
            show(str(path))
    print([line.partition(" ")[0] for line in lines(COPY)] == [line.partition(" ")[0] for line in lines(OWN)])
    print(*(oct(path.stat().st_mode & 0o777) for path in (Path(COPY), Path(COPY).parent)))


def refused() -> None:
    """Nothing arrives within the time that the positive twin takes many times over."""
    keeper.start()
    mailer.start()
    mailer.log("a line")
    print("here:", until(lambda: holds(OWN, "a line")), "there:", until(lambda: holds(COPY, "a line"), 4.0))
    print(
        *sorted(
            {
                word
                for line in lines("/var/log/syslog")
                for word in re.findall(r"authentication error '(.*?)'", line)
            }
        )
    )


def down(restart: bool = False) -> None:
    """The log host is away: nothing waits for it, and all lines come in their order when it is back."""
    keeper.start()
    mailer.start()
    mailer.log("line 0")
    until(lambda: holds(COPY, "line 0"))
    keeper.stop()
    begun = time.monotonic()
    for number in range(1, 1001):
        mailer.log(f"line {number}")
    until(lambda: holds(OWN, "line 1000"))
    print("local within seconds:", time.monotonic() - begun < 30)
    if restart:
        begun = time.monotonic()
        mailer.stop()
        print("stopped within seconds:", time.monotonic() - begun < 60)
        print("on the disk:", bool(list(Path("/srv/mailer").glob("forward-*"))))
        mailer.start()
    keeper.start()
    until(lambda: len(set(numbers())) == 1001, 180)
    found = numbers()
    once = list(dict.fromkeys(found))
    print("lost:", 1001 - len(once))
    print("in order:", once == sorted(once))
    print("twice:", len(found) - len(once))


def restarted() -> None:
    """The same, and the mailer's rsyslogd is restarted before the log host is back."""
    down(restart=True)


def wrong() -> None:
    """The log host's certificate was for another name for a while."""
    keeper.start()
    mailer.start()
    mailer.log("a line")
    until(lambda: holds("/var/log/syslog", "no permited name found"))
    keeper.stop()
    subprocess.run(["sh", "-c", "cp /srv/right.pem /etc/ssl/mailwright/log*.pem"], check=True)
    subprocess.run(["sh", "-c", "cp /srv/right.key /etc/ssl/mailwright/log*.key"], check=True)
    keeper.start()
    mailer.log("b line")
    until(lambda: holds(COPY, "b line"), 8.0)
    mailer.stop()
    mailer.start()
    mailer.log("c line")
    until(lambda: holds(COPY, "c line"))
    for word in "abc":
        print(word, holds(OWN, f"{word} line"), holds(COPY, f"{word} line"))


def main() -> None:
    {"arrive": arrive, "refused": refused, "down": down, "restarted": restarted, "wrong": wrong}[sys.argv[1]]()
    for daemon in (mailer, keeper):
        if daemon.process and daemon.process.poll() is None:
            daemon.kill()


main()
