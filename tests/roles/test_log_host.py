"""A mail host and a log host: lines get there, and wait while it is away; mail is taken all the while."""

from __future__ import annotations

import re
import smtplib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from mailwright.plan.retention import MAIL_LOG, central
from mailwright.rehearsal.rehearse import Stage, prepare, staged
from support.example import example, load_example, split_hosts

pytestmark = [pytest.mark.hosts, pytest.mark.slow]

MAIL = "mail.college.ac.uk"
KEEPER = "log.college.ac.uk"
COPY = central(MAIL)
# The services' own way to the log: a line for each number, to the socket that syslog(3) writes to.
WRITE = """
import sys, syslog
syslog.openlog("postfix/smtpd", syslog.LOG_PID, syslog.LOG_MAIL)
for number in range(int(sys.argv[2])):
    syslog.syslog(f"{sys.argv[1]} {number}")
"""


@pytest.fixture(scope="module", params=["debian-13", "debian-12"])
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("log-host")
    keeper = next(host for host in split_hosts(os=request.param) if host.name == KEEPER)
    mail = replace(load_example().hosts[0], os=request.param)
    with staged(prepare(example(hosts=(mail, keeper)), (), (), folder), folder, print) as stage:
        stage.apply(print)
        yield stage


def on(stage: Stage, host: str, *argv: str) -> str:
    status, said = stage.lab.shell.run(host, *argv, timeout=120.0)
    assert status == 0, said
    return said


def write(stage: Stage, word: str, count: int) -> None:
    on(stage, MAIL, "python3", "-c", WRITE, word, str(count))


def numbers(stage: Stage, host: str, path: str, word: str) -> list[int]:
    _, said = stage.lab.shell.run(host, "grep", "--fixed-strings", "--", f": {word} ", path)
    return [int(number) for number in re.findall(rf": {word} (\d+)$", said, re.MULTILINE)]


def until(true: Callable[[], bool], patience: float = 180.0) -> bool:
    end = time.monotonic() + patience
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.5)
    return True


def takes_mail(stage: Stage) -> bool:
    address = str(stage.prepared.plan.host(MAIL).addresses[0])
    with stage.lab.vantage("outside", "outside").enter(), smtplib.SMTP(address, 25, timeout=60) as client:
        client.ehlo("client.example")
        client.docmd("MAIL FROM:<>")
        return client.docmd("RCPT TO:<postmaster@college.ac.uk>")[0] == 250


def test_a_line_is_there_at_once_for_the_readers_alone(stage: Stage) -> None:
    write(stage, "first", 1)
    assert until(lambda: numbers(stage, KEEPER, COPY, "first") == [0], 10.0)
    line = on(stage, KEEPER, "grep", "--fixed-strings", ": first 0", COPY)
    own = on(stage, MAIL, "grep", "--fixed-strings", ": first 0", MAIL_LOG)
    assert line.split(" ")[1] == MAIL
    assert (line.split(" ")[0], line.split(" ", 2)[2]) == (own.split(" ")[0], own.split(" ", 2)[2])
    assert "first" not in on(stage, KEEPER, "cat", MAIL_LOG)
    assert on(stage, KEEPER, "stat", "--format=%a %U:%G", COPY).strip() == "640 root:mailreaders"
    folders = ("/var/log/mail", "/var/log/mail/hosts", COPY.rpartition("/")[0])
    for mode in on(stage, KEEPER, "stat", "--format=%a %U:%G", *folders).splitlines():
        assert mode == "750 root:mailreaders"


def test_a_second_apply_changes_nothing(stage: Stage) -> None:
    assert stage.apply(print).changed == {MAIL: 0, KEEPER: 0}


def test_lines_wait_for_a_log_host_that_is_away(stage: Stage) -> None:
    on(stage, KEEPER, "systemctl", "stop", "rsyslog.service", "syslog.socket")
    begun = time.monotonic()
    write(stage, "away", 1000)
    assert takes_mail(stage)
    assert until(lambda: numbers(stage, MAIL, MAIL_LOG, "away") == list(range(1000)), 20.0)
    took = time.monotonic() - begun
    on(stage, KEEPER, "systemctl", "start", "rsyslog.service")
    assert until(lambda: len(set(numbers(stage, KEEPER, COPY, "away"))) == 1000)
    found = numbers(stage, KEEPER, COPY, "away")
    assert list(dict.fromkeys(found)) == list(range(1000))
    assert len(found) <= 1003
    assert took < 20.0


def test_lines_wait_across_a_restart_of_the_sender(stage: Stage) -> None:
    """All but what rsyslog had in hand: a line, and one that was on its way when the log host went."""
    on(stage, KEEPER, "systemctl", "stop", "rsyslog.service", "syslog.socket")
    write(stage, "restarted", 1000)
    assert until(lambda: len(numbers(stage, MAIL, MAIL_LOG, "restarted")) == 1000, 20.0)
    on(stage, MAIL, "systemctl", "restart", "rsyslog.service")
    assert takes_mail(stage)
    assert "forward-" in on(stage, MAIL, "ls", "/var/spool/rsyslog")
    on(stage, KEEPER, "systemctl", "start", "rsyslog.service")
    assert until(lambda: 999 in numbers(stage, KEEPER, COPY, "restarted"))
    assert until(lambda: len(set(numbers(stage, KEEPER, COPY, "restarted"))) >= 998)
    assert numbers(stage, MAIL, MAIL_LOG, "restarted") == list(range(1000))


def test_lines_go_to_the_new_file_after_a_rotation(stage: Stage) -> None:
    on(stage, KEEPER, "logrotate", "--force", "/etc/logrotate.d/mailwright")
    write(stage, "rotated", 1)
    assert until(lambda: numbers(stage, KEEPER, COPY, "rotated") == [0], 15.0)
    modes = on(stage, KEEPER, "sh", "-c", f"stat --format='%a %U:%G' {COPY}*")
    assert modes.splitlines() == ["640 root:mailreaders"] * 2
