"""In an audit of a running service no message goes to anybody whom the description does not name, whatever a probe
does; in a rehearsal the same probe may send it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from mailwright.audit import for_live, for_site, letters, posting, roads
from mailwright.audit.model import Context, UnavailableError
from mailwright.audit.smtp import Dialogue, Reply
from support.mail_peer import FOREIGN
from support.probing import site

NAMED = "rosa.luxemburg@college.ac.uk"
OTHER = "karl.marx@college.ac.uk"


def live(context: Context, *named: str) -> Context:
    return replace(context, named=frozenset(named or (NAMED,)))


def to(*recipients: str) -> Callable[[Dialogue], Reply]:
    def send(dialogue: Dialogue) -> Reply:
        content = letters.letter(letters.token(), "<a@foreign.example>", "<b@college.ac.uk>")
        return dialogue.deliver(f"a@{FOREIGN}", recipients, content)

    return send


def by_hand(*lines: str) -> Callable[[Dialogue], Reply]:
    def send(dialogue: Dialogue) -> Reply:
        for line in lines[:-1]:
            dialogue.command(line)
        return dialogue.command(lines[-1])

    return send


def at(context: Context, send: Callable[[Dialogue], Reply]) -> Reply:
    door = roads.doors(context, "outside", "smtp")[0]
    with roads.vantage(context, "outside").enter(), roads.smtp(context, door) as dialogue:
        return send(dialogue)


@pytest.fixture
def peers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("support.mail_peer.Session.reaches", lambda _self, path: {path})


WRONG = [
    to(OTHER),
    to(NAMED, OTHER),
    by_hand("MAIL FROM:<>", f"RCPT TO:<{OTHER}>", "DATA"),
    by_hand("MAIL FROM:<>", f"rcpt to:<{OTHER}>", "data"),
    by_hand("MAIL FROM:<>", f"RCPT TO:<{OTHER}> NOTIFY=NEVER", "DATA"),
    by_hand("MAIL FROM:<>", f"RCPT TO:<@{FOREIGN}:{NAMED}>", "DATA"),
    by_hand("MAIL FROM:<>", f"RCPT TO:{NAMED}", "DATA"),
    by_hand("MAIL FROM:<>", "RCPT TO:<postmaster>", "DATA"),
    by_hand("MAIL FROM:<>", f"RCPT TO:<{OTHER}>", f"MAIL FROM:<{NAMED}>", "DATA"),
    by_hand("MAIL FROM:<>", f"RCPT TO:<{OTHER}>", "BDAT 10 LAST"),
    by_hand(f"MAIL FROM:<>\r\nRCPT TO:<{OTHER}>\r\nDATA"),
]


@pytest.mark.usefixtures("peers")
@pytest.mark.parametrize("send", WRONG)
def test_no_data_for_somebody_else(send: Callable[[Dialogue], Reply]) -> None:
    with site() as (context, post):
        with pytest.raises(UnavailableError, match="audit"):
            at(live(context), send)
        assert not post.boxes
        assert not post.abroad


@pytest.mark.usefixtures("peers")
@pytest.mark.parametrize("send", [to(OTHER), to(NAMED, OTHER)])
def test_its_twin_in_a_rehearsal_may(send: Callable[[Dialogue], Reply]) -> None:
    with site() as (context, post):
        assert at(context, send).accepted
        assert OTHER in post.boxes


@pytest.mark.usefixtures("peers")
@pytest.mark.parametrize(
    ("named", "recipient"),
    [
        (NAMED, NAMED),
        (NAMED, NAMED.upper()),
        (NAMED, f"probe@{FOREIGN}"),
        ("postmaster@college.ac.uk", "postmaster"),
    ],
)
def test_those_who_are_named_and_the_correspondent_get_theirs(named: str, recipient: str) -> None:
    with site() as (context, _):
        assert at(live(context, named), to(recipient)).accepted


def test_a_recipient_who_was_refused_is_forgotten() -> None:
    with site() as (context, post):
        assert at(live(context), by_hand("MAIL FROM:<>", "RCPT TO:<nobody@college.ac.uk>", "RSET")).accepted

        def after_a_refusal(dialogue: Dialogue) -> Reply:
            dialogue.mail(f"a@{FOREIGN}")
            assert dialogue.rcpt("nobody@college.ac.uk").refused
            assert dialogue.rcpt("rl204@college.ac.uk").refused
            assert dialogue.rcpt(f"probe@{FOREIGN}").refused
            assert dialogue.rcpt(named).accepted
            return dialogue.data(letters.letter(letters.token(), "<>", named))

        named = next(route.address for route in context.plan.routes if route.kind == "mailbox")
        assert at(live(context, named), after_a_refusal).accepted
        assert post.boxes


def test_octets_alone_are_no_way_round() -> None:
    with site() as (context, _):

        def pipelined(dialogue: Dialogue) -> Reply:
            dialogue.send(f"MAIL FROM:<>\r\nRCPT TO:<{OTHER}>\r\nDATA\r\n".encode())
            return dialogue.reply()

        with pytest.raises(UnavailableError):
            at(live(context), pipelined)
        assert at(context, pipelined).accepted


def test_what_would_do_harm_is_left_to_rehearsals() -> None:
    with site() as (context, _):
        every, asked = for_site(context.plan), for_live(context.plan)
        assert set(asked) < set(every)
        left = {probe.id for probe in every} - {probe.id for probe in asked}
        assert {"away.guessing", "away.throttling", "submission.wrong-password", "store.wrong-password"} <= left
        assert all(probe.harm for probe in every if probe.id in left)


def test_every_test_message_says_that_it_is_one() -> None:
    content = letters.letter("mwprobe1", "<a@b.example>", "<c@d.example>")
    assert letters.header(content, "Auto-Submitted") == ["auto-generated"]
    assert letters.header(content, "X-Mailwright-Audit")
    assert "test message" in letters.header(content, "Subject")[0]
    own = letters.letter("m", "<a@b.example>", "<c@d.example>", extra=(("Auto-Submitted", "auto-replied"),))
    assert letters.header(own, "Auto-Submitted") == ["auto-replied"]


@pytest.mark.usefixtures("peers")
def test_without_a_mailbox_elsewhere_recipients_can_be_asked_for_all_the_same() -> None:
    with site() as (context, _):
        alone = replace(live(context), correspondent=None)
        assert posting.stranger(alone) == ""
        assert posting.stranger(context) == f"probe@{FOREIGN}"
        probe = next(one for one in for_live(context.plan) if one.id == "addresses.facilities")
        assert any(item.ok for item in probe.run(alone) if not item.twin)
