"""The control machine's half of ``transaction``: reads the project's files, sends what the host has not got.

Two steps on the host: ``compare`` says what is needed, ``apply`` gets it in one archive. When nothing is to be done
the first step is all there is.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import re
import tarfile
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

NAME = re.compile(r"[a-z][a-z0-9_-]*")
PASSED_ON = (
    "component",
    "accounts",
    "directories",
    "beside",
    "tables",
    "checks",
    "prepare",
    "services",
    "dialogues",
    "patience",
    "confirm",
    "retired",
    "lock",
)


def only_logins(seed: bytes, table: bytes, without: str) -> bytes:
    """The lines ``login:…`` of ``seed`` whose login begins a line of ``table`` that has no ``without`` in it."""
    lines = table.decode().splitlines()
    logins = {line.partition(":")[0] for line in lines if not (without and without in line)}
    return "".join(
        line for line in seed.decode().splitlines(keepends=True) if line.strip().partition(":")[0].lower() in logins
    ).encode()


def quoted(before: bytes, line: bytes) -> bytes:
    """The line with what stands after ``before`` in quotation marks, as Dovecot reads them."""
    value = line[len(before) :].rstrip(b"\n").replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return before + b'"' + value + b'"\n'


class ActionModule(ActionBase):  # type: ignore[misc]  # Ansible has no types
    _supports_check_mode = True
    _supports_async = False
    _VALID_ARGS = frozenset({*PASSED_ON, "source", "rendered", "secrets", "completed", "seeds"})

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        variables = task_vars or {}
        arguments = self._task.args
        component = str(arguments.get("component", ""))
        if not NAME.fullmatch(component):
            raise AnsibleActionFail(f"component: {component!r} is not a component's name")
        source = Path(
            arguments.get("source")
            or Path(variables["playbook_dir"]) / "hosts" / variables["inventory_hostname"] / component
        )
        texts: dict[str, bytes] = {}
        files = self._rendered(source, texts) if boolean(arguments.get("rendered", True)) else []
        files += [self._from_path(entry, texts, must_exist=True) for entry in arguments.get("secrets") or []]
        completed = arguments.get("completed") or {}
        for path in completed.get("paths") or []:
            self._complete(str(path), completed, files, texts)
        seed_texts: dict[str, bytes] = {}
        seeds = [self._seed(entry, texts, seed_texts) for entry in arguments.get("seeds") or []]
        module_args = {
            **{name: arguments[name] for name in PASSED_ON if name in arguments},
            "files": files,
            "seeds": seeds,
            "complete": not (variables.get("__base_host") or {}).get("missing"),
            "overwrite": self._switch(variables, "mailwright_overwrite_hand_edits"),
            "show_personal": self._switch(variables, "mailwright_show_personal"),
        }

        try:
            found = self._on_host("compare", module_args, variables)
            if found.get("failed") or found.get("empty"):
                return found
            needed = {path.lstrip("/"): texts[path] for path in found["needed"]}
            needed.update({f".seed{path}": seed_texts[path] for path in found["seeds"] if path in seed_texts})
            module_args["archive"] = self._send(needed) if needed else ""
            confirm = int(arguments.get("confirm") or 0)
            try:
                result = self._on_host("apply", module_args, variables)
            except AnsibleConnectionFailure:
                if not confirm:
                    raise
                result = {"unconfirmed": True}
            result["undone"] = found["undone"]
            if result.pop("unconfirmed", False):
                confirmed = self._confirm(confirm, module_args, variables)
                if confirmed.get("failed"):
                    return {**result, **confirmed, "changed": False}
            return result
        finally:
            with contextlib.suppress(AnsibleConnectionFailure):
                self._remove_tmp_path(self._connection._shell.tmpdir)

    def _switch(self, variables: Mapping[str, Any], name: str) -> bool:
        return bool(boolean(self._templar.template(variables.get(name, False))))

    def _rendered(self, source: Path, texts: dict[str, bytes]) -> list[dict[str, Any]]:
        """The component's files, as FILES.json lists them; a file that is not as it was built is refused."""
        try:
            listed = json.loads((source / "FILES.json").read_text(encoding="utf-8"))["files"]
        except FileNotFoundError as error:
            raise AnsibleActionFail(f"{source} is not a component of a built project: no FILES.json") from error
        for entry in listed:
            path = str(entry["path"])
            if not path.startswith("/") or os.path.normpath(path) != path:
                raise AnsibleActionFail(f"{source}/FILES.json: not a plain absolute path: {path!r}")
            text = (source / path[1:]).read_bytes()
            if hashlib.sha256(text).hexdigest() != entry["sha256"]:
                raise AnsibleActionFail(
                    f"{source}{path} is not as it was built. Change the description and build again, rather than "
                    "the project"
                )
            texts[path] = text
        return [dict(entry) for entry in listed]

    def _from_path(self, entry: Mapping[str, Any], texts: dict[str, bytes], must_exist: bool) -> dict[str, Any]:
        """A file that the project does not hold: plain or vaulted, at a path of the control machine."""
        path, src = str(entry["path"]), str(entry["src"])
        listed = {name: entry[name] for name in ("path", "owner", "group", "mode")}
        found = Path(src).expanduser()
        if not found.is_absolute():
            found = Path(self._loader.get_basedir()) / found
        if not found.is_file():
            if must_exist:
                raise AnsibleActionFail(f"{path} on the host comes from {src}, which is not on this machine")
            return {**listed, "sha256": "", "secret": True}
        try:
            text = Path(self._loader.get_real_file(str(found))).read_bytes()
        except (OSError, AnsibleError) as error:
            raise AnsibleActionFail(f"{src} cannot be read: {error}") from error
        if "before" in entry:
            text = self._line(str(entry["before"]), text, src)
        texts[path] = text
        return {**listed, "sha256": hashlib.sha256(text).hexdigest(), "secret": True}

    @staticmethod
    def _line(before: str, text: bytes, src: str) -> bytes:
        """``before`` and the file's only line; neither it nor the line is ever shown."""
        line = text.rstrip(b"\r\n")
        if not line or line != line.strip() or any(octet < 32 for octet in line):
            raise AnsibleActionFail(f"{src} must hold one line, without white space around it")
        return before.encode() + line + b"\n"

    def _complete(
        self, path: str, entry: Mapping[str, Any], files: list[dict[str, Any]], texts: dict[str, bytes]
    ) -> None:
        """Puts a setting whose value is a secret behind the text of a rendered file, which then is a secret too."""
        rendered = texts.get(path)
        listed = next((file for file in files if file["path"] == path), None)
        if rendered is None or listed is None:
            raise AnsibleActionFail(f"{path} is to be completed, and is no file of this component")
        before = f"{entry['setting']} = "
        made = self._from_path({**listed, "src": entry["src"], "before": before}, texts, must_exist=True)
        line = texts[path]
        if boolean(entry.get("quoted", False)):
            line = quoted(before.encode(), line)
        texts[path] = rendered + line
        listed.update(made, sha256=hashlib.sha256(texts[path]).hexdigest())

    def _seed(
        self, entry: Mapping[str, Any], texts: Mapping[str, bytes], seed_texts: dict[str, bytes]
    ) -> dict[str, Any]:
        """A seed, cut to the logins of a rendered file: nobody else's line leaves this machine."""
        listed = self._from_path(entry, seed_texts, must_exist=False)
        only = entry.get("only")
        if only and listed["sha256"]:
            text = only_logins(seed_texts[listed["path"]], texts[str(only["path"])], str(only.get("without") or ""))
            seed_texts[listed["path"]] = text
            listed["sha256"] = hashlib.sha256(text).hexdigest()
        return listed

    def _on_host(self, phase: str, arguments: Mapping[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = self._execute_module(
            module_name="transaction", module_args={**arguments, "phase": phase}, task_vars=variables
        )
        result.pop("invocation", None)
        if result.get("unreachable"):
            raise AnsibleConnectionFailure(str(result.get("msg")))
        return result

    def _send(self, texts: Mapping[str, bytes]) -> str:
        """Puts the files into one archive on the host and returns its path there."""
        with tempfile.NamedTemporaryFile(suffix=".tar.gz") as local:
            with tarfile.open(fileobj=local, mode="w:gz", compresslevel=1) as tar:
                for name, text in sorted(texts.items()):
                    member = tarfile.TarInfo(name)
                    member.size = len(text)
                    member.mode = 0o600
                    tar.addfile(member, io.BytesIO(text))
            local.flush()
            folder = self._connection._shell.tmpdir or self._make_tmp_path()
            remote: str = self._connection._shell.join_path(folder, "files.tar.gz")
            self._transfer_file(local.name, remote)
            self._fixup_perms2((folder, remote), execute=False)
        return remote

    def _confirm(self, seconds: int, arguments: Mapping[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        """Opens a new connection and says so to the host; waits for the fall-back when none comes about."""
        deadline = time.monotonic() + seconds + 30
        while True:
            try:
                self._connection.reset()
                self._low_level_execute_command("true", sudoable=False)
                return self._on_host("confirm", {**arguments, "archive": ""}, variables)
            except (AnsibleConnectionFailure, OSError) as error:
                if time.monotonic() > deadline:
                    return {"failed": True, "msg": f"the host cannot be reached any more: {error}"}
                time.sleep(2)
