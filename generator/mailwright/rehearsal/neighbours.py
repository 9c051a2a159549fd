"""Systems that the description names and that are not the site's mail hosts: the lab has a stand-in for each."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import replace
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Literal

from mailwright.plan.model import Gateway, Plan
from mailwright.records import dataclass
from mailwright.rehearsal.errors import LabError
from mailwright.site.addresses import domain
from mailwright.site.model import IPAddress, IPNetwork

Kind = Literal["backend", "smarthost", "directory"]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A system that is not ours.

    name   as the description calls it: a host's name, or an address
    kind   backend: behind a gateway; smarthost; directory: an LDAP server
    where  whether it stands on the site's networks or in the world
    among  networks that its address of each family is picked from; empty: any of the campus, or of the world
    port   where it answers
    known  of a back end: the addresses of its people, as it knows them
    spf    of a smarthost: the name whose SPF record covers it
    login  of a smarthost: the one that it asks for; empty: none
    """

    name: str
    kind: Kind
    where: Literal["site", "world"]
    among: tuple[IPNetwork, ...] = ()
    port: int = 25
    known: tuple[str, ...] = ()
    spf: str = ""
    login: str = ""


UNLISTED = "somebody.inside"
"""Local part of a person whom only the system behind a gateway knows, where the description lists none."""


def neighbours(plan: Plan) -> tuple[Neighbour, ...]:
    """The neighbours of a plan's hosts, each name once: a system behind two gateways is one."""
    hosts = {host.name for host in plan.hosts}
    found: dict[str, Neighbour] = {}
    for one in _named(plan):
        if one.name in hosts:
            continue
        before = found.get(one.name)
        if before is None:
            found[one.name] = one
        elif before.kind == one.kind == "backend":
            among = tuple(dict.fromkeys((*before.among, *one.among)))
            found[one.name] = replace(before, among=among, known=(*before.known, *one.known))
    return tuple(found.values())


def known(plan: Plan, gateway: Gateway) -> tuple[str, ...]:
    """Whom the system behind a gateway knows in the lab, as it knows them."""
    if gateway.recipients == "listed":
        rows = [row for row in plan.routes if row.kind == "gateway" and domain(row.address) in gateway.domains]
        return tuple(dict.fromkeys(target for row in rows for target in row.targets))
    return tuple(f"{UNLISTED}@{name}" for name in gateway.domains)


def _named(plan: Plan) -> Iterator[Neighbour]:
    settings = plan.settings
    for gateway in plan.gateways:
        among = (*gateway.clients, *_literal(gateway.next_hop))
        yield Neighbour(
            gateway.next_hop,
            "backend",
            _where(plan, gateway.next_hop, among),
            among,
            port=gateway.port,
            known=known(plan, gateway),
        )
    if settings.smarthost is not None:
        smart = settings.smarthost
        where = _where(plan, smart.host, ())
        yield Neighbour(smart.host, "smarthost", where, port=smart.port, spf=smart.spf, login=smart.login)
    if settings.directory is not None:
        for server in settings.directory.servers:
            literal = _literal(server)
            where = _where(plan, server, literal)
            yield Neighbour(server, "directory", where, literal, port=settings.directory.port)


def _literal(name: str) -> tuple[IPNetwork, ...]:
    try:
        return (ip_network(ip_address(name)),)
    except ValueError:
        return ()


def _where(plan: Plan, name: str, among: tuple[IPNetwork, ...]) -> Literal["site", "world"]:
    """By its addresses where they are known, else by whether its name is in one of the site's domains."""
    if among:
        campus = plan.settings.campus_networks
        inside = any(one.version == net.version and one.overlaps(net) for one in among for net in campus)
    else:
        inside = any(name == domain or name.endswith(f".{domain}") for domain in plan.settings.domains)
    return "site" if inside else "world"


PLACE = "/var/lib/mailwright-neighbour"  # in the container: the folder of the neighbour in the lab's


def configuration(one: Neighbour, ips: Iterable[IPAddress], inbox: str) -> str:
    """The stand-in's config.json; ``inbox``: where in the container a smarthost's mail goes on to."""
    backend = one.kind == "backend"
    said = {
        "hostname": one.name,
        "addresses": [str(ip) for ip in ips],
        "port": one.port,
        "known": list(one.known) if backend else None,
        "login": one.login,
        "inbox": f"{PLACE}/inbox" if backend else inbox,
        "prefix": "" if backend else "smarthost-",
    }
    return json.dumps(said)


@dataclass(frozen=True, slots=True)
class Switch:
    """A neighbour's mail system, which can be made to behave otherwise. ``folder``: its own in the lab."""

    folder: Path

    def to(self, state: str) -> None:
        """Be ``up``, ``down``, ``slow`` or ``lying`` (standin.STATES) from now on. Raises LabError."""
        (self.folder / "state").write_text(state, encoding="ascii")
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            with contextlib.suppress(FileNotFoundError):
                if (self.folder / "now").read_text(encoding="ascii") == state:
                    return
            time.sleep(0.05)
        raise LabError(f"A neighbour did not become {state}.")
