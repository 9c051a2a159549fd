"""Dovecot of both releases with the rendered files: who may log in, and where mail lands."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from mailwright.components import dovecot
from support.mailplan import SECRETS, host_of, mail_plan
from support.native import RELEASES, run

pytestmark = pytest.mark.native

each_release = pytest.mark.parametrize("release", RELEASES)


@cache
def seen(release: str) -> dict[str, object]:
    plan = mail_plan(release)
    files = {file.path: file.text for file in dovecot.files(plan, host_of(plan))}
    files["/test/talk.py"] = (Path(__file__).parent / "store_talk.py").read_text()
    done = run(release, ["python3", "/test/talk.py"], files, before=SECRETS)
    assert done.returncode == 0, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    assert found["complained"] == ""
    return found


@each_release
def test_who_may_log_in(release: str) -> None:
    """A login that is no longer described may not, though its password still stands there (AUDIT-1)."""
    found = {
        name.removeprefix("login "): value for name, value in seen(release).items() if name.startswith("login ")
    }
    del found["as address"]
    assert found == {
        "karlm secret-karlm": True,
        "KarlM secret-karlm": True,
        "karlm wrong": False,
        "gone secret-gone": False,
        "webforms secret-webforms": True,
        "karl.marx@college.ac.uk secret-karlm": True,
        "fredae ": False,
    }


@each_release
def test_mailboxes_by_login_and_by_address(release: str) -> None:
    assert seen(release)["home karlm"] == "/var/vmail/karlm"
    assert seen(release)["home Karl.MARX@College.ac.uk"] == "/var/vmail/karlm"
    assert seen(release)["home karl@college.ac.uk"] == ""  # the mailer's business
    assert seen(release)["home webforms"] == ""


@each_release
def test_mail_lands_in_the_mailbox_of_the_login(release: str) -> None:
    found = seen(release)
    assert [found[name] for name in ("mixed case", "alias", "nobody", "login as address")] == [250, 550, 550, 550]
    assert found["karlm has"] == 1
    assert found["logged in sees"] == "messages=1"


@each_release
def test_a_full_mailbox_is_a_matter_of_time(release: str) -> None:
    """50 MB: two messages of 21 MB fit, and one that begins under the bound may pass it by a tenth."""
    codes = seen(release)["too full"]
    assert isinstance(codes, list)
    assert codes[0] == 250
    assert codes[-1] == 452


@each_release
def test_only_these_doors(release: str) -> None:
    assert seen(release)["doors"] == [993, 995, 4190]
