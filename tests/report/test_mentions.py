"""Where rendered files name requirements."""

from __future__ import annotations

import pytest

from mailwright.report.mentions import MOST_LINES, Mention, find


@pytest.mark.parametrize(
    "line",
    [
        "# RELAY-2: nothing goes from outside to outside",
        "key = value  # RELAY-2",
        "; RELAY-2: why",
        "name 3600 IN A 198.51.100.1 ; RELAY-2",
        "-- RELAY-2 in Lua",
        "// RELAY-2",
        'tcp dport 25 accept comment "RELAY-2: why"',
        "}; # (RELAY-2)",
        "#RELAY-2",
        "! RELAY-2: IOS",
        " remark RELAY-2: why",
        "    /* RELAY-2: Junos */",
    ],
)
def test_a_comment_counts(line: str) -> None:
    assert find([("f", f"\n{line}\n".encode())]) == {"RELAY-2": (Mention("f", (2,), 1),)}


@pytest.mark.parametrize(
    "line",
    [
        "role-2@college.ac.uk RELAY-2",
        "banner = RELAY-2",
        'TXT "x;RELAY-2"',
        "RELAY-2",
        "a#RELAY-2",
        "# XRELAY-21X",
        "a ! RELAY-2",
        "a remark RELAY-2",
    ],
)
def test_a_value_does_not(line: str) -> None:
    assert find([("f", line.encode())]) == {}


def test_lines_and_files_are_counted() -> None:
    lines = b"".join(b"x\n# MSG-1\n" for _ in range(20))
    (first, second) = find([("a", lines), ("b", b"# MSG-1, MSG-2; MSG-1\n")])["MSG-1"]
    assert first == Mention("a", tuple(range(2, 2 + 2 * MOST_LINES, 2)), 20)
    assert second == Mention("b", (1,), 1)
    assert str(first) == "a:2,4,6,8,10,12,14,16 and 12 more"
    assert str(second) == "b:1"
