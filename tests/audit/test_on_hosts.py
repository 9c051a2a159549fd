"""Probes that read what commands on a host say: a shell that answers from a list."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from mailwright import plan
from mailwright.audit import PROBES, firewall, journal, trail
from mailwright.audit.model import Context, Probe
from mailwright.audit.runner import status
from mailwright.findings import Status
from support.example import load_example
from support.probing import HOST, Here

CLIENT = "host.elsewhere.example[203.0.113.66]"


class Script:
    """A shell: ``answers`` says what a command line gets."""

    def __init__(self, answer: Callable[[str], tuple[int, str]]) -> None:
        self.answer = answer

    def run(self, host: str, *argv: str, timeout: float = 30.0) -> tuple[int, str]:
        assert host == HOST
        assert timeout > 0
        return self.answer(" ".join(argv))


def context(answer: Callable[[str], tuple[int, str]]) -> Context:
    outside = Here("outside", (IPv4Address("203.0.113.66"),))
    return Context(plan.make(load_example()), "127.0.0.1", {"outside": outside}, Script(answer), None, ())


def probe(id_: str) -> Probe:
    return next(probe for probe in PROBES if probe.id == id_)


def journals(*entries: tuple[str, str, int], mail_log: str = "") -> Callable[[str], tuple[int, str]]:
    def answer(command: str) -> tuple[int, str]:
        if command.startswith("grep"):
            return (0, mail_log) if mail_log else (1, "")
        if "--output=json" in command:
            lines = (
                {"SYSLOG_IDENTIFIER": who, "MESSAGE": what, "PRIORITY": str(level)} for who, what, level in entries
            )
            return 0, "\n".join(json.dumps(line) for line in lines)
        return 0, "a line of the mail services\n"

    return answer


PROVOKED = f"warning: {CLIENT}: SASL PLAIN authentication failed: (reason unavailable), sasl_username=rl204"

WEBMAIL = (
    "<3a02f1df> IMAP Error: Login failed for mc096 against mail.college.ac.uk from 203.0.113.66. "
    "AUTHENTICATE PLAIN: Authentication failed. in /usr/share/roundcube/program/lib/Roundcube/rcube_imap.php "
    "on line 211 (POST /webmail/?_task=login&_action=login)"
)


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (journals(), Status.PASS),
        (journals(("dovecot", "imap-login: Login: user=<rl204>", 6)), Status.PASS),
        (journals(("postfix/submission/smtpd", PROVOKED, 4)), Status.PASS),
        (
            journals(mail_log=f"2026-11-24T06:00:00+00:00 mail postfix/submission/smtpd[7]: {PROVOKED}\n"),
            Status.PASS,
        ),
        (journals(("postfix/submission/smtpd", PROVOKED.replace("203.0.113.66", "203.0.113.6"), 4)), Status.FAIL),
        (journals(("postfix/smtp/smtpd", PROVOKED, 4)), Status.FAIL),  # port 25 has no logins
        (journals(("postfix/submission/smtpd", PROVOKED + " and more", 4)), Status.FAIL),
        (journals(("roundcube", WEBMAIL, 3)), Status.PASS),
        (journals(("roundcube", WEBMAIL.replace("203.0.113.66", "203.0.113.6"), 3)), Status.FAIL),
        (journals(("roundcube", WEBMAIL.replace("Authentication failed", "Timeout"), 3)), Status.FAIL),
        (journals(("systemd", "Failed to start something", 3)), Status.FAIL),
        (journals(("postfix/master", "warning: process exit status 1", 6)), Status.FAIL),
        (journals(("dovecot", "imap: Error: stat() failed", 6)), Status.FAIL),
        (
            journals(mail_log="2026-11-24T06:00:00+00:00 mail postfix/smtpd[7]: fatal: bad configuration\n"),
            Status.FAIL,
        ),
        (lambda _: (1, "no journal"), None),
    ],
)
def test_the_journal_is_clean_but_for_what_was_provoked(
    answer: Callable[[str], tuple[int, str]], wanted: Status | None
) -> None:
    if wanted is None:
        with pytest.raises(OSError, match="no journal"):
            list(journal.clean(context(answer)))
    else:
        seen = tuple(journal.clean(context(answer)))
        assert status(probe("journal.clean"), seen) is wanted, seen


def test_an_empty_journal_proves_nothing() -> None:
    seen = tuple(journal.clean(context(lambda command: (1, "") if command.startswith("grep") else (0, ""))))
    assert status(probe("journal.clean"), seen) is Status.NOT_PROVEN


def test_each_harmless_line_belongs_to_a_probe_a_role_or_the_machine() -> None:
    others = {"role logs", "a busy machine"}
    assert {item.probe for item in journal.PROVOKED} <= {*others, *(probe.id for probe in PROBES)}


@pytest.mark.parametrize(
    ("output", "ok"),
    [
        ("rotating pattern: /var/log/mail/mail.log  after 1 days (92 rotations)", True),
        ("rotating pattern: /var/log/mail/*.log  after 1 days empty log files are rotated, (92 rotations)", True),
        ("rotating pattern: /var/log/mail/mail.log  after 1 days (7 rotations)", False),
        ("rotating pattern: /var/log/mail/mail.log  after 1 days (4000 rotations)", False),
        ("rotating pattern: /var/log/other.log  after 1 days (92 rotations)", False),
        ("error: something", False),
    ],
)
def test_what_logrotate_understood(output: str, ok: bool) -> None:
    row = next(row for row in plan.make(load_example()).retention if row.log == "/var/log/mail/mail.log")
    assert trail._kept(replace(row, days=92, maximum_days=100), 0, output).ok is ok


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ((0, "connected\n"), "connected"),
        ((0, "not connected: [Errno 111] Connection refused\n"), "not connected: [Errno 111] Connection refused"),
        ((1, "setpriv: unknown user\n"), "exit 1: setpriv: unknown user"),
        ((124, ""), "exit 124: "),
    ],
)
def test_a_command_that_failed_is_no_refusal(result: tuple[int, str], words: str) -> None:
    assert firewall._tried(result) == words
    assert words.startswith("not connected") is (result[0] == 0 and "not" in result[1])
