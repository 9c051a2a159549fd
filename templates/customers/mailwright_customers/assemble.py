"""From fragments to tables: what changed is judged, claims are settled, and files that differ are staged."""

from __future__ import annotations

import gc
import hashlib
import json
import multiprocessing
import os
import stat
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from mailwright_customers import dovecot, fragment, host, owners, tables
from mailwright_customers.fragment import FragmentError
from mailwright_customers.host import CustomersError, Places, Settings
from mailwright_customers.index import Entry, Index, read_index, seen, stamp

ENDING = ".tables"


@dataclass
class Made:
    """What a fragment comes to: its part of each table, Dovecot's files by path, and whether anybody signs in."""

    entry: Entry
    parts: dict[str, bytes]
    files: dict[str, str]
    signs_in: bool


@dataclass
class Outcome:
    """``written`` and ``removed``: paths on the host; ``broken``: customer → why its fragment is refused."""

    written: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    broken: dict[str, str] = field(default_factory=dict)


def assemble(
    places: Places, settings: Settings, fragments: Path, out: Path, today: date, all_: bool = False
) -> Outcome:
    """Stages below ``out`` what differs from the host's. Raises CustomersError when nothing could be assembled.

    all_  looks at everything, and not only at what changed: what somebody edited by hand is made again
    """
    gc.disable()  # many small things that all stay to the end
    outcome = Outcome()
    index = read_index(places, settings)
    anew = all_ or index.settings != stamp(settings)
    if settings.mailer and not all(_whole(places, path, all_) for path in index.texts.values()):
        anew = True
        index.texts.clear()
        for entry in index.entries.values():
            entry.parts = {}
    present, odd = digests(fragments)
    outcome.broken.update(odd)
    fresh: dict[str, Made] = {}
    changed = [
        (name, path, settings, today)
        for name, (path, sha256) in present.items()
        if anew or (before := index.entries.get(name)) is None or before.sha256 != sha256
    ]
    for name, made in zip([one[0] for one in changed], each(changed), strict=True):
        if isinstance(made, Made):
            fresh[name] = made
        else:
            outcome.broken[name] = made
    gone = [name for name in index.entries if name not in present and name not in odd]
    outcome.broken.update(_settle(places, settings, index, fresh, gone))
    if all_:
        index.made = {name: [] for name in index.texts}  # so that every table is made of its text once more
    stage = _Stage(places, settings, out, outcome)
    _write(stage, index, fresh, gone, today)
    if all_ and settings.dovecot:
        kept = {name: entry for name, entry in index.entries.items() if name not in fresh and name not in gone}
        for path in strays(places, kept, fresh):
            stage.remove(path)
    outcome.removed = sorted(set(outcome.removed) - set(outcome.written))  # a domain may have gone to another
    return outcome


def _whole(places: Places, path: str, looked: bool) -> bool:
    """Whether the text of a table is there and, where it is looked at, the one that was put there."""
    if not looked:
        return places.at(path).exists()
    try:
        return path.endswith(f".{hashlib.sha256(places.at(path).read_bytes()).hexdigest()[:16]}")
    except FileNotFoundError:
        return False


_Job = tuple[str, Path, Settings, date]
_MANY = 400  # fragments, from which on another process is worth its start


def each(jobs: list[_Job]) -> Iterator[Made | str]:
    """What is made of each fragment, or why it is refused, in their order."""
    processes = os.cpu_count() or 1
    if len(jobs) < _MANY or processes < 2:
        yield from map(_make, jobs)
        return
    try:
        with ProcessPoolExecutor(min(processes, 8), multiprocessing.get_context("fork")) as pool:
            yield from pool.map(_make, jobs, chunksize=50)
    except BrokenProcessPool:
        raise CustomersError("a worker was ended by the system, perhaps for want of memory") from None


def _make(job: _Job) -> Made | str:
    name, path, settings, today = job
    try:
        raw = path.read_bytes()
        facts = fragment.parse(name, raw, settings.own, today)
    except FragmentError as error:
        return str(error)
    except OSError as error:
        return _unread(error)
    entry = Entry(
        hashlib.sha256(raw).hexdigest(),
        facts.realm,
        facts.state,
        facts.days,
        list(facts.leaving),
        list(facts.domains),
        list(facts.inside),
        len(facts.mailboxes) + len(facts.aliases),
    )
    return Made(entry, tables.parts(facts), dovecot.files(facts, settings), bool(facts.logins or facts.processes))


def digests(folder: Path) -> tuple[dict[str, tuple[Path, str]], dict[str, str]]:
    """Customer → its fragment's path and SHA-256; and who has one that is no fragment → why. Other files are
    nobody's."""
    found, odd = {}, {}
    try:
        entries = sorted((entry for entry in os.scandir(folder) if entry.name.endswith(ENDING)), key=_name)
    except OSError as error:
        raise CustomersError(f"{folder}: {error.strerror}") from None
    for entry in entries:
        name = entry.name.removesuffix(ENDING)
        if not fragment.ID.fullmatch(name):
            continue
        try:
            if not entry.is_file():  # who opens a pipe waits
                odd[name] = "its fragment is no file"
                continue
            path = Path(entry.path)
            found[name] = (path, hashlib.sha256(path.read_bytes()).hexdigest())
        except OSError as error:
            odd[name] = _unread(error)
    return found, odd


def _name(entry: os.DirEntry[str]) -> str:
    return entry.name


def _unread(error: OSError) -> str:
    return f"its fragment cannot be read: {error.strerror}"


def _settle(
    places: Places, settings: Settings, index: Index, fresh: dict[str, Made], gone: list[str]
) -> dict[str, str]:
    """Takes out of ``fresh`` who claims what is another's. Customer → why."""
    before: Mapping[str, owners.Claim] = index.entries

    def has_mail(realm: str) -> bool:
        return os.path.lexists(places.at(f"{settings.mail}/{realm}"))

    def claims() -> Mapping[str, owners.Claim]:
        return {name: made.entry for name, made in fresh.items()}

    refused: dict[str, str] = {}
    if settings.store:
        folders = owners.Folders(index.realms, settings.folders, has_mail)
        refused = owners.realms_taken(folders, before, claims())
        for name in refused:
            del fresh[name]
    for name, why in owners.settle(before, claims(), gone).items():
        refused[name] = why
        del fresh[name]
    return refused


class _Stage:
    """Puts files that differ from the host's below ``out``, with owner and mode."""

    def __init__(self, places: Places, settings: Settings, out: Path, outcome: Outcome) -> None:
        self.places, self.settings, self.outcome = places, settings, outcome
        self._out, self._root = str(out).rstrip("/"), str(places.root).rstrip("/")
        self._groups: dict[str, int] = {}
        self._folders: set[str] = set()

    def path(self, path: str) -> Path:
        staged = Path(f"{self._out}{path}")
        folder = path.rpartition("/")[0]
        if folder not in self._folders:
            staged.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._folders.add(folder)
        return staged

    def own(self, path: str, group: str, mode: int) -> None:
        """Announces a file that lies staged."""
        staged = Path(f"{self._out}{path}")
        if group and os.geteuid() == 0:
            os.chown(staged, 0, self._gid(group))
        staged.chmod(mode)
        self.outcome.written.append(path)

    def text(self, path: str, text: str, group: str = "", mode: int = 0o600) -> None:
        """A file whose text is ``text``, unless the host's is."""
        data = text.encode("utf-8")
        before = 0.0
        try:
            with Path(f"{self._root}{path}").open("rb") as file:
                status = os.fstat(file.fileno())
                if file.read() == data and stat.S_IMODE(status.st_mode) == mode:
                    return
                before = status.st_mtime
        except FileNotFoundError:
            pass
        staged = self.path(path)
        staged.write_bytes(data)
        if before and int(before) >= int(time.time()):  # who compares seconds (Dovecot) sees that it is another
            os.utime(staged, (int(before) + 1, int(before) + 1))
        self.own(path, group, mode)

    def link(self, path: str, target: str) -> None:
        """A symbolic link, unless the host has it."""
        there = Path(f"{self._root}{path}")
        if there.is_symlink() and str(there.readlink()) == target:
            return
        self.path(path).symlink_to(target)
        self.outcome.written.append(path)

    def remove(self, path: str) -> None:
        if os.path.lexists(self.places.at(path)):
            self.outcome.removed.append(path)

    def _gid(self, name: str) -> int:
        import grp

        if name not in self._groups:
            try:
                self._groups[name] = grp.getgrnam(name).gr_gid
            except KeyError:
                raise CustomersError(f"there is no group {name} on this host") from None
        return self._groups[name]


def _write(stage: _Stage, index: Index, fresh: Mapping[str, Made], gone: list[str], today: date) -> None:
    settings = stage.settings
    away = frozenset(gone)
    entries = {name: entry for name, entry in index.entries.items() if name not in away}
    for name, made in fresh.items():
        before = index.entries.get(name)
        entries[name] = replace(made.entry, parts={} if before is None else before.parts)
    new = Index(stamp(settings), entries, dict(index.texts), dict(index.made))
    new.realms = owners.realms(index.realms, entries)
    new.left = owners.let_go(index.entries, entries, index.left, today)
    had = seen(stage.places, index)
    for name in fresh:
        entry = entries[name]
        entry.since = dict(owners.since(entry.domains, had.get(name, {}), new.left, today))
    used = {path for name, entry in entries.items() if name not in fresh for path in _paths(entry)}
    used |= _made(fresh)
    for name in sorted({*fresh, *away}):
        _lists(stage, name, index.entries.get(name), fresh.get(name), used)
    if settings.mailer:
        for table in tables.TABLES:
            parts = {name: made.parts[table.name] for name, made in fresh.items()}
            _table(stage, table, index, new, parts, gone)
    else:
        _no_tables(stage, index, new)
    for name, entry in entries.items():
        # SCALE-2: of who is over hosts keep nothing; and only a mailer signs.
        if entry.state == "over" or not settings.mailer:
            stage.remove(f"{host.KEYS}/{name}.key")
    stage.text(host.VIEW, view(entries), mode=0o644)
    if settings.store:
        stage.text(host.REALMS, realms(new.realms))
    said = {**vars(new), "entries": {name: vars(entry) for name, entry in sorted(entries.items())}}
    stage.text(host.INDEX, json.dumps(said, separators=(",", ":")) + "\n")


def _paths(entry: Entry) -> Iterator[str]:
    """Dovecot's files that can be there for who is served."""
    if entry.state in ("active", "stopped"):
        yield from map(dovecot.path, entry.domains)
        yield dovecot.passwords(entry.realm)


def _made(made: Mapping[str, Made]) -> set[str]:
    """Dovecot's files of those."""
    found = {path for one in made.values() for path in one.files}
    return found | {dovecot.passwords(one.entry.realm) for one in made.values() if one.signs_in}


def _lists(stage: _Stage, name: str, before: Entry | None, made: Made | None, used: set[str]) -> None:
    """Dovecot's files of a customer. Domains that it has no more lose theirs, unless somebody has taken them and
    has people in them.

    used  paths of whoever is served now
    """
    for path, text in made.files.items() if made is not None else ():
        stage.text(path, text, "dovecot", 0o640)
    link = dovecot.passwords(made.entry.realm) if made is not None and made.signs_in else ""
    if link and stage.settings.dovecot:
        stage.link(link, f"{name}.passwords")
    for path in (*map(dovecot.path, before.domains), dovecot.passwords(before.realm)) if before is not None else ():
        if path not in used:
            stage.remove(path)


def _table(
    stage: _Stage, table: tables.Table, index: Index, new: Index, parts: Mapping[str, bytes], gone: list[str]
) -> None:
    name = table.name
    text = _text_of(stage.places, index, name)
    spans: tables.Spans = {
        customer: (span[0], span[1])
        for customer, entry in index.entries.items()
        if (span := entry.parts.get(name)) is not None
    }
    there = stage.places.at(table.path)
    fresh = {customer: piece for customer, piece in parts.items() if text[_slice(spans.get(customer))] != piece}
    leave = [customer for customer in gone if spans.get(customer, (0, 0))[1]]
    if name in index.texts and not fresh and not leave and _mark(there) == index.made.get(name):
        return
    joined, spans = tables.joined(text, spans, fresh, gone)
    for customer, entry in new.entries.items():
        entry.parts = {**entry.parts, name: [*spans.get(customer, (0, 0))]}
    digest = hashlib.sha256(joined).hexdigest()[:16]
    path = f"{host.TABLES}/{name}.{digest}"
    staged, cdb = stage.path(path), stage.path(table.path)
    staged.write_bytes(joined)
    tables.compile_(staged, cdb)
    stage.own(path, "", 0o600)
    stage.own(table.path, table.group, 0o640)
    old = index.texts.get(name)
    if old and old != path:
        stage.remove(old)
    new.texts[name] = path
    new.made[name] = _mark(cdb) or []


def _no_tables(stage: _Stage, index: Index, new: Index) -> None:
    """Of a host that was a mailer and is none any more, they go."""
    for path in (*(table.path for table in tables.TABLES), *index.texts.values()):
        stage.remove(path)
    new.texts, new.made = {}, {}
    for entry in new.entries.values():
        entry.parts = {}


def _slice(span: tuple[int, int] | None) -> slice:
    return slice(span[0], span[0] + span[1]) if span else slice(0)


def _text_of(places: Places, index: Index, name: str) -> bytes:
    path = index.texts.get(name)
    return places.at(path).read_bytes() if path is not None else b""


def _mark(path: Path) -> list[int] | None:
    """Size and time of a table: that it is the one which was put there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return [found.st_size, found.st_mtime_ns]


def realms(found: Mapping[str, Mapping[str, str]]) -> str:
    """The list of what is in folders of mail."""
    rows = {realm: {**row} for realm, row in sorted(found.items())}
    return json.dumps({"realms": rows}, indent=0) + "\n"


def strays(places: Places, entries: Mapping[str, Entry], made: Mapping[str, Made]) -> Iterator[str]:
    """Paths of lists of people, and of links to passwords, that are nobody's.

    entries  of customers of whom it is not known what is made: all that may be theirs is left alone
    """
    mine = _made(made) | {path for name, entry in entries.items() if name not in made for path in _paths(entry)}
    folder = places.at(host.DOVECOT)
    for name in sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else ():
        of_a_realm = name.endswith(".passwords") and "." in name.removesuffix(".passwords")
        path = f"{host.DOVECOT}/{name}"
        if (name.endswith(dovecot.ENDING) or of_a_realm) and path not in mine:
            yield path


def view(entries: Mapping[str, Entry]) -> str:
    """The list that the view of the logs and the counting of use go by."""
    rows = {
        name: {
            "realm": entry.realm,
            "domains": entry.domains,
            "state": entry.state,
            "days": entry.days,
            "logs_until": entry.leaving[-1] if entry.leaving else "",
            "since": entry.since,
        }
        for name, entry in sorted(entries.items())
        if entry.state != "over"
    }
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(row)}" for name, row in rows.items())
    return f'{{"customers": {{\n{lines}\n}}}}\n'
