"""The probes of logs that last, on a shell that answers from a list. On hosts: molecule, tests/rehearsal."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Address

import pytest

from mailwright import plan
from mailwright.audit import PROBES, for_site, logs_kept
from mailwright.audit.model import Context
from mailwright.audit.runner import status
from mailwright.findings import Status
from support.example import load_example, split
from support.probing import Here

KEEPER = "log.college.ac.uk"
Answer = Callable[[str, str], tuple[int, str]]


class Script:
    """A shell: ``answer`` says what a command line gets on a host."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def run(self, host: str, *argv: str, timeout: float = 30.0) -> tuple[int, str]:
        assert timeout > 0
        return self.answer(host, " ".join(argv))


def judged(id_: str, answer: Answer, *, single: bool = False) -> Status:
    outside = Here("outside", (IPv4Address("203.0.113.66"),))
    made = plan.make(load_example() if single else split())
    context = Context(made, ("127.0.0.1",), {"outside": outside}, Script(answer), None, ())
    probe = next(probe for probe in PROBES if probe.id == id_)
    return status(probe, tuple(probe.run(context)))


@pytest.mark.parametrize(
    ("said", "expected"),
    [((0, "/var/log/mail\n"), Status.PASS), ((0, "/\n"), Status.NOT_PROVEN), ((1, "no such file\n"), Status.FAIL)],
)
def test_the_log_is_a_file_system_of_its_own(said: tuple[int, str], expected: Status) -> None:
    assert judged("logs.own-file-system", lambda *_: said) is expected


def report(*faults: tuple[str, int]) -> str:
    told = [{"kind": kind, "line": line, "message": f"line {line}: {kind}"} for kind, line in faults]
    return json.dumps({"ok": not faults, "hosts": [{"host": "a", "sealed": 3, "faults": told}]})


def keeper(**other: tuple[int, str]) -> Answer:
    """A log host where all is well, but for ``verify``, ``timer``, or what is said of deeds (``_`` for a space)."""
    trial = {name: report(*([(kind, line)] if kind else [])) for name, _, kind, line in logs_kept._DEEDS}
    trial |= {name.replace("_", " "): said for name, (_, said) in other.items()}

    def answer(host: str, command: str) -> tuple[int, str]:
        assert host == KEEPER
        if command.startswith("mailwright-seal verify"):
            return other.get("verify", (0, report()))
        if command.startswith("systemctl"):
            return other.get("timer", (0, "active\n"))
        return 0, "".join(f"{name}\t{said}\n" for name, said in trial.items())

    return answer


def test_seals_that_hold() -> None:
    assert judged("logs.sealed", keeper()) is Status.PASS


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({"verify": (1, report(("altered", 17)))}, Status.FAIL),
        ({"verify": (2, "mailwright-seal: no key")}, Status.FAIL),
        ({"timer": (3, "inactive\n")}, Status.FAIL),
        ({"a_line_altered": (0, report())}, Status.FAIL),
        ({"a_line_altered": (0, report(("altered", 18)))}, Status.FAIL),
        ({"a_day_removed": (0, "nonsense")}, Status.FAIL),
        # Whoever finds a fault in everything has found nothing.
        ({"untouched": (0, report(("altered", 17)))}, Status.NOT_PROVEN),
        ({"verify": (127, "sh: mailwright-seal: not found")}, Status.NOT_PROVEN),
    ],
)
def test_seals_that_do_not(other: dict[str, tuple[int, str]], expected: Status) -> None:
    assert judged("logs.sealed", keeper(**other)) is expected


def keys(*where: str) -> Answer:
    absent = (1, "stat: cannot statx '/var/lib/mailwright-seal/key.pem': No such file or directory\n")
    return lambda host, _: (0, "600 root\n") if host in where else absent


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ((KEEPER,), Status.PASS),
        ((KEEPER, "mail.college.ac.uk"), Status.FAIL),
        ((), Status.NOT_PROVEN),
    ],
)
def test_the_key_is_on_the_log_host_alone(where: tuple[str, ...], expected: Status) -> None:
    assert judged("logs.sealed-elsewhere", keys(*where)) is expected


def test_without_a_log_host_it_is_not_asked_where_the_key_is() -> None:
    ids = {probe.id for probe in for_site(plan.make(load_example()))}
    assert "logs.sealed" in ids
    assert "logs.sealed-elsewhere" not in ids


def room(**other: tuple[int, str]) -> Answer:
    def answer(host: str, command: str) -> tuple[int, str]:
        what = command.replace("mailwright-space ", "").split()[0]
        good = {
            "show": (0, "/var/log/mail: 2 GB free\n"),
            "ask": (0, "action=DUNNO\n"),
            "systemctl": (0, "active\n"),
        }
        return other.get(what, good[what])

    return answer


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({}, Status.PASS),
        ({"show": (1, "/var/log/mail: 2 MB free\n")}, Status.FAIL),
        ({"show": (127, "not found\n")}, Status.NOT_PROVEN),
        ({"ask": (0, "action=451 4.3.1 Too little space\n")}, Status.FAIL),
        ({"ask": (2, "mailwright-space: no such file\n")}, Status.FAIL),
        ({"systemctl": (3, "inactive\n")}, Status.FAIL),
    ],
)
def test_there_is_room(other: dict[str, tuple[int, str]], expected: Status) -> None:
    assert judged("logs.room", room(**other)) is expected


def test_a_log_host_seals_for_another() -> None:
    site = split()
    assert logs_kept._sealed(plan.make(site)) == [(KEEPER, site.hosts[0].name)]
    alone = plan.make(load_example())
    assert logs_kept._sealed(alone) == [(alone.hosts[0].name, alone.hosts[0].name)]
    assert logs_kept._asked(replace(alone, policies=())) == frozenset()
