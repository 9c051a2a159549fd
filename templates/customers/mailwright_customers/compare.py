"""What is on the host otherwise than it was applied and assembled: whose it is, and what. Nothing is written.

All is made once more, in memory, of the fragments that are as they were assembled; so whoever edits a table, its
text and the memory of it is found as well.
"""

from __future__ import annotations

import grp
import json
import os
import stat
import struct
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from mailwright_customers import assemble, dovecot, fragment, host, tables
from mailwright_customers.assemble import Made
from mailwright_customers.host import CustomersError, Places, Settings
from mailwright_customers.index import Index, read_index, stamp

RECORD = f"{host.STATE}/record.json"
JOURNAL = f"{host.STATE}/journal/journal.json"


@dataclass(frozen=True)
class Told:
    """``kind``: edited, missing, product (a table made on the host), or not-applied; ``customer`` may be empty."""

    kind: str
    customer: str
    words: str


def compare(places: Places, settings: Settings, today: date) -> Iterator[Told]:
    """What differs. Raises CustomersError, and OSError where something cannot be read."""
    if places.at(JOURNAL).exists():
        yield Told("not-applied", "", "an apply of customers is under way, or was interrupted")
        return
    index = read_index(places, settings)
    folder = places.at(host.FRAGMENTS)
    present, odd = assemble.digests(folder) if folder.is_dir() else ({}, {})
    yield from _fragments(places, index, {name: sha256 for name, (_, sha256) in present.items()}, odd)
    if not index.entries:
        return
    if index.settings != stamp(settings):
        words = "the tables of customers are of another assembler, or of another platform, than there is now"
        yield Told("not-applied", "", words)
        return
    jobs = [
        (name, present[name][0], settings, today)
        for name, entry in sorted(index.entries.items())
        if name in present and present[name][1] == entry.sha256
    ]
    found = dict(zip([job[0] for job in jobs], assemble.each(jobs), strict=True))
    made = {name: one for name, one in found.items() if isinstance(one, Made)}
    yield from _entries(index, made)
    if settings.mailer:
        for table in tables.TABLES:
            yield from _table(places, index, table, made)
    yield from _people(places, settings, index, made)
    yield from _lists(places, settings, index)


# --- Fragments ---------------------------------------------------------------------------------------------------


def _fragments(places: Places, index: Index, present: Mapping[str, str], odd: Mapping[str, str]) -> Iterator[Told]:
    applied = _applied(places, index)
    for name in sorted({*applied, *present, *odd}):
        path, before = f"{host.FRAGMENTS}/{name}{assemble.ENDING}", applied.get(name, "")
        if name in odd:
            yield Told("edited", name, f"{path}, the fragment of {name}, is not what was applied: {odd[name]}")
        elif name not in present:
            if before:
                yield Told("missing", name, f"{path}, the fragment of {name}, was taken away by hand")
        elif not before:
            yield Told("edited", name, f"{path}, a fragment of {name}, was put there by hand, and by no apply")
        elif present[name] != before:
            yield Told("edited", name, f"{path}, the fragment of {name}, was edited by hand since the last apply")
        else:
            yield from _owned(places, path, name, "", 0o600)


def _applied(places: Places, index: Index) -> dict[str, str]:
    """Customer → SHA-256 of the fragment of the last apply. Without a record: of what was assembled."""
    try:
        rows = json.loads(places.at(RECORD).read_text(encoding="utf-8"))["customers"]
        return {str(name): str(row["fragment"]) for name, row in rows.items() if fragment.ID.fullmatch(str(name))}
    except FileNotFoundError:
        return {name: entry.sha256 for name, entry in index.entries.items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise CustomersError(f"{RECORD} cannot be read: move it away and apply") from None


def _entries(index: Index, made: Mapping[str, Made]) -> Iterator[Told]:
    for name, one in made.items():
        if {**vars(index.entries[name]), **_OF_THE_HOST} != {**vars(one.entry), **_OF_THE_HOST}:
            words = f"{host.INDEX} says something else of {name} than its fragment, and was edited by hand"
            yield Told("edited", name, words)


_OF_THE_HOST: dict[str, object] = {"parts": {}, "since": {}}
"""What the memory of what was assembled has besides the fragment."""


# --- Tables ------------------------------------------------------------------------------------------------------


def _table(places: Places, index: Index, table: tables.Table, made: Mapping[str, Made]) -> Iterator[Told]:
    text = index.texts.get(table.name, "")
    parts = {name: one.parts[table.name] for name, one in made.items()}
    unknown = frozenset(index.entries) - frozenset(parts)
    owners = _owners(index)
    for path, kind, what in ((text, "edited", "the text of which a table is made"), (table.path, "product", "")):
        if not path:
            yield Told("product", "", f"{table.path} was never made")
            continue
        try:
            raw = places.at(path).read_bytes()
            lines = raw if path == text else b"".join(records(raw))
        except FileNotFoundError:
            words = "whoever looks things up in it gets no answer" if path == table.path else what
            yield Told("missing" if path == text else "product", "", f"{path} was deleted: {words}")
            continue
        except (struct.error, ValueError):
            yield Told("product", "", f"{path} is no table: it cannot be read")
            continue
        shown = f"{path}{f', {what},' if what else ''}"
        found = tuple(_differing(lines, parts, unknown, owners))
        for name, came, went in found:
            whose = f"of {name}" if name else "of nobody who is served here"
            yield Told(kind, name, f"{shown} was changed by hand: {came} lines {whose} came, {went} went")
        if not found and not unknown and lines != b"".join(parts[name] for name in sorted(parts)):
            yield Told(kind, "", f"{shown} has its lines in another order than it was made in")
    yield from _owned(places, table.path, "", table.group, 0o640)


def records(raw: bytes) -> Iterator[bytes]:
    """The lines ``key value`` of a constant database, in their order. Raises ValueError, struct.error."""
    end = min(struct.unpack_from("<512I", raw)[::2])
    at = 2048
    while at < end:
        key, value = struct.unpack_from("<II", raw, at)
        if at + 8 + key + value > end:
            raise ValueError("a record is longer than there is room")
        at += 8
        yield b"%b %b\n" % (raw[at : at + key], raw[at + key : at + key + value])
        at += key + value


def _differing(
    lines: bytes, parts: Mapping[str, bytes], unknown: frozenset[str], owners: Mapping[bytes, str]
) -> Iterator[tuple[str, int, int]]:
    """Customer, and how many lines of its own came and went; of ``unknown`` nothing can be said. Those of nobody
    are under an empty name."""
    if not unknown and lines == b"".join(parts[name] for name in sorted(parts)):
        return
    seen = Counter(lines.splitlines(keepends=True))
    wanted = {line: name for name, part in parts.items() for line in part.splitlines(keepends=True)}
    came: Counter[str] = Counter()
    went: Counter[str] = Counter(name for line, name in wanted.items() if line not in seen)
    for line, times in seen.items():
        more = times - (line in wanted)
        name = wanted.get(line) or _owner(line, owners)
        if more and name not in unknown:
            came[name] += more
    for name in sorted(came.keys() | went.keys()):
        yield name, came[name], went[name]


def _owners(index: Index) -> dict[bytes, str]:
    return {
        domain.encode(): name for name, entry in index.entries.items() for domain in (*entry.names, entry.realm)
    }


def _owner(line: bytes, owners: Mapping[bytes, str]) -> str:
    """Whose domain the key of a line is in."""
    key = line.split(b" ", 1)[0].strip()
    return owners.get(key.rpartition(b"@")[2].lstrip(b"*!"), "")


# --- Lists of people, and what the views go by -------------------------------------------------------------------


def _people(places: Places, settings: Settings, index: Index, made: Mapping[str, Made]) -> Iterator[Told]:
    if not settings.dovecot:
        return
    for name, one in made.items():
        for path, text in one.files.items():
            try:
                same = not places.at(path).is_symlink() and places.at(path).read_bytes() == text.encode()
            except FileNotFoundError:
                yield Told("missing", name, f"{path}, which lists people of {name}, was deleted")
                continue
            if not same:
                yield Told("edited", name, f"{path}, which lists people of {name}, was edited by hand")
            else:
                yield from _owned(places, path, name, "dovecot", 0o640)
        link = dovecot.passwords(one.entry.realm)
        if one.signs_in and not _leads(places.at(link), f"{name}.passwords"):
            there = os.path.lexists(places.at(link))
            words = "leads elsewhere" if there else "was deleted"
            yield Told(
                "edited" if there else "missing", name, f"{link}, the link to the passwords of {name}, {words}"
            )
    owners = {name.decode(): customer for name, customer in _owners(index).items()}
    for path in assemble.strays(places, index.entries, made):
        domain = path.rpartition("/")[2].rpartition(".")[0]
        name = owners.get(domain, "")
        whose = f"of {name}" if name else "of nobody who is served here"
        yield Told("edited", name, f"{path}, {whose}, was put there by hand, and is of no fragment")


def _leads(path: Path, target: str) -> bool:
    return path.is_symlink() and str(path.readlink()) == target


def _lists(places: Places, settings: Settings, index: Index) -> Iterator[Told]:
    wanted = {host.VIEW: assemble.view(index.entries)}
    if settings.store:
        wanted[host.REALMS] = assemble.realms(index.realms)
    for path, text in wanted.items():
        try:
            said = places.at(path).read_text(encoding="utf-8", errors="replace")
        except FileNotFoundError:
            yield Told("missing", "", f"{path} was deleted")
            continue
        if said == text:
            continue
        named = tuple(_rows(said, text)) or ("",)
        for name in named:
            whose = f" what it says of {name}" if name else ""
            yield Told(
                "edited", name, f"{path} was edited by hand:{whose or ' it is not the one that was assembled'}"
            )


def _rows(said: str, text: str) -> Iterator[str]:
    """Customers of whom two lists of the view say another thing; none where they are no such lists."""
    try:
        one, other = (json.loads(each)["customers"] for each in (said, text))
        yield from sorted(name for name in {*one, *other} if one.get(name) != other.get(name))
    except (ValueError, KeyError, TypeError, AttributeError):
        return


def _owned(places: Places, path: str, name: str, group: str, mode: int) -> Iterator[Told]:
    """A finding where who may read or write a file is not as it was. Who is not root cannot have given it away."""
    try:
        status = os.lstat(places.at(path))
    except FileNotFoundError:
        return
    wrong = stat.S_IMODE(status.st_mode) != mode
    if os.geteuid() == 0:
        wrong = wrong or status.st_uid != 0 or _group(status.st_gid) != (group or "root")
    if wrong:
        yield Told("edited", name, f"{path} has another owner, group or mode than it was given")


def _group(number: int) -> str:
    try:
        return grp.getgrgid(number).gr_name
    except KeyError:
        return str(number)
