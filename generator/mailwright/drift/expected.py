"""What must be on each host, from the plan: the very files of the build, the secrets that an apply lays, the tables
that are made on the host, and the services that read a file only when they start."""

from __future__ import annotations

import json
from collections.abc import Iterator

from mailwright.build import BuildError, host_files
from mailwright.build.tree import Tree
from mailwright.components import COMPONENTS
from mailwright.drift.model import Host, Part, Wanted
from mailwright.formats.engine import FormatError
from mailwright.plan.model import HostFacts, Plan
from mailwright.records import dataclass

FIREWALL = "/etc/mailwright/nftables.nft"

RECORDS = {"nullclient": "postfix"}
"""Components whose record has another name than theirs (roles/nullclient/tasks/main.yml)."""


@dataclass(frozen=True, slots=True)
class Secret:
    """A file that an apply lays from the control machine (``secrets`` of a role's transaction).

    path       on the host; ``{host}`` and ``{dkim_selector}`` stand for the values
    variable   it is there where the inventory has this variable, and it is not empty
    """

    component: str
    path: str
    owner: str
    group: str
    mode: int
    variable: str


SECRETS: tuple[Secret, ...] = (
    Secret("tls", "/etc/ssl/mailwright/{host}.pem", "root", "root", 0o644, "tls_certificate"),
    Secret("tls", "/etc/ssl/mailwright/{host}.key", "root", "root", 0o600, "tls_key"),
    Secret("filter", "/etc/rspamd/dkim/{dkim_selector}.key", "root", "_rspamd", 0o640, "dkim_selector"),
    Secret("postfix", "/etc/postfix/smarthost_password", "root", "root", 0o600, "postfix_smarthost"),
    Secret("mailman", "/etc/mailman3/directory.password", "root", "list", 0o640, "mailman_directory_password"),
    Secret(
        "webmail",
        "/etc/mailwright/webmail/directory.password",
        "root",
        "mailwright-webmail",
        0o640,
        "webmail_directory_password",
    ),
)

COMPLETED = {
    "postfix": ("postfix_directory", "postfix_directory_password"),
    "dovecot": ("dovecot_directory", "dovecot_directory_password"),
}
"""Component → the variable that names the files which an apply completes, and the one without which it does not."""

TABLES = {"postfix": ("postfix_tables", "/etc/postfix/", ".lmdb")}
"""Component → the variable with the names of its tables, where these are, and what their maker appends."""

READ_AT_START: dict[str, tuple[str, ...]] = {
    "chrony.service": ("/etc/chrony/chrony.conf",),
    "fail2ban.service": ("/etc/fail2ban/*",),
    "mailman3.service": (
        "/etc/mailman3/mailman.cfg",
        "/etc/systemd/system/mailman3.service.d/*",
        "/usr/local/lib/python3.13/dist-packages/mailwright_mailman/*",
    ),
    "mailwright-guard.service": (
        "/usr/local/sbin/mailwright-guard",
        "/etc/mailwright/guard.json",
        "/etc/systemd/system/mailwright-guard.service",
    ),
    "mailwright-lists-web.service": (
        "/etc/mailman3/web.json",
        "/etc/systemd/system/mailwright-lists-web.service",
        "/usr/local/lib/python3.13/dist-packages/mailwright_postorius/*",
    ),
    "mailwright-passwords.service": (
        "/usr/local/lib/mailwright/mailwright_accounts/*",
        "/usr/local/sbin/mailwright-passwords",
        "/etc/mailwright/accounts.json",
        "/etc/systemd/system/mailwright-passwords.service",
    ),
    "mailwright-signin.service": (
        "/usr/local/sbin/mailwright-signin",
        "/etc/mailwright/signin*",
        "/etc/systemd/system/mailwright-signin.service",
    ),
    "mailwright-space.service": (
        "/usr/local/sbin/mailwright-space",
        "/etc/mailwright/space.json",
        "/etc/systemd/system/mailwright-space.service",
    ),
    "php8.4-fpm.service": (
        "/etc/roundcube/*",
        "/etc/php/*",
        "/etc/systemd/system/php8.4-fpm.service.d/*",
        "/var/lib/roundcube/*",
    ),
    "radicale.service": (
        "/etc/radicale/*",
        "/etc/mailwright/carddav*",
        "/etc/systemd/system/radicale.service.d/*",
        "/usr/local/sbin/mailwright-cards",
    ),
    "redis-server.service": ("/etc/redis/*",),
    "rspamd.service": ("/etc/rspamd/*",),
    "rsyslog.service": ("/etc/rsyslog.conf",),
}
"""Services that an apply restarts after a change of these files (shell patterns), since they read them at no other
time. Those that reload (Postfix, Dovecot, nginx) can be told to without systemd, which then knows nothing of it."""


def hosts(plan: Plan) -> tuple[Host, ...]:
    """What must be on each host of the plan. Raises BuildError for values that a format cannot carry."""
    errors: list[FormatError] = []
    tree = host_files.make(plan, errors)
    if errors:
        raise BuildError(errors)
    return tuple(Host(host.name, tuple(_parts(plan, tree, host))) for host in plan.hosts)


def _parts(plan: Plan, tree: Tree, host: HostFacts) -> Iterator[Part]:
    for component in COMPONENTS:
        if not component.runs_on(plan, host):
            continue
        values = component.variables(plan, host)
        files = (*_files(tree, host.name, component.name, values), *_secrets(host.name, component.name, values))
        record = RECORDS.get(component.name, component.name)
        yield Part(component.name, record, tuple(files), _products(component.name, values))


def _files(tree: Tree, host: str, component: str, values: dict[str, object]) -> Iterator[Wanted]:
    folder = f"hosts/{host}/{component}"
    listed = tree.get(f"{folder}/FILES.json")
    paths, password = COMPLETED.get(component, ("", ""))
    named = values.get(paths) if password in values else ()
    completed = frozenset(map(str, named)) if isinstance(named, list | tuple) else frozenset()
    for entry in json.loads(listed.data)["files"] if listed else ():
        path = entry["path"]
        yield Wanted(
            path=path,
            owner=entry["owner"],
            group=entry["group"],
            mode=int(entry["mode"], 8),
            sha256=entry["sha256"],
            text=tree[folder + path].data,
            personal=entry["personal"],
            secret=path in completed,
            completed=path in completed,
        )


def _secrets(host: str, component: str, values: dict[str, object]) -> Iterator[Wanted]:
    for one in SECRETS:
        if one.component == component and values.get(one.variable):
            path = one.path.format(host=host, dkim_selector=values.get("dkim_selector", ""))
            yield Wanted(path, one.owner, one.group, one.mode, "", secret=True)


def _products(component: str, values: dict[str, object]) -> dict[str, str]:
    variable, folder, suffix = TABLES.get(component, ("", "", ""))
    names = values.get(variable)
    paths = [f"{folder}{name}" for name in names] if isinstance(names, list | tuple) else []
    return {path + suffix: path for path in paths}
