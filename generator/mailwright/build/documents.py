"""What a project has for people to read, and what makes it run: README.md, documents, ansible.cfg, the play."""

from __future__ import annotations

from mailwright import pages, resources
from mailwright.build.tree import ORDINARY, PERSONAL, Output, Tree, safe, text
from mailwright.formats import playbook
from mailwright.formats.engine import render
from mailwright.formats.markdown import MARKDOWN
from mailwright.plan.model import Plan


def make(plan: Plan, roles: tuple[str, ...]) -> Tree:
    """README.md for whoever applies the project, ``documents/`` for people, ansible.cfg, and site.yml with
    ``roles`` in their order."""
    configuration = (resources.folder("templates") / "project" / "ansible.cfg").read_text("utf-8")
    readme = render(
        MARKDOWN,
        "project/README.md.j2",
        settings=plan.settings,
        hosts=plan.hosts,
        zones=sorted({record.zone for record in plan.records}),
        certificates=[
            (
                plan.settings.certificate.replace("{host}", host.name),
                plan.settings.key.replace("{host}", host.name),
                sorted({row.name for row in plan.web if row.host == host.name} - {host.name}),
            )
            for host in plan.hosts
        ],
        moves=bool(_move(plan)),
    )
    return {
        "README.md": text(readme),
        **_for_people(plan),
        "ansible.cfg": text(configuration),
        "site.yml": text(render(playbook.PLAYBOOK, "project/site.yml.j2", roles=roles)),
        "accounts.yml": text((resources.folder("templates") / "project" / "accounts.yml").read_text("utf-8")),
        **_move(plan),
    }


def _move(plan: Plan) -> Tree:
    """move.yml, where there is a store to move to. It reads tables, and a live directory's people are in none."""
    if len(plan.with_function("store")) < 2 or plan.live is not None:
        return {}
    return {"move.yml": text((resources.folder("templates") / "project" / "move.yml").read_text("utf-8"))}


def _for_people(plan: Plan) -> Tree:
    """What the site's people are to be told; what is given by hand is not for everybody on the machine."""
    return {
        safe(f"documents/{name}"): Output(
            content.encode() if isinstance(content, str) else content,
            PERSONAL if pages.given_by_hand(name) else ORDINARY,
        )
        for name, content in pages.files(plan).items()
    }
