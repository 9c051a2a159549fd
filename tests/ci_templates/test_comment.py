"""ci/comment.py: whose comment is replaced, and what happens when a service does not do as it should."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from mailwright.changes.markdown import LIMIT
from support.ci_service import ME, TOKEN, Service, service
from support.example import ROOT

PROGRAM = ROOT / "ci" / "comment.py"


def post(folder: Path, served: Service, text: str = "a review", name: str = "site.yml", **more: str) -> str:
    """What it prints; its exit status in front."""
    file = folder / "review.md"
    file.write_text(text, encoding="utf-8")
    environment = {
        "MAILWRIGHT_SERVICE": served.kind,
        "MAILWRIGHT_API": served.url,
        "MAILWRIGHT_PROJECT": {"github": "college/mail", "gitlab": "42"}[served.kind],
        "MAILWRIGHT_REQUEST": "7",
        "MAILWRIGHT_TOKEN": TOKEN,
        "MAILWRIGHT_AUTHOR": ME["github"] if served.kind == "github" else "",
        "PATH": os.environ["PATH"],
        "no_proxy": "127.0.0.1",
        **more,
    }
    command = [sys.executable, "-I", str(PROGRAM), str(file), name]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return f"{done.returncode} {done.stdout}"


KINDS = pytest.mark.parametrize("kind", ["github", "gitlab"])


@KINDS
def test_each_description_has_one_comment(kind: str, tmp_path: Path) -> None:
    with service(kind) as served:
        assert post(tmp_path, served, "first") == "0 The comment is written.\n"
        assert post(tmp_path, served, "other", name="other.yml") == "0 The comment is written.\n"
        assert post(tmp_path, served, "second") == "0 The comment is updated.\n"
        bodies = [one["body"].partition("\n") for one in served.comments]
        assert [text for _, _, text in bodies] == ["second", "other"]
        assert bodies[0][0] != bodies[1][0]


@KINDS
def test_the_longest_review_has_room_with_its_mark(kind: str, tmp_path: Path) -> None:
    with service(kind) as served:
        post(tmp_path, served, "x" * LIMIT)
        assert len(served.comments[0]["body"]) <= 65_536


@KINDS
def test_nobody_elses_comment_is_replaced(kind: str, tmp_path: Path) -> None:
    with service(kind) as served:
        post(tmp_path, served)
        copied = served.add("mallory", served.comments[0]["body"])
        served.comments.reverse()
        for place, one in enumerate(served.comments, 1):
            one["id"] = place
        before = copied["body"]
        served.comments.append(
            {"id": 3, "body": before, "user": None, "author": None}
        )  # of an account that is gone
        assert post(tmp_path, served, "second") == "0 The comment is updated.\n"
        assert copied["body"] == before
        assert served.comments[1]["body"].endswith("second")


@KINDS
def test_it_is_found_behind_many_others(kind: str, tmp_path: Path) -> None:
    with service(kind) as served:
        for number in range(250):
            served.add("rl204", f"comment {number}")
        post(tmp_path, served)
        served.add("rl204", "and one more")
        post(tmp_path, served, "second")
        assert len(served.comments) == 252
        assert served.comments[250]["body"].endswith("second")


@KINDS
@pytest.mark.parametrize(("status", "printed"), [(403, "0 "), (401, "0 "), (404, "0 "), (422, "1 "), (500, "1 ")])
def test_a_refusal_is_told_in_words(kind: str, status: int, printed: str, tmp_path: Path) -> None:
    with service(kind) as served:
        served.refuses = status
        told = post(tmp_path, served)
        assert told.startswith(f"{printed}No comment is written: ")
        assert str(status) in told
        assert "::error::" not in told


@KINDS
def test_the_token_follows_no_redirection(kind: str, tmp_path: Path) -> None:
    with service(kind) as served:
        served.refuses = 302
        assert post(tmp_path, served).startswith("1 No comment is written: the service answers 302")
        assert served.asked[-1][0] == "POST"


def test_no_service_is_told(tmp_path: Path) -> None:
    with service("github") as served:
        pass
    assert post(tmp_path, served).startswith("1 No comment is written: ")


@KINDS
def test_nothing_is_asked_without_a_request_or_a_token(kind: str, tmp_path: Path) -> None:
    with service(kind) as served:
        assert post(tmp_path, served, MAILWRIGHT_REQUEST="") == "0 "
        assert "there is no token" in post(tmp_path, served, MAILWRIGHT_TOKEN="")
        assert served.asked == []
