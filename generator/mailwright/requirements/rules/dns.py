"""DNS (DNS-1 to DNS-4): names and addresses of the mailers."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from ipaddress import ip_network

from mailwright.findings import Level
from mailwright.requirements.model import Fault, rule
from mailwright.requirements.names import in_public_dns
from mailwright.requirements.subject import Subject
from mailwright.site.model import IPAddress

# Nobody outside can look these up or connect to them. The documentation ranges are left out on purpose: worked
# examples and rehearsals live there. Loopback, link-local and multicast are refused when the description is read.
# After IANA's special-purpose registries (RFC 6890).
_UNREACHABLE = tuple(
    (ip_network(prefix), name)
    for prefix, name in (
        ("0.0.0.0/8", "means this network"),
        ("10.0.0.0/8", "is private (RFC 1918)"),
        ("100.64.0.0/10", "is shared behind a provider's translation (RFC 6598)"),
        ("172.16.0.0/12", "is private (RFC 1918)"),
        ("192.168.0.0/16", "is private (RFC 1918)"),
        ("198.18.0.0/15", "is for benchmarks (RFC 2544)"),
        ("240.0.0.0/4", "is reserved"),
        ("::ffff:0:0/96", "is an IPv4 address in disguise"),
        ("64:ff9b:1::/48", "is a translator's (RFC 8215)"),
        ("fc00::/7", "is private (RFC 4193)"),
    )
)


@lru_cache(1024)
def why_unreachable(address: IPAddress) -> str:
    """Why nobody outside can connect to it; empty if they can."""
    return next((name for net, name in _UNREACHABLE if net.version == address.version and address in net), "")


@rule("DNS-1", "public-address", Level.SHOULD, "each sending mailer's address can have a PTR record")
def public_address(subject: Subject) -> Iterator[Fault]:
    """A host that sends mail has an address for which the world can find no PTR record.

    Private, link-local and similar addresses have no reverse zone that others can see, and mail cannot come from
    them. Behind a translating router the description wants the address that the world sees. A store that neither
    sends nor receives mail from outside may have any address.

    Breaks it:

        hosts:
          mail.college.ac.uk:
            addresses: [10.1.2.25]
            os: debian-13

    Mended:

        hosts:
          mail.college.ac.uk:
            addresses: [198.51.100.25]
            os: debian-13
    """
    for host in subject.senders:
        for address in host.addresses:
            why = why_unreachable(address)
            if why:
                yield Fault(
                    host.where,
                    f"{address} of {host.name} {why}, so it has no PTR record that others can see",
                    "give the address that the world sees",
                )


@rule("DNS-2", "helo-qualified", Level.SHOULD, "each sending mailer's name is fully qualified")
def helo_qualified(subject: Subject) -> Iterator[Fault]:
    """A host that sends mail has a name that is not complete in the public DNS.

    The host's name is what it says in HELO and EHLO. Receivers distrust a single word, and a name under ``local``,
    ``lan`` or another private tree, which nobody outside can look up.

    Breaks it:

        hosts:
          post.college.local: {addresses: [198.51.100.26], os: debian-13}

    Mended:

        hosts:
          post.college.ac.uk: {addresses: [198.51.100.26], os: debian-13}
    """
    for host in subject.senders:
        if in_public_dns(host.name):
            continue
        yield Fault(
            host.where,
            f"{host.name} is what the host says in HELO, and nobody outside can look it up",
            "give the host its full name in the public DNS",
        )


@rule("DNS-3", "helo-in-zone", Level.SHOULD, "each sending mailer's name is in one of the site's domains")
def helo_in_zone(subject: Subject) -> Iterator[Fault]:
    """A host that sends mail has a name outside the site's domains.

    Its A and AAAA records then lie in a zone that somebody else keeps, and nothing here makes sure that they match
    the host's addresses. Where a provider keeps that zone on purpose, waive this with the provider as the reason.
    (Of a provider's customer on shared hosts nothing is said: the platform's own description is judged.)

    Breaks it:

        domains: [college.ac.uk]
        hosts:
          post.elsewhere.ac.uk: {addresses: [198.51.100.26], os: debian-13}

    Mended:

        domains: [college.ac.uk]
        hosts:
          post.college.ac.uk: {addresses: [198.51.100.26], os: debian-13}
    """
    if subject.site.sharing is not None:
        return
    ends = tuple(f".{name}" for name in subject.domains)
    for host in subject.senders:
        if in_public_dns(host.name) and not f".{host.name}".endswith(ends):
            yield Fault(
                host.where,
                f"{host.name} is in none of the site's domains, so its address records are not made here",
                "name the host in one of the domains",
            )


@rule("DNS-3", "shared-address", Level.MUST, "each address belongs to one host")
def shared_address(subject: Subject) -> Iterator[Fault]:
    """Two hosts have the same address.

    The address leads back to one name only, so at least one of the two says a name in HELO that does not match.

    Breaks it:

        hosts:
          mail.college.ac.uk: {addresses: [198.51.100.25], os: debian-13}
          post.college.ac.uk: {addresses: [198.51.100.25], os: debian-13}

    Mended:

        hosts:
          mail.college.ac.uk: {addresses: [198.51.100.25], os: debian-13}
          post.college.ac.uk: {addresses: [198.51.100.26], os: debian-13}
    """
    owners: dict[IPAddress, str] = {}
    for host in subject.site.hosts:
        for address in host.addresses:
            other = owners.setdefault(address, host.name)
            if other != host.name:
                yield Fault(
                    host.where,
                    f"{address} is the address of {other} and of {host.name}",
                    "give each host addresses of its own",
                )


@rule("DNS-4", "mailer", Level.MUST, "each domain has a mailer")
def mailer(subject: Subject) -> Iterator[Fault]:
    """No host takes mail for the domains.

    MX records name the hosts with the function ``mx``. Without one, mail for every domain has nowhere to go.

    Breaks it:

        hosts:
          mail.college.ac.uk: {addresses: [198.51.100.25], os: debian-13, functions: [submission, store]}

    Mended:

        hosts:
          mail.college.ac.uk: {addresses: [198.51.100.25], os: debian-13, functions: [mx, submission, store]}
    """
    if not subject.hosts("mx"):
        domains = ", ".join(domain.name for domain in subject.site.domains)
        yield Fault(
            subject.site.hosts[0].where if subject.site.hosts else subject.site.where,
            f"no host has the function mx, so mail for {domains} has nowhere to go",
            "give one of the hosts the function mx",
        )


RULES = (public_address, helo_qualified, helo_in_zone, shared_address, mailer)
