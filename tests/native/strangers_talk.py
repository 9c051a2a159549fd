"""Tries with Mailman what strangers could do to the members and owners of a list; prints what came of it, as JSON.

``joins``: for each command of a vouched stranger, what is written and to whom. ``hops``: who gets a letter to the
owners when one of them is the owners' own address. ``scores``: of a member, day by day, with a forged report each.
"""

from __future__ import annotations

import email
import json
import sys
from datetime import datetime, timedelta
from typing import Any

from mailman.app.lifecycle import create_list
from mailman.config import config
from mailman.core.chains import process as through_chain
from mailman.core.initialize import initialize
from mailman.core.pipelines import process as through_pipeline
from mailman.email.message import Message
from mailman.interfaces.bounce import IBounceProcessor
from mailman.interfaces.domain import IDomainManager
from mailman.interfaces.mailinglist import SubscriptionPolicy
from mailman.interfaces.member import MemberRole
from mailman.interfaces.usermanager import IUserManager
from mailman.runners.bounce import BounceRunner
from zope.component import getUtility

MEMBER = "m.ember@college.ac.uk"
STRANGER = "eve@evil.example"
REPORT = """From: nobody@evil.example
To: {to}
Message-ID: <b{day}@evil.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=B

--B
Content-Type: text/plain

failed
--B
Content-Type: message/delivery-status

Reporting-MTA: dns; evil.example

Final-Recipient: rfc822; m.ember@college.ac.uk
Action: failed
Status: 5.1.1

--B--
"""


def letter(text: str) -> Message:
    made: Message = email.message_from_string(text, Message)
    made.set_unixfrom(STRANGER)
    return made


def queued(name: str) -> list[tuple[Any, Any]]:
    """What waits in a queue, which is empty then."""
    queue = config.switchboards[name]
    found = []
    for one in list(queue.files):
        found.append(queue.dequeue(one))
        queue.finish(one)
    return found


def on(mlist: Any, address: str, role: Any = MemberRole.member) -> Any:
    users = getUtility(IUserManager)
    known = users.get_address(address) or users.create_address(address)
    known.verified_on = datetime.now()
    return mlist.subscribe(known, role)


def joins(mlist: Any) -> dict[str, list[Any]]:
    from mailwright_mailman.runner import Commands

    runner, found = Commands("command"), {}
    queued("virgin")
    for said in (f"join address={MEMBER}", "join address=third@else.example", f"subscribe address={MEMBER}",
                 f"leave address={MEMBER}", f"join address={STRANGER.upper()}"):  # fmt: skip
        verdict = f"X-Mailwright-Poster: vouched; by=spf; from={STRANGER}"
        head = f"From: {STRANGER}\nTo: {mlist.request_address}\nMessage-ID: <1@evil.example>"
        runner._dispose(
            mlist, letter(f"{head}\n{verdict}\nSubject: {said}\n\n"), {"subaddress": "request", "lang": "en"}
        )
        config.db.store.commit()
        found[said] = [[sorted(data["recipients"]), msg.as_string()] for msg, data in queued("virgin")]
    return found


def hops(mlist: Any) -> list[list[str]]:
    on(mlist, mlist.owner_address, MemberRole.owner)
    on(mlist, "o.wner@college.ac.uk", MemberRole.owner)
    mlist.owner_pipeline = "mailwright-owner-pipeline"
    config.db.store.commit()
    text = f"From: {STRANGER}\nTo: {mlist.owner_address}\nSubject: hi\nMessage-ID: <2@evil.example>\n\nx\n"
    found: list[list[str]] = []
    for _ in range(3):
        through_chain(
            mlist, letter(text), {"listid": mlist.list_id, "lang": "en", "to_owner": True}, mlist.owner_chain
        )
        for msg, data in queued("pipeline"):
            through_pipeline(mlist, msg, data, mlist.owner_pipeline)
        out = queued("out")
        found.append(sorted({one for _msg, data in out for one in data["recipients"]}))
        if not out:
            break
        text = out[0][0].as_string()
    return found


def scores(mlist: Any, probe: bool) -> list[list[Any]]:
    """With ``probe``, the test message comes back at the end."""
    member = mlist.members.get_member(MEMBER) or on(mlist, MEMBER)
    settings = {"process_bounces": True, "bounce_score_threshold": 5, "bounce_info_stale_after": timedelta(days=7)}
    for name, value in {**settings, "bounce_you_are_disabled_warnings": 3}.items():
        setattr(mlist, name, value)
    config.db.store.commit()
    queued("virgin")
    runner, processor, found = BounceRunner("bounces"), getUtility(IBounceProcessor), []

    def report(to: str, day: int) -> None:
        runner._dispose(mlist, letter(REPORT.format(to=to, day=day)), {"subaddress": "bounces"})
        for event in list(processor.unprocessed):
            event.timestamp = datetime.now() + timedelta(days=day)
            processor.process_event(event)
        processor.send_warnings_and_remove()
        config.db.store.commit()
        left = mlist.members.get_member(MEMBER) is not None
        found.append([member.bounce_score, str(member.delivery_status), left])

    for day in range(12):
        report(mlist.bounces_address, day)
    if probe:
        senders = [msg.sender for msg, _data in queued("virgin") if "+" in msg.sender]
        found.clear()
        for to in senders[:1]:
            report(to, 13)
    return found


def main() -> None:
    initialize("/etc/mailman3/mailman.cfg")
    from mailwright_mailman import policy

    address = sorted(policy.site().live)[0]
    getUtility(IDomainManager).add(address.partition("@")[2])
    mlist = create_list(address, [])
    mlist.subscription_policy = SubscriptionPolicy.confirm_then_moderate
    on(mlist, MEMBER)
    config.db.store.commit()
    found = {
        "joins": joins(mlist),
        "hops": hops(mlist),
        "forged": scores(mlist, False),
        "probe": scores(mlist, True),
    }
    sys.stdout.write(json.dumps(found))


main()
