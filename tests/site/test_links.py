"""Symbolic links beside a description: they may not bring in a file of the machine where it is read."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailwright.findings import Finding
from mailwright.site.read import read
from support.example import EXAMPLE, ROOT

MINIMAL = (Path(__file__).parent / "minimal.yml").read_text(encoding="utf-8")
PEOPLE = "people: lie/here.csv\n"
LDIF = "people: lie/here.ldif\ndirectory: {servers: [ldap.college.ac.uk], base: 'dc=college,dc=ac,dc=uk'}\n"
KEY = "dkim: {selector: a, public_key: lie/here.pub, private_key: secrets/dkim.key}\n"
GATEWAY = """gateways:
  exchange:
    domains: [physics.college.ac.uk]
    next_hop: exchange.physics.college.ac.uk
    recipients: lie/here.csv
    clients: [198.51.100.77/32]
"""
PERSON = "login,name,address\nkm217,Karl Marx,Karl.Marx@college.ac.uk\n"
ENTRY = "dn: uid=km217,dc=college\nuid: km217\ncn: Karl Marx\nmail: Karl.Marx@college.ac.uk\n"
ROW = "list,owners,members\nphysics,km217,km217\n"
ROW_OF_FILE = "list,owners,members\nphysics,km217,lie/here.csv\n"

NAMED = {
    "text": ("pages: {texts: texts}\n", "texts/en/welcome.md", "Hello\n"),
    "people": (PEOPLE, "lie/here.csv", PERSON),
    "export": (LDIF, "lie/here.ldif", ENTRY),
    "lists": ("lists: lie/here.csv\n", "lie/here.csv", ROW),
    "members": ("lists: {physics: {owners: [km217], members: lie/here.csv}}\n", "lie/here.csv", "member\nkm217\n"),
    "members of a row": ("lists: lists.csv\n", "lie/here.csv", "member\nkm217\n"),
    "gateway": (GATEWAY, "lie/here.csv", "address\na@physics.college.ac.uk\n"),
    "key": (KEY, "lie/here.pub", EXAMPLE.with_name("dkim.pub").read_bytes()),
    "logo": ("webmail: {logo: lie/here.png}\n", "lie/here.png", (ROOT / "inventories/whole/logo.png").read_bytes()),
}


def described(folder: Path, what: str) -> tuple[Path, Path]:
    """A description and the file that it names."""
    said, name, content = NAMED[what]
    file = folder / name
    file.parent.mkdir(parents=True)
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    folder.joinpath("lists.csv").write_text(ROW_OF_FILE, encoding="utf-8")
    site = folder / "site.yml"
    people = said.startswith("people")
    site.write_text((MINIMAL.partition("people:")[0] if people else MINIMAL) + said, encoding="utf-8")
    return site, file


def faults(site: Path) -> list[Finding]:
    reading = read(site)
    assert (reading.site is None) == bool(reading.findings)
    return list(reading.findings)


@pytest.mark.parametrize("what", NAMED)
@pytest.mark.parametrize("way", ["file", "folder"])
def test_a_link_that_leads_out_is_refused_and_one_that_stays_is_not(tmp_path: Path, what: str, way: str) -> None:
    site, file = described(tmp_path / "site", what)
    assert faults(site) == []
    linked = file if way == "file" else file.parent
    stays = site.parent / "beside"
    linked.rename(stays)
    linked.symlink_to(stays)
    assert faults(site) == []
    stays.rename(tmp_path / "elsewhere")
    linked.unlink()
    linked.symlink_to(tmp_path / "elsewhere")
    (fault,) = faults(site)
    assert fault.id == "source.outside"
    assert fault.where is not None
    assert Path(fault.where.file).is_relative_to(site.parent)
    assert "link" in fault.message
    assert fault.fix


@pytest.mark.parametrize("what", NAMED)
def test_what_a_profile_names_lies_below_the_profile(tmp_path: Path, what: str) -> None:
    profile, file = described(tmp_path / "college" / "common", what)
    site = tmp_path / "college" / "one" / "site.yml"
    site.parent.mkdir()
    site.write_text("extends: ../common/site.yml\n", encoding="utf-8")
    assert faults(site) == []
    file.rename(site.parent / "moved")
    file.symlink_to(site.parent / "moved")
    (fault,) = faults(site)
    assert fault.id == "source.outside"
    assert fault.where is not None
    assert Path(fault.where.file).is_relative_to(profile.parent)


def test_a_description_may_be_reached_by_a_link(tmp_path: Path) -> None:
    described(tmp_path / "site", "text")
    (tmp_path / "link").symlink_to("site")
    assert faults(tmp_path / "link" / "site.yml") == []
