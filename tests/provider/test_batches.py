"""Which hosts of a platform an apply takes first, as Ansible itself takes them (SCALE-2, AUDIT-4)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from mailwright.build import documents, inventory, roles
from mailwright.plan.model import Plan
from support.provider_folder import change, copied, opened

STORE, SECOND, LOGS = "mail.hosting.example", "mx2.hosting.example", "log.hosting.example"
AT = "  log.hosting.example: {addresses: [198.51.100.27], os: debian-13, functions: [log]}\n"


def platform(folder: Path, more: str = "") -> Plan:
    made = copied(folder)
    change(made / "platforms" / "shared.yml", "\npeople:\n", f"{more}\npeople:\n")
    return opened(made)[1]["shared"].served


def batches(folder: Path, plan: Plan, *words: str) -> list[list[str]]:
    """The hosts of each batch of the project's play, with a task that names them in place of all that it does."""
    (folder / "hosts.yml").write_bytes(inventory.make(plan)["inventory/hosts.yml"].data)
    plays = yaml.safe_load(documents.make(plan, roles.used(plan))["site.yml"].data)
    task = {"ansible.builtin.debug": {"msg": "BATCH {{ ansible_play_batch | join(' ') }}"}, "run_once": True}
    play = {key: plays[0][key] for key in ("name", "hosts", "serial", "max_fail_percentage", "gather_facts")}
    (folder / "play.yml").write_text(yaml.safe_dump([{**play, "tasks": [task]}]), encoding="utf-8")
    argv = [Path(sys.executable).parent / "ansible-playbook", "-i", "hosts.yml", "play.yml", *words]
    environment = {**os.environ, "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run(argv, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Could not match" not in done.stdout + done.stderr
    return [
        line.partition("BATCH ")[2].rstrip('"').split() for line in done.stdout.splitlines() if "BATCH " in line
    ]


def test_the_store_is_first(tmp_path: Path) -> None:
    assert batches(tmp_path, platform(tmp_path)) == [[STORE], [SECOND]]


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ((), [[LOGS], [STORE], [SECOND]]),
        (("-e", f"mailwright_canary={SECOND}"), [[SECOND], [LOGS], [STORE]]),
        (("-e", '{"mailwright_batches": ["100%"]}'), [[LOGS, STORE, SECOND]]),
        (("--limit", f"{STORE},{SECOND}"), [[STORE], [SECOND]]),
    ],
)
def test_a_host_that_only_keeps_logs_comes_before_those_whose_lines_it_gets(
    tmp_path: Path, words: tuple[str, ...], wanted: list[list[str]]
) -> None:
    assert batches(tmp_path, platform(tmp_path, AT), *words) == wanted
