"""Customers' files that are no files, and customers at which this program itself fails: nobody else's loss."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner

from mailwright.cli import new_customer
from mailwright.findings import Finding
from mailwright.provider import build as engine
from mailwright.provider import build_one, index
from mailwright.provider import judge as judging
from mailwright.provider.model import Provider
from mailwright.provider.platform import Shared
from mailwright.provider.survey import survey
from support.provider_folder import TODAY, copied, customer

SHARED = ["abbey", "college", "harbour", "school", "trust"]


@pytest.fixture
def provider(tmp_path: Path) -> Path:
    return copied(tmp_path)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "build"


@contextmanager
def not_for_ever() -> Iterator[None]:
    """What waits for a pipe ends as a failure of the test, rather than never."""
    signal.alarm(60)
    try:
        yield
    finally:
        signal.alarm(0)


def said(findings: tuple[Finding, ...], name: str) -> list[str]:
    return [one.id for one in findings if one.where is not None and one.where.file.endswith(name) and one.fails]


def built(out: Path) -> list[str]:
    return sorted(path.name for path in (out / "shared" / "customers").iterdir())


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_pipe_among_customers_stops_nobody(provider: Path, out: Path, jobs: int) -> None:
    os.mkfifo(provider / "customers" / "evil.yml")
    with not_for_ever():
        result = engine.build(provider, out, TODAY, jobs=jobs)
    assert said(result.findings, "evil.yml") == ["source.not-a-file"]
    assert (result.built, result.failed) == (6, 1)
    assert built(out) == SHARED


def test_a_link_to_a_device_among_customers_stops_nobody(provider: Path, out: Path) -> None:
    (provider / "customers" / "evil.yml").symlink_to("/dev/zero")
    with not_for_ever():
        result = engine.build(provider, out, TODAY)
    assert said(result.findings, "evil.yml") == ["source.outside"]
    assert (result.built, result.failed) == (6, 1)


@pytest.mark.parametrize("kind", ["pipe", "device", "outside"])
def test_a_customers_file_that_becomes_one_keeps_its_last_build(provider: Path, out: Path, kind: str) -> None:
    engine.build(provider, out, TODAY)
    file = provider / "customers" / "harbour.yml"
    elsewhere = provider.parent / "elsewhere.yml"
    elsewhere.write_bytes(file.read_bytes())  # the very same text: what counts is where it is
    file.unlink()
    if kind == "pipe":
        os.mkfifo(file)
    else:
        file.symlink_to("/dev/zero" if kind == "device" else elsewhere)
    with not_for_ever():
        result = engine.build(provider, out, TODAY)
    assert result.failed == 1
    assert built(out) == SHARED


def test_only_what_readers_take_is_looked_into(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "link").symlink_to("/dev/zero")
    (tmp_path / "file").write_text("one\n")
    assert index.octets(f"{tmp_path}/file") == b"one\n"
    with not_for_ever():
        for name in ("pipe", "link"):
            with pytest.raises(OSError, match=name):
                index.octets(f"{tmp_path}/{name}")
            assert index.taken(str(tmp_path), (name,), b"", 0).content == b""


def broken_for(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    real = judging.read_customer

    def read(provider: Provider, platforms: Mapping[str, Shared], path: Path) -> judging.Customer:
        if path.stem == name:
            raise RecursionError("too deep for this")
        return real(provider, platforms, path)

    monkeypatch.setattr(judging, "read_customer", read)


def test_a_fault_of_the_program_is_one_customers_finding(
    provider: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken_for("harbour", monkeypatch)
    result = engine.build(provider, out, TODAY)
    (found,) = [one for one in result.findings if one.id == "customer.fault"]
    assert "RecursionError: too deep for this" in found.message
    assert "makers" in found.fix
    assert (result.built, result.failed) == (5, 1)
    checked = survey(provider, TODAY)
    assert said(checked.findings, "harbour.yml") == ["customer.fault"]
    assert checked.customers == 6


def test_so_is_one_that_shows_when_its_files_are_made(
    provider: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = build_one.fragment.row

    def row(plan: object, head: build_one.Head, *rest: object) -> bytes:
        if head.id == "harbour":
            raise KeyError("no such thing")
        return real(plan, head, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(build_one.fragment, "row", row)
    result = engine.build(provider, out, date(2026, 12, 1))
    assert said(result.findings, "harbour.yml") == ["customer.fault"]
    assert (result.built, result.failed) == (5, 1)


def test_a_full_disk_is_still_everybodys(provider: Path, out: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def stage(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(build_one.staging, "stage", stage)
    with pytest.raises(OSError, match="No space"):
        engine.build(provider, out, TODAY)


def test_a_new_customer_waits_for_no_pipe(provider: Path) -> None:
    os.mkfifo(provider / "customers" / "evil.yml")
    with not_for_ever():
        result = CliRunner().invoke(new_customer.command, [
            str(provider), "--domain", "bede.ac.uk", "--name", "Bede", "--platform", "shared",
            "--contact", "Ann Ash, aash, +44 1632 960901", "--contact", "Bob Birch, bbirch, +44 1632 960902",
        ])  # fmt: skip
    assert result.exit_code == 0, result.output


TWO_STORES = """\
networks: {campus: [203.0.113.128/25], management: [203.0.113.240/28]}
hosts:
  mail.bede.ac.uk: {addresses: [203.0.113.130], os: debian-13}
  mail2.bede.ac.uk: {addresses: [203.0.113.131], os: debian-13, functions: [store]}
"""


def test_who_is_on_which_store_is_remembered_beside_the_customer_and_nowhere_else(
    provider: Path, out: Path
) -> None:
    """What is in a customer's folder may be a link to a file of somebody else's."""
    customer(provider, "bede", TWO_STORES, without="platform: shared")
    folder, other = provider / "customers" / "bede", provider.parent / "other"
    folder.mkdir()
    other.write_text("another's")
    (folder / "stores.csv.new").symlink_to(other)
    result = engine.build(provider, out, TODAY)
    assert result.failed == 0, result.findings
    assert other.read_text() == "another's"
    assert [path.name for path in folder.iterdir()] == ["stores.csv"]
    text = (folder / "stores.csv").read_text()
    assert text.startswith("login,store\naa1,mail")
    assert not (folder / "stores.csv").is_symlink()
    assert (out / "bede.ac.uk" / "description" / "stores.csv").read_text() == text


@pytest.mark.parametrize("name", ["shared.platform", "shared.list", "0.gone"])
@pytest.mark.parametrize("whose", ["harbour", "institute"])
def test_a_file_called_as_something_of_the_build_stops_nobody(
    provider: Path, out: Path, name: str, whose: str
) -> None:
    file = provider / "customers" / f"{whose}.yml"
    text = f"customer: {whose}\n{file.read_text(encoding='utf-8')}"
    file.rename(file.with_name(f"{name}.yml")).write_text(text, encoding="utf-8")
    assert engine.build(provider, out, TODAY).built == 6
    assert built(out) == SHARED
    assert not (out / "shared" / "mail.tables").exists()


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_file_whose_name_is_no_text_stops_nobody(provider: Path, out: Path, jobs: int) -> None:
    file = provider / "customers" / "abbey.yml"
    file.rename(file.with_name(os.fsdecode(b"\xff.yml")))
    result = engine.build(provider, out, TODAY, jobs=jobs)
    assert said(result.findings, "\\xff.yml") == ["provider.name"]
    assert result.built == 5
    found = survey(provider, TODAY, jobs=jobs)
    assert said(found.findings, "\\xff.yml") == ["provider.name"]
    assert (found.customers, found.status) == (5, 2)


@pytest.mark.parametrize("whose", ["college.yml", "college/people.csv"])
@pytest.mark.parametrize("jobs", [1, 2])
def test_a_file_that_is_taken_away_while_it_is_read_stops_nobody(
    provider: Path, out: Path, monkeypatch: pytest.MonkeyPatch, whose: str, jobs: int
) -> None:
    real = build_one.judge
    gone = provider / "customers" / whose
    id_ = whose.partition("/")[0].removesuffix(".yml")

    def judge(provider_: Provider, platforms: Mapping[str, Shared], path: Path, today: date) -> judging.Judged:
        judged = real(provider_, platforms, path, today)
        if path.stem == id_:
            gone.unlink()
        return judged

    monkeypatch.setattr(build_one, "judge", judge)
    result = engine.build(provider, out, TODAY, jobs=jobs)
    assert said(result.findings, whose) == ["source.changed"]
    assert (result.built, result.failed) == (5, 1)
