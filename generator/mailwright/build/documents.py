"""What a project has for people to read, and what makes it run: README.md, documents, ansible.cfg, the play."""

from __future__ import annotations

from mailwright import resources
from mailwright.build.tree import Tree, text
from mailwright.formats import playbook
from mailwright.formats.engine import render
from mailwright.formats.markdown import MARKDOWN
from mailwright.plan.model import Plan
from mailwright.site.addresses import domain


def make(plan: Plan, roles: tuple[str, ...]) -> Tree:
    """README.md for whoever applies the project, ``documents/`` for people, ansible.cfg, and site.yml with
    ``roles`` in their order."""
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
        moves=bool(_move(plan)),
    )
    return {
        "README.md": text(readme),
        **_for_people(plan),
        "ansible.cfg": text(configuration),
        "site.yml": text(render(playbook.PLAYBOOK, "project/site.yml.j2", roles=roles)),
        **_move(plan),
    }


def _move(plan: Plan) -> Tree:
    """move.yml, where there is a store to move to. It reads tables, and a live directory's people are in none."""
    if len(plan.with_function("store")) < 2 or plan.live is not None:
        return {}
    return {"move.yml": text((resources.folder("templates") / "project" / "move.yml").read_text())}


def _for_people(plan: Plan) -> Tree:
    """What the site's people are to be told."""
    inside = {inner.name for inner in plan.settings.internal_domains}
    values = {
        "organisation": plan.settings.organisation,
        "servers": tuple(dict.fromkeys(clock.server for clock in plan.clocks)),
        "timezone": plan.settings.timezone,
        "rewrites": len({row.external for row in plan.rewrites if domain(row.internal) not in inside}),
        "internal_domains": plan.settings.internal_domains,
        "postmaster": f"postmaster@{plan.settings.primary_domain}",
    }
    return {
        f"documents/{row.document}.md": text(
            render(MARKDOWN, f"documents/{row.document}.md.j2", readers=row.readers, **values)
        )
        for row in plan.publications
    }
