"""Contacts that can be reached, promises that count, and role mail that comes to two people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import pytest

from mailwright.audit import contacts
from mailwright.audit.model import Context, Observation
from mailwright.findings import Status
from mailwright.plan.model import Because, Contact, Promise
from mailwright.site.addresses import local_part
from support.dns_peer import serving
from support.example import with_gateway
from support.mail_peer import Faults
from support.probing import HOST, failures, site, verdict

PROBES = {probe.id: probe for probe in contacts.PROBES}
WHY = Because("AUDIT-5", "a test")
TODAY = date.today()
ELSEWHERE = {("college.ac.uk.", "MX"): [f"10 {HOST}."], ("elsewhere.example.", "MX"): ["10 mx.elsewhere.example."]}

pytestmark = pytest.mark.usefixtures("foreign_names", "boxes")


def look(context: Context, id_: str) -> tuple[Status, tuple[Observation, ...]]:
    return verdict(PROBES[f"contacts.{id_}"], context)


def fresh(context: Context, **plan: object) -> Context:
    """Everything vouched for today, and parts of the plan replaced."""
    promises = tuple(Promise(id_, TODAY, "Rosa", WHY) for id_ in ("AUDIT-5", "AUDIT-6", "ROLE-3"))
    return replace(context, plan=replace(context.plan, **{"promises": promises, **plan}))  # type: ignore[arg-type]


@pytest.mark.parametrize("id_", PROBES)
def test_the_example_passes(id_: str) -> None:
    with site() as (context, _):
        found, seen = verdict(PROBES[id_], fresh(context))
    assert found is Status.PASS, failures(seen)


@pytest.mark.parametrize(
    ("people", "wanted", "words"),
    [
        ((), Status.FAIL, "names none"),
        ((Contact("Rosa", "rosa.luxemburg@college.ac.uk", "", WHY),), Status.FAIL, "none is given"),
        ((Contact("Rosa", "rosa.luxemburg@college.ac.uk", "4711", WHY),), Status.FAIL, "4711"),
        ((Contact("Rosa", "rosa.luxembourg@college.ac.uk", "+44 1632 960001", WHY),), Status.FAIL, "550"),
        ((Contact("Rosa", "rosa@elsewhere.example", "+44 1632 960001", WHY),), Status.PASS, "mx.elsewhere"),
        ((Contact("Rosa", "rosa@nowhere.example", "+44 1632 960001", WHY),), Status.FAIL, "nowhere"),
        ((Contact("Rosa", "rosa@x.broken", "+44 1632 960001", WHY),), Status.NOT_PROVEN, "no answer"),
    ],
)
def test_somebody_to_call(
    people: tuple[Contact, ...], wanted: Status, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with site() as (context, _), serving(ELSEWHERE, monkeypatch):
        found, seen = look(fresh(context, contacts=people), "reachable")
    assert found is wanted, failures(seen)
    assert any(words in item.seen for item in seen)


def test_where_anything_is_accepted_a_contact_proves_nothing() -> None:
    with site(Faults(takes_unknown=True)) as (context, _):
        assert look(fresh(context), "reachable")[0] is Status.NOT_PROVEN
        assert look(fresh(context), "current")[0] is Status.NOT_PROVEN


@pytest.mark.parametrize(
    ("days", "wanted"),
    [
        ((0,), Status.PASS),
        ((366,), Status.PASS),
        ((900, 3), Status.PASS),
        ((367,), Status.NOT_PROVEN),
        ((), Status.NOT_PROVEN),
        ((-1,), Status.FAIL),
    ],
)
@pytest.mark.parametrize(
    ("id_", "requirement"), [("reachable", "AUDIT-5"), ("current", "AUDIT-6"), ("roles", "ROLE-3")]
)
def test_a_promise_counts_for_a_year(id_: str, requirement: str, days: tuple[int, ...], wanted: Status) -> None:
    made = tuple(Promise(requirement, TODAY - timedelta(age), "Rosa", WHY) for age in days)
    with site() as (context, _):
        found, seen = look(fresh(context, promises=made), id_)
    assert found is wanted, failures(seen)


def test_roles_and_contacts_that_are_gone_are_not_current() -> None:
    with site(Faults(refuses=frozenset({"abuse@chem.college.ac.uk"}))) as (context, _):
        assert look(fresh(context), "current")[0] is Status.FAIL
    with site() as (context, _):
        assert look(fresh(context, contacts=()), "current")[0] is Status.FAIL


@pytest.mark.parametrize(
    ("refused", "words"),
    [("abuse@chem.college.ac.uk", "550"), ("rosa.luxemburg@college.ac.uk", "of 2")],
    ids=["the-role", "one-of-its-two"],
)
def test_role_mail_that_comes_to_fewer_than_two(refused: str, words: str) -> None:
    with site(Faults(refuses=frozenset({refused}))) as (context, _):
        found, seen = look(fresh(context), "roles")
    assert found is Status.FAIL, failures(seen)
    assert any(words in item.seen for item in seen if item.ok is False)


def test_a_role_of_one_person() -> None:
    with site() as (context, _):
        alone = tuple(
            replace(route, targets=route.targets[:1]) if local_part(route.address) == "abuse" else route
            for route in context.plan.routes
        )
        found, seen = look(fresh(context, routes=alone), "roles")
    assert found is Status.FAIL
    assert any("leads to 1 alone" in item.seen for item in seen)


def test_messages_go_to_those_alone_who_are_named() -> None:
    with site() as (context, post):
        named = replace(fresh(context), named=frozenset({"postmaster@college.ac.uk"}))
        found, seen = look(named, "roles")
    assert found is Status.NOT_PROVEN
    assert [item.ok for item in seen].count(None) == 3, "abuse, and both of the other domain"
    taken = {text for box in post.boxes.values() for text in box}
    assert taken
    assert all(b"\nTo: <postmaster@college.ac.uk>" in text for text in taken)


class Logs:
    """A shell in which a mail log has a line for each delivery that ``says`` makes of a mark."""

    def __init__(self, says: Callable[[str], str]) -> None:
        self.says = says

    def run(self, host: str, *argv: str, timeout: float = 30.0) -> tuple[int, str]:
        assert host == HOST
        assert argv[0] == "grep"
        assert timeout > 0
        return 0, self.says(argv[argv.index("--") + 1])


def delivered(*logins: str) -> Callable[[str], str]:
    def says(word: str) -> str:
        return "".join(
            f"2026-11-24T06:00:00+00:00 mail dovecot: lmtp({login})<7><x>: msgid=<{word}@foreign.example>: "
            "saved mail to INBOX\n"
            for login in logins
        )

    return says


@pytest.mark.parametrize(
    ("says", "wanted"),
    [
        (delivered("rl204", "km217", "ii305"), Status.PASS),
        (delivered("rl204"), Status.FAIL),
        (delivered("somebody", "else"), Status.FAIL),
        (lambda word: f"dovecot: lmtp(rl204)<7>: msgid=<{word}@x>: save failed to INBOX\n" * 2, Status.FAIL),
        (lambda _: delivered("rl204", "km217", "ii305")("another"), Status.FAIL),
        (None, Status.NOT_PROVEN),
    ],
    ids=["three", "one", "others", "failed", "another-message", "no-shell"],
)
def test_without_accounts_the_logs_are_read(
    says: Callable[[str], str] | None, wanted: Status, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contacts, "_WAIT", 0.1)
    with site() as (context, _):
        bare = replace(fresh(context), accounts=(), shell=Logs(says) if says else None)
        found, seen = look(bare, "roles")
    assert found is wanted, failures(seen)


def test_somebody_elsewhere_counts_when_the_log_says_that_it_was_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contacts, "_WAIT", 0.1)
    where = "duty@contractor.example"

    def says(word: str, status: str = "sent") -> str:
        if word.endswith(": to=<"):
            return f"mail postfix/smtp[9]: {word}{where}>, orig_to=<a@b>, relay=x, status={status} (250 ok)\n"
        return f"mail postfix/cleanup[7]: 4XAbCdEfGh: message-id=<{word}@foreign.example>\n"

    with site() as (context, post):
        shared = tuple(
            replace(route, targets=("rosa.luxemburg@college.ac.uk", where))
            if local_part(route.address) in ("abuse", "postmaster")
            else route
            for route in context.plan.routes
        )
        changed = fresh(context, routes=shared)
        found, seen = look(replace(changed, shell=Logs(says)), "roles")
        assert found is Status.PASS, failures(seen)
        assert any(where in item.seen for item in seen)
        bounced = Logs(lambda word: says(word, "bounced"))
        assert look(replace(changed, shell=bounced), "roles")[0] is Status.FAIL
        assert look(changed, "roles")[0] is Status.NOT_PROVEN
    assert post.boxes["rl204"]


def test_without_a_mailbox_elsewhere_role_mail_is_sent_all_the_same() -> None:
    with site() as (context, post):
        shell = Logs(delivered("rl204", "km217", "ii305"))
        alone = replace(fresh(context), correspondent=None, accounts=(), shell=shell)
        found, seen = look(alone, "roles")
    assert found is Status.PASS, failures(seen)
    assert all(b"\nFrom: <mail-audit@audit.invalid>" in text for box in post.boxes.values() for text in box)


def test_a_contact_behind_a_gateway_that_is_asked_is_seen_in_an_audit_alone() -> None:
    described = with_gateway(recipients="ask", people=())
    with site(described=described) as (context, _):
        contact = Contact("Marie", "marie@physics.college.ac.uk", "+44 1632 960001", WHY)
        found, seen = look(fresh(context, contacts=(contact,)), "reachable")
        assert found is Status.NOT_PROVEN, failures(seen)
        assert any("not known in a rehearsal" in item.seen for item in seen)
        live = replace(fresh(context, contacts=(contact,)), named=frozenset())
        assert look(live, "reachable")[0] is Status.FAIL
