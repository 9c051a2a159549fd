"""Runs in a container: the Dovecots of three hosts side by side, with their rendered files, on loopback addresses.

The files of a host are below /site/<name>; only paths and the address to listen on are changed. Prints a JSON
object of what was seen.
"""

from __future__ import annotations

import base64
import imaplib
import json
import poplib
import re
import smtplib
import socket
import ssl
import subprocess
import sys
import time
from pathlib import Path

DOMAIN = "college.ac.uk"
HOSTS = {"store1": "127.0.0.31", "store2": "127.0.0.32", "smtp": "127.0.0.27"}
CLIENT = "203.0.113.77"  # of the mailer
CLIENTS = {"127.0.0.31": "127.0.0.99", "127.0.0.32": "127.0.0.98"}
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
Code = tuple[int, str]


def call(*argv: str) -> tuple[int, str]:
    done = subprocess.run(argv, check=False, capture_output=True, text=True, timeout=180)
    return done.returncode, done.stdout + done.stderr


def must(*argv: str) -> str:
    code, said = call(*argv)
    if code != 0:
        raise SystemExit(f"{argv}: {said}")
    return said


def openssl(words: str, *arguments: str) -> None:
    must("openssl", *words.split(), *arguments)


def certificates() -> None:
    """An authority that the system believes, and a certificate for each host's name."""
    folder = Path("/etc/ssl/mailwright")
    folder.mkdir(parents=True)
    ca = [f"/ca.{kind}" for kind in ("pem", "key")]
    openssl(
        "req -x509 -newkey rsa:2048 -nodes -subj /CN=authority -days 2",
        *("-addext", "keyUsage=critical,keyCertSign,cRLSign", "-out", ca[0], "-keyout", ca[1]),
    )
    with Path(BUNDLE).open("a") as bundle:
        bundle.write(Path(ca[0]).read_text())
    for host in HOSTS:
        name = f"{host}.{DOMAIN}"
        Path("/ext").write_text(f"subjectAltName=DNS:{name}\n")
        openssl("req -newkey rsa:2048 -nodes -subj /CN=x -out /csr", "-keyout", f"{folder}/{name}.key")
        openssl(
            "x509 -req -in /csr -days 2 -CAcreateserial -extfile /ext",
            *("-CA", ca[0], "-CAkey", ca[1], "-out", f"{folder}/{name}.pem"),
        )


def start(host: str) -> None:
    """The host's Dovecot, in folders of its own."""
    root = Path("/site", f"{host}.{DOMAIN}")
    here = root / "etc/dovecot"
    for file in here.iterdir():
        text = file.read_text().replace("/etc/dovecot/", f"{here}/").replace("/var/vmail/", f"{root}/var/vmail/")
        text = text.replace("/var/spool/postfix/private/", f"{root}/private/")
        if file.name == "dovecot.conf":
            text = re.sub(r"(?m)^listen = .*$", f"listen = {HOSTS[host]}", text)
            text = re.sub(r"(?m)^log_path = .*$", f"log_path = {root}/log", text)
            # every store's connection comes from here
            text = re.sub(r"(?m)^login_trusted_networks = .*$", "login_trusted_networks = 127.0.0.1", text)
            text += f"base_dir = {root}/run\nstate_dir = {root}/run\ninstance_name = {host}\n"
        file.write_text(text)
    for folder in ("private", "run", "var/vmail"):
        (root / folder).mkdir(parents=True)
    must("chown", "vmail:", f"{root}/var/vmail")
    lines = [f"{login}:{hashed(password)}" for login, password in PASSWORDS[host].items()]
    (here / "passwords").write_text("".join(f"{line}\n" for line in lines))
    (here / "suspended").touch()
    quiet = subprocess.DEVNULL
    subprocess.Popen(["dovecot", "-F", "-c", str(here / "dovecot.conf")], stdin=quiet, stdout=quiet, stderr=quiet)


def listening(host: str) -> None:
    """Returns when the host's Dovecot takes connections: clients' of a store, else the mailer's."""
    end = time.monotonic() + 300
    while time.monotonic() < end:
        if f"{HOSTS[host]}:993 " in call("ss", "-ltn4H")[1] or Path(f"/site/{host}.{DOMAIN}/private/auth").exists():
            return
        time.sleep(0.1)
    sys.exit(f"Dovecot of {host} does not start: {Path(f'/site/{host}.{DOMAIN}/log').read_text()}")


def hashed(password: str) -> str:
    return must("doveadm", "pw", "-s", "SHA512-CRYPT", "-r", "1000", "-p", password).strip()


class Client(imaplib.IMAP4_SSL):
    """Comes from an address of its own, another one for each host that it asks."""

    def _create_socket(self, timeout: float | None) -> ssl.SSLSocket:
        source = (CLIENTS[self.host], 0)
        return context().wrap_socket(socket.create_connection((self.host, 993), timeout or 90, source))


def imap(host: str, login: str, password: str) -> str:
    try:
        with Client(HOSTS[host], 993) as client:
            client.login(login, password)
            client.select("INBOX")
            return "in"
    except imaplib.IMAP4.error as error:
        return str(error).strip("b'\"")


def pop(host: str, login: str, password: str) -> str:
    client = poplib.POP3_SSL(HOSTS[host], 995, context=context())
    try:
        client.user(login)
        client.pass_(password)
    except poplib.error_proto:
        return "refused"
    finally:
        client.close()
    return "in"


def sieve(host: str, login: str, password: str) -> str:
    """ManageSieve (RFC 5804), as far as a login."""
    with socket.create_connection((HOSTS[host], 4190), 90) as plain:
        plain.settimeout(90)
        _until_ok(plain)
        plain.sendall(b"STARTTLS\r\n")
        _until_ok(plain)
        with context().wrap_socket(plain) as safe:
            _until_ok(safe)
            said = base64.b64encode(f"\0{login}\0{password}".encode()).decode()
            safe.sendall(f'AUTHENTICATE "PLAIN" "{said}"\r\n'.encode())
            return _until_ok(safe).split()[0]


def _until_ok(connection: socket.socket) -> str:
    said = b""
    while not re.search(rb"(?m)^(OK|NO|BYE)\b.*\r\n", said):
        more = connection.recv(4096)
        if not more:
            break
        said += more
    return said.decode().splitlines()[-1]


def context() -> ssl.SSLContext:
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made


def smtp(host: str, login: str, password: str, service: str = "smtp") -> tuple[str, bool]:
    """What the mailer of the host is answered, and whether that came within the ten seconds that it waits."""
    began = time.monotonic()
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(90)
        client.connect(f"/site/{host}.{DOMAIN}/private/auth")
        reader = client.makefile()
        client.sendall(b"VERSION\t1\t1\nCPID\t1\n")
        while not reader.readline().startswith("DONE"):
            pass
        said = base64.b64encode(f"\0{login}\0{password}".encode()).decode()
        client.sendall(f"AUTH\t1\tPLAIN\tservice={service}\trip={CLIENT}\tsecured\tresp={said}\n".encode())
        answer = reader.readline().rstrip("\n").split("\t")
    time.sleep(0.2)
    return answer[0] + (" temporarily" if "code=temp_fail" in answer else ""), time.monotonic() - began < 10


def deliveries() -> dict[str, object]:
    """LMTP on port 24, with and without TLS."""
    seen: dict[str, object] = {}
    with smtplib.LMTP(HOSTS["store1"], 24, local_hostname="test") as client:
        client.ehlo()
        seen["starttls"] = client.has_extn("starttls")
        client.starttls(context=context())
        client.ehlo()
        client.docmd("MAIL", "FROM:<x@example.net>")
        seen["own"] = client.docmd("RCPT", f"TO:<{OWN_ADDRESS}>")[0]
        seen["of the other"] = client.docmd("RCPT", f"TO:<{OTHER_ADDRESS}>")[0]
        client.docmd("DATA")
        client.send(b"From: x@example.net\r\nSubject: x\r\n\r\nx\r\n.\r\n")
        seen["delivered"] = client.getreply()[0]
    return seen


def main() -> None:
    certificates()
    with Path("/etc/hosts").open("a") as hosts:
        hosts.writelines(f"{address} {host}.{DOMAIN}\n" for host, address in HOSTS.items())
    must("groupadd", "--system", "vmail")
    must("useradd", "--system", "-g", "vmail", "-d", "/var/vmail", "-M", "vmail")
    for host in HOSTS:
        start(host)
    for host in HOSTS:
        listening(host)
    seen: dict[str, object] = {}
    for name, protocol in (("imap", imap), ("pop", pop), ("sieve", sieve)):
        for host, login, password in DOORS:
            seen[f"{name} {host} {login} {password}"] = protocol(host, login, password)
    for host, login, password in SUBMISSIONS:
        seen[f"smtp {host} {login} {password}"] = smtp(host, login, password)
    seen["any service"] = smtp("smtp", OWN, "wrong", "imap")
    seen["deliveries"] = deliveries()
    for host in HOSTS:
        seen[f"log {host}"] = Path(f"/site/{host}.{DOMAIN}/log").read_text()
        seen[f"doors {host}"] = sorted(
            int(line.split()[3].rpartition(":")[2])
            for line in call("ss", "-ltn4H")[1].splitlines()
            if line.split()[3].startswith(HOSTS[host] + ":")
        )
    must("doveadm", "-c", f"/site/store2.{DOMAIN}/etc/dovecot/dovecot.conf", "stop")
    seen["smtp while the store is down"] = smtp("smtp", OTHER, "of-other")
    print(json.dumps(seen))


OWN, OTHER, AUTOMATIC = "ab011", "ah205", "webforms"
OWN_ADDRESS, OTHER_ADDRESS = "own@college.ac.uk", "other@college.ac.uk"
PASSWORDS = {
    # a line for the other store's login is what an earlier move may have left there
    "store1": {OWN: "of-own", OTHER: "stale"},
    "store2": {OTHER: "of-other", OWN: "stale"},
    "smtp": {AUTOMATIC: "of-automatic", OWN: "stale"},
}
DOORS = [
    (host, login, password)
    for host in ("store1", "store2")
    for login, password in (
        (OWN, "of-own"),
        (OTHER, "of-other"),
        (OTHER, "stale"),
        (OWN, "wrong"),
        # SUPPORT-1: a published address is taken for its login
        (OWN_ADDRESS, "of-own"),
        (OTHER_ADDRESS, "of-other"),
        (OTHER_ADDRESS, "stale"),
    )
]
SUBMISSIONS = [
    ("smtp", OWN, "of-own"),
    ("smtp", OTHER, "of-other"),
    ("smtp", OWN, "stale"),
    ("smtp", OTHER, "wrong"),
    ("smtp", OTHER_ADDRESS, "of-other"),
    ("smtp", OTHER_ADDRESS, "wrong"),
    ("smtp", AUTOMATIC, "of-automatic"),
    ("smtp", AUTOMATIC, "wrong"),
    ("smtp", "nobody", "wrong"),
]

if __name__ == "__main__":
    main()
