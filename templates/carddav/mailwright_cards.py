#!/usr/bin/python3 -I
"""Makes the address book that Radicale serves what the description says: a file for each card.

Run by systemd before Radicale starts, as its user. Cards that are the same stay as they are, so that what Radicale
remembers of them holds. Settings: /etc/mailwright/carddav.json.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path

SETTINGS = Path("/etc/mailwright/carddav.json")
BOOK = "book"
PROPERTIES = ".Radicale.props"
UID = re.compile(r"^UID:([0-9a-f-]{36})$", re.MULTILINE)


def cards(text: str) -> Iterator[tuple[str, bytes]]:
    """The name of each card's file, and what is in it. Raises ValueError for a card without a UID of ours."""
    for part in re.split(r"(?m)^END:VCARD\n", text)[:-1]:
        found = UID.search(part)
        if found is None:
            raise ValueError("a card without a UID")
        yield f"{found[1]}.vcf", f"{part}END:VCARD\n".replace("\n", "\r\n").encode()


def make(folder: Path, wanted: dict[str, bytes]) -> None:
    """Makes the files of ``folder`` these; what Radicale keeps there in folders of its own stays."""
    for path in folder.iterdir():
        if path.is_file() and path.name not in wanted:
            path.unlink()
    for name, content in wanted.items():
        path = folder / name
        if path.is_file() and path.read_bytes() == content:
            continue
        fresh = folder / f".{name}.new"
        fresh.write_bytes(content)
        fresh.replace(path)


def main() -> int:
    settings = json.loads(SETTINGS.read_text(encoding="utf-8"))
    wanted = dict(cards(Path(settings["people"]).read_text(encoding="utf-8")))
    about = {"tag": "VADDRESSBOOK", "D:displayname": settings["title"]}
    wanted[PROPERTIES] = json.dumps(about, sort_keys=True).encode()
    os.umask(0o077)
    folder = Path(settings["folder"]) / "collection-root" / settings["owner"] / BOOK
    folder.mkdir(parents=True, exist_ok=True)
    make(folder, wanted)
    return 0


if __name__ == "__main__":
    sys.exit(main())
