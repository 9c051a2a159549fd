"""Message format (MSG-3): clocks and time zone."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.findings import Level
from mailwright.requirements.model import Fault, rule
from mailwright.requirements.subject import Subject

ENOUGH = 3

# Zones with neither summer time nor a place. UTC is let pass: what it shows is right wherever the host stands.
_FIXED = frozenset({"EST", "MST", "HST", "GMT", "GMT0", "GMT+0", "GMT-0", "Greenwich", "CET", "EET", "MET", "WET"})


@rule("MSG-3", "three-servers", Level.MUST, "clocks follow at least three time servers")
def three_servers(subject: Subject) -> Iterator[Fault]:
    """Clocks follow fewer than three time servers.

    With one, its error is everybody's; with two that disagree, nobody knows which is right. Three let the wrong one
    be outvoted. Without ``time`` in the description Janet's four are used. A server listed twice counts once.

    Breaks it:

        time:
          servers: [ntp0.ja.net, ntp1.ja.net]

    Mended:

        time:
          servers: [ntp0.ja.net, ntp1.ja.net, ntp2.ja.net]
    """
    time = subject.site.time
    number = len(set(time.servers))
    if number < ENOUGH:
        yield Fault(
            time.where,
            f"clocks follow {number} time server{'s' if number > 1 else ''}, so a wrong one is not outvoted",
            "name at least three, or leave time out for Janet's ntp0 to ntp3.ja.net",
        )


@rule("MSG-3", "server-twice", Level.ADVICE, "each time server is listed once")
def server_twice(subject: Subject) -> Iterator[Fault]:
    """A time server is listed twice.

    It then has two votes when servers disagree, which is what several servers are to prevent.

    Breaks it:

        time:
          servers: [ntp0.ja.net, ntp1.ja.net, ntp2.ja.net, NTP0.ja.net]

    Mended:

        time:
          servers: [ntp0.ja.net, ntp1.ja.net, ntp2.ja.net, ntp3.ja.net]
    """
    seen: set[str] = set()
    for server in subject.site.time.servers:
        if server in seen:
            yield Fault(subject.site.time.where, f"the time server {server} is listed twice", "name another one")
        seen.add(server)


@rule("MSG-3", "own-server", Level.MUST, "no mail host is its own time server")
def own_server(subject: Subject) -> Iterator[Fault]:
    """A mail host is listed as a time server.

    The hosts described here take the time from the servers and do not give it. A host that follows itself follows
    nothing. A time server of the site's own, on another machine, is welcome.

    Breaks it:

        hosts:
          mail.college.ac.uk: {addresses: [198.51.100.25], os: debian-13}
        time:
          servers: [mail.college.ac.uk, ntp0.ja.net, ntp1.ja.net, ntp2.ja.net]

    Mended:

        hosts:
          mail.college.ac.uk: {addresses: [198.51.100.25], os: debian-13}
        time:
          servers: [ntp.college.ac.uk, ntp0.ja.net, ntp1.ja.net, ntp2.ja.net]
    """
    own = {host.name for host in subject.site.hosts}
    for server in subject.site.time.servers:
        if server in own:
            yield Fault(
                subject.site.time.where,
                f"the time server {server} is a mail host, which takes the time and does not give it",
                "name a time server instead",
            )


@rule("MSG-3", "timezone", Level.MUST, "the time zone is a place's, with its summer time")
def timezone(subject: Subject) -> Iterator[Fault]:
    """The time zone is an abbreviation or a fixed offset.

    Hosts would show the wrong zone for half of each year: ``GMT`` is an hour off in a British summer, and the sign
    of ``Etc/GMT-1`` means the opposite of what it looks like. Name the place. (``UTC`` is right everywhere.)

    Breaks it:

        organisation: {name: College of Example, timezone: GMT}

    Mended:

        organisation: {name: College of Example, timezone: Europe/London}
    """
    name = subject.site.organisation.timezone
    fixed = name in _FIXED or (name.startswith("Etc/") and name not in ("Etc/UTC", "Etc/UCT", "Etc/Zulu"))
    if fixed:
        yield Fault(
            subject.site.organisation.where,
            f"the time zone {name} does not follow the summer time of any place",
            "name the place: Europe/London",
        )


RULES = (three_servers, server_twice, own_server, timezone)
