"""A review at a terminal."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from mailwright.changes import text, verdict
from mailwright.changes.model import Change, FileChange, Part, Review, Severity, Step
from mailwright.formats.visible import visible
from support.example import load_example, with_everything
from support.hostile import HOSTILE
from support.review_cases import cases
from support.review_pages import RISKS, dangerous, hostile, large, named, reviewed

MANY = tuple(
    dangerous(f"relay.r{number}", severity, f"this is risk number {number}")
    for number, severity in enumerate((Severity.HIGH, Severity.HIGH, *(Severity.MEDIUM,) * 3, *(Severity.LOW,) * 4))
)


def small(*, risks: tuple = (), changes: tuple = (), files: tuple = (), **rest: object) -> Review:  # type: ignore[type-arg]
    side = named("site.yml")
    return Review(side, side, large().plans, (Part("description", changes, risks, files),), **rest)  # type: ignore[arg-type]


def lines(review: Review) -> list[str]:
    return text.render(review).splitlines()


CHANGE = Change("lists", "added", "exams@college.ac.uk", "exams@college.ac.uk is a new list")
ON_HOST = FileChange(
    "hosts/m/postfix/etc/x", "changed", "m.college.ac.uk", "postfix", "/etc/x", hosts=("m.college.ac.uk",)
)
PAGE = FileChange("documents/privacy.html", "changed", "documents")


# --- The first line ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("review", "first"),
    [
        (small(), "Nothing changes: both descriptions make the same service."),
        (small(changes=(CHANGE,)), "No effect on any host: 1 change."),
        (small(files=(PAGE,)), "No effect on any host: 1 file differs."),
        (small(changes=(CHANGE,), files=(ON_HOST,)), "No risk found: 1 change, on m.college.ac.uk."),
        (small(files=(ON_HOST, PAGE)), "No risk found: 2 files differ, on m.college.ac.uk."),
        (
            small(risks=RISKS[:1], changes=(CHANGE,), files=(ON_HOST,)),
            "HIGH RISK: 1 high; 1 change, on m.college.ac.uk.",
        ),
        (small(risks=RISKS[3:4], changes=(CHANGE,)), "LOW RISK: 1 low; 1 change. No effect on any host."),
        (
            small(risks=RISKS[4:], changes=(CHANGE,), files=(ON_HOST,)),
            "No risk found: 1 change, on m.college.ac.uk; 1 risk let pass with a reason.",
        ),
        (
            small(risks=RISKS[1:3], changes=(CHANGE,) * 1200, files=(ON_HOST,)),
            "MEDIUM RISK: 2 medium; 1,200 changes, on m.college.ac.uk.",
        ),
    ],
)
def test_the_first_line(review: Review, first: str) -> None:
    assert verdict.line(review) == first
    assert " ".join(" ".join(lines(review)).split()).startswith(first)


def test_nothing_is_nothing_but_that_line() -> None:
    assert text.render(small(), files=True, colour=False) == f"{verdict.NOTHING}\n"


@pytest.mark.parametrize("table", ["routes", "senders", "rewrites", "lists", "members", "gateways"])
def test_where_mail_or_its_senders_change_no_rule_stands_in_for_the_reader(table: str) -> None:
    assert verdict.advice(small(changes=(replace(CHANGE, table=table),))).startswith("No rule found a risk.")
    quiet = small(changes=(replace(CHANGE, table="clocks"),))
    assert verdict.advice(quiet).startswith("Nothing speaks against it")


def test_many_hosts_are_counted() -> None:
    files = tuple(replace(ON_HOST, area=f"m{n}.college.ac.uk", hosts=(f"m{n}.college.ac.uk",)) for n in range(7))
    assert verdict.line(small(changes=(CHANGE,), files=files)) == "No risk found: 1 change, on 7 hosts."


# --- The first screen --------------------------------------------------------------------------------------------


def test_the_first_screen_says_whether_to_approve_why_and_how_many_risks_follow() -> None:
    screen = lines(small(risks=MANY, changes=(CHANGE,), files=(ON_HOST,)))[: text.SCREEN]
    assert screen[0] == "HIGH RISK: 2 high, 3 medium and 4 low; 1 change, on m.college.ac.uk."
    assert screen[1].startswith("Do not approve it as it is")
    shown = [line for line in screen if re.match(r"HIGH|MEDIUM|LOW  ", line)][1:]
    assert [line.split()[0] for line in shown][:2] == ["HIGH", "HIGH"]
    (announced,) = (line for line in screen if line.startswith("..."))
    assert announced == f"... {9 - len(shown)} more risks below: {5 - len(shown)} medium and 4 low."
    assert all(len(line) <= text.WIDTH for line in screen)


def test_where_all_risks_are_on_the_first_screen_none_is_announced() -> None:
    assert not any(line.startswith("...") for line in lines(small(risks=MANY[:2])))


def test_one_rule_that_finds_much_is_one_block() -> None:
    risks = tuple(replace(RISKS[1], sentence=f"a{number} is no address any more") for number in range(12))
    made = lines(small(risks=risks))
    assert sum(line.startswith("MEDIUM  ") for line in made) == 1
    assert sum(line.startswith("  Safe way: ") for line in made) == 1
    assert "  - a4 is no address any more." in made
    assert "  - and 7 more like these" in made


def test_a_risk_has_its_rule_its_place_why_and_the_safe_way() -> None:
    made = lines(small(risks=RISKS[:1]))
    at = made.index("HIGH  RELAY-2  relay.widened  site.yml:41:7")
    block = " ".join(made[at + 1 : at + 7])
    assert "192.0.2.0/24 may relay through port 25 of mail.college.ac.uk without a login." in block
    assert "Why: Whatever runs there, malware too, sends in the site's name, and the log knows" in " ".join(
        block.split()
    )
    assert "Safe way: Give the system a login of its own." in block
    forced = lines(small(risks=RISKS[4:]))
    assert "  Let pass: The department moves as a whole." in forced


FIVE = [case for case in cases() if case.name[:3] in {"001", "002", "003", "004", "005"}]


@pytest.mark.parametrize(
    ("name", "verdict_", "approve", "why"),
    [
        ("001-new-starter", "No risk found", "No rule found a risk", "gets a mailbox on mail.college.ac.uk"),
        (
            "002-gateway-retired",
            "HIGH RISK",
            "Do not approve it as it is",
            "biology.college.ac.uk is no mail domain",
        ),
        ("003-network-trusted-for-now", "HIGH RISK", "Do not approve it as it is", "without a login"),
        ("004-mx-moved", "RISK", "pprove it", "comes to mx.college.ac.uk instead of mail.college.ac.uk"),
        ("005-logs-shortened", "HIGH RISK", "Do not approve it as it is", "30 days instead of 92"),
    ],
)
def test_five_pull_requests(name: str, verdict_: str, approve: str, why: str) -> None:
    """Tried as a reviewer would: the first screen alone says whether to approve, and why."""
    (case,) = (each for each in FIVE if each.name == name)
    assert verdict_ in case.screen
    assert approve in case.screen
    assert why in case.screen
    risks = len(case.review.risks)
    shown = text.render(case.review).splitlines()[: text.SCREEN]
    blocks = sum(bool(re.match(r"(HIGH|MEDIUM|LOW)  ", line)) for line in shown)
    assert not risks or blocks >= 1
    assert "Safe way: " in case.screen or not risks


# --- What changes, the files, the order --------------------------------------------------------------------------


def test_parts_are_told_apart() -> None:
    made = text.render(large())
    first = made.index("== What the description changes ==")
    second = made.index("== What a newer mailwright changes, with the same description ==")
    assert made.index("Mailboxes (40)") > first
    assert made.index("Settings (3)") > second > made.index("Settings (6)")
    assert "LOW  RELAY-2  tls.lowered  (newer mailwright)" in made
    assert "==" not in text.render(small(changes=(CHANGE,), risks=RISKS[:1]))
    both = small(changes=(CHANGE,))
    empty = replace(both, parts=(Part("description"), replace(both.parts[0], origin="mailwright")))
    assert "== What the description changes ==\n\nNothing.\n" in text.render(empty)


def test_files_are_named_by_host_and_component_and_shown_where_asked() -> None:
    review = large()
    plain, whole = text.render(review), text.render(review, files=True)
    assert "Files that differ (609)" in plain
    assert "- smtp.college.ac.uk, time (1): /etc/chrony/chrony.conf" in plain
    assert "\n@@ " not in plain
    assert "\n--- /dev/null\n+++ b/hosts/smtp.college.ac.uk/postfix/etc/postfix/main.cf\n@@ -0,0 +1," in whole
    assert "\n--- a/hosts/mail.college.ac.uk/postfix/etc/postfix/main.cf\n+++ b/hosts/mail.college.ac.uk/" in whole
    (part, _) = review.parts
    (main,) = (file for file in part.files if file.path.endswith("mail.college.ac.uk/postfix/etc/postfix/main.cf"))
    assert "\n".join(main.diff) in whole


def test_steps_are_numbered_and_waiting_is_said_in_words() -> None:
    steps = (Step("Publish it", 5400, "Others remember."), Step("Apply", 0, "It is new."), Step("Look", 1))
    made = text.render(small(changes=(CHANGE,), steps=steps))
    assert made.endswith(
        "The order to make it in\n"
        "1. Publish it. Then wait 1 hour 30 minutes: Others remember.\n"
        "2. Apply. It is new.\n"
        "3. Look. Then wait 1 second.\n"
    )
    assert "Its order matters: see the steps at the end." in " ".join(made.split())


def test_warnings_are_near_the_top() -> None:
    made = lines(small(changes=(CHANGE,), warnings=("These are two organisations.",)))
    assert "Note: These are two organisations." in made[:4]


# --- On the terminal ---------------------------------------------------------------------------------------------


def test_colours_only_where_asked() -> None:
    review = large()
    assert "\x1b" not in text.render(review, files=True)
    coloured = text.render(review, files=True, colour=True)
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == text.render(review, files=True)
    assert "\x1b[1;31mHIGH\x1b[0m  RELAY-2" in coloured
    assert "\x1b[1;33mMEDIUM\x1b[0m  ROLE-1" in coloured
    assert re.search(r"^\x1b\[32m\+.*\x1b\[0m$", coloured, re.MULTILINE)
    assert re.search(r"^\x1b\[31m-.*\x1b\[0m$", coloured, re.MULTILINE)


@pytest.mark.parametrize("value", [*HOSTILE, "\x1b[2J\x9b2J", "\u202eEve\u2066", "\r", "\ufdd0\ufdd1\ufdd2"])
def test_a_value_writes_nothing_else(value: str) -> None:
    made = text.render(hostile(value), files=True)
    assert all(line.replace("\t", "").isprintable() for line in made.split("\n"))
    assert value.isprintable() == (visible(value) == value)
    marked = re.sub("[\ufdd0-\ufdd2]", "", value)
    assert " ".join(visible(marked).split()) in " ".join(made.split())


def test_it_is_the_same_each_time() -> None:
    assert text.render(large()) == text.render(large())
    again = reviewed(load_example(), with_everything())
    assert text.render(again) == text.render(reviewed(load_example(), with_everything()))
