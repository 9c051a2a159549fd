"""What holds in every plan; and that each check finds it when it does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest
from click.testing import CliRunner

from mailwright.cli.check import command
from mailwright.plan import PlanError, make, policies
from mailwright.plan.invariants import breaches
from mailwright.plan.model import EVERYWHERE, Because, Opening, Plan, Record
from mailwright.site.model import Network, Site
from support.example import EXAMPLE, HERE, example, load_example, split, with_gateway

HOST = "mail.college.ac.uk"
BECAUSE = Because("ADDR-1", "a test")


def relaying() -> Site:
    network = Network(ip_network("198.51.100.128/28"), HERE)
    return example(networks=replace(load_example().networks, relay=(network,)))


@pytest.mark.parametrize(
    "site",
    [load_example, split, relaying, with_gateway, lambda: with_gateway(recipients="ask", people=())],
    ids=["example", "split", "relaying", "gateway", "asked"],
)
def test_they_hold(site: Callable[[], Site]) -> None:
    assert breaches(make(site())) == ()


def ids(plan: Plan) -> set[str]:
    return {breach.id for breach in breaches(plan)}


def test_what_holds_on_shared_hosts_is_not_judged_again_but_for_other_tables() -> None:
    shared = make(load_example())
    fallen = replace(shared, policies=())
    assert breaches(fallen, shared) == breaches(fallen) != ()
    assert breaches(replace(shared, policies=shared.policies), shared) == ()
    unfit = replace(shared, records=(*shared.records, Record("x", "x", "MX", "10 nobody.example.", 60, BECAUSE)))
    assert {breach.id for breach in breaches(unfit, shared)} == {"exchanger-unfit"}


# --- The order of checks ---------------------------------------------------------------------------------------


def moved(checks: tuple[policies.Check, ...], check: str, stage: str, place: int) -> tuple[policies.Check, ...]:
    """The checks with ``check`` of ``stage`` at another place among all."""
    (row,) = (item for item in checks if item[:2] == (stage, check))
    rest = [item for item in checks if item is not row]
    return (*rest[:place], row, *rest[place:])


PERMIT = ("permit_sasl_authenticated", Because("RELAY-3", "a login"))
SUBMISSION = {
    "a permit before the sender is compared": (("mail", *PERMIT), *policies.SUBMISSION),
    "a permit before the recipient is looked up": (("rcpt", *PERMIT), *policies.SUBMISSION),
}


@pytest.mark.parametrize("name", SUBMISSION)
def test_a_check_after_a_permit_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies, "SUBMISSION", SUBMISSION[name])
    with pytest.raises(PlanError) as caught:
        make(load_example())
    assert {finding.id for finding in caught.value.findings} == {"plan.check-after-permit"}
    assert "so whoever that permits is not asked" in caught.value.findings[0].message


def test_the_sender_check_at_the_end_of_its_stage_is_found_behind_a_permit_and_not_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    last = moved(policies.SUBMISSION, "reject_sender_login_mismatch", "mail", len(policies.SUBMISSION))
    monkeypatch.setattr(policies, "SUBMISSION", last)
    make(load_example())  # still the only judge of its stage: the twin
    before = next(index for index, item in enumerate(last) if item[:2] == ("mail", "reject_sender_login_mismatch"))
    monkeypatch.setattr(policies, "SUBMISSION", (*last[:before], ("mail", *PERMIT), *last[before:]))
    with pytest.raises(
        PlanError, match="comes to reject_sender_login_mismatch at the stage mail only after permit_s"
    ):
        make(load_example())


def test_check_reports_a_broken_order_and_builds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policies, "SUBMISSION", SUBMISSION["a permit before the sender is compared"])
    result = CliRunner().invoke(command, [str(EXAMPLE), "--today", "2026-03-01"], standalone_mode=False)
    assert result.return_value == 2
    assert "ERROR plan.check-after-permit ADDR-6 would be broken" in result.output
    assert Path(EXAMPLE).name in result.output


# --- Relaying --------------------------------------------------------------------------------------------------


def without(plan: Plan, check: str, port: int) -> Plan:
    return replace(plan, policies=tuple(row for row in plan.policies if (row.check, row.port) != (check, port)))


def test_a_listener_that_turns_nobody_away_is_found() -> None:
    plan = make(load_example())
    assert ids(without(plan, "reject_unauth_destination", 25)) == {"relay-open"}
    assert ids(without(plan, "reject_non_fqdn_recipient", 25)) == set()
    no_stage = replace(
        plan, policies=tuple(row for row in plan.policies if (row.port, row.stage) != (587, "relay"))
    )
    assert ids(no_stage) == {"relay-open"}


def test_a_permit_that_no_grant_bears_out_is_found() -> None:
    plan = make(relaying())
    assert ids(replace(plan, grants=tuple(row for row in plan.grants if row.port != 25))) == {"relay-open"}
    for check in ("permit", "permit_auth_destination"):
        rows = tuple(
            replace(row, check=check) if row.check == "permit_mynetworks" else row for row in plan.policies
        )
        assert ids(replace(plan, policies=rows)) == {"relay-open"}


@pytest.mark.parametrize("check", ["reject_sender_login_mismatch", "milter:from-is-the-logins"])
def test_a_sender_that_is_not_compared_with_the_login_is_found(check: str) -> None:
    plan = make(load_example())
    assert ids(without(plan, check, 465)) == {"sender-unbound"}
    assert ids(without(plan, check, 25)) == set()


# --- Ports -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("protocol", "port"), [("tcp", 80), ("udp", 25), ("tcp", 24)])
def test_a_port_that_is_open_for_nothing_is_found(protocol: str, port: int) -> None:
    plan = make(load_example())
    row = Opening(HOST, "in", protocol, port, EVERYWHERE, BECAUSE)  # type: ignore[arg-type]
    assert ids(replace(plan, openings=(*plan.openings, row))) == {"open-for-nothing"}
    out = replace(row, direction="out")
    assert ids(replace(plan, openings=(*plan.openings, out))) == set()


def test_a_listener_that_goes_leaves_its_openings_behind() -> None:
    plan = make(load_example())
    rows = tuple(row for row in plan.listeners if row.port != 995)
    (breach,) = breaches(replace(plan, listeners=rows))
    assert breach.message == f"the firewall of {HOST} opens tcp port 995, and nothing listens there"


def test_a_passage_at_the_border_that_leads_to_nothing_is_found() -> None:
    plan = make(split())
    rows = tuple(
        replace(row, subject="store1.college.ac.uk") if row.subject == "mx2.college.ac.uk" else row
        for row in plan.border
    )
    found = breaches(replace(plan, border=rows))
    assert {breach.message for breach in found} == {
        "the border lets port 25 in to store1.college.ac.uk, and nothing listens there"
    }


# --- MX records ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("198.51.100.25", "is an address and no name"),
        ("[IPv6:2001:db8:c011::25]", "is an address and no name"),
        ("www.college.ac.uk.", "is an alias"),
        ("store.college.ac.uk.", "does not receive mail"),
    ],
)
def test_an_mx_record_that_names_no_mailer_is_found(name: str, why: str) -> None:
    plan = make(load_example())
    zone = "college.ac.uk"
    alias = Record(zone, "www.college.ac.uk.", "CNAME", f"{HOST}.", 3600, BECAUSE)  # type: ignore[arg-type]
    wrong = Record(zone, f"{zone}.", "MX", f"10 {name}", 3600, BECAUSE)
    (breach,) = breaches(replace(plan, records=(*plan.records, alias, wrong)))
    assert (breach.id, breach.requirement) == ("exchanger-unfit", "DNS-4")
    assert breach.message.endswith(f"names {name}, which {why}")


def test_a_mailer_without_an_address_record_is_found() -> None:
    plan = make(load_example())
    rows = tuple(row for row in plan.records if row.type not in ("A", "AAAA"))
    assert {breach.id for breach in breaches(replace(plan, records=rows))} == {"exchanger-unfit"}
