"""What is served over HTTPS, and where mail programs find each service."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailwright.plan import PlanError, make
from mailwright.plan.model import Plan
from mailwright.plan.web import WELL_KNOWN
from mailwright.site.read import read
from support.example import ROOT, load_example, split, whole, with_gateway

WWW = "www.college.ac.uk"


def located(plan: Plan, domain: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for row in plan.records:
        if row.type == "SRV" and row.zone == domain:
            found.setdefault(row.owner.removesuffix(f"._tcp.{domain}."), set()).add(row.value)
    return found


@pytest.mark.parametrize("domain", ["college.ac.uk", "chem.college.ac.uk"])
def test_each_service_of_a_domain_is_found(domain: str) -> None:
    """RFC 6186, RFC 8314, RFC 5804; what is not offered is said to be not there (RFC 6186, 3.4)."""
    assert located(make(load_example()), domain) == {
        "_imap": {"0 0 0 ."},
        "_pop3": {"0 0 0 ."},
        "_imaps": {"0 1 993 mail.college.ac.uk."},
        "_pop3s": {"10 1 995 mail.college.ac.uk."},
        "_submissions": {"0 1 465 mail.college.ac.uk."},
        "_submission": {"10 1 587 mail.college.ac.uk."},
        "_sieve": {"0 1 4190 mail.college.ac.uk."},
    }


def test_a_service_leads_to_a_listener_of_each_host() -> None:
    plan = make(split())
    found = located(plan, "college.ac.uk")
    assert found["_imaps"] == {f"0 1 993 store{number}.college.ac.uk." for number in (1, 2)}
    assert found["_submissions"] == {"0 1 465 smtp.college.ac.uk."}
    listening = {(row.port, row.host + ".") for row in plan.listeners}
    for values in found.values():
        for value in values - {"0 0 0 ."}:
            *_, port, host = value.split()
            assert (int(port), host) in listening


def test_pop_that_is_not_offered_is_said_to_be_not_there() -> None:
    site = load_example()
    plan = make(replace(site, store=replace(site.store, pop3=False)))
    assert located(plan, "college.ac.uk")["_pop3s"] == {"0 0 0 ."}


def test_a_domain_behind_a_gateway_has_its_mailboxes_elsewhere() -> None:
    plan = make(with_gateway())
    assert located(plan, "physics.college.ac.uk") == {}
    assert located(plan, "college.ac.uk")


def test_the_web_host_is_found() -> None:
    plan = make(whole())
    found = located(plan, "chem.college.ac.uk")
    assert found["_autodiscover"] == {"0 1 443 autodiscover.chem.college.ac.uk."}
    assert found["_carddavs"] == {f"0 1 443 {WWW}."}
    paths = {
        row.zone: row.value for row in plan.records if row.owner.startswith("_carddavs.") and row.type == "TXT"
    }
    assert set(paths.values()) == {"path=/carddav/"}  # RFC 6764, 4
    assert set(paths) == set(plan.settings.domains)
    without = make(replace(whole(), address_book="nobody"))
    assert "_carddavs" not in located(without, "chem.college.ac.uk")
    assert not [row for row in without.web if row.use == "carddav"]


def test_where_people_are_in_a_live_directory_nothing_is_told_that_only_a_build_knows() -> None:
    site = read(ROOT / "inventories" / "directory" / "site.yml").site
    assert site is not None
    plan = make(replace(site, hosts=(*site.hosts, whole().hosts[1]), address_book="everybody"))
    assert {row.use for row in plan.web if row.host == WWW} == {"pages", "autoconfig", "autodiscover"}


def test_the_well_known_place_is_on_a_web_host_that_is_a_mail_domain() -> None:
    site = whole()
    assert WELL_KNOWN not in {row.path for row in make(site).web}
    named = make(replace(site, hosts=(site.hosts[0], replace(site.hosts[1], name="chem.college.ac.uk"))))
    (row,) = (row for row in named.web if row.path == WELL_KNOWN)
    assert (row.name, row.use, row.readers) == ("chem.college.ac.uk", "autoconfig", "everybody")


def test_the_web_server_is_on_debian_13() -> None:
    site = whole()
    with pytest.raises(PlanError) as caught:
        make(replace(site, hosts=(site.hosts[0], replace(site.hosts[1], os="debian-12"))))
    assert [fault.id for fault in caught.value.findings] == ["plan.web-release"]
    assert make(site).web


def test_a_web_host_of_which_nothing_else_is_said_serves_the_documents_and_sets_mail_programs_up() -> None:
    """That is use enough, so a host may have the function web without webmail, pages or an address book."""
    plan = make(replace(whole(), webmail=None, pages=None, address_book="nobody"))
    assert {row.use for row in plan.web if row.host == WWW} == {
        "pages",
        "mobileconfig",
        "autoconfig",
        "autodiscover",
    }
