"""Audit trail (AUDIT-1 to AUDIT-6): who sent what, how long that is known, and whom to call."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailwright.findings import Level, Place
from mailwright.requirements.model import Fault, rule
from mailwright.requirements.subject import Subject
from mailwright.site.model import AutomaticSender, Contact, Person, ServiceDesk

# Groups of Debian that hold ordinary users, or programs that have no business with mail logs.
_GENERAL_GROUPS = frozenset(
    {
        "users", "nogroup", "nobody", "staff", "games", "www-data", "dialout", "audio", "video", "plugdev",
        "netdev", "operator", "mail", "vmail", "postfix", "postdrop", "dovecot", "dovenull", "list", "daemon",
        "news", "proxy", "backup", "ssl-cert", "disk", "_rspamd", "_chrony", "uucp",
    }
)  # fmt: skip
_SHORT = 28  # days


@rule("AUDIT-1", "shared-login", Level.MUST, "each login is one person's or one process's", people=True)
def shared_login(subject: Subject) -> Iterator[Fault]:
    """An automatic sender has a person's login.

    The log names the login of whoever sent a message. If two share it, it names nobody. A process gets a login of
    its own, as each person has; a login that differs in nothing but its case is the same.

    Breaks it:

        automatic_senders:
          fr03200:
            purpose: Forms on the college's web pages
            addresses: [web-forms@college.ac.uk]
            replies: postmaster@college.ac.uk

    Mended:

        automatic_senders:
          web-forms:
            purpose: Forms on the college's web pages
            addresses: [web-forms@college.ac.uk]
            replies: postmaster@college.ac.uk
    """
    seen: dict[str, Place] = {}
    holders: tuple[Person | AutomaticSender, ...] = (*subject.site.people, *subject.site.automatic_senders)
    for holder in holders:
        name = holder.login.lower()
        first = seen.setdefault(name, holder.where)
        if first is not holder.where:
            yield Fault(
                holder.where,
                f"the login {holder.login} is taken already, so the log could not tell the two apart",
                f"give each a login of its own (the first stands at {first})",
            )


@rule("AUDIT-1", "relay-without-login", Level.ADVICE, "whoever relays without login is one machine")
def relay_without_login(subject: Subject) -> Iterator[Fault]:
    """A whole network may relay without login.

    Of such a message the log knows an address and a time. To get from there to a person the site has to keep access
    logs that say who had that address then, and nothing here knows whether it does. For a single machine, such as a
    printer, the description itself says which it is. Where access logs are kept, waive this and say so.

    Breaks it:

        networks:
          campus: [198.51.100.0/24]
          management: [198.51.100.240/28]
          relay: [198.51.100.128/26]

    Mended:

        networks:
          campus: [198.51.100.0/24]
          management: [198.51.100.240/28]
          relay: [198.51.100.130/32]
    """
    for network in subject.site.networks.relay:
        if network.prefix.num_addresses > 1:
            yield Fault(
                network.where,
                f"machines of {network.prefix} may relay without login, so the log names an address and no person",
                "let them log in on port 587, or name the single machines that cannot",
            )


_SEVERAL = 3
"""From so many hosts on, a message is looked for in one place."""


@rule("AUDIT-1", "log-host", Level.ADVICE, "a larger service keeps the logs of all hosts together")
def log_host(subject: Subject) -> Iterator[Fault]:
    """A service of several hosts has no host that keeps the logs of all.

    A message passes several hosts, and who sent it stands in the log of the first. With a log host it is found
    in one place, also when the other host is down, or when somebody has broken in there and wiped its log.

    Breaks it:

        hosts:
          mail.college.ac.uk: {addresses: [198.51.100.25], os: debian-13, functions: [mx, submission]}
          mx2.college.ac.uk: {addresses: [198.51.100.26], os: debian-13, functions: [mx]}
          store.college.ac.uk: {addresses: [198.51.100.31], os: debian-13, functions: [store]}

    Mended:

        hosts:
          mail.college.ac.uk: {addresses: [198.51.100.25], os: debian-13, functions: [mx, submission]}
          mx2.college.ac.uk: {addresses: [198.51.100.26], os: debian-13, functions: [mx]}
          store.college.ac.uk: {addresses: [198.51.100.31], os: debian-13, functions: [store]}
          log.college.ac.uk: {addresses: [198.51.100.33], os: debian-13, functions: [log]}
    """
    hosts = subject.site.hosts
    if len(hosts) >= _SEVERAL and not subject.hosts("log"):
        yield Fault(
            hosts[0].where,
            f"each of {len(hosts)} hosts keeps its own mail log, and no host keeps them all",
            "give a host the function log",
        )


@rule("AUDIT-1", "log-host-apart", Level.ADVICE, "the log host does nothing that outsiders reach")
def log_host_apart(subject: Subject) -> Iterator[Fault]:
    """The host that keeps the logs of all is also one that outsiders reach.

    Whoever breaks into a mailer or a store can change its log. The copies elsewhere are worth most on a host that
    answers to nobody but the other hosts and the administrators.

    Breaks it:

        hosts:
          mail.college.ac.uk: {addresses: [198.51.100.25], os: debian-13, functions: [mx, submission, log]}
          store.college.ac.uk: {addresses: [198.51.100.31], os: debian-13, functions: [store]}

    Mended:

        hosts:
          mail.college.ac.uk: {addresses: [198.51.100.25], os: debian-13, functions: [mx, submission, store]}
          log.college.ac.uk: {addresses: [198.51.100.33], os: debian-13, functions: [log]}
    """
    keepers = subject.hosts("log")
    if len(subject.site.hosts) > 1 and all(len(host.functions) > 1 for host in keepers):
        for host in keepers:
            yield Fault(
                host.where,
                f"{host.name} keeps the logs of all hosts, and outsiders reach it",
                "give the function log to a host of its own",
            )


@rule("AUDIT-3", "agreed-period", Level.MUST, "logs are kept for the agreed period")
def agreed_period(subject: Subject) -> Iterator[Fault]:
    """Mail logs are kept for a shorter time than was agreed.

    ``days`` is what the hosts do; ``minimum_days`` is what the organisation agreed on (92 unless it says otherwise,
    after the note's three months).

    Breaks it:

        logging: {days: 30, minimum_days: 92}

    Mended:

        logging: {days: 92, minimum_days: 92}
    """
    logging = subject.site.logging
    if logging.days < logging.minimum_days:
        yield Fault(
            logging.where,
            f"mail logs are kept for {logging.days} days, less than the agreed {logging.minimum_days}",
            f"keep them for {logging.minimum_days} days or more",
        )


@rule("AUDIT-3", "maximum", Level.MUST, "logs are not kept beyond their maximum")
def maximum(subject: Subject) -> Iterator[Fault]:
    """Mail logs are to be kept for longer than they may be.

    Logs of who wrote to whom are personal data. ``maximum_days`` says when the last copy has to be gone, and no log
    can be kept for longer and gone at once.

    Breaks it:

        logging: {days: 400, maximum_days: 365}

    Mended:

        logging: {days: 365, maximum_days: 365}
    """
    logging = subject.site.logging
    if max(logging.days, logging.minimum_days) > logging.maximum_days:
        yield Fault(
            logging.where,
            f"mail logs are to be kept for {max(logging.days, logging.minimum_days)} days, "
            f"but have to be gone after {logging.maximum_days}",
            "bring days, minimum_days and maximum_days into order",
        )


@rule("AUDIT-3", "short-period", Level.ADVICE, "the agreed period leaves time to ask")
def short_period(subject: Subject) -> Iterator[Fault]:
    """The agreed period is shorter than four weeks.

    Complaints about mail often come weeks later, after a holiday or through several hands. The note gives three
    months as its example.

    Breaks it:

        logging: {days: 92, minimum_days: 7}

    Mended:

        logging: {days: 92, minimum_days: 92}
    """
    logging = subject.site.logging
    if logging.minimum_days < _SHORT:
        yield Fault(
            logging.where,
            f"the agreed period of {logging.minimum_days} days is over before most complaints come",
            "agree on a longer one, for example 92 days",
        )


@rule("AUDIT-4", "readers", Level.MUST, "mail logs are read by a group of their own")
def readers(subject: Subject) -> Iterator[Fault]:
    """The group that may read mail logs is a general one.

    Groups such as ``users`` or ``www-data`` hold ordinary users, or programs that are open to the world, and all of
    them could see who writes to whom. The default ``mailreaders`` is made for the purpose and starts empty; ``adm``
    is Debian's own group for readers of logs.

    Breaks it:

        logging: {readers: users}

    Mended:

        logging: {readers: mailreaders}
    """
    logging = subject.site.logging
    if logging.readers in _GENERAL_GROUPS:
        yield Fault(
            logging.where,
            f"the group {logging.readers} is a general one, and would read all mail logs",
            "name a group for readers of mail logs alone, such as mailreaders",
        )


@rule("AUDIT-5", "contact", Level.MUST, "there is a technical contact")
def contact(subject: Subject) -> Iterator[Fault]:
    """The description names nobody whom Janet could reach.

    Breaks it:

        organisation: {name: College of Example, contacts: []}

    Mended:

        organisation:
          name: College of Example
          contacts:
            - {name: Karl Marx, email: Karl.Marx@college.ac.uk, telephone: +44 1632 960001}
            - {name: Rosa Luxemburg, email: Rosa.Luxemburg@college.ac.uk, telephone: +44 1632 960002}
    """
    if not subject.site.organisation.contacts:
        yield Fault(
            subject.site.organisation.where,
            "no technical contact is named, so Janet can reach nobody",
            "name two people with telephone numbers under contacts",
        )


@rule("AUDIT-5", "telephone", Level.MUST, "each contact has a telephone number")
def telephone(subject: Subject) -> Iterator[Fault]:
    """A technical contact has no telephone number.

    When mail is what does not work, mail is no way to reach the people who can mend it.

    Breaks it:

        organisation:
          name: College of Example
          contacts:
            - {name: Karl Marx, email: Karl.Marx@college.ac.uk}
            - {name: Rosa Luxemburg, email: Rosa.Luxemburg@college.ac.uk, telephone: +44 1632 960002}

    Mended:

        organisation:
          name: College of Example
          contacts:
            - {name: Karl Marx, email: Karl.Marx@college.ac.uk, telephone: +44 1632 960001}
            - {name: Rosa Luxemburg, email: Rosa.Luxemburg@college.ac.uk, telephone: +44 1632 960002}
    """
    for each in subject.site.organisation.contacts:
        if not each.telephone:
            yield Fault(each.where, f"{each.name} has no telephone number", "add telephone")


@rule("AUDIT-5", "telephone-complete", Level.MUST, "each telephone number can be dialled from outside")
def telephone_complete(subject: Subject) -> Iterator[Fault]:
    """A telephone number is an extension, or too short or too long to be dialled from outside.

    Janet calls from outside. A number has 7 to 15 digits (E.164), with the country code after ``+`` or the area
    code after ``0``; an extension comes last, after ``x`` or ``ext``.

    Breaks it:

        organisation:
          name: College of Example
          contacts:
            - {name: Karl Marx, email: Karl.Marx@college.ac.uk, telephone: "4711"}
            - {name: Rosa Luxemburg, email: Rosa.Luxemburg@college.ac.uk, telephone: +44 1632 960002}

    Mended:

        organisation:
          name: College of Example
          contacts:
            - {name: Karl Marx, email: Karl.Marx@college.ac.uk, telephone: +44 1632 960001 ext 4711}
            - {name: Rosa Luxemburg, email: Rosa.Luxemburg@college.ac.uk, telephone: +44 1632 960002}
    """
    desk = subject.site.organisation.service_desk
    for each in (*subject.site.organisation.contacts, *((desk,) if desk else ())):
        number = re.split(r"x|ext", each.telephone, maxsplit=1)[0].strip()
        if not number:
            continue
        digits = sum(char.isdigit() for char in number)
        if not 7 <= digits <= 15 or not number.lstrip("(").startswith(("+", "0")):
            yield Fault(
                each.where,
                f"{each.telephone} of {_who(each)} cannot be dialled from outside",
                "write it with country or area code, such as +44 1632 960001",
            )


def _who(each: Contact | ServiceDesk) -> str:
    return each.name if isinstance(each, Contact) else "the service desk"


@rule("AUDIT-5", "contact-address", Level.MUST, "mail for each contact and the service desk arrives")
def contact_address(subject: Subject) -> Iterator[Fault]:
    """A contact's address, or the service desk's, is in the site's domains and belongs to nobody.

    Breaks it:

        organisation:
          name: College of Example
          contacts:
            - {name: Karl Marx, email: Carl.Marx@college.ac.uk, telephone: +44 1632 960001}
            - {name: Rosa Luxemburg, email: Rosa.Luxemburg@college.ac.uk, telephone: +44 1632 960002}

    Mended:

        organisation:
          name: College of Example
          contacts:
            - {name: Karl Marx, email: Karl.Marx@college.ac.uk, telephone: +44 1632 960001}
            - {name: Rosa Luxemburg, email: Rosa.Luxemburg@college.ac.uk, telephone: +44 1632 960002}
    """
    desk = subject.site.organisation.service_desk
    for each in (*subject.site.organisation.contacts, *((desk,) if desk else ())):
        if subject.resolve(each.email) is None:
            yield Fault(
                each.where,
                f"{each.email} of {_who(each)} belongs to nobody",
                "use an address of a person or role that is described, or one elsewhere",
            )


@rule("AUDIT-5", "second-contact", Level.ADVICE, "there is more than one technical contact")
def second_contact(subject: Subject) -> Iterator[Fault]:
    """There is one technical contact alone.

    One person is sometimes away. Two entries for the same person, or with the same telephone number, are one.

    Breaks it:

        organisation:
          name: College of Example
          contacts:
            - {name: Karl Marx, email: Karl.Marx@college.ac.uk, telephone: +44 1632 960001}

    Mended:

        organisation:
          name: College of Example
          contacts:
            - {name: Karl Marx, email: Karl.Marx@college.ac.uk, telephone: +44 1632 960001}
            - {name: Rosa Luxemburg, email: Rosa.Luxemburg@college.ac.uk, telephone: +44 1632 960002}
    """
    contacts = subject.site.organisation.contacts
    people = {each.name.lower() for each in contacts}
    numbers = {re.sub(r"[^0-9x]", "", each.telephone) for each in contacts} - {""}
    if contacts and (len(people) < 2 or (len(numbers) == 1 and all(each.telephone for each in contacts))):
        yield Fault(
            contacts[0].where,
            f"{contacts[0].name} is the only technical contact who can be reached separately",
            "name a second person with a telephone number of their own",
        )


@rule("AUDIT-6", "registry", Level.ADVICE, "the registry contact is named")
def registry(subject: Subject) -> Iterator[Fault]:
    """The description does not say which registry entry is the organisation's.

    Janet may use the person in the RIPE database. What is not written down is not kept up to date.

    Breaks it:

        organisation: {name: College of Example}

    Mended:

        organisation: {name: College of Example, registry: COLL1-RIPE}
    """
    organisation = subject.site.organisation
    if not organisation.registry:
        yield Fault(
            organisation.where,
            "the handle of the organisation's contact in the RIPE registry is not given",
            "add registry",
        )


RULES = (
    shared_login,
    relay_without_login,
    log_host,
    log_host_apart,
    agreed_period,
    maximum,
    short_period,
    readers,
    contact,
    telephone,
    telephone_complete,
    contact_address,
    second_contact,
    registry,
)
