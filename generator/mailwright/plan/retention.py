"""How long each copy of the mail log is kept, and who may read it."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.plan import links
from mailwright.plan.model import Because, Retention
from mailwright.site.model import Site

MAIL_FOLDER = "/var/log/mail"
MAIL_LOG = f"{MAIL_FOLDER}/mail.log"
INDEX = "/var/lib/mailwright-trace/*"
JOURNAL = "journal"
JOURNAL_DAYS = 7
JOURNAL_READERS = "systemd-journal"

_LOG = Because("AUDIT-3", "the log of all messages sent out is kept for the agreed period")
_ROTATED = Because("AUDIT-3", "its earlier days, never longer than the maximum")
_SEALS = Because("AUDIT-4", "what shows that its earlier days are as they were, kept as long as they are")
_INDEX = Because("AUDIT-3", "made of the logs; what they lose it loses within minutes")
_JOURNAL = Because("AUDIT-4", "a second copy of the same lines, bounded; the mail log is the record")


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
    """The log, its rotated files and the journal's copy, on each host; on a log host, the copies of the others too.

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
