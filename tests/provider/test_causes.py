"""What is told of a broken customer's file is what somebody can mend."""

from __future__ import annotations

from pathlib import Path

from support.provider_folder import copied, customer, judged


def test_of_a_file_in_another_encoding_only_that_is_told(tmp_path: Path) -> None:
    path = customer(copied(tmp_path), "bede", "nonsense: 1\n")
    path.write_bytes(path.read_bytes().replace(b"name: Bede", b"name: B\xe9de", 1))
    assert [one.id for one in judged(path).findings if one.fails] == ["source.not-utf-8"]


def test_a_bomb_of_aliases_is_told_in_few_lines(tmp_path: Path) -> None:
    path = customer(copied(tmp_path), "bede")
    path.write_text(path.read_text() + "a: &a [x]\n" + "".join(f"b{n}: [*a, *a, *a]\n" for n in range(300)))
    found = [one for one in judged(path).findings if one.fails]
    assert len(found) == 100
    assert "more in this file" in found[-1].message
    assert all("more in this file" not in one.message for one in found[:-1])


def test_a_few_faults_are_all_told(tmp_path: Path) -> None:
    path = customer(copied(tmp_path), "bede", "one: 1\ntwo: 2\n")
    assert [one.id for one in judged(path).findings if one.fails] == ["schema.unknown-property"] * 2


def test_a_circle_and_a_day_that_is_none_have_a_way_out(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    path = customer(folder, "bede", "leaving: {stop: 2027-02-31, mail_until: 2027-06-30, logs_until: 2027-09-30}\n")
    (found,) = [one for one in judged(path).findings if one.id == "site.value"]
    assert "2027-03-31" in found.fix
    path = customer(folder, "aidan", "extends: aidan/a.yml\n")
    (folder / "customers" / "aidan").mkdir()
    (folder / "customers" / "aidan" / "a.yml").write_text("extends: a.yml\n")
    (found,) = [one for one in judged(path).findings if one.id == "source.extends-circle"]
    assert found.fix == "Take this extends out, or name another file."
