"""The way of a post: what Mailman asks first, and then who sent it."""

from __future__ import annotations

import logging
from email.mime.message import MIMEMessage
from email.mime.text import MIMEText
from typing import Any

from lazr.config import as_timedelta
from mailman.app.moderator import hold_message
from mailman.chains.base import JumpChainBase, Link, TerminalChainBase
from mailman.chains.hold import HeldMessagePendable
from mailman.config import config
from mailman.email.message import UserNotification
from mailman.interfaces.chain import IChain, LinkAction
from mailman.interfaces.pending import IPendings
from zope.component import getUtility
from zope.interface import implementer

from mailwright_mailman import policy, posts

__all__ = ["DecisionChain", "HoldChain", "PostingChain"]

log = logging.getLogger("mailman.vette")

LINKS = (
    # what the author's domain asks of receivers, for the handler that rewrites From: by it
    ("dmarc-mitigation", LinkAction.defer, None),
    ("no-senders", LinkAction.jump, "discard"),
    ("loop", LinkAction.jump, "discard"),
    ("banned-address", LinkAction.jump, "discard"),
    ("truth", LinkAction.jump, "mailwright-decision"),
)


@implementer(IChain)
class PostingChain:
    """The chain that every list's posts go through."""

    name = "mailwright-posting"
    description = "Who may post, by the site's description and the verdict of its mailers."

    def get_links(self, _mlist: Any, _msg: Any, _msgdata: Any) -> Any:
        return iter([Link(rule, action, chain) for rule, action, chain in LINKS])


class DecisionChain(JumpChainBase):
    """Accept, hold, reject or discard."""

    name = "mailwright-decision"
    description = "Decides by the policy of the list."

    def jump_to(self, mlist: Any, msg: Any, msgdata: Any) -> str:
        through = tuple(msgdata.get("mailwright_through", ()))
        if posts.automatic(msg) or mlist.posting_address in through:
            log.info("%s: discard: %s, automatic or in a circle", mlist.fqdn_listname, msg.get("message-id", "n/a"))
            return "discard"
        who = posts.verdict(msg)
        action, why = policy.decide(
            policy.site(),
            mlist.posting_address,
            who,
            lambda one: mlist.members.get_member(one) is not None,
            lambda one: mlist.administrators.get_member(one) is not None,
            through,
            strict=bool(msgdata.get("dmarc")),
        )
        log.info(
            "%s: %s: %s, %s %s: %s",
            mlist.fqdn_listname,
            action,
            msg.get("message-id", "n/a"),
            who.kind,
            who.login or who.address,
            why or "may post",
        )
        if why:
            msgdata.setdefault("moderation_reasons", []).append(why)
        return "mailwright-hold" if action == "hold" else action


class HoldChain(TerminalChainBase):
    """Hold a post. Moderators are told, and decide by mail or on the web; so is a sender who is proven."""

    name = "mailwright-hold"
    description = "Hold a message for the moderators."

    def _process(self, mlist: Any, msg: Any, msgdata: Any) -> None:
        reason = "; ".join(msgdata.get("moderation_reasons", ()))
        request = hold_message(mlist, msg, msgdata, reason)
        # for as long as the post itself waits; Mailman's own measure is that of a stranger's confirmation
        lifetime = as_timedelta(config.mailman.moderator_request_life)
        token = getUtility(IPendings).add(HeldMessagePendable(id=request, list_id=mlist.list_id), lifetime)
        who = posts.verdict(msg)
        log.info("HOLD: %s post from %s held, message-id=%s", mlist.fqdn_listname, who.address, msg["message-id"])
        if who.kind != "unproven":
            text = (
                f"Your message to {mlist.fqdn_listname} waits for a moderator, because {reason}.\n\n"
                f"Questions: {mlist.owner_address}\n"
            )
            subject = f"Your message to {mlist.fqdn_listname} waits for a moderator"
            told = UserNotification(who.address, mlist.owner_address, subject, text, mlist.preferred_language)
            told.send(mlist)
        notice = UserNotification(
            mlist.owner_address,
            mlist.owner_address,
            f"A post to {mlist.fqdn_listname} waits for you",
            lang=mlist.preferred_language,
        )
        notice.set_type("multipart/mixed")
        text = (
            f"A message to {mlist.fqdn_listname} waits, because {reason}.\n"
            f"It says that it is from {who.address}, which is {_WORDS[who.kind]}.\n\n"
            f"To let it through:  mailto:{mlist.request_address}?subject=accept%20{token}\n"
            f"To throw it away:   mailto:{mlist.request_address}?subject=discard%20{token}\n\n"
            "Follow one of the two and send the empty message, or write to that address with that subject.\n"
            "The message is attached.\n"
        )
        notice.attach(MIMEText(text, _charset="us-ascii" if text.isascii() else "utf-8"))
        notice.attach(MIMEMessage(msg))
        notice.send(mlist)


_WORDS = {
    "inside": "known to be true",
    "vouched": "borne out by the sender's own mail system",
    "unproven": "NOT proven: anybody may have written it",
}
