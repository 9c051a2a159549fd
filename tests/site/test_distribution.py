"""Distribution lists as they are described: inline, in a CSV file, and with members in files of their own."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mailwright.site.distribution import WORDS
from mailwright.site.model import DistributionList, Membership
from mailwright.site.read import Reading, read
from support.example import EXAMPLE, ROOT

MINIMAL = Path(__file__).parent / "minimal.yml"
HEADER = "list,title,owners,moderators,members,post,moderated"
DIRECTORY = "people: directory\ndirectory: {servers: [ldap.college.ac.uk], base: 'dc=college,dc=ac,dc=uk'}\n"


def described(folder: Path, lists: str, **files: str) -> Reading:
    """The minimal description with these ``lists:``, beside files by name (``_`` for the dot)."""
    for name, text in files.items():
        folder.joinpath(name.replace("_", ".")).write_text(text, encoding="utf-8")
    path = folder / "site.yml"
    path.write_text(MINIMAL.read_text(encoding="utf-8") + lists, encoding="utf-8")
    return read(path)


def lists_of(reading: Reading) -> tuple[DistributionList, ...]:
    assert reading.site is not None, [f"{finding.where}: {finding.message}" for finding in reading.findings]
    return reading.site.lists


def found(reading: Reading) -> list[tuple[str, str, int, int]]:
    assert reading.site is None
    places = [(finding.id, finding.where) for finding in reading.findings]
    return [(id_, Path(where.file).name, where.line, where.column) for id_, where in places if where]


def from_csv(folder: Path, *rows: str, header: str = HEADER, **files: str) -> Reading:
    return described(folder, "lists: lists.csv\n", lists_csv="\n".join((header, *rows)) + "\n", **files)


def test_the_site_that_has_all_has_five_lists() -> None:
    physics, *rest = lists_of(read(ROOT / "inventories/whole/site.yml"))
    assert physics.address == "physics@college.ac.uk"
    assert physics.members == Membership(attributes=(("department", "Physics"),))
    assert physics.post == ("members",)
    assert {row.local: row.members.by_owners for row in rest}["news"]
    assert lists_of(read(EXAMPLE)) == ()


def test_a_file_says_the_same_as_the_description(tmp_path: Path) -> None:
    inline = described(
        tmp_path,
        """lists:
  physics: {title: Physics, owners: [km217, rl204], members: {department: Computing Service}}
  chemistry:
    domain: college.ac.uk
    owners: [km217]
    moderators: [Rosa.Luxemburg@college.ac.uk]
    members: [km217, someone@elsewhere.example]
    post: [members, registrar@partner.ac.uk]
    moderated: true
  news: {owners: [km217], members: owners, post: [organisation]}
  many: {owners: [km217], members: many.csv}
""",
        many_csv="member\nkm217\nA@b.example\n",
    )
    file = from_csv(
        tmp_path,
        "physics,Physics,km217 rl204,,department=Computing Service,,",
        "chemistry@college.ac.uk,,km217,Rosa.Luxemburg@college.ac.uk,km217 someone@elsewhere.example,"
        "members registrar@partner.ac.uk,yes",
        "news,,km217,,owners,organisation,no",
        "many,,km217,,many.csv,,",
    )
    assert lists_of(file) == lists_of(inline)
    assert lists_of(file)[3].members.named == ("km217", "A@b.example")
    assert [place.line for place in lists_of(file)[3].members.places] == [2, 3]
    assert [row.where.line for row in lists_of(file)] == [2, 3, 4, 5]


def test_columns_may_be_left_out(tmp_path: Path) -> None:
    (row,) = lists_of(
        from_csv(tmp_path, "all,km217,category=staff; department=Physics", header="list,owners,members")
    )
    assert (row.title, row.post, row.moderated) == ("all", ("members",), False)
    assert row.members.attributes == (("department", "Physics"), ("category", "staff"))


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("Physics,,km217,,km217,,", 1),
        ("physics@nowhere,,km217,,km217,,", 1),
        (",,km217,,km217,,", 1),
        ("physics,,,,km217,,", 10),
        ("physics,,Not A Login!,,km217,,", 10),
        ("physics,,km217,Q,km217,,", 16),
        ("physics,,km217,,KM217,,", 17),
        ("physics,,km217,,a@b,,", 17),
        ("physics,,km217,,../x.csv,,", 17),
        ("physics,,km217,,/etc/x.csv,,", 17),
        ("physics,,km217,,department=,,", 17),
        ("physics,,km217,,department=a; department=b,,", 17),
        ("physics,,km217,,km217,Everybody!,", 23),
        ("physics,,km217,,km217,,maybe", 24),
    ],
)
def test_a_field_that_means_nothing_is_found_in_its_column(tmp_path: Path, row: str, column: int) -> None:
    assert found(from_csv(tmp_path, row)) == [("site.list", "lists.csv", 2, column)]
    assert lists_of(from_csv(tmp_path, "physics,,km217,,km217,,"))


def test_every_fault_of_a_members_file_is_found_in_its_line(tmp_path: Path) -> None:
    broken = "member\nkm217\nKarl Marx\nkarl@\na@b.example,x\nKM217@b.example\nkm217@B.example\n"
    reading = from_csv(tmp_path, "physics,,km217,,many.csv,,", "other,,km217,,many.csv,,", many_csv=broken)
    assert found(reading) == [
        ("site.list-member", "many.csv", 3, 1),
        ("site.list-member", "many.csv", 4, 1),
        ("source.broken-row", "many.csv", 5, 13),
        ("site.duplicate", "many.csv", 7, 1),
    ]


def test_a_members_file_that_is_not_there_is_found_where_it_is_named(tmp_path: Path) -> None:
    assert found(from_csv(tmp_path, "physics,,km217,,many.csv,,")) == [("source.no-file", "lists.csv", 2, 17)]
    inline = described(tmp_path, "lists:\n  physics: {owners: [km217], members: many.csv}\n")
    assert [item[0] for item in found(inline)] == ["source.no-file"]


def test_a_list_that_is_there_twice(tmp_path: Path) -> None:
    reading = from_csv(tmp_path, "physics,,km217,,km217,,", "physics@college.ac.uk,,km217,,km217,,")
    assert found(reading) == [("site.duplicate", "lists.csv", 3, 1)]


def test_an_address_that_is_none_is_found_in_the_description(tmp_path: Path) -> None:
    reading = described(tmp_path, "lists:\n  physics:\n    owners: [km217]\n    members: [km217, a@nowhere]\n")
    ((id_, file, line, _),) = found(reading)
    assert (id_, file, line) == ("site.value", "site.yml", 16)


@pytest.mark.parametrize("members", ["../other.csv", "many.txt", "/etc/passwd", "OWNERS"])
def test_members_by_a_word_or_path_that_is_none(tmp_path: Path, members: str) -> None:
    reading = described(tmp_path, f"lists:\n  physics: {{owners: [km217], members: {members}}}\n")
    assert [item[0] for item in found(reading)] == ["schema.pattern"]


def test_a_group_wants_a_directory(tmp_path: Path) -> None:
    group = "lists:\n  physics: {owners: [a@college.ac.uk], members: {group: 'cn=physics,dc=college'}}\n"
    assert [item[0] for item in found(described(tmp_path, group))] == ["site.no-directory"]
    row = 'physics,,a@college.ac.uk,,"group=cn=physics,dc=college",,'
    assert found(from_csv(tmp_path, row)) == [("site.no-directory", "lists.csv", 2, 27)]
    text = MINIMAL.read_text(encoding="utf-8").partition("people:")[0]
    path = tmp_path / "site.yml"
    path.write_text(text + DIRECTORY + group, encoding="utf-8")
    (described_,) = lists_of(read(path))
    assert described_.members == Membership(group="cn=physics,dc=college")


def test_what_people_are_is_not_known_of_a_directory(tmp_path: Path) -> None:
    text = MINIMAL.read_text(encoding="utf-8").partition("people:")[0]
    path = tmp_path / "site.yml"
    lists = "lists:\n  physics: {owners: [a@college.ac.uk], members: {department: Physics}}\n"
    path.write_text(text + DIRECTORY + lists, encoding="utf-8")
    assert [item[0] for item in found(read(path))] == ["site.list-members"]


def test_a_group_and_an_attribute_are_two_lists(tmp_path: Path) -> None:
    lists = "lists:\n  physics: {owners: [km217], members: {department: Physics, group: 'cn=x,dc=y'}}\n"
    assert [item[0] for item in found(described(tmp_path, lists))] == ["site.list-members"]


def test_words_are_no_logins_of_posters(tmp_path: Path) -> None:
    (row,) = lists_of(from_csv(tmp_path, f"physics,,km217,,km217,{' '.join(WORDS)},"))
    assert row.post == WORDS


def test_many_memberships_are_read_in_about_a_second(tmp_path: Path) -> None:
    rows = [f"list{number},,km217,,list{number}.csv,," for number in range(200)]
    files = {
        f"list{number}_csv": "member\n" + "".join(f"p{number}.{n}@elsewhere.example\n" for n in range(250))
        for number in range(200)
    }
    begun = time.process_time()
    reading = from_csv(tmp_path, *rows, **files)
    taken = time.process_time() - begun
    assert sum(len(row.members.named) for row in lists_of(reading)) == 50_000
    assert taken < 2, taken  # about 0.4 s; loaded machines are slower
