"""Findings as a JUnit report: a test case for each, in a suite for each requirement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from mailwright.findings import Finding, Status
from mailwright.formats.visible import visible

_SKIPPED = (Status.NOT_PROVEN, Status.WAIVED)


def render(findings: Sequence[Finding]) -> str:
    """Failures are failed cases; what is waived or not proven is skipped, with the reason."""
    from xml.etree import ElementTree

    suites: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        suites[finding.requirement or "input"].append(finding)
    root = ElementTree.Element("testsuites", {"name": "mailwright"} | _numbers(findings))
    for name in sorted(suites):
        suite = ElementTree.SubElement(root, "testsuite", {"name": name} | _numbers(suites[name]))
        for finding in suites[name]:
            place = finding.where or finding.target
            title = f"{finding.id} at {place}" if place else finding.id
            case = ElementTree.SubElement(
                suite, "testcase", classname=f"mailwright.{name}", name=visible(title), time="0"
            )
            message = visible(finding.message)
            if finding.fails:
                failure = ElementTree.SubElement(case, "failure", type=finding.level.value, message=message)
                failure.text = visible("\n".join(filter(None, (finding.evidence, finding.fix))), keep="\n")
            elif finding.status in _SKIPPED:
                ElementTree.SubElement(case, "skipped", message=f"{finding.status.value}: {message}")
    ElementTree.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(root, encoding="unicode") + "\n"


def _numbers(findings: Sequence[Finding]) -> dict[str, str]:
    return {
        "tests": str(len(findings)),
        "failures": str(sum(finding.fails for finding in findings)),
        "skipped": str(sum(finding.status in _SKIPPED for finding in findings)),
    }
