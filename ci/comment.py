"""Writes a review below a pull or merge request, in place of the one that it wrote there before.

python3 -I comment.py FILE NAME

FILE holds the Markdown, NAME tells this review from others below the same request. In variables:

    MAILWRIGHT_SERVICE   github or gitlab
    MAILWRIGHT_API       https://api.github.com, https://gitlab.example.org/api/v4
    MAILWRIGHT_PROJECT   owner/name on GitHub, a number on GitLab
    MAILWRIGHT_REQUEST   the number of the request; empty: there is none, so nothing is written
    MAILWRIGHT_TOKEN     empty: nothing can be written, and that is said
    MAILWRIGHT_AUTHOR    whose comments are ours: github-actions[bot]; empty: the token's owner

Requests from forks have no token that may write: then the review is in the job's summary and log, and the exit
status is 0 all the same. It is 1 when the service answers otherwise than it should. Nothing but Python is needed.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import quote

PAGE = 100  # comments that are asked for at once: what both services give at the most
PAGES = 50
SECONDS = 30
NOT_ALLOWED = (401, 403, 404)  # GitHub says 404 to tokens that may not even look


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """The token goes to nobody else."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


@dataclass(frozen=True)
class Service:
    """Where comments are. ``comments``: the collection; ``comment``: what the number of one is appended to."""

    headers: dict[str, str]
    comments: str
    comment: str
    author: str  # the field that names who wrote a comment
    name: str  # and the field of that
    update: str
    me: str


def github(api: str, project: str, number: int, token: str) -> Service:
    base = f"{api}/repos/{quote(project)}/issues"
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    return Service(
        headers, f"{base}/{number}/comments", f"{base}/comments/", "user", "login", "PATCH", f"{api}/user"
    )


def gitlab(api: str, project: str, number: int, token: str) -> Service:
    notes = f"{api}/projects/{quote(project, safe='')}/merge_requests/{number}/notes"
    return Service({"PRIVATE-TOKEN": token}, notes, f"{notes}/", "author", "username", "PUT", f"{api}/user")


SERVICES = {"github": github, "gitlab": gitlab}


def ask(service: Service, method: str, url: str, body: str | None = None) -> Any:
    """What the service answers. Raises OSError (of which HTTPError is one), ValueError, HTTPException."""
    data = None if body is None else json.dumps({"body": body}).encode()
    headers = {**service.headers, "Content-Type": "application/json", "User-Agent": "mailwright"}
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - the service's own address
    with _OPENER.open(request, timeout=SECONDS) as answer:
        return json.loads(answer.read())


def written(service: Service) -> Iterator[dict[str, Any]]:
    """The comments below the request, the oldest first."""
    order = "&sort=asc&order_by=created_at" if service.update == "PUT" else ""
    for page in range(1, PAGES + 1):
        found = ask(service, "GET", f"{service.comments}?per_page={PAGE}&page={page}{order}")
        yield from found
        if len(found) < PAGE:
            return


def write(service: Service, author: str, mark: str, text: str) -> str:
    """Writes the comment, and returns what was done."""
    author = author or ask(service, "GET", service.me)[service.name]
    body = f"{mark}\n{text}"
    for one in written(service):
        # Whoever copies the mark into a comment of their own keeps that comment.
        if str(one["body"]).startswith(mark) and (one[service.author] or {}).get(service.name) == author:
            ask(service, service.update, f"{service.comment}{int(one['id'])}", body)
            return "updated"
    ask(service, "POST", service.comments, body)
    return "written"


def main(file: str, name: str) -> int:
    number, token = os.environ["MAILWRIGHT_REQUEST"], os.environ["MAILWRIGHT_TOKEN"]
    if not number:
        return 0
    if not token:
        print("No comment is written: there is no token that may. The review is in the job's log and artifacts.")
        return 0
    make = SERVICES[os.environ["MAILWRIGHT_SERVICE"]]
    service = make(os.environ["MAILWRIGHT_API"], os.environ["MAILWRIGHT_PROJECT"], int(number), token)
    mark = f"<!-- mailwright review {hashlib.sha256(os.fsencode(name)).hexdigest()[:16]} -->"
    try:
        done = write(service, os.environ["MAILWRIGHT_AUTHOR"], mark, Path(file).read_text(encoding="utf-8"))
    except urllib.error.HTTPError as error:
        if error.code in NOT_ALLOWED:
            print(
                f"No comment is written: the token may not ({error.code}), as it is for requests from forks. "
                "The review is in the job's summary, log and artifacts."
            )
            return 0
        print(f"No comment is written: the service answers {error.code}.")
        return 1
    except (OSError, HTTPException, ValueError, LookupError, TypeError) as error:
        print(f"No comment is written: {type(error).__name__}.")  # its words may be the service's, or anybody's
        return 1
    print(f"The comment is {done}.")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
