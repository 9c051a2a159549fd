"""How long logs are kept, where, and for whom."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailwright.changes.model import Comparison, RiskRule, Severity
from mailwright.changes.risks import logs
from mailwright.findings import Finding, Level, Status
from mailwright.plan.retention import LEFT
from mailwright.site.model import Site
from support.comparing import compared, plan, said, weight
from support.example import example, load_example, split

OLD = load_example()
SPLIT = split()


def logging(**parts: object) -> Site:
    return example(logging=replace(OLD.logging, **parts))  # type: ignore[arg-type]


def broken(comparison: Comparison, id_: str) -> Comparison:
    return replace(comparison, broken=(Finding(id_, id_.partition(".")[0], Level.MUST, Status.FAIL, "so it is"),))


def severities(rule: RiskRule, comparison: Comparison) -> list[Severity]:
    return [weight(rule, hit) for hit in rule.find(comparison)]


# --- retention.shortened ---------------------------------------------------------------------------------------


def test_logs_of_less_than_three_months_are_grave_on_all_hosts_at_once() -> None:
    old, new = (replace(SPLIT, logging=replace(OLD.logging, days=days)) for days in (92, 30))
    ((severity, sentence),) = said(logs.shortened, old, new)
    assert severity == "high"
    assert sentence == (
        "mail logs are kept for 30 days instead of 92, less than three months (92 days), on log.college.ac.uk, "
        "mail.college.ac.uk, mx2.college.ac.uk, smtp.college.ac.uk, store1.college.ac.uk and 1 more; what is "
        "older is deleted"
    )


def test_fewer_days_that_are_enough_weigh_less_unless_more_was_agreed() -> None:
    comparison = compared(logging(days=200), logging(days=150))
    assert severities(logs.shortened, comparison) == [Severity.MEDIUM]
    assert severities(logs.shortened, broken(comparison, "AUDIT-3.agreed-period")) == [Severity.HIGH]


def test_mail_of_those_who_left_is_no_log() -> None:
    old = plan(OLD)
    new = replace(old, retention=tuple(replace(row, days=10) if row.log == LEFT else row for row in old.retention))
    ((severity, sentence),) = said(logs.shortened, old, new)
    assert severity == "medium"
    assert sentence.startswith("mail of people who have left is kept for 10 days instead of 90")


@pytest.mark.parametrize(
    "new", [logging(days=92), logging(days=200), logging(maximum_days=300), logging(minimum_days=60), SPLIT]
)
def test_logs_that_are_kept_as_long_are_not_shortened(new: Site) -> None:
    assert said(logs.shortened, OLD, new) == []


# --- retention.agreed ------------------------------------------------------------------------------------------


def test_the_agreed_period_is_shorter() -> None:
    old, new = (logging(days=365, minimum_days=days, maximum_days=400) for days in (365, 180))
    assert said(logs.agreed, old, new) == [("low", "it is agreed to keep logs for 180 days instead of 365")]
    assert said(logs.agreed, new, old) == []


def test_what_another_rule_says_of_the_agreed_period_is_not_said_again() -> None:
    old, new = (logging(days=days, minimum_days=days, maximum_days=400) for days in (365, 180))
    assert said(logs.agreed, old, new) == []
    short = compared(logging(days=365, minimum_days=180), logging(days=365, minimum_days=20))
    assert severities(logs.agreed, broken(short, "AUDIT-3.short-period")) == []
    assert severities(logs.agreed, short) == [Severity.LOW]


# --- retention.raised ------------------------------------------------------------------------------------------


def test_logs_that_are_kept_past_their_maximum() -> None:
    ((severity, sentence),) = said(logs.raised, OLD, logging(days=500))
    assert severity == "high"
    assert sentence == "mail logs are kept for 500 days on mail.college.ac.uk, and have to be gone after 365"
    assert said(logs.raised, logging(days=500), logging(days=500)) == []


def test_a_maximum_that_is_raised() -> None:
    ((severity, sentence),) = said(logs.raised, OLD, logging(maximum_days=730))
    assert severity == "medium"
    assert sentence == "mail logs may be kept for 730 days instead of 365, on mail.college.ac.uk"


@pytest.mark.parametrize("new", [logging(days=300), logging(maximum_days=300), logging(days=30), SPLIT])
def test_more_days_within_the_maximum_are_nothing_new(new: Site) -> None:
    assert said(logs.raised, OLD, new) == []


# --- logs.copy -------------------------------------------------------------------------------------------------


def without_log() -> Site:
    return replace(SPLIT, hosts=tuple(host for host in SPLIT.hosts if "log" not in host.functions))


def test_the_copy_ends() -> None:
    ((severity, sentence),) = said(logs.copy, SPLIT, without_log())
    assert severity == "medium"
    assert sentence.startswith("the mail logs are copied to no other host any more: mail.college.ac.uk, mx2.")


def test_another_log_host_has_nothing_of_the_past() -> None:
    log = SPLIT.hosts[-1]
    other = replace(log, name="log2.college.ac.uk", addresses=tuple(address + 50 for address in log.addresses))
    ((severity, sentence),) = said(logs.copy, SPLIT, replace(SPLIT, hosts=(*SPLIT.hosts[:-1], other)))
    assert severity == "low"
    assert "the copies that log.college.ac.uk has of the mail logs of" in sentence


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (SPLIT, SPLIT),
        (without_log(), SPLIT),
        (SPLIT, replace(SPLIT, hosts=(*SPLIT.hosts[:-1], replace(SPLIT.hosts[-1], name="logs.college.ac.uk")))),
        (SPLIT, replace(SPLIT, hosts=tuple(host for host in SPLIT.hosts if not host.name.startswith("mx2")))),
        (OLD, OLD),
    ],
)
def test_logs_that_are_copied_as_before_are_silent(old: Site, new: Site) -> None:
    assert said(logs.copy, old, new) == []


# --- logs.readers, logs.space ----------------------------------------------------------------------------------


def test_another_group_reads_logs() -> None:
    ((severity, sentence),) = said(logs.readers, OLD, logging(readers="adm"))
    assert severity == "medium"
    assert sentence == "the group adm may read mail logs instead of mailreaders, on mail.college.ac.uk"
    comparison = broken(compared(OLD, logging(readers="users")), "AUDIT-4.readers")
    assert severities(logs.readers, comparison) == [Severity.HIGH]


def test_the_group_that_is_made_for_it_is_no_risk() -> None:
    assert said(logs.readers, logging(readers="adm"), OLD) == []
    assert said(logs.readers, logging(readers="adm"), logging(readers="adm", days=100)) == []


def test_less_room_for_logs() -> None:
    ((severity, sentence),) = said(logs.space, OLD, logging(free=500_000_000))
    assert severity == "low"
    assert sentence == "mail is sent until 500 MB are free for logs, instead of 1 GB"
    ((severity, _),) = said(logs.space, OLD, logging(free=1_000_000))
    assert severity == "medium"
    assert said(logs.space, OLD, logging(free=2_000_000_000)) == []
