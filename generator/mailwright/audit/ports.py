"""Open ports: those that the plan declares, and no other."""

from __future__ import annotations

import errno
import os
import random
import select
import socket
import struct
import time
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv6Address

from mailwright.audit import roads, threads
from mailwright.audit.model import Context, Observation, Probe, Where
from mailwright.findings import Target
from mailwright.plan.model import HostFacts
from mailwright.records import dataclass
from mailwright.site.model import IPAddress

ALL = range(1, 65536)
_PASSES = 2  # a lost answer would hide an open port
_PER_BURST = 256
_PAUSE = 0.004  # seconds between two bursts: some 60,000 packets a second at most
_LINGER = 1.0  # seconds for the last answers
_SCANS = 3  # addresses at a time that all ports of are asked
_WAITING = 12  # and those at a time of which nothing but silence is awaited

# Ports that services commonly have: of mail, of remote access, of files, of databases, of the web, of management.
_COMMON = (
    *(21, 22, 23, 24, 25, 26, 53, 79, 80, 81, 88, 106, 109, 110, 111, 113, 119, 135, 139, 143, 179, 199, 220, 389),
    *(427, 443, 444, 445, 465, 512, 513, 514, 515, 543, 544, 548, 554, 587, 601, 625, 631, 636, 646, 783, 873, 990),
    *(993, 995, 1025, 1080, 1110, 1433, 1521, 1720, 1723, 1883, 2000, 2003, 2025, 2049, 2121, 2181, 2375, 2376),
    *(2525, 3000, 3128, 3268, 3306, 3310, 3389, 3690, 4190, 4369, 4443, 5000, 5060, 5222, 5432, 5555, 5672, 5900),
    *(5901, 5984, 5985, 6000, 6001, 6379, 6443, 6514, 7000, 7001, 8000, 8008, 8024, 8080, 8081, 8086, 8089, 8443),
    *(
        8500,
        8888,
        9000,
        9090,
        9100,
        9200,
        9300,
        9418,
        10000,
        10024,
        10025,
        10026,
        10250,
        11211,
        11332,
        11333,
        11334,
    ),
    *(12345, 15672, 20514, 27017, 50000),
)
_AT_ONCE = 48  # of them at a time
_ANSWER = 1.5  # seconds for one

# Services that are left open by accident, with a question that they answer.
_UDP: tuple[tuple[int, bytes], ...] = (
    (53, bytes.fromhex("1234 0100 0001 0000 0000 0000 07 76657273696f6e 04 62696e64 00 0010 0003")),
    (69, b"\x00\x01probe\x00octet\x00"),
    (111, bytes.fromhex("12345678 00000000 00000002 000186a0 00000002 00000004" + "00" * 16)),
    (123, b"\x23" + bytes(47)),
    (137, bytes.fromhex("1234 0000 0001 0000 0000 0000 20") + b"CK" + b"A" * 30 + bytes.fromhex("00 0021 0001")),
    (161, bytes.fromhex("302602010104067075626c6963a0190201010201000201003011300f060b2b060102010101000000000500")),
    (323, b"\x06\x01\x00\x00" + bytes(24)),
    (514, b"<13>probe"),
    (1900, b"M-SEARCH * HTTP/1.1\r\n\r\n"),
    (5353, bytes.fromhex("0000 0000 0001 0000 0000 0000 09") + b"_services" + bytes.fromhex("00 000c 0001")),
    (11211, bytes.fromhex("0000 0000 0001 0000") + b"stats\r\n"),
    (11332, b"GET /ping HTTP/1.0\r\n\r\n"),
)


def tcp_from_outside(context: Context) -> Iterator[Observation]:
    """From outside, of all 65,535 TCP ports of each host's v4 and v6 addresses, those answer that the plan opens to
    that place, and no other (SCALE-1). The declared ones are then connected to as well. Of a running service those
    ports alone are asked, with ordinary connections, that services commonly have: a scan of all would be taken for
    an attack."""
    yield from _tcp(context, "outside")


def tcp_from_inside(context: Context) -> Iterator[Observation]:
    """The same from the campus."""
    yield from _tcp(context, "inside")


def udp(context: Context) -> Iterator[Observation]:
    """From outside, no UDP service that is commonly left open answers its own kind of question (SCALE-1): DNS,
    TFTP, portmapper, NTP, NetBIOS, SNMP, chrony's commands, syslog, SSDP, mDNS, memcached, rspamd."""
    places = _addresses(context, "outside")
    yield from roads.side_by_side(places, lambda place: _udp(context, *place), _WAITING)
    yield from roads.unreachable(context, "outside")


def _udp(context: Context, host: HostFacts, address: IPAddress) -> Iterator[Observation]:
    declared = _declared(host, address, context, "outside", "udp")

    def at(asked: tuple[int, bytes]) -> Iterator[Observation]:
        port, question = asked
        with roads.vantage(context, "outside").enter():
            answer = _asked(address, port, question)
        yield Observation(
            f"UDP port {port} of {address}",
            f"answered with {len(answer)} octets" if answer else "no answer",
            not answer or port in declared,
            target=Target(host.name, port),
        )

    yield from roads.side_by_side(_UDP, at)
    yield from _connected(context, "outside", host, address)


def _tcp(context: Context, where: Where) -> Iterator[Observation]:
    places = _addresses(context, where)
    yield from roads.side_by_side(places, lambda place: _scanned(context, where, *place), _SCANS)
    yield from roads.unreachable(context, where)


def _scanned(context: Context, where: Where, host: HostFacts, address: IPAddress) -> Iterator[Observation]:
    declared = _declared(host, address, context, where, "tcp")
    with roads.certain(context, where).enter():
        found = _answering(address, _COMMON) if context.live else scan(address, ALL)
        unexpected = {port for port in found - declared if _connects(address, port)[0]}
    many = f"{len(_COMMON)} usual" if context.live else "all"
    yield Observation(
        f"{many} TCP ports of {address} from {where}",
        f"open: {_listed(found)}; declared: {_listed(declared)}"
        + (f"; not declared: {_listed(unexpected)}" if unexpected else ""),
        not unexpected,
        target=Target(host.name),
    )
    yield from _connected(context, where, host, address)


def _connected(context: Context, where: Where, host: HostFacts, address: IPAddress) -> Iterator[Observation]:
    """The positive twin: what is declared answers at the same address."""
    for port in sorted(_declared(host, address, context, where, "tcp")):
        with roads.vantage(context, where).enter():
            open_, seen = _connects(address, port)
        yield Observation(
            f"connect to {address} port {port} from {where}", seen, open_, True, Target(host.name, port)
        )


def _answering(address: IPAddress, ports: Iterable[int]) -> set[int]:
    """The ports to which a connection comes about; each has so many seconds."""
    return {
        port for port, open_ in threads.each(lambda port: (port, _takes(address, port)), ports, _AT_ONCE) if open_
    }


def _takes(address: IPAddress, port: int) -> bool:
    try:
        socket.create_connection((str(address), port), timeout=_ANSWER).close()
    except OSError:
        return False
    return True


def scan(address: IPAddress, ports: Iterable[int]) -> set[int]:
    """The ports that answer a SYN with a SYN and ACK, in a few seconds for all of them.

    The kernel, which knows of no such connection, answers with a reset, so no server sees one. Raises
    PermissionError where raw sockets are not allowed, OSError where there is no road.
    """
    source, source_port, family = _source(address)
    with (
        source_port,
        socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_TCP) as raw,
    ):
        raw.setblocking(False)
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        ours = source_port.getsockname()[1]
        where = (str(address), 0)
        found: set[int] = set()
        left = list(ports)
        template = _template(source, address, ours)
        for _ in range(_PASSES):
            random.shuffle(left)
            for start in range(0, len(left), _PER_BURST):
                for port in left[start : start + _PER_BURST]:
                    _put(raw, _syn(template, port), where)
                _collect(raw, address, ours, found, _PAUSE)
        deadline = time.monotonic() + _LINGER
        while (remaining := deadline - time.monotonic()) > 0:
            _collect(raw, address, ours, found, remaining)
        return found


def _source(address: IPAddress) -> tuple[IPAddress, socket.socket, int]:
    """Our own address on the way there, and a socket that keeps a port for us."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as way:
        way.connect((str(address), 9))
        name = way.getsockname()[0].partition("%")[0]
    keeper = socket.socket(family, socket.SOCK_STREAM)
    try:
        keeper.bind((name, 0))
    except BaseException:
        keeper.close()
        raise
    return (IPv4Address(name) if address.version == 4 else IPv6Address(name)), keeper, family


@dataclass(frozen=True, slots=True)
class _Template:
    """A TCP segment with SYN alone, less its target port and its checksum; ``total`` is the sum of all else."""

    ours: bytes
    middle: bytes
    end: bytes
    total: int


def _template(source: IPAddress, target: IPAddress, ours: int) -> _Template:
    sequence = int.from_bytes(os.urandom(4))
    bare = struct.pack("!HHIIBBHHHBBH", ours, 0, sequence, 0, 6 << 4, 0x02, 64240, 0, 0, 2, 4, 1220)
    length = len(bare)
    pseudo = source.packed + target.packed
    pseudo += struct.pack("!BBH", 0, 6, length) if target.version == 4 else struct.pack("!II", length, 6)
    total = sum(struct.unpack(f"!{(len(pseudo) + length) // 2}H", pseudo + bare))
    return _Template(bare[:2], bare[4:16], bare[18:], total)


def _syn(template: _Template, port: int) -> bytes:
    """The segment for a port, with its checksum (RFC 9293, 3.1)."""
    total = template.total + port
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    return b"%b%b%b%b%b" % (
        template.ours,
        port.to_bytes(2),
        template.middle,
        (~total & 0xFFFF).to_bytes(2),
        template.end,
    )


def _put(raw: socket.socket, segment: bytes, where: tuple[str, int]) -> None:
    while True:
        try:
            raw.sendto(segment, where)
        except BlockingIOError:
            select.select([], [raw], [], 0.1)
        except OSError as error:
            if error.errno != errno.ENOBUFS:
                raise
            time.sleep(0.002)
        else:
            return


def _collect(raw: socket.socket, address: IPAddress, ours: int, found: set[int], seconds: float) -> None:
    """Read what comes within so many seconds, and note the ports that are open."""
    deadline = time.monotonic() + seconds
    while True:
        ready, _, _ = select.select([raw], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return
        try:
            packet, sender = raw.recvfrom(256)
        except BlockingIOError:
            continue
        if sender[0] != str(address):
            continue
        segment = packet[(packet[0] & 0x0F) * 4 :] if address.version == 4 else packet
        if len(segment) >= 14 and int.from_bytes(segment[2:4]) == ours and segment[13] & 0x12 == 0x12:
            found.add(int.from_bytes(segment[0:2]))


def _connects(address: IPAddress, port: int) -> tuple[bool, str]:
    """Whether a connection comes about, and the error when it does not."""
    try:
        with socket.create_connection((str(address), port), timeout=5):
            return True, "connected"
    except OSError as error:
        return False, str(error)


def _asked(address: IPAddress, port: int, question: bytes) -> bytes:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        asking.settimeout(0.4)
        asking.connect((str(address), port))
        try:
            asking.send(question)
            return asking.recv(2048)
        except (TimeoutError, ConnectionRefusedError):  # silence and an ICMP refusal are what is wanted
            return b""


def _declared(host: HostFacts, address: IPAddress, context: Context, where: Where, protocol: str) -> set[int]:
    """The ports that the plan opens to somebody who stands there."""
    ours = [one for one in roads.vantage(context, where).addresses if one.version == address.version]
    return {
        row.port
        for row in context.plan.openings
        if row.host == host.name and row.direction == "in" and row.protocol == protocol
        if any(one in network for one in ours for network in row.peers if network.version == one.version)
    }


def _addresses(context: Context, where: Where) -> Iterator[tuple[HostFacts, IPAddress]]:
    families = {address.version for address in roads.vantage(context, where).addresses}
    for host in context.plan.hosts:
        for address in host.addresses:
            if address.version in families:
                yield host, address


def _listed(ports: Iterable[int]) -> str:
    ordered = sorted(ports)
    return (
        ", ".join(map(str, ordered[:20])) + (f" and {len(ordered) - 20} more" if len(ordered) > 20 else "")
        or "none"
    )


PROBES = (
    Probe(
        "ports.outside",
        ("SCALE-1",),
        "outside",
        "Only declared TCP ports, from outside",
        tcp_from_outside,
        negative=True,
    ),
    Probe(
        "ports.inside",
        ("SCALE-1",),
        "inside",
        "Only declared TCP ports, from the campus",
        tcp_from_inside,
        negative=True,
    ),
    Probe("ports.udp", ("SCALE-1",), "outside", "No UDP service is left open", udp, negative=True),
)
