"""What the chain, the handlers and the commands need to know of a message."""

from __future__ import annotations

from email.utils import getaddresses
from typing import Any

from mailwright_mailman import policy


def authors(msg: Any) -> list[str]:
    """The addresses in From:."""
    return [
        address.lower() for _name, address in getaddresses([str(one) for one in msg.get_all("from", [])]) if address
    ]


def verdict(msg: Any) -> policy.Verdict:
    """What the site's mailers say of who sent it."""
    return policy.verdict([str(one) for one in msg.get_all(policy.HEADER, [])], authors(msg))


def automatic(msg: Any) -> bool:
    """Whether a program answers with it: to post it might begin a circle (RFC 3834, RFC 5321 4.5.5)."""
    said = str(msg.get("auto-submitted", "no")).partition(";")[0].strip().lower()
    sender = msg.get_unixfrom()
    return said == "auto-replied" or sender in ("", "<>") or msg.get_content_type() == "multipart/report"


def manages(mlist: Any, msg: Any) -> bool:
    """Whether a proven owner or moderator of the list sent it."""
    mine = policy.identities(policy.site(), verdict(msg))
    return any(mlist.administrators.get_member(one) is not None for one in mine)
