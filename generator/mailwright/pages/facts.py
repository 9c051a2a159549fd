"""Facts that several pages tell, from the plan."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from mailwright.formats import html
from mailwright.pages.model import Fact, Say, Section, Table, say
from mailwright.plan.model import Because, Plan, Service, WebUse
from mailwright.site.model import ServiceDesk

_UNITS = (
    ("TB", 1000**4), ("TiB", 1024**4), ("GB", 1000**3), ("GiB", 1024**3),
    ("MB", 1000**2), ("MiB", 1024**2), ("kB", 1000), ("KiB", 1024),
)  # fmt: skip

QUEUE_DAYS = 5
"""How long a message waits that cannot be delivered; ``maximal_queue_lifetime`` of templates/postfix/main.cf.j2."""


def because(requirement: str, reason: str) -> tuple[Because, ...]:
    return (Because(requirement, reason),)


def size(octets: int) -> str:
    """The shortest that is exact, in the units in which a description tells sizes: ``25 MB``, ``1 GiB``."""
    for name, unit in _UNITS:
        if octets >= unit and octets % unit == 0:
            return f"{octets // unit} {name}"
    return f"{octets:,} B"


def postmaster(plan: Plan) -> str:
    return f"postmaster@{plan.settings.primary_domain}"


def helper(plan: Plan) -> object:
    """Whom people write to for help: the service desk, or else postmaster."""
    desk = plan.settings.service_desk
    return html.mail(desk.email if desk is not None and desk.email else postmaster(plan))


def desk(plan: Plan) -> Fact:
    """How to reach those who help."""
    return _desk(plan.settings.service_desk, postmaster(plan))


def desk_section(plan: Plan) -> Section:
    """The same as a section of its own."""
    return _desk_section(plan.settings.service_desk, postmaster(plan))


# One site has them on many pages.


@lru_cache(maxsize=64)
def _desk_section(one: ServiceDesk | None, postmaster: str) -> Section:
    return Section("desk", because("SUPPORT-1", "whom to turn to"), (_desk(one, postmaster),))


@lru_cache(maxsize=64)
def _desk(one: ServiceDesk | None, postmaster: str) -> Fact:
    if one is None:
        return say("desk.none", address=html.mail(postmaster))
    rows: list[tuple[object, ...]] = [(say("desk.mail"), html.mail(one.email))]
    if one.telephone:
        rows.append((say("desk.telephone"), html.telephone(one.telephone)))
    if one.url:
        rows.append((say("desk.web"), html.anchor(one.url, one.url)))
    rows.append((say("desk.hours"), one.hours or say("desk.hours-unsaid")))
    return Table("desk", ("way", "how"), tuple(rows))


Server = tuple[str, int, str]
"""Name, port and kind of TLS."""


def servers(plan: Plan, *services: Service) -> tuple[Server, ...]:
    """The listeners for these services, in their order, each once."""
    rows = [row for service in services for row in plan.listeners if row.service == service]
    return tuple([(row.host, row.port, row.tls) for row in rows])


def web(plan: Plan, use: WebUse) -> str:
    """The address of what is served for that use, of several that of the primary domain; empty where nothing is."""
    found = [row for row in plan.web if row.use == use]
    first = [row for row in found if row.name.endswith(f".{plan.settings.primary_domain}")]
    return (first or found)[0].url if found else ""


def kept_days(plan: Plan) -> tuple[int, int]:
    """For how many days the mail log is kept, and never longer than how many."""
    rows = [row for row in plan.retention if row.log.endswith("/mail.log")]
    return (min(row.days for row in rows), max(row.maximum_days for row in rows)) if rows else (0, 0)


def kept_between(plan: Plan, what: str) -> tuple[int, int] | None:
    """For how many days that is kept which has no file of its own, and how many at most; None where there is none
    of it."""
    rows = [row for row in plan.retention if row.log == what]
    return (min(row.days for row in rows), max(row.maximum_days for row in rows)) if rows else None


def kept_for(plan: Plan, what: str) -> Say | None:
    """The same in words."""
    between = kept_between(plan, what)
    return days(*between) if between is not None else None


def days(number: int, most: int) -> Say:
    """So many days, or at most so many more."""
    return say("days", number=number) if number == most else say("days-most", number=number, most=most)


def vouched(plan: Plan, *requirements: str) -> tuple[Fact, ...]:
    """Who says of these requirements that what they ask of people is done, and as of which day."""
    return tuple(
        say(f"vouched.{row.requirement}", owner=row.owner, day=row.made)
        for row in plan.promises
        if row.requirement in requirements
    )


_LOGIN, _LOGIN_OF_DIRECTORY = say("login.own"), say("login.directory")


def logins(plan: Plan) -> Say:
    """What a login looks like here, and whose password it is."""
    return _LOGIN_OF_DIRECTORY if plan.settings.directory is not None else _LOGIN


def ending(plan: Plan) -> Iterator[Section]:
    """Where the site leaves its provider: until when what is there (SCALE-2)."""
    said = plan.settings.provision
    if said is None or said.stop is None or said.mail_until is None or said.logs_until is None:
        return
    days = (("ending.stop", said.stop), ("ending.mail", said.mail_until), ("ending.logs", said.logs_until))
    yield Section(
        "ending",
        because("SCALE-2", "leaving has days that everybody knows"),
        (
            say("ending.told", provider=said.provider),
            Table("ending", ("what", "last-day"), tuple((say(key), day) for key, day in days)),
            say("ending.keep", day=said.mail_until),
        ),
    )
