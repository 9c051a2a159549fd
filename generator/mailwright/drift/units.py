"""Services: those of the last apply must run, start at boot, and have read their files."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from mailwright.drift.answer import Answer, AnswerError, Unit
from mailwright.drift.expected import READ_AT_START
from mailwright.drift.model import Host, differs
from mailwright.findings import Finding

_RUNNING = frozenset({"active", "reloading", "activating"})
_ENABLED = frozenset({"enabled", "enabled-runtime", "static", "alias", "indirect", "generated", "transient"})


def judge(host: Host, said: Answer) -> Iterator[Finding]:
    """What is the matter with the units of the components that the host shall run.

    Raises AnswerError where it says nothing about one.
    """
    names: set[str] = set()
    for part in host.parts:
        record = said.records.get(part.record)
        names.update(record.units or () if record else ())
    for name in sorted(names):
        unit = said.units.get(name)
        if unit is None:
            raise AnswerError(f"it says nothing about {name}")
        faults = tuple(_faults(unit))
        if faults:
            yield differs(
                "drift.unit",
                host.name,
                f"{name} {' and '.join(faults)}",
                _fix(name, unit),
                f"systemd says: {unit.load}, {unit.active} ({unit.sub}), {unit.enabled or 'no unit file'}",
            )
        elif unit.reload:
            yield differs(
                "drift.unit",
                host.name,
                f"{name} was changed, and systemd has not read it since",
                f"systemctl daemon-reload; then systemctl restart {name}",
            )
        else:
            yield from _stale(host, name, unit, said)


def _faults(unit: Unit) -> Iterator[str]:
    if unit.load == "masked":
        yield "is masked"
    elif unit.load == "not-found":
        yield "is not there"
        return
    if unit.active == "failed":
        yield "has failed"
    elif unit.sub == "auto-restart":
        yield "fails again and again"
    elif unit.active not in _RUNNING or not unit.alive:
        yield "is stopped"
    if unit.load != "masked" and unit.enabled not in _ENABLED:
        yield "is not started at boot"


def _fix(name: str, unit: Unit) -> str:
    unmask = f"systemctl unmask {name}; then apply" if unit.load == "masked" else "Apply"
    return f"{unmask} the build, which starts and enables it. Why it is so: journalctl --unit {name}"


def _stale(host: Host, name: str, unit: Unit, said: Answer) -> Iterator[Finding]:
    """A service that reads its files at its start alone, and was started before the youngest was written."""
    patterns = READ_AT_START.get(name, ())
    paths = [path for path in host.files if any(fnmatchcase(path, pattern) for pattern in patterns)]
    youngest = max(paths, key=lambda path: said.seen(path).modified, default="")
    # systemd's time is in whole seconds, cut off.
    if youngest and unit.since and said.seen(youngest).modified > unit.since + 1:
        started = datetime.fromtimestamp(unit.since, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        written = datetime.fromtimestamp(said.seen(youngest).modified, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        yield differs(
            "drift.unit",
            host.name,
            f"{name} runs with an older {youngest} than the one that is there",
            f"systemctl restart {name}, when the file is as it shall be",
            f"started {started}, written {written}",
        )
