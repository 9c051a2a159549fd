"""Gives Mailman mail to the addresses of a list for commands, and prints as JSON who is answered.

For each case of /test/cases.json, ``name`` → ``to``, ``subject``, ``body``, ``proven``: ``answered``, and how
many posts were ``decided``, and whether somebody is ``on`` the list now. ``{held}``, ``{elsewhere}`` (for
another list) and ``{joining}`` in a case stand for words that were sent out.
"""

from __future__ import annotations

import email
import json
import sys
from pathlib import Path
from typing import Any

from mailman.app.lifecycle import create_list
from mailman.app.moderator import hold_message
from mailman.chains.hold import HeldMessagePendable
from mailman.config import config
from mailman.core.initialize import initialize
from mailman.email.message import Message
from mailman.interfaces.domain import IDomainManager
from mailman.interfaces.listmanager import IListManager
from mailman.interfaces.mailinglist import SubscriptionPolicy
from mailman.interfaces.pending import IPendings
from mailman.interfaces.requests import IListRequests
from mailman.interfaces.subscriptions import ISubscriptionManager
from mailman.interfaces.usermanager import IUserManager
from zope.component import getUtility

LIST = "exams@college.ac.uk"
OTHER = "others@college.ac.uk"
INSIDE = "inside; login=km217; from=k.marx@chem.college.ac.uk"


def letter(author: str, to: str, subject: str, body: str, proven: bool) -> Message:
    verdict = f"X-Mailwright-Poster: {INSIDE if proven else f'unproven; from={author}'}\n"
    text = f"From: {author}\nTo: {to}\nSubject: {subject}\nMessage-ID: <1@x.example>\n{verdict}\n{body}\n"
    made: Message = email.message_from_string(text, Message)
    made.set_unixfrom(author)
    return made


def answered() -> int:
    """How many messages have been written since it was asked last."""
    queue = config.switchboards["virgin"]
    found = list(queue.files)
    for one in found:
        queue.dequeue(one)
        queue.finish(one)
    return len(found)


def words(mlist: Any, who: str) -> dict[str, str]:
    """A word that a moderator was sent, of either list, and one that somebody who wants to join was sent."""
    said = {}
    other = getUtility(IListManager).get(OTHER)
    for name, one in (("held", mlist), ("elsewhere", other)):
        request = hold_message(one, letter(who, LIST, "A post", "x", False), {}, "it is a test")
        said[name] = getUtility(IPendings).add(HeldMessagePendable(id=request, list_id=one.list_id))
    users = getUtility(IUserManager)
    address = users.create_address(who)
    said["joining"], _owner, _member = ISubscriptionManager(mlist).register(address)
    return said


def main() -> None:
    initialize("/etc/mailman3/mailman.cfg")
    from mailwright_mailman.runner import Commands

    getUtility(IDomainManager).add("college.ac.uk")
    mlist, _other = (create_list(name, []) for name in (LIST, OTHER))
    mlist.subscription_policy = SubscriptionPolicy.confirm
    config.db.store.commit()
    runner = Commands("command")
    found = {}
    for number, (name, case) in enumerate(json.loads(Path("/test/cases.json").read_text()).items()):
        victim = f"victim{number}@elsewhere.example"
        given = words(mlist, victim)
        answered()
        filled = {key: case[key].format(**given) for key in ("to", "subject", "body")}
        kind = filled["to"].partition("@")[0].partition("+")[0].rpartition("-")[2]
        who = "k.marx@chem.college.ac.uk" if case["proven"] else victim
        before = IListRequests(mlist).count
        runner._dispose(mlist, letter(who, **filled, proven=case["proven"]), {"subaddress": kind, "lang": "en"})
        found[name] = {
            "answered": answered(),
            "decided": before - IListRequests(mlist).count,
            "on": mlist.members.get_member(victim) is not None,
        }
        config.db.store.commit()
    sys.stdout.write(json.dumps(found))


main()
