"""YAML text to a tree of nodes, strictly: what two readers could take differently is a finding.

The events of the C parser are read one by one and nothing is expanded, so that depth and size are bounded
while reading, and hostile text cannot make the program slow or large.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

import yaml

from mailwright.findings import Findings, Place
from mailwright.source import scalars
from mailwright.source.characters import FORBIDDEN, FORBIDDEN_IN_FILE, describe
from mailwright.source.files import MERGE, UNMERGED
from mailwright.source.nodes import Entry, Mapping, Node, Scalar, Sequence, Spot
from mailwright.source.report import MAX_REPEATS, Report

MAX_DEPTH = 16
MAX_NODES = 200_000

# Here a date is meant, so that it needs no quotes; it is kept as it is written.
DATE_KEYS = frozenset({"date", "reviewed", "until", "stop", "mail_until", "logs_until"})

_BOM_UTF16 = (b"\xff\xfe", b"\xfe\xff")

_new = tuple.__new__
"""Makes a named tuple of its values in half the time."""


def _decode(raw: bytes, file: str, report: Report) -> str | None:
    """UTF-8 to text without forbidden characters: each is a finding and is replaced, so that reading goes on."""
    if raw.startswith(_BOM_UTF16):
        report.error("source.not-utf-8", "the file is UTF-16", Place(file, 1, 1), "Save it as UTF-8.")
        return None
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        before = raw[: error.start].decode()
        line, column = before.count("\n") + 1, len(before) - before.rfind("\n")
        message = f"byte 0x{raw[error.start]:02x} at offset {error.start} is not UTF-8"
        report.error("source.not-utf-8", message, Place(file, line, column), "Save the file as UTF-8.")
        text = raw.decode(errors="replace")
    if text.startswith("\ufeff"):
        fix = "Save it as UTF-8 without a byte order mark (BOM)."
        report.error("source.byte-order-mark", "the file begins with a byte order mark", Place(file, 1, 1), fix)
        text = text[1:]
    text = text.replace("\r\n", "\n")
    if text.replace("\n", "").replace("\t", "").isprintable():  # to ask this first is faster
        return text
    for match in islice(FORBIDDEN_IN_FILE.finditer(text), MAX_REPEATS):
        at = match.start()
        place = Place(file, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
        report.error("source.control-character", f"here is {describe(match[0])}", place, "Take it out.")
    return FORBIDDEN_IN_FILE.sub("\ufffd", text)


@dataclass(slots=True)
class _Open:
    """A mapping or sequence that is being read."""

    spot: Spot
    is_mapping: bool
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Entry] = field(default_factory=dict)
    key: tuple[str | None, Spot] | None = None  # text None: a key that cannot be used


class _Stop(Exception):  # noqa: N818 - it ends the reading; the error is the finding
    """A finding after which the rest of the file cannot be read."""


class _Composer:
    def __init__(self, file: str, report: Report) -> None:
        self.file = file
        self.report = report
        self.stack: list[_Open] = []
        self.root: Node | None = None
        self.nodes = 0
        self.documents = 0
        self.refused: set[Spot] = set()  # scalars that stand for nothing: as a key, they need no second finding

    def spot(self, event: yaml.Event) -> Spot:
        mark = event.start_mark
        return Spot(self.file, mark.line + 1, mark.column + 1) if mark is not None else Spot(self.file, 1, 1)

    def error(self, id_: str, message: str, spot: Spot, fix: str = "") -> None:
        self.report.error(id_, message, Place(spot.file, spot.line, spot.column), fix)

    def read(self, events: Iterator[yaml.Event]) -> None:
        """Takes all of a file's events.

        Those of which nearly all files consist have a short way here, since there are thousands of files: plain or
        quoted text in a list or a mapping, as a key or as a value. It leads to the same as ``take``.
        """
        file, stack, is_text = self.file, self.stack, scalars.is_text
        for event in events:
            if type(event) is yaml.ScalarEvent and stack and event.anchor is None and event.tag is None:
                text: str = event.value
                mark = event.start_mark
                if (event.style or is_text(text)) and text.isprintable() and mark and self.nodes < MAX_NODES:
                    spot = _new(Spot, (file, mark.line + 1, mark.column + 1))
                    top = stack[-1]
                    if not top.is_mapping:
                        self.nodes += 1
                        top.items.append(_new(Scalar, (text, spot)))
                        continue
                    if top.key is None:
                        if text and text != "<<" and text not in top.entries:
                            self.nodes += 1
                            top.key = (text, spot)
                            continue
                    elif (name := top.key[0]) is not None:
                        self.nodes += 1
                        top.entries[name] = _new(Entry, (top.key[1], _new(Scalar, (text, spot))))
                        top.key = None
                        continue
            self.take(event)

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.NodeEvent):
            self.nodes += 1
            if self.nodes > MAX_NODES:
                self.error(
                    "source.too-many-values",
                    f"the file holds more than {MAX_NODES} values",
                    self.spot(event),
                    "Put the people into a CSV file, which may be larger.",
                )
                raise _Stop
            self.node(event, self.spot(event))
        elif isinstance(event, yaml.CollectionEndEvent):
            done = self.stack.pop()
            self.add(
                Mapping(done.entries, done.spot) if done.is_mapping else Sequence(tuple(done.items), done.spot),
                done.spot,
            )
        elif isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                fix = "Keep one file to a description."
                self.error("source.several-documents", "a second document begins here", self.spot(event), fix)
                raise _Stop

    def node(self, event: yaml.NodeEvent, spot: Spot) -> None:
        if isinstance(event, yaml.ScalarEvent) and event.anchor is None and event.tag is None:  # most are
            self.scalar(event, spot)
            return
        if event.anchor is not None:
            if isinstance(event, yaml.AliasEvent):
                fix = "Write the value out in full."
                self.error("source.alias", f"*{event.anchor} refers to a value elsewhere", spot, fix)
                self.refused.add(spot)
                self.add(Scalar(None, spot), spot)
                return
            fix = "Take the name out."
            self.error("source.anchor", f"&{event.anchor} names a value to refer to it", spot, fix)
        if not isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)):
            raise TypeError(f"an unknown kind of node: {event}")
        if event.tag is not None:
            self.error("source.tag", f"the tag {event.tag} gives a value a type", spot, "Take the tag out.")
        if isinstance(event, yaml.ScalarEvent):
            self.scalar(event, spot)
            return
        if len(self.stack) == MAX_DEPTH:
            self.error("source.too-deep", f"values are nested more than {MAX_DEPTH} deep", spot)
            raise _Stop
        self.stack.append(_Open(spot, isinstance(event, yaml.MappingStartEvent)))

    def scalar(self, event: yaml.ScalarEvent, spot: Spot) -> None:
        text: str = event.value
        value: str | int | bool | None = text
        top = self.stack[-1] if self.stack else None
        if not text.isprintable() and (match := FORBIDDEN.search(text)):  # to ask the first is faster
            fix = "Take it out."
            if match[0] == "\n" and event.style in ("|", ">"):
                fix = "Write the text on one line, or begin it with >- to have its lines joined."
            self.error("source.control-character", f"the text holds {describe(match[0])}", spot, fix)
        elif not event.style:  # plain, without quotes
            is_key = top is not None and top.is_mapping and top.key is None
            if is_key and text == "<<":
                fix = "Write the settings out, or put them in a profile (extends)."
                self.error("source.merge-key", "<< merges a mapping from elsewhere", spot, fix)
                self.refused.add(spot)  # a quoted "<<" is a key like any other
                value = None
            else:
                key = top.key[0] if top is not None and top.key is not None else None
                resolved = scalars.resolve(text, date=key in DATE_KEYS and not is_key)
                if isinstance(resolved, scalars.Surprise):
                    message = f"{text} without quotes can be read as {resolved.read_as}"
                    self.error("source.ambiguous", message, spot, resolved.fix)
                else:
                    value = resolved
        self.add(Scalar(value, spot), spot)

    def add(self, node: Node, spot: Spot) -> None:
        if not self.stack:
            self.root = node
            return
        top = self.stack[-1]
        if not top.is_mapping:
            top.items.append(node)
        elif top.key is None:
            top.key = (self.key(node, top), spot)
        else:
            name, at = top.key
            top.key = None
            if name is not None:
                top.entries[name] = Entry(at, node)

    def key(self, node: Node, top: _Open) -> str | None:
        """The key's text; None, with a finding, where it has none or is there already."""
        spot = node.spot
        if self.refused and spot in self.refused:
            return None
        if not isinstance(node, Scalar):
            self.error("source.key-not-text", "a mapping or list cannot be a key", spot)
            return None
        if not isinstance(node.value, str):
            words = "nothing" if node.value is None else str(node.value).lower()
            fix = "Put the key in quotes." if node.value is not None else "Write the key."
            self.error("source.key-not-text", f"a key must be text, and here is {words}", spot, fix)
            return None
        if not node.value:
            self.error("source.key-not-text", "the key is empty", spot, "Write the key.")
            return None
        if node.value in top.entries:
            first = top.entries[node.value].spot
            message = f"{node.value!r} is said twice; the first time in line {first.line}, column {first.column}"
            self.error("source.duplicate-key", message, spot, "Keep one of the two.")
            return None
        return node.value


_SYNTAX = (
    ("that cannot start any token", "a tab, or a character that cannot begin a value", ""),
    ("mapping values are not allowed", "a second ': ' in one line", "Put text that holds ': ' in quotes."),
    ("could not find expected ':'", "a line without ': ' where a key and its value were expected", ""),
    ("did not find expected key", "this does not fit the mapping that it stands in", "Check the indentation."),
    ("did not find expected '-' indicator", "this does not fit the list it stands in", "Check the indentation."),
    ("did not find expected ',' or ']'", "a list in [ ] is not closed, or a comma is missing", ""),
    ("did not find expected ',' or '}'", "a mapping in { } is not closed, or a comma is missing", ""),
    ("found unexpected end of stream", "the file ends inside a quoted text", "Close the quotation mark."),
    ("found unexpected document indicator", "a document ends inside a quoted text", "Close the quotation mark."),
    ("found unknown escape character", "an unknown escape in double quotes", "Use single quotes, or write \\\\."),
)


def _syntax(error: yaml.MarkedYAMLError, text: str, file: str, report: Report) -> None:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line, mark.column) if mark is not None else (0, 0)
    place = Place(file, line + 1, column + 1)
    problem = error.problem or "it cannot be read"
    lines = text.split("\n")
    conflict = next((number for number, one in enumerate(lines[: line + 2], 1) if MERGE.match(one)), 0)
    if conflict:
        report.error("source.yaml", "a merge left its marks here", Place(file, conflict, 1), UNMERGED)
        return
    if "\t" in (lines[line] if line < len(lines) else "")[: column + 1]:
        at = lines[line].index("\t")
        place = Place(file, line + 1, at + 1)
        report.error("source.tab", "a tab cannot indent YAML", place, "Use spaces.")
        return
    for words, message, fix in _SYNTAX:
        if words in problem:
            report.error("source.yaml", message, place, fix)
            return
    report.error("source.yaml", f"this is not YAML: {problem}", place)


def compose(raw: bytes, file: str, findings: Findings) -> Mapping | None:
    """The mapping that a file holds, or None with at least one finding. All findings of the file are added."""
    report = Report(findings)
    text = _decode(raw, file, report)
    if text is None:
        return None
    composer = _Composer(file, report)
    try:
        composer.read(iter(yaml.CSafeLoader(text).get_event, None))
    except _Stop:
        return None
    except yaml.MarkedYAMLError as error:
        _syntax(error, text, file, report)
        return None
    except yaml.YAMLError as error:
        report.error("source.yaml", f"this is not YAML: {error}", Place(file, 1, 1))
        return None
    root = composer.root
    if root is None or (isinstance(root, Scalar) and root.value is None):
        report.error("source.empty", "the file is empty", Place(file, 1, 1), "`mailwright init` writes one.")
        return None
    if not isinstance(root, Mapping):
        place = Place(file, root.spot.line, root.spot.column)
        message = "the file must consist of keys with values, such as 'organisation:'"
        report.error("source.not-a-mapping", message, place)
        return None
    return root
