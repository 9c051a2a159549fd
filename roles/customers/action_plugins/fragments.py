"""The control machine's half of ``fragments``: reads the list of customers, sends what the host has not got.

Two steps on the host: ``list`` says what it has of each customer, ``apply`` gets the rest in one archive. When
nothing is to be done the first step is all there is. A customer of whom something is wrong here is named and stays
as it is on the host; the others go on.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import posixpath
import re
import tarfile
import tempfile
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleActionFail, AnsibleConnectionFailure, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase

ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
PASSED_ON = ("services", "dialogues", "patience")
VAULT = b"$ANSIBLE_VAULT"
OF_LOGS = frozenset(b"format customer realm state leaving days domain inside".split())
"""Kinds of lines that say whose logs are, and who sees them for how long."""
SECRETS = "secrets"  # beside the project's playbook, or a link there to the provider's


class CustomerError(Exception):
    """What is wrong of one customer; it stops no other."""


@dataclass(frozen=True)
class Entry:
    """A customer as the project's list has it; the paths are of secrets on this machine, empty: none. Who is
    over has none."""

    id: str
    sha256: str
    passwords: str
    key: str
    over: bool

    @classmethod
    def read(cls, name: str, row: Mapping[str, Any]) -> Entry:
        over = row.get("state") == "over"
        passwords, key = ("" if over else str(row.get(kind) or "") for kind in ("passwords", "dkim_key"))
        return cls(name, str(row["sha256"]), passwords, key, over)


@dataclass
class Parcel:
    """What is to be sent: a member of the archive → its text, and what is announced of each customer."""

    texts: dict[str, bytes] = field(default_factory=dict)
    announced: dict[str, dict[str, str]] = field(default_factory=dict)

    def add(self, name: str, part: str, ending: str, text: bytes) -> None:
        self.texts[f"{name}.{ending}"] = text
        self.announced.setdefault(name, {})[part] = sha256(text)


def sha256(text: bytes) -> str:
    return hashlib.sha256(text).hexdigest()


def entries(text: str, source: str) -> dict[str, Entry]:
    """The customers of ``customers.json``. Raises AnsibleActionFail for what is no such list."""
    try:
        found = {name: Entry.read(name, row) for name, row in json.loads(text).items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise AnsibleActionFail(f"{source} is not a list of customers of a built project: {error}") from error
    for name in found:
        if not ID.fullmatch(name):
            raise AnsibleActionFail(f"{source}: {name!r} is not a customer's name")
    return found


def own(path: str, customer: str) -> str:
    """The path that the list names for a secret, when it is a plain one below the customer's own folder. The build
    lets no other through; here it is asked again, of a list that somebody may have edited. Raises CustomerError."""
    if not path.startswith(f"{SECRETS}/{customer}/") or posixpath.normpath(path) != path:
        raise CustomerError(f"{path} is not a plain path below {SECRETS}/{customer}/, where its secrets are")
    return path


def inside(path: Path, folder: Path) -> Path:
    """Where the file really is, when that is in ``folder``, whose own links are followed already: the folder of all
    secrets may be a link, and nothing in it may lead to another customer's. Raises CustomerError, OSError."""
    found = path.resolve(strict=True)
    if not found.is_relative_to(folder):
        raise CustomerError(f"a symbolic link on the way to {path} leads out of {folder}")
    return found


def only_logins(seed: bytes, fragment: bytes) -> bytes:
    """The lines ``login:{SCHEME}hash`` of a seed whose login the fragment has; a realm behind it is left out.
    Nobody else's line leaves this machine. Raises CustomerError for what is no such file."""
    plain = {}
    for line in fragment.decode().splitlines():
        word, _, rest = line.partition(" ")
        if word in ("login", "process"):
            name = rest.partition(" ")[0]
            plain[name] = plain[name.rpartition("@")[0]] = name.rpartition("@")[0]
    try:
        pairs = [line.strip().partition(":") for line in seed.decode().splitlines()]
    except UnicodeDecodeError as error:
        raise CustomerError("the file of first passwords is not UTF-8") from error
    return "".join(f"{plain[name.lower()]}:{rest}\n" for name, _, rest in pairs if name.lower() in plain).encode()


def of_logs(fragment: bytes) -> bytes:
    """What of a fragment a host gets that keeps logs alone: nobody's address or login."""
    lines = (line for line in fragment.splitlines(keepends=True) if line.split(b" ", 1)[0] in OF_LOGS)
    return b"# Whose logs are kept here, and nobody's address.\n" + b"".join(lines)


def named(refused: Mapping[str, str], left: Iterable[str]) -> list[str]:
    """What is said of customers that are as they were, a line for each, and of those that the project has not."""
    lines = [f"{name} was left as it was: {why}" for name, why in sorted(refused.items())]
    names = list(left)
    if names:
        lines.append(
            f"the project has {', '.join(names)} no more, and the host goes on serving them. -e "
            f"customers_forget={','.join(names)} takes them away; mail and passwords stay"
        )
    return lines


def words(value: Any) -> tuple[str, ...]:
    """``college,school``, or a list of such words."""
    parts = value if isinstance(value, list) else str(value or "").split(",")
    return tuple(part for each in parts if (part := str(each).strip()))


class ActionModule(ActionBase):  # type: ignore[misc]  # Ansible has no types
    _supports_check_mode = True
    _supports_async = False
    _VALID_ARGS = frozenset({*PASSED_ON, "listed", "only", "forget", "renamed", "secrets", "parts", "anew"})

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        super().run(tmp, task_vars)
        variables = task_vars or {}
        arguments = self._task.args
        listed = Path(arguments.get("listed") or Path(variables["playbook_dir"]) / "customers.json")
        try:
            project = entries(listed.read_text(encoding="utf-8"), str(listed))
        except OSError as error:
            raise AnsibleActionFail(f"{listed}: {error.strerror}") from error
        only = self._chosen(words(arguments.get("only")), project, listed)
        forget = words(arguments.get("forget"))
        self._secrets = str(arguments.get("secrets") or "")
        self._parts = words(arguments.get("parts"))
        if still := sorted(set(forget) & set(project)):
            raise AnsibleActionFail(
                f"the project has {', '.join(still)}: what is to be forgotten has to be gone there"
            )
        try:
            found = self._on_host({"phase": "list"}, variables)
            if found.get("failed"):
                return found
            held = json.loads(zlib.decompress(base64.b64decode(found.pop("held"))))
            overwrite = self._switch(variables, "mailwright_overwrite_hand_edits")
            parcel, refused = self._parcel(only, held, listed.parent, overwrite)
            left = sorted(
                name for name, row in held.items() if row[0] and name not in project and name not in forget
            )
            gone = [name for name in forget if any(held.get(name, ())[:1])]
            result: dict[str, Any] = {"changed": found["undone"], "customers": [], "tables": [], "refused": {}}
            if parcel.announced or gone or overwrite or boolean(arguments.get("anew", False)):
                result = self._apply(parcel, gone, arguments, variables)
            if result.get("failed"):
                return result
            result["refused"] = {**result["refused"], **refused}
            result["left"] = left
            result["sent"] = sorted(parcel.texts)
            result["undone"] = found["undone"]
            result["named"] = named(result["refused"], left)
            if result["named"]:
                result["warnings"] = [f"{variables['inventory_hostname']}: {line}" for line in result["named"]]
            return result
        finally:
            with contextlib.suppress(AnsibleConnectionFailure):
                self._remove_tmp_path(self._connection._shell.tmpdir)

    @staticmethod
    def _chosen(only: tuple[str, ...], project: Mapping[str, Entry], listed: Path) -> list[Entry]:
        unknown = sorted(set(only) - set(project))
        if unknown:
            raise AnsibleActionFail(f"{listed} has no customer {', '.join(unknown)}")
        return [project[name] for name in sorted(set(only) or project)]

    def _parcel(
        self, customers: Iterable[Entry], held: Mapping[str, list[str]], folder: Path, overwrite: bool
    ) -> tuple[Parcel, dict[str, str]]:
        """What the host has not got, and the customers of whom it gets nothing, with the reason."""
        parcel, refused = Parcel(), {}
        for entry in customers:
            try:
                own = Parcel()
                self._of_customer(entry, held.get(entry.id, ["", "", "", ""]), folder, overwrite, own)
            except CustomerError as error:
                refused[entry.id] = str(error)
                continue
            parcel.texts |= own.texts
            parcel.announced |= own.announced
        return parcel, refused

    def _of_customer(self, entry: Entry, held: list[str], folder: Path, overwrite: bool, parcel: Parcel) -> None:
        there, applied, seed, key = held
        path = folder / "customers" / entry.id / "mail.tables"
        people = "people" in self._parts
        text = b"" if people else of_logs(self._fragment(path, entry))
        wanted = entry.sha256 if people else sha256(text)
        if there and applied and there not in (applied, wanted) and not overwrite:
            raise CustomerError(
                "its fragment was changed by hand on the host since the last apply; -e "
                "mailwright_overwrite_hand_edits=true loses that"
            )
        rest = entry.over and bool(seed or key)  # of an apply that did not know that nothing is kept
        if there != wanted or applied != wanted or rest:
            parcel.add(entry.id, "fragment", "tables", text or self._fragment(path, entry))
        if "passwords" in self._parts and entry.passwords:
            text = self._secret(entry.id, "passwords", entry.passwords, must_exist=False)
            if text:
                text = only_logins(text, self._fragment(path, entry))
            if text and sha256(text) != seed:
                parcel.add(entry.id, "seed", "passwords", text)
        if "keys" in self._parts and entry.key:
            text = self._secret(entry.id, "key", entry.key, must_exist=True)
            if sha256(text) != key:
                parcel.add(entry.id, "key", "key", text)

    @staticmethod
    def _fragment(path: Path, entry: Entry) -> bytes:
        try:
            text = path.read_bytes()
        except OSError as error:
            raise CustomerError(f"{path}: {error.strerror}") from error
        if sha256(text) != entry.sha256:
            raise CustomerError(f"{path} is not as it was built: build again, rather than change the project")
        return text

    def _secret(self, customer: str, kind: str, path: str, must_exist: bool) -> bytes:
        """A file of this machine, plain or vaulted; empty where it is not there and need not be."""
        base = Path(self._loader.get_basedir())
        folder = base / (Path(self._secrets).expanduser() if self._secrets else SECRETS)
        named = folder / f"{customer}.{kind}" if self._secrets else base / own(path, customer)
        try:
            found = inside(named, folder.resolve(strict=True) / ("" if self._secrets else customer))
            text = found.read_bytes()
            if text.startswith(VAULT):
                text = Path(self._loader.get_real_file(str(found))).read_bytes()
        except FileNotFoundError as error:
            if must_exist:
                raise CustomerError(f"{path} is not on this machine") from error
            return b""
        except (OSError, AnsibleError) as error:
            raise CustomerError(f"{path} cannot be read: {error}") from error
        return text

    def _apply(
        self, parcel: Parcel, gone: list[str], arguments: Mapping[str, Any], variables: dict[str, Any]
    ) -> dict[str, Any]:
        return self._on_host(
            {
                "phase": "apply",
                "archive": self._send(parcel.texts) if parcel.texts else "",
                "customers": parcel.announced,
                "forget": gone,
                "renamed": list(words(arguments.get("renamed"))),
                "all": self._switch(variables, "mailwright_overwrite_hand_edits"),
                "show_personal": self._switch(variables, "mailwright_show_personal"),
                **{name: arguments[name] for name in PASSED_ON if name in arguments},
            },
            variables,
        )

    def _switch(self, variables: Mapping[str, Any], name: str) -> bool:
        return bool(boolean(self._templar.template(variables.get(name, False))))

    def _on_host(self, arguments: Mapping[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = self._execute_module(
            module_name="fragments", module_args=dict(arguments), task_vars=variables
        )
        result.pop("invocation", None)
        if result.get("unreachable"):
            raise AnsibleConnectionFailure(str(result.get("msg")))
        return result

    def _send(self, texts: Mapping[str, bytes]) -> str:
        """Puts the texts into one archive on the host and returns its path there."""
        with tempfile.NamedTemporaryFile(suffix=".tar.gz") as local:
            with tarfile.open(fileobj=local, mode="w:gz", compresslevel=1) as tar:
                for name, text in sorted(texts.items()):
                    member = tarfile.TarInfo(name)
                    member.size = len(text)
                    member.mode = 0o600
                    tar.addfile(member, io.BytesIO(text))
            local.flush()
            folder = self._connection._shell.tmpdir or self._make_tmp_path()
            remote: str = self._connection._shell.join_path(folder, "customers.tar.gz")
            self._transfer_file(local.name, remote)
            self._fixup_perms2((folder, remote), execute=False)
        return remote
