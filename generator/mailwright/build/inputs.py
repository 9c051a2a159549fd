"""The files that a description was read from: their hashes, and copies of them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

from mailwright.build import copies
from mailwright.build.manifest import Input
from mailwright.plan.model import Plan
from mailwright.site import ldif, placements
from mailwright.site.read import Reading


def of(reading: Reading, folder: Path, plan: Plan | None = None) -> tuple[Input, ...]:
    """All files that were opened to read the description, sorted by name; none where there is no description.

    folder  what their names start from: the description's
    plan    with it, stores.csv is given as a build leaves it beside the description, so that the next build of the
            same description makes the same

    Raises OSError when one of them has gone since it was read.
    """
    if reading.document is None:
        return ()
    found = {os.path.abspath(file): Path(file).read_bytes() for file in reading.files}  # noqa: PTH100 - no links
    main = os.path.abspath(reading.document.file)  # noqa: PTH100
    placed = stores(plan) if plan is not None else None
    if placed is not None:
        found[str(Path(main).parent / placements.FILE)] = placed.encode()
    return tuple(sorted(_inputs(found, main, folder, reading), key=lambda item: item.name))


def stores(plan: Plan) -> str | None:
    """The text of stores.csv, which remembers who is on which store; None where there are not several."""
    if len(plan.with_function("store")) < 2:
        return None
    return placements.text((mailbox.login, mailbox.host) for mailbox in plan.mailboxes)


def remember(plan: Plan, folder: Path) -> Path | None:
    """Writes stores.csv into the folder, where there are several stores; its path when it was not so already.

    Raises OSError; a full disk leaves the old one.
    """
    text = stores(plan)
    if text is None:
        return None
    path = folder / placements.FILE
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return None
    folder.mkdir(exist_ok=True)
    new = path.with_suffix(".csv.new")
    new.unlink(missing_ok=True)  # it may be a link: a customer has a folder of its own
    with new.open("x", encoding="utf-8") as file:
        file.write(text)
    new.replace(path)
    return path


def _inputs(found: dict[str, bytes], main: str, folder: Path, reading: Reading) -> Iterator[Input]:
    shared = os.path.commonpath([os.path.dirname(file) for file in found])  # noqa: PTH120
    directory = reading.site.directory if reading.site is not None else None
    for file, data in found.items():
        yield Input(
            name=os.path.relpath(file, folder),
            sha256=hashlib.sha256(data).hexdigest(),
            copy=copies.name(Path(os.path.relpath(file, shared)).as_posix()),
            data=ldif.needed(data, directory.attributes) if directory and file.endswith(".ldif") else data,
            main=file == main,
        )
