"""Lists in Postfix's files, and what the filter knows of them. What Postfix makes of it is in tests/native."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailwright.components import filter, postfix, postfix_lists
from mailwright.formats.engine import FormatError, Verbatim
from mailwright.formats.postfix import detail_table
from mailwright.plan import make
from mailwright.plan.lists import ADDRESSES
from mailwright.plan.model import Plan
from support.example import load_example, role, whole, with_everything

KEEPER, BESIDE = "mail.college.ac.uk", "mx2.college.ac.uk"


def texts(plan: Plan, host: str) -> dict[str, str]:
    facts = plan.host(host)
    return {file.path: str(file.text) for file in (*postfix.files(plan, facts), *filter.files(plan, facts))}


def test_a_site_without_lists_has_no_file_and_no_setting_of_them() -> None:
    plan = make(load_example())
    found = texts(plan, KEEPER)
    assert not any("/list" in path for path in found)
    for path in ("/etc/postfix/main.cf", "/etc/postfix/master.cf"):
        assert not any(word in found[path] for word in ("list_verdict", "mailwright_lists", "mailman", "listout"))
    assert "spf" not in found["/etc/rspamd/rspamd.conf"]
    assert "lists" not in str(postfix.variables(plan, plan.host(KEEPER)))


def test_all_mailers_know_the_same_lists_and_each_its_own_way() -> None:
    plan = make(with_everything())
    keeper, beside = texts(plan, KEEPER), texts(plan, BESIDE)
    assert keeper["/etc/postfix/lists"] == beside["/etc/postfix/lists"]
    assert f"physics-owner@college.ac.uk\t{KEEPER}\n" in keeper["/etc/postfix/lists"]
    assert keeper["/etc/postfix/lists"].count("physics") == 1 + len(ADDRESSES)
    assert "static:{mailman:inet:[127.0.0.1]:8024}" in keeper["/etc/postfix/main.cf"]
    assert f"static:{{lists:[{KEEPER}]:10025}}" in beside["/etc/postfix/main.cf"]
    assert "/etc/postfix/list_replies" in keeper
    assert "/etc/postfix/list_replies" not in beside
    assert "/etc/postfix/store_status" in beside
    for host in (KEEPER, BESIDE):
        assert "lists" in postfix.variables(plan, plan.host(host))["postfix_tables"]  # type: ignore[operator]


def test_the_verdict_leaves_by_no_way_but_that_to_the_lists() -> None:
    plan = make(with_everything())
    for host in (KEEPER, BESIDE):
        found = texts(plan, host)
        for name in ("smtp", "lmtp"):
            assert f"\n{name}_header_checks = regexp:/etc/postfix/list_verdict\n" in found["/etc/postfix/main.cf"]
        services = found["/etc/postfix/master.cf"].split("\n\n")
        kept = [one for one in services if "_header_checks=\n" in one]
        assert len(kept) == 1
        assert ("\nmailman " if host == KEEPER else "\nlists ") in kept[0]


def test_the_list_servers_way_out_is_on_the_list_host_alone() -> None:
    plan = make(with_everything())
    assert "\n127.0.0.1:10026  inet" in texts(plan, KEEPER)["/etc/postfix/master.cf"]
    assert "10026" not in texts(plan, BESIDE)["/etc/postfix/master.cf"]
    assert "sender_dependent_default_transport_maps" not in texts(plan, BESIDE)["/etc/postfix/main.cf"]
    assert postfix_lists.way(make(load_example()), make(load_example()).hosts[0]) is None


def test_the_other_mailers_alone_come_to_the_port_for_posts() -> None:
    master = texts(make(with_everything()), KEEPER)["/etc/postfix/master.cf"]
    port = master.partition("\n10025 ")[2].partition("\n\n")[0]
    (line,) = (line for line in port.splitlines() if " mynetworks = " in line)
    assert line.count("/32") == line.count("/128") == 2
    assert "smtpd_milters" not in port, "the verdict is that of the mailer which hands it over"


def test_the_filter_knows_addresses_by_which_mail_comes_to_a_list() -> None:
    roles = (*whole().roles, role("enquiries", "helpline@college.ac.uk"), role("office", "enquiries@college.ac.uk"))
    lines = texts(make(replace(whole(), roles=roles)), KEEPER)["/etc/rspamd/mailwright/lists"].splitlines()
    assert "physics@college.ac.uk physics@college.ac.uk" in lines
    assert "physics-bounces@college.ac.uk physics@college.ac.uk" in lines
    assert {"enquiries@college.ac.uk -", "office@chem.college.ac.uk -"} <= set(lines)
    assert not any("luxemburg" in line for line in lines)


@pytest.mark.parametrize("os", ["debian-12", "debian-13"])
def test_the_filter_reads_the_list_of_suffixes_of_its_release(os: str) -> None:
    plan = make(whole())
    host = replace(plan.host(KEEPER), os=os)  # type: ignore[arg-type]
    conf = next(str(file.text) for file in filter.files(plan, host) if file.path.endswith("rspamd.conf"))
    assert ("/usr/share/rspamd/" if os == "debian-12" else "/usr/share/publicsuffix/") in conf


def test_no_domain_becomes_a_part_of_an_expression() -> None:
    assert "@a\\.example$/\tx" in detail_table("x", ["a.example"], Verbatim("x"))
    with pytest.raises(FormatError):
        detail_table("x", ["a.*"], Verbatim("x"))
