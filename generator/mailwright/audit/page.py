"""docs/reference/probes.md, made from the probes themselves: ``python -m mailwright.audit.page``."""

from __future__ import annotations

import inspect

from mailwright.audit import PROBES
from mailwright.audit.journal import PROVOKED
from mailwright.audit.model import Phase, Probe

_HEAD = """\
# Probes

What `mailwright rehearse` and `mailwright audit` ask of running hosts. Each probe is evidence for the requirements
that it names. It fails when something is not as they want; it is *not proven* when something could not be tried, or
when a positive twin (what must pass on the same road) did not pass. Probes that rest on something being refused
prove nothing without a twin.

This page is made from the probes: `python -m mailwright.audit.page > docs/reference/probes.md`.
"""

_WHERE = {"outside": "from outside", "inside": "from the campus", "host": "on the host"}
_WHEN = {
    Phase.MAIN: "",
    Phase.LATE: ", after the others",
    Phase.OUTAGE: ", after those",
    Phase.FULL: ", after those",
    Phase.BARRED: ", after those, one at a time",
    Phase.LAST: ", last of all",
}


def page() -> str:
    """The whole page as Markdown."""
    return "\n".join([_HEAD, *(_section(probe) for probe in PROBES), _provoked()])


def _section(probe: Probe) -> str:
    text = inspect.getdoc(probe.run) or ""
    kind = "; needs a twin" if probe.negative else ""
    kind += f"; only where {probe.only.words}" if probe.only else ""
    kind += ", runs commands on the hosts" if probe.commands else ""
    facts = f"{', '.join(probe.requirements)}; {_WHERE[probe.vantage]}{_WHEN[probe.phase]}{kind}"
    alone = f"\nIn rehearsals alone: {probe.harm}.\n" if probe.harm else ""
    return f"## {probe.id}\n\n**{probe.title}** ({facts})\n\n{text}\n{alone}"


def _provoked() -> str:
    rows = [
        f"| {item.probe} | `{item.program}` | `{item.message.replace('|', chr(92) + '|')}` |" for item in PROVOKED
    ]
    head = ["## Lines that probes provoke in the journals", "", "All else that is a warning or worse fails"]
    return "\n".join(
        [*head[:2], f"{head[2]} `journal.clean`.", "", "| probe | program | message |", "|---|---|---|", *rows, ""]
    )


if __name__ == "__main__":
    print(page(), end="")
