"""The mail log: a file of its own for its readers alone, kept for the agreed time, losing no line (AUDIT-1/3/4).

Where the site has a log host, each other host sends it a copy over TLS, from a queue that waits while it is away.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mailwright.components import log_seal, log_space, log_trace
from mailwright.components.model import Component, File
from mailwright.formats import logrotate, rsyslog, systemd
from mailwright.formats.engine import render
from mailwright.formats.words import unix_name
from mailwright.plan.model import HostFacts, Link, Plan, Retention
from mailwright.plan.retention import JOURNAL, MAIL_LOG, central
from mailwright.records import dataclass
from mailwright.site.model import IPAddress

# The units whose processes write mail lines. Debian 12 runs Postfix in the instance postfix@-.service.
_UNITS = {
    "debian-12": ("postfix@", "dovecot", "rspamd"),
    "debian-13": ("postfix", "dovecot", "rspamd"),
}


@dataclass(frozen=True, slots=True)
class Source:
    """A host whose mail lines this one keeps too: where they come from, and where they are kept."""

    name: str
    addresses: tuple[IPAddress, ...]
    copy: Retention


def files(plan: Plan, host: HostFacts) -> Iterator[File]:
    """rsyslog, logrotate and journald, and the group and folders that they need."""
    log = _retention(plan, host, MAIL_LOG)
    journal = _retention(plan, host, JOURNAL)
    received = _received(plan, host)
    sources = [_source(plan, link) for link in received]
    logs = [log, *(source.copy for source in sources)]
    for each in logs:
        unix_name(each.readers, "the name of a group")
    text = render(
        rsyslog.FORMAT,
        "logs/rsyslog.conf.j2",
        log=log,
        os=host.os,
        host=host.name,
        forwards=[row for row in plan.links if (row.client, row.service) == (host.name, "syslog")],
        sources=sources,
        peers=[*(source.name for source in sources), host.name],
        port=next((link.port for link in received), None),
    )
    yield File("/etc/rsyslog.conf", text)
    yield File("/etc/logrotate.d/mailwright", _logrotate(logs))
    yield File(
        "/etc/systemd/journald.conf.d/zz-mailwright.conf",
        render(systemd.FORMAT, "logs/journald.conf.j2", journal=journal),
    )
    yield File("/etc/sysusers.d/mailwright.conf", render(systemd.FORMAT, "logs/sysusers.conf.j2", log=log))
    sealed = log_seal.sealed(plan, host).values()
    folders = {folder: row.readers for row in (*sealed, *logs) for folder in _folders(row.log)}
    yield File(
        "/etc/tmpfiles.d/mailwright.conf",
        render(systemd.FORMAT, "logs/tmpfiles.conf.j2", logs=logs, folders=folders),
    )
    for unit in _UNITS[host.os]:
        text = render(systemd.FORMAT, "logs/rate.conf.j2", log=log)
        yield File(f"/etc/systemd/system/{unit}.service.d/mailwright-log.conf", text)
    yield from log_seal.files(plan, host)
    yield from log_space.files(plan, host)
    yield from log_trace.files(plan, host)


def variables(plan: Plan, host: HostFacts) -> dict[str, object]:
    """``logs_readers``: the group that may read the mail log. ``logs_port``: where other hosts' lines come in.

    ``logs_seals``: whether this host seals logs. ``logs_asked``: whether Postfix here asks for space.
    """
    found: dict[str, object] = {
        "logs_readers": _retention(plan, host, MAIL_LOG).readers,
        "logs_seals": bool(log_seal.sealed(plan, host)),
        "logs_asked": log_space.is_asked(plan, host),
    }
    for link in _received(plan, host):
        found["logs_port"] = link.port
    return found


def _received(plan: Plan, host: HostFacts) -> list[Link]:
    return [row for row in plan.links if (row.server, row.service) == (host.name, "syslog")]


def _source(plan: Plan, link: Link) -> Source:
    client = plan.host(link.client)
    return Source(client.name, client.addresses, _retention(plan, plan.host(link.server), central(client.name)))


def _retention(plan: Plan, host: HostFacts, log: str) -> Retention:
    return next(row for row in plan.retention if (row.host, row.log) == (host.name, log))


def _folders(log: str) -> Iterator[str]:
    """The folders above a log that are ours, the outer ones first: ``/var/log/mail`` and what is in it."""
    parts = log.split("/")
    for length in range(4, len(parts)):
        yield "/".join(parts[:length])


def _logrotate(logs: Sequence[Retention]) -> str:
    """All logs of a host are of the same people for the same time."""
    return render(
        logrotate.FORMAT,
        "logs/logrotate.j2",
        log=logs[0],
        logs=logs,
        maxage=_maxage(logs[0]),
        compress=log_trace.COMPRESS,
    )


def _maxage(log: Retention) -> int:
    """What logrotate compares with the age of a file's last line, once a day, when it rotates.

    The first line of a file is up to a day older than its last, nothing is removed for another day, and Debian 13's
    counts begun days as none; never less than the agreed time, though.
    """
    return max(log.days, log.maximum_days - 3)


COMPONENT = Component("logs", frozenset(), files, variables)
