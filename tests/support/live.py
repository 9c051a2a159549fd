"""A rehearsed site as an audit of a running service meets it: a description that names test mailboxes, a mailbox
elsewhere in the lab's world, and a way in by ssh."""

from __future__ import annotations

import json
import os
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from mailwright.rehearsal import credentials
from mailwright.rehearsal.rehearse import Stage
from mailwright.rehearsal.world import ForeignMail
from mailwright.rehearsal.zones import MAIL_HOST
from support import imap_peer
from support.imap_peer import Box
from support.mail_peer import listening
from support.probing import certificate

_CLIENTS = {"outside": "outside", "inside": "campus", "host": "management"}


@dataclass(frozen=True)
class Said:
    """What an audit said. ``verdicts``: probe → status."""

    status: int
    output: str
    errors: str
    verdicts: dict[str, str]


@dataclass(frozen=True)
class Live:
    """``description`` is that of the rehearsed site, with its ``audit:``."""

    stage: Stage
    description: Path
    box: Box

    def audit(self, vantage: str, *arguments: str, stand: str = "") -> Said:
        """Run the verb from where that vantage is, or from another of the lab's places."""
        evidence = self.evidence(vantage, stand)
        with self.begun(vantage, *arguments, stand=stand) as done:
            output, errors = done.communicate()
        found = json.loads(evidence.read_text(encoding="utf-8")) if evidence.exists() else {"findings": []}
        verdicts = {item["id"]: item["status"] for item in found["findings"]}
        print(errors)
        print(output)
        return Said(done.returncode, output, errors, verdicts)

    def begun(self, vantage: str, *arguments: str, stand: str = "") -> subprocess.Popen[str]:
        """The same, under way."""
        folder = self.description.parent
        argv = [sys.executable, "-m", "mailwright", "audit", str(self.description), "--vantage", vantage]
        argv += ["--out", str(self.evidence(vantage, stand)), *arguments]
        if vantage == "host":
            argv += ["--ssh-config", str(folder / "ssh_config")]
        prefix = self.stage.lab.vantage(stand or _CLIENTS[vantage], "inside").command_prefix()
        return subprocess.Popen(
            [*prefix, *argv],
            env={**os.environ, "SSL_CERT_FILE": str(folder / "trusted.pem")},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def evidence(self, vantage: str, stand: str = "") -> Path:
        """What the audit from there left."""
        return self.description.parent / f"{vantage}-{stand or 'there'}.json"


@contextmanager
def equipped(stage: Stage, site: Path, folder: Path, mailboxes: tuple[str, ...]) -> Iterator[Live]:
    """``site``: the description that was rehearsed; ``mailboxes``: logins whose passwords the audit gets."""
    shutil.copytree(site.parent.parent, folder, dirs_exist_ok=True)  # it may extend one beside it
    key = stage.prepared.credentials.dkim_public_key
    for path in folder.rglob("dkim.pub"):
        path.write_text(f"-----BEGIN PUBLIC KEY-----\n{key}\n-----END PUBLIC KEY-----\n", "ascii")
    folder = folder / site.parent.name
    _secret(folder / "outside", imap_peer.PASSWORD)
    accounts = {account.login: account for account in stage.prepared.credentials.accounts}
    for login in mailboxes:
        _secret(folder / login, accounts[login].password)
    plan = stage.prepared.truth
    addresses = {
        login: next(row.address for row in plan.routes if row.kind == "mailbox" and row.targets == (login,))
        for login in mailboxes
    }
    audit = {
        "mailboxes": [{"login": login, "address": addresses[login], "password": login} for login in mailboxes],
        "addresses": [row.address for row in plan.routes if row.kind == "role"],
        "outside": {
            "address": ForeignMail.address,
            "imap": MAIL_HOST,
            "login": imap_peer.LOGIN,
            "password": "outside",
        },
    }
    described = (folder / site.name).read_text(encoding="utf-8")
    (folder / site.name).write_text(f"{described}\naudit: {json.dumps(audit)}\n", encoding="utf-8")
    authority = stage.prepared.credentials.files[credentials.AUTHORITY].decode("ascii")
    elsewhere = certificate(MAIL_HOST)
    (folder / "trusted.pem").write_text(
        authority + elsewhere.read_text("ascii").partition("-----END PRIVATE KEY-----\n")[2]
    )
    lab = stage.lab
    lines = (f"IdentityFile {lab.ssh_key}", "IdentitiesOnly yes", f"UserKnownHostsFile {lab.known_hosts}")
    (folder / "ssh_config").write_text("Host *\n" + "".join(f"  {line}\n" for line in lines), encoding="utf-8")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(elsewhere)
    box = Box(fill=_arrivals(lab.mail))
    world = lab.vantage("world", "outside")
    with world.enter():
        serving = listening(imap_peer.serve(box, tls), str(lab.topology.mail[0]), 993)
        serving.__enter__()
    try:
        yield Live(stage, folder / site.name, box)
    finally:
        serving.__exit__(None, None, None)


def _arrivals(mail: ForeignMail) -> object:
    """What the foreign mail host took in since it was asked last, with the lines that such a host puts above it."""
    given = 0

    def fill() -> Iterator[bytes]:
        nonlocal given
        messages = mail.received()
        for message in messages[given:]:
            address = f"IPv6:{message.client}" if ":" in message.client else message.client
            yield (
                f"Return-Path: <{message.sender}>\r\n"
                f"Received: from {message.helo} ({message.helo} [{address}])\r\n"
                f"\tby {MAIL_HOST} (Postfix) with ESMTP id 4X for <{message.recipients[0]}>;\r\n"
                "\tTue, 24 Nov 2026 10:00:00 +0000\r\n"
            ).encode() + message.content
        given = len(messages)

    return fill


def _secret(path: Path, password: str) -> None:
    path.write_text(f"{password}\n", encoding="utf-8")
    path.chmod(0o600)
