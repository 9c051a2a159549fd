"""Who reads the mail for roles, and for the addresses that certificate authorities trust."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from mailwright.changes import words
from mailwright.changes.model import Comparison, Hit, Severity, risk
from mailwright.changes.risks import phrases
from mailwright.changes.risks.ends import Ends, Reach
from mailwright.changes.risks.roles import PRESCRIBED
from mailwright.plan.model import Plan
from mailwright.site.addresses import domain, local_part

NEEDED = frozenset({"hostmaster", "postmaster", "webmaster"})
"""Of the local parts that authorities trust, those that a domain has for other reasons (RFC 2142)."""

AUTHORITY = NEEDED | {"admin", "administrator"}
"""Local parts to which certificate authorities write before they issue a certificate for the domain (CA/Browser
Forum Baseline Requirements, 3.2.2.4.4)."""


@risk(
    "role.handed",
    Severity.MEDIUM,
    "ROLE-5",
    "a role's mail goes to entirely other people",
    "Let one of those who had it stay for some weeks, and take them out in another change. Ask them before: they "
    "know which matters are open.",
)
def handed(comparison: Comparison) -> Iterator[Hit]:
    """Nobody who got a role's mail gets it from now on; others do.

    They know nothing of what is open, and what is told to a role in confidence is told to strangers to it. One who
    goes and another who comes is no matter, and neither are those who read a prescribed role's mail before, or who
    follow people that have left.
    """
    old, new = comparison.old, comparison.new
    if (old.live is None) != (new.live is None):
        return
    before, after = Ends(old), Ends(new)
    now = {row.address for row in new.routes}
    renamed = relabelled(old, new)
    stay = {row.login for row in new.mailboxes}
    trusted = _readers(old, before, PRESCRIBED)
    found: defaultdict[tuple[Reach, Reach], list[str]] = defaultdict(list)
    for row in old.routes:
        if row.kind != "role" or row.address not in now:
            continue
        then, next_ = before.of(row.address), after.of(row.address)
        had = frozenset(renamed.get(one, one) for one in then.people)
        if not len(then) or not next_.people | next_.behind:
            continue  # nobody had it; or it goes outside, or to nobody, which other rules say
        if had & next_.people or then.outside & next_.outside or then.behind & next_.behind:
            continue
        if next_.people <= {renamed.get(one, one) for one in trusted} and not next_.behind:
            continue
        if had and old.live is None and had.isdisjoint(stay):
            continue
        if len(next_.people) == len(next_) == 1 < len(then):
            continue  # role.one-person says it
        found[then, next_].append(row.address)
    nobodys = words.nobodys(old, new)
    for (_, next_), addresses in found.items():
        told = [one for one in addresses if domain(one) in new.settings.domains] or addresses
        yield Hit(
            f"mail to {phrases.addresses(told, nobodys)} comes to nobody who got it before; "
            f"{words.number(len(next_), 'other gets', 'others get')} it{_who(next_)}",
            value=local_part(told[0]),
        )


def _who(reach: Reach) -> str:
    return phrases.people(sorted((*reach.people, *reach.outside, *reach.behind)))


@risk(
    "certificate.addresses",
    Severity.HIGH,
    "ADDR-5",
    "somebody else may get certificates for a domain",
    "Leave admin, administrator, webmaster, hostmaster and postmaster to those who run the domain: as a role with "
    "them as members, or not at all. A CAA record names the authorities that may issue.",
)
def certificates(comparison: Comparison) -> Iterator[Hit]:
    """Mail to admin@, administrator@, webmaster@, hostmaster@ or postmaster@ reaches somebody new to all of them.

    Certificate authorities write to these five, and to no others, to ask whether a certificate for the domain may
    be issued. Who reads one gets certificates for the domain and all names below it, and can stand in for its web
    and mail hosts. It weighs most where somebody alone reads it, or somebody outside; a team of several that takes
    over a prescribed name is no matter.
    """
    old, new = comparison.old, comparison.new
    if (old.live is None) != (new.live is None):
        return
    before, after = Ends(old), Ends(new)
    renamed = relabelled(old, new)
    trusted = {renamed.get(one, one) for one in _readers(old, before, AUTHORITY)}
    was = {row.address: row for row in old.routes}
    found: defaultdict[tuple[frozenset[str], frozenset[str], Severity], list[str]] = defaultdict(list)
    for row in new.routes:
        if domain(row.address) not in new.settings.domains or local_part(row.address) not in AUTHORITY:
            continue
        now = after.of(row.address)
        then = before.of(row.address) if row.address in was else Reach()
        people = now.people - {renamed.get(one, one) for one in then.people} - trusted
        outside = now.outside - trusted if row.address not in was else frozenset()  # else address.outside says it
        if outside or (people and len(now) == 1):
            found[people, outside, Severity.HIGH].append(row.address)
        elif people and people == now.people and not now.behind and local_part(row.address) not in NEEDED:
            found[people, outside, Severity.MEDIUM].append(row.address)
    nobodys = words.nobodys(old, new)
    for (people, outside, weight), addresses in found.items():
        shown = words.some(
            words.address(one, nobodys, f"the name {local_part(one)} in {domain(one)}") for one in addresses
        )
        if outside:
            who = f"{phrases.addresses(sorted(outside), nobodys)}, outside the organisation,"
        elif weight is Severity.HIGH:
            who = "one person who read no such mail before"
        else:
            who = f"{len(people):,} people who read no such mail before"
        yield Hit(
            f"mail to {shown}, with which certificates for the domain can be had, reaches {who.rstrip(',')}"
            f"{phrases.people(sorted(people)) if people else ''}",
            weight,
            value=local_part(addresses[0]),
        )


@risk(
    "role.unknown",
    Severity.MEDIUM,
    "ROLE-5",
    "a role is fed by a list that others fill",
    "Name the role's people in site.yml, or a list whose members are there: then a review shows who reads it.",
)
def unknown(comparison: Comparison) -> Iterator[Hit]:
    """A role's mail goes to a list whose members are not in the description.

    Its owners, or a group of the directory, say from then on who reads what is written to the role; no review
    shows it when somebody joins.
    """
    old, new = comparison.old, comparison.new
    before, after = _fed(old), _fed(new)
    roles = {row.address for row in old.routes if row.kind in ("role", "automatic")}
    nobodys = words.nobodys(old, new)
    for address, lists in after.items():
        more = lists - before.get(address, frozenset())
        if more and (address in roles or local_part(address) in PRESCRIBED | AUTHORITY):
            yield Hit(
                f"{phrases.addresses([address], nobodys)} is fed by {words.some(sorted(more))}, of which the "
                "description does not say who is on it",
                value=local_part(address),
            )


def _fed(plan: Plan) -> dict[str, frozenset[str]]:
    """Role → the lists that it reaches on any way, and whose members stand elsewhere."""
    routes = {row.address: row for row in plan.routes}
    open_ = {row.address for row in plan.lists if row.known != "build"}
    if not open_:
        return {}
    found: dict[str, frozenset[str]] = {}
    for row in plan.routes:
        if row.kind != "role" or domain(row.address) not in plan.settings.domains:
            continue
        seen: set[str] = set()
        waiting = list(row.targets)
        while waiting:
            one = waiting.pop()
            if one not in seen and one in routes:
                seen.add(one)
                waiting += routes[one].targets
        if lists := seen & open_:
            found[row.address] = frozenset(lists)
    return found


def _readers(plan: Plan, ends: Ends, locals_: frozenset[str]) -> frozenset[str]:
    """Who reads the mail to one of these local parts in a mail domain, inside or outside."""
    found: set[str] = set()
    for row in plan.routes:
        if local_part(row.address) in locals_ and domain(row.address) in plan.settings.domains:
            reach = ends.of(row.address)
            found |= reach.people | reach.outside
    return frozenset(found)


def relabelled(old: Plan, new: Plan) -> dict[str, str]:
    """Login that is gone → that of the same person from now on: with the same name, and the published address that
    it had."""
    names = {row.login: row.name for row in old.mailboxes}
    called = {row.login: row.name for row in new.mailboxes}
    owner = {row.address: row.targets[0] for row in new.routes if row.kind == "mailbox"}
    found: dict[str, str] = {}
    for row in old.routes:
        if row.kind == "mailbox" and (login := row.targets[0]) not in called:
            other = owner.get(row.address, "")
            if other and other not in names and called.get(other) == names.get(login):
                found[login] = other
    return found
