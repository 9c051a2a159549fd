"""The trail: who sent a message can be told from the logs, which only their readers can read."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import PurePosixPath

from mailwright.audit import letters, posting, roads, traced
from mailwright.audit.model import Account, Condition, Context, Observation, Probe
from mailwright.audit.traced import Asked
from mailwright.findings import Target
from mailwright.plan.model import Link, Retention
from mailwright.plan.retention import MAIL_LOG, central

_QUEUED = re.compile(r"queued as ([0-9A-Za-z]{6,20})")
_NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--")
_WAIT = 45.0  # seconds for a line to reach the log


def responsible(context: Context) -> Iterator[Observation]:
    """Messages whose header lies about who sent them (a false name in From:, false Received:, Message-ID: and X-
    lines, an alias, an automatic sender's form) are traced from the queue id that submission gave, from the
    Message-ID and from the whole message as it arrived, by the log alone, to the login and the address that they
    came from; so is one that was refused because its From: is another person's (AUDIT-1). mailwright-trace tells,
    where it is installed; else the log is searched for the queue id and the Message-ID."""
    who = roads.anybody(context)
    foreign = posting.outsider(context)
    other = next(iter(roads.others(context, who.login)), foreign)
    here = roads.somewhere(context)
    origin = {str(address) for address in roads.certain(context, here).addresses}
    writers: list[tuple[Account, str]] = [(who.account, address) for address in (who.published, *who.aliases[:1])]
    automatic = {row.login: row.address for row in context.plan.senders if row.automatic}
    writers += [(account, automatic[account.login]) for account in context.accounts if account.login in automatic][
        :1
    ]
    for account, address in writers:
        mark = letters.token()
        content = letters.letter(
            mark,
            f'"{other}" <{address}>',
            f"<{foreign}>",
            without=("Message-ID",),
            extra=(
                ("Received", f"from {foreign} ([203.0.113.250]) by elsewhere.invalid with ESMTPSA (login {other})"),
                ("Message-ID", f"<{mark}@elsewhere.invalid>"),
                ("X-Authenticated-User", other),
            ),
        )
        door = roads.doors(context, here, "submission", "submissions")[0]
        with roads.vantage(context, here).enter(), roads.smtp(context, door, account=account) as dialogue:
            reply = dialogue.deliver(address, (foreign,), content)
        queued = _QUEUED.search(str(reply))
        what = f"the sender of a message with forged lines, handed in by {account.login} on {door}"
        if not reply.accepted or queued is None:
            yield Observation(what, str(reply), None, target=door.target)
            continue
        by_queue = Asked(f"{what}, by queue id {queued[1]}", (queued[1],))
        yield _traced(context, by_queue, account.login, origin, door)
        by_mark = Asked(f"{what}, by Message-ID", (f"<{mark}@elsewhere.invalid>",))
        yield _traced(context, by_mark, account.login, origin, door, mark)
        yield from _whole_is_traced(context, what, mark, account.login, origin, door)
    yield _refused_is_traced(context, who, other, foreign, origin)


def sent_is_logged(context: Context) -> Iterator[Observation]:
    """A message that left is in the mail log with sender, recipient, the host that took it and the moment, and what
    logrotate on each host is set to keep covers the days of the plan and no more than its maximum (AUDIT-3)."""
    who = roads.anybody(context)
    _, sent = posting.send_plain(context, who)
    host = sent.door.listener.host
    queued = _QUEUED.search(str(sent.reply))
    if sent.received is None or queued is None:
        yield Observation("a message to outside", f"{sent.reply}; nothing arrived", None)
    else:
        # Lines about its header name the recipient too, and not what became of it.
        for wanted in (f"from=<{who.published}>", f"to=<{posting.outsider(context)}>, relay="):
            text = _lines(context, host, queued[1], wanted)
            line = next((item for item in text.splitlines() if wanted in item), "")
            ok = bool(line) and (wanted.startswith("from=") or "status=sent" in line)
            yield Observation(
                f"log lines of {queued[1]} with {wanted}", line[:200] or "none", ok, target=Target(host)
            )
    for each in context.plan.hosts:
        status, output = roads.shell(context).run(each.name, "logrotate", "--debug", "/etc/logrotate.conf")
        for row in _files(context, each.name):
            if "*" not in row.log:
                yield _kept(row, status, output)


def secret(context: Context) -> Iterator[Observation]:
    """On each host of the site an ordinary user can read no copy of the log lines of the messages that passed
    there: not the log, not its rotated files, not the journal, nor any other file below /var/log that a search for
    a message's id finds; nor the copies on a log host (AUDIT-4: unauthorised examination. Alteration and accidental
    loss are not tested). A member of the readers' group can read the log, and root finds mail lines in the
    journal."""
    marks = tuple(_passed(context))
    hosts = (host.name for host in context.plan.hosts)
    yield from roads.side_by_side(
        hosts, lambda host: _secret_on(context, host, (*marks, *_of_its_own(context, host)))
    )


def _passed(context: Context) -> Iterator[str]:
    """Marks of messages of which each mailer, each submission host and each store has lines in its log."""
    foreign = posting.outsider(context)
    who = roads.anybody(context)
    here = roads.somewhere(context)
    ways = {door.listener.host: door for door in roads.doors(context, here, "submission", "submissions")}
    for door in ways.values():
        mark = letters.token()
        content = letters.letter(mark, f"<{who.published}>", f"<{foreign}>")
        if posting.hand_in(context, who, who.published, (foreign,), content, door)[1].accepted:
            yield mark
    for door in {door.listener.host: door for door in roads.doors(context, here, "smtp")}.values():
        for one in roads.one_on_each_store(context):
            mark = letters.token()
            content = letters.letter(mark, f"<{foreign}>", f"<{one.published}>")
            if posting.delivered_directly(context, door, foreign, one.published, content).accepted:
                yield mark


def _of_its_own(context: Context, name: str) -> tuple[str, ...]:
    """The mark of a message of a host by which no mail passes and to which no log is copied, as its own programs
    send one: none for other hosts."""
    functions = context.plan.host(name).functions
    keeps = any(link.service == "syslog" and link.server == name for link in context.plan.links)
    if keeps or not {"mx", "submission", "store"}.isdisjoint(functions):
        return ()
    mark, who, foreign = letters.token(), roads.anybody(context).published, posting.outsider(context)
    lines = letters.letter(mark, f"<{who}>", f"<{foreign}>").decode("ascii").split("\r\n")
    sent = ("sh", "-c", 'to=$1; shift; printf "%s\\n" "$@" | /usr/sbin/sendmail -i -- "$to"', "sh", foreign, *lines)
    return (mark,) if roads.shell(context).run(name, *sent)[0] == 0 else ()


def _secret_on(context: Context, host: str, marks: tuple[str, ...]) -> Iterator[Observation]:
    shell = roads.shell(context)
    mark = _first(context, host, marks)
    if not mark:
        yield Observation(f"lines of {len(marks)} messages in the log of {host}", "none", None, target=Target(host))
        return
    status, output = shell.run(host, "grep", "--recursive", "--files-with-matches", "--text", mark, "/var/log")
    copies = [line for line in output.splitlines() if line.startswith("/")] if status in (0, 1) else []
    rotated = _siblings(context, host)
    for path in sorted({*copies, *rotated}):
        status, output = shell.run(host, *_NOBODY, "cat", path)
        ok = status != 0 and "Permission denied" in output
        shown = output.strip()[:120] if status else "its content"
        yield Observation(f"cat {path} on {host} as nobody", shown, ok, target=Target(host))
    # What the mail services said of themselves is there too where no message passes.
    journalctl = ("journalctl", "--quiet", "--no-pager", "--output=cat", "--facility=mail", "--lines=20")
    status, output = shell.run(host, *journalctl)
    count = len(output.splitlines())
    yield Observation(
        f"journalctl of mail on {host} as root",
        f"{count} lines, exit {status}",
        status == 0 and count > 0,
        True,
        Target(host),
    )
    status, output = shell.run(host, *_NOBODY, *journalctl)
    yield Observation(
        f"journalctl of mail on {host} as nobody",
        output.strip()[:120] or f"nothing, exit {status}",
        not output.strip() or "ermission" in output,
        target=Target(host),
    )
    declared = [row.log for row in _files(context, host)]
    for path in copies:
        if not path.startswith("/var/log/journal/"):
            known = any(PurePosixPath(path).match(pattern) for pattern in declared)
            yield Observation(
                f"{path} on {host} holds mail lines",
                "in the plan" if known else "not in the plan",
                known,
                target=Target(host),
            )
    for row in _files(context, host):
        if row.log not in copies:
            continue
        status, output = shell.run(host, "getent", "group", row.readers)
        group = output.split(":")[2] if status == 0 and output.count(":") >= 3 else ""
        reader = ("setpriv", "--reuid=65534", "--regid=65534", f"--groups={group}", "--")
        status, output = (
            shell.run(host, *reader, "grep", "--count", mark, row.log) if group else (1, f"no group {row.readers}")
        )
        yield Observation(
            f"grep in {row.log} on {host} as a member of {row.readers}",
            output.strip()[:120],
            status == 0,
            True,
            Target(host),
        )


def copied(context: Context) -> Iterator[Observation]:
    """Where the site has a log host, the lines that another host writes about a message are there too, word for
    word: of each mailer, each submission host and each store (AUDIT-1)."""
    marks = tuple(_passed(context))
    rows = (link for link in context.plan.links if link.service == "syslog")
    yield from roads.side_by_side(rows, lambda link: _copied(context, link, marks))


def _copied(context: Context, link: Link, marks: tuple[str, ...]) -> Iterator[Observation]:
    what = f"lines of {link.client} about a message, on {link.server}"
    mark = _first(context, link.client, marks)
    if not mark:
        yield Observation(what, f"{link.client} itself has none", None, target=Target(link.client))
        return
    deadline = time.monotonic() + _WAIT
    while True:
        there = _found(context, link.server, mark, central(link.client))
        own = _found(context, link.client, mark, MAIL_LOG)
        if (own and own == there) or time.monotonic() > deadline:
            break
        time.sleep(0.3)
    seen = f"{len(there)} of {len(own)}; {there[0][-120:] if there else 'none'}"
    yield Observation(what, seen, bool(own) and own == there, target=Target(link.server))


def _first(context: Context, host: str, marks: tuple[str, ...]) -> str:
    """The first of the marks of which the host's logs have a line, as soon as there is one."""
    paths = [row.log for row in _files(context, host) if "*" not in row.log]
    patterns = [word for mark in marks for word in ("-e", mark)]
    if not paths or not patterns:
        return ""
    deadline = time.monotonic() + _WAIT
    while True:
        _, output = roads.shell(context).run(host, "grep", "--no-filename", "--fixed-strings", *patterns, *paths)
        found = next((mark for mark in marks if mark in output), "")
        if found or time.monotonic() > deadline:
            return found
        time.sleep(0.3)


def _found(context: Context, host: str, mark: str, path: str) -> list[str]:
    """The lines of a log that hold the mark, without the moment and the host that they begin with."""
    _, output = roads.shell(context).run(host, "grep", "--fixed-strings", "--text", "--", mark, path)
    return [line.split(" ", 2)[-1] for line in output.splitlines() if mark in line]


def _refused_is_traced(
    context: Context, who: roads.Person, other: str, foreign: str, origin: set[str]
) -> Observation:
    here = roads.somewhere(context)
    door = roads.doors(context, here, "submission", "submissions")[0]
    mark = letters.token()
    content = letters.letter(mark, f"<{other}>", f"<{foreign}>")
    with roads.vantage(context, here).enter(), roads.smtp(context, door, account=who.account) as dialogue:
        reply = dialogue.deliver(who.published, (foreign,), content)
    question = Asked(f"the sender of a message refused with {reply.code}, by Message-ID", (_id_of(content),))
    return _traced(context, question, who.login, origin, door, mark)


def _id_of(content: bytes) -> str:
    return next(iter(letters.header(content, "Message-ID")), "")


def _traced(
    context: Context, question: Asked, login: str, origin: set[str], door: roads.Door, mark: str = ""
) -> Observation:
    """``mark``: what stands in the Message-ID, where that is asked for; else the queue id is."""
    told = traced.by_program(context, question, login, origin, door, _WAIT)
    if told is not None:
        return told
    queue_id = question.arguments[0]
    if mark:
        named = re.search(r"([0-9A-Za-z]{6,20}): message-id=", _lines(context, door.listener.host, f"<{mark}@"))
        queue_id = named[1] if named else ""
    found = _lines(context, door.listener.host, f"{queue_id}: client=") if queue_id else ""
    line = next(iter(found.splitlines()), "")
    ok = f"sasl_username={login}" in line and any(f"[{address}]" in line for address in origin)
    return Observation(question.what, line[-220:] or "no line in the log", ok, target=door.target)


def _whole_is_traced(
    context: Context, what: str, mark: str, login: str, origin: set[str], door: roads.Door
) -> Iterator[Observation]:
    """From the message as it arrived outside; only where there is a program that reads it."""
    received = roads.correspondent(context).wait_for(mark)
    what = f"{what}, by the whole message as it arrived"
    if received is None:
        yield Observation(what, "it did not arrive", None, target=door.target)
        return
    question = Asked(what, ("--message", "-", "--to", posting.outsider(context)), received.content)
    told = traced.by_program(context, question, login, origin, door, _WAIT)
    if told is not None:
        yield told


def _lines(context: Context, host: str, *words: str) -> str:
    """The lines of the host's mail logs that hold the first word, as soon as the last word is among them too."""
    paths = [row.log for row in _files(context, host) if "*" not in row.log]
    if not paths:
        raise OSError(f"the plan keeps no mail log on {host}")
    deadline = time.monotonic() + _WAIT
    while True:
        _, output = roads.shell(context).run(
            host, "grep", "--no-filename", "--fixed-strings", "--text", "--", words[0], *paths
        )
        if words[-1] in output or time.monotonic() > deadline:
            return output if words[0] in output else ""
        time.sleep(0.3)


def _files(context: Context, host: str) -> tuple[Retention, ...]:
    return tuple(row for row in context.plan.retention if row.host == host and row.log.startswith("/"))


def _siblings(context: Context, host: str) -> tuple[str, ...]:
    """Every file in the logs' folders, rotated ones included; where mailwright did not build, some are missing."""
    folders = sorted({str(PurePosixPath(row.log).parent) for row in _files(context, host)})
    status, output = roads.shell(context).run(host, "find", *folders, "-type", "f")
    trouble = [line for line in output.splitlines() if not line.startswith("/")]
    missing = [line for line in trouble if line.endswith("No such file or directory")]
    if status != 0 and (not missing or missing != trouble):
        raise OSError(f"find on {host}: {output.strip()[:200]}")
    prefixes = [row.log.rstrip("*") for row in _files(context, host)]
    return tuple(line for line in output.splitlines() if any(line.startswith(prefix) for prefix in prefixes))


def _kept(row: Retention, status: int, output: str) -> Observation:
    """What logrotate understood of its own configuration: ``rotating pattern: … after 1 days (92 rotations)``."""
    what = f"logrotate's understanding of {row.log} on {row.host}; {row.days} to {row.maximum_days} days wanted"
    # One pattern after the other; a pattern of several paths goes over as many lines.
    for section in output.split("rotating pattern: ")[1:]:
        found = re.match(
            r"(.*?)\s+(after (\d+) days|hourly|daily|weekly|monthly)\s[^\n]*?\((\d+) rotations\)",
            section,
            re.DOTALL,
        )
        if found and any(PurePosixPath(row.log).match(pattern) for pattern in found[1].split()):
            days = int(found[3]) if found[3] else {"daily": 1, "weekly": 7, "monthly": 28}.get(found[2], 0)
            kept = days * int(found[4])
            return Observation(
                what,
                " ".join(found[0].split())[-160:],
                row.days <= kept <= row.maximum_days,
                target=Target(row.host),
            )
    return Observation(what, f"exit {status}; it does not rotate that file", False, target=Target(row.host))


PROBES = (
    Probe(
        "trail.responsible",
        ("AUDIT-1",),
        "outside",
        "The log leads to who sent a message",
        responsible,
        commands=True,
    ),
    Probe("trail.sent", ("AUDIT-3",), "outside", "What was sent is logged and kept", sent_is_logged, commands=True),
    Probe(
        "trail.copied",
        ("AUDIT-1",),
        "host",
        "The log host has what the others log",
        copied,
        only=Condition(
            "there is a log host besides", lambda plan: any(link.service == "syslog" for link in plan.links)
        ),
    ),
    Probe("trail.secret", ("AUDIT-4",), "host", "Ordinary users cannot read the logs", secret, negative=True),
)
