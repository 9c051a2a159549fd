"""Seals of the mail log: what was done to a log is found, and where. On hosts: tests/roles/test_log_host.py."""

from __future__ import annotations

import grp
import gzip
import importlib.util
import json
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from mailwright import resources

HOST = "mail.college.ac.uk"
NAME = f"hosts/{HOST}/mail.log"
TODAY = date(2024, 11, 24)
DAYS = 10
PROGRAM = resources.folder("templates") / "logs" / "mailwright_seal.py"


def program() -> ModuleType:
    spec = importlib.util.spec_from_file_location("mailwright_seal", PROGRAM)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["mailwright_seal"] = module
    spec.loader.exec_module(module)
    return module


seal = program()
LOG = seal.Log(HOST, NAME, DAYS)


def lines(day: date, count: int = 30) -> list[bytes]:
    return [
        f"{day}T12:00:{number:06d} {HOST} postfix/smtpd[7]: line {number}\n".encode() for number in range(count)
    ]


class Place:
    """A log host's folder, its state, and the logs of the last days, sealed."""

    def __init__(self, folder: Path, days: int = 6) -> None:
        self.folder, self.state = folder / "mail", folder / "state"
        (self.folder / NAME).parent.mkdir(parents=True)
        self.days = [TODAY - timedelta(days=back) for back in range(days - 1, -1, -1)]
        for day in self.days:
            self.write(day, lines(day))
        for day in self.days[:-1]:
            self.compress(day)
        self.seal()

    def seal(self, on: date = TODAY, settled: float = 0) -> list[str]:
        sealer = seal.Sealer(self.folder, self.state, os.getgid(), settled)
        made = list(sealer.run(LOG, on))
        assert sealer.troubles == []
        return made

    def run(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], on: date = TODAY, *logs: Any
    ) -> tuple[int, str, str]:
        """The command, as its timer runs it: status, and what it says."""
        monkeypatch.setattr(seal, "settings", lambda: ([LOG, *logs], grp.getgrgid(os.getgid()).gr_name))
        argv = ["mailwright-seal", "seal", f"--folder={self.folder}", f"--state={self.state}", "--settled=0"]
        monkeypatch.setattr(sys, "argv", [*argv, f"--on={on}"])
        return seal.main(), *capsys.readouterr()

    def path(self, day: date) -> Path:
        plain = self.folder / f"{NAME}-{day:%Y%m%d}"
        packed = plain.with_name(f"{plain.name}.gz")
        return packed if packed.exists() else plain

    def compress(self, day: date) -> None:
        plain = self.path(day)
        plain.with_name(f"{plain.name}.gz").write_bytes(gzip.compress(plain.read_bytes()))
        plain.unlink()

    def read(self, day: date) -> list[bytes]:
        content = self.path(day).read_bytes()
        return (gzip.decompress(content) if self.path(day).suffix == ".gz" else content).splitlines(keepends=True)

    def write(self, day: date, content: list[bytes]) -> None:
        whole = b"".join(content)
        self.path(day).write_bytes(gzip.compress(whole) if self.path(day).suffix == ".gz" else whole)
        midnight = datetime.combine(day, datetime.min.time()).timestamp()
        os.utime(self.path(day), (midnight, midnight - 60))

    def beside(self, day: date, suffix: str = ".seal") -> Path:
        return self.folder / "seals" / HOST / f"{day:%Y%m%d}{suffix}"

    def faults(self, on: date = TODAY, **parts: Any) -> list[tuple[str, str, int, int]]:
        heads = seal.read_heads(self.folder / "seals" / "heads.json")
        given = {"folder": self.folder, "key": self.state / "key.pub", "heads": heads, "on": on, **parts}
        report = seal.Verifier(**given).host(HOST, NAME)
        return [(fault.kind, fault.day, fault.line, fault.last) for fault in report.faults]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_what_nobody_touched_is_as_it_was_sealed(place: Place) -> None:
    assert place.faults() == []
    assert len(list((place.folder / "seals" / HOST).glob("*.seal"))) == len(place.days)
    place.compress(TODAY)
    assert place.faults() == []
    assert place.seal() == []


def altered(content: list[bytes]) -> list[bytes]:
    return [*content[:16], content[16].replace(b"line", b"lime"), *content[17:]]


def swapped(content: list[bytes]) -> list[bytes]:
    return [*content[:4], content[5], content[4], *content[6:]]


DEEDS: dict[str, tuple[Callable[[list[bytes]], list[bytes]], list[tuple[str, int, int]]]] = {
    "altered": (altered, [("altered", 17, 17)]),
    "removed": (lambda old: old[:16] + old[17:], [("removed", 17, 17)]),
    "the last ones removed": (lambda old: old[:-3], [("removed", 28, 30)]),
    "the first removed": (lambda old: old[1:], [("removed", 1, 1)]),
    "all removed": (lambda old: old[:0], [("removed", 1, 30)]),
    "added": (lambda old: [*old[:16], b"new\n", *old[16:]], [("added", 17, 17)]),
    "added at the end": (lambda old: [*old, b"new\n", b"newer\n"], [("added", 31, 32)]),
    "two swapped": (swapped, [("reordered", 6, 6)]),
    "one moved far": (lambda old: [*old[:2], *old[3:], old[2]], [("reordered", 3, 3)]),
    "altered and removed": (
        lambda old: [b"x" + old[0], *old[1:20], *old[22:]],
        [("altered", 1, 1), ("removed", 21, 22)],
    ),
    "the last newline": (lambda old: [*old[:-1], old[-1].rstrip(b"\n")], [("altered", 30, 30)]),
    "everything else": (lambda old: [b"other " + line for line in old], [("altered", 1, 30)]),
}


@pytest.mark.parametrize("deed", DEEDS)
@pytest.mark.parametrize("back", [0, 3], ids=["plain", "compressed"])
def test_a_change_is_found_at_its_line(place: Place, deed: str, back: int) -> None:
    day = TODAY - timedelta(days=back)
    change, expected = DEEDS[deed]
    place.write(day, change(place.read(day)))
    found = place.faults()
    assert [(kind, line, last) for kind, _, line, last in found] == expected
    assert {when for _, when, _, _ in found} == {str(day)}


def test_what_is_before_since_is_not_read(place: Place) -> None:
    place.write(place.days[0], altered(place.read(place.days[0])))
    assert place.faults(since=place.days[1]) == []
    assert len(place.faults(since=place.days[0])) == 1


def test_a_missing_day_is_found_whether_log_or_seal_or_both_are_gone(place: Place) -> None:
    day = place.days[2]
    place.path(day).unlink()
    assert place.faults() == [("missing-day", str(day), 0, 0)]
    place.beside(day).unlink()
    assert place.faults() == [("missing-day", str(day), 0, 0)]


@pytest.mark.parametrize("index", [0, 2, -1], ids=["first", "middle", "newest"])
def test_a_missing_seal_is_found(place: Place, index: int) -> None:
    place.beside(place.days[index]).unlink()
    assert place.faults() == [("missing-seal", str(place.days[index]), 0, 0)]
    place.seal()  # what was sealed once is not sealed again
    assert place.faults() == [("missing-seal", str(place.days[index]), 0, 0)]


@pytest.mark.parametrize("index", [0, 2, -1], ids=["first", "middle", "newest"])
def test_a_day_that_is_gone_with_its_seal_is_found(place: Place, index: int) -> None:
    for suffix in (".seal", ".lines"):
        place.beside(place.days[index], suffix).unlink()
    place.path(place.days[index]).unlink()
    found = place.faults()
    assert [kind for kind, *_ in found] == ["missing-day"]
    assert found[0][1] == str(place.days[index])


def test_an_altered_seal_is_found(place: Place) -> None:
    day = place.days[2]
    said = json.loads(place.beside(day).read_text())
    said["seal"]["lines"] += 1
    place.beside(day).write_text(json.dumps(said))
    assert place.faults() == [("wrong-signature", str(day), 0, 0)]
    place.beside(day).write_text("{}")
    assert place.faults() == [("altered-seal", str(day), 0, 0)]
    place.beside(day).write_bytes(b"\xff\x00")
    assert place.faults() == [("altered-seal", str(day), 0, 0)]
    shutil.copy(place.beside(place.days[1]), place.beside(day))
    assert place.faults() == [("altered-seal", str(day), 0, 0)]


def test_a_seal_that_is_nested_or_no_file_is_found(place: Place) -> None:
    first, day = place.days[1:3]
    place.beside(first).write_text("[" * 100_000)
    place.beside(day).unlink()
    os.mkfifo(place.beside(day))
    assert place.faults() == [("altered-seal", str(each), 0, 0) for each in (first, day)]
    assert place.seal() == []  # nor is sealing stopped
    later = TODAY + timedelta(days=1)
    place.write(later, lines(later))
    assert place.seal(later) == [f"{HOST} {later}: 30 lines are sealed"]


HEADS = {
    "list": "[]",
    "nested": "[" * 100_000,
    "no head": f'{{"{HOST}": []}}',
    "empty head": f'{{"{HOST}": {{}}}}',
    "no day": f'{{"{HOST}": {{"serial": 1, "day": "", "ends": "", "sha256": ""}}}}',
    "cut": "{",
    "no text": "\xff",
}


@pytest.mark.parametrize("how", HEADS)
def test_heads_that_are_none_are_refused(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    heads = place.folder / "seals" / "heads.json"
    before = heads.read_bytes()
    heads.write_text(HEADS[how], encoding="latin-1")
    status, said, told = place.run(monkeypatch, capsys)
    assert (status, said) == (2, "")
    assert f"{heads} cannot be read: " in told
    argv = ["mailwright-seal", "verify", f"--folder={place.folder}", f"--key={place.state / 'key.pub'}"]
    monkeypatch.setattr(sys, "argv", [*argv, f"--on={TODAY}"])
    assert seal.main() == 2
    assert f"{heads} cannot be read: " in capsys.readouterr().err
    heads.rename(place.folder / "aside")  # as it is told
    later = TODAY + timedelta(days=1)
    place.write(later, lines(later))
    assert place.run(monkeypatch, capsys, later) == (0, f"{HOST} {later}: 30 lines are sealed\n", "")
    assert place.faults(later) == []
    assert json.loads(heads.read_bytes()).keys() == json.loads(before).keys()


def test_altered_line_hashes_are_found_and_say_nothing_of_lines(place: Place) -> None:
    day = place.days[2]
    place.beside(day, ".lines").write_bytes(bytes(120))
    assert place.faults() == [("altered-seal", str(day), 0, 0)]
    place.write(day, altered(place.read(day)))
    assert place.faults() == [("altered-seal", str(day), 0, 0), ("altered", str(day), 0, 0)]


def test_a_seal_of_another_key_is_found(place: Place, tmp_path: Path) -> None:
    """Somebody seals an altered log anew, with a key of their own."""
    other = Place(tmp_path / "other")
    day = place.days[2]
    for suffix in (".seal", ".lines"):
        shutil.copy(other.beside(day, suffix), place.beside(day, suffix))
    assert place.faults() == [("wrong-signature", str(day), 0, 0)]
    assert place.faults(key=other.state / "key.pub")[0][0] == "wrong-signature"


def test_a_chain_that_was_begun_anew_is_found(place: Place) -> None:
    """The same key, all the same."""
    later = place.days[3:]
    for day in later:
        place.beside(day).unlink()
    (place.folder / "seals" / "heads.json").unlink()
    kept = {day: place.beside(day).read_bytes() for day in place.days[:3]}
    for day in kept:
        place.beside(day).unlink()
        place.path(day).rename(place.path(day).with_name(f"away-{day}"))
    place.seal()
    for day, content in kept.items():
        place.beside(day).write_bytes(content)
        (place.folder / NAME).with_name(f"away-{day}").rename(place.folder / f"{NAME}-{day:%Y%m%d}.gz")
    assert place.faults() == [("altered-seal", str(later[0]), 0, 0)]


def test_a_log_that_was_put_there_has_no_seal(place: Place) -> None:
    day = place.days[0] - timedelta(days=1)
    place.write(day, lines(day))
    assert place.faults() == [("unsealed", str(day), 0, 0)]


def test_a_day_on_which_the_host_was_off_is_no_fault(tmp_path: Path) -> None:
    place = Place(tmp_path, 1)
    place.write(TODAY + timedelta(days=3), lines(TODAY))
    place.seal(TODAY + timedelta(days=3))
    assert place.faults(TODAY + timedelta(days=3)) == []
    planted = TODAY + timedelta(days=1)
    place.write(planted, lines(planted))
    assert place.faults(TODAY + timedelta(days=3)) == [("unsealed", str(planted), 0, 0)]


def test_what_was_rotated_late_has_its_time_from_its_last_line(tmp_path: Path) -> None:
    """The host was off for longer than a log is kept; logrotate goes by the age of the last line."""
    place = Place(tmp_path, 1)
    late = TODAY + timedelta(days=30)
    place.write(late, lines(TODAY))
    os.utime(place.path(late), (0, datetime.combine(TODAY, datetime.min.time()).timestamp()))
    place.seal(late)
    assert place.faults(late) == []
    for day in (TODAY, late):
        place.path(day).unlink()
    later = late + timedelta(days=1)
    place.write(later, lines(later))
    place.seal(later)
    assert place.faults(later) == []
    assert not place.beside(late).exists()


def test_sealing_that_has_stopped_is_found(place: Place) -> None:
    assert place.faults(TODAY + timedelta(days=2)) == []
    assert place.faults(TODAY + timedelta(days=3)) == [("no-newer", str(TODAY), 0, 0)]
    day = TODAY + timedelta(days=1)
    place.write(day, lines(day))
    assert ("unsealed", str(day), 0, 0) in place.faults(TODAY + timedelta(days=4))


def test_a_clock_that_was_ahead_does_not_stop_sealing_unseen(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ahead, later = date(2030, 1, 1), TODAY + timedelta(days=1)
    place.write(ahead, lines(ahead))
    place.write(later, lines(later))
    # By the right clock what is to come is told and not sealed, and the others are.
    status, said, told = place.run(monkeypatch, capsys, TODAY)  # later is but one day ahead
    assert (status, said) == (2, f"{HOST} {later}: 30 lines are sealed\n")
    assert f"{place.path(ahead)}: is of {ahead}, and today is {TODAY}: not sealed." in told
    assert place.faults() == []
    # By the wrong one it is sealed; by the right one thereafter it is told each time, and how to go on.
    assert place.run(monkeypatch, capsys, ahead) == (0, f"{HOST} {ahead}: 30 lines are sealed\n", "")
    assert place.faults(ahead - timedelta(days=1)) == place.faults(ahead) == []
    newer = later + timedelta(days=1)
    place.write(newer, lines(newer))
    status, said, told = place.run(monkeypatch, capsys, newer)
    assert (status, said) == (2, "")
    seals, heads = place.beside(ahead).parent, place.folder / "seals" / "heads.json"
    assert f"move {seals} aside, take {HOST} out of {heads}, and seal" in told
    assert ("future-seal", str(ahead), 0, 0) in place.faults(newer)
    place.path(newer).unlink()
    assert ("future-seal", str(ahead), 0, 0) in place.faults(newer)
    # What is told helps.
    place.write(newer, lines(newer))
    place.path(ahead).unlink()
    seals.rename(place.folder / "aside")
    heads.write_text("{}")
    status, said, told = place.run(monkeypatch, capsys, newer)
    assert (status, told, len(said.splitlines())) == (0, "", len(place.days) + 2)
    assert place.faults(newer) == []


def test_a_log_that_is_still_written_waits(tmp_path: Path) -> None:
    place = Place(tmp_path, 1)
    later = TODAY + timedelta(days=1)
    place.write(later, lines(later))
    assert place.seal(later, settled=60) == []
    assert place.seal(later, settled=0) == [f"{HOST} {later}: 30 lines are sealed"]


@pytest.mark.parametrize("how", ["cut", "altered", "no gzip", "unreadable"])
def test_a_damaged_log_stops_no_other(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    other = seal.Log("zeta.college.ac.uk", "hosts/zeta.college.ac.uk/mail.log", DAYS)
    beside = place.folder / f"{other.name}-{TODAY:%Y%m%d}"
    beside.parent.mkdir()
    beside.write_bytes(b"line\n")
    bad, later = (TODAY + timedelta(days=days) for days in (1, 2))
    for day in (bad, later):
        place.write(day, lines(day, 2000))
    place.compress(bad)
    path = place.path(bad)
    packed = bytearray(path.read_bytes())
    packed[len(packed) // 2] ^= 0xFF
    path.write_bytes({"cut": packed[:-20], "altered": packed, "no gzip": b"rubbish"}.get(how, packed))
    if how == "unreadable":
        whole = seal.scan

        def scan(asked: Path) -> Any:
            if asked == path:
                raise OSError(5, "Input/output error")
            return whole(asked)

        monkeypatch.setattr(seal, "scan", scan)
    status, said, told = place.run(monkeypatch, capsys, later, other)
    assert status == 2
    assert str(path) in told
    assert told.startswith("mailwright-seal: ")
    assert f"{other.host} {TODAY}: 1 lines are sealed" in said
    if how == "unreadable":  # its turn comes again
        assert f"{HOST} {later}" not in said
    else:
        assert f"{HOST} {later}: 2000 lines are sealed" in said
        assert place.faults(later) == [("unsealed", str(bad), 0, 0)]


def test_a_log_that_a_wrong_clock_has_touched_does_not_wait_for_years(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Place(tmp_path, 1)
    later = TODAY + timedelta(days=1)
    place.write(later, lines(later))
    now = time.time()
    os.utime(place.path(later), (now + 10**8, now + 10**8))
    assert place.seal(later, settled=60) == []  # it has its name since just now
    monkeypatch.setattr(seal.time, "time", lambda: now + 3600)
    assert place.seal(later, settled=60) == [f"{HOST} {later}: 30 lines are sealed"]
    assert place.faults(later) == []


def test_a_run_that_was_cut_off_goes_on_where_it_was(place: Place) -> None:
    heads = place.folder / "seals" / "heads.json"
    before = heads.read_bytes()
    later = TODAY + timedelta(days=1)
    place.write(later, lines(later))
    place.seal(later)
    heads.write_bytes(before)  # the seal was written, and the note of it was not
    place.write(later + timedelta(days=1), lines(later))
    assert len(place.seal(later + timedelta(days=1))) == 1
    assert place.faults(later + timedelta(days=1)) == []


def test_what_had_its_time_is_gone_and_no_fault(place: Place) -> None:
    """Retention takes the oldest log after ``days``; a little earlier it is a fault."""
    first = place.days[0]
    place.path(first).unlink()
    for back in range(1, 6):
        day = TODAY + timedelta(days=back)
        place.write(day, lines(day))
        place.seal(day)
        early = (day - first).days < DAYS
        assert place.faults(day) == ([("missing-day", str(first), 0, 0)] if early else [])
        assert place.beside(first).exists() is early
        assert place.beside(first, ".lines").exists() is early


def test_a_seal_stays_as_long_as_its_log(place: Place) -> None:
    later = place.days[0] + timedelta(days=DAYS + 3)
    place.seal(later)
    assert place.beside(place.days[0]).exists()
    place.path(place.days[0]).unlink()
    place.seal(later)
    assert not place.beside(place.days[0]).exists()


def test_the_command_with_copies_elsewhere(place: Place, tmp_path: Path) -> None:
    away = tmp_path / "away"
    shutil.copytree(place.folder, away)

    def run(*argv: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-I", str(PROGRAM), "verify", "--folder", str(away), *argv]
        return subprocess.run(command, check=False, capture_output=True, text=True, timeout=60)

    key = f"--key={place.state / 'key.pub'}"
    done = run(key, f"--on={TODAY}")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{HOST}: 6 day(s) sealed, {place.days[0]} to {TODAY}; 6 read, as sealed\n"
    log = away / f"{NAME}-{TODAY:%Y%m%d}"
    log.write_bytes(b"".join(altered(lines(TODAY))))
    done = run(key, f"--on={TODAY}", "--json", f"--host={HOST}")
    assert done.returncode == 1
    said = json.loads(done.stdout)
    assert said["ok"] is False
    (fault,) = said["hosts"][0]["faults"]
    assert (fault["kind"], fault["line"], fault["day"]) == ("altered", 17, str(TODAY))
    assert "line 17: altered" in run(key, f"--on={TODAY}").stdout
    for wrong in ((), ("--key=/nonexistent",), (f"--key={log}",), (key, "--host=other.college.ac.uk")):
        done = run(*wrong)
        assert done.returncode == 2, wrong
        assert done.stderr.startswith("mailwright-seal: ")
    assert run(key, "--on=yesterday").returncode == 2


@pytest.mark.parametrize("seed", range(40))
def test_random_changes_are_all_told(seed: int) -> None:
    """What is told, undone, gives the log as it was."""
    chance = random.Random(seed)  # noqa: S311
    before = list(range(chance.choice([5, 60, 3000])))
    after = list(before)
    for _ in range(chance.randint(1, 12)):
        deed, at = chance.choice("ard"), chance.randrange(len(after) or 1)
        if deed == "a" or not after:
            after.insert(at, chance.randrange(10**6, 10**9))
        elif deed == "r":
            after[at] = chance.randrange(10**6, 10**9)
        else:
            del after[at]
    pack = lambda numbers: b"".join(number.to_bytes(4, sys.byteorder) for number in numbers)  # noqa: E731
    told = seal.changes(pack(before), pack(after))
    kinds = {
        kind: sum(one.last - one.line + 1 for one in told if one.kind == kind)
        for kind in ("altered", "removed", "added")
    }
    assert len(before) - kinds["removed"] + kinds["added"] == len(after)
    gone = {
        number for one in told if one.kind in ("altered", "removed") for number in before[one.line - 1 : one.last]
    }
    assert gone == set(before) - set(after)
    assert bool(told) == (before != after)


def test_a_large_log_is_told_as_a_whole_where_nothing_agrees() -> None:
    before, after = (b"".join(n.to_bytes(4, "big") for n in range(i, i + 300_000)) for i in (0, 10**6))
    (one,) = seal.changes(before, after)
    assert (one.kind, one.line, one.last) == ("altered", 1, 300_000)
    middle = 4 * 150_000
    (one,) = seal.changes(before, before[:middle] + before[middle + 4 :])
    assert (one.kind, one.line, one.last) == ("removed", 150_001, 150_001)
