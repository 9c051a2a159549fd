"""Who may send as whom."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from mailwright.changes import words
from mailwright.changes.model import Comparison, Hit, Severity, risk
from mailwright.changes.personal import personal
from mailwright.changes.risks import policies
from mailwright.changes.risks.doors import Door
from mailwright.changes.risks.networks import beyond, common, sized
from mailwright.changes.risks.phrases import addresses, people
from mailwright.plan.model import Plan, Policy, Route, Sender
from mailwright.plan.names import LOGINS
from mailwright.records import dataclass
from mailwright.site.addresses import domain, local_part

_OF_PEOPLE = frozenset({"published", "alias", "internal"})
_SEPARATE = 5
"""Logins up to which each has a sentence of its own."""

_ROLE = "Make them a member of the role, so that they read what they answer, or leave them out of its senders."
_PROCESS = "Give the process an address of its own under automatic_senders, and let replies to it reach the people."
_OTHER = (
    "Let the address rest for some months before somebody else gets it: whoever knew it takes the new one for the "
    "old. A shared address is best a role, with both as members."
)
_FREED = (
    "Keep the system under gateways, where it is held to its domains, or give it a login under automatic_senders."
)
_UNBOUND = (
    "Keep the check. Without it an internal forgery cannot be told from the real thing, and no log proves it."
)


@dataclass(frozen=True, slots=True)
class _Case:
    """Why a pair of a login and an address is a matter. ``means`` goes on after the address."""

    severity: Severity
    means: str
    many: str
    safely: str


_STRANGER = _Case(
    Severity.MEDIUM,
    "and is not among those whom mail to it reaches",
    "logins may send as a role whose mail does not reach them",
    _ROLE,
)
_AS_PERSON = _Case(
    Severity.HIGH,
    "which is a person's, and no more than a program's word tells them apart",
    "programs may send as people",
    _PROCESS,
)
_AS_ROLE = _Case(
    Severity.MEDIUM,
    "which is answered by people so far",
    "programs may send as addresses of people",
    _PROCESS,
)
_TAKEN = _Case(
    Severity.HIGH,
    "under which others know somebody who is still here",
    "logins may send under addresses by which others know somebody who is still here",
    _OTHER,
)
_HANDED_OVER = _Case(
    Severity.MEDIUM,
    "which was another's, and gets what is still sent to that one",
    "logins get addresses that were another's",
    _OTHER,
)
_EXEMPT = _Case(
    Severity.MEDIUM,
    "as a program from now on: exempt from the rules for people's From: lines, and with ten times the hourly limit",
    "logins send as programs from now on, for which the rules for people's From: lines do not hold",
    "Let people have logins of their own, and name under automatic_senders what no person types.",
)


@risk(
    "senders.loosened",
    Severity.HIGH,
    "ADDR-7",
    "somebody may send under an address that is another's",
    "Give each login its own addresses; what several answer is a role with all of them as members.",
)
def loosened(comparison: Comparison) -> Iterator[Hit]:
    """A login may send as an address that belongs to another person or role, or senders are not compared at all.

    Whoever reads From: believes it, and here nobody but the mailer checks it. A new person with a new address, a
    new program with one, and a new member of a role who may answer as the role are no matter; nor is a login that
    was renamed.
    """
    yield from _pairs(comparison)
    yield from _freed(comparison)
    where: defaultdict[str, list[Door]] = defaultdict(list)
    rows: dict[str, Policy] = {}
    for door, row in policies.lost(comparison):
        if policies.name(row.check) in policies.BINDINGS:
            rows.setdefault(row.check, row)
            where[row.check].append(door)
    for check, found in where.items():
        yield Hit(policies.loss(found, rows[check]), Severity.HIGH, _UNBOUND)


def _pairs(comparison: Comparison) -> Iterator[Hit]:
    found: defaultdict[_Case, defaultdict[str, list[Sender]]] = defaultdict(lambda: defaultdict(list))
    for case, row in _cases(comparison.old, comparison.new):
        found[case][row.login].append(row)
    nobodys = words.nobodys(comparison.old, comparison.new) if found else frozenset()
    for case, logins in found.items():
        if len(logins) > _SEPARATE:
            yield Hit(f"{len(logins):,} {case.many}{people(logins)}", case.severity, case.safely)
            continue
        for login, rows in logins.items():
            who = login if rows[0].automatic and case is not _EXEMPT else personal(login, "somebody")
            theirs = addresses((row.address for row in rows), nobodys)
            comma = " " if case in (_STRANGER, _EXEMPT) else ", "
            yield Hit(f"{who} may send as {theirs}{comma}{case.means}", case.severity, case.safely, login)


def _cases(old: Plan, new: Plan) -> Iterator[tuple[_Case, Sender]]:
    pairs = {row.key: row for row in old.senders}
    fresh = [
        row for row in new.senders if (then := pairs.get(row.key)) is None or (row.automatic and not then.automatic)
    ]
    if not fresh:
        return
    published = {inner.name: inner.published for inner in new.settings.internal_domains}
    now = {row.key: row for row in new.senders} if published else {}
    known = _Known(old, new)
    for row in fresh:
        # A form that is used inside is whose the published address is.
        base = (f"{local_part(row.address)}@{published.get(domain(row.address), '')}", row.login)
        case = _EXEMPT if row.key in pairs else None if base in pairs else known.case(now.get(base, row))
        if case is not None:
            yield case, row


class _Known:
    """Whose each address is, before and after."""

    def __init__(self, old: Plan, new: Plan) -> None:
        self._owners: defaultdict[str, list[Sender]] = defaultdict(list)
        for row in old.senders:
            self._owners[row.address].append(row)
        self._people = {row.address: row.login for row in new.senders if row.kind in _OF_PEOPLE}
        self._before = {row.address: row for row in old.routes}
        self._after = {row.address: row for row in new.routes}
        self._here = {row.login for row in new.mailboxes}
        self._renamed = _renamed(old, new)

    def case(self, row: Sender) -> _Case | None:
        """Why the pair is a matter; None where it is none."""
        owners = self._owners.get(row.address, ())
        if any(self._renamed.get(owner.login) == row.login for owner in owners):
            return None
        persons = [owner for owner in owners if owner.kind in _OF_PEOPLE]
        route = self._before.get(row.address)
        shared = route is not None and route.kind in ("role", "list")
        if row.kind == "role":
            there = route is not None or bool(owners)
            return _STRANGER if there and row.login not in self._reached(self._after, row.address) else None
        if row.automatic:
            if self._people.get(row.address, row.login) != row.login:
                return _AS_PERSON
            return _HANDED_OVER if persons else _AS_ROLE if shared else None
        if persons:
            missed = any(owner.kind == "published" and owner.login in self._here for owner in persons)
            return _TAKEN if missed else _HANDED_OVER
        return _HANDED_OVER if shared and row.login not in self._reached(self._before, row.address) else None

    def _reached(self, routes: Mapping[str, Route], address: str) -> set[str]:
        """The logins that mail for the address reaches in the end."""
        found: set[str] = set()
        seen: set[str] = set()
        waiting = [address]
        while waiting:
            here = waiting.pop()
            if here in seen:
                continue
            seen.add(here)
            route = routes.get(here)
            if domain(here) == LOGINS:
                found.add(local_part(here))
            elif route is not None and route.kind == "mailbox":
                found.update(route.targets)
            elif route is not None:
                waiting += route.targets
        return found


def _renamed(old: Plan, new: Plan) -> dict[str, str]:
    """Logins that are gone → the new login of who has the same name."""
    before, after = ({row.login: row.name for row in plan.mailboxes} for plan in (old, new))
    come = {name: login for login, name in after.items() if login not in before}
    return {login: come[name] for login, name in before.items() if login not in after and name in come}


def _freed(comparison: Comparison) -> Iterator[Hit]:
    """Where mail came from as the domains of a gateway alone, and may come as anybody from now on."""
    old, new = comparison.old, comparison.new
    bound = [network for row in old.gateways for network in row.clients]
    if not bound:
        return
    still = [network for row in new.gateways for network in row.clients]
    granted = [row.clients for row in new.grants if row.port == 25 and not isinstance(row.clients, str)]
    unbound = beyond(bound, still)
    freed = common(unbound, granted)
    if freed:
        sentence = (
            f"{sized(freed)} may send without a login as any address of the site; so far it was held to the "
            f"domains of {words.some(row.name for row in old.gateways if row.clients)}"
        )
        yield Hit(sentence, Severity.HIGH, _FREED)
