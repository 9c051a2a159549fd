"""What each name server of a zone serves, compared with the plan by value.

A resolver shows what one of the servers said at some time; one that is behind the others shows itself now and then,
to some people.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.audit import names, roads, values
from mailwright.audit.model import Context, Observation, Probe
from mailwright.findings import Target
from mailwright.plan.model import Record
from mailwright.records import dataclass

_MOST_SERVERS = 16  # addresses of one zone's servers that are asked
_JOBS = 8


def reverse(context: Context) -> Iterator[Observation]:
    """The resolver and every address of every name server of the zones serve the PTR records of the plan and no
    other for these addresses (DNS-1). A server that is behind the others is named, with its serial number."""
    yield from compared(context, "PTR")


def addresses(context: Context) -> Iterator[Observation]:
    """The same of the A and AAAA records of the site's hosts (DNS-3)."""
    yield from compared(context, "A", "AAAA")


def mailers(context: Context) -> Iterator[Observation]:
    """The same of the MX records of mail domains and of forms of address that are used inside (DNS-4)."""
    yield from compared(context, "MX")


def policies(context: Context) -> Iterator[Observation]:
    """The same of the SPF, DKIM and DMARC records (REMOTE-1). They are compared by their terms and tags, strings of
    one record joined; a second record of the same policy is a fault, and other TXT records of the name are the
    site's own affair."""
    yield from compared(context, "TXT")


@dataclass(frozen=True, slots=True)
class _Server:
    """One address of a name server of a zone."""

    name: str
    address: str

    def __str__(self) -> str:
        return f"{self.name.rstrip('.')} ({self.address})"


@dataclass(frozen=True, slots=True)
class _Set:
    """What the plan wants of one owner: all its records of a kind."""

    owner: str
    kind: str
    wanted: tuple[str, ...]

    @property
    def type(self) -> str:
        return self.kind.partition(" ")[0]

    def __str__(self) -> str:
        return f"{self.owner} {self.kind}"


def compared(context: Context, *types: str) -> Iterator[Observation]:
    """The records of these types at the resolver and at every address of every name server, against the plan's."""
    sets = _sets(row for row in context.plan.records if row.type in types)
    if not sets:
        yield Observation(f"{' and '.join(types)} records", "the plan has none", None)
    known: dict[str, tuple[tuple[_Server, ...], tuple[Observation, ...]]] = {}
    told: set[str] = set()
    asker = names.Asker()

    def at(one: _Set) -> Iterator[Observation]:
        with roads.vantage(context, "outside").enter():
            try:
                zone = asker.ask(names.RESOLVER, lambda: names.zone(context.resolver, one.owner))
                if zone not in known:
                    known[zone] = _servers(context, zone)
                servers, unseen = known[zone]
                if zone not in told:
                    told.add(zone)
                    yield from unseen
            except OSError as error:
                yield Observation(f"the name servers of {one.owner}", str(error), None)
                servers, zone = (), ""
            yield _by_resolver(context, asker, one)
            for server in servers:
                yield _by_server(context, asker, one, zone, server)

    yield from roads.side_by_side(sets, at, _JOBS)


def _sets(rows: Iterator[Record]) -> tuple[_Set, ...]:
    found: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        found.setdefault((row.owner, values.kind(row)), []).append(row.value)
    return tuple(_Set(owner, kind, tuple(wanted)) for (owner, kind), wanted in found.items())


def _servers(context: Context, zone: str) -> tuple[tuple[_Server, ...], tuple[Observation, ...]]:
    """Addresses of the zone's name servers in the families of the vantage, and what cannot be looked at."""
    families = {address.version for address in roads.vantage(context, "outside").addresses}
    found: list[_Server] = []
    unseen: list[Observation] = []
    named = names.ask(context.resolver, zone, "NS")
    if not named:
        unseen.append(Observation(f"the name servers of {zone}", "the DNS names none", None))
    for name in named:
        if len(found) > _MOST_SERVERS:
            unseen.append(Observation(f"the name servers of {zone}", f"{len(named)}: too many to ask all", None))
            break
        try:
            own = names.addresses(context.resolver, name)
        except OSError as error:
            unseen.append(Observation(f"the addresses of the name server {name}", str(error), None))
            continue
        usable = [_Server(name, str(address)) for address in own if address.version in families]
        if not usable:
            seen = "none that can be reached from here" if own else "the name has none"
            unseen.append(Observation(f"the addresses of the name server {name}", seen, None))
        found += usable
    return tuple(found[:_MOST_SERVERS]), tuple(unseen)


def _by_resolver(context: Context, asker: names.Asker, one: _Set) -> Observation:
    what = f"{one} by the resolver"
    try:
        served = asker.ask(names.RESOLVER, lambda: names.ask(context.resolver, one.owner, one.type))
    except OSError as error:
        return Observation(what, str(error), None, target=_target(one))
    return _judged(what, one, served)


def _by_server(context: Context, asker: names.Asker, one: _Set, zone: str, server: _Server) -> Observation:
    what = f"{one} at {server}"
    try:
        said = asker.ask(server.address, lambda: names.ask_server(server.address, one.owner, one.type))
        if said.fault:
            return Observation(what, said.fault, False, target=Target(server.name.rstrip("."), names.PORT))
        served = names.ask(context.resolver, said.alias, one.type) if said.alias else said.values
    except OSError as error:
        return Observation(what, str(error), None, target=_target(one))
    found = _judged(what, one, served)
    if found.ok:
        return found
    return Observation(
        what, f"{found.seen} ({_serial(zone, server)})", False, target=Target(server.name.rstrip("."), names.PORT)
    )


def _judged(what: str, one: _Set, served: tuple[str, ...]) -> Observation:
    found = values.relevant(one.kind, one.owner, served)
    return Observation(what, shown(found), values.same(one.kind, one.wanted, found), target=_target(one))


def _serial(zone: str, server: _Server) -> str:
    """The serial number of the zone at this server, in words: it tells whether it is behind."""
    try:
        said = names.ask_server(server.address, zone, "SOA").values
    except OSError:
        said = ()
    fields = said[0].split() if said else []
    return f"serial {fields[2]} of {zone}" if len(fields) > 2 else f"no serial of {zone}"


def shown(served: tuple[str, ...], most: int = 3) -> str:
    """The first of the values, each shortened."""
    if not served:
        return "no such record"
    more = f" and {len(served) - most} more" if len(served) > most else ""
    return " | ".join(value[:120] for value in served[:most]) + more


def _target(one: _Set) -> Target:
    return Target(one.owner.rstrip("."))


PROBES = (
    Probe("zone.reverse", ("DNS-1",), "outside", "Every name server has the reverse records", reverse),
    Probe("zone.addresses", ("DNS-3",), "outside", "Every name server has the hosts' addresses", addresses),
    Probe("zone.mailers", ("DNS-4",), "outside", "Every name server has the MX records", mailers),
    Probe("zone.policies", ("REMOTE-1",), "outside", "Every name server has SPF, DKIM and DMARC", policies),
)
