"""DNS records that must exist."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

from mailwright.plan import names
from mailwright.plan.model import Because, Record, RecordType
from mailwright.site.model import Host, IPAddress, Site

TTL = 3600

_ADDRESS = Because("DNS-3", "the HELO name has the mailer's address")
_PTR = Because("DNS-1", "the address of a sending mailer leads to its name")
_MX = Because("DNS-4", "names the domain's inbound mailer")
_MX_INSIDE = Because("INT-4", "mail to a form of address that is used inside, and got out, finds the mailers")
_SPF = Because("REMOTE-1", "others can tell the site's mailers from an outsider who forges it (RFC 7208)")
_SPF_HELO = Because("REMOTE-1", "bounces have no sender, so the HELO name is what is checked (RFC 7208, 2.4)")
_DKIM = Because("REMOTE-1", "others can verify that the site sent a message (RFC 6376)")
_DMARC = Because("REMOTE-1", "says what becomes of a From: line that neither SPF nor DKIM bears out (RFC 7489)")


def rows(site: Site) -> Iterator[Record]:
    """Records of hosts, forward and reverse, of mail domains, and of forms of address used inside; each once."""
    seen: set[tuple[str, str, str, str]] = set()
    for row in (*_of_hosts(site), *_of_domains(site), *_of_internal_domains(site)):
        if row.key not in seen:
            seen.add(row.key)
            yield row


def reverse_zone(site: Site, address: IPAddress) -> str:
    """The zone that the PTR record of ``address`` belongs in.

    It is cut where the campus prefix that holds the address ends, rounded up to a whole octet (v4, at most
    three: a longer prefix shares the /24 with others, RFC 2317) or nibble (v6). Outside the campus prefixes:
    /24 and /48.
    """
    lengths = [net.prefix.prefixlen for net in site.networks.campus if address in net.prefix]
    labels = address.reverse_pointer.split(".")
    if isinstance(address, IPv4Address):
        kept = min(3, max(1, -(-max(lengths, default=24) // 8)))
        return ".".join(labels[4 - kept :])
    kept = min(31, max(1, -(-max(lengths, default=48) // 4)))
    return ".".join(labels[32 - kept :])


def _of_hosts(site: Site) -> Iterator[Record]:
    domains = {item.name for item in site.domains}
    for host in site.hosts:
        zone = names.zone_of(site, host.name)
        for address in host.addresses:
            type_: RecordType = "A" if address.version == 4 else "AAAA"
            yield Record(zone, _absolute(host.name), type_, str(address), TTL, _ADDRESS)
            yield Record(
                reverse_zone(site, address),
                _absolute(address.reverse_pointer),
                "PTR",
                _absolute(host.name),
                TTL,
                _PTR,
            )
    for host in names.sending(site):
        if host.name not in domains:
            zone = names.zone_of(site, host.name)
            yield Record(zone, _absolute(host.name), "TXT", _spf((host,)), TTL, _SPF_HELO)


def _of_domains(site: Site) -> Iterator[Record]:
    for domain in site.domains:
        zone = domain.name
        for index, host in enumerate(names.with_function(site, "mx"), 1):
            yield Record(zone, _absolute(zone), "MX", f"{index * 10} {_absolute(host.name)}", TTL, _MX)
        yield Record(zone, _absolute(zone), "TXT", _spf(names.sending(site), _included(site)), TTL, _SPF)
        if site.dkim is not None:
            owner = _absolute(f"{site.dkim.selector}._domainkey.{zone}")
            yield Record(zone, owner, "TXT", f"v=DKIM1; k=rsa; p={site.dkim.public_key}", TTL, _DKIM)
        yield Record(zone, _absolute(f"_dmarc.{zone}"), "TXT", f"v=DMARC1; p={domain.dmarc_policy}", TTL, _DMARC)


def _of_internal_domains(site: Site) -> Iterator[Record]:
    """No SPF, DKIM or DMARC: nothing leaves in such a form."""
    for inner in site.internal_domains:
        zone = names.zone_of(site, inner.name)
        for index, host in enumerate(names.with_function(site, "mx"), 1):
            value = f"{index * 10} {_absolute(host.name)}"
            yield Record(zone, _absolute(inner.name), "MX", value, TTL, _MX_INSIDE)


def _spf(hosts: tuple[Host, ...], included: tuple[str, ...] = ()) -> str:
    """Hosts of the site first, which need no further question; never a system behind a gateway."""
    terms = [f"ip{address.version}:{address}" for host in hosts for address in host.addresses]
    return " ".join(["v=spf1", *dict.fromkeys(terms), *(f"include:{name}" for name in included), "-all"])


def _included(site: Site) -> tuple[str, ...]:
    """The name that covers the smarthost, through which mail leaves."""
    return (site.smarthost.spf,) if site.smarthost is not None and site.smarthost.spf else ()


def _absolute(name: str) -> str:
    return name + "."
