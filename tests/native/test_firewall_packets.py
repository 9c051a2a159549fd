"""Real packets against the rendered rules, v4 and v6, between two network namespaces of this machine."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mailwright.components import firewall
from mailwright.plan import make
from mailwright.plan.model import EVERYWHERE, Because, Opening
from support.example import load_example
from support.tools import need

pytestmark = pytest.mark.native

HOST = f"mw-host-{os.getpid()}"
CLIENT = f"mw-client-{os.getpid()}"
# Host, manager, and somebody else on the same link; all in the documentation ranges.
ADDRESSES = {
    "host": ("198.51.100.25", "2001:db8:c011::25"),
    "manager": ("198.51.100.241", "2001:db8:c011:ad::1"),
    "other": ("198.51.100.10", "2001:db8:c011::10"),
}
PORTS = (22, 25, 80)

# Answers on every port; prints a line when it does.
SERVER = """
import selectors, socket
selector = selectors.DefaultSelector()
for port in PORTS:
    listener = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
    selector.register(listener, selectors.EVENT_READ)
print("ready", flush=True)
while True:
    for key, _ in selector.select():
        key.fileobj.accept()[0].close()
"""

# Tries all at once; prints how each ended.
TRIES = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def attempt(source, target, port):
    family = socket.AF_INET6 if ":" in target else socket.AF_INET
    with socket.socket(family) as connection:
        connection.settimeout(1.5)
        if source:
            connection.bind((source, 0))
        try:
            connection.connect((target, port))
        except TimeoutError:
            return "dropped"
        except ConnectionRefusedError:
            return "refused"
        return "open"
tries = json.loads(sys.argv[1])
with ThreadPoolExecutor(len(tries)) as pool:
    print(json.dumps(list(pool.map(lambda one: attempt(*one), tries))))
"""

# One echo request and its answer; v4 wants the checksum from the sender.
PING = """
import socket, struct, sys
target = sys.argv[1]
v6 = ":" in target
family, protocol, request, reply = (socket.AF_INET6, 58, 128, 129) if v6 else (socket.AF_INET, 1, 8, 0)
with socket.socket(family, socket.SOCK_RAW, protocol) as raw:
    raw.settimeout(2)
    raw.sendto(struct.pack("!BBHHH", request, 0, 0 if v6 else 0xFFFF - (request << 8) - 7 - 1, 7, 1), (target, 0))
    while True:
        packet = raw.recv(1500)
        if packet[0 if v6 else 20] == reply:
            break
"""


def run(*argv: str, text: str | None = None) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True, input=text).stdout


def tries(namespace: str, *attempts: tuple[str, str, int], user: str = "") -> list[str]:
    """How each attempt (source, target, port) ends, from within the namespace."""
    switch = ["setpriv", f"--reuid={user}", "--clear-groups"] if user else []
    # nobody may not be let into the folder of the virtual environment
    script = [str(Path(sys.executable).resolve()), "-c", TRIES, json.dumps(attempts)]
    return list(json.loads(run("ip", "netns", "exec", namespace, *switch, *script)))


def rules(*openings: Opening) -> str:
    """The example's rules and further openings. The user of the mailer is one that this machine has."""
    plan = make(load_example())
    rows = tuple(replace(row, user="nobody" if row.user else "") for row in (*plan.openings, *openings))
    plan = replace(plan, openings=rows)
    return next(file.text for file in firewall.files(plan, plan.hosts[0]) if file.path.endswith(".nft"))


@pytest.fixture(scope="module", autouse=True)
def link() -> Iterator[None]:
    """Two namespaces, a cable between them, and listeners at both ends."""
    need("ip", "nft", "setpriv", root=True)
    servers = []
    try:
        for name in (HOST, CLIENT):
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        run("ip", "-n", HOST, "link", "add", "eth0", "type", "veth", "peer", "name", "eth0", "netns", CLIENT)
        for name, people in ((HOST, ("host",)), (CLIENT, ("manager", "other"))):
            run("ip", "-n", name, "link", "set", "eth0", "up")
            for person in people:
                v4, v6 = ADDRESSES[person]
                run("ip", "-n", name, "address", "add", f"{v4}/24", "dev", "eth0")
                run("ip", "-n", name, "address", "add", f"{v6}/48", "dev", "eth0", "nodad")
        for name in (HOST, CLIENT):
            code = SERVER.replace("PORTS", str(PORTS))
            server = subprocess.Popen(
                ["ip", "netns", "exec", name, sys.executable, "-c", code], stdout=subprocess.PIPE, text=True
            )
            servers.append(server)
            assert server.stdout is not None
            assert server.stdout.readline() == "ready\n"
        yield
    finally:
        for server in servers:
            server.kill()
            server.wait()
        for name in (HOST, CLIENT):
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)


@pytest.fixture
def loaded() -> str:
    """The example's rules, in force."""
    text = rules()
    run("ip", "netns", "exec", HOST, "nft", "-f", "-", text=text)
    return text


def inward() -> tuple[tuple[str, str, int], ...]:
    return tuple(
        (source, target, port)
        for person in ("manager", "other")
        for source, target in zip(ADDRESSES[person], ADDRESSES["host"], strict=True)
        for port in PORTS
    )


def test_without_rules_everything_is_reachable() -> None:
    """The positive twin: what is dropped below is dropped by the rules."""
    run("ip", "netns", "exec", HOST, "nft", "flush", "ruleset")
    assert set(tries(CLIENT, *inward())) == {"open"}
    targets = [(target, 25) for target in ADDRESSES["other"]]
    assert set(tries(HOST, *(("", *target) for target in targets))) == {"open"}


def test_who_reaches_what(loaded: str) -> None:
    expected = {
        ("manager", 22): "open",
        ("manager", 25): "open",
        ("manager", 80): "dropped",
        ("other", 22): "dropped",
        ("other", 25): "open",
        ("other", 80): "dropped",
    }
    seen = tries(CLIENT, *inward())
    people = {address: person for person, addresses in ADDRESSES.items() for address in addresses}
    for (source, target, port), ending in zip(inward(), seen, strict=True):
        assert ending == expected[people[source], port], (source, target, port)


def test_only_the_mailer_sends_to_port_25_outside(loaded: str) -> None:
    outside = [("", target, 25) for target in ADDRESSES["other"]]
    assert tries(HOST, *outside) == ["refused", "refused"]  # root is not the mailer either
    assert tries(HOST, *outside, user="nobody") == ["open", "open"]
    assert tries(HOST, *outside, user="daemon") == ["refused", "refused"]
    elsewhere = [("", target, 80) for target in ADDRESSES["other"]]
    assert tries(HOST, *elsewhere) == ["open", "open"]
    itself = [("", target, 25) for target in ("127.0.0.1", "::1", *ADDRESSES["host"])]
    assert set(tries(HOST, *itself)) == {"open"}


@pytest.mark.parametrize("family", [0, 1], ids=["v4", "v6"])
def test_ping_is_answered(loaded: str, family: int) -> None:
    run("ip", "netns", "exec", CLIENT, sys.executable, "-c", PING, ADDRESSES["host"][family])


def test_neighbours_are_found_anew(loaded: str) -> None:
    run("ip", "-n", CLIENT, "neigh", "flush", "all")
    run("ip", "-n", HOST, "neigh", "flush", "all")
    reached = [(source, target, 25) for source, target in zip(ADDRESSES["other"], ADDRESSES["host"], strict=True)]
    assert tries(CLIENT, *reached) == ["open", "open"]


def test_a_smaller_path_mtu_is_heard(loaded: str) -> None:
    """Packet too big is let through, else long mail would hang on some IPv6 paths."""
    packet_too_big = (
        "import socket, struct, sys\n"
        "target, source = sys.argv[1:]\n"
        # the packet that is said to have been too big: host to client, TCP
        "inner = struct.pack('!IHBB', 6 << 28, 20, 6, 64) + socket.inet_pton(socket.AF_INET6, target)"
        " + socket.inet_pton(socket.AF_INET6, source) + struct.pack('!HHLLHHHH', 25, 4000, 0, 0, 0x5010, 0, 0, 0)\n"
        "raw = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)\n"
        "raw.bind((source, 0))\n"
        "raw.sendto(struct.pack('!BBHI', 2, 0, 0, 1300) + inner, (target, 0))\n"
    )
    target, source = ADDRESSES["host"][1], ADDRESSES["other"][1]
    before = received(HOST, "Icmp6InPktTooBigs")
    run("ip", "netns", "exec", CLIENT, sys.executable, "-c", packet_too_big, target, source)
    assert received(HOST, "Icmp6InPktTooBigs") == before + 1
    run("ip", "netns", "exec", HOST, "nft", "delete", "table", "inet", "mailwright")
    run("ip", "netns", "exec", HOST, "nft", "-f", "-", text=dropping_icmpv6(loaded))
    run("ip", "netns", "exec", CLIENT, sys.executable, "-c", packet_too_big, target, source)
    assert received(HOST, "Icmp6InPktTooBigs") == before + 1  # the twin: without that rule it is not heard


def received(namespace: str, counter: str) -> int:
    text = run("ip", "netns", "exec", namespace, "cat", "/proc/net/snmp6")
    return int(re.search(rf"^{counter}\s+(\d+)$", text, re.MULTILINE)[1])  # type: ignore[index]


def dropping_icmpv6(text: str) -> str:
    """The rules without those that let errors through."""
    return "\n".join(line for line in text.splitlines() if "packet-too-big" not in line)


def test_loading_again_replaces_and_touches_nothing_else(loaded: str) -> None:
    run("ip", "netns", "exec", HOST, "nft", "add", "table", "inet", "of_others")
    ours = run("ip", "netns", "exec", HOST, "nft", "list", "table", "inet", "mailwright")
    run("ip", "netns", "exec", HOST, "nft", "-f", "-", text=loaded)
    assert run("ip", "netns", "exec", HOST, "nft", "list", "table", "inet", "mailwright") == ours
    run("ip", "netns", "exec", HOST, "nft", "delete", "table", "inet", "of_others")


def test_a_file_that_does_not_load_changes_nothing(loaded: str) -> None:
    before = run("ip", "netns", "exec", HOST, "nft", "list", "ruleset")
    broken = loaded.replace('skuid "nobody"', 'skuid "no-such-user"')
    assert broken != loaded
    result = subprocess.run(
        ["ip", "netns", "exec", HOST, "nft", "-f", "-"], check=False, capture_output=True, text=True, input=broken
    )
    assert result.returncode != 0
    assert run("ip", "netns", "exec", HOST, "nft", "list", "ruleset") == before


def test_peers_of_one_family_open_nothing_to_the_other() -> None:
    only_v4 = Opening("mail.college.ac.uk", "in", "tcp", 80, EVERYWHERE[:1], Because("SCALE-1", "a test"))
    run("ip", "netns", "exec", HOST, "nft", "-f", "-", text=rules(only_v4))
    reached = [(source, target, 80) for source, target in zip(ADDRESSES["other"], ADDRESSES["host"], strict=True)]
    assert tries(CLIENT, *reached) == ["open", "dropped"]
