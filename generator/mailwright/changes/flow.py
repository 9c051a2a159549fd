"""How mail flows before and after a change: a small graph of functions, not of hosts, with what differs marked.

>>> made = flow(old, new)

A node stands for all hosts that do one thing, so fifty hosts make no larger picture than one. What a plan says of a
node or an edge is a table: member → facts. Everything that is marked follows from comparing two such tables.
``picture`` draws it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal

from mailwright.plan.model import EVERYWHERE, Plan, Service
from mailwright.records import dataclass

State = Literal["same", "added", "removed", "changed"]
Place = Literal[
    "world",
    "smarthost",
    "people",
    "border",
    "networks",
    "mx",
    "submission",
    "web",
    "gateways",
    "lists",
    "store",
    "log",
]
Facts = Mapping[str, object]  # what about it → value, compared and never shown
Table = Mapping[str, Facts]  # member → its facts
Way = tuple[Place, Place]
Said = tuple[Place, Place, str, Facts]  # source, target, member of the edge

TITLES: dict[Place, str] = {
    "world": "Other mailers",
    "smarthost": "Smarthost",
    "people": "Mail programs",
    "border": "Border",
    "networks": "Trusted networks",
    "mx": "Receiving",
    "submission": "Submission",
    "web": "Web",
    "gateways": "Gateways",
    "lists": "Lists",
    "store": "Mailboxes",
    "log": "Copies of logs",
}
_ALWAYS: tuple[Place, ...] = ("world", "people")
_FUNCTIONS: tuple[Place, ...] = ("mx", "submission", "web", "lists", "store", "log")
_SENDERS: tuple[Place, ...] = (
    "submission",
    "mx",
    "lists",
    "web",
    "store",
)  # the first of a host's: its mail goes out

_USED: dict[Place, frozenset[Service]] = {
    "submission": frozenset({"submission", "submissions"}),
    "store": frozenset({"imaps", "pop3s", "managesieve"}),
}
_WAYS: dict[Way, str] = {
    ("world", "mx"): "mail comes in",
    ("people", "submission"): "mail is handed in",
    ("people", "store"): "mail is read",
    ("people", "web"): "pages and webmail are used",
    ("networks", "mx"): "mail is relayed without a login",
    ("networks", "submission"): "mail is relayed without a login",
    ("smarthost", "world"): "mail goes out",
    ("mx", "gateways"): "mail is handed on",
    ("gateways", "mx"): "mail of systems behind gateways comes",
    ("mx", "lists"): "posts come in",
    ("submission", "lists"): "posts are handed in",
    ("lists", "mx"): "posts go out to members",
    ("mx", "store"): "mail is delivered",
    ("submission", "store"): "mail is delivered inside",
    ("web", "store"): "webmail reads mail",
    ("web", "submission"): "webmail hands in mail",
}
_OUT = "mail goes out"


@dataclass(frozen=True, slots=True)
class Member:
    """A host, a port, a network. ``differs``: what about it, in words, where it is ``changed``."""

    name: str
    state: State
    differs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Node:
    place: Place
    members: tuple[Member, ...]

    @property
    def title(self) -> str:
        return TITLES[self.place]

    @property
    def state(self) -> State:
        return _together(self.members)

    @property
    def marked(self) -> tuple[Member, ...]:
        return tuple(member for member in self.members if member.state != "same")


@dataclass(frozen=True, slots=True)
class Edge:
    """Mail, or who asks for it, goes from ``source`` to ``target``; the members are the ways it takes."""

    source: Place
    target: Place
    members: tuple[Member, ...]

    @property
    def title(self) -> str:
        return f"{TITLES[self.source]} to {TITLES[self.target]}: {_WAYS.get((self.source, self.target), _OUT)}"

    @property
    def state(self) -> State:
        return _together(self.members)

    @property
    def marked(self) -> tuple[Member, ...]:
        return tuple(member for member in self.members if member.state != "same")


@dataclass(frozen=True, slots=True)
class Flow:
    """Nodes and edges in a fixed order, of both sides together."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    @property
    def marked(self) -> tuple[Node | Edge, ...]:
        return tuple(node for node in self.nodes if node.state != "same") + tuple(
            edge for edge in self.edges if edge.state != "same"
        )


def flow(old: Plan, new: Plan) -> Flow:
    """The graph of both plans. Nothing in it is personal."""
    before, after = _nodes(old), _nodes(new)
    nodes = tuple(
        Node(place, _members(before.get(place, {}), after.get(place, {})))
        for place in TITLES
        if place in _ALWAYS or before.get(place) or after.get(place)
    )
    there = {node.place for node in nodes}
    earlier, later = _edges(old), _edges(new)
    edges = (
        Edge(*way, _members(earlier.get(way, {}), later.get(way, {})))
        for way in sorted(earlier.keys() | later.keys())
        if there.issuperset(way)
    )
    return Flow(nodes, tuple(edges))


def _members(old: Table, new: Table) -> tuple[Member, ...]:
    return tuple(_member(name, old.get(name), new.get(name)) for name in dict.fromkeys((*new, *old)))


def _member(name: str, old: Facts | None, new: Facts | None) -> Member:
    if old is None:
        return Member(name, "added")
    if new is None:
        return Member(name, "removed")
    differs = tuple(what for what in dict.fromkeys((*new, *old)) if old.get(what) != new.get(what))
    return Member(name, "changed" if differs else "same", differs)


def _together(members: tuple[Member, ...]) -> State:
    states = {member.state for member in members}
    if len(states) == 1:
        return states.pop()
    return "changed" if states else "same"


def _nodes(plan: Plan) -> dict[Place, Table]:
    clients: dict[str, set[str]] = {}
    for link in plan.links:
        if link.service == "syslog":
            clients.setdefault(link.server, set()).add(link.client)
    senders = _senders(plan)
    nodes: dict[Place, Table] = {
        "border": _border(plan),
        "networks": {str(network): {} for _, network, _ in _trusted(plan)},
        "gateways": {row.name: {"the next hop": row.next_hop, "its domains": row.domains} for row in plan.gateways},
    }
    for place in _FUNCTIONS:
        nodes[place] = {
            host.name: {
                "its addresses": host.addresses,
                "its system": host.os,
                "what is asked before mail is taken": _asked(plan, place, host.name),
                "whether it sends to everywhere": host.name in senders,
                "its pages": _pages(plan, host.name) if place == "lists" else frozenset(),
                "whose logs are copied": frozenset(clients.get(host.name, ()) if place == "log" else ()),
            }
            for host in plan.with_function(place)
        }
    if plan.settings.smarthost is not None:
        nodes["smarthost"] = {plan.settings.smarthost.host: {}}
    return nodes


def _pages(plan: Plan, host: str) -> frozenset[tuple[str, str]]:
    return frozenset((row.url, row.readers) for row in plan.web if row.host == host)


def _border(plan: Plan) -> Table:
    """Port and direction → whom the border lets through, and whom it refuses."""
    table: dict[str, dict[str, object]] = {}
    for row in plan.border:
        what = "who is let through" if row.verdict == "permit" else "who is refused"
        facts = table.setdefault(f"port {row.port} {row.direction}", {})
        facts[what] = frozenset((*_frozen(facts.get(what)), *row.networks))
    return table


def _frozen(value: object) -> frozenset[object]:
    return value if isinstance(value, frozenset) else frozenset()


def _asked(plan: Plan, place: Place, host: str) -> object:
    """The policies of the ports that this function has."""
    ports = {"mx": {25}, "submission": {465, 587}}.get(place, set())
    return tuple(
        (row.port, row.stage, row.position, row.check)
        for row in plan.policies
        if row.host == host and row.port in ports
    )


def _trusted(plan: Plan) -> Iterator[tuple[Place, object, str]]:
    """Networks that relay without a login, but for the site's own hosts and systems behind gateways: through what
    function, which, and the listener."""
    own = {address for host in plan.hosts for address in host.addresses}
    behind = {network for gateway in plan.gateways for network in gateway.clients}
    for row in plan.grants:
        if isinstance(row.clients, str) or row.clients in behind or row.clients.is_loopback:
            continue
        if row.clients.num_addresses > 1 or row.clients.network_address not in own:
            yield "mx" if row.port == 25 else "submission", row.clients, f"port {row.port} of {row.host}"


def _edges(plan: Plan) -> Mapping[Way, Table]:
    """What goes where, without what does not."""
    made: dict[Way, dict[str, Facts]] = {}
    for part in _PARTS:
        for source, target, member, facts in part(plan):
            made.setdefault((source, target), {})[member] = facts
    return made


def _coming_in(plan: Plan) -> Iterator[Said]:
    """Who names our mailers, and on which ports they and the others answer."""
    named: dict[str, list[str]] = {}
    for record in plan.records:
        if record.type == "MX":
            named.setdefault(record.owner, []).append(record.value)
    for owner, values in named.items():
        yield "world", "mx", f"MX of {owner.rstrip('.')}", {"where it points": tuple(values)}
    places: dict[str, Place] = {host.name: "mx" for host in plan.with_function("mx")}
    for member, facts in _doors(plan, places, frozenset({"smtp"})):
        yield "world", "mx", member, facts
    for place, services in _USED.items():
        hosts: dict[str, Place] = {host.name: place for host in plan.with_function(place)}
        for member, facts in _doors(plan, hosts, services):
            yield "people", place, member, facts
    web = {host.name for host in plan.with_function("web")}
    for row in plan.web:
        if row.host in web:
            yield "people", "web", row.url, {"the host": row.host, "its readers": row.readers}


def _doors(plan: Plan, hosts: Mapping[str, Place], services: frozenset[Service]) -> Iterator[tuple[str, Facts]]:
    peers = {(row.host, row.port): frozenset(row.peers) for row in plan.openings if row.direction == "in"}
    for row in plan.listeners:
        if row.host in hosts and row.service in services:
            open_to = peers.get(row.key, frozenset())
            yield (
                f"port {row.port} of {row.host}",
                {"its encryption": row.tls, "the login": row.auth, "whom the firewall lets in": open_to},
            )


def _relayed(plan: Plan) -> Iterator[Said]:
    for place, network, listener in _trusted(plan):
        yield "networks", place, f"{network} by {listener}", {}


def _going_out(plan: Plan) -> Iterator[Said]:
    """Hosts that reach port 25 everywhere, or the smarthost they hand it to instead."""
    smarthost = plan.settings.smarthost
    for host, user in _senders(plan).items():
        functions = plan.host(host).functions
        for place in [place for place in _SENDERS if place in functions][:1]:
            if smarthost is None:
                yield place, "world", host, {"whose packets pass": user}
            else:
                facts = {"the port": smarthost.port, "the login": smarthost.login}
                yield place, "smarthost", f"{host} by {smarthost.host}", facts
    if smarthost is not None:
        yield "smarthost", "world", smarthost.host, {}


def _senders(plan: Plan) -> Mapping[str, str]:
    """Hosts from which port 25 can be reached everywhere, and the user that may."""
    return {
        row.host: row.user
        for row in plan.openings
        if row.direction == "out" and row.port == 25 and set(row.peers) >= set(EVERYWHERE)
    }


def _behind(plan: Plan) -> Iterator[Said]:
    for row in plan.gateways:
        onward = {
            "the next hop": (row.next_hop, row.port),
            "its encryption": row.tls,
            "its domains": row.domains,
            "who is known there": row.recipients,
        }
        yield "mx", "gateways", row.name, onward
        if row.clients:
            yield "gateways", "mx", row.name, {"its networks": row.clients}


def _inside(plan: Plan) -> Iterator[Said]:
    """Between the site's functions: over links, or on one host."""
    webmail = plan.settings.webmail is not None
    for source, target, services in _LINKS:
        clients = [host.name for host in plan.with_function(source)]
        servers = {host.name for host in plan.with_function(target)}
        for client in clients:
            if client in servers and (webmail or source != "web"):
                yield source, target, f"on {client} itself", {}
        for link in plan.links:
            if link.client in clients and link.server in servers and link.service in services:
                yield source, target, f"{link.client} to port {link.port} of {link.server}", {}
    for row in plan.grants:
        if not isinstance(row.clients, str) and row.clients.is_loopback:
            yield "lists", "mx", f"port {row.port} of {row.host}", {}


_LINKS: tuple[tuple[Place, Place, frozenset[Service]], ...] = (
    ("mx", "store", frozenset({"lmtp"})),
    ("submission", "store", frozenset({"lmtp"})),
    ("mx", "lists", frozenset({"lists"})),
    ("submission", "lists", frozenset({"lists"})),
    ("web", "store", frozenset({"imaps"})),
    ("web", "submission", frozenset({"submissions"})),
)
_PARTS: tuple[Callable[[Plan], Iterator[Said]], ...] = (_coming_in, _relayed, _going_out, _behind, _inside)
