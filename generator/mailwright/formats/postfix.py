"""Postfix: main.cf and master.cf by template, lookup tables by the line.

In main.cf a value ends at the line, but white space at the start of a line continues the one before, ``$`` and
``{}`` expand, commas part lists, and a table name may run a command (``pipe:``). So a value from outside is one
plain word; lists and restrictions have writers of their own. Option values of master.cf are written in braces.

A table's source has a key, white space and a value on each line; white space first continues the line before, ``#``
opens a comment, a comma in a value adds a recipient. So keys and values are addresses and logins from allow-lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv6Address, IPv6Network

from mailwright.formats.engine import Format, FormatError, Verbatim, comment
from mailwright.formats.words import word
from mailwright.site.model import IPAddress, IPNetwork

MAIN = "main.cf"
TABLE = "a Postfix table"

# The dot-atoms of RFC 5322 without the signs that make routes (``!``, ``%``), comments (``#``), commands (``|``)
# or that expand in one of the formats which carry addresses (``$``, ``{}``).
_LOCAL = r"[A-Za-z0-9_][A-Za-z0-9_+'&=-]*(?:\.[A-Za-z0-9_+'&=-]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_NAME = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_ADDRESS = re.compile(rf"{_LOCAL}@{_NAME.pattern}")
_LOGIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
# A restriction by name, and at most one argument: ``check_client_access lmdb:/etc/postfix/clients``.
_RESTRICTION = re.compile(r"[a-z][a-z0-9_]*(?: [A-Za-z0-9_][A-Za-z0-9_./:@-]*)?")


def write(value: object) -> str:
    """One plain word. Raises FormatError for anything else."""
    return word(value, MAIN)


def name(value: object, format_name: str = MAIN) -> Verbatim:
    """A host or domain name, and nothing that could be a path or a table (``static:all``, ``/etc/passwd``).

    Raises FormatError for anything else, and for more than 253 octets.
    """
    if isinstance(value, str) and _NAME.fullmatch(value) and len(value) <= 253:
        return Verbatim(value)
    raise FormatError(value, format_name, "it is no host or domain name")


def names(values: Iterable[object]) -> Verbatim:
    """A list of host or domain names: ``a.example, b.example``."""
    return Verbatim(", ".join([name(value) for value in values]))


def networks(values: Iterable[IPNetwork]) -> Verbatim:
    """A list of networks as Postfix reads them: IPv6 in brackets, ``[2001:db8::]/32``."""
    return Verbatim(
        ", ".join(
            f"[{item.network_address}]/{item.prefixlen}" if isinstance(item, IPv6Network) else str(item)
            for item in values
        )
    )


def literal(value: IPAddress) -> Verbatim:
    """An address as the client binds to it; IPv6 without brackets. Raises FormatError for one with a scope."""
    if isinstance(value, IPv6Address) and value.scope_id is not None:
        raise FormatError(value, MAIN, "an address with a scope is of one link only")
    return Verbatim(str(value))


def restrictions(values: Iterable[str]) -> Verbatim:
    """A list of restrictions in their order. Raises FormatError for what is none."""
    listed = tuple(values)
    for value in listed:
        if not _RESTRICTION.fullmatch(value):
            raise FormatError(value, MAIN, "it is no Postfix restriction")
    return Verbatim(", ".join(listed))


FORMAT = Format(
    MAIN,
    write,
    (
        ("comment", comment),
        ("name", name),
        ("names", names),
        ("networks", networks),
        ("literal", literal),
        ("restrictions", restrictions),
    ),
)


def address(value: str, format_name: str = TABLE) -> str:
    """``value`` when it is an address that a table can carry: a plain dot-atom and a host name.

    Raises FormatError for quoted local parts, for those that mean a route, and for more than 254 octets.
    """
    if _ADDRESS.fullmatch(value) and len(value) <= 254:
        return value
    raise FormatError(value, format_name, "it is no plain mail address")


def login(value: str, format_name: str = TABLE) -> str:
    """``value`` when it is a login of letters, digits, ``_``, ``.`` and ``-``. Raises FormatError for others."""
    if _LOGIN.fullmatch(value) and len(value) <= 64:
        return value
    raise FormatError(value, format_name, "it is no plain login")


def _table(header: str, lines: Iterable[str]) -> str:
    """A table's source: comment lines, then an entry a line."""
    head = "".join(f"# {comment(line)}\n" for line in header.splitlines())
    return head + "".join(f"{line}\n" for line in lines)


def address_table(header: str, rows: Iterable[tuple[str, Sequence[str]]]) -> str:
    """The source of a table from an address to addresses. Raises FormatError for anything else."""
    return _table(
        header, (f"{address(key)}\t{', '.join([address(value) for value in values])}" for key, values in rows)
    )


def login_table(header: str, rows: Iterable[tuple[str, Sequence[str]]]) -> str:
    """The source of a table from an address to logins. Raises FormatError for anything else."""
    return _table(
        header, (f"{address(key)}\t{', '.join([login(value) for value in values])}" for key, values in rows)
    )


def whole_domain(domain: object, target: str) -> str:
    """An entry for each address of a domain that has none of its own. Raises FormatError for anything else."""
    return f"@{name(domain, TABLE)}\t{address(target)}\n"


def refusal_table(header: str, domains: Iterable[object]) -> str:
    """The source of an access table: nobody may write to these domains. Raises FormatError for what is none."""
    return _table(header, (f"{name(domain, TABLE)}\t550 5.1.1 No such address" for domain in domains))


HERE = Verbatim("lmtp:unix:private/dovecot-lmtp")
"""The road to the store on the same host."""


def there(store: object) -> Verbatim:
    """The road to the store on another host, by the service ``store`` of master.cf; no MX record is asked for.

    Raises FormatError for what is no host name.
    """
    return Verbatim(f"store:inet:[{name(store)}]:24")


def store_table(header: str, rows: Iterable[tuple[str, str]]) -> str:
    """The source of a table from an address to the name of a store. Raises FormatError for anything else."""
    return _table(header, (f"{address(key)}\t{name(value, TABLE)}" for key, value in rows))


def road_table(header: str, rows: Iterable[tuple[str, Verbatim]]) -> str:
    """The source of a table from the name of a store to the road to it. Raises FormatError for anything else."""
    return _table(header, (f"{name(key, TABLE)}\t{road}" for key, road in rows))


_ACTION = re.compile(r"[A-Za-z][A-Za-z0-9_]*")


def action(value: str) -> Verbatim:
    """What an access table says of a key: a word such as ``OK``, a restriction, or a class of them.

    Raises FormatError for anything else.
    """
    if _ACTION.fullmatch(value):
        return Verbatim(value)
    raise FormatError(value, TABLE, "it is no word of an access table")


def next_hop(host: object, port: int) -> Verbatim:
    """A host, by its name or address, and no MX record is asked for: ``[exchange.example]:25``.

    Raises FormatError for what is neither, or for a port that is none.
    """
    if not 0 < port < 65536:
        raise FormatError(port, MAIN, "it is no port")
    if isinstance(host, str) and ":" in host:
        try:
            return Verbatim(f"[{literal(IPv6Address(host))}]:{port}")
        except ValueError as error:
            raise FormatError(host, MAIN, "it is no address") from error
    return Verbatim(f"[{name(host)}]:{port}")


def access_table(header: str, rows: Iterable[tuple[str, Verbatim]]) -> str:
    """The source of a table from addresses, domains, ``@domain`` or the null sender ``<>`` to an action or a road.

    Raises FormatError for any other key.
    """
    return _table(header, (f"{_access_key(key)}\t{value}" for key, value in rows))


def _access_key(value: str) -> str:
    if value == "<>":
        return value
    if value.startswith("@"):
        return f"@{name(value[1:], TABLE)}"
    return address(value) if "@" in value else name(value, TABLE)


def network_table(header: str, rows: Iterable[tuple[IPNetwork, Verbatim]]) -> str:
    """A table of the kind ``cidr``, from a network to an action."""
    return _table(header, (f"{network}\t{value}" for network, value in rows))


def policy_table(header: str, rows: Iterable[tuple[Verbatim, Verbatim]]) -> str:
    """The source of a table from next hops to levels of TLS."""
    return _table(header, (f"{key}\t{value}" for key, value in rows))


def detail_table(header: str, domains: Iterable[object], value: Verbatim) -> str:
    """A table of the kind ``regexp``: lists' addresses with ``+`` and a word, in each domain, to one value.

    Raises FormatError for what is no domain.
    """
    escaped = [str(name(domain, TABLE)).replace(".", "\\.") for domain in domains]
    return _table(header, (f"/^[^@+]+-(bounces|confirm)\\+[^@]+@{domain}$/\t{value}" for domain in escaped))
