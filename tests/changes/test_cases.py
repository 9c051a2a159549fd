"""What a review must say of each change in tests/changes/cases/, and what it must not (support/review_cases.py)."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from mailwright.changes import markdown, sarif, text
from mailwright.changes.model import Severity
from mailwright.changes.personal import impersonal, whole
from mailwright.changes.risks import RISKS
from mailwright.cli.diff import command as diff
from support.people_of import MARKS, of_people
from support.review_cases import Case, cases, differences, unusable

USABLE = tuple(case for case in cases() if not case.unusable)
EXPECTED = frozenset(
    ("about", "risks", "look_alike_of", "today", "changes", "others", "first", "screen", "steps", "hosts")
)


@pytest.mark.parametrize("case", USABLE, ids=lambda case: case.name)
def test_a_review_says_what_it_must_and_nothing_else(case: Case) -> None:
    """And names nobody where strangers read along, in whole sentences. Asked at once: a review takes its time."""
    wrong = [*differences(case), *named(case), *gaps(case)]
    assert not wrong, "\n".join((f"{case.name}: {case.expected['about']}", *(f"- {words}" for words in wrong)))


def test_the_cases_are_many_and_no_number_is_there_twice() -> None:
    assert len(USABLE) >= 80
    numbers = [case.name[:3] for case in cases()]
    assert len(numbers) == len(set(numbers))


def test_the_cases_say_nothing_that_nobody_reads() -> None:
    for case in cases():
        assert case.expected.keys() <= EXPECTED | {"unusable"}, case.name
        assert case.expected["about"], case.name
        assert set(case.risks.values()) <= set(map(str, Severity)), f"{case.name}: one severity, and no other word"
        assert {"old.yml", "new.yml", "expect.yml"} <= {file.name for file in case.folder.iterdir()}


def test_the_cases_speak_of_rules_that_there_are() -> None:
    known = {rule.id for rule in RISKS}
    for case in cases():
        named = {*case.risks, *filter(None, [case.expected.get("look_alike_of")])}
        assert named <= known, f"{case.name} speaks of {', '.join(sorted(named - known))}"


@pytest.mark.parametrize("rule", [rule.id for rule in RISKS])
def test_each_rule_fires_in_a_case_and_is_silent_in_a_look_alike(rule: str) -> None:
    assert any(rule in case.risks for case in USABLE), f"no case makes {rule} fire"
    alike = [case for case in USABLE if case.expected.get("look_alike_of") == rule]
    assert alike, f"no case only looks like {rule}"
    assert not any(rule in case.risks for case in alike)


PULL_REQUESTS = {
    "001-new-starter": 0,
    "002-gateway-retired": 1,
    "003-network-trusted-for-now": 1,
    "004-mx-moved": 0,
    "005-logs-shortened": 1,
}
"""Changes as colleagues ask for them, and the exit status of ``--fail-on high``."""


@pytest.mark.parametrize("name", PULL_REQUESTS)
def test_the_command_tells_on_its_first_screen_whether_to_approve(name: str) -> None:
    (case,) = [case for case in USABLE if case.name == name]
    old, new = (str(case.side(which).file) for which in ("old", "new"))
    arguments = [old, new, "--fail-on", "high", "--today", case.today.isoformat()]
    result = CliRunner().invoke(diff, arguments, standalone_mode=False)
    assert result.return_value == PULL_REQUESTS[name], result.output
    screen = " ".join(" ".join(result.stdout.splitlines()[: text.SCREEN]).split())
    assert screen.startswith(case.expected["first"])
    assert "pprove" in screen or "Nothing speaks against it" in screen
    for words in case.expected["screen"]:
        assert words in screen


@pytest.mark.parametrize("case", [case for case in cases() if case.unusable], ids=lambda case: case.name)
def test_the_command_says_which_side_cannot_be_used(case: Case) -> None:
    old, new = (str(case.side(which).file) for which in ("old", "new"))
    result = CliRunner().invoke(diff, [old, new], standalone_mode=False)
    assert result.return_value == 2
    assert f"{case.unusable}.yml" in result.stderr
    assert f"{'new' if case.unusable == 'old' else 'old'}.yml cannot" not in result.stderr


@pytest.mark.parametrize("case", [case for case in cases() if case.unusable], ids=lambda case: case.name)
def test_the_side_that_cannot_be_used_is_the_one_that_the_case_names(case: Case) -> None:
    assert unusable(case) == case.unusable


@pytest.mark.parametrize("name", ["098-leaver", "041-alias-handed-over", "351-login-of-a-leaver-used-again"])
def test_comments_name_people_when_that_is_asked(name: str) -> None:
    """The twin of what is asked of every case: who is looked for there is found here."""
    (case,) = (case for case in USABLE if case.name == name)
    assert not list(named(case))
    assert len(list(named(case, personal=True))) == 2


def named(case: Case, *, personal: bool = False) -> Iterator[str]:
    """Whom the comment and what is for code scanning name, by login, name, surname, telephone or address."""
    people = of_people(case.side("old").site) | of_people(case.side("new").site)
    surnames = {row.name.lower().split()[-1] for plan in case.review.plans for row in plan.mailboxes if row.name}
    looked_for = "|".join(map(re.escape, sorted(people | surnames)))
    comment = markdown.render(case.review, personal=personal, limit=1_000_000)
    for said in (comment, sarif.render(case.review, personal=personal)):
        found = re.findall(rf"(?<![\w.+-])(?:{looked_for})(?![\w+-])", said.replace("\\", "").lower())
        if found:
            yield f"it names {', '.join(sorted(set(found)))}"
        if MARKS.search(said):
            yield "it has marks for people in it"


BROKEN = re.compile(r"^\s|\s$|  |: ;|[:,]$| ,|\(\)|\.$|\b1 (people|addresses|mailboxes|vanish|change|are|have)\b")
"""What no sentence has: gaps where a name is missing, a full stop of its own, one as many."""


def gaps(case: Case) -> Iterator[str]:
    """Sentences that are not whole, with names or without."""
    review = case.review
    risks = [one.sentence for one in review.risks]
    changes = [change.sentence for change in review.changes]
    for sentence in (*risks, *changes, *(step.do for step in review.steps)):
        for shown in (whole(sentence), impersonal(sentence)):
            if BROKEN.search(shown):
                yield f"it says {shown!r}"
