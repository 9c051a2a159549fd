"""A description at a git revision, from real repositories; nothing that a repository configures is run."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from mailwright.site import distribution, placements
from mailwright.site.read import Reading, read
from mailwright.source.git import Objects, RevisionError
from mailwright.source.revision import Checkout, split_range
from mailwright.source.revision import at as checked_out
from support.example import ROOT

MINIMAL = (ROOT / "tests" / "site" / "minimal.yml").read_text(encoding="utf-8")
SECONDS = 30

at = partial(checked_out, beside=placements.FILE, tables=distribution.TABLE)


@pytest.fixture(autouse=True)
def _nobodys_configuration(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


def git(folder: Path, *arguments: str, stdin: str | None = None) -> str:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@college.ac.uk", "-c", "protocol.file.allow=always")
    done = subprocess.run(
        ["git", *who, "-C", str(folder), *arguments], check=True, capture_output=True, text=True, input=stdin
    )
    return done.stdout.strip()


def commit(folder: Path, files: dict[str, str | bytes]) -> str:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", "one")
    return git(folder, "rev-parse", "HEAD")


def tree(folder: Path, *entries: tuple[str, str, str]) -> str:
    """A commit of a tree that no git would write: mode, content or object name, name of each entry."""
    raw = b""
    for mode, text, name in entries:
        made = text if mode == "40000" else git(folder, "hash-object", "-w", "--stdin", stdin=text)
        raw += f"{mode} {name}\0".encode() + bytes.fromhex(made)
    path = folder / ".git" / "raw"
    path.write_bytes(raw)
    made = git(folder, "hash-object", "-w", "-t", "tree", "--literally", str(path))
    return git(folder, "commit-tree", "-m", "crafted", made)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch", "main")
    return folder


def files(checkout: Checkout) -> set[str]:
    return {
        path.relative_to(checkout.root).as_posix()
        for path in checkout.root.rglob("*")
        if path.is_symlink() or path.is_file()
    }


def read_at(name: str, path: Path) -> Reading:
    with at(name, path) as checkout:
        return read(checkout.description)


def refused(name: str, path: Path) -> str:
    with pytest.raises(RevisionError) as caught, at(name, path):
        pass
    message = str(caught.value)
    assert message.endswith(".")
    assert "mailwright-" not in message
    return message


# --- What is brought


def test_the_file_as_it_was(repository: Path) -> None:
    first = commit(repository, {"site.yml": "a: 1\n"})
    commit(repository, {"site.yml": "a: 2\n"})
    (repository / "site.yml").write_text("a: 3\n")
    for name, text in (("HEAD~1", "a: 1\n"), (first, "a: 1\n"), ("HEAD", "a: 2\n"), ("main", "a: 2\n")):
        with at(name, repository / "site.yml") as checkout:
            assert checkout.description.read_text() == text
    with at("HEAD~1", repository / "site.yml") as checkout:
        assert (checkout.label, checkout.commit) == ("HEAD~1:site.yml", first)
    with at(first, repository / "site.yml") as checkout:
        assert checkout.label == f"{first[:12]}:site.yml"


def test_the_folder_is_private_and_goes_away(repository: Path) -> None:
    commit(repository, {"site.yml": "a: 1\n"})
    with at("HEAD", repository / "site.yml") as checkout:
        private = checkout.root.parent
        assert stat.S_IMODE(private.stat().st_mode) == 0o700
    assert not private.exists()
    seen: list[Path] = []
    with pytest.raises(ZeroDivisionError), at("HEAD", repository / "site.yml") as checkout:
        seen.append(checkout.root.parent / str(1 // 0))
    assert not seen
    assert not checkout.root.parent.exists()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_the_folder_goes_away_when_interrupted(repository: Path, number: int) -> None:
    commit(repository, {"site.yml": "a: 1\n"})
    code = (
        "import sys, time; from pathlib import Path; from mailwright.source.revision import at\n"
        "with at('HEAD', Path(sys.argv[1]), beside='', tables='.csv') as checkout:\n"
        "    print(checkout.root.parent, flush=True)\n"
        "    time.sleep(60)\n"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT / "generator")}
    with subprocess.Popen(
        [sys.executable, "-c", code, str(repository / "site.yml")],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        assert process.stdout is not None
        private = Path(process.stdout.readline().strip())
        assert private.is_dir()
        process.send_signal(number)
        assert process.wait(SECONDS) != 0
    assert not private.exists()


@pytest.mark.parametrize("name", ["example", "whole", "gateway", "split", "directory"])
def test_a_site_reads_as_in_the_working_copy(repository: Path, name: str) -> None:
    shutil.copytree(ROOT / "inventories", repository / "sites")
    commit(repository, {})
    now = read(repository / "sites" / name / "site.yml")
    shutil.rmtree(repository / "sites")
    then = read_at("HEAD", repository / "sites" / name / "site.yml")
    assert now.site is not None
    assert then.site == now.site
    assert [item.message for item in then.findings] == [item.message for item in now.findings]


def test_profiles_and_what_they_name_are_there(repository: Path) -> None:
    key = (ROOT / "inventories" / "example" / "dkim.pub").read_text()
    commit(
        repository,
        {
            "shared/base.yml": "dkim: {selector: a, public_key: keys/dkim.pub, private_key: secrets/dkim.key}\n"
            "extends: ../deep/er/lowest.yml\n",
            "shared/keys/dkim.pub": key,
            "shared/unnamed.csv": "x\n",
            "deep/er/lowest.yml": "logging: {days: 100}\nlists: lists.csv\n",
            "deep/er/lists.csv": "list,owners,members\nphysics,km217,members/physics.csv\n",
            "deep/er/members/physics.csv": "member\nkm217\n",
            "sites/a/site.yml": MINIMAL + "extends: ../../shared/base.yml\n",
            "sites/b/site.yml": "a: 1\n",
        },
    )
    reading = read_at("HEAD", repository / "sites" / "a" / "site.yml")
    assert reading.site is not None, reading.findings
    assert reading.site.dkim is not None
    assert reading.site.logging.days == 100
    assert reading.site.lists[0].members.named == ("km217",)
    with at("HEAD", repository / "sites" / "a" / "site.yml") as checkout:
        assert files(checkout) == {
            "shared/base.yml",
            "shared/keys/dkim.pub",
            "deep/er/lowest.yml",
            "deep/er/lists.csv",
            "deep/er/members/physics.csv",
            "sites/a/site.yml",
        }


def test_placements_are_remembered_as_they_were(repository: Path) -> None:
    commit(repository, {"site.yml": MINIMAL, "stores.csv": "login,store\n"})
    commit(repository, {"stores.csv": "login,store\nkm217,a.college.ac.uk\n"})
    with at("HEAD~1", repository / "site.yml") as checkout:
        assert (checkout.root / "stores.csv").read_text() == "login,store\n"


def test_other_files_of_a_repository_are_not_looked_at(repository: Path) -> None:
    """However many there are, at the top beside the description, too."""
    commit(repository, {"site.yml": MINIMAL, "build/MANIFEST.json": "{}", "other.csv": "x\n", "src/a/b.c": ""})
    with at("HEAD", repository / "site.yml") as checkout:
        assert files(checkout) == {"site.yml"}


def test_a_file_that_git_has_not_is_missing_as_ever(repository: Path) -> None:
    (repository / "people.csv").write_text("login,name,address\n")
    (repository / ".gitignore").write_text("people.csv\n")
    text = MINIMAL.split("people:")[0] + "people: people.csv\n"
    (repository / "site.yml").write_text(text)
    git(repository, "add", "site.yml")
    git(repository, "commit", "--quiet", "--message", "one")
    with at("HEAD", repository / "site.yml") as checkout:
        found = {item.id: item for item in read(checkout.description).findings}
        assert checkout.shown(found["source.no-file"].message) == "there is no file HEAD:people.csv"


def test_places_are_named_by_the_revision(repository: Path) -> None:
    commit(
        repository, {"sites/a/site.yml": MINIMAL + "extends: ../base.yml\n", "sites/base.yml": "nothing: known\n"}
    )
    with at("HEAD", repository / "sites" / "a" / "site.yml") as checkout:
        reading = read(checkout.description)
        assert {checkout.shown(item.where.file) for item in reading.findings if item.where} == {
            "HEAD:sites/base.yml"
        }
        assert checkout.shown(checkout.description.parent / "people.csv") == "HEAD:sites/a/people.csv"
        assert checkout.shown("no path") == "no path"


def test_the_working_folder_does_not_matter(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    commit(repository, {"sites/a/site.yml": "a: 1\n"})
    monkeypatch.chdir(repository / "sites")
    for path in ("a/site.yml", "../sites/a/site.yml", "gone/../a/site.yml"):
        with at("HEAD", Path(path)) as checkout:
            assert (checkout.label, checkout.description.read_text()) == ("HEAD:sites/a/site.yml", "a: 1\n")


def test_a_description_that_is_gone_can_be_had(repository: Path) -> None:
    commit(repository, {"old/site.yml": "a: 1\n"})
    shutil.rmtree(repository / "old")
    commit(repository, {})
    with at("HEAD~1", repository / "old" / "site.yml") as checkout:
        assert checkout.description.read_text() == "a: 1\n"


def test_sha256_repositories_are_read(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet", "--object-format", "sha256", "repository")
    commit(tmp_path / "repository", {"sites/a/site.yml": "a: 1\n"})
    with at("HEAD", tmp_path / "repository" / "sites" / "a" / "site.yml") as checkout:
        assert checkout.description.read_text() == "a: 1\n"


def test_a_linked_working_copy_and_a_hook_of_git_are_no_hindrance(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Inside a hook, GIT_DIR and GIT_INDEX_FILE say where git is at work, and it may be elsewhere."""
    commit(repository, {"site.yml": "a: 1\n"})
    git(repository, "worktree", "add", "--quiet", str(tmp_path / "linked"))
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "nowhere"))
    with at("HEAD", tmp_path / "linked" / "site.yml") as checkout:
        assert checkout.description.read_text() == "a: 1\n"


# --- Links


def people_by(link: str, repository: Path, more: dict[str, str | bytes]) -> Reading:
    (repository / "site").mkdir()
    (repository / "site" / "people.csv").symlink_to(link)
    commit(repository, {"site/site.yml": MINIMAL.split("people:")[0] + "people: people.csv\n", **more})
    return read_at("HEAD", repository / "site" / "site.yml")


PEOPLE = "login,name,address\nkm217,Karl Marx,Karl.Marx@college.ac.uk\n"


def test_a_link_within_the_folder_is_followed(repository: Path) -> None:
    (repository / "site").mkdir()
    (repository / "site" / "data").symlink_to("real")
    (repository / "site" / "real").mkdir()
    (repository / "site" / "real" / "people.csv").symlink_to("../others.csv")
    text = MINIMAL.split("people:")[0] + "people: data/people.csv\n"
    commit(repository, {"site/others.csv": PEOPLE, "site/site.yml": text})
    with at("HEAD", repository / "site" / "site.yml") as checkout:
        assert (checkout.description.parent / "data" / "people.csv").read_text() == PEOPLE
        assert not [item for item in read(checkout.description).findings if "people.csv" in str(item.where)]


@pytest.mark.parametrize("link", ["/etc/passwd", "../outside.csv", "../../../../../../../../etc/passwd"])
def test_a_link_out_of_the_folder_is_judged_as_ever(repository: Path, link: str) -> None:
    assert "source.outside" in {item.id for item in people_by(link, repository, {"outside.csv": PEOPLE}).findings}


def test_no_link_leads_to_a_file_of_this_machine(repository: Path, tmp_path: Path) -> None:
    """Not even for a profile, which may lie outside the description's folder."""
    (tmp_path / "secret.yml").write_text("a: secret\n")
    (repository / "base.yml").symlink_to(tmp_path / "secret.yml")
    (repository / "folder").symlink_to(tmp_path)
    for profile in ("base.yml", "folder/secret.yml"):
        commit(repository, {"site.yml": MINIMAL + f"extends: {profile}\n"})
        assert "secret.yml" in str(read(repository / "site.yml").findings) or profile == "base.yml"
        with at("HEAD", repository / "site.yml") as checkout:
            assert [item.id for item in read(checkout.description).findings] == ["source.no-file"]
            for link in checkout.root.rglob("*"):
                assert not link.is_symlink() or not link.exists()


def test_links_in_a_circle_end(repository: Path) -> None:
    (repository / "a").symlink_to("b")
    (repository / "b").symlink_to("a")
    commit(repository, {"site.yml": MINIMAL + "extends: a\n"})
    assert read_at("HEAD", repository / "site.yml").site is None


def test_a_description_that_is_a_link(repository: Path) -> None:
    (repository / "site.yml").symlink_to("real/site.yml")
    commit(repository, {"real/site.yml": "a: 1\n"})
    with at("HEAD", repository / "site.yml") as checkout:
        assert checkout.description.read_text() == "a: 1\n"


# --- Trees that no git would write


def test_nothing_is_written_outside(repository: Path, tmp_path: Path) -> None:
    commit(repository, {"x": ""})
    blob = git(repository, "hash-object", "-w", "--stdin", stdin="evil")
    inner = git(repository, "mktree", stdin=f"100644 blob {blob}\tmaintenance.md\n")
    texts = MINIMAL + "pages: {texts: texts}\n"
    for name in ("..", ".", "../../x", "/x", ".git"):
        path = repository / ".git" / "raw"
        path.write_bytes(f"40000 {name}\0".encode() + bytes.fromhex(inner))
        crafted = git(repository, "hash-object", "-w", "-t", "tree", "--literally", str(path))
        made = tree(repository, ("100644", texts, "site.yml"), ("40000", crafted, "texts"))
        with at(made, repository / "site.yml") as checkout:
            assert {path.name for path in checkout.root.parent.iterdir()} == {"tree"}
            assert files(checkout) <= {"site.yml", "texts/.git/maintenance.md"}


def test_a_name_that_is_there_twice_writes_through_no_link(repository: Path, tmp_path: Path) -> None:
    commit(repository, {"x": ""})
    blob = git(repository, "hash-object", "-w", "--stdin", stdin="evil")
    inner = git(repository, "mktree", stdin=f"100644 blob {blob}\tp.csv\n")
    text = MINIMAL.split("people:")[0] + "people: d/p.csv\nlists: e/p.csv\n"
    for entries in (
        [("120000", str(tmp_path), "d"), ("40000", inner, "d")],
        [("40000", inner, "d"), ("120000", str(tmp_path), "d")],
    ):
        made = tree(repository, ("100644", text, "site.yml"), *entries)
        with at(made, repository / "site.yml") as checkout:
            read(checkout.description)
        assert not (tmp_path / "p.csv").exists()


# --- Attributes that make another file of the working copy


@pytest.mark.parametrize(
    ("said", "attribute"),
    [
        ("site.yml working-tree-encoding=ASCII//TRANSLIT", "working-tree-encoding=ASCII//TRANSLIT"),
        ("*.yml filter=x", "filter=x"),
        ("* ident", "ident"),
        ("* text eol=crlf", "eol=crlf"),
        ("[attr]harmless filter=x\n[attr]meek harmless\nsite.* meek", "filter=x"),
        ("*.yml filter=x\nother.yml -filter", "filter=x"),
    ],
)
def test_a_file_that_a_checkout_would_change_is_refused(
    repository: Path, monkeypatch: pytest.MonkeyPatch, said: str, attribute: str
) -> None:
    """Somebody would approve what git keeps, and what is built is what git checks out."""
    commit(repository, {"sites/site.yml": MINIMAL, ".gitattributes": f"{said}\n"})
    monkeypatch.chdir(repository / "sites")
    message = refused("HEAD", Path("site.yml"))
    assert message.startswith(f"HEAD:sites/site.yml has the attribute {attribute}, by which git checks out another")
    assert "`git worktree add`" in message


@pytest.mark.parametrize(
    "said",
    [
        "* text=auto",
        "*.yml text eol=lf diff=yaml",
        "*.csv working-tree-encoding=latin1 filter=x",
        "* filter=lfs ident\n*.yml -filter !ident",
        "*.yml working-tree-encoding=UTF-8",
        "other/** filter=x",
    ],
)
def test_attributes_that_change_nothing_that_is_read_are_no_hindrance(repository: Path, said: str) -> None:
    commit(repository, {"sites/site.yml": MINIMAL, "sites/other.csv": "x\n", ".gitattributes": f"{said}\n"})
    with at("HEAD", repository / "sites" / "site.yml") as checkout:
        assert checkout.description.read_text() == MINIMAL


def test_attributes_count_as_they_were_and_of_each_file_that_is_read(repository: Path) -> None:
    """Neither what lies in the working copy now counts, nor what is said beside other folders."""
    text = MINIMAL.split("people:")[0] + "people: data/people.csv\n"
    commit(repository, {"a/site.yml": text, "a/data/people.csv": PEOPLE, "b/.gitattributes": "* filter=x\n"})
    commit(repository, {"a/data/.gitattributes": "people.csv ident\n"})
    (repository / "a" / "data" / ".gitattributes").unlink()
    (repository / ".gitattributes").write_text("* filter=x\n")
    assert "HEAD:a/data/people.csv has the attribute ident" in refused("HEAD", repository / "a" / "site.yml")
    with at("HEAD~1", repository / "a" / "site.yml"):
        pass


# --- Files that are too large


def test_a_file_that_no_description_needs_is_not_unpacked(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A repository of three megabytes holds a table of 600, all of it line feeds."""
    monkeypatch.setattr("mailwright.source.git.MAX_FILE", 1000)
    text = "people: people.csv\n"
    commit(repository, {"site.yml": text, "people.csv": "\n" * 1000})
    with at("HEAD", repository / "site.yml"):
        pass
    commit(repository, {"people.csv": "\n" * 1001})
    assert "HEAD has a file of more than" in refused("HEAD", repository / "site.yml")


def test_files_that_are_many_are_not_all_brought(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One table under many names costs a repository nothing."""
    monkeypatch.setattr("mailwright.source.revision.MAX_ALL", 3000)
    commit(repository, {"site.yml": "a: [a.csv, b.csv]\n", "a.csv": "x\n" * 1000, "b.csv": "x\n" * 1000})
    assert "larger together than 3,000" in refused("HEAD", repository / "site.yml")
    monkeypatch.setattr("mailwright.source.revision.MAX_FILES", 10)
    names = "".join(f"{number}.csv\n" for number in range(20))
    commit(repository, {"site.yml": "a: a.csv\n", "a.csv": names})
    assert "names more than 10 files" in refused("HEAD", repository / "site.yml")


def test_a_table_is_looked_through_in_parts(repository: Path, tmp_path: Path) -> None:
    """A name that stands where one part ends and the next begins is found; a line without an end ends."""
    begin = "x\n" * (512 * 1024 - 3) + "m"
    commit(repository, {"site.yml": "a: a.csv\n", "a.csv": begin + "embers.csv\nlast.csv", "members.csv": "y\n"})
    commit(repository, {"last.csv": "z\n"})
    with at("HEAD", repository / "site.yml") as checkout:
        assert files(checkout) == {"site.yml", "a.csv", "members.csv", "last.csv"}
    commit(repository, {"a.csv": "a" * 8_000_000})
    with at("HEAD", repository / "site.yml") as checkout:
        assert files(checkout) == {"site.yml", "a.csv"}


# --- What a repository configures


def test_nothing_of_a_hostile_repository_is_run(repository: Path, tmp_path: Path) -> None:
    trap = tmp_path / "trap.sh"
    trap.write_text(f'#!/bin/sh\necho "$0 $*" >> {tmp_path / "ran"}\ncat\n')
    trap.chmod(0o755)
    commit(repository, {".gitattributes": "* diff=t text\n*.csv filter=t eol=crlf\n", "site.yml": MINIMAL})
    commit(repository, {".gitattributes": "* filter=t diff=t text eol=crlf\n"})
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    for hook in ("post-index-change", "reference-transaction", "post-checkout", "fsmonitor-watchman"):
        shutil.copy(trap, hooks / hook)
    for name, value in {
        "core.fsmonitor": str(trap),
        "core.splitIndex": "true",
        "core.hooksPath": str(hooks),
        "core.pager": str(trap),
        "core.sshCommand": str(trap),
        "core.gitProxy": str(trap),
        "core.alternateRefsCommand": str(trap),
        "filter.t.smudge": str(trap),
        "filter.t.clean": str(trap),
        "filter.t.process": str(trap),
        "diff.t.textconv": str(trap),
        "diff.t.command": str(trap),
        "diff.external": str(trap),
        "alias.cat-file": f"!{trap}",
        "alias.rev-parse": f"!{trap}",
        "credential.helper": str(trap),
    }.items():
        git(repository, "config", name, value)
    before = {path.name for path in (repository / ".git").iterdir()}
    with at("HEAD~1", repository / "site.yml") as checkout:
        assert checkout.description.read_text() == MINIMAL
    assert "the attribute filter=t" in refused("HEAD", repository / "site.yml")
    split_range("HEAD...HEAD", repository / "site.yml")
    assert not (tmp_path / "ran").exists()
    assert {path.name for path in (repository / ".git").iterdir()} == before
    subprocess.run(["git", "-C", str(repository), "status"], capture_output=True, check=False)
    assert (tmp_path / "ran").exists()  # the trap works


def test_a_partial_clone_runs_nothing_and_is_explained(repository: Path, tmp_path: Path) -> None:
    commit(repository, {"site.yml": MINIMAL})
    commit(repository, {"site.yml": MINIMAL + "\n"})
    git(repository, "config", "uploadpack.allowFilter", "true")
    partial = tmp_path / "partial"
    git(tmp_path, "clone", "--quiet", "--filter=blob:none", f"file://{repository}", str(partial))
    trap = tmp_path / "trap.sh"
    trap.write_text(f"#!/bin/sh\ntouch {tmp_path / 'ran'}\n")
    trap.chmod(0o755)
    git(partial, "config", "remote.origin.uploadpack", str(trap))
    git(partial, "config", "protocol.file.allow", "always")
    assert "it is a partial clone" in refused("HEAD~1", partial / "site.yml")
    assert not (tmp_path / "ran").exists()
    subprocess.run(["git", "-C", str(partial), "show", "HEAD~1:site.yml"], capture_output=True, check=False)
    assert (tmp_path / "ran").exists()


# --- Refusals


@pytest.mark.parametrize(
    "name",
    ["--output=/tmp/x", "-h", "--", "", ":site.yml", ":/one", "HEAD\n", "a\0b", "HEAD:site.yml", "HEAD..HEAD"],
)
def test_what_is_no_revision_is_refused(repository: Path, name: str) -> None:
    commit(repository, {"site.yml": "a: 1\n"})
    assert "no git revision" in refused(name, repository / "site.yml")


def test_refusals_say_why_and_the_way_out(repository: Path, tmp_path: Path) -> None:
    description = repository / "site.yml"
    assert "There is no git revision HEAD here" in refused("HEAD", description)  # no commit yet
    commit(repository, {"site.yml": "a: 1\n"})
    assert "There is no git revision HEAD~9 here: `git log" in refused("HEAD~9", description)
    assert "There is no git revision " + "0" * 40 in refused("0" * 40, description)
    assert "HEAD has no file other.yml" in refused("HEAD", repository / "other.yml")
    commit(repository, {"folder/x": ""})
    assert "HEAD has a folder, and no file, folder" in refused("HEAD", repository / "folder")
    assert "is in no git repository" in refused("HEAD", tmp_path / "site.yml")
    assert "not in its working copy" in refused("HEAD", repository / ".git" / "config")


def test_a_name_of_two_things_is_refused(repository: Path) -> None:
    commit(repository, {"site.yml": "a: 1\n"})
    git(repository, "branch", "both")
    commit(repository, {"site.yml": "a: 2\n"})
    git(repository, "tag", "both")
    assert "both may mean several things" in refused("both", repository / "site.yml")
    with at("refs/heads/both", repository / "site.yml") as checkout:
        assert checkout.description.read_text() == "a: 1\n"


def test_a_shallow_clone_is_told_to_fetch(repository: Path, tmp_path: Path) -> None:
    commit(repository, {"site.yml": "a: 1\n"})
    commit(repository, {"site.yml": "a: 2\n"})
    git(tmp_path, "clone", "--quiet", "--depth=1", f"file://{repository}", "shallow")
    assert "`git fetch --unshallow`" in refused("HEAD~1", tmp_path / "shallow" / "site.yml")


def test_a_profile_outside_the_repository_is_not_known(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "base.yml").write_text("a: 1\n")
    commit(repository, {"site.yml": "extends: ../base.yml\n"})
    assert "HEAD:site.yml extends ../base.yml, which lies outside" in refused("HEAD", repository / "site.yml")


def test_a_pointer_of_git_lfs_is_told(repository: Path) -> None:
    pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"
    commit(repository, {"site.yml": MINIMAL.split("people:")[0] + "people: people.csv\n", "people.csv": pointer})
    assert "HEAD:people.csv is kept by git LFS" in refused("HEAD", repository / "site.yml")


def test_a_description_that_was_called_otherwise_can_be_compared_by_hand(repository: Path) -> None:
    commit(repository, {"site.yml": MINIMAL})
    said = refused("HEAD", repository / "other.yml")
    assert "has no file other.yml" in said
    assert "`git worktree add`" in said


def test_no_git_is_told(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(repository))
    assert "There is no git on this machine" in refused("HEAD", repository / "site.yml")


@pytest.mark.skipif(os.getuid() != 0, reason="gives a repository to somebody else")
def test_a_repository_of_somebody_else_is_told(repository: Path) -> None:
    commit(repository, {"site.yml": "a: 1\n"})
    for path in (repository, repository / ".git"):
        os.chown(path, 12345, 12345)
    message = refused("HEAD", repository / "site.yml")
    assert "belongs to somebody else" in message
    assert "safe.directory" in message


# --- Ranges


def test_ranges(repository: Path) -> None:
    base = commit(repository, {"site.yml": "a: 1\n"})
    git(repository, "checkout", "--quiet", "-b", "change")
    commit(repository, {"site.yml": "a: 2\n"})
    git(repository, "checkout", "--quiet", "main")
    commit(repository, {"other": ""})
    description = repository / "site.yml"
    assert split_range("main..change", description) == ("main", "change")
    assert split_range("main...change", description) == (base, "change")
    assert split_range("..change", description) == ("HEAD", "change")
    assert split_range("main..", description) == ("main", "HEAD")
    assert split_range("main", description) is None
    assert split_range("HEAD^{/a..b}", description) is None
    assert split_range("HEAD^{/a..b}..HEAD", description) == ("HEAD^{/a..b}", "HEAD")
    with pytest.raises(RevisionError, match="no git revision nothing"):
        split_range("nothing...main", description)
    git(repository, "checkout", "--quiet", "--orphan", "alone")
    commit(repository, {"alone": ""})
    with pytest.raises(RevisionError, match="have no commit in common"):
        split_range("main...alone", description)


def test_it_does_not_take_long_among_many_files(repository: Path) -> None:
    """What is counted is what git is asked for: a folder beside the way is never opened."""
    commit(repository, {"sites/a/site.yml": "a: 1\n", **{f"other/{number}": "" for number in range(50)}})
    asked: list[str] = []
    before = Objects.copy

    def copy(self: Objects, name: str, *more: object, **named: object) -> bytes:
        asked.append(name)
        return before(self, name, *more, **named)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Objects, "copy", copy)
        with at("HEAD", repository / "sites" / "a" / "site.yml"):
            pass
    assert len(asked) <= 6
