"""The compliance report for people: one page that needs nothing else, to be read, printed and sent."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import groupby

from mailwright import __version__
from mailwright.findings import Level, Status
from mailwright.formats.engine import render as render_template
from mailwright.formats.html import HTML
from mailwright.records import dataclass
from mailwright.report import merge
from mailwright.report.compliance import Reach, Report, Row, passed_probes
from mailwright.report.evidence import Kind
from mailwright.report.merge import Mark, Source
from mailwright.report.since import Changes
from mailwright.report.verdicts import Item, Word
from mailwright.report.verdicts_text import first_line

_MOST = 40  # files that enforce one requirement
_NAMED = 6  # domains and hosts on the cover
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)
_MEANINGS = {
    Word.MET: "shown by all the evidence that it needs",
    Word.ATTESTED: "somebody vouches for what only people can tell",
    Word.NOT_PROVEN: "some evidence is missing",
    Word.NOT_MET: "something is not as it should be",
}
_DEFINITIONS = {
    Word.MET: "All of the evidence that the requirement needs is there, and none of it failed: rules over the "
    "description, settings, records and rules in the build, and every probe of running hosts that belongs to it.",
    Word.ATTESTED: "The same, and besides somebody vouches for what no machine can see, with name and date.",
    Word.NOT_PROVEN: "Nothing failed, but some of the evidence is missing. What is missing is said with it.",
    Word.NOT_MET: "A rule or a probe failed, or a breach is waived.",
}
_KINDS: dict[Kind, str] = {"audit": "the running service", "rehearsal": "a rehearsal"}
_REACHES = {
    Reach.LIVE: "on the running service",
    Reach.PARTLY: "in part on the running service, the rest in rehearsals",
    Reach.REHEARSED: "in rehearsals alone",
    Reach.NONE: "in the description and the build; no probe is needed",
}
_REACH_WORDS = {
    Reach.LIVE.value: "seen live",
    Reach.PARTLY.value: "seen live in part",
    Reach.REHEARSED.value: "seen in rehearsals",
}
_LEVELS = (
    ("MUST", (Level.MUST,)),
    ("SHOULD (NOT)", (Level.SHOULD, Level.SHOULD_NOT)),
    ("ADVICE", (Level.ADVICE,)),
)
_WARNINGS = {
    Mark.STALE: f"Stale: older than {merge.FRESH.days} days. What passed then proves nothing now.",
    Mark.OTHER: "Made for another description: it proves nothing about this one.",
    Mark.FUTURE: "Dated in the future: a clock was wrong, so it proves nothing.",
}


def render(report: Report, changes: Changes | None) -> str:
    """The page. No script, nothing loaded from elsewhere, and a Content-Security-Policy that says so."""
    counts = report.counts
    sections = [
        (section, list(rows))
        for section, rows in groupby(report.rows, key=lambda row: row.verdict.requirement.section)
    ]
    return render_template(
        HTML,
        "report/report.html.j2",
        organisation=report.organisation,
        desk=_desk(report),
        date=_day(report.date),
        version=__version__,
        plan=report.plan[:16],
        lead=_lead(report),
        tiles=[(word.value, counts[word], _MEANINGS[word]) for word in _MEANINGS],
        definitions={word.value: text for word, text in _DEFINITIONS.items()},
        in_words=", ".join(f"{counts[word]} {word.value}" for word in _MEANINGS),
        domains=_some(report.domains),
        domains_all=", ".join(report.domains),
        host_names=_some([host.name for host in report.hosts]),
        hosts=[
            {
                "name": host.name,
                "addresses": [str(address) for address in host.addresses],
                "functions": host.functions,
                "os": host.os,
            }
            for host in report.hosts
        ],
        evidence_words=_evidence(report.sources),
        contents=_contents(changes),
        sections=sections,
        widest=max(len(rows) for _, rows in sections),
        total=len(report.rows),
        levels=_levels(report.rows),
        reaches=[(_REACHES[reach], number) for reach, number in report.reaches.items()],
        probes_words=_probes(report),
        reach_words=_REACH_WORDS,
        open_rows=list(_open(report.rows)),
        reasons={row.id: _reasons(row) for row in report.rows},
        seen={row.id: _seen(row, report) for row in report.rows},
        remarks=report.remarks,
        changes=changes,
        since=_day(changes.since) if changes else "",
        sources=[_source(source) for source in report.sources],
        fresh=merge.FRESH.days,
        unplaced=", ".join(report.unplaced),
        attestations=report.attestations,
        waivers=report.waivers,
        inputs=report.inputs,
        most=_MOST,
        named=_NAMED,
    )


def _day(day: date) -> str:
    return f"{day.day} {_MONTHS[day.month - 1]} {day.year}"


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _lead(report: Report) -> str:
    """The report in two sentences."""
    counts = report.counts
    good, bad, open_ = counts[Word.MET] + counts[Word.ATTESTED], counts[Word.NOT_MET], counts[Word.NOT_PROVEN]
    first = f"Of {len(report.rows)} requirements {good} {'is' if good == 1 else 'are'} met or attested."
    musts = sum(
        row.verdict.word is Word.NOT_MET and row.verdict.requirement.level is Level.MUST for row in report.rows
    )
    if bad:
        of = f"{musts or 'none'} of them a MUST" if bad > 1 else "a MUST" if musts else "which is no MUST"
        return f"{first} {bad} {'is' if bad == 1 else 'are'} not met, {of}; {open_} not proven."
    if open_:
        return f"{first} Nothing was seen to be broken; {open_} {'is' if open_ == 1 else 'are'} not proven yet."
    return first


def _desk(report: Report) -> str:
    desk = report.organisation.service_desk
    return "" if desk is None else ", ".join(filter(None, (desk.email, desk.telephone, desk.url, desk.hours)))


def _evidence(sources: Sequence[Source]) -> str:
    if not sources:
        return "none of running hosts: the description and the build alone"
    numbers = Counter(source.run.kind for source in sources)
    names = zip(merge.WORLDS, ("live audit", "rehearsal"), strict=True)
    words = [f"{numbers[kind]} {name}{'s' * (numbers[kind] > 1)}" for kind, name in names if numbers[kind]]
    first = min(source.run.started for source in sources).date()
    last = max(source.run.ended for source in sources).date()
    when = f"on {_day(first)}" if first == last else f"from {_day(first)} to {_day(last)}"
    return f"{' and '.join(words)}, {when}"


def _contents(changes: Changes | None) -> list[tuple[str, str]]:
    return [
        ("picture", "At a glance"),
        ("open", "What is open"),
        *([("changes", "What changed")] if changes else []),
        ("evidence", "Evidence"),
        ("words", "Attestations and waivers"),
        ("scope", "Scope and contacts"),
        ("requirements", "The requirements"),
        ("reading", "How to read it"),
        ("origin", "Files"),
    ]


def _levels(rows: Sequence[Row]) -> list[tuple[str, list[int]]]:
    return [
        (
            words,
            [
                sum(row.verdict.word is word and row.verdict.requirement.level in levels for row in rows)
                for word in _MEANINGS
            ],
        )
        for words, levels in _LEVELS
    ]


def _probes(report: Report) -> str:
    """How many of the probes passed in which world."""
    live, rehearsed = (passed_probes(report.rows, kind) for kind in merge.WORLDS)
    number = len(report.vantages)
    return (
        f"Of {number} probes {len(live)} passed on the running service, {len(rehearsed - live)} in rehearsals "
        f"alone, {number - len(live | rehearsed)} in neither."
    )


def _open(rows: Sequence[Row]) -> Iterator[tuple[Row, str]]:
    """What is neither met nor attested, each with the first reason: the worst first, and of those the MUSTs."""
    words = (Word.NOT_MET, Word.NOT_PROVEN)
    levels = [level for _, group in _LEVELS for level in group]
    for row in sorted(
        (row for row in rows if row.verdict.word in words),
        key=lambda row: (
            words.index(row.verdict.word),
            row.verdict.waived,
            levels.index(row.verdict.requirement.level),
        ),
    ):
        reasons = _reasons(row)
        more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
        yield row, reasons[0] + more


def _reasons(row: Row) -> list[str]:
    """What is missing, without what was seen: that stands below. What the site does not have comes first."""
    reasons = dict.fromkeys(first_line(text) for text in row.verdict.missing)
    return sorted(reasons, key=lambda text: text != row.verdict.requirement.absent)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A line of what was seen. ``words`` are those of whoever was asked, ``runs`` (label, in words) those that saw
    it, ``place`` where they looked from."""

    status: str
    source: str
    text: str
    words: str
    runs: tuple[tuple[str, str], ...]
    place: str
    note: str


def _seen(row: Row, report: Report) -> list[_Seen]:
    """What rules and probes found: what counts first, of that the worst. Passes of one probe are one line."""
    order = (Status.FAIL, Status.WAIVED, Status.NOT_PROVEN, Status.PASS)
    items = [item for item in row.verdict.evidence if item.kind in ("check", "probe")]
    items.sort(key=lambda item: (item.remark and item.sighting is not None, order.index(item.status)))
    lines: dict[object, _Seen] = {}
    for number, item in enumerate(items):
        line = _line(item, report)
        key = (line.source, line.note) if item.status is Status.PASS else number
        first = lines.setdefault(key, line)
        if first is not line:
            lines[key] = replace(first, runs=(*first.runs, *line.runs))
    return list(lines.values())


def _line(item: Item, report: Report) -> _Seen:
    if item.sighting is None:
        note = "asks more than the requirement does" if item.remark else ""
        return _Seen(item.status.value, item.source, item.text, "", (), "", note)
    finding, source = item.sighting.finding, item.sighting.source
    place = f"{finding.target}: " if finding.target else ""
    runs = ((source.label, f"{_KINDS[source.run.kind]}, {source.run.ended.date()}"),) if source else ()
    vantage = report.vantages.get(item.source, "")
    return _Seen(
        item.status.value,
        item.source,
        place + finding.message,
        finding.evidence,
        runs,
        f"from {vantage}" if vantage in ("outside", "inside") else "on the host" if vantage else "",
        item.sighting.note,
    )


def _source(source: Source) -> dict[str, object]:
    run = source.run
    numbers = Counter(finding.status for finding in run.findings)
    results = ", ".join(
        f"{numbers[status]} {word}"
        for status, word in ((Status.PASS, "passed"), (Status.FAIL, "failed"), (Status.NOT_PROVEN, "not proven"))
        if numbers[status]
    )
    warnings = [_WARNINGS[source.mark]] if source.mark else []
    if not run.complete:
        warnings.append("Interrupted: not all probes ran.")
    return {
        "label": source.label,
        "file": source.name,
        "sha256": source.sha256,
        "of": _KINDS[run.kind],
        "vantages": ", ".join(run.vantages) or "nowhere",
        "addresses": _some(run.addresses),
        "when": _span(run.started, run.ended),
        "version": run.version,
        "results": results or "none",
        "warnings": warnings,
    }


def _span(started: datetime, ended: datetime) -> str:
    """``2026-03-01 12:55 to 13:00 (+01:00)``; the offset of the start."""
    end = ended.astimezone(started.tzinfo)
    until = f"{end:%H:%M}" if end.date() == started.date() else f"{end:%Y-%m-%d %H:%M}"
    return f"{started:%Y-%m-%d %H:%M} to {until} ({started.isoformat()[-6:]})"
