"""A form of address that is used inside, on a running Postfix of both releases: in, out, and nobody else (INT-4).

Also what becomes of addresses without a domain in mail of those who may relay (INT-3).
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from functools import cache
from ipaddress import ip_network
from pathlib import Path

import pytest

from mailwright.components import log_space, postfix
from mailwright.plan import make
from mailwright.site.model import InternalDomain, Network
from support.example import HERE, example, load_example
from support.native import RELEASES, run

pytestmark = pytest.mark.native

each_release = pytest.mark.parametrize("release", RELEASES)

FORM, PUBLISHED, FOREIGN = "unix3.chem.college.ac.uk", "chem.college.ac.uk", "elsewhere.example"


@cache
def talk(release: str) -> dict[str, object]:
    """What a Postfix said and queued; whoever comes from 127.0.0.2 may relay, the filter takes everything."""
    site = load_example()
    site = example(
        internal_domains=(InternalDomain(FORM, PUBLISHED, None, HERE),),
        networks=replace(site.networks, relay=(Network(ip_network("127.0.0.2/32"), HERE),)),
        hosts=tuple(replace(host, os=release) for host in site.hosts),
    )
    plan = make(site)
    files = {file.path: file.text for file in postfix.COMPONENT.files(plan, plan.hosts[0])}
    main = files["/etc/postfix/main.cf"]
    assert "milter_default_action = tempfail\n" in main
    files["/etc/postfix/main.cf"] = main.replace(
        "milter_default_action = tempfail", "milter_default_action = accept"
    )
    files["/talk.py"] = Path(__file__).with_name("inside_talk.py").read_text(encoding="utf-8")
    tables = postfix.variables(plan, plan.hosts[0])["postfix_tables"]
    assert isinstance(tables, list)
    compiled = [["postmap", f"lmdb:/etc/postfix/{table}"] for table in tables]
    # Whoever relays is asked about room for the log.
    files |= {file.path: file.text for file in log_space.files(plan, plan.hosts[0])}
    compiled += [
        ["mkdir", "-p", "/var/log/journal", "/var/log/mail"],
        ["install", "-d", "-o", "postfix", "-m", "0700", "/run/mailwright-space"],
    ]
    done = run(release, ["python3", "/talk.py", FORM, FOREIGN], files, before=compiled)
    assert done.returncode == 0, done.stderr
    seen: dict[str, object] = json.loads(done.stdout)
    return seen


def header(message: object, name: str) -> str:
    found = re.search(rf"^{name}: (.*)$", str(message), re.MULTILINE | re.IGNORECASE)
    assert found, f"{name}: in {message}"
    return found[1]


def code(answer: object) -> object:
    assert isinstance(answer, list)
    return answer[0]


@each_release
def test_whoever_has_the_published_address_is_known_by_the_form_and_nobody_else(release: str) -> None:
    seen = talk(release)
    assert code(seen["known"]) == 250
    assert code(seen["postmaster"]) == 250
    assert code(seen["unknown"]) == 550, seen["unknown"]
    assert code(seen["forged"]) == 550, seen["forged"]
    assert code(seen["relayed"]) == 554, seen["relayed"]


@each_release
def test_mail_of_those_who_may_relay_leaves_in_the_published_form(release: str) -> None:
    message = talk(release)["out"]
    assert header(message, "sender") == f"k.marx@{PUBLISHED}"
    assert header(message, "From") == f"Karl Marx <k.marx@{PUBLISHED}>"
    assert header(message, "Reply-To") == f"k.marx@{PUBLISHED}"
    assert FORM not in str(message)


@each_release
def test_mail_that_comes_in_keeps_its_header_and_reaches_the_mailbox(release: str) -> None:
    message = talk(release)["in"]
    assert header(message, "To") == f"k.marx@{FORM}"
    assert header(message, "Cc") == "bare"
    assert header(message, "recipient") == f"k.marx@{PUBLISHED}"
    assert header(talk(release)["bare postmaster"], "To") == "postmaster"


@each_release
def test_no_address_is_completed_with_a_domain_of_the_site(release: str) -> None:
    """It is marked with a domain that cannot exist, by which the filter refuses the message."""
    assert header(talk(release)["bare"], "To") == f"somebody@{postfix.NO_DOMAIN}"


@each_release
def test_what_the_mailer_itself_writes_comes_from_a_valid_address(release: str) -> None:
    bounces = talk(release)["bounces"]
    assert isinstance(bounces, list)
    assert bounces
    for bounce in bounces:
        assert re.search(r"MAILER-DAEMON@college\.ac\.uk", header(bounce, "From"), re.IGNORECASE), header(
            bounce, "From"
        )
        assert postfix.NO_DOMAIN not in header(bounce, "To")


@each_release
def test_bare_postmaster_reaches_somebody(release: str) -> None:
    message = str(talk(release)["bare postmaster"])
    recipients = re.findall(r"^recipient: (.*)$", message, re.MULTILINE)
    assert recipients
    assert all(re.search(r"@(chem\.)?college\.ac\.uk$", address) for address in recipients), recipients
