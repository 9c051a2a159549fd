"""Whose mail would be left on a host that is no store any more."""

from __future__ import annotations

from pathlib import Path

from support import role_code

stranded = role_code.load("action_plugins/stranded.py").stranded


def users(project: Path, host: str, *logins: str) -> None:
    table = project / "hosts" / host / "dovecot/etc/dovecot/users"
    table.parent.mkdir(parents=True)
    table.write_text("# ADDR-5\n" + "".join(f"{login}:::::/var/vmail/{login}::\n" for login in logins))


def test_mail_of_logins_that_another_store_has(tmp_path: Path) -> None:
    users(tmp_path, "a", "ann", "bob")
    users(tmp_path, "b", "cho")
    assert stranded(["ann", "cho", "gone"], tmp_path) == ["ann", "cho"]


def test_mail_of_nobody_who_is_described_is_in_nobodys_way(tmp_path: Path) -> None:
    users(tmp_path, "a", "ann")
    assert stranded(["gone"], tmp_path) == []


def test_any_mail_counts_where_no_table_says_whose_it_is(tmp_path: Path) -> None:
    (tmp_path / "hosts/a/dovecot").mkdir(parents=True)
    assert stranded(["ann"], tmp_path) == ["ann"]
