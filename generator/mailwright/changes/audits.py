"""What audits sign in with, and where to: nothing is built of it, and passwords are sent because of it."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.changes.model import Change, kind
from mailwright.changes.personal import personal
from mailwright.site.model import Audit

_NONE = Audit((), (), None)


def changes(old: Audit | None, new: Audit | None) -> Iterator[Change]:
    """Mailboxes for tests, addresses to which tests are sent, and the mailbox outside, in that order."""
    before, after = old or _NONE, new or _NONE
    was = {one.login: one for one in before.mailboxes}
    now = {one.login: one for one in after.mailboxes}
    for login in sorted(was.keys() | now.keys()):
        one, other = was.get(login), now.get(login)
        if one == other:
            continue
        who = personal(login, "somebody")
        if other is None:
            yield Change("audit", "removed", who, f"audits use the mailbox of {who} no more", old=one)
            continue
        said = f"audits use the mailbox of {who}"
        said += personal(f" at {other.address}", "") + f", with the password in {other.password}"
        if one is not None and one.password != other.password:
            said += f" instead of that in {one.password}"
        yield Change("audit", kind(one, other), who, said, old=one, new=other)
    written = sorted(set(after.addresses) - set(before.addresses))
    spared = sorted(set(before.addresses) - set(after.addresses))
    for address in written:
        shown = personal(address, "an address")
        yield Change("audit", "added", shown, f"audits may write to {shown}", new=address)
    for address in spared:
        shown = personal(address, "an address")
        yield Change("audit", "removed", shown, f"audits may write to {shown} no more", old=address)
    if before.outside != after.outside:
        if after.outside is None:
            said = "audits use no mailbox outside any more"
        else:
            where = after.outside
            said = f"audits use a mailbox outside, at {where.imap} port {where.port}, with the password in "
            said += where.password + personal(f" ({where.login}, {where.address})", "")
        yield Change(
            "audit",
            kind(before.outside, after.outside),
            "the mailbox outside",
            said,
            old=before.outside,
            new=after.outside,
        )
