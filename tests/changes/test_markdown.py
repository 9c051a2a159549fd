"""A review as a comment below a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from mailwright.changes import markdown
from mailwright.changes.markdown import sentence_of
from mailwright.changes.model import Change, Part, Review, Severity, Step
from mailwright.changes.personal import personal
from mailwright.formats.visible import visible
from support.example import load_example, with_everything
from support.hostile import HOSTILE as TEXTS
from support.review_pages import dangerous, hostile, large, named, reviewed

HOSTILE = (
    *TEXTS,
    "@team",
    "@org/team please look",
    "#123",
    "GH-123 org/repo#1 org/repo@0123456789abcdef0123456789abcdef01234567",
    "0123456789abcdef0123456789abcdef01234567 deadbeef",
    "https://evil.example/ http://evil.example www.evil.example ftp://evil.example",
    "mailto:somebody@evil.example somebody@evil.example",
    "[a link](https://evil.example) ![a picture](https://evil.example/x.png)",
    "[a]: https://evil.example 'x'",
    "<https://evil.example>",
    "<img src=x onerror=alert(1)> <script>alert(1)</script>",
    "</details></summary><h1>big</h1>",
    "<!-- a comment",
    "```\ncode\n```",
    "~~~ fence",
    "` `` ``` ```` ~~~ `a`",
    "`@team`",
    "x` @team `y",
    "**bold** _emphasis_ ~~gone~~ __strong__",
    "# heading",
    "> quoted",
    "- item",
    "1. item",
    "2) item",
    "===",
    "---",
    "| a | b |\n|---|---|",
    "&lt;b&gt; &#64;team &commat;team",
    "\\@team \\`x\\`",
    "$x^2$ $`x`$ $$",
    ":tada: :+1:",
    "[^1] [x] [ ]",
    "/close",
    "\u202eright to left\u2066",
    "\x1b[31mred\x9b",
    "!1 %1 ~label &1 ^1",
    "\U0001f600 Zoë Ωmega",
    "`ansible-playbook @team`",
)

# What GitHub and GitLab make something of in text that is no code.
_ACTIVE = re.compile(
    r"(?<!\w)@\w|\w@\w|#\d|GH-\d|!\d|(?:https?|ftp|mailto|xmpp):|www\.|\b[0-9a-f]{7,40}\b(?<![g-z])|:\w+:|\$|&\w+;|\[\^|<",
    re.IGNORECASE,
)
_FOLD = re.compile(r"<details><summary>[^<>&`]*</summary>|</details>")


def parsed(text: str) -> list[Token]:
    return MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)


def inline(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield from inline(token.children) if token.type == "inline" and token.children else (token,)


def shown(text: str) -> str:
    """What a reader sees, in one line."""
    seen = (
        " " if token.type in ("softbreak", "paragraph_close") else token.content
        for token in inline(parsed(text))
        if token.type != "html_block"
    )
    return " ".join("".join(seen).split())


def is_harmless(text: str) -> None:
    """Only the blocks that mailwright writes, no link, no picture, no HTML, and nothing active outside of code."""
    for token in inline(parsed(text)):
        kind = token.type.removesuffix("_open").removesuffix("_close")
        assert kind in {
            "blockquote",
            "bullet_list",
            "code_inline",
            "em",
            "heading",
            "html_block",
            "list_item",
            "ordered_list",
            "paragraph",
            "softbreak",
            "strong",
            "text",
        }, token
        if kind == "html_block":
            assert _FOLD.fullmatch(token.content.strip()), token
        if kind == "text":
            assert not _ACTIVE.search(token.content), token.content
    # Blocks begin where mailwright begins them, and GitLab takes a line with a slash for a command.
    assert not re.search(r"^ {0,3}(?:/|#{1,2} |#{4,}|~~~|={2,}|-{2,}|\|)", text, re.MULTILINE)


# --- A value stays that value ------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", HOSTILE)
def test_a_sentence_is_shown_as_it_is(text: str) -> None:
    for value in (text, f"before {text} after", f"({text})", f'"{text}".'):
        marked = sentence_of(value)
        assert shown(marked) == " ".join(visible(value).split())
        assert "\n" not in marked
        is_harmless(f"- {marked}\n")


@pytest.mark.parametrize(
    "word", ["@team", "#123", "https://evil.example", "[x](y)", "<b>", "a@b.example", "deadbeef"]
)
def test_what_is_active_is_seen_as_that(word: str) -> None:
    """The twin of the one above: in plain text these do mean something."""
    with pytest.raises(AssertionError):
        is_harmless(f"- {word}\n")


def test_words_stay_plain() -> None:
    plain = 'Users\' e-mail goes out (port 25 of 1,200 "hosts"): 30% of it, without a login; see below.'
    assert sentence_of(plain) == plain


def test_a_command_is_a_code_span_of_its_own() -> None:
    said = "Apply with `ansible-playbook move.yml`, when `postqueue -p` (`mailwright explain ROLE-5`) is empty."
    assert sentence_of(said) == said
    assert shown(sentence_of("run `rm -rf /`")) == "run `rm -rf /`"


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("with_people", [True, False])
def test_a_whole_comment_with_hostile_values(text: str, with_people: bool) -> None:
    made = markdown.render(hostile(text), personal=with_people)
    is_harmless(made)
    assert made.count("\n<details><summary>") == made.count("\n</details>\n") == 6
    assert "LOW RISK: 2 low" in made.splitlines()[0]
    assert " ".join(visible(text).split()) in shown(made)


# --- What it says ------------------------------------------------------------------------------------------------


def test_nothing_is_said_as_that() -> None:
    made = markdown.render(reviewed(load_example(), load_example(), diffs=False))
    assert made == "Nothing changes: both descriptions make the same service.\n"


@cache
def comment(*, personal: bool = False) -> str:
    return markdown.render(large(), personal=personal, limit=1_000_000)


def test_the_verdict_comes_first_then_the_risks_with_their_ids() -> None:
    lines = comment().splitlines()
    assert lines[0].startswith("HIGH RISK: 1 high, 2 medium and 2 low; 1 risk let pass with a reason; ")
    assert lines[2].startswith("Do not approve it as it is")
    risks = [line for line in lines if line.startswith("- **")]
    assert [line.split()[1] for line in risks] == ["**HIGH**", "**MEDIUM**", "**LOW**", "**LOW**", "**HIGH**"]
    assert "`RELAY-2` `relay.widened`" in risks[0]
    assert risks[3].endswith(", by a newer mailwright")
    assert "Let pass: The department moves as a whole." in comment()
    assert (
        "`192.0.2.0/24` may relay through port 25 of `mail.college.ac.uk` without a login (`site.yml:41:7`)."
        in (comment())
    )


def test_counts_then_folded_details_then_the_order() -> None:
    made = comment()
    places = [made.index(part) for part in ("### Risks", "### What changes\n", "- Mailboxes: 40\n", "<details>")]
    assert places == sorted(places)
    assert "<details><summary>Mailboxes (40)</summary>\n\n- 20 mailboxes move from " in made
    assert "<details><summary>Settings (3), by a newer mailwright</summary>" in made
    assert made.rindex("</details>") < made.index("### The order to make it in")
    assert "1. Lower the time to live of the MX record of `college.ac.uk`. Then wait 1 hour: Others keep" in made
    assert made.endswith("3. Publish the MX record with `mx2.college.ac.uk`. Then wait 1 day 1 hour.\n")
    is_harmless(made)


def test_nobody_is_named_but_where_it_is_asked_for() -> None:
    people = with_everything().people
    for one in people:
        for value in (one.login, one.address, one.name):
            assert not re.search(rf"(?<![\w.-]){re.escape(value)}(?![\w-])", comment(), re.IGNORECASE), value
    assert "an address is no address any more, 2 times." in comment()
    assert "a.lovelace@college.ac.uk" in comment(personal=True)
    assert "`ab011`, `al215`" in comment(personal=True)


def test_files_of_people_are_counted_and_not_named() -> None:
    (part, _) = large().parts
    assert any(file.personal and file.path.endswith("/etc/dovecot/users") for file in part.files)
    assert "/etc/dovecot/users" not in comment()
    assert "`mail.college.ac.uk` `dovecot` (" in comment()
    assert "`/etc/dovecot/dovecot.conf`" in comment()


# --- As long as a comment may be ---------------------------------------------------------------------------------


def many(count: int, word: str = "x") -> Review:
    changes = tuple(Change("routes", "added", f"{word}{n}", f"{word * 40} {n} is new") for n in range(count))
    risks = tuple(dangerous(f"relay.r{n}", Severity.HIGH, f"risk number {n}") for n in range(40))
    side = named("site.yml")
    plans = large().plans
    steps = (Step("Do the first"), Step("Do the last", 60))
    return Review(side, side, plans, (Part("description", changes, risks),), steps)


def length(text: str) -> int:
    """As carefully as anybody might count: in units of UTF-16."""
    return len(text.encode("utf-16-le")) // 2


@pytest.mark.parametrize("limit", [65_536, 20_000, 4_000, 1_500, 700])
@pytest.mark.parametrize("word", ["x", "\U0001f600", "`", "<details>"])
def test_a_comment_is_cut_between_items_and_says_where_the_rest_is(limit: int, word: str) -> None:
    made = markdown.render(many(3_000, word), limit=limit, full_report="https://ci.example/run/7/review.html")
    assert length(made) <= limit
    assert length(made) > limit * 0.8 or limit < 4_000
    assert made.endswith(
        "\n_Cut, because a comment is this long at most._ "
        "[The full report](https://ci.example/run/7/review.html).\n"
    )
    assert made.startswith("HIGH RISK: 40 high; 3,000 changes.")
    last = made.rindex("\n_Cut")
    is_harmless(made[:last])
    assert made.count("<details><summary>") == made.count("\n</details>\n")


def test_what_is_cut_is_the_details_and_how_many_are_missing_is_said() -> None:
    made = markdown.render(many(3_000), limit=20_000)
    assert made.count("- **HIGH**") == 40
    assert "2. Do the last. Then wait 1 minute." in made
    (left,) = re.findall(r"^- and ([0-9,]+) more$", made, re.MULTILINE)
    assert made.count("is new.\n") + int(left.replace(",", "")) == 3_000
    assert "The whole review is in the HTML report: `mailwright diff --format html`." in made


def test_what_fits_is_not_cut() -> None:
    review = many(10)
    whole = markdown.render(review)
    assert "_Cut" not in whole
    assert markdown.render(review, limit=length(whole)) == whole
    assert "_Cut" in markdown.render(review, limit=length(whole) - 1)


def test_a_pointer_is_a_link_or_text() -> None:
    for pointer in ("https://ci.example/x) @team", "javascript:alert(1)", "review.html"):
        made = markdown.render(many(3_000), full_report=pointer)
        assert f"The full report: `{pointer}`." in made
        is_harmless(made)


def test_one_endless_sentence_does_not_fill_the_comment() -> None:
    endless = Change("routes", "added", "x", "all of " + ", ".join(f"host{n}.college.ac.uk" for n in range(9_000)))
    part = Part("description", (endless, Change("lists", "added", "y", "a list is new")))
    made = markdown.render(replace(many(1), parts=(part,)))
    assert length(made) < 10_000
    assert "a list is new" in made
    assert "… " in made or "…." in made or "…\n" in made


def test_people_who_are_alike_without_their_names_are_counted() -> None:
    risks = tuple(
        dangerous("mailbox.removed", Severity.HIGH, f"{personal(f'p{n}', 'somebody')} has no mailbox any more")
        for n in range(7)
    )
    review = replace(many(1), parts=(Part("description", (), risks),))
    assert "  - somebody has no mailbox any more, 7 times.\n" in markdown.render(review)
    named_ = markdown.render(review, personal=True)
    assert "  - `p0` has no mailbox any more.\n" in named_
    assert "  - and 2 more like these\n" in named_
