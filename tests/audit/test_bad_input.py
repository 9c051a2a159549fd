"""Whatever a server or a resolver does, a check ends in its time with a clear word, and the others go on."""

from __future__ import annotations

import socket
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from ipaddress import IPv4Address
from typing import TypeVar

import dns.message
import dns.rcode
import dns.resolver
import pytest

from mailwright.audit import addresses, names, runner, store, submission, transport, wire
from mailwright.audit.model import Context, Observation, Probe
from mailwright.findings import Finding, Level, Status
from mailwright.plan.model import Listener
from support import bad_peers as bad
from support.bad_peers import Answers, Serve, after, over_tls
from support.mail_peer import listening
from support.probing import HOST, site

PATIENCE = 0.4  # seconds, in place of 45
AMPLE = 5.0  # where the other side's fault is to be seen, and not a busy machine
LATE = ("in time", "timed out")
PROBES: dict[str, Probe] = {
    probe.id: probe
    for module in (addresses, store, submission, transport)
    for probe in module.PROBES
    if probe.id
    in (
        "addresses.required",
        "submission.no-login-in-clear",
        "store.imap-outside",
        "store.pop",
        "store.sieve",
        "transport.incoming",
        "transport.submission",
        "transport.store",
    )
}
# service → its TLS, and the probes that talk to it
SERVICES: dict[str, tuple[str, tuple[str, ...]]] = {
    "smtp": ("starttls", ("transport.incoming", "addresses.required")),
    "submission": ("starttls", ("submission.no-login-in-clear", "transport.submission")),
    "submissions": ("implicit", ("transport.submission",)),
    "imaps": ("implicit", ("store.imap-outside", "transport.store")),
    "pop3s": ("implicit", ("store.pop", "transport.store")),
    "managesieve": ("starttls", ("store.sieve", "transport.store")),
}


def level(_requirement: str) -> Level:
    return Level.MUST


def well(_context: Context) -> Iterator[Observation]:
    yield Observation("another check", "goes on", True)


WELL = Probe("other.well", ("ADDR-1",), "outside", "Another check", well)


@contextmanager
def offered(service: str, serve: Serve, patience: float = PATIENCE) -> Iterator[Context]:
    """The site with one listener, which is served so."""
    with site() as (context, _), listening(serve) as port:
        row = next(row for row in context.plan.listeners if row.auth)
        tls, _ = SERVICES[service]
        listener = Listener(HOST, port, service, tls, service != "smtp", row.because)  # type: ignore[arg-type]
        mailboxes = tuple(replace(row, host=HOST) for row in context.plan.mailboxes)
        plan = replace(context.plan, listeners=(listener,), mailboxes=mailboxes)
        yield replace(context, plan=plan, patience=patience)


def ran(context: Context, *names: str) -> dict[str, Finding]:
    """What the probes find, with another beside them; none waits as long as it would without ``patience``."""
    started = time.monotonic()
    done = runner.run([*(PROBES[name] for name in names), WELL], context, level, each=60)
    assert time.monotonic() - started < 40
    assert done.complete
    found = {finding.id: finding for finding in done.findings}
    assert found.pop("other.well").status is Status.PASS
    return found


def patience(words: tuple[str, ...]) -> float:
    """Short where a time-out may be what is said."""
    return PATIENCE if set(LATE).intersection(words) else AMPLE


def told(finding: Finding, *words: str) -> None:
    """It is no pass, and the evidence says what happened and at which door."""
    assert finding.status is not Status.PASS, finding
    assert any(word in finding.evidence for word in words), finding.evidence
    assert HOST in finding.evidence, finding.evidence


# What is bad from the first octet on, whoever connects, with words of which one is to be said.
AT_ONCE: tuple[tuple[str, Serve, tuple[str, ...]], ...] = (
    ("hangs", bad.hang, ("timed out", "in time")),
    ("drips", bad.drip(b"2" * 40 + b"\n", 0.05), ("in time", "timed out", "WRONG_VERSION", "record layer")),
    ("binary", bad.say(bad.BINARY), ("no SMTP reply", "an answer", "in time", "WRONG_VERSION", "SSL")),
    ("eight-bit", bad.say(bad.EIGHT_BIT), ("EHLO", "in time", "WRONG_VERSION", "SSL", "timed out")),
    ("HTTP", bad.say(b"HTTP/1.1 400 Bad Request\r\n\r\n"), ("no SMTP reply", "in time", "WRONG_VERSION", "SSL")),
    ("leaves", bad.leave, ("closed", "reset", "EOF", "Broken pipe", "not connected")),
    ("resets", bad.reset, ("closed", "reset", "EOF", "Broken pipe")),
    ("half a reply", bad.say(b"220-mail.college", bad.leave), ("closed", "reset", "SSL", "WRONG_VERSION")),
    ("half a handshake, then away", bad.half_a_handshake(bad.leave), ("closed", "EOF", "reset", "SSL", "in time")),
    ("half a handshake, then silence", bad.half_a_handshake(bad.hang), ("timed out", "in time")),
)


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(("serve", "words"), [row[1:] for row in AT_ONCE], ids=[row[0] for row in AT_ONCE])
def test_bad_from_the_first_octet(service: str, serve: Serve, words: tuple[str, ...]) -> None:
    with offered(service, serve, patience(words)) as context:
        for finding in ran(context, *SERVICES[service][1]).values():
            told(finding, *words)


HELLO = b"220 mail.college.ac.uk ESMTP\r\n"
EHLO = b"250-mail.college.ac.uk\r\n250 STARTTLS\r\n"
IMAP = (b"* OK ready\r\n", b"* CAPABILITY IMAP4rev1\r\nTAG OK done\r\n", b"TAG OK welcome\r\n")
POP = (b"+OK ready\r\n", b"+OK\r\n", b"+OK welcome\r\n")
SIEVE = (b'"SASL" ""\r\n"STARTTLS"\r\nOK ready\r\n', b"OK go\r\n")

# What begins well: service, what it does then, words of which one is said. The first probe of the service asks.
LATER: tuple[tuple[str, str, Serve, tuple[str, ...]], ...] = (
    ("smtp", "hangs after EHLO", after(bad.hang, HELLO), ("in time",)),
    ("smtp", "hangs up in EHLO's answer", after(bad.say(b"250-mail\r\n250-SI", bad.leave), HELLO), ("closed",)),
    ("smtp", "two codes in one reply", after(bad.say(b"250-a\r\n550 b\r\n"), HELLO), ("two codes",)),
    ("smtp", "hangs up at STARTTLS", after(bad.leave, HELLO, EHLO), ("closed", "reset")),
    ("smtp", "silent in the handshake", after(bad.hang, HELLO, EHLO, b"220 go\r\n"), ("timed out",)),
    ("smtp", "drops in the handshake", after(bad.leave, HELLO, EHLO, b"220 go\r\n"), ("EOF", "reset", "closed")),
    (
        "smtp",
        "half a handshake",
        after(bad.say(bytes.fromhex("16030301000200"), bad.leave), HELLO, EHLO, b"220 go\r\n"),
        ("EOF", "reset", "closed", "SSL"),
    ),
    (
        "smtp",
        "an absurd chain",
        after(bad.with_an_absurd_chain, HELLO, EHLO, b"220 go\r\n", hears=False),
        ("excessive message size", "EXCESSIVE"),
    ),
    ("imaps", "an absurd chain", bad.with_an_absurd_chain, ("excessive message size", "EXCESSIVE")),
    ("pop3s", "an absurd chain", bad.with_an_absurd_chain, ("excessive message size", "EXCESSIVE")),
    ("imaps", "hangs over TLS", over_tls(bad.hang), ("timed out", "in time")),
    ("imaps", "drips over TLS", over_tls(bad.drip(b"* OK ", 0.05)), ("timed out", "in time")),
    ("imaps", "binary over TLS", over_tls(bad.say(bad.BINARY)), ("no IMAP", "in time")),
    ("imaps", "another protocol", over_tls(bad.say(HELLO)), ("no IMAP",)),
    (
        "imaps",
        "eight bit",
        over_tls(bad.say(b"* OK \xff\xfe\r\n* NO \xe9\r\n", bad.leave)),
        ("no IMAP", "reset", "EOF"),
    ),
    ("imaps", "goes in a reply", over_tls(after(bad.say(b"TAG O", bad.leave), *IMAP[:2])), ("no IMAP", "EOF")),
    (
        "imaps",
        "goes in a literal",
        over_tls(after(bad.say(b"* X {99}\r\nab", bad.leave), *IMAP)),
        ("no IMAP", "EOF"),
    ),
    (
        "imaps",
        "drips a literal",
        over_tls(after(bad.say(b"* X {99}\r\n", bad.drip(b"a", 0.05)), *IMAP)),
        ("in time", "timed out"),
    ),
    (
        "imaps",
        "a size that is no number",
        over_tls(after(bad.say(b"* X {9" + b"9" * 30 + b"}\r\nab"), *IMAP)),
        ("",),
    ),
    ("imaps", "bits of a login", over_tls(after(bad.say(b"+ go on\r\n"), *IMAP[:2])), ("in time", "timed out")),
    ("pop3s", "hangs over TLS", over_tls(bad.hang), ("timed out", "in time")),
    ("pop3s", "drips over TLS", over_tls(bad.drip(b"+OK ", 0.05)), ("timed out", "in time")),
    ("pop3s", "binary over TLS", over_tls(bad.say(bad.BINARY)), ("no POP3",)),
    ("pop3s", "another protocol", over_tls(bad.say(HELLO)), ("no POP3",)),
    ("pop3s", "goes in a reply", over_tls(after(bad.say(b"+O", bad.leave), *POP[:2])), ("no POP3", "EOF")),
    ("pop3s", "no numbers", over_tls(after(bad.say(b"+OK many much\r\n"), *POP)), ("broke off", "no POP3")),
    ("pop3s", "a line without end", over_tls(after(bad.say(b"+" * 100_000), *POP)), ("no POP3: line too long",)),
    ("submission", "hangs after EHLO", after(bad.hang, HELLO), ("in time",)),
    ("managesieve", "hangs after the greeting", after(bad.hang, *SIEVE[:1]), ("in time",)),
    ("managesieve", "drips", after(bad.drip(b'"A" "b"\r\n', 0.05), *SIEVE[:1]), ("in time",)),
    ("managesieve", "goes in an answer", after(bad.say(b'"A', bad.leave), *SIEVE[:1]), ("closed", "reset")),
)


@pytest.mark.parametrize(
    ("service", "serve", "words"),
    [(row[0], row[2], row[3]) for row in LATER],
    ids=[f"{row[0]}-{row[1].replace(' ', '-')}" for row in LATER],
)
def test_bad_later_on(service: str, serve: Serve, words: tuple[str, ...]) -> None:
    with offered(service, serve, patience(words)) as context:
        (finding,) = ran(context, SERVICES[service][1][0]).values()
        told(finding, *words)


# What does not end: octets over and over, after a first part.
FLOODS: tuple[tuple[str, str, bytes, tuple[bytes, ...]], ...] = (
    ("smtp", "a banner of a gigabyte", b"x", ()),
    ("smtp", "a reply of endless lines", b"220-more\r\n", ()),
    ("smtp", "endless extensions", b"250-MORE\r\n", (HELLO,)),
    ("submission", "a banner of a gigabyte", b"x", ()),
    ("imaps", "a banner of a gigabyte", b"x", ()),
    ("imaps", "endless lines", b"* OK more\r\n", ()),
    ("imaps", "endless untagged answers", b"* 1 FETCH (FLAGS ())\r\n", IMAP[:2]),
    ("imaps", "an endless literal", b"x", (*IMAP, b"* 1 FETCH (BODY[] {1073741824}\r\n")),
    ("imaps", "endless literals", b"* 1 FETCH (BODY[] {10}\r\n0123456789)\r\n", IMAP),
    ("pop3s", "a banner of a gigabyte", b"x", ()),
    ("pop3s", "endless lines", b"+OK more\r\n", POP[:1]),
    ("managesieve", "a banner of a gigabyte", b"x", ()),
    ("managesieve", "endless capabilities", b'"A" "b"\r\n', ()),
    ("managesieve", "endless answers", b"more\r\n", SIEVE[:1]),
)


@pytest.mark.parametrize(
    ("service", "octets", "before"),
    [(row[0], row[2], row[3]) for row in FLOODS],
    ids=[f"{row[0]}-{row[1].replace(' ', '-')}" for row in FLOODS],
)
def test_what_does_not_end(service: str, octets: bytes, before: tuple[bytes, ...]) -> None:
    flood = bad.Flood(octets)
    serve = after(flood, *before) if before else flood
    tracemalloc.start()
    try:
        with offered(service, over_tls(serve) if SERVICES[service][0] == "implicit" else serve) as context:
            (finding,) = ran(context, SERVICES[service][1][0]).values()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert finding.status is not Status.PASS
    assert HOST in finding.evidence
    assert flood.taken < 100 << 20
    assert peak < 100 << 20


@pytest.mark.parametrize("service", SERVICES)
def test_nobody_there(service: str) -> None:
    with offered(service, bad.hang) as context:
        pass  # the port is closed from here on
    for finding in ran(context, *SERVICES[service][1]).values():
        told(finding, "Connection refused")


@pytest.mark.parametrize("service", SERVICES)
def test_no_road(service: str) -> None:
    """To the broadcast address the kernel has no road for a connection, and sends nothing."""
    with offered(service, bad.hang) as context:
        hosts = tuple(replace(host, addresses=(IPv4Address("255.255.255.255"),)) for host in context.plan.hosts)
        nowhere = replace(context, plan=replace(context.plan, hosts=hosts))
        for finding in ran(nowhere, *SERVICES[service][1]).values():
            told(finding, "Network is unreachable")


def answered(question: bytes, *, code: int = 0, flags: int = 0x8580, body: bytes = b"", counts: int = 0) -> bytes:
    """An answer to the question with that code and flags, and ``counts`` records in ``body``."""
    return (
        question[:2] + (flags | code).to_bytes(2) + b"\0\1" + counts.to_bytes(2) + bytes(4) + question[12:] + body
    )


def bare(question: bytes) -> bytes:
    """The question without EDNS, whose record would stand where answers do."""
    asked = dns.message.from_wire(question)
    asked.use_edns(False)
    return asked.to_wire()


def other_question(question: bytes) -> bytes:
    asked = dns.message.from_wire(bare(question))
    other = dns.message.make_query("other.example.", "TXT")
    other.id = asked.id
    return answered(other.to_wire())


MX = bytes.fromhex("c00c 000f 0001 0000003c")
NAME_SERVERS: tuple[tuple[str, Answers, str], ...] = (
    ("silent", lambda _: [], "timed out|lifetime expired"),
    ("an empty datagram", lambda _: [b""], "timed out|lifetime expired|REFUSED|malformed|short"),
    ("binary", lambda _: [bad.BINARY], "timed out|lifetime expired|malformed"),
    ("a cut header", lambda asked: [asked[:7]], "timed out|lifetime expired|short"),
    (
        "a wrong id",
        lambda asked: [bytes((asked[0] ^ 1,)) + answered(bare(asked))[1:]],
        "timed out|lifetime expired",
    ),
    ("another question", lambda asked: [other_question(asked)], "timed out|lifetime expired"),
    ("the question itself", lambda asked: [asked], "timed out|lifetime expired"),
    ("SERVFAIL", lambda asked: [answered(bare(asked), code=2)], "SERVFAIL"),
    ("REFUSED", lambda asked: [answered(bare(asked), code=5)], "REFUSED"),
    (
        "truncated, and no TCP",
        lambda asked: [answered(bare(asked), flags=0x8780)],
        "refused|lifetime expired|timed out",
    ),
    (
        "a record that ends too early",
        lambda asked: [answered(bare(asked), body=MX + b"\0\x20\0\x0a\1a", counts=1)],
        "timed out|lifetime expired|malformed|too short|end of input|DNS message",
    ),
    (
        "a name that points at itself",
        lambda asked: [
            answered(bare(asked), body=MX + b"\0\4\0\x0a" + (0xC000 + len(bare(asked)) + 14).to_bytes(2), counts=1)
        ],
        "timed out|lifetime expired|malformed|pointer",
    ),
)


Result = TypeVar("Result")


def outcome(call: Callable[[], Result]) -> Result | OSError:
    """What the call gives, or the OSError that it raises. Any other error is none that callers look for."""
    try:
        return call()
    except OSError as error:
        return error


@pytest.fixture
def quick_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(names, "_PATIENCE", 0.2)


def resolving(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver and the servers of zones are asked at this port."""

    def resolver(addresses: names.Resolver) -> dns.resolver.Resolver:
        made = dns.resolver.Resolver(configure=False)
        made.nameservers = list(addresses)
        made.port = port
        made.timeout, made.lifetime = 0.5, 1.0
        return made

    monkeypatch.setattr(names, "_resolver", resolver)
    monkeypatch.setattr(names, "PORT", port)


@pytest.mark.parametrize(
    ("answers", "words"), [row[1:] for row in NAME_SERVERS], ids=[row[0].replace(" ", "-") for row in NAME_SERVERS]
)
@pytest.mark.usefixtures("quick_names")
def test_a_wrong_resolver(answers: Answers, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    started = time.monotonic()
    with bad.name_server(answers) as port:
        resolving(port, monkeypatch)
        with pytest.raises(OSError, match=f"resolver 127.0.0.1 gave no answer for college.ac.uk MX: .*({words})"):
            names.ask(("127.0.0.1",), "college.ac.uk", "MX")
        found = outcome(lambda: names.ask_server("127.0.0.1", "college.ac.uk", "MX"))
        assert "127.0.0.1" in str(found) if isinstance(found, OSError) else found.fault
    assert time.monotonic() - started < 15


@pytest.mark.usefixtures("quick_names")
def test_no_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    with bad.name_server(lambda _: []) as port:
        pass
    resolving(port, monkeypatch)
    started = time.monotonic()
    with pytest.raises(OSError, match=r"resolver 127\.0\.0\.1 gave no answer"):
        names.ask(("127.0.0.1",), "college.ac.uk", "MX")
    with pytest.raises(OSError, match=r"resolver 255\.255\.255\.255 gave no answer"):
        names.ask(("255.255.255.255",), "college.ac.uk", "MX")
    assert time.monotonic() - started < 15


@pytest.mark.parametrize("name", ["a..b", "x" * 64 + ".ac.uk", "\udc80.ac.uk", "a" * 300, "xn--\xff.ac.uk", "\x00"])
def test_a_name_that_no_resolver_can_be_asked_for(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As a server may give in HELO, or the DNS in MX."""
    with bad.name_server(lambda asked: [answered(bare(asked), code=3)]) as port:
        resolving(port, monkeypatch)
        found = outcome(lambda: names.ask(("127.0.0.1",), name, "A"))
    assert found == () or "gave no answer" in str(found)


def echo(connection: socket.socket) -> None:
    connection.sendall(b"-ERR unknown command: " + connection.recv(4096))


def test_an_echo_does_not_show_the_password_in_pop3() -> None:
    with offered("pop3s", over_tls(after(echo, *POP[:2], hears=False)), AMPLE) as context:
        (finding,) = ran(context, "store.pop").values()
        told(finding, wire.HIDDEN)
        assert not any(account.password in finding.evidence for account in context.accounts)


def test_an_echo_does_not_show_the_password_in_managesieve() -> None:
    def serve(connection: socket.socket) -> None:
        connection.sendall(SIEVE[0])
        heard = connection.recv(4096)
        connection.sendall(SIEVE[1] if heard.startswith(b"STARTTLS") else b"OK so you said " + heard)

    with offered("managesieve", serve, AMPLE) as context:
        (finding,) = ran(context, "store.sieve").values()
        told(finding, wire.HIDDEN)
        tokens = [wire.plain(account.login, account.password) for account in context.accounts]
        assert not any(token in finding.evidence for token in tokens)
