"""Help for users, the state of the service, and how help and operation work together (SUPPORT-1, SUPPORT-2)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from mailwright.formats import html
from mailwright.pages.facts import (
    QUEUE_DAYS,
    because,
    days,
    desk,
    desk_section,
    ending,
    helper,
    kept_between,
    postmaster,
    servers,
    size,
    vouched,
    web,
)
from mailwright.pages.model import Fact, Items, Section, Table, To, say
from mailwright.plan.model import EVERYWHERE, Plan
from mailwright.plan.retention import LEFT

STATUS = "status.txt"
"""What the page about the state of the service leads to where the site's own web host serves the pages: a plain
text beside them in which operators say what is the matter. It is host state: made once, never overwritten; no build
has it.
"""

STATUS_FOLDER = "/var/lib/mailwright-pages"
"""Where that text is on the web host."""


def sections(plan: Plan) -> Iterator[Section]:
    settings = plan.settings
    yield desk_section(plan)
    yield _account_changes(settings.quota, kept_between(plan, LEFT))
    yield _STATE
    yield _PROGRAMS
    yield Section(
        "reports",
        because("SUPPORT-1", "failure reports, from here and from elsewhere"),
        (say("reports.see", page=To("faq")), say("reports.send", helper=helper(plan))),
    )
    yield Section(
        "abuse",
        because("SUPPORT-1", "action on abuse"),
        (say("abuse.write"), Items(tuple(say("abuse.address", address=html.mail(one)) for one in _abuse(plan)))),
        "abuse",
    )
    yield _good_practice(settings.message_size, settings.recipients, settings.hourly)
    yield _OUTSIDE_SERVICES
    yield _connections(_ports(plan))
    yield Section(
        "acceptable-use",
        because("SUPPORT-1", "security and acceptable use"),
        (
            say("use.see", page=To("instructions"), organisation=settings.organisation),
            say("use.privacy", page=To("privacy")),
        ),
        "acceptable-use",
    )


_STATE = Section("state", because("SUPPORT-1", "the state of the service"), (say("state.see", page=To("status")),))
_PROGRAMS = Section("programs", because("SUPPORT-1", "mail programs"), (say("programs.see", page=To("set-up")),))
_OUTSIDE_SERVICES = Section(
    "outside-services", because("SUPPORT-1", "lists and services elsewhere"), block="outside-services"
)


@lru_cache(maxsize=64)
def _account_changes(quota: int, left: tuple[int, int] | None) -> Section:
    """``left``: between how many days the mailbox of somebody is kept who has left."""
    holds = say("quota.default", size=size(quota)) if quota else say("quota.unsaid")
    facts = (holds, say("record.left", days=days(*left))) if left is not None else (holds,)
    return Section("account-changes", because("SUPPORT-1", "changes to accounts"), facts, "account-changes")


@lru_cache(maxsize=64)
def _good_practice(message_size: int, recipients: int, hourly: int) -> Section:
    limits = (
        say("limit.size", size=size(message_size)),
        say("limit.recipients", number=recipients),
        say("limit.hourly", number=hourly),
    )
    too = (say("see-too", page=To("addresses")), say("see-too", page=To("clocks")))
    return Section(
        "good-practice", because("SUPPORT-1", "good practice"), (Items((*limits, *too)),), "good-practice"
    )


@lru_cache(maxsize=64)
def _connections(ports: str) -> Section:
    return Section(
        "connections",
        because("SUPPORT-1", "connections from away"),
        (say("connections.ports", ports=ports), say("connections.other")),
        "connections",
    )


_WHY_STATUS = because("SUPPORT-1", "where people see whether the service works")
_MAINTENANCE = Section("maintenance", _WHY_STATUS, block="maintenance")
_OUTAGE = Section("outage", _WHY_STATUS, (Items((say("outage.in"), say("outage.out", days=QUEUE_DAYS))),))


def status(plan: Plan) -> Iterator[Section]:
    where: Fact
    if web(plan, "pages"):
        where = say("status.here", link=html.anchor(STATUS, STATUS))
    else:
        where = say("status.elsewhere", helper=helper(plan))
    yield from ending(plan)
    yield Section("now", _WHY_STATUS, (where, say("status.other"), desk(plan)))
    yield _MAINTENANCE
    yield _OUTAGE


def operation(plan: Plan) -> Iterator[Section]:
    why = because("SUPPORT-2", "those who help and those who run the service reach each other")
    rows = tuple(
        (one.name, html.mail(one.email), html.telephone(one.telephone) if one.telephone else say("unsaid"))
        for one in plan.contacts
        if plan.settings.service_desk is None or one.email != plan.settings.service_desk.email
    )
    operators: Fact = Table("operators", ("name", "mail", "telephone"), rows) if rows else say("operators.none")
    yield Section(
        "help-reaches", why, (operators, say("operators.postmaster", address=html.mail(postmaster(plan))))
    )
    yield Section("operation-reaches", why, (desk(plan),))
    together = _together(tuple([row.host for row in plan.web if row.use == "pages"]))
    yield Section("together", why, (together, *vouched(plan, "SUPPORT-2")), "help-desk")


@lru_cache(maxsize=64)
def _together(hosts: tuple[str, ...]) -> Items:
    file = html.code(f"{STATUS_FOLDER}/{STATUS}")
    return Items(
        (
            say("together.status", page=To("status")),
            *(say("together.file", file=file, host=html.code(host)) for host in hosts),
            say("together.faq", page=To("faq")),
            say("together.trace"),
        )
    )


def _abuse(plan: Plan) -> tuple[str, ...]:
    return tuple(f"abuse@{name}" for name in plan.settings.domains)


def _ports(plan: Plan) -> str:
    everywhere = {
        row.port for row in plan.openings if row.direction == "in" and all(one in row.peers for one in EVERYWHERE)
    }
    ports = dict.fromkeys(port for _, port, _ in servers(plan, "imaps", "pop3s", "submissions", "submission"))
    return ", ".join(str(port) for port in ports if port in everywhere)
