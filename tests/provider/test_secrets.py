"""Whose secrets a customer's description may name."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mailwright.provider import secrets
from mailwright.provider.secrets import within
from mailwright.provider.survey import survey
from mailwright.source.schema import load_schema
from support.provider_folder import TODAY, change, copied, customer, judged, line_of, told

STRANGE = (
    "secrets/college/passwords",
    "secrets/bede/../college/passwords",
    "secrets/bede/./passwords",
    "secrets/bede//passwords",
    "secrets/bede",
    "secrets/bede/",
    "secrets/bede-2/passwords",
    "secrets/passwords",
    "/srv/provider/secrets/bede/passwords",
    "/etc/shadow",
    "~/.ssh/id_ed25519",
    "./secrets/bede/passwords",
    "passwords",
)

OWN_HOSTS = """\
networks: {campus: [203.0.113.128/25], management: [203.0.113.240/28]}
hosts:
  mail.bede.ac.uk: {addresses: [203.0.113.130], os: debian-13}
"""


def on_hosts_of_its_own(folder: Path, more: str) -> Path:
    return customer(folder, "bede", OWN_HOSTS + more, without="platform: shared")


@pytest.mark.parametrize("path", STRANGE)
def test_on_shared_hosts_the_first_passwords_are_below_the_customers_own_folder(tmp_path: Path, path: str) -> None:
    file = customer(copied(tmp_path), "bede", f"store: {{passwords: '{path}'}}\n")
    found = judged(file)
    assert ("customer.secret", line_of(file, "store:")) in told(found.findings, file)
    assert found.plan is None


def test_the_customers_own_are_well_wherever_they_lie_in_its_folder(tmp_path: Path) -> None:
    file = customer(copied(tmp_path), "bede", "store: {passwords: secrets/bede/2027/passwords}\n")
    found = judged(file)
    assert told(found.findings, file) == []
    assert found.site is not None
    assert found.site.store.passwords == "secrets/bede/2027/passwords"


def test_the_folder_goes_by_the_id_and_not_by_the_files_name(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    own = customer(folder, "bede", "customer: saint-bede\nstore: {passwords: secrets/saint-bede/passwords}\n")
    assert told(judged(own).findings, own) == []
    other = customer(folder, "bede", "customer: saint-bede\nstore: {passwords: secrets/bede/passwords}\n")
    assert told(judged(other).findings, other) == [("customer.secret", line_of(other, "store:"))]


def test_another_customers_key_and_the_platforms_are_refused(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    school = folder / "customers" / "school.yml"
    for key in ("secrets/college/dkim.key", "secrets/hosting.example.dkim"):
        text = school.read_text()
        change(school, "private_key: secrets/school/dkim.key", f"private_key: {key}")
        assert told(judged(school).findings, school) == [("customer.secret", line_of(school, "dkim:"))]
        school.write_text(text)


def test_a_password_of_an_audit_is_the_customers_too(tmp_path: Path) -> None:
    more = (
        "audit:\n  mailboxes:\n"
        "    - {login: aa1, address: ann.ash@bede.ac.uk, password: secrets/bede/audit}\n"
        "    - {login: bb2, address: bob.birch@bede.ac.uk, password: ../secrets/college/passwords}\n"
    )
    file = customer(copied(tmp_path), "bede", more)
    assert told(judged(file).findings, file) == [("customer.secret", line_of(file, "../secrets"))]


def test_a_providers_layer_is_held_to_the_customers_folder_on_shared_hosts(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    profile = folder / "profiles" / "welsh.yml"
    profile.write_text(profile.read_text() + "store: {passwords: secrets/bede/passwords}\n")
    well, not_well = (
        customer(folder, "bede", "profiles: [welsh]\n"),
        customer(folder, "aidan", "profiles: [welsh]\n"),
    )
    secret = ("customer.secret", line_of(profile, "store:"))
    assert secret not in told(judged(well).findings, profile)
    assert secret in told(judged(not_well).findings, profile)


@pytest.mark.parametrize(
    "said",
    [
        "store: {passwords: /srv/provider/secrets/college/passwords}",
        "store: {passwords: ../../provider/secrets/college/passwords}",
        "tls: {key: ~/.ssh/id_ed25519}",
        "tls: {certificate: /etc/shadow}",
        "smarthost: {host: smtp.example.com, login: bede, password: /root/smarthost, spf: spf.example.com}",
        "dkim: {selector: s1, public_key: bede/dkim.pub, private_key: secrets/../../x/dkim.key}",
    ],
)
def test_on_hosts_of_its_own_a_customer_names_what_is_below_secrets(tmp_path: Path, said: str) -> None:
    file = on_hosts_of_its_own(copied(tmp_path), f"{said}\n")
    assert ("customer.secret", line_of(file, said)) in told(judged(file).findings, file)


def test_on_hosts_of_its_own_it_calls_its_secrets_as_it_likes(tmp_path: Path) -> None:
    more = (
        "store: {passwords: secrets/passwords}\ntls: {key: 'secrets/tls/{host}.key', certificate: secrets/a.pem}\n"
    )
    file = on_hosts_of_its_own(copied(tmp_path), more)
    assert "customer.secret" not in {item.id for item in judged(file).findings if item.fails}


def test_of_hosts_of_its_own_the_provider_may_say_any_path(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    change(
        folder / "provider.yml", "  logging: {days: 92}\n", "  logging: {days: 92}\n  store: {passwords: /srv/p}\n"
    )
    change(folder / "provider.yml", "  store: {quota: 2 GB}\n", "")
    file = on_hosts_of_its_own(folder, "")
    assert "customer.secret" not in {item.id for item in judged(file).findings if item.fails}


IN_ANOTHERS = (
    "store: {passwords: secrets/college/passwords}",
    "tls: {certificate: secrets/college/dkim.key}",
    "tls: {key: secrets/college/dkim.key}",
    "dkim: {selector: s1, public_key: bede/dkim.pub, private_key: secrets/college/dkim.key}",
    "smarthost: {host: smtp.example.com, login: bede, password: secrets/college/passwords, spf: spf.example.com}",
    "audit: {mailboxes: [{login: aa1, address: ann.ash@bede.ac.uk, password: secrets/college/passwords}]}",
    "audit: {outside: {address: x@example.com, imap: imap.example.com, login: x, password: secrets/college/p}}",
)


def paths(schema: dict[str, Any], way: str = "") -> Iterator[str]:
    """Pointers of settings that are paths on the control machine."""
    if str(schema.get("$ref", "")).endswith("/control-path"):
        yield way
    for key, inner in schema.get("properties", {}).items():
        yield from paths(inner, f"{way}/{key}")
    for key in ("items", "additionalProperties"):
        if isinstance(schema.get(key), dict):
            yield from paths(schema[key], f"{way}/*")


def test_every_setting_that_is_a_path_of_the_control_machine_is_behind_the_wall() -> None:
    assert set(paths(load_schema("site"))) == set(secrets._OWN_HOSTS)


@pytest.mark.parametrize("said", IN_ANOTHERS)
def test_on_hosts_of_its_own_a_customer_names_nothing_in_the_folder_of_another(tmp_path: Path, said: str) -> None:
    """What it names is copied to its own hosts, or said to them."""
    folder = copied(tmp_path)
    file = on_hosts_of_its_own(folder, f"{said}\n")
    (folder / "customers" / "bede").mkdir()
    shutil.copy(folder / "customers" / "school" / "dkim.pub", folder / "customers" / "bede" / "dkim.pub")
    found = survey(folder, TODAY).findings
    assert ("customer.same-secret", line_of(file, said)) in told(found, file), told(found, file)
    file.write_text(file.read_text().replace("secrets/college/", "secrets/bede/"))
    assert "customer.same-secret" not in {id_ for id_, _ in told(survey(folder, TODAY).findings, file)}


@pytest.mark.parametrize(
    "said",
    [
        "tls: {certificate: secrets/hosting.example.dkim}",
        "tls: {key: secrets/mail.hosting.example.key}",
        "store: {passwords: secrets/./hosting.example.dkim}",
    ],
)
def test_on_hosts_of_its_own_a_customer_names_no_secret_of_a_platform(tmp_path: Path, said: str) -> None:
    folder = copied(tmp_path)
    file = on_hosts_of_its_own(folder, f"{said}\n")
    found = {id_ for id_, line in told(survey(folder, TODAY).findings, file) if line == line_of(file, said)}
    assert found & {"customer.same-secret", "customer.secret"}
    well = on_hosts_of_its_own(folder, "tls: {key: secrets/mail.bede.ac.uk.key}\n")
    assert told(survey(folder, TODAY).findings, well) == []


def test_what_a_providers_own_layer_says_for_all_is_the_providers_to_say(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    profile = folder / "profiles" / "welsh.yml"
    profile.write_text(profile.read_text() + "tls: {key: secrets/mail.hosting.example.key}\n")
    on_hosts_of_its_own(folder, "profiles: [welsh]\n")
    assert "customer.same-secret" not in {one.id for one in survey(folder, TODAY).findings}


def test_one_way_to_write_a_path() -> None:
    assert within("secrets/bede/a/b.key", "secrets/bede")
    assert not any(within(path, "secrets/bede") for path in STRANGE)
