"""What a customer's id may be: one rule, wherever it is asked."""

from __future__ import annotations

import importlib
import json
import re
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from ansible.errors import AnsibleActionFail

from mailwright import resources
from mailwright.formats import customer_tables
from mailwright.formats.engine import FormatError
from mailwright.provider.build import build
from mailwright.provider.survey import survey
from mailwright.site import values
from mailwright.source.schema import load_schema
from support import role_code
from support.provider_folder import TODAY, copied, customer, line_of, told

GOOD = ("a", "7", "abbey", "st-bede", "2nd-college", "a-", "b" * 63)
BAD = ("", "-a", "Abbey", "har_bour", "har_bour.x", "a.b", "..", "a/b", "a b", "a\n", "é", "٣", "b" * 64)


def module(folder: str, name: str) -> ModuleType:
    for each in (folder, "logs"):
        path = str(resources.folder("templates") / each)
        if path not in sys.path:
            sys.path.append(path)
    return importlib.import_module(name)


def by_format(id_: str) -> bool:
    try:
        return customer_tables.identifier(id_) == id_
    except FormatError:
        return False


def by_schema(id_: str) -> bool:
    return (
        re.search(load_schema("customer")["properties"]["customer"]["pattern"].replace("$", r"\Z"), id_) is not None
    )


def by_assembler(id_: str) -> bool:
    return module("customers", "mailwright_customers.fragment").ID.fullmatch(id_) is not None


def by_module(id_: str) -> bool:
    return role_code.load("library/fragments.py", "customers").ID.fullmatch(id_) is not None


def by_action(id_: str) -> bool:
    action = role_code.load("action_plugins/fragments.py", "customers")
    try:
        return list(action.entries(json.dumps({id_: {"sha256": ""}}), "customers.json")) == [id_]
    except AnsibleActionFail:
        return False


def by_sums(id_: str) -> bool:
    line = f"storage-of host=mail.hosting.example {id_}=1/2/3"
    return module("accounts", "mailwright_accounts.by_customer").STORAGE.fullmatch(line) is not None


def by_removal(id_: str) -> bool:
    """Whether passwords of a customer of that id would be taken away."""

    class Folder:
        asked = ""

        def __truediv__(self, name: str) -> SimpleNamespace:
            self.asked = name
            return SimpleNamespace(unlink=lambda **_: None)

    folder, nowhere = Folder(), Path("/nonexistent")
    places = SimpleNamespace(customers=folder, suspended=nowhere, state=nowhere)
    module("accounts", "mailwright_accounts.removed")._forget(places, "college.ac.uk", id_)
    return folder.asked == f"{id_}.passwords"


WHO = {
    "values": values.is_id,
    "customer_tables": by_format,
    "schema": by_schema,
    "fragment": by_assembler,
    "library": by_module,
    "action": by_action,
    "by_customer": by_sums,
    "removed": by_removal,
}


@pytest.mark.parametrize("id_", [*GOOD, *BAD])
def test_all_that_ask_agree(id_: str) -> None:
    assert {name: ask(id_) for name, ask in WHO.items()} == dict.fromkeys(WHO, id_ in GOOD)


@pytest.mark.parametrize("id_", ["har_bour", "har_bour.x"])
def test_what_hosts_refuse_is_refused_by_check_at_the_files_line(tmp_path: Path, id_: str) -> None:
    folder = copied(tmp_path)
    named = customer(folder, id_.replace("_", "").replace(".", ""), f"customer: {id_}\n")
    called = customer(folder, "bede").rename(folder / "customers" / f"{id_}2.yml")
    found = survey(folder, TODAY).findings
    assert told(found, named) == [("schema.pattern", line_of(named, "customer:"))]
    assert told(found, called) == [("customer.id", 1)]
    built = build(folder, tmp_path / "build", TODAY, jobs=1).findings
    assert told(built, called) == [("customer.id", 1)]
