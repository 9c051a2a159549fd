"""What a customer, or somebody who edits its build or its fragment, tries on another's; and what must go on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mailwright.audit import letters, posting, roads

STORE = "mail.hosting.example"
HOSTS = (STORE, "mx2.hosting.example")

# What is added to the school's fragment to get at the trust, and what the host says of it.
CLAIMS = {
    "a domain": ("domain riverside.ac.uk\n", "riverside.ac.uk"),
    "the platform's domain": ("domain hosting.example\n", "hosting.example"),
    "an address": ("mailbox head@riverside.ac.uk mpoole@hill.sch.uk\n", "head@riverside.ac.uk"),
    "a role": ("alias abuse@riverside.ac.uk tom.bell@hill.sch.uk\n", "abuse@riverside.ac.uk"),
    "a login": ("login pdean@riverside.ac.uk 1000000\n", "pdean@riverside.ac.uk"),
    "sending as it": ("sender nia.frost@riverside.ac.uk mpoole@hill.sch.uk\n", "nia.frost@riverside.ac.uk"),
    "sending by its login": ("sender mary.poole@hill.sch.uk pdean@riverside.ac.uk\n", "pdean@riverside.ac.uk"),
    "an automatic sender": ("process forms@riverside.ac.uk\n", "forms@riverside.ac.uk"),
    "another mailbox": ("mailbox head2@hill.sch.uk pdean@riverside.ac.uk\n", "pdean@riverside.ac.uk"),
    "a program": ("alias head2@hill.sch.uk |/bin/sh\n", "line"),
    "what no fragment says": ("transport hill.sch.uk smtp:attacker.example\n", "line"),
}

HARMLESS = "alias extra@hill.sch.uk tom.bell@hill.sch.uk\n"


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_fragment_that_claims_another_s_is_refused_by_the_host_itself(customers: Any, claim: str) -> None:
    """Asked of the host's own judge, beside the fragments that it has: nobody else's is touched."""
    line, said = CLAIMS[claim]
    refused = customers.judged(school=customers.fragment("school") + line)
    assert set(refused) == {"school"}
    assert said in refused["school"]
    assert customers.judged(school=customers.fragment("school") + HARMLESS) == {}


@pytest.mark.usefixtures("as_built")
def test_an_apply_of_such_a_fragment_leaves_it_as_it_was_and_brings_the_others_theirs(customers: Any) -> None:
    """As if the build had no walls."""
    more = customers.fragment("trust") + "alias extra@riverside.ac.uk paul.dean@riverside.ac.uk\n"
    school = customers.fragment("school") + HARMLESS + CLAIMS["a domain"][0]
    done = customers.apply(customers.build(school=school, trust=more))
    assert done.status != 0
    assert "school was left as it was" in done.words
    assert "trust was left" not in done.words
    mark = letters.token()
    assert customers.brought("extra@riverside.ac.uk", mark).accepted
    doors = len(customers.doors)
    assert customers.found("trust", "pdean@riverside.ac.uk", mark, wanted=doors) == doors
    assert customers.brought("extra@hill.sch.uk", letters.token()).code == 550
    customers.served("school")


def test_a_fragment_that_was_edited_on_the_host_is_named_and_gives_nothing(
    customers: Any, as_built: Callable[[], Any]
) -> None:
    path = "/etc/mailwright/customers/school.tables"
    edit = f"printf 'alias abuse@riverside.ac.uk tom.bell@hill.sch.uk\\ndomain evil.example\\n' >> {path}"
    for host in HOSTS:
        customers.on(host, "sh", "-c", edit)
    done = customers.apply()
    assert done.status != 0
    assert "school was left as it was" in done.words
    assert "changed by hand" in done.words
    mark = letters.token()
    assert customers.brought("abuse@riverside.ac.uk", mark).accepted
    assert customers.found("trust", "nfrost@riverside.ac.uk", mark) >= 1
    assert customers.found("school", "tbell@hill.sch.uk", mark, 1.0) == 0
    customers.served("school")
    customers.served("trust")
    as_built()
    assert "evil" not in customers.on(STORE, "cat", path)


@pytest.mark.usefixtures("as_built")
def test_an_alias_reaches_another_customer_by_published_addresses_alone(customers: Any) -> None:
    lines = (
        "alias by-login@hill.sch.uk mpoole@riverside.ac.uk\n"
        "alias by-address@hill.sch.uk mark.poole@riverside.ac.uk\n"
    )
    done = customers.apply(customers.build(school=customers.fragment("school") + lines))
    assert done.status == 0, done.words
    private, public = letters.token(), letters.token()
    customers.brought("by-login@hill.sch.uk", private)
    assert customers.brought("by-address@hill.sch.uk", public).accepted
    assert customers.found("trust", "mpoole@riverside.ac.uk", public) >= 1
    assert customers.found("trust", "mpoole@riverside.ac.uk", private, 3.0) == 0
    assert customers.brought("mpoole@riverside.ac.uk", letters.token()).code == 550


def test_two_with_the_same_login_are_two_people(customers: Any) -> None:
    """``mpoole`` is somebody at the school and somebody at the trust."""
    mark = letters.token()
    assert customers.brought("mary.poole@hill.sch.uk", mark).accepted
    doors = len(customers.doors)
    assert customers.found("school", "mpoole@hill.sch.uk", mark, wanted=doors) == doors
    assert customers.found("trust", "mpoole@riverside.ac.uk", mark, 1.0) == 0


def test_an_automatic_sender_is_bound_to_its_own_customer(customers: Any) -> None:
    guest = customers.guest("college")
    context = customers.platform.context(guest)
    account = next(one for one in guest.accounts if one.login == "forms@valley.ac.uk")
    door = roads.doors(context, "outside", "submission")[0]
    foreign = posting.outsider(context)
    tried = (
        ("nia.frost@riverside.ac.uk", "nia.frost@riverside.ac.uk", False),
        ("web-forms@valley.ac.uk", "web-forms@valley.ac.uk", True),
    )
    with roads.vantage(context, "outside").enter(), roads.smtp(context, door, account=account) as dialogue:
        for envelope, author, wanted in tried:
            content = letters.letter(letters.token(), f"<{author}>", f"<{foreign}>")
            assert dialogue.deliver(envelope, (foreign,), content).accepted is wanted, envelope


def test_nobody_traces_another_customer_s_mail(customers: Any) -> None:
    sent = {}
    for name in ("school", "trust"):
        context = customers.platform.context(customers.guest(name))
        who = roads.anybody(context)
        _, carried = posting.send_plain(context, who)
        assert carried.received is not None
        sent[name] = letters.header(carried.received.content, "Message-ID")[0]
    customers.on(STORE, "mailwright-trace", "--index")
    for viewer in ("school", "trust"):
        for owner, message in sent.items():
            said = customers.on(STORE, "mailwright-trace", "--customer", viewer, message, status=None)
            seen = "is not in the logs" not in said
            assert seen is (viewer == owner), (viewer, owner, said)


def test_one_customer_s_change_is_sent_alone_and_nothing_else_is_made(
    customers: Any, as_built: Callable[[], Any]
) -> None:
    done = customers.apply(customers.build(school=customers.fragment("school") + HARMLESS))
    assert done.status == 0, done.words
    assert done.sent == {host: ["school.tables"] for host in HOSTS}
    for host in HOSTS:
        made = [path for path in done.tables[host] if path.startswith("/etc/")]
        assert made == ["/etc/postfix/customers/aliases.cdb"], made
    assert customers.brought("extra@hill.sch.uk", letters.token()).accepted
    undone = as_built()
    assert undone.sent == {host: ["school.tables"] for host in HOSTS}
    assert customers.brought("extra@hill.sch.uk", letters.token()).code == 550


def test_the_second_time_nothing_changes(customers: Any) -> None:
    done = customers.apply()
    assert done.status == 0, done.words
    assert set(done.changed.values()) == {0}
    assert done.sent == {host: [] for host in HOSTS}


def test_check_mode_names_customers_and_no_people(customers: Any) -> None:
    done = customers.apply(customers.build(school=customers.fragment("school") + HARMLESS), "--check", "--diff")
    assert done.status == 0, done.words
    assert "customer school" in done.words
    assert "1 lines come, 0 go" in done.words
    assert "tom.bell" not in done.words
    assert customers.brought("extra@hill.sch.uk", letters.token()).code == 550


@pytest.mark.usefixtures("as_built")
def test_only_the_customers_that_are_named(customers: Any) -> None:
    project = customers.build(
        school=customers.fragment("school") + HARMLESS,
        trust=customers.fragment("trust") + "alias extra@riverside.ac.uk paul.dean@riverside.ac.uk\n",
    )
    done = customers.apply(project, "-e", "customers=trust")
    assert done.status == 0, done.words
    assert done.sent == {host: ["trust.tables"] for host in HOSTS}


def test_who_is_gone_from_the_build_is_served_until_the_word_is_said_and_keeps_mail(
    customers: Any, as_built: Callable[[], Any]
) -> None:
    guest = customers.guest("harbour")
    who = roads.anybody(customers.platform.context(guest))
    mark = letters.token()
    assert customers.brought(who.published, mark).accepted
    assert customers.found("harbour", who.login, mark) >= 1
    project = customers.build(harbour=None)
    done = customers.apply(project)
    assert done.status != 0
    assert "customers_forget=harbour" in done.words
    customers.served("harbour")
    assert customers.apply(project, "-e", "customers_forget=harbour").status == 0
    assert customers.brought(who.published, letters.token()).code in (550, 554)
    as_built()
    assert customers.found("harbour", who.login, mark) >= 1
    customers.served("harbour")


@pytest.mark.usefixtures("as_built")
def test_a_probe_that_fails_ends_the_play_before_the_next_batch(customers: Any) -> None:
    project = customers.build(school=customers.fragment("school") + HARMLESS)
    # The probe alone fails: on the first host, whose own dialogue after the change speaks of another address.
    done = customers.apply(
        project, "-e", "mailwright_canary=mx2.hosting.example", "-e", "customers_probed=x@x.invalid"
    )
    assert done.status != 0
    assert set(done.sent) == {"mx2.hosting.example"}
    assert "Talk with the mail service as others do" in done.words
