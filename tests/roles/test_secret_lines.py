"""A secret that is one line with something before it: the password of a smarthost."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleActionFail

from support import role_code

action = role_code.load("action_plugins/transaction.py")


def line(text: bytes) -> bytes:
    made: bytes = action.ActionModule._line("[smtp.example]:587 college:", text, "secrets/smarthost")
    return made


@pytest.mark.parametrize("text", [b"s3cret", b"s3cret\n", b"s3cret\r\n"])
def test_it_stands_behind_what_is_written_before(text: bytes) -> None:
    assert line(text) == b"[smtp.example]:587 college:s3cret\n"


def test_any_sign_may_stand_in_it() -> None:
    assert line(b"a b:#$'\"\xc3\xa9\n") == b"[smtp.example]:587 college:a b:#$'\"\xc3\xa9\n"


@pytest.mark.parametrize("text", [b"", b"\n", b"two\nlines\n", b" x\n", b"x \n", b"a\tb", b"a\0b"])
def test_what_is_not_one_plain_line_is_refused_and_not_shown(text: bytes) -> None:
    with pytest.raises(AnsibleActionFail) as refused:
        line(text)
    assert str(refused.value) == "secrets/smarthost must hold one line, without white space around it"
