"""Links between the site's own hosts: open to those that the plan names, closed to everybody else."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

from mailwright.audit import border, firewall, letters, mailboxes, posting, roads
from mailwright.audit.border import Came
from mailwright.audit.model import Condition, Context, Observation, Probe, UnavailableError, Vantage
from mailwright.audit.roads import Door
from mailwright.audit.smtp import Dialogue
from mailwright.findings import Target
from mailwright.plan.model import Link, Listener
from mailwright.site.model import IPAddress

_WAITING = 8  # ports at a time of which nothing but silence is awaited
_OF_THE_SITE = frozenset({"lmtp", "syslog", "lists", "passwords"})

SEVERAL_HOSTS = Condition("several hosts talk to each other", lambda plan: bool(plan.links))


def between(context: Context) -> Iterator[Observation]:
    """Every host reaches every port of another host that the plan links it to, over v4 and v6. The ports that serve
    the site's own hosts alone (LMTP, syslog, posts to lists, changes of passwords) are reached from nowhere else:
    not from outside, not from the campus, and not from a host of the site that has no business there (SCALE-1)."""
    yield from roads.side_by_side(context.plan.links, lambda link: _reached(context, link))
    own = [listener for listener in context.plan.listeners if listener.service in _OF_THE_SITE]
    yield from roads.side_by_side(own, lambda listener: _closed(context, listener), _WAITING)


def deliveries_over_tls(context: Context) -> Iterator[Observation]:
    """Each store that takes mail from other hosts does so over TLS 1.2 or newer, with a certificate for its name
    (SCALE-1)."""
    for link in context.plan.links:
        if link.service != "lmtp":
            continue
        listener = next(row for row in context.plan.listeners if row.key == (link.server, link.port))
        for address in _shared(context, link):
            door = Door(listener, address)
            what = f"STARTTLS with a verified certificate on {door}, from {link.client}"
            with place(context, link.client).enter(), Dialogue.connect(str(address), link.port) as dialogue:
                dialogue.greeting()
                reply = dialogue.command(f"LHLO {link.client}")
                if not any(line.upper() == "STARTTLS" for line in reply.lines):
                    yield Observation(f"LHLO on {door}", str(reply), False, target=door.target)
                    dialogue.quit()
                    continue
                try:
                    dialogue.starttls(roads.tls(context), link.server, greet=False)
                except ssl.SSLError as error:  # an answer, and not the one that is wanted
                    yield Observation(what, str(error)[:200], False, target=door.target)
                    continue
                seen = dialogue.command(f"LHLO {link.client}")
                dialogue.quit()
            yield Observation(what, str(seen), seen.accepted, target=door.target)


def deliveries(context: Context) -> Iterator[Observation]:
    """A message from outside by way of every mailer, and one from every submission host, to somebody on every store
    lies in that mailbox, once (SCALE-1)."""
    foreign = posting.outsider(context)
    who = roads.anybody(context)
    due: dict[str, dict[str, str]] = {}
    doors = {door.listener.host: door for door in roads.doors(context, "outside", "smtp")}
    ways = {door.listener.host: door for door in roads.doors(context, "outside", "submission", "submissions")}
    for one in roads.one_on_each_store(context):
        for door in (*doors.values(), *ways.values()):
            mark = letters.token()
            sender = who.published if door.listener.auth else foreign
            content = letters.letter(mark, f"<{sender}>", f"<{one.published}>")
            if door.listener.auth:
                _, reply = posting.hand_in(context, who, sender, (one.published,), content, door)
            else:
                reply = posting.delivered_directly(context, door, sender, one.published, content)
            what = f"a message to {one.published} on {door}"
            if reply.accepted:
                due.setdefault(one.login, {})[mark] = what
            else:
                yield Observation(what, str(reply), False, target=door.target)
    for login, marks in due.items():
        for mark, count in mailboxes.holding(context, login, marks).items():
            yield Observation(marks[mark], f"{count} in the mailbox of {login}", count == 1)


def place(context: Context, host: str) -> Vantage:
    """A host of the site as a place to look from. Raises UnavailableError where that cannot be."""
    if host not in context.hosts:
        raise UnavailableError(f"nobody can look from {host}")
    return context.hosts[host]


def _reached(context: Context, link: Link) -> Iterator[Observation]:
    for address in _shared(context, link):
        what = f"connect from {link.client} to {link.server} at {_shown(address)} port {link.port}"
        if link.service == "smtp":  # which the firewall lets out for the mailer's own user alone
            seen = firewall.connected(context, link.client, "postfix", address)
            good = seen == "connected"
        elif link.service == "syslog":
            # Whose server writes a line about everybody who connects and says nothing.
            good, seen = _established(context, link)
        else:
            came, seen = border.attempt(place(context, link.client), address, link.port)
            good = came is Came.CONNECTED
        yield Observation(what, seen, good, True, Target(link.server, link.port))


def _established(context: Context, link: Link) -> tuple[bool, str]:
    """Whether the client has a connection to the server's port, of whichever family it chose."""
    argv = ("ss", "-H", "-t", "-n", "state", "established", f"sport = :{link.port}")
    status, output = roads.shell(context).run(link.server, *argv)
    addresses = [str(address) for address in context.plan.host(link.client).addresses]
    peers = [line.split()[-1].rpartition(":")[0].strip("[]") for line in output.splitlines() if line.split()]
    found = [peer for peer in peers if peer.removeprefix("::ffff:") in addresses]
    return status == 0 and bool(
        found
    ), f"connected from {found[0]}" if found else f"no connection among {len(peers)}"


def _closed(context: Context, listener: Listener) -> Iterator[Observation]:
    linked = {link.client for link in context.plan.links if (link.server, link.port) == listener.key}
    others = [host.name for host in context.plan.hosts if host.name not in {*linked, listener.host}]
    places = [
        (f"from {where}", context.vantages[where]) for where in ("outside", "inside") if where in context.vantages
    ]
    places += [(f"from {name}, which has no link", place(context, name)) for name in others[:1]]
    for words, vantage in places:
        families = {own.version for own in vantage.addresses}
        for address in context.plan.host(listener.host).addresses:
            if address.version in families:
                came, seen = border.attempt(vantage, address, listener.port)
                what = f"connect {words} to {listener.host} at {_shown(address)} port {listener.port}"
                yield Observation(what, seen, came is not Came.CONNECTED, target=Target(*listener.key))


def _shared(context: Context, link: Link) -> tuple[IPAddress, ...]:
    """The server's addresses in the families that the client has."""
    families = {address.version for address in context.plan.host(link.client).addresses}
    return tuple(one for one in context.plan.host(link.server).addresses if one.version in families)


def _shown(address: IPAddress) -> str:
    return f"[{address}]" if address.version == 6 else str(address)


_NOBODY = "in a running service nobody can stand on a host of the site and look at the others"

PROBES = (
    Probe(
        "links.between",
        ("SCALE-1",),
        "host",
        "The site's hosts reach each other, and nobody else their ports",
        between,
        negative=True,
        only=SEVERAL_HOSTS,
        harm=_NOBODY,
    ),
    Probe(
        "links.deliveries",
        ("SCALE-1",),
        "outside",
        "Mail reaches every store by every mailer",
        deliveries,
        only=SEVERAL_HOSTS,
    ),
    Probe(
        "links.tls",
        ("SCALE-1",),
        "host",
        "Stores take mail over TLS with their certificate",
        deliveries_over_tls,
        only=Condition(
            "mailers deliver to another host", lambda plan: any(row.service == "lmtp" for row in plan.links)
        ),
        harm=_NOBODY,
    ),
)
