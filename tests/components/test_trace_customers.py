"""mailwright-trace --customer: what one of three customers sees of the others (SCALE-2, AUDIT-4)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from support import trace
from support.trace import MAIL, SMTP, STORE, part

answer, command, customers, lines, view, view_show = map(
    part, ("answer", "command", "customers", "lines", "view", "view_show")
)
ALL = ("valley", "hill", "river")
KNOWN = {
    "customers": {
        "valley": {"realm": "valley.ac.uk", "domains": ["valley.ac.uk", "music.valley.ac.uk"], "days": 120},
        "hill": {"realm": "hill.sch.uk", "domains": ["hill.sch.uk"], "days": 92},
        "river": {"realm": "riverside.ac.uk", "domains": ["riverside.ac.uk"], "days": 150, "logs_until": ""},
    }
}
HOME = "host-9.elsewhere.example[203.0.113.9]"
AWAY = "mx.foreign.example[203.0.113.25]"
TIMES = "delay=0.1, delays=0/0/0/0.1"
MANY, CHILD, REPLY, CHAIN = "4jManyRcptzVXS6", "4jCh1LdFwdzVXS6", "4jRep1yAutzVXS6", "4jCha1nA1zzVXS6"
SHARED, SHARED2, HOP1, HOP2 = "4jSharedInzVXS6", "4jShared22zVXS6", "4jHop11zzzVXS6", "4jHop22zzzVXS6"
STOLEN, FORGED, REFUSED = "4jSto1enMzzVXS6", "4jForgedFzzVXS6", "4jRefusedzzVXS6"
BOUNCED, NOTICE = "4jBouncedzzVXS6", "4jNot1cezzzVXS6"


def came(
    host: str, queue_id: str, client: str, message_id: str, sender: str, count: int, login: str = ""
) -> list[str]:
    service = "submission" if login else "smtp"
    by = f", sasl_method=PLAIN, sasl_username={login}" if login else ""
    return [
        f"postfix/{service}/smtpd[1]: {queue_id}: client={client}{by}",
        f"postfix/cleanup[2]: {queue_id}: message-id={message_id}",
        f"postfix/qmgr[3]: {queue_id}: from=<{sender}>, size=1000, nrcpt={count} (queue active)",
    ]


def kept(queue_id: str, to: str, session: str, orig: str = "") -> str:
    first = f", orig_to=<{orig}>" if orig else ""
    return (
        f"postfix/lmtp[4]: {queue_id}: to=<{to}>{first}, relay={STORE}[private/dovecot-lmtp], {TIMES}, dsn=2.0.0, "
        f"status=sent (250 2.0.0 <{to}> {session} Saved)"
    )


def passed(queue_id: str, to: str, relay: str, answer: str, orig: str = "") -> str:
    first = f", orig_to=<{orig}>" if orig else ""
    sent = f"{TIMES}, dsn=2.0.0, status=sent ({answer})"
    return f"postfix/smtp[5]: {queue_id}: to=<{to}>{first}, relay={relay}:25, {sent}"


def stored(login: str, session: str, message_id: str, did: str = "saved mail to INBOX") -> str:
    return f"dovecot[6]: lmtp({login})<7><{session}>: sieve: msgid={message_id}: {did}"


def logs() -> dict[str, list[str]]:
    """What three customers' people and strangers did in a few seconds."""
    me, m = "gparry@valley.ac.uk", "<many@valley.ac.uk>"
    given = f"250 2.0.0 Ok: queued as {SHARED2}"
    at = f"{MAIL}[{trace.HOSTS[MAIL][0]}]"
    store = f"{STORE}[{trace.HOSTS[STORE][0]}]"
    return {
        STORE: [
            # What the mailer was given from outside for hill and river, in one envelope.
            *came(STORE, SHARED2, at, "<shared@foreign.example>", "x@foreign.example", 2),
            kept(SHARED2, "Mary.Poole@hill.sch.uk", "CCCCCCCCCCCCCCCC"),
            kept(SHARED2, "Paul.Dean@riverside.ac.uk", "CCCCCCCCCCCCCCCC:R2"),
            # What was expanded on the submission host, of valley's.
            *came(STORE, HOP2, f"smtp[{trace.HOSTS[SMTP][0]}]", "<two@valley.ac.uk>", "Gwen.Parry@valley.ac.uk", 3),
            kept(HOP2, "Tom.Bell@hill.sch.uk", "HHHHHHHHHHHHHHHH"),
            kept(HOP2, "Mary.Poole@hill.sch.uk", "HHHHHHHHHHHHHHHH:R2"),
            passed(HOP2, "deep@private.example", AWAY, "250 2.0.0 Ok"),
            # One of valley writes to all three and to a stranger; an alias of hill has two behind it, and a script.
            *came(STORE, MANY, HOME, m, "Gwen.Parry@valley.ac.uk", 6, me),
            kept(MANY, "Huw.Lloyd@valley.ac.uk", "AAAAAAAAAAAAAAAA"),
            kept(MANY, "Tom.Bell@hill.sch.uk", "AAAAAAAAAAAAAAAA:R2", "head@hill.sch.uk"),
            kept(MANY, "Ida.Vane@hill.sch.uk", "AAAAAAAAAAAAAAAA:R3", "head@hill.sch.uk"),
            kept(MANY, "Nia.Frost@riverside.ac.uk", "AAAAAAAAAAAAAAAA:R4"),
            passed(MANY, "someone@foreign.example", AWAY, "250 2.0.0 Kept"),
            stored("hlloyd@valley.ac.uk", "AAAAAAAAAAAAAAAA", m),
            stored(
                "tbell@hill.sch.uk",
                "AAAAAAAAAAAAAAAA:R2",
                m,
                "redirect action: forwarded to <tom@private.example>",
            ),
            f"postfix/pickup[8]: {CHILD}: uid=0 from=<Gwen.Parry@valley.ac.uk>",
            f"postfix/cleanup[2]: {CHILD}: message-id={m}",
            f"postfix/qmgr[3]: {CHILD}: from=<Gwen.Parry@valley.ac.uk>, size=1100, nrcpt=1 (queue active)",
            passed(CHILD, "tom@private.example", AWAY, "250 2.0.0 Ok: queued as FOREIGNQUEUEID1"),
            stored("nfrost@riverside.ac.uk", "AAAAAAAAAAAAAAAA:R4", m, "stored mail into mailbox 'Private'"),
            stored(
                "nfrost@riverside.ac.uk", "AAAAAAAAAAAAAAAA:R4", m,
                "vacation action: sent vacation response to <Gwen.Parry@valley.ac.uk>",
            ),
            f"postfix/pickup[8]: {REPLY}: uid=0 from=<Nia.Frost@riverside.ac.uk>",
            f"postfix/cleanup[2]: {REPLY}: message-id=<dovecot-sieve-1-1-0@{STORE}>",
            f"postfix/qmgr[3]: {REPLY}: from=<Nia.Frost@riverside.ac.uk>, size=500, nrcpt=1 (queue active)",
            kept(REPLY, "Gwen.Parry@valley.ac.uk", "BBBBBBBBBBBBBBBB"),
            # An address of valley leads to one of hill, which leads to another.
            *came(STORE, CHAIN, AWAY, "<chain@foreign.example>", "y@foreign.example", 1),
            kept(CHAIN, "Secret.Person@hill.sch.uk", "DDDDDDDDDDDDDDDD", "contact@valley.ac.uk"),
            # A stranger writes to hill in the name of one of valley.
            *came(STORE, FORGED, AWAY, "<forged@foreign.example>", "Gwen.Parry@valley.ac.uk", 1),
            kept(FORGED, "Mary.Poole@hill.sch.uk", "EEEEEEEEEEEEEEEE"),
            # One of river uses the Message-ID of valley's message.
            *came(STORE, STOLEN, HOME, m, "Paul.Dean@riverside.ac.uk", 1, "pdean@riverside.ac.uk"),
            kept(STOLEN, "Nia.Frost@riverside.ac.uk", "FFFFFFFFFFFFFFFF"),
            # The filter refuses one of hill's.
            *came(STORE, REFUSED, HOME, "<refused@hill.sch.uk>", "", 1, "mpoole@hill.sch.uk")[:2],
            f"postfix/cleanup[2]: {REFUSED}: milter-reject: END-OF-MESSAGE from {HOME}: 5.7.1 Too many; "
            "from=<Mary.Poole@hill.sch.uk> to=<Nia.Frost@riverside.ac.uk> proto=ESMTP helo=<laptop>",
            # A notice to hill of what it wrote to river.
            *came(STORE, BOUNCED, HOME, "<bounced@hill.sch.uk>", "Tom.Bell@hill.sch.uk", 1, "tbell@hill.sch.uk"),
            f"postfix/lmtp[4]: {BOUNCED}: to=<Full.House@riverside.ac.uk>, orig_to=<office@riverside.ac.uk>, "
            f"relay={STORE}[private/dovecot-lmtp], {TIMES}, dsn=5.2.2, status=bounced (host {STORE}"
            "[private/dovecot-lmtp] said: 552 5.2.2 <Full.House@riverside.ac.uk> Quota exceeded)",
            f"postfix/bounce[9]: {BOUNCED}: sender non-delivery notification: {NOTICE}",
            f"postfix/cleanup[2]: {NOTICE}: message-id=<notice@{STORE}>",
            f"postfix/qmgr[3]: {NOTICE}: from=<>, size=3000, nrcpt=1 (queue active)",
            kept(NOTICE, "Tom.Bell@hill.sch.uk", "GGGGGGGGGGGGGGGG"),
        ],
        MAIL: [
            *came(MAIL, SHARED, AWAY, "<shared@foreign.example>", "x@foreign.example", 2),
            passed(SHARED, "Mary.Poole@hill.sch.uk", store, given),
            passed(SHARED, "Paul.Dean@riverside.ac.uk", store, given),
        ],
        SMTP: [
            *came(SMTP, HOP1, HOME, "<two@valley.ac.uk>", "Gwen.Parry@valley.ac.uk", 3, me),
            passed(HOP1, "Tom.Bell@hill.sch.uk", store, f"250 2.0.0 Ok: queued as {HOP2}", "head@hill.sch.uk"),
            passed(HOP1, "Mary.Poole@hill.sch.uk", store, f"250 2.0.0 Ok: queued as {HOP2}"),
            passed(HOP1, "deep@private.example", store, f"250 2.0.0 Ok: queued as {HOP2}", "governors@hill.sch.uk"),
        ],
    }  # fmt: skip


def now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)


@pytest.fixture
def given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The settings of logs from an hour ago; who asks is not written down."""
    made = trace.write(tmp_path, logs(), now())
    said = json.loads(made.read_text())
    place = tmp_path / "customers.json"
    place.write_text(json.dumps(KNOWN))
    made.write_text(json.dumps({**said, "customers": str(place)}))
    monkeypatch.setattr(command, "note", lambda _text: None)
    return made


def seen(given: Path, name: str, days: int = 0):  # type: ignore[no-untyped-def]
    known = customers.read(str(given.parent / "customers.json"))
    one = known.by_id[name]
    since = datetime.now(UTC) - timedelta(days=days or one.days)
    return view.View(trace.trail(given), one, known, since)


def told(given: Path, name: str, asked: str) -> str:
    """The whole answer of a customer to an id, with its lines, as text and as JSON."""
    its = seen(given, name)
    found = (answer.by_message_id if "@" in asked else answer.by_queue_id)(its, asked)
    return str(view_show.text(found, its, True) + view_show.as_json(found, its, True))


def run(given: Path, capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    try:
        status = command.main(["--settings", str(given), *arguments])
    except SystemExit as error:
        status = int(error.code or 0)
    out = capsys.readouterr()
    return status, out.out, out.err


# --- What a customer sees -----------------------------------------------------------------------------------------


def test_the_sender_sees_whom_they_wrote_to_and_what_became_of_it(given: Path) -> None:
    text = told(given, "valley", MANY)
    for words in (
        "Sent by the login gparry@valley.ac.uk, from host-9.elsewhere.example [203.0.113.9].",
        f"Huw.Lloyd@valley.ac.uk: sent to {STORE}",
        "login hlloyd@valley.ac.uk: saved mail to INBOX",
        "someone@foreign.example: sent to mx.foreign.example[203.0.113.25]: 250 2.0.0 Kept",
        "Nia.Frost@riverside.ac.uk: sent\n",
        "head@hill.sch.uk: sent\n",
    ):
        assert words in text


@pytest.mark.parametrize(
    "secret",
    ["Tom.Bell", "tbell", "Ida.Vane", "private.example", CHILD, "nfrost", "'Private'", "R2", "R3", "R4", "nrcpt=6"],
)
def test_the_sender_does_not_see_what_is_behind_anothers_address(given: Path, secret: str) -> None:
    whole = trace.trail(given)
    assert secret in part("show").text(answer.by_queue_id(whole, MANY), whole, True)  # the provider does
    assert secret.lower() not in told(given, "valley", MANY).lower()


def test_a_receiver_sees_their_own_recipients_and_the_envelopes_sender(given: Path) -> None:
    text = told(given, "hill", MANY)
    assert "Sent through this service by somebody who is not yours." in text
    assert "<Gwen.Parry@valley.ac.uk> (envelope)" in text
    assert "Tom.Bell@hill.sch.uk (for head@hill.sch.uk): sent" in text
    assert "login tbell@hill.sch.uk: forwarded to <tom@private.example>" in text
    assert f"{CHILD} -- forwarded by the script of tbell@hill.sch.uk" in text
    assert "tom@private.example: sent to mx.foreign.example" in text


@pytest.mark.parametrize(
    "secret",
    ["gparry", "203.0.113.9]", "host-9", "Huw.Lloyd", "hlloyd", "riverside", "someone@foreign", "nrcpt=6", "sasl"],
)
def test_a_receiver_sees_no_other_recipient_nor_the_senders_login(given: Path, secret: str) -> None:
    whole = trace.trail(given)
    assert secret in part("show").text(answer.by_queue_id(whole, MANY), whole, True)
    assert secret not in told(given, "hill", MANY)


def test_recipients_of_one_envelope_from_outside_do_not_see_each_other(given: Path) -> None:
    for name, mine, other in (("hill", "Mary.Poole", "Paul.Dean"), ("river", "Paul.Dean", "Mary.Poole")):
        text = told(given, name, "<shared@foreign.example>")
        assert "Came from outside: mx.foreign.example [203.0.113.25]" in text
        assert f"given by {MAIL}" in text
        assert mine in text
        assert other not in text
        assert "nrcpt" not in text
    assert "is not in the logs" in told(given, "valley", "<shared@foreign.example>")


def test_ones_own_address_that_leads_to_anothers_says_no_more_than_that_it_was_reached(given: Path) -> None:
    valley, hill = told(given, "valley", CHAIN), told(given, "hill", CHAIN)
    assert "contact@valley.ac.uk: sent\n" in valley
    assert "hill.sch.uk" not in valley
    assert "Secret.Person@hill.sch.uk: sent" in hill
    assert "contact@valley.ac.uk" not in hill  # which address led there is not in the envelope any more


def test_what_was_expanded_a_host_earlier_stays_anothers(given: Path) -> None:
    """The second host logs addresses as if they had been written so."""
    text = told(given, "valley", "<two@valley.ac.uk>")
    for words in ("head@hill.sch.uk: sent", "governors@hill.sch.uk: sent", "Mary.Poole@hill.sch.uk: sent", HOP2):
        assert words in text
    assert "Tom.Bell" not in text
    assert "private.example" not in text


def test_an_automatic_reply_is_its_receivers_and_its_senders(given: Path) -> None:
    assert "An automatic reply of the login nfrost@riverside.ac.uk (Sieve)." in told(given, "river", REPLY)
    valley = told(given, "valley", REPLY)
    assert "<Nia.Frost@riverside.ac.uk> (envelope)" in valley
    assert "Gwen.Parry@valley.ac.uk: sent" in valley
    assert "nfrost" not in valley
    assert "is not in the logs" in told(given, "hill", REPLY)


def test_a_notice_and_a_refusal_are_told_to_whom_they_concern(given: Path) -> None:
    bounced = told(given, "hill", BOUNCED)
    assert "office@riverside.ac.uk: bounced\n" in bounced
    assert "Full.House" not in bounced
    assert f"A sender non-delivery notice of the mail system, about queue id {BOUNCED}." in told(
        given, "hill", NOTICE
    )
    assert "Nia.Frost@riverside.ac.uk: reject: 5.7.1 Too many" in told(given, "hill", REFUSED)
    river = told(given, "river", REFUSED)
    assert "Nia.Frost@riverside.ac.uk: reject: 5.7.1 Too many" in river
    assert "mpoole@" not in river


def since(given: Path, name: str, **days: date) -> None:
    """Domains of a customer (``_`` for a dot) came to it on those days."""
    said = json.loads(json.dumps(KNOWN))
    said["customers"][name]["since"] = {domain.replace("_", "."): str(day) for domain, day in days.items()}
    (given.parent / "customers.json").write_text(json.dumps(said))


@pytest.mark.parametrize(
    "asked", [MANY, CHILD, CHAIN, REFUSED, NOTICE, BOUNCED, "<shared@foreign.example>", FORGED]
)
def test_what_happened_before_a_domain_came_is_not_seen_by_whom_it_came_to(given: Path, asked: str) -> None:
    at = now().date()
    assert "is not in the logs" not in told(given, "hill", asked)
    whole = told(given, "hill", asked)
    since(given, "hill", hill_sch_uk=at - timedelta(days=1))
    assert told(given, "hill", asked).partition("You see")[0] == whole.partition("You see")[0]
    since(given, "hill", hill_sch_uk=at + timedelta(days=1))
    assert "is not in the logs" in told(given, "hill", asked)
    assert f"Later begin: hill.sch.uk from {at + timedelta(days=1)}" in told(given, "hill", asked)


def test_of_an_address_that_was_anothers_then_the_sender_sees_no_more_than_of_anothers(given: Path) -> None:
    """The domain of the one it wrote to is its own by now."""
    said = json.loads(json.dumps(KNOWN))
    del said["customers"]["hill"]
    valley = said["customers"]["valley"]
    valley["domains"].append("hill.sch.uk")
    valley["since"] = {"hill.sch.uk": str(now().date() + timedelta(days=1))}
    (given.parent / "customers.json").write_text(json.dumps(said))
    text = told(given, "valley", MANY)
    assert "head@hill.sch.uk: sent\n" in text
    for secret in ("Tom.Bell", "tbell", "Ida.Vane", "private.example"):
        assert secret not in text


# --- What a customer tries ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("valley", CHILD),  # what hill's script made of valley's message
        ("river", CHILD),
        ("valley", FORGED),  # a stranger's words make no message valley's
        ("valley", "<forged@foreign.example>"),
        ("valley", STOLEN),
        ("river", HOP1),
        ("river", HOP2),
        ("river", CHAIN),
        ("valley", "FOREIGNQUEUEID1"),  # what the other side called it
        ("valley", "4jNobodyszzVXS6"),  # the positive twin: nobody's looks the same
    ],
)
def test_anothers_message_is_as_one_that_is_not_there(
    given: Path, capsys: pytest.CaptureFixture[str], name: str, asked: str
) -> None:
    status, out, err = run(given, capsys, "--customer", name, "--json", asked)
    kind = "Message-ID" if "@" in asked else "queue id"
    assert (status, err) == (1, "")
    found = json.loads(out)
    assert found["messages"] == []
    assert found["words"][0] == f"{kind} {asked} is not in the logs."
    assert len(found["words"]) == 2


def test_logs_that_are_not_here_are_named_where_nothing_is_found(
    given: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """On a store without a log host: what another mailer took in is in that one's log alone."""
    whole = json.loads(given.read_text())
    here = [one for one in whole["logs"] if one["host"] != SMTP]
    for logs, wanted in ((whole["logs"], False), (here, True)):
        given.write_text(json.dumps({**whole, "logs": logs}))
        for who in ((), ("--customer", "valley")):
            status, out, _err = run(given, capsys, *who, "4jNobodyszzVXS6")
            assert (status, f"The logs of {SMTP} are not kept here." in out) == (1, wanted), out


def test_a_stolen_message_id_leads_to_ones_own_alone(given: Path) -> None:
    assert "gparry" not in told(given, "river", STOLEN)
    river = told(given, "river", "<many@valley.ac.uk>")
    assert "2 messages have Message-ID" in river  # river received one and sent the other
    assert "Huw.Lloyd" not in river
    valley = told(given, "valley", "<many@valley.ac.uk>")
    assert "messages have Message-ID" not in valley
    assert "pdean" not in valley
    assert STOLEN not in valley


@pytest.mark.parametrize(
    ("name", "to", "count"),
    [
        ("valley", "head@hill.sch.uk", 2),
        ("valley", "Tom.Bell@hill.sch.uk", 0),  # who is behind an alias cannot be found by trying
        ("valley", "Secret.Person@hill.sch.uk", 0),
        ("valley", "tom@private.example", 0),
        ("valley", "someone@foreign.example", 1),
        ("hill", "someone@foreign.example", 0),
        ("hill", "tom@private.example", 1),
        ("hill", "Tom.Bell@hill.sch.uk", 3),
        ("hill", "contact@valley.ac.uk", 0),
        ("river", "Full.House@riverside.ac.uk", 1),
        ("hill", "Full.House@riverside.ac.uk", 0),
        ("hill", "office@riverside.ac.uk", 1),
    ],
)
def test_a_recipient_is_found_where_it_was_written_or_is_ones_own(
    given: Path, capsys: pytest.CaptureFixture[str], name: str, to: str, count: int
) -> None:
    at = now().isoformat()
    _, out, _ = run(given, capsys, "--customer", name, "--json", "--to", to, "--at", at, "--within", "30")
    assert len(json.loads(out)["messages"]) == count


@pytest.mark.parametrize(
    ("name", "to", "certain"),
    [
        ("valley", "head@hill.sch.uk", True),
        ("valley", "Tom.Bell@hill.sch.uk", False),
        ("hill", "x@y.example", False),
    ],
)
def test_a_whole_message_proves_no_recipient_that_is_anothers(
    given: Path, name: str, to: str, certain: bool
) -> None:
    head = f"Received: by {STORE} with ESMTPSA id {MANY}\nMessage-ID: <many@valley.ac.uk>\n\n"
    found = answer.by_message(seen(given, name), head.encode(), to)
    assert len(found.found) == 1
    assert found.certain is certain
    if name == "valley":
        assert any("do not have that it went to" in word for word in found.words) is not certain


def test_a_header_does_not_tell_which_ids_there_are(given: Path) -> None:
    """Others' queue ids and sessions in ``Received:`` lines are as such that are nobody's."""

    def asked(queue_id: str, session: str) -> str:
        text = f"Received: by x id {queue_id}\nReceived: by x with LMTP id {session}\nMessage-ID: <none@x>\n\n"
        found = answer.by_message(seen(given, "valley"), text.encode())
        assert found.found == ()
        return str(found.words).replace(queue_id, "Q").replace(session, "S")

    assert asked(STOLEN, "FFFFFFFFFFFFFFFF") == asked("4jNobodyszzVXS6", "ZZZZZZZZZZZZZZZZ")
    mine = f"Received: by {STORE} with LMTP id AAAAAAAAAAAAAAAA\nMessage-ID: <many@valley.ac.uk>\n\n"
    assert answer.by_message(seen(given, "valley"), mine.encode()).certain


def test_nobody_sees_longer_than_their_own_period(given: Path, tmp_path: Path) -> None:
    trace.write(tmp_path, logs(), now() - timedelta(days=100))
    for name, there in (("hill", False), ("valley", True), ("river", True)):
        assert ("is not in the logs" not in told(given, name, MANY)) is there


def test_who_has_left_sees_nothing_any_more(given: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = given.parent / "customers.json"
    for day, status in ((datetime.now().date(), 0), (datetime.now().date() - timedelta(days=1), 1)):
        said = json.loads(place.read_text())
        said["customers"]["valley"]["logs_until"] = day.isoformat()
        place.write_text(json.dumps(said))
        found, out, err = run(given, capsys, "--customer", "valley", MANY)
        assert (found, bool(out)) == (status, not status)
    assert "has left" in err


def listed(**rows: tuple[object, object, object]) -> str:
    made = {name: dict(zip(("realm", "domains", "days"), row, strict=True)) for name, row in rows.items()}
    return json.dumps({"customers": made})


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "[]",
        listed(valley=("valley.ac.uk", "valley.ac.uk", 1)),  # domains are a list
        listed(valley=("hill.sch.uk", ["valley.ac.uk"], 1)),
        listed(valley=("v", ["v"], 1), hill=("V.", ["V."], 1)),
        listed(valley=("v", ["v"], 1), hill=("h", ["h", "V"], 1)),
        listed(valley=("v", ["v"], "1")),
        listed(valley=("v", ["v", ""], 1)),
    ],
)
def test_with_a_list_that_is_in_doubt_nothing_is_answered(
    given: Path, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    (given.parent / "customers.json").write_text(damage)
    status, out, err = run(given, capsys, "--customer", "valley", MANY)
    assert (status, out) == (1, "")
    assert "customers.json" in err


# --- A key with a command of its own ------------------------------------------------------------------------------


def asked_by_key(
    given: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, said: str | None
) -> tuple[int, str, str]:
    monkeypatch.delenv("SSH_ORIGINAL_COMMAND", raising=False)
    if said is not None:
        monkeypatch.setenv("SSH_ORIGINAL_COMMAND", said)
    return run(given, capsys, "--customer", "hill", "--forced")


@pytest.mark.parametrize(
    "said", [BOUNCED, f"mailwright-trace {BOUNCED}", f"/usr/local/bin/mailwright-trace --lines '{BOUNCED}'"]
)
def test_a_key_asks_for_its_customer(
    given: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    status, out, _ = asked_by_key(given, capsys, monkeypatch, said)
    assert status == 0
    assert "Sent by the login tbell@hill.sch.uk" in out


@pytest.mark.parametrize(
    "said",
    [
        f"--customer valley {MANY}",
        f"--customer=valley {MANY}",
        f"--cust valley {MANY}",
        f"{MANY} --customer valley",
        f"--settings /etc/passwd {MANY}",
        f"--forced {MANY}",
        "--index",
        "--message /etc/shadow",
        "--message=/etc/shadow",
        f"-- --customer valley {MANY}",
        "",
        None,
        "bash -i",
        "'unfinished",
        f"{BOUNCED}; cat /etc/passwd",
        f"{BOUNCED} $(id)",
        f"--to x@hill.sch.uk --at 2026-11-24 --within {10**9}",
        f"--to x@hill.sch.uk --at 2026-11-24 --within {10**300}",
        "--to x@hill.sch.uk --at 2026-11-24 --within nan",
        "--to x@hill.sch.uk --at 2026-11-24 --within -1",
    ],
)
def test_a_key_cannot_ask_for_another_customer_nor_for_files(
    given: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, said: str | None
) -> None:
    status, out, _ = asked_by_key(given, capsys, monkeypatch, said)
    assert (status, out) == (2, "")


@pytest.mark.parametrize("said", [MANY, f"mailwright-trace {MANY}"])
def test_what_a_key_asks_is_answered_as_its_customer(
    given: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    _, out, _ = asked_by_key(given, capsys, monkeypatch, said)
    assert "Tom.Bell@hill.sch.uk" in out
    assert "gparry" not in out


@pytest.mark.parametrize(
    "fixed",
    [
        ("--forced",),
        ("--forced", "--customer", "hill", MANY),
        ("--forced", "--customer", "hill", "--index"),
        ("--customer", "hill", "--index"),
        ("--customer", "nobody", MANY),
    ],
)
def test_a_command_that_was_written_wrongly_answers_nothing(
    given: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, fixed: Iterable[str]
) -> None:
    monkeypatch.setenv("SSH_ORIGINAL_COMMAND", MANY)
    status, out, err = run(given, capsys, *fixed)
    assert status in (1, 2)
    assert out == ""
    assert err


def test_who_asks_for_which_customer_is_written_down(
    given: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    noted: list[str] = []
    monkeypatch.setattr(command, "note", noted.append)
    run(given, capsys, "--customer", "valley", MANY)
    assert [f"asks for {MANY}, as the customer valley" in noted[0], "1 found" in noted[1]] == [True, True]
