"""The web server (nginx), signing in to what it serves, the site's pages, and what mail programs ask for.

Other components put locations into /etc/nginx/mailwright/<name>.d/, and what belongs to ``http`` into
/etc/nginx/conf.d/mailwright-<component>.conf. What is for people who have signed in includes sign-in.conf. What a
role does with these files is in docs/reference/roles.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from mailwright import pages, resources
from mailwright.components import web_clients as clients
from mailwright.components.model import Component, File, once
from mailwright.components.postfix import AUTHORITIES, CIPHERS
from mailwright.formats import nginx, systemd
from mailwright.formats.engine import Verbatim, render
from mailwright.plan.model import HostFacts, Plan, WebService

USER = "mailwright-signin"
PROGRAM = "/usr/local/sbin/mailwright-signin"
SETTINGS = "/etc/mailwright/signin.json"
PEOPLE = "/etc/mailwright/signin-people.json"
SOCKET = "/run/mailwright-signin.socket"
SIGNER = "/run/mailwright-sign.socket"
PAGES = "/usr/share/mailwright-pages"
CLIENTS = "/usr/share/mailwright-clients"
_UNITS = (
    "mailwright-signin.socket",
    "mailwright-signin.service",
    "mailwright-sign.socket",
    "mailwright-sign@.service",
)
_ANY = {4: Verbatim(""), 6: Verbatim("[::]:")}


def files(plan: Plan, host: HostFacts) -> Iterator[File]:
    """nginx.conf and its parts, the daemon that people sign in with, the pages, and mail programs' files.

    Raises FormatError for a value that a format cannot carry.
    """
    yield File("/etc/nginx/nginx.conf", _nginx(plan, host))
    yield File("/etc/nginx/mailwright/sign-in.conf", _fixed("sign-in.conf"))
    for name in _names(plan, host):
        yield File(f"/etc/nginx/mailwright/{name}.d/web.conf", _server(plan, host, name))
    yield from _sign_in(plan, host)
    if _serves(plan, host, "pages"):
        for file, content in sorted(_pages(plan).items()):
            yield File(f"{PAGES}/{file}", content)
        made = render(systemd.FORMAT, "web/pages.conf.j2", folder=pages.STATUS_FOLDER, file=pages.STATUS)
        yield File("/etc/tmpfiles.d/mailwright-pages.conf", made)
    if _serves(plan, host, "autoconfig"):
        yield File(f"{CLIENTS}/config-v1.1.xml", clients.autoconfig(plan))


_pages = once(pages.for_everybody)


def _serves(plan: Plan, host: HostFacts, use: str) -> bool:
    return any((row.host, row.use) == (host.name, use) for row in plan.web)


def _names(plan: Plan, host: HostFacts) -> tuple[str, ...]:
    """The names under which the host serves anything, its own first."""
    return tuple(dict.fromkeys((host.name, *(row.name for row in plan.web if row.host == host.name))))


def _nginx(plan: Plan, host: HostFacts) -> str:
    # Loopback serves the check after a change, where a host has IPv6 addresses alone.
    families = sorted({4, *(address.version for address in host.addresses)})
    return render(
        nginx.FORMAT,
        "web/nginx.conf.j2",
        host=host,
        ciphers=CIPHERS,
        families=families,
        any=_ANY,
        names=_names(plan, host),
    )


def _server(plan: Plan, host: HostFacts, name: str) -> str:
    rows: list[WebService] = [row for row in plan.web if (row.host, row.name) == (host.name, name)]
    return render(
        nginx.FORMAT,
        "web/server.conf.j2",
        name=name,
        rows=rows,
        has_pages=any(row.path == "/" for row in rows),
        campus=plan.settings.campus_networks,
        socket=SOCKET,
        pages=PAGES,
        state=pages.STATUS_FOLDER,
        status=pages.STATUS,
        clients=CLIENTS,
    )


def _sign_in(plan: Plan, host: HostFacts) -> Iterator[File]:
    settings = {
        "signer": SIGNER,
        "people": PEOPLE,
        "store": _store(plan, host),
        "authorities": AUTHORITIES,
        "realm": f"Mail login, {plan.settings.primary_domain}",
        "domains": list(plan.settings.domains),
        "profile": clients.profile(plan),
        "servers": clients.servers(plan),
    }
    yield File(PROGRAM, _fixed("mailwright_signin.py"), mode=0o755)
    yield File(SETTINGS, json.dumps(settings, ensure_ascii=False, indent=2) + "\n")
    yield File(PEOPLE, _people(plan), "root", USER, 0o640, personal=True)
    made = {
        "program": PROGRAM,
        "user": USER,
        "socket": SOCKET,
        "signer": SIGNER,
        "certificate": f"/etc/ssl/mailwright/{host.name}.pem",
        "key": f"/etc/ssl/mailwright/{host.name}.key",
    }
    for unit in _UNITS:
        yield File(f"/etc/systemd/system/{unit}", render(systemd.FORMAT, f"web/{unit}.j2", **made))


def _store(plan: Plan, host: HostFacts) -> str:
    """The store that is asked whether a password is right: this host where it is one."""
    stores = [store.name for store in plan.with_function("store")]
    return host.name if host.name in stores else stores[0]


@once
def _people(plan: Plan) -> str:
    """Each login with a mailbox: whose it is, and the published address. Empty where people are in a directory."""
    published = {row.login: row.written or row.address for row in plan.senders if row.kind == "published"}
    people = {
        row.login: {"name": row.name, "address": published[row.login]}
        for row in plan.mailboxes
        if row.login in published
    }
    return json.dumps(people, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


def _fixed(name: str) -> str:
    return (resources.folder("templates") / "web" / name).read_text(encoding="utf-8")


def variables(plan: Plan, host: HostFacts) -> dict[str, object]:
    """``web_names``, each of which is asked for after a change."""
    return {"web_names": list(_names(plan, host))}


COMPONENT = Component("web", frozenset({"web", "lists"}), files, variables)
