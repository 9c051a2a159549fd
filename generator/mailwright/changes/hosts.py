"""Which host does what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mailwright.changes import model, words
from mailwright.changes.model import Change, differences, pairs
from mailwright.plan.model import HostFacts, Plan

_USED = frozenset({"submission", "store"})
_CALLED = "It needs a certificate for the new name, and the DNS has to lead there and back."
_CALLED_USED = "Users' mail programs name the old one until they are set up anew."
_RUNS = "It has to run that first: an apply refuses a host of another release, and changes nothing there."
_TELL = "Users' mail programs that name the old host have to be told the new one."


def changes(old: Plan, new: Plan) -> Iterator[Change]:
    """Functions that move, then hosts that come, go, or are otherwise."""
    for function, what in words.FUNCTIONS.items():
        before = tuple(host.name for host in old.with_function(function))
        after = tuple(host.name for host in new.with_function(function))
        if set(before) != set(after):
            kind = model.kind(before or None, after or None)
            sentence = _moved(what, before, after)
            note = _TELL if function in _USED and set(before) - set(after) else ""
            yield Change("functions", kind, function, sentence, "", note, before or None, after or None)
    for one, other, _ in pairs(old.hosts, new.hosts):
        if one is None and other is not None:
            yield Change("hosts", "added", other.name, _new(old, other), old=None, new=other)
        elif one is not None and other is None:
            yield Change("hosts", "removed", one.name, f"{one.name} is no host of the service any more", old=one)
        elif one is not None and other is not None:
            for name in differences(one, other):
                if name != "functions":  # said above
                    note = _RUNS if name == "os" else ""
                    yield Change(
                        "hosts", "changed", other.name, _differs(one, other, name), note=note, old=one, new=other
                    )


def renamed(old: Plan, new: Plan, names: Mapping[str, str]) -> Iterator[Change]:
    """Hosts that are called otherwise. ``names``: the old one → the new one."""
    for was, now in sorted(names.items()):
        before, after = old.host(was), new.host(now)
        told = f" {_CALLED_USED}" if not _USED.isdisjoint(after.functions) else ""
        sentence = f"{was} is called {now} from now on, and is the same machine"
        yield Change("hosts", "changed", now, sentence, "", f"{_CALLED}{told}", before, after)


def _moved(what: str, before: tuple[str, ...], after: tuple[str, ...]) -> str:
    gone = [name for name in before if name not in after]
    come = [name for name in after if name not in before]
    stays = [name for name in after if name in before]
    still = f"; {words.listed(stays)} still {'does' if len(stays) == 1 else 'do'} it" if stays else ""
    if gone and come:
        return f"{what} moves from {words.listed(gone)} to {words.listed(come)}{still}"
    if gone:
        return f"{what} ends on {words.listed(gone)}{still or '; no host does it any more'}"
    return f"{what} begins on {words.listed(come)}{still}"


def _new(old: Plan, host: HostFacts) -> str:
    owners = {address: each.name for each in old.hosts for address in each.addresses}
    from_others = [f"{address} from {owners[address]}" for address in host.addresses if address in owners]
    takes = f", and takes {words.listed(from_others)}" if from_others else ""
    return f"{host.name} ({words.listed(host.addresses)}) is new{takes}"


def _differs(old: HostFacts, new: HostFacts, field: str) -> str:
    if field == "addresses":
        return (
            f"{new.name} has the addresses {words.listed(new.addresses)} instead of {words.listed(old.addresses)}"
        )
    return f"{new.name} runs {getattr(new, field)} instead of {getattr(old, field)}"
