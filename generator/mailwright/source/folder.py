"""A whole folder of descriptions, on disk or as it was at a git revision, by the hashes of its files.

    with at("HEAD~1", Path("provider")) as old:
        differing = {path for path, name in old.hashes.items() if now.hashes.get(path) != name}
        old.bring(differing)             # only these lie in old.path now

The hash of a file is the name that git gives its content, so a folder of a revision and one on disk are compared
without reading anything of the former. A symbolic link counts with what it leads to inside of the folder; what lies
outside is not looked at.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from stat import S_ISREG

from mailwright.findings import Findings
from mailwright.source import attributes
from mailwright.source.commit import FOLDER, LINK, MAX_HOPS, MAX_LINK, Commit
from mailwright.source.files import LFS, MAX_FILE, opened
from mailwright.source.git import Entry, Git, MissingError, Objects, RevisionError, TooLargeError, incomplete
from mailwright.source.revision import NoDescriptionError, located, short, undone_by_signals

MAX_FILES = 2_000_000
"""In a folder: 10,000 customers have some 30,000."""

_SHA256 = 64  # letters of an object's name in a repository of that kind
_ABSENT = "absent"


class Folder:
    """Paths in it are relative, with ``/``. Names that begin with a point are no part of it.

    label   as the reader knows it: ``provider``, ``HEAD~1:provider``
    path    where its files lie, or those of them that were brought
    prefix  what paths begin with, before the path from the top of the repository: ``HEAD~1:``; on disk empty
    """

    label: str
    path: Path
    prefix: str

    @cached_property
    def hashes(self) -> Mapping[str, str]:
        """Path → hash of each file."""
        raise NotImplementedError

    def shown(self, text: str) -> str:
        """A path, or a sentence with paths, as people know them."""
        return text

    def bring(self, paths: Iterable[str]) -> None:
        """Makes files lie below ``path``; those that there are not are left out. Raises RevisionError."""

    def drop(self, paths: Iterable[str]) -> None:
        """They are needed no more."""

    def content(self, path: str, limit: int) -> bytes | None:
        """At most ``limit`` bytes of a file, which need not have been brought; None where there is none."""
        raise NotImplementedError


class OnDisk(Folder):
    """``wide``: hashes as a repository has them whose objects are named by SHA-256."""

    def __init__(self, path: Path, *, wide: bool = False) -> None:
        self.label, self.path, self.prefix = str(path), path, ""
        self._wide = wide

    @cached_property
    def hashes(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        links: dict[str, str] = {}
        for name, path, is_link in _walk(str(self.path), ""):
            if is_link:
                links[name] = str(Path(path).readlink())
            else:
                found[name] = self._hash(path)
        return _with_links(found, links)

    def _hash(self, path: str) -> str:
        """Of what is no regular file, or may not be read, what no content has: whoever reads it says why.

        It is asked of each file of thousands of customers, so it asks the system for little.
        """
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError as error:
            return f"unreadable {error.errno}"
        try:
            found = os.fstat(descriptor)
            if not S_ISREG(found.st_mode):
                return "no file"
            head = b"blob %d\0" % found.st_size
            made = hashlib.sha256(head) if self._wide else hashlib.sha1(head, usedforsecurity=False)
            left = found.st_size
            while left > 0 and (piece := os.read(descriptor, min(left, 1024 * 1024))):
                made.update(piece)
                left -= len(piece)
        except OSError as error:
            return f"unreadable {error.errno}"
        finally:
            os.close(descriptor)
        return made.hexdigest()

    def content(self, path: str, limit: int) -> bytes | None:
        with opened(self.path / path, Findings()) as file:
            return None if file is None else file.read(limit)


def _walk(folder: str, at: str) -> Iterator[tuple[str, str, bool]]:
    """Of each file its path in the folder, its path, and whether it is a link. An unreadable folder has none: who
    reads it says so."""
    try:
        with os.scandir(folder) as found:
            entries = list(found)
    except OSError:
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        name = at + entry.name
        if entry.is_symlink():
            yield name, entry.path, True
        elif entry.is_dir(follow_symlinks=False):
            yield from _walk(entry.path, f"{name}/")
        else:
            yield name, entry.path, False


def _with_links(files: dict[str, str], links: Mapping[str, str]) -> Mapping[str, str]:
    """Links too: what they say, and what they lead to."""
    if not links:
        return files
    known = dict(files)
    for path, to in links.items():
        real = _end(path, links)
        below = sorted(
            f"{name[len(real) :]} {hash_}" for name, hash_ in files.items() if name.startswith(f"{real}/")
        )
        known[path] = f"link {to} {files.get(real, _ABSENT)} {hashlib.sha256(repr(below).encode()).hexdigest()}"
    return known


def _end(path: str, links: Mapping[str, str]) -> str:
    """Where a link leads to, inside of the folder; a path that there is not for all else."""
    for _ in range(MAX_HOPS):
        to = links.get(path)
        if to is None:
            return path
        path = os.path.normpath(os.path.join(os.path.dirname(path), to))  # noqa: PTH118, PTH120 - paths of git
        if path.startswith(("/", "..")):
            break
    return _ABSENT


@dataclass(eq=False)
class AtRevision(Folder):
    """Made by ``at``.

    revision  as it was asked for
    commit    the commit's object name in full
    inner     the folder's path from the top of the repository
    """

    label: str
    path: Path
    prefix: str
    revision: str
    commit: str
    inner: str
    _root: Path
    _objects: Objects
    _files: Mapping[str, str] = field(repr=False)
    _links: Mapping[str, str] = field(repr=False)
    _see: Callable[[Iterable[str]], None] = field(repr=False)

    @property
    def wide(self) -> bool:
        """Whether the repository names its objects by SHA-256."""
        return len(self.commit) == _SHA256

    @cached_property
    def hashes(self) -> Mapping[str, str]:
        return _with_links(dict(self._files), self._links)

    def shown(self, text: str) -> str:
        return text.replace(f"{self._root}{os.sep}", self.prefix).replace(str(self._root), self.prefix)

    def bring(self, paths: Iterable[str]) -> None:
        wanted = set(paths)
        for path in [path for path in wanted if path in self._links]:
            real = _end(path, self._links)
            wanted.update(name for name in self._files if name == real or name.startswith(f"{real}/"))
        files = sorted(path for path in wanted if path in self._files)
        self._see(files)
        try:
            for path in files:
                self._write(path)
            for path in sorted(wanted & self._links.keys()):
                self._link(path)
        except TooLargeError as error:
            raise RevisionError(
                f"{self.prefix} has a file of more than {MAX_FILE:,} bytes ({error}): no description needs it."
            ) from None
        except MissingError:
            raise incomplete(self.prefix.rstrip(":")) from None
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise RevisionError(f"The files of {self.prefix.rstrip(':')} cannot be written: {why}.") from None

    def _write(self, path: str) -> None:
        target = self.path / path
        if target.exists():
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as file:
            begin = self._objects.copy(self._files[path], file, len(LFS))
        if begin == LFS:
            raise RevisionError(
                f"{self.prefix}{self.inner}/{path} is kept by git LFS, and git itself has only a pointer to it: "
                "check that revision out beside this one (`git worktree add`), and compare the two folders."
            )

    def _link(self, path: str) -> None:
        """What leads out of the folder leads out still, for whoever judges it, but to nothing."""
        link = self.path / path
        if link.is_symlink():
            return
        link.parent.mkdir(parents=True, exist_ok=True)
        real = _end(path, self._links)
        inside = real != _ABSENT
        link.symlink_to(self._links[path] if inside else self._root.parent / "outside")

    def drop(self, paths: Iterable[str]) -> None:
        for path in paths:
            with suppress(OSError):
                (self.path / path).unlink()
        for folder in sorted({(self.path / path).parent for path in paths}, reverse=True):
            with suppress(OSError):  # not empty, or the folder itself
                folder.rmdir()

    def content(self, path: str, limit: int) -> bytes | None:
        if path not in self._files:
            return None
        try:
            return self._objects.copy(self._files[path], None, limit)
        except (MissingError, TooLargeError):
            return None


@contextmanager
def at(revision: str, folder: Path, *, absent: bool = False) -> Iterator[AtRevision]:
    """The folder at ``folder``, which need not be there now, as it was at ``revision``.

    absent  where the revision has nothing at that path, it is taken for an empty folder

    Raises RevisionError; NoDescriptionError where the revision has no such folder. What was brought (in a folder of
    mode 0700) is gone afterwards, whatever happens inside.
    """
    git, inside = located(folder / "any")
    inner = inside.rpartition("/")[0]
    commit = git.commit(revision)
    name = short(revision)
    with undone_by_signals(), tempfile.TemporaryDirectory(prefix="mailwright-") as private:
        root = Path(os.path.realpath(private)) / "tree"
        with git.objects() as objects:
            on_the_way = Commit(objects, commit)
            try:
                found: tuple[str, Entry | None] | None = on_the_way.follow(inner)
            except (MissingError, TooLargeError, ValueError):  # a folder of the commit is not there, or is none
                raise incomplete(name) from None
            if found is None and absent:
                found = inner, None
            if found is None or (found[1] is not None and found[1].mode != FOLDER):
                what = "no folder" if found is None else "a file, and no folder,"
                raise NoDescriptionError(
                    f"The git revision {name} has {what} {inner or '.'}: `git ls-tree --name-only -r {name}` "
                    "lists its files."
                )
            try:
                files, links = _listed(git.below(found[1].name) if found[1] is not None else (), objects)
            except (MissingError, TooLargeError):  # what a link says
                raise incomplete(name) from None
            said = _attributes(files, found[0], on_the_way.attributes)

            def see(paths: Iterable[str]) -> None:
                _see_that_a_checkout_is_the_same(git, said, name, found[0], paths, Path(private) / "index")

            path = root / found[0]
            path.mkdir(parents=True)
            visible = {path: hash_ for path, hash_ in files.items() if not _hidden(path)}
            label = f"{name}:{inner or '.'}"
            yield AtRevision(
                label, path, f"{name}:", revision, commit, found[0], root, objects, visible, links, see
            )


def _hidden(path: str) -> bool:
    return path.startswith(".") or "/." in path


def _listed(entries: Iterable[tuple[int, str, str]], objects: Objects) -> tuple[dict[str, str], dict[str, str]]:
    """Files → their hashes, and links → what they say, of what git lists."""
    files: dict[str, str] = {}
    links: dict[str, str] = {}
    for mode, name, path in entries:
        if mode == LINK:
            links[path] = os.fsdecode(objects.copy(name, None, MAX_LINK))
        else:
            files[path] = name
        if len(files) > MAX_FILES:
            raise RevisionError(f"The folder holds more than {MAX_FILES:,} files: no provider needs so many.")
    return files, links


def _attributes(files: Mapping[str, str], inner: str, on_the_way: Mapping[str, Entry]) -> dict[str, Entry]:
    """The files of attributes that may concern one of the folder."""
    said = dict(on_the_way)
    for path, name in files.items():
        if path.rpartition("/")[2] == attributes.FILE:
            said[f"{inner}/{path}" if inner else path] = Entry(0o100644, name)
    return said


def _see_that_a_checkout_is_the_same(
    git: Git, said: dict[str, Entry], revision: str, inner: str, paths: Iterable[str], index: Path
) -> None:
    if not said:
        return
    full = [f"{inner}/{path}" if inner else path for path in paths]
    for path, attribute in git.changed_by_checkout(said, full, index):
        raise RevisionError(
            f"{revision}:{path} has the attribute {attribute}, by which git checks out another file than it keeps: "
            f"what would be built is not what could be looked at. Take the attribute out of {attributes.FILE}; or "
            "check that revision out beside this one (`git worktree add`), and compare the two folders."
        )
