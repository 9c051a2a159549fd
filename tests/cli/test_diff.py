"""mailwright diff."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailwright.cli.build import command as build
from mailwright.cli.diff import FORMATS, command
from support.example import EXAMPLE, SPLIT

OLD_HOST = '  mail.college.ac.uk: {addresses: [198.51.100.25, "2001:db8:c011::25"], os: debian-13}\n'
NOTHING = "Nothing changes: both descriptions make the same service.\n"
STARTER = "ns001,New Starter,New.Starter@college.ac.uk,,,Physics,\n"
IDENTITY = ("-c", "user.name=Somebody", "-c", "user.email=somebody@college.ac.uk")


def diff(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(each) for each in arguments], standalone_mode=False)


def status(*arguments: str | Path) -> int:
    """The exit status as the shell sees it, usage errors too."""
    result = CliRunner().invoke(command, [str(each) for each in arguments])
    return result.exit_code


@pytest.fixture
def new(tmp_path: Path) -> Path:
    """A copy of the example."""
    for path in EXAMPLE.parent.iterdir():
        if path.is_file():
            (tmp_path / path.name).write_bytes(path.read_bytes())
    return tmp_path / "site.yml"


@pytest.fixture
def repository(new: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The copy in a git repository, committed on ``main``; it is the current folder."""
    monkeypatch.chdir(new.parent)
    git("init", "--quiet", "--initial-branch=main")
    commit("The site as it is")
    return Path("site.yml")


def git(*arguments: str) -> None:
    subprocess.run(["git", *IDENTITY, *arguments], check=True, capture_output=True)


def commit(message: str) -> None:
    git("add", ".")
    git("commit", "--quiet", "--message", message)


def starter(site: Path) -> None:
    with (site.parent / "people.csv").open("a") as file:
        file.write(STARTER)


def replaced(site: Path, old: str, new: str) -> None:
    text = site.read_text()
    assert text.count(old) == 1
    site.write_text(text.replace(old, new))


def widened(site: Path) -> None:
    """A whole network may relay without a login."""
    replaced(site, "networks:\n", "networks:\n  relay: [198.51.100.0/24]\n")


class TestTwoFiles:
    def test_the_same_description_says_exactly_that(self, new: Path) -> None:
        new.write_text("# a comment\n" + new.read_text())
        result = diff(EXAMPLE, new, "--exit-code", "--fail-on", "low")
        assert result.return_value == 0
        assert result.output == NOTHING

    def test_the_split_site_takes_editing_hosts_in_one_file(self, new: Path) -> None:
        hosts = "".join(
            f'  {label}.college.ac.uk: {{addresses: [198.51.100.{number}, "2001:db8:c011::{number}"], '
            f"os: debian-13, functions: [{', '.join(functions)}]}}\n"
            for label, number, functions in SPLIT
        )
        replaced(new, OLD_HOST, hosts)
        result = diff(EXAMPLE, new)
        assert result.return_value == 0
        said = " ".join(result.output.split())
        assert "submission (mail of people who log in) moves from mail.college.ac.uk to smtp.college.ac.uk." in said
        assert "20 mailboxes move from mail.college.ac.uk to store2.college.ac.uk" in said
        document = json.loads(diff(EXAMPLE, new, "--format", "json").output)
        assert document["counts"]["mailboxes"] == 40

    @pytest.mark.parametrize(("option", "wanted"), [("--exit-code", 1), ("--fail-on=low", 0)])
    def test_a_change_without_a_risk(self, new: Path, option: str, wanted: int) -> None:
        starter(new)
        assert diff(EXAMPLE, new).return_value == 0
        assert diff(EXAMPLE, new, option).return_value == wanted

    @pytest.mark.parametrize("grave", ["low", "medium", "high"])
    def test_a_grave_risk_fails_when_that_is_asked(self, new: Path, grave: str) -> None:
        widened(new)
        result = diff(EXAMPLE, new, "--fail-on", grave)
        assert result.return_value == 1
        assert result.output.startswith("HIGH RISK: ")
        assert f"{new}:" in result.output

    @pytest.mark.parametrize(
        ("format_", "start"),
        [("markdown", "high risk: "), ("html", "<!DOCTYPE html>"), ("json", "{"), ("sarif", "{")],
    )
    def test_each_format_has_its_beginning(self, new: Path, format_: str, start: str) -> None:
        widened(new)
        result = diff(EXAMPLE, new, "--format", format_)
        assert result.return_value == 0
        assert result.output.lower().lstrip().startswith(start.lower())

    @pytest.mark.parametrize("format_", ["markdown", "sarif"])
    def test_a_comment_names_people_only_when_told_to(self, new: Path, format_: str) -> None:
        replaced(new, "members: [rl204, ii305]", "members: [ii305]")
        without = diff(EXAMPLE, new, "--format", format_).output
        assert "role.one-person" in without
        assert "ii305" not in without
        assert "ii305" in diff(EXAMPLE, new, "--format", format_, "--personal").output

    def test_files_are_named_and_shown_when_that_is_asked(self, new: Path) -> None:
        starter(new)
        assert "+ns001@" not in diff(EXAMPLE, new).output
        shown = diff(EXAMPLE, new, "--files").output
        assert "\n@@ " in shown
        assert "\n+new.starter@college.ac.uk" in shown

    def test_a_page_has_the_differences_of_files_without_being_asked(self, new: Path) -> None:
        starter(new)
        files = json.loads(diff(EXAMPLE, new, "--format", "json").output)["files"]
        assert all(file["diff"] for file in files)

    def test_many_at_once_is_a_risk_that_a_reason_lets_pass(self, new: Path) -> None:
        people = new.parent / "people.csv"
        with people.open("a") as file:
            file.writelines(f"ns{n:03d},New {n},N.X{n}@college.ac.uk,,,,\n" for n in range(30))
        assert "many.rows" in diff(EXAMPLE, new).output
        assert "many.rows" not in diff(EXAMPLE, new, "--threshold", "90").output
        forced = diff(EXAMPLE, new, "--force", "the new intake", "--fail-on", "medium")
        assert forced.return_value == 0
        assert "Let pass: the new intake" in forced.output

    def test_nothing_is_let_pass_without_a_reason(self, new: Path) -> None:
        assert status(EXAMPLE, new, "--force", " ") == 2

    def test_two_organisations_are_compared_with_a_warning(self, new: Path) -> None:
        for file in (new, new.parent / "people.csv"):
            file.write_text(file.read_text().replace("college.ac.uk", "other.ac.uk"))
        assert "These are two organisations" not in diff(EXAMPLE, new).output  # it has moved to another domain
        replaced(new, "College of Example", "University of Others")
        result = diff(EXAMPLE, new)
        assert result.return_value == 0
        assert "These are two organisations" in result.output

    def test_nothing_is_written(self, new: Path) -> None:
        widened(new)
        before = sorted(new.parent.rglob("*"))
        diff(EXAMPLE, new, "--format", "html")
        assert sorted(new.parent.rglob("*")) == before


class TestUnusable:
    @pytest.mark.parametrize("side", ["old", "new"])
    def test_a_side_is_named_with_the_place_and_the_other_one_is_judged(self, new: Path, side: str) -> None:
        replaced(new, "os: debian-13", "os: debian-9")
        result = diff(new, EXAMPLE) if side == "old" else diff(EXAMPLE, new)
        other = "new" if side == "old" else "old"
        assert result.return_value == 2
        assert result.stdout == ""
        assert f"{new}, the {side} side, cannot be compared:\n{new}:" in result.stderr
        assert f"{EXAMPLE}, the {other} side, has no fault." in result.stderr
        mark = "-" if side == "old" else "+"
        assert f"\n{mark}{OLD_HOST.replace('debian-13', 'debian-9')}" in result.stderr

    def test_both_sides_are_named(self, new: Path) -> None:
        replaced(new, "os: debian-13", "os: debian-9")
        result = diff(new, new.parent / "none.yml")
        assert result.return_value == 2
        assert "the old side, cannot be compared" in result.stderr
        assert "the new side, cannot be compared" in result.stderr

    def test_a_contradiction_that_the_plan_finds(self, new: Path) -> None:
        (new.parent / "stores.csv").write_text("login,store\nrl204,elsewhere.college.ac.uk\n")
        result = diff(EXAMPLE, new)
        assert result.return_value == 2
        assert "elsewhere.college.ac.uk" in result.stderr

    def test_what_breaks_a_must_is_compared_all_the_same(self, new: Path) -> None:
        replaced(new, "  postmaster:", "  hostmaster2:")
        result = diff(EXAMPLE, new)
        assert result.return_value == 0
        assert "Nothing can be built from" in " ".join(result.output.split())

    def test_a_file_that_is_not_there(self, tmp_path: Path) -> None:
        result = diff(EXAMPLE, tmp_path / "none.yml")
        assert result.return_value == 2
        assert "none.yml" in result.stderr
        assert status(tmp_path / "none.yml", EXAMPLE) == 2

    @pytest.mark.parametrize("side", ["old", "new"])
    def test_a_pipe_is_not_waited_for(self, tmp_path: Path, side: str) -> None:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        result = diff(pipe, EXAMPLE) if side == "old" else diff(EXAMPLE, pipe)
        assert result.return_value == 2
        assert f"{pipe}, the {side} side, cannot be compared:" in result.stderr

    def test_nothing_is_shown_of_what_a_link_leads_to(self, repository: Path, tmp_path: Path) -> None:
        """Whoever made the branch that is checked out may have made the link."""
        secret = tmp_path.parent / f"{tmp_path.name}-secret"
        for target, text in ((secret, "key: hunter2\n"), (tmp_path / ".vault-pass", "hunter2\n")):
            target.write_text(text)
            repository.unlink()
            repository.symlink_to(target)
            result = diff("HEAD", "--", repository)
            assert result.return_value == 2
            assert "hunter2" not in result.output

    @pytest.mark.parametrize("format_", ["markdown", "sarif"])
    def test_names_are_shown_where_they_are_asked_for(self, new: Path, format_: str) -> None:
        replaced(new, "os: debian-13", "os: debian-9")
        with (new.parent / "people.csv").open("a") as file:
            file.write("rl204,Zuleika Dobson,Zuleika.Dobson@college.ac.uk,,,,\n")
        said = diff(EXAMPLE, new, "--format", format_).stderr
        for name in ("rl204", "debian-9", "Zuleika"):
            assert name not in said
        assert f"{new}:" in said
        assert "the new side, cannot be compared" in said
        asked = diff(EXAMPLE, new, "--format", format_, "--personal").stderr
        for name in ("rl204", "debian-9"):
            assert name in asked

    def test_a_control_character_does_not_reach_the_terminal(self, new: Path) -> None:
        new.write_text(new.read_text() + "# \x1b[2J\n")
        result = diff(EXAMPLE, new)
        assert result.return_value == 2
        assert "\x1b" not in result.stderr

    @pytest.mark.parametrize(
        "arguments",
        [(), (EXAMPLE,), (EXAMPLE, EXAMPLE, EXAMPLE, EXAMPLE), ("--", EXAMPLE), ("HEAD", "--", "a", "b")],
    )
    def test_arguments_that_name_no_two_sides(self, arguments: tuple[str, ...]) -> None:
        assert status(*arguments) == 2


class TestRevisions:
    @pytest.mark.parametrize("apart", [("--",), ()], ids=["with --", "without"])
    def test_a_revision_against_the_file_as_it_is(self, repository: Path, apart: tuple[str, ...]) -> None:
        assert diff("HEAD", *apart, repository).output == NOTHING
        starter(repository)
        assert "ns001 (New Starter) gets a mailbox" in diff("HEAD", *apart, repository).output

    @pytest.mark.parametrize("form", [("HEAD~1..HEAD",), ("HEAD~1", "HEAD"), ("HEAD~1..",)])
    def test_two_revisions(self, repository: Path, form: tuple[str, ...]) -> None:
        starter(repository)
        commit("A starter")
        repository.unlink()
        assert "ns001 (New Starter) gets a mailbox" in diff(*form, "--", repository).output

    def test_since_a_branch_left(self, repository: Path) -> None:
        git("switch", "--quiet", "--create", "change")
        starter(repository)
        commit("A starter")
        git("switch", "--quiet", "main")
        widened(repository)
        commit("Meanwhile")
        only = diff("main...change", "--", repository).output
        assert only.startswith("No risk found")
        assert "ns001" in only
        assert "198.51.100.0/24" in diff("main..change", "--", repository).output

    def test_a_risk_has_its_place_at_the_revision(self, repository: Path) -> None:
        widened(repository)
        commit("Wider")
        result = diff("HEAD~1..HEAD", "--", repository)
        assert "HEAD:site.yml:" in result.output
        assert "tree/site.yml" not in result.output

    def test_a_revision_that_cannot_be_used_is_named(self, repository: Path) -> None:
        replaced(repository, "os: debian-13", "os: debian-9")
        commit("Too old")
        result = diff("HEAD~1..HEAD", "--", repository)
        assert result.return_value == 2
        assert "HEAD:site.yml, the new side, cannot be compared:\nHEAD:site.yml:" in result.stderr
        assert "HEAD~1:site.yml, the old side, has no fault." in result.stderr
        assert "tree/site.yml" not in result.stderr

    @pytest.mark.parametrize("form", [("nowhere", "--"), ("HEAD..nowhere", "--"), ("nowhere",)])
    def test_a_revision_that_is_not_there(self, repository: Path, form: tuple[str, ...]) -> None:
        assert status(*form, repository) == 2

    @pytest.mark.parametrize("sides", [("HEAD~1..HEAD",), ("HEAD~1",)], ids=["at a revision", "as it is"])
    def test_code_scanning_gets_paths_from_the_top(
        self, repository: Path, sides: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        folder = repository.absolute().parent / "sites" / "a b"
        folder.mkdir(parents=True)
        for path in [path for path in repository.absolute().parent.iterdir() if path.is_file()]:
            path.rename(folder / path.name)
        commit("Moved")
        widened(folder / "site.yml")
        commit("Wider")
        for here, path in ((folder, "site.yml"), (folder.parent, "a b/site.yml")):
            monkeypatch.chdir(here)
            (run,) = json.loads(diff(*sides, "--format", "sarif", "--", path).output)["runs"]
            places = [place["physicalLocation"] for result in run["results"] for place in result["locations"]]
            assert places
            assert {place["artifactLocation"]["uri"] for place in places} == {"sites/a%20b/site.yml"}

    def test_a_description_that_is_new_is_told_where_that_is_asked(self, repository: Path) -> None:
        """It is not where something hides what was there: a link to nowhere, or the new side that has none."""
        other = repository.with_name("other.yml")
        other.write_text("extends: site.yml\n")
        assert status("HEAD", "--", other) == 2
        assert status("--tell-new", "HEAD", "--", other) == 3
        assert status("--tell-new", "HEAD", "--", repository) == 0
        git("rm", "--quiet", "--cached", "site.yml")
        git("commit", "--quiet", "--message", "Gone")
        assert status("--tell-new", "HEAD~1..HEAD", "--", repository) == 2
        other.unlink()
        other.symlink_to("nowhere/other.yml")
        commit("A link")
        assert status("--tell-new", "HEAD", "--", other) == 2
        assert status("--tell-new", "nowhere", "--", repository) == 2

    def test_not_a_repository(self, new: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("GIT_CEILING_DIRECTORIES", os.fspath(new.parent.parent))
        result = CliRunner().invoke(command, ["HEAD", "--", os.fspath(new)])
        assert result.exit_code == 2
        assert "no git repository" in result.stderr

    def test_a_folder_at_a_revision_is_no_description(self, repository: Path) -> None:
        result = CliRunner().invoke(command, ["HEAD", "--", "."])
        assert result.exit_code == 2
        assert ". is a folder" in result.stderr
        assert status("HEAD", "--", repository) == 0

    def test_no_control_character_of_a_name_reaches_the_terminal(self, repository: Path) -> None:
        result = CliRunner().invoke(command, ["HEAD", "--", f"{repository}\x1b[2J"])
        assert result.exit_code == 2
        assert "\x1b" not in result.stderr
        assert "\\x1b[2J" in result.stderr

    def test_options_stand_before_the_dashes(self, repository: Path) -> None:
        starter(repository)
        assert diff("--exit-code", "HEAD", "--", repository).return_value == 1
        assert status("HEAD", "--", repository, "--exit-code") == 2


class TestBuilds:
    @pytest.fixture
    def built(self, new: Path) -> Path:
        out = new.parent / "build"
        result = CliRunner().invoke(build, [str(new), "--out", str(out)], standalone_mode=False)
        assert result.return_value == 0
        return out

    def test_nothing_has_come_since(self, new: Path, built: Path) -> None:
        assert diff(built / "college.ac.uk", new, "--exit-code").output == NOTHING

    def test_the_folder_of_builds_will_do(self, new: Path, built: Path) -> None:
        assert diff(built, new).output == NOTHING

    def test_what_the_description_changes(self, new: Path, built: Path) -> None:
        starter(new)
        result = diff(built, new)
        assert "ns001 (New Starter) gets a mailbox" in result.output
        assert "newer mailwright" not in result.output

    def test_what_another_version_made_is_told_apart(self, new: Path, built: Path) -> None:
        made_by_another(built / "college.ac.uk")
        starter(new)
        document = json.loads(diff(built, new, "--format", "json").output)
        assert document["parts"] == ["description", "mailwright"]
        assert document["old"]["mailwright"] == "0.0.1"
        paths = {file["path"]: file["origin"] for file in document["files"]}
        assert paths["ansible.cfg"] == "mailwright"
        assert paths["hosts/mail.college.ac.uk/postfix/etc/postfix/virtual_mailboxes"] == "description"

    def test_a_file_that_was_changed_by_hand_is_named(self, new: Path, built: Path) -> None:
        with (built / "college.ac.uk" / "ansible.cfg").open("a") as file:
            file.write("# mine\n")
        result = diff(built, new)
        assert "ansible.cfg of" in result.output
        assert "changed since it was built" in " ".join(result.output.split())

    def test_an_edited_build_differs_in_every_format(self, new: Path, built: Path) -> None:
        """Both descriptions are the same; what lies in the build is not what was built."""
        assert diff(built, new, "--exit-code").return_value == 0
        with (built / "college.ac.uk/hosts/mail.college.ac.uk/postfix/etc/postfix/main.cf").open("a") as file:
            file.write("mynetworks = 0.0.0.0/0\n")
        for format_ in FORMATS:
            result = diff(built, new, "--exit-code", "--format", format_)
            assert result.return_value == 1
            assert "Nothing changes" not in result.output
            assert "changed since it was built" in " ".join(result.output.split())
            assert "main.cf" in result.output

    def test_a_build_is_no_new_side(self, built: Path) -> None:
        """Its files may be anybody's, and only its description would be looked at."""
        for old in (EXAMPLE, built):
            result = CliRunner().invoke(command, [str(old), str(built)])
            assert result.exit_code == 2
            assert "name that as the new side" in result.stderr

    def test_a_folder_that_is_no_build(self, new: Path) -> None:
        (new.parent / "empty").mkdir()
        assert status(new.parent / "empty", new) == 2


def made_by_another(folder: Path) -> None:
    """As if another version had built it: its ansible.cfg was another one."""
    import hashlib

    manifest = json.loads((folder / "MANIFEST.json").read_text())
    manifest["mailwright"] = "0.0.1"
    text = (folder / "ansible.cfg").read_bytes() + b"# older\n"
    (folder / "ansible.cfg").write_bytes(text)
    manifest["files"]["ansible.cfg"] = hashlib.sha256(text).hexdigest()
    (folder / "MANIFEST.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(("said", "wanted"), [("nan", 2), ("-nan", 2), ("inf", 2), ("-1", 2), ("0", 0), ("100", 0)])
def test_a_threshold_is_a_share(said: str, wanted: int) -> None:
    """Nothing is above what is no number."""
    assert status(EXAMPLE, EXAMPLE, f"--threshold={said}") == wanted
