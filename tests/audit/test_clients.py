"""What mail programs are told, and web hosts that tell them something else."""

from __future__ import annotations

import plistlib
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from mailwright.audit import clients
from mailwright.audit.clients import Offer
from mailwright.findings import Status
from mailwright.plan.model import Because, Record
from support.dns_peer import serving
from support.probing import Here, failures, verdict
from support.web_site import Answer, Asked, web_site, whole_plan

PROBES = {probe.id: probe for probe in clients.PROBES}
HOST = "mail.college.ac.uk"

THUNDERBIRD = """<?xml version="1.0"?><clientConfig version="1.1"><emailProvider id="college.ac.uk">
<domain>college.ac.uk</domain>
<incomingServer type="imap"><hostname>mail.college.ac.uk</hostname><port>993</port><socketType>SSL</socketType>
<username></username><authentication>password-cleartext</authentication></incomingServer>
<outgoingServer type="smtp"><hostname>mail.college.ac.uk</hostname><port>465</port><socketType>SSL</socketType>
<username></username><authentication>password-cleartext</authentication></outgoingServer>
</emailProvider></clientConfig>"""
OUTLOOK = """<?xml version="1.0"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/responseschema/2006">
<Response xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a"><Account>
<Protocol><Type>IMAP</Type><Server>mail.college.ac.uk</Server><Port>993</Port><SSL>on</SSL></Protocol>
<Protocol><Type>SMTP</Type><Server>mail.college.ac.uk</Server><Port>587</Port><SSL>on</SSL><Encryption>TLS</Encryption>
</Protocol></Account></Response></Autodiscover>"""
APPLE: dict[str, Any] = {
    "PayloadContent": [
        {
            "PayloadType": "com.apple.mail.managed",
            "EmailAccountType": "EmailTypeIMAP",
            "IncomingMailServerHostName": HOST,
            "IncomingMailServerPortNumber": 993,
            "IncomingMailServerUseSSL": True,
            "OutgoingMailServerHostName": HOST,
            "OutgoingMailServerPortNumber": 465,
            "OutgoingMailServerUseSSL": True,
        }
    ]
}
TOLD = {"autoconfig": THUNDERBIRD, "autodiscover": OUTLOOK, "mobileconfig": plistlib.dumps(APPLE).decode()}


@pytest.fixture(autouse=True)
def _logins_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clients, "_logged_in", lambda _context, _door, _offer, who: f"{who.login} is in")


def telling(use: str, text: str) -> Callable[[Asked], Answer]:
    def answers(asked: Asked) -> Answer:
        if use == "mobileconfig" and not asked.login:
            return Answer(401)
        if use == "autodiscover" and (asked.method != "POST" or b"<EMailAddress>" not in asked.body):
            return Answer(405)
        return Answer(200, text.encode(), "text/xml")

    return answers


def look(use: str, answers: Callable[[Asked], Answer]) -> tuple[Status, list[str]]:
    with web_site(answers) as context:
        found, seen = verdict(PROBES[f"clients.{use}"], context)
        return found, failures(seen)


@pytest.mark.parametrize("use", TOLD)
def test_where_all_is_well(use: str) -> None:
    assert look(use, telling(use, TOLD[use])) == (Status.PASS, [])


@pytest.mark.parametrize("use", TOLD)
@pytest.mark.parametrize(
    ("old", "new"),
    [("993", "143"), (HOST, "imap.elsewhere.example"), ("465", "25"), ("587", "25")],
)
def test_a_server_that_the_plan_has_not(use: str, old: str, new: str) -> None:
    if old in TOLD[use]:
        assert look(use, telling(use, TOLD[use].replace(old, new)))[0] is Status.FAIL


@pytest.mark.parametrize(
    ("use", "old", "new"),
    [
        ("autoconfig", "<socketType>SSL", "<socketType>plain"),
        ("autoconfig", "<socketType>SSL", "<socketType>"),
        ("autoconfig", "outgoingServer", "other"),
        ("autoconfig", "clientConfig", "other"),
        ("autoconfig", "<?xml", "<!DOCTYPE x [<!ENTITY a 'b'>]><?xml"),
        ("autodiscover", "<SSL>on</SSL></Protocol>", "<SSL>off</SSL></Protocol>"),
        ("autodiscover", "<Type>SMTP", "<Type>IMAP"),
        ("autodiscover", "</Autodiscover>", ""),
        ("mobileconfig", "<true/>", "<false/>"),
        ("mobileconfig", "PayloadContent", "Nothing"),
        ("mobileconfig", "</plist>", ""),
    ],
)
def test_what_will_not_do(use: str, old: str, new: str) -> None:
    assert old in TOLD[use]
    assert look(use, telling(use, TOLD[use].replace(old, new)))[0] is Status.FAIL


def _profile(inner: str) -> str:
    return f'<?xml version="1.0"?><plist version="1.0">{inner}</plist>'


@pytest.mark.parametrize(
    ("use", "text"),
    [
        ("autoconfig", '<?xml version="1.0" encoding="no-such"?><clientConfig/>'),
        ("autodiscover", '<?xml version="1.0" encoding="no-such"?><Autodiscover/>'),
        ("mobileconfig", _profile("<array/>")),
        ("mobileconfig", _profile("<dict>")),
        ("mobileconfig", _profile("<date>never</date>")),
        ("mobileconfig", _profile("<dict><key>PayloadContent</key><true/></dict>")),
        ("mobileconfig", _profile("<dict><key>PayloadContent</key><array><string>x</string></array></dict>")),
        ("mobileconfig", "<?xml ?></plist>"),
    ],
)
def test_what_is_no_such_file_is_said_to_be_none(use: str, text: str) -> None:
    """As what was told, and not as a fault of the probe."""
    found, words = look(use, telling(use, text))
    assert found is Status.FAIL
    assert any("cannot be read" in one for one in words)


@pytest.mark.parametrize("use", TOLD)
def test_nothing_is_told(use: str) -> None:
    assert look(use, lambda _asked: Answer(404))[0] is Status.FAIL


def test_a_profile_for_everybody() -> None:
    found, words = look("mobileconfig", lambda _asked: Answer(200, TOLD["mobileconfig"].encode(), "text/xml"))
    assert found is Status.FAIL
    assert any("without signing in" in one for one in words)


@pytest.mark.parametrize("use", TOLD)
def test_a_server_that_does_not_take_the_login(use: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> str:
        raise OSError("no")

    monkeypatch.setattr(clients, "_logged_in", refused)
    assert look(use, telling(use, TOLD[use]))[0] is Status.FAIL


def test_a_signed_profile_is_read() -> None:
    signed = b"0\x82\x01\x02" + plistlib.dumps(APPLE) + b"\x30signature"
    assert clients.mobileconfig_offers(signed) == (
        Offer("imap", HOST, 993, "implicit", ""),
        Offer("smtp", HOST, 465, "implicit", ""),
    )


@pytest.mark.parametrize(
    ("wanted", "served", "status"),
    [
        ("0 1 993 mail.college.ac.uk.", "0 1 993 mail.college.ac.uk.", Status.PASS),
        ("0 0 0 .", "0 0 0 .", Status.PASS),
        ("0 1 993 mail.college.ac.uk.", "0 1 143 mail.college.ac.uk.", Status.FAIL),
        ("0 1 994 mail.college.ac.uk.", "0 1 994 mail.college.ac.uk.", Status.FAIL),
        ("0 1 993 mail.college.ac.uk.", "", Status.FAIL),
    ],
)
def test_records_that_lead_somewhere(
    wanted: str, served: str, status: Status, monkeypatch: pytest.MonkeyPatch
) -> None:
    owner = "_imaps._tcp.college.ac.uk."
    made = whole_plan()
    record = Record("college.ac.uk", owner, "SRV", wanted, 3600, Because("SUPPORT-1", "found"))
    kept = tuple(row for row in made.records if row.type != "SRV")
    table: dict[tuple[str, str], list[str]] = {
        ("college.ac.uk.", "SOA"): ["ns.college.ac.uk. h.college.ac.uk. 1 2 3 4 5"],
        ("college.ac.uk.", "NS"): ["ns.college.ac.uk."],
        ("ns.college.ac.uk.", "A"): ["127.0.0.1"],
    }
    if served:
        table[owner, "SRV"] = [served]
    with web_site(lambda _asked: Answer(404)) as context, serving(table, monkeypatch):
        context = replace(
            context,
            plan=replace(made, records=(*kept, record)),
            vantages={"outside": Here("outside")},
        )
        found, seen = verdict(PROBES["clients.located"], context)
    assert found is status, failures(seen)
