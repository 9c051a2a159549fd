"""A plan that was stored is the plan again."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailwright.findings import Place
from mailwright.plan import make
from mailwright.plan.model import Because, Plan
from mailwright.plan.stored import StoredPlanError, dump, load
from support.example import load_example, whole, with_everything

st.register_type_strategy(Place, st.just(Place("site.yml", 3, 7)))

OF_PEOPLE = ("mailboxes", "routes", "senders", "rewrites", "members", "book")


def without_reasons(plan: Plan) -> Plan:
    """As it comes back: rows of people have lost their reasons."""
    lost: dict[str, Any] = {
        name: tuple(replace(row, because=Because("", "")) for row in getattr(plan, name)) for name in OF_PEOPLE
    }
    return replace(plan, **lost)


def changed(plan: Plan, **parts: Any) -> bytes:
    """The stored plan with parts of its JSON replaced; None takes one out."""
    told = json.loads(dump(plan)) | parts
    return json.dumps({name: part for name, part in told.items() if part is not None}).encode()


@pytest.fixture(scope="module")
def plan() -> Plan:
    return make(with_everything())


@given(st.builds(Plan))
@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_any_plan_comes_back(plan: Plan) -> None:
    assert load(dump(plan)) == without_reasons(plan)


@pytest.mark.parametrize("site", [load_example, whole, with_everything])
def test_the_plan_of_a_site_comes_back(site: Any) -> None:
    plan = make(site())
    assert load(dump(plan)) == without_reasons(plan)
    assert dump(load(dump(plan))) == dump(plan)


def test_every_table_is_stored(plan: Plan) -> None:
    assert json.loads(dump(plan)).keys() == {"format"} | {field.name for field in fields(Plan)}


def test_a_row_has_a_line(plan: Plan) -> None:
    """So that git shows a person who is new as one line."""
    assert f'\n["{plan.mailboxes[0].login}",'.encode() in dump(plan)
    less = replace(plan, mailboxes=plan.mailboxes[1:])
    assert len(set(dump(plan).split(b"\n")) - set(dump(less).split(b"\n"))) == 1


def test_no_place_is_stored(plan: Plan) -> None:
    assert b'"where"' not in dump(plan)
    assert b".yml" not in dump(plan)


def test_reasons_stay_where_they_are_shown(plan: Plan) -> None:
    assert [row.because for row in load(dump(plan)).policies] == [row.because for row in plan.policies]


def test_what_a_later_version_adds_is_ignored(plan: Plan) -> None:
    told = json.loads(dump(plan))
    told["clocks"] = {
        "columns": ["stratum", *told["clocks"]["columns"]],
        "rows": [[{"of": 1}, *row] for row in told["clocks"]["rows"]],
    }
    told["settings"]["colour"] = "blue"
    told["settings"]["service_desk"]["fax"] = "none"
    told["pigeons"] = {"columns": ["name"], "rows": [["Ada"]]}
    assert load(json.dumps(told).encode()) == without_reasons(plan)


def test_what_an_earlier_version_did_not_have_takes_its_default(plan: Plan) -> None:
    told = json.loads(dump(plan))
    del told["book"], told["settings"]["registry"]
    told["openings"] = {  # user is the last column, and has a default
        "columns": told["openings"]["columns"][:-1],
        "rows": [row[:-1] for row in told["openings"]["rows"]],
    }
    found = load(json.dumps(told).encode())
    assert (found.book, found.settings.registry, {row.user for row in found.openings}) == ((), "", {""})
    assert found.openings == tuple(replace(row, user="") for row in plan.openings)


def test_columns_may_stand_in_another_order(plan: Plan) -> None:
    told = json.loads(dump(plan))
    told["records"] = {
        "columns": told["records"]["columns"][::-1],
        "rows": [row[::-1] for row in told["records"]["rows"]],
    }
    assert load(json.dumps(told).encode()).records == plan.records


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ({"format": 2}, "the plan is stored in another form (2) than this mailwright reads"),
        ({"format": None}, "the plan is stored in another form (0) than this mailwright reads"),
        ({"hosts": None}, "the stored plan has no hosts"),
        ({"settings": None}, "the stored settings have no organisation"),
        (
            {"clocks": {"columns": ["host", "because"], "rows": []}},
            "the rows of clocks in the stored plan have no server",
        ),
        ({"clocks": {"columns": ["host"], "rows": [[1]]}}, "cannot be read: Expected `str`, got `int`"),
        ({"clocks": [1]}, "cannot be read: Expected `object`, got `array`"),
        ({"settings": [1]}, "cannot be read: Expected `object`, got `array`"),
    ],
)
def test_what_is_wrong_is_said(plan: Plan, parts: dict[str, Any], sentence: str) -> None:
    with pytest.raises(StoredPlanError) as caught:
        load(changed(plan, **parts))
    assert sentence in str(caught.value)


@pytest.mark.parametrize("address", ["192.0.2.300", "x", 1, None, "192.0.2.1/33"])
def test_what_is_no_address_is_said(plan: Plan, address: object) -> None:
    told = json.loads(dump(plan))
    told["settings"]["campus_networks"] = [address]
    with pytest.raises(StoredPlanError):
        load(json.dumps(told).encode())


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{", b"\xff", b'"x"', b"[" * 100_000, b'{"format":1,"x":' + b"[" * 100_000]
)
def test_what_is_no_plan_is_said(data: bytes) -> None:
    with pytest.raises(StoredPlanError):
        load(data)
