"""Customers on shared hosts: what the host's own program says is told with the customer."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from mailwright.drift import answer, customers, expected, host_program, runner
from mailwright.drift.host_program import MARK
from mailwright.drift.model import Host
from mailwright.findings import Finding, Level, Status
from support.drifting import as_built, host
from support.shared_host import platform


def shared() -> Host:
    return expected.hosts(platform())[0]


def look(said: object) -> tuple[Finding, ...]:
    value: dict[str, Any] = {**as_built(shared()), "customers": said}
    value["units"] = {}
    for record in value["records"].values():
        record["units"] = []
    return runner.look(
        [shared()], lambda _name, _program: (0, (MARK + json.dumps(value)).encode()), lambda _text: None
    )


def row(kind: str, customer: str, words: str = "it was edited by hand") -> dict[str, str]:
    return {"kind": kind, "customer": customer, "words": words}


def test_silence() -> None:
    assert look({"error": "", "told": [], "more": 0}) == ()


def test_each_is_named_with_its_customer() -> None:
    said = [row("edited", "college"), row("missing", "school"), row("product", ""), row("not-applied", "")]
    found = look({"error": "", "told": said, "more": 7})
    assert [(one.id, one.level, one.message) for one in found] == [
        ("drift.edited", Level.MUST, "customer college: it was edited by hand"),
        ("drift.missing", Level.MUST, "customer school: it was edited by hand"),
        ("drift.product", Level.MUST, "it was edited by hand"),
        ("drift.not-applied", Level.SHOULD, "it was edited by hand"),
        ("drift.edited", Level.MUST, "of customers 7 more things differ"),
    ]
    assert all(one.fails and str(one.target) == shared().name for one in found)


def test_what_could_not_be_compared_is_not_taken_for_well() -> None:
    for said in ({"error": "invalid choice: 'compare'"}, None):
        (found,) = look(said)
        assert (found.id, found.status) == ("drift.product", Status.NOT_PROVEN)


def test_a_host_that_was_taken_over_does_nothing_with_words() -> None:
    (found,) = look({"error": "", "told": [row("edited", "\x1b[31m", "\x1b]0;x\x07")], "more": 0})
    assert "\x1b" not in found.message
    with pytest.raises(answer.AnswerError):
        answer.read(0, (MARK + json.dumps({"root": True, "customers": {"told": [row("x", "y")]}})).encode())


def test_only_shared_hosts_are_asked_and_only_once_applied() -> None:
    assert '"customers": true' in runner.program(shared()).decode()
    assert '"customers": false' in runner.program(host()).decode()
    nothing = answer.read(0, (MARK + json.dumps({"root": True})).encode())
    assert list(customers.judge(shared(), nothing)) == []


def test_the_program_asks_the_host_s_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(host_program, "STATE", tmp_path)
    asked = {"files": [], "firewall": None, "customers": True}
    for script, wanted in (
        ('echo \'{"told": [], "more": 0}\'; exit 1', {"told": [], "more": 0, "error": ""}),
        ("echo it is broken >&2; exit 1", {"error": "it is broken"}),
        ("echo '[]'", None),
    ):
        monkeypatch.setattr(host_program, "CUSTOMERS", ["sh", "-c", script])
        said = host_program.answer(asked)["customers"]
        assert said == wanted if wanted else said["error"]
    monkeypatch.setattr(host_program, "CUSTOMERS", ["/nonexistent/program"])
    assert "No such file" in host_program.answer(asked)["customers"]["error"]
    assert host_program.answer({"files": [], "firewall": None})["customers"] is None
