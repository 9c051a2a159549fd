"""The page in a browser: it shows, loads nothing, fits, can be read in the dark, and prints."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from mailwright.findings import Status
from mailwright.report import matrix_html, report_html, report_json, since
from mailwright.requirements.catalogue import REQUIREMENTS
from mailwright.site.model import Waiver
from support.browser import Browser, browser
from support.example import HERE, load_example
from support.reports import audited, basis, example_basis, rehearsed, report
from support.runs import found, run

pytestmark = pytest.mark.native

LONG = "x" * 300
# Contrast of text with what lies behind it (WCAG 2.2, 1.4.3): elements that have words of their own and are seen.
CONTRAST = """
(() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => {
    const part = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const colour = rgb(getComputedStyle(element).backgroundColor);
      if (colour[3] === 255) return colour;
    }
    return [255, 255, 255, 255];
  };
  const poor = [];
  let looked = 0;
  for (const element of document.querySelectorAll('body *')) {
    const words = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!words || !element.getClientRects().length || element.tagName === 'title') continue;
    const style = getComputedStyle(element);
    const colour = element instanceof SVGElement ? style.fill : style.color;
    const [a, b] = [light(rgb(colour)), light(behind(element))].sort((x, y) => y - x);
    looked += 1;
    if ((a + 0.05) / (b + 0.05) < 4.5) poor.push(`${element.className} ${element.textContent.trim().slice(0, 40)}`);
  }
  return [looked, poor.slice(0, 5)];
})()
"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as made:
        yield made


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that a report can hold, with words that do not want to fit."""
    site = load_example()
    waivers = (
        Waiver("ROLE-5", LONG, "Rosa Luxemburg", date(2026, 6, 30), HERE),
        Waiver("DNS-1", "The provider is slow.", "Karl Marx", date(2026, 1, 30), HERE),
    )
    of = basis(replace(site, waivers=waivers))
    loud = found(
        Status.FAIL, "relay.outside", "RELAY-2", f"<b>{LONG}</b>", evidence=f"<script>alert(1)</script>\n{LONG}"
    )
    runs = (
        run(loud, plan=of.plan),
        run(found(Status.NOT_PROVEN, "dns.ptr", "DNS-1"), plan=of.plan, complete=False, days=2),
        run(found(Status.PASS, "dns.ptr", "DNS-1"), plan=of.plan, days=200),
        run(found(Status.PASS, "dns.ptr", "DNS-1"), plan="f" * 64),
        rehearsed(of),
    )
    made = report(*runs, of=of)
    before = since.read(report_json.render(report(rehearsed(), audited("outside")), None))
    path = tmp_path_factory.mktemp("report") / "index.html"
    path.write_text(report_html.render(made, since.compare(before, made)), encoding="utf-8")
    return path


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_it_loads_itself_and_nothing_else_and_the_console_is_silent(
    chromium: Browser, page: Path, dark: bool
) -> None:
    chromium.open(page, dark=dark)
    assert chromium.requests() == [page.as_uri()]
    assert chromium.complaints() == []
    assert chromium.run("document.querySelectorAll('article').length") == 52
    assert chromium.run("document.scripts.length") == 0


@pytest.mark.parametrize("width", [390, 768, 1280])
def test_nothing_runs_over_the_edge(chromium: Browser, page: Path, width: int) -> None:
    chromium.open(page, width=width)
    for opened in ("false", "true"):
        chromium.run(f"document.querySelectorAll('details').forEach((each) => each.open = {opened})")
        assert chromium.run("innerWidth") == width
        assert chromium.run("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_words_stand_out_from_what_is_behind_them(chromium: Browser, page: Path, dark: bool) -> None:
    chromium.open(page, dark=dark)
    chromium.run("document.querySelectorAll('details').forEach((each) => each.open = true)")
    looked, poor = chromium.run(CONTRAST)
    assert looked > 500
    assert poor == []


def test_the_measure_of_contrast_sees_pale_words(chromium: Browser, page: Path) -> None:
    chromium.open(page)
    chromium.run("document.querySelector('h1').style.color = '#999'")
    assert chromium.run(CONTRAST)[1] == [" College of Example"]


def test_an_anchor_leads_to_its_requirement(chromium: Browser, page: Path) -> None:
    chromium.open(page, anchor="#RELAY-2")
    top = chromium.run("document.getElementById('RELAY-2').getBoundingClientRect().top")
    assert 0 <= top < 100


def test_the_keyboard_reaches_the_picture_and_the_requirements(chromium: Browser, page: Path) -> None:
    chromium.open(page)
    reached = []
    for _ in range(30):
        for kind in ("keyDown", "keyUp"):
            chromium.call("Input.dispatchKeyEvent", type=kind, key="Tab", code="Tab", windowsVirtualKeyCode=9)
        reached.append(
            chromium.run("document.activeElement.getAttribute('href') ?? document.activeElement.tagName")
        )
    assert reached[0] == "#requirements"
    assert "#ADDR-1" in reached


def test_a_screen_reader_hears_each_square_and_its_verdict(chromium: Browser, page: Path) -> None:
    chromium.open(page)
    nodes = chromium.call("Accessibility.getFullAXTree")["nodes"]
    links = {node.get("name", {}).get("value") for node in nodes if node.get("role", {}).get("value") == "link"}
    assert "RELAY-2, No open relay: not met" in links
    assert sum(": " in str(name) and ", " in str(name) for name in links) >= 52


def test_it_prints_with_every_requirement_and_its_evidence(chromium: Browser, page: Path, tmp_path: Path) -> None:
    chromium.open(page)
    assert shutil.which("pdftotext"), "no pdftotext: apt-get install poppler-utils"
    file = tmp_path / "report.pdf"
    file.write_bytes(chromium.pdf())
    text = subprocess.run(
        ["pdftotext", "-layout", str(file), "-"], check=True, capture_output=True, text=True
    ).stdout
    pages = text.split("\f")
    words = " ".join(text.split())
    assert 5 < len(pages) < 60
    assert [each.id for each in REQUIREMENTS if each.id not in words] == []
    # What is folded on the screen is open on paper.
    assert "hosts/mail.college.ac.uk/postfix/etc/postfix/main.cf" in words
    assert "<script>alert(1)</script>" in words
    assert f"1 of {len(pages) - 1}" in pages[0]
    assert "At a glance" in pages[0]


def test_in_print_it_is_dark_on_light_whatever_the_screen_is(chromium: Browser, page: Path) -> None:
    chromium.open(page, dark=True)
    chromium.media("print", dark=True)
    assert chromium.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_the_matrix_of_a_build_is_silent_and_fits_too(chromium: Browser, tmp_path: Path) -> None:
    path = tmp_path / "matrix.html"
    rows = [row.verdict for row in report(of=example_basis()).rows]
    path.write_text(matrix_html.render("College", rows), encoding="utf-8")
    for width in (390, 1280):
        chromium.open(path, width=width)
        assert chromium.requests() == [path.as_uri()]
        assert chromium.complaints() == []
        assert chromium.run("document.documentElement.scrollWidth") <= width
