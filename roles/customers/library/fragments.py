#!/usr/bin/python3
"""Puts customers' fragments in place as one transaction; the host's half of the action of the same name."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import shutil
import stat
import subprocess
import tarfile
import time
import zlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from ansible.module_utils import mailwright_journal as journal
from ansible.module_utils import mailwright_service as service
from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.mailwright_files import FilesError, digest, gid, line_counts, merge_seed

DOCUMENTATION = r"""
module: fragments
short_description: Put what shared hosts know of customers in place, and back again if mail does not go on
description:
  - Says of each customer which fragment the host has; takes those that changed; has the assembler judge them by
    the customers' own domains and make the tables; swaps; and talks with the services that read them.
  - A customer whose fragment is refused keeps what was there, and the others get theirs. C(refused) names it.
  - When a dialogue fails, exactly what was there is put back and the task fails. After a crash the next run does
    the same before it begins.
  - A customer that the project does not have any more keeps everything (C(left)), unless it is among C(forget).
    Mail and passwords stay in either case.
  - A customer whose fragment says that it is over loses its DKIM key, and what is known of its first passwords.
  - A customer with another realm than the one whose passwords the host has by its name is refused, unless it is
    among C(renamed).
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details: Lines are counted, since fragments hold people, unless C(mailwright_show_personal) is true.
options:
  listed:
    description: The file on the control machine that lists the customers; fragments lie beside it.
    type: path
    default: "{{ playbook_dir }}/customers.json"
  only:
    description: Customers that are looked at; without any, all.
    type: list
    elements: str
    default: []
  forget:
    description: Customers that the project does not have, and whose fragments go.
    type: list
    elements: str
    default: []
  renamed:
    description: Customers with another realm that are the same organisation, and whose people keep their passwords.
    type: list
    elements: str
    default: []
  secrets:
    description:
      - Folder on the control machine with C(<customer>.passwords) and C(<customer>.key) in place of the paths that
        the list names.
    type: path
    default: ""
  parts:
    description:
      - What this host needs of a customer, of C(people) (its logins and addresses), C(passwords) and C(keys).
      - Without C(people) it gets those lines of the fragment alone that say whose logs are, and for how
        long they are seen.
    type: list
    elements: str
    default: []
  anew:
    description:
      - Whether tables are assembled even if no fragment changed; for a new assembler. With
        C(mailwright_overwrite_hand_edits) all of it is made again, so that what was edited by hand is lost.
    type: bool
    default: false
  services:
    description: Units that read what was assembled, as those of C(transaction).
    type: list
    elements: dict
    default: []
  dialogues:
    description:
      - Conversations that must go well afterwards, as those of C(transaction). Each names the C(unit) that it is
        held with, and is left out while that does not run yet, or what C(loaded) C(argv) shows of its configuration
      does not have the words C(says).
    type: list
    elements: dict
    default: []
  patience:
    description: Seconds that a service may take until it answers.
    type: int
    default: 60
author: mailwright
"""

FRAGMENTS = Path("/etc/mailwright/customers")
STATE = Path("/var/lib/mailwright-customers")
KEYS = Path("/etc/rspamd/customers")
PASSWORDS = Path("/etc/dovecot/customers")
LOCK = Path("/var/lib/mailwright-accounts/lock")
"""Held by mailwright-account while it writes passwords."""
PROGRAM = "/usr/local/sbin/mailwright-customers"
ENDING = ".tables"
_TABLE = ".cdb"
ID = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")


class Refused(Exception):  # noqa: N818 - it says what happened, not what is broken
    """Nothing was changed, or what there was is back. ``facts`` go into the result."""

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.facts = facts


@dataclass(frozen=True)
class Place:
    """Where things are on a host; tests have others."""

    fragments: Path = FRAGMENTS
    state: Path = STATE
    keys: Path = KEYS
    passwords: Path = PASSWORDS
    program: tuple[str, ...] = ("/usr/bin/python3", "-I", PROGRAM)
    lock: Path = LOCK

    @property
    def record(self) -> Path:
        return self.state / "record.json"

    @property
    def journal(self) -> Path:
        return self.state / "journal"

    @property
    def stage(self) -> Path:
        return self.state / "stage"

    def fragment(self, customer: str) -> Path:
        return self.fragments / f"{customer}{ENDING}"

    def key(self, customer: str) -> Path:
        return self.keys / f"{customer}.key"

    def seeded(self, customer: str) -> Path:
        return self.passwords / f"{customer}.passwords"


@dataclass(frozen=True)
class Applied:
    """What the last apply of a customer left: sha256 of the fragment and of the seed, logins that were given a
    first password, and the realm whose logins have the passwords here."""

    fragment: str = ""
    seed: str = ""
    logins: tuple[str, ...] = ()
    realm: str = ""


Record = dict[str, Applied]


@dataclass(frozen=True)
class Wanted:
    """A customer of whom something is sent: sha256 of each part; empty for what is not sent."""

    fragment: str = ""
    seed: str = ""
    key: str = ""


@dataclass(frozen=True)
class Work:
    customers: Mapping[str, Wanted]
    forget: Sequence[str] = ()
    renamed: Sequence[str] = ()
    units: Sequence[service.Unit] = ()
    dialogues: Sequence[Mapping[str, Any]] = ()
    patience: int = 60
    show_personal: bool = False
    all_: bool = False

    def without(self, names: Collection[str]) -> Work:
        return replace(
            self,
            customers={name: wanted for name, wanted in self.customers.items() if name not in names},
            forget=tuple(name for name in self.forget if name not in names),
        )


@dataclass
class Outcome:
    """What became of it. ``refused``: customer, and why."""

    changed: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)
    tables: list[str] = field(default_factory=list)
    diff: list[dict[str, str]] = field(default_factory=list)


def customer(name: str) -> str:
    """``name`` if it is a customer's. Raises FilesError."""
    if not ID.fullmatch(name):
        raise FilesError(f"not a customer's name: {name!r}")
    return name


def read_record(place: Place) -> Record:
    try:
        data = json.loads(place.record.read_text(encoding="utf-8"))
        return {
            customer(name): Applied(
                entry["fragment"], entry["seed"], tuple(entry["logins"]), str(entry.get("realm", ""))
            )
            for name, entry in data["customers"].items()
        }
    except FileNotFoundError:
        return {}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FilesError(
            f"the record {place.record} cannot be read ({error}): move it away to apply anew"
        ) from error


def write_record(place: Place, record: Record) -> None:
    rows = {name: asdict(entry) for name, entry in sorted(record.items())}
    journal.write(place.record, json.dumps({"customers": rows}, separators=(",", ":")) + "\n")


def held(place: Place) -> dict[str, list[str]]:
    """Customer → sha256 of the fragment as it is, as it was applied, of the last seed, of the key as it is."""
    record = read_record(place)
    names = set(record)
    if place.fragments.is_dir():
        names |= {path.name.removesuffix(ENDING) for path in place.fragments.glob(f"*{ENDING}")}
    rows = {}
    for name in sorted(name for name in names if ID.fullmatch(name)):
        applied = record.get(name, Applied())
        rows[name] = [_digest(place.fragment(name)), applied.fragment, applied.seed, _digest(place.key(name))]
    return rows


def _digest(path: Path) -> str:
    if (odd := _odd(path)) and odd != "absent":
        return odd  # the checksum of nothing that is sent
    try:
        return digest(path)
    except (FileNotFoundError, NotADirectoryError):
        return ""


def _odd(path: Path) -> str:
    """Empty for a file, or a link to one; else what is there: ``odd``, or ``absent``."""
    try:
        return "" if stat.S_ISREG(path.stat().st_mode) else "odd"
    except (FileNotFoundError, NotADirectoryError):
        return "odd" if path.is_symlink() else "absent"
    except OSError:
        return "odd"


def packed(rows: Mapping[str, object]) -> str:
    """For a result that may speak of ten thousand customers."""
    return base64.b64encode(zlib.compress(json.dumps(rows, separators=(",", ":")).encode(), 1)).decode("ascii")


def unpack(archive: str, work: Work, into: Path) -> None:
    """The archive's members ``<customer>.tables``, ``.passwords``, ``.key`` into ``into``.

    Nothing is taken by the archive's own word: each must have been announced, with its checksum. Raises FilesError.
    """
    announced = {}
    for name, wanted in work.customers.items():
        for ending, sha256 in (("tables", wanted.fragment), ("passwords", wanted.seed), ("key", wanted.key)):
            if sha256:
                announced[f"{name}.{ending}"] = sha256
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                sha256 = announced.pop(member.name, "")
                source = tar.extractfile(member) if sha256 and member.isreg() else None
                if source is None:
                    raise FilesError(f"the archive holds something that was not announced: {member.name!r}")
                data = source.read()
                if hashlib.sha256(data).hexdigest() != sha256:
                    raise FilesError(f"{member.name} was damaged on its way")
                _lay(into / member.name, data, 0, 0, 0o600)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise FilesError(f"the archive cannot be read: {error}") from error
    if announced:
        raise FilesError(f"the archive lacks {', '.join(sorted(announced)[:3])}")


def _lay(path: Path, data: bytes, owner: int, group: int, mode: int) -> None:
    """A new file. Files that many customers have are not synchronised one by one."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "wb") as handle:
        handle.write(data)
        if os.geteuid() == 0:
            os.fchown(handle.fileno(), owner, group)
        os.fchmod(handle.fileno(), mode)


def stage_fragments(place: Place, work: Work) -> Path:
    """A folder with the fragments as they shall be. Those that stay are the host's own files by another name."""
    folder = place.stage / "fragments"
    folder.mkdir(mode=0o700)
    gone = {f"{name}{ENDING}" for name in work.forget}
    for path in place.fragments.glob(f"*{ENDING}") if place.fragments.is_dir() else ():
        if path.name in gone:
            continue
        if _odd(path):
            (folder / path.name).mkdir()  # for the assembler to name; that customer keeps what it had
        else:
            _link(path, folder / path.name)
    for name, wanted in work.customers.items():
        if wanted.fragment:
            target = folder / f"{name}{ENDING}"
            target.unlink(missing_ok=True)
            _link(place.stage / "sent" / f"{name}{ENDING}", target)
    return folder


def _link(source: Path, target: Path) -> None:
    """The same file by another name, or a copy of it; of a symbolic link another one."""
    if source.is_symlink():
        journal.copy_exactly(str(source), str(target))
        return
    try:
        os.link(source, target)
    except OSError:  # another file system
        shutil.copy2(source, target)


@dataclass(frozen=True)
class Assembled:
    """What the assembler said: files below the stage that are to be put in place, files that go, fragments that it
    refuses and why."""

    written: tuple[str, ...]
    removed: tuple[str, ...]
    broken: Mapping[str, str]


def assemble(place: Place, fragments: Path, all_: bool) -> Assembled:
    """The tables of these fragments, below the stage. Raises ServiceError with the assembler's words.

    all_  not only of what changed, so that nothing stays that somebody edited
    """
    out = place.stage / "out"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(mode=0o700)
    argv = [*place.program, "assemble", "--fragments", str(fragments), "--out", str(out)]
    answer = service.command([*argv, *(["--all"] if all_ else [])], timeout=600)
    if answer.returncode != 0:
        raise service.ServiceError(f"{argv[-6]}: ended with {answer.returncode}\n{answer.stdout.strip()[-3000:]}")
    try:
        said = json.loads(answer.stdout.strip().splitlines()[-1])
        return Assembled(tuple(said["written"]), tuple(said["removed"]), dict(said["broken"]))
    except (ValueError, KeyError, TypeError, IndexError) as error:
        raise service.ServiceError(f"{argv[-6]}: {error}: {answer.stdout.strip()[-500:]}") from error


@dataclass(frozen=True)
class Sowing:
    """First passwords: the file that was sent, and logins that were given one by an earlier apply."""

    sent: Path
    before: tuple[str, ...]


@dataclass
class Swap:
    """What is to be put in place: path → the staged file; None for a path that goes.

    seeds  files of passwords, which are the host's own: they get lines, and are never put in the place of others
    """

    files: dict[str, Path | None] = field(default_factory=dict)
    seeds: dict[str, Sowing] = field(default_factory=dict)


def head(path: Path) -> dict[str, str]:
    """The first four lines of a fragment, word and rest: ``realm`` and ``state`` are among them. That it is one is
    for the assembler to judge."""
    found: dict[str, str] = {}
    try:
        with path.open("rb") as file:
            for line in file:
                if len(found) >= 4:
                    break
                if line.strip() and not line.startswith(b"#"):
                    word, _, rest = line.decode("ascii", "replace").strip().partition(" ")
                    found.setdefault(word, rest)
    except OSError:
        pass
    return found


def admit(place: Place, work: Work, record: Record, outcome: Outcome) -> Work:
    """Without customers of whom this host has something that is in the way; they are named and stay as they are."""
    for name in (*work.customers, *work.forget):
        for path in (place.fragment(name), place.key(name), place.seeded(name)):
            if _odd(path) == "odd":
                outcome.refused[name] = f"{path} on the host is no file"
    for name, wanted in work.customers.items():
        realm = head(place.stage / "sent" / f"{name}{ENDING}").get("realm", "") if wanted.fragment else ""
        before = realm_of(place, name, record) if realm and place.seeded(name).exists() else ""
        if before not in ("", realm) and name not in work.renamed:
            outcome.refused.setdefault(
                name,
                f"the host has passwords by this name, of {before}, and it is {realm} now. If that is the same "
                f"organisation, -e customers_renamed={name} lets its people keep them; if it is another, take "
                f"{place.seeded(name)} away on the host first",
            )
    return work.without(outcome.refused)


def realm_of(place: Place, name: str, record: Record) -> str:
    """The realm of the passwords that the host has by a customer's name; empty where nothing says it."""
    known = record.get(name, Applied()).realm or head(place.fragment(name)).get("realm", "")
    if known:
        return known
    try:  # of before the record had it
        rows = json.loads((place.state / "realms.json").read_text(encoding="utf-8"))["realms"]
        return next((realm for realm, row in sorted(rows.items()) if row["customer"] == name), "")
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ""


def judge(place: Place, work: Work, outcome: Outcome) -> tuple[Work, Assembled]:
    """Lets the assembler judge; a customer that it refuses is left as it was, and it is asked again without."""
    sent = work
    while True:
        fragments = stage_fragments(place, sent)
        assembled = assemble(place, fragments, work.all_)
        new = {name for name in assembled.broken if name in sent.customers}
        for name, why in assembled.broken.items():
            outcome.refused.setdefault(name, why)
        if not new:
            return sent, assembled
        sent = sent.without(new)
        shutil.rmtree(fragments)


def run(place: Place, work: Work, archive: str, check_mode: bool, diff_mode: bool) -> Outcome:
    """The transaction. Raises Refused when it came to nothing; then the host is as it was."""
    outcome = Outcome()
    record = read_record(place)
    shutil.rmtree(place.stage, ignore_errors=True)
    place.stage.mkdir(mode=0o700, parents=True)
    try:
        (place.stage / "sent").mkdir(mode=0o700)
        if archive:
            unpack(archive, work, place.stage / "sent")
        kept, assembled = judge(place, admit(place, work, record, outcome), outcome)
        swap = Swap()
        fresh = dict(record)
        for name, wanted in kept.customers.items():
            before = replace(record.get(name, Applied()), realm=realm_of(place, name, record))
            fresh[name] = _customer(place, name, wanted, before, swap, outcome)
        for name in kept.forget:
            swap.files[str(place.fragment(name))] = None
            swap.files[str(place.key(name))] = None
            outcome.changed.append(name)
            # Passwords are the host's own, like mail.
            fresh[name] = replace(record.get(name, Applied()), fragment="", realm=realm_of(place, name, record))
        for path in assembled.written:
            swap.files[path] = place.stage / "out" / path.lstrip("/")
        for path in assembled.removed:
            swap.files[path] = None
        outcome.tables = sorted({*assembled.written, *assembled.removed})
        outcome.changed.sort()
        if diff_mode:
            outcome.diff = diffs(place, kept)
        if not check_mode:
            change(place, kept, swap)
            write_record(place, {name: entry for name, entry in fresh.items() if entry != Applied()})
    except service.ServiceError as error:
        raise Refused(str(error), refused=outcome.refused) from error
    finally:
        shutil.rmtree(place.stage, ignore_errors=True)
    return outcome


def _customer(place: Place, name: str, wanted: Wanted, before: Applied, swap: Swap, outcome: Outcome) -> Applied:
    """What is to be put in place of one customer; returns what is then recorded."""
    sent = place.stage / "sent"
    touched = False
    said = head(sent / f"{name}{ENDING}") if wanted.fragment else {}
    realm = said.get("realm", "") or before.realm
    if before.realm not in ("", realm) and not place.seeded(name).exists():
        before = Applied()  # another organisation by the same name: nobody of it was given a password
    if wanted.fragment:
        swap.files[str(place.fragment(name))] = sent / f"{name}{ENDING}"
        touched = True
    if said.get("state") == "over":  # SCALE-2: hosts keep nothing of it; mailwright-account deletes its passwords
        if place.key(name).exists():
            swap.files[str(place.key(name))] = None
        outcome.changed.append(name)
        return Applied(wanted.fragment, realm=realm)
    if wanted.key:
        key = sent / f"{name}.key"
        _own(key, "_rspamd", 0o440)
        swap.files[str(place.key(name))] = key
        touched = True
    logins = before.logins
    if wanted.seed:
        target = place.seeded(name)
        current = target.read_text(encoding="utf-8") if target.exists() else ""
        text, sown = merge_seed(current, (sent / f"{name}.passwords").read_text(encoding="utf-8"), before.logins)
        logins = tuple(sorted({*before.logins, *sown}))
        if text != current or not target.exists():
            swap.seeds[str(target)] = Sowing(sent / f"{name}.passwords", before.logins)
            touched = True
    if touched:
        outcome.changed.append(name)
    return Applied(wanted.fragment or before.fragment, wanted.seed or before.seed, logins, realm)


def _own(path: Path, group: str, mode: int) -> None:
    found = gid(group)
    if found is not None and os.geteuid() == 0:
        os.chown(path, 0, found)
    path.chmod(mode if found is not None else 0o600)


def diffs(place: Place, work: Work) -> list[dict[str, str]]:
    """Which customers change; people only when it is asked for, secrets never."""
    shown: list[dict[str, str]] = []
    for name, wanted in sorted(work.customers.items()):
        if wanted.fragment:
            path = place.fragment(name)
            before = path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""
            after = (place.stage / "sent" / f"{name}{ENDING}").read_text(encoding="utf-8", errors="replace")
            if work.show_personal:
                shown.append(
                    {"before": before, "after": after, "before_header": str(path), "after_header": str(path)}
                )
            else:
                came, went = line_counts(before, after)
                shown.append({"prepared": f"--- customer {name}\n{came} lines come, {went} go\n"})
        for part, sha256 in (("first passwords", wanted.seed), ("DKIM key", wanted.key)):
            if sha256:
                shown.append({"prepared": f"--- customer {name}\n{part}: a secret, not shown\n"})
    shown += [{"prepared": f"--- customer {name}\nis forgotten; mail and passwords stay\n"} for name in work.forget]
    return shown


def change(place: Place, work: Work, swap: Swap) -> None:
    """Swaps, lets the services read, talks with them; puts everything back if that does not go well."""
    touched = sorted({*swap.files, *swap.seeds})
    folders = sorted({str(Path(path).parent) for path in touched})
    missing = [folder for folder in folders if not Path(folder).is_dir()]
    states = service.states(work.units)
    actions = {unit.unit: unit.action_for(touched) for unit in work.units}
    begin(
        place.journal,
        [path for path in touched if path not in swap.seeds or not os.path.lexists(path)],
        missing,
        [
            {
                "unit": unit.unit,
                **vars(states[unit.unit]),
                "action": actions[unit.unit],
                "undo": (),
                "retired": False,
            }
            for unit in work.units
        ],
    )
    since = time.time()
    sown: dict[str, list[str]] = {}
    try:
        for folder in missing:
            Path(folder).mkdir(mode=0o750, parents=True)
        _sow(place, swap.seeds, sown)
        for path, staged in swap.files.items():
            if staged is not None:
                _move(staged, journal.temporary(path))
        os.sync()
        for path, staged in swap.files.items():
            if staged is None:
                Path(path).unlink(missing_ok=True)
            else:
                Path(journal.temporary(path)).replace(path)
        for folder in folders:
            journal.sync_folder(folder)
        for unit in work.units:
            if actions[unit.unit] and states[unit.unit].active:
                service.act(unit, states[unit.unit], actions[unit.unit])
        for entry in work.dialogues if touched else ():
            if states[entry["unit"]].active and _is_loaded(entry):
                service.hold(entry, work.patience)
    except BaseException as error:
        words = service.journal_words(work.units, since)
        trouble = [*journal.restore(place.journal), *_unsow(place, sown)]
        if not isinstance(error, (service.ServiceError, OSError)):
            raise
        raise Refused(
            f"customers: {error}"
            + (f"\nThe journal says:\n{words}" if words else "")
            + (f"\nPUTTING BACK DID NOT GO WELL: {trouble}" if trouble else "\nWhat was there before is back."),
            rolled_back=not trouble,
        ) from error
    journal.close(place.journal)


def _sow(place: Place, seeds: Mapping[str, Sowing], sown: dict[str, list[str]]) -> None:
    """Adds first passwords to files as they are at this moment. ``sown`` gets the lines that each of them got."""
    if not seeds:
        return
    with service.quiet(str(place.lock)):
        for path, sowing in seeds.items():
            current = Path(path).read_text(encoding="utf-8") if Path(path).exists() else ""
            text, _ = merge_seed(current, sowing.sent.read_text(encoding="utf-8"), sowing.before)
            sown[path] = text.removeprefix(current).strip().splitlines()
            _beside(Path(path), text)
        os.sync()
        for path in seeds:
            Path(journal.temporary(path)).replace(path)


def _unsow(place: Place, sown: Mapping[str, Sequence[str]]) -> list[str]:
    """Takes those lines out again. What else is in a file by now is the host's own, and stays. Returns what went
    wrong."""
    if not sown:
        return []
    try:
        with service.quiet(str(place.lock)):
            for path, lines in sown.items():
                Path(journal.temporary(path)).unlink(missing_ok=True)
                if not Path(path).exists():
                    continue  # it was not there before
                now = Path(path).read_text(encoding="utf-8").splitlines(keepends=True)
                kept = [line for line in now if line.strip() not in lines]
                if kept != now:
                    _beside(Path(path), "".join(kept)).replace(path)
    except (service.ServiceError, OSError) as error:
        return [str(error)]
    return []


def _beside(path: Path, text: str) -> Path:
    """Lays what a file of passwords shall be beside it, with the owner and mode that it has."""
    waiting = Path(journal.temporary(str(path)))
    _lay(waiting, text.encode(), 0, 0, 0o640)
    if not path.exists():
        _own(waiting, "dovecot", 0o640)
        return waiting
    status = path.stat()
    if os.geteuid() == 0:
        os.chown(waiting, status.st_uid, status.st_gid)
    waiting.chmod(stat.S_IMODE(status.st_mode))
    later = int(status.st_mtime) + 1
    if later > time.time():  # who compares seconds (Dovecot) sees that it is another
        os.utime(waiting, (later, later))
    return waiting


def _is_loaded(entry: Mapping[str, Any]) -> bool:
    """Whether a service's configuration is one with customers. When a site becomes a platform that comes with a
    later role, and until then it cannot answer. One that cannot be shown counts: then it shall be asked."""
    loaded = entry.get("loaded")
    if not loaded:
        return True
    try:
        answer = service.command(loaded["argv"], 60)
    except (OSError, subprocess.TimeoutExpired):
        return True
    return answer.returncode != 0 or loaded["says"] in answer.stdout


def _move(staged: Path, target: str) -> None:
    """With its owner and mode, to another file system too."""
    try:
        staged.replace(target)
    except OSError:
        journal.copy_exactly(str(staged), target)


def begin(folder: Path, paths: Iterable[str], missing: Iterable[str], units: Iterable[Mapping[str, Any]]) -> None:
    """A journal as ``mailwright_journal.begin`` writes it. What is there is kept by another name and not copied,
    since there may be ten thousand, and nobody writes into these files: they are replaced. Tables are copied, for
    Postfix takes one for unchanged that still has a name."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "old").mkdir(mode=0o700, parents=True)
    files: list[dict[str, object]] = []
    for number, path in enumerate(paths):
        there = os.path.lexists(path)
        if there and path.endswith(_TABLE):
            journal.copy_exactly(path, str(folder / "old" / str(number)))
        elif there:
            _link(Path(path), folder / "old" / str(number))
        files.append({"path": path, "old": str(number) if there else None})
    os.sync()
    directories = [{"path": path, "old": None} for path in missing]
    journal.write(
        folder / "journal.json", json.dumps({"files": files, "directories": directories, "units": [*units]})
    )


def settle(place: Place, check_mode: bool) -> bool:
    """Puts back what an interrupted apply left. Whether there was one. Raises Refused."""
    if not journal.is_open(place.journal):
        return False
    if check_mode:
        raise Refused(
            "customers: an apply was interrupted on this host. The next one first puts back what was there"
        )
    trouble = journal.restore(place.journal)
    if trouble:
        raise Refused(f"customers: an apply was interrupted, and what was before does not start: {trouble}")
    return True


def work_from(parameters: Mapping[str, Any]) -> Work:
    return Work(
        {customer(name): Wanted(**entry) for name, entry in parameters["customers"].items()},
        tuple(customer(name) for name in parameters["forget"]),
        tuple(customer(name) for name in parameters.get("renamed", ())),
        [service.Unit.read(entry) for entry in parameters["services"]],
        parameters["dialogues"],
        parameters["patience"],
        parameters["show_personal"],
        parameters.get("all", False),
    )


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "phase": {"choices": ["list", "apply"], "required": True},
            "archive": {"type": "path", "default": ""},
            "customers": {"type": "dict", "default": {}},
            "forget": {"type": "list", "elements": "str", "default": []},
            "renamed": {"type": "list", "elements": "str", "default": []},
            "services": {"type": "list", "elements": "dict", "default": []},
            "dialogues": {"type": "list", "elements": "dict", "default": []},
            "patience": {"type": "int", "default": 60},
            "show_personal": {"type": "bool", "default": False},
            "all": {"type": "bool", "default": False},
        },
        supports_check_mode=True,
    )
    parameters = module.params
    place = Place()
    try:
        place.state.mkdir(mode=0o755, parents=True, exist_ok=True)
        with journal.lock():
            if parameters["phase"] == "list":
                undone = settle(place, module.check_mode)
                module.exit_json(changed=undone, undone=undone, held=packed(held(place)))
            outcome = run(place, work_from(parameters), parameters["archive"], module.check_mode, module._diff)
            facts = asdict(outcome)
            facts["customers"] = facts.pop("changed")
            module.exit_json(changed=bool(outcome.changed or outcome.tables), **facts)
    except Refused as refusal:
        module.fail_json(msg=str(refusal), **refusal.facts)
    except FilesError as error:
        module.fail_json(msg=f"customers: {error}")
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        module.fail_json(msg=f"customers: {named}{error.strerror or error}")


if __name__ == "__main__":
    main()
