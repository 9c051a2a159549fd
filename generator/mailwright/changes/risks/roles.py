"""Role addresses, and who is behind them (ROLE-1 to ROLE-5)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from mailwright.changes import words
from mailwright.changes.model import Comparison, Hit, Severity, risk
from mailwright.changes.personal import personal
from mailwright.changes.risks import phrases
from mailwright.changes.risks.ends import Ends, Reach, kept_domains
from mailwright.plan.model import Plan
from mailwright.site.addresses import domain, local_part
from mailwright.site.role_names import FACILITIES, REQUIRED, SYNONYMS

PRESCRIBED = frozenset({*REQUIRED, *FACILITIES.values(), *SYNONYMS})
"""Local parts that others write to without looking them up (RFC 2142)."""


@risk(
    "role.lost",
    Severity.HIGH,
    "ROLE-1",
    "a role address vanishes while its domain stays",
    "Leave the role in site.yml and let it lead to those who do its work now; where the name changes, keep the "
    "old one under also of the role. postmaster and abuse are needed as long as the domain is.",
)
def lost(comparison: Comparison) -> Iterator[Hit]:
    """Mail to postmaster, abuse, webmaster or another role of a domain is refused from now on.

    The world writes to the names of RFC 2142 without looking them up: complaints, warnings of a break-in, questions
    of other postmasters. A domain without postmaster and abuse breaks the requirement, and lands on lists of
    domains that some refuse. Another name for a role that stays is a lesser matter.
    """
    old, new = comparison.old, comparison.new
    stay = {row.address for row in new.routes}
    domains = kept_domains(old, new)
    closed = {row.address for row in new.lists if "anyone" not in row.post}
    kept: defaultdict[str, set[tuple[str, ...]]] = defaultdict(set)
    for row in old.routes:
        if row.kind == "role" and row.address in stay:
            kept[domain(row.address)].add(row.targets)
    prescribed: list[str] = []
    others: list[str] = []
    further: list[str] = []
    for row in old.routes:
        name = domain(row.address)
        if row.kind != "role" or row.address in stay or name not in domains:
            continue
        if local_part(row.address) in PRESCRIBED:
            prescribed.append(row.address)
        else:
            (further if row.targets in kept[name] else others).append(row.address)
    became = [row.address for row in old.routes if row.kind == "role" and row.address in closed]
    if became:
        are, them = ("is a list", "it") if len(became) == 1 else ("are lists", "them")
        yield Hit(
            f"{words.some(became)} {are} from now on, and mail to {them} is refused from whoever may not post",
            None,
            "Let anyone post to the list and write moderated: true; or leave the role, and let the list be a "
            "member.",
            local_part(became[0]),
        )
    for gone, severity in ((prescribed, Severity.HIGH), (others, Severity.HIGH), (further, Severity.MEDIUM)):
        if gone:
            what = "is a role address" if len(gone) == 1 else "are role addresses"
            still = "; the role is still reached by another name" if gone is further else ""
            yield Hit(f"{words.some(gone)} {what} no more, and mail is refused (550){still}", severity)


@risk(
    "role.one-person",
    Severity.MEDIUM,
    "ROLE-5",
    "a role is left with one person, or with nobody",
    "Name a second person among the members of the role in site.yml, or the address of a team, in the same change "
    "that takes the first away.",
)
def one_person(comparison: Comparison) -> Iterator[Hit]:
    """One person alone gets a role's mail, or nobody does.

    While that person is ill, on holiday or gone, complaints wait and nobody notices. Counted is who gets the mail
    in the end: roles, aliases and lists among the members are followed. An address elsewhere or behind a gateway
    may be a team's, so a role with one is not counted.
    """
    nobodys = words.nobodys(comparison.old, comparison.new)
    roles_ = frozenset(row.address for row in comparison.old.routes if row.kind == "role")
    before, after = _teams(comparison.old, roles_), _teams(comparison.new, roles_)
    names = {row.login: row.name for row in comparison.new.mailboxes}
    found: defaultdict[tuple[Reach, bool], list[str]] = defaultdict(list)
    for address, now in after.items():
        then = before.get(address)
        if _few(now) and (then is None or not _few(then) or len(now) < len(then)):
            found[now, then is None].append(address)
    for (now, new), addresses in found.items():
        roles = phrases.addresses(addresses, nobodys)
        reaches = "reaches" if len(addresses) == 1 else "reach"
        if not now:
            yield Hit(f"{roles} {reaches} nobody any more: what is sent there is lost on the way", Severity.HIGH)
            continue
        (login,) = now.people
        who = personal(f"{login} ({names[login]})" if login in names else login, "one person")
        yield Hit(
            f"{roles} {reaches} {who} alone{'' if new else ' from now on'}",
            Severity.LOW if new else None,
            value=local_part(addresses[0]),
        )


def _few(reach: Reach) -> bool:
    return len(reach) == 0 or (len(reach.people) == 1 and len(reach) == 1)


def _teams(plan: Plan, roles: frozenset[str]) -> dict[str, Reach]:
    """Who is reached by each role address of a mail domain, each of ``roles``, and what is called like one."""
    ends = Ends(plan)
    domains = frozenset(plan.settings.domains)
    return {
        row.address: ends.of(row.address)
        for row in plan.routes
        if domain(row.address) in domains
        and (
            row.kind == "role"
            or (
                row.kind in ("alias", "mailbox") and (row.address in roles or local_part(row.address) in PRESCRIBED)
            )
        )
    }
