"""The page of a review in a browser: it shows, loads nothing, fits, and is in nobody's way (WCAG 2.2 AA)."""

from __future__ import annotations

import importlib.util
import json
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from mailwright.changes import html
from mailwright.changes.model import FileChange, Part, Review
from mailwright.plan import make
from support.browser import Browser, browser
from support.example import load_example
from support.review_pages import hostile, large, named, reviewed

pytestmark = pytest.mark.native

RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
LONG = "x" * 300
NAMES = {
    "markup": "</style></pre><script>document.title='run'</script>"
    f"<img src=x onerror=\"document.title='run'\">{LONG}",
    "quotes": "\"'` onload=document.title='run' &amp; {{ 7 * 7 }} {% raw %}",
    "bidi": f"\u202eevil\u2066 \u05d0\u05d1\u05d2\u05d3 \u0645\u0631\u062d\u0628\u0627 {LONG}",
    "control": "a\x1b[31mb\0c\u2028d\te\ud800",
}
UNFOLD = "document.querySelectorAll('details').forEach((each) => each.open = true)"
# What runs over the edge, but for differences, which are scrolled in their own frame.
WIDER = """
[...document.querySelectorAll('main *, header *')]
  .filter((each) => !each.closest('pre, svg') && each.getClientRects().length)
  .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
  .map((each) => each.outerHTML.slice(0, 80))
"""
# Contrast of all words with what is behind them (WCAG 2.2, 1.4.3): axe-core cannot tell of pictures and lone signs.
PALE = """
(() => {
  const light = (colour) => {
    const part = (c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
    const [r, g, b] = colour.match(/[0-9]+/g).map(Number);
    return 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
  };
  const behind = (element) => {
    const box = element.closest('g')?.querySelector('rect, circle');
    if (box) return getComputedStyle(box).fill;
    for (; element; element = element.parentElement) {
      const colour = getComputedStyle(element).backgroundColor;
      if (colour.startsWith('rgb(')) return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  const contrast = (element) => {
    const style = getComputedStyle(element);
    const colour = element instanceof SVGElement ? style.fill : style.color;
    const [a, b] = [light(colour), light(behind(element))].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  };
  const words = (each) => [...each.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  const shown = [...document.querySelectorAll('body *')].filter(
    (each) => words(each) && each.getClientRects().length && !['title', 'desc'].includes(each.tagName));
  return [shown.length, shown.filter((each) => contrast(each) < 4.5).map((each) => each.outerHTML.slice(0, 80))];
})()
"""


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


def put(review: Review, folder: Path) -> Path:
    path = folder / "review.html"
    path.write_text(html.render(review), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that a review can hold; of its many files a few short ones, so that axe-core is done soon."""
    review = large()
    parts = tuple(
        Part(each.origin, each.changes, each.risks, tuple(file for file in each.files if len(file.diff) < 40)[::20])
        for each in review.parts
    )
    cut = Review(
        review.old, review.new, review.plans, parts, review.steps, review.warnings, complete=review.complete
    )
    return put(cut, tmp_path_factory.mktemp("review"))


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


def fits(chromium: Browser, width: int) -> None:
    assert chromium.run("document.documentElement.scrollWidth") <= width
    assert chromium.run(WIDER) == []


@pytest.mark.parametrize(("width", "dark"), [(1280, False), (1280, True), (320, False), (320, True)])
def test_nothing_is_in_the_way_of_a_reader(chromium: Browser, page: Path, width: int, dark: bool) -> None:
    chromium.open(page, width=width, dark=dark)
    assert chromium.requests() == [page.as_uri()]
    assert chromium.complaints() == []
    assert chromium.run("getComputedStyle(document.body).maxWidth") != "none", "the style is not there"
    back = chromium.run("getComputedStyle(document.body).backgroundColor")
    assert (back == "rgb(255, 255, 255)") != dark
    fits(chromium, width)
    chromium.run(UNFOLD)
    fits(chromium, width)
    said = judged(chromium)
    assert len(said["passes"]) > 20
    assert faults(said) == []
    assert {rule for rule, _ in faults(said, "incomplete")} <= {"color-contrast"}
    number, pale = chromium.run(PALE)
    assert number > 500
    assert pale == []


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_hostile_names_are_text_and_fit(chromium: Browser, tmp_path: Path, name: str) -> None:
    path = put(hostile(name), tmp_path)
    for width in (1280, 320):
        chromium.open(path, width=width)
        chromium.run(UNFOLD)
        fits(chromium, width)
        assert chromium.requests() == [path.as_uri()]
        assert chromium.complaints() == []
        assert chromium.run("document.title") != "run"
        assert chromium.run("document.querySelectorAll('script, img, [onerror], [onload]').length") == 0
    assert faults(judged(chromium)) == []


def test_hostile_names_are_shown_as_they_are_written(chromium: Browser, tmp_path: Path) -> None:
    chromium.open(put(hostile(NAMES["markup"]), tmp_path))
    for place in (".line", ".label", ".cases", ".warnings", ".lines", ".steps", ".area > summary", "h1"):
        assert "<script>document.title='run'</script>" in chromium.run(
            f"document.querySelector('{place}').textContent"
        ), place
    chromium.open(put(hostile(NAMES["bidi"]), tmp_path))
    assert "\\u202eevil\\u2066 \u05d0\u05d1\u05d2\u05d3" in chromium.run(
        "document.querySelector('.label').textContent"
    )


def test_either_picture_is_shown_alone_and_has_a_name(chromium: Browser, page: Path) -> None:
    for width, shape in ((1280, "wide"), (320, "tall")):
        chromium.open(page, width=width)
        shown = "[...document.querySelectorAll('svg.picture')].filter((each) => each.getClientRects().length)"
        assert chromium.run(f"{shown}.map((each) => each.classList[1])") == [shape]
        nodes = chromium.call("Accessibility.getFullAXTree")["nodes"]
        images = [node["name"]["value"] for node in nodes if node.get("role", {}).get("value") == "image"]
        assert images == ["How mail flows What differs is marked; the list below says it in words."]
        small = chromium.run(f"{shown}[0].querySelector('text').getBoundingClientRect().height")
        assert small > 10, "its words can be read"


def test_signs_tell_apart_what_colours_do(chromium: Browser, page: Path) -> None:
    chromium.open(page)
    signs = chromium.run(
        "[...new Set([...document.querySelectorAll('.sign')].map((each) => each.textContent))].sort()"
    )
    assert signs == ["+", "~", "\N{MINUS SIGN}"]
    chromium.run(UNFOLD)
    for tag, sign in (("ins", "+"), ("del", "-")):
        lines = chromium.run(
            f"[...document.querySelectorAll('pre {tag}')].flatMap((each) => each.textContent.split('\\n'))"
        )
        assert lines
        assert all(line.startswith(sign) for line in lines)


def test_the_measure_of_contrast_sees_pale_words(chromium: Browser, page: Path) -> None:
    chromium.open(page)
    for pale in ("svg.wide .box text", ".lines .sign-box"):
        chromium.run(f"document.querySelector('{pale}').style = 'fill: #999; color: #999'")
    chromium.run(UNFOLD)
    assert len(chromium.run(PALE)[1]) == 2


def press(chromium: Browser, key: str, code: int) -> None:
    for kind in ("keyDown", "keyUp"):
        text = {"text": "\r"} if key == "Enter" and kind == "keyDown" else {}
        chromium.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text)


def test_the_keyboard_reaches_and_unfolds_everything(chromium: Browser, page: Path) -> None:
    chromium.open(page)
    focused = "document.activeElement"
    press(chromium, "Tab", 9)
    assert chromium.run(f"{focused}.getAttribute('href')") == "#review"
    assert chromium.run(f"{focused}.getBoundingClientRect().left") >= 0
    press(chromium, "Enter", 13)
    assert chromium.await_(f"{focused}.id === 'review'")
    reached = set()
    for _ in range(400):
        press(chromium, "Tab", 9)
        tag = chromium.run(f"{focused}.tagName")
        reached.add(tag)
        if tag == "SUMMARY":
            assert chromium.run(f"getComputedStyle({focused}).outlineStyle") == "solid"
            if not chromium.run(f"{focused}.parentElement.open"):
                press(chromium, "Enter", 13)
        if tag == "PRE":
            break
    assert {"SUMMARY", "PRE"} <= reached
    assert chromium.run("document.querySelectorAll('details[open]').length") > 2


def test_a_long_line_is_scrolled_in_its_own_frame(chromium: Browser, tmp_path: Path) -> None:
    plan = make(load_example())
    diff = ("@@ -1 +1 @@", "-" + "a b " * 200, "+" + LONG)
    part = Part("description", files=(FileChange("dns/a.zone", "changed", "dns", diff=diff),))
    side = named("site.yml")
    path = put(Review(side, side, (plan, plan), (part,), complete=True), tmp_path)
    chromium.open(path, width=320)
    chromium.run(UNFOLD)
    fits(chromium, 320)
    scrolls = "document.querySelector('pre').scrollWidth > document.querySelector('pre').clientWidth"
    assert chromium.run(scrolls) is True


def test_it_prints_what_changes_in_full_and_dark_on_light(chromium: Browser, page: Path, tmp_path: Path) -> None:
    chromium.open(page, dark=True)
    assert shutil.which("pdftotext"), "no pdftotext: apt-get install poppler-utils"
    file = tmp_path / "review.pdf"
    file.write_bytes(chromium.pdf())
    text = subprocess.run(
        ["pdftotext", "-layout", str(file), "-"], check=True, capture_output=True, text=True
    ).stdout
    words = " ".join(text.split())
    assert "HIGH RISK" in text.split("\f")[0]
    assert "The safe way: Give the system a login of its own." in words
    assert "the mailbox of ab011 moves" in words  # folded on the screen
    assert "Then wait 1 hour." in words
    chromium.media("print", dark=True)
    assert chromium.run("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_a_page_at_its_limits_opens(chromium: Browser, tmp_path: Path) -> None:
    diff = ("@@ -0,0 +1,40000 @@", *("+" + "x" * 99 for _ in range(40_000)))
    files = tuple(FileChange(f"dns/{n}.zone", "added", "dns", diff=diff) for n in range(7))
    plan = make(load_example())
    side = named("site.yml")
    review = Review(side, side, (plan, plan), (Part("description", files=files),), complete=True)
    path = put(review, tmp_path)
    assert path.stat().st_size > 4_000_000
    chromium.open(path)
    chromium.run(UNFOLD)
    assert chromium.run("document.querySelectorAll('pre').length") >= 5
    assert "left out here" in chromium.run("document.querySelector('#files').textContent")
    assert chromium.complaints() == []


def test_a_page_of_nothing_is_whole_too(chromium: Browser, tmp_path: Path) -> None:
    chromium.open(put(reviewed(load_example(), load_example()), tmp_path), width=320)
    fits(chromium, 320)
    assert chromium.complaints() == []
    assert faults(judged(chromium)) == []
