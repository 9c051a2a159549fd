"""One page over HTTPS, from a server that may do anything: bounded in time and octets, and nowhere but there."""

from __future__ import annotations

import html
import http.client
import io
import socket
import ssl
import time
from ipaddress import IPv6Address, ip_address
from typing import Any, cast
from urllib.parse import SplitResult, urljoin, urlsplit

from mailwright.audit import names, roads, wire
from mailwright.audit.model import Context, Where
from mailwright.formats.visible import visible
from mailwright.records import dataclass
from mailwright.site.model import IPAddress

PORT = 443
SECONDS = 20.0  # for a page and all that it redirects to
OCTETS = 8 << 20  # of one answer
_REDIRECTS = 3
_MOVED = (301, 302, 303, 307, 308)
_TEXT = 1 << 20  # octets of a page that are read for their words


class WrongPageError(OSError):
    """There is an answer, and it is not what it should be: a certificate for another name, a way to elsewhere."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a server answered. ``type``: of the content, in lower case, without parameters."""

    status: int
    reason: str
    type: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()

    def header(self, name: str) -> str:
        """The values of all header lines of that name, separated by commas; empty where there is none."""
        return ", ".join(value for key, value in self.headers if key.lower() == name.lower())

    def __str__(self) -> str:
        return (
            visible(f"{self.status} {self.reason}"[:80]) + f", {self.type or 'no type'}, {len(self.body):,} octets"
        )


def fetch(context: Context, where: Where, url: str, *, octets: int = OCTETS, redirects: int = _REDIRECTS) -> Page:
    """GET of an ``https`` URL, as seen from there, with a certificate for its name.

    The name is looked up once, at the context's resolver. Redirects are followed on the same server alone.
    Raises WrongPageError for a wrong answer, another OSError when there is none in time.
    """
    end = time.monotonic() + SECONDS
    with roads.vantage(context, where).enter():
        parts = _checked(url)
        reachable = _addresses(context, where, parts)
        for _ in range(redirects + 1):
            page, location = _get(context, reachable, parts, end, octets)
            if page.status not in _MOVED or not location:
                return page
            if redirects == 0:
                raise WrongPageError(f"it redirects to {visible(location)[:100]}, where none is followed")
            parts, url = _onward(parts, url, location)
    raise WrongPageError(f"it redirects more than {redirects} times")


def _onward(parts: SplitResult, url: str, location: str) -> tuple[SplitResult, str]:
    """Where a redirect leads on the same server."""
    try:
        whole = urljoin(url, location)
    except ValueError as error:
        raise WrongPageError(f"it redirects to {visible(location)[:100]}, which is no URL") from error
    onward = _checked(whole)
    if (onward.hostname, onward.port) != (parts.hostname, parts.port):
        raise WrongPageError(f"it redirects to another server, {visible(location)[:100]}: not followed")
    return onward, whole


def text(page: Page) -> str:
    """The words of a page of HTML or text, without its marks and what leads to other places; white space is one
    blank."""
    plain = page.body[:_TEXT].decode("utf-8", "replace")
    if page.type in ("text/html", "application/xhtml+xml"):
        plain = html.unescape(_without_marks(plain))
    return " ".join(plain.split())


def _without_marks(source: str) -> str:
    """In one pass, whatever the marks are like: a browser's parser can be led a dance."""
    kept: list[str] = []
    hidden = ""
    first, *pieces = source.split("<")
    kept.append(first)
    for piece in pieces:
        mark, _, rest = piece.partition(">")
        name = mark.lower().split(None, 1)[0].rstrip("/") if mark.split() else ""
        if hidden:
            if name == f"/{hidden}":
                hidden = ""
                kept.append(rest)
            continue
        if name in ("script", "style", "template", "noscript", "nav"):
            hidden = name
            continue
        kept.append(rest)
    return " ".join(kept)


def _checked(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise WrongPageError(f"{visible(url)[:100]} is no URL: {error}") from error
    if parts.scheme != "https" or not parts.hostname or parts.username is not None or port == 0:
        raise WrongPageError(f"{visible(url)[:100]} is not fetched: it is no plain https URL")
    return parts


def _addresses(context: Context, where: Where, parts: SplitResult) -> tuple[IPAddress, ...]:
    """Addresses of the server that can be reached in a family of the vantage; never this machine's own."""
    name = parts.hostname or ""
    try:
        found: tuple[IPAddress, ...] = (ip_address(name),)
    except ValueError:
        found = names.addresses(context.resolver, name)
    if not found:
        raise WrongPageError(f"{name} has no address")
    own = [str(address) for address in found if refused(address)]
    if own:
        raise WrongPageError(f"{name} leads to {own[0]}, which nobody else can reach")
    families = {address.version for address in roads.vantage(context, where).addresses}
    usable = tuple(address for address in found if address.version in families)
    if not usable:
        raise OSError(f"{name} has no address in a family that there is at {where}")
    return usable[:4]


def refused(address: IPAddress) -> bool:
    """Whether an address means this very machine or its link: a name elsewhere has no business to lead there."""
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return True  # an IPv4 address in disguise
    return address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified


def _get(
    context: Context, reachable: tuple[IPAddress, ...], parts: SplitResult, end: float, octets: int
) -> tuple[Page, str]:
    """The page, and where it redirects to."""
    plain = _connected(reachable, parts.port or PORT, end)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    page = exchange(context, plain, parts.hostname or "", _request(parts, path), end, octets)
    return page, page.header("Location")


def exchange(
    context: Context, plain: socket.socket, name: str, request: bytes, end: float, octets: int = OCTETS
) -> Page:
    """The answer to a request over TLS with the server of that name, on a connection that is closed afterwards.

    end  on the monotonic clock
    Raises WrongPageError for a certificate that will not do and for what is no HTTP, another OSError when there is
    no answer in time.
    """
    with plain:
        try:
            plain.settimeout(wire.remaining(end))
            secure = roads.tls(context).wrap_socket(plain, server_hostname=name)
        except ssl.SSLCertVerificationError as error:
            raise WrongPageError(f"the certificate will not do: {error.verify_message}") from error
        with secure:
            secure.settimeout(wire.remaining(end))
            secure.sendall(request)
            return _answer(secure, end, octets)


def _connected(reachable: tuple[IPAddress, ...], port: int, end: float) -> socket.socket:
    problem: OSError = OSError("no address")
    for address in reachable:
        try:
            return socket.create_connection((str(address), port), timeout=min(8.0, wire.remaining(end)))
        except OSError as error:
            error.add_note(f"{address} port {port}")
            problem = error
    raise problem


def _request(parts: SplitResult, path: str) -> bytes:
    host = parts.netloc
    lines = [f"GET {path} HTTP/1.1", f"Host: {host}", "User-Agent: mailwright-audit", "Accept: text/*, */*;q=0.5"]
    lines += ["Accept-Encoding: identity", "Connection: close", "", ""]
    try:
        if any(character.isspace() or not character.isprintable() for character in path + host):
            raise WrongPageError("it is no URL that can be asked for")
        return "\r\n".join(lines).encode("ascii")
    except UnicodeEncodeError as error:
        raise WrongPageError("it is no URL that can be asked for: write it in ASCII") from error


class _Bounded(io.RawIOBase):
    """What a connection says, up to a moment and a number of octets."""

    def __init__(self, connection: socket.socket, end: float, octets: int) -> None:
        self._connection, self._end, self._left = connection, end, octets

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._connection.settimeout(wire.remaining(self._end))
        count = self._connection.recv_into(buffer)
        self._left -= count
        if self._left < 0:
            raise WrongPageError("it says more than anybody needs to")
        return count


@dataclass(frozen=True, slots=True)
class _Canned:
    """As much of a socket as http.client asks for."""

    source: _Bounded

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self.source)


def _answer(secure: ssl.SSLSocket, end: float, octets: int) -> Page:
    canned = _Canned(_Bounded(secure, end, octets + (64 << 10)))
    response = http.client.HTTPResponse(cast(socket.socket, canned), method="GET")
    try:
        response.begin()
        body = response.read(octets + 1)
    except http.client.IncompleteRead as error:
        raise ConnectionResetError("the connection was closed in the middle of the page") from error
    except http.client.RemoteDisconnected:  # before anything was said
        raise
    except (http.client.HTTPException, ValueError) as error:
        raise WrongPageError(f"it does not speak HTTP: {visible(repr(error))[:100]}") from error
    finally:
        response.close()
    if response.length and len(body) <= octets:  # what is still to come
        raise ConnectionResetError("the connection was closed in the middle of the page")
    if len(body) > octets:
        raise WrongPageError(f"a page of more than {octets:,} octets")
    type_ = (response.getheader("Content-Type") or "").partition(";")[0].strip().lower()
    headers = tuple((visible(key), visible(value)) for key, value in response.getheaders())
    return Page(response.status, response.reason, visible(type_)[:60], body, headers)
