"""Hosts are asked side by side; one that cannot be asked is said, and stops no other."""

from __future__ import annotations

import json
import subprocess
import sys

from mailwright.audit.model import UnavailableError
from mailwright.drift import runner
from mailwright.drift.host_program import MARK
from mailwright.drift.model import Host
from mailwright.findings import Status
from support.drifting import as_built, host, hosts


def _says(*values: object) -> bytes:
    return "".join(MARK + json.dumps(value) + "\n" for value in values).encode()


def test_nothing_differs_and_each_is_told() -> None:
    told: list[str] = []
    answers = {one.name: _says(as_built(one)) for one in hosts("split")}
    found = runner.look(hosts("split"), lambda name, _program: (0, answers[name]), told.append)
    assert found == ()
    assert sorted(told) == sorted(f"{one.name}: as it was built" for one in hosts("split"))


def test_a_host_that_is_not_reached_stops_no_other() -> None:
    value = as_built()
    value["files"]["/etc/postfix/main.cf"]["sha256"] = "e" * 64
    away = Host("away.college.ac.uk", host().parts)

    def ask(name: str, _program: bytes) -> tuple[int, bytes]:
        if name == away.name:
            raise UnavailableError("ssh to away.college.ac.uk: Connection timed out")
        return 0, _says(value)

    found = runner.look([away, host()], ask, lambda _text: None)
    assert [(one.id, one.status) for one in found] == [
        ("drift.unreachable", Status.NOT_PROVEN),
        ("drift.edited", Status.FAIL),
    ]
    assert found[0].evidence == "ssh to away.college.ac.uk: Connection timed out"
    assert str(found[0].target) == "away.college.ac.uk"


def test_whoever_is_not_root_cannot_look() -> None:
    (found,) = runner.look([host()], lambda _name, _program: (0, _says({"root": False})), lambda _text: None)
    assert found.id == "drift.unreachable"
    assert "not root" in found.evidence


def test_a_host_that_says_less_than_it_was_asked_is_not_taken_for_well() -> None:
    (found,) = runner.look([host()], lambda _name, _program: (0, _says({"root": True})), lambda _text: None)
    assert found.id in ("drift.unreachable", "drift.not-applied")


def test_the_program_stands_alone_and_no_path_gets_out_of_it() -> None:
    """It is read by another Python, without mailwright, in isolated mode."""
    awkward = Host("x", tuple(part for part in host().parts if part.component == "time"))
    program = runner.program(awkward) + b"print('end')\n"
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-"], input=program, capture_output=True, check=False, cwd="/"
    )
    assert done.stdout.endswith(b"end\n"), done.stderr
    assert done.stdout.startswith(MARK.encode())


def test_texts_are_asked_for_only_where_they_may_be_shown() -> None:
    def asked(shown: bool, personal: bool) -> set[str]:
        text = runner.program(host(), shown, personal).decode().rpartition("main(")[2].strip().removesuffix(")")
        return {entry["path"] for entry in json.loads(eval(text))["files"] if entry["show"]}  # noqa: S307

    assert asked(False, True) == set()
    files = host().files.values()
    everybody = {file.path for file in files if not file.secret and not file.personal}
    assert asked(True, False) == everybody
    assert asked(True, True) == {file.path for file in files if not file.secret}
    assert "/etc/rspamd/dkim/mail2026.key" not in asked(True, True)
