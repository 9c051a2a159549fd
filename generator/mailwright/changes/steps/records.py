"""Steps at the name servers: what is new is published before it is needed, what goes is taken out when others have
forgotten it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from mailwright.changes import words
from mailwright.changes.model import Comparison, Step
from mailwright.changes.steps import overlap
from mailwright.changes.zones import Zones, differing, only_less, says_more, spf
from mailwright.plan.model import Record

_WEEK = 7 * 86_400
"""After it, what was signed with an old key has been delivered or returned: a queue is tried for five days."""

_WAYS_IN = ("MX", "SRV")
"""Types of records by which others find a host that is not theirs."""


def new_records(comparison: Comparison) -> Iterator[Step]:
    """Who a new host is, that it may send in the site's name, and what vouches for a new domain is known first."""
    hosts = {f"{host.name}." for host in comparison.new.hosts}
    known_zones = {row.zone for row in comparison.old.records}
    found = [
        (before, after)
        for before, after in _differing(comparison, "A", "AAAA", "PTR", "TXT")
        if says_more(before, after)
        and (
            after[0].type == "PTR"
            or after[0].owner in hosts
            or (before and spf(after))
            or after[0].zone not in known_zones
        )
    ]
    if not found:
        return
    rows = tuple(chain.from_iterable(after for _, after in found))
    known = tuple(chain.from_iterable(before for before, after in found if spf(after)))
    yield Step(
        f"Publish from dns/ the {words.listed(_types(rows))} records of {words.few(_owners(rows), 'names')}",
        _ttl(known),
        "Others hold the old SPF records for as long, and would take what the new host sends for forged."
        if known
        else "What is sent without them is refused by others.",
    )


def new_key(comparison: Comparison) -> Iterator[Step]:
    """Another DKIM key has another selector, and is known before anything is signed with it."""
    old, new = comparison.old.settings, comparison.new.settings
    if not old.dkim_selector or not new.dkim_selector:
        return
    if old.dkim_selector != new.dkim_selector:
        rows = tuple(row for row in comparison.old.records if _key_of(row, old.dkim_selector))
        yield Step(
            f"Publish the TXT records {new.dkim_selector}._domainkey from dns/, and leave those of "
            f"{old.dkim_selector} where they are",
            _ttl(rows),
            "What is signed with a key that others do not find yet counts as not signed.",
        )
    elif any(
        before and after and _key_of(after[0], new.dkim_selector) for before, after in _differing(comparison, "TXT")
    ):
        yield Step(
            f"Give the new DKIM key a selector of its own in the description, instead of {new.dkim_selector}, and "
            "review that",
            why="Under one selector, what is on its way and signed with the old key cannot be verified any more.",
        )


def fewer_records(comparison: Comparison) -> Iterator[Step]:
    """Names that get no mail here any more, and hosts to which none comes any more, with nothing in their place."""
    gone = tuple(chain.from_iterable(before for before, after in _differing(comparison, "MX") if not after))
    if gone:
        names = words.few(_owners(gone), "names")
        yield Step(
            f"Take the MX records of {names} out of the DNS, or let them name another system",
            _ttl(gone),
            "Others go on sending here for as long as they remember them, and would be refused.",
        )
    stay = {f"{host.name}." for host in comparison.new.hosts}
    lost = tuple(
        chain.from_iterable(
            before
            for before, after in _differing(comparison, "A", "AAAA")
            if before and before[0].owner in stay and not after
        )
    )
    if lost:
        yield Step(
            f"Take the {words.listed(_types(lost))} records of {words.few(_owners(lost), 'hosts')} out of the DNS",
            _ttl(lost),
            "Others go on looking for it there for as long as they remember them.",
        )
    fewer = [
        (before, after)
        for before, after in _differing(comparison, *_WAYS_IN, "A", "AAAA")
        if after and only_less(before, after)
    ]
    if fewer:
        rows = tuple(chain.from_iterable(before for before, _ in fewer))
        yield Step(
            f"Publish from dns/ the {words.listed(_types(rows))} records of {words.few(_owners(rows), 'names')}, "
            "which name what stays",
            _ttl(rows),
            "Others go on coming to what goes for as long as they remember it.",
        )


def switched(comparison: Comparison) -> Iterator[Step]:
    """Records by which others come: they name hosts that are ready."""
    hosts = {f"{host.name}." for plan in (comparison.old, comparison.new) for host in plan.hosts}
    found = [
        (before, after)
        for before, after in _differing(comparison, *_WAYS_IN, "A", "AAAA")
        if after
        and not only_less(before, after)
        and (after[0].type in _WAYS_IN or after[0].owner not in hosts or says_more(after, before))
    ]
    if not found:
        return
    rows = tuple(chain.from_iterable(after for _, after in found))
    left = tuple(chain.from_iterable(before for before, after in found if says_more(after, before)))
    staying = overlap.keeps(comparison)
    build = "Build this description as it is, and publish from its dns/" if staying else "Publish from dns/"
    yield Step(
        f"{build} the {words.listed(_types(rows))} records of {words.few(_owners(rows), 'names')}",
        _ttl(left),
        "Others go on coming the old way for as long as they remember it." if left else "",
    )


def old_records(comparison: Comparison) -> Iterator[Step]:
    """What nobody asks for any more is removed last."""
    stay = {f"{host.name}." for host in comparison.new.hosts}
    found = [
        (before, after)
        for before, after in _differing(comparison, "A", "AAAA", "PTR", "TXT", "SRV")
        if says_more(after, before)
        and (spf(before) or not after)
        and not (before[0].type in ("A", "AAAA") and before[0].owner in stay)
        and not any("._domainkey." in row.owner and not _gone_domain(comparison, row) for row in before)
        and not any(row.owner.startswith("_dmarc.") and not _gone_domain(comparison, row) for row in before)
    ]
    if found:
        rows = tuple(chain.from_iterable(before for before, _ in found))
        yield Step(
            f"Take out of the DNS what is gone from the {words.listed(_types(rows))} records of "
            f"{words.few(_owners(rows), 'names')}"
        )


def old_key(comparison: Comparison) -> Iterator[Step]:
    old, new = comparison.old.settings, comparison.new.settings
    if old.dkim_selector and old.dkim_selector != new.dkim_selector:
        signed = f"is signed with {new.dkim_selector}" if new.dkim_selector else "is not signed any more"
        yield Step(
            f"See that what leaves {signed}",
            _WEEK,
            "What was signed with the old key is under way for as long.",
        )
        keys, now = (
            {row.value for row in plan.records if _key_of(row, selector)}
            for plan, selector in ((comparison.old, old.dkim_selector), (comparison.new, new.dkim_selector))
        )
        delete = "" if keys & now else ", and delete the old key"
        yield Step(f"Take the TXT records {old.dkim_selector}._domainkey out of the DNS{delete}")


def _differing(comparison: Comparison, *types: str) -> Iterator[tuple[tuple[Record, ...], tuple[Record, ...]]]:
    return differing(Zones(comparison.old), Zones(comparison.new), *types)


def _key_of(row: Record, selector: str) -> bool:
    return row.type == "TXT" and row.owner.startswith(f"{selector}._domainkey.")


def _gone_domain(comparison: Comparison, row: Record) -> bool:
    return row.zone not in comparison.new.settings.own_names


def _ttl(rows: Iterable[Record]) -> int:
    return max((row.ttl for row in rows), default=0)


def _owners(rows: Iterable[Record]) -> tuple[str, ...]:
    """The names that records are about; of reverse ones the host, not the address, of keys and DMARC the domain."""
    return tuple(sorted({_about(row).removesuffix(".") for row in rows}))


def _about(row: Record) -> str:
    if row.type == "PTR":
        return row.value
    return row.owner.rpartition("._domainkey.")[2].removeprefix("_dmarc.") if row.type == "TXT" else row.owner


def _types(rows: Iterable[Record]) -> tuple[str, ...]:
    return tuple(sorted({"SPF" if spf((row,)) else row.type for row in rows}))
