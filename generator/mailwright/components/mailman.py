"""Mailman: distribution lists, made as the description says, and a rule of our own on who may post (LIST-1 to 3).

Posts come in by LMTP from Postfix of the same host and leave by it; the mailers write their verdict on who sent
each into one header line, and a plugin goes by that. ``mailwright-lists`` makes the lists. Its record of what was
made, Mailman's database, members of lists that owners manage, and the password of Mailman's REST interface are
host state.
What a role does with these files is in docs/reference/roles.md.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from mailwright import resources
from mailwright.components.model import Component, File, once
from mailwright.components.postfix import AUTHORITIES
from mailwright.formats import ldap, mailman, nginx, systemd
from mailwright.formats.engine import render
from mailwright.plan.lists import INWARD, OUTWARD, USER
from mailwright.plan.model import HostFacts, Plan
from mailwright.plan.retention import HELD

PROGRAM = "/usr/local/sbin/mailwright-lists"
HOME = "/var/lib/mailwright-lists"
"""What was last made, as digests, and the password of the REST interface: host state."""
CONFIG = "/etc/mailman3/mailman.cfg"
LISTS = "/etc/mailman3/mailwright.json"
DIRECTORY_PASSWORD = "/etc/mailman3/directory.password"  # noqa: S105 - where it is, not what it is
PLUGIN = "/usr/local/lib/python3.13/dist-packages/mailwright_mailman"
"""Where Debian 13's Python looks for what is not Debian's."""
POSTORIUS = "/usr/local/lib/python3.13/dist-packages/mailwright_postorius"
WEB_USER = "mailwright-lists-web"
WEB_STATE = "/var/lib/mailwright-lists-web"
"""Sessions of the web pages and files that browsers fetch: host state."""
DATABASE = "mailman"
REST = 8001
RECIPIENTS = 500
"""That Postfix is told at a time."""

_POSTER = ("published", "alias", "role", "internal")
"""Addresses that somebody may post with as a member, and what stands for them in the description."""


def wanted(plan: Plan) -> bool:
    """Whether the site has lists at all."""
    return bool(plan.lists)


def files(plan: Plan, host: HostFacts) -> Iterator[File]:
    """Mailman's configuration, the lists, the plugin, and the program that makes the lists; nothing on a host that
    has no lists.

    Raises FormatError for a value that a format cannot carry.
    """
    if not any(row.host == host.name for row in plan.lists):
        return
    yield File(
        CONFIG,
        render(
            mailman.FORMAT,
            "mailman/mailman.cfg.j2",
            host=host,
            settings=plan.settings,
            database=DATABASE,
            rest=REST,
            inward=INWARD,
            outward=OUTWARD,
            recipients=RECIPIENTS,
            held=next(row for row in plan.retention if (row.host, row.log) == (host.name, HELD)),
        ),
        "root",
        USER,
        0o640,
    )
    yield File(LISTS, _lists(plan), "root", USER, 0o640, personal=True)
    source = resources.folder("templates") / "mailman"
    yield from _package(source / "mailwright_mailman", PLUGIN)
    yield File(PROGRAM, _text(source / "mailwright_lists.py"), mode=0o755)
    for name in ("mailwright-lists.service", "mailwright-lists.timer"):
        text = render(systemd.FORMAT, f"mailman/{name}.j2", program=PROGRAM, home=HOME)
        yield File(f"/etc/systemd/system/{name}", text)
    yield File(
        "/etc/systemd/system/mailman3.service.d/mailwright.conf",
        render(systemd.FORMAT, "mailman/mailman3.dropin.j2", database=plan.settings.list_database),
    )
    yield from _web(plan, host)


def _package(source: Path, target: str) -> Iterator[File]:
    for path in sorted(source.rglob("*.py")):
        yield File(f"{target}/{path.relative_to(source).as_posix()}", _text(path))


def _web(plan: Plan, host: HostFacts) -> Iterator[File]:
    """Postorius, the web pages for owners, behind the web server, which signs people in."""
    path = next((row.path for row in plan.web if (row.use, row.host) == ("lists", host.name)), "")
    if not path:
        return
    yield from _package(resources.folder("templates") / "mailman" / "mailwright_postorius", POSTORIUS)
    said = {
        "host": host.name,
        "path": path,
        "postmaster": f"postmaster@{plan.settings.primary_domain}",
        "timezone": plan.settings.timezone,
    }
    yield File("/etc/mailman3/web.json", json.dumps(said, indent=2) + "\n")
    yield File("/etc/mailman3/web-people.json", _owners(plan), "root", WEB_USER, 0o640, personal=True)
    unit = "mailwright-lists-web.service"
    text = render(systemd.FORMAT, f"mailman/{unit}.j2", user=WEB_USER, state=WEB_STATE)
    yield File(f"/etc/systemd/system/{unit}", text)
    text = render(nginx.FORMAT, "mailman/nginx.conf.j2", path=path, bare=path.rstrip("/"), state=WEB_STATE)
    yield File(f"/etc/nginx/mailwright/{host.name}.d/lists.conf", text)


@once
def _owners(plan: Plan) -> str:
    """The addresses by which each login may look after lists; the published one first."""
    kinds = ("published", "alias", "role")
    people: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    for row in plan.senders:
        if row.kind in kinds and not row.automatic:
            people[row.login].append((kinds.index(row.kind), row.address))
    said = {login: [address for _, address in sorted(found)] for login, found in sorted(people.items())}
    return json.dumps(said, ensure_ascii=False, indent=1) + "\n"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@once
def _lists(plan: Plan) -> str:
    """The lists with their members, and which addresses each login has; sorted: the same each time."""
    members: defaultdict[str, list[str]] = defaultdict(list)
    for row in plan.members:
        members[row.list].append(row.member)
    people: defaultdict[str, list[str]] = defaultdict(list)
    for sender in plan.senders:
        if sender.kind in _POSTER and not sender.automatic:
            people[sender.login].append(sender.address)
    said = {
        "domains": list(plan.settings.domains),
        "database": plan.settings.list_database,
        "directory": _directory(plan),
        "lists": {
            row.address: {
                "title": row.title,
                "owners": list(row.owners),
                "moderators": list(row.moderators),
                "post": list(row.post),
                "moderated": row.moderated,
                "known": row.known,
                "group": row.group,
                "members": sorted(members[row.address]),
            }
            for row in plan.lists
        },
        "people": {login: sorted(addresses) for login, addresses in sorted(people.items())},
    }
    return json.dumps(said, ensure_ascii=False, indent=1) + "\n"


def _directory(plan: Plan) -> dict[str, object] | None:
    """How groups are read, where the members of a list are one."""
    described = plan.settings.directory
    if described is None or not any(row.known == "deploy" for row in plan.lists):
        return None
    return {
        "servers": list(described.servers),
        "port": described.port,
        "tls": described.tls,
        "authorities": AUTHORITIES,
        "base": described.base,
        "filter": f"(&{ldap.people(described)})",
        "bind_dn": described.bind_dn,
        "password": DIRECTORY_PASSWORD,
        "login": described.attributes.login,
        "address": described.attributes.address,
    }


def variables(plan: Plan, _host: HostFacts) -> dict[str, object]:
    """``mailman_database``; ``mailman_directory``, whether groups of a directory are read.

    ``mailman_directory_password``, where that directory asks for one: its path on the control machine.
    """
    said: dict[str, object] = {"mailman_database": plan.settings.list_database}
    directory = _directory(plan)
    if directory is not None:
        said["mailman_directory"] = True
    if directory is not None and directory["bind_dn"] and plan.settings.directory is not None:
        said["mailman_directory_password"] = plan.settings.directory.password
    return said


COMPONENT = Component("mailman", frozenset({"lists"}), files, variables, wanted=wanted)
