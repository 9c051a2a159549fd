"""Role addresses that vanish, and roles that hang on one person."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailwright.changes.personal import impersonal
from mailwright.changes.risks import roles
from mailwright.site.model import Site
from mailwright.site.read import read
from support.comparing import hits, said
from support.example import (
    ROOT,
    example,
    load_example,
    role,
    whole,
    with_gateway,
    with_person,
    with_role,
    without_role,
)

OLD = load_example()
QUIET = example(automatic_senders=())


def without(local: str) -> Site:
    return replace(without_role(local), automatic_senders=())


# --- role.lost -------------------------------------------------------------------------------------------------


def test_a_role_goes() -> None:
    assert said(roles.lost, QUIET, without("webmaster")) == [
        (
            "high",
            "webmaster@chem.college.ac.uk and webmaster@college.ac.uk are role addresses no more, and mail is "
            "refused (550)",
        )
    ]


def test_a_role_goes_from_one_domain_alone() -> None:
    new = with_role(role("abuse", "rl204", "ii305", domains=("college.ac.uk",)))
    ((severity, sentence),) = said(roles.lost, OLD, new)
    assert severity == "high"
    assert sentence.startswith("abuse@chem.college.ac.uk is a role address no more")


def test_another_name_of_a_role_that_stays_weighs_less() -> None:
    new = with_role(role("support", "ii305", "wm118", "nn223", domains=("college.ac.uk",)))
    ((severity, sentence),) = said(roles.lost, OLD, new)
    assert severity == "medium"
    assert "helpdesk@college.ac.uk" in sentence
    assert "still reached by another name" in sentence


def test_a_prescribed_name_is_grave_although_the_role_stays() -> None:
    new = with_role(role("helpdesk", "ii305", "wm118", "nn223", domains=("college.ac.uk",)))
    new = replace(new, roles=tuple(one for one in new.roles if one.local != "support"))
    ((severity, sentence),) = said(roles.lost, OLD, new)
    assert severity == "high"
    assert sentence.startswith("support@college.ac.uk is")


def test_a_role_that_no_standard_names() -> None:
    ((severity, sentence),) = said(roles.lost, with_role(role("admissions", "fr032", "rl204")), OLD)
    assert severity == "high"
    assert "admissions@college.ac.uk" in sentence


@pytest.mark.parametrize(
    "new",
    [
        pytest.param(
            with_role(
                role("help", "ii305", "wm118", "nn223", also=("support", "helpdesk"), domains=("college.ac.uk",))
            ),
            id="its names are other names of a role that is called otherwise",
        ),
        pytest.param(example(roles=OLD.roles[::-1]), id="another order"),
        pytest.param(with_role(role("Webmaster", "ii305", "wm118")), id="other capitals"),
    ],
)
def test_a_role_under_the_same_addresses_is_not_lost(new: Site) -> None:
    locals_ = [one.local.lower() for one in new.roles]
    if "help" in locals_:
        new = replace(new, roles=tuple(one for one in new.roles if one.local != "support"))
    if locals_.count("webmaster") > 1:
        new = replace(new, roles=tuple(one for one in new.roles if one.local != "webmaster"))
    assert said(roles.lost, OLD, new) == []


def test_a_role_goes_with_its_domain_without_a_word() -> None:
    assert said(roles.lost, with_gateway(), OLD) == []


def test_a_role_that_becomes_a_list_is_lost_to_those_who_may_not_post() -> None:
    first = replace(whole().lists[0], local="admissions")
    old = replace(whole(), roles=with_role(role("admissions", "fr032", domains=("college.ac.uk",))).roles)
    new = replace(whole(), lists=(*whole().lists, first))
    ((severity, sentence),) = said(roles.lost, old, new)
    assert severity == "high"
    assert sentence.startswith(
        "admissions@college.ac.uk is a list from now on, and mail to it is refused from whoever"
    )
    open_ = replace(first, post=("anyone",), moderated=True)
    assert said(roles.lost, old, replace(new, lists=(*whole().lists, open_))) == []


# --- role.one-person -------------------------------------------------------------------------------------------


def test_a_role_is_left_with_one() -> None:
    ((severity, sentence),) = said(roles.one_person, OLD, with_role(role("abuse", "rl204")))
    assert severity == "medium"
    assert sentence == (
        "abuse@chem.college.ac.uk and abuse@college.ac.uk reach rl204 (Rosa Luxemburg) alone from now on"
    )
    (hit,) = hits(roles.one_person, OLD, with_role(role("abuse", "rl204")))
    assert impersonal(hit.sentence).endswith("reach one person alone from now on")


def test_the_same_person_twice_is_one() -> None:
    ((severity, _),) = said(roles.one_person, OLD, with_role(role("abuse", "rl204", "R.Luxemburg@college.ac.uk")))
    assert severity == "medium"


def test_a_role_that_another_one_leads_to_is_counted_too() -> None:
    old = with_role(role("abuse", "support@college.ac.uk"))
    support = role("support", "wm118", also=("helpdesk",), domains=("college.ac.uk",))
    new = replace(old, roles=tuple(support if one.local == "support" else one for one in old.roles))
    ((_, sentence),) = said(roles.one_person, old, new)
    assert sentence.startswith(
        "abuse@chem.college.ac.uk, abuse@college.ac.uk, helpdesk@college.ac.uk and support@college.ac.uk reach "
        "wm118"
    )


def test_a_role_that_becomes_one_persons_alias() -> None:
    km = next(one for one in QUIET.people if one.login == "km217")
    new = replace(
        without("hostmaster"), people=with_person(replace(km, aliases=("hostmaster@college.ac.uk",))).people
    )
    ((_, sentence),) = said(roles.one_person, QUIET, new)
    assert sentence.startswith("hostmaster@college.ac.uk reaches km217")


def test_a_role_of_any_name_that_becomes_one_persons_alias() -> None:
    old = with_role(role("registry", "fr032", "rl204", domains=("college.ac.uk",)))
    new = with_person(
        replace(next(one for one in OLD.people if one.login == "fr032"), aliases=("registry@college.ac.uk",))
    )
    ((severity, sentence),) = said(roles.one_person, old, new)
    assert severity == "medium"
    assert sentence.startswith("registry@college.ac.uk reaches fr032")
    (hit,) = hits(roles.one_person, old, new)
    assert impersonal(hit.sentence) == "an address in college.ac.uk reaches one person alone from now on"
    assert said(roles.one_person, OLD, new) == []


def test_a_role_that_leads_to_an_empty_list_reaches_nobody() -> None:
    def with_members(*named: str) -> Site:
        row = whole().lists[2]
        lists = tuple(
            replace(one, members=replace(one.members, named=named)) if one is row else one for one in whole().lists
        )
        abuse = role("abuse", "exams@college.ac.uk")
        return replace(
            whole(), lists=lists, roles=tuple(abuse if one.local == "abuse" else one for one in whole().roles)
        )

    ((severity, sentence),) = said(roles.one_person, with_members("en042", "sr120"), with_members())
    assert severity == "high"
    assert "reach nobody any more" in sentence


def test_a_new_role_with_one_person_weighs_little() -> None:
    ((severity, sentence),) = said(roles.one_person, OLD, with_role(role("admissions", "fr032")))
    assert severity == "low"
    assert not sentence.endswith("from now on")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("rl204", "ii305"), ("wm118", "nn223")),
        (("rl204", "ii305"), ("ii305", "rl204")),
        (("rl204", "ii305"), ("support@college.ac.uk",)),
        (("rl204", "ii305"), ("rl204", "team@agency.example")),
        (("rl204",), ("ii305",)),
        (("rl204", "ii305", "wm118"), ("rl204", "ii305")),
        (("rl204",), ("rl204", "ii305")),
    ],
)
def test_two_or_a_team_are_enough_and_one_before_is_nothing_new(
    before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    assert said(roles.one_person, with_role(role("abuse", *before)), with_role(role("abuse", *after))) == []


def test_logins_that_the_directory_knows_are_people() -> None:
    site = read(ROOT / "inventories" / "directory" / "site.yml").site
    assert site is not None
    assert said(roles.one_person, OLD, site) == []
    one = replace(site, roles=tuple(role("abuse", "rl204") if row.local == "abuse" else row for row in site.roles))
    ((severity, sentence),) = said(roles.one_person, site, one)
    assert severity == "medium"
    assert "reach rl204 alone" in sentence
