"""A mailbox's way to another store, without Dovecot: the guard, and what is kept, replaced and set aside."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import os
import pwd
import tarfile
from pathlib import Path
from types import ModuleType

import pytest

from support.role_code import load

ROOT = Path(__file__).resolve().parents[2]
STORE = "store2.college.ac.uk"
TABLE = f"""\
# AUDIT-1: the site's logins.
own:::::::noauthenticate=y
gone:::::::noauthenticate=y elsewhere=/{STORE} store={STORE}
idle:::::::noauthenticate=y elsewhere=/{STORE} store={STORE}
"""


@pytest.fixture
def host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The module, with a host's folders below ``tmp_path`` that belong to whoever runs the test."""
    code = load("library/mailbox.py", "dovecot")
    me = pwd.getpwuid(os.getuid())
    monkeypatch.setattr(code.pwd, "getpwnam", lambda _name: me)
    places = {"MAIL": "mail", "STAGE": "mail/.moving", "ASIDE": "mail/.moved", "COPIED": "moving"}
    places |= {"CONFIGURATION": "etc", "PASSWORDS": "etc/passwords", "LOCK": "lock"}
    for name, path in places.items():
        monkeypatch.setattr(code, name, tmp_path / path)
    (tmp_path / "mail").mkdir()
    (tmp_path / "etc").mkdir()
    return code


@pytest.fixture
def guard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    loader = importlib.machinery.SourceFileLoader("stranded", str(ROOT / "templates/dovecot/stranded"))
    spec = importlib.util.spec_from_loader("stranded", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    monkeypatch.setattr(module, "MAIL", tmp_path / "mail")
    monkeypatch.setattr(module, "COPIED", tmp_path / "moving")
    return module


def mail(folder: Path, login: str) -> None:
    (folder / "mail" / login / "Maildir").mkdir(parents=True)


def archive(path: Path, names: dict[str, str]) -> Path:
    made = path / "made"
    with tarfile.open(path / "mailbox.tar", "w:") as tar:
        for name, text in names.items():
            made.write_text(text)
            tar.add(made, name)
    return path / "mailbox.tar"


def test_mail_that_would_be_left_behind(guard: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "logins").write_text(TABLE)
    assert guard.stranded(tmp_path / "logins") == []
    for login in ("own", "gone"):
        mail(tmp_path, login)
    (tmp_path / "mail/idle").mkdir()  # nothing in it
    assert guard.stranded(tmp_path / "logins") == ["gone"]


def test_a_copy_excuses_in_the_very_store_alone(guard: ModuleType, host: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "logins").write_text(TABLE)
    mail(tmp_path, "gone")
    host.mark("gone", "store3.college.ac.uk")
    assert guard.stranded(tmp_path / "logins") == ["gone"]
    host.mark("gone", STORE)
    assert guard.stranded(tmp_path / "logins") == []


def test_found_is_who_has_something(host: ModuleType, tmp_path: Path) -> None:
    mail(tmp_path, "own")
    mail(tmp_path, ".moved")
    (tmp_path / "mail/idle").mkdir()
    assert host.find() == ["own"]


def test_laid_down_with_its_password_and_filters(host: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "etc/passwords").write_text("own:1\ngone:old\n")
    names = {"Maildir/cur/1": "m", "home/sieve/a.sieve": "keep;", "password": "gone:2"}
    assert host.lay("gone", archive(tmp_path, names))
    assert (tmp_path / "mail/gone/Maildir/cur/1").read_text() == "m"
    assert (tmp_path / "mail/gone/sieve/a.sieve").read_text() == "keep;"
    assert (tmp_path / "etc/passwords").read_text() == "own:1\ngone:2\n"
    assert list((tmp_path / "mail/.moving").iterdir()) == []


def test_laid_down_again_what_was_there_is_kept_aside(host: ModuleType, tmp_path: Path) -> None:
    for text in ("first", "second"):
        assert host.lay("gone", archive(tmp_path, {"Maildir/cur/1": text}))
    assert (tmp_path / "mail/gone/Maildir/cur/1").read_text() == "second"
    assert (tmp_path / "mail/.moved/gone-1/Maildir/cur/1").read_text() == "first"


def test_a_mailbox_that_is_served_already_is_not_replaced(host: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "etc/users").write_text("gone:::::/var/vmail/gone::\n")
    mail(tmp_path, "gone")
    assert not host.lay("gone", archive(tmp_path, {"Maildir/cur/1": "m"}))
    assert list((tmp_path / "mail/gone/Maildir").iterdir()) == []


@pytest.mark.parametrize("name", ["../out", "home/../../out", "etc/passwd"])
def test_an_archive_that_leads_elsewhere_is_refused(host: ModuleType, tmp_path: Path, name: str) -> None:
    with pytest.raises(host.StepError, match="nothing that a mailbox has"):
        host.lay("gone", archive(tmp_path, {name: "x"}))


def test_late_filters_come_along_and_newer_ones_stay(
    host: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[tuple[str, ...]] = []
    monkeypatch.setattr(host, "doveadm", lambda login, _home, verb, *said: called.append((login, verb, *said)))
    (tmp_path / "mail/gone/sieve").mkdir(parents=True)
    packed = archive(tmp_path, {"Maildir/x": "", "home/sieve/a": "late", "home/sieve/b": "b", "password": "gone:1"})
    (tmp_path / "mail/gone/sieve/a").write_text("newer")
    os.utime(tmp_path / "mail/gone/sieve/a", (4_000_000_000, 4_000_000_000))
    (tmp_path / "etc/passwords").write_text("gone:changed\n")
    host.merge("gone", packed)
    assert called == [("gone", "sync", "-1", "-R", f"maildir:{tmp_path}/mail/.moving/gone.arriving/Maildir")]
    assert (tmp_path / "mail/gone/sieve/a").read_text() == "newer"
    assert (tmp_path / "mail/gone/sieve/b").read_text() == "b"
    assert (tmp_path / "etc/passwords").read_text() == "gone:changed\n"


def test_set_aside_and_never_deleted(host: ModuleType, tmp_path: Path) -> None:
    for number in (1, 2):
        mail(tmp_path, "gone")
        host.mark("gone", STORE)
        (tmp_path / "etc/passwords").write_text("own:1\ngone:2\n")
        host.aside("gone")
        assert (tmp_path / f"mail/.moved/gone-{number}/Maildir").is_dir()
    assert (tmp_path / "etc/passwords").read_text() == "own:1\n"
    assert host.find() == []
    assert not (tmp_path / "moving/gone").exists()


def test_a_file_with_two_names_moves_as_two(host: ModuleType, tmp_path: Path) -> None:
    """Dovecot copies a message by giving its file another name; a link in the archive would be refused."""
    home = tmp_path / "mail" / "gone"
    home.mkdir()
    (home / "first").write_text("text")
    (home / "second").hardlink_to(home / "first")
    packed = tmp_path / "mailbox.tar"
    host.pack("gone", packed, final=False)
    arrived = host.unpack("gone", packed) / "home"
    assert {file.name: file.read_text() for file in arrived.iterdir()} == {"first": "text", "second": "text"}
    assert (arrived / "first").stat().st_ino != (arrived / "second").stat().st_ino
