"""The mail log: a file of its own for its readers alone, kept for the agreed time, losing no line (AUDIT-1/3/4)."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.components.model import Component, File
from mailwright.formats import logrotate, rsyslog, systemd
from mailwright.formats.engine import render
from mailwright.formats.words import unix_name
from mailwright.plan.model import HostFacts, Plan, Retention
from mailwright.plan.retention import JOURNAL, MAIL_LOG

# The units whose processes write mail lines. Debian 12 runs Postfix in the instance postfix@-.service.
_UNITS = {
    "debian-12": ("postfix@", "dovecot", "rspamd"),
    "debian-13": ("postfix", "dovecot", "rspamd"),
}


def files(plan: Plan, host: HostFacts) -> Iterator[File]:
    """rsyslog, logrotate and journald, and the group and folder that they need."""
    log = _retention(plan, host, MAIL_LOG)
    journal = _retention(plan, host, JOURNAL)
    unix_name(log.readers, "the name of a group")
    folder = log.log.rpartition("/")[0]
    yield File("/etc/rsyslog.conf", render(rsyslog.FORMAT, "logs/rsyslog.conf.j2", log=log, os=host.os))
    yield File(
        "/etc/logrotate.d/mailwright", render(logrotate.FORMAT, "logs/logrotate.j2", log=log, maxage=_maxage(log))
    )
    yield File(
        "/etc/systemd/journald.conf.d/zz-mailwright.conf",
        render(systemd.FORMAT, "logs/journald.conf.j2", journal=journal),
    )
    yield File("/etc/sysusers.d/mailwright.conf", render(systemd.FORMAT, "logs/sysusers.conf.j2", log=log))
    yield File(
        "/etc/tmpfiles.d/mailwright.conf", render(systemd.FORMAT, "logs/tmpfiles.conf.j2", log=log, folder=folder)
    )
    for unit in _UNITS[host.os]:
        text = render(systemd.FORMAT, "logs/rate.conf.j2", log=log)
        yield File(f"/etc/systemd/system/{unit}.service.d/mailwright-log.conf", text)


def variables(plan: Plan, host: HostFacts) -> dict[str, object]:
    """``logs_readers``: the group that may read the mail log."""
    return {"logs_readers": _retention(plan, host, MAIL_LOG).readers}


def _retention(plan: Plan, host: HostFacts, log: str) -> Retention:
    return next(row for row in plan.retention if (row.host, row.log) == (host.name, log))


def _maxage(log: Retention) -> int:
    """What logrotate compares with the age of a file's last line, once a day, when it rotates.

    The first line of a file is up to a day older than its last, nothing is removed for another day, and Debian 13's
    counts begun days as none; never less than the agreed time, though.
    """
    return max(log.days, log.maximum_days - 3)


COMPONENT = Component("logs", frozenset(), files, variables)
