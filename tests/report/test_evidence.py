"""Evidence comes back as it was written, and nothing else is taken for it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import jsonschema
import pytest

from mailwright.findings import Finding, Level, Place, Status, Target
from mailwright.report import evidence
from mailwright.report.evidence import Run, from_json, to_json
from mailwright.report.strict_json import UnreadableError
from support.example import ROOT

SCHEMA: dict[str, Any] = json.loads((ROOT / "schemas" / "evidence.schema.json").read_text())
START = datetime(2026, 3, 1, 9, 30, tzinfo=timezone(timedelta(hours=1)))
FINDINGS = (
    Finding("relay.outside-to-outside", "RELAY-2", Level.MUST, Status.PASS, "no relay", evidence="554 5.7.1 no"),
    Finding("dns.ptr", "DNS-1", Level.SHOULD, Status.NOT_PROVEN, "not shown", target=Target("mail", None)),
    Finding("tls.old", "MSG-1", Level.MUST, Status.FAIL, "old\x1b[31m\n</td>", "mend", target=Target("::1", 25)),
    Finding("roles.x", "ROLE-3", Level.MUST, Status.PASS, "there", where=Place("site.yml", 3, 1, "/organisation")),
)
RUN = Run(
    kind="audit",
    vantages=("outside",),
    addresses=("203.0.113.7", "2001:db8:f::7"),
    started=START,
    ended=datetime(2026, 3, 1, 8, 31, tzinfo=UTC),
    version="0.1",
    domain="college.ac.uk",
    plan="0123456789abcdef" * 4,
    complete=True,
    findings=FINDINGS,
)


def changed(**parts: object) -> str:
    return json.dumps(json.loads(to_json(RUN)) | parts)


def changed_finding(**parts: object) -> str:
    document = json.loads(to_json(RUN))
    document["findings"][0] |= parts
    return json.dumps(document)


def test_a_run_comes_back_as_it_was() -> None:
    assert from_json(to_json(RUN)) == RUN
    assert from_json(to_json(replace(RUN, findings=(), complete=False))).complete is False


def test_what_is_written_is_as_the_schema_says() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    jsonschema.Draft202012Validator(SCHEMA).validate(json.loads(to_json(RUN)))


def test_a_server_that_says_too_much_is_clipped_and_half_characters_are_shown() -> None:
    loud = replace(FINDINGS[0], evidence="x" * (evidence.LONGEST * 2), message="\udcff")
    (found,) = from_json(to_json(replace(RUN, findings=(loud,)))).findings
    assert len(found.evidence) == evidence.LONGEST
    assert found.evidence.endswith("…")
    assert found.message == "\\udcff"


def test_a_moment_without_its_offset_is_not_written() -> None:
    with pytest.raises(ValueError, match="offset"):
        to_json(replace(RUN, started=datetime(2026, 3, 1)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no JSON"),
        ("[]", "not of type"),
        ("[" * 200_000, "nested too deeply"),
        ("9" * 10_000, "no JSON"),
        ('{"a": 1, "a": 2}', "stands twice"),
        (changed(evidence=2), "at evidence"),
        (changed(kind="rumour"), "at kind"),
        (changed(vantages=["moon"]), "at vantages/0"),
        (changed(addresses=["<b>"]), "at addresses/0"),
        (changed(started="2026-03-01"), "at started"),
        (changed(started="2026-02-30T10:00:00+00:00"), "no moment"),
        (changed(started="2026-03-01T10:00:00+00:99"), "at started"),
        (changed(started="2026-03-01T10:00:00+24:00"), "no moment"),
        (changed(ended="2026-03-01T07:00:00+00:00"), "ends before it starts"),
        (changed(plan="short"), "at plan"),
        (changed(more=1), "more"),
        (to_json(RUN).replace('"complete": true', '"complete": NaN'), "NaN"),
        (to_json(RUN).replace("no relay", "\\ud800"), "surrogate"),
        (changed_finding(id="<script>"), "at findings/0/id"),
        (changed_finding(requirement=""), "at findings/0/requirement"),
        (changed_finding(message="x" * 9000), "at findings/0/message"),
        (changed_finding(target={"host": "mail", "port": 70_000}), "at findings/0/target/port"),
    ],
)
def test_what_is_no_evidence_is_refused_and_named(text: str, said: str) -> None:
    with pytest.raises(UnreadableError, match=said) as caught:
        from_json(text)
    assert str(caught.value).isprintable()
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("status", ["attested", "waived"])
def test_a_run_of_probes_cannot_attest_or_waive(status: str) -> None:
    with pytest.raises(UnreadableError, match="status"):
        from_json(changed_finding(status=status))


@pytest.mark.parametrize("key", sorted(json.loads(to_json(RUN))))
def test_nothing_may_be_left_out(key: str) -> None:
    document = json.loads(to_json(RUN))
    del document[key]
    with pytest.raises(UnreadableError, match=key):
        from_json(json.dumps(document))


def test_a_port_may_be_written_as_other_programs_write_whole_numbers() -> None:
    (found, *_) = from_json(changed_finding(target={"host": "mail", "port": 25.0})).findings
    assert found.target == Target("mail", 25)
    assert isinstance(found.target.port, int)


def test_too_much_is_refused_before_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailwright.report.strict_json.MOST", 10)
    with pytest.raises(UnreadableError, match="longer"):
        from_json(to_json(RUN))


@pytest.mark.parametrize(
    "moment",
    [
        "0001-01-01T00:00:00+14:00",
        "0001-01-01T00:00:00+00:00",
        "9999-12-31T23:59:59-14:00",
        "9999-12-31T23:59:59+00:00",
    ],
)
def test_a_moment_that_cannot_be_told_with_every_offset_is_refused(moment: str) -> None:
    with pytest.raises(UnreadableError, match="there is no moment"):
        from_json(changed(started=moment, ended=moment))


@pytest.mark.parametrize("moment", ["0001-01-02T14:00:00+14:00", "9999-12-30T09:59:59-14:00"])
def test_the_first_and_the_last_moment_are_told(moment: str) -> None:
    found = from_json(changed(started=moment, ended=moment))
    for hours in (-23, 0, 23):
        found.ended.astimezone(timezone(timedelta(hours=hours)))
