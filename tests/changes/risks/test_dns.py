"""Records on which others rely."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from mailwright.changes.model import RiskRule
from mailwright.changes.risks import dns
from mailwright.plan.model import Plan, Record
from mailwright.site.model import Host, InternalDomain, Site, Smarthost
from support.comparing import plan, said
from support.example import HERE, example, load_example, split, with_gateway

OLD = load_example()
(ONE,) = OLD.hosts
SPLIT = split()
ELSEWHERE = (ip_address("198.51.100.99"), ip_address("2001:db8:c011::99"))


def host(site: Site, label: str) -> Host:
    return next(one for one in site.hosts if one.name.startswith(f"{label}."))


def but(site: Site, label: str, *instead: Host) -> Site:
    found: list[Host] = []
    for one in site.hosts:
        found.extend(instead if one.name.startswith(f"{label}.") else (one,))
    return replace(site, hosts=tuple(found))


def other(name: str, *functions: str, addresses: tuple[object, ...] = ELSEWHERE) -> Host:
    return replace(ONE, name=name, functions=functions, addresses=addresses)  # type: ignore[arg-type]


def with_records(site: Site, change: dict[str, str | None]) -> Plan:
    """The plan with other values of records, by ``type owner``; without them where it says None."""
    made = plan(site)
    rows: list[Record] = []
    for row in made.records:
        value = change.get(f"{row.type} {row.owner.rstrip('.')}", row.value)
        if value is not None:
            rows.append(replace(row, value=value))
    return replace(made, records=tuple(rows))


MOVED = example(hosts=(replace(ONE, functions=("submission", "store")), other("mx.college.ac.uk", "mx")))
BESIDE = example(hosts=(ONE, other("mx.college.ac.uk", "mx")))
RENAMED = example(hosts=(replace(ONE, name="post.college.ac.uk"),))


# --- mx.removed, mx.moved --------------------------------------------------------------------------------------


def test_one_of_two_mailers_goes() -> None:
    assert said(dns.mx_removed, SPLIT, but(SPLIT, "mx2")) == [
        (
            "medium",
            "mx2.college.ac.uk takes no mail for chem.college.ac.uk and college.ac.uk any more; "
            "mail.college.ac.uk is the only one left",
        )
    ]


def test_one_of_three_weighs_less() -> None:
    three = replace(SPLIT, hosts=(*SPLIT.hosts, other("mx3.college.ac.uk", "mx")))
    ((severity, sentence),) = said(dns.mx_removed, three, SPLIT)
    assert severity == "low"
    assert "only one" not in sentence


def test_no_mailer_is_left() -> None:
    none = example(hosts=(replace(ONE, functions=("submission", "store")),))
    ((severity, sentence),) = said(dns.mx_removed, OLD, none)
    assert severity == "high"
    assert sentence.startswith("chem.college.ac.uk and college.ac.uk have no MX record any more")


def test_mail_comes_to_another_host_of_ours() -> None:
    assert said(dns.mx_moved, OLD, MOVED) == [
        (
            "medium",
            "mail for chem.college.ac.uk and college.ac.uk comes to mx.college.ac.uk instead of mail.college.ac.uk",
        )
    ]
    assert said(dns.mx_removed, OLD, MOVED) == []


def test_mail_comes_to_a_host_of_somebody_else() -> None:
    new = with_records(OLD, {"MX college.ac.uk": "10 mx.cloud.example."})
    ((severity, sentence),) = said(dns.mx_moved, OLD, new)
    assert severity == "high"
    assert sentence.endswith("mx.cloud.example is no host of this description")


@pytest.mark.parametrize("rule", [dns.mx_removed, dns.mx_moved])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(OLD, OLD, id="nothing"),
        pytest.param(SPLIT, replace(SPLIT, hosts=SPLIT.hosts[::-1]), id="the order in which they are tried"),
        pytest.param(OLD, RENAMED, id="another name, the same host"),
        pytest.param(OLD, example(hosts=(replace(ONE, addresses=ELSEWHERE),)), id="the same name, another address"),
        pytest.param(OLD, BESIDE, id="one more mailer"),
        pytest.param(with_gateway(), OLD, id="a domain goes"),
        pytest.param(OLD, with_gateway(), id="a domain comes"),
    ],
)
def test_the_same_mailers_are_neither_removed_nor_moved(rule: RiskRule, old: Site, new: Site) -> None:
    assert said(rule, old, new) == []


# --- dns.early -------------------------------------------------------------------------------------------------


def test_the_old_mailer_stops_while_others_remember_it() -> None:
    assert said(dns.early, OLD, MOVED) == [
        (
            "medium",
            "for 1 hour after the change others may still send mail for chem.college.ac.uk and college.ac.uk to "
            "mail.college.ac.uk (MX, TTL 3600 s), where nothing takes mail then",
        )
    ]


def test_a_name_that_others_remember_leads_nowhere() -> None:
    ((severity, sentence),) = said(dns.early, OLD, RENAMED)
    assert severity == "low"
    assert sentence.endswith(
        "to mail.college.ac.uk (MX, TTL 3600 s), a name that leads nowhere unless its records stay so long"
    )


def test_an_address_that_others_remember_is_given_up() -> None:
    ((severity, sentence),) = said(dns.early, OLD, example(hosts=(replace(ONE, addresses=ELSEWHERE),)))
    assert severity == "medium"
    assert "look for mail.college.ac.uk at 198.51.100.25 and 2001:db8:c011::25 (TTL 3600 s)" in sentence
    assert sentence.endswith("where nothing answers for mail from outside, sending, reading and filters then")


def test_the_time_is_that_of_the_old_record() -> None:
    made = plan(OLD)
    slow = replace(made, records=tuple(replace(row, ttl=172_800) for row in made.records))
    ((_, sentence),) = said(dns.early, slow, MOVED)
    assert sentence.startswith("for 2 days after the change")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(OLD, BESIDE, id="the new mailer beside the old one"),
        pytest.param(SPLIT, replace(SPLIT, hosts=SPLIT.hosts[::-1]), id="another order"),
        pytest.param(
            OLD,
            example(hosts=(replace(ONE, addresses=(*ONE.addresses, *ELSEWHERE)),)),
            id="one more address of the same host",
        ),
        pytest.param(with_gateway(), OLD, id="a domain goes"),
    ],
)
def test_what_others_remember_still_answers(old: Site, new: Site) -> None:
    assert said(dns.early, old, new) == []


def test_an_address_that_another_host_takes_over_misses_nothing() -> None:
    new = example(
        hosts=(replace(ONE, addresses=ELSEWHERE), replace(ONE, name="old.college.ac.uk", addresses=ONE.addresses))
    )
    assert said(dns.early, OLD, new) == []


# --- dns.identity ----------------------------------------------------------------------------------------------


def test_a_mailer_with_another_address() -> None:
    ((severity, sentence),) = said(dns.identity, OLD, example(hosts=(replace(ONE, addresses=ELSEWHERE),)))
    assert severity == "medium"
    assert sentence.startswith("the mailer mail.college.ac.uk sends from 198.51.100.99 and 2001:db8:c011::99")


def test_a_mailer_with_another_name() -> None:
    ((severity, sentence),) = said(dns.identity, OLD, RENAMED)
    assert severity == "medium"
    assert sentence.startswith("the mailer mail.college.ac.uk is called post.college.ac.uk from now on")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"PTR 25.100.51.198.in-addr.arpa": "dhcp25.college.ac.uk."}, "says dhcp25.college.ac.uk"),
        ({"PTR 25.100.51.198.in-addr.arpa": None}, "the PTR record of 198.51.100.25 is missing"),
        ({"A mail.college.ac.uk": None}, "no address record of the name has 198.51.100.25"),
    ],
)
def test_records_of_a_mailer_that_disagree(change: dict[str, str | None], words: str) -> None:
    ((severity, sentence),) = said(dns.identity, OLD, with_records(OLD, change))
    assert severity == "high"
    assert words in sentence
    assert said(dns.identity, with_records(OLD, change), with_records(OLD, change)) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (OLD, OLD),
        (OLD, example(hosts=(replace(ONE, addresses=ONE.addresses[::-1]),))),
        (OLD, example(hosts=(replace(ONE, addresses=ONE.addresses[:1]),))),
        (SPLIT, but(SPLIT, "store2", replace(host(SPLIT, "store2"), addresses=ELSEWHERE))),
        (SPLIT, but(SPLIT, "mx2")),
    ],
)
def test_a_mailer_that_is_known_as_before_is_silent(old: Site, new: Site) -> None:
    assert said(dns.identity, old, new) == []


# --- spf.weakened ----------------------------------------------------------------------------------------------


def test_a_provider_may_send_in_the_domains_name() -> None:
    smarthost = Smarthost(
        "smtp.provider.example", 587, "college", "secrets/smarthost", "spf.provider.example", HERE
    )
    ((severity, sentence),) = said(dns.spf_weakened, OLD, example(smarthost=smarthost))
    assert severity == "medium"
    assert sentence == (
        "chem.college.ac.uk and college.ac.uk let include:spf.provider.example send in their name (SPF)"
    )


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("v=spf1 ip4:198.51.100.25 ip6:2001:db8:c011::25 ~all", "~all instead of -all"),
        ("v=spf1 ip4:198.51.100.25 ip6:2001:db8:c011::25 +all", "+all instead of -all"),
        ("v=spf1 ip4:198.51.100.0/24 ip6:2001:db8:c011::25 -all", "ip4:198.51.100.0/24"),
        ("v=spf1 ip4:198.51.100.25 a:web.other.example -all", "a:web.other.example"),
        (None, "no SPF record"),
    ],
)
def test_a_record_that_says_less(value: str | None, words: str) -> None:
    found = said(dns.spf_weakened, OLD, with_records(OLD, {"TXT college.ac.uk": value}))
    assert all(severity == "medium" for severity, _ in found)
    assert any(words in sentence for _, sentence in found)


@pytest.mark.parametrize(
    ("old", "new"),
    [(OLD, BESIDE), (OLD, MOVED), (SPLIT, but(SPLIT, "mx2")), (with_gateway(), OLD), (OLD, RENAMED)],
)
def test_the_sites_own_hosts_in_spf_weaken_nothing(old: Site, new: Site) -> None:
    assert said(dns.spf_weakened, old, new) == []


def test_a_form_used_inside_needs_no_spf_record() -> None:
    domain = replace(OLD.primary, name="old.ac.uk")
    here = example(domains=(*OLD.domains, domain))
    form = example(internal_domains=(InternalDomain("old.ac.uk", "college.ac.uk", None, HERE),))
    for rule in (dns.spf_weakened, dns.dmarc_weakened, dns.dkim_removed, dns.mx_removed):
        assert said(rule, here, form) == []


# --- DMARC -----------------------------------------------------------------------------------------------------


def asking(policy: str) -> Site:
    return example(domains=tuple(replace(one, dmarc_policy=policy) for one in OLD.domains))


@pytest.mark.parametrize(
    ("before", "after", "weakened", "tightened"),
    [
        ("reject", "none", ["medium"], []),
        ("reject", "quarantine", ["medium"], []),
        ("quarantine", "none", ["medium"], []),
        ("none", "reject", [], ["medium"]),
        ("none", "quarantine", [], ["low"]),
        ("quarantine", "reject", [], ["low"]),
        ("reject", "reject", [], []),
    ],
)
def test_what_is_asked_about_forgeries(before: str, after: str, weakened: list[str], tightened: list[str]) -> None:
    assert [severity for severity, _ in said(dns.dmarc_weakened, asking(before), asking(after))] == weakened
    assert [severity for severity, _ in said(dns.dmarc_tightened, asking(before), asking(after))] == tightened


def test_the_words_about_forgeries() -> None:
    ((_, sentence),) = said(dns.dmarc_weakened, asking("reject"), asking("none"))
    assert sentence == (
        "others are told to let forged mail from chem.college.ac.uk and college.ac.uk pass, and no more to refuse "
        "it (DMARC)"
    )
    gone = with_records(asking("reject"), {"TXT _dmarc.college.ac.uk": None})
    ((severity, sentence),) = said(dns.dmarc_weakened, asking("reject"), gone)
    assert severity == "medium"
    assert "judge forged mail from college.ac.uk for themselves" in sentence


def test_another_way_to_say_the_same_policy_is_none() -> None:
    said_otherwise = with_records(asking("reject"), {"TXT _dmarc.college.ac.uk": "v=DMARC1;p=reject;adkim=r"})
    assert said(dns.dmarc_weakened, asking("reject"), said_otherwise) == []
    assert said(dns.dmarc_tightened, asking("reject"), said_otherwise) == []


# --- DKIM ------------------------------------------------------------------------------------------------------


def test_a_new_key_without_the_old_record() -> None:
    assert OLD.dkim is not None
    new = example(dkim=replace(OLD.dkim, selector="mail2027", public_key="AAAA"))
    ((severity, sentence),) = said(dns.dkim_replaced, OLD, new)
    assert severity == "medium"
    assert "signed with the DKIM key mail2027 instead of mail2026" in sentence
    assert said(dns.dkim_removed, OLD, new) == []


def test_another_key_under_the_same_selector() -> None:
    assert OLD.dkim is not None
    ((severity, sentence),) = said(dns.dkim_replaced, OLD, example(dkim=replace(OLD.dkim, public_key="AAAA")))
    assert severity == "medium"
    assert "under the same selector mail2026" in sentence


def test_the_old_record_that_is_kept_beside_the_new_one_is_enough() -> None:
    assert OLD.dkim is not None
    made = plan(example(dkim=replace(OLD.dkim, selector="mail2027", public_key="AAAA")))
    kept = tuple(row for row in plan(OLD).records if "_domainkey" in row.owner)
    both = replace(made, records=tuple(sorted((*made.records, *kept), key=lambda row: row.key)))
    assert said(dns.dkim_replaced, OLD, both) == []


def test_mail_leaves_unsigned() -> None:
    ((severity, sentence),) = said(dns.dkim_removed, OLD, example(dkim=None))
    assert severity == "medium"
    assert sentence.startswith("mail from chem.college.ac.uk and college.ac.uk leaves without a DKIM signature")
    assert said(dns.dkim_replaced, OLD, example(dkim=None)) == []
    assert said(dns.dkim_removed, example(dkim=None), OLD) == []
    assert said(dns.dkim_removed, with_gateway(), OLD) == []
