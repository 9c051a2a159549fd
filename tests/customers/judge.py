"""Runs in a container: rspamd with the platform's rendered configuration and the table that the assembler makes.

Reads /test/cases.json, a list of ``{"user", "ip", "from", "message"}`` or ``{"run": argv}``, and prints for each of
the former ``[action, text of the refusal, what was signed]``.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

CONF = Path("/etc/rspamd/rspamd.conf")
TABLE = "/var/lib/mailwright-customers/filter.cdb"


def ask(case: dict[str, str]) -> list[object]:
    connection = HTTPConnection("127.0.0.1", 11333, timeout=120)
    headers = {"IP": case["ip"], "From": case["from"], "Rcpt": "someone@elsewhere.example", "Queue-Id": "Q1"}
    if case["user"]:
        headers["User"] = case["user"]
    connection.request("POST", "/checkv2", case["message"].replace("\n", "\r\n").encode("latin-1"), headers)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    signed = answer.get("symbols", {}).get("DKIM_SIGNED", {}).get("options") or []
    return [answer["action"], answer.get("messages", {}).get("smtp_message", ""), signed]


def assemble() -> None:
    """The filter's table of the fragments in /test/fragments."""
    shutil.rmtree("/stage", ignore_errors=True)
    Path("/stage").mkdir()
    program = ["python3", "-I", "/usr/local/sbin/mailwright-customers"]
    subprocess.run(
        [*program, "assemble", "--fragments", "/test/fragments", "--out", "/stage"], check=True, stdout=2
    )
    Path(TABLE).parent.mkdir(mode=0o755, exist_ok=True)
    shutil.chown(f"/stage{TABLE}", "root", "_rspamd")
    shutil.move(f"/stage{TABLE}", TABLE)


def keys() -> None:
    for path in (
        "/etc/rspamd/dkim/host2026.key",
        *(f"/etc/rspamd/customers/{name}.key" for name in ("school", "trust")),
    ):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["openssl", "genrsa", "-out", path, "2048"], check=True, capture_output=True)


def main() -> None:
    assemble()
    keys()
    # Another door to the same rules: the one that Postfix uses speaks Milter.
    conf = CONF.read_text() + 'worker "normal" { bind_socket = "127.0.0.1:11333"; count = 1; }\n'
    conf = conf.replace('type = "syslog"', 'type = "console"').replace('"systemd"', '"-"')
    CONF.write_text(conf)
    log = Path("/test.log").open("w")  # noqa: SIM115 - as long as the program
    Path("/run/rspamd").mkdir(exist_ok=True)
    subprocess.run(["chown", "-R", "_rspamd", "/run/rspamd", "/etc/rspamd"], check=True)
    daemon = subprocess.Popen(
        ["rspamd", "-f", "-u", "_rspamd", "-g", "_rspamd", "-c", str(CONF)], stdout=log, stderr=log
    )
    try:
        end = time.monotonic() + 500
        while True:
            try:
                HTTPConnection("127.0.0.1", 11333, timeout=2).connect()
                break
            except OSError:
                if time.monotonic() > end or daemon.poll() is not None:
                    sys.exit(Path("/test.log").read_text())
                time.sleep(0.2)
        answers = []
        for case in json.loads(Path("/test/cases.json").read_text()):
            if "run" in case:
                subprocess.run(case["run"], check=True, stdout=2)
                if case["run"][0] == "rm":
                    assemble()
            else:
                answers.append(ask(case))
        print(json.dumps(answers))
        print(Path("/test.log").read_text()[-6000:], file=sys.stderr)
    finally:
        daemon.terminate()
        daemon.wait(30)


main()
