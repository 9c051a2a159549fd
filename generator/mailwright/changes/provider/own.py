"""Sentences about many customers as one: what is a customer's own is left out of them.

>>> names = Own("college", ("valley.ac.uk",), "College of the Valley")
>>> names.left_out("the TXT record of _dmarc.valley.ac.uk becomes p=reject")
'the TXT record of _dmarc.<domain> becomes p=reject'
"""

from __future__ import annotations

import re
from dataclasses import field

from mailwright.changes.personal import impersonal
from mailwright.records import dataclass

DOMAIN, NAME, ID = "<domain>", "<customer>", "<id>"


@dataclass(frozen=True, slots=True)
class Own:
    """The names of one customer that may stand in sentences about it.

    others  addresses of its own hosts, and its DKIM selectors
    """

    id: str
    domains: tuple[str, ...]
    organisation: str
    others: tuple[str, ...] = ()
    _pattern: re.Pattern[str] = field(init=False, repr=False, compare=False)
    _instead: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        instead = dict.fromkeys(filter(None, self.others), ID)
        instead |= dict.fromkeys(filter(None, self.domains), DOMAIN)
        if self.organisation:
            instead[self.organisation.lower()] = NAME
        words = "|".join(re.escape(word) for word in sorted(instead, key=len, reverse=True))
        folder = rf"(?<=/){re.escape(self.id)}(?=[/.])"
        object.__setattr__(self, "_instead", instead)
        object.__setattr__(
            self,
            "_pattern",
            re.compile(rf"(?<![\w-])(?:{words})(?![\w-])|{folder}" if words else folder, re.IGNORECASE),
        )

    def left_out(self, sentence: str) -> str:
        """The sentence without the names of people and of the customer."""
        said = impersonal(sentence)
        return self._pattern.sub(lambda match: self._instead.get(match[0].lower(), ID), said)
