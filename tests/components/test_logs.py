"""The log's files as text. What rsyslogd, logrotate and systemd make of them: tests/native."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailwright.components import log_trace, logs
from mailwright.formats.engine import FormatError
from mailwright.plan import make
from mailwright.plan.model import Plan
from support.example import example, load_example, split, split_hosts
from support.hostile import HOSTILE

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
        "/usr/local/sbin/mailwright-seal",
        "/etc/mailwright/seal.json",
        "/etc/systemd/system/mailwright-seal.service",
        "/etc/systemd/system/mailwright-seal.timer",
        "/usr/local/sbin/mailwright-space",
        "/etc/mailwright/space.json",
        "/etc/systemd/system/mailwright-space-watch.service",
        "/etc/systemd/system/mailwright-space-watch.timer",
        "/etc/systemd/system/mailwright-space.service",
        "/usr/local/bin/mailwright-trace",
        *(f"/usr/local/lib/mailwright/mailwright_trace/{part}.py" for part in log_trace.PARTS),
        "/usr/local/lib/mailwright/mailwright-compress",
        "/etc/mailwright/trace.json",
        "/etc/systemd/system/mailwright-trace-index.service",
        "/etc/systemd/system/mailwright-trace-index.timer",
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
        "logs_readers": "postmasters",
        "logs_seals": True,
        "logs_asked": True,
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


KEEPER = "log.college.ac.uk"
MAILER = "mail.college.ac.uk"


def of_split(host: str, *, os: str = "debian-13", plan: Plan | None = None) -> dict[str, str]:
    made = plan or make(split())
    return {file.path: file.text for file in logs.files(made, replace(made.host(host), os=os))}  # type: ignore[arg-type]


def test_without_a_log_host_nothing_is_sent_or_received() -> None:
    for text in render(make(load_example())).values():
        assert "relp" not in text
        assert "6514" not in text
    assert "logs_port" not in logs.variables(make(load_example()), make(load_example()).host(HOST))


def test_each_host_sends_to_the_log_host_after_its_own_file_and_only_it_receives() -> None:
    plan = make(split())
    for host in plan.hosts:
        text = of_split(host.name)["/etc/rsyslog.conf"]
        assert text.count('type="omrelp"') == (0 if host.name == KEEPER else 1)
        assert text.count('type="imrelp"') == (1 if host.name == KEEPER else 0)
        if host.name != KEEPER:
            own, forward, stop = (text.index(word) for word in ('name="mail"', 'type="omrelp"', "    stop\n"))
            assert own < forward < stop
            assert f'tls.permittedPeer=["{KEEPER}"]' in text
    assert logs.variables(plan, plan.host(KEEPER)) == {
        "logs_readers": "mailreaders",
        "logs_port": 6514,
        "logs_seals": True,
        "logs_asked": False,
    }
    assert logs.variables(plan, plan.host(MAILER))["logs_seals"] is False


def test_what_comes_in_is_told_apart_by_the_addresses_of_the_plan() -> None:
    text = of_split(KEEPER)["/etc/rsyslog.conf"]
    parts = text[text.index('ruleset(name="hosts"') :].split("    if ")[1:]
    hosts = [host for host in make(split()).hosts if host.name != KEEPER]
    assert len(parts) == len(hosts)
    for part, host in zip(parts, hosts, strict=True):
        first, second = host.addresses
        assert f'$fromhost-ip == ["{first}", "{second}"] then' in part
        assert f'set $.host = "{host.name}";' in part
        assert f'file="/var/log/mail/hosts/{host.name}/mail.log"' in part
        assert "stop" in part
    assert KEEPER not in "".join(parts)


def test_copies_are_kept_rotated_and_closed_like_the_log() -> None:
    texts = of_split(KEEPER)
    for host in make(split()).hosts:
        if host.name != KEEPER:
            log = f"/var/log/mail/hosts/{host.name}/mail.log"
            assert f"\n{log}\n" in texts["/etc/logrotate.d/mailwright"]
            assert f"f {log} 0640 root mailreaders -\n" in texts["/etc/tmpfiles.d/mailwright.conf"]
            assert (
                f"d {log.rpartition('/')[0]} 0750 root mailreaders -\n" in texts["/etc/tmpfiles.d/mailwright.conf"]
            )
    assert "d /var/log/mail/hosts 0750 root mailreaders -\n" in texts["/etc/tmpfiles.d/mailwright.conf"]


def test_two_log_hosts_keep_a_copy_of_everything_and_of_one_another() -> None:
    hosts = tuple(
        replace(host, functions=(*host.functions, "log")) if host.name == "store1.college.ac.uk" else host
        for host in split_hosts()
    )
    plan = make(example(hosts=hosts))
    for keeper, other in ((KEEPER, "store1.college.ac.uk"), ("store1.college.ac.uk", KEEPER)):
        text = of_split(keeper, plan=plan)["/etc/rsyslog.conf"]
        assert f'target="{other}"' in text
        assert f"/var/log/mail/hosts/{other}/mail.log" in text
        received = text[text.index('ruleset(name="hosts"') :]
        assert "omrelp" not in received  # what came from another host goes no further
    assert of_split(MAILER, plan=plan)["/etc/rsyslog.conf"].count('type="omrelp"') == 2


@pytest.mark.parametrize("name", HOSTILE)
def test_a_name_that_is_more_than_a_name_is_refused(name: str) -> None:
    plan = make(split())
    hosts = tuple(replace(host, name=name) if host.name == MAILER else host for host in plan.hosts)
    links = tuple(
        replace(row, client=name) if (row.client, row.service) == (MAILER, "syslog") else row for row in plan.links
    )
    retention = tuple(
        replace(row, log=row.log.replace(MAILER, name)) if row.host == KEEPER else row for row in plan.retention
    )
    with pytest.raises(FormatError):
        of_split(KEEPER, plan=replace(plan, hosts=hosts, links=links, retention=retention))
    links = tuple(
        replace(row, server=name) if (row.client, row.service) == (MAILER, "syslog") else row for row in plan.links
    )
    with pytest.raises(FormatError):
        of_split(MAILER, plan=replace(plan, links=links))
