"""What the filter's rules take and refuse, asked of rspamd itself in both releases.

Each refusal has its positive twin: the same message with an address of the login.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cache
from ipaddress import ip_address, ip_network
from pathlib import Path

import pytest

from mailwright.components import filter
from mailwright.plan.model import Gateway, Grant, HostFacts, Link, Plan, Route
from support.mailplan import BECAUSE, host_of, mail_plan, with_settings
from support.mailplan import HOST as MAILER
from support.native import RELEASES, run

pytestmark = pytest.mark.native

KARL = "karl.marx@college.ac.uk"
FREDA = "freda@chem.college.ac.uk"
DELIVERED = (
    "Received: from evil.example ([203.0.113.9]) by mail.college.ac.uk; Tue, 3 Mar 2026 09:00:00 +0000\n"
    "Received: from mail.college.ac.uk by store.college.ac.uk with LMTP; Tue, 3 Mar 2026 09:00:01 +0000\n"
)
STARTED = "Received: by store.college.ac.uk (Postfix, from userid 0) id 1; Tue, 3 Mar 2026 09:00:00 +0000\n"
RECEIPT = (
    "MIME-Version: 1.0\nContent-Type: multipart/report; report-type=disposition-notification;\n"
    ' boundary="b"\n\n--b\nContent-Type: text/plain\n\nread\n--b\n'
    "Content-Type: message/disposition-notification\n\n"
    "Disposition: manual-action/MDN-sent-manually; displayed\n--b--\n"
)
OUTSIDE = "203.0.113.9"
RELAY = "198.51.100.130:4711"  # as Postfix tells it, with the port
HOST = "127.0.0.1"
STORE = "198.51.100.129:4711"  # in the network that may relay, too
STORE6 = "2001:db8:1::31"
BEHIND = "198.51.100.140:4711"  # in the network that may relay, too
ASKED = "2001:db8:1::77"
PHYSICS = "k.marx@physics.college.ac.uk"
BIOLOGY = "anybody@biology.college.ac.uk"


@dataclass(frozen=True, slots=True)
class Case:
    name: str
    head: str
    taken: bool
    user: str = "karlm"
    sender: str = KARL
    ip: str = OUTSIDE

    @property
    def message(self) -> str:
        return (
            self.head if "\n\n" in self.head else f"{self.head}\nTo: someone@elsewhere.example\nSubject: x\n\nx\n"
        )


OWN = {
    "plain": f"From: {KARL}",
    "mixed case": "From: KARL.marx@College.AC.UK",
    "name": f"From: Karl Marx <{KARL}>",
    "folded": f"From:\n Karl Marx\n <{KARL}>",
    "encoded name": f"From: =?utf-8?q?K=C3=A4rl?= <{KARL}>",
    "comma in quotes": f'From: "Marx, Karl" <{KARL}>',
    "escaped quote": f'From: "Karl \\"K\\" Marx" <{KARL}>',
    "another's address as a quoted name": f'From: "{FREDA}" <{KARL}>',
    "two of one's own": f"From: {KARL}, karl@college.ac.uk",
    "comment": f"From: {KARL} (Karl Marx)",
    "alias": "From: karl@college.ac.uk",
    "role": "From: postmaster@college.ac.uk",
    "internal": "From: karlm@ws7.chem.college.ac.uk",
    "own Sender": f"From: {KARL}\nSender: karl@college.ac.uk",
}
FORGED = {
    "another's": f"From: {FREDA}",
    "another's with name": f"From: Karl Marx <{FREDA}>",
    "outside": "From: boss@example.com",
    "own domain, nobody": "From: nobody@college.ac.uk",
    "role of others": "From: forms@college.ac.uk",
    "two lines": f"From: {KARL}\nFrom: {FREDA}",
    "two lines, turned": f"From: {FREDA}\nFrom: {KARL}",
    "list": f"From: {KARL}, {FREDA}",
    "list, turned": f"From: {FREDA}, {KARL}",
    "group": f"From: g: {FREDA};",
    "blank before the colon": f"From : {FREDA}",
    "tab before the colon": f"From\t: {FREDA}",
    "second with a blank": f"From: {KARL}\nFrom : {FREDA}",
    "small letters": f"from: {FREDA}",
    "folded": f"From:\n {FREDA}",
    "folded inside": f'From: "Karl\n Marx" <\n {FREDA}\n >',
    "own as a comment": f"From: {FREDA} ({KARL})",
    "own as a comment first": f"From: ({KARL}) {FREDA}",
    "two angles": f"From: <{KARL}> <{FREDA}>",
    "two angles, turned": f"From: <{FREDA}> <{KARL}>",
    "bare address as a name": f"From: {FREDA} <{KARL}>",
    "route": f"From: <@college.ac.uk:{FREDA}>",
    "quoted local part": 'From: "freda"@chem.college.ac.uk',
    "encoded address": "From: =?utf-8?q?freda=40chem.college.ac.uk?=",
    "quote that stays open": f'From: "Karl <{KARL}>, <{FREDA}>',
    "angle that stays open": f"From: Karl <{FREDA}",
    "empty": "From:",
    "empty angle": "From: <>",
    "no domain": "From: freda",
    "percent": "From: freda%chem.college.ac.uk@college.ac.uk",
    "bang": "From: chem.college.ac.uk!freda",
    "semicolon": f"From: {KARL}; {FREDA}",
    "nested comment": f"From: (a (b) c) {FREDA}",
    "escaped quotes outside": f'From: \\"<{KARL}>\\" <{FREDA}>',
    "escaped quote inside": f'From: "a\\" <{KARL}>" <{FREDA}>',
    "trailing dot": f"From: {FREDA}.",
    "raw 8 bits": f"From: K\xe4rl <{FREDA}>",
    "control character": f"From: {KARL}\x01, {FREDA}",
    "another's Sender": f"From: {KARL}\nSender: {FREDA}",
    "two Senders": f"From: {KARL}\nSender: {KARL}\nSender: {FREDA}",
    "none": "X-From: x",
}
CASES = (
    *(Case(f"own: {name}", head, True) for name, head in OWN.items()),
    *(Case(f"forged: {name}", head, False) for name, head in FORGED.items()),
    *(Case(f"forged, null sender: {name}", head, False, sender="") for name, head in FORGED.items()),
    Case("login in capitals", f"From: {KARL}", True, user="KarlM"),
    Case("unknown login", f"From: {KARL}", False, user="karl"),
    Case("automatic sender as itself", "From: forms@college.ac.uk", True, "webforms", "forms@college.ac.uk"),
    Case("automatic sender as a person", f"From: {KARL}", False, "webforms", "forms@college.ac.uk"),
    *(
        Case(f"no domain in {name}", f"From: {KARL}\n{line}\nSubject: x\n\nx\n", False)
        for name, line in (
            ("To", "To: freda@no-domain.invalid"),
            ("Cc", f"To: a@b.example\nCc: {FREDA},\n Freda <FREDA@NO-DOMAIN.INVALID>"),
            ("Reply-To", "To: a@b.example\nReply-To: freda@no-domain.invalid"),
        )
    ),
    Case("no domain in the text", f"From: {KARL}\nTo: a@b.example\n\nTo: freda@no-domain.invalid\n", True),
    Case("null sender", f"From: {KARL}", False, sender=""),
    Case("read receipt", f"From: {KARL}\nTo: a@b.example\n{RECEIPT}", True, sender=""),
    Case("read receipt of another", f"From: {FREDA}\nTo: a@b.example\n{RECEIPT}", False, sender=""),
    Case(
        "another kind of report",
        f"From: {KARL}\nTo: a@b.example\n{RECEIPT}".replace("disposition-notification;", "delivery-status;"),
        False,
        sender="",
    ),
    Case(
        "the type in a comment field",
        f"From: {KARL}\nX: multipart/report; report-type=disposition-notification\nTo: a@b.example\n\nx\n",
        False,
        sender="",
    ),
    Case("cron", "From: root@college.ac.uk", True, "", "root@college.ac.uk", HOST),
    Case("forwarded from outside", "From: x@example.net", True, "", "x@example.net", HOST),
    Case("forwarded, unreadable From", "From: x; y", True, "", "x@example.net", HOST),
    Case("bounce", "From: MAILER-DAEMON@college.ac.uk (Mail Delivery System)", True, "", "", HOST),
    Case("a process as nobody", "From: nobody@college.ac.uk", False, "", "root@college.ac.uk", HOST),
    Case("vacation notice", f"From: Freda <{FREDA}>", True, "", FREDA, HOST),
    Case("vacation notice from a role of hers", "From: postmaster@college.ac.uk", True, "", FREDA, HOST),
    Case("vacation notice from somebody else", f"From: {KARL}", False, "", FREDA, HOST),
    *(
        Case(f"{name}: redirected from {sender or '<>'}", f"{DELIVERED}From: {KARL}", True, "", sender, ip)
        for name, ip in (("host", HOST), ("store", STORE), ("store on v6", STORE6))
        for sender in ("x@example.net", KARL, "")
    ),
    Case("store: cron, handed over", f"{STARTED}From: root@college.ac.uk", True, "", "root@college.ac.uk", STORE),
    *(
        case
        for name, ip in (("store", STORE), ("store on v6", STORE6))
        for case in (
            Case(f"{name}: cron", "From: root@college.ac.uk", True, "", "root@college.ac.uk", ip),
            Case(f"{name}: without To", "From: root@college.ac.uk\n\nx\n", True, "", "root@college.ac.uk", ip),
            Case(f"{name}: forwarded", "From: x@example.net", True, "", "x@example.net", ip),
            Case(f"{name}: forwarded, unreadable From", "From: x; y", True, "", "x@example.net", ip),
            Case(f"{name}: bounce", "From: MAILER-DAEMON@college.ac.uk (Mail)", True, "", "", ip),
            Case(f"{name}: as nobody", "From: nobody@college.ac.uk", False, "", "root@college.ac.uk", ip),
            Case(f"{name}: vacation notice", f"From: Freda <{FREDA}>", True, "", FREDA, ip),
            Case(f"{name}: vacation notice from another", f"From: {KARL}", False, "", FREDA, ip),
        )
    ),
    *(
        case
        for name, ip, who, other in (("listed", BEHIND, PHYSICS, BIOLOGY), ("asked", ASKED, BIOLOGY, PHYSICS))
        for case in (
            Case(f"{name}: its own", f"From: Somebody <{who}>", True, "", who, ip),
            Case(f"{name}: forwarded to it by its people", "From: x@example.net", False, "", who, ip),
            Case(f"{name}: as a person of ours", f"From: {KARL}", False, "", who, ip),
            Case(f"{name}: as another gateway's", f"From: {other}", False, "", who, ip),
            Case(f"{name}: another's beside its own", f"From: {who}, {KARL}", False, "", who, ip),
            Case(f"{name}: two lines", f"From: {who}\nFrom: {KARL}", False, "", who, ip),
            Case(f"{name}: none", "X-From: x", False, "", who, ip),
            Case(f"{name}: without To", f"From: {who}\n\nx\n", False, "", who, ip),
            Case(f"{name}: To not whole", f"From: {who}\nTo: b@no-domain.invalid\n\nx\n", False, "", who, ip),
            Case(f"{name}: delivery status", f"From: daemon@{who.partition('@')[2]}", True, "", "", ip),
            Case(f"{name}: delivery status as ours", f"From: {KARL}", False, "", "", ip),
        )
    ),
    Case("listed: nobody who is listed", "From: nobody@physics.college.ac.uk", False, "", PHYSICS, BEHIND),
    Case("listed: an internal address", "From: km@exchange.physics.college.ac.uk", False, "", "", BEHIND),
    Case("from outside as somebody that is asked for", f"From: {BIOLOGY}", True, "", "x@example.net", OUTSIDE),
    Case("from outside as nobody", "From: nobody@physics.college.ac.uk", False, "", "x@example.net", OUTSIDE),
    Case("printer", f"From: {KARL}", True, "", KARL, RELAY),
    Case("printer as nobody", "From: scanner@college.ac.uk", False, "", KARL, RELAY),
    Case("printer as nobody, with a dot", "From: scanner@college.ac.uk.", False, "", KARL, RELAY),
    Case("printer with a To not whole", f"From: {KARL}\nTo: b@no-domain.invalid\n\nx\n", False, "", KARL, RELAY),
    Case("printer without To", f"From: {KARL}\nSubject: x\n\nx\n", False, "", KARL, RELAY),
    Case("printer without From", "Subject: x\nTo: a@b.example\n\nx\n", False, "", KARL, RELAY),
)


def with_gateways(plan: Plan) -> Plan:
    """The plan with two: one whose people are listed, one that is asked."""
    names = ("physics.college.ac.uk", "biology.college.ac.uk")
    behind = (ip_network(BEHIND.partition(":")[0]), ip_network(ASKED))
    rows = (
        Gateway("listed-1", names[:1], "ex.example", 25, "verify", "listed", behind[:1], BECAUSE),
        Gateway("asked", names[1:], "bio.example", 25, "verify", "ask", behind[1:], BECAUSE),
    )
    route = Route(PHYSICS, "gateway", ("km@exchange.physics.college.ac.uk",), BECAUSE)
    plan = replace(plan, gateways=rows, routes=(*plan.routes, route))
    plan = replace(plan, grants=(*(Grant(MAILER, 25, network, BECAUSE) for network in behind), *plan.grants))
    return with_settings(plan, domains=(*plan.settings.domains, *names))


@cache
def answers(release: str) -> dict[str, list[object]]:
    """What rspamd of that release says of each case: action, text, symbols."""
    plan = mail_plan(release, relay=True)
    addresses = tuple(ip_address(ip.partition(":47")[0]) for ip in (STORE, STORE6))
    store = HostFacts("store.college.ac.uk", addresses, plan.hosts[0].os, ("store",), BECAUSE)
    link = Link(store.name, MAILER, 25, "smtp", BECAUSE)
    plan = with_gateways(replace(plan, hosts=(*plan.hosts, store), links=(link,)))
    files = {file.path: file.text for file in filter.files(plan, host_of(plan))}
    cases = [{"user": case.user, "ip": case.ip, "from": case.sender, "message": case.message} for case in CASES]
    files["/test/cases.json"] = json.dumps(cases)
    files["/test/judge.py"] = (Path(__file__).parent / "filter_judge.py").read_text()
    key = ["openssl", "genrsa", "-out", "/etc/rspamd/dkim/s1.key", "2048"]
    done = run(release, ["python3", "/test/judge.py"], files, before=[["mkdir", "-p", "/etc/rspamd/dkim"], key])
    assert done.returncode == 0, done.stderr
    return {case.name: answer for case, answer in zip(CASES, json.loads(done.stdout), strict=True)}


@pytest.mark.parametrize("release", RELEASES)
def test_what_is_taken_and_refused(release: str) -> None:
    wrong = {
        case.name: answers(release)[case.name]
        for case in CASES
        if (answers(release)[case.name][0] == "no action") is not case.taken
        or (answers(release)[case.name][0] == "reject") is case.taken
    }
    assert not wrong


@pytest.mark.parametrize("release", RELEASES)
def test_a_refusal_says_why(release: str) -> None:
    for case in CASES:
        if not case.taken:
            assert answers(release)[case.name][1], case.name
    assert answers(release)["forged: another's"][1] == f"From: {FREDA} is not an address of yours"


@pytest.mark.parametrize("release", RELEASES)
def test_what_is_signed(release: str) -> None:
    """Own mail; nothing whose From: is of another domain."""
    said = answers(release)
    own = ("own: plain", "own: role", "cron", "bounce", "vacation notice", "printer", "read receipt")
    own = (*own, "listed: its own", "asked: its own", "asked: delivery status")
    for name in (*own, "store: cron", "store on v6: bounce", "store: vacation notice", "store: cron, handed over"):
        assert "DKIM_SIGNED" in said[name][2], name  # type: ignore[operator]
    for name in ("forwarded from outside", "forged: another's", "own: internal", "store: forwarded"):
        assert "DKIM_SIGNED" not in said[name][2], name  # type: ignore[operator]


@pytest.mark.parametrize("release", RELEASES)
def test_what_a_filter_redirects_is_not_signed_whoever_it_says_that_it_is_from(release: str) -> None:
    """ADDR-7: else anybody with a mailbox could have a stranger's From: signed."""
    redirected = {name: answer for name, answer in answers(release).items() if "redirected" in name}
    assert len(redirected) == 9
    for name, (action, _, symbols) in redirected.items():
        assert (action, "DKIM_SIGNED" in symbols) == ("no action", False), name  # type: ignore[operator]
