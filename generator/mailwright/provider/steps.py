"""What people do, in order, when a customer comes or goes: DNS, builds, trials, and what to wait for (SCALE-2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from shlex import quote

from mailwright.plan.model import Plan, Record
from mailwright.provider.model import Head, Leaving
from mailwright.records import dataclass

LOW = 300
"""Seconds that records live which are about to change: long enough for resolvers, short enough to go back."""

WEEK = timedelta(days=7)
"""For so long keys stay published after the last message that they signed: mail waits up to five days, and is read
later still."""


@dataclass(frozen=True, slots=True)
class Step:
    """``by``: the day until which, or on which, it has to be done; None: when the one before is done.

    records  those that it is about
    """

    what: str
    why: str
    by: date | None = None
    records: tuple[Record, ...] = ()
    commands: tuple[str, ...] = ()


def zones(plan: Plan) -> dict[str, tuple[Record, ...]]:
    """The customer's records by the zone that they belong to."""
    found: dict[str, list[Record]] = {}
    for row in plan.records:
        found.setdefault(row.zone, []).append(row)
    return {zone: tuple(rows) for zone, rows in found.items()}


def _some(plan: Plan, wanted: Callable[[Record], bool]) -> tuple[Record, ...]:
    return tuple(row for row in plan.records if wanted(row))


def _moves_mail(row: Record) -> bool:
    return row.type == "MX"


def _sends(row: Record) -> bool:
    return row.type == "TXT" and row.value.startswith("v=spf1")


def _is_key(row: Record) -> bool:
    return "._domainkey." in row.owner


def _finds(row: Record) -> bool:
    return row.type == "SRV"


def arriving(plan: Plan, head: Head, folder: str, secrets: str) -> Iterator[Step]:
    """For a customer on shared hosts. ``folder``: the provider's; ``secrets``: the customer's folder of secrets."""
    domains = ", ".join(plan.settings.domains)
    shared = f"build/{plan.settings.sharing.platform}" if plan.settings.sharing is not None else "build/…"
    yield Step(
        f"Lower the TTL of the MX and SPF records that {domains} has now, to {LOW} seconds.",
        "When mail is switched, others see it at once. Wait for as long as the old TTL said.",
        records=_some(plan, lambda row: _moves_mail(row) or _sends(row)),
    )
    if plan.settings.dkim_selector:
        yield Step(
            "Publish the DKIM key, beside those that are there.",
            "Messages are signed from the first day on; nothing else changes by it.",
            records=_some(plan, _is_key),
        )
    else:
        yield Step(
            "Make a DKIM key, name it in the customer's file, and publish it.",
            "Without, receivers cannot tell its mail from a forgery when it was forwarded (REMOTE-1).",
            commands=(
                f"mailwright dkim-key {quote(str(head.file))} --private {quote(secrets + '/dkim.key')} "
                f"--public {quote(str(head.file.with_suffix('') / 'dkim.pub'))}",
            ),
        )
    spf = next((row.value.split()[1] for row in _some(plan, _sends) if len(row.value.split()) > 2), "")
    yield Step(
        f"Put `{spf}` into the SPF record that is there, beside what it has.",
        "Both the old service and this one may send until mail is switched.",
        records=_some(plan, _sends),
    )
    yield Step(
        f"Put the first passwords at {secrets}/passwords, and build.",
        "`secrets` in the built project has to lead to the provider's: the build names paths and reads none.",
        commands=(f"mailwright build {quote(folder)} --out build --only {head.id}",),
    )
    yield Step(
        "Read what was made for it, and apply.",
        f"All that shared hosts know of it is {shared}/customers/{head.id}/mail.tables.",
        commands=(f"cd {shared} && ansible-playbook site.yml",),
    )
    yield Step(
        "Try it before anybody is moved: sign in, send to an address of the domain, and answer it.",
        "Mail between customers of the same hosts goes to the new mailboxes from now on.",
    )
    yield Step(
        "Switch: publish the MX, SPF, DMARC and SRV records as they are above.",
        "Mail comes here within the low TTL. The old service takes in what is late; copy its mailboxes after.",
        records=_some(plan, lambda row: not _is_key(row)),
    )
    yield Step(
        "A day later look where mail came, raise the TTLs again, and take the old service out of SPF.",
        "`mailwright-trace` on the hosts tells of each message, and `mailwright-usage` counts them.",
    )


def leaving(plan: Plan, said: Leaving) -> Iterator[Step]:
    """For a customer that leaves, with its days."""
    ttl = max((row.ttl for row in plan.records if _moves_mail(row)), default=3600)
    early = timedelta(seconds=ttl) + timedelta(days=2)
    yield Step(
        f"Lower the TTL of the MX and SPF records to {LOW} seconds; put the new service into SPF beside this one.",
        "Others see the switch at once.",
        said.stop - early,
        _some(plan, lambda row: _moves_mail(row) or _sends(row)),
    )
    yield Step(
        "Let the MX records lead to the new service, or withdraw them.",
        "From the day after, mail that still comes here is refused, and its senders are told.",
        said.stop,
        _some(plan, _moves_mail),
    )
    yield Step(
        "Build and apply on the day after: nothing is taken in, or sent, any more.",
        "People sign in and fetch what they have.",
        said.stop + timedelta(days=1),
    )
    yield Step(
        "Take this service out of the SPF records, and withdraw the DKIM keys.",
        "What was sent last can be on its way for five days, and is verified with the key.",
        said.stop + WEEK,
        _some(plan, lambda row: _sends(row) or _is_key(row)),
    )
    yield Step(
        "Withdraw the SRV records: mail programs are to find the new service.",
        "Nobody can sign in here after that day.",
        said.mail_until,
        _some(plan, _finds),
    )
    yield Step(
        "Build and apply: the hosts delete its mail, by their own clock.",
        "Logs can be asked, and the sums of use are kept.",
        said.mail_until + timedelta(days=1),
    )
    yield Step(
        "Build and apply, take the customer's file and folder away, and destroy its private key and passwords.",
        "Nothing of it is left on the hosts. Applied later, the file's absence alone would delete nothing.",
        said.logs_until + timedelta(days=1),
    )
