"""What changes for people: their mailboxes, their addresses, and what they may send as."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from mailwright.changes import words
from mailwright.changes.model import Change, differences, kind, pairs
from mailwright.changes.personal import personal
from mailwright.plan.model import Plan, Route, RouteKind
from mailwright.plan.names import LOGINS
from mailwright.plan.retention import GRACE
from mailwright.site.addresses import domain

_MOVE = (
    "Mail does not move by itself. Apply the new build with its move.yml, which copies each mailbox, switches over "
    "and copies what came in meanwhile (docs/how-to.md)."
)
_NOT_YET = (
    "Mail does not move by itself, and an apply stops while some is left on a host that is a store no more. First "
    "let the old host keep the function store, apply, and move the mailboxes with move.yml (docs/how-to.md)."
)
_GONE = f"Nobody can log in there any more; the mail itself is deleted after {GRACE} days."
_LOST = "Mail to what vanishes is refused from then on (550)."

_UNLISTED = "in no list any more"
_ASKED = "For each message it is asked who is there; whoever is known there goes on getting mail."

_SOMEBODY = "somebody"
_UNKNOWN = "They are not compared: ask the directory whether it has the same people."
_OF_PEOPLE = frozenset({"mailbox", "alias", "internal"})

_KINDS: dict[RouteKind, str] = {
    "mailbox": "published addresses",
    "alias": "further addresses",
    "internal": "internal addresses",
    "role": "role addresses",
    "automatic": "addresses of programs",
    "gateway": "addresses behind gateways",
    "list": "addresses of lists",
}


def mailboxes(old: Plan, new: Plan) -> Iterator[Change]:
    """Mailboxes that are new, gone, moved, or of another size or name.

    A plan that looks people up as mail flows has none of them in its tables, and that is all that is said then.
    """
    if _live(old) != _live(new):
        where = "in the directory while mail flows" if _live(new) else "in the description"
        sentence = f"who has a mailbox, which addresses and which logins is looked up {where} from now on"
        yield Change("mailboxes", "changed", "people", sentence, "", _UNKNOWN)
        return
    stores = {host.name for host in new.with_function("store")}
    for before, after, _ in pairs(old.mailboxes, new.mailboxes):
        if before is None and after is not None:
            yield Change(
                "mailboxes",
                "added",
                personal(after.login, _SOMEBODY),
                f"{personal(f'{after.login} ({after.name})', _SOMEBODY)} gets a mailbox on {after.host}",
                f"people get mailboxes on {after.host}",
                "A first password has to be set for each (docs/how-to.md).",
                None,
                after,
            )
        elif before is not None and after is None:
            yield Change(
                "mailboxes",
                "removed",
                personal(before.login, _SOMEBODY),
                f"{personal(f'{before.login} ({before.name})', _SOMEBODY)} has no mailbox any more",
                f"people lose their mailboxes on {before.host}",
                _GONE,
                before,
                None,
            )
        elif before is not None and after is not None:
            mailbox = personal(f"the mailbox of {after.login}", "a mailbox")
            named = f"{after.login} is called {after.name} instead of {before.name}"
            for name in differences(before, after):
                sentence, alike, note = {
                    "host": (
                        f"{mailbox} moves from {before.host} to {after.host}",
                        f"mailboxes move from {before.host} to {after.host}",
                        _MOVE if before.host in stores else _NOT_YET,
                    ),
                    "quota": (
                        f"{mailbox} may hold {words.size(after.quota)} instead of {words.size(before.quota)}",
                        f"mailboxes may hold {words.size(after.quota)} instead of {words.size(before.quota)}",
                        "",
                    ),
                    "name": (personal(named, "somebody is called otherwise"), "people are called otherwise", ""),
                }[name]
                key = personal(after.login, _SOMEBODY)
                yield Change("mailboxes", "changed", key, sentence, alike, note, before, after)


def routes(old: Plan, new: Plan) -> Iterator[Change]:
    """Addresses that appear, vanish, or lead elsewhere."""
    known = _known(old, new)
    logins = {} if known else _logins(old) | _logins(new)
    nobodys = words.nobodys(old, new)
    asked = {name for row in new.gateways if row.recipients != "listed" for name in row.domains}
    for before, after, some in pairs(old.routes, new.routes):
        if not known and some.kind in _OF_PEOPLE:
            continue
        if before is not None and after is not None and before.kind == after.kind:
            targets = [tuple(logins.get(target, target) for target in row.targets) for row in (before, after)]
            if targets[0] == targets[1]:  # the same people, by their logins on one side
                continue
        what = f"{_KINDS[some.kind]} in {domain(some.address)}"
        key = words.address(some.address, nobodys)
        if before is None and after is not None:
            sentence = f"{key} is new and reaches {_reached(new, after, nobodys)}"
            yield Change("routes", "added", key, sentence, f"{what} are new", "", None, after)
        elif before is not None and after is None:
            listed = domain(some.address) not in asked or before.kind != "gateway"
            ends, end = ("is no address any more", "vanish") if listed else (f"is {_UNLISTED}", f"are {_UNLISTED}")
            sentence = f"{key} {ends}; it reached {_reached(old, before, nobodys)}"
            note = _LOST if listed else _ASKED
            yield Change("routes", "removed", key, sentence, f"{what} {end}", note, before, None)
        elif before is not None and after is not None:
            one, other = _reached(old, before, nobodys), _reached(new, after, nobodys)
            if one != other and {before.kind, after.kind}.isdisjoint(("mailbox", "gateway")):
                sentence = f"{key} reaches {words.instead(after.targets, before.targets, nobodys)}"
            elif one != other:
                sentence = f"{key} reaches {other} instead of {one}"
            else:
                sentence = (
                    f"{key} is one of the {_KINDS[after.kind]} instead of the {_KINDS[before.kind]}; it "
                    f"still reaches {other}"
                )
            yield Change("routes", "changed", key, sentence, "", "", before, after)


def _live(plan: Plan) -> bool:
    return plan.settings.directory is not None and not plan.mailboxes


def _known(old: Plan, new: Plan) -> bool:
    """Whether people are compared at all."""
    return _live(old) == _live(new)


def _logins(plan: Plan) -> dict[str, str]:
    """Published address → what stands for the same person in a plan that looks people up."""
    return {row.address: f"{row.targets[0]}@{LOGINS}" for row in plan.routes if row.kind == "mailbox"}


def _reached(plan: Plan, route: Route, nobodys: Collection[str]) -> str:
    if route.kind == "mailbox":
        return personal(f"the mailbox of {words.listed(route.targets)}", "somebody's mailbox")
    if route.kind == "gateway":
        row = next((row for row in plan.gateways if domain(route.address) in row.domains), None)
        behind = f" behind the gateway {row.name}" if row else " behind a gateway"
        return personal(words.listed(route.targets), "an address") + behind
    return words.those(route.targets, nobodys)


def rewrites(old: Plan, new: Plan) -> Iterator[Change]:
    """Internal addresses, and what they become in mail that leaves."""
    if not _known(old, new):
        return
    nobodys = words.nobodys(old, new)
    for before, after, some in pairs(old.rewrites, new.rewrites):
        inner = words.address(some.internal, nobodys)
        one, other = (
            words.address(row.external, nobodys, f"one in {domain(row.external)}") if row else ""
            for row in (before, after)
        )
        if before is None and after is not None:
            sentence = f"{inner} becomes {other} in mail that leaves"
            alike = f"internal addresses become those of {domain(after.external)} in mail that leaves"
            yield Change("rewrites", "added", inner, sentence, alike, "", None, after)
        elif before is not None and after is None:
            sentence = f"{inner} does not become {one} any more in mail that leaves"
            alike = f"internal addresses do not become those of {domain(before.external)} any more"
            yield Change("rewrites", "removed", inner, sentence, alike, "", before, None)
        elif before is not None and after is not None:
            sentence = f"{inner} becomes {other} instead of {one} in mail that leaves"
            yield Change("rewrites", "changed", inner, sentence, "", "", before, after)


def senders(old: Plan, new: Plan) -> Iterator[Change]:
    """Logins that may send as an address, or may not any more."""
    if not _known(old, new):
        return
    nobodys, programs = words.nobodys(old, new), words.programs(old, new)
    for before, after, some in pairs(old.senders, new.senders):
        login = some.login if some.login in programs else personal(some.login, _SOMEBODY)
        address = words.address(some.address, nobodys)
        key = f"{login} as {address}"
        if before is not None and after is not None:
            how = "like a program" if after.automatic else "like a person"
            sentence = f"{login} sends as {address} {how} from now on, with the rules for From: of that"
        else:
            sentence = f"{login} may send as {address}{'' if after else ' no more'}"
        alike = {
            "added": f"more pairs of a login and an address in {domain(some.address)} that it may send as",
            "removed": f"fewer pairs of a login and an address in {domain(some.address)} that it may send as",
            "changed": "",
        }[kind(before, after)]
        yield Change("senders", kind(before, after), key, sentence, alike, "", before, after)
