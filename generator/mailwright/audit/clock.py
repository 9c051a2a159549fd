"""Clocks: right to a second, in the right timezone."""

from __future__ import annotations

import re
import socket
import struct
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

from mailwright.audit import letters, names, posting, roads
from mailwright.audit.model import Context, Observation, Probe, Where
from mailwright.findings import Target
from mailwright.site.model import IPAddress

LIMIT = 1.0  # seconds (MSG-3)
_NTP_EPOCH = 2208988800  # 1970 in seconds since 1900


def offset(context: Context) -> Iterator[Observation]:
    """The clock of each host, read on the host, is within one second of each time server that the plan names and
    that answers an NTP query (RFC 5905), and the host's own chronyd follows one of them (MSG-3)."""
    shell = roads.shell(context)
    where = _where(context)
    servers = sorted({row.server for row in context.plan.clocks})
    answers: list[tuple[str, float]] = []
    for server in servers:
        try:
            answers.append((server, _of_server(context, where, server)))
        except OSError as error:
            yield Observation(f"NTP query to {server} from {where}", str(error), None)

    def of(host: str) -> Iterator[Observation]:
        ours, doubt = _of_host(context, host)
        for server, theirs in answers:
            difference = theirs - ours
            yield Observation(
                f"clock of {host} against {server}",
                f"{difference:+.3f} s, to within {doubt:.3f} s",
                None if doubt > LIMIT / 2 else abs(difference) + doubt < LIMIT,
                target=Target(host),
            )
        status, output = shell.run(host, "chronyc", "-n", "-c", "sources")
        yield _followed(context, host, status, output)

    yield from roads.side_by_side((host.name for host in context.plan.hosts), of, 2)


def lines(context: Context) -> Iterator[Observation]:
    """The Date: line that submission adds and the Received: lines of a message, as they arrive outside, are within
    a second of the moment at which it was sent, and carry the site's timezone of that moment; and every host's
    timezone, in summer as in winter, is the site's (MSG-3)."""
    zone = ZoneInfo(context.plan.settings.timezone)
    who = roads.anybody(context)
    mark = letters.token()
    content = letters.letter(mark, f"<{who.published}>", f"<{posting.outsider(context)}>", without=("Date",))
    before = time.time()
    sent = posting.send_out(context, who, who.published, mark, content)
    after = time.time()
    if sent.received is None:
        yield Observation("a message to outside", f"{sent.reply}; nothing arrived", None)
        return
    own = {host.name for host in context.plan.hosts}
    stamps = [("Date", value) for value in letters.header(sent.received.content, "Date")]
    stamps += [
        ("Received", value.rpartition(";")[2].strip())
        for value in letters.header(sent.received.content, "Received")
        if any(f"by {name}" in value for name in own)
    ]
    for name in ("Date", "Received"):
        if name not in (found for found, _ in stamps):
            yield Observation(f"{name}: outside", "there is none of the site", False)
    correction = _correction(context)
    for name, value in stamps:
        yield _stamped(name, value, before - correction, after - correction, zone)
    hosts = (host.name for host in context.plan.hosts)
    yield from roads.side_by_side(hosts, lambda host: [_zone_of(context, host, zone)])


def query(address: IPAddress, port: int = 123, timeout: float = 4.0) -> float:
    """Our clock less the server's, in seconds. Raises OSError when there is no usable answer."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        asking.settimeout(timeout)
        asking.connect((str(address), port))
        sent = time.time()
        asking.send(b"\x23" + bytes(39) + struct.pack("!II", *_ntp(sent)))
        answer = asking.recv(512)
        received = time.time()
    if len(answer) < 48 or answer[0] & 0x07 != 4 or not 1 <= answer[1] <= 15:
        raise OSError(f"{address} does not serve time (stratum {answer[1] if len(answer) > 1 else 'unknown'})")
    if answer[24:32] != struct.pack("!II", *_ntp(sent)):
        raise OSError(f"{address} answered another question")
    t2, t3 = _seconds(answer[32:40]), _seconds(answer[40:48])
    return -((t2 - sent) + (t3 - received)) / 2


def _where(context: Context) -> Where:
    """The campus, whose clocks the site's time servers are for, or else outside."""
    return "inside" if "inside" in context.vantages else "outside"


def _ntp(moment: float) -> tuple[int, int]:
    return int(moment) + _NTP_EPOCH, int((moment % 1) * 2**32)


def _seconds(stamp: bytes) -> float:
    whole, fraction = struct.unpack("!II", stamp)
    return float(whole - _NTP_EPOCH) + float(fraction) / 2**32


def _of_server(context: Context, where: Where, server: str) -> float:
    families = {address.version for address in roads.vantage(context, where).addresses}
    with roads.vantage(context, where).enter():
        found = [one for one in names.addresses(context.resolver, server) if one.version in families]
        if not found:
            raise OSError(f"the DNS has no address of {server} that can be reached from {where}")
        return query(found[0])


def _of_host(context: Context, host: str) -> tuple[float, float]:
    """Our clock less the host's, and the doubt in it, which is half the time that the question took: on a busy
    machine it is asked again until the answer is worth something."""
    best: tuple[float, float] | None = None
    for attempt in range(30):
        if best is not None and attempt >= 3 and best[1] <= LIMIT / 4:
            break
        before = time.time()
        status, output = roads.shell(context).run(host, "date", "+%s.%N")
        after = time.time()
        if status != 0:
            raise OSError(f"date on {host}: {output.strip()[:200]}")
        measured = ((before + after) / 2 - float(output.strip()), (after - before) / 2)
        if best is None or measured[1] < best[1]:
            best = measured
    assert best is not None  # noqa: S101 - the loop ran
    return best


def _correction(context: Context) -> float:
    """How far our own clock is ahead of the first time server that answers. Raises OSError when none does."""
    where = _where(context)
    for server in sorted({row.server for row in context.plan.clocks}):
        try:
            return _of_server(context, where, server)
        except OSError:  # the next one; clock.offset reports it
            continue
    raise OSError("no time server answers, so there is nothing to compare time stamps with")


def _followed(context: Context, host: str, status: int, output: str) -> Observation:
    """Which source chronyd has chosen, of ``chronyc -c sources``: mode, state, name, …, offset measured last."""
    what = f"time source that chronyd on {host} follows"
    if status != 0:
        # That nobody answers is known; all else (no chronyc, no way there) tells nothing of the clock.
        off = "Cannot talk to daemon" in output
        return Observation(what, output.strip()[:200], False if off else None, target=Target(host))
    rows = [line.split(",") for line in output.splitlines() if line.count(",") >= 9]
    chosen = [row for row in rows if row[1] == "*"]
    own = {row.server for row in context.plan.clocks if row.host == host}
    with roads.vantage(context, _where(context)).enter():
        allowed = {str(address) for server in own for address in names.addresses(context.resolver, server)} | own
    if not chosen:
        return Observation(what, f"none of {len(rows)}", False, target=Target(host))
    row = chosen[0]
    good = abs(float(row[8])) < LIMIT and row[2] in allowed
    return Observation(what, f"{row[2]}, {float(row[8]):+.6f} s", good, target=Target(host))


def _stamped(name: str, value: str, before: float, after: float, zone: ZoneInfo) -> Observation:
    try:
        moment = parsedate_to_datetime(value)
    except ValueError:
        return Observation(f"{name}: outside", value, False)
    slack = timedelta(seconds=LIMIT)
    start, end = datetime.fromtimestamp(int(before), UTC) - slack, datetime.fromtimestamp(after, UTC) + slack
    right_zone = moment.tzinfo is not None and moment.utcoffset() == moment.astimezone(zone).utcoffset()
    return Observation(
        f"{name}: outside, sent between {_clock(before)} and {_clock(after)} UTC",
        value,
        right_zone and start <= moment <= end,
    )


def _clock(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%H:%M:%S")


def _zone_of(context: Context, host: str, zone: ZoneInfo) -> Observation:
    """A host's timezone at midwinter and midsummer, as its own libc has it."""
    year = datetime.now(UTC).year
    wanted, seen = [], []
    for month in (1, 7):
        moment = datetime(year, month, 1, 12, tzinfo=UTC)
        wanted.append(moment.astimezone(zone).strftime("%z"))
        status, output = roads.shell(context).run(host, "date", "-d", f"@{int(moment.timestamp())}", "+%z")
        found = re.search(r"[+-]\d{4}", output) if status == 0 else None
        seen.append(found[0] if found else output.strip()[:80])
    return Observation(
        f"timezone of {host} in January and July, {zone.key} wanted",
        " and ".join(seen),
        seen == wanted,
        target=Target(host),
    )


PROBES = (
    Probe("clock.offset", ("MSG-3",), "inside", "Clocks are right to one second", offset, commands=True),
    Probe(
        "clock.lines", ("MSG-3",), "outside", "Date: and Received: are right to one second", lines, commands=True
    ),
)
