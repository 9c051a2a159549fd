"""Gateways (GATE-1, GATE-2): systems that serve some of the domains, and whom to believe about them."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from mailwright.findings import Level
from mailwright.requirements.model import Fault, rule
from mailwright.requirements.subject import Subject
from mailwright.site.addresses import domain
from mailwright.site.model import Gateway, IPAddress


def _address(gateway: Gateway) -> IPAddress | None:
    """The next hop where it is an address."""
    try:
        return ip_address(gateway.next_hop)
    except ValueError:
        return None


@rule("GATE-1", "domain-not-ours", Level.MUST, "each gateway serves domains of the site")
def domain_not_ours(subject: Subject) -> Iterator[Fault]:
    """A gateway is to serve a domain that the site does not describe.

    Mail for a gateway's domain is taken in here, checked and handed on, so the domain has its MX records and
    its roles here, and stands under ``domains`` like the others.

    Breaks it:

        domains: [college.ac.uk]
        gateways:
          exchange:
            domains: [physics.college.ac.uk]
            next_hop: exchange.college.ac.uk
            recipients: physics.csv
            clients: [198.51.100.77/32]

    Mended:

        domains: [college.ac.uk, physics.college.ac.uk]
        gateways:
          exchange:
            domains: [physics.college.ac.uk]
            next_hop: exchange.college.ac.uk
            recipients: physics.csv
            clients: [198.51.100.77/32]
    """
    for gateway in subject.site.gateways:
        for name in gateway.domains:
            if name not in subject.domains:
                yield Fault(
                    gateway.where,
                    f"the gateway {gateway.name} is to serve {name}, which the site does not describe",
                    f"add {name} to domains, or leave it out of the gateway's",
                )


@rule("GATE-1", "mailbox-behind", Level.MUST, "no mailbox here has an address that a gateway serves", people=True)
def mailbox_behind(subject: Subject) -> Iterator[Fault]:
    """A person with a mailbox here has a published address in a domain that a gateway serves.

    Mail for the domain goes to the system behind the gateway, which would have to send it back: round and
    round. Move the person to the gateway's list, or give them an address in a domain that is kept here. An
    alias in the gateway's domain is no fault: it leads here before the gateway is asked.

    Breaks it:

        domains: [college.ac.uk, physics.college.ac.uk]
        gateways:
          exchange:
            domains: [physics.college.ac.uk]
            next_hop: exchange.college.ac.uk
            recipients: physics.csv
            clients: [198.51.100.77/32]
        people:
          - login: fr03200
            name: Karl Marx
            address: K.Marx@physics.college.ac.uk

    Mended:

        domains: [college.ac.uk, physics.college.ac.uk]
        gateways:
          exchange:
            domains: [physics.college.ac.uk]
            next_hop: exchange.college.ac.uk
            recipients: physics.csv
            clients: [198.51.100.77/32]
        people:
          - login: fr03200
            name: Karl Marx
            address: Karl.Marx@college.ac.uk
            aliases: [K.Marx@physics.college.ac.uk]
    """
    served = {name: gateway.name for gateway in subject.site.gateways for name in gateway.domains}
    if not served:
        return
    for person in subject.site.people:
        name = domain(person.address)
        if name in served:
            yield Fault(
                person.where,
                f"{person.address} is the address of a mailbox here, and the gateway {served[name]} serves {name}",
                "list the person for the gateway, or publish an address in a domain that is kept here",
            )


@rule("GATE-1", "next-hop-is-ours", Level.MUST, "each gateway leads to another system")
def next_hop_is_ours(subject: Subject) -> Iterator[Fault]:
    """A gateway's next hop is one of the site's own hosts.

    That host would ask the same table and hand the mail to itself, until somebody counts the Received: lines.

    Breaks it:

        domains: [college.ac.uk, physics.college.ac.uk]
        gateways:
          exchange:
            domains: [physics.college.ac.uk]
            next_hop: mail.college.ac.uk
            recipients: physics.csv
            clients: [198.51.100.77/32]

    Mended:

        domains: [college.ac.uk, physics.college.ac.uk]
        gateways:
          exchange:
            domains: [physics.college.ac.uk]
            next_hop: exchange.college.ac.uk
            recipients: physics.csv
            clients: [198.51.100.77/32]
    """
    for gateway in subject.site.gateways:
        address = _address(gateway)
        for host in subject.site.hosts:
            if gateway.next_hop == host.name or address in host.addresses:
                yield Fault(
                    gateway.where,
                    f"the gateway {gateway.name} leads to {gateway.next_hop}, which is {host.name} of this site",
                    "name the system that serves the domains",
                )


@rule("RELAY-2", "recipients-asked", Level.ADVICE, "who is behind a gateway stands in a list")
def recipients_asked(subject: Subject) -> Iterator[Fault]:
    """A gateway's next hop is asked who is there, and nothing shows that it tells the truth.

    Many systems say yes to every address and find out later: Exchange does unless its recipient filter is on.
    Then these mailers take in mail for nobody, the other system sends it back, and the bounce goes to whoever
    was forged as its sender. A list of the addresses, exported every night, cannot lie like that. Where the
    system was seen to refuse unknown recipients, waive this and say when.

    Breaks it:

        domains: [college.ac.uk, physics.college.ac.uk]
        gateways:
          exchange:
            domains: [physics.college.ac.uk]
            next_hop: exchange.college.ac.uk
            recipients: ask
            clients: [198.51.100.77/32]

    Mended:

        domains: [college.ac.uk, physics.college.ac.uk]
        gateways:
          exchange:
            domains: [physics.college.ac.uk]
            next_hop: exchange.college.ac.uk
            recipients: physics.csv
            clients: [198.51.100.77/32]
    """
    for gateway in subject.site.gateways:
        if gateway.recipients == "ask":
            yield Fault(
                gateway.where,
                f"nothing shows that {gateway.next_hop} refuses unknown recipients of {', '.join(gateway.domains)}",
                "list the recipients; or see it refuse one, and waive this with the day",
            )


@rule("GATE-1", "nobody-listed", Level.ADVICE, "somebody is behind each gateway")
def nobody_listed(subject: Subject) -> Iterator[Fault]:
    """The list of a gateway's recipients is empty.

    Mail for everybody in its domains is refused, but for roles, and so is what they send. An export that failed
    leaves such a list.

    Breaks it:

        domains: [college.ac.uk, physics.college.ac.uk]
        gateways:
          exchange:
            domains: [physics.college.ac.uk]
            next_hop: exchange.college.ac.uk
            recipients: nobody.csv
            clients: [198.51.100.77/32]

    Mended:

        domains: [college.ac.uk, physics.college.ac.uk]
        gateways:
          exchange:
            domains: [physics.college.ac.uk]
            next_hop: exchange.college.ac.uk
            recipients: physics.csv
            clients: [198.51.100.77/32]
    """
    for gateway in subject.site.gateways:
        if gateway.recipients == "listed" and not gateway.people:
            yield Fault(
                gateway.where,
                f"nobody is listed for the gateway {gateway.name}, so mail for all its domains is refused",
                "export the list anew",
            )


@rule("GATE-1", "open-road", Level.ADVICE, "mail to a system outside goes over TLS")
def open_road(subject: Subject) -> Iterator[Fault]:
    """Mail for a gateway's domains goes to a system outside the campus, over TLS only if that is offered.

    Whoever sits on the road can take the offer away and read the site's internal mail. ``verify`` asks for a
    certificate of the system's name.

    Breaks it:

        domains: [college.ac.uk, physics.college.ac.uk]
        gateways:
          exchange:
            domains: [physics.college.ac.uk]
            next_hop: 203.0.113.77
            tls: may
            recipients: physics.csv
            clients: [203.0.113.77/32]

    Mended:

        domains: [college.ac.uk, physics.college.ac.uk]
        gateways:
          exchange:
            domains: [physics.college.ac.uk]
            next_hop: physics.provider.example
            recipients: physics.csv
            clients: [203.0.113.77/32]
    """
    ends = tuple(f".{name}" for name in subject.domains)
    for gateway in subject.site.gateways:
        address = _address(gateway)
        if address is None:
            inside = f".{gateway.next_hop}".endswith(ends)
        else:
            inside = any(address in network.prefix for network in subject.site.networks.campus)
        if gateway.tls == "may" and not inside:
            yield Fault(
                gateway.where,
                f"mail for the gateway {gateway.name} goes to {gateway.next_hop}, which is not on the campus, and "
                "may go in the clear",
                "say tls: verify and name the system by the name in its certificate; or tls: encrypt",
            )


@rule("GATE-2", "no-clients", Level.ADVICE, "mail of the system behind a gateway passes it on the way out")
def no_clients(subject: Subject) -> Iterator[Fault]:
    """A gateway has no networks from which its system sends.

    Then the system may not send through these mailers, and what it sends by another road leaves as it is: with its
    own internal addresses, without a signature, and from an address that SPF does not know.

    Breaks it:

        domains: [college.ac.uk, physics.college.ac.uk]
        gateways:
          exchange:
            domains: [physics.college.ac.uk]
            next_hop: exchange.college.ac.uk
            recipients: physics.csv

    Mended:

        domains: [college.ac.uk, physics.college.ac.uk]
        gateways:
          exchange:
            domains: [physics.college.ac.uk]
            next_hop: exchange.college.ac.uk
            recipients: physics.csv
            clients: [198.51.100.77/32]
    """
    for gateway in subject.site.gateways:
        if not gateway.clients:
            yield Fault(
                gateway.where,
                f"nothing says where mail of the gateway {gateway.name} comes from, so it does not pass here",
                "give the addresses that it sends from under clients",
            )


RULES = (
    domain_not_ours,
    mailbox_behind,
    next_hop_is_ours,
    recipients_asked,
    nobody_listed,
    open_road,
    no_clients,
)
