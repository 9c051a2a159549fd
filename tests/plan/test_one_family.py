"""A site that has only IPv6, or only IPv4: nothing of the other is written, nothing is left open or empty."""

from __future__ import annotations

import re
from datetime import date
from ipaddress import ip_address, ip_network

import pytest

from mailwright.border import DIALECTS
from mailwright.build import project
from mailwright.components.dns import fragments
from mailwright.findings import Status
from mailwright.plan import make
from mailwright.rehearsal.lab import scene
from mailwright.requirements.evaluate import evaluate
from mailwright.site.model import Site
from support.example import example, load_example, split
from support.families import of_family

VERSIONS = (4, 6)
SITES = {"example": load_example, "split": split}
each_site = pytest.mark.parametrize("site", SITES.values(), ids=SITES)
each_version = pytest.mark.parametrize("version", VERSIONS)

# An address of the other family in any file, but for loopback, every address, and those that filters look for
OTHER = {4: re.compile(r"2001:db8:"), 6: re.compile(r"\b198\.51\.100\.\d")}


@each_site
@each_version
def test_it_is_built_and_no_file_names_the_other_family(version: int, site: object) -> None:
    made = of_family(site(), version)  # type: ignore[operator]
    both = site()  # type: ignore[operator]
    tree = project(made, make(made), (), ())
    found = {path for path, output in tree.items() if OTHER[version].search(output.data.decode("utf-8"))}
    assert found == set()
    other = project(both, make(both), (), ())
    assert any(OTHER[version].search(output.data.decode("utf-8")) for output in other.values())


@each_site
@each_version
def test_rules_find_what_they_find_in_a_site_of_both(version: int, site: object) -> None:
    def failing(of: Site) -> set[str]:
        return {found.id for found in evaluate(of, date(2026, 3, 1)) if found.status is Status.FAIL}

    both = site()  # type: ignore[operator]
    assert failing(of_family(both, version)) == failing(both)


@each_site
@each_version
def test_records(version: int, site: object) -> None:
    made = of_family(site(), version)  # type: ignore[operator]
    records = make(made).records
    kind, other = ("A", "AAAA") if version == 4 else ("AAAA", "A")
    owners = {row.owner for row in records if row.type == kind}
    assert owners == {f"{host.name}." for host in made.hosts}
    assert not [row for row in records if row.type == other]
    pointers = {row.owner: row.value for row in records if row.type == "PTR"}
    assert pointers == {
        f"{address.reverse_pointer}.": f"{host.name}." for host in made.hosts for address in host.addresses
    }
    assert {row.value.split()[1] for row in records if row.type == "MX"} <= owners
    policies = [row.value for row in records if row.value.startswith("v=spf1")]
    assert policies
    for policy in policies:
        terms = policy.split()
        assert (terms[0], terms[-1]) == ("v=spf1", "-all")
        assert len(terms) > 2
        for term in terms[1:-1]:
            name, _, value = term.partition(":")
            assert (name, ip_address(value).version) == (f"ip{version}", version)
    assert all(text.strip() for text in fragments(make(made)).values())


@each_site
@each_version
def test_openings_are_of_the_family_or_for_everybody(version: int, site: object) -> None:
    for row in make(of_family(site(), version)).openings:  # type: ignore[operator]
        assert row.peers
        families = {peer.version for peer in row.peers}
        assert families == {version} or {str(peer) for peer in row.peers} == {"0.0.0.0/0", "::/0"}


@each_site
@each_version
def test_the_border_judges_its_family_and_says_so_of_the_other(version: int, site: object) -> None:
    plan = make(of_family(site(), version))  # type: ignore[operator]
    assert {row.version for row in plan.border} == {version}
    for dialect in DIALECTS:
        text = dialect.render(plan)
        assert f"no prefix of IPv{10 - version}: nothing is judged there" in text
        assert f"no prefix of IPv{version}: nothing is judged there" not in text


@each_site
@each_version
def test_the_lab_has_a_way_to_each_host(version: int, site: object) -> None:
    plan = make(of_family(site(), version))  # type: ignore[operator]
    lab = scene(plan, None).topology()
    assert {ip.version for node in lab.hosts for ip in node.ips} == {version}
    for client in lab.clients:
        assert {ip.version for ip in client.ips} == {version}, client.name
    assert {client.name for client in lab.clients} >= {"management", "campus"}
    # The world has both; each host reaches the names, the resolver and the mail host by its own.
    for ips in (lab.names, lab.resolver, lab.mail, lab.outside.ips):
        assert version in {ip.version for ip in ips}


def test_it_is_the_example_but_for_the_family() -> None:
    """The twin: what is left out is the family and nothing else."""
    whole = load_example()
    for version in VERSIONS:
        part = of_family(whole, version)
        assert part.people == whole.people
        assert [host.name for host in part.hosts] == [host.name for host in whole.hosts]
        assert all(host.addresses for host in part.hosts)
        assert ip_network("0.0.0.0/0" if version == 4 else "::/0").supernet_of(part.networks.campus[0].prefix)  # type: ignore[arg-type]
    assert example() == whole
