"""PHP's literals: what PHP makes of them is asked of PHP itself in tests/native/test_webmail.py."""

from __future__ import annotations

import pytest

from mailwright.formats import fpm, php
from mailwright.formats.engine import FormatError
from support.hostile import HOSTILE


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("plain", "'plain'"),
        ("O'Brien", r"'O\'Brien'"),
        ("back\\slash", r"'back\\slash'"),
        ("end\\", r"'end\\'"),
        ("\\'; phpinfo(); //", r"'\\\'; phpinfo(); //'"),
        ("$x {$x} ${x} ?> <?php", "'$x {$x} ${x} ?> <?php'"),
        (True, "true"),
        (False, "false"),
        (-5, "-5"),
        ("", "''"),
    ],
)
def test_a_value_is_a_literal(value: object, text: str) -> None:
    assert php.write(value) == text


@pytest.mark.parametrize("value", ["a\nb", "a\0b", "a\rb", "a\u2028b", "\ud800", None, 1.5, ["a"], b"a"])
def test_what_is_none_is_refused(value: object) -> None:
    with pytest.raises(FormatError):
        php.write(value)


@pytest.mark.parametrize("value", HOSTILE)
def test_a_comment_stays_one(value: str) -> None:
    said = php.comment(value + " ?> <?php ?>")
    assert "\n" not in said
    assert "?>" not in said


def test_a_list_is_of_literals() -> None:
    assert php.strings(["a", "b'"]) == r"['a', 'b\'']"
    assert php.strings([]) == "[]"


@pytest.mark.parametrize("value", ["a;b", "a b", "$pool", "a\nb", "[b]", "a=b", '"a"', "", None, True])
def test_a_pool_takes_words_alone(value: object) -> None:
    with pytest.raises(FormatError):
        fpm.write(value)


def test_words_are_what_a_pool_has() -> None:
    assert [fpm.write(one) for one in (5, "/run/php/a.sock", "/a/:/b/")] == ["5", "/run/php/a.sock", "/a/:/b/"]
