"""Dovecot's formats: plain words, and passwd-files whose fields stay fields."""

from __future__ import annotations

import pytest

from mailwright.formats import dovecot
from mailwright.formats.engine import FormatError
from support.hostile import HOSTILE


@pytest.mark.parametrize("value", HOSTILE)
def test_what_is_no_name_is_refused(value: str) -> None:
    with pytest.raises(FormatError):
        dovecot.name(value)


@pytest.mark.parametrize("value", [*(text for text in HOSTILE if ":" not in text), "", True, None])
def test_what_is_no_word_is_refused(value: object) -> None:
    with pytest.raises(FormatError):
        dovecot.write(value)


def test_a_passwd_file() -> None:
    rows = [
        ("karlm", "/var/vmail/karlm", (("userdb_quota_rule", dovecot.Quota(9, "2.3")),)),
        ("a@b.example", "", (("userdb_user", "karlm"), ("userdb_quota_storage_size", dovecot.Quota(9, "2.4")))),
        ("x", "", ()),
    ]
    assert dovecot.passwd_file("A reason", rows).splitlines() == [
        "# A reason",
        "karlm:::::/var/vmail/karlm::userdb_quota_rule=*:bytes=9",
        "a@b.example:::::::userdb_user=karlm userdb_quota_storage_size=9B",
        "x:::::::",
    ]


@pytest.mark.parametrize("value", HOSTILE)
def test_what_would_be_another_field_is_refused(value: str) -> None:
    for row in ((value, "", ()), (f"a@{value}", "", ()), (f"{value}@b.example", "", ())):
        with pytest.raises(FormatError):
            dovecot.passwd_file("A reason", [row])
    with pytest.raises(FormatError):
        dovecot.passwd_file("A reason", [("x", value, ())])
    with pytest.raises(FormatError):
        dovecot.passwd_file("A reason", [("x", "", (("userdb_user", value),))])


@pytest.mark.parametrize("size", [0, -1])
def test_no_quota_is_not_written(size: int) -> None:
    """0 means no bound to Dovecot 2.3 and no room at all to 2.4."""
    for version in ("2.3", "2.4"):
        with pytest.raises(FormatError):
            dovecot.Quota(size, version)
