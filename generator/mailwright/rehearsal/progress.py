"""How a long piece of work is shown on standard error: one live line on a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.status import Status as Spinner
from rich.text import Text

from mailwright.audit.model import Probe
from mailwright.findings import Finding, Status

_MARKS = {
    Status.PASS: ("ok", "green"),
    Status.FAIL: ("FAILED", "bold red"),
    Status.NOT_PROVEN: ("not proven", "yellow"),
}


class Shown:
    """Writes steps as they come, with the seconds since the start; details only where a line can be rewritten."""

    def __init__(self, console: Console, spinner: Spinner | None) -> None:
        self._console = console
        self._spinner = spinner
        self._started = time.monotonic()
        self._step = ""
        self._lock = threading.Lock()

    def step(self, text: str) -> None:
        with self._lock:
            self._step = text
            self._line(Text(text))

    def detail(self, text: str) -> None:
        with self._lock:
            if self._spinner is not None:
                self._spinner.update(Text(f"{self._step}: {text.splitlines()[0] if text else ''}"))
            elif " image" in text:
                self._line(Text(f"  {text}"))  # minutes, on a first run: somebody may be waiting

    def probe(self, probe: Probe, findings: tuple[Finding, ...], seconds: float) -> None:
        with self._lock:
            status = findings[0].status if findings else Status.NOT_PROVEN
            word, style = _MARKS[status]
            line = Text("  ").append(f"{word:<10} ", style=style).append(probe.title)
            self._line(line.append(f" ({seconds:.1f} s)", style="dim"))

    def _line(self, text: Text) -> None:
        stamp = Text(f"{time.monotonic() - self._started:5.0f} s  ", style="dim")
        self._console.print(stamp.append_text(text), soft_wrap=True, highlight=False)


@contextmanager
def progress() -> Iterator[Shown]:
    """Somebody to tell of a rehearsal's steps (``rehearsal.rehearse.Progress``)."""
    console = Console(file=sys.stderr)
    if not console.is_terminal:
        yield Shown(console, None)
        return
    with console.status("") as spinner:
        yield Shown(console, spinner)
