"""The worked example, built, compared with the golden tree file by file.

Roles are left out (they are compared with roles/ in tests/build), and so is the manifest, which has their hashes.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from mailwright.build import manifest
from mailwright.build.tree import Tree
from support.built import built_from
from support.example import EXAMPLE
from support.golden import accept, differences

COLLEGE = Path(__file__).parent / "college"


def kept(tree: Tree) -> dict[str, bytes]:
    return {
        path: output.data
        for path, output in tree.items()
        if not path.startswith("roles/") and path != manifest.NAME
    }


def test_the_example_is_built_as_before(request: pytest.FixtureRequest) -> None:
    now = kept(built_from(EXAMPLE))
    if request.config.getoption("--accept-golden", False):
        accept(now, COLLEGE)
    found = differences(now, COLLEGE)
    assert not found, "\n".join([*found, "", "Read the difference; `make golden` accepts it."])


def test_a_difference_is_seen(tmp_path: Path) -> None:
    tree = {"a/b": b"one\n", "c": b"two\n"}
    accept(tree, tmp_path)
    assert differences(tree, tmp_path) == []
    assert differences({**tree, "c": b"three\n"}, tmp_path)[-1] == "+three"
    assert differences({"a/b": b"one\n"}, tmp_path) == ["missing in the build: c"]
    assert differences({**tree, "d": b""}, tmp_path) == ["not in the golden tree: d"]
