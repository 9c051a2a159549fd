"""One customer, or platform: read, judged, rendered, and staged beside what there is of it."""

from __future__ import annotations

import errno
import hashlib
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import msgspec
from msgspec import structs

from mailwright.build import BuildError, Input, project, writer
from mailwright.build import inputs as described
from mailwright.build.tree import Tree
from mailwright.build.writer import WriteRefusedError, Written
from mailwright.findings import Finding, Level, Place, Status
from mailwright.plan.model import Plan
from mailwright.provider import claims, days, description, index, staging
from mailwright.provider import project as fragment
from mailwright.provider.index import Entry, Inputs, Said
from mailwright.provider.input_hash import InputHashes
from mailwright.provider.judge import Judged, fault, judge
from mailwright.provider.model import CUSTOMERS, Head, Provider
from mailwright.provider.platform import Shared
from mailwright.records import dataclass
from mailwright.report.mentions import Mention
from mailwright.site import placements
from mailwright.site.read import Reading

_MENTIONS = msgspec.msgpack.Decoder(dict[str, Mention])


@dataclass(frozen=True, slots=True)
class Setting:
    """What all that is made in one build has in common.

    enforced  platform → what its files say of each requirement
    staged    the folder in which all that is new is written first
    """

    provider: Provider
    platforms: Mapping[str, Shared]
    enforced: Mapping[str, Mapping[str, Mention]]
    hashes: InputHashes
    out: Path
    staged: Path
    today: date


@dataclass(frozen=True, slots=True)
class Made:
    """What came of it.

    entry    as it will be in the index; of what could not be made, without outputs
    written  what becomes of its files
    staged   name of what was staged below ``Setting.staged``; empty: nothing was, since nothing changed
    """

    entry: Entry
    written: Written
    staged: str


NOTHING = Written((), (), ())

_NO_MORE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.EINVAL)
"""Errors of a file that was accepted and has been taken away since, or has become one that readers refuse."""


def customer(setting: Setting, path: Path) -> Made:
    """The customer whose file is at ``path``. Faults of it are findings, and so are the makers' own, which are
    nobody else's business. Raises OSError where one cannot write."""
    try:
        return _customer(setting, path)
    except OSError as error:
        named = str(error.filename or "")
        if error.errno not in _NO_MORE or not named.startswith(f"{setting.provider.customers}{os.sep}"):
            raise
        message = f"{named} changed while it was read: {error.strerror}"
        found: Finding = _fault("source.changed", message, named, "Build again.")
    except Exception as error:
        found = fault(path, error)
    file = _name(str(path), setting.provider.folder)
    told = _relative((found,), setting.provider.folder)
    inputs = Inputs((file,), b"", b"", b"")
    return Made(Entry(path.stem, file, "", (), inputs, None, findings=told, good=False), NOTHING, "")


def _customer(setting: Setting, path: Path) -> Made:
    began = time.time_ns()
    judged = judge(setting.provider, setting.platforms, path, setting.today)
    head, reading = judged.head, judged.customer.reading
    entry = _entry(setting, path, judged, began)
    if judged.site is None or judged.plan is None:
        return Made(structs.replace(entry, good=False), NOTHING, "")
    since, until = days.around(judged.site, head.leaving, setting.today)
    entry = structs.replace(
        entry,
        inputs=structs.replace(entry.inputs, since=since, until=until),
        packed=_packed(
            claims.of_customer(head.id, head.where, head.platform, judged.site), setting.provider.folder
        ),
    )
    try:
        if head.platform:
            return _fragment(setting, entry, head, judged.plan, judged.findings, path.stem)
        folder = judged.site.primary.name
        tree = project(
            judged.site,
            judged.plan,
            _relative(judged.findings, setting.provider.folder),
            description.inputs(judged.customer, _with_stores(reading, judged.plan, path.with_suffix(""))),
        )
        return _project(setting, entry, folder, tree, path.stem)
    except BuildError as error:
        return Made(_refused(entry, *_of_values(error, reading, setting)), NOTHING, "")
    except WriteRefusedError as error:
        return Made(_refused(entry, _fault("build.folder", str(error), entry.file)), NOTHING, "")


def platform(setting: Setting, shared: Shared) -> Made:
    """The project of the provider's own site on shared hosts, ready to hold customers."""
    provider = setting.provider
    name = shared.platform.name
    began = time.time_ns()
    inputs = index.taken(
        str(provider.folder), _names(shared.reading.files, provider.folder), setting.hashes.of(name, ()), began
    )
    since, until = days.around(shared.site, None, setting.today)
    claimed = claims.of_platform(name, Place(str(shared.platform.file), 1, 1), shared.site)
    entry = Entry(
        id=name,
        file=_name(str(shared.platform.file), provider.folder),
        platform="",
        profiles=(),
        inputs=structs.replace(inputs, since=since, until=until),
        outputs=None,
        packed=_packed(claimed, provider.folder),
    )
    plan = shared.served
    try:
        tree = project(
            shared.site,
            plan,
            _relative(shared.findings, provider.folder),
            described.of(shared.reading, shared.platform.file.parent, plan),
        )
        entry = structs.replace(entry, row=msgspec.msgpack.encode(fragment.of_platform(tree)))
        return _project(setting, entry, name, tree, f".{name}.platform")  # customers' names begin with no dot
    except BuildError as error:
        return Made(_refused(entry, *_of_values(error, shared.reading, setting)), NOTHING, "")
    except WriteRefusedError as error:
        return Made(_refused(entry, _fault("build.folder", str(error), entry.file)), NOTHING, "")


def enforced(entry: Entry) -> Mapping[str, Mention]:
    """What a platform's files say of each requirement, from its entry."""
    return _MENTIONS.decode(entry.row) if entry.row else {}


def _entry(setting: Setting, path: Path, judged: Judged, began: int) -> Entry:
    folder = setting.provider.folder
    file = _name(str(path), folder)
    head, leaving = judged.head, judged.head.leaving
    accepted = _names(judged.customer.reading.files, folder)
    below = setting.hashes.of(head.platform, head.profiles)
    # What the reader refused (a pipe, a device, what lies outside the wall) is opened by nobody else either.
    inputs = Inputs((file,), b"", b"", below)
    if file in accepted:
        names = (file, *(name for name in accepted if name != file))
        inputs = index.taken(str(folder), names, below, began)
    return Entry(
        id=head.id,
        file=file,
        platform=head.platform,
        profiles=head.profiles,
        inputs=inputs,
        outputs=None,
        leaving=(leaving.stop, leaving.mail_until, leaving.logs_until) if leaving is not None else None,
        findings=_told(judged.findings, folder),
    )


def _fragment(
    setting: Setting, entry: Entry, head: Head, plan: Plan, findings: Iterable[Finding], name: str
) -> Made:
    folder = setting.provider.folder
    state = head.state(setting.today)
    tree = fragment.tree(
        plan,
        head,
        state,
        _relative(findings, folder),
        _inputs(entry.inputs, folder),
        setting.enforced[head.platform],
    )
    target = setting.out / head.platform / CUSTOMERS / head.id
    written = staging.stage(tree, target, setting.staged / name)
    entry = structs.replace(entry, row=fragment.row(plan, head, state, tree[fragment.TABLES].data))
    return _made(setting, entry, f"{head.platform}/{CUSTOMERS}/{head.id}", tree, written, name)


def _project(setting: Setting, entry: Entry, folder: str, tree: Tree, name: str) -> Made:
    written = writer.compare(tree, setting.out / folder)
    if not written.nothing:
        (setting.staged / name).mkdir()
        writer.stage(tree, setting.staged / name, written)
    return _made(setting, entry, folder, tree, written, name)


def _made(setting: Setting, entry: Entry, folder: str, tree: Tree, written: Written, name: str) -> Made:
    # Taking its place leaves a file's own times and number as they are.
    staged, target = f"{setting.staged}/{name}", f"{setting.out}/{folder}"
    new = {*written.added, *written.changed}
    stamp = index.of_outputs(f"{staged if path in new else target}/{path}" for path in tree)
    entry = structs.replace(entry, outputs=index.outputs_of(folder, tree, stamp))
    return Made(entry, written, "" if written.nothing else name)


def _packed(one: claims.Claimant, folder: Path) -> bytes:
    """With files named from the provider's folder on."""
    names, secrets, keys = (
        tuple((what, replace(place, file=_name(place.file, folder))) for what, place in said)
        for said in (one.names, one.secrets, one.keys)
    )
    return Said(names, secrets, keys).packed()


def _inputs(inputs: Inputs, folder: Path) -> tuple[Input, ...]:
    """A customer's own files, as its manifest lists them."""
    return tuple(
        Input(name, hashlib.sha256(index.octets(f"{folder}/{name}")).hexdigest(), name, b"", main=number == 0)
        for number, name in enumerate(inputs.names)
    )


def _with_stores(reading: Reading, plan: Plan, folder: Path) -> Reading:
    """Where there are several stores, who is on which is remembered among the customer's files."""
    if described.stores(plan) is None:
        return reading
    described.remember(plan, folder)
    return replace(reading, files=tuple(sorted({*reading.files, str(folder / placements.FILE)})))


def _refused(entry: Entry, *faults: Finding) -> Entry:
    return structs.replace(entry, good=False, findings=(*entry.findings, *faults))


def _fault(id_: str, message: str, file: str, fix: str = "") -> Finding:
    return Finding(id_, "", Level.ERROR, Status.FAIL, message, fix, Place(file, 1, 1))


def _of_values(error: BuildError, reading: Reading, setting: Setting) -> tuple[Finding, ...]:
    return _told(
        (
            Finding(
                "build.value", "", Level.ERROR, Status.FAIL, str(fault), "Write it without that.",
                reading.find(fault.value),
            )
            for fault in error.errors
        ),
        setting.provider.folder,
    )  # fmt: skip


def _told(findings: Iterable[Finding], folder: Path) -> tuple[Finding, ...]:
    return _relative((finding for finding in findings if finding.status not in index.QUIET), folder)


def _relative(findings: Iterable[Finding], folder: Path) -> tuple[Finding, ...]:
    """With files named from the provider's folder on, so that no path of this machine is built."""
    return tuple(
        finding
        if finding.where is None
        else replace(finding, where=replace(finding.where, file=_name(finding.where.file, folder)))
        for finding in findings
    )


def _names(files: Iterable[str], folder: Path) -> tuple[str, ...]:
    return tuple(_name(file, folder) for file in files)


def _name(file: str, folder: Path) -> str:
    return file.removeprefix(f"{folder}{os.sep}")
