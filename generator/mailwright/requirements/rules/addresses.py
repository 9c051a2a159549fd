"""E-mail addresses (ADDR-1 to ADDR-5): what is published, and whether it leads anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from mailwright.findings import Level
from mailwright.requirements.model import Fault, rule
from mailwright.requirements.names import in_public_dns
from mailwright.requirements.subject import Holder, Subject, member_place, whose
from mailwright.site.addresses import domain, local_part
from mailwright.site.model import AutomaticSender, Person, Role

_WORD = re.compile(r"[^\W\d_]+")
_NAME_PARTS = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*(?:[._-][^\W\d_]+(?:'[^\W\d_]+)*)+[._-]?\d*")

# Parts of a name that give a machine or its operating system away. Whole parts alone, and with care: Winston,
# an observer, Matthews2 and the office for student exchange are none.
_MACHINE = (
    r"(?:nt|windows|w2k|win2k|unix|linux|solaris|irix|hpux|aix|ultrix|vms|vax|novell|netware)"
    r"(?:srv|server|host|pc|ws)?\d*"
    r"|(?:win|exchange)(?:srv|server|host|pc|ws|\d)\d*"
    r"|[a-z]*(?:srv|(?<!ob)server)\d*"
    r"|[a-z]*(?:host|smtp|imap|mail)\d+"
    r"|(?:vm|pc|ws|mx|pop|ns)\d+"
)


def _published(person: Person) -> tuple[str, ...]:
    return (person.address, *person.aliases)


def _words(name: str) -> frozenset[str]:
    return frozenset(_WORD.findall(name.lower()))


def _opaque(local: str, person: Person) -> bool:
    """An identifier with a digit in it that holds none of the person's names."""
    return any(char.isdigit() for char in local) and not any(
        len(word) > 2 and word in local for word in _words(person.name)
    )


def _holds(text: str, part: str) -> bool:
    """Whether ``part`` stands in ``text`` between its ends or characters that are no letters or digits."""
    at = text.find(part)
    while at >= 0:
        end = at + len(part)
        if (at == 0 or not text[at - 1].isalnum()) and (end == len(text) or not text[end].isalnum()):
            return True
        at = text.find(part, at + 1)
    return False


@rule("ADDR-1", "form", Level.SHOULD, "published addresses have one of the recommended forms", people=True)
def form(subject: Subject) -> Iterator[Fault]:
    """A published address is hard to keep when it is one short word.

    Recommended are a personal name of two or more parts (``Karl.Marx``), initial and surname, best in a
    department's domain (``k.marx@chem.college.ac.uk``), and an identifier that says nothing (``fr03200``).
    A bare first name, surname or sign-in name is soon wanted by a second person, and then one of them has to
    change theirs. Aliases are free: what counts is the address that is published.

    Breaks it:

        people:
          - {login: fr03200, name: Karl Marx, address: karl@college.ac.uk}

    Mended:

        people:
          - {login: fr03200, name: Karl Marx, address: Karl.Marx@college.ac.uk, aliases: [karl@college.ac.uk]}
    """
    for person in subject.site.people:
        local = local_part(person.address).lower()
        if _NAME_PARTS.fullmatch(local) or _opaque(local, person) or person.name.lower() == local:
            continue
        yield Fault(
            person.where,
            f"{person.address} is neither a name of two parts nor an identifier that says nothing",
            "publish an address such as First.Last@…, and keep this one as an alias",
        )


@rule("ADDR-2", "login", Level.SHOULD_NOT, "no published address shows a login", people=True)
def login(subject: Subject) -> Iterator[Fault]:
    """A published address shows the name with which somebody signs in.

    Half of what is needed to sign in is then known to everybody, and the address changes when the login does.
    Two things are no fault. An opaque identifier, with a digit in it and none of the person's names, may be login
    and address at once: it is one of the forms that the note recommends. And a login that is one of the person's
    names gives nothing away as part of an address that spells the name anyway (login ``marx``, address
    ``Karl.Marx``).

    Breaks it:

        people:
          - {login: fr03200, name: Jenny Marx, address: Jenny.Marx@college.ac.uk}
          - {login: kmarx, name: Karl Marx, address: Karl.Marx@college.ac.uk, aliases: [kmarx@college.ac.uk]}

    Mended:

        people:
          - {login: fr03200, name: Jenny Marx, address: Jenny.Marx@college.ac.uk}
          - {login: kmarx, name: Karl Marx, address: Karl.Marx@college.ac.uk, aliases: [k.marx@college.ac.uk]}
    """
    for person in subject.site.people:
        name = person.login.lower()
        if len(name) < 3:
            continue
        for address in _published(person):
            local = local_part(address).lower()
            if name not in local or not _holds(local, name):
                continue
            if local == name:
                if _opaque(local, person):
                    continue
            elif name in _words(person.name):
                continue
            yield Fault(
                person.where,
                f"the address {address} shows the login {person.login}",
                "publish an address without the login, or choose another login",
            )


@rule(
    "ADDR-2",
    "machine-in-local-part",
    Level.SHOULD_NOT,
    "no published address names a machine before the @",
    people=True,
)
def machine_in_local_part(subject: Subject) -> Iterator[Fault]:
    """A published address names a machine or its operating system before the ``@``.

    Such an address misleads as soon as the machine is replaced, and until then it tells an intruder what to aim
    at. Parts of the address are compared with the described hosts' names and with the usual names of servers and
    systems (``chemsrv2``, ``nt``, ``mail2``); a part that is one of the person's own names is let pass.

    Breaks it:

        people:
          - {login: fr03200, name: Karl Marx, address: karlm-chemsrv2@college.ac.uk}

    Mended:

        people:
          - {login: fr03200, name: Karl Marx, address: Karl.Marx@college.ac.uk}
    """
    labels = sorted({re.escape(host.name.partition(".")[0]) for host in subject.site.hosts})
    pattern = re.compile(rf"(?:^|[._+'-])({'|'.join([*labels, _MACHINE])})(?=$|[._+'-])")
    for person in subject.site.people:
        for address in _published(person):
            found = pattern.search(local_part(address).lower())
            if found and found[1].rstrip("0123456789") not in _words(person.name):
                yield Fault(
                    person.where,
                    f"the address {address} names the machine or system {found[1]!r}",
                    "publish an address that names the person and nothing else",
                )


@rule("ADDR-2", "machine-in-domain", Level.SHOULD_NOT, "no mail domain names a machine")
def machine_in_domain(subject: Subject) -> Iterator[Fault]:
    """Addresses are in a domain that names a machine or its operating system.

    A domain that is, or lies under, a described host's name dies with that host, and a label such as
    ``ntserver2`` tells what runs there. Addresses belong in a domain that names the organisation or a department,
    and its MX records name the machine. The organisation's own domain may be its mail host's name as well.

    Breaks it:

        domains: [college.ac.uk, ntserver2.chem.college.ac.uk]

    Mended:

        domains: [college.ac.uk, chem.college.ac.uk]
    """
    hosts = {host.name for host in subject.site.hosts} - {subject.site.primary.name}
    machine = re.compile(_MACHINE)
    for item in subject.site.domains:
        labels = item.name.split(".")
        parents = [".".join(labels[at:]) for at in range(len(labels))]
        # Only labels below another of the site's domains are ours to judge: exchange.ac.uk may be a college.
        depth = next((at for at, name in enumerate(parents) if at and name in subject.domains), 0)
        host = next((name for name in parents if name in hosts), "")
        label = next((label for label in labels[:depth] if machine.fullmatch(label)), "")
        if host or label:
            what = f"the host {host}" if host else f"a machine or system ({label})"
            yield Fault(
                item.where,
                f"addresses in {item.name} name {what}",
                "put the addresses in a domain that names the organisation or a department",
            )


@rule("ADDR-3", "case-only", Level.MUST, "no two addresses differ in nothing but their case", people=True)
def case_only(subject: Subject) -> Iterator[Fault]:
    """Two addresses differ in nothing but upper and lower case.

    Addresses are compared without regard to case, because whoever copies one from paper will get the capitals
    wrong. So ``K.Marx`` and ``k.marx`` are one address, and only one of the two can have it.

    Breaks it:

        people:
          - {login: fr03200, name: Karl Marx, address: K.Marx@college.ac.uk}
          - {login: fr03201, name: Kate Marx, address: k.marx@college.ac.uk}

    Mended:

        people:
          - {login: fr03200, name: Karl Marx, address: Karl.Marx@college.ac.uk}
          - {login: fr03201, name: Kate Marx, address: Kate.Marx@college.ac.uk}
    """
    for first, later in subject.clashes:
        if _public(first.kind, later.kind) and local_part(first.address) != local_part(later.address):
            yield Fault(
                later.where,
                f"{later.address} of {later.whose} is {first.address} of {first.whose} in other capitals",
                f"give one of them another address ({first.whose} stands at {first.where})",
            )


@rule("ADDR-5", "claimed-twice", Level.MUST, "each address belongs to one person, role or process", people=True)
def claimed_twice(subject: Subject) -> Iterator[Fault]:
    """Two people, roles or processes have the same address.

    Mail for it could reach only one of them, so what the other one sends comes from an address at which they get
    no answer. Two automatic senders may share an address if they share where its replies go, and an automatic
    sender may use the address of a role or person that it names for its replies.

    Breaks it:

        people:
          - {login: fr03200, name: Karl Marx, address: Karl.Marx@college.ac.uk, aliases: [library@college.ac.uk]}
          - {login: fr03201, name: Rosa Luxemburg, address: Rosa.Luxemburg@college.ac.uk}
        roles:
          library: [fr03200, fr03201]

    Mended:

        people:
          - {login: fr03200, name: Karl Marx, address: Karl.Marx@college.ac.uk}
          - {login: fr03201, name: Rosa Luxemburg, address: Rosa.Luxemburg@college.ac.uk}
        roles:
          library: [fr03200, fr03201]
    """
    for first, later in subject.clashes:
        if _public(first.kind, later.kind) and local_part(first.address) == local_part(later.address):
            yield Fault(
                later.where,
                f"{later.address} belongs to {first.whose} and to {later.whose}",
                f"take it away from one of them ({first.whose} stands at {first.where})",
            )


def _public(first: str, later: str) -> bool:
    """Clashes that are not about internal addresses (INT-4), lists (LIST-1) or a role's other names (ROLE-4)."""
    kinds = {first, later}
    return not kinds & {"internal", "form", "list"} and not ("also" in kinds and kinds <= {"role", "also"})


@rule("ADDR-4", "private-tree", Level.MUST, "every mail domain is complete up to a public top level")
def private_tree(subject: Subject) -> Iterator[Fault]:
    """A mail domain ends in a name that exists on private networks alone.

    ``college.local`` looks complete and is not: nobody outside can look it up, so no address in it can be answered.
    The same goes for ``lan``, ``corp``, ``home``, ``internal``, ``intranet``, ``localdomain`` and ``private``.
    Where machines inside use such addresses, they belong under ``internal`` of the people who have them, and become
    the published ones on the way out.

    Breaks it:

        domains: [college.ac.uk, college.local]

    Mended:

        domains: [college.ac.uk]
        people:
          - login: fr03200
            name: Karl Marx
            address: Karl.Marx@college.ac.uk
            internal: [kmarx@college.ac.uk]
    """
    for item in subject.site.domains:
        if not in_public_dns(item.name):
            yield Fault(
                item.where,
                f"{item.name} exists on private networks alone, so addresses in it cannot be answered from outside",
                "use a domain under a public top level such as ac.uk",
            )


@rule("ADDR-5", "unknown-domain", Level.MUST, "every address is in a domain of the site", people=True)
def unknown_domain(subject: Subject) -> Iterator[Fault]:
    """An address is in a domain that the description does not have.

    Mail for it would never come to these mailers, or would be refused by them, so nobody could answer what is sent
    from it. A subdomain with addresses is a mail domain of its own and has to be described as one.

    Breaks it:

        domains: [college.ac.uk]
        people:
          - {login: fr03200, name: Karl Marx, address: k.marx@chem.college.ac.uk}

    Mended:

        domains: [college.ac.uk, chem.college.ac.uk]
        people:
          - {login: fr03200, name: Karl Marx, address: k.marx@chem.college.ac.uk}
    """
    known = subject.domains
    for holder, addresses in _with_addresses(subject):
        for address in addresses:
            if domain(address) not in known:
                yield Fault(
                    holder.where,
                    f"{address} of {whose(holder)} is in a domain that the site does not describe",
                    f"add {domain(address)} to domains, or use an address in one of them",
                )
    for role in subject.site.roles:
        for name in role.domains:
            if name not in known:
                yield Fault(
                    role.where,
                    f"the role {role.local} is to exist in {name}, which the site does not describe",
                    f"add {name} to domains, or leave it out of the role's domains",
                )


def _with_addresses(subject: Subject) -> Iterator[tuple[Holder, Iterable[str]]]:
    for person in subject.site.people:
        yield person, _published(person)
    for sender in subject.site.automatic_senders:
        yield sender, sender.addresses


@rule("ADDR-5", "leads-nowhere", Level.MUST, "every member of a role is somebody", people=True)
def leads_nowhere(subject: Subject) -> Iterator[Fault]:
    """A role has a member that does not exist.

    A member is a login, an address of the site, or an address elsewhere. A login that nobody has, or an address in
    one of the site's domains that belongs to nobody, is mail that bounces or is lost, most often because somebody
    left. Another role is named by its address (``helpdesk@college.ac.uk``), not by its name alone.

    Breaks it:

        roles:
          support: [fr03200, fr03201, helpdesk]
          helpdesk: [fr03200, fr03201]

    Mended:

        roles:
          support: [fr03200, fr03201, helpdesk@college.ac.uk]
          helpdesk: [fr03200, fr03201]
    """
    roles = {role.local.lower() for role in subject.site.roles}
    for role in subject.site.roles:
        for index, member in enumerate(role.members):
            if subject.resolve(member) is None:
                kind = "an address that nobody has" if "@" in member else "nobody's login"
                fix = "name a person's login, an address of the site or an address elsewhere"
                if member in roles:
                    fix = f"write {member}@{subject.site.primary.name} for the role of that name"
                yield Fault(member_place(role, index), f"the role {role.local} reaches {member}, {kind}", fix)


@rule("ADDR-5", "circle", Level.MUST, "no role leads back to itself")
def circle(subject: Subject) -> Iterator[Fault]:
    """Mail for a role goes round in a circle.

    Two roles that name each other, or a longer chain that comes back to its start, deliver to nobody and end as a
    bounce. It does not help that one of them has people as well: the mailer gives up on the whole address.

    Breaks it:

        roles:
          support: [helpdesk@college.ac.uk, fr03200]
          helpdesk: [support@college.ac.uk, fr03201]

    Mended:

        roles:
          support: [helpdesk@college.ac.uk, fr03200]
          helpdesk: [fr03200, fr03201]
    """
    done: set[int] = set()
    for start in subject.site.roles:
        if id(start) in done:
            continue
        path: list[tuple[Holder, Iterator[tuple[int, str]]]] = [(start, iter(enumerate(start.members)))]
        on_path = {id(start)}
        while path:
            holder, rest = path[-1]
            step = next(rest, None)
            if step is None:
                path.pop()
                on_path.discard(id(holder))
                done.add(id(holder))
                continue
            index, member = step
            target = subject.resolve(member)
            if not isinstance(target, Role | AutomaticSender):
                continue
            if id(target) in on_path:
                ring = [each for each, _ in path]
                ring = ring[[id(each) for each in ring].index(id(target)) :]
                if any(isinstance(each, Role) for each in ring):  # else it is ADDR-5.replies-nowhere
                    yield Fault(
                        member_place(holder, index) if isinstance(holder, Role) else holder.where,
                        f"mail goes round in a circle: {' → '.join(whose(each) for each in [*ring, target])}",
                        f"take {member} out of {whose(holder)}",
                    )
            elif id(target) not in done:
                on_path.add(id(target))
                path.append((target, iter(enumerate(subject.next_of(target)))))


@rule("ADDR-5", "replies-nowhere", Level.MUST, "replies to automatic senders reach somebody", people=True)
def replies_nowhere(subject: Subject) -> Iterator[Fault]:
    """Replies to an automatic sender reach nobody.

    A web form or a cron job may send as an address that no person has, but the address has to exist: failure
    reports and angry answers must end with somebody. ``replies`` names the login or address that gets them; an
    address that the automatic sender alone has is no end.

    Breaks it:

        automatic_senders:
          web-forms:
            purpose: Forms on the college's web pages
            addresses: [web-forms@college.ac.uk]
            replies: web-forms@college.ac.uk

    Mended:

        automatic_senders:
          web-forms:
            purpose: Forms on the college's web pages
            addresses: [web-forms@college.ac.uk]
            replies: postmaster@college.ac.uk
    """
    for sender in subject.site.automatic_senders:
        seen = {id(sender)}
        target = subject.resolve(sender.replies)
        while isinstance(target, AutomaticSender) and id(target) not in seen:
            seen.add(id(target))
            target = subject.resolve(target.replies)
        if target is None or isinstance(target, AutomaticSender):
            yield Fault(
                sender.where,
                f"replies to the automatic sender {sender.login} go to {sender.replies}, where nobody gets them",
                "let replies be the login or address of a person or role",
            )


RULES = (
    form,
    login,
    machine_in_local_part,
    machine_in_domain,
    case_only,
    private_tree,
    claimed_twice,
    unknown_domain,
    leads_nowhere,
    circle,
    replies_nowhere,
)
