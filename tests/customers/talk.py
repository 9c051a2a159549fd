"""Runs in a container: a shared host with its customers' tables, as the assembler makes them; Dovecot and Postfix.

Reads /test/fragments/<id>.tables, and prints a JSON object of what was seen.
"""

from __future__ import annotations

import json
import shutil
import smtplib
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

NAME = "mail.hosting.example"
PROGRAM = "/usr/local/sbin/mailwright-customers"


def call(*argv: str, given: str = "") -> tuple[int, str]:
    done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=180, input=given)
    return done.returncode, (done.stdout + done.stderr).strip()


def must(*argv: str) -> str:
    code, said = call(*argv)
    if code != 0:
        raise SystemExit(f"{argv}: {said}")
    return said


def assemble() -> dict[str, Any]:
    shutil.rmtree("/stage", ignore_errors=True)
    Path("/stage").mkdir(mode=0o700)
    said: dict[str, Any] = json.loads(
        must("python3", "-I", PROGRAM, "assemble", "--fragments", "/etc/mailwright/customers", "--out", "/stage")
    )
    for path in said["written"]:
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        must("cp", "-dp", f"/stage{path}", f"{path}.new")
        Path(f"{path}.new").replace(path)
    for path in said["removed"]:
        Path(path).unlink()
    return said


def prepare() -> None:
    Path("/usr/local/sbin/mailwright-customers").chmod(0o755)
    Path("/etc/mailwright/customers").mkdir(parents=True)
    for path in Path("/test/fragments").iterdir():
        shutil.copy(path, "/etc/mailwright/customers")
    for folder, group in (
        ("/etc/postfix/customers", "postfix"),
        ("/etc/dovecot/customers", "dovecot"),
        ("/etc/rspamd/customers", "_rspamd"),
    ):
        Path(folder).mkdir(mode=0o750)
        shutil.chown(folder, "root", group)
    key, chain = (f"/etc/ssl/mailwright/{NAME}.{kind}" for kind in ("key", "pem"))
    Path(key).parent.mkdir(parents=True)
    must(*f"openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout {key} -out {chain}".split())
    must("useradd", "--system", "--home-dir", "/var/vmail", "--create-home", "vmail")
    Path("/var/vmail").chmod(0o700)
    Path("/etc/dovecot/passwords").write_text(f"aowen:{hashed('of-aowen')}\n")
    Path("/etc/dovecot/suspended").write_text("tbell@hill.sch.uk:::::::nopassword=y\n")
    for customer, logins in json.loads(Path("/test/logins.json").read_text()).items():
        lines = "".join(f"{login}:{hashed(f'of-{login}-{customer}')}\n" for login in logins)
        Path(f"/etc/dovecot/customers/{customer}.passwords").write_text(lines)
        must("chown", "root:dovecot", f"/etc/dovecot/customers/{customer}.passwords")
    for name in ("virtual_mailboxes", "virtual_aliases", "senders", "internal"):
        must("postmap", f"lmdb:/etc/postfix/{name}")


def hashed(password: str) -> str:
    return must("doveadm", "pw", "-s", "SHA512-CRYPT", "-r", "1000", "-p", password)


def check() -> tuple[int, str]:
    return call("python3", "-I", PROGRAM, "check", "--sample", "9")


def check_as_a_site() -> tuple[int, str]:
    """With configurations that are of before there were customers."""
    real = {path: path.read_text() for path in map(Path, ("/etc/dovecot/dovecot.conf", "/etc/postfix/main.cf"))}
    for path, text in real.items():
        path.write_text(text.replace(f"{path.parent}/customers/", f"{path.parent}/before/"))
    said = check()
    for path, text in real.items():
        path.write_text(text)
    return said


def start_dovecot() -> None:
    conf = Path("/etc/dovecot/dovecot.conf")
    conf.write_text(conf.read_text().replace("log_path = syslog", "log_path = /dovecot.log"))
    Path("/etc/mailwright/guard-dovecot.conf").unlink(missing_ok=True)
    Path("/var/spool/postfix/private").mkdir(exist_ok=True)
    quiet = subprocess.DEVNULL
    subprocess.Popen(["dovecot", "-F"], stdin=quiet, stdout=quiet, stderr=quiet)
    end = time.monotonic() + 60
    while not Path("/var/spool/postfix/private/dovecot-lmtp").exists() or call("doveadm", "who")[0]:
        if time.monotonic() > end:
            sys.exit(f"Dovecot does not start: {Path('/dovecot.log').read_text()}")
        time.sleep(0.2)


def signs_in(login: str, password: str, service: str = "imap") -> str:
    code, said = call(
        "doveadm", "auth", "test", "-x", f"service={service}", "-x", "rip=203.0.113.9", login, password
    )
    if "temp" in said.lower() or "internal" in said.lower():
        return f"? {said}"
    if code:
        return "refused"
    return next((line.split("=", 1)[1] for line in said.splitlines() if line.strip().startswith("user=")), "in")


def user(name: str) -> str:
    code, said = call("doveadm", "user", "-f", "home", name)
    return said if code == 0 else "nobody"


class Lmtp(smtplib.LMTP):
    def __init__(self) -> None:
        super().__init__("/var/spool/postfix/private/dovecot-lmtp", 0, local_hostname="test")


def delivered(address: str) -> int:
    with Lmtp() as client:
        client.ehlo()
        client.docmd("MAIL", "FROM:<x@example.net>")
        code = client.docmd("RCPT", f"TO:<{address}>")[0]
        if code == 250:
            client.docmd("DATA")
            client.send(b"From: x@example.net\r\nSubject: x\r\n\r\nx\r\n.\r\n")
            return client.getreply()[0]
        return code


def postmap(key: str, table: str) -> str:
    return call("postmap", "-q", key, f"cdb:/etc/postfix/customers/{table}")[1]


def main() -> None:
    prepare()
    seen: dict[str, Any] = {"assembled": assemble()}
    seen["again"] = assemble()
    seen["check as a site"] = check_as_a_site()
    seen["check without Dovecot"] = check()
    start_dovecot()
    asked = json.loads(Path("/test/asked.json").read_text())
    for login, password, service in asked["sign in"]:
        seen[f"{service} {login} {password}"] = signs_in(login, password, service)
    for name in asked["users"]:
        seen[f"user {name}"] = user(name)
    for address in asked["deliver"]:
        seen[f"deliver {address}"] = delivered(address)
    for key, table in asked["postmap"]:
        seen[f"{table} {key}"] = postmap(key, table)
    seen["check"] = check()
    seen["list"] = must("python3", "-I", PROGRAM, "list")
    seen["postconf"] = call("postconf", "-n")
    seen["mail"] = sorted(str(path) for path in Path("/var/vmail").glob("*/*/Maildir/new/*"))
    seen["log"] = Path("/dovecot.log").read_text()[-60000:]
    print(json.dumps(seen))


main()
