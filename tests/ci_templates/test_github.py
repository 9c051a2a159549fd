"""The GitHub action: its steps run by bash as a runner runs them, against a stand-in for GitHub."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from support.ci_service import TOKEN, Request, Service, bash, git, request, service
from support.example import ROOT
from support.package_index import needs_index

ACTION = ROOT / "ci" / "github" / "action.yml"
STEPS = yaml.safe_load(ACTION.read_text(encoding="utf-8"))
EXPRESSION = re.compile(r"\$\{\{\s*(.+?)\s*\}\}")
A_MACHINE = ("networks:\n", "networks:\n  relay: [198.51.100.77/32]\n")
WIDER = ("networks:\n", "networks:\n  relay: [198.51.100.0/25]\n")


def step(name: str) -> dict[str, object]:
    found: dict[str, object] = next(one for one in STEPS["runs"]["steps"] if one["name"] == name)
    return found


class Runner:
    """What a runner knows of a job."""

    def __init__(self, folder: Path, served: Service, change: Request, **inputs: str) -> None:
        self.folder, self.change = folder, change
        (folder / "temp" / "mailwright").mkdir(parents=True)
        (folder / "temp" / "mailwright" / "bin").symlink_to(Path(sys.executable).parent)
        given = {name: one["default"] for name, one in STEPS["inputs"].items()}
        given |= {"descriptions": change.description, "token": TOKEN} | inputs
        self.known = {f"inputs.{name}": value for name, value in given.items()} | {
            "github.event.pull_request.base.sha": change.base,
            "github.event.pull_request.number": "7",
            "github.server_url": "https://github.example",
            "github.repository": "college/mail",
            "github.run_id": "99",
            "github.api_url": served.url,
            "runner.temp": str(folder / "temp"),
        }

    @property
    def kept(self) -> Path:
        return self.folder / "temp" / "mailwright-review"

    @property
    def summary(self) -> str:
        return (self.folder / "summary").read_text(encoding="utf-8")

    def run(self, name: str) -> subprocess.CompletedProcess[str]:
        one = step(name)
        told = one.get("env", {})
        assert isinstance(told, dict)
        environment = {
            key: EXPRESSION.sub(lambda match: self.known[match[1]], str(value)) for key, value in told.items()
        } | {
            "GITHUB_ACTION_PATH": str(ACTION.parent),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "RUNNER_TEMP": str(self.folder / "temp"),
        }
        return bash(str(one["run"]), self.change.folder, environment, self.folder)

    def review(self) -> subprocess.CompletedProcess[str]:
        return self.run("Check and review")


def test_no_expression_becomes_part_of_a_script() -> None:
    """GitHub puts values into scripts before a shell sees them: a branch's name could end a string there."""
    scripts = [one["run"] for one in STEPS["runs"]["steps"] if "run" in one]
    assert len(scripts) == 2
    for script in scripts:
        assert "${{" not in script


@pytest.mark.slow
def test_a_comment_is_written_and_then_replaced(tmp_path: Path) -> None:
    change = request(tmp_path / "repository")
    with service("github") as served:
        served.add("rl204", "please have a look")
        runner = Runner(tmp_path / "runner", served, change)
        change.commit("name: College of Example", "name: College of Examples")
        done = runner.review()
        assert (done.returncode, done.stderr) == (0, "")
        first = served.comments[1]["body"]
        assert first.startswith("<!-- mailwright review ")
        change.commit(*WIDER)
        assert runner.review().returncode == 1
        assert len(served.comments) == 2
        second = served.comments[1]["body"]
        assert second != first
        assert "HIGH RISK" in second
        assert {method for method, _ in served.asked} == {"GET", "POST", "PATCH"}
        assert served.tokens == {f"Bearer {TOKEN}"}
        assert second.partition("\n")[2] in runner.summary
        assert "<!doctype html>" in (runner.kept / "review-1.html").read_text(encoding="utf-8").lower()


@pytest.mark.slow
def test_a_grave_risk_fails_the_job_unless_it_may_not(tmp_path: Path) -> None:
    change = request(tmp_path / "repository")
    change.commit(*A_MACHINE)
    with service("github") as served:
        for level, status in (("medium", 1), ("never", 0)):
            runner = Runner(tmp_path / level, served, change, **{"fail-on": level})
            assert runner.review().returncode == status
            assert "MEDIUM RISK" in served.comments[0]["body"]


def test_people_are_in_a_comment_only_when_asked_for(tmp_path: Path) -> None:
    change = request(tmp_path / "repository")
    people = change.folder / "people.csv"
    text = people.read_text(encoding="utf-8")
    header = text.splitlines()[0]
    people.write_text(
        text + "zz999,Zuleika Dobson,Zuleika.Dobson@college.ac.uk" + "," * (header.count(",") - 2) + "\n"
    )
    change.commit("name: College of Example", "name: College of Examples")
    with service("github") as served:
        assert Runner(tmp_path / "one", served, change).review().returncode == 0
        body = served.comments[0]["body"]
        for word in ("zz999", "Zuleika"):
            assert word.lower() not in body.lower()
        assert Runner(tmp_path / "two", served, change, personal="true").review().returncode == 0
        assert "zz999" in served.comments[0]["body"]


def test_a_fork_gets_its_review_in_the_summary(tmp_path: Path) -> None:
    change = request(tmp_path / "repository")
    change.commit("name: College of Example", "name: College of Examples")
    with service("github") as served:
        served.refuses = 403
        runner = Runner(tmp_path / "runner", served, change)
        done = runner.review()
        assert done.returncode == 0
        assert "the token may not (403), as it is for requests from forks" in done.stdout
        assert "::error::Resource" not in done.stdout
        assert "College of Examples" in runner.summary
        assert served.comments == []


def test_findings_are_annotations(tmp_path: Path) -> None:
    change = request(tmp_path / "repository")
    change.commit("timezone: Europe/London", "timezone: Nowhere/London")
    with service("github") as served:
        done = Runner(tmp_path / "runner", served, change).review()
        assert done.returncode == 2
        assert re.search(r"^::error file=site.yml,line=5,col=13,title=", done.stdout, re.MULTILINE)
        assert "cannot be compared: the log of the job says why" in served.comments[0]["body"]


def test_nothing_is_compared_outside_a_pull_request(tmp_path: Path) -> None:
    change = request(tmp_path / "repository")
    with service("github") as served:
        runner = Runner(tmp_path / "runner", served, change)
        runner.known |= {"github.event.pull_request.base.sha": "", "github.event.pull_request.number": ""}
        assert runner.review().returncode == 0
        assert served.asked == []
        assert list(runner.kept.iterdir()) == []


def test_a_new_description_is_checked_alone(tmp_path: Path) -> None:
    change = request(tmp_path / "repository")
    (change.folder / "other.yml").write_text("extends: site.yml\n", encoding="utf-8")
    with service("github") as served:
        runner = Runner(tmp_path / "runner", served, change, descriptions="other.yml\nsite.yml\n")
        done = runner.review()
        assert (done.returncode, done.stderr) == (0, "")
        assert "is new here" in served.comments[0]["body"]
        assert "Nothing changes" in served.comments[1]["body"]
        assert served.comments[0]["body"].splitlines()[0] != served.comments[1]["body"].splitlines()[0]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["$(touch pwned)`touch pwned`; touch pwned;.yml", "-x' \" & touch pwned & .yml"])
def test_no_name_is_run(tmp_path: Path, name: str) -> None:
    change = request(tmp_path / "repository", f"sites/{name}", branch="$(touch${IFS}pwned)&`touch${IFS}pwned`")
    change.commit("name: College of Example", "name: College of $(touch pwned) `touch pwned`")
    with service("github") as served:
        done = Runner(tmp_path / "runner", served, change).review()
        assert done.returncode == 0, done.stdout + done.stderr
        assert len(served.comments) == 1
        assert "No effect" in served.comments[0]["body"] or "risk" in served.comments[0]["body"].lower()
    assert not [path for path in tmp_path.rglob("*") if path.name == "pwned"]


EVIL = ("abuse: [", "abuse: [evil@evil.example, ")
QUOTED = """\
    {addresses: [web-forms@college.ac.uk], purpose: "F\u201c, replies: e@evil.example} #", replies: abuse@b.uk}
"""


def test_a_description_behind_a_link_is_compared(tmp_path: Path) -> None:
    """It is as old as what the link leads to."""
    change = request(tmp_path / "repository", "real/site.yml")
    (change.folder / "prod").symlink_to("real")
    git(change.folder, "add", "prod")
    git(change.folder, "commit", "--quiet", "--message", "link")
    change = replace(change, base=git(change.folder, "rev-parse", "HEAD"))
    change.commit(*EVIL)
    with service("github") as served:
        runner = Runner(tmp_path / "runner", served, change, descriptions="prod/site.yml")
        assert runner.review().returncode == 1
        assert "HIGH RISK" in served.comments[0]["body"]
        absolute = Runner(tmp_path / "absolute", served, change, descriptions=str(change.folder / "real/site.yml"))
        done = absolute.review()
    assert done.returncode == 2
    assert "named by an absolute path" in done.stdout


def test_what_is_checked_out_is_what_is_reviewed(tmp_path: Path) -> None:
    """By an attribute git makes another quotation mark of one that it keeps, and what it checks out is built."""
    change = request(tmp_path / "repository")
    site = change.folder / "site.yml"
    change.commit(
        site.read_text(encoding="utf-8").partition("  webforms:\n")[2].partition("\n\n")[0] + "\n", QUOTED
    )
    attribute = "site.yml working-tree-encoding=ASCII//TRANSLIT\n"
    (change.folder / ".gitattributes").write_text(attribute, encoding="utf-8")
    git(change.folder, "add", ".gitattributes")
    git(change.folder, "commit", "--quiet", "--message", "attribute")
    site.unlink()
    git(change.folder, "checkout", "site.yml")
    with service("github") as served:
        assert Runner(tmp_path / "runner", served, change).review().returncode == 1
        assert "HIGH RISK" in served.comments[0]["body"]
        assert "evil.example" in served.comments[0]["body"]


@pytest.mark.parametrize("personal", ["false", "true"])
def test_annotations_and_the_log_name_people_only_when_asked_for(tmp_path: Path, personal: str) -> None:
    change = request(tmp_path / "repository")
    people = change.folder / "people.csv"
    with people.open("a", encoding="utf-8") as file:
        file.write("rl204,Zuleika Dobson,Zuleika.Dobson@college.ac.uk,,,,\n")
    change.commit("  postmaster: [", "  postmaster: [zz999, ")
    with service("github") as served:
        done = Runner(tmp_path / "runner", served, change, personal=personal).review()
    assert done.returncode == 2
    assert "::error file=people.csv,line=" in done.stdout
    for name in ("rl204", "zz999"):
        assert (name in done.stdout) == (personal == "true")


def test_what_somebody_wrote_is_no_command_of_a_log(tmp_path: Path) -> None:
    """A runner takes ``::add-mask::`` and the like from any line of a log, but between two secret words."""
    change = request(tmp_path / "repository")
    change.commit("name: College of Example", '"name": "College \\n::error::of \\n##[error]it"')
    with service("github") as served:
        done = Runner(tmp_path / "runner", served, change).review()
    stopped, told = "", []
    for line in done.stdout.splitlines():
        if stopped:
            stopped = "" if line == f"::{stopped}::" else stopped
        elif line.startswith("::stop-commands::"):
            stopped = line.removeprefix("::stop-commands::")
            assert re.fullmatch("[0-9a-f]{32}", stopped)
        else:
            told.append(line)
    assert stopped == ""
    for line in told:
        assert not line.lstrip().startswith("::") or line.startswith(
            ("::error file=site.yml,", "::warning ", "::notice ")
        )
        assert not line.lstrip().startswith("##[")


@pytest.mark.slow
def test_mailwright_is_installed_from_the_action_itself(tmp_path: Path) -> None:
    """By pip, from the package index; modules that lie in the folder that is checked out are not run."""
    needs_index()
    change = request(tmp_path / "repository")
    for name in ("venv", "pip", "ensurepip"):
        (change.folder / f"{name}.py").write_text(f"open({str(tmp_path / 'pwned')!r}, 'w')\n", encoding="utf-8")
    with service("github") as served:
        runner = Runner(tmp_path / "runner", served, change)
        (runner.folder / "temp" / "mailwright" / "bin").unlink()
        done = runner.run("Install mailwright")
        assert done.returncode == 0, done.stderr
        assert os.access(runner.folder / "temp" / "mailwright" / "bin" / "mailwright", os.X_OK)
        assert runner.review().returncode == 0
    assert not (tmp_path / "pwned").exists()
