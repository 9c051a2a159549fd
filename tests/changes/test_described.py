"""What changes of webmail, of the pages, of the agreement and of the service desk, in words."""

from __future__ import annotations

from dataclasses import replace

from mailwright.changes import described
from mailwright.changes.personal import whole
from mailwright.plan import make
from mailwright.plan.model import Settings
from mailwright.site.model import Agreement, Image, Pages, TextBlock, Webmail
from support.example import HERE, load_example

PLAIN = make(load_example()).settings


def said(old: Settings, new: Settings) -> list[str]:
    return [f"{change.kind} {whole(change.sentence)}" for change in described.changes(old, new)]


def test_what_is_new_and_what_is_gone() -> None:
    with_webmail = replace(PLAIN, webmail=Webmail("Mail", "#000000", None, HERE))
    assert said(PLAIN, with_webmail) == ["added webmail: described from now on"]
    assert said(with_webmail, PLAIN) == ["removed webmail: described no more"]
    assert said(PLAIN, PLAIN) == []


def test_what_is_other_without_the_octets_of_a_picture() -> None:
    one = replace(PLAIN, webmail=Webmail("Mail", "#000000", None, HERE))
    two = replace(PLAIN, webmail=Webmail("", "#000000", Image("image/png", b"12345"), HERE))
    assert said(one, two) == [
        "changed webmail: title is empty instead of Mail",
        "changed webmail: logo is a picture of 5 octets instead of empty",
    ]


def test_texts_by_their_names() -> None:
    def pages(*texts: tuple[str, str]) -> Settings:
        return replace(PLAIN, pages=Pages(("en",), tuple(TextBlock("en", *one, HERE) for one in texts), HERE))

    old, new = pages(("abuse", "a"), ("lists", "l")), pages(("abuse", "b"), ("clocks", "c"))
    assert said(old, new) == [
        "changed the pages: the text abuse (en) reads otherwise",
        "changed the pages: the text clocks (en) is the site's own from now on",
        "changed the pages: the text lists (en) is the default again",
    ]


def test_headings_of_the_agreement() -> None:
    none = Agreement("", "", "", "", "", "", HERE)
    old, new = replace(PLAIN, agreement=none), replace(PLAIN, agreement=replace(none, faults="Soon"))
    assert said(old, new) == ["changed the service agreement: faults is Soon instead of empty"]
