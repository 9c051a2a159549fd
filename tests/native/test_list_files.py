"""What Postfix reads in the files of a site with lists, on the list host and on mailers beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import pytest

from mailwright.components import firewall, postfix
from mailwright.plan import make
from mailwright.plan.model import Plan
from mailwright.site.model import Smarthost
from support.example import HERE, with_everything
from support.native import run

pytestmark = pytest.mark.native

KEEPER, BESIDE, SUBMISSION = "mail.college.ac.uk", "mx2.college.ac.uk", "smtp.college.ac.uk"
SMARTHOST = Smarthost("smtp.provider.example", 587, "college", "secrets/smarthost", "", HERE)


@cache
def plan(*, smarthost: bool = False) -> Plan:
    return make(replace(with_everything(), smarthost=SMARTHOST if smarthost else None))


def files(host: str, release: str, *, smarthost: bool = False) -> Mapping[str, str]:
    whole = plan(smarthost=smarthost)
    facts = replace(whole.host(host), os=release)  # type: ignore[arg-type]
    return {file.path: str(file.text) for file in postfix.files(whole, facts)}


def said(host: str, release: str, script: str, *, smarthost: bool = False) -> str:
    """What the script prints; a word on standard error is a failure."""
    tables = postfix.variables(plan(), plan().host(host))["postfix_tables"]
    assert isinstance(tables, list)
    compiled = "".join(f"postmap lmdb:/etc/postfix/{name}\n" for name in tables)
    done = run(release, ["sh", "-ec", compiled + script], files(host, release, smarthost=smarthost))
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


@pytest.mark.parametrize("smarthost", [False, True], ids=["direct", "smarthost"])
@pytest.mark.parametrize(
    ("host", "release"),
    [(KEEPER, "debian-13"), (BESIDE, "debian-13"), (BESIDE, "debian-12"), (SUBMISSION, "debian-12")],
)
def test_every_setting_and_service_is_one_that_postfix_knows(host: str, release: str, smarthost: bool) -> None:
    printed = said(
        host, release, "postconf -n; postconf -x -n >/dev/null; postconf -M; postconf -P", smarthost=smarthost
    )
    wanted = ["smtp_header_checks = regexp:/etc/postfix/list_verdict"]
    if host == KEEPER:
        wanted += [
            "10025/inet/virtual_mailbox_maps = $mailwright_lists",
            "10025/inet/smtpd_tls_security_level = encrypt",
            "127.0.0.1:10026/inet/mynetworks = 127.0.0.1/32",
            "127.0.0.1:10026/inet/milter_mail_macros = i {daemon_name}",
            "mailman/unix/lmtp_header_checks =",
        ]
        wanted += ["listout/unix/smtp_tls_security_level = secure"] if smarthost else []
    else:
        wanted += ["lists/unix/smtp_header_checks =", "lists/unix/smtp_tls_security_level = secure"]
        assert "10026" not in printed
    for line in wanted:
        assert f"\n{line}\n" in f"\n{printed}", line


def test_an_unknown_parameter_would_be_told() -> None:
    given = dict(files(KEEPER, "debian-13"))
    given["/etc/postfix/main.cf"] = given["/etc/postfix/main.cf"].replace("mailwright_lists = ", "other_lists = ")
    assert "other_lists" in run("debian-13", ["postconf", "-n"], given).stderr


@pytest.mark.parametrize(
    ("host", "road"), [(KEEPER, "mailman:inet:[127.0.0.1]:8024"), (BESIDE, f"lists:[{KEEPER}]:10025")]
)
def test_which_addresses_are_lists_and_the_way_to_them(host: str, road: str) -> None:
    asked = {
        "physics@college.ac.uk": True,
        "physics-owner@college.ac.uk": True,
        "physics-confirm+0123456789abcdef@college.ac.uk": True,
        "physics-bounces+x@college.ac.uk": True,
        "physics-owner+x@college.ac.uk": False,
        "nolist@college.ac.uk": False,
        "nolist-confirm+0123@college.ac.uk": False,
        "rosa.luxemburg@college.ac.uk": False,
        "physics@chem.college.ac.uk": False,
        "physics-confirm+x@elsewhere.example": False,
    }
    known = "lmdb:/etc/postfix/lists 'pipemap:{regexp:/etc/postfix/list_details, lmdb:/etc/postfix/lists}'"
    ways = f"'pipemap:{{lmdb:/etc/postfix/lists, static:{{{road}}}}}' regexp:/etc/postfix/list_roads"
    lines = []
    for address in asked:
        for maps in (known, ways):
            lines.append(f"found=; for map in {maps}; do found=$found$(postmap -q '{address}' \"$map\" || :); done")
            lines.append('echo "$found"')
    answers = said(host, "debian-13", "\n".join(lines)).split("\n")
    for index, (address, is_list) in enumerate(asked.items()):
        found, way = answers[2 * index : 2 * index + 2]
        assert found == (KEEPER if is_list else ""), address
        if is_list:
            assert way == road, address


def test_the_ways_of_a_whole_mailer_are_as_the_template_says() -> None:
    printed = said(KEEPER, "debian-13", "postconf -h transport_maps sender_dependent_default_transport_maps")
    assert printed.splitlines() == [
        "pipemap:{lmdb:/etc/postfix/lists, static:{mailman:inet:[127.0.0.1]:8024}}, "
        "regexp:/etc/postfix/list_roads, lmdb:/etc/postfix/gateway_roads, "
        "pipemap:{lmdb:/etc/postfix/stores, lmdb:/etc/postfix/roads}",
        "pipemap:{lmdb:/etc/postfix/lists, static:{listout}}",
    ]


def test_the_list_servers_ports_are_closed_to_other_users() -> None:
    """Real packets: nobody but their user and root connects to the ports of the loopback address."""
    text = next(
        str(file.text) for file in firewall.files(plan(), plan().host(KEEPER)) if file.path.endswith(".nft")
    )
    script = """
nft -f /rules
ip link set lo up
python3 -c 'import socket, time
kept = [socket.create_server(("127.0.0.1", port)) for port in (8024, 10026, 11332)]
time.sleep(60)' &
sleep 1
for user in root list postfix nobody; do
  for port in 8024 10026 11332; do
    code="import socket; socket.create_connection(('127.0.0.1', $port), 5)"
    setpriv --reuid=$user --clear-groups python3 -c "$code" 2>/dev/null && echo $user $port || :
  done
done
"""
    done = run("debian-13", ["sh", "-ec", script], {"/rules": text})
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:-1] == [
        "root 8024",
        "root 10026",
        "root 11332",
        "list 10026",
        "list 11332",
        "postfix 8024",
        "postfix 11332",
        "nobody 11332",
    ]
