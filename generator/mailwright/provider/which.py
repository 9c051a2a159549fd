"""Which customer is meant: its id, its file's name without the ending, or one of its domains.

Check, build and diff of one customer alone ask here, so that all of them understand the same; and so does who looks
for whose an id or a domain is among thousands of files, of which only those with the words are parsed.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from mailwright.findings import Findings
from mailwright.provider.model import Provider
from mailwright.provider.read import customer_files
from mailwright.site import values
from mailwright.source.compose import compose
from mailwright.source.files import content
from mailwright.source.layers import MAX_BYTES
from mailwright.source.nodes import Mapping, Node, Scalar, Sequence


class NoCustomerError(Exception):
    """Nobody is called so. The message is a sentence."""


def file_of(provider: Provider, asked: str) -> Path:
    """The file of the customer with this id, file's name or domain. Raises NoCustomerError."""
    files = {path.stem: path for path in customer_files(provider, Findings())}

    def raw(one: str) -> bytes:
        return content(files[one], MAX_BYTES, Findings()) or b""

    found = stem(asked, files, raw)
    if found is not None:
        return files[found]
    close = difflib.get_close_matches(asked, {said_id(raw(one), one) or one for one in files}, n=1)
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise NoCustomerError(f"No customer of {provider.folder} is called {asked!r}, nor has that domain.{hint}")


def stem(asked: str, stems: Iterable[str], raw_of: Callable[[str], bytes]) -> str | None:
    """The stem of the customer's file; None where it is nobody's.

    raw_of  of a stem: the bytes of its file, empty where there are none that may be read

    An id goes before a stem, and a stem before a domain. Files without the word are not parsed, since most are.
    """
    known = tuple(stems)
    likely = asked if asked in known else None
    if likely is not None and said_id(raw_of(likely), likely) in (asked, None):
        return likely
    domain = _domain(asked)
    ways = tuple(
        way
        for way in (asked.lower().encode("utf-8", "surrogateescape"), *(written(domain) if domain else ()))
        if way
    )
    having: str | None = None
    for one in known:
        raw = raw_of(one)
        low = lowered(raw)
        if not any(way in low for way in ways):
            continue
        if said_id(raw, one) == asked:
            return one
        if having is None and domain and domain in said_domains(raw, one):
            having = one
    return likely or having


def said_id(raw: bytes, stem: str) -> str | None:
    """The id that a customer's file says: its name where it says none; None where what it says is no id."""
    if b"customer" not in raw:
        return stem
    root = compose(raw, stem, Findings())
    said = root.entries.get("customer") if root is not None else None
    if said is None:
        return stem
    value = said.node.value if isinstance(said.node, Scalar) else None
    return value if isinstance(value, str) and values.is_id(value) else None


def said_domains(raw: bytes, stem: str) -> set[str]:
    """The domains that a customer's own file says."""
    root = compose(raw, stem, Findings())
    entry = root.entries.get("domains") if root is not None else None
    if entry is None or not isinstance(entry.node, Sequence):
        return set()
    return {name for item in entry.node.items for name in _name(item)}


def _name(item: Node) -> Iterator[str]:
    if isinstance(item, Mapping) and "name" in item.entries:
        item = item.entries["name"].node
    if isinstance(item, Scalar) and isinstance(item.value, str):
        with suppress(ValueError):
            yield values.name(item.value)


def _domain(asked: str) -> str:
    with suppress(ValueError):
        return values.name(asked) if "." in asked else ""
    return ""


def written(domain: str) -> Iterator[bytes]:
    """The ways in which a domain may be written, in a file in small letters (``lowered``)."""
    yield domain.encode()
    if "xn--" in domain:
        import idna

        with suppress(idna.IDNAError):
            yield idna.decode(domain).encode()


def lowered(raw: bytes) -> bytes:
    """A file in small letters, of whatever script."""
    return raw.lower() if raw.isascii() else raw.decode("utf-8", "replace").lower().encode()
