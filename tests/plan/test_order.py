"""A description in another order means the same: the plan, and with it all that is built, does not know it."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from datetime import date
from typing import Any

import pytest

from mailwright.build import project
from mailwright.plan import make
from mailwright.plan.networks import prefixes
from mailwright.requirements.evaluate import evaluate
from mailwright.site.model import Site
from mailwright.site.read import read
from support.comparing import networks
from support.example import ROOT, load_example

INVENTORIES = ("directory", "gateway", "split", "whole")
MEANT = frozenset(
    {("Site", "hosts"), ("Host", "addresses"), ("Smarthost", "servers"), ("Directory", "servers")}
    | {("Pages", "languages"), ("Pages", "texts")}
)
"""Where the first is tried, or shown, first."""


def turned(part: Any) -> Any:
    """The same description from behind; the primary domain stays the first one."""
    if isinstance(part, tuple):
        return tuple(map(turned, part))
    if not is_dataclass(part) or isinstance(part, type):
        return part
    values = {field.name: turned(getattr(part, field.name)) for field in fields(part) if field.init}
    for name, value in values.items():
        if isinstance(value, tuple) and (type(part).__name__, name) not in MEANT:
            first = 1 if isinstance(part, Site) and name == "domains" else 0
            values[name] = (*value[:first], *reversed(value[first:]))
    return replace(part, **values)  # type: ignore[type-var]


def described(inventory: str) -> Site:
    site = read(ROOT / "inventories" / inventory / "site.yml").site
    assert site is not None
    return site


@pytest.mark.parametrize("inventory", INVENTORIES)
def test_the_plan_is_the_same(inventory: str) -> None:
    site = described(inventory)
    other = turned(site)
    assert other != site
    assert make(other) == make(site)


def test_so_is_every_file_that_lands_on_a_host() -> None:
    site = described("whole")
    one, other = (project(each, make(each), evaluate(each, date(2026, 12, 1)), ()) for each in (site, turned(site)))
    assert one.keys() == other.keys()
    assert [path for path in one if path.startswith("hosts/") and one[path].data != other[path].data] == []


def test_networks_are_the_addresses_in_them_however_they_are_written() -> None:
    wanted = prefixes(networks("198.51.100.0/24", "2001:db8:c011::/48"))
    assert [str(network) for network in wanted] == ["198.51.100.0/24", "2001:db8:c011::/48"]
    for written in (
        ("2001:db8:c011::/48", "198.51.100.0/24"),
        ("198.51.100.0/24", "198.51.100.128/25", "2001:db8:c011::/48", "198.51.100.0/24"),
        ("198.51.100.128/25", "2001:db8:c011::/48", "198.51.100.0/25"),
    ):
        assert prefixes(networks(*written)) == wanted
    assert prefixes(networks("198.51.100.0/25", "2001:db8:c011::/48")) != wanted
    assert prefixes(()) == ()
    alone = prefixes(networks("198.51.100.131/32", "198.51.100.130/32", "203.0.113.4/32", "203.0.113.0/24"))
    assert [str(network) for network in alone] == ["198.51.100.130/32", "198.51.100.131/32", "203.0.113.0/24"]


def test_of_the_mail_domains_the_first_is_the_primary_one() -> None:
    site = load_example()
    plan = make(replace(site, domains=site.domains[::-1]))
    assert plan.settings.domains == ("chem.college.ac.uk", "college.ac.uk")
    assert make(site).settings.domains == ("college.ac.uk", "chem.college.ac.uk")
