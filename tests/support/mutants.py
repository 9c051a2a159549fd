"""Deployments with one thing wrong, and what must be found about each: written down before it ran."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Change:
    """In a file of a component, ``old`` becomes ``new``, wherever it stands; it must stand there."""

    component: str
    path: str  # on the host
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Mutant:
    """``not_met``: exactly these requirements are not met then, itself and those coupled to it, and why.

    records  the lines of the zone fragments that are served
    border   what becomes of the border router's rules
    """

    name: str
    not_met: frozenset[str]
    changes: tuple[Change, ...] = ()
    records: Callable[[str], bool] | None = None
    border: Callable[[str], str] | None = None


def _without_v6(rules: str) -> str:
    """The rules less all that match IPv6 addresses."""
    return "".join(line for line in rules.splitlines(keepends=True) if not line.lstrip().startswith("ip6 "))


_MASTER, _MAIN = "/etc/postfix/master.cf", "/etc/postfix/main.cf"

MUTANTS = (
    # A whole network of strangers may relay (RELAY-2), so also one who forges a user's address without logging in
    # (REMOTE-1). The role's own dialogue, from the host itself, sees nothing of it.
    Mutant(
        "open-relay",
        frozenset({"RELAY-2", "REMOTE-1"}),
        (
            Change("postfix", _MAIN, "\nmynetworks = ", "\nmynetworks = 203.0.113.0/24, [2001:db8:ffff::]/64 "),
            Change(
                "postfix",
                _MASTER,
                "smtpd_relay_restrictions = reject_unauth_destination",
                "smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination",
            ),
        ),
    ),
    # abuse of one domain is missing: a required address (ROLE-1), a role that reaches nobody (ROLE-5), so that
    # nobody answers (ROLE-3), one that is not kept up to date (AUDIT-6), and an address that people may send as but
    # that cannot be answered (ADDR-5, INT-1).
    Mutant(
        "role-missing",
        frozenset({"ROLE-1", "ROLE-3", "ROLE-5", "ADDR-5", "INT-1", "AUDIT-6"}),
        (
            Change(
                "postfix",
                "/etc/postfix/virtual_aliases",
                "\nabuse@chem.college.ac.uk",
                "\n#abuse@chem.college.ac.uk",
            ),
        ),
    ),
    # A message that is submitted without To: leaves without it.
    Mutant(
        "no-recipients-line",
        frozenset({"MSG-1"}),
        (
            Change(
                "postfix",
                _MASTER,
                "{ undisclosed_recipients_header = To: undisclosed-recipients:; }",
                "{ undisclosed_recipients_header = }",
            ),
        ),
    ),
    # An address without a domain gets the primary one by guessing; what leaves is whole, but nobody may have it.
    Mutant(
        "default-domain",
        frozenset({"INT-3"}),
        (Change("postfix", _MASTER, "header_rewrite_clients=\n", "header_rewrite_clients=static:all\n"),),
    ),
    # Internal addresses leave as they are.
    Mutant(
        "rewriting-off",
        frozenset({"INT-4"}),
        (Change("postfix", _MASTER, "canonical_maps=lmdb:/etc/postfix/internal", "canonical_maps="),),
    ),
    # The border turns mail ports away over IPv4 alone: over IPv6 other machines of the campus are reached on port
    # 25 and reach it outside (RELAY-1), and are reached on the submission ports (RELAY-3). The hosts look after
    # themselves, so no more than that.
    Mutant("border-open-on-v6", frozenset({"RELAY-1", "RELAY-3"}), border=_without_v6),
    # The reverse records are not published.
    Mutant("no-reverse", frozenset({"DNS-1"}), records=lambda line: " PTR " not in line.replace("\t", " ")),
)


GATEWAY_MUTANTS = (
    # The gateway takes everybody: neither the list nor the next hop is asked who is there. An unknown recipient is
    # then accepted, which must bounce later (GATE-1, ADDR-5), and a system that hands back what it does not know
    # gets it again. Nobody else can relay, so no more than that.
    Mutant(
        "gateway-accepts-all",
        frozenset({"GATE-1", "ADDR-5"}),
        (
            Change(
                "postfix",
                _MAIN,
                "relay_recipient_maps = lmdb:/etc/postfix/relay_recipients",
                "relay_recipient_maps =",
            ),
            Change("postfix", "/etc/postfix/gateway_asked", "reject_unverified_recipient", "DUNNO"),
        ),
    ),
    # What the system behind calls its people is not changed on the way out, and the filter lets it out to nobody
    # (GATE-2).
    # The people of the site, who log in, still have their internal addresses rewritten (INT-4).
    Mutant(
        "gateway-rewriting-off",
        frozenset({"GATE-2"}),
        (Change("postfix", _MAIN, "canonical_maps = lmdb:/etc/postfix/internal", "canonical_maps ="),),
    ),
    # The system behind may write whom it likes in MAIL FROM: a relay for its mistakes (GATE-1, RELAY-2).
    Mutant(
        "gateway-as-anybody",
        frozenset({"GATE-1", "RELAY-2"}),
        (Change("postfix", _MASTER, "check_client_access cidr:/etc/postfix/gateway_clients, reject", "reject"),),
    ),
)
"""Of the site with gateways (inventories/gateway)."""


def made(mutant: Mutant, project: Path, folder: Path) -> Path:
    """A copy of a built project with the mutant's changes in it; FILES.json agrees with them."""
    place = folder / mutant.name
    shutil.copytree(project, place, symlinks=True)
    for change in mutant.changes:
        (listed,) = place.glob(f"hosts/*/{change.component}/FILES.json")
        file = listed.parent / change.path.lstrip("/")
        before = file.read_text(encoding="utf-8")
        assert change.old in before, f"{mutant.name}: {change.path} has no {change.old!r}"
        after = before.replace(change.old, change.new)
        file.write_text(after, encoding="utf-8")
        document = json.loads(listed.read_text(encoding="utf-8"))
        for entry in document["files"]:
            if entry["path"] == change.path:
                entry["sha256"] = hashlib.sha256(after.encode()).hexdigest()
        listed.write_text(json.dumps(document), encoding="utf-8")
    return place
