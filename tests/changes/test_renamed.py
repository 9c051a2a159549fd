"""Hosts that are called otherwise, and are the same machines."""

from __future__ import annotations

from dataclasses import fields, replace

from mailwright.changes import compare
from mailwright.changes.renamed import called, renamed
from mailwright.plan import make
from support.example import example, load_example, split

SITE = load_example()
(HOST,) = SITE.hosts
OLD = make(SITE)
NAME = "post.college.ac.uk"
NEW = make(replace(SITE, hosts=(replace(HOST, name=NAME),)))


def test_a_machine_is_known_by_an_address_that_it_had() -> None:
    assert renamed(OLD, NEW) == {HOST.name: NAME}
    elsewhere = replace(HOST, name=NAME, addresses=split().hosts[1].addresses)
    assert renamed(OLD, make(example(hosts=(elsewhere,)))) == {}
    one = replace(HOST, name=NAME, addresses=HOST.addresses[:1])
    assert renamed(OLD, make(example(hosts=(one,)))) == {HOST.name: NAME}


def test_a_host_that_takes_an_address_of_one_that_stays_is_another() -> None:
    (host,) = OLD.hosts
    stays = replace(host, addresses=host.addresses[:1])
    takes = replace(host, name=NAME, addresses=host.addresses[1:])
    assert renamed(OLD, replace(OLD, hosts=(stays, takes))) == {}


def test_rows_speak_of_it_by_the_new_name_and_only_names_that_others_know_stay() -> None:
    assert called(OLD, {}) is OLD
    before = called(OLD, {HOST.name: NAME})
    same = {field.name for field in fields(OLD) if _rows(before, field.name) == _rows(NEW, field.name)}
    assert {field.name for field in fields(OLD)} - same == {"settings", "routes", "records"}
    assert before.records == OLD.records


def test_nothing_moves_and_one_sentence_says_how_it_is_called() -> None:
    changes = [change for change in compare(OLD, NEW) if change.table not in ("routes", "records")]
    (one,) = changes
    assert one.sentence == f"{HOST.name} is called {NAME} from now on, and is the same machine"
    assert "certificate" in one.note
    assert "mail programs" in one.note


def _rows(plan: object, table: str) -> object:
    """Without the reasons, which name hosts too."""
    rows = getattr(plan, table)
    return [replace(row, because=None) for row in rows] if isinstance(rows, tuple) else rows
