"""Forms of address that are used inside: taken in, sent as, rewritten, and found in the DNS (INT-4)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from mailwright.plan import PlanError, make
from mailwright.plan.model import Plan, Route
from mailwright.site.inner import Inner
from mailwright.site.model import AutomaticSender, InternalDomain, Site
from support.example import HERE, example, load_example, person, role, split_hosts, with_gateway, with_person

UNIX = InternalDomain("unix3.chem.college.ac.uk", "chem.college.ac.uk", date(2027, 7, 31), HERE)


def inside(site: Site | None = None, *more: InternalDomain) -> Plan:
    return make(replace(site or load_example(), internal_domains=(UNIX, *more)))


def routes(plan: Plan) -> dict[str, Route]:
    return {route.address: route for route in plan.routes}


def test_forms_are_those_of_the_published_domain_alone() -> None:
    inner = Inner(example(internal_domains=(UNIX, replace(UNIX, name="vax.college.ac.uk"))))
    assert inner.forms("K.Marx@Chem.college.ac.uk") == (
        "k.marx@unix3.chem.college.ac.uk",
        "k.marx@vax.college.ac.uk",
    )
    assert inner.forms("k.marx@college.ac.uk") == ()
    assert inner.forms("km217") == ()
    assert Inner(load_example()).forms("k.marx@chem.college.ac.uk") == ()


def test_everybody_in_the_published_domain_is_known_by_the_form_and_nobody_else() -> None:
    found = routes(inside())
    for person_ in load_example().people:
        local, _, domain = person_.address.lower().partition("@")
        form = f"{local}@{UNIX.name}"
        if domain == "chem.college.ac.uk":
            assert (found[form].kind, found[form].targets) == ("internal", (person_.address.lower(),))
            assert found[form].because.requirement == "INT-4"
        else:
            assert form not in found


def test_a_form_leads_to_its_own_mailbox_in_the_end() -> None:
    """No route of a form stands for an address that is itself in a form, and each target exists."""
    found = routes(inside())
    forms = {address: route for address, route in found.items() if address.endswith(f"@{UNIX.name}")}
    assert {address.partition("@")[0] for address in forms} == {
        address.partition("@")[0]
        for address, route in routes(make(load_example())).items()
        if address.endswith("@chem.college.ac.uk") and "mailer-daemon" not in address
    }
    for route in forms.values():
        assert all(target in found and target not in forms for target in route.targets)


def test_its_postmaster_is_the_published_domains() -> None:
    found = routes(inside())
    assert found[f"postmaster@{UNIX.name}"].targets == ("postmaster@chem.college.ac.uk",)
    primary_only = tuple(replace(item, domains=("college.ac.uk",)) for item in load_example().roles)
    found = routes(inside(example(roles=primary_only)))
    assert found[f"postmaster@{UNIX.name}"].targets == ("postmaster@college.ac.uk",)


def test_the_form_of_a_mailers_own_name_has_one_postmaster() -> None:
    own = InternalDomain("mail.college.ac.uk", "college.ac.uk", None, HERE)
    plan = inside(None, own)
    assert routes(plan)["postmaster@mail.college.ac.uk"].targets == ("postmaster@college.ac.uk",)
    assert plan.settings.alias_names == ("mail.college.ac.uk", UNIX.name)
    assert plan.settings.own_names == ("college.ac.uk", "chem.college.ac.uk", "mail.college.ac.uk", UNIX.name)


def test_people_may_send_as_the_form_and_leave_as_published() -> None:
    plan = inside()
    assert ("km217", f"k.marx@{UNIX.name}") in {(row.login, row.address) for row in plan.senders}
    assert ("rl204", f"k.marx@{UNIX.name}") not in {(row.login, row.address) for row in plan.senders}
    external = {row.internal: row.external for row in plan.rewrites}
    assert external[f"k.marx@{UNIX.name}"] == "k.marx@chem.college.ac.uk"
    assert external[f"postmaster@{UNIX.name}"] == "postmaster@chem.college.ac.uk"
    assert set(external) >= {address for address in routes(plan) if address.endswith(f"@{UNIX.name}")}


def test_a_persons_own_internal_address_in_the_published_domain_has_the_form_too() -> None:
    plan = inside(with_person(person("zz1", "Z.Z@college.ac.uk", internal=("zz@chem.college.ac.uk",))))
    assert routes(plan)[f"zz@{UNIX.name}"].targets == ("z.z@college.ac.uk",)
    assert {row.internal: row.external for row in plan.rewrites}[f"zz@{UNIX.name}"] == "Z.Z@college.ac.uk"


@pytest.mark.parametrize("site", [load_example, with_gateway], ids=["example", "gateway"])
def test_whatever_may_be_sent_as_can_be_answered(site: Callable[[], Site]) -> None:
    more = InternalDomain("ph.college.ac.uk", "physics.college.ac.uk", None, HERE)
    plan = inside(site(), more)
    assert {row.address for row in plan.senders} <= set(routes(plan))
    forms = {address for address in routes(plan) if address.endswith((f"@{UNIX.name}", f"@{more.name}"))}
    bare = {f"postmaster@{more.name}"} if site is load_example else set()  # nothing is published in that domain
    assert {row.internal for row in plan.rewrites} >= forms - bare


def test_what_a_person_is_called_inside_comes_before_the_form() -> None:
    site = with_person(
        person("zz1", "Z.Z@college.ac.uk", aliases=("zz@chem.college.ac.uk",), internal=(f"zz@{UNIX.name}",))
    )
    plan = inside(site)
    assert routes(plan)[f"zz@{UNIX.name}"].targets == ("z.z@college.ac.uk",)
    assert {row.internal: row.external for row in plan.rewrites}[f"zz@{UNIX.name}"] == "Z.Z@college.ac.uk"


def test_a_form_that_is_somebody_elses_address_is_a_fault() -> None:
    site = with_person(person("zz1", "Z.Z@college.ac.uk", internal=(f"k.marx@{UNIX.name}",)))
    with pytest.raises(
        PlanError, match=f"k.marx@{UNIX.name} is said to reach z.z@college.ac.uk and also k.marx@chem"
    ):
        inside(site)


def test_an_automatic_sender_is_not_rewritten_and_stays_exempt() -> None:
    cron = AutomaticSender("cron", "jobs", ("cron@chem.college.ac.uk", f"cron@{UNIX.name}"), "rl204", HERE)
    plan = inside(example(automatic_senders=(cron,)))
    assert routes(plan)[f"cron@{UNIX.name}"].kind == "automatic"
    assert f"cron@{UNIX.name}" not in {row.internal for row in plan.rewrites}
    assert {row.automatic for row in plan.senders if row.login == "cron"} == {True}


def test_those_listed_behind_a_gateway_have_the_form_too() -> None:
    inner = InternalDomain("ph.college.ac.uk", "physics.college.ac.uk", None, HERE)
    plan = make(replace(with_gateway(), internal_domains=(inner,)))
    assert routes(plan)["k.marx@ph.college.ac.uk"].targets == ("k.marx@physics.college.ac.uk",)


def test_a_role_in_the_published_domain_alone() -> None:
    made = role("lab", "km217", "ii305", domains=("college.ac.uk",))
    assert f"lab@{UNIX.name}" not in routes(inside(example(roles=(*load_example().roles, made))))


def test_the_dns_leads_to_every_mailer() -> None:
    plan = inside(example(hosts=split_hosts()))
    found = {(row.zone, row.type, row.value) for row in plan.records if row.owner == f"{UNIX.name}."}
    assert found == {
        ("chem.college.ac.uk", "MX", "10 mail.college.ac.uk."),
        ("chem.college.ac.uk", "MX", "20 mx2.college.ac.uk."),
    }


def test_without_internal_domains_nothing_is_there() -> None:
    plan = make(load_example())
    assert plan.settings.own_names == plan.settings.domains
    assert plan.settings.alias_names == plan.settings.mailer_names
