"""The file that remembers who is on which store."""

from __future__ import annotations

from pathlib import Path

from mailwright.findings import Findings
from mailwright.site import placements
from support.example import person

PEOPLE = (person("a1"), person("a2", store="store2.college.ac.uk"))


def kept(folder: Path) -> tuple[list[str], list[tuple[str, int]]]:
    """The stores of PEOPLE, and the faults found: name and line."""
    findings = Findings()
    people = placements.kept(PEOPLE, folder, findings)
    return [one.store for one in people], [(found.id, found.where.line) for found in findings.items if found.where]


def test_who_was_placed_stays_there_and_what_a_person_says_comes_first(tmp_path: Path) -> None:
    assert kept(tmp_path) == (["", "store2.college.ac.uk"], [])
    (tmp_path / placements.FILE).write_text("login,store\na1,store1.college.ac.uk\na2,store1.college.ac.uk\n")
    assert kept(tmp_path) == (["store1.college.ac.uk", "store2.college.ac.uk"], [])


def test_two_stores_for_one_login_are_refused(tmp_path: Path) -> None:
    (tmp_path / placements.FILE).write_text("login,store\na1,store1.college.ac.uk\na1,store2.college.ac.uk\n")
    assert kept(tmp_path) == (["store1.college.ac.uk", "store2.college.ac.uk"], [("site.duplicate", 3)])


def test_a_link_that_leads_nowhere_is_no_empty_list(tmp_path: Path) -> None:
    (tmp_path / placements.FILE).symlink_to("not-mounted/stores.csv")
    assert [id_ for id_, _ in kept(tmp_path)[1]] == ["source.no-file"]
