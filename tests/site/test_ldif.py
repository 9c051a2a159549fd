"""People from an export of a directory."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mailwright.findings import Findings, Place
from mailwright.plan import make
from mailwright.site import ldif
from mailwright.site.model import Attributes, Person
from mailwright.site.read import read
from support.example import ROOT, load_example

NAMED = Place("site.yml", 9, 9)
NAMES = Attributes("uid", "cn", "mail", "mailAlternateAddress", "mailLocalAddress", "mailQuota", "mailHost")
KARL = "dn: uid=km1,o=x\nuid: KM1\ncn: Karl Marx\nmail: k.marx@a.example\n"
DESCRIPTION = ROOT / "inventories/directory/site.yml"


def people(folder: Path, text: str | bytes, names: Attributes = NAMES) -> tuple[list[Person], list[str]]:
    path = folder / "people.ldif"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    findings = Findings()
    found = list(ldif.people(path, names, findings, NAMED))
    return found, [f"{f.where.line}:{f.where.column} {f.id}" for f in findings.items if f.where is not None]


def test_a_person(tmp_path: Path) -> None:
    more = "mailAlternateAddress: x@a.example\nMAILAlternateAddress: y@a.example\nmailQuota: 5000\n"
    more += "mailHost: s1.a.example\nmailLocalAddress;lang-de: i@a.example\n"
    (person,), findings = people(tmp_path, f"version: 1\n\n# Karl\n{KARL}{more}")
    assert findings == []
    assert person == Person(
        login="km1",
        name="Karl Marx",
        address="k.marx@a.example",
        aliases=("x@a.example", "y@a.example"),
        internal=("i@a.example",),
        department="",
        quota=5000,
        where=NAMED,
        store="s1.a.example",
    )
    assert person.where.line == 4


def test_folded_lines_base64_and_other_line_ends(tmp_path: Path) -> None:
    text = "dn: uid=km1,\r\n o=x\r\nuid: k\r\n m1\r\ncn:: S8OkdGhlIEtvbGx3aXR6\r\n"
    text += "# a comment\r\n  goes on\r\nmail: k@a.ex\r\n ample\r\n"
    (person,), findings = people(tmp_path, text)
    assert findings == []
    assert (person.login, person.name, person.address) == ("km1", "Käthe Kollwitz", "k@a.example")


def test_entries_that_are_no_people_are_passed_over(tmp_path: Path) -> None:
    text = f"dn: o=x\no: x\n\n{KARL}jpegPhoto:: /9j/4AAQ\n\n# search result\nsearch: 2\nresult: 0 Success\n"
    found, findings = people(tmp_path, text)
    assert [person.login for person in found] == ["km1"]
    assert findings == []


def test_active_directory_s_proxy_addresses(tmp_path: Path) -> None:
    names = replace(NAMES, aliases="proxyAddresses")
    more = "proxyAddresses: SMTP:k.marx@a.example\nproxyAddresses: smtp:km@a.example\nproxyAddresses: X500:/o=x\n"
    (person,), findings = people(tmp_path, KARL + more, names)
    assert findings == []
    assert person.aliases == ("k.marx@a.example", "km@a.example")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["1:1 source.empty"]),
        (f" x\n{KARL}", ["1:1 source.broken-row"]),
        (f"{KARL}nonsense\n", ["5:1 source.broken-row"]),
        (f"{KARL}jpegPhoto:< file:///etc/passwd\n", ["5:1 source.broken-row"]),
        ("dn: uid=x,o=x\nchangetype: delete\n", ["2:1 source.broken-row"]),
        ("uid: x\ndn: o=x\n", ["1:1 source.broken-row"]),
        (KARL.replace("KM1", "../etc"), ["2:1 site.person"]),
        (KARL.replace("k.marx@", "k marx@"), ["4:1 site.person"]),
        (f"{KARL}mailQuota: lots\n", ["5:1 site.person"]),
        (f"{KARL}mailHost: store one\n", ["5:1 site.person"]),
        (f"{KARL}mailAlternateAddress:: eAo=\n", ["5:1 site.person"]),
        (KARL.replace("cn: Karl Marx", "cn:: /w=="), ["3:1 site.person"]),
        (f"{KARL}\n{KARL}", ["6:1 site.duplicate-login"]),
        (KARL.encode() + b"sn: \xc3\xa4\n", ["5:5 source.not-ascii"]),
        (f"{KARL}sn: a\tb\n", ["5:6 source.control-character"]),
    ],
)
def test_faults_have_their_place(tmp_path: Path, text: str | bytes, expected: list[str]) -> None:
    assert people(tmp_path, text)[1] == expected


def test_a_value_without_end_is_not_read_to_its_end(tmp_path: Path) -> None:
    text = KARL + "sn: x\n" + " y\n" * 70_000
    assert people(tmp_path, text)[1] == ["5:1 source.too-large"]


def test_an_export_gives_the_rows_that_the_csv_file_gives() -> None:
    site = read(DESCRIPTION).site
    assert site is not None
    assert site.directory is not None
    findings = Findings()
    path = DESCRIPTION.with_name("people.ldif")
    exported = tuple(ldif.people(path, site.directory.attributes, findings, NAMED))
    assert findings.items == []
    known = replace(site, people=exported, directory=replace(site.directory, live=False))
    ours, theirs = make(known), make(load_example())
    for table in ("mailboxes", "routes", "senders", "rewrites", "policies", "listeners", "links"):
        assert getattr(ours, table) == getattr(theirs, table), table
