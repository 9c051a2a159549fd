"""The verb: silence, exit statuses, formats, and what it refuses before it asks anybody."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner, Result

from mailwright.audit import live
from mailwright.audit.model import UnavailableError
from mailwright.audit.ssh import NoSshError
from mailwright.cli import drift
from mailwright.drift.host_program import MARK
from support.drifting import as_built, hosts
from support.example import EXAMPLE, ROOT

SPLIT = ROOT / "inventories" / "split" / "site.yml"
MAIN = "/etc/postfix/main.cf"


def run(*arguments: str, site: Path = EXAMPLE) -> Result:
    return CliRunner().invoke(drift.command, [str(site), *arguments], standalone_mode=False)


def status(result: Result) -> int:
    """As the process would end."""
    if result.exception is not None:
        return int(getattr(result.exception, "exit_code", -1))
    return int(result.return_value)


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Let hosts answer this, None: as they were built; a string: they cannot be reached. Who was asked."""

    def make(answers: dict[str, Any] | None = None, site: str = "example") -> list[str]:
        names: list[str] = []
        built = {one.name: one for one in hosts(site)}

        def talk(host: str, *argv: str, given: bytes, timeout: float, most: int) -> tuple[int, bytes]:
            assert argv == ("/usr/bin/python3", "-I", "-")
            assert MARK.encode() in given
            names.append(host)
            value = (answers or {}).get(host)
            if isinstance(value, str):
                raise UnavailableError(value)
            return 0, (MARK + json.dumps(value or as_built(built[host])) + "\n").encode()

        @contextmanager
        def shell(*_arguments: object) -> Iterator[object]:
            yield SimpleNamespace(talk=talk)

        monkeypatch.setattr(live, "shell", shell)
        return names

    return make


def edited() -> dict[str, Any]:
    value = as_built()
    value["files"][MAIN].update(sha256="e" * 64, text="relayhost = x\n")
    return value


def test_silence_where_nothing_differs(answering: Callable[..., list[str]]) -> None:
    answering()
    result = run()
    assert status(result) == 0
    assert result.stdout == ""
    assert result.stderr == ""


def test_an_edit_is_named(answering: Callable[..., list[str]]) -> None:
    answering({"mail.college.ac.uk": edited()})
    result = run()
    assert status(result) == 1
    first, *_, last = result.stdout.splitlines()
    assert first == (
        "mail.college.ac.uk: MUST drift.edited /etc/postfix/main.cf was edited by hand since the last apply"
    )
    assert last == "1 to mend"
    assert "relayhost = x" not in result.stdout
    assert "+relayhost = x" in run("--diff").stdout


def test_a_host_that_cannot_be_asked_has_a_status_of_its_own(answering: Callable[..., list[str]]) -> None:
    answering({"mail.college.ac.uk": "ssh to mail.college.ac.uk: Connection refused"})
    result = run()
    assert status(result) == 3
    assert "MUST (not-proven) drift.unreachable" in result.stdout
    assert "Connection refused" in result.stdout


def test_drift_goes_before_a_host_that_cannot_be_asked(answering: Callable[..., list[str]]) -> None:
    split = hosts("split")
    value = as_built(split[0])
    path = next(path for path, file in split[0].files.items() if not file.secret)
    value["files"][path] = {"kind": "absent"}
    answering({split[0].name: value, split[1].name: "ssh: no"}, "split")
    result = run(site=SPLIT)
    assert status(result) == 1
    assert [line.partition(":")[0] for line in result.stdout.splitlines() if ": MUST" in line] == [
        split[0].name,
        split[1].name,
    ]
    assert "1 to mend, 1 not proven" in result.stdout


def test_one_host_alone(answering: Callable[..., list[str]]) -> None:
    asked = answering(site="split")
    name = hosts("split")[2].name
    assert status(run("--limit", name, site=SPLIT)) == 0
    assert asked == [name]


def test_a_host_that_is_not_described(answering: Callable[..., list[str]]) -> None:
    asked = answering()
    result = run("--limit", "nobody.example")
    assert status(result) == 2
    assert "no host is called nobody.example: mail.college.ac.uk" in str(result.exception)
    assert asked == []


@pytest.mark.parametrize("text", ["nothing: here\n", "", None])
def test_a_description_that_cannot_be_used(
    answering: Callable[..., list[str]], tmp_path: Path, text: str | None
) -> None:
    asked = answering()
    site = tmp_path / "site.yml"
    if text is not None:
        site.write_text(text, encoding="utf-8")
    result = run(site=site)
    assert status(result) == 2
    assert "site.yml" in result.stdout
    assert asked == []


def test_without_ssh_it_cannot_be_held(monkeypatch: pytest.MonkeyPatch) -> None:
    def shell(*_arguments: object) -> object:
        raise NoSshError("ssh is not installed")

    monkeypatch.setattr(live, "shell", shell)
    result = run()
    assert status(result) == 3
    assert "ssh is not installed" in str(result.exception)


def test_programs_get_a_document_in_any_case(answering: Callable[..., list[str]]) -> None:
    answering()
    assert json.loads(run("--format", "json").stdout)["findings"] == []
    assert json.loads(run("--format", "sarif").stdout)["runs"][0]["results"] == []
    assert ElementTree.fromstring(run("--format", "junit").stdout).get("tests") == "0"  # noqa: S314
    assert run("--format", "github").stdout == ""
    answering({"mail.college.ac.uk": edited()})
    result = run("--format", "json")
    assert status(result) == 1
    (found,) = json.loads(result.stdout)["findings"]
    assert (found["id"], found["target"]) == ("drift.edited", {"host": "mail.college.ac.uk"})
    (shown,) = json.loads(run("--format", "sarif").stdout)["runs"][0]["results"]
    assert (shown["ruleId"], shown["level"]) == ("drift.edited", "error")
    assert ElementTree.fromstring(run("--format", "junit").stdout).get("failures") == "1"  # noqa: S314
    assert run("--format", "github").stdout.startswith("::error title=MUST drift.edited::")


def test_it_is_among_the_verbs_and_says_what_it_does() -> None:
    from mailwright.cli import VERBS

    assert "drift" in [verb.name for verb in VERBS]
    text = CliRunner().invoke(drift.command, ["--help"]).stdout
    for word in ("drift.edited", "drift.firewall", "--limit", "Exit", "cron"):
        assert word in text


PROVIDER = ROOT / "inventories" / "provider"


@pytest.mark.parametrize("path", [PROVIDER, PROVIDER / "provider.yml", PROVIDER / "platforms" / "shared.yml"])
def test_of_a_provider_the_shared_hosts_are_asked(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    asked: list[bytes] = []

    def talk(host: str, *_argv: str, given: bytes, **_more: object) -> tuple[int, bytes]:
        asked.append(given)
        raise UnavailableError("it is off")

    @contextmanager
    def shell(*_arguments: object) -> Iterator[object]:
        yield SimpleNamespace(talk=talk)

    monkeypatch.setattr(live, "shell", shell)
    result = run("--today", "2026-12-01", site=path)
    assert status(result) == 3
    assert result.stdout.count("drift.unreachable") == len(asked) > 0
    assert any(b'"customers": true' in given for given in asked)


def test_a_provider_that_cannot_be_used_and_one_without_platforms(tmp_path: Path) -> None:
    (tmp_path / "provider.yml").write_text("provider: {name: X}\ndefaults: 5\n")
    assert status(run(site=tmp_path)) == 2
    (tmp_path / "provider.yml").write_text("provider: {name: X}\n")
    assert status(run(site=tmp_path)) == 2
    assert "has no platform" in str(run(site=tmp_path).exception)
