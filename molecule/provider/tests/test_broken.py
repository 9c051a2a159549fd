"""Customers whose files are broken, or read another's people: their last good build stays, and others go on."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mailwright.audit import letters

HOSTS = ("mail.hosting.example", "mx2.hosting.example")
FOLDER = Path(__file__).resolve().parents[3] / "inventories" / "provider"


def build(folder: Path, out: Path) -> str:
    argv = [sys.executable, "-m", "mailwright", "build", str(folder), "--out", str(out)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def write(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.usefixtures("as_built")
def test_they_stop_neither_the_build_nor_the_deployment_of_the_others(customers: Any, tmp_path: Path) -> None:
    folder = shutil.copytree(FOLDER, tmp_path / "provider")
    out = tmp_path / "out"
    build(folder, out)
    good = {guest.id: customers.fragment(guest.id) for guest in customers.platform.prepared.guests}
    own = folder / "customers"
    before, _, _ = (own / "school.yml").read_text(encoding="utf-8").partition("people:")
    (own / "school.yml").write_text(f"{before}people: college/people.csv\n", encoding="utf-8")
    write(own / "trust.yml", "domains: [", "domains: [[")
    write(
        own / "harbour.yml", "Joan.West@harbour.ac.uk}", "Joan.West@harbour.ac.uk, aliases: [extra@harbour.ac.uk]}"
    )
    said = build(folder, out)
    assert "school.yml" in said
    assert "source.outside" in said
    assert "trust.yml" in said
    assert "source.yaml" in said
    assert "2 failed" in said

    place = out / "shared" / "customers"
    built = {name: (place / name / "mail.tables").read_text(encoding="utf-8") for name in good}
    assert {name for name in good if built[name] != good[name]} == {"harbour"}
    done = customers.apply(customers.build(**built))
    assert done.status == 0, done.words
    assert done.sent == {host: ["harbour.tables"] for host in HOSTS}
    mark = letters.token()
    assert customers.brought("extra@harbour.ac.uk", mark).accepted
    assert customers.found("harbour", "jwest@harbour.ac.uk", mark) >= 1
    customers.served("school")
    customers.served("trust")
    assert customers.brought("gwen.parry@hill.sch.uk", letters.token()).code == 550
