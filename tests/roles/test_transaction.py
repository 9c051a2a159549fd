"""A whole transaction on files of this machine, without units: compare, stage, check, swap, put back, record."""

from __future__ import annotations

import grp
import hashlib
import io
import os
import pwd
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
