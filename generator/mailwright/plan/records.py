"""DNS records that must exist."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address

from mailwright.plan import names, web
from mailwright.plan.model import Because, Record, RecordType
from mailwright.site.model import Host, IPAddress, Site

TTL = 3600

_ADDRESS = Because("DNS-3", "the HELO name has the mailer's address")
_PTR = Because("DNS-1", "the address of a sending mailer leads to its name")
_MX = Because("DNS-4", "names the domain's inbound mailer")
_MX_INSIDE = Because("INT-4", "mail to a form of address that is used inside, and got out, finds the mailers")
_WEB = Because("SUPPORT-1", "mail programs find how to set themselves up")
_LOCATED = Because("SUPPORT-1", "mail programs find the server for this (RFC 6186, RFC 8314)")
_SIEVE = Because("SUPPORT-1", "mail programs find where filters are managed (RFC 5804)")
_NONE = Because("REMOTE-2", "there is no such service without TLS from the first octet (RFC 6186, 3.4)")
_NO_POP = Because("SUPPORT-1", "there is no POP here (RFC 6186, 3.4)")
_BOOK = Because("INT-2", "mail programs find the address book (RFC 6764)")
_SPF = Because("REMOTE-1", "others can tell the site's mailers from an outsider who forges it (RFC 7208)")
_SPF_HELO = Because("REMOTE-1", "bounces have no sender, so the HELO name is what is checked (RFC 7208, 2.4)")
_DKIM = Because("REMOTE-1", "others can verify that the site sent a message (RFC 6376)")
_DMARC = Because("REMOTE-1", "says what becomes of a From: line that neither SPF nor DKIM bears out (RFC 7489)")


def rows(site: Site) -> Iterator[Record]:
    """Records of hosts, forward and reverse, of mail domains, and of forms of address used inside; each once."""
    seen: set[tuple[str, str, str, str]] = set()
    for row in (
        *_of_hosts(site),
        *_of_domains(site),
        *_of_internal_domains(site),
        *_of_programs(site),
        *_of_web(site),
    ):
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
    if site.sharing is not None:
        return  # their records are the provider's
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
        yield Record(zone, _absolute(zone), "TXT", _spf_of_domain(site), TTL, _SPF)
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


# Owner, function of the hosts, port, priority: a program that knows both IMAP and POP takes IMAP, and TLS from the
# first octet before STARTTLS (RFC 6186, 3.4; RFC 8314, 5.1).
_SERVICES: tuple[tuple[str, str, int, int, Because], ...] = (
    ("_imaps", "store", 993, 0, _LOCATED),
    ("_pop3s", "store", 995, 10, _LOCATED),
    ("_submissions", "submission", 465, 0, _LOCATED),
    ("_submission", "submission", 587, 10, _LOCATED),
    ("_sieve", "store", 4190, 0, _SIEVE),
)
ABSENT = "0 0 0 ."
"""A target that says: there is no such service here (RFC 2782)."""


def _of_programs(site: Site) -> Iterator[Record]:
    """Where mail programs find each service, for the domains whose mailboxes are here."""
    behind = {name for gateway in site.gateways for name in gateway.domains}
    for domain in site.domains:
        if domain.name in behind:
            continue
        for service in ("_imap", "_pop3"):
            yield _located(domain.name, service, ABSENT, _NONE)
        for service, function, port, priority, because in _SERVICES:
            if service == "_pop3s" and not site.store.pop3:
                yield _located(domain.name, service, ABSENT, _NO_POP)
                continue
            for host in names.with_function(site, function):
                yield _located(domain.name, service, f"{priority} 1 {port} {_absolute(host.name)}", because)


def _located(zone: str, service: str, value: str, because: Because) -> Record:
    return Record(zone, _absolute(f"{service}._tcp.{zone}"), "SRV", value, TTL, because)


def _of_web(site: Site) -> Iterator[Record]:
    """Names under which the web host serves what mail programs ask for to set themselves up."""
    for host in names.with_function(site, "web"):
        for domain in site.domains:
            for name in ("autoconfig", "autodiscover"):
                for address in host.addresses:
                    type_: RecordType = "A" if address.version == 4 else "AAAA"
                    yield Record(domain.name, _absolute(f"{name}.{domain.name}"), type_, str(address), TTL, _WEB)
            outlook = f"0 1 443 {_absolute(f'autodiscover.{domain.name}')}"
            yield _located(domain.name, "_autodiscover", outlook, _WEB)
            if web.has_book(site):
                yield _located(domain.name, "_carddavs", f"0 1 443 {_absolute(host.name)}", _BOOK)
                owner = _absolute(f"_carddavs._tcp.{domain.name}")
                yield Record(domain.name, owner, "TXT", f"path={web.BOOK_PATH}", TTL, _BOOK)


def _spf_of_domain(site: Site) -> str:
    if site.sharing is not None:  # so that the customers' zones stay as they are when the provider's hosts change
        return _spf((), (site.sharing.domain,))
    return _spf(names.sending(site), _included(site))


def _spf(hosts: tuple[Host, ...], included: tuple[str, ...] = ()) -> str:
    """Hosts of the site first, which need no further question; never a system behind a gateway."""
    terms = [f"ip{address.version}:{address}" for host in hosts for address in host.addresses]
    return " ".join(["v=spf1", *dict.fromkeys(terms), *(f"include:{name}" for name in included), "-all"])


def _included(site: Site) -> tuple[str, ...]:
    """The name that covers the smarthost, through which mail leaves."""
    return (site.smarthost.spf,) if site.smarthost is not None and site.smarthost.spf else ()


def _absolute(name: str) -> str:
    return name + "."
