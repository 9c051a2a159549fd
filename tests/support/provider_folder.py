"""Providers' folders for tests: the example's, copied, and small changes of it."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path

from mailwright.findings import Finding, Findings
from mailwright.provider.judge import Judged, judge
from mailwright.provider.model import Provider
from mailwright.provider.platform import Shared, read_platforms
from mailwright.provider.read import read
from support.example import ROOT

EXAMPLE = ROOT / "inventories" / "provider"
TODAY = date(2026, 12, 1)

CUSTOMER = """\
platform: shared
organisation:
  name: {name}
  registry: {upper}-RIPE
  contacts:
    - {{name: Ann Ash, email: ann.ash@{domain}, telephone: +44 1632 960301}}
    - {{name: Bob Birch, email: bob.birch@{domain}, telephone: +44 1632 960302}}
domains: [{domain}]
people:
  - {{login: aa1, name: Ann Ash, address: ann.ash@{domain}}}
  - {{login: bb2, name: Bob Birch, address: bob.birch@{domain}}}
"""


def copied(folder: Path) -> Path:
    """A copy of the example provider, in a folder of its own."""
    target = folder / "provider"
    shutil.copytree(EXAMPLE, target)
    return target


def customer(provider: Path, id_: str, more: str = "", *, without: str = "") -> Path:
    """Writes a customer of the shared platform with nothing to mend; ``without``: words of lines to leave out."""
    path = provider / "customers" / f"{id_}.yml"
    text = CUSTOMER.format(name=id_.title(), upper=id_.upper(), domain=f"{id_}.ac.uk")
    lines = [line for line in text.splitlines() if not without or without not in line]
    path.write_text("\n".join(lines) + "\n" + more)
    return path


def line_of(path: Path, words: str) -> int:
    """The number of the only line of a file that holds the words."""
    (found,) = [number for number, line in enumerate(path.read_text().splitlines(), 1) if words in line]
    return found


def change(path: Path, old: str, new: str) -> None:
    """Replaces what is there once."""
    text = path.read_text()
    assert text.count(old) == 1, (old, text.count(old))
    path.write_text(text.replace(old, new))


def opened(folder: Path) -> tuple[Provider, Mapping[str, Shared]]:
    """The provider and its platforms, of which nothing may be unusable."""
    findings = Findings()
    provider = read(folder, findings)
    assert provider is not None
    platforms, _ = read_platforms(provider, TODAY)
    return provider, platforms


def judged(path: Path) -> Judged:
    """The customer whose file it is, in its provider's folder."""
    provider, platforms = opened(path.parent.parent)
    return judge(provider, platforms, path, TODAY)


def told(findings: tuple[Finding, ...] | list[Finding], file: Path) -> list[tuple[str, int]]:
    """Id and line of what fails in one file, in its order."""
    found = [
        (item.id, item.where.line)
        for item in findings
        if item.fails and item.where is not None and item.where.file == str(file)
    ]
    return sorted(found, key=lambda pair: pair[1])
