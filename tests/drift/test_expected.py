"""What must be on a host: agrees with the build, and with what the roles say."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from mailwright.build import host_files
from mailwright.components import COMPONENTS
from mailwright.drift import expected
from mailwright.drift.model import Host
from mailwright.plan import make
from mailwright.site.read import read
from support.drifting import host, hosts
from support.example import ROOT

SITES = ("example", "split", "gateway", "directory", "whole")


@pytest.mark.parametrize("site", SITES)
def test_every_file_of_the_build_is_there_once(site: str) -> None:
    described = read(ROOT / "inventories" / site / "site.yml").site
    assert described is not None
    built = {
        path.removeprefix("hosts/")
        for path in host_files.make(make(described), [])
        if not path.endswith("/FILES.json")
    }
    found = [
        f"{one.name}/{part.component}{file.path}"
        for one in hosts(site)
        for part in one.parts
        for file in part.files
        if file.text is not None
    ]
    assert sorted(found) == sorted(built)


@pytest.mark.parametrize("site", SITES)
def test_digests_are_those_of_the_texts(site: str) -> None:
    for one in hosts(site):
        for file in one.files.values():
            if file.text is not None:
                assert file.sha256 == hashlib.sha256(file.text).hexdigest()


def test_secrets_that_an_apply_lays() -> None:
    assert {file.path: file.mode for file in host().files.values() if file.secret} == {
        "/etc/ssl/mailwright/mail.college.ac.uk.pem": 0o644,
        "/etc/ssl/mailwright/mail.college.ac.uk.key": 0o600,
        "/etc/rspamd/dkim/mail2026.key": 0o640,
    }


def test_files_that_an_apply_completes_with_a_password() -> None:
    completed = {file.path for file in hosts("directory")[0].files.values() if file.completed}
    assert any(path.startswith("/etc/dovecot/directory") for path in completed)
    assert any(path.startswith("/etc/postfix/directory") for path in completed)
    assert all(hosts("directory")[0].files[path].secret for path in completed)


def test_tables_that_are_made_on_the_host() -> None:
    parts = {part.component: part for part in host().parts}
    assert dict(parts["postfix"].products)["/etc/postfix/senders.lmdb"] == "/etc/postfix/senders"
    assert set(parts["postfix"].products.values()) <= {file.path for file in parts["postfix"].files}
    assert not any(part.products for name, part in parts.items() if name != "postfix")


def test_a_null_client_has_the_record_of_the_mailer() -> None:
    def records(of: Host) -> set[str]:
        return {part.record for part in of.parts}

    for one in hosts("split"):
        assert "nullclient" not in records(one)
        assert one.has("postfix") or one.has("nullclient")
        assert "postfix" in records(one)


def _services(role: str) -> Iterator[dict[str, Any]]:
    """All units of the role's transaction, also those that variables of the role hold."""

    def inside(value: object) -> Iterator[dict[str, Any]]:
        if isinstance(value, dict):
            if "unit" in value and not value.get("if_running"):
                yield value
            for item in value.values():
                yield from inside(item)
        elif isinstance(value, list):
            for item in value:
                yield from inside(item)

    for name in ("tasks", "vars"):
        path = ROOT / "roles" / role / name / "main.yml"
        if path.exists():
            yield from inside(yaml.safe_load(path.read_text(encoding="utf-8")))


def test_services_that_read_at_their_start_are_those_that_an_apply_restarts() -> None:
    restarted = {
        unit["unit"]: set(unit.get("paths", ()))
        for component in COMPONENTS
        for unit in _services(component.name)
        if unit.get("action") == "restart" and unit["unit"].endswith(".service")
    }
    restarted.pop("systemd-journald.service")  # it is never stopped, and its settings are few
    assert set(expected.READ_AT_START) == set(restarted)
    for name, patterns in expected.READ_AT_START.items():
        # Some are told of any change of their component; rsyslog of folders too, which it does not read.
        assert not restarted[name] or set(patterns) <= restarted[name], name


def _transactions_with(word: str) -> set[str]:
    """Roles in which a task hands the transaction something under that name."""
    found = set()
    for component in COMPONENTS:
        tasks = yaml.safe_load((ROOT / "roles" / component.name / "tasks" / "main.yml").read_text(encoding="utf-8"))
        if any(word in task["transaction"] for task in tasks if isinstance(task.get("transaction"), dict)):
            found.add(component.name)
    return found


def test_secrets_are_those_of_the_roles() -> None:
    texts = {
        component.name: "".join(
            path.read_text(encoding="utf-8")
            for part in ("tasks", "vars")
            if (path := ROOT / "roles" / component.name / part / "main.yml").exists()
        )
        for component in COMPONENTS
    }
    assert _transactions_with("secrets") == {secret.component for secret in expected.SECRETS}
    for secret in expected.SECRETS:
        text = texts[secret.component]
        path = secret.path.replace("{host}", "{{ inventory_hostname }}")
        assert path.replace("{dkim_selector}", "{{ dkim_selector }}") in text
        assert secret.variable in text
        assert f"group: {secret.group}" in text
        assert f'mode: "{secret.mode:04o}"' in text
    assert _transactions_with("completed") == set(expected.COMPLETED)
    for component, variables in expected.COMPLETED.items():
        assert all(variable in texts[component] for variable in variables)
    assert _transactions_with("tables") == set(expected.TABLES)
