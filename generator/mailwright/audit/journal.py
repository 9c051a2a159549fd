"""The journals: no warning and no error but those that a probe provoked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime

from mailwright.audit import roads
from mailwright.audit.model import Context, Observation, Phase, Probe
from mailwright.findings import Target
from mailwright.records import dataclass

_WORDS = re.compile(r"(?:^|: )(warning|error|fatal|panic): ", re.IGNORECASE)
_MOST = 20  # lines that are shown one by one


@dataclass(frozen=True, slots=True)
class Provoked:
    """A line that says nothing against the service: as a rule one that a probe provokes on purpose.

    probe    its id; or the role whose own check after a change does it: ``role logs``; or another cause in words
    program  pattern of the program's whole name
    message  pattern of all that it says; ``CLIENT`` stands for the name and address of one of the probes' vantages,
             ``ADDRESS`` for the address alone
    """

    probe: str
    program: str
    message: str

    def matches(self, program: str, message: str, address: str) -> bool:
        """``address``: a pattern for those of the vantages."""
        whole = self.message.replace("CLIENT", rf"\S+\[{address}\]").replace("ADDRESS", address)
        return (
            re.fullmatch(self.program, program) is not None and re.fullmatch(whole, message, re.DOTALL) is not None
        )


_LOGIN_PORTS = r"postfix/submissions?/smtpd"
_TLS_REFUSED = (
    r"warning: TLS library problem: error:[0-9A-F]+:SSL routines:[^:]*:"
    r"(no shared cipher|unsupported protocol|(ssl/tls|sslv3) alert bad certificate):.*"
)

PROVOKED: tuple[Provoked, ...] = (
    Provoked(
        "relay.outside",
        r"postfix/smtp/smtpd",
        r"warning: Illegal address syntax from CLIENT in RCPT command: <.*\brelayed@.*",
    ),
    Provoked(
        "relay.submission",
        _LOGIN_PORTS,
        r"warning: Illegal address syntax from CLIENT in RCPT command: <.*\brelayed@.*",
    ),
    Provoked("transport.incoming", r"postfix/smtp/smtpd", _TLS_REFUSED),
    Provoked("transport.submission", _LOGIN_PORTS, _TLS_REFUSED),
    Provoked(
        "submission.wrong-password",
        _LOGIN_PORTS,
        r"warning: CLIENT: SASL PLAIN authentication failed: \(reason unavailable\), sasl_username=\S+",
    ),
    # A submission host that keeps no mail asks a store, which says no.
    Provoked(
        "submission.wrong-password",
        r"dovecot",
        r"auth\([^,()]+,ADDRESS,sasl:plain\): Error: stores: (imapc\([^()]+\): )?Authentication failed: "
        r"\[AUTHENTICATIONFAILED\] Authentication failed\.",
    ),
    # Who guesses a lot waits, here and at a store; on a busy machine for longer than Postfix does (ten seconds).
    Provoked(
        "away.guessing",
        _LOGIN_PORTS,
        r"warning: CLIENT: SASL PLAIN authentication failed: Connection lost to authentication server, "
        r"sasl_username=\(unavailable\)",
    ),
    Provoked(
        "webmail.wrong-password",
        r"roundcube",
        r"<[0-9a-f]{8}> IMAP Error: Login failed for \S+ against \S+ from ADDRESS\. AUTHENTICATE PLAIN: "
        r"Authentication failed\. in \S+/rcube_imap\.php on line \d+ \(POST \S+\)",
    ),
    # The role has no words of RELP: it looks at the certificate, and hangs up.
    Provoked(
        "role logs",
        r"rsyslogd",
        r"imrelp\[\d+\]: error 'error when receiving data, session broken', object  'lstn \d+: conn to clt "
        r"(::1|127\.0\.0\.1)/localhost' - input may not work as intended \[.*\]",
    ),
    # Below a second the processor came late; whether the clock is right is for clock.offset to say.
    Provoked(
        "a busy machine",
        r"dovecot",
        r"[a-z0-9-]+(\([^)]*\))*: Warning: Time moved forwards? by 0\.\d+ seconds - adjusting timeouts\.",
    ),
)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a log: the program without its process id, and what it says."""

    program: str
    message: str

    def __str__(self) -> str:
        return f"{self.program}: {self.message}"[:400]


def clean(context: Context) -> Iterator[Observation]:
    """When all other probes are through, the journal of each host has no entry of priority warning or worse, and
    neither journal nor mail log has a line with ``warning:``, ``error:``, ``fatal:`` or ``panic:``, but for an
    exact list of those that a probe provokes on purpose (SCALE-1: every part of the service does its work). The
    journal was read: it has entries of the services."""
    hosts = (host.name for host in context.plan.hosts)
    yield from roads.side_by_side(hosts, lambda host: _clean_on(context, host))


def _clean_on(context: Context, host: str) -> Iterator[Observation]:
    address = _addresses(context)
    lines = [*_journal(context, host), *_mail_logs(context, host)]
    expected: dict[str, int] = {}
    left: dict[Line, int] = {}
    for line in lines:
        probe = next((item.probe for item in PROVOKED if item.matches(line.program, line.message, address)), "")
        if probe:
            expected[probe] = expected.get(probe, 0) + 1
        else:
            left[line] = left.get(line, 0) + 1
    for line, count in sorted(left.items(), key=lambda item: str(item[0]))[:_MOST]:
        yield Observation(f"the journal of {host}", f"{count} times {line}", False, target=Target(host))
    known = ", ".join(f"{count} of {probe}" for probe, count in sorted(expected.items())) or "none"
    yield Observation(
        f"warnings and errors in the journal of {host}",
        f"{sum(left.values())} that nobody provoked; provoked: {known}",
        not left,
        target=Target(host),
    )
    yield _was_read(context, host)


def _addresses(context: Context) -> str:
    """Pattern of the addresses of the vantages."""
    addresses = (str(address) for where in context.vantages.values() for address in where.addresses)
    return f"(?:{'|'.join(re.escape(address) for address in addresses)})"


def _journal(context: Context, host: str) -> Iterator[Line]:
    output = _journalctl(context, host, "--output=json", "--output-fields=MESSAGE,SYSLOG_IDENTIFIER,_COMM,PRIORITY")
    for text in output.splitlines():
        if not text.startswith("{"):
            continue
        entry = json.loads(text)
        message = _message(entry.get("MESSAGE"))
        program = str(entry.get("SYSLOG_IDENTIFIER") or entry.get("_COMM") or "")
        if int(entry.get("PRIORITY", 6)) <= 4 or _WORDS.search(message):
            yield Line(program, message)


def _message(value: object) -> str:
    """journalctl writes a message that is no plain text as a list of octets."""
    if isinstance(value, list):
        return bytes(value).decode("utf-8", "backslashreplace")
    return str(value or "")


def _mail_logs(context: Context, host: str) -> Iterator[Line]:
    paths = [
        row.log
        for row in context.plan.retention
        if row.host == host and row.log.startswith("/") and "*" not in row.log
    ]
    if not paths:
        return
    status, output = roads.shell(context).run(
        host, "grep", "--no-filename", "--text", "-iE", "(warning|error|fatal|panic):", *paths
    )
    if status not in (0, 1):
        raise OSError(f"grep in the mail log of {host}: {output.strip()[:200]}")
    for text in output.splitlines():
        if _before(text, context.since):
            continue
        found = re.match(r"\S+(?: +\d+ [\d:]+)? \S+ ([^\[: ]+)(?:\[\d+\])?: (.*)", text)
        program, message = (found[1], found[2]) if found else ("", text)
        if _WORDS.search(message):
            yield Line(program, message)


def _before(text: str, since: float) -> bool:
    """Whether a line of a mail log begins with a moment (RFC 3339) that is earlier."""
    try:
        return datetime.fromisoformat(text.partition(" ")[0]).timestamp() < since
    except ValueError:  # in the older form it has no year: it counts
        return False


def _journalctl(context: Context, host: str, *arguments: str) -> str:
    since = (f"--since=@{context.since:.0f}",) if context.since else ("--boot",)
    status, output = roads.shell(context).run(
        host, "journalctl", "--quiet", "--no-pager", *since, *arguments, timeout=60.0
    )
    if status != 0:
        raise OSError(f"journalctl on {host}: {output.strip()[:200]}")
    return output


def _was_read(context: Context, host: str) -> Observation:
    found = _journalctl(context, host, "--output=cat", "--lines=50", "--priority=info", "--facility=mail")
    count = len(found.splitlines())
    return Observation(
        f"entries of the mail services in the journal of {host}",
        f"{count} looked at",
        count > 0,
        True,
        Target(host),
    )


PROBES = (
    Probe(
        "journal.clean",
        ("SCALE-1",),
        "host",
        "Journals are free of warnings and errors",
        clean,
        negative=True,
        phase=Phase.LAST,
        harm="strangers cause warnings in a running service, so that they say nothing of it",
    ),
)
