"""What an audit signs in with, and where."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.changes.model import Comparison, Hit, Severity, risk
from mailwright.changes.personal import personal
from mailwright.changes.risks.parties import bare, within


@risk(
    "audit.outside",
    Severity.HIGH,
    "AUDIT-1",
    "the audit sends a password to somebody else's host",
    "Ask whoever runs audits whether the mailbox is theirs, and look at the path: it has to be a file made for "
    "this mailbox and nothing else. What stands in its first line is sent to that host.",
)
def outside(comparison: Comparison) -> Iterator[Hit]:
    """The next audit signs in at another host outside, or with what another file says.

    An audit reads the first line of the file on the machine where it runs, and sends it as a password. With the
    path of another secret, that secret is sent, to whoever runs the host.
    """
    old, new = comparison.old.settings, comparison.new.settings
    now = new.audit.outside if new.audit is not None else None
    was = old.audit.outside if old.audit is not None else None
    if now is None:
        return
    weight = Severity.MEDIUM if within(now.imap, old.domains) else None
    said = f"an audit signs in at {now.imap} with the password in {now.password}"
    if was is None or bare(was.imap) != bare(now.imap):
        yield Hit(said + (f" instead of at {was.imap}" if was is not None else ""), weight, value=now.imap)
    elif was.password != now.password:
        yield Hit(f"{said} instead of that in {was.password}", weight, value=now.password)
    elif (was.address.lower(), was.login) != (now.address.lower(), now.login):
        yield Hit(
            f"an audit reads another mailbox at {now.imap}, and writes to {personal(now.address, 'its address')}",
            Severity.MEDIUM,
            value=now.imap,
        )


@risk(
    "audit.mailbox",
    Severity.MEDIUM,
    "AUDIT-1",
    "an audit signs in to a mailbox, or with a password, that it did not before",
    "Name a mailbox that is kept for tests alone, and that nobody uses; and the path of a file with its password "
    "and nothing else.",
)
def mailbox(comparison: Comparison) -> Iterator[Hit]:
    """The next audit signs in as somebody else, or with what another file says.

    It writes from that mailbox, and reads and deletes what it sent there. A real person's mailbox is no place for
    that. What stands in the file's first line is sent to the site's hosts as a password.
    """
    old, new = comparison.old.settings.audit, comparison.new.settings.audit
    before = {one.login: one for one in old.mailboxes} if old is not None else {}
    for one in new.mailboxes if new is not None else ():
        was = before.get(one.login)
        who = personal(f"as {one.login}", "to a mailbox")
        if was is None:
            yield Hit(f"an audit signs in {who} with the password in {one.password}", value=one.password)
        elif was.password != one.password:
            yield Hit(
                f"an audit signs in {who} with the password in {one.password} instead of that in {was.password}",
                value=one.password,
            )
