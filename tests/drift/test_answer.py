"""What a host says is bounded and read strictly; whatever it says, a verdict is a finding and no crash."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailwright.drift import answer
from mailwright.drift.answer import AnswerError
from mailwright.drift.host_program import MARK
from mailwright.drift.runner import look
from mailwright.findings import Status
from mailwright.report.findings import FORMATS, render
from support.drifting import as_built, host, said


def test_what_a_login_shell_says_before_is_passed_over() -> None:
    line = MARK + json.dumps({"root": False})
    assert answer.read(0, f"Welcome!\nLast login: today\n{line}\n".encode()).root is False


@pytest.mark.parametrize(
    ("status", "text", "why"),
    [
        (124, "", "it did not answer in time"),
        (127, "timeout: failed to run command '/usr/bin/python3'\n", "ended with 127 and said: timeout: failed"),
        (1, "Traceback\n  File\nValueError: systemctl: no\n", "ended with 1 and said: ValueError: systemctl: no"),
        (0, "", "said: nothing"),
        (0, MARK + "{}", "its answer cannot be read"),
        (0, MARK + '{"root": 1}', "its answer cannot be read"),
        (0, MARK + '{"root": true, "more": 1}', "its answer cannot be read"),
        (0, MARK + '{"root": true} {', "its answer cannot be read"),
        (0, MARK + "[" * 100_000, "its answer cannot be read"),
    ],
)
def test_what_is_no_answer(status: int, text: str, why: str) -> None:
    with pytest.raises(AnswerError, match=why):
        answer.read(status, text.encode())


@pytest.mark.parametrize(
    "change",
    [
        {"mode": -1},
        {"mode": 0o10000},
        {"modified": 1e300},
        {"modified": "now"},
        {"kind": "socket"},
        {"sha256": "x" * 65},
        {"owner": "x" * 300},
        {"text": "x" * 262145},
        {"size": 1.5},
    ],
)
def test_a_file_that_cannot_be(change: dict[str, Any]) -> None:
    value = as_built()
    value["files"]["/etc/postfix/main.cf"].update(change)
    with pytest.raises(AnswerError):
        said(value)


def test_a_path_that_is_none() -> None:
    value = as_built()
    value["files"]["etc/passwd"] = {"kind": "absent"}
    with pytest.raises(AnswerError):
        said(value)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value, but few of the many files, which are alike."""
    found = [path]
    items = (
        list(value.items())
        if isinstance(value, dict)
        else list(enumerate(value))
        if isinstance(value, list)
        else []
    )
    for key, item in items[:6]:
        found += _places(item, (*path, key))
    return found


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_value_anywhere(data: st.DataObject) -> None:
    value = as_built()
    for _ in range(data.draw(st.integers(1, 3))):
        *way, last = data.draw(st.sampled_from([path for path in _places(value) if path]))
        inside = value
        for key in way:
            inside = inside[key]
        inside[last] = data.draw(JSON)
    found = look([host()], lambda _host, _program: (0, (MARK + json.dumps(value)).encode()), lambda _text: None)
    assert all(finding.id.startswith("drift.") for finding in found)
    assert all(finding.status in (Status.FAIL, Status.NOT_PROVEN) for finding in found)


HOSTILE = "\x1b]0;x\x07\x1b[2J\n::error::pwned\r\u202e<script>"


def test_what_a_hostile_host_says_moves_no_cursor_and_starts_no_line() -> None:
    value = as_built()
    path = f"/etc/{HOSTILE}"
    value["records"]["postfix"]["files"][path] = "x"
    value["files"][path] = {"kind": "file", "owner": HOSTILE, "sha256": "y"}
    value["records"]["logs"]["units"] = [HOSTILE]
    value["units"][HOSTILE] = {**value["units"]["rspamd.service"], "active": HOSTILE, "load": HOSTILE}
    value["firewall"]["live"] = [
        {"chain": {"family": HOSTILE, "table": HOSTILE, "name": HOSTILE, "hook": "input", "policy": HOSTILE}}
    ]
    found = look([host()], lambda _host, _program: (0, (MARK + json.dumps(value)).encode()), lambda _text: None)
    assert len(found) == 3
    for name, _ in FORMATS:
        text = render(name, found)
        assert "\x1b" not in text
        if name in ("text", "github"):
            assert not any(line.startswith("::error::") for line in text.splitlines())
    assert "\u202e" not in render("text", found)
