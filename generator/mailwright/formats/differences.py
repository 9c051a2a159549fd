"""The difference of two texts, in a time that does not grow with the square of their length: files of a build may
have 100,000 lines, and what is on a host may be made to hold up whoever compares it."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from difflib import SequenceMatcher
from itertools import pairwise

CONTEXT = 3
"""Lines around each difference."""

_LONG = 1 << 16
"""Pairs of lines that difflib may compare: of lines that are all alike, it takes a second for so many."""

Block = tuple[int, int, int, int]  # lines [a, b) of the old text become lines [c, d) of the new one


def unified(old: bytes, new: bytes) -> Iterator[str]:
    """The difference of two files as ``diff -u`` says it, from the first ``@@`` on; none where one is no text:
    UTF-8 without NUL."""
    try:
        before, after = old.decode(), new.decode()
    except UnicodeDecodeError:
        return
    if "\0" not in before and "\0" not in after:
        yield from of_texts(before, after)


def of_texts(old: str, new: str) -> Iterator[str]:
    """The same of any two texts. A line ends at a line feed and nowhere else."""
    before, after = _lines(old), _lines(new)
    for group in _groups(blocks(before, after)):
        (start, _, begin, _), (_, end, _, finish) = group[0], group[-1]
        lead = min(CONTEXT, start)
        tail = min(CONTEXT, len(before) - end)
        yield f"@@ -{_range(start - lead, end + tail)} +{_range(begin - lead, finish + tail)} @@"
        at = start - lead
        for a, b, c, d in group:
            yield from _marked(" ", before[at:a])
            yield from _marked("-", before[a:b])
            yield from _marked("+", after[c:d])
            at = b
        yield from _marked(" ", before[at : end + tail])


def _lines(text: str) -> list[str]:
    """Lines, each with the line feed that ends it."""
    lines = [f"{line}\n" for line in text.split("\n")]
    last = lines.pop()[:-1]
    return [*lines, last] if last else lines


def _marked(mark: str, lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        yield mark + line.removesuffix("\n")
        if not line.endswith("\n"):
            yield "\\ No newline at end of file"


def _range(start: int, end: int) -> str:
    length = end - start
    if length == 1:
        return f"{start + 1}"
    return f"{start + 1 if length else start},{length}"


def _groups(blocks: Iterable[Block]) -> Iterator[list[Block]]:
    """Blocks whose contexts touch, together."""
    group: list[Block] = []
    for block in blocks:
        if group and block[0] - group[-1][1] > 2 * CONTEXT:
            yield group
            group = []
        group.append(block)
    if group:
        yield group


def blocks(old: Sequence[str], new: Sequence[str]) -> Iterator[Block]:
    """What differs, in order. difflib is quadratic, so it gets only what lies between lines that are surely the
    same: those at the head and the tail and, in long texts, those that are there once on both sides."""
    head = 0
    while head < min(len(old), len(new)) and old[head] == new[head]:
        head += 1
    tail = 0
    while tail < min(len(old), len(new)) - head and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    end, finish = len(old) - tail, len(new) - tail
    anchors = [(head - 1, head - 1)]
    if (end - head) * (finish - head) > _LONG:
        anchors += _anchors(old, new, (head, end, head, finish))
    anchors.append((end, finish))
    open_: Block | None = None
    for (a, c), (b, d) in pairwise(anchors):
        for block in _between(old, new, (a + 1, b, c + 1, d)):
            if open_ is not None and (open_[1], open_[3]) == (block[0], block[2]):
                open_ = (open_[0], block[1], open_[2], block[3])
            else:
                if open_ is not None:
                    yield open_
                open_ = block
    if open_ is not None:
        yield open_


def _between(old: Sequence[str], new: Sequence[str], block: Block) -> Iterator[Block]:
    a, b, c, d = block
    if a == b and c == d:
        return
    if a == b or c == d or (b - a) * (d - c) > _LONG:
        yield block
        return
    matcher = SequenceMatcher(None, old[a:b], new[c:d])
    for tag, i, j, k, m in matcher.get_opcodes():
        if tag != "equal":
            yield a + i, a + j, c + k, c + m


def _anchors(old: Sequence[str], new: Sequence[str], block: Block) -> list[tuple[int, int]]:
    """Pairs of the same line, each there once on both sides, of which each stands after the one before: the longest
    row of them (patience difference, in n log n)."""
    a, b, c, d = block
    once = [{line for line, count in Counter(lines).items() if count == 1} for lines in (old[a:b], new[c:d])]
    where = {line: c + index for index, line in enumerate(new[c:d]) if line in once[1]}
    ends: list[int] = []  # the smallest place in ``new`` at which a row of that length ends
    rows: list[tuple[int, int, int]] = []  # place in old, in new, and which of ``rows`` comes before it
    last: list[int] = []  # the row that ends so
    for index in range(a, b):
        line = old[index]
        if line not in once[0] or line not in where:
            continue
        place = where[line]
        length = bisect_left(ends, place)
        rows.append((index, place, last[length - 1] if length else -1))
        ends[length : length + 1] = [place]
        last[length : length + 1] = [len(rows) - 1]
    found: list[tuple[int, int]] = []
    at = last[-1] if last else -1
    while at >= 0:
        one, other, at = rows[at]
        found.append((one, other))
    return found[::-1]
