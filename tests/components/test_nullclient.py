"""The null client: what a host that is no mailer does with what its own processes send."""

from __future__ import annotations

import re
from dataclasses import replace

import yaml

from mailwright.components import COMPONENTS, nullclient
from mailwright.plan import make
from mailwright.plan.model import Plan
from support.example import ROOT, SPLIT, load_example, split

STORE = "store1.college.ac.uk"


def text(name: str, plan: Plan | None = None, host: str = STORE) -> str:
    plan = plan or make(split())
    return next(
        item.text for item in nullclient.files(plan, plan.host(host)) if item.path == f"/etc/postfix/{name}"
    )


def main(plan: Plan | None = None, host: str = STORE) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in text("main.cf", plan, host).splitlines():
        if line and not line.startswith("#"):
            name, value = line.split(" =", 1)
            assert name not in found
            found[name] = value.strip()
    return found


def test_it_runs_where_postfix_is_no_mailer() -> None:
    plan = make(split())
    runs = {
        host.name.partition(".")[0]: {item.name for item in COMPONENTS if item.runs_on(plan, host)}
        for host in plan.hosts
    }
    for label, _number, functions in SPLIT:
        mailer = bool({"mx", "submission"} & set(functions))
        assert ("postfix" in runs[label]) is ("filter" in runs[label]) is mailer, label
        assert ("nullclient" in runs[label]) is not mailer, label
    plan = make(load_example())
    (alone,) = plan.hosts
    assert not nullclient.COMPONENT.runs_on(plan, alone)


def test_all_mail_goes_to_the_mailers_over_tls_that_is_verified() -> None:
    said = main()
    assert said["relayhost"] == "[mail.college.ac.uk]:25"
    assert said["smtp_fallback_relay"] == "[mx2.college.ac.uk]:25"
    assert (said["smtp_tls_security_level"], said["smtp_tls_secure_cert_match"]) == ("secure", "nexthop")
    assert said["smtp_tls_CAfile"] == "/etc/ssl/certs/ca-certificates.crt"
    assert said["mydestination"] == said["virtual_mailbox_domains"] == said["alias_maps"] == ""


def test_with_one_mailer_there_is_no_second() -> None:
    site = split()
    hosts = tuple(host for host in site.hosts if not host.name.startswith("mx2"))
    said = main(make(replace(site, hosts=hosts)))
    assert (said["relayhost"], said["smtp_fallback_relay"]) == ("[mail.college.ac.uk]:25", "")


def test_nothing_reaches_it_by_the_network() -> None:
    assert main()["inet_interfaces"] == "loopback-only"
    services = [line.split()[:2] for line in text("master.cf").splitlines() if line[:1] not in ("#", " ")]
    assert {kind for _name, kind in services} == {"unix"}
    assert {"pickup", "cleanup", "qmgr", "smtp"} < {name for name, _kind in services}


def test_what_it_sends_is_whole() -> None:
    said = main()
    assert said["myorigin"] == "college.ac.uk"
    assert said["always_add_missing_headers"] == "yes"
    assert said["undisclosed_recipients_header"] == "To: undisclosed-recipients:;"


def test_sieve_may_send_where_there_is_mail() -> None:
    assert main()["authorized_submit_users"] == "root, vmail"
    assert main(host="log.college.ac.uk")["authorized_submit_users"] == "root"


def test_each_family_alone() -> None:
    plan = make(split())
    store = plan.host(STORE)
    for index, protocol, name in ((0, "ipv4", "smtp_bind_address"), (1, "ipv6", "smtp_bind_address6")):
        single = replace(store, addresses=store.addresses[index : index + 1])
        said = main(replace(plan, hosts=tuple(single if host is store else host for host in plan.hosts)))
        assert said["inet_protocols"] == protocol
        assert [key for key in said if key.startswith("smtp_bind_address")] == [name, "smtp_bind_address_enforce"]


def test_every_setting_stands_under_its_reason() -> None:
    reason = ""
    for line in text("main.cf").splitlines():
        if not line or line.startswith("# ---"):
            reason = ""
        elif line.startswith("#"):
            reason = line
        else:
            assert reason, line


def test_the_mailers_are_all_that_it_reaches_on_port_25() -> None:
    plan = make(split())
    outward = {row.host: row for row in plan.openings if row.direction == "out"}
    mailers = {
        str(address) for label in ("mail", "mx2") for address in plan.host(f"{label}.college.ac.uk").addresses
    }
    assert {str(peer.network_address) for peer in outward[STORE].peers} == mailers
    assert all(peer.num_addresses == 1 for peer in outward[STORE].peers)
    assert outward[STORE].user == "postfix"
    assert outward["mail.college.ac.uk"].peers != outward[STORE].peers
    assert re.match(r"RELAY-1: ", str(outward[STORE].because))


def test_a_host_that_changes_its_functions_has_one_record_of_postfix() -> None:
    """Else a former mailer would keep its tables of people, and a later one find its main.cf edited by hand."""
    components = {}
    for role in ("postfix", "nullclient"):
        (task,) = yaml.safe_load((ROOT / f"roles/{role}/tasks/main.yml").read_text(encoding="utf-8"))
        components[role] = task["transaction"]
    assert components["nullclient"]["component"] == components["postfix"]["component"] == "postfix"
    assert components["nullclient"]["source"].endswith("/nullclient")
    assert "source" not in components["postfix"]
