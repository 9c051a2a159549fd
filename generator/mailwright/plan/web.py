"""What is served to web browsers and mail programs over HTTPS, under which name, and to whom."""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_network

from mailwright.plan import names
from mailwright.plan.errors import Faults
from mailwright.plan.model import Because, Opening, Readers, WebService, WebUse
from mailwright.site.model import Host, Site

_PAGES = Because("SUPPORT-1", "the pages for the users of the service")
_WEBMAIL = Because("WEB-1", "mail in a web browser")
_LISTS = Because("LIST-2", "owners manage their lists on the web")
_BOOK = Because("INT-2", "mail programs find people in the address book (RFC 6352)")
_READ = Because("INT-2", "what keeps the address book hears from the web server alone")
_AUTOCONFIG = Because("SUPPORT-1", "Thunderbird and others set themselves up")
_AUTODISCOVER = Because("SUPPORT-1", "Outlook sets itself up")
_MOBILECONFIG = Because("SUPPORT-1", "Apple's mail programs set themselves up")

LISTS_PATH = "/lists/"
BOOK_PATH = "/carddav/"
BOOK_PORT = 5232
NGINX = "www-data"
LOOPBACK = ip_network("127.0.0.1/32")
WELL_KNOWN = "/.well-known/autoconfig/mail/config-v1.1.xml"

_OF_WEB: tuple[tuple[str, WebUse, Readers, Because], ...] = (
    ("/", "pages", "inside", _PAGES),
    ("/mobileconfig/", "mobileconfig", "login", _MOBILECONFIG),
)

_OF_DOMAINS: tuple[tuple[str, str, WebUse, Because], ...] = (
    ("autoconfig", "/mail/config-v1.1.xml", "autoconfig", _AUTOCONFIG),
    ("autodiscover", "/autodiscover/autodiscover.xml", "autodiscover", _AUTODISCOVER),
)


def rows(site: Site, faults: Faults) -> Iterator[WebService]:
    """Services of the web host, and the list pages of the list host.

    Faults: no web host where one is needed, more than one, or one of a release on which it was not tried.
    """
    hosts = names.with_function(site, "web")
    # On shared hosts a site's pages are documents to hand out: the web server there is the provider's.
    wanted = None if site.sharing is not None else site.webmail or site.pages
    if (wanted is not None and len(hosts) != 1) or len(hosts) > 1:
        faults.add(
            "web-host",
            f"one host serves webmail and pages; here it is {', '.join(host.name for host in hosts) or 'none'}",
            wanted.where if wanted is not None else hosts[1].where,
            "write web among the functions of one host",
        )
        return
    for host in hosts:
        if host.os != "debian-13":
            faults.add(
                "web-release",
                f"{host.name} runs {host.os}: the web server and what it serves were tried on debian-13 alone",
                host.where,
                "give the function web to a host with debian-13",
            )
        yield from _of_web(site, host)
    for keeper in names.with_function(site, "lists"):
        yield WebService(keeper.name, LISTS_PATH, "lists", keeper.name, "login", _LISTS)


def openings(site: Site) -> Iterator[Opening]:
    """On the web host's loopback address: to the address book, for the web server alone."""
    for host in names.with_function(site, "web"):
        if has_book(site):
            yield Opening(host.name, "out", "tcp", BOOK_PORT, (LOOPBACK,), _READ, user=NGINX)


def has_book(site: Site) -> bool:
    """Whether the web host serves an address book; where people are in a live directory, that is asked instead."""
    return site.address_book != "nobody" and not site.live


def _of_web(site: Site, host: Host) -> Iterator[WebService]:
    for path, use, readers, because in _OF_WEB:
        if (
            use != "mobileconfig" or not site.live
        ):  # a profile says whose it is, and people are known when it is built
            yield WebService(host.name, path, use, host.name, readers, because)
    if site.webmail is not None:
        yield WebService(host.name, "/webmail/", "webmail", host.name, "everybody", _WEBMAIL)
    if has_book(site):
        yield WebService(host.name, BOOK_PATH, "carddav", host.name, "login", _BOOK)
    if host.name in {domain.name for domain in site.domains}:
        yield WebService(host.name, WELL_KNOWN, "autoconfig", host.name, "everybody", _AUTOCONFIG)
    for domain in site.domains:
        for name, path, use, because in _OF_DOMAINS:
            yield WebService(f"{name}.{domain.name}", path, use, host.name, "everybody", because)
