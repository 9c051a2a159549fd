"""mailwright explain-value."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from mailwright.cli.explain_value import command
from support.example import EXAMPLE as SITE
from support.provider_folder import EXAMPLE, copied, customer, line_of

COLLEGE = EXAMPLE / "customers" / "college.yml"


def explain(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(one) for one in arguments], standalone_mode=False)


def values(*arguments: str | Path) -> list[dict[str, Any]]:
    result = explain(*arguments, "--format", "json")
    assert result.exception is None
    found: list[dict[str, Any]] = json.loads(result.stdout)
    return found


def refused(*arguments: str | Path) -> str:
    result = explain(*arguments)
    assert isinstance(result.exception, click.ClickException)
    assert result.exception.exit_code == 2
    return result.exception.message


def test_each_layer_that_says_it_the_winning_one_first() -> None:
    (found,) = values(COLLEGE, "/store/quota")
    assert found["value"] == "6 GB"
    assert [(said["layer"], said["value"], said["in_force"]) for said in found["said"]] == [
        ("customer college", "6 GB", True),
        ("profile college", "5 GB", False),
        ("defaults", "2 GB", False),
    ]
    assert [(said["file"], said["line"]) for said in found["said"]] == [
        (str(COLLEGE), line_of(COLLEGE, "store:")),
        (str(EXAMPLE / "profiles/college.yml"), line_of(EXAMPLE / "profiles/college.yml", "store:")),
        (str(EXAMPLE / "provider.yml"), line_of(EXAMPLE / "provider.yml", "store: {quota")),
    ]
    assert found["description"] == "Room for each person's mail."
    assert [limit["allowed"] for limit in found["limits"]] == ["at most 10 GB"]


def test_the_text_has_file_line_and_column_and_which_is_in_force() -> None:
    result = explain(COLLEGE, "/store/quota")
    assert result.return_value == 0
    lines = result.output.splitlines()
    assert lines[0] == "/store/quota"
    assert f"{COLLEGE}:{line_of(COLLEGE, 'store:')}:9" in lines[2]
    assert lines[2].endswith("in force")
    assert lines[3].endswith("overridden")
    assert "limit: at most 10 GB (more room is agreed with operations)" in lines[5]


def test_a_folder_and_an_id_mean_the_same_as_the_file() -> None:
    assert values(EXAMPLE, "college", "/logging/days") == values(COLLEGE, "/logging/days")
    assert values(COLLEGE, "logging/days/") == values(COLLEGE, "/logging/days")


def test_hosts_are_the_platforms() -> None:
    found = values(COLLEGE, "/hosts/mx2.hosting.example/os")
    assert [(said["layer"], said["in_force"]) for said in found[0]["said"]] == [("platform shared", True)]


def test_what_nobody_says_has_its_default() -> None:
    (found,) = values(EXAMPLE, "harbour", "/submission/hourly")
    assert (found["value"], found["said"]) == (300, [])
    assert "300  default" in explain(EXAMPLE, "harbour", "/submission/hourly").output
    (none,) = values(EXAMPLE, "harbour", "/smarthost/host")
    assert none["value"] is None


def test_on_shared_hosts_first_passwords_are_in_the_customers_own_folder(tmp_path: Path) -> None:
    harbour = EXAMPLE / "customers" / "harbour.yml"
    (found,) = values(harbour, "/store/passwords")
    assert (found["value"], found["default"], found["said"]) == (
        "secrets/harbour/passwords",
        "secrets/harbour/passwords",
        [],
    )
    assert "secrets/harbour/passwords" in explain(harbour, "/store").stdout
    own = customer(copied(tmp_path), "bede", "customer: saint-bede\n")
    assert values(own, "/store/passwords")[0]["value"] == "secrets/saint-bede/passwords"
    (other,) = values(EXAMPLE / "customers" / "institute.yml", "/store/passwords")
    assert other["value"] == "secrets/passwords"


def test_all_below_a_mapping() -> None:
    found = {one["pointer"]: one["value"] for one in values(COLLEGE, "/store")}
    assert found == {"/store/quota": "6 GB", "/store/passwords": "secrets/college/passwords", "/store/pop3": True}
    assert "/organisation/name" in {one["pointer"] for one in values(COLLEGE, "/")}


def test_a_list_is_one_value_and_its_items_are_too() -> None:
    (whole,) = values(COLLEGE, "/roles/postmaster")
    assert whole["value"][0] == "gparry"
    (item,) = values(COLLEGE, "/roles/postmaster/0")
    assert item["value"] == "gparry"
    assert [said["in_force"] for said in item["said"]] == [True, False]
    (last,) = values(EXAMPLE, "trust", "/roles/abuse/1")
    assert last["value"] == "pdean"


def test_near_names_of_what_is_not_there() -> None:
    assert refused(COLLEGE, "/loging/days") == "there is no /loging. Did you mean /logging?"
    assert "Did you mean /roles/postmaster" in refused(COLLEGE, "/roles/postmastr")
    assert "Did you mean /logging/days" in refused(COLLEGE, "/days")
    assert refused(COLLEGE, "/people/99/login").startswith("there is no /people")
    assert "Did you mean 'college'" in refused(EXAMPLE, "colege", "/logging")


def test_a_site_and_what_it_extends(tmp_path: Path) -> None:
    (tmp_path / "base.yml").write_text("logging: {days: 100}\nstore: {quota: 1 GB}\n")
    site = tmp_path / "site.yml"
    site.write_text("extends: base.yml\nlogging: {days: 110}\n")
    (found,) = values(site, "/logging/days")
    assert [(said["layer"], said["value"], said["in_force"]) for said in found["said"]] == [
        ("site.yml", 110, True),
        ("base.yml", 100, False),
    ]
    assert values(SITE, "/organisation/name")[0]["value"] == "College of Example"


def test_files_that_a_profile_or_a_customer_extends_are_layers_too(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    (folder / "profiles" / "base.yml").write_text("store: {quota: 3 GB}\n")
    (folder / "profiles" / "school.yml").write_text("extends: base.yml\nstore: {quota: 4 GB}\n")
    (folder / "customers" / "bede").mkdir()
    (folder / "customers" / "bede" / "base.yml").write_text("store: {quota: 7 GB}\n")
    path = customer(folder, "bede", "extends: bede/base.yml\nprofiles: [school]\nstore: {quota: 8 GB}\n")
    (found,) = values(path, "/store/quota")
    assert [said["layer"] for said in found["said"]] == [
        "customer bede", "customer bede (bede/base.yml)", "profile school", "profile school (base.yml)", "defaults",
    ]  # fmt: skip


def test_a_file_that_cannot_be_used_says_why(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    path = folder / "customers" / "college.yml"
    path.write_text("platform: [\n")
    result = explain(path, "/logging/days")
    assert result.return_value == 2
    assert "source.yaml" in result.output


def test_one_with_faults_is_explained_all_the_same(tmp_path: Path) -> None:
    folder = copied(tmp_path)
    path = customer(folder, "bede", "logging: {days: 9999}\n")
    assert values(path, "/logging/days")[0]["value"] == 9999


@pytest.mark.parametrize("words", [(EXAMPLE, "/logging/days"), (COLLEGE, "college", "/logging/days")])
def test_a_folder_needs_an_id_and_a_file_none(words: tuple[str | Path, ...]) -> None:
    assert isinstance(explain(*words).exception, click.UsageError)


def test_what_was_asked_for_cannot_colour_what_is_said() -> None:
    asked = "/a\x1b[31m"
    result = explain(COLLEGE, asked)
    assert isinstance(result.exception, click.ClickException)
    assert result.exception.format_message() == "there is no /a\\x1b[31m."


def test_a_provider_yml_has_no_values_by_itself() -> None:
    assert "the folder" in refused(COLLEGE.parent.parent / "provider.yml", "/store/quota")


def test_a_folder_of_an_odd_name_is_told_on_one_line(tmp_path: Path) -> None:
    folder = copied(tmp_path).rename(tmp_path / "a\nb")
    said = explain(folder, "college", "/store/quota").output
    assert "a\nb" not in said
    assert "a\\x0ab/provider.yml" in said
