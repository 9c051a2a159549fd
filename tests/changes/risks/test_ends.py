"""Who gets mail in the end."""

from __future__ import annotations

import pytest

from mailwright.changes.risks.ends import Ends, Reach, asked_elsewhere, owners
from mailwright.site.read import read
from support.comparing import plan
from support.example import ROOT, example, load_example, role, whole, with_gateway, with_role


def reach(*people: str, outside: tuple[str, ...] = (), behind: tuple[str, ...] = ()) -> Reach:
    return Reach(frozenset(people), frozenset(outside), frozenset(behind))


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("rosa.luxemburg@college.ac.uk", reach("rl204")),
        ("r.luxemburg@college.ac.uk", reach("rl204")),
        ("karlm@chem.college.ac.uk", reach("km217")),
        ("abuse@college.ac.uk", reach("rl204", "ii305")),
        ("web-forms@college.ac.uk", reach("ii305", "wm118")),
        ("root@college.ac.uk", reach("rl204", "km217", "ii305")),
        ("nobody@college.ac.uk", reach()),
        ("X@Elsewhere.example", reach(outside=("x@elsewhere.example",))),
        ("x@host.college.ac.uk", reach(behind=("x@host.college.ac.uk",))),
    ],
)
def test_mail_is_followed_to_its_end(address: str, expected: Reach) -> None:
    assert Ends(plan(load_example())).of(address) == expected
    assert len(expected) == len({*expected.people, *expected.outside, *expected.behind})


def test_members_of_lists_and_owners_of_those_that_they_keep() -> None:
    ends = Ends(plan(whole()))
    assert ends.of("exams@college.ac.uk") == reach("en042", "sr120", "al215", outside=("examiner@partner.ac.uk",))
    assert ends.of("news@college.ac.uk") == reach("st076", "ii305")
    assert ends.of("news-request@college.ac.uk") == reach()


def test_those_behind_a_gateway() -> None:
    ends = Ends(plan(with_gateway()))
    assert ends.of("K.Marx@physics.college.ac.uk") == reach(behind=("k.marx@physics.college.ac.uk",))
    assert ends.of("anybody@physics.college.ac.uk") == reach(behind=("anybody@physics.college.ac.uk",))
    assert asked_elsewhere(plan(with_gateway())) == frozenset()
    assert asked_elsewhere(plan(with_gateway(recipients="ask", people=()))) == {"physics.college.ac.uk"}


def test_a_live_directory_knows_whoever_is_named() -> None:
    site = read(ROOT / "inventories" / "directory" / "site.yml").site
    assert site is not None
    ends = Ends(plan(site))
    assert ends.of("abuse@college.ac.uk") == reach("rl204", "ii305")
    assert ends.of("Anybody@college.ac.uk") == reach("anybody@college.ac.uk")
    assert ends.of("anybody@chem.elsewhere.example") == reach(outside=("anybody@chem.elsewhere.example",))


def test_roles_that_lead_back_to_themselves_end() -> None:
    site = with_role(role("a", "b@college.ac.uk", "rl204"), role("b", "a@college.ac.uk"))
    assert Ends(plan(site)).of("b@college.ac.uk") == reach("rl204")


def test_whose_addresses_they_are() -> None:
    found = owners(plan(example()))
    assert found["ada.king@college.ac.uk"] == found["ada.lovelace@college.ac.uk"] == "al215"
    assert found["karlm@chem.college.ac.uk"] == "km217"
    assert "abuse@college.ac.uk" not in found
