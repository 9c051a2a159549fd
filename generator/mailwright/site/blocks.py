"""The places of the published pages at which a site may say in its own words what a default text says otherwise.

What is asserted about the service stands beside them, is made from the plan, and cannot be replaced.
"""

from __future__ import annotations

from mailwright.records import dataclass


@dataclass(frozen=True, slots=True)
class Block:
    """A text that can be replaced: ``<texts>/<language>/<name>.md``.

    page   on which it stands: the name of the file without what follows the dot
    about  what it is to say
    """

    name: str
    page: str
    about: str


BLOCKS = (
    Block("welcome", "index", "a word of welcome, above the list of the pages"),
    Block("privacy-disclosure", "privacy", "to whom mail and logs are shown, when, and on whose decision (PRIV-1)"),
    Block("privacy-notice", "privacy", "how writers and recipients hear of it afterwards (PRIV-2)"),
    Block("privacy-rights", "privacy", "people's rights over what is kept of them"),
    Block("privacy-law", "privacy", "the acts under which this is done"),
    Block("privacy-contact", "privacy", "who looks after data protection"),
    Block("account", "instructions", "what a login is for, and whose it is (AUDIT-2)"),
    Block("passwords", "instructions", "how to choose and keep a password"),
    Block("shared-computers", "instructions", "how to use computers that others use too"),
    Block("unattended-computers", "instructions", "what to do before leaving a computer"),
    Block("misuse", "instructions", "what to do when somebody else may know the password"),
    Block("account-changes", "support", "how to ask for a new, changed or closed account"),
    Block("abuse", "support", "what to do about unwanted and abusive mail"),
    Block("good-practice", "support", "how to write mail that others like to get"),
    Block("outside-services", "support", "mailing lists and services elsewhere"),
    Block("connections", "support", "using the service from home and on the road"),
    Block("acceptable-use", "support", "security, and what the service may be used for"),
    Block("questions", "faq", "the site's own questions and answers"),
    Block("mail-programs", "set-up", "advice on mail programs"),
    Block("maintenance", "status", "when work is announced, and how"),
    Block("webmail", "webmail", "advice on webmail"),
    Block("address-book", "address-book", "advice on the address book"),
    Block("lists", "lists", "advice on distribution lists"),
    Block("help-desk", "operation", "how those who help and those who run the service work together (SUPPORT-2)"),
    Block("addresses", "addresses", "which address to give to whom (INT-4)"),
    Block("clocks", "clocks", "how to keep the clock of one's computer (MSG-3)"),
    Block("agreement", "agreement", "what else was agreed (AGREE-1)"),
    Block("contacts", "contacts", "a note for Janet on the contacts (AUDIT-5)"),
)
"""All of them, in the order of the pages."""

NAMES = tuple(block.name for block in BLOCKS)
