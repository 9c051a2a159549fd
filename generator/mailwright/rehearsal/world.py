"""The simulated Internet: files of the container that plays it, and the foreign mail host as a correspondent.

One container with several addresses: an authoritative name server (NSD) with the site's rendered zones, a
resolver (Unbound), time servers (chrony), and a mail host that takes in everything. Nothing in it can reach the
real network, since its namespace has no way there.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from importlib import resources
from pathlib import Path

from mailwright.audit.model import Received
from mailwright.records import dataclass
from mailwright.rehearsal.topology import Topology
from mailwright.rehearsal.zones import FOREIGN, MAIL_HOST, zones

INBOX = "/var/lib/mailwright-inbox"  # in the container
PROGRAMS = "/usr/local/lib/mailwright"

# Unbound answers these by itself, with nothing, unless told otherwise: PTR look-ups would fail without a word.
_BUILT_IN_ZONES = (
    "10.in-addr.arpa",
    *(f"{number}.172.in-addr.arpa" for number in range(16, 32)),
    "168.192.in-addr.arpa",
    *(f"{number}.100.in-addr.arpa" for number in range(64, 128)),
    "2.0.192.in-addr.arpa",
    "100.51.198.in-addr.arpa",
    "113.0.203.in-addr.arpa",
    "d.f.ip6.arpa",
    "8.b.d.0.1.0.0.2.ip6.arpa",
    "test",
)


@dataclass(frozen=True, slots=True)
class Put:
    """A file to lay into a container before it starts. ``path`` is absolute there."""

    path: str
    text: str
    mode: int = 0o644


_CHRONY_UNIT = """\
# Rehearsal only: a container has no CAP_SYS_TIME, without which this unit is silently skipped. With -x chronyd
# measures the offset and leaves the clock alone.
[Unit]
ConditionCapability=

[Service]
ExecStart=
ExecStart=!/usr/sbin/chronyd -x $DAEMON_OPTS
"""
_EVERY_UNIT = """\
# Rehearsal only: a container cannot do this, and systemd would write a warning at each start of a service.
[Service]
ProtectHostname=no
"""
_DBUS_UNIT = """\
# Rehearsal only: as root it would raise its limits above what the machine may give, fail, and write a warning.
[Service]
User=messagebus
"""
_DOVECOT_UNIT = """\
# Rehearsal only: where control groups are of version 1, systemd in a container is not told that the last process
# of a service is gone, and would now and then wait for it until its time limit. Dovecot's master ends its children.
[Service]
KillMode=process
"""
# What only a container needs; a real host runs the packages' own units.
IN_CONTAINER = (
    # Of two drop-ins with one file name a unit heeds one alone, so each has its own.
    Put("/etc/systemd/system/chrony.service.d/rehearsal-clock.conf", _CHRONY_UNIT),
    Put("/etc/systemd/system/dbus.service.d/rehearsal-limits.conf", _DBUS_UNIT),
    Put("/etc/systemd/system/dovecot.service.d/rehearsal-stop.conf", _DOVECOT_UNIT),
    Put("/etc/systemd/system/service.d/rehearsal.conf", _EVERY_UNIT),
)


def files(
    topology: Topology,
    fragments: Mapping[str, str],
    foreign_domains: Sequence[str],
    covered: Mapping[str, str],
) -> tuple[Put, ...]:
    """All files of the world's container. Raises LabError for a fragment that is not a zone file."""
    clocks = [str(address) for clock in topology.clocks for address in clock.addresses]
    return (
        *zone_files(topology, fragments, foreign_domains, covered),
        Put("/etc/unbound/unbound.conf", _unbound(topology)),
        # Each host's only way to a name server is the resolver; the world's own programs ask it too.
        Put("/etc/chrony/chrony.conf", _CHRONY),
        *IN_CONTAINER,
        program("receiver.py"),
        program("false_time.py"),
        _unit("mailwright-mail", "receiver.py", INBOX, MAIL_HOST, *map(str, topology.mail)),
        _unit("mailwright-false-time@", "false_time.py", "%i", *clocks),
    )


def zone_files(
    topology: Topology,
    fragments: Mapping[str, str],
    foreign_domains: Sequence[str],
    covered: Mapping[str, str],
) -> tuple[Put, ...]:
    """The name server's files alone: what changes when other zones are to be served."""
    served = zones(topology, fragments, foreign_domains, covered)
    puts = [Put("/etc/nsd/nsd.conf", _nsd(topology, served))]
    puts += [Put(_zone_path(name), text) for name, text in served.items()]
    return tuple(puts)


def _zone_path(name: str) -> str:
    # A classless reverse zone (RFC 2317) has a slash in its name.
    return f"/etc/nsd/zones/{'root' if name == '.' else name.replace('/', '_')}.zone"


def _nsd(topology: Topology, served: Mapping[str, str]) -> str:
    lines = ["server:", "  log-only-syslog: yes", "  server-count: 1"]
    lines += [f"  ip-address: {address}" for address in topology.names]
    lines += ["remote-control:", "  control-enable: no"]
    for name in served:
        lines += ["zone:", f'  name: "{name}"', f'  zonefile: "{_zone_path(name)}"']
    return _text(lines)


def _unbound(topology: Topology) -> str:
    lines = ["server:", '  chroot: ""', '  module-config: "iterator"', "  use-syslog: yes", "  num-threads: 1"]
    lines += [f"  interface: {address}" for address in topology.resolver]
    lines += ["  access-control: 0.0.0.0/0 allow", "  access-control: ::/0 allow"]
    lines += [f'  local-zone: "{name}" nodefault' for name in _BUILT_IN_ZONES]
    lines += ["remote-control:", "  control-enable: no", "stub-zone:", '  name: "."']
    lines += [f"  stub-addr: {address}" for address in topology.names]
    return _text(lines)


_CHRONY = """\
local stratum 2
allow all
cmdport 0
driftfile /var/lib/chrony/chrony.drift
"""


def program(name: str) -> Put:
    """A module of this package as a file of a container; ``name`` may have folders before it there."""
    module = name.rpartition("/")[2]
    source = resources.files("mailwright.rehearsal").joinpath(module).read_text(encoding="utf-8")
    return Put(f"{PROGRAMS}/{name}", source)


def _unit(unit: str, module: str, *arguments: str) -> Put:
    lines = ["[Service]", f"ExecStart=/usr/bin/python3 -u {PROGRAMS}/{module} {' '.join(arguments)}"]
    return Put(f"/etc/systemd/system/{unit}.service", _text(lines))


def _text(lines: Sequence[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


class ForeignMail:
    """The foreign mail host (``audit.model.Correspondent``): reads what it kept in ``inbox``, a folder here."""

    domain = FOREIGN
    address = f"probe@{FOREIGN}"

    def __init__(self, inbox: Path) -> None:
        self._inbox = inbox
        self._messages: dict[str, Received] = {}

    def received(self, token: str = "") -> tuple[Received, ...]:
        """All messages so far whose content holds ``token``, in order of arrival."""
        for envelope in sorted(self._inbox.glob("*.json")):
            if envelope.name not in self._messages:
                self._messages[envelope.name] = _read(envelope)
        wanted = token.encode()
        return tuple(message for _name, message in sorted(self._messages.items()) if wanted in message.content)

    def wait_for(self, token: str, timeout: float = 60.0) -> Received | None:
        """The first message that holds ``token``, as soon as it is there; None after ``timeout`` seconds."""
        deadline = time.monotonic() + timeout
        while True:
            found = self.received(token)
            if found:
                return found[0]
            if time.monotonic() > deadline:
                return None
            time.sleep(0.05)


def _read(envelope: Path) -> Received:
    said = json.loads(envelope.read_text(encoding="utf-8"))
    return Received(
        sender=said["sender"],
        recipients=tuple(said["recipients"]),
        content=envelope.with_suffix(".eml").read_bytes(),
        client=said["client"],
        helo=said["helo"],
    )
