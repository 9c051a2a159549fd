"""A customer that comes: its file is judged before it is there, and there whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

from mailwright import keypair
from mailwright.findings import Finding, Findings, Place
from mailwright.provider import claims, secrets, starter, which
from mailwright.provider.customer import read_customer
from mailwright.provider.judge import Judged, judge
from mailwright.provider.model import CUSTOMERS, Provider
from mailwright.provider.platform import Shared
from mailwright.provider.read import customer_files
from mailwright.provider.starter import NewCustomer
from mailwright.records import dataclass
from mailwright.source.files import content
from mailwright.source.layers import MAX_BYTES


class NewError(Exception):
    """Why nothing was written; ``findings``, where what would have been written has faults."""

    def __init__(self, words: str, findings: tuple[Finding, ...] = ()) -> None:
        super().__init__(words)
        self.findings = findings


@dataclass(frozen=True, slots=True)
class Written:
    """What was written; ``judged``: its plan is there. ``secrets``: where private keys and passwords are kept."""

    judged: Judged
    file: Path
    people: Path
    public: Path | None
    private: Path | None
    secrets: Path


def write(
    provider: Provider, platforms: dict[str, Shared], new: NewCustomer, today: date, with_key: bool = False
) -> Written:
    """Writes the customer's file and its folder, and with a selector and ``with_key`` a pair of DKIM keys.

    All is made in a hidden folder beside, judged there as it will be judged, and moved. Raises NewError, and
    OSError for what the disk does not do; then nothing of it is there.
    """
    file, folder = provider.customers / f"{new.id}.yml", provider.customers / new.id
    private = provider.folder / secrets.folder(new.id) / "dkim.key" if with_key else None
    for path in (file, file.with_suffix(".yaml"), folder, *([private] if private else [])):
        if os.path.lexists(path):
            raise NewError(f"{path} is there already")
    _unclaimed(provider, platforms, new)
    stage = Path(tempfile.mkdtemp(prefix=".new-", dir=provider.folder))
    try:
        judged = _made(provider, platforms, new, today, stage, with_key)
        _move(stage, file, folder, private)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    public = folder / "dkim.pub" if with_key else None
    return Written(judged, file, folder / "people.csv", public, private, provider.folder / secrets.folder(new.id))


def _made(
    provider: Provider, platforms: dict[str, Shared], new: NewCustomer, today: date, stage: Path, with_key: bool
) -> Judged:
    staged = replace(provider, folder=stage)
    file, folder = staged.customers / f"{new.id}.yml", staged.customers / new.id
    folder.mkdir(parents=True)
    stage.chmod(0o700)
    schema = (provider.folder / "customer.schema.json").is_file()
    file.write_text(starter.customer(new, schema), encoding="utf-8")
    (folder / "people.csv").write_bytes(starter.people(new))
    if with_key:
        keypair.make(stage / "dkim.key", folder / "dkim.pub")
    judged = judge(staged, platforms, file, today)
    head = replace(judged.head, file=provider.customers / file.name)
    judged = replace(
        judged,
        customer=replace(judged.customer, head=head),
        findings=tuple(_here(one, stage, provider.folder) for one in judged.findings),
    )
    if judged.plan is None:
        raise NewError("what would have been written cannot be built", judged.findings)
    return judged


def _here(finding: Finding, stage: Path, folder: Path) -> Finding:
    """Named by where it would be."""

    def moved(text: str) -> str:
        return text.replace(str(stage), str(folder))

    where = finding.where
    if where is not None:
        where = Place(moved(where.file), where.line, where.column, where.pointer)
    return replace(finding, where=where, message=moved(finding.message), fix=moved(finding.fix))


def _move(stage: Path, file: Path, folder: Path, private: Path | None) -> None:
    """The customer's file comes last, under a name that nobody has: before, there is no customer."""
    done: list[Path] = []
    made = (stage / CUSTOMERS / folder.name, stage / CUSTOMERS / file.name, stage / "dkim.key")
    try:
        folder.parent.mkdir(exist_ok=True)
        if private is not None:
            for parent in (private.parent.parent, private.parent):
                parent.mkdir(exist_ok=True, mode=0o700)
            descriptor = os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            done.append(private)
            with os.fdopen(descriptor, "wb") as out:
                out.write(made[2].read_bytes())
        folder.mkdir()
        done.append(folder)
        for path in made[0].iterdir():
            path.rename(folder / path.name)
        os.link(made[1], file)
    except FileExistsError as error:
        _undo(done)
        raise NewError(f"{error.filename2 or error.filename} is there already") from None
    except BaseException:
        _undo(done)
        raise


def _undo(done: list[Path]) -> None:
    for path in done:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _unclaimed(provider: Provider, platforms: dict[str, Shared], new: NewCustomer) -> None:
    """Raises NewError where the id or a domain is another's, or lies above or below another's. Of the other files
    only those that have the words in them, or may have them in a file that they extend, are read as descriptions:
    there may be thousands."""
    words = [way for domain in new.domains for way in which.written(domain)]
    over = _alone(parent for domain in new.domains for parent in _above(domain))
    owners: list[claims.Claimant] = []
    for path in customer_files(provider, Findings()):
        found = content(path, MAX_BYTES, Findings())
        if found is None:
            continue  # a check of the provider says so
        if new.id.encode() in found and which.said_id(found, path.stem) == new.id:
            raise NewError(f"{path} is the customer {new.id} already: say another --id")
        low = which.lowered(found)
        if b"extends" in low or any(word in low for word in words) or over.search(low):
            customer = read_customer(provider, platforms, path)
            head, site = customer.head, customer.reading.site
            if site is not None:
                owners.append(claims.of_customer(head.id, head.where, head.platform, site))
    owners += claims.of_platforms(platforms)
    held = {name: (one, place) for one in owners for name, place in one.names}
    for domain in new.domains:
        if domain in held:
            one, place = held[domain]
            raise NewError(f"{domain} is {one.id}'s already ({place})")
        for name, (one, place) in held.items():
            if name.endswith(f".{domain}") and domain not in provider.wide:
                raise NewError(f"{domain} is above {name} of {one.id} ({place}): {_KNOWN}")
            if domain.endswith(f".{name}") and name not in provider.wide and not one.is_platform:
                raise NewError(f"{domain} is below {name} of {one.id} ({place}): {_KNOWN}")


_KNOWN = "where both know, the provider says it first, with the upper one in wide_domains"


def _above(domain: str) -> Iterator[str]:
    labels = domain.split(".")
    return (".".join(labels[first:]) for first in range(1, len(labels) - 1))


def _alone(domains: Iterable[str]) -> re.Pattern[bytes]:
    """Finds one of them where it is no part of a longer name or address: half of all have ``ac.uk`` in them."""
    ways = "|".join(re.escape(way.decode()) for domain in domains for way in which.written(domain))
    return re.compile(rb"(?<![\w.@-])(?:" + (ways or r"\Z.").encode() + rb")(?![\w.-])")
