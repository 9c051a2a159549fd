"""fail2ban, Dovecot, redis and systemd of both releases with the guard's files; and lines that would fool them."""

from __future__ import annotations

import json
import re

import pytest

from mailwright.components import counter, guard
from support.mailplan import host_of, mail_plan
from support.native import RELEASES, run

pytestmark = pytest.mark.native

each_release = pytest.mark.parametrize("release", RELEASES)

TIME = "2026-11-24T12:00:00.123456+00:00"
ATTACKER, VICTIM = "203.0.113.9", "198.51.100.99"
GUESS = {
    "a failure": (f"{TIME} mail mailwright-guard[12]: guessing from {ATTACKER}", ATTACKER),
    "over IPv6": (f"{TIME} mail mailwright-guard[12]: guessing from 2001:db8::9", "2001:db8::9"),
}
LOG = f"{TIME} mail mailwright-guard[12]: guessing from {VICTIM}"
HOSTILE = (
    # A login, a HELO name, a subject: whatever a stranger writes stands after another program's name.
    f"{TIME} mail dovecot: auth: plain(?,{ATTACKER},<x>): Username character disallowed (username: {LOG})",
    f"{TIME} mail dovecot: imap-login: Disconnected (auth failed): user=<x>, rip={VICTIM}, lip=x>, rip={ATTACKER}",
    f"{TIME} mail postfix/submission/smtpd[7]: warning: unknown[{ATTACKER}]: SASL PLAIN failed: {LOG}",
    f"{TIME} mail postfix/smtpd[7]: connect from mailwright-guard[12]: guessing from {VICTIM}",
    f"{TIME} mail postfix/smtpd[7]: x#012{LOG}",
    f"{TIME} mail rspamd[7]: <a1b2c3>; task; rspamd_task_write_log: id: <{LOG}>",
    f"{TIME} mail mailwright-guard[12]: guessing from {VICTIM} and more",
    f"{TIME} mail mailwright-guard[12]: guessing from {VICTIM}, {ATTACKER}",
    f"{TIME} mail xmailwright-guard[12]: guessing from {VICTIM}",
    f"{TIME} mail root: mailwright-guard[12]: guessing from {VICTIM}",
    f"mailwright-guard[12]: guessing from {VICTIM}",
)
HEAD = f"{TIME} mail rspamd[9]: <a1b2c3>; lua; mailwright.lua:330: "
SAID = "throttled: login karlm, address 203.0.113.9, recipients 50"
THROTTLE_HOSTILE = (
    f"{TIME} mail rspamd[9]: <a1b2c3>; task; rspamd_task_write_log: id: <{HEAD}{SAID}>",
    f"{HEAD}From: readable: refused, user karlm, {SAID}",
    f"{HEAD}From: readable: refused, user karlm, x#012{HEAD}{SAID}",
    f"{HEAD}throttled: login karlm x, address 203.0.113.9, recipients 50",
    f"{HEAD}throttled: login $(id), address 203.0.113.9, recipients 50",
    f"{HEAD}{SAID} or so",
    f"{TIME} mail postfix/smtpd[9]: {HEAD}{SAID}",
)


def files(release: str) -> dict[str, str]:
    plan = mail_plan(release)
    host = host_of(plan)
    return {file.path: file.text for part in (guard, counter) for file in part.files(plan, host)}


def matched(release: str, name: str, lines: list[str]) -> list[str]:
    """The lines that the filter of that name matches."""
    given = {**files(release), "/log": "".join(f"{line}\n" for line in lines)}
    argv = ["fail2ban-regex", "--print-all-matched", "--usedns=no", "/log", f"/etc/fail2ban/filter.d/{name}.conf"]
    done = run(release, argv, given)
    assert done.returncode == 0, done.stdout + done.stderr
    counts = re.search(r"Lines: (\d+) lines, \d+ ignored, (\d+) matched", done.stdout)
    assert counts, done.stdout
    assert int(counts[1]) == len(lines)
    shown = done.stdout.partition("Matched line(s):")[2].partition("`-")[0]
    found = [line for line in lines if f"|  {line}\n" in shown]
    assert len(found) == int(counts[2]), done.stdout
    return found


@each_release
def test_nobody_has_another_barred_by_what_they_write(release: str) -> None:
    good = [line for line, _ in GUESS.values()]
    assert matched(release, "mailwright-guess", [*good, *HOSTILE]) == good


@each_release
def test_nobody_writes_a_report_about_another(release: str) -> None:
    assert matched(release, "mailwright-throttle", [HEAD + SAID, *THROTTLE_HOSTILE]) == [HEAD + SAID]


@each_release
def test_fail2ban_takes_its_files(release: str) -> None:
    done = run(release, ["fail2ban-client", "--dump-pretty"], {**files(release), "/var/log/mail/mail.log": ""})
    assert done.returncode == 0, done.stderr
    assert "'sshd'" not in done.stdout
    for setting in ("['set', 'mailwright-guess', 'maxretry', 1]", "['set', 'syslogsocket', 'auto']"):
        assert setting in done.stdout
    assert "['set', 'logtarget', 'SYSLOG[facility=mail]']" in done.stdout


@each_release
def test_dovecot_reads_what_it_is_to_ask(release: str) -> None:
    given = files(release)
    head = {"debian-12": "", "debian-13": "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n"}
    given["/etc/dovecot/dovecot.conf"] = (
        f"{head[release]}ssl = no\n!include_try /etc/mailwright/guard-dovecot.conf\n"
    )
    make = [["groupadd", "--system", "mailwright-guard"], ["python3", "-I", guard.PROGRAM, "keys"]]
    done = run(release, ["doveconf", "-P"], given, before=make)
    assert done.returncode == 0, done.stderr
    said = set(re.sub(r"^  |auth_policy_", "", done.stdout, flags=re.MULTILINE).splitlines())
    assert {f"server_url = http://127.0.0.1:{guard.PORT}/", "check_after_auth = no"} <= said
    assert "reject_on_fail = yes" not in said
    assert any(re.fullmatch(r"hash_nonce = [0-9a-f]{32}", row) for row in said)
    assert any(re.fullmatch(r"server_api_header = X-Mailwright-Guard: [0-9a-f]{32}", row) for row in said)


@each_release
def test_dovecot_without_the_guard_is_as_it_was(release: str) -> None:
    head = {"debian-12": "", "debian-13": "dovecot_config_version = 2.4.0\ndovecot_storage_version = 2.4.0\n"}
    conf = f"{head[release]}ssl = no\n!include_try /etc/mailwright/guard-dovecot.conf\n"
    done = run(release, ["doveconf", "-n"], {"/etc/dovecot/dovecot.conf": conf})
    assert done.returncode == 0, done.stderr
    assert "auth_policy_server_url" not in done.stdout


ASKED = """
import json, subprocess, sys, time, urllib.request
subprocess.Popen(["python3", "-I", "/usr/local/sbin/mailwright-guard", "serve"])
key = open("/etc/mailwright/guard.keys").read().split("Guard: ")[1].strip()
def ask(command, key=key, **asked):
    request = urllib.request.Request(f"http://127.0.0.1:11381/?command={command}", json.dumps(asked).encode(),
        {"X-Mailwright-Guard": key})
    try:
        return json.load(urllib.request.urlopen(request, timeout=30))["status"]
    except urllib.error.HTTPError as error:
        return error.code
end = time.monotonic() + 300
while True:
    try:
        ask("allow")
        break
    except OSError:
        if time.monotonic() > end:
            raise
        time.sleep(0.1)
seen = []
seen.append(ask("allow", key="x" * 32, login="karlm", remote="203.0.113.9"))
seen.append(ask("nonsense"))
for number in range(25):
    ask("report", login="karlm", remote="203.0.113.9", pwhash=str(number), success=False, policy_reject=False)
seen.append(ask("allow", login="karlm", remote="203.0.113.9", pwhash="x"))
ask("report", login="fredae", remote="203.0.113.9", success=True, proxied="store2", policy_reject=False)
seen.append(ask("allow", login="fredae", remote="203.0.113.9", pwhash="x"))
ask("report", login="fredae", remote="203.0.113.9", success=True, proxied="", policy_reject=False)
seen.append(ask("allow", login="fredae", remote="203.0.113.9", pwhash="x"))
print(json.dumps(seen))
"""


@each_release
def test_the_guard_answers_those_alone_who_have_the_key(release: str) -> None:
    """And a login that another store judges is not known here for having been handed on."""
    make = [["groupadd", "--system", "mailwright-guard"], ["python3", "-I", guard.PROGRAM, "keys"]]
    make += [["mkdir", "-p", "/var/lib/mailwright-guard"]]
    done = run(release, ["timeout", "180", "python3", "-c", ASKED], files(release), before=make)
    assert done.returncode == 0, done.stderr
    *lines, last = done.stdout.splitlines()
    assert json.loads(last) == [403, 400, -1, -1, 0]
    assert set(lines) == {f"guessing from {ATTACKER}"}


@each_release
def test_systemd_takes_the_unit(release: str) -> None:
    done = run(
        release,
        ["systemd-analyze", "verify", "--man=no", "/etc/systemd/system/mailwright-guard.service"],
        files(release),
    )
    assert done.returncode == 0, done.stderr
    assert "mailwright-guard" not in done.stderr


@each_release
def test_redis_listens_on_its_socket_alone(release: str) -> None:
    script = (
        "redis-server /etc/redis/redis.conf --daemonize yes >/dev/null; "
        "for _ in $(seq 300); do test -S /run/redis/mailwright.sock && break; sleep 0.2; done; "
        "redis-cli -s /run/redis/mailwright.sock ping; redis-cli -s /run/redis/mailwright.sock config get save; "
        "grep -c ' 0A ' /proc/net/tcp /proc/net/tcp6"
    )
    done = run(release, ["sh", "-c", script], files(release), before=[["mkdir", "-p", "/run/redis"]])
    assert done.stdout.split() == ["PONG", "save", "/proc/net/tcp:0", "/proc/net/tcp6:0"], done.stdout + done.stderr
