"""Router configuration read as a router reads it, to ask of one packet: is it let through?

Written from the vendors' command references, and on purpose without a look at what mailwright writes. A reader
knows a part of each syntax; what it does not know is an error, never skipped.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Protocol

Address = IPv4Address | IPv6Address
PORTS = {"ftp": 21, "ssh": 22, "telnet": 23, "smtp": 25, "domain": 53, "www": 80, "http": 80, "https": 443}


@dataclass(frozen=True)
class Packet:
    """``direction`` on the interface towards the outside: ``in`` comes from there, ``out`` goes there."""

    direction: str
    source: Address
    target: Address
    port: int
    protocol: str = "tcp"
    source_port: int = 40000

    @property
    def version(self) -> int:
        return self.source.version


class Reader(Protocol):
    def let_through(self, packet: Packet) -> bool: ...


Applied = dict[tuple[str, int], str]
"""Direction and family → name of the list or filter that the interface has."""

Match = Callable[[Packet], bool]


def _number(word: str) -> int:
    return PORTS[word] if word in PORTS else int(word)


# --- access lists: Cisco IOS, Arista EOS -------------------------------------------------------------------------


class AccessLists:
    """Named access lists. ``wildcards``: IPv4 addresses have wildcard bits (IOS) and no prefix length."""

    def __init__(self, text: str, applied: Applied, *, wildcards: bool, headings: dict[str, int]) -> None:
        self._applied = applied
        self._wildcards = wildcards
        self._lists: dict[tuple[int, str], list[tuple[int, bool, Match]]] = {}
        current: tuple[int, str] | None = None
        for raw in text.splitlines():
            line = raw.strip()
            if not line or line.startswith("!"):
                continue
            heading = next((start for start in headings if line.removeprefix("no ").startswith(start + " ")), "")
            if heading:
                (name,) = line.removeprefix("no ")[len(heading) :].split()
                key = (headings[heading], name)
                if line.startswith("no "):
                    self._lists.pop(key, None)
                    current = None
                else:
                    current = key
                    self._lists.setdefault(current, [])
                continue
            if current is None:
                raise ValueError(f"outside a list: {line!r}")
            words = line.split()
            known = self._lists[current]
            sequence = 10 + max((entry[0] for entry in known), default=0)
            if words[0] == "seq" or words[0] == "sequence":
                words.pop(0)
            if words[0].isdigit():
                sequence = int(words.pop(0))
            if words[0] == "remark" or line == "statistics per-entry":
                continue
            known.append((sequence, *self._entry(words, current[0])))

    def _entry(self, words: list[str], version: int) -> tuple[bool, Match]:
        verdict = words.pop(0)
        if verdict not in ("permit", "deny"):
            raise ValueError(f"no entry: {verdict!r}")
        protocol = words.pop(0)
        if protocol not in ("ip", "ipv6", "tcp", "udp", "icmp"):
            raise ValueError(f"unknown protocol {protocol!r}")
        source = self._address(words, version)
        source_port = self._port(words)
        target = self._address(words, version)
        port = self._port(words)
        established = words[:1] == ["established"]
        if words[int(established) :] not in ([], ["log"]):
            raise ValueError(f"not understood: {words}")

        def match(packet: Packet) -> bool:
            return (
                protocol in ("ip", "ipv6", packet.protocol)
                and source(packet.source)
                and source_port(packet.source_port)
                and target(packet.target)
                and port(packet.port)
                and not established  # all packets here begin a connection
            )

        return verdict == "permit", match

    def _address(self, words: list[str], version: int) -> Callable[[Address], bool]:
        word = words.pop(0)
        if word == "any":
            return lambda _: True
        if word == "host":
            alone = ip_address(words.pop(0))
            assert alone.version == version
            return lambda address: address == alone
        if "/" in word:
            if version == 4 and self._wildcards:
                raise ValueError("IPv4 prefixes are not for this dialect")
            network = ip_network(word)
            assert network.version == version
            return lambda address: address in network
        if version == 6:
            raise ValueError(f"no IPv6 prefix: {word!r}")
        base, ignored = int(IPv4Address(word)), int(IPv4Address(words.pop(0)))
        return lambda address: int(address) | ignored == base | ignored

    @staticmethod
    def _port(words: list[str]) -> Callable[[int], bool]:
        if not words or words[0] not in ("eq", "neq", "range", "gt", "lt"):
            return lambda _: True
        operator = words.pop(0)
        numbers = [_number(words.pop(0))]
        if operator == "range":
            numbers.append(_number(words.pop(0)))
            return lambda port: numbers[0] <= port <= numbers[1]
        if operator in ("gt", "lt"):
            return lambda port: port > numbers[0] if operator == "gt" else port < numbers[0]
        while words and (words[0].isdigit() or words[0] in PORTS):
            numbers.append(_number(words.pop(0)))
        return lambda port: (port in numbers) == (operator == "eq")

    def let_through(self, packet: Packet) -> bool:
        """First match decides; a list ends in an implicit deny; no list, or one that does not exist, permits."""
        name = self._applied.get((packet.direction, packet.version))
        entries = self._lists.get((packet.version, name or ""), [])
        for _, permit, match in sorted(entries, key=lambda entry: entry[0]):
            if match(packet):
                return permit
        return not entries


def cisco_ios(text: str, applied: Applied) -> Reader:
    headings = {"ip access-list extended": 4, "ipv6 access-list": 6}
    return AccessLists(text, applied, wildcards=True, headings=headings)


def arista_eos(text: str, applied: Applied) -> Reader:
    return AccessLists(text, applied, wildcards=False, headings={"ip access-list": 4, "ipv6 access-list": 6})


# --- Junos -------------------------------------------------------------------------------------------------------

Statement = tuple[list[str], "list[Statement] | None"]


def _statements(tokens: Iterator[str], *, inner: bool) -> list[Statement]:
    found: list[Statement] = []
    words: list[str] = []
    for token in tokens:
        if token == ";":
            found.append((words, None))
            words = []
        elif token == "{":
            found.append((words, _statements(tokens, inner=True)))
            words = []
        elif token == "}":
            if not inner or words:
                raise ValueError("a brace too many, or a statement without its semicolon")
            return found
        elif token not in ("replace:", "[", "]"):
            words.append(token)
    if inner or words:
        raise ValueError("the text ends too early")
    return found


class Junos:
    """Firewall filters of family inet and inet6."""

    def __init__(self, text: str, applied: Applied) -> None:
        self._applied = applied
        self._filters: dict[tuple[int, str], list[tuple[list[Match], str]]] = {}
        plain = re.sub(r"/\*.*?\*/|#[^\n]*", " ", text, flags=re.DOTALL)
        for words, body in _statements(iter(re.findall(r"[{};]|\[|\]|[^\s{};\[\]]+", plain)), inner=False):
            if words != ["firewall"]:
                raise ValueError(f"unknown: {words}")
            for family, filters in body or []:
                version = {"inet": 4, "inet6": 6}[family[1]]
                for (_, name), terms in filters or []:
                    read = [self._term(parts or [], version) for _, parts in terms or []]
                    self._filters[version, name] = read

    def _term(self, parts: list[Statement], version: int) -> tuple[list[Match], str]:
        conditions: list[Match] = []
        action = "accept"  # a term with nothing but modifiers accepts
        for words, body in parts:
            if words[0] == "from":
                conditions = [self._condition(condition, inside, version) for condition, inside in body or []]
            elif words[0] == "then":
                for step in [words[1:]] if body is None else [inner for inner, _ in body]:
                    if step[0] in ("accept", "reject", "discard", "next"):
                        action = step[0]
                    elif step[0] not in ("count", "log", "syslog"):
                        raise ValueError(f"unknown action {step}")
            else:
                raise ValueError(f"unknown in a term: {words}")
        return conditions, action

    @staticmethod
    def _condition(words: list[str], body: list[Statement] | None, version: int) -> Match:
        name, *values = words
        if name in ("source-address", "destination-address"):
            listed = [inner for inner, _ in body or []] or ([values] if values else [])
            prefixes = [(ip_network(item[0]), item[1:] != ["except"]) for item in listed]
            assert all(prefix.version == version for prefix, _ in prefixes)

            def among(packet: Packet) -> bool:
                """The longest prefix that holds the address decides; without prefixes everything matches."""
                address = packet.source if name == "source-address" else packet.target
                holding = [(prefix.prefixlen, meant) for prefix, meant in prefixes if address in prefix]
                return max(holding)[1] if holding else not prefixes

            return among
        if name in ("protocol", "payload-protocol", "next-header"):
            if (name == "protocol") != (version == 4):
                raise ValueError(f"{name} is of the other family")
            return lambda packet: packet.protocol in values
        if name in ("source-port", "destination-port"):
            ranges = []
            for value in values:
                low, _, high = value.partition("-") if value not in PORTS else (value, "", "")
                ranges.append((_number(low), _number(high or low)))

            def open_(packet: Packet) -> bool:
                port = packet.source_port if name == "source-port" else packet.port
                return any(low <= port <= high for low, high in ranges)

            return open_
        if name == "tcp-established":
            return lambda _: False
        raise ValueError(f"unknown condition {words}")

    def let_through(self, packet: Packet) -> bool:
        """First term that matches and does not go on decides; a filter ends in an implicit discard."""
        name = self._applied.get((packet.direction, packet.version))
        if name is None:
            return True
        if (packet.version, name) not in self._filters:
            raise ValueError(f"a commit fails: there is no filter {name}")
        for conditions, action in self._filters[packet.version, name]:
            if action != "next" and all(condition(packet) for condition in conditions):
                return action == "accept"
        return False


def junos(text: str, applied: Applied) -> Reader:
    return Junos(text, applied)


# --- nftables ----------------------------------------------------------------------------------------------------


class Nftables:
    """Filter chains of inet tables, as a packet sees them that is forwarded from or to the outside.

    ``variables``: what is defined on the command line; the outside interface is called ``outside``, others
    ``inside``.
    """

    def __init__(self, text: str, variables: dict[str, str]) -> None:
        self._chains: dict[str, dict[str, list[list[str]]]] = {}
        for name, value in variables.items():
            text = re.sub(rf"\${name}\b", value, text)
        table = chain = ""
        for raw in text.splitlines():
            words = re.findall(r'"[^"]*"|#.*|[{};,]|[^\s{};,"]+', raw)
            words = [word for word in words if not word.startswith("#")]
            if not words:
                continue
            if words[0] == "delete":
                self._chains.pop(words[3], None)
            elif words[0] == "table":
                self._chains.setdefault(words[2], {})
                table = "" if words[-1] == "}" else words[2]
            elif words[0] == "chain":
                chain = words[1]
                self._chains[table][chain] = []
            elif words == ["}"]:
                chain, table = "", table if chain else ""
            else:
                self._chains[table][chain].append(words)

    def let_through(self, packet: Packet) -> bool:
        """Every base chain of the hook has to accept; accepting in one does not spare the next."""
        for chains in self._chains.values():
            for rules in chains.values():
                if rules and rules[0][:4] == ["type", "filter", "hook", "forward"]:
                    policy = rules[0][rules[0].index("policy") + 1] if "policy" in rules[0] else "accept"
                    if (self._run(chains, rules[1:], packet) or policy) != "accept":
                        return False
        return True

    def _run(self, chains: dict[str, list[list[str]]], rules: list[list[str]], packet: Packet) -> str:
        for rule in rules:
            verdict = self._rule(chains, list(rule), packet)
            if verdict == "return":
                return ""
            if verdict:
                return verdict
        return ""

    def _rule(self, chains: dict[str, list[list[str]]], words: list[str], packet: Packet) -> str:
        matches = True
        while words:
            word = words.pop(0)
            if word in ("accept", "drop", "reject", "return"):
                return word if matches else ""
            if word == "jump":
                return self._run(chains, chains[words[0]], packet) if matches else ""
            if word in ("iifname", "oifname"):
                outside = '"outside"' in _set(words)
                matches &= outside == (packet.direction == ("in" if word == "iifname" else "out"))
            elif word in ("ip", "ip6") and words[0] in ("saddr", "daddr"):
                address = packet.source if words.pop(0) == "saddr" else packet.target
                family = packet.version == (4 if word == "ip" else 6)
                prefixes = [ip_network(item) for item in _set(words)]
                matches &= family and any(address in prefix for prefix in prefixes)
            elif word in ("tcp", "udp") and words[0] in ("dport", "sport"):
                port = packet.port if words.pop(0) == "dport" else packet.source_port
                ranges = _set(words)
                matches &= packet.protocol == word and any(_within(port, item) for item in ranges)
            elif word == "meta" and words[0] == "nfproto":
                matches &= {"ipv4": 4, "ipv6": 6}[words[1]] == packet.version
                del words[:2]
            elif word == "ct" and words[0] == "state":
                del words[0]
                matches &= "new" in _set(words)
            elif word != "counter":
                raise ValueError(f"not understood: {word!r}")
        return ""


def _set(words: list[str]) -> list[str]:
    """The value at the front: one word, ``a,b``, or an anonymous set."""
    items = []
    if words[0] == "{":
        while words.pop(0) != "}":
            items.append(words.pop(0))
            if words[0] not in (",", "}"):
                raise ValueError("no set")
        return items
    items.append(words.pop(0))
    while words and words[0] == ",":
        words.pop(0)
        items.append(words.pop(0))
    return items


def _within(port: int, item: str) -> bool:
    low, _, high = item.partition("-")
    return _number(low) <= port <= _number(high or low)


def nftables(text: str, variables: dict[str, str]) -> Reader:
    return Nftables(text, variables)
