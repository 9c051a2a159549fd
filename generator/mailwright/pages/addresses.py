"""Which address to give, and clocks (INT-4, MSG-3)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from mailwright.formats import html
from mailwright.pages.facts import because, helper
from mailwright.pages.model import Items, Say, Section, say
from mailwright.plan.model import Plan
from mailwright.site.addresses import domain

_WHOLE = because("INT-3", "addresses are written whole, and not completed by guessing")
_WHY = because("INT-4", "people know which of their addresses to give")
_WHY_CLOCK = because("MSG-3", "Date: lines are written by people's own computers")
_GIVE = Section("give", _WHY, block="addresses")
_NOTHING_INSIDE = Section("inside", _WHY, (Items((say("inner.none"),)),))
_CLOCK = Section("why", _WHY_CLOCK, (say("clock.why"), say("clock.host")))


def sections(plan: Plan) -> Iterator[Section]:
    inner = plan.settings.internal_domains
    names = {one.name for one in inner}
    people = len({row.external for row in plan.rewrites if domain(row.internal) not in names})
    said: list[Say] = []
    if people:
        said.append(say("inner.people", number=people))
    for one in inner:
        form, published = html.code(f"@{one.name}"), html.code(f"@{one.published}")
        said.append(say("inner.form", form=form, published=published))
        said.append(say("inner.until", form=form, day=one.until) if one.until else say("inner.stays", form=form))
    domains = html.code(", ".join(f"@{name}" for name in plan.settings.domains))
    yield _GIVE
    yield Section(
        "whole", _WHOLE, (Items((say("whole.write"), say("whole.case"), say("whole.domains", domains=domains))),)
    )
    yield Section("inside", _WHY, (Items(tuple(said)),)) if said else _NOTHING_INSIDE
    yield Section("address-questions", _WHY, (say("not-here.ask", helper=helper(plan)),))


def clocks(plan: Plan) -> Iterator[Section]:
    yield _CLOCK
    yield _time(tuple(dict.fromkeys([clock.server for clock in plan.clocks])), plan.settings.timezone)
    yield Section("clock-questions", _WHY_CLOCK, (say("not-here.ask", helper=helper(plan)),))


@lru_cache(maxsize=64)
def _time(servers: tuple[str, ...], timezone: str) -> Section:
    names = Items(tuple(say("clock.server", name=html.code(one)) for one in servers))
    zone = say("clock.zone", zone=html.code(timezone))
    return Section("settings", _WHY_CLOCK, (say("clock.servers"), names, zone), "clocks")
