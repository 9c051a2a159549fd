"""A submission host, a store and a log host: complaints about messages with forged words lead to who sent them."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from mailwright.audit import letters, roads
from mailwright.audit.model import Context
from mailwright.rehearsal.rehearse import Stage, prepare, staged
from support.example import example, load_example, split_hosts

pytestmark = [pytest.mark.hosts, pytest.mark.slow]

MAIL, STORE, KEEPER = "mail.college.ac.uk", "store1.college.ac.uk", "log.college.ac.uk"
OUTSIDE = "203.0.113.66"
LINE = "2026-11-24T12:00:00+00:00 mail postfix/submission/smtpd[7]: %s: client=x[198.51.100.9], sasl_username=%s"
SIEVE = """
import os, pwd, sys
home = "/var/vmail/" + sys.argv[1]
mail = pwd.getpwnam("vmail")
os.makedirs(home, exist_ok=True)
open(home + "/.dovecot.sieve", "w").write(sys.argv[2])
for place in (home, home + "/.dovecot.sieve"):
    os.chown(place, mail.pw_uid, mail.pw_gid)
"""


@dataclass
class Site:
    stage: Stage
    context: Context
    victim: roads.Person
    mallory: roads.Person
    forwarder: roads.Person
    away: roads.Person

    @property
    def door(self) -> roads.Door:
        return roads.doors(self.context, "outside", "submission")[0]

    @property
    def complainer(self) -> str:
        return roads.correspondent(self.context).address

    def on(self, host: str, *argv: str) -> str:
        status, said = self.stage.lab.shell.run(host, *argv, timeout=120.0)
        assert status == 0, said
        return said

    def hand_in(
        self, who: roads.Person, content: bytes, to: str = "", helo: str = "client.example", more: str = ""
    ) -> str:
        """What submission said when it took the message."""
        outside = roads.vantage(self.context, "outside")
        with outside.enter(), roads.smtp(self.context, self.door, account=who.account) as dialogue:
            dialogue.command(f"EHLO {helo}")
            assert dialogue.command(f"MAIL FROM:<{who.published}>{more}").code == 250
            assert dialogue.command(f"RCPT TO:<{to or self.complainer}>").code == 250
            reply = dialogue.data(content)
        assert reply.accepted, str(reply)
        return str(reply).rpartition("queued as ")[2].strip()

    def arrived(self, mark: str) -> bytes:
        received = roads.correspondent(self.context).wait_for(mark)
        assert received is not None
        return received.content

    def trace(self, *arguments: str, content: bytes = b"") -> tuple[int, dict[str, Any]]:
        """The answer on the log host, as soon as it is certain, or after a while."""
        script = 'printf %s "$1" | base64 --decode | (shift; exec mailwright-trace --json "$@")'
        deadline = time.monotonic() + 30.0
        while True:
            status, said = self.stage.lab.shell.run(
                KEEPER, "sh", "-c", script, "sh", base64.b64encode(content).decode(), *arguments
            )
            assert status in (0, 1), said
            if status == 0 or time.monotonic() > deadline:
                return status, json.loads(said)
            time.sleep(0.5)

    def complaint(self, content: bytes) -> dict[str, Any]:
        status, said = self.trace("--message", "-", "--to", self.complainer, content=content)
        assert status == 0, said
        (message,) = said["messages"]
        return dict(message["origin"])


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder: Path = tmp_path_factory.mktemp("trace")
    others = {host.name: host for host in split_hosts()}
    mail = replace(load_example().hosts[0], functions=("mx", "submission"), os="debian-12")
    hosts = (mail, others[STORE], others[KEEPER])
    with staged(prepare(example(hosts=hosts), (), (), folder), folder, print) as stage:
        stage.apply(print)
        context = stage.context()
        people = {one.login: one for one in roads.people(context)}
        made = Site(stage, context, *(people[login] for login in ("rl204", "km217", "al215", "sk033")))
        for who, script in (
            (made.forwarder, f'redirect "{made.complainer}";'),
            (made.away, 'require ["vacation"]; vacation "I am away.";'),
        ):
            made.on(STORE, "python3", "-c", SIEVE, who.login, script)
        yield made


def letter(site: Site, mark: str, *extra: tuple[str, str], without: tuple[str, ...] = (), to: str = "") -> bytes:
    who = f'"{site.victim.published}" <{site.mallory.published}>'
    return letters.letter(mark, who, f"<{to or site.complainer}>", without=without, extra=extra)


def test_ten_complaints_lead_to_who_sent_them(site: Site) -> None:
    mallory, victim = site.mallory, site.victim
    # What the victim really sent, to somebody who shows it around.
    first = letters.token()
    known = site.hand_in(victim, letters.letter(first, f"<{victim.published}>", f"<{site.complainer}>"))
    copied = site.arrived(first)
    theirs = next(iter(letters.header(copied, "Message-ID")))
    received = letters.header(copied, "Received")
    line = LINE % (known, victim.login)
    # A login that is a line of a log; it is refused.
    wrong = base64.b64encode(f"\0{line}\0x".encode()).decode()
    with roads.vantage(site.context, "outside").enter(), roads.smtp(site.context, site.door) as dialogue:
        assert dialogue.command(f"AUTH PLAIN {wrong}").code == 535

    marks = [letters.token() for _ in range(7)]
    site.hand_in(mallory, letter(site, marks[0]))
    site.hand_in(mallory, letter(site, marks[1], ("X-Sender", victim.published), ("X-Authenticated-User", "rl204")))
    site.hand_in(mallory, letter(site, marks[2], ("Message-ID", theirs), without=("Message-ID",)))
    site.hand_in(mallory, letter(site, marks[3], *(("Received", one) for one in received)))
    site.hand_in(mallory, letter(site, marks[4], ("Comments", line), ("Message-ID", f"{theirs}\r\n {line}"),
                                 without=("Message-ID",)))  # fmt: skip
    site.hand_in(mallory, letter(site, marks[5]), helo=f"{known}:client=x[198.51.100.9],sasl_username=rl204")
    site.hand_in(
        mallory, letter(site, marks[6]), more=f" AUTH=x,+20sasl_method=PLAIN,+20sasl_username={victim.login}"
    )
    for mark in marks:
        origin = site.complaint(site.arrived(mark))
        assert (origin["kind"], origin["login"]) == ("login", mallory.login), mark
        assert origin["client"]["address"] == OUTSIDE
        assert (origin["host"], origin["service"]) == (MAIL, "submission")

    # Through another's Sieve script, from the store's host and a mailer: still who wrote it.
    mark = letters.token()
    site.hand_in(mallory, letter(site, mark, to=site.forwarder.published), site.forwarder.published)
    origin = site.complaint(site.arrived(mark))
    assert (origin["kind"], origin["login"]) == ("login", mallory.login)

    # The automatic reply of somebody else.
    mark = letters.token()
    with roads.vantage(site.context, "outside").enter(), roads.smtp(
        site.context, roads.doors(site.context, "outside", "smtp")[0]
    ) as dialogue:  # fmt: skip
        content = letters.letter(
            mark, f"<{site.complainer}>", f"<{site.away.published}>", without=("Auto-Submitted",)
        )
        assert dialogue.deliver(site.complainer, (site.away.published,), content).accepted
    origin = site.complaint(site.arrived(mark))  # the reply's subject names what it answers
    assert (origin["kind"], origin["login"], origin["host"]) == ("reply", site.away.login, STORE)

    # A program of the store's host, under the victim's name.
    mark = letters.token()
    script = f"printf 'From: {victim.published}\\nMessage-ID: {theirs}\\nSubject: {mark}\\n\\nhi\\n'"
    site.on(STORE, "sh", "-c", f"{script} | /usr/sbin/sendmail -f {victim.published} {site.complainer}")
    origin = site.complaint(site.arrived(mark))
    assert (origin["kind"], origin["user"], origin["host"]) == ("program", "root", STORE)

    # The victim's own is the victim's; by its Message-ID alone it is not decided, because others used it too.
    assert site.complaint(copied)["login"] == victim.login
    status, said = site.trace(known)
    assert status == 0
    assert said["messages"][0]["origin"]["login"] == victim.login
    status, said = site.stage.lab.shell.run(KEEPER, "mailwright-trace", theirs)
    assert status == 1
    assert "4 messages have Message-ID" in said

    # The same from compressed files, by the index.
    rotate = ("logrotate", "--force", "/etc/logrotate.d/mailwright")
    site.on(KEEPER, *rotate)
    script = "for file in $(find /var/log/mail -name 'mail.log-*'); do mv $file ${file%-*}-20261101; done"
    site.on(KEEPER, "sh", "-c", script)
    site.on(KEEPER, *rotate)
    kept = site.on(KEEPER, "sh", "-c", "ls /var/log/mail/hosts/*/mail.log-20261101*").split()
    assert kept
    assert all(path.endswith(".gz") for path in kept)
    assert "queued as" in site.on(KEEPER, "sh", "-c", f"zcat /var/log/mail/hosts/{STORE}/mail.log-20261101.gz")
    site.on(KEEPER, "systemctl", "start", "mailwright-trace-index.service")
    status, said = site.trace(known)
    assert status == 0
    assert said["notes"] == []
    assert said["messages"][0]["origin"]["login"] == victim.login


def test_readers_ask_and_that_is_written_down(site: Site) -> None:
    site.on(KEEPER, "useradd", "--groups", "mailreaders", "reader")
    site.on(KEEPER, "systemctl", "start", "mailwright-trace-index.service")
    said = site.on(
        KEEPER, "stat", "--format=%a %U:%G", "/var/lib/mailwright-trace", "/var/lib/mailwright-trace/index"
    )
    assert said.split("\n")[:2] == ["750 root:mailreaders", "640 root:mailreaders"]
    status, said = site.stage.lab.shell.run(KEEPER, "su", "reader", "-c", "mailwright-trace 4jNOTHINGzVXS6")
    assert (status, "is not in the logs" in said) == (1, True), said
    assert "index" not in said
    status, said = site.stage.lab.shell.run(
        KEEPER, "su", "-s", "/bin/sh", "nobody", "-c", "mailwright-trace 4jNOTHINGzVXS6"
    )
    assert (status, "only root and members of mailreaders" in said) == (1, True), said
    status, said = site.stage.lab.shell.run(
        KEEPER, "su", "reader", "-c", "touch /var/lib/mailwright-trace/x || echo > /var/lib/mailwright-trace/index"
    )
    assert status != 0
    wanted = ("user reader asked for 4jNOTHINGzVXS6: 0 found", "user nobody asked for 4jNOTHINGzVXS6: an error")
    found = ""
    for _ in range(150):  # rsyslog writes it down a moment after it was said
        found = site.on(KEEPER, "grep", "--fixed-strings", "mailwright-trace[", "/var/log/auth.log")
        if all(one in found for one in wanted):
            break
        time.sleep(0.2)
    for one in wanted:
        assert one in found


def test_the_index_follows_by_itself(site: Site) -> None:
    assert "active" in site.on(KEEPER, "systemctl", "is-active", "mailwright-trace-index.timer")
    said = site.on(KEEPER, "systemd-analyze", "security", "--no-pager", "mailwright-trace-index.service")
    assert "OK" in said or "SAFE" in said
