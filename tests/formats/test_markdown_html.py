"""Markdown of a site: what it becomes, and what is found in it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mailwright.formats.markdown_html import of_our_own, to_html
from mailwright.site.markdown import faults


def test_headings_go_below_those_of_the_page() -> None:
    assert to_html("# a\n\n## b\n") == "<h3>a</h3>\n<h4>b</h4>\n"
    assert to_html("### a\n\n#### b\n") == "<h3>a</h3>\n<h4>b</h4>\n"
    assert to_html("# a\n\n###### b\n") == "<h3>a</h3>\n<h6>b</h6>\n"


def test_what_markdown_has_is_shown() -> None:
    html = to_html("- *a* `b`\n\n| c | d |\n|---|---|\n| 1 | 2 |\n")
    assert "<li><em>a</em> <code>b</code></li>" in html
    assert '<div class="scroll" tabindex="0"><table>' in html
    assert html.count("<table>") == html.count("</table></div>") == 1


@pytest.mark.parametrize(
    "link",
    [
        "https://www.example.org/x?y=1#z",
        "http://example.org",
        "mailto:somebody@college.ac.uk",
        "tel:+441632960100",
        "support.html",
        "faq.cy.html#space",
        "status.txt",
        "#ask",
        "HTTPS://example.org",
    ],
)
def test_links_that_lead_are_links(link: str) -> None:
    assert f'<a href="{link}">a</a>' in to_html(f"[a]({link})")
    assert list(faults(f"[a]({link})", ("support.html", "faq.cy.html", "status.txt"))) == []


@pytest.mark.parametrize(
    "text",
    [
        "[a](javascript:alert(1))",
        "[a](JaVaScRiPt:alert(1))",
        "[a](&#106;avascript:alert(1))",
        "[a](vbscript:x)",
        "[a](data:image/png;base64,AAAA)",
        "[a](file:///etc/passwd)",
        "[a](//elsewhere.example/)",
        "[a](/etc/passwd)",
        "[a](../../x.html)",
        "[a](https:///x)",
        "[a]()",
        "[a](no-such-page.html)",
        "<javascript:alert(1)>",
        "[a][b]\n\n[b]: javascript:alert(1)",
        "<b onclick=x>y</b>",
        "<!-- x -->",
        "<svg/onload=alert(1)>",
        "<script>\nalert(1)\n</script>",
        "</section>",
        "![a](https://elsewhere.example/p.png)",
        "![a](data:image/gif;base64,AAAA)",
    ],
)
def test_what_does_not_lead_or_is_markup_is_found_and_shown_as_text(text: str) -> None:
    assert list(faults(text))
    html = to_html(text)
    for one in ("<script", "<svg", "<b ", "<!--", "<img", "</section"):
        assert one not in html
    for scheme in ("javascript", "vbscript", "data", "file", "//", "/", ".."):
        assert f'href="{scheme}' not in html.lower()


def test_our_own_texts_are_shown_as_any_and_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    text = "## One\n\n| a | b |\n|---|---|\n| <b> | [c](javascript:d) |\n"
    for _ in range(2):
        of_our_own.cache_clear()
        assert of_our_own("en-one", text) == to_html(text)
    assert any(path.is_file() for path in tmp_path.rglob("*"))
    of_our_own.cache_clear()
    assert of_our_own("en-one", "Another.") == to_html("Another.")
    of_our_own.cache_clear()
