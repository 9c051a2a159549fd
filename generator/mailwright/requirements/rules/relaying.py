"""Relaying (RELAY-1 to RELAY-3): who may send through the mailers, and where they stand."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_network

from mailwright.findings import Level
from mailwright.requirements.model import Fault, rule
from mailwright.requirements.rules.dns import why_unreachable
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


@rule("RELAY-2", "campus-too-wide", Level.MUST, "no campus network and no gateway's client is too wide")
def campus_too_wide(subject: Subject) -> Iterator[Fault]:
    """A campus network, or where the system behind a gateway sends from, is wider than any organisation's.

    What may relay or pass the border is judged by the campus networks. A prefix such as ``0.0.0.0/0`` makes the
    whole Internet the campus, and every such judgement empty. The clients of a gateway relay without a login.

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
    for gateway in subject.site.gateways:
        for network in gateway.clients:
            if too_wide(network):
                yield Fault(
                    network.where,
                    f"{network.prefix} is not where the system behind {gateway.name} sends from",
                    "name its own addresses, or those that its provider publishes",
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
    for network, words in _trusted(subject):
        for host in subject.site.hosts:
            for address in host.addresses:
                if address in network.prefix:
                    yield Fault(
                        network.where,
                        f"{words} may relay without login and holds {host.name} itself",
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


@rule("RELAY-1", "host-on-campus", Level.ADVICE, "hosts that are no mailers stand in the campus networks too")
def host_on_campus(subject: Subject) -> Iterator[Fault]:
    """A host that exchanges no mail with the outside has an address outside the campus networks.

    The border keeps port 25 from everything on the campus but the mailers. What is not described as campus,
    often the IPv6 network of a host, it does not judge at all: the store or the log host is reachable there as
    if there were no border.

    Breaks it:

        networks: {campus: [198.51.100.0/24], management: [198.51.100.240/28]}
        hosts:
          mail.college.ac.uk: {addresses: [198.51.100.25], os: debian-13}
          log.college.ac.uk: {addresses: [198.51.100.33, "2001:db8:c011::33"], os: debian-13, functions: [log]}

    Mended:

        networks: {campus: [198.51.100.0/24, "2001:db8:c011::/48"], management: [198.51.100.240/28]}
        hosts:
          mail.college.ac.uk: {addresses: [198.51.100.25], os: debian-13}
          log.college.ac.uk: {addresses: [198.51.100.33, "2001:db8:c011::33"], os: debian-13, functions: [log]}
    """
    campus = subject.site.networks.campus
    for host in subject.site.hosts:
        if {"mx", "submission"} & set(host.functions):
            continue
        for address in host.addresses:
            off = not any(address in network.prefix for network in campus)
            if off and not why_unreachable(address):
                yield Fault(
                    host.where,
                    f"{address} of {host.name} is in no campus network, so the border does not protect it",
                    "add the host's network to networks.campus, or mend the address",
                )


def _trusted(subject: Subject) -> Iterator[tuple[Network, str]]:
    """Each network that may relay without a login, and the words for it."""
    for network in subject.site.networks.relay:
        yield network, f"{network.prefix}"
    for gateway in subject.site.gateways:
        for network in gateway.clients:
            yield network, f"{network.prefix}, from where the gateway {gateway.name} sends,"


@rule("RELAY-2", "shared-address", Level.MUST, "no address that stands for many may relay")
def shared_address(subject: Subject) -> Iterator[Fault]:
    """A network that may relay without login holds an address that stands for many.

    Behind a NAT, a proxy, a load balancer or a container bridge everybody has one address, strangers too: a
    load balancer in front of port 25 makes the whole Internet look like itself, and a container's published
    port does the same. What is trusted because of such an address is trusted to the world, which is an open
    relay. ``shared`` lists these addresses.

    Breaks it:

        networks:
          campus: [198.51.100.0/24]
          management: [198.51.100.240/28]
          relay: [198.51.100.130/32]
          shared: [198.51.100.130/32]

    Mended:

        networks:
          campus: [198.51.100.0/24]
          management: [198.51.100.240/28]
          relay: [198.51.100.131/32]
          shared: [198.51.100.130/32]
    """
    for network, words in _trusted(subject):
        for shared in subject.site.networks.shared:
            if network.prefix.overlaps(shared.prefix):
                yield Fault(
                    network.where,
                    f"{words} may relay without login and holds {shared.prefix}, which stands for many",
                    "let those behind it log in, and trust single machines that have an address of their own",
                )


# Where engines put their bridges unless told otherwise, and addresses that are shared by what they are for.
_BRIDGES = tuple(
    (ip_network(prefix), name)
    for prefix, name in (
        ("172.17.0.0/16", "Docker's bridge"),
        ("10.88.0.0/16", "Podman's bridge"),
        ("192.168.122.0/24", "libvirt's bridge, which translates addresses"),
        ("100.64.0.0/10", "shared by a provider's customers (RFC 6598)"),
        ("fd00::/16", "where container engines' examples put their IPv6 bridge"),
    )
)


@rule("RELAY-2", "container-bridge", Level.ADVICE, "no usual container bridge may relay")
def container_bridge(subject: Subject) -> Iterator[Fault]:
    """A network that may relay without login holds addresses that container engines use for their bridges.

    Mail that reaches a published port of a container often seems to come from the bridge, whoever sent it. Then a
    stranger may relay. Where the network is really something else, waive this and say what it is.

    Breaks it:

        networks:
          campus: [198.51.100.0/24, 172.16.0.0/12]
          management: [198.51.100.240/28]
          relay: [172.17.0.1/32]

    Mended:

        networks:
          campus: [198.51.100.0/24, 172.16.0.0/12]
          management: [198.51.100.240/28]
    """
    for network, words in _trusted(subject):
        usual = [f"{prefix} ({name})" for prefix, name in _BRIDGES if network.prefix.overlaps(prefix)]
        if usual:
            yield Fault(
                network.where,
                f"{words} may relay without login and holds addresses of {', '.join(usual)}",
                "let programs in containers log in, or give them addresses of their own",
            )


# A department's network. What is wider holds more machines than anybody can answer for.
_TRUST = {4: 24, 6: 56}


@rule("RELAY-2", "relay-too-wide", Level.ADVICE, "networks trusted to relay are as narrow as they can be")
def relay_too_wide(subject: Subject) -> Iterator[Fault]:
    """A network that may relay without login is wider than a department's: than a /24, or a /56 of IPv6.

    One infected machine in it sends spam in the site's name until somebody notices, and every guest is trusted.
    Name the machines that cannot log in.

    Breaks it:

        networks:
          campus: [198.51.0.0/16]
          management: [198.51.100.240/28]
          relay: [198.51.104.0/22]

    Mended:

        networks:
          campus: [198.51.0.0/16]
          management: [198.51.100.240/28]
          relay: [198.51.104.9/32]
    """
    for network, words in _trusted(subject):
        if network.prefix.prefixlen < _TRUST[network.prefix.version]:
            yield Fault(
                network.where,
                f"{words} may relay without login and has {network.prefix.num_addresses:,} addresses",
                "name the machines that cannot log in",
            )


@rule("RELAY-2", "family-of-relay", Level.ADVICE, "networks that may relay are described in both families")
def family_of_relay(subject: Subject) -> Iterator[Fault]:
    """A network may relay by IPv4, and there is none for IPv6, which the mailers and the campus speak.

    Its machines prefer IPv6, so they are refused, now and then or always, and somebody is tempted to open more than
    is needed. Say which IPv6 network they have. For single machines this is not asked.

    Breaks it:

        networks:
          campus: [198.51.100.0/24, "2001:db8:c011::/48"]
          management: [198.51.100.240/28]
          relay: [198.51.100.128/28]
        hosts:
          mail.college.ac.uk: {addresses: [198.51.100.25, "2001:db8:c011::25"], os: debian-13}

    Mended:

        networks:
          campus: [198.51.100.0/24, "2001:db8:c011::/48"]
          management: [198.51.100.240/28]
          relay: [198.51.100.128/28, "2001:db8:c011:80::/64"]
        hosts:
          mail.college.ac.uk: {addresses: [198.51.100.25, "2001:db8:c011::25"], os: debian-13}
    """
    networks = subject.site.networks
    speaks = {address.version for host in subject.hosts("mx") for address in host.addresses}
    speaks &= {network.prefix.version for network in networks.campus}
    said = {network.prefix.version for network in networks.relay}
    for network in networks.relay:
        for version in sorted(speaks - said):
            if network.prefix.num_addresses > 1:
                yield Fault(
                    network.where,
                    f"{network.prefix} may relay without login, and no IPv{version} network may",
                    f"add the IPv{version} network of the same machines, or name single machines",
                )


RULES = (
    mailer_on_campus,
    host_on_campus,
    beyond_campus,
    campus_too_wide,
    own_hosts,
    shared_address,
    container_bridge,
    relay_too_wide,
    family_of_relay,
    submission_on_campus,
)
