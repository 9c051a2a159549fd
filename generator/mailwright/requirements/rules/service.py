"""Users away, and the service as a whole (REMOTE-1, REMOTE-2, SCALE-1)."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.findings import Level
from mailwright.requirements.model import Fault, rule
from mailwright.requirements.rules.dns import why_unreachable
from mailwright.requirements.rules.relaying import too_wide
from mailwright.requirements.subject import Subject


@rule("REMOTE-1", "submission-host", Level.ADVICE, "there is a host to which users submit their mail")
def submission_host(subject: Subject) -> Iterator[Fault]:
    """No host takes mail from users who log in.

    On port 25 nobody can tell a user away from home from a stranger who forges their address. The function
    ``submission`` opens ports 587 and 465, which ask for a login over TLS first.

    Breaks it:

        hosts:
          mail.college.ac.uk: {addresses: [198.51.100.25], os: debian-13, functions: [mx, store]}

    Mended:

        hosts:
          mail.college.ac.uk: {addresses: [198.51.100.25], os: debian-13, functions: [mx, submission, store]}
    """
    if not subject.hosts("submission"):
        yield Fault(
            subject.site.where,
            "no host has the function submission, so nobody can log in and send",
            "give one of the hosts the function submission",
        )


@rule("REMOTE-2", "store-host", Level.MUST, "there is a host that keeps the mailboxes")
def store_host(subject: Subject) -> Iterator[Fault]:
    """No host keeps the mailboxes.

    People described here have a mailbox on the host with the function ``store``, and read it over TLS from wherever
    they are.

    Breaks it:

        hosts:
          mail.college.ac.uk: {addresses: [198.51.100.25], os: debian-13, functions: [mx, submission]}

    Mended:

        hosts:
          mail.college.ac.uk: {addresses: [198.51.100.25], os: debian-13, functions: [mx, submission, store]}
    """
    if not subject.hosts("store"):
        yield Fault(
            subject.site.where,
            "no host has the function store, so nobody has a mailbox",
            "give one of the hosts the function store",
        )


@rule("SCALE-1", "management-too-wide", Level.ADVICE, "SSH is let in from few places")
def management_too_wide(subject: Subject) -> Iterator[Fault]:
    """SSH to the mail hosts is let in from the whole Internet, or a large part of it.

    The hosts' firewall bars what is not needed, and SSH is needed by administrators alone. Name the networks they
    sit in, or that of their VPN.

    Breaks it:

        networks: {campus: [198.51.100.0/24], management: [0.0.0.0/0]}

    Mended:

        networks: {campus: [198.51.100.0/24], management: [198.51.100.240/28]}
    """
    for network in subject.site.networks.management:
        if too_wide(network):
            yield Fault(
                network.where,
                f"SSH is let in from {network.prefix}, which is far more than administrators",
                "name the administrators' networks",
            )


@rule("SCALE-1", "locked-out", Level.MUST, "administrators reach each host")
def locked_out(subject: Subject) -> Iterator[Fault]:
    """A host speaks one family of addresses, and the management networks another.

    SSH is let in from the management networks alone. A host with IPv6 addresses only, and management networks
    of IPv4 only, shuts its administrators out.

    Breaks it:

        networks:
          campus: [198.51.100.0/24, "2001:db8:c011::/48"]
          management: [198.51.100.240/28]
        hosts:
          mail.college.ac.uk: {addresses: ["2001:db8:c011::25"], os: debian-13}

    Mended:

        networks:
          campus: [198.51.100.0/24, "2001:db8:c011::/48"]
          management: [198.51.100.240/28, "2001:db8:c011:ad::/64"]
        hosts:
          mail.college.ac.uk: {addresses: ["2001:db8:c011::25"], os: debian-13}
    """
    said = {network.prefix.version for network in subject.site.networks.management}
    for host in subject.site.hosts:
        spoken = {address.version for address in host.addresses}
        if not spoken & said:
            yield Fault(
                host.where,
                f"{host.name} has IPv{' and IPv'.join(map(str, sorted(spoken)))} addresses only, and no management "
                "network has any, so nobody could log in there",
                "add the management network of that family",
            )


@rule("REMOTE-2", "store-unreachable", Level.ADVICE, "users away can reach a store")
def store_unreachable(subject: Subject) -> Iterator[Fault]:
    """No store has an address that can be reached from outside.

    Users away read their mail on a store. One with a public address is enough: it hands each login over to the
    store that keeps its mail. Where users come in by a VPN, waive this and say so.

    Breaks it:

        networks: {campus: [198.51.100.0/24, 10.0.0.0/8], management: [198.51.100.240/28]}
        hosts:
          mail.college.ac.uk: {addresses: [198.51.100.25], os: debian-13, functions: [mx, submission]}
          store.college.ac.uk: {addresses: [10.1.2.31], os: debian-13, functions: [store]}

    Mended:

        networks: {campus: [198.51.100.0/24, 10.0.0.0/8], management: [198.51.100.240/28]}
        hosts:
          mail.college.ac.uk: {addresses: [198.51.100.25], os: debian-13, functions: [mx, submission]}
          store.college.ac.uk: {addresses: [198.51.100.31], os: debian-13, functions: [store]}
    """
    stores = subject.hosts("store")
    if all(why_unreachable(address) for host in stores for address in host.addresses):
        for host in stores:
            yield Fault(
                host.where,
                f"{host.name} keeps mailboxes, and nobody away can reach {', '.join(map(str, host.addresses))}",
                "give one of the stores an address that can be reached from outside",
            )


@rule("REMOTE-1", "smarthost-spf", Level.ADVICE, "SPF covers the smarthost")
def smarthost_spf(subject: Subject) -> Iterator[Fault]:
    """Mail leaves through a smarthost, and nothing says so in the domains' SPF records.

    Receivers see the smarthost's address, not the mailers', and SPF fails for every message. ``spf`` is the
    name that the smarthost's owner publishes for its customers to include.

    Breaks it:

        smarthost: {host: smtp.provider.example}

    Mended:

        smarthost: {host: smtp.provider.example, spf: _spf.provider.example}
    """
    smarthost = subject.site.smarthost
    if smarthost is not None and not smarthost.spf:
        yield Fault(
            smarthost.where,
            f"mail leaves from {smarthost.host}, which is not in the domains' SPF records",
            "name under spf what its owner publishes to be included",
        )


_SEVERAL = 3
"""From so many hosts on a site is taken to be a larger one."""


@rule("SCALE-2", "one-mailer", Level.ADVICE, "a larger service receives mail on more than one host")
def one_mailer(subject: Subject) -> Iterator[Fault]:
    """A service of several hosts has one host that receives mail.

    While it is down no mail comes in, and others see that it is down. They try again for days, so nothing is
    lost at once; a second mailer, which knows the same recipients, lets mail flow meanwhile.

    Breaks it:

        hosts:
          mail.college.ac.uk: {addresses: [198.51.100.25], os: debian-13, functions: [mx, submission]}
          store.college.ac.uk: {addresses: [198.51.100.31], os: debian-13, functions: [store]}
          log.college.ac.uk: {addresses: [198.51.100.33], os: debian-13, functions: [log]}

    Mended:

        hosts:
          mail.college.ac.uk: {addresses: [198.51.100.25], os: debian-13, functions: [mx, submission]}
          mx2.college.ac.uk: {addresses: [198.51.100.26], os: debian-13, functions: [mx]}
          store.college.ac.uk: {addresses: [198.51.100.31], os: debian-13, functions: [store]}
          log.college.ac.uk: {addresses: [198.51.100.33], os: debian-13, functions: [log]}
    """
    mailers = subject.hosts("mx")
    if len(subject.site.hosts) >= _SEVERAL and len(mailers) == 1:
        yield Fault(
            mailers[0].where,
            f"{mailers[0].name} is the only one of {len(subject.site.hosts)} hosts that receives mail",
            "give a second host the function mx",
        )


RULES = (
    submission_host,
    smarthost_spf,
    store_host,
    store_unreachable,
    management_too_wide,
    locked_out,
    one_mailer,
)
