"""The hosts' own firewalls on the way out: only the mailer reaches port 25 of others."""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.audit import names, posting, roads
from mailwright.audit.model import Context, Observation, Probe
from mailwright.findings import Target
from mailwright.plan.lists import INWARD, OUTWARD
from mailwright.plan.model import Opening
from mailwright.site.model import IPAddress

# Prints what comes of a connection; run on the host, where Python is because Ansible needs it.
_CONNECT = """
import socket, sys
address, port, greets = sys.argv[1:]
try:
    with socket.create_connection((address, int(port)), timeout=4) as connection:
        if greets == "greets":
            connection.recv(512)
            connection.sendall(b"QUIT\\r\\n")
            connection.recv(512)
        print("connected")
except OSError as error:
    print("not connected:", error)
"""


_GREET = (25, INWARD, OUTWARD)


def outbound(context: Context) -> Iterator[Observation]:
    """On each host that sends, an ordinary user, and root, cannot connect to port 25 of a mail host outside, over
    v4 or v6, so that no mail goes round the log (AUDIT-1, SCALE-1); the mailer's own user can, and a message
    arrives. On a host that hands its mail to the site's mailers, that user reaches them, and nobody outside."""
    with roads.vantage(context, roads.somewhere(context)).enter():
        targets = [
            address
            for name in names.mailers(context.resolver, roads.correspondent(context).domain)
            for address in names.addresses(context.resolver, name)
        ]
    if not targets:
        raise OSError("the correspondent has no mailer in the DNS")
    rows = (row for row in context.plan.openings if row.direction == "out" and row.port == 25 and row.user)
    yield from roads.side_by_side(rows, lambda row: _outbound(context, row, targets))
    mark, received = posting.arrived(context, roads.anybody(context))
    yield Observation(f"a message ({mark}) through the mailer", f"arrived from {received.client}", True, True)


def _outbound(context: Context, row: Opening, targets: list[IPAddress]) -> Iterator[Observation]:
    families = {address.version for address in context.plan.host(row.host).addresses}
    named = [peer.network_address for peer in row.peers if peer.num_addresses == 1]
    for address in (*targets, *named):
        if address.version not in families:
            continue
        opened = any(address in peer for peer in row.peers)
        for user in ("nobody", "root", row.user):
            seen = connected(context, row.host, user, address)
            mailer = user == row.user and opened
            ok = seen == "connected" if mailer else seen.startswith("not connected")
            what = f"connect from {row.host} to {_shown(address)} port 25 as {user}"
            yield Observation(what, seen, ok, mailer, Target(row.host))


def own_ports(context: Context, *ports: int) -> Iterator[Observation]:
    """Ports of the hosts' loopback addresses that the plan opens for one user each: that one reaches them, and not
    somebody without rights, or the user that another of these ports is for. Root may be whom it likes."""
    rows = [row for row in context.plan.openings if row.direction == "out" and row.port in ports]
    for row in rows:
        others = dict.fromkeys(("nobody", *(one.user for one in rows if one.user != row.user)))
        for user in (*others, row.user):
            address = row.peers[0].network_address
            seen = connected(context, row.host, user, address, row.port, greets=row.port in _GREET)
            ok = seen == "connected" if user == row.user else seen.startswith("not connected")
            what = f"connect on {row.host} to {_shown(address)} port {row.port} as {user}"
            yield Observation(what, seen, ok, user == row.user, Target(row.host, row.port))


def connected(
    context: Context, host: str, user: str, address: IPAddress, port: int = 25, *, greets: bool = True
) -> str:
    """What comes of a connection to a port of ``address`` on ``host`` as ``user``: ``connected``, or why not.

    greets  the server speaks first, and is taken leave of (SMTP, LMTP)
    """
    said = "greets" if greets else "waits"
    argv = ("setpriv", f"--reuid={user}", "--clear-groups", "--", "python3", "-c", _CONNECT, str(address))
    return _tried(roads.shell(context).run(host, *argv, str(port), said))


def _tried(result: tuple[int, str]) -> str:
    status, output = result
    lines = output.strip().splitlines()
    return lines[-1][:200] if status == 0 and lines else f"exit {status}: {output.strip()[:200]}"


def _shown(address: IPAddress) -> str:
    return f"[{address}]" if address.version == 6 else str(address)


PROBES = (
    Probe(
        "firewall.outbound",
        ("SCALE-1", "AUDIT-1"),
        "host",
        "Only the mailer reaches port 25 outside",
        outbound,
        negative=True,
    ),
)
