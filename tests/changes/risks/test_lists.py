"""Distribution lists: who may post, who says who is on them, and who looks after them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailwright.changes.personal import impersonal
from mailwright.changes.risks import lists
from mailwright.site.model import DistributionList, ListServer, Membership, Site
from support.comparing import hits, said
from support.example import HERE, role, whole

WHOLE = whole()


def one(local: str) -> DistributionList:
    return next(row for row in WHOLE.lists if row.local == local)


def other(local: str, **parts: object) -> Site:
    """The whole site with one of its lists otherwise."""
    rows = (replace(row, **parts) if row.local == local else row for row in WHOLE.lists)  # type: ignore[arg-type]
    return replace(WHOLE, lists=tuple(rows))


def without(*locals_: str) -> Site:
    return replace(WHOLE, lists=tuple(row for row in WHOLE.lists if row.local not in locals_))


# --- list.widened ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "severity", "words"),
    [
        pytest.param(
            WHOLE,
            other("physics", post=("anyone",)),
            "high",
            "physics@college.ac.uk: anyone may post, and nobody looks at it first",
            id="anyone",
        ),
        pytest.param(
            WHOLE,
            other("helpline", moderated=False),
            "high",
            "helpline@college.ac.uk: posts wait for no moderator any more; anyone may post, and nobody looks",
            id="no moderator where anyone may post",
        ),
        pytest.param(
            WHOLE, other("physics", post=("organisation",)), "medium", "organisation may post", id="organisation"
        ),
        pytest.param(WHOLE, other("all-staff", post=("members",)), "medium", "members may post", id="members"),
        pytest.param(
            WHOLE,
            other("physics", post=("anyone",), moderated=True),
            "medium",
            "anyone may post, once a moderator lets it through",
            id="anyone, with a moderator",
        ),
        pytest.param(
            WHOLE,
            other("exams", post=("members", "registrar@partner.ac.uk", "dean@partner.ac.uk")),
            "medium",
            "dean@partner.ac.uk may post",
            id="somebody outside",
        ),
        pytest.param(
            WHOLE,
            other("physics", post=("members", "rl204")),
            "low",
            "rosa.luxemburg@college.ac.uk may post",
            id="somebody inside",
        ),
        pytest.param(
            other("exams", moderated=True),
            WHOLE,
            "medium",
            "posts wait for no moderator any more; ",
            id="no moderator where members may post",
        ),
    ],
)
def test_more_people_may_post(old: Site, new: Site, severity: str, words: str) -> None:
    ((found, sentence),) = said(lists.widened, old, new)
    assert found == severity
    assert words in sentence


def test_a_persons_address_is_left_out_for_strangers() -> None:
    (hit,) = hits(lists.widened, WHOLE, other("physics", post=("members", "rl204")))
    assert "rosa" not in impersonal(hit.sentence)
    assert hit.sentence.startswith("physics@college.ac.uk: ")


def test_lists_that_are_widened_alike_are_one_hit() -> None:
    rows = tuple(
        replace(row, post=("organisation",)) if row.local in ("physics", "all-staff") else row
        for row in WHOLE.lists
    )
    ((severity, sentence),) = said(lists.widened, WHOLE, replace(WHOLE, lists=rows))
    assert severity == "medium"
    assert sentence == "all-staff@college.ac.uk and physics@college.ac.uk: organisation may post"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(WHOLE, other("physics", title="Physik"), id="another title"),
        pytest.param(WHOLE, other("news", post=("members",)), id="narrower"),
        pytest.param(WHOLE, other("physics", moderated=True), id="a moderator"),
        pytest.param(WHOLE, other("exams", post=("registrar@partner.ac.uk", "members")), id="another order"),
        pytest.param(WHOLE, other("news", post=("organisation", "rl204")), id="somebody of those who may anyway"),
        pytest.param(WHOLE, other("physics", post=("members", "jb143")), id="a member by name"),
        pytest.param(WHOLE, other("all-staff", post=("managers", "rl204")), id="an owner by name"),
        pytest.param(WHOLE, other("all-staff", moderated=True), id="managers wait for nobody"),
        pytest.param(other("all-staff", moderated=True), WHOLE, id="nor before"),
        pytest.param(WHOLE, other("physics", owners=("jb143", "cw130", "rl204")), id="one more owner"),
        pytest.param(
            WHOLE,
            other("exams", members=replace(one("exams").members, named=("en042", "mm147"))),
            id="other members",
        ),
        pytest.param(WHOLE, replace(WHOLE, lists=WHOLE.lists[::-1]), id="lists in another order"),
    ],
)
def test_nobody_else_may_post(old: Site, new: Site) -> None:
    assert said(lists.widened, old, new) == []


def test_a_new_list_that_is_open_to_anyone() -> None:
    new = replace(one("news"), local="open", post=("anyone",))
    ((severity, sentence),) = said(lists.widened, WHOLE, replace(WHOLE, lists=(*WHOLE.lists, new)))
    assert severity == "medium"
    assert "anyone may post to a new list" in sentence
    moderated = replace(new, moderated=True)
    assert said(lists.widened, WHOLE, replace(WHOLE, lists=(*WHOLE.lists, moderated))) == []


# --- list.removed ----------------------------------------------------------------------------------------------


def test_a_list_goes() -> None:
    assert said(lists.removed, WHOLE, without("physics")) == [
        ("medium", "the list physics@college.ac.uk is gone, and posts to it are refused (550)")
    ]
    ((_, sentence),) = said(lists.removed, WHOLE, without("physics", "news"))
    assert sentence.startswith("2 lists are gone (news@college.ac.uk and physics@college.ac.uk)")


def test_members_that_owners_keep_go_with_the_host() -> None:
    keeper = WHOLE.hosts[0]
    gone = replace(
        keeper,
        name="new.college.ac.uk",
        addresses=tuple(address + 50 for address in keeper.addresses),
    )
    new = replace(without("news", "physics"), hosts=(gone, *WHOLE.hosts[1:]))
    assert [severity for severity, _ in said(lists.removed, WHOLE, new)] == ["high", "medium"]


def test_a_list_whose_address_is_a_role_from_now_on_weighs_little() -> None:
    new = without("helpline")
    ((severity, _),) = said(
        lists.removed,
        WHOLE,
        replace(new, roles=(*new.roles, role("helpline", "ab011", "cd140", domains=("college.ac.uk",)))),
    )
    assert severity == "low"


def test_a_list_that_is_only_called_otherwise_in_its_title_stays() -> None:
    assert said(lists.removed, WHOLE, other("physics", title="Physik")) == []
    assert said(lists.removed, without("physics"), WHOLE) == []


# --- list.membership -------------------------------------------------------------------------------------------


def test_the_description_takes_over_from_the_owners_and_drops_people() -> None:
    ((severity, sentence),) = said(lists.membership, WHOLE, other("news", members=Membership(named=("st076",))))
    assert severity == "medium"
    assert sentence == (
        "the description says who is on news@college.ac.uk, and no more the owners; everybody else is dropped"
    )


def test_owners_take_over_and_nobody_is_dropped() -> None:
    ((severity, sentence),) = said(lists.membership, WHOLE, other("exams", members=Membership(by_owners=True)))
    assert severity == "low"
    assert sentence.startswith("the owners say who is on exams@college.ac.uk")


@pytest.mark.parametrize(
    "new",
    [
        other("exams", members=replace(one("exams").members, named=("en042",))),
        other("physics", members=Membership(named=("jb143", "cw130"))),
        other("news", title="Neues"),
    ],
)
def test_other_members_in_the_same_place_are_no_handing_over(new: Site) -> None:
    assert said(lists.membership, WHOLE, new) == []


# --- list.one-owner --------------------------------------------------------------------------------------------


def test_one_owner_is_left() -> None:
    ((severity, sentence),) = said(lists.one_owner, WHOLE, other("physics", owners=("jb143",)))
    assert severity == "low"
    assert sentence == "one person alone looks after physics@college.ac.uk from now on"


def test_an_owner_whose_address_takes_no_mail_is_none() -> None:
    ((severity, sentence),) = said(lists.one_owner, WHOLE, other("physics", owners=("gone@college.ac.uk",)))
    assert severity == "medium"
    assert sentence == "nobody who takes mail looks after physics@college.ac.uk from now on"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (WHOLE, other("physics", owners=("cw130", "jb143"))),
        (WHOLE, other("physics", owners=("webmaster@college.ac.uk",))),
        (WHOLE, other("physics", owners=("rl204", "fr032"))),
        (other("physics", owners=("jb143",)), other("physics", owners=("cw130",))),
        (other("physics", owners=("jb143",)), WHOLE),
    ],
)
def test_two_owners_or_a_role_are_enough(old: Site, new: Site) -> None:
    assert said(lists.one_owner, old, new) == []


# --- list.moved ------------------------------------------------------------------------------------------------


def test_another_database_knows_nothing_of_what_owners_keep() -> None:
    ((severity, sentence),) = said(lists.moved, WHOLE, replace(WHOLE, list_server=ListServer("postgresql", HERE)))
    assert severity == "high"
    assert sentence == (
        "5 lists are kept in another database (postgresql); who is on news@college.ac.uk is not known there"
    )


def test_another_host() -> None:
    keeper, web = WHOLE.hosts
    plain = replace(keeper, functions=("mx", "submission", "store"))
    other_ = replace(keeper, name="lists.college.ac.uk", addresses=tuple(one + 50 for one in keeper.addresses))
    new = replace(without("news"), hosts=(plain, replace(other_, functions=("mx", "lists")), web))
    ((severity, sentence),) = said(lists.moved, without("news"), new)
    assert severity == "medium"
    assert sentence.startswith("4 lists are kept on lists.college.ac.uk")


def test_the_same_host_under_another_name_moves_nothing() -> None:
    keeper, web = WHOLE.hosts
    assert said(lists.moved, WHOLE, replace(WHOLE, hosts=(replace(keeper, name="mx.college.ac.uk"), web))) == []
    assert said(lists.moved, WHOLE, without("news")) == []
