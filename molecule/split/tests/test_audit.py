"""What an auditor does: looks from three places at the running site, and writes one report."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mailwright.plan import make
from mailwright.plan.digest import digest
from mailwright.rehearsal.rehearse import Stage
from mailwright.report.evidence import from_json, to_json
from mailwright.requirements.catalogue import REQUIREMENTS
from mailwright.site.read import read
from support.example import ROOT
from support.live import Live, equipped

SPLIT = ROOT / "inventories" / "split" / "site.yml"
VARIED = ("rl204", "km217")  # a role, an internal address, a domain below the primary one
FOLDER = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])


@pytest.fixture(scope="module")
def service(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    stores = {row.login: row.host for row in stage.prepared.truth.mailboxes}
    logins = [one.login for one in stage.prepared.credentials.accounts if one.login in stores]
    one_on_each = {stores[login]: login for login in logins}
    assert len(one_on_each) == 2
    mailboxes = {*one_on_each.values(), *VARIED}
    with equipped(stage, SPLIT, tmp_path_factory.mktemp("site"), tuple(sorted(mailboxes))) as service:
        yield service


@pytest.mark.parametrize("vantage", ["outside", "inside", "host"])
def test_from_each_place_all_is_well(service: Live, vantage: str) -> None:
    said = service.audit(vantage)
    assert said.verdicts
    assert {id_: word for id_, word in said.verdicts.items() if word != "pass"} == {}
    assert said.status == 0


def test_one_report_shows_all_that_is_built_as_met(service: Live, tmp_path: Path) -> None:
    """The audits, and from the rehearsal of the same hosts what would disturb people."""
    site = read(service.description).site
    assert site is not None
    # The audited description says more than the rehearsed one (its audit:), and means the same.
    run = from_json((FOLDER / "evidence.json").read_text(encoding="utf-8"))
    rehearsal = tmp_path / "evidence.json"
    rehearsal.write_text(to_json(replace(run, plan=digest(make(site)))), encoding="utf-8")
    audits = [service.evidence(vantage) for vantage in ("outside", "inside", "host")]
    argv = [
        sys.executable,
        "-m",
        "mailwright",
        "report",
        str(service.description),
        "--out",
        str(tmp_path / "report"),
    ]
    done = subprocess.run([*argv, "--evidence", *audits, rehearsal], capture_output=True, text=True, check=False)
    print(done.stdout, done.stderr)
    assert done.returncode == 0
    rows = json.loads((tmp_path / "report" / "report.json").read_text(encoding="utf-8"))["requirements"]
    open_ = {row["id"] for row in rows if row["verdict"] not in ("met", "attested")}
    # what cannot be shown or is not there; and that support and operation talk, for which nobody there vouches
    assert open_ == {one.id for one in REQUIREMENTS if one.gap or one.absent} | {"SUPPORT-2"}
