"""A small plan for the mail components' tests: two domains, two people, roles, a web form, an internal address."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address, ip_network

from mailwright.findings import Place
from mailwright.plan.model import (
    Because,
    Grant,
    HostFacts,
    Listener,
    Mailbox,
    Plan,
    Rewrite,
    Route,
    Sender,
    Settings,
)
from mailwright.plan.policies import RELAYED, RELAYED_IN, SIGNED, SUBMISSION, TRANSFER, rows_of

BECAUSE = Because("ADDR-5", "a test")
HOST = "mx.college.ac.uk"
PLACE = Place("site.yml", 1, 1)
RELAY = ip_network("198.51.100.128/28")

_KEY, _CHAIN = f"/etc/ssl/mailwright/{HOST}.key", f"/etc/ssl/mailwright/{HOST}.pem"
SECRETS = (
    ("mkdir", "-p", "/etc/ssl/mailwright"),
    ("sh", "-c", f"openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=x -keyout {_KEY} -out {_CHAIN} 2>/dev/null"),
)
"""Commands that make the certificate and key which the rendered files name."""


def mail_plan(os: str = "debian-13", *, relay: bool = False) -> Plan:
    """The plan, for a host of that release; ``relay`` adds a network that may relay through port 25."""
    settings = Settings(
        organisation="The College",
        timezone="Europe/London",
        primary_domain="college.ac.uk",
        domains=("college.ac.uk", "chem.college.ac.uk"),
        mailer_names=(HOST,),
        message_size=25_000_000,
        recipients=100,
        certificate="/secrets/{host}.pem",
        key="/secrets/{host}.key",
        passwords="/secrets/passwords",
        dkim_selector="s1",
        dkim_private_key="/secrets/s1.key",
        relay_networks=(RELAY,) if relay else (),
        management_networks=(ip_network("198.51.100.0/28"),),
        campus_networks=(ip_network("198.51.100.0/24"),),
        log_free=1_000_000_000,
        hourly=300,
        smarthost=None,
        directory=None,
    )
    addresses = (ip_address("198.51.100.25"), ip_address("2001:db8:1::25"))
    host = HostFacts(HOST, addresses, os, ("mx", "submission", "store"), BECAUSE)  # type: ignore[arg-type]
    checks = (*RELAYED, *TRANSFER, *RELAYED_IN, *SIGNED) if relay else TRANSFER
    return Plan(
        settings=settings,
        hosts=(host,),
        mailboxes=(
            Mailbox("fredae", "Freda Engels", HOST, 50_000_000, BECAUSE),
            Mailbox("karlm", "Karl Marx", HOST, 1_000_000_000, BECAUSE),
        ),
        routes=(
            Route("abuse@chem.college.ac.uk", "role", ("karl.marx@college.ac.uk",), BECAUSE),
            Route("abuse@college.ac.uk", "role", ("karl.marx@college.ac.uk", "freda@chem.college.ac.uk"), BECAUSE),
            Route("forms@college.ac.uk", "automatic", ("karl.marx@college.ac.uk",), BECAUSE),
            Route("freda@chem.college.ac.uk", "mailbox", ("fredae",), BECAUSE),
            Route("karl.marx@college.ac.uk", "mailbox", ("karlm",), BECAUSE),
            Route("karl@college.ac.uk", "alias", ("karl.marx@college.ac.uk",), BECAUSE),
            Route("karlm@ws7.chem.college.ac.uk", "internal", ("karl.marx@college.ac.uk",), BECAUSE),
            Route("mailer-daemon@chem.college.ac.uk", "automatic", ("postmaster@chem.college.ac.uk",), BECAUSE),
            Route("mailer-daemon@college.ac.uk", "automatic", ("postmaster@college.ac.uk",), BECAUSE),
            Route("postmaster@chem.college.ac.uk", "role", ("postmaster@college.ac.uk",), BECAUSE),
            Route(
                "postmaster@college.ac.uk", "role", ("karl.marx@college.ac.uk", "freda@chem.college.ac.uk"), BECAUSE
            ),
            Route("postmaster@mx.college.ac.uk", "role", ("postmaster@college.ac.uk",), BECAUSE),
            Route("root@college.ac.uk", "automatic", ("postmaster@college.ac.uk",), BECAUSE),
        ),
        senders=(
            Sender("fredae", "freda@chem.college.ac.uk", BECAUSE),
            Sender("fredae", "postmaster@college.ac.uk", BECAUSE),
            Sender("karlm", "karl.marx@college.ac.uk", BECAUSE),
            Sender("karlm", "karl@college.ac.uk", BECAUSE),
            Sender("karlm", "karlm@ws7.chem.college.ac.uk", BECAUSE),
            Sender("karlm", "postmaster@college.ac.uk", BECAUSE),
            Sender("webforms", "forms@college.ac.uk", BECAUSE, automatic=True),
        ),
        rewrites=(Rewrite("karlm@ws7.chem.college.ac.uk", "Karl.Marx@college.ac.uk", BECAUSE),),
        gateways=(),
        listeners=(
            Listener(HOST, 25, "smtp", "starttls", False, BECAUSE),
            Listener(HOST, 465, "submissions", "implicit", True, BECAUSE),
            Listener(HOST, 587, "submission", "starttls", True, BECAUSE),
            Listener(HOST, 993, "imaps", "implicit", True, BECAUSE),
            Listener(HOST, 995, "pop3s", "implicit", True, BECAUSE),
            Listener(HOST, 4190, "managesieve", "starttls", True, BECAUSE),
        ),
        links=(),
        grants=(
            *((Grant(HOST, 25, RELAY, BECAUSE),) if relay else ()),
            Grant(HOST, 465, "authenticated", BECAUSE),
            Grant(HOST, 587, "authenticated", BECAUSE),
        ),
        policies=(*rows_of(HOST, 25, checks), *rows_of(HOST, 465, SUBMISSION), *rows_of(HOST, 587, SUBMISSION)),
        openings=(),
        border=(),
        records=(),
        clocks=(),
        retention=(),
        publications=(),
    )


def host_of(plan: Plan) -> HostFacts:
    return plan.host(HOST)


def with_settings(plan: Plan, **changes: object) -> Plan:
    return replace(plan, settings=replace(plan.settings, **changes))  # type: ignore[arg-type]
