#!/usr/bin/python3 -I
"""Makes Mailman's lists as the site's description says (LIST-1, LIST-2).

    mailwright-lists check [FILE]       say what would be taken off, and refuse what needs a word; changes nothing
    mailwright-lists apply              make the lists so
    mailwright-lists status             each list, how many are on it, and whether it is closed
    mailwright-lists remove LIST        delete a list that left the description, with its members
    mailwright-lists prepare            as root: this host's own password and database, once

    --remove-many    more than 30 % of ten or more members may go
    --all            compare every list, not those alone whose description changed

What was last made is kept as digests, without anybody's address, in STATE: where nothing changed, no member is
read. Lists whose members their owners manage keep them. A list that left the description takes no posts, and is
kept until it is removed. Ends with 0; with 3 where a word is needed; with 1 where it could not be done.
"""

from __future__ import annotations

import argparse
import grp
import hashlib
import json
import os
import pwd
import re
import secrets
import ssl
import subprocess
import sys
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

USER = "list"
FILE = Path("/etc/mailman3/mailwright.json")
CONFIG = Path("/etc/mailman3/mailman.cfg")
HOME = Path("/var/lib/mailwright-lists")
STATE = HOME / "state.json"
PASSWORDS = {"/etc/mailman3/rest.password": USER, "/etc/mailman3/rest-web.password": "mailwright-lists-web"}
"""Files with the password of the REST interface, and the group that may read each."""
SQLITE = Path("/var/lib/mailman3/data/mailman.db")
DATABASE = "mailman"
BATCH = 500
MANY = (10, 30)  # of so many members or more, so many per cent

TEXTS = ("display_name", "description", "info")
"""Settings that somebody wrote: they are what they are, also where they look like a time or a word of Mailman's."""

_ADDRESS = re.compile(r"[!#-'*+./-9=?^-~-]+@(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9-]{2,63}")

NEEDS_A_WORD = 3


class TroubleError(Exception):
    """Something that whoever runs this can mend; the message says what."""


@dataclass(frozen=True)
class Digests:
    settings: str
    members: str  # empty: the owners manage them
    closed: bool = False


@dataclass(frozen=True)
class Change:
    """What is to be done to one list. ``members`` None: they stay as they are."""

    address: str
    settings: bool
    members: frozenset[str] | None
    come: frozenset[str] = frozenset()
    go: frozenset[str] = frozenset()
    had: int = 0

    @property
    def many(self) -> bool:
        return self.had >= MANY[0] and len(self.go) * 100 > self.had * MANY[1]


# --- What is wanted --------------------------------------------------------------------------------------------


def read_wanted(path: Path) -> dict[str, Any]:
    try:
        data: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise TroubleError(f"{path}: {error}") from error
    if data["directory"]:  # the password is staged beside the lists
        data["directory"]["password"] = str(path.parent / Path(data["directory"]["password"]).name)
    for address, row in data["lists"].items():
        if row["known"] == "deploy":
            row["members"] = group(data["directory"], row["group"], address)
    return data


def group(directory: dict[str, Any], name: str, address: str) -> list[str]:
    """Mail addresses of the members of a group in the directory."""
    import ldap3

    try:
        tls = ldap3.Tls(validate=ssl.CERT_REQUIRED, ca_certs_file=directory["authorities"])
        connection = ldap3.Connection(
            ldap3.ServerPool(
                [
                    ldap3.Server(
                        host,
                        directory["port"],
                        use_ssl=directory["tls"] == "ldaps",
                        tls=tls,
                        connect_timeout=10,
                        get_info=ldap3.NONE,
                    )
                    for host in directory["servers"]
                ],
                ldap3.FIRST,
                active=1,
            ),
            directory["bind_dn"] or None,
            Path(directory["password"]).read_text(encoding="utf-8").strip() if directory["bind_dn"] else None,
            receive_timeout=60,
            raise_exceptions=True,
            read_only=True,
            check_names=False,
        )
        connection.open(read_server_info=False)
        if directory["tls"] == "starttls":
            connection.start_tls(read_server_info=False)
        connection.bind()
        wanted = (directory["address"], directory["login"])
        found = connection.extend.standard.paged_search(
            directory["base"],
            f"(&{directory['filter']}(memberOf={_escaped(name)}))",
            attributes=[directory["address"]],
            generator=False,
        )
        by_overlay = [one["attributes"][directory["address"]] for one in found if one.get("attributes")]
        addresses = by_overlay or list(_members_of_entry(connection, directory, name, wanted))
    except Exception as error:
        raise TroubleError(f"{address}: the group {name} could not be read: {error}") from error
    return list(_plausible(addresses, address, name))


def _plausible(values: Iterable[Any], address: str, name: str) -> Iterator[str]:
    """Addresses, each once, of what the directory has in that attribute. What is none is said and left out: with it
    Mailman would deliver no post of the list, and without the others nobody would be on it."""
    for one in sorted(
        {each.lower() for value in values for each in (value if isinstance(value, list) else [value])}
    ):
        if _ADDRESS.fullmatch(one):
            yield one
        else:
            print(f"mailwright-lists: {address}: {one!r} in the group {name} is no address", file=sys.stderr)


def _members_of_entry(
    connection: Any, directory: dict[str, Any], name: str, wanted: Sequence[str]
) -> Iterator[Any]:
    """Where the directory does not say of people which groups they are in: by the group's own attributes."""
    import ldap3

    kinds = ("member", "uniqueMember", "memberUid")
    connection.search(name, "(objectClass=*)", ldap3.BASE, attributes=list(kinds))
    entry = connection.response[0]["attributes"]
    for one in (*entry.get("member", ()), *entry.get("uniqueMember", ())):
        try:
            connection.search(one, directory["filter"], ldap3.BASE, attributes=[wanted[0]])
        except ldap3.core.exceptions.LDAPNoSuchObjectResult:
            continue  # somebody who has left the directory, and not the group
        yield from (each["attributes"][wanted[0]] for each in connection.response)
    for one in entry.get("memberUid", ()):
        query = f"(&{directory['filter']}({wanted[1]}={_escaped(one)}))"
        connection.search(directory["base"], query, ldap3.SUBTREE, attributes=[wanted[0]])
        yield from (each["attributes"][wanted[0]] for each in connection.response if each.get("attributes"))


def _escaped(text: str) -> str:
    """RFC 4515, 3."""
    return re.sub(r"[\\*()\x00]", lambda found: f"\\{ord(found[0]):02x}", text)


def settings_of(row: dict[str, Any]) -> dict[str, Any]:
    """What Mailman is told about a list, by the names of its attributes; words of an enumeration after a dot."""
    live = row["known"] == "live"
    return {
        # LIST-1: called as the description calls it
        "display_name": row["title"],
        "description": row["title"],
        "info": "",
        # LIST-2: membership is nobody's business, and the list stands in no directory of lists
        "advertised": False,
        "member_roster_visibility": "RosterVisibility.moderators",
        "archive_policy": "ArchivePolicy.never",
        "subscription_policy": f"SubscriptionPolicy.{'confirm_then_moderate' if live else 'moderate'}",
        "unsubscription_policy": f"SubscriptionPolicy.{'confirm' if live else 'moderate'}",
        "send_welcome_message": live,
        "send_goodbye_message": live,
        "admin_notify_mchanges": live,
        "admin_immed_notify": True,
        # LIST-3: decided by policy.py; nobody is answered who is not proven
        "posting_chain": "mailwright-posting",
        "posting_pipeline": "mailwright-posting-pipeline",
        "owner_pipeline": "mailwright-owner-pipeline",
        "respond_to_post_requests": False,
        "default_nonmember_action": "Action.defer",
        "emergency": False,
        "max_message_size": 0,
        "max_num_recipients": 0,
        "require_explicit_destination": False,
        "administrivia": False,
        "forward_auto_discards": False,
        # MSG-1, ADDR-7: the author's signature stays valid; From: is rewritten where the author's domain asks it
        "subject_prefix": "",
        "collapse_alternatives": False,
        "convert_html_to_plaintext": False,
        "filter_content": False,
        "anonymous_list": False,
        "include_rfc2369_headers": True,
        "allow_list_posts": True,
        "reply_goes_to_list": "ReplyToMunging.no_munging",
        "dmarc_mitigate_action": "DMARCMitigateAction.munge_from",
        "dmarc_mitigate_unconditionally": False,
        "digests_enabled": False,
        # LIST-2: addresses that fail get nothing more; those that the description names are never taken off for it
        "process_bounces": True,
        "bounce_score_threshold": 5,
        "bounce_info_stale_after": "days 7",
        "bounce_you_are_disabled_warnings": 3,
        "bounce_you_are_disabled_warnings_interval": f"days {7 if live else 36500}",
        "bounce_notify_owner_on_disable": True,
        "bounce_notify_owner_on_removal": True,
        "forward_unrecognized_bounces_to": "UnrecognizedBounceDisposition.administrators",
    }


def digests_of(row: dict[str, Any]) -> Digests:
    settings = {
        **settings_of(row),
        "owners": sorted(row["owners"]),
        "moderators": sorted(row["moderators"]),
    }
    members = "" if row["known"] == "live" else digest(sorted(set(row["members"])))
    return Digests(digest(settings), members)


def digest(value: object) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


# --- What there is ---------------------------------------------------------------------------------------------


def read_state() -> dict[str, Digests]:
    try:
        return {address: Digests(**row) for address, row in json.loads(STATE.read_text(encoding="ascii")).items()}
    except FileNotFoundError:
        return {}
    except (ValueError, TypeError) as error:
        raise TroubleError(f"{STATE}: {error}. Remove it, and everything is compared anew") from error


def write_state(state: dict[str, Digests]) -> None:
    waiting = STATE.with_suffix(".new")
    waiting.write_text(
        json.dumps({name: vars(state[name]) for name in sorted(state)}, indent=1) + "\n", encoding="ascii"
    )
    waiting.replace(STATE)


@contextmanager
def database(kind: str) -> Iterator[Any]:
    """A connection for reading that needs nothing of Mailman."""
    if kind == "postgresql":
        import psycopg2

        connection = psycopg2.connect(dbname=DATABASE, host="/run/postgresql")
    else:
        import sqlite3

        connection = sqlite3.connect(f"file:{SQLITE}?mode=ro", uri=True, timeout=60)
    try:
        yield connection
    finally:
        connection.close()


# Role 1 is member, as in mailman.interfaces.member. Somebody may be on a list by any address, or as a user.
_MEMBERS = """
SELECT a.email FROM member m JOIN address a ON a.id = m.address_id WHERE m.list_id = ? AND m.role = 1
UNION SELECT a.email FROM member m JOIN "user" u ON u.id = m.user_id
JOIN address a ON a.id = u._preferred_address_id
WHERE m.list_id = ? AND m.role = 1
"""


def there(kind: str, lists: Iterable[str]) -> dict[str, frozenset[str]]:
    """Who is on each of these lists now. One that is not there has nobody."""
    mark = "%s" if kind == "postgresql" else "?"
    found: dict[str, frozenset[str]] = {}
    with database(kind) as connection:
        cursor = connection.cursor()
        for address in lists:
            cursor.execute(_MEMBERS.replace("?", mark), (list_id(address),) * 2)
            found[address] = frozenset(row[0] for row in cursor.fetchall())
    return found


def list_id(address: str) -> str:
    return ".".join(address.rsplit("@", 1))


# --- What is to be done ----------------------------------------------------------------------------------------


def changes(wanted: dict[str, Any], state: dict[str, Digests], everything: bool) -> list[Change]:
    """Lists whose description is another than the one they were made by, or all."""
    fresh = {address: digests_of(row) for address, row in wanted["lists"].items()}
    touched = [
        address
        for address, now in fresh.items()
        if now.members and (everything or address not in state or state[address].members != now.members)
    ]
    # a list that nobody made has nobody: then there may be no database either
    had = there(wanted["database"], [one for one in touched if one in state]) if touched and state else {}
    found = []
    for address, now in fresh.items():
        settings = (
            everything or address not in state or state[address].settings != now.settings or state[address].closed
        )
        if address in touched:
            members = frozenset(one.lower() for one in wanted["lists"][address]["members"])
            before = had.get(address, frozenset())
            found.append(Change(address, settings, members, members - before, before - members, len(before)))
        elif settings:
            found.append(Change(address, settings, None))
    return found


def leaving(wanted: dict[str, Any], state: dict[str, Digests]) -> list[str]:
    return sorted(address for address, now in state.items() if address not in wanted["lists"] and not now.closed)


def refuse(found: Sequence[Change]) -> str:
    """What needs a word, or nothing."""
    many = [f"  {one.address}: {len(one.go)} of {one.had} members would go" for one in found if one.many]
    if not many:
        return ""
    return "\n".join(
        ("More than 30 % of the members of a list would go, and nothing was changed:", *many,
         "If that is meant, say so: mailwright-lists apply --remove-many, or -e mailman_remove_many=true.")
    )  # fmt: skip


# --- Doing it, inside Mailman ----------------------------------------------------------------------------------


def apply(
    wanted: dict[str, Any], found: Sequence[Change], gone: Sequence[str], state: dict[str, Digests]
) -> tuple[int, int]:
    """Carries it out list by list, and keeps what was done after each. A list that cannot be made so is said, and
    stops no other. Returns how many were others before, and how many could not be made so."""
    store, tools = mailman()
    for domain in wanted["domains"]:
        tools.domain(domain)
    done = failed = 0
    for address, change in [*((one.address, one) for one in found), *((one, None) for one in gone)]:
        try:
            if change is None:
                said = _closed(store, tools, address)
                state[address] = Digests(state[address].settings, state[address].members, closed=True)
            else:
                said = _made_so(store, tools, change, wanted["lists"][address])
                state[address] = digests_of(wanted["lists"][address])
        except Exception as error:
            store.rollback()
            failed += 1
            print(f"mailwright-lists: {address}: {type(error).__name__}: {error}", file=sys.stderr)
            continue
        write_state(state)
        if said:
            done += 1
            print(f"{address}: {said}")
    return done, failed


def _made_so(store: Any, tools: Any, change: Change, row: dict[str, Any]) -> str:
    """Says what was another thing before; nothing: it was so."""
    mlist = tools.made(change.address)
    set_anew = 0
    if change.settings:
        set_anew += tools.configure(mlist, settings_of(row))
        set_anew += sum(tools.keep_to(mlist.list_id, "owner", row["owners"]))
        judges = [one for one in row["moderators"] if one not in row["owners"]]
        set_anew += sum(tools.keep_to(mlist.list_id, "moderator", judges))
    come, go = (0, 0) if change.members is None else tools.keep_to(mlist.list_id, "member", change.members)
    store.commit()
    return f"{come} came, {go} went{', set up anew' if set_anew else ''}" if set_anew or come or go else ""


def _closed(store: Any, tools: Any, address: str) -> str:
    tools.made(address).emergency = True
    store.commit()
    return "closed"


def mailman() -> tuple[Any, Any]:
    """Mailman itself, in this process; about two seconds."""
    from mailman.config import config
    from mailman.core.initialize import initialize

    initialize(str(CONFIG))
    return config.db.store, Tools(config.db.store)


class Tools:
    """Mailman's lists, and its tables in portions: one member at a time takes hours."""

    def __init__(self, store: Any) -> None:
        from mailman.model.address import Address
        from mailman.model.member import Member
        from mailman.model.preferences import Preferences
        from mailman.model.user import User

        self._store = store
        self._address = Address.__table__
        self._member = Member.__table__
        self._preferences = Preferences.__table__
        self._user = User.__table__

    def domain(self, name: str) -> None:
        from mailman.interfaces.domain import IDomainManager
        from zope.component import getUtility

        manager = getUtility(IDomainManager)
        if name not in manager:
            manager.add(name)
            self._store.commit()

    def made(self, address: str) -> Any:
        from mailman.app.lifecycle import create_list
        from mailman.interfaces.listmanager import IListManager
        from zope.component import getUtility

        return getUtility(IListManager).get(address) or create_list(address)

    def configure(self, mlist: Any, settings: dict[str, Any]) -> int:
        """Returns how many settings were others before."""
        meant = {name: value if name in TEXTS else _value(value) for name, value in settings.items()}
        others = [name for name in meant if getattr(mlist, name) != meant[name]]
        for name in others:
            setattr(mlist, name, meant[name])
        return len(others)

    def keep_to(self, list_id: str, role: str, wanted: Iterable[str]) -> tuple[int, int]:
        """Who has the role is exactly ``wanted`` then. Returns how many came and how many went."""
        from sqlalchemy import select

        shall = {one.lower(): one for one in wanted}
        member, address, user = self._member, self._address, self._user
        known = _role(role)
        one_way = select(member.c.id, member.c.preferences_id, address.c.email).where(
            member.c.list_id == list_id, member.c.role == known
        )
        rows = [
            *self._store.execute(one_way.join(address, member.c.address_id == address.c.id)),
            *self._store.execute(
                one_way.join(user, member.c.user_id == user.c.id).join(
                    address, user.c._preferred_address_id == address.c.id
                )
            ),
        ]
        has = {row.email for row in rows}
        stale = [row for row in rows if row.email not in shall]
        fresh = sorted(shall.keys() - has)
        for part in _portions(stale):
            self._store.execute(member.delete().where(member.c.id.in_([row.id for row in part])))
            self._store.execute(
                self._preferences.delete().where(self._preferences.c.id.in_([row.preferences_id for row in part]))
            )
            self._store.commit()
        for part in _portions(fresh):
            self._subscribe(list_id, known, part, shall)
            self._store.commit()
        return len(fresh), len(stale)

    def _subscribe(self, list_id: str, role: Any, emails: Sequence[str], written: dict[str, str]) -> None:
        from sqlalchemy import select

        address = self._address
        query = select(address.c.email, address.c.id).where(address.c.email.in_(emails))
        known = {row.email: row.id for row in self._store.execute(query)}
        new = [one for one in emails if one not in known]
        if new:
            now = datetime.now()
            self._store.execute(
                address.insert(),
                [
                    {
                        "email": one,
                        "_original": written[one] if written[one] != one else None,
                        "display_name": one,  # `mailman members` ends with an error for somebody without a name
                        "verified_on": now,
                        "registered_on": now,
                        "preferences_id": preferences,
                    }
                    for one, preferences in zip(new, self._fresh_preferences(len(new)), strict=True)
                ],
            )
            known = {row.email: row.id for row in self._store.execute(query)}
        action = _value("Action.accept") if role.name in ("owner", "moderator") else None
        self._store.execute(
            self._member.insert(),
            [
                {
                    "_member_id": uuid.uuid4(),
                    "role": role,
                    "list_id": list_id,
                    "moderation_action": action,
                    "address_id": known[one],
                    "preferences_id": preferences,
                    "bounce_score": 0,
                    "last_warning_sent": datetime.min,
                    "total_warnings_sent": 0,
                }
                for one, preferences in zip(emails, self._fresh_preferences(len(emails)), strict=True)
            ],
        )

    def _fresh_preferences(self, count: int) -> list[int]:
        rows = self._preferences
        made = self._store.execute(rows.insert().returning(rows.c.id), [{"hide_address": None}] * count)
        return list(made.scalars())


def _portions(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (rows[start : start + BATCH] for start in range(0, len(rows), BATCH))


def _role(name: str) -> Any:
    from mailman.interfaces.member import MemberRole

    return MemberRole[name]


def _value(value: Any) -> Any:
    """A setting as Mailman has it: a member of one of its enumerations, a time, or as it is."""
    if not isinstance(value, str) or not re.fullmatch(r"days \d+|[A-Z][A-Za-z]+\.[a-z_]+", value):
        return value
    if value.startswith("days "):
        return timedelta(days=int(value[5:]))
    from mailman.interfaces import action, archiver, bounce, mailinglist
    from mailman.model import roster

    kind, _, word = value.partition(".")
    for module in (action, archiver, bounce, mailinglist, roster):
        if hasattr(module, kind):
            return getattr(module, kind)[word]
    return value


# --- Commands --------------------------------------------------------------------------------------------------


def check(path: Path, remove_many: bool) -> int:
    """As ``apply`` would begin; the file may be one that is not in place yet."""
    if not read_state():
        return 0  # nothing was made here yet, so nobody goes
    wanted = read_wanted(path)
    become_list()
    state = read_state()
    found = changes(wanted, state, everything=False)
    return _needs_a_word(found, remove_many)


def _needs_a_word(found: Sequence[Change], remove_many: bool) -> int:
    words = refuse(found)
    if words and not remove_many:
        print(words)
        return NEEDS_A_WORD
    return 0


def make_so(remove_many: bool, everything: bool) -> int:
    become_list()
    wanted = read_wanted(FILE)
    state = read_state()
    found = changes(wanted, state, everything)
    gone = leaving(wanted, state)
    if status := _needs_a_word(found, remove_many):
        return status
    began = time.monotonic()
    failed = 0
    if found or gone:
        done, failed = apply(wanted, found, gone, state)
        print(f"changed: {done} lists in {time.monotonic() - began:.1f} s" if done else "unchanged")
    for address in sorted(address for address, now in state.items() if now.closed):
        print(f"{address} left the description: it takes no posts. To delete it: mailwright-lists remove {address}")
    if not (found or gone):
        print("unchanged")
    return 1 if failed else 0


def status() -> int:
    become_list()
    wanted = read_wanted_without_groups()
    state = read_state()
    counts = there(wanted["database"], state)
    for address, now in state.items():
        kept = "by its owners" if address in wanted["lists"] and not now.members else "by the description"
        print(f"{address}: {len(counts[address])} members, {'closed' if now.closed else kept}")
    return 0


def read_wanted_without_groups() -> dict[str, Any]:
    data: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))
    return data


def remove(address: str) -> int:
    become_list()
    state = read_state()
    if address in read_wanted_without_groups()["lists"]:
        raise TroubleError(f"{address} is described: take it out of the description first, and apply that")
    if address not in state:
        raise TroubleError(f"{address} is none of the lists that were made here")
    store, tools = mailman()
    from mailman.app.lifecycle import remove_list

    remove_list(tools.made(address))
    store.commit()
    del state[address]
    write_state(state)
    print(f"{address} is deleted")
    return 0


def prepare(kind: str) -> int:
    """This host's own: the password of the REST interface and, with PostgreSQL, role and database; made once."""
    if kind == "postgresql":
        _run("systemctl", "enable", "--quiet", "--now", "postgresql.service")
        for _ in range(120):
            if subprocess.run(["/usr/bin/pg_isready", "-q", "-h", "/run/postgresql"], check=False).returncode == 0:
                break
            time.sleep(0.5)
        if not _psql("SELECT 1 FROM pg_roles WHERE rolname = 'list'"):
            _psql("CREATE ROLE list LOGIN")
        if not _psql(f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"):  # noqa: S608
            _psql(f"CREATE DATABASE {DATABASE} OWNER list TEMPLATE template0 ENCODING 'UTF8'")
    owner = pwd.getpwnam(USER)
    HOME.mkdir(mode=0o750, exist_ok=True)
    os.chown(HOME, owner.pw_uid, owner.pw_gid)
    if not all(Path(path).exists() for path in PASSWORDS):
        word = secrets.token_hex(24) + "\n"
        for path, group in PASSWORDS.items():
            waiting = Path(path + ".new")
            waiting.touch(mode=0o640)
            os.chown(waiting, 0, grp.getgrnam(group).gr_gid)
            waiting.chmod(0o640)
            waiting.write_text(word, encoding="ascii")
            waiting.replace(path)
    return 0


def _psql(statement: str) -> str:
    return _run("runuser", "-u", "postgres", "--", "psql", "-XAtq", "-d", "postgres", "-c", statement).strip()


def _run(*argv: str) -> str:
    done = subprocess.run(argv, check=False, capture_output=True, text=True, cwd="/")
    if done.returncode != 0:
        raise TroubleError(f"{' '.join(argv)}: {done.stderr.strip()}")
    return done.stdout


def become_list() -> None:
    """Everything else is done as Mailman's own user."""
    owner = pwd.getpwnam(USER)
    if os.geteuid() == 0:
        os.initgroups(USER, owner.pw_gid)
        os.setgid(owner.pw_gid)
        os.setuid(owner.pw_uid)
    elif os.geteuid() != owner.pw_uid:
        raise TroubleError(f"this is for root and for {USER}")
    os.umask(0o027)
    os.environ["HOME"] = str(HOME)
    os.chdir("/")


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="mailwright-lists", description="Mailman's lists as the description says."
    )
    parser.add_argument("verb", choices=("check", "apply", "status", "remove", "prepare"))
    parser.add_argument("what", nargs="?", default="")
    parser.add_argument("--remove-many", action="store_true", help="more than 30 %% of ten or more members may go")
    parser.add_argument("--all", action="store_true", help="compare every list")
    arguments = parser.parse_args()
    try:
        if arguments.verb == "check":
            return check(Path(arguments.what or FILE), arguments.remove_many)
        if arguments.verb == "apply":
            return make_so(arguments.remove_many, arguments.all)
        if arguments.verb == "status":
            return status()
        if arguments.verb == "remove":
            return remove(arguments.what)
        return prepare(read_wanted_without_groups()["database"])
    except TroubleError as error:
        print(f"mailwright-lists: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
