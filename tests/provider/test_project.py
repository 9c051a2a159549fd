"""The files of a customer on shared hosts."""

from __future__ import annotations

import json
from datetime import date

import pytest

from mailwright.build import BuildError, Input, manifest
from mailwright.build.tree import Tree, text
from mailwright.formats.engine import FormatError
from mailwright.provider import project, tables
from mailwright.provider.listing import listed
from mailwright.provider.model import State
from mailwright.report.mentions import Mention
from support.provider_folder import EXAMPLE, judged

ENFORCED = {"RELAY-1": Mention("../../hosts/mail.hosting.example/postfix/etc/postfix/main.cf", (3, 9), 2)}


def made(name: str, state: State = "active") -> Tree:
    one = judged(EXAMPLE / "customers" / f"{name}.yml")
    assert one.plan is not None
    inputs = (Input(f"customers/{name}.yml", "0" * 64, f"customers/{name}.yml", b"", main=True),)
    return project.tree(one.plan, one.head, state, one.findings, inputs, ENFORCED)


def test_what_people_are_in_is_not_for_everybody_on_the_machine() -> None:
    tree = made("college")
    personal = {path for path, output in tree.items() if output.mode != 0o644}
    assert project.TABLES in personal
    assert {path.partition("/")[0] for path in personal - {project.TABLES}} <= {"documents"}
    assert tree["documents/privacy.html"].mode == 0o644


def test_the_matrix_names_what_the_platform_does_and_the_customers_own_files() -> None:
    matrix = json.loads(made("college")["compliance/matrix.json"].data)
    evidence = {row["id"]: {item["source"] for item in row["evidence"]} for row in matrix["requirements"]}
    assert "../../hosts/mail.hosting.example/postfix/etc/postfix/main.cf:3,9" in evidence["RELAY-1"]
    assert any(source.startswith("documents/privacy.html") for sources in evidence.values() for source in sources)
    assert any(source.startswith("dns/valley.ac.uk.zone:") for sources in evidence.values() for source in sources)
    assert b"mail.tables" not in made("college")["compliance/matrix.json"].data


def test_the_manifest_has_the_customers_own_inputs_and_every_file() -> None:
    tree = made("school")
    found = json.loads(tree[manifest.NAME].data)
    assert found["inputs"] == {"customers/school.yml": "0" * 64}
    assert set(found["files"]) == set(tree) - {manifest.NAME}


def test_of_one_that_is_over_there_is_no_more_than_that() -> None:
    assert set(made("abbey", "over")) == {project.TABLES, manifest.NAME}
    assert "documents/privacy.html" in made("abbey", "closed")


def test_what_a_format_cannot_carry_is_an_error_of_that_customer(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_arguments: object) -> str:
        raise FormatError("x\ny", "a test", "it is refused")

    monkeypatch.setattr(tables, "render", refuse)
    with pytest.raises(BuildError) as told:
        made("college")
    assert [error.value for error in told.value.errors] == ["x\ny"]


def test_a_customer_is_one_line_of_the_list() -> None:
    one = judged(EXAMPLE / "customers" / "school.yml")
    assert one.plan is not None
    row = project.row(one.plan, one.head, one.head.state(date(2026, 12, 1)), b"tables")
    assert b"\n" not in row
    assert json.loads(listed([row]).data)["school"]["dkim_key"] == "secrets/school/dkim.key"
    assert json.loads(listed([]).data) == {}
    assert listed([row]).mode == 0o640


def test_the_platforms_files_are_named_from_the_customers_folder_on() -> None:
    tree = {
        "hosts/a/postfix/main.cf": text("# RELAY-1: nobody relays\nx = y\n"),
        "hosts/b/postfix/main.cf": text("# RELAY-1: nobody relays\nx = y\n"),
        "documents/privacy.html": text("<!-- AUDIT-1: kept -->\n"),
    }
    assert project.of_platform(tree) == {"RELAY-1": Mention("../../hosts/a/postfix/main.cf", (1,), 1)}
