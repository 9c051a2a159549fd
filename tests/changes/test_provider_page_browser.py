"""The page of a review of customers in a browser, with hostile names: it shows, loads and runs nothing, fits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from changes.test_review_browser import NAMES, UNFOLD, WIDER, faults, judged
from mailwright.changes.model import Severity
from mailwright.changes.provider import html
from mailwright.changes.provider.model import (
    Broken,
    Came,
    Case,
    Effect,
    LayerChange,
    Note,
    Party,
    PlatformReview,
    ProviderReview,
    Risk,
    Spot,
)
from mailwright.changes.provider.rules import RISKS
from mailwright.findings import Finding, Level, Place, Status
from support.browser import Browser, browser
from support.review_pages import hostile

pytestmark = pytest.mark.native


def review(text: str) -> ProviderReview:
    """A review in which everything that somebody else may have written is ``text``."""
    ids = (*(f"{text}{number}" for number in range(9)),)
    spot = Spot(text, Place(text, 1, 1))
    found = Finding("x", "", Level.ERROR, Status.FAIL, text, text, Place(text, 1, 1))
    cases = (Case(text, ids, 9, spot), Case(text, (text,), spot=spot, named=True))
    effects = tuple(
        Effect(section, kind, text, customers, 9, text, spot)
        for section in ("Mailboxes", "Addresses")
        for kind, customers in (("added", ids), ("removed", ids), ("changed", (text,)))
    )
    platforms = (PlatformReview(text, hostile(text)), PlatformReview(f"{text}2", hostile(text)))
    return ProviderReview(
        Party(text, text, 9),
        Party(text, text, 9),
        9,
        (LayerChange(spot, text, text, text, ids, ids, ids),),
        (Note(text, spot),),
        tuple(Came(fate, text, text, Place(text, 1, 1)) for fate in ("added", "removed", "leaving")),
        (
            Risk(RISKS[0].about, Severity.HIGH, RISKS[0].about.safely, cases),
            Risk(replace(RISKS[1].about), Severity.LOW, text, cases, text),
        ),
        effects,  # type: ignore[arg-type]
        platforms,
        (Broken(text, "new", (found,), ids),),
        (text,),
        (text,),
        ids,
    )


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as made:
        yield made


def put(text: str, folder: Path) -> Path:
    path = folder / "review.html"
    path.write_text(html.render(review(text)), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_hostile_names_are_text_and_fit(chromium: Browser, tmp_path: Path, name: str) -> None:
    path = put(name, tmp_path)
    for width in (1280, 320):
        chromium.open(path, width=width)
        chromium.run(UNFOLD)
        assert chromium.run("document.documentElement.scrollWidth") <= width
        assert chromium.run(WIDER) == []
        assert chromium.requests() == [path.as_uri()]
        assert chromium.complaints() == []
        assert chromium.run("document.title") != "run"
        assert chromium.run("document.querySelectorAll('script, img, [onerror], [onload]').length") == 0
    said = judged(chromium)
    assert len(said["passes"]) > 20
    assert faults(said) == []


def test_a_platform_is_told_as_a_site_is(chromium: Browser, tmp_path: Path) -> None:
    """With the sections of a site's review, which fold, and anchors of their own."""
    chromium.open(put("plain", tmp_path))
    for part in ("risks", "warnings", "flow", "changes", "steps", "files"):
        assert chromium.run(f"document.querySelectorAll('#platform-1-{part}').length") == 1, part
        assert chromium.run(f"document.querySelectorAll('#platform-2-{part}').length") == 1, part
    ids = chromium.run("[...document.querySelectorAll('[id]')].map((each) => each.id)")
    assert len(ids) == len(set(ids))
    assert chromium.run("document.querySelectorAll('#platform-1 details').length") > 5
    links = "[...document.querySelectorAll('nav a')].map((each) => document.querySelector(each.hash) !== null)"
    assert chromium.run(links) == [True] * 10
    assert chromium.run("document.querySelectorAll('#changes .sign-box').length") == 6
