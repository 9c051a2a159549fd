"""The firewall in force: our table against its file, and whoever else judges packets that come in or go out.

Compared as nft lists both, so that notation does not matter; counters, handles and comments do not either. Bans are
host state: the guard's table may hold any addresses, as long as its rules do nothing but shut them out.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mailwright.drift.answer import Answer
from mailwright.drift.expected import FIREWALL
from mailwright.drift.model import Host, differs, unknown
from mailwright.findings import Finding
from mailwright.formats.differences import blocks

OWN = ("inet", "mailwright")
GUARD = ("inet", "mailwright_guard")  # templates/guard/jails.local.j2

_LOAD = "systemctl reload mailwright-firewall.service loads the file anew; an apply leaves rules in force alone."
_HOOKS = frozenset({"ingress", "prerouting", "input", "output", "egress"})
"""Where a chain can let in, redirect or shut out what our table judges."""
_MOST = 40  # lines of evidence

Table = tuple[str, str]


def judge(host: Host, said: Answer) -> Iterator[Finding]:
    """What differs from the file as it was applied last, or was built where the host's own was edited."""
    seen = said.firewall
    if seen is None or seen.error:
        yield unknown(
            "drift.firewall",
            host.name,
            "the firewall in force could not be compared with its file",
            f"Compare by hand: nft list table inet mailwright, and {FIREWALL}.",
            seen.error if seen else "the host said nothing about it",
        )
        return
    shall, words = _chains(seen.shall, seen.shall_words), _of_table(seen.own)
    if not words:
        message = "the firewall is off: there is no table inet mailwright"
        yield differs("drift.firewall", host.name, message, _LOAD)
    else:
        lines = [*_beside(_of_table(seen.shall), words), *_rules(shall, _chains(seen.own, seen.own_words))]
        if lines:
            evidence = [*lines[:_MOST], *([f"and {len(lines) - _MOST} more"] if len(lines) > _MOST else [])]
            yield differs("drift.firewall", host.name, _message(lines), _LOAD, "\n".join(evidence))
    yield from _others(host, seen.live, seen.live_words)


def _message(lines: list[str]) -> str:
    more = sum(line.startswith("+ ") for line in lines)
    less = sum(line.startswith("- ") for line in lines)
    return f"the rules in force are not those of {FIREWALL}: {more} added, {less} missing"


def _others(host: Host, objects: list[dict[str, Any]], words: str) -> Iterator[Finding]:
    """Tables that are not ours, with a say in what comes in or goes out."""
    bases = {
        (_table(chain), str(chain.get("name"))): chain
        for kind, chain in map(_object, objects)
        if kind == "chain" and str(chain.get("hook")) in _HOOKS and _table(chain) != OWN
    }
    for (table, name), chain in sorted(bases.items()):
        rules = _chains([item for item in objects if _table(_object(item)[1]) == table], words, table)
        own = rules.get(name, [])
        if not own and chain.get("policy", "accept") == "accept":
            continue
        if table == GUARD and host.has("guard") and chain.get("policy", "accept") == "accept":
            own = [(plain, text) for plain, text in own if not _bars(plain)]
            if not own:
                continue
        yield differs(
            "drift.firewall",
            host.name,
            f"the table {table[0]} {table[1]}, which is not mailwright's, judges packets at {chain.get('hook')}",
            f"nft delete table {table[0]} {table[1]}, if nobody needs it, and whoever loads it must not.",
            "\n".join([f"policy {chain.get('policy', 'accept')}", *(f"+ {text}" for _, text in own[:_MOST])]),
        )


def _bars(plain: str) -> bool:
    """Whether a rule does nothing but shut out the addresses of a set."""
    expressions = json.loads(plain)
    parts = [item for item in expressions if isinstance(item, dict)] if isinstance(expressions, list) else []
    verdicts = [key for item in parts for key in item if key != "match"]
    matches = [match for kind, match in map(_object, parts) if kind == "match"]
    of_a_set = any(str(match.get("right")).startswith("@") for match in matches)
    return of_a_set and verdicts in (["reject"], ["drop"])


def _beside(shall: Mapping[str, str], are: Mapping[str, str]) -> Iterator[str]:
    """What differs besides rules: chains with their policy, sets, the table itself."""
    for name in sorted(shall.keys() | are.keys()):
        before, after = shall.get(name), are.get(name)
        if before == after:
            continue
        if before is not None:
            yield f"- {name} {before}"
        if after is not None:
            yield f"+ {name} {after}"


def _rules(shall: Mapping[str, list[tuple[str, str]]], are: Mapping[str, list[tuple[str, str]]]) -> Iterator[str]:
    """The rules that came and went, by chain, in nft's words; order counts."""
    for chain in sorted(shall.keys() | are.keys()):
        before, after = shall.get(chain, []), are.get(chain, [])
        for left, until_left, right, until_right in blocks(
            [rule for rule, _ in before], [rule for rule, _ in after]
        ):
            yield from (f"- {chain}: {text}" for _, text in before[left:until_left])
            yield from (f"+ {chain}: {text}" for _, text in after[right:until_right])


def _chains(objects: Iterable[dict[str, Any]], words: str, table: Table = OWN) -> dict[str, list[tuple[str, str]]]:
    """Chain → its rules in order: as JSON without what does not matter, and in nft's words."""
    said = _words(words, table)
    chains: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for kind, item in map(_object, objects):
        if kind == "rule":
            plain = json.dumps(_plain(item.get("expr", [])), sort_keys=True)
            chains[str(item.get("chain"))].append((plain, said.get(str(item.get("handle")), plain)))
    return dict(chains)


def _words(words: str, table: Table) -> dict[str, str]:
    """Handle → the rule as nft writes it, in the list of that table."""
    said: dict[str, str] = {}
    inside = False
    for line in words.split("\n"):
        if line.startswith("table "):
            inside = line.split()[1:3] == list(table)
        found = re.fullmatch(r"\t+(.+) # handle (\d+)", line)
        if inside and found:
            said[found[2]] = found[1]
    return said


def _of_table(objects: Iterable[dict[str, Any]]) -> dict[str, str]:
    """All of our table but its rules: ``chain input`` → what it is."""
    return {
        f"{kind} {item.get('name')}": json.dumps(_plain(item), sort_keys=True)
        for kind, item in map(_object, objects)
        if kind not in ("rule", "metainfo")
    }


def _object(item: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The kind of one of nft's objects, and the object."""
    for kind, value in item.items():
        if isinstance(value, dict):
            return kind, value
    return "", {}


def _table(item: Mapping[str, Any]) -> Table:
    return str(item.get("family")), str(item.get("table"))


def _plain(value: Any) -> Any:
    """Without counts, handles, comments, and times that run out."""
    if isinstance(value, dict):
        left = ("handle", "index", "comment", "expires", "packets", "bytes", "used")
        return {key: _plain(item) for key, item in value.items() if key not in left}
    if isinstance(value, list):
        return [_plain(item) for item in value if not (isinstance(item, dict) and item.keys() == {"counter"})]
    return value
