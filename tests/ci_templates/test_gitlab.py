"""The GitLab template: its scripts run by bash as a runner runs them, against a stand-in for GitLab."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from support.ci_service import TOKEN, Request, Service, bash, request, service
from support.ci_source import source
from support.example import ROOT
from support.package_index import needs_index

JOB = yaml.safe_load((ROOT / "ci" / "gitlab" / "mailwright.yml").read_text(encoding="utf-8"))["mailwright"]


def test_the_page_that_names_people_is_kept_for_developers() -> None:
    """GitLab shows what a job keeps to whoever may see its pipelines, which may be everybody."""
    assert JOB["artifacts"]["access"] == "developer"


def failures(kept: Path) -> str | None:
    return ElementTree.fromstring((kept / "check.xml").read_text(encoding="utf-8")).get("failures")  # noqa: S314 - ours


def run(
    folder: Path, served: Service, change: Request, *, install: bool = False, **variables: str
) -> subprocess.CompletedProcess[str]:
    """The job. mailwright is that of this checkout, unless it is to be installed."""
    home = folder / "home"
    home.mkdir(parents=True)
    environment = {
        **JOB["variables"],
        "CI_API_V4_URL": served.url,
        "CI_JOB_URL": "https://gitlab.example/-/jobs/1",
        "CI_PROJECT_DIR": str(change.folder),
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": change.base,
        "CI_MERGE_REQUEST_IID": "7",
        "CI_MERGE_REQUEST_PROJECT_ID": "42",
        "MAILWRIGHT_DESCRIPTIONS": change.description,
        "MAILWRIGHT_TOKEN": TOKEN,
        **variables,
    }
    script = list(JOB["script"])
    if install:
        script = [*JOB["before_script"], *script]
    else:
        (home / "source").symlink_to(ROOT)
        (home / "venv").symlink_to(sys.prefix)
        environment["MAILWRIGHT_HOME"] = str(home)
    return bash("\n".join(script), change.folder, environment, home)


@pytest.mark.slow
def test_a_note_is_written_and_then_replaced(tmp_path: Path) -> None:
    change = request(tmp_path / "repository")
    change.commit("name: College of Example", "name: College of Examples")
    with service("gitlab") as served:
        served.add("rl204", "please have a look")
        done = run(tmp_path / "one", served, change)
        assert (done.returncode, done.stderr) == (0, "")
        first = served.comments[1]["body"]
        assert "College of Examples" in first
        change.commit("networks:\n", "networks:\n  relay: [198.51.100.77/32]\n")
        assert run(tmp_path / "two", served, change).returncode == 0
        assert len(served.comments) == 2
        assert "MEDIUM RISK" in served.comments[1]["body"]
        assert {method for method, _ in served.asked} == {"GET", "POST", "PUT"}
        assert served.tokens == {TOKEN}


@pytest.mark.slow
def test_what_is_kept(tmp_path: Path) -> None:
    """The page, the Markdown and a test report; through no link that a branch may have put there."""
    change = request(tmp_path / "repository")
    kept = change.folder / "mailwright-review"
    (tmp_path / "elsewhere").mkdir()
    kept.symlink_to(tmp_path / "elsewhere")
    change.commit("name: College of Example", "name: College of Examples")
    with service("gitlab") as served:
        assert run(tmp_path / "one", served, change).returncode == 0
    assert not list((tmp_path / "elsewhere").iterdir())
    assert {path.name for path in kept.iterdir()} == {"check.xml", "review-1.html", "review-1.md"}
    assert failures(kept) == "0"


@pytest.mark.slow
def test_without_a_token_the_review_is_kept_all_the_same(tmp_path: Path) -> None:
    """Requests from forks run in the fork, which has no variables of the project."""
    change = request(tmp_path / "repository")
    change.commit("name: College of Example", "name: College of Examples")
    with service("gitlab") as served:
        done = run(tmp_path / "one", served, change, MAILWRIGHT_TOKEN="")
        assert done.returncode == 0
        assert "there is no token that may" in done.stdout
        assert served.asked == []
    assert (change.folder / "mailwright-review" / "review-1.html").exists()


def test_on_the_default_branch_it_is_checked_alone(tmp_path: Path) -> None:
    change = request(tmp_path / "repository")
    change.commit("timezone: Europe/London", "timezone: Nowhere/London")
    none = {"CI_MERGE_REQUEST_DIFF_BASE_SHA": "", "CI_MERGE_REQUEST_IID": "", "CI_MERGE_REQUEST_PROJECT_ID": ""}
    with service("gitlab") as served:
        assert run(tmp_path / "one", served, change, **none).returncode == 2
        assert served.asked == []
    kept = change.folder / "mailwright-review"
    assert [path.name for path in kept.iterdir()] == ["check.xml"]
    assert failures(kept) == "1"


@pytest.mark.slow
def test_no_name_is_run(tmp_path: Path) -> None:
    name = "$(touch pwned)`touch pwned`;touch pwned;' \".yml"
    change = request(tmp_path / "repository", f"sites/{name}")
    change.commit("name: College of Example", "name: College of $(touch pwned) `touch pwned`")
    with service("gitlab") as served:
        done = run(tmp_path / "one", served, change)
        assert done.returncode == 0, done.stdout + done.stderr
        assert len(served.comments) == 1
    assert not [path for path in tmp_path.rglob("*") if path.name == "pwned"]


@pytest.mark.slow
def test_mailwright_is_cloned_and_installed(tmp_path: Path) -> None:
    needs_index()
    change = request(tmp_path / "repository")
    change.commit("name: College of Example", "name: College of Examples")
    for name in ("venv", "pip", "ensurepip"):
        (change.folder / f"{name}.py").write_text(f"open({str(tmp_path / 'pwned')!r}, 'w')\n", encoding="utf-8")
    with service("gitlab") as served:
        repository = source(tmp_path / "source")
        where = {"MAILWRIGHT_REPOSITORY": str(repository), "MAILWRIGHT_REF": "main"}
        done = run(tmp_path / "one", served, change, install=True, **where)
        assert done.returncode == 0, done.stdout + done.stderr
        assert len(served.comments) == 1
    assert not (tmp_path / "pwned").exists()
