"""What Postfix asks a live directory: a file for each look-up, below /etc/postfix/directory.

Each stands behind a static table of roles, automatic senders and the like, which is asked first and needs no
directory. While the directory does not answer, a look-up fails for the time being: 451 to a client, and the queue
waits. The password of ``bind_dn`` stands in no file of a build: the role puts it in as their last line.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.components.model import File
from mailwright.formats import ldap
from mailwright.formats.engine import Verbatim, render
from mailwright.plan.model import Because, Plan
from mailwright.plan.names import LOGINS
from mailwright.records import dataclass

FOLDER = "/etc/postfix/directory"


_UNSHARED = ("internal", "stores")
"""Named in master.cf, or inside another table."""


@dataclass(frozen=True, slots=True)
class Lookup:
    """One question to the directory.

    asked    attributes of which one is to be what is looked up
    said     how it is written into the filter: ``%s``, the key; ``%u``, an address's local part; both in parts
    answer   the attribute that is the answer
    domains  only addresses in these are looked up; empty: any whole address
    """

    name: str
    because: Because
    asked: tuple[str, ...]
    answer: str
    domains: tuple[str, ...]
    said: str = "%s"


def lookups(plan: Plan) -> tuple[Lookup, ...]:
    """The questions of this site; where people are in the tables, none but about who is behind a gateway."""
    directory = plan.settings.directory
    if directory is None:
        return ()
    has = directory.attributes
    behind = {name for row in plan.gateways for name in row.domains}
    known = {name for row in plan.gateways if row.recipients == "directory" for name in row.domains}
    own = tuple(name for name in plan.settings.domains if name not in behind)
    everywhere = (*plan.settings.domains, *(row.name for row in plan.settings.internal_domains))
    further = tuple(name for name in (has.aliases, has.internal) if name)
    found = []
    if known:
        because = Because("GATE-1", "who is behind a gateway")
        domains = tuple(sorted(known))
        found.append(Lookup("recipients", because, (has.address, *further), has.address, domains))
    if not directory.live:
        return tuple(found)
    found += [
        Lookup("mailboxes", Because("ADDR-5", "a published address has a mailbox"), (has.address,), has.login, own),
        Lookup(
            "members",
            Because("ROLE-1", "a role's member by login, and the published address"),
            (has.login,),
            has.address,
            (LOGINS,),
            said="%u",
        ),
        Lookup(
            "senders",
            Because("ADDR-6", "an address, and the login that may write it in MAIL FROM"),
            (has.address, *further),
            has.login,
            everywhere,
        ),
    ]
    if further:
        because = Because("ADDR-5", "a further or internal address, and the published one")
        found.append(Lookup("aliases", because, further, has.address, everywhere))
    if has.internal:
        because = Because("INT-4", "an internal address, and the published one that it becomes on its way out")
        found.append(Lookup("internal", because, (has.internal,), has.address, (), said="%u@%d"))
    if len(plan.with_function("store")) > 1:
        because = Because("SCALE-1", "a published address, and the store that keeps its mailbox")
        found.append(Lookup("stores", because, (has.address,), has.store, own))
    return tuple(found)


def tables(plan: Plan) -> dict[str, Verbatim]:
    """Postfix's name of each look-up's table, by the look-up's name.

    From the folder of its configuration on: a checker looks at the files that are about to be put there. All
    processes share connections (``proxy:``) where the table is named in main.cf by itself; others Postfix's proxy
    would refuse.
    """
    return {
        row.name: Verbatim(
            f"{'' if row.name in _UNSHARED else 'proxy:'}ldap:$config_directory/directory/{row.name}.cf"
        )
        for row in lookups(plan)
    }


def path(row: Lookup) -> str:
    """The file of a look-up."""
    return f"{FOLDER}/{row.name}.cf"


def files(plan: Plan, authorities: str) -> Iterator[File]:
    """The file of each look-up. Raises FormatError for a filter or a name that is none."""
    directory = plan.settings.directory
    for row in lookups(plan):
        text = render(
            ldap.FORMAT,
            "postfix/directory.cf.j2",
            row=row,
            directory=directory,
            query=ldap.query(directory, row.asked, row.said) if directory is not None else "",
            authorities=authorities,
        )
        # For the mailer alone: with the password in it.
        yield File(path(row), text, "root", "postfix", 0o640)
