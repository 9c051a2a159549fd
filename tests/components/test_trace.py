"""mailwright-trace: who sent a message, by the logs alone; what would fool it; and the index."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import zlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mailwright import resources
from mailwright.components import log_trace, logs
from mailwright.plan import make
from support import trace
from support.example import load_example, split
from support.trace import MAIL, REAL, SMTP, STORE, part

answer, command, index, lines, lookup, show, texts = map(
    part, ("answer", "command", "index", "lines", "lookup", "show", "texts")
)
MALLORY, VICTIM = "km217", "rl204"
EVIL, GOOD, COPY = "4jMaLLoRY1zVXS6", "4jV1CT1Mxx0zVXT", "4jC0PYxxxxzVXTT"
AWAY = "host-66.elsewhere.example[203.0.113.66]"
HOME = "host-9.elsewhere.example[203.0.113.9]"
TIMES = "delay=0.1, delays=0/0/0/0.1, dsn=2.0.0"


@pytest.fixture
def real(tmp_path: Path) -> Path:
    shutil.copytree(REAL, tmp_path, dirs_exist_ok=True)
    return trace.settings(tmp_path)


# --- The logs of real hosts ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "kind", "login"),
    [
        ("4jYl3T2fP9zVXLx", "login", "mc096"),  # submitted, to outside
        ("<m2b@college.ac.uk>", "login", "mc096"),  # to another login
        ("<m2@college.ac.uk>", "login", "mc096"),  # to an alias, a role and a login whose script forwards it
        ("4jYl3T4VRZzVXSX", "login", "mc096"),  # that forward, on the store's host
        ("4jYl3T55X1zVXSG", "login", "mc096"),  # and on the mailer
        ("4jYl3T503rzVXT6", "reply", "sk033"),  # the automatic reply of a script
        ("4jYl3T5D3GzVXT5", "reply", "sk033"),
        ("4jYl3V2PfvzVXTV", "notice", ""),  # a bounce
        ("4jYl3V341QzVXTj", "program", ""),  # root's sendmail, a second after the scripts' forwards
        ("4jYl3V3856zVXTV", "program", ""),
        ("<refused@b>", "login", "km217"),  # the filter refused it
        # Message-IDs that were made to confuse: forwarded by a script each, and asked for on the mailer
        ("4jYl3T5wLbzVXT4", "login", "km217"),  # <a@b>: forwarded to <rosa.luxemburg@college.ac.uk>
        ("4jYl3T6YLwzVXSJ", "login", "km217"),  # 204 octets, which the store cuts
        ("4jYl3T7046zVXS6", "login", "km217"),  # folded, with a line of a log in it
        ("4jYl3V0TG4zVXSJ", "login", "km217"),  # control characters, and octets above 127
        ("4jYl3V14kYzVXS6", "login", "km217"),  # none in the form of one
        ("4jYl3V1yq8zVXS6", "login", "km217"),  # a recipient with a log's words in it
    ],
)
@pytest.mark.parametrize("indexed", [False, True])
def test_what_real_hosts_wrote_leads_to_who_sent_it(
    real: Path, asked: str, kind: str, login: str, indexed: bool
) -> None:
    if indexed:
        trace.index(real)
    trail = trace.trail(real)
    found = (answer.by_message_id if "@" in asked else answer.by_queue_id)(trail, asked)
    assert found.certain
    (one,) = found.found
    assert (one.origin.kind, one.origin.login) == (kind, login)
    if kind == "login":
        assert one.origin.hop.start.said["address"] == "203.0.113.66"
        assert one.origin.hop.host == SMTP
    assert bool(trail.logs.notes) is not indexed


def test_the_whole_way_is_told(real: Path) -> None:
    trail = trace.trail(real)
    text = show.text(answer.by_message_id(trail, "<m2@college.ac.uk>"), trail, False)
    for words in (
        "Sent by the login mc096, from host-66.elsewhere.example [203.0.113.66].",
        "ada.lovelace@college.ac.uk (for ada.king@college.ac.uk): sent to store1.college.ac.uk[198.51.100.31]",
        "store1.college.ac.uk, login al215: forwarded to <probe@foreign.example>",
        "4jYl3T4VRZzVXSX -- forwarded by the Sieve script of al215",
        "4jYl3T55X1zVXSG from store1.college.ac.uk [2001:db8:c011::31] -- given to mail.college.ac.uk",
        "probe@foreign.example: sent to mx.foreign.example[2001:db8:ffff::25]: 250 2.0.0 Kept",
        "store1.college.ac.uk, login sk033: stored mail into mailbox 'INBOX'",
    ):
        assert words in text
    bounce = show.text(answer.by_queue_id(trail, "4jYl3V2PfvzVXTV"), trail, False)
    assert bounce.splitlines()[1] == (
        "That message: Sent by the login km217, from host-66.elsewhere.example [203.0.113.66]."
    )


def test_one_message_id_of_two_messages_is_not_decided(real: Path) -> None:
    """root used the Message-ID of another's message."""
    found = answer.by_message_id(trace.trail(real), "<m1@college.ac.uk>")
    assert not found.certain
    assert [one.origin.kind for one in found.found] == ["login", "program"]
    assert "2 messages have Message-ID <m1@college.ac.uk>" in found.words[0]


def test_a_recipient_and_a_time(real: Path) -> None:
    at = datetime(2026, 11, 24, 14, 6, 29, tzinfo=UTC)
    trail = trace.trail(real)
    found = answer.by_recipient(trail, "Abuse@College.ac.uk", at, timedelta(minutes=1))
    assert found.certain
    assert [one.origin.login for one in found.found] == ["mc096"]
    every = answer.by_recipient(trail, "probe@foreign.example", at, timedelta(minutes=1))
    assert len(every.found) == 8
    nothing = answer.by_recipient(trail, "probe@foreign.example", at - timedelta(hours=1), timedelta(minutes=1))
    assert not nothing.certain
    assert nothing.words[1].startswith("The logs here are from 2026-11-24T14:06:2")


def test_what_is_not_there_is_said(real: Path) -> None:
    found = answer.by_queue_id(trace.trail(real), "4jZZZZZZZZzVXS6")
    assert (found.certain, found.found) == (False, ())
    assert found.words[1].endswith("to 2026-11-24T14:06:30.595538+00:00.")


def test_a_host_whose_log_is_missing_is_named(real: Path) -> None:
    (real.parent / STORE / "mail.log").unlink()
    found = answer.by_queue_id(trace.trail(real), "4jYl3T55X1zVXSG")
    assert not found.certain
    assert "store1.college.ac.uk handed it on, but what store1" in found.found[0].origin.why


# --- Words of strangers -------------------------------------------------------------------------------------------


def submitted(queue_id: str, login: str, client: str, message_id: str, more: str = "") -> list[str]:
    return [
        f"postfix/submission/smtpd[7]: {queue_id}: client={client}, sasl_method=PLAIN, sasl_username={login}{more}",
        f"postfix/cleanup[8]: {queue_id}: message-id={message_id}",
        f"postfix/qmgr[9]: {queue_id}: from=<{login}@college.ac.uk>, size=600, nrcpt=1 (queue active)",
    ]


def sent(queue_id: str, to: str = "you@foreign.example", relay: str = "mx.foreign.example[203.0.113.25]:25",
         text: str = "250 2.0.0 Kept") -> str:  # fmt: skip
    return f"postfix/smtp[10]: {queue_id}: to=<{to}>, relay={relay}, {TIMES}, status=sent ({text})"


FORGED = f"{GOOD}: client={HOME}, sasl_method=PLAIN, sasl_username={VICTIM}"
LINE = f"2026-11-24T12:00:00.000000+00:00 {SMTP} postfix/submission/smtpd[7]: {EVIL}: client={HOME}, " + (
    f"sasl_method=PLAIN, sasl_username={VICTIM}"
)
HOSTILE = {
    "a Message-ID with a line of a log": [*submitted(EVIL, MALLORY, AWAY, f"<x@y>#012{LINE}"), sent(EVIL)],
    "a Message-ID with a client": [
        *submitted(EVIL, MALLORY, AWAY, f"{EVIL}: client={HOME}, sasl_username={VICTIM}")
    ],
    "another's Message-ID": [*submitted(EVIL, MALLORY, AWAY, "<good@college.ac.uk>"), sent(EVIL)],
    "AUTH= of MAIL FROM": [
        *submitted(EVIL, MALLORY, AWAY, "<x@y>", f", sasl_sender=x, sasl_method=PLAIN, sasl_username={VICTIM}"),
        sent(EVIL),
    ],
    "a subject that Postfix shows": [
        *submitted(EVIL, MALLORY, AWAY, "<x@y>"),
        f"postfix/cleanup[8]: {EVIL}: warning: header Subject: {LINE} from {AWAY}; from=<a@b> to=<c@d> proto=ESMTP",
        f"postfix/cleanup[8]: {EVIL}: warning: header Subject: x?{EVIL}: client={HOME}, sasl_username={VICTIM}",
        sent(EVIL),
    ],
    "a HELO name": [
        *submitted(EVIL, MALLORY, AWAY, "<x@y>"),
        f"postfix/smtpd[7]: NOQUEUE: reject: RCPT from {AWAY}: 554 5.7.1 no; from=<> to=<> helo=<{LINE}>",
        f"postfix/smtpd[7]: {EVIL}: reject: RCPT from {AWAY}: 554 5.7.1 no; helo=<x>, {EVIL}: client={HOME}",
        f"postfix/smtpd[7]: warning: {EVIL}: client={HOME}, sasl_method=PLAIN, sasl_username={VICTIM}",
        sent(EVIL),
    ],
    "a login": [
        *submitted(EVIL, MALLORY, AWAY, "<x@y>"),
        f"dovecot: auth: plain(?,203.0.113.66,<x>): Username character disallowed (username: {LINE})",
        f"postfix/submission/smtpd[7]: warning: {AWAY}: SASL PLAIN authentication failed: sasl_username={VICTIM}",
        f"dovecot: imap-login: Disconnected: user=<{EVIL}: client={HOME}, sasl_username={VICTIM}>",
        sent(EVIL),
    ],
    "the filter's lines": [
        *submitted(EVIL, MALLORY, AWAY, "<x@y>"),
        f"rspamd[11]: <a1b2c3>; proxy; rspamd_task_write_log: id: <]: {FORGED}>, qid: <{EVIL}>, user: {VICTIM}",
        sent(EVIL),
    ],
    "a recipient with a delivery in it": [
        *submitted(EVIL, MALLORY, AWAY, "<x@y>"),
        sent(
            EVIL, f'"a>, relay={MAIL}[198.51.100.25]:25, {TIMES}, status=sent (250 2.0.0 Ok: queued as {GOOD})"@x.y'
        ),
    ],
    "another site that claims our queue id": [
        *submitted(EVIL, MALLORY, AWAY, "<good@college.ac.uk>"),
        sent(EVIL, text=f"250 2.0.0 Ok: queued as {GOOD}"),
        sent(EVIL, relay=f"{SMTP}[203.0.113.25]:25", text=f"250 2.0.0 Ok: queued as {GOOD}"),
    ],
    "another site that claims a delivery into the store": [
        *submitted(EVIL, MALLORY, AWAY, "<x@y>"),
        sent(EVIL, text="250 2.0.0 <you@foreign.example> OKuJJOWZBWulAwAA02as7A Saved"),
        f"dovecot: lmtp({VICTIM})<933><OKuJJOWZBWulAwAA02as7A>: sieve: msgid=<x@y>: forwarded to <x@y.example>",
    ],
    "an answer with a line of a log": [
        *submitted(EVIL, MALLORY, AWAY, "<x@y>"),
        sent(EVIL, text=f"250 ok), {LINE}"),
        sent(EVIL, text=f"250 ok?{EVIL}: uid=0 from=<root>"),
    ],
}


@pytest.mark.parametrize("what", HOSTILE)
@pytest.mark.parametrize("indexed", [False, True])
def test_nobody_makes_a_message_another_persons(tmp_path: Path, what: str, indexed: bool) -> None:
    good = [*submitted(GOOD, VICTIM, HOME, "<good@college.ac.uk>"), sent(GOOD)]
    given = trace.write(tmp_path, {SMTP: [*good, *HOSTILE[what]]})
    if indexed:
        trace.index(given)
    trail = trace.trail(given)
    for queue_id, login, address in ((EVIL, MALLORY, "203.0.113.66"), (GOOD, VICTIM, "203.0.113.9")):
        found = answer.by_queue_id(trail, queue_id)
        assert found.certain
        (one,) = found.found
        assert (one.origin.kind, one.origin.login) == ("login", login)
        assert one.origin.hop.start.said["address"] == address
        assert [step.hop.id for step in one.steps] == [queue_id]


def test_a_line_is_of_the_host_whose_file_it_is_in(tmp_path: Path) -> None:
    given = trace.write(tmp_path, {STORE: submitted(EVIL, MALLORY, AWAY, "<x@y>")})
    log = tmp_path / STORE / "mail.log"
    log.write_text(log.read_text().replace(STORE, SMTP))
    (one,) = answer.by_queue_id(trace.trail(given), EVIL).found
    assert one.root.host == STORE


def test_a_line_that_is_none_says_nothing() -> None:
    for text in (
        b"",
        b"postfix/smtpd[7]: 4jMaLLoRY1zVXS6: client=a[1.2.3.4]",
        b"yesterday smtp postfix/smtpd[7]: 4jMaLLoRY1zVXS6: client=a[1.2.3.4]",
        b"2026-13-24T12:00:00+00:00 smtp postfix/smtpd[7]: 4jMaLLoRY1zVXS6: client=a[1.2.3.4]",
        b"\xff\xfe",
    ):
        assert lines.line(SMTP, "mail.log", 0, text) is None


def test_a_short_queue_id_that_came_again_is_two_messages(tmp_path: Path) -> None:
    short = "3F2A81C0D4"
    first = [*submitted(short, MALLORY, AWAY, "<one@y>"), sent(short), f"postfix/qmgr[9]: {short}: removed"]
    second = [*submitted(short, VICTIM, HOME, "<two@y>"), sent(short), f"postfix/qmgr[9]: {short}: removed"]
    trail = trace.trail(trace.write(tmp_path, {SMTP: [*first, *second]}))
    found = answer.by_queue_id(trail, short)
    assert not found.certain
    assert [one.origin.login for one in found.found] == [MALLORY, VICTIM]
    for message_id, login in (("<one@y>", MALLORY), ("<two@y>", VICTIM)):
        assert [one.origin.login for one in answer.by_message_id(trail, message_id).found] == [login]


def test_a_list_managers_copies_are_the_posters(tmp_path: Path) -> None:
    """Given to a program on loopback, and from there with the same Message-ID again (Mailman)."""
    post = submitted(EVIL, MALLORY, AWAY, "<post@y>")
    into = f"postfix/lmtp[12]: {EVIL}: to=<staff@college.ac.uk>, relay=127.0.0.1[127.0.0.1]:8024, {TIMES}, "
    again = [
        f"postfix/smtpd[13]: {GOOD}: client=localhost[127.0.0.1]",
        f"postfix/cleanup[8]: {GOOD}: message-id=<post@y>",
        f"postfix/qmgr[9]: {GOOD}: from=<staff-bounces@college.ac.uk>, size=900, nrcpt=1 (queue active)",
        sent(GOOD),
    ]
    given = trace.write(tmp_path, {SMTP: [*post, f"{into}status=sent (250 Ok)", *again]})
    (one,) = answer.by_queue_id(trace.trail(given), GOOD).found
    assert (one.origin.kind, one.origin.login) == ("login", MALLORY)
    assert [step.hop.id for step in one.steps] == [EVIL, GOOD]
    assert "you@foreign.example" in one.recipients
    # Two posts of the same Message-ID, one of them with another's: it is not guessed whose the copy is.
    other = [line.replace(EVIL, "4jOTHERxx0zVXTT") for line in (*submitted(EVIL, VICTIM, HOME, "<post@y>"), into)]
    given = trace.write(tmp_path, {SMTP: [*post, f"{into}status=sent (250 Ok)", *other[:-1],
                                          f"{other[-1]}status=sent (250 Ok)", *again]})  # fmt: skip
    (one,) = answer.by_queue_id(trace.trail(given), GOOD).found
    assert one.origin.kind == "unknown"
    assert {hop.id for hop in one.origin.also} == {EVIL, "4jOTHERxx0zVXTT"}


def test_what_comes_from_outside_is_nobodys_here(tmp_path: Path) -> None:
    came = [f"postfix/smtp/smtpd[13]: {EVIL}: client={AWAY}", f"postfix/cleanup[8]: {EVIL}: message-id=<in@y>"]
    trail = trace.trail(trace.write(tmp_path, {MAIL: came}))
    found = answer.by_message_id(trail, "in@y")
    assert found.certain
    assert found.found[0].origin.kind == "outside"
    assert "Nobody here sent it" in show.text(found, trail, False)


# --- Whole messages -----------------------------------------------------------------------------------------------

TOP = f"Received: from {SMTP} ({SMTP} [198.51.100.27])\n by mx.foreign.example with ESMTP id 99FOREIGN99\n"
TRUE = f"Received: from evil (host-66 [203.0.113.66])\n by {SMTP} (Postfix) with ESMTPSA id {EVIL}\n for <you@f>\n"
FALSE = f"Received: from home (host-9 [203.0.113.9])\n by {SMTP} (Postfix) with ESMTPSA id {GOOD}\n"


@pytest.fixture
def two(tmp_path: Path):  # type: ignore[no-untyped-def]
    good = [*submitted(GOOD, VICTIM, HOME, "<good@college.ac.uk>"), sent(GOOD, "mallory@foreign.example")]
    evil = [*submitted(EVIL, MALLORY, AWAY, "<evil@x>"), sent(EVIL)]
    copy = [*submitted(COPY, MALLORY, AWAY, "<good@college.ac.uk>"), sent(COPY)]
    return trace.trail(trace.write(tmp_path, {SMTP: [*good, *evil, *copy]}))


@pytest.mark.parametrize(
    "header",
    [
        TOP + TRUE + "Message-ID: <evil@x>\n",
        TOP + TRUE + FALSE + "Message-ID: <evil@x>\n",
        TOP + TRUE + FALSE + FALSE + f"Message-ID: <evil@x>\nFrom: {VICTIM}@college.ac.uk\nSender: {VICTIM}\n",
        TRUE + "Message-ID: <evil@x>\nMessage-ID: <good@college.ac.uk>\n",
        TOP + TRUE + f"Subject: {LINE}\nX-Authenticated-User: {VICTIM}\nMessage-ID: <evil@x>\n",
        TOP + TRUE.replace(EVIL, COPY) + FALSE + "Message-ID: <good@college.ac.uk>\n",
        (TOP + TRUE + "Message-ID: <evil@x>\n").replace("\n", "\r\n"),
    ],
)
def test_a_message_leads_to_who_sent_it_whatever_its_header_claims(two, header: str) -> None:  # type: ignore[no-untyped-def]
    found = answer.by_message(two, f"{header}\nbody\n".encode(), "you@foreign.example")
    assert found.certain, found.words
    assert [one.origin.login for one in found.found] == [MALLORY]


def test_a_header_that_was_copied_proves_nothing(two) -> None:  # type: ignore[no-untyped-def]
    only = answer.by_message(two, b"Message-ID: <good@college.ac.uk>\nFrom: x\n\nbody")
    assert not only.certain
    assert "proves nothing" in only.words[-1]
    assert {one.origin.login for one in only.found} == {VICTIM, MALLORY}
    # Another's queue id under a Message-ID of one's own.
    mixed = answer.by_message(two, f"{FALSE}Message-ID: <other@x>\n\n".encode())
    assert not mixed.certain
    assert mixed.found == ()
    # All of another's header, sent from somewhere else: the logs know whom the true one went to.
    whole = answer.by_message(two, f"{FALSE}Message-ID: <good@college.ac.uk>\n\n".encode(), "you@foreign.example")
    assert not whole.certain
    assert "do not have that it went to you@foreign.example" in whole.words[-1]


def test_one_message_id_of_very_many_messages_does_not_hold_us_up(tmp_path: Path) -> None:
    spam: list[str] = []
    for number in range(300):
        queue_id = f"4jS{number:012d}"
        spam += [*submitted(queue_id, MALLORY, AWAY, "<same@x>"), sent(queue_id)]
    trail = trace.trail(trace.write(tmp_path, {SMTP: spam}))
    found = answer.by_message_id(trail, "<same@x>")
    assert not found.certain
    assert found.words[0].startswith("200 or more messages have Message-ID <same@x>")
    found = answer.by_recipient(trail, "you@foreign.example", trace.BEGIN, timedelta(days=1))
    assert not found.certain
    assert len(found.found) == 200


def test_a_message_of_many_received_lines_does_not_hold_us_up(two) -> None:  # type: ignore[no-untyped-def]
    header = "".join(f"Received: by x id 4jNone{number:09d}\n" for number in range(20_000))
    assert not answer.by_message(two, header.encode() + b"\n").certain


# --- The index ----------------------------------------------------------------------------------------------------


def many(count: int, begin: int = 0) -> list[str]:
    """Lines of so many messages, of about a KiB each."""
    made = []
    for number in range(begin, begin + count):
        queue_id = f"4jN{number:012d}"
        made += [*submitted(queue_id, f"u{number}", AWAY, f"<{number}.{'x' * 500}@college.ac.uk>"), sent(queue_id)]
    return made


def login_of(given: Path, number: int) -> str:
    trail = trace.trail(given)
    found = answer.by_queue_id(trail, f"4jN{number:012d}")
    return found.found[0].origin.login if found.found else ""


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments and blocks so small that a few lines fill them."""
    monkeypatch.setattr(index, "SEGMENT", 64 << 10)
    monkeypatch.setattr(index, "BLOCK", 4 << 10)


def reads_all(given: Path) -> bool:
    return any("read" in note for note in trace.trail(given).logs.notes)


@pytest.mark.usefixtures("small")
def test_the_index_grows_with_the_log_and_outlives_its_rotation(tmp_path: Path) -> None:
    given = trace.write(tmp_path, {SMTP: many(300)})
    log = tmp_path / SMTP / "mail.log"
    size = log.stat().st_size
    assert trace.index(given).read == size
    assert trace.index(given).read == 0
    text = log.read_bytes()
    with log.open("ab") as file:
        file.write(text.replace(b"4jN00", b"4jN99") + text[:100])  # and half a line
    assert login_of(given, 990000000005) == "u5"  # not indexed yet
    again = trace.index(given).read
    assert size <= again < size + index.SEGMENT + index.BLOCK
    for number in (0, 150, 299, 990000000000, 990000000299):
        assert login_of(given, number) == f"u{number % 990000000000}"
    log.rename(tmp_path / SMTP / "mail.log-20261125")
    log.write_bytes(text.replace(b"4jN00", b"4jN77"))
    assert login_of(given, 990000000005) == "u5"  # by the inode, whatever it is called
    assert trace.index(given).read == size
    assert login_of(given, 770000000005) == "u5"
    older = tmp_path / SMTP / "mail.log-20261125"
    done = subprocess.run(
        [sys.executable, str(resources.folder("templates") / "logs" / "mailwright_compress.py"), "-6"],
        input=older.read_bytes(), capture_output=True, check=True,
    )  # fmt: skip
    assert gzip.decompress(done.stdout) == older.read_bytes()
    Path(f"{older}.gz").write_bytes(done.stdout)
    assert login_of(given, 990000000005) == "u5"
    older.unlink()
    assert login_of(given, 990000000005) == "u5"
    updated = trace.index(given)
    assert updated.forgotten == 1
    for number in (0, 150, 299, 990000000000, 990000000299):
        assert login_of(given, number) == f"u{number % 990000000000}"
    # Retention takes it: nothing of it is left in the index.
    Path(f"{older}.gz").unlink()
    trace.index(given)
    with sqlite3.connect(tmp_path / "index" / "index") as base:
        assert base.execute("SELECT count(*) FROM files").fetchone() == (3,)
        keys = {key for (key,) in base.execute("SELECT id FROM segments")}
        assert {key >> 8 for (key,) in base.execute("SELECT key FROM postings")} <= keys
    assert login_of(given, 990000000005) == ""
    assert login_of(given, 770000000005) == "u5"


@pytest.mark.usefixtures("small")
def test_a_compressed_file_of_others_is_read_too(tmp_path: Path) -> None:
    given = trace.write(tmp_path, {SMTP: many(300)})
    log = tmp_path / SMTP / "mail.log"
    (tmp_path / SMTP / "mail.log-20261120.gz").write_bytes(gzip.compress(log.read_bytes()))
    log.write_bytes(b"")
    assert login_of(given, 200) == "u200"
    trace.index(given)
    assert login_of(given, 200) == "u200"
    assert not reads_all(given)


@pytest.mark.usefixtures("small", "noted")
@pytest.mark.parametrize("indexed", [False, True])
@pytest.mark.parametrize("how", ["whole", "cut", "altered", "garbage", "empty"])
def test_what_a_damaged_file_had_is_not_said_to_be_nowhere(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], how: str, indexed: bool
) -> None:
    given = trace.write(tmp_path, {SMTP: many(300)})
    log = tmp_path / SMTP / "mail.log"
    older = tmp_path / SMTP / "mail.log-20261120.gz"
    text = log.read_bytes()
    cut = text.find(b"\n", len(text) * 2 // 3) + 1
    known = text[text.rfind(b"\n", 0, cut - 1) + 1 : cut].partition(b" ")[0].decode()
    first, last = (gzip.compress(part) for part in (text[:cut], text[cut:]))
    altered = bytearray(last)
    altered[len(last) // 2] ^= 0xFF
    packed = {
        "whole": first + last, "cut": first + last[:10], "altered": first + bytes(altered),
        "garbage": b"rubbish" * 100, "empty": b"",
    }  # fmt: skip
    older.write_bytes(packed[how])
    log.write_bytes(text[:0])
    if indexed:
        trace.index(given)
    after = {"whole": "", "cut": known, "altered": "", "garbage": "0 octets of its text"}.get(how, "0 octets")
    note = f"Note: {older} is damaged after {after}"
    there, lost = "4jN000000000005", "4jN000000000299"
    assert ask(given, there) == (0 if how not in ("garbage", "empty") else 1)
    assert (note in capsys.readouterr().out) is (how != "whole")
    assert ask(given, lost) == (0 if how == "whole" else 1)
    out = capsys.readouterr().out
    assert (note in out) is (how != "whole")
    assert ("is not in what can be read of the logs." in out) is (how != "whole")
    assert ask(given, "--to", "nobody@example.net", "--at", "2026-11-24 12:00Z") == 1
    out = capsys.readouterr().out
    assert (note in out) is (", as far as the logs can be read." in out) is (how != "whole")
    assert ("what stood there is not known." in out) is (how != "whole")


@pytest.mark.usefixtures("small")
def test_only_what_is_asked_for_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = trace.write(tmp_path, {SMTP: many(300)})
    log = tmp_path / SMTP / "mail.log"
    members = [log.read_bytes()[at : at + 8192] for at in range(0, log.stat().st_size, 8192)]
    packed = [zlib.compressobj(6, zlib.DEFLATED, 31) for _ in members]
    data = b"".join(one.compress(text) + one.flush() for one, text in zip(packed, members, strict=True))
    (tmp_path / SMTP / "mail.log-20261120.gz").write_bytes(data)
    log.write_bytes(b"")
    trace.index(given)
    pieces: list[int] = []
    whole = texts.unpacked

    def counted(file: int, place: int, most: int) -> Iterator[tuple[int, bytes]]:
        for begun, piece in whole(file, place, most):
            pieces.append(len(piece))
            yield begun, piece

    monkeypatch.setattr(texts, "unpacked", counted)
    trail = trace.trail(given)
    opened = len(pieces)
    assert answer.by_queue_id(trail, "4jN000000000200").found[0].origin.login == "u200"
    assert sum(pieces[opened:]) < sum(map(len, members)) / 5


@pytest.mark.usefixtures("small")
def test_a_log_that_was_changed_is_read_whole_and_that_is_said(tmp_path: Path) -> None:
    given = trace.write(tmp_path, {SMTP: many(300)})
    trace.index(given)
    log = tmp_path / SMTP / "mail.log"
    with log.open("r+b") as file:
        text = file.read().replace(b"sasl_username=u200", b"sasl_username=u999")
        file.seek(0)
        file.write(text)
    trail = trace.trail(given)
    assert answer.by_queue_id(trail, "4jN000000000200").found[0].origin.login == "u999"
    assert any("is not what it was when it was indexed" in note for note in trail.logs.notes)
    # another log in its place
    log.write_text(log.read_text().replace("4jN0", "4jM0"))
    assert login_of(given, 5) == ""
    trace.index(given)
    assert answer.by_queue_id(trace.trail(given), "4jM000000000005").found


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("how", ["garbage", "empty", "postings", "table", "version"])
def test_a_broken_index_is_said_and_made_anew(tmp_path: Path, how: str) -> None:
    given = trace.write(tmp_path, {SMTP: many(100)})
    trace.index(given)
    place = tmp_path / "index" / "index"
    if how == "garbage":
        place.write_bytes(b"SQLite format 3\0" + os.urandom(50_000))
    elif how == "empty":
        place.write_bytes(b"")
    else:
        with sqlite3.connect(place) as base:
            if how == "postings":
                base.execute(
                    "UPDATE postings SET data = CAST(substr(data, 1, 4) || zeroblob(length(data) - 4) AS BLOB)"
                )
                base.execute("UPDATE about SET checked = 0")  # as on the next day
            elif how == "table":
                base.execute("DROP TABLE segments")
            else:
                base.execute("UPDATE about SET version = 99")
    trail = trace.trail(given)
    assert answer.by_queue_id(trail, "4jN000000000050").found[0].origin.login == "u50"
    assert any("index" in note for note in trail.logs.notes)
    assert trace.index(given).rebuilt
    trail = trace.trail(given)
    assert answer.by_queue_id(trail, "4jN000000000050").found[0].origin.login == "u50"
    assert trail.logs.notes == []


def test_the_index_holds_no_words_and_is_for_its_group(real: Path) -> None:
    trace.index(real)
    place = real.parent / "index" / "index"
    content = place.read_bytes()
    for word in (b"mc096", b"curie", b"college.ac.uk>", b"4jYl3T2fP9zVXLx"):
        assert word not in content
    assert place.stat().st_mode & 0o777 == 0o640


def test_links_and_other_files_are_no_logs(tmp_path: Path) -> None:
    folder = tmp_path / "log"
    folder.mkdir()
    for name in ("mail.log", "mail.log-20261123", "mail.log-20261122.gz", "mail.log-20261123-1", "mail.log.1",
                 "mail.log-x", "mail.log-20261123.gz", "xmail.log", "mail.log-20261123.gz.tmp"):  # fmt: skip
        (folder / name).touch()
    (folder / "mail.log-20261101").symlink_to("/etc/passwd")
    found = [path.rpartition("/")[2] for path in texts.Log("h", f"{folder}/mail.log").files()]
    # the compressed one is being made of the plain one
    assert found == ["mail.log-20261122.gz", "mail.log-20261123", "mail.log-20261123-1", "mail.log.1", "mail.log"]


# --- The command --------------------------------------------------------------------------------------------------


@pytest.fixture
def noted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is written to the system's log."""
    place = str(tmp_path / "syslog")
    found: list[str] = []
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        log.bind(place)
        monkeypatch.setattr(command, "SYSLOG", place)

        def listen() -> None:
            while data := log.recv(4096):
                found.append(data.decode())
                if data == b"end":
                    return

        thread = threading.Thread(target=listen)
        thread.start()
        yield found
        log.connect(place)
        log.send(b"end")
        thread.join()


def ask(real: Path, *words: str) -> int:
    return int(command.main([*words, "--settings", str(real)]))


def test_who_asks_what_is_written_down_also_when_nothing_is_found(real: Path, noted: list[str]) -> None:
    assert ask(real, "4jYl3T2fP9zVXLx") == 0
    assert ask(real, "4jZZZZZZZZzVXS6") == 1
    assert ask(real, "--to", "probe@foreign.example", "--at", "2026-11-24 14:06:29Z") == 0
    assert ask(real, "--to", "x\n<85>su: session\x1b[2J", "--at", "Tue, 24 Nov 2026 14:06:29 +0000") == 1
    until = time.monotonic() + 10
    while len(noted) < 8 and time.monotonic() < until:  # who listens may be a moment behind
        time.sleep(0.01)
    said = [line.partition("]: ")[2] for line in noted]
    assert all(line.startswith("<85>mailwright-trace[") for line in noted)
    assert [line for line in said if " asked " in line] == [
        f"{command.who()} asked for 4jYl3T2fP9zVXLx: 1 found",
        f"{command.who()} asked for 4jZZZZZZZZzVXS6: 0 found",
        f"{command.who()} asked for mail to probe@foreign.example at 2026-11-24 14:06:29Z, within 15 minutes: "
        "8 found",
        f"{command.who()} asked for mail to x\\n<85>su: session\\x1b[2J at Tue, 24 Nov 2026 14:06:29 +0000, "
        "within 15 minutes: 0 found",
    ]
    assert len(said) == 8  # before and after


def test_without_a_record_nothing_is_answered(
    real: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "SYSLOG", str(real.parent / "nothing"))
    assert ask(real, "4jYl3T2fP9zVXLx") == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "nobody reads unseen" in err


@pytest.mark.parametrize(
    "words",
    [
        [],
        ["4jYl3T2fP9zVXLx", "--index"],
        ["--to", "a@b"],
        ["--at", "2026-11-24"],
        ["--to", "a@b", "--at", "soon"],
        ["--to", "a@b", "--at", "2026-11-24", "--within", "1e300"],
        ["--to", "a@b", "4jYl3T2fP9zVXLx"],
    ],
)
def test_wrong_questions(real: Path, words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        ask(real, *words)
    assert stop.value.code == 2
    assert "mailwright-trace: error" in capsys.readouterr().err


def test_missing_files_are_said(real: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert ask(real, "--message", str(real.parent / "none.eml")) == 2
    assert command.main(["x" * 10, "--settings", "/nowhere.json"]) == 2
    assert "nowhere.json" in capsys.readouterr().err


@pytest.mark.usefixtures("noted")
def test_a_message_from_a_file_as_json(real: Path, capsys: pytest.CaptureFixture[str]) -> None:
    letter = real.parent / "complaint.eml"
    letter.write_text(
        "Received: by smtp.college.ac.uk (Postfix) with ESMTPSA id 4jYl3T2fP9zVXLx\n"
        f"Message-ID: <m1@college.ac.uk>\nFrom: {VICTIM}@college.ac.uk\n\nbuy\n"
    )
    assert ask(real, "--message", str(letter), "--to", "probe@foreign.example", "--json", "--lines") == 0
    said = json.loads(capsys.readouterr().out)
    (message,) = said["messages"]
    assert message["origin"]["login"] == "mc096"
    assert message["origin"]["client"] == {"name": "host-66.elsewhere.example", "address": "203.0.113.66"}
    assert message["hops"][0]["deliveries"][0]["status"] == "sent"
    assert any("sasl_username=mc096" in one["line"] for one in message["lines"])


@pytest.mark.usefixtures("noted")
def test_nothing_that_a_terminal_would_obey_is_shown(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "<\x1b]0;x\x07\x9b2J\u202e\u2028@y>"
    given = trace.write(
        tmp_path, {SMTP: [*submitted(EVIL, MALLORY, AWAY, hostile), sent(EVIL, text="250 \x1b[2J ok")]}
    )
    for more in ([], ["--lines"], ["--json", "--lines"]):
        assert ask(given, EVIL, *more) == 0
        out = capsys.readouterr().out
        assert MALLORY in out
        assert all(one.isprintable() or one == "\n" for one in out)


def test_the_help_teaches(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        command.main(["--help"])
    assert stop.value.code == 0
    out = capsys.readouterr().out
    for words in ("--message complaint.eml", "how to read the answer", "exit status"):
        assert words in out


# --- What lands on hosts ------------------------------------------------------------------------------------------


def test_each_host_has_the_program_and_knows_its_logs() -> None:
    plan = make(split())
    for host in plan.hosts:
        made = {file.path: file for file in logs.files(plan, host)}
        assert made[log_trace.PROGRAM].mode == 0o755
        said = json.loads(made[log_trace.SETTINGS].text)
        assert said["logs"][0] == {"host": host.name, "path": "/var/log/mail/mail.log"}
        assert len(said["logs"]) == (6 if "log" in host.functions else 1)
        assert said["hosts"].keys() == {each.name for each in plan.hosts}
        assert (
            "compresscmd /usr/local/lib/mailwright/mailwright-compress\n"
            in made["/etc/logrotate.d/mailwright"].text
        )
        service = made["/etc/systemd/system/mailwright-trace-index.service"].text
        assert "Group=mailreaders\n" in service
        assert "StateDirectory=mailwright-trace\n" in service


def test_all_parts_of_the_program_land_and_it_runs_from_there(tmp_path: Path) -> None:
    plan = make(load_example())
    for file in log_trace.files(plan, plan.hosts[0]):
        place = tmp_path / file.path[1:]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(file.text)
        place.chmod(file.mode)
    there = {path.name for path in (tmp_path / "usr/local/lib/mailwright/mailwright_trace").iterdir()}
    source = resources.folder("templates") / "logs" / "mailwright_trace"
    assert there == {path.name for path in Path(str(source)).glob("*.py")}
    done = subprocess.run(
        [sys.executable, "-I", str(tmp_path / log_trace.PROGRAM[1:]), "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Who sent this message?" in done.stdout
