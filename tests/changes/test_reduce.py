"""Leaving out people who are the same on both sides changes nothing that a review says."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailwright.changes import compare, comparison, files, risks
from mailwright.changes.cause import broken
from mailwright.changes.reduce import reduce
from mailwright.changes.side import Made, Side, UnusableError
from mailwright.plan.model import Plan
from mailwright.site.model import InternalDomain, Person, Site
from support.example import EXAMPLE, HERE, ROOT, load_example, split
from support.review_cases import cases

TODAY = date(2026, 3, 1)
SIDE = Side("test", EXAMPLE)


@cache
def whole() -> Site:
    site = Side("whole", ROOT / "inventories" / "whole" / "site.yml").site
    return replace(site, lists=tuple(row for row in site.lists if row.local != "all-staff"))


@cache
def sites() -> tuple[Site, ...]:
    forms = (InternalDomain("old.college.ac.uk", "college.ac.uk", None, HERE),)
    return (
        load_example(),
        whole(),
        split(),
        replace(load_example(), internal_domains=forms, address_book="everybody"),
        replace(load_example(), address_book="agreed"),
    )


LOGINS = st.sampled_from(["new001", "new002", "km217", "rl204", "ab011", "web-forms"])
LOCALS = st.sampled_from(
    ["new.one", "New.One", "r.luxemburg", "Karl.Marx", "k.marx", "support", "webmaster", "x.y"]
)
DOMAINS = st.sampled_from(["college.ac.uk", "chem.college.ac.uk", "old.college.ac.uk", "unix1.college.ac.uk"])
ADDRESSES = st.builds("{}@{}".format, LOCALS, DOMAINS)
PARTS: dict[str, st.SearchStrategy[object]] = {
    "name": st.sampled_from(["New One", "Karl Marx"]),
    "address": ADDRESSES,
    "aliases": st.lists(ADDRESSES, max_size=2).map(tuple),
    "internal": st.lists(ADDRESSES, max_size=2).map(tuple),
    "department": st.sampled_from(["", "Physics", "Chemistry"]),
    "quota": st.sampled_from([None, 1_000_000_000]),
    "category": st.sampled_from(["", "staff", "student"]),
    "listed": st.sampled_from([None, True, False]),
}
NEW = st.builds(
    lambda login, address, parts: replace(Person(login, "New One", address, (), (), "", None, HERE), **parts),
    LOGINS,
    ADDRESSES,
    st.fixed_dictionaries({}, optional=PARTS),
)


@st.composite
def edited(draw: st.DrawFn) -> tuple[Site, Site]:
    """A site, and the same with a few people new, gone or different; the old one has had such edits too."""
    site = draw(st.sampled_from(sites()))
    if draw(st.booleans()):
        return _edited_apart(draw, site), _edited_apart(draw, site)
    return tuple(replace(site, people=_edited(draw, site.people)) for _ in range(2))  # type: ignore[return-value]


def _edited_apart(draw: st.DrawFn, site: Site) -> Site:
    """Other people, and another part of the description."""
    roles = list(site.roles)
    logins = tuple(
        draw(st.lists(st.sampled_from([person.login for person in site.people]), max_size=3, unique=True))
    )
    match draw(
        st.sampled_from(
            ["role", "roles", "logging", "submission", "networks", "automatic", "dmarc", "organisation"]
        )
    ):
        case "role":
            at = draw(st.integers(0, len(roles) - 1))
            roles[at] = replace(roles[at], members=logins, senders=logins)
        case "roles":
            del roles[draw(st.integers(0, len(roles) - 1))]
        case "logging":
            site = replace(site, logging=replace(site.logging, days=draw(st.sampled_from([30, 92, 400]))))
        case "submission":
            site = replace(site, submission=replace(site.submission, recipients=17))
        case "networks":
            site = replace(site, networks=replace(site.networks, relay=site.networks.campus[:1]))
        case "dmarc":
            site = replace(site, domains=tuple(replace(row, dmarc_policy="reject") for row in site.domains))
        case "automatic":
            site = replace(site, automatic_senders=())
        case _:
            site = replace(site, organisation=replace(site.organisation, name="Another College"))
    return replace(site, roles=tuple(roles), people=_edited(draw, site.people))


def _edited(draw: st.DrawFn, people: tuple[Person, ...]) -> tuple[Person, ...]:
    found = list(people)
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(found) - 1))
        match draw(st.sampled_from(["new", "gone", "different", "elsewhere"])):
            case "new":
                found.insert(at, draw(NEW))
            case "gone" if len(found) > 1:
                del found[at]
            case "different":
                name = draw(st.sampled_from(sorted(PARTS)))
                found[at] = replace(found[at], **{name: draw(PARTS[name])})  # type: ignore[arg-type]
            case _:
                found.insert(0, found.pop(at))
    return tuple(found)


def made(site: Site) -> Made:
    return Made(SIDE, site, TODAY)


def sizes(plan: Plan) -> dict[str, int]:
    tables = {field.name: getattr(plan, field.name) for field in fields(plan)}
    return {name: len(rows) for name, rows in tables.items() if isinstance(rows, tuple)}


def judged(old: Made, new: Made, counted: dict[str, int]) -> tuple[object, ...]:
    faults = tuple(broken(old.findings, new.findings))
    compared = comparison(old.plan, new.plan, counted, TODAY, faults)
    found = {(rule.id, hit) for rule, hit in risks.find(compared)}
    return compared.changes, found, {(fault.id, fault.message) for fault in faults}


@pytest.mark.slow
@given(edited())
@settings(max_examples=80)
def test_changes_risks_and_sizes_are_those_of_the_whole_plans(both: tuple[Site, Site]) -> None:
    try:
        plans = [made(site).plan for site in both]
    except UnusableError:
        plans = []  # a name or an address that two people have: nothing is left out that would hide it
    reduced = reduce(*both, many=0)
    if not plans:
        with pytest.raises(UnusableError):
            _ = [made(site).plan for site in (reduced.old, reduced.new)]
        return
    old, new = made(reduced.old), made(reduced.new)
    counted = {name: count + reduced.rows.get(name, 0) for name, count in sizes(old.plan).items()}
    assert counted == sizes(plans[0])
    assert judged(old, new, counted) == judged(made(both[0]), made(both[1]), counted)


@pytest.mark.slow
@given(edited())
@settings(max_examples=10)
def test_the_files_that_differ_are_those_of_the_whole_projects(both: tuple[Site, Site]) -> None:
    try:
        trees = [made(site).tree for site in both]
    except UnusableError:
        return
    reduced = reduce(*both, many=0)
    assert files.differing(made(reduced.old).tree, made(reduced.new).tree) == files.differing(*trees)


@pytest.mark.slow
def test_risks_of_the_cases_are_those_of_the_whole_plans() -> None:
    """Each rule fires in one of them."""
    tried = 0
    for case in (case for case in cases() if not case.unusable):
        both = case.side("old").site, case.side("new").site
        reduced = reduce(*both, many=0)
        if reduced.old is not both[0]:
            tried += 1
            old, new = made(reduced.old), made(reduced.new)
            counted = {name: count + reduced.rows.get(name, 0) for name, count in sizes(old.plan).items()}
            assert judged(old, new, counted) == judged(made(both[0]), made(both[1]), counted), case.name
    assert tried


def test_people_who_stay_as_they_are_are_left_out_but_for_one_of_each_kind() -> None:
    site = load_example()
    new = replace(site, people=(*site.people, Person("n1", "N One", "n.one@college.ac.uk", (), (), "", None, HERE)))
    reduced = reduce(site, new, many=0)
    assert len(reduced.old.people) < len(site.people)
    assert {person.login for person in reduced.new.people} - {person.login for person in reduced.old.people} == {
        "n1"
    }
    assert reduced.rows["mailboxes"] == len(site.people) - len(reduced.old.people)


def test_whoever_a_role_names_stays() -> None:
    site = load_example()
    named = {name for role in site.roles for name in (*role.members, *role.senders) if "@" not in name}
    assert named
    assert named <= {
        person.login for person in reduce(site, replace(site, people=site.people[:-1]), many=0).old.people
    }


def test_a_table_that_has_rows_does_not_look_new() -> None:
    """Nobody whom something names is in the address book: it is not empty all the same."""
    site = load_example()
    kept = {person.login for person in reduce(site, replace(site, people=site.people[:-1]), many=0).old.people}
    people = tuple(replace(person, listed=person.login not in kept or None) for person in site.people)
    old = replace(site, people=people, address_book="agreed")
    new = replace(
        old, people=(*people, Person("n1", "N One", "n.one@college.ac.uk", (), (), "", None, HERE, listed=True))
    )
    reduced = reduce(old, new, many=0)
    assert reduced.old.people
    paths = files.differing(made(reduced.old).tree, made(reduced.new).tree)
    assert paths == files.differing(made(old).tree, made(new).tree)


def test_an_address_that_somebody_else_gets_too_is_seen() -> None:
    site = load_example()
    address = next(person.address for person in site.people if person.login == "ah205")
    new = replace(
        site, people=(*site.people, Person("n1", "N One", "n@college.ac.uk", (address,), (), "", None, HERE))
    )
    with pytest.raises(UnusableError, match="cannot be compared"):
        _ = made(reduce(site, new, many=0).new).plan


def test_nobody_is_left_out_where_something_differs_of_which_rows_of_people_are_made() -> None:
    site = load_example()
    for other in (
        replace(site, store=replace(site.store, quota=1_000_000_000)),
        replace(site, domains=site.domains[:1]),
        replace(site, hosts=split().hosts),
        replace(site, address_book="everybody"),
    ):
        assert reduce(site, other, many=0).old is site


def test_whom_a_new_role_names_stays() -> None:
    site = load_example()
    (postmaster, *others) = site.roles
    new = replace(site, roles=(replace(postmaster, members=(*postmaster.members, "ah205")), *others))
    reduced = reduce(site, new, many=0)
    assert len(reduced.old.people) < len(site.people)
    assert "ah205" in {person.login for person in reduced.old.people}


def test_a_few_people_are_not_worth_while() -> None:
    site = load_example()
    assert reduce(site, replace(site, people=site.people[:-1])).old is site


def test_a_store_that_somebody_else_empties_is_seen() -> None:
    """Who is on which store depends on everybody: one who goes moves others."""
    site = split()
    fewer = replace(site, people=tuple(person for person in site.people if person.login != "ah205"))
    whole_, less = (compare(made(a).plan, made(b).plan) for a, b in ((site, fewer), _reduced(site, fewer)))
    assert any("moves" in change.sentence for change in whole_)
    assert whole_ == less


def _reduced(old: Site, new: Site) -> tuple[Site, Site]:
    reduced = reduce(old, new, many=0)
    return reduced.old, reduced.new
