"""Many things at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from mailwright.changes.risks import many
from mailwright.site.model import Site, Waiver
from mailwright.site.read import read
from support.comparing import compared, said
from support.example import HERE, ROOT, example, load_example, person, split, whole

OLD = load_example()


def leaving(count: int) -> Site:
    return example(people=OLD.people[: len(OLD.people) - count])


def coming(count: int) -> Site:
    return example(people=(*OLD.people, *(person(f"n{number}") for number in range(count))))


def test_people_who_vanish_are_said_once_and_not_again_for_their_addresses() -> None:
    assert said(many.rows, OLD, leaving(13)) == [("high", "of 40 mailboxes, 13 vanish")]


def test_just_as_much_as_the_threshold_is_not_too_much() -> None:
    assert len(OLD.people) == 40
    assert said(many.rows, OLD, leaving(12)) == []
    assert said(many.rows, OLD, coming(12)) == []


def test_the_threshold_can_be_set() -> None:
    comparison = replace(compared(OLD, leaving(12)), threshold=0.2)
    assert [hit.sentence for hit in many.rows.find(comparison)] == ["of 40 mailboxes, 12 vanish"]


def test_people_who_come_weigh_little_and_those_who_change_more() -> None:
    assert said(many.rows, OLD, coming(13)) == [("low", "of 40 mailboxes, 13 are new")]
    smaller = example(store=replace(OLD.store, quota=1_000_000_000))
    assert said(many.rows, OLD, smaller) == [("medium", "of 40 mailboxes, 38 change")]
    stay = {one.login for one in leaving(10).people}
    both = replace(
        coming(13), people=tuple(one for one in coming(13).people if one.login[0] == "n" or one.login in stay)
    )
    assert said(many.rows, OLD, both)[0] == ("low", "of 40 mailboxes, 10 vanish, 13 are new")


def test_addresses_alone() -> None:
    domain = replace(OLD.primary, name="new.ac.uk")
    people = tuple(replace(one, address=one.address.replace("@college.", "@new.college.")) for one in OLD.people)
    new = example(people=people, domains=(*OLD.domains, replace(domain, name="new.college.ac.uk")))
    ((severity, sentence),) = said(many.rows, OLD, new)
    assert severity == "high"
    assert "addresses" in sentence


def test_people_who_were_left_out_of_the_plans_are_counted() -> None:
    comparison = compared(OLD, leaving(13))
    more = {**comparison.sizes, "mailboxes": 50_000, "routes": 60_000, "senders": 60_000}
    assert list(many.rows.find(replace(comparison, sizes=more))) == []


def test_fewer_than_ten_say_nothing() -> None:
    few = example(
        people=tuple(one for one in OLD.people if one.login in ("rl204", "ii305", "km217", "wm118", "nn223"))
    )
    less = replace(few, people=tuple(one for one in few.people if one.login != "nn223"))
    less = replace(
        less,
        roles=tuple(
            replace(one, members=tuple(m for m in one.members if m != "nn223"), senders=()) for one in few.roles
        ),
    )
    assert all("mailboxes" not in sentence for _, sentence in said(many.rows, few, less))


def test_mailboxes_that_go_elsewhere_are_told_of_by_the_rules_about_stores() -> None:
    assert said(many.rows, OLD, split()) == []


def test_one_of_them_in_the_singular() -> None:
    both = (*OLD.people[:27], person("n1"))
    assert [sentence for _, sentence in said(many.rows, OLD, example(people=both))] == [
        "of 40 mailboxes, 13 vanish, 1 is new"
    ]


def test_waivers_are_counted_too() -> None:
    def waived(count: int) -> Site:
        day = date(2027, 1, 31)
        return example(
            waivers=tuple(Waiver(f"DNS-{n}", "until then", "Karl Marx", day, HERE) for n in range(count))
        )

    assert said(many.rows, waived(10), waived(6)) == [("high", "of 10 waivers, 4 vanish")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(OLD, OLD, id="nothing"),
        pytest.param(OLD, example(people=OLD.people[::-1]), id="another order"),
        pytest.param(OLD, example(hosts=(replace(OLD.hosts[0], name="mx.college.ac.uk"),)), id="another name"),
        pytest.param(whole(), replace(whole(), lists=whole().lists[1:]), id="one list of five"),
    ],
)
def test_what_is_few_or_called_otherwise_is_not_many(old: Site, new: Site) -> None:
    assert said(many.rows, old, new) == []


def test_people_who_are_looked_up_from_now_on_do_not_vanish() -> None:
    site = read(ROOT / "inventories" / "directory" / "site.yml").site
    assert site is not None
    assert said(many.rows, OLD, site) == []
    assert said(many.rows, site, OLD) == []
