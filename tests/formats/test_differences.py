"""The difference of two texts, as ``diff -u`` says it."""

from __future__ import annotations

import shutil
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.formats.differences import of_texts, unified

LINES = st.lists(st.sampled_from(["a", "b", "c", "d", "", "\\ No newline", "@@", "-x", "+x"]), max_size=30)
ENDS = st.sampled_from(["", "\n"])


def patched(old: bytes, diff: tuple[str, ...], folder: Path) -> bytes:
    (folder / "old").write_bytes(old)
    patch = "--- old\n+++ old\n" + "".join(f"{line}\n" for line in diff)
    subprocess.run(
        ["patch", "--silent", "--output", folder / "new", folder / "old"],
        input=patch.encode(),
        check=True,
        capture_output=True,
    )
    return (folder / "new").read_bytes()


@pytest.mark.skipif(shutil.which("patch") is None, reason="patch is not installed")
@given(old=LINES, new=LINES, ends=st.tuples(ENDS, ENDS))
def test_patch_makes_the_new_text_of_the_old_one(
    old: list[str], new: list[str], ends: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    before, after = (("\n".join(lines) + end).encode() for lines, end in zip((old, new), ends, strict=True))
    diff = tuple(unified(before, after))
    assert bool(diff) == (before != after)
    if diff:
        assert patched(before, diff, tmp_path_factory.mktemp("patch")) == after


def numbered(numbers: range, *, mark: int = 0) -> list[str]:
    return [f"u{number:06d}@college.ac.uk {'x' if mark and number % mark == 0 else 'y'}" for number in numbers]


@pytest.mark.parametrize("mark", [0, 1000, 7])
def test_a_long_file_is_compared_line_by_line(mark: int) -> None:
    old = numbered(range(20_000))
    new = [*numbered(range(1, 15_000), mark=mark), "somebody new", *numbered(range(15_000, 20_000), mark=mark)]
    diff = tuple(unified("\n".join(old).encode(), "\n".join(new).encode()))
    different = sum(one != other for one, other in zip(old[1:], numbered(range(1, 20_000), mark=mark), strict=True))
    assert sum(line.startswith("-") for line in diff) == different + 1
    assert sum(line.startswith("+") for line in diff) == different + 1


def test_contexts_that_touch_are_one_part() -> None:
    old = [str(number) for number in range(40)]
    new = [f"{line}!" if line in ("3", "10", "30") else line for line in old]
    heads = [line for line in unified("\n".join(old).encode(), "\n".join(new).encode()) if line.startswith("@@")]
    assert heads == ["@@ -1,14 +1,14 @@", "@@ -28,7 +28,7 @@"]
    assert all(one != other for one, other in pairwise(heads))


def test_a_line_ends_at_a_line_feed_and_nowhere_else() -> None:
    assert list(of_texts("a\n", "a\rb\u2028c\n")) == ["@@ -1 +1 @@", "-a", "+a\rb\u2028c"]


@pytest.mark.parametrize("other", [b"\xff\n", b"a\0\n"])
def test_what_is_no_text_has_no_lines(other: bytes) -> None:
    assert list(unified(b"a\n", other)) == []
    assert list(unified(b"a\n", b"b\n")) == ["@@ -1 +1 @@", "-a", "+b"]


def test_lines_that_are_all_alike_take_no_time() -> None:
    """difflib alone would compare each with each: hours."""
    old, new = "a\n" * 100_000, "b\n" + "a\n" * 50_000 + "c\n" + "a\n" * 70_000 + "b\n"
    diff = list(of_texts(old, new))
    assert diff[1:2] == ["-a"]
    assert (diff.count("-a"), diff.count("+b"), diff.count("+c")) == (100_000, 2, 1)
