"""The stage of all scenarios, and the platform with its customers."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import yaml

from mailwright.audit import letters, mailboxes, posting, roads
from mailwright.audit.smtp import Reply
from mailwright.rehearsal.deploy import DeployError
from mailwright.rehearsal.guests import Guest
from mailwright.rehearsal.platform import PlatformStage

_path = Path(__file__).resolve().parents[2] / "shared" / "tests" / "conftest.py"
_spec = importlib.util.spec_from_file_location("shared_fixtures", _path)
assert _spec is not None
assert _spec.loader is not None
_shared = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_shared)

stage = _shared.stage
drift = _shared.drift

STORE = "mail.hosting.example"
SECOND = "mx2.hosting.example"


@dataclass(frozen=True)
class Applied:
    """What an apply of the customers came to: ``status`` of ansible-playbook, and of each host what was sent."""

    status: int
    words: str
    sent: Mapping[str, list[str]] = field(default_factory=dict)
    tables: Mapping[str, list[str]] = field(default_factory=dict)
    changed: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Customers:
    """The platform as it stands, and other builds of its customers."""

    platform: PlatformStage
    folder: Path

    def guest(self, name: str) -> Guest:
        return next(one for one in self.platform.prepared.guests if one.id == name)

    def fragment(self, name: str) -> str:
        place = self.platform.prepared.platform.project / "customers" / name
        return (place / "mail.tables").read_text(encoding="utf-8")

    def build(self, **fragments: str | None) -> Path:
        """A copy of the project with other fragments, as a build that lacked the walls would make it; None: the
        customer is gone."""
        project = self.folder / "project"
        shutil.rmtree(project, ignore_errors=True)
        shutil.copytree(self.platform.prepared.platform.project, project)
        rows = json.loads((project / "customers.json").read_text(encoding="utf-8"))
        for name, text in fragments.items():
            if text is None:
                del rows[name]
                shutil.rmtree(project / "customers" / name)
                continue
            (project / "customers" / name).mkdir(exist_ok=True)
            (project / "customers" / name / "mail.tables").write_text(text, encoding="utf-8")
            rows.setdefault(name, {"dkim_key": "", "passwords": ""})
            rows[name] |= {"sha256": sha256(text.encode()).hexdigest()}
        (project / "customers.json").write_text(json.dumps(rows), encoding="utf-8")
        return project

    def apply(self, project: Path | None = None, *arguments: str) -> Applied:
        """The customers alone, as after a change of theirs."""
        words = self.platform.stage.folder / "ansible.log"
        status = 0
        changed: Mapping[str, int] = {}
        try:
            changed = self.platform.apply(
                lambda _: None, "--tags", "customers", "-v", *arguments, project=project
            ).changed
        except DeployError:
            status = 2
        said = words.read_text(encoding="utf-8")
        results = dict(_results(said))
        return Applied(
            status,
            said,
            {host: result.get("sent", []) for host, result in results.items()},
            {host: result.get("tables", []) for host, result in results.items()},
            changed,
        )

    def judged(self, **fragments: str) -> dict[str, str]:
        """What the store's own judge refuses of these fragments beside those that it has, and why."""
        place = "/root/judged"
        self.on(
            STORE, "sh", "-c", f"rm -rf {place}; mkdir {place}; cp -r /etc/mailwright/customers {place}/fragments"
        )
        for name, text in fragments.items():
            program = "import sys; open(sys.argv[1], 'w').write(sys.argv[2])"
            self.on(STORE, "python3", "-c", program, f"{place}/fragments/{name}.tables", text)
        said = self.on(
            STORE, "mailwright-customers", "assemble", "--fragments", f"{place}/fragments", "--out", f"{place}/out"
        )
        found = json.loads(said.strip().splitlines()[-1])["broken"]
        assert isinstance(found, dict)
        return found

    @property
    def doors(self) -> tuple[roads.Door, ...]:
        """Port 25 of each host, from outside."""
        return roads.doors(self.platform.stage.context(), "outside", "smtp")

    def brought(self, recipient: str, mark: str) -> Reply:
        """A message from outside to port 25 of each host; the last answer."""
        context = self.platform.stage.context()
        foreign = posting.outsider(context)
        content = letters.letter(mark, f"<{foreign}>", f"<{recipient}>")
        replies = [posting.delivered_directly(context, door, foreign, recipient, content) for door in self.doors]
        return replies[-1]

    def found(self, name: str, login: str, mark: str, timeout: float = 60.0, wanted: int = 1) -> int:
        """How many messages with that mark a customer's login has, as soon as it has as many as are ``wanted``."""
        context = self.platform.context(self.guest(name))
        deadline = time.monotonic() + timeout
        while True:
            count = mailboxes.holding(context, login, (mark,), max(deadline - time.monotonic(), 0.0))[mark]
            if count >= wanted or time.monotonic() > deadline:
                return count
            time.sleep(0.5)

    def served(self, name: str) -> None:
        """Somebody of the customer's gets mail from outside, and sends."""
        context = self.platform.context(self.guest(name))
        who = roads.anybody(context)
        mark = letters.token()
        assert self.brought(who.published, mark).accepted
        assert self.found(name, who.login, mark) >= 1
        _, sent = posting.send_plain(context, who)
        assert sent.received is not None, sent.reply

    def on(self, host: str, *argv: str, status: int | None = 0) -> str:
        ended, said = self.platform.stage.lab.shell.run(host, *argv, timeout=120)
        assert status is None or ended == status, said
        return said


def _results(said: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """What the task that sends fragments said of each host; Ansible shows results as YAML in -v."""
    task = re.compile(
        r"^TASK \[customers : Send what changed.*?(?=^(?:TASK|PLAY|RUNNING) )", re.MULTILINE | re.DOTALL
    )
    for block in task.findall(said):
        for host, text in re.findall(
            r"^(?:changed|ok|fatal): \[(\S+)\].*?=> ?\n?((?:[ {].*\n?)*)", block, re.MULTILINE
        ):
            yield host, _loaded(text)


def _loaded(text: str) -> dict[str, Any]:
    found = yaml.safe_load(text) or {}
    assert isinstance(found, dict)
    return found


@pytest.fixture(scope="session")
def platform() -> PlatformStage:
    found: PlatformStage = _shared._lab().attach_platform(_shared.FOLDER)
    return found


@pytest.fixture(scope="session")
def customers(platform: PlatformStage, tmp_path_factory: pytest.TempPathFactory) -> Customers:
    return Customers(platform, tmp_path_factory.mktemp("builds"))


@pytest.fixture
def as_built(customers: Customers) -> Iterator[Callable[[], Applied]]:
    """Puts every customer as it was built at the end of a test; the function does it sooner."""

    last: list[Applied] = []

    def again() -> Applied:
        done = customers.apply(None, "-e", "mailwright_overwrite_hand_edits=true")
        assert done.status == 0, done.words
        last.append(done)
        return done

    yield again
    if not last:
        again()
