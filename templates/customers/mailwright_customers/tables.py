"""Tables of all customers' facts: what each one adds, and the cdb that is made of it.

A table is kept as the text of which its cdb was made, each customer's part in one piece, and the index knows where
that begins: a customer who changes costs a copy of the rest, and no second look at it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from mailwright_customers import host
from mailwright_customers.fragment import Facts
from mailwright_customers.host import CustomersError

NOBODY = "-"


@dataclass(frozen=True)
class Table:
    """``path`` on hosts, ``group``: who reads it; ``part``: lines of key, blank and value."""

    name: str
    path: str
    group: str
    part: Callable[[Facts], Iterable[str]]


def _domains(facts: Facts) -> Iterable[str]:
    return (f"{name} {facts.id}" for name in facts.domains) if facts.state == "active" else ()


def _inside(facts: Facts) -> Iterable[str]:
    return (f"{name} {facts.id}" for name in facts.inside) if facts.state == "active" else ()


def _mailboxes(facts: Facts) -> Iterable[str]:
    return (f"{address} {login}" for address, login in facts.mailboxes.items())


def _aliases(facts: Facts) -> Iterable[str]:
    return (f"{address} {', '.join(targets)}" for address, targets in facts.aliases.items())


def _senders(facts: Facts) -> Iterable[str]:
    return (f"{address} {', '.join(logins)}" for address, logins in facts.senders.items())


def _internal(facts: Facts) -> Iterable[str]:
    return (f"{address} {published}" for address, published in facts.internal.items())


def _filter(facts: Facts) -> Iterable[str]:
    """``@domain`` → whose; ``address`` → its logins; ``!login``: an automatic sender; ``*domain`` → how to sign."""
    if facts.state != "active":
        return
    for name in (*facts.domains, *facts.inside):
        yield f"@{name} {facts.id}"
    for login in facts.processes:
        yield f"!{login} {facts.id}"
    if facts.dkim:
        for name in facts.domains:
            yield f"*{name} {facts.dkim} {host.KEYS}/{facts.id}.key"
    addresses = {**dict.fromkeys((*facts.mailboxes, *facts.aliases), ()), **facts.senders}
    for address, logins in addresses.items():
        yield f"{address} {','.join(logins) or NOBODY}"


def _postfix(name: str, part: Callable[[Facts], Iterable[str]]) -> Table:
    return Table(name, f"{host.POSTFIX}/{name}.cdb", "postfix", part)


TABLES = (
    _postfix("domains", _domains),
    _postfix("inside", _inside),
    _postfix("mailboxes", _mailboxes),
    _postfix("aliases", _aliases),
    _postfix("senders", _senders),
    _postfix("internal", _internal),
    Table("filter", host.FILTER, "_rspamd", _filter),
)


def parts(facts: Facts) -> dict[str, bytes]:
    """What a customer adds to each table."""
    return {table.name: "".join(f"{line}\n" for line in table.part(facts)).encode("ascii") for table in TABLES}


Spans = Mapping[str, tuple[int, int]]
"""Customer → where its part begins in the text, and how long it is."""


def joined(before: bytes, spans: Spans, fresh: Mapping[str, bytes], gone: Iterable[str]) -> tuple[bytes, Spans]:
    """The text of the table with the parts of ``fresh`` in it and those of ``gone`` not, and where each begins."""
    names = sorted({*spans, *fresh} - set(gone))
    made, pieces, at = {}, [], 0
    for name in names:
        piece = fresh.get(name)
        if piece is None:
            begin, length = spans[name]
            piece = before[begin : begin + length]
        made[name] = (at, len(piece))
        at += len(piece)
        pieces.append(piece)
    return b"".join(pieces), made


def compile_(source: Path, target: Path) -> None:
    """The cdb of a text of key, blank and value a line. Raises CustomersError."""
    argv = ["cdb", "-c", "-m", "-t", f"{target}.new", str(target), str(source)]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, check=False, errors="replace")
    except FileNotFoundError:
        raise CustomersError("the program cdb is not here (package tinycdb)") from None
    if done.returncode != 0:
        raise CustomersError(f"{' '.join(argv)}: {done.stderr.strip()[-500:]}")
