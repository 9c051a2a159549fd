"""The picture of how mail flows: what differs is marked, what does not is not, and it stays small."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from ipaddress import ip_address, ip_network
from itertools import combinations

import pytest

from mailwright.changes import picture
from mailwright.changes.flow import Edge, Flow, Node, State, flow
from mailwright.changes.picture import Box, Picture
from mailwright.plan import make
from mailwright.plan.model import EVERYWHERE, Because, Opening, Plan
from mailwright.site.model import Network, Site, Smarthost
from support.example import (
    HERE,
    example,
    gateway,
    load_example,
    person,
    split,
    split_hosts,
    with_everything,
    with_gateway,
    with_person,
)

BECAUSE = Because("", "")
SHAPES = (picture.wide, picture.tall)


def between(old: Site, new: Site) -> Flow:
    return flow(make(old), make(new))


def marks(made: Flow) -> dict[str, State]:
    """``mx`` or ``world>mx`` → what it is marked as."""
    return {name(one): one.state for one in made.marked}


def name(one: Node | Edge) -> str:
    return one.place if isinstance(one, Node) else f"{one.source}>{one.target}"


def trusting(*networks: str) -> Site:
    more = tuple(Network(ip_network(each), HERE) for each in networks)
    site = load_example()
    return replace(site, networks=replace(site.networks, relay=(*site.networks.relay, *more)))


def relayed() -> Site:
    return example(smarthost=Smarthost("relay.provider.example", 587, "", "", "", HERE))


def moved() -> Site:
    """The split site with one more mailer."""
    first, *rest = split_hosts()
    other = replace(first, name="mx3.college.ac.uk", addresses=(ip_address("198.51.100.99"),))
    return split() if not rest else replace(split(), hosts=(first, other, *rest))


# --- What is marked --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("site", [load_example(), split(), with_everything()], ids=["example", "split", "all"])
def test_nothing_is_marked_where_nothing_differs(site: Site) -> None:
    made = between(site, site)
    assert made.marked == ()
    assert {node.place for node in made.nodes} >= {"world", "people", "mx", "store", "submission", "border"}


def test_people_and_reasons_mark_nothing() -> None:
    assert between(load_example(), with_person(person("zz100"))).marked == ()
    plan = make(split())
    worded = replace(plan, grants=tuple(replace(row, because=Because("X", "another")) for row in plan.grants))
    assert flow(plan, worded).marked == ()


def test_a_network_that_is_trusted_appears_with_its_way() -> None:
    found = marks(between(load_example(), trusting("192.0.2.0/24")))
    assert found["networks"] == "added"
    assert found["networks>mx"] == "added"
    assert "world>mx" not in found
    more = marks(between(trusting("192.0.2.0/24"), trusting("192.0.2.0/24", "203.0.113.0/28")))
    assert (more["networks"], more["networks>mx"]) == ("changed", "changed")


def test_the_site_s_own_hosts_are_no_trusted_network() -> None:
    assert "networks" not in {node.place for node in between(split(), split()).nodes}
    assert "networks" not in {node.place for node in between(with_gateway(), with_gateway()).nodes}


def test_a_gateway_that_is_retired_goes_with_both_of_its_ways() -> None:
    found = marks(between(with_gateway(), load_example()))
    assert (found["gateways"], found["mx>gateways"], found["gateways>mx"]) == ("removed", "removed", "removed")


@pytest.mark.parametrize(
    ("parts", "place"),
    [({"next_hop": "other.physics.college.ac.uk"}, "gateways"), ({"port": 2525}, ""), ({"tls": "may"}, "")],
)
def test_another_way_to_the_system_behind_a_gateway_is_a_change(parts: dict[str, object], place: str) -> None:
    found = marks(between(with_gateway(), with_gateway(**parts)))
    assert found["mx>gateways"] == "changed"
    assert ("gateways" in found) == bool(place)


def test_one_more_mailer_changes_how_mail_comes_in_and_goes_out() -> None:
    made = between(split(), moved())
    found = marks(made)
    for each in ("mx", "world>mx", "mx>world", "mx>store", "border"):
        assert found[each] == "changed", each
    (node,) = [node for node in made.nodes if node.place == "mx"]
    assert [(member.name, member.state) for member in node.marked] == [("mx3.college.ac.uk", "added")]
    assert "people>submission" not in found


def test_a_smarthost_takes_the_place_of_the_direct_way_out() -> None:
    found = marks(between(load_example(), relayed()))
    assert found["smarthost"] == "added"
    assert found["submission>smarthost"] == "added"
    assert found["smarthost>world"] == "added"
    assert found["submission>world"] == "removed"


def test_functions_that_move_are_marked_where_they_were_and_where_they_are() -> None:
    made = between(load_example(), split())
    (store,) = [node for node in made.nodes if node.place == "store"]
    assert {member.name: member.state for member in store.members} == {
        "store1.college.ac.uk": "added",
        "store2.college.ac.uk": "added",
        "mail.college.ac.uk": "removed",
    }
    assert marks(made)["log"] == "added"


def test_lists_and_web_come_with_their_ways() -> None:
    found = marks(between(split(), with_everything()))
    for each in ("lists", "web", "mx>lists", "lists>mx", "people>web", "web>store", "web>submission"):
        assert found[each] == "added", each


def edited(**tables: Callable[[Plan], tuple[object, ...]]) -> Flow:
    plan = make(split())
    return flow(plan, replace(plan, **{table: rows(plan) for table, rows in tables.items()}))  # type: ignore[arg-type]


def test_what_no_description_says_so_far_is_marked_too() -> None:
    """Plans are compared, whoever made them: a newer mailwright changes them otherwise."""
    out = Opening("store1.college.ac.uk", "out", "tcp", 25, EVERYWHERE, BECAUSE)
    opened = edited(openings=lambda plan: (*(row for row in plan.openings if row.key != out.key), out))
    assert marks(opened)["store>world"] == "added"
    plain = edited(
        listeners=lambda plan: tuple(replace(row, tls="none") if row.port == 587 else row for row in plan.listeners)
    )
    assert marks(plain) == {"people>submission": "changed"}
    (edge,) = [edge for edge in plain.edges if edge.state != "same"]
    assert [member.differs for member in edge.marked] == [("its encryption",)]
    unasked = edited(policies=lambda plan: tuple(row for row in plan.policies if row.stage != "rcpt"))
    assert marks(unasked)["mx"] == "changed"
    alone = edited(links=lambda plan: tuple(row for row in plan.links if row.service != "syslog"))
    assert marks(alone) == {"log": "changed"}
    elsewhere = edited(
        records=lambda plan: tuple(
            replace(row, value="10 mx.provider.example.") if row.type == "MX" else row for row in plan.records
        )
    )
    assert marks(elsewhere) == {"world>mx": "changed"}
    wide_open = edited(border=lambda plan: tuple(row for row in plan.border if row.verdict == "permit"))
    assert marks(wide_open) == {"border": "changed"}


@pytest.mark.parametrize("other", [split(), with_everything(), relayed(), trusting("192.0.2.0/24")])
def test_the_way_back_is_the_way_there_the_other_way_round(other: Site) -> None:
    turned: dict[State, State] = {"added": "removed", "removed": "added", "changed": "changed", "same": "same"}
    there, back = marks(between(load_example(), other)), marks(between(other, load_example()))
    assert there
    assert {each: turned[state] for each, state in there.items()} == back


# --- Where it stands -------------------------------------------------------------------------------------------


def many() -> Site:
    """Fifty stores."""
    hosts = [host for host in split_hosts() if "store" not in host.functions]
    store = next(host for host in split_hosts() if "store" in host.functions)
    stores = [
        replace(store, name=f"store{n}.college.ac.uk", addresses=(ip_address(f"198.51.100.{100 + n}"),))
        for n in range(1, 51)
    ]
    return replace(split(), hosts=(*hosts, *stores))


FLOWS = {
    "example": between(load_example(), load_example()),
    "split": between(load_example(), split()),
    "all": between(relayed(), with_everything()),
    "trusted": between(with_gateway(), trusting("192.0.2.0/24")),
    "many": between(load_example(), many()),
}


def overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("made", FLOWS.values(), ids=FLOWS)
def test_boxes_stand_apart_inside_the_picture_and_nothing_is_left_out(
    made: Flow, shape: Callable[[Flow, str], Picture]
) -> None:
    drawn = shape(made, "college.ac.uk")
    assert [
        (one.node.place, other.node.place) for one, other in combinations(drawn.boxes, 2) if overlap(one, other)
    ] == []
    for box in drawn.boxes:
        assert 0 <= box.x < box.x + box.width <= drawn.width
        assert 0 <= box.y < box.y + box.height <= drawn.height
        assert all(line.y + 4 < box.height for line in box.lines)
        assert all(len(line.words) * 7 <= box.width - 24 for line in box.lines)
    assert {box.node.place for box in drawn.boxes} == {node.place for node in made.nodes}
    assert [arrow.edge for arrow in drawn.arrows] == list(made.edges)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("made", FLOWS.values(), ids=FLOWS)
def test_arrows_stay_inside_and_end_at_their_boxes(made: Flow, shape: Callable[[Flow, str], Picture]) -> None:
    drawn = shape(made, "college.ac.uk")
    boxes = {box.node.place: box for box in drawn.boxes}
    for arrow in drawn.arrows:
        numbers = arrow.path.replace("M", " ").replace("C", " ").replace("L", " ").split()
        points = [tuple(map(int, each.split(","))) for each in numbers]
        assert all(0 <= x <= drawn.width and 0 <= y <= drawn.height for x, y in points), arrow.path
        tip = tuple(map(int, arrow.head.split()[0].split(",")))
        for place, (x, y) in ((arrow.edge.source, points[0]), (arrow.edge.target, tip)):
            box = boxes[place]
            at_a_side = x in (box.x, box.x + box.width) or y in (box.y, box.y + box.height)
            assert at_a_side, (arrow.edge.title, place)
            assert box.x <= x <= box.x + box.width
            assert box.y <= y <= box.y + box.height


@pytest.mark.parametrize("shape", SHAPES)
def test_fifty_hosts_make_no_larger_picture(shape: Callable[[Flow, str], Picture]) -> None:
    few, much = (shape(FLOWS[each], "college.ac.uk") for each in ("split", "many"))
    assert much.width == few.width
    assert much.height <= few.height + 100
    (store,) = [box for box in much.boxes if box.node.place == "store"]
    assert [line.words for line in store.lines] == ["store1", "store10", "store11", "store12", "and 47 more"]


def test_what_is_marked_is_named_before_what_is_not() -> None:
    site = many()
    *_, last = site.hosts
    drawn = picture.wide(between(replace(site, hosts=site.hosts[:-1]), site), "college.ac.uk")
    (store,) = [box for box in drawn.boxes if box.node.place == "store"]
    assert (store.lines[0].words, store.lines[0].state) == (last.name.removesuffix(".college.ac.uk"), "added")
    assert store.lines[1].state == "same"


def test_a_long_name_is_cut_and_what_does_not_print_is_seen() -> None:
    system = gateway(name="\u202eevil" + "x" * 300)
    site = replace(with_gateway(), gateways=(system,))
    (box,) = [
        box for box in picture.tall(between(site, site), "college.ac.uk").boxes if box.node.place == "gateways"
    ]
    assert box.lines[0].words.startswith("\\u202eevil")
    assert box.lines[0].words.endswith("…")
