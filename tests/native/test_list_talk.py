"""Who sent a post to a list, as Postfix and rspamd tell the list server (LIST-3).

Envelope and header are forged separately, and each forgery has its twin: the same from somebody who may be
believed. Both releases, because a mailer that is not the list host may run either.
"""

from __future__ import annotations

import base64
import json
import subprocess
from dataclasses import dataclass, replace
from functools import cache
from ipaddress import ip_address
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from mailwright.components import filter, log_space, postfix
from mailwright.plan import make
from mailwright.site.model import Host
from support.example import HERE, whole
from support.mailplan import SECRETS
from support.native import run

pytestmark = pytest.mark.native

HOST = "mail.college.ac.uk"
LIST = "exams@college.ac.uk"
KARL, ROSA, NAMED = "k.marx@chem.college.ac.uk", "rosa.luxemburg@college.ac.uk", "registrar@partner.ac.uk"
ELSEWHERE = "a@b.example"
CONFIRM = "exams-confirm+0123abc@college.ac.uk"
BESIDE = "198.51.100.26"
"""Another mailer of the site."""
STRANGER = "203.0.113.9"
PARTNER = "203.0.113.44"
"""What outsiders publish: partner.ac.uk says from where it sends, and both keys."""
SPF = {
    "partner.ac.uk": f"v=spf1 ip4:{PARTNER} -all",
    "lax.example": "v=spf1 +all",
    "college.ac.uk": f"v=spf1 ip4:{PARTNER} -all",  # a mailer of others that the site lets send as itself
}


@cache
def key() -> tuple[bytes, str]:
    """A private key in PEM, and the value of its DKIM record."""
    made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = made.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    der = made.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return pem, f"v=DKIM1; k=rsa; p={base64.b64encode(der).decode()}"


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    said: str  # what the list server is told; empty: the message is refused
    head: str = f"From: {NAMED}"
    client: str = STRANGER
    sender: str = "x@elsewhere.example"
    login: str = ""
    port: int = 25
    recipients: tuple[str, ...] = (LIST,)
    signer: str = ""
    length: bool = False
    named: bool = True  # the message has a Message-ID

    def message(self, number: int) -> str:
        name = f"Message-ID: <{number}@client.example>\n" if self.named else ""
        text = f"{self.head}\nTo: {self.recipients[0]}\nSubject: x\n{name}\nText\n"
        if not self.signer:
            return text
        raw = text.replace("\n", "\r\n").encode()
        line = dkim.sign(raw, b"s1", self.signer.encode(), key()[0], include_headers=[b"from"], length=self.length)
        return line.decode().replace("\r\n", "\n") + text


def out(name: str, said: str, **parts: object) -> Case:
    return replace(Case(name, said), **parts)  # type: ignore[arg-type]


def login(name: str, said: str, who: str, head: str, **parts: object) -> Case:
    sender = str(parts.pop("sender", KARL))
    return replace(Case(name, said, head, sender=sender, login=who, port=587), **parts)  # type: ignore[arg-type]


INSIDE = f"inside; login=km217; from={KARL}"
CASES = (
    # After a login
    login("member, logged in", INSIDE, "km217", f"From: Karl Marx <{KARL}>"),
    login("member in capitals", INSIDE, "km217", f"From: {KARL.upper()}"),
    login("two of one's own", "inside; login=km217", "km217", f"From: {KARL}, karl.marx@college.ac.uk"),
    login("as somebody else", "", "km217", f"From: {ROSA}"),
    login("MAIL FROM of somebody else", "", "km217", f"From: {KARL}", sender=ROSA),
    login("with a verdict of one's own", INSIDE, "km217", f"X-Mailwright-Poster: inside; login=x\nFrom: {KARL}"),
    login("to a list by a role", INSIDE, "km217", f"From: {KARL}", recipients=("exams-owner@college.ac.uk",)),
    # A stranger who forges somebody inside
    out("member forged in the header", f"unproven; from={KARL}", head=f"From: {KARL}"),
    out("member forged in both", f"unproven; from={KARL}", head=f"From: {KARL}", sender=KARL),
    out(
        "member forged in the envelope",
        "unproven; from=x@elsewhere.example",
        head="From: x@elsewhere.example",
        sender=KARL,
    ),
    out("inside, and SPF agrees", f"unproven; from={ROSA}", head=f"From: {ROSA}", sender=ROSA, client=PARTNER),
    out("inside, with a signature", f"unproven; from={ROSA}", head=f"From: {ROSA}", signer="college.ac.uk"),
    # A named outsider, and who forges one
    out("SPF", f"vouched; by=spf; from={NAMED}", sender=NAMED, client=PARTNER),
    out("SPF, another of the domain", f"vouched; by=spf; from={NAMED}", sender="b@partner.ac.uk", client=PARTNER),
    out("SPF of another domain", f"unproven; from={NAMED}", sender="x@lax.example", client=PARTNER),
    out("SPF fails", f"unproven; from={NAMED}", sender=NAMED),
    out("null sender", f"unproven; from={NAMED}", sender="", client=PARTNER),
    out(
        "SPF that lets everybody",
        "unproven; from=a@lax.example",
        head="From: a@lax.example",
        sender="a@lax.example",
    ),
    out(
        "a domain below",
        "unproven; from=a@sub.partner.ac.uk",
        head="From: a@sub.partner.ac.uk",
        sender=NAMED,
        client=PARTNER,
    ),
    out("DKIM", f"vouched; by=dkim; from={NAMED}", signer="partner.ac.uk"),
    out(
        "DKIM of the domain above",
        "vouched; by=dkim; from=a@sub.partner.ac.uk",
        head="From: a@sub.partner.ac.uk",
        signer="partner.ac.uk",
    ),
    out("DKIM of a domain below", f"unproven; from={NAMED}", signer="sub.partner.ac.uk"),
    out("DKIM of somebody else", f"unproven; from={NAMED}", signer="lax.example"),
    out("DKIM of a registry", f"unproven; from={NAMED}", signer="ac.uk"),
    out("DKIM of a part of the body", f"unproven; from={NAMED}", signer="partner.ac.uk", length=True),
    out(
        "DKIM of a name that ends alike",
        "unproven; from=a@notpartner.ac.uk",
        head="From: a@notpartner.ac.uk",
        signer="partner.ac.uk",
    ),
    # From: that two readers may take for two things: nothing vouches for it
    *(
        out(f"vouched for, but {name}", "unproven", head=head, sender=NAMED, client=PARTNER)
        for name, head in {
            "two addresses": f"From: {NAMED}, {KARL}",
            "two lines": f"From: {NAMED}\nFrom: {KARL}",
            "none": "X-From: x",
            "a group": f"From: Exams: {NAMED};",
            "an empty group": "From: undisclosed-recipients:;",
            "two angles": f"From: <{NAMED}> <{KARL}>",
            "an address as bare name": f"From: {KARL} <{NAMED}>",
            "a route": f"From: <@{HOST}:{NAMED}>",
            "an open quote": f'From: "{KARL} <{NAMED}>',
            "a nested comment": f"From: (a (b) c) {NAMED}",
            "an encoded address": "From: =?utf-8?q?registrar=40partner.ac.uk?=",
            "8 bits in the address": "From: r\xe9gistrar@partner.ac.uk",
            "a bare CR": f"From: {NAMED}\rFrom: {KARL}",
            "white space before the colon": f"X: y\nFrom : {KARL}\nFrom: {NAMED}",
        }.items()
    ),
    *(
        out(name, f"vouched; by=spf; from={NAMED}", head=head, sender=NAMED, client=PARTNER)
        for name, head in {
            "a quoted name": f'From: "{KARL}" <{NAMED}>',
            "a comment": f"From: {NAMED} ({KARL})",
            "an encoded name": f"From: =?utf-8?q?{KARL.replace('@', '=40')}?= <{NAMED}>",
            "folded": f"From:\n Registrar\n <{NAMED}>",
        }.items()
    ),
    # A verdict that came in
    *(
        out(name, f"unproven; from={NAMED}", head=f"{line}\nFrom: {NAMED}")
        for name, line in {
            "one": f"X-Mailwright-Poster: {INSIDE}",
            "several": f"X-Mailwright-Poster: {INSIDE}\nX: y\nx-mailwright-poster: x\nX-MAILWRIGHT-POSTER: a",
            "folded one": f"X-Mailwright-Poster:\n {INSIDE}",
        }.items()
    ),
    out("without a name", f"unproven; from={NAMED}", named=False),
    # Where no list is meant, nobody is told, and what came in is gone
    out("to a person", "-", head=f"X-Mailwright-Poster: {INSIDE}\nFrom: {NAMED}", recipients=(ROSA,)),
    out(
        "to both",
        f"unproven; from={NAMED}",
        head=f"X-Mailwright-Poster: {INSIDE}\nFrom: {NAMED}",
        recipients=(ROSA, LIST),
    ),
    login("to both and outside", INSIDE, "km217", f"From: {KARL}", recipients=("a@b.example", LIST, ROSA)),
    # Addresses of lists
    out("with a word of Mailman's", f"unproven; from={NAMED}", recipients=("exams-confirm+0123abc@college.ac.uk",)),
    out("with a word, another address", "", recipients=("exams-owner+0123abc@college.ac.uk",)),
    out("with a word, no such list", "", recipients=("nolist-confirm+0123abc@college.ac.uk",)),
    out("with a word, a person", "", recipients=("rosa.luxemburg+x@college.ac.uk",)),
    out("no such list", "", recipients=("nolist@college.ac.uk",)),
    # What another mailer of the site hands over
    *(
        out(name, said, head=f"X-Mailwright-Poster: {INSIDE}\nFrom: {KARL}", port=10025, **parts)
        for name, said, parts in (
            ("handed over", INSIDE, {"client": BESIDE}),
            ("handed over, with a word of Mailman's", INSIDE, {"client": BESIDE, "recipients": (CONFIRM,)}),
            ("handed over by a stranger", "", {}),
            ("handed over by this host itself", "", {"client": ""}),
            ("handed over to a person", "", {"client": BESIDE, "recipients": (ROSA,)}),
            ("handed over to a role", "", {"client": BESIDE, "recipients": ("postmaster@college.ac.uk",)}),
            ("handed over to elsewhere", "", {"client": BESIDE, "recipients": (ELSEWHERE,)}),
        )
    ),
    # What the list server sends
    out(
        "from a list to a person",
        "-",
        head=f"From: {NAMED}",
        client="",
        port=10026,
        sender="exams-bounces@college.ac.uk",
        recipients=(ROSA, "a@b.example"),
    ),
    out(
        "from a list to a list",
        f"unproven; from={NAMED}",
        client="",
        port=10026,
        sender="exams-bounces@college.ac.uk",
        recipients=("all-staff@college.ac.uk",),
    ),
    *(
        out(
            name,
            "-",
            head=head,
            client="",
            port=10026,
            sender="exams-bounces@college.ac.uk",
            recipients=(ELSEWHERE,),
        )
        for name, head in {
            "as a list": f"From: Registrar via Exams <{LIST}>",
            "as an author of the site": f"From: {ROSA}",
            "as an author of the site, with a verdict": f"X-Mailwright-Poster: {INSIDE}\nFrom: {KARL}",
            "as an author elsewhere": f"From: {NAMED}",
        }.items()
    ),
    out("from nobody's address", "", client="", port=10026, sender="nobody@college.ac.uk"),
    out(
        "to nobody",
        "",
        client="",
        port=10026,
        sender="exams-bounces@college.ac.uk",
        recipients=("nobody@college.ac.uk",),
    ),
    out("from elsewhere by the list server's port", "", port=10026, sender="exams-bounces@college.ac.uk"),
)


@cache
def _talk(release: str) -> subprocess.CompletedProcess[str]:
    """The list host is never of the older release (see the plan), but another mailer may be."""
    beside = Host("mx2.college.ac.uk", (ip_address(BESIDE),), "debian-12", ("mx",), HERE)
    plan = make(replace(whole(), hosts=(*whole().hosts, beside)))
    host = replace(plan.host(HOST), os=release)  # type: ignore[arg-type]
    plan = replace(plan, hosts=tuple(host if one.name == HOST else one for one in plan.hosts))
    wanted = (*postfix.files(plan, host), *filter.files(plan, host), *log_space.files(plan, host))
    files = {file.path: str(file.text) for file in wanted}
    # Clients say whom they stand for; nothing leaves but to a few lines of Python.
    changed = {
        "relayhost": "[127.0.0.1]:2525",
        "smtp_bind_address": "",
        "smtp_bind_address6": "",
        "smtp_bind_address_enforce": "no",
        "smtp_tls_security_level": "none",
        "smtpd_authorized_xclient_hosts": "127.0.0.0/8",
    }
    kept = files["/etc/postfix/main.cf"].splitlines()
    kept = [line for line in kept if line.partition(" ")[0] not in changed]
    files["/etc/postfix/main.cf"] = "\n".join((*kept, *(" = ".join(one) for one in changed.items()), ""))
    records = list(SPF.items())
    signers = ("partner.ac.uk", "sub.partner.ac.uk", "lax.example", "ac.uk", "college.ac.uk")
    records += [(f"s1._domainkey.{name}", key()[1]) for name in signers]
    fakes = ", ".join(f'{{name = "{name}"; type = "txt"; replies = ["{text}"];}}' for name, text in records)
    conf = (
        files["/etc/rspamd/rspamd.conf"]
        .replace('type = "syslog"', 'type = "console"')
        .replace("systemd = true;", "")
    )
    files["/etc/rspamd/rspamd.conf"] = conf.replace(
        "options {",
        'options { dns { nameserver = ["127.0.0.9"]; timeout = 0.2s; retransmits = 1; fake_records = ['
        + fakes
        + "]; }",
    )
    selector = plan.settings.dkim_selector
    files[f"/etc/rspamd/dkim/{selector}.key"] = key()[0].decode()
    cases = [
        {
            "port": case.port,
            "client": case.client,
            "login": case.login,
            "sender": case.sender,
            "recipients": case.recipients,
            "message": case.message(number),
        }
        for number, case in enumerate(CASES)
    ]
    files["/test/cases.json"] = json.dumps(cases)
    files["/talk.py"] = Path(__file__).with_name("list_talk.py").read_text(encoding="utf-8")
    tables = postfix.variables(plan, host)["postfix_tables"]
    assert isinstance(tables, list)
    before = [
        *([part.replace("mx.college.ac.uk", HOST) for part in command] for command in SECRETS),
        *(["postmap", f"lmdb:/etc/postfix/{table}"] for table in tables),
        ["mkdir", "-p", "/var/log/journal", "/var/log/mail"],
        ["install", "-d", "-o", "postfix", "-m", "0700", "/run/mailwright-space"],
    ]
    return run(release, ["python3", "/talk.py"], files, before=before)


def talk(release: str) -> dict[str, dict[str, object]]:
    """What came of each case."""
    done = _talk(release)
    assert done.returncode == 0, done.stderr[-4000:]
    results = json.loads(done.stdout)["results"]
    return {case.name: result for case, result in zip(CASES, results, strict=True)}


def texts(result: dict[str, object], where: str) -> list[str]:
    found = result[where]
    assert isinstance(found, list)
    return found


def verdicts(text: str) -> list[str]:
    head = text.split("\r\n\r\n")[0].replace("\r\n ", " ").replace("\r\n\t", " ")
    lines = head.replace("\r\n", "\n").split("\n")
    return [line.partition(":")[2].strip() for line in lines if line.lower().startswith("x-mailwright-poster")]


each_release = pytest.mark.parametrize("release", ["debian-13", "debian-12"])


@each_release
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_list_server_is_told_who_sent_a_post(case: Case, release: str) -> None:
    result = talk(release)[case.name]
    posts = texts(result, "posts")
    if not case.said:
        assert str(result["answer"])[:1] in "45", result
        assert not posts
        return
    assert str(result["answer"]).startswith("250"), result
    assert [verdicts(text) for text in posts] == ([] if case.said == "-" else [[case.said]]), result
    for text in (*texts(result, "store"), *texts(result, "sent")):
        assert "mailwright-poster" not in text.lower(), "nobody else is told"
    elsewhere = [one for one in case.recipients if "-" not in one and not one.startswith(("exams", "all-staff"))]
    assert len(texts(result, "store")) + len(texts(result, "sent")) == len(elsewhere)


@each_release
def test_a_post_has_a_name_without_which_the_list_server_would_refuse_it(release: str) -> None:
    (text,) = texts(talk(release)["without a name"], "posts")
    assert text.lower().count("\nmessage-id: <") == 1
    (other,) = texts(talk(release)["SPF fails"], "posts")
    assert other.lower().count("\nmessage-id: <") == 1


@each_release
def test_what_a_list_sends_to_many_holds_up_nobody_elses_mail(release: str) -> None:
    order = json.loads(_talk(release).stdout)["order"]
    assert sum(order) == 1001
    assert order.count(1) == 1
    assert order.index(1) < len(order) - 1, order


@each_release
def test_a_list_is_signed_for_and_no_author_whom_it_sends_on(release: str) -> None:
    results = talk(release)
    signed = {
        name: texts(results[name], "sent")[0].count("DKIM-Signature:")
        for name in results
        if name.startswith("as a")
    }
    assert signed.pop("as a list") == 1
    assert len(signed) == 3
    assert not any(signed.values())
    (submitted,) = texts(results["member, logged in"], "posts")
    assert "d=chem.college.ac.uk" in submitted, "the author's own signature comes along"
