"""What happens to a post on its way to the members."""

from __future__ import annotations

import copy
import logging
from typing import Any

from mailman.config import config
from mailman.handlers.cook_headers import CookHeaders
from mailman.interfaces.handler import IHandler
from mailman.interfaces.member import DeliveryStatus, MemberRole
from mailman.interfaces.pipeline import DiscardMessage
from mailman.model.address import Address
from mailman.model.member import Member
from mailman.model.preferences import Preferences
from mailman.model.user import User
from sqlalchemy import or_, select
from sqlalchemy.orm import aliased
from zope.interface import implementer

from mailwright_mailman import policy, posts

__all__ = ["Headers", "Once", "Own", "Recipients", "Strip"]

log = logging.getLogger("mailman.vette")

OWNERS = "X-Mailwright-Owner"


@implementer(IHandler)
class Once:
    """A message comes to the owners of a list once, although the address of its owners, or one that leads back
    to it, is an owner's (RFC 5321, 6.3)."""

    name = "mailwright-once"
    description = "Ends circles through the addresses of owners."

    def process(self, mlist: Any, msg: Any, _msgdata: Any) -> None:
        if mlist.posting_address in [str(one).strip().lower() for one in msg.get_all(OWNERS, [])]:
            raise DiscardMessage(f"{mlist.posting_address}: its owners have it already")
        msg[OWNERS] = mlist.posting_address


@implementer(IHandler)
class Strip:
    """Nobody but this server is to know what the mailers say of the sender (LIST-3)."""

    name = "mailwright-strip"
    description = "Takes the verdict out."

    def process(self, _mlist: Any, msg: Any, _msgdata: Any) -> None:
        del msg[policy.HEADER]


@implementer(IHandler)
class Own:
    """From: of the site's own people stays, because what they submit is signed for their domain; no footer, which
    would break the author's signature."""

    name = "mailwright-own"
    description = "Leaves the site's own authors and all bodies as they are."

    def process(self, _mlist: Any, msg: Any, msgdata: Any) -> None:
        msgdata["nodecorate"] = True
        authors = posts.authors(msg)
        if authors and all(policy.site().own(one) for one in authors):
            msgdata["dmarc"] = False


@implementer(IHandler)
class Headers(CookHeaders):  # type: ignore[misc]  # Mailman has no types
    """As Mailman's, which writes a Reply-To: line anew in its own way; that would break an author's signature which
    covers the line, as the site's own does."""

    name = "mailwright-headers"
    description = "Mailman's header lines; Reply-To: stays as it was written."

    def process(self, mlist: Any, msg: Any, msgdata: Any) -> None:
        written = [value for name, value in msg.raw_items() if name.lower() == "reply-to"]
        super().process(mlist, msg, msgdata)
        del msg["reply-to"]
        for value in written:
            msg["Reply-To"] = value


@implementer(IHandler)
class Recipients:
    """The members to whom it goes, in one question to the database; lists of this server get it at once."""

    name = "mailwright-recipients"
    description = "Says who gets it."

    def process(self, mlist: Any, msg: Any, msgdata: Any) -> None:
        if "recipients" in msgdata:
            return
        everybody = frozenset(_enabled(mlist.list_id))
        lists = everybody & policy.site().lists.keys()
        msgdata["recipients"] = set(everybody - lists)
        for address in sorted(lists):
            self._hand_over(mlist, address, msg, msgdata)

    def _hand_over(self, mlist: Any, address: str, msg: Any, msgdata: Any) -> None:
        local, _, domain = address.partition("@")
        through = [*msgdata.get("mailwright_through", ()), mlist.posting_address]
        log.info("%s: to the list %s: %s", mlist.fqdn_listname, address, msg.get("message-id", "n/a"))
        config.switchboards["in"].enqueue(
            copy.deepcopy(msg),
            listid=f"{local}.{domain}",
            to_list=True,
            original_size=msgdata.get("original_size", 0),
            received_time=msgdata.get("received_time"),
            mailwright_through=through,
        )


def _enabled(list_id: str) -> list[str]:
    """Addresses of the members to whom mail is delivered; a member's own wish goes before the address's."""
    own, theirs = aliased(Preferences), aliased(Preferences)
    enabled = (DeliveryStatus.enabled, None)
    query = (
        select(Address._original, Address.email, own.delivery_status, theirs.delivery_status)
        .select_from(Member)
        .outerjoin(User, Member.user_id == User.id)
        .join(Address, or_(Member.address_id == Address.id, User._preferred_address_id == Address.id))
        .outerjoin(own, Member.preferences_id == own.id)
        .outerjoin(theirs, Address.preferences_id == theirs.id)
        .where(Member.list_id == list_id, Member.role == MemberRole.member)
    )
    return [
        email
        for _original, email, said, otherwise in config.db.store.execute(query)
        if (otherwise if said is None else said) in enabled
    ]
