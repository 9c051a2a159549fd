"""One thing made wrong on a running lab in about a second and put right again, and what is found meanwhile."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path
from unittest.mock import patch

from mailwright.audit import away, contacts, mailboxes, runner, trail
from mailwright.audit.model import Correspondent, Inbox, Phase, Probe, Received
from mailwright.findings import Finding, Status
from mailwright.rehearsal.lab import read_fragments
from mailwright.rehearsal.rehearse import Stage, level

Change = Callable[[Stage], AbstractContextManager[None]]

PATIENCE = 12.0  # seconds for mail, or a bar; both are there within one where all is well
LINES = 4.0  # and for a line of a log, of which many are looked for
_JOBS = 6  # probes at a time: most of them wait

_serials = count()

# swap FILE OLD NEW            every occurrence, and there must be one
# option SERVICE TYPE SETTING  ``name = value`` for a service of master.cf, after all others, so that it counts
_PRELUDE = """\
set -eu
swap() { python3 -c 'import sys
path, old, new = sys.argv[1:]
text = open(path).read()
assert old in text, f"{path} has no {old!r}"
open(path, "w").write(text.replace(old, new))' "$@"; }
option() { python3 -c 'import re, sys
path = "/etc/postfix/master.cf"
service, type_, setting = sys.argv[1:]
text = open(path).read()
found = re.search(rf"^{service} +{type_} .*\\n(?:[ #].*\\n)*", text, re.MULTILINE)
open(path, "w").write(text[:found.end()] + "  -o { " + setting + " }\\n" + text[found.end():])' "$@"; }
"""


@dataclass(frozen=True, slots=True)
class Part:
    """A service of the host: the files that a mutant may change, and how they are taken up."""

    paths: str
    take_up: str


POSTFIX = Part("etc/postfix", "postfix reload; sleep 0.4")
# Old processes end when Postfix has let go of them.
DOVECOT = Part("etc/dovecot etc/mailwright etc/ssl/mailwright", "doveadm reload; postfix reload; sleep 0.4")
# Asked to go on with other settings, the old processes keep the sessions that they have, for many seconds.
FILTER = Part(
    "etc/rspamd",
    "systemctl kill --signal=KILL rspamd; while pgrep -f '^rspamd: ' >/dev/null; do sleep 0.05; done;"
    " systemctl reset-failed rspamd; systemctl start rspamd;"
    " until ss -Hltn 'sport = :11332' | grep -q .; do sleep 0.05; done; sleep 0.2",
)
NGINX = Part("etc/nginx", "nginx -t -q; systemctl reload nginx; sleep 0.5")
LOG = Part("etc/rsyslog.conf", "systemctl restart rsyslog")
ROTATION = Part("etc/logrotate.d", "true")


CLOCK_OFF = "systemctl stop chrony"
CLOCK_ON = "systemctl start chrony; chronyc -n waitsync 50 0 0 0.2 >/dev/null"


def host_of(stage: Stage) -> str:
    """The first host of the site, which in the example is the only one."""
    return stage.prepared.plan.hosts[0].name


def shell(stage: Stage, script: str, host: str = "") -> None:
    """Run a script on a host. Raises AssertionError with its words when a command of it fails."""
    status, said = stage.lab.shell.run(host or host_of(stage), "sh", "-c", _PRELUDE + script)
    assert status == 0, f"{script}: {said}"


def script(do: str, undo: str, host: str = "") -> Change:
    """Two scripts."""

    @contextmanager
    def made(stage: Stage) -> Iterator[None]:
        try:
            shell(stage, do, host)
            yield
        finally:
            shell(stage, undo, host)

    return made


def files(part: Part, do: str, host: str = "") -> Change:
    """A script that changes files of a part, which are put back."""
    kept = f"/run/known-bad-{next(_serials)}.tar"
    return script(
        f"tar -C / -cf {kept} {part.paths}\n{do}\n{part.take_up}",
        f"tar -C / -xf {kept}\nrm {kept}\n{part.take_up}",
        host,
    )


def postfix(*settings: str, services: tuple[str, ...] = (), do: str = "", host: str = "") -> Change:
    """Settings (``name = value``) of main.cf, or of these services of master.cf alone (``465/inet``)."""
    commands = [f"postconf -e {quoted(one)}" for one in settings] if not services else []
    commands += [option(service, one) for service in services for one in settings]
    return files(POSTFIX, "\n".join((*commands, do)), host)


def option(service: str, setting: str) -> str:
    """A command of a script: a setting of one service of master.cf."""
    name, _, type_ = service.partition("/")
    return f"option {name} {type_} {quoted(setting)}"


def without_alias(*addresses: str) -> Change:
    """Addresses that are no longer in the table of aliases."""
    table = "/etc/postfix/virtual_aliases"
    cuts = "\n".join(f"swap {table} '\n{one}\t' '\n#{one}\t'" for one in addresses)
    return postfix(do=f"{cuts}\npostmap lmdb:{table}")


def zones(line: Callable[[str], str]) -> Change:
    """Other zones are served: what becomes of each line of the fragments (empty: it is left out)."""

    @contextmanager
    def made(stage: Stage) -> Iterator[None]:
        fragments = read_fragments(stage.prepared.project / "dns")
        changed = {
            zone: "".join(line(one) for one in text.splitlines(keepends=True)) for zone, text in fragments.items()
        }
        assert changed != fragments
        try:
            stage.lab.serve(changed)
            yield
        finally:
            stage.lab.serve(fragments)

    return made


def with_record(zone: str, record: str) -> Change:
    """One more record is served."""

    @contextmanager
    def made(stage: Stage) -> Iterator[None]:
        fragments = read_fragments(stage.prepared.project / "dns")
        try:
            stage.lab.serve({**fragments, zone: f"{fragments[zone]}\n{record}\n"})
            yield
        finally:
            stage.lab.serve(fragments)

    return made


def without(*words: str) -> Change:
    """The records in whose line all of these words stand are not served."""
    return zones(lambda line: "" if all(word in line for word in words) else line)


def border(rules: Callable[[str], str]) -> Change:
    """What becomes of the border router's rules."""

    @contextmanager
    def made(stage: Stage) -> Iterator[None]:
        changed = rules(stage.border)
        assert changed != stage.border
        try:
            stage.lab.border(changed)
            yield
        finally:
            stage.lab.border(stage.border)

    return made


def clocks(seconds: float) -> Change:
    """The time servers lie. The host's own chronyd, which would notice sooner or later and remember, is off."""

    @contextmanager
    def made(stage: Stage) -> Iterator[None]:
        try:
            shell(stage, CLOCK_OFF)
            stage.lab.false_time(seconds)
            yield
        finally:
            stage.lab.false_time(0)
            shell(stage, CLOCK_ON)

    return made


def all_of(*changes: Change) -> Change:
    @contextmanager
    def made(stage: Stage) -> Iterator[None]:
        with ExitStack() as stack:
            for change in changes:
                stack.enter_context(change(stage))
            yield

    return made


@contextmanager
def unchanged(_stage: Stage) -> Iterator[None]:
    yield


def quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


@dataclass(frozen=True, slots=True)
class _Hurried:
    """The correspondent of the lab, who waits no longer than ``PATIENCE``."""

    whole: Correspondent

    @property
    def domain(self) -> str:
        return self.whole.domain

    @property
    def address(self) -> str:
        return self.whole.address

    def wait_for(self, token: str, timeout: float = PATIENCE) -> Received | None:
        return self.whole.wait_for(token, min(timeout, PATIENCE))


@dataclass(frozen=True, slots=True)
class _HurriedInbox:
    whole: Inbox

    def wait_for(self, token: str, timeout: float = PATIENCE) -> Received | None:
        return self.whole.wait_for(token, min(timeout, PATIENCE))


@dataclass(frozen=True, slots=True)
class Seen:
    """What the probes found of a deployment: ids of those that failed, and of those that proved nothing.

    words    the evidence of both
    seconds  to make it, to probe it, and to put it right
    """

    fails: frozenset[str]
    unproven: frozenset[str]
    words: tuple[str, ...]
    seconds: tuple[float, float, float]

    def __str__(self) -> str:
        return "\n".join((f"{' + '.join(f'{one:.1f}' for one in self.seconds)} s", *self.words))


# Seconds each where all is well: they wait for silence, or for a server that slows down whoever is wrong.
SLOW = frozenset(
    {
        "away.guessing",
        "away.throttling",
        "logs.full",
        "ports.inside",
        "ports.outside",
        "ports.udp",
        "smuggling.inbound",
        "smuggling.outbound",
        "store.imap-inside",
        "store.imap-outside",
        "store.wrong-password",
        "submission.wrong-password",
    }
)


def quick(stage: Stage) -> tuple[Probe, ...]:
    return tuple(
        probe for probe in stage.probes if probe.id not in SLOW and probe.phase in (Phase.MAIN, Phase.LAST)
    )


def examine(
    stage: Stage, change: Change, probes: tuple[Probe, ...], trust: Path | None = None, *, hurried: bool = True
) -> Seen:
    """What these probes find while the change is in force.

    trust    the authorities that the probes believe; none: the lab's alone
    hurried  they wait less than they do otherwise for what may never come; on a busy machine it may come later
    """
    started = time.monotonic()
    with change(stage):
        _forget(stage)
        made = time.monotonic()
        found = _probed(stage, probes, trust, hurried)
        probed = time.monotonic()
    ended = time.monotonic()
    telling = [one for one in found if one.status is not Status.PASS]
    return Seen(
        frozenset(one.id for one in telling if one.status is Status.FAIL),
        frozenset(one.id for one in telling if one.status is Status.NOT_PROVEN),
        tuple(f"{one.id} {one.requirement} {one.status}: {one.evidence}" for one in telling),
        (made - started, probed - made, ended - probed),
    )


def _probed(stage: Stage, probes: tuple[Probe, ...], trust: Path | None, hurried: bool) -> tuple[Finding, ...]:
    context = stage.context(math.ceil(time.time()))
    if trust is not None:
        context = replace(context, trust=str(trust))
    if not hurried:
        return runner.run(probes, context, level, jobs=_JOBS).findings
    if context.correspondent is not None:
        context = replace(context, correspondent=_Hurried(context.correspondent))
    behind = {name: replace(one, inbox=_HurriedInbox(one.inbox)) for name, one in context.behind.items()}
    context = replace(context, behind=behind)
    with ExitStack() as stack:
        for module, name, value in (
            (mailboxes, "holding", partial(mailboxes.holding, timeout=PATIENCE)),
            (mailboxes, "messages", partial(mailboxes.messages, timeout=PATIENCE)),
            (trail, "_WAIT", LINES),
            (contacts, "_WAIT", LINES),
            (away, "_BAR", PATIENCE),
            (away, "_NOTICE", PATIENCE),
        ):
            stack.enter_context(patch.object(module, name, value))
        return runner.run(probes, context, level, jobs=_JOBS).findings


def _forget(stage: Stage) -> None:
    """What was counted of the mutant before: connections of a client, recipients of a login, and who is barred."""
    for host in stage.prepared.plan.hosts:
        functions = set(host.functions)
        if functions & {"mx", "submission"}:
            shell(stage, "postfix reload; sleep 0.3", host.name)
        if "submission" in functions:
            shell(stage, "redis-cli -s /run/redis/mailwright.sock flushall", host.name)
        if functions & {"submission", "store"}:
            shell(stage, "fail2ban-client unban --all", host.name)
