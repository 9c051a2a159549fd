"""Shared hosts: the description of the provider's own mail on them, and what of it holds for each customer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import reduce

from mailwright.findings import Finding, Findings, Level, Place
from mailwright.plan import PlanError, make
from mailwright.plan.model import Plan
from mailwright.provider.model import ELSEWHERE, PARTS, PLATFORM, Layer, Platform, Provider
from mailwright.records import dataclass
from mailwright.requirements.evaluate import evaluate
from mailwright.site.model import Site
from mailwright.site.read import Reading, site_of
from mailwright.source import schema
from mailwright.source.document import Document
from mailwright.source.layers import join, stack
from mailwright.source.nodes import Entry, Mapping

ON_THE_STORE = frozenset({"mx", "submission", "store", "log"})
BESIDE_THE_STORE = frozenset({"mx", "log"})


@dataclass(frozen=True, slots=True)
class Shared:
    """A platform that checks.

    over      what is laid over each customer on it: its hosts and what belongs to them
    findings  of its description and of the rules, those that passed too
    """

    platform: Platform
    reading: Reading
    site: Site
    plan: Plan
    over: Layer
    findings: tuple[Finding, ...]

    @property
    def served(self) -> Plan:
        """The plan of its hosts as they are built: with customers on them."""
        return replace(self.plan, settings=replace(self.plan.settings, customers=True))


def read_platforms(provider: Provider, today: date) -> tuple[dict[str, Shared], tuple[Finding, ...]]:
    """The platforms that check, by name, and the findings of all of them."""
    found: dict[str, Shared] = {}
    findings: list[Finding] = []
    for platform in provider.platforms:
        shared, told = read_platform(platform, today)
        findings += told
        if shared is not None:
            found[platform.name] = shared
    return found, tuple(findings)


def read_platform(platform: Platform, today: date) -> tuple[Shared | None, tuple[Finding, ...]]:
    """The platform, judged, and all findings; None in its place when it cannot be used or breaks a MUST."""
    findings = Findings()
    files = stack(platform.file, findings, named=platform.where)
    if not files:
        return None, tuple(findings.items)
    root = reduce(join, files)
    document = Document.of(str(platform.file), root)
    schema.check(document, findings)
    site = site_of(document, findings)
    if site is None:
        return None, tuple(findings.items)
    for fault in _unfit(site, document):
        findings.error(*fault)
    reading = Reading(site, document, tuple(findings.items), tuple(sorted(findings.files)))
    told = (*findings.items, *evaluate(site, today))
    if any(finding.fails and finding.level in (Level.ERROR, Level.MUST) for finding in told):
        return None, told
    try:
        plan = make(site)
    except PlanError as error:
        return None, (*told, *error.findings)
    over = Layer(f"platform {platform.name}", _over(root), True, platform.where)
    return Shared(platform, reading, site, plan, over, told), told


def _over(root: Mapping) -> Mapping:
    entries = {key: root.entries[key] for key in PLATFORM if key in root.entries}
    for name, keys in PARTS:
        entry = root.entries.get(name)
        if entry is not None and isinstance(entry.node, Mapping):
            held = {key: one for key, one in entry.node.entries.items() if key in keys}
            if held:
                entries[name] = Entry(entry.spot, Mapping(held, entry.node.spot))
    return Mapping(entries, root.spot)


def _unfit(site: Site, document: Document) -> Iterator[tuple[str, str, Place, str]]:
    """Why the hosts cannot be shared: id, message, place and fix of each reason."""
    id_ = "platform.hosts"
    for key in ELSEWHERE:
        if document.data.get(key):
            message = f"{key} is not offered on shared hosts"
            fix = f"Take it out. A customer that needs it has hosts of its own, and says {key} itself."
            yield id_, message, document.key_place(f"/{key}"), fix
    stores = [host for host in site.hosts if "store" in host.functions]
    if len(stores) != 1:
        message = f"{len(stores)} hosts of the platform are stores, and customers are on exactly one"
        fix = (
            "Describe a platform for each store." if stores else "Give one host the functions submission and store."
        )
        where = stores[1].where if len(stores) > 1 else document.key_place("/hosts")
        yield id_, message, where, fix
        return
    (store,) = stores
    if "submission" not in store.functions:
        message = f"{store.name} is the store, and takes no mail from users"
        yield id_, message, store.where, "Give it the function submission, and no other host."
    for host in site.hosts:
        allowed = ON_THE_STORE if host is store else BESIDE_THE_STORE
        for function in host.functions:
            if function not in allowed:
                words = "the store of a platform" if host is store else "a host beside the store of a platform"
                message = f"{host.name} has the function {function}, and {words} is {_or(allowed)} alone"
                yield id_, message, host.where, "Take the function out, or describe the host by itself."


def _or(words: frozenset[str]) -> str:
    *first, last = sorted(words)
    return f"{', '.join(first)} or {last}"
