"""The distribution lists: what they are called and who may post, never who is on them (LIST-1 to LIST-3)."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.formats import html
from mailwright.pages.facts import because, web
from mailwright.pages.model import Cell, Items, Say, Section, Table, say
from mailwright.plan.model import DistributionList, Plan
from mailwright.site.distribution import WORDS


def sections(plan: Plan) -> Iterator[Section]:
    yield Section(
        "which",
        (*because("LIST-1", "which lists there are"), *because("LIST-3", "who may write to each")),
        (
            Table("lists", ("list", "posters", "members"), tuple(_row(one) for one in plan.lists)),
            say("lists.hidden"),
        ),
    )
    page = web(plan, "lists")
    managed = (say("lists.web", link=html.anchor(page, page)),) if page else ()
    owner = html.code(f"{plan.lists[0].address.replace('@', '-owner@')}")
    yield Section(
        "managed",
        because("LIST-2", "how membership is managed"),
        (Items((say("lists.owner", example=owner), *managed, say("lists.people"))),),
        "lists",
    )


def _row(one: DistributionList) -> tuple[Cell, ...]:
    return (say("lists.name", title=one.title, address=html.mail(one.address)), _posters(one), _members(one))


def _posters(one: DistributionList) -> Say:
    words = [word for word in WORDS if word in one.post]
    named = len(one.post) - len(words)
    keys = [f"post.{word}" for word in words] + (["post.named"] if named else [])
    parts = {f"part{number}": say(key) for number, key in enumerate(keys)}
    said = say(f"post.{len(keys)}", **parts)
    return say("post.moderated", who=said) if one.moderated else said


def _members(one: DistributionList) -> Say:
    return say({"build": "members.described", "deploy": "members.directory", "live": "members.owners"}[one.known])
