"""The directory stopped under mail: what is accepted waits, what comes is told to come back, and nothing is refused
or bounces; started again, all of it flows."""

from __future__ import annotations

import imaplib
import time
from collections.abc import Iterator

import pytest
from testinfra.host import Host

from mailwright.audit import letters, mailboxes, posting, roads
from mailwright.audit.smtp import Reply
from mailwright.rehearsal.rehearse import Stage


@pytest.fixture(autouse=True)
def started_again(stage: Stage) -> Iterator[None]:
    yield
    switch(stage, "up")


def switch(stage: Stage, state: str) -> None:
    for one in stage.lab.scene.neighbours:
        stage.lab.switch(one.name, state)


def brought(stage: Stage, recipient: str, mark: str) -> Reply:
    """A message from outside to port 25."""
    context = stage.context()
    foreign = posting.outsider(context)
    door = roads.doors(context, "outside", "smtp")[0]
    content = letters.letter(mark, f"<{foreign}>", f"<{recipient}>")
    return posting.delivered_directly(context, door, foreign, recipient, content)


def refusal(stage: Stage) -> str:
    """What a right password is told over IMAP."""
    context = stage.context()
    who = roads.anybody(context)
    door = roads.doors(context, "outside", "imaps")[0]
    with roads.vantage(context, "outside").enter():
        session = mailboxes.ImapOverTls(
            str(door.address), door.listener.port, roads.tls(context), door.listener.host, seconds=90
        )
        try:
            session.login(who.account.login, who.account.password)
        except imaplib.IMAP4.error as error:
            return str(error)
        finally:
            session.shutdown()
    return ""


def test_people_and_roles_are_deferred_and_strangers_too(stage: Stage) -> None:
    who = roads.anybody(stage.context())
    switch(stage, "down")
    for recipient in (who.published, "postmaster@college.ac.uk", "nobody.at.all@college.ac.uk"):
        reply = brought(stage, recipient, letters.token())
        assert 400 <= reply.code < 500, (recipient, reply)
    assert brought(stage, "x@elsewhere.example", letters.token()).code == 554
    switch(stage, "up")
    mark = letters.token()
    assert brought(stage, who.published, mark).accepted
    assert mailboxes.holding(stage.context(), who.login, [mark])[mark] == 1
    assert brought(stage, "nobody.at.all@college.ac.uk", mark).code == 550


def test_what_was_accepted_waits_and_is_delivered(stage: Stage, mailer: Host) -> None:
    """The directory goes away between the mailer's answer and the delivery."""
    context = stage.context()
    who = roads.anybody(context)
    assert mailer.run("postconf -e defer_transports=lmtp && postfix reload").rc == 0
    mark = letters.token()
    try:
        assert brought(stage, who.published, mark).accepted
        switch(stage, "down")
    finally:
        assert mailer.run("postconf -X defer_transports && postfix reload").rc == 0
    assert mailer.run("postqueue -f").rc == 0
    time.sleep(5)
    waiting = mailer.run("postqueue -j").stdout
    assert who.published.lower() in waiting.lower()
    switch(stage, "up")
    deadline = time.monotonic() + 300
    while not mailboxes.holding(context, who.login, [mark], timeout=5)[mark]:
        assert time.monotonic() < deadline, mailer.run("postqueue -p").stdout
        mailer.run("postqueue -f")
    assert "status=bounced" not in mailer.run("cat /var/log/mail/mail.log").stdout


def test_a_login_fails_for_the_time_being(stage: Stage) -> None:
    assert refusal(stage) == ""
    switch(stage, "down")
    said = refusal(stage)
    assert "UNAVAILABLE" in said or "emporary" in said, said
    switch(stage, "up")
    assert refusal(stage) == ""


def test_automatic_senders_log_in_and_are_told_to_come_back(stage: Stage) -> None:
    """Their password is the host's own; whether an address is an internal one (INT-4) the directory has to say."""
    context = stage.context()
    login = next(row.login for row in context.plan.senders if row.automatic)
    address = next(row.address for row in context.plan.senders if row.login == login)
    account = next(one for one in context.accounts if one.login == login)
    switch(stage, "down")
    door = roads.doors(context, "outside", "submission")[0]
    foreign = posting.outsider(context)
    content = letters.letter(letters.token(), f"<{address}>", f"<{foreign}>")
    with roads.vantage(context, "outside").enter(), roads.smtp(context, door, account=account) as dialogue:
        assert dialogue.deliver(address, (foreign,), content).code == 451


def test_nobody_writes_to_a_login_s_private_address(stage: Stage) -> None:
    context = stage.context()
    who = roads.anybody(context)
    private = f"{who.login}@login.invalid"
    assert 500 <= brought(stage, private, letters.token()).code < 600
    door = roads.doors(context, "outside", "submission")[0]
    with roads.vantage(context, "outside").enter(), roads.smtp(context, door, account=who.account) as dialogue:
        assert dialogue.mail(who.published).accepted
        assert dialogue.rcpt(private).code == 550
