"""The verb: exit statuses, every format, evidence, and what it says of what it did not ask."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from ipaddress import ip_address
from pathlib import Path
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from mailwright import plan
from mailwright.audit import live, stand
from mailwright.audit.live import Live
from mailwright.audit.model import Context, Observation, Probe
from mailwright.cli import audit
from mailwright.report.evidence import from_json
from support.example import EXAMPLE, load_example

HOSTILE = "<script>alert(1)</script>\x1b[2J\n\u202e"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(audit.command, [str(EXAMPLE), *arguments], standalone_mode=False)


def status(result: Result) -> int:
    """As the process would end."""
    if result.exception is not None:
        return int(getattr(result.exception, "exit_code", -1))
    return int(result.return_value)


def probe(id_: str, ok: bool | None, seen: str = "220 hello") -> Probe:
    return Probe(
        id_, ("RELAY-2",), "outside", f"Title of {id_}", lambda _context: iter((Observation("what", seen, ok),))
    )


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let an audit have these probes, and no network."""

    def make(*probes: Probe) -> None:
        @contextmanager
        def held(*_arguments: object) -> Iterator[Live]:
            alone = (probe("away.guessing", None), probe("outage.one", None))
            context = Context(plan.make(load_example()), ("127.0.0.1",), {}, None, None, (), named=frozenset())
            yield Live(
                context, probes, {"inside": 4, "host": 7}, alone, (ip_address("203.0.113.66"),), ("a remark",)
            )

        monkeypatch.setattr(live, "held", held)
        monkeypatch.setattr(live, "asked", lambda *_arguments: probes)

    return make


def test_all_well(asking: Callable[..., None]) -> None:
    asking(probe("relay.a", True), probe("store.b", True))
    result = run()
    assert status(result) == 0
    assert "2 checks: 2 passed, 0 failed, 0 not proven" in result.stdout
    assert "Relaying" in result.stdout
    assert "2 checks are for rehearsals alone" in result.stdout
    assert "away.guessing, outage.one" in result.stdout
    assert "7 checks need --vantage host" in result.stdout
    assert "a remark" in result.stdout
    assert "220 hello" not in result.stdout  # evidence is for those that did not pass
    assert "Title of relay.a" in result.stderr


@pytest.mark.parametrize(("ok", "word"), [(False, "FAIL"), (None, "not proven")])
def test_what_fails_or_is_open_is_told_with_its_evidence(
    asking: Callable[..., None], ok: bool | None, word: str
) -> None:
    asking(probe("relay.a", ok, HOSTILE), probe("store.b", True))
    result = run()
    assert status(result) == 1
    assert word in result.stdout
    assert "<script>" in result.stdout
    assert "\x1b" not in result.stdout
    assert "\u202e" not in result.stdout
    assert "RELAY-2 (MUST)" in result.stdout


def test_only_some(asking: Callable[..., None]) -> None:
    asking(probe("relay.a", True), probe("relay.b", True), probe("store.c", False))
    assert status(run("--only", "relay")) == 0
    assert "1 checks" in run("--only", "relay.b").stdout
    assert status(run("--only", "store.c", "--only", "relay.a")) == 1
    refused = run("--only", "rel")
    assert status(refused) == 2
    assert "relay, store" in str(refused.exception)


def test_for_programs(asking: Callable[..., None]) -> None:
    asking(probe("relay.a", False, HOSTILE))
    found = json.loads(run("--format", "json").stdout)
    assert [item["status"] for item in found["findings"]] == ["fail"]
    assert json.loads(run("--format", "sarif").stdout)["runs"][0]["results"][0]["ruleId"] == "relay.a"
    assert ElementTree.fromstring(run("--format", "junit").stdout).attrib["failures"] == "1"  # noqa: S314 - ours


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def test_for_people(asking: Callable[..., None]) -> None:
    asking(probe("relay.a", False, HOSTILE), probe("store.b", True))
    page = Page(run("--format", "html").stdout)
    shown = "".join(page.texts)
    assert not {"script", "link", "img", "iframe", "form", "a"}.intersection(page.tags)
    for text in ("<script>alert(1)</script>", "relay.a", "203.0.113.66", "College of Example", "FAIL", "a remark"):
        assert text in shown
    assert "\x1b" not in shown


def test_evidence_is_kept(asking: Callable[..., None], tmp_path: Path) -> None:
    asking(probe("relay.a", False, HOSTILE))
    path = tmp_path / "evidence.json"
    assert status(run("--out", str(path))) == 1
    kept = from_json(path.read_text(encoding="utf-8"))
    assert (kept.kind, kept.vantages, kept.addresses) == ("audit", ("outside",), ("203.0.113.66",))
    assert (kept.domain, kept.complete) == ("college.ac.uk", True)
    assert [finding.id for finding in kept.findings] == ["relay.a"]
    assert os.listdir(tmp_path) == ["evidence.json"]  # noqa: PTH208 - hidden ones too


def test_evidence_that_cannot_be_written(asking: Callable[..., None], tmp_path: Path) -> None:
    asking(probe("relay.a", True))
    result = run("--out", str(tmp_path / "no" / "evidence.json"))
    assert status(result) == 2
    assert "No such file or directory" in str(result.exception)
    assert not result.output  # nothing was asked


@pytest.mark.parametrize("name", ["x" * 300, "file/evidence.json", "x" * 300 + "/evidence.json", "pipe"])
def test_a_name_that_cannot_be_is_refused_before_anything_is_asked(
    asking: Callable[..., None], tmp_path: Path, name: str
) -> None:
    (tmp_path / "file").touch()
    os.mkfifo(tmp_path / "pipe")
    asking(probe("relay.a", True))
    result = run("--out", str(tmp_path / name))
    assert status(result) == 2
    assert not result.stdout


def test_a_name_may_be_as_long_as_names_may_be(asking: Callable[..., None], tmp_path: Path) -> None:
    asking(probe("relay.a", True))
    assert status(run("--out", str(tmp_path / ("x" * 255)))) == 0
    assert [len(path.name) for path in tmp_path.iterdir()] == [255]


def test_results_are_shown_though_the_folder_went_meanwhile(asking: Callable[..., None], tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()

    def removing(_context: Context) -> Iterator[Observation]:
        folder.rmdir()
        yield Observation("what", "seen", True)

    asking(Probe("relay.a", ("RELAY-2",), "outside", "Title", removing))
    result = run("--out", str(folder / "evidence.json"))
    assert status(result) == 3
    assert "1 checks: 1 passed" in result.stdout
    assert "evidence" in str(result.exception)


def test_evidence_is_kept_though_nobody_reads(
    asking: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_arguments: object) -> None:
        raise BrokenPipeError

    asking(probe("relay.a", True))
    monkeypatch.setattr(audit, "_show", gone)
    assert isinstance(run("--out", str(tmp_path / "evidence.json")).exception, BrokenPipeError)
    assert from_json((tmp_path / "evidence.json").read_text(encoding="utf-8")).complete


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_interrupted_it_prints_what_it_has(
    asking: Callable[..., None], tmp_path: Path, number: signal.Signals
) -> None:
    before = signal.getsignal(signal.SIGTERM)

    def interrupting(_context: Context) -> Iterator[Observation]:
        time.sleep(1)  # the first one is through by then
        os.kill(os.getpid(), number)
        time.sleep(30)
        yield Observation("what", "too late", True)

    asking(probe("relay.a", True), Probe("relay.b", ("RELAY-2",), "outside", "Title", interrupting))
    path = tmp_path / "evidence.json"
    started = time.monotonic()
    result = run("--out", str(path))
    assert time.monotonic() - started < 15
    assert status(result) == 130
    assert "2 checks: 1 passed, 0 failed, 1 not proven" in result.stdout
    assert "interrupted" in result.stdout
    assert not from_json(path.read_text(encoding="utf-8")).complete
    assert signal.getsignal(signal.SIGTERM) == before


def test_its_time_is_bounded(asking: Callable[..., None]) -> None:
    def hanging(_context: Context) -> Iterator[Observation]:
        time.sleep(30)
        yield Observation("what", "too late", True)

    asking(probe("relay.a", True), Probe("relay.b", ("RELAY-2",), "outside", "Title", hanging))
    started = time.monotonic()
    result = run("--limit", "1")
    assert time.monotonic() - started < 15
    assert status(result) == 1
    assert "no time left" in result.stdout


def test_a_limit_is_a_number(asking: Callable[..., None]) -> None:
    asking(probe("relay.a", True))
    assert status(run("--limit", "nan")) == 2
    assert status(run("--limit", "inf")) == 0


def test_a_check_that_is_none_is_refused_before_anything_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[object] = []
    monkeypatch.setattr(live, "held", lambda *arguments: opened.append(arguments))
    result = run("--only", "relya")
    assert status(result) == 2
    assert "no check from here is called relya: " in str(result.exception)
    assert not opened


def test_a_description_that_cannot_be_used(tmp_path: Path) -> None:
    site = tmp_path / "site.yml"
    site.write_text("organisation: [\n", encoding="utf-8")
    result = CliRunner().invoke(audit.command, [str(site)], standalone_mode=False)
    assert status(result) == 2


def test_a_password_that_cannot_be_read_is_said_with_its_place(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLE.parent, tmp_path, dirs_exist_ok=True)
    site = tmp_path / "site.yml"
    text = site.read_text(encoding="utf-8").partition("\naudit:")[0]
    mailbox = "{login: rl204, address: Rosa.Luxemburg@college.ac.uk, password: secrets/nowhere}"
    site.write_text(f"{text}\naudit:\n  mailboxes:\n    - {mailbox}\n", encoding="utf-8")
    result = CliRunner().invoke(audit.command, [str(site)], standalone_mode=False)
    assert status(result) == 2
    assert "secrets/nowhere" in result.stdout
    assert "site.yml:" in result.stdout


def test_without_a_road_it_is_not_held(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stand, "ways", lambda _plan: {})
    result = run("--resolver", "127.0.0.1")
    assert status(result) == 3
    assert "no road" in str(result.exception)


def test_a_resolver_is_an_address() -> None:
    assert status(run("--resolver", "dns.example")) == 2


def test_help_says_what_is_sent_and_from_where() -> None:
    words = " ".join(CliRunner().invoke(audit.command, ["--help"]).output.split())
    for text in (
        "Nothing is changed",
        "outside",
        "inside",
        "by ssh",
        "to nobody else",
        "X-Mailwright-Audit",
        "130",
    ):
        assert text in words
