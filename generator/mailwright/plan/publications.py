"""Which documents the site's people are to have."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.plan.model import Because, Publication
from mailwright.site.model import Site

_ADDRESSES = Because("INT-4", "people know which of their addresses to give")
_CLOCKS = Because("MSG-3", "users' own computers write Date: lines, so their clocks need keeping too")


_DOCUMENTS = (
    ("addresses", "everybody who writes mail", _ADDRESSES),
    ("clocks", "everybody who writes mail, and whoever looks after their computers", _CLOCKS),
)


def rows(site: Site) -> Iterator[Publication]:
    """The same documents for every site; what they say is the site's own. Putting them up is for the site to do."""
    published = {one.document: one for one in site.published}
    for document, readers, because in _DOCUMENTS:
        put_up = published.get(document)
        url, reviewed = (put_up.url, put_up.reviewed) if put_up else ("", None)
        yield Publication(document, readers, url, reviewed, because)
