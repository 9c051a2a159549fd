"""The way in and the way out, with the customer's own records and days."""

from __future__ import annotations

import shlex
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from mailwright.findings import Findings, Level, Status
from mailwright.provider import days, leaving, steps
from mailwright.provider.judge import Judged, judge
from mailwright.provider.platform import read_platforms
from mailwright.provider.read import read
from support.example import ROOT

FOLDER = ROOT / "inventories" / "provider"
TODAY = date(2026, 12, 1)


@pytest.fixture(scope="module")
def judged() -> dict[str, Judged]:
    provider = read(FOLDER, Findings())
    assert provider is not None
    platforms, _ = read_platforms(provider, TODAY)
    found = {}
    for name in ("abbey", "college", "harbour"):
        found[name] = judge(provider, platforms, provider.customers / f"{name}.yml", TODAY)
    return found


def test_each_record_is_published_in_some_step_and_no_other(judged: dict[str, Judged]) -> None:
    plan, head = judged["college"].plan, judged["college"].head
    assert plan is not None
    todo = list(steps.arriving(plan, head, "provider", "provider/secrets/college"))
    assert {row for step in todo for row in step.records} == set(plan.records)
    assert set(steps.zones(plan)) == {"valley.ac.uk", "music.valley.ac.uk"}
    assert {row for rows in steps.zones(plan).values() for row in rows} == set(plan.records)


def test_mail_is_switched_only_after_it_was_tried(judged: dict[str, Judged]) -> None:
    plan, head = judged["college"].plan, judged["college"].head
    assert plan is not None
    words = [step.what for step in steps.arriving(plan, head, "p", "p/secrets/college")]
    order = ("Lower the TTL", "DKIM key", "include:hosting.example", "build", "apply", "Try it", "Switch", "raise")
    places = [next(at for at, what in enumerate(words) if word in what) for word in order]
    assert places == sorted(places)


def test_without_a_key_one_is_made_first(judged: dict[str, Judged]) -> None:
    plan, head = judged["harbour"].plan, judged["harbour"].head
    assert plan is not None
    commands = [line for step in steps.arriving(plan, head, "p", "p/secrets/harbour") for line in step.commands]
    assert any(line.startswith("mailwright dkim-key") and "harbour/dkim.pub" in line for line in commands)
    assert any("--only harbour" in line for line in commands)


def test_a_command_is_that_command_whatever_the_customer_calls_its_file(judged: dict[str, Judged]) -> None:
    plan, head = judged["harbour"].plan, judged["harbour"].head
    assert plan is not None
    head = replace(head, file=Path("my p/customers/$(reboot);x.yml"))
    commands = [
        line for step in steps.arriving(plan, head, "my p", "my p/secrets/harbour") for line in step.commands
    ]
    assert [shlex.split(line, comments=True) for line in commands[:2]] == [
        ["mailwright", "dkim-key", "my p/customers/$(reboot);x.yml", "--private", "my p/secrets/harbour/dkim.key",
         "--public", "my p/customers/$(reboot);x/dkim.pub"],
        ["mailwright", "build", "my p", "--out", "build", "--only", "harbour"],
    ]  # fmt: skip


def test_the_way_out_has_the_days_of_the_file_in_order(judged: dict[str, Judged]) -> None:
    plan, said = judged["abbey"].plan, judged["abbey"].head.leaving
    assert plan is not None
    assert said is not None
    todo = list(steps.leaving(plan, said))
    by = [step.by for step in todo if step.by is not None]
    assert len(by) == len(todo)
    assert by == sorted(by)
    withdrawn = {row.type: step.by for step in todo for row in step.records if "ithdraw" in step.what}
    assert (withdrawn["MX"], withdrawn["SRV"]) == (said.stop, said.mail_until)
    assert by[-1] > said.logs_until


@pytest.mark.parametrize(
    ("today", "words"),
    [
        (date(2026, 12, 1), ""),
        (date(2027, 3, 1), "mail is taken in and sent until 2027-03-31"),
        (date(2027, 2, 28), ""),
        (date(2027, 4, 1), "no mail is taken in or sent; it can be fetched until 2027-06-30, and is deleted"),
        (
            date(2027, 7, 1),
            "its mail is deleted since 2027-06-30; its part of the log can be asked until 2027-09-30",
        ),
        (date(2027, 9, 30), "can be asked until"),
        (date(2027, 10, 1), "abbey is over since 2027-09-30"),
    ],
)
def test_what_is_due_is_told_when_it_is(judged: dict[str, Judged], today: date, words: str) -> None:
    found = list(leaving.notes(judged["abbey"].head, today))
    assert len(found) == bool(words)
    for finding in found:
        assert words in finding.message
        assert finding.where is not None
        assert (Path(finding.where.file).name, finding.where.line) == ("abbey.yml", 4)
        assert finding.level is Level.ADVICE
        assert (finding.status is Status.FAIL) is (finding.id == "customer.over")
    assert list(leaving.notes(judged["college"].head, today)) == []


def test_what_is_told_stays_so_until_the_day_that_a_build_looks_again(judged: dict[str, Judged]) -> None:
    """A customer that did not change is judged again only when ``days`` says that a verdict ends."""
    site, head = judged["abbey"].site, judged["abbey"].head
    assert site is not None
    day = date(2027, 2, 1)
    while day < date(2027, 10, 10):
        _, until = days.around(site, head.leaving, day)
        if until is not None and until > day:
            assert list(leaving.notes(head, day)) == list(leaving.notes(head, until))
        day += timedelta(days=1)


def test_a_check_tells_it(judged: dict[str, Judged]) -> None:
    provider = read(FOLDER, Findings())
    assert provider is not None
    today = date(2027, 4, 1)
    platforms, _ = read_platforms(provider, today)
    found = judge(provider, platforms, judged["abbey"].head.file, today).findings
    assert [one.id for one in found if one.id.startswith("customer.")] == ["customer.leaves"]
