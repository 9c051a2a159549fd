"""Which files are wanted, which are there, and what is between them. No service is touched here."""

from __future__ import annotations

import fnmatch
import grp
import hashlib
import json
import os
import posixpath
import pwd
import stat
import tarfile
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

Kind = Literal["absent", "file", "link", "other"]


class FilesError(Exception):
    """Something that must stop the transaction before anything was changed."""


@dataclass(frozen=True)
class Wanted:
    """A file as it shall be. ``personal``: it holds people; ``secret``: its text is never shown at all."""

    path: str
    owner: str
    group: str
    mode: int
    sha256: str
    personal: bool = False
    secret: bool = False

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> Wanted:
        """From an entry of FILES.json. Raises FilesError for a path that is not plainly absolute."""
        return cls(
            safe_path(entry["path"]),
            entry["owner"],
            entry["group"],
            int(entry["mode"], 8),
            entry["sha256"],
            bool(entry.get("personal", False)),
            bool(entry.get("secret", False)),
        )


@dataclass(frozen=True)
class Seen:
    """A path as it is. Numbers for owner and group, because a name may not exist."""

    kind: Kind
    sha256: str = ""
    uid: int = -1
    gid: int = -1
    mode: int = -1


@dataclass(frozen=True)
class Record:
    """What the last transaction of a component left: its files, the products made from them, the logins seeded."""

    files: Mapping[str, str]  # path -> sha256
    products: Mapping[str, str]
    seeds: Mapping[str, str]  # path -> sha256 of the seed that was last merged into it
    seeded: Mapping[str, tuple[str, ...]]  # path -> logins that were given a first line
    units: tuple[str, ...] | None = ()  # its own; None: of a time when they were not written down


@dataclass(frozen=True)
class Comparison:
    """Paths, sorted. ``edited`` may overlap with ``changed`` and ``obsolete``."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    repaired: tuple[str, ...] = ()  # right content, wrong mode or owner
    obsolete: tuple[str, ...] = ()  # ours once, wanted no more, still there
    edited: tuple[str, ...] = ()  # content that neither we wrote last nor is wanted now: it would be lost

    @property
    def content(self) -> tuple[str, ...]:
        """Files whose text the host has not got."""
        return tuple(sorted({*self.new, *self.changed}))

    @property
    def touched(self) -> tuple[str, ...]:
        return tuple(sorted({*self.new, *self.changed, *self.repaired, *self.obsolete}))


def safe_path(path: str) -> str:
    """``path`` if it is absolute, normal and has no control characters."""
    if not path.startswith("/") or path.startswith("//") or posixpath.normpath(path) != path or path == "/":
        raise FilesError(f"not a plain absolute path: {path!r}")
    if any(ord(character) < 0x20 or ord(character) == 0x7F for character in path):
        raise FilesError(f"a path with a control character: {path!r}")
    return path


def matches(path: str, patterns: Iterable[str]) -> bool:
    """Whether one of the shell patterns matches; ``*`` matches a slash too."""
    return any(fnmatch.fnmatchcase(path, pattern) for pattern in patterns)


def digest(path: str | Path) -> str:
    with Path(path).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def look(path: str) -> Seen:
    """What is at ``path``; a symbolic link is not followed."""
    try:
        status = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return Seen("absent")
    if stat.S_ISLNK(status.st_mode):
        return Seen("link", str(Path(path).readlink()), status.st_uid, status.st_gid)
    if not stat.S_ISREG(status.st_mode):
        return Seen("other", "", status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode))
    return Seen("file", digest(path), status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode))


def uid(name: str) -> int | None:
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return None


def gid(name: str) -> int | None:
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        return None


def compare(wanted: Iterable[Wanted], seen: Mapping[str, Seen], last: Mapping[str, str]) -> Comparison:
    """What must be done so that ``seen`` becomes ``wanted``; ``last`` (path to sha256) is what we left last time.

    ``seen`` has an entry for every path of ``wanted`` and ``last``. Raises FilesError where a folder or a device
    stands in the place of a file: that is nothing to be overwritten.
    """
    new, changed, repaired, obsolete, edited = [], [], [], [], []
    names = set()
    for file in wanted:
        names.add(file.path)
        now = seen[file.path]
        if now.kind == "other":
            raise FilesError(f"{file.path} is not a file on this host")
        if now.kind == "absent":
            new.append(file.path)
        elif now.kind == "link" or now.sha256 != file.sha256:
            changed.append(file.path)
            if file.path in last and now.sha256 != last[file.path]:
                edited.append(file.path)
        elif (now.uid, now.gid, now.mode) != (uid(file.owner), gid(file.group), file.mode):
            repaired.append(file.path)
    for path, sha256 in last.items():
        if path not in names and seen[path].kind in ("file", "link"):
            obsolete.append(path)
            if seen[path].sha256 != sha256:
                edited.append(path)
    return Comparison(*(tuple(sorted(paths)) for paths in (new, changed, repaired, obsolete, edited)))


def read_record(path: Path) -> Record:
    """The record of the last transaction; an empty one when there was none. Raises FilesError when it is broken."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        return Record(
            {safe_path(name): sha256 for name, sha256 in data["files"].items()},
            {safe_path(name): sha256 for name, sha256 in data["products"].items()},
            dict(data["seeds"]),
            {name: tuple(logins) for name, logins in data["seeded"].items()},
            tuple(data["units"]) if "units" in data else None,
        )
    except FileNotFoundError:
        return Record({}, {}, {}, {})
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise FilesError(
            f"the record {path} cannot be read ({error}): move it away to apply as if for the first time"
        ) from error


def dump_record(record: Record) -> str:
    return json.dumps(asdict(record), indent=1, sort_keys=True) + "\n"


def unpack(archive: str, wanted: Mapping[str, Wanted], stage: Path) -> None:
    """Writes the archive's files below ``stage``. A member is named by its path on the host without leading slash.

    Nothing is extracted by the archive's own word: a member is read only if it is a plain file, is wanted, and has
    the checksum that was announced; owner and mode come from ``wanted``. Raises FilesError otherwise.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                file = wanted.get("/" + member.name)
                if file is None or not member.isreg():
                    raise FilesError(f"the archive holds something that was not announced: {member.name!r}")
                source = tar.extractfile(member)
                data = source.read() if source else b""
                if hashlib.sha256(data).hexdigest() != file.sha256:
                    raise FilesError(f"{file.path} was damaged on its way")
                place(stage, file, data)
    except tarfile.TarError as error:
        raise FilesError(f"the archive cannot be read: {error}") from error


def place(stage: Path, file: Wanted, data: bytes) -> None:
    """Writes ``data`` at the file's place below ``stage``, with the owner and mode that it shall have."""
    target = stage / file.path[1:]
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink() or target.exists():
        target.unlink()
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(data)
    owner, group = uid(file.owner), gid(file.group)
    if owner is not None and group is not None:  # in check mode an account may not exist yet
        os.chown(target, owner, group)
    target.chmod(file.mode)


def line_counts(before: str, after: str) -> tuple[int, int]:
    """How many lines came and went; order does not count."""
    old, new = Counter(before.splitlines()), Counter(after.splitlines())
    return (sum((new - old).values()), sum((old - new).values()))


def login_of(line: str) -> str:
    """The login of a passwd-file line, empty for a comment or an empty line."""
    line = line.strip()
    return "" if not line or line.startswith("#") else line.split(":", 1)[0].lower()


def merge_seed(current: str, seed: str, seeded: Iterable[str]) -> tuple[str, tuple[str, ...]]:
    """``current`` with a line of ``seed`` added for each login that has none and never was given one.

    Returns the new text and the logins that are in the seed. An existing line is never changed or removed, and a
    login whose line somebody took away on the host stays without.
    """
    have = {login_of(line) for line in current.splitlines()} | set(seeded)
    lines: list[str] = []
    logins: list[str] = []
    for line in seed.splitlines():
        login = login_of(line)
        if login and login not in logins:
            logins.append(login)
            if login not in have:
                lines.append(line.strip() + "\n")
    if not lines:
        return (current, tuple(logins))
    return (current + ("\n" if current and not current.endswith("\n") else "") + "".join(lines), tuple(logins))
