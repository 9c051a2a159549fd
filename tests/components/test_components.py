"""The registry: what architecture.md says of components holds for each."""

from __future__ import annotations

import importlib

import pytest

from mailwright.components import COMPONENTS
from mailwright.components.model import Component
from mailwright.plan import make
from support.example import load_example, split

ORDER = ("time", "tls", "logs", "firewall", "guard", "dovecot", "counter", "filter", "postfix", "nullclient")


def test_the_order_of_the_play() -> None:
    names = [component.name for component in COMPONENTS]
    assert names == [name for name in ORDER if name in names]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda component: component.name)
def test_a_component_is_its_module(component: Component) -> None:
    assert importlib.import_module(f"mailwright.components.{component.name}").COMPONENT is component


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda component: component.name)
def test_the_same_plan_gives_the_same_files(component: Component) -> None:
    plan = make(load_example())
    for host in plan.hosts:
        files = list(component.files(plan, host))
        assert files == list(component.files(plan, host))
        assert len({file.path for file in files}) == len(files)
        for file in files:
            assert file.text.endswith("\n"), file.path
            assert "\r" not in file.text, file.path


def test_no_two_components_write_the_same_file() -> None:
    for plan in (make(load_example()), make(split())):
        for host in plan.hosts:
            running = [component for component in COMPONENTS if component.runs_on(host)]
            paths = [file.path for component in running for file in component.files(plan, host)]
            assert len(set(paths)) == len(paths)
