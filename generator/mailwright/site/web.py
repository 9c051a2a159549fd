"""What the description says of webmail, of the address book and of the pages (WEB-2, INT-2, SUPPORT-1)."""

from __future__ import annotations

from typing import cast

from mailwright.site import images, texts
from mailwright.site.at import At
from mailwright.site.model import COLOUR, AddressBook, Image, Pages, TextBlock, Webmail


def webmail(at: At) -> Webmail | None:
    """Webmail, where it is described; an empty mapping is enough."""
    if at.value is None:
        return None
    return Webmail(at["title"].text(), at["colour"].text(COLOUR), _logo(at["logo"]), at.key_place)


def _logo(at: At) -> Image | None:
    """The picture beside the description; None, with a finding, for what is none."""
    if not at.text() or at.reader.report.faulty(at.place):
        return None  # a path that the schema refuses is not opened
    path = at.beside()
    return None if path is None else images.image(path, at.reader.findings, at.place)


def address_book(at: At) -> AddressBook:
    """Who stands in the address book."""
    said = at.text("nobody")
    return cast(AddressBook, said) if said in ("nobody", "agreed", "everybody") else "nobody"


def pages(at: At) -> Pages | None:
    """The pages, where a host of the site serves them."""
    if at.value is None:
        return None
    languages = tuple(item.text() for item in at["languages"].items()) or ("en",)
    told = at["texts"]
    found: tuple[TextBlock, ...] = ()
    if told.text() and not at.reader.report.faulty(told.place):  # a path that the schema refuses is not opened
        folder = told.beside()
        if folder is not None:
            wall = at.reader.wall(told.folder)
            found = tuple(texts.read(folder, wall, languages, at.reader.findings, told.place))
    return Pages(languages, found, at.key_place)
