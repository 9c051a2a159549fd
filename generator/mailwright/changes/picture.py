"""Where the boxes and arrows of a Flow stand, in whole pixels: once for wide screens, once for phones.

Functions stand in layers, from the outside world to what lies behind our mailers. The border is a wall behind the
first layer, and what it lets through is said at the foot. ``wide`` has the layers side by side, ``tall`` one below
the other. The template draws what is measured here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence

from mailwright.changes.flow import Edge, Flow, Member, Node, Place, State
from mailwright.formats.visible import visible
from mailwright.records import dataclass

_LAYERS: tuple[tuple[Place, ...], ...] = (
    ("world", "smarthost", "people"),
    ("mx", "submission", "web"),
    ("networks", "gateways", "lists", "store"),
)
_LAYER = {place: number for number, layer in enumerate(_LAYERS) for place in layer}
_FOOT: tuple[Place, ...] = ("border", "log")
_WIDTHS = (160, 220, 220)  # of the layers on a wide screen
_BETWEEN = (260, 100)  # the layers: arrows need room
_WALL = 60  # how thick it is on a wide screen, and
_LOW = 28  # on a phone
_TALL = 340  # width on a phone
_GAP = 44  # between boxes of a layer on a wide screen, and
_APART = 20  # on a phone
_ROOM = 64  # for arrows between the layers of a phone
_LINE, _TITLE, _PADDING = 17, 24, 10
_CHARACTER, _BOLD = 7, 8  # about as wide are the characters of a line, and of a title
_MOST = 4  # members that are named in a box
_END = 16  # room for one arrow's end
_HEAD = 8


@dataclass(frozen=True, slots=True)
class Line:
    """A member of a box, cut to fit; or, with state ``same``, how many more there are."""

    y: int
    words: str
    state: State


@dataclass(frozen=True, slots=True)
class Box:
    node: Node
    title: str
    x: int
    y: int
    width: int
    height: int
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Arrow:
    """``path`` and ``head`` are SVG's path data and points; its mark stands at ``x``, ``y``."""

    edge: Edge
    path: str
    head: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Wall:
    """The border, with its name at ``text``."""

    state: State
    x: int
    y: int
    width: int
    height: int
    text: int


@dataclass(frozen=True, slots=True)
class Picture:
    width: int
    height: int
    walls: tuple[Wall, ...]  # none or one
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]


_Point = tuple[int, int]  # along the layers, across them


def wide(flow: Flow, domain: str) -> Picture:
    """Layers side by side. Names below ``domain`` are shortened by it."""
    nodes = {node.place: node for node in flow.nodes}
    ends = _ends(flow)
    heights = {place: max(_height(node), _END * (ends[place] + 1)) for place, node in nodes.items()}
    layers = [[place for place in layer if place in nodes] for layer in _LAYERS]
    height = max(sum(heights[place] for place in layer) + _GAP * (len(layer) - 1) for layer in layers if layer)
    boxes: dict[Place, Box] = {}
    x = 0
    for layer, width, between in zip(layers, _WIDTHS, (*_BETWEEN, 0), strict=True):
        taken = sum(heights[place] for place in layer)
        space = (height - taken) // (len(layer) - 1) if len(layer) > 1 else 0
        y = _TITLE if len(layer) > 1 else _TITLE + (height - taken) // 2
        for place in layer:
            boxes[place] = _box(nodes[place], x, y, width, heights[place], domain)
            y += heights[place] + space
        x += width + between
    bottom = _TITLE + height + _below(boxes)
    middle = _WIDTHS[0] + (_BETWEEN[0] - _WALL) // 2
    walls = [
        Wall(node.state, middle, _TITLE, _WALL, bottom - _TITLE, _TITLE - 8)
        for node in flow.nodes
        if node.place == "border"
    ]
    arrows = tuple(_arrows(flow, boxes, lambda m, c: (m, c)))
    foot = _foot(nodes, x, bottom + _GAP // 2, domain)
    last = max((box.y + box.height for box in foot), default=bottom)
    return Picture(x, last, tuple(walls), (*boxes.values(), *foot), arrows)


def tall(flow: Flow, domain: str) -> Picture:
    """Layers one below the other, in 340 pixels."""
    nodes = {node.place: node for node in flow.nodes}
    boxes: dict[Place, Box] = {}
    walls = []
    y = 0
    for layer in _LAYERS:
        there = [nodes[place] for place in layer if place in nodes]
        height = max(map(_height, there), default=0)
        for node, x, width in _side_by_side(there, _TALL):
            boxes[node.place] = _box(node, x, y, width, height, domain)
        y += height + _ROOM
        if layer is _LAYERS[0] and "border" in nodes:
            walls.append(Wall(nodes["border"].state, 0, y - 34, _TALL, _LOW, y - 34 + 18))
            y += _LOW
    arrows = tuple(_arrows(flow, boxes, lambda m, c: (c, m)))
    foot = _foot(nodes, _TALL, y - _ROOM + _GAP // 2, domain)
    last = max(box.y + box.height for box in (*boxes.values(), *foot))
    return Picture(_TALL, last, tuple(walls), (*boxes.values(), *foot), arrows)


def _foot(nodes: Mapping[Place, Node], width: int, y: int, domain: str) -> tuple[Box, ...]:
    """What no arrow leads to."""
    there = [nodes[place] for place in _FOOT if place in nodes]
    height = max(map(_height, there), default=0)
    return tuple(_box(node, x, y, each, height, domain) for node, x, each in _side_by_side(there, width, 2))


def _side_by_side(nodes: Sequence[Node], width: int, least: int = 1) -> Iterator[tuple[Node, int, int]]:
    """Each with its x and its width; they share ``width``, as if there were at least so many."""
    number = max(least, len(nodes))
    each = (width - _APART * (number - 1)) // number
    for place, node in enumerate(nodes):
        yield node, place * (each + _APART), each


def _below(boxes: Mapping[Place, Box]) -> int:
    """Room below a layer of one box, by which arrows pass it."""
    return _GAP // 2 if sum(_LAYER[place] == 1 for place in boxes) < 2 else 0


def _ends(flow: Flow) -> Mapping[Place, int]:
    """How many arrows' ends there are at most at one side of a node."""
    sides: defaultdict[tuple[Place, bool], int] = defaultdict(int)
    for edge in flow.edges:
        onward = _LAYER[edge.source] <= _LAYER[edge.target]
        sides[edge.source, onward] += 1
        sides[edge.target, not onward] += 1
    return defaultdict(int, {place: max(sides[place, side] for side in (True, False)) for place, _ in tuple(sides)})


def _height(node: Node) -> int:
    lines = min(len(node.members), _MOST) + (len(node.members) > _MOST)
    return _TITLE + _LINE * lines + _PADDING


def _box(node: Node, x: int, y: int, width: int, height: int, domain: str) -> Box:
    shown = sorted(node.members, key=lambda member: member.state == "same")[:_MOST]  # what is marked first
    room = (width - 24) // _CHARACTER
    lines = [
        Line(_TITLE + _LINE * number + 12, _cut(member, room, domain), member.state)
        for number, member in enumerate(shown)
    ]
    if len(node.members) > _MOST:
        more = f"and {len(node.members) - _MOST:,} more"
        lines.append(Line(_TITLE + _LINE * _MOST + 12, more, "same"))
    return Box(node, _title(node.title, width), x, y, width, height, tuple(lines))


def _title(title: str, width: int) -> str:
    """The whole, or where it does not fit its first word."""
    return title if len(title) * _BOLD <= width - 12 else title.partition(" ")[0]


def _cut(member: Member, room: int, domain: str) -> str:
    name = visible(member.name).removesuffix(f".{domain}")
    return name if len(name) <= room else f"{name[: room - 1]}…"


def _arrows(flow: Flow, boxes: Mapping[Place, Box], turned: Callable[[int, int], _Point]) -> Iterator[Arrow]:
    """The edges, each from side to side; their ends are spread in the order of where they lead."""
    spans = {
        place: (
            turned(box.x, box.y),  # where it begins, along and across
            turned(box.x + box.width, box.y + box.height),
        )
        for place, box in boxes.items()
    }
    places = _spread(flow, spans)
    passing = 0
    for number, edge in enumerate(flow.edges):
        start, end = places[number, "source"], places[number, "target"]
        steps = abs(_LAYER[edge.source] - _LAYER[edge.target])
        if steps == 0:
            yield _beside(edge, spans, turned)
            continue
        sign = 1 if end[0] > start[0] else -1
        tip = end
        end = (end[0] - sign * (_HEAD - 1), end[1])
        legs = [(start, end)]
        if steps == 2:  # past our own hosts, through the last gap between them
            first, second = _gap(spans, passing)
            passing += 1
            if sign < 0:
                first, second = second, first
            legs = [(start, first), (first, second), (second, end)]
        path = f"M{_xy(turned, start)}" + "".join(_curve(turned, *leg) for leg in legs)
        back = tip[0] - sign * _HEAD
        corners = (tip, (back, tip[1] - _HEAD // 2), (back, tip[1] + _HEAD // 2))
        head = " ".join(_xy(turned, corner) for corner in corners)
        x, y = turned(start[0] + sign * 12, start[1])
        yield Arrow(edge, path, head, x, y)


def _spread(flow: Flow, spans: Mapping[Place, tuple[_Point, _Point]]) -> Mapping[tuple[int, str], _Point]:
    """Number of the edge and which of its ends → where that is."""
    sides: defaultdict[tuple[Place, bool], list[tuple[int, int, str]]] = defaultdict(list)
    for number, edge in enumerate(flow.edges):
        onward = _LAYER[edge.source] < _LAYER[edge.target]
        if _LAYER[edge.source] != _LAYER[edge.target]:
            for place, other, name, side in (
                (edge.source, edge.target, "source", onward),
                (edge.target, edge.source, "target", not onward),
            ):
                (_, low), (_, high) = spans[other]
                sides[place, side].append(((low + high) // 2, number, name))
    found: dict[tuple[int, str], _Point] = {}
    for (place, after), ends in sides.items():
        (begin, low), (finish, high) = spans[place]
        for index, (_, number, name) in enumerate(sorted(ends), 1):
            found[number, name] = (finish if after else begin, low + (high - low) * index // (len(ends) + 1))
    return defaultdict(lambda: (0, 0), found)


def _gap(spans: Mapping[Place, tuple[_Point, _Point]], passing: int) -> tuple[_Point, _Point]:
    """Where an arrow passes our hosts: between the last two boxes of their layer, or after the only one."""
    layer = sorted((span for place, span in spans.items() if _LAYER.get(place) == 1), key=lambda span: span[0][1])
    across = layer[-1][1][1] + _GAP // 4 if len(layer) == 1 else (layer[-2][1][1] + layer[-1][0][1]) // 2
    across += 6 * passing - 3
    return (layer[0][0][0], across), (layer[0][1][0], across)


def _beside(
    edge: Edge, spans: Mapping[Place, tuple[_Point, _Point]], turned: Callable[[int, int], _Point]
) -> Arrow:
    """From a box to one of the same layer."""
    (begin, low), (finish, high) = spans[edge.source]
    (_, other_low), (_, other_high) = spans[edge.target]
    along = (begin + finish) // 2
    start, tip, sign = (low, other_high, -1) if other_low < low else (high, other_low, 1)
    back = tip - sign * _HEAD
    corners = ((along, tip), (along - _HEAD // 2, back), (along + _HEAD // 2, back))
    head = " ".join(_xy(turned, corner) for corner in corners)
    path = f"M{_xy(turned, (along, start))} L{_xy(turned, (along, back + sign))}"
    x, y = turned(along, start + sign * 12)
    return Arrow(edge, path, head, x, y)


def _curve(turned: Callable[[int, int], _Point], start: _Point, end: _Point) -> str:
    middle = (start[0] + end[0]) // 2
    points = ((middle, start[1]), (middle, end[1]), end)
    return " C" + " ".join(_xy(turned, point) for point in points)


def _xy(turned: Callable[[int, int], _Point], point: _Point) -> str:
    x, y = turned(*point)
    return f"{x},{y}"
