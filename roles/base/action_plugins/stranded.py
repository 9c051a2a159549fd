"""Refuses that mail is left on a host that keeps none any more, while the project has its owners on a store."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase


def stranded(mailboxes: Collection[str], project: Path) -> list[str]:
    """Those of ``mailboxes`` that the project has on some store; all, where it has no list of mailboxes."""
    tables = sorted(project.glob("hosts/*/dovecot/etc/dovecot/users"))
    served = {login for table in tables for login in _logins(table)}
    return sorted(set(mailboxes) & served if tables else set(mailboxes))


def _logins(table: Path) -> Iterator[str]:
    for line in table.read_text(encoding="utf-8").splitlines():
        if not line.startswith("#"):
            yield line.partition(":")[0]


class ActionModule(ActionBase):  # type: ignore[misc]  # Ansible has no types
    """``mailboxes``: logins whose mail is on this host, which is no store. The host is not asked."""

    _supports_check_mode = True
    _supports_async = False
    _VALID_ARGS = frozenset({"mailboxes"})

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        variables = task_vars or {}
        found = stranded(self._task.args["mailboxes"], Path(variables["playbook_dir"]))
        if found:
            named = ", ".join(found[:3]) + (" ..." if len(found) > 3 else "")
            raise AnsibleActionFail(
                f"the mail of {len(found)} logins is on {variables['inventory_hostname']}, which the description "
                f"has as a store no more: {named}. It would be out of their reach. Nothing was changed. Give the "
                "host the function store again, put these logins on another store (store of the person, or "
                "stores.csv), build, and move their mail with ansible-playbook move.yml. Then take the function "
                "away"
            )
        return {"changed": False}
