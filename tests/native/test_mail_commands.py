"""Whom Mailman answers that writes to the addresses of a list for commands (LIST-3).

Whoever is not proven may be anybody, so that an answer would go to whoever stands in From:, with what the writer
put into it. One who knows a word that was sent out is answered.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from mailwright.components import mailman
from mailwright.plan import make
from support.example import whole
from support.native import run

pytestmark = pytest.mark.native

HOST = "mail.college.ac.uk"


def case(subject: str, to: str = "request", body: str = "Buy this", proven: bool = False) -> dict[str, object]:
    return {"subject": subject, "to": f"exams-{to}@college.ac.uk", "body": body, "proven": proven}


SILENT = {
    "no command": case("Buy this"),
    "confirm nonsense": case("confirm nonsense"),
    "accept nonsense": case("accept nonsense"),
    "discard nonsense": case("Re: discard nonsense"),
    "confirm alone": case("confirm "),
    "encoded": case("=?utf-8?q?confirm_nonsense?="),
    "-confirm without a word": case("Buy this", "confirm"),
    "-confirm with nonsense": case("Buy this", "confirm+nonsense"),
    "-confirm with nonsense, a true word beside": case("confirm {joining}", "confirm+nonsense"),
    "accept for another list": case("accept {elsewhere}"),
    "accept with a word of another kind": case("accept {joining}"),
    "the word after another command": case("help confirm {joining}"),
    "the word in the body": case("Buy this", body="confirm {joining}"),
    "join": case("Buy this", "join"),
}
HEARD = {
    "confirm": case("confirm {joining}"),
    "an answer": case("Re: confirm {joining}"),
    "encoded, true": case("=?utf-8?q?confirm_{joining}?="),
    "-confirm": case("Buy this", "confirm+{joining}"),
    "accept": case("accept {held}"),
    "discard": case("RE: Discard {held}"),
    "proven, nonsense": case("accept nonsense", proven=True),
    "proven, help": case("help", proven=True),
}


@cache
def talk() -> dict[str, dict[str, int]]:
    made = make(whole())
    files = {f.path: f.text for f in mailman.COMPONENT.files(made, made.host(HOST)) if isinstance(f.text, str)}
    files |= {
        "/test/talk.py": (Path(__file__).parent / "command_talk.py").read_text(encoding="utf-8"),
        "/test/cases.json": json.dumps(SILENT | HEARD),
        "/etc/mailman3/rest.password": "x\n",
    }
    done = run("debian-13-web", ["python3", "/test/talk.py"], files)
    assert done.returncode == 0, done.stderr
    found: dict[str, dict[str, int]] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("name", SILENT)
def test_whoever_knows_no_word_is_not_answered(name: str) -> None:
    assert talk()[name] == {"answered": 0, "decided": 0, "on": False}


@pytest.mark.parametrize("name", HEARD)
def test_a_word_that_was_sent_out_is_heard(name: str) -> None:
    found = talk()[name]
    assert found["answered"] >= 1 or name == "-confirm"
    assert found["decided"] == (name in ("accept", "discard"))
    assert found["on"] == (name in ("confirm", "an answer", "encoded, true", "-confirm"))
