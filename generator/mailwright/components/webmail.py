"""Webmail (Roundcube): mail in a web browser, as the one who signed in, and as nobody else (WEB-1, WEB-2).

It reads mail at a store over IMAP and sends through message submission like any mail program; a plugin of our own
gives it the identities of the description and the address book. Its database (preferences, sessions, personal
address books) and the key of its sessions are host state. nginx is the component ``web``'s, which includes what is
put into /etc/nginx/mailwright/<name>.d/. What a role does with these files is in docs/reference/roles.md.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import urlsplit

from mailwright import resources
from mailwright.components import accounts
from mailwright.components.model import Component, File, once
from mailwright.components.postfix import AUTHORITIES
from mailwright.formats import css, fpm, ldap, nginx, php, systemd
from mailwright.formats.engine import render
from mailwright.plan.links import PASSWORDS
from mailwright.plan.model import BookEntry, HostFacts, Plan, Service
from mailwright.records import dataclass
from mailwright.site.model import Webmail

USER = "mailwright-webmail"
STATE = "/var/lib/mailwright-webmail"
"""The database, the key of sessions, and what is being uploaded: host state."""

PLUGIN = "/var/lib/roundcube/plugins/mailwright"
PEOPLE = "/etc/mailwright/webmail/people.json"
BOOK = "/etc/mailwright/webmail/book.json"
DIRECTORY_PASSWORD = "/etc/mailwright/webmail/directory.password"  # noqa: S105 - where it is, not what it is
SOCKET = "/run/php/mailwright-webmail.sock"
UNIT = "php8.4-fpm.service"
SESSION_MINUTES = 30

_FOLDERS = (
    "/var/lib/roundcube/",
    "/usr/share/roundcube/",
    "/etc/roundcube/",
    "/usr/share/php/",
    "/usr/share/javascript/",
    "/usr/share/nodejs/",
    "/usr/share/misc/",
    "/etc/mime.types",
    "/etc/ssl/certs/",
    "/etc/mailwright/webmail/",
    f"{STATE}/",
)
"""What PHP may read, and of it STATE alone it may write."""

_FIXED = ("mailwright.php", "mailwright_book.php", "apply.php", "blank.html")
_LOGO = {"image/png": "logo.png", "image/jpeg": "logo.jpg"}
_MIB = 1024**2


def wanted(plan: Plan) -> bool:
    """Whether the site has webmail at all."""
    return plan.settings.webmail is not None


def files(plan: Plan, host: HostFacts) -> Iterator[File]:
    """Roundcube's configuration, the plugin with what it goes by, PHP's pool and nginx's locations.

    Raises FormatError for a value that a format cannot carry.
    """
    webmail = plan.settings.webmail
    if webmail is None:
        return
    path = next(row.path for row in plan.web if row.use == "webmail" and row.host == host.name)
    yield File("/etc/roundcube/config.inc.php", _config(plan, host, webmail, path))
    for name in _FIXED:
        yield File(f"{PLUGIN}/{name}", _fixed(name))
    yield File(f"{PLUGIN}/look.css", _look(webmail.colour))
    if webmail.logo is not None:
        yield File(f"{PLUGIN}/{_LOGO[webmail.logo.media_type]}", webmail.logo.data)
    yield File(PEOPLE, _people(plan), "root", USER, 0o640, personal=True)
    if plan.book:
        yield File(BOOK, _book(plan), "root", USER, 0o640, personal=True)
    yield from _served(plan, host, path)


def _config(plan: Plan, host: HostFacts, webmail: Webmail, path: str) -> str:
    settings = plan.settings
    directory = _directory(plan)
    by_book = ("people",) if plan.book else ()
    changes_passwords = settings.directory is None
    return render(
        php.FORMAT,
        "webmail/config.inc.php.j2",
        host=host,
        settings=settings,
        authorities=AUTHORITIES,
        store=_server(plan, host, "imaps", "store"),
        submission=_server(plan, host, "submissions", "submission"),
        passwords=PASSWORDS if changes_passwords else 0,
        password_length=accounts.LENGTH,
        session_minutes=SESSION_MINUTES,
        path=path,
        hosts=[f"^{re.escape(host.name)}$"],
        key=f"{STATE}/key",
        database=f"{STATE}/roundcube.db",
        temporary=f"{STATE}/temp",
        title=webmail.title or settings.organisation,
        support=_support(plan),
        logo=_LOGO[webmail.logo.media_type] if webmail.logo is not None else "",
        sources=[*by_book, *(("directory",) if directory else ()), "sql"],
        book_title=settings.organisation,
        directory=directory,
        plugins=["mailwright", "managesieve", *(("password",) if changes_passwords else ())],
    )


def _server(plan: Plan, host: HostFacts, service: Service, function: str) -> str:
    """The host that is asked for a service: this one where it can be."""
    if function in host.functions:
        return host.name
    linked = (link.server for link in plan.links if (link.client, link.service) == (host.name, service))
    return next(linked, host.name)


def _support(plan: Plan) -> str:
    """Where help is: the service desk's page, or none."""
    desk = plan.settings.service_desk
    url = desk.url if desk is not None else ""
    return url if urlsplit(url).scheme == "https" else ""


@dataclass(frozen=True, slots=True)
class _Directory:
    """The live directory, as Roundcube asks it: to read, never to write."""

    hosts: tuple[str, ...]
    base: str
    bind_dn: str
    password_file: str  # empty: nobody's password is needed
    filter: str
    login: str
    name: str
    address: str
    aliases: str

    @property
    def search(self) -> tuple[str, ...]:
        return (self.name, self.address)


def _directory(plan: Plan) -> _Directory | None:
    described = plan.live
    if described is None:
        return None
    scheme = "ldaps" if described.tls == "ldaps" else "tls"  # Roundcube's word for STARTTLS
    has = described.attributes
    return _Directory(
        hosts=tuple(f"{scheme}://{server}:{described.port}" for server in described.servers),
        base=described.base,
        bind_dn=described.bind_dn,
        password_file=DIRECTORY_PASSWORD if described.bind_dn else "",
        filter=f"(&{ldap.people(described)})",
        login=has.login,
        name=has.name,
        address=has.address,
        aliases=has.aliases,
    )


def _fixed(name: str) -> str:
    return (resources.folder("templates") / "webmail" / name).read_text(encoding="utf-8")


def _look(said: str) -> str:
    colour = css.colour(said)
    return render(css.CSS, "webmail/look.css.j2", colour=colour, ink=ink(colour), shade=_shade(colour))


def ink(colour: str) -> str:
    """Black or white, whichever is easier to read on ``#rrggbb`` (WCAG 2.2, relative luminance)."""
    black = (_luminance(colour) + 0.05) / 0.05
    white = 1.05 / (_luminance(colour) + 0.05)
    return "#000000" if black > white else "#ffffff"


def _luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _shade(colour: str) -> str:
    """The same colour, away from that of what is written on it."""
    dark = ink(colour) == "#ffffff"
    parts = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return "#" + "".join(f"{part * 4 // 5 if dark else part + (255 - part) // 3:02x}" for part in parts)


@once
def _people(plan: Plan) -> str:
    """Each login with a mailbox: its name, the addresses it may be seen to write from, and where its mail is.

    The published address comes first. Addresses that are used inside alone are none that others should see.
    """
    found: dict[str, list[tuple[int, str]]] = {row.login: [] for row in plan.mailboxes}
    for row in plan.senders:
        if row.kind in _SHOWN and row.login in found:
            found[row.login].append((_SHOWN.index(row.kind), row.written or row.address))
    people = {
        row.login: {"name": row.name, "addresses": [a for _, a in sorted(found[row.login])], "store": row.host}
        for row in plan.mailboxes
        if found[row.login]
    }
    return json.dumps(people, ensure_ascii=False, indent=1, sort_keys=True) + "\n"


_SHOWN = ("published", "alias", "role")


@once
def _book(plan: Plan) -> str:
    """The address book, sorted by name; ``key`` has the words that are looked for."""
    people = [
        {
            "id": hashlib.sha256(row.address.encode()).hexdigest()[:16],
            "name": row.name,
            "email": row.address,
            "department": row.department,
            "key": _words(row),
        }
        for row in sorted(plan.book, key=lambda row: (folded(row.name), row.address))
    ]
    return json.dumps({"title": plan.settings.organisation, "people": people}, ensure_ascii=False, indent=1) + "\n"


def _words(row: BookEntry) -> str:
    """What an entry is found by: each part of its name and of what stands before the @, and the whole of them."""
    return folded(
        f"{row.name} {_spaced(row.name)} {row.address} {_spaced(row.address.partition('@')[0])} {row.department}"
    )


def folded(text: str) -> str:
    """Small letters without accents, as the plugin folds what somebody types."""
    parts = unicodedata.normalize("NFKD", text)
    return " ".join("".join(c for c in parts if not unicodedata.category(c).startswith("M")).lower().split())


def _spaced(text: str) -> str:
    """The parts of a name or an address as words of their own: ``Smith-Jones``, ``k.marx@chem``."""
    return re.sub(r"[^\w]+", " ", text)


def _served(plan: Plan, host: HostFacts, path: str) -> Iterator[File]:
    """PHP's pool and units, and what nginx needs."""
    size = plan.settings.message_size
    yield File(
        "/etc/php/8.4/fpm/pool.d/www.conf",
        render(
            fpm.FORMAT,
            "webmail/pool.conf.j2",
            user=USER,
            socket=SOCKET,
            folders=":".join(_FOLDERS),
            temporary=f"{STATE}/temp",
            authorities=AUTHORITIES,
            message_size=size,
            post_size=size + _MIB,
            memory=128 * _MIB + 4 * size,
        ),
    )
    yield File(
        f"/etc/systemd/system/{UNIT}.d/mailwright.conf",
        render(systemd.FORMAT, "webmail/php-fpm.dropin.j2", state=STATE),
    )
    for name in ("gc", "cleandb"):
        text = render(systemd.FORMAT, "webmail/cleaning.dropin.j2", user=USER, state=STATE)
        yield File(f"/etc/systemd/system/roundcube-{name}.service.d/mailwright.conf", text)
    limits = render(nginx.FORMAT, "webmail/nginx-http.conf.j2", campus=plan.settings.campus_networks)
    yield File("/etc/nginx/conf.d/mailwright-webmail.conf", limits)
    yield File(
        f"/etc/nginx/mailwright/{host.name}.d/webmail.conf",
        render(
            nginx.FORMAT,
            "webmail/nginx.conf.j2",
            path=path,
            bare=path.rstrip("/"),
            socket=SOCKET,
            body_size=size + _MIB,
        ),
    )


def variables(plan: Plan, host: HostFacts) -> dict[str, object]:
    """``webmail_path``, where it is served; ``webmail_directory``, whether a live directory knows the people.

    ``webmail_directory_password``, where the directory asks for one: its path on the control machine.
    """
    said: dict[str, object] = {
        "webmail_path": next((row.path for row in plan.web if (row.use, row.host) == ("webmail", host.name)), "")
    }
    if plan.live is not None:
        said["webmail_directory"] = True
        if plan.live.bind_dn:
            said["webmail_directory_password"] = plan.live.password
    return said


COMPONENT = Component("webmail", frozenset({"web"}), files, variables, wanted=wanted)
