"""The index: whether files are what they were is told as git tells it."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

from msgspec import structs

from mailwright.findings import Finding, Level, Place, Status
from mailwright.provider import index
from mailwright.provider.index import Entry, Index, Inputs, Outputs, Said


def old(path: Path, text: str = "one\n") -> Path:
    """A file that was there for long."""
    path.write_text(text)
    time.sleep(0.05)  # the time of change of an inode cannot be set
    return path


def of(folder: Path, *names: str) -> Inputs:
    return index.taken(str(folder), names, b"below", time.time_ns())


def test_what_is_stored_is_read_back(tmp_path: Path) -> None:
    finding = Finding("x", "ROLE-5", Level.SHOULD, Status.WAIVED, "why", "", Place("customers/a.yml", 3, 1, "/x"))
    entry = Entry(
        "a", "customers/a.yml", "shared", ("school",),
        Inputs(("customers/a.yml",), b"1", b"2", b"3", date(2026, 1, 1), None),
        Outputs("shared/customers/a", "mail.tables", b"4"),
        Said((("a.ac.uk", Place("customers/a.yml", 2, 1, "/domains/0")),)).packed(),
        (date(2026, 2, 1), date(2026, 3, 1), date(2026, 4, 1)), b'"a": {}', (finding,), good=False,
    )  # fmt: skip
    (tmp_path / index.FILE).write_bytes(index.dump(Index({"a": entry})))
    assert index.load(tmp_path).customers == {"a": entry}
    assert entry.names == {"a.ac.uk"}


def test_what_is_no_index_is_as_none(tmp_path: Path) -> None:
    assert index.load(tmp_path) == Index()
    for data in (b"", b"\xff\x00", b"\x80", index.dump(replace(Index(), format=99)), index.dump(Index())[:-1]):
        (tmp_path / index.FILE).write_bytes(data)
        assert index.load(tmp_path) == Index()


def test_an_index_that_the_disk_damaged_is_as_none(tmp_path: Path) -> None:
    entry = Entry("a", "customers/a.yml", "shared", (), Inputs((), b"", b"", b""), None, Said().packed())
    data = index.dump(Index({"a": entry}))
    for at in range(len(data)):
        (tmp_path / index.FILE).write_bytes(data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :])
        assert index.load(tmp_path) == Index()


def test_files_that_nobody_touched_are_not_opened(tmp_path: Path) -> None:
    old(tmp_path / "a")
    inputs = of(tmp_path, "a")
    assert inputs.stamp
    assert index.looked_at(structs.replace(inputs, content=b"of something else"), str(tmp_path)) is not None


def test_a_file_that_was_edited_is_seen_though_size_and_time_are_as_before(tmp_path: Path) -> None:
    file = old(tmp_path / "a")
    inputs, before = of(tmp_path, "a"), file.stat()
    file.write_text("two\n")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert index.looked_at(inputs, str(tmp_path)) is None


def test_a_file_that_was_only_touched_is_as_it_was_and_its_new_stamp_is_kept(tmp_path: Path) -> None:
    file = old(tmp_path / "a")
    inputs = of(tmp_path, "a")
    old(file)
    found = index.looked_at(inputs, str(tmp_path))
    assert found is not None
    assert found.stamp not in (b"", inputs.stamp)
    assert found == structs.replace(inputs, stamp=found.stamp)


def test_a_file_that_is_gone_is_seen(tmp_path: Path) -> None:
    old(tmp_path / "a")
    inputs = of(tmp_path, "a")
    (tmp_path / "a").unlink()
    assert index.looked_at(inputs, str(tmp_path)) is None


def test_a_file_that_changed_just_before_it_was_read_is_looked_at_again(tmp_path: Path) -> None:
    """It may change once more within the tick of the clock, and nothing would tell."""
    (tmp_path / "a").write_text("one\n")
    inputs = of(tmp_path, "a")
    assert inputs.stamp == b""
    assert inputs.content
    assert index.looked_at(inputs, str(tmp_path)) is not None
    (tmp_path / "a").write_text("two\n")
    assert index.looked_at(inputs, str(tmp_path)) is None


def test_a_file_that_changed_while_it_was_read_is_read_again(tmp_path: Path) -> None:
    began = time.time_ns() - 1_000_000_000
    old(tmp_path / "a")
    inputs = index.taken(str(tmp_path), ("a",), b"", began)
    assert inputs.content == b""
    assert index.looked_at(inputs, str(tmp_path)) is None


def test_names_are_part_of_the_contents(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / name).write_text("")
    assert index.content(str(tmp_path), ["a", "b"]) != index.content(str(tmp_path), ["a", "c"])


def test_outputs_that_were_edited_removed_or_replaced_are_seen(tmp_path: Path) -> None:
    file = old(tmp_path / "a")
    stamp = index.of_outputs([str(file)])
    assert index.of_outputs([str(file)]) == stamp != b""
    file.chmod(0o600)
    assert index.of_outputs([str(file)]) != stamp
    file.chmod(0o644)
    assert index.of_outputs([str(file)]) == stamp
    file.write_text("two\n")
    assert index.of_outputs([str(file)]) != stamp
    file.unlink()
    assert index.of_outputs([str(file)]) == b""
    file.symlink_to("elsewhere")
    assert index.of_outputs([str(file)]) not in (b"", stamp)


def test_a_verdict_holds_for_its_days_alone() -> None:
    inputs = Inputs((), b"", b"", b"", date(2026, 1, 2), date(2026, 3, 4))
    assert [inputs.hold_on(date(2026, month, day)) for month, day in ((1, 1), (1, 2), (3, 4), (3, 5))] == [
        False, True, True, False,
    ]  # fmt: skip
    assert structs.replace(inputs, since=None, until=None).hold_on(date(2050, 1, 1))
