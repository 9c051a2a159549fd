"""Internal addresses (INT-4): what the outgoing system rewrites."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.findings import Level
from mailwright.requirements.model import Fault, rule
from mailwright.requirements.names import in_public_dns
from mailwright.requirements.subject import Subject
from mailwright.site.addresses import domain, key


@rule("INT-4", "collision", Level.MUST, "each internal address belongs to one person", people=True)
def collision(subject: Subject) -> Iterator[Fault]:
    """An internal address is somebody else's address too.

    On the way out an internal address becomes the published address of the person who has it. If it is also the
    address of another person or of a role, then that one's mail leaves under the wrong name. It is so with what a
    system behind a gateway calls somebody, too.

    Breaks it:

        people:
          - {login: fr03200, name: Karl Marx, address: Karl.Marx@college.ac.uk, internal: [marx@college.ac.uk]}
          - {login: fr03201, name: Eleanor Marx, address: Eleanor.Marx@college.ac.uk, aliases: [marx@college.ac.uk]}

    Mended:

        people:
          - {login: fr03200, name: Karl Marx, address: Karl.Marx@college.ac.uk, internal: [kmarx@college.ac.uk]}
          - {login: fr03201, name: Eleanor Marx, address: Eleanor.Marx@college.ac.uk, aliases: [marx@college.ac.uk]}
    """
    for first, later in subject.clashes:
        if later.kind == "form":  # what internal_domains makes of somebody's address
            yield Fault(
                first.where,
                f"{first.address} of {first.whose} is also what {later.whose} is called inside (internal_domains)",
                f"give {first.whose} another address ({later.whose} stands at {later.where})",
            )
        elif "internal" in (first.kind, later.kind):
            inner, other = (later, first) if later.kind == "internal" else (first, later)
            yield Fault(
                later.where,
                f"the internal address {inner.address} of {inner.whose} is also {other.address} of {other.whose}",
                f"give {inner.whose} another internal address, or none ({first.whose} stands at {first.where})",
            )
    listed = [one for gateway in subject.site.gateways for one in gateway.people]
    published = {key(one.address) for one in listed}
    for one in listed:
        internal = key(one.internal)
        claim = subject.owners.get(internal)
        if internal == key(one.address) or (claim is None and internal not in published):
            continue
        of = f" of {claim.whose}" if claim is not None else " of somebody else behind a gateway"
        yield Fault(
            one.where,
            f"{one.address} is called {one.internal} behind the gateway, which is the address{of}",
            "write what that system alone calls the person, or leave it empty",
        )


@rule("INT-4", "foreign", Level.MUST, "internal addresses are the organisation's own", people=True)
def foreign(subject: Subject) -> Iterator[Fault]:
    """An internal address is in a domain that is not the organisation's.

    Internal addresses are rewritten on the way out. An address with another organisation's domain, such as a
    person's private one, is not ours to rewrite: mail about it would be changed behind the writer's back. Internal
    addresses lie in a mail domain, in a name under one, or in a private tree such as ``local``.

    Breaks it:

        people:
          - {login: fr03200, name: Karl Marx, address: Karl.Marx@college.ac.uk, internal: [karl@provider.example]}

    Mended:

        people:
          - {login: fr03200, name: Karl Marx, address: Karl.Marx@college.ac.uk, internal: [kmarx@college.ac.uk]}
    """
    ends = tuple(f".{name}" for name in sorted(subject.domains))
    for person in subject.site.people:
        for address in person.internal:
            if in_public_dns(domain(address)) and not f".{domain(address)}".endswith(ends):
                yield Fault(
                    person.where,
                    f"the internal address {address} is in a domain that is not the organisation's",
                    "leave it out; only addresses of the organisation are rewritten",
                )
    for inner in subject.site.internal_domains:
        if in_public_dns(inner.name) and not f".{inner.name}".endswith(ends):
            yield Fault(
                inner.where,
                f"{inner.name} is described as a form of {inner.published} and is not the organisation's",
                "leave it out; only addresses of the organisation are rewritten",
            )


@rule("INT-4", "no-difference", Level.ADVICE, "internal addresses differ from the published ones", people=True)
def no_difference(subject: Subject) -> Iterator[Fault]:
    """An internal address is the person's published address or alias.

    That is how it should be, and then there is nothing to write down: ``internal`` is for addresses that differ and
    must not get out. Listed twice, an address is both rewritten and kept, and nobody can tell which is
    meant.

    Breaks it:

        people:
          - {login: fr03200, name: Karl Marx, address: Karl.Marx@college.ac.uk, internal: [karl.marx@college.ac.uk]}

    Mended:

        people:
          - {login: fr03200, name: Karl Marx, address: Karl.Marx@college.ac.uk}
    """
    for person in subject.site.people:
        if not person.internal:
            continue
        public = {key(address) for address in (person.address, *person.aliases)}
        for address in person.internal:
            if key(address) in public:
                yield Fault(
                    person.where,
                    f"the internal address {address} is a published address of the same person",
                    "leave it out of internal",
                )


@rule("INT-4", "not-deliverable", Level.ADVICE, "internal addresses that got out still arrive", people=True)
def not_deliverable(subject: Subject) -> Iterator[Fault]:
    """An internal address cannot be written to from outside.

    Such addresses get out: in old signatures, on paper, in other people's address books. Mail to them is taken
    in if their domain is a mail domain, or one that ``internal_domains`` describes, with its MX record. Names
    on private networks are let be: nobody outside ever could write to them.

    Breaks it:

        people:
          - login: fr03200
            name: Karl Marx
            address: Karl.Marx@college.ac.uk
            internal: [karlm@unix3.college.ac.uk]

    Mended:

        internal_domains:
          unix3.college.ac.uk: {published: college.ac.uk, until: 2999-12-31}
        people:
          - login: fr03200
            name: Karl Marx
            address: Karl.Marx@college.ac.uk
            internal: [karlm@unix3.college.ac.uk]
    """
    taken = subject.domains | {inner.name for inner in subject.site.internal_domains}
    taken |= {host.name for host in subject.hosts("mx")}
    ends = tuple(f".{name}" for name in sorted(subject.domains))
    for person in subject.site.people:
        for address in person.internal:
            ours = f".{domain(address)}".endswith(ends)  # of others' domains the rule before speaks
            if ours and domain(address) not in taken:
                yield Fault(
                    person.where,
                    f"mail from outside to the internal address {address} does not arrive",
                    f"describe {domain(address)} under internal_domains, with the day until which mail is accepted",
                )


@rule("INT-4", "form-of-nothing", Level.MUST, "each internal domain is a form of a mail domain")
def form_of_nothing(subject: Subject) -> Iterator[Fault]:
    """An internal domain is said to be a form of a domain that the site does not have.

    Nobody has an address in it, so nobody could be reached by the form, and nothing could be rewritten.

    Breaks it:

        internal_domains:
          unix3.college.ac.uk: {published: chem.college.ac.uk}

    Mended:

        internal_domains:
          unix3.college.ac.uk: {published: college.ac.uk}
    """
    for inner in subject.site.internal_domains:
        if inner.published not in subject.domains:
            yield Fault(
                inner.where,
                f"{inner.name} is to be a form of {inner.published}, which the site does not describe",
                "name one of the mail domains",
            )


@rule("INT-4", "form-is-a-domain", Level.MUST, "no internal domain is a mail domain of its own")
def form_is_a_domain(subject: Subject) -> Iterator[Fault]:
    """An internal domain is a mail domain too.

    Addresses in a mail domain are published: they leave as they are. In an internal domain they become others. Both
    cannot be.

    Breaks it:

        domains: [college.ac.uk, chem.college.ac.uk]
        internal_domains:
          chem.college.ac.uk: {published: college.ac.uk}

    Mended:

        domains: [college.ac.uk, chem.college.ac.uk]
        internal_domains:
          unix3.chem.college.ac.uk: {published: chem.college.ac.uk}
    """
    for inner in subject.site.internal_domains:
        if inner.name in subject.domains:
            yield Fault(
                inner.where,
                f"{inner.name} is a mail domain, so addresses in it leave as they are",
                "take it out of domains or out of internal_domains",
            )


@rule("INT-4", "form-is-over", Level.ADVICE, "no internal domain is described beyond its last day")
def form_is_over(subject: Subject) -> Iterator[Fault]:
    """The last day of an internal domain is over.

    People were told that mail to it is refused from then on. It is still accepted, and what is sent in that form is
    still rewritten, until it is taken out of the description: its MX record goes then, and mail to it is refused.
    Look in the logs first for those who still write to it. If they are many, agree on a new day.

    Breaks it:

        internal_domains:
          unix3.college.ac.uk: {published: college.ac.uk, until: 2019-12-31}

    Mended:

        internal_domains:
          unix3.college.ac.uk: {published: college.ac.uk, until: 2999-12-31}
    """
    for inner in subject.site.internal_domains:
        if inner.until is not None and inner.until < subject.today:
            yield Fault(
                inner.where,
                f"mail to {inner.name} was to be accepted until {inner.until}, and still is",
                "take it out of internal_domains, or agree on a new day",
            )


@rule("INT-4", "form-of-the-unknown", Level.ADVICE, "whoever has an internal form is known when the site is built")
def form_of_the_unknown(subject: Subject) -> Iterator[Fault]:
    """An internal domain is a form of a domain whose people are not known when the site is built.

    They are looked up while mail flows: in the directory, or at the next hop of a gateway. Only roles are known
    by the form then, and mail to everybody else in it is refused. Let the directory say what people are called
    inside, or the list of the gateway.

    Breaks it:

        domains: [college.ac.uk, physics.college.ac.uk]
        gateways:
          exchange:
            domains: [physics.college.ac.uk]
            next_hop: exchange.college.ac.uk
            recipients: ask
            clients: [198.51.100.77/32]
        internal_domains:
          unix3.physics.college.ac.uk: {published: physics.college.ac.uk}

    Mended:

        domains: [college.ac.uk, physics.college.ac.uk]
        gateways:
          exchange:
            domains: [physics.college.ac.uk]
            next_hop: exchange.college.ac.uk
            recipients: physics.csv
            clients: [198.51.100.77/32]
        internal_domains:
          unix3.physics.college.ac.uk: {published: physics.college.ac.uk}
    """
    asked = {name for each in subject.site.gateways if each.recipients != "listed" for name in each.domains}
    behind = {name for each in subject.site.gateways for name in each.domains}
    for inner in subject.site.internal_domains:
        if inner.published in asked or (subject.site.live and inner.published not in behind):
            yield Fault(
                inner.where,
                f"people of {inner.published} are looked up while mail flows, so none is known as {inner.name}",
                "let the directory, or the list of the gateway, say what people are called inside",
            )


RULES = (
    collision,
    foreign,
    no_difference,
    not_deliverable,
    form_of_nothing,
    form_is_a_domain,
    form_is_over,
    form_of_the_unknown,
)
