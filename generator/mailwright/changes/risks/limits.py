"""How much may be sent before somebody notices."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.changes import words
from mailwright.changes.model import Comparison, Hit, Severity, risk

_LARGE = 1_000_000_000
"""Octets above which one message may fill a disk before anybody looks."""
_MUCH = 5
"""So many times more recipients are more than a busy office sends."""


@risk(
    "limits.raised",
    Severity.LOW,
    "REMOTE-1",
    "a stolen password may send more before it is stopped",
    "Raise it no further than the largest mailing that is known of. For one office with much to send, a list, or a "
    "program under automatic_senders, which may send ten times as much, does it without a change for everybody.",
)
def raised(comparison: Comparison) -> Iterator[Hit]:
    """A login may write to more recipients in an hour, or one message may have more.

    The hourly limit is what ends the spam of a stolen password: until it is reached, everything leaves. Block lists
    note a mailer after some hundreds. A larger message is no such matter until a single one fills the queue's disk,
    or is larger than any mailbox.
    """
    old, new = comparison.old.settings, comparison.new.settings
    more: list[str] = []
    if new.hourly > old.hourly:
        more.append(f"a login may write to {new.hourly:,} recipients in an hour instead of {old.hourly:,}")
    if new.recipients > old.recipients:
        more.append(f"a message may have {new.recipients:,} recipients instead of {old.recipients:,}")
    huge = new.message_size > max(old.message_size, _LARGE)
    if huge:
        more.append(f"a message may have {words.size(new.message_size)} instead of {words.size(old.message_size)}")
    if more:
        much = new.hourly >= _MUCH * old.hourly or (huge and 0 < new.quota < new.message_size)
        yield Hit("; ".join(more), Severity.MEDIUM if much else None)
