"""One customer on both sides: what its layers make of it there and here, and what that means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cached_property
from functools import reduce as fold
from pathlib import Path
from typing import Literal

from mailwright.changes import words
from mailwright.changes.cause import Asked, both, broken, compared, judged
from mailwright.changes.groups import groups
from mailwright.changes.model import Change, Comparison, Kind, Severity
from mailwright.changes.model import Risk as SiteRisk
from mailwright.changes.provider import shared
from mailwright.changes.provider.model import Spot
from mailwright.changes.provider.own import Own
from mailwright.changes.provider.shared import Value, node_at, value_at
from mailwright.changes.reduce import reduce
from mailwright.changes.side import Made, Side, UnusableError
from mailwright.findings import Finding, Findings, Level, Place
from mailwright.plan import OF_HOSTS
from mailwright.plan.model import Plan
from mailwright.plan.retention import VIEW
from mailwright.provider.customer import Customer, read_customer
from mailwright.provider.model import Leaving, Provider, State
from mailwright.provider.platform import Shared
from mailwright.site.model import Site
from mailwright.site.read import Reading
from mailwright.source.layers import join, stack
from mailwright.source.nodes import Mapping as Mapping_

Which = Literal["old", "new"]


@dataclass(frozen=True)
class CustomerSide(Side):
    """A customer's joined description, which is a site like any other."""

    given: Reading = field(default_factory=lambda: Reading(None, None, ()))
    platform: Plan | None = None

    @cached_property
    def reading(self) -> Reading:
        return self.given

    @property
    def hosts(self) -> Plan | None:
        return self.platform


@dataclass(frozen=True)
class World:
    """One side, as far as all customers share it.

    layers  files as people know them → the layer that each is
    shown   a path, or a sentence with paths, as people know them
    """

    provider: Provider
    platforms: Mapping[str, Shared]
    layers: Mapping[str, str]
    shown: Callable[[str], str]
    prefix: str

    def read(self, path: Path) -> Customer:
        return read_customer(self.provider, self.platforms, path)

    def spot(self, place: Place | None, id_: str) -> Spot | None:
        if place is None:
            return None
        return Spot(self.layers.get(place.file, f"customer {id_}"), place)


@dataclass(frozen=True, slots=True)
class Facts:
    """What has to be known of a customer on one side when all are looked at together.

    spots  where each of its domains is said, as people know the place
    """

    id: str
    platform: str
    profiles: tuple[str, ...]
    leaving: Leaving | None
    state: State
    domains: tuple[str, ...]
    organisation: str
    where: Place
    people: int
    inside: tuple[str, ...] = ()
    spots: Mapping[str, Spot] = field(default_factory=dict)

    def spot(self, domain: str = "") -> Spot:
        """Where it says the domain; or, without one, where its file begins."""
        return self.spots.get(domain) or Spot(f"customer {self.id}", self.where)

    @property
    def all_domains(self) -> tuple[str, ...]:
        """With those that are only used inside."""
        return tuple(dict.fromkeys((*self.domains, *self.inside)))


@dataclass(frozen=True, slots=True)
class Effect:
    """Changes that are alike to one customer.

    own     the sentence with all names; said: without the customer's own, the same for all that it is the same to
    counted whether ``said`` wants its number in front
    """

    section: str
    kind: Kind
    own: str
    said: str
    counted: bool
    note: str
    times: int


@dataclass(frozen=True, slots=True)
class Danger:
    """A risk of one customer; ``own`` and ``said`` as of an Effect."""

    rule: str
    severity: Severity
    own: str
    said: str
    safely: str
    spot: Spot | None
    forced: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one customer. It is handed from one process to another.

    edited    its own files differ
    same      its joined description and its files are the same on both sides
    affected  numbers of the shared values that make its description another; own, covered: of those that do not,
              since it sets its own, or another layer says it; unmoved: of those that say the same in other words
    faults    of the side that cannot be used
    fails     ids of rules with a MUST that it breaks on the new side
    """

    id: str
    old: Facts | None
    new: Facts | None
    same: bool = False
    edited: bool = False
    effects: tuple[Effect, ...] = ()
    dangers: tuple[Danger, ...] = ()
    affected: tuple[int, ...] = ()
    unmoved: tuple[int, ...] = ()
    own: tuple[int, ...] = ()
    covered: tuple[int, ...] = ()
    faults: tuple[tuple[Which, tuple[Finding, ...]], ...] = ()
    fails: tuple[str, ...] = ()


@dataclass(frozen=True)
class Judge:
    """Everything that is the same for each customer that is judged.

    values     what shared layers say otherwise
    platforms  sentences and risks that the platforms' own reviews say already
    """

    old: World
    new: World
    asked: Asked
    values: Sequence[Value] = ()
    platforms: frozenset[str] = frozenset()

    def outcome(self, old: Path | None, new: Path | None, *, edited: bool) -> Outcome:
        """``edited``: its own files differ. At least one of the two paths is there."""
        if not edited and old is not None and new is not None and self.layers_alone:
            quick = self._looked_at(new)
            if quick is not None:
                return quick
        before = self.old.read(old) if old is not None else None
        after = self.new.read(new) if new is not None else None
        known = after or before
        assert known is not None  # noqa: S101
        id_ = known.head.id
        faults = tuple(_faults(((before, self.old, "old"), (after, self.new, "new"))))
        today = self.asked.today
        base = Outcome(
            id_, _facts(before, self.old, today), _facts(after, self.new, today), edited=edited, faults=faults
        )
        if faults or after is None:
            return base
        if before is None:
            return self._added(base, after)
        return self._compared(base, before, after, edited=edited)

    def _looked_at(self, path: Path) -> Outcome | None:
        """What can be said of a customer whose own file is the same without judging it: that no value that layers
        say otherwise reaches it. None where one does, or its layers have to be read as a whole to know."""
        files = stack(path, Findings(), wall=path.with_suffix(""))
        if not files:
            return None
        top = files[-1]
        profiles = shared.plain(node_at(top, "/profiles"))
        platform = shared.plain(node_at(top, "/platform"))
        names = [] if profiles is shared.MISSING else profiles
        on_the_same = isinstance(platform, str) and platform in self.same_platforms
        if not isinstance(names, list) or not (platform is shared.MISSING or on_the_same):
            return None
        sides = [self._joined(world.provider, names, files) for world in (self.old, self.new)]
        before, after = sides
        if before is None or after is None:
            return None
        used = {"defaults", *(f"profile {name}" for name in names)}
        own: list[int] = []
        covered: list[int] = []
        for number, value in enumerate(self.values):
            if value.layer not in used:
                continue
            one, other = node_at(before, value.pointer), node_at(after, value.pointer)
            if shared.plain(one) != shared.plain(other):
                return None
            (own if other is not None and self._is_own(other.spot.file) else covered).append(number)
        said = shared.plain(node_at(top, "/customer"))
        id_ = said if isinstance(said, str) else path.stem
        where = Place(self.new.shown(str(path)), 1, 1)
        named = tuple(str(name) for name in names)
        facts = Facts(id_, platform if isinstance(platform, str) else "", named, None, "active", (), "", where, 0)
        return Outcome(id_, facts, facts, same=True, own=tuple(own), covered=tuple(covered))

    @cached_property
    def layers_alone(self) -> bool:
        """Whether nothing that customers share differs but values of layers, and platforms."""
        old, new = self.old.provider, self.new.provider
        return not shared.limits(old, new) and old.team == new.team and not shared.widened(old, new)

    @cached_property
    def same_platforms(self) -> frozenset[str]:
        """Names of platforms that lay the same over descriptions on both sides."""
        old, new = self.old.platforms, self.new.platforms
        return frozenset(name for name in old.keys() & new.keys() if overlay(old[name]) == overlay(new[name]))

    def _is_own(self, file: str) -> bool:
        """Whether a file of the new side is a customer's."""
        return self.new.shown(file) not in self.new.layers

    @staticmethod
    def _joined(provider: Provider, names: Sequence[object], files: Sequence[Mapping_]) -> Mapping_ | None:
        """Lower layers and the customer's own; None where one cannot be used."""
        layers = [provider.defaults, *(provider.profile(str(name)) for name in names)]
        roots = [layer.root for layer in layers if layer is not None and layer.usable]
        return fold(join, (*roots, *files)) if len(roots) == len(layers) else None

    def _compared(self, base: Outcome, before: Customer, after: Customer, *, edited: bool) -> Outcome:
        one, other = before.reading.document, after.reading.document
        assert one is not None and other is not None  # noqa: S101, PT018 - there are no faults
        touched = tuple(self._touched(base, one.data, after))
        affected, own, covered = (
            tuple(n for n, kind in touched if kind == what) for what in ("affected", "own", "covered")
        )
        base = replace(base, affected=affected, own=own, covered=covered)
        if not edited and one.data == other.data and before.reading.site.sharing == after.reading.site.sharing:  # type: ignore[union-attr]
            return replace(base, same=True)
        old, new = self.side(before, self.old), self.side(after, self.new)
        try:
            found = pair(old, new, self.asked)
        except UnusableError as error:
            sides = tuple(("old" if side is old else "new", findings) for side, findings in error.faults)
            return replace(base, faults=sides)  # type: ignore[arg-type]
        if found is None:
            return replace(base, affected=(), unmoved=affected, same=one.data == other.data)
        comparison, risks, findings = found
        return replace(
            base,
            effects=tuple(self._effects(comparison.changes, _own(base.id, old.site, new.site))),
            dangers=tuple(self._dangers(risks, base.id, _own(base.id, old.site, new.site))),
            fails=_musts(findings),
        )

    def side(self, customer: Customer, world: World) -> CustomerSide:
        label = world.shown(str(customer.head.file))
        shared = world.platforms.get(customer.head.platform)
        plan = shared.plan if shared is not None else None
        return CustomerSide(label, customer.head.file, world.shown, world.prefix, customer.reading, plan)

    def _added(self, base: Outcome, after: Customer) -> Outcome:
        """What it breaks from the first day on."""
        new = self.side(after, self.new)
        made = Made(new, new.site, self.asked.today)
        try:
            plan = made.plan
        except UnusableError as error:
            return replace(base, faults=tuple(("new", findings) for _, findings in error.faults))
        grave = (finding for finding in made.findings if finding.level in (Level.MUST, Level.SHOULD))
        newly = tuple(new.told(finding) for finding in broken((), grave))
        risks = judged(compared(plan, plan, self.asked, newly=newly), self.asked, new)
        dangers = tuple(self._dangers(risks, base.id, _own(base.id, new.site)))
        return replace(base, dangers=dangers, fails=_musts(made.findings))

    def _touched(self, base: Outcome, before: object, after: Customer) -> Iterator[tuple[int, str]]:
        """Number of each shared value of a layer that it uses, and what that does to it."""
        document = after.reading.document
        assert document is not None  # noqa: S101
        used = {"defaults"} | {
            f"profile {name}" for facts in (base.old, base.new) if facts for name in facts.profiles
        }
        for number, value in enumerate(self.values):
            if value.layer not in used:
                continue
            if value_at(before, value.pointer) != value_at(document.data, value.pointer):  # type: ignore[arg-type]
                yield number, "affected"
            else:
                yield number, "own" if self._is_own(document.place(value.pointer).file) else "covered"

    def _effects(self, changes: Iterable[Change], own: Own) -> Iterator[Effect]:
        told = [change for change in changes if change.key != TEAM and change.sentence not in self.platforms]
        for group in groups(told):
            for line in group.lines:
                first = line.changes[0]
                kinds = {change.kind for change in line.changes}
                yield Effect(
                    group.title,
                    first.kind if len(kinds) == 1 else "changed",
                    line.sentence(words.NAMED).removesuffix("."),
                    own.left_out(first.alike or first.sentence),
                    bool(first.alike),
                    own.left_out(line.note),
                    len(line.changes),
                )

    def _dangers(self, risks: Iterable[SiteRisk], id_: str, own: Own) -> Iterator[Danger]:
        for one in risks:
            if f"{one.rule.id} {one.sentence}" not in self.platforms:
                yield Danger(
                    one.rule.id,
                    one.severity,
                    one.sentence,
                    own.left_out(one.sentence),
                    one.safely if one.safely == one.rule.safely else own.left_out(one.safely),
                    self.new.spot(one.where, id_),
                    one.forced,
                )


def overlay(shared_: Shared) -> tuple[object, str]:
    """What a platform lays over the descriptions of its customers."""
    return shared.plain(shared_.over.root), shared_.site.primary.name


TEAM = "sharing.team"
"""Of a Change that the provider's own change of its team makes to everybody: it is told once."""


def pair(old: Side, new: Side, asked: Asked) -> tuple[Comparison, tuple[SiteRisk, ...], tuple[Finding, ...]] | None:
    """As ``cause.described`` does it, without the files: what differs, its risks, and the findings of the new side.
    None where nothing does. Raises UnusableError."""
    one, other = both(_site, old, new)
    reduced = reduce(one, other)
    if reduced.old == reduced.new:
        return None
    before, after = Made(old, reduced.old, asked.today), Made(new, reduced.new, asked.today)
    plans = both(_plan, before, after)
    newly = tuple(new.told(finding) for finding in broken(before.findings, after.findings))
    if old.hosts is not None and new.hosts is not None:
        plans = _on_hosts_of(plans[1], plans[0]), _own_view(plans[1])
    found = compared(*plans, asked, reduced.rows, newly)
    return found, judged(found, asked, new), after.findings


_OF_THE_PLATFORM = (
    "relay_networks",
    "management_networks",
    "campus_networks",
    "certificate",
    "key",
    "log_free",
    "hourly",
)
"""Settings that are the platform's."""


def _on_hosts_of(now: Plan, plan: Plan) -> Plan:
    """``plan`` as if its platform were what it is ``now``: what platforms do is told of them, once."""
    tables = {name: getattr(now, name) for name in OF_HOSTS}
    settings = {name: getattr(now.settings, name) for name in _OF_THE_PLATFORM}
    return replace(_own_view(plan), settings=replace(plan.settings, **settings), **tables)


def _own_view(plan: Plan) -> Plan:
    """Without what the platform keeps of logs, which is told of the platform."""
    return replace(plan, retention=tuple(row for row in plan.retention if row.log == VIEW))


def _site(side: Side) -> Site:
    return side.site


def _plan(made: Made) -> Plan:
    return made.plan


def _faults(
    sides: Iterable[tuple[Customer | None, World, Which]],
) -> Iterator[tuple[Which, tuple[Finding, ...]]]:
    for customer, world, which in sides:
        if customer is None:
            continue
        errors = tuple(finding for finding in customer.reading.findings if finding.level is Level.ERROR)
        if errors or customer.reading.site is None:
            yield which, tuple(told(world, finding) for finding in errors)


def told(world: World, finding: Finding) -> Finding:
    """The finding, with its files as people know them."""
    where = finding.where
    return replace(
        finding,
        message=world.shown(finding.message),
        fix=world.shown(finding.fix),
        where=None if where is None else replace(where, file=world.shown(where.file)),
    )


def _facts(customer: Customer | None, world: World, today: date) -> Facts | None:
    if customer is None or not customer.layers:
        return None
    head, site = customer.head, customer.reading.site
    return Facts(
        head.id,
        head.platform,
        head.profiles,
        head.leaving,
        head.state(today),
        tuple(domain.name for domain in site.domains) if site is not None else (),
        site.organisation.name if site is not None else "",
        replace(head.where, file=world.shown(head.where.file)),
        len(site.people) if site is not None else 0,
        tuple(inner.name for inner in site.internal_domains) if site is not None else (),
        dict(_spots(world, site, head.id)) if site is not None else {},
    )


def _spots(world: World, site: Site, id_: str) -> Iterator[tuple[str, Spot]]:
    said = [(inner.name, inner.where) for inner in site.internal_domains]
    said += [(domain.name, domain.where) for domain in site.domains]
    for name, where in said:
        place = replace(where, file=world.shown(where.file))
        yield name, Spot(world.layers.get(place.file, f"customer {id_}"), place)


def _own(id_: str, *sites: Site) -> Own:
    """The names of a customer that stand in sentences: of both sides, so that neither is told."""
    domains = tuple(dict.fromkeys(domain.name for site in sites for domain in site.domains))
    others = {site.dkim.selector for site in sites if site.dkim is not None}
    for site in sites:
        if site.sharing is None:
            others.update(str(address) for host in site.hosts for address in host.addresses)
    return Own(id_, domains, sites[-1].organisation.name, tuple(sorted(others)))


def _musts(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(sorted({finding.id for finding in findings if finding.fails and finding.level is Level.MUST}))
