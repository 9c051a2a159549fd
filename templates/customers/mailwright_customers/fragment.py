"""A customer's fragment, mail.tables: read strictly, and judged by the customer's own domains."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

FORMAT = "1"
MOST = 64 * 2**20  # octets
STATES = ("active", "stopped", "closed", "over")
ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_LOCAL = r"[a-z0-9_][a-z0-9_+'&=-]*(?:\.[a-z0-9_+'&=-]+)*"
_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*\.(?!\d+\Z){_LABEL}")
_OWN = re.compile(rf"{_LOCAL}@{_LABEL}(?:\.{_LABEL})+")
_TARGET = re.compile(rf"{_LOCAL}@{_LABEL}(?:\.{_LABEL})*", re.IGNORECASE | re.ASCII)
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{0,31}")
_SELECTOR = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_NUMBER = re.compile(r"[1-9][0-9]{0,17}")
_STRANGE = re.compile(r"[^\n -~]")


class FragmentError(Exception):
    """Why the fragment is refused, in words for whoever applied it."""


@dataclass
class Facts:
    """What a fragment says. Logins have their realm; addresses are in small letters.

    domains   mail domains, inside: what they are called inside
    leaving   last days of: taking mail, fetching it, seeing logs; empty for who stays
    logins    login → octets that its mailbox may have
    names     published address → login, where no mail comes in any more
    """

    id: str
    realm: str = ""
    state: str = ""
    days: int = 0
    leaving: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    inside: tuple[str, ...] = ()
    dkim: str = ""
    logins: dict[str, int] = field(default_factory=dict)
    processes: tuple[str, ...] = ()
    mailboxes: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    aliases: dict[str, tuple[str, ...]] = field(default_factory=dict)
    senders: dict[str, tuple[str, ...]] = field(default_factory=dict)
    internal: dict[str, str] = field(default_factory=dict)


# Each kind of line: how many fields it has (at least, at most), and in which states it may stand.
_KINDS: dict[str, tuple[int, int, str]] = {
    "format": (1, 1, "active stopped closed over"),
    "customer": (1, 1, "active stopped closed over"),
    "realm": (1, 1, "active stopped closed over"),
    "state": (1, 1, "active stopped closed over"),
    "leaving": (3, 3, "active stopped closed over"),
    "days": (1, 1, "active stopped closed"),
    "domain": (1, 1, "active stopped closed"),
    "inside": (1, 1, "active stopped closed"),
    "login": (2, 2, "active stopped"),
    "name": (2, 2, "stopped"),
    "process": (1, 1, "active"),
    "dkim": (1, 1, "active"),
    "mailbox": (2, 2, "active"),
    "alias": (2, 1001, "active"),
    "sender": (2, 2, "active"),
    "internal": (2, 2, "active"),
}
_HEAD = ("format", "customer", "realm", "state")

_Line = tuple[int, list[str]]  # its number, and its fields after the first word


def parse(name: str, raw: bytes, platform: frozenset[str], today: date) -> Facts:
    """The facts of the customer ``name``. Raises FragmentError.

    platform  names that are the platform's own, and no customer's
    """
    lines = _lines(raw)
    facts = Facts(name)
    _head(facts, lines)
    _leaving(facts, lines["leaving"], today)
    for kind, found in lines.items():
        if found and facts.state not in _KINDS[kind][2].split():
            _refuse(found[0][0], f"a customer that is {facts.state} has no line of the kind {kind}")
    _domains(facts, lines, platform)
    _logins(facts, lines)
    _addresses(facts, lines)
    return facts


def _refuse(number: int, why: str) -> None:
    raise FragmentError(f"line {number}: {why}" if number else why)


def _lines(raw: bytes) -> dict[str, list[_Line]]:
    if len(raw) > MOST:
        raise FragmentError("it is too long")
    try:
        text = raw.decode("ascii")
    except UnicodeDecodeError as error:
        raise FragmentError(f"octet {error.start}: not ASCII") from None
    if strange := _STRANGE.search(text):
        raise FragmentError(f"line {text.count(chr(10), 0, strange.start()) + 1}: a control character")
    if not text.endswith("\n"):
        raise FragmentError("its last line is not whole")
    found: dict[str, list[_Line]] = {kind: [] for kind in _KINDS}
    first: list[str] = []
    number = 0
    for line in text.split("\n"):
        number += 1
        if not line or line[0] == "#":
            continue
        kind, *fields = line.split(" ")
        if len(first) < len(_HEAD):
            first.append(kind)
        if kind not in found:
            _refuse(number, "nothing of this kind is known")
        least, most, _ = _KINDS[kind]
        if not least <= len(fields) <= most or "" in fields:
            _refuse(number, "it has not the fields that it should have")
        found[kind].append((number, fields))
    if tuple(first) != _HEAD:
        raise FragmentError(f"it does not begin with {', '.join(_HEAD)}")
    return found


def _one(lines: dict[str, list[_Line]], kind: str) -> str:
    found = lines[kind]
    if len(found) > 1:
        _refuse(found[1][0], f"there is one line of the kind {kind}")
    return found[0][1][0] if found else ""


def _head(facts: Facts, lines: dict[str, list[_Line]]) -> None:
    if _one(lines, "format") != FORMAT:
        _refuse(lines["format"][0][0], "not a format that this host reads: apply the platform first")
    if _one(lines, "customer") != facts.id:
        _refuse(lines["customer"][0][0], f"it is said to be {facts.id}'s")
    facts.realm, facts.state = _one(lines, "realm"), _one(lines, "state")
    if not _is_domain(facts.realm):
        _refuse(lines["realm"][0][0], "the realm is no domain")
    if facts.state not in STATES:
        _refuse(lines["state"][0][0], "no such state")


def _is_domain(text: str) -> bool:
    return bool(_DOMAIN.fullmatch(text)) and len(text) <= 253


def _leaving(facts: Facts, found: list[_Line], today: date) -> None:
    if len(found) > 1:
        _refuse(found[1][0], "there is one line of the kind leaving")
    if not found:
        if facts.state != "active":
            raise FragmentError(f"it is {facts.state}, and no day is said on which it leaves")
        return
    number, fields = found[0]
    try:
        days = tuple(date.fromisoformat(each) for each in fields)
    except ValueError:
        days = ()
    if not days or tuple(day.isoformat() for day in days) != tuple(fields) or list(days) != sorted(days):
        _refuse(number, "these are no three days in their order")
    facts.leaving = tuple(fields)
    last = {"closed": days[1], "over": days[2]}.get(facts.state)
    if last is not None and last >= today:
        _refuse(number, f"it is said to be {facts.state}, and this host's clock says {today.isoformat()}")


def _domains(facts: Facts, lines: dict[str, list[_Line]], platform: frozenset[str]) -> None:
    seen: set[str] = set()
    for kind in ("domain", "inside"):
        for number, (name,) in lines[kind]:
            if not _is_domain(name):
                _refuse(number, "not a domain")
            if name in platform or name.endswith((".invalid", ".localhost")):
                _refuse(number, f"{name} is the platform's own")
            if name in seen:
                _refuse(number, f"{name} is there twice")
            seen.add(name)
    facts.domains = tuple(fields[0] for _, fields in lines["domain"])
    facts.inside = tuple(fields[0] for _, fields in lines["inside"])
    if facts.realm in platform:
        raise FragmentError(f"{facts.realm} is the platform's own")
    if facts.state != "over" and facts.realm not in facts.domains:
        raise FragmentError("the realm is none of its mail domains")
    days = _one(lines, "days")
    if facts.state != "over" and not _NUMBER.fullmatch(days):
        raise FragmentError("for how many days its logs are seen is not said")
    facts.days = int(days or 0)


def _logins(facts: Facts, lines: dict[str, list[_Line]]) -> None:
    ending = f"@{facts.realm}"
    processes: dict[str, None] = {}
    for kind in ("login", "process"):
        for number, fields in lines[kind]:
            login = fields[0]
            if not login.endswith(ending) or not _LOGIN.fullmatch(login.removesuffix(ending)):
                _refuse(number, f"{login} is no login of the realm {facts.realm}")
            if login in facts.logins or login in processes:
                _refuse(number, f"{login} is there twice")
            if kind == "process":
                processes[login] = None
            elif _NUMBER.fullmatch(fields[1]):
                facts.logins[login] = int(fields[1])
            else:
                _refuse(number, "the quota is no number above 0")
    facts.processes = tuple(processes)
    facts.dkim = _one(lines, "dkim")
    if facts.dkim and not _SELECTOR.fullmatch(facts.dkim):
        _refuse(lines["dkim"][0][0], "not a selector")


def _addresses(facts: Facts, lines: dict[str, list[_Line]]) -> None:
    published, domains = frozenset(facts.domains), frozenset((*facts.domains, *facts.inside))
    own = _OWN.fullmatch

    def keyed(kind: str, names: frozenset[str] = domains) -> Iterable[tuple[int, str, list[str]]]:
        for number, (address, *rest) in lines[kind]:
            if not own(address) or len(address) > 254 or address.rpartition("@")[2] not in names:
                _refuse(number, f"{address} is no address in a domain of {facts.id}")
            yield number, address, rest

    for kind, table in (("mailbox", facts.mailboxes), ("name", facts.names)):
        for number, address, (login,) in keyed(kind, published):
            if login not in facts.logins:
                _refuse(number, f"{login} is no login of {facts.id} with a mailbox")
            if address in table:
                _refuse(number, f"{address} is there twice")
            table[address] = login
    for number, address, targets in keyed("alias"):
        if address in facts.aliases or address in facts.mailboxes:
            _refuse(number, f"{address} is there twice")
        facts.aliases[address] = tuple(targets)
    for number, (_, *targets) in lines["alias"]:
        _targets(facts, number, targets, domains)
    processes = frozenset(facts.processes)
    senders: dict[str, list[str]] = {}
    for number, address, (login,) in keyed("sender"):
        if login not in facts.logins and login not in processes:
            _refuse(number, f"{login} is no login of {facts.id}")
        senders.setdefault(address, []).append(login)
    facts.senders = {address: tuple(dict.fromkeys(logins)) for address, logins in senders.items()}
    for number, address, (becomes,) in keyed("internal"):
        if not _TARGET.fullmatch(becomes) or not _exists(facts, becomes.lower()):
            _refuse(number, f"{becomes} is no address of {facts.id}")
        if address in facts.internal:
            _refuse(number, f"{address} is there twice")
        facts.internal[address] = becomes


def _exists(facts: Facts, address: str) -> bool:
    return address in facts.mailboxes or address in facts.aliases


def _targets(facts: Facts, number: int, targets: list[str], domains: frozenset[str]) -> None:
    for target in targets:
        if not _TARGET.fullmatch(target) or len(target) > 254:
            _refuse(number, f"{target} is no address to send on to")
        small = target.lower()
        if small.rpartition("@")[2] in domains and not _exists(facts, small):
            _refuse(number, f"{target} is no address of {facts.id}")
