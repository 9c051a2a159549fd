"""What the lab's directory holds."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest

from mailwright.components import COMPONENTS
from mailwright.findings import Findings
from mailwright.formats import ldap
from mailwright.plan import make as make_plan
from mailwright.rehearsal import credentials, directory, ldap_server
from mailwright.rehearsal.rehearse import known, prepare
from mailwright.site import ldif
from mailwright.site.addresses import key
from mailwright.site.model import Membership, Site
from mailwright.site.read import read
from support.example import HERE, ROOT, load_example, person, whole


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


def with_group(found: Site, group: str) -> Site:
    """The site with a list whose members are that group, on a host that keeps lists."""
    row = replace(whole().lists[0], owners=("Rosa.Luxemburg@college.ac.uk",), members=Membership(group=group))
    host = replace(found.hosts[0], functions=(*found.hosts[0].functions, "lists"))
    return replace(found, hosts=(host,), lists=(replace(row, owner_places=(), post=("members",)),))


def test_a_group_that_a_list_goes_by_is_there_and_not_everybody_is_in_it(tmp_path: Path) -> None:
    prepared = prepare(with_group(site(), "cn=Physics, ou=groups,dc=college,dc=ac,dc=uk"), (), (), tmp_path)
    inside = directory.in_groups(prepared.people)
    assert 0 < len(inside) < len(prepared.people)
    text = prepared.directory_files()["entries.ldif"].decode()
    (entry,) = [one for one in text.split("\n\n") if one.startswith("dn: cn=Physics,ou=groups,")]
    members = [line.partition(": ")[2] for line in entry.splitlines() if line.startswith("member: ")]
    assert members == [f"uid={one.login},ou=people,dc=college,dc=ac,dc=uk" for one in inside]
    assert "dn: ou=groups,dc=college,dc=ac,dc=uk\n" in text
    assert prepared.plan.members == ()
    assert {row.member for row in prepared.truth.members} == {key(one.address) for one in inside}


def test_who_is_in_a_group_is_known_to_probes_although_people_come_from_an_export(tmp_path: Path) -> None:
    """The build knows everybody then, and never who is in a group."""
    example, described = load_example(), site().directory
    assert described is not None
    exported = replace(example, directory=replace(described, live=False))
    prepared = prepare(with_group(exported, "cn=physics,dc=college,dc=ac,dc=uk"), (), (), tmp_path)
    assert [row.known for row in prepared.plan.lists] == ["deploy"]
    assert [row.known for row in prepared.truth.lists] == ["build"]
    assert len(prepared.truth.members) == len(directory.in_groups(prepared.people)) > 0


def test_every_password_of_the_directory_is_that_of_the_run(tmp_path: Path) -> None:
    """The description's own are files of the site's control machine, which a rehearsal has not got."""
    found = with_group(site(), "cn=physics,dc=college,dc=ac,dc=uk")
    host = replace(found.hosts[0], functions=(*found.hosts[0].functions, "web"))
    plan = make_plan(replace(found, hosts=(host,), webmail=whole().webmail, organisation=whole().organisation))
    parts = [one for one in COMPONENTS if one.runs_on(plan, plan.hosts[0])]
    said = {name for one in parts for name in one.variables(plan, plan.hosts[0])}
    asked = {name for name in said if name.endswith("_directory_password")}
    assert {"mailman_directory_password", "webmail_directory_password"} < asked
    assert asked <= credentials.variables(tmp_path).keys()


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
