"""What the lab's directory holds."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest

from mailwright.findings import Findings
from mailwright.formats import ldap
from mailwright.rehearsal import directory, ldap_server
from mailwright.rehearsal.rehearse import known, prepare
from mailwright.site import ldif
from mailwright.site.model import Site
from mailwright.site.read import read
from support.example import HERE, ROOT, person


def site() -> Site:
    found = read(ROOT / "inventories/directory/site.yml").site
    assert found is not None
    return found


def test_people_are_invented_for_each_login_that_is_named_and_each_contact() -> None:
    people = directory.invented(site())
    named = {one.login: one.address for one in people if not one.login.startswith("rehearsal-contact")}
    assert named.keys() == {"rl204", "km217", "ii305", "wm118", "nn223"}
    contacts = {one.address for one in people} - set(named.values())
    assert contacts == {"Rosa.Luxemburg@college.ac.uk", "k.marx@chem.college.ac.uk"}, "the service desk is a role"
    assert len({one.address for one in people}) == len(people)
    assert not [one for one in people if one.login in one.address]


@pytest.mark.parametrize(
    ("said", "facts"),
    [
        ("(objectClass=person)", [("objectClass", "person")]),
        ("(&(a=b)(!(c=d))(|(e=f)(g=h)))", [("a", "b"), ("e", "f")]),
        ("(&(mail=*)(n>=5)(x:1.2.840.113556.1.4.803:=2))", [("mail", "1"), ("n", "5")]),
    ],
)
def test_entries_pass_the_site_s_filter(said: str, facts: list[tuple[str, str]]) -> None:
    assert list(directory.satisfying(ldap.parse(said))) == facts


def test_what_goes_in_comes_out(tmp_path: Path) -> None:
    described = site().directory
    assert described is not None
    who = person("kk1", name="Käthe : Kollwitz", aliases=("k.k@college.ac.uk",), quota=5000)
    made = directory.files(described, (who,), {"kk1": " pass:word "}, 'a"$b')
    path = tmp_path / "people.ldif"
    path.write_bytes(made["entries.ldif"])
    findings = Findings()
    assert list(ldif.people(path, described.attributes, findings, HERE)) == [replace(who, department="")]
    assert findings.items == []
    text = made["entries.ldif"].decode()
    assert base64.b64encode(b" pass:word ").decode() in text
    assert "dn: dc=uk\n" in text
    assert "dn: cn=mail,ou=services,dc=college,dc=ac,dc=uk\n" in text
    assert json.loads(made["directory.json"])["url"] == "ldap://*:389/"


def test_what_no_schema_has_is_defined() -> None:
    names = ldap_server.known("attributetype ( 1.2 NAME 'a' )\nattributetype ( 1.3 NAME ( 'b' 'C' ) DESC 'x' )")
    assert names == {"a", "b", "c"}
    text = ldap_server.schema(["A", "mailQuota", "MAILQUOTA"], ["c", "user"], names)
    assert text.count("attributetype") == 1
    assert "NAME 'user' SUP top AUXILIARY" in text


def test_probes_go_by_what_the_build_does_not_see(tmp_path: Path) -> None:
    prepared = prepare(site(), (), (), tmp_path)
    assert prepared.plan.mailboxes == ()
    assert {row.login for row in prepared.truth.mailboxes} == {one.login for one in prepared.people}
    assert not [row for row in prepared.truth.routes if any("login.invalid" in target for target in row.targets)]
    assert prepared.directory_files()["entries.ldif"].count(b"\nuserPassword") == len(prepared.people) + 1
    assert known(prepared.site, prepared.people).people == prepared.people
