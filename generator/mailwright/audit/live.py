"""An audit of a running service: what it works with, made of a description and of where this machine stands."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import field, replace
from pathlib import Path

import dns.exception
import dns.resolver

from mailwright.audit import for_live, for_site, outside_mailbox, stand
from mailwright.audit.model import Account, Context, Probe, Vantage, Where
from mailwright.audit.ssh import NoSshError, SshShell
from mailwright.findings import Finding, Findings, Place
from mailwright.plan import make as make_plan
from mailwright.plan.model import Because, Mailbox, Plan, Route, Sender
from mailwright.records import dataclass
from mailwright.site.addresses import domain, key
from mailwright.site.model import Audit, IPAddress, Site

_LONGEST = 1024  # octets of a password's file


class NotHeldError(Exception):
    """The audit cannot be held; the message says why."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The passwords that the description names, read. ``findings`` say which cannot be used, and why."""

    accounts: tuple[Account, ...]
    outside: outside_mailbox.Access | None
    findings: tuple[Finding, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Live:
    """An audit that can begin.

    probes     that are asked from here
    elsewhere  how many others need another vantage
    alone      those that are for rehearsals alone (``Probe.harm`` says why)
    addresses  our own
    remarks    what is amiss with our place, for people
    """

    context: Context
    probes: tuple[Probe, ...]
    elsewhere: dict[Where, int]
    alone: tuple[Probe, ...]
    addresses: tuple[IPAddress, ...]
    remarks: tuple[str, ...]


@contextmanager
def held(
    site: Site,
    where: Where,
    secrets: Secrets,
    resolver: tuple[str, ...] = (),
    ssh_config: Path | None = None,
    trust: str | None = None,
) -> Iterator[Live]:
    """What an audit from there works with, as long as the context lasts.

    secrets     ``read_secrets``; its findings are the caller's to heed
    resolver    addresses; none: those of this machine
    ssh_config  of the commands on the hosts, which are run from ``host`` alone
    trust       PEM file of an authority besides the system's

    At its end the connections are closed, and the run's own test messages removed from the outside mailbox. Raises
    NotHeldError where no host can be reached from this machine, or a name be asked for.
    """
    plan = known(site)
    resolvers = resolver or own_resolver()
    ways = stand.ways(plan)
    standing = stand.standing(plan, ways)
    if not ways:
        raise NotHeldError(f"{standing.outside}: none of their addresses can be reached in a family that it has")
    with ExitStack() as stack:
        try:
            commands = stack.enter_context(shell(plan, ways, ssh_config)) if where == "host" else None
        except NoSshError as error:
            raise NotHeldError(str(error)) from None
        mailbox: outside_mailbox.OutsideMailbox | None = None
        remarks = [text for text in (standing.refused(where), standing.doubt) if text]
        if secrets.outside is not None:
            own = [host.name for host in plan.hosts]
            mailbox = outside_mailbox.OutsideMailbox(secrets.outside, resolvers, own, trust)
            stack.callback(mailbox.close)
            try:
                mailbox.open()
            except OSError as error:
                remarks.append(str(error))
        vantages, doubts = _places(where, standing)
        context = Context(
            plan=plan,
            resolver=resolvers,
            vantages=vantages,
            shell=commands,
            correspondent=mailbox,
            accounts=secrets.accounts,
            trust=trust,
            named=named(plan, site.audit),
            doubts=doubts,
        )
        yield Live(
            context=context,
            probes=asked(plan, where),
            elsewhere=_counted(probe for probe in for_live(plan) if vantage_of(probe) != where),
            alone=tuple(probe for probe in for_site(plan) if probe.harm),
            addresses=standing.addresses,
            remarks=tuple(remarks),
        )


def vantage_of(probe: Probe) -> Where:
    """From where an audit asks it: what needs commands on the hosts is asked from ``host``."""
    return "host" if probe.on_hosts else probe.vantage


def asked(plan: Plan, where: Where) -> tuple[Probe, ...]:
    """The probes that an audit of a site with this plan (``known``) asks from there."""
    return tuple(probe for probe in for_live(plan) if vantage_of(probe) == where)


def known(site: Site) -> Plan:
    """The site's plan; with a live directory, as if the build knew those who have a mailbox for tests."""
    plan = make_plan(site)
    store = next((host.name for host in plan.with_function("store")), "")
    if not site.live or not store:
        return plan
    because = Because("", "a mailbox that the description names for tests")
    mailboxes = [
        # The other stores would hand the login over to the right one.
        Mailbox(one.login, one.login, store, plan.settings.quota, because)
        for one in site.audit.mailboxes
    ]
    routes = [Route(key(one.address), "mailbox", (one.login,), because) for one in site.audit.mailboxes]
    senders = [Sender(one.login, key(one.address), because) for one in site.audit.mailboxes]
    return replace(
        plan,
        mailboxes=tuple(sorted((*plan.mailboxes, *mailboxes), key=lambda row: row.key)),
        routes=tuple(sorted((*plan.routes, *routes), key=lambda row: row.key)),
        senders=tuple(sorted((*plan.senders, *senders), key=lambda row: row.key)),
    )


def named(plan: Plan, audit: Audit) -> frozenset[str]:
    """The site's addresses that messages may go to, in look-up form: those that the description names for tests,
    and every other one that leads to its test mailboxes and to nobody else."""
    logins = {one.login for one in audit.mailboxes}
    said = {key(address) for address in (*(one.address for one in audit.mailboxes), *audit.addresses)}
    theirs = {row.address for row in plan.routes if row.kind == "mailbox" and logins.issuperset(row.targets)}
    others = [row for row in plan.routes if row.kind != "mailbox" and row.targets]
    before = -1
    while before != len(theirs):  # an alias may lead to an alias
        before = len(theirs)
        theirs |= {row.address for row in others if theirs.issuperset(map(key, row.targets))}
    return frozenset(said | theirs)


def read_secrets(site: Site, folder: Path) -> Secrets:
    """Read the passwords' files; their paths are relative to ``folder``, where the description is."""
    report = Findings()
    accounts = []
    for one in site.audit.mailboxes:
        password = _password(report, folder, one.password, one.where)
        _is_own(report, site, one.address, one.where)
        if not site.live and one.login not in {person.login for person in site.people}:
            message = f"{one.login} is nobody's login here, and a mailbox for tests is one of the site's"
            report.error("audit.login", message, one.where, "Name somebody who is described among the people.")
        if password is not None:
            accounts.append(Account(one.login, password, one.address))
    for address in site.audit.addresses:
        _is_own(report, site, address, site.audit.mailboxes[0].where if site.audit.mailboxes else site.where)
    outside = site.audit.outside
    access = None
    if outside is not None:
        password = _password(report, folder, outside.password, outside.where)
        if password is not None:
            access = outside_mailbox.Access(outside.address, outside.imap, outside.port, outside.login, password)
    return Secrets(tuple(accounts), access, tuple(report.items))


def own_resolver() -> tuple[str, ...]:
    """Addresses of the resolvers that this machine asks. Raises NotHeldError where there are none."""
    try:
        found = dns.resolver.Resolver(configure=True).nameservers
    except (dns.exception.DNSException, OSError) as error:
        raise NotHeldError(f"this machine names no resolver ({error}): name one with --resolver") from None
    return tuple(str(one) for one in found)


def _password(report: Findings, folder: Path, name: str, where: Place) -> str | None:
    """The first line of the file; a finding where it cannot be had, or others could read it."""
    path = folder / Path(name).expanduser()
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                report.error("audit.password-file", f"{name} is no file", where, "Name a file with the password.")
                return None
            if status.st_mode & 0o077:
                message = f"others than its owner can read {name}, which holds a password"
                report.error("audit.password-open", message, where, f"chmod 600 {name}")
                return None
            content = file.read(_LONGEST)
    except OSError as error:
        message = f"the password's file {name} cannot be read: {error.strerror}"
        report.error("audit.password-file", message, where, f"Put the password into {name}, for its owner alone.")
        return None
    line = content.partition(b"\n")[0].removesuffix(b"\r")
    try:
        password = line.decode()
    except UnicodeDecodeError:
        password = ""
    if not password or "\0" in password:
        report.error("audit.password-file", f"{name} has no password in its first line", where, "Put it there.")
        return None
    if not password.isascii():  # what IMAP's LOGIN can carry (RFC 3501, 9)
        message = f"the password in {name} has letters beyond ASCII, which a test login cannot send"
        report.error("audit.password-file", message, where, "Give the mailbox for tests another one.")
        return None
    return password


def _is_own(report: Findings, site: Site, address: str, where: Place) -> None:
    own = {item.name for item in site.domains} | {item.name for item in site.internal_domains}
    own |= {host.name for host in site.hosts}  # which have a postmaster
    if domain(address) not in own:
        message = f"{address} is in no domain of the site, and tests are not for others"
        report.error("audit.address", message, where, "Name an address of the site.")


def _places(where: Where, standing: stand.Standing) -> tuple[dict[Where, Vantage], dict[Where, str]]:
    """The vantage that was asked for, where we stand there; for commands on the hosts the one where we are."""
    if where == "host":
        real: Where = "outside" if not standing.outside else "inside"
        vantages: dict[Where, Vantage] = {real: stand.Here(real, standing.addresses)}
        return vantages, {real: standing.doubt} if standing.doubt else {}
    refused = standing.refused(where)
    if refused:
        return {}, {where: refused}
    return {where: stand.Here(where, standing.addresses)}, {where: standing.doubt} if standing.doubt else {}


def shell(plan: Plan, ways: stand.Ways, config: Path | None) -> SshShell:
    """Commands on the hosts of the plan, with ssh where a host is not this machine."""
    hosts = [host.name for host in plan.hosts]
    # What is ours needs no ssh; but only root may read there what the probes look at.
    here = [
        host.name
        for host in plan.hosts
        if os.geteuid() == 0 and any(ways.get(address) == address for address in host.addresses)
    ]
    return SshShell(hosts, here, config)


def _counted(probes: Iterable[Probe]) -> dict[Where, int]:
    counts: dict[Where, int] = {}
    for probe in probes:
        counts[vantage_of(probe)] = counts.get(vantage_of(probe), 0) + 1
    return counts
