"""mailwright explain-value: where a value of a description comes from."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click

from mailwright.cli import common

if TYPE_CHECKING:
    from mailwright.findings import Place
    from mailwright.provider.model import Layer, Limit
    from mailwright.provider.value import Defaults, Said, Value


@click.command("explain-value")
@click.argument("path", type=click.Path(path_type=Path, readable=False), metavar="FILE|PROVIDER/")
@click.argument("words", nargs=-1, required=True, metavar="[ID] POINTER")
@click.option(
    "--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True, help="How."
)
def command(path: Path, words: tuple[str, ...], format_: str) -> int:
    """Show the value at POINTER (such as /logging/days), and each layer that says it, with file:line:column.

    FILE is a site's description or a customer's file; or a provider's folder, with the customer's ID after it. Of a
    mapping all values below it are shown; / is the whole description. Exit status: 0, or 2 when there is no such
    value or description.
    """
    from mailwright.provider.value import UnknownError, explain

    *ids, said = words
    if len(ids) != (1 if path.is_dir() else 0):
        raise click.UsageError(
            "Write the file and a pointer, or a provider's folder, a customer's id and a pointer."
        )
    layers, limits, defaults = _layers(path, ids[0] if ids else "")
    try:
        found = explain(layers, f"/{said.strip('/')}" if said.strip("/") else "", limits, defaults)
    except UnknownError as error:
        close = f" Did you mean {' or '.join(error.close)}?" if error.close else ""
        raise common.Refused(f"{error}.{close}") from None
    if format_ == "json":
        click.echo(json.dumps([_plain(value) for value in found], indent=2, ensure_ascii=False))
    else:
        click.echo("\n\n".join("\n".join(_lines(value)) for value in found))
    return 0


def _layers(path: Path, id_: str) -> tuple[tuple[Layer, ...], tuple[Limit, ...], Defaults]:
    """The layers of a description, the limits for it, and its own defaults. Ends with status 2 where it is none."""
    from mailwright.findings import Findings
    from mailwright.provider.customer import read_customer
    from mailwright.provider.model import FILE
    from mailwright.provider.platform import read_platforms
    from mailwright.provider.read import folder_of, read
    from mailwright.provider.value import defaults, files
    from mailwright.provider.which import NoCustomerError, file_of

    findings = Findings()
    folder = path if id_ else folder_of(path)
    if path.name == FILE and folder is not None:
        raise common.Refused(f"{path} says what lies under customers: name the folder and a customer's id instead.")
    if folder is None:
        layers = files(path, findings)
        if not layers:
            raise common.unusable(findings.items)
        return layers, (), {}
    provider = read(folder, findings)
    if provider is None:
        raise common.unusable(findings.items)
    try:
        file = file_of(provider, id_) if id_ else provider.customers / path.name
    except NoCustomerError as error:
        raise common.Refused(str(error)) from None
    platforms, _ = read_platforms(provider, date.today())
    customer = read_customer(provider, platforms, file)
    if not customer.layers:
        raise common.unusable(customer.reading.findings)
    return customer.layers, provider.limits, defaults(customer.head)


def _lines(value: Value) -> Iterator[str]:
    from mailwright.formats.visible import visible
    from mailwright.provider.limits import words

    yield visible(value.pointer or "/")
    if value.description:
        yield f"    {value.description}"
    rows = [(_shown(said.value), said.layer, str(said.where), _standing(said)) for said in value.said]
    if not any(said.in_force for said in value.said):
        rows.insert(0, _otherwise(value))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        told = "  ".join(visible(cell).ljust(width) for cell, width in zip(row, widths, strict=False))
        yield f"  {told}  {row[3]}".rstrip()
    for limit in value.limits:
        yield f"    limit: {visible(words(limit))} ({visible(limit.reason)}), {visible(str(limit.where))}"


def _standing(said: Said) -> str:
    return "in force" if said.in_force else "overridden"


def _otherwise(value: Value) -> tuple[str, str, str, str]:
    """What holds where no layer says it, or what one says is replaced with all that holds it."""
    if value.default is None:
        return ("-", "nobody says it, and it has no default", "", "in force")
    return (_shown(value.default), "default", "", "in force")


def _shown(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _plain(value: Value) -> dict[str, object]:
    from mailwright.provider.limits import words

    winning = [said.value for said in value.said if said.in_force]
    return {
        "pointer": value.pointer,
        "value": winning[0] if winning else value.default,
        "said": [
            {"layer": said.layer, "value": said.value, "in_force": said.in_force, **_place(said.where)}
            for said in value.said
        ],
        "default": value.default,
        "title": value.title,
        "description": value.description,
        "limits": [
            {"pointer": limit.pointer, "allowed": words(limit), "reason": limit.reason, **_place(limit.where)}
            for limit in value.limits
        ],
    }


def _place(where: Place) -> dict[str, object]:
    return {"file": where.file, "line": where.line, "column": where.column}
