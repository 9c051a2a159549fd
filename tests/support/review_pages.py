"""Reviews to be shown: of whole sites, and by hand with texts that want to be more than text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from mailwright.changes import compare, files
from mailwright.changes.model import (
    Change,
    Comparison,
    FileChange,
    Hit,
    Named,
    Origin,
    Part,
    Review,
    Risk,
    RiskRule,
    Severity,
    Step,
    risk,
)
from mailwright.changes.personal import personal
from mailwright.findings import Place
from mailwright.plan import make
from mailwright.plan.model import Because, Gateway, HostFacts, Plan
from mailwright.site.model import Site
from support.built import built
from support.example import load_example, with_everything

BECAUSE = Because("GATE-1", "")


def rule(
    id_: str, severity: Severity, requirement: str = "RELAY-2", title: str = "more clients may relay"
) -> RiskRule:
    @risk(id_, severity, requirement, title, "Give the system a login of its own.")
    def found(comparison: Comparison) -> Iterator[Hit]:
        """More addresses may send to anywhere without saying who they are.

        Whatever runs there, malware too, sends in the site's name, and the log knows an address and no person.
        """
        yield from ()

    return found


def dangerous(
    id_: str, severity: Severity, sentence: str, *, where: Place | None = None, forced: str = "", **parts: str
) -> Risk:
    of = rule(id_, severity, **parts)
    return Risk(of, severity, sentence, of.safely, where, forced)


def named(label: str, site: Site | None = None, version: str = "0.1.0") -> Named:
    site = site or load_example()
    return Named(label, site.organisation.name, site.primary.name, version)


def reviewed(
    old: Site,
    new: Site,
    *,
    risks: tuple[Risk, ...] = (),
    steps: tuple[Step, ...] = (),
    warnings: tuple[str, ...] = (),
    diffs: bool = True,
    origin: Origin = "description",
) -> Review:
    """What is found between two sites, with risks and steps by hand."""
    plans = (make(old), make(new))
    part = Part(origin, compare(*plans), risks, files.compare(built(old), built(new), diffs=diffs))
    sides = named("HEAD~1:site.yml", old), named("site.yml", new)
    return Review(*sides, plans, (part,), steps, warnings, diffs)


RISKS = (
    dangerous(
        "relay.widened",
        Severity.HIGH,
        "192.0.2.0/24 may relay through port 25 of mail.college.ac.uk without a login",
        where=Place("site.yml", 41, 7),
    ),
    dangerous(
        "address.removed",
        Severity.MEDIUM,
        f"{personal('a.lovelace@college.ac.uk', 'an address')} is no address any more",
        requirement="ROLE-1",
        title="an address vanishes",
    ),
    dangerous(
        "address.removed",
        Severity.MEDIUM,
        f"{personal('c.babbage@college.ac.uk', 'an address')} is no address any more",
        requirement="ROLE-1",
        title="an address vanishes",
    ),
    dangerous("retention.shortened", Severity.LOW, "logs are kept 92 days instead of 120", requirement="AUDIT-2"),
    dangerous("many.rows", Severity.HIGH, "all routes change", forced="The department moves as a whole."),
)
STEPS = (
    Step("Lower the time to live of the MX record of college.ac.uk", 3600, "Others keep what they know so long."),
    Step("Apply the build to mx2.college.ac.uk"),
    Step("Publish the MX record with mx2.college.ac.uk", 90_000),
)


@cache
def large() -> Review:
    """The example spread over six hosts, with everything that a site can have."""
    made = reviewed(load_example(), with_everything(), risks=RISKS, steps=STEPS, warnings=("The old side is old.",))
    (part,) = made.parts
    newer = Part(
        "mailwright",
        part.changes[-3:],
        (dangerous("tls.lowered", Severity.LOW, "TLS 1.2 is enough"),),
        part.files[-12:],
    )
    return replace(made, parts=(part, newer), old=replace(made.old, version="0.0.9"))


def _hostile_plan(plan: Plan, text: str) -> Plan:
    gateway = Gateway(text, (text,), text, 25, "may", "ask", (), BECAUSE)
    host = HostFacts(text, plan.hosts[0].addresses, "debian-13", ("mx", "store"), BECAUSE)
    return replace(plan, gateways=(gateway,), hosts=(*plan.hosts, host))


def hostile(text: str) -> Review:
    """A review in which everything that somebody else may have written is ``text``."""
    plan = make(load_example())
    changes = (
        Change("mailboxes", "added", text, personal(text, "somebody"), "", text),
        *(Change("routes", "removed", text, text, text, text) for _ in range(7)),
    )
    risks = (
        dangerous("relay.widened", Severity.HIGH, text, where=Place(text, 1, 1), forced=text),
        replace(dangerous("address.removed", Severity.LOW, personal(text, "an address")), safely=text),
    )
    diff = ("@@ -1 +1,2 @@", f"-{text}", f"+{text}", f" {text}", f"+{text}")
    changed = (
        FileChange(text, "changed", text, text, text, True, diff, (text,)),
        FileChange(text, "added", "dns", hosts=(text,)),
    )
    side = Named(text, text, text, text)
    parts = (Part("description", changes, risks, changed), Part("mailwright", changes, risks, changed))
    steps = (Step(text, 60, text),)
    return Review(side, replace(side), (plan, _hostile_plan(plan, text)), parts, steps, (text,), True)
