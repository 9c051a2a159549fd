"""The lab: brings up the described hosts and the world around them, and clears everything away again.

with Lab(scene(plan, Path("build/college.ac.uk/dns")), progress=print) as lab:
    argv, environment = lab.ansible_command(project)
    subprocess.run(argv, env=environment, cwd=project, check=True)
    with lab.vantages()["outside"].enter():
        ...
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from mailwright.audit.model import Where
from mailwright.plan.model import HostFacts, Plan
from mailwright.plan.retention import MAIL_FOLDER
from mailwright.records import dataclass
from mailwright.rehearsal import images, machine, network, runs
from mailwright.rehearsal.command import attempt, must
from mailwright.rehearsal.errors import LabError
from mailwright.rehearsal.interrupts import Interrupts
from mailwright.rehearsal.neighbours import PLACE, Neighbour, Switch, configuration, neighbours
from mailwright.rehearsal.topology import Node, Topology, topology
from mailwright.rehearsal.vantage import NamespaceVantage, PodmanShell
from mailwright.rehearsal.world import (
    IN_CONTAINER,
    INBOX,
    PROGRAMS,
    ForeignMail,
    Put,
    files,
    program,
    zone_files,
)
from mailwright.site.model import IPNetwork

_BOOT = 90.0  # seconds that a host may take to start

# As on a real host, but for what only the kernel's owner may do.
_CAPABILITIES = ("NET_ADMIN", "NET_RAW", "AUDIT_WRITE")

# Octets of the file system of the mail log, besides those that have to stay free there.
LOG_ROOM = 128 * 1024**2

_serials = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Scene:
    """What the lab is to show: hosts, networks, names.

    fragments  zone name → its text as rendered
    log_space  octets of each host's file system for the mail log; 0: it has none
    authority  certificate in PEM of the one public CA that everybody in this world trusts; empty: Debian's list
    """

    hosts: tuple[HostFacts, ...]
    campus: tuple[IPNetwork, ...]
    management: tuple[IPNetwork, ...]
    relay: tuple[IPNetwork, ...] = ()
    time_servers: tuple[str, ...] = ()
    fragments: Mapping[str, str] | None = None
    foreign_domains: tuple[str, ...] = ()
    neighbours: tuple[Neighbour, ...] = ()
    authority: str = ""
    log_space: int = 0

    def topology(self) -> Topology:
        """Who stands where. Raises LabError where no lab can be made."""
        return topology(self.hosts, self.campus, self.management, self.relay, self.time_servers, self.neighbours)

    @property
    def covered(self) -> dict[str, str]:
        """Names whose SPF record covers a neighbour, and that neighbour's name."""
        return {one.spf: one.name for one in self.neighbours if one.spf}


def scene(plan: Plan, dns: Path | None, authority: str = "") -> Scene:
    """The scene of a plan. ``dns`` is the folder of rendered ``<zone>.zone`` files.

    Domains of others that mail of the site is passed on to are received by the foreign mail host.
    """
    own = set(plan.settings.domains)
    targets = {
        target.rpartition("@")[2]
        for route in plan.routes
        if route.kind != "gateway"  # whose targets the system behind it receives
        for target in route.targets
        if "@" in target
    }
    return Scene(
        hosts=plan.hosts,
        campus=plan.settings.campus_networks,
        management=plan.settings.management_networks,
        relay=plan.settings.relay_networks,
        time_servers=tuple(dict.fromkeys(clock.server for clock in plan.clocks)),
        fragments=read_fragments(dns) if dns else {},
        foreign_domains=tuple(sorted(targets - own)),
        neighbours=neighbours(plan),
        authority=authority,
        log_space=plan.settings.log_free + LOG_ROOM,
    )


def read_fragments(dns: Path) -> dict[str, str]:
    """Zone name → text, of the ``<zone>.zone`` files in a folder."""
    return {path.name.removesuffix(".zone"): path.read_text("utf-8") for path in sorted(dns.glob("*.zone"))}


class Lab:
    """A context manager: inside it, the hosts are up. ``progress`` is told what is being done.

    keep  leave everything running at the end; ``how_to_get_in`` then says how to look around and clear away
    run   the id of a lab of the same scene that was kept: to look at it from another process, without entering

    Entering raises LabError when the machine cannot do it, or when a host does not come up.
    """

    def __init__(self, scene: Scene, progress: images.Progress, keep: bool = False, run: str | None = None) -> None:
        self.scene = scene
        self.topology = scene.topology()
        self.keep = keep
        self.run = run or runs.new_id(next(_serials))
        self.folder = runs.folder(self.run)
        self.mail = ForeignMail(self.folder / "inbox")
        self._progress = progress
        self._interrupts = Interrupts()
        numbered = enumerate(self.topology.nodes)
        self._short = {node.name: f"{'host' if node.container else 'client'}{number}" for number, node in numbered}
        self._short |= {node.name: f"neighbour{number}" for number, node in enumerate(self.topology.neighbours)}
        bare = (*self.topology.clients, self.topology.outside, self.topology.world)
        self._short |= {node.name: node.name for node in bare}
        self.containers = {
            node.name: f"mailwright-{self.run}-{self._short[node.name]}"
            for node in self.topology.nodes
            if node.container
        }
        self.shell = PodmanShell(self.containers)

    # ---- coming and going

    def __enter__(self) -> Self:
        machine.check()
        self._interrupts.__enter__()
        try:
            with self._interrupts.held():
                swept = runs.sweep()
            if swept:
                self._progress(f"cleared away what {len(swept)} interrupted run(s) had left")
            references = self._images()
            with self._interrupts.held():
                self._prepare_folder()
                self._progress("joining networks")
                network.build(self.topology, self.namespaces)
            self._progress(f"starting {', '.join(self.containers)}")
            for node in self._container_nodes():
                with self._interrupts.held():
                    self._start(node, references[node.name])
            for node in self._container_nodes():
                self._await_boot(node)
        except BaseException:
            self._clear()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.keep:
            runs.keep(self.run)
            self._interrupts.__exit__(None, None, None)
        else:
            self._clear()

    def _clear(self) -> None:
        try:
            with self._interrupts.held():
                runs.remove(self.run)
        finally:
            self._interrupts.__exit__(None, None, None)

    @property
    def namespaces(self) -> dict[str, str]:
        """Node, or ``router`` → its network namespace's name."""
        names = {node.name: runs.namespace(self.run, self._short[node.name]) for node in self.topology.nodes}
        return {**names, network.ROUTER: runs.namespace(self.run, network.ROUTER)}

    def how_to_get_in(self) -> str:
        """Commands for a person who wants to look around in a kept lab."""
        lines = [f"podman exec -it {container} bash    # {name}" for name, container in self.containers.items()]
        clients = (*self.topology.clients, self.topology.outside)
        lines += [
            f"nsenter --net={network.path(self.namespaces[node.name])} bash    # {node.name}" for node in clients
        ]
        lines.append(f"messages that left the site: {self.folder / 'inbox'}")
        lines.append(f"to clear away: {_clearing(self.run)}")
        return "\n".join(lines)

    # ---- what others use

    @property
    def resolver(self) -> tuple[str, ...]:
        """Addresses of the resolver that every host and client can ask, by one or the other."""
        return tuple(map(str, self.topology.resolver))

    @property
    def ssh_key(self) -> Path:
        """The private key that root's account on each host accepts."""
        return self.folder / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        return self.folder / "known_hosts"

    def vantage(self, node: str, name: Where) -> NamespaceVantage:
        """A place to look from: ``node`` is a host's full name, or ``outside``, ``campus``, ``world`` ..."""
        place = network.path(self.namespaces[self.topology.node(node).name])
        return NamespaceVantage(name, self.topology.node(node).ips, place, self.folder)

    def vantages(self) -> dict[Where, NamespaceVantage]:
        """Outside, and inside where the campus has room for a client."""
        found: dict[Where, NamespaceVantage] = {"outside": self.vantage("outside", "outside")}
        if any(client.name == "campus" for client in self.topology.clients):
            found["inside"] = self.vantage("campus", "inside")
        return found

    def host_vantages(self) -> dict[str, NamespaceVantage]:
        """Each host of the site, by its name, as a place to look from."""
        return {node.name: self.vantage(node.name, "host") for node in self.topology.hosts}

    def ansible_command(
        self, project: Path, *arguments: str, playbook: str = "site.yml", variables: Mapping[str, str] | None = None
    ) -> tuple[list[str], dict[str, str]]:
        """Command and environment that apply a built project, unaltered, from the management network.

        Run it in the project's folder. ``arguments`` go to ansible-playbook (``--check``), ``variables`` are
        further extra variables (paths of the secrets made for this rehearsal).
        """
        beside = Path(sys.executable).with_name("ansible-playbook")
        program = str(beside) if beside.exists() else shutil.which("ansible-playbook")
        if program is None:
            raise LabError("ansible-playbook is not installed.", "pip install ansible-core")
        extra = {**self.connection(), **(variables or {})}
        said = self.folder / "variables.json"
        said.write_text(json.dumps(extra), encoding="utf-8")
        argv = [
            *self.vantage("management", "inside").command_prefix(),
            program,
            playbook,
            "--extra-vars",
            f"@{said}",
        ]
        environment = {key: value for key, value in os.environ.items() if not key.startswith("ANSIBLE_")}
        environment |= {
            "ANSIBLE_CONFIG": str(project / "ansible.cfg"),
            "ANSIBLE_HOME": str(self.folder / "ansible"),
            "ANSIBLE_NOCOWS": "1",
            "ANSIBLE_PIPELINING": "1",
            "ANSIBLE_SSH_ARGS": "-o ControlMaster=auto -o ControlPersist=60s",
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(self.folder / "ssh"),
            "LC_ALL": "C.UTF-8",
        }
        return [*argv, *arguments], environment

    def connection(self) -> dict[str, str]:
        """Ansible variables: how to reach the hosts, for somebody who stands in the management network."""
        return {
            "ansible_user": "root",
            "ansible_python_interpreter": "/usr/bin/python3",
            "ansible_ssh_private_key_file": str(self.ssh_key),
            "ansible_ssh_common_args": self._ssh_options(),
        }

    def ssh(self, host: str, *argv: str, timeout: float = 30.0) -> tuple[int, str]:
        """A command on a host over SSH from the management network: the road that a deployment takes."""
        options = ["ssh", *self._ssh_options().split(), "-o", "BatchMode=yes", "-i", str(self.ssh_key)]
        prefix = self.vantage("management", "inside").command_prefix()
        return attempt([*prefix, *options, f"root@{host}", "--", *argv], timeout=timeout)

    def serve(self, fragments: Mapping[str, str]) -> None:
        """Serve other zones of the site from now on. Raises LabError for what is no zone file."""
        root = self._root("world")
        for put in zone_files(self.topology, fragments, self.scene.foreign_domains, self.scene.covered):
            _lay(root, put)
        self._in_world("systemctl", "restart", "nsd", "unbound")

    def border(self, rules: str) -> None:
        """Make the border router go by these rules (nftables) from now on. Raises LabError with nft's words."""
        there = f"--net={network.path(self.namespaces[network.ROUTER])}"
        outside = f'outside={{ "{network.OUTSIDE}" }}'
        must(["nsenter", there, "nft", "--define", outside, "--file", "-"], stdin=rules)

    def false_time(self, seconds: float) -> None:
        """Make all time servers of the world lie by so many seconds; 0 puts them right again."""
        self._in_world("systemctl", "stop", "chrony", "mailwright-false-time@*")
        if seconds:
            self._in_world("systemctl", "start", f"mailwright-false-time@{seconds:g}")
        else:
            self._in_world("systemctl", "start", "chrony")

    def equip(self, name: str, files: Mapping[str, bytes]) -> None:
        """Give a neighbour its certificate and password: files of its folder. It serves as soon as it has them."""
        for file, content in files.items():
            (self._neighbour_folder(name) / file).write_bytes(content)
        if "key.pem" in files:
            self.switch(name, "up")

    def switch(self, name: str, state: str) -> None:
        """Make a neighbour's mail system ``up``, ``down``, ``slow`` or ``lying``."""
        Switch(self._neighbour_folder(name)).to(state)

    def neighbour_mail(self, name: str) -> ForeignMail:
        """What a neighbour's mail system took in."""
        return ForeignMail(self._neighbour_folder(name) / "inbox")

    def collect_logs(self, folder: Path) -> None:
        """Write what helps to understand a failure: a folder for each host, one file for each question."""
        for name in self.containers:
            place = folder / name
            place.mkdir(parents=True, exist_ok=True)
            if any(name == one.name for one in self.topology.neighbours):
                (place / "output.txt").write_text(attempt(["podman", "logs", self.containers[name]])[1], "utf-8")
                continue
            for question, argv in _QUESTIONS if name != "world" else _QUESTIONS[:_SYSTEM_QUESTIONS]:
                _status, said = self.shell.run(name, *argv, timeout=20)
                (place / question).write_text(said, encoding="utf-8")
            logs = self._root(name) / "var/log"
            if logs.is_dir():  # not so when the host itself is down
                beside_journal = shutil.ignore_patterns("journal")
                shutil.copytree(logs, place / "var-log", symlinks=True, ignore=beside_journal, dirs_exist_ok=True)
        shutil.copytree(self.folder / "inbox", folder / "foreign-mail", dirs_exist_ok=True)

    # ---- how it is made

    def _container_nodes(self) -> tuple[Node, ...]:
        return (self.topology.world, *self.topology.neighbours, *self.topology.hosts)

    def _images(self) -> dict[str, str]:
        systems = {host.name: images.of_host(host) for host in self.scene.hosts}
        systems |= {one.name: images.DIRECTORY for one in self.scene.neighbours if one.kind == "directory"}
        wanted = {node.name: systems.get(node.name, images.WORLD) for node in self._container_nodes()}
        references = {name: images.ensure_image(name, self._progress) for name in sorted(set(wanted.values()))}
        return {node: references[name] for node, name in wanted.items()}

    def _prepare_folder(self) -> None:
        runs.FOLDER.mkdir(mode=0o755, exist_ok=True)
        self.folder.mkdir(mode=0o700)
        (self.folder / "inbox").mkdir()
        for one in self.scene.neighbours:
            self._prepare_neighbour(one)
        lines = ["127.0.0.1 localhost", "::1 localhost"]
        lines += [f"{address} {node.name}" for node in self.topology.hosts for address in node.ips]
        (self.folder / "hosts").write_text(_text(lines), encoding="ascii")
        (self.folder / "resolv.conf").write_text(self._resolv_conf(), encoding="ascii")
        for name in ("id_ed25519", *(f"host-{self._short[node.name]}" for node in self.topology.hosts)):
            must(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "rehearsal", "-f", str(self.folder / name)])
        known = []
        for node in self.topology.hosts:
            key = (self.folder / f"host-{self._short[node.name]}.pub").read_text(encoding="ascii").strip()
            known.append(f"{','.join([node.name, *map(str, node.ips)])} {key}")
        self.known_hosts.write_text(_text(known), encoding="ascii")

    def _neighbour_folder(self, name: str) -> Path:
        return self.folder / "neighbours" / self._short[self.topology.node(name).name]

    def _prepare_neighbour(self, one: Neighbour) -> None:
        place = self._neighbour_folder(one.name)
        place.mkdir(parents=True)
        said = configuration(one, self.topology.node(one.name).ips, INBOX)
        (place / "config.json").write_text(said, encoding="utf-8")
        (place / "state").write_text("up", encoding="ascii")

    def _resolv_conf(self) -> str:
        return _text([f"nameserver {address}" for address in self.topology.resolver])

    def _ssh_options(self) -> str:
        known = f"-o UserKnownHostsFile={self.known_hosts} -o StrictHostKeyChecking=yes"
        return f"-F /dev/null {known} -o LogLevel=ERROR -o ConnectTimeout=10"

    def _start(self, node: Node, reference: str) -> None:
        container = self.containers[node.name]
        argv = [*machine.podman(), "create", "--name", container, "--hostname", node.name.partition(".")[0]]
        argv += ["--label", f"{runs.LABEL}={self.run}", "--label", f"mailwright.host={node.name}"]
        argv += ["--systemd=always", "--no-hosts", "--network", f"ns:{network.path(self.namespaces[node.name])}"]
        argv += [f"--cap-add={capability}" for capability in _CAPABILITIES]
        argv += [*machine.limits(), "--volume", f"{self.folder}/resolv.conf:/etc/resolv.conf:ro"]
        if node is self.topology.world:
            argv += ["--volume", f"{self.folder}/inbox:{INBOX}"]
        elif node in self.topology.hosts and self.scene.log_space:
            argv += ["--tmpfs", f"{MAIL_FOLDER}:rw,size={self.scene.log_space},mode=0755"]
        if node in self.topology.neighbours:
            place = self._neighbour_folder(node.name)
            argv += ["--volume", f"{place}:{PLACE}", "--volume", f"{self.folder}/inbox:{INBOX}"]
            argv += ["--env", f"PYTHONPATH={PROGRAMS}", reference]
            directory = any(one.name == node.name and one.kind == "directory" for one in self.scene.neighbours)
            module = "ldap_server" if directory else "standin"
            argv += ["python3", "-u", "-m", f"mailwright.rehearsal.{module}", PLACE]
        else:
            argv += [reference, "/sbin/init"]
        must(argv)
        mounted = Path(must(["podman", "mount", container]).splitlines()[-1])
        try:
            for put in self._files(node):
                _lay(mounted, put)
            if node is self.topology.world:
                wants = mounted / "etc/systemd/system/multi-user.target.wants"
                (wants / "mailwright-mail.service").symlink_to("/etc/systemd/system/mailwright-mail.service")
        finally:
            must(["podman", "umount", container])
        must([*machine.podman(), "start", container])

    def _files(self, node: Node) -> Iterable[Put]:
        if node in self.topology.neighbours:
            programs = ("receiver.py", "standin.py", "ldap_server.py")
            return tuple(program(f"mailwright/rehearsal/{name}") for name in programs)
        if node is self.topology.world:
            scene = self.scene
            said = files(self.topology, scene.fragments or {}, scene.foreign_domains, scene.covered)
            return (*said, *self._trusted())
        short = node.name.partition(".")[0]
        hosts = ["127.0.0.1 localhost", "::1 localhost ip6-localhost ip6-loopback"]
        hosts += [f"{address} {node.name} {short}" for address in node.ips]
        private = self.folder / f"host-{self._short[node.name]}"
        return (
            Put("/etc/hosts", _text(hosts)),
            Put("/etc/hostname", f"{short}\n"),
            Put("/etc/ssh/ssh_host_ed25519_key", private.read_text(encoding="ascii"), 0o600),
            Put("/etc/ssh/ssh_host_ed25519_key.pub", private.with_suffix(".pub").read_text(encoding="ascii")),
            Put("/root/.ssh/authorized_keys", self.ssh_key.with_suffix(".pub").read_text(encoding="ascii"), 0o600),
            *self._trusted(),
            *IN_CONTAINER,
        )

    def _trusted(self) -> tuple[Put, ...]:
        authority = self.scene.authority
        return (Put("/etc/ssl/certs/ca-certificates.crt", authority),) if authority else ()

    def _await_boot(self, node: Node) -> None:
        """Return when systemd says ``running``. Raises LabError that names the units that failed."""
        if node in self.topology.neighbours:  # there as soon as they are equipped
            return
        container = self.containers[node.name]
        deadline = time.monotonic() + _BOOT
        while True:
            _status, said = attempt(["podman", "exec", container, "systemctl", "is-system-running", "--wait"])
            state = said.strip().splitlines()[-1] if said.strip() else ""
            if state == "running":
                return
            if state == "degraded":
                failed = self.shell.run(node.name, "systemctl", "--failed", "--plain", "--no-legend")[1]
                raise LabError(f"{node.name} did not come up well. Failed units:\n{failed.rstrip()}")
            if time.monotonic() > deadline:
                log = attempt(["podman", "exec", container, "journalctl", "-n", "20", "--no-pager"])[1]
                raise LabError(f"{node.name} ({state}) is not up after {_BOOT:g} s. It said last:\n{log.rstrip()}")
            time.sleep(0.1)

    def _in_world(self, *argv: str) -> None:
        status, said = self.shell.run("world", *argv)
        if status != 0:
            raise LabError(f"The simulated Internet refused `{' '.join(argv)}`: {said.strip()}")

    def _root(self, name: str) -> Path:
        process = must(["podman", "inspect", "--format", "{{.State.Pid}}", self.containers[name]]).split()[-1]
        return Path("/proc", process, "root")


# (file, command); the first ones are for the world too
_QUESTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("journal.txt", ("journalctl", "--no-pager", "--output=short-precise")),
    ("failed-units.txt", ("systemctl", "--failed", "--no-pager")),
    ("sockets.txt", ("ss", "-ltnup")),
    ("addresses.txt", ("ip", "address")),
    ("chrony.txt", ("chronyc", "-n", "sources")),
    ("chrony-tracking.txt", ("chronyc", "-n", "tracking")),
    ("postconf-n.txt", ("postconf", "-n")),
    ("postconf-M.txt", ("postconf", "-M")),
    ("postqueue.txt", ("postqueue", "-p")),
    ("doveconf-n.txt", ("doveconf", "-n")),
    ("nftables.txt", ("nft", "list", "ruleset")),
    ("rspamd.txt", ("rspamadm", "configdump")),
)
_SYSTEM_QUESTIONS = 4


def _clearing(run: str) -> str:
    return f"{sys.executable} -m mailwright.rehearsal.runs {run}"


def _lay(root: Path, put: Put) -> None:
    path = root / put.path.lstrip("/")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.touch(mode=put.mode)
    path.write_text(put.text, encoding="utf-8")
    path.chmod(put.mode)


def _text(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
