"""A mail host and a log host: lines get there, and wait while it is away; mail is taken all the while. In the end
they become a provider's platform, and customers ask for their messages where the logs are."""

from __future__ import annotations

import json
import re
import smtplib
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mailwright.audit import letters, posting, roads
from mailwright.build import project
from mailwright.build.writer import write as written
from mailwright.plan import make
from mailwright.plan.retention import MAIL_LOG, central
from mailwright.rehearsal import credentials
from mailwright.rehearsal.platform import Hosted, PlatformStage, PreparedPlatform, of_customers, with_customers
from mailwright.rehearsal.rehearse import Prepared, Stage, prepare, staged
from support.example import example, load_example, split_hosts
from support.provider_folder import TODAY, copied, judged

pytestmark = [pytest.mark.hosts, pytest.mark.slow]

MAIL = "mail.college.ac.uk"
KEEPER = "log.college.ac.uk"
COPY = central(MAIL)
# The services' own way to the log: a line for each number, to the socket that syslog(3) writes to.
WRITE = """
import sys, syslog
syslog.openlog("postfix/smtpd", syslog.LOG_PID, syslog.LOG_MAIL)
for number in range(int(sys.argv[2])):
    syslog.syslog(f"{sys.argv[1]} {number}")
"""


@pytest.fixture(scope="module", params=["debian-13", "debian-12"])
def later(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlatformStage]:
    """The hosts, with the site that they are of now applied; and what they become in the end."""
    folder = tmp_path_factory.mktemp("log-host")
    keeper = next(host for host in split_hosts(os=request.param) if host.name == KEEPER)
    mail = replace(load_example().hosts[0], os=request.param)
    prepared = prepare(example(hosts=(mail, keeper)), (), (), folder)
    platform = as_a_platform(prepared, folder)
    with staged(prepared, folder, print, shown=platform.shown) as stage:
        stage.apply(print)
        yield PlatformStage(platform, stage)


@pytest.fixture(scope="module")
def stage(later: PlatformStage) -> Stage:
    return later.stage


def as_a_platform(prepared: Prepared, folder: Path) -> PreparedPlatform:
    """The same site with two of the example provider's customers on its hosts."""
    place, shared, hosted = copied(folder), with_customers(prepared.site), []
    for name in ("school", "harbour"):
        found = judged(place / "customers" / f"{name}.yml")
        assert found.site is not None
        assert found.plan is not None
        made = credentials.of_people(found.plan)
        site = replace(credentials.with_key(found.site, made), hosts=prepared.site.hosts)
        hosted.append(Hosted(found.head, site, make(site, shared), (), found.head.state(TODAY), made))
    own = project(prepared.site, shared, (), ())
    written(own | of_customers(hosted, own), folder / "platform")
    return PreparedPlatform(replace(prepared, project=folder / "platform"), tuple(hosted), {})


def on(stage: Stage, host: str, *argv: str) -> str:
    status, said = stage.lab.shell.run(host, *argv, timeout=120.0)
    assert status == 0, said
    return said


def write(stage: Stage, word: str, count: int) -> None:
    on(stage, MAIL, "python3", "-c", WRITE, word, str(count))


def numbers(stage: Stage, host: str, path: str, word: str) -> list[int]:
    _, said = stage.lab.shell.run(host, "grep", "--fixed-strings", "--", f": {word} ", path)
    return [int(number) for number in re.findall(rf": {word} (\d+)$", said, re.MULTILINE)]


def until(true: Callable[[], bool], patience: float = 180.0) -> bool:
    end = time.monotonic() + patience
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(0.5)
    return True


def takes_mail(stage: Stage) -> bool:
    address = str(stage.prepared.plan.host(MAIL).addresses[0])
    with stage.lab.vantage("outside", "outside").enter(), smtplib.SMTP(address, 25, timeout=60) as client:
        client.ehlo("client.example")
        client.docmd("MAIL FROM:<>")
        return client.docmd("RCPT TO:<postmaster@college.ac.uk>")[0] == 250


def test_a_line_is_there_at_once_for_the_readers_alone(stage: Stage) -> None:
    write(stage, "first", 1)
    assert until(lambda: numbers(stage, KEEPER, COPY, "first") == [0])
    line = on(stage, KEEPER, "grep", "--fixed-strings", ": first 0", COPY)
    own = on(stage, MAIL, "grep", "--fixed-strings", ": first 0", MAIL_LOG)
    assert line.split(" ")[1] == MAIL
    assert (line.split(" ")[0], line.split(" ", 2)[2]) == (own.split(" ")[0], own.split(" ", 2)[2])
    assert "first" not in on(stage, KEEPER, "cat", MAIL_LOG)
    assert on(stage, KEEPER, "stat", "--format=%a %U:%G", COPY).strip() == "640 root:mailreaders"
    folders = ("/var/log/mail", "/var/log/mail/hosts", COPY.rpartition("/")[0])
    for mode in on(stage, KEEPER, "stat", "--format=%a %U:%G", *folders).splitlines():
        assert mode == "750 root:mailreaders"


def test_a_second_apply_changes_nothing(stage: Stage) -> None:
    assert stage.apply(print).changed == {MAIL: 0, KEEPER: 0}


def test_lines_wait_for_a_log_host_that_is_away(stage: Stage) -> None:
    on(stage, KEEPER, "systemctl", "stop", "rsyslog.service", "syslog.socket")
    write(stage, "away", 1000)
    assert takes_mail(stage)
    assert until(lambda: numbers(stage, MAIL, MAIL_LOG, "away") == list(range(1000)))
    on(stage, KEEPER, "systemctl", "start", "rsyslog.service")
    assert until(lambda: len(set(numbers(stage, KEEPER, COPY, "away"))) == 1000)
    found = numbers(stage, KEEPER, COPY, "away")
    assert list(dict.fromkeys(found)) == list(range(1000))
    assert len(found) <= 1003


def test_lines_wait_across_a_restart_of_the_sender(stage: Stage) -> None:
    """All but what rsyslog had in hand: a line, and one that was on its way when the log host went."""
    on(stage, KEEPER, "systemctl", "stop", "rsyslog.service", "syslog.socket")
    write(stage, "restarted", 1000)
    assert until(lambda: len(numbers(stage, MAIL, MAIL_LOG, "restarted")) == 1000)
    on(stage, MAIL, "systemctl", "restart", "rsyslog.service")
    assert takes_mail(stage)
    assert "forward-" in on(stage, MAIL, "ls", "/var/spool/rsyslog")
    on(stage, KEEPER, "systemctl", "start", "rsyslog.service")
    assert until(lambda: 999 in numbers(stage, KEEPER, COPY, "restarted"))
    assert until(lambda: len(set(numbers(stage, KEEPER, COPY, "restarted"))) >= 998)
    assert numbers(stage, MAIL, MAIL_LOG, "restarted") == list(range(1000))


def test_lines_go_to_the_new_file_after_a_rotation(stage: Stage) -> None:
    on(stage, KEEPER, "logrotate", "--force", "/etc/logrotate.d/mailwright")
    write(stage, "rotated", 1)
    assert until(lambda: numbers(stage, KEEPER, COPY, "rotated") == [0])
    modes = on(stage, KEEPER, "sh", "-c", f"stat --format='%a %U:%G' {COPY}*")
    assert modes.splitlines() == ["640 root:mailreaders"] * 2


def cut(stage: Stage, how: str) -> None:
    """Between the two, packets of the log lines vanish (``drop``), or their connections are torn (``reset``)."""
    does = "drop" if how == "drop" else "reject with tcp reset"
    rules = "\n".join(
        (
            "add table inet cut",
            "delete table inet cut",
            "table inet cut {",
            f"chain in {{ type filter hook input priority -300; tcp dport 6514 {does}; tcp sport 6514 {does}; }}",
            f"chain out {{ type filter hook output priority -300; tcp sport 6514 {does}; tcp dport 6514 {does}; }}",
            "}",
        )
    )
    on(stage, KEEPER, "sh", "-c", f"nft -f - <<'END'\n{rules}\nEND")


def test_nothing_is_lost_while_the_network_is_cut(stage: Stage) -> None:
    """Lines are on their way when packets begin to vanish, and when connections are torn; more come meanwhile."""
    try:
        write(stage, "cut", 500)
        cut(stage, "drop")
        write(stage, "vanished", 500)
        assert until(lambda: len(numbers(stage, MAIL, MAIL_LOG, "vanished")) == 500, 20.0)
        assert len(set(numbers(stage, KEEPER, COPY, "vanished"))) < 500
        cut(stage, "reset")
        write(stage, "torn", 500)
        assert takes_mail(stage)
        time.sleep(3.0)
    finally:
        on(stage, KEEPER, "nft", "delete", "table", "inet", "cut")
    for word in ("cut", "vanished", "torn"):
        assert until(lambda word=word: len(set(numbers(stage, KEEPER, COPY, word))) == 500), word  # type: ignore[misc]
        assert numbers(stage, MAIL, MAIL_LOG, word) == list(range(500))


def verified(stage: Stage, *argv: str) -> tuple[int, list[tuple[str, str, int]], str]:
    """The exit status; kind, host and line of each fault; and what else was said."""
    status, said = stage.lab.shell.run(KEEPER, "mailwright-seal", "verify", "--json", *argv, timeout=60.0)
    found = json.loads(said) if said.startswith("{") else {"hosts": []}
    faults = [(one["kind"], one["host"], one["line"]) for host in found["hosts"] for one in host["faults"]]
    return status, faults, said


def test_what_was_rotated_is_sealed_and_what_is_altered_then_is_found(stage: Stage) -> None:
    """By the unit as it is, but that it does not wait for rsyslog to have let go of a file for minutes."""
    write(stage, "sealed", 20)
    assert until(lambda: len(numbers(stage, KEEPER, COPY, "sealed")) == 20)
    day = on(stage, KEEPER, "date", "+%Y%m%d").strip()
    on(stage, KEEPER, "sh", "-c", f"test -e {COPY}-{day} || logrotate --force /etc/logrotate.d/mailwright")
    at_once = (
        "d=/run/systemd/system/mailwright-seal.service.d; mkdir -p $d; printf '[Service]\\nExecStart=\\n"
        "ExecStart=/usr/bin/python3 -I /usr/local/sbin/mailwright-seal seal --settled 0\\n' >$d/now.conf;"
        " systemctl daemon-reload; systemctl start mailwright-seal.service; rm -r $d; systemctl daemon-reload"
    )
    on(stage, KEEPER, "sh", "-ec", at_once)
    assert verified(stage)[:2] == (0, [])
    seals = f"/var/log/mail/seals/{MAIL}"
    said = on(stage, KEEPER, "stat", "--format=%a %U:%G", seals, f"{seals}/{day}.seal", f"{seals}/{day}.lines")
    assert said.splitlines() == ["750 root:mailreaders", "640 root:mailreaders", "640 root:mailreaders"]
    said = on(stage, KEEPER, "stat", "--format=%a %U", "/var/lib/mailwright-seal/key.pem")
    assert said.strip() == "600 root"
    assert "BEGIN PUBLIC KEY" in on(stage, KEEPER, "mailwright-seal", "key")
    assert stage.lab.shell.run(MAIL, "sh", "-c", "command -v mailwright-seal")[0] != 0  # nor has it a key
    file = f"{COPY}-{day}"
    line = int(on(stage, KEEPER, "grep", "--line-number", "--max-count=1", ".", file).partition(":")[0]) + 2
    for deed, expected in (
        (f"sed -i '{line}s/$/ forged/'", ("altered", MAIL, line)),
        (f"sed -i {line}d", ("removed", MAIL, line)),
        (f"sed -i '{line}i forged'", ("added", MAIL, line)),
        ("rm", ("missing-day", MAIL, 0)),
    ):
        on(stage, KEEPER, "cp", "-p", file, "/run/kept")
        on(stage, KEEPER, "sh", "-c", f"{deed} {file}")
        assert verified(stage)[:2] == (1, [expected]), deed
        assert verified(stage, f"--host={KEEPER}")[0] == 0
        on(stage, KEEPER, "mv", "/run/kept", file)
    assert verified(stage)[:2] == (0, [])


# What the mail host's own person meets who wants to send: the answer to RCPT, and whether DATA was taken.
def handed_in(stage: Stage, recipient: str, content: str = "") -> str:
    context = stage.context()
    who = roads.anybody(context)
    door = roads.doors(context, "outside", "submission")[0]
    with roads.vantage(context, "outside").enter(), roads.smtp(context, door, account=who.account) as dialogue:
        letter = letters.letter(letters.token(), f"<{who.published}>", f"<{recipient}>")
        return str(dialogue.deliver(who.published, (recipient,), letter))


def arrived(stage: Stage, subject: str) -> int:
    """How many messages with these words in their subject are in the mailboxes."""
    return len(on(stage, MAIL, "doveadm", "search", "-A", "HEADER", "Subject", subject).splitlines())


def from_outside(stage: Stage) -> str:
    context = stage.context()
    door = roads.doors(context, "outside", "smtp")[0]
    who = roads.anybody(context)
    letter = letters.letter(letters.token(), "<somebody@example.net>", f"<{who.published}>")
    return str(posting.delivered_directly(context, door, "", who.published, letter))


def test_below_the_limit_nothing_is_sent_and_the_postmaster_is_told(stage: Stage) -> None:
    outsider = stage.lab.mail.address
    limit = stage.prepared.plan.settings.log_free
    mount = on(stage, MAIL, "stat", "--format=%m", "/var/log/mail").strip()
    assert mount == "/var/log/mail"
    assert handed_in(stage, outsider).startswith("250")
    kept = int(on(stage, MAIL, "stat", "--file-system", "--format=%a", mount))
    size = int(on(stage, MAIL, "stat", "--file-system", "--format=%S", mount))
    fill = kept * size - limit + 1_000_000
    on(stage, MAIL, "fallocate", "--length", str(fill), f"{mount}/fill")
    try:
        assert handed_in(stage, outsider).startswith("451 4.3.1 ")
        assert handed_in(stage, stage.context().accounts[0].address).startswith("451 4.3.1 ")
        assert from_outside(stage).startswith("250")
        # The other host hands what it sends to this one by the network: it waits there.
        send = f"printf 'Subject: waits\\n\\n.\\n' | sendmail -f root@college.ac.uk {outsider}"
        on(stage, KEEPER, "sh", "-c", send)
        deferred = "status=deferred.*451 4.3.1"
        assert until(
            lambda: bool(on(stage, KEEPER, "sh", "-c", f"grep -c '{deferred}' {MAIL_LOG} || true") != "0\n")
        )
        for _ in range(2):  # the second time says nothing
            on(stage, MAIL, "systemctl", "start", "mailwright-space-watch.service")
        assert until(lambda: arrived(stage, "too little space") > 0)
        assert "too little space for the mail log" in on(
            stage, MAIL, "journalctl", "--facility=mail", "--identifier=mailwright-space", "--output=cat"
        )
    finally:
        on(stage, MAIL, "rm", f"{mount}/fill")
    assert handed_in(stage, outsider).startswith("250")
    on(stage, MAIL, "systemctl", "start", "mailwright-space-watch.service")
    on(stage, KEEPER, "postqueue", "-f")
    assert until(lambda: arrived(stage, "space for the mail log again") > 0)
    members = arrived(stage, "space for the mail log again")
    assert arrived(stage, "too little space") == members  # said once, to each
    assert until(lambda: "status=sent" in on(stage, KEEPER, "sh", "-c", f"grep '<{outsider}>' {MAIL_LOG}"))


def test_without_an_answer_nothing_is_sent(stage: Stage) -> None:
    on(stage, MAIL, "systemctl", "stop", "mailwright-space.service")
    try:
        assert handed_in(stage, stage.lab.mail.address).startswith("451 4.3.5 ")
        assert from_outside(stage).startswith("250")
    finally:
        on(stage, MAIL, "systemctl", "start", "mailwright-space.service")
    assert handed_in(stage, stage.lab.mail.address).startswith("250")


# --- The site becomes a platform ---------------------------------------------------------------------------------

VIEW = "/var/lib/mailwright-customers/customers.json"


@pytest.fixture
def platform(later: PlatformStage) -> PlatformStage:
    """On one release: molecule's provider is on the other."""
    if later.stage.prepared.plan.host(MAIL).os != "debian-12":
        pytest.skip("molecule's provider is on this release")
    return later


def kept(stage: Stage) -> int:
    """How many messages of these tests the person has whom they go to. (On a platform ``doveadm -A`` fails.)"""
    login = roads.anybody(stage.context()).login
    return len(on(stage, MAIL, "doveadm", "search", "-u", login, "HEADER", "Subject", letters.PREFIX).splitlines())


def test_in_one_apply_the_site_becomes_a_platform_and_its_people_keep_their_mail(platform: PlatformStage) -> None:
    stage = platform.stage
    before = kept(stage)
    assert from_outside(stage).startswith("250")
    assert until(lambda: kept(stage) == before + 1)
    project = platform.prepared.platform.project
    platform.prepared.write_secrets(platform.secrets)
    assert all(platform.apply(print, project=project).changed.values())
    assert platform.apply(print, project=project).changed == {MAIL: 0, KEEPER: 0}
    assert kept(stage) == before + 1
    assert from_outside(stage).startswith("250")
    assert until(lambda: kept(stage) == before + 2)
    assert handed_in(stage, stage.lab.mail.address).startswith("250")  # with the password of before


def test_the_log_host_knows_whose_the_logs_are_and_nobodys_address(platform: PlatformStage) -> None:
    stage = platform.stage
    assert on(stage, KEEPER, "cat", VIEW) == on(stage, MAIL, "cat", VIEW)
    mode = on(stage, KEEPER, "stat", "--format=%a %U:%G", VIEW)
    assert mode == on(stage, MAIL, "stat", "--format=%a %U:%G", VIEW)
    folders = "/etc/mailwright/customers /var/lib/mailwright-customers"
    assert "@hill.sch.uk" in on(stage, MAIL, "sh", "-c", f"grep -rhs @ {folders}")
    assert on(stage, KEEPER, "sh", "-c", f"grep -rls @hill.sch.uk {folders} || true") == ""
    for where in ("/etc/postfix/customers", "/etc/dovecot/customers", "/etc/rspamd/customers"):
        on(stage, MAIL, "test", "-d", where)
        on(stage, KEEPER, "test", "!", "-e", where)
    assert stage.lab.shell.run(KEEPER, "mailwright-customers", "compare")[:1] == (0,)


def test_each_customer_finds_its_own_messages_where_the_logs_are(platform: PlatformStage) -> None:
    stage = platform.stage
    sent = {}
    for guest in platform.prepared.guests:
        context = platform.context(guest)
        mark, _ = posting.arrived(context, roads.anybody(context))
        sent[guest.id] = f"<{mark}@{roads.anybody(context).published.rpartition('@')[2]}>"
    assert set(sent) == {"school", "harbour"}
    on(stage, KEEPER, "useradd", "--groups", "mailreaders", "asker")

    def asked(customer: str, message: str) -> tuple[int, str]:
        words = ("runuser", "-u", "asker", "--", "mailwright-trace", "--customer", customer, message)
        status, said = stage.lab.shell.run(KEEPER, *words, timeout=60.0)
        return status, said

    for name, message in sent.items():
        (other,) = set(sent) - {name}
        assert until(lambda name=name, message=message: asked(name, message)[0] == 0, 60.0)  # type: ignore[misc]
        status, said = asked(other, message)
        assert status == 1
        assert f"{message} is not in the logs" in said
