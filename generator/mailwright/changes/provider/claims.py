"""Whose a domain is: customers of another id, domains that go to another customer, and those that two say.

Only customers whose files differ were read. Of the others, those are read here that hold a domain which a customer
says anew: looked for as bytes first, since most do not.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from mailwright.changes.provider.customer import Outcome
from mailwright.changes.provider.rules import Claim
from mailwright.findings import Place
from mailwright.provider import which
from mailwright.provider.claims import Claimant, Clash, ids
from mailwright.provider.model import CUSTOMERS
from mailwright.provider.read import ENDING
from mailwright.source.folder import Folder
from mailwright.source.layers import MAX_BYTES


def said_id(raw: bytes | None, stem: str) -> str:
    """The id that a customer's file says: its name where it says none, or none that is one."""
    return (which.said_id(raw, stem) if raw is not None else None) or stem


def same_ids(outcomes: Iterable[Outcome], new: Folder, files: Mapping[str, Mapping[str, str]]) -> Iterator[Clash]:
    """Ids that customers have anew and others have too, as a check and a build say it."""
    anew = {one.new.id for one in outcomes if one.new is not None and (one.old is None or one.old.id != one.new.id)}
    if not anew:
        return
    words = {id_: id_.encode() for id_ in anew}
    claimants = []
    for stem in files:
        path = f"{CUSTOMERS}/{stem}{ENDING}"
        raw = new.content(path, MAX_BYTES)
        if raw is None or not (stem in anew or any(word in raw for word in words.values())):
            continue
        id_ = said_id(raw, stem)
        if id_ in anew:
            claimants.append(Claimant(id_, Place(new.shown(str(new.path / path)), 1, 1)))
    yield from ids(claimants)


def renamed(outcomes: Iterable[Outcome]) -> Mapping[str, str]:
    """Old id → new id of customers that have the very same domains."""
    gone = {
        frozenset(one.old.domains): one.id for one in outcomes if one.new is None and one.old and one.old.domains
    }
    come = {
        frozenset(one.new.domains): one.id for one in outcomes if one.old is None and one.new and one.new.domains
    }
    return {gone[domains]: come[domains] for domains in gone.keys() & come.keys()}


def claims(
    outcomes: Iterable[Outcome],
    new: Folder,
    files: Mapping[str, Mapping[str, str]],
) -> Iterator[Claim]:
    """Domains that a customer says anew and that another customer had, or has."""
    looked_at = tuple(outcomes)
    had: dict[str, list[Outcome]] = {}
    has: dict[str, list[Outcome]] = {}
    for one in looked_at:
        for domain in one.old.domains if one.old is not None else ():
            had.setdefault(domain, []).append(one)
        for domain in one.new.domains if one.new is not None else ():
            has.setdefault(domain, []).append(one)
    anew = {
        domain: one for domain, members in sorted(has.items()) for one in members if one not in had.get(domain, ())
    }
    read = {one.id for one in looked_at}
    others = dict(_holding(anew, read, new, files)) if anew else {}
    for domain, one in anew.items():
        assert one.new is not None  # noqa: S101
        keepers = [other.id for other in has[domain] if other is not one and other.id != one.id]
        keepers += [id_ for id_ in others.get(domain, ()) if id_ != one.id]
        if keepers:
            yield Claim(domain, keepers[0], one.id, one.new.spot(domain), both=True)
            continue
        before = [other.id for other in had.get(domain, ()) if other.id != one.id]
        if before:
            yield Claim(domain, before[0], one.id, one.new.spot(domain), both=False)


def _holding(
    domains: Iterable[str], read: set[str], folder: Folder, files: Mapping[str, Mapping[str, str]]
) -> Iterator[tuple[str, list[str]]]:
    """Domain → ids of further customers that say it."""
    wanted = {domain: tuple(which.written(domain)) for domain in domains}
    found: dict[str, list[str]] = {}
    for stem in files:
        raw = folder.content(f"{CUSTOMERS}/{stem}{ENDING}", MAX_BYTES)
        if raw is None:
            continue
        low = which.lowered(raw)
        for domain, words in wanted.items():
            if any(word in low for word in words):
                id_ = said_id(raw, stem)
                if id_ not in read and domain in which.said_domains(raw, stem):
                    found.setdefault(domain, []).append(id_)
    yield from found.items()
