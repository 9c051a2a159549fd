"""Customers' fragments on files of this machine: what is sent, judged, swapped and put back; and who is named."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import io
import json
import sys
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleActionFail

from mailwright.formats.engine import render
from mailwright.formats.playbook import PLAYBOOK
from support import role_code

fragments = role_code.load("library/fragments.py", "customers")
action = role_code.load("action_plugins/fragments.py", "customers")
journal = role_code.load("module_utils/mailwright_journal.py")

# Stands in for the assembler: one table with a line for each customer; a fragment that says "bad" is refused.
ASSEMBLER = """\
import json, pathlib, sys
out, folder = pathlib.Path(sys.argv[sys.argv.index("--out") + 1]), sys.argv[sys.argv.index("--fragments") + 1]
broken, lines = {}, []
for path in sorted(pathlib.Path(folder).glob("*.tables")):
    text = path.read_text() if path.is_file() else "bad"
    if "fall over" in text:
        sys.exit("no room left")
    if "bad" in text:
        broken[path.stem] = "line 1: bad"
    else:
        lines.append(f"{path.stem} {text}")
table = pathlib.Path(TABLE)
text = "".join(lines)
written = [] if table.exists() and table.read_text() == text else [str(table)]
for path in written:
    target = out / path.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
print(json.dumps({"written": written, "removed": [], "broken": broken}))
"""


def sha(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class Host:
    """A shared host's folders below a temporary one, and applies to it."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.table = root / "etc/tables.cdb"
        program = root / "assembler.py"
        program.write_text(f"TABLE = {str(self.table)!r}\n{ASSEMBLER}", encoding="utf-8")
        self.place = fragments.Place(
            root / "etc/fragments",
            root / "state",
            root / "etc/keys",
            root / "etc/passwords",
            (sys.executable, "-I", str(program)),
            root / "lock",
        )
        self.place.state.mkdir()

    def apply(
        self,
        texts: Mapping[str, str],
        seeds: Mapping[str, str] | None = None,
        keys: Mapping[str, str] | None = None,
        check: bool = False,
        **parts: Any,
    ) -> Any:
        members: dict[str, str] = {}
        wanted: dict[str, dict[str, str]] = {}
        for part, ending, given in (
            ("fragment", "tables", texts),
            ("seed", "passwords", seeds),
            ("key", "key", keys),
        ):
            for name, text in (given or {}).items():
                members[f"{name}.{ending}"] = text
                wanted.setdefault(name, {})[part] = sha(text)
        work = fragments.work_from(
            {
                "customers": wanted,
                "forget": [],
                "services": [],
                "dialogues": [],
                "patience": 0,
                "show_personal": False,
                **parts,
            }
        )
        return fragments.run(self.place, work, self.archive(members), check, True)

    def archive(self, members: Mapping[str, str]) -> str:
        path = self.root / "customers.tar.gz"
        with tarfile.open(path, "w:gz") as tar:
            for name, text in members.items():
                member = tarfile.TarInfo(name)
                member.size = len(text.encode())
                tar.addfile(member, io.BytesIO(text.encode()))
        return str(path)

    def files(self) -> dict[str, str]:
        etc = self.root / "etc"
        return {str(path.relative_to(etc)): path.read_text() for path in etc.rglob("*") if path.is_file()}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_fragments_land_and_the_table_is_made_of_all(host: Host) -> None:
    outcome = host.apply({"college": "1\n", "school": "2\n"})
    assert outcome.changed == ["college", "school"]
    assert outcome.refused == {}
    assert host.table.read_text() == "college 1\nschool 2\n"
    assert host.place.fragment("college").stat().st_mode & 0o777 == 0o600
    host.apply({"school": "3\n"})
    assert host.table.read_text() == "college 1\nschool 3\n"


def test_only_tables_that_differ_are_swapped(host: Host) -> None:
    host.apply({"college": "1\n"})
    before = host.table.stat().st_ino
    assert host.apply({}, keys={"college": "key"}).tables == []
    assert host.table.stat().st_ino == before


def test_what_the_host_has_is_told(host: Host) -> None:
    host.apply({"college": "1\n"}, seeds={"college": "a@x:{X}1\n"}, keys={"college": "key"})
    assert fragments.held(host.place) == {
        "college": [sha("1\n"), sha("1\n"), sha("a@x:{X}1\n"), sha("key")],
    }
    host.place.fragment("college").write_text("by hand\n")
    assert fragments.held(host.place)["college"][:2] == [sha("by hand\n"), sha("1\n")]


def test_a_refused_fragment_stops_nobody_else_and_leaves_what_was_there(host: Host) -> None:
    host.apply({"college": "1\n", "school": "1\n"})
    outcome = host.apply({"college": "bad\n", "school": "2\n", "trust": "bad\n"}, keys={"college": "key"})
    assert outcome.refused == {"college": "line 1: bad", "trust": "line 1: bad"}
    assert outcome.changed == ["school"]
    assert host.files() == {
        "fragments/college.tables": "1\n",
        "fragments/school.tables": "2\n",
        "tables.cdb": "college 1\nschool 2\n",
    }
    assert fragments.held(host.place)["college"][1] == sha("1\n")


def test_passwords_are_sown_once_and_then_the_host_s_own(host: Host) -> None:
    host.apply({"college": "1\n"}, seeds={"college": "a@x:{X}1\nb@x:{X}2\n"})
    path = host.place.seeded("college")
    assert path.read_text() == "a@x:{X}1\nb@x:{X}2\n"
    path.write_text("a@x:{X}changed\n")  # b's was taken away
    host.apply({}, seeds={"college": "a@x:{X}1\nb@x:{X}2\nc@x:{X}3\n"})
    assert path.read_text() == "a@x:{X}changed\nc@x:{X}3\n"


def writing_meanwhile(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody who sets a password on the host while an apply is under way, between its look and its swap."""
    real = fragments.change

    def change(*given: Any) -> None:
        path = host.place.seeded("college")
        path.write_text(path.read_text().replace("ada:{X}1", "ada:{X}of-her-own"))
        real(*given)

    monkeypatch.setattr(fragments, "change", change)


def test_a_password_that_is_set_while_an_apply_is_under_way_stays(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.apply({"college": "1\n"}, {"college": "ada:{X}1\n"})
    writing_meanwhile(host, monkeypatch)
    host.apply({"college": "2\n"}, {"college": "ada:{X}1\nbob:{X}2\n"})
    assert host.files()["passwords/college.passwords"] == "ada:{X}of-her-own\nbob:{X}2\n"


def test_putting_back_takes_no_password_back_that_was_set_meanwhile(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.apply({"college": "1\n"}, {"college": "ada:{X}1\n"})
    writing_meanwhile(host, monkeypatch)
    with pytest.raises(fragments.Refused, match="is back"):
        host.apply({"college": "2\n"}, {"college": "ada:{X}1\nbob:{X}2\n"}, **silent(monkeypatch))
    assert host.files()["fragments/college.tables"] == "1\n"
    assert "ada:{X}of-her-own\n" in host.files()["passwords/college.passwords"]
    with pytest.raises(fragments.Refused, match="is back"):
        host.apply({"school": "1\n"}, {"school": "mary:{X}1\n"}, **silent(monkeypatch))
    assert "passwords/school.passwords" not in host.files()  # a customer that there was never


def test_first_passwords_are_laid_down_while_nobody_else_writes(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fragments.service, "QUIET", 0.5)
    host.apply({"college": "1\n"}, {"college": "ada:{X}1\n"})  # nobody who writes has ever run
    assert not host.place.lock.exists()
    with host.place.lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(fragments.Refused, match=r"has been held for 0 s by something else.*fuser -v"):
            host.apply({"college": "2\n"}, {"college": "bob:{X}2\n"})
        assert host.files()["fragments/college.tables"] == "1\n"
        host.apply({"college": "2\n"})  # without passwords nobody is waited for
    host.apply({"college": "3\n"}, {"college": "bob:{X}2\n"})
    assert host.files()["passwords/college.passwords"] == "ada:{X}1\nbob:{X}2\n"


def silent(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A dialogue in which the service says nothing."""

    def hold(*_: Any) -> str:
        raise fragments.service.ServiceError("silence")

    running = {"x.service": fragments.service.State(active=True, enabled=True)}
    monkeypatch.setattr(fragments.service, "states", lambda _units: running)
    monkeypatch.setattr(fragments.service, "journal_words", lambda _units, _since: "")
    monkeypatch.setattr(fragments.service, "hold", hold)
    return {"dialogues": [{"name": "x", "unit": "x.service"}]}


def test_forgetting_leaves_passwords(host: Host) -> None:
    host.apply({"college": "1\n", "school": "1\n"}, seeds={"college": "a@x:{X}1\n"}, keys={"college": "key"})
    outcome = host.apply({}, forget=["college"])
    assert outcome.changed == ["college"]
    assert host.files() == {
        "fragments/school.tables": "1\n",
        "passwords/college.passwords": "a@x:{X}1\n",
        "tables.cdb": "school 1\n",
    }


def test_a_failed_dialogue_puts_everything_back(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.apply({"college": "1\n", "school": "1\n"}, seeds={"college": "a@x:{X}1\n"}, keys={"college": "key"})
    before = host.files()
    units = [{"unit": "postfix.service", "action": "none"}]
    running = {"postfix.service": fragments.service.State(active=True, enabled=True)}
    monkeypatch.setattr(fragments.service, "states", lambda _units: running)
    monkeypatch.setattr(fragments.service, "journal_words", lambda _units, _since: "")
    monkeypatch.setattr(fragments.journal, "systemctl", lambda *_: type("Answer", (), {"returncode": 0})())
    talk = {"name": "SMTP", "unit": "postfix.service", "argv": ["sh", "-c", "echo 451 later; false"]}
    with pytest.raises(fragments.Refused, match=r"(?s)451 later.*What was there before is back"):
        host.apply(
            {"college": "2\n", "trust": "1\n"},
            {"college": "b@x:{X}1\n"},
            {"trust": "key"},
            services=units,
            dialogues=[talk],
        )
    assert host.files() == before
    assert set(fragments.held(host.place)) == {"college", "school"}
    twin = {**talk, "argv": ["true"]}
    assert host.apply({"college": "2\n"}, services=units, dialogues=[twin]).changed == ["college"]


def test_a_service_that_does_not_run_yet_is_not_talked_with(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    stopped = {"postfix.service": fragments.service.State(active=False, enabled=False)}
    monkeypatch.setattr(fragments.service, "states", lambda _units: stopped)
    talk = {"name": "SMTP", "unit": "postfix.service", "argv": ["false"]}
    units = [{"unit": "postfix.service", "action": "none"}]
    assert host.apply({"college": "1\n"}, services=units, dialogues=[talk]).changed == ["college"]


def test_an_assembler_that_falls_over_changes_nothing(host: Host) -> None:
    host.apply({"college": "1\n"})
    before = host.files()
    with pytest.raises(fragments.Refused, match="no room left"):
        host.apply({"school": "fall over\n"})
    assert host.files() == before


def test_an_interrupted_apply_is_put_back_first(host: Host) -> None:
    host.apply({"college": "1\n"})
    before = host.files()
    touched = [str(host.place.fragment("college")), str(host.table)]
    fragments.begin(host.place.journal, touched, [], [])
    for path in touched:
        Path(path).unlink()
        Path(path).write_text("half\n")
    with pytest.raises(fragments.Refused, match="interrupted"):
        fragments.settle(host.place, True)
    assert fragments.settle(host.place, False)
    assert host.files() == before
    assert not fragments.settle(host.place, False)


def test_check_mode_judges_and_changes_nothing(host: Host) -> None:
    host.apply({"college": "1\n"})
    before = host.files()
    outcome = host.apply({"college": "2\n", "school": "bad\n"}, check=True)
    assert outcome.changed == ["college"]
    assert outcome.tables == [str(host.table)]
    assert set(outcome.refused) == {"school"}
    assert host.files() == before


def test_differences_name_customers_and_no_people(host: Host) -> None:
    host.apply({"college": "mailbox ada@college.ac.uk\n"})
    changed = {"college": "mailbox karl@college.ac.uk\n"}
    seen = json.dumps(host.apply(changed, seeds={"college": "k:{X}pw\n"}, check=True).diff)
    assert "customer college" in seen
    assert "1 lines come, 1 go" in seen
    assert "karl" not in seen
    shown = json.dumps(host.apply(changed, seeds={"college": "k:{X}pw\n"}, check=True, show_personal=True).diff)
    assert "karl@college.ac.uk" in shown
    assert "{X}pw" not in shown


@pytest.mark.parametrize("name", ["../etc/passwd", "college.sh", "school.tables.x", "/college.tables"])
def test_nothing_unannounced_is_unpacked(host: Host, name: str) -> None:
    wanted = {"college": fragments.Wanted(fragment=sha("1\n"))}
    work = fragments.Work(wanted)
    into = host.root / "into"
    into.mkdir()
    with pytest.raises(fragments.FilesError, match="not announced"):
        fragments.unpack(host.archive({name: "1\n"}), work, into)
    with pytest.raises(fragments.FilesError, match="damaged"):
        fragments.unpack(host.archive({"college.tables": "2\n"}), work, into)
    with pytest.raises(fragments.FilesError, match="lacks"):
        fragments.unpack(host.archive({}), work, into)
    fragments.unpack(host.archive({"college.tables": "1\n"}), work, into)
    assert [path.name for path in into.iterdir()] == ["college.tables"]


@pytest.mark.parametrize("name", ["", "../x", "A", "a/b", ".hidden", "a.b", "-a"])
def test_a_customer_s_name_leads_nowhere(name: str) -> None:
    with pytest.raises(fragments.FilesError):
        fragments.customer(name)
    with pytest.raises(AnsibleActionFail):
        action.entries(json.dumps({name: {"sha256": "x"}}), "customers.json")


class Control(action.ActionModule):  # type: ignore[name-defined,misc]
    """The action with a project on this machine, and a host that answers what it is told to."""

    def __init__(self, project: Path, held: Mapping[str, list[str]], arguments: Mapping[str, Any]) -> None:
        self.project = project
        self.held = held
        self.applied: dict[str, Any] | None = None
        self.texts: dict[str, bytes] = {}
        self._task = SimpleNamespace(args=dict(arguments), check_mode=False, async_val=0)
        self._connection = SimpleNamespace(_shell=SimpleNamespace(tmpdir=""))
        self._loader = SimpleNamespace(get_basedir=lambda: str(project))
        self._templar = SimpleNamespace(template=lambda value: value)

    def _execute_module(
        self, module_name: str, module_args: dict[str, Any], task_vars: dict[str, Any]
    ) -> dict[str, Any]:
        assert (module_name, task_vars["inventory_hostname"]) == ("fragments", "mail.host.example")
        if module_args["phase"] == "list":
            packed = base64.b64encode(zlib.compress(json.dumps(self.held).encode())).decode()
            return {"changed": False, "undone": False, "held": packed}
        self.applied = module_args
        return {"changed": True, "customers": sorted(module_args["customers"]), "tables": [], "refused": {}}

    def _send(self, texts: Mapping[str, bytes]) -> str:
        self.texts = dict(texts)
        return "/tmp/archive"  # noqa: S108 - nothing is written there

    def _remove_tmp_path(self, path: str) -> None:
        assert path == ""

    def go(self, **variables: Any) -> dict[str, Any]:
        variables = {"playbook_dir": str(self.project), "inventory_hostname": "mail.host.example", **variables}
        result: dict[str, Any] = self.run(None, variables)
        return result


PARTS = {"parts": ["people", "passwords", "keys"]}


def fragment(name: str) -> str:
    return f"customer {name}\nlogin ada@{name}.ac.uk 1000\nprocess forms@{name}.ac.uk\n"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    rows = {}
    for name in ("college", "school"):
        (folder / "customers" / name).mkdir(parents=True)
        (folder / "customers" / name / "mail.tables").write_text(fragment(name), encoding="utf-8")
        row = {"sha256": sha(fragment(name)), "passwords": f"secrets/{name}/passwords", "dkim_key": ""}
        rows[name] = row
    (folder / "customers.json").write_text(json.dumps(rows), encoding="utf-8")
    return folder


def there(name: str) -> list[str]:
    return [sha(fragment(name)), sha(fragment(name)), "", ""]


def test_only_what_changed_is_sent(project: Path) -> None:
    control = Control(project, {"college": there("college"), "school": there("old")}, PARTS)
    result = control.go()
    assert control.texts == {"school.tables": fragment("school").encode()}
    assert result["sent"] == ["school.tables"]
    assert result["changed"]
    assert result["named"] == []


def test_nothing_to_do_ends_with_the_list(project: Path) -> None:
    control = Control(project, {"college": there("college"), "school": there("school")}, PARTS)
    assert not control.go()["changed"]
    assert control.applied is None
    again = Control(project, {"college": there("college"), "school": there("school")}, {**PARTS, "anew": True})
    again.go()
    assert again.applied is not None


def test_to_lose_what_was_edited_by_hand_all_is_made_again(project: Path) -> None:
    """Whoever edits a table leaves the fragments as they are, so that nothing would be sent."""
    held = {"college": there("college"), "school": there("school")}
    control = Control(project, held, PARTS)
    control.go(mailwright_overwrite_hand_edits="true")
    assert control.applied is not None
    assert control.applied["all"] is True


WHOLE = """\
# Shared hosts know this of college, and nothing else.
format 1
customer college
realm college.ac.uk
state active

# SCALE-2: ...
leaving 2027-03-31 2027-06-30 2027-09-30
days 92
domain college.ac.uk
domain chem.college.ac.uk
inside inner.college.ac.uk
login ada@college.ac.uk 1000
process forms@college.ac.uk
dkim s1
mailbox ada.byron@college.ac.uk ada@college.ac.uk
name bob@college.ac.uk ada@college.ac.uk
alias info@college.ac.uk ada.byron@college.ac.uk ada@home.example
sender ada.byron@college.ac.uk ada@college.ac.uk
internal ada@inner.college.ac.uk Ada.Byron@college.ac.uk
"""
LOGS = """\
# Whose logs are kept here, and nobody's address.
format 1
customer college
realm college.ac.uk
state active
leaving 2027-03-31 2027-06-30 2027-09-30
days 92
domain college.ac.uk
domain chem.college.ac.uk
inside inner.college.ac.uk
"""


def whole(project: Path, text: str = WHOLE) -> None:
    """The college alone, with a fragment that has all there can be."""
    (project / "customers/college/mail.tables").write_text(text, encoding="utf-8")
    row = {"sha256": sha(text), "passwords": "secrets/college/passwords", "dkim_key": "secrets/college/dkim.key"}
    (project / "customers.json").write_text(json.dumps({"college": row}), encoding="utf-8")
    (project / "secrets/college").mkdir(parents=True, exist_ok=True)
    (project / "secrets/college/dkim.key").write_text("KEY", encoding="utf-8")
    (project / "secrets/college/passwords").write_text("ada:{X}1\n", encoding="utf-8")


def test_a_host_that_keeps_logs_alone_gets_nobodys_address_and_no_secret(project: Path) -> None:
    whole(project)
    everything = Control(project, {}, PARTS)
    everything.go()
    assert set(everything.texts) == {"college.tables", "college.passwords", "college.key"}
    assert everything.texts["college.tables"] == WHOLE.encode()
    logs = Control(project, {}, {"parts": []})
    logs.go()
    assert logs.texts == {"college.tables": LOGS.encode()}
    assert logs.applied is not None
    assert logs.applied["customers"] == {"college": {"fragment": sha(LOGS)}}


def test_a_host_that_keeps_logs_alone_is_left_alone_when_only_addresses_change(project: Path) -> None:
    held = {"college": [sha(LOGS), sha(LOGS), "", ""]}
    more = WHOLE + "alias more@college.ac.uk ada@home.example\n"
    for text in (WHOLE, more):
        whole(project, text)
        control = Control(project, held, {"parts": []})
        assert not control.go()["changed"]
        assert control.applied is None
    whole(project, WHOLE.replace("chem.", "art."))
    control = Control(project, held, {"parts": []})
    control.go()
    assert control.texts == {"college.tables": LOGS.replace("chem.", "art.").encode()}


@pytest.mark.parametrize(
    ("before", "parts", "sent"), [(WHOLE, [], LOGS), (LOGS, ["people"], WHOLE)], ids=["people go", "people come"]
)
def test_a_host_with_other_functions_gets_what_it_needs_now(
    project: Path, before: str, parts: list[str], sent: str
) -> None:
    whole(project)
    control = Control(project, {"college": [sha(before), sha(before), "", ""]}, {"parts": parts})
    assert control.go()["named"] == []
    assert control.texts == {"college.tables": sent.encode()}


def test_on_a_host_that_keeps_logs_alone_an_edit_by_hand_is_named_too(project: Path) -> None:
    whole(project)
    held = {"college": [sha("by hand\n"), sha(LOGS), "", ""]}
    control = Control(project, held, {"parts": []})
    assert "changed by hand" in control.go()["named"][0]
    assert control.applied is None
    (project / "customers/college/mail.tables").write_text("edited\n", encoding="utf-8")
    assert "not as it was built" in Control(project, {}, {"parts": []}).go()["named"][0]


def test_only_some_customers(project: Path) -> None:
    control = Control(project, {}, {**PARTS, "only": "school"})
    control.go()
    assert control.texts == {"school.tables": fragment("school").encode()}
    with pytest.raises(AnsibleActionFail, match="no customer abbey"):
        Control(project, {}, {**PARTS, "only": "school,abbey"}).go()


def test_a_spoilt_customer_is_named_and_the_others_go_on(project: Path) -> None:
    (project / "customers/college/mail.tables").write_text("edited\n", encoding="utf-8")
    control = Control(project, {}, PARTS)
    result = control.go()
    assert control.texts == {"school.tables": fragment("school").encode()}
    assert "college was left as it was" in result["named"][0]
    assert "not as it was built" in result["named"][0]


def test_an_edit_by_hand_on_the_host_is_named_and_lost_only_when_told(project: Path) -> None:
    edited = [sha("by hand\n"), *there("college")[1:]]
    control = Control(project, {"college": edited, "school": there("school")}, PARTS)
    assert "changed by hand" in control.go()["named"][0]
    assert control.applied is None
    told = Control(project, {"college": edited, "school": there("school")}, PARTS)
    assert told.go(mailwright_overwrite_hand_edits=True)["named"] == []
    assert told.texts == {"college.tables": fragment("college").encode()}


def test_who_is_gone_from_the_project_stays_until_the_word_is_said(project: Path) -> None:
    held = {"college": there("college"), "school": there("school"), "abbey": there("abbey")}
    control = Control(project, held, PARTS)
    result = control.go()
    assert control.applied is None
    assert "customers_forget=abbey" in result["named"][0]
    told = Control(project, held, {**PARTS, "forget": "abbey"})
    assert told.go()["named"] == []
    assert told.applied is not None
    assert told.applied["forget"] == ["abbey"]
    with pytest.raises(AnsibleActionFail, match="the project has school"):
        Control(project, held, {**PARTS, "forget": "school"}).go()


def test_secrets_are_sent_where_they_are_needed_and_a_missing_key_is_named(project: Path, tmp_path: Path) -> None:
    rows = json.loads((project / "customers.json").read_text())
    rows["college"]["dkim_key"] = "secrets/college/dkim.key"
    (project / "customers.json").write_text(json.dumps(rows), encoding="utf-8")
    held = {"college": there("college"), "school": there("school")}
    assert "secrets/college/dkim.key is not on this machine" in Control(project, held, PARTS).go()["named"][0]
    (project / "secrets/college").mkdir(parents=True)
    (project / "secrets/college/dkim.key").write_text("KEY", encoding="utf-8")
    (project / "secrets/college/passwords").write_text("Ada:{X}1\nb:{X}2\n", encoding="utf-8")
    control = Control(project, held, PARTS)
    assert control.go()["named"] == []
    assert control.texts == {"college.key": b"KEY", "college.passwords": b"ada:{X}1\n"}
    neither = Control(project, held, {"parts": ["people"]})
    neither.go()
    assert neither.applied is None
    known = {**held, "college": [*there("college")[:2], sha("ada:{X}1\n"), sha("KEY")]}
    assert not Control(project, known, PARTS).go()["changed"]
    run = tmp_path / "run"
    run.mkdir()
    (run / "college.key").write_text("OTHER", encoding="utf-8")
    other = Control(project, known, {**PARTS, "secrets": str(run)})
    other.go()
    assert other.texts == {"college.key": b"OTHER"}


@pytest.mark.parametrize("part", ["passwords", "dkim_key"])
@pytest.mark.parametrize(
    "path",
    [
        "secrets/school/dkim.key",
        "secrets/college/../school/dkim.key",
        "secrets/college/./dkim.key",
        "secrets/college-2/dkim.key",
        "secrets/all.key",
        "secrets/college",
        "~/.ssh/id_ed25519",
        "/etc/shadow",
        "../secrets/college/dkim.key",
    ],
)
def test_a_list_edited_by_hand_reaches_nobody_elses_secrets(project: Path, part: str, path: str) -> None:
    for name in ("secrets/school", "secrets/college", "secrets/college-2"):
        (project / name).mkdir(parents=True)
        (project / name / "dkim.key").write_text("ada:{X}1\n", encoding="utf-8")
    rows = json.loads((project / "customers.json").read_text())
    rows["college"][part] = path
    (project / "customers.json").write_text(json.dumps(rows), encoding="utf-8")
    control = Control(project, {"college": there("college")}, PARTS)
    result = control.go()
    assert f"{path} is not a plain path below secrets/college/" in result["named"][0]
    assert list(control.texts) == ["school.tables"]


def test_the_folder_of_secrets_may_be_a_link_and_nothing_in_it_may(project: Path, tmp_path: Path) -> None:
    rows = json.loads((project / "customers.json").read_text())
    rows["college"]["dkim_key"] = "secrets/college/dkim.key"
    (project / "customers.json").write_text(json.dumps(rows), encoding="utf-8")
    held = {"college": there("college"), "school": there("school")}
    store = tmp_path / "provider" / "secrets"
    for name in ("college", "school"):
        (store / name).mkdir(parents=True)
        (store / name / "dkim.key").write_text(name, encoding="utf-8")
    (project / "secrets").symlink_to(store)
    control = Control(project, held, PARTS)
    assert control.go()["named"] == []
    assert control.texts == {"college.key": b"college"}
    (store / "college" / "dkim.key").unlink()
    (store / "college" / "dkim.key").symlink_to("../school/dkim.key")
    assert "leads out of" in Control(project, held, PARTS).go()["named"][0]
    (store / "college" / "dkim.key").unlink()
    (store / "college").rmdir()
    (store / "college").symlink_to("school")
    assert "leads out of" in Control(project, held, PARTS).go()["named"][0]


def test_another_folder_of_secrets_has_no_links_out_of_it_either(project: Path, tmp_path: Path) -> None:
    rows = json.loads((project / "customers.json").read_text())
    rows["college"]["dkim_key"] = "secrets/college/dkim.key"
    (project / "customers.json").write_text(json.dumps(rows), encoding="utf-8")
    held = {"college": there("college"), "school": there("school")}
    run = tmp_path / "run"
    run.mkdir()
    (tmp_path / "host.key").write_text("HOST", encoding="utf-8")
    (run / "college.key").symlink_to(tmp_path / "host.key")
    assert "leads out of" in Control(project, held, {**PARTS, "secrets": str(run)}).go()["named"][0]
    (run / "college.key").unlink()
    (run / "college.key").write_text("KEY", encoding="utf-8")
    (tmp_path / "link").symlink_to(run)
    control = Control(project, held, {**PARTS, "secrets": str(tmp_path / "link")})
    assert control.go()["named"] == []
    assert control.texts == {"college.key": b"KEY"}


def test_of_who_is_over_no_secret_is_sent_nor_missed(project: Path) -> None:
    rows = json.loads((project / "customers.json").read_text())
    rows["college"] |= {"state": "over", "dkim_key": "secrets/college/nowhere.key"}
    (project / "customers.json").write_text(json.dumps(rows))
    (project / "secrets/college").mkdir(parents=True)
    (project / "secrets/college/passwords").write_text("ada:{X}1\n")
    control = Control(project, {"college": there("old"), "school": there("school")}, PARTS)
    assert control.go()["named"] == []
    assert list(control.texts) == ["college.tables"]
    done = Control(project, {"college": there("college"), "school": there("school")}, PARTS)
    assert not done.go()["changed"]
    for rest in (["seed", ""], ["", "key"]):  # a host of before: it is sent once more, and forgets
        before = Control(project, {"college": [*there("college")[:2], *rest], "school": there("school")}, PARTS)
        before.go()
        assert list(before.texts) == ["college.tables"]


def test_who_is_renamed_is_told_to_the_host(project: Path) -> None:
    control = Control(project, {}, {**PARTS, "renamed": "college, school"})
    control.go()
    assert control.applied is not None
    assert control.applied["renamed"] == ["college", "school"]


def test_a_seed_gives_passwords_to_the_customer_s_own_logins_alone() -> None:
    seed = b"# first passwords\nada:{X}1\nada@school.ac.uk:{X}2\nForms@college.ac.uk:{X}3\nkarl:{X}4\n\n"
    text = action.only_logins(seed, fragment("college").encode())
    assert text == b"ada:{X}1\nforms:{X}3\n"
    with pytest.raises(action.CustomerError):
        action.only_logins(b"\xff:{X}1\n", b"")


def test_units_are_told_by_what_they_read(host: Host) -> None:
    work = fragments.work_from(
        {
            "customers": {},
            "forget": [],
            "services": [{"unit": "rspamd.service", "paths": ["/etc/rspamd/*"]}],
            "dialogues": [],
            "patience": 0,
            "show_personal": False,
        }
    )
    (unit,) = work.units
    assert unit.action_for(["/etc/postfix/x.cdb"]) == ""
    assert replace(unit).action_for(["/etc/rspamd/customers/a.key"]) == "reload"


def play(*roles: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load(render(PLAYBOOK, "project/site.yml.j2", roles=roles))
    return found


def test_a_platform_is_applied_one_host_first_and_names_at_the_end_whom_it_left_out() -> None:
    mail, last = play("base", "customers", "postfix")
    assert mail["serial"] == "{{ mailwright_batches | default([1, '100%']) }}"
    assert mail["max_fail_percentage"] == 0
    assert mail["hosts"].endswith(":all")
    assert "probe" in mail["post_tasks"][-1]["tags"]
    assert (last["hosts"], "serial" in last) == ("customers", False)


def test_an_ordinary_site_is_applied_as_ever() -> None:
    (mail,) = play("base", "dovecot", "postfix")
    assert mail["hosts"] == "all"
    assert "serial" not in mail
    assert len(mail["post_tasks"]) == 1
