"""Forms of address that are used inside, in the tables and documents (INT-4)."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

from mailwright.build import documents
from mailwright.components import filter as judge
from mailwright.components import postfix
from mailwright.components.model import File
from mailwright.plan import make
from mailwright.plan.model import Plan
from mailwright.site.model import AutomaticSender, InternalDomain
from support.example import HERE, example, load_example

FORM = "unix3.chem.college.ac.uk"
CRON = AutomaticSender("cron", "jobs", (f"cron@{FORM}", "cron@chem.college.ac.uk"), "rl204", HERE)


def inside(until: date | None = date(2027, 7, 31)) -> Plan:
    inner = InternalDomain(FORM, "chem.college.ac.uk", until, HERE)
    return make(example(internal_domains=(inner,), automatic_senders=(CRON,)))


def rows(path: str, plan: Plan) -> dict[str, str]:
    files: list[File] = [*postfix.files(plan, plan.hosts[0]), *judge.files(plan, plan.hosts[0])]
    text = next(file.text for file in files if file.path == path)
    lines = (line.split(maxsplit=1) for line in text.splitlines() if line and not line.startswith("#"))
    return {line[0]: line[1] if len(line) > 1 else "" for line in lines}


def test_people_and_roles_are_rewritten_and_automatic_senders_are_not() -> None:
    internal = rows("/etc/postfix/internal", inside())
    assert internal[f"k.marx@{FORM}"] == "k.marx@chem.college.ac.uk"
    assert internal[f"postmaster@{FORM}"] == "postmaster@chem.college.ac.uk"
    assert not [address for address in internal if address.startswith("cron@")]


def test_who_may_write_it_in_the_envelope_and_in_from_is_who_may_write_the_published_one() -> None:
    plan = inside()
    senders = rows("/etc/postfix/senders", plan)
    for local in ("k.marx", "postmaster", "cron"):
        assert senders[f"{local}@{FORM}"] == senders[f"{local}@chem.college.ac.uk"]
    addresses = rows("/etc/rspamd/mailwright/addresses", plan)
    assert addresses[f"k.marx@{FORM}"] == addresses["k.marx@chem.college.ac.uk"]


def test_mail_that_comes_in_is_led_to_the_published_address() -> None:
    aliases = rows("/etc/postfix/virtual_aliases", inside())
    assert aliases[f"k.marx@{FORM}"] == "k.marx@chem.college.ac.uk"
    assert aliases[f"cron@{FORM}"] == "rosa.luxemburg@college.ac.uk"
    assert f"k.marx@{FORM}" not in rows("/etc/postfix/virtual_mailboxes", inside())


def test_the_filter_takes_the_form_for_one_of_the_sites_own_names() -> None:
    plan = inside()
    conf = next(file.text for file in judge.files(plan, plan.hosts[0]) if file.path.endswith("rspamd.conf"))
    (line,) = (line for line in conf.splitlines() if line.startswith("  domains ="))
    assert FORM in line
    plain = make(load_example())
    conf = next(file.text for file in judge.files(plain, plain.hosts[0]) if file.path.endswith("rspamd.conf"))
    assert FORM not in conf


def told(plan: Plan) -> str:
    """The words of the page about addresses."""
    page = documents.make(plan, ())["documents/addresses.html"].data.decode()
    return " ".join(re.sub(r"<[^>]*>", "", page).split())


def test_people_are_told_until_when_mail_to_the_form_arrives() -> None:
    assert f"@{FORM} is what @chem.college.ac.uk is called inside" in told(inside())
    assert f"Mail to @{FORM} still arrives until 31 July 2027, and is refused after that" in told(inside())
    assert "until" not in told(inside(None)).partition(FORM)[2]
    assert f"Mail to @{FORM} still arrives." in told(inside(None))
    assert FORM not in told(make(load_example()))


def test_a_site_with_forms_alone_has_nobody_with_an_address_of_their_own_inside() -> None:
    people = tuple(replace(person, internal=()) for person in load_example().people)
    plan = make(replace(example(people=people), internal_domains=inside().settings.internal_domains))
    assert "also have an address for use inside" in told(make(load_example()))
    assert "also have an address for use inside" not in told(plan)
    assert "There are none here that differ" not in told(plan)
