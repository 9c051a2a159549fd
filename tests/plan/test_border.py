"""The border's rows: who passes on which port, and that the rest of the campus does not."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network

from mailwright.plan import make
from mailwright.plan.border import rows
from mailwright.site.model import Host, Network
from support.example import HERE, example, load_example


def test_the_example() -> None:
    said = [
        f"{row.direction} {row.port} {row.verdict} {row.subject} {' '.join(map(str, row.networks))}"
        for row in make(load_example()).border
        if row.version == 6
    ]
    mailer, campus = "mail.college.ac.uk 2001:db8:c011::25/128", "campus 2001:db8:c011::/48"
    assert said == [
        f"in 25 permit {mailer}",
        f"in 25 reject {campus}",
        f"in 465 permit {mailer}",
        f"in 465 reject {campus}",
        f"in 587 permit {mailer}",
        f"in 587 reject {campus}",
        f"out 25 permit {mailer}",
        f"out 25 reject {campus}",
    ]


def test_each_function_opens_its_own_ports() -> None:
    hosts = tuple(
        Host(f"{function}.college.ac.uk", (ip_address(f"198.51.100.{last}"),), "debian-13", (function,), HERE)
        for last, function in ((25, "mx"), (26, "submission"), (27, "store"))
    )
    permits = [row for row in rows(example(hosts=hosts)) if row.verdict == "permit"]
    found = {(row.subject, row.direction, row.port) for row in permits}
    assert found == {
        ("mx.college.ac.uk", "in", 25),
        ("mx.college.ac.uk", "out", 25),
        ("submission.college.ac.uk", "in", 465),
        ("submission.college.ac.uk", "in", 587),
        ("submission.college.ac.uk", "out", 25),
    }


def test_an_address_off_the_campus_has_no_row() -> None:
    networks = replace(load_example().networks, campus=(Network(ip_network("203.0.113.0/24"), HERE),))
    found = {(row.version, row.verdict) for row in rows(example(networks=networks))}
    assert found == {(4, "reject")}
