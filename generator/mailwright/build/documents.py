"""The parts of a project that say how to use it: README.md, ansible.cfg and the play."""

from __future__ import annotations

from mailwright import resources
from mailwright.build.tree import Tree, text
from mailwright.formats import playbook
from mailwright.formats.engine import render
from mailwright.formats.markdown import MARKDOWN
from mailwright.plan.model import Plan


def make(plan: Plan, roles: tuple[str, ...]) -> Tree:
    """README.md for whoever applies the project, ansible.cfg, and site.yml with ``roles`` in their order."""
    configuration = (resources.folder("templates") / "project" / "ansible.cfg").read_text()
    readme = render(
        MARKDOWN,
        "project/README.md.j2",
        settings=plan.settings,
        hosts=plan.hosts,
        zones=sorted({record.zone for record in plan.records}),
        certificates=[
            (plan.settings.certificate.replace("{host}", host.name), plan.settings.key.replace("{host}", host.name))
            for host in plan.hosts
        ],
    )
    return {
        "README.md": text(readme),
        "ansible.cfg": text(configuration),
        "site.yml": text(render(playbook.PLAYBOOK, "project/site.yml.j2", roles=roles)),
    }
