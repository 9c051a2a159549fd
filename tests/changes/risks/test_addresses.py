"""Addresses that vanish, and those whose mail somebody else gets."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from mailwright.changes.personal import impersonal
from mailwright.changes.risks import addresses
from mailwright.site.model import Addressee, InternalDomain, Person, Site
from mailwright.site.read import read
from support.comparing import TODAY, hits, said
from support.example import (
    HERE,
    ROOT,
    example,
    gateway,
    load_example,
    person,
    role,
    whole,
    with_gateway,
    with_person,
    with_role,
)

OLD = load_example()


def somebody(login: str, **parts: object) -> Person:
    """A person of the example, otherwise."""
    return replace(next(one for one in OLD.people if one.login == login), **parts)  # type: ignore[arg-type]


def without(*logins: str) -> Site:
    return example(people=tuple(one for one in OLD.people if one.login not in logins))


def directory() -> Site:
    site = read(ROOT / "inventories" / "directory" / "site.yml").site
    assert site is not None
    return site


# --- address.removed -------------------------------------------------------------------------------------------


def test_who_leaves_is_one_thing_whatever_addresses_they_had() -> None:
    ((severity, sentence),) = said(addresses.removed, OLD, without("al215"))
    assert severity == "low"
    assert sentence == ("1 person leaves: al215; mail to the 2 addresses they had is refused from now on (550)")


def test_many_who_leave_are_counted_and_a_few_named() -> None:
    gone = [one.login for one in OLD.people[-9:]]
    ((severity, sentence),) = said(addresses.removed, OLD, without(*gone))
    assert severity == "low"
    assert sentence.startswith("9 people leave: bg160, gd158, hp415, ic180, ks077 and 4 more; mail to the 9 ")


def test_nobodys_name_stands_in_what_strangers_may_read() -> None:
    (hit,) = hits(addresses.removed, OLD, without("al215"))
    assert impersonal(hit.sentence).startswith("1 person leaves; mail to the 2 addresses")


def test_an_alias_that_goes_while_the_person_stays_weighs_more() -> None:
    ((severity, sentence),) = said(addresses.removed, OLD, with_person(somebody("al215", aliases=())))
    assert severity == "medium"
    assert sentence == (
        "mail to 1 address is refused from now on (550), although the person whose address it was stays: "
        "ada.king@college.ac.uk"
    )


def test_an_internal_address_that_goes() -> None:
    ((severity, sentence),) = said(addresses.removed, OLD, with_person(somebody("km217", internal=())))
    assert severity == "low"
    assert "karlm@chem.college.ac.uk" in sentence


def test_a_programs_address_that_goes() -> None:
    ((severity, sentence),) = said(addresses.removed, OLD, example(automatic_senders=()))
    assert severity == "medium"
    assert sentence == "replies and error messages to web-forms@college.ac.uk are refused from now on (550)"


def test_one_of_those_behind_a_gateway_goes() -> None:
    two = (*gateway().people, Addressee("M.Born@physics.college.ac.uk", "mb@exchange.physics.college.ac.uk", HERE))
    ((severity, sentence),) = said(addresses.removed, with_gateway(people=two), with_gateway())
    assert severity == "low"
    assert "behind the gateway exchange" in sentence
    assert "m.born@physics.college.ac.uk" in sentence


@pytest.mark.parametrize(
    "new",
    [
        pytest.param(with_person(person("zz999")), id="somebody comes"),
        pytest.param(
            with_person(
                somebody("al215", address="Ada.King@college.ac.uk", aliases=("Ada.Lovelace@college.ac.uk",))
            ),
            id="an alias becomes the published address and the other way round",
        ),
        pytest.param(
            with_person(somebody("en042", address="E.N@college.ac.uk", aliases=("Emmy.Noether@college.ac.uk",))),
            id="a new address, and the old one is kept",
        ),
        pytest.param(with_person(somebody("al215", aliases=("ADA.KING@college.ac.uk",))), id="other capitals"),
        pytest.param(with_person(somebody("en042", name="Amalie Noether")), id="another name"),
        pytest.param(example(people=OLD.people[::-1]), id="another order"),
        pytest.param(
            with_role(role("web-forms", "rl204", "ii305", domains=("college.ac.uk",))),
            id="a program's address is a role's too",
        ),
        pytest.param(directory(), id="people are looked up from now on"),
    ],
)
def test_an_address_that_takes_mail_as_before_is_not_removed(new: Site) -> None:
    if any(one.local == "web-forms" for one in new.roles):
        new = replace(new, automatic_senders=())
    assert said(addresses.removed, OLD, new) == []


def test_whoever_the_next_hop_or_the_directory_knows_is_not_removed() -> None:
    assert said(addresses.removed, with_gateway(), with_gateway(recipients="ask", people=())) == []
    assert said(addresses.removed, directory(), directory()) == []
    assert said(addresses.removed, directory(), OLD) == []


def test_a_domain_that_is_a_form_used_inside_from_now_on_keeps_what_it_keeps() -> None:
    domain = replace(OLD.primary, name="old.ac.uk")
    people = (
        person("zz999", "Zed.Z@old.ac.uk"),
        person("zz998", "Zoe.Z@college.ac.uk", aliases=("Zoe.Z@old.ac.uk",)),
    )
    here = replace(OLD, domains=(*OLD.domains, domain), people=(*OLD.people, *people))
    moved = (person("zz999", "Other.Z@college.ac.uk"), person("zz998", "Zoe.Z@college.ac.uk"))
    form_ = InternalDomain("old.ac.uk", "college.ac.uk", None, HERE)
    new = replace(OLD, internal_domains=(form_,), people=(*OLD.people, *moved))
    ((severity, sentence),) = said(addresses.removed, here, new)
    assert severity == "medium"
    assert sentence.endswith(": zed.z@old.ac.uk")


def test_a_form_that_becomes_a_domain_loses_what_is_not_described_there() -> None:
    old = form(None)
    domain = replace(OLD.primary, name="unix3.chem.college.ac.uk")
    found = said(addresses.removed, old, example(domains=(*OLD.domains, domain)))
    assert [severity for severity, _ in found] == ["low"]
    assert "used inside is refused from now on" in found[0][1]


def test_a_domain_or_a_role_that_goes_is_said_by_other_rules() -> None:
    assert said(addresses.removed, with_gateway(), OLD) == []
    assert "webmaster" not in str(said(addresses.removed, OLD, example(roles=OLD.roles[:2], automatic_senders=())))


# --- address.outside -------------------------------------------------------------------------------------------


def test_a_role_is_led_outside() -> None:
    ((severity, sentence),) = said(addresses.outside, OLD, with_role(role("abuse", "rl204", "Desk@Agency.example")))
    assert severity == "high"
    assert sentence == (
        "mail to abuse@chem.college.ac.uk and abuse@college.ac.uk also goes to desk@agency.example, outside the "
        "organisation"
    )
    ((severity, sentence),) = said(addresses.outside, OLD, with_role(role("abuse", "desk@agency.example")))
    assert severity == "high"
    assert " goes to desk@agency.example" in sentence
    assert "also" not in sentence


def test_it_is_seen_through_another_role() -> None:
    support = role("support", "out@elsewhere.example", "ii305", also=("helpdesk",), domains=("college.ac.uk",))
    old = with_role(role("abuse", "rl204", "support@college.ac.uk"))
    new = replace(old, roles=tuple(support if one.local == "support" else one for one in old.roles))
    ((_, sentence),) = said(addresses.outside, old, new)
    assert "abuse@college.ac.uk" in sentence
    assert "helpdesk@college.ac.uk" in sentence


def test_a_program_whose_replies_go_outside() -> None:
    (sender,) = OLD.automatic_senders
    ((severity, sentence),) = said(
        addresses.outside, OLD, example(automatic_senders=(replace(sender, replies="x@agency.example"),))
    )
    assert severity == "high"
    assert sentence.startswith("mail to web-forms@college.ac.uk goes to")


def test_a_persons_address_becomes_a_role_outside() -> None:
    new = with_role(role("Emmy.Noether", "emmy@elsewhere.example", domains=("college.ac.uk",)))
    new = replace(new, people=tuple(one for one in new.people if one.login != "en042"))
    (hit,) = hits(addresses.outside, OLD, new)
    assert impersonal(hit.sentence) == (
        "mail to an address in college.ac.uk goes to an address in elsewhere.example, outside the organisation"
    )


def listed(local: str, *members: str) -> Site:
    lists = tuple(
        replace(row, members=replace(row.members, named=members)) if row.local == local else row
        for row in whole().lists
    )
    return replace(whole(), lists=lists)


def test_a_member_outside_weighs_less_on_a_list_and_least_where_there_were_some() -> None:
    ((severity, _),) = said(
        addresses.outside, listed("helpline", "ab011", "cd140"), listed("helpline", "ab011", "x@agency.example")
    )
    assert severity == "medium"
    more = ("en042", "sr120", "al215", "examiner@partner.ac.uk", "second@partner.ac.uk")
    ((severity, sentence),) = said(addresses.outside, whole(), listed("exams", *more))
    assert severity == "low"
    assert "second@partner.ac.uk" in sentence
    assert "examiner@" not in sentence


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("rl204", "desk@agency.example"), ("desk@agency.example", "rl204")),
        (("rl204", "desk@agency.example"), ("rl204", "Desk@AGENCY.example")),
        (("rl204", "desk@agency.example"), ("rl204", "ii305")),
        (("rl204",), ("rl204", "ops@systems.college.ac.uk")),
        (("rl204",), ("rl204", "helpdesk@college.ac.uk")),
    ],
)
def test_what_stays_inside_or_was_outside_is_silent(before: tuple[str, ...], after: tuple[str, ...]) -> None:
    assert said(addresses.outside, with_role(role("abuse", *before)), with_role(role("abuse", *after))) == []


def test_another_desk_of_the_same_contractor_weighs_less() -> None:
    before = with_role(role("abuse", "rl204", "desk@agency.example"))
    ((severity, _),) = said(addresses.outside, before, with_role(role("abuse", "rl204", "duty@agency.example")))
    assert severity == "medium"
    ((severity, _),) = said(addresses.outside, before, with_role(role("abuse", "rl204", "duty@other.example")))
    assert severity == "high"


def test_a_new_role_that_leads_outside() -> None:
    ((severity, sentence),) = said(addresses.outside, OLD, with_role(role("payroll", "pay@bureau.example")))
    assert severity == "medium"
    assert "payroll@college.ac.uk" in sentence
    known = with_role(role("bursar", "pay@bureau.example"))
    ((severity, _),) = said(
        addresses.outside, known, example(roles=(*known.roles, role("payroll", "pay@bureau.example")))
    )
    assert severity == "low"


def test_a_domain_of_strangers_that_becomes_ours_in_the_same_change_is_outside() -> None:
    site = with_gateway(domains=("evil.example",), people=(Addressee("x@evil.example", "x@evil.example", HERE),))
    abuse = tuple(
        role("abuse", "rl204", "x@evil.example", domains=one.domains) if one.local == "abuse" else one
        for one in site.roles
    )
    ((severity, sentence),) = said(addresses.outside, OLD, replace(site, roles=abuse))
    assert severity == "high"
    assert "x@evil.example" in sentence
    assert said(addresses.outside, site, replace(site, roles=abuse)) == []


def test_a_domain_that_is_ours_no_more_is_outside() -> None:
    old = with_role(role("abuse", "rl204", "km@old.example"))
    domain = replace(OLD.primary, name="old.example")
    here = replace(old, domains=(*old.domains, domain), people=(*old.people, person("zz999", "km@old.example")))
    ((_, sentence),) = said(addresses.outside, here, old)
    assert "km@old.example" in sentence


# --- address.redirected ----------------------------------------------------------------------------------------


def test_a_leavers_address_is_given_to_somebody_else() -> None:
    new = with_person(somebody("en042", aliases=("Alan.Turing@college.ac.uk",)))
    new = replace(new, people=tuple(one for one in new.people if one.login != "at512"))
    assert said(addresses.redirected, OLD, new) == [
        (
            "medium",
            "mail to 1 address that a person had comes to somebody else: alan.turing@college.ac.uk (at512 → en042)",
        )
    ]
    (hit,) = hits(addresses.redirected, OLD, new)
    assert impersonal(hit.sentence) == "mail to 1 address that a person had comes to somebody else"


def test_two_people_who_change_addresses_are_grave() -> None:
    one, other = somebody("en042"), somebody("at512")
    new = with_person(replace(one, address=other.address), replace(other, address=one.address))
    ((severity, sentence),) = said(addresses.redirected, OLD, new)
    assert severity == "high"
    assert "2 addresses of people who stay" in sentence


def test_a_persons_address_that_becomes_a_role_of_others() -> None:
    new = with_role(role("Emmy.Noether", "sr120", "mm147", domains=("college.ac.uk",)))
    new = replace(new, people=tuple(one for one in new.people if one.login != "en042"))
    ((severity, sentence),) = said(addresses.redirected, OLD, new)
    assert severity == "medium"
    assert "(en042 → mm147 and sr120)" in sentence


@pytest.mark.parametrize(
    "new",
    [
        pytest.param(with_person(somebody("en042", address="E.N@college.ac.uk")), id="an address goes"),
        pytest.param(
            with_person(
                somebody("al215", address="Ada.King@college.ac.uk", aliases=("Ada.Lovelace@college.ac.uk",))
            ),
            id="her own addresses change places",
        ),
        pytest.param(
            example(people=tuple(replace(one, login=one.login.replace("en042", "en043")) for one in OLD.people)),
            id="the same person with another login",
        ),
        pytest.param(
            with_role(role("R.Luxemburg", "rl204", "ii305", domains=("college.ac.uk",))),
            id="an alias becomes a role that its owner reads with a colleague",
        ),
        pytest.param(with_role(role("abuse", "wm118", "nn223")), id="other people read a role"),
        pytest.param(directory(), id="people are looked up from now on"),
    ],
)
def test_whoever_keeps_their_mail_is_not_redirected(new: Site) -> None:
    if any(one.local == "R.Luxemburg" for one in new.roles):
        new = replace(
            new, people=tuple(replace(one, aliases=()) if one.login == "rl204" else one for one in new.people)
        )
    assert said(addresses.redirected, OLD, new) == []


# --- form.ended ------------------------------------------------------------------------------------------------


def form(until: date | None) -> Site:
    return example(
        internal_domains=(InternalDomain("unix3.chem.college.ac.uk", "chem.college.ac.uk", until, HERE),)
    )


def test_a_form_of_address_ends() -> None:
    ((severity, sentence),) = said(addresses.form_ended, form(date(2027, 7, 31)), OLD)
    assert severity == "medium"
    assert "which was to be taken until 2027-07-31" in sentence
    ((severity, sentence),) = said(addresses.form_ended, form(None), OLD)
    assert severity == "medium"
    assert sentence == "mail to addresses in unix3.chem.college.ac.uk is refused from now on"


def test_a_form_that_was_over_weighs_little() -> None:
    assert date(2026, 7, 31) < TODAY
    ((severity, sentence),) = said(addresses.form_ended, form(date(2026, 7, 31)), OLD)
    assert severity == "low"
    assert "whose last day was 2026-07-31" in sentence


def test_a_form_that_is_promised_for_less_time() -> None:
    ((severity, _),) = said(addresses.form_ended, form(None), form(date(2027, 7, 31)))
    assert severity == "low"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (OLD, form(date(2027, 7, 31))),
        (form(date(2027, 7, 31)), form(date(2027, 12, 31))),
        (form(date(2027, 7, 31)), form(None)),
    ],
)
def test_a_form_that_is_taken_as_long_or_longer_is_silent(old: Site, new: Site) -> None:
    assert said(addresses.form_ended, old, new) == []


# --- gateway.moved, gateway.removed ----------------------------------------------------------------------------


def test_a_domain_goes_to_another_system() -> None:
    new = with_gateway(next_hop="mail2.physics.college.ac.uk")
    assert said(addresses.gateway_moved, with_gateway(), new) == [
        (
            "medium",
            "mail for physics.college.ac.uk goes to mail2.physics.college.ac.uk instead of "
            "exchange.physics.college.ac.uk",
        )
    ]
    ((severity, sentence),) = said(
        addresses.gateway_moved, with_gateway(), with_gateway(next_hop="mx.cloud.example")
    )
    assert severity == "high"
    assert "outside the organisation" in sentence


@pytest.mark.parametrize(
    ("address", "severity"), [("198.51.100.77", "medium"), ("2001:db8:c011::77", "medium"), ("192.0.2.77", "high")]
)
def test_a_system_that_is_named_by_its_address_is_outside_unless_on_the_campus(address: str, severity: str) -> None:
    new = with_gateway(next_hop=address, tls="encrypt")
    ((found, sentence),) = said(addresses.gateway_moved, with_gateway(tls="encrypt"), new)
    assert found == severity
    assert ("outside the organisation" in sentence) == (severity == "high")


def test_a_domain_that_was_kept_here_goes_behind_a_gateway() -> None:
    domains = (*OLD.domains, replace(OLD.primary, name="physics.college.ac.uk"))
    here = replace(with_gateway(), gateways=(), domains=domains)
    ((severity, sentence),) = said(addresses.gateway_moved, here, with_gateway())
    assert severity == "medium"
    assert "instead of the mailboxes here" in sentence


@pytest.mark.parametrize(
    "new",
    [
        with_gateway(next_hop="Exchange.physics.college.ac.uk"),
        with_gateway(name="other"),
        with_gateway(clients=()),
        with_gateway(recipients="ask", people=()),
    ],
)
def test_the_same_system_is_no_move(new: Site) -> None:
    assert said(addresses.gateway_moved, with_gateway(), new) == []
    assert said(addresses.gateway_removed, with_gateway(), new) == []


def test_a_new_domain_behind_a_gateway_is_no_move() -> None:
    assert said(addresses.gateway_moved, OLD, with_gateway()) == []


def test_a_gateway_goes_and_its_domain_stays() -> None:
    new = replace(with_gateway(), gateways=())
    ((severity, sentence),) = said(addresses.gateway_removed, with_gateway(), new)
    assert severity == "high"
    assert sentence.endswith("of the addresses behind it are refused from now on (k.marx@physics.college.ac.uk)")
    ((severity, sentence),) = said(addresses.gateway_removed, with_gateway(recipients="ask", people=()), new)
    assert severity == "high"
    assert "is not known" in sentence


def test_a_gateway_whose_people_have_mailboxes_here_weighs_less() -> None:
    new = replace(with_gateway(), gateways=())
    new = replace(new, people=(*new.people, person("km218", "K.Marx@physics.college.ac.uk")))
    ((severity, sentence),) = said(addresses.gateway_removed, with_gateway(), new)
    assert severity == "medium"
    assert "everybody behind it has a mailbox here instead" in sentence


def test_a_gateway_that_goes_with_its_domain_is_said_by_the_domain() -> None:
    assert said(addresses.gateway_removed, with_gateway(), OLD) == []
