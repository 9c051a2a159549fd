"""Roles that are handed over, names that certificate authorities trust, and lists that feed roles."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailwright.changes.personal import impersonal
from mailwright.changes.risks import readers
from mailwright.changes.risks.readers import relabelled
from mailwright.site.model import Membership, Site
from support.comparing import hits, plan, said
from support.example import example, load_example, role, whole, with_person, with_role

OLD = load_example()


def with_alias(login: str, *aliases: str) -> Site:
    return with_person(replace(next(one for one in OLD.people if one.login == login), aliases=aliases))


def security(*members: str) -> Site:
    return with_role(role("security", *members, domains=("college.ac.uk",)))


# --- role.handed -----------------------------------------------------------------------------------------------


def test_nobody_who_read_the_role_does_so_any_more() -> None:
    (hit,) = hits(readers.handed, OLD, security("st076", "gd158"))
    assert hit.severity is None
    assert impersonal(hit.sentence) == (
        "mail to security@college.ac.uk comes to nobody who got it before; 2 others get it"
    )


@pytest.mark.parametrize(
    "members",
    [
        pytest.param(("rl204", "st076"), id="one stays"),
        pytest.param(("ii305", "rl204"), id="another order"),
        pytest.param(("postmaster@college.ac.uk",), id="by a role in which one is"),
        pytest.param(("wm118", "km217"), id="others who read prescribed roles"),
        pytest.param(("st076",), id="one alone, which another rule says"),
        pytest.param(("x@evil.example", "y@evil.example"), id="outside, which another rule says"),
    ],
)
def test_no_role_is_handed_over(members: tuple[str, ...]) -> None:
    assert said(readers.handed, OLD, security(*members)) == []


def test_from_one_to_another_alone() -> None:
    ((severity, _),) = said(readers.handed, security("ab011"), security("st076"))
    assert severity == "medium"


def test_who_follows_people_that_left_is_no_matter() -> None:
    before = security("ab011", "cd140")
    after = security("st076", "gd158")
    people = tuple(one for one in after.people if one.login not in ("ab011", "cd140"))
    assert said(readers.handed, before, replace(after, people=people)) == []


def test_a_login_that_is_called_otherwise_is_the_same_person() -> None:
    before = security("ab011", "cd140")
    people = tuple(replace(one, login="ab911") if one.login == "ab011" else one for one in OLD.people)
    after = replace(security("ab911", "st076"), people=people)
    assert relabelled(plan(before), plan(after)) == {"ab011": "ab911"}
    assert said(readers.handed, before, after) == []


# --- certificate.addresses -------------------------------------------------------------------------------------


@pytest.mark.parametrize("local", ["admin", "administrator", "Admin"])
def test_an_alias_that_authorities_trust(local: str) -> None:
    (hit,) = hits(readers.certificates, OLD, with_alias("cd140", f"{local}@college.ac.uk"))
    assert str(hit.severity) == "high"
    assert "cd140" in hit.sentence
    assert "cd140" not in impersonal(hit.sentence)


def test_a_role_that_authorities_trust_with_a_stranger() -> None:
    ((severity, sentence), *_) = said(
        readers.certificates, OLD, with_role(role("admin", "rl204", "x@evil.example"))
    )
    assert severity == "high"
    assert sentence.endswith("reaches x@evil.example, outside the organisation")


def test_a_role_for_several_others() -> None:
    ((severity, _),) = said(readers.certificates, OLD, with_role(role("admin", "st076", "gd158")))
    assert severity == "medium"


def test_a_prescribed_role_for_one_other_alone() -> None:
    assert [severity for severity, _ in said(readers.certificates, OLD, with_role(role("webmaster", "st076")))] == [
        "high"
    ]


@pytest.mark.parametrize(
    "new",
    [
        pytest.param(with_role(role("admin", "rl204", "km217")), id="those of postmaster"),
        pytest.param(with_role(role("admin", "rl204")), id="one of postmaster's"),
        pytest.param(with_role(role("webmaster", "st076", "gd158")), id="a prescribed role of several"),
        pytest.param(with_role(role("bursar", "st076")), id="another name"),
        pytest.param(with_alias("cd140", "admin.office@college.ac.uk"), id="a name that begins so"),
        pytest.param(with_alias("rl204", "admin@college.ac.uk"), id="an alias of one of postmaster's"),
    ],
)
def test_nobody_gets_certificates_who_could_not_before(new: Site) -> None:
    assert said(readers.certificates, OLD, new) == []


# --- role.unknown ----------------------------------------------------------------------------------------------


def fed(*members: str) -> Site:
    site = whole()
    return replace(
        site, roles=(*(one for one in site.roles if one.local != "security"), *security(*members).roles[-1:])
    )


def test_a_role_is_fed_by_a_list_that_its_owners_fill() -> None:
    ((severity, sentence),) = said(
        readers.unknown, fed("rl204", "ii305"), fed("rl204", "ii305", "news@college.ac.uk")
    )
    assert severity == "medium"
    assert "news@college.ac.uk" in sentence


def test_a_role_that_is_fed_by_a_list_with_names_or_was_so_before() -> None:
    assert said(readers.unknown, fed("rl204"), fed("rl204", "helpline@college.ac.uk")) == []
    assert said(readers.unknown, fed("news@college.ac.uk"), fed("news@college.ac.uk", "rl204")) == []


def test_a_list_that_feeds_a_role_is_handed_to_its_owners() -> None:
    before = fed("rl204", "helpline@college.ac.uk")
    lists = tuple(
        replace(row, members=Membership(by_owners=True)) if row.local == "helpline" else row for row in before.lists
    )
    assert len(said(readers.unknown, before, replace(before, lists=lists))) == 1


def test_nothing_changes() -> None:
    for rule in (readers.handed, readers.certificates, readers.unknown):
        assert said(rule, example(), example()) == []
