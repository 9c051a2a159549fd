"""mailwright diff of the folders of a provider."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from mailwright.changes.text import SCREEN, WIDTH
from mailwright.cli.diff import FORMATS, command
from support.provider_cases import BASE

IDENTITY = ("-c", "user.name=Somebody", "-c", "user.email=somebody@hosting.example")
NOTHING = "Nothing changes: both folders make the same service of every customer.\n"


def diff(*arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(each) for each in arguments], standalone_mode=False)


def head(*options: str) -> Result:
    """The folder as it is now against the last commit; paths come last."""
    return diff("HEAD", *options, "--", "provider/")


def status(*arguments: str | Path) -> tuple[int, str]:
    """The exit status as the shell sees it, and what is said of it."""
    result = CliRunner().invoke(command, [str(each) for each in arguments])
    return result.exit_code, result.stderr


def git(*arguments: str) -> None:
    subprocess.run(["git", *IDENTITY, *arguments], check=True, capture_output=True)


def commit(message: str = "A change") -> None:
    git("add", "--all", ".")
    git("commit", "--quiet", "--allow-empty", "--message", message)


def replaced(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))


@pytest.fixture
def provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A provider's folder in a repository, committed; the repository's top is the current folder."""
    folder = tmp_path / "provider"
    shutil.copytree(BASE, folder)
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet", "--initial-branch=main")
    commit()
    return Path("provider")


def longer(provider: Path) -> None:
    replaced(provider / "provider.yml", "logging: {days: 92}", "logging: {days: 110}")


def robbed(provider: Path) -> None:
    """A customer takes another one's domain."""
    replaced(provider / "customers/holt.yml", "domains: [holt.ac.uk]", "domains: [other.ac.uk]")
    replaced(provider / "customers/isle.yml", "domains: [isle.ac.uk]", "domains: [isle.ac.uk, holt.ac.uk]")


class TestSides:
    def test_what_is_in_git_against_what_is_there_now(self, provider: Path) -> None:
        assert head().output == NOTHING
        longer(provider)
        result = head()
        assert result.output.startswith("MEDIUM RISK: 1 medium; 8 of 12 customers change.\n")
        assert result.return_value == 0
        assert diff("HEAD", "provider").output == result.output

    def test_two_revisions(self, provider: Path) -> None:
        longer(provider)
        commit()
        wanted = "defaults line 19: /logging/days 92 → 110: 8 customers"
        for arguments in (("HEAD~1..HEAD",), ("HEAD~1", "HEAD"), ("HEAD~1...HEAD",)):
            assert wanted in " ".join(diff(*arguments, "--", "provider/").output.split())
        assert diff("HEAD..HEAD", "--", "provider").output == NOTHING

    def test_two_folders(self, provider: Path, tmp_path: Path) -> None:
        longer(provider)
        assert "8 of 12 customers change" in diff(BASE, tmp_path / "provider").output
        assert diff(provider, provider).output == NOTHING

    def test_the_folder_may_be_the_top_of_the_repository(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        shutil.copytree(BASE, tmp_path, dirs_exist_ok=True)
        monkeypatch.chdir(tmp_path)
        git("init", "--quiet")
        commit()
        longer(tmp_path)
        assert "8 of 12 customers change" in diff("HEAD", "--", ".").output

    @pytest.mark.usefixtures("provider")
    def test_a_new_provider(self) -> None:
        git("rm", "-r", "--quiet", "provider")
        commit()
        shutil.copytree(BASE, "provider")
        result = head()
        assert "has no provider.yml: everything is new" in " ".join(result.output.split())
        assert "12 of 12 customers change (12 new)" in " ".join(result.output.split())

    def test_nothing_is_written(self, provider: Path) -> None:
        longer(provider)
        before = sorted(path for path in Path().rglob("*") if ".git" not in path.parts)
        head("--format", "html")
        assert sorted(path for path in Path().rglob("*") if ".git" not in path.parts) == before


class TestOneScreen:
    def test_a_changed_default_is_told_on_one(self, provider: Path) -> None:
        longer(provider)
        lines = head().output.splitlines()
        assert len(lines) <= SCREEN
        assert max(map(len, lines)) <= WIDTH

    def test_it_is_not_longer_for_hundreds(self, tmp_path: Path) -> None:
        old, new = tmp_path / "old", tmp_path / "new"
        shutil.copytree(BASE, old)
        text = (BASE / "customers/knoll.yml").read_text()
        for number in range(190 - 12):
            own = "\nlogging: {days: 140}\n" if number < 1 else ""
            other = text.replace("knoll", f"k{number:03d}").replace("Knoll", f"K{number:03d}")
            (old / f"customers/k{number:03d}.yml").write_text(other + own)
        shutil.copytree(old, new)
        replaced(new / "provider.yml", "logging: {days: 92}", "logging: {days: 110}")
        output = diff(old, new).output
        assert len(output.splitlines()) <= SCREEN, output
        said = " ".join(output.split())
        assert "185 of 190 customers change" in said
        assert "185 customers; 3 unaffected because they set their own (fell, glen and k000)" in said
        assert diff(old, new, "--jobs", "1").output == output


class TestFormats:
    @pytest.mark.parametrize("format_", FORMATS)
    def test_each_says_who_has_taken_whose_domain(self, provider: Path, format_: str) -> None:
        robbed(provider)
        result = head("--format", format_)
        assert result.return_value == 0
        assert "holt.ac.uk" in result.output
        assert "provider.domain-moved" in result.output

    @pytest.mark.parametrize("format_", ["markdown", "sarif"])
    def test_strangers_are_told_of_nobody_unless_that_is_asked(self, provider: Path, format_: str) -> None:
        replaced(provider / "customers/holt.yml", "Bob.Holter@holt.ac.uk", "Rob.Holter@holt.ac.uk")
        assert "bob.holter" not in head("--format", format_).output.lower()
        assert "bob.holter" in head("--format", format_, "--personal").output.lower()

    def test_a_comment_is_never_too_long(self, provider: Path) -> None:
        for number in range(1200):
            text = (BASE / "customers/knoll.yml").read_text().replace("knoll", f"k{number:04d}")
            (provider / f"customers/k{number:04d}.yml").write_text(text if number < 3 else "platform: [\n")
        output = head("--format", "markdown", "--full-report", "the job").output
        assert len(output.encode("utf-16-le")) // 2 <= 65_536
        assert "_Cut, because a comment is this long at most._ The full report: `the job`." in output

    def test_places_are_those_of_the_repository_for_code_scanning(self, provider: Path) -> None:
        robbed(provider)
        results = json.loads(head("--format", "sarif").output)["runs"][0]["results"]
        moved = next(one for one in results if one["ruleId"] == "provider.domain-moved")
        place = moved["locations"][0]["physicalLocation"]
        assert place["artifactLocation"]["uri"] == "provider/customers/isle.yml"
        commit()
        again = json.loads(diff("HEAD~1..HEAD", "--format", "sarif", "--", "provider/").output)["runs"][0][
            "results"
        ]
        assert [one["locations"] for one in again] == [one["locations"] for one in results]


class TestStatus:
    def test_as_of_a_description(self, provider: Path) -> None:
        robbed(provider)
        assert head("--fail-on", "high").return_value == 1
        assert head("--exit-code").return_value == 1

    def test_many_at_once_is_let_pass_with_a_reason(self, provider: Path) -> None:
        longer(provider)
        assert head("--fail-on", "medium").return_value == 1
        forced = head("--fail-on", "medium", "--force", "as agreed")
        assert forced.return_value == 0
        assert "Let pass: as agreed" in forced.output
        assert "many-customers" not in head("--threshold", "90").output

    def test_a_broken_customer_is_told_with_the_rest(self, provider: Path) -> None:
        longer(provider)
        (provider / "customers/holt.yml").write_text("platform: [\n")
        result = head()
        assert result.return_value == 2
        said = " ".join(result.output.split())
        assert "holt cannot be used on the new side" in said
        assert "customers (abbey, bay, cove and" in said
        assert "reach back 110 days" in said

    def test_a_broken_customer_that_nothing_reaches_is_not_looked_at(self, provider: Path) -> None:
        (provider / "customers/holt.yml").write_text("platform: [\n")
        commit()
        replaced(provider / "customers/isle.yml", "name: Isle College", "name: College of the Isle")
        assert head().return_value == 0


class TestOnly:
    def test_the_whole_review_of_one_customer(self, provider: Path) -> None:
        longer(provider)
        result = head("--only", "knoll")
        assert "log for 110 days" in " ".join(result.output.split())
        assert "abbey" not in result.output
        assert head("--only", "fell").output.startswith("Nothing changes")

    def test_by_its_id(self, provider: Path) -> None:
        (provider / "customers/knoll.yml").rename(provider / "customers/hill.yml")
        replaced(provider / "customers/hill.yml", "platform: shared\n", "platform: shared\ncustomer: knoll\n")
        longer(provider)
        assert "110 days" in head("--only", "knoll").output

    @pytest.mark.parametrize("format_", FORMATS)
    def test_in_every_format(self, provider: Path, format_: str) -> None:
        longer(provider)
        result = head("--only", "knoll", "--format", format_)
        assert result.return_value == 0
        assert result.output

    @pytest.mark.usefixtures("provider")
    def test_of_nobody(self) -> None:
        code, said = status("HEAD", "--only", "nobody", "--", "provider/")
        assert code == 2
        assert "HEAD:provider has no customer nobody" in said

    def test_of_one_that_is_broken(self, provider: Path) -> None:
        (provider / "customers/holt.yml").write_text("platform: [\n")
        result = head("--only", "holt")
        assert result.return_value == 2
        assert "provider/customers/holt.yml cannot be compared:" in result.stderr

    def test_is_not_for_descriptions(self) -> None:
        site = BASE / "platforms/shared.yml"
        code, said = status(site, site, "--only", "holt")
        assert code == 2
        assert "--only is for the folders of a provider" in said


class TestRefused:
    @pytest.mark.usefixtures("provider")
    def test_there_is_no_such_revision(self) -> None:
        code, said = status("elsewhere", "--", "provider/")
        assert code == 2
        assert "There is no git revision elsewhere" in said

    @pytest.mark.usefixtures("provider")
    def test_there_is_no_such_folder(self) -> None:
        code, said = status("HEAD", "--", "none/")
        assert code == 2
        assert "none" in said

    @pytest.mark.usefixtures("provider")
    def test_a_folder_that_is_no_provider(self) -> None:
        Path("empty").mkdir()
        code, said = status("HEAD", "--", "empty/")
        assert code == 2
        assert "empty/ is a folder" in said

    def test_the_provider_is_gone(self, provider: Path) -> None:
        (provider / "provider.yml").unlink()
        result = head()
        assert result.return_value == 2
        said = result.stderr
        assert "provider, the new side, cannot be compared:" in said
        assert "provider.yml" in said

    def test_a_provider_that_cannot_be_read_on_the_old_side(self, provider: Path) -> None:
        (provider / "provider.yml").write_text("provider: [\n")
        commit()
        shutil.copy(BASE / "provider.yml", provider)
        result = head()
        assert result.return_value == 2
        said = result.stderr
        assert "HEAD:provider, the old side, cannot be compared:" in said
        assert "HEAD:provider/provider.yml:" in said
