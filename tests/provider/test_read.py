"""provider.yml and what it names."""

from __future__ import annotations

from pathlib import Path

import pytest

from mailwright.findings import Finding, Findings
from mailwright.provider.model import Provider
from mailwright.provider.read import customer_files, read, unused
from support.provider_folder import EXAMPLE, change, copied, line_of


def reading(folder: Path) -> tuple[Provider | None, list[Finding]]:
    findings = Findings()
    return read(folder, findings), findings.items


def faults(folder: Path) -> list[tuple[str, int]]:
    found = reading(folder)[1]
    return [(item.id, item.where.line if item.where else 0) for item in found]


def test_the_example_is_a_provider_with_nothing_to_mend() -> None:
    provider, found = reading(EXAMPLE)
    assert found == []
    assert provider is not None
    assert provider.name == "Example Hosting"
    assert [platform.name for platform in provider.platforms] == ["shared"]
    assert [layer.name for layer in provider.profiles] == ["profile school", "profile college", "profile welsh"]
    assert provider.defaults.root.entries["logging"].spot.file == str(EXAMPLE / "provider.yml")
    assert {limit.pointer for limit in provider.limits} == {
        "/logging/days", "/store/quota", "/people/*/quota", "/store/pop3",
    }  # fmt: skip


def test_a_folder_without_provider_yml(tmp_path: Path) -> None:
    provider, (found,) = reading(tmp_path)
    assert provider is None
    assert found.id == "source.no-file"
    assert "provider.yml" in found.message


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n", "provider: [\n", "\ufeffprovider: {name: A}\n"])
def test_a_provider_yml_that_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "provider.yml").write_text(text)
    found = reading(tmp_path)[1]
    assert found
    assert all(item.where is not None and item.where.file == str(tmp_path / "provider.yml") for item in found)


def test_bytes_that_are_no_utf_8_are_a_finding_at_their_place(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    path = folder / "provider.yml"
    path.write_bytes(path.read_bytes().replace(b"name: Example Hosting", b"name: Ex\xe4mple Hosting"))
    assert ("source.not-utf-8", line_of(EXAMPLE / "provider.yml", "name: Example Hosting")) in faults(folder)


def test_a_key_that_is_not_known_has_the_one_that_is_meant(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    change(folder / "provider.yml", "profiles: #", "profile: #")
    found = [item for item in reading(folder)[1] if item.id == "schema.unknown-property"]
    assert [item.fix for item in found] == ["Did you mean 'profiles'?"]


def test_a_part_need_not_say_what_another_layer_says(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    change(
        folder / "provider.yml",
        "  logging: {days: 92}",
        "  logging: {days: 92}\n  organisation: {timezone: Europe/London}",
    )
    assert faults(folder) == []


def test_a_fault_in_the_defaults_is_at_its_line(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    path = folder / "provider.yml"
    change(path, "  logging: {days: 92}", "  logging: {dayz: 92}")
    assert faults(folder) == [("schema.unknown-property", line_of(path, "dayz"))]


def test_a_profile_that_is_not_there_or_cannot_be_read_hides_no_other(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / "profiles" / "school.yml").unlink()
    (folder / "profiles" / "welsh.yml").write_bytes(b"\xff\xfe")
    provider, found = reading(folder)
    assert provider is not None
    assert [layer.usable for layer in provider.profiles] == [False, True, False]
    assert [(item.id, item.where.line if item.where else 0) for item in found] == [
        ("source.no-file", line_of(folder / "provider.yml", "school: profiles")),
        ("source.not-utf-8", 1),
    ]


def test_a_profile_that_extends_itself_in_a_circle(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / "profiles" / "school.yml").write_text("extends: other.yml\nstore: {quota: 1 GB}\n")
    (folder / "profiles" / "other.yml").write_text("extends: school.yml\n")
    assert faults(folder) == [("source.extends-circle", 1)]


def test_a_profile_does_not_say_what_a_customer_is(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    with (folder / "profiles" / "school.yml").open("a") as file:
        file.write("platform: shared\n")
    assert faults(folder) == [("provider.own-key", line_of(folder / "profiles" / "school.yml", "platform"))]


def test_a_profile_that_nobody_uses_is_a_warning_at_its_line(tmp_path: Path) -> None:
    provider, _ = reading(EXAMPLE)
    assert provider is not None
    assert list(unused(provider, {"school", "college", "welsh"})) == []
    (found,) = unused(provider, {"school", "college"})
    assert (found.id, found.level.value) == ("provider.unused-profile", "ADVICE")
    assert found.where is not None
    assert found.where.line == line_of(EXAMPLE / "provider.yml", "welsh: profiles")


def files(folder: Path) -> tuple[list[str], list[str]]:
    provider, _ = reading(folder)
    assert provider is not None
    findings = Findings()
    found = customer_files(provider, findings)
    return [path.name for path in found], [item.id for item in findings.items]


def test_customers_are_the_yml_files_of_the_folder_by_name() -> None:
    assert files(EXAMPLE) == (
        ["abbey.yml", "college.yml", "harbour.yml", "institute.yml", "school.yml", "trust.yml"],
        [],
    )


def test_hidden_files_are_none_and_another_ending_is_told(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    for name in (".swp.yml", "notes.txt", "abbot.yaml"):
        (folder / "customers" / name).write_text("x")
    names, told = files(folder)
    assert len(names) == 6
    assert told == ["provider.ending"]


def test_no_customers_is_a_warning_and_no_folder_as_well(tmp_path: Path) -> None:
    (tmp_path / "provider.yml").write_text("provider: {name: A}\n")
    assert files(tmp_path) == ([], ["provider.no-customers"])
    (tmp_path / "customers").mkdir()
    assert files(tmp_path) == ([], ["provider.no-customers"])


def test_a_customers_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "provider.yml").write_text("provider: {name: A}\n")
    (tmp_path / "customers").write_text("")
    assert files(tmp_path) == ([], ["provider.customers"])


@pytest.mark.slow
def test_a_hundred_thousand_files(tmp_path: Path) -> None:
    (tmp_path / "provider.yml").write_text("provider: {name: A}\n")
    (tmp_path / "customers").mkdir()
    for number in range(100_000):
        (tmp_path / "customers" / f"c{number}.yml").touch()
    names, told = files(tmp_path)
    assert (len(names), told) == (100_000, [])
    assert names == sorted(names)


# --- Limits as they are read -----------------------------------------------------------------------------------


def limited(folder: Path, limit: str) -> list[tuple[str, str]]:
    path = folder / "provider.yml"
    change(path, "limits: # what a customer may not say for itself", f"limits:\n  {limit}")
    return [(item.id, item.message) for item in reading(folder)[1]]


def test_a_limit_on_nothing_names_what_may_be_meant(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    assert limited(folder, "/loging/days: {maximum: 9, reason: so}") == [
        ("provider.limit", "/loging/days is no setting of a description")
    ]


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("/submission/hourly: {maximum: 5 GB, reason: so}", "a whole number"),
        ("/submission/message_size: {maximum: 5, reason: so}", "a size"),
        ("/address_book: {minimum: 1, reason: so}", "neither a number nor a size"),
        ("/submission/hourly: {minimum: 9, maximum: 8, reason: so}", "more than the maximum"),
    ],
)
def test_a_limit_that_does_not_fit_its_value(tmp_path: Path, limit: str, words: str) -> None:
    ((id_, message),) = limited(copied(tmp_path), limit)
    assert id_ == "provider.limit"
    assert words in message


@pytest.mark.parametrize("limit", ["/submission/hourly: {maximum: 9}", "/submission/hourly: {reason: so}"])
def test_a_limit_says_what_and_why(tmp_path: Path, limit: str) -> None:
    assert limited(copied(tmp_path), limit)[0][0].startswith("schema.")


def test_a_default_outside_of_its_own_limit_is_a_warning_at_its_line(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    change(folder / "provider.yml", "  logging: {days: 92}", "  logging: {days: 200}")
    change(folder / "profiles" / "college.yml", "store: {quota: 5 GB}", "store: {quota: 50 GB}")
    found = reading(folder)[1]
    assert [(item.id, item.level.value, item.where.file if item.where else "") for item in found] == [
        ("provider.own-limit", "ADVICE", str(folder / "provider.yml")),
        ("provider.own-limit", "ADVICE", str(folder / "profiles" / "college.yml")),
    ]
    assert "200, more than 180" in found[0].message
    assert "50 GB, more than 10 GB" in found[1].message
