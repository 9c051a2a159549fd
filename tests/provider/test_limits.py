"""What a provider lets customers say."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailwright.findings import Finding, Findings
from mailwright.provider.limits import holding, words
from mailwright.provider.read import read
from support.provider_folder import EXAMPLE, change, copied, customer, judged, line_of, opened


def limit(folder: Path, said: str) -> None:
    change(folder / "provider.yml", "limits: # what a customer may not say for itself", f"limits:\n  {said}")


def over(path: Path) -> list[Finding]:
    return [item for item in judged(path).findings if item.id == "customer.limit"]


def test_a_range_has_both_its_ends(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    for days in (92, 180):
        assert over(customer(folder, "bede", f"logging: {{days: {days}}}\n")) == []
    for days, word in ((91, "less than 92"), (181, "more than 180")):
        path = customer(folder, "bede", f"logging: {{days: {days}}}\n")
        (found,) = over(path)
        assert found.where is not None
        assert found.where.line == line_of(path, "logging")
        assert word in found.message
        assert "the hosts keep logs for 180 days at most" in found.message
        assert judged(path).status == 2


def test_sizes_are_compared_as_sizes(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    for quota in ("10 GB", "10000 MB", "9 GiB"):
        assert over(customer(folder, "bede", f"store: {{quota: {quota}}}\n")) == []
    for quota in ("11 GB", "10 GiB", "1 TB"):
        (found,) = over(customer(folder, "bede", f"store: {{quota: {quota}}}\n"))
        assert "more than 10 GB" in found.message


def test_what_is_fixed_may_not_be_said_at_all_nor_below(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    limit(folder, "/agreement: {fixed: true, reason: one agreement for all}")
    path = customer(folder, "bede", "agreement: {faults: never}\n")
    (found,) = over(path)
    assert found.where is not None
    assert (found.where.line, found.where.pointer) == (line_of(path, "agreement"), "/agreement")
    assert "one agreement for all" in found.message


def test_profiles_and_defaults_may_say_what_is_fixed(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    limit(folder, "/agreement: {fixed: true, reason: one agreement for all}")
    assert judged(folder / "customers" / "school.yml").site is not None


@pytest.mark.parametrize(("said", "wrong"), [("quarantine", False), ("reject", True), ("none", False)])
def test_one_of_some_values_in_every_item(tmp_path: Path, said: str, wrong: bool) -> None:
    folder = copied(tmp_path)
    limit(folder, "'/domains/*/dmarc': {one_of: [none, quarantine], reason: not yet}")
    path = customer(folder, "bede")
    change(path, "domains: [bede.ac.uk]", f"domains: [{{name: bede.ac.uk, dmarc: {said}}}]")
    assert bool(over(path)) is wrong


def test_one_of_some_values_of_a_list(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    limit(folder, "/pages/languages: {one_of: [en], reason: nobody here reads Welsh}")
    assert over(customer(folder, "bede", "pages: {languages: [en]}\n")) == []
    assert len(over(customer(folder, "bede", "pages: {languages: [en, cy]}\n"))) == 1


def test_true_is_not_one(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    limit(folder, "'/people/*/listed': {one_of: [true], reason: so}")
    path = customer(folder, "bede")
    change(path, "address: ann.ash@bede.ac.uk}", "address: ann.ash@bede.ac.uk, listed: false}")
    assert len(over(path)) == 1
    change(path, "listed: false", "listed: true")
    assert over(path) == []


def test_quotas_of_people_hold_in_a_csv_file_too(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    limit(folder, "'/people/*/quota': {maximum: 7 GB, reason: room costs}")
    (found,) = over(folder / "customers" / "college.yml")
    people = folder / "customers" / "college" / "people.csv"
    assert found.where is not None
    assert (found.where.file, found.where.line) == (str(people), line_of(people, "8 GB"))
    path = customer(folder, "bede")
    change(path, "address: ann.ash@bede.ac.uk}", "address: ann.ash@bede.ac.uk, quota: 8 GB}")
    (found,) = over(path)
    assert found.where is not None
    assert found.where.line == line_of(path, "8 GB")


def test_a_value_that_the_platform_has_is_told_of_once(tmp_path: Path) -> None:
    path = customer(copied(tmp_path), "bede", "store: {pop3: false}\n")
    assert [item.id for item in judged(path).findings] == ["customer.platform-key"]


def test_on_hosts_of_its_own_the_limit_says_it(tmp_path: Path) -> None:
    path = copied(tmp_path) / "customers" / "institute.yml"
    path.write_text(path.read_text() + "store: {pop3: false}\n")
    (found,) = over(path)
    assert "all customers of a platform have the same doors" in found.message


def test_the_wrong_kind_of_value_is_the_schemas_to_say(tmp_path: Path) -> None:
    path = customer(copied(tmp_path), "bede", "logging: {days: soon}\nstore: {quota: 5}\n")
    assert over(path) == []
    assert judged(path).status == 2


def test_which_limits_hold_for_a_value() -> None:
    limits = opened(EXAMPLE)[0].limits
    assert [words(one) for one in holding(limits, "/logging/days")] == ["92 to 180"]
    assert [words(one) for one in holding(limits, "/store/quota")] == ["at most 10 GB"]
    assert [words(one) for one in holding(limits, "/store/pop3")] == ["fixed by the provider"]
    assert list(holding(limits, "/store")) == []


def test_a_persons_own_quota_goes_round_no_limit_of_the_example(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    path = customer(folder, "bede")
    change(path, "address: bob.birch@bede.ac.uk", "address: bob.birch@bede.ac.uk, quota: 900 GB")
    (found,) = over(path)
    assert "/people/1/quota is 900 GB, more than 10 GB" in found.message
    change(path, "900 GB", "9 GB")
    assert over(path) == []


@pytest.mark.parametrize("said", ["maximum: 10 GB", "fixed: true", "one_of: [2 GB, 5 GB]"])
def test_a_limit_of_the_quota_that_people_go_round_is_a_warning_at_its_line(tmp_path: Path, said: str) -> None:
    folder = copied(tmp_path)
    path = folder / "provider.yml"
    change(path, "  /people/*/quota: {maximum: 10 GB, reason: more room is agreed with operations}\n", "")
    change(path, "/store/quota: {maximum: 10 GB,", f"/store/quota: {{{said},")
    findings = Findings()
    read(folder, findings)
    found = [one for one in findings.items if one.id == "provider.by-passed"]
    assert [one.where.line for one in found if one.where] == [line_of(path, "/store/quota")]


def test_what_limits_both_or_neither_is_no_warning(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    path = folder / "provider.yml"
    for old, new in (
        ("/people/*/quota: {maximum: 10 GB,", "/people/*/quota: {fixed: true,"),
        ("/store/quota: {maximum: 10 GB,", "/store/quota: {minimum: 1 GB,"),
        ("  /people/*/quota: {fixed: true, reason: more room is agreed with operations}\n", ""),
    ):
        change(path, old, new)
        findings = Findings()
        read(folder, findings)
        assert [one.id for one in findings.items] == []


@pytest.mark.parametrize("at", ["/domains", "/domains/*", "/domains/*/name"])
@pytest.mark.parametrize("said", ["{}", "{{name: {}}}", "{{name: {}, dmarc: reject}}"])
@pytest.mark.parametrize(("domain", "wrong"), [("bede.ac.uk", False), ("barclays.co.uk", True)])
def test_a_domain_is_judged_in_whichever_form_it_is_said(
    tmp_path: Path, at: str, said: str, domain: str, wrong: bool
) -> None:
    folder = copied(tmp_path)
    limit(folder, f"'{at}': {{one_of: [bede.ac.uk, www.bede.ac.uk], reason: these are theirs}}")
    path = customer(folder, "bede")
    change(path, "domains: [bede.ac.uk]", f"domains: [www.bede.ac.uk, {said.format(domain)}]")
    found = over(path)
    assert [one.message.partition(" is ")[2] for one in found] == (
        ["barclays.co.uk, not one of bede.ac.uk, www.bede.ac.uk: these are theirs"] if wrong else []
    )


@pytest.mark.parametrize("at", ["/roles/postmaster", "/roles/*/members", "/roles/*/members/*"])
@pytest.mark.parametrize("said", ["[gg@bede.ac.uk]", "{members: [gg@bede.ac.uk]}"])
def test_members_of_a_role_are_judged_in_whichever_form_they_are_said(tmp_path: Path, said: str, at: str) -> None:
    folder = copied(tmp_path)
    limit(folder, f"'{at}': {{one_of: [aa1, bb2], reason: whom we know}}")
    path = customer(folder, "bede", f"roles: {{postmaster: {said}}}\n")
    (found,) = over(path)
    assert "is gg@bede.ac.uk, not one of aa1, bb2: whom we know" in found.message
