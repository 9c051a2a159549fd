"""mailwright-trace with the Python of both releases, logs that logrotate compressed, and what systemd reads."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from mailwright.components import log_trace, logs
from mailwright.plan import make
from mailwright.plan.retention import central
from support.example import split
from support.native import RELEASES, run
from support.trace import REAL

pytestmark = pytest.mark.native

each_release = pytest.mark.parametrize("release", RELEASES)

KEEPER = "log.college.ac.uk"
STORE_LOG = central("store1.college.ac.uk")
# Nobody else listens where programs write to the system's log.
LISTEN = (
    "import os, socket\n"
    "log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)\n"
    "log.bind('/dev/log')\n"
    "if os.fork() == 0:\n"
    "    os.setsid()\n"
    "    open('/tmp/pid', 'w').write(str(os.getpid()))\n"
    "    while True:\n"
    "        print(log.recv(4096).decode(), file=open('/tmp/noted', 'a'))\n"
)
SCRIPT = f"""
set -e
python3 -c "$0" > /dev/null 2>&1
exec 3>&1 >&2
mailwright-trace --index
mailwright-trace --json '<m2@college.ac.uk>' >&3
logrotate --state /tmp/state --force /etc/logrotate.d/mailwright
for file in $(find /var/log/mail -name "mail.log-*"); do mv "$file" "${{file%-*}}-20261101"; done
echo x >> {STORE_LOG}
logrotate --state /tmp/state --force /etc/logrotate.d/mailwright
zcat {STORE_LOG}-20261101.gz | grep 4jYl3T4VRZzVXSX
mailwright-trace --json 4jYl3T4VRZzVXSX >&3
mailwright-trace --index
mailwright-trace --json 4jYl3T4VRZzVXSX >&3
cat /tmp/noted
kill $(cat /tmp/pid)
"""


@each_release
def test_the_program_answers_from_logs_that_were_rotated_and_compressed(release: str) -> None:
    made = make(split())
    host = replace(made.host(KEEPER), os=release)  # type: ignore[arg-type]
    files = {file.path: file for file in logs.files(made, host)}
    given = {path: file.text for path, file in files.items()}
    for folder in REAL.iterdir():
        given[central(folder.name)] = (folder / "mail.log").read_text()
    given["/usr/lib/rsyslog/rsyslog-rotate"] = "#!/bin/sh\n"  # rsyslogd is not running here
    programs = [path for path, file in files.items() if file.mode == 0o755]
    before = [
        ["systemd-sysusers"],
        ["systemd-tmpfiles", "--create", "/etc/tmpfiles.d/mailwright.conf"],
        ["chmod", "755", "/usr/lib/rsyslog/rsyslog-rotate", *programs],
    ]
    done = run(release, ["sh", "-c", SCRIPT, LISTEN], given, before=before)
    assert done.returncode == 0, done.stderr
    answers = [json.loads(text) for text in done.stdout.replace("\n}\n{", "\n}\0{").split("\0")]
    first, behind, last = answers
    assert [one["messages"][0]["origin"]["login"] for one in answers] == ["mc096"] * 3
    assert len(first["messages"][0]["hops"]) == 3
    assert (first["notes"], last["notes"]) == ([], [])
    assert behind["messages"] == last["messages"]
    assert "asked for <m2@college.ac.uk>: 1 found" in done.stderr


@each_release
def test_systemd_takes_the_units_as_they_are(release: str) -> None:
    made = make(split())
    given = {file.path: file.text for file in log_trace.files(made, made.host(KEEPER))}
    units = [path for path in given if path.startswith("/etc/systemd/system/")]
    done = run(release, ["systemd-analyze", "verify", "--man=no", *units], given)
    assert done.returncode == 0, done.stderr
    assert "mailwright" not in done.stderr
