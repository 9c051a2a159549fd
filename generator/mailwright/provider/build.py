"""Builds a provider's folder: what changed since the last build is read, judged and written, and nothing else.

All that is new is written beside what there is first. Only when that is done, and it is seen that nobody's name is
claimed twice, does each folder take its place; the index comes last. A build that is interrupted, or runs out of
room, leaves what there was, and the next one begins where the last whole one ended.

What takes time to load is loaded when it is wanted: ``platform`` while workers look at files already, and
``build_one``, with all that renders, when there is something to be made.
"""

from __future__ import annotations

import fcntl
import gc
import os
import shutil
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import msgspec
from msgspec import structs

from mailwright.build import writer
from mailwright.findings import Finding, Findings, Level, Place, Status
from mailwright.provider import claims, index, input_hash, listing, memory, staging, workers
from mailwright.provider.alike import Alike
from mailwright.provider.index import Entry, Index
from mailwright.provider.input_hash import InputHashes
from mailwright.provider.model import CUSTOMERS, Provider
from mailwright.provider.read import customer_names, read, unused
from mailwright.provider.which import file_of

if TYPE_CHECKING:
    from mailwright.provider.build_one import Made, Setting
    from mailwright.provider.platform import Shared

LOCK = ".mailwright-lock"
STAGED = ".mailwright-new"
MANY = 50
"""Customers to be made from which on several processes pay."""
_MANY_LOOKED_AT = 2000
_AT_ONCE = 200
"""Customers that a process looks at before it tells of them."""
_LOOKS = msgspec.msgpack.Decoder(list[bytes])
_OTHER, _SAME, _NEWER = b"", b"=", b"~"
"""What a look at somebody's files told: they are other ones; or nothing changed; or they say the same, and a newer
stamp follows."""
_PATIENCE = 2.0  # seconds: processes of a build that was killed end with what they do

Progress = Callable[[int, int], None]
"""Is told how many customers of how many are made."""


class BusyError(Exception):
    """Another build writes to the same folder. The message is a sentence."""


@dataclass(slots=True)
class Result:
    """What came of a build.

    findings   what is to be mended, not proven or waived: alike ones of several customers are one
    remarks    what became of customers that are there no more, or elsewhere: sentences
    usable     whether there is anything that could be built
    built      customers with a file that was added, changed or removed; the rest are ``unchanged`` or ``failed``
    added      files, as ``changed`` and ``removed``
    """

    findings: tuple[Finding, ...] = ()
    remarks: list[str] = field(default_factory=list)
    usable: bool = True
    built: int = 0
    unchanged: int = 0
    failed: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0

    @property
    def status(self) -> int:
        """Exit status: 2 when nothing could be used, 1 when something fails, 0."""
        if not self.usable:
            return 2
        return 1 if self.failed or any(finding.fails for finding in self.findings) else 0


def build(
    folder: Path,
    out: Path,
    today: date,
    only: str = "",
    jobs: int = 0,
    progress: Progress = lambda _done, _of: None,
) -> Result:
    """Builds the provider's ``folder`` into ``out``.

    only  a customer's id, its file's name, or one of its domains: of one that was built, nothing of any other is
          read but the index
    jobs  processes; 0: as many as pay

    Raises BusyError, NoCustomerError, WorkerError, OSError; all but what was whole before is as it was then.
    """
    findings = Findings()
    provider = read(folder, findings)
    if provider is None:
        return Result(tuple(findings.items), usable=False)
    with _locked(out):
        staged = out / STAGED
        shutil.rmtree(staged, ignore_errors=True)
        staged.mkdir(mode=0o700)
        try:
            return _Build(provider, out, staged, today, only, jobs, progress, findings).run()
        finally:
            shutil.rmtree(staged, ignore_errors=True)


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    """Nobody else builds into the folder meanwhile. The lock goes with the process, however that ends."""
    out.mkdir(parents=True, exist_ok=True)
    until = time.monotonic() + _PATIENCE
    with open(out / LOCK, "a", opener=_for_its_owner) as file:
        while not _lock(file):
            if time.monotonic() > until:
                raise BusyError(f"Another build is writing to {out}: wait until it has ended.")
            time.sleep(0.05)
        yield


def _for_its_owner(path: str, flags: int) -> int:
    """Opens a file that nobody else may read, also where an earlier version made it otherwise."""
    descriptor = os.open(path, flags, 0o600)
    os.fchmod(descriptor, 0o600)
    return descriptor


def _lock(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


class _Build:
    """One build."""

    def __init__(
        self,
        provider: Provider,
        out: Path,
        staged: Path,
        today: date,
        only: str,
        jobs: int,
        progress: Progress,
        findings: Findings,
    ) -> None:
        self.provider, self.out, self.staged, self.today = provider, out, staged, today
        self.only, self.jobs, self.progress, self.findings = only, jobs, progress, findings
        self.folder = str(provider.folder)
        self.before = index.load(out)
        gc.freeze()  # what lives until the end is not looked through for cycles, nor copied for workers
        self.after = Index(dict(self.before.customers), dict(self.before.platforms))
        self.by_file = {entry.file: entry for entry in self.before.customers.values()}
        self.tried: list[Entry] = []
        self.remembered: Mapping[str, frozenset[str]] = {}
        self.result = Result()
        self.alike = Alike(provider.customers)

    def run(self) -> Result:
        files = self._files()
        with self._looks(files) as looks:
            hashes, shared, platforms = self._platforms()
            kept, todo = self._looked_at(hashes, files, looks)
        accepted = self._accept(kept, self._made(hashes, shared, todo) if todo else [])
        if not self.only:
            used = {name for entry in self.after.customers.values() for name in entry.profiles}
            self.findings.items += unused(self.provider, used)
        gone = [*self._vanished(files), *self._moved(accepted)]
        lists = self._lists()
        if self.after != self.before or not (self.out / index.FILE).exists():
            with open(self.staged / index.FILE, "wb", opener=_for_its_owner) as file:
                file.write(index.dump(self.after))  # it names everybody, and what is the matter with them
            index.settle(self.out / LOCK)
        self._put([*platforms, *accepted], lists, gone)
        self._done(kept, accepted, platforms, len(files))
        return self.result

    # What there is to do.

    def _files(self) -> list[str]:
        """Customers' files, from the provider's folder on."""
        if not self.only:
            return [f"{CUSTOMERS}/{name}" for name in customer_names(self.provider, self.findings)]
        for entry in self.before.customers.values():
            there = self.only == entry.id or self.only in entry.names
            if there and (self.provider.folder / entry.file).is_file():
                return [entry.file]
        return [f"{CUSTOMERS}/{file_of(self.provider, self.only).name}"]

    def _platforms(self) -> tuple[InputHashes, dict[str, Shared], list[Made]]:
        """What all customers have in common: the hashes of it, and the platforms that can be used; and those that
        are to be written."""
        from mailwright.provider.platform import read_platforms

        shared, told = read_platforms(self.provider, self.today)
        self.findings.items += told
        hashes = input_hash.of(self.provider, {name: one.reading.files for name, one in shared.items()})
        made = []
        for name, one in list(shared.items()):
            last = self.before.platforms.get(name)
            entry = self._as_it_was(last, self._look(last), hashes.of(name, ())) if last is not None else None
            if entry is None:
                from mailwright.provider import build_one

                new = build_one.platform(self._setting(hashes, {}), one)
                if not new.entry.good:
                    self._tell(new.entry, customer=False)
                    del shared[name]
                    continue
                made.append(new)
                entry = new.entry
            self.after.platforms[name] = entry
        return hashes, shared, made

    def _setting(self, hashes: InputHashes, shared: Mapping[str, Shared]) -> Setting:
        from mailwright.provider.build_one import Setting, enforced

        told = {name: enforced(self.after.platforms[name]) for name in shared}
        return Setting(self.provider, shared, told, hashes, self.out, self.staged, self.today)

    def _look(self, entry: Entry) -> bytes:
        """What the file system says of all that it was made from and of what came of it."""
        if not entry.good or entry.outputs is None:
            return _OTHER
        inputs = index.looked_at(entry.inputs, self.folder)
        if inputs is None or index.of_folder(entry.outputs, str(self.out)) != entry.outputs.stamp:
            return _OTHER
        return _SAME if inputs is entry.inputs else _NEWER + inputs.stamp

    def _as_it_was(self, entry: Entry, look: bytes, below: bytes) -> Entry | None:
        """The entry, with a newer stamp of its inputs where that is all that changed; else None."""
        if look == _OTHER or entry.inputs.below != below or not entry.inputs.hold_on(self.today):
            return None
        if look == _SAME:
            return entry
        return structs.replace(entry, inputs=structs.replace(entry.inputs, stamp=look.removeprefix(_NEWER)))

    @contextmanager
    def _looks(self, files: Sequence[str]) -> Iterator[Iterator[tuple[str, bytes]]]:
        """Files of customers that were built before, as they come, and what a look at each told."""
        known = [file for file in files if file in self.by_file]
        chunks = [known[at : at + _AT_ONCE] for at in range(0, len(known), _AT_ONCE)]

        def look(chunk: Sequence[str]) -> bytes:
            return msgspec.msgpack.encode([self._look(self.by_file[file]) for file in chunk])

        with workers.begun(look, chunks, self._jobs(len(known), _MANY_LOOKED_AT)) as told:
            yield (
                (file, one)
                for at, looks in told
                for file, one in zip(chunks[at], _LOOKS.decode(looks), strict=True)
            )

    def _looked_at(
        self, hashes: InputHashes, files: Sequence[str], looks: Iterable[tuple[str, bytes]]
    ) -> tuple[list[Entry], list[Path]]:
        """Entries of customers of whom nothing changed, and files of the others."""
        below = cache(hashes.of)
        same: dict[str, Entry] = {}
        for file, look in looks:
            last = self.by_file[file]
            entry = self._as_it_was(last, look, below(last.platform, last.profiles))
            if entry is not None:
                same[file] = entry
            else:
                from mailwright.provider import build_one  # noqa: F401 - while the others are looked at
        kept = [same[file] for file in files if file in same]
        self.after.customers.update((entry.id, entry) for entry in kept)
        return kept, [self.provider.folder / file for file in files if file not in same]

    def _jobs(self, count: int, many: int) -> int:
        return self.jobs or (len(os.sched_getaffinity(0)) if count > many else 1)

    def _made(self, hashes: InputHashes, shared: Mapping[str, Shared], todo: Sequence[Path]) -> list[Made]:
        """What came of those that are to be made, in the order of their files."""
        from mailwright.provider import build_one

        setting = self._setting(hashes, shared)
        made: dict[int, Made] = {}
        decode = msgspec.msgpack.Decoder(build_one.Made).decode
        gc.freeze()  # so that workers share what there is already
        work = workers.each(
            lambda path: msgspec.msgpack.encode(build_one.customer(setting, path)),
            todo,
            self._jobs(len(todo), MANY),
        )
        for number, told in work:
            made[number] = decode(told)
            self.progress(len(made), len(todo))
        return [made[number] for number in sorted(made)]

    # What may not be.

    def _accept(self, kept: Sequence[Entry], made: Sequence[Made]) -> list[Made]:
        """Puts what was made into the index, and returns what of it is to be written.

        An id, a domain or a folder is whose it was in the last build; when it is new to all that claim it,
        nobody's.
        """
        self.tried = [one.entry for one in made]
        twice = self._twice([*kept, *self.tried])
        good = [one for one in made if one.entry.good and one.entry.file not in twice]
        if not self.before.customers:
            self.remembered = memory.names(self.out, self.after.platforms, good)
        refused = self._claimed([one.entry for one in good])
        accepted = []
        for one in made:
            if not one.entry.good or one.entry.file in twice or one.entry.id in refused:
                self._failed(one.entry)
            else:
                accepted.append(one)
                self.after.customers[one.entry.id] = one.entry
        return accepted

    def _failed(self, entry: Entry) -> None:
        """What there is of a customer that cannot be built stays, with its names."""
        self.result.failed += 1
        self._tell(entry)
        last = self.by_file.get(entry.file) or self.before.customers.get(entry.id)
        if last is not None:
            self.after.customers[last.id] = structs.replace(last, good=False)

    def _twice(self, entries: Iterable[Entry]) -> set[str]:
        """Customers' files whose id is that of another, and was not theirs."""
        there = list(entries)
        if not self.only and len({entry.id for entry in there}) == len(there):
            return set()
        if self.only:  # the others are where they were
            files = {entry.file for entry in there}
            ids = {entry.id for entry in there}
            for id_ in ids & self.before.customers.keys():
                last = self.before.customers[id_]
                if last.file not in files and (self.provider.folder / last.file).exists():
                    there.append(last)
        refused = set()
        for clash in claims.ids(map(_claimant, there)):
            last_of = self.before.customers.get(clash.what)
            files = {one.where.file for one in clash.claimants}
            refused |= files - {last_of.file} if last_of is not None else files
            for finding in clash.findings:
                self._found(finding)
        return refused

    def _claimed(self, new: Sequence[Entry]) -> set[str]:
        """Ids of those among ``new`` that claim what is another's. All that is found is told."""
        if self._claims_stay(new):
            self.after.undisputed = self.before.undisputed
            return set()
        entries = {**self.after.customers, **{entry.id: entry for entry in new}}
        everybody = [*map(_platform, self.after.platforms.values()), *map(_claimant, entries.values())]
        files = {entry.file for entry in new}
        refused = set()
        found: list[Finding] = []
        for clash in claims.clashes(everybody, self.provider.wide):
            newcomers = {one.id for one in clash.claimants if not self._had(one, clash)}
            refused |= newcomers
            unknown = len(newcomers) == len(clash.claimants) > 1
            found += (replace(one, fix=f"{one.fix} {_UNKNOWN}") if unknown else one for one in clash.findings)
        found += claims.below(everybody)
        self.after.undisputed = b"" if found or refused else _names_of(self.provider.wide)
        for finding in found:
            if not self.only or (finding.where is not None and finding.where.file in files):
                self._found(finding)  # which names all of them
        return refused

    def _claims_stay(self, new: Sequence[Entry]) -> bool:
        """Whether nobody claims anything else than in the last build, in which nothing was to be said of it."""
        if self.before.undisputed != _names_of(self.provider.wide):
            return False
        platforms = self.before.platforms
        if not all(_same_claims(platforms.get(name), one) for name, one in self.after.platforms.items()):
            return False
        return all(_same_claims(self.before.customers.get(one.id), one) for one in new)

    def _had(self, one: claims.Claimant, clash: claims.Clash) -> bool:
        """Whether what is claimed was this one's in the last build."""
        last = self.before.customers.get(one.id)
        if last is None:
            known = self.remembered.get(one.id)
            return known is not None and (clash.kind != "name" or clash.what in known)
        if clash.kind == "key":
            return clash.what in {key for key, _place in last.said.keys}
        return clash.what in (last.paths if clash.kind == "secret" else last.names)

    # What becomes of the others.

    def _vanished(self, files: Sequence[str]) -> list[Entry]:
        """Customers whose file is gone. What there is of them stays, unless the day has come that they named."""
        if self.only:
            return []
        there = set(files)
        gone = []
        for id_, entry in list(self.after.customers.items()):
            if entry.file in there:
                continue
            if entry.leaving is not None and self.today > entry.leaving[2]:
                gone.append(entry)
                del self.after.customers[id_]
                self.result.remarks.append(
                    f"{id_} is over since {entry.leaving[2]} and its file is gone: "
                    + (f"its folder {entry.outputs.folder} is taken away." if entry.outputs else "nothing is left.")
                )
            else:
                message = f"{entry.file} of the customer {id_} is gone; what was built of it stays"
                fix = "Put it back, and say leaving: in it; it may be taken away when that is over."
                if (other := self._instead_of(entry)) is not None:
                    message = f"{message}; {other} has its domains now, under another id"
                    fix = f"Ids are for ever, since hosts keep mail by them: say `customer: {id_}` in {other}."
                place = Place(entry.file, 1, 1)
                self._found(Finding("provider.vanished", "", Level.MUST, Status.FAIL, message, fix, place), id_)
        return gone

    def _instead_of(self, gone: Entry) -> str | None:
        """The file in which there are now the domains of a customer whose own is gone."""
        names = {name for name, place in gone.said.claims if place.pointer.startswith("/domains")}
        for entry in self.tried:
            if names and names <= entry.names and entry.id != gone.id:
                return entry.file
        return None

    def _moved(self, accepted: Sequence[Made]) -> list[Entry]:
        """What accepted customers were in other folders, on another platform or under another domain."""
        gone = []
        for one in accepted:
            last = self.before.customers.get(one.entry.id)
            if last is None or last.outputs is None or one.entry.outputs is None:
                continue
            old, new = last.outputs.folder, one.entry.outputs.folder
            if old == new:
                continue
            if last.platform != one.entry.platform:
                self._found(_moves(last, one.entry), last.id)
            if last.platform:
                gone.append(last)
                self.result.remarks.append(f"{last.id} is in {new} now: its folder {old} is taken away.")
            else:
                self.result.remarks.append(f"{last.id} is in {new} now: {old} was its project, and is left to you.")
        return gone

    # Writing.

    def _lists(self) -> list[tuple[Path, Path]]:
        """``customers.json`` of each platform where it is another: where it is staged, and its place."""
        rows: dict[str, list[bytes]] = {name: [] for name in self.after.platforms}
        for _id, entry in sorted(self.after.customers.items()):
            if entry.platform in rows and entry.outputs is not None:
                rows[entry.platform].append(entry.row)
        new = []
        for name, lines in rows.items():
            output = listing.listed(lines)
            place = self.out / name / listing.LIST
            if not place.exists() or place.read_bytes() != output.data:
                staged = self.staged / f".{name}.list"
                staged.write_bytes(output.data)
                staged.chmod(output.mode)
                new.append((staged, place))
        return new

    def _put(self, made: Sequence[Made], lists: Sequence[tuple[Path, Path]], gone: Sequence[Entry]) -> None:
        """From here on there is only renaming."""
        for one in made:
            if not one.staged or one.entry.outputs is None:
                continue
            target = self.out / one.entry.outputs.folder
            if one.entry.platform:
                target.parent.mkdir(exist_ok=True)
                staging.put(self.staged / one.staged, target)
            else:
                writer.put(self.staged / one.staged, target, one.written)
        for number, entry in enumerate(gone):
            self._take_away(entry, self.staged / f".{number}.gone")
        for staged, place in lists:
            staged.replace(place)
        if (self.staged / index.FILE).exists():
            (self.staged / index.FILE).replace(self.out / index.FILE)

    def _take_away(self, entry: Entry, aside: Path) -> None:
        if entry.outputs is None:
            return
        folder = self.out / entry.outputs.folder
        if not folder.is_dir() or folder.is_symlink():
            return
        if any(staging.others(folder, {*entry.outputs.names})):
            self.result.remarks.append(f"{folder} holds files that no build wrote, and was left.")
            return
        folder.rename(aside)
        self.result.removed += len(entry.outputs.names)

    # What is told.

    def _tell(self, entry: Entry, customer: bool = True) -> None:
        for finding in entry.findings:
            self._found(finding, entry.id if customer else "")

    def _found(self, finding: Finding, customer: str = "") -> None:
        """A finding whose file is named from the provider's folder on."""
        where = finding.where
        if where is not None:
            where = replace(where, file=f"{self.folder}/{where.file}")
        self.alike.add(replace(finding, where=where), [customer] if customer else [])

    def _done(self, kept: Sequence[Entry], accepted: Sequence[Made], platforms: Sequence[Made], files: int) -> None:
        result = self.result
        for entry in (*kept, *(one.entry for one in accepted)):
            self._tell(entry)
        for one in (*platforms, *accepted):
            result.added += len(one.written.added)
            result.changed += len(one.written.changed)
            result.removed += len(one.written.removed)
        result.built = sum(bool(one.staged) for one in accepted)
        result.unchanged = len(kept) + len(accepted) - result.built
        result.usable = bool(kept or accepted or (not files and self.after.platforms))
        told = tuple(finding for finding in self.findings.items if finding.status not in index.QUIET)
        result.findings = (*told, *self.alike.findings())


def _moves(last: Entry, new: Entry) -> Finding:
    was, now = (f"the platform {one.platform}" if one.platform else "hosts of its own" for one in (last, new))
    message = f"{new.id} moves from {was} to {now}: mail on the old hosts does not move by itself"
    fix = "See `mailwright diff`, and docs/providers.md, Moving a customer between platforms, before you apply."
    return Finding("provider.moved", "", Level.ADVICE, Status.FAIL, message, fix, Place(new.file, 1, 1))


_UNKNOWN = "No earlier build says whose it was, so none of them is built: which is right is not guessed."


def _same_claims(last: Entry | None, new: Entry) -> bool:
    if last is new:
        return True
    if last is None or last.platform != new.platform:
        return False
    said, now = last.said, new.said
    return all(
        [what for what, _place in one] == [what for what, _place in other]
        for one, other in ((said.claims, now.claims), (said.secrets, now.secrets), (said.keys, now.keys))
    )


def _names_of(wide: Iterable[str]) -> bytes:
    """Stands for the names in the index; never empty."""
    return "\0".join(("wide", *sorted(wide))).encode()


def _claimant(entry: Entry) -> claims.Claimant:
    said = entry.said
    return claims.Claimant(entry.id, Place(entry.file, 1, 1), entry.platform, said.claims, said.secrets, said.keys)


def _platform(entry: Entry) -> claims.Claimant:
    return replace(_claimant(entry), id=f"platform {entry.id}", platform=entry.id)
