from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mailwright.source.scalars import Surprise, resolve


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None), ("~", None), ("null", None), ("true", True), ("false", False), ("0", 0), ("-7", -7), ("92", 92),
        ("college.ac.uk", "college.ac.uk"), ("198.51.100.0/24", "198.51.100.0/24"), ("2001:db8::1", "2001:db8::1"),
        ("25 MB", "25 MB"), ("+44 1632 960001", "+44 1632 960001"), ("none", "none"), ("1st", "1st"), ("-", "-"),
    ],
)  # fmt: skip
def test_what_all_readers_agree_on(text: str, value: object) -> None:
    found = resolve(text, date=False)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        ("no", "a yes or no"), ("NO", "a yes or no"), ("y", "a yes or no"), ("True", "a yes or no"),
        ("012", "a number"), ("089", "a number"), ("0x1F", "a number"), ("0o17", "a number"), ("1_000", "a number"),
        ("1e3", "a number"), ("1.5", "a number"), (".5", "a number"), ("5.", "a number"), ("+1", "a number"),
        ("-0", "a number"), (".nan", "a number"), ("-.INF", "a number"), ("12:30:45", "a number"),
        ("1:2:3:4:5:6:7:8", "a number"), ("9" * 40, "a number"),
        ("2026-01-12", "a date"), ("2026-1-5 10:00:00", "a date"),
        ("<<", "a merge of mappings"), ("=", "a default value"),
    ],
)  # fmt: skip
def test_surprises(text: str, read_as: str) -> None:
    found = resolve(text, date=False)
    assert found == Surprise(text, read_as)
    assert isinstance(found, Surprise)
    assert f'"{text}" in quotes' in found.fix


def test_a_date_where_one_is_meant_stays_as_it_is_written() -> None:
    assert resolve("2026-01-12", date=True) == "2026-01-12"
    assert resolve("no", date=True) == Surprise("no", "a yes or no")


@given(st.text("0123456789.:-+_eExXaAbBfFlLnNoOrRsStTuUyY<=~ é", min_size=1, max_size=12))
def test_no_text_is_taken_for_granted_that_pyyaml_reads_otherwise(text: str) -> None:
    tag = yaml.resolver.Resolver().resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
    if tag != "tag:yaml.org,2002:str":
        assert not isinstance(resolve(text, date=False), str)
