"""Mailman's processes that are others here: where posts come in, and mail to the -request address and its like."""

from __future__ import annotations

import logging
import re
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from typing import Any

from mailman.config import config
from mailman.interfaces.pending import IPendings
from mailman.runners.command import CommandRunner
from mailman.runners.lmtp import LMTPController, LMTPHandler, LMTPRunner
from zope.component import getUtility

from mailwright_mailman import posts

log = logging.getLogger("mailman.vette")

_DECIDE = ("accept", "discard")


class Door(LMTPController):
    """The LMTP server, which does not first connect to itself: the firewall lets Postfix come there and nobody else
    (LIST-3)."""

    def _trigger_server(self) -> None:
        self.loop.call_soon_threadsafe(self._factory_invoker)


class Lmtp(LMTPRunner):
    """As Mailman's, on a busy machine too."""

    def __init__(self, name: str, slice: Any = None) -> None:
        super().__init__(name, slice)
        where, port = config.mta.lmtp_host, int(config.mta.lmtp_port)
        self.lmtp = Door(LMTPHandler(), hostname=where, port=port, ready_timeout=60)


class Commands(CommandRunner):
    """As Mailman's, but for those who are proven: others get no answer, unless they know a word that was sent out.
    An answer to somebody else's address would be one more unwanted message, with the writer's own text in it
    (LIST-3)."""

    def _dispose(self, mlist: Any, msg: Any, msgdata: Any) -> Any:
        unproven = posts.verdict(msg).kind == "unproven"
        if posts.automatic(msg) or (unproven and not _knows(mlist, msg, msgdata)):
            log.info("%s: no answer to %s, who is not proven", mlist.fqdn_listname, posts.authors(msg))
            return False
        return super()._dispose(mlist, msg, msgdata)


def _knows(mlist: Any, msg: Any, msgdata: Any) -> bool:
    """Whether the first command, and so all that Mailman would do, goes by a word that waits to come back."""
    verb, word = _command(msg, msgdata)
    waits = getUtility(IPendings).confirm(word, expunge=False) if word else None
    if waits is None or waits.get("list_id", mlist.list_id) != mlist.list_id:
        return False
    return bool(verb == "confirm" or (verb in _DECIDE and waits["type"] == "held message"))


def _command(msg: Any, msgdata: Any) -> tuple[str, str]:
    """Verb and word as Mailman will take them: from the address, or else from the subject; empty: there is none."""
    if msgdata.get("subaddress") in ("join", "leave"):
        return "", ""
    if msgdata.get("subaddress") == "confirm":
        found = re.match(config.mta.verp_confirm_regexp, str(msg.get("to", "")), re.DOTALL)
        if found:
            return "confirm", found.group("cookie").lower()
    try:
        subject = str(make_header(decode_header(str(msg.get("subject", "")))))
    except (HeaderParseError, UnicodeError, LookupError):
        return "", ""
    said = subject.encode("us-ascii", "ignore").decode("ascii").lower().split()
    if len(said) > 2 and said[0] not in config.commands:  # "Re:" in some language
        said = said[1:]
    return (said[0], said[1]) if len(said) > 1 and said[0] in ("confirm", *_DECIDE) else ("", "")
