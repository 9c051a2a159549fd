"""The zones that the simulated Internet serves: the site's rendered fragments, and those of the world itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network

import dns.exception
import dns.name
import dns.rdataset
import dns.rdatatype
import dns.reversename
import dns.zone

from mailwright.records import dataclass
from mailwright.rehearsal.errors import LabError
from mailwright.rehearsal.topology import Topology
from mailwright.site.model import IPAddress

FOREIGN = "foreign.example"
MAIL_HOST = f"mx.{FOREIGN}"
OUTSIDE_HOST = "host-66.elsewhere.example"
_NAMES_HOST = "ns.names.example"
_TTL = 60  # seconds; also for what does not exist, so that a changed zone is soon seen


@dataclass(frozen=True, slots=True)
class Line:
    """A record of the world's own: owner with the trailing dot."""

    owner: str
    type: str
    value: str

    def __str__(self) -> str:
        return f"{self.owner} {_TTL} IN {self.type} {self.value}"


def zones(
    topology: Topology,
    fragments: Mapping[str, str],
    foreign_domains: Sequence[str] = (),
    covered: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """Zone name without the trailing dot → whole zone file.

    fragments        the site's zones as rendered: records, or a whole zone with its SOA
    foreign_domains  further domains outside whose mail the foreign mail host receives
    covered          names whose SPF record covers a neighbour, and that neighbour's name

    Raises LabError for a fragment that is not in zone file format, or a site that uses the world's own names.
    """
    world = _world(topology, foreign_domains, covered or {})
    site = {name.rstrip(".").lower(): text for name, text in fragments.items()}
    clash = sorted(set(site) & {FOREIGN, "elsewhere.example", "names.example"})
    if clash:
        raise LabError(f"The site's zone {clash[0]} is one of the simulated Internet's own.", "Use another name.")
    parsed = {name: _parse(name, text) for name, text in site.items()}
    whole: dict[str, str] = {}
    for name, text in site.items():
        # A time server or a neighbour under the site's own domain: it must be found all the same.
        extra = [line for line in world if _zone_of(line.owner, site) == name and not _holds(parsed[name], line)]
        head = _head(name) if _soa_missing(parsed[name]) else []
        whole[name] = _text([*head, text.rstrip("\n"), *map(str, extra)])
    own = [line for line in world if _zone_of(line.owner, site) is None]
    names = _own_zones(own, topology)
    for name in names:
        lines = [str(line) for line in own if _zone_of(line.owner, names) == name]
        whole[name] = _text([*_head(name), *lines])
    whole["."] = _text([*_head("."), *_glue(topology), *_delegations(whole)])
    return whole


def _world(topology: Topology, foreign_domains: Sequence[str], covered: Mapping[str, str]) -> list[Line]:
    """All records of the world, whatever zone they land in."""
    lines = [
        *_addresses(_NAMES_HOST, topology.names),
        *_addresses(MAIL_HOST, topology.mail),
        *_addresses(OUTSIDE_HOST, topology.outside.ips),
    ]
    for domain in dict.fromkeys((FOREIGN, *foreign_domains)):
        lines += [Line(f"{domain}.", "MX", f"10 {MAIL_HOST}."), _spf(domain, topology.mail)]
    lines += [_spf(name, topology.node(neighbour).ips) for name, neighbour in covered.items()]
    for node in topology.neighbours:
        if not any(node.name == str(ip) for ip in node.ips):
            lines += _addresses(node.name, node.ips)
    for clock in topology.clocks:
        if clock.addresses and clock.name != str(clock.addresses[0]):
            lines += _addresses(clock.name, clock.addresses)
    return lines


def _spf(name: str, addresses: Iterable[IPAddress]) -> Line:
    terms = " ".join(f"ip{address.version}:{address}" for address in addresses)
    return Line(f"{name}.", "TXT", f'"v=spf1 {terms} -all"')


def _addresses(name: str, addresses: Iterable[IPAddress]) -> list[Line]:
    lines = []
    for address in addresses:
        lines.append(Line(f"{name}.", "A" if address.version == 4 else "AAAA", str(address)))
        lines.append(Line(dns.reversename.from_address(str(address)).to_text(), "PTR", f"{name}."))
    return lines


def _own_zones(lines: Iterable[Line], topology: Topology) -> tuple[str, ...]:
    """The world's zones: a reverse one for each range, and one for each name that is in none yet."""
    reverse = [_reverse_zone(interface.network) for interface in topology.router]
    names = {FOREIGN, "elsewhere.example", "names.example", *reverse}
    for line in lines:
        if _zone_of(line.owner, names) is None:
            names.add(line.owner.rstrip("."))
    return tuple(sorted(names))


def _reverse_zone(network: IPv4Network | IPv6Network) -> str:
    labels = dns.reversename.from_address(str(network.network_address)).to_text().rstrip(".").split(".")
    width = 8 if network.version == 4 else 4
    return ".".join(labels[(network.max_prefixlen - network.prefixlen) // width :])


def _zone_of(owner: str, zone_names: Iterable[str]) -> str | None:
    """The deepest of the zones that holds the owner."""
    name = owner.rstrip(".")
    found = [zone for zone in zone_names if name == zone or name.endswith(f".{zone}")]
    return max(found, key=len, default=None)


def _head(zone: str) -> list[str]:
    origin = "." if zone == "." else f"{zone}."
    return [
        f"$ORIGIN {origin}",
        f"$TTL {_TTL}",
        f"{origin} IN SOA {_NAMES_HOST}. hostmaster.names.example. 1 3600 600 86400 {_TTL}",
        f"{origin} IN NS {_NAMES_HOST}.",
    ]


def _glue(topology: Topology) -> list[str]:
    return [str(line) for line in _addresses(_NAMES_HOST, topology.names) if line.type != "PTR"]


def _delegations(zone_names: Iterable[str]) -> list[str]:
    """Only for zones that are not inside another one: those are answered by the same server anyway."""
    names = set(zone_names)
    return [f"{name}. IN NS {_NAMES_HOST}." for name in sorted(names) if _zone_of(name, names - {name}) is None]


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _parse(name: str, text: str) -> dns.zone.Zone:
    try:
        return dns.zone.from_text(
            f"$TTL {_TTL}\n{text}",
            origin=f"{name}.",
            relativize=False,
            check_origin=False,
            allow_directives={"$ORIGIN", "$TTL"},
        )
    except (dns.exception.DNSException, ValueError) as error:
        raise LabError(f"The fragment of {name} is not a zone file: {error}") from error


def _soa_missing(zone: dns.zone.Zone) -> bool:
    return zone.origin is None or zone.get_rdataset(zone.origin, dns.rdatatype.SOA) is None


def _holds(zone: dns.zone.Zone, line: Line) -> bool:
    return zone.get_rdataset(dns.name.from_text(line.owner), line.type) is not None
