from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailwright.findings import Findings, Place
from mailwright.site.model import Person
from mailwright.site.people import from_csv
from mailwright.site.read import read
from mailwright.source.report import MAX_REPEATS

NAMED = Place("site.yml", 9, 9)
HEADER = "login,name,address,aliases,internal,department,quota\n"


def people(folder: Path, text: str) -> tuple[list[Person], list[str]]:
    path = folder / "people.csv"
    path.write_text(text)
    findings = Findings()
    found = list(from_csv(path, findings, NAMED))
    return found, [f"{f.where.line}:{f.where.column} {f.id}" for f in findings.items if f.where is not None]


def test_a_person(tmp_path: Path) -> None:
    row = "km1,Karl Marx,k.marx@a.example,x@a.example;y@a.example z@b.example,i@a.example,Chemistry,2 GB\n"
    (person,), findings = people(tmp_path, HEADER + row)
    assert findings == []
    assert person == Person(
        login="km1",
        name="Karl Marx",
        address="k.marx@a.example",
        aliases=("x@a.example", "y@a.example", "z@b.example"),
        internal=("i@a.example",),
        department="Chemistry",
        quota=2_000_000_000,
        where=NAMED,
    )
    assert person.where == Place(str(tmp_path / "people.csv"), 2, 1)


def test_columns_in_any_order_and_optional_ones_left_out(tmp_path: Path) -> None:
    (person,), findings = people(tmp_path, "address,login,name\nk@a.example,km1,Karl\n")
    assert findings == []
    assert (person.login, person.name, person.address) == ("km1", "Karl", "k@a.example")
    assert (person.aliases, person.internal, person.department, person.quota) == ((), (), "", None)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        (",Karl,k@a.example,,,,", ["2:1 site.person"]),
        ("Karl,Karl,k@a.example,,,,", ["2:1 site.person"]),
        ("../x,Karl,k@a.example,,,,", ["2:1 site.person"]),
        ("-x,Karl,k@a.example,,,,", ["2:1 site.person"]),
        ("a:b,Karl,k@a.example,,,,", ["2:1 site.person"]),
        ("km1,,k@a.example,,,,", ["2:5 site.person"]),
        ("km1,Karl,k,,,,", ["2:10 site.person"]),
        ("km1,Karl,k@a,,,,", ["2:10 site.person"]),
        ("km1,Karl,,,,,", ["2:10 site.person"]),
        ("km1,Karl,k@a.example,x,,,", ["2:22 site.person"]),
        ("km1,Karl,k@a.example,,x y,,", ["2:23 site.person"]),
        ("km1,Karl,k@a.example,,,,2", ["2:25 site.person"]),
        ("km1," + "x" * 501 + ",k@a.example,,,,", ["2:5 site.person"]),
        ("K,,k,x,y,,2", ["2:1 site.person", "2:3 site.person", "2:4 site.person", "2:6 site.person",
                         "2:8 site.person", "2:11 site.person"]),
    ],
)  # fmt: skip
def test_a_field_that_cannot_be_used(tmp_path: Path, row: str, expected: list[str]) -> None:
    found, findings = people(tmp_path, HEADER + row + "\nok,Ok,ok@a.example,,,,\n")
    assert findings == expected
    assert [person.login for person in found] == ["ok"]


def test_a_login_twice(tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text("name,login,address\nA,km1,a@a.example\nB,km2,b@a.example\nC,km1,c@a.example\n")
    findings = Findings()
    assert len(list(from_csv(path, findings, NAMED))) == 2
    (finding,) = findings.items
    assert finding.id == "site.duplicate-login"
    assert str(finding.where) == f"{path}:4:3"
    assert "line 2" in finding.message


def test_an_address_twice_is_for_the_rules_to_judge(tmp_path: Path) -> None:
    found, findings = people(tmp_path, "login,name,address\na,A,x@a.example\nb,B,X@a.example\n")
    assert (len(found), findings) == (2, [])


def test_very_many_faults_take_no_time(tmp_path: Path) -> None:
    start = time.monotonic()
    _, findings = people(tmp_path, HEADER + "K,,k,x,y,,2\n" * 50_000)
    assert len(findings) == MAX_REPEATS
    assert time.monotonic() - start < 10


TEXT = st.text("aK1._-@:+' é\u4e2d", max_size=10)


@given(st.tuples(TEXT, TEXT, TEXT), st.booleans())
def test_csv_and_the_description_are_judged_alike(
    tmp_path_factory: pytest.TempPathFactory, person: tuple[str, str, str], domain: bool
) -> None:
    """The same person in either form is taken by both or refused by both, and gives the same."""
    login, name, local = (field.strip(" ") for field in person)
    address = local + "@a.example" if domain else local
    folder = tmp_path_factory.mktemp("t")
    found, _ = people(folder, f"login,name,address\n{login},{name},{address}\n")
    quoted = ", ".join(
        f"{key}: '{value.replace(chr(39), chr(39) * 2)}'"
        for key, value in (("login", login), ("name", name), ("address", address))
    )
    base = (Path(__file__).parent / "minimal.yml").read_text().split("people:")[0]
    (folder / "site.yml").write_text(f"{base}people: [{{{quoted}}}]\n")
    site = read(folder / "site.yml").site
    assert list(site.people if site else ()) == found
