"""Runs in a container that shares its network with a directory: what Postfix and Dovecot make of the directory.

/place is the directory's folder (ldap_server.py): its state is changed here. Prints a JSON object.
"""

from __future__ import annotations

import json
import smtplib
import subprocess
import sys
import time
from pathlib import Path

PLACE = Path("/place")
SAID = json.loads(Path("/test/said.json").read_text())
SOCKET = "/var/spool/postfix/private/dovecot-lmtp"


def call(*argv: str, timeout: float = 20) -> tuple[int, str]:
    try:
        done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=timeout)
    except subprocess.TimeoutExpired:
        return -1, "no answer"
    return done.returncode, (done.stdout + done.stderr).strip()


def switch(state: str) -> None:
    (PLACE / "state").write_text(state)
    end = time.monotonic() + 300
    while (PLACE / "now").read_text() != state:
        if time.monotonic() > end:
            sys.exit(f"the directory is not {state}")
        time.sleep(0.05)


def listening() -> bool:
    return ":25 " in call("ss", "-ltn")[1]


def rcpt(recipient: str, sender: str = "") -> str:
    """What port 25 answers: the code, and the enhanced one."""
    with smtplib.SMTP("127.0.0.1", 25, local_hostname="test.example", timeout=60) as client:
        client.ehlo()
        code, text = client.docmd("MAIL", f"FROM:<{sender}>")
        if code == 250:
            code, text = client.docmd("RCPT", f"TO:<{recipient}>")
        return f"{code} {text.decode().split()[0]}"


def delivered(recipient: str) -> str:
    with smtplib.LMTP(SOCKET, local_hostname="test") as client:
        client.ehlo()
        client.docmd("MAIL", "FROM:<x@example.net>")
        code, _ = client.docmd("RCPT", f"TO:<{recipient}>")
        if code == 250:
            client.docmd("DATA")
            client.send(b"From: x@example.net\r\nSubject: x\r\n\r\nx\r\n.\r\n")
            code, _ = client.getreply()
        return str(code)


def login(user: str, password: str) -> str:
    """What a client of IMAP is told: ok, no, or later."""
    code, text = call("doveadm", "auth", "test", user, password)
    return "ok" if code == 0 else "later" if "temp" in text.lower() or code == 75 else "no"


def table(name: str, key: str) -> str:
    code, text = call("postmap", "-q", key, f"ldap:/etc/postfix/directory/{name}.cf")
    if "warning" in text or "fatal" in text:
        return "later"
    return text if code == 0 else "-"


def look(said: dict[str, list[str]]) -> dict[str, str]:
    seen: dict[str, str] = {}
    for name, key in said["tables"]:
        seen[f"{name} {key}"] = table(name, key)
    for recipient in said["recipients"]:
        seen[f"rcpt {recipient}"] = rcpt(recipient)
    for user, password in said["logins"]:
        shown = "right" if password in SAID["right"] else password
        seen[f"login {user} {shown}"] = login(user, password)
    for user in said["users"]:
        code, text = call("doveadm", "user", "-f", "home", user)
        seen[f"home {user}"] = text if code == 0 else "later" if code == 75 else text if code == -1 else "-"
    for recipient in said["deliveries"]:
        seen[f"delivered {recipient}"] = delivered(recipient)
    return seen


def main() -> None:
    with Path("/etc/hosts").open("a") as hosts:
        hosts.write("".join(f"127.0.0.1 {name}\n" for name in SAID["servers"]))
    Path("/etc/ssl/certs/ca-certificates.crt").write_bytes((PLACE / "authority.pem").read_bytes())
    Path("/etc/dovecot/suspended").touch()
    for argv in (
        ("groupadd", "--system", "vmail"),
        ("useradd", "--system", "-g", "vmail", "-d", "/var/vmail", "-M", "-s", "/usr/sbin/nologin", "vmail"),
        ("install", "-d", "-o", "vmail", "-g", "vmail", "-m", "0700", "/var/vmail"),
        ("install", "-d", "-o", "postfix", "-m", "0700", "/var/spool/postfix/private"),
        ("chgrp", "-R", "postfix", "/etc/postfix/directory"),
        ("chgrp", "dovecot", "/etc/dovecot/passwords", "/etc/dovecot/logins"),
    ):
        call(*argv)
    for name in SAID["compiled"]:
        call("postmap", f"lmdb:/etc/postfix/{name}")
    log = Path("/test/log").open("w")  # noqa: SIM115 - as long as the program
    dovecot = subprocess.Popen(["dovecot", "-F"], stdout=log, stderr=log)
    with Path("/etc/postfix/master.cf").open("a") as master:
        master.write("postlog unix-dgram n - n - 1 postlogd\n")  # there is no log daemon here
    call("postconf", "maillog_file=/var/log/mail", "maillog_file_prefixes=/var")
    code, text = call("postfix", "start")
    end = time.monotonic() + 300
    while not (Path(SOCKET).exists() and listening()):
        if time.monotonic() > end:
            sys.exit(f"{text}\n{Path('/test/log').read_text()}\n{call('cat', '/var/log/mail')[1]}")
        time.sleep(0.1)
    seen: dict[str, object] = {"started": code, "complained": text if code else ""}
    for turn, state in (("up", "up"), ("down", "down"), ("slow", "slow"), ("again", "up")):
        switch(state)
        begun = time.monotonic()
        seen[turn] = look(SAID[turn])
        seen[f"{turn} took"] = round(time.monotonic() - begun, 1)
    seen["log"] = Path("/var/log/mail").read_text()[-6000:] + Path("/test/log").read_text()[-6000:]
    dovecot.terminate()
    call("postfix", "stop")
    dovecot.wait(60)
    print(json.dumps(seen))


main()
