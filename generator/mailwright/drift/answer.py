"""What a host answered, read strictly: it may have been taken over by somebody, and is believed nothing that it was
not asked for."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from mailwright.drift.host_program import MARK, SHOWN

MOST = 64 * 2**20
"""Octets that a host may answer."""

Name = Annotated[str, msgspec.Meta(max_length=256)]
Path = Annotated[str, msgspec.Meta(max_length=4096, pattern=r"\A/")]
Digest = Annotated[str, msgspec.Meta(max_length=64)]
Moment = Annotated[float, msgspec.Meta(ge=0, le=4e9)]
Rules = Annotated[list[dict[str, Any]], msgspec.Meta(max_length=5000)]


class AnswerError(ValueError):
    """It is no answer; the message says what it is instead."""


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the last apply of a component left: path → digest. ``units`` None: an apply before they were noted."""

    files: dict[Path, Digest]
    products: dict[Path, Digest]
    units: list[Name] | None


class Seen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is at a path. ``shorn``: the digest without the last line; ``text`` where it was asked for."""

    kind: Literal["absent", "file", "link", "other"]
    sha256: Digest = ""
    shorn: Digest = ""
    owner: Name = ""
    group: Name = ""
    mode: Annotated[int, msgspec.Meta(ge=0, le=0o7777)] = 0
    size: Annotated[int, msgspec.Meta(ge=0)] = 0
    modified: Moment = 0.0
    text: Annotated[str, msgspec.Meta(max_length=SHOWN)] | None = None


class Unit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a unit stands, in systemd's words. ``since``: seconds since the epoch when it became active."""

    load: Name
    active: Name
    sub: Name
    enabled: Name
    reload: bool
    since: Moment
    alive: bool


class Firewall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """nft's lists: of all rules, of our own table, and of our own table as the file makes it.

    source  whether that was the file as it was applied, or the one that was built
    words   the same for people, each object with its handle
    """

    error: str = ""
    source: Literal["applied", "built"] = "built"
    live: list[dict[str, Any]] = []
    live_words: str = ""
    own: Rules = []
    own_words: str = ""
    shall: Rules = []
    shall_words: str = ""


class OfCustomer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something of a customer that is not as it was applied and assembled. ``customer``: empty where it is
    nobody's, or concerns all."""

    kind: Literal["edited", "missing", "product", "not-applied"]
    customer: Name
    words: Annotated[str, msgspec.Meta(max_length=8192)]


class Customers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a shared host's own program says of its customers. ``more``: how much else there is."""

    error: str = ""
    told: Annotated[list[OfCustomer], msgspec.Meta(max_length=1000)] = []
    more: Annotated[int, msgspec.Meta(ge=0)] = 0


class Answer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All that a host said. ``root`` False: it could not look, and said nothing else."""

    root: bool
    records: dict[Name, Record] = {}
    broken: list[Name] = []
    interrupted: list[Name] = []
    files: dict[Path, Seen] = {}
    units: dict[Name, Unit] = {}
    firewall: Firewall | None = None
    customers: Customers | None = None

    def seen(self, path: str) -> Seen:
        """Raises AnswerError where the host says nothing about a path that it was asked for."""
        found = self.files.get(path)
        if found is None:
            raise AnswerError(f"it says nothing about {path}")
        return found


def read(status: int, said: bytes) -> Answer:
    """The answer in the output of the program, which ended with that status. Raises AnswerError."""
    lines = said.decode("utf-8", "replace").splitlines()
    found = next((line for line in reversed(lines) if line.startswith(MARK)), "")
    if status == 124:
        raise AnswerError("it did not answer in time")
    if not found:
        last = next((line.strip() for line in reversed(lines) if line.strip()), "nothing")
        raise AnswerError(f"it ended with {status} and said: {last[:300]}")
    try:
        return msgspec.json.decode(found.removeprefix(MARK), type=Answer)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise AnswerError(f"its answer cannot be read: {str(error)[:300]}") from None
