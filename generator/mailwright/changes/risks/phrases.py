"""How sentences of risks name people."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from mailwright.changes import words
from mailwright.changes.personal import personal


def people(things: Iterable[object]) -> str:
    """``: a, b and c`` of people's logins, names or addresses: left out where nobody's name may stand."""
    return personal(f": {words.some(things)}", "")


def addresses(values: Iterable[str], nobodys: Collection[str]) -> str:
    """Addresses, of which some may be people's (``words.nobodys``): those are left out, and counted, elsewhere."""
    every = tuple(values)
    if len(every) == 1:
        return words.address(every[0], nobodys)
    own = [value for value in every if value in nobodys]
    if len(own) == len(every):
        return words.some(every)
    counted = words.number(len(every) - len(own), "address", "addresses") + " of people"
    return personal(words.some(every), f"{words.some(own)}, and {counted}" if own else counted)
