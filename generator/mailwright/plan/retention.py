"""How long each copy of the mail log is kept, and who may read it."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.plan.model import Because, Retention
from mailwright.site.model import Site

MAIL_LOG = "/var/log/mail/mail.log"
ROTATED = "/var/log/mail/mail.log-*"
JOURNAL = "journal"
JOURNAL_DAYS = 7
JOURNAL_READERS = "systemd-journal"

_LOG = Because("AUDIT-3", "the log of all messages sent out is kept for the agreed period")
_ROTATED = Because("AUDIT-3", "its earlier days, never longer than the maximum")
_JOURNAL = Because("AUDIT-4", "a second copy of the same lines, bounded; the mail log is the record")


def rows(site: Site) -> Iterator[Retention]:
    """The log, its rotated files and the journal's copy, on each host."""
    logging = site.logging
    for host in site.hosts:
        for log, because in ((MAIL_LOG, _LOG), (ROTATED, _ROTATED)):
            yield Retention(host.name, log, logging.days, logging.maximum_days, logging.readers, because)
        days = min(JOURNAL_DAYS, logging.days)
        yield Retention(host.name, JOURNAL, days, logging.maximum_days, JOURNAL_READERS, _JOURNAL)
