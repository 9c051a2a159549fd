"""People behind gateways: whose mail comes to whom there, and in whose name it leaves (GATE-1, GATE-2, INT-4)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mailwright.changes import words
from mailwright.changes.model import Comparison, Hit, Severity, risk
from mailwright.changes.risks import phrases
from mailwright.changes.risks.ends import PEOPLES, Ends, owners
from mailwright.plan.model import Plan, Route
from mailwright.site.addresses import domain, key, local_part

_PARTS = re.compile(r"[^\W\d_]{2,}")


def elsewhere(comparison: Comparison) -> Iterator[tuple[Severity, str]]:
    """Addresses behind a gateway, before or from now on, whose mail comes to somebody else: how grave, and how it
    is said.

    The address by which the system knows somebody is all that tells who it is: one with the same local part is the
    same person, on another host or in another domain of the organisation's.
    """
    old, new = comparison.old, comparison.new
    before = {row.address: row for row in old.routes}
    taken = {key(row.targets[0]) for row in old.routes if row.kind == "gateway"}
    gateways = frozenset(name for row in old.gateways for name in row.domains)
    ends = Ends(new)
    owner = owners(old)
    mailboxes = {row.login: row.name for row in new.mailboxes}
    known = {row.login for row in old.mailboxes}
    for row in new.routes:
        one = before.get(row.address)
        if one is None or {"gateway"}.isdisjoint((one.kind, row.kind)):
            continue
        if row.kind == "gateway" and one.kind == "gateway":
            then, now = key(one.targets[0]), key(row.targets[0])
            if then == now or now == row.address or local_part(then) == local_part(now):
                continue
            if ends.outside(now):
                continue  # address.outside says it
            added = then == row.address and now not in taken
            yield Severity.MEDIUM if added else Severity.HIGH, f"{row.address} ({then} → {now})"
        elif one.kind == "gateway":
            reach = ends.of(row.address)
            others = sorted(
                login for login in reach.people if not _same(row.address, one, login, mailboxes.get(login, ""))
            )
            if others and row.kind in ("role", "list", "automatic"):
                yield Severity.MEDIUM, f"{row.address} ({one.targets[0]} → {words.some(others)})"
            elif others:
                grave = any(login in known for login in others)
                said = f"{row.address} ({one.targets[0]} → {words.some(others)})"
                yield Severity.HIGH if grave else Severity.MEDIUM, said
        elif one.kind in PEOPLES and domain(row.address) in gateways:
            login, target = owner.get(row.address, ""), key(row.targets[0])
            if target != row.address and local_part(target) not in (login, local_part(row.address)):
                stays = login in mailboxes and one.kind == "mailbox"
                yield Severity.HIGH if stays else Severity.MEDIUM, f"{row.address} ({login} → {target})"


def _same(address: str, route: Route, login: str, name: str) -> bool:
    """Whether who is here under this login may well be who was behind the gateway: known by the login there, or of
    a name that is in the address."""
    if login.lower() == local_part(key(route.targets[0])):
        return True
    parts = set(_PARTS.findall(local_part(address)))
    return bool(parts & set(_PARTS.findall(name.casefold())))


@risk(
    "rewrite.other",
    Severity.HIGH,
    "INT-4",
    "what somebody sends leaves in another's name",
    "Write into internal only what the person behind the address alone is called inside; leave it empty where the "
    "system knows the published address.",
)
def rewritten(comparison: Comparison) -> Iterator[Hit]:
    """An address that is somebody's own becomes another person's in mail that leaves.

    All that the first one sends comes from the second, in envelope and header: those who get it believe it, and
    answers go to the second. What a person alone is called
    inside is no such address.
    """
    old, new = comparison.old, comparison.new
    before = {row.internal: key(row.external) for row in old.rewrites}
    whose = _holders(new)
    holders = _holders(old)
    for route in old.routes:  # behind a gateway, what somebody is called has the same kind of route as an address
        if route.kind == "gateway" and route.address in holders:
            whose.setdefault(route.address, route.address)
    found: list[str] = []
    for row in new.rewrites:
        external = key(row.external)
        holder, other = whose.get(row.internal), whose.get(external)
        if before.get(row.internal) != external and holder is not None and other is not None and holder != other:
            found.append(f"{row.internal} → {external}")
    if found:
        one = len(found) == 1
        yield Hit(
            f"{words.number(len(found), 'address', 'addresses')} that {'is' if one else 'are'} somebody's own "
            f"{'becomes' if one else 'become'} another person's in mail that leaves{phrases.people(found)}"
        )


def _holders(plan: Plan) -> dict[str, str]:
    """Address that others may know → what stands for who has it: a login, or the address itself. What a system
    behind a gateway calls somebody is no such address."""
    found: dict[str, str] = {}
    owner = owners(plan)
    called = {key(row.targets[0]) for row in plan.routes if row.kind == "gateway" and row.targets[0] != row.address}
    published = {key(row.external) for row in plan.rewrites}
    for row in plan.routes:
        if row.kind in ("mailbox", "alias"):
            found[row.address] = owner.get(row.address, row.address)
        elif row.kind in ("role", "list", "automatic") or (
            row.kind == "gateway" and (row.address not in called or row.address in published)
        ):
            found[row.address] = row.address
    return found
