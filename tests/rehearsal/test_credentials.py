"""What stands in for a site's secrets in one run."""

from __future__ import annotations

import base64
import hashlib
import stat
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_public_key, load_pem_private_key

from mailwright.plan import make as make_plan
from mailwright.rehearsal import credentials
from mailwright.site.read import read
from support.example import ROOT, example, load_example

PLAN = make_plan(load_example())


def test_every_login_has_a_password_of_its_own_that_its_hash_proves() -> None:
    made = credentials.make(PLAN)
    lines = dict(line.split(":", 1) for line in made.files["passwords"].decode().splitlines())
    logins = {row.login for row in PLAN.mailboxes} | {row.login for row in PLAN.senders}
    assert set(lines) == {account.login for account in made.accounts} == logins
    assert len({account.password for account in made.accounts}) == len(logins)
    for account in made.accounts:
        packed = base64.b64decode(lines[account.login].removeprefix("{SSHA512}"))
        assert hashlib.sha512(account.password.encode() + packed[64:]).digest() == packed[:64]


def test_each_host_has_a_certificate_in_its_name_from_the_authority() -> None:
    made = credentials.make(PLAN)
    authority = x509.load_pem_x509_certificate(made.files[credentials.AUTHORITY])
    certificate = x509.load_pem_x509_certificate(made.files["mail.college.ac.uk.pem"])
    certificate.verify_directly_issued_by(authority)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["mail.college.ac.uk"]
    key = load_pem_private_key(made.files["mail.college.ac.uk.key"], None)
    assert key.public_key() == certificate.public_key()


def test_the_certificate_of_a_web_host_holds_all_names_that_it_serves() -> None:
    site = read(ROOT / "inventories" / "whole" / "site.yml").site
    assert site is not None
    made = credentials.make(make_plan(site))
    certificate = x509.load_pem_x509_certificate(made.files["www.college.ac.uk.pem"])
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName)[0] == "www.college.ac.uk"
    assert {"autoconfig.college.ac.uk", "autodiscover.college.ac.uk"} < set(names.get_values_for_type(x509.DNSName))


def test_the_record_gets_the_public_part_of_the_run_and_a_site_without_dkim_none() -> None:
    made = credentials.make(PLAN)
    private = load_pem_private_key(made.files["dkim.key"], None)
    rehearsed = credentials.with_key(load_example(), made)
    assert rehearsed.dkim is not None
    assert load_der_public_key(base64.b64decode(rehearsed.dkim.public_key)) == private.public_key()
    without = example(dkim=None)
    assert credentials.with_key(without, made) == without


def test_nothing_secret_is_shown_and_only_the_owner_can_read_the_files(tmp_path: Path) -> None:
    made = credentials.make(PLAN)
    assert not any(account.password in repr(made) for account in made.accounts)
    assert "PRIVATE" not in repr(made)
    made.write(tmp_path / "secret")
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o700
    for file in (tmp_path / "secret").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_two_runs_share_nothing() -> None:
    first, second = credentials.make(PLAN), credentials.make(PLAN)
    assert all(first.files[name] != second.files[name] for name in first.files)
