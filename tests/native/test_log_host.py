"""What rsyslogd and logrotate of both releases make of the files of a log host and of a host that sends to one."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from ipaddress import ip_address
from pathlib import Path

import pytest

from mailwright.components import logs
from mailwright.plan import make
from mailwright.plan.model import Plan
from mailwright.rehearsal import credentials
from support.example import split
from support.native import RELEASES, run

pytestmark = pytest.mark.native

each_release = pytest.mark.parametrize("release", RELEASES)

MAILER = "mail.college.ac.uk"
KEEPER = "log.college.ac.uk"
OTHER = "smtp.college.ac.uk"
TALK = (Path(__file__).parent / "log_talk.py").read_text(encoding="utf-8")
BEFORE = [["systemd-sysusers"], ["systemd-tmpfiles", "--create", "/etc/tmpfiles.d/mailwright.conf"]]


def plan(release: str, mailer: str = "127.0.0.1") -> Plan:
    """The split site; its first mailer has this address."""
    made = make(split())
    hosts = tuple(
        replace(
            host,
            os=release,  # type: ignore[arg-type]
            addresses=(ip_address(mailer),) if host.name == MAILER else host.addresses,
        )
        for host in made.hosts
    )
    return replace(made, hosts=hosts)


@cache
def secrets() -> Mapping[str, bytes]:
    """The authority, a certificate for each host, and one of another authority: ``nobody``."""
    made = credentials.make(make(split())).files
    other = credentials.make(make(split())).files
    return {**made, **{f"nobody.{end}": other[f"{MAILER}.{end}"] for end in ("pem", "key")}}


def talk(release: str, scenario: str, *, given: Plan | None = None, **certificates: str) -> list[str]:
    """What the scenario prints. ``mailer``, ``keeper``: whose certificate each shows in place of its own."""
    made = given or plan(release)
    files = {file.path: file.text for file in logs.files(made, made.host(KEEPER))}
    files["/srv/keeper.conf"] = files["/etc/rsyslog.conf"]
    mailer = {file.path: file.text for file in logs.files(made, made.host(MAILER))}
    files["/srv/mailer.conf"] = mailer["/etc/rsyslog.conf"]
    files["/etc/ssl/certs/ca-certificates.crt"] = secrets()[credentials.AUTHORITY].decode()
    for host, shows in ((MAILER, certificates.get("mailer", MAILER)), (KEEPER, certificates.get("keeper", KEEPER))):
        for end in ("pem", "key"):
            files[f"/etc/ssl/mailwright/{host}.{end}"] = secrets()[f"{shows}.{end}"].decode()
    for end in ("pem", "key"):
        files[f"/srv/right.{end}"] = secrets()[f"{KEEPER}.{end}"].decode()
    files["/srv/hosts"] = f"127.0.0.1 localhost {KEEPER}\n"
    files["/srv/talk.py"] = TALK
    before = [*BEFORE, ["cp", "/srv/hosts", "/etc/hosts"]]
    return said(run(release, ["python3", "/srv/talk.py", scenario], files, before=before)).splitlines()


def said(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@each_release
@pytest.mark.parametrize("host", [MAILER, KEEPER])
def test_rsyslogd_has_nothing_to_say(release: str, host: str) -> None:
    made = plan(release)
    files = {file.path: file.text for file in logs.files(made, made.host(host))}
    for end in ("pem", "key"):
        files[f"/etc/ssl/mailwright/{host}.{end}"] = secrets()[f"{host}.{end}"].decode()
    done = run(release, ["rsyslogd", "-N1"], files, before=BEFORE[:1])
    assert done.returncode == 0, done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("rsyslogd:")]
    assert len(told) == 2, done.stderr  # that it begins, and that it has ended


@each_release
def test_lines_arrive_under_the_senders_name_and_time(release: str) -> None:
    copy = f"/var/log/mail/hosts/{MAILER}/mail.log {MAILER} postfix/smtpd[7]:"
    *shown, same_times, modes = talk(release, "arrive")
    assert shown == [
        f"{copy} a line",
        f"{copy} {'x' * 5000}",
        # one line, whoever it says that it is from
        f"{copy} two#0122026-01-01T00:00:00+00:00 mx2.college.ac.uk postfix/smtpd[8]: lines",
        *shown[3:],
    ]
    (own,) = shown[3:]  # and nothing else in any file of the log host
    assert own.startswith("/var/log/mail/mail.log ")
    assert own.endswith(" postfix/smtpd[7]: the log host's own")
    assert same_times == "True"
    assert modes == "0o640 0o750"


@each_release
def test_a_host_that_is_none_of_the_sites_is_refused(release: str) -> None:
    """It shows a certificate of the same authority, for a name from which nothing may come here."""
    made = plan(release)
    fewer = replace(made, links=tuple(row for row in made.links if row.client != OTHER))
    written, words = talk(release, "refused", given=fewer, mailer=OTHER)
    assert written == "here: True there: False"
    assert "no permited name found" in words


@each_release
def test_a_certificate_of_nobody_is_refused(release: str) -> None:
    written, words = talk(release, "refused", mailer="nobody")
    assert written == "here: True there: False"
    assert "certificate validation failed" in words


@each_release
def test_a_log_host_that_is_not_the_one_gets_no_line(release: str) -> None:
    written, words = talk(release, "refused", keeper="store1.college.ac.uk")
    assert written == "here: True there: False"
    assert "no permited name found" in words


@each_release
def test_lines_from_an_address_that_is_no_hosts_are_not_kept_as_a_hosts(release: str) -> None:
    assert talk(release, "refused", given=plan(release, "198.51.100.25"))[0] == "here: True there: False"


@each_release
def test_while_the_log_host_is_away_nothing_waits_and_nothing_is_lost(release: str) -> None:
    local, lost, order, twice = talk(release, "down")
    assert [local, lost, order] == ["local within seconds: True", "lost: 0", "in order: True"]
    assert int(twice.rpartition(" ")[2]) <= 3


@each_release
def test_lines_wait_on_the_disk_when_the_sender_is_restarted(release: str) -> None:
    """rsyslog does not put back what it had in hand: a line, and one that was on its way when the log host went."""
    local, stopped, disk, lost, *_ = talk(release, "restarted")
    assert [local, stopped, disk] == [
        "local within seconds: True",
        "stopped within seconds: True",
        "on the disk: True",
    ]
    assert int(lost.rpartition(" ")[2]) <= 2


@each_release
def test_a_log_host_whose_certificate_was_wrong_is_believed_after_a_restart(release: str) -> None:
    """rsyslog gives up on it until then (docs/how-to.md); the host's own log has everything."""
    before, between, after = talk(release, "wrong", keeper="store1.college.ac.uk")
    assert [line.split()[1] for line in (before, between, after)] == ["True"] * 3
    assert after == "c True True"
