"""A plan as bytes, to lie beside what was built from it, and back.

The file is JSON. Each table names its columns and has one row to a line, so that git shows differences row by row:

    "mailboxes": {"columns": ["login", "name", "host", "quota"], "rows": [
    ["km217", "Karl Marx", "mail.college.ac.uk", 5000000000],

Left out are places in the description, which say nothing about the service, and the reasons of tables that grow
with the number of people: there are a handful of them, repeated on every row, and they would make up half the
file.
"""

from __future__ import annotations

import typing
from abc import ABC
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields
from functools import cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from operator import attrgetter, itemgetter
from types import GenericAlias
from typing import Any, Literal, TypeVar

import msgspec

from mailwright.plan.model import Because, Plan, Settings
from mailwright.records import dataclass

FORMAT = 1

_OF_PEOPLE = frozenset({"mailboxes", "routes", "senders", "rewrites", "members", "book"})
_UNSAID = Because("", "")
_NOWHERE = {"file": "plan.json", "line": 1, "column": 1}


class StoredPlanError(Exception):
    """The bytes are no plan that this version understands. The message is a sentence about it."""


# msgspec knows no addresses, and takes one type of others' in a union.
class _Address(ABC):  # noqa: B024 - a name for two classes that have no public base
    """IPv4Address or IPv6Address."""


class _Network(ABC):  # noqa: B024
    """IPv4Network or IPv6Network."""


class _Clients(ABC):  # noqa: B024
    """A network, or the word ``authenticated``."""


_Address.register(IPv4Address)
_Address.register(IPv6Address)
for _either in (_Network, _Clients):
    _either.register(IPv4Network)
    _either.register(IPv6Network)
_Clients.register(str)

_SUBSTITUTES: dict[object, type] = {
    IPv4Address | IPv6Address: _Address,
    IPv4Network | IPv6Network: _Network,
    Literal["authenticated"] | IPv4Network | IPv6Network: _Clients,
}


def dump(plan: Plan) -> bytes:
    """The plan as JSON. The same tables give the same bytes."""
    return b"".join(_dump(plan))


def _dump(plan: Plan) -> Iterator[bytes]:
    encoder = msgspec.json.Encoder(enc_hook=str)
    yield b'{\n"format": %d,\n"settings": {' % FORMAT
    before = b"\n"
    for name in _types(Settings):
        if getattr(plan.settings, name) is False:
            continue  # a switch that is off, as it is where nobody speaks of it
        value = _without_places(msgspec.to_builtins(getattr(plan.settings, name), enc_hook=str))
        yield before + encoder.encode(name) + b": " + encoder.encode(value)
        before = b",\n"
    yield b"\n}"
    for table, row in _TABLES.items():
        columns = tuple(_types(row, table))
        rows = encoder.encode_lines(map(attrgetter(*columns), getattr(plan, table)))
        yield b',\n"%b": {"columns": %b, "rows": [' % (table.encode(), encoder.encode(columns))
        # No value has a line feed of its own: JSON writes it as \n.
        yield b"\n" + rows[:-1].replace(b"\n", b",\n") + b"\n" if rows else b""
        yield b"]}"
    yield b"\n}\n"


def load(data: bytes) -> Plan:
    """The plan that ``dump`` made the bytes of: equal to it but for places, and for reasons in tables of people.

    Fields and tables that this version does not know are ignored; those that are missing take their defaults.
    Raises StoredPlanError where one has none, and for anything else than a plan.
    """
    try:
        parts = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        if (version := msgspec.json.decode(parts.get("format", b"0"))) != FORMAT:
            raise StoredPlanError(f"the plan is stored in another form ({version!r}) than this mailwright reads")
        tables = {name: _table(name, row, parts[name]) for name, row in _TABLES.items() if name in parts}
        return _made(Plan, {"settings": _settings(parts.get("settings", msgspec.Raw(b"{}")))} | tables, "plan has")
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise StoredPlanError(f"the stored plan cannot be read: {error}") from None


@cache
def _types(row: type, table: str = "") -> Mapping[str, Any]:
    """The fields of a row that are stored, with the types by which msgspec reads them."""
    found = {name: _readable(type_) for name, type_ in typing.get_type_hints(row).items()}
    if table in _OF_PEOPLE:
        del found["because"]
    return found


def _readable(type_: Any) -> Any:
    if type_ in _SUBSTITUTES:
        return _SUBSTITUTES[type_]
    if typing.get_origin(type_) is tuple:
        return GenericAlias(tuple, tuple(_readable(part) for part in typing.get_args(type_)))
    return type_


_TABLES: dict[str, type] = {
    name: typing.get_args(type_)[0] for name, type_ in typing.get_type_hints(Plan).items() if name != "settings"
}


@dataclass(frozen=True, slots=True)
class _Table:
    columns: tuple[str, ...]
    rows: msgspec.Raw


def _table(name: str, row: type, raw: msgspec.Raw) -> tuple[Any, ...]:
    table = msgspec.json.decode(raw, type=_Table)
    types = _types(row, name)
    shape = GenericAlias(tuple, tuple(types.get(column, Any) for column in table.columns))
    rows = msgspec.json.decode(table.rows, type=list[shape], dec_hook=_from_text)  # type: ignore[valid-type]
    # Each row with what stands in no column behind it; then the values of a row are picked in their order.
    further = {"because": _UNSAID} | {
        field.name: field.default for field in fields(row) if field.default is not MISSING
    }
    places = {one: at for at, one in enumerate((*further, *table.columns))}
    order = [places.get(field.name, -1) for field in fields(row)]
    if -1 in order:
        raise StoredPlanError(f"the rows of {name} in the stored plan have no {fields(row)[order.index(-1)].name}")
    pick, behind = itemgetter(*order), tuple(further.values())
    return tuple(row(*pick((*behind, *values))) for values in rows)


def _settings(raw: msgspec.Raw) -> Settings:
    said = msgspec.json.decode(raw, type=dict[str, Any])
    values = {
        name: msgspec.convert(_with_places(said[name]), type_, dec_hook=_from_text)
        for name, type_ in _types(Settings).items()
        if name in said
    }
    return _made(Settings, values, "settings have")


Made = TypeVar("Made")


def _made(type_: type[Made], values: dict[str, Any], called: str) -> Made:
    for field in fields(type_):  # type: ignore[arg-type]
        if field.name not in values and field.default is MISSING:
            raise StoredPlanError(f"the stored {called} no {field.name}")
    return type_(**values)


def _without_places(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_places(part) for name, part in value.items() if name != "where"}
    return [_without_places(part) for part in value] if isinstance(value, list | tuple) else value


def _with_places(value: Any) -> Any:
    """``where`` is ignored by what has none."""
    if isinstance(value, dict):
        return {name: _with_places(part) for name, part in value.items()} | {"where": _NOWHERE}
    return [_with_places(part) for part in value] if isinstance(value, list) else value


def _from_text(type_: type, text: Any) -> Any:
    """Raises ValueError for what is no address or network."""
    if not isinstance(text, str):
        raise ValueError(f"{text!r} is no address")  # ip_address takes numbers too
    if type_ is _Address:
        return ip_address(text)
    return text if type_ is _Clients and text == "authenticated" else ip_network(text)
