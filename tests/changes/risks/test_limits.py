"""How much may be sent."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailwright.changes.risks import limits
from mailwright.site.model import Site
from support.comparing import said
from support.example import example, load_example


def submitting(**parts: int) -> Site:
    return example(submission=replace(load_example().submission, **parts))


def test_more_recipients() -> None:
    assert said(limits.raised, load_example(), submitting(hourly=600)) == [
        ("low", "a login may write to 600 recipients in an hour instead of 300")
    ]
    assert said(limits.raised, load_example(), submitting(hourly=5000, recipients=1000)) == [
        (
            "medium",
            "a login may write to 5,000 recipients in an hour instead of 300; a message may have 1,000 recipients "
            "instead of 100",
        )
    ]


@pytest.mark.parametrize("parts", [{"hourly": 100}, {"recipients": 10}, {"hourly": 300}, {"message_size": 10**8}])
def test_fewer_or_larger_are_no_matter(parts: dict[str, int]) -> None:
    assert said(limits.raised, load_example(), submitting(**parts)) == []


def test_a_message_that_fills_a_disk() -> None:
    assert said(limits.raised, load_example(), submitting(message_size=2 * 10**9)) == [
        ("low", "a message may have 2 GB instead of 25 MB")
    ]
    assert said(limits.raised, load_example(), submitting(message_size=10**12)) == [
        ("medium", "a message may have 1 TB instead of 25 MB")
    ]
