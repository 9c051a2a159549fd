"""The probe of the journals: which lines count."""

from __future__ import annotations

import pytest

from mailwright.audit.journal import PROVOKED, _before


@pytest.mark.parametrize(
    ("line", "earlier"),
    [
        ("2026-11-24T11:04:20.859449+00:00 mail postfix/smtpd[1]: warning: x", True),
        ("2026-11-24T12:04:22.5+01:00 mail postfix/smtpd[1]: warning: x", False),
        ("2026-11-24T11:04:22.859449+00:00 mail postfix/smtpd[1]: warning: x", False),
        ("Nov 24 11:04:20 mail postfix/smtpd[1]: warning: x", False),
        ("", False),
    ],
)
def test_a_line_of_a_mail_log_before_the_moment_does_not_count(line: str, earlier: bool) -> None:
    assert _before(line, 1795518261.0) is earlier  # 11:04:21 UTC


@pytest.mark.parametrize(
    ("message", "harmless"),
    [
        ("master: Warning: Time moved forward by 0.100961 seconds - adjusting timeouts.", True),
        ("master: Warning: Time moved forwards by 0.552890 seconds - adjusting timeouts.", True),
        ("imap(rl204): Warning: Time moved forward by 0.2 seconds - adjusting timeouts.", True),
        ("master: Warning: Time moved forward by 1.100961 seconds - adjusting timeouts.", False),
        ("master: Warning: Time moved backwards by 0.100961 seconds.", False),
    ],
)
def test_a_processor_that_comes_late_is_no_fault_of_the_service(message: str, harmless: bool) -> None:
    assert any(item.matches("dovecot", message, "203.0.113.1") for item in PROVOKED) is harmless
