"""What somebody did to the host by hand is found and named by ``mailwright drift``, and an untouched host gives
silence. It is run as an operator does: by ssh from the management network."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from mailwright.rehearsal.rehearse import Stage
from support.example import EXAMPLE

HOST = "mail.college.ac.uk"
MAIN = "/etc/postfix/main.cf"
TABLE = "/etc/postfix/virtual_aliases"

Run = Callable[..., tuple[int, str]]


@dataclass(frozen=True)
class Deed:
    """What somebody does, how it is taken back, and what must be said of it, each in one line."""

    does: str
    undone: str
    said: tuple[str, ...]


DEEDS = {
    "a hand-edited main.cf": Deed(
        f"cp -p {MAIN} /root/main.cf && echo '# by hand' >> {MAIN}",
        f"mv /root/main.cf {MAIN}",
        (f"drift.edited {MAIN} was edited by hand since the last apply",),
    ),
    "a deleted table": Deed(
        f"cp -p {TABLE} {TABLE}.lmdb /root/ && rm {TABLE} {TABLE}.lmdb",
        f"mv /root/virtual_aliases {TABLE} && mv /root/virtual_aliases.lmdb {TABLE}.lmdb",
        (f"drift.missing {TABLE} was deleted since the last apply", f"drift.product {TABLE}.lmdb was deleted"),
    ),
    "an opened firewall": Deed(
        "nft add rule inet mailwright input tcp dport 3306 accept",
        "systemctl reload mailwright-firewall.service",
        ("drift.firewall the rules in force are not those of /etc/mailwright/nftables.nft: 1 added, 0 missing",),
    ),
    "a service that was stopped": Deed(
        "systemctl stop dovecot.service",
        "systemctl start dovecot.service",
        ("drift.unit dovecot.service is stopped",),
    ),
    "a service that is older than its file": Deed(
        "touch /etc/chrony/chrony.conf",
        "systemctl restart chrony.service",
        ("drift.unit chrony.service runs with an older /etc/chrony/chrony.conf",),
    ),
}


@pytest.fixture(scope="module")
def folder(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The description of the rehearsed site, and a configuration of ssh that is let in."""
    folder = tmp_path_factory.mktemp("site") / "example"
    shutil.copytree(EXAMPLE.parent, folder)
    lines = (
        f"IdentityFile {stage.lab.ssh_key}",
        "IdentitiesOnly yes",
        f"UserKnownHostsFile {stage.lab.known_hosts}",
    )
    (folder / "ssh_config").write_text("Host *\n" + "".join(f"  {line}\n" for line in lines), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def drift(stage: Stage, folder: Path) -> Run:
    """Runs the verb: (exit status, all that it said)."""

    def run(*arguments: str) -> tuple[int, str]:
        argv = [sys.executable, "-m", "mailwright", "drift", str(folder / EXAMPLE.name)]
        argv += ["--ssh-config", str(folder / "ssh_config"), *arguments]
        prefix = stage.lab.vantage("management", "inside").command_prefix()
        done = subprocess.run(
            [*prefix, *argv], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        print(done.stdout)
        return done.returncode, done.stdout

    return run


def on_host(stage: Stage, script: str) -> str:
    status, said = stage.lab.shell.run(HOST, "sh", "-ec", script)
    assert status == 0, said
    return said


def named(said: str) -> list[str]:
    """``drift.edited …``, without the host and the level."""
    return [line.split(" ", 2)[2] for line in said.splitlines() if line.startswith(f"{HOST}: ")]


def agree(lines: list[str], wanted: tuple[str, ...]) -> bool:
    """Each of them is said once, and nothing else."""
    return len(lines) == len(wanted) and all(any(line.startswith(one) for line in lines) for one in wanted)


def test_silence_where_nothing_differs(drift: Run) -> None:
    assert drift() == (0, "")


def test_bans_passwords_mail_and_filters_are_host_state(stage: Stage, drift: Run) -> None:
    on_host(stage, "fail2ban-client set mailwright-guess banip 203.0.113.77")
    on_host(stage, "cp -p /etc/dovecot/passwords /root/ && sed -i '1s/$/x/' /etc/dovecot/passwords")
    sieve = "/var/vmail/rl204/sieve"
    on_host(stage, f"install -d -o vmail -g vmail /var/vmail/rl204 {sieve} && echo keep\\; > {sieve}/mine.sieve")
    try:
        assert "203.0.113.77" in on_host(stage, "nft list table inet mailwright_guard")
        assert drift() == (0, "")
    finally:
        on_host(stage, "mv /root/passwords /etc/dovecot/passwords; rm /var/vmail/rl204/sieve/mine.sieve")
        on_host(stage, "fail2ban-client set mailwright-guess unbanip 203.0.113.77")


@pytest.mark.parametrize("name", DEEDS)
def test_each_is_found_and_named(stage: Stage, drift: Run, name: str) -> None:
    deed = DEEDS[name]
    on_host(stage, deed.does)
    try:
        status, said = drift()
    finally:
        on_host(stage, deed.undone)
    assert status == 1
    assert agree(named(said), deed.said), said


def test_the_edit_is_shown_and_people_are_not(stage: Stage, drift: Run) -> None:
    edits = (
        DEEDS["a hand-edited main.cf"],
        Deed(f"cp -p {TABLE} /root/; echo 'x@college.ac.uk y' >> {TABLE}", "", ()),
    )
    for deed in edits:
        on_host(stage, deed.does)
    try:
        _, said = drift("--diff")
        _, whole = drift("--diff", "--personal")
    finally:
        on_host(stage, f"{edits[0].undone}; mv /root/virtual_aliases {TABLE}")
    assert "+# by hand" in said
    assert "x@college.ac.uk" not in said
    assert "+x@college.ac.uk y" in whole


def test_all_of_it_at_once_and_silence_after_an_apply(stage: Stage, drift: Run) -> None:
    for deed in DEEDS.values():
        on_host(stage, deed.does)
    status, said = drift()
    assert status == 1
    assert agree(named(said), tuple(line for deed in DEEDS.values() for line in deed.said)), said
    stage.apply(print, "-e", "mailwright_overwrite_hand_edits=true")
    # An apply looks at files, tables and units; rules in force and a file that was but touched are told otherwise.
    on_host(stage, "systemctl reload mailwright-firewall.service; systemctl restart chrony.service")
    assert drift() == (0, "")
