"""People whom a directory alone knows: no rule says that all is well with them, and none finds false fault."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from mailwright.findings import Status
from mailwright.requirements.evaluate import evaluate
from mailwright.requirements.rules import RULES
from mailwright.requirements.subject import Subject
from mailwright.site.model import Site
from mailwright.site.read import read
from support.example import ROOT, load_example, role

DAY = date(2026, 3, 1)


def live(**parts: object) -> Site:
    site = read(ROOT / "inventories/directory/site.yml").site
    assert site is not None
    return replace(site, **parts)  # type: ignore[arg-type]


def test_what_is_said_of_people_is_not_proven() -> None:
    found = {finding.id: finding for finding in evaluate(live(), DAY) if finding.requirement}
    about = {rule.id for rule in RULES if rule.people}
    assert {"ADDR-1.form", "ADDR-3.case-only", "ADDR-5.claimed-twice", "AUDIT-1.shared-login"} <= about
    assert "LIST-1.name-taken" in about
    assert {id_ for id_, finding in found.items() if finding.status is Status.NOT_PROVEN} == about
    assert found["ROLE-5.one-person"].status is Status.PASS
    assert all(finding.status is not Status.FAIL for finding in found.values())


def test_with_an_export_it_is() -> None:
    site = live(people=load_example().people)
    assert site.directory is not None
    known = replace(site, directory=replace(site.directory, live=False))
    assert evaluate(known, DAY) == evaluate(load_example(), DAY)


def test_logins_and_own_addresses_may_be_there_and_others_are_outside() -> None:
    subject = Subject(live(roles=(role("desk", "aa1", "aa1", "x.y@college.ac.uk", "z@elsewhere.example"),)), DAY)
    reach = subject.reach(subject.site.roles[0])
    assert reach.people == ("aa1", "x.y@college.ac.uk")
    assert reach.outside == ("z@elsewhere.example",)


def test_faults_that_need_nobody_from_the_directory_are_found_still() -> None:
    site = live(roles=(role("postmaster", "aa1"), role("abuse", "aa1", "aa2")))
    failed = {finding.id for finding in evaluate(site, DAY) if finding.status is Status.FAIL}
    assert "ROLE-5.one-person" in failed
    assert "ROLE-2.facility-mailbox" in failed
