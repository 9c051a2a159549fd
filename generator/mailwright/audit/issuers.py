"""What a site may publish about its certificates: TLSA (RFC 6698, RFC 7672) and CAA (RFC 8659)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from mailwright.audit import certificates, names, roads, wire
from mailwright.audit.model import Context, Observation, Probe
from mailwright.audit.mta_sts import mailers_of
from mailwright.audit.roads import Door
from mailwright.findings import Target
from mailwright.formats.visible import visible
from mailwright.records import dataclass

_TLS = ("smtp", "submission", "submissions", "imaps", "pop3s", "managesieve")
_SHOWN = 3
_PUBLIC_AUTHORITY = (0, 1)  # usages that also want a trusted authority; for SMTP they are not to be used (RFC 7672)
# How authorities call themselves in the certificates that they sign, and in CAA records. Whoever is not among them
# cannot be told.
_AUTHORITIES = (
    ("let's encrypt", ("letsencrypt.org",)),
    ("digicert", ("digicert.com", "symantec.com", "thawte.com", "geotrust.com", "rapidssl.com")),
    ("sectigo", ("sectigo.com", "comodoca.com", "comodo.com", "usertrust.com", "trust-provider.com")),
    ("hellenic academic", ("harica.gr",)),
    ("harica", ("harica.gr",)),
    ("globalsign", ("globalsign.com",)),
    ("google trust services", ("pki.goog",)),
    ("zerossl", ("sectigo.com", "zerossl.com")),
    ("amazon", ("amazon.com", "amazontrust.com", "awstrust.com", "amazonaws.com")),
    ("entrust", ("entrust.net", "entrust.com")),
    ("quovadis", ("quovadisglobal.com", "digicert.com")),
    ("buypass", ("buypass.com", "buypass.no")),
    ("swisssign", ("swisssign.com",)),
    ("ssl corporation", ("ssl.com",)),
)


def pinned(context: Context) -> Iterator[Observation]:
    """For each TLS port of the site of which the DNS has TLSA records, one of them matches what the server sends
    (RFC 6698; RFC 7672), so that mailers that heed them can deliver. Without DNSSEC, as the resolver sees it, the
    records bind nobody and nothing is proven. Where the DNS says that there are none, nothing is to be asked
    (SCALE-1)."""
    yield from _found(context)
    yield from roads.side_by_side(_doors(context), lambda door: _pinned_at(context, door))


def authorised(context: Context) -> Iterator[Observation]:
    """The CAA records that hold for each host (its own, or those of the nearest domain above that has any) let the
    authority that signed its certificate issue one (RFC 8659): else the next one will be refused. Authorities that
    cannot be told from a certificate prove nothing. Where the DNS says that there are none, nothing is to be asked
    (SCALE-1)."""
    yield from _found(context)
    seen: dict[str, Door] = {}
    for door in _doors(context):
        seen.setdefault(door.listener.host, door)
    yield from roads.side_by_side(seen.values(), lambda door: _authorised_at(context, door))


def _found(context: Context) -> Iterator[Observation]:
    with roads.vantage(context, "outside").enter():
        yield mailers_of(context, context.plan.settings.primary_domain)[1]


def _doors(context: Context) -> tuple[Door, ...]:
    """One address of each TLS port: the names are the same for all."""
    found: dict[tuple[str, int], Door] = {}
    for door in roads.doors(context, "outside", *_TLS):
        found.setdefault(door.listener.key, door)
    return tuple(found.values())


@dataclass(frozen=True, slots=True)
class _Pin:
    """A TLSA record (RFC 6698, 2.1)."""

    usage: int
    selector: int
    matching: int
    data: bytes

    def __str__(self) -> str:
        return f"{self.usage} {self.selector} {self.matching} {self.data.hex()[:16]}…"


def _pinned_at(context: Context, door: Door) -> Iterator[Observation]:
    owner = f"_{door.listener.port}._tcp.{door.listener.host}"
    target = Target(owner)
    try:
        with roads.vantage(context, "outside").enter():
            answer = names.look_up(context.resolver, owner, "TLSA")
            if not answer.values:
                yield Observation(f"{owner} TLSA", "none published", True, target=target)
                return
            chain = certificates.sent(context, door)
        pins = [_pin(value) for value in answer.values]
        matching = [
            pin for pin in pins if pin is not None and _matches(pin, chain, door.listener.service == "smtp")
        ]
    except OSError as error:
        yield Observation(f"{owner} TLSA", wire.words(error), None, target=target)
        return
    except certificates.UNREADABLE as error:
        yield Observation(f"the certificate on {door}", visible(repr(error))[:160], False, target=door.target)
        return
    seen = f"{matching[0]} matches" if matching else f"none of {len(pins)} matches: {answer.values[0][:80]}"
    yield Observation(f"{owner} TLSA against what {door} sends", seen, bool(matching), target=target)
    if matching and not answer.secure:
        yield Observation(f"DNSSEC of {owner}", "the resolver does not say that it is proven", None, target=target)


def _pin(value: str) -> _Pin | None:
    fields = value.split()
    try:
        usage, selector, matching = (int(field) for field in fields[:3])
        return _Pin(usage, selector, matching, bytes.fromhex("".join(fields[3:])))
    except ValueError:
        return None


def _matches(pin: _Pin, chain: tuple[bytes, ...], smtp: bool) -> bool:
    """Whether the record speaks of the server's certificate (usage 1, 3), or of one above it (0, 2).

    For SMTP, usages 0 and 1 bind nobody (RFC 7672, 3.1.3).
    """
    if pin.usage not in (0, 1, 2, 3) or (smtp and pin.usage in _PUBLIC_AUTHORITY):
        return False
    candidates = chain[:1] if pin.usage in (1, 3) else chain[1:]
    return any(_associated(pin, octets) == pin.data for octets in candidates)


def _associated(pin: _Pin, octets: bytes) -> bytes | None:
    """What a record of this selector and this matching type would say of a certificate."""
    if pin.selector == 1:
        key = x509.load_der_x509_certificate(octets).public_key()
        octets = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    elif pin.selector != 0:
        return None
    match pin.matching:
        case 0:
            return octets
        case 1:
            return hashlib.sha256(octets).digest()
        case 2:
            return hashlib.sha512(octets).digest()
        case _:
            return None


def _authorised_at(context: Context, door: Door) -> Iterator[Observation]:
    host = door.listener.host
    target = Target(host)
    try:
        with roads.vantage(context, "outside").enter():
            owner, rows = _holding(context, host)
            if not rows:
                yield Observation(f"CAA that holds for {host}", "none published", True, target=target)
                return
            chain = certificates.parsed(certificates.sent(context, door))
    except OSError as error:
        yield Observation(f"CAA that holds for {host}", wire.words(error), None, target=target)
        return
    except certificates.UNREADABLE as error:
        yield Observation(f"the certificate on {door}", visible(repr(error))[:160], False, target=door.target)
        return
    ok, words = _judged(rows, chain[0])
    shown = " | ".join(rows[:_SHOWN])[:160]
    yield Observation(f"CAA of {owner} for the certificate on {door}", f"{words}; {shown}", ok, target=target)


def _holding(context: Context, host: str) -> tuple[str, tuple[str, ...]]:
    """The name whose CAA records hold for a host, and the records (RFC 8659, 3). Raises OSError."""
    labels = host.rstrip(".").split(".")
    for start in range(len(labels)):
        owner = ".".join(labels[start:])
        rows = names.ask(context.resolver, owner, "CAA")
        if rows:
            return owner, rows
    return "", ()


def _judged(rows: tuple[str, ...], certificate: x509.Certificate) -> tuple[bool | None, str]:
    """Whether the certificate's issuer may issue, and why; None where it cannot be told who that is."""
    issuers: list[str] = []
    for row in rows:
        found = re.fullmatch(r'(\d+)\s+([a-z0-9-]+)\s+"?([^"]*)"?', row)
        if found is None:
            return False, f"a record that cannot be read: {row[:60]}"
        flags, tag, value = int(found[1]), found[2], found[3]
        if tag == "issue":
            issuers.append(value.partition(";")[0].strip())
        elif flags & 0x80 and tag not in ("issuewild", "iodef", "issuemail", "issuevmc", "contactemail"):
            return False, f"no authority may issue that does not know the critical property {tag[:20]}"
    if not issuers:
        return True, "nothing is said about who may issue"
    name = _issuer(certificate)
    known = next((domains for word, domains in _AUTHORITIES if word in name.lower()), None)
    if not any(issuers):
        return False, f"nobody may issue, and {name} did"
    if known is None:
        return None, f"whether {name} is one of these cannot be told"
    allowed = any(one == domain or one.endswith(f".{domain}") for one in issuers for domain in known)
    return allowed, f"{name} {'may' if allowed else 'may not'} issue"


def _issuer(certificate: x509.Certificate) -> str:
    """Who signed a certificate: the organisation, or the name where there is none."""
    for wanted in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        for attribute in certificate.issuer.get_attributes_for_oid(wanted):
            return visible(str(attribute.value))[:80]
    return "an authority without a name"


PROBES = (
    Probe("published.tlsa", ("SCALE-1",), "outside", "TLSA records match the certificates", pinned, negative=True),
    Probe(
        "published.caa",
        ("SCALE-1",),
        "outside",
        "CAA lets the certificates' authority issue",
        authorised,
        negative=True,
    ),
)
