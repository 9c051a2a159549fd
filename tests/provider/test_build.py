"""A provider's folder, built again and again: what is made, what stays, and what nobody ever sees half done."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import random
import shutil
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import pytest

from mailwright.build import manifest
from mailwright.findings import Finding, Status
from mailwright.provider import build as engine
from mailwright.provider import build_one, days, index, staging
from mailwright.provider.build import BusyError, Result
from mailwright.provider.which import NoCustomerError
from mailwright.requirements.evaluate import evaluate
from support.provider_folder import TODAY, change, copied, customer, judged

SHARED = ("abbey", "college", "harbour", "school", "trust")


@pytest.fixture
def provider(tmp_path: Path) -> Path:
    folder = copied(tmp_path)
    _settle(folder)
    return folder


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "build"


def build(folder: Path, out: Path, today: date = TODAY, only: str = "", jobs: int = 1) -> Result:
    return engine.build(folder, out, today, only, jobs)


def _settle(folder: Path) -> None:
    """What was just written is looked at again by a build, which is no fault and not what is tested here."""
    time.sleep(0.03)
    assert folder.is_dir()


def contents(out: Path) -> dict[str, bytes]:
    """Every file but those of the engine itself."""
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*")
        if path.is_file() and not path.name.startswith(".mailwright-")
    }


def numbers(result: Result) -> tuple[int, int, int]:
    return result.built, result.unchanged, result.failed


def ids(result: Result) -> list[str]:
    return sorted({finding.id for finding in result.findings if finding.id.startswith(("provider.", "customer."))})


@contextmanager
def made_counted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    made: list[str] = []
    real = build_one.customer

    def counted(setting: build_one.Setting, path: Path) -> build_one.Made:
        made.append(path.stem)
        return real(setting, path)

    with monkeypatch.context() as patch:
        patch.setattr(build_one, "customer", counted)
        yield made


def test_what_the_engine_keeps_is_for_its_owner_alone(
    provider: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    real = index.settle

    def settle(file: Path) -> None:
        seen.append(stat.S_IMODE((out / ".mailwright-new").stat().st_mode))
        real(file)

    monkeypatch.setattr(index, "settle", settle)
    before = os.umask(0o022)
    try:
        build(provider, out)
        (out / ".mailwright-lock").chmod(0o644)  # as an earlier version left it
        change(provider / "customers" / "college.yml", "College of the Valley", "College of the Hill")
        build(provider, out)
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in out.glob(".mailwright-*")}
    assert modes == {".mailwright-index": 0o600, ".mailwright-lock": 0o600}
    assert seen == [0o700, 0o700]
    assert stat.S_IMODE((out / "shared").stat().st_mode) & 0o077  # what is applied is as readable as ever


# --- What is made ----------------------------------------------------------------------------------------------


def test_a_platform_has_its_customers_beneath_and_own_hosts_are_a_project(provider: Path, out: Path) -> None:
    result = build(provider, out)
    assert numbers(result) == (6, 0, 0)
    assert sorted(path.name for path in out.iterdir() if not path.name.startswith(".")) == [
        "institute.ac.uk", "shared",
    ]  # fmt: skip
    assert sorted(path.name for path in (out / "shared" / "customers").iterdir()) == list(SHARED)
    assert (out / "shared" / "site.yml").is_file()
    assert (out / "institute.ac.uk" / "site.yml").is_file()
    assert not (out / engine.STAGED).exists()
    college = out / "shared" / "customers" / "college"
    assert {path.relative_to(college).as_posix() for path in college.rglob("*") if path.is_file()} >= {
        "mail.tables", "dns/valley.ac.uk.zone", "dns/music.valley.ac.uk.zone", "documents/privacy.html",
        "compliance/matrix.json", "compliance/matrix.html", manifest.NAME,
    }  # fmt: skip
    assert (college / "mail.tables").stat().st_mode & 0o777 == 0o640


def test_the_list_of_customers_has_a_line_for_each_and_names_their_tables(provider: Path, out: Path) -> None:
    import hashlib

    build(provider, out)
    text = (out / "shared" / "customers.json").read_text()
    assert [line.partition('"')[2].partition('"')[0] for line in text.splitlines()[1:-1]] == list(SHARED)
    listed = json.loads(text)
    for name, row in listed.items():
        tables = (out / "shared" / "customers" / name / "mail.tables").read_bytes()
        assert row["sha256"] == hashlib.sha256(tables).hexdigest()
    assert listed["college"] | {"sha256": ""} == {
        "sha256": "", "state": "active", "domains": ["valley.ac.uk", "music.valley.ac.uk"], "days": 120,
        "passwords": "secrets/college/passwords", "dkim_selector": "vall2026",
        "dkim_key": "secrets/college/dkim.key",
    }  # fmt: skip


def test_the_same_folder_gives_the_same_bytes_with_any_number_of_processes(provider: Path, tmp_path: Path) -> None:
    build(provider, tmp_path / "one", jobs=1)
    build(provider, tmp_path / "three", jobs=3)
    assert contents(tmp_path / "one") == contents(tmp_path / "three")


def test_no_file_of_one_customer_names_another(provider: Path, out: Path) -> None:
    build(provider, out)
    names = {
        "abbey": ("abbey.ac.uk", "Lena Marsh", "Abbey"),
        "college": ("valley.ac.uk", "Gwen Parry", "gparry", "vall2026"),
        "harbour": ("harbour.ac.uk", "Ruth Kane", "rkane"),
        "school": ("hill.sch.uk", "Mary Poole", "hill2026"),
        "trust": ("riverside.ac.uk", "Nia Frost", "rive2026"),
        "institute": ("institute.ac.uk", "Olga Brand"),
    }
    for name in SHARED:
        text = b"".join(
            path.read_bytes() for path in (out / "shared" / "customers" / name).rglob("*") if path.is_file()
        ).decode("utf-8", "replace")
        assert names[name][0] in text
        for other in names.keys() - {name}:
            assert [word for word in names[other] if word in text] == [], (name, other)
    platform = b"".join(
        path.read_bytes()
        for path in (out / "shared").rglob("*")
        if path.is_file() and "customers" not in path.relative_to(out / "shared").parts[0]
    )
    assert b"valley.ac.uk" not in platform


# --- What is not made again ------------------------------------------------------------------------------------


def test_nothing_at_all_is_written_when_nothing_changed(provider: Path, out: Path) -> None:
    build(provider, out)
    time.sleep(0.1)
    build(provider, out)  # looks again at what was written just before it was read
    before = _written(out)
    build(provider, out)
    assert _written(out) == before
    assert out / index.FILE in before


def _written(out: Path) -> dict[Path, tuple[int, int]]:
    """Of each file its number and time."""
    files = {path: path.stat() for path in out.rglob("*") if path.is_file()}
    return {path: (status.st_ino, status.st_mtime_ns) for path, status in files.items()}


def test_an_index_that_is_gone_is_written_again(provider: Path, out: Path) -> None:
    build(provider, out)
    (out / index.FILE).unlink()
    build(provider, out)
    assert set(index.load(out).customers) == {*SHARED, "institute"}


def test_nothing_is_made_when_nothing_changed(provider: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = build(provider, out)
    before = contents(out)
    with made_counted(monkeypatch) as made:
        again = build(provider, out)
    assert made == []
    assert numbers(again) == (0, 6, 0)
    assert (again.added, again.changed, again.removed) == (0, 0, 0)
    assert set(again.findings) == set(first.findings)
    assert again.status == first.status == 1
    assert contents(out) == before


def test_one_edit_makes_one_customer_and_writes_what_changed(
    provider: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(provider, out)
    school = out / "shared" / "customers" / "school"
    style, trust = (school / "documents" / "style.css").stat(), (out / "shared/customers/trust").stat()
    change(provider / "customers" / "school.yml", "Ida Vane", "Ida Vale")
    with made_counted(monkeypatch) as made:
        result = build(provider, out)
    assert made == ["school"]
    assert numbers(result) == (1, 5, 0)
    assert result.added == result.removed == 0
    assert (school / "documents" / "style.css").stat().st_ino == style.st_ino
    assert (school / "documents" / "style.css").stat().st_mtime_ns == style.st_mtime_ns
    assert (out / "shared/customers/trust").stat().st_ino == trust.st_ino
    assert numbers(build(provider, out)) == (0, 6, 0)


def test_a_file_that_is_named_is_an_input_like_the_description(provider: Path, out: Path) -> None:
    build(provider, out)
    people = provider / "customers" / "college" / "people.csv"
    people.write_text(people.read_text().replace("Huw Lloyd", "Huw Floyd"))
    assert numbers(build(provider, out)) == (1, 5, 0)


def test_touching_makes_nothing(provider: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(provider, out)
    (provider / "customers" / "school.yml").touch()
    with made_counted(monkeypatch) as made:
        build(provider, out)
    assert made == []


def test_a_profile_reaches_those_that_name_it(provider: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(provider, out)
    change(provider / "profiles" / "school.yml", "quota: 1 GB", "quota: 2 GB")
    with made_counted(monkeypatch) as made:
        build(provider, out)
    assert made == ["school", "trust"]


def test_a_default_reaches_all(provider: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(provider, out)
    change(provider / "provider.yml", "faults: within four hours", "faults: within five hours")
    with made_counted(monkeypatch) as made:
        build(provider, out)
    assert len(made) == 6


def test_a_platform_reaches_its_own_customers(provider: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    build(provider, out)
    change(provider / "platforms" / "shared.yml", "Carys Dunn, address: Carys", "Cerys Dunn, address: Cerys")
    with made_counted(monkeypatch) as made:
        build(provider, out)
    assert made == list(SHARED)


def test_edited_and_missing_outputs_are_made_again(provider: Path, out: Path) -> None:
    build(provider, out)
    before = contents(out)
    folder = out / "shared" / "customers"
    (folder / "school" / "mail.tables").write_text("edited")
    (folder / "trust" / "documents" / "faq.html").unlink()
    (folder / "abbey" / manifest.NAME).chmod(0o600)
    (out / "institute.ac.uk" / "site.yml").write_text("edited")
    (out / "shared" / "ansible.cfg").write_text("edited")
    (out / "shared" / "customers.json").unlink()
    result = build(provider, out)
    assert numbers(result) == (4, 2, 0)
    assert (result.added, result.changed) == (1, 4)
    assert contents(out) == before


def test_a_lost_or_broken_index_costs_time_and_nothing_else(provider: Path, out: Path) -> None:
    build(provider, out)
    before = contents(out)
    (out / index.FILE).write_bytes(b"rubbish")
    result = build(provider, out)
    assert numbers(result) == (0, 6, 0)
    assert (result.added, result.changed, result.removed) == (0, 0, 0)
    assert contents(out) == before


def test_files_of_others_stay(provider: Path, out: Path) -> None:
    build(provider, out)
    mine = [out / "shared" / "secrets" / "key", out / "shared" / "customers" / "school" / "notes" / "mine"]
    for path in mine:
        path.parent.mkdir()
        path.write_text("kept")
    change(provider / "customers" / "school.yml", "Ida Vane", "Ida Vale")
    build(provider, out)
    assert [path.read_text() for path in mine] == ["kept", "kept"]


# --- Walls ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", [b"\xff\xfe", b"organisation: [", b"", b"platform: shared\nprofiles: [none]\n", b"- a\n", b"\x00"]
)
def test_a_broken_customer_keeps_its_last_build_and_stops_nobody(provider: Path, out: Path, text: bytes) -> None:
    build(provider, out)
    before = contents(out)
    file = provider / "customers" / "school.yml"
    good = file.read_bytes()
    file.write_bytes(text)
    change(provider / "customers" / "trust.yml", "Mark.Poole@riverside.ac.uk", "Mark.Pool@riverside.ac.uk")
    for _ in range(2):
        result = build(provider, out)
        assert result.failed == 1
        assert result.status == 1
        assert str(file) in {finding.where.file for finding in result.findings if finding.where}
    after = contents(out)
    assert {path for path in before if before[path] != after[path]} >= {"shared/customers/trust/mail.tables"}
    for path in before:
        assert before[path] == after[path] or path.startswith(("shared/customers/trust/", "shared/customers.json"))
    file.write_bytes(good)
    _settle(provider)
    assert numbers(build(provider, out)) == (0, 6, 0)


def test_a_customer_that_was_never_good_is_not_there(provider: Path, out: Path) -> None:
    (provider / "customers" / "school.yml").write_text("platform: shared\n")
    result = build(provider, out)
    assert numbers(result) == (5, 0, 1)
    assert not (out / "shared" / "customers" / "school").exists()
    assert "school" not in json.loads((out / "shared" / "customers.json").read_text())


def test_only_when_nothing_can_be_used_the_status_is_2(provider: Path, out: Path) -> None:
    for path in (provider / "customers").glob("*.yml"):
        path.write_text("platform: shared\n")
    assert build(provider, out).status == 2
    customer(provider, "bede")
    assert build(provider, out).status == 1
    (provider / "provider.yml").write_text("\xff")
    assert build(provider, out).status == 2


def test_a_broken_platform_keeps_all_of_its_customers(provider: Path, out: Path) -> None:
    build(provider, out)
    before = contents(out)
    change(provider / "platforms" / "shared.yml", "os: debian-13, functions: [mx]", "os: debian-9, functions: [mx]")
    result = build(provider, out)
    assert result.failed == 5
    assert result.status == 1
    assert contents(out) == before


def test_a_domain_is_whose_it_was_and_a_newcomer_is_refused(provider: Path, out: Path) -> None:
    customer(provider, "bede")
    _settle(provider)
    build(provider, out)
    before = contents(out)
    path = customer(provider, "abad")
    path.write_text(path.read_text().replace("abad.ac.uk", "bede.ac.uk"))
    for only in ("", "abad"):
        result = build(provider, out, only=only)
        assert result.failed == 1
        assert "customer.claimed-twice" in ids(result)
        assert contents(out) == before
    assert build(provider, out, only="bede").failed == 0


def test_a_domain_that_is_new_to_both_is_nobodys(provider: Path, out: Path) -> None:
    for id_ in ("abad", "bede"):
        path = customer(provider, id_)
        path.write_text(path.read_text().replace("abad.ac.uk", "bede.ac.uk"))
    result = build(provider, out)
    assert numbers(result) == (6, 0, 2)
    assert not (out / "shared" / "customers" / "abad").exists()
    assert not (out / "shared" / "customers" / "bede").exists()


def test_a_customer_cannot_have_the_platforms_domain_or_a_project_in_its_folder(provider: Path, out: Path) -> None:
    path = customer(provider, "bede")
    path.write_text(path.read_text().replace("bede.ac.uk", "hosting.example"))
    assert numbers(build(provider, out)) == (6, 0, 1)


def test_a_secret_of_another_is_refused_by_a_build_as_by_a_check(provider: Path, out: Path) -> None:
    build(provider, out)
    before = contents(out)
    institute = provider / "customers" / "institute.yml"
    institute.write_text(institute.read_text() + "store: {passwords: secrets/college/passwords}\n")
    for only in ("", "institute"):
        result = build(provider, out, only=only)
        assert result.failed == 1
        assert "customer.same-secret" in ids(result)
        assert contents(out) == before
    change(institute, "secrets/college/passwords", "secrets/institute/passwords")
    assert build(provider, out).failed == 0


def test_a_key_that_the_platform_has_too_is_refused(provider: Path, out: Path) -> None:
    change(provider / "platforms" / "shared.yml", "secrets/hosting.example.dkim", "secrets/trust/dkim.key")
    result = build(provider, out)
    assert result.failed == 1
    assert "customer.same-secret" in ids(result)
    assert not (out / "shared" / "customers" / "trust").exists()


def test_a_key_of_the_platform_goes_to_no_customers_own_hosts(provider: Path, out: Path) -> None:
    institute = provider / "customers" / "institute.yml"
    institute.write_text(institute.read_text() + "tls: {key: secrets/mail.hosting.example.key}\n")
    result = build(provider, out)
    assert result.failed == 1
    assert "customer.same-secret" in ids(result)
    assert not (out / "institute.ac.uk").exists()


def test_a_platform_called_as_a_customers_domain_has_that_folder(provider: Path, out: Path) -> None:
    change(provider / "provider.yml", "  shared: platforms", "  institute.ac.uk: platforms")
    for path in (provider / "customers").glob("*.yml"):
        path.write_text(path.read_text().replace("platform: shared", "platform: institute.ac.uk"))
    result = build(provider, out)
    assert "customer.claimed-twice" in ids(result)
    assert result.failed == 1


def test_an_id_is_whose_it_was(provider: Path, out: Path) -> None:
    customer(provider, "bede")
    _settle(provider)
    build(provider, out)
    before = contents(out)
    path = customer(provider, "abad")
    path.write_text("customer: bede\n" + path.read_text())
    for only in ("", "abad"):
        result = build(provider, out, only=only)
        assert result.failed == 1
        assert "customer.same-id" in ids(result)
        assert contents(out) == before


def test_a_file_may_get_another_name_when_the_id_is_said(provider: Path, out: Path) -> None:
    build(provider, out)
    before = contents(out)
    old = provider / "customers" / "harbour.yml"
    (provider / "customers" / "port.yml").write_text("customer: harbour\n" + old.read_text())
    old.unlink()
    result = build(provider, out)
    assert numbers(result) == (1, 5, 0)  # its manifest names the file
    assert "provider.vanished" not in ids(result)
    assert {path for path, data in contents(out).items() if data != before[path]} >= {
        "shared/customers/harbour/MANIFEST.json"
    }


# --- One alone --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("only", ["school", "hill.sch.uk"])
def test_one_alone_reads_nothing_of_the_others(provider: Path, out: Path, only: str) -> None:
    build(provider, out)
    for path in (provider / "customers").iterdir():
        if path.name not in ("school.yml", "school"):
            shutil.rmtree(path) if path.is_dir() else path.write_bytes(b"\xff")
    shutil.rmtree(out / "shared" / "customers" / "trust")
    listed = json.loads((out / "shared" / "customers.json").read_text())
    change(provider / "customers" / "school.yml", "Ida Vane", "Ida Vale")
    result = build(provider, out, only=only)
    assert numbers(result) == (1, 0, 0)
    assert json.loads((out / "shared" / "customers.json").read_text()).keys() == listed.keys()
    assert not (out / "shared" / "customers" / "trust").exists()


def test_one_alone_can_be_the_first(provider: Path, out: Path) -> None:
    assert numbers(build(provider, out, only="school")) == (1, 0, 0)
    assert numbers(build(provider, out)) == (5, 1, 0)


@pytest.mark.parametrize("only", ["nobody", "nobody.ac.uk", "../provider", "college/people"])
def test_a_name_that_nobody_has_is_refused(provider: Path, out: Path, only: str) -> None:
    with pytest.raises(NoCustomerError):
        build(provider, out, only=only)


# --- Leaving ----------------------------------------------------------------------------------------------------


def test_a_file_that_is_gone_never_takes_a_customer_away(provider: Path, out: Path) -> None:
    build(provider, out)
    before = contents(out)
    (provider / "customers" / "school.yml").unlink()
    for _ in range(2):
        result = build(provider, out)
        assert "provider.vanished" in ids(result)
        assert result.status == 1
        assert contents(out) == before


def test_a_customer_that_is_over_may_go_with_its_file(provider: Path, out: Path) -> None:
    build(provider, out)
    (provider / "customers" / "abbey.yml").unlink()
    last = date(2027, 9, 30)
    assert "provider.vanished" in ids(build(provider, out, last))
    assert (out / "shared" / "customers" / "abbey").exists()
    result = build(provider, out, last + timedelta(days=1))
    assert "provider.vanished" not in ids(result)
    (remark,) = result.remarks
    assert remark.startswith("abbey is over since 2027-09-30")
    assert result.removed > 10
    assert not (out / "shared" / "customers" / "abbey").exists()
    assert "abbey" not in json.loads((out / "shared" / "customers.json").read_text())
    assert build(provider, out, last + timedelta(days=1)).remarks == []


def test_what_somebody_put_beside_a_customer_that_is_over_is_left(provider: Path, out: Path) -> None:
    build(provider, out)
    (provider / "customers" / "abbey.yml").unlink()
    mine = out / "shared" / "customers" / "abbey" / "mine"
    mine.write_text("kept")
    result = build(provider, out, date(2028, 1, 1))
    assert mine.read_text() == "kept"
    assert any("no build wrote" in remark for remark in result.remarks)
    assert "abbey" not in json.loads((out / "shared" / "customers.json").read_text())


def test_states_follow_the_day(provider: Path, out: Path) -> None:
    for day, state in (
        (date(2027, 3, 31), "active"), (date(2027, 4, 1), "stopped"), (date(2027, 7, 1), "closed"),
        (date(2027, 10, 1), "over"),
    ):  # fmt: skip
        build(provider, out, day)
        assert json.loads((out / "shared" / "customers.json").read_text())["abbey"]["state"] == state
        assert f"state {state}\n" in (out / "shared" / "customers" / "abbey" / "mail.tables").read_text()
    assert sorted(path.name for path in (out / "shared" / "customers" / "abbey").iterdir()) == [
        manifest.NAME, "mail.tables",
    ]  # fmt: skip


def test_another_platform_takes_the_customer_with_it(provider: Path, out: Path) -> None:
    second = (provider / "platforms" / "shared.yml").read_text().replace("hosting.example", "hosting2.example")
    (provider / "platforms" / "second.yml").write_text(second)
    change(provider / "provider.yml", "  shared: platforms/shared.yml\n",
           "  shared: platforms/shared.yml\n  second: platforms/second.yml\n")  # fmt: skip
    build(provider, out)
    change(provider / "customers" / "school.yml", "platform: shared", "platform: second")
    result = build(provider, out)
    assert result.failed == 0
    assert any("school is in second/customers/school now" in remark for remark in result.remarks)
    assert not (out / "shared" / "customers" / "school").exists()
    assert "school" in json.loads((out / "second" / "customers.json").read_text())
    assert "school" not in json.loads((out / "shared" / "customers.json").read_text())


# --- Days -------------------------------------------------------------------------------------------------------


def test_a_verdict_holds_on_all_days_that_it_is_said_to_hold(tmp_path: Path) -> None:
    provider = copied(tmp_path)
    path = customer(
        provider, "bede",
        "internal_domains: {in.bede.ac.uk: {published: bede.ac.uk, until: 2026-12-20}}\n"
        "published: {privacy: {url: 'https://bede.ac.uk/p', reviewed: 2025-12-10}}\n"
        "waivers: {AUDIT-6: {reason: soon, owner: Ann Ash, until: 2026-12-15}}\n"
        "attestations: {ROLE-3: {statement: it is read, owner: Ann Ash, date: 2025-12-05}}\n"
        "leaving: {stop: 2026-12-08, mail_until: 2026-12-18, logs_until: 2026-12-28}\n",
    )  # fmt: skip
    one = judged(path)
    assert one.site is not None, one.findings
    site, leaving = one.site, one.head.leaving
    assert leaving is not None

    def verdict(day: date) -> tuple[str, tuple[Finding, ...]]:
        return leaving.state(day), evaluate(site, day)

    spans = set()
    for number in range(-400, 60):
        day = TODAY + timedelta(days=number)
        since, until = days.around(site, leaving, day)
        assert (since or day) <= day <= (until or day)
        for other in (since, until):
            assert other is None or verdict(other) == verdict(day), (day, other)
        spans.add((since, until))
    assert len(spans) > 8


def test_the_next_day_makes_those_whose_verdict_may_change(
    provider: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = build(provider, out)
    with made_counted(monkeypatch) as made:
        build(provider, out, TODAY + timedelta(days=1))
        assert made == []
        result = build(provider, out, date(2027, 9, 15))  # a year and a day after the college's word was given
    assert sorted(made) == ["abbey", "college"]
    assert set(result.findings) > set(first.findings)


# --- Interrupted ------------------------------------------------------------------------------------------------


def test_two_builds_at_once_are_refused(provider: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_PATIENCE", 0.1)
    out.mkdir()
    with (out / engine.LOCK).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(BusyError, match="Another build"):
            build(provider, out)
    assert numbers(build(provider, out)) == (6, 0, 0)


def _edit_all(provider: Path) -> None:
    path = provider / "provider.yml"
    path.write_text(path.read_text().replace("within four hours", "within nine hours"))


@pytest.mark.parametrize("after", [0, 1, 3, 6])  # of seven files
def test_a_full_disk_leaves_all_as_it_was(
    provider: Path, out: Path, after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(provider, out)
    before = contents(out)
    _edit_all(provider)
    real, left = staging._write, [after]

    def full(file: str, data: bytes, mode: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, "No space left on device", file)
        real(file, data, mode)

    with monkeypatch.context() as patch:
        patch.setattr(staging, "_write", full)
        with pytest.raises(OSError, match="No space left"):
            build(provider, out)
        assert contents(out) == before
        assert not (out / engine.STAGED).exists()
    assert build(provider, out).failed == 0
    assert b"nine hours" in contents(out)["shared/customers/harbour/documents/agreement.html"]


def whole(out: Path) -> bool:
    """Whether each customer that is there is what its manifest says, to the last byte."""
    import hashlib

    for listed in out.glob("*/customers/*/MANIFEST.json"):
        files = json.loads(listed.read_bytes())["files"]
        there = {
            path.relative_to(listed.parent).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in listed.parent.rglob("*")
            if path.is_file() and path != listed
        }
        if there != files:
            return False
    return all(
        (folder / manifest.NAME).exists() for folder in out.glob("*/customers/*") if not folder.name.startswith(".")
    )


@pytest.mark.slow
def test_a_build_that_is_killed_leaves_whole_customers_and_the_next_one_is_right(
    provider: Path, tmp_path: Path
) -> None:
    for number in range(12):
        customer(provider, f"bede{number}")
    _settle(provider)
    build(provider, tmp_path / "right")
    _edit_all(provider)
    began = time.monotonic()
    build(provider, tmp_path / "right")
    long = time.monotonic() - began
    right = contents(tmp_path / "right")
    program = (
        "import sys; from pathlib import Path; from datetime import date; from mailwright.provider.build import "
        "build; print('go', flush=True); build(Path(sys.argv[1]), Path(sys.argv[2]), date(2026, 12, 1), '', 2)"
    )
    chance = random.Random(7)  # noqa: S311 - moments, no secrets
    out = tmp_path / "build"
    for _ in range(8):
        shutil.rmtree(out, ignore_errors=True)
        change(provider / "provider.yml", "within nine hours", "within four hours")
        if chance.random() < 0.7:
            build(provider, out)
        _edit_all(provider)
        with subprocess.Popen(
            [sys.executable, "-c", program, str(provider), str(out)], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(chance.random() * long * 1.5)
            process.send_signal(signal.SIGKILL)
        assert whole(out)
        assert build(provider, out).failed == 0
        assert contents(out) == right
        assert not (out / engine.STAGED).exists()


def test_statuses_of_what_is_told(provider: Path, out: Path) -> None:
    result = build(provider, out)
    assert all(finding.status not in (Status.PASS, Status.ATTESTED) for finding in result.findings)
    assert os.path.isfile(out / index.FILE)  # noqa: PTH113
