"""Who looks after lists, and who is on them (LIST-2, LIST-3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

from mailwright.changes import words
from mailwright.changes.model import Comparison, Hit, Severity, risk
from mailwright.changes.risks import phrases
from mailwright.changes.risks.ends import Ends, Reach
from mailwright.changes.risks.readers import relabelled
from mailwright.plan.model import Plan


@risk(
    "list.managers",
    Severity.HIGH,
    "LIST-2",
    "others look after a list",
    "Let people of the organisation own and moderate lists, and somebody outside be a member who may post. Change "
    "owners one after the other, and tell the members.",
)
def managers(comparison: Comparison) -> Iterator[Hit]:
    """Somebody outside owns or moderates a list, or all who did are others from now on.

    Owners see who is on a list, put people on it and take them off; moderators read what waits and let it pass to
    everybody, in the organisation's name. One owner who goes and another who comes is no matter.
    """
    old, new = comparison.old, comparison.new
    before, after = Ends(old), Ends(new)
    was = {row.address: row for row in old.lists}
    renamed = relabelled(old, new)
    logins = {row.login for row in new.mailboxes}
    nobodys = words.nobodys(old, new)
    strange: defaultdict[tuple[frozenset[str], bool], list[str]] = defaultdict(list)
    replaced: list[str] = []
    for row in new.lists:
        one = was.get(row.address)
        now = _who(after, (*row.owners, *row.moderators))
        then = _who(before, (*one.owners, *one.moderators)) if one is not None else Reach()
        if come := now.outside - then.outside:
            strange[come, one is None].append(row.address)
        elif one is not None and (old.live is None) == (new.live is None):
            had, have = _who(before, one.owners), _who(after, row.owners)
            people = {renamed.get(login, login) for login in had.people}
            left = people & have.people or had.outside & have.outside or had.behind & have.behind
            here = old.live is not None or not people.isdisjoint(logins)
            if len(had) and len(have) and not left and here:
                replaced.append(row.address)
    for (come, fresh), addresses in strange.items():
        looks = "looks" if len(come) == 1 else "look"
        what = "the new list " if fresh and len(addresses) == 1 else ""
        yield Hit(
            f"{phrases.addresses(sorted(come), nobodys)}, outside the organisation, {looks} after "
            f"{what}{words.some(addresses)}",
            Severity.MEDIUM if fresh else None,
            value=min(come),
        )
    if replaced:
        yield Hit(
            f"none of those who looked after {words.some(replaced)} does so any more; others do",
            Severity.MEDIUM,
            value=replaced[0].partition("@")[0],
        )


def _who(ends: Ends, addresses: Iterable[str]) -> Reach:
    found = [ends.of(address) for address in dict.fromkeys(addresses)]
    return Reach(
        frozenset().union(*(one.people for one in found)),
        frozenset().union(*(one.outside for one in found)),
        frozenset().union(*(one.behind for one in found)),
    )


_MORE = 5
"""So many members more than there were, and twice as many at least, make another audience."""


@risk(
    "list.audience",
    Severity.MEDIUM,
    "LIST-3",
    "a list's posts go to another audience",
    "Make a new list for the others, and leave this one to those for whom it was: what they wrote to each other in "
    "confidence is in its old posts, and they go on writing.",
)
def audience(comparison: Comparison) -> Iterator[Hit]:
    """None of a list's members is left and others take their place, or there are many times as many.

    Whoever posts writes for those who were on the list. Some who join and some who leave are no matter, and neither
    is a list for news that anybody may read.
    """
    old, new = comparison.old, comparison.new
    was = {row.address: row for row in old.lists}
    before, after = _members(old), _members(new)
    renamed = _renamed(old, new)
    for row in new.lists:
        one = was.get(row.address)
        if one is None or one.known != "build" or row.known != "build":
            continue
        then = {renamed.get(member, member) for member in before[row.address]}
        now = after[row.address]
        if len(then) > 1 and now and then.isdisjoint(now):
            yield Hit(
                f"nobody who was on {row.address} is on it any more, and "
                f"{words.number(len(now), 'other is', 'others are')}",
                value=row.address.partition("@")[0],
            )
        elif len(then) > 1 and then <= now and len(now) >= 2 * len(then) and len(now) - len(then) >= _MORE:
            yield Hit(
                f"{row.address} has {len(now):,} members instead of {len(then):,}",
                Severity.LOW,
                value=row.address.partition("@")[0],
            )


def _members(plan: Plan) -> defaultdict[str, set[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for row in plan.members:
        found[row.list].add(row.member)
    return found


def _renamed(old: Plan, new: Plan) -> dict[str, str]:
    """Published address → that of the same login from now on."""
    now = {row.targets[0]: row.address for row in new.routes if row.kind == "mailbox"}
    return {
        row.address: now[row.targets[0]] for row in old.routes if row.kind == "mailbox" and row.targets[0] in now
    }
