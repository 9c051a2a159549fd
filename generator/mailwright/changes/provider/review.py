"""Two folders → a ProviderReview: who is affected, by hashes; what that means, one by one; told in groups.

Only customers are looked at whose own files, a layer of theirs, a limit or their platform differ. What is kept of
each is a few sentences, so that memory does not grow with what they say.
"""

from __future__ import annotations

import pickle
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mailwright.changes import words
from mailwright.changes.cause import Asked
from mailwright.changes.model import Review
from mailwright.changes.provider import claims, needed, shared, verdict
from mailwright.changes.provider.customer import CustomerSide, Facts, Judge, Outcome, Which, World, told
from mailwright.changes.provider.group import effects, risks
from mailwright.changes.provider.model import (
    Broken,
    Came,
    LayerChange,
    Note,
    Party,
    PlatformReview,
    ProviderReview,
    Risk,
    Spot,
)
from mailwright.changes.provider.rules import Compared, on
from mailwright.changes.provider.single import single
from mailwright.changes.side import Side, UnusableError
from mailwright.findings import Finding, Findings, Level
from mailwright.provider.customer import Customer
from mailwright.provider.judge import fault
from mailwright.provider.model import CUSTOMERS, FILE, Head, Leaving, Provider
from mailwright.provider.platform import Shared, read_platform
from mailwright.provider.read import ENDING, read
from mailwright.provider.which import lowered, written
from mailwright.provider.which import stem as stem_of
from mailwright.provider.workers import each
from mailwright.source.folder import Folder
from mailwright.source.git import RevisionError
from mailwright.source.layers import MAX_BYTES

Progress = Callable[[int, int], None]
"""Told how many customers are judged, and of how many."""

_MANY = 20
"""Customers of whom several processes are worth while."""


class UnusableFolderError(Exception):
    """A provider that cannot be read on one side, or both."""

    def __init__(self, *broken: tuple[str, Broken]) -> None:
        super().__init__(", ".join(f"{label} cannot be compared" for label, _ in broken))
        self.broken = broken


@dataclass(frozen=True)
class _Pair:
    """A customer by the stems of its files; None where it is not there. ``edited``: they differ."""

    old: str | None
    new: str | None
    edited: bool


def review(
    old: Folder,
    new: Folder,
    asked: Asked,
    *,
    jobs: int = 2,
    progress: Progress | None = None,
) -> ProviderReview:
    """What the way from ``old`` to ``new`` brings. A folder without provider.yml on the old side: all is new.

    Raises UnusableFolderError, and RevisionError where git has not got what is needed.
    """
    both = _Both(old, new, asked)
    judge = both.judge()
    pairs = both.affected(judge)
    outcomes = tuple(_outcomes(judge, both, pairs, jobs, progress))
    return _told(both, judge, *_rejoined(both, judge, pairs, outcomes))


def only(old: Folder, new: Folder, asked: Asked, id_: str) -> Review | str:
    """The ordinary review of one customer that is on both sides; a sentence where it is not on one of them.

    Raises UnusableError, UnusableFolderError and RevisionError.
    """
    both = _Both(old, new, asked)
    judge = both.judge(platforms=False)
    sides: list[CustomerSide] = []
    heads: list[Head] = []
    for folder, world, files in ((old, judge.old, both.before), (new, judge.new, both.after)):
        found = _asked(folder, world, files, id_)
        if found is None:
            return f"{folder.label} has no customer {id_}: without --only, the review tells who came and who went."
        side = judge.side(found, world)
        if found.reading.site is None:
            raise UnusableError((side, tuple(told(world, one) for one in found.reading.findings)))
        sides.append(side)
        heads.append(found.head)
    return single(sides[0], sides[1], asked, (heads[0], heads[1]))


def _asked(folder: Folder, world: World, files: Mapping[str, Mapping[str, str]], asked: str) -> Customer | None:
    """The customer of that id, file's name or domain."""

    def content(stem: str) -> bytes:
        return folder.content(f"{CUSTOMERS}/{stem}{ENDING}", MAX_BYTES) or b""

    stem = stem_of(asked, files, content)
    if stem is None:
        return None
    folder.bring(files[stem])
    return world.read(folder.path / f"{CUSTOMERS}/{stem}{ENDING}")


class _Both:
    """The two folders, and what is to be looked at in them."""

    def __init__(self, old: Folder, new: Folder, asked: Asked) -> None:
        self.old, self.new, self.asked = old, new, asked
        self.before, self.after = needed.customers(old.hashes), needed.customers(new.hashes)
        self.shared = (needed.shared(old), needed.shared(new))
        old.bring(self.shared[0])
        new.bring(self.shared[1])
        self.is_new = FILE not in old.hashes
        self.platforms: tuple[PlatformReview, ...] = ()
        self.broken: list[Broken] = []

    @property
    def differing(self) -> tuple[str, ...]:
        """Files that all share and that are not the same."""
        names = dict.fromkeys((*self.shared[0], *self.shared[1]))
        return tuple(sorted(name for name in names if self.old.hashes.get(name) != self.new.hashes.get(name)))

    def judge(self, *, platforms: bool = True) -> Judge:
        """Raises UnusableFolderError."""
        new = old = self._provider(self.new, "new")
        if not self.is_new:
            old = self._provider(self.old, "old")
        if new is None or old is None:
            labels = {"old": self.old.label, "new": self.new.label}
            raise UnusableFolderError(*((labels[one.side], one) for one in self.broken))
        values = () if self.is_new else shared.values(old, new)
        worlds = (self._world(old, self.old, "old"), self._world(new, self.new, "new"))
        said: frozenset[str] = frozenset()
        if platforms and not self.is_new and self.differing:
            self.platforms = tuple(self._platforms(old, new))
            said = frozenset(_said(one.review for one in self.platforms))
        return Judge(*worlds, self.asked, values, said)

    def _provider(self, folder: Folder, which: Which) -> Provider | None:
        """What its provider.yml says; faults of parts of it (of a profile) are told with the rest."""
        findings = Findings()
        found = read(folder.path, findings)
        faults = tuple(_as_known(one, folder) for one in findings.items if one.level is Level.ERROR)
        if faults:
            self.broken.append(Broken("provider.yml, or what it names,", which, faults))
        return found

    def _world(self, provider: Provider, folder: Folder, which: Which) -> World:
        layers = {folder.shown(str(provider.folder / FILE)): "defaults"}
        for layer in (*provider.profiles, provider.defaults):
            layers |= dict.fromkeys(map(folder.shown, shared.files_of(layer.root)), layer.name)
        platforms: dict[str, Shared] = {}
        for platform in provider.platforms:
            layers[folder.shown(str(platform.file))] = f"platform {platform.name}"
            found, findings = read_platform(platform, self.asked.today)
            if found is not None:
                platforms[platform.name] = found
            else:
                faults = tuple(_as_known(one, folder) for one in findings if one.fails)
                self.broken.append(Broken(f"platform {platform.name}", which, faults))
        return World(provider, platforms, layers, folder.shown, folder.prefix)

    def _platforms(self, old: Provider, new: Provider) -> Iterator[PlatformReview]:
        """Each platform that is on both sides, as the site it is."""
        # It takes its time to load, and is rarely needed.
        from mailwright.changes.review import review as review_site

        before = {platform.name: platform for platform in old.platforms}
        for platform in new.platforms:
            was = before.get(platform.name)
            if was is None:
                continue
            one = Side(self.old.shown(str(was.file)), was.file, self.old.shown, self.old.prefix)
            other = Side(self.new.shown(str(platform.file)), platform.file, self.new.shown, self.new.prefix)
            try:
                found = review_site(
                    one,
                    other,
                    today=self.asked.today,
                    threshold=self.asked.threshold,
                    forced=self.asked.forced,
                    complete=self.asked.complete,
                )
            except UnusableError as error:
                for side, findings in error.faults:
                    which = "old" if side is one else "new"
                    self.broken.append(Broken(f"platform {platform.name}", which, findings))  # type: ignore[arg-type]
                continue
            if found.changes or found.risks or found.files:
                yield PlatformReview(platform.name, found)

    def affected(self, judge: Judge) -> tuple[_Pair, ...]:
        """The customers that have to be looked at, in the order of their files."""
        everybody = bool(self.differing) and self._concerns_all(judge)
        usable = {layer.name: layer.usable for layer in judge.old.provider.profiles}
        words_ = tuple(
            layer.name.removeprefix("profile ").encode()
            for layer in judge.new.provider.profiles
            if layer.usable != usable.get(layer.name) or any(value.layer == layer.name for value in judge.values)
        )
        old, new = judge.old.provider, judge.new.provider
        ways = [re.escape(way) for one in shared.widened(old, new) for way in written(one.wide.name)]
        wide = re.compile(rb"(?<![\w.-])(?:%s)(?![\w-])" % b"|".join(ways)) if ways else None
        found = []
        for stem in sorted(self.before.keys() | self.after.keys()):
            one, other = self.before.get(stem), self.after.get(stem)
            edited = one != other
            named = (words_ and self._names(stem, words_)) or (wide is not None and self._says(stem, wide))
            if edited or everybody or named:
                found.append(_Pair(stem if one else None, stem if other else None, edited))
        return tuple(self._renamed(found))

    def _concerns_all(self, judge: Judge) -> bool:
        """Whether what differs may be something to a customer that names no profile."""
        old, new = judge.old.provider, judge.new.provider
        return (
            any(value.layer == "defaults" for value in judge.values)
            or bool(shared.limits(old, new))
            or old.team != new.team
            or {layer.name for layer in old.profiles} != {layer.name for layer in new.profiles}
            or any(platform.name not in judge.same_platforms for platform in old.platforms)
        )

    def _names(self, stem: str, profiles: Sequence[bytes]) -> bool:
        """Whether the file may name one of the profiles; reading it says whether it does."""
        raw = self.new.content(f"{CUSTOMERS}/{stem}{ENDING}", MAX_BYTES) or b""
        return b"profiles" in raw and any(name in raw for name in profiles)

    def _says(self, stem: str, domains: re.Pattern[bytes]) -> bool:
        """Whether the file may say one of the domains, which customers may have now, or no more."""
        raw = self.new.content(f"{CUSTOMERS}/{stem}{ENDING}", MAX_BYTES) or b""
        return domains.search(lowered(raw)) is not None

    def _renamed(self, found: Iterable[_Pair]) -> Iterator[_Pair]:
        """A file that vanished and one that appeared, which say the same id, are one customer."""
        pairs = list(found)
        gone = [one for one in pairs if one.new is None]
        come = [one for one in pairs if one.old is None]
        if gone and come:
            ids = {self.id_of(self.old, one.old): one for one in gone}
            for new in come:
                old = ids.pop(self.id_of(self.new, new.new), None)
                if old is not None:
                    pairs[pairs.index(new)] = _Pair(old.old, new.new, edited=True)
                    pairs.remove(old)
        yield from pairs

    def id_of(self, folder: Folder, stem: str | None) -> str:
        """The id that a customer's file says."""
        assert stem is not None  # noqa: S101
        return claims.said_id(folder.content(f"{CUSTOMERS}/{stem}{ENDING}", MAX_BYTES), stem)

    def path(self, folder: Folder, stem: str | None) -> Path | None:
        return None if stem is None else folder.path / CUSTOMERS / f"{stem}{ENDING}"


def _as_known(finding: Finding, folder: Folder) -> Finding:
    """The finding, with its files as people know them."""
    where = finding.where
    return replace(
        finding,
        message=folder.shown(finding.message),
        fix=folder.shown(finding.fix),
        where=None if where is None else replace(where, file=folder.shown(where.file)),
    )


def _said(reviews: Iterable[Review]) -> Iterator[str]:
    """Sentences and risks, so that customers do not repeat what their platform's review says."""
    for one in reviews:
        yield from (change.sentence for change in one.changes)
        yield from (f"{risk.rule.id} {risk.sentence}" for risk in one.risks)


def _outcomes(
    judge: Judge, both: _Both, pairs: Sequence[_Pair], jobs: int, progress: Progress | None
) -> Iterator[Outcome]:
    """What came of each, in the order of ``pairs``."""
    for folder, files, stems in (
        (both.old, both.before, [one.old for one in pairs]),
        (both.new, both.after, [one.new for one in pairs]),
    ):
        folder.bring(path for stem in stems if stem is not None for path in files[stem])

    def work(one: _Pair) -> bytes:
        return pickle.dumps(_judged(both, judge, one))

    found: dict[int, Outcome] = {}
    for number, made in each(work, pairs, jobs if len(pairs) >= _MANY else 1):
        found[number] = pickle.loads(made)  # noqa: S301 - it was made by a copy of this process
        if progress is not None:
            progress(len(found), len(pairs))
    yield from (found[number] for number in range(len(pairs)))


def _judged(both: _Both, judge: Judge, one: _Pair) -> Outcome:
    try:
        return judge.outcome(both.path(both.old, one.old), both.path(both.new, one.new), edited=one.edited)
    except (OSError, RevisionError):
        raise
    except Exception as error:  # of one customer among many: as in a check, it may not end the work on the others
        which: Which = "old" if one.new is None else "new"
        folder, stem = (both.old, one.old) if one.new is None else (both.new, one.new)
        path = both.path(folder, stem)
        assert path is not None  # noqa: S101 - one of the two is there
        found = _as_known(fault(path, error), folder)
        return Outcome(both.id_of(folder, stem), None, None, edited=one.edited, faults=((which, (found,)),))


def _rejoined(
    both: _Both, judge: Judge, pairs: Sequence[_Pair], outcomes: Sequence[Outcome]
) -> tuple[tuple[_Pair, ...], tuple[Outcome, ...]]:
    """A customer that is gone and one that is new, with the very same domains, are one of another id."""
    renamed = claims.renamed(outcomes)
    if not renamed:
        return tuple(pairs), tuple(outcomes)
    at = {one.id: number for number, one in enumerate(outcomes)}
    joined = {at[new]: _Pair(pairs[at[old]].old, pairs[at[new]].new, edited=True) for old, new in renamed.items()}
    gone = {at[old] for old in renamed}
    kept = [number for number in range(len(pairs)) if number not in gone]
    return (
        tuple(joined.get(number, pairs[number]) for number in kept),
        tuple(_judged(both, judge, joined[n]) if n in joined else outcomes[n] for n in kept),
    )


# --- What is told of it ------------------------------------------------------------------------------------------


def _told(both: _Both, judge: Judge, pairs: Sequence[_Pair], outcomes: Sequence[Outcome]) -> ProviderReview:
    old, new = judge.old.provider, judge.new.provider
    claimed = tuple(claims.claims(outcomes, both.new, both.after))
    compared = Compared(
        None if both.is_new else old,
        new,
        judge.values,
        () if both.is_new else shared.limits(old, new),
        outcomes,
        claimed,
        len(both.before),
        both.asked.today,
        both.asked.threshold,
    )
    broken = (*both.broken, *_broken(outcomes), *_of_one_id(both, outcomes))
    fates = tuple(_fates(outcomes))
    told_effects = effects(outcomes, [_spot(judge, value.spot) for value in judge.values])
    layers = tuple(_layers(judge, outcomes))
    changed = {one.id for one in outcomes if one.effects or one.dangers} | {came.id for came in fates}
    found = ProviderReview(
        Party(both.old.label, "" if both.is_new else old.name, len(both.before)),
        Party(both.new.label, new.name, len(both.after)),
        len(pairs),
        layers,
        () if both.is_new else tuple(_shown(judge, shared.notes(old, new))),
        fates,
        _risks(judge, outcomes, compared, both.asked),
        told_effects,
        both.platforms,
        broken,
        tuple(_warnings(both, outcomes)),
        (),
        tuple(sorted(changed)),
    )
    return replace(found, rewritten=tuple(_rewritten(both, judge, pairs, outcomes, found)))


def _broken(outcomes: Iterable[Outcome]) -> Iterator[Broken]:
    """Customers that cannot be used; those with the same faults together, as when a profile of theirs is broken."""
    found: dict[tuple[Which, tuple[Finding, ...]], list[str]] = {}
    for one in outcomes:
        for which, findings in one.faults:
            found.setdefault((which, findings), []).append(one.id)
    for (which, findings), ids in found.items():
        customers = tuple(sorted(ids))
        yield Broken(verdict.who(customers), which, findings, customers)


def _of_one_id(both: _Both, outcomes: Sequence[Outcome]) -> Iterator[Broken]:
    for clash in claims.same_ids(outcomes, both.new, both.after):
        yield Broken(clash.what, "new", clash.findings, (clash.what,))


def _risks(judge: Judge, outcomes: Sequence[Outcome], compared: Compared, asked: Asked) -> tuple[Risk, ...]:
    return risks(outcomes, compared, asked, lambda spot: None if spot is None else _spot(judge, spot))


def _spot(judge: Judge, spot: Spot) -> Spot:
    """The place as people know it: of what is gone in the old folder, else in the new one."""
    file = judge.new.shown(judge.old.shown(spot.where.file))
    return replace(spot, where=replace(spot.where, file=file))


def _shown(judge: Judge, notes: Iterable[Note]) -> Iterator[Note]:
    for one in notes:
        yield one if one.spot is None else replace(one, spot=_spot(judge, one.spot))


def _layers(judge: Judge, outcomes: Sequence[Outcome]) -> Iterator[LayerChange]:
    """Each value that layers say otherwise, with whom it reaches; not one that is only written otherwise."""
    for number, value in enumerate(judge.values):
        if any(number in one.unmoved for one in outcomes) and not any(number in one.affected for one in outcomes):
            continue
        yield LayerChange(
            _spot(judge, value.spot),
            value.pointer,
            shared.said(value.old),
            shared.said(value.new),
            tuple(sorted(one.id for one in outcomes if number in one.affected)),
            tuple(sorted(one.id for one in outcomes if number in one.own)),
            tuple(sorted(one.id for one in outcomes if number in one.covered)),
        )


def _fates(outcomes: Iterable[Outcome]) -> Iterator[Came]:
    for one in outcomes:
        old, new = one.old, one.new
        if new is None and old is not None and not one.faults:
            yield Came("removed", one.id, f"{one.id} is gone{_has(old)}", old.where)
        elif old is None and new is not None and not one.faults:
            yield Came("added", one.id, f"{one.id} is new{_has(new)}, on {on(new.platform)}", new.where)
        elif old is not None and new is not None:
            yield from _became(one.id, old, new)


def _has(facts: Facts) -> str:
    if not facts.domains:
        return ""
    people = words.number(facts.people, "person", "people")
    return f": {facts.organisation}, {words.some(facts.domains)}, {people}"


def _became(id_: str, old: Facts, new: Facts) -> Iterator[Came]:
    if old.id != new.id:
        yield Came("renamed", id_, f"{old.id} is called {new.id} now", new.where)
    if old.platform != new.platform:
        yield Came("moved", id_, f"{id_} moves from {on(old.platform)} to {on(new.platform)}", new.where)
    if new.leaving is not None and old.leaving != new.leaving:
        instead = f", instead of {_days(old.leaving)}" if old.leaving is not None else ""
        yield Came("leaving", id_, f"{id_} leaves: {_days(new.leaving)}{instead}", new.where)
    elif old.leaving is not None and new.leaving is None:
        yield Came("stays", id_, f"{id_} does not leave any more", new.where)


def _days(leaving: Leaving) -> str:
    return (
        f"mail is taken until {leaving.stop} and fetched until {leaving.mail_until}, and logs are kept until "
        f"{leaving.logs_until}"
    )


def _warnings(both: _Both, outcomes: Sequence[Outcome]) -> Iterator[str]:
    if both.is_new:
        yield f"{both.old.label} has no {FILE}: everything is new"
    musts: dict[str, list[str]] = {}
    for one in outcomes:
        for id_ in one.fails:
            musts.setdefault(id_, []).append(one.id)
    for id_, customers in sorted(musts.items()):
        who = words.some(sorted(customers))
        yield f"Nothing can be built of {who} while {id_} is broken: see `mailwright check`"


def _rewritten(
    both: _Both, judge: Judge, pairs: Sequence[_Pair], outcomes: Sequence[Outcome], found: ProviderReview
) -> Iterator[str]:
    """Files that differ and of which nothing else is told."""
    spots = (*(one.spot for one in found.layers), *(one.spot for one in found.notes))
    told_of = {spot.where.file for spot in spots if spot is not None}
    reviewed = {one.name for one in found.platforms}
    for platform in judge.new.provider.platforms:
        if platform.name in reviewed:
            usable = judge.new.platforms.get(platform.name)
            files = (str(platform.file), *(usable.reading.files if usable is not None else ()))
            told_of.update(map(both.new.shown, files))
    for name in both.differing:
        if name in both.old.hashes and both.new.shown(str(both.new.path / name)) not in told_of:
            yield name
    for pair, one in zip(pairs, outcomes, strict=True):
        if pair.edited and pair.new is not None and one.id not in found.changed and not one.faults:
            yield f"{CUSTOMERS}/{pair.new}{ENDING}"
