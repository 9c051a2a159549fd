"""What goes on while a part is down."""

from __future__ import annotations

import time
from collections.abc import Iterator

from mailwright.audit import letters, mailboxes, names, posting, roads
from mailwright.audit.border import Came, attempt
from mailwright.audit.model import Condition, Context, Observation, Phase, Probe
from mailwright.findings import Target

_UNIT = "postfix"
_PATIENCE = 20.0  # seconds until a stopped service answers nobody
_PAUSE = 0.2


def one_mailer_down(context: Context) -> Iterator[Observation]:
    """For each mailer that the MX records name in turn: while its Postfix is stopped, a message from outside that
    is brought to the domain's mailers in the order of their records, as any mailer does, is in the mailbox at once,
    and mail goes out from each submission host (SCALE-1). Stopped, it answers nobody; started again, it takes
    mail."""
    shell = roads.shell(context)
    who = roads.anybody(context)
    for host in context.plan.with_function("mx"):
        doors = [door for door in roads.doors(context, "outside", "smtp") if door.listener.host == host.name]
        status, said = shell.run(host.name, "systemctl", "stop", _UNIT)
        try:
            if status != 0:
                yield Observation(
                    f"stop Postfix on {host.name}", said.strip()[:200], None, target=Target(host.name)
                )
                continue
            for door in doors:
                came, seen = _tried(context, door)
                yield Observation(
                    f"connect to {door}, stopped", seen, came is not Came.CONNECTED, True, door.target
                )
            yield from _comes_in(context, who, host.name)
            yield from _goes_out(context, who, host.name)
        finally:
            status, said = shell.run(host.name, "systemctl", "start", _UNIT, timeout=60.0)
        for door in doors:
            with roads.vantage(context, "outside").enter(), roads.smtp(context, door, secure=False) as dialogue:
                dialogue.mail(posting.outsider(context))
                reply = dialogue.rcpt(who.published)
                dialogue.command("RSET")
            yield Observation(f"RCPT TO:<{who.published}> on {door}, up again", str(reply), reply.accepted, True)


def _tried(context: Context, door: roads.Door) -> tuple[Came, str]:
    """A connection, as it goes once the host has ended what it was told to: Debian 12's ``postfix.service`` stops
    at once, and the instance of it that listens a little later."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        came, seen = attempt(roads.vantage(context, "outside"), door.address, door.listener.port)
        if came is not Came.CONNECTED or time.monotonic() > deadline:
            return came, seen
        time.sleep(_PAUSE)


def _comes_in(context: Context, who: roads.Person, down: str) -> Iterator[Observation]:
    """A message from outside, brought to one mailer after the other until one takes it."""
    foreign = posting.outsider(context)
    mark = letters.token()
    content = letters.letter(mark, f"<{foreign}>", f"<{who.published}>")
    doors = {str(door.address): door for door in roads.doors(context, "outside", "smtp")}
    with roads.vantage(context, "outside").enter():
        found = names.mailers(context.resolver, who.published.rpartition("@")[2])
        addresses = [str(address) for name in found for address in names.addresses(context.resolver, name)]
    tried: list[str] = []
    for address in addresses:
        if address not in doors:
            continue
        try:
            reply = posting.delivered_directly(context, doors[address], foreign, who.published, content)
        except OSError as error:
            tried.append(f"{address}: {error}")
            continue
        tried.append(f"{address}: {reply}")
        if reply.accepted:
            break
    count = mailboxes.holding(context, who.login, [mark])[mark]
    yield Observation(
        f"a message from outside to {who.published} while {down} is down",
        f"{'; '.join(tried) or 'no mailer in the DNS'}; {count} in the mailbox",
        count == 1,
    )


def _goes_out(context: Context, who: roads.Person, down: str) -> Iterator[Observation]:
    foreign = posting.outsider(context)
    ways = {
        door.listener.host: door
        for door in roads.doors(context, "outside", "submission", "submissions")
        if door.listener.host != down
    }
    for door in ways.values():
        mark = letters.token()
        content = letters.letter(mark, f"<{who.published}>", f"<{foreign}>")
        sent = posting.send_out(context, who, who.published, mark, content, door)
        yield Observation(
            f"a message to outside on {door} while {down} is down",
            f"{sent.reply}; {'arrived' if sent.received else 'did not arrive'}",
            sent.received is not None,
            target=door.target,
        )


PROBES = (
    Probe(
        "outage.one-mailer",
        ("SCALE-1",),
        "outside",
        "Mail flows while one mailer is down",
        one_mailer_down,
        negative=True,
        phase=Phase.OUTAGE,
        harm="stops each mailer for a while",
        only=Condition("there are several mailers", lambda plan: len(plan.with_function("mx")) > 1),
    ),
)
