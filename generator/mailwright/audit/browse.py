"""A web browser's part in a dialogue with the site's own web servers: cookies, forms and logins, no scripts."""

from __future__ import annotations

import base64
import re
import socket
import time
from collections.abc import Mapping
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

from mailwright.audit import roads, web, wire
from mailwright.audit.model import Account, Context, Where
from mailwright.audit.roads import Door
from mailwright.audit.web import Page
from mailwright.plan.model import WebService

_REDIRECTS = 4
_FORM = "application/x-www-form-urlencoded"


def door(context: Context, where: Where, service: WebService) -> Door:
    """Where the service's host answers, as seen from there; the first of several addresses."""
    return doors(context, where, service)[0]


def doors(context: Context, where: Where, service: WebService) -> tuple[Door, ...]:
    """The same at each of the host's addresses."""
    return tuple(one for one in roads.doors(context, where, "https") if one.listener.host == service.host)


class Browser:
    """What one person sees of ``name`` at an address, from a place. ``account`` signs in with each request (HTTP
    Basic). The vantage is entered for each request."""

    def __init__(
        self, context: Context, where: Where, door: Door, name: str, account: Account | None = None
    ) -> None:
        self.context, self.where, self.door, self.name, self.account = context, where, door, name, account
        self.cookies: dict[str, str] = {}

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Page:
        """GET, and whatever it redirects to on the same server."""
        return self._followed("GET", path, b"", headers or {})

    def post(self, path: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Page:
        """A form that is sent, and the page that it redirects to on the same server."""
        body = urlencode(fields).encode("ascii")
        return self._followed("POST", path, body, {"Content-Type": _FORM, **(headers or {})})

    def ask(self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> Page:
        """One request, no redirect followed.

        Raises WrongPageError for a wrong answer, another OSError when there is none in time.
        """
        with (
            roads.vantage(self.context, self.where).enter(),
            roads.talking(self.context, self.door),
        ):
            end = time.monotonic() + self.context.patience
            address, port = str(self.door.address), self.door.listener.port
            plain = socket.create_connection((address, port), timeout=wire.remaining(end))
            request = self._request(method, path, body, headers or {})
            page = web.exchange(self.context, plain, self.name, request, end)
        self._keep(page)
        return page

    def _followed(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> Page:
        page = self.ask(method, path, body, headers)
        for _ in range(_REDIRECTS):
            location = page.header("Location")
            if page.status not in (301, 302, 303, 307, 308) or not location:
                return page
            onward = urlsplit(urljoin(f"https://{self.name}{path}", location))
            if (onward.scheme, onward.hostname) != ("https", self.name):
                raise web.WrongPageError(f"it redirects to {location[:100]}, which is another server")
            path = onward.path + (f"?{onward.query}" if onward.query else "")
            page = self.ask("GET", path)
        raise web.WrongPageError("it redirects again and again")

    def _request(self, method: str, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        lines = {
            "Host": self.name,
            "User-Agent": "mailwright-audit",
            "Accept": "*/*",
            "Accept-Encoding": "identity",
            "Connection": "close",
            **headers,
        }
        if self.cookies:
            lines["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        if self.account is not None:
            secret = f"{self.account.login}:{self.account.password}".encode()
            lines["Authorization"] = f"Basic {base64.b64encode(secret).decode('ascii')}"
        if body or method not in ("GET", "HEAD"):
            lines["Content-Length"] = str(len(body))
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        if any(ord(character) < 32 for character in path + head.replace("\r\n", "")):
            raise web.WrongPageError("it is no URL that can be asked for")
        return f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode() + body

    def _keep(self, page: Page) -> None:
        for name, value, attributes in cookies(page):
            if value in ("", "-del-", "deleted") or attributes.get("max-age") == "0":
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value


def cookies(page: Page) -> tuple[tuple[str, str, dict[str, str]], ...]:
    """The cookies that a page sets: name, value, and attributes in lower case (``secure`` without a value)."""
    found = []
    for key, line in page.headers:
        if key.lower() != "set-cookie":
            continue
        first, *rest = line.split(";")
        name, _, value = first.strip().partition("=")
        pairs = (one.strip().partition("=") for one in rest)
        found.append((name, value, {key.lower(): value.lower() for key, _, value in pairs}))
    return tuple(found)


def policy(page: Page) -> dict[str, str]:
    """The directives of its Content-Security-Policy."""
    parts = (one.split(None, 1) for one in page.header("Content-Security-Policy").split(";") if one.strip())
    return {one[0].lower(): one[1].strip() if len(one) > 1 else "" for one in parts}


class _Fields(HTMLParser):
    """Fields of the forms of a page, as they stand there."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.options: dict[str, list[tuple[str, str]]] = {}
        self._select = ""
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {key: value or "" for key, value in attrs}
        if tag in ("input", "textarea") and has.get("name") and has.get("type") not in ("checkbox", "radio"):
            self.found[has["name"]] = has.get("value", "")
        elif tag == "select":
            self._select = has.get("name", "")
        elif tag == "option" and self._select:
            self.options.setdefault(self._select, []).append((has.get("value", ""), ""))
            self._open = True
            if "selected" in has or self._select not in self.found:
                self.found[self._select] = has.get("value", "")

    def handle_data(self, data: str) -> None:
        if self._open and self._select:
            value, text = self.options[self._select].pop()
            self.options[self._select].append((value, text + data))

    def handle_endtag(self, tag: str) -> None:
        if tag in ("option", "select"):
            self._open = False
        if tag == "select":
            self._select = ""


def fields(page: Page) -> dict[str, str]:
    """Names and values of the fields in all forms of a page."""
    reader = _Fields()
    reader.feed(page.body.decode("utf-8", "replace"))
    return reader.found


def options(page: Page, name: str) -> tuple[tuple[str, str], ...]:
    """Values and words of what can be chosen in a field of a page."""
    reader = _Fields()
    reader.feed(page.body.decode("utf-8", "replace"))
    return tuple((value, text.strip()) for value, text in reader.options.get(name, ()))


def said_by_script(page: Page, name: str) -> str:
    """A value that a page's own script sets: ``"name":"value"``; empty where it sets none."""
    found = re.search(rf'"{re.escape(name)}":"([^"\\]*)"', page.body.decode("utf-8", "replace"))
    return found[1] if found else ""
