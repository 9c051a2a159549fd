"""What a stranger can do to the members and owners of a list, tried with Mailman itself (LIST-2)."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mailwright.components import mailman
from mailwright.plan import make
from support.example import whole
from support.native import run

pytestmark = pytest.mark.native

HOST = "mail.college.ac.uk"
STRANGER = "eve@evil.example"


@cache
def talk() -> dict[str, Any]:
    made = make(whole())
    files = {f.path: f.text for f in mailman.COMPONENT.files(made, made.host(HOST)) if isinstance(f.text, str)}
    files |= {
        "/test/talk.py": (Path(__file__).parent / "strangers_talk.py").read_text(encoding="utf-8"),
        "/etc/mailman3/rest.password": "x\n",
    }
    done = run("debian-13-web", ["python3", "/test/talk.py"], files)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_stranger_neither_learns_who_is_on_a_list_nor_makes_it_write_to_others() -> None:
    joins = dict(talk()["joins"])
    own = joins.pop(f"join address={STRANGER.upper()}")
    assert any("confirm" in text for _to, text in own)  # they may ask for themselves
    assert {one for to, _text in own for one in to} <= {STRANGER, STRANGER.upper()}
    for said, written in joins.items():
        assert [to for to, _text in written] == [[STRANGER]], said
        assert "your own address alone" in written[0][1]
        assert "already" not in written[0][1]


def test_a_letter_to_the_owners_comes_to_them_once() -> None:
    first, *later = talk()["hops"]
    assert "o.wner@college.ac.uk" in first
    assert len(first) == 2  # and the address of the owners, which is where it came from
    assert later == [[]]


def test_forged_reports_alone_stop_no_delivery() -> None:
    assert max(score for score, _status, _on in talk()["forged"]) >= 4
    assert {(status, on) for _score, status, on in talk()["forged"]} == {("DeliveryStatus.enabled", True)}


def test_a_test_message_that_comes_back_stops_it() -> None:
    ((_score, status, on),) = talk()["probe"]
    assert (status, on) == ("DeliveryStatus.by_bounces", True)
