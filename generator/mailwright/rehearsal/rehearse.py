"""The rehearsal: build, bring up, apply, probe; and a verdict for each requirement.

The steps can be taken one by one (``prepare``, ``staged``, ``Stage.apply``, ``Stage.probe``), as the tests and
the molecule scenarios do; ``rehearse`` takes them all.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from mailwright import __version__
from mailwright.audit import for_site
from mailwright.audit import runner as audit
from mailwright.audit.model import Behind, Context, Probe
from mailwright.border import nftables
from mailwright.build import Input, project
from mailwright.build.tree import Tree
from mailwright.build.writer import write
from mailwright.findings import Finding, Level
from mailwright.plan import make as make_plan
from mailwright.plan.digest import digest
from mailwright.plan.model import Gateway, Plan
from mailwright.records import dataclass
from mailwright.rehearsal import credentials, deploy, directory, neighbours
from mailwright.rehearsal.errors import LabError
from mailwright.rehearsal.lab import Lab, Scene, scene
from mailwright.report import evidence, matrix_html, matrix_json, mentions
from mailwright.report.findings_json import render as findings_json
from mailwright.report.merge import Sighting, needed
from mailwright.report.verdicts import Verdict, verdicts
from mailwright.requirements.catalogue import REQUIREMENTS
from mailwright.requirements.lookup import level_of
from mailwright.site.model import Membership, Person, Published, Site


class Progress(Protocol):
    """Somebody who is told how a long piece of work goes."""

    def step(self, text: str) -> None:
        """A new step begins."""

    def detail(self, text: str) -> None:
        """What the step is doing just now."""

    def probe(self, probe: Probe, findings: tuple[Finding, ...], seconds: float) -> None:
        """A probe has ended."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """A site that was built for a rehearsal. ``project`` is the folder of the build.

    truth   the plan as it would be if the build knew everybody: what probes go by. With a live directory ``plan``
            has no rows of people, and never those of members of lists that are a group of the directory; this one
            has those of the people who are in the lab's directory
    people  who is there, and in the lab's directory where the site has one
    """

    site: Site
    plan: Plan
    checks: tuple[Finding, ...]
    project: Path
    credentials: credentials.Credentials
    truth: Plan
    people: tuple[Person, ...]

    def directory_files(self) -> dict[str, bytes]:
        """What the lab's directory is filled from."""
        described = self.site.directory
        if described is None:
            return {}
        stores = {row.login: row.host for row in self.truth.mailboxes}
        people = [replace(person, store=stores[person.login]) for person in self.people]
        passwords = {account.login: account.password for account in self.credentials.accounts}
        bind = self.credentials.files[credentials.DIRECTORY].decode("ascii").rstrip("\n")
        return directory.files(described, people, passwords, bind, directory.groups(self.site))

    def settings(self) -> mentions.Mentions:
        """Where the built files carry each requirement; named from the project's folder on."""
        files = sorted(
            path for part in mentions.FOLDERS for path in (self.project / part).rglob("*") if path.is_file()
        )
        return mentions.find((path.relative_to(self.project).as_posix(), path.read_bytes()) for path in files)

    def judge(self, probes: Iterable[Finding]) -> tuple[Verdict, ...]:
        """The verdicts, now that the probes have spoken."""
        seen = [Sighting(finding) for finding in probes]
        return verdicts(REQUIREMENTS, self.checks, self.settings(), seen, needed(for_site(self.plan)))


def prepare(
    site: Site,
    checks: Iterable[Finding],
    inputs: Iterable[Input],
    folder: Path,
    people: tuple[Person, ...] = (),
    planned: Callable[[Site], Plan] = make_plan,
    more: Callable[[Tree], Tree] = dict,
) -> Prepared:
    """Build ``site`` into ``folder``/project, with the credentials of this run.

    people   who is in the lab's directory, where it is live; none: some are invented
    planned  makes the plan
    more     of the built project: the whole of what is written; of a platform, with the customers on it

    Raises BuildError, WriteRefusedError, OSError.
    """
    people = (people or directory.invented(site)) if site.live else site.people
    made = credentials.make(planned(known(site, people)))
    # A web server that is not described is not in the lab: what is published there is seen in an audit alone.
    rehearsed = replace(credentials.with_key(site, made), published=tuple(_in_the_lab(site)))
    plan = planned(rehearsed)
    truth = planned(known(rehearsed, people))
    found = tuple(checks)
    place = folder / "project"
    write(more(project(rehearsed, plan, found, inputs)), place)
    return Prepared(rehearsed, plan, found, place, made, truth, people)


def _in_the_lab(site: Site) -> Iterator[Published]:
    """What the site's own web host serves of what is published."""
    hosts = {host.name for host in site.hosts if "web" in host.functions}
    for one in site.published:
        if not one.url or urlsplit(one.url).hostname in hosts:
            yield one


def known(site: Site, people: tuple[Person, ...]) -> Site:
    """The site as if its build knew who is in the directory, and in its groups."""
    if site.directory is None:
        return site
    grouped = Membership(named=tuple(person.login for person in directory.in_groups(people)))
    lists = tuple(replace(row, members=grouped) if row.members.group else row for row in site.lists)
    return replace(site, people=people, directory=replace(site.directory, live=False), lists=lists)


@dataclass(frozen=True, slots=True)
class Stage:
    """The lab is up; what is rehearsed can be applied and probed, more than once. ``folder`` gets the logs."""

    prepared: Prepared
    lab: Lab
    folder: Path
    secrets: Path

    def apply(
        self, progress: Callable[[str], None], *arguments: str, project: Path | None = None
    ) -> deploy.Applied:
        """Apply the project, or another build of it (a mutant's). Raises DeployError."""
        return deploy.apply(
            self.lab,
            project or self.prepared.project,
            credentials.variables(self.secrets),
            self.folder / "ansible.log",
            progress,
            *arguments,
        )

    @property
    def border(self) -> str:
        """The border router's rules as they were built."""
        return (self.prepared.project / "border" / nftables.DIALECT.file).read_text(encoding="utf-8")

    @property
    def probes(self) -> tuple[Probe, ...]:
        """All probes that mean something at this site."""
        return for_site(self.prepared.plan)

    def probe(
        self, on_progress: audit.Progress, probes: Iterable[Probe] | None = None, since: float = 0.0
    ) -> audit.Ran:
        """What these probes find, or all of them. ``since``: the journals are judged from then on (seconds since
        the epoch)."""
        return audit.run(self.probes if probes is None else probes, self.context(since), level, on_progress)

    def behind(self, gateway: Gateway) -> Behind:
        """The stand-in for the system behind a gateway."""
        return Behind(
            self.lab.vantage(gateway.next_hop, "inside"),
            self.lab.neighbour_mail(gateway.next_hop),
            neighbours.known(self.prepared.plan, gateway),
        )

    def context(self, since: float = 0.0) -> Context:
        """What the probes work with in this lab."""
        return Context(
            plan=self.prepared.truth,
            resolver=self.lab.resolver,
            vantages=dict(self.lab.vantages()),
            shell=self.lab.shell,
            correspondent=self.lab.mail,
            accounts=self.prepared.credentials.accounts,
            trust=str(self.secrets / credentials.AUTHORITY),
            since=since,
            hosts=dict(self.lab.host_vantages()),
            behind={row.name: self.behind(row) for row in self.prepared.plan.gateways},
        )


def level(requirement: str) -> Level:
    """The level of a requirement of the catalogue."""
    found = level_of(requirement)
    if found is None:
        raise LookupError(f"a probe names {requirement}, which is not in the catalogue")
    return found


@contextmanager
def staged(
    prepared: Prepared,
    folder: Path,
    progress: Callable[[str], None],
    keep: bool = False,
    shown: Callable[[Scene], Scene] = lambda scene: scene,
) -> Iterator[Stage]:
    """The lab, up, with the credentials laid in and the border's rules in force.

    shown  what the lab shows besides: of a platform, its customers' zones
    On any error the hosts' logs are put into ``folder``/logs.
    """
    authority = prepared.credentials.files[credentials.AUTHORITY].decode("ascii")
    with Lab(shown(scene(prepared.truth, prepared.project / "dns", authority)), progress, keep) as lab:
        secrets = lab.folder / "credentials"
        prepared.credentials.write(secrets)
        for one in lab.scene.neighbours:
            filled = prepared.directory_files() if one.kind == "directory" else {}
            lab.equip(one.name, filled | credentials.of_neighbour(prepared.credentials.files, one))
        try:
            stage = Stage(prepared, lab, folder, secrets)
            lab.border(stage.border)
            yield stage
        except Exception:
            lab.collect_logs(folder / "logs")
            raise


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rehearsal came to. ``seconds``: name of a step → seconds of wall clock.

    way_in  how to look around in a lab that was kept; empty otherwise
    """

    verdicts: tuple[Verdict, ...]
    probes: tuple[Finding, ...]
    complete: bool
    seconds: dict[str, float]
    way_in: str

    @property
    def passed(self) -> bool:
        """Every probe ran, and every one passed."""
        return self.complete and not any(finding.status != "pass" for finding in self.probes)


def rehearse(
    site: Site,
    checks: Iterable[Finding],
    inputs: Iterable[Input],
    out: Path,
    progress: Progress,
    keep: bool = False,
) -> Outcome:
    """Rehearse a site whose description was judged (``checks``); everything is left in ``out``.

    keep  leave the lab running
    Raises LabError, DeployError, BuildError, WriteRefusedError, OSError. The lab is cleared away in each case,
    also after an interrupt, unless it is kept; the hosts' logs are kept when something failed.
    """
    empty(out)
    seconds: dict[str, float] = {}
    clock = time.monotonic()

    def lap(name: str) -> None:
        nonlocal clock
        now = time.monotonic()
        seconds[name], clock = now - clock, now

    progress.step("Building")
    prepared = prepare(site, checks, inputs, out)
    lap("build")
    progress.step("Bringing up hosts and a small Internet")
    with staged(prepared, out, progress.detail, keep) as stage:
        way_in = stage.lab.how_to_get_in() if keep else ""
        lap("hosts")
        progress.step("Applying the project")
        stage.apply(progress.detail)
        lap("apply")
        progress.step("Probing")
        rows, ran = probed(site, stage, out, progress)
        lap("probes")
        outcome = Outcome(rows, ran.findings, ran.complete, seconds, way_in)
        if not outcome.passed:
            stage.lab.collect_logs(out / "logs")
        progress.step("Clearing away" if not keep else "Leaving the hosts up")
    lap("clearing away")
    return outcome


def probed(site: Site, stage: Stage, out: Path, progress: Progress) -> tuple[tuple[Verdict, ...], audit.Ran]:
    """All probes of the site, and what they come to; matrix, findings and evidence are left in ``out``."""
    started = datetime.now(UTC)
    ran = stage.probe(progress.probe)
    rows = stage.prepared.judge(ran.findings)
    name = site.organisation.name
    (out / "matrix.html").write_text(matrix_html.render(name, rows), encoding="utf-8")
    (out / "matrix.json").write_text(matrix_json.render(name, rows), encoding="utf-8")
    (out / "findings.json").write_text(findings_json((*stage.prepared.checks, *ran.findings)), encoding="utf-8")
    run = evidence_of(site, stage, started, ran.findings, ran.complete)
    (out / "evidence.json").write_text(evidence.to_json(run), encoding="utf-8")
    return rows, ran


def evidence_of(
    site: Site, stage: Stage, started: datetime, found: tuple[Finding, ...], complete: bool
) -> evidence.Run:
    """What is kept of the probes, for the report. The plan is that of the description, not the rehearsed one,
    which differs by the keys of this run."""
    context = stage.context()
    places = sorted(context.vantages)
    return evidence.Run(
        kind="rehearsal",
        vantages=(*places, "host"),
        addresses=tuple(str(address) for place in places for address in context.vantages[place].addresses),
        started=started,
        ended=max(started, datetime.now(UTC)),
        version=__version__,
        domain=site.primary.name,
        plan=digest(make_plan(site)),
        complete=complete,
        findings=found,
    )


_MARK = ".rehearsal"


def empty(out: Path) -> None:
    """Make ``out`` an empty folder. One that holds something else than an earlier rehearsal is refused."""
    if out.is_dir() and any(out.iterdir()) and not (out / _MARK).exists():
        raise LabError(f"{out} holds something else than a rehearsal.", "Name another folder with --out.")
    if out.exists():
        shutil.rmtree(out)
    out.mkdir(parents=True)
    (out / _MARK).touch()
