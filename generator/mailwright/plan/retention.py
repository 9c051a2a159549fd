"""How long each copy of the mail log is kept, and who may read it; and other records of people that have a time."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.plan import links
from mailwright.plan.errors import Faults
from mailwright.plan.model import Because, Plan, Retention
from mailwright.site.model import Site

MAIL_FOLDER = "/var/log/mail"
MAIL_LOG = f"{MAIL_FOLDER}/mail.log"
INDEX = "/var/lib/mailwright-trace/*"
JOURNAL = "journal"
JOURNAL_DAYS = 7
JOURNAL_READERS = "systemd-journal"
LEFT = "mail of people who have left"
GRACE = 90
"""Days that the mail of a login is kept which has left the description."""
VIEW = "the customer's view of the log"
"""What a provider's customer on shared hosts is shown of their log: its own messages."""
HELD = "posts held for moderators"
UNDECIDED = 30
"""Days that a post to a list waits for somebody to decide about it."""

_LOG = Because("AUDIT-3", "the log of all messages sent out is kept for the agreed period")
_ROTATED = Because("AUDIT-3", "its earlier days, never longer than the maximum")
_SEALS = Because("AUDIT-4", "what shows that its earlier days are as they were, kept as long as they are")
_INDEX = Because("AUDIT-3", "made of the logs; what they lose it loses within minutes")
_JOURNAL = Because("AUDIT-4", "a second copy of the same lines, bounded; the mail log is the record")

_LEFT = Because("PRIV-1", "a mistake can be mended; each night what is due is deleted, unless that is very many")
_VIEW = Because("AUDIT-3", "for so long the customer can be told what became of its messages")
_HELD = Because("LIST-3", "moderators decide within a month; then a post is deleted unsent")


def central(host: str) -> str:
    """Where a log host keeps what another host's mail log says."""
    return f"{MAIL_FOLDER}/hosts/{host}/mail.log"


def rotated(log: str) -> str:
    """The earlier days of a log, as a shell pattern."""
    return f"{log}-*"


def seals(host: str) -> str:
    """The seals of a host's log, on the host that makes them, as a shell pattern."""
    return f"{MAIL_FOLDER}/seals/{host}/*"


def rows(site: Site) -> Iterator[Retention]:
    """The log, its rotated files and the journal's copy, on each host; on a log host, the copies of the others too;
    on a store the mail of those who have left, and on a list host the posts that wait for a word.

    A host that has a log host still keeps its own log whole: it is there when the network is not. Log hosts seal
    what they keep; without one, each host seals its own.
    """
    logging = site.logging
    copied = [link for link in links.rows(site) if link.service == "syslog"]
    keepers = {link.server for link in copied}
    for host in site.hosts:
        logs = [(MAIL_LOG, _LOG)]
        sealed = [host.name] if host.name in keepers or not keepers else []
        for link in copied:
            if link.server == host.name:
                because = Because("AUDIT-3", f"a copy of what {link.client} logs, kept as long")
                logs.append((central(link.client), because))
                sealed.append(link.client)
        for log, because in logs:
            yield Retention(host.name, log, logging.days, logging.maximum_days, logging.readers, because)
            yield Retention(host.name, rotated(log), logging.days, logging.maximum_days, logging.readers, _ROTATED)
        for name in sealed:
            yield Retention(host.name, seals(name), logging.days, logging.maximum_days, logging.readers, _SEALS)
        yield Retention(host.name, INDEX, logging.days, logging.maximum_days, logging.readers, _INDEX)
        days = min(JOURNAL_DAYS, logging.days)
        yield Retention(host.name, JOURNAL, days, logging.maximum_days, JOURNAL_READERS, _JOURNAL)
        if "store" in host.functions:
            yield Retention(host.name, LEFT, GRACE, GRACE + 1, "administrators", _LEFT)
        if "lists" in host.functions and site.lists:
            yield Retention(host.name, HELD, UNDECIDED, UNDECIDED, "those who decide about them", _HELD)


def of_customer(site: Site, shared: Plan, faults: Faults) -> Iterator[Retention]:
    """Of a provider's customer: what its platform keeps, which is of all customers together; and its view of that.

    Fault: a view of days that are not kept.
    """
    keepers = shared.with_function("log") or shared.with_function("store")
    logging = site.logging
    for row in shared.retention:
        yield row
        if (row.host, row.log) == (keepers[0].name, MAIL_LOG):
            if logging.days > row.days:
                faults.add(
                    "view-too-long",
                    f"shared hosts keep their log for {row.days} days, and the customer is to see {logging.days}",
                    logging.where,
                    "say fewer days, or have the platform keep more",
                )
            yield Retention(row.host, VIEW, logging.days, row.maximum_days, "whom the customer names", _VIEW)


def view_days(plan: Plan) -> int:
    """For how many days a customer on shared hosts sees its part of the log; 0 for any other site."""
    return max((row.days for row in plan.retention if row.log == VIEW), default=0)
