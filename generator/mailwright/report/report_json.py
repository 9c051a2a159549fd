"""The compliance report for programs: ``schemas/report.schema.json`` describes it."""

from __future__ import annotations

import json
from collections import Counter

from mailwright import __version__
from mailwright.report.compliance import Enforced, Report, Row, Vouched, Waived
from mailwright.report.merge import Source
from mailwright.report.since import Changes, Move
from mailwright.report.strict_json import printable
from mailwright.report.verdicts import Item

FORMAT = 1


def render(report: Report, changes: Changes | None) -> str:
    """The report, with what changed where there is an earlier one."""
    organisation = report.organisation
    desk = organisation.service_desk
    document = {
        "report": FORMAT,
        "mailwright": __version__,
        "date": report.date.isoformat(),
        "organisation": {
            "name": organisation.name,
            "registry": organisation.registry,
            "contacts": [
                {"name": each.name, "email": each.email, "telephone": each.telephone}
                for each in organisation.contacts
            ],
            "service_desk": None
            if desk is None
            else {"email": desk.email, "telephone": desk.telephone, "url": desk.url, "hours": desk.hours},
        },
        "scope": {
            "domains": list(report.domains),
            "hosts": [
                {
                    "name": host.name,
                    "addresses": [str(address) for address in host.addresses],
                    "os": host.os,
                    "functions": list(host.functions),
                }
                for host in report.hosts
            ],
        },
        "description": {
            "plan": report.plan,
            "files": [{"name": printable(each.name, 4096), "sha256": each.sha256} for each in report.inputs],
        },
        "evidence": [_source(each) for each in report.sources],
        "unplaced": list(report.unplaced),
        "counts": {word.value: number for word, number in report.counts.items()},
        "requirements": [_row(row, report) for row in report.rows],
        "attestations": [_vouched(each) for each in report.attestations],
        "waivers": [_waived(each) for each in report.waivers],
        "remarks": [{"id": each.id, "message": each.message, "fix": each.fix} for each in report.remarks],
        "changes": None if changes is None else _changes(changes),
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _source(source: Source) -> dict[str, object]:
    run = source.run
    numbers = Counter(finding.status.value for finding in run.findings)
    return {
        "label": source.label,
        "file": printable(source.name, 4096),
        "sha256": source.sha256,
        "kind": run.kind,
        "vantages": list(run.vantages),
        "addresses": list(run.addresses),
        "started": run.started.isoformat(timespec="seconds"),
        "ended": run.ended.isoformat(timespec="seconds"),
        "mailwright": run.version,
        "plan": run.plan,
        "complete": run.complete,
        "counts": {status: numbers[status] for status in ("pass", "fail", "not-proven")},
        "mark": source.mark.value,
    }


def _row(row: Row, report: Report) -> dict[str, object]:
    verdict, requirement = row.verdict, row.verdict.requirement
    return {
        "id": requirement.id,
        "section": requirement.section,
        "level": requirement.level.value,
        "title": requirement.title,
        "says": requirement.says,
        "verdict": verdict.word.value,
        "waived": verdict.waived,
        "reach": row.reach.value,
        "missing": list(verdict.missing),
        "limits": requirement.limits,
        "enforced": [_enforced(each) for each in row.enforced],
        "evidence": [_item(each, report) for each in verdict.evidence if each.kind in ("check", "probe")],
        "attestations": [_vouched(each) for each in row.attestations],
        "waivers": [_waived(each) for each in row.waivers],
    }


def _enforced(entry: Enforced) -> dict[str, object]:
    return {
        "kind": entry.kind,
        "files": list(entry.paths),
        "lines": list(entry.lines),
        "total": entry.total,
        "extracts": [
            {"line": each.line, "reason": each.reason, "setting": each.setting} for each in entry.extracts
        ],
    }


def _item(item: Item, report: Report) -> dict[str, object]:
    plain: dict[str, object] = {
        "kind": item.kind,
        "source": item.source,
        "status": item.status.value,
        "counts": not item.remark,
    }
    if item.sighting is None:
        return plain | {"text": item.text}
    finding, source = item.sighting.finding, item.sighting.source
    plain |= {"text": finding.message, "seen": finding.evidence, "note": item.sighting.note}
    if finding.target:
        plain["target"] = str(finding.target)
    if source:
        plain["run"] = source.label
    if item.source in report.vantages:
        plain["from"] = report.vantages[item.source]
    return plain


def _vouched(each: Vouched) -> dict[str, object]:
    return {
        "requirement": each.requirement,
        "statement": each.statement,
        "owner": each.owner,
        "date": each.day.isoformat(),
        "until": each.until.isoformat(),
        "counts": each.counts,
    }


def _waived(each: Waived) -> dict[str, object]:
    return {
        "rule": each.rule,
        "requirement": each.requirement,
        "reason": each.reason,
        "owner": each.owner,
        "until": each.until.isoformat(),
        "ended": each.ended,
    }


def _changes(changes: Changes) -> dict[str, object]:
    return {
        "since": changes.since.isoformat(),
        "mailwright": changes.version,
        "description": changes.description,
        "better": [_move(each) for each in changes.better],
        "worse": [_move(each) for each in changes.worse],
        "added": list(changes.added),
        "removed": list(changes.removed),
        "evidence": [each.label for each in changes.evidence],
        "dropped": changes.dropped,
        "ended": [_waived(each) for each in changes.ended],
        "withdrawn": list(changes.withdrawn),
        "granted": [_waived(each) for each in changes.granted],
    }


def _move(move: Move) -> dict[str, object]:
    return {"requirement": move.requirement, "before": move.before.value, "after": move.after.value}
