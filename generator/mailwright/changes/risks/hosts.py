"""Mailboxes, the hosts that keep them, and what else ends with a host or a domain (SCALE-1, REMOTE-1, REMOTE-2)."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import fields

from mailwright.changes import words
from mailwright.changes.model import Comparison, Hit, Severity, risk
from mailwright.changes.risks import phrases
from mailwright.changes.risks.ends import comparable
from mailwright.formats import ldap
from mailwright.formats.engine import FormatError
from mailwright.plan.model import HostFacts, Plan, Service, WebUse
from mailwright.plan.retention import GRACE
from mailwright.site.addresses import domain
from mailwright.site.model import Directory


@risk(
    "mailbox.removed",
    Severity.LOW,
    "PRIV-1",
    "somebody's mailbox ends",
    "Before it is applied, let whoever needs the mail for the organisation's work say so. Their mail is kept for "
    f"{GRACE} days, and whoever is described again has it back (`mailwright-account removed` shows whose); after "
    "that it is deleted. Compare the number with how many are known to have left.",
)
def mailbox_removed(comparison: Comparison) -> Iterator[Hit]:
    """People lose their mailboxes: they cannot sign in, and their mail is deleted after a while.

    Mail that is needed for the organisation's work is gone with it when nobody asks in time. That somebody leaves
    is what happens each week. A login that is written otherwise looks the same: the new one gets an empty mailbox,
    and the mail stays with the old one until it is deleted.
    """
    old, new = comparison.old, comparison.new
    if not comparable(old, new):
        return
    stay = {row.login for row in new.mailboxes}
    gone = [row for row in old.mailboxes if row.login not in stay]
    now = {row.address: row.targets[0] for row in new.routes if row.kind == "mailbox"}
    called = {row.login: row.name for row in new.mailboxes}
    published = {row.targets[0]: row.address for row in old.routes if row.kind == "mailbox"}
    known = {row.login for row in old.mailboxes}
    relabelled: list[str] = []
    left: list[str] = []
    for row in gone:
        other = now.get(published.get(row.login, ""), "")
        if other and other not in known and called.get(other) == row.name:
            relabelled.append(f"{row.login} → {other}")
        else:
            left.append(row.login)
    if left:
        who = words.number(len(left), "person loses the mailbox", "people lose their mailboxes")
        yield Hit(
            f"{who}{phrases.people(left)}; nobody signs in there any more, and the mail goes after {GRACE} days"
        )
    if relabelled:
        yield Hit(
            f"{words.number(len(relabelled), 'person has', 'people have')} another login, which begins with an "
            f"empty mailbox{phrases.people(relabelled)}; the mail so far stays with the old one and is deleted "
            f"after {GRACE} days",
            Severity.MEDIUM,
            "Leave the login as it is: it shows in no address. Where it has to change, move the mail on the store "
            "(/var/vmail) and the line of the password to the new login before the old one is taken out.",
        )


@risk(
    "mailbox.moved",
    Severity.MEDIUM,
    "SCALE-1",
    "mailboxes move to another store",
    "Let the old host keep the function store, build, and apply with `ansible-playbook move.yml` in place of "
    "site.yml: it copies, switches over and copies what came meanwhile. `--check` says whose mail would move. "
    "Take the function away afterwards.",
)
def mailbox_moved(comparison: Comparison) -> Iterator[Hit]:
    """Mailboxes are on another host from now on, and mail does not move by itself.

    While mail moves, the last messages may be missing for some minutes; and until it was moved an apply stops and
    changes nothing else, so that none is left behind.
    """
    stores = {host.name for host in comparison.new.with_function("store")}
    before = {row.login: row.host for row in comparison.old.mailboxes}
    moves = Counter(
        (before[row.login], row.host)
        for row in comparison.new.mailboxes
        if before.get(row.login, row.host) != row.host
    )
    for (one, other), count in sorted(moves.items()):
        if one in stores:  # else store.removed says it
            yield Hit(
                f"{words.number(count, 'mailbox moves', 'mailboxes move')} from {one} to {other}",
                None,
                value=other,
            )


@risk(
    "store.removed",
    Severity.HIGH,
    "SCALE-1",
    "a host that keeps mailboxes is a store no more",
    "Two changes: in the first the host keeps the function store, and the mailboxes get another one (store in "
    "people.csv, or stores.csv); apply it with move.yml. When `ansible-playbook move.yml --check` names nobody "
    "any more, take the function or the host away.",
)
def store_removed(comparison: Comparison) -> Iterator[Hit]:
    """Mail is kept on a host that is to keep none, or that is to go altogether.

    Nothing copies mail away from a host that the description does not have: who switches it off loses what is
    there. While the host stays, an apply stops until its mail was moved. The same machine under another name loses
    nothing.
    """
    old, new = comparison.old, comparison.new
    now = {host.name: host for host in new.hosts}
    kept = Counter(row.host for row in old.mailboxes)
    for host in old.with_function("store"):
        after = now.get(host.name)
        if after is not None and "store" in after.functions:
            continue
        if old.live is not None:
            held = "mailboxes of people in the directory"
        elif kept[host.name]:
            held = words.number(kept[host.name], "mailbox", "mailboxes")
        else:
            continue
        gone = (
            f"{host.name} is no host of the service any more"
            if after is None
            else f"{host.name} is no store any more"
        )
        yield Hit(f"{gone}, and keeps {held}", value=after.name if after is not None else "")


@risk(
    "host.removed",
    Severity.MEDIUM,
    "SCALE-1",
    "a host goes that may have something waiting",
    "First take its functions away and apply, or at least close ports 25, 465 and 587 to it; wait until "
    "`postqueue -p` on it is empty (mail waits for five days at most); then take it out of the description and "
    "switch it off.",
)
def host_removed(comparison: Comparison) -> Iterator[Hit]:
    """A mailer, a host for submission, a list host or a log host vanishes from the description.

    What is on its disk and nowhere else goes with it: mail that it could not deliver yet, members and held posts of
    lists that owners manage, the copies of other hosts' logs. An apply does nothing to a host that is not
    described: it goes on as it is until somebody switches it off.
    """
    stay = {host.name for host in comparison.new.hosts}
    for host in comparison.old.hosts:
        if host.name in stay:
            continue
        waits = list(_waiting(host))
        if waits:
            safely = "" if _mails(host) else _COPIES_SAFELY
            yield Hit(
                f"{host.name} is no host of the service any more; {words.listed(waits)} would go with it",
                safely=safely,
            )


_COPIES_SAFELY = (
    "Leave it in the description until its copies have reached their last day, or copy them with their seals to "
    "another log host first; then take it out of the description and switch it off."
)


def _mails(host: HostFacts) -> bool:
    """Whether mail of others waits in its queue; lists are kept where mail comes in."""
    return not {"mx", "submission"}.isdisjoint(host.functions)


def _waiting(host: HostFacts) -> Iterator[str]:
    if _mails(host):
        yield "mail that waits in its queue"
    if "lists" in host.functions:
        yield "what list owners keep there, with posts that wait for moderators"
    if "log" in host.functions:
        yield "the copies of other hosts' logs"


# What people's programs are set up with, and a word for it.
_USED: dict[Service, str] = {
    "submission": "sending mail with STARTTLS",
    "submissions": "sending mail over TLS",
    "imaps": "reading mail (IMAP)",
    "pop3s": "reading mail (POP)",
    "managesieve": "filters",
}
_READ: dict[WebUse, str] = {
    "webmail": "webmail",
    "pages": "the pages for users",
    "lists": "the pages of lists",
    "carddav": "the address book for mail programs",
}
_GRAVE = frozenset[Service]({"submission", "submissions", "imaps"})


@risk(
    "service.ended",
    Severity.HIGH,
    "REMOTE-1",
    "a service that people use is offered nowhere any more",
    "Announce the day, see in the mail log who still uses it, and help those to what takes its place before it "
    "ends.",
)
def service_ended(comparison: Comparison) -> Iterator[Hit]:
    """Nobody can send, read or sign in any more in a way that worked before.

    Programs go on trying and show errors. Where it was the only way to send, people cannot send at all.
    """
    old, new = comparison.old, comparison.new
    services = {row.service for row in old.listeners} - {row.service for row in new.listeners}
    uses = {row.use for row in old.web} - {row.use for row in new.web}
    ended = [*(word for name, word in _USED.items() if name in services)]
    ended += [word for name, word in _READ.items() if name in uses]
    if ended:
        grave = bool(services & _GRAVE)
        yield Hit(
            f"{words.listed(ended)} {'ends' if len(ended) == 1 else 'end'}: no host offers "
            f"{'it' if len(ended) == 1 else 'them'} any more",
            None if grave else Severity.MEDIUM,
        )


@risk(
    "service.moved",
    Severity.MEDIUM,
    "SUPPORT-1",
    "people's mail programs name a host that does not answer them any more",
    "Let both hosts have the function for a while, tell people the new name and from when on, see in the old "
    "host's log who still comes (docs/how-to.md, Move submission to another host), and take it from the old one "
    "on the announced day.",
)
def service_moved(comparison: Comparison) -> Iterator[Hit]:
    """A host, or its name, serves people's programs no more, and another one does.

    Programs are set up with a host's name, so those of whoever was not told cannot read or send from that moment
    on. So it is with forms and scanners that submit there, and with bookmarks. A host that is only called otherwise
    is one of these.
    """
    before = {comparison.then(host): services for host, services in _served(comparison.old).items()}
    after = _served(comparison.new)
    offered = {service for services in after.values() for service in services}
    moved: defaultdict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, services in before.items():
        gone = {service for service in services & offered if service not in after.get(name, set())}
        if gone:
            moved[tuple(word for service, word in _USED.items() if service in gone)].append(name)
    for services_gone, names in moved.items():
        yield Hit(f"programs that are set up with {words.listed(names)} fail at {words.listed(services_gone)}")
    now = {(row.use, row.name) for row in comparison.new.web}
    still = {use for use, _ in now}
    left: defaultdict[str, list[str]] = defaultdict(list)
    for row in comparison.old.web:
        if row.use in _READ and row.use in still and (row.use, row.name) not in now:
            left[row.name].append(_READ[row.use])
    for name, uses in left.items():
        yield Hit(
            f"{words.listed(uses)} {'is' if len(uses) == 1 else 'are'} found under https://{name} no more",
            None,
            "Let the old name lead to the new one in the browser (a redirect on the old host) for some months, "
            "and tell people, who have it among their bookmarks.",
        )


def _served(plan: Plan) -> dict[str, set[Service]]:
    """Host → what it offers to people's programs."""
    found: defaultdict[str, set[Service]] = defaultdict(set)
    for row in plan.listeners:
        if row.service in _USED:
            found[row.host].add(row.service)
    return found


@risk(
    "domain.removed",
    Severity.HIGH,
    "ADDR-5",
    "a mail domain is given up",
    "Keep the domain with its roles while mail still comes: the mail log shows it. Give people their new "
    "addresses first, with the old ones as aliases; tell correspondents. At the end take its MX records out of the "
    "DNS, wait their time to live, and then the domain out of the description. Keep it registered, or somebody "
    "else gets its mail.",
)
def domain_removed(comparison: Comparison) -> Iterator[Hit]:
    """All mail to a domain is refused from now on, to its postmaster and abuse too.

    Whoever registers or runs the name afterwards gets what is still sent there, password resets of other services
    too. A domain that becomes a form of addresses that is used inside is still accepted.
    """
    counts = Counter(domain(row.address) for row in comparison.old.routes)
    known = set(comparison.new.settings.own_names)
    behind = {name for row in comparison.old.gateways if row.known == "live" for name in row.domains}
    for name in comparison.old.settings.domains:
        if name in known:
            continue
        held = words.number(counts[name], "address", "addresses")
        if name in behind or comparison.old.live is not None:
            held += " that stand in the description, and those that the directory or another system knows"
        yield Hit(f"{name} is no mail domain any more: mail to all of it is refused, {held}")


@risk(
    "domain.primary",
    Severity.MEDIUM,
    "ADDR-4",
    "another domain is the primary one",
    "The first of domains is the primary one: put them back into their order unless it is meant. Where it is, see "
    "that the new one has postmaster and abuse, and build into a folder that is looked at as a whole.",
)
def primary(comparison: Comparison) -> Iterator[Hit]:
    """The service goes under another name.

    What the mail system itself sends comes from another domain and goes to another postmaster. Lists without a
    domain of their own are in it, and the build and what people read are called after it. Often only the order of
    the domains was changed.
    """
    old, new = comparison.old.settings, comparison.new.settings
    if old.primary_domain != new.primary_domain and old.primary_domain in new.domains:
        yield Hit(
            f"the primary domain is {new.primary_domain} instead of {old.primary_domain}", value=new.primary_domain
        )


@risk(
    "directory.live",
    Severity.MEDIUM,
    "SCALE-1",
    "who has a mailbox is known in another place",
    "Compare first: export the directory (ldapsearch, docs/how-to.md, People in LDAP) and name the export under "
    "people; `mailwright diff` then says who would come and who would go. Change over when it says nobody.",
)
def directory_live(comparison: Comparison) -> Iterator[Hit]:
    """People are looked up in the directory from now on, or no more.

    Whoever is in the one and not in the other loses the mailbox or gets one, and this review cannot see whom. With
    a live directory the passwords are the directory's, and mail waits while no server of it answers.
    """
    before, after = comparison.old.live, comparison.new.live
    if (before is None) != (after is None):
        where = "the directory, while mail flows," if after is not None else "the description"
        yield Hit(f"{where} says who has a mailbox and which addresses from now on; nobody is compared")


@risk(
    "directory.people",
    Severity.MEDIUM,
    "SCALE-1",
    "the directory is asked otherwise for people",
    "Ask it both questions with ldapsearch, the old filter and base and the new, and compare the two lists of "
    "logins before it is applied.",
)
def directory_people(comparison: Comparison) -> Iterator[Hit]:
    """Another part of the directory, another filter or other attributes decide who people are.

    A filter that is too narrow refuses everybody's mail within seconds; one that is too wide gives mailboxes to
    entries that are nobody. This review does not see the directory. Terms in another order, and names of attributes
    in other capitals, ask the same.
    """
    before, after = comparison.old.live, comparison.new.live
    if before is None or after is None:
        return
    one, other = _asked(before), _asked(after)
    differs = [name for name in one if one[name] != other[name]]
    if differs:
        yield Hit(
            f"the directory is asked otherwise who has a mailbox ({words.listed(differs)}); it may be other "
            "people, or fewer"
        )


def _asked(directory: Directory) -> dict[str, object]:
    """What the directory is asked, written in one way; what cannot be read, as it is."""
    attributes = tuple(getattr(directory.attributes, field.name).lower() for field in fields(directory.attributes))
    try:
        base, found = str(ldap.dn(directory.base)).lower(), ldap.meaning(directory.filter)
    except FormatError:
        base, found = directory.base, directory.filter
    return {"base": base, "filter": found, "attributes": attributes}


@risk(
    "quota.lowered",
    Severity.MEDIUM,
    "SCALE-1",
    "mailboxes may hold less than before",
    "On each store, `doveadm quota get -A` says who has more already: let them tidy up first, or give them a "
    "quota of their own in people.csv.",
)
def quota_lowered(comparison: Comparison) -> Iterator[Hit]:
    """Mailboxes become smaller.

    Mail to whoever has more than the new quota already is sent back until they have deleted enough.
    """
    before = {row.login: row.quota for row in comparison.old.mailboxes}
    less: defaultdict[tuple[int, int], list[str]] = defaultdict(list)
    for row in comparison.new.mailboxes:
        was = before.get(row.login, row.quota)
        if row.quota < was:
            less[was, row.quota].append(row.login)
    for (was, now), logins in sorted(less.items()):
        yield Hit(
            f"{words.number(len(logins), 'mailbox', 'mailboxes')} may hold {words.size(now)} instead of "
            f"{words.size(was)}{phrases.people(logins)}",
            Severity.LOW if len(logins) == 1 else None,
        )
    old, new = comparison.old.settings, comparison.new.settings
    if comparison.old.live is not None and comparison.new.live is not None and new.quota < old.quota:
        yield Hit(
            f"mailboxes of which the directory says no quota may hold {words.size(new.quota)} instead of "
            f"{words.size(old.quota)}"
        )


@risk(
    "limits.lowered",
    Severity.LOW,
    "REMOTE-1",
    "people may send less at once",
    "See in the mail log how large messages are and how many recipients they have (size=, nrcpt=), and tell "
    "people before.",
)
def limits_lowered(comparison: Comparison) -> Iterator[Hit]:
    """Messages that were taken are refused, or wait.

    People learn of a limit by an error, often on the day on which a large mailing has to be out. A message may be
    smaller, or have fewer recipients, or a login may send to fewer in an hour before its mail waits.
    """
    old, new = comparison.old.settings, comparison.new.settings
    less: list[str] = []
    if new.message_size < old.message_size:
        less.append(f"a message may have {words.size(new.message_size)} instead of {words.size(old.message_size)}")
    if new.recipients < old.recipients:
        less.append(f"a message may have {new.recipients:,} recipients instead of {old.recipients:,}")
    if new.hourly < old.hourly:
        less.append(f"mail of a login waits after {new.hourly:,} recipients in an hour instead of {old.hourly:,}")
    if less:
        yield Hit("; ".join(less))
