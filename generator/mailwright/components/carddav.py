"""The address book for mail programs (INT-2): one, read by whoever has signed in, and written by nobody.

Radicale answers on loopback, to nginx alone by the firewall, and knows no user of its own: nginx asks for everybody
in the name of the one whose book it is. The cards are made on the host from one file when Radicale starts. What a
role does with these files is in docs/reference/roles.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from mailwright import resources
from mailwright.components.model import Component, File, once
from mailwright.formats import nginx, systemd, vcard
from mailwright.formats.engine import render
from mailwright.plan.model import HostFacts, Plan
from mailwright.plan.web import BOOK_PORT

USER = "radicale"
PROGRAM = "/usr/local/sbin/mailwright-cards"
SETTINGS = "/etc/mailwright/carddav.json"
PEOPLE = "/etc/mailwright/carddav-people.vcf"
STATE = "mailwright-carddav"
OWNER = "people"
"""In whose name nginx asks for everybody."""


def wanted(plan: Plan) -> bool:
    """Whether the site has an address book that is served so; a live directory is asked itself."""
    return any(row.use == "carddav" for row in plan.web)


def files(plan: Plan, host: HostFacts) -> Iterator[File]:
    """Radicale's configuration, the cards, and nginx's location. Raises FormatError for what no card can carry."""
    folder = f"/var/lib/{STATE}"
    settings = {"title": plan.settings.organisation, "people": PEOPLE, "folder": folder, "owner": OWNER}
    made = {"program": PROGRAM, "state": STATE, "folder": folder, "owner": OWNER, "port": BOOK_PORT}
    yield File("/etc/radicale/config", render(systemd.FORMAT, "carddav/config.j2", **made))
    yield File("/etc/radicale/rights", render(systemd.FORMAT, "carddav/rights.j2", **made))
    yield File(
        "/etc/systemd/system/radicale.service.d/mailwright.conf",
        render(systemd.FORMAT, "carddav/radicale.dropin.j2", **made),
    )
    program = (resources.folder("templates") / "carddav/mailwright_cards.py").read_text(encoding="utf-8")
    yield File(PROGRAM, program, mode=0o755)
    yield File(SETTINGS, json.dumps(settings, ensure_ascii=False, indent=2) + "\n")
    yield File(PEOPLE, _cards(plan), "root", USER, 0o640, personal=True)
    for row in plan.web:
        if (row.use, row.host) == ("carddav", host.name):
            text = render(nginx.FORMAT, "carddav/nginx.conf.j2", path=row.path, bare=row.path.rstrip("/"), **made)
            yield File(f"/etc/nginx/mailwright/{row.name}.d/carddav.conf", text)


@once
def _cards(plan: Plan) -> str:
    organisation = plan.settings.organisation
    cards = (vcard.card(row.name, row.address, organisation, row.department) for row in plan.book)
    return "".join(cards) or "\n"


def variables(_plan: Plan, _host: HostFacts) -> dict[str, object]:
    """``carddav_port``, where Radicale answers on loopback."""
    return {"carddav_port": BOOK_PORT}


COMPONENT = Component("carddav", frozenset({"web"}), files, variables, wanted=wanted)
