"""The pages in a browser: nothing in the way of anybody who reads them (WCAG 2.2 AA), on any screen or on paper."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mailwright import pages
from mailwright.plan import make
from mailwright.site.read import read
from support.browser import Browser, browser
from support.example import ROOT

pytestmark = pytest.mark.native

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
LONG = "x" * 120


@cache
def axe() -> str:
    """axe-core, which a package of PyPI carries."""
    found = importlib.util.find_spec("axe_playwright_python")
    assert found is not None, "no axe-playwright-python: make setup-dev"
    assert found.submodule_search_locations
    return (Path(found.submodule_search_locations[0]) / "axe.min.js").read_text()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as made:
        yield made


def put(made: Mapping[str, str | bytes], folder: Path) -> Path:
    for name, content in made.items():
        (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the site that is described whole, in two languages."""
    site = read(ROOT / "inventories" / "whole" / "site.yml").site
    assert site is not None
    return put(pages.files(make(site)), tmp_path_factory.mktemp("whole"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same of a site whose words do not want to fit, or want to be more than words."""
    site = read(ROOT / "inventories" / "whole" / "site.yml").site
    assert site is not None
    name = f"<script>document.title='run'</script> \u05d0\u05d1\u05d2 {LONG}"
    organisation = replace(site.organisation, name=name, registry="")
    lists = tuple(replace(one, title=f"\"'><img src=x onerror=alert(1)> {LONG}") for one in site.lists)
    contacts = tuple(replace(one, name=LONG, telephone="") for one in organisation.contacts)
    agreement = replace(site.agreement, availability=f"<b>{LONG}</b>") if site.agreement else None
    made = replace(site, organisation=replace(organisation, contacts=contacts), lists=lists, agreement=agreement)
    return put(pages.files(make(made)), tmp_path_factory.mktemp("hostile"))


def judged(chromium: Browser) -> dict[str, Any]:
    """What axe-core says of the page that is shown."""
    chromium.run(f"{axe()};0")
    run = f"(async () => JSON.stringify(await axe.run(document, {{runOnly: {json.dumps(RULES)}}})))()"
    result = chromium.call("Runtime.evaluate", expression=run, awaitPromise=True, returnByValue=True)
    assert "exceptionDetails" not in result, result
    said: dict[str, Any] = json.loads(result["result"]["value"])
    return said


def faults(said: dict[str, Any], kind: str = "violations") -> list[tuple[str, str]]:
    return [(rule["id"], node["html"]) for rule in said[kind] for node in rule["nodes"]]


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (320, False)])
def test_nothing_is_in_the_way_of_a_reader(chromium: Browser, whole: Path, width: int, dark: bool) -> None:
    for page in sorted(whole.glob("*.html")):
        chromium.open(page, width=width, dark=dark)
        assert chromium.run("document.documentElement.scrollWidth") <= width, page.name
        assert chromium.complaints() == [], page.name
        assert all(url.startswith("file:") for url in chromium.requests()), page.name
        assert chromium.run("getComputedStyle(document.body).maxWidth") != "none", "the style is not there"
        said = judged(chromium)
        assert len(said["passes"]) > 20
        assert faults(said) == [], page.name
        assert faults(said, "incomplete") == [], page.name


def test_the_judge_sees_what_is_wrong(chromium: Browser, tmp_path: Path) -> None:
    page = tmp_path / "bad.html"
    page.write_text('<html><body><img src="x"><p style="color: #ccc">pale</p></body></html>')
    chromium.open(page)
    assert {"image-alt", "color-contrast", "html-has-lang"} <= {rule for rule, _ in faults(judged(chromium))}


def test_hostile_names_are_text_and_fit(chromium: Browser, hostile: Path) -> None:
    for page in sorted(hostile.glob("*.html")):
        for width in (1280, 320):
            chromium.open(page, width=width)
            assert chromium.run("document.documentElement.scrollWidth") <= width, (page.name, width)
        assert "<script>" in chromium.run("document.querySelector('.organisation').innerText")
        assert chromium.run("document.title") != "run"
        assert chromium.run("document.querySelectorAll('script, [onerror]').length") == 0
        assert chromium.complaints() == [], page.name
        assert faults(judged(chromium)) == [], page.name


def test_a_page_can_be_used_without_a_mouse(chromium: Browser, whole: Path) -> None:
    chromium.open(whole / "privacy.html")
    for kind in ("keyDown", "keyUp"):
        chromium.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
    assert chromium.run("document.activeElement.className") == "skip"
    assert chromium.run("document.activeElement.getBoundingClientRect().left") >= 0


def test_pages_print(chromium: Browser, whole: Path, tmp_path: Path) -> None:
    assert shutil.which("pdftotext"), "no pdftotext: apt-get install poppler-utils"
    for name, wanted in (("contacts", "+44 1632 960101"), ("privacy", "Data Protection Act 2018")):
        chromium.open(whole / f"{name}.html")
        paper = tmp_path / f"{name}.pdf"
        paper.write_bytes(chromium.pdf())
        done = subprocess.run(
            ["pdftotext", "-layout", paper, "-"], check=True, capture_output=True, text=True
        ).stdout
        assert wanted in " ".join(done.split())
        assert "Skip to the text" not in done
