"""Runs in a container: starts Dovecot with the rendered files, asks it who may log in and delivers by LMTP.

Prints a JSON object of what was seen.
"""

from __future__ import annotations

import json
import smtplib
import subprocess
import time
from pathlib import Path

SOCKET = "/var/spool/postfix/private/dovecot-lmtp"


def call(*argv: str) -> tuple[int, str]:
    done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


def deliver(recipient: str, size: int = 10) -> int:
    """The code that the store answers at RCPT or after the message."""
    with smtplib.LMTP(SOCKET, local_hostname="test") as client:
        client.ehlo()
        client.docmd("MAIL", "FROM:<x@example.net>")
        code, _ = client.docmd("RCPT", f"TO:<{recipient}>")
        if code == 250:
            client.docmd("DATA")
            client.send(b"From: x@example.net\r\nSubject: x\r\n\r\n" + b"x" * 70 * size + b"\r\n.\r\n")
            code, _ = client.getreply()
        return code


def main() -> None:
    hashes = (call("doveadm", "pw", "-s", "SHA512-CRYPT", "-p", f"secret-{name}")[1].strip() for name in NAMES)
    lines = [f"{name}:{hashed}" for name, hashed in zip(NAMES, hashes, strict=True)]
    Path("/etc/dovecot/passwords").write_text("\n".join(lines) + "\n")
    Path("/etc/dovecot/suspended").touch()
    for argv in (
        ("groupadd", "--system", "vmail"),
        ("useradd", "--system", "-g", "vmail", "-d", "/var/vmail", "-M", "-s", "/usr/sbin/nologin", "vmail"),
        ("install", "-d", "-o", "vmail", "-g", "vmail", "-m", "0700", "/var/vmail"),
        ("chgrp", "dovecot", *(f"/etc/dovecot/{name}" for name in ("passwords", "users", "logins"))),
        ("chmod", "0640", *(f"/etc/dovecot/{name}" for name in ("passwords", "users", "logins"))),
        ("install", "-d", "-o", "postfix", "-m", "0700", "/var/spool/postfix/private"),
    ):
        call(*argv)
    log = Path("/test.log").open("w")  # noqa: SIM115 - as long as the program
    daemon = subprocess.Popen(["dovecot", "-F"], stdout=log, stderr=log)
    end = time.monotonic() + 300
    while not Path(SOCKET).exists() and time.monotonic() < end:
        time.sleep(0.1)
    seen: dict[str, object] = {"complained": Path("/test.log").read_text()}
    for user, password in LOGINS:
        seen[f"login {user} {password}"] = call("doveadm", "auth", "test", user, password)[0] == 0
    for user in ("karlm", "Karl.MARX@College.ac.uk", "karl@college.ac.uk", "webforms"):
        code, text = call("doveadm", "user", "-f", "home", user)
        seen[f"home {user}"] = text.strip() if code == 0 else ""
    seen["mixed case"] = deliver("KARL.Marx@College.AC.UK")
    seen["alias"] = deliver("karl@college.ac.uk")
    seen["nobody"] = deliver("nobody@college.ac.uk")
    seen["login as address"] = deliver("karlm@college.ac.uk")
    seen["karlm has"] = len(list(Path("/var/vmail/karlm/Maildir/new").iterdir()))
    seen["logged in sees"] = call("doveadm", "mailbox", "status", "-u", "karlm", "messages", "INBOX")[1].split()[-1]
    seen["too full"] = [deliver("freda@chem.college.ac.uk", 300_000) for _ in range(4)]
    seen["doors"] = sorted(
        int(line.split()[3].rpartition(":")[2])
        for line in call("ss", "-ltn4H")[1].splitlines()
        if not line.split()[3].startswith("127.")
    )
    daemon.terminate()
    daemon.wait(60)
    print(json.dumps(seen))


NAMES = ("karlm", "fredae", "webforms", "gone")
LOGINS = (
    ("karlm", "secret-karlm"),
    ("KarlM", "secret-karlm"),
    ("karlm", "wrong"),
    ("gone", "secret-gone"),
    ("webforms", "secret-webforms"),
    ("karl.marx@college.ac.uk", "secret-karlm"),
    ("fredae", ""),
)

main()
