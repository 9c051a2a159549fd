"""How long each copy of the mail log is kept, and who may read it."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.plan import links
from mailwright.plan.model import Because, Retention
from mailwright.site.model import Site

MAIL_LOG = "/var/log/mail/mail.log"
JOURNAL = "journal"
JOURNAL_DAYS = 7
JOURNAL_READERS = "systemd-journal"

_LOG = Because("AUDIT-3", "the log of all messages sent out is kept for the agreed period")
_ROTATED = Because("AUDIT-3", "its earlier days, never longer than the maximum")
_JOURNAL = Because("AUDIT-4", "a second copy of the same lines, bounded; the mail log is the record")


def central(host: str) -> str:
    """Where a log host keeps what another host's mail log says."""
    return f"/var/log/mail/hosts/{host}/mail.log"


def rotated(log: str) -> str:
    """The earlier days of a log, as a shell pattern."""
    return f"{log}-*"


def rows(site: Site) -> Iterator[Retention]:
    """The log, its rotated files and the journal's copy, on each host; on a log host, the copies of the others too.

    A host that has a log host still keeps its own log whole: it is there when the network is not.
    """
    logging = site.logging
    copied = [link for link in links.rows(site) if link.service == "syslog"]
    for host in site.hosts:
        logs = [(MAIL_LOG, _LOG)]
        for link in copied:
            if link.server == host.name:
                because = Because("AUDIT-3", f"a copy of what {link.client} logs, kept as long")
                logs.append((central(link.client), because))
        for log, because in logs:
            yield Retention(host.name, log, logging.days, logging.maximum_days, logging.readers, because)
            yield Retention(host.name, rotated(log), logging.days, logging.maximum_days, logging.readers, _ROTATED)
        days = min(JOURNAL_DAYS, logging.days)
        yield Retention(host.name, JOURNAL, days, logging.maximum_days, JOURNAL_READERS, _JOURNAL)
