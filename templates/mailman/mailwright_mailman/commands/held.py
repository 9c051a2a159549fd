"""Commands in mail to the -request address: moderators decide, owners manage."""

from __future__ import annotations

from typing import Any

from mailman.app.membership import delete_member
from mailman.app.moderator import handle_message
from mailman.interfaces.action import Action
from mailman.interfaces.address import IEmailValidator
from mailman.interfaces.command import ContinueProcessing, IEmailCommand
from mailman.interfaces.member import MemberRole
from mailman.interfaces.pending import IPendings
from mailman.interfaces.usermanager import IUserManager
from zope.component import getUtility
from zope.interface import implementer

from mailwright_mailman import policy, posts

__all__ = ["Accept", "Add", "Discard", "Remove"]


def _decide(mlist: Any, arguments: Any, results: Any, action: Action) -> ContinueProcessing:
    """The token is the proof: moderators alone were told it. Without one only those who are proven come here
    (runner.py)."""
    pendings = getUtility(IPendings)
    pendable = pendings.confirm(arguments[0], expunge=False) if arguments else None
    if pendable is None or pendable["type"] != "held message" or pendable.get("list_id") != mlist.list_id:
        print("Nothing waits under this word; somebody may have decided already.", file=results)
    else:
        results.send_response = True
        handle_message(mlist, pendable["id"], action)
        print("It goes to the list." if action is Action.accept else "It is thrown away.", file=results)
    return ContinueProcessing.no


@implementer(IEmailCommand)
class Accept:
    name = "accept"
    argument_description = "word"
    description = "Let a post through that waits; the word stands in the notice about it."
    short_description = "Let a post through that waits."

    def process(self, mlist: Any, _msg: Any, _msgdata: Any, arguments: Any, results: Any) -> ContinueProcessing:
        return _decide(mlist, arguments, results, Action.accept)


@implementer(IEmailCommand)
class Discard:
    name = "discard"
    argument_description = "word"
    description = "Throw a post away that waits; the word stands in the notice about it."
    short_description = "Throw a post away that waits."

    def process(self, mlist: Any, _msg: Any, _msgdata: Any, arguments: Any, results: Any) -> ContinueProcessing:
        return _decide(mlist, arguments, results, Action.discard)


def _refused(mlist: Any, msg: Any, arguments: Any, results: Any) -> bool:
    results.send_response = True
    if not posts.manages(mlist, msg):
        print("This is for the owners of the list, writing from here as themselves.", file=results)
    elif mlist.posting_address not in policy.site().live:
        print("Who is on this list is kept elsewhere: write to the service desk.", file=results)
    elif len(arguments) != 1 or not getUtility(IEmailValidator).is_valid(arguments[0]):
        print("Name one address.", file=results)
    else:
        return False
    return True


@implementer(IEmailCommand)
class Add:
    name = "add"
    argument_description = "address"
    description = "Put an address on the list: for its owners, where they manage it themselves."
    short_description = "Put an address on the list."

    def process(self, mlist: Any, msg: Any, _msgdata: Any, arguments: Any, results: Any) -> ContinueProcessing:
        if not _refused(mlist, msg, arguments, results):
            users = getUtility(IUserManager)
            address = users.get_address(arguments[0]) or users.create_address(arguments[0])
            if mlist.members.get_member(arguments[0]) is None:
                mlist.subscribe(address, MemberRole.member, send_welcome_message=True)
            print(f"{arguments[0]} is on the list.", file=results)
        return ContinueProcessing.yes


@implementer(IEmailCommand)
class Remove:
    name = "remove"
    argument_description = "address"
    description = "Take an address off the list: for its owners, where they manage it themselves."
    short_description = "Take an address off the list."

    def process(self, mlist: Any, msg: Any, _msgdata: Any, arguments: Any, results: Any) -> ContinueProcessing:
        if not _refused(mlist, msg, arguments, results):
            if mlist.members.get_member(arguments[0]) is not None:
                delete_member(mlist, arguments[0])
            print(f"{arguments[0]} is not on the list.", file=results)
        return ContinueProcessing.yes
