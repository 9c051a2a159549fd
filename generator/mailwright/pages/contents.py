"""The pages of the folder, in the order in which a reader finds them."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.pages import (
    addresses,
    agreement,
    contacts,
    faq,
    instructions,
    lists,
    privacy,
    programs,
    support,
)
from mailwright.pages.facts import because, desk_section, web
from mailwright.pages.model import Page, Section
from mailwright.plan.model import Plan
from mailwright.site.documents import DOCUMENTS

_WELCOME = Section("welcome", because("SUPPORT-1", "what there is to read, and whom to turn to"), (), "welcome")


def _index(plan: Plan) -> Iterator[Section]:
    yield _WELCOME
    yield desk_section(plan)


INDEX = Page("index", _index)

PAGES = (
    Page("set-up", programs.sections),
    Page("webmail", programs.webmail, lambda plan: bool(web(plan, "webmail"))),
    Page("address-book", programs.address_book, lambda plan: plan.settings.address_book != "nobody"),
    Page("lists", lists.sections, lambda plan: bool(plan.lists)),
    Page("support", support.sections),
    Page("faq", faq.sections),
    Page("status", support.status),
    Page("instructions", instructions.sections),
    Page("privacy", privacy.sections),
    Page("addresses", addresses.sections),
    Page("clocks", addresses.clocks),
    Page("agreement", agreement.sections),
    Page("operation", support.operation),
    Page("contacts", contacts.sections),
)
"""All but the first, which leads to them."""

BY_HAND = frozenset(one.name for one in DOCUMENTS if one.by_hand)
"""Pages that no other leads to: they are given to their readers, and are not put up for everybody."""
