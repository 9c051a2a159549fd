from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.findings import Findings, Place
from mailwright.source.files import opened
from mailwright.source.report import MAX_REPEATS
from mailwright.source.table import MAX_LINE, Table

NAMED = Place("site.yml", 9, 9)


def table(folder: Path, raw: bytes) -> tuple[list[tuple[int, list[str]]], list[str]]:
    """Line and fields of each row; ``line:column id`` of each finding."""
    path = folder / "t.csv"
    path.write_bytes(raw)
    findings = Findings()
    rows = [(line, fields) for line, _, fields in Table(path, ("a", "b"), ("c",), findings, NAMED).rows()]
    assert all(finding.where is not None and finding.where.file == str(path) for finding in findings.items)
    return rows, [f"{f.where.line}:{f.where.column} {f.id}" for f in findings.items if f.where is not None]


@pytest.mark.parametrize(
    ("raw", "rows"),
    [
        (b"a,b\n1,2\n", [(2, ["1", "2"])]),
        (b"a,b\n1,2", [(2, ["1", "2"])]),
        (b"a,b\r\n1,2\r\n", [(2, ["1", "2"])]),
        (b"\xef\xbb\xbfa,b\r\n1,2\r\n", [(2, ["1", "2"])]),  # as Excel writes it
        (b"b,c,a\n1,2,3\n", [(2, ["1", "2", "3"])]),
        (b'a,b\n"1,1","say ""x"""\n', [(2, ["1,1", 'say "x"'])]),
        (b"a,b\n 1 , 2\n", [(2, ["1", "2"])]),
        (b"a,b\n\n1,2\n\n", [(3, ["1", "2"])]),
        (b"a,b\n,\n", [(2, ["", ""])]),
        (b'"a","b"\n"",""\n', [(2, ["", ""])]),
        (b"a,b\n", []),
        ("a,b\nö,\U0001f642\n".encode(), [(2, ["ö", "\U0001f642"])]),
    ],
)
def test_good(tmp_path: Path, raw: bytes, rows: list[tuple[int, list[str]]]) -> None:
    assert table(tmp_path, raw) == (rows, [])


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (b"", ["1:1 source.empty"]),
        (b"\n\n", ["1:1 source.empty"]),
        (b"a\n1\n", ["1:1 source.missing-column"]),
        (b"a,b,d\n1,2,3\n", ["1:5 source.unknown-column"]),
        (b"A,b\n1,2\n", ["1:1 source.missing-column", "1:1 source.unknown-column"]),
        (b"a,b,a\n1,2,3\n", ["1:5 source.duplicate-key"]),
        (b"a;b\n1;2\n", ["1:1 source.unknown-column"]),
        (b"a,b\n1\n2,3\n", ["2:2 source.broken-row"]),
        (b"a,b\n1,2,3,4\n", ["2:5 source.broken-row"]),
        (b'a,b\n1,"2\n3",4\n', ["2:3 source.broken-row", "3:2 source.broken-row"]),
        (b'a,b\n1,x"2"\n', ["2:4 source.broken-row"]),
        (b'a,b\n"1"x,2\n', ["2:4 source.broken-row"]),
        (b'"a,b\n1,2\n', ["1:1 source.broken-row"]),
        ("a,b\nö,x\n".encode() + b"\xe9,2\n1,\xff\n", ["3:1 source.not-utf-8", "4:3 source.not-utf-8"]),
        (b"a,b\n1,\x00\n", ["2:3 source.control-character"]),
        (b"a,b\n1\t2\n", ["2:2 source.control-character"]),
        ("a,b\nab\u202e,2\n".encode(), ["2:3 source.control-character"]),
        ("a,b\n1,\u2028\n".encode(), ["2:3 source.control-character"]),
        ("a,b\n\ufeff1,2\n".encode(), ["2:1 source.control-character"]),
        (b"a,b\r1,2\r", ["1:4 source.control-character"]),
        ("a,b\n".encode("utf-16"), ["1:1 source.not-utf-8"]),
        (b"a,b\n1," + b"x" * MAX_LINE + b"\n3\n", ["2:1 source.too-large"]),
    ],
)
def test_bad(tmp_path: Path, raw: bytes, expected: list[str]) -> None:
    assert sorted(table(tmp_path, raw)[1]) == expected


def test_whole_rows_are_read_in_spite_of_broken_ones(tmp_path: Path) -> None:
    assert table(tmp_path, b"a,b\n1,2\n3\n5,6\n") == ([(2, ["1", "2"]), (4, ["5", "6"])], ["3:2 source.broken-row"])


def test_a_pointer_of_git_lfs_is_told(tmp_path: Path) -> None:
    raw = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    assert table(tmp_path, raw)[1] == ["1:1 source.missing-column"]


def test_marks_of_a_merge_are_told_as_such(tmp_path: Path) -> None:
    raw = b"a,b\n<<<<<<< HEAD\n1,2\n=======\n1,3\n>>>>>>> other\n"
    path = tmp_path / "t.csv"
    path.write_bytes(raw)
    findings = Findings()
    assert [fields for _, _, fields in Table(path, ("a", "b"), (), findings, NAMED).rows()] == [
        ["1", "2"],
        ["1", "3"],
    ]
    assert {finding.message for finding in findings.items} == {"a merge left its marks here"}
    assert [finding.where.line for finding in findings.items if finding.where is not None] == [2, 4, 6]


def test_a_binary_file_gives_few_findings(tmp_path: Path) -> None:
    assert len(table(tmp_path, b"a,b\n" + b"\xff\n" * 10_000)[1]) == MAX_REPEATS


def test_a_long_line_ends_the_reading(tmp_path: Path) -> None:
    assert len(table(tmp_path, b"a,b\n" + b"x" * 5_000_000)[1]) == 1


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo, lambda _: None], ids=["folder", "pipe", "nothing"])
def test_what_is_no_file_is_reported_where_it_is_named(tmp_path: Path, make: object) -> None:
    assert callable(make)
    make(tmp_path / "t.csv")
    findings = Findings()
    assert list(Table(tmp_path / "t.csv", ("a",), (), findings, NAMED).rows()) == []
    assert [finding.where for finding in findings.items] == [NAMED]


FIELD = st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "S")), max_size=6)


@given(st.lists(st.tuples(FIELD, FIELD), max_size=5), st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]))
def test_the_csv_module_writes_what_is_read(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], quoting: object
) -> None:
    text = io.StringIO()
    writer = csv.writer(text, quoting=quoting)  # type: ignore[arg-type]
    writer.writerows([("a", "b"), *rows])
    found, findings = table(tmp_path_factory.mktemp("t"), text.getvalue().encode())
    assert findings == []
    assert [tuple(fields) for _, fields in found] == rows


@given(st.text('ab", ;ö', max_size=20))
def test_what_is_read_means_the_same_to_the_csv_module(tmp_path_factory: pytest.TempPathFactory, line: str) -> None:
    found, findings = table(tmp_path_factory.mktemp("t"), f"a,b\n{line}\n".encode())
    if not findings and line:
        (expected,) = csv.reader([line], strict=True)
        assert [fields for _, fields in found] == [[field.strip(" ") for field in expected]]


@given(st.lists(FIELD, min_size=2, max_size=2), st.integers(0, 1))
def test_the_column_of_a_field(tmp_path_factory: pytest.TempPathFactory, fields: list[str], index: int) -> None:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_ALL).writerow(fields)
    line = text.getvalue().removesuffix("\r\n")
    column = Table(Path("t.csv"), ("a", "b"), (), Findings(), NAMED).column(line, index)
    assert next(csv.reader([line[column - 1 :]]))[0] == fields[index]


def test_a_file_of_any_kind_has_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "people.csv"
    path.write_text("login\n" + "\n" * 94)
    monkeypatch.setattr("mailwright.source.files.MAX_FILE", 100)
    findings = Findings()
    with opened(path, findings) as file:
        assert file is not None
    path.write_text("login\n" + "\n" * 95)
    with opened(path, findings) as file:
        assert file is None
    assert [item.id for item in findings.items] == ["source.too-large"]
