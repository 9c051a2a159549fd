"""Lists, who is on them, and what the site's mailers do for them."""

from __future__ import annotations

import time
from dataclasses import replace
from ipaddress import ip_network

import pytest

from mailwright.findings import Place
from mailwright.plan import PlanError, make
from mailwright.plan import lists as planned
from mailwright.plan.invariants import breaches
from mailwright.plan.model import Plan
from mailwright.site.distribution import circles
from mailwright.site.model import AutomaticSender, DistributionList, Membership, Role, Site
from support.example import HERE, example, load_example, person, whole, with_everything

MAIL = "mail.college.ac.uk"


def described(local: str, *members: str, **parts: object) -> DistributionList:
    plain = DistributionList(
        local=local,
        domain="college.ac.uk",
        title=local,
        owners=("rl204",),
        moderators=(),
        members=Membership(named=members),
        post=("members",),
        moderated=False,
        where=HERE,
    )
    return replace(plain, **parts)  # type: ignore[arg-type]


def site_with(*lists: DistributionList, **parts: object) -> Site:
    return replace(whole(), lists=lists, **parts)  # type: ignore[arg-type]


def members_of(plan: Plan, local: str) -> list[str]:
    return [row.member for row in plan.members if row.list == f"{local}@college.ac.uk"]


def faults(site: Site) -> list[tuple[str, str]]:
    with pytest.raises(PlanError) as caught:
        make(site)
    return [(finding.id.removeprefix("plan."), finding.message) for finding in caught.value.findings]


def test_everybody_of_a_department_and_those_who_are_named() -> None:
    plan = make(whole())
    assert members_of(plan, "physics") == sorted(
        one.address.lower() for one in whole().people if one.department == "Physics"
    )
    assert members_of(plan, "exams") == [
        "ada.lovelace@college.ac.uk",
        "emmy.noether@college.ac.uk",
        "examiner@partner.ac.uk",
        "srinivasa.ramanujan@college.ac.uk",
    ]
    assert members_of(plan, "news") == []
    known = {row.address.partition("@")[0]: row.known for row in plan.lists}
    assert known == {
        "physics": "build",
        "all-staff": "build",
        "exams": "build",
        "helpline": "build",
        "news": "live",
    }
    (exams,) = (row for row in plan.lists if row.address.startswith("exams@"))
    assert exams.post == ("members", "registrar@partner.ac.uk")
    assert exams.moderators == exams.owners == ("emmy.noether@college.ac.uk", "fr03200@college.ac.uk")


def test_somebody_by_login_address_and_alias_is_one_member() -> None:
    plan = make(
        site_with(described("x", "al215", "Ada.Lovelace@college.ac.uk", "ada.king@College.ac.uk", "A@b.Example"))
    )
    assert members_of(plan, "x") == ["A@b.Example", "ada.lovelace@college.ac.uk"]


def test_two_attributes_are_both_asked_for() -> None:
    both = Membership(attributes=(("department", "Sport"), ("category", "student")))
    neither = Membership(attributes=(("department", "Physics"), ("category", "student")))
    plan = make(site_with(described("x", members=both), described("y", members=neither)))
    assert members_of(plan, "x") == ["katarzyna.swiatek@college.ac.uk", "mo.okonkwo@college.ac.uk"]
    assert members_of(plan, "y") == []


def test_each_list_has_nine_addresses_that_lead_to_the_list_server() -> None:
    addresses = {row.address for row in make(site_with(described("x"))).routes if row.kind == "list"}
    assert addresses == {
        f"x{further}@college.ac.uk" for further in ("", *(f"-{word}" for word in planned.ADDRESSES))
    }


def test_a_site_without_lists_has_nothing_of_them() -> None:
    plan = make(load_example())
    assert not plan.lists
    assert not plan.members
    assert all(row.check != "milter:poster" for row in plan.policies)
    assert all(row.port not in (planned.INWARD, planned.OUTWARD) for row in plan.openings)
    assert {row.port for row in plan.grants} == {587, 465}


# --- Mailers ---------------------------------------------------------------------------------------------------


def test_every_listener_for_mail_says_who_sent_a_post() -> None:
    plan = make(with_everything())
    doors = {(row.host.partition(".")[0], row.port) for row in plan.policies if row.check == "milter:poster"}
    assert doors == {("mail", 25), ("mx2", 25), ("smtp", 587), ("smtp", 465)}
    assert breaches(plan) == ()


def test_one_host_takes_no_posts_from_others() -> None:
    plan = make(whole())
    assert {row.port for row in plan.policies if row.host == MAIL} == {25, 465, 587, planned.OUTWARD}
    assert all(row.service != "lists" for row in plan.listeners)


def test_the_other_mailers_alone_hand_over_posts() -> None:
    plan = make(with_everything())
    (opening,) = (row for row in plan.openings if row.port == 10025)
    others = {address for host in plan.hosts if host.name[:4] in ("mx2.", "smtp") for address in host.addresses}
    assert {peer.network_address for peer in opening.peers} == others
    checks = [(row.stage, row.check) for row in plan.policies if row.port == 10025]
    assert ("relay", "reject_unauth_destination") in checks


def test_the_loopback_ports_are_for_one_user_each() -> None:
    plan = make(whole())
    here = (ip_network("127.0.0.1/32"),)
    users = {
        (row.port, row.user, row.peers) for row in plan.openings if row.host == MAIL and row.direction == "out"
    }
    assert users >= {(10026, "list", here), (8024, "postfix", here)}
    (grant,) = (row for row in plan.grants if row.port == 10026)
    assert str(grant.clients) == "127.0.0.1/32"
    assert breaches(plan) == ()


def test_what_would_open_the_lists_to_forgers_is_no_plan() -> None:
    plan = make(with_everything())
    for without in (
        replace(plan, policies=tuple(row for row in plan.policies if row.check != "milter:poster")),
        replace(plan, openings=tuple(row for row in plan.openings if row.port != 8024)),
        replace(plan, openings=tuple(replace(row, user="") if row.port == 10026 else row for row in plan.openings)),
    ):
        assert {breach.id for breach in breaches(without)} == {"poster-unsaid"}
    for stage, port in (("relay", 10025), ("relay", 10026)):
        kept = tuple(row for row in plan.policies if (row.stage, row.port) != (stage, port))
        assert "relay-open" in {breach.id for breach in breaches(replace(plan, policies=kept))}
    ungranted = replace(plan, grants=tuple(row for row in plan.grants if row.port != 10026))
    assert {breach.id for breach in breaches(ungranted)} == {"relay-open"}


# --- Faults ----------------------------------------------------------------------------------------------------


def test_lists_want_one_host_that_is_a_mailer() -> None:
    mail, www = whole().hosts
    for hosts in (
        (replace(mail, functions=("mx", "submission", "store")), www),
        (mail, replace(www, functions=("web", "mx", "lists"))),
        (replace(mail, functions=("mx", "submission", "store")), replace(www, functions=("web", "lists"))),
    ):
        assert [id_ for id_, _ in faults(replace(whole(), hosts=hosts))] == ["list-host"]


def test_lists_want_the_release_on_which_they_were_tried() -> None:
    mail, www = whole().hosts
    ((id_, message),) = faults(replace(whole(), hosts=(replace(mail, os="debian-12"), www)))
    assert id_ == "list-release"
    assert "debian-13" in message
    assert make(example(hosts=(replace(load_example().hosts[0], os="debian-12"),)))


def test_a_name_that_is_taken_or_that_mailman_reads_as_another() -> None:
    for local in ("postmaster", "su04417", "ada.king", "root"):
        found = faults(site_with(described(local)))
        assert [id_ for id_, _ in found] == ["list-name" if local == "root" else "address-twice"], local
    assert [id_ for id_, _ in faults(site_with(described("x"), described("x-owner")))] == ["list-name"]
    owner = person("zz1", "x-owner@college.ac.uk")
    assert [id_ for id_, _ in faults(site_with(described("x"), people=(*whole().people, owner)))] == [
        "address-twice"
    ]
    assert make(site_with(described("x"), described("x-owners")))


def test_a_list_twice_and_a_list_elsewhere() -> None:
    assert [id_ for id_, _ in faults(site_with(described("x"), described("x")))] == ["list-twice"]
    assert [id_ for id_, _ in faults(site_with(described("x", domain="other.example")))] == ["list-domain"]
    assert make(site_with(described("x"), described("x", domain="chem.college.ac.uk")))


def test_logins_that_nobody_has() -> None:
    nobody = described("x", "gone1", owners=("gone2",), moderators=("gone3",), post=("members", "gone4"))
    assert sorted(message.split()[5].strip(",") for _, message in faults(site_with(nobody))) == [
        "gone1",
        "gone2",
        "gone3",
        "gone4",
    ]


def test_a_circle_is_named_whole_with_the_place_that_closes_it() -> None:
    at = Place("lists.csv", 7, 1)
    third = Membership(named=("al215", "A@College.ac.uk"), places=(HERE, at))
    site = site_with(
        described("z", "a@college.ac.uk"),
        described("a", "b@college.ac.uk"),
        described("b", "c@college.ac.uk", "d@college.ac.uk"),
        described("c", members=third),
        described("d", "al215"),
    )
    ((ring, where),) = circles(site)
    assert ring == ("a@college.ac.uk", "b@college.ac.uk", "c@college.ac.uk", "a@college.ac.uk")
    assert where == at
    assert [id_ for id_, _ in faults(site)] == ["list-circle"]
    assert [id_ for id_, _ in faults(site_with(described("a", "a@college.ac.uk")))] == ["list-circle"]
    diamond = site_with(
        described("a", "b@college.ac.uk", "c@college.ac.uk"),
        described("b", "d@college.ac.uk"),
        described("c", "d@college.ac.uk"),
        described("d", "al215"),
    )
    assert list(circles(diamond)) == []
    assert make(diamond)


def test_a_circle_through_a_role_is_one() -> None:
    """And through another of its names, and what an automatic sender's replies go to."""
    at = Place("site.yml", 9, 1)
    sender = AutomaticSender("www-form", "a form", ("form@college.ac.uk",), "a@college.ac.uk", at)
    role = Role("desk", ("help",), ("college.ac.uk",), ("al215", "a@college.ac.uk"), (), HERE, (HERE, at))
    for member in ("desk@college.ac.uk", "Help@college.ac.uk", "form@college.ac.uk"):
        site = site_with(
            described("a", member),
            roles=(*whole().roles, role),
            automatic_senders=(*whole().automatic_senders, sender),
        )
        assert list(circles(site)) == [(("a@college.ac.uk", member.lower(), "a@college.ac.uk"), at)]
        assert [id_ for id_, _ in faults(site)] == ["list-circle"]
    plain = site_with(
        described("a", "desk@college.ac.uk"), roles=(*whole().roles, replace(role, members=("al215",)))
    )
    assert list(circles(plain)) == []
    assert make(plain)
    ring = replace(role, also=(), members=("desk@college.ac.uk",))  # which is ADDR-5's to find
    assert list(circles(site_with(described("a", "desk@college.ac.uk"), roles=(*whole().roles, ring)))) == []


def test_a_circle_through_those_who_look_after_lists_is_one() -> None:
    one, two = "one-owner@college.ac.uk", "two-owner@college.ac.uk"
    own = described("one", "al215", owners=(one.upper(), "al215"))
    assert [ring for ring, _ in circles(site_with(own))] == [(one, one)]
    both = site_with(described("one", "al215", owners=(two,)), described("two", "al215", owners=(one,)))
    assert [ring for ring, _ in circles(both)] == [(two, one, two)]
    assert [id_ for id_, _ in faults(both)] == ["list-circle"]
    role = Role("desk", (), ("college.ac.uk",), ("al215", "one@college.ac.uk"), (), HERE)
    for looked_after in (
        described("one", "al215", owners=("desk@college.ac.uk",)),
        described("one", "al215", owners=("al215",), moderators=("desk@college.ac.uk",)),
    ):
        ((ring, _),) = circles(site_with(looked_after, roles=(*whole().roles, role)))
        assert ring == ("one@college.ac.uk", "desk@college.ac.uk", "one@college.ac.uk")
    plain = site_with(described("one", two, owners=(two,)), described("two", one, owners=("al215",)))
    assert list(circles(plain)) == []
    assert make(plain)


def test_many_memberships_are_planned_in_about_a_second() -> None:
    many = tuple(person(f"p{number}", f"p{number}@college.ac.uk", category="staff") for number in range(250))
    named = tuple(f"p{number}" for number in range(250))
    chain = (f"l{number + 1}@college.ac.uk" for number in range(200))
    lists = tuple(described(f"l{number}", next(chain), *named) for number in range(200))
    site = site_with(*lists, described("l200"), people=(*whole().people, *many))
    begun = time.process_time()
    plan = make(site)
    taken = time.process_time() - begun
    assert len(plan.members) == 50_200
    assert taken < 4, taken  # about 0.5 s; loaded machines are slower


def test_a_host_for_lists_wants_a_list() -> None:
    """With another mailer besides it would be told to take posts, and alone to serve pages to owners of nothing."""
    for site in (replace(with_everything(), lists=()), replace(whole(), lists=())):
        ((id_, message),) = faults(site)
        assert (id_, message) == ("no-list", f"the host {MAIL} has the function lists, and no list is described")
    mail, www = whole().hosts
    without = replace(mail, functions=tuple(one for one in mail.functions if one != "lists"))
    assert make(replace(whole(), lists=(), hosts=(without, www))).lists == ()
