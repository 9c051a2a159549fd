"""People of a customer ask for their own mail over SSH, with a key that can do nothing else (docs/providers.md)."""

from __future__ import annotations

import shlex
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mailwright.audit import letters, posting, roads
from mailwright.rehearsal.command import attempt, must

MANUAL = Path(__file__).resolve().parents[3] / "docs" / "providers.md"
STORE = "mail.hosting.example"
ASKERS = ("school", "trust")
NOT_THERE = "Message-ID {} is not in the logs."
NO_WAY = "No queue id in this message's Received: lines leads to it in the logs"

ELSEWHERE = "The logs of mx2.hosting.example are not kept here."

# As docs/providers.md says it.
FORCED = 'restrict,command="/usr/local/bin/mailwright-trace --customer {} --forced" {}'
MAILVIEW = """\
Match User mailview
    AuthorizedKeysFile /etc/ssh/mailview/keys
    PasswordAuthentication no
"""
GRANT = """\
adduser --system --home / --no-create-home --shell /bin/sh --ingroup mailreaders mailview
install -d -m 0755 /etc/ssh/mailview
printf %s "$1" > /etc/ssh/mailview/keys
printf %s "$2" > /etc/ssh/sshd_config.d/mailview.conf
sshd -t
systemctl reload ssh
"""
REVOKE = """\
rm -rf /etc/ssh/mailview /etc/ssh/sshd_config.d/mailview.conf
systemctl reload ssh
deluser --system mailview
"""


@dataclass(frozen=True)
class Line:
    """SSH from the management network, with the keys of those who ask."""

    customers: Any
    keys: Mapping[str, Path]

    def ssh(
        self, asker: str, *words: str, options: tuple[str, ...] = (), stdin: str | None = None
    ) -> tuple[int, str]:
        """Exit status, and all that came back."""
        lab = self.customers.platform.stage.lab
        common = shlex.split(lab.connection()["ansible_ssh_common_args"])
        given = ("-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-i", str(self.keys[asker]), *options)
        prefix = lab.vantage("management", "inside").command_prefix()
        return attempt(
            [*prefix, "ssh", *common, *given, f"mailview@{STORE}", "--", *words], stdin=stdin, timeout=30
        )


@pytest.fixture(scope="module")
def line(customers: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    folder = tmp_path_factory.mktemp("keys")
    keys = {asker: folder / asker for asker in ASKERS}
    for asker, path in keys.items():
        must(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", asker, "-f", str(path)])
    lines = [FORCED.format(one, path.with_suffix(".pub").read_text("ascii")) for one, path in keys.items()]
    try:
        customers.on(STORE, "sh", "-euc", GRANT, "grant", "".join(lines), MAILVIEW)
        yield Line(customers, keys)
    finally:
        customers.on(STORE, "sh", "-c", REVOKE, status=None)


@pytest.fixture(scope="module")
def sent(customers: Any) -> Mapping[str, tuple[str, str]]:
    """Asker → Message-ID and content of a message that one of its people sent out."""
    found = {}
    for name in ASKERS:
        context = customers.platform.context(customers.guest(name))
        _, carried = posting.send_plain(context, roads.anybody(context))
        assert carried.received is not None
        content = carried.received.content
        found[name] = (letters.header(content, "Message-ID")[0], content.decode("ascii"))
    return found


def test_each_is_told_of_its_own_mail_alone(line: Line, sent: Mapping[str, tuple[str, str]]) -> None:
    for asker in ASKERS:
        for owner, (message, content) in sent.items():
            whole = ("mailwright-trace", "--message", "-")
            asked = (((shlex.quote(message),), None, NOT_THERE), (whole, content, NO_WAY))
            for words, stdin, unknown in asked:
                status, said = line.ssh(asker, *words, stdin=stdin)
                if asker == owner:
                    assert status == 0, said
                    assert said.startswith("Sent by the login "), said
                else:
                    assert status == 1, said
                    assert said.startswith(unknown.format(message)), said
                    assert ELSEWHERE in said, said


def test_it_is_as_the_manual_says() -> None:
    manual = MANUAL.read_text(encoding="utf-8")
    account, folder, *_ = GRANT.splitlines()
    key = FORCED.format("college", "ssh-ed25519")
    for said in (account, folder, key, *MAILVIEW.splitlines(), "sshd -t && systemctl reload ssh"):
        assert f"    {said}" in manual, said


# What whoever has the key says to get further than that, and the words that refuse it.
REACHING = {
    "nothing": ((), "give one of"),
    "a shell": (("sh", "-c", "id"), "unrecognized arguments"),
    "a shell behind a question": (("'<x@hill.sch.uk>'", ";", "id"), "unrecognized arguments"),
    "a command in a question": (("'<$(id)@hill.sch.uk>'",), "$(id)@hill.sch.uk> is not in the logs"),
    "another customer": (("--customer", "trust", "{theirs}"), "unrecognized arguments: --customer"),
    "another customer, cut short": (("--cust=trust", "{theirs}"), "unrecognized arguments: --cust"),
    "other settings": (("--settings", "/etc/mailwright/trace.json", "{own}"), "unrecognized arguments: --settings"),
    "the index": (("--index",), "unrecognized arguments: --index"),
    "no customer": (("--forced", "{theirs}"), "unrecognized arguments: --forced"),
    "a file of the host": (("--message", "/etc/passwd"), "standard input"),
}


def test_a_key_reaches_no_further(line: Line, sent: Mapping[str, tuple[str, str]]) -> None:
    own, theirs = (shlex.quote(sent[name][0]) for name in ASKERS)
    for way, (words, refusal) in REACHING.items():
        status, said = line.ssh("school", *(word.format(own=own, theirs=theirs) for word in words))
        assert status != 0, (way, said)
        assert refusal in said, way
        assert "uid=" not in said, way
        assert "root:" not in said, way
    assert line.ssh("school", own)[0] == 0, "the road is open"


def test_a_key_opens_no_other_road(line: Line, sent: Mapping[str, tuple[str, str]]) -> None:
    own = shlex.quote(sent["school"][0])
    status, said = line.ssh("school", options=("-W", "127.0.0.1:25"), stdin="QUIT\r\n")
    assert status != 0, said
    assert "220 " not in said
    status, said = line.ssh("school", own, options=("-tt",))
    assert "PTY allocation request failed" in said
    status, said = line.ssh("school", "sftp", options=("-s",), stdin="")
    assert status != 0, said
    status, said = line.ssh("school", own, options=("-l", "root"))
    assert status == 255, said
    assert "Permission denied" in said
    assert line.ssh("school", own)[0] == 0, "the road is open"


def test_each_question_is_in_the_system_s_log_with_its_customer(
    line: Line, sent: Mapping[str, tuple[str, str]]
) -> None:
    message = sent["trust"][0]
    line.ssh("school", shlex.quote(message))
    wanted = f"asks for {message}, as the customer school"
    deadline = time.monotonic() + 10
    while wanted not in (said := customers_log(line)) and time.monotonic() < deadline:
        time.sleep(0.2)
    before, found, _ = said.partition(wanted)
    assert found
    fingerprint = must(["ssh-keygen", "-lf", str(line.keys["school"])]).split()[1]
    assert "Accepted publickey for mailview" in before
    assert fingerprint in before.rpartition("Accepted publickey for mailview")[2]


def customers_log(line: Line) -> str:
    said: str = line.customers.on(STORE, "cat", "/var/log/auth.log")
    return said
