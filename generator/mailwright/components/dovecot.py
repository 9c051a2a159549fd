"""Dovecot: the message store (LMTP in, IMAPS, POP3S and ManageSieve out) and the judge of logins.

Who exists and with which quota is rendered; passwords are host state (/etc/dovecot/passwords). What a role does
with these files is in docs/reference/roles.md.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.components.model import Component, File
from mailwright.components.postfix import CIPHERS
from mailwright.formats import dovecot
from mailwright.formats.engine import render
from mailwright.plan.model import HostFacts, Plan

VERSIONS = {"debian-12": "2.3", "debian-13": "2.4"}
"""Dovecot's version in each release: the two have different configuration languages."""

MAIL = "/var/vmail"
GROUP = "dovecot"
_MAILBOX = (("noauthenticate", "y"),)
_SUBMISSION_ONLY = (("noauthenticate", "y"), ("nologin", "y"))


def files(plan: Plan, host: HostFacts) -> Iterator[File]:
    """dovecot.conf, the logins that may authenticate, and the mailboxes by login and by published address.

    Raises FormatError for a value that Dovecot's formats cannot carry.
    """
    version = VERSIONS[host.os]
    services = {row.service for row in plan.listeners if row.host == host.name}
    conf = render(
        dovecot.FORMAT,
        f"dovecot/dovecot-{version}.conf.j2",
        host=host,
        settings=plan.settings,
        families=sorted({str(address.version) for address in host.addresses}),
        pop3="pop3s" in services,
        ciphers=CIPHERS,
    )
    yield File("/etc/dovecot/dovecot.conf", conf)
    yield File("/etc/dovecot/logins", _logins(plan, host), "root", GROUP, 0o640, personal=True)
    yield File("/etc/dovecot/users", _users(plan, host, version), "root", GROUP, 0o640, personal=True)


def _logins(plan: Plan, host: HostFacts) -> str:
    """Everybody who may authenticate: owners of mailboxes, and automatic senders, who have none to look into."""
    with_mailbox = {row.login for row in plan.mailboxes if row.host == host.name}
    others = {row.login for row in plan.senders if row.automatic} - with_mailbox
    return dovecot.passwd_file(
        "AUDIT-1: the site's logins. Passwords are in the file of that name, which is host state.\n"
        "An automatic sender (nologin) may submit mail and has no mailbox.",
        (
            (login, "", _MAILBOX if login in with_mailbox else _SUBMISSION_ONLY)
            for login in sorted(with_mailbox | others)
        ),
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


def variables(plan: Plan, _host: HostFacts) -> dict[str, object]:
    """``passwords``: the seed passwd-file's path on the control machine."""
    return {"passwords": plan.settings.passwords}


COMPONENT = Component("dovecot", frozenset({"store"}), files, variables)
