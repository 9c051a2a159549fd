from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest

from mailwright.rehearsal.interrupts import Interrupts


def interrupted(interrupts: Interrupts, number: int, then: Callable[[], None]) -> None:
    with interrupts.held():
        os.kill(os.getpid(), number)
        then()


def fail() -> None:
    raise ValueError("mine")


def test_an_interrupt_waits_for_what_is_held() -> None:
    done: list[str] = []
    with Interrupts() as interrupts, pytest.raises(KeyboardInterrupt):
        interrupted(interrupts, signal.SIGINT, lambda: done.append("inside"))
    assert done == ["inside"]


@pytest.mark.parametrize(
    ("number", "kind", "code"),
    [(signal.SIGINT, KeyboardInterrupt, None), (signal.SIGTERM, SystemExit, 143), (signal.SIGHUP, SystemExit, 129)],
)
def test_elsewhere_it_raises_at_once(number: int, kind: type[BaseException], code: int | None) -> None:
    with Interrupts(), pytest.raises(kind) as caught:
        os.kill(os.getpid(), number)
    if code is not None:
        assert caught.value.code == code  # type: ignore[attr-defined]


def test_handlers_are_as_before_afterwards() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Interrupts():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before


def test_an_error_inside_is_not_replaced_by_the_interrupt() -> None:
    with Interrupts() as interrupts, pytest.raises(ValueError, match="mine"):
        interrupted(interrupts, signal.SIGTERM, fail)
