"""``provider.yml`` and the layers that it names, to a Provider; and which customers there are."""

from __future__ import annotations

import difflib
import os
from collections.abc import Collection, Iterator
from functools import reduce
from pathlib import Path

from mailwright.findings import Finding, Findings, Level, Place, Status
from mailwright.provider import limits
from mailwright.provider.model import CUSTOMERS, FILE, OWN_KEYS, Layer, Platform, Provider, Wide
from mailwright.site import values
from mailwright.site.at import At, Reader
from mailwright.source import schema
from mailwright.source.document import Document
from mailwright.source.layers import join, stack
from mailwright.source.nodes import Mapping, Spot
from mailwright.source.parts import LAYER

ENDING = ".yml"


def is_provider(path: Path) -> bool:
    """Whether the path is a provider's folder, rather than a description."""
    return path.is_dir() and os.path.lexists(path / FILE)


def folder_of(path: Path) -> Path | None:
    """The folder of the provider of which ``path`` is the ``provider.yml`` or a customer's file; None: neither."""
    if path.name == FILE:
        return path.parent
    above = path.parent.parent if path.parent.name else path.absolute().parent.parent
    if path.absolute().parent.name == CUSTOMERS and path.name.endswith(ENDING) and os.path.lexists(above / FILE):
        return above
    return None


def read(folder: Path, findings: Findings) -> Provider | None:
    """The provider whose folder it is; None, with a finding, when nothing can be made of its ``provider.yml``.

    Faults of parts (a profile that cannot be read, a limit that means nothing) are findings, and the rest goes on.
    Customers and platforms are not read.
    """
    mine = Findings()
    path = folder / FILE
    files = stack(path, mine)
    provider = None if not files else _provider(folder, reduce(join, files), mine)
    findings.items += mine.items
    findings.files |= mine.files
    return provider


def _provider(folder: Path, root: Mapping, findings: Findings) -> Provider:
    document = Document.of(str(folder / FILE), root)
    schema.check(document, findings, "provider")
    at = At(Reader(document, findings), "", document.data)
    said = root.entries.get("defaults")
    nothing = Mapping({}, Spot(str(folder / FILE), 1, 1))
    defaults = Layer("defaults", said.node if said is not None and isinstance(said.node, Mapping) else nothing)
    profiles = tuple(_profile(name, item, folder, findings) for name, item in at["profiles"].entries())
    held = tuple(limits.read(at["limits"]))
    limits.by_passed(held, findings)
    for layer in (defaults, *profiles):
        limits.warn(held, layer, findings)
    return Provider(
        folder=folder,
        name=at["provider"]["name"].text(),
        team=at["provider"]["team"].texts(values.address),
        platforms=tuple(
            Platform(name, folder / item.text(), item.key_place)
            for name, item in at["platforms"].entries()
            if item.text()
        ),
        defaults=defaults,
        profiles=profiles,
        limits=held,
        where=at["provider"].key_place,
        widened=tuple(_widened(at["wide_domains"])),
    )


def _widened(at: At) -> Iterator[Wide]:
    for key, item in at.entries():
        try:
            yield Wide(values.name(key), item.text(), item.key_place)
        except ValueError as error:
            item.reader.report.error("provider.wide-domain", str(error), item.key_place)


def _profile(name: str, item: At, folder: Path, findings: Findings) -> Layer:
    path = folder / item.text()
    called = f"profile {name}"
    files = () if item.reader.report.faulty(item.place) else stack(path, findings, named=item.place)
    if not files:
        return Layer(called, Mapping({}, Spot(str(path), 1, 1)), False, item.key_place)
    root = reduce(join, files)
    for key in OWN_KEYS:
        if key in root.entries:
            spot = root.entries[key].spot
            place = Place(spot.file, spot.line, spot.column, f"/{key}")
            findings.error("provider.own-key", f"{key} is for a customer's own file to say", place, "Take it out.")
    kept = Mapping({key: entry for key, entry in root.entries.items() if key not in OWN_KEYS}, root.spot)
    schema.check(Document.of(str(path), kept), findings, LAYER)
    return Layer(called, kept, True, item.key_place)


def customer_files(provider: Provider, findings: Findings) -> tuple[Path, ...]:
    """The files of all customers, sorted. A folder that cannot be read, or holds none, is a finding."""
    return tuple(provider.customers / name for name in customer_names(provider, findings))


def customer_names(provider: Provider, findings: Findings) -> list[str]:
    """Their names alone, which of thousands takes a third of the time."""
    folder = provider.customers
    found: list[str] = []
    others: list[str] = []
    unnamed: list[str] = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                if not entry.name.endswith((ENDING, ".yaml")):
                    continue
                if not _is_text(entry.name):
                    unnamed.append(os.fsencode(entry.name).decode("utf-8", "backslashreplace"))
                elif entry.name.endswith(ENDING):
                    found.append(entry.name)
                else:
                    others.append(entry.name)
    except FileNotFoundError:
        pass
    except OSError as error:
        message = f"the customers' folder {folder} cannot be read: {error.strerror}"
        findings.error("provider.customers", message, provider.where, f"{CUSTOMERS}/ must be a folder of files.")
        return []
    for name in sorted(unnamed):
        message = f"{name} is not read: its name is not UTF-8"
        findings.error("provider.name", message, Place(str(folder / name), 1, 1), "Rename it.")
    for name in sorted(others):
        place = Place(str(folder / name), 1, 1)
        findings.items.append(
            warning("provider.ending", f"{name} is not read: it does not end with {ENDING}", place, "Rename it.")
        )
    if not found:
        message = f"there is no customer: {folder} has no file that ends with {ENDING}"
        fix = "`mailwright new-customer` writes one."
        findings.items.append(warning("provider.no-customers", message, provider.where, fix))
    return sorted(found)


def _is_text(name: str) -> bool:
    """Whether the name of a file can be said: what is found and built is UTF-8."""
    if name.isascii():
        return True
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def unused(provider: Provider, used: Collection[str]) -> Iterator[Finding]:
    """A warning for each profile that is not among ``used``, the names that customers say."""
    for layer in provider.profiles:
        name = layer.name.removeprefix("profile ")
        if name not in used and layer.where is not None:
            yield warning(
                "provider.unused-profile", f"no customer uses the profile {name}", layer.where, "Take it out."
            )


def warning(id_: str, message: str, where: Place, fix: str) -> Finding:
    """Something of the input that is hardly meant, and can be used all the same."""
    return Finding(id_, "", Level.ADVICE, Status.FAIL, message, fix, where)


def nearest(word: str, known: Collection[str]) -> str:
    """The way out of a name that is not known."""
    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    if close:
        return f"Did you mean {close[0]!r}?"
    return f"Known here: {', '.join(sorted(known))}." if known else "None is described."
