"""Where rendered files name requirements."""

from __future__ import annotations

import pytest

from mailwright.report.mentions import MOST_LINES, Extract, Mention, extracts, find


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
        "<!-- RELAY-2: a page -->",
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
        "<p>&lt;!-- RELAY-2 --&gt;",
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


@pytest.mark.parametrize(
    ("text", "line", "reason", "setting"),
    [
        ("# RELAY-2: no domain.\nrelay_domains =\n", 1, "RELAY-2: no domain.", "relay_domains ="),
        ("# RELAY-2: one.\n# ADDR-1: two.\nkey = 1\n", 1, "RELAY-2: one.", "key = 1"),
        ("# RELAY-2: of the file.\n\nkey = 1\n", 1, "RELAY-2: of the file.", ""),
        ("# RELAY-2: the end.\n", 1, "RELAY-2: the end.", ""),
        ("  a\n  -o b=c # x -- RELAY-2: why\n", 2, "x -- RELAY-2: why", "-o b=c"),
        ('tcp dport 25 accept comment "RELAY-1: mail"\n', 1, "RELAY-1: mail", "tcp dport 25 accept"),
        (
            '# RELAY-1: mail\ntcp dport 25 accept comment "RELAY-1: mail"\n',
            1,
            "RELAY-1: mail",
            "tcp dport 25 accept",
        ),
        (" remark RELAY-1: in\n permit tcp any any\n", 1, "RELAY-1: in", "permit tcp any any"),
        ("! RELAY-1: a list\n!\nip access-list x\n", 1, "RELAY-1: a list", "ip access-list x"),
        ("; DNS-4: names it\na. 3600 IN MX 10 b.\n", 1, "DNS-4: names it", "a. 3600 IN MX 10 b."),
        ("/* RELAY-1: in */\nterm 1 {\n", 1, "RELAY-1: in", "term 1 {"),
        ("# RELAY-1: \xff\nx\n", 1, "RELAY-1: \ufffd", "x"),
    ],
)
def test_an_extract_is_the_comment_and_what_it_is_about(text: str, line: int, reason: str, setting: str) -> None:
    assert extracts(text.encode("latin-1"), (line,), 1) == (Extract(line, reason, setting),)


def test_extracts_are_few_different_and_short() -> None:
    data = b"".join(b"# RELAY-2: %d\nkey = %s\n" % (number // 2, b"x" * 999) for number in range(10))
    found = extracts(data, range(1, 21, 2), 3)
    assert [(each.line, each.reason) for each in found] == [(1, "RELAY-2: 0"), (5, "RELAY-2: 1"), (9, "RELAY-2: 2")]
    assert all(len(each.setting) == 240 for each in found)
