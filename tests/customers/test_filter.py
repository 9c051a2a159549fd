"""What the filter of shared hosts takes, refuses and signs, asked of rspamd itself in both releases."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from support.native import RELEASES, run
from support.shared_host import files, fragments

pytestmark = pytest.mark.native

each_release = pytest.mark.parametrize("release", RELEASES)

MARY, TOM, MARK, ADA = (
    "Mary.Poole@hill.sch.uk",
    "tom.bell@hill.sch.uk",
    "mark.poole@riverside.ac.uk",
    "Ada.Owen@hosting.example",
)
OUTSIDE, HERE = "203.0.113.9", "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Case:
    """``signed``: domain and selector; ``refused``: a part of the words; both empty: taken and not signed."""

    name: str
    user: str
    author: str
    signed: str = ""
    refused: str = ""
    sender: str = ""
    ip: str = OUTSIDE

    def asked(self) -> dict[str, str]:
        message = f"From: {self.author}\nTo: someone@elsewhere.example\nSubject: x\n\nx\n"
        return {"user": self.user, "ip": self.ip, "from": self.sender or self.author, "message": message}


SCHOOL, TRUST, PLATFORM = "hill.sch.uk:s=hill2026", "riverside.ac.uk:s=rive2026", "hosting.example:s=host2026"
NOT_YOURS = "is not an address of yours"
BEFORE = (
    Case("own address", "mpoole@hill.sch.uk", MARY, SCHOOL),
    Case("the same login of another", "mpoole@riverside.ac.uk", MARY, refused=NOT_YOURS),
    Case("the other's own", "mpoole@riverside.ac.uk", MARK, TRUST),
    Case("a login without its realm", "mpoole", MARY, refused=NOT_YOURS),
    Case("a colleague's", "mpoole@hill.sch.uk", TOM, refused=NOT_YOURS),
    Case("a role's", "tbell@hill.sch.uk", "head@hill.sch.uk", SCHOOL),
    Case("the platform's own", "aowen", ADA, PLATFORM),
    Case("the platform's as a customer", "aowen", MARY, refused=NOT_YOURS),
    Case("a customer as the platform", "mpoole@hill.sch.uk", ADA, refused=NOT_YOURS),
    Case("who signs nothing", "rkane@harbour.ac.uk", "ruth.kane@harbour.ac.uk"),
    Case("whose key is not here yet", "gparry@valley.ac.uk", "gwen.parry@valley.ac.uk"),
    Case("a process", "forms@valley.ac.uk", "web-forms@valley.ac.uk"),
    Case("a key of the table", "mpoole@hill.sch.uk", "@hill.sch.uk", refused="not a plain address", sender=MARY),
    Case("nobody's, from this host", "", "nobody@hill.sch.uk", refused="does not exist", sender=ADA, ip=HERE),
    Case("another's, from this host", "", MARY, refused="is not an address of", sender=MARK, ip=HERE),
    Case("their own, from this host", "", MARY, SCHOOL, sender=MARY, ip=HERE),
)
AFTER = (
    Case("a customer that is gone", "mpoole@hill.sch.uk", MARY, refused=NOT_YOURS),
    Case("one that is still there", "mpoole@riverside.ac.uk", MARK, TRUST),
)


@cache
def seen(release: str) -> dict[str, list[Any]]:
    cases = [
        *(case.asked() for case in BEFORE),
        {"run": ["rm", "/test/fragments/school.tables"]},
        *(case.asked() for case in AFTER),
    ]
    given = {
        **files(release),
        "/test/judge.py": (Path(__file__).parent / "judge.py").read_text(),
        "/test/cases.json": json.dumps(cases),
        **{f"/test/fragments/{name}.tables": text for name, text in fragments().items()},
    }
    done = run(release, ["python3", "/test/judge.py"], given, before=(("ip", "link", "set", "lo", "up"),))
    assert done.returncode == 0, done.stderr[-3000:]
    return dict(zip([case.name for case in (*BEFORE, *AFTER)], json.loads(done.stdout), strict=True))


@each_release
@pytest.mark.parametrize("case", [*BEFORE, *AFTER], ids=lambda case: case.name)
def test_who_sends_as_whom_and_with_whose_key(release: str, case: Case) -> None:
    action, words, signed = seen(release)[case.name]
    if case.refused:
        assert action == "reject", asdict(case)
        assert case.refused in words
    else:
        assert action == "no action", words
        assert signed == ([case.signed] if case.signed else [])
