"""What people are shown, told and promised."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailwright.changes.risks import papers
from mailwright.site.model import Published, ServiceDesk, Site
from support.comparing import plan, said
from support.example import HERE, example, load_example, whole

OLD = load_example()
WHOLE = whole()


# --- book.widened, web.widened ---------------------------------------------------------------------------------


def test_those_who_did_not_agree_are_shown() -> None:
    shy = ("km217", "rl204", "ii305")
    people = tuple(replace(one, listed=None if one.login in shy else True) for one in WHOLE.people)
    old = replace(WHOLE, people=people)
    ((severity, sentence),) = said(papers.book, old, replace(old, address_book="everybody"))
    assert severity == "medium"
    assert sentence == "the address book shows everybody who did not say no: 3 people more"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (WHOLE, replace(WHOLE, address_book="nobody")),
        (replace(WHOLE, address_book="nobody"), WHOLE),
        (
            replace(WHOLE, address_book="everybody"),
            replace(WHOLE, address_book="everybody", people=WHOLE.people[::-1]),
        ),
        (WHOLE, replace(WHOLE, people=tuple(replace(one, listed=True) for one in WHOLE.people))),
    ],
)
def test_whoever_agreed_may_be_shown(old: Site, new: Site) -> None:
    new = replace(new, lists=old.lists)
    assert said(papers.book, old, new) == []


def test_pages_are_served_to_more() -> None:
    old = plan(WHOLE)
    wide = replace(
        old, web=tuple(replace(row, readers="everybody") if row.use == "pages" else row for row in old.web)
    )
    ((severity, sentence),) = said(papers.web, old, wide)
    assert severity == "medium"
    assert sentence == (
        "https://www.college.ac.uk/ is served to everybody in the world, not only to everybody on the campus"
    )
    assert said(papers.web, wide, old) == []
    assert said(papers.web, old, old) == []


# --- document.lost ---------------------------------------------------------------------------------------------


def published(*names: str) -> Site:
    return example(
        published=tuple(Published(name, f"https://www.college.ac.uk/{name}", None, HERE) for name in names)
    )


def test_the_privacy_statement_is_published_nowhere_any_more() -> None:
    ((severity, sentence),) = said(papers.document, published("privacy", "faq"), published("faq"))
    assert severity == "medium"
    assert sentence == "1 document is published nowhere any more: privacy"
    ((severity, _),) = said(papers.document, published("privacy", "faq"), published("privacy"))
    assert severity == "low"


def test_a_document_elsewhere_is_not_lost() -> None:
    elsewhere = replace(published("privacy").published[0], url="https://help.college.ac.uk/privacy")
    assert said(papers.document, published("privacy"), example(published=(elsewhere,))) == []
    assert said(papers.document, OLD, published("privacy")) == []
    assert said(papers.document, WHOLE, replace(WHOLE, published=WHOLE.published[::-1])) == []


# --- attestation.dropped ---------------------------------------------------------------------------------------


def test_nobody_vouches_any_more() -> None:
    new = example(attestations=tuple(one for one in OLD.attestations if one.requirement == "AUDIT-6"))
    assert said(papers.attestation, OLD, new) == [("low", "nobody vouches for AUDIT-5 and ROLE-3 any more")]


def test_a_new_word_for_the_old_one_is_no_loss() -> None:
    new = tuple(replace(one, owner="Karl Marx", statement="Seen again.") for one in OLD.attestations[::-1])
    assert said(papers.attestation, OLD, example(attestations=new)) == []
    assert said(papers.attestation, example(attestations=()), OLD) == []


# --- contact.few, desk.lost ------------------------------------------------------------------------------------


def contacts(*numbers: int) -> Site:
    organisation = replace(OLD.organisation, contacts=tuple(OLD.organisation.contacts[n] for n in numbers))
    return example(organisation=organisation)


@pytest.mark.parametrize(
    ("old", "new", "severity"),
    [((0, 1), (0,), "medium"), ((0, 1), (0, 0), "medium"), ((0, 1), (), "high"), ((0,), (), "high")],
)
def test_contacts_that_are_too_few(old: tuple[int, ...], new: tuple[int, ...], severity: str) -> None:
    ((found, sentence),) = said(papers.contacts, contacts(*old), contacts(*new))
    assert found == severity
    assert sentence == ("one technical contact is left" if new else "no technical contact is left")


@pytest.mark.parametrize(("old", "new"), [((0, 1), (1, 0)), ((0,), (1,)), ((0,), (0, 1)), ((), (0,))])
def test_contacts_that_are_as_many(old: tuple[int, ...], new: tuple[int, ...]) -> None:
    assert said(papers.contacts, contacts(*old), contacts(*new)) == []


def test_a_contact_with_another_telephone_is_still_one() -> None:
    first, second = OLD.organisation.contacts
    organisation = replace(OLD.organisation, contacts=(replace(first, telephone="+44 1632 960199"), second))
    assert said(papers.contacts, OLD, example(organisation=organisation)) == []


def test_no_service_desk_any_more() -> None:
    none = example(organisation=replace(OLD.organisation, service_desk=None))
    ((severity, _),) = said(papers.desk, OLD, none)
    assert severity == "low"
    desk = OLD.organisation.service_desk
    assert isinstance(desk, ServiceDesk)
    later = replace(OLD.organisation, service_desk=replace(desk, hours="Monday to Saturday"))
    assert said(papers.desk, OLD, example(organisation=later)) == []
    assert said(papers.desk, none, OLD) == []


# --- agreement.shorter -----------------------------------------------------------------------------------------


def agreed(**parts: str) -> Site:
    assert WHOLE.agreement is not None
    return replace(WHOLE, agreement=replace(WHOLE.agreement, **parts))


def test_the_agreement_says_less() -> None:
    assert said(papers.agreement, WHOLE, agreed(escalation="", faults="")) == [
        ("low", "the service agreement says nothing any more about faults and escalation")
    ]
    ((severity, sentence),) = said(papers.agreement, WHOLE, replace(WHOLE, agreement=None))
    assert severity == "medium"
    assert "availability" in sentence


def test_other_words_and_more_of_them_are_for_people_to_judge() -> None:
    assert said(papers.agreement, WHOLE, agreed(availability="99.9 %")) == []
    assert said(papers.agreement, agreed(faults=""), WHOLE) == []
    assert said(papers.agreement, replace(WHOLE, agreement=None), WHOLE) == []
