"""The guard: what it remembers and answers, and what lands on hosts. The parsers are asked in tests/native."""

from __future__ import annotations

import importlib.util
import json
import sys
import time
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from mailwright import resources
from mailwright.components import counter, guard
from mailwright.plan import make
from support.example import load_example, split

KARL = "karlm"
HOME, ELSEWHERE, THIRD = "198.51.100.80", "203.0.113.9", "203.0.113.200"
DAY = 20_000


def program(name: str) -> ModuleType:
    path = resources.folder("templates") / "guard" / name
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


served = program("mailwright_guard.py")
report = program("mailwright_throttle_report.py")


def fresh(trusted: tuple[str, ...] = ("198.51.100.25/32", "2001:db8::/64")):  # type: ignore[no-untyped-def]
    return served.Guard(tuple(ip_network(one) for one in trusted), b"secret", {})


def guess(one, count: int, remote: str = ELSEWHERE, login: str = KARL, at: float = 0.0) -> list[str]:  # type: ignore[no-untyped-def]
    return [one.report(login, remote, f"{remote} {number}", False, at, DAY) for number in range(count)]


def answer(one, remote: str, login: str = KARL, at: float = 0.0, day: int = DAY) -> int:  # type: ignore[no-untyped-def]
    return int(one.allow(login, remote, "some", at, day)[0])


def test_guessing_is_slowed_and_then_cut_off() -> None:
    one = fresh()
    waits = []
    for number in range(served.MOST):
        waits.append(answer(one, ELSEWHERE))
        one.report(KARL, ELSEWHERE, str(number), False, 0.0, DAY)
    assert waits == [0, 0, 0, 1, 2, *[3] * 15]
    assert answer(one, ELSEWHERE) == served.REFUSE


def test_no_wait_is_longer_than_postfix_waits() -> None:
    """Ten seconds, of which Dovecot takes two after a failure, and a store that it asks two more."""
    assert served.LONGEST + 2 + 2 < 9


def test_the_owner_gets_in_from_where_they_usually_are() -> None:
    one = fresh()
    one.report(KARL, HOME, "right", True, 0.0, DAY)
    guess(one, 100)
    assert answer(one, HOME) == 0
    assert answer(one, "198.51.100.99") == 0  # of the same network
    assert answer(one, THIRD) == served.REFUSE
    assert answer(one, THIRD, "fredae") == 0


def test_what_is_known_is_known_for_thirty_days() -> None:
    one = fresh()
    one.report(KARL, HOME, "right", True, 0.0, DAY)
    guess(one, 100)
    assert answer(one, HOME, day=DAY + 30) == 0
    assert answer(one, HOME, day=DAY + 31) == served.REFUSE
    one.tidy(DAY + 31)
    assert one.familiar == {}


def test_even_at_home_guessing_is_slowed_and_cut_off_for_ten_minutes() -> None:
    one = fresh()
    one.report(KARL, HOME, "right", True, 0.0, DAY)
    guess(one, 6, HOME)
    assert answer(one, HOME) == 3
    guess(one, 30, HOME)
    assert answer(one, HOME) == served.REFUSE
    assert answer(one, HOME, at=served.SHORT + 1) == 0


def test_from_many_addresses_and_for_many_logins() -> None:
    one = fresh()
    for number in range(served.MOST):
        one.report(KARL, f"203.0.113.{number}", str(number), False, 0.0, DAY)
    assert answer(one, THIRD) == served.REFUSE
    assert answer(one, THIRD, at=served.LONG + 1) == 0
    two = fresh()
    for number in range(served.MOST):
        two.report(f"login{number}", ELSEWHERE, "same", False, 0.0, DAY)
    assert answer(two, ELSEWHERE, "another") == served.REFUSE
    assert answer(two, THIRD, "another") == 0


def test_a_network_of_ipv6_is_one_address() -> None:
    one = fresh()
    for number in range(served.MOST):
        one.report(KARL, f"2001:db8:9::{number + 1:x}", str(number), False, 0.0, DAY)
    assert answer(one, "2001:db8:9::ffff", "fredae") == served.REFUSE
    assert answer(one, "2001:db8:9:1::1", "fredae") == 0


def test_the_same_wrong_password_again_and_again_is_one_failure() -> None:
    """A telephone that was not told of a new password."""
    one = fresh()
    lines = [one.report(KARL, ELSEWHERE, "old", False, float(number), DAY) for number in range(500)]
    assert lines == [""] * 500
    assert answer(one, ELSEWHERE) == 0


def test_an_address_is_reported_when_it_has_guessed_too_often_and_whoever_goes_on_stays_out() -> None:
    one = fresh()
    assert guess(one, served.MOST) == [""] * (served.MOST - 1) + [f"guessing from {ELSEWHERE}"]
    after = [one.allow(KARL, ELSEWHERE, f"more {number}", 0.0, DAY) for number in range(served.MOST)]
    assert {status for status, _ in after} == {served.REFUSE}
    assert [line for _, line in after] == [""] * (served.MOST - 1) + [f"guessing from {ELSEWHERE}"]


def test_what_was_pardoned_is_not_held_against_an_address_later() -> None:
    one = fresh()
    guess(one, served.MOST + served.MOST // 2)
    one.pardon(ELSEWHERE)
    assert guess(one, served.MOST - 1) == [""] * (served.MOST - 1)


def test_the_sites_own_hosts_are_never_judged() -> None:
    one = fresh()
    for remote in (
        "198.51.100.25",
        "2001:db8::7",
        "127.0.0.1",
        "::1",
        "::ffff:198.51.100.25",
        "",
        None,
        "nonsense",
    ):
        assert [one.report(KARL, remote, str(number), False, 0.0, DAY) for number in range(50)] == [""] * 50
        assert answer(one, remote) == 0  # type: ignore[arg-type]
    assert one.show(KARL, 0.0) == {"from elsewhere": 0}


def test_an_address_behind_which_somebody_reads_mail_is_not_barred_as_a_whole() -> None:
    one = fresh()
    one.report("fredae", ELSEWHERE, "right", True, 0.0, DAY)
    assert guess(one, 40) == [""] * 40
    assert answer(one, ELSEWHERE) == served.REFUSE
    assert answer(one, ELSEWHERE, "fredae") == 0
    one.forget(ELSEWHERE)
    assert f"guessing from {ELSEWHERE}" in guess(one, 60)


def test_pardon_and_forget() -> None:
    one = fresh()
    one.report(KARL, HOME, "right", True, 0.0, DAY)
    guess(one, 30)
    guess(one, 30, HOME)
    one.pardon("KarlM")
    assert answer(one, THIRD) == 0
    assert answer(one, HOME) == 0
    assert answer(one, ELSEWHERE) == served.REFUSE
    one.pardon(ELSEWHERE)
    assert answer(one, ELSEWHERE) == 0
    one.forget(HOME, ("KarlM",))
    assert one.familiar == {}


def test_nobody_reads_in_the_state_who_was_where() -> None:
    one = fresh()
    one.report(KARL, HOME, "right", True, 0.0, DAY)
    text = json.dumps(one.familiar)
    assert KARL not in text
    assert "198.51" not in text


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(served, "MOST_KEYS", 50)
    failures = served.Failures(60.0)
    for number in range(500):
        failures.add(str(number), "x", 0.0)
    assert failures.count("0", 0.0) == 0
    assert failures.count("499", 0.0) == 1
    assert len(failures._of) == 50


def test_keys_are_made_once_and_only_as_they_are_read(tmp_path: Path) -> None:
    import os

    path = tmp_path / "guard.keys"
    try:
        served.make_keys(path, os.getgid())
    except PermissionError:
        pytest.skip("only root gives files away")
    before = path.read_text()
    served.make_keys(path, os.getgid())
    assert path.read_text() == before
    assert path.stat().st_mode & 0o777 == 0o640
    nonce, key = served.read_keys(path)
    assert len(nonce) == len(key) == 32
    assert nonce != key


# --- The report ----------------------------------------------------------------------------------------------

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def line(
    login: str = KARL, address: str = ELSEWHERE, count: int = 50, ago: int = 5, program: str = "rspamd"
) -> str:
    when = (NOW - timedelta(minutes=ago)).isoformat()
    return (
        f"{when} mail {program}[9]: <a1b2c3>; lua; mailwright.lua:330: "
        f"throttled: login {login}, address {address}, recipients {count}\n"
    )


def test_the_report_counts_the_last_hour_of_one_login() -> None:
    lines = [
        line(),
        line(address="2001:db8::9", count=7),
        line(ago=61),
        line("fredae"),
        line(program="sshd"),
        "x " + line(),
        line(address="1.2.3"),
    ]
    messages, addresses = report.throttled(lines, KARL, NOW)
    assert (messages, dict(addresses)) == (2, {ELSEWHERE: 50, "2001:db8::9": 7})
    text = report.message(KARL, "mail.college.ac.uk", "college.ac.uk", messages, addresses)
    assert "To: <abuse@college.ac.uk>\nSubject: karlm: sends unusually much\n" in text
    assert "2 messages to 57 recipients" in text
    assert f"  {ELSEWHERE}: 50 recipients" in text


@pytest.mark.parametrize("login", ["a\nBcc: x@y", "a b", "", "a:b", "x" * 200, "a\r", "$(id)", "a;b"])
def test_nothing_but_a_login_gets_into_the_report(login: str) -> None:
    assert not report.LOGIN.fullmatch(login)


# --- What lands on hosts -------------------------------------------------------------------------------------


def files(host: str = "mail.college.ac.uk", site=None) -> dict[str, str]:  # type: ignore[no-untyped-def]
    plan = make(site or load_example())
    return {file.path: file.text for file in guard.files(plan, plan.host(host))}


def jail(text: str, name: str) -> dict[str, str]:
    block = text.split(f"[{name}]\n")[1].split("\n[")[0]
    return dict(row.split(" = ", 1) for row in block.splitlines() if " = " in row and not row.startswith("#"))


def test_an_address_is_barred_from_the_ports_of_logins_and_from_no_other() -> None:
    found = jail(files()["/etc/fail2ban/jail.d/mailwright.local"], "mailwright-guess")
    assert 'port="465,587,993,995,4190"' in found["action"]
    assert "table=mailwright_guard" in found["action"]
    assert found["logpath"] == "/var/log/mail/mail.log"


def test_the_sites_hosts_are_never_barred_and_nobody_else_is_spared() -> None:
    plan = make(split())
    text = files("store1.college.ac.uk", split())["/etc/fail2ban/jail.d/mailwright.local"]
    ignored = set(jail(text, "mailwright-guess")["ignoreip"].split())
    for host in plan.hosts:
        for address in host.addresses:
            assert str(ip_network(address)) in ignored
    assert not ignored & {str(network) for network in plan.settings.management_networks}
    trusted = json.loads(files("store1.college.ac.uk", split())["/etc/mailwright/guard.json"])["trusted"]
    assert set(trusted) == ignored - {"127.0.0.0/8", "::1"}


def test_only_one_host_makes_a_login_wait() -> None:
    """A submission host that asks the stores leaves it to them; it refuses, though."""
    waits = {
        name: json.loads(files(f"{name}.college.ac.uk", split())["/etc/mailwright/guard.json"])["waits"]
        for name in ("smtp", "store1")
    }
    assert waits == {"smtp": False, "store1": True}
    one = served.Guard((), b"secret", {}, waits=False)
    guess(one, served.MOST - 1)
    assert answer(one, ELSEWHERE) == 0
    guess(one, served.MOST)
    assert answer(one, ELSEWHERE) == served.REFUSE


def test_debians_jail_for_ssh_is_off() -> None:
    assert jail(files()["/etc/fail2ban/jail.d/mailwright.local"], "sshd")["enabled"] == "false"


def test_who_runs_it_and_what_of_it() -> None:
    plan = make(split())
    assert {host.name.partition(".")[0] for host in plan.hosts if guard.COMPONENT.runs_on(plan, host)} == {
        "smtp",
        "store1",
        "store2",
    }
    assert [host.name for host in plan.hosts if counter.COMPONENT.runs_on(plan, host)] == ["smtp.college.ac.uk"]
    store = files("store1.college.ac.uk", split())
    assert "mailwright-throttle" not in store["/etc/fail2ban/jail.d/mailwright.local"]
    assert guard.REPORT not in store
    assert 'port="465,587"' in files("smtp.college.ac.uk", split())["/etc/fail2ban/jail.d/mailwright.local"]


def test_the_counter_is_on_no_port_and_writes_nothing_down() -> None:
    plan = make(load_example())
    (file,) = counter.files(plan, plan.hosts[0])
    rows = [row for row in file.text.splitlines() if row and not row.startswith("#")]
    assert {"port 0", 'save ""', "appendonly no", f"unixsocket {counter.SOCKET}"} <= set(rows)
    assert not any(row.startswith("bind") for row in rows)


def test_what_is_remembered_does_not_grow_with_the_length_of_what_is_sent() -> None:
    one = fresh()
    handler = object.__new__(served.Handler)
    handler.server = SimpleNamespace(guard=one)
    for number in range(3):
        asked = {"login": f"{number}{'x' * 60_000}", "remote": ELSEWHERE, "pwhash": "0a", "success": False}
        handler._command("report", asked)
    assert len(one._elsewhere._of) == 3
    assert max(map(len, one._elsewhere._of)) == served.MOST_LOGIN
    assert one.show(ELSEWHERE, time.monotonic()) == {"from there": 3}
