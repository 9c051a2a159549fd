"""Headless Chromium, spoken to over a pipe with the DevTools protocol: no driver and no port."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from select import select
from typing import Any

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificate

_FLAGS = (
    "--headless=new",
    "--no-sandbox",  # tests run as root in containers
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-proxy-server",
    "--no-first-run",
    "--remote-debugging-pipe",
)
_PATIENCE = 60.0  # seconds for one answer


class Browser:
    """One page. ``events`` are all that it has told: (method, parameters)."""

    def __init__(self, to: int, back: int) -> None:
        self._to, self._back = to, back
        self._number = 0
        self._rest = b""
        self._session: str | None = None
        self.events: list[tuple[str, dict[str, Any]]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Log", "Runtime", "Accessibility"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: object) -> Any:
        """The result of one command. A question whether to leave a page is answered with yes."""
        number = self._say(method, parameters)
        while True:
            message = self._next()
            if message.get("method") == "Page.javascriptDialogOpening":
                self._say("Page.handleJavaScriptDialog", {"accept": True})
            if message.get("id") == number:
                assert "error" not in message, (method, message["error"])
                return message["result"]
            if "method" in message:
                self.events.append((message["method"], message["params"]))

    def _say(self, method: str, parameters: dict[str, object]) -> int:
        self._number += 1
        command: dict[str, object] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            command["sessionId"] = self._session
        os.write(self._to, json.dumps(command).encode() + b"\0")
        return self._number

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            assert select([self._back], [], [], _PATIENCE)[0], "the browser does not answer"
            chunk = os.read(self._back, 1 << 20)
            assert chunk, "the browser has gone"
            self._rest += chunk
        first, _, self._rest = self._rest.partition(b"\0")
        message: dict[str, Any] = json.loads(first)
        return message

    def open(self, page: Path, *, width: int = 1280, dark: bool = False, anchor: str = "") -> None:
        """Show the page at that width in CSS pixels."""
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600
        )
        self.media("screen", dark=dark)
        self._go("about:blank")  # or another anchor of the same page would load nothing
        self._go(page.resolve().as_uri() + anchor)

    def go(self, url: str, *, width: int = 1280, height: int = 900) -> None:
        """Show a page of the network in a window of that size."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        self._go(url)

    def await_(self, expression: str, *, seconds: float = 30.0) -> Any:
        """The value of the expression, or true for an element, as soon as it is true of the page.

        A page that is just being left is asked again.
        """
        end = time.monotonic() + seconds
        asked = f"(value => value && value.nodeType ? true : value)({expression})"
        while True:
            result = self.call("Runtime.evaluate", expression=asked, returnByValue=True)
            value = result["result"].get("value")
            if "exceptionDetails" not in result and value:
                return value
            assert time.monotonic() < end, f"in vain: {expression}; {result}"
            time.sleep(0.05)

    def type(self, text: str) -> None:
        """As a keyboard would, into what has the focus; each sign by itself, because pages listen for keys."""
        for sign in text:
            key = {"key": "Enter", "windowsVirtualKeyCode": 13} if sign == "\r" else {}
            self.call("Input.dispatchKeyEvent", type="keyDown", text=sign, **key)
            self.call("Input.dispatchKeyEvent", type="keyUp", **key)

    def click(self, element: str) -> None:
        """With the mouse, on the middle of an element (an expression of it), wherever its frame is."""
        measure = f"""(() => {{
            const element = {element};
            element.scrollIntoView({{block: 'center'}});
            const box = element.getBoundingClientRect();
            if (!box.width) return null;
            let x = box.left + box.width / 2, y = box.top + box.height / 2;
            for (let view = element.ownerDocument.defaultView; view !== window; view = view.parent) {{
                const frame = view.frameElement.getBoundingClientRect();
                x += frame.left; y += frame.top;
            }}
            return {{x, y}};
        }})()"""
        place, before = self.await_(measure), None
        while place != before:  # what is still moving would be missed
            time.sleep(0.05)
            place, before = self.await_(measure), place
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, button="left", clickCount=1, **place)

    def _go(self, url: str) -> None:
        self.events.clear()
        self.call("Page.navigate", url=url)
        end = time.monotonic() + _PATIENCE
        while not any(method == "Page.loadEventFired" for method, _ in self.events):
            assert time.monotonic() < end, "the page does not load"
            self.run("1")
            time.sleep(0.02)

    def media(self, kind: str, *, dark: bool = False) -> None:
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media=kind, features=[scheme])

    def run(self, expression: str) -> Any:
        """The value of an expression in the page."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in result, result["exceptionDetails"]
        return result["result"].get("value")

    def requests(self) -> list[str]:
        """Addresses that were asked for since ``open``."""
        return [
            parameters["request"]["url"]
            for method, parameters in self.events
            if method == "Network.requestWillBeSent"
        ]

    def complaints(self) -> list[str]:
        """What the console has said since ``open``."""
        said = []
        for method, parameters in self.events:
            if method == "Log.entryAdded":
                said.append(parameters["entry"]["text"])
            elif method in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
                said.append(json.dumps(parameters))
        return said

    def picture(self, *, whole: bool = False) -> bytes:
        """A screenshot as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"])

    def pdf(self) -> bytes:
        """The page as it prints."""
        self.media("print")
        result = self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
        return base64.b64decode(result["data"])


@contextmanager
def browser(*, prefix: Sequence[str] = (), flags: Sequence[str] = ()) -> Iterator[Browser]:
    """A browser with a profile of its own; fails where there is none.

    prefix  a command that starts another one elsewhere: in a vantage of a lab
    flags   more of Chromium's own; see ``in_lab``
    """
    command = shutil.which("chromium")
    assert command, "no chromium: apt-get install chromium"
    to_read, to_write = os.pipe()
    back_read, back_write = os.pipe()
    with tempfile.TemporaryDirectory(prefix="mailwright-browser-", ignore_cleanup_errors=True) as profile:

        def pipes() -> None:  # 3 is where it listens, 4 where it speaks
            read, write = os.dup(to_read), os.dup(back_write)
            os.dup2(read, 3)
            os.dup2(write, 4)

        process = subprocess.Popen(
            [*prefix, command, *_FLAGS, *flags, f"--user-data-dir={profile}"],
            preexec_fn=pipes,
            close_fds=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(to_read)
        os.close(back_write)
        try:
            yield Browser(to_write, back_read)
        finally:
            os.close(to_write)  # it ends when nobody speaks to it any more
            os.close(back_read)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def in_lab(names: Mapping[str, str], certificates: Iterable[bytes]) -> tuple[str, ...]:
    """Flags for a world without our resolvers: addresses by name, and the servers' own certificates (PEM), of which
    the keys alone are believed."""
    rules = [f"MAP {name} {address}" for name, address in names.items()]
    keys = [
        load_pem_x509_certificate(pem).public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        for pem in certificates
    ]
    hashes = [base64.b64encode(hashlib.sha256(key).digest()).decode("ascii") for key in keys]
    return (
        f"--host-resolver-rules={','.join([*rules, 'MAP * ~NOTFOUND'])}",
        f"--ignore-certificate-errors-spki-list={','.join(hashes)}",
    )
