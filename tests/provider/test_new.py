"""A customer that comes: its file is right or not there, and nothing of it is another's (SCALE-2)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from datetime import date
from pathlib import Path

import pytest

from mailwright import keypair
from mailwright.findings import Findings
from mailwright.provider import new, starter
from mailwright.provider.judge import judge
from mailwright.provider.model import Provider
from mailwright.provider.platform import Shared, read_platforms
from mailwright.provider.read import read
from mailwright.provider.starter import NewCustomer, Person
from mailwright.site.starter import Administrator
from support.example import ROOT

TODAY = date(2026, 12, 1)
CONTACT = Administrator("Jo Marsh", "jmarsh", "+44 1632 960901", "Jo.Marsh@new.ac.uk")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ROOT / "inventories" / "provider", tmp_path / "provider"))


def provider(folder: Path) -> tuple[Provider, dict[str, Shared]]:
    found = read(folder, Findings())
    assert found is not None
    return found, read_platforms(found, TODAY)[0]


def customer(**said: object) -> NewCustomer:
    facts: dict[str, object] = {
        "id": "new",
        "name": "New College",
        "domains": ("new.ac.uk", "art.new.ac.uk"),
        "platform": "shared",
        "profiles": ("college",),
        "contacts": (CONTACT,),
        "people": (
            Person("Jo Marsh", "jmarsh", "Jo.Marsh@new.ac.uk"),
            Person("Al Ray", "aray", "Al.Ray@new.ac.uk"),
        ),
        "list_": b"",
        "selector": "",
    }
    return NewCustomer(**{**facts, **said})  # type: ignore[arg-type]


def files(folder: Path) -> Mapping[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def write(folder: Path, what: NewCustomer, with_key: bool = False) -> new.Written:
    return new.write(*provider(folder), what, TODAY, with_key)


def refused(folder: Path, what: NewCustomer, with_key: bool = False) -> new.NewError:
    """Why; and that everything is as it was."""
    before = files(folder)
    with pytest.raises(new.NewError) as error:
        write(folder, what, with_key)
    assert files(folder) == before
    assert not [path for path in folder.iterdir() if path.name.startswith(".new-")]
    return error.value


def test_what_is_written_is_what_was_judged_and_builds(folder: Path) -> None:
    written = write(folder, customer())
    assert written.file == folder / "customers" / "new.yml"
    again = judge(*provider(folder), written.file, TODAY)
    assert again.plan == written.judged.plan
    assert again.plan is not None
    assert again.plan.settings.domains == ("new.ac.uk", "art.new.ac.uk")
    assert {row.login for row in again.plan.mailboxes} == {"jmarsh", "aray"}
    assert again.plan.settings.quota == 5_000_000_000  # its profile's
    assert {finding.where.file for finding in written.judged.findings if finding.where} >= {str(written.file)}


def test_only_its_own_files_are_new(folder: Path) -> None:
    before = files(folder)
    write(folder, customer())
    after = files(folder)
    assert {name: after[name] for name in before} == before
    assert after.keys() - before.keys() == {"customers/new.yml", "customers/new/people.csv"}


def test_a_pair_of_keys_comes_with_it_and_the_private_one_is_for_nobody_else(folder: Path) -> None:
    written = write(folder, customer(selector="mail2026"), with_key=True)
    assert written.private is not None
    assert written.private == folder / "secrets" / "new" / "dkim.key"
    assert (written.private.stat().st_mode & 0o777, written.private.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    plan = written.judged.plan
    assert plan is not None
    assert (plan.settings.dkim_selector, plan.settings.dkim_private_key) == ("mail2026", "secrets/new/dkim.key")
    assert [row.zone for row in plan.records if "_domainkey" in row.owner] == ["art.new.ac.uk", "new.ac.uk"]
    assert b"PRIVATE" not in b"".join(
        data for name, data in files(folder).items() if not name.startswith("secrets")
    )


def test_the_comments_that_are_settings_are_valid(folder: Path) -> None:
    write(folder, customer())
    file = folder / "customers" / "new.yml"
    text = file.read_text()
    for start in ("registry:", "leaving:", "dkim:"):
        assert f"# {start}" in text
        text = text.replace(f"# {start}", start)
    file.write_text(text.replace("COLL1-RIPE ", "COLL1-RIPE #"))
    shutil.copy(folder / "customers/college/dkim.pub", folder / "customers/new/dkim.pub")
    judged = judge(*provider(folder), file, TODAY)
    assert judged.plan is not None, judged.findings
    assert judged.plan.settings.registry == "COLL1-RIPE"
    assert judged.head.leaving is not None


@pytest.mark.parametrize(
    "name",
    ["Ysgol: y Môr", "'quoted' \"twice\"", "# no comment", "{a: b}", "- item", "&a *b", "no", "12:30", "x" * 500],
)
def test_a_name_is_that_name(folder: Path, name: str) -> None:
    written = write(folder, customer(name=name))
    assert written.judged.site is not None
    assert written.judged.site.organisation.name == name


# --- What is refused ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"id": "college"}, "customers/college.yml is there already"),
        ({"domains": ("valley.ac.uk",)}, "valley.ac.uk is college's already"),
        ({"domains": ("new.ac.uk", "music.valley.ac.uk")}, "music.valley.ac.uk is college's already"),
        ({"domains": ("institute.ac.uk",)}, "institute.ac.uk is institute's already"),
        ({"domains": ("mail.institute.ac.uk",)}, "mail.institute.ac.uk is institute's already"),
        ({"domains": ("hosting.example",)}, "hosting.example is platform shared's already"),
        ({"domains": ("new.ac.uk", "art.valley.ac.uk")}, "art.valley.ac.uk is below valley.ac.uk of college"),
        (
            {"domains": ("new.ac.uk", "a.b.institute.ac.uk")},
            "a.b.institute.ac.uk is below institute.ac.uk of institute",
        ),
    ],
)
def test_what_is_anothers_is_refused(folder: Path, said: dict[str, object], words: str) -> None:
    assert words in str(refused(folder, customer(**said)))


def test_a_domain_above_anothers_is_refused(folder: Path) -> None:
    file = folder / "customers" / "harbour.yml"
    file.write_text(file.read_text().replace("harbour.ac.uk", "harbour.new.ac.uk"))
    assert "new.ac.uk is above harbour.new.ac.uk of harbour" in str(refused(folder, customer()))


@pytest.mark.parametrize("domain", ["art.valley.ac.uk", "art.hosting.example"])
def test_a_domain_below_one_that_is_wide_or_the_providers_is_taken(folder: Path, domain: str) -> None:
    with (folder / "provider.yml").open("a") as file:
        file.write("\nwide_domains: {valley.ac.uk: the college and its department}\n")
    assert write(folder, customer(domains=("new.ac.uk", domain), people=customer().people[:1])).file.exists()


@pytest.mark.parametrize(
    "said",
    ["customer: 'new' # as in the books\n", '"customer": "new"\n', "customer: new\r\n", "customer:\n  new\n"],
)
def test_an_id_that_another_file_says_is_refused(folder: Path, said: str) -> None:
    file = folder / "customers" / "harbour.yml"
    text = file.read_bytes()
    file.write_bytes(said.encode() + text)
    assert "harbour.yml is the customer new already" in str(refused(folder, customer()))
    file.write_bytes(said.replace("new", "newer").encode() + text)
    write(folder, customer())


@pytest.mark.parametrize("said", ["xn--strae-oqa.example", "straße.example", "STRASSE.example, Straße.example"])
def test_a_domain_of_another_is_refused_however_it_is_written(folder: Path, said: str) -> None:
    file = folder / "customers" / "harbour.yml"
    file.write_text(file.read_text().replace("harbour.ac.uk]", f"harbour.ac.uk, {said}]"))
    assert said in file.read_text()
    domain = "xn--strae-oqa.example"
    assert f"{domain} is harbour's already" in str(refused(folder, customer(domains=("new.ac.uk", domain))))


def test_a_domain_that_another_says_in_a_file_that_it_extends_is_refused(folder: Path) -> None:
    file = folder / "customers" / "harbour.yml"
    file.write_text(file.read_text().replace("domains: [harbour.ac.uk]", "extends: harbour/base.yml"))
    (folder / "customers" / "harbour").mkdir()
    (folder / "customers" / "harbour" / "base.yml").write_text("domains: [harbour.ac.uk, new.ac.uk]\n")
    assert "new.ac.uk is harbour's already" in str(refused(folder, customer()))


def test_a_folder_or_key_that_is_left_over_is_not_written_over(folder: Path) -> None:
    (folder / "customers" / "new").mkdir()
    assert "customers/new is there already" in str(refused(folder, customer()))
    (folder / "customers" / "new").rmdir()
    keypair.make(folder / "secrets/new/dkim.key", folder / "x.pub")
    assert "secrets/new/dkim.key is there" in str(refused(folder, customer(selector="m"), with_key=True))
    write(folder, customer())


@pytest.mark.parametrize(
    ("said", "id_"),
    [
        ({"list_": b"login,name\n"}, "source.missing-column"),
        ({"list_": b"\xff\xfe\n"}, "source"),
        ({"profiles": ("nobody",)}, "customer.profile"),
        ({"platform": "other"}, "customer.platform"),
        ({"people": (Person("A B", "a", "A.B@new.ac.uk"), Person("A B", "b", "A.B@new.ac.uk"))}, "ADDR-5"),
        ({"people": (Person("A B", "a", "A.B@valley.ac.uk"),)}, "ADDR-5"),
    ],
)
def test_what_could_not_be_built_is_not_written(folder: Path, said: dict[str, object], id_: str) -> None:
    error = refused(folder, customer(**said))
    failed = [one for one in error.findings if one.fails]
    assert any(one.id.startswith(id_) for one in failed), failed
    assert not any(".new-" in f"{one.message} {one.fix} {one.where}" for one in failed)


def test_a_disk_that_is_full_at_the_last_step_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device", "customers/new.yml")

    before = files(folder)
    monkeypatch.setattr(os, "link", full)
    with pytest.raises(OSError, match="No space left"):
        write(folder, customer(selector="mail2026"), with_key=True)
    assert files(folder) == before
    monkeypatch.undo()
    write(folder, customer(selector="mail2026"), with_key=True)


def test_somebody_who_was_faster_is_not_written_over(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    link = os.link

    def late(source: Path, target: Path) -> None:
        Path(target).write_text("another's")
        link(source, target)

    monkeypatch.setattr(os, "link", late)
    with pytest.raises(new.NewError, match="is there already"):
        write(folder, customer())
    assert (folder / "customers" / "new.yml").read_text() == "another's"
    assert not (folder / "customers" / "new").exists()


def test_an_empty_provider_takes_its_first_customer(folder: Path) -> None:
    shutil.rmtree(folder / "customers")
    assert write(folder, customer()).file.is_file()


def test_a_person_is_given_in_few_words() -> None:
    assert starter.person("Jo Marsh, jmarsh", "new.ac.uk") == Person("Jo Marsh", "jmarsh", "Jo.Marsh@new.ac.uk")
    assert starter.person("Jo, j1, jo@art.new.ac.uk", "new.ac.uk").address == "jo@art.new.ac.uk"
    for wrong in ("Jo Marsh", "Jo, J/1", "Jo, j1, jo", "a, b, c, d", "李, li"):
        with pytest.raises(ValueError, match=r"."):
            starter.person(wrong, "new.ac.uk")
