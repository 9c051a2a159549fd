"""The probe of the journals: which lines count."""

from __future__ import annotations

import pytest

from mailwright.audit.journal import _before


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
