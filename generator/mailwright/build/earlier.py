"""A project that was built earlier, perhaps by another version, read back from its folder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from mailwright.build import manifest
from mailwright.build.tree import DESCRIPTION, ORDINARY, PERSONAL, PLAN, Output, safe
from mailwright.plan.model import Plan
from mailwright.plan.stored import StoredPlanError, load
from mailwright.records import dataclass

_ENTRIES = "/FILES.json"


class EarlierError(Exception):
    """The folder is no build that can be read. The message is whole sentences: why, and the way out."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A build as it lies on disk.

    folder       the project's own
    version      of the mailwright that made it
    files        what the manifest lists and is there, as it is now; PERSONAL where it holds people
    edited       paths of those that are not what was built
    missing      paths that the manifest lists, and that are gone
    plan         the tables; None where they cannot be had, and ``why`` not, a sentence without a full stop
    description  the copy of the description that it was made from; None where the build has none
    """

    folder: Path
    version: str
    files: Mapping[str, Output]
    edited: tuple[str, ...]
    missing: tuple[str, ...]
    plan: Plan | None
    why: str
    description: Path | None


class _Manifest(msgspec.Struct):
    mailwright: str
    files: dict[str, str]
    description: str = ""


class _Entry(msgspec.Struct):
    path: str
    personal: bool = False


class _Entries(msgspec.Struct):
    files: list[_Entry]


def read(folder: Path, domain: str = "") -> Earlier:
    """The build in ``folder``: a project, or a folder with one in it, or with several, of which ``domain`` is one.

    Nothing outside of the folder is read, and no link is followed below it. Raises EarlierError.
    """
    try:
        return _read(_project(folder, domain))
    except OSError as error:
        raise EarlierError(f"{error.filename or folder} cannot be read: {error.strerror}.") from None


def _project(folder: Path, domain: str) -> Path:
    if not folder.is_dir():
        what = "is no folder" if folder.exists() else "does not exist"
        raise EarlierError(f"{folder} {what}: name the folder that `mailwright build` wrote.")
    if (folder / manifest.NAME).is_file():
        return folder
    found = sorted(one.name for one in folder.iterdir() if (one / manifest.NAME).is_file() and not one.is_symlink())
    if domain in found:
        return folder / domain
    if domain and found:
        raise EarlierError(f"{folder} holds no build of {domain}, but of {', '.join(found)}.")
    if len(found) > 1:
        raise EarlierError(f"{folder} holds several builds: name one of them, {', '.join(found)}.")
    if not found:
        raise EarlierError(
            f"{folder} holds no build: there is no {manifest.NAME} in it, nor in a folder of it. "
            "`mailwright build` makes one."
        )
    return folder / found[0]


def _read(folder: Path) -> Earlier:
    told = _manifest(folder)
    found: dict[str, bytes] = {}
    for path in told.files:
        data = _content(folder, path)
        if data is not None:
            found[path] = data
    edited = tuple(path for path, data in found.items() if hashlib.sha256(data).hexdigest() != told.files[path])
    personal = set(_personal(found))
    plan, why = _plan(told, found, edited)
    description = DESCRIPTION + told.description
    return Earlier(
        folder=folder,
        version=told.mailwright,
        files={path: Output(data, PERSONAL if path in personal else ORDINARY) for path, data in found.items()},
        edited=edited,
        missing=tuple(path for path in told.files if path not in found),
        plan=plan,
        why=why,
        description=folder / description if told.description and description in found else None,
    )


def _manifest(folder: Path) -> _Manifest:
    raw = _content(folder, manifest.NAME) or b""
    try:
        told = msgspec.json.decode(raw, type=_Manifest)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise EarlierError(
            f"{folder / manifest.NAME} is not what mailwright writes ({error}): build again, or get it back from "
            "version control."
        ) from None
    for path in told.files:
        try:
            safe(path)
        except ValueError:
            raise EarlierError(
                f"{folder / manifest.NAME} lists {path!r}, which is no path inside a project: somebody changed it."
            ) from None
    return told


def _content(folder: Path, path: str) -> bytes | None:
    """A file of the project; None where there is none. Raises EarlierError for what no build writes."""
    here = folder / path
    real = Path(os.path.realpath(folder)) / path
    if Path(os.path.realpath(here)) != real:
        raise EarlierError(f"{here} is a symbolic link, or behind one; mailwright makes none, and follows none.")
    if real.is_dir() or (real.exists() and not real.is_file()):
        raise EarlierError(f"{here} is not a file, and a build has one there.")
    try:
        return real.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None


def _personal(found: Mapping[str, bytes]) -> Iterator[str]:
    """Paths of files that hold people. Modes do not tell: version control keeps none."""
    for path, data in found.items():
        if path == PLAN or path.startswith(DESCRIPTION):
            yield path
        elif path.startswith("hosts/") and path.endswith(_ENTRIES):
            yield from (path.removesuffix(_ENTRIES) + entry.path for entry in _entries(data) if entry.personal)


def _entries(data: bytes) -> Iterable[_Entry]:
    try:
        return msgspec.json.decode(data, type=_Entries).files
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ()  # it is in ``edited``


def _plan(told: _Manifest, found: Mapping[str, bytes], edited: tuple[str, ...]) -> tuple[Plan | None, str]:
    if PLAN not in told.files:
        return None, f"mailwright {told.mailwright}, which made it, kept no {PLAN}"
    if PLAN not in found:
        return None, f"its {PLAN} is gone"
    if PLAN in edited:
        return None, f"its {PLAN} was changed since it was built"
    try:
        return load(found[PLAN]), ""
    except StoredPlanError as error:
        return None, str(error)
