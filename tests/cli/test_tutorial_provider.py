"""The provider's tutorial, word for word: whoever types its commands has nothing to mend."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from mailwright.cli import build, check, init, new_customer
from support.example import ROOT

PAGE = ROOT / "docs" / "tutorial-provider.md"
VERBS = {
    "init": init.command,
    "new-customer": new_customer.command,
    "check": check.command,
    "build": build.command,
}


def commands() -> list[list[str]]:
    text = PAGE.read_text(encoding="utf-8").replace("\\\n", " ")
    return [shlex.split(line)[1:] for line in re.findall(r"^    (mailwright .*)$", text, re.MULTILINE)]


def test_every_command_of_the_tutorial_ends_with_0(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    verbs = [words[0] for words in commands()]
    assert verbs == ["init", *["new-customer"] * 6, "check", "build"]
    for verb, *words in commands():
        result = CliRunner().invoke(VERBS[verb], words)
        assert (verb, words[:3], result.exit_code) == (verb, words[:3], 0), result.output
    assert len(list((tmp_path / "build" / "shared" / "customers").iterdir())) == 5
