"""Who may send as whom (what policies lose of it is in test_policies)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailwright.changes.personal import impersonal
from mailwright.changes.risks import senders
from mailwright.plan.model import Plan
from mailwright.site.model import AutomaticSender, InternalDomain, Person, Site
from support.comparing import hits, networks, plan, said
from support.example import (
    HERE,
    ROOT,
    example,
    load_example,
    person,
    role,
    with_gateway,
    with_person,
    with_role,
)


def loosened(old: Site | Plan, new: Site | Plan) -> list[tuple[str, str]]:
    return said(senders.loosened, old, new)


def somebody(login: str) -> Person:
    return next(each for each in load_example().people if each.login == login)


def process(login: str, *addresses: str, replies: str = "webmaster@college.ac.uk") -> AutomaticSender:
    return AutomaticSender(login, "A process", addresses, replies, HERE)


def with_process(*processes: AutomaticSender) -> Site:
    return example(automatic_senders=(*load_example().automatic_senders, *processes))


@pytest.mark.parametrize(
    "new",
    [
        with_person(person("rf190")),
        with_person(
            person("rf190", aliases=("Rosalind.Franklin@college.ac.uk",), internal=("rf@x.college.ac.uk",))
        ),
        with_person(replace(somebody("rl204"), aliases=("Red.Rosa@college.ac.uk",))),
        with_person(replace(somebody("km217"), aliases=())),
        with_role(role("press", "rl204", "km217")),
        with_role(role("press", "rl204", "km217", senders=("rl204", "cd140"))),
        with_role(role("webmaster", "ii305", "wm118", "cd140")),
        with_role(role("webmaster", "ii305", "wm118", senders=("ii305",))),
        with_role(role("hostmaster", "km217", "rl204")),
        with_process(process("scanner", "scanner@college.ac.uk")),
        example(people=tuple(reversed(load_example().people))),
        example(automatic_senders=()),
    ],
)
def test_what_is_theirs_is_no_matter(new: Site) -> None:
    assert loosened(load_example(), new) == []


def test_who_does_not_read_a_role_sends_as_it() -> None:
    new = with_role(role("abuse", "rl204", "ii305", senders=("rl204", "ii305", "cd140")))
    assert loosened(load_example(), new) == [
        (
            "medium",
            "cd140 may send as abuse@chem.college.ac.uk and abuse@college.ac.uk and is not among those whom "
            "mail to it reaches",
        )
    ]
    (hit,) = hits(senders.loosened, load_example(), new)
    assert impersonal(hit.sentence).startswith("somebody may send as abuse@chem.college.ac.uk and abuse@college")
    assert (hit.value, "senders" in hit.safely) == ("cd140", True)


def test_who_reads_it_by_way_of_another_role_reads_it() -> None:
    by_way = role("press", "postmaster@college.ac.uk", senders=())
    sends = replace(by_way, senders=("km217",))
    assert loosened(with_role(by_way), with_role(sends)) == []


def test_an_alias_that_is_handed_over() -> None:
    site = with_person(person("aa1", aliases=("Head@college.ac.uk",)), person("bb2"))
    new = with_person(person("aa1"), person("bb2", aliases=("head@college.ac.uk",)))
    assert loosened(site, new) == [
        (
            "medium",
            "bb2 may send as head@college.ac.uk, which was another's, and gets what is still sent to that one",
        )
    ]
    (hit,) = hits(senders.loosened, site, new)
    assert impersonal(hit.sentence).startswith("somebody may send as an address in college.ac.uk, which was")


def test_the_published_address_of_somebody_who_is_still_here() -> None:
    site = with_person(person("aa1", "A.Apple@college.ac.uk"), person("bb2"))
    new = with_person(person("aa1", "A.Pear@college.ac.uk"), person("bb2", aliases=("A.Apple@college.ac.uk",)))
    ((severity, sentence),) = loosened(site, new)
    assert severity == "high"
    assert "somebody who is still here" in sentence


def test_the_address_of_somebody_who_has_left() -> None:
    new = with_person(person("bb2", "First.aa1@college.ac.uk"))
    assert [severity for severity, _ in loosened(with_person(person("aa1")), new)] == ["medium"]


def test_a_login_that_is_renamed_is_the_same_person() -> None:
    old, new = person("aa1", name="Anna Apple"), person("aa99", "First.aa1@college.ac.uk", name="Anna Apple")
    assert loosened(with_person(old), with_person(new)) == []


def test_a_role_that_becomes_somebodys_address() -> None:
    old = with_role(role("press", "rl204", "km217", domains=("college.ac.uk",)))
    assert [severity for severity, _ in loosened(old, with_person(person("aa1", "press@college.ac.uk")))] == [
        "medium"
    ]
    own = with_person(replace(somebody("rl204"), aliases=("press@college.ac.uk",)))
    assert loosened(old, own) == []


def test_a_program_that_sends_as_a_role_or_as_somebody() -> None:
    as_role = with_process(process("scanner", "security@college.ac.uk", replies="security@college.ac.uk"))
    assert loosened(load_example(), as_role) == [
        ("medium", "scanner may send as security@college.ac.uk, which is answered by people so far")
    ]
    as_person = with_process(process("scanner", "Chidi.Danjuma@college.ac.uk", replies="cd140"))
    ((severity, sentence),) = loosened(load_example(), as_person)
    assert severity == "high"
    assert sentence.startswith("scanner may send as chidi.danjuma@college.ac.uk, which is a person's")


def test_a_program_under_another_login_is_no_matter() -> None:
    assert loosened(load_example(), example(automatic_senders=(process("forms", "web-forms@college.ac.uk"),))) == []


def test_what_is_exempt_from_now_on() -> None:
    made = plan(load_example())
    rows = tuple(replace(row, automatic=row.automatic or row.login == "cd140") for row in made.senders)
    ((severity, sentence),) = loosened(made, replace(made, senders=rows))
    assert severity == "medium"
    assert sentence.startswith("cd140 may send as chidi.danjuma@college.ac.uk as a program from now on")
    assert loosened(replace(made, senders=rows), made) == []


def test_many_at_once_are_one_risk() -> None:
    logins = ("ab011", "cd140", "mc096", "dh110", "pr073", "ah205", "al215")
    new = with_role(role("abuse", "rl204", "ii305", senders=("rl204", "ii305", *logins)))
    ((severity, sentence),) = loosened(load_example(), new)
    assert severity == "medium"
    assert sentence.startswith("7 logins may send as a role whose mail does not reach them: ab011, ah205")
    (hit,) = hits(senders.loosened, load_example(), new)
    assert impersonal(hit.sentence) == "7 logins may send as a role whose mail does not reach them"


def test_internal_forms_of_an_address_are_not_counted_apart() -> None:
    inner = (InternalDomain("unix.college.ac.uk", "college.ac.uk", None, HERE),)
    site = replace(
        with_person(person("aa1", aliases=("Head@college.ac.uk",)), person("bb2")), internal_domains=inner
    )
    people = with_person(person("aa1"), person("bb2", aliases=("Head@college.ac.uk",))).people
    ((_, sentence),) = loosened(site, replace(site, people=people))
    assert sentence.startswith("bb2 may send as head@college.ac.uk and head@unix.college.ac.uk")


def test_internal_forms_of_a_role_are_whose_the_role_is() -> None:
    inner = (InternalDomain("unix.college.ac.uk", "college.ac.uk", None, HERE),)
    site = replace(load_example(), internal_domains=inner)
    member = with_role(role("abuse", "rl204", "ii305", "cd140"))
    assert loosened(load_example(), site) == []
    assert loosened(site, replace(site, roles=member.roles)) == []
    stranger = with_role(role("abuse", "rl204", "ii305", senders=("rl204", "ii305", "cd140")))
    ((severity, sentence),) = loosened(site, replace(site, roles=stranger.roles))
    assert severity == "medium"
    assert sentence.startswith("cd140 may send as abuse@chem.college.ac.uk, abuse@college.ac.uk and abuse@unix.")
    assert loosened(replace(site, roles=stranger.roles), replace(load_example(), roles=stranger.roles)) == []
    assert loosened(with_role(*stranger.roles), replace(site, roles=stranger.roles)) == []


def test_a_gateway_that_is_trusted_without_its_bounds() -> None:
    gated = with_gateway()
    freed = replace(gated, gateways=(), networks=replace(gated.networks, relay=networks("198.51.100.64/27")))
    assert loosened(gated, freed) == [
        (
            "high",
            "198.51.100.77/32 may send without a login as any address of the site; so far it was held to the "
            "domains of exchange",
        )
    ]
    assert loosened(gated, replace(gated, gateways=())) == []
    assert loosened(gated, with_gateway(name="physics")) == []
    assert loosened(load_example(), freed) == []


def test_people_who_go_into_the_directory() -> None:
    from mailwright.site.read import read

    live = read(ROOT / "inventories" / "directory" / "site.yml").site
    assert live is not None
    assert loosened(load_example(), live) == []
    assert loosened(live, load_example()) == []
