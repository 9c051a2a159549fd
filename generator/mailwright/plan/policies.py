"""In which order each listener judges."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.plan import grants, listeners
from mailwright.plan.model import Because, Policy
from mailwright.site.model import Site

_LOGIN = Because("REMOTE-1", "whoever has logged in may relay")
_NETWORK = Because("RELAY-2", "networks that the description authorises")
_OWN_ONLY = Because("RELAY-2", "everybody else may send to the site's own domains alone")
_NOBODY = Because("RELAY-3", "nobody relays without a login")


def rows(site: Site) -> Iterator[Policy]:
    """Policies of the relay stage: grants first, then the refusal that nothing passes."""
    networks = {(grant.host, grant.port) for grant in grants.rows(site) if grant.clients != "authenticated"}
    for listener in listeners.rows(site):
        where = listener.host, listener.port
        if listener.service in ("submission", "submissions"):
            yield Policy(*where, "relay", 1, "permit_sasl_authenticated", _LOGIN)
            yield Policy(*where, "relay", 2, "reject", _NOBODY)
        elif listener.service == "smtp":
            if where in networks:
                yield Policy(*where, "relay", 1, "permit_mynetworks", _NETWORK)
            yield Policy(*where, "relay", 2, "reject_unauth_destination", _OWN_ONLY)
