from __future__ import annotations

import copy
import os
import re
import shutil
from dataclasses import replace
from datetime import date
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.findings import Finding, Findings, Place
from mailwright.site.model import COLOUR, Site
from mailwright.site.read import read, site_of
from mailwright.source import schema
from support.example import EXAMPLE, example_reading, load_example

HERE = Path(__file__).parent
BAD = sorted((HERE / "bad").glob("*.yml"))
GOOD = sorted((HERE / "good").glob("*.yml"))


def shown(finding: Finding, path: Path) -> str:
    """A finding as the ``.expected`` files write it; the file's name where it is not the description itself."""
    where = finding.where
    assert where is not None
    file = "" if where.file == str(path) else f"{Path(where.file).name}:"
    return f"{file}{where.line}:{where.column} {finding.id} {finding.message} | {finding.fix}"


def agrees(expected: str, found: str) -> bool:
    """Place and id are the same, and the rest of the expected line is somewhere in the message or its fix."""
    place, id_, *rest = expected.split(" ", 2)
    words = rest[0].split(" | ") if rest else []
    words = [word.removeprefix("| ") for word in words]
    return found.startswith(f"{place} {id_} ") and all(word in found for word in words)


def test_every_bad_description_has_its_twin() -> None:
    assert len(BAD) > 15
    assert [path.name for path in BAD] == [path.name for path in GOOD]


@pytest.mark.parametrize("path", BAD, ids=lambda path: path.stem)
def test_bad(path: Path) -> None:
    reading = read(path)
    assert reading.site is None
    found = [shown(finding, path) for finding in reading.findings]
    expected = path.with_suffix(".expected").read_text().splitlines()
    assert len(found) == len(expected), "\n".join(found)
    for line, seen in zip(expected, found, strict=True):
        assert agrees(line, seen), f"{line}\n{seen}"


@pytest.mark.parametrize("path", GOOD, ids=lambda path: path.stem)
def test_good(path: Path) -> None:
    reading = read(path)
    assert [shown(finding, path) for finding in reading.findings] == []
    assert reading.site is not None


def write(folder: Path, **files: str) -> Path:
    """Files by name (``_`` for the dot), and the path of ``site.yml``."""
    for name, text in files.items():
        folder.joinpath(name.replace("_", ".")).write_text(text)
    return folder / "site.yml"


def first(path: Path, text: str) -> tuple[int, int]:
    """Line and column where ``text`` first stands in a file."""
    before = path.read_text().partition(text)[0]
    return before.count("\n") + 1, len(before) - before.rfind("\n")


def minimal() -> Site:
    site = read(HERE / "minimal.yml").site
    assert site is not None
    return site


def test_what_is_not_said_has_a_safe_default() -> None:
    site = minimal()
    assert site.organisation.timezone == "Europe/London"
    assert site.organisation.contacts == ()
    assert site.organisation.service_desk is None
    assert site.domains[0].facilities == ()
    assert site.domains[0].dmarc_policy == "none"
    assert site.networks.relay == ()
    assert site.hosts[0].functions == ("mx", "submission", "store")
    assert (site.submission.message_size, site.submission.recipients) == (25_000_000, 100)
    assert (site.store.quota, site.store.pop3) == (5_000_000_000, True)
    assert site.store.passwords == "secrets/passwords"
    assert (site.tls.certificate, site.tls.key) == ("secrets/{host}.pem", "secrets/{host}.key")
    assert site.dkim is None
    assert site.time.servers == ("ntp0.ja.net", "ntp1.ja.net", "ntp2.ja.net", "ntp3.ja.net")
    assert (site.logging.days, site.logging.minimum_days, site.logging.maximum_days) == (92, 92, 365)
    assert site.logging.readers == "mailreaders"
    assert site.roles == site.automatic_senders == site.attestations == site.waivers == ()


def test_example() -> None:
    site = load_example()
    assert example_reading().findings == ()
    assert [domain.name for domain in site.domains] == ["college.ac.uk", "chem.college.ac.uk"]
    assert site.primary.name == "college.ac.uk"
    assert len(site.people) == 40
    assert [person.login for person in site.people if person.internal] == ["km217"]
    assert site.people[0].internal == ("karlm@chem.college.ac.uk",)
    assert site.people[0].quota == 10_000_000_000
    assert site.hosts[0].addresses == (ip_address("198.51.100.25"), ip_address("2001:db8:c011::25"))
    assert site.networks.management[0].prefix == ip_network("198.51.100.240/28")
    assert site.organisation.contacts[0].telephone == "+44 1632 960101"
    assert [each.requirement for each in site.attestations] == ["ROLE-3", "AUDIT-5", "AUDIT-6"]
    assert site.attestations[0].date == date(2026, 1, 12)
    assert site.dkim is not None
    assert site.dkim.public_key.startswith("MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A")


def test_example_fits_on_a_screen() -> None:
    assert len(EXAMPLE.read_text().splitlines()) <= 60


def test_everything_remembers_its_place() -> None:
    site = read(HERE / "good" / "unknown-property-deep.yml").site
    assert site is not None
    here, below = str(HERE / "good" / "unknown-property-deep.yml"), str(HERE / "minimal.yml")
    assert site.store.where == Place(here, 2, 1, "/store")
    assert site.hosts[0].where == Place(here, 5, 3, "/hosts/mail.college.ac.uk")
    assert site.domains[0].where == Place(below, 4, 11, "/domains/0")
    assert site.networks.campus[1].where == Place(below, 6, 29, "/networks/campus/1")
    assert site.people[1].where == Place(below, 12, 5, "/people/1")
    assert site.logging.where == Place(here, 1, 1, "")  # said nowhere: the description itself


def test_places_in_the_csv_file() -> None:
    person = load_example().people[1]
    assert person.where == Place(str(EXAMPLE.parent / "people.csv"), 3, 1)


def test_a_role_knows_its_members_places() -> None:
    role = load_example().roles[0]
    assert role.members == ("rl204", "km217", "ii305")
    line, column = first(EXAMPLE, "[rl204, km217, ii305]")
    assert [(place.line, place.column - column) for place in role.member_places] == [(line, n) for n in (1, 8, 15)]


def test_a_role_is_in_every_domain_and_its_people_may_send_as_it() -> None:
    roles = {role.local: role for role in load_example().roles}
    assert roles["postmaster"].domains == ("college.ac.uk", "chem.college.ac.uk")
    assert roles["postmaster"].senders == ("rl204", "km217", "ii305")
    assert roles["support"].domains == ("college.ac.uk",)
    assert roles["support"].also == ("helpdesk",)


def test_senders_that_are_said_replace_the_members(tmp_path: Path) -> None:
    text = (HERE / "minimal.yml").read_text()
    roles = "roles: {a: {members: [km217, x@y.example], senders: []}, b: {members: [km217, x@y.example]}}"
    site = read(write(tmp_path, site_yml=text + roles)).site
    assert site is not None
    assert [role.senders for role in site.roles] == [(), ("km217",)]


def test_two_descriptions_that_say_the_same_are_equal(tmp_path: Path) -> None:
    text = "# moved down\n\n" + (HERE / "minimal.yml").read_text()
    assert read(write(tmp_path, site_yml=text)).site == minimal()


def test_layers(tmp_path: Path) -> None:
    profile = "store: {quota: 2 GB, pop3: false}\ntime: {servers: [a.ntp.example, b.ntp.example]}\n"
    own = "extends: profile.yml\nstore: {quota: 3 GB}\ntime: {servers: [c.ntp.example]}\n"
    path = write(tmp_path, profile_yml=profile, site_yml=own + (HERE / "minimal.yml").read_text())
    reading = read(path)
    assert reading.site is not None
    assert (reading.site.store.quota, reading.site.store.pop3) == (3_000_000_000, False)
    assert reading.site.time.servers == ("c.ntp.example",)
    assert reading.document is not None
    assert reading.document.place("/store/pop3").file == str(tmp_path / "profile.yml")
    assert reading.document.place("/store/quota").file == str(path)


def test_paths_start_where_they_are_said(tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    people = "people: staff.csv\n"
    (tmp_path / "profiles" / "p.yml").write_text(people)
    (tmp_path / "profiles" / "staff.csv").write_text("login,name,address\nab1,A B,a.b@college.ac.uk\n")
    text = (HERE / "minimal.yml").read_text().split("people:")[0]
    reading = read(write(tmp_path, site_yml="extends: profiles/p.yml\n" + text))
    assert reading.site is not None, reading.findings
    assert [person.login for person in reading.site.people] == ["ab1"]


def test_a_fault_in_a_profile_is_reported_there(tmp_path: Path) -> None:
    own = "extends: profile.yml\n" + (HERE / "minimal.yml").read_text()
    path = write(tmp_path, profile_yml="store: {quota: 2 GB, pop4: true}\nsubmission: no\n", site_yml=own)
    found = [shown(finding, path).split(" ", 2)[:2] for finding in read(path).findings]
    assert found == [["profile.yml:1:22", "schema.unknown-property"], ["profile.yml:2:13", "source.ambiguous"]]


def test_find_leads_a_value_back() -> None:
    reading = example_reading()
    people = EXAMPLE.parent / "people.csv"
    for value in ("debian-13", "webforms", "Karl Marx"):
        place = reading.find(value)
        assert place is not None
        assert (place.file, place.line, place.column) == (str(EXAMPLE), *first(EXAMPLE, value))
    for value in ("Siân Kavanagh", "karlm@chem.college.ac.uk", "Karl.Marx@college.ac.uk", "Library"):
        place = reading.find(value)
        assert place is not None
        assert (place.file, place.line) == (str(people), first(people, value)[0])
    assert reading.find("nobody") is None
    assert reading.find(1) is None


def test_secrets_are_never_read(tmp_path: Path) -> None:
    """They are pipes here: whoever opened one would wait for ever, and whoever looked would see them untouched."""
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    for name in ("passwords", "mail.college.ac.uk.pem", "mail.college.ac.uk.key", "dkim.key"):
        os.mkfifo(secrets / name)
    shutil.copy(EXAMPLE.parent / "dkim.pub", tmp_path)
    dkim = "dkim: {selector: a, public_key: dkim.pub, private_key: secrets/dkim.key}\n"
    reading = read(write(tmp_path, site_yml=dkim + (HERE / "minimal.yml").read_text()))
    assert reading.site is not None
    assert reading.site.dkim is not None
    assert reading.site.dkim.private_key == "secrets/dkim.key"


def test_a_colour_left_out_is_the_one_that_the_schema_tells() -> None:
    webmail = schema.load_schema("site")["properties"]["webmail"]["properties"]
    assert webmail["colour"]["default"] == COLOUR
    assert re.fullmatch(webmail["colour"]["pattern"], COLOUR)


def test_paths_that_the_schema_refuses_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    text = (HERE / "minimal.yml").read_text().split("people:")[0]
    key = f"dkim: {{selector: a, public_key: {tmp_path}/pipe, private_key: x}}\npeople: {tmp_path}/pipe\n"
    ids = [finding.id for finding in read(write(tmp_path, site_yml=text + key)).findings]
    assert ids == ["schema.pattern", "schema.pattern"]


@pytest.mark.parametrize("name", ["people.csv", "dkim.pub"])
def test_a_pipe_is_refused_at_once(tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    other = {"people.csv": "dkim.pub", "dkim.pub": "people.csv"}[name]
    shutil.copy(EXAMPLE.parent / other, tmp_path)
    shutil.copy(EXAMPLE, tmp_path)
    (finding,) = read(tmp_path / "site.yml").findings
    assert finding.id == "source.not-a-file"
    assert finding.where is not None
    assert finding.where.file == str(tmp_path / "site.yml")


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 10**6)
    | st.sampled_from(["", "a", "x@y", "::/0", "1 MB", "{host}"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "members", "addresses", "login", "a", "postmaster"]), inner, max_size=3
        )
    ),
    max_leaves=5,
)


@given(st.data())
def test_nothing_is_raised_whatever_a_value_is(data: st.DataObject) -> None:
    """Any value of the example becomes any other: there is a site, or a finding says why not."""
    document = example_reading().document
    assert document is not None
    at = data.draw(st.sampled_from(sorted(document.pointers())[1:]))
    changed = copy.deepcopy(document.data)
    parent: Any = changed
    *way, last = at.split("/")[1:]
    for part in way:
        parent = parent[int(part) if isinstance(parent, list) else part]
    parent[int(last) if isinstance(parent, list) else last] = data.draw(VALUES)
    findings = Findings()
    broken = replace(document, data=changed)
    schema.check(broken, findings)
    site = site_of(broken, findings)
    assert (site is None) == bool(findings.items)
