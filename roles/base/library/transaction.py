#!/usr/bin/python3
"""Puts the files of one component in place as one transaction; the host's half of the action of the same name."""

from __future__ import annotations

import inspect
import os
import shutil
import stat
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ansible.module_utils import mailwright_journal as journal
from ansible.module_utils import mailwright_service as service
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.mailwright_files import (
    Comparison,
    FilesError,
    Record,
    Seen,
    Wanted,
    compare,
    digest,
    dump_record,
    gid,
    line_counts,
    look,
    matches,
    merge_seed,
    place,
    read_record,
    safe_path,
    uid,
    unpack,
)

DOCUMENTATION = r"""
module: transaction
short_description: Put the files of one component in place, checked, and back again if the service does not answer
description:
  - Compares the files of a component with the host; stages what differs beside a copy of the folders that the
    service's own checker looks at; lets it judge; swaps; makes the service read them; and talks with it.
  - When anything after the check fails, exactly what was there is put back, the service reads it again, and the
    task fails with the service's words. After a crash the next run does the same before it begins.
  - What was applied is recorded in C(/var/lib/mailwright/<component>.json). A file whose content is neither the
    recorded nor the wanted one was edited by hand, and is overwritten only when
    C(mailwright_overwrite_hand_edits) is true.
attributes:
  check_mode:
    support: full
    details: Compares, stages, lets the checker judge (unless it is not installed yet), and swaps nothing.
  diff_mode:
    support: full
    details: Files that hold people show how many lines come and go, unless C(mailwright_show_personal) is true.
options:
  component:
    description: Its name; also the name of its record.
    type: str
    required: true
  source:
    description: Folder on the control machine with the files and C(FILES.json).
    type: path
    default: "{{ playbook_dir }}/hosts/{{ inventory_hostname }}/<component>"
  rendered:
    description: Whether the component has a folder in the project at all; the role tls has secrets alone.
    type: bool
    default: true
  secrets:
    description:
      - Files that come from a path (C(src)) on the control machine, plain or vaulted, and are never shown. With
        C(before), C(src) is one line, and that stands before it.
    type: list
    elements: dict
    default: []
  completed:
    description:
      - Files of the component (C(paths)) that end with a C(setting) whose value is the only line of C(src) on the
        control machine, in quotation marks with C(quoted). They are never shown.
    type: dict
    default: {}
  seeds:
    description:
      - Files C(login:...) that are host state. Of the seed C(src) on the control machine, lines of logins that
        never had one are added; nothing else is ever changed. Without C(src) there, the host's file stays as it is.
      - With C(only), the lines of logins alone that begin a line of the component's file C(path) that does not
        contain C(without).
    type: list
    elements: dict
    default: []
  lock:
    description:
      - File that whoever else writes to the C(seeds) locks meanwhile. Where it is there, it is locked while they
        are sown; one that is held for a minute makes the task fail, and what was there is put back.
    type: path
    default: ""
  accounts:
    description: Users and groups that must exist, as lines of sysusers.d(5).
    type: list
    elements: str
    default: []
  directories:
    description: Folders that must exist, with C(owner), C(group), C(mode).
    type: list
    elements: dict
    default: []
  beside:
    description: Folders whose other files are copied into the staged tree, so that the checker sees the whole.
    type: list
    elements: path
    default: []
  tables:
    description:
      - Look-up tables, made by C(argv) from C(sources) in the staged tree and swapped together with them. C(suffix)
        is what the maker appends to the name.
    type: list
    elements: dict
    default: []
  checks:
    description:
      - What judges the staged tree, as C(argv) with C({stage}). C(expect) and C(refuse) are patterns of its words.
      - C(terminal) is for one that speaks to a terminal alone.
    type: list
    elements: dict
    default: []
  prepare:
    description:
      - What must run after the swap and before the services are told, as C(argv); only when one of C(paths) (shell
        patterns) changed.
    type: list
    elements: dict
    default: []
  services:
    description:
      - Units that must be enabled and running. C(paths) is the shell patterns after whose change the unit reads
        its files anew (without, of any), C(action) how (reload, restart or none), C(restart_on) after which it
        needs a restart, C(alive) an argv that ends with 0 when it really runs, C(undo) one that takes back what a
        first start did. One with C(if_running) is another component's and never started.
    type: list
    elements: dict
    default: []
  dialogues:
    description:
      - Conversations that must go well afterwards, C(lines) of a C(protocol) with a C(port) or C(socket), or a
        command C(argv) with C(expect).
    type: list
    elements: dict
    default: []
  patience:
    description: Seconds that a service may take until it answers; one that answers wrongly gets 15 at the most.
    type: int
    default: 60
  retired:
    description:
      - The host runs the component no more. What the record says that it left goes, and its units are stopped and
        disabled; files of C(seeds) stay, and so does what the record says about them. Of the other options
        C(rendered) alone has a meaning, and is false.
    type: bool
    default: false
  confirm:
    description:
      - Seconds after which everything falls back by itself unless a new connection to the host succeeds.
      - 0 is never.
    type: int
    default: 0
author: mailwright
"""


UNITS = {
    "counter": ("redis-server.service",),
    "dovecot": ("dovecot.service",),
    "filter": ("mailwright-directory.socket", "rspamd.service"),
    "guard": ("fail2ban.service", "mailwright-guard.service"),
}
"""Of components that some hosts have and others have not, for records in which units were not yet written down."""


class Refused(Exception):  # noqa: N818 - it says what happened, not what is broken
    """The transaction cannot go on; what there was is in place. ``facts`` go into the result."""

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.facts = facts


@dataclass(frozen=True)
class Work:
    """What one component shall be on this host."""

    component: str
    wanted: Mapping[str, Wanted]
    seeds: Mapping[str, Wanted]  # sha256 is that of the seed, empty when the control machine has none
    accounts: Sequence[str]
    directories: Sequence[Wanted]
    beside: Sequence[str]
    tables: Sequence[Mapping[str, Any]]
    checks: Sequence[Mapping[str, Any]]
    prepare: Sequence[Mapping[str, Any]]
    units: Sequence[service.Unit]
    dialogues: Sequence[Mapping[str, Any]]
    patience: int
    confirm: int
    complete: bool  # no package of this host's components is missing
    overwrite: bool
    show_personal: bool
    retired: bool = False  # it shall be nothing; ``units`` are those of the record
    lock: str = ""  # that whoever else writes to seeded files holds

    @property
    def record(self) -> Path:
        return Path(journal.STATE, f"{self.component}.json")

    @property
    def journal(self) -> Path:
        return Path(journal.STATE, f"{self.component}.journal")

    @property
    def stage(self) -> Path:
        return Path(journal.STATE, f"{self.component}.stage")

    @property
    def timer(self) -> str:
        return f"mailwright-fallback-{self.component}"

    @property
    def products(self) -> dict[str, tuple[Wanted, Mapping[str, Any]]]:
        """Path of each product with its source and the table's entry."""
        return {
            path + table["suffix"]: (file, table)
            for path, file in self.wanted.items()
            for table in self.tables
            if matches(path, table["sources"])
        }


@dataclass(frozen=True)
class Difference:
    """What there is to do."""

    files: Comparison
    record: Record
    accounts: tuple[str, ...]
    directories: tuple[str, ...]
    products: tuple[str, ...]
    obsolete_products: tuple[str, ...]
    seeds: tuple[str, ...]
    states: Mapping[str, service.State]
    retired: bool = False

    @property
    def units(self) -> tuple[str, ...]:
        """Those that do not stand as they shall."""
        if self.retired:
            return tuple(sorted(name for name, state in self.states.items() if state.active or state.enabled))
        return tuple(sorted(name for name, state in self.states.items() if not (state.active and state.enabled)))

    @property
    def touched(self) -> tuple[str, ...]:
        """Every path whose content or mode changes."""
        return tuple(sorted({*self.files.touched, *self.products, *self.obsolete_products}))

    @property
    def empty(self) -> bool:
        return not (self.touched or self.accounts or self.directories or self.seeds or self.units)

    def facts(self) -> dict[str, Any]:
        """For the task's result: names alone."""
        return {
            "files": {
                "new": self.files.new,
                "changed": self.files.changed,
                "repaired": self.files.repaired,
                "removed": (*self.files.obsolete, *self.obsolete_products),
                "made": self.products,
                "edited_by_hand": self.files.edited,
            },
            "accounts": self.accounts,
            "directories": self.directories,
            "seeds": self.seeds,
            "units": self.units,
        }


def difference(work: Work) -> Difference:
    """Compares the host with what shall be; changes nothing."""
    record = read_record(work.record)
    seen: dict[str, Seen] = {path: look(path) for path in {*work.wanted, *record.files}}
    files = compare(work.wanted.values(), seen, record.files)
    products = work.products
    stale = [
        path
        for path, (source, _table) in products.items()
        if source.path in files.content
        or not _is(path, replace(source, path=path, sha256=record.products.get(path, "none")))
    ]
    return Difference(
        files,
        record,
        tuple(line for line in work.accounts if not _account_exists(line)),
        tuple(folder.path for folder in work.directories if not _is_folder(folder)),
        tuple(sorted(stale)),
        tuple(sorted(path for path in record.products if path not in products and os.path.lexists(path))),
        tuple(
            path
            for path, seed in sorted(work.seeds.items())
            if not Path(path).exists() or (seed.sha256 and record.seeds.get(path) != seed.sha256)
        ),
        _states(work.units),
        work.retired,
    )


def _states(units: Sequence[service.Unit]) -> dict[str, service.State]:
    """How the units stand that this transaction has to do with: another component's only while it runs."""
    states: dict[str, service.State] = service.states(units)
    for unit in units:
        if unit.if_running and states[unit.unit].active:
            states[unit.unit] = service.State(active=True, enabled=True)
        elif unit.if_running:
            del states[unit.unit]
    return states


def _is(path: str, file: Wanted) -> bool:
    shall = Seen("file", file.sha256, uid(file.owner) or 0, gid(file.group) or 0, file.mode)
    return bool(look(path) == shall)


def _is_folder(folder: Wanted) -> bool:
    try:
        status = os.lstat(folder.path)
    except FileNotFoundError:
        return False
    if not stat.S_ISDIR(status.st_mode):
        raise FilesError(f"{folder.path} is not a folder on this host")
    now = (status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode))
    return now == (uid(folder.owner), gid(folder.group), folder.mode)


def _account_exists(line: str) -> bool:
    """Whether a line of sysusers.d has been carried out. ``m user group`` is a membership."""
    kind, name, *rest = line.split()
    if kind == "m":
        found = service.command(["id", "-nG", name])
        return found.returncode == 0 and rest[0] in found.stdout.split()
    return (gid if kind == "g" else uid)(name) is not None


def build_stage(work: Work, found: Difference, archive: str) -> None:
    """The whole tree as it will be, below the stage: neighbours, our files, and the tables made from them."""
    shutil.rmtree(work.stage, ignore_errors=True)
    work.stage.mkdir(mode=0o700, parents=True)
    for folder in work.beside:
        if Path(folder).is_dir():
            # what a link leads to, because postfix check complains of links that leave the tree
            shutil.copytree(
                folder,
                work.stage / folder[1:],
                ignore=_only_files_and_folders,
                ignore_dangling_symlinks=True,
                dirs_exist_ok=True,
            )
    for path in (*found.files.obsolete, *found.obsolete_products):
        (work.stage / path[1:]).unlink(missing_ok=True)
    for path, file in work.wanted.items():
        if path not in found.files.content:
            place(work.stage, file, Path(path).read_bytes())
    if archive:
        seeds = {"/.seed" + path: _as_seed(seed) for path, seed in work.seeds.items()}
        unpack(archive, {**work.wanted, **seeds}, work.stage)
    missing = [path for path in found.files.content if not (work.stage / path[1:]).exists()]
    if missing:
        raise FilesError(f"the host changed while it was compared: {', '.join(missing)}. Run the play again")


def _as_seed(seed: Wanted) -> Wanted:
    return Wanted("/.seed" + seed.path, "root", "root", 0o600, seed.sha256, secret=True)


def _only_files_and_folders(folder: str, names: list[str]) -> set[str]:
    """Sockets and pipes of a running service are not configuration."""
    kinds = (stat.S_ISREG, stat.S_ISDIR, stat.S_ISLNK)
    return {name for name in names if not any(kind(os.lstat(f"{folder}/{name}").st_mode) for kind in kinds)}


def make_products(work: Work, found: Difference, leave_out: bool) -> None:
    """Makes the tables in the stage, with the mode and owner of what they are made from."""
    for path in found.products:
        source, table = work.products[path]
        entry = {
            "argv": [argument.replace("{path}", source.path) for argument in table["argv"]],
            "refuse": "warning:",
        }
        if leave_out and not service.installed(entry):
            continue
        service.ask(entry, str(work.stage))
        staged = work.stage / path[1:]
        os.chown(staged, uid(source.owner) or 0, gid(source.group) or 0)
        staged.chmod(source.mode)


def swap(work: Work, found: Difference) -> None:
    """Renames everything into place. What is there is in the journal already."""
    moves = [*found.files.content, *found.files.repaired, *found.products]
    folders = {Path(path).parent for path in found.touched}
    for path in moves:
        waiting = journal.temporary(path)
        journal.copy_exactly(str(work.stage / path[1:]), waiting)
    for path in moves:
        Path(journal.temporary(path)).replace(path)
    for path in (*found.files.obsolete, *found.obsolete_products):
        Path(path).unlink()
    for folder in folders:
        journal.sync_folder(folder)


def missing_folders(paths: Sequence[str]) -> list[str]:
    """Folders above ``paths`` that are not there, outermost first."""
    missing: list[str] = []
    for path in paths:
        above = [str(parent) for parent in Path(path).parents if not parent.exists()]
        missing.extend(folder for folder in reversed(above) if folder not in missing)
    return missing


def make_folders(work: Work, found: Difference, missing: Sequence[str]) -> None:
    for path in missing:
        Path(path).mkdir()
        Path(path).chmod(0o755)  # whatever the umask
    for folder in work.directories:
        if folder.path in found.directories:
            os.chown(folder.path, uid(folder.owner) or 0, gid(folder.group) or 0)
            Path(folder.path).chmod(folder.mode)


@dataclass(frozen=True)
class Sowing:
    """What becomes of a seeded file. ``text`` is None when no login needs a first line."""

    path: str
    text: str | None
    seed: str  # sha256
    logins: tuple[str, ...]  # all that were ever given a first line
    before: tuple[str, ...]  # those of them that were given one by an earlier apply


def sowings(work: Work, found: Difference) -> list[Sowing]:
    """First lines for logins that never had one. The stage holds the seeds."""
    result = []
    for path in found.seeds:
        before = found.record.seeded.get(path, ())
        current = Path(path).read_text(encoding="utf-8") if Path(path).exists() else ""
        sown = (work.stage / ".seed" / path[1:]).read_text(encoding="utf-8")
        text, logins = merge_seed(current, sown, before)
        fresh = text != current or not Path(path).exists()
        result.append(
            Sowing(
                path,
                text if fresh else None,
                work.seeds[path].sha256,
                tuple(sorted({*before, *logins})),
                tuple(before),
            )
        )
    return result


def sow(work: Work, sowing: Sowing) -> None:
    """Writes the file as it is at this moment, with its new lines. It keeps the owner and mode that it has."""
    if sowing.text is None:
        return
    with service.quiet(work.lock):
        _sow(work, sowing)


def _sow(work: Work, sowing: Sowing) -> None:
    target = Path(sowing.path)
    sown = (work.stage / ".seed" / sowing.path[1:]).read_text(encoding="utf-8")
    text, _ = merge_seed(target.read_text(encoding="utf-8") if target.exists() else "", sown, sowing.before)
    place(work.stage, work.seeds[sowing.path], text.encode())
    staged = work.stage / sowing.path[1:]
    if target.exists():
        status = target.stat()
        os.chown(staged, status.st_uid, status.st_gid)
        staged.chmod(stat.S_IMODE(status.st_mode))
    waiting = Path(journal.temporary(sowing.path))
    journal.copy_exactly(str(staged), str(waiting))
    waiting.replace(target)
    journal.sync_folder(target.parent)


def diffs(work: Work, found: Difference) -> list[dict[str, str]]:
    """For Ansible's diff mode: text for text, or counts where a file holds people, or nothing for a secret."""
    shown: list[dict[str, str]] = []
    for path in found.files.touched:
        file = work.wanted.get(path)
        now = look(path)
        before = Path(path).read_text(encoding="utf-8", errors="replace") if now.kind == "file" else ""
        after = (work.stage / path[1:]).read_text(encoding="utf-8", errors="replace") if file else ""
        if path in found.files.repaired and file:
            before, after = _attributes(now), f"mode {file.mode:04o}, owner {file.owner}, group {file.group}\n"
        elif file and file.secret:
            shown.append({"prepared": f"--- {path}\nchanged; a secret, not shown\n"})
            continue
        elif file is None:  # the record does not say whether it held people, or was a secret
            shown.append(
                {"prepared": f"--- {path}\nis removed, not shown: {line_counts(before, '')[1]} lines go\n"}
            )
            continue
        elif file.personal and not work.show_personal:
            came, went = line_counts(before, after)
            shown.append({"prepared": f"--- {path}\nholds people, not shown: {came} lines come, {went} go\n"})
            continue
        shown.append({"before": before, "after": after, "before_header": path, "after_header": path})
    if work.retired:
        shown.extend({"prepared": f"--- {unit}\nis stopped and disabled\n"} for unit in found.units)
    return shown


def _attributes(now: Seen) -> str:
    return f"mode {now.mode:04o}, uid {now.uid}, gid {now.gid}\n"


def run(work: Work, archive: str, check_mode: bool, diff_mode: bool) -> dict[str, Any]:
    """The transaction. Raises Refused when it came to nothing; then the host is as it was."""
    found = difference(work)
    result: dict[str, Any] = {"changed": not found.empty, **found.facts()}
    if work.retired:
        result["warnings"] = [
            f"{work.component}: {path} is this host's own and stays, though the host has no use for it now"
            for path in found.record.seeded
            if Path(path).exists()
        ]
    if found.files.edited and not work.overwrite:
        raise Refused(
            f"changed by hand since the last apply: {', '.join(found.files.edited)}. Take the change into the "
            "description, or say -e mailwright_overwrite_hand_edits=true to lose it",
            **found.facts(),
        )
    unsown = [path for path in found.seeds if not work.seeds[path].sha256]
    if unsown:
        raise Refused(
            f"{', '.join(unsown)} is not on this host yet, and the control machine has no file to seed it from",
            **found.facts(),
        )
    if found.accounts and not check_mode:
        made = service.command(["systemd-sysusers", "--inline", *found.accounts])
        if made.returncode != 0:
            raise Refused(f"systemd-sysusers: {made.stdout.strip()}")
    try:
        for file in [] if check_mode else [*work.wanted.values(), *work.directories, *work.seeds.values()]:
            if uid(file.owner) is None or gid(file.group) is None:
                raise Refused(
                    f"{file.path} shall belong to {file.owner}:{file.group}, which this host does not have"
                )
        build_stage(work, found, archive)
        make_products(work, found, leave_out=check_mode)
        unasked = [entry["argv"][0] for entry in work.checks if check_mode and not _can_ask(work, found, entry)]
        if unasked:
            result["not_checked"] = f"what they need is not on this host yet: {', '.join(unasked)}"
        for entry in [] if unasked else work.checks:
            service.ask(entry, str(work.stage))
        sown = sowings(work, found)
        found = replace(found, seeds=tuple(sowing.path for sowing in sown if sowing.text is not None))
        result.update(changed=not found.empty, seeds=found.seeds)
        if diff_mode:
            result["diff"] = diffs(work, found)
        if not check_mode:
            result.update(change(work, found, sown))
    except service.ServiceError as error:
        raise Refused(f"{work.component}: {error}", **found.facts()) from error
    finally:
        shutil.rmtree(work.stage, ignore_errors=True)
    return result


def _can_ask(work: Work, found: Difference, entry: Mapping[str, Any]) -> bool:
    """In check mode on a new host: the packages and accounts are there that the checker and the files name."""
    return work.complete and not found.accounts and service.installed(entry)


def change(work: Work, found: Difference, sown: Sequence[Sowing]) -> dict[str, Any]:
    """Swaps, lets the services read, talks with them; puts everything back if that does not go well."""
    missing = missing_folders(
        [*found.touched, *(f"{folder}/x" for folder in found.directories), *(path for path in found.seeds)]
    )
    units = [unit for unit in work.units if unit.unit in found.states]
    actions = {unit.unit: unit.action_for(found.touched) for unit in units}
    journal.begin(
        work.journal,
        found.touched,
        [*missing, *(folder for folder in found.directories if folder not in missing)],
        [
            {
                "unit": unit.unit,
                **vars(found.states[unit.unit]),
                "action": actions[unit.unit],
                "undo": unit.undo,
                "retired": work.retired,
            }
            for unit in units
        ],
    )
    since = time.time()
    try:
        make_folders(work, found, missing)
        for sowing in sown:
            sow(work, sowing)
        for name in found.units if work.retired else ():  # while the unit file still says how to stop
            service.retire(name)
        swap(work, found)
        if any(path.startswith(journal.UNIT_FOLDERS) for path in found.touched):
            journal.systemctl("daemon-reload")
        for entry in work.prepare:
            if any(matches(path, entry.get("paths") or ("*",)) for path in found.touched):
                service.ask(entry)
        if work.confirm:
            arm(work)
        acted = [
            unit
            for unit in units
            if not work.retired and service.act(unit, found.states[unit.unit], actions[unit.unit])
        ]
        if acted or found.touched:
            time.sleep(0.3 if acted else 0)  # processes that were told to go are gone
            for entry in work.dialogues:
                service.hold(entry, work.patience)
    except BaseException as error:
        words = service.journal_words(units, since)
        disarm(work)
        trouble = journal.restore(work.journal)
        if not isinstance(error, (service.ServiceError, Refused, OSError)):
            raise
        raise Refused(
            f"{work.component}: {error}"
            + (f"\nThe journal says:\n{words}" if words else "")
            + (f"\nPUTTING BACK DID NOT GO WELL: {trouble}" if trouble else "\nWhat was there before is back."),
            **found.facts(),
            rolled_back=not trouble,
        ) from error
    record = Record(
        {path: file.sha256 for path, file in work.wanted.items()},
        {path: digest(path) for path in work.products},
        {**found.record.seeds, **{sowing.path: sowing.seed for sowing in sown}},
        {**found.record.seeded, **{sowing.path: sowing.logins for sowing in sown}},
        own_units(work),
    )
    if work.confirm and acted:
        journal.write(work.journal / "record.json", dump_record(record))
        return {"acted": [unit.unit for unit in acted], "unconfirmed": True}
    disarm(work)
    journal.close(work.journal)
    keep_record(work, record)
    return {"acted": [*found.units] if work.retired else [unit.unit for unit in acted]}


def own_units(work: Work) -> tuple[str, ...]:
    """What a host that ceases to run the component must stop."""
    return () if work.retired else tuple(sorted(unit.unit for unit in work.units if not unit.if_running))


def keep_record(work: Work, record: Record) -> None:
    """Writes the record. Of a component that is gone, what its seeds once gave, for the day when it comes back."""
    if work.retired and not (record.seeds or record.seeded):
        work.record.unlink(missing_ok=True)
        journal.sync_folder(work.record.parent)
    else:
        journal.write(work.record, dump_record(record))


def arm(work: Work) -> None:
    """From now on everything falls back by itself after ``confirm`` seconds."""
    disarm(work)
    script = work.journal / "restore.py"
    journal.write(script, inspect.getsource(journal), 0o700)
    answer = service.command(
        [
            "systemd-run",
            "--collect",
            f"--unit={work.timer}",
            f"--on-active={work.confirm}",
            "--timer-property=AccuracySec=1s",
            "/usr/bin/python3",
            "-I",
            str(script),
            str(work.journal),
        ]
    )
    if answer.returncode != 0:
        raise service.ServiceError(f"systemd-run: {answer.stdout.strip()}")


def disarm(work: Work) -> None:
    if work.confirm:
        journal.systemctl("stop", f"{work.timer}.timer")


def confirm(work: Work) -> dict[str, Any]:
    """Somebody reached the host by a new connection: the change stands. Raises Refused when it fell back before."""
    with journal.lock():
        if not journal.is_open(work.journal):
            raise Refused(
                f"{work.component}: no new connection came in within {work.confirm} s, so the change fell back "
                "by itself. What was there before is back.",
                rolled_back=True,
            )
        disarm(work)
        record = (work.journal / "record.json").read_text(encoding="utf-8")
        journal.close(work.journal)
        journal.write(work.record, record)
    return {"changed": True}


def look_only(work: Work, check_mode: bool) -> dict[str, Any]:
    """The first of the two steps: what there is to do, and which texts are needed for it."""
    undone = False
    if journal.is_open(work.journal):
        if check_mode:
            raise Refused(
                f"{work.component}: an apply was interrupted on this host. The next one first puts back what was "
                "there before; until then nothing can be foretold"
            )
        disarm(work)
        trouble = journal.restore(work.journal)
        if trouble:
            raise Refused(
                f"{work.component}: an apply was interrupted, and what was before does not start: {trouble}"
            )
        undone = True
    found = difference(work)
    kept = replace(
        found.record, files={path: file.sha256 for path, file in work.wanted.items()}, units=own_units(work)
    )
    if work.retired:
        kept = replace(kept, products={})
    if not check_mode and found.empty and (work.retired or found.record != kept):
        keep_record(work, kept)
    return {
        "changed": not found.empty or undone,
        "undone": undone,
        "needed": found.files.content,
        "empty": found.empty,
        **found.facts(),
    }


def work_from(parameters: Mapping[str, Any]) -> Work:
    files = [Wanted.read(entry) for entry in parameters["files"]]
    seeds = [Wanted.read(entry) for entry in parameters["seeds"]]
    wanted = {file.path: file for file in files}
    units = [service.Unit.read(entry) for entry in parameters["services"]]
    if parameters["retired"]:
        known = read_record(Path(journal.STATE, f"{parameters['component']}.json")).units
        names = UNITS.get(parameters["component"], ()) if known is None else known
        units = [service.Unit(name, action="none") for name in names]
    if len(wanted) != len(files) or set(wanted) & {seed.path for seed in seeds}:
        raise FilesError("a path is given twice")
    return Work(
        parameters["component"],
        wanted,
        {seed.path: seed for seed in seeds},
        parameters["accounts"],
        [Wanted.read({**entry, "sha256": ""}) for entry in parameters["directories"]],
        [safe_path(path) for path in parameters["beside"]],
        parameters["tables"],
        parameters["checks"],
        parameters["prepare"],
        units,
        parameters["dialogues"],
        parameters["patience"],
        parameters["confirm"],
        parameters["complete"],
        parameters["overwrite"],
        parameters["show_personal"],
        parameters["retired"],
        safe_path(parameters["lock"]) if parameters["lock"] else "",
    )


def lists(of: str) -> dict[str, Any]:
    return {"type": "list", "elements": of, "default": []}


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "phase": {"choices": ["compare", "apply", "confirm"], "required": True},
            "component": {"type": "str", "required": True},
            "archive": {"type": "path", "default": ""},
            "files": lists("dict"),
            "seeds": lists("dict"),
            "lock": {"type": "path", "default": ""},
            "accounts": lists("str"),
            "directories": lists("dict"),
            "beside": lists("path"),
            "tables": lists("dict"),
            "checks": lists("dict"),
            "prepare": lists("dict"),
            "services": lists("dict"),
            "dialogues": lists("dict"),
            "patience": {"type": "int", "default": 60},
            "confirm": {"type": "int", "default": 0},
            "retired": {"type": "bool", "default": False},
            "complete": {"type": "bool", "default": True},
            "overwrite": {"type": "bool", "default": False},
            "show_personal": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    parameters = module.params
    try:
        work = work_from(parameters)
        if parameters["phase"] == "confirm":
            module.exit_json(**confirm(work))
        with journal.lock():
            if parameters["phase"] == "compare":
                module.exit_json(**look_only(work, module.check_mode))
            module.exit_json(**run(work, parameters["archive"], module.check_mode, module._diff))
    except Refused as refusal:
        module.fail_json(msg=str(refusal), **refusal.facts)
    except FilesError as error:
        module.fail_json(msg=f"{parameters['component']}: {error}")


if __name__ == "__main__":
    main()
