"""Until when a verdict holds: what is built today is built again on the day when it would be another."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from mailwright.provider.leaving import SOON
from mailwright.provider.model import Leaving
from mailwright.requirements.rules.statements import YEAR
from mailwright.site.model import Site

_DAY = timedelta(days=1)


def around(site: Site, leaving: Leaving | None, today: date) -> tuple[date | None, date | None]:
    """The first and the last day of which rules and states say the same as of ``today``; None: no end.

    A rule compares the day with one that the description names, or with that a year later; so does a state.
    """
    named = frozenset(_named(site, leaving))
    if today in named:
        return today, today
    since = max((day for day in named if day < today), default=None)
    until = min((day for day in named if day > today), default=None)
    return since + _DAY if since else None, until - _DAY if until else None


def _named(site: Site, leaving: Leaving | None) -> Iterator[date]:
    for attested in site.attestations:
        yield from (attested.date, attested.date + YEAR)
    yield from (waiver.until for waiver in site.waivers)
    for published in site.published:
        if published.reviewed is not None:
            yield from (published.reviewed, published.reviewed + YEAR)
    yield from (inner.until for inner in site.internal_domains if inner.until is not None)
    if leaving is not None:
        # The day before the first on which it is told that it leaves soon counts as one, as the last of its state.
        yield from (leaving.stop - SOON - _DAY, leaving.stop, leaving.mail_until, leaving.logs_until)
