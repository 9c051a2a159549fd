"""The border's nftables rules on a real kernel: a router between the campus and outside, v4 and v6."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path

import pytest

from mailwright.border import nftables
from mailwright.plan import make
from support.example import load_example
from support.tools import need

pytestmark = pytest.mark.native

INSIDE, ROUTER, OUTSIDE = (f"mw-{name}-{os.getpid()}" for name in ("inside", "router", "outside"))
MAILER = ("198.51.100.25", "2001:db8:c011::25")
OTHER = ("198.51.100.10", "2001:db8:c011::10")
FAR = ("203.0.113.7", "2001:db8:bbbb::7")
PORTS = (25, 465, 587, 80)
VARIABLE = ("-D", 'outside={ "outside" }')

# Answers on every port of both families.
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

# Tries all at once; prints which were let through.
TRIES = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor
def attempt(source, target, port):
    with socket.socket(socket.AF_INET6 if ":" in target else socket.AF_INET) as connection:
        connection.settimeout(3)
        connection.bind((source, 0))
        try:
            connection.connect((target, port))
        except OSError:
            return False
        return True
tries = json.loads(sys.argv[1])
with ThreadPoolExecutor(len(tries)) as pool:
    print(json.dumps(list(pool.map(lambda one: attempt(*one), tries))))
"""


def run(*argv: str, text: str | None = None) -> str:
    return subprocess.run(argv, check=True, capture_output=True, text=True, input=text).stdout


def within(namespace: str, *argv: str, text: str | None = None) -> str:
    return run("ip", "netns", "exec", namespace, *argv, text=text)


def cable(namespace: str, name: str, router: tuple[str, str], addresses: tuple[tuple[str, str], ...]) -> None:
    """A cable from the router's interface ``name`` to the namespace, with addresses and default routes."""
    run("ip", "-n", ROUTER, "link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", namespace)
    run("ip", "-n", ROUTER, "link", "set", name, "up")
    run("ip", "-n", namespace, "link", "set", "eth0", "up")
    for v4, v6 in addresses:
        run("ip", "-n", namespace, "address", "add", f"{v4}/24", "dev", "eth0")
        run("ip", "-n", namespace, "address", "add", f"{v6}/64", "dev", "eth0", "nodad")
    run("ip", "-n", ROUTER, "address", "add", f"{router[0]}/24", "dev", name)
    run("ip", "-n", ROUTER, "address", "add", f"{router[1]}/64", "dev", name, "nodad")
    run("ip", "-n", namespace, "route", "add", "default", "via", router[0])
    run("ip", "-n", namespace, "-6", "route", "add", "default", "via", router[1])


@pytest.fixture(scope="module", autouse=True)
def network() -> Iterator[None]:
    need("ip", "nft", "sysctl", root=True)
    servers = []
    try:
        for name in (INSIDE, ROUTER, OUTSIDE):
            run("ip", "netns", "add", name)
            run("ip", "-n", name, "link", "set", "lo", "up")
        within(ROUTER, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        cable(INSIDE, "inside", ("198.51.100.1", "2001:db8:c011::1"), (MAILER, OTHER))
        cable(OUTSIDE, "outside", ("203.0.113.1", "2001:db8:bbbb::1"), (FAR,))
        for name in (INSIDE, OUTSIDE):
            code = SERVER.replace("PORTS", str(PORTS))
            argv = ["ip", "netns", "exec", name, sys.executable, "-c", code]
            server = subprocess.Popen(argv, stdout=subprocess.PIPE, text=True)
            servers.append(server)
            assert server.stdout is not None
            assert server.stdout.readline() == "ready\n"
        yield
    finally:
        for server in servers:
            server.kill()
            server.wait()
        for name in (INSIDE, ROUTER, OUTSIDE):
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)


def rules() -> str:
    return nftables.DIALECT.render(make(load_example()))


def load() -> None:
    within(ROUTER, "nft", *VARIABLE, "-f", "-", text=rules())


INWARD = [(FAR[f], host[f], port) for host in (MAILER, OTHER) for f in (0, 1) for port in PORTS]
OUTWARD = [(host[f], FAR[f], port) for host in (MAILER, OTHER) for f in (0, 1) for port in PORTS]


def tried(namespace: str, attempts: list[tuple[str, str, int]]) -> dict[tuple[str, str, int], bool]:
    python = str(Path(sys.executable).resolve())
    seen = json.loads(within(namespace, python, "-c", TRIES, json.dumps(attempts)))
    return dict(zip(attempts, seen, strict=True))


def test_without_rules_everything_is_reachable() -> None:
    """The positive twin: what is turned away below is turned away by the rules."""
    within(ROUTER, "nft", "flush", "ruleset")
    assert all(tried(OUTSIDE, INWARD).values())
    assert all(tried(INSIDE, OUTWARD).values())


def test_who_gets_through() -> None:
    load()
    assert tried(OUTSIDE, INWARD) == {
        (source, target, port): target in MAILER or port == 80 for source, target, port in INWARD
    }
    assert tried(INSIDE, OUTWARD) == {
        (source, target, port): source in MAILER or port != 25 for source, target, port in OUTWARD
    }


def test_mail_ports_of_the_router_itself() -> None:
    """A router is a system of the campus too: what listens there is no managed mailer."""
    load()
    code = SERVER.replace("PORTS", "(25, 80)")
    argv = ["ip", "netns", "exec", ROUTER, sys.executable, "-c", code]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == "ready\n"
            attempts = [
                (FAR[family], router, port)
                for family, router in enumerate(("198.51.100.1", "2001:db8:c011::1"))
                for port in (25, 80)
            ]
            assert list(tried(OUTSIDE, attempts).values()) == [False, True, False, True]
        finally:
            server.kill()


def test_loading_again_replaces_and_touches_nothing_else() -> None:
    load()
    within(ROUTER, "nft", "add", "table", "inet", "of_others")
    before = within(ROUTER, "nft", "list", "ruleset")
    load()
    after = within(ROUTER, "nft", "list", "ruleset")
    assert sorted(before.splitlines()) == sorted(after.splitlines())
    within(ROUTER, "nft", "delete", "table", "inet", "of_others")


def test_without_the_outside_named_it_does_not_load() -> None:
    argv = ["ip", "netns", "exec", ROUTER, "nft", "-c", "-f", "-"]
    done = subprocess.run(argv, check=False, capture_output=True, text=True, input=rules())
    assert done.returncode != 0
    assert "outside" in done.stderr
    within(ROUTER, "nft", *VARIABLE, "-c", "-f", "-", text=rules())


def test_the_addresses_are_those_of_the_site() -> None:
    """What this file takes for mailer and campus is so in the example."""
    site = load_example()
    assert {*MAILER} == {str(address) for address in site.hosts[0].addresses}
    for address in OTHER:
        assert any(ip_address(address) in network.prefix for network in site.networks.campus)
