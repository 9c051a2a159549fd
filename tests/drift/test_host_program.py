"""What the program sees on a host, and that it changes nothing; on both releases with the real nft."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from mailwright.drift import answer, files, firewall, host_program, runner
from mailwright.drift.expected import FIREWALL
from mailwright.drift.model import Host
from support import native
from support.drifting import host

MAIN = "/etc/postfix/main.cf"


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """In place of /var/lib/mailwright."""
    folder = tmp_path / "state"
    folder.mkdir()
    monkeypatch.setattr(host_program, "STATE", folder)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return folder


def record(state: Path, name: str, **parts: object) -> None:
    whole = {"files": {}, "products": {}, "seeds": {}, "seeded": {}, "units": [], **parts}
    (state / f"{name}.json").write_text(json.dumps(whole), encoding="utf-8")


def asked(*files: dict[str, Any]) -> dict[str, Any]:
    return {"files": list(files), "firewall": None}


def test_what_is_at_a_path(tmp_path: Path, state: Path) -> None:
    file, link, folder = tmp_path / "file", tmp_path / "link", tmp_path / "folder"
    file.write_bytes(b"one\ntwo\n")
    file.chmod(0o640)
    link.symlink_to("/etc/shadow")
    folder.mkdir()
    record(state, "postfix", files={str(file): "x", str(link): "x", str(folder): "x", str(tmp_path / "none"): "x"})
    seen = host_program.answer(asked())["files"]
    assert seen[str(file)]["sha256"] == hashlib.sha256(b"one\ntwo\n").hexdigest()
    assert (seen[str(file)]["kind"], seen[str(file)]["mode"], seen[str(file)]["size"]) == ("file", 0o640, 8)
    assert (seen[str(link)]["kind"], "sha256" in seen[str(link)]) == ("link", False)
    assert seen[str(folder)]["kind"] == "other"
    assert seen[str(tmp_path / "none")] == {"kind": "absent"}


def test_the_last_line_is_left_out_where_it_is_a_secret(tmp_path: Path, state: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"a = 1\nbind_pw = secret\n")
    said = host_program.answer(asked({"path": str(file), "sha256": "", "last_line": True, "show": False}))
    assert said["files"][str(file)]["shorn"] == hashlib.sha256(b"a = 1\n").hexdigest()
    assert "secret" not in json.dumps(said)


def test_a_text_is_said_when_it_is_asked_for_and_differs(tmp_path: Path, state: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x\xff\n")
    entry = {"path": str(file), "sha256": "", "last_line": False, "show": False}
    assert "text" not in host_program.look(str(file), entry)
    assert host_program.look(str(file), {**entry, "show": True})["text"] == "x\ufffd\n"
    same = hashlib.sha256(b"x\xff\n").hexdigest()
    assert "text" not in host_program.look(str(file), {**entry, "show": True, "sha256": same})
    file.write_bytes(b"x" * (host_program.SHOWN + 1))
    assert "text" not in host_program.look(str(file), {**entry, "show": True})


def test_a_file_that_goes_while_it_is_looked_at_is_absent(
    tmp_path: Path, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"x")
    stays, lstat = tmp_path / "stays", os.lstat
    stays.write_bytes(b"x")

    def gone_at_once(path: str) -> os.stat_result:
        status = lstat(path)
        file.unlink(missing_ok=True)
        return status

    monkeypatch.setattr(host_program.os, "lstat", gone_at_once)
    seen = host_program.answer(asked({"path": str(file), "sha256": ""}, {"path": str(stays), "sha256": ""}))[
        "files"
    ]
    assert seen[str(file)] == {"kind": "absent"}
    assert seen[str(stays)]["kind"] == "file"


def test_a_pipe_in_place_of_a_file_does_not_hold_it_up(tmp_path: Path, state: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert host_program.look(str(tmp_path / "pipe"), {})["kind"] == "other"


def test_records_that_cannot_be_read_are_named(state: Path) -> None:
    record(state, "good", units=None)
    (state / "torn.json").write_text('{"files": {', encoding="utf-8")
    (state / "odd.json").write_text("[]", encoding="utf-8")
    (state / "postfix.journal").mkdir()
    (state / "postfix.journal" / "journal.json").write_text("{}", encoding="utf-8")
    said = host_program.answer(asked())
    assert said["broken"] == ["odd", "torn"]
    assert said["records"] == {"good": {"files": {}, "products": {}, "units": None}}
    assert said["interrupted"] == ["postfix"]


def test_whoever_is_not_root_says_only_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert host_program.answer(asked()) == {"root": False}


SHOWN = """\
LoadState=loaded
ActiveState=active
SubState=running
UnitFileState=enabled
NeedDaemonReload=no
ActiveEnterTimestamp=@1764540000

LoadState=not-found
ActiveState=inactive
SubState=dead
UnitFileState=
NeedDaemonReload=yes
ActiveEnterTimestamp=
"""


def test_units_are_read_in_the_order_in_which_they_were_asked_for(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(state, "filter", units=["rspamd.service"])
    record(state, "x", units=["-x.service"])
    monkeypatch.setattr(host_program, "command", lambda argv: SHOWN.encode() if argv[-3] == "--" else b"")
    units = host_program.answer(asked())["units"]
    assert list(units) == ["-x.service", "rspamd.service"]
    assert units["-x.service"] == {
        "load": "loaded",
        "active": "active",
        "sub": "running",
        "enabled": "enabled",
        "reload": False,
        "since": 1764540000.0,
        "alive": True,
    }
    assert units["rspamd.service"]["reload"] is True
    assert units["rspamd.service"]["since"] == 0.0


def test_postfix_runs_where_its_master_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host_program, "MASTER", tmp_path / "master.pid")
    assert not host_program.is_master_alive()
    (tmp_path / "master.pid").write_text(f"      {os.getpid()}\n", encoding="ascii")
    assert not host_program.is_master_alive()  # a number that another program got


def on_host(release: str, before: Sequence[Sequence[str]], shown: bool = False) -> tuple[Host, answer.Answer]:
    """The example's host with two of its components as applied; then ``before`` is done to it."""
    of = host()
    parts = tuple(part for part in of.parts if part.component in ("firewall", "guard"))
    of = Host(of.name, parts)
    given = {}
    for part in parts:
        digests = {}
        for file in part.files:
            assert file.text is not None
            given[file.path] = file.text.decode()
            digests[file.path] = file.sha256
        given[f"/var/lib/mailwright/{part.record}.json"] = json.dumps(
            {"files": digests, "products": {}, "seeds": {}, "seeded": {}, "units": []}
        )
    given["/root/drift.py"] = runner.program(of, shown).decode()
    modes = [["chmod", f"{file.mode:o}", file.path] for part in parts for file in part.files]
    ready = [*modes, ["nft", "--file", FIREWALL], *before]
    done = native.run(release, ["/usr/bin/python3", "-I", "/root/drift.py"], given, before=ready)
    print(done.stderr)
    return of, answer.read(done.returncode, done.stdout.encode())


BAN = """
add table inet mailwright_guard
add chain inet mailwright_guard guess { type filter hook input priority -1; }
add set inet mailwright_guard addr-set-guess { type ipv4_addr; }
add element inet mailwright_guard addr-set-guess { 203.0.113.9 }
add rule inet mailwright_guard guess tcp dport { 465,993 } ip saddr @addr-set-guess reject with tcp reset
"""


def found(release: str, *before: Sequence[str]) -> list[str]:
    of, said = on_host(release, before)
    print(said.firewall)
    return [
        f"{finding.id} {finding.message} {finding.evidence}"
        for finding in (*files.judge(of, said, False), *firewall.judge(of, said))
    ]


@pytest.mark.native
@pytest.mark.parametrize("release", native.RELEASES)
def test_nothing_differs_on_a_real_host(release: str) -> None:
    """With a ban in force, and the same rules loaded once more."""
    assert found(release, ["sh", "-c", f"echo '{BAN}' | nft --file -"], ["nft", "--file", FIREWALL]) == []


@pytest.mark.native
@pytest.mark.parametrize("release", native.RELEASES)
def test_an_opened_firewall_on_a_real_host(release: str) -> None:
    words = ["inet", "mailwright", "input", "tcp", "dport", "3306", "accept"]
    (one,) = found(release, ["nft", "add", "rule", *words])
    assert one.endswith("+ input: tcp dport 3306 accept")


@pytest.mark.native
@pytest.mark.parametrize("release", native.RELEASES)
def test_what_else_is_done_to_a_firewall_on_a_real_host(release: str) -> None:
    """An edited file is not what the rules in force are compared with."""
    (edited, rules) = found(
        release,
        ["sh", "-c", f"sed -i '/dport 993 accept/d' {FIREWALL}; nft --file {FIREWALL}"],
    )
    assert edited.startswith(f"drift.edited {FIREWALL} was edited by hand")
    assert "- input: tcp dport 993 accept" in rules
    (other,) = found(
        release,
        ["nft", "add table inet more; add chain inet more in { type filter hook input priority -5; }"],
        ["nft", "add rule inet more in tcp dport 22 accept"],
    )
    assert "the table inet more, which is not mailwright's, judges packets at input" in other
    assert "+ tcp dport 22 accept" in other
    (off,) = found(release, ["nft", "delete", "table", "inet", "mailwright"])
    assert "the firewall is off" in off


@pytest.mark.native
def test_nothing_on_the_host_is_changed() -> None:
    """Neither a file nor a rule."""
    of = host()
    program = runner.program(Host(of.name, tuple(part for part in of.parts if part.component == "firewall")))
    text = of.files[FIREWALL].text
    assert text is not None
    look = "{ nft list ruleset; find / -xdev -newer /mark -type f -print; } 2>/dev/null"
    script = (
        f"nft --file {FIREWALL}; sleep 0.1; touch /mark; {look} > /dev/shm/before; "
        f"/usr/bin/python3 -I /root/drift.py > /dev/shm/said; {look} > /dev/shm/after; "
        "grep -q mailwright-drift /dev/shm/said && cmp /dev/shm/before /dev/shm/after && echo same"
    )
    done = native.run(
        "debian-13", ["sh", "-c", script], {FIREWALL: text.decode(), "/root/drift.py": program.decode()}
    )
    assert done.stdout == "same\n", done.stderr
