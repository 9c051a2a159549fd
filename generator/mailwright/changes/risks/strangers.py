"""Hosts, clocks, and what people are told to trust, that are not the organisation's own."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import fields
from urllib.parse import urlsplit

from mailwright.changes import words
from mailwright.changes.model import Comparison, Hit, Severity, risk
from mailwright.changes.personal import personal
from mailwright.changes.risks.parties import astray, bare, beside, within
from mailwright.plan.contacts import SERVICE_DESK
from mailwright.plan.model import Plan
from mailwright.site.addresses import domain

_HOLDS = {
    "mx": "takes in mail from the world",
    "submission": "is given people's passwords, and all that they send",
    "store": "keeps people's mail",
    "log": "is sent the log of who writes to whom",
    "web": "is given the passwords that people type into webmail",
    "lists": "has all posts to lists",
}
"""What a host with a function gets to see."""


@risk(
    "host.outside",
    Severity.HIGH,
    "PRIV-1",
    "a host that is not the organisation's gets mail, passwords or logs",
    "Ask whose machine it is and where it stands, and the data protection officer; put the agreement with whoever "
    "runs it first. A machine of the organisation has a name in one of its domains and an address of its campus: "
    "where a network of its own is missing there, add it under networks.campus in a change before.",
)
def host(comparison: Comparison) -> Iterator[Hit]:
    """A host whose name is in none of the organisation's domains, or whose address is outside its campus, is given
    something to do.

    Whoever runs the name or the network can read what passes there: mail, passwords, logs of who writes to whom.
    A host that was so before is nothing new; one more beside it weighs less, and so does one whose domain or
    network becomes the organisation's in the same change.
    """
    old, new = comparison.old, comparison.new
    before = {row.name: row for row in old.hosts}
    called = {now: was for was, now in comparison.renamed.items()}
    others = [called.get(row.name, row.name) for row in old.hosts]
    away = any(astray(row, old) for row in old.hosts)
    for row in new.hosts:
        was = before.get(row.name)
        holds = [function for function in _HOLDS if function in row.functions]
        fresh = [one for one in holds if was is None or one not in was.functions]
        # What becomes the organisation's own in the same change was not so when it was looked at last.
        strange = not within(row.name, old.settings.domains)
        renamed = row.name in called and strange and within(called[row.name], old.settings.domains)
        addresses = astray(row, old, new)
        moved = bool(addresses) and (was is None or not astray(was, old)) and bool(holds)
        if not (renamed and holds) and not moved and not (fresh and (strange or addresses)):
            continue
        named = not strange or beside(row.name, others) or within(row.name, new.settings.domains)
        known = named and (not addresses or away or not astray(row, new))
        why = []
        if strange:
            why.append("in none of the organisation's domains")
        if addresses:
            why.append(f"outside the campus ({words.some(addresses)})")
        does = [_HOLDS[one] for one in (holds if moved or renamed else fresh)]
        if any((link.client, link.service) == (row.name, "smtp") for link in new.links):
            does.append("may send through the mailers without a login")
        yield Hit(
            f"{row.name}, {' and '.join(why)}, {'; '.join(does)}",
            Severity.MEDIUM if known else None,
            value=row.name,
        )


@risk(
    "clocks.strangers",
    Severity.LOW,
    "MSG-3",
    "all clocks follow one party that none followed before",
    "Keep at least two servers of those that were followed before, or of different places, among time.servers.",
)
def clocks(comparison: Comparison) -> Iterator[Hit]:
    """Every time server is another than before, and all of them are in one domain of somebody else.

    Whoever runs them sets the time of all hosts: of logs that are to be evidence, of certificates that have run
    out, of signatures. Several servers of one party outvote nobody.
    """
    before = {bare(row.server) for row in comparison.old.clocks}
    after = {bare(row.server) for row in comparison.new.clocks}
    if not after or not before or any(server in before or beside(server, before) for server in after):
        return
    first = min(after)
    one = all(beside(server, [first]) for server in after) or len(after) == 1
    if one and not any(within(server, comparison.new.settings.domains) for server in after):
        where = first if len(after) == 1 else first.partition(".")[2]
        yield Hit(f"all hosts take the time from {where} alone, from which none took it before", value=first)


_LINK = re.compile(r"(?:[a-z][a-z0-9+.-]*:)?//[^\s<>()\[\]\"'`]+", re.IGNORECASE)
_ADDRESS = re.compile(r"[^\s<>()\[\]:;,\"'`/]+@([a-z0-9-]+(?:\.[a-z0-9-]+)+)", re.IGNORECASE)


@risk(
    "told.outside",
    Severity.MEDIUM,
    "SUPPORT-1",
    "people are told to trust an address or link outside the organisation",
    "Open the link, and write to the address, before it is approved; ask whoever named it. Best is a page or an "
    "address in one of the organisation's domains that leads on to the other.",
)
def told(comparison: Comparison) -> Iterator[Hit]:
    """The service desk, a published document, a contact or a page names an address or link of somebody else.

    People type their passwords where the service desk sends them. A page that looks like the organisation's, and
    is not, is how most passwords are lost. What was named before is nothing new.
    """
    old, new = _told(comparison.old), _told(comparison.new)
    own = {bare(row.name) for row in comparison.new.hosts}  # host.outside says what they are
    domains = (*comparison.old.settings.domains, *comparison.new.settings.domains)
    before = {host for said in old.values() for host in said}
    found: defaultdict[tuple[tuple[str, ...], Severity], list[str]] = defaultdict(list)
    for (what, instead, severity), named in new.items():
        fresh = sorted(named - before - own)
        strange = tuple(one for one in fresh if not within(one, domains) and not beside(one, before))
        if strange:
            found[strange, severity].append(personal(what, instead or what))
    for (strange, severity), told_ in found.items():
        verb = "names" if len(told_) == 1 else "name"
        yield Hit(
            f"{words.some(told_)} {verb} {words.some(strange)}, outside the organisation",
            severity,
            value=strange[0],
        )


def _told(plan: Plan) -> dict[tuple[str, str, Severity], set[str]]:
    """What is told people (with other words where it names somebody) and how much they trust it → the hosts and
    mail domains that it names."""
    found: defaultdict[tuple[str, str, Severity], set[str]] = defaultdict(set)
    desk = plan.settings.service_desk
    if desk is not None:
        found["the service desk", "", Severity.MEDIUM] = {
            name for name in (_host(desk.url), bare(domain(desk.email))) if name
        }
    for row in plan.publications:
        if row.url:
            found[f"the document {row.document}", "", Severity.MEDIUM].add(_host(row.url))
    for contact in plan.contacts:
        if contact.name != SERVICE_DESK and contact.email:
            found[f"the contact {contact.name}", "a contact", Severity.LOW].add(bare(domain(contact.email)))
    for text in plan.settings.pages.texts if plan.settings.pages is not None else ():
        found[f"the text {text.block} ({text.language})", "", Severity.LOW] |= _named(text.text)
    agreement = plan.settings.agreement
    if agreement is not None:
        for field in fields(agreement):
            value = getattr(agreement, field.name)
            if isinstance(value, str):
                found["the service agreement", "", Severity.LOW] |= _named(value)
    return found


def _named(text: str) -> set[str]:
    """Hosts and mail domains in a text."""
    hosts = {_host(link) for link in _LINK.findall(text)} | {bare(name) for name in _ADDRESS.findall(text)}
    return hosts - {""}


def _host(url: str) -> str:
    try:
        return bare(urlsplit(url).hostname or "")
    except ValueError:
        return ""
