"""The mailbox elsewhere: what came is found, ours alone is fetched and removed, and faults have words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from mailwright.audit import letters
from mailwright.audit.model import UnavailableError
from mailwright.audit.outside_mailbox import Access, OutsideMailbox
from support import imap_peer
from support.dns_peer import serving
from support.imap_peer import Box
from support.mail_peer import listening
from support.probing import certificate, server_tls

IMAP = "imap.elsewhere.example"
OWN = ("mail.college.ac.uk",)
TRACE = (
    "Return-Path: <who@college.ac.uk>\r\n"
    "Received: from mail.college.ac.uk (mail.college.ac.uk [198.51.100.25])\r\n"
    "\tby mx.elsewhere.example (Postfix) with ESMTPS id 4X for <auditor@elsewhere.example>; Tue, 1 Dec 2026\r\n"
)


def message(mark: str, trace: str = TRACE) -> bytes:
    return trace.encode() + letters.letter(mark, "<who@college.ac.uk>", "<auditor@elsewhere.example>")


@contextmanager
def mailbox(
    monkeypatch: pytest.MonkeyPatch, box: Box, password: str = imap_peer.PASSWORD, name: str = IMAP
) -> Iterator[OutsideMailbox]:
    table = {(f"{IMAP}.", "A"): ["127.0.0.1"]}
    with (
        serving(table, monkeypatch) as resolver,
        listening(imap_peer.serve(box, server_tls(name))) as port,
    ):
        access = Access("auditor@elsewhere.example", IMAP, port, imap_peer.LOGIN, password)
        yield OutsideMailbox(access, resolver, OWN, str(certificate(name)))


def test_what_comes_is_found_with_its_envelope_and_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    box = Box()
    before = box.add(message(letters.token()))
    with mailbox(monkeypatch, box) as elsewhere:
        elsewhere.open()
        mark, other = letters.token(), letters.token()
        stranger = box.add(b"Subject: holiday pictures\r\n\r\nhello\r\n")
        ours = box.add(message(mark))
        box.add(message(other), "Junk E-mail")
        found = elsewhere.wait_for(mark, timeout=5)
        assert found is not None
        assert (found.sender, found.client, found.helo) == (
            "who@college.ac.uk",
            "198.51.100.25",
            "mail.college.ac.uk",
        )
        assert found.recipients == ("auditor@elsewhere.example",)
        assert elsewhere.wait_for(other, timeout=5) is not None
        assert elsewhere.wait_for(letters.token(), timeout=0) is None
        assert stranger not in box.fetched
        elsewhere.close()
    assert set(box.folders["INBOX"]) == {before, stranger}
    assert ours not in box.folders["INBOX"]
    assert not box.folders["Junk E-mail"]


def test_a_server_that_cannot_remove_one_alone_keeps_all(monkeypatch: pytest.MonkeyPatch) -> None:
    box = Box(uidplus=False)
    with mailbox(monkeypatch, box) as elsewhere:
        elsewhere.open()
        mark = letters.token()
        box.add(message(mark))
        assert elsewhere.wait_for(mark, timeout=5) is not None
        elsewhere.close()
    assert len(box.folders["INBOX"]) == 1


@pytest.mark.parametrize("command", ["SEARCH", "FETCH", "EXAMINE"])
def test_a_session_that_ends_is_begun_anew(monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    box = Box()
    with mailbox(monkeypatch, box) as elsewhere:
        elsewhere.open()
        mark = letters.token()
        box.add(message(mark))
        box.hangs_up.add(command)
        assert elsewhere.wait_for(mark, timeout=5) is not None
        elsewhere.close()


def test_a_wrong_password_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    box = Box()
    with mailbox(monkeypatch, box, "wrong") as elsewhere:
        with pytest.raises(UnavailableError, match=r"imap\.elsewhere\.example as auditor.*AUTHENTICATIONFAILED"):
            elsewhere.open()
        for _ in range(3):  # and not given again; nor is anything sent to where nobody looks
            with pytest.raises(UnavailableError, match="AUTHENTICATIONFAILED"):
                elsewhere.wait_for("x")
            with pytest.raises(UnavailableError, match="AUTHENTICATIONFAILED"):
                assert elsewhere.address
        assert elsewhere.domain == "elsewhere.example"
        elsewhere.close()
    assert box.logins == 1


@pytest.mark.parametrize("answer", ["NO unknown command", "BAD unknown command", "what?"])
def test_an_echo_does_not_show_the_password(monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    with mailbox(monkeypatch, Box(echoes=answer)) as elsewhere:
        with pytest.raises(UnavailableError, match=r"\(the password\)") as caught:
            elsewhere.open()
        assert "its" not in str(caught.value)


def test_a_certificate_for_another_name_gets_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        mailbox(monkeypatch, Box(), name="other.example") as elsewhere,
        pytest.raises(UnavailableError, match="certificate"),
    ):
        elsewhere.open()
