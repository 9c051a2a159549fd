"""What the filter makes of From: lines where a directory alone knows whose they are."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest

from mailwright.components import filter
from mailwright.plan import make
from mailwright.site.read import read
from support.example import ROOT
from support.native import RELEASES, run

pytestmark = pytest.mark.native

HERE = Path(__file__).parent
ROSA, ALIAS, KARL = "Rosa.Luxemburg@college.ac.uk", "R.Luxemburg@college.ac.uk", "k.marx@college.ac.uk"
NEW = "Somebody.New@college.ac.uk"  # whom the mailer's look-up found, and this stand-in does not know
BROKEN = "broken@college.ac.uk"

# Login, MAIL FROM, From:, and what becomes of the message.
CASES = (
    ("rl204", ROSA, ROSA, "pass"),
    ("rl204", ROSA, ALIAS, "pass"),
    ("rl204", NEW, NEW, "pass"),
    ("rl204", ROSA, KARL, "reject"),
    ("rl204", ROSA, NEW, "reject"),
    ("rl204", ROSA, "support@college.ac.uk", "reject"),
    ("ii305", ROSA, "support@college.ac.uk", "pass"),
    ("rl204", ROSA, BROKEN, "soft reject"),
    ("rl204", ROSA, f"{ROSA}, {KARL}", "reject"),
    ("", ROSA, ROSA, "pass"),
    ("", ROSA, ALIAS, "pass"),
    ("", ROSA, KARL, "reject"),
    ("", ROSA, "nobody@college.ac.uk", "reject"),
    ("", ROSA, BROKEN, "soft reject"),
    ("", "x@elsewhere.example", "x@elsewhere.example", "pass"),
)


@cache
def answers(release: str) -> list[list[object]]:
    site = read(ROOT / "inventories/directory/site.yml").site
    assert site is not None
    plan = make(site)
    files = {file.path: file.text for file in filter.files(plan, plan.hosts[0])}
    files["/test/judge.py"] = (HERE / "filter_judge.py").read_text()
    files["/test/directory.py"] = (HERE / "filter_directory.py").read_text()
    cases = [
        {
            "user": login,
            "ip": "203.0.113.9" if login else "127.0.0.1",
            "from": sender,
            "message": f"From: {author}\nTo: x@elsewhere.example\nSubject: x\n\nx\n",
        }
        for login, sender, author, _ in CASES
    ]
    files["/test/cases.json"] = json.dumps(cases)
    done = run(release, ["python3", "/test/judge.py"], files, before=(("python3", "/test/directory.py"),))
    assert done.returncode == 0, done.stdout + done.stderr
    found: list[list[object]] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize("release", RELEASES)
def test_whose_a_from_line_is(release: str) -> None:
    seen = [
        (login, sender, author, "pass" if answer[0] not in ("reject", "soft reject") else answer[0])
        for (login, sender, author, _), answer in zip(CASES, answers(release), strict=True)
    ]
    assert seen == list(CASES)
