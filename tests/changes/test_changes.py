"""What a change of the description means, in words."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import date
from ipaddress import ip_address, ip_network

import pytest

from mailwright.changes import SECTIONS, Change, compare, settings, text, words
from mailwright.changes.model import Part, Review, pairs
from mailwright.changes.personal import whole
from mailwright.plan import make
from mailwright.plan.model import Because, Plan, Settings
from mailwright.plan.retention import LEFT
from mailwright.site.model import Audit, InternalDomain, Network, Provision, Sharing, Site, Smarthost, Waiver
from mailwright.site.read import read
from support.comparing import networks
from support.example import (
    HERE,
    ROOT,
    example,
    load_example,
    person,
    role,
    split,
    with_gateway,
    with_person,
    with_role,
)
from support.review_pages import named

TABLES = tuple(field.name for field in fields(Plan) if field.name != "settings")


def full() -> Plan:
    """A plan with a row in every table."""
    site = with_gateway()
    inner = InternalDomain("unix3.chem.college.ac.uk", "chem.college.ac.uk", date(2027, 7, 31), HERE)
    whole = read(ROOT / "inventories" / "whole" / "site.yml").site
    assert whole is not None
    first, *rest = split().hosts
    assert "mx" in first.functions
    hosts = (replace(first, functions=(*first.functions, "lists", "web")), *rest)
    more = replace(site, lists=whole.lists, list_server=whole.list_server, address_book="everybody")
    waiver = Waiver("ROLE-5.one-person", "until the second starts", "Rosa Luxemburg", date(2027, 1, 31), HERE)
    return make(replace(more, hosts=hosts, internal_domains=(inner,), waivers=(waiver,)))


def in_full(changes: tuple[Change, ...]) -> tuple[Change, ...]:
    """With everybody's name."""
    return tuple(replace(each, key=whole(each.key), sentence=whole(each.sentence)) for each in changes)


def changed(new: Site, old: Site | None = None) -> tuple[Change, ...]:
    return in_full(compare(make(old or load_example()), make(new)))


def printed(changes: tuple[Change, ...]) -> str:
    """The text of a review in which these are all that there is, as it stands on the screen."""
    plan = make(load_example())
    side = named("site.yml")
    return text.render(Review(side, side, (plan, plan), (Part("description", changes),)))


def sentences(new: Site, old: Site | None = None) -> list[str]:
    return [change.sentence for change in changed(new, old)]


def of(table: str, new: Site, old: Site | None = None) -> list[Change]:
    return [change for change in changed(new, old) if change.table == table]


# --- Nothing is left out ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES)
def test_a_row_of_any_table_that_goes_or_comes_is_a_change(table: str) -> None:
    plan = full()
    rows = getattr(plan, table)
    assert rows, "the plan has a row in every table"
    without = replace(plan, **{table: rows[1:]})  # type: ignore[arg-type]
    gone, come = compare(plan, without), compare(without, plan)
    if table != "policies":  # a check among others: the listener's order changes
        assert {change.kind for change in gone if change.table == table} <= {"removed", "changed"}
    assert gone
    assert come
    assert all(change.sentence for change in (*gone, *come))


@pytest.mark.parametrize("table", TABLES)
def test_another_reason_is_no_change(table: str) -> None:
    plan = full()
    other = Because("ADDR-1", "in other words")
    same = replace(plan, **{table: tuple(replace(row, because=other) for row in getattr(plan, table))})  # type: ignore[arg-type]
    assert compare(plan, same) == ()
    assert same != plan


@pytest.mark.parametrize("name", [field.name for field in fields(Settings)])
def test_every_setting_that_differs_is_a_change(name: str) -> None:
    """But for those that other tables say, and say better."""
    plan = full()
    other = {
        "domains": ("college.ac.uk",),
        "internal_domains": (),
        "smarthost": Smarthost("out.example.net", 587, "", "", "", HERE),
        "directory": None,
        "relay_networks": (ip_network("198.51.100.128/28"),),
        "mailer_names": (),
        "service_desk": None,
        "audit": Audit((), ("postmaster@college.ac.uk",), None),
        "sharing": Sharing("shared", "hosting.example", ()),
        "provision": Provision("Example Hosting"),
    }
    value = getattr(plan.settings, name)
    new = other.get(name, value + 1 if isinstance(value, int) else "else" if isinstance(value, str) else ())
    found = compare(plan, replace(plan, settings=replace(plan.settings, **{name: new})))
    said_elsewhere = {"relay_networks", "mailer_names", "directory"}  # the last is None in both
    assert bool(found) == (name not in said_elsewhere)


def test_each_setting_has_a_name_in_words() -> None:
    assert {field.name for field in fields(Settings)} == settings.ELSEWHERE | set(settings.NAMES)


def test_each_table_of_a_change_is_in_one_section() -> None:
    tables = [table for section in SECTIONS for table in section.tables]
    assert len(tables) == len(set(tables))
    assert {change.table for change in compare(full(), make(load_example()))} <= set(tables)


# --- In words --------------------------------------------------------------------------------------------------


def test_nothing_that_changes_is_said_as_that() -> None:
    assert changed(load_example()) == ()
    assert printed(()) == "Nothing changes: both descriptions make the same service.\n"


def test_the_example_becomes_the_split_site() -> None:
    found = sentences(split())
    assert "submission (mail of people who log in) moves from mail.college.ac.uk to smtp.college.ac.uk" in found
    assert "receiving mail from outside (mx) begins on mx2.college.ac.uk; mail.college.ac.uk still does it" in found
    assert (
        "MX of college.ac.uk becomes mail.college.ac.uk, then mx2.college.ac.uk, instead of mail.college.ac.uk"
        in found
    )
    shown = printed(changed(split()))
    flat = " ".join(shown.split())
    assert "- 20 mailboxes move from mail.college.ac.uk to store1.college.ac.uk: ab011, al215" in flat
    assert flat.count("move.yml") == 1
    assert "First let the old host keep the function store" in flat
    assert "- 2 hosts open port 993 to everybody: store1.college.ac.uk, store2.college.ac.uk." in flat
    assert "- log.college.ac.uk (198.51.100.33 and 2001:db8:c011::33) is new." in flat
    assert "a copy of all mail logs (log) begins on log.college.ac.uk" in flat
    assert all(len(line) <= text.WIDTH for line in shown.splitlines() if " " in line.strip("- "))


def test_a_mailbox_that_goes_from_store_to_store_is_moved_at_once() -> None:
    stores = [host.name for host in make(split()).with_function("store")]
    before = replace(split(), people=tuple(replace(one, store=stores[0]) for one in split().people))
    login, store, other = before.people[0].login, stores[0], stores[1]
    people = (replace(before.people[0], store=other), *before.people[1:])
    (change,) = of("mailboxes", replace(before, people=people), before)
    assert change.sentence == f"the mailbox of {login} moves from {store} to {other}"
    assert "Apply the new build with its move.yml" in change.note


def test_and_back() -> None:
    found = sentences(load_example(), split())
    assert "submission (mail of people who log in) moves from smtp.college.ac.uk to mail.college.ac.uk" in found
    assert "keeping a copy of all mail logs (log) ends on log.college.ac.uk; no host does it any more" in found


def test_one_function_on_one_more_host() -> None:
    host = replace(load_example().hosts[0], name="mx2.college.ac.uk", addresses=(ip_address("198.51.100.26"),))
    more = example(hosts=(*load_example().hosts, replace(host, functions=("mx",))))
    (change,) = of("functions", more)
    assert change.sentence == (
        "receiving mail from outside (mx) begins on mx2.college.ac.uk; mail.college.ac.uk still does it"
    )
    assert change.new == ("mail.college.ac.uk", "mx2.college.ac.uk")


def test_a_new_starter() -> None:
    found = changed(with_person(person("kl204", "K.Z@college.ac.uk", aliases=("kz@college.ac.uk",))))
    assert [(change.table, change.kind, change.key) for change in found] == [
        ("mailboxes", "added", "kl204"),
        ("routes", "added", "k.z@college.ac.uk"),
        ("routes", "added", "kz@college.ac.uk"),
        ("senders", "added", "kl204 as k.z@college.ac.uk"),
        ("senders", "added", "kl204 as kz@college.ac.uk"),
    ]
    assert found[0].sentence == "kl204 (Name of kl204) gets a mailbox on mail.college.ac.uk"
    assert found[1].sentence == "k.z@college.ac.uk is new and reaches the mailbox of kl204"
    assert found[3].sentence == "kl204 may send as k.z@college.ac.uk"


def test_somebody_leaves() -> None:
    old = with_person(person("kl204"))
    found = changed(load_example(), old)
    assert {change.kind for change in found} == {"removed"}
    assert "kl204 may send as first.kl204@college.ac.uk no more" in [change.sentence for change in found]


def test_a_role_that_reaches_others() -> None:
    (change,) = of("routes", with_role(role("security", "ii305", "wm118", domains=("college.ac.uk",))))
    assert change.kind == "changed"
    assert change.sentence == (
        "security@college.ac.uk reaches imran.iqbal@college.ac.uk and wangari.muta@college.ac.uk instead of "
        "imran.iqbal@college.ac.uk and rosa.luxemburg@college.ac.uk"
    )


def test_a_network_that_is_trusted() -> None:
    network = Network(ip_network("198.51.100.128/28"), HERE)
    trusted = example(networks=replace(load_example().networks, relay=(network,)))
    (change,) = of("grants", trusted)
    assert change.sentence == "198.51.100.128/28 may relay through port 25 of mail.college.ac.uk"
    assert "the log names an address and no person" in change.note
    (back,) = of("grants", load_example(), trusted)
    assert back.sentence == "198.51.100.128/28 may no more relay through port 25 of mail.college.ac.uk"
    assert back.note == ""


def test_the_order_of_checks() -> None:
    plan = make(load_example())
    first, second = (row for row in plan.policies if row.key[:3] == ("mail.college.ac.uk", 25, "rcpt"))
    swapped = {first.key: replace(first, check=second.check), second.key: replace(second, check=first.check)}
    other = replace(plan, policies=tuple(swapped.get(row.key, row) for row in plan.policies))
    (change,) = compare(plan, other)
    assert change.sentence == (
        "port 25 of mail.college.ac.uk, at the stage rcpt, asks the same in another order: "
        "reject_unlisted_recipient, reject_non_fqdn_recipient; before it was "
        "reject_non_fqdn_recipient, reject_unlisted_recipient"
    )


def test_a_gateway_comes_and_is_asked_in_another_way() -> None:
    (change,) = of("gateways", with_gateway())
    assert change.sentence == (
        "mail for physics.college.ac.uk goes through the gateway exchange to exchange.physics.college.ac.uk"
    )
    (other,) = of("gateways", with_gateway(tls="may"), with_gateway())
    assert other.sentence == "the gateway exchange is asked for TLS in the way may instead of verify"
    assert "physics.college.ac.uk is a mail domain from now on" in sentences(with_gateway())


def test_logs_limits_and_internal_forms() -> None:
    logging = replace(load_example().logging, days=30, minimum_days=30)
    assert (
        "/var/log/mail/mail.log on mail.college.ac.uk is kept 30 days, at most 365, for mailreaders instead of "
        "92 days, at most 365, for mailreaders" in sentences(example(logging=logging))
    )
    plan = make(load_example())
    rows = tuple(replace(row, days=30, maximum_days=31) if row.log == LEFT else row for row in plan.retention)
    assert [change.sentence for change in compare(plan, replace(plan, retention=rows))] == [
        "mail of people who have left on mail.college.ac.uk is kept 30 days, at most 31, for administrators "
        "instead of 90 days, at most 91, for administrators"
    ]
    inner = InternalDomain("unix3.chem.college.ac.uk", "chem.college.ac.uk", None, HERE)
    ends = replace(inner, until=date(2027, 7, 31))
    assert sentences(example(internal_domains=(ends,)), example(internal_domains=(inner,))) == [
        "unix3.chem.college.ac.uk is the form of chem.college.ac.uk until 2027-07-31 instead of the form of "
        "chem.college.ac.uk without an end"
    ]


def test_people_who_are_looked_up_are_not_said_to_vanish() -> None:
    old = make(load_example())
    reading = read(ROOT / "inventories" / "directory" / "site.yml")
    assert reading.site is not None
    new = make(reading.site)
    for one, other in ((old, new), (new, old)):
        found = compare(one, other)
        assert [change.sentence for change in found if change.table == "mailboxes"] == [
            "who has a mailbox, which addresses and which logins is looked up "
            f"{'in the directory while mail flows' if other is new else 'in the description'} from now on"
        ]
        assert not [change for change in found if change.table in ("routes", "senders", "rewrites")]
        assert "directory" in {change.table for change in found}


def test_a_role_that_reaches_a_login_of_the_directory() -> None:
    reading = read(ROOT / "inventories" / "directory" / "site.yml")
    assert reading.site is not None
    roles = tuple(
        replace(item, members=("rl204", "wm118")) if item.local == "security" else item
        for item in reading.site.roles
    )
    (change,) = of("routes", replace(reading.site, roles=roles), reading.site)
    assert change.sentence == (
        "security@college.ac.uk reaches whoever has the login rl204 and whoever has the login wm118 instead of "
        "whoever has the login ii305 and whoever has the login rl204"
    )


def test_a_system_behind_a_gateway_may_relay_as_its_own_domains() -> None:
    (change,) = of("grants", with_gateway())
    assert change.key.startswith("198.51.100.77/32 through port 25")
    assert change.note == "The system behind the gateway may send to anywhere, as the gateway's own domains alone."


def test_what_is_asked_is_said_with_its_reason() -> None:
    found = [change.sentence for change in of("policies", with_gateway())]
    assert (
        "port 25 of mail.college.ac.uk, at the stage mail, sees to this as well, for those who may relay there "
        "now: a system behind a gateway sends as its own domains alone (check_client_access "
        "cidr:/etc/postfix/gateway_clients)"
    ) in found


def test_checks_of_those_who_relay_end_with_them() -> None:
    site = load_example()
    relays = replace(site, networks=replace(site.networks, relay=networks("198.51.100.130/32")))
    ended = [change.sentence for change in of("policies", site, relays)]
    assert any("does not see to this any more, since nobody relays there: " in sentence for sentence in ended)
    begun = [change.sentence for change in of("policies", relays, site)]
    assert any("sees to this as well, for those who may relay there now: " in sentence for sentence in begun)
    wider = replace(site, networks=replace(site.networks, relay=networks("198.51.100.0/24")))
    assert of("policies", wider, relays) == []


def test_a_moved_management_network_says_to_whom_ssh_opens() -> None:
    network = Network(ip_network("198.51.100.224/28"), HERE)
    moved = example(networks=replace(load_example().networks, management=(network,)))
    (change,) = of("openings", moved)
    assert change.sentence == (
        "port 22 of mail.college.ac.uk is open to 198.51.100.224/28 instead of "
        "198.51.100.240/28 and 2001:db8:c011:ad::/64"
    )


def test_reverse_records_are_called_by_their_addresses() -> None:
    keys = {change.key for change in of("records", split()) if "PTR" in change.sentence}
    assert {"198.51.100.26", "2001:db8:c011::26"} <= keys


def test_what_leads_to_a_host_is_published_when_it_is_there_and_goes_before_it() -> None:
    """As the steps have it: who a host is comes first, and what brings others to it last."""
    notes = {(change.kind, change.sentence.partition(" ")[0]): change.note for change in of("records", split())}
    assert notes["added", "A"].startswith("Publish it before the hosts are changed")
    assert notes["changed", "MX"].startswith("Publish it when the hosts are ready for it")
    (mx,) = (change for change in of("records", load_example(), with_gateway()) if change.sentence.startswith("MX"))
    assert mx.note.startswith("Remove it before the hosts are changed")


def when(old: Site, new: Site) -> dict[str, str]:
    """``A mail.college.ac.uk`` → when its record is to be published, before, when or after."""
    said = {change: change.sentence.split() for change in of("records", new, old)}
    return {f"{words[0]} {words[2]}": change.note.partition(" the hosts")[0] for change, words in said.items()}


def test_a_record_is_published_when_the_steps_say_so() -> None:
    """A sender is taken out of SPF after the last message came from it; nobody is led to an address that goes."""
    site = load_example()
    (mail,) = site.hosts
    sent_by_another = replace(
        site, smarthost=Smarthost("smtp.provider.example", 587, "college", "p", "spf.provider.example", HERE)
    )
    assert set(when(sent_by_another, site).values()) == {"Publish it after"}
    assert set(when(site, sent_by_another).values()) == {"Publish it before"}
    four = replace(site, hosts=(replace(mail, addresses=mail.addresses[:1]),))
    assert when(site, four)["AAAA mail.college.ac.uk"] == "Remove it before"
    assert when(site, four)["TXT mail.college.ac.uk"] == "Publish it after"
    assert when(four, site)["AAAA mail.college.ac.uk"] == "Publish it before"
    moved = replace(site, hosts=(replace(mail, addresses=(ip_address("198.51.100.29"), mail.addresses[1])),))
    assert when(site, moved)["A mail.college.ac.uk"] == "Publish it when"
    two = replace(
        site,
        hosts=(
            mail,
            replace(mail, name="mx2.college.ac.uk", addresses=moved.hosts[0].addresses[:1], functions=("mx",)),
        ),
    )
    assert when(two, site)["MX college.ac.uk"] == "Publish it before"


def test_addresses_of_a_gateway_that_is_asked_from_now_on_go_on_getting_mail() -> None:
    listed = with_gateway()
    asked = replace(listed, gateways=tuple(replace(one, recipients="ask", people=()) for one in listed.gateways))
    gone = of("routes", asked, listed)
    (one,) = (change for change in gone if change.key.startswith("k.marx@physics"))
    assert one.sentence.startswith("k.marx@physics.college.ac.uk is in no list any more; it reached ")
    assert one.note == "For each message it is asked who is there; whoever is known there goes on getting mail."
    assert not any("refused" in change.note for change in gone)
    assert one.alike == "addresses behind gateways in physics.college.ac.uk are in no list any more"


def test_a_key_in_the_dns_is_shown_by_its_ends() -> None:
    dkim = load_example().dkim
    assert dkim is not None
    key = dkim.public_key
    (gone, come) = [
        one
        for one in of("records", example(dkim=replace(dkim, selector="mail2027")))
        if ".college.ac.uk" in one.key and "chem" not in one.key
    ]
    for change in (gone, come):
        assert change.sentence.endswith(f"; p={key[:8]}...{key[-24:]}")
    (other,) = [
        one
        for one in of("records", example(dkim=replace(dkim, public_key=f"{key[:-8]}AAAAAAAA")))
        if "chem" not in one.key
    ]
    assert len(other.sentence) < 200
    middle = f"{key[:100]}{'A' * 8}{key[108:]}"  # the ends do not tell it from the other
    (whole_key,) = [
        one for one in of("records", example(dkim=replace(dkim, public_key=middle))) if "chem" not in one.key
    ]
    assert middle in whole_key.sentence
    assert key in whole_key.sentence


def test_a_reason_with_a_full_stop_ends_with_one() -> None:
    waiver = Waiver("ROLE-5.one-person", "The second starts soon.", "Rosa Luxemburg", date(2027, 1, 31), HERE)
    (change,) = of("waivers", example(waivers=(waiver,)))
    assert change.sentence.endswith(": The second starts soon")


# --- Grouping --------------------------------------------------------------------------------------------------


def test_those_that_are_alike_are_counted_and_a_few_are_named() -> None:
    people = [person(f"new{number:02}") for number in range(12)]
    shown = printed(changed(with_person(*people)))
    assert (
        "- 12 people get mailboxes on mail.college.ac.uk: new00, new01, new02, new03, new04 and 7 more."
        in " ".join(shown.split())
    )
    assert "36 changes" in shown.splitlines()[0]
    assert "\nMailboxes (12)\n" in shown


def test_nothing_in_a_description_can_write_on_the_terminal() -> None:
    plan = make(with_person(person("kl204")))
    mailboxes = tuple(
        replace(row, name="\x1b[2J\u202eEve") if row.login == "kl204" else row for row in plan.mailboxes
    )
    said = printed(compare(make(load_example()), replace(plan, mailboxes=mailboxes)))
    assert "\\x1b[2J\\u202eEve" in said
    assert "\x1b" not in said


def test_words() -> None:
    assert [words.number(count, "change") for count in (1, 2, 1200)] == ["1 change", "2 changes", "1,200 changes"]
    assert [words.duration(seconds) for seconds in (0, 1, 300, 5400, 172_800)] == [
        "0 seconds",
        "1 second",
        "5 minutes",
        "1 hour 30 minutes",
        "2 days",
    ]
    assert words.number(1, "address", "addresses") == "1 address"
    assert words.number(1200, "address", "addresses") == "1,200 addresses"
    assert words.listed(()) == "nobody"
    assert words.listed(("a",)) == "a"
    assert words.listed(("a", "b", "c")) == "a, b and c"
    assert words.some("abcde") == "a, b, c, d and e"
    assert words.some("abcdef") == "a, b, c, d, e and 1 more"
    assert words.some(str(number) for number in range(3000)) == "0, 1, 2, 3, 4 and 2,995 more"
    assert words.few(("a", "b", "c"), "hosts") == "a, b and c"
    assert words.few([str(number) for number in range(3000)], "hosts") == "3,000 hosts"
    assert [words.size(octets) for octets in (5_000_000_000, 25_000_000, 2**30, 7)] == [
        "5 GB",
        "25 MB",
        "1 GiB",
        "7 bytes",
    ]


def test_pairs_are_in_the_order_of_their_keys_and_without_what_is_the_same() -> None:
    rows = make(load_example()).mailboxes
    other = (replace(rows[3], quota=1), *rows[4:], replace(rows[0], login="zzz"))
    found = [(old and old.login, new and new.login) for old, new, _ in pairs(rows, other)]
    assert found == [
        (rows[0].login, None),
        (rows[1].login, None),
        (rows[2].login, None),
        (rows[3].login, rows[3].login),
        (None, "zzz"),
    ]
