"""What audits sign in with, and where."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailwright.changes.personal import impersonal
from mailwright.changes.risks import audits
from mailwright.site.model import Audit, OutsideMailbox, Site
from mailwright.site.model import TestMailbox as Mailbox
from support.comparing import hits, said
from support.example import HERE, example, load_example

OUTSIDE = OutsideMailbox("probe@mail.example", "imap.mail.example", 993, "probe", "secrets/outside", HERE)
ROSA = Mailbox("rl204", "Rosa.Luxemburg@college.ac.uk", "secrets/audit", HERE)


def outside(**parts: object) -> Site:
    return example(audit=Audit((), (), replace(OUTSIDE, **parts)))  # type: ignore[arg-type]


def inside(*mailboxes: Mailbox) -> Site:
    return example(audit=Audit(mailboxes, (), None))


def test_a_secret_is_sent_to_strangers() -> None:
    assert said(audits.outside, load_example(), outside(imap="evil.example", password="/root/.ssh/id_rsa")) == [
        ("high", "an audit signs in at evil.example with the password in /root/.ssh/id_rsa")
    ]
    ((severity, sentence),) = said(audits.outside, outside(), outside(imap="evil.example"))
    assert (severity, sentence.endswith(" instead of at imap.mail.example")) == ("high", True)


def test_another_secret_is_sent_to_the_same_host() -> None:
    ((severity, sentence),) = said(audits.outside, outside(), outside(password="secrets/dkim.key"))
    assert severity == "high"
    assert sentence.endswith("with the password in secrets/dkim.key instead of that in secrets/outside")


def test_another_mailbox_at_the_same_host_weighs_less_and_names_nobody() -> None:
    (hit,) = hits(audits.outside, outside(), outside(address="other@mail.example"))
    assert str(hit.severity) == "medium"
    assert "other@mail.example" not in impersonal(hit.sentence)


def test_a_host_of_the_organisation_weighs_less() -> None:
    ((severity, _),) = said(audits.outside, load_example(), outside(imap="imap.college.ac.uk"))
    assert severity == "medium"


@pytest.mark.parametrize("parts", [{}, {"imap": "IMAP.mail.example."}, {"port": 994}])
def test_the_same_host_and_password_are_no_matter(parts: dict[str, object]) -> None:
    assert said(audits.outside, outside(), outside(**parts)) == []


def test_an_audit_that_ends_is_no_matter() -> None:
    assert said(audits.outside, outside(), load_example()) == []
    assert said(audits.mailbox, inside(ROSA), load_example()) == []


def test_an_audit_signs_in_as_a_person() -> None:
    (hit,) = hits(audits.mailbox, load_example(), inside(ROSA))
    assert hit.severity is None
    assert "rl204" not in impersonal(hit.sentence)
    ((severity, sentence),) = said(audits.mailbox, inside(ROSA), inside(replace(ROSA, password="secrets/x")))
    assert severity == "medium"
    assert sentence.endswith("in secrets/x instead of that in secrets/audit")
    assert said(audits.mailbox, inside(ROSA), inside(ROSA)) == []
