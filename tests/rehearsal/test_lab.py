"""The lab with real hosts, on both releases."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path

import dns.message
import dns.query
import dns.reversename
import pytest

from mailwright.plan.model import Because, HostFacts
from mailwright.rehearsal import runs
from mailwright.rehearsal.command import attempt
from mailwright.rehearsal.errors import LabError
from mailwright.rehearsal.lab import Lab, Scene
from mailwright.rehearsal.vantage import NamespaceVantage

pytestmark = [pytest.mark.hosts, pytest.mark.slow]

HOST = "mail.college.ac.uk"
V4, V6 = "198.51.100.25", "2001:db8:100::25"
REVERSE6 = "0.0.1.0.8.b.d.0.1.0.0.2.ip6.arpa"
FRAGMENTS = {
    "college.ac.uk": "www.college.ac.uk. 60 IN A 198.51.100.80\nwww.college.ac.uk. 60 IN AAAA 2001:db8:100::80\n",
    "100.51.198.in-addr.arpa": "80.100.51.198.in-addr.arpa. 60 IN PTR www.college.ac.uk.\n",
    REVERSE6: f"{dns.reversename.from_address('2001:db8:100::80')} 60 IN PTR www.college.ac.uk.\n",
}


def scene(system: str) -> Scene:
    facts = HostFacts(HOST, (ip_address(V4), ip_address(V6)), system, ("mx",), Because("", "test"))  # type: ignore[arg-type]
    return Scene(
        hosts=(facts,),
        campus=(ip_network("198.51.100.0/24"), ip_network("2001:db8:100::/48")),
        management=(ip_network("198.51.100.128/26"), ip_network("2001:db8:100:f::/64")),
        time_servers=("ntp0.ja.net", "ntp1.ja.net", "ntp2.ja.net"),
        fragments=FRAGMENTS,
        foreign_domains=("partner.example",),
        authority="everybody's authority\n",
    )


def machine() -> str:
    """All addresses, links and routes of the machine's own network namespace."""
    questions = (["ip", "-brief", "address"], ["ip", "route", "show", "table", "all"], ["ip", "-6", "route"])
    return "\n".join(attempt(question)[1] for question in questions)


def traces(run: str) -> list[str]:
    """What is left of a run: containers, namespaces, its folder, processes in its namespaces."""
    containers = attempt(["podman", "ps", "-a", "-q", "--filter", f"label={runs.LABEL}={run}"])[1].split()
    namespaces = [path.name for path in Path("/run/netns").iterdir() if run in path.name]
    return [*containers, *namespaces, *map(str, runs.FOLDER.glob(run))]


@pytest.fixture(scope="module", params=["debian-13", "debian-12"])
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    before = machine()
    with Lab(scene(request.param), progress=print) as lab:
        assert machine() == before
        yield lab
    assert machine() == before
    assert traces(lab.run) == []


def banner(vantage: NamespaceVantage, address: str, port: int = 22) -> tuple[bytes, str]:
    """What a server says first, and from which address it was asked."""
    with vantage.enter(), socket.create_connection((address, port), timeout=5) as connection:
        return connection.recv(100), connection.getsockname()[0]


def ask(vantage: NamespaceVantage, resolver: str, name: str, kind: str) -> list[str]:
    with vantage.enter():
        reply = dns.query.udp(dns.message.make_query(name, kind), resolver, timeout=5)
    return [str(value) for answer in reply.answer for value in answer]


@pytest.mark.parametrize("where", ["management", "campus", "outside", "world", HOST])
def test_names_of_the_fragments_are_found_from_everywhere(lab: Lab, where: str) -> None:
    vantage = lab.vantage(where, "inside")
    for resolver in map(str, lab.topology.resolver):
        assert ask(vantage, resolver, "www.college.ac.uk", "AAAA") == ["2001:db8:100::80"]
        for address in ("198.51.100.80", "2001:db8:100::80"):
            reverse = dns.reversename.from_address(address).to_text()
            assert ask(vantage, resolver, reverse, "PTR") == ["www.college.ac.uk."]
        assert ask(vantage, resolver, "nothing.college.ac.uk", "A") == []


def test_the_host_itself_finds_names(lab: Lab) -> None:
    assert lab.shell.run(HOST, "getent", "hosts", "198.51.100.80")[1].split() == [
        "198.51.100.80",
        "www.college.ac.uk",
    ]
    assert "203.0.113.25" in lab.shell.run(HOST, "getent", "ahosts", "mx.foreign.example")[1]


def test_other_zones_can_be_served(lab: Lab) -> None:
    outside = lab.vantage("outside", "outside")
    lab.serve({**FRAGMENTS, "college.ac.uk": "www.college.ac.uk. 60 IN A 198.51.100.81\n"})
    try:
        assert ask(outside, lab.resolver[0], "www.college.ac.uk", "A") == ["198.51.100.81"]
    finally:
        lab.serve(FRAGMENTS)
    assert ask(outside, lab.resolver[0], "www.college.ac.uk", "A") == ["198.51.100.80"]


@pytest.mark.parametrize("where", ["management", "campus", "outside", "world"])
@pytest.mark.parametrize("address", [V4, V6])
def test_the_host_is_reached_from_an_address_of_the_vantage(lab: Lab, where: str, address: str) -> None:
    vantage = lab.vantage(where, "outside")
    said, source = banner(vantage, address)
    assert said.startswith(b"SSH-2.0-OpenSSH")
    wanted = [ip for ip in vantage.addresses if ip.version == ip_address(address).version]
    assert source == str(wanted[0])


BORDER = """
table inet tried {}
delete table inet tried
table inet tried {
	chain forward {
		type filter hook forward priority filter; policy accept;
		iifname $outside meta nfproto ipv6 tcp dport 22 VERDICT
	}
}
"""


def test_the_border_goes_by_the_rules_that_it_is_given(lab: Lab) -> None:
    outside, campus = lab.vantage("outside", "outside"), lab.vantage("campus", "inside")
    lab.border(BORDER.replace("VERDICT", "reject with tcp reset"))
    try:
        with pytest.raises(ConnectionRefusedError):
            banner(outside, V6)
        assert banner(outside, V4)[0].startswith(b"SSH-2.0")
        assert banner(campus, V6)[0].startswith(b"SSH-2.0")
    finally:
        lab.border(BORDER.replace("VERDICT", "accept"))
    assert banner(outside, V6)[0].startswith(b"SSH-2.0")
    with pytest.raises(LabError, match="syntax error"):
        lab.border("no rules at all")


def test_everybody_trusts_the_authority(lab: Lab) -> None:
    for name in (HOST, "world"):
        said = lab.shell.run(name, "cat", "/etc/ssl/certs/ca-certificates.crt")
        assert said == (0, "everybody's authority\n")


def test_a_vantage_is_left_again(lab: Lab) -> None:
    before = Path("/proc/thread-self/ns/net").readlink()
    with contextlib.suppress(ZeroDivisionError), lab.vantage("outside", "outside").enter():
        assert Path("/proc/thread-self/ns/net").readlink() != before
        raise ZeroDivisionError
    assert Path("/proc/thread-self/ns/net").readlink() == before


def test_nobody_reaches_the_real_network(lab: Lab) -> None:
    for node in lab.topology.nodes:
        prefix = lab.vantage(node.name, "inside").command_prefix()
        links = attempt([*prefix, "ip", "-brief", "link"])[1].split("\n")
        assert sorted(line.partition("@")[0].split()[0] for line in links if line) == ["eth0", "lo"]


MESSAGE = """
import smtplib, sys
with smtplib.SMTP(sys.argv[1], 25, local_hostname="mail.college.ac.uk", timeout=60) as smtp:
    content = "Subject: " + sys.argv[2] + "\\r\\n\\r\\nhello\\r\\n"
    smtp.sendmail("me@college.ac.uk", ["you@foreign.example"], content)
"""


def test_mail_from_the_host_arrives_at_the_foreign_mail_host(lab: Lab) -> None:
    for address, source in zip(map(str, lab.topology.mail), (V4, V6), strict=True):
        token = f"token-{address}"
        assert lab.shell.run(HOST, "python3", "-c", MESSAGE, address, token) == (0, "")
        message = lab.mail.wait_for(token)
        assert message is not None
        assert (message.sender, message.recipients) == ("me@college.ac.uk", ("you@foreign.example",))
        assert (message.client, message.helo) == (source, HOST)
        assert message.content == f"Subject: {token}\r\n\r\nhello\r\n".encode()


def test_the_hosts_own_postfix_delivers_there_by_mx(lab: Lab) -> None:
    # As the package leaves it, it delivers locally only.
    outward = "postconf -e inet_interfaces=all default_transport=smtp && systemctl restart postfix"
    assert lab.shell.run(HOST, "sh", "-c", outward) == (0, "")
    send = "printf 'Subject: token-mx\\n\\nhello\\n' | sendmail -f me@college.ac.uk you@partner.example"
    assert lab.shell.run(HOST, "sh", "-c", send) == (0, "")
    message = lab.mail.wait_for("token-mx")
    assert message is not None
    assert message.recipients == ("you@partner.example",)


SERVERS = "".join(f"server ntp{number}.ja.net iburst minpoll 0 maxpoll 1\n" for number in range(3))


def tracked(lab: Lab, far: bool) -> bool:
    """Whether before long the three time servers are all seen, about right or (``far``) about 5 s off."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        lines = lab.shell.run(HOST, "chronyc", "-c", "-n", "sources")[1].splitlines()
        offsets = [
            abs(float(line.split(",")[7])) for line in lines if line.count(",") >= 9 and line.split(",")[5] != "0"
        ]
        if len(offsets) == 3 and all(4 < offset < 6 if far else offset < 0.5 for offset in offsets):
            return True
        time.sleep(0.5)
    return False


def test_the_host_follows_the_worlds_clocks_right_or_wrong(lab: Lab) -> None:
    write = f"printf '{SERVERS}' > /etc/chrony/chrony.conf && systemctl restart chrony"
    assert lab.shell.run(HOST, "sh", "-c", write) == (0, "")
    assert tracked(lab, far=False)
    lab.false_time(5)
    try:
        lab.shell.run(HOST, "systemctl", "restart", "chrony")
        assert tracked(lab, far=True)
    finally:
        lab.false_time(0)
    lab.shell.run(HOST, "systemctl", "restart", "chrony")
    assert tracked(lab, far=False)


def test_commands_over_ssh_from_the_management_network(lab: Lab) -> None:
    status, said = lab.ssh(HOST, "echo", "$SSH_CLIENT")
    assert status == 0
    assert ip_address(said.split()[0]) in lab.topology.node("management").ips


def test_a_project_is_applied_with_its_own_inventory(lab: Lab, tmp_path: Path) -> None:
    (tmp_path / "inventory").mkdir()
    (tmp_path / "inventory" / "hosts.yml").write_text(f"all: {{hosts: {{{HOST}: {{}}}}}}\n")
    (tmp_path / "ansible.cfg").write_text("[defaults]\ninventory = inventory/hosts.yml\n")
    (tmp_path / "site.yml").write_text(
        "- hosts: all\n  gather_facts: true\n  tasks:\n"
        "    - ansible.builtin.copy: {content: '{{ said }}', dest: /root/said, mode: '0600'}\n"
    )
    argv, environment = lab.ansible_command(tmp_path, "--diff", variables={"said": 'it\'s "here" {x} $y'})
    done = subprocess.run(
        argv, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert lab.shell.run(HOST, "cat", "/root/said") == (0, 'it\'s "here" {x} $y')


def test_a_command_that_does_not_end_is_ended_on_the_host(lab: Lab) -> None:
    assert lab.shell.run(HOST, "sleep", "4711", timeout=0.5)[0] == 124
    assert lab.shell.run(HOST, "pgrep", "--full", "^sleep 4711")[0] == 1


def test_logs_are_collected(lab: Lab, tmp_path: Path) -> None:
    lab.collect_logs(tmp_path)
    assert "Startup finished" in (tmp_path / HOST / "journal.txt").read_text()
    assert "smtpd" in (tmp_path / HOST / "postconf-M.txt").read_text()
    assert "unbound" in (tmp_path / "world" / "journal.txt").read_text()
    logs = {path.name for path in (tmp_path / HOST / "var-log").iterdir()}
    assert "rspamd" in logs
    assert "journal" not in logs


def test_each_host_has_keys_and_an_id_of_its_own(lab: Lab) -> None:
    keys = lab.shell.run(HOST, "sh", "-c", "cat /etc/ssh/ssh_host_*.pub; cat /etc/machine-id")[1].splitlines()
    assert [line.split()[0] for line in keys[:-1]] == ["ssh-ed25519"]
    assert len(keys[-1]) == 32


def test_the_journal_has_no_complaint_that_only_a_container_provokes(lab: Lab) -> None:
    said = lab.shell.run(HOST, "journalctl", "--boot", "--priority=warning", "--no-pager", "--output=cat")[1]
    unexpected = [
        line
        for line in said.splitlines()
        # Debian's own rsyslog.conf asks for the kernel's log; the logs component replaces it.
        if "imklog" not in line and "chrony" not in line.lower()
    ]
    assert [line for line in unexpected if "container" in line or "not permitted" in line] == []


def test_hosts_of_both_releases_in_several_prefixes_reach_each_other() -> None:
    def host(name: str, system: str, *addresses: str) -> HostFacts:
        return HostFacts(name, tuple(map(ip_address, addresses)), system, ("mx",), Because("", "test"))  # type: ignore[arg-type]

    hosts = (
        host("one.college.ac.uk", "debian-13", "198.51.100.25", "2001:db8:100::25"),
        host("two.college.ac.uk", "debian-12", "10.20.0.25", "2001:db8:200::25"),
        host("away.college.ac.uk", "debian-13", "203.0.113.7"),
    )
    campus = ("198.51.100.0/24", "10.20.0.0/16", "2001:db8:100::/48", "2001:db8:200::/48")
    several = Scene(
        hosts=hosts,
        campus=tuple(map(ip_network, campus)),
        management=(ip_network("10.99.0.0/24"),),
        time_servers=("203.0.113.99",),
    )
    with Lab(several, progress=print) as lab:
        names = [facts.name for facts in hosts]
        places = [*names, *(client.name for client in lab.topology.clients), "outside", "world"]
        for place in places:
            vantage = lab.vantage(place, "inside")
            versions = {ip.version for ip in vantage.addresses}
            for address in (
                address for facts in hosts for address in facts.addresses if address.version in versions
            ):
                assert banner(vantage, str(address))[0].startswith(b"SSH-2.0"), (place, address)
        for name in names:
            assert lab.ssh(name, "hostname", "--fqdn") == (0, f"{name}\n")
        assert lab.shell.run("two.college.ac.uk", "grep", "-c", "bookworm", "/etc/os-release")[0] == 0


BROKEN = """
import time
from mailwright.rehearsal.lab import Lab
from test_lab_scene import SCENE
with Lab(SCENE, progress=lambda text: print(text, flush=True)) as lab:
    print("RUN", lab.run, flush=True)
    time.sleep(300)
"""


def start(tmp_path: Path, program: str) -> subprocess.Popen[str]:
    here = Path(__file__)
    (tmp_path / "test_lab_scene.py").write_text(
        f"import importlib.util\nspec = importlib.util.spec_from_file_location('test_lab', {str(here)!r})\n"
        "module = importlib.util.module_from_spec(spec)\nspec.loader.exec_module(module)\n"
        "SCENE = module.scene('debian-13')\n"
    )
    (tmp_path / "program.py").write_text(program)
    return subprocess.Popen([sys.executable, str(tmp_path / "program.py")], stdout=subprocess.PIPE, text=True)


def await_line(process: subprocess.Popen[str], beginning: str) -> str:
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith(beginning):
            return line.strip()
    raise AssertionError("the program ended before it said so")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("moment", ["RUN", "joining networks", "starting"])
def test_an_interrupted_run_leaves_nothing(tmp_path: Path, number: int, moment: str) -> None:
    before = machine()
    with start(tmp_path, BROKEN) as process:
        try:
            await_line(process, moment)
            process.send_signal(number)
            process.wait(timeout=120)
        finally:
            process.kill()
        assert process.returncode != 0
    left = [run for run in runs.known() if run.startswith(f"{process.pid}-")]
    assert left == []
    assert machine() == before


def test_what_a_killed_run_left_is_cleared_away_by_the_next(tmp_path: Path) -> None:
    with start(tmp_path, BROKEN) as process:
        try:
            run = await_line(process, "RUN").split()[1]
        finally:
            process.kill()
    assert traces(run) != []
    assert run in runs.sweep()
    assert traces(run) == []


def test_a_kept_run_stays_until_it_is_told_to_go(tmp_path: Path) -> None:
    program = BROKEN.replace("flush=True))", "flush=True), keep=True)").replace("300", "0")
    with start(tmp_path, program) as process:
        run = await_line(process, "RUN").split()[1]
        process.wait(timeout=120)
    try:
        assert run not in runs.sweep()
        running = attempt(["podman", "ps", "-q", "--filter", f"label={runs.LABEL}={run}"])[1].split()
        assert len(running) == 2
    finally:
        subprocess.run([sys.executable, "-m", "mailwright.rehearsal.runs", run], check=True)
    assert traces(run) == []


def test_a_host_that_does_not_come_up_well_is_told_with_its_failed_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    from mailwright.rehearsal import lab as lab_module
    from mailwright.rehearsal.world import IN_CONTAINER, Put

    unit = "[Service]\nType=oneshot\nExecStart=/bin/false\n"
    broken = (
        Put("/etc/systemd/system/broken.service", unit),
        Put("/etc/systemd/system/multi-user.target.d/broken.conf", "[Unit]\nWants=broken.service\n"),
    )
    monkeypatch.setattr(lab_module, "IN_CONTAINER", (*IN_CONTAINER, *broken))
    lab = Lab(scene("debian-13"), progress=print)
    with pytest.raises(LabError, match=r"did not come up well(.|\n)*broken\.service"):
        lab.__enter__()
    assert traces(lab.run) == []
