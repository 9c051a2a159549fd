"""Two sides → a review: what is new, what broke, and what a newer mailwright changes."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from mailwright import __version__
from mailwright.build import inputs, project
from mailwright.build.earlier import read
from mailwright.build.writer import write
from mailwright.changes import cause, verdict
from mailwright.changes.cause import broken
from mailwright.changes.model import Review, Severity
from mailwright.changes.personal import impersonal, whole
from mailwright.changes.reduce import reduce
from mailwright.changes.review import review
from mailwright.changes.side import Built, Made, Side, UnusableError
from mailwright.findings import Finding, Level, Place, Status
from mailwright.plan import stored
from support.example import EXAMPLE

TODAY = date(2026, 3, 1)
STARTER = "ns001,New Starter,New.Starter@college.ac.uk,,,Physics,\n"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A copy of the example."""
    folder = tmp_path / "new"
    folder.mkdir()
    for path in EXAMPLE.parent.iterdir():
        if path.is_file():
            (folder / path.name).write_bytes(path.read_bytes())
    return folder / "site.yml"


def starter(site: Path) -> None:
    with (site.parent / "people.csv").open("a") as file:
        file.write(STARTER)


def replaced(site: Path, old: str, new: str) -> None:
    text = site.read_text()
    assert text.count(old) == 1
    site.write_text(text.replace(old, new))


def of(old: Side | Built | Path, new: Side | Built | Path, **options: object) -> Review:
    one, other = (Side(str(side), side) if isinstance(side, Path) else side for side in (old, new))
    return review(one, other, today=TODAY, **options)  # type: ignore[arg-type]


def risks(found: Review) -> set[str]:
    return {risk.rule.id for risk in found.risks}


class TestDescriptions:
    def test_the_same_bytes_are_read_once(self, site: Path) -> None:
        new = Side("new", site)
        found = of(Side("old", EXAMPLE), new)
        assert not verdict.differs(found)
        assert "reading" not in vars(new)
        assert (found.new.label, found.new.domain, found.new.version) == ("new", "college.ac.uk", __version__)

    @pytest.mark.parametrize("name", ["site.yml", "people.csv", "dkim.pub", "stores.csv"])
    def test_any_other_byte_is_read(self, site: Path, name: str) -> None:
        file = site.parent / name
        file.write_bytes((file.read_bytes() if file.exists() else b"login,store\n") + b"\n")
        new = Side("new", site)
        assert not verdict.differs(of(Side("old", EXAMPLE), new))
        assert "reading" in vars(new)

    def test_a_link_out_of_the_folder_is_a_fault_although_its_bytes_are_the_same(self, site: Path) -> None:
        people = site.parent / "people.csv"
        people.rename(site.parent.parent / "people.csv")
        people.symlink_to("../people.csv")
        with pytest.raises(UnusableError) as error:
            of(EXAMPLE, site)
        (side, findings) = error.value.faults[0]
        assert side.file == site
        assert {finding.id for finding in findings} == {"source.outside"}

    def test_comments_and_order_mean_nothing(self, site: Path) -> None:
        replaced(site, "  postmaster: [rl204, km217, ii305]\n", "")
        replaced(
            site,
            "  abuse: [rl204, ii305]\n",
            "  abuse: [rl204, ii305]  # moved\n  postmaster: [rl204, km217, ii305]\n",
        )
        found = of(EXAMPLE, site)
        assert not found.changes
        assert not found.hosts

    def test_a_change_without_an_effect_on_any_host(self, site: Path) -> None:
        replaced(site, "+44 1632 960101", "+44 1632 960109")
        found = of(EXAMPLE, site)
        assert found.changes
        assert found.files
        assert verdict.line(found).startswith("No effect on any host: ")

    def test_a_risk_has_its_place(self, site: Path) -> None:
        replaced(site, "networks:\n", "networks:\n  relay: [198.51.100.0/24]\n")
        found = of(EXAMPLE, site)
        (risk,) = (one for one in found.risks if one.rule.id == "relay.widened")
        assert risk.where is not None
        assert (risk.where.file, risk.where.line) == (str(site), 17)

    def test_a_must_that_breaks_is_a_risk_and_a_warning(self, site: Path) -> None:
        replaced(site, "  postmaster: [rl204, km217, ii305]\n", "")
        found = of(EXAMPLE, site)
        assert "role.lost" in risks(found)
        assert any("ROLE-1" in warning for warning in found.warnings)

    def test_a_must_that_was_broken_before_is_a_warning(self, site: Path, tmp_path: Path) -> None:
        replaced(site, "  postmaster: [rl204, km217, ii305]\n", "")
        other = tmp_path / "other"
        other.mkdir()
        for path in site.parent.iterdir():
            (other / path.name).write_bytes(path.read_bytes())
        starter(other / "site.yml")
        found = of(site, other / "site.yml")
        assert "role.lost" not in risks(found)
        assert any("ROLE-1" in warning for warning in found.warnings)

    @pytest.mark.parametrize("many", [0, 1000])
    def test_files_have_their_differences_where_the_review_is_complete(
        self, site: Path, many: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        starter(site)
        everybody = of(EXAMPLE, site, complete=True)
        monkeypatch.setattr(cause, "reduce", partial(reduce, many=many))
        whole, named = of(EXAMPLE, site, complete=True), of(EXAMPLE, site)
        assert whole.files == everybody.files
        assert all(file.diff for file in whole.files)
        assert tuple(replace(file, diff=()) for file in whole.files) == named.files

    def test_a_value_that_no_format_carries_is_a_fault_of_its_side(self, site: Path) -> None:
        starter(site)
        made = Made(Side("new", site), Side("new", site).site, TODAY)
        organisation = replace(made.site.organisation, name="College\N{LINE SEPARATOR}of Example")
        bad = Made(Side("new", site), replace(made.site, organisation=organisation), TODAY)
        with pytest.raises(UnusableError) as error:
            _ = bad.tree
        assert {finding.id for _, findings in error.value.faults for finding in findings} == {"build.value"}


def finding(id_: str, message: str, pointer: str = "", line: int = 1) -> Finding:
    where = Place("site.yml", line, 1, pointer)
    return Finding(id_, id_.partition(".")[0], Level.SHOULD, Status.FAIL, message, where=where)


class TestBroken:
    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (
                finding("A.x", "the role abuse reaches nobody", "", 3),
                finding("A.x", "the role abuse reaches nobody", "", 9),
            ),
            (
                finding("A.x", "abuse reaches rl204 alone", "/roles/abuse"),
                finding("A.x", "abuse reaches km217 alone", "/roles/abuse"),
            ),
            (finding("A.x", "kept 60 days", "/logging"), finding("A.x", "kept 30 days", "/logging")),
        ],
        ids=["its line moved", "the same setting otherwise", "the same section with other numbers"],
    )
    def test_what_was_broken_before_is_not_new(self, old: Finding, new: Finding) -> None:
        assert list(broken([old], [new])) == []
        assert list(broken([], [new])) == [new]

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            (
                finding("A.x", "wide: 10.0.0.0/8", "/networks/relay/0"),
                finding("A.x", "wide: 0.0.0.0/0", "/networks/relay/0"),
            ),
            (finding("A.x", "one", "/roles/abuse"), finding("A.y", "one", "/roles/abuse")),
            (finding("A.x", "no telephone", "/organisation"), finding("A.x", "no registry", "/organisation")),
        ],
        ids=["another item of a list", "another rule", "another thing in a section"],
    )
    def test_what_was_not_is(self, old: Finding, new: Finding) -> None:
        assert list(broken([old], [new])) == [new]

    @pytest.mark.parametrize("status", [Status.WAIVED, Status.PASS, Status.NOT_PROVEN])
    def test_what_did_not_fail_before_is(self, status: Status) -> None:
        new = finding("A.x", "one")
        assert list(broken([replace(new, status=status)], [new])) == [new]
        assert list(broken([], [replace(new, status=status)])) == []


@pytest.fixture
def folder(site: Path, tmp_path: Path) -> Path:
    """A build of the example."""
    side = Side("site.yml", site)
    made = Made(side, side.site, TODAY)
    tree = project(side.site, made.plan, made.findings, inputs.of(side.reading, site.parent, made.plan))
    built = tmp_path / "build" / "college.ac.uk"
    write(tree, built)
    return built


def built(folder: Path) -> Built:
    return Built.of("build/college.ac.uk", read(folder))


def rebuilt(folder: Path, path: str, edit: Callable[[bytes], bytes] | None, version: str = "0.0.1") -> None:
    """As if another version had built it, with another content of one file, or without it."""
    manifest = json.loads((folder / "MANIFEST.json").read_text())
    manifest["mailwright"] = version
    file = folder / path
    if edit is None:
        del manifest["files"][path]
        file.unlink()
    else:
        file.write_bytes(edit(file.read_bytes()))
        manifest["files"][path] = sha256(file.read_bytes()).hexdigest()
    (folder / "MANIFEST.json").write_text(json.dumps(manifest))


def weaker(data: bytes) -> bytes:
    """A plan of a mailwright that did not bind senders to logins."""
    plan = stored.load(data)
    policies = tuple(row for row in plan.policies if row.check != "reject_sender_login_mismatch")
    assert policies != plan.policies
    return stored.dump(replace(plan, policies=policies))


def stronger(data: bytes) -> bytes:
    """A plan of a mailwright that judged by something that today's does not."""
    plan = stored.load(data)
    more = replace(plan.policies[0], position=99, check="reject_something")
    return stored.dump(replace(plan, policies=tuple(sorted((*plan.policies, more), key=lambda row: row.key))))


class TestBuilds:
    def test_nothing_has_come_since(self, site: Path, folder: Path) -> None:
        found = of(built(folder), site)
        assert [part.origin for part in found.parts] == ["description"]
        assert not verdict.differs(found)
        assert (found.old.label, found.old.version) == ("build/college.ac.uk", __version__)

    def test_another_day_is_no_newer_mailwright(self, site: Path, folder: Path) -> None:
        side = Side("site.yml", site)
        later = review(built(folder), side, today=date(2029, 1, 1))
        assert [part.origin for part in later.parts] == ["description"]
        assert not later.files

    def test_a_newer_mailwright_is_told_apart_from_the_description(self, site: Path, folder: Path) -> None:
        rebuilt(folder, "plan.json", weaker)
        starter(site)
        found = of(built(folder), site)
        ours, theirs = found.parts
        assert (ours.origin, theirs.origin) == ("description", "mailwright")
        assert {change.table for change in ours.changes} == {"mailboxes", "routes", "senders"}
        assert {change.table for change in theirs.changes} == {"policies"}
        assert found.old.version == "0.0.1"

    def test_risk_rules_apply_to_both(self, site: Path, folder: Path) -> None:
        rebuilt(folder, "plan.json", stronger)
        replaced(site, "networks:\n", "networks:\n  relay: [198.51.100.0/24]\n")
        ours, theirs = of(built(folder), site).parts
        assert "relay.widened" in {risk.rule.id for risk in ours.risks}
        assert "policies.removed" in {risk.rule.id for risk in theirs.risks}
        assert max(risk.severity for risk in theirs.risks) >= Severity.MEDIUM

    def test_another_version_that_makes_the_same_is_said_so(self, site: Path, folder: Path) -> None:
        rebuilt(folder, "plan.json", lambda data: data)
        found = of(built(folder), site)
        assert [part.origin for part in found.parts] == ["description", "mailwright"]
        assert not found.changes
        assert {file.path for file in found.files} <= {"compliance/matrix.html", "compliance/matrix.json"}

    def test_what_was_changed_by_hand_is_a_warning_and_no_newer_mailwright(self, site: Path, folder: Path) -> None:
        (folder / "ansible.cfg").write_text("# mine\n")
        (folder / "site.yml").unlink()
        found = of(built(folder), site)
        assert not found.files
        assert verdict.differs(found)
        assert verdict.line(found).startswith("The build was edited: 2 files in it.")
        edited, missing = found.warnings
        assert (
            edited
            == "ansible.cfg of build/college.ac.uk was changed since it was built; a new build takes that back."
        )
        assert (
            missing
            == "site.yml of build/college.ac.uk was taken away since it was built; a new build takes that back."
        )

    def test_an_edited_file_that_holds_people_is_named_where_they_may_be(self, site: Path, folder: Path) -> None:
        (folder / "hosts/mail.college.ac.uk/postfix/etc/postfix/virtual_mailboxes").write_text("mine\n")
        (said,) = of(built(folder), site).warnings
        assert "virtual_mailboxes" in whole(said)
        assert impersonal(said).startswith("a file with people's data of build/college.ac.uk was changed")

    def test_a_build_whose_manifest_was_made_to_match_is_told(self, site: Path, folder: Path) -> None:
        path = "hosts/mail.college.ac.uk/postfix/etc/postfix/main.cf"
        rebuilt(folder, path, lambda data: data + b"mynetworks = 0.0.0.0/0\n", __version__)
        found = of(built(folder), site)
        assert [file.path for file in found.files] == [path]
        assert any(f"not what mailwright {__version__}, which its manifest names" in one for one in found.warnings)

    def test_without_a_plan_the_files_are_compared(self, site: Path, folder: Path) -> None:
        rebuilt(folder, "plan.json", None)
        starter(site)
        found = of(built(folder), site)
        assert {change.table for change in found.parts[0].changes} == {"mailboxes", "routes", "senders"}
        assert any("kept no plan.json" in warning for warning in found.warnings)

    def test_a_description_that_is_no_good_today_leaves_one_part(self, site: Path, folder: Path) -> None:
        rebuilt(folder, "description/site.yml", lambda data: data.replace(b"os: debian-13", b"os: debian-8"))
        starter(site)
        found = of(built(folder), site)
        (part,) = found.parts
        assert {change.table for change in part.changes} == {"mailboxes", "routes", "senders"}
        assert any(
            "cannot use the description" in warning and "schema.choice" in warning for warning in found.warnings
        )
        assert any(file.lands == "/etc/postfix/virtual_mailboxes" for file in found.files)

    def test_with_neither_the_files_alone_are_compared(self, site: Path, folder: Path) -> None:
        for path in sorted(str(path.relative_to(folder)) for path in (folder / "description").iterdir()):
            rebuilt(folder, path, None)
        rebuilt(folder, "plan.json", None)
        starter(site)
        found = of(built(folder), site)
        assert found.changes == ()
        assert any(file.lands == "/etc/postfix/virtual_mailboxes" for file in found.files)
        assert len(found.warnings) == 2
