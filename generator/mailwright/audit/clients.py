"""What mail programs are told to set themselves up: it is what the plan has, and those servers take a login so."""

from __future__ import annotations

import plistlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Literal
from xml.etree import ElementTree
from xml.parsers.expat import ExpatError

from mailwright.audit import browse, mailboxes, roads, wire
from mailwright.audit import zone as zones
from mailwright.audit.model import Condition, Context, Observation, Probe
from mailwright.audit.roads import Door
from mailwright.audit.web import Page
from mailwright.findings import Target
from mailwright.plan.model import Listener, Plan, TlsMode, WebService, WebUse
from mailwright.records import dataclass

Kind = Literal["imap", "pop3", "smtp"]
_SERVICES: dict[Kind, tuple[str, ...]] = {
    "imap": ("imaps",),
    "pop3": ("pop3s",),
    "smtp": ("submission", "submissions"),
}
_WORTH: tuple[Kind, ...] = ("imap", "smtp")  # without which nobody can read or write
_OCTETS = 256 << 10  # of one such file
_NOT_READ = (
    ValueError,
    LookupError,  # an encoding that there is not, too
    TypeError,  # of plistlib, and of a profile whose parts are of other kinds than they should be
    AttributeError,
    ExpatError,
    ElementTree.ParseError,
    plistlib.InvalidFileException,
)
"""What those who read a file raise for one that is none."""
_OUTLOOK = "{http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a}"
_ASK_OUTLOOK = """\
<?xml version="1.0" encoding="utf-8"?>
<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">
<Request><EMailAddress>{address}</EMailAddress>
<AcceptableResponseSchema>http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a\
</AcceptableResponseSchema></Request></Autodiscover>
"""


@dataclass(frozen=True, slots=True)
class Offer:
    """A server that a mail program is told to use. ``login``: as what it is told to log in; empty: it asks."""

    kind: Kind
    host: str
    port: int
    tls: TlsMode
    login: str

    def __str__(self) -> str:
        return f"{self.kind} {self.host} port {self.port} {self.tls}"


def autoconfig(context: Context) -> Iterator[Observation]:
    """For each mail domain, https://autoconfig.DOMAIN/mail/config-v1.1.xml is there for everybody and names servers
    for reading and for sending that the plan has, over TLS; each of them takes the login of somebody who does as it
    says (SUPPORT-1)."""
    for service in _served(context, "autoconfig"):
        page = _browser(context, service).get(f"{service.path}?emailaddress={_address(context)}")
        yield from _judged(context, service, page, autoconfig_offers)


def autodiscover(context: Context) -> Iterator[Observation]:
    """The same of what Outlook asks for, https://autodiscover.DOMAIN/autodiscover/autodiscover.xml (SUPPORT-1)."""
    for service in _served(context, "autodiscover"):
        question = _ASK_OUTLOOK.format(address=_address(context)).encode("ascii")
        page = _browser(context, service).ask("POST", service.path, question, {"Content-Type": "text/xml"})
        yield from _judged(context, service, page, autodiscover_offers)


def mobileconfig(context: Context) -> Iterator[Observation]:
    """The same of the profile for Apple's mail programs, which is there for whoever has signed in, and for nobody
    else (SUPPORT-1)."""
    for service in _served(context, "mobileconfig"):
        who = roads.anybody(context)
        stranger = _browser(context, service).ask("GET", service.path)
        yield Observation(
            f"{service.url} without signing in",
            str(stranger),
            stranger.status == 401,
            target=Target(service.host, 443),
        )
        signed = browse.Browser(
            context, roads.somewhere(context), _door(context, service), service.name, who.account
        )
        yield from _judged(context, service, signed.get(service.path), mobileconfig_offers, twin=True)


def located(context: Context) -> Iterator[Observation]:
    """The SRV records of RFC 6186 and 8314 are served by the resolver and by every name server of the zone as the
    plan has them; each leads to a server of the site (SUPPORT-1)."""
    yield from zones.compared(context, "SRV")
    listening = {(row.host, row.port) for row in context.plan.listeners}
    listening |= {(row.name, port) for row in context.plan.web for host, port in listening if host == row.host}
    for row in context.plan.records:
        if row.type == "SRV":
            *_, port, name = row.value.split()
            absent = name == "."  # RFC 6186, 3.4: there is no such service
            known = absent or (name.rstrip("."), int(port)) in listening
            yield Observation(f"{row.owner} SRV", row.value, known, target=Target(row.owner.rstrip(".")))


def _judged(
    context: Context, service: WebService, page: Page, read: Any, twin: bool = False
) -> Iterator[Observation]:
    target = Target(service.host, 443)
    yield Observation(service.url, str(page), page.status == 200, twin, target)
    if page.status != 200:
        return
    try:
        offers: tuple[Offer, ...] = read(page.body[:_OCTETS])
    except _NOT_READ as error:
        yield Observation(f"what {service.url} says", f"cannot be read: {error!r}"[:200], False, target=target)
        return
    missing = [kind for kind in _WORTH if kind not in {offer.kind for offer in offers}]
    shown = "; ".join(map(str, offers)) or "no server"
    yield Observation(f"servers of {service.url}", shown[:300], not missing, target=target)
    for offer in offers:
        yield from _usable(context, service, offer)


def _usable(context: Context, service: WebService, offer: Offer) -> Iterator[Observation]:
    listener = _listener(context.plan, offer)
    what = f"{offer}, of {service.url}"
    if listener is None:
        yield Observation(what, "the plan has no such server", False, target=Target(offer.host, offer.port))
        return
    here = roads.somewhere(context)
    door = next(one for one in roads.doors(context, here, listener.service) if one.listener == listener)
    who = roads.anybody(context)
    try:
        with roads.vantage(context, here).enter():
            seen = _logged_in(context, door, offer, who)
    except OSError as error:
        yield Observation(f"a login as told: {what}", wire.words(error), False, target=door.target)
        return
    yield Observation(f"a login as told: {what}", seen, True, target=door.target)


def _logged_in(context: Context, door: Door, offer: Offer, who: roads.Person) -> str:
    """Log in with the name that the program is told to use. Raises OSError where the login is not taken."""
    name = offer.login.replace("%EMAILADDRESS%", who.published) or who.login
    account = replace(who.account, login=name)
    if offer.kind == "imap":
        with mailboxes.signed_in(context, door, account):
            return f"{name} is in"
    if offer.kind == "smtp":
        with roads.smtp(context, door, account=account):
            return f"{name} is in"
    return "POP3, which another probe tries"


def _listener(plan: Plan, offer: Offer) -> Listener | None:
    return next(
        (
            row
            for row in plan.listeners
            if (row.host, row.port, row.tls) == (offer.host, offer.port, offer.tls)
            and row.service in _SERVICES[offer.kind]
        ),
        None,
    )


def autoconfig_offers(text: bytes) -> tuple[Offer, ...]:
    """The servers of a file of Thunderbird's form. Raises what is in _NOT_READ for anything else."""
    kinds: dict[str, Kind] = {"imap": "imap", "pop3": "pop3", "smtp": "smtp"}
    modes: dict[str, TlsMode] = {"SSL": "implicit", "STARTTLS": "starttls", "plain": "none"}
    root = _tree(text)
    if root.tag != "clientConfig":
        raise ValueError(f"a document of {root.tag}")
    return tuple(
        Offer(
            kinds[server.get("type", "")],
            _text(server, "hostname"),
            int(_text(server, "port")),
            modes[_text(server, "socketType")],
            _text(server, "username", ""),
        )
        for server in (*root.iter("incomingServer"), *root.iter("outgoingServer"))
    )


def autodiscover_offers(text: bytes) -> tuple[Offer, ...]:
    """The servers of an answer to Outlook. Raises what is in _NOT_READ for anything else."""
    kinds: dict[str, Kind] = {"IMAP": "imap", "POP3": "pop3", "SMTP": "smtp"}
    modes: dict[str, TlsMode] = {"SSL": "implicit", "TLS": "starttls", "None": "none"}
    found = []
    for one in _tree(text).iter(f"{_OUTLOOK}Protocol"):
        secure = _text(
            one, f"{_OUTLOOK}Encryption", "SSL" if _text(one, f"{_OUTLOOK}SSL", "on") == "on" else "None"
        )
        found.append(
            Offer(
                kinds[_text(one, f"{_OUTLOOK}Type")],
                _text(one, f"{_OUTLOOK}Server"),
                int(_text(one, f"{_OUTLOOK}Port")),
                modes[secure],
                _text(one, f"{_OUTLOOK}LoginName", ""),
            )
        )
    return tuple(found)


def mobileconfig_offers(text: bytes) -> tuple[Offer, ...]:
    """The servers of a configuration profile, signed or not. Raises what is in _NOT_READ for anything else."""
    start, end = text.find(b"<?xml"), text.rfind(b"</plist>")
    if start < 0 or end < 0:
        raise ValueError("no property list")
    profile = plistlib.loads(text[start : end + len(b"</plist>")])
    found = []
    for one in profile["PayloadContent"]:
        if one.get("PayloadType") != "com.apple.mail.managed":
            continue
        incoming: Kind = "imap" if one["EmailAccountType"] == "EmailTypeIMAP" else "pop3"
        ways: tuple[tuple[Kind, str], ...] = ((incoming, "IncomingMailServer"), ("smtp", "OutgoingMailServer"))
        for kind, name in ways:
            port = int(one[f"{name}PortNumber"])
            secure: TlsMode = "none"
            if one[f"{name}UseSSL"]:
                secure = "starttls" if port in (143, 110, 587, 25) else "implicit"
            found.append(Offer(kind, one[f"{name}HostName"], port, secure, one.get(f"{name}Username", "")))
    return tuple(found)


def _tree(text: bytes) -> ElementTree.Element:
    if re.search(rb"<!(DOCTYPE|ENTITY)", text, re.IGNORECASE):
        raise ValueError("a document with declarations, which is read by nobody")
    return ElementTree.fromstring(text)  # noqa: S314 - no declarations, so no entities


def _text(element: ElementTree.Element, name: str, default: str | None = None) -> str:
    found = element.find(name)
    if found is None or not found.text:
        if default is None:
            raise ValueError(f"no {name.rpartition('}')[2]}")
        return default
    return found.text.strip()


def _served(context: Context, use: WebUse) -> Iterable[WebService]:
    return tuple(row for row in context.plan.web if row.use == use)


def _browser(context: Context, service: WebService) -> browse.Browser:
    return browse.Browser(context, roads.somewhere(context), _door(context, service), service.name)


def _door(context: Context, service: WebService) -> Door:
    return browse.door(context, roads.somewhere(context), service)


def _address(context: Context) -> str:
    return roads.anybody(context).published


def _uses(use: WebUse, words: str) -> Condition:
    return Condition(words, lambda plan: any(row.use == use for row in plan.web))


PROBES = (
    Probe(
        "clients.autoconfig",
        ("SUPPORT-1",),
        "outside",
        "Thunderbird and others are told the right servers",
        autoconfig,
        only=_uses("autoconfig", "a host serves what mail programs ask for"),
    ),
    Probe(
        "clients.autodiscover",
        ("SUPPORT-1",),
        "outside",
        "Outlook is told the right servers",
        autodiscover,
        only=_uses("autodiscover", "a host serves what mail programs ask for"),
    ),
    Probe(
        "clients.mobileconfig",
        ("SUPPORT-1",),
        "outside",
        "Apple's mail programs are told the right servers, after signing in",
        mobileconfig,
        negative=True,
        only=_uses("mobileconfig", "a host serves what mail programs ask for"),
    ),
    Probe(
        "clients.located",
        ("SUPPORT-1",),
        "outside",
        "SRV records lead to the site's servers",
        located,
        only=Condition("the plan has SRV records", lambda plan: any(row.type == "SRV" for row in plan.records)),
    ),
)
