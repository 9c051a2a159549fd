"""What mailwright-trace answers, as the probe of the trail judges it; and the log itself where there is none."""

from __future__ import annotations

import json
from ipaddress import ip_address

import pytest

from mailwright import plan
from mailwright.audit import traced, trail
from mailwright.audit.model import Context
from mailwright.audit.roads import Door
from mailwright.audit.traced import Asked
from support.example import load_example, split

PLAN = plan.make(split())
SMTP, LOG = "smtp.college.ac.uk", "log.college.ac.uk"
DOOR = Door(next(row for row in PLAN.listeners if (row.host, row.port) == (SMTP, 587)), ip_address("198.51.100.27"))
OUTSIDE = "203.0.113.66"


def told(*origins: tuple[str | None, str | None]) -> str:
    messages = [
        {"origin": {"login": login, "client": address and {"address": address}, "words": f"Sent by {login}."}}
        for login, address in origins
    ]
    return json.dumps({"words": [], "messages": messages})


class Host:
    """A shell in which the program ends with a status and an answer; None: it is not there."""

    def __init__(self, answer: tuple[int, str] | None, log: str = "") -> None:
        self.answer, self.log = answer, log
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def run(self, host: str, *argv: str, timeout: float = 30.0) -> tuple[int, str]:
        assert timeout > 0
        self.asked.append((host, argv))
        if argv[0] == "test":
            return (0 if self.answer else 1), ""
        if argv[0] == "grep":
            return 0, self.log
        assert self.answer is not None
        return self.answer


def context(host: Host) -> Context:
    return Context(plan=PLAN, resolver=(), vantages={}, shell=host, correspondent=None, accounts=())


@pytest.mark.parametrize(
    ("answer", "ok"),
    [
        ((0, told(("rl204", OUTSIDE))), True),
        ((0, told(("km217", OUTSIDE))), False),
        ((0, told(("rl204", "198.51.100.9"))), False),
        ((0, told((None, None))), False),
        ((0, told(("rl204", OUTSIDE), ("km217", OUTSIDE))), False),
        ((1, told(("rl204", OUTSIDE))), False),  # it cannot tell for certain
        ((1, told()), False),
        ((0, "Sent by the login rl204."), False),
        ((0, "[]"), False),
        ((2, "mailwright-trace: error"), False),
        ((127, ""), False),
    ],
)
def test_the_programs_answer_must_be_the_login_and_the_address(answer: tuple[int, str], ok: bool) -> None:
    host = Host(answer)
    seen = traced.by_program(context(host), Asked("who", ("4jX",)), "rl204", {OUTSIDE}, DOOR, 0.1)
    assert seen is not None
    assert seen.ok is ok
    assert {one for one, _ in host.asked} == {LOG}


def test_a_message_goes_to_its_standard_input() -> None:
    host = Host((0, told(("rl204", OUTSIDE))))
    question = Asked("who", ("--message", "-"), b"Subject: '$(id)'\r\n")
    seen = traced.by_program(context(host), question, "rl204", {OUTSIDE}, DOOR, 0.1)
    assert seen is not None
    assert seen.ok
    argv = host.asked[-1][1]
    assert argv[:2] == ("sh", "-c")
    assert argv[5:] == (traced.PROGRAM, "--json", "--message", "-")
    assert "id)" not in " ".join(argv)


@pytest.mark.parametrize(
    ("log", "ok"),
    [
        (
            f"x postfix/submission/smtpd[7]: 4jX: client=a[{OUTSIDE}], sasl_method=PLAIN, sasl_username=rl204\n",
            True,
        ),
        (
            f"x postfix/submission/smtpd[7]: 4jX: client=a[{OUTSIDE}], sasl_method=PLAIN, sasl_username=km217\n",
            False,
        ),
        ("", False),
    ],
)
def test_without_the_program_the_log_is_searched(monkeypatch: pytest.MonkeyPatch, log: str, ok: bool) -> None:
    monkeypatch.setattr(trail, "_WAIT", 0.1)
    host = Host(None, log)
    seen = trail._traced(context(host), Asked("who", ("4jX",)), "rl204", {OUTSIDE}, DOOR)
    assert seen.ok is ok
    assert {one for one, argv in host.asked if argv[0] == "grep"} == {SMTP}


def test_where_there_is_no_log_host_the_host_itself_is_asked() -> None:
    alone = plan.make(load_example())
    listener = next(row for row in alone.listeners if row.port == 587)
    host = Host((0, told(("rl204", OUTSIDE))))
    given = Context(plan=alone, resolver=(), vantages={}, shell=host, correspondent=None, accounts=())
    seen = traced.by_program(given, Asked("who", ("4jX",)), "rl204", {OUTSIDE}, Door(listener, DOOR.address), 0.1)
    assert seen is not None
    assert {one for one, _ in host.asked} == {listener.host}
