"""Which address to give, and clocks (INT-4, MSG-3)."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.formats import html
from mailwright.pages.facts import because, helper
from mailwright.pages.model import Items, Say, Section, say
from mailwright.plan.model import Plan
from mailwright.site.addresses import domain


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
    if not said:
        said.append(say("inner.none"))
    whole = because("INT-3", "addresses are written whole, and not completed by guessing")
    why = because("INT-4", "people know which of their addresses to give")
    yield Section("give", why, block="addresses")
    domains = html.code(", ".join(f"@{name}" for name in plan.settings.domains))
    written = (say("whole.write"), say("whole.case"), say("whole.domains", domains=domains))
    yield Section("whole", whole, (Items(written),))
    yield Section("inside", why, (Items(tuple(said)),))
    yield Section("address-questions", why, (say("not-here.ask", helper=helper(plan)),))


def clocks(plan: Plan) -> Iterator[Section]:
    why = because("MSG-3", "Date: lines are written by people's own computers")
    servers = tuple(dict.fromkeys(clock.server for clock in plan.clocks))
    yield Section("why", why, (say("clock.why"), say("clock.host")))
    names = Items(tuple(say("clock.server", name=html.code(one)) for one in servers))
    zone = say("clock.zone", zone=html.code(plan.settings.timezone))
    yield Section("settings", why, (say("clock.servers"), names, zone), "clocks")
    yield Section("clock-questions", why, (say("not-here.ask", helper=helper(plan)),))
