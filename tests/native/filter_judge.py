"""Runs in a container: starts rspamd with the rendered configuration and asks it about each case.

Reads /test/cases.json, a list of ``{"user", "ip", "from", "message"}``, and prints a list of
``[action, text of the refusal, symbols]``, after what the daemon itself had to say at warning level or above.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

CONF = Path("/etc/rspamd/rspamd.conf")


def ask(case: dict[str, str]) -> list[object]:
    connection = HTTPConnection("127.0.0.1", 11333, timeout=120)
    headers = {"IP": case["ip"], "From": case["from"], "Rcpt": "someone@elsewhere.example", "Queue-Id": "Q1"}
    if case["user"]:
        headers["User"] = case["user"]
    connection.request("POST", "/checkv2", case["message"].replace("\n", "\r\n").encode("latin-1"), headers)
    answer = json.loads(connection.getresponse().read())
    connection.close()
    text = answer.get("messages", {}).get("smtp_message", "")
    return [answer["action"], text, sorted(answer["symbols"])]


def main() -> None:
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
        cases = json.loads(Path("/test/cases.json").read_text())
        print(json.dumps([ask(case) for case in cases]))
    finally:
        daemon.terminate()
        daemon.wait(30)


main()
