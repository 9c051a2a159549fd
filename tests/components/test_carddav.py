"""The address book: its cards, who may read it, and what is made of them on a host."""

from __future__ import annotations

import configparser
import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from mailwright import resources
from mailwright.components import carddav
from mailwright.plan import make
from mailwright.plan.model import Plan
from mailwright.plan.web import BOOK_PORT
from support.example import load_example, whole

WWW = "www.college.ac.uk"


def program() -> ModuleType:
    path = resources.folder("templates") / "carddav" / "mailwright_cards.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


cards = program()


def files(plan: Plan | None = None) -> dict[str, str]:
    plan = plan or make(whole())
    return {file.path: str(file.text) for file in carddav.files(plan, plan.host(WWW))}


def test_everybody_who_may_be_found_has_a_card_and_nobody_else() -> None:
    plan = make(whole())
    text = files()[carddav.PEOPLE]
    assert text.count("BEGIN:VCARD\n") == text.count("END:VCARD\n") == len(plan.book) > 1
    found = dict(cards.cards(text))
    assert len(found) == len(plan.book)
    addresses = {
        line.partition(":")[2]
        for card in found.values()
        for line in card.decode().split("\r\n")
        if line.startswith("EMAIL")
    }
    assert addresses == {row.address for row in plan.book}


def test_the_cards_are_not_for_everybody_on_the_host() -> None:
    plan = make(whole())
    modes = {file.path: (file.mode, file.group) for file in carddav.files(plan, plan.host(WWW)) if file.personal}
    assert modes == {carddav.PEOPLE: (0o640, carddav.USER)}


def test_nothing_gives_a_right_to_write() -> None:
    said = configparser.ConfigParser()
    said.read_string(files()["/etc/radicale/rights"])
    assert {said[name]["permissions"] for name in said.sections()} == {"R", "r"}
    assert {said[name]["user"] for name in said.sections()} == {carddav.OWNER}
    server = configparser.ConfigParser()
    server.read_string(files()["/etc/radicale/config"])
    assert server["server"]["hosts"] == f"127.0.0.1:{BOOK_PORT}"
    assert server["auth"]["type"] == "http_x_remote_user"
    assert server["web"]["type"] == "none"


def test_only_nginx_reaches_it() -> None:
    (opening,) = (row for row in make(whole()).openings if row.port == BOOK_PORT)
    assert (opening.host, opening.direction, opening.user) == (WWW, "out", "www-data")
    assert all(peer.is_loopback for peer in opening.peers)


def test_a_site_without_a_book_has_no_such_server() -> None:
    site = whole()
    plan = make(replace(site, address_book="nobody"))
    assert not carddav.COMPONENT.runs_on(plan, plan.host(WWW))
    assert carddav.COMPONENT.runs_on(make(site), make(site).host(WWW))
    assert not [
        host for host in make(load_example()).hosts if carddav.COMPONENT.runs_on(make(load_example()), host)
    ]
    assert not [row for row in plan.openings if row.port == BOOK_PORT]


def test_a_name_that_ends_like_a_card_ends_none() -> None:
    site = whole()
    people = tuple(replace(person, name="Emmy END:VCARD") for person in site.people)
    plan = make(replace(site, people=people))
    found = dict(cards.cards(files(plan)[carddav.PEOPLE]))
    assert len(found) == len(plan.book) > 1
    assert all(b"\r\nFN:Emmy END:VCARD\r\n" in card for card in found.values())


def test_a_book_in_which_nobody_stands() -> None:
    plan = replace(make(whole()), book=())
    assert dict(cards.cards(files(plan)[carddav.PEOPLE])) == {}


def test_what_is_on_the_host_follows_the_description(tmp_path: Path) -> None:
    wanted = {"a.vcf": b"A", "b.vcf": b"B", ".Radicale.props": b"{}"}
    (tmp_path / ".Radicale.cache").mkdir()
    cards.make(tmp_path, wanted)
    before = (tmp_path / "a.vcf").stat().st_ino
    cards.make(tmp_path, {"a.vcf": b"A", "b.vcf": b"other", ".Radicale.props": b"{}"})
    assert (tmp_path / "a.vcf").stat().st_ino == before
    assert (tmp_path / "b.vcf").read_bytes() == b"other"
    cards.make(tmp_path, {".Radicale.props": b"{}"})
    assert sorted(path.name for path in tmp_path.iterdir()) == [".Radicale.cache", ".Radicale.props"]


def test_a_card_without_a_name_of_ours_is_none() -> None:
    with pytest.raises(ValueError, match="UID"):
        list(cards.cards("BEGIN:VCARD\nUID:../../x\nEND:VCARD\n"))


def test_the_program_makes_the_book(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    people = tmp_path / "people.vcf"
    people.write_text(files()[carddav.PEOPLE])
    settings = json.loads(files()[carddav.SETTINGS]) | {"people": str(people), "folder": str(tmp_path / "state")}
    (tmp_path / "settings.json").write_text(json.dumps(settings))
    monkeypatch.setattr(cards, "SETTINGS", tmp_path / "settings.json")
    assert cards.main() == 0
    folder = tmp_path / "state/collection-root" / carddav.OWNER / "book"
    assert json.loads((folder / ".Radicale.props").read_text()) == {
        "tag": "VADDRESSBOOK",
        "D:displayname": "College of Example",
    }
    assert len(list(folder.glob("*.vcf"))) == len(make(whole()).book)
