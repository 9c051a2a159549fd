"""Mailboxes, stores and other hosts, domains, the directory, and what people may use."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from mailwright.changes.personal import impersonal
from mailwright.changes.risks import hosts
from mailwright.site.model import Host, InternalDomain, Site
from mailwright.site.read import read
from support.comparing import hits, said
from support.example import HERE, ROOT, example, load_example, person, split, whole, with_gateway, with_person

OLD = load_example()
(ONE,) = OLD.hosts


def directory() -> Site:
    site = read(ROOT / "inventories" / "directory" / "site.yml").site
    assert site is not None
    return site


def placed(site: Site, **stores: str) -> Site:
    """Everybody on a store: that of ``stores`` where their login is there, else the first."""
    first = next(host.name for host in site.hosts if "store" in host.functions)
    people = tuple(replace(one, store=stores.get(one.login, first)) for one in site.people)
    return replace(site, people=people)


def host(site: Site, label: str) -> Host:
    return next(one for one in site.hosts if one.name.startswith(f"{label}."))


def but(site: Site, label: str, *instead: Host) -> Site:
    """The site with another host, or none, in the place of one."""
    found: list[Host] = []
    for one in site.hosts:
        found.extend(instead if one.name.startswith(f"{label}.") else (one,))
    return replace(site, hosts=tuple(found))


def renamed(site: Site, label: str, name: str) -> Site:
    new = but(site, label, replace(host(site, label), name=name))
    people = tuple(replace(one, store=name) if one.store.startswith(f"{label}.") else one for one in new.people)
    return replace(new, people=people)


SPLIT = placed(split(), rl204="store2.college.ac.uk", km217="store2.college.ac.uk")


# --- mailbox.removed, mailbox.moved ----------------------------------------------------------------------------


def test_mailboxes_that_end_are_counted() -> None:
    new = example(people=OLD.people[:-3])
    ((severity, sentence),) = said(hosts.mailbox_removed, OLD, new)
    assert severity == "low"
    assert sentence == (
        "3 people lose their mailboxes: gd158, st076 and tp066; nobody signs in there any more, and the mail goes "
        "after 90 days"
    )
    (hit,) = hits(hosts.mailbox_removed, OLD, new)
    assert impersonal(hit.sentence).startswith("3 people lose their mailboxes; nobody signs in")


def test_the_same_person_with_another_login_gets_an_empty_mailbox() -> None:
    new = example(people=tuple(replace(one, login=one.login.replace("en042", "en043")) for one in OLD.people))
    ((severity, sentence),) = said(hosts.mailbox_removed, OLD, new)
    assert severity == "medium"
    assert "1 person has another login, which begins with an empty mailbox: en042 → en043" in sentence


def test_nobodys_mailbox_ends_where_people_come_change_or_are_looked_up() -> None:
    other = replace(OLD.people[0], name="Another name", quota=1, aliases=())
    for new in (with_person(person("zz999")), with_person(other), example(people=OLD.people[::-1]), directory()):
        assert said(hosts.mailbox_removed, OLD, new) == []
    assert said(hosts.mailbox_removed, directory(), OLD) == []


def test_mailboxes_move_to_another_store() -> None:
    new = placed(split(), rl204="store2.college.ac.uk", km217="store2.college.ac.uk", ii305="store2.college.ac.uk")
    assert said(hosts.mailbox_moved, SPLIT, new) == [
        ("medium", "1 mailbox moves from store1.college.ac.uk to store2.college.ac.uk")
    ]
    assert said(hosts.mailbox_moved, SPLIT, renamed(SPLIT, "store2", "s2.college.ac.uk")) == []
    assert said(hosts.mailbox_moved, SPLIT, SPLIT) == []


# --- store.removed ---------------------------------------------------------------------------------------------


def all_on_the_first() -> Site:
    return placed(but(split(), "store2"))


def test_a_store_goes_while_it_holds_mail() -> None:
    assert said(hosts.store_removed, SPLIT, all_on_the_first()) == [
        ("high", "store2.college.ac.uk is no host of the service any more, and keeps 2 mailboxes")
    ]
    assert said(hosts.mailbox_moved, SPLIT, all_on_the_first()) == []


def test_a_host_that_stays_and_is_no_store_any_more() -> None:
    log = replace(host(split(), "store2"), functions=("log",))
    ((severity, sentence),) = said(hosts.store_removed, SPLIT, placed(but(split(), "store2", log)))
    assert severity == "high"
    assert sentence == "store2.college.ac.uk is no store any more, and keeps 2 mailboxes"


def test_an_empty_store_goes_without_a_word_and_so_does_another_name() -> None:
    assert said(hosts.store_removed, placed(split()), all_on_the_first()) == []
    assert said(hosts.store_removed, SPLIT, renamed(SPLIT, "store2", "s2.college.ac.uk")) == []
    assert said(hosts.store_removed, OLD, renamed(OLD, "mail", "mx.college.ac.uk")) == []


def test_of_a_live_directory_nobody_knows_how_many_are_on_a_store() -> None:
    store = replace(ONE, name="new.college.ac.uk", addresses=(ip_address("198.51.100.99"),))
    ((severity, sentence),) = said(hosts.store_removed, directory(), replace(directory(), hosts=(store,)))
    assert severity == "high"
    assert "keeps mailboxes of people in the directory" in sentence


# --- host.removed, service.ended, service.moved ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "waits"),
    [("mx2", "mail that waits in its queue"), ("log", "the copies of other hosts' logs")],
)
def test_a_host_goes_with_what_waits_there(label: str, waits: str) -> None:
    ((severity, sentence),) = said(hosts.host_removed, SPLIT, but(SPLIT, label))
    assert severity == "medium"
    assert sentence.endswith(f"; {waits} would go with it")


def test_a_log_host_has_no_queue_to_wait_for() -> None:
    """What is kept there is copied, and no port of a mailer is closed."""
    (log,) = hits(hosts.host_removed, split(), but(split(), "log"))
    assert "copy them with their seals" in log.safely
    assert "postqueue" not in log.safely
    (mailer,) = hits(hosts.host_removed, split(), but(split(), "mx2"))
    assert mailer.safely == ""


def test_a_host_that_is_renamed_or_only_loses_a_function_is_not_removed() -> None:
    assert said(hosts.host_removed, SPLIT, renamed(SPLIT, "mx2", "mx3.college.ac.uk")) == []
    mx2 = replace(host(SPLIT, "mx2"), functions=("log",))
    assert said(hosts.host_removed, SPLIT, but(SPLIT, "mx2", mx2)) == []
    assert (
        said(hosts.host_removed, whole(), replace(whole(), hosts=whole().hosts[:1], webmail=None, pages=None)) == []
    )


def test_nobody_can_send_any_more() -> None:
    alone = example(hosts=(replace(ONE, functions=("mx", "store")),))
    ((severity, sentence),) = said(hosts.service_ended, OLD, alone)
    assert severity == "high"
    assert sentence.startswith("sending mail with STARTTLS and sending mail over TLS end: no host offers them")


def test_pop_and_webmail_that_end_weigh_less() -> None:
    ((severity, sentence),) = said(
        hosts.service_ended, OLD, example(store=replace(OLD.store, pop3=not OLD.store.pop3))
    )
    assert severity == "medium"
    assert sentence == "reading mail (POP) ends: no host offers it any more"
    ((severity, sentence),) = said(hosts.service_ended, whole(), replace(whole(), webmail=None))
    assert severity == "medium"
    assert sentence.startswith("webmail ends")


def test_a_service_that_another_host_offers_moves_and_does_not_end() -> None:
    smtp = replace(host(SPLIT, "smtp"), name="submit.college.ac.uk", addresses=(ip_address("198.51.100.99"),))
    new = but(SPLIT, "smtp", smtp)
    assert said(hosts.service_ended, SPLIT, new) == []
    ((severity, sentence),) = said(hosts.service_moved, SPLIT, new)
    assert severity == "medium"
    assert sentence == (
        "programs that are set up with smtp.college.ac.uk fail at sending mail with STARTTLS and sending mail "
        "over TLS"
    )


def test_a_name_that_programs_are_set_up_with_is_missed() -> None:
    ((_, sentence),) = said(hosts.service_moved, OLD, renamed(OLD, "mail", "mx.college.ac.uk"))
    assert "mail.college.ac.uk" in sentence


def test_webmail_is_found_under_another_name() -> None:
    mail, web = whole().hosts
    merged = replace(whole(), hosts=(replace(mail, functions=(*mail.functions, "web")),))
    ((severity, sentence),) = said(hosts.service_moved, whole(), merged)
    assert severity == "medium"
    assert sentence == (
        "the pages for users, the address book for mail programs and webmail are found under "
        "https://www.college.ac.uk no more"
    )
    assert said(hosts.service_ended, whole(), merged) == []
    assert said(hosts.service_moved, whole(), replace(whole(), hosts=(web, mail))) == []


def test_one_more_host_and_a_mailer_less_move_nothing_of_users() -> None:
    more = replace(host(SPLIT, "smtp"), name="smtp2.college.ac.uk", addresses=(ip_address("198.51.100.99"),))
    assert said(hosts.service_moved, SPLIT, replace(SPLIT, hosts=(*SPLIT.hosts, more))) == []
    assert said(hosts.service_moved, SPLIT, but(SPLIT, "mx2")) == []
    assert said(hosts.service_ended, SPLIT, but(SPLIT, "mx2")) == []


# --- domain.removed, domain.primary ----------------------------------------------------------------------------


def test_a_domain_is_given_up() -> None:
    ((severity, sentence),) = said(hosts.domain_removed, with_gateway(), OLD)
    assert severity == "high"
    assert sentence == (
        "physics.college.ac.uk is no mail domain any more: mail to all of it is refused, 6 addresses"
    )
    ((_, sentence),) = said(hosts.domain_removed, with_gateway(recipients="ask", people=()), OLD)
    assert "and those that the directory or another system knows" in sentence


def test_a_domain_that_is_a_form_used_inside_from_now_on_is_not_given_up() -> None:
    form = InternalDomain("physics.college.ac.uk", "college.ac.uk", None, HERE)
    assert said(hosts.domain_removed, with_gateway(), example(internal_domains=(form,))) == []
    assert said(hosts.domain_removed, OLD, with_gateway()) == []


def test_domains_in_another_order_make_another_one_the_primary() -> None:
    new = example(domains=OLD.domains[::-1])
    assert said(hosts.primary, OLD, new) == [
        ("medium", "the primary domain is chem.college.ac.uk instead of college.ac.uk")
    ]
    assert said(hosts.domain_removed, OLD, new) == []
    assert said(hosts.primary, with_gateway(), OLD) == []


# --- the directory ---------------------------------------------------------------------------------------------


def test_people_are_looked_up_or_no_more() -> None:
    ((severity, sentence),) = said(hosts.directory_live, OLD, directory())
    assert severity == "medium"
    assert sentence.startswith("the directory, while mail flows, says who has a mailbox")
    ((_, sentence),) = said(hosts.directory_live, directory(), OLD)
    assert sentence.startswith("the description says who has a mailbox")
    assert said(hosts.directory_live, directory(), directory()) == []


def test_the_directory_is_asked_otherwise() -> None:
    site = directory()
    assert site.directory is not None
    new = replace(site, directory=replace(site.directory, filter="(uid=*)"))
    ((severity, sentence),) = said(hosts.directory_people, site, new)
    assert severity == "medium"
    assert "(filter)" in sentence
    for same in (
        replace(site.directory, servers=site.directory.servers[::-1]),
        replace(site.directory, password="secrets/other"),
        replace(site.directory, filter="(&(!(EmployeeType=former))(objectClass=inetOrgPerson))"),
        replace(site.directory, base="OU=people, DC=college,dc=ac,dc=uk"),
        replace(site.directory, attributes=replace(site.directory.attributes, quota="MAILQUOTA")),
    ):
        assert said(hosts.directory_people, site, replace(site, directory=same)) == []
    export = replace(site.directory, live=False)
    both = example(directory=export), example(directory=replace(export, filter="(uid=*)"))
    assert said(hosts.directory_people, *both) == []


# --- quota.lowered, limits.lowered -----------------------------------------------------------------------------


def test_a_smaller_mailbox() -> None:
    km = next(one for one in OLD.people if one.login == "km217")
    ((severity, sentence),) = said(hosts.quota_lowered, OLD, with_person(replace(km, quota=5_000_000_000)))
    assert severity == "low"
    assert sentence == "1 mailbox may hold 5 GB instead of 10 GB: km217"


def test_smaller_mailboxes_for_all_who_have_none_of_their_own() -> None:
    new = example(store=replace(OLD.store, quota=1_000_000_000))
    ((severity, sentence),) = said(hosts.quota_lowered, OLD, new)
    assert severity == "medium"
    assert sentence.startswith("38 mailboxes may hold 1 GB instead of 5 GB: ")


def test_a_larger_mailbox_or_the_same_size_said_otherwise() -> None:
    assert said(hosts.quota_lowered, OLD, example(store=replace(OLD.store, quota=9_000_000_000))) == []
    people = tuple(replace(one, quota=one.quota or OLD.store.quota) for one in OLD.people)
    assert said(hosts.quota_lowered, OLD, example(people=people)) == []


def test_the_default_of_a_live_directory() -> None:
    site = directory()
    new = replace(site, store=replace(site.store, quota=1_000_000_000))
    ((_, sentence),) = said(hosts.quota_lowered, site, new)
    assert sentence == "mailboxes of which the directory says no quota may hold 1 GB instead of 5 GB"
    assert said(hosts.quota_lowered, OLD, replace(new, people=())) == []


def test_lower_limits_are_one_hit() -> None:
    less = replace(OLD.submission, message_size=1_000_000, recipients=5, hourly=10)
    ((severity, sentence),) = said(hosts.limits_lowered, OLD, example(submission=less))
    assert severity == "low"
    assert sentence.count(";") == 2
    more = replace(OLD.submission, message_size=100_000_000, recipients=5000, hourly=10000)
    assert said(hosts.limits_lowered, OLD, example(submission=more)) == []
