"""Whose addresses are whose on the web pages of lists (LIST-2), as Django and its tables have it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mailwright.components import mailman
from mailwright.plan import make
from support.example import whole
from support.native import run

pytestmark = pytest.mark.native

HOST = "mail.college.ac.uk"
A, B, ROLE = "k.marx@college.ac.uk", "karl@college.ac.uk", "examinations@college.ac.uk"
People = dict[str, list[str]]
Rows = dict[str, dict[str, list[bool]]]


def signed_in(*steps: tuple[str, People]) -> list[tuple[Rows, dict[str, str]]]:
    """Rows and shown addresses after each sign-in; a step without a login is an apply."""
    made = make(whole())
    files = {f.path: f.text for f in mailman.COMPONENT.files(made, made.host(HOST)) if isinstance(f.text, str)}
    said = [{"login": login, "people": people} for login, people in steps]
    files |= {
        "/test/talk.py": (Path(__file__).parent / "owners_talk.py").read_text(encoding="utf-8"),
        "/test/signins.json": json.dumps(said),
        "/etc/mailman3/rest-web.password": "x\n",
    }
    folder = ["mkdir", "-p", "/var/lib/mailwright-lists-web"]
    done = run("debian-13-web", ["python3", "/test/talk.py"], files, before=[folder])
    assert done.returncode == 0, done.stderr
    return [(one["rows"], one["shown"]) for one in json.loads(done.stdout.splitlines()[-1])]


def test_an_owner_whose_published_address_changed_comes_in() -> None:
    said = ([A], [B, A], [A, B], [B])
    first, more, swapped, fewer = signed_in(*(("km217", {"km217": addresses}) for addresses in said))
    assert first == ({"km217": {A: [True, True]}}, {"km217": A})
    assert more == ({"km217": {A: [True, False], B: [True, True]}}, {"km217": B})
    assert swapped == ({"km217": {A: [True, True], B: [True, False]}}, {"km217": A})
    assert fewer == ({"km217": {B: [True, True]}}, {"km217": B})


def test_a_role_belongs_to_everybody_who_holds_it() -> None:
    people = {"km217": [A, ROLE], "rl204": [B, ROLE]}
    _, (both, _) = signed_in(("km217", people), ("rl204", people))
    assert ROLE in both["km217"]
    assert ROLE in both["rl204"]


def test_an_address_that_went_to_somebody_else_is_theirs_alone() -> None:
    people = {"km217": [A], "rl204": [B]}
    _, _, (rows, _) = signed_in(("km217", {"km217": [A, B]}), ("", people), ("rl204", people))
    assert rows == {"km217": {A: [True, True]}, "rl204": {B: [True, True]}}


def test_whoever_left_is_forgotten_at_the_next_apply() -> None:
    people = {"km217": [A], "rl204": [B]}
    _, (kept, _), (rows, _) = signed_in(("km217", people), ("rl204", people), ("", {"rl204": [B]}))
    assert set(kept) == {"km217", "rl204"}
    assert set(rows) == {"rl204"}
