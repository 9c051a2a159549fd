"""Distribution lists: who may post, who is on them, and who looks after them (LIST-1 to LIST-3)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator

from mailwright.changes import words
from mailwright.changes.model import Comparison, Hit, Severity, risk
from mailwright.changes.risks.ends import Ends
from mailwright.plan.model import DistributionList, Known, Plan
from mailwright.site.addresses import domain
from mailwright.site.distribution import WORDS

_MANAGERS = frozenset({"managers"})


class _Side:
    """The lists of one plan, with who is on them as far as it says."""

    def __init__(self, plan: Plan) -> None:
        self.lists = {row.address: row for row in plan.lists}
        self.ends = Ends(plan)
        self._members: defaultdict[str, set[str]] = defaultdict(set)
        for member in plan.members:
            self._members[member.list].add(member.member)

    def members(self, row: DistributionList) -> frozenset[str] | None:
        """None where only the directory or the list server knows."""
        return frozenset(self._members[row.address]) if row.known == "build" else None

    def inside(self, addresses: Collection[str]) -> bool:
        return not any(self.ends.outside(address) for address in addresses)


def _managers(row: DistributionList) -> frozenset[str]:
    return frozenset((*row.owners, *row.moderators))


def _covered(
    poster: str, allowed: frozenset[str], old: DistributionList, new: DistributionList, sides: tuple[_Side, _Side]
) -> bool:
    """Whether somebody who may post to the new list could be so among those of the old one's ``allowed``."""
    before, after = sides
    if "anyone" in allowed or poster in allowed:
        return True
    if poster == "managers":
        who: Collection[str] | None = _managers(new)
    elif poster == "members":
        who = after.members(new)
    elif poster in WORDS:
        return False
    else:
        who = (poster,)
    if who is None:  # whoever owners put on it; most of them are inside
        return "organisation" in allowed
    known = set(allowed)
    if "managers" in allowed:
        known |= _managers(old)
    if "members" in allowed:
        known |= before.members(old) or frozenset()
    rest = [one for one in who if one not in known]
    return not rest or ("organisation" in allowed and after.inside(rest))


@risk(
    "list.widened",
    Severity.MEDIUM,
    "LIST-3",
    "more people may write to all members of a list",
    "Name those who have something to say under post of the list, inside or outside, rather than a word for many; "
    "or write moderated: true, so that a moderator looks at each post first.",
)
def widened(comparison: Comparison) -> Iterator[Hit]:
    """Posts go to all members of a list that went to nobody, or to a moderator, before.

    Whoever may post reaches everybody on the list at once, in the organisation's name. With anyone and no moderator
    these are strangers; posts that wait for a moderator weigh less. A new owner or member is nobody more of that
    kind, and neither is somebody inside who is named where the whole organisation may post.
    """
    sides = _Side(comparison.old), _Side(comparison.new)
    found: defaultdict[tuple[Severity, str], list[str]] = defaultdict(list)
    for address, new in sides[1].lists.items():
        old = sides[0].lists.get(address)
        if old is None:
            if "anyone" in new.post and not new.moderated:
                found[Severity.MEDIUM, "anyone may post to a new list, and nobody looks at it first"].append(
                    address
                )
            continue
        before = _MANAGERS if old.moderated else frozenset(old.post)
        free = _MANAGERS if new.moderated else frozenset(new.post)
        at_once = [one for one in sorted(free) if not _covered(one, before, old, new, sides)]
        held = [one for one in sorted(new.post) if not _covered(one, frozenset(old.post), old, new, sides)]
        if at_once:
            nobodys = words.nobodys(comparison.old, comparison.new)
            wait = "posts wait for no moderator any more; " if old.moderated and not new.moderated else ""
            said = f"{wait}{words.those(at_once, nobodys)} may post"
            if "anyone" in at_once:
                found[Severity.HIGH, f"{said}, and nobody looks at it first"].append(address)
            else:
                few = all(one not in WORDS for one in at_once) and sides[1].inside(at_once)
                found[Severity.LOW if few else Severity.MEDIUM, said].append(address)
        elif held:
            nobodys = words.nobodys(comparison.old, comparison.new)
            said = f"{words.those(held, nobodys)} may post, once a moderator lets it through"
            found[Severity.MEDIUM if "anyone" in held else Severity.LOW, said].append(address)
    for (severity, said), addresses in found.items():
        yield Hit(f"{words.some(addresses)}: {said}", severity, value=addresses[0].partition("@")[0])


@risk(
    "list.removed",
    Severity.MEDIUM,
    "LIST-1",
    "a list is gone",
    "Tell its members first. Where it gets another name, keep the old address as a role that leads to the new "
    "list, for a while. Its members stay on the list host until `mailwright-lists remove` deletes it; keep that "
    "host until then.",
)
def removed(comparison: Comparison) -> Iterator[Hit]:
    """Posts to a list are refused, or go somewhere else.

    Its members learn of nothing any more, and whoever writes gets an error. Who was on a list that its owners
    looked after is known on its host alone, and goes with that host.
    """
    old, new = comparison.old, comparison.new
    hosts = {host.name for host in new.hosts}
    stay = {row.address for row in new.lists}
    taken = {row.address for row in new.routes}
    gone: defaultdict[Severity, list[str]] = defaultdict(list)
    for row in old.lists:
        if row.address in stay or domain(row.address) not in new.settings.own_names:
            continue
        if row.address in taken:
            severity = Severity.LOW
        elif row.known == "live" and row.host not in hosts:
            severity = Severity.HIGH
        else:
            severity = Severity.MEDIUM
        gone[severity].append(row.address)
    for severity, addresses in sorted(gone.items(), reverse=True):
        what = {
            Severity.HIGH: "and who was on it goes with its host",
            Severity.MEDIUM: "and posts to it are refused (550)",
            Severity.LOW: "and its address is something else from now on",
        }[severity]
        if len(addresses) == 1:
            yield Hit(f"the list {addresses[0]} is gone, {what}", severity)
        else:
            lists_ = f"{len(addresses):,} lists are gone ({words.some(addresses)})"
            yield Hit(
                f"{lists_}, {what.replace('it is', 'them is').replace('to it', 'to them').replace('its', 'their')}",
                severity,
            )


_KEPT: dict[Known, str] = {
    "build": "the description",
    "deploy": "a group of the directory",
    "live": "the owners",
}


@risk(
    "list.membership",
    Severity.MEDIUM,
    "LIST-2",
    "somebody else says who is on a list",
    "See first who is on it (`mailwright-lists status`, or `who` to its -request address as an owner), and "
    "compare with the new members. An apply that would drop more than 30 % of ten or more stops and asks.",
)
def membership(comparison: Comparison) -> Iterator[Hit]:
    """Who is on a list is said in another place than before.

    Where the description or a group of the directory takes over from the owners, whoever they had put on the list
    and is not there is dropped at the next apply. Where owners take over, those on it stay, and nobody who leaves
    the organisation is taken off any more but by them.
    """
    before = {row.address: row for row in comparison.old.lists}
    found: defaultdict[tuple[Known, Known], list[str]] = defaultdict(list)
    groups: list[str] = []
    for row in comparison.new.lists:
        was = before.get(row.address)
        if was is not None and was.known != row.known:
            found[was.known, row.known].append(row.address)
        elif was is not None and row.group.lower() != was.group.lower():
            groups.append(row.address)
    for (was_, now), addresses in found.items():
        handed = now == "live"
        then = "those on it now stay until an owner takes them off" if handed else "everybody else is dropped"
        yield Hit(
            f"{_KEPT[now]} {'say' if handed else 'says'} who is on {words.some(addresses)}, and no more "
            f"{_KEPT[was_]}; {then}",
            Severity.LOW if handed else None,
            value=addresses[0].partition("@")[0],
        )
    if groups:
        yield Hit(
            f"the members of {words.some(groups)} are those of another group of the directory; everybody else "
            "is dropped",
            value=groups[0].partition("@")[0],
        )


@risk(
    "list.one-owner",
    Severity.LOW,
    "LIST-2",
    "a list is left with one owner, or with none who takes mail",
    "Name a second owner, or a role that several people read, in the same change that takes the first away.",
)
def one_owner(comparison: Comparison) -> Iterator[Hit]:
    """One person alone looks after a list, or nobody does.

    Posts, requests and error messages wait for somebody who is away. A role or list among the owners counts as
    several if it reaches several.
    """
    before, after = _owners(comparison.old), _owners(comparison.new)
    alone = [address for address, count in after.items() if count == 1 and before.get(address, 2) > 1]
    none = [address for address, count in after.items() if count == 0 and before.get(address, 1) > 0]
    for addresses, who, severity in ((none, "nobody who takes mail", Severity.MEDIUM), (alone, "one person", None)):
        if addresses:
            many = "looks" if len(addresses) == 1 else "look"
            yield Hit(
                f"{who} {'alone ' if who == 'one person' else ''}looks after {words.some(addresses)} from now on"
                if many
                else "",
                severity,
                value=addresses[0].partition("@")[0],
            )


def _owners(plan: Plan) -> dict[str, int]:
    """List → how many people, or addresses of others, are behind its owners."""
    ends = Ends(plan)
    counts: dict[str, int] = {}
    for row in plan.lists:
        reached = [ends.of(owner) for owner in row.owners]
        everybody = {one for reach in reached for one in (*reach.people, *reach.outside, *reach.behind)}
        counts[row.address] = len(everybody)
    return counts


@risk(
    "list.moved",
    Severity.MEDIUM,
    "LIST-2",
    "lists begin anew, on another host or in another database",
    "Write down first who is on the lists that owners manage (`mailwright-lists status`), and let moderators "
    "decide about what waits. Put those members in by name, and hand the lists back to their owners afterwards.",
)
def moved(comparison: Comparison) -> Iterator[Hit]:
    """Lists are kept on another host, or in another database, and what they know does not move.

    Members that owners put on a list, posts that wait, and what was seen of members whose mail comes back stay
    behind. Lists of the description are filled again by the apply.
    """
    old, new = comparison.old, comparison.new
    before = {row.address: row for row in old.lists}
    stay = [(before[row.address], row) for row in new.lists if row.address in before]
    other = old.settings.list_database != new.settings.list_database
    gone = [(was, row) for was, row in stay if other or was.host != row.host]
    if not gone:
        return
    host = gone[0][1].host
    kept = [row.address for was, row in gone if was.known == "live"]
    where = f"in another database ({new.settings.list_database})" if other else f"on {host}"
    said = f"{words.number(len(gone), 'list')} {'is' if len(gone) == 1 else 'are'} kept {where}"
    if kept:
        yield Hit(f"{said}; who is on {words.some(kept)} is not known there", Severity.HIGH, value=host)
    else:
        yield Hit(f"{said}; posts that wait for moderators stay behind", value=host)
