"""The control machine's half of ``mailbox``: carries mailboxes from the store where they are to the one described.

Copies stand in the folder ``.moving`` of the project, for the user who runs the play alone, and are removed when
the new store has them.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

FOLDER = ".moving"


class ActionModule(ActionBase):  # type: ignore[misc]  # Ansible has no types
    """``phase``: copy, mark, finish and aside on the old store, lay and merge on the new one."""

    _supports_check_mode = True
    _supports_async = False
    _VALID_ARGS = frozenset({"phase"})

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        self._variables = task_vars or {}
        self._host = str(self._variables["inventory_hostname"])
        self._project = Path(self._variables["playbook_dir"])
        phase = str(self._task.args.get("phase"))
        steps = {
            "copy": self._copy,
            "lay": self._lay,
            "mark": self._mark,
            "finish": self._finish,
            "merge": self._merge,
            "aside": self._aside,
        }
        if phase not in steps:
            raise AnsibleActionFail(f"phase: {phase!r} is no step of a move")
        try:
            return steps[phase]()
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)

    def _copy(self) -> dict[str, Any]:
        moves = self._moves()
        if self._task.check_mode:
            return _said(moves, "would move", changed=bool(moves))
        for login, store in moves.items():
            self._fetch(login, store, final=False)
        return _said(moves, "copied", changed=bool(moves))

    def _lay(self) -> dict[str, Any]:
        laid = [login for login in self._arrivals() if self._put("lay", login)["changed"]]
        return _said(laid, "laid down", changed=bool(laid))

    def _mark(self) -> dict[str, Any]:
        moves = {} if self._task.check_mode else self._moves()
        for login, store in moves.items():
            if not self._archive(login, store).exists():
                raise AnsibleActionFail(f"{login} has no copy yet. Run move.yml again")
            self._on_host(phase="mark", login=login, store=store)
        return _said(moves, "given away", changed=bool(moves))

    def _finish(self) -> dict[str, Any]:
        moves = {} if self._task.check_mode else self._moves()
        for login, store in moves.items():
            self._fetch(login, store, final=True)
        return _said(moves, "copied again", changed=bool(moves))

    def _merge(self) -> dict[str, Any]:
        logins = self._arrivals()
        for login in logins:
            self._put("merge", login)
            self._archive(login, self._host).rename(self._merged(login, self._host))
        return _said(logins, "complete", changed=bool(logins))

    def _aside(self) -> dict[str, Any]:
        """Only what the new store said that it has."""
        moves = {} if self._task.check_mode else self._moves()
        done = {login: store for login, store in moves.items() if self._merged(login, store).exists()}
        for login, store in done.items():
            self._on_host(phase="aside", login=login)
            self._merged(login, store).unlink()
        return _said(done, "set aside", changed=bool(done))

    def _moves(self) -> dict[str, str]:
        """Logins whose mail is on this host, and the store where this build says that it is."""
        table = self._project / "hosts" / self._host / "dovecot" / "etc" / "dovecot" / "logins"
        elsewhere: dict[str, str] = {}
        for line in table.read_text(encoding="utf-8").splitlines() if table.exists() else []:
            if line.startswith("#"):
                continue
            login, *_, fields = line.split(":")
            store = dict(field.partition("=")[::2] for field in fields.split()).get("store")
            if store:
                elsewhere[login] = store
        if not elsewhere:
            return {}
        return {login: elsewhere[login] for login in self._on_host(phase="find")["logins"] if login in elsewhere}

    def _arrivals(self) -> list[str]:
        if self._task.check_mode:
            return []
        return sorted(file.stem for file in (self._project / FOLDER / self._host).glob("*.tar"))

    def _archive(self, login: str, store: str) -> Path:
        return self._project / FOLDER / store / f"{login}.tar"

    def _merged(self, login: str, store: str) -> Path:
        return self._project / FOLDER / store / f"{login}.merged"

    def _fetch(self, login: str, store: str, final: bool) -> None:
        """The mailbox's archive, here. Its file on the host belongs to whoever logs in there."""
        remote = self._remote()
        self._on_host(phase="pack", login=login, archive=remote, final=final)
        target = self._archive(login, store)
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        target.parent.parent.chmod(0o700)
        waiting = target.with_suffix(".part")
        waiting.unlink(missing_ok=True)
        os.close(os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        self._connection.fetch_file(remote, str(waiting))
        waiting.replace(target)
        self._merged(login, store).unlink(missing_ok=True)
        self._clear()

    def _put(self, phase: str, login: str) -> dict[str, Any]:
        remote = self._remote()
        self._transfer_file(str(self._archive(login, self._host)), remote)
        result = self._on_host(phase=phase, login=login, archive=remote)
        self._clear()
        return result

    def _clear(self) -> None:
        self._remove_tmp_path(self._connection._shell.tmpdir, force=True)
        self._connection._shell.tmpdir = None

    def _remote(self) -> str:
        """An empty file in a folder that nobody else on the host can look into."""
        made: str = self._connection._shell.join_path(self._make_tmp_path(), "mailbox.tar")
        self._low_level_execute_command(f"umask 077 && : > {made}", sudoable=False)
        return made

    def _on_host(self, **arguments: Any) -> dict[str, Any]:
        result: dict[str, Any] = self._execute_module(
            module_name="mailbox", module_args=arguments, task_vars=self._variables
        )
        if result.get("failed") or result.get("unreachable"):
            raise AnsibleActionFail(str(result.get("msg") or "the host cannot be reached"))
        return result


def _said(logins: Mapping[str, str] | list[str], what: str, changed: bool) -> dict[str, Any]:
    names = ", ".join(list(logins)[:3]) + (" …" if len(logins) > 3 else "")
    return {"changed": changed, "msg": f"{len(logins)} mailboxes {what}" + (f": {names}" if logins else "")}
