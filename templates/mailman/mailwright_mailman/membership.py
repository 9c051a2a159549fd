"""Mailman's commands about membership, where the description says who is on a list, and who may see it."""

from __future__ import annotations

from typing import Any

from mailman.interfaces.command import ContinueProcessing, IEmailCommand
from zope.interface import implementer

from mailwright_mailman import policy, posts

REPLACED = ("join", "leave", "subscribe", "unsubscribe", "who")


@implementer(IEmailCommand)
class Kept:
    """A command of Mailman's, for lists alone that their owners manage, and on nobody's behalf: whether
    somebody is on a list is told to nobody else, and nobody is written to for another (LIST-2).
    ``who``: for owners alone."""

    def __init__(self, original: Any) -> None:
        self._original = original
        self.name = original.name
        self.argument_description = original.argument_description
        self.description = original.description
        self.short_description = original.short_description

    def process(self, mlist: Any, msg: Any, msgdata: Any, arguments: Any, results: Any) -> ContinueProcessing:
        if self.name == "who":
            if not posts.manages(mlist, msg):
                print("Who is on this list is told to its owners alone.", file=results)
                return ContinueProcessing.yes
        elif mlist.posting_address not in policy.site().live:
            results.send_response = True
            print("Who is on this list is kept elsewhere: write to", mlist.owner_address, file=results)
            return ContinueProcessing.no
        elif not _mine(msg, arguments):
            results.send_response = True
            print("Join and leave with your own address alone: write from it.", file=results)
            return ContinueProcessing.no
        return self._original.process(mlist, msg, msgdata, arguments, results)


def _mine(msg: Any, arguments: Any) -> bool:
    """Whether each address that the command names is one of its proven author's."""
    named = [one.partition("=")[2].lower() for one in arguments if one.lower().startswith("address=")]
    return not set(named).difference(policy.identities(policy.site(), posts.verdict(msg)))
