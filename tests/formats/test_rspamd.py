"""rspamd's formats: quoted words, and a map whose lines are an address and its logins."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from mailwright.formats import rspamd
from mailwright.formats.engine import FormatError
from support.hostile import HOSTILE


def test_values_are_quoted() -> None:
    assert rspamd.write("s1") == '"s1"'
    assert rspamd.write(25) == "25"
    assert rspamd.name("college.ac.uk") == '"college.ac.uk"'
    assert rspamd.names(("a.example", "b.example")) == '["a.example", "b.example"]'
    assert rspamd.strings((ip_network("2001:db8::/32"),)) == '["2001:db8::/32"]'


@pytest.mark.parametrize("value", HOSTILE)
def test_what_would_leave_its_quotes_is_refused(value: str) -> None:
    for writer in (rspamd.name, rspamd.bare):
        with pytest.raises(FormatError):
            writer(value)
    with pytest.raises(FormatError):
        rspamd.names((value,))


@pytest.mark.parametrize("value", [*(text for text in HOSTILE if ":" not in text), "", True, None])
def test_what_is_no_word_is_refused(value: object) -> None:
    with pytest.raises(FormatError):
        rspamd.write(value)


def test_a_selector_is_no_path() -> None:
    assert rspamd.bare("s1.mail") == "s1.mail"
    for value in ("../x", "/x", "a/b", "a\\b", "a:b"):
        with pytest.raises(FormatError):
            rspamd.bare(value)


def test_the_map() -> None:
    rows = [("a@b.example", ("karlm", "fredae")), ("c@d.example", ())]
    assert rspamd.address_map("A reason", rows) == "# A reason\na@b.example karlm,fredae\nc@d.example -\n"


@pytest.mark.parametrize("value", [*HOSTILE, "a b@c.example", "a@b.example -\nboss@b.example"])
def test_what_would_be_another_entry_is_refused(value: str) -> None:
    with pytest.raises(FormatError):
        rspamd.address_map("A reason", [(value, ())])
    with pytest.raises(FormatError):
        rspamd.address_map("A reason", [("a@b.example", (value,))])
