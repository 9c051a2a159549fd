"""Addresses that take mail no more, or whose mail somebody else gets (ADDR-5, GATE-1, INT-4)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_network

from mailwright.changes import words
from mailwright.changes.model import Comparison, Hit, Severity, risk
from mailwright.changes.personal import personal
from mailwright.changes.risks import phrases
from mailwright.changes.risks.behind import elsewhere
from mailwright.changes.risks.ends import PEOPLES, Ends, Reach, asked_elsewhere, comparable, kept_domains, owners
from mailwright.changes.risks.logins import handed_on
from mailwright.changes.risks.networks import within
from mailwright.changes.risks.readers import AUTHORITY
from mailwright.plan.model import Gateway, Plan, Route
from mailwright.site.addresses import domain, key, local_part
from mailwright.site.distribution import OF_THE_SYSTEM


@risk(
    "address.removed",
    Severity.MEDIUM,
    "ADDR-5",
    "an address that took mail takes none any more",
    "Keep the address as an alias in people.csv, or as a role, until nobody writes to it any more: the mail log "
    "shows who still does. Those who have it on paper or in their address books go on using it.",
)
def removed(comparison: Comparison) -> Iterator[Hit]:
    """Mail to an address is refused that was accepted before.

    Whoever writes to it gets an error (550), and the message is not kept anywhere. When somebody leaves, that is as
    it should be. It is a surprise where the person stays, or where it was a program's address and nobody sees the
    errors. Addresses of roles, lists and whole domains have rules of their own.
    """
    leaving: list[str] = []
    dropped: list[str] = []
    internal: list[str] = []
    programs: list[str] = []
    behind: defaultdict[str, list[str]] = defaultdict(list)
    logins: set[str] = set()
    owner = owners(comparison.old)
    stay = {row.login for row in comparison.new.mailboxes} - handed_on(comparison.old, comparison.new)
    systems = {name: row.name for row in comparison.new.gateways for name in row.domains}
    for route in _vanished(comparison):
        if route.kind in PEOPLES:
            login = owner.get(route.address, "")
            if login and login not in stay:
                logins.add(login)
                leaving.append(route.address)
            else:
                (internal if route.kind == "internal" else dropped).append(route.address)
        elif route.kind == "automatic" and local_part(route.address) not in OF_THE_SYSTEM:
            programs.append(route.address)
        elif route.kind == "gateway" and domain(route.address) in systems:
            behind[systems[domain(route.address)]].append(route.address)
    if leaving:
        who = f"{words.number(len(logins), 'person leaves', 'people leave')}{phrases.people(sorted(logins))}"
        count = "the address" if len(leaving) == 1 else f"the {len(leaving):,} addresses"
        yield Hit(
            f"{who}; mail to {count} they had is refused from now on (550)",
            Severity.LOW,
            "Where mail still has to reach somebody, let the line in people.csv stand for a while with an "
            "automatic reply, or give the address to a role. Those who write to it learn from the error alone.",
        )
    if dropped:
        yield Hit(
            f"{_are(dropped)} refused from now on (550), although the person whose "
            f"{'address it was' if len(dropped) == 1 else 'address each was'} stays{phrases.people(dropped)}"
        )
    if internal:
        yield Hit(
            f"mail to {words.number(len(internal), 'address', 'addresses')} used inside is refused from now on, "
            f"and nobody may send as {'it' if len(internal) == 1 else 'them'} any more{phrases.people(internal)}",
            Severity.LOW,
            "Look in the mail log (orig_to=) who still writes to it; take it out of people.csv when nobody does.",
        )
    if programs:
        yield Hit(
            f"replies and error messages to {words.some(programs)} are refused from now on (550)",
            None,
            "Take the address out of automatic_senders when the program sends no more, and leave it until then.",
        )
    for name, gone in sorted(behind.items()):
        yield Hit(
            f"{_are(gone)} refused from now on, and was passed to the system behind the gateway {name} before"
            f"{phrases.people(gone)}",
            Severity.LOW,
            "Compare with what the system itself says who is there: an export that broke off looks like this.",
        )


def _are(gone: list[str]) -> str:
    return f"mail to {words.number(len(gone), 'address', 'addresses')} is"


def _vanished(comparison: Comparison) -> Iterator[Route]:
    """Addresses that take mail no more, of domains that stay: what a live directory or the next hop knows does."""
    old, new = comparison.old, comparison.new
    stay = {row.address for row in new.routes}
    domains = kept_domains(old, new) - asked_elsewhere(new)
    people = comparable(old, new)
    for route in old.routes:
        if route.address in stay or domain(route.address) not in domains:
            continue
        if people or route.kind not in PEOPLES:
            yield route


@dataclass(slots=True)
class _Led:
    """Addresses whose mail comes to the same places outside that it did not come to before."""

    addresses: list[str] = field(default_factory=list)
    weight: Severity = Severity.LOW
    copies: bool = False  # somebody inside gets it as well


@risk(
    "address.outside",
    Severity.HIGH,
    "ADDR-5",
    "mail to one of the site's addresses is led outside the organisation",
    "Ask whoever owns the mail, and the data protection officer, before it leaves: nothing that is kept about "
    "mail here holds there. Put a person or role of the organisation beside the outside address, so that somebody "
    "sees what comes, and say in the change who outside it is and until when.",
)
def outside(comparison: Comparison) -> Iterator[Hit]:
    """Mail to an address comes to somebody outside the organisation's domains who did not get it before.

    Strangers then read what people believe they send to the organisation, and its logs end at its border. It makes
    no difference whether the address itself is changed, or a role, list or internal form that it leads to; a role
    that comes and leads outside weighs less. A system behind a gateway is the organisation's own, and so is a host
    below one of its domains, if the domain was the organisation's before. The team of a provider answers for
    roles of its customers.
    """
    before, after = Ends(comparison.old), Ends(comparison.new)
    old = {row.address: row for row in comparison.old.routes}
    found: defaultdict[frozenset[str], _Led] = defaultdict(_Led)
    strangers = _Known(before, comparison.old)
    sharing = comparison.new.settings.sharing
    team = frozenset(map(key, sharing.team)) if sharing is not None else frozenset()
    for route in comparison.new.routes:
        one = old.get(route.address)
        if one is not None and route.kind == "mailbox" and one.kind == "mailbox":
            continue
        then, now = before.of(route.address).outside if one is not None else frozenset(), after.of(route.address)
        come = now.outside - then - (team if route.kind == "role" else frozenset())
        if not come and one is not None and route.kind != "gateway":
            # Behind a gateway whose domain becomes the organisation's in the same change.
            come = frozenset(each for each in now.behind if before.outside(each)) - then
        if not come:
            continue
        weight = _weight(route, then, come) if one is not None else strangers.weight(route, come)
        if weight is None:
            continue
        led = found[come]
        led.addresses.append(route.address)
        led.weight = max(led.weight, weight)
        led.copies = led.copies or bool(now.people or now.behind)
    nobodys = words.nobodys(comparison.old, comparison.new)
    domains = frozenset(comparison.new.settings.domains)
    for come, led in sorted(found.items(), key=lambda each: sorted(each[0])):
        told = phrases.addresses(_told(led.addresses, domains), nobodys)
        who = phrases.addresses(sorted(come), nobodys)
        yield Hit(
            f"mail to {told} {'also goes' if led.copies else 'goes'} to {who}, outside the organisation",
            led.weight,
            value=min(come),
        )


def _told(found: list[str], domains: frozenset[str]) -> list[str]:
    """Without those of the mail system and forms used inside, which follow the others, unless there are none."""
    own = [one for one in found if domain(one) in domains and local_part(one) not in OF_THE_SYSTEM]
    return own or found


def _weight(route: Route, then: frozenset[str], come: frozenset[str]) -> Severity:
    """Members elsewhere are nothing strange on a list; and a contractor who reads a role may have another desk,
    though the same domain is no kinship where anybody gets an address."""
    beside = bool(then) and {domain(one) for one in come} <= {domain(one) for one in then}
    if route.kind == "list":
        return Severity.LOW if beside else Severity.MEDIUM
    return Severity.MEDIUM if beside else Severity.HIGH


class _Known:
    """Whom outside mail reaches already."""

    def __init__(self, ends: Ends, plan: Plan) -> None:
        self._behind: set[str] = set()
        self._reached: defaultdict[str, set[str]] = defaultdict(set)
        for row in plan.routes:
            if row.kind in ("role", "automatic"):
                self._reached[local_part(row.address)] |= ends.of(row.address).outside
            elif row.kind == "gateway":
                self._behind.update(domain(one) for one in ends.of(row.address).outside)
        self._all = frozenset(one for found in self._reached.values() for one in found)

    def weight(self, route: Route, come: frozenset[str]) -> Severity | None:
        """How grave it is that a new address leads to them; None: not at all, or said elsewhere.

        A list may have members elsewhere. A role that another domain gets is what it was. A system behind a gateway
        that knows everybody by outside addresses knows one more.
        """
        if route.kind == "gateway":
            return None if {domain(one) for one in come} <= self._behind else Severity.MEDIUM
        if route.kind not in ("role", "automatic") or come <= self._reached[local_part(route.address)]:
            return None
        if local_part(route.address) in AUTHORITY and not come <= self._all:
            return None  # certificate.addresses says it
        return Severity.LOW if come <= self._all else Severity.MEDIUM


@risk(
    "address.redirected",
    Severity.MEDIUM,
    "ADDR-5",
    "somebody else gets the mail for a person's address",
    "Ask the person whose address it was, and tell those who write to it. Where work has to go on after somebody "
    "left, make it a role with two members rather than another person's alias: what comes for the person shows at "
    "once.",
)
def redirected(comparison: Comparison) -> Iterator[Hit]:
    """Mail for a person's address comes to somebody else in the organisation.

    Those who write do not know, and may write what only the one they know should read. Most harm is done where the
    person is still there: their mail goes to another without a word. The same person under another address or
    another login is nobody else.
    """
    old, new = comparison.old, comparison.new
    if not comparable(old, new):
        return
    names, called = ({row.login: row.name for row in plan.mailboxes} for plan in (old, new))
    before = {row.address: row for row in old.routes if row.kind in PEOPLES}
    forms = {inner.name for inner in (*old.settings.internal_domains, *new.settings.internal_domains)}
    owner, ends = owners(old), Ends(new)
    taken: list[str] = []
    handed: list[str] = []
    for route in new.routes:
        one = before.get(route.address)
        login = owner.get(route.address, "")
        if one is None or not login or domain(route.address) in forms:
            continue
        if route.kind == "mailbox" and route.targets == (login,):
            continue
        now = ends.of(route.address)
        if login in now.people and route.kind in ("role", "list") and one.kind != "mailbox":
            continue  # its owner shares it with others now
        others = _others(now, login, names, called)
        if others:
            said = f"{route.address} ({login} → {words.some(sorted(others))})"
            (taken if login in called and one.kind == "mailbox" else handed).append(said)
    for severity, told in elsewhere(comparison):
        (taken if severity is Severity.HIGH else handed).append(told)
    if taken:
        yield Hit(
            f"mail to {words.number(len(taken), 'address', 'addresses')} of people who stay comes to somebody else"
            f"{phrases.people(taken)}",
            Severity.HIGH,
        )
    if handed:
        yield Hit(
            f"mail to {words.number(len(handed), 'address', 'addresses')} that a person had comes to somebody else"
            f"{phrases.people(handed)}"
        )


def _others(now: Reach, login: str, names: dict[str, str], called: dict[str, str]) -> frozenset[str]:
    """Those who get somebody's mail and are not that person, who may have another login."""
    return frozenset(
        one
        for one in now.people
        if one != login and not (login not in called and one not in names and called.get(one) == names.get(login))
    )


@risk(
    "form.ended",
    Severity.MEDIUM,
    "INT-4",
    "a form of address that was used inside is accepted no more",
    "Set a last day (until, under internal_domains) and tell people; look in the mail log (orig_to=) who still "
    "writes to it after that day, and take it out when nobody does (docs/how-to.md, Retire a form of address).",
)
def form_ended(comparison: Comparison) -> Iterator[Hit]:
    """Mail to an old form of addresses is refused, or will be sooner than was said.

    Whoever still writes to it gets an error: such addresses stand in old letters and in the address books of people
    outside for years.
    """
    new = {inner.name: inner for inner in comparison.new.settings.internal_domains}
    for inner in comparison.old.settings.internal_domains:
        now = new.get(inner.name)
        if now is None and inner.name not in comparison.new.settings.domains:
            over = inner.until is not None and inner.until < comparison.today
            said = "whose last day was" if over else "which was to be taken until"
            day = f", {said} {inner.until}," if inner.until is not None else ""
            yield Hit(
                f"mail to addresses in {inner.name}{day} is refused from now on", Severity.LOW if over else None
            )
        elif now is not None and now.until is not None and (inner.until is None or now.until < inner.until):
            yield Hit(
                f"mail to addresses in {inner.name} is promised until {now.until} instead of "
                f"{inner.until or 'without an end'}",
                Severity.LOW,
                "Tell those who use the form the new day; documents/addresses.html of the build has it.",
                inner.name,
            )


@risk(
    "gateway.moved",
    Severity.MEDIUM,
    "GATE-1",
    "mail for a domain goes to another system",
    "See first that the new system takes mail for the domain from the site's mailers and refuses whom it does not "
    "know; keep the old one running until its queue is empty, and move what people have there. Try it with one "
    "address.",
)
def gateway_moved(comparison: Comparison) -> Iterator[Hit]:
    """All mail for a domain is passed to another system than before, or to one where none was.

    Whoever runs that system reads the mail. What people have in their old mailboxes stays there, and while the new
    system does not know the domain, everything to it comes back.
    """
    before = {name: row for row in comparison.old.gateways for name in row.domains}
    ours = frozenset(comparison.old.settings.domains)
    ends = Ends(comparison.new)
    peoples = {domain(row.address) for row in comparison.old.routes if row.kind in PEOPLES}
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for row in comparison.new.gateways:
        for name in row.domains:
            one = before.get(name)
            then = _system(one) if one is not None else _HERE if name in ours else ""
            if then and then != _system(row):
                found[then, _system(row)].append(name)
    for (then, now), names in sorted(found.items()):
        outside = _outside(now.partition(" ")[0], comparison.new, ends)
        nobodys = then == _HERE and comparison.old.live is None and peoples.isdisjoint(names)
        where = ", outside the organisation," if outside else ""
        yield Hit(
            f"mail for {words.some(sorted(names))} goes to {now}{where} instead of {then}",
            Severity.HIGH if outside and not nobodys else None,
            value=now.partition(" ")[0],
        )


_HERE = "the mailboxes here"


def _outside(host: str, plan: Plan, ends: Ends) -> bool:
    """Whether a system is not the organisation's: by its name, or by its address where it is named by that."""
    try:
        address = ip_network(host)
    except ValueError:
        return ends.outside(f"@{host}")
    return not within((address,), plan.settings.campus_networks)


def _system(row: Gateway) -> str:
    return row.next_hop.lower() if row.port == 25 else f"{row.next_hop.lower()} port {row.port}"


@risk(
    "gateway.removed",
    Severity.HIGH,
    "GATE-1",
    "a domain's mail is passed to its own system no more",
    "Give those behind the gateway mailboxes here first (people.csv), move their mail, and then take the gateway "
    "out; or retire the whole domain. Compare the system's own list of addresses with people.csv.",
)
def gateway_removed(comparison: Comparison) -> Iterator[Hit]:
    """A domain stays, and the system that had its mailboxes gets no more mail.

    Whoever was behind the gateway and has no mailbox here is refused from then on, and what is in the old mailboxes
    stays there. Of a system that was asked who is there, nobody here knows how many they are.
    """
    old, new = comparison.old, comparison.new
    served = {name for row in new.gateways for name in row.domains}
    taken = {row.address for row in new.routes}
    for row in old.gateways:
        names = [name for name in row.domains if name in new.settings.domains and name not in served]
        if not names:
            continue
        was = f"mail for {words.some(names)} is not passed to {row.next_hop} any more"
        if row.known == "live":
            yield Hit(f"{was}; who of those there has a mailbox here instead is not known")
            continue
        listed = [one.address for one in old.routes if one.kind == "gateway" and domain(one.address) in names]
        lost = [address for address in listed if address not in taken]
        if lost:
            count = f"{len(lost):,} of {len(listed):,}" if len(lost) < len(listed) else "all"
            people = personal(f" ({words.some(lost)})", "")
            yield Hit(f"{was}, and {count} of the addresses behind it are refused from now on{people}")
        else:
            yield Hit(
                f"{was}; everybody behind it has a mailbox here instead, and old mail is there", Severity.MEDIUM
            )
