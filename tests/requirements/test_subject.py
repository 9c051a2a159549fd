"""The look-ups that rules share."""

from __future__ import annotations

from datetime import date

from mailwright.requirements.subject import Subject, member_place
from mailwright.site.model import AutomaticSender, Person, Role, Site
from support.example import HERE, example, load_example, person, role, with_person, with_role, without_role

TODAY = date(2026, 6, 1)


def subject(site: Site) -> Subject:
    return Subject(site, TODAY)


def automatic(login: str, address: str, replies: str) -> AutomaticSender:
    return AutomaticSender(login, "purpose", (address,), replies, HERE)


def test_a_member_is_a_login_an_address_here_or_one_elsewhere() -> None:
    about = subject(load_example())
    assert isinstance(about.resolve("rl204"), Person)
    assert isinstance(about.resolve("R.LUXEMBURG@college.ac.uk"), Person)
    assert isinstance(about.resolve("karlm@chem.college.ac.uk"), Person)
    assert isinstance(about.resolve("helpdesk@college.ac.uk"), Role)
    assert isinstance(about.resolve("web-forms@college.ac.uk"), AutomaticSender)
    assert about.resolve("Desk@Elsewhere.example") == "Desk@Elsewhere.example"


def test_a_member_may_be_nobody() -> None:
    about = subject(load_example())
    assert about.resolve("nobody99") is None
    assert about.resolve("helpdesk") is None
    assert about.resolve("webforms") is None, "an automatic sender has no mailbox"
    assert about.resolve("nobody@college.ac.uk") is None


def test_the_mail_systems_own_addresses_are_the_postmasters() -> None:
    about = subject(load_example())
    for address in ("root@college.ac.uk", "MAILER-DAEMON@chem.college.ac.uk"):
        holder = about.resolve(address)
        assert isinstance(holder, Role)
        assert holder.local == "postmaster"
    assert about.resolve("root@chem.college.ac.uk") is None
    assert subject(without_role("postmaster")).resolve("root@college.ac.uk") is None


def test_reach_follows_roles_and_automatic_senders_to_their_end() -> None:
    site = with_role(
        role("library", "books@college.ac.uk", "cron@college.ac.uk", "Desk@elsewhere.example"),
        role("books", "rl204", "desk@ELSEWHERE.example"),
        role("night", "Karl.Marx@college.ac.uk"),
    )
    site = example(
        roles=site.roles, automatic_senders=(automatic("cron", "cron@college.ac.uk", "night@college.ac.uk"),)
    )
    about = subject(site)
    reach = about.reach(next(each for each in site.roles if each.local == "library"))
    assert reach.people == ("km217", "rl204")
    assert reach.outside == ("desk@elsewhere.example",)
    assert len(reach) == 3


def test_reach_of_a_circle_ends() -> None:
    site = with_role(role("one", "two@college.ac.uk"), role("two", "one@college.ac.uk", "rl204"))
    assert subject(site).reach(next(each for each in site.roles if each.local == "one")).people == ("rl204",)


def test_a_chain_of_a_thousand_roles() -> None:
    chain = [role(f"r{number}", f"r{number + 1}@college.ac.uk") for number in range(2000)]
    site = example(roles=(*load_example().roles, *chain, role("r2000", "rl204")))
    assert subject(site).reach(chain[0]).people == ("rl204",)


def test_clashes_are_of_different_holders_whatever_the_case() -> None:
    site = with_person(
        person("aa001", "Aa.One@college.ac.uk", aliases=("AA.one@college.ac.uk",)),
        person("aa002", "aa.ONE@college.ac.uk"),
    )
    ((first, later),) = subject(site).clashes
    assert first.holder.where is HERE
    assert (first.whose, later.whose) == ("the person aa001", "the person aa002")


def test_where_a_member_stands_or_else_its_role() -> None:
    assert member_place(role("one", "rl204", member_places=()), 0) is HERE
