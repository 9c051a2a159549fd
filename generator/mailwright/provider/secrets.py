"""Whose secrets on the control machine a customer's description may name (SCALE-2).

Nobody reads them here; an apply copies them to hosts. The provider's folder ``secrets`` has everybody's, so a path
is a wall: a customer that named another's would have that one's passwords, or sign as that one.
"""

from __future__ import annotations

import posixpath

from mailwright.findings import Findings
from mailwright.provider.limits import matching
from mailwright.provider.model import Head
from mailwright.source.nodes import Mapping, Scalar

FOLDER = "secrets"
"""Of private keys and first passwords, from the provider's folder or a built project on; no repository has it."""

# Every setting of the schema that is a path on the control machine; ``claims`` compares what they say.
_EVERYWHERE = ("/store/passwords", "/dkim/private_key", "/audit/mailboxes/*/password", "/audit/outside/password")
_OWN_HOSTS = (*_EVERYWHERE, "/smarthost/password", "/directory/password", "/tls/certificate", "/tls/key")

_FIX = "Leave it out, or name a file below {}/: links and '..' do not lead out of it."


def folder(id_: str) -> str:
    """Where a customer's secrets are, from the provider's folder or a built project on."""
    return f"{FOLDER}/{id_}"


def passwords(id_: str) -> str:
    """Where an apply finds the first passwords of a customer on shared hosts, unless it says otherwise."""
    return f"{folder(id_)}/passwords"


def within(path: str, above: str) -> bool:
    """Whether a path is a plain one below the folder ``above``: relative, and written in the one way there is."""
    return path.startswith(f"{above}/") and posixpath.normpath(path) == path


def check(head: Head, own: Mapping, joined: Mapping, findings: Findings) -> None:
    """Adds a finding for each path that a customer's description may not name, at its line.

    own     what the customer's own files say
    joined  with the provider's layers below it: on shared hosts whoever says it is held to the customer's folder,
            as it is when it is applied; of hosts of its own the provider's layers may say anything
    """
    root, pointers = (joined, _EVERYWHERE) if head.platform else (own, _OWN_HOSTS)
    above = folder(head.id) if head.platform else FOLDER
    for pointer in pointers:
        for place, node in matching(root, pointer):
            said = node.value if isinstance(node, Scalar) else None
            if isinstance(said, str) and not within(said, above):
                message = f"{place.pointer} of {head.id} is not a plain path below {above}/: {said}"
                findings.error("customer.secret", message, place, _FIX.format(above))
