"""A host that loses functions keeps nothing of their components, but for what is its own; and gets them back."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mailwright.build import project
from mailwright.build.writer import write
from mailwright.plan import make
from mailwright.rehearsal import credentials
from mailwright.rehearsal.rehearse import Stage, prepare, staged
from support.example import example, load_example, split_hosts

pytestmark = [pytest.mark.hosts, pytest.mark.slow]

MAIL = "mail.college.ac.uk"
OTHER = "store2.college.ac.uk"
STORE = ("dovecot.service", "fail2ban.service", "mailwright-guard.service", "redis-server.service")
"""What runs on a submission host and store, and not on a mailer."""
SENDER = ("redis-server.service", "rspamd.service")
"""What runs on a mailer that takes submissions, and not on a store."""


@pytest.fixture(scope="module", params=["debian-13", "debian-12"])
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A host that does everything, and a second store."""
    folder = tmp_path_factory.mktemp("retired")
    mail = replace(load_example().hosts[0], os=request.param)
    other = next(host for host in split_hosts(os=request.param) if host.name == OTHER)
    with staged(prepare(example(hosts=(mail, other)), (), (), folder), folder, print) as stage:
        stage.apply(print)
        yield stage


def on(stage: Stage, host: str, *argv: str) -> str:
    status, said = stage.lab.shell.run(host, *argv, timeout=120.0)
    assert status == 0, said
    return said


def states(stage: Stage, host: str, units: tuple[str, ...]) -> set[str]:
    said = on(stage, host, "systemctl", "show", "--property=ActiveState,UnitFileState", *units)
    return {" ".join(re.findall(r"=(.*)", block)) for block in said.strip().split("\n\n")}


def ours(stage: Stage, host: str, *places: str) -> list[str]:
    """The files of the build that are there, and keys and passwords."""
    look = "ls -d $0 2>/dev/null || true"
    return on(stage, host, "sh", "-c", look, " ".join(places)).split()


def built(stage: Stage, **functions: tuple[str, ...]) -> Path:
    """A project in which the hosts (by their first labels) have these functions."""
    site = stage.prepared.site
    hosts = tuple(replace(host, functions=functions[host.name.partition(".")[0]]) for host in site.hosts)
    other = replace(site, hosts=hosts)
    folder = stage.folder / "built"
    write(project(other, make(other), (), ()), folder)
    return folder


def play(stage: Stage, folder: Path, *arguments: str, **more: str) -> tuple[int, str]:
    variables = {**credentials.variables(stage.secrets), **more}
    argv, environment = stage.lab.ansible_command(folder, *arguments, variables=variables)
    done = subprocess.run(
        argv, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def changed(words: str) -> list[str]:
    return re.findall(r"changed=(\d+)", words)


def test_a_host_that_is_a_mailer_alone_has_no_store_left(stage: Stage) -> None:
    folder = built(stage, mail=("mx",), store2=("submission", "store"))
    login = stage.prepared.plan.mailboxes[0].login
    places = (
        "/etc/dovecot/dovecot.conf",
        "/etc/dovecot/logins",
        "/etc/mailwright/guard.json",
        "/etc/redis/redis.conf",
    )
    unit = "/etc/systemd/system/mailwright-guard.service"
    assert states(stage, MAIL, STORE) == {"active enabled"}

    on(stage, MAIL, "install", "-d", "-o", "vmail", "-g", "vmail", f"/var/vmail/{login}/Maildir/new")
    before = on(stage, MAIL, "cat", "/etc/postfix/main.cf", *places)
    for mode in ((), ("--check",)):
        status, words = play(stage, folder, *mode)
        assert status != 0
        assert f"which the description has as a store no more: {login}" in " ".join(words.split())
        assert "move.yml" in words
    assert on(stage, MAIL, "cat", "/etc/postfix/main.cf", *places) == before
    on(stage, MAIL, "sh", "-c", "mkdir /var/vmail/.moved && mv $0 /var/vmail/.moved/", f"/var/vmail/{login}")
    on(stage, MAIL, "sh", "-c", f"mkdir -p /var/vmail/gone/Maildir && echo >> {places[1]}")

    status, words = play(stage, folder)
    assert status != 0
    assert f"changed by hand since the last apply: {places[1]}" in words
    assert on(stage, MAIL, "cat", "/etc/postfix/main.cf") in before
    overwrite = {"mailwright_overwrite_hand_edits": "true"}

    status, words = play(stage, folder, "--check", "--diff", **overwrite)
    assert status == 0, words
    assert "dovecot.service\nis stopped and disabled" in words
    assert f"{unit}\nis removed" in words
    assert states(stage, MAIL, STORE) == {"active enabled"}

    status, words = play(stage, folder, **overwrite)
    assert status == 0, words
    assert "/etc/dovecot/passwords is this host's own and stays" in " ".join(words.split())
    assert states(stage, MAIL, STORE[:2] + STORE[3:]) == {"inactive disabled"}
    assert states(stage, MAIL, STORE[2:3]) == {"inactive "}
    assert ours(stage, MAIL, *places, unit) == []
    assert ours(stage, MAIL, "/etc/dovecot/passwords", "/var/vmail/gone/Maildir", "/etc/rspamd/dkim/*.key")[2:]
    assert states(stage, MAIL, ("rspamd.service", "postfix.service")) == {"active enabled"}
    assert ":993 " not in on(stage, MAIL, "ss", "-Hltn")

    status, words = play(stage, folder)
    assert (status, changed(words)) == (0, ["0", "0"]), words


def test_it_comes_back_and_a_store_alone_has_no_key(stage: Stage) -> None:
    passwords = on(stage, MAIL, "cat", "/etc/dovecot/passwords")
    secret = ("/etc/rspamd/dkim/*.key", "/etc/rspamd/mailwright/addresses", "/etc/postfix/*.lmdb")
    assert len(ours(stage, OTHER, *secret)) > 2
    status, words = play(stage, stage.prepared.project)
    assert status == 0, words
    assert states(stage, MAIL, STORE) == {"active enabled"}
    assert set(passwords.split()) <= set(on(stage, MAIL, "cat", "/etc/dovecot/passwords").split())
    assert ours(stage, OTHER, *secret) == []
    assert states(stage, OTHER, SENDER) == {"inactive disabled"}
    assert states(stage, OTHER, ("dovecot.service", "postfix.service")) == {"active enabled"}
    status, words = play(stage, stage.prepared.project)
    assert (status, changed(words)) == (0, ["0", "0"]), words
