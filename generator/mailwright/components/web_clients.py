"""What mail programs are told so that they set themselves up (SUPPORT-1).

Thunderbird's file is the same for everybody and made here. Outlook's answer and Apple's profile are made on the
host, for the address or the login that asks, from what is listed here. A program knows the published address alone,
and logs in with it: a store takes it for its login, so that nobody is told which login is behind an address.
"""

from __future__ import annotations

import uuid

from mailwright.plan.model import Plan, Service, TlsMode

_KINDS: tuple[tuple[Service, str, TlsMode], ...] = (
    ("imaps", "imap", "implicit"),
    ("pop3s", "pop3", "implicit"),
    ("submissions", "smtp", "implicit"),
    ("submission", "smtp", "starttls"),
)
"""In the order in which a program is to choose: RFC 8314 prefers TLS from the first octet."""

_NAMESPACE = uuid.UUID("6f0c9a52-6c1f-5d0a-9d57-0c5a2b7c1e10")
"""Of names of profiles: the same site always makes the same."""


def servers(plan: Plan) -> list[dict[str, object]]:
    """Each service once: ``kind`` (imap, pop3, smtp), ``host``, ``port`` and ``tls``. Any store hands over."""
    found: list[dict[str, object]] = []
    for service, kind, tls in _KINDS:
        for row in plan.listeners:
            if row.service == service:
                found.append({"kind": kind, "host": row.host, "port": row.port, "tls": tls})
                break
    return found


def autoconfig(plan: Plan) -> str:
    """Thunderbird's ``config-v1.1.xml`` (https://wiki.mozilla.org/Thunderbird:Autoconfiguration:ConfigFileFormat).

    Raises FormatError for a name that XML cannot carry.
    """
    from xml.etree.ElementTree import Element  # few sites have it, and all reviews of others would load it

    from mailwright.formats import xml

    settings = plan.settings
    root = Element("clientConfig", {"version": "1.1"})
    provider = xml.child(root, "emailProvider", id=settings.primary_domain)
    for domain in settings.domains:
        xml.child(provider, "domain", domain)
    xml.child(provider, "displayName", settings.organisation)
    xml.child(provider, "displayShortName", settings.primary_domain)
    for row in servers(plan):
        incoming = row["kind"] != "smtp"
        server = xml.child(provider, "incomingServer" if incoming else "outgoingServer", type=str(row["kind"]))
        xml.child(server, "hostname", str(row["host"]))
        xml.child(server, "port", str(row["port"]))
        xml.child(server, "socketType", "SSL" if row["tls"] == "implicit" else "STARTTLS")
        xml.child(server, "authentication", "password-cleartext")  # inside TLS
        xml.child(server, "username", "%EMAILADDRESS%")
    desk = settings.service_desk
    if desk is not None and desk.url:
        page = xml.child(provider, "documentation", url=desk.url)
        xml.child(page, "descr", settings.organisation, lang="en")
    return xml.document(root)


def profile(plan: Plan) -> dict[str, str]:
    """What Apple's profiles of the site have in common: the ``organisation`` and ``identifier``, the ``uuid``."""
    domain = plan.settings.primary_domain
    return {
        "organisation": plan.settings.organisation,
        "identifier": ".".join(reversed(domain.split("."))) + ".mail",
        "uuid": str(uuid.uuid5(_NAMESPACE, domain)),
    }
