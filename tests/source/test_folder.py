"""A folder on disk and at git revisions: the same files have the same hashes, and what is wanted is brought."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest

from mailwright.source.folder import OnDisk, at
from mailwright.source.git import RevisionError
from mailwright.source.revision import NoDescriptionError

IDENTITY = ("-c", "user.name=Somebody", "-c", "user.email=somebody@college.ac.uk")


def git(repository: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(repository), *IDENTITY, *arguments], check=True, capture_output=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A provider's folder in a repository; everything is committed."""
    found = tmp_path / "mail" / "provider"
    (found / "customers" / "college").mkdir(parents=True)
    (found / "provider.yml").write_text("provider: {name: Example}\n")
    (found / "customers" / "college.yml").write_text("platform: shared\n")
    (found / "customers" / "college" / "people.csv").write_text("login,name\n")
    (found / ".hidden").write_text("nothing\n")
    git(tmp_path, "init", "--quiet", "--initial-branch=main")
    commit(found)
    return found


def commit(folder: Path) -> None:
    git(folder, "add", "--all", ".")
    git(folder, "commit", "--quiet", "--message", "All of it")


def test_what_is_the_same_has_the_same_hashes(folder: Path) -> None:
    with at("HEAD", folder) as old:
        assert old.hashes == OnDisk(folder).hashes
    assert sorted(OnDisk(folder).hashes) == [
        "customers/college.yml",
        "customers/college/people.csv",
        "provider.yml",
    ]


def test_hashes_of_a_repository_with_longer_names_are_the_same(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--object-format=sha256")
    (tmp_path / "provider").mkdir()
    (tmp_path / "provider" / "provider.yml").write_text("provider: {name: Example}\n")
    commit(tmp_path)
    with at("HEAD", tmp_path / "provider") as old:
        assert old.wide
        assert old.hashes == OnDisk(tmp_path / "provider", wide=True).hashes


def test_an_edit_differs_in_that_file_alone(folder: Path) -> None:
    (folder / "customers" / "college.yml").write_text("platform: other\n")
    with at("HEAD", folder) as old:
        new = OnDisk(folder).hashes
        assert [path for path in new if new[path] != old.hashes[path]] == ["customers/college.yml"]


def test_only_what_is_wanted_is_brought_and_it_can_be_dropped(folder: Path) -> None:
    with at("HEAD", folder) as old:
        assert not list(old.path.iterdir())
        old.bring(["customers/college/people.csv", "customers/none.yml"])
        assert [path.name for path in old.path.rglob("*") if path.is_file()] == ["people.csv"]
        assert (old.path / "customers/college/people.csv").read_text() == "login,name\n"
        old.drop(["customers/college/people.csv"])
        assert not [path for path in old.path.rglob("*") if path.is_file()]
        private = old.path
    assert not private.exists()


def test_content_is_had_without_bringing_it(folder: Path) -> None:
    with at("HEAD", folder) as old:
        assert old.content("customers/college.yml", 8) == b"platform"
        assert old.content("customers/none.yml", 8) is None
    assert OnDisk(folder).content("customers/college.yml", 8) == b"platform"
    assert OnDisk(folder).content("customers", 8) is None
    assert OnDisk(folder).content("customers/none.yml", 8) is None


def test_a_folder_that_is_no_more_can_be_had(folder: Path) -> None:
    git(folder, "rm", "-r", "--quiet", ".")
    with at("HEAD", folder) as old:
        old.bring(["provider.yml"])
        assert (old.path / "provider.yml").read_text() == "provider: {name: Example}\n"


@pytest.mark.parametrize(
    "path", ["HEAD^{tree}", "HEAD:mail", "HEAD:mail/provider/customers", "HEAD:mail/provider/link"]
)
def test_what_a_damaged_repository_has_not_is_told(folder: Path, tmp_path: Path, path: str) -> None:
    (folder / "link").symlink_to("provider.yml")
    commit(folder)
    asked = ["git", "-C", str(tmp_path), "rev-parse", path]
    name = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    (tmp_path / ".git" / "objects" / name[:2] / name[2:]).unlink()
    with pytest.raises(RevisionError, match="git fsck"), at("HEAD", folder):
        pass


def test_the_top_of_the_repository_may_be_the_folder(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "provider.yml").write_text("provider: {name: Example}\n")
    commit(tmp_path)
    with at("HEAD", tmp_path) as old:
        assert list(old.hashes) == ["provider.yml"]
        assert old.label == "HEAD:."


def test_paths_are_shown_as_people_know_them(folder: Path) -> None:
    with at("HEAD", folder) as old:
        assert old.label == "HEAD:mail/provider"
        assert old.shown(f"there is no file {old.path / 'x.yml'}") == "there is no file HEAD:mail/provider/x.yml"


class TestLinks:
    def test_what_a_link_leads_to_counts(self, folder: Path) -> None:
        (folder / "customers" / "other.yml").symlink_to("college.yml")
        commit(folder)
        before = OnDisk(folder).hashes
        with at("HEAD", folder) as old:
            assert old.hashes == before
        (folder / "customers" / "college.yml").write_text("platform: other\n")
        after = OnDisk(folder).hashes
        assert {path for path in after if after[path] != before[path]} == {
            "customers/college.yml",
            "customers/other.yml",
        }

    def test_a_link_is_brought_with_what_it_leads_to(self, folder: Path) -> None:
        (folder / "customers" / "other.yml").symlink_to("college.yml")
        (folder / "customers" / "other").symlink_to("college")
        commit(folder)
        with at("HEAD", folder) as old:
            old.bring(["customers/other.yml", "customers/other"])
            assert (old.path / "customers/other.yml").read_text() == "platform: shared\n"
            assert (old.path / "customers/other/people.csv").read_text() == "login,name\n"

    @pytest.mark.parametrize("to", ["/etc/hostname", "../../../outside.yml"])
    def test_nothing_outside_is_read(self, folder: Path, to: str) -> None:
        (folder.parent.parent / "outside.yml").write_text("secret\n")
        (folder / "customers" / "other.yml").symlink_to(to)
        commit(folder)
        with at("HEAD", folder) as old:
            old.bring(["customers/other.yml"])
            assert not (old.path / "customers/other.yml").exists()
            assert (old.path / "customers/other.yml").is_symlink()

    def test_a_circle_ends(self, folder: Path) -> None:
        (folder / "a").symlink_to("b")
        (folder / "b").symlink_to("a")
        commit(folder)
        with at("HEAD", folder) as old:
            assert old.hashes == OnDisk(folder).hashes
            old.bring(["a"])


class TestRefused:
    @pytest.mark.parametrize("path", ["none", "provider.yml"])
    def test_there_is_no_such_folder(self, folder: Path, path: str) -> None:
        with pytest.raises(NoDescriptionError, match=path), at("HEAD", folder / path):
            pass

    def test_there_is_no_such_revision(self, folder: Path) -> None:
        with pytest.raises(RevisionError, match="There is no git revision elsewhere"), at("elsewhere", folder):
            pass

    def test_what_git_checks_out_otherwise_than_it_keeps_it(self, folder: Path) -> None:
        (folder / "customers" / ".gitattributes").write_text("*.yml filter=other\n")
        commit(folder)
        with at("HEAD", folder) as old, pytest.raises(RevisionError, match="filter=other"):
            old.bring(["customers/college.yml"])

    def test_what_is_kept_elsewhere(self, folder: Path) -> None:
        (folder / "customers" / "college.yml").write_text("version https://git-lfs.github.com/spec/v1\n")
        commit(folder)
        with at("HEAD", folder) as old, pytest.raises(RevisionError, match="git LFS"):
            old.bring(["customers/college.yml"])


def test_what_is_no_file_on_disk_stops_nothing(folder: Path) -> None:
    os.mkfifo(folder / "customers" / "pipe.yml")
    found = OnDisk(folder).hashes
    assert found["customers/pipe.yml"] == "no file"
    assert found["provider.yml"] == hashlib.sha1(b"blob 26\0provider: {name: Example}\n").hexdigest()  # noqa: S324
