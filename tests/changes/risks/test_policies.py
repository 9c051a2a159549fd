"""What is asked before mail is taken: the order, what is gone, and unknown recipients."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from mailwright.changes.model import RiskRule
from mailwright.changes.risks import policies, senders
from mailwright.plan.model import Because, Plan, Policy
from mailwright.site.model import Site
from support.comparing import networks, plan, said
from support.example import example, load_example, split, with_everything, with_gateway

LOGIN, SPACE = "permit_sasl_authenticated", "check_policy_service unix:/run/mailwright-space/policy"


def with_policies(made: Plan, change: Callable[[Policy], Policy | None]) -> Plan:
    """The plan with its rows changed, or left out, and counted anew."""
    rows = [row for row in map(change, made.policies) if row is not None]
    return replace(made, policies=tuple(sorted(rows, key=lambda row: row.key)))


def without(check: str, port: int = 0, made: Plan | None = None) -> Plan:
    def change(row: Policy) -> Policy | None:
        return None if row.check == check and port in (0, row.port) else row

    return with_policies(made or plan(load_example()), change)


def ordered(port: int, stage: str, *checks: str) -> Plan:
    """The example with the checks of one stage in this order, those that are new too."""
    made = plan(load_example())
    there = {row.check: row for row in made.policies if (row.port, row.stage) == (port, stage)}
    some = next(iter(there.values()))
    stage_ = tuple(
        replace(there.get(check, replace(some, check=check, because=Because("X-1", "new"))), position=place)
        for place, check in enumerate(checks, 1)
    )
    rest = tuple(row for row in made.policies if (row.port, row.stage) != (port, stage))
    return replace(made, policies=tuple(sorted((*rest, *stage_), key=lambda row: row.key)))


def trusting() -> Site:
    return example(networks=replace(load_example().networks, relay=networks("198.51.100.128/26")))


ALL = (policies.order, policies.removed, policies.unchecked, senders.loosened)


def every(old: Site | Plan, new: Site | Plan, rules: tuple[RiskRule, ...] = ALL) -> list[tuple[str, str, str]]:
    return [(rule.id, *hit) for rule in rules for hit in said(rule, old, new)]


def test_a_permit_that_comes_to_stand_before_a_check() -> None:
    ((severity, sentence),) = said(policies.order, load_example(), ordered(587, "relay", LOGIN, SPACE, "reject"))
    assert severity == "high"
    assert sentence == (
        "port 587 of mail.college.ac.uk comes, at the stage relay, to check_policy_service policy only after "
        "permit_sasl_authenticated, so whoever the one lets through is not asked the other"
    )


def test_a_refusal_before_a_permit_locks_out() -> None:
    ((severity, sentence),) = said(policies.order, load_example(), ordered(587, "connect", "reject", LOGIN))
    assert severity == "medium"
    assert "only after reject, so who was let through before may be refused" in sentence


def test_a_new_permit_before_what_was_asked_of_everybody() -> None:
    new = ordered(25, "rcpt", "permit_mynetworks", "reject_non_fqdn_recipient", "reject_unlisted_recipient")
    ((severity, sentence),) = said(policies.order, load_example(), new)
    assert severity == "high"
    assert "only after permit_mynetworks" in sentence


@pytest.mark.parametrize("permit", ["permit", "permit_tls_all_clientcerts"])
def test_a_new_permit_to_relay_that_no_grant_is_for(permit: str) -> None:
    new = ordered(25, "relay", permit, "reject_unauth_destination")
    ((severity, sentence),) = said(policies.order, load_example(), new)
    assert severity == "high"
    assert f"reject_unauth_destination only after {permit}, so whoever" in sentence


@pytest.mark.parametrize(
    ("port", "stage", "checks"),
    [
        (25, "rcpt", ("reject_unlisted_recipient", "reject_non_fqdn_recipient")),
        (25, "rcpt", ("reject_non_fqdn_recipient", "reject_unlisted_recipient", "permit_auth_destination")),
        (25, "rcpt", ("reject_new", "reject_non_fqdn_recipient", "reject_unlisted_recipient")),
        (25, "rcpt", ("reject_non_fqdn_recipient",)),
        (587, "mail", ("reject_sender_login_mismatch", "reject_non_fqdn_sender")),
        (587, "data", ("reject_unauth_pipelining", LOGIN, "reject")),
        (
            587,
            "header",
            (
                "milter:sign",
                "milter:null-sender-for-receipts",
                "milter:addresses-are-whole",
                "milter:sender-is-the-logins",
                "milter:from-is-the-logins",
            ),
        ),
    ],
)
def test_an_order_that_decides_nothing(port: int, stage: str, checks: tuple[str, ...]) -> None:
    assert said(policies.order, load_example(), ordered(port, stage, *checks)) == []


def test_two_permits_may_change_places() -> None:
    old = ordered(587, "connect", "permit_mynetworks", LOGIN, "reject")
    new = ordered(587, "connect", LOGIN, "permit_mynetworks", "reject")
    assert said(policies.order, old, new) == []


def test_two_look_ups_may_not() -> None:
    old = ordered(25, "rcpt", "check_recipient_access lmdb:/etc/a", "check_recipient_access lmdb:/etc/b")
    new = ordered(25, "rcpt", "check_recipient_access lmdb:/etc/b", "check_recipient_access lmdb:/etc/a")
    ((severity, _),) = said(policies.order, old, new)
    assert severity == "high"


@pytest.mark.parametrize(
    ("check", "port", "rule", "severity"),
    [
        ("reject_unauth_destination", 25, "policies.removed", "high"),
        (SPACE, 587, "policies.removed", "high"),
        ("reject_unauth_pipelining", 25, "policies.removed", "medium"),
        ("reject_unlisted_sender", 25, "policies.removed", "medium"),
        ("milter:sign", 587, "policies.removed", "medium"),
        ("reject_unlisted_recipient", 25, "recipients.unchecked", "high"),
        ("reject_unlisted_recipient", 587, "recipients.unchecked", "medium"),
        ("reject_sender_login_mismatch", 587, "senders.loosened", "high"),
        ("milter:from-is-the-logins", 465, "senders.loosened", "high"),
        ("milter:sender-is-the-logins", 465, "senders.loosened", "high"),
    ],
)
def test_a_check_that_is_gone_is_said_once(check: str, port: int, rule: str, severity: str) -> None:
    ((found, weight, sentence),) = every(load_example(), without(check, port))
    assert (found, weight) == (rule, severity)
    assert sentence.startswith(f"port {port} of mail.college.ac.uk does not see to this any more: ")
    assert sentence.endswith(f"({check})")


def test_all_doors_that_lost_it_are_in_one_sentence() -> None:
    ((_, _, sentence),) = every(load_example(), without("milter:sign"))
    assert sentence.startswith("ports 465 and 587 of mail.college.ac.uk do not see to this any more: DKIM")


def test_a_reject_counts_in_its_own_stage() -> None:
    made = plan(load_example())

    def change(row: Policy) -> Policy | None:
        return None if (row.port, row.stage, row.check) == (587, "relay", "reject") else row

    assert [found[:2] for found in every(made, with_policies(made, change))] == [("policies.removed", "high")]


def test_all_checks_of_a_listener_that_stays() -> None:
    made = plan(load_example())
    new = with_policies(made, lambda row: None if row.port == 25 else row)
    assert "high" in {weight for weight, _ in said(policies.removed, made, new)}


@pytest.mark.parametrize("check", [LOGIN, "permit_mynetworks"])
def test_a_permit_that_is_gone_is_no_check_less(check: str) -> None:
    assert every(trusting(), without(check, made=plan(trusting()))) == []


def test_a_table_in_another_place_or_format_asks_the_same() -> None:
    made = plan(load_example())

    def change(row: Policy) -> Policy:
        return replace(row, check=row.check.replace("unix:/run/mailwright-space/", "inet:/run/elsewhere/"))

    assert every(made, with_policies(made, change)) == []


def test_a_check_in_another_stage_is_still_asked() -> None:
    made = plan(load_example())

    def change(row: Policy) -> Policy:
        moved = row.port == 25 and row.check == "reject_unlisted_sender"
        return replace(row, stage="rcpt", position=9) if moved else row

    assert every(made, with_policies(made, change)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (trusting, load_example),
        (load_example, trusting),
        (with_gateway, load_example),
        (load_example, with_gateway),
        (lambda: with_gateway(recipients="ask"), load_example),
        (lambda: with_gateway(recipients="ask"), with_gateway),
        (lambda: with_gateway(clients=()), with_gateway),
        (with_gateway, lambda: with_gateway(clients=())),
        (with_everything, load_example),
        (with_everything, with_gateway),
        (load_example, with_everything),
        (load_example, split),
        (split, load_example),
    ],
)
def test_what_goes_with_its_cause_is_not_missed(old: Callable[[], Site], new: Callable[[], Site]) -> None:
    assert every(old(), new()) == []


def test_what_goes_though_its_cause_stays_is_missed() -> None:
    made = plan(with_everything())
    for check, rule in (
        ("milter:poster", "policies.removed"),
        ("milter:to-is-there", "policies.removed"),
        ("milter:own-from-exists", "senders.loosened"),
        ("check_client_access cidr:/etc/postfix/gateway_clients", "senders.loosened"),
        ("check_recipient_access lmdb:/etc/postfix/gateway_returns", "policies.removed"),
    ):
        assert {found[0] for found in every(made, without(check, made=made))} == {rule}, check
    asked = plan(with_gateway(recipients="ask"))
    gone = without("check_recipient_access lmdb:/etc/postfix/gateway_asked", made=asked)
    assert {found[:2] for found in every(asked, gone)} == {("recipients.unchecked", "high")}


def test_a_gateway_that_is_asked_in_place_of_a_list() -> None:
    assert every(with_gateway(), with_gateway(recipients="ask")) == [
        (
            "recipients.unchecked",
            "medium",
            "who has an address in physics.college.ac.uk is not known to the mailers any more: they ask "
            "exchange.physics.college.ac.uk for each message, and take in what that does not refuse",
        )
    ]


def test_a_gateway_that_was_asked_before_or_is_new() -> None:
    asked = with_gateway(recipients="ask")
    assert every(asked, with_gateway(recipients="ask", name="physics")) == []
    assert every(load_example(), asked) == []


def test_a_domain_that_moves_behind_a_gateway_that_is_asked() -> None:
    asked = with_gateway(recipients="ask")
    here = replace(asked, gateways=())
    assert [found[:2] for found in every(here, asked)] == [("recipients.unchecked", "medium")]
    assert every(asked, here) == []
