"""Relaying (RELAY-1 to RELAY-3): who may send through the mailers, and where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network

from mailwright.findings import Level
from mailwright.requirements.model import Fault, rule
from mailwright.requirements.subject import Subject
from mailwright.site.model import Host, IPNetwork, Network

# Nobody's campus: more than sixteen million IPv4 addresses, or more than a national registry hands out at once.
WIDEST = {4: 8, 6: 19}


def too_wide(network: Network) -> bool:
    return network.prefix.prefixlen < WIDEST[network.prefix.version]


def within(inner: IPNetwork, outer: tuple[Network, ...]) -> bool:
    """Whether ``inner`` lies wholly in one of the ``outer`` networks."""
    for network in outer:
        match inner, network.prefix:
            case (IPv4Network() as one, IPv4Network() as other) if one.subnet_of(other):
                return True
            case (IPv6Network() as one, IPv6Network() as other) if one.subnet_of(other):
                return True
    return False


def _off_campus(subject: Subject, hosts: tuple[Host, ...], port: str) -> Iterator[Fault]:
    campus = subject.site.networks.campus
    for host in hosts:
        for address in host.addresses:
            if not any(address in network.prefix for network in campus):
                yield Fault(
                    host.where,
                    f"{address} of {host.name} is in no campus network, so the border cannot tell it from "
                    f"a stranger on port {port}",
                    "add the host's network to networks.campus, or mend the address",
                )


@rule("RELAY-1", "mailer-on-campus", Level.ADVICE, "mailers stand in the campus networks")
def mailer_on_campus(subject: Subject) -> Iterator[Fault]:
    """A mailer has an address outside the campus networks.

    The border lets port 25 through for the managed mailers alone, and it is described by the campus networks. An
    address that lies in none of them is a slip of the pen, a network that was forgotten (often the IPv6 one), or a
    mailer that stands elsewhere; for the last, waive this with the place as the reason.

    Breaks it:

        networks: {campus: [198.51.100.0/24], management: [198.51.100.240/28]}
        hosts:
          mail.college.ac.uk: {addresses: [198.51.100.25, "2001:db8:c011::25"], os: debian-13}

    Mended:

        networks: {campus: [198.51.100.0/24, "2001:db8:c011::/48"], management: [198.51.100.240/28]}
        hosts:
          mail.college.ac.uk: {addresses: [198.51.100.25, "2001:db8:c011::25"], os: debian-13}
    """
    yield from _off_campus(subject, subject.hosts("mx"), "25")


@rule("RELAY-2", "beyond-campus", Level.MUST, "networks trusted to relay are the site's own")
def beyond_campus(subject: Subject) -> Iterator[Fault]:
    """A network that may relay without login reaches beyond the campus networks.

    Whoever sits in the part that is not the site's own could send to anywhere through these mailers: an open relay.
    ``0.0.0.0/0`` is the extreme of it. Best is to trust no network, and to let everybody log in.

    Breaks it:

        networks:
          campus: [198.51.100.0/24]
          management: [198.51.100.240/28]
          relay: [203.0.113.0/24]

    Mended:

        networks:
          campus: [198.51.100.0/24]
          management: [198.51.100.240/28]
    """
    networks = subject.site.networks
    for network in networks.relay:
        if not within(network.prefix, networks.campus):
            yield Fault(
                network.where,
                f"{network.prefix} may relay without login and is not within the campus networks",
                "leave it out and let its users log in, or narrow it to machines of the site",
            )


@rule("RELAY-2", "campus-too-wide", Level.MUST, "no campus network is wider than a campus")
def campus_too_wide(subject: Subject) -> Iterator[Fault]:
    """A campus network is wider than any organisation's.

    What may relay or pass the border is judged by the campus networks. A prefix such as ``0.0.0.0/0`` makes the
    whole Internet the campus, and every such judgement empty.

    Breaks it:

        networks: {campus: [0.0.0.0/0], management: [198.51.100.240/28]}

    Mended:

        networks: {campus: [198.51.100.0/24], management: [198.51.100.240/28]}
    """
    for network in subject.site.networks.campus:
        if too_wide(network):
            yield Fault(
                network.where,
                f"{network.prefix} is no organisation's campus",
                "name the prefixes that were given to the organisation",
            )


@rule("RELAY-2", "own-hosts", Level.ADVICE, "no mail host is among the networks trusted to relay")
def own_hosts(subject: Subject) -> Iterator[Fault]:
    """A network that may relay without login holds a mail host itself.

    A translating router or a proxy makes strangers look as if they came from the mailer's own address, and then
    they may relay; so may every program on that host. The mail hosts need no such trust.

    Breaks it:

        networks:
          campus: [198.51.100.0/24, "2001:db8:c011::/48"]
          management: [198.51.100.240/28]
          relay: [198.51.100.25/32]
        hosts:
          mail.college.ac.uk: {addresses: [198.51.100.25, "2001:db8:c011::25"], os: debian-13}

    Mended:

        networks:
          campus: [198.51.100.0/24, "2001:db8:c011::/48"]
          management: [198.51.100.240/28]
          relay: [198.51.100.80/32]
        hosts:
          mail.college.ac.uk: {addresses: [198.51.100.25, "2001:db8:c011::25"], os: debian-13}
    """
    for network in subject.site.networks.relay:
        for host in subject.site.hosts:
            for address in host.addresses:
                if address in network.prefix:
                    yield Fault(
                        network.where,
                        f"{network.prefix} may relay without login and holds {host.name} itself",
                        "narrow it to the machines that need it",
                    )


@rule("RELAY-3", "submission-on-campus", Level.ADVICE, "submission hosts stand in the campus networks")
def submission_on_campus(subject: Subject) -> Iterator[Fault]:
    """A submission host has an address outside the campus networks.

    The border lets port 587 in to the submission hosts alone, and it is described by the campus networks. See
    RELAY-1.mailer-on-campus, which asks the same of port 25; a host that is both is named there.

    Breaks it:

        networks: {campus: [198.51.100.0/24], management: [198.51.100.240/28]}
        hosts:
          smtp.college.ac.uk: {addresses: [203.0.113.25], os: debian-13, functions: [submission, store]}

    Mended:

        networks: {campus: [198.51.100.0/24, 203.0.113.0/24], management: [198.51.100.240/28]}
        hosts:
          smtp.college.ac.uk: {addresses: [203.0.113.25], os: debian-13, functions: [submission, store]}
    """
    hosts = tuple(host for host in subject.hosts("submission") if "mx" not in host.functions)
    yield from _off_campus(subject, hosts, "587")


RULES = (mailer_on_campus, beyond_campus, campus_too_wide, own_hosts, submission_on_campus)
