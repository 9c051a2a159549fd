"""The page of a review: complete, without anything from elsewhere, and nothing in it can become markup."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from dataclasses import fields, replace
from functools import cache
from html.parser import HTMLParser
from ipaddress import ip_network
from itertools import pairwise

import pytest

from mailwright.changes import html
from mailwright.changes.html import Limits
from mailwright.changes.model import Change, FileChange, Kind, Part, Review, Severity, Step
from mailwright.changes.personal import personal
from mailwright.plan import make
from mailwright.site.model import Network
from support.example import HERE, ROOT, example, load_example, person, whole, with_person
from support.hostile import HOSTILE
from support.review_pages import RISKS, STEPS, dangerous, hostile, large, named, reviewed

MARKUP = (
    "</td></style></article><script>alert(1)</script><img src=x onerror='a'>\" onload=\"b\x1b\0\u2028\u202e&amp;"
)
MINUS = "\N{MINUS SIGN}"
VOID = {"meta", "br", "link", "img", "input"}


class Page(HTMLParser):
    """What a browser makes of it: tags with their attributes, texts, and the text of each section."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.unclosed: list[str] = []
        self.parts: dict[str, list[str]] = {}
        self._inside: list[tuple[str, str]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self._inside.append((tag, dict(attrs).get("id") or ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        inner, _ = self._inside.pop()
        if inner != tag:
            self.unclosed.append(f"{inner} ends as {tag}")

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        for _, id_ in self._inside:
            if id_:
                self.parts.setdefault(id_, []).append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())

    def part(self, id_: str) -> str:
        return " ".join("".join(self.parts.get(id_, ())).split())

    def attributes(self, name: str) -> list[str]:
        return [value for _, attributes in self.tags if (value := attributes.get(name)) is not None]


def page(review: Review, limits: Limits = html.LIMITS) -> Page:
    return Page(html.render(review, limits))


def made(*changes: Change, files: tuple[FileChange, ...] = (), steps: tuple[Step, ...] = ()) -> Review:
    """A review of these changes, whatever the plans say."""
    plan = make(load_example())
    part = Part("description", changes, (), files)
    return Review(named("old.yml"), named("site.yml"), (plan, plan), (part,), steps, (), True)


def mailbox(login: str, kind: Kind = "added", note: str = "") -> Change:
    return Change("mailboxes", kind, login, f"{login} gets a mailbox", "people get mailboxes", note)


@cache
def newcomer() -> Review:
    return reviewed(load_example(), with_person(person("zz100")))


@cache
def big() -> Page:
    return page(large())


# --- What stands where -----------------------------------------------------------------------------------------


def test_the_most_important_comes_first() -> None:
    ids = [attributes["id"] for tag, attributes in big().tags if tag == "section"]
    assert ids == ["risks", "warnings", "flow", "changes", "steps", "files"]
    before_risks = big().text.partition("Risks")[0]
    assert "HIGH RISK: 1 high, 2 medium and 2 low" in before_risks
    assert "Do not approve it as it is" in before_risks


def test_both_sides_are_named_with_who_made_them() -> None:
    assert "OldHEAD~1:site.ymlcollege.ac.uk, by mailwright 0.0.9" in big().text
    assert "Newsite.ymlcollege.ac.uk, by mailwright 0.1.0" in big().text


def test_two_organisations_are_both_named() -> None:
    review = newcomer()
    other = replace(review, old=replace(review.old, organisation="The Institute"))
    assert "The Institute becomes College of Example" in page(other).text
    assert "becomes College" not in page(review).text


def test_nothing_that_differs_is_said_and_nothing_else() -> None:
    found = page(reviewed(load_example(), load_example()))
    assert "Nothing changes: both descriptions make the same service." in found.text
    assert not [tag for tag, _ in found.tags if tag in ("section", "svg", "nav")]


def test_a_section_is_there_only_where_something_is_in_it() -> None:
    ids = [attributes["id"] for tag, attributes in page(newcomer()).tags if tag == "section"]
    assert ids == ["changes", "files"]


# --- Risks -----------------------------------------------------------------------------------------------------


def test_a_risk_says_what_why_and_how_to_do_it_safely() -> None:
    risks = big().part("risks")
    assert "192.0.2.0/24 may relay through port 25 of mail.college.ac.uk without a login. site.yml:41:7" in risks
    assert "relay.widened" in risks
    assert "At stake: RELAY-2, No open relay" in risks
    assert "Why it matters: Whatever runs there, malware too, sends in the site's name" in risks
    assert "The safe way: Give the system a login of its own." in risks


def test_the_gravest_risk_is_first_and_what_is_let_pass_last_with_its_reason() -> None:
    badges = [attributes["class"] for tag, attributes in big().tags if tag == "article"]
    assert badges == ["high", "medium", "low", "low", "high forced"]
    last = big().part("risks").rpartition("let pass")[2]
    assert "Let pass: The department moves as a whole." in last
    assert "Let pass:" not in page(reviewed(load_example(), example(), risks=RISKS[:3])).text


def test_risks_of_one_rule_stand_together_and_name_everybody() -> None:
    risks = big().part("risks")
    assert "a.lovelace@college.ac.uk is no address any more. c.babbage@college.ac.uk is no address" in risks
    assert risks.count("address.removed") == 1
    assert "\ufdd0" not in big().text


def test_a_rule_s_commands_are_code_and_a_value_s_backquotes_are_not() -> None:
    own = dangerous("a.b", Severity.LOW, "x`y`z")
    own = replace(own, rule=replace(own.rule, safely="Run `mailwright check`."), safely="Run `mailwright check`.")
    found = page(reviewed(load_example(), load_example(), risks=(own, replace(own, safely="Ask `root`."))))
    assert "The safe way: Run mailwright check." in found.part("risks")
    assert "mailwright check" in found.texts
    assert "The safe way: Ask `root`." in found.part("risks")
    assert "x`y`z" in found.part("risks")


def test_a_risk_without_a_requirement_of_its_own_has_nothing_at_stake_beside_it() -> None:
    plain = dangerous("a.b", Severity.LOW, "x", requirement="")
    assert "At stake" not in page(reviewed(load_example(), load_example(), risks=(plain,))).text


def test_a_risk_of_a_newer_mailwright_says_so() -> None:
    before, _, after = big().part("risks").partition("TLS 1.2 is enough")
    assert "It comes with the newer mailwright" in after
    assert "It comes with the newer mailwright" not in before


# --- What changes ----------------------------------------------------------------------------------------------


def test_changes_are_grouped_counted_and_unfold() -> None:
    changes = page(made(*(mailbox(f"ab{n}", note="Set a first password.") for n in range(7)))).part("changes")
    assert "Mailboxes (7)" in changes
    assert "7 people get mailboxes: ab0, ab1, ab2, ab3, ab4 and 2 more." in changes
    assert "ab6 gets a mailbox." in changes
    assert changes.count("Set a first password.") == 1


def test_one_change_is_its_sentence_with_the_name() -> None:
    one = Change("mailboxes", "added", "zz", f"{personal('zz', 'somebody')} gets a mailbox", "people")
    found = page(made(one))
    assert "zz gets a mailbox." in found.part("changes")
    assert "somebody" not in found.text
    assert not [tag for tag, _ in found.tags if tag == "details"]


def test_every_change_of_a_whole_site_is_on_the_page() -> None:
    review = reviewed(load_example(), whole())
    shown = page(review).part("changes")
    missing = [each.sentence for each in review.changes if html.whole(each.sentence) not in shown]
    assert len(review.changes) > 100
    assert missing == []


def test_what_a_newer_mailwright_changes_is_told_apart() -> None:
    for section in ("changes", "files"):
        text = big().part(section)
        _, of_description, rest = text.partition("What the description changes (")
        assert of_description
        assert "What mailwright 0.1.0 makes otherwise than 0.0.9 (" in rest
    assert "What the description changes" not in page(newcomer()).text
    alone = reviewed(load_example(), with_person(person("zz100")), origin="mailwright")
    assert "What mailwright 0.1.0 makes otherwise than" in page(alone).part("changes")


# --- Steps and files -------------------------------------------------------------------------------------------


def test_steps_are_numbered_with_their_waits_in_words() -> None:
    steps = big().part("steps")
    assert "Lower the time to live of the MX record of college.ac.uk. Then wait 1 hour." in steps
    assert "Others keep what they know so long." in steps
    assert "Apply the build to mx2.college.ac.uk. Publish the MX" in steps
    assert steps.endswith("Then wait 1 day 1 hour.")
    assert sum(tag == "ol" for tag, _ in big().tags) == 2  # the contents, and these
    assert STEPS[1].do in steps


def test_files_fold_by_host_and_component() -> None:
    found = page(newcomer())
    text = found.part("files")
    assert text.index("mail.college.ac.uk (") < text.index("postfix") < text.index("/etc/postfix/")
    labels = [value for value in found.attributes("aria-label") if value.startswith("Difference of ")]
    assert "Difference of hosts/mail.college.ac.uk/postfix/etc/postfix/virtual_mailboxes" in labels
    assert all("open" not in attributes for tag, attributes in found.tags if tag == "details")


def test_every_line_of_every_difference_is_there() -> None:
    review = reviewed(load_example(), whole())
    found = page(review)
    shown = [text.split("\n") for text in found.parts["files"]]
    lines = Counter(line for text in shown for line in text)
    wanted = Counter(line.replace("\t", "→   ") for file in review.files for line in file.diff)
    assert sum(wanted.values()) > 1000
    assert {line: number for line, number in wanted.items() if lines[line] < number} == {}
    assert "left out here" not in found.text


def test_lines_that_come_and_go_are_marked_as_such() -> None:
    diff = ("@@ -1,3 +1,3 @@", " same", "-\tgone", "+new", "+newer")
    found = Page(html.render(made(files=(FileChange("dns/a.zone", "changed", "dns", diff=diff),))))
    marks = [tag for tag, _ in found.tags if tag in ("ins", "del")]
    assert marks == ["del", "ins"]
    assert "-→   gone" in found.texts
    assert "+new\n+newer" in found.texts
    assert f"dns/a.zone +2 {MINUS}1" in found.part("files")


def test_a_file_without_text_is_named_and_people_s_data_is_said() -> None:
    files = (
        FileChange("documents/logo.png", "added", "documents"),
        FileChange(
            "roles/a/tasks.yml", "changed", "roles", "a", hosts=("mx1", "mx2"), diff=("@@ -0,0 +1 @@", "+a")
        ),
        FileChange("hosts/mx1/p/etc/x", "removed", "mx1", "p", "/etc/x", personal=True),
    )
    text = page(made(files=files)).part("files")
    assert "new: documents/logo.png" in text
    assert f"changed: roles/a/tasks.yml +1 {MINUS}0 for mx1, mx2" in text
    assert "gone: /etc/x holds people's data" in text
    assert text.index("mx1") < text.index("Roles") < text.index("Documents")


def test_files_that_are_named_only_are_said_to_be() -> None:
    text = page(reviewed(load_example(), with_person(person("zz100")), diffs=False)).part("files")
    assert "They are named only" in text
    assert "They are named only" not in page(newcomer()).text


# --- Text stays text -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", [MARKUP, *HOSTILE])
def test_hostile_text_stays_text(text: str) -> None:
    plain, odd = page(hostile("plain")), page(hostile(text))
    assert [tag for tag, _ in odd.tags] == [tag for tag, _ in plain.tags]
    assert [sorted(attributes) for _, attributes in odd.tags] == [
        sorted(attributes) for _, attributes in plain.tags
    ]
    for name in ("href", "id", "class", "content", "d", "points"):
        assert odd.attributes(name) == plain.attributes(name)
    assert odd.unclosed == []
    assert all(character.isprintable() or character == "\n" for character in "".join(odd.texts))


def test_hostile_text_is_shown() -> None:
    found = page(hostile(MARKUP))
    for section in ("risks", "warnings", "changes", "steps", "files"):
        assert "<script>alert(1)</script>" in found.part(section), section
        assert "\\u202e" in found.part(section), section


def test_nothing_is_run_or_loaded() -> None:
    used = {tag for tag, _ in big().tags}
    assert not used & {"script", "link", "img", "image", "iframe", "object", "embed", "form", "input", "base"}
    names = [name for _, attributes in big().tags for name in attributes]
    assert not [name for name in names if name.startswith("on") or name in ("src", "style", "srcset")]
    assert all(target.startswith("#") for target in big().attributes("href"))
    text = html.render(newcomer())
    style = text.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    (policy,) = [attributes for tag, attributes in big().tags if attributes.get("http-equiv")]
    assert policy["content"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )
    assert "url(" not in style
    assert "@import" not in style


def test_every_anchor_leads_somewhere_and_no_id_stands_twice() -> None:
    ids = Counter(big().attributes("id"))
    assert [id_ for id_, number in ids.items() if number > 1] == []
    assert {target[1:] for target in big().attributes("href")} <= set(ids)
    assert {each for value in big().attributes("aria-labelledby") for each in value.split()} <= set(ids)
    assert big().unclosed == []


@pytest.mark.parametrize("several", [True, False])
def test_headings_go_down_step_by_step(several: bool) -> None:
    found = big() if several else page(newcomer())
    levels = [int(tag[1]) for tag, _ in found.tags if tag in ("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(deeper - before <= 1 for before, deeper in pairwise(levels))


# --- What no browser could hold --------------------------------------------------------------------------------


def test_what_is_left_out_is_counted_and_json_named() -> None:
    alike = [mailbox(f"ab{n}") for n in range(4)]
    alone = [Change("routes", "removed", f"a{n}@x", f"a{n}@x is no address any more") for n in range(4)]
    review = made(*alike, *alone, steps=tuple(Step(f"do {n}") for n in range(4)))
    few = page(review, Limits(steps=3, lines=3, members=3))
    assert "ab2 gets a mailbox. 1 more change is left out here; JSON has them all." in few.part("changes")
    assert "ab3 gets" not in few.part("changes")
    assert "a2@x is no address any more. 1 more change is left out here" in few.part("changes")
    assert "1 more step is left out here" in few.part("steps")
    enough = page(review, Limits(steps=4, lines=4, members=4))
    assert "left out" not in enough.text


def test_what_unfolds_is_bounded_by_the_page_too() -> None:
    others = [Change("book", "added", f"p{n}", f"p{n} comes into the book", "people come in") for n in range(3)]
    review = made(*(mailbox(f"ab{n}") for n in range(3)), *others)
    few = page(review, Limits(sentences=3)).part("changes")
    assert "ab2 gets a mailbox." in few
    assert "3 people come in: p0, p1, p2. 3 more changes are left out here" in few
    assert "left out" not in page(review, Limits(sentences=6)).part("changes")


def test_risks_are_bounded_too() -> None:
    kinds = [replace(risk, rule=replace(risk.rule, id=f"a.b{n}")) for n, risk in enumerate([RISKS[0]] * 4)]
    cases = [dangerous("a.b3", Severity.HIGH, f"case {n}") for n in range(4)]
    review = reviewed(load_example(), load_example(), risks=(*kinds[:3], *cases))
    few = page(review, Limits(risks=3, members=3)).part("risks")
    assert "4 more risks are left out here" in few
    some = page(review, Limits(members=3)).part("risks")
    assert "case 2. 1 more case is left out here" in some
    assert "left out" not in page(review).part("risks")


def test_differences_are_bounded_by_file_by_page_and_by_line() -> None:
    diff = ("@@ -0,0 +1,3 @@", "+" + "a" * 30, "+b", "+c")
    files = tuple(FileChange(f"dns/{n}.zone", "added", "dns", diff=diff) for n in range(3))
    review = made(files=files)
    assert "left out here" not in page(review, Limits(diff=54, diffs=3 * 54)).text
    by_file = page(review, Limits(diff=53)).part("files")
    assert by_file.count("1 more line is left out here") == 3
    by_page = page(review, Limits(diffs=2 * 54)).part("files")
    assert by_page.count("left out") == 1
    assert "4 more lines are left out" in by_page
    by_line = page(review, Limits(width=11)).part("files")
    assert "+aaaaaaaaaa … and 20 more characters" in by_line
    assert "1 more file is left out" in page(review, Limits(files=2)).part("files")


def test_a_sentence_is_bounded() -> None:
    long = Change("routes", "changed", "a@x", "a@x reaches " + "b" * 100)
    assert "a@x reaches bbbbbbbb … and 93 more characters" in page(made(long), Limits(width=20)).part("changes")
    assert "more characters" not in page(made(long), Limits(width=113)).part("changes")


def test_the_limits_are_published() -> None:
    text = (ROOT / "docs" / "reference" / "review-page.md").read_text(encoding="utf-8")
    table = [line.split("|")[2].strip() for line in text.splitlines() if line.startswith("| ")][1:]
    assert table == [f"{getattr(html.LIMITS, field.name):,}" for field in fields(html.LIMITS)]


def test_a_hundred_thousand_changes_and_twenty_megabytes_make_a_page_that_opens() -> None:
    changes = [mailbox(f"login{n:06}") for n in range(60_000)]
    changes += [Change("routes", "removed", f"{n}@x", f"{n}@x is no address any more") for n in range(40_000)]
    diff = ("@@ -0,0 +1,100000 @@", *("+" + "x" * 100 for _ in range(100_000)))
    files = tuple(FileChange(f"dns/{n}.zone", "added", "dns", diff=diff) for n in range(2))
    review = made(*changes, files=files)
    text = html.render(review)
    assert len(text) < 4_000_000
    found = Page(text)
    assert "Mailboxes (60,000)" in found.part("changes")
    assert "59,000 more changes are left out here; JSON has them all." in found.part("changes")
    assert "39,500 more changes are left out" in found.part("changes")
    assert found.part("files").count("more lines are left out") == 2


def test_a_network_that_is_trusted_is_marked_in_the_picture_and_in_words() -> None:
    site = load_example()
    relay = (*site.networks.relay, Network(ip_network("192.0.2.0/24"), HERE))
    found = page(reviewed(site, replace(site, networks=replace(site.networks, relay=relay))))
    assert "Trusted networks (new): 192.0.2.0/24 is new" in found.part("flow")
    assert "box networks added" in found.attributes("class")
    assert found.attributes("class").count("arrow added") == 4  # line and sign, in either shape
