"""The time servers that hosts follow."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailwright.changes.risks import clocks
from mailwright.site.model import Site, Time
from support.comparing import plan, said
from support.example import HERE, example, load_example, split


def following(*servers: str) -> Site:
    return example(time=Time(servers, HERE))


ABC = ("a.example", "b.example", "c.example")


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        (ABC, ABC[:2], "two time servers alone"),
        (ABC, ABC[:1], "one time server alone"),
        (ABC, ("a.example", "A.example", "a.example."), "one time server alone"),
        (ABC[:2], ABC[:1], "one time server alone"),
        (ABC, (), "no time server"),
    ],
)
def test_fewer_than_three(old: tuple[str, ...], new: tuple[str, ...], words: str) -> None:
    assert said(clocks.few, following(*old), following(*new)) == [("medium", f"mail.college.ac.uk follows {words}")]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (ABC, ABC[::-1]),
        (ABC, ("d.example", "e.example", "f.example")),
        ((*ABC, "d.example"), ABC),
        (ABC[:1], ABC[:2]),
        (ABC[:2], ABC[:2]),
        (ABC[:2], ("d.example", "e.example")),
    ],
)
def test_enough_or_as_many_as_before(old: tuple[str, ...], new: tuple[str, ...]) -> None:
    assert said(clocks.few, following(*old), following(*new)) == []


def test_all_hosts_are_in_one_sentence() -> None:
    ((_, sentence),) = said(clocks.few, split(), split(time=Time(ABC[:2], HERE)))
    assert sentence.startswith("log.college.ac.uk") or "follow two time servers alone" in sentence
    assert sentence.endswith("follow two time servers alone")


def test_one_host_of_several() -> None:
    made = plan(split())
    rows = tuple(row for row in made.clocks if row.host != "store1.college.ac.uk" or row.server == "ntp0.ja.net")
    assert said(clocks.few, made, replace(made, clocks=rows)) == [
        ("medium", "store1.college.ac.uk follows one time server alone")
    ]
    assert said(clocks.few, replace(made, clocks=rows), made) == []


def test_a_new_or_renamed_host_where_there_were_few_before() -> None:
    few = Time(ABC[:2], HERE)
    assert said(clocks.few, example(time=few), split(time=few)) == []
    (host,) = load_example().hosts
    renamed = example(time=few, hosts=(replace(host, name="post.college.ac.uk"),))
    assert said(clocks.few, example(time=few), renamed) == []
    assert len(said(clocks.few, load_example(), renamed)) == 1
