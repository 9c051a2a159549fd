"""The page: complete, without anything from elsewhere, and nothing in it can become markup."""

from __future__ import annotations

from html.parser import HTMLParser

from mailwright.findings import Finding, Level, Status
from mailwright.report import matrix_html
from mailwright.report.verdicts import verdicts
from mailwright.requirements.catalogue import REQUIREMENTS

HOSTILE = "</td><script>alert(1)</script><img src=x onerror='a'>\" onload=\"b\x1b\0\u2028&amp;"


class Page(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def page(organisation: str, text: str) -> Page:
    findings = [
        Finding("ROLE-1.x", "ROLE-1", Level.MUST, Status.FAIL, text, evidence=text),
        Finding("ROLE-3.attestation", "ROLE-3", Level.MUST, Status.ATTESTED, text, evidence=text),
    ]
    return Page(matrix_html.render(organisation, verdicts(REQUIREMENTS, findings, {}, None)))


def test_every_requirement_is_there_with_its_verdict() -> None:
    found = page("College", "plain")
    ids = [attributes["id"] for tag, attributes in found.tags if tag == "tr" and attributes.get("id")]
    assert ids == [requirement.id for requirement in REQUIREMENTS]
    assert "not met" in found.texts


def test_hostile_text_stays_text() -> None:
    plain, hostile = page("College", "plain"), page(HOSTILE, HOSTILE)
    assert [tag for tag, _ in hostile.tags] == [tag for tag, _ in plain.tags]
    assert [attributes.keys() for _, attributes in hostile.tags] == [
        attributes.keys() for _, attributes in plain.tags
    ]
    shown = "".join(hostile.texts)
    assert "<script>alert(1)</script>" in shown
    assert "\x1b" not in shown


def test_nothing_is_run_or_loaded() -> None:
    found = page("College", "plain")
    assert not [tag for tag, _ in found.tags if tag in ("script", "link", "img", "iframe", "object", "form", "a")]
    (policy,) = [attributes for tag, attributes in found.tags if attributes.get("http-equiv")]
    assert policy["http-equiv"] == "Content-Security-Policy"
    assert "default-src 'none'" in str(policy["content"])


def test_tables_can_be_read_aloud() -> None:
    found = page("College", "plain")
    heads = [attributes for tag, attributes in found.tags if tag == "th"]
    assert heads
    assert all(attributes.get("scope") in ("row", "col") for attributes in heads)
    assert ("html", {"lang": "en-GB"}) in found.tags
