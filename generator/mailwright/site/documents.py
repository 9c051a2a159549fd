"""The documents that a build makes for people, and where they are to be read."""

from __future__ import annotations

from mailwright.records import dataclass
from mailwright.site.model import Published, Site


@dataclass(frozen=True, slots=True)
class Document:
    """A document: its name, the requirement that asks for it, and what it is about in a few words.

    by_hand  it has names and telephone numbers of those who run the service, and is given to its readers; what
             serves documents to everybody leaves it out
    """

    name: str
    requirement: str
    about: str
    by_hand: bool = False

    def __str__(self) -> str:
        return f"{self.about} ({self.name})"


DOCUMENTS = (
    Document("addresses", "INT-4", "which of their addresses people give"),
    Document("clocks", "MSG-3", "the clocks of people's own computers"),
    Document("privacy", "PRIV-1", "the privacy statement"),
    Document("instructions", "AUDIT-2", "the instructions about accounts, passwords and computers"),
    Document("support", "SUPPORT-1", "the support pages"),
    Document("faq", "SUPPORT-1", "common questions and their answers"),
    Document("status", "SUPPORT-1", "the state of the service"),
    Document("operation", "SUPPORT-2", "how support and operation keep each other informed", by_hand=True),
    Document("agreement", "AGREE-1", "the service agreement"),
    Document("contacts", "AUDIT-5", "the contact sheet for Janet", by_hand=True),
)
"""All of them."""


def served(site: Site) -> bool:
    """Whether a host of the site serves documents itself: all but those that are given by hand."""
    return any("web" in host.functions for host in site.hosts)


def published(site: Site) -> dict[str, Published]:
    """What the description says of each document, by its name."""
    return {one.document: one for one in site.published}
