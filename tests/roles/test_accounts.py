"""Accounts on real hosts: a suspended login neither signs in nor sends, and passwords outlive an apply."""

from __future__ import annotations

import imaplib
import json
import smtplib
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from mailwright.rehearsal import credentials
from mailwright.rehearsal.lab import Lab, scene
from mailwright.rehearsal.rehearse import Prepared, prepare
from mailwright.site.model import Place, Webmail
from support.example import load_example

pytestmark = [pytest.mark.hosts, pytest.mark.slow]

HOST = "mail.college.ac.uk"
COMMAND = "/usr/local/sbin/mailwright-account"
ROLES = "time,tls,logs,firewall,guard,dovecot,accounts,counter,filter,postfix"
LOGIN, ADDRESS, OTHER = "km217", "k.marx@chem.college.ac.uk", "rosa.luxemburg@college.ac.uk"

POPPASSD = """
import socket, ssl, sys
context = ssl.create_default_context(cafile="/etc/ssl/mailwright/mail.college.ac.uk.pem")
context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
plain = socket.create_connection(("127.0.0.1", 9106), 60)
peer = context.wrap_socket(plain, server_hostname="mail.college.ac.uk").makefile("rwb", buffering=0)
said = [peer.readline()[:3].decode()]
for line in sys.argv[1:]:
    peer.write(line.encode() + b"\\r\\n")
    said.append(peer.readline()[:3].decode())
print(*said)
"""


@dataclass(frozen=True)
class Site:
    lab: Lab
    prepared: Prepared
    secrets: Path

    def apply(self) -> str:
        project = self.prepared.project
        argv, environment = self.lab.ansible_command(
            project, "--tags", ROLES, variables=credentials.variables(self.secrets)
        )
        done = subprocess.run(
            argv, cwd=project, env=environment, capture_output=True, text=True, check=False, timeout=1800
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    def run(self, *argv: str) -> tuple[int, str]:
        status, said = self.lab.shell.run(HOST, *argv)
        return status, said

    def must(self, *argv: str) -> str:
        status, said = self.run(*argv)
        assert status == 0, said
        return said

    @property
    def password(self) -> str:
        return next(one.password for one in self.prepared.credentials.accounts if one.login == LOGIN)

    @property
    def _trust(self) -> ssl.SSLContext:
        made = ssl.create_default_context(cafile=str(self.secrets / credentials.AUTHORITY))
        made.check_hostname = False
        return made

    def imap(self, password: str) -> imaplib.IMAP4_SSL:
        with self.lab.vantage("campus", "inside").enter():
            address = str(self.prepared.plan.hosts[0].addresses[0])
            peer = imaplib.IMAP4_SSL(address, 993, ssl_context=self._trust, timeout=60)
        peer.login(LOGIN, password)
        return peer

    def smtp(self, password: str) -> smtplib.SMTP_SSL:
        with self.lab.vantage("campus", "inside").enter():
            address = str(self.prepared.plan.hosts[0].addresses[0])
            peer = smtplib.SMTP_SSL(address, 465, context=self._trust, timeout=60)
        peer.ehlo("client.example")
        peer.login(LOGIN, password)
        return peer


def send(peer: smtplib.SMTP) -> None:
    assert peer.sendmail(ADDRESS, [OTHER], f"From: {ADDRESS}\r\nTo: {OTHER}\r\nSubject: x\r\n\r\nx\r\n") == {}


def signs_in(site: Site) -> bool:
    try:
        site.imap(site.password).logout()
    except imaplib.IMAP4.error:
        return False
    return True


@pytest.fixture(scope="module", params=["debian-13", "debian-12"])
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """The example; on Debian 13 with webmail, and so with the password server."""
    described = load_example()
    newest = request.param == "debian-13"
    functions = ("mx", "submission", "store", *(("web",) if newest else ()))
    hosts = tuple(replace(one, os=request.param, functions=functions) for one in described.hosts)
    webmail = Webmail("", "#123456", None, Place("site.yml", 1, 1, "/webmail")) if newest else None
    described = replace(described, hosts=hosts, webmail=webmail)
    prepared = prepare(described, (), (), tmp_path_factory.mktemp("accounts"))
    with Lab(scene(prepared.plan, prepared.project / "dns"), print) as lab:
        secrets = lab.folder / "credentials"
        prepared.credentials.write(secrets)
        made = Site(lab, prepared, secrets)
        made.apply()
        yield made


def test_a_suspended_login_neither_reads_nor_sends_and_its_mail_is_kept(site: Site) -> None:
    reading, sending = site.imap(site.password), site.smtp(site.password)
    send(sending)
    begun = time.monotonic()
    said = json.loads(site.must(COMMAND, "suspend", LOGIN, "--reason", "phished", "--json"))
    assert said["state"] == "suspended"
    with pytest.raises((imaplib.IMAP4.error, OSError)):
        reading.noop()
    with pytest.raises(smtplib.SMTPException) as refused:
        send(sending)
    assert "521" in str(refused.value)
    assert time.monotonic() - begun < 60
    with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
        site.imap(site.password)
    with pytest.raises(smtplib.SMTPAuthenticationError):
        site.smtp(site.password)
    site.must(
        "sh",
        "-c",
        f"printf 'From: root\\nTo: {ADDRESS}\\n\\nkept\\n' | sendmail -f postmaster@college.ac.uk {ADDRESS}",
    )
    end = time.monotonic() + 60
    while "1" not in site.must("sh", "-c", f"ls /var/vmail/{LOGIN}/Maildir/new 2>/dev/null || true"):
        assert time.monotonic() < end
        time.sleep(1)
    site.must(COMMAND, "resume", LOGIN)
    end = time.monotonic() + 60  # Dovecot looks once in a second whether its files have changed
    while not signs_in(site):
        assert time.monotonic() < end
        time.sleep(1)
    send(site.smtp(site.password))


def test_a_new_password_is_the_one_that_counts_and_outlives_an_apply(site: Site) -> None:
    new = json.loads(site.must(COMMAND, "password", LOGIN, "--random", "--json"))["password"]
    before = site.must("sha256sum", "/etc/dovecot/passwords", "/etc/dovecot/suspended")
    with pytest.raises(imaplib.IMAP4.error):
        site.imap(site.password)
    recap = site.apply()
    assert "changed=0" in recap
    assert site.must("sha256sum", "/etc/dovecot/passwords", "/etc/dovecot/suspended") == before
    site.imap(new).logout()
    if "web" in site.prepared.plan.hosts[0].functions:
        talk = ("python3", "-c", POPPASSD, f"USER {LOGIN}")
        assert site.must(*talk, "PASS wrong", "NEWPASS correct horse battery").split() == [
            "200",
            "300",
            "500",
            "500",
        ]
        assert site.must(*talk, f"PASS {new}", "NEWPASS short").split() == ["200", "300", "200", "500"]
        changed = (f"PASS {new}", f"NEWPASS {site.password}", "QUIT")
        assert site.must(*talk, *changed).split() == ["200", "300", "200", "200", "200"]
        with pytest.raises(imaplib.IMAP4.error):
            site.imap(new)
        site.imap(site.password).logout()
    log = site.must("journalctl", "--no-pager", "--output=cat")
    assert new not in log
    assert f"new password login={LOGIN}" in log


def test_mail_of_who_has_left_is_deleted_when_its_time_is_over(site: Site) -> None:
    site.must("sh", "-c", "install -d -o vmail -g vmail -m 700 /var/vmail/old1 && touch /var/vmail/old1/x")
    site.must("systemctl", "start", "mailwright-accounts.service")
    (left,) = json.loads(site.must(COMMAND, "removed", "--json"))["removed"]
    assert left["login"] == "old1"
    file = "/var/lib/mailwright-accounts/removed.json"
    site.must("sed", "-i", f"s/{left['since']}/2020-01-01/", file)
    site.must("systemctl", "start", "mailwright-accounts.service")
    there = site.must("ls", "-A", "/var/vmail").split()
    assert "old1" not in there
    assert LOGIN in there
    assert not any(name.startswith(".deleted") for name in there)


def test_use_is_counted(site: Site) -> None:
    end = time.monotonic() + 60  # what has just happened may not stand in the log yet
    while True:
        site.must("systemctl", "start", "mailwright-usage.service")
        said = json.loads(site.must("/usr/local/sbin/mailwright-usage", "--json"))
        counted = said["messages"]["submitted"] >= 2 and said["storage"]["mailboxes"] >= 1
        if counted or time.monotonic() > end:
            break
        time.sleep(5)
    assert said["active_users"] >= 1
    assert said["sign_ins"]["imap"] >= 2
    assert said["sign_ins"]["submission"] >= 2
    assert said["messages"]["submitted"] >= 2
    assert said["storage"]["mailboxes"] >= 1
