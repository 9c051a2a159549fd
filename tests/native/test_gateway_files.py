"""What Postfix of both releases reads in the files of a site with gateways and a smarthost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import pytest

from mailwright.components import postfix
from mailwright.plan import make
from mailwright.site.read import read
from support.example import ROOT
from support.native import RELEASES, run

pytestmark = pytest.mark.native

each_release = pytest.mark.parametrize("release", RELEASES)
ALL = postfix.TABLES + postfix.outward.GATEWAY_TABLES


@cache
def files(release: str) -> Mapping[str, str]:
    site = read(ROOT / "inventories" / "gateway" / "site.yml").site
    assert site is not None
    plan = make(replace(site, hosts=tuple(replace(host, os=release) for host in site.hosts)))
    return {file.path: file.text for file in postfix.files(plan, plan.hosts[0])}


def said(release: str, script: str, given: Mapping[str, str] | None = None) -> str:
    """What the script prints; a word on standard error is a failure."""
    compile_ = "".join(f"postmap lmdb:/etc/postfix/{name}\n" for name in ALL)
    done = run(release, ["sh", "-ec", compile_ + script], given or files(release))
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout


@each_release
def test_every_setting_and_service_is_one_that_postfix_knows(release: str) -> None:
    printed = said(release, "postconf -n; postconf -x -n >/dev/null; postconf -M; postconf -P")
    for line in (
        "relay_domains = biology.college.ac.uk, physics.college.ac.uk",
        "parent_domain_matches_subdomains =",
        "relayhost = [smtp.provider.example]:587",
        "default_transport = smarthost",
        "gateway/unix/disable_mime_output_conversion = yes",
        "smarthost/unix/smtp_sasl_password_maps = texthash:/etc/postfix/smarthost_password",
        "smarthost/unix/smtp_tls_security_level = secure",
    ):
        assert f"\n{line}\n" in f"\n{printed}", line


@each_release
def test_an_unknown_class_would_be_told(release: str) -> None:
    """The twin: Postfix complains of a class that nobody defined."""
    given = dict(files(release))
    given["/etc/postfix/main.cf"] = given["/etc/postfix/main.cf"].replace("from_exchange = ", "from_other = ")
    done = run(release, ["postconf", "-n"], given)
    assert "unused parameter: from_other" in done.stderr


LOOKUPS = {
    "lmdb:/etc/postfix/relay_recipients": {
        "LISE.Meitner@physics.college.ac.uk": "OK",
        "marie.curie@physics.college.ac.uk": "OK",
        "nobody@physics.college.ac.uk": "",
        "lm042@exchange.physics.college.ac.uk": "",
        "@biology.college.ac.uk": "OK",
        "@physics.college.ac.uk": "",
    },
    "lmdb:/etc/postfix/virtual_aliases": {
        "lise.meitner@physics.college.ac.uk": "lm042@exchange.physics.college.ac.uk",
        "marie.curie@physics.college.ac.uk": "",
    },
    "lmdb:/etc/postfix/gateway_roads": {
        "physics.college.ac.uk": "gateway:[exchange.physics.college.ac.uk]:25",
        "lm042@exchange.physics.college.ac.uk": "gateway:[exchange.physics.college.ac.uk]:25",
        "chem.college.ac.uk": "",
        "x.physics.college.ac.uk": "",
    },
    "lmdb:/etc/postfix/gateway_asked": {
        "biology.college.ac.uk": "reject_unverified_recipient",
        "postmaster@biology.college.ac.uk": "DUNNO",
        "physics.college.ac.uk": "",
    },
    "lmdb:/etc/postfix/gateway_senders": {
        "<>": "OK",
        "lise.meitner@physics.college.ac.uk": "from_exchange",
        "biology.college.ac.uk": "from_biology",
        "physics.college.ac.uk": "",
        "college.ac.uk": "",
    },
    "lmdb:/etc/postfix/gateway_tls": {"[exchange.physics.college.ac.uk]:25": "secure match=nexthop"},
    "cidr:/etc/postfix/gateway_clients": {
        "198.51.100.77": "gateway_client",
        "2001:db8:c011::78": "gateway_client",
        "198.51.100.79": "",
        "2001:db8:c011::79": "",
    },
    "cidr:/etc/postfix/gateway_from_exchange": {"198.51.100.77": "permit", "198.51.100.78": ""},
    "regexp:/etc/postfix/store_status": {"5.4.4 Host not found": "4.4.4 Host not found", "5.1.1 x": ""},
}


@each_release
def test_each_table_answers_as_it_should(release: str) -> None:
    script, wanted = "", []
    for table, asked in LOOKUPS.items():
        for key, value in asked.items():
            script += f"echo \"{table} {key}: $(postmap -q '{key}' {table} || true)\"\n"
            wanted.append(f"{table} {key}: {value}")
    assert said(release, script).splitlines() == wanted
