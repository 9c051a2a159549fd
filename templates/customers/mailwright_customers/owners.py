"""Whose a domain, a realm and a folder of mail is: claims of fragments are settled. Nothing is read or written."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

Rows = Mapping[str, Mapping[str, str]]
"""Realm whose folder of mail is a customer's → ``customer``, and in ``over`` the last day for which it is kept."""


class Claim(Protocol):
    """What an assembled fragment claims. ``names``: domains, and what they are called inside."""

    @property
    def realm(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def leaving(self) -> Iterable[str]: ...
    @property
    def domains(self) -> Iterable[str]: ...
    @property
    def names(self) -> Iterable[str]: ...


@dataclass(frozen=True)
class Folders:
    """Folders of mail on a store. ``own``: the platform's own logins; ``has_mail``: whether a realm's is there."""

    rows: Rows
    own: frozenset[str]
    has_mail: Callable[[str], bool]


def realms_taken(folders: Folders, before: Mapping[str, Claim], fresh: Mapping[str, Claim]) -> dict[str, str]:
    """Customer → why it may not have the realm that its fragment says.

    before  what was assembled last; who is served with a realm by that has it
    """
    theirs: dict[str, list[str]] = {}
    for realm, row in folders.rows.items():
        theirs.setdefault(row["customer"], []).append(realm)
    served = {claim.realm: name for name, claim in before.items() if claim.state != "over"}
    found = ((name, _realm_taken(folders, theirs, served, name, fresh[name])) for name in sorted(fresh))
    return {name: why for name, why in found if why}


def _realm_taken(
    folders: Folders, theirs: Mapping[str, list[str]], served: Mapping[str, str], name: str, claim: Claim
) -> str:
    wanted = claim.realm
    if wanted in folders.own:
        return f"{wanted} is a login of the platform's own, whose mail is in the folder of that name"
    whose = folders.rows[wanted]["customer"] if wanted in folders.rows else name
    comes = claim.state != "over" and served.get(wanted) != name
    if comes and whose != name and folders.has_mail(wanted):
        return f"mail of {whose} is still in the folder of the realm {wanted}"
    for realm in theirs.get(name, ()):
        if realm != wanted and served.get(realm, name) == name and folders.has_mail(realm):
            return (
                f"its realm was {realm}, and its mail is still in the folder of that name: a primary domain "
                "changes when that folder has moved"
            )
    return ""


def settle(before: Mapping[str, Claim], fresh: Mapping[str, Claim], gone: Collection[str]) -> dict[str, str]:
    """Customer → why its fragment is refused. Of two that claim a name, the one that was there first keeps it; of
    two that are new, the first by id.

    Who is refused keeps what was assembled of it last, which may be in the way of others: those are judged again.
    """
    away = frozenset(gone)
    owner = {
        each: name
        for name, claim in before.items()
        if name not in fresh and name not in away
        for each in claim.names
    }
    had = {name: frozenset(before[name].names) if name in before else frozenset() for name in fresh}
    for name, claim in fresh.items():  # what it has already, and goes on having
        owner.update((each, name) for each in claim.names if each in had[name])
    refused: dict[str, str] = {}
    pending = sorted(fresh)
    while pending:
        name = heapq.heappop(pending)
        if name in refused:
            continue
        taken = next((each for each in fresh[name].names if owner.setdefault(each, name) != name), "")
        if not taken:
            continue
        refused[name] = f"{taken} is {owner[taken]}'s, who was there first"
        for each in fresh[name].names:
            if owner.get(each) == name and each not in had[name]:
                del owner[each]
        for each in had[name]:
            other = owner.get(each, name)
            owner[each] = name
            if other != name:
                heapq.heappush(pending, other)
    return refused


def realms(rows: Rows, entries: Mapping[str, Claim]) -> dict[str, dict[str, str]]:
    """Whose the folders of mail are, and in ``over`` the last day for which the mail of one that leaves is kept.

    A fragment that is gone changes nothing: only one that says so lets mail go, and this host's clock has to agree.
    Whoever is served with a realm has it. One that is over says it of its own folder, and of nobody else's.
    """
    found = {realm: dict(row) for realm, row in rows.items()}
    served = set()
    for name, claim in entries.items():
        if claim.state != "over":
            found[claim.realm] = {"customer": name, "over": _mail_until(claim) if claim.state == "closed" else ""}
            served.add(claim.realm)
    for name, claim in entries.items():
        if claim.state == "over" and claim.realm not in served:
            row = found.setdefault(claim.realm, {"customer": name, "over": ""})
            if row["customer"] == name:
                row["over"] = _mail_until(claim)
    return found


def _mail_until(claim: Claim) -> str:
    return next(iter([*claim.leaving][1:2]), "")


def let_go(
    before: Mapping[str, Claim], entries: Mapping[str, Claim], left: Mapping[str, str], today: date
) -> dict[str, str]:
    """Domain that somebody gave up today or, by an earlier clock, later → that day."""
    found = {domain: day for domain, day in left.items() if day >= today.isoformat()}
    for name, claim in before.items():
        kept = frozenset(entries[name].domains) if name in entries else frozenset()
        found.update((each, today.isoformat()) for each in claim.domains if each not in kept)
    return found


def since(
    domains: Iterable[str], seen: Mapping[str, str], left: Mapping[str, str], today: date
) -> Iterator[tuple[str, str]]:
    """Domains, and the first day of which the customer sees anything; none that it always had, as far as is known.

    seen    domains that it had before → that day, or ``""``
    left    domains that somebody had until that day, which is still theirs
    """
    for domain in domains:
        if domain in seen:
            if seen[domain]:
                yield domain, seen[domain]
        elif domain in left:
            yield domain, (date.fromisoformat(left[domain]) + timedelta(days=1)).isoformat()
        else:
            yield domain, today.isoformat()
