"""The log's files as text. What rsyslogd, logrotate and systemd make of them: tests/native."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailwright.components import logs
from mailwright.formats.engine import FormatError
from mailwright.plan import make
from mailwright.plan.model import Plan
from support.example import load_example

HOST = "mail.college.ac.uk"


def with_retention(**parts: object) -> Plan:
    """The example's plan, with the row of the mail log changed."""
    plan = make(load_example())
    rows = tuple(
        replace(row, **parts) if row.log == "/var/log/mail/mail.log" else row  # type: ignore[arg-type]
        for row in plan.retention
    )
    return replace(plan, retention=rows)


def render(plan: Plan, os: str = "debian-13") -> dict[str, str]:
    return {file.path: file.text for file in logs.files(plan, replace(plan.host(HOST), os=os))}  # type: ignore[arg-type]


def test_the_files() -> None:
    assert list(render(make(load_example()))) == [
        "/etc/rsyslog.conf",
        "/etc/logrotate.d/mailwright",
        "/etc/systemd/journald.conf.d/zz-mailwright.conf",
        "/etc/sysusers.d/mailwright.conf",
        "/etc/tmpfiles.d/mailwright.conf",
        "/etc/systemd/system/postfix.service.d/mailwright-log.conf",
        "/etc/systemd/system/dovecot.service.d/mailwright-log.conf",
        "/etc/systemd/system/rspamd.service.d/mailwright-log.conf",
    ]


def test_debian_12_runs_postfix_in_an_instance() -> None:
    assert "/etc/systemd/system/postfix@.service.d/mailwright-log.conf" in render(make(load_example()), "debian-12")


def test_readers_and_days_of_the_plan() -> None:
    texts = render(with_retention(readers="postmasters", days=100, maximum_days=200))
    assert 'fileGroup="postmasters"' in texts["/etc/rsyslog.conf"]
    assert "create 0640 root postmasters\n" in texts["/etc/logrotate.d/mailwright"]
    assert "\trotate 100\n\tmaxage 197\n" in texts["/etc/logrotate.d/mailwright"]
    assert "g postmasters -\n" in texts["/etc/sysusers.d/mailwright.conf"]
    assert "d /var/log/mail 0750 root postmasters -\n" in texts["/etc/tmpfiles.d/mailwright.conf"]
    assert "MaxRetentionSec=7day\n" in texts["/etc/systemd/journald.conf.d/zz-mailwright.conf"]
    assert logs.variables(with_retention(readers="postmasters"), make(load_example()).host(HOST)) == {
        "logs_readers": "postmasters"
    }


@pytest.mark.parametrize(("days", "maximum", "maxage"), [(92, 365, 362), (92, 94, 92), (92, 93, 92), (92, 92, 92)])
def test_age_never_takes_what_the_count_must_keep(days: int, maximum: int, maxage: int) -> None:
    text = render(with_retention(days=days, maximum_days=maximum))["/etc/logrotate.d/mailwright"]
    assert f"\tmaxage {maxage}\n" in text


@pytest.mark.parametrize("readers", ["", "a b", "a\n}", 'a"', "a:b", "Mail", "0", "-g", "a%u", "x" * 40])
def test_readers_that_are_no_group_are_refused(readers: str) -> None:
    with pytest.raises(FormatError):
        render(with_retention(readers=readers))


def test_mail_lines_go_nowhere_else() -> None:
    """The action of the mail log and its stop come before any other action, and nothing is included."""
    text = render(make(load_example()))["/etc/rsyslog.conf"]
    rules = text[text.index("if $syslogfacility-text") :]
    assert rules.index("stop") < rules.index("/var/log/syslog")
    assert text.count("action(") - 1 == rules[rules.index("stop") :].count("action(")
    assert "include" not in "".join(line for line in text.splitlines() if not line.startswith("#"))
