"""Applying a built project to the lab's hosts, as a site would: ansible-playbook, over SSH."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from mailwright.records import dataclass
from mailwright.rehearsal.lab import Lab

_TASK = re.compile(r"^(?:TASK|RUNNING HANDLER) \[(.+?)\] \**$")
_FAILED = re.compile(r"fatal: |failed: |\[ERROR\]: ")
_RECAP = re.compile(r"^(\S+)\s+: ok=\d+\s+changed=(\d+)\s+unreachable=(\d+)\s+failed=(\d+)")


class DeployError(RuntimeError):
    """ansible-playbook failed. ``words`` is what it said of the tasks that failed; ``log`` has all of it."""

    def __init__(self, words: str, log: Path) -> None:
        super().__init__(words)
        self.words = words
        self.log = log


@dataclass(frozen=True, slots=True)
class Applied:
    """``changed``: host → number of tasks that changed something. ``seconds`` of wall clock, all of it."""

    changed: Mapping[str, int]
    seconds: float


def apply(
    lab: Lab,
    project: Path,
    variables: Mapping[str, str],
    log: Path,
    progress: Callable[[str], None],
    *arguments: str,
) -> Applied:
    """Run the project's playbook from the management network. Raises DeployError.

    variables  of the rehearsal: where its credentials are
    log        gets all that ansible-playbook says
    arguments  further ones of ansible-playbook: ``--check``
    """
    argv, environment = lab.ansible_command(project, *arguments, variables=variables)
    started = time.monotonic()
    changed: dict[str, int] = {}
    said: list[str] = []  # of the task at hand
    failed: list[str] = []  # of tasks that failed: other hosts go on after that
    with (
        log.open("w", encoding="utf-8") as file,
        subprocess.Popen(
            argv,
            cwd=project,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        ) as process,
    ):
        if process.stdout is None:
            raise AssertionError("a pipe was asked for")
        for line in process.stdout:
            file.write(line)
            if task := _TASK.match(line):
                if any(_FAILED.match(one) for one in said):
                    failed += said
                said = []
                progress(task[1])
            said.append(line)
            if recap := _RECAP.match(line):
                changed[recap[1]] = int(recap[2])
    if process.returncode != 0:
        raise DeployError("".join([*failed, *said]).strip(), log)
    return Applied(changed, time.monotonic() - started)
