"""Dovecot and a directory: who is asked about which login, and the files that say where the directory is.

The directory judges people's passwords by a bind in their name, so no password leaves it. Automatic senders are in
no directory: their passwords are host state, as everywhere. Where the directory is live, it also says where a
person's mail is; otherwise that stands in /etc/dovecot/users. The password of ``bind_dn`` stands in no file of a
build: the role puts it in as the last line of the files named in ``with_password``.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.components.model import File
from mailwright.formats import dovecot, ldap
from mailwright.formats.engine import Verbatim, render
from mailwright.plan.model import HostFacts, Plan
from mailwright.records import dataclass
from mailwright.site.model import Directory

LOGINS = "/etc/dovecot/directory-logins.conf"
PEOPLE = "/etc/dovecot/directory-people.conf"
WHOLE = "/etc/dovecot/directory.conf"
TIMES = "/etc/dovecot/directory.ldaprc"
TIMEOUT = 5
"""Seconds that a server may take."""


@dataclass(frozen=True, slots=True)
class View:
    """What the templates of a host with a directory go by.

    automatic  logins of automatic senders: of these the directory is never asked
    several    there are several stores, and the directory says which one keeps a person's mail
    """

    described: Directory
    store: bool
    automatic: tuple[str, ...]
    several: bool
    quota: int
    authorities: str
    by_login: Verbatim
    by_login_or_address: Verbatim
    everybody: Verbatim

    @property
    def live(self) -> bool:
        return self.described.live


def view(plan: Plan, host: HostFacts, version: str, authorities: str) -> View | None:
    """The view; None for a site without a directory. Raises FormatError for a filter or a name that is none."""
    directory = plan.settings.directory
    if directory is None:
        return None
    user = "%u" if version == "2.3" else "%{user}"
    has = directory.attributes
    return View(
        described=directory,
        store="store" in host.functions,
        automatic=tuple(sorted({row.login for row in plan.senders if row.automatic})),
        several=len(plan.with_function("store")) > 1,
        quota=plan.settings.quota,
        authorities=authorities,
        by_login=ldap.query(directory, (has.login,), user),
        by_login_or_address=ldap.query(directory, (has.login, has.address), user),
        everybody=Verbatim(f"(&{ldap.people(directory)})"),
    )


def files(plan: Plan, host: HostFacts, version: str, authorities: str) -> Iterator[File]:
    """Where the directory is and how it is asked; for 2.3 a file for each of passdb and userdb, for 2.4 one."""
    seen = view(plan, host, version, authorities)
    if seen is None:
        return
    for path in paths(plan, host, version):
        text = render(
            dovecot.FORMAT,
            f"dovecot/directory-{version}.conf.j2",
            view=seen,
            directory=seen.described,
            people=path == PEOPLE,
            timeout=TIMEOUT,
            times=TIMES,
        )
        yield File(path, text, mode=0o600)  # for root alone, which reads it for Dovecot: with the password in it
    if version == "2.3":
        yield File(TIMES, render(dovecot.FORMAT, "dovecot/ldaprc.j2", timeout=TIMEOUT))


def paths(plan: Plan, host: HostFacts, version: str) -> tuple[str, ...]:
    """The files that end with the password of ``bind_dn``."""
    if plan.settings.directory is None:
        return ()
    if version == "2.4":
        return (WHOLE,)
    return (LOGINS, PEOPLE) if plan.live and "store" in host.functions else (LOGINS,)
