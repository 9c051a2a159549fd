"""What a review says of lists: who may post, and who comes and goes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailwright.changes import Change, compare, text
from mailwright.changes.model import Part, Review
from mailwright.plan import make
from mailwright.plan.model import Plan
from mailwright.site.model import Membership, Site
from support.example import load_example, whole
from support.review_pages import named


def with_list(local: str, **parts: object) -> Site:
    """The whole site with one of its lists otherwise."""
    lists = (replace(row, **parts) if row.local == local else row for row in whole().lists)  # type: ignore[arg-type]
    return replace(whole(), lists=tuple(lists))


def shown(old: Plan, new: Plan) -> str:
    """The text of a review, in one line."""
    side = named("site.yml")
    made = Review(side, side, (old, new), (Part("description", compare(old, new)),))
    return " ".join(text.render(made).split())


def of(table: str, new: Site, old: Site) -> list[Change]:
    return [change for change in compare(make(old), make(new)) if change.table == table]


@pytest.mark.parametrize(
    ("local", "parts", "said", "note"),
    [
        (
            "physics",
            {"post": ("members", "anyone")},
            "anyone and members may post, instead of members",
            "nobody looks",
        ),
        ("physics", {"post": ("organisation",)}, "organisation may post, instead of members", "More people"),
        ("helpline", {"moderated": False}, "posts wait for no moderator any more", "nobody looks at it first"),
        ("news", {"post": ("managers",)}, "managers may post, instead of organisation", ""),
        ("physics", {"moderated": True}, "every post waits for a moderator", ""),
        ("physics", {"title": "Physik"}, "its title is Physik instead of Department of Physics", ""),
    ],
)
def test_who_may_post_and_what_a_reviewer_has_to_know(
    local: str, parts: dict[str, object], said: str, note: str
) -> None:
    (change,) = of("lists", with_list(local, **parts), whole())
    assert said in change.sentence
    assert note in change.note
    assert bool(change.note) == bool(note)


def test_a_new_list_that_is_open_stands_alone() -> None:
    site = whole()
    hosts = tuple(
        replace(host, functions=tuple(one for one in host.functions if one != "lists")) for host in site.hosts
    )
    without = replace(site, lists=(), hosts=hosts)
    found = of("lists", with_list("physics", post=("anyone",)), without)
    (open_,) = (change for change in found if change.note)
    assert open_.key == "physics@college.ac.uk"
    assert open_.alike == ""
    assert all(change.alike for change in found if change is not open_)


def test_members_are_counted_by_the_list() -> None:
    more = Membership(named=tuple(person.login for person in whole().people[:9]))
    printed = shown(make(whole()), make(with_list("exams", members=more)))
    flat = " ".join(printed.split())
    assert "9 addresses join the list exams@college.ac.uk" in flat
    assert "4 addresses leave the list exams@college.ac.uk" in flat
    assert "30 %" in flat


def test_lists_where_there_were_none() -> None:
    sections = shown(make(load_example()), make(whole()))
    assert "Lists" in sections
    assert "distribution lists (lists) begins on mail.college.ac.uk" in " ".join(sections.split())
