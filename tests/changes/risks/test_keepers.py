"""Who looks after lists, and for whom they are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailwright.changes.risks import keepers
from mailwright.site.model import Membership, Site
from support.comparing import said
from support.example import role, whole

WHOLE = whole()
EVIL = "evil@evil.example"


def other(local: str, **parts: object) -> Site:
    """The whole site with one of its lists otherwise."""
    rows = (replace(row, **parts) if row.local == local else row for row in WHOLE.lists)  # type: ignore[arg-type]
    return replace(WHOLE, lists=tuple(rows))


@pytest.mark.parametrize(
    "parts",
    [
        {"owners": (EVIL, "x@evil.example")},
        {"owners": ("rl204", "fr032", EVIL)},
        {"moderators": (EVIL,), "moderated": True},
    ],
)
def test_strangers_look_after_a_list(parts: dict[str, object]) -> None:
    ((severity, sentence),) = said(keepers.managers, WHOLE, other("all-staff", **parts))
    assert severity == "high"
    assert EVIL in sentence
    assert "all-staff@college.ac.uk" in sentence


def test_strangers_behind_a_role_look_after_a_list() -> None:
    led = role("team", "rl204", EVIL, domains=("college.ac.uk",))
    old = replace(WHOLE, roles=(*WHOLE.roles, led))
    new = replace(other("all-staff", owners=("rl204", "team@college.ac.uk")), roles=old.roles)
    assert [severity for severity, _ in said(keepers.managers, old, new)] == ["high"]


def test_all_owners_are_others() -> None:
    assert said(keepers.managers, WHOLE, other("all-staff", owners=("st076", "gd158"))) == [
        ("medium", "none of those who looked after all-staff@college.ac.uk does so any more; others do")
    ]


def test_a_new_list_with_a_partner_weighs_less() -> None:
    rows = tuple(replace(row, owners=("rl204", EVIL)) if row.local == "exams" else row for row in WHOLE.lists)
    old = replace(WHOLE, lists=tuple(row for row in WHOLE.lists if row.local != "exams"))
    assert [severity for severity, _ in said(keepers.managers, old, replace(WHOLE, lists=rows))] == ["medium"]


@pytest.mark.parametrize(
    "owners", [("fr032", "rl204"), ("rl204", "gd158"), ("Rosa.Luxemburg@college.ac.uk", "gd158")]
)
def test_one_owner_stays(owners: tuple[str, ...]) -> None:
    assert said(keepers.managers, WHOLE, other("all-staff", owners=owners)) == []


def test_an_outsider_who_owned_it_before() -> None:
    old = other("exams", owners=("fr032", EVIL))
    assert said(keepers.managers, old, other("exams", owners=("fr032", "en042", EVIL.upper()))) == []


def named(*members: str) -> Site:
    return other("exams", members=Membership(named=members))


def test_entirely_others_are_on_the_list() -> None:
    assert said(keepers.audience, named("en042", "sr120"), named("ab011", "cd140", "nn223")) == [
        ("medium", "nobody who was on exams@college.ac.uk is on it any more, and 3 others are")
    ]
    ((severity, _),) = said(
        keepers.audience, WHOLE, other("exams", members=Membership(attributes=(("category", "student"),)))
    )
    assert severity == "medium"


def test_many_times_as_many_are_on_the_list() -> None:
    many = ("en042", "sr120", "ab011", "cd140", "nn223", "al215", "jb143")
    assert said(keepers.audience, named("en042", "sr120"), named(*many)) == [
        ("low", "exams@college.ac.uk has 7 members instead of 2")
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(("en042", "sr120"), ("en042", "ab011"), id="one of two"),
        pytest.param(("en042", "sr120"), ("en042", "sr120", "ab011", "cd140"), id="two more"),
        pytest.param(("en042",), ("ab011",), id="a list of one"),
    ],
)
def test_some_join_and_leave(old: tuple[str, ...], new: tuple[str, ...]) -> None:
    assert said(keepers.audience, named(*old), named(*new)) == []
