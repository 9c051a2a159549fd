"""What audits sign in with, as changes: nothing that is built, and no evidence, depends on it."""

from __future__ import annotations

from dataclasses import replace

from mailwright.changes import compare
from mailwright.changes.personal import impersonal, whole
from mailwright.plan import make
from mailwright.plan.digest import digest
from mailwright.plan.model import Plan
from mailwright.plan.stored import dump, load
from mailwright.site.model import Audit, OutsideMailbox
from mailwright.site.model import TestMailbox as Mailbox
from support.example import HERE, example, load_example

ROSA = Mailbox("rl204", "Rosa.Luxemburg@college.ac.uk", "secrets/audit", HERE)
OUTSIDE = OutsideMailbox("probe@mail.example", "imap.mail.example", 993, "probe", "secrets/outside", HERE)
FULL = Audit((ROSA,), ("support@college.ac.uk",), OUTSIDE)
NONE = make(load_example())


def auditing(audit: Audit) -> Plan:
    return make(example(audit=audit))


def told(old: Plan, new: Plan) -> list[tuple[str, str, str]]:
    return [(one.table, one.kind, whole(one.sentence)) for one in compare(old, new)]


def test_all_of_it_is_said() -> None:
    assert told(NONE, auditing(FULL)) == [
        (
            "audit",
            "added",
            "audits use the mailbox of rl204 at Rosa.Luxemburg@college.ac.uk, with the password in secrets/audit",
        ),
        ("audit", "added", "audits may write to support@college.ac.uk"),
        (
            "audit",
            "added",
            "audits use a mailbox outside, at imap.mail.example port 993, with the password in secrets/outside "
            "(probe, probe@mail.example)",
        ),
    ]
    assert [kind for _, kind, _ in told(auditing(FULL), NONE)] == ["removed"] * 3


def test_a_password_from_elsewhere() -> None:
    other = replace(FULL, mailboxes=(replace(ROSA, password="secrets/dkim.key"),))
    ((_, kind, sentence),) = told(auditing(FULL), auditing(other))
    assert kind == "changed"
    assert sentence.endswith("with the password in secrets/dkim.key instead of that in secrets/audit")


def test_nobody_is_named_where_strangers_read() -> None:
    said = " ".join(impersonal(f"{one.key} {one.sentence}") for one in compare(NONE, auditing(FULL)))
    assert not [name for name in ("rl204", "Rosa", "probe@") if name in said]


def test_the_same_is_no_change() -> None:
    assert told(auditing(FULL), auditing(replace(FULL, mailboxes=(replace(ROSA),)))) == []


def test_evidence_stays_valid_and_plans_are_kept_whole() -> None:
    plan = auditing(FULL)
    assert digest(plan) == digest(NONE)
    assert load(dump(plan)).settings == plan.settings
    agreed = replace(NONE, settings=replace(NONE.settings, minimum_days=10))
    assert digest(agreed) == digest(NONE)
    other = replace(NONE, settings=replace(NONE.settings, hourly=10))
    assert digest(other) != digest(NONE)


def test_a_plan_that_was_stored_before_it_was_known_says_nothing_of_it() -> None:
    early = replace(NONE, settings=replace(NONE.settings, audit=None, minimum_days=0))
    assert told(early, NONE) == []
