"""Required e-mail addresses (ROLE-1 to ROLE-5): roles, and who is behind them."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.findings import Level
from mailwright.requirements.model import Fault, rule
from mailwright.requirements.subject import Subject, member_place
from mailwright.site.addresses import key
from mailwright.site.model import Person, Role
from mailwright.site.role_names import FACILITIES, REQUIRED


def _required(role: Role) -> bool:
    return any(local.lower() in REQUIRED for local in (role.local, *role.also))


@rule("ROLE-1", "postmaster-abuse", Level.MUST, "postmaster and abuse exist in every domain")
def postmaster_abuse(subject: Subject) -> Iterator[Fault]:
    """A domain has no postmaster or no abuse address.

    They are where the rest of the world turns when mail from or to the domain goes wrong, or when somebody in it
    does. Subdomains need them as well. A role is in every domain unless it says otherwise.

    Breaks it:

        domains: [college.ac.uk, chem.college.ac.uk]
        roles:
          postmaster: [fr03200, fr03201]
          abuse: {members: [fr03200, fr03201], domains: [college.ac.uk]}

    Mended:

        domains: [college.ac.uk, chem.college.ac.uk]
        roles:
          postmaster: [fr03200, fr03201]
          abuse: [fr03200, fr03201]
    """
    for domain in subject.site.domains:
        for local in REQUIRED:
            if f"{local}@{domain.name}" not in subject.owners:
                yield Fault(
                    domain.where,
                    f"{local}@{domain.name} does not exist",
                    f"add a role {local} with at least two members, in every domain",
                )


@rule("ROLE-2", "facility-mailbox", Level.MUST, "each facility has the mailbox that RFC 2142 names")
def facility_mailbox(subject: Subject) -> Iterator[Fault]:
    """A domain offers a service, but the mailbox that RFC 2142 names for it does not exist.

    People who have trouble with a web site write to ``webmaster`` without looking it up. Once a domain has a
    facility it needs the prescribed name: ``dns`` hostmaster, ``ftp`` ftp, ``information`` info, ``marketing``
    marketing, ``network`` noc, ``news`` usenet, ``sales`` sales, ``security`` security, ``support`` support,
    ``uucp`` uucp, ``web`` webmaster. Other names (``www``, ``news``) may be given besides, with ``also``.

    Breaks it:

        domains:
          - {name: college.ac.uk, facilities: [web]}
        roles:
          postmaster: [fr03200, fr03201]
          abuse: [fr03200, fr03201]

    Mended:

        domains:
          - {name: college.ac.uk, facilities: [web]}
        roles:
          postmaster: [fr03200, fr03201]
          abuse: [fr03200, fr03201]
          webmaster: [fr03200, fr03201]
    """
    for domain in subject.site.domains:
        for facility in domain.facilities:
            address = f"{FACILITIES[facility]}@{domain.name}"
            if address not in subject.owners:
                yield Fault(
                    domain.where,
                    f"{domain.name} has the facility {facility}, but {address} does not exist",
                    f"add a role {FACILITIES[facility]}, or give that name to a role with also (RFC 2142)",
                )


@rule("ROLE-3", "someone-here", Level.ADVICE, "postmaster and abuse reach somebody in the organisation")
def someone_here(subject: Subject) -> Iterator[Fault]:
    """Mail for postmaster or abuse goes to outside addresses alone.

    A contractor may well answer it. But the organisation answers for the answer, and if nobody in it sees the mail,
    nobody notices that it lies unread. (The team of a provider answers for its customers: SCALE-2.)

    Breaks it:

        roles:
          postmaster: [desk@contractor.example, duty@contractor.example]

    Mended:

        roles:
          postmaster: [desk@contractor.example, fr03200]
    """
    for role in subject.site.roles:
        reach = subject.reach(role)
        outside = {key(address) for address in reach.outside}
        if _required(role) and outside - subject.team and not reach.people:
            yield Fault(
                role.where,
                f"the role {role.local} reaches nobody here, only {', '.join(reach.outside)}",
                "add the login of somebody who sees whether it is answered",
            )


@rule("ROLE-4", "alternative-taken", Level.MUST, "each name of a role is that role's alone")
def alternative_taken(subject: Subject) -> Iterator[Fault]:
    """A role's other name is already a name of another role.

    Names under ``also`` are addresses like any other, in every domain of the role. Two roles cannot share one.

    Breaks it:

        roles:
          helpdesk: {members: [fr03200, fr03201], also: [support]}
          support: [fr03201, fr03200]

    Mended:

        roles:
          helpdesk: {members: [fr03200, fr03201]}
          support: [fr03201, fr03200]
    """
    for first, later in subject.clashes:
        if {first.kind, later.kind} <= {"role", "also"} and "also" in (first.kind, later.kind):
            yield Fault(
                later.where,
                f"{later.address} is a name of {first.whose} and of {later.whose}",
                f"leave the name to one of them ({first.whose} stands at {first.where})",
            )


@rule("ROLE-4", "sender-unknown", Level.MUST, "whoever may send as a role exists", people=True)
def sender_unknown(subject: Subject) -> Iterator[Fault]:
    """Somebody may send as a role, but nobody has that login.

    Most often somebody left. A login that comes back later would then write in the role's name.

    Breaks it:

        roles:
          helpdesk: {members: [fr03200, fr03201], senders: [fr03200, gone99]}

    Mended:

        roles:
          helpdesk: {members: [fr03200, fr03201], senders: [fr03200]}
    """
    automatic = {sender.login for sender in subject.site.automatic_senders}
    for role in subject.site.roles:
        for login in role.senders:
            # a member that does not exist is said once, by ADDR-5.leads-nowhere
            if login not in subject.logins and login not in automatic and login not in role.members:
                yield Fault(
                    role.where,
                    f"{login} may send as the role {role.local}, but is nobody's login",
                    "take the login out of senders",
                )


@rule("ROLE-4", "no-sender", Level.ADVICE, "somebody can answer in the name of each role")
def no_sender(subject: Subject) -> Iterator[Fault]:
    """Nobody can send as a role.

    Then answers come from people's own addresses, and the next message goes to the person instead of the role. The
    senders are the members that are logins, unless ``senders`` names others; a role whose members are addresses
    has to name them. (The team of a provider answers in its own name where a role is its alone.)

    Breaks it:

        roles:
          helpdesk: [fr03200, fr03201]
          support: [helpdesk@college.ac.uk]

    Mended:

        roles:
          helpdesk: [fr03200, fr03201]
          support: {members: [helpdesk@college.ac.uk], senders: [fr03200, fr03201]}
    """
    for role in subject.site.roles:
        if not role.senders and not subject.team.issuperset(key(member) for member in role.members):
            yield Fault(
                role.where,
                f"nobody can send as the role {role.local}, so nobody can answer in its name",
                "name the logins that may, under senders",
            )


@rule("ROLE-5", "one-person", Level.ADVICE, "no role hangs on one person")
def one_person(subject: Subject) -> Iterator[Fault]:
    """A role reaches one person alone.

    While that person is ill, on holiday or gone, mail for the role waits. What counts is who gets the mail in the
    end: members that are roles or aliases are followed, and a person who is reached twice is still one person. An
    address elsewhere counts as one, since nothing is known of who reads it.

    Breaks it:

        roles:
          postmaster: [fr03200]

    Mended:

        roles:
          postmaster: [fr03200, fr03201]
    """
    for role in subject.site.roles:
        reach = subject.reach(role)
        if len(reach.people) == 1 and not reach.outside:
            yield Fault(
                role.where,
                f"the role {role.local} reaches {reach.people[0]} alone",
                "add a second person, or a team's address",
            )


@rule("ROLE-5", "outside-only", Level.ADVICE, "each role reaches somebody in the organisation")
def outside_only(subject: Subject) -> Iterator[Fault]:
    """A role reaches outside addresses alone.

    Nobody in the organisation then sees the mail or notices when it is no longer read, and the organisation's
    business leaves it. (For postmaster and abuse, ROLE-3.someone-here says the same. The team of a provider is part
    of what a customer has agreed on: SCALE-2.)

    Breaks it:

        roles:
          webmaster: [web@agency.example, studio@agency.example]

    Mended:

        roles:
          webmaster: [web@agency.example, fr03200]
    """
    for role in subject.site.roles:
        reach = subject.reach(role)
        outside = {key(address) for address in reach.outside}
        if outside - subject.team and not reach.people and not _required(role):
            yield Fault(
                role.where,
                f"the role {role.local} reaches nobody here, only {', '.join(reach.outside)}",
                "add the login of somebody in the organisation",
            )


@rule("ROLE-5", "same-person-twice", Level.ADVICE, "no role lists one person twice")
def same_person_twice(subject: Subject) -> Iterator[Fault]:
    """One person is a member of a role twice, by login and by address or under two addresses.

    The list looks longer than it is: the second line is no stand-in for the first.

    Breaks it:

        roles:
          postmaster: [fr03200, Karl.Marx@college.ac.uk, fr03201]

    Mended:

        roles:
          postmaster: [fr03200, fr03201]
    """
    for role in subject.site.roles:
        seen: dict[str, str] = {}
        for index, member in enumerate(role.members):
            target = subject.resolve(member)
            name = target.login if isinstance(target, Person) else key(target) if isinstance(target, str) else ""
            if not name:
                continue
            if name in seen:
                yield Fault(
                    member_place(role, index),
                    f"in the role {role.local}, {member} and {seen[name]} are the same",
                    f"leave {member} out",
                )
            seen.setdefault(name, member)


@rule("ROLE-5", "personal-alias", Level.ADVICE, "no role name is one person's alias", people=True)
def personal_alias(subject: Subject) -> Iterator[Fault]:
    """A role name of RFC 2142 is an address of one person.

    The address exists, and so do its duties, but they hang on that person's presence and leave with them. Make it a
    role with at least two members.

    Breaks it:

        people:
          - {login: fr03200, name: Karl Marx, address: Karl.Marx@college.ac.uk, aliases: [webmaster@college.ac.uk]}
          - {login: fr03201, name: Rosa Luxemburg, address: Rosa.Luxemburg@college.ac.uk}

    Mended:

        people:
          - {login: fr03200, name: Karl Marx, address: Karl.Marx@college.ac.uk}
          - {login: fr03201, name: Rosa Luxemburg, address: Rosa.Luxemburg@college.ac.uk}
        roles:
          webmaster: [fr03200, fr03201]
    """
    for domain in subject.site.domains:
        for local in sorted({*REQUIRED, *FACILITIES.values()}):
            claim = subject.owners.get(f"{local}@{domain.name}")
            if claim is not None and isinstance(claim.holder, Person) and claim.kind != "internal":
                yield Fault(
                    claim.where,
                    f"{claim.address} is a role, but an address of {claim.whose} alone",
                    f"make {local} a role with at least two members",
                )


RULES = (
    postmaster_abuse,
    facility_mailbox,
    someone_here,
    alternative_taken,
    sender_unknown,
    no_sender,
    one_person,
    outside_only,
    same_person_twice,
    personal_alias,
)
