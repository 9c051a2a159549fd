"""Makes mail logs such as the hosts of a site write, as large as wanted: for measuring mailwright-trace.

The forms of the lines are those of a mailer, a store and a filter of the split site; names and numbers are made up.
The same arguments make the same logs.
"""

from __future__ import annotations

import json
import random
import sqlite3
import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

SMTP, MAIL, STORE = "smtp.college.ac.uk", "mail.college.ac.uk", "store1.college.ac.uk"
HOSTS = {SMTP: ["198.51.100.27"], MAIL: ["198.51.100.25"], STORE: ["198.51.100.31"]}
END = datetime(2026, 11, 24, tzinfo=UTC)
_LETTERS = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz"


@dataclass(frozen=True)
class Known:
    """A message in the logs, to ask for."""

    queue_id: str
    message_id: str
    recipient: str
    time: datetime
    login: str


def _word(dice: random.Random, length: int) -> str:
    return "".join(dice.choices(_LETTERS, k=length))


def message(dice: random.Random, at: datetime, lines: dict[str, list[str]]) -> Known:
    """Adds the lines of a message to the logs of the hosts: submitted, and delivered outside or into the store."""
    login = f"u{dice.randrange(20_000):05d}"
    queue_id, message_id = "4jZZZ" + _word(dice, 10), f"<mZZZ{_word(dice, 20)}@college.ac.uk>"
    address, sender = f"203.0.113.{dice.randrange(1, 255)}", f"{login}@college.ac.uk"
    inside = dice.random() < 0.6
    recipient = (
        f"u{dice.randrange(20_000):05d}@college.ac.uk" if inside else f"{_word(dice, 8)}@{_word(dice, 2)}.example"
    )
    moment = at

    def say(host: str, tag: str, text: str) -> None:
        nonlocal moment
        moment += timedelta(milliseconds=dice.randrange(1, 30))
        lines[host].append(f"{moment.isoformat(timespec='microseconds')} {host} {tag}: {text}")

    client = f"host-{address.replace('.', '-')}.elsewhere.example[{address}]"
    task = _word(dice, 6).lower()
    say(SMTP, "postfix/submission/smtpd[1049]", f"connect from {client}")
    say(
        SMTP,
        "postfix/submission/smtpd[1049]",
        f"Anonymous TLS connection established from {client}: TLSv1.3 with cipher "
        "TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature ECDSA (prime256v1)",
    )
    say(
        SMTP,
        "postfix/submission/smtpd[1049]",
        f"{queue_id}: client={client}, sasl_method=PLAIN, sasl_username={login}",
    )
    say(SMTP, "postfix/cleanup[1055]", f"{queue_id}: message-id={message_id}")
    say(
        SMTP, "rspamd[766]", f"<{task}>; milter; rspamd_milter_process_command: got connection from {address}:34530"
    )
    say(
        SMTP,
        "rspamd[766]",
        f"<{task}>; proxy; rspamd_message_parse: loaded message; id: {message_id}; queue-id: "
        f"<{queue_id}>; size: 2050; checksum: <{dice.randbytes(16).hex()}>",
    )
    say(
        SMTP,
        "rspamd[766]",
        f"<{task}>; proxy; rspamd_task_write_log: id: {message_id}, qid: <{queue_id}>, ip: {address}, "
        f"user: {login}, from: <{sender}>, action: no action, DKIM_SIGNED{{college.ac.uk:s=mail2026;}}",
    )
    say(
        SMTP,
        "postfix/qmgr[1037]",
        f"{queue_id}: from=<{sender}>, size={dice.randrange(600, 90_000)}, nrcpt=1 (queue active)",
    )
    say(
        SMTP,
        "postfix/submission/smtpd[1049]",
        f"disconnect from {client} ehlo=2 starttls=1 auth=1 mail=1 rcpt=1 data=1 quit=1 commands=8",
    )
    times = "delay=0.12, delays=0.06/0.01/0.02/0.03, dsn=2.0.0"
    if inside:
        session = _word(dice, 22)
        say(STORE, "dovecot[556]", "lmtp(933): Connect from 198.51.100.27")
        say(
            STORE,
            "dovecot[556]",
            f"lmtp({recipient.partition('@')[0]})<933><{session}>: msgid={message_id}: saved mail to INBOX",
        )
        say(
            SMTP,
            "postfix/store/lmtp[1057]",
            f"{queue_id}: to=<{recipient}>, relay={STORE}[198.51.100.31]:24, {times}, "
            f"status=sent (250 2.0.0 <{recipient}> {session} Saved)",
        )
        say(STORE, "dovecot[556]", "lmtp(933): Disconnect from 198.51.100.27: Logged out (state=READY)")
        say(
            STORE,
            "dovecot[556]",
            f"imap-login: Logged in: user=<{login}>, method=PLAIN, rip={address}, lip=198.51.100.31, "
            f"mpid=943, TLS, session=<{_word(dice, 16)}>",
        )
    else:
        say(
            SMTP,
            "postfix/smtp[1056]",
            f"{queue_id}: to=<{recipient}>, relay=mx.{recipient.partition('@')[2]}[203.0.113.25]:25, "
            f"{times}, status=sent (250 2.0.0 Ok: queued as {_word(dice, 15)})",
        )
        say(
            MAIL,
            "postfix/smtp/smtpd[781]",
            f"NOQUEUE: reject: RCPT from unknown[{address}]: 554 5.7.1 <{recipient}>: Relay "
            f"access denied; from=<{recipient}> to=<{recipient}> proto=ESMTP helo=<{_word(dice, 9)}.example>",
        )
    say(SMTP, "postfix/qmgr[1037]", f"{queue_id}: removed")
    return Known(queue_id, message_id, recipient, at, login)


def day(octets: int, seed: int) -> tuple[dict[str, bytes], list[Known]]:
    """Each host's log of a day of about so many octets together, and some of the messages in it."""
    dice = random.Random(seed)  # noqa: S311
    lines: dict[str, list[str]] = {host: [] for host in HOSTS}
    at, known = END - timedelta(days=1), []
    count = max(octets // 2_650, 1)
    for _ in range(count):
        known.append(message(dice, at, lines))
        at += timedelta(seconds=86_000 / count)
    return {host: "\n".join([*some, ""]).encode() for host, some in lines.items()}, known[:: max(count // 20, 1)]


def earlier(text: bytes, days: int) -> bytes:
    """The same day some days before, with other queue ids and Message-IDs."""
    word = _of_day(days).encode()
    text = text.replace(
        f"{END - timedelta(days=1):%Y-%m-%d}T".encode(), f"{END - timedelta(days=days + 1):%Y-%m-%d}T".encode()
    )
    return text.replace(b"4jZZZ", b"4j" + word).replace(b"<mZZZ", b"<m" + word)


def _of_day(days: int) -> str:
    return "ZZZ" if not days else "".join(_LETTERS[days // 52**place % 52] for place in range(3))


def write(folder: Path, octets: int, count: int, *, seed: int = 4) -> tuple[Path, list[Known]]:
    """Logs of ``count`` days in ``folder``, as rotation leaves them, and the settings file that names them.

    octets  of all text together; all days but the last two are compressed
    """
    texts, known = day(octets // count, seed)
    some: list[Known] = []
    for host, text in texts.items():
        place = folder / host
        place.mkdir(parents=True, exist_ok=True)
        for days in range(count):
            made = earlier(text, days)
            name = "mail.log" if not days else f"mail.log-{END - timedelta(days=days):%Y%m%d}"
            if days < 2:
                (place / name).write_bytes(made)
            else:
                with (place / f"{name}.gz").open("wb") as file:
                    for at in range(0, len(made), 256 << 10):
                        file.write(_member(made[at : at + (256 << 10)]))
    for days in range(count):
        word = _of_day(days)
        some += [
            replace(
                one,
                queue_id=one.queue_id.replace("4jZZZ", f"4j{word}"),
                message_id=one.message_id.replace("<mZZZ", f"<m{word}"),
                time=one.time - timedelta(days=days),
            )
            for one in known
        ]
    settings = folder / "trace.json"
    (folder / "index").mkdir(exist_ok=True)
    logs = [{"host": host, "path": str(folder / host / "mail.log")} for host in HOSTS]
    said = {"index": str(folder / "index" / "index"), "logs": logs, "hosts": HOSTS, "readers": "root"}
    settings.write_text(json.dumps(said), encoding="utf-8")
    return settings, some


def _member(text: bytes) -> bytes:
    engine = zlib.compressobj(1, zlib.DEFLATED, 31)
    return engine.compress(text) + engine.flush()


def indexed(settings: Path) -> list[tuple[int]]:
    """How much of each file's text is in the index, in octets."""
    with sqlite3.connect(json.loads(settings.read_text())["index"]) as base:
        return base.execute("SELECT max(end) FROM segments GROUP BY file").fetchall()
