"""What Postfix, Dovecot and rspamd of both releases read in the mail components' files.

A hostile text that a writer takes (a reason, in a comment) changes nothing that they read; what the parsers would
have made of it is shown beside, with the same text let through on purpose.
"""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import pytest

from mailwright.components import dovecot, filter, nullclient, postfix
from mailwright.plan import make
from mailwright.plan.model import Because, Plan
from mailwright.plan.policies import SPACE_CHECK
from support.example import SPLIT, example, split_hosts
from support.hostile import HOSTILE
from support.mailplan import SECRETS, host_of, mail_plan
from support.native import RELEASES, run

pytestmark = pytest.mark.native

each_release = pytest.mark.parametrize("release", RELEASES)


def hostile(plan: Plan) -> Plan:
    because = Because("X\nmynetworks = 0.0.0.0/0", "\n".join(text for text in HOSTILE if text != "\ud800") + "\\")
    return replace(
        plan,
        policies=tuple(replace(row, because=because) for row in plan.policies),
        listeners=tuple(replace(row, because=because) for row in plan.listeners),
    )


@cache
def files(release: str, *, harmful: bool = False, relay: bool = False) -> Mapping[str, str]:
    plan = mail_plan(release, relay=relay)
    plan = hostile(plan) if harmful else plan
    return {
        file.path: file.text
        for component in (postfix, filter, dovecot)
        for file in component.COMPONENT.files(plan, host_of(plan))
    }


def said(done: subprocess.CompletedProcess[str]) -> str:
    """Standard output; a word on standard error is a failure."""
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


def settings(printed: str) -> list[str]:
    """doveconf's lines without what it says of the machine."""
    return [line for line in printed.splitlines() if not line.startswith("#")]


POSTCONF = "postconf -n; postconf -x -n mynetworks virtual_mailbox_domains smtpd_banner; postconf -M; postconf -P"


@each_release
@pytest.mark.parametrize("relay", [False, True])
def test_postfix_reads_the_same_with_hostile_reasons(release: str, relay: bool) -> None:
    argv = ["sh", "-ec", POSTCONF]
    harmless = said(run(release, argv, files(release, relay=relay)))
    assert harmless == said(run(release, argv, files(release, relay=relay, harmful=True)))
    assert ("mynetworks = 198.51.100.128/28\n" if relay else "mynetworks =") in harmless
    assert "smtpd_banner = mx.college.ac.uk ESMTP\n" in harmless
    relaying = "permit_mynetworks, reject_unauth_destination" if relay else "reject_unauth_destination"
    assert f"25/inet/smtpd_relay_restrictions = {relaying}\n" in harmless
    assert f"587/inet/smtpd_relay_restrictions = {SPACE_CHECK}, permit_sasl_authenticated, reject\n" in harmless
    assert "smtpd_forbid_bare_newline = normalize\n" in harmless


@each_release
def test_postfix_would_have_read_more(release: str) -> None:
    """The twin: the same text without the writer opens the relay, and nobody complains."""
    given = dict(files(release))
    given["/etc/postfix/main.cf"] += "# X\nmynetworks = 0.0.0.0/0\n"
    done = run(release, ["postconf", "-h", "mynetworks"], given)
    assert done.stdout == "0.0.0.0/0\n"


@each_release
def test_postconf_tells_an_unknown_name(release: str) -> None:
    given = dict(files(release))
    given["/etc/postfix/main.cf"] += "smtpd_relay_restriction = reject\n"
    assert "unused parameter" in run(release, ["postconf", "-n"], given).stderr


@each_release
def test_tables_hold_their_rows(release: str) -> None:
    """Every row, and only those, in any mixture of case (ADDR-3)."""
    tables = ("virtual_mailboxes", "virtual_aliases", "senders", "internal")
    script = "".join(
        f"postmap lmdb:/etc/postfix/{table}; echo {table}; postmap -s lmdb:/etc/postfix/{table}; "
        for table in tables
    )
    script += "postmap -q Karl.MARX@College.ac.UK lmdb:/etc/postfix/virtual_mailboxes"
    lines = said(run(release, ["sh", "-ec", script], files(release))).splitlines()
    assert lines.pop() == "karlm"
    for table in tables:
        rows = {
            line.replace("\t", " ")
            for line in files(release)[f"/etc/postfix/{table}"].splitlines()
            if line[0] != "#"
        }
        start = lines.index(table) + 1
        held = {line.replace("\t", " ") for line in lines[start : start + len(rows)]}
        assert held == rows
    assert len(lines) == len(tables) + sum(
        line[0] != "#" for table in tables for line in files(release)[f"/etc/postfix/{table}"].splitlines()
    )


@each_release
def test_dovecot_reads_the_same_with_hostile_reasons(release: str) -> None:
    argv = ["doveconf", "-n"]
    harmless = settings(said(run(release, argv, files(release), before=SECRETS)))
    assert harmless == settings(said(run(release, argv, files(release, harmful=True), before=SECRETS)))
    assert "ssl = required" in harmless


@each_release
def test_dovecot_refuses_an_unknown_name(release: str) -> None:
    given = dict(files(release))
    given["/etc/dovecot/dovecot.conf"] += "nosuch = 1\n"
    assert run(release, ["doveconf", "-n"], given, before=SECRETS).returncode != 0


@each_release
def test_rspamd_reads_the_same_with_hostile_reasons(release: str) -> None:
    argv = ["rspamadm", "configdump"]
    harmless = run(release, argv, files(release, relay=True))
    harmful = run(release, argv, files(release, relay=True, harmful=True))
    assert harmless.returncode == harmful.returncode == 0
    assert harmless.stdout == harmful.stdout
    for word in ("college.ac.uk", "chem.college.ac.uk", "/etc/rspamd/dkim/s1.key", "198.51.100.128/28"):
        assert f'"{word}"' in harmless.stdout, word


@each_release
def test_rspamd_finds_its_configuration_sound(release: str) -> None:
    argv = ["sh", "-c", "echo nameserver 127.0.0.1 > /etc/resolv.conf; rspamadm configtest"]
    assert said(run(release, argv, files(release))) == "syntax OK\n"


@each_release
def test_rspamd_refuses_rules_that_do_not_parse(release: str) -> None:
    given = dict(files(release))
    given["/etc/rspamd/mailwright.lua"] += "x(\n"
    assert run(release, ["rspamadm", "configtest"], given).returncode != 0


@cache
def split_plan(release: str) -> Plan:
    return make(example(hosts=split_hosts(os=release)))


def spread(release: str, label: str) -> Mapping[str, str]:
    """Postfix's and the filter's files on a host of the split site."""
    plan = split_plan(release)
    host = plan.host(f"{label}.college.ac.uk")
    return {
        file.path: file.text
        for component in (postfix, filter, nullclient)
        if component.COMPONENT.runs_on(plan, host)
        for file in component.COMPONENT.files(plan, host)
    }


LISTENERS = {"mail": {"25"}, "mx2": {"25"}, "smtp": {"465", "587"}, "store1": set(), "store2": set(), "log": set()}


@each_release
@pytest.mark.parametrize("label", LISTENERS)
def test_postfix_reads_each_host_of_a_split_site(release: str, label: str) -> None:
    """Without a word of complaint; with the listeners of its functions, and the way out that it shall have."""
    assert LISTENERS.keys() == {entry[0] for entry in SPLIT}
    script = "postconf -n; postconf -x -n; postconf -P; echo SERVICES; postconf -M"
    printed, services = said(run(release, ["sh", "-ec", script], spread(release, label))).split("SERVICES\n")
    rows = [line.split() for line in services.splitlines()]
    assert {row[0] for row in rows if row[1] == "inet"} == LISTENERS[label]
    assert f"myhostname = {label}.college.ac.uk\n" in printed
    mailer = label in ("mail", "mx2", "smtp")
    assert ("store/unix/lmtp_tls_security_level = secure\n" in printed) is mailer
    assert ("store/unix/lmtp_tls_mandatory_protocols = >=TLSv1.2\n" in printed) is mailer
    assert ("relayhost = [mail.college.ac.uk]:25\n" in printed) is not mailer
    assert ("smtp_tls_security_level = secure\n" in printed) is not mailer


@each_release
@pytest.mark.parametrize("label", ["mail", "smtp"])
def test_each_address_leads_to_its_store(release: str, label: str) -> None:
    """By the two tables one after the other, in any mixture of case; nobody else's address leads anywhere."""
    plan = split_plan(release)
    keeps = {row.login: row.host for row in plan.mailboxes}
    wanted = {row.address: keeps[row.targets[0]] for row in plan.routes if row.kind == "mailbox"}
    asked = "".join(f"{address.title()}\n" for address in wanted) + "nobody@college.ac.uk\ncollege.ac.uk\n"
    script = (
        "cd /etc/postfix; for t in stores roads; do postmap lmdb:$t; done;"
        'postmap -q - "$(postconf -h transport_maps)" < /test/asked'
    )
    answers = said(run(release, ["sh", "-ec", script], {**spread(release, label), "/test/asked": asked}))
    found = dict(line.split("\t") for line in answers.splitlines())
    assert {key.lower(): road for key, road in found.items()} == {
        address: f"store:inet:[{store}]:24" for address, store in wanted.items()
    }


@each_release
def test_a_store_that_is_not_found_defers_and_one_that_refuses_does_not(release: str) -> None:
    script = 'postmap -q "$1" regexp:/etc/postfix/store_status'
    for status, becomes in (
        ("5.4.4 Host or domain name not found", "4.4.4 Host or domain name not found\n"),
        ("5.1.1 User unknown", ""),
        ("2.0.0 Saved", ""),
    ):
        done = run(release, ["sh", "-c", script, "sh", status], spread(release, "mail"))
        assert (done.stdout, done.stderr) == (becomes, "")


@each_release
def test_rspamd_reads_a_mailer_that_others_hand_mail_to(release: str) -> None:
    dumped = run(release, ["rspamadm", "configdump", "mailwright"], spread(release, "mail"))
    assert (dumped.returncode, '"2001:db8:c011::31/128"' in dumped.stdout) == (0, True)


STAGE = {
    "postfix": ["sh", "-ec", "for x in -n -M -P; do postconf -c /stage/etc/postfix $x; done >/dev/null"],
    "filter": ["rspamadm", "--var=CONFDIR=/stage/etc/rspamd", "configtest", "-c", "/stage/etc/rspamd/rspamd.conf"],
    "dovecot": ["doveconf", "-n", "-c", "/stage/etc/dovecot/dovecot.conf"],
}


@each_release
@pytest.mark.parametrize("component", STAGE)
def test_a_staged_tree_is_judged_before_it_is_in_place(release: str, component: str) -> None:
    """On a host where nothing of ours is yet."""
    staged = {f"/stage{path}": text for path, text in files(release).items()}
    assert run(release, STAGE[component], staged, before=SECRETS).returncode == 0
