"""What nobody else may have among a provider's customers and platforms: ids, names, secrets and keys (SCALE-2).

A check, a build and a review ask here, so that all of them say the same of the same fault.
"""

from __future__ import annotations

import hashlib
import posixpath
from collections import defaultdict
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from mailwright.findings import Finding, Level, Place, Status
from mailwright.provider.secrets import FOLDER
from mailwright.records import dataclass

if TYPE_CHECKING:
    from mailwright.provider.platform import Shared
    from mailwright.site.model import Site

Said = tuple[str, Place]
"""A name, or a path, and where it is said."""


@dataclass(frozen=True, slots=True)
class Claimant:
    """A customer, or a platform, and what it claims.

    id        of a customer; of a platform ``platform shared``
    where     the beginning of its file
    platform  of a customer on shared hosts, and of the platform itself, its name; empty: hosts of its own
    names     lower case, A-labels: domains, internal ones, and hosts that are its own
    secrets   paths on the control machine, from its project on
    keys      SHA-256 of public keys that sign its mail
    """

    id: str
    where: Place
    platform: str = ""
    names: tuple[Said, ...] = ()
    secrets: tuple[Said, ...] = ()
    keys: tuple[Said, ...] = ()

    @property
    def is_platform(self) -> bool:
        return self.id.startswith("platform ")

    def __str__(self) -> str:
        return f"the {self.id}" if self.is_platform else self.id


@dataclass(frozen=True, slots=True)
class Clash:
    """Something that is claimed and may not be: ``what`` it is, by whom, and a finding at the place of each."""

    kind: Literal["id", "name", "secret", "key"]
    what: str
    claimants: tuple[Claimant, ...]
    findings: tuple[Finding, ...]


def of_customer(id_: str, where: Place, platform: str, site: Site) -> Claimant:
    said = tuple(_names(site, not platform))
    return Claimant(id_, where, platform, said, tuple(_secrets(site)), tuple(_keys(site)))


def of_platform(name: str, where: Place, site: Site) -> Claimant:
    """Its name is that of a folder beside those of customers with hosts of their own, and so is claimed too."""
    said = ((name.lower(), where), *_names(site, True))
    return Claimant(f"platform {name}", where, name, said, tuple(_secrets(site)), tuple(_keys(site)))


def of_platforms(platforms: Mapping[str, Shared]) -> Iterator[Claimant]:
    for name, shared in platforms.items():
        yield of_platform(name, Place(str(shared.platform.file), 1, 1), shared.site)


def _names(site: Site, hosts: bool) -> Iterator[Said]:
    for domain in site.domains:
        yield domain.name, domain.where
    for inner in site.internal_domains:
        yield inner.name, inner.where
    for host in site.hosts if hosts else ():
        yield host.name, host.where


def _secrets(site: Site) -> Iterator[Said]:
    """All that ``provider.secrets`` knows as one; a certificate too, since what it names is copied to hosts."""
    yield site.store.passwords, site.store.where
    if site.dkim is not None:
        yield site.dkim.private_key, site.dkim.where
    for mailbox in (*site.audit.mailboxes, *([site.audit.outside] if site.audit.outside is not None else ())):
        yield mailbox.password, mailbox.where
    if site.sharing is not None:
        return
    for host in site.hosts:
        for path in (site.tls.key, site.tls.certificate):
            yield path.replace("{host}", host.name), site.tls.where
    if site.smarthost is not None and site.smarthost.password:
        yield site.smarthost.password, site.smarthost.where
    if site.directory is not None and site.directory.password:
        yield site.directory.password, site.directory.where


def _keys(site: Site) -> Iterator[Said]:
    if site.dkim is not None:
        yield hashlib.sha256(site.dkim.public_key.encode()).hexdigest(), site.dkim.where


def findings(claimants: Iterable[Claimant], wide: Container[str]) -> Iterator[Finding]:
    """All that is to be said of them: what clashes, and names that are not proven.

    wide  domains that somebody may have although others have some below, as the provider says
    """
    everybody = tuple(claimants)
    for clash in (*ids(everybody), *clashes(everybody, wide)):
        yield from clash.findings
    yield from below(everybody)


def clashes(claimants: Iterable[Claimant], wide: Container[str]) -> Iterator[Clash]:
    """Of all but ids."""
    everybody = tuple(claimants)
    near = _near(everybody)
    yield from names(near)
    yield from above(near, wide)
    yield from secrets(everybody)
    yield from keys(everybody)


def ids(claimants: Iterable[Claimant]) -> Iterator[Clash]:
    """Several customers of one id."""
    having: dict[str, list[Claimant]] = defaultdict(list)
    for one in claimants:
        having[one.id].append(one)
    for id_, several in having.items():
        if len(several) > 1:
            told = []
            for one in several:
                others = ", ".join(other.where.file for other in several if other is not one)
                message = f"{id_!r} is the id of another customer too: {others}"
                fix = "Give one of them another id (customer:), or take one file away."
                told.append(_fault("customer.same-id", message, fix, one.where))
            yield Clash("id", id_, tuple(several), tuple(told))


_Held = dict[str, tuple[Claimant, Place]]
"""Who claims something, by id, and where first."""


def _shared(said: Iterable[tuple[str, Claimant, Place]]) -> dict[str, _Held]:
    """What several claim. Of thousands of customers hardly any does, so little is made of the others."""
    first: _Held = {}
    shared: dict[str, _Held] = {}
    for what, one, place in said:
        held = first.setdefault(what, (one, place))
        if held[0].id != one.id:
            shared.setdefault(what, {held[0].id: held}).setdefault(one.id, (one, place))
    return {what: shared[what] for what in first if what in shared} if shared else {}


def _of_names(claimants: Iterable[Claimant]) -> dict[str, _Held]:
    held: dict[str, _Held] = defaultdict(dict)
    for one in claimants:
        for name, place in one.names:
            held[_plainly(name)].setdefault(one.id, (one, place))
    return held


def _plainly(name: str) -> str:
    return name.lower().rstrip(".")


def _near(claimants: Sequence[Claimant]) -> list[Claimant]:
    """Those of whose names one is another's too, or lies above or below another's. The rest have nothing to do with
    each other, and are nearly all."""
    owners: dict[str, str] = {}
    near: set[str] = set()
    for one in claimants:
        for name, _place in one.names:
            owner = owners.setdefault(_plainly(name), one.id)
            if owner != one.id:
                near |= {owner, one.id}
    for name, id_ in owners.items():
        _label, _dot, above = name.partition(".")
        while above:
            owner = owners.get(above, id_)
            if owner != id_:
                near |= {owner, id_}
            _label, _dot, above = above.partition(".")
    return [one for one in claimants if one.id in near]


def names(claimants: Iterable[Claimant]) -> Iterator[Clash]:
    """Names that several claim."""
    for name, holders in _of_names(claimants).items():
        if len(holders) > 1:
            told = []
            for one, place in holders.values():
                others = "; ".join(f"{other} ({at})" for other, at in holders.values() if other is not one)
                message = f"{name} is claimed by {one} and by {others}"
                told.append(_fault("customer.claimed-twice", message, "Leave it to the one whose it is.", place))
            yield Clash("name", name, tuple(one for one, _ in holders.values()), tuple(told))


def above(claimants: Iterable[Claimant], wide: Container[str]) -> Iterator[Clash]:
    """Names above those of others: whoever has one answers for all below it (DMARC, RFC 7489, 3.1.1; DNS).

    A platform's own is the provider's, who may give names below it to customers.
    """
    held = _of_names(claimants)
    beneath: dict[str, list[str]] = defaultdict(list)
    for name in held:
        labels = name.split(".")
        over = (".".join(labels[index:]) for index in range(1, len(labels)))
        if (parent := next((one for one in over if one in held), None)) is not None:
            beneath[parent].append(name)
    for parent, inner in beneath.items():
        for id_, (one, place) in held[parent].items():
            others = [name for name in inner if id_ not in held[name]]
            if one.is_platform or not others or parent in wide or len(held[parent]) > 1:
                continue  # what is claimed twice is told as that
            other, at = next(iter(held[others[0]].values()))
            more = f", and above {len(others) - 1} more of others" if len(others) > 1 else ""
            message = f"{parent} of {one} lies above {others[0]} of {other} ({at}){more}"
            fix = "Leave it to whose it is; where all of them know, the provider says it in wide_domains."
            yield Clash("name", parent, (one,), (_fault("customer.above-another", message, fix, place),))


def keys(claimants: Iterable[Claimant]) -> Iterator[Clash]:
    """Public keys that several have: whoever holds the private one signs as all of them (DKIM, RFC 6376, 8.5)."""
    for key, holders in _shared((key, one, place) for one in claimants for key, place in one.keys).items():
        told = []
        for one, place in holders.values():
            others = ", ".join(str(other) for other, _ in sorted(holders.values(), key=_by_id) if other != one)
            message = f"the public key of {one} is that of {others}, too: either can sign as the other"
            told.append(_fault("customer.same-key", message, "Make a pair of keys for each.", place))
        yield Clash("key", key, tuple(one for one, _ in holders.values()), tuple(told))


def below(claimants: Iterable[Claimant]) -> Iterator[Finding]:
    """Of a name below one of somebody else's it is not proven that both know: colleges do have departments that are
    customers by themselves, and receivers trust the one for the other (DMARC, RFC 7489, 3.1.1). A platform's own
    domain is the provider's, who may give names below it to customers."""
    held = _of_names(_near(tuple(claimants)))
    for name, holders in held.items():
        labels = name.split(".")
        above = (".".join(labels[index:]) for index in range(1, len(labels) - 1))
        parent = next((one for one in above if one in held), None)
        if parent is None:
            continue
        owners = held[parent]
        for id_, (one, place) in holders.items():
            others = [found for other, found in owners.items() if other != id_ and not found[0].is_platform]
            if id_ in owners or not others or one.is_platform:
                continue
            other, at = others[0]
            message = f"{name} of {one} is below {parent} of {other} ({at}), who may not know"
            yield Finding(
                "customer.below-another", "", Level.ADVICE, Status.NOT_PROVEN, message, "Ask both.", place
            )


def secrets(claimants: Iterable[Claimant]) -> Iterator[Clash]:
    """Secrets that several name, and those in the folder of another customer.

    People of two customers may have the same login: with the same first passwords they would have the same one.
    With hosts of its own a customer would get the key of another one, or of a platform, that its file names. (Where
    first passwords are, when nobody says it, is the same path for all.)
    Paths start at a project's folder, in which ``secrets`` is most often a link to the one folder that the provider
    has, so what lies in the folder called like a customer is that customer's in every project.
    """
    from mailwright.site.read import PASSWORDS  # a build that changes nothing comes here never

    everybody = tuple(claimants)
    said = (
        (f"{one.platform}\0{path}", one, place)
        for one in everybody
        for path, place in _plain(one)
        if one.platform or (path != PASSWORDS and _says_itself(one, place))
    )
    for key, holders in _shared(said).items():
        path = key.partition("\0")[2]
        told = []
        for one, place in holders.values():
            others = ", ".join(str(other) for other, _ in sorted(holders.values(), key=_by_id) if other is not one)
            message = f"{path} is named as a secret of {one} and of {others}"
            told.append(_fault("customer.same-secret", message, "Give each a file of its own.", place))
        yield Clash("secret", path, tuple(one for one, _ in holders.values()), tuple(told))
    known = {one.id for one in everybody if not one.is_platform}
    of_platforms = {path: one for one in everybody if one.is_platform for path, _place in _plain(one)}
    for one in everybody:
        for path, place in _plain(one) if not one.platform else ():
            if (platform := of_platforms.get(path)) is not None and path != PASSWORDS and _says_itself(one, place):
                message = f"{path} is named as a secret of {one}, and of {platform}"
                told = [_fault("customer.same-secret", message, "Give each a file of its own.", place)]
                yield Clash("secret", path, (one,), tuple(told))
            root, _, rest = path.partition("/")
            owner, inside, _ = rest.partition("/")
            if root == FOLDER and inside and owner in known and owner != one.id:
                message = f"{path} is named as a secret of {one}, and lies in the folder of {owner}'s"
                told = [_fault("customer.same-secret", message, "Give each a file of its own.", place)]
                yield Clash("secret", path, (one,), tuple(told))


def _says_itself(one: Claimant, place: Place) -> bool:
    """Whether a customer's own files say it, and no layer of the provider's, which may say any path."""
    return place.file == one.where.file or place.file.startswith(f"{posixpath.splitext(one.where.file)[0]}/")


def _plain(one: Claimant) -> Iterator[Said]:
    return ((posixpath.normpath(path), place) for path, place in one.secrets)


def _by_id(held: tuple[Claimant, Place]) -> str:
    return held[0].id


def _fault(id_: str, message: str, fix: str, place: Place) -> Finding:
    return Finding(id_, "", Level.ERROR, Status.FAIL, message, fix, place)
