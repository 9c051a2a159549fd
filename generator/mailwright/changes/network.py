"""Ports, who reaches them, and what the DNS says."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from ipaddress import ip_address

from mailwright.changes import words
from mailwright.changes.model import Change, differences, kind, pairs
from mailwright.changes.zones import says_more
from mailwright.plan.model import Listener, Opening, Plan, Record
from mailwright.plan.records import ABSENT

_REMEMBERED = "others may see the old state for as long as its time to live."
_DNS = f"Publish it before the hosts are changed; {_REMEMBERED}"
_DNS_LESS = f"Publish it after the hosts are changed; {_REMEMBERED}"
_DNS_GONE = f"Remove it after the hosts are changed; {_REMEMBERED}"
_WAY_IN = f"Publish it when the hosts are ready for it; {_REMEMBERED}"
_WAY_IN_GONE = f"Remove it before the hosts are changed; {_REMEMBERED}"
_WAYS_IN = frozenset({"MX", "SRV"})
"""Types of records that lead others to a host, which has to be there."""


def _gone(new: Plan, host: str) -> bool:
    return all(each.name != host for each in new.hosts)


def listeners(old: Plan, new: Plan) -> Iterator[Change]:
    """What hosts answer with."""
    for before, after, some in pairs(old.listeners, new.listeners):
        key = f"{some.host} port {some.port}"
        if before is not None and after is not None:
            for name in differences(before, after):
                sentence = f"port {some.port} of {some.host} {_differs(before, after, name)}"
                yield Change("listeners", "changed", key, sentence, "", "", before, after)
            continue
        gone = after is None and _gone(new, some.host)
        answers = "answers" if after is not None else "does not answer any more"
        do = "answer" if after is not None else "do not answer any more"
        service = f"on port {some.port}: {words.SERVICES[some.service]}"
        yield Change(
            "listeners",
            kind(before, after),
            f"port {some.port}" if gone else some.host,
            f"{some.host} {answers} {service}",
            f"services end with the host {some.host}" if gone else f"hosts {do} {service}",
            "",
            before,
            after,
        )


def _differs(old: Listener, new: Listener, field: str) -> str:
    if field == "auth":
        return "asks for a login" if new.auth else "does not ask for a login any more"
    if field == "tls":
        how = {"none": "without TLS", "starttls": "with STARTTLS", "implicit": "with TLS from the first octet"}
        return f"speaks {how[new.tls]} instead of {how[old.tls]}"
    return f"serves {words.SERVICES[new.service]} instead of {words.SERVICES[old.service]}"


def openings(old: Plan, new: Plan) -> Iterator[Change]:
    """What hosts' firewalls let through."""
    for before, after, some in pairs(old.openings, new.openings):
        port = f"port {some.port}" if some.protocol == "tcp" else f"port {some.port} ({some.protocol})"
        key = some.host
        if before is not None and after is not None:
            one, other = _peers(old, before), _peers(new, after)
            if one == other:  # the management networks, which are others now
                one, other = words.listed(before.peers), words.listed(after.peers)
            if some.direction == "in":
                sentence = f"{port} of {some.host} is open to {other} instead of {one}"
                alike = f"hosts have {port} open to {other} instead of {one}"
            else:
                sentence = f"{some.host} may reach {port} of {other} instead of {one}"
                alike = f"hosts may reach {port} of {other} instead of {one}"
        elif some.direction == "in":
            who = _peers(new if after is not None else old, some)
            state = "opens to" if after is not None else "closes to"
            sentence = f"{port} of {some.host} {state} {who}"
            alike = f"hosts {'open' if after is not None else 'close'} {port} to {who}"
        else:
            who = _peers(new if after is not None else old, some)
            sentence = f"{some.host} may {'' if after is not None else 'no longer '}reach {port} of {who}"
            alike = f"hosts may {'' if after is not None else 'no longer '}reach {port} of {who}"
        if after is None and _gone(new, some.host):
            key, alike = f"{port} {some.direction}", f"openings end with the host {some.host}"
        yield Change("openings", kind(before, after), key, sentence, alike, "", before, after)


def _peers(plan: Plan, row: Opening) -> str:
    who = words.networks(plan, row.peers)
    return f"{who} (by the user {row.user} alone)" if row.user else who


def border(old: Plan, new: Plan) -> Iterator[Change]:
    """What the border router lets through, or turns away."""
    for before, after, some in pairs(old.border, new.border):
        subject = f"{some.subject} (IPv{some.version})"
        where = f"port {some.port} {'to' if some.direction == 'in' else 'from'} {subject}"
        way = f"port {some.port} {'in to hosts' if some.direction == 'in' else 'out from hosts'}"
        does = {"permit": "lets through", "reject": "turns away"}[some.verdict]
        if before is not None and after is not None:
            now, then = words.listed(after.networks), words.listed(before.networks)
            sentence = f"the border {does} {where}: {now} instead of {then}"
            alike = ""
        else:
            end = "" if after is not None else " no more"
            sentence = f"the border {does} {where}{end}"
            alike = f"times the border {does}{end} {way}"
        note = "The site's router has to be told: border/ of the build."
        yield Change("border", kind(before, after), subject, sentence, alike, note, before, after)


def links(old: Plan, new: Plan) -> Iterator[Change]:
    """Which hosts of the site talk to each other."""
    for before, after, some in pairs(old.links, new.links):
        now = "talks" if after is not None else "talks no more"
        many = "new" if after is not None else "ended"
        yield Change(
            "links",
            kind(before, after),
            f"{some.client} to {some.server}",
            f"{some.client} {now} to {some.server} on port {some.port}: {words.SERVICES[some.service]}",
            f"{many} conversations on port {some.port}: {words.SERVICES[some.service]}",
            "",
            before,
            after,
        )


def records(old: Plan, new: Plan) -> Iterator[Change]:
    """DNS records: where the values of one name and type change, that is one change."""
    before, after = _by_name(old), _by_name(new)
    for key in sorted(before.keys() | after.keys()):
        zone, owner, type_ = key
        one, other = before.get(key, ()), after.get(key, ())
        if [(row.value, row.ttl) for row in one] == [(row.value, row.ttl) for row in other]:
            continue
        what = kind(one or None, other or None)
        name = _address(owner) if type_ == "PTR" else owner.rstrip(".")
        if what == "changed":
            values, now = _values(one), _values(other)
            if _key_cut(values) != _key_cut(now):
                values, now = _key_cut(values), _key_cut(now)
            if values == now:
                sentence = f"{type_} of {name} has another time to live"
            else:
                sentence = f"{type_} of {name} becomes {now}, instead of {values}"
            alike = ""
        else:
            sentence = f"{type_} of {name} {'is new' if other else 'vanishes'}: {_key_cut(_values(other or one))}"
            alike = f"{type_} records in the zone {zone} {'are new' if other else 'vanish'}"
        stays = not _gone(new, name)
        yield Change("records", what, name, sentence, alike, _when(one, other, stays), one or None, other or None)


def _when(before: tuple[Record, ...], after: tuple[Record, ...], stays: bool) -> str:
    """When to publish or remove records of one name and type, as the steps have it. stays: it is a host's name."""
    type_ = (after or before)[0].type
    if not after:
        before_hosts = type_ == "MX" or (stays and type_ in ("A", "AAAA"))
        return _WAY_IN_GONE if before_hosts else _DNS_GONE
    if not before:
        return _WAY_IN if type_ in _WAYS_IN else _DNS
    more, less = says_more(before, after), says_more(after, before)
    if type_ == "TXT":
        return _DNS if more else _DNS_LESS if less else ""
    if less and not more:
        return _DNS
    return _WAY_IN if type_ in _WAYS_IN or (less and type_ != "PTR") else _DNS


def _by_name(plan: Plan) -> dict[tuple[str, str, str], tuple[Record, ...]]:
    found: defaultdict[tuple[str, str, str], list[Record]] = defaultdict(list)
    for row in plan.records:
        found[row.zone, row.owner, row.type].append(row)
    return {key: tuple(rows) for key, rows in found.items()}


def _values(rows: tuple[Record, ...]) -> str:
    if rows[0].type == "MX":  # the lowest preference is tried first
        ranked = sorted((int(rank), name) for rank, _, name in (row.value.partition(" ") for row in rows))
        return ", then ".join(name.rstrip(".") for _, name in ranked)
    return words.listed("no such service" if row.value == ABSENT else row.value.rstrip(".") for row in rows)


def _key_cut(values: str) -> str:
    """A DKIM key without its middle: it fills a screen, and the files have it whole. RSA keys end alike."""
    return re.sub(r"(?<=; p=)([A-Za-z0-9+/]{8})[A-Za-z0-9+/=]{40,}([A-Za-z0-9+/=]{24})", r"\1...\2", values)


def _address(owner: str) -> str:
    """The address that a name in the reverse tree stands for."""
    labels = owner.lower().removesuffix(".").split(".")[:-2][::-1]
    if len(labels) == 4:
        return ".".join(labels)
    digits = "".join(labels)
    return str(ip_address(":".join(digits[start : start + 4] for start in range(0, 32, 4))))
