"""Interrupts that wait for a good moment: nothing is left half made, and everything is cleared up."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """While it is entered, SIGINT, SIGTERM and SIGHUP raise in the main thread, but not inside ``held()``.

    SIGINT raises KeyboardInterrupt, the others SystemExit with 128 + the signal's number. In another thread than
    the main one it does nothing, since signals never arrive there.
    """

    def __init__(self) -> None:
        self._depth = 0
        self._pending: int | None = None
        self._before: dict[int, Any] = {}  # what signal.signal returned, which has no public type

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in _SIGNALS:
                self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        self._before.clear()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let what is inside run to its end; an interrupt meanwhile is raised after it."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
        if self._depth == 0 and self._pending is not None:
            number, self._pending = self._pending, None
            self._raise(number)

    def _take(self, number: int, _frame: FrameType | None) -> None:
        if self._depth:
            self._pending = number
        else:
            self._raise(number)

    @staticmethod
    def _raise(number: int) -> None:
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        raise SystemExit(128 + number)
