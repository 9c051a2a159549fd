"""Who may send as whom."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailwright.plan import PlanError, make
from mailwright.site.model import Site
from support.example import example, load_example, person, role, with_person, with_role


def pairs(site: Site) -> set[tuple[str, str]]:
    return {(row.login, row.address) for row in make(site).senders}


def test_people_send_as_each_of_their_addresses_and_no_other() -> None:
    made = person("zz1", "Z.Z@college.ac.uk", aliases=("Zed@college.ac.uk",), internal=("zz@chem.college.ac.uk",))
    found = pairs(with_person(made))
    own = {address for login, address in found if login == "zz1"}
    assert own == {"z.z@college.ac.uk", "zed@college.ac.uk", "zz@chem.college.ac.uk"}


def test_a_roles_senders_send_as_it_in_each_domain_under_each_name() -> None:
    made = replace(role("bursar", "rl204", "km217", also=("fees",)), senders=("km217",))
    found = pairs(with_role(made))
    for domain in ("college.ac.uk", "chem.college.ac.uk"):
        assert ("km217", f"bursar@{domain}") in found
        assert ("km217", f"fees@{domain}") in found
        assert ("rl204", f"bursar@{domain}") not in found


def test_automatic_senders_are_marked() -> None:
    rows = make(load_example()).senders
    assert {row.login for row in rows if row.automatic} == {"webforms"}


def test_a_pair_stands_once_though_two_roles_say_it() -> None:
    site = load_example()
    twice = example(roles=(*site.roles, site.roles[0]))
    assert make(twice).senders == make(site).senders


def test_a_sender_that_is_nobodys_login_is_a_fault() -> None:
    with pytest.raises(PlanError, match="nobody9"):
        make(with_role(replace(role("bursar", "rl204"), senders=("nobody9",))))
