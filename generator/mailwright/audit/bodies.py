"""Messages whose bodies must arrive as they were, bit for bit: what mailers in between have broken before."""

from __future__ import annotations

from mailwright.audit.letters import Header
from mailwright.records import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of message: header lines besides the usual ones, and the body. All lines end in CRLF."""

    name: str
    header: tuple[Header, ...]
    body: bytes


def _lines(*lines: str, encoding: str = "ascii") -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode(encoding)


def _mime(type_: str, encoding: str = "") -> tuple[Header, ...]:
    transfer = (("Content-Transfer-Encoding", encoding),) if encoding else ()
    return (("MIME-Version", "1.0"), ("Content-Type", type_), *transfer)


_SIGNATURE = (
    "MIIGJwYJKoZIhvcNAQcCoIIGGDCCBhQCAQExDzANBglghkgBZQMEAgEFADALBgkqhkiG9w0BBwGgggO/",
    "MIIDuzCCAqOgAwIBAgIUQ==",
)

KINDS: tuple[Kind, ...] = (
    Kind(
        "8-bit text",
        _mime("text/plain; charset=utf-8", "8bit"),
        _lines("Grüße, ελληνικά", "\ttabs \t ", "", "", encoding="utf-8"),
    ),
    Kind("8-bit text that says nothing of itself", (), b"Gr\xfc\xdfe, \x80\xff\r\n"),
    Kind(
        "format=flowed",
        _mime("text/plain; charset=us-ascii; format=flowed; delsp=yes"),
        _lines(
            "A paragraph that ", "flows on. ", "> quoted ", ">> deeper", "From the start", ".", "..two", "-- ", "me"
        ),
    ),
    Kind(
        "S/MIME signature",
        _mime('multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary="b1"'),
        _lines(
            "This is a signed message.",
            "",
            "--b1",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: 8bit",
            "",
            "Schön  ",
            "",
            "--b1",
            "Content-Type: application/pkcs7-signature; name=smime.p7s",
            "Content-Transfer-Encoding: base64",
            "",
            *_SIGNATURE,
            "",
            "--b1--",
            encoding="utf-8",
        ),
    ),
    Kind(
        "PGP signature",
        _mime('multipart/signed; micalg=pgp-sha512; protocol="application/pgp-signature"; boundary="b2"'),
        _lines(
            "--b2",
            "Content-Type: text/plain; charset=iso-8859-1",
            "Content-Transfer-Encoding: quoted-printable",
            "",
            "Sch=F6n =",
            "und gut =20",
            "",
            "--b2",
            "Content-Type: application/pgp-signature; name=signature.asc",
            "",
            "-----BEGIN PGP SIGNATURE-----",
            "",
            *_SIGNATURE,
            "=abcd",
            "-----END PGP SIGNATURE-----",
            "--b2--",
        ),
    ),
    Kind("lines of 998 octets", (), _lines(*("x" * 998,) * 3, "")),
)


def status(reporter: str) -> Kind:
    """A delivery status notification (RFC 3464) of the host ``reporter``."""
    return Kind(
        "delivery status",
        (
            *_mime('multipart/report; report-type=delivery-status; boundary="b3"'),
            ("Auto-Submitted", "auto-replied"),
        ),
        _lines(
            "--b3",
            "Content-Type: text/plain",
            "",
            "Your message could not be delivered.",
            "--b3",
            "Content-Type: message/delivery-status",
            "",
            f"Reporting-MTA: dns; {reporter}",
            "",
            "Final-Recipient: rfc822; gone@inside.invalid",
            "Action: failed",
            "Status: 5.1.1",
            "",
            "--b3--",
        ),
    )
