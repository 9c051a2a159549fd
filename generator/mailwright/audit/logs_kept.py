"""Logs that last: nobody alters them unseen, and they are not lost by accident (AUDIT-4)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from mailwright.audit import posting, roads
from mailwright.audit.model import Condition, Context, Observation, Phase, Probe
from mailwright.audit.smtp import Reply
from mailwright.findings import Target
from mailwright.plan.model import Plan
from mailwright.plan.policies import SPACE_CHECK
from mailwright.plan.retention import MAIL_FOLDER, MAIL_LOG, central, seals

_KEY = "/var/lib/mailwright-seal/key.pem"
_DEEDS: tuple[tuple[str, str, str, int], ...] = (
    ("untouched", ":", "", 0),
    ("a line altered", 'sed -i "17s/$/ and more/" "$log"', "altered", 17),
    ("a line removed", 'sed -i 17d "$log"', "removed", 17),
    ("a line added", 'sed -i "17i one more" "$log"', "added", 17),
    ("two lines in another order", 'sed -i "17{h;d};18G" "$log"', "reordered", 18),
    ("a day removed", 'rm "$log"', "missing-day", 0),
    ("a seal removed", 'rm "$seal"', "missing-seal", 0),
    ("a seal altered", 'sed -i "s/\\"lines\\": 40/\\"lines\\": 41/" "$seal"', "wrong-signature", 0),
)
"""What is done to the second of three days of forty lines; the kind of fault that is told then, and its line."""


def own_file_system(context: Context) -> Iterator[Observation]:
    """On each host the mail log is a file system of its own: what fills the others does not stop it, nor it them.
    Where it is not, nothing is proven."""
    for host in context.plan.hosts:
        status, said = roads.shell(context).run(host.name, "stat", "--format=%m", MAIL_FOLDER)
        mount = said.strip()
        own = mount == MAIL_FOLDER
        seen = "a file system of its own" if own else f"exit {status}" if status else f"part of that on {mount}"
        yield Observation(
            f"{MAIL_FOLDER} on {host.name}",
            seen,
            True if own else False if status else None,
            target=Target(host.name),
        )


def sealed(context: Context) -> Iterator[Observation]:
    """On each host that seals logs, the log host where there is one, what is sealed is as it was sealed; the next
    day will be sealed. Of three invented days that are sealed with a key and in a folder of the moment, an altered,
    removed, added or moved line, a missing day, and a missing or altered seal are found, each for what it is, with
    the number of the line; untouched, nothing is found."""
    shell = roads.shell(context)
    for keeper, host in _sealed(context.plan):
        status, said = shell.run(keeper, "mailwright-seal", "verify", "--json", timeout=600.0)
        if status == 127:
            yield Observation(f"mailwright-seal on {keeper}", said.strip()[:120], None, target=Target(keeper))
            continue
        yield Observation(f"the seals on {keeper}", _summary(said), status == 0, target=Target(keeper))
        status, said = shell.run(keeper, "systemctl", "is-active", "mailwright-seal.timer")
        yield Observation(
            f"the timer of the seals on {keeper}", said.strip()[:80], status == 0, target=Target(keeper)
        )
        log = (MAIL_LOG if host == keeper else central(host)).removeprefix(f"{MAIL_FOLDER}/")
        status, said = shell.run(keeper, "sh", "-c", trial(log), timeout=120.0)
        yield from judged(keeper, status, said)


def signed_elsewhere(context: Context) -> Iterator[Observation]:
    """No host whose log is sealed by the log host has a key of seals; the log host has one. So who gets into a host
    that sends its log cannot sign an altered one anew."""
    shell = roads.shell(context)
    keepers = {keeper for keeper, _ in _sealed(context.plan)}
    for host in context.plan.hosts:
        status, said = shell.run(host.name, "stat", "--format=%a %U", _KEY)
        if host.name in keepers:
            yield Observation(
                f"{_KEY} on {host.name}, which seals",
                said.strip()[:120],
                status == 0 and said.strip() == "600 root",
                True,
                Target(host.name),
            )
        else:
            absent = status != 0 and "No such file" in said
            shown = "is not there" if absent else said.strip()[:120]
            yield Observation(f"{_KEY} on {host.name}", shown, absent, target=Target(host.name))


def room(context: Context) -> Iterator[Observation]:
    """On each host there is as much free space wherever a line of the log goes as the description wants, and it is
    watched; where mail is handed in to be sent, what Postfix asks about it answers that there is."""
    shell = roads.shell(context)
    asked = _asked(context.plan)
    for host in context.plan.hosts:
        target = Target(host.name)
        status, said = shell.run(host.name, "mailwright-space", "show")
        known = None if status == 127 else status == 0
        yield Observation(
            f"space for the log on {host.name}", "; ".join(said.split("\n")).strip(), known, False, target
        )
        if known is None:
            continue
        status, said = shell.run(host.name, "systemctl", "is-active", "mailwright-space-watch.timer")
        yield Observation(f"the watch over space on {host.name}", said.strip()[:80], status == 0, False, target)
        if host.name in asked:
            status, said = shell.run(host.name, "mailwright-space", "ask")
            ok = said.strip() == "action=DUNNO"
            yield Observation(f"what Postfix is told on {host.name}", said.strip()[:120], ok, False, target)


def full(context: Context) -> Iterator[Observation]:
    """On each host where mail is handed in to be sent: while a file leaves less free space where the log is than
    the description wants, a submission is answered 451 4.3.1, and so is a host of the site that relays there, and
    mail for the site's own people is still taken. With the file gone, all is taken."""
    for host in sorted(_asked(context.plan)):
        yield from _tries(context, host, "before", low=False)
        status, said = roads.shell(context).run(host, "sh", "-c", _fill(context.plan.settings.log_free))
        try:
            if status != 0:
                yield Observation(f"fill {MAIL_FOLDER} on {host}", said.strip()[:200], None, target=Target(host))
                continue
            yield from _tries(context, host, "with little space", low=True)
        finally:
            roads.shell(context).run(host, "rm", "-f", _FILL)
        yield from _tries(context, host, "with space again", low=False)


_FILL = f"{MAIL_FOLDER}/mailwright-probe-fill"


def _fill(free: int) -> str:
    """A script that leaves a little less than ``free`` octets. It fills nothing that others need as well."""
    return f"""set -e
test "$(stat --format=%m {MAIL_FOLDER})" = {MAIL_FOLDER} || {{ echo "no file system of its own"; exit 3; }}
left=$(( $(stat --file-system --format=%a {MAIL_FOLDER}) * $(stat --file-system --format=%S {MAIL_FOLDER}) ))
much=$(( left - {free} + 1000000 ))
test $much -le 1000000000 || {{ echo "too large to fill: $left octets are free"; exit 4; }}
test $much -le 0 || fallocate --length $much {_FILL}
"""


def _tries(context: Context, host: str, when: str, low: bool) -> Iterator[Observation]:
    """A submission, a host of the site that relays here, and mail for somebody of the site; with nothing sent."""
    foreign = posting.outsider(context)
    who = roads.anybody(context)
    doors = {
        door.listener.service: door
        for door in roads.doors(context, "outside", "submission", "smtp")
        if door.listener.host == host
    }
    if "submission" in doors:
        door = doors["submission"]
        with (
            roads.vantage(context, "outside").enter(),
            roads.smtp(context, door, account=who.account) as dialogue,
        ):
            dialogue.mail(who.published)
            reply = dialogue.rcpt(foreign)
        yield _tried(f"a submission to <{foreign}> on {door}, {when}", reply, low, host)
    if "smtp" in doors:
        door = doors["smtp"]
        with roads.vantage(context, "outside").enter(), roads.smtp(context, door) as dialogue:
            dialogue.mail(foreign)
            reply = dialogue.rcpt(who.published)
        yield Observation(
            f"mail for <{who.published}> on {door}, {when}", str(reply), reply.accepted, True, Target(host)
        )
        links = [row.client for row in context.plan.links if (row.server, row.service) == (host, "smtp")]
        for client in links[:1]:
            reply = _relayed(context, client, host, foreign)
            yield _tried(f"mail of {client} to <{foreign}> on {host} port 25, {when}", reply, low, host)


def _relayed(context: Context, client: str, host: str, foreign: str) -> Reply:
    """What a host that hands on its own mail is answered to RCPT; only Postfix's user gets out to port 25."""
    user = ("setpriv", "--reuid=postfix", "--regid=postfix", "--clear-groups", "--")
    status, said = roads.shell(context).run(
        client, *user, "python3", "-I", "-c", _RCPT, host, client, foreign, timeout=60.0
    )
    code, _, text = said.strip().partition(" ")
    if status != 0 or not code.isdigit():
        raise OSError(f"{client} cannot talk to {host}: {said.strip()[-200:]}")
    return Reply(int(code), (text,))


_RCPT = """import smtplib, sys
server, name, recipient = sys.argv[1:]
with smtplib.SMTP(server, 25, name, timeout=30) as client:
    client.ehlo()
    client.docmd("MAIL FROM:<>")
    code, text = client.docmd(f"RCPT TO:<{recipient}>")
    print(code, text.decode("ascii", "replace").replace("\\n", " / "))
"""


def _tried(what: str, reply: Reply, low: bool, host: str) -> Observation:
    """Refused for the time being where there is little space, and taken where there is enough: the twin."""
    ok = reply.code == 451 and reply.lines[0].startswith("4.3.1 ") if low else reply.accepted
    return Observation(what, str(reply), ok, not low, Target(host))


def _sealed(plan: Plan) -> list[tuple[str, str]]:
    """Each host that seals, and one whose log it seals: another one's where there are any."""
    found: dict[str, str] = {}
    for row in plan.retention:
        for host in plan.hosts:
            if row.log == seals(host.name) and found.get(row.host, row.host) == row.host:
                found[row.host] = host.name
    return sorted(found.items())


def _asked(plan: Plan) -> frozenset[str]:
    """The hosts where Postfix asks for space."""
    return frozenset(row.host for row in plan.policies if row.check == SPACE_CHECK)


def judged(keeper: str, status: int, said: str) -> Iterator[Observation]:
    """What the trial says of each deed."""
    told = dict(line.partition("\t")[::2] for line in said.splitlines() if "\t" in line)
    for name, _, kind, line in _DEEDS:
        answer = told.get(name, "")
        yield Observation(
            f"three sealed days on {keeper}, {name}",
            _shown(answer) if answer else said.strip()[-200:] or f"exit {status}",
            _faults(answer) == ([(kind, line)] if kind else []),
            not kind,
            Target(keeper),
        )


def trial(log: str) -> str:
    """A script that seals three invented days of the log, and says what is found after each deed."""
    deeds = "".join(f"try '{name}' '{deed}'\n" for name, deed, _, _ in _DEEDS)
    return f"""place=$(mktemp -d /run/mailwright-seal-trial.XXXXXX)
trap 'rm -rf "$place"' EXIT
mkdir -p "$place/logs/$(dirname {log})"
for day in 01 02 03; do
  seq -f "2026-01-${{day}}T12:00:00+00:00 trial postfix/smtpd[1]: line %g" 40 >"$place/logs/{log}-202601$day"
done
asked="--on 2026-01-03 --json"
mailwright-seal seal --folder "$place/logs" --state "$place/state" --settled 0 --on 2026-01-03 >/dev/null
try() {{
  rm -rf "$place/copy"; cp -r "$place/logs" "$place/copy"
  log="$place/copy/{log}-20260102"; seal=$(echo "$place"/copy/seals/*/20260102.seal)
  eval "$2"
  said=$(mailwright-seal verify $asked --folder "$place/copy" --key "$place/state/key.pub" | tr -d '\\n')
  printf '%s\t%s\n' "$1" "$said"
}}
{deeds}"""


def _faults(said: str) -> list[tuple[str, int]] | None:
    """Kind and line of each fault that was told; None for no answer."""
    try:
        return [(one["kind"], one["line"]) for host in json.loads(said)["hosts"] for one in host["faults"]]
    except (ValueError, KeyError, TypeError):
        return None


def _shown(said: str) -> str:
    faults = _faults(said)
    if faults is None:
        return said.strip()[-200:] or "nothing was said"
    return ", ".join(f"{kind} at line {line}" if line else kind for kind, line in faults) or "as sealed"


def _summary(said: str) -> str:
    """What was said of the seals, in a line."""
    try:
        hosts = json.loads(said)["hosts"]
        days = ", ".join(f"{host['host']}: {host['sealed']} days" for host in hosts)
        faults = "; ".join(fault["message"] for host in hosts for fault in host["faults"][:3])
    except (ValueError, KeyError, TypeError):
        return said.strip()[:200]
    return f"{days}{'; ' if faults else ''}{faults}"[:300]


def _is_sealed_elsewhere(plan: Plan) -> bool:
    return any(link.service == "syslog" for link in plan.links)


PROBES = (
    Probe("logs.own-file-system", ("AUDIT-4",), "host", "The log is a file system of its own", own_file_system),
    Probe("logs.sealed", ("AUDIT-4",), "host", "What was logged is not altered unseen", sealed, negative=True),
    Probe(
        "logs.sealed-elsewhere",
        ("AUDIT-4",),
        "host",
        "The key of the seals is not where the log is from",
        signed_elsewhere,
        negative=True,
        only=Condition("there is a log host besides", _is_sealed_elsewhere),
    ),
    Probe("logs.room", ("AUDIT-4",), "host", "There is room for the log, and it is watched", room),
    Probe(
        "logs.full",
        ("AUDIT-4",),
        "outside",
        "Nothing is sent that leaves no trace",
        full,
        negative=True,
        phase=Phase.FULL,
        harm="fills the file system of the log for a moment",
        commands=True,
    ),
)
