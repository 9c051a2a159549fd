"""Customers of a rehearsed platform: their plans as shared hosts know them, what is asked, and what is laid in."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from mailwright.audit import PROBES
from mailwright.findings import Findings
from mailwright.provider.platform import Shared, read_platform
from mailwright.provider.read import read
from mailwright.rehearsal import credentials, guests
from mailwright.rehearsal.lab import scene
from mailwright.rehearsal.platform import PreparedPlatform, prepare_platform
from support.example import ROOT

PROVIDER = ROOT / "inventories" / "provider"
TODAY = date(2026, 12, 1)


def shared() -> Shared:
    provider = read(PROVIDER, Findings())
    assert provider is not None
    found, _ = read_platform(provider.platforms[0], TODAY)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> PreparedPlatform:
    provider = read(PROVIDER, Findings())
    assert provider is not None
    return prepare_platform(provider, shared(), TODAY, tmp_path_factory.mktemp("rehearsal"))


def test_every_customer_of_the_platform_is_there_and_none_of_elsewhere(prepared: PreparedPlatform) -> None:
    assert [one.id for one in prepared.guests] == ["abbey", "college", "harbour", "school", "trust"]
    assert prepared.left_out == {}


def test_one_that_has_stopped_is_built_and_not_probed(tmp_path: Path) -> None:
    provider = read(PROVIDER, Findings())
    assert provider is not None
    later = prepare_platform(provider, shared(), date(2027, 4, 1), tmp_path)
    assert "abbey" in {one.head.id for one in later.hosted}
    assert "abbey" not in {one.id for one in later.guests}
    assert "\nstate stopped\n" in (later.platform.project / "customers/abbey/mail.tables").read_text()


def test_logins_have_their_realm_and_two_of_the_same_are_two(prepared: PreparedPlatform) -> None:
    logins = {one.id: {account.login for account in one.accounts} for one in prepared.guests}
    assert "mpoole@hill.sch.uk" in logins["school"]
    assert "mpoole@riverside.ac.uk" in logins["trust"]
    every = [login for found in logins.values() for login in found]
    assert len(every) == len(set(every))
    passwords = {account.password for one in prepared.guests for account in one.accounts}
    assert len(passwords) == len(every)


def test_a_truth_knows_the_provider_s_team_to_whom_roles_lead(prepared: PreparedPlatform) -> None:
    guest = next(one for one in prepared.guests if one.id == "harbour")
    routes = {route.address: route for route in guest.truth.routes}
    assert routes["ruth.kane@harbour.ac.uk"].targets == ("rkane@harbour.ac.uk",)
    assert routes["ada.owen@hosting.example"].targets == ("aowen",)
    assert {"rkane@harbour.ac.uk", "aowen"} <= {row.login for row in guest.truth.mailboxes}
    assert "aowen" not in {row.login for row in guest.truth.senders}


def test_what_is_asked_of_a_customer_exists(prepared: PreparedPlatform) -> None:
    assert set(guests.ESSENTIAL) <= {probe.id for probe in PROBES}
    asked = {one.id: {probe.id for probe in guests.essential(one.plan)} for one in prepared.guests}
    assert "identity.dkim" in asked["college"]
    assert "identity.dkim" not in asked["harbour"]
    assert "relay.outside" in asked["harbour"]


def test_the_lab_serves_the_names_of_all_and_receives_for_none_of_them(prepared: PreparedPlatform) -> None:
    own = prepared.platform
    shown = prepared.shown(scene(own.truth, own.project / "dns"))
    assert shown.fragments is not None
    assert {"hosting.example", "valley.ac.uk", "hill.sch.uk", "harbour.ac.uk"} <= set(shown.fragments)
    assert not {"hosting.example", "valley.ac.uk"} & set(shown.foreign_domains)


def test_the_keys_of_the_run_are_published_and_laid_in(prepared: PreparedPlatform, tmp_path: Path) -> None:
    prepared.write_secrets(tmp_path / "customers")
    laid = {path.name: path for path in (tmp_path / "customers").iterdir()}
    assert {"college.key", "college.passwords", "harbour.passwords"} <= set(laid)
    assert all(path.stat().st_mode & 0o077 == 0 for path in laid.values())
    college = next(one for one in prepared.hosted if one.head.id == "college")
    zone = (prepared.platform.project / "customers/college/dns/valley.ac.uk.zone").read_text().replace('" "', "")
    assert college.credentials.dkim_public_key[:100] in zone
    assert laid["college.key"].read_bytes() == college.credentials.files[credentials.DKIM_KEY]


def test_walls_are_tried_with_every_other_customer(prepared: PreparedPlatform) -> None:
    probes = guests.walls(prepared.guests[1:])
    assert all(probe.requirements == ("SCALE-2",) for probe in probes)
    assert len({probe.id for probe in probes}) == len(probes) == 4
