"""A rehearsal of a provider's platform: its hosts with all customers on them, probed for itself and for each.

The folder is built as a build does it, but for the keys of the run. A customer that cannot be used is named and
left out, as a build and a deployment leave it.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

from mailwright.audit import runner as audit
from mailwright.audit.model import Context, Phase, Probe
from mailwright.build import inputs as described
from mailwright.build.tree import Tree, safe
from mailwright.findings import Finding, Findings
from mailwright.plan import make as make_plan
from mailwright.plan.model import Plan
from mailwright.provider import project as customers
from mailwright.provider.judge import judge
from mailwright.provider.listing import LIST, listed
from mailwright.provider.model import CUSTOMERS, Head, Provider, State
from mailwright.provider.platform import Shared
from mailwright.provider.read import customer_files
from mailwright.records import dataclass
from mailwright.rehearsal import credentials, deploy, guests
from mailwright.rehearsal.errors import LabError
from mailwright.rehearsal.guests import Guest
from mailwright.rehearsal.lab import Scene, read_fragments
from mailwright.rehearsal.rehearse import Outcome, Prepared, Progress, Stage, empty, level, prepare, probed, staged
from mailwright.report.findings_json import render as findings_json
from mailwright.site.model import Site

SECRETS = "customers"
"""Folder of the lab with ``<id>.passwords`` and ``<id>.key``."""


@dataclass(frozen=True, slots=True)
class Hosted:
    """A customer as it is rehearsed: ``credentials`` are those of the run."""

    head: Head
    site: Site
    plan: Plan
    findings: tuple[Finding, ...]
    state: State
    credentials: credentials.Credentials


@dataclass(frozen=True, slots=True)
class PreparedPlatform:
    """A platform that was built for a rehearsal. ``left_out``: findings of unusable customers, by file."""

    platform: Prepared
    hosted: tuple[Hosted, ...]
    left_out: Mapping[str, tuple[Finding, ...]]

    def guest(self, one: Hosted) -> Guest:
        realm = one.plan.settings.primary_domain
        accounts = tuple(
            replace(account, login=guests.login(account.login, realm)) for account in one.credentials.accounts
        )
        return Guest(one.head.id, one.plan, guests.hosted(one.plan, self.platform.truth), accounts)

    @property
    def guests(self) -> tuple[Guest, ...]:
        """The customers that are served."""
        return tuple(self.guest(one) for one in self.hosted if one.state == "active")

    def write_secrets(self, folder: Path) -> None:
        """First passwords and DKIM keys of all customers, for root alone."""
        files = {
            name: text
            for one in self.hosted
            for name, text in (
                (f"{one.head.id}.passwords", one.credentials.files[credentials.PASSWORDS]),
                (f"{one.head.id}.key", one.credentials.files[credentials.DKIM_KEY]),
            )
        }
        replace(self.platform.credentials, files=files).write(folder)

    def shown(self, scene: Scene) -> Scene:
        """What the lab shows: the platform's hosts, and the names of its customers."""
        zones = {
            name: text
            for one in self.hosted
            for name, text in read_fragments(self.platform.project / folder_of(one.head.id) / "dns").items()
        }
        own = {name for one in self.hosted for name in one.plan.settings.own_names}
        own |= {*self.platform.plan.settings.own_names}
        outside = {
            target.rpartition("@")[2]
            for one in self.hosted
            for route in one.plan.routes
            for target in route.targets
            if "@" in target
        }
        foreign = sorted({*scene.foreign_domains, *outside} - own)
        return replace(scene, fragments={**zones, **(scene.fragments or {})}, foreign_domains=tuple(foreign))


def folder_of(customer: str) -> str:
    return f"{CUSTOMERS}/{customer}"


def with_customers(site: Site) -> Plan:
    """The plan of a platform's own site, whose hosts serve customers besides."""
    plan = make_plan(site)
    return replace(plan, settings=replace(plan.settings, customers=True))


def prepare_platform(provider: Provider, shared: Shared, today: date, folder: Path) -> PreparedPlatform:
    """Build the platform with its customers into ``folder``/project, with the credentials of this run.

    Raises LabError where there is no customer to rehearse, BuildError, WriteRefusedError, OSError.
    """
    hosted: list[Hosted] = []
    left_out: dict[str, tuple[Finding, ...]] = {}
    faults = Findings()
    for path in customer_files(provider, faults):
        judged = judge(provider, {shared.platform.name: shared}, path, today)
        found = tuple(_named_from(finding, provider.folder) for finding in judged.findings)
        if judged.site is not None and judged.head.platform != shared.platform.name:
            continue  # on other hosts
        if judged.site is None or judged.plan is None:
            left_out[path.name] = found
            continue
        made = credentials.of_people(judged.plan)
        site = credentials.with_key(judged.site, made)
        plan = make_plan(site, shared.plan)
        hosted.append(Hosted(judged.head, site, plan, found, judged.head.state(today), made))
    if not hosted:
        raise LabError(
            f"There is no customer on the platform {shared.platform.name} that could be rehearsed.",
            "mailwright check says what is wrong with each.",
        )

    def more(tree: Tree) -> Tree:
        return tree | of_customers(hosted, tree)

    platform = prepare(
        shared.site,
        tuple(_named_from(finding, shared.platform.file.parent) for finding in shared.findings),
        described.of(shared.reading, shared.platform.file.parent),
        folder,
        planned=with_customers,
        more=more,
    )
    return PreparedPlatform(platform, tuple(hosted), left_out)


def _named_from(finding: Finding, folder: Path) -> Finding:
    """With its file named from ``folder`` on, so that no path of this machine is built."""
    if finding.where is None:
        return finding
    return replace(finding, where=replace(finding.where, file=os.path.relpath(finding.where.file, folder)))


def of_customers(hosted: list[Hosted], platform: Tree) -> Tree:
    """The customers' files below the platform's project, and the list of them."""
    enforced = customers.of_platform(platform)
    made: Tree = {}
    rows = []
    for one in sorted(hosted, key=lambda one: one.head.id):
        own = customers.tree(one.plan, one.head, one.state, one.findings, (), enforced)
        made |= {safe(f"{folder_of(one.head.id)}/{path}"): output for path, output in own.items()}
        rows.append(customers.row(one.plan, one.head, one.state, own[customers.TABLES].data))
    made[LIST] = listed(rows)
    return made


@dataclass(frozen=True, slots=True)
class PlatformStage:
    """The lab is up; the platform with its customers can be applied and probed, more than once."""

    prepared: PreparedPlatform
    stage: Stage

    def apply(
        self, progress: Callable[[str], None], *arguments: str, project: Path | None = None
    ) -> deploy.Applied:
        """Apply the project, or another build of it. Raises DeployError."""
        said = [f"{name}={value}" for name, value in self.variables.items()]
        return self.stage.apply(
            progress, *(word for one in said for word in ("-e", one)), *arguments, project=project
        )

    @property
    def variables(self) -> dict[str, str]:
        """Ansible variables that name the customers' secrets of the run."""
        return {"customers_secrets": str(self.secrets)}

    @property
    def secrets(self) -> Path:
        return self.stage.lab.folder / SECRETS

    def context(self, guest: Guest) -> Context:
        """What the probes of a customer work with."""
        return replace(self.stage.context(), plan=guest.truth, accounts=guest.accounts)

    def probes(self, guest: Guest) -> tuple[Probe, ...]:
        """What is asked of a customer: the essential probes, and attempts on each of the others."""
        others = tuple(one for one in self.prepared.guests if one.id != guest.id)
        return (*guests.essential(guest.plan), *guests.walls(others))

    def probe(self, guest: Guest, on_progress: audit.Progress, late: bool = False) -> audit.Ran:
        """The probes of a customer. Wrong passwords come late: when all others are done with, of all customers."""
        probes = (one for one in self.probes(guest) if (one.phase is not Phase.MAIN) is late)
        return audit.run(probes, self.context(guest), level, on_progress)


@contextmanager
def staged_platform(
    prepared: PreparedPlatform, folder: Path, progress: Callable[[str], None], keep: bool = False
) -> Iterator[PlatformStage]:
    """The lab, up, with the credentials of the platform and its customers laid in."""
    with staged(prepared.platform, folder, progress, keep, prepared.shown) as stage:
        made = PlatformStage(prepared, stage)
        prepared.write_secrets(made.secrets)
        yield made


@dataclass(frozen=True, slots=True)
class PlatformOutcome:
    """What the rehearsal of a platform came to.

    own        of the platform's own site, with the seconds of all steps
    customers  id → what the probes of that customer found
    complete   every probe of every customer ran
    left_out   file of a customer that cannot be used → findings
    """

    own: Outcome
    customers: Mapping[str, tuple[Finding, ...]]
    complete: bool
    left_out: Mapping[str, tuple[Finding, ...]]

    @property
    def passed(self) -> bool:
        return (
            self.own.passed
            and self.complete
            and not self.left_out
            and not any(finding.status != "pass" for found in self.customers.values() for finding in found)
        )


def rehearse_platform(
    provider: Provider, shared: Shared, today: date, out: Path, progress: Progress, keep: bool = False
) -> PlatformOutcome:
    """Rehearse a platform with its customers; everything is left in ``out``, a customer's probes in
    ``customers/<id>.json``.

    keep  leave the lab running
    Raises LabError, DeployError, BuildError, WriteRefusedError, OSError. The lab is cleared away in each case,
    unless it is kept; the hosts' logs are kept when something failed.
    """
    empty(out)
    laps = Laps()
    progress.step("Building")
    prepared = prepare_platform(provider, shared, today, out)
    laps("build")
    progress.step(f"Bringing up hosts for {len(prepared.hosted)} customers, and a small Internet")
    with staged_platform(prepared, out, progress.detail, keep) as stage:
        way_in = stage.stage.lab.how_to_get_in() if keep else ""
        laps("hosts")
        progress.step("Applying the project")
        stage.apply(progress.detail)
        laps("apply")
        found: dict[str, tuple[Finding, ...]] = {}
        complete = True
        (out / CUSTOMERS).mkdir()
        for guest in prepared.guests:
            progress.step(f"Probing for {guest.id}")
            ran = stage.probe(guest, progress.probe)
            found[guest.id] = ran.findings
            complete = complete and ran.complete
        laps("customers")
        progress.step("Probing for the platform's own site")
        rows, own_run = probed(shared.site, stage.stage, out, progress)
        laps("probes")
        progress.step("Trying passwords of one customer at another's door")
        for guest in prepared.guests:
            ran = stage.probe(guest, progress.probe, late=True)
            found[guest.id] = (*found[guest.id], *ran.findings)
            complete = complete and ran.complete
            (out / CUSTOMERS / f"{guest.id}.json").write_text(findings_json(found[guest.id]), "utf-8")
        laps("walls")
        own = Outcome(rows, own_run.findings, own_run.complete, laps.seconds, way_in)
        outcome = PlatformOutcome(own, found, complete, prepared.left_out)
        if not outcome.passed:
            stage.stage.lab.collect_logs(out / "logs")
        progress.step("Clearing away" if not keep else "Leaving the hosts up")
    laps("clearing away")
    return outcome


class Laps:
    """Seconds of wall clock of each step. Called with a step's name when it has ended."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._clock = time.monotonic()

    def __call__(self, name: str) -> None:
        now = time.monotonic()
        self.seconds[name], self._clock = now - self._clock, now
