"""What is in a git repository: its commits, its objects, and what its attributes change.

git is only asked for names and objects, in ways that run nothing which a repository configures: no hook, no filter,
no textconv, no file system monitor, no transport.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from mailwright.records import dataclass
from mailwright.source import attributes
from mailwright.source.files import MAX_FILE

OBJECT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
"""The name of one."""


class RevisionError(Exception):
    """The description cannot be had at that revision. The message is whole sentences: why, and the way out."""


def incomplete(revision: str) -> RevisionError:
    """What to say where ``MissingError`` was raised on the way."""
    return RevisionError(
        f"The repository has not got all files of {revision}: it is a partial clone, or damaged. `git fsck` tells; "
        "a full clone has them."
    )


class MissingError(Exception):
    """An object that should be in the repository is not."""


class TooLargeError(Exception):
    """An object is larger than any that is needed."""


@dataclass(frozen=True, slots=True)
class Entry:
    """What a folder of a commit has under a name: ``name`` of the object, ``mode`` as git keeps it."""

    mode: int
    name: str


class Git:
    """The git that is installed, in a folder of a working copy."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Where configuration of the user's own lies stays; all else would turn git to another repository.
        kept = ("GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM", "GIT_CEILING_DIRECTORIES")
        self._environment = {
            name: value for name, value in os.environ.items() if not name.startswith("GIT_") or name in kept
        } | {
            "LC_ALL": "C",  # its words are looked into
            "GIT_ALLOW_PROTOCOL": "",  # else a partial clone runs what its configuration says, to fetch more
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_OPTIONAL_LOCKS": "0",
            "GIT_TERMINAL_PROMPT": "0",
        }

    def _command(self, *arguments: str) -> list[str]:
        settings = (
            "core.fsmonitor=false",
            f"core.hooksPath={os.devnull}",
            "core.warnAmbiguousRefs=true",
            "core.bigFileThreshold=16m",  # larger ones are not held in memory
            "core.splitIndex=false",  # else a part of an index is written into the repository
            "core.sparseCheckout=false",  # else attributes of folders that are not checked out are not looked at
        )
        options = [option for setting in settings for option in ("-c", setting)]
        return ["git", "--no-pager", "-C", str(self._folder), *options, *arguments]

    def _ask(self, *arguments: str) -> tuple[int, str, str]:
        """Exit status, standard output without its last line feed, standard error."""
        done = self._run(self._command(*arguments), self._environment, b"")
        out, err = os.fsdecode(done.stdout), done.stderr.decode("utf-8", "replace")
        return done.returncode, out.removesuffix("\n"), err

    def _run(
        self, command: list[str], environment: dict[str, str], told: bytes
    ) -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(command, env=environment, input=told, capture_output=True, check=False)
        except FileNotFoundError:
            raise RevisionError("There is no git on this machine: install it, or name two files.") from None

    def changed_by_checkout(
        self, said: dict[str, Entry], paths: Iterable[str], index: Path
    ) -> tuple[tuple[str, str], ...]:
        """Path and attribute of each file that a checkout would change.

        said   the files of attributes that the commit has on the way
        index  where an index for them may be written: ``git check-attr`` of Debian 12 can be asked of no commit
        """
        top = str(self.top())
        environment = self._environment | {"GIT_INDEX_FILE": str(index)}
        rows = (f"{entry.mode:06o} {entry.name}\t{path}\0" for path, entry in said.items())
        asked = (
            (("update-index", "-z", "--index-info"), rows),
            (("check-attr", "--cached", "--stdin", "-z", *attributes.NAMES), (f"{path}\0" for path in paths)),
        )
        for arguments, told in asked:
            done = self._run(self._command("-C", top, *arguments), environment, os.fsencode("".join(told)))
            if done.returncode != 0:
                words = done.stderr.decode("utf-8", "replace")
                raise RevisionError(f"git cannot read the attributes of the repository: {_last_line(words)}.")
        return tuple(attributes.changing(done.stdout))

    def below(self, tree: str) -> Iterator[tuple[int, str, str]]:
        """Mode, object name and path of each file and link below a tree, in the order of their paths.

        Raises RevisionError where the repository has not got it all.
        """
        done = self._run(self._command("ls-tree", "-r", "-z", "--full-tree", tree), self._environment, b"")
        if done.returncode != 0:
            words = done.stderr.decode("utf-8", "replace")
            raise RevisionError(
                f"git cannot list the files: {_last_line(words)}. `git fsck` tells what is missing."
            )
        for row in os.fsdecode(done.stdout).split("\0")[:-1]:
            head, _, path = row.partition("\t")
            mode, kind, name = head.split(" ")
            if kind == "blob":  # no module of another repository
                yield int(mode, 8), name, path

    def top(self) -> Path:
        """The top of its working copy."""
        status, out, words = self._ask("rev-parse", "--show-toplevel")
        if status != 0:
            raise RevisionError(self._refusal(words))
        return Path(out)

    def prefix(self) -> str:
        """The folder's path from the top of its working copy, empty or with ``/`` at its end."""
        self.top()
        return self._ask("rev-parse", "--show-prefix")[1]

    def _refusal(self, words: str) -> str:
        if "dubious ownership" in words:
            return (
                f"{self._folder} is in a git repository that belongs to somebody else, and git does not read it. "
                "If you trust it, say so: `git config --global --add safe.directory <its top folder>`."
            )
        if "must be run in a work tree" in words:
            return f"{self._folder} is inside a git repository, and not in its working copy: name the file there."
        if "not a git repository" in words:
            return f"{self._folder} is in no git repository: go where it is, or name two files instead."
        return f"git cannot read the repository of {self._folder}: {_last_line(words)}."

    def commit(self, revision: str) -> str:
        """The object name of a commit."""
        # An option, a place in the index, nothing: git would take them for something else than a commit.
        if not revision or revision.startswith(("-", ":")) or not revision.isprintable():
            raise RevisionError(f"{revision!r} is no git revision: name a commit, a branch or a tag.")
        status, out, words = self._ask("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
        if "is ambiguous" in words:
            raise RevisionError(
                f"The git revision {revision} may mean several things: write more of it, or begin it "
                "with refs/heads/ or refs/tags/."
            )
        if status == 0 and OBJECT.fullmatch(out):
            return out
        if self._shallow():
            raise RevisionError(
                f"The git revision {revision} is not in this clone, which has not the whole history: "
                "`git fetch --unshallow` brings it (in CI: check out with the full depth)."
            )
        raise RevisionError(
            f"There is no git revision {revision} here: `git log --oneline` lists them, and `git fetch` brings "
            "those of others."
        )

    def merge_base(self, old: str, new: str) -> str:
        """The commit from which both go on."""
        _, out, _ = self._ask("merge-base", "--", self.commit(old), self.commit(new))
        if OBJECT.fullmatch(out):
            return out
        more = "`git fetch --unshallow` brings the rest of the history." if self._shallow() else "Compare two dots."
        raise RevisionError(f"The git revisions {old} and {new} have no commit in common. {more}")

    def _shallow(self) -> bool:
        return self._ask("rev-parse", "--is-shallow-repository")[1] == "true"

    @contextmanager
    def objects(self) -> Iterator[Objects]:
        with subprocess.Popen(
            self._command("cat-file", "--batch"),
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            assert process.stdin is not None  # noqa: S101
            assert process.stdout is not None  # noqa: S101
            try:
                yield Objects(process.stdin, process.stdout)
            finally:
                process.kill()


class Objects:
    """A ``git cat-file --batch``: one question, one answer."""

    def __init__(self, ask: IO[bytes], answer: IO[bytes]) -> None:
        self._ask, self._answer = ask, answer

    def copy(self, name: str, target: IO[bytes] | None = None, limit: int = MAX_FILE) -> bytes:
        """The beginning of an object, at most ``limit`` bytes of it; the whole of it into ``target``.

        Raises MissingError, and TooLargeError for one of more than MAX_FILE bytes.
        """
        kept, length = [], 0
        for piece in self.pieces(name):
            if length < limit:
                kept.append(piece[: limit - length])
                length += len(piece)
            if target is not None:
                target.write(piece)
        return b"".join(kept)

    def pieces(self, name: str) -> Iterator[bytes]:
        """An object, a part at a time. All of it has to be taken before the next one is asked for."""
        try:
            self._ask.write(name.encode() + b"\n")
            self._ask.flush()
        except BrokenPipeError:
            raise MissingError(name) from None
        head = self._answer.readline().split()
        if len(head) != 3 or not head[2].isdigit():
            raise MissingError(name)
        left = int(head[2])
        if left > MAX_FILE:
            raise TooLargeError(name)
        while left:
            piece = self._answer.read(min(left, 1024 * 1024))
            if not piece:
                raise MissingError(name)
            left -= len(piece)
            yield piece
        self._answer.read(1)


def _last_line(words: str) -> str:
    lines = [line for line in words.splitlines() if line.strip()]
    return lines[-1].removeprefix("fatal: ").rstrip(".") if lines else "it says nothing"
