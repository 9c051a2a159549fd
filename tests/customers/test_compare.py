"""What somebody did by hand to customers' files on a shared host is named with its customer; who did nothing is
not told of anything."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from support import role_code
from support.assembling import TODAY, Host, assemble, host, module, text
from support.tools import need

compare, command = (module(name) for name in ("compare", "command"))
sender = role_code.load("action_plugins/fragments.py", "customers")


class Applied(Host):
    """A host with the fragments of an apply, and the record of it."""

    def apply(self, today: date = TODAY, **texts: str | None) -> object:
        done = super().apply(today, **texts)
        shutil.rmtree(self.at(host.FRAGMENTS), ignore_errors=True)
        self.at(host.FRAGMENTS).mkdir(parents=True)
        rows = {}
        for path in self.folder.glob("*.tables"):
            shutil.copy(path, self.at(host.FRAGMENTS))
            self.at(f"{host.FRAGMENTS}/{path.name}").chmod(0o600)
            rows[path.stem] = {"fragment": hashlib.sha256(path.read_bytes()).hexdigest(), "seed": "", "logins": []}
        self.at(compare.RECORD).write_text(json.dumps({"customers": rows}))
        return done

    def told(self, today: date = TODAY) -> list[tuple[str, str, str]]:
        return [(one.kind, one.customer, one.words) for one in compare.compare(self.places, self.settings, today)]

    def fragment(self, name: str) -> Path:
        return self.at(f"{host.FRAGMENTS}/{name}.tables")

    def rewrite(self, table: str, turn: Callable[[str], str]) -> None:
        """What somebody does who knows how tables are made."""
        path = self.at(host.FILTER if table == "filter" else f"{host.POSTFIX}/{table}.cdb")
        said = subprocess.run(["cdb", "-d", "-m", str(path)], check=True, capture_output=True, text=True).stdout
        subprocess.run(["cdb", "-c", "-m", str(path)], input=turn(said), text=True, check=True)
        path.chmod(0o640)

    def text(self, table: str) -> Path:
        (found,) = self.at(host.TABLES).glob(f"{table}.*")
        return found


def logs_of(name: str) -> str:
    """What a host that keeps logs alone gets of a customer."""
    return sender.of_logs(text(name).encode()).decode()


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Applied:
    need("cdb")
    monkeypatch.setattr(assemble.os, "geteuid", lambda: 1000)
    made = Applied(tmp_path)
    made.apply(college=text("college"), school=text("school"), trust=text("trust", "inside inner.trust.ac.uk"))
    return made


def test_a_host_that_nobody_touched_is_silent(shared: Applied) -> None:
    assert shared.told() == []


def test_a_host_that_is_no_store_and_one_without_customers_are_silent(tmp_path: Path, shared: Applied) -> None:
    other = Applied(tmp_path / "mx", store=False, dovecot="")
    assert other.told() == []
    other.apply(college=text("college"))
    assert other.told() == []


def test_a_host_that_keeps_logs_alone_says_whose_they_are(
    tmp_path: Path, shared: Applied, capsys: pytest.CaptureFixture[str]
) -> None:
    logs = Applied(tmp_path / "log", store=False, dovecot="", mailer=False)
    logs.apply(college=logs_of("college"), school=logs_of("school"))
    mailer_s = Applied(tmp_path / "mx", store=False, dovecot="")
    mailer_s.apply(college=text("college"), school=text("school"))
    view = json.loads(logs.at(host.VIEW).read_text())["customers"]
    assert {name: row["domains"] for name, row in view.items()} == {
        "college": ["college.ac.uk"],
        "school": ["school.ac.uk"],
    }
    assert logs.at(host.VIEW).read_text() == mailer_s.at(host.VIEW).read_text()
    assert sorted(path.name for path in logs.root.rglob("*") if path.is_file() and "etc" not in path.parts) == [
        "assembled.json",
        "customers.json",
        "record.json",
    ]
    assert logs.told() == []
    logs.at(str(host.SETTINGS)).parent.mkdir(parents=True, exist_ok=True)
    said = {**vars(logs.settings), "own": ["hosting.example"], "folders": []}
    logs.at(str(host.SETTINGS)).write_text(json.dumps(said))
    command.main(["list"], str(logs.root))
    assert capsys.readouterr().out.splitlines()[0].split() == ["college", "active", "college.ac.uk"]
    command.main(["list", "--json"], str(logs.root))
    assert json.loads(capsys.readouterr().out)["customers"]["school"]["addresses"] is None


def test_a_host_that_only_keeps_logs_from_now_on_keeps_no_table_and_no_key(tmp_path: Path, shared: Applied) -> None:
    """It was a mailer too; passwords, like mail, stay."""
    for name, text_ in ((f"{host.KEYS}/college.key", "KEY"), (f"{host.DOVECOT}/college.passwords", "ada:{X}1\n")):
        shared.at(name).parent.mkdir(parents=True, exist_ok=True)
        shared.at(name).write_text(text_)
    parts = {"store": False, "dovecot": "", "mailer": False}
    shared.settings = dataclasses.replace(shared.settings, **parts)
    shared.apply(**{name: logs_of(name) for name in ("college", "school", "trust")})
    left = {str(path.relative_to(shared.root)) for path in shared.root.rglob("*") if not path.is_dir()}
    assert left == {
        *(f"etc/mailwright/customers/{name}.tables" for name in ("college", "school", "trust")),
        "etc/dovecot/customers/college.passwords",
        *(f"var/lib/mailwright-customers/{name}.json" for name in ("assembled", "customers", "realms", "record")),
    }
    assert "@" not in "".join(path.read_text() for path in shared.at("/var/lib").rglob("*") if path.is_file())
    assert shared.told() == []
    shared.settings = dataclasses.replace(shared.settings, store=True, dovecot="2.4", mailer=True)
    shared.apply(**{name: text(name) for name in ("college", "school", "trust")})
    assert shared.table("mailboxes")["ada.byron@college.ac.uk"] == "ada@college.ac.uk"
    assert shared.told() == []


def test_silence_whatever_the_way_there(shared: Applied) -> None:
    shared.apply(college=text("college", "alias info@college.ac.uk ada@hosting.example"))
    shared.apply(school=None)
    shared.apply(grange=text("grange", "domain school.ac.uk"))
    assert shared.told() == []


def test_a_domain_that_goes_to_who_has_nobody_in_it_keeps_nobody_of_before(shared: Applied) -> None:
    """Those who had it would authenticate as addresses of another customer."""
    both = text("school", "domain hall.ac.uk", "mailbox ada@hall.ac.uk ada@school.ac.uk")
    shared.apply(school=both)
    assert shared.people("hall.ac.uk")
    shared.apply(school=text("school"), trust=text("trust", "domain hall.ac.uk"))
    assert not shared.people("hall.ac.uk")
    assert shared.told() == []


def test_who_is_refused_by_now_is_left_out_and_no_other(shared: Applied) -> None:
    shared.put(college="format 1\n")
    shared.stage()
    assert shared.told() == []


@pytest.mark.parametrize("state", ["stopped", "closed", "over"])
def test_who_leaves_is_silent(shared: Applied, state: str) -> None:
    without = ("process", "dkim", "mailbox", "alias", "sender")
    lines = [line for line in text("college").splitlines() if not line.startswith(without)]
    if state != "stopped":
        lines = [line for line in lines if not line.startswith("login")]
    if state == "over":
        lines = [line for line in lines if not line.startswith(("domain", "days"))]
    said = "".join(f"{line}\n" for line in lines).replace(
        "state active", f"state {state}\nleaving 2027-01-01 2027-01-02 2027-01-03"
    )
    assert shared.apply(college=said).broken == {}  # type: ignore[attr-defined]
    assert shared.told() == []


# ---- by hand


def test_a_fragment_that_was_put_there(shared: Applied) -> None:
    shared.fragment("evil").write_text(text("evil"))
    assert shared.told() == [
        (
            "edited",
            "evil",
            "/etc/mailwright/customers/evil.tables, a fragment of evil, was put there by hand, and by no apply",
        )
    ]


def test_a_fragment_that_was_taken_away(shared: Applied) -> None:
    shared.fragment("school").unlink()
    assert shared.told() == [
        (
            "missing",
            "school",
            "/etc/mailwright/customers/school.tables, the fragment of school, was taken away by hand",
        )
    ]


def test_a_fragment_that_was_edited_or_is_none(shared: Applied) -> None:
    shared.fragment("school").write_text(text("school", "alias info@school.ac.uk x@evil.example"))
    shared.fragment("trust").unlink()
    shared.fragment("trust").mkdir()
    kinds = [(kind, name) for kind, name, _ in shared.told()]
    assert kinds == [("edited", "school"), ("edited", "trust")]


def test_a_fragment_that_everybody_may_read(shared: Applied) -> None:
    shared.fragment("school").chmod(0o644)
    ((kind, name, words),) = shared.told()
    assert (kind, name) == ("edited", "school")
    assert words.endswith("has another owner, group or mode than it was given")


@pytest.mark.parametrize(
    ("table", "line", "name"),
    [
        ("aliases", "postmaster@college.ac.uk spy@evil.example", "college"),
        ("mailboxes", "new@school.ac.uk ada@college.ac.uk", "school"),
        ("domains", "barclays.co.uk college", ""),
        ("filter", "!spam@trust.ac.uk trust", "trust"),
        ("filter", "*trust.ac.uk s2 /etc/rspamd/customers/college.key", "trust"),
        ("filter", "@inner.trust.ac.uk college", "trust"),
    ],
)
def test_a_line_in_a_table(shared: Applied, table: str, line: str, name: str) -> None:
    shared.rewrite(table, lambda said: said + f"{line}\n")
    ((kind, whose, words),) = shared.told()
    assert (kind, whose) == ("product", name)
    assert words.endswith(f"1 lines of {name or 'nobody who is served here'} came, 0 went")


def test_a_line_that_was_changed_and_the_time_set_back(shared: Applied) -> None:
    path = shared.at(f"{host.POSTFIX}/aliases.cdb")
    before = path.stat()
    shared.rewrite("aliases", lambda said: said.replace("team@hosting.example", "spy1@hosted.example", 1))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert [(kind, whose) for kind, whose, _ in shared.told()] == [("product", "college")]


def test_the_order_of_a_table_and_one_that_is_none(shared: Applied) -> None:
    shared.rewrite("aliases", lambda said: "".join(reversed(said.splitlines(keepends=True))))
    shared.at(f"{host.POSTFIX}/domains.cdb").write_bytes(b"x" * 3000)
    shared.at(f"{host.POSTFIX}/inside.cdb").unlink()
    told = shared.told()
    assert {kind for kind, _, _ in told} == {"product"}
    assert [words.split(" ", 1)[1] for _, _, words in told] == [
        "is no table: it cannot be read",
        "was deleted: whoever looks things up in it gets no answer",
        "has its lines in another order than it was made in",
    ]


def test_the_text_of_a_table(shared: Applied) -> None:
    """The next apply makes the table of it."""
    path = shared.text("aliases")
    path.write_text(path.read_text().replace("team@hosting.example", "spy1@hosted.example"))
    assert [(kind, whose) for kind, whose, _ in shared.told()] == [
        ("edited", "college"),
        ("edited", "school"),
        ("edited", "trust"),
    ]


def test_lists_of_people(shared: Applied) -> None:
    list_ = shared.at(f"{host.DOVECOT}/college.ac.uk.people")
    list_.write_text(list_.read_text() + "spy@college.ac.uk:::::::user=ada@college.ac.uk noauthenticate=y\n")
    shared.at(f"{host.DOVECOT}/school.ac.uk.people").unlink()
    link = shared.at(f"{host.DOVECOT}/trust.ac.uk.passwords")
    link.unlink()
    link.symlink_to("college.passwords")
    shared.at(f"{host.DOVECOT}/barclays.co.uk.people").write_text("x\n")
    shared.at(f"{host.DOVECOT}/inner.trust.ac.uk.passwords").write_text("x:{PLAIN}x\n")
    shared.at(f"{host.DOVECOT}/college.passwords").write_text("ada:{PLAIN}x\n")  # host state
    assert [(kind, whose) for kind, whose, _ in shared.told()] == [
        ("edited", "college"),
        ("missing", "school"),
        ("edited", "trust"),
        ("edited", ""),
        ("edited", "trust"),
    ]


def test_what_the_views_go_by_and_what_is_remembered(shared: Applied) -> None:
    view = shared.at(host.VIEW)
    view.write_text(view.read_text().replace('"domains": ["college.ac.uk"]', '"domains": ["school.ac.uk"]'))
    shared.at(host.REALMS).write_text("{}")
    memory = shared.at(host.INDEX)
    memory.write_text(memory.read_text().replace('"domains":["trust.ac.uk"]', '"domains":["trust.ac.uk","x.uk"]'))
    told = shared.told()
    assert ("edited", "college") in [(kind, whose) for kind, whose, _ in told]
    assert ("edited", "", f"{host.REALMS} was edited by hand: it is not the one that was assembled") in told
    assert any(whose == "trust" and words.startswith(host.INDEX) for _, whose, words in told)


def test_an_apply_that_was_interrupted(shared: Applied) -> None:
    journal = shared.at(compare.JOURNAL)
    journal.parent.mkdir()
    journal.write_text("{}")
    assert shared.told() == [("not-applied", "", "an apply of customers is under way, or was interrupted")]


def test_all_is_made_again_and_silence_after_that(shared: Applied, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an apply does that loses what was edited by hand."""
    shared.rewrite("aliases", lambda said: said.replace("team@hosting.example", "spy1@hosted.example"))
    shared.at(f"{host.POSTFIX}/domains.cdb").unlink()
    shared.text("mailboxes").write_text("x y\n")
    shared.at(f"{host.DOVECOT}/college.ac.uk.people").chmod(0o644)
    shared.at(f"{host.DOVECOT}/barclays.co.uk.people").write_text("x\n")
    shared.at(host.VIEW).write_text("{}")
    assert shared.told()
    before = assemble.assemble
    monkeypatch.setattr(assemble, "assemble", lambda *arguments: before(*arguments, all_=True))
    shared.apply()
    assert shared.told() == []
    assert shared.table("aliases")["postmaster@school.ac.uk"].endswith("team@hosting.example")


def test_it_is_said_as_json_and_bounded(
    shared: Applied, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {
        **vars(shared.settings),
        "own": sorted(shared.settings.own),
        "folders": sorted(shared.settings.folders),
    }
    shared.at(str(host.SETTINGS)).write_text(json.dumps(settings))
    assert command.main(["compare", "--json"], str(shared.root)) == 0
    assert json.loads(capsys.readouterr().out) == {"told": [], "more": 0}
    for name in ("one", "two", "three"):
        shared.fragment(name).write_text(text(name))
    monkeypatch.setattr(command, "_TOLD", 1)
    assert command.main(["compare", "--json"], str(shared.root)) == 1
    said = json.loads(capsys.readouterr().out)
    assert (said["told"][0]["customer"], said["more"]) == ("one", 2)
    assert command.main(["compare"], str(shared.root)) == 1
    assert [
        line.partition(", a fragment of ")[2].partition(",")[0] for line in capsys.readouterr().out.splitlines()
    ] == [
        "one",
        "three",
        "two",
    ]
