"""Logins that stand for somebody else than before."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailwright.changes.personal import impersonal
from mailwright.changes.risks import addresses, logins
from mailwright.site.model import Person
from support.comparing import hits, said
from support.example import load_example, person, with_person

OLD = load_example()
NEW = person("en042", "Nina.Ek@college.ac.uk", name="Nina Ek")


def emmy(**parts: object) -> Person:
    return replace(next(one for one in OLD.people if one.login == "en042"), **parts)  # type: ignore[arg-type]


def test_a_login_is_given_to_somebody_else() -> None:
    ((severity, sentence),) = said(logins.reused, OLD, with_person(NEW))
    assert severity == "high"
    assert sentence == (
        "1 login stands for somebody else from now on, who gets the mail that is there: en042 (Emmy Noether, now "
        "Nina Ek)"
    )
    (hit,) = hits(logins.reused, OLD, with_person(NEW))
    assert impersonal(hit.sentence).endswith("who gets the mail that is there")


def test_whoever_had_it_has_left() -> None:
    ((severity, sentence),) = said(addresses.removed, OLD, with_person(NEW))
    assert severity == "low"
    assert sentence.startswith("1 person leaves: en042")


@pytest.mark.parametrize(
    "same",
    [
        emmy(name="Emmy Schmidt", address="Emmy.Schmidt@college.ac.uk"),
        emmy(name="E. NOETHER", address="E.Noether@college.ac.uk"),
        emmy(name="Nina Ek", address="Nina.Ek@college.ac.uk", aliases=("Emmy.Noether@college.ac.uk",)),
        emmy(name="Nina Ek"),
        emmy(address="E.N@college.ac.uk"),
    ],
)
def test_a_name_or_an_address_in_common_is_the_same_person(same: Person) -> None:
    assert said(logins.reused, OLD, with_person(same)) == []
