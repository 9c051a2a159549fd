"""What a provider lets customers say: fixed values, ranges, and choices (SCALE-2).

Judged is what a customer's own file says, at its line. The provider's layers may say anything; a value of theirs
that a customer could not say is a warning.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from mailwright.findings import Finding, Findings, Level, Place, Status
from mailwright.provider.model import Layer, Limit
from mailwright.site import values
from mailwright.site.at import At
from mailwright.site.model import Site
from mailwright.source.about import ANY, about, near, parts
from mailwright.source.document import pointer
from mailwright.source.nodes import Mapping, Node, Scalar, Sequence, Spot
from mailwright.source.report import Report

QUOTA = "/people/*/quota"
"""The one limit that people in a CSV file are judged by too."""

_LONG_FORMS = ("name", "members")
"""Of what may be said as a mapping too, with more about it: the key of what is else said alone (a domain, a role's
members)."""

_UNITS = (("TB", 1000**4), ("GB", 1000**3), ("MB", 1000**2), ("kB", 1000))


def read(at: At) -> Iterator[Limit]:
    """The limits that ``provider.yml`` says, but for those that mean nothing, which are findings."""
    for key, item in at.entries():
        reader = at.reader
        kind = about(key)
        if reader.report.faulty(item.key_place) or not isinstance(item.value, dict):
            continue
        if kind is None:
            close = near(key)
            fix = (
                f"Did you mean {' or '.join(close)}?"
                if close
                else "docs/reference/description.md has all settings."
            )
            reader.report.error("provider.limit", f"{key} is no setting of a description", item.key_place, fix)
            continue
        bounds = {name: _bound(item[name], kind) for name in ("minimum", "maximum")}
        low, high = bounds["minimum"], bounds["maximum"]
        if low is not None and high is not None and low > high:
            message = "the minimum is more than the maximum"
            reader.report.error("provider.limit", message, item.key_place, "Change one of them.")
            continue
        chosen = tuple(one.value for one in item["one_of"].items() if isinstance(one.value, str | int))
        yield Limit(key, item["fixed"].flag(False), low, high, chosen, item["reason"].text(), item.key_place)


def _bound(at: At, kind: dict[str, Any]) -> int | None:
    """A bound as a number, or octets; None where none is said, or (a finding) where it does not fit the value."""
    if at.value is None:
        return None
    size = _is_size(kind)
    if size and isinstance(at.value, str):
        return at.turn(values.size)
    if not size and kind.get("type") == "integer" and isinstance(at.value, int):
        return at.value
    wanted = "a size, such as 5 GB" if size else "a whole number"
    if size or kind.get("type") == "integer":
        at.reader.report.error("provider.limit", f"the value is {wanted}, and so must be this", at.place, "")
    else:
        message = "the value is neither a number nor a size, and has no least or most"
        at.reader.report.error("provider.limit", message, at.place, "Use fixed or one_of.")
    return None


def _is_size(kind: dict[str, Any]) -> bool:
    return str(kind.get("$ref", "")).endswith("/size")


def check(limits: Iterable[Limit], root: Mapping, findings: Findings) -> None:
    """Adds a finding for each value of a customer's own layer (``root``) that goes over a limit.

    A place that has a finding already is passed over.
    """
    report = Report(findings)
    for limit in limits:
        for place, node in matching(root, limit.pointer):
            wrong = "may not be said by a customer" if limit.fixed else _wrong(limit, node)
            if wrong:
                report.error("customer.limit", _message(limit, place.pointer, wrong), place, _fix(limit))


def people(limits: Iterable[Limit], site: Site, findings: Findings) -> None:
    """The same for the quota of people who are in a CSV file."""
    for limit in limits:
        if limit.pointer != QUOTA:
            continue
        for person in site.people:
            if person.quota is None or person.where.pointer:
                continue  # a person of the description has a pointer, and was judged there
            wrong = "may not be said by a customer" if limit.fixed else _number(limit, person.quota, True)
            if wrong:
                message = _message(limit, f"the quota of {person.login}", wrong)
                findings.error("customer.limit", message, person.where, _fix(limit))


def warn(limits: Iterable[Limit], layer: Layer, findings: Findings) -> None:
    """Adds a warning for each value of a provider's own layer that a customer could not say."""
    for limit in limits:
        for place, node in matching(layer.root, limit.pointer):
            wrong = _wrong(limit, node)
            if wrong:
                message = f"{place.pointer} in {layer.name} {wrong}, by the provider's own limit: {limit.reason}"
                fix = f"Change it, or the limit at {limit.where}."
                findings.items.append(
                    Finding("provider.own-limit", "", Level.ADVICE, Status.FAIL, message, fix, place)
                )


def by_passed(limits: Iterable[Limit], findings: Findings) -> None:
    """Adds a warning for a limit of the quota that a person's own goes round."""
    every = tuple(limits)
    if any(holding(every, QUOTA)):
        return
    for limit in every:
        if limit.pointer == "/store/quota" and (limit.fixed or limit.one_of or limit.maximum is not None):
            message = f"{limit.pointer} is limited, and people's own quotas are not: each may be larger"
            fix = f"Say {QUOTA} too."
            findings.items.append(
                Finding("provider.by-passed", "", Level.ADVICE, Status.FAIL, message, fix, limit.where)
            )


def holding(limits: Iterable[Limit], at: str) -> Iterator[Limit]:
    """The limits for the value at a pointer: those of itself, and fixed ones of what holds it."""
    said = parts(at)
    for limit in limits:
        held = parts(limit.pointer)
        same = len(held) <= len(said) and all(own in (ANY, one) for own, one in zip(held, said, strict=False))
        if same and (limit.fixed or len(held) == len(said)):
            yield limit


def words(limit: Limit) -> str:
    """What a limit asks for: ``92 to 180``, ``at most 10 GB``, ``one of none, quarantine``."""
    if limit.fixed:
        return "fixed by the provider"
    kind = about(limit.pointer) or {}
    low, high = (None if one is None else _shown(one, _is_size(kind)) for one in (limit.minimum, limit.maximum))
    said = []
    if low is not None and high is not None:
        said.append(f"{low} to {high}")
    elif low is not None:
        said.append(f"at least {low}")
    elif high is not None:
        said.append(f"at most {high}")
    if limit.one_of:
        said.append(f"one of {', '.join(_plain(one) for one in limit.one_of)}")
    return ", ".join(said)


def matching(root: Mapping, at: str) -> Iterator[tuple[Place, Node]]:
    """Each value at a pointer with the place of its key (of an item: its own); ``*`` is any key or item."""
    yield from _below(root, root.spot, parts(at), ())


def _below(node: Node, spot: Spot, rest: list[str], way: tuple[str | int, ...]) -> Iterator[tuple[Place, Node]]:
    if not rest:
        yield Place(spot.file, spot.line, spot.column, pointer(*way)), node
        return
    key, *further = rest
    if key in _LONG_FORMS and not isinstance(node, Mapping):
        yield from _below(node, spot, further, way)
    elif isinstance(node, Mapping):
        for name, entry in node.entries.items() if key == ANY else ():
            yield from _below(entry.node, entry.spot, further, (*way, name))
        if key != ANY and key in node.entries:
            entry = node.entries[key]
            yield from _below(entry.node, entry.spot, further, (*way, key))
    elif isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            if key in (ANY, str(index)):
                yield from _below(item, item.spot, further, (*way, index))


def _wrong(limit: Limit, node: Node) -> str:
    """What is the matter with a value, after ``/logging/days``; empty where nothing is."""
    if limit.one_of:
        node = _alone(node)
    if isinstance(node, Sequence) and limit.one_of:
        return next((wrong for item in node.items if (wrong := _choice(limit, item))), "")
    if not isinstance(node, Scalar):
        return ""  # the schema has found fault with it, or it is no single value
    value = node.value
    if isinstance(value, str) and (limit.minimum, limit.maximum) != (None, None):
        try:
            return _number(limit, values.size(value), True)
        except ValueError:
            return ""  # said by the schema
    if isinstance(value, int) and not isinstance(value, bool):
        wrong = _number(limit, value, False)
        if wrong:
            return wrong
    return _choice(limit, node) if limit.one_of else ""


def _number(limit: Limit, value: int, size: bool) -> str:
    if limit.minimum is not None and value < limit.minimum:
        return f"is {_shown(value, size)}, less than {_shown(limit.minimum, size)}"
    if limit.maximum is not None and value > limit.maximum:
        return f"is {_shown(value, size)}, more than {_shown(limit.maximum, size)}"
    return ""


def _alone(node: Node) -> Node:
    """What is said, of a mapping that says more about it."""
    if isinstance(node, Mapping):
        return next((node.entries[key].node for key in _LONG_FORMS if key in node.entries), node)
    return node


def _choice(limit: Limit, node: Node) -> str:
    node = _alone(node)
    if not isinstance(node, Scalar):
        return ""
    for one in limit.one_of:
        if type(one) is type(node.value) and one == node.value:
            return ""
    return f"is {_plain(node.value)}, not one of {', '.join(_plain(one) for one in limit.one_of)}"


def _plain(value: str | int | bool | None) -> str:
    return str(value).lower() if isinstance(value, bool) else "nothing" if value is None else str(value)


def _shown(value: int, size: bool) -> str:
    if not size:
        return str(value)
    for unit, octets in _UNITS:
        if value % octets == 0:
            return f"{value // octets} {unit}"
    return f"{value} octets"


def _message(limit: Limit, what: str, wrong: str) -> str:
    return f"{what} {wrong}: {limit.reason}"


def _fix(limit: Limit) -> str:
    if limit.fixed:
        return "Take it out; the provider's value holds."
    return f"Allowed is {words(limit)}; or the provider changes the limit at {limit.where}."
