from __future__ import annotations

import time
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mailwright.findings import Findings, Level
from mailwright.source import compose as module
from mailwright.source.compose import compose
from mailwright.source.document import Document
from mailwright.source.nodes import Mapping, Scalar, Sequence
from mailwright.source.report import MAX_REPEATS

HERE = Path(__file__).parent
BAD = sorted((HERE / "bad").glob("*.yml"))
GOOD = sorted((HERE / "good").glob("*.yml"))


def seen(raw: bytes) -> list[str]:
    """``line:column id`` of each finding, in the order of their places."""
    findings = Findings()
    compose(raw, "x.yml", findings)
    assert all(finding.level is Level.ERROR and finding.fails for finding in findings.items)
    where = sorted((f.where.line, f.where.column, f.id) for f in findings.items if f.where is not None)
    assert len(where) == len(findings.items)
    return [f"{line}:{column} {id_}" for line, column, id_ in where]


def test_every_bad_file_has_its_twin() -> None:
    assert len(BAD) > 20
    assert [path.name for path in BAD] == [path.name for path in GOOD]


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad(path: Path) -> None:
    assert seen(path.read_bytes()) == path.with_suffix(".expected").read_text().splitlines()


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good(path: Path) -> None:
    raw = path.read_bytes()
    findings = Findings()
    assert compose(raw, "x.yml", findings) is not None
    assert findings.items == []


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"a: b\nc: d\xe9\n", ["2:5 source.not-utf-8"]),
        ("a: \N{BULLET}".encode() + b"\xff", ["1:5 source.not-utf-8"]),
        (b"a: no\nc: \xff\n", ["1:4 source.ambiguous", "2:4 source.not-utf-8"]),
        (b"\xef\xbb\xbfa: b\n", ["1:1 source.byte-order-mark"]),
        (b"\xef\xbb\xbfa: no\n", ["1:1 source.byte-order-mark", "1:4 source.ambiguous"]),
        ("a: b\n".encode("utf-16"), ["1:1 source.not-utf-8"]),
        (b"a: b\0\n", ["1:5 source.control-character"]),
        (b"a: b\rc\n", ["1:5 source.control-character"]),
        (b"a: b\r\nc: no\r\n", ["2:4 source.ambiguous"]),
        (b"# \x1b[31mred\na: b\n", ["1:3 source.control-character"]),
    ],
)
def test_bytes(raw: bytes, expected: list[str]) -> None:
    assert seen(raw) == expected


@pytest.mark.parametrize("end", [b"\n", b"\r\n"], ids=["unix", "windows"])
def test_marks_of_a_merge_are_told_as_such(end: bytes) -> None:
    lines = (b"a:", b"  b: 1", b"<<<<<<< HEAD", b"  c: 2", b"=======", b"  c: 3", b">>>>>>> other", b"  d: 4", b"")
    findings = Findings()
    compose(end.join(lines), "x.yml", findings)
    ((message, line),) = [(one.message, one.where.line) for one in findings.items if one.where is not None]
    assert (message, line) == ("a merge left its marks here", 3)


def test_windows_line_ends_are_fine() -> None:
    assert seen(b"a: b\r\nc: d\r\n") == []


def test_the_byte_that_is_not_utf_8_is_named() -> None:
    findings = Findings()
    compose(b"a: b\nc: d\xe9\n", "x.yml", findings)
    assert findings.items[0].message == "byte 0xe9 at offset 9 is not UTF-8"


def test_both_places_of_a_duplicate_are_named() -> None:
    findings = Findings()
    compose(b"a: 1\nb: 2\na: 3\n", "x.yml", findings)
    assert "line 1, column 1" in findings.items[0].message
    assert findings.items[0].where is not None
    assert str(findings.items[0].where) == "x.yml:3:1"


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("deep flow", b"[" * 4_000_000),
        ("deep mappings", b"{a: " * 1_000_000),
        ("deep block", b"- " * 1_000_000),
        ("deep block keys", b"? " * 1_000_000),
        ("deep by indentation", "".join(f"{' ' * n}a:\n" for n in range(2_500)).encode()),
        ("one long word", b"a: " + b"x" * 4_000_000),
        ("one long line", b"x: " * 1_000_000),
        ("one long comment", b"#" * 4_000_000),
        ("a long quoted key", b'"' + b"x" * 2_000_000 + b'": y'),
        ("spaces", b" " * 4_000_000),
        ("newlines", b"\n" * 4_000_000),
        ("control characters", b"\x01" * 4_000_000),
        ("many anchors", b"".join(b"a%d: &a%d x\n" % (n, n) for n in range(100_000))),
        ("many aliases", b"a: &a x\nb: [" + b"*a, " * 150_000 + b"]"),
        ("many values", b"a: [" + b"x," * 1_000_000 + b"]"),
        ("many duplicates", b"a: x\n" * 90_000),
        ("many documents", b"---\n" * 500_000),
        ("bomb", b"".join(b"a%d: &a%d [%s]\n" % (n, n, b"*a%d," % (n - 1) * 9) for n in range(1, 5_000))),
        ("long number", b"a: " + b"9" * 1_000_000),
        ("long sexagesimal", b"a: " + b"1:" * 500_000 + b"1"),
        ("not utf-8", b"\xff" * 4_000_000),
    ],
)
def test_hostile_text_is_read_in_a_moment(name: str, raw: bytes) -> None:
    start = time.monotonic()
    expected = [] if name in ("one long word",) else None
    found = seen(raw)
    assert time.monotonic() - start < 10, name  # seconds on a busy machine; it takes less than one or two
    assert len(found) <= 4 * MAX_REPEATS
    assert found == expected if expected is not None else name in ("a long quoted key", "one long comment") or found


def test_what_is_too_much_says_so_once() -> None:
    findings = Findings()
    assert compose(b"a: no\n" + b"a: x\n" * 1000, "x.yml", findings) is not None
    assert len(findings.items) == 1 + MAX_REPEATS
    assert "no more of this kind" in findings.items[-1].message


def test_number_of_values_is_bounded() -> None:
    findings = Findings()
    assert compose(b"a: [" + b"x," * module.MAX_NODES + b"]", "x.yml", findings) is None
    assert [finding.id for finding in findings.items] == ["source.too-many-values"]


# Positions: text is written with the place of each value noted, and what is read back must agree.

WORDS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), min_size=1, max_size=8)
VALUES = st.recursive(
    WORDS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=4),
    max_leaves=12,
)


class Writer:
    """Writes values as YAML, in block or flow style, and notes where each begins."""

    def __init__(self) -> None:
        self.text = ""
        self.values: dict[str, tuple[int, int]] = {}
        self.keys: dict[str, tuple[int, int]] = {}

    def here(self) -> tuple[int, int]:
        return self.text.count("\n") + 1, len(self.text) - self.text.rfind("\n")

    def quoted(self, word: str) -> str:
        return "'" + word.replace("'", "''") + "'"

    def flow(self, value: object, at: str) -> None:
        self.values[at] = self.here()
        if isinstance(value, str):
            self.text += self.quoted(value)
        elif isinstance(value, list):
            self.text += "["
            for index, item in enumerate(value):
                self.flow(item, f"{at}/{index}")
                self.text += ", "
            self.text += "]"
        elif isinstance(value, dict):
            self.text += "{"
            for key, item in value.items():
                below = f"{at}/{key}"
                self.keys[below] = self.here()
                self.text += self.quoted(key) + ": "
                self.flow(item, below)
                self.text += ", "
            self.text += "}"

    def block(self, value: object, at: str, indent: int) -> None:
        if not value or isinstance(value, str):
            self.flow(value, at)
            return
        items = value.items() if isinstance(value, dict) else enumerate(value)  # type: ignore[arg-type,var-annotated]
        for number, (key, item) in enumerate(items):
            self.text += "\n" + " " * indent
            if number == 0:
                self.values[at] = self.here()
            below = f"{at}/{key}"
            if isinstance(value, dict):
                self.keys[below] = self.here()
                self.text += self.quoted(key) + ": "
            else:
                self.text += "- "
            self.block(item, below, indent + 2)


def places(node: Mapping | Sequence | Scalar, at: str = "") -> dict[str, tuple[int, int]]:
    found = {at: (node.spot.line, node.spot.column)}
    if isinstance(node, Mapping):
        for key, entry in node.entries.items():
            found |= places(entry.node, f"{at}/{key}")
    elif isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            found |= places(item, f"{at}/{index}")
    return found


def keys(node: Mapping | Sequence | Scalar, at: str = "") -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    if isinstance(node, Mapping):
        for key, entry in node.entries.items():
            found[f"{at}/{key}"] = (entry.spot.line, entry.spot.column)
            found |= keys(entry.node, f"{at}/{key}")
    elif isinstance(node, Sequence):
        for index, item in enumerate(node.items):
            found |= keys(item, f"{at}/{index}")
    return found


@given(st.dictionaries(WORDS, VALUES, min_size=1, max_size=4), st.booleans())
def test_positions(value: dict[str, object], flow: bool) -> None:
    writer = Writer()
    writer.flow(value, "") if flow else writer.block(value, "", 0)
    findings = Findings()
    root = compose(writer.text.encode(), "x.yml", findings)
    assert findings.items == []
    assert root is not None
    assert places(root) == writer.values
    assert keys(root) == writer.keys


@given(st.dictionaries(WORDS, VALUES, min_size=1, max_size=4))
def test_reads_as_another_reader_does(value: dict[str, object]) -> None:
    """PyYAML's own loader is the oracle for what is not refused."""
    writer = Writer()
    writer.block(value, "", 0)
    root = compose(writer.text.encode(), "x.yml", Findings())
    assert root is not None
    assert Document.of("x.yml", root).data == yaml.safe_load(writer.text) == value


@given(st.binary(max_size=200))
def test_no_bytes_raise(raw: bytes) -> None:
    findings = Findings()
    root = compose(raw, "x.yml", findings)
    assert root is not None or findings.items


@given(st.text(st.sampled_from("ab:-?[]{},&*!|>'\"%@` \n\t#<012.eyno"), max_size=60))
def test_no_syntax_raises(text: str) -> None:
    """What is accepted without a finding means the same to PyYAML's safe loader, but for kept text."""
    findings = Findings()
    root = compose(text.encode(), "x.yml", findings)
    assert root is not None or findings.items
    if root is not None and not findings.items:
        assert Document.of("x.yml", root).data == yaml.load(text, yaml.CSafeLoader)
