"""A stand-in for what GitHub and GitLab know of comments, on loopback; and a repository with a change in it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from support.example import EXAMPLE

COMMENTS = {
    "github": (
        re.compile(r"/repos/college/mail/issues/7/comments"),
        re.compile(r"/repos/college/mail/issues/comments/(\d+)"),
    ),
    "gitlab": (
        re.compile(r"/projects/42/merge_requests/7/notes"),
        re.compile(r"/projects/42/merge_requests/7/notes/(\d+)"),
    ),
}
AUTHOR = {"github": ("user", "login", "PATCH"), "gitlab": ("author", "username", "PUT")}
ME = {"github": "github-actions[bot]", "gitlab": "project_42_bot"}
TOKEN = "token-of-the-test"
UNCOMPILED = {"PIP_COMPILE": "0"}
"""For pip: half of the time of an installation goes into bytecode that nothing needs here."""


@dataclass
class Service:
    """refuses  a status with which each request to write is answered; 0: it is done"""

    kind: str
    comments: list[dict[str, Any]] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)
    tokens: set[str] = field(default_factory=set)
    refuses: int = 0
    url: str = ""

    def add(self, author: str, body: str) -> dict[str, Any]:
        who, name, _ = AUTHOR[self.kind]
        made = {"id": len(self.comments) + 1, "body": body, who: {name: author}}
        self.comments.append(made)
        return made

    def answer(self, method: str, path: str, body: str | None) -> tuple[int, Any]:
        parts = urlsplit(path)
        many, one = COMMENTS[self.kind]
        _, name, update = AUTHOR[self.kind]
        if method == "GET" and parts.path == "/user":
            return 200, {name: ME[self.kind]}
        if self.refuses and method != "GET":
            return self.refuses, {"message": "::error::Resource not accessible by integration"}
        if many.fullmatch(parts.path):
            if method == "POST" and body is not None:
                return 201, self.add(ME[self.kind], body)
            asked = parse_qs(parts.query)
            size, page = int(asked["per_page"][0]), int(asked["page"][0])
            return 200, self.comments[size * (page - 1) : size * page]
        found = one.fullmatch(parts.path)
        if found and method == update and body is not None:
            self.comments[int(found[1]) - 1]["body"] = body
            return 200, self.comments[int(found[1]) - 1]
        return 404, {"message": "Not Found"}


@contextmanager
def service(kind: str) -> Iterator[Service]:
    served = Service(kind)

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            told = json.loads(self.rfile.read(length)) if length else {}
            served.asked.append((self.command, urlsplit(self.path).path))
            served.tokens.add(self.headers.get("PRIVATE-TOKEN") or self.headers.get("Authorization", ""))
            status, answer = served.answer(self.command, self.path, told.get("body"))
            data = json.dumps(answer).encode()
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"{served.url}/user")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_PUT = _do  # noqa: N815 - http.server's names

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        served.url = f"http://127.0.0.1:{server.server_port}"
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield served
        finally:
            server.shutdown()


def git(folder: Path, *arguments: str) -> str:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@college.ac.uk")
    done = subprocess.run(["git", *who, "-C", str(folder), *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@dataclass(frozen=True)
class Request:
    """A working copy with a change checked out, and the commit that it starts from."""

    folder: Path
    base: str
    description: str

    def commit(self, old: str, new: str) -> None:
        path = self.folder / self.description
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1
        path.write_text(text.replace(old, new), encoding="utf-8")
        git(self.folder, "commit", "--quiet", "--all", "--message", "change")


def request(folder: Path, description: str = "site.yml", branch: str = "change") -> Request:
    """The example under that name, on a branch of that name; nothing is changed yet."""
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch", "main")
    (folder / description).parent.mkdir(parents=True, exist_ok=True)
    for path in EXAMPLE.parent.iterdir():
        name = folder / description if path == EXAMPLE else (folder / description).parent / path.name
        shutil.copyfile(path, name)  # writable, also where the checkout is not
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "base")
    git(folder, "checkout", "--quiet", "-b", branch)
    return Request(folder, git(folder, "rev-parse", "HEAD"), description)


def bash(script: str, folder: Path, environment: dict[str, str], home: Path) -> subprocess.CompletedProcess[str]:
    """The script as both services run it, with nothing of this process's environment but the way to programs."""
    plain = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "no_proxy": "127.0.0.1"}
    kept = {name: value for name, value in os.environ.items() if name.startswith(("PIP_", "SSL_", "UV_"))}
    return subprocess.run(
        ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
        cwd=folder,
        env=plain | kept | UNCOMPILED | environment,
        capture_output=True,
        text=True,
        check=False,
    )
