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
    address of another person or of a role, then that one's mail leaves under the wrong name.

    Breaks it:

        people:
          - {login: fr03200, name: Karl Marx, address: Karl.Marx@college.ac.uk, internal: [marx@college.ac.uk]}
          - {login: fr03201, name: Eleanor Marx, address: Eleanor.Marx@college.ac.uk, aliases: [marx@college.ac.uk]}

    Mended:

        people:
          - {login: fr03200, name: Karl Marx, address: Karl.Marx@college.ac.uk, internal: [karl@post.college.ac.uk]}
          - {login: fr03201, name: Eleanor Marx, address: Eleanor.Marx@college.ac.uk, aliases: [marx@college.ac.uk]}
    """
    for first, later in subject.clashes:
        if "internal" in (first.kind, later.kind):
            inner, other = (later, first) if later.kind == "internal" else (first, later)
            yield Fault(
                later.where,
                f"the internal address {inner.address} of {inner.whose} is also {other.address} of {other.whose}",
                f"give {inner.whose} another internal address, or none ({first.whose} stands at {first.where})",
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
          - {login: fr03200, name: Karl Marx, address: Karl.Marx@college.ac.uk, internal: [karl@post.college.ac.uk]}
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


RULES = (collision, foreign, no_difference)
