"""No text of a plan becomes more than itself in a file of the mail components: it is refused, or it is a comment,
or it stands where the harmless one stood.

What the services' own parsers read is in tests/native/test_mail.py.
"""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailwright.components import dovecot, filter, postfix
from mailwright.formats.engine import FormatError
from mailwright.plan.model import Plan
from support.hostile import HOSTILE
from support.mailplan import mail_plan
from support.variations import Change, variations

PLAN = mail_plan("debian-12", relay=True)
PLACES = list(variations(PLAN))
COMPONENTS = (postfix.COMPONENT, filter.COMPONENT, dovecot.COMPONENT)


def lines(plan: Plan) -> list[str]:
    """All files' lines that are no comments, each with its path."""
    return [
        f"{file.path}: {line}"
        for component in COMPONENTS
        for host in plan.hosts
        for file in component.files(plan, host)
        for line in file.text.splitlines()
        if not line.lstrip().startswith(("#", "--"))
    ]


@cache
def _untouched() -> list[str]:
    return lines(PLAN)


def _replaced(found: list[str], text: str, harmless: str) -> list[str]:
    return sorted(line.replace(text, harmless) for line in found)


def check(place: str, change: Change, text: str) -> None:
    try:
        changed = lines(change(text))
    except FormatError:
        return
    # Not written at all; or it counted only that another text stood there before (a check that is gone).
    if changed == _untouched() or changed == lines(change("q")):
        return
    # It was written: then a harmless text in its place gives the same lines but for the text itself. A short text
    # stands elsewhere too, so it is replaced on both sides.
    harmless = "".join("q" if character.isalnum() else character for character in text)
    twin = lines(change(harmless))
    assert _replaced(changed, text, harmless) == _replaced(twin, text, harmless), place
    allowed = " " if place.endswith(".check") else ""  # a restriction may have an argument
    assert not (set(text) - set(allowed)) & set(" \t\r\n,;:{}()<>\"'$%#|\\`!*"), (place, text)


@pytest.mark.parametrize(("place", "change"), PLACES, ids=[place for place, _ in PLACES])
def test_hostile_texts(place: str, change: Change) -> None:
    for text in HOSTILE:
        check(place, change, text)


@settings(max_examples=300, deadline=None)
@given(
    place=st.sampled_from(PLACES), text=st.text(alphabet=st.characters() | st.sampled_from(" \n\t,:$%{}#;@.\\'\""))
)
def test_any_text(place: tuple[str, Change], text: str) -> None:
    check(*place, text)


def test_the_places_are_those_that_matter() -> None:
    """The positive twin: another harmless text in most of these places does change a file."""
    before = lines(PLAN)

    def differs(change: Change, text: str) -> bool:
        try:
            return lines(change(text)) != before
        except FormatError:
            return False

    words = ("qq", "qq@college.ac.uk", "qq.example", "s9", "permit_qq")
    matter = {place for place, change in PLACES if any(differs(change, word) for word in words)}
    assert {
        "settings.primary_domain",
        "settings.domains[1]",
        "settings.mailer_names[0]",
        "settings.dkim_selector",
        "mailboxes[0].login",
        "routes[0].address",
        "routes[0].targets[0]",
        "senders[0].login",
        "senders[0].address",
        "rewrites[0].internal",
        "rewrites[0].external",
        "policies[0].check",
    } <= matter
