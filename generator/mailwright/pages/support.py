"""Help for users, the state of the service, and how help and operation work together (SUPPORT-1, SUPPORT-2)."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.formats import html
from mailwright.pages.facts import (
    QUEUE_DAYS,
    because,
    desk,
    ending,
    helper,
    kept_for,
    postmaster,
    servers,
    size,
    vouched,
    web,
)
from mailwright.pages.model import Cell, Fact, Items, Say, Section, Table, To, say
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
    yield Section("desk", because("SUPPORT-1", "whom to turn to"), (desk(plan),))
    left = kept_for(plan, LEFT)
    facts = (_quota(plan), *((say("record.left", days=left),) if left is not None else ()))
    yield Section("account-changes", because("SUPPORT-1", "changes to accounts"), facts, "account-changes")
    yield Section("state", because("SUPPORT-1", "the state of the service"), (say("state.see", page=To("status")),))
    yield Section("programs", because("SUPPORT-1", "mail programs"), (say("programs.see", page=To("set-up")),))
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
    yield Section(
        "good-practice",
        because("SUPPORT-1", "good practice"),
        (Items((*_limits(plan), say("see-too", page=To("addresses")), say("see-too", page=To("clocks")))),),
        "good-practice",
    )
    yield Section(
        "outside-services", because("SUPPORT-1", "lists and services elsewhere"), block="outside-services"
    )
    yield Section(
        "connections",
        because("SUPPORT-1", "connections from away"),
        (say("connections.ports", ports=_ports(plan)), say("connections.other")),
        "connections",
    )
    yield Section(
        "acceptable-use",
        because("SUPPORT-1", "security and acceptable use"),
        (
            say("use.see", page=To("instructions"), organisation=settings.organisation),
            say("use.privacy", page=To("privacy")),
        ),
        "acceptable-use",
    )


def status(plan: Plan) -> Iterator[Section]:
    why = because("SUPPORT-1", "where people see whether the service works")
    where: Fact
    if web(plan, "pages"):
        where = say("status.here", link=html.anchor(STATUS, STATUS))
    else:
        where = say("status.elsewhere", helper=helper(plan))
    yield from ending(plan)
    yield Section("now", why, (where, say("status.other"), desk(plan)))
    yield Section("maintenance", why, block="maintenance")
    yield Section("outage", why, (Items((say("outage.in"), say("outage.out", days=QUEUE_DAYS))),))


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
    hosts = [row.host for row in plan.web if row.use == "pages"]
    file = html.code(f"{STATUS_FOLDER}/{STATUS}")
    together = (
        say("together.status", page=To("status")),
        *(say("together.file", file=file, host=html.code(host)) for host in hosts),
        say("together.faq", page=To("faq")),
        say("together.trace"),
    )
    yield Section("together", why, (Items(together), *vouched(plan, "SUPPORT-2")), "help-desk")


def _quota(plan: Plan) -> Fact:
    return say("quota.default", size=size(plan.settings.quota)) if plan.settings.quota else say("quota.unsaid")


def _abuse(plan: Plan) -> tuple[str, ...]:
    return tuple(f"abuse@{name}" for name in plan.settings.domains)


def _limits(plan: Plan) -> tuple[Say, ...]:
    settings = plan.settings
    return (
        say("limit.size", size=size(settings.message_size)),
        say("limit.recipients", number=settings.recipients),
        say("limit.hourly", number=settings.hourly),
    )


def _ports(plan: Plan) -> Cell:
    everywhere = {row.port for row in plan.openings if row.direction == "in" and set(EVERYWHERE) <= set(row.peers)}
    ports = dict.fromkeys(port for _, port, _ in servers(plan, "imaps", "pop3s", "submissions", "submission"))
    return ", ".join(str(port) for port in ports if port in everywhere)
