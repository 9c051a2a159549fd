"""What the gateway does while the systems behind it are down, slow, or lying, and while the smarthost says no."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

import pytest
from testinfra.host import Host

from mailwright.audit import gateway, letters, posting, roads
from mailwright.audit.model import Received
from mailwright.audit.runner import observe, status
from mailwright.audit.smtp import Reply
from mailwright.findings import Status
from mailwright.rehearsal.neighbours import UNLISTED
from mailwright.rehearsal.rehearse import Stage

EXCHANGE, BIOLOGY = "exchange.physics.college.ac.uk", "mail.biology.college.ac.uk"
LISTED, LISTED_INTERNAL = "lise.meitner@physics.college.ac.uk", "lm042@exchange.physics.college.ac.uk"
ASKED = f"{UNLISTED}@biology.college.ac.uk"
LOCAL = "k.marx@chem.college.ac.uk"
OUTSIDER = "probe@foreign.example"
SMARTHOST = "smtp.provider.example"


@pytest.fixture(autouse=True)
def restored(stage: Stage, mailer: Host) -> Iterator[None]:
    """Everything is up again after a test, and what waited has left."""
    yield
    for name in (EXCHANGE, BIOLOGY, SMARTHOST):
        stage.lab.switch(name, "up")
    assert drained(mailer)


def drained(mailer: Host, seconds: float = 240.0) -> bool:
    """The queue is empty, after what waited in it was tried again."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        mailer.run("postqueue -f")
        if queue(mailer) == "Mail queue is empty":
            return True
        time.sleep(1)
    return False


def queue(mailer: Host) -> str:
    return mailer.run("postqueue -p").stdout.strip()


def asked(stage: Stage, recipient: str) -> tuple[Reply, float]:
    """The mailer's answer to RCPT from outside, and the seconds that it took."""
    context = stage.context()
    door = roads.doors(context, "outside", "smtp")[0]
    with roads.vantage(context, "outside").enter(), roads.smtp(context, door) as dialogue:
        dialogue.mail(OUTSIDER)
        started = time.monotonic()
        return dialogue.rcpt(recipient), time.monotonic() - started


def sent(stage: Stage, recipient: str) -> str:
    """The mark of a message that the mailer has taken from outside."""
    context = stage.context()
    door = roads.doors(context, "outside", "smtp")[0]
    mark = letters.token()
    content = letters.letter(mark, f"<{OUTSIDER}>", f"<{recipient}>")
    reply = posting.delivered_directly(context, door, OUTSIDER, recipient, content)
    assert reply.accepted, reply
    return mark


def arrived(stage: Stage, name: str, mark: str, seconds: float = 90.0) -> Received | None:
    return stage.lab.neighbour_mail(name).wait_for(mark, seconds)


def nobody(domain: str) -> str:
    return f"{letters.token()}@{domain}"


def from_behind(stage: Stage, name: str, sender: str, recipient: str, content: bytes) -> Reply:
    """The mailer's answer to a message of a back end."""
    context = stage.context()
    behind = next(context.behind[row.name] for row in context.plan.gateways if row.next_hop == name)
    door = roads.doors(context, "outside", "smtp")[0]
    with behind.vantage.enter(), roads.smtp(context, door) as dialogue:
        return dialogue.deliver(sender, (recipient,), content)


# ---- down


def test_listed_and_down_mail_waits_and_nobody_unknown_is_let_in(stage: Stage, mailer: Host) -> None:
    stage.lab.switch(EXCHANGE, "down")
    mark = sent(stage, LISTED)
    reply, seconds = asked(stage, nobody("physics.college.ac.uk"))
    assert (reply.code, seconds < 8) == (550, True)
    assert arrived(stage, EXCHANGE, mark, 2) is None
    assert LISTED_INTERNAL in queue(mailer)
    stage.lab.switch(EXCHANGE, "up")
    mailer.run("postqueue -f")
    received = arrived(stage, EXCHANGE, mark)
    assert received is not None
    assert received.recipients == (LISTED_INTERNAL,)


def test_asked_and_down_nobody_can_know_yet_but_who_was_there_is_let_in(stage: Stage, mailer: Host) -> None:
    assert asked(stage, ASKED)[0].accepted  # and is remembered
    stage.lab.switch(BIOLOGY, "down")
    reply, seconds = asked(stage, nobody("biology.college.ac.uk"))
    assert (reply.code, seconds < 30) == (450, True), reply
    mark = sent(stage, ASKED)
    assert arrived(stage, BIOLOGY, mark, 2) is None
    stage.lab.switch(BIOLOGY, "up")
    mailer.run("postqueue -f")
    assert arrived(stage, BIOLOGY, mark) is not None
    assert asked(stage, nobody("biology.college.ac.uk"))[0].code == 550


# ---- slow


def test_asked_and_slow_the_client_is_told_to_come_back_and_nobody_else_waits(stage: Stage) -> None:
    stage.lab.switch(BIOLOGY, "slow")
    who = nobody("biology.college.ac.uk")
    reply, seconds = asked(stage, who)
    assert (reply.code, seconds < 30) == (450, True), reply
    reply, seconds = asked(stage, LOCAL)
    assert (reply.code, seconds < 8) == (250, True)
    reply, seconds = asked(stage, LISTED)
    assert (reply.code, seconds < 8) == (250, True)
    # The question went on meanwhile: whoever comes back finds its answer.
    deadline = time.monotonic() + 180
    while asked(stage, who)[0].code != 550:
        assert time.monotonic() < deadline
        time.sleep(3)


def test_listed_and_slow_mail_arrives_when_the_system_has_had_its_time(stage: Stage) -> None:
    stage.lab.switch(EXCHANGE, "slow")
    mark = sent(stage, LISTED)
    assert arrived(stage, EXCHANGE, mark, 180) is not None


# ---- lying


def test_listed_and_lying_is_of_no_account(stage: Stage) -> None:
    stage.lab.switch(EXCHANGE, "lying")
    assert asked(stage, nobody("physics.college.ac.uk"))[0].code == 550
    assert asked(stage, LISTED)[0].code == 250


def test_asked_and_lying_is_found_out_by_the_probe(stage: Stage) -> None:
    from threading import Event

    stage.lab.switch(BIOLOGY, "lying")
    (probe,) = (one for one in gateway.PROBES if one.id == "gateway.recipients")
    seen, _seconds = observe(probe, stage.context(), Event())
    assert status(probe, seen) is Status.FAIL
    wrong = [item for item in seen if item.ok is False]
    assert all("give the gateway biology a list of its recipients" in item.seen for item in wrong)
    assert {item.what.partition("@")[2].partition(">")[0] for item in wrong} == {"biology.college.ac.uk"}


# ---- loops


def test_what_a_lying_system_hands_back_ends_at_once(stage: Stage) -> None:
    stage.lab.switch(BIOLOGY, "lying")
    who = nobody("biology.college.ac.uk")
    mark = sent(stage, who)
    received = arrived(stage, BIOLOGY, mark)
    assert received is not None
    # It forwards what it does not know to where it came from.
    for sender in (ASKED, ""):
        reply = from_behind(stage, BIOLOGY, sender, who, received.content)
        assert (reply.code, "5.4.6" in str(reply)) == (554, True)
    internal = LISTED_INTERNAL.replace("lm042", "gone")
    assert from_behind(stage, EXCHANGE, LISTED_INTERNAL, internal, received.content).code == 554


def test_a_message_that_comes_round_under_its_published_address_ends_too(stage: Stage) -> None:
    """A system that forwards somebody's mail to the very address that leads to it: hops are counted."""
    content = letters.letter(letters.token(), f"<{LISTED_INTERNAL}>", f"<{LISTED}>")
    content = b"".join(b"Received: by x.invalid; Tue, 24 Nov 2026 10:00:00 +0000\r\n" for _ in range(45)) + content
    rounds = 0
    while rounds < 10:
        content = content.replace(b"Subject: ", b"Subject: again ", 1)
        mark = letters.token()
        content += mark.encode() + b"\r\n"
        reply = from_behind(stage, EXCHANGE, LISTED_INTERNAL, LISTED, content)
        if not reply.accepted:
            break
        received = arrived(stage, EXCHANGE, mark)
        if received is None:
            break
        content = received.content
        rounds += 1
    assert 0 < rounds < 10


# ---- the smarthost


def left(stage: Stage) -> list[dict[str, object]]:
    """The envelopes of all that has left for the Internet so far."""
    return [json.loads(path.read_text()) for path in sorted((stage.lab.folder / "inbox").glob("*.json"))]


def test_all_that_leaves_goes_by_the_smarthost_over_tls_with_the_login(stage: Stage) -> None:
    context = stage.context()
    assert posting.arrived(context, roads.anybody(context))
    seen = left(stage)
    assert seen
    assert all((one.get("tls"), one.get("login")) == (True, "college") for one in seen)


def test_the_password_is_for_root_alone_and_stands_nowhere_in_the_project(stage: Stage, mailer: Host) -> None:
    file = mailer.file("/etc/postfix/smarthost_password")
    assert (file.user, file.group, file.mode) == ("root", "root", 0o600)
    secret = (stage.secrets / "smarthost").read_bytes().strip()
    assert file.content == b"[smtp.provider.example]:587 college:" + secret + b"\n"
    assert not [
        path for path in stage.prepared.project.rglob("*") if path.is_file() and secret in path.read_bytes()
    ]


def test_while_the_smarthost_refuses_the_login_mail_waits_and_is_not_sent_back(stage: Stage, mailer: Host) -> None:
    context = stage.context()
    who = roads.anybody(context)
    right = (stage.secrets / "smarthost").read_bytes()
    stage.lab.equip(SMARTHOST, {"password": b"another\n"})
    try:
        mark = letters.token()
        content = letters.letter(mark, f"<{who.published}>", f"<{OUTSIDER}>")
        assert posting.hand_in(context, who, who.published, (OUTSIDER,), content)[1].accepted
        deadline = time.monotonic() + 90
        while "authentication failed" not in queue(mailer).lower():
            assert time.monotonic() < deadline, queue(mailer)
            time.sleep(0.5)
        assert stage.lab.mail.received(mark) == ()
    finally:
        stage.lab.equip(SMARTHOST, {"password": right})
    mailer.run("postqueue -f")
    assert stage.lab.mail.wait_for(mark, 90) is not None
