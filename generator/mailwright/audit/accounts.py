"""What those who look after accounts do on the hosts: suspend a login, and see what the service is used for."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from mailwright.audit import browse, mailboxes, roads, webmail, wire
from mailwright.audit.model import Account, Context, Observation, Phase, Probe, UnavailableError
from mailwright.audit.roads import Person
from mailwright.findings import Target
from mailwright.plan.model import Plan

_WAIT = 60.0  # seconds within which a suspended login is refused, and a sign-in counted
_PAUSE = 1.0


def usage(context: Context) -> Iterator[Observation]:
    """mailwright-usage, on the log host or else on each store, counts a sign-in when somebody signs in to webmail,
    and who is active (WEB-2). It is counted as one to webmail where webmail's log is; a store elsewhere sees a
    sign-in by IMAP."""
    hosts = counting(context.plan)
    who = roads.anybody(context)
    before = {host: _counted(context, host) for host in hosts}
    service = next(row for row in context.plan.web if row.use == "webmail")
    here = roads.somewhere(context)
    session, page = webmail.signed_in(context, here, service, browse.door(context, here, service), who.account)
    if session is None:
        yield Observation(f"{who.login} signs in to webmail", str(page), None, target=Target(service.host, 443))
        return
    end = time.monotonic() + _WAIT
    after = {host: _counted(context, host) for host in hosts}
    ways = ("webmail",) if context.plan.with_function("log") or service.host in hosts else ("webmail", "imap")
    while _sign_ins(after, ways) <= _sign_ins(before, ways) and time.monotonic() < end:
        time.sleep(_PAUSE)
        after = {host: _counted(context, host) for host in hosts}
    seen = f"{_sign_ins(before, ways)} before, {_sign_ins(after, ways)} after"
    more = _sign_ins(after, ways) > _sign_ins(before, ways)
    what = f"sign-ins ({' and '.join(ways)}), counted on {', '.join(hosts)}"
    yield Observation(what, seen, more, target=Target(hosts[0]))
    for host in hosts:
        people = after[host].get("active_users", 0)
        yield Observation(f"active users, counted on {host}", str(people), people > 0, target=Target(host))


def counting(plan: Plan) -> tuple[str, ...]:
    """The hosts that count what the service is used for: the log host for all, or else each store."""
    return tuple(host.name for host in plan.with_function("log") or plan.with_function("store"))


def _counted(context: Context, host: str) -> dict[str, Any]:
    status, said = roads.shell(context).run(host, "mailwright-usage", "--json", timeout=60.0)
    try:
        found = json.loads(said)
    except ValueError as error:
        raise UnavailableError(f"mailwright-usage on {host} ended with {status}: {said.strip()[:200]}") from error
    return found if isinstance(found, dict) else {}


def _sign_ins(counted: dict[str, dict[str, Any]], ways: tuple[str, ...]) -> int:
    return sum(int(one.get("sign_ins", {}).get(way, 0)) for one in counted.values() for way in ways)


def suspended(context: Context) -> Iterator[Observation]:
    """A login that mailwright-account suspends is refused by the store and by submission within a minute, with the
    right password; and taken again when it is resumed (WEB-2)."""
    who = roads.people(context)[-1]  # of whom other probes want least
    host = next(row.host for row in context.plan.mailboxes if row.login == who.login)
    target = Target(host)
    yield from _all(context, who, "before", wanted=True, target=target)
    try:
        said = _account(context, host, "suspend", who.login, "--reason", "a test of a rehearsal")
        yield Observation(f"mailwright-account suspend {who.login} on {host}", said, True, target=target)
        end = time.monotonic() + _WAIT
        while any(taken for _, taken in _tried(context, who)) and time.monotonic() < end:
            time.sleep(_PAUSE)
        yield from _all(context, who, "while it is suspended", wanted=False, target=target)
    finally:
        _account(context, host, "resume", who.login)
    yield from _all(context, who, "when it is resumed", wanted=True, target=target)


def _all(context: Context, who: Person, words: str, *, wanted: bool, target: Target) -> Iterator[Observation]:
    for name, taken in _tried(context, who):
        seen = "taken" if taken else "refused"
        yield Observation(f"login of {who.login} on {name} {words}", seen, taken is wanted, wanted, target)


def _tried(context: Context, who: Person) -> Iterator[tuple[str, bool]]:
    """Each port for logins, and whether it takes the login."""
    here = roads.somewhere(context)
    for door in roads.doors(context, here, "imaps", "submissions"):
        with roads.vantage(context, here).enter():
            taken = (
                _imap(context, door, who.account) if door.listener.service == "imaps" else _smtp(context, door, who)
            )
        yield str(door), taken


def _imap(context: Context, door: roads.Door, account: Account) -> bool:
    try:
        with mailboxes.signed_in(context, door, account):
            return True
    except UnavailableError:
        return False


def _smtp(context: Context, door: roads.Door, who: Person) -> bool:
    try:
        with roads.smtp(context, door, account=who.account):
            return True
    except UnavailableError:
        return False


def _account(context: Context, host: str, *words: str) -> str:
    status, said = roads.shell(context).run(host, "mailwright-account", *words, timeout=60.0)
    if status != 0:
        raise UnavailableError(f"mailwright-account {words[0]} on {host} ended with {status}: {wire.shown(said)}")
    return wire.shown(said) or "done"


PROBES = (
    Probe(
        "accounts.usage",
        ("WEB-2",),
        "host",
        "What webmail is used for is counted",
        usage,
        only=webmail.WEBMAIL,
    ),
    Probe(
        "accounts.suspended",
        ("WEB-2",),
        "host",
        "A suspended login is refused, and taken again when it is resumed",
        suspended,
        negative=True,
        phase=Phase.OUTAGE,
        only=replace(
            webmail.WEBMAIL,
            words="there is webmail, and the hosts keep the passwords",
            holds=lambda plan: webmail.WEBMAIL.holds(plan) and plan.settings.directory is None,
        ),
        harm="suspends somebody for a moment",
    ),
)
