"""What shared hosts are told of a customer: its facts with its realm, less from state to state, no more."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import get_args

import pytest

from mailwright.formats.engine import FormatError
from mailwright.plan import make
from mailwright.plan.model import Plan, Route
from mailwright.provider.model import Head, Leaving, State
from mailwright.provider.tables import render
from mailwright.requirements.catalogue import REQUIREMENTS
from mailwright.site.model import InternalDomain
from support.example import HERE, example, load_example

LEAVING = Leaving(date(2027, 3, 31), date(2027, 6, 30), date(2027, 9, 30), HERE)
HEAD = Head("college", Path("customers/college.yml"), "shared", (), None, HERE)
LEAVER = replace(HEAD, leaving=LEAVING)


def plan(**parts: object) -> Plan:
    """The example as a customer on hosts like its own."""
    return make(example(**parts), make(load_example()))


def rows(text: str, word: str) -> list[list[str]]:
    lines = [line.split(" ") for line in text.splitlines() if line and not line.startswith("#")]
    return [fields for first, *fields in lines if first == word]


def words(text: str) -> set[str]:
    return {line.split(" ")[0] for line in text.splitlines() if line and not line.startswith("#")}


def test_logins_get_the_realm_in_every_line() -> None:
    text = render(plan(), HEAD, "active")
    assert "km217@college.ac.uk" in {login for login, _quota in rows(text, "login")}
    assert ["k.marx@chem.college.ac.uk", "km217@college.ac.uk"] in rows(text, "mailbox")
    assert ["k.marx@chem.college.ac.uk", "km217@college.ac.uk"] in rows(text, "sender")
    logins = {login for login, _quota in rows(text, "login")} | {login for (login,) in rows(text, "process")}
    assert {login for _address, login in [*rows(text, "mailbox"), *rows(text, "sender")]} <= logins
    assert {login.rpartition("@")[2] for login in logins} == {"college.ac.uk"}


def test_every_fact_of_the_plan_is_there_and_no_key_is_another_s() -> None:
    made = plan(internal_domains=(InternalDomain("unix.college.ac.uk", "college.ac.uk", None, HERE),))
    text = render(made, HEAD, "active")
    domains = {name for (name,) in [*rows(text, "domain"), *rows(text, "inside")]}
    assert domains == set(made.settings.own_names)
    assert {address for address, _login in rows(text, "mailbox")} == {
        row.address for row in made.routes if row.kind == "mailbox"
    }
    assert {row[0] for row in rows(text, "alias")} == {
        row.address
        for row in made.routes
        if row.kind != "mailbox" and row.address.rpartition("@")[2] not in made.settings.mailer_names
    }
    assert {(address, login) for address, login in rows(text, "sender")} == {
        (row.address, f"{row.login}@college.ac.uk") for row in made.senders
    }
    assert {row[0] for row in rows(text, "internal")} == {row.internal for row in made.rewrites}
    keyed = [row for word in ("mailbox", "alias", "sender", "internal") for row in rows(text, word)]
    assert {row[0].rpartition("@")[2] for row in keyed} <= domains
    assert rows(text, "dkim") == [[made.settings.dkim_selector]]


def test_hosts_and_their_postmaster_are_the_platform_s() -> None:
    made = plan()
    assert made.settings.mailer_names
    text = render(made, HEAD, "active")
    assert not any(name in line for line in text.splitlines() for name in made.settings.mailer_names)


def test_each_state_leaves_less() -> None:
    texts = {
        state: render(plan(), LEAVER, state)
        for state in get_args(State.__value__ if hasattr(State, "__value__") else State)
    }
    head = {"format", "customer", "realm", "state", "leaving"}
    assert words(texts["active"]) >= head | {"days", "domain", "login", "process", "mailbox", "alias", "sender"}
    assert words(texts["stopped"]) == head | {"days", "domain", "login", "name"}
    assert words(texts["closed"]) == head | {"days", "domain"}
    assert words(texts["over"]) == head
    assert rows(texts["over"], "leaving") == [["2027-03-31", "2027-06-30", "2027-09-30"]]
    assert rows(texts["stopped"], "name") == rows(texts["active"], "mailbox")
    assert rows(texts["stopped"], "login") == rows(texts["active"], "login")


@pytest.mark.parametrize("state", ["stopped", "closed", "over"])
def test_only_who_leaves_is_in_another_state(state: State) -> None:
    with pytest.raises(FormatError):
        render(plan(), HEAD, state)


@pytest.mark.parametrize("state", ["active", "stopped", "closed", "over"])
def test_each_section_says_which_requirement_asks_for_it(state: State) -> None:
    lines = render(plan(), LEAVER, state).splitlines()
    head = ["format", "customer", "realm", "state"]
    assert [line.split(" ")[0] for line in lines[1:5]] == head
    begun = [number for number, line in enumerate(lines) if line.startswith("# ")][1:]
    words_ = [lines[number + 1].split(" ")[0] for number in begun]
    assert {*head, *words_} == words("\n".join(lines))
    assert len(words_) == len(set(words_))
    for number in begun:
        said = re.match(r"# ([A-Z]+-\d+(?:, [A-Z]+-\d+)*): ", lines[number])
        assert said is not None, lines[number]
        assert {*said[1].split(", ")} <= {one.id for one in REQUIREMENTS}


@pytest.mark.parametrize(
    "address",
    ["mary@else.ac.uk", "mary@@college.ac.uk", "a b@college.ac.uk", "x\nlogin@college.ac.uk", "|x@college.ac.uk"],
)
def test_what_is_no_address_of_the_customer_s_own_stops_the_file(address: str) -> None:
    made = plan()
    row = made.routes[0]
    bad = Route(address, "alias", ("k.marx@chem.college.ac.uk",), row.because)
    with pytest.raises(FormatError):
        render(replace(made, routes=(*made.routes, bad)), HEAD, "active")


@pytest.mark.parametrize(
    "target", ["|/bin/sh@college.ac.uk", "/etc/passwd", ":include:/x", "a@b c@d", "x@d.example\nstate over"]
)
def test_what_is_no_address_is_no_target(target: str) -> None:
    made = plan()
    bad = Route("x@college.ac.uk", "alias", (target,), made.routes[0].because)
    with pytest.raises(FormatError):
        render(replace(made, routes=(*made.routes, bad)), HEAD, "active")


@pytest.mark.parametrize("name", ["", "College", "../x", "a b", "x\n", "-a", "a.b"])
def test_an_id_is_a_folder_s_name(name: str) -> None:
    with pytest.raises(FormatError):
        render(plan(), replace(HEAD, id=name), "active")


def test_what_shared_hosts_do_not_offer_stops_the_file() -> None:
    made = plan()
    row = Route("staff@college.ac.uk", "list", ("staff@college.ac.uk",), made.routes[0].because)
    with pytest.raises(FormatError, match="nothing of the kind list"):
        render(replace(made, routes=(*made.routes, row)), HEAD, "active")


def test_the_same_input_gives_the_same_bytes() -> None:
    assert render(plan(), HEAD, "active") == render(plan(), HEAD, "active")
