"""The web server on real hosts: pages, signing in, and programs that know an address and a password alone."""

from __future__ import annotations

import base64
import http.client
import json
import re
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

import dns.resolver
import pytest

from mailwright.findings import Status
from mailwright.plan.web import BOOK_PORT
from mailwright.rehearsal import credentials
from mailwright.rehearsal.rehearse import Stage, prepare, staged
from mailwright.site.model import Site
from support.example import whole
from support.tools import need

pytestmark = [pytest.mark.hosts, pytest.mark.slow]

MAIL, WWW = "mail.college.ac.uk", "www.college.ac.uk"
DOMAIN = "college.ac.uk"
_IMAP, _SMTP = ("incomingServer", "imap"), ("outgoingServer", "smtp")


def described() -> Site:
    """The whole site without what other tests try: lists and webmail."""
    site = whole()
    hosts = tuple(
        replace(host, functions=tuple(name for name in host.functions if name != "lists")) for host in site.hosts
    )
    return replace(site, hosts=hosts, lists=(), list_server=None, webmail=None)


@dataclass(frozen=True)
class Person:
    login: str
    address: str
    password: str

    @property
    def basic(self) -> str:
        return "Basic " + base64.b64encode(f"{self.address}:{self.password}".encode()).decode()


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class Web:
    stage: Stage
    folder: Path

    @property
    def person(self) -> Person:
        return self.people[0]

    @property
    def people(self) -> tuple[Person, ...]:
        written = {row.login: row.written for row in self.stage.prepared.plan.senders if row.kind == "published"}
        return tuple(
            Person(one.login, written[one.login], one.password)
            for one in self.stage.prepared.credentials.accounts
            if one.login in written
        )

    @property
    def authority(self) -> Path:
        return self.stage.secrets / credentials.AUTHORITY

    def get(
        self,
        path: str,
        who: Person | None = None,
        *,
        name: str = WWW,
        where: str = "outside",
        method: str = "GET",
        body: str = "",
        **headers: str,
    ) -> Answer:
        """What the web host answers to a browser there."""
        if who is not None:
            headers["Authorization"] = who.basic
        address = str(self.stage.prepared.plan.host(WWW).addresses[0])
        context = ssl.create_default_context(cafile=self.authority)
        with self.stage.lab.vantage(where, "outside" if where == "outside" else "inside").enter():
            peer = _Peer(address, name, context)
            peer.request(method, path, body or None, {"Host": headers.pop("Host", name), **headers})
            answer = peer.getresponse()
            found = Answer(answer.status, {key.lower(): value for key, value in answer.getheaders()}, answer.read())
            peer.close()
        return found

    def run(self, *argv: str, given: str = "") -> subprocess.CompletedProcess[str]:
        """A program outside, with the lab's names."""
        prefix = self.stage.lab.vantage("outside", "outside").command_prefix()
        return subprocess.run(
            [*prefix, *argv], input=given, capture_output=True, text=True, timeout=120, cwd=self.folder, check=False
        )

    def on_host(self, host: str, *argv: str) -> str:
        status, said = self.stage.lab.shell.run(host, *argv)
        assert status == 0, said
        return said


class _Peer(http.client.HTTPSConnection):
    """A connection to an address, for a name."""

    def __init__(self, address: str, name: str, context: ssl.SSLContext) -> None:
        super().__init__(name, timeout=60)
        self.address = address
        self.trust = context

    def connect(self) -> None:
        plain = socket.create_connection((self.address, 443), 60)
        self.sock = self.trust.wrap_socket(plain, server_hostname=self.host)


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    folder = tmp_path_factory.mktemp("web")
    prepared = prepare(described(), (), (), folder)
    with staged(prepared, folder, print) as stage:
        stage.apply(print)
        yield Web(stage, folder)


def test_pages_are_for_the_campus_and_for_whoever_signs_in(web: Web) -> None:
    inside = web.get("/privacy.html", where="campus")
    assert (inside.status, inside.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert web.get("/", where="campus").body == web.get("/index.html", where="campus").body
    outside = web.get("/privacy.html")
    assert outside.status == 401
    assert outside.headers["www-authenticate"].startswith('Basic realm="Mail login, college.ac.uk"')
    assert web.get("/privacy.html", web.person).body == inside.body
    assert web.get("/privacy.html", replace(web.person, password="wrong")).status == 401
    assert web.get("/style.css", web.person).headers["content-type"].startswith("text/css")
    for answer in (inside, outside):
        assert answer.headers["strict-transport-security"] == "max-age=31536000"
        assert answer.headers["content-security-policy"].startswith("default-src 'none'")
        assert answer.headers["server"] == "nginx"


def test_nothing_else_is_served(web: Web) -> None:
    need("curl", "openssl")
    assert web.get("/", name=WWW, Host="elsewhere.example").status == 421
    for path in ("/../../etc/passwd", "/.mailwright/sign-in", "/%2e%2e/%2e%2e/etc/passwd", "/nothing"):
        assert web.get(path, web.person).status in (400, 404), path
    assert web.get("/", name=f"autoconfig.{DOMAIN}").status == 404
    assert web.run("curl", "-s", "--max-time", "5", f"http://{WWW}/").returncode in (7, 28)
    ciphers = ("openssl", "s_client", "-connect", f"{WWW}:443", "-servername", WWW, "-cipher", "ALL:@SECLEVEL=0")
    assert "Protocol  : TLSv1.2" in web.run(*ciphers, "-tls1_2").stdout
    assert "Protocol  : TLSv1.2" not in web.run(*ciphers, "-tls1_1").stdout
    assert "Cipher is (NONE)" in web.run(*ciphers, "-tls1_1").stdout


def test_the_store_knows_who_guesses_at_a_page(web: Web) -> None:
    login = web.people[1].login
    client = str(web.stage.lab.vantage("outside", "outside").addresses[0])
    for number in range(2):
        assert web.get("/privacy.html", Person(login, login, f"guess {number}")).status == 401
    shown = web.on_host(MAIL, "mailwright-guard", "show", login)
    assert "2 different wrong passwords" in shown
    assert client in web.on_host(MAIL, "journalctl", "-o", "cat", "-t", "dovecot", "--no-pager", "-g", login)
    assert web.get("/privacy.html", web.people[1]).status == 200


def test_whoever_loses_their_login_reads_no_page_a_minute_later(web: Web) -> None:
    who = web.people[2]
    assert web.get("/privacy.html", who).status == 200
    passwords = web.on_host(MAIL, "cat", "/etc/dovecot/passwords")
    gone = "".join(line for line in passwords.splitlines(keepends=True) if not line.startswith(f"{who.login}:"))
    write = "import sys; open('/etc/dovecot/passwords', 'w').write(sys.argv[1])"
    web.on_host(MAIL, "python3", "-c", write, gone)
    try:
        begun = time.monotonic()
        while (status := web.get("/privacy.html", who).status) != 401:
            assert time.monotonic() - begun < 90, status  # a minute, and what a busy machine takes for it
            time.sleep(3)
    finally:
        web.on_host(MAIL, "python3", "-c", write, passwords)
    assert web.get("/privacy.html", web.person).status == 200


@dataclass(frozen=True)
class Way:
    """A server that a program was told of. ``starttls`` or TLS from the first octet."""

    host: str
    port: int
    starttls: bool
    login: str


def from_autoconfig(web: Web, kind: tuple[str, str], who: Person) -> Way:
    """As Thunderbird looks: for a domain, without signing in; the first server of the kind."""
    domain = who.address.partition("@")[2].lower()
    name = f"autoconfig.{domain}"
    answer = web.get(f"/mail/config-v1.1.xml?emailaddress={who.address}", name=name)
    assert (answer.status, answer.headers["content-type"]) == (200, "text/xml")
    root = ElementTree.fromstring(answer.body)  # noqa: S314 - our own server's
    one = next(server for server in root.iter(kind[0]) if server.get("type") == kind[1])
    said = {child.tag: child.text or "" for child in one}
    login = said["username"].replace("%EMAILADDRESS%", who.address)
    return Way(said["hostname"], int(said["port"]), said["socketType"] == "STARTTLS", login)


def from_dns(web: Web, service: str, who: Person) -> Way:
    """As RFC 6186 has it: the best SRV record; one logs in with the address first (section 4)."""
    domain = who.address.partition("@")[2]
    with web.stage.lab.vantage("outside", "outside").enter():
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers = list(web.stage.lab.resolver)
        best = min(resolver.resolve(f"{service}._tcp.{domain}", "SRV"), key=lambda row: row.priority)
    return Way(str(best.target).rstrip("."), best.port, service == "_submission", who.address)


def fetched(web: Web, way: Way, who: Person, folder: str) -> list[Path]:
    """What mbsync finds in the in-box."""
    box = web.folder / folder
    box.mkdir(exist_ok=True)
    settings = web.folder / "mbsyncrc"
    settings.write_text(f"""
IMAPAccount mail
Host {way.host}
Port {way.port}
User {way.login}
Pass {who.password}
SSLType {"STARTTLS" if way.starttls else "IMAPS"}
SystemCertificates no
CertificateFile {web.authority}

IMAPStore far
Account mail

MaildirStore near
Inbox {box}/INBOX

Channel mail
Far :far:
Near :near:
Patterns INBOX
Create Near
SyncState *
""")
    done = web.run("mbsync", "-c", str(settings), "-a")
    assert done.returncode == 0, done.stderr
    return [path for path in (box / "INBOX").rglob("*") if path.parent.name in ("new", "cur")]


def arrived(web: Web, way: Way, who: Person, folder: str, subject: str) -> str:
    """The one message with that subject, as soon as it is there."""
    end = time.monotonic() + 90
    while not (found := [path for path in fetched(web, way, who, folder) if subject in path.read_text()]):
        assert time.monotonic() < end, subject
        time.sleep(1)
    assert len(found) == 1
    return found[0].read_text()


def sent(web: Web, way: Way, who: Person, to: str, subject: str) -> None:
    settings = web.folder / "msmtprc"
    settings.write_text(f"""
account default
host {way.host}
port {way.port}
from {who.address}
auth plain
user {way.login}
password {who.password}
tls on
tls_starttls {"on" if way.starttls else "off"}
tls_trust_file {web.authority}
""")
    settings.chmod(0o600)
    letter = f"From: {who.address}\nTo: {to}\nSubject: {subject}\n\nset up by itself\n"
    done = web.run("msmtp", "-C", str(settings), to, given=letter)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("way", ["autoconfig", "dns"])
def test_programs_that_know_an_address_and_a_password_send_and_read(web: Web, way: str) -> None:
    """SUPPORT-1: mbsync and msmtp, from what is published and nothing else."""
    need("mbsync", "msmtp")
    writer, reader = web.people[0], web.people[3]
    if way == "autoconfig":
        outgoing, incoming = from_autoconfig(web, _SMTP, writer), from_autoconfig(web, _IMAP, reader)
    else:
        outgoing, incoming = from_dns(web, "_submissions", writer), from_dns(web, "_imaps", reader)
    subject = f"by {way}"
    sent(web, outgoing, writer, reader.address, subject)
    letter = arrived(web, incoming, reader, way, subject)
    assert re.search(rf"^From: {re.escape(writer.address)}$", letter, re.MULTILINE)


def test_the_second_way_of_sending_works_as_well(web: Web) -> None:
    need("mbsync", "msmtp")
    reader = web.people[3]
    sent(web, from_dns(web, "_submission", web.person), web.person, reader.address, "by STARTTLS")
    arrived(web, from_dns(web, "_imaps", reader), reader, "starttls", "by STARTTLS")


def test_outlook_is_answered(web: Web) -> None:
    asked = (
        '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">'
        f"<Request><EMailAddress>{web.person.address}</EMailAddress></Request></Autodiscover>"
    )
    for path in ("/autodiscover/autodiscover.xml", "/Autodiscover/Autodiscover.xml"):
        answer = web.get(
            path, name=f"autodiscover.{DOMAIN}", method="POST", body=asked, **{"Content-Type": "text/xml"}
        )
        assert answer.status == 200
        root = ElementTree.fromstring(answer.body)  # noqa: S314 - our own server's
        assert {one.text for one in root.iter() if one.tag.endswith("}LoginName")} == {web.person.address}


def test_an_apple_profile_is_signed_and_for_whoever_signed_in(web: Web) -> None:
    assert web.get("/mobileconfig/").status == 401
    answer = web.get("/mobileconfig/", web.person)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/x-apple-aspen-config")
    path = web.folder / "mail.mobileconfig"
    path.write_bytes(answer.body)
    read = ("openssl", "smime", "-verify", "-inform", "der", "-in", str(path), "-purpose", "any")
    done = subprocess.run([*read, "-CAfile", web.authority], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert web.person.address.encode() in done.stdout
    assert web.people[1].address.encode() not in done.stdout


def test_a_program_finds_the_address_book_and_cannot_change_it(web: Web) -> None:
    """INT-2: vdirsyncer, from the name of the web host, an address and a password."""
    need("vdirsyncer")
    settings = web.folder / "vdirsyncer"
    cards = web.folder / "cards"
    settings.write_text(f"""
[general]
status_path = "{web.folder}/status/"
[pair book]
a = "far"
b = "near"
collections = ["from a"]
[storage far]
type = "carddav"
url = "https://{WWW}/"
username = "{web.person.address}"
password = "{web.person.password}"
verify = "{web.authority}"
[storage near]
type = "filesystem"
path = "{cards}"
fileext = ".vcf"
""")
    found = web.run("vdirsyncer", "-c", str(settings), "discover", given="y\ny\ny\n")
    assert found.returncode == 0, found.stderr
    done = web.run("vdirsyncer", "-c", str(settings), "sync")
    assert done.returncode == 0, done.stderr
    text = "\n".join(path.read_text() for path in cards.rglob("*.vcf"))
    assert set(re.findall(r"^EMAIL\S*:(\S+)$", text, re.MULTILINE)) == {
        row.address for row in web.stage.prepared.plan.book
    }
    (cards / "book" / "new.vcf").write_text("BEGIN:VCARD\nVERSION:3.0\nUID:new\nFN:New\nN:New;;;;\nEND:VCARD\n")
    assert web.run("vdirsyncer", "-c", str(settings), "sync").returncode != 0
    for method in ("PUT", "DELETE", "MKCOL", "PROPPATCH", "MOVE", "POST"):
        assert web.get("/carddav/people/book/new.vcf", web.person, method=method, body="x").status == 403, method
    assert web.get("/carddav/people/book/", method="PROPFIND").status == 401


def test_what_keeps_the_book_hears_from_the_web_server_alone(web: Web) -> None:
    connect = f"import socket; socket.create_connection(('127.0.0.1', {BOOK_PORT}), 5); print('in')"
    for user, let in (("www-data", True), ("nobody", False), ("mailwright-signin", False)):
        status, _ = web.stage.lab.shell.run(WWW, "runuser", "-u", user, "--", "python3", "-c", connect)
        assert (status == 0) is let, user


def test_audits_see_it_so(web: Web) -> None:
    probes = [probe for probe in web.stage.probes if probe.id.partition(".")[0] in ("clients", "carddav", "zone")]
    found = web.stage.probe(lambda _probe, _findings, _seconds: None, probes).findings
    ours = {finding.id: finding for finding in found if finding.id.startswith(("clients.", "carddav."))}
    assert {"clients.autoconfig", "clients.autodiscover", "clients.mobileconfig", "clients.located"} <= ours.keys()
    assert {"carddav.book", "carddav.read-only"} <= ours.keys()
    assert not [(finding.id, finding.evidence) for finding in ours.values() if finding.status is not Status.PASS]
    assert not [(finding.id, finding.evidence) for finding in found if finding.fails]


def test_no_password_and_no_reader_is_in_a_log(web: Web) -> None:
    said = web.on_host(WWW, "journalctl", "--no-pager", "-o", "cat")
    assert web.person.password not in said
    served = ("-t", "nginx", "-t", "mailwright-signin", "-t", "radicale", "-t", "openssl")
    read = web.on_host(WWW, "journalctl", "--no-pager", "-o", "cat", *served)
    assert base64.b64encode(f"{web.person.address}:{web.person.password}".encode()).decode() not in said
    assert "privacy.html" not in read
    assert web.person.address not in read
    assert "broke off" not in read
    units = json.loads(web.on_host(WWW, "systemctl", "list-units", "--failed", "--output=json"))
    assert units == []


def test_a_second_apply_changes_nothing(web: Web) -> None:
    before = web.on_host(WWW, "systemctl", "show", "nginx", "radicale", "mailwright-signin", "-p", "InvocationID")
    web.stage.apply(print)
    assert (
        web.on_host(WWW, "systemctl", "show", "nginx", "radicale", "mailwright-signin", "-p", "InvocationID")
        == before
    )
