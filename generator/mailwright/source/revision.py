"""A description as it was at a git revision: the files that it needs, in a private temporary folder.

    with at("HEAD~1", Path("site.yml"), beside="stores.csv", tables=".csv") as checkout:
        reading = read(checkout.description)

What is brought is what the description's layers name: the profiles that it extends, and files and folders beside
each of them. So the size of the repository does not matter. Files that the revision has not got are missing, and
whoever reads the description says so.
"""

from __future__ import annotations

import os
import re
import signal
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from mailwright.findings import Findings
from mailwright.records import dataclass
from mailwright.source import attributes
from mailwright.source.commit import FOLDER, Commit
from mailwright.source.compose import compose
from mailwright.source.files import LFS, MAX_FILE
from mailwright.source.git import (
    OBJECT,
    Entry,
    Git,
    MissingError,
    Objects,
    RevisionError,
    TooLargeError,
    incomplete,
)
from mailwright.source.layers import MAX_BYTES, MAX_LAYERS, extended
from mailwright.source.nodes import Mapping, Node, Scalar, Sequence
from mailwright.source.table import MAX_LINE

MAX_ALL = 2 * MAX_FILE  # bytes of all files together
MAX_FILES = 10_000
FOLDER_DEPTH = 2  # of a folder that is named: <texts>/<language>/<block>.md

_NAMED = re.compile(r"(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*/?")  # the schema's paths
_WORD_IN_TABLE = re.compile(rb"[A-Za-z0-9._/-]+")
_RANGE = re.compile(r"((?:[^{}]|\{[^{}]*\})*?)(\.\.\.?)((?:[^{}]|\{[^{}]*\})*)")  # braces hold words to look for


class NoDescriptionError(RevisionError):
    """The revision has nothing at that path: there the description is not yet, or no more."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A description at a revision, for as long as ``at`` is entered.

    description  its path in the temporary folder
    revision     as it was asked for
    commit       the commit's object name in full
    label        what to call it: ``HEAD~1:site.yml``, with the path from the top of the repository, as git does
    root         the folder that stands for the top of the repository
    """

    description: Path
    revision: str
    commit: str
    label: str
    root: Path

    @property
    def prefix(self) -> str:
        """What paths from the top of the repository begin with: ``HEAD~1:``."""
        return f"{short(self.revision)}:"

    def shown(self, text: str | Path) -> str:
        """A path, or a sentence with paths, as people know them: ``HEAD~1:people.csv``."""
        return str(text).replace(f"{self.root}{os.sep}", self.prefix).replace(str(self.root), self.prefix)


@contextmanager
def at(revision: str, description: Path, *, beside: str, tables: str) -> Iterator[Checkout]:
    """The description at ``description``, which need not be there now, as it was at ``revision``.

    beside  name of a file that lies beside the description, and that nothing names
    tables  the end of the names of tables, which may name further tables

    Raises RevisionError. The temporary folder (mode 0700) is gone afterwards, whatever happens inside.
    """
    git, path = located(description)
    commit = git.commit(revision)
    with undone_by_signals(), tempfile.TemporaryDirectory(prefix="mailwright-") as private:
        root = Path(os.path.realpath(private)) / "tree"
        root.mkdir()
        with git.objects() as objects:
            files = _Files(objects, commit, revision, tables)
            files.bring(path, beside, root)
        files.see_that_a_checkout_is_the_same(git, Path(private) / "index")
        label = f"{short(revision)}:{path}"
        yield Checkout(root / path, revision, commit, label, root)


def split_range(revisions: str, description: Path) -> tuple[str, str] | None:
    """The two revisions of ``A..B``; of ``A...B`` the commit where B left A, and B. None for a single revision.

    A side that is left out is HEAD. Raises RevisionError.
    """
    match = _RANGE.fullmatch(revisions)
    if match is None:
        return None
    old, new = match[1] or "HEAD", match[3] or "HEAD"
    if match[2] == "...":
        git, _ = located(description)
        old = git.merge_base(old, new)
    return old, new


def top(folder: Path) -> Path:
    """The top of the working copy that a folder is in; of a folder in no repository that can be read, itself."""
    try:
        return Git(folder).top()
    except RevisionError:
        return folder


def short(revision: str) -> str:
    """A revision as people say it."""
    return revision[:12] if OBJECT.fullmatch(revision) else revision


def located(description: Path) -> tuple[Git, str]:
    """The repository of a description, and its path there."""
    path = Path(os.path.abspath(description))  # noqa: PTH100 - resolve() would follow a link that is the description
    folder = next(parent for parent in path.parents if parent.is_dir())
    git = Git(folder)
    return git, git.prefix() + path.relative_to(folder).as_posix()


class _Files:
    """The files of one commit that are needed. Paths are from the top of the repository, with ``/``."""

    def __init__(self, objects: Objects, commit: str, revision: str, tables: str) -> None:
        self._objects = objects
        self._commit = Commit(objects, commit)
        self._revision = short(revision)
        self._tables = tables
        self._files: dict[str, Entry] = {}

    def bring(self, description: str, beside: str, root: Path) -> None:
        """Writes the description and all that it needs below ``root``. Raises RevisionError."""
        try:
            self._need_description(description, beside)
            self._write(root)
        except TooLargeError:
            raise RevisionError(
                f"{self._revision} has a file of more than {MAX_FILE:,} bytes, or of many that are larger together "
                f"than {MAX_ALL:,}: no description needs it. Name another revision, or take it out."
            ) from None
        except MissingError:
            raise incomplete(self._revision) from None
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            raise RevisionError(f"The files of {self._revision} cannot be written: {why}.") from None

    # --- What is needed

    def _need_description(self, description: str, beside: str) -> None:
        found = self._commit.follow(description)
        if found is None or found[1].mode == FOLDER:
            what = "has no file" if found is None else "has a folder, and no file,"
            # A link that leads nowhere is something, and what it hides may be elsewhere.
            absent = found is None and not self._commit.links
            raise (NoDescriptionError if absent else RevisionError)(
                f"The git revision {self._revision} {what} {description}: `git ls-tree --name-only -r "
                f"{self._revision}` lists its files. Where it is called otherwise there, check that revision out "
                "beside this one (`git worktree add`), and compare the two files."
            )
        folder = os.path.dirname(description)  # noqa: PTH120 - paths of git, not of this machine
        self._need(os.path.join(folder, beside))  # noqa: PTH118
        self._need_layer(description, ())

    def _need_layer(self, path: str, above: tuple[str, ...]) -> None:
        """A layer, what it names, and the layers below it."""
        found = self._need(path)
        if found is None or found in above or len(above) == MAX_LAYERS:
            return
        raw = self._objects.copy(self._files[found].name, None, MAX_BYTES + 1)
        root = compose(raw, path, Findings()) if len(raw) <= MAX_BYTES else None
        if root is None:
            return
        folder = os.path.dirname(path)  # noqa: PTH120
        for word in {word for word in _words(root) if _NAMED.fullmatch(word)}:
            named = self._need(os.path.join(folder, word))  # noqa: PTH118
            if named is not None and named.endswith(self._tables):
                for member in self._named_in_table(self._files[named]):
                    self._need(os.path.join(folder, member.decode()))  # noqa: PTH118
        profile = extended(root)
        if profile is not None:
            below = os.path.normpath(os.path.join(folder, profile))  # noqa: PTH118
            if f"{below}/".startswith("../"):
                raise RevisionError(
                    f"{self._revision}:{path} extends {profile}, which lies outside of the repository: what it was "
                    "at that revision is not known. Put it into the repository."
                )
            self._need_layer(below, (*above, found))

    def _named_in_table(self, table: Entry) -> set[bytes]:
        """The names of tables that it may hold. Raises RevisionError for too many."""
        end_of_name = self._tables.encode()
        found: set[bytes] = set()
        rest = b""
        for piece in self._objects.pieces(table.name):
            text = rest + piece
            end = text.rfind(b"\n") + 1
            rest = text[end:][-MAX_LINE:]  # a longer line is in no table
            found.update(word for word in _WORD_IN_TABLE.findall(text, 0, end) if word.endswith(end_of_name))
            self._see_that_they_are_not_too_many(len(found))
        found.update(word for word in _WORD_IN_TABLE.findall(rest) if word.endswith(end_of_name))
        return found

    def _see_that_they_are_not_too_many(self, number: int) -> None:
        if number > MAX_FILES:
            raise RevisionError(
                f"What lies at {self._revision} names more than {MAX_FILES:,} files: no description needs so many."
            )

    def _need(self, path: str, depth: int = FOLDER_DEPTH) -> str | None:
        """Marks a file, or what is in a folder; returns where the file really is, None where it is none."""
        found = self._commit.follow(path)
        if found is None:
            return None
        real, entry = found
        if entry.mode != FOLDER:
            self._files[real] = entry
            self._see_that_they_are_not_too_many(len(self._files))
            return real
        if depth:
            for name in self._commit.folder(real, entry):
                if "/" not in name and name not in ("", ".", ".."):
                    self._need(f"{real}/{name}", depth - 1)
        return None

    # --- Writing it

    def _write(self, root: Path) -> None:
        """Files first: there is no link then that could lead one of them elsewhere."""
        length = 0
        for path, entry in self._files.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as file:
                begin = self._objects.copy(entry.name, file, len(LFS))
                length += file.tell()
            if length > MAX_ALL:
                raise TooLargeError(path)
            if begin == LFS:
                raise RevisionError(
                    f"{self._revision}:{path} is kept by git LFS, and git itself has only a pointer to it: "
                    "check that revision out beside this one (`git worktree add`), and compare the two files."
                )
        for path, to in self._commit.links.items():
            link = root / path
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(to)
        # What leads out leads out still, for whoever judges it, but to nothing: no file of this machine is read.
        for path in self._commit.links:
            link = root / path
            if not Path(os.path.realpath(link)).is_relative_to(root):
                link.unlink()
                link.symlink_to(root.parent / "outside")

    # --- Whether that is what a checkout has

    def see_that_a_checkout_is_the_same(self, git: Git, index: Path) -> None:
        """What git keeps is what is looked at, and what is built is what git checks out: where attributes make
        that another, somebody would approve what nobody has seen. Raises RevisionError."""
        if not self._commit.attributes:
            return
        for path, attribute in git.changed_by_checkout(self._commit.attributes, self._files, index):
            raise RevisionError(
                f"{self._revision}:{path} has the attribute {attribute}, by which git checks out another file than "
                f"it keeps: what would be built is not what could be looked at. Take the attribute out of "
                f"{attributes.FILE}; or check that revision out beside this one (`git worktree add`), and compare "
                "the two files."
            )


def _words(node: Node) -> Iterator[str]:
    if isinstance(node, Mapping):
        for entry in node.entries.values():
            yield from _words(entry.node)
    elif isinstance(node, Sequence):
        for item in node.items:
            yield from _words(item)
    elif isinstance(node, Scalar) and isinstance(node.value, str):
        yield node.value


@contextmanager
def undone_by_signals() -> Iterator[None]:
    """SIGTERM and SIGHUP, unless somebody else takes them, end by way of ``finally``, as SIGINT does."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    taken = [one for one in (signal.SIGTERM, signal.SIGHUP) if signal.getsignal(one) is signal.SIG_DFL]
    for one in taken:
        signal.signal(one, _end)
    try:
        yield
    finally:
        for one in taken:
            signal.signal(one, signal.SIG_DFL)


def _end(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)
