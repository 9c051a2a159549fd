"""A customer's file: what it is, its layers, and the walls around it."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailwright.findings import Findings
from mailwright.provider.customer import Customer, head, read_customer
from support.provider_folder import EXAMPLE, change, copied, customer, line_of, opened, told


def reading(path: Path) -> Customer:
    provider, platforms = opened(path.parent.parent)
    return read_customer(provider, platforms, path)


def faults(path: Path) -> list[tuple[str, int]]:
    return told(reading(path).reading.findings, path)


def test_a_customer_is_a_site_of_its_layers() -> None:
    found = reading(EXAMPLE / "customers" / "college.yml")
    assert found.reading.findings == ()
    assert [layer.name for layer in found.layers] == [
        "defaults", "profile college", "profile welsh", "customer college", "platform shared",
    ]  # fmt: skip
    site = found.reading.site
    assert site is not None
    assert [host.name for host in site.hosts] == ["mail.hosting.example", "mx2.hosting.example"]
    assert (site.store.quota, site.logging.days, site.address_book) == (6_000_000_000, 120, "everybody")
    assert site.roles[1].members == ("Ada.Owen@hosting.example", "Ben.Price@hosting.example")
    assert site.sharing is not None
    assert (site.sharing.platform, site.sharing.domain) == ("shared", "hosting.example")
    assert {person.login for person in site.people} >= {"gparry", "obryn"}
    document = found.reading.document
    assert document is not None
    assert document.place("/logging/days").file.endswith("profiles/college.yml")
    assert site.where.file.endswith("customers/college.yml")


def test_hosts_of_its_own_are_no_shared_ones() -> None:
    found = reading(EXAMPLE / "customers" / "institute.yml")
    site = found.reading.site
    assert site is not None
    assert site.sharing is None
    assert [host.name for host in site.hosts] == ["mail.institute.ac.uk"]
    assert site.team == ("Ada.Owen@hosting.example", "Ben.Price@hosting.example")


def test_what_was_opened_is_known_and_is_its_own_alone() -> None:
    names = {
        Path(file).relative_to(EXAMPLE).as_posix()
        for file in reading(EXAMPLE / "customers/college.yml").reading.files
    }
    assert names == {"customers/college.yml", "customers/college/people.csv", "customers/college/dkim.pub"}


# --- The head --------------------------------------------------------------------------------------------------


def test_the_head_has_the_files_name_where_none_is_said(tmp_path: Path) -> None:
    findings = Findings()
    said = head(EXAMPLE / "customers" / "abbey.yml", findings)
    assert said is not None
    assert findings.items == []
    assert (said.id, said.platform, said.profiles) == ("abbey", "shared", ())
    assert said.leaving is not None
    assert str(said.leaving.mail_until) == "2027-06-30"
    folder = copied(tmp_path)
    path = customer(folder, "bede", "customer: saint-bede\n")
    other = head(path, findings)
    assert other is not None
    assert other.id == "saint-bede"
    assert reading(path).head.id == "saint-bede"


@pytest.mark.parametrize("name", ["Bede", "bede college", "-bede", "b" * 65])
def test_a_file_whose_name_is_no_id(tmp_path: Path, name: str) -> None:
    folder = copied(tmp_path)
    path = customer(folder, "bede").rename(folder / "customers" / f"{name}.yml")
    assert faults(path) == [("customer.id", 1)]
    path.write_text(path.read_text() + "customer: bede\n")
    assert faults(path) == []


def test_days_of_leaving_need_no_quotes_and_stand_in_order(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    days = "leaving:\n  stop: {}\n  mail_until: {}\n  logs_until: {}\n"
    well = customer(folder, "bede", days.format("2027-03-31", "2027-03-31", "2027-09-30"))
    assert faults(well) == []
    turned = customer(folder, "cuthbert", days.format("2027-03-31", "2027-02-28", "2027-01-31"))
    assert faults(turned) == [
        ("customer.leaving", line_of(turned, "mail_until")),
        ("customer.leaving", line_of(turned, "logs_until")),
    ]
    missing = customer(folder, "aidan", "leaving: {stop: 2027-03-31, mail_until: 2027-06-30}\n")
    assert faults(missing) == [("schema.missing-property", line_of(missing, "leaving"))]
    none = customer(folder, "oswald", days.format("2027-02-30", "2027-03-31", "2027-09-30"))
    assert faults(none) == [("site.value", line_of(none, "stop:"))]


def test_hosts_of_its_own_do_not_leave_by_days(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    path = folder / "customers" / "institute.yml"
    path.write_text(
        path.read_text() + "leaving: {stop: 2027-03-31, mail_until: 2027-06-30, logs_until: 2027-09-30}\n"
    )
    assert faults(path) == [("customer.leaving", line_of(path, "leaving"))]


# --- Profiles and platforms ------------------------------------------------------------------------------------


def test_a_profile_that_is_not_there_names_the_near_one_and_nothing_else_is_said(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    path = customer(folder, "bede", "profiles: [school, walsh]\n")
    found = [item for item in reading(path).reading.findings if item.id == "customer.profile"]
    assert [(item.fix, item.where.pointer) for item in found if item.where] == [
        ("Did you mean 'welsh'?", "/profiles/1")
    ]
    path = customer(folder, "bede", "profiles: [sckool]\n")
    assert faults(path) == [("customer.profile", line_of(path, "profiles"))]


def test_a_profile_that_cannot_be_read_is_one_finding_for_all(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / "profiles" / "school.yml").write_bytes(b"\xff\xfe")
    places = {
        str(item.where)
        for name in ("school", "trust")
        for item in reading(folder / "customers" / f"{name}.yml").reading.findings
        if item.fails
    }
    assert places == {f"{folder / 'provider.yml'}:{line_of(folder / 'provider.yml', 'school: profiles')}:3"}


def test_a_platform_that_is_not_there(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    path = customer(folder, "bede")
    change(path, "platform: shared", "platform: shard")
    (found,) = reading(path).reading.findings
    assert (found.id, found.fix) == ("customer.platform", "Did you mean 'shared'?")


def test_of_a_platform_that_does_not_check_each_customer_has_one_finding(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    change(folder / "platforms" / "shared.yml", "domains:\n", "domains: [\n")
    for name in ("school", "college"):
        found = reading(folder / "customers" / f"{name}.yml").reading
        assert [item.id for item in found.findings] == ["customer.platform"]
        assert found.site is None
    own = reading(folder / "customers" / "institute.yml").reading
    assert own.findings == ()
    assert own.site is not None


@pytest.mark.parametrize(
    ("said", "id_"),
    [
        ("hosts: {mx.bede.ac.uk: {addresses: [203.0.113.9], os: debian-13}}", "customer.platform-key"),
        ("networks: {campus: [203.0.113.0/24], management: [203.0.113.0/28]}", "customer.platform-key"),
        ("tls: {certificate: secrets/bede.pem}", "customer.platform-key"),
        ("time: {servers: [ntp.bede.ac.uk]}", "customer.platform-key"),
        ("submission: {hourly: 1000}", "customer.platform-key"),
        ("logging: {days: 100, readers: bede}", "customer.platform-key"),
        ("logging: {free: 2 GB}", "customer.platform-key"),
        ("logging: {maximum_days: 3650}", "customer.platform-key"),
        ("store: {pop3: false}", "customer.platform-key"),
        ("webmail: {}", "customer.elsewhere"),
        ("smarthost: {host: smtp.bede.ac.uk}", "customer.elsewhere"),
        ("directory: {servers: [ldap.bede.ac.uk], base: 'dc=bede'}", "customer.elsewhere"),
        ("lists: {staff: {owners: [aa1], members: [aa1, bb2]}}", "customer.elsewhere"),
    ],
)
def test_what_is_the_platforms_or_not_offered_is_a_finding_at_its_line(tmp_path: Path, said: str, id_: str) -> None:
    folder = copied(tmp_path)
    path = customer(folder, "bede", f"{said}\n")
    found = reading(path)
    assert (id_, line_of(path, said)) in told(found.reading.findings, path)
    assert found.reading.site is None


def test_a_lower_layer_that_says_it_is_told_at_its_line(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    profile = folder / "profiles" / "school.yml"
    profile.write_text(profile.read_text() + "submission: {hourly: 1000}\n")
    found = reading(folder / "customers" / "school.yml").reading
    assert told(found.findings, profile) == [("customer.platform-key", line_of(profile, "submission"))]
    own = folder / "customers" / "institute.yml"
    change(own, "profiles: [college]", "profiles: [school]")
    site = reading(own).reading.site
    assert site is not None
    assert site.submission.hourly == 1000


def test_a_key_that_is_not_known_may_be_one_of_a_customers_own(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    path = customer(folder, "bede", "platfrom: shared\n", without="platform:")
    found = [item for item in reading(path).reading.findings if item.id == "schema.unknown-property"]
    assert [item.fix for item in found] == ["Did you mean 'platform'?"]


def test_what_no_layer_says_is_missing(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    path = customer(folder, "bede", without="domains")
    assert [id_ for id_, _ in faults(path)] == ["schema.missing-property"]


# --- Files, and the walls around them --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "id_"),
    [
        (b"", "source.empty"),
        (b"\xff\xfep\x00", "source.not-utf-8"),
        (b"platform: sh\xe4red\n", "source.not-utf-8"),
        (b"platform: *a\n", "source.alias"),
        (b"- shared\n", "source.not-a-mapping"),
    ],
)
def test_a_file_that_is_no_description(tmp_path: Path, raw: bytes, id_: str) -> None:
    folder = copied(tmp_path)
    path = folder / "customers" / "bede.yml"
    path.write_bytes(raw)
    found = reading(path)
    assert (id_, 1) in told(found.reading.findings, path)
    assert (found.head.id, found.reading.site) == ("bede", None)


def test_a_file_that_has_gone_or_is_a_folder(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    assert faults(folder / "customers" / "bede.yml") == [("source.no-file", 1)]
    (folder / "customers" / "aidan.yml").mkdir()
    assert faults(folder / "customers" / "aidan.yml") == [("source.not-a-file", 1)]


def test_it_may_extend_files_of_its_own_folder(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    path = customer(folder, "bede", "extends: bede/base.yml\n")
    (folder / "customers" / "bede").mkdir()
    (folder / "customers" / "bede" / "base.yml").write_text("people: people.csv\nlogging: {days: 99}\n")
    found = reading(path)
    assert found.reading.findings == ()
    assert [layer.name for layer in found.layers][-3:] == [
        "customer bede (bede/base.yml)", "customer bede", "platform shared",
    ]  # fmt: skip


def test_it_may_not_extend_itself_in_a_circle(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    path = customer(folder, "bede", "extends: bede/base.yml\n")
    (folder / "customers" / "bede").mkdir()
    base = folder / "customers" / "bede" / "base.yml"
    base.write_text("extends: ../bede.yml\n")
    assert [item.id for item in reading(path).reading.findings] == ["source.extends-circle"]
    direct = customer(folder, "aidan", "extends: aidan.yml\n")
    assert faults(direct) == [("source.extends-circle", line_of(direct, "extends"))]


@pytest.mark.parametrize(
    "said",
    [
        "extends: college.yml",
        "extends: college/base.yml",
        "extends: ../profiles/school.yml",
        "dkim: {selector: s, public_key: college/dkim.pub, private_key: secrets/k}",
        "pages: {texts: college}",
    ],
)
def test_files_of_another_or_of_nobody_are_not_opened(tmp_path: Path, said: str) -> None:
    folder = copied(tmp_path)
    path = customer(folder, "bede", f"{said}\n")
    found = reading(path)
    assert ("source.outside", line_of(path, said)) in told(found.reading.findings, path)
    assert found.reading.files == (str(path),)
    assert found.reading.site is None


@pytest.mark.parametrize("file", ["college/people.csv", "people.csv"])
def test_people_are_in_a_file_of_its_own(tmp_path: Path, file: str) -> None:
    folder = copied(tmp_path)
    (folder / "customers" / "people.csv").write_text("login,name,address\n")
    path = customer(folder, "bede", f"people: {file}\n", without="login")
    change(path, "people:\n", "")
    assert faults(path) == [("source.outside", line_of(path, "people"))]
    assert reading(path).reading.files == (str(path),)


def test_links_lead_to_no_other_customer(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    customers = folder / "customers"
    path = customer(folder, "bede", "people: bede/people.csv\n", without="login")
    change(path, "people:\n", "")
    (customers / "bede").mkdir()
    (customers / "bede" / "people.csv").symlink_to("../college/people.csv")
    assert faults(path) == [("source.outside", line_of(path, "people"))]
    (customers / "bede" / "people.csv").unlink()
    (customers / "bede").rmdir()
    (customers / "bede").symlink_to("college")
    assert faults(path) == [("source.outside", 1)]
    assert reading(path).reading.files == ()


def test_a_link_out_of_the_customers_folder_is_no_customer(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    other = tmp_path / "other.yml"
    customer(folder, "bede").rename(other)
    path = folder / "customers" / "bede.yml"
    path.symlink_to(other)
    assert faults(path) == [("source.outside", 1)]
    assert reading(path).reading.files == ()


def test_texts_with_a_link_to_another_customers_are_not_shown(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    customers = folder / "customers"
    (customers / "college" / "secret.md").write_text("Ours.\n")
    (customers / "bede" / "texts" / "en").mkdir(parents=True)
    (customers / "bede" / "texts" / "en" / "maintenance.md").symlink_to("../../../college/secret.md")
    path = customer(folder, "bede", "pages: {texts: bede/texts}\n")
    found = reading(path)
    assert [item.id for item in found.reading.findings] == ["source.outside"]
    assert not any("secret" in file for file in found.reading.files)


def test_who_is_on_which_store_is_not_read_from_a_file_of_all(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / "customers" / "stores.csv").write_text("login,store\naa1,elsewhere.ac.uk\n")
    found = reading(customer(folder, "bede"))
    assert found.reading.site is not None
    assert [person.store for person in found.reading.site.people] == ["", ""]


def test_first_passwords_are_its_own_even_where_it_does_not_say_where(tmp_path: Path) -> None:
    """Else somebody who is called as one of the provider's people would have that one's password."""
    folder = copied(tmp_path)
    found = reading(customer(folder, "bede", "customer: saint-bede\n")).reading.site
    assert found is not None
    assert found.store.passwords == "secrets/saint-bede/passwords"
    own = reading(EXAMPLE / "customers" / "institute.yml").reading.site
    assert own is not None
    assert own.store.passwords == "secrets/passwords"
