"""Customers on a host: who is over, who has a name that another had, what is no file, and services of before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from mailwright import resources
from roles.test_customers import Host, fragments

SEED = {"college": "ada:{X}1\n"}


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def text(realm: str = "college.ac.uk", state: str = "active", more: str = "") -> str:
    return f"# made\nformat 1\ncustomer college\nrealm {realm}\nstate {state}\n{more}"


# ---- who is over


def test_nothing_is_kept_of_who_is_over(host: Host) -> None:
    host.apply({"college": text()}, SEED, {"college": "KEY"})
    outcome = host.apply({"college": text(state="over")}, {"college": "eve:{X}2\n"}, {"college": "OTHER"})
    assert outcome.changed == ["college"]
    assert "keys/college.key" not in host.files()
    assert "college" not in host.place.record.read_text().replace('"college":', "").replace("college.ac.uk", "")
    row = fragments.held(host.place)["college"]
    assert (row[2], row[3]) == ("", "")
    assert "ada" not in host.place.record.read_text()
    assert host.files()["passwords/college.passwords"] == "ada:{X}1\n"  # until its mail is deleted


def test_the_key_of_who_is_refused_as_over_stays(host: Host) -> None:
    host.apply({"college": text()}, SEED, {"college": "KEY"})
    assert set(host.apply({"college": text(state="over", more="bad\n")}).refused) == {"college"}
    assert host.files()["keys/college.key"] == "KEY"


def test_a_key_comes_back_when_the_services_do_not_answer(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    host.apply({"college": text()}, SEED, {"college": "KEY"})
    before = host.files()
    with pytest.raises(fragments.Refused, match="is back"):
        host.apply({"college": text(state="over")}, **talking(monkeypatch, {"argv": ["false"]}))
    assert host.files() == before


# ---- a name that another had


def leave(host: Host, how: str) -> None:
    if how == "forgotten":
        host.apply({}, forget=["college"])
    elif how == "over":
        host.apply({"college": text(state="over")})
    elif how == "of before":  # the record had no realm then
        host.place.record.write_text(host.place.record.read_text().replace("college.ac.uk", ""))
    elif how == "forgotten before":
        host.apply({}, forget=["college"])
        host.place.record.write_text(host.place.record.read_text().replace("college.ac.uk", ""))
        rows = '{"realms": {"college.ac.uk": {"customer": "college", "over": ""}}}'
        (host.place.state / "realms.json").write_text(rows)


@pytest.mark.parametrize("how", ["in one step", "forgotten", "over", "of before", "forgotten before"])
def test_who_comes_by_a_name_does_not_get_the_passwords_of_whoever_had_it(host: Host, how: str) -> None:
    host.apply({"college": text()}, SEED)
    leave(host, how)
    before = host.files()
    new = {"college": text("academy.ac.uk"), "school": "1\n"}
    seed = {"college": "ada:{X}new\n"}
    outcome = host.apply(new, seed, {"college": "KEY"})
    assert "passwords by this name, of college.ac.uk, and it is academy.ac.uk now" in outcome.refused["college"]
    assert outcome.changed == ["school"]
    rest = {path: said for path, said in host.files().items() if "school" not in path and path != "tables.cdb"}
    assert rest == {path: said for path, said in before.items() if path != "tables.cdb"}
    host.place.seeded("college").unlink()
    assert host.apply(new, seed).refused == {}
    assert host.files()["passwords/college.passwords"] == "ada:{X}new\n"
    assert host.apply({"college": text("academy.ac.uk", more="x\n")}).refused == {}


def test_the_same_organisation_by_another_realm_keeps_its_passwords_when_that_is_said(host: Host) -> None:
    host.apply({"college": text()}, SEED)
    assert host.apply({"college": text("academy.ac.uk")}, renamed=["college"]).refused == {}
    assert host.files()["passwords/college.passwords"] == "ada:{X}1\n"
    assert host.apply({"college": text("academy.ac.uk", more="x\n")}).refused == {}
    assert set(host.apply({"college": text()}).refused) == {"college"}


@pytest.mark.parametrize("how", ["forgotten", "over", "of before", "forgotten before"])
def test_who_comes_back_has_its_passwords(host: Host, how: str) -> None:
    host.apply({"college": text()}, SEED)
    leave(host, how)
    assert host.apply({"college": text()}, SEED).refused == {}
    assert host.files()["passwords/college.passwords"] == "ada:{X}1\n"


# ---- what is no file


@pytest.mark.parametrize("where", ["fragment", "key", "seeded"])
def test_what_is_no_file_is_the_fault_of_its_customer_alone(host: Host, where: str) -> None:
    host.apply({"college": "1\n", "school": "1\n"})
    path: Path = getattr(host.place, where)("college")
    path.unlink(missing_ok=True)
    path.mkdir(parents=True)
    assert len(fragments.held(host.place)["college"][0]) in (3, 64)
    outcome = host.apply({"college": "2\n", "school": "2\n"}, SEED, {"college": "KEY"})
    assert outcome.refused == {"college": f"{path} on the host is no file"}
    assert outcome.changed == ["school"]
    assert host.apply({}, forget=["college"]).refused == outcome.refused
    assert path.is_dir()


def test_the_assembler_is_shown_that_somebody_has_what_is_no_file(host: Host) -> None:
    """So that it does not take the customer for gone."""
    host.apply({"college": "1\n", "school": "1\n"})
    host.place.fragment("college").unlink()
    host.place.fragment("college").mkdir()
    seen = host.root / "seen"
    program = host.root / "assembler.py"
    listed = f"import os; open({str(seen)!r}, 'w').write(' '.join(sorted(os.listdir(sys.argv[-3]))))"
    program.write_text(f'import sys\n{listed}\nprint(\'{{"written": [], "removed": [], "broken": {{}}}}\')\n')
    host.apply({"school": "2\n"})
    assert seen.read_text() == "college.tables school.tables"


def test_an_error_of_the_system_is_a_sentence(host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    said: dict[str, Any] = {}

    class Module:
        check_mode = _diff = False

        def __init__(self, **_: Any) -> None:
            self.params = {"phase": "list"}

        def fail_json(self, msg: str, **_: Any) -> None:
            said["msg"] = msg

        def exit_json(self, **facts: Any) -> None:
            said["facts"] = facts
            raise SystemExit

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device", "/var/lib/x")

    monkeypatch.setattr(fragments, "AnsibleModule", Module)
    monkeypatch.setattr(fragments, "Place", lambda: host.place)
    monkeypatch.setattr(fragments.journal, "lock", lambda: open("/dev/null"))  # noqa: SIM115, PTH123 - as a context
    with pytest.raises(SystemExit):
        fragments.main()
    assert "held" in said["facts"]
    monkeypatch.setattr(fragments, "held", full)
    fragments.main()
    assert said["msg"] == "customers: /var/lib/x: No space left on device"


# ---- a site that becomes a platform


def talking(monkeypatch: pytest.MonkeyPatch, talk: dict[str, Any]) -> dict[str, Any]:
    """What an apply is given to talk with a service that runs."""
    running = {"postfix.service": fragments.service.State(active=True, enabled=True)}
    monkeypatch.setattr(fragments.service, "states", lambda _units: running)
    monkeypatch.setattr(fragments.service, "journal_words", lambda _units, _since: "")
    monkeypatch.setattr(fragments.journal, "systemctl", lambda *_: type("Answer", (), {"returncode": 0})())
    units = [{"unit": "postfix.service", "action": "none"}]
    return {"services": units, "dialogues": [{"name": "SMTP", "unit": "postfix.service", **talk}]}


@pytest.mark.parametrize(
    ("shown", "held"),
    [
        (["echo", "lmdb:/etc/postfix/x"], False),
        (["echo", "cdb:/etc/postfix/customers/domains"], True),
        (["false"], True),
        (["/nowhere/postconf"], True),
    ],
)
def test_a_service_that_has_no_customers_in_its_configuration_is_not_talked_with(
    host: Host, monkeypatch: pytest.MonkeyPatch, shown: list[str], held: bool
) -> None:
    loaded = {"argv": shown, "says": "/etc/postfix/customers/"}
    parts = talking(monkeypatch, {"argv": ["false"], "loaded": loaded})
    if held:
        with pytest.raises(fragments.Refused, match="does not answer as it must"):
            host.apply({"college": "1\n"}, **parts)
    else:
        assert host.apply({"college": "1\n"}, **parts).changed == ["college"]


def test_each_dialogue_of_the_role_waits_for_the_configuration_and_the_tables_are_asked_once_all_is_there() -> None:
    folder = resources.folder("roles") / "customers"
    said = yaml.safe_load((folder / "vars/main.yml").read_text())
    for name, talk in said["__customers_dialogues"].items():
        assert ("loaded" in talk) == (name != "tables")  # which looks itself
    (asked,) = said["__customers_asked"]
    assert asked["argv"][-1] == "check"
    first, second = yaml.safe_load((folder / "tasks/probe.yml").read_text())
    assert first["probe"]["dialogues"] == "{{ __customers_asked }}"
    assert "delegate_to" not in first
    assert "delegate_to" in second
