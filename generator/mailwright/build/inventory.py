"""The Ansible inventory of a project: hosts, a group per component, and the few variables that roles need."""

from __future__ import annotations

from mailwright.build.tree import Tree, text
from mailwright.components import COMPONENTS
from mailwright.formats import yaml
from mailwright.plan.model import HostFacts, Plan


def make(plan: Plan) -> Tree:
    """``inventory/hosts.yml`` and ``inventory/group_vars/all.yml``. Raises FormatError."""
    hosts: dict[str, object] = {host.name: _variables(plan, host) for host in plan.hosts}
    groups: dict[str, object] = {}
    for component in COMPONENTS:
        members = {host.name: None for host in plan.hosts if component.runs_on(plan, host)}
        if members:
            groups[component.name] = {"hosts": members}
    return {
        "inventory/hosts.yml": text(yaml.dump({"all": {"hosts": hosts, "children": groups}})),
        "inventory/group_vars/all.yml": text(yaml.dump({"ansible_python_interpreter": "/usr/bin/python3"})),
    }


def _variables(plan: Plan, host: HostFacts) -> dict[str, object]:
    # By address, so that a host can be set up before its DNS records are published.
    variables: dict[str, object] = {"ansible_host": str(host.addresses[0])} if host.addresses else {}
    variables["mailwright_os"] = host.os
    for component in COMPONENTS:
        if component.runs_on(plan, host):
            variables.update(component.variables(plan, host))
    return variables
