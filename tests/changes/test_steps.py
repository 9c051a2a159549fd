"""The order in which to make a change."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from ipaddress import ip_address, ip_network

import pytest

from mailwright.changes import comparison
from mailwright.changes.model import Risk, Severity, Step
from mailwright.changes.personal import impersonal, whole
from mailwright.changes.steps import steps
from mailwright.plan import make
from mailwright.plan.model import Plan
from mailwright.site.model import Host, Network, Site, Smarthost
from support.example import (
    HERE,
    example,
    load_example,
    person,
    role,
    split,
    with_gateway,
    with_person,
    with_role,
)
from support.example import whole as whole_site
from support.review_pages import dangerous

MAIL = load_example().hosts[0]


def planned(old: Plan, new: Plan, *risks: Risk) -> tuple[Step, ...]:
    return steps(comparison(old, new, {}, date(2026, 11, 30)), risks)


def made(new: Site, old: Site | None = None) -> list[str]:
    """Each step with its waiting time, in seconds."""
    found = planned(make(old or load_example()), make(new))
    return [f"{step.do} [{step.wait}]" if step.wait else step.do for step in found]


def host(name: str, last: int, *functions: str) -> Host:
    address = ip_address(f"198.51.100.{last}")
    return replace(MAIL, name=f"{name}.college.ac.uk", addresses=(address,), functions=functions)


def slower(site: Site, type_: str, ttl: int) -> Plan:
    """The site's plan with another time to live of all records of a type."""
    plan = make(site)
    rows = tuple(replace(row, ttl=ttl) if row.type == type_ else row for row in plan.records)
    return replace(plan, records=rows)


def where(found: list[str], *words: str) -> list[int]:
    """The numbers of the steps that hold the words, in the words' order; each is in exactly one."""
    places = []
    for word in words:
        (place,) = (number for number, step in enumerate(found) if word in step)
        places.append(place)
    return places


def network(prefix: str) -> Network:
    return Network(ip_network(prefix), HERE)


# --- Where order does not matter ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "new",
    [
        load_example(),
        with_person(person("kl204", "K.Z@college.ac.uk", aliases=("kz@college.ac.uk",))),
        with_role(role("security", "ii305", "wm118", domains=("college.ac.uk",))),
        example(networks=replace(load_example().networks, relay=(network("198.51.100.128/28"),))),
        example(logging=replace(load_example().logging, days=120)),
        example(time=replace(load_example().time, servers=("ntp0.ja.net", "ntp1.ja.net", "ntp2.ja.net"))),
    ],
    ids=["nothing", "starter", "role", "relay", "longer", "clocks"],
)
def test_one_apply_in_any_order_needs_no_steps(new: Site) -> None:
    assert made(new) == []


def test_a_risk_alone_makes_no_step() -> None:
    plan = make(load_example())
    assert planned(plan, plan, dangerous("relay.widened", Severity.HIGH, "x")) == ()


# --- Receiving mail ----------------------------------------------------------------------------------------------


def test_mail_comes_to_a_new_host_and_the_old_one_stays_while_others_remember_it() -> None:
    new = example(hosts=(replace(MAIL, functions=("submission", "store")), host("mx", 26, "mx")))
    found = made(new)
    order = where(
        found,
        "in it mail.college.ac.uk keeps the function mx",
        "certificate and the key of mx.college.ac.uk",
        "Publish from dns/ the A, PTR and SPF records of chem.college.ac.uk, college.ac.uk and mx.college.ac.uk",
        "--limit mx.college.ac.uk",
        "Apply to all hosts",
        "which still lets the old hosts through",
        "the MX records of chem.college.ac.uk and college.ac.uk",
        "nothing waits on mail.college.ac.uk",
        "of this description, then apply it",
    )
    assert order == sorted(order)
    assert len(found) == len(order)


def test_waiting_times_are_those_of_the_old_records() -> None:
    """Whoever asked a moment ago remembers the old record for its time to live, whatever the new one's is."""
    new = example(hosts=(replace(MAIL, functions=("submission", "store")), host("mx", 26, "mx")))
    found = planned(slower(load_example(), "MX", 86_400), slower(new, "MX", 300))
    (publish,) = (step for step in found if "the MX records" in step.do)
    assert publish.wait == 86_400
    (spf,) = (step for step in found if "SPF" in step.do)
    assert spf.wait == 3600


def test_a_second_host_for_mail_takes_nothing_away() -> None:
    found = made(example(hosts=(MAIL, host("mx2", 26, "mx"))))
    order = where(
        found,
        "SPF records",
        "--limit mx2",
        "Apply to all",
        "policy from border/",
        "Publish from dns/ the MX records",
    )
    assert order == sorted(order)
    assert found[order[-1]] == "Publish from dns/ the MX records of chem.college.ac.uk and college.ac.uk"
    assert not any("for the time between" in step for step in found)


def test_the_second_host_for_mail_goes_out_of_the_dns_first() -> None:
    found = made(load_example(), example(hosts=(MAIL, host("mx2", 26, "mx"))))
    order = where(
        found,
        "MX records of chem.college.ac.uk and college.ac.uk, which name what stays [3600]",
        "nothing waits on mx2.college.ac.uk",
        "policy from border/",
        "Build and apply",
        "Take out of the DNS what is gone from the A, PTR and SPF records",
    )
    assert order == [0, 1, 2, 3, 4]


def test_another_order_of_the_same_hosts_needs_no_waiting() -> None:
    one, other = host("mx1", 26, "mx"), host("mx2", 27, "mx")
    rest = replace(MAIL, functions=("submission", "store"))
    found = made(example(hosts=(rest, other, one)), example(hosts=(rest, one, other)))
    assert not any("[" in step for step in found)


def test_a_domain_that_goes_leaves_the_dns_before_mail_to_it_is_refused() -> None:
    """And a gateway's people come before both."""
    found = made(load_example(), with_gateway())
    order = where(
        found,
        "everybody behind the gateway exchange has their mail elsewhere",
        "Take the MX records of physics.college.ac.uk out of the DNS, or let them name another system [3600]",
        "Build and apply",
        "Take out of the DNS what is gone",
    )
    assert order == [0, 1, 2, 3]


def test_a_domain_that_comes_is_published_when_the_hosts_know_it() -> None:
    """What vouches for its mail is there before anybody can send in it."""
    assert made(with_gateway()) == [
        "Publish from dns/ the SPF and TXT records of physics.college.ac.uk",
        "Build and apply: `ansible-playbook site.yml`",
        "Publish from dns/ the MX records of physics.college.ac.uk",
    ]


# --- Hosts -------------------------------------------------------------------------------------------------------


def test_the_example_on_six_hosts() -> None:
    found = made(split())
    order = where(
        found,
        "mail.college.ac.uk keeps the functions submission and store",
        "certificate and the key of 5 hosts at secrets/{host}.pem and secrets/{host}.key",
        "SPF records",
        "--limit log.college.ac.uk`, then `ansible-playbook site.yml --limit mx2.college.ac.uk,",
        "`ansible-playbook move.yml` in place of site.yml: it moves 40 mailboxes",
        "policy from border/, which still",
        "MX and SRV records",
        "smtp.college.ac.uk for outgoing mail and store1.college.ac.uk and store2.college.ac.uk for reading mail",
        "nothing waits on mail.college.ac.uk",
        "of this description, then apply it",
    )
    assert order == list(range(len(found)))


def test_a_mailbox_that_goes_from_store_to_store() -> None:
    stores = [store.name for store in make(split()).with_function("store")]
    before = replace(split(), people=tuple(replace(one, store=stores[0]) for one in split().people))
    people = (replace(before.people[0], store=stores[1]), *before.people[1:])
    assert made(replace(before, people=people), before) == [
        "Apply with `ansible-playbook move.yml` in place of site.yml: it moves 1 mailbox"
    ]


def test_a_host_with_another_address_has_both_for_a_while() -> None:
    moved = replace(MAIL, addresses=(ip_address("198.51.100.29"), MAIL.addresses[1]))
    found = made(example(hosts=(moved,)))
    order = where(
        found,
        "mail.college.ac.uk has 198.51.100.25 beside 198.51.100.29",
        "A, PTR and SPF records",
        "Apply to all hosts",
        "publish from its dns/ the A records of mail.college.ac.uk [3600]",
        "then apply it",
        "Take out of the DNS what is gone from the PTR and SPF records",
    )
    assert order == sorted(order)


def test_nobody_locks_themselves_out() -> None:
    networks = replace(load_example().networks, management=(network("198.51.100.224/28"),))
    found = made(example(networks=networks))
    order = where(found, "old management networks are listed", "Apply to all", "Sign in by SSH from", "apply this")
    assert order == [0, 1, 2, 3]
    both = replace(networks, management=(*load_example().networks.management, *networks.management))
    assert made(example(networks=both)) == []


@pytest.mark.parametrize(
    "prefixes",
    [
        ("198.51.100.240/29", "198.51.100.248/29", "2001:db8:c011:ad::/64"),
        ("198.51.100.0/24", "2001:db8:c011::/48"),
        ("198.51.100.248/29", "2001:db8:c011:ad::/64"),
    ],
    ids=["halves", "wider", "narrower"],
)
def test_management_networks_that_hold_the_old_ones_or_lie_in_them(prefixes: tuple[str, ...]) -> None:
    networks = replace(load_example().networks, management=tuple(map(network, prefixes)))
    assert made(example(networks=networks)) == []


def test_a_name_is_served_with_a_certificate_for_it_alone() -> None:
    found = made(whole_site())
    order = where(
        found,
        "certificate and the key of www.college.ac.uk",
        "certificate for www.college.ac.uk that is for 4 more names",
        "Publish from dns/ the A, AAAA and PTR",
        "--limit www",
        "Publish from dns/ the A, AAAA and SRV",
    )
    assert order == sorted(order)


def test_what_an_apply_reads_is_there_before_it() -> None:
    new = example(smarthost=Smarthost("out.example.net", 587, "college", "secrets/smarthost", "", HERE))
    assert made(new)[0] == "Put secrets/smarthost in place on the control machine: the apply reads it there"


# --- The border, keys, logs, lists -------------------------------------------------------------------------------


def test_the_border_opens_after_the_hosts_and_closes_before_them() -> None:
    plan = make(load_example())
    fewer = replace(plan, border=plan.border[1:])
    assert plan.border[0].verdict == "permit"
    opened, closed = (
        [step.do.partition(":")[0] for step in planned(*pair)] for pair in ((fewer, plan), (plan, fewer))
    )
    assert opened == ["Build and apply", "Give the router its policy from border/"]
    assert closed == ["Give the router its policy from border/", "Build and apply"]


def test_two_keys_for_a_while() -> None:
    dkim = load_example().dkim
    assert dkim is not None
    other = replace(dkim, selector="mail2027", public_key=f"{dkim.public_key[:-8]}AAAAAAAA")
    found = made(example(dkim=other))
    assert found == [
        "Publish the TXT records mail2027._domainkey from dns/, and leave those of mail2026 where they are [3600]",
        "Build and apply: `ansible-playbook site.yml`",
        "See that what leaves is signed with mail2027 [604800]",
        "Take the TXT records mail2026._domainkey out of the DNS, and delete the old key",
    ]
    (first, _) = made(example(dkim=replace(other, selector="mail2026")))
    assert (
        first
        == "Give the new DKIM key a selector of its own in the description, instead of mail2026, and review that"
    )
    same = made(example(dkim=replace(dkim, selector="mail2027")))  # with the key that signs from now on, too
    assert same[-1] == "Take the TXT records mail2026._domainkey out of the DNS"
    off = made(example(dkim=None))
    assert off[-2:] == [
        "See that what leaves is not signed any more [604800]",
        "Take the TXT records mail2026._domainkey out of the DNS, and delete the old key",
    ]


def test_logs_that_are_deleted_sooner_are_looked_at_first() -> None:
    found = made(example(logging=replace(load_example().logging, days=30, minimum_days=30)))
    assert found == [
        "Put aside what open enquiries need of the logs that are older than 30 days",
        "Build and apply: `ansible-playbook site.yml`",
    ]


def test_copies_of_logs_are_taken_from_a_log_host_that_goes() -> None:
    one, other = host("log1", 40, "log"), host("log2", 41, "log")
    found = made(load_example(), example(hosts=(MAIL, one)))
    assert where(found, "Put a copy of /var/log/mail/hosts and /var/log/mail/seals of log1", "Build") == [0, 1]
    moved = made(example(hosts=(MAIL, other)), example(hosts=(MAIL, one)))
    assert any("of log1.college.ac.uk on log2.college.ac.uk" in step for step in moved)
    assert not any("copy of" in step for step in made(example(hosts=(MAIL, one)), load_example()))


def test_another_release_runs_before_it_is_applied() -> None:
    older = example(hosts=(replace(MAIL, os="debian-12"),))
    assert made(load_example(), older) == [
        "See that mail.college.ac.uk runs debian-13",
        "Build and apply: `ansible-playbook site.yml`",
    ]


def test_a_web_host_that_is_called_otherwise_is_told_of() -> None:
    """Who has its pages among their bookmarks comes by the old name."""
    site = whole_site()
    hosts = tuple(
        replace(one, name="web.college.ac.uk") if one.name == "www.college.ac.uk" else one for one in site.hosts
    )
    found = made(replace(site, hosts=hosts), site)
    order = where(
        found,
        "Tell the users that the server for web pages is called web.college.ac.uk now",
        "Take out of the DNS what is gone",
    )
    assert order == sorted(order)


def test_a_list_is_deleted_last() -> None:
    fewer = replace(whole_site(), lists=tuple(one for one in whole_site().lists if one.local != "physics"))
    assert made(fewer, whole_site())[-1].startswith("Delete what is left of physics@college.ac.uk")


# --- In general --------------------------------------------------------------------------------------------------


def test_what_is_dangerous_is_rehearsed_first() -> None:
    old, new = make(load_example()), make(split())
    high = dangerous("mailbox.removed", Severity.HIGH, "x")
    assert planned(old, new, high)[0].do == "Try the new description on throw-away hosts: `mailwright rehearse`"
    assert planned(old, new, high)[1:] == planned(old, new)
    assert planned(old, new, replace(high, forced="meant")) == planned(old, new)
    assert planned(old, new, replace(high, severity=Severity.MEDIUM)) == planned(old, new)


@pytest.mark.parametrize(
    ("old", "new"),
    [(load_example(), split()), (split(), load_example()), (load_example(), whole_site()), (whole_site(), split())],
    ids=["apart", "together", "whole", "less"],
)
def test_steps_are_few_begin_with_a_verb_and_name_nobody(old: Site, new: Site) -> None:
    verbs = (
        "Apply",
        "Build",
        "Delete",
        "Get",
        "Give",
        "Make",
        "Publish",
        "Put",
        "See",
        "Set up",
        "Sign",
        "Take",
        "Tell",
    )
    found = planned(make(old), make(new))
    assert 0 < len(found) <= 11
    for step in found:
        assert step.do.startswith(verbs)
        assert not step.do.endswith(".")
        assert not step.why or step.why.endswith(".")
        assert impersonal(step.do + step.why) == whole(step.do + step.why)
        assert not any(one.login in step.do.split() or one.name in step.do for one in (*old.people, *new.people))


def test_a_gateway_that_is_called_otherwise_is_not_retired() -> None:
    assert made(with_gateway(name="physics"), with_gateway()) == []


def test_another_system_behind_a_gateway_has_the_mail_first() -> None:
    found = made(with_gateway(next_hop="mail.physics.college.ac.uk"), with_gateway())
    assert found[0].startswith(
        "See that everybody behind the gateway exchange has their mail on mail.physics.college.ac.uk and knows it"
    )


def test_a_host_is_looked_for_nowhere_before_its_address_goes() -> None:
    one = example(hosts=(replace(MAIL, addresses=MAIL.addresses[:1]),))
    found = made(one)
    order = where(found, "Take the AAAA records of mail.college.ac.uk out of the DNS [3600]", "Build and apply")
    assert order == sorted(order)
    (rest,) = (step for step in found if step.startswith("Take out of the DNS what is gone"))
    assert "AAAA" not in rest


def test_two_hosts_that_swap_addresses_never_have_the_same_one() -> None:
    one, other = host("mx1", 26, "mx"), host("mx2", 27, "mx")
    rest = replace(MAIL, functions=("submission", "store"))
    swapped = (replace(one, addresses=other.addresses), replace(other, addresses=one.addresses))
    found = made(example(hosts=(rest, *swapped)), example(hosts=(rest, one, other)))
    assert not any("beside" in step for step in found)


def test_a_path_that_leads_to_the_same_file_needs_nothing() -> None:
    tls = replace(load_example().tls, certificate="secrets/mail.college.ac.uk.pem")
    assert made(example(tls=tls)) == []
    other = replace(tls, certificate="secrets/new.pem")
    assert made(example(tls=other))[0] == (
        "Put the certificate and the key of mail.college.ac.uk at secrets/new.pem and "
        "secrets/mail.college.ac.uk.key on the control machine"
    )


def test_a_service_is_announced_when_it_is_there_and_taken_back_before_it_goes() -> None:
    """Programs look for POP by its SRV record."""
    plan = make(load_example())
    none = tuple(
        replace(row, value="0 0 0 .") if row.owner.startswith("_pop3s._tcp.college") else row
        for row in plan.records
    )
    less = replace(plan, records=none)
    assert [(step.do.split()[0], step.wait) for step in planned(less, plan)] == [("Build", 0), ("Publish", 0)]
    assert [(step.do.split()[0], step.wait) for step in planned(plan, less)] == [("Publish", 3600), ("Build", 0)]


def test_names_that_another_host_serves_from_now_on() -> None:
    site = whole_site()
    hosts = tuple(
        replace(one, functions=(*one.functions, "web")) for one in site.hosts if "web" not in one.functions
    )
    found = made(replace(site, hosts=hosts), site)
    assert found[0].startswith("Get a certificate for mail.college.ac.uk that is for ")


def test_a_host_that_is_called_otherwise_is_one_machine() -> None:
    """It is not set up beside itself, and its mail does not move; its old name stays while somebody comes by it."""
    renamed = replace(MAIL, name="post.college.ac.uk")
    found = made(example(hosts=(renamed,)))
    assert not any("move.yml" in step or "--limit" in step or "keeps the function" in step for step in found)
    assert not any("border/" in step for step in found)
    order = [next(at for at, step in enumerate(found) if words in step) for words in (
        "Get a certificate for post.college.ac.uk that is for mail.college.ac.uk as well",
        "Publish from dns/ the A, AAAA",
        "Build and apply",
        "Publish from dns/ the MX and SRV",
        "leave the A and AAAA records of mail.college.ac.uk in the DNS",
        "Take out of the DNS",
    )]  # fmt: skip
    assert order == sorted(order)
    moved = made(example(hosts=(replace(renamed, addresses=host("post", 29).addresses),)))
    assert any("move.yml" in step for step in moved)
