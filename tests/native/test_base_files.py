"""What chronyd, rsyslogd, logrotate, systemd and nft of both releases read in the rendered files."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import pytest

from mailwright.components import firewall, log_trace, logs, time
from mailwright.components.dns import fragments
from mailwright.plan import make
from mailwright.plan.model import Because, Clock, Plan
from support.example import load_example
from support.native import RELEASES, WORLD, run

pytestmark = pytest.mark.native

each_release = pytest.mark.parametrize("release", RELEASES)

# A reason that would be a directive in each of these formats if it could leave its comment.
HOSTILE = Because("MSG-3\nallow all", 'x\r\nserver evil\n}\n*.* /tmp/all\n[Service]\nExecStart=/bin/sh"; accept\\')


def hostile(plan: Plan) -> Plan:
    return replace(
        plan,
        clocks=tuple(replace(row, because=HOSTILE) for row in plan.clocks),
        retention=tuple(replace(row, because=HOSTILE) for row in plan.retention),
        openings=tuple(replace(row, because=HOSTILE) for row in plan.openings),
    )


@cache
def files(release: str, *, harmful: bool = False) -> Mapping[str, str]:
    """The example's files of these components, path to text."""
    plan = hostile(make(load_example())) if harmful else make(load_example())
    host = replace(plan.hosts[0], os=release)  # type: ignore[arg-type]
    return {
        file.path: file.text
        for component in (time, logs, firewall)
        for file in component.COMPONENT.files(plan, host)
    }


def said(done: subprocess.CompletedProcess[str]) -> str:
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@each_release
@pytest.mark.parametrize("harmful", [False, True])
def test_chronyd_reads_these_directives_and_no_others(release: str, harmful: bool) -> None:
    argv = ["chronyd", "-p", "-f", "/etc/chrony/chrony.conf"]
    leap = "leapsectz right/UTC" if release == "debian-12" else "leapseclist /usr/share/zoneinfo/leap-seconds.list"
    assert said(run(release, argv, files(release, harmful=harmful))).splitlines() == [
        *(f"server ntp{number}.ja.net iburst" for number in range(4)),
        "makestep 1 3",
        "maxupdateskew 100.0",
        "driftfile /var/lib/chrony/chrony.drift",
        "ntsdumpdir /var/lib/chrony",
        "rtcsync",
        leap,
        "logdir /var/log/chrony",
        "port 0",
        "cmdport 0",
    ]


@each_release
def test_chronyd_refuses_what_is_no_directive(release: str) -> None:
    """The positive twin of the test above: the parser would have said so."""
    given = {"/etc/chrony/chrony.conf": files(release)["/etc/chrony/chrony.conf"] + "sevrer ntp0.ja.net\n"}
    assert run(release, ["chronyd", "-p", "-f", "/etc/chrony/chrony.conf"], given).returncode != 0


@each_release
def test_leap_seconds_are_where_the_configuration_says(release: str) -> None:
    path = "/usr/share/zoneinfo/" + ("right/UTC" if release == "debian-12" else "leap-seconds.list")
    assert path.removeprefix("/usr/share/zoneinfo/") in files(release)["/etc/chrony/chrony.conf"]
    said(run(release, ["test", "-s", path], {}))


SYSUSERS = [["systemd-sysusers"]]


@each_release
@pytest.mark.parametrize("harmful", [False, True])
def test_rsyslogd_has_nothing_to_say(release: str, harmful: bool) -> None:
    done = run(release, ["rsyslogd", "-N1"], files(release, harmful=harmful), before=SYSUSERS)
    assert done.returncode == 0, done.stderr
    told = [line for line in done.stderr.splitlines() if line.startswith("rsyslogd:")]
    assert len(told) == 2, done.stderr  # that it begins, and that it has ended
    assert "error" not in done.stderr
    assert "warning" not in done.stderr


@each_release
def test_rsyslogd_would_have_said_something(release: str) -> None:
    given = dict(files(release))
    given["/etc/rsyslog.conf"] = given["/etc/rsyslog.conf"].replace("fileGroup=", "fielGroup=")
    assert "fielGroup" in run(release, ["rsyslogd", "-N1"], given, before=SYSUSERS).stderr


# rsyslogd with the rendered rules, fed by a socket in place of the journal, which a container has only with systemd
FEED = """
import glob, os, re, socket, subprocess, time
text = open("/etc/rsyslog.conf").read()
text, count = re.subn(r'module\\(load="imjournal"[^)]*\\)', 'module(load="imuxsock")', text)
assert count == 1
open("/tmp/rsyslog.conf", "w").write(text)
daemon = subprocess.Popen(["rsyslogd", "-n", "-iNONE", "-f", "/tmp/rsyslog.conf"])
while not os.path.exists("/dev/log"):
    time.sleep(0.05)
def send(facility, severity, text):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.connect("/dev/log")
        log.send(f"<{facility * 8 + severity}>Jan  1 00:00:00 test: {text}".encode())
for severity in range(8):
    send(2, severity, f"mail line {severity}")
send(3, 6, "daemon line")
send(4, 6, "auth line")
time.sleep(1)
daemon.terminate()
daemon.wait()
for path in sorted(glob.glob("/var/log/**", recursive=True)):
    if os.path.isfile(path):
        for line in open(path, errors="replace"):
            if " line" in line:
                print(path, oct(os.stat(path).st_mode & 0o777), line.split()[0][-6:], " ".join(line.split()[-3:]))
"""


@each_release
@pytest.mark.parametrize("harmful", [False, True])
def test_mail_lines_are_in_their_own_file_and_nowhere_else(release: str, harmful: bool) -> None:
    before = [*SYSUSERS, ["systemd-tmpfiles", "--create", "/etc/tmpfiles.d/mailwright.conf"]]
    done = run(release, ["python3", "-c", FEED], files(release, harmful=harmful), before=before)
    assert said(done).splitlines() == [
        "/var/log/auth.log 0o640 +00:00 test: auth line",
        *(f"/var/log/mail/mail.log 0o640 +00:00 mail line {severity}" for severity in range(8)),
        "/var/log/syslog 0o640 +00:00 test: daemon line",
    ]


@each_release
def test_the_log_is_its_readers_alone(release: str) -> None:
    before = [*SYSUSERS, ["systemd-tmpfiles", "--create", "/etc/tmpfiles.d/mailwright.conf"]]
    argv = ["stat", "--format=%n %A %U:%G", "/var/log/mail", "/var/log/mail/mail.log"]
    assert said(run(release, argv, files(release), before=before)).splitlines() == [
        "/var/log/mail drwxr-x--- root:mailreaders",
        "/var/log/mail/mail.log -rw-r----- root:mailreaders",
    ]


# A log that was rotated on the days that are given, rotated once more; prints how old what is left is, in days.
ROTATE = """
import os, subprocess, sys, time
now = time.time()
for days in map(int, sys.argv[1].split(",")):
    # ten minutes short of so many days, since logrotate counts seconds and some go by until it looks
    stamp = now - days * 86400 + 600
    path = "/var/log/mail/mail.log-" + time.strftime("%Y%m%d", time.localtime(stamp)) + ("" if days == 1 else ".gz")
    open(path, "w").close()
    os.utime(path, (stamp, stamp))
open("/var/log/mail/mail.log", "w").write("a line\\n")
subprocess.run(["logrotate", "--state", "/tmp/state", "--force", "/etc/logrotate.d/mailwright"], check=True)
mode = os.stat("/var/log/mail/mail.log").st_mode & 0o777
ages = [now - os.stat("/var/log/mail/" + name).st_mtime for name in os.listdir("/var/log/mail") if "-" in name]
print(oct(mode), *sorted(round(age / 86400) for age in ages))
"""


@each_release
@pytest.mark.parametrize(
    ("before", "after"),
    [
        # the example: 92 days; today's file and those of the 91 days before
        (range(1, 100), range(92)),
        # and at most 365 days, where the host was off for most of the time and the count says nothing
        ((1, 2, 91, 92, 200, *range(360, 400)), (0, 1, 2, 91, 92, 200, 360, 361, 362)),
    ],
    ids=["count", "age"],
)
def test_logrotate_keeps_the_agreed_days_and_no_more(release: str, before: range, after: range) -> None:
    # rsyslogd is not running here
    given = {**files(release), "/usr/lib/rsyslog/rsyslog-rotate": "#!/bin/sh\n"}
    folder = [*SYSUSERS, ["systemd-tmpfiles", "--create", "/etc/tmpfiles.d/mailwright.conf"]]
    folder.append(["chmod", "755", log_trace.COMPRESS])
    done = run(release, ["python3", "-c", ROTATE, ",".join(map(str, before))], given, before=folder)
    mode, *ages = said(done).split()
    # What is begun of a day counts on Debian 12 and not on 13; even then no line is older than the maximum.
    late = 363 if release == "debian-13" and 363 in before else None
    assert mode == "0o640"
    assert [int(age) for age in ages] == [*after, *([late] if late else [])]


@each_release
@pytest.mark.parametrize("harmful", [False, True])
def test_logrotate_has_one_log(release: str, harmful: bool) -> None:
    argv = ["logrotate", "--debug", "/etc/logrotate.d/mailwright"]
    done = run(release, argv, files(release, harmful=harmful), before=SYSUSERS)
    assert done.returncode == 0, done.stderr
    assert "Handling 1 logs" in done.stderr
    assert re.search(r"^rotating pattern: /var/log/mail/mail\.log\s", done.stderr, re.MULTILINE)
    assert "(92 rotations)" in done.stderr
    assert "error" not in done.stderr


@each_release
def test_no_log_is_rotated_twice(release: str) -> None:
    """Debian's own files and ours together: logrotate calls a log that two files name a duplicate."""
    done = run(release, ["logrotate", "--debug", "/etc/logrotate.conf"], files(release), before=SYSUSERS)
    assert done.returncode == 0, done.stderr
    assert "duplicate" not in done.stderr
    assert "/var/log/mail/mail.log" in done.stderr


@each_release
@pytest.mark.parametrize("harmful", [False, True])
def test_systemd_takes_the_units_as_they_are(release: str, harmful: bool) -> None:
    units = ["mailwright-firewall.service", "postfix@-.service" if release == "debian-12" else "postfix.service"]
    argv = ["systemd-analyze", "verify", "--man=no", *units, "dovecot.service", "rspamd.service"]
    done = run(release, argv, files(release, harmful=harmful))
    assert done.returncode == 0, done.stderr
    assert "mailwright" not in done.stderr


@each_release
def test_the_journal_obeys_our_file_and_not_debians(release: str) -> None:
    text = said(
        run(
            release,
            ["env", "SYSTEMD_COLORS=0", "systemd-analyze", "cat-config", "systemd/journald.conf"],
            files(release),
        )
    )
    values: dict[str, str] = {}
    for line in text.splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            values[key] = value  # the last one counts
    assert values == {
        "Storage": "persistent",
        "MaxRetentionSec": "7day",
        "MaxFileSec": "1day",
        "SystemMaxUse": "1G",
        "ForwardToSyslog": "no",
    }


LOAD = ["nft", "--file", "/etc/mailwright/nftables.nft"]
LIST = ["nft", "--stateless", "list", "table", "inet", "mailwright"]


@each_release
def test_nft_loads_the_same_rules_once_and_again(release: str) -> None:
    once = said(run(release, LIST, files(release), before=[LOAD]))
    assert once == said(run(release, LIST, files(release), before=[LOAD, LOAD]))
    assert "policy drop" in once


@each_release
def test_nft_loads_the_same_rules_whatever_the_reasons_say(release: str) -> None:
    seen = [said(run(release, LIST, files(release, harmful=harmful), before=[LOAD])) for harmful in (False, True)]
    harmless, harmful = (re.sub(r' comment "[^"]*"', "", text) for text in seen)
    assert harmless == harmful
    assert seen[0] != seen[1]


@each_release
def test_nft_refuses_rules_for_a_user_who_is_not_there(release: str) -> None:
    """So the mailer's package, or its user, comes before the firewall."""
    load = ["nft", "--check", "--file", "/etc/mailwright/nftables.nft"]
    given = dict(files(release))
    given["/etc/mailwright/nftables.nft"] = given["/etc/mailwright/nftables.nft"].replace('"postfix"', '"nobody2"')
    assert run(release, load, given).returncode != 0


def test_nsd_loads_the_example_zones() -> None:
    given = {}
    for file, text in fragments(make(load_example())).items():
        zone = file.removesuffix(".zone")
        keeper = f"{zone}. 3600 IN SOA ns.a.example. x.a.example. 1 2 3 4 5\n{zone}. 3600 IN NS ns.a.example.\n"
        given[f"/zones/{zone}"] = keeper + text
    script = 'cd /zones; for zone in *; do nsd-checkzone "$zone" "$zone"; done'
    zones = sorted(path.rpartition("/")[2] for path in given)
    assert said(run(WORLD, ["sh", "-ec", script], given)).splitlines() == [f"zone {zone} is ok" for zone in zones]


def test_a_time_server_by_address() -> None:
    plan = make(load_example())
    host = plan.hosts[0]
    plan = replace(plan, clocks=(Clock(host.name, "2001:db8:c011::123", Because("MSG-3", "a test")),))
    (file,) = time.files(plan, host)
    done = run(host.os, ["chronyd", "-p", "-f", file.path], {file.path: file.text})
    assert "server 2001:db8:c011::123 iburst" in said(done).splitlines()
