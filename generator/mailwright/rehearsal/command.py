"""Running commands on the machine."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from mailwright.rehearsal.errors import LabError


def attempt(argv: Sequence[str], *, stdin: str | None = None, timeout: float = 60.0) -> tuple[int, str]:
    """Run ``argv``; returns (exit status, standard output and error).

    The command gets a session of its own, so that a Ctrl-C at the terminal does not end it half-way: the lab
    itself decides what is finished and what is undone. A time-out (seconds) gives status 124, as timeout(1) does.
    """
    try:
        done = subprocess.run(
            list(argv),
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
            timeout=timeout,
            start_new_session=True,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        seen = error.output or b""
        text = seen.decode("utf-8", "replace") if isinstance(seen, bytes) else seen
        return 124, f"{text}\n{argv[0]}: no end after {timeout:g} s"
    except FileNotFoundError:
        return 127, f"{argv[0]}: not found"
    return done.returncode, done.stdout


def must(argv: Sequence[str], *, stdin: str | None = None, timeout: float = 60.0) -> str:
    """As ``attempt``, but a command that fails raises LabError with its words. Returns its output."""
    status, output = attempt(argv, stdin=stdin, timeout=timeout)
    if status != 0:
        words = "\n".join(line for line in output.splitlines() if line.strip())
        raise LabError(f"`{' '.join(argv[:6])}` ended with {status}: {words[-2000:]}")
    return output
