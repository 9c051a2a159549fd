"""DNS records compared by what they mean: case, order, spacing and defaults make no difference where they make none
to whoever reads the record."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Iterable
from ipaddress import ip_address, ip_network

from mailwright.plan.model import Record

# Tags that say what is so without them (RFC 6376, 3.6.1; RFC 7489, 6.3).
_DKIM_DEFAULTS = {"v": "DKIM1", "k": "rsa", "s": "*"}
_DMARC_DEFAULTS = {"adkim": "r", "aspf": "r", "fo": "0", "pct": "100", "rf": "afrf", "ri": "86400"}
_VERSIONS = ("v=spf1", "v=DKIM1", "v=DMARC1")
_SPACES = re.compile(r"\s+")


def version(value: str) -> str:
    """Which of the policies a TXT value is (``v=spf1``); empty for any other text."""
    first = re.split(r"[\s;]", value.strip(), maxsplit=1)[0]
    return next((item for item in _VERSIONS if item.lower() == first.lower()), "")


def kind(row: Record) -> str:
    """What the row's values are to be compared with: others of its type, and of TXT those of the same policy."""
    return f"{row.type} {version(row.value)}".strip()


def relevant(kind_: str, owner: str, values: Iterable[str]) -> tuple[str, ...]:
    """Those of the served values that are of this kind; a domain has TXT records of other people's as well."""
    type_, _, policy = kind_.partition(" ")
    if type_ != "TXT" or not policy or "._domainkey." in owner:  # there, v= may be left out
        return tuple(values)
    return tuple(value for value in values if version(value) == policy)


def same(kind_: str, one: Iterable[str], other: Iterable[str]) -> bool:
    """Whether two sets of values of a kind mean the same. One that is there twice is not the same as once."""
    return Counter(parsed(kind_, value) for value in one) == Counter(parsed(kind_, value) for value in other)


def parsed(kind_: str, value: str) -> Hashable:
    """The value of a record, in a form in which equal ones are equal. What cannot be read is itself alone."""
    type_, _, policy = kind_.partition(" ")
    try:
        if type_ in ("A", "AAAA"):
            return ip_address(value)
        if type_ == "MX":
            preference, _, name = value.strip().partition(" ")
            return int(preference), name.strip().lower()
    except ValueError:
        return value
    if type_ != "TXT":
        return value.strip().lower()
    if policy == "v=spf1":
        return _spf(value)
    if policy == "v=DKIM1":
        return _tags(value, _DKIM_DEFAULTS)
    if policy == "v=DMARC1":
        return _tags(value, _DMARC_DEFAULTS)
    return value


def tags(value: str) -> dict[str, str] | None:
    """A tag list (RFC 6376, 3.2): ``a=b; c=d``. None for what is none, or has a tag twice."""
    found: dict[str, str] = {}
    for part in value.split(";"):
        if not part.strip():
            continue
        name, equals, content = part.partition("=")
        name = name.strip()
        if not equals or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name) or name in found:
            return None
        found[name] = content.strip()
    return found


def _tags(value: str, defaults: dict[str, str]) -> Hashable:
    found = tags(value)
    if found is None:
        return value
    squeezed = {name: _SPACES.sub("", content) for name, content in found.items() if name != "n"}
    return frozenset(item for item in squeezed.items() if defaults.get(item[0]) != item[1])


def _spf(value: str) -> Hashable:
    """Terms of one verdict that follow one another may stand in any order: the first that matches decides
    (RFC 7208, 4.6.2). A modifier may stand anywhere."""
    runs: list[tuple[str, frozenset[tuple[str, int]]]] = []
    modifiers: Counter[str] = Counter()
    current: tuple[str, Counter[str]] = ("", Counter())
    for term in value.split()[1:]:
        if re.match(r"[A-Za-z][A-Za-z0-9._-]*=", term):
            modifiers[term.lower()] += 1
            continue
        verdict, mechanism = (term[0], term[1:]) if term[0] in "+-~?" else ("+", term)
        if current[0] != verdict:
            runs.append((current[0], frozenset(current[1].items())))
            current = (verdict, Counter())
        current[1][_mechanism(mechanism)] += 1
    runs.append((current[0], frozenset(current[1].items())))
    return tuple(runs), frozenset(modifiers.items())


def _mechanism(term: str) -> str:
    name, colon, content = term.lower().partition(":")
    if name in ("ip4", "ip6") and colon:
        try:
            return f"{name}:{ip_network(content, strict=False)}"
        except ValueError:
            return term.lower()
    return term.lower()
