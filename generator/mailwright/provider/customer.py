"""A customer's description, made of its layers: defaults, profiles, its own file, and its platform."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from collections.abc import Mapping as Named
from dataclasses import replace
from functools import cache, reduce
from itertools import pairwise
from pathlib import Path

from mailwright.findings import Finding, Findings, Place
from mailwright.provider import limits, secrets, suffixes
from mailwright.provider.causes import causes
from mailwright.provider.model import (
    ELSEWHERE,
    OWN_KEYS,
    PARTS,
    PLATFORM,
    Head,
    Layer,
    Leaving,
    Provider,
)
from mailwright.provider.platform import Shared
from mailwright.provider.read import nearest
from mailwright.records import dataclass
from mailwright.site import values
from mailwright.site.at import At, Reader
from mailwright.site.model import Provision, Sharing, Site
from mailwright.site.read import PASSWORDS, Reading, site_of
from mailwright.source import schema
from mailwright.source.document import Document
from mailwright.source.files import below
from mailwright.source.layers import join, stack
from mailwright.source.nodes import Entry, Mapping, Sequence
from mailwright.source.parts import LAYER

_PARTS = dict(PARTS)


@dataclass(frozen=True, slots=True)
class Customer:
    """A customer, as it was read.

    layers   all that its description is made of, the lowest first: defaults, profiles, its own file (with what that
             extends, one layer for each file), and on shared hosts the platform's part; none when its file cannot
             be used
    reading  the joined description, its site (None where a finding says why), all findings, and the files that were
             opened for this customer alone
    """

    head: Head
    layers: tuple[Layer, ...]
    reading: Reading


def head(path: Path, findings: Findings) -> Head | None:
    """What a customer's file says of itself; None, with a finding, when the file cannot be used."""
    if not _inside(path, findings):
        return None
    files = stack(path, findings, wall=path.with_suffix(""))
    return _head(files[-1], path, findings) if files else None


def read_customer(provider: Provider, platforms: Named[str, Shared], path: Path) -> Customer:
    """The customer whose file is at ``path``, one of the provider's.

    platforms  those that check, by name
    Nothing is raised; every fault is a finding of the reading.
    """
    findings = Findings()
    wall = path.with_suffix("")
    files = stack(path, findings, wall=wall) if _inside(path, findings) else ()
    if not files:
        return unread(path, findings.items, findings.files)
    said = _head(files[-1], path, findings)
    own = tuple(_own_layers(files, said))
    top = reduce(join, (layer.root for layer in own))
    whole = _known(top, findings)
    lower, found = _lower(provider, said, files[-1], findings)
    shared = _platform(provider, platforms, said, files[-1], findings)
    layers = (*lower, *own)
    if said.platform:
        _not_on_a_platform(layers, said.platform, findings)
        whole = whole and shared is not None
    limits.check(provider.limits, top, findings)
    joined = reduce(join, (layer.root for layer in layers))
    secrets.check(said, top, joined, findings)
    if shared is not None:
        layers = (*layers, shared.over)
        joined = _laid_over(joined, shared.over.root)
    document = Document.of(str(path), joined)
    # Where a layer is missing, nothing is said of what that may have said.
    schema.check(document, findings, "site" if whole and found else LAYER)
    site = site_of(document, findings, {provider.customers: wall})
    if site is not None:
        limits.people(provider.limits, site, findings)
        suffixes.check(site, provider.wide, findings)
        site = None if findings.unusable else _provided(site, provider, said, shared)
    reading = Reading(site, document, causes(findings.items), tuple(sorted(findings.files)))
    return Customer(said, layers, reading)


def unread(path: Path, findings: Iterable[Finding], files: Iterable[str] = ()) -> Customer:
    """A customer of whose file nothing is known: it is called as that is."""
    nothing = Head(path.stem, path, "", (), None, Place(str(path), 1, 1))
    return Customer(nothing, (), Reading(None, None, causes(findings), tuple(sorted(files))))


def _provided(site: Site, provider: Provider, said: Head, shared: Shared | None) -> Site:
    leaving = said.leaving
    days = (leaving.stop, leaving.mail_until, leaving.logs_until) if leaving is not None else ()
    site = replace(site, provision=Provision(provider.name, *days), team=provider.team)
    if shared is None:
        return site
    sharing = Sharing(shared.platform.name, shared.site.primary.name, provider.team)
    if site.store.passwords == PASSWORDS:  # that is the provider's own people's, who may be called alike
        site = replace(site, store=replace(site.store, passwords=secrets.passwords(said.id)))
    return replace(site, sharing=sharing)


def _inside(path: Path, findings: Findings) -> bool:
    """Whether the file, and the folder of the files that it names, are themselves where they seem to be."""
    here = Place(str(path), 1, 1)
    if os.path.islink(path) and not below(path, path.parent, findings, here):  # noqa: PTH114 - it is fast
        return False
    wall = path.with_suffix("")
    if os.path.islink(wall):  # noqa: PTH114
        message = f"{wall} is a symbolic link: what is in it may be another customer's"
        findings.error("source.outside", message, here, "Make it a folder.")
        return False
    return True


def _own_layers(files: tuple[Mapping, ...], said: Head) -> Iterator[Layer]:
    *lower, top = files
    for root in lower:
        name = os.path.relpath(root.spot.file, said.file.parent)
        yield Layer(f"customer {said.id} ({name})", root)
    kept = {key: entry for key, entry in top.entries.items() if key not in OWN_KEYS}
    yield Layer(f"customer {said.id}", Mapping(kept, top.spot))


@cache
def _keys() -> frozenset[str]:
    return frozenset(schema.load_schema(LAYER)["properties"])


def _known(root: Mapping, findings: Findings) -> bool:
    """Whether all keys are known. Findings of those that are not know of ``platform`` and ``profiles`` too."""
    unknown = [key for key in root.entries if key not in _keys()]
    for key in unknown:
        spot = root.entries[key].spot
        place = Place(spot.file, spot.line, spot.column, f"/{key}")
        findings.error("schema.unknown-property", f"{key!r} is not known here", place, nearest(key, _keys()))
    return not unknown


def _head(root: Mapping, path: Path, findings: Findings) -> Head:
    own = Mapping({key: root.entries[key] for key in OWN_KEYS if key in root.entries}, root.spot)
    document = Document.of(str(path), own)
    schema.check(document, findings, LAYER)
    at = At(Reader(document, findings), "", document.data)
    called = at["customer"].text(path.stem)
    if at["customer"].value is None and not values.is_id(called):
        message = f"{called!r} is not a customer's id"
        fix = f"Name the file in {values.ID_FORM}; or say customer: in it."
        findings.error("customer.id", message, Place(str(path), 1, 1), fix)
    return Head(
        id=called,
        file=path,
        platform=at["platform"].text(),
        profiles=tuple(item.text() for item in at["profiles"].items()),
        leaving=_leaving(at["leaving"], at["platform"].value is not None),
        where=at.place,
    )


_DAY = "Write the last day on which it is still so, one that there is in that month: 2027-03-31."


def _leaving(at: At, shared: bool) -> Leaving | None:
    if at.value is None:
        return None
    if not shared:
        message = "leaving is for customers on shared hosts: hosts of its own go as a whole"
        at.reader.report.error("customer.leaving", message, at.key_place, "Take it out, or name the platform.")
        return None
    days = [(key, at[key].turn(values.day, _DAY)) for key in ("stop", "mail_until", "logs_until")]
    stop, mail, logs = (day for _, day in days)
    if stop is None or mail is None or logs is None:
        return None  # a finding says why
    for (first, one), (then, other) in pairwise((key, day) for key, day in days if day is not None):
        if other < one:
            message = f"{then} ({other}) is before {first} ({one})"
            fix = "Mail is taken in until stop, kept until mail_until, and logs until logs_until, in this order."
            at.reader.report.error("customer.leaving", message, at[then].key_place, fix)
    return Leaving(stop, mail, logs, at.key_place)


def _lower(provider: Provider, said: Head, root: Mapping, findings: Findings) -> tuple[tuple[Layer, ...], bool]:
    """Defaults and profiles, and whether all profiles are there; one that is not is a finding at its name."""
    found = [provider.defaults]
    known = [layer.name.removeprefix("profile ") for layer in provider.profiles]
    for index, name in enumerate(said.profiles):
        layer = provider.profile(name)
        if layer is None:
            place = _place(root, "profiles", index)
            findings.error("customer.profile", f"there is no profile {name!r}", place, nearest(name, known))
        elif not layer.usable:
            message, fix = f"the profile {name} cannot be used", "Mend the profile, or write its file."
            findings.error("customer.profile", message, layer.where or provider.where, fix)
        else:
            found.append(layer)
    return tuple(found), len(found) == len(said.profiles) + 1


def _platform(
    provider: Provider, platforms: Named[str, Shared], said: Head, root: Mapping, findings: Findings
) -> Shared | None:
    """The platform that the customer is on; None for hosts of its own, and with a finding where it is not there."""
    if not said.platform:
        return None
    platform = provider.platform(said.platform)
    if platform is None:
        known = [one.name for one in provider.platforms]
        place = _place(root, "platform", None)
        message = f"there is no platform {said.platform!r}"
        findings.error("customer.platform", message, place, nearest(said.platform, known))
        return None
    shared = platforms.get(said.platform)
    if shared is None:
        message, fix = f"the platform {platform.name} cannot be used", f"Mend {platform.file}."
        findings.error("customer.platform", message, platform.where, fix)
    return shared


def _place(root: Mapping, key: str, index: int | None) -> Place:
    node = root.entries[key].node
    at = f"/{key}"
    if index is not None and isinstance(node, Sequence):
        node, at = node.items[index], f"{at}/{index}"
    return Place(node.spot.file, node.spot.line, node.spot.column, at)


def _not_on_a_platform(layers: tuple[Layer, ...], platform: str, findings: Findings) -> None:
    """A finding for each value of a layer that is the platform's to say, or that shared hosts do not offer."""
    for layer in layers:
        for key, entry in layer.root.entries.items():
            if key in PLATFORM:
                message = f"{key} is the platform's, and {layer.name} says it for customers on {platform}"
                _error(entry, f"/{key}", "customer.platform-key", message, _MOVE, findings)
            elif key in ELSEWHERE:
                message = f"{key} is not offered on shared hosts, and {layer.name} says it"
                fix = "Take it out, or give the customer hosts of its own."
                _error(entry, f"/{key}", "customer.elsewhere", message, fix, findings)
            elif key in _PARTS and isinstance(entry.node, Mapping):
                for name, inner in entry.node.entries.items():
                    if name in _PARTS[key]:
                        message = f"{key}.{name} is the platform's, and {layer.name} says it"
                        _error(inner, f"/{key}/{name}", "customer.platform-key", message, _MOVE, findings)


_MOVE = "Say it in the platform's description; or in a profile of those who have hosts of their own."


def _error(entry: Entry, at: str, id_: str, message: str, fix: str, findings: Findings) -> None:
    place = Place(entry.spot.file, entry.spot.line, entry.spot.column, at)
    findings.error(id_, message, place, fix)


def _laid_over(root: Mapping, over: Mapping) -> Mapping:
    """The platform's part over a customer's description, which stays where it is: its findings are its own."""
    joined = join(root, over)
    for name in _PARTS:
        if name in root.entries and name in over.entries:
            joined.entries[name] = Entry(root.entries[name].spot, joined.entries[name].node)
    return Mapping(joined.entries, root.spot)
