"""A whole transaction on files of this machine, without units: compare, stage, check, swap, put back, record."""

from __future__ import annotations

import fcntl
import grp
import hashlib
import io
import json
import os
import pwd
import re
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support import role_code

transaction = role_code.load("library/transaction.py")
journal = role_code.load("module_utils/mailwright_journal.py")

ME = pwd.getpwuid(os.getuid()).pw_name
MINE = grp.getgrgid(os.getgid()).gr_name


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture(autouse=True)
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "state"
    folder.mkdir(mode=0o700)
    monkeypatch.setattr(journal, "STATE", folder)
    return folder


class Host:
    """``etc`` below a temporary folder, and applies to it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.etc = root / "etc"
        self.etc.mkdir()

    def work(self, texts: Mapping[str, str], seed: str | None = None, **parts: Any) -> Any:
        entries = [self.entry(name, text) for name, text in texts.items()]
        seeds = [] if seed is None else [self.entry("passwords", seed)]
        base: dict[str, Any] = {
            "component": "x",
            "files": entries,
            "seeds": seeds,
            "patience": 0,
            "confirm": 0,
            "complete": True,
            "overwrite": False,
            "show_personal": False,
            "retired": False,
            "lock": "",
        }
        for name in ("accounts", "directories", "beside", "tables", "checks", "prepare", "services", "dialogues"):
            base[name] = []
        return transaction.work_from({**base, **parts})

    def entry(self, name: str, text: str, **parts: Any) -> dict[str, Any]:
        path = str(self.etc / name)
        return {
            "path": path,
            "owner": ME,
            "group": MINE,
            "mode": "0640",
            "sha256": sha(text) if text else "",
            **parts,
        }

    def apply(self, texts: Mapping[str, str], seed: str | None = None, check: bool = False, **parts: Any) -> Any:
        """Both steps, as the action takes them."""
        work = self.work(texts, seed, **parts)
        found = transaction.look_only(work, check)
        if found["empty"]:
            return found
        members = {path: texts[os.path.relpath(path, self.etc)] for path in found["needed"]}
        members.update({f".seed{path}": seed or "" for path in found["seeds"]})
        archive = self.root / "files.tar.gz"
        with tarfile.open(archive, "w:gz") as tar:
            for name, text in members.items():
                member = tarfile.TarInfo(name.lstrip("/"))
                member.size = len(text.encode())
                tar.addfile(member, io.BytesIO(text.encode()))
        return transaction.run(work, str(archive), check, True)

    def tree(self) -> dict[str, str]:
        return {str(path.relative_to(self.etc)): path.read_text() for path in self.etc.rglob("*") if path.is_file()}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_the_first_time_changes_and_the_second_does_not(host: Host) -> None:
    first = host.apply({"a": "1", "deep/b": "2"})
    assert first["changed"]
    assert host.tree() == {"a": "1", "deep/b": "2"}
    assert (host.etc / "a").stat().st_mode & 0o777 == 0o640
    assert not host.apply({"a": "1", "deep/b": "2"})["changed"]


def test_nothing_is_left_behind(host: Host, state: Path) -> None:
    host.apply({"a": "1"})
    assert [path.name for path in state.iterdir()] == ["x.json"]


def test_what_is_described_no_more_goes(host: Host) -> None:
    host.apply({"a": "1", "b": "2"})
    (host.etc / "theirs").write_text("package")
    assert host.apply({"a": "1"})["files"]["removed"] == (str(host.etc / "b"),)
    assert host.tree() == {"a": "1", "theirs": "package"}


def test_check_mode_says_what_would_change_and_changes_nothing(host: Host, state: Path) -> None:
    result = host.apply({"a": "1"}, check=True)
    assert result["changed"]
    assert host.tree() == {}
    assert list(state.iterdir()) == []
    host.apply({"a": "1"})
    assert not host.apply({"a": "1"}, check=True)["changed"]


def test_check_mode_asks_the_checker(host: Host) -> None:
    with pytest.raises(transaction.Refused, match="bad line"):
        host.apply({"a": "1"}, check=True, checks=[{"argv": ["sh", "-c", "echo bad line; false"]}])


def test_check_mode_says_when_the_checker_is_not_there_yet(host: Host) -> None:
    result = host.apply({"a": "1"}, check=True, checks=[{"argv": ["no-such-checker"]}])
    assert "no-such-checker" in result["not_checked"]


def test_check_mode_asks_nobody_while_packages_are_missing(host: Host) -> None:
    """The firewall's checker is there, say, and the user that its rules name is not."""
    result = host.apply({"a": "1"}, check=True, checks=[{"argv": ["false"]}], complete=False)
    assert result["not_checked"].endswith("false")
    with pytest.raises(transaction.Refused):
        host.apply({"a": "1"}, checks=[{"argv": ["false"]}], complete=False)


def test_the_checker_sees_the_whole(host: Host) -> None:
    host.apply({"a": "1", "b": "old"})
    (host.etc / "theirs").write_text("package")
    look = f'cat "$0{host.etc}"/a "$0{host.etc}"/b "$0{host.etc}"/theirs; ls "$0{host.etc}"'
    checks = [{"argv": ["sh", "-c", look, "{stage}"], "expect": "^1newpackagea$"}]
    host.apply({"a": "1", "b": "new"}, checks=checks, beside=[str(host.etc)])


def test_a_refusing_checker_leaves_everything(host: Host) -> None:
    host.apply({"a": "1"})
    with pytest.raises(transaction.Refused, match="syntax error on line 3"):
        host.apply({"a": "2", "b": "2"}, checks=[{"argv": ["sh", "-c", "echo syntax error on line 3; exit 1"]}])
    assert host.tree() == {"a": "1"}


def test_a_failed_dialogue_puts_back_content_mode_and_absence(host: Host, state: Path) -> None:
    host.apply({"a": "1", "b": "1"})
    (host.etc / "a").chmod(0o600)
    dialogue = {"name": "it", "argv": ["sh", "-c", f"cat {host.etc}/a; exit 1"]}
    with pytest.raises(transaction.Refused, match=r"(?s)new text.*What was there before is back") as caught:
        host.apply({"a": "new text", "new/c": "3"}, dialogues=[dialogue])
    assert caught.value.facts["rolled_back"]
    assert host.tree() == {"a": "1", "b": "1"}
    assert (host.etc / "a").stat().st_mode & 0o777 == 0o600
    assert not (host.etc / "new").exists()
    assert [path.name for path in state.iterdir()] == ["x.json"]
    assert host.apply({"a": "1", "b": "1"})["files"]["edited_by_hand"] == ()


def test_a_killed_apply_is_undone_by_the_next(host: Host, state: Path) -> None:
    host.apply({"a": "1"})
    journal.begin(state / "x.journal", [str(host.etc / "a"), str(host.etc / "b")], [], [])
    (host.etc / "a").write_text("half")  # here it was killed
    (host.etc / "b").write_text("half")

    with pytest.raises(transaction.Refused, match="interrupted"):
        host.apply({"a": "1"}, check=True)
    result = host.apply({"a": "1"})
    assert (result["changed"], result["undone"]) == (True, True)
    assert host.tree() == {"a": "1"}
    assert host.apply({"a": "1"})["changed"] is False


def test_a_hand_edit_is_named_and_kept(host: Host) -> None:
    host.apply({"a": "1", "b": "1"})
    (host.etc / "a").write_text("by hand")
    with pytest.raises(transaction.Refused, match=r"changed by hand since the last apply: .*/a\."):
        host.apply({"a": "2", "b": "2"})
    assert host.tree() == {"a": "by hand", "b": "1"}
    host.apply({"a": "2", "b": "2"}, overwrite=True)
    assert host.tree() == {"a": "2", "b": "2"}


def test_a_wrong_mode_is_repaired(host: Host) -> None:
    host.apply({"a": "1"})
    (host.etc / "a").chmod(0o666)
    assert host.apply({"a": "1"})["files"]["repaired"] == (str(host.etc / "a"),)
    assert (host.etc / "a").stat().st_mode & 0o777 == 0o640


def test_a_folder_is_made_and_kept_right(host: Host) -> None:
    folder = {"path": str(host.etc / "keys"), "owner": ME, "group": MINE, "mode": "0710"}
    host.apply({"a": "1"}, directories=[folder])
    assert (host.etc / "keys").stat().st_mode & 0o777 == 0o710
    assert not host.apply({"a": "1"}, directories=[folder])["changed"]
    (host.etc / "keys").chmod(0o777)
    assert host.apply({"a": "1"}, directories=[folder])["directories"] == (str(host.etc / "keys"),)
    assert (host.etc / "keys").stat().st_mode & 0o777 == 0o710


MAKE = ["sh", "-c", 'tr a-z A-Z < "$0" > "$0.made"', "{stage}{path}"]


def table(host: Host) -> dict[str, Any]:
    return {"sources": [f"{host.etc}/t*"], "suffix": ".made", "argv": MAKE}


def test_tables_are_made_in_the_stage_and_swapped_with_their_sources(host: Host) -> None:
    host.apply({"a": "1", "t1": "x"}, tables=[table(host)])
    assert host.tree() == {"a": "1", "t1": "x", "t1.made": "X"}
    assert (host.etc / "t1.made").stat().st_mode & 0o777 == 0o640
    assert not host.apply({"a": "1", "t1": "x"}, tables=[table(host)])["changed"]
    (host.etc / "t1.made").unlink()
    assert host.apply({"a": "1", "t1": "x"}, tables=[table(host)])["files"]["made"] == (f"{host.etc}/t1.made",)
    host.apply({"a": "1"}, tables=[table(host)])
    assert host.tree() == {"a": "1"}


def test_tables_come_back_too(host: Host) -> None:
    host.apply({"t1": "x"}, tables=[table(host)])
    with pytest.raises(transaction.Refused):
        host.apply({"t1": "y", "t2": "z"}, tables=[table(host)], dialogues=[{"name": "it", "argv": ["false"]}])
    assert host.tree() == {"t1": "x", "t1.made": "X"}


def test_seeds_are_sown_once_for_each_login(host: Host) -> None:
    host.apply({"a": "1"}, seed="ann:1\nbob:1\n")
    assert host.tree()["passwords"] == "ann:1\nbob:1\n"
    assert not host.apply({"a": "1"}, seed="ann:1\nbob:1\n")["changed"]
    (host.etc / "passwords").write_text("ann:changed\n")  # ann changed hers; somebody took bob's away
    host.apply({"a": "1"}, seed="ann:2\nbob:2\ncho:2\n")
    assert host.tree()["passwords"] == "ann:changed\ncho:2\n"


def test_a_seed_that_adds_nobody_changes_nothing(host: Host) -> None:
    host.apply({"a": "1"}, seed="ann:1\n")
    assert not host.apply({"a": "1"}, seed="ann:2\n", check=True)["changed"]
    assert not host.apply({"a": "1"}, seed="ann:2\n")["changed"]
    assert host.apply({"a": "1"}, seed="ann:2\nbob:2\n", check=True)["changed"]
    assert host.tree()["passwords"] == "ann:1\n"


def test_seeds_are_sown_while_nobody_else_writes(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transaction.service, "QUIET", 0.5)
    lock = host.root / "lock"
    assert host.apply({"a": "1"}, seed="ann:1\n", lock=str(lock))["changed"]  # nobody who writes has ever run
    assert not lock.exists()
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(transaction.Refused, match=r"lock has been held for 0 s by something else.*fuser -v"):
            host.apply({"a": "2"}, seed="ann:1\nbob:1\n", lock=str(lock))
        assert host.tree() == {"a": "1", "passwords": "ann:1\n"}
        assert host.apply({"a": "2"}, seed="ann:1\nbob:1\n")["changed"]  # another component, and no lock of its
    assert host.apply({"a": "3"}, seed="cho:1\n", lock=str(lock))["changed"]
    assert host.tree() == {"a": "3", "passwords": "ann:1\nbob:1\ncho:1\n"}


def test_without_a_seed_the_hosts_own_file_stays(host: Host) -> None:
    host.apply({"a": "1"}, seed="ann:1\n")
    assert not host.apply({"a": "1"}, seed="")["changed"]
    assert host.tree()["passwords"] == "ann:1\n"


def test_without_a_seed_a_new_host_cannot_be_made(host: Host) -> None:
    with pytest.raises(transaction.Refused, match="no file to seed it from"):
        host.apply({"a": "1"}, seed="")
    assert host.tree() == {}


def test_diffs_show_text_count_people_and_hide_secrets(host: Host) -> None:
    host.apply({"a": "1\n", "people": "ann\n", "key": "old"})
    texts = {"a": "2\n", "people": "ann\nbob\n", "key": "new"}
    entries = [
        host.entry("a", texts["a"]),
        host.entry("people", texts["people"], personal=True),
        host.entry("key", texts["key"], secret=True),
    ]
    shown = host.apply(texts, files=entries)["diff"]
    assert [entry.get("before", entry.get("prepared")) for entry in shown] == [
        "1\n",
        f"--- {host.etc}/key\nchanged; a secret, not shown\n",
        f"--- {host.etc}/people\nholds people, not shown: 1 lines come, 0 go\n",
    ]


@pytest.mark.parametrize("show_personal", [False, True])
def test_diffs_never_show_what_goes(host: Host, show_personal: bool) -> None:
    """It may be a private key: the old one of a DKIM pair that was changed for another."""
    host.apply({"old.key": "KEY\n", "a": "1\n"})
    (shown,) = host.apply({"a": "1\n"}, show_personal=show_personal)["diff"]
    assert shown == {"prepared": f"--- {host.etc}/old.key\nis removed, not shown: 1 lines go\n"}


def test_an_account_that_does_not_exist_is_named(host: Host) -> None:
    with pytest.raises(transaction.Refused, match=r"shall belong to nosuchuser"):
        host.apply({"a": "1"}, files=[host.entry("a", "1", owner="nosuchuser")])
    assert host.tree() == {}


def test_the_record_follows_when_the_host_is_already_right(host: Host, state: Path) -> None:
    (host.etc / "a").write_text("1")
    (host.etc / "a").chmod(0o640)
    assert not host.apply({"a": "1"})["changed"]
    assert transaction.read_record(state / "x.json").files == {str(host.etc / "a"): sha("1")}


def test_a_path_given_twice_is_refused(host: Host) -> None:
    with pytest.raises(transaction.FilesError, match="twice"):
        host.work({}, files=[host.entry("a", "1"), host.entry("a", "2")])


def test_a_change_that_nobody_confirmed_fell_back(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    work = replace(host.work({"a": "1"}), confirm=45)
    monkeypatch.setattr(transaction.journal, "lock", lambda: journal.contextlib.nullcontext())
    with pytest.raises(transaction.Refused, match="no new connection came in within 45 s"):
        transaction.confirm(work)


@pytest.fixture
def units(monkeypatch: pytest.MonkeyPatch) -> dict[str, tuple[bool, bool]]:
    """Units that are not this machine's: name to active, enabled."""
    found: dict[str, tuple[bool, bool]] = {}

    def systemctl(verb: str, *names: str) -> subprocess.CompletedProcess[str]:
        for name in names if verb in ("stop", "start", "restart", "enable", "disable") else ():
            active, enabled = found.get(name, (False, False))
            active = {"stop": False, "start": True, "restart": True}.get(verb, active)
            found[name] = (active, {"enable": True, "disable": False}.get(verb, enabled))
        shown = (
            f"ActiveState={'' if active else 'in'}active\nUnitFileState={'enabled' if enabled else 'disabled'}"
            for active, enabled in (found.get(name, (False, False)) for name in names[1:])
        )
        return subprocess.CompletedProcess([], 0, "\n\n".join(shown) if verb == "show" else "")

    for module in (journal, transaction.service):
        monkeypatch.setattr(module, "systemctl", systemctl)
    monkeypatch.setattr(transaction.time, "sleep", lambda _seconds: None)
    monkeypatch.setattr(transaction.service, "journal_words", lambda *_: "")
    return found


Units = dict[str, tuple[bool, bool]]
SERVICES = [{"unit": "own.service"}, {"unit": "theirs.service", "if_running": True}]


def test_what_a_component_left_goes_and_its_units_stop(host: Host, state: Path, units: Units) -> None:
    units["theirs.service"] = (True, True)
    host.apply({"a": "1", "t1": "x"}, tables=[table(host)], services=SERVICES)
    assert units == {"own.service": (True, True), "theirs.service": (True, True)}
    (host.etc / "state").write_text("the host's own")
    result = host.apply({}, retired=True)
    assert result["changed"]
    assert result["files"]["removed"] == tuple(f"{host.etc}/{name}" for name in ("a", "t1", "t1.made"))
    assert result["units"] == ("own.service",)
    assert {"prepared": "--- own.service\nis stopped and disabled\n"} in result["diff"]
    assert host.tree() == {"state": "the host's own"}
    assert units == {"own.service": (False, False), "theirs.service": (True, True)}
    assert list(state.iterdir()) == []
    assert not host.apply({}, retired=True)["changed"]


def test_a_component_comes_back(host: Host, units: Units) -> None:
    for _ in range(2):
        assert host.apply({"a": "1"}, services=SERVICES)["changed"]
        assert (host.tree(), units["own.service"]) == ({"a": "1"}, (True, True))
        host.apply({}, retired=True)
        assert (host.tree(), units["own.service"]) == ({}, (False, False))


def test_check_mode_foretells_what_goes(host: Host, state: Path, units: Units) -> None:
    host.apply({"a": "1"}, services=SERVICES)
    before = (state / "x.json").read_text()
    result = host.apply({}, check=True, retired=True)
    assert (result["changed"], result["units"]) == (True, ("own.service",))
    assert (host.tree(), units["own.service"]) == ({"a": "1"}, (True, True))
    assert (state / "x.json").read_text() == before


def test_what_was_changed_by_hand_stays_unless_told_otherwise(host: Host, units: Units) -> None:
    host.apply({"a": "1"}, services=SERVICES)
    (host.etc / "a").write_text("by hand")
    for check in (True, False):
        with pytest.raises(transaction.Refused, match=r"changed by hand since the last apply: .*/a\."):
            host.apply({}, check=check, retired=True)
    assert (host.tree(), units["own.service"]) == ({"a": "by hand"}, (True, True))
    host.apply({}, retired=True, overwrite=True)
    assert (host.tree(), units["own.service"]) == ({}, (False, False))


def test_seeded_files_stay_and_so_does_what_was_sown(host: Host, state: Path, units: Units) -> None:
    host.apply({"a": "1"}, seed="ann:1\nbob:1\n")
    (host.etc / "passwords").write_text("ann:changed\n")  # somebody took bob's away
    (said,) = host.apply({}, retired=True)["warnings"]
    assert "/passwords is this host's own and stays" in said
    assert host.tree() == {"passwords": "ann:changed\n"}
    assert not host.apply({}, retired=True)["changed"]
    assert left(state) == []
    host.apply({"a": "1"}, seed="ann:2\nbob:2\ncho:2\n")
    assert host.tree()["passwords"] == "ann:changed\ncho:2\n"


def left(state: Path) -> list[str]:
    found: list[str] = role_code.load("library/host_packages.py").left(state, ())
    return found


def test_a_killed_retirement_is_undone_by_the_next_and_then_done(
    host: Host, state: Path, units: Units, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.apply({"a": "1"}, services=SERVICES)

    class Killed(BaseException):
        pass

    def kill(*_: object) -> None:
        Path(host.etc / "a").unlink()
        raise Killed

    with monkeypatch.context() as killing:
        killing.setattr(transaction, "swap", kill)
        killing.setattr(journal, "restore", lambda _folder: [])
        with pytest.raises(Killed):
            host.apply({}, retired=True)
    assert (host.tree(), units["own.service"]) == ({}, (False, False))
    assert left(state) == ["x"]

    work = host.work({}, retired=True)
    with pytest.raises(transaction.Refused, match="interrupted"):
        transaction.look_only(work, True)
    assert transaction.look_only(work, False)["undone"]
    assert (host.tree(), units["own.service"]) == ({"a": "1"}, (True, True))
    host.apply({}, retired=True)
    assert (host.tree(), units["own.service"], left(state)) == ({}, (False, False), [])


def test_a_service_that_does_not_stop_has_everything_back(
    host: Host, units: Units, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.apply({"a": "1"}, services=[*SERVICES, {"unit": "second.service"}])
    retire = transaction.service.retire

    def stuck(unit: str) -> None:
        if unit == "second.service":
            raise transaction.service.ServiceError("it hangs")
        retire(unit)

    monkeypatch.setattr(transaction.service, "retire", stuck)
    with pytest.raises(transaction.Refused, match=r"(?s)it hangs.*What was there before is back"):
        host.apply({}, retired=True)
    assert (host.tree(), units["own.service"]) == ({"a": "1"}, (True, True))


def test_a_record_without_units_is_completed_or_has_those_that_it_must_have_had(
    host: Host, state: Path, units: Units
) -> None:
    host.apply({"a": "1"}, component="counter", services=[{"unit": "redis-server.service"}])
    record = state / "counter.json"
    old = json.loads(record.read_text())
    assert old.pop("units") == ["redis-server.service"]
    record.write_text(json.dumps(old))
    assert left(state) == ["counter"]
    again = host.apply({"a": "1"}, component="counter", services=[{"unit": "redis-server.service"}])
    assert not again["changed"]
    assert json.loads(record.read_text())["units"] == ["redis-server.service"]
    record.write_text(json.dumps(old))
    host.apply({}, component="counter", retired=True)
    assert (host.tree(), units["redis-server.service"], left(state)) == ({}, (False, False), [])


def test_units_of_old_records_are_those_of_the_roles() -> None:
    for component, names in transaction.UNITS.items():
        text = "".join(path.read_text() for path in (role_code.ROLES / component).glob("*/main.yml"))
        said = set(re.findall(r"unit: (\S+)\n(?!\s+if_running)", text))
        assert said == set(names)
