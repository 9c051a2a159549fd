"""Who may post to a list, decided from the verdict of the site's mailers and from the description (LIST-3).

The mailers write one line ``X-Mailwright-Poster`` into each message to a list, and take out those that come in:

    inside; login=ab12; from=a@own.ac.uk                    it was submitted with this login
    vouched; by=spf; from=a@partner.ac.uk                   SPF or DKIM bears out the domain of From:, or the system
                                                            behind a gateway, which writes as its own domains alone
    unproven; from=a@partner.ac.uk                          anybody may have written it

What anybody may have written gets no answer: it would go to somebody who has nothing to do with it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

HEADER = "X-Mailwright-Poster"
FILE = "/etc/mailman3/mailwright.json"

Kind = Literal["inside", "vouched", "unproven"]
Action = Literal["accept", "hold", "reject", "discard"]

_ADDRESS = r"[^\s;<>,]{1,254}@[^\s;<>,@]{1,254}"
_NEEDLESS = re.compile(r'"([^\s"\\@]+)"')
_LINE = re.compile(
    r"(?:inside; login=(?P<login>[^\s;]{1,254})|vouched; by=(?:dkim|spf|gateway)|unproven)"
    rf"(?:; from=(?P<address>{_ADDRESS}))?"
)


@dataclass(frozen=True)
class Verdict:
    """What the site's mailers say of who sent a message. ``address`` is that of From:, in small letters."""

    kind: Kind
    address: str = ""
    login: str = ""


@dataclass(frozen=True)
class Policy:
    """Who may post to one list. ``post`` has the words members, managers, organisation, anyone, and addresses.

    parents  lists that have this one as a described member: what they deliver comes in
    """

    post: frozenset[str]
    moderated: bool
    parents: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Site:
    """What the description says. ``people`` has the addresses of each login."""

    domains: frozenset[str]
    lists: dict[str, Policy]
    live: frozenset[str]  # lists whose members their owners manage
    people: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str) -> Site:
        """From the text of FILE. Raises ValueError, KeyError, TypeError for what is none."""
        data: dict[str, Any] = json.loads(text)
        parents: dict[str, set[str]] = {}
        for address, row in data["lists"].items():
            for member in row["members"]:
                if member in data["lists"]:
                    parents.setdefault(member, set()).add(address)
        return cls(
            frozenset(data["domains"]),
            {
                address: Policy(frozenset(row["post"]), bool(row["moderated"]), frozenset(parents.get(address, ())))
                for address, row in data["lists"].items()
            },
            frozenset(address for address, row in data["lists"].items() if row["known"] == "live"),
            {login: tuple(addresses) for login, addresses in data["people"].items()},
        )

    def own(self, address: str) -> bool:
        return plain(address).rpartition("@")[2] in self.domains


_last: list[tuple[tuple[int, int], Site]] = []


def site(path: str = FILE) -> Site:
    """The description, read again when its file is another one."""
    status = Path(path).stat()
    stamp = (status.st_mtime_ns, status.st_ino)
    if not _last or _last[0][0] != stamp:
        _last[:] = [(stamp, Site.read(Path(path).read_text(encoding="utf-8")))]
    return _last[0][1]


def plain(address: str) -> str:
    """An address as the description writes it, however From: does: what a reader takes for an address of the site
    or for a member's is held against those (LIST-3). Quotes that are not needed go (RFC 5322, 3.4.1), and so does
    the dot of the root; a name of other letters is in its ASCII form (RFC 5890), or as it is where it has none."""
    local, at, name = address.lower().rpartition("@")
    quoted = _NEEDLESS.fullmatch(local)
    name = name.rstrip(".")
    if not name.isascii():
        with suppress(UnicodeError):
            name = name.encode("idna").decode("ascii").rstrip(".")
    return f"{quoted[1] if quoted else local}@{name}" if at and name else address.lower()


def verdict(lines: Sequence[str], authors: Sequence[str]) -> Verdict:
    """From the header's lines and the addresses in From:. Unproven unless there is one line, of that one author."""
    address = plain(authors[0]) if len(authors) == 1 else ""
    match = _LINE.fullmatch(lines[0].strip()) if len(lines) == 1 else None
    if match is None or not address or (match["address"] or "").lower() != address:
        return Verdict("unproven", address)
    kind: Kind = "inside" if match["login"] else "vouched" if lines[0].strip().startswith("vouched") else "unproven"
    return Verdict(kind, address, match["login"] or "")


def identities(site: Site, who: Verdict) -> tuple[str, ...]:
    """The addresses that a proven author has; none of one who is not proven."""
    if who.kind == "unproven":
        return ()
    return tuple(dict.fromkeys((who.address, *site.people.get(who.login, ()))))


def decide(
    site: Site,
    address: str,
    who: Verdict,
    is_member: Callable[[str], bool],
    is_manager: Callable[[str], bool],
    parents: Sequence[str] = (),
    *,
    strict: bool = False,
) -> tuple[Action, str]:
    """What becomes of a post to the list ``address``, and why.

    parents  the lists of this server that it has come through, the last one last
    strict   the author's domain asks others to refuse or set aside what neither SPF nor DKIM bears out (DMARC). So
             From: is rewritten, and what nobody is to believe would leave as the list's, and be believed
    """
    policy = site.lists.get(address)
    mine = identities(site, who)
    if policy is None:
        return ("reject" if mine else "discard"), "this list is closed"
    manages = any(is_manager(one) for one in mine)
    if parents and parents[-1] in policy.parents:
        allowed = True
    elif mine:
        allowed = (
            "anyone" in policy.post
            or ("organisation" in policy.post and who.kind == "inside")
            or ("managers" in policy.post and manages)
            or any(one in policy.post for one in mine)
            or ("members" in policy.post and any(is_member(one) for one in mine))
        )
    elif not who.address or site.own(who.address):
        return "discard", "an address of this site, and not submitted with its login"
    elif (
        who.address in policy.post
        or ("members" in policy.post and is_member(who.address))
        or ("managers" in policy.post and is_manager(who.address))
        or ("anyone" in policy.post and (is_member(who.address) or is_manager(who.address)))
    ):
        return "hold", "neither SPF nor DKIM bears out who sent it"
    else:
        allowed = "anyone" in policy.post
        if allowed and strict:
            return "hold", "neither SPF nor DKIM bears out who sent it, as the author's domain asks for"
    if policy.moderated and not manages:
        if allowed:
            return "hold", "every post to this list waits for a moderator"
    elif allowed or (policy.moderated and manages):
        return "accept", ""
    return ("reject" if mine else "discard"), "you may not post to this list"
