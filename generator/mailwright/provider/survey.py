"""All customers of a provider, judged: what ``mailwright check`` says of a provider's folder."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

import msgspec

from mailwright.findings import Finding, Findings, Level
from mailwright.provider import claims, workers
from mailwright.provider.alike import Alike
from mailwright.provider.judge import judge
from mailwright.provider.model import Provider
from mailwright.provider.platform import Shared, read_platforms
from mailwright.provider.read import customer_files, read, unused
from mailwright.provider.which import file_of
from mailwright.records import dataclass

AT_ONCE = 25
"""Customers that a process judges before it tells of them."""

MANY = 100
"""Customers from which on several processes pay."""

Progress = Callable[[int, int], None]
"""Is told how many customers of how many are judged."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What was found, alike findings of several customers as one; and how many customers are how.

    well      nothing is to be mended
    to_mend   something fails that does not make the description unusable
    unusable  the description cannot be used
    """

    findings: tuple[Finding, ...]
    well: int = 0
    to_mend: int = 0
    unusable: int = 0

    @property
    def customers(self) -> int:
        return self.well + self.to_mend + self.unusable

    @property
    def status(self) -> int:
        """Exit status: 2 when something cannot be used, 1 when something fails, 0."""
        failing = [finding for finding in self.findings if finding.fails]
        return 2 if any(finding.level is Level.ERROR for finding in failing) else 1 if failing else 0


class _Told(msgspec.Struct, array_like=True):
    """What a process tells of one customer. ``read``: its file could be used, so that ``profiles`` are known."""

    claimant: claims.Claimant
    read: bool
    profiles: tuple[str, ...]
    status: int


class _Chunk(msgspec.Struct, array_like=True):
    customers: list[_Told]
    found: list[tuple[Finding, list[str]]]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Chunk)


def survey(
    folder: Path,
    today: date,
    only: str | Path = "",
    jobs: int = 0,
    progress: Progress = lambda _done, _of: None,
) -> Survey:
    """Judges every customer of the provider's folder, each by itself: a broken one hides no other.

    only  a customer's id, domain, or file: the others are not read, so whether they claim the same is not seen
    jobs  processes; 0: as many as there are processors, where customers are many

    Raises NoCustomerError, WorkerError, OSError of the system's limits and of a folder whose name is not UTF-8.
    """
    try:
        os.fspath(folder).encode()
    except UnicodeEncodeError:
        raise OSError(errno.EILSEQ, "the name is not UTF-8: rename the folder", os.fspath(folder)) from None
    findings = Findings()
    provider = read(folder, findings)
    if provider is None:
        return Survey(tuple(findings.items))
    platforms, told = read_platforms(provider, today)
    if isinstance(only, Path):
        files: tuple[Path, ...] = (provider.customers / only.name,)
    else:
        files = (file_of(provider, only),) if only else customer_files(provider, findings)
    alike = Alike(provider.customers)
    for finding in (*findings.items, *told):
        alike.add(finding, ())
    everybody: list[_Told] = []
    for chunk in _judged(provider, platforms, files, today, jobs):
        for finding, ids in chunk.found:
            alike.add(finding, ids)
        everybody += chunk.customers
        progress(len(everybody), len(files))
    claimants = [*claims.of_platforms(platforms), *(one.claimant for one in everybody)]
    for finding in claims.findings(claimants, provider.wide):
        alike.add(finding, ())
    # Of a file that cannot be read it is not known which profiles it uses.
    if not only and all(one.read for one in everybody):
        for finding in unused(provider, {name for one in everybody for name in one.profiles}):
            alike.add(finding, ())
    statuses = [one.status for one in everybody]
    return Survey(alike.findings(), statuses.count(0), statuses.count(1), statuses.count(2))


def _judged(
    provider: Provider, platforms: Mapping[str, Shared], files: Sequence[Path], today: date, jobs: int
) -> Iterator[_Chunk]:
    def work(chunk: Sequence[Path]) -> bytes:
        return _ENCODER.encode(_chunk(provider, platforms, chunk, today))

    chunks = [files[index : index + AT_ONCE] for index in range(0, len(files), AT_ONCE)]
    processes = jobs or (len(os.sched_getaffinity(0)) if len(files) >= MANY else 1)
    for _, data in workers.each(work, chunks, processes):
        yield _DECODER.decode(data)


def _chunk(provider: Provider, platforms: Mapping[str, Shared], files: Sequence[Path], today: date) -> _Chunk:
    alike = Alike(provider.customers)
    customers = []
    for path in files:
        judged = judge(provider, platforms, path, today)
        said = judged.head
        for finding in judged.findings:
            alike.add(finding, (said.id,))
        claimant = claims.Claimant(said.id, said.where, said.platform)
        if judged.site is not None:
            claimant = claims.of_customer(said.id, said.where, said.platform, judged.site)
        customers.append(_Told(claimant, bool(judged.customer.layers), said.profiles, judged.status))
    return _Chunk(customers, list(alike.groups()))
