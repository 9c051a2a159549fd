"""Two stores, one of them a mailer too: nobody's mail is left behind, and a mailbox moves while mail comes in."""

from __future__ import annotations

import imaplib
import re
import smtplib
import socket
import ssl
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from email.utils import formatdate
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
SCRIPT = 'require ["fileinto", "mailbox"]; if header :contains "subject" "filed" { fileinto :create "Filed"; }\n'


@pytest.fixture(scope="module", params=["new-old", "old-new"])
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("stores")
    first, second = ("debian-13", "debian-12") if request.param == "new-old" else ("debian-12", "debian-13")
    mail = replace(load_example().hosts[0], os=first)
    store = next(host for host in split_hosts(os=second) if host.name == OTHER)
    with staged(prepare(example(hosts=(mail, store)), (), (), folder), folder, print) as stage:
        stage.apply(print)
        yield stage


def on(stage: Stage, host: str, *argv: str) -> str:
    status, said = stage.lab.shell.run(host, *argv, timeout=120.0)
    assert status == 0, said
    return said


def moved(stage: Stage, *logins: str) -> Path:
    """A project in which the mail of these logins is on the other store, and everybody else's where it is."""
    keeps = {row.login: row.host for row in stage.prepared.plan.mailboxes}
    away = {MAIL: OTHER, OTHER: MAIL}
    people = tuple(
        replace(person, store=away[keeps[person.login]] if person.login in logins else keeps[person.login])
        for person in stage.prepared.site.people
    )
    site = replace(stage.prepared.site, people=people)
    folder = stage.folder / "moved"
    write(project(site, make(site), (), ()), folder)
    return folder


def play(stage: Stage, folder: Path, playbook: str) -> tuple[int, str]:
    variables = credentials.variables(stage.secrets)
    argv, environment = stage.lab.ansible_command(folder, playbook=playbook, variables=variables)
    done = subprocess.run(
        argv, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def trust(stage: Stage) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(stage.secrets / credentials.AUTHORITY))


def send(stage: Stage, recipient: str, subject: str) -> None:
    address = str(stage.prepared.plan.host(MAIL).addresses[0])
    with stage.lab.vantage("outside", "outside").enter(), smtplib.SMTP(address, 25, timeout=60) as client:
        client.ehlo("client.example")
        letter = (
            f"From: a@elsewhere.example\r\nTo: {recipient}\r\nSubject: {subject}\r\n"
            f"Date: {formatdate()}\r\nMessage-ID: <{subject}@x.example>\r\n\r\nx\r\n"
        )
        client.sendmail("a@elsewhere.example", [recipient], letter)


class Imap(imaplib.IMAP4_SSL):
    """To a host by its address, whose certificate is for its name."""

    def __init__(self, address: str, name: str, context: ssl.SSLContext) -> None:
        self._name, self._trust = name, context
        super().__init__(address, 993)

    def _create_socket(self, timeout: float | None) -> ssl.SSLSocket:
        raw = socket.create_connection((self.host, self.port), timeout or 60)
        return self._trust.wrap_socket(raw, server_hostname=self._name)


def password(stage: Stage, login: str) -> str:
    return next(account.password for account in stage.prepared.credentials.accounts if account.login == login)


def mailbox(stage: Stage, host: str, login: str) -> tuple[dict[str, str], str]:
    """Subject → flags of what is in the inbox and in Filed, and the validity of the inbox's UIDs."""
    address = str(stage.prepared.plan.host(host).addresses[0])
    found: list[tuple[str, str]] = []
    with stage.lab.vantage("campus", "inside").enter(), Imap(address, host, trust(stage)) as client:
        client.login(login, password(stage, login))
        validity = client.status("INBOX", "(UIDVALIDITY)")[1][0].decode()
        for name in ("INBOX", "Filed"):
            there, count = client.select(name, readonly=True)
            if there == "OK" and count[0] != b"0":  # of an empty one, nothing can be fetched
                _, said = client.fetch("1:*", "(FLAGS BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
                for head, text in (item for item in said if isinstance(item, tuple)):
                    subject = text.decode().partition(":")[2].strip()
                    found.append((subject, re.findall(r"FLAGS \((.*?)\)", head.decode())[0]))
    assert [subject for subject, count in Counter(subject for subject, _ in found).items() if count > 1] == []
    return dict(found), validity


def until_there(stage: Stage, host: str, login: str, subjects: set[str]) -> dict[str, str]:
    end = time.monotonic() + 240
    while not subjects <= set(found := mailbox(stage, host, login)[0]) and time.monotonic() < end:
        time.sleep(1)
    assert subjects <= set(found)
    return found


def submits(stage: Stage, login: str, secret: str) -> int:
    address = str(stage.prepared.plan.host(MAIL).addresses[0])
    with stage.lab.vantage("outside", "outside").enter():
        raw = socket.create_connection((address, 465), 30)
        with trust(stage).wrap_socket(raw, server_hostname=MAIL) as safe:
            client = smtplib.SMTP()
            client.sock, client.file = safe, safe.makefile("rb")
            client.getreply()
            client.ehlo("client.example")
            client.user, client.password = login, secret
            try:
                return client.auth("PLAIN", client.auth_plain)[0]
            except smtplib.SMTPAuthenticationError as error:
                return error.smtp_code


def of(stage: Stage, host: str) -> list[tuple[str, str]]:
    """Login and published address of those whose mail is on the host."""
    addresses = {row.targets[0]: row.address for row in stage.prepared.plan.routes if row.kind == "mailbox"}
    return [(row.login, addresses[row.login]) for row in stage.prepared.plan.mailboxes if row.host == host]


def test_a_second_apply_changes_nothing(stage: Stage) -> None:
    assert stage.apply(print).changed == {MAIL: 0, OTHER: 0}


def test_mail_gets_to_either_store_and_is_read_by_way_of_either(stage: Stage) -> None:
    for number, (login, address) in enumerate((of(stage, MAIL)[0], of(stage, OTHER)[0])):
        send(stage, address, f"either{number}")
        for host in (MAIL, OTHER):
            until_there(stage, host, login, {f"either{number}"})


def test_a_login_of_the_other_store_submits_with_its_own_password_alone(stage: Stage) -> None:
    login, _ = of(stage, OTHER)[0]
    assert submits(stage, login, password(stage, login)) == 235
    assert submits(stage, login, "wrong") >= 400
    own, _ = of(stage, MAIL)[0]
    assert submits(stage, own, password(stage, own)) == 235
    assert submits(stage, own, "wrong") == 535


def test_passwords_are_on_the_store_that_keeps_the_mail_alone(stage: Stage) -> None:
    for host in (MAIL, OTHER):
        there = set(re.findall(r"(?m)^([^:]+):", on(stage, host, "cat", "/etc/dovecot/passwords")))
        assert {login for login, _ in of(stage, host)} <= there
        assert there.isdisjoint(login for login, _ in of(stage, OTHER if host == MAIL else MAIL))


def test_who_has_no_mail_may_be_given_away_and_who_has_may_not(stage: Stage) -> None:
    (busy, _), (idle, _) = of(stage, MAIL)[0], of(stage, MAIL)[-1]
    before = {host: on(stage, host, "cat", "/etc/dovecot/logins") for host in (MAIL, OTHER)}
    status, words = play(stage, moved(stage, busy), "site.yml")
    assert status != 0
    assert f"the mail of 1 logins is here, and the description now puts it on another store: {busy}." in words
    assert {host: on(stage, host, "cat", "/etc/dovecot/logins") for host in (MAIL, OTHER)} == before
    status, words = play(stage, moved(stage, idle), "site.yml")
    assert status == 0, words
    assert f"{idle}:::::::noauthenticate=y elsewhere=" in on(stage, MAIL, "cat", "/etc/dovecot/logins")
    status, words = play(stage, stage.prepared.project, "site.yml")
    assert status == 0, words


def test_a_mailbox_moves_while_mail_comes_in(stage: Stage) -> None:
    login, address = of(stage, MAIL)[1]
    for subject in ("old1", "old2", "filed-old"):
        send(stage, address, subject)
    until_there(stage, MAIL, login, {"old1", "old2"})
    on(stage, MAIL, "doveadm", "flags", "add", "-u", login, "\\Flagged", "mailbox", "INBOX", "subject", "old1")
    on(stage, MAIL, "doveadm", "mailbox", "create", "-s", "-u", login, "Kept")
    put = f"printf '%s' '{SCRIPT}' | doveadm sieve put -u {login} -a mine"
    on(stage, MAIL, "sh", "-c", put)
    before, validity = mailbox(stage, MAIL, login)
    sent: list[str] = []
    stop = threading.Event()

    def keep_sending() -> None:
        while not stop.is_set():
            subject = f"{'filed' if len(sent) % 2 else 'between'}{len(sent)}"
            send(stage, address, subject)
            sent.append(subject)
            time.sleep(1)

    sender = threading.Thread(target=keep_sending)
    sender.start()
    folder = moved(stage, login)
    try:
        status, words = play(stage, folder, "move.yml")
    finally:
        stop.set()
        sender.join()
    assert status == 0, words
    send(stage, address, "after")
    on(stage, MAIL, "postqueue", "-f")  # what met the switch waits for its next try
    for host in (MAIL, OTHER):
        found = until_there(stage, host, login, {*before, *sent, "after"})
        assert set(found) == {*before, *sent, "after"}
        assert "\\Flagged" in found["old1"]
        assert "\\Flagged" not in found["old2"]
    assert mailbox(stage, OTHER, login)[1] == validity
    assert "mine ACTIVE" in on(stage, OTHER, "doveadm", "sieve", "list", "-u", login)
    assert "Kept" in on(stage, OTHER, "doveadm", "mailbox", "list", "-s", "-u", login)
    assert on(stage, MAIL, "ls", "/var/vmail/.moved").split() == [f"{login}-1"]
    assert login not in on(stage, MAIL, "ls", "/var/vmail").split()
    assert f"\n{login}:" not in on(stage, MAIL, "cat", "/etc/dovecot/passwords")
    assert [path for path in (folder / ".moving").rglob("*") if path.is_file()] == []
    assert submits(stage, login, password(stage, login)) == 235
    hashed = next(
        line.partition(":")[2]
        for line in (stage.secrets / "passwords").read_text().splitlines()
        if line.startswith(f"{login}:")
    )
    assert hashed not in words
    status, words = play(stage, folder, "move.yml")
    assert status == 0, words
    assert re.findall(r"changed=(\d+)", words) == ["0", "0"], words
