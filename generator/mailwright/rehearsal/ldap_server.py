"""Stands in for a directory: OpenLDAP's server in a container, filled once, which can be stopped and started.

Runs there as a program of its own (nothing but the standard library) with its folder as the argument:

directory.json    attributes and classes that its entries use, and who may read them
entries.ldif      what is in it
certificate.pem, key.pem, authority.pem
state             written from outside: ``up``, ``down``, or ``slow`` (takes connections and never answers)
now               written by this program when it has become so
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path

SCHEMAS = ("core", "cosine", "nis", "inetorgperson")
FOLDER = Path("/etc/ldap/schema")
DATA = Path("/var/lib/mailwright-directory")
PAUSE = 0.1  # seconds


def known(text: str) -> set[str]:
    """The names, in lower case, that a schema defines: ``NAME 'uid'``, ``NAME ( 'uid' 'userid' )``."""
    found = re.findall(r"NAME\s+(?:'([^']+)'|\(([^)]*)\))", text)
    return {name.lower() for one, several in found for name in (one, *re.findall(r"'([^']+)'", several)) if name}


def schema(attributes: Iterable[str], classes: Iterable[str], defined: set[str]) -> str:
    """Definitions of what no schema of the server has: texts that are compared without regard to case.

    Under the number that RFC 5612 keeps for examples.
    """
    lines = []
    for number, name in enumerate(sorted({name.lower(): name for name in attributes}.values()), 1):
        if name.lower() not in defined:
            lines.append(
                f"attributetype ( 1.3.6.1.4.1.32473.1.{number} NAME '{name}' EQUALITY caseIgnoreMatch"
                " SUBSTR caseIgnoreSubstringsMatch SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )"
            )
    for number, name in enumerate(sorted({name.lower(): name for name in classes}.values()), 1):
        if name.lower() not in defined:
            lines.append(f"objectclass ( 1.3.6.1.4.1.32473.2.{number} NAME '{name}' SUP top AUXILIARY )")
    return "".join(f"{line}\n" for line in lines)


def configuration(place: Path, readers: str) -> str:
    """slapd.conf. ``readers``: the name of the one entry that may read; empty: everybody may. Over TLS alone."""
    who = f'dn.exact="{readers}"' if readers else "*"
    includes = "".join(f"include {FOLDER}/{name}.schema\n" for name in SCHEMAS)
    return f"""{includes}include {place}/lab.schema
pidfile /run/mailwright-slapd.pid
modulepath /usr/lib/ldap
moduleload back_mdb
TLSCACertificateFile {place}/authority.pem
TLSCertificateFile {place}/certificate.pem
TLSCertificateKeyFile {place}/key.pem
security ssf=128
database mdb
suffix ""
directory {DATA}
maxsize 268435456
access to attrs=userPassword by anonymous auth by * none
access to * by {who} read by anonymous auth by * none
"""


def fill(place: Path) -> None:
    """Makes the server's data from what is in its folder."""
    said = json.loads((place / "directory.json").read_text(encoding="utf-8"))
    # What the server itself defines, and no schema file does.
    defined = {"objectclass", "userpassword", "cn", "uid", "ou", "dc", "o", "c", "sn", "description", "top"}
    defined |= {"extensibleobject", "seealso", "name", "dn"}
    for name in SCHEMAS:
        defined |= known((FOLDER / f"{name}.schema").read_text(encoding="utf-8", errors="replace"))
    text = schema(said["attributes"], said["classes"], defined)
    (place / "lab.schema").write_text(text, encoding="utf-8")
    (place / "slapd.conf").write_text(configuration(place, said["readers"]), encoding="utf-8")
    DATA.mkdir(exist_ok=True)
    # Without the schema's check: an entry may lack what a class of the site's filter would ask for besides.
    subprocess.run(["slapadd", "-s", "-f", place / "slapd.conf", "-l", place / "entries.ldif"], check=True)


class Server:
    """slapd, in one of its states."""

    def __init__(self, place: Path, url: str) -> None:
        self._argv = ["slapd", "-d", "256", "-f", str(place / "slapd.conf"), "-h", url]
        self._process: subprocess.Popen[bytes] | None = None

    def to(self, state: str) -> None:
        if state == "down":
            self._stop()
            return
        if self._process is None:
            self._process = subprocess.Popen(self._argv)
            _await_port(self._argv[-1])
        self._process.send_signal(signal.SIGSTOP if state == "slow" else signal.SIGCONT)

    def _stop(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            self._process.wait(20)
            self._process = None


def _await_port(url: str) -> None:
    import socket

    port = int(url.rstrip("/").rpartition(":")[2])
    end = time.monotonic() + 20
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), 2).close()
        except OSError:
            time.sleep(PAUSE)
        else:
            return


def main(place: Path) -> None:
    while not (place / "key.pem").exists():
        time.sleep(PAUSE)
    fill(place)
    said = json.loads((place / "directory.json").read_text(encoding="utf-8"))
    server = Server(place, said["url"])
    now = ""
    while True:
        state = (place / "state").read_text(encoding="ascii")
        if state and state != now:
            server.to(state)
            (place / "now").write_text(state, encoding="ascii")
            now = state
        time.sleep(PAUSE)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
