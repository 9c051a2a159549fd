"""What servers said is shown without the passwords that they were told."""

from __future__ import annotations

import pytest

from mailwright.audit import wire

HARD = 'it\'s a "pässword" of \\its own'


@pytest.mark.parametrize("password", ["s3cret.Pw", HARD, "the password", "(.*)"])
def test_a_password_is_hidden_however_it_is_shown(password: str) -> None:
    hide = wire.hiding("alice", password)
    quoted = password.replace("\\", "\\\\").replace('"', '\\"')
    for text in (password, f'LOGIN alice "{quoted}"', repr(f'LOGIN "alice" "{quoted}" it\'s'.encode())):
        shown = hide(f"what is {text} to me?")
        assert shown.startswith("what is ")
        assert shown.endswith(" to me?")
        assert wire.HIDDEN in shown
        assert password not in shown.replace(wire.HIDDEN, "")
        assert "own" not in shown
        assert "ssword" not in shown.replace(wire.HIDDEN, "")


def test_base64_is_hidden_where_it_is_cut_or_changed() -> None:
    token = wire.plain("alice", "s3cret.Pw")
    for text in (token, token.upper(), token[:14], token[6:], f"x{token}y"):
        assert wire.hiding("alice", "s3cret.Pw")(f"BAD {text} no") == f"BAD {wire.HIDDEN} no"


def test_what_is_cut_is_cut_afterwards() -> None:
    said = "x" * 195 + "s3cret.Pw"
    assert "s3c" not in wire.shown(said, hide=wire.hiding("alice", "s3cret.Pw"))


def test_other_text_stays() -> None:
    text = "NO [AUTHENTICATIONFAILED] Authentication failed for alice (session 0123456789abcdef)."
    assert wire.hiding("alice", "s3cret.Pw")(text) == text
    assert wire.hiding("alice", "")(text) == text
