"""Certificates: only where they are found."""

from __future__ import annotations

from dataclasses import replace

from mailwright.components import tls
from mailwright.plan import make
from support.example import load_example


def test_the_paths_are_those_of_the_host() -> None:
    plan = make(load_example())
    settings = replace(plan.settings, certificate="/srv/{host}/{host}.pem", key="/srv/{other} %s.key")
    plan = replace(plan, settings=settings)
    host = plan.hosts[0]
    assert tls.variables(plan, host) == {
        "tls_certificate": f"/srv/{host.name}/{host.name}.pem",
        "tls_key": "/srv/{other} %s.key",
    }


def test_nothing_is_rendered() -> None:
    plan = make(load_example())
    assert list(tls.files(plan, plan.hosts[0])) == []
