"""Which documents the site's people are to have, and where they read them."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.plan.model import Because, Publication
from mailwright.site.documents import DOCUMENTS, published
from mailwright.site.model import Site

_WRITERS = "everybody who writes mail"

_READERS = {
    "clocks": "everybody who writes mail, and whoever looks after their computers",
    "operation": "those who help users and those who run the service, to whom it is given",
    "agreement": "those for whom the service is run",
    "contacts": "Janet and its contractors, to whom it is given",
}
"""Of documents that are not for all who write mail, or for others too."""


def rows(site: Site) -> Iterator[Publication]:
    """The same documents for every site; what they say is the site's own.

    Where the description gives no address, a document is on the site's own web host, if there is one; those that
    are given to their readers by hand are not.
    """
    said = published(site)
    hosts = [host.name for host in site.hosts if "web" in host.functions]
    for document in DOCUMENTS:
        one = said.get(document.name)
        here = f"https://{hosts[0]}/{document.name}.html" if hosts and not document.by_hand else ""
        yield Publication(
            document.name,
            _READERS.get(document.name, _WRITERS),
            one.url if one and one.url else here,
            one.reviewed if one else None,
            Because(document.requirement, document.about),
        )
