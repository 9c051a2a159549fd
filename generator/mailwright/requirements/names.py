"""Domain names that look complete and are not."""

from __future__ import annotations

# Trees outside the public DNS (RFC 6761, RFC 6762, RFC 8375, ICANN's list of name collisions). The trees of
# examples and tests (example, test, invalid) are left out on purpose: rehearsals use them.
PRIVATE_TREES = frozenset(
    {"local", "localdomain", "localhost", "lan", "home", "corp", "internal", "intranet", "private", "arpa"}
)


def in_public_dns(name: str) -> bool:
    """Whether the name, in lower case, can be looked up by others: it does not end in a private tree."""
    return name.rpartition(".")[2] not in PRIVATE_TREES
