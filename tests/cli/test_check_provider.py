"""mailwright check of a provider's folder."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailwright.cli.check import command
from mailwright.cli.common import FORMATS, Refused
from mailwright.provider import survey as surveying
from support.example import EXAMPLE as SITE
from support.provider_folder import EXAMPLE, change, copied, customer, line_of


def check(*arguments: str | Path) -> Result:
    words = [str(one) for one in arguments]
    return CliRunner().invoke(command, [*words, "--today", "2026-12-01"], standalone_mode=False)


def failing(result: Result) -> list[dict[str, object]]:
    return [item for item in json.loads(result.stdout)["findings"] if item["status"] == "fail"]


def test_all_customers_are_judged_and_counted() -> None:
    result = check(EXAMPLE)
    assert result.return_value == 1
    assert f"\n{EXAMPLE}: 6 customers: " in result.output
    assert "ERROR" not in result.output


def test_a_provider_with_nothing_to_mend(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    for path in (folder / "customers").glob("*.yml"):
        path.unlink()
    change(folder / "provider.yml", "  welsh: profiles/welsh.yml\n", "")
    for name in ("bede", "aidan"):
        customer(folder, name, "profiles: [school, college]\n")
    result = check(folder)
    assert result.return_value == 0, result.output
    assert result.output.endswith(f"{folder}: 2 customers: 2 well\n")


def test_a_broken_customer_hides_no_other(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / "customers" / "aaa.yml").write_bytes(b"\xff\xfe")
    broken = folder / "customers" / "school.yml"
    change(broken, "platform: shared", "platform: shard")
    result = check(folder)
    assert result.return_value == 2
    assert f"{folder / 'customers' / 'aaa.yml'}:1:1: ERROR source.not-utf-8" in result.output
    assert f"{broken}:{line_of(broken, 'shard')}:11: ERROR customer.platform" in result.output
    assert f"{folder / 'customers' / 'harbour.yml'}:5:1: ADVICE AUDIT-6.registry" in result.output
    assert "7 customers: " in result.output
    assert "2 that cannot be used" in result.output


def many(folder: Path, number: int) -> None:
    for path in (folder / "customers").glob("*.yml"):
        path.unlink()
    for index in range(number):
        customer(folder, f"c{index:03d}")


def test_what_stands_in_a_shared_layer_is_said_once_with_how_many_it_concerns(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    many(folder, 7)
    path = folder / "provider.yml"
    change(path, "  logging: {days: 92}", "  logging: {days: 92}\n  roles2: {}")
    change(path, "    abuse: [Ada.Owen@hosting.example, Ben.Price@hosting.example]", "    abuse: [gone]")
    result = check(folder, "--format", "json")
    assert result.return_value == 2
    (found,) = [item for item in failing(result) if item["id"] == "schema.unknown-property"]
    assert str(found["message"]).endswith("(in 7 customers: c000, c001, c002 and 4 others)")
    assert found["customers"] == [f"c{index:03d}" for index in range(7)]
    change(path, "\n  roles2: {}", "")
    result = check(folder, "--format", "json")
    assert result.return_value == 1
    (found,) = [item for item in failing(result) if item["id"] == "ADDR-5.leads-nowhere"]
    where = found["where"]
    assert isinstance(where, dict)
    assert (where["file"], where["line"]) == (str(path), line_of(path, "abuse: [gone]"))
    assert len(found["customers"]) == 7  # type: ignore[arg-type]


def test_words_about_each_customer_in_a_shared_layer_are_said_once_too(tmp_path: Path) -> None:
    """Of the defaults' roles each customer has addresses in its own domain."""
    folder = copied(tmp_path)
    many(folder, 5)
    change(folder / "platforms" / "shared.yml", "os: debian-13, functions: [mx]", "os: debian-9, functions: [mx]")
    result = check(folder)
    assert result.return_value == 2
    assert result.output.count("customer.platform ") == 1
    assert "the platform shared cannot be used (in 5 customers: c000, c001, c002 and 2 others)" in result.output


@pytest.mark.parametrize("jobs", ["1", "3"])
def test_several_processes_say_the_same(tmp_path: Path, jobs: str) -> None:
    folder = copied(tmp_path)
    for index in range(60):
        customer(folder, f"c{index:03d}", "logging: {days: 200}\n" if index % 7 == 0 else "")
    assert check(folder, "--jobs", jobs).output == check(folder).output


@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_has_the_same_findings(tmp_path: Path, format_: str) -> None:
    folder = copied(tmp_path)
    path = customer(folder, "bede", "logging: {days: 200}\n")
    result = check(folder, "--format", format_)
    assert result.return_value == 2
    assert "customer.limit" in result.stdout
    assert "bede.yml" in result.stdout
    assert path.exists()
    if format_ != "text":
        assert "customers: " in result.stderr
        assert f"{folder}: 7 customers" not in result.stdout


def test_a_provider_and_sites_together() -> None:
    both = check(SITE, EXAMPLE, "--format", "json")
    assert both.return_value == 1
    files = {item["where"]["file"] for item in json.loads(both.stdout)["findings"] if item["status"] == "attested"}
    assert str(SITE) not in files or len(files) >= 1
    assert str(EXAMPLE / "customers" / "college.yml") in files


def test_a_folder_without_provider_yml_is_said_to_lack_it(tmp_path: Path) -> None:
    result = check(tmp_path)
    assert result.return_value == 2
    assert f"there is no file {tmp_path / 'provider.yml'}" in result.output


def test_two_customers_with_one_id(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    path = customer(folder, "bede", "customer: abbey\n")
    result = check(folder, "--format", "json")
    assert result.return_value == 2
    places = {item["where"]["file"] for item in failing(result) if item["id"] == "customer.same-id"}  # type: ignore[index]
    assert places == {str(path), str(folder / "customers" / "abbey.yml")}


def test_a_domain_of_two_customers_and_one_of_the_platform(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    path = customer(folder, "bede")
    change(path, "domains: [bede.ac.uk]", "domains: [bede.ac.uk, HARBOUR.ac.uk, hosting.example]")
    result = check(folder, "--format", "json")
    assert result.return_value == 2
    found = [item for item in failing(result) if item["id"] == "customer.claimed-twice"]
    assert {Path(item["where"]["file"]).name for item in found} == {"bede.yml", "harbour.yml", "shared.yml"}  # type: ignore[index]
    assert len(found) == 4


def test_hosts_of_two_customers_of_their_own(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    text = (folder / "customers" / "institute.yml").read_text()
    (folder / "customers" / "other.yml").write_text(
        text.replace("domains: [institute.ac.uk]", "domains: [o.ac.uk]").replace("@institute", "@o")
    )
    found = [item for item in failing(check(folder, "--format", "json")) if item["id"] == "customer.claimed-twice"]
    assert ["mail.institute.ac.uk" in str(item["message"]) for item in found] == [True, True]


def test_one_secret_of_two_customers_or_of_the_platform(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    alike = customer(folder, "bede", "store: {passwords: secrets/./college/passwords}\n")
    platform = folder / "platforms" / "shared.yml"
    change(platform, "secrets/hosting.example.dkim", "secrets/trust/./dkim.key")
    found = {(item["id"], item["where"]["file"]) for item in failing(check(folder, "--format", "json"))}  # type: ignore[index]
    secrets = {place for place in found if "secret" in str(place[0])}
    trust = folder / "customers" / "trust.yml"
    assert secrets == {
        ("customer.secret", str(alike)),
        ("customer.same-secret", str(platform)),
        ("customer.same-secret", str(trust)),
    }


def test_a_profile_that_nobody_uses_is_a_warning_unless_a_file_cannot_be_read(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    change(folder / "customers" / "college.yml", "profiles: [college, welsh]", "profiles: [college]")
    assert "provider.unused-profile" in check(folder).output
    (folder / "customers" / "aaa.yml").write_text("platform: [\n")
    assert "provider.unused-profile" not in check(folder).output


# --- One alone -------------------------------------------------------------------------------------------------


def test_one_customer_alone(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / "customers" / "school.yml").write_text("platform: [\n")
    result = check(folder, "--only", "harbour")
    assert result.return_value == 1
    assert "school.yml" not in result.output
    assert "harbour.yml" in result.output
    assert "1 customer: " in result.output
    assert check(folder, "--only", "school").return_value == 2


def test_one_that_is_not_called_as_its_file(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    customer(folder, "bede", "customer: saint-bede\n")
    assert check(folder, "--only", "saint-bede").return_value == 0
    with pytest.raises(Refused, match="Did you mean 'saint-bede'"):
        _ = raised(folder, "--only", "saint-bed")
    assert check(folder, "--only", "bede").return_value == 0
    with pytest.raises(Refused, match="No customer"):
        _ = raised(folder, "--only", "cuthbert")


def raised(*arguments: str | Path) -> Result:
    result = check(*arguments)
    if result.exception is not None:
        raise result.exception
    return result


def test_a_customers_file_is_judged_as_that_customer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Editors and hooks before a commit name files."""
    folder = copied(tmp_path)
    path = customer(folder, "bede", "profiles: [school, college]\n")
    assert check(path).return_value == 0
    assert "1 customer: 1 well" in check(path).output
    monkeypatch.chdir(folder / "customers")
    assert check("bede.yml").return_value == 0
    monkeypatch.chdir(folder)
    assert check("customers/bede.yml").return_value == 0
    assert check("provider.yml", "--format", "json").return_value == 1
    change(path, "platform: shared", "platform: shard")
    assert check(path).return_value == 2


def test_only_is_for_a_providers_folder() -> None:
    with pytest.raises(Refused):
        _ = raised(SITE, "--only", "college")


def test_nobody_is_named_where_strangers_read(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    path = customer(folder, "bede")
    change(path, "address: bob.birch@bede.ac.uk}", "address: ann.ash@bede.ac.uk}")
    result = check(folder, "--impersonal")
    assert "ADDR-5.claimed-twice" in result.output
    assert "ann.ash" not in result.output


def test_a_folder_whose_name_is_no_text_says_so(tmp_path: Path) -> None:
    folder = copied(tmp_path).rename(tmp_path / os.fsdecode(b"\xff"))
    result = check(folder)
    assert isinstance(result.exception, Refused)
    assert "not UTF-8" in result.exception.message


def test_a_limit_of_the_system_is_no_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def pipe() -> tuple[int, int]:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "pipe", pipe)
    monkeypatch.setattr(surveying, "AT_ONCE", 1)
    result = check(copied(tmp_path), "--jobs", "2")
    assert isinstance(result.exception, Refused)
    assert "Too many open files" in result.exception.message
