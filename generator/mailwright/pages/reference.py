"""The reference page of the published pages, made from their registries, so that it cannot disagree with them.

``python -m mailwright.pages.reference > docs/reference/pages.md`` writes it anew.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailwright import resources
from mailwright.pages.contents import INDEX, PAGES
from mailwright.pages.english import WORDS
from mailwright.site.blocks import BLOCKS
from mailwright.site.documents import DOCUMENTS
from mailwright.site.texts import MAX_BYTES

_INTRODUCTION = f"""\
# The published pages

A build makes one folder, `documents/`, that needs nothing else: pages in HTML, a style sheet, and the logo of
webmail where there is one. There is no script, and nothing is loaded from elsewhere. Put it up anywhere, or
let the site's own host with the function `web` serve it: to the campus networks freely, elsewhere after
signing in.

`contacts.html` and `operation.html` have names and telephone numbers of those who run the service. They are given
to their readers: the web host does not serve them, and no other page leads to them.

What a page asserts about the service (servers, ports, limits, retention, lists, contacts, what was agreed) is
made from the description. Around that stand texts, which are a proposal: read them, and replace what is
otherwise at your organisation. A page says when somebody last read it and found it right
(`published.*.reviewed`), or that nobody did.

## Texts of your own

    pages:
      languages: [en, cy]
      texts: texts

The folder holds `<language>/<block>.md`, such as `texts/en/privacy-contact.md`. A file takes the place of the
default text of that block; the facts beside it stay. Start from the default, which is
`templates/documents/<language>/<block>.md`. The format is Markdown (CommonMark, with tables), in UTF-8, at
most {MAX_BYTES // 1024} KiB. HTML and pictures are refused, and so are links that lead to anything but
`https:`, `http:`, `mailto:`, `tel:`, or a page of the folder (`support.html`, `#ask`): each is a finding with
its file, line and column.

## Two languages

The first of `pages.languages` is the main one: its pages are `privacy.html`, those of the other
`privacy.cy.html`. A text that there is in the other language only is shown in that, marked as such, with a
note that it is not translated. A text of your own in one language is shown on both, rather than a default
text that may say something else. English has all sentences; in Welsh, some are not translated yet.

## The state of the service

Where the site's own host serves the pages, `status.html` leads to `status.txt` beside it, in which operators
write what is the matter: `/var/lib/mailwright-pages/status.txt` on that host, plain text in UTF-8. It is
theirs: an apply makes it once, and leaves it alone after that.
"""


def page() -> str:
    """The whole page."""
    return "".join(
        f"{line}\n" for line in (_INTRODUCTION, "## The pages", "", *_pages(), "", "## The blocks", "", *_blocks())
    )


def _pages() -> Iterator[str]:
    requirements = {document.name: document.requirement for document in DOCUMENTS}
    yield "| Page | About | Asked for by |"
    yield "| --- | --- | --- |"
    for one in (INDEX, *PAGES):
        title = WORDS[f"title.{one.name}"].replace("{organisation}", "…")
        yield f"| `{one.name}.html` | {title}. {WORDS[f'about.{one.name}']} | {requirements.get(one.name, '')} |"


def _blocks() -> Iterator[str]:
    folder = resources.folder("templates") / "documents"
    yield "| Block | Page | What it says | Default text in |"
    yield "| --- | --- | --- | --- |"
    for block in BLOCKS:
        there = ", ".join(code for code in ("en", "cy") if (folder / code / f"{block.name}.md").is_file())
        yield f"| `{block.name}` | `{block.page}.html` | {block.about} | {there} |"


if __name__ == "__main__":
    print(page(), end="")
