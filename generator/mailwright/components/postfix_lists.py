"""The part of Postfix's files that leads to distribution lists.

All mailers know the lists by the same table. On their host posts go to the list server, from the others to the list
host's port for them.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailwright import resources
from mailwright.components.model import File, once
from mailwright.formats import postfix
from mailwright.formats.engine import Verbatim
from mailwright.plan import links, lists
from mailwright.plan.model import HostFacts, Plan
from mailwright.records import dataclass
from mailwright.site.addresses import domain


@dataclass(frozen=True, slots=True)
class Way:
    """The way from a host to the lists. ``here``: it keeps them; ``maps``: what its transport_maps begin with."""

    here: bool
    road: Verbatim

    @property
    def maps(self) -> Verbatim:
        return Verbatim(
            f"pipemap:{{lmdb:/etc/postfix/lists, static:{{{self.road}}}}}, regexp:/etc/postfix/list_roads"
        )


def way(plan: Plan, host: HostFacts) -> Way | None:
    """None for a site without lists."""
    if not plan.lists:
        return None
    keeper = plan.lists[0].host
    if keeper == host.name:
        return Way(True, Verbatim(f"mailman:inet:{postfix.next_hop('127.0.0.1', lists.INWARD)}"))
    return Way(False, Verbatim(f"lists:{postfix.next_hop(keeper, links.LISTS)}"))


def list_files(plan: Plan, host: HostFacts) -> Iterator[File]:
    """The tables of lists; none where there are none."""
    road = way(plan, host)
    if road is None:
        return
    yield File("/etc/postfix/lists", _addresses(plan), "root", "postfix", 0o640, personal=True)
    yield File("/etc/postfix/list_roads", _roads(plan, road.road))
    for name in ("list_details", "list_verdict", *(("list_replies",) if road.here else ())):
        text = (resources.folder("templates") / f"postfix/{name}").read_text(encoding="utf-8")
        yield File(f"/etc/postfix/{name}", text)


@once
def _addresses(plan: Plan) -> str:
    return postfix.store_table(
        "LIST-1: addresses of lists, and the host that keeps them.",
        ((route.address, plan.lists[0].host) for route in plan.routes if route.kind == "list"),
    )


def _roads(plan: Plan, road: Verbatim) -> str:
    """Of addresses with a tail, of which smtpd has found out whether they are a list's: tables of ways take no part
    of an address over into an answer."""
    domains = sorted({domain(row.address) for row in plan.lists})
    return postfix.detail_table(
        "LIST-1: the way to the lists for addresses with a + and a word of Mailman's (list_details).", domains, road
    )
