"""What changed since the last report."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date

import pytest

from mailwright.findings import Status
from mailwright.report import report_json, since
from mailwright.report.compliance import Basis, Report
from mailwright.report.evidence import Run
from mailwright.report.since import Changes
from mailwright.report.strict_json import UnreadableError
from mailwright.site.model import Waiver
from support.example import HERE, load_example, role, with_role
from support.reports import audited, basis, example_basis, rehearsed, report
from support.runs import found, run

BROKEN = found(Status.FAIL, "relay.outside", "RELAY-2")
LATER = date(2026, 7, 1)


def between(before: Report, after: Report) -> Changes:
    return since.compare(since.read(report_json.render(before, None)), after)


def broken() -> Run:
    return run(BROKEN, plan=example_basis().plan)


def waived(today: date = date(2026, 3, 1), *waivers: Waiver) -> Basis:
    site = replace(
        with_role(role("support", "ii305", also=("helpdesk",), domains=("college.ac.uk",))), waivers=waivers
    )
    return basis(site, today)


WAIVER = Waiver("ROLE-5", "Only one is trained.", "Rosa Luxemburg", date(2026, 6, 30), HERE)


def test_nothing_changed() -> None:
    changes = between(report(rehearsed()), report(rehearsed()))
    assert changes.nothing
    assert changes.since == date(2026, 3, 1)


def test_verdicts_become_worse_and_better() -> None:
    good, bad = report(rehearsed()), report(rehearsed(), broken())
    changes = between(good, bad)
    (move,) = changes.worse
    assert (move.requirement, move.way, changes.better) == ("RELAY-2", ("met", "not met"), ())
    assert [move.requirement for move in between(bad, good).better] == ["RELAY-2"]
    assert [move.way for move in between(report(broken()), report()).better] == [("not met", "not proven")]


def test_evidence_comes_and_goes() -> None:
    changes = between(report(rehearsed()), report(audited("outside"), rehearsed()))
    assert [(source.label, source.run.kind) for source in changes.evidence] == [("L1", "audit")]
    assert changes.dropped == 0
    gone = between(report(audited("outside"), rehearsed()), report(rehearsed()))
    assert (gone.evidence, gone.dropped) == ((), 1)


def test_waivers_begin_end_and_go() -> None:
    none, one = report(of=waived()), report(of=waived(date(2026, 3, 1), WAIVER))
    ended = report(of=waived(LATER, WAIVER), today=LATER)
    assert [each.rule for each in between(none, one).granted] == ["ROLE-5"]
    assert [each.rule for each in between(one, ended).ended] == ["ROLE-5"]
    assert between(one, ended).granted == ()
    assert between(ended, ended).ended == ()
    assert between(one, none).withdrawn == ("ROLE-5",)
    longer = report(of=waived(LATER, replace(WAIVER, until=date(2026, 12, 31))), today=LATER)
    assert [each.until for each in between(one, longer).granted] == [date(2026, 12, 31)]
    assert between(one, longer).withdrawn == ()


def test_another_description_is_said() -> None:
    site = load_example()
    other = report(of=basis(replace(site, logging=replace(site.logging, days=site.logging.days + 1))))
    assert between(report(), other).description
    assert not between(report(), report()).description


def test_requirements_that_one_of_the_versions_does_not_have() -> None:
    before = json.loads(report_json.render(report(), None))
    first = before["requirements"][0]
    before["requirements"][0] = first | {"id": "FAX-1"}
    changes = since.compare(since.read(json.dumps(before)), report())
    assert (changes.added, changes.removed) == ((first["id"],), ("FAX-1",))


@pytest.mark.parametrize(
    ("part", "value", "said"),
    [
        ("report", 2, "at report"),
        ("date", "2026-02-30", "no day"),
        ("date", "today", "at date"),
        ("counts", {}, "at counts"),
        ("requirements", [], "at requirements"),
    ],
)
def test_what_is_no_report_is_refused(part: str, value: object, said: str) -> None:
    document = json.loads(report_json.render(report(), None))
    document[part] = value
    with pytest.raises(UnreadableError, match=said):
        since.read(json.dumps(document))
