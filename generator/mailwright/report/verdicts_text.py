"""The verdict table for people, on standard output."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mailwright.findings import Status
from mailwright.report.verdicts import Verdict, Word

_STYLES = {Word.MET: "green", Word.NOT_MET: "bold red", Word.NOT_PROVEN: "yellow", Word.ATTESTED: "cyan"}
_WIDTH = 110  # where there is no terminal that has one
_KINDS = (
    ("check", "rule"),
    ("config", "file"),
    ("probe", "probe"),
    ("document", "document"),
    ("attest", "attestation"),
)


def show(rows: Sequence[Verdict]) -> None:
    """Print the table and the counts. Colours only on a terminal; NO_COLOR is respected."""
    console = Console() if sys.stdout.isatty() else Console(width=_WIDTH)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Requirement", no_wrap=True)
    table.add_column("Level", no_wrap=True)
    table.add_column("Verdict", no_wrap=True)
    table.add_column("What it asks, and what was seen")
    for row in rows:
        said = Text(row.requirement.title).append(f"\n{summary(row)}", style="dim")
        table.add_row(
            row.requirement.id, row.requirement.level.value, Text(row.word.value, style=_STYLES[row.word]), said
        )
    console.print(table)
    numbers = Counter(row.word for row in rows)
    console.print(Text(f"{len(rows)} requirements: " + ", ".join(f"{numbers[word]} {word.value}" for word in Word)))


def summary(row: Verdict) -> str:
    """One line: what the verdict rests on, or what is missing; and how far it reaches."""
    if row.missing:
        return first_line(row.missing[0]) + (f" (and {len(row.missing) - 1} more)" if len(row.missing) > 1 else "")
    parts = []
    for kind, name in _KINDS:
        number = sum(item.kind == kind and item.status in (Status.PASS, Status.ATTESTED) for item in row.evidence)
        if number:
            parts.append(f"{number} {name}{'s' if number > 1 else ''}")
    return ", ".join(parts) + (f". {row.requirement.limits}" if row.requirement.limits else "")


def first_line(text: str) -> str:
    """Without the evidence that follows in brackets: the matrix has all of it."""
    return text.partition(" [")[0].partition("\n")[0]
