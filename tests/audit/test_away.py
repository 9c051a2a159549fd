"""Users away: the probes pass on a service that behaves, and fail on the one whose fault they are there to find."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest

from mailwright.audit import away, mailboxes
from mailwright.audit.model import Account, Context, Where
from mailwright.audit.roads import Door
from mailwright.findings import Status
from support.probing import PASSWORD, failures, site, verdict

GUESSING, THROTTLING = away.PROBES


@dataclass
class Service:
    """The part of a host that looks at logins, and its shell. Each fault is what is not done, or done too much."""

    slows: bool = True
    cuts: bool = True
    bars: bool = True
    bars_campus: bool = False
    wrong: int = 0
    said: list[tuple[str, ...]] = field(default_factory=list)

    def log_in(self, _context: Context, where: Where, _door: Door, account: Account) -> away._Try:
        right = account.password == PASSWORD
        if where == "inside":
            return away._Try(right and not (self.bars_campus and self.wrong), "from the campus", 0.1)
        waits = min(4.0, max(0, self.wrong - 2)) if self.slows else 0.0
        if self.cuts and self.wrong >= 20:
            return away._Try(False, "535", 2.0)
        self.wrong += not right
        return away._Try(right, "235" if right else "535", 2.0 + waits)

    def shut(self, _context: Context, _door: Door) -> tuple[bool, str]:
        shut = self.bars and self.wrong >= 20
        return shut, "refused" if shut else "connected"

    def run(self, _host: str, *argv: str, timeout: float = 30.0) -> tuple[int, str]:  # noqa: ARG002
        self.said.append(argv)
        if argv[:2] == ("mailwright-guard", "pardon"):
            self.wrong = 0
        return 0, "127.0.0.1" if "banip" in argv and self.bars else ""


@contextmanager
def guarded(monkeypatch: pytest.MonkeyPatch, service: Service) -> Iterator[Context]:
    monkeypatch.setattr(away, "_log_in", service.log_in)
    monkeypatch.setattr(away, "_shut", service.shut)
    monkeypatch.setattr(away, "_BAR", 0.0)
    with site() as (context, _):
        yield replace(context, shell=service)


def test_passes_on_a_service_that_behaves_and_leaves_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service()
    with guarded(monkeypatch, service) as context:
        found, seen = verdict(GUESSING, context)
    assert found is Status.PASS, failures(seen)
    assert service.wrong == 0
    bars = [argv for argv in service.said if argv[0] == "fail2ban-client"]
    assert bars[-1] == ("fail2ban-client", "set", "mailwright-guess", "unbanip", "127.0.0.1")


@pytest.mark.parametrize("fault", ["slows", "cuts", "bars"])
def test_fails_where_guessing_goes_on(monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    with guarded(monkeypatch, Service(**{fault: False})) as context:
        assert verdict(GUESSING, context)[0] is Status.FAIL


def test_proves_nothing_where_the_owner_is_cut_off_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with guarded(monkeypatch, Service(bars_campus=True)) as context:
        assert verdict(GUESSING, context)[0] is Status.NOT_PROVEN


@contextmanager
def throttled(monkeypatch: pytest.MonkeyPatch, taken: int, answer: str, notices: int) -> Iterator[Context]:
    counts = iter([0, notices])

    def holding(_context: Context, _login: str, marks: list[str], timeout: float = 0) -> dict[str, int]:
        return dict.fromkeys(marks, next(counts, notices))

    def messages(_context: Context, _account: Account, mark: str, timeout: float = 0) -> tuple[bytes, ...]:
        return (f"Subject: {mark} sends\r\n\r\n  127.0.0.1: 50 recipients\r\n".encode(),) * notices

    monkeypatch.setattr(away, "_send_until_refused", lambda *_: (taken, answer))
    monkeypatch.setattr(away, "_NOTICE", 1.0)
    monkeypatch.setattr(away, "_SECOND", 0.0)
    monkeypatch.setattr(mailboxes, "holding", holding)
    monkeypatch.setattr(mailboxes, "messages", messages)
    with site() as (context, _):
        yield replace(context, shell=Service())


def test_one_notice_for_a_login_that_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    with throttled(monkeypatch, 300, "451 4.7.1 Too many", 1) as context:
        found, seen = verdict(THROTTLING, context)
    assert found is Status.PASS, failures(seen)


@pytest.mark.parametrize(
    ("taken", "answer", "notices", "status"),
    [
        (300, "550 5.7.1 Too many", 1, Status.FAIL),
        (10, "451 4.7.1 Too many", 1, Status.FAIL),
        (350, "nothing", 1, Status.FAIL),
        (300, "451 4.7.1 Too many", 2, Status.FAIL),
        (300, "451 4.7.1 Too many", 0, Status.FAIL),
    ],
)
def test_fails_where_mail_is_lost_or_nobody_or_everybody_hears_of_it(
    monkeypatch: pytest.MonkeyPatch, taken: int, answer: str, notices: int, status: Status
) -> None:
    with throttled(monkeypatch, taken, answer, notices) as context:
        assert verdict(THROTTLING, context)[0] is status
