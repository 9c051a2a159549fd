"""Distribution lists and who is on them.

What the addresses of a list do (``physics-owner@``, ``physics-request@`` ...) is in ``ADDRESSES``; ``routes`` has
them all. The list server (Mailman) takes posts from its host's mailer on ``INWARD`` and sends by ``OUTWARD`` of the
same mailer; both are ports of the host's loopback address, for one Unix user each.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from ipaddress import ip_network

from mailwright.findings import Place
from mailwright.plan import names
from mailwright.plan.errors import Faults
from mailwright.plan.model import Because, DistributionList, Grant, Known, Member, Opening
from mailwright.site import model
from mailwright.site.addresses import key
from mailwright.site.distribution import FURTHER, OF_THE_SYSTEM, WORDS, circles
from mailwright.site.model import Host, Membership, Site

ADDRESSES = FURTHER
"""What follows the hyphen in the further addresses of each list."""

INWARD = 8024
"""Where the list server takes posts by LMTP."""
OUTWARD = 10026
"""Where the mailer takes what the list server sends."""
LOOPBACK = ip_network("127.0.0.1/32")
USER = "list"
"""The Unix user of the list server, in Debian's base system."""

_LIST = Because("LIST-1", "a distribution list, expanded by the list server")
_NAMED = Because("LIST-2", "the description names the member")
_ATTRIBUTE = Because("LIST-2", "everybody of whom the file of the people says so")
_SENDS = Because("LIST-3", "the list server sends what it has expanded by the mailer of its host")
_POSTS = Because("LIST-3", "posts come to the list server from the mailer alone, which says who sent them")


def keeper(site: Site) -> Host | None:
    """The host that keeps the lists; None where there are no lists, or no one host that can."""
    hosts = names.with_function(site, "lists")
    return hosts[0] if site.lists and len(hosts) == 1 and "mx" in hosts[0].functions else None


def grants(site: Site) -> Iterator[Grant]:
    """The list server relays by its host's mailer."""
    if (host := keeper(site)) is not None:
        yield Grant(host.name, OUTWARD, LOOPBACK, _SENDS)


def openings(site: Site) -> Iterator[Opening]:
    """On the list host's loopback address: to the mailer for the list server alone, and the other way round."""
    if (host := keeper(site)) is not None:
        yield Opening(host.name, "out", "tcp", OUTWARD, (LOOPBACK,), _SENDS, user=USER)
        yield Opening(host.name, "out", "tcp", INWARD, (LOOPBACK,), _POSTS, user="postfix")


def rows(site: Site, faults: Faults) -> Iterator[DistributionList]:
    """The lists.

    Faults: a host for lists, and none described; or no host for them, more than one, one that is no mailer, or one
    of a release on which lists were not tried; a list in a domain that is not the site's, one address twice, a name
    that Mailman reads as another one or that is the mail system's; an owner, moderator, poster or member who is
    nobody's login; lists that lead back to themselves.
    """
    if not site.lists:
        for idle in names.with_function(site, "lists"):
            faults.add(
                "no-list",
                f"the host {idle.name} has the function lists, and no list is described",
                idle.where,
                "describe one under lists, or take lists out of the description and out of the host's functions",
            )
        return
    host = keeper(site)
    if host is None:
        said = ", ".join(each.name for each in names.with_function(site, "lists")) or "no host"
        faults.add(
            "list-host",
            f"lists are kept by one host, which has the function mx too; here it is {said}",
            site.lists[0].where,
            "write functions: [mx, lists, ...] at one host",
        )
        return
    if host.os != "debian-13":
        faults.add(
            "list-release",
            f"{host.name} runs {host.os}: lists were tried with the Mailman of debian-13 alone, which has other "
            "configuration, and a database that the older one cannot read",
            host.where,
            "give the function lists to a host with debian-13",
        )
    people = _People(site, faults)
    seen: dict[str, Place] = {}
    for row in site.lists:
        address = key(row.address)
        if _misnamed(site, row, faults):
            continue
        if address in seen:
            faults.add("list-twice", f"the list {address} is described twice", row.where, "describe each list once")
            continue
        seen[address] = row.where
        owners = tuple(sorted(people.addresses(row.owners, row, row.owner_places)))
        words = {word for word in row.post if word in WORDS}
        posters = people.addresses(tuple(one for one in row.post if one not in words), row)
        yield DistributionList(
            address=address,
            title=row.title,
            host=host.name,
            owners=owners,
            moderators=tuple(sorted(people.addresses(row.moderators, row))) or owners,
            post=tuple(sorted(words | set(posters))),
            moderated=row.moderated,
            known=_known(row.members),
            group=row.members.group,
            because=_LIST,
        )
    for ring, where in circles(site):
        faults.add(
            "list-circle",
            f"mail to a list goes round in a circle: {' → '.join(ring)}",
            where,
            f"take {ring[1]} out of the members of {ring[0]}",
        )


def members(site: Site, faults: Faults) -> Iterator[Member]:
    """Members of the lists of which the description or the file of the people says who they are, each once."""
    people = _People(site, faults)
    seen: set[str] = set()
    for row in site.lists:
        address = key(row.address)
        if address in seen:
            continue
        seen.add(address)
        for member in people.addresses(row.members.named, row, row.members.places):
            yield Member(address, member, _NAMED)
        for member in people.with_all(row.members.attributes):
            yield Member(address, member, _ATTRIBUTE)


def _misnamed(site: Site, row: model.DistributionList, faults: Faults) -> bool:
    further = row.local.rpartition("-")[2]
    if "-" in row.local and further in ADDRESSES:
        faults.add(
            "list-name",
            f"{row.address} ends like a further address of a list: mail to it is a matter of the list "
            f"{row.local.removesuffix('-' + further)}, and never a post",
            row.where,
            "call it otherwise",
        )
        return True
    if row.local in OF_THE_SYSTEM:
        faults.add(
            "list-name",
            f"{row.address} is the mail system's own: what it has to say goes to the postmaster",
            row.where,
            "call it otherwise",
        )
        return True
    if not names.own(site, row.address):
        faults.add(
            "list-domain",
            f"the list {row.local} is in {row.domain}, which is none of the site's mail domains",
            row.where,
            "add it to domains, or leave it out: lists are in the primary domain",
        )
        return True
    return False


def _known(membership: Membership) -> Known:
    if membership.by_owners:
        return "live"
    return "deploy" if membership.group else "build"


class _People:
    """What logins and addresses stand for: the published address of a person, any other one in look-up form."""

    def __init__(self, site: Site, faults: Faults) -> None:
        self._site = site
        self._faults = faults
        self._published: dict[str, str] = {}
        self._having: defaultdict[tuple[str, str], dict[str, None]] = defaultdict(dict)
        for person in site.people:
            published = key(person.address)
            self._published[person.login] = published
            for other in (*person.aliases, *person.internal):
                self._published[key(other)] = published
            self._having["department", person.department][published] = None
            self._having["category", person.category][published] = None

    def addresses(
        self, said: Sequence[str], row: model.DistributionList, places: Sequence[Place] = ()
    ) -> tuple[str, ...]:
        """Each once. Fault: a login that is nobody's."""
        found: dict[str, None] = {}
        for one, where in _placed(said, row, places):
            if "@" in one:
                plain = key(one) if names.own(self._site, one) else one
                found[self._published.get(key(one), plain)] = None
            elif one in self._published:
                found[self._published[one]] = None
            else:
                self._faults.add(
                    "unknown-login",
                    f"the list {row.local} speaks of {one}, which is nobody's login"
                    if not self._site.live
                    else f"the list {row.local} speaks of {one}, and only the directory knows whose login that is",
                    where,
                    "name a person's login or an address" if not self._site.live else "write the person's address",
                )
        return tuple(found)

    def with_all(self, attributes: Sequence[tuple[str, str]]) -> tuple[str, ...]:
        """Everybody with all of these attributes; nobody for none."""
        if not attributes:
            return ()
        first, *rest = (self._having[pair] for pair in attributes)
        return tuple(address for address in first if all(address in other for other in rest))


def _placed(
    said: Sequence[str], row: model.DistributionList, places: Sequence[Place]
) -> Iterator[tuple[str, Place]]:
    for index, one in enumerate(said):
        yield one, places[index] if index < len(places) else row.where
