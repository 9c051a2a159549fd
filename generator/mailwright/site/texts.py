"""The site's own texts for its pages: <folder>/<language>/<block>.md, in Markdown without HTML."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from mailwright.findings import Findings, Place
from mailwright.site import markdown
from mailwright.site.blocks import BLOCKS, NAMES
from mailwright.site.model import TextBlock
from mailwright.source.characters import FORBIDDEN_IN_FILE, describe
from mailwright.source.files import below, opened
from mailwright.source.report import MAX_REPEATS

MAX_BYTES = 64 * 1024
MAX_ENTRIES = 200
"""Of a folder: there are not so many blocks."""
SUFFIX = ".md"

_PAGES = sorted({block.page for block in BLOCKS})
_BESIDE = ("status.txt", *(f"{page}{language}.html" for page in _PAGES for language in ("", ".en", ".cy")))
"""What a text may link to by its name alone."""

_KNOWN = f"The blocks are {', '.join(NAMES)}."


def read(
    folder: Path, base: Path, languages: tuple[str, ...], findings: Findings, where: Place
) -> Iterator[TextBlock]:
    """The texts in a folder, for the ``languages`` of the pages; what cannot be one is a finding.

    base   what no link may lead out of
    where  the place in the description that names the folder
    """
    for entry in _entries(folder, findings, where):
        if not below(Path(entry.path), base, findings, Place(entry.path, 1, 1)):
            continue
        if entry.name in languages and entry.is_dir():
            for file in _entries(Path(entry.path), findings, where):
                path = Path(file.path)
                text = _block(path, findings) if below(path, base, findings, Place(file.path, 1, 1)) else None
                if text is not None:
                    yield TextBlock(entry.name, file.name.removesuffix(SUFFIX), text, Place(file.path, 1, 1))
        else:
            message = f"{entry.path} is no folder of a language of the pages"
            fix = f"Their languages are {', '.join(languages)}: name the folder so, or add the language to pages."
            findings.error("site.text-language", message, Place(entry.path, 1, 1), fix)


def _entries(folder: Path, findings: Findings, where: Place) -> list[os.DirEntry[str]]:
    """What is in a folder, by name, but for what is hidden."""
    try:
        with os.scandir(folder) as found:
            entries = sorted((one for one in found if not one.name.startswith(".")), key=lambda one: one.name)
    except OSError as error:
        findings.error(
            "site.texts", f"{folder} cannot be read as a folder: {error.strerror}", where, "Check the path."
        )
        return []
    if len(entries) > MAX_ENTRIES:
        message = f"{folder} holds {len(entries)} files: it is no folder of texts alone"
        findings.error("site.texts", message, where, "Give the texts a folder of their own.")
        return []
    return entries


def _block(path: Path, findings: Findings) -> str | None:
    """The text of a block, or None with its findings."""
    start = Place(str(path), 1, 1)
    if path.suffix != SUFFIX or path.stem not in NAMES:
        findings.error("site.text-block", f"{path.name} is no text of the pages", start, _KNOWN)
        return None
    with opened(path, findings) as file:
        if file is None:
            return None
        raw = file.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        message = f"{path} is larger than {MAX_BYTES} bytes"
        findings.error("site.text-size", message, start, "Shorten it, or link to where the whole is.")
        return None
    try:
        text = raw.removeprefix(b"\xef\xbb\xbf").decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode("utf-8", "replace")
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        message = f"the byte 0x{raw[error.start]:02x} is not UTF-8"
        findings.error("site.text-encoding", message, Place(str(path), line, column), "Save the file as UTF-8.")
        return None
    return text if _may_be_shown(path, text, findings) else None


def _may_be_shown(path: Path, text: str, findings: Findings) -> bool:
    """Whether there is something to show, and nothing that may not be."""
    if not text.strip():
        message, fix = f"{path} is empty", "Write the text, or remove the file: then the default text is shown."
        findings.error("site.text-empty", message, Place(str(path), 1, 1), fix)
        return False
    before = len(findings.items)
    for found in FORBIDDEN_IN_FILE.finditer(text):
        start = text.rfind("\n", 0, found.start()) + 1
        place = Place(str(path), text.count("\n", 0, start) + 1, found.start() - start + 1)
        findings.error(
            "site.text-character", f"there is {describe(found.group())} in the text", place, "Take it out."
        )
        if len(findings.items) - before >= MAX_REPEATS:
            return False
    for number, fault in enumerate(markdown.faults(text, _BESIDE), 1):
        findings.error("site.text-markup", fault.message, Place(str(path), fault.line, fault.column), fault.fix)
        if number >= MAX_REPEATS:
            break
    return len(findings.items) == before
