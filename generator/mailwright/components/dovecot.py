"""Dovecot: the message store (LMTP in, IMAPS, POP3S and ManageSieve out) and the judge of logins.

Who exists, with which quota and on which store, is rendered; passwords are host state (/etc/dovecot/passwords) of
the store that keeps the mail. A store hands logins of the others over to them, and a host for submission that is no
store runs Dovecot for nothing but the question whether a login is right. What a role does with these files is in
docs/reference/roles.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import ip_address

from mailwright import resources
from mailwright.components import dovecot_directory
from mailwright.components.model import Component, File, once
from mailwright.components.postfix import AUTHORITIES, CIPHERS
from mailwright.formats import dovecot, systemd
from mailwright.formats.engine import render
from mailwright.plan.model import HostFacts, Plan, Service
from mailwright.plan.names import SENDING
from mailwright.site.model import IPAddress

VERSIONS = {"debian-12": "2.3", "debian-13": "2.4"}
"""Dovecot's version in each release: the two have different configuration languages."""

MAIL = "/var/vmail"
LIMITS = "/etc/systemd/system/dovecot.service.d/mailwright.conf"
GUARD = "/usr/local/libexec/mailwright-stranded"
GROUP = "dovecot"
_MAILBOX = (("noauthenticate", "y"),)
_SUBMISSION_ONLY = (("noauthenticate", "y"), ("nologin", "y"))

_HANDED_OVER: tuple[tuple[Service, str, tuple[tuple[str, object], ...]], ...] = (
    ("imaps", "imap", (("ssl", "yes"),)),
    ("pop3s", "pop3", (("ssl", "yes"),)),
    ("managesieve", "sieve", (("starttls", "yes"),)),
)
"""Services that a store hands over to another one: ours, Dovecot's name, and how the connection is made safe."""


def files(plan: Plan, host: HostFacts) -> Iterator[File]:
    """dovecot.conf, the logins that may authenticate, and the mailboxes by login and by published address.

    Raises FormatError for a value that Dovecot's formats cannot carry.
    """
    version = VERSIONS[host.os]
    services = {row.service for row in plan.listeners if row.host == host.name}
    store = "store" in host.functions
    others = _others(plan, host)
    asks = bool(others) and "submission" in host.functions and plan.settings.directory is None
    directory = dovecot_directory.view(plan, host, version, AUTHORITIES)
    conf = render(
        dovecot.FORMAT,
        f"dovecot/dovecot-{version}.conf.j2",
        host=host,
        settings=plan.settings,
        families=sorted({str(address.version) for address in host.addresses}),
        store=store,
        mailer=not SENDING.isdisjoint(host.functions),
        submission="submission" in host.functions,
        others=others,
        asks=asks,
        changes=store and plan.settings.webmail is not None and plan.settings.directory is None,
        trusted=_trusted(plan, host),
        pop3="pop3s" in services,
        lmtp="lmtp" in services,
        ciphers=CIPHERS,
        authorities=AUTHORITIES,
        directory=directory,
    )
    yield File("/etc/dovecot/dovecot.conf", conf)
    yield from dovecot_directory.files(plan, host, version, AUTHORITIES)
    yield _file("logins", _logins(plan, host))
    if store and plan.live is None:
        yield _file("users", _users(plan, host, version))
    if store and others:
        yield File("/etc/dovecot/roads", _roads(plan, others))
        guard = (resources.folder("templates") / "dovecot/stranded").read_text(encoding="utf-8")
        yield File(GUARD, guard, mode=0o755)
    if plan.settings.customers:
        yield File(LIMITS, render(systemd.FORMAT, "dovecot/limits.conf.j2"))
        yield File("/etc/dovecot/fetched", _FETCHED)
        if store:
            yield File("/etc/dovecot/delivered", _DELIVERED)
    if asks:
        yield File("/etc/dovecot/here", _HERE)
        yield File("/etc/dovecot/stores.lua", render(dovecot.FORMAT, "dovecot/stores.lua.j2", version=version))


def _file(name: str, text: str) -> File:
    return File(f"/etc/dovecot/{name}", text, "root", GROUP, 0o640, personal=True)


def _others(plan: Plan, host: HostFacts) -> tuple[HostFacts, ...]:
    """The stores that this host asks or hands over to. Where there is a directory, that answers for passwords."""
    if plan.settings.directory is not None and "store" not in host.functions:
        return ()
    return tuple(store for store in plan.with_function("store") if store.name != host.name)


def _trusted(plan: Plan, host: HostFacts) -> tuple[IPAddress, ...]:
    """The addresses of the site's hosts that log in here for a client, and say who that is.

    One of them is this host itself, where people sign in to web pages on it.
    """
    linked = (
        address
        for link in plan.links
        if (link.server, link.service) == (host.name, "imaps")
        for address in plan.host(link.client).addresses
    )
    own = (*host.addresses, *_LOOPBACK) if _signs_in(host) else ()
    return (*linked, *own)


_LOOPBACK = (ip_address("127.0.0.1"), ip_address("::1"))


def _signs_in(host: HostFacts) -> bool:
    return "store" in host.functions and not {"web", "lists"}.isdisjoint(host.functions)


_LOGINS = """\
AUDIT-1: the site's logins. Passwords are in the file of that name, which is host state.
An automatic sender (nologin) may submit mail and has no mailbox. A published address is its login (user)."""
_ELSEWHERE = "\nSCALE-1: elsewhere and store: that store keeps the mail and the password."


def _logins(plan: Plan, host: HostFacts) -> str:
    """Everybody who may authenticate: owners of mailboxes, and automatic senders, who have none to look into.

    An automatic sender belongs to each host that takes submissions, its password too.
    """
    here = "submission" in host.functions
    return dovecot.lines(
        _LOGINS + (_ELSEWHERE if _others(plan, host) else ""),
        (
            own if keeper == host.name or not keeper else elsewhere
            for keeper, own, elsewhere in _lines(plan)
            if keeper or here
        ),
    )


@once
def _lines(plan: Plan) -> tuple[tuple[str, str, str], ...]:
    """The store of each login, none for an automatic sender; its line there, and on every other host.

    SUPPORT-1: a published address is taken for its login, because mail programs know no other name to log in with.
    """
    keepers = {row.login: row.host for row in plan.mailboxes}
    automatic = {row.login: "" for row in plan.senders if row.automatic and row.login not in keepers}
    logins = [
        (keeper, dovecot.entry(login, _MAILBOX if keeper else _SUBMISSION_ONLY), _elsewhere(login, keeper))
        for login, keeper in sorted((keepers | automatic).items())
    ]
    for route in plan.routes:
        if route.kind == "mailbox" and route.targets[0] in keepers:
            login = route.targets[0]
            keeper, named = keepers[login], (("user", login),)
            line = dovecot.entry(route.address, (*named, *_MAILBOX))
            logins.append((keeper, line, _elsewhere(route.address, keeper, named)))
    return tuple(logins)


def _elsewhere(name: str, store: str, more: dovecot.Fields = ()) -> str:
    """``elsewhere`` ends the key by which a login's password and road are looked up: see dovecot.conf."""
    return dovecot.entry(name, (*more, *_MAILBOX, ("elsewhere", f"/{store}"), ("store", store))) if store else ""


def _roads(plan: Plan, others: tuple[HostFacts, ...]) -> str:
    """Each service that is handed over, with each of the other stores."""
    entries = []
    for store in others:
        ports = {row.service: row.port for row in plan.listeners if row.host == store.name}
        for service, name, safety in _HANDED_OVER:
            if service in ports:
                way = (("host", store.name), ("port", ports[service]), *safety)
                entries.append(dovecot.road(name, store.name, (("nopassword", "y"), ("proxy", "y"), *way)))
    return dovecot.lines(
        "REMOTE-2: a login of another store is handed over to it, and that store looks at the password. What is\n"
        "not in this list is not handed over.",
        entries,
    )


_HERE = dovecot.lines(
    "RELAY-3: a login of this host whose password did not fit. Found here, it is refused.",
    (dovecot.entry("here", (("nopassword", "y"),)),),
)


_FETCHED = dovecot.lines(
    "SCALE-2: a login of a customer who leaves, asked about by the mailer. Found here, it is refused.",
    (dovecot.service("smtp/fetch", (("nopassword", "y"),)),),
)
_DELIVERED = dovecot.lines(
    "SCALE-2: whoever is delivered to is found by published address before this, or is not found.",
    (dovecot.service("lmtp", ()),),
)


def _users(plan: Plan, host: HostFacts, version: str) -> str:
    """A line for the login of each mailbox, and one for the address under which the mailer delivers to it."""
    field = "userdb_quota_rule" if version == "2.3" else "userdb_quota_storage_size"
    mailboxes = {row.login: row for row in plan.mailboxes if row.host == host.name}
    rows: list[tuple[str, str, tuple[tuple[str, object], ...]]] = [
        (login, f"{MAIL}/{login}", ((field, dovecot.Quota(row.quota, version)),))
        for login, row in mailboxes.items()
    ]
    for route in plan.routes:
        if route.kind == "mailbox" and route.targets[0] in mailboxes:
            login = route.targets[0]
            quota = dovecot.Quota(mailboxes[login].quota, version)
            rows.append((route.address, f"{MAIL}/{login}", (("userdb_user", login), (field, quota))))
    return dovecot.passwd_file(
        "ADDR-5, SCALE-1: mailboxes and their quota, by login and by published address.", rows
    )


def variables(plan: Plan, host: HostFacts) -> dict[str, object]:
    """``dovecot_passwords``, the seed passwd-file's path on the control machine; ``dovecot_services``, which are
    there to be talked with after a change; and ``dovecot_guarded``, whether mail may belong on another store."""
    services = {row.service for row in plan.listeners if row.host == host.name} & _SERVICES
    sockets = {"login"} if "submission" in host.functions else set()
    if "store" in host.functions and not SENDING.isdisjoint(host.functions):
        sockets.add("delivery")
    return {
        "dovecot_passwords": plan.settings.passwords,
        "dovecot_services": sorted(services | sockets),
        "dovecot_guarded": "store" in host.functions and bool(_others(plan, host)),
        **_of_directory(plan, host),
    }


def _of_directory(plan: Plan, host: HostFacts) -> dict[str, object]:
    """``dovecot_directory``: the files of the look-ups.

    Where the directory asks for a login, what they end with: the setting ``dovecot_directory_setting``, whose value
    is at the path ``dovecot_directory_password`` on the control machine.
    """
    directory = plan.settings.directory
    if directory is None:
        return {}
    version = VERSIONS[host.os]
    said: dict[str, object] = {"dovecot_directory": list(dovecot_directory.paths(plan, host, version))}
    if directory.bind_dn:
        said["dovecot_directory_setting"] = "dnpass" if version == "2.3" else "ldap_auth_dn_password"
        said["dovecot_directory_password"] = directory.password
    return said


_SERVICES: frozenset[Service] = frozenset({"imaps", "managesieve", "lmtp"})

COMPONENT = Component("dovecot", frozenset({"store", "submission"}), files, variables)
