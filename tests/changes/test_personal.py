"""Sentences without people: nobody's login, name or address is left in them, and they still read well."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from itertools import permutations

import pytest

from mailwright.changes import Change, compare
from mailwright.changes.groups import groups
from mailwright.changes.personal import impersonal, personal, whole
from mailwright.plan import make
from mailwright.plan.model import Plan
from mailwright.site.model import (
    Agreement,
    Attestation,
    Contact,
    InternalDomain,
    Membership,
    Person,
    ServiceDesk,
    Site,
    Waiver,
)
from mailwright.site.read import read
from support.example import (
    HERE,
    ROOT,
    example,
    load_example,
    person,
    role,
    split,
    with_everything,
    with_gateway,
    with_person,
    with_role,
    without_role,
)
from support.example import whole as whole_site
from support.people_of import MARKS, of_people

NAMES = ("example", "whole", "everything", "edited", "roles", "directory", "gateway", "split")


def texts(changes: Iterable[Change]) -> Iterator[str]:
    for change in changes:
        yield from (change.key, change.sentence, change.alike, change.note)
    for group in groups(changes):
        for line in group.lines:
            yield line.sentence(5)


def said(old: Site, new: Site, table: str) -> list[str]:
    return [impersonal(change.sentence) for change in compare(make(old), make(new)) if change.table == table]


# --- Nobody is left ----------------------------------------------------------------------------------------------


def edited() -> Site:
    """The whole site after a busy year: everybody is called otherwise and reached otherwise; most roles too."""
    site = with_everything()

    def other(number: int, one: Person) -> Person:
        return replace(
            one,
            name=f"Zoë Changed{number:02}",
            address=f"Zoe.Changed{number:02}@college.ac.uk",
            aliases=(f"ZC{number:02}@college.ac.uk",),
            internal=(f"zc{number:02}x@chem.college.ac.uk",),
            department="Elsewhere",
            quota=1_000_000_000,
        )

    lists = tuple(
        replace(
            one,
            owners=("zoe.changed00@college.ac.uk",),
            moderators=("zoe.changed01@college.ac.uk",),
            members=Membership(named=("zoe.changed02@college.ac.uk", "guest@elsewhere.example")),
            post=("anyone", "zoe.changed03@college.ac.uk"),
        )
        for one in site.lists
    )
    stays = [one.login for one in site.people[4:]]
    roles = tuple(
        replace(one, members=(stays[0], "boss@elsewhere.example"), senders=(stays[1],), member_places=())
        for one in site.roles
    )
    organisation = replace(
        site.organisation,
        contacts=(Contact("Zoë Changed00", "zoe.changed00@college.ac.uk", "+44 1632 960999", HERE),),
        service_desk=ServiceDesk("zoe.changed05@college.ac.uk", "+44 1632 960100", "", "", HERE),
    )
    return replace(
        site,
        organisation=organisation,
        people=tuple(other(number, one) for number, one in enumerate(site.people) if number >= 4),
        roles=roles,
        lists=lists,
        address_book="everybody",
        internal_domains=(InternalDomain("unix3.chem.college.ac.uk", "chem.college.ac.uk", None, HERE),),
        agreement=Agreement("Always", "", "", "", "Zoë Changed00, then Karl Marx", "", HERE),
        waivers=(Waiver("ROLE-5.one-person", "until Karl Marx is back", "Zoë Changed07", date(2027, 1, 31), HERE),),
        attestations=(Attestation("ROLE-3", "seen", "Zoë Changed08", date(2026, 11, 2), HERE),),
    )


@cache
def sides() -> dict[str, Site]:
    found = {
        name: read(ROOT / "inventories" / name / "site.yml").site for name in ("directory", "gateway", "split")
    }
    sites = {name: site for name, site in found.items() if site is not None}
    return sites | {
        "example": load_example(),
        "whole": whole_site(),
        "everything": with_everything(),
        "edited": edited(),
        "roles": with_role(role("security", "ii305", "wm118", domains=("college.ac.uk",))),
    }


@cache
def plan(name: str) -> Plan:
    return make(sides()[name])


def test_what_is_looked_for_is_in_the_sentences_with_everybody() -> None:
    """The twin of the next one: the sentences do name them."""
    printed = "\n".join(map(whole, texts(compare(plan("everything"), plan("edited"))))).lower()
    for value in ("karl marx", "zoë changed05", "zc06@college.ac.uk", "boss@elsewhere.example", "+44 1632 960999"):
        assert value in printed


@pytest.mark.parametrize(("old", "new"), tuple(permutations(NAMES, 2)))
def test_nobody_is_left_in_impersonal_sentences_and_no_mark_is_shown(old: str, new: str) -> None:
    one, other = sides()[old], sides()[new]
    found = tuple(texts(compare(plan(old), plan(new))))
    assert found
    bare = "\n".join(map(impersonal, found))
    assert not MARKS.search(bare)
    assert not MARKS.search("\n".join(map(whole, found)))
    values = "|".join(map(re.escape, of_people(one) | of_people(other)))
    assert re.findall(rf"(?<![\w.+-])(?:{values})(?![\w+-])", bare.lower()) == []


# --- And they still read well -------------------------------------------------------------------------------------


def test_a_new_starter_without_a_name() -> None:
    starter = with_person(person("kl204", "K.Z@college.ac.uk"))
    changes = compare(make(load_example()), make(starter))
    assert [impersonal(change.sentence) for change in changes] == [
        "somebody gets a mailbox on mail.college.ac.uk",
        "an address in college.ac.uk is new and reaches somebody's mailbox",
        "somebody may send as an address in college.ac.uk",
    ]
    assert [whole(change.key) for change in changes] == ["kl204", "k.z@college.ac.uk", "kl204 as k.z@college.ac.uk"]


def test_many_are_counted_and_none_is_named() -> None:
    changes = compare(make(load_example()), make(with_person(*(person(f"new{n:02}") for n in range(12)))))
    first = groups(changes)[0].lines[0].sentence(5)
    assert impersonal(first) == "12 people get mailboxes on mail.college.ac.uk."
    assert whole(first) == (
        "12 people get mailboxes on mail.college.ac.uk: new00, new01, new02, new03, new04 and 7 more."
    )


def test_roles_keep_their_names_and_members_are_counted() -> None:
    def security(*members: str) -> Site:
        return with_role(role("security", *members, domains=("college.ac.uk",)))

    two, others, three = security("rl204", "ii305"), security("ii305", "wm118"), security("rl204", "ii305", "wm118")
    one, another = security("rl204"), security("wm118")
    assert said(three, two, "routes") == ["security@college.ac.uk reaches 2 people instead of 3"]
    assert said(two, one, "routes") == ["security@college.ac.uk reaches 1 person instead of 2"]
    assert said(two, others, "routes") == ["security@college.ac.uk reaches 2 people, others than before"]
    assert said(one, another, "routes") == ["security@college.ac.uk reaches somebody else"]
    with_role_inside = security("rl204", "postmaster@college.ac.uk")
    assert said(two, with_role_inside, "routes") == [
        "security@college.ac.uk reaches postmaster@college.ac.uk and 1 person instead of 2 people"
    ]
    assert "security@college.ac.uk is no address any more; it reached 2 people" in said(
        two, without_role("security"), "routes"
    )


def test_somebody_becomes_a_role_and_the_address_was_theirs() -> None:
    """An address that was a person's is not shown because a role has it now."""
    old = with_person(person("kl204", "estates@college.ac.uk"))
    (sentence,) = said(old, with_role(role("estates", "rl204", "ii305", domains=("college.ac.uk",))), "routes")
    assert sentence == "an address in college.ac.uk reaches 2 people instead of somebody's mailbox"


def test_programs_have_logins_that_are_shown() -> None:
    sender = load_example().automatic_senders[0]
    more = replace(sender, addresses=(*sender.addresses, "forms2@college.ac.uk"))
    assert said(load_example(), example(automatic_senders=(more,)), "senders") == [
        f"{sender.login} may send as forms2@college.ac.uk"
    ]


def test_people_behind_a_gateway() -> None:
    found = said(load_example(), with_gateway(), "routes")
    assert "an address in physics.college.ac.uk is new and reaches an address behind the gateway exchange" in found
    assert any(
        sentence.startswith("postmaster@physics.college.ac.uk is new and reaches 3 people") for sentence in found
    )


def test_contacts_waivers_and_what_is_vouched_for() -> None:
    assert said(load_example(), split(waivers=edited().waivers), "waivers") == [
        "somebody waives ROLE-5.one-person until 2027-01-31"
    ]
    organisation = replace(load_example().organisation, contacts=())
    assert said(load_example(), example(organisation=organisation), "contacts") == [
        "somebody is no contact any more",
        "somebody is no contact any more",
    ]
    desk = ServiceDesk("helpdesk@college.ac.uk", "+44 1632 960199", "", "", HERE)
    organisation = replace(load_example().organisation, service_desk=desk)
    assert "the service desk (helpdesk@college.ac.uk, +44 1632 960199) can be reached about mail" in said(
        load_example(), example(organisation=organisation), "contacts"
    )


def test_marks_in_a_value_do_not_open_another() -> None:
    assert impersonal(personal("\ufdd0a\ufdd1b\ufdd2rl204", "somebody")) == "somebody"
