"""Where mail goes: people, roles, automatic senders, and the mail system's own addresses."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailwright.findings import Place
from mailwright.plan import PlanError, make
from mailwright.plan.model import Route
from mailwright.site.model import AutomaticSender, Site
from support.example import HERE, example, load_example, person, role, with_person, with_role, without_role

AT = Place("site.yml", 7, 3)


def routes(site: Site) -> dict[str, Route]:
    return {route.address: route for route in make(site).routes}


def fault(site: Site) -> tuple[str, Place | None, str]:
    with pytest.raises(PlanError) as caught:
        make(site)
    (finding,) = caught.value.findings
    return finding.id, finding.where, finding.message


def test_a_published_address_reaches_its_mailbox_whatever_its_case() -> None:
    found = routes(with_person(person("kl204", "Klara.Zetkin@college.ac.uk")))
    assert found["klara.zetkin@college.ac.uk"].kind == "mailbox"
    assert found["klara.zetkin@college.ac.uk"].targets == ("kl204",)
    assert "Klara.Zetkin@college.ac.uk" not in found


def test_aliases_and_internal_addresses_reach_the_published_one() -> None:
    someone = person(
        "kl204", "K.Z@college.ac.uk", aliases=("kz@college.ac.uk",), internal=("kz@chem.college.ac.uk",)
    )
    found = routes(with_person(someone))
    assert (found["kz@college.ac.uk"].kind, found["kz@college.ac.uk"].targets) == ("alias", ("k.z@college.ac.uk",))
    assert found["kz@chem.college.ac.uk"].kind == "internal"
    assert found["kz@chem.college.ac.uk"].because.requirement == "INT-4"


def test_an_alias_that_is_the_published_address_in_other_case_adds_nothing() -> None:
    found = routes(with_person(person("kl204", "K.Z@college.ac.uk", aliases=("k.z@college.ac.uk",))))
    assert found["k.z@college.ac.uk"].kind == "mailbox"


def test_a_role_reaches_all_its_people_in_each_domain_under_each_name() -> None:
    made = role("bursar", "rl204", "Someone@elsewhere.example", "POSTMASTER@college.ac.uk", also=("fees",))
    found = routes(with_role(made))
    published = {item.login: item.address.lower() for item in load_example().people}
    targets = ("Someone@elsewhere.example", "postmaster@college.ac.uk", published["rl204"])
    for domain in ("college.ac.uk", "chem.college.ac.uk"):
        assert found[f"bursar@{domain}"].targets == targets
        assert found[f"fees@{domain}"].because.requirement == "ROLE-4"


def test_required_roles_say_so() -> None:
    found = routes(load_example())
    for domain in ("college.ac.uk", "chem.college.ac.uk"):
        for local in ("postmaster", "abuse"):
            assert found[f"{local}@{domain}"].because.requirement == "ROLE-1"
    assert found["webmaster@college.ac.uk"].because.requirement == "ROLE-2"


def test_an_automatic_senders_address_is_answered_by_somebody() -> None:
    found = routes(load_example())
    assert found["web-forms@college.ac.uk"] == replace(
        found["web-forms@college.ac.uk"], kind="automatic", targets=("webmaster@college.ac.uk",)
    )


def test_an_automatic_sender_may_send_as_the_role_that_answers_for_it() -> None:
    sender = AutomaticSender("cron", "cron", ("webmaster@college.ac.uk",), "webmaster@college.ac.uk", HERE)
    assert routes(example(automatic_senders=(sender,)))["webmaster@college.ac.uk"].kind == "role"


def test_the_mail_system_sends_from_addresses_that_reach_the_postmaster() -> None:
    found = routes(load_example())
    assert found["root@college.ac.uk"].targets == ("postmaster@college.ac.uk",)
    assert found["mailer-daemon@chem.college.ac.uk"].targets == ("postmaster@chem.college.ac.uk",)
    assert found["postmaster@mail.college.ac.uk"].targets == ("postmaster@college.ac.uk",)
    assert "root@chem.college.ac.uk" not in found


def test_a_described_root_is_left_as_it_is_described() -> None:
    found = routes(with_role(role("root", "rl204", domains=("college.ac.uk",))))
    assert found["root@college.ac.uk"].kind == "role"


def test_without_a_postmaster_nothing_is_made_up() -> None:
    found = routes(without_role("postmaster"))
    assert not [address for address in found if address.startswith(("root@", "mailer-daemon@", "postmaster@"))]


def test_an_address_for_two_people_is_a_fault_with_its_place() -> None:
    id_, where, message = fault(
        with_person(person("kl204", "K.Z@college.ac.uk"), person("zz1", "k.z@college.ac.uk", where=AT))
    )
    assert (id_, where) == ("plan.address-twice", AT)
    assert "kl204" in message
    assert "zz1" in message


def test_a_role_with_a_login_of_nobody_is_a_fault_at_the_member() -> None:
    made = replace(role("bursar", "rl204", "nobody9"), member_places=(HERE, AT), senders=())
    assert fault(with_role(made))[:2] == ("plan.unknown-login", AT)


def test_replies_to_a_login_of_nobody_are_a_fault() -> None:
    sender = AutomaticSender("cron", "cron", ("cron@college.ac.uk",), "nobody9", AT)
    assert fault(example(automatic_senders=(sender,)))[:2] == ("plan.unknown-login", AT)


def test_replies_may_go_to_a_login() -> None:
    sender = AutomaticSender("cron", "cron", ("cron@college.ac.uk",), "rl204", AT)
    published = {item.login: item.address.lower() for item in load_example().people}
    found = routes(example(automatic_senders=(sender,)))
    assert found["cron@college.ac.uk"].targets == (published["rl204"],)
