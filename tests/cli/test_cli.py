"""The command line as a process: help, exit statuses, interrupts."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mailwright import __version__
from mailwright.cli import VERBS
from support.example import EXAMPLE, ROOT

MAILWRIGHT = (sys.executable, "-m", "mailwright")


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (*MAILWRIGHT, *arguments),
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **environment},
        capture_output=True,
        encoding="latin-1" if environment else "utf-8",
        timeout=60,
    )


def test_help_lists_every_verb_and_loads_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from mailwright.cli import main\n"
        "sys.argv = ['mailwright', '--help']\n"
        "try: main()\n"
        "finally: print(*sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run((sys.executable, "-c", code), capture_output=True, text=True, check=True)
    for verb in VERBS:
        assert f"  {verb.name} " in done.stdout
    loaded = set(done.stderr.split())
    assert "click" in loaded
    for heavy in ("jinja2", "ansible", "rich", "dns", "yaml", "jsonschema_rs", "cryptography", "mailwright.plan"):
        assert heavy not in loaded


@pytest.mark.parametrize("verb", [verb.name for verb in VERBS])
def test_every_verb_can_be_loaded_and_explains_itself(verb: str) -> None:
    done = run(verb, "--help")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"Usage: mailwright {verb} ")


def test_version() -> None:
    assert run("--version").stdout == f"mailwright {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("chekc",), "Did you mean 'check'?"),
        (("check",), "Missing argument"),
        (("check", "--format", "xml", "x"), "xml"),
        (("check", "--today", "yesterday", "x"), "yesterday"),
        (("build", "x"), "--out"),
        (("build", "--cut", "x"), "--cut"),
    ],
)
def test_wrong_usage_is_status_2_and_says_what(arguments: tuple[str, ...], words: str) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_closed_pipe_is_quiet() -> None:
    process = subprocess.Popen(
        (*MAILWRIGHT, "check", str(EXAMPLE), "--format", "json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    complaint = process.stderr.read()
    assert process.wait(60) == 141
    assert complaint == b""


@pytest.mark.parametrize("arguments", [("--help",), ("explain",), ("check", str(EXAMPLE))])
def test_output_on_a_full_disk_is_said_in_a_line(arguments: tuple[str, ...]) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run((*MAILWRIGHT, *arguments), stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 2
    assert done.stderr == "Error: the output could not be written: No space left on device\n"


@pytest.mark.parametrize("closed", [">&-", "2>&-"])
def test_a_closed_output_changes_no_verdict(closed: str) -> None:
    command = f'exec "$0" -m mailwright check "$1" {closed}'
    done = subprocess.run(("sh", "-c", command, sys.executable, str(EXAMPLE)), capture_output=True, text=True)
    assert done.returncode == 0
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize("verb", ["check", "dkim-key"])
def test_a_description_that_may_not_be_read_is_a_finding_as_others_are(tmp_path: Path, verb: str) -> None:
    description = tmp_path / "site.yml"
    description.write_bytes(EXAMPLE.read_bytes())
    description.chmod(0)
    command: tuple[str, ...] = (*MAILWRIGHT, verb, str(description))
    if os.geteuid() == 0:  # root reads everything, unless it lays that down
        command = ("setpriv", "--bounding-set=-dac_override,-dac_read_search", *command)
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert f"{description}:1:1: ERROR source.unreadable" in done.stdout


def test_an_interrupt_is_quiet(tmp_path: Path) -> None:
    code = (
        "import signal, time, click\n"
        # Under a shell that runs things in the background it would be ignored.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from mailwright.cli import main, check\n"
        "def slow(*_, **__):\n"
        "    open('ready', 'w').close(); time.sleep(60)\n"
        "check.command.callback = slow\n"
        "import sys; sys.argv = ['mailwright', 'check', 'x']\n"
        "main()\n"
    )
    process = subprocess.Popen((sys.executable, "-c", code), cwd=tmp_path, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 30
    while not (tmp_path / "ready").exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(1)  # it is about to sleep; what comes while a file is being cleared away, Python may drop
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=30)
    assert process.returncode == 130
    assert b"Traceback" not in complaint
    assert complaint.strip() == b""


def test_a_terminal_without_utf8_gets_every_finding(tmp_path: Path) -> None:
    description = tmp_path / "site.yml"
    description.write_text(EXAMPLE.read_text().replace("postmaster: [rl204", "postmaster: [łódź"))
    for name in ("people.csv", "dkim.pub"):
        (tmp_path / name).write_bytes((EXAMPLE.parent / name).read_bytes())
    done = run("check", str(description), PYTHONIOENCODING="latin-1")
    assert done.returncode in (1, 2)
    assert "\\u0142" in done.stdout
    assert "Traceback" not in done.stderr
