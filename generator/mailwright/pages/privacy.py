"""The privacy statement (PRIV-1, PRIV-2): what is recorded and kept as it is configured, and who is shown it."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from mailwright.formats import html
from mailwright.pages.facts import because, desk, kept_for, postmaster, web
from mailwright.pages.model import Cell, Items, Say, Section, Table, say
from mailwright.plan.model import Plan, Retention
from mailwright.plan.retention import HELD, INDEX, JOURNAL, LEFT, MAIL_FOLDER, MAIL_LOG, VIEW, view_days

_RULES = (
    Section(
        "shown",
        because("PRIV-1", "when mail, mail logs and access logs are shown to others than writer and recipients"),
        block="privacy-disclosure",
    ),
    Section("told", because("PRIV-2", "how writers and recipients hear of a disclosure"), block="privacy-notice"),
    Section("rights", because("PRIV-1", "what people may ask for"), block="privacy-rights"),
    Section("law", because("PRIV-1", "the acts that bind the organisation"), block="privacy-law"),
)


def sections(plan: Plan) -> Iterator[Section]:
    settings = plan.settings
    recorded = [say("record.message"), say("record.login")]
    if web(plan, "pages") or web(plan, "webmail"):
        recorded.append(say("record.web"))
    abuse = html.mail(f"abuse@{settings.primary_domain}")
    recorded += [
        say("record.not"),
        say("record.throttle", hourly=settings.hourly, abuse=abuse),
        say("record.usage"),
        *_besides_logs(plan),
    ]
    yield Section(
        "recorded",
        because("PRIV-1", "which records there are that could be shown to anybody"),
        (Items(tuple(recorded)),),
    )
    yield _kept(plan.retention, view_days(plan))
    yield from _RULES
    yield Section(
        "ask",
        because("PRIV-1", "whom to ask"),
        (desk(plan), say("ask.postmaster", address=html.mail(postmaster(plan)))),
        "privacy-contact",
    )


def _besides_logs(plan: Plan) -> Iterator[Say]:
    """What is kept of people in other places than logs, and until when."""
    if (days := kept_for(plan, LEFT)) is not None:
        yield say("record.mailbox")
        yield say("record.left", days=days)
    if (days := kept_for(plan, HELD)) is not None:
        yield say("record.held", days=days)
    if plan.settings.webmail is not None:
        # A live directory is not asked who has left webmail.
        yield say("record.webmail" if plan.live is None else "record.webmail-directory")


_KINDS = ("log", "copy", "index", "seals", "journal", "")


@lru_cache(maxsize=64)
def _kept(retention: tuple[Retention, ...], view: int) -> Section:
    """``view``: for how many days a customer on shared hosts sees its part of the log."""
    return Section(
        "kept",
        (*because("AUDIT-3", "the period that is configured"), *because("AUDIT-4", "who may read the logs")),
        (
            Table("kept", ("record", "days", "most", "readers"), tuple(_records(retention))),
            say("kept.readers"),
            *((say("kept.view", days=say("days", number=view)),) if view else ()),
            say("kept.deleted"),
        ),
    )


def _records(retention: tuple[Retention, ...]) -> Iterator[tuple[Cell, ...]]:
    """A row for each kind of record that is kept in the same way, on however many hosts."""
    seen: dict[tuple[object, ...], tuple[Cell, ...]] = {}
    logs = [row for row in retention if row.log not in (LEFT, HELD, VIEW)]
    for row in sorted(logs, key=lambda row: (_KINDS.index(_kind(row)), row.key)):
        kind = _kind(row)
        most = max(row.days, row.maximum_days)
        key = (kind or row.log, row.days, most, row.readers)
        what = say(f"kept.{kind}") if kind else say("kept.other", log=html.code(row.log))
        days = say("days", number=row.days)
        seen.setdefault(key, (what, days, say("days", number=most), html.code(row.readers)))
    yield from seen.values()


def _kind(row: Retention) -> str:
    """What sort of record it is, as a key of the catalogue; empty for one that is told by its path."""
    if row.log == JOURNAL:
        return "journal"
    if row.log == INDEX:
        return "index"
    if row.log.startswith(f"{MAIL_FOLDER}/seals/"):
        return "seals"
    if row.log == MAIL_LOG or row.log == f"{MAIL_LOG}-*":
        return "log"
    return "copy" if row.log.startswith(f"{MAIL_FOLDER}/hosts/") else ""
