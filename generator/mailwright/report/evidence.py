"""Evidence: what one run of probes found, when and from where, as it is kept and merged with others.

``schemas/evidence.schema.json`` describes the file.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from mailwright.findings import Finding, Level, Place, Status, Target
from mailwright.records import dataclass
from mailwright.report import findings_json
from mailwright.report.strict_json import UnreadableError, load, printable

Kind = Literal["audit", "rehearsal"]

FORMAT = 1
LONGEST = 8000  # characters of a text; what servers say is clipped to that


@dataclass(frozen=True, slots=True)
class Run:
    """One run of probes.

    kind       of the running service, or of throw-away hosts
    vantages   where it looked from: ``outside``, ``inside``, ``host``
    addresses  of the places that it looked from
    started    with the offset from UTC, as is ``ended``, which is not before it
    version    of mailwright
    domain     the site's primary domain
    plan       digest of the plan of the description as it is (``plan.digest``)
    complete   False: it was interrupted
    findings   of its probes
    """

    kind: Kind
    vantages: tuple[str, ...]
    addresses: tuple[str, ...]
    started: datetime
    ended: datetime
    version: str
    domain: str
    plan: str
    complete: bool
    findings: tuple[Finding, ...]


def to_json(run: Run) -> str:
    """The run as a file of evidence, ending in a newline. Texts that are too long are clipped."""
    document = {
        "evidence": FORMAT,
        "kind": run.kind,
        "vantages": list(run.vantages),
        "addresses": list(run.addresses),
        "started": _moment(run.started),
        "ended": _moment(run.ended),
        "mailwright": run.version,
        "domain": run.domain,
        "plan": run.plan,
        "complete": run.complete,
        "findings": [_clipped(findings_json.plain(finding)) for finding in run.findings],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def from_json(text: str) -> Run:
    """The run that ``to_json`` wrote. Raises UnreadableError for anything else."""
    document = load(text, "evidence")
    started, ended = _time(document["started"]), _time(document["ended"])
    if ended < started:
        raise UnreadableError("it ends before it starts: the clock was wrong")
    return Run(
        kind=document["kind"],
        vantages=tuple(document["vantages"]),
        addresses=tuple(document["addresses"]),
        started=started,
        ended=ended,
        version=document["mailwright"],
        domain=document["domain"],
        plan=document["plan"],
        complete=document["complete"],
        findings=tuple(_finding(each) for each in document["findings"]),
    )


def _moment(when: datetime) -> str:
    """RFC 3339, to the second."""
    if when.tzinfo is None:
        raise ValueError("a moment without its offset from UTC")
    return when.isoformat(timespec="seconds")


def _time(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
        for day in (-1, 1):  # so that it may be told with any offset
            moment.astimezone(UTC) + timedelta(days=day)
    except (ValueError, OverflowError):
        raise UnreadableError(f"there is no moment {text}") from None
    return moment


def _clipped(value: Any) -> Any:
    if isinstance(value, str):
        return printable(value, LONGEST)
    return {key: _clipped(each) for key, each in value.items()} if isinstance(value, dict) else value


def _finding(value: dict[str, Any]) -> Finding:
    where, target = value.get("where"), value.get("target")
    port = target.get("port") if target else None
    return Finding(
        value["id"],
        value["requirement"],
        Level(value["level"]),
        Status(value["status"]),
        value["message"],
        value.get("fix", ""),
        where=Place(where["file"], int(where["line"]), int(where["column"]), where["pointer"]) if where else None,
        # JSON Schema takes 25.0 for a whole number
        target=Target(target["host"], None if port is None else int(port)) if target else None,
        evidence=value.get("evidence", ""),
    )
