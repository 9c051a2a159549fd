"""mailwright report."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailwright.cli import report as verb
from mailwright.findings import Status
from mailwright.report.evidence import Run, to_json
from support.example import EXAMPLE
from support.reports import audited, example_basis, rehearsed
from support.runs import found, run

FAILED = found(Status.FAIL, "relay.outside", "RELAY-2", evidence="250 2.1.5 Ok")


def report(path: Path, out: Path, *arguments: str | Path) -> Result:
    argv = [str(path), "--out", str(out), "--today", "2026-03-01", *map(str, arguments)]
    return CliRunner().invoke(verb.command, argv, standalone_mode=False)


def refused(result: Result) -> str:
    assert getattr(result.exception, "exit_code", None) == 2, result.output
    return str(result.exception)


def written(path: Path, made: Run) -> Path:
    path.write_text(to_json(made), encoding="utf-8")
    return path


def data(out: Path) -> dict[str, list[dict[str, object]]]:
    loaded: dict[str, list[dict[str, object]]] = json.loads((out / "report.json").read_text(encoding="utf-8"))
    return loaded


@pytest.fixture
def whole(tmp_path: Path) -> Path:
    return written(tmp_path / "evidence.json", rehearsed())


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    return written(tmp_path / "outside.json", run(FAILED, plan=example_basis().plan))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    folder.mkdir()
    for path in EXAMPLE.parent.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    return folder / "site.yml"


def test_a_report_of_a_rehearsal_is_a_page_and_data(whole: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    result = report(EXAMPLE, out, "--evidence", whole)
    assert result.return_value == 0, result.output
    assert "52 requirements: " in result.stdout
    assert "0 not met" in result.stdout
    assert f"Written: {out / 'index.html'}, {out / 'report.json'}" in result.stdout
    assert (out / "index.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert [each["label"] for each in data(out)["evidence"]] == ["R1"]
    assert sorted(path.name for path in out.iterdir()) == ["index.html", "report.json"]


def test_the_description_alone_gives_a_report_that_proves_little(tmp_path: Path) -> None:
    assert report(EXAMPLE, tmp_path / "report").return_value == 0
    assert data(tmp_path / "report")["evidence"] == []


def test_something_not_met_is_status_1_and_named(whole: Path, broken: Path, tmp_path: Path) -> None:
    result = report(EXAMPLE, tmp_path / "report", "--evidence", whole, "--evidence", broken)
    assert result.return_value == 1
    assert "Not met: RELAY-2" in result.stdout


def test_several_files_may_follow_evidence_as_a_shell_writes_them(
    whole: Path, broken: Path, tmp_path: Path
) -> None:
    assert report(EXAMPLE, tmp_path / "report", "--evidence", whole, broken).return_value == 1
    assert [each["label"] for each in data(tmp_path / "report")["evidence"]] == ["L1", "R1"]
    result = report(EXAMPLE, tmp_path / "other", whole)
    assert "follow --evidence" in refused(result)


def test_what_enforces_it_is_named_from_the_build_on_and_no_path_of_this_machine_is(
    copy: Path, tmp_path: Path
) -> None:
    report(copy, tmp_path / "report")
    for name in ("index.html", "report.json"):
        text = (tmp_path / "report" / name).read_text(encoding="utf-8")
        assert "hosts/mail.college.ac.uk/postfix/etc/postfix/main.cf" in text
        assert str(tmp_path) not in text
        assert "site.yml" in text


def test_evidence_for_another_description_is_marked(tmp_path: Path) -> None:
    other = written(tmp_path / "other.json", replace(rehearsed(), plan="f" * 64))
    result = report(EXAMPLE, tmp_path / "report", "--evidence", other)
    assert result.return_value == 0
    assert "other.json (R1) is made for another description: it proves nothing." in result.stderr
    assert data(tmp_path / "report")["counts"] == data_of_nothing(tmp_path)


def data_of_nothing(tmp_path: Path) -> object:
    """The counts when there is no evidence."""
    report(EXAMPLE, tmp_path / "nothing")
    return data(tmp_path / "nothing")["counts"]


def test_stale_evidence_is_marked(whole: Path, tmp_path: Path) -> None:
    argv = [str(EXAMPLE), "--out", str(tmp_path / "report"), "--today", "2026-07-01", "--evidence", str(whole)]
    result = CliRunner().invoke(verb.command, argv, standalone_mode=False)
    assert "evidence.json (R1) is stale: it proves nothing." in result.stderr


def test_an_interrupted_run_is_named(tmp_path: Path) -> None:
    half = written(tmp_path / "half.json", replace(audited("outside"), complete=False))
    assert "half.json (L1) was interrupted" in report(EXAMPLE, tmp_path / "report", "--evidence", half).stderr


def test_evidence_of_another_organisation_is_refused(tmp_path: Path) -> None:
    other = written(tmp_path / "other.json", replace(rehearsed(), domain="other.ac.uk"))
    said = refused(report(EXAMPLE, tmp_path / "report", "--evidence", other))
    assert "evidence of another organisation: 'other.ac.uk', not 'college.ac.uk'" in said
    assert not (tmp_path / "report").exists()


def test_all_that_is_no_evidence_is_named_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "b.json").write_bytes(b"\xff\xfe")
    said = refused(report(EXAMPLE, tmp_path / "report", "--evidence", tmp_path / "a.json", tmp_path / "b.json"))
    assert "a.json is no evidence" in said
    assert "b.json is no evidence: it is not in UTF-8" in said
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize("name", ["missing.json", "."])
def test_files_that_cannot_be_read_are_refused(name: str, tmp_path: Path) -> None:
    assert str(tmp_path) in refused(report(EXAMPLE, tmp_path / "report", "--evidence", tmp_path / name))


def test_a_file_that_is_too_large_is_not_read_whole(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verb, "_LARGEST", 100)
    assert "larger than 100 octets" in refused(report(EXAMPLE, tmp_path / "report", "--evidence", whole))


def test_what_changed_since_the_last_report_is_in_the_next(whole: Path, broken: Path, tmp_path: Path) -> None:
    out = tmp_path / "report"
    report(EXAMPLE, out, "--evidence", whole)
    result = report(EXAMPLE, out, "--evidence", whole, broken, "--previous", out / "report.json")
    assert result.return_value == 1
    changes = data(out)["changes"]
    assert isinstance(changes, dict)
    assert changes["worse"] == [{"requirement": "RELAY-2", "before": "met", "after": "not met"}]
    assert "What changed since 1 March 2026" in (out / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"report": 9}, "is no report of mailwright"),
        ({"date": "2026-03-02"}, "which is later than 2026-03-01"),
        ({"scope": {"domains": ["other.ac.uk"], "hosts": []}}, "another organisation: 'other.ac.uk'"),
    ],
)
def test_a_last_report_that_cannot_be_used_is_refused(change: dict[str, object], said: str, tmp_path: Path) -> None:
    report(EXAMPLE, tmp_path / "report")
    before = tmp_path / "before.json"
    before.write_text(json.dumps(data(tmp_path / "report") | change), encoding="utf-8")
    assert said in refused(report(EXAMPLE, tmp_path / "next", "--previous", before))
    assert not (tmp_path / "next").exists()


def test_a_description_that_breaks_a_must_gives_no_report(copy: Path, tmp_path: Path) -> None:
    copy.write_text(copy.read_text().replace("  abuse: [rl204, ii305]\n", ""))
    result = report(copy, tmp_path / "report")
    assert result.return_value == 1
    assert "MUST ROLE-1" in result.stdout
    assert "No report was made" in result.stderr
    assert not (tmp_path / "report").exists()


def test_a_description_that_cannot_be_used_is_status_2(copy: Path, tmp_path: Path) -> None:
    copy.write_text("organisation: [\n")
    assert report(copy, tmp_path / "report").return_value == 2
    assert not (tmp_path / "report").exists()


def test_a_broken_should_is_status_1_until_it_is_waived(copy: Path, tmp_path: Path) -> None:
    old = "support: {members: [ii305, wm118, nn223]"
    copy.write_text(copy.read_text().replace(old, "support: {members: [ii305]"))
    assert report(copy, tmp_path / "report").return_value == 1
    waiver = "{reason: only one is trained yet, owner: Rosa Luxemburg, until: 2026-06-30}"
    copy.write_text(f"{copy.read_text()}\nwaivers:\n  ROLE-5: {waiver}\n")
    assert report(copy, tmp_path / "report").return_value == 0


def test_a_page_of_somebody_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "index.html").write_text("mine")
    assert "was not written by mailwright" in refused(report(EXAMPLE, tmp_path))
    assert (tmp_path / "index.html").read_text() == "mine"


def test_a_folder_that_cannot_be_written_is_status_2(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "file" in refused(report(EXAMPLE, tmp_path / "file" / "below"))


def test_a_full_disk_leaves_the_old_report(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "report"
    report(EXAMPLE, out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}

    def full(self: Path, _text: str, encoding: str = "") -> int:
        raise OSError(28, "No space left on device", str(self))

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_text", full)
        assert "No space left" in refused(report(EXAMPLE, out, "--evidence", whole))
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_the_same_twice_is_the_same_bytes(whole: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        report(EXAMPLE, tmp_path / name, "--evidence", whole)
    for name in ("index.html", "report.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


@pytest.mark.parametrize("name", ["x" * 300, "x" * 300 + "/report", "a\0b"])
def test_a_folder_that_cannot_be_is_status_2(tmp_path: Path, name: str) -> None:
    assert refused(report(EXAMPLE, tmp_path / name))
    assert not list(tmp_path.iterdir())


def test_the_last_day_there_is_can_be_asked_about(whole: Path, tmp_path: Path) -> None:
    argv = [str(EXAMPLE), "--out", str(tmp_path / "report"), "--today", "9999-12-31", "--evidence", str(whole)]
    result = CliRunner().invoke(verb.command, argv, standalone_mode=False)
    assert "evidence.json (R1) is stale" in result.stderr
