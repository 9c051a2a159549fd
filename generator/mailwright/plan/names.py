"""Questions about the site's domains and hosts that several tables ask."""

from __future__ import annotations

from mailwright.site.addresses import domain
from mailwright.site.model import Host, Site

SENDING = frozenset({"mx", "submission"})


LOGINS = "login.invalid"
"""The domain of a login's private address, for people who are in a directory alone: only the mailer's look-ups know
it, and nobody may write to it."""


def own(site: Site, address: str) -> bool:
    """Whether ``address`` is in one of the site's mail domains."""
    return domain(address) in {item.name for item in site.domains}


def with_function(site: Site, *functions: str) -> tuple[Host, ...]:
    """Hosts that have one of the functions, as they are described."""
    return tuple(host for host in site.hosts if not set(functions).isdisjoint(host.functions))


def sending(site: Site) -> tuple[Host, ...]:
    """Hosts that send mail to the Internet."""
    return with_function(site, *sorted(SENDING))


def mailers(site: Site) -> tuple[str, ...]:
    """Names of the receiving mailers that are not mail domains themselves; none of hosts that are a provider's."""
    if site.sharing is not None:
        return ()
    domains = {item.name for item in site.domains}
    return tuple(host.name for host in with_function(site, "mx") if host.name not in domains)


def zone_of(site: Site, name: str) -> str:
    """The zone that ``name`` is taken to be in: the longest mail domain that holds it.

    Outside all of them it is the name without its first label; whoever runs that zone gets the fragment.
    """
    holders = [item.name for item in site.domains if name == item.name or name.endswith("." + item.name)]
    return max(holders, key=len) if holders else name.partition(".")[2]
