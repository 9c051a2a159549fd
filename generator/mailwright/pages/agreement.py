"""The service agreement: the configuration under the note's headings, and what else was agreed (AGREE-1).

Where a provider provides, it is between two parties, who are named; what else is in it is of the same fields.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from mailwright.pages.facts import QUEUE_DAYS, because, desk, ending, kept_days, size
from mailwright.pages.model import Fact, Items, Say, Section, Table, To, say
from mailwright.plan.model import HostFacts, Plan
from mailwright.plan.retention import view_days

_FUNCTIONS = ("mx", "submission", "store", "lists", "web", "log")


def sections(plan: Plan) -> Iterator[Section]:
    settings = plan.settings
    said = settings.agreement
    yield from _parties(plan)
    yield from ending(plan)
    yield Section(
        "capacity",
        because("AGREE-1", "capacity, as it is configured"),
        (
            _capacity(
                _Mailboxes(settings.quota, len(plan.mailboxes), _together(plan)),
                _Messages(settings.message_size, settings.recipients, settings.hourly),
                kept_days(plan),
            ),
            *((say("capacity.used", provider=settings.provision.provider),) if settings.provision else ()),
        ),
    )
    yield _agreed("performance", said.performance if said else "")
    yield _agreed("availability", said.availability if said else "", _hosts(plan.hosts), *_shared(plan))
    networks = any(grant.port == 25 for grant in plan.grants)
    yield _security(networks, view_days(plan) if settings.sharing else None)
    yield _agreed("changes", said.changes if said else "", desk(plan))
    yield _agreed("faults", said.faults if said else "", _STATUS)
    yield _agreed("escalation", said.escalation if said else "")
    yield _agreed("penalties", said.penalties if said else "")
    yield _BESIDES


class _Mailboxes(NamedTuple):
    """What a mailbox holds, how many there are, and what all of them may hold: octets; 0: not told."""

    quota: int
    number: int
    together: int


class _Messages(NamedTuple):
    size: int
    recipients: int
    hourly: int


@lru_cache(maxsize=256)
def _capacity(mailboxes: _Mailboxes, messages: _Messages, log: tuple[int, int]) -> Table:
    days, most = log
    return Table(
        "capacity",
        ("what", "much"),
        (
            (say("capacity.quota"), size(mailboxes.quota) if mailboxes.quota else say("unsaid")),
            *(((say("capacity.mailboxes"), mailboxes.number),) if mailboxes.number else ()),
            *(((say("capacity.together"), size(mailboxes.together)),) if mailboxes.together else ()),
            (say("capacity.size"), size(messages.size)),
            (say("capacity.recipients"), messages.recipients),
            (say("capacity.hourly"), messages.hourly),
            (say("capacity.queue"), say("days", number=QUEUE_DAYS)),
            (say("capacity.log"), say("days-most", number=days, most=most)),
        ),
    )


_STATUS = say("faults.status", page=To("status"))
_BESIDES = Section("besides", because("AGREE-1", "what else was agreed"), block="agreement")


@lru_cache(maxsize=64)
def _security(networks: bool, view: int | None) -> Section:
    """``networks``: some may relay without a login; ``view``: for how many days a customer on shared hosts sees its
    part of the log."""
    return Section(
        "security",
        because("AGREE-1", "security, as it is configured"),
        (
            Items(
                (
                    say("security.tls"),
                    say("security.login"),
                    *((say("security.networks"),) if networks else ()),
                    say("security.relay"),
                    say("security.log", page=To("privacy")),
                    *((say("security.walls"), say("security.view", days=view)) if view is not None else ()),
                    say("security.users", page=To("instructions")),
                )
            ),
        ),
    )


def _parties(plan: Plan) -> Iterator[Section]:
    settings = plan.settings
    if settings.provision is not None:
        yield Section(
            "parties",
            because("AGREE-1", "whom the agreement is between"),
            (
                Table(
                    "parties",
                    ("which", "who"),
                    (
                        (say("parties.provider"), settings.provision.provider),
                        (say("parties.customer"), settings.organisation),
                        (say("parties.domains"), ", ".join(settings.domains)),
                    ),
                ),
            ),
        )


def _together(plan: Plan) -> int:
    """What all mailboxes may hold: what a provider has to have room for. 0: not told."""
    quotas = [row.quota for row in plan.mailboxes]
    return sum(quotas) if plan.settings.provision is not None and all(quotas) else 0


def _shared(plan: Plan) -> Iterator[Say]:
    if plan.settings.sharing is not None and plan.settings.provision is not None:
        yield _by_others(plan.settings.provision.provider)


@lru_cache(maxsize=64)
def _by_others(provider: str) -> Say:
    return say("hosts.shared", provider=provider)


@lru_cache(maxsize=256)
def _agreed(name: str, words: str, *facts: Fact) -> Section:
    """A heading under which the site says what was agreed; if it does not, that is said."""
    agreed: Say = say("agreed", words=words) if words else say("not-agreed")
    return Section(name, because("AGREE-1", f"{name}, as it was agreed"), (agreed, *facts))


@lru_cache(maxsize=64)
def _hosts(hosts: tuple[HostFacts, ...]) -> Table:
    numbers = ((one, sum(one in host.functions for host in hosts)) for one in _FUNCTIONS)
    rows = tuple((say(f"function.{function}"), number) for function, number in numbers if number)
    return Table("hosts", ("function", "number"), rows)
