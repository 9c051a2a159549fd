"""What each dialect's router lets through is what the site says: port 25 to and from the mailers, and so on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailwright.border import DIALECTS
from mailwright.border.model import Dialect
from mailwright.formats.engine import FormatError
from mailwright.plan import border, make
from mailwright.plan.model import Because, Plan
from mailwright.site.model import Host, IPAddress, IPNetwork, Network, Site
from support import border_readers
from support.border_readers import Packet, Reader
from support.example import HERE, example, load_example
from support.hostile import HOSTILE

LISTS = {(way, version): f"MAILWRIGHT-V{version}-{way.upper()}" for way in ("in", "out") for version in (4, 6)}
READERS: dict[str, Callable[[str], Reader]] = {
    "arista-eos.txt": lambda text: border_readers.arista_eos(text, LISTS),
    "cisco-ios.txt": lambda text: border_readers.cisco_ios(text, LISTS),
    "junos.conf": lambda text: border_readers.junos(text, filters_there(text)),
    "nftables.nft": lambda text: border_readers.nftables(text, {"outside": '{ "outside" }'}),
}
PORTS = (25, 465, 587, 80)
OUTSIDE = (ip_address("203.0.113.7"), ip_address("2001:db8:bbbb::7"))
each_dialect = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: dialect.file)


def filters_there(text: str) -> border_readers.Applied:
    """Junos refuses to apply a filter that is not there: apply those that are."""
    names = {key: name.lower() for key, name in LISTS.items()}
    return {key: name for key, name in names.items() if f"filter {name} {{" in text}


def expected(site: Site, packet: Packet) -> bool:
    """The answer from the site itself, host by host; no row of the plan is asked."""
    inside = packet.target if packet.direction == "in" else packet.source
    if packet.protocol != "tcp" or not any(inside in network.prefix for network in site.networks.campus):
        return True
    if packet.direction == "out":
        functions = {25: {"mx", "submission"}}.get(packet.port)
    else:
        functions = {25: {"mx"}, 465: {"submission"}, 587: {"submission"}}.get(packet.port)
    if functions is None:
        return True
    return any(inside in host.addresses and functions & set(host.functions) for host in site.hosts)


def packets(inside: tuple[IPAddress, ...], outside: tuple[IPAddress, ...]) -> Iterator[Packet]:
    for near in inside:
        for far in outside:
            if near.version == far.version:
                for port in PORTS:
                    for protocol in ("tcp", "udp"):
                        yield Packet("in", far, near, port, protocol)
                        yield Packet("out", near, far, port, protocol)
                        # answers on open connections: the mail port is the source's
                        yield Packet("in", far, near, 40000, protocol, source_port=port)
                        yield Packet("out", near, far, 40000, protocol, source_port=port)


def agree(site: Site, inside: tuple[IPAddress, ...], outside: tuple[IPAddress, ...] = OUTSIDE) -> None:
    rows = tuple(sorted(border.rows(site), key=lambda row: row.key))
    plan = replace(make(load_example()), border=rows)
    readers = {dialect.file: READERS[dialect.file](dialect.render(plan)) for dialect in DIALECTS}
    for packet in packets(inside, outside):
        answer = expected(site, packet)
        for name, reader in readers.items():
            assert reader.let_through(packet) is answer, (name, packet)


def host(name: str, *addresses: str, functions: tuple[str, ...]) -> Host:
    return Host(f"{name}.college.ac.uk", tuple(map(ip_address, addresses)), "debian-13", functions, HERE)


def campus(*prefixes: IPNetwork | str) -> tuple[Network, ...]:
    return tuple(Network(ip_network(prefix), HERE) for prefix in prefixes)


def spread() -> Site:
    """Each function on hosts of its own, one with one family alone, one off the campus; campus prefixes overlap."""
    return example(
        hosts=(
            host("mx1", "198.51.100.25", "2001:db8:c011::25", functions=("mx",)),
            host("mx2", "2001:db8:c011::26", functions=("mx",)),
            host("away", "203.0.113.99", functions=("mx",)),
            host("smtp", "198.51.100.27", "2001:db8:c011::27", functions=("submission",)),
            host("store", "198.51.100.28", "2001:db8:c011::28", functions=("store",)),
        ),
        networks=replace(
            load_example().networks,
            campus=campus("198.51.100.0/25", "198.51.100.0/26", "198.51.100.128/27", "2001:db8:c011::/48"),
        ),
    )


MATRIX: tuple[IPAddress, ...] = (
    *map(ip_address, (f"198.51.100.{last}" for last in (1, 25, 26, 27, 28, 127, 159, 160))),
    *map(ip_address, (f"2001:db8:c011::{last}" for last in (25, 26, 27, 28))),
    ip_address("2001:db8:c011:ffff:ffff:ffff:ffff:ffff"),
    ip_address("2001:db8:c012::"),
    ip_address("203.0.113.99"),
)


@pytest.mark.parametrize("site", [load_example(), spread()], ids=["example", "spread"])
def test_every_dialect_answers_as_the_site_says(site: Site) -> None:
    agree(site, MATRIX)


def test_the_matrix_has_both_answers_for_each_family_direction_and_port() -> None:
    """Its positive twin: neither always yes nor always no would pass."""
    seen: dict[tuple[str, int, int], set[bool]] = {}
    for packet in packets(MATRIX, OUTSIDE):
        if packet.protocol == "tcp" and packet.port in (25, 465, 587):
            key = (packet.direction, packet.version, packet.port)
            seen.setdefault(key, set()).add(expected(spread(), packet))
    judged = {key for key in seen if key[0] == "in" or key[2] == 25}
    assert len(judged) == 8
    assert all(seen[key] == {True, False} for key in judged)


@pytest.mark.parametrize("version", [4, 6])
def test_a_family_without_campus_is_left_alone_and_that_is_said(version: int) -> None:
    networks = load_example().networks
    kept = tuple(network for network in networks.campus if network.prefix.version != version)
    site = example(networks=replace(networks, campus=kept))
    agree(site, MATRIX)
    for dialect in DIALECTS:
        said = f"no prefix of IPv{version}: nothing is judged there"
        assert said in dialect.render(make(site))
        assert said not in dialect.render(make(load_example()))


def addresses_of(prefix: IPNetwork) -> st.SearchStrategy[IPAddress]:
    last = prefix.num_addresses - 1
    return st.integers(0, min(last, 2**64)).map(lambda number: prefix[number])


V4 = st.tuples(st.integers(0, 2**32 - 1), st.integers(1, 32)).map(lambda it: IPv4Network(it, strict=False))
V6 = st.tuples(st.integers(0, 2**128 - 1), st.integers(1, 128)).map(lambda it: IPv6Network(it, strict=False))


@st.composite
def sites(draw: st.DrawFn) -> tuple[Site, tuple[IPAddress, ...]]:
    """A site with random campus prefixes and hosts, and addresses in, at the edge of and beside them."""
    prefixes = draw(st.lists(st.one_of(V4, V6), min_size=1, max_size=5))
    inside = [draw(addresses_of(prefix)) for prefix in prefixes for _ in range(2)]
    functions = st.sets(st.sampled_from(("mx", "submission", "store")), min_size=1)
    hosts = tuple(
        Host(f"h{number}.college.ac.uk", (address,), "debian-13", tuple(sorted(draw(functions))), HERE)
        for number, address in enumerate(dict.fromkeys(inside))
        if draw(st.booleans())
    )
    edges = [edge for prefix in prefixes for edge in (prefix[0], prefix[-1])]
    beside = [edge + step for edge in edges for step in (-1, 1) if 0 < int(edge) < 2**edge.max_prefixlen - 1]
    site = example(hosts=hosts, networks=replace(load_example().networks, campus=campus(*prefixes)))
    return site, (*inside, *edges, *beside)


@settings(max_examples=40, deadline=None)
@given(sites())
def test_random_sites(drawn: tuple[Site, tuple[IPAddress, ...]]) -> None:
    site, inside = drawn
    agree(site, inside)


# --- nothing is lost, and nothing gets out -----------------------------------------------------------------------


@each_dialect
@pytest.mark.parametrize(
    "networks",
    [
        (),
        (ip_network("0.0.0.0/0"),),
        (ip_network("2001:db8::/32"),),
        (ip_network("198.51.100.1"), ip_network("::1")),
    ],
    ids=["none", "all", "other family", "mixed"],
)
def test_an_entry_without_its_addresses_is_refused(dialect: Dialect, networks: tuple[IPNetwork, ...]) -> None:
    plan = make(load_example())
    at = next(index for index, row in enumerate(plan.border) if (row.version, row.verdict) == (4, "permit"))
    with pytest.raises(FormatError):
        dialect.render(with_row(plan, at, networks=networks))
    assert dialect.render(with_row(plan, at, networks=(ip_network("198.51.100.1"),)))


def with_row(plan: Plan, at: int, **parts: object) -> Plan:
    row = replace(plan.border[at], **parts)  # type: ignore[arg-type]
    return replace(plan, border=(*plan.border[:at], row, *plan.border[at + 1 :]))


@each_dialect
@pytest.mark.parametrize("parts", [{"verdict": "log"}, {"port": "25 log"}], ids=["verdict", "port"])
def test_what_is_no_verdict_or_port_is_refused(dialect: Dialect, parts: dict[str, object]) -> None:
    with pytest.raises(FormatError):
        dialect.render(with_row(make(load_example()), 0, **parts))


def bare(text: str) -> list[str]:
    """The configuration without its comments, line by line."""
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    text = re.sub(r'comment "[^"\n]*"', "", text)
    lines = (line.strip() for line in text.split("\n"))
    return [line for line in lines if line and not re.match(r"[!#]|remark ", line)]


@each_dialect
@pytest.mark.parametrize(
    "value", [*HOSTILE, "x */ firewall { }", "x /* y", "? *", "x\n permit ip any any", "x" * 500, "é"]
)
def test_hostile_text_stays_a_comment(dialect: Dialect, value: str) -> None:
    plan = make(load_example())
    hostile = replace(
        plan,
        settings=replace(plan.settings, organisation=value),
        border=tuple(replace(row, because=Because("RELAY-1", value)) for row in plan.border),
    )
    assert bare(dialect.render(hostile)) == bare(dialect.render(plan))


@each_dialect
def test_every_entry_has_its_requirement_and_reason(dialect: Dialect) -> None:
    plan = make(load_example())
    text = dialect.render(plan)
    for row in plan.border:
        assert str(row.because) in text


def test_remarks_are_short_enough_for_the_routers() -> None:
    plan = make(load_example())
    long = replace(plan, border=tuple(replace(row, because=Because("RELAY-1", "x" * 300)) for row in plan.border))
    for dialect in DIALECTS[:2]:
        remarks = re.findall(r"^ *remark (.*)$", dialect.render(long), re.MULTILINE)
        assert remarks
        assert max(map(len, remarks)) == 100


def test_a_wrong_entry_would_be_seen() -> None:
    """The matrix judges: a file that was opened by hand does not pass it."""
    site = load_example()
    plan = make(site)
    for dialect in DIALECTS:
        text = dialect.render(plan)
        opened = re.sub(r"\b(deny|reject)( tcp any|(?= with| comment|;))", lambda m: OPENED[m[0]], text)
        opened = opened.replace("accept with tcp reset", "accept")
        assert opened != text
        reader = READERS[dialect.file](opened)
        assert any(reader.let_through(packet) is not expected(site, packet) for packet in packets(MATRIX, OUTSIDE))


OPENED = {"deny tcp any": "permit tcp any", "reject": "accept"}
