"""The registry: what architecture.md says of components holds for each."""

from __future__ import annotations

import importlib
from dataclasses import replace

import pytest

from mailwright.components import COMPONENTS, mailman
from mailwright.components.model import Component
from mailwright.plan import make
from mailwright.site.model import InternalDomain, Site
from support.built import built
from support.example import HERE, load_example, split, whole, with_everything

ORDER = (
    "time",
    "tls",
    "logs",
    "firewall",
    "guard",
    "customers",
    "dovecot",
    "accounts",
    "counter",
    "filter",
    "postfix",
    "mailman",
    "nullclient",
    "web",
    "webmail",
    "carddav",
)


def test_the_order_of_the_play() -> None:
    names = [component.name for component in COMPONENTS]
    assert names == [name for name in ORDER if name in names]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda component: component.name)
def test_a_component_is_its_module(component: Component) -> None:
    assert importlib.import_module(f"mailwright.components.{component.name}").COMPONENT is component


@pytest.mark.parametrize("component", COMPONENTS, ids=lambda component: component.name)
def test_the_same_plan_gives_the_same_files(component: Component) -> None:
    plans = (make(load_example()), make(whole()))
    for plan, host in [(one, host) for one in plans for host in one.hosts if component.runs_on(one, host)]:
        files = list(component.files(plan, host))
        assert files == list(component.files(plan, host))
        assert len({file.path for file in files}) == len(files)
        for file in files:
            if isinstance(file.text, bytes):  # a picture
                continue
            assert file.text.endswith("\n"), file.path
            assert "\r" not in file.text, file.path


def all_on_one() -> Site:
    """The whole site with every function on one host."""
    site = whole()
    functions = tuple(name for host in site.hosts for name in host.functions)
    return replace(site, hosts=(replace(site.hosts[0], functions=functions),))


def test_one_host_can_do_everything() -> None:
    tree = built(all_on_one())
    here = {path.split("/")[2] for path in tree if path.startswith("hosts/")}
    assert {"postfix", "dovecot", "mailman", "web", "webmail", "carddav", "accounts"} <= here
    assert "nullclient" not in here
    assert {path.split("/")[1] for path in tree if path.startswith("hosts/")} == {"mail.college.ac.uk"}


INTERNAL = InternalDomain("unix3.chem.college.ac.uk", "chem.college.ac.uk", None, HERE)


def everything_on_one() -> Site:
    """The whole site with a gateway's domain, an internal one and every function on one host."""
    site = replace(with_everything(), internal_domains=(INTERNAL,))
    functions = dict.fromkeys(name for host in site.hosts for name in host.functions)
    return replace(site, hosts=(replace(whole().hosts[0], functions=tuple(functions)),))


def test_one_host_can_do_everything_for_a_gateway_too() -> None:
    site = everything_on_one()
    assert site.gateways
    assert site.lists
    assert site.webmail is not None
    tree = built(site)
    here = {path.split("/")[2] for path in tree if path.startswith("hosts/")}
    # tls has a role alone, and customers are on shared hosts
    assert here == {component.name for component in COMPONENTS} - {"nullclient", "tls", "customers"}
    text = b"\n".join(file.data for path, file in tree.items() if "/postfix/" in path).decode()
    for name in (site.gateways[0].next_hop, site.gateways[0].domains[0], site.internal_domains[0].name):
        assert name in text


def test_the_list_server_has_no_files_where_there_are_no_lists() -> None:
    plan = make(load_example())
    assert not list(mailman.files(plan, plan.hosts[0]))
    lists = make(whole())
    other = next(host for host in lists.hosts if "lists" not in host.functions)
    assert not list(mailman.files(lists, other))
    assert list(mailman.files(lists, lists.host(lists.lists[0].host)))


def test_what_a_site_does_not_want_is_on_none_of_its_hosts() -> None:
    plan = make(load_example())
    (host,) = plan.hosts
    some = Component("some", frozenset(), lambda _plan, _host: ())
    assert some.runs_on(plan, host)
    assert not replace(some, wanted=lambda _plan: False).runs_on(plan, host)
    assert not replace(some, functions=frozenset({"gateway"}), wanted=lambda _plan: True).runs_on(plan, host)


def test_no_two_components_write_the_same_file() -> None:
    for plan in (make(load_example()), make(split()), make(whole()), make(all_on_one()), make(everything_on_one())):
        for host in plan.hosts:
            running = [component for component in COMPONENTS if component.runs_on(plan, host)]
            paths = [file.path for component in running for file in component.files(plan, host)]
            assert len(set(paths)) == len(paths)
