"""The report before it is printed: what it is made of, requirement by requirement."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

from mailwright.build.tree import PERSONAL
from mailwright.findings import Status
from mailwright.report.compliance import Reach, Report, Row, passed_probes
from mailwright.report.verdicts import Word
from mailwright.requirements.catalogue import REQUIREMENTS
from mailwright.site.model import Attestation, Waiver
from support.example import HERE, example, load_example, role, split, with_role
from support.reports import TODAY, audited, basis, example_basis, rehearsed, report
from support.runs import found, run


def row(made: Report, id_: str) -> Row:
    (only,) = [each for each in made.rows if each.id == id_]
    return only


def test_all_52_are_there_in_the_order_of_the_note() -> None:
    assert [each.id for each in report().rows] == [requirement.id for requirement in REQUIREMENTS]
    assert len(REQUIREMENTS) == 52


def test_without_evidence_nothing_that_needs_a_probe_is_met() -> None:
    made = report()
    for each in made.rows:
        if "probe" in each.verdict.requirement.evidence:
            assert each.verdict.word is Word.NOT_PROVEN, each.id
        assert each.reach is Reach.NONE
    assert not made.fails


def test_a_whole_rehearsal_shows_what_it_shows_in_the_rehearsal() -> None:
    made = report(rehearsed())
    assert row(made, "RELAY-2").verdict.word is Word.MET
    assert row(made, "RELAY-2").reach is Reach.REHEARSED
    assert made.reaches[Reach.REHEARSED] > 20
    assert made.reaches[Reach.LIVE] == made.reaches[Reach.PARTLY] == 0
    assert passed_probes(made.rows, "audit") == frozenset()
    assert passed_probes(made.rows, "rehearsal") == {probe.id for probe in example_basis().probes}


def test_three_audits_show_it_live_and_what_would_harm_is_seen_in_the_rehearsal() -> None:
    audits = [audited(vantage) for vantage in ("outside", "inside", "host")]
    made = report(*audits, rehearsed())
    reaches = set()
    for each in made.rows:
        probes = [probe for probe in example_basis().probes if each.id in probe.requirements]
        gentle = [probe for probe in probes if not probe.harm]
        assert each.reach is (Reach.LIVE if gentle else Reach.REHEARSED if probes else Reach.NONE), each.id
        reaches.add(each.reach)
    assert {Reach.LIVE, Reach.NONE} <= reaches


def test_what_would_harm_a_service_is_missing_without_a_rehearsal() -> None:
    audits = [audited(vantage) for vantage in ("outside", "inside", "host")]
    harmful = next(probe for probe in example_basis().probes if probe.harm)
    verdict = row(report(*audits), harmful.requirements[0]).verdict
    assert verdict.word is Word.NOT_PROVEN
    assert any(reason.startswith("without a result that counts: ") for reason in verdict.missing)
    assert row(report(*audits, rehearsed()), harmful.requirements[0]).verdict.word is not Word.NOT_PROVEN


def test_an_audit_from_outside_alone_shows_part_of_what_needs_more() -> None:
    made = report(audited("outside"), rehearsed())
    partly = [each.id for each in made.rows if each.reach is Reach.PARTLY]
    assert partly
    wanted = {
        each.id: {p.vantage for p in example_basis().probes if each.id in p.requirements} for each in made.rows
    }
    assert all(len(wanted[id_]) > 1 for id_ in partly)


def test_a_failure_in_the_live_service_is_not_met_whatever_was_rehearsed() -> None:
    broken = run(found(Status.FAIL, "relay.outside", "RELAY-2"), plan=example_basis().plan)
    made = report(broken, rehearsed())
    assert row(made, "RELAY-2").verdict.word is Word.NOT_MET
    assert made.fails
    assert made.counts[Word.NOT_MET] == 1


def test_what_enforces_it_is_a_file_with_lines_and_what_stands_there() -> None:
    entries = {each.paths[0]: each for each in row(report(), "RELAY-2").enforced}
    main = entries["hosts/mail.college.ac.uk/postfix/etc/postfix/main.cf"]
    text = [line.strip() for line in example_basis().tree[main.paths[0]].data.decode().splitlines()]
    assert main.kind == "config"
    for extract in main.extracts:
        assert "RELAY-2" in text[extract.line - 1]
        assert extract.setting in text
    assert any(extract.setting.startswith("mynetworks") for extract in main.extracts)
    assert any(each.kind == "document" for each in row(report(), "MSG-3").enforced)
    assert any(each.paths[0].startswith("dns/") for each in row(report(), "DNS-4").enforced)


def test_people_are_not_quoted() -> None:
    personal = {path for path, output in example_basis().tree.items() if output.mode == PERSONAL}
    entries = [entry for each in report().rows for entry in each.enforced if entry.paths[0] in personal]
    assert entries
    assert all(entry.extracts == () for entry in entries)


def test_hosts_that_say_the_same_are_one_entry() -> None:
    made = report(of=basis(split()))
    entries = [entry for each in made.rows for entry in each.enforced]
    assert any(entry.others == ("mx2.college.ac.uk",) for entry in entries)
    for entry in entries:
        assert len({path.split("/", 2)[2] for path in entry.paths if path.startswith("hosts/")}) <= 1


def test_an_attestation_has_its_owner_its_day_and_its_end() -> None:
    (attested,) = row(report(), "ROLE-3").attestations
    assert (attested.owner, attested.day, attested.counts) == ("Rosa Luxemburg", date(2026, 1, 12), True)
    assert attested.until == date(2027, 1, 13)
    later = report(of=basis(today=attested.until + timedelta(days=1)), today=attested.until + timedelta(days=1))
    assert not row(later, "ROLE-3").attestations[0].counts
    assert row(later, "ROLE-3").verdict.word is Word.NOT_PROVEN


def test_of_two_attestations_the_newer_counts() -> None:
    old = Attestation("ROLE-3", "We did.", "Karl Marx", date(2025, 6, 1), HERE)
    made = report(of=basis(example(attestations=(*load_example().attestations, old))))
    assert [each.counts for each in row(made, "ROLE-3").attestations] == [True, False]


def test_a_waiver_is_with_the_requirement_of_its_rule_until_it_ends() -> None:
    broken = with_role(role("support", "ii305", also=("helpdesk",), domains=("college.ac.uk",)))
    waiver = Waiver("ROLE-5.one-person", "Only one is trained.", "Rosa Luxemburg", date(2026, 6, 30), HERE)
    site = replace(broken, waivers=(waiver,))
    made = report(rehearsed(of=basis(site)), of=basis(site))
    (waived,) = row(made, "ROLE-5").waivers
    assert (waived.rule, waived.requirement, waived.ended) == ("ROLE-5.one-person", "ROLE-5", False)
    assert row(made, "ROLE-5").verdict.word is Word.NOT_MET
    assert row(made, "ROLE-5").verdict.waived
    assert not made.fails
    late = date(2026, 7, 1)
    ended = report(of=basis(site, late), today=late)
    assert row(ended, "ROLE-5").waivers[0].ended
    assert ended.fails
    assert [finding.id for finding in ended.remarks] == ["waiver.expired"]


def test_results_for_requirements_that_nobody_knows_are_named() -> None:
    strange = replace(found(Status.FAIL, "fax.open", "RELAY-2"), requirement="FAX-1")
    made = report(run(strange, plan=example_basis().plan))
    assert made.unplaced == ("fax.open (FAX-1)",)
    assert not made.fails


def test_the_day_is_the_day_that_is_asked_for() -> None:
    assert report().date == TODAY
