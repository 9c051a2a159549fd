"""Which host of the site talks to which other one, and on which port: what its firewall lets in for that.

A host that serves itself needs no link.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.plan import names
from mailwright.plan.errors import Faults
from mailwright.plan.model import Because, Link
from mailwright.site.model import Host, Site

LMTP = 24
SYSLOG = 6514
LISTS = 10025
PASSWORDS = 9106

_LMTP = Because("SCALE-1", "a mailer delivers to the store that keeps the mailbox, over TLS")
_LOGIN = Because("RELAY-3", "the submission host asks a store whether a login's password is right")
_PROXY = Because("REMOTE-2", "a store hands a login over to the store that keeps its mail")
_SATELLITE = Because("SCALE-1", "what a host's own processes send goes out by the mailers")
_LISTS = Because("LIST-3", "a mailer hands over posts to lists, with its verdict on who sent them")
_WEB_STORE = Because("WEB-1", "webmail reads a mailbox as its owner, who signs in")
_WEB_SUBMIT = Because("WEB-1", "webmail submits as the one who signed in")
_WEB_PASSWORD = Because("WEB-2", "people change their own password in webmail")
_LIST_LOGIN = Because("LIST-2", "owners sign in to manage their lists")
_SYSLOG = Because("AUDIT-1", "the log host keeps a copy of each host's mail log")


def rows(site: Site) -> Iterator[Link]:
    """Links between the hosts, each once."""
    stores = names.with_function(site, "store")
    for mailer in names.sending(site):
        for store in stores:
            if store is not mailer:
                yield Link(mailer.name, store.name, LMTP, "lmtp", _LMTP)
    if site.directory is None:  # which answers for passwords otherwise
        for host in names.with_function(site, "submission"):
            if "store" not in host.functions:
                for store in stores:
                    yield Link(host.name, store.name, 993, "imaps", _LOGIN)
    for store in stores:
        for other in stores:
            if other is not store:
                yield Link(store.name, other.name, 993, "imaps", _PROXY)
                if site.store.pop3:
                    yield Link(store.name, other.name, 995, "pop3s", _PROXY)
                yield Link(store.name, other.name, 4190, "managesieve", _PROXY)
    yield from _of_lists(site)
    yield from _of_web(site)
    for host in site.hosts:
        if names.SENDING.isdisjoint(host.functions):
            for mailer in names.with_function(site, "mx"):
                yield Link(host.name, mailer.name, 25, "smtp", _SATELLITE)
        for keeper in names.with_function(site, "log"):
            if keeper is not host:
                yield Link(host.name, keeper.name, SYSLOG, "syslog", _SYSLOG)


def _of_lists(site: Site) -> Iterator[Link]:
    stores = names.with_function(site, "store")
    for keeper in names.with_function(site, "lists"):
        for mailer in names.sending(site):
            if mailer is not keeper:
                yield Link(mailer.name, keeper.name, LISTS, "lists", _LISTS)
        if "web" not in keeper.functions:  # which signs people in there
            for store in stores:
                if store is not keeper:
                    yield Link(keeper.name, store.name, 993, "imaps", _LIST_LOGIN)


def _of_web(site: Site) -> Iterator[Link]:
    for web in names.with_function(site, "web"):
        for store in names.with_function(site, "store"):
            if store is not web:
                yield Link(web.name, store.name, 993, "imaps", _WEB_STORE)
                if site.webmail is not None:
                    yield Link(web.name, store.name, 4190, "managesieve", _WEB_STORE)
                if site.webmail is not None and site.directory is None:
                    yield Link(web.name, store.name, PASSWORDS, "passwords", _WEB_PASSWORD)
        for host in names.with_function(site, "submission"):
            if host is not web and site.webmail is not None:
                yield Link(web.name, host.name, 465, "submissions", _WEB_SUBMIT)


def check(site: Site, faults: Faults) -> None:
    """Faults: two hosts of which one talks to the other, and that have no address family in common.

    Of the mailers to which a host hands what its own processes send, one is enough.
    """
    hosts = {host.name: host for host in site.hosts}
    handed = {link.client for link in rows(site) if link.service == "smtp" and _meet(hosts, link)}
    seen: set[frozenset[str]] = set()
    for link in rows(site):
        pair = frozenset((link.client, link.server))
        if pair in seen or _meet(hosts, link) or (link.service == "smtp" and link.client in handed):
            continue
        seen.add(pair)
        client, server = hosts[link.client], hosts[link.server]
        faults.add(
            "no-common-family",
            f"{client.name} has {_families(client)} addresses alone and {server.name} {_families(server)}, so what "
            f"has to pass between them cannot: {link.because.reason}",
            client.where,
            f"give {client.name} an {_families(server)} address, or {server.name} an {_families(client)} one",
        )


def _meet(hosts: dict[str, Host], link: Link) -> bool:
    one, other = ({address.version for address in hosts[name].addresses} for name in (link.client, link.server))
    return bool(one & other)


def _families(host: Host) -> str:
    return " and ".join(f"IPv{version}" for version in sorted({address.version for address in host.addresses}))
