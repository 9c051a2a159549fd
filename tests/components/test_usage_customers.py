"""mailwright-usage by customer: what is counted for whom, that it names nobody and does not grow (SCALE-2)."""

from __future__ import annotations

import gzip
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from components.test_accounts import _module
from support import trace

by_customer, host, people, usage = (_module(name) for name in ("by_customer", "host", "people", "usage"))
customers = trace.part("customers")
HOST, OWN = "mail.hosting.example", "198.51.100.25"
DAY = date(2026, 11, 23)
TODAY = date(2026, 11, 24)
KNOWN = {
    "valley": {"realm": "valley.ac.uk", "domains": ["valley.ac.uk", "music.valley.ac.uk"], "days": 120},
    "hill": {"realm": "hill.sch.uk", "domains": ["hill.sch.uk"], "days": 92},
    "empty": {"realm": "empty.ac.uk", "domains": ["empty.ac.uk"], "days": 92},
}
OUTSIDE, HOME = "mx.foreign.example[203.0.113.25]", "c.example[203.0.113.9]"
END = "delay=0.1, delays=0.1/0/0/0, dsn=2.0.0, status=sent"


def came(queue_id: str, client: str, size: int, login: str = "") -> list[str]:
    by = f", sasl_method=PLAIN, sasl_username={login}" if login else ""
    return [
        f"postfix/{'submissions' if login else 'smtp'}/smtpd[7]: {queue_id}: client={client}{by}",
        f"postfix/qmgr[8]: {queue_id}: from=<x@y.example>, size={size}, nrcpt=1 (queue active)",
    ]


def kept(queue_id: str, to: str, orig: str = "", status: str = END) -> str:
    first = f", orig_to=<{orig}>" if orig else ""
    answer = f"(250 2.0.0 <{to}> abc Saved)"
    return f"postfix/lmtp[9]: {queue_id}: to=<{to}>{first}, relay={HOST}[private/lmtp], {status} {answer}"


def passed(queue_id: str, to: str, address: str = "203.0.113.25", orig: str = "") -> str:
    first = f", orig_to=<{orig}>" if orig else ""
    return f"postfix/smtp[9]: {queue_id}: to=<{to}>{first}, relay=mx.x.example[{address}]:25, {END} (250 2.0.0 Ok)"


def signed_in(login: str, way: str = "imap") -> str:
    return (
        f"dovecot[774]: {way}-login: Logged in: user=<{login}>, method=PLAIN, rip=203.0.113.9, lip={OWN}, mpid=9, "
        "TLS, session=<a>"
    )


LINES = [
    signed_in("gparry@valley.ac.uk"),
    signed_in("gparry@valley.ac.uk"),
    signed_in("hlloyd@valley.ac.uk", "pop3"),
    signed_in("mpoole@hill.sch.uk"),
    signed_in("aowen"),  # the provider's own
    # valley to itself, to hill (two, of whom one is behind an alias) and to a stranger
    *came("4jAAAAAAAAzVXSG", HOME, 1000, "gparry@valley.ac.uk"),
    kept("4jAAAAAAAAzVXSG", "h@valley.ac.uk"),
    kept("4jAAAAAAAAzVXSG", "m@hill.sch.uk"),
    kept("4jAAAAAAAAzVXSG", "t@hill.sch.uk", "head@hill.sch.uk"),
    passed("4jAAAAAAAAzVXSG", "a@foreign.example"),
    "postfix/qmgr[8]: 4jAAAAAAAAzVXSG: from=<x@y.example>, size=1000, nrcpt=1 (queue active)",  # it waited
    "postfix/qmgr[8]: 4jAAAAAAAAzVXSG: removed",
    # from outside to both, through the other mailer of the hosts
    *came("4jBBBBBBBBzVXSG", OUTSIDE, 2000),
    passed("4jBBBBBBBBzVXSG", "m@hill.sch.uk", OWN),
    passed("4jBBBBBBBBzVXSG", "g@music.valley.ac.uk", OWN),
    *came("4jCCCCCCCCzVXSG", f"mx2.hosting.example[{OWN}]", 2100),
    kept("4jCCCCCCCCzVXSG", "m@hill.sch.uk"),
    kept("4jCCCCCCCCzVXSG", "g@music.valley.ac.uk"),
    # an address of valley leads outside
    *came("4jDDDDDDDDzVXSG", OUTSIDE, 500),
    passed("4jDDDDDDDDzVXSG", "z@foreign.example", orig="far@valley.ac.uk"),
    # what does not arrive has not come
    *came("4jEEEEEEEEzVXSG", OUTSIDE, 700),
    kept("4jEEEEEEEEzVXSG", "m@hill.sch.uk", status=END.replace("sent", "bounced")),
    # words of strangers
    f"postfix/cleanup[1]: 4jFFFFFFFFzVXSG: message-id=<x> {signed_in('evil@hill.sch.uk')}",
    "mailwright-usage: storage host=mail.hosting.example mailboxes=4 octets=40 full=1",
    "mailwright-usage: storage-of host=mail.hosting.example hill=1/30/1 valley=2/10/0",
    "mailwright-usage: storage-of host=mail.hosting.example gone=9/9/9",
]  # fmt: skip


def stamped(day: date, lines: list[str]) -> bytes:
    return "".join(
        f"{day}T08:{at // 60:02}:{at % 60:02}.1+00:00 mail {one}\n" for at, one in enumerate(lines)
    ).encode()


@pytest.fixture
def counted(tmp_path: Path) -> Any:
    (tmp_path / "mail.log-20261124.gz").write_bytes(gzip.compress(stamped(DAY, LINES)))
    (tmp_path / "mail.log").write_bytes(stamped(TODAY, LINES[:1]))
    return usage.Settings(HOST, {HOST: str(tmp_path / "mail.log")}, frozenset({OWN}), True, True)


def known(tmp_path: Path, **more: object) -> Any:
    place = tmp_path / "customers.json"
    place.write_text(json.dumps({"customers": {**KNOWN, **more}}))
    return customers.read(str(place))


def told(tmp_path: Path, name: str = "", month: str = "2026-11") -> Any:
    said = by_customer.report(tmp_path / "state", month, name)
    return said["customers"].get(name) if name else said


def test_each_customer_gets_its_own_sums(counted: Any, tmp_path: Path) -> None:
    usage.night(counted, tmp_path / "state", TODAY, known(tmp_path))
    valley, hill = told(tmp_path, "valley"), told(tmp_path, "hill")
    assert (valley["active_users"], valley["sign_ins"]) == (2, {"imap": 2, "pop3": 1})
    assert valley["messages"] == {
        "in": 2,  # from outside: one put into a mailbox, one led on; what it sent itself is not come in
        "in_octets": 2500,
        "submitted": 1,
        "submitted_octets": 1000,
        "delivered_to_mailboxes": 2,
        "sent_to_others": 2,
    }
    assert (hill["active_users"], hill["sign_ins"]["imap"]) == (1, 1)
    assert hill["messages"] == {
        "in": 2,  # valley's message once, though two people got it
        "in_octets": 3000,
        "submitted": 0,
        "submitted_octets": 0,
        "delivered_to_mailboxes": 3,
        "sent_to_others": 0,
    }
    assert valley["storage"] == {"mailboxes": 2, "octets": 10, "over_90_percent": 0}
    assert hill["storage"] == {"mailboxes": 1, "octets": 30, "over_90_percent": 1}
    assert told(tmp_path, "empty")["messages"]["in"] == 0
    assert "gone" not in told(tmp_path)["customers"]
    assert told(tmp_path)["days"] == 1


def test_the_report_says_whose_mail_is_not_in_it(
    counted: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    usage.night(counted, tmp_path / "state", TODAY, known(tmp_path))
    monkeypatch.setattr(usage, "STATE", tmp_path / "state")
    for elsewhere, wanted in (((), False), (("mx2.hosting.example",), True)):
        monkeypatch.setattr(usage, "read_settings", lambda found=elsewhere: replace(counted, elsewhere=found))
        for which in (("--by-customer",), ("--customer", "hill")):
            assert usage.main([*which, "--month", "2026-11"]) == 0
            assert ("mx2.hosting.example" in capsys.readouterr().out) is wanted
            assert usage.main([*which, "--month", "2026-11", "--json"]) == 0
            assert json.loads(capsys.readouterr().out).get("not_counted") == (list(elsewhere) or None)


def test_days_before_a_domain_came_are_not_counted_for_whom_it_came_to(counted: Any, tmp_path: Path) -> None:
    hill = {**KNOWN["hill"], "since": {"hill.sch.uk": str(TODAY)}}
    music = {**KNOWN["valley"], "since": {"music.valley.ac.uk": str(TODAY)}}
    usage.night(counted, tmp_path / "state", TODAY, known(tmp_path, hill=hill, valley=music))
    one, other = told(tmp_path, "hill"), told(tmp_path, "valley")
    assert (one["active_users"], sum(one["sign_ins"].values()), sum(one["messages"].values())) == (0, 0, 0)
    assert one["storage"]["mailboxes"] == 0
    assert (other["active_users"], other["messages"]["in"], other["messages"]["delivered_to_mailboxes"]) == (
        2,
        1,
        1,
    )
    usage.night(
        counted, tmp_path / "other", TODAY, known(tmp_path, hill={**hill, "since": {"hill.sch.uk": str(DAY)}})
    )
    said = by_customer.report(tmp_path / "other", "2026-11", "hill")["customers"]["hill"]
    assert (said["active_users"], said["messages"]["in"], said["storage"]["mailboxes"]) == (1, 2, 1)


def test_the_figures_of_the_whole_are_the_same_with_customers_as_without(counted: Any, tmp_path: Path) -> None:
    usage.night(counted, tmp_path / "alone", TODAY)
    usage.night(counted, tmp_path / "state", TODAY, known(tmp_path))
    alone, beside = (json.loads((tmp_path / one / "2026-11.json").read_text()) for one in ("alone", "state"))
    assert alone["days"] == beside["days"]
    assert not (tmp_path / "alone" / by_customer.STORE).exists()


def test_a_night_counts_each_day_once(counted: Any, tmp_path: Path) -> None:
    state = tmp_path / "state"
    usage.night(counted, state, TODAY, known(tmp_path))
    before = told(tmp_path)
    assert usage.night(counted, state, TODAY, known(tmp_path)) == 0
    assert told(tmp_path) == before


def test_customers_that_come_to_hosts_that_have_counted_are_made_up_for(counted: Any, tmp_path: Path) -> None:
    usage.night(counted, tmp_path / "state", TODAY)
    before = (tmp_path / "state/2026-11.json").read_text()
    usage.night(counted, tmp_path / "state", TODAY, known(tmp_path))
    assert told(tmp_path, "valley")["messages"]["in"] == 2
    assert (tmp_path / "state/2026-11.json").read_text() == before


def test_what_is_kept_names_nobody_and_not_even_a_hash_when_the_month_is_over(counted: Any, tmp_path: Path) -> None:
    state = tmp_path / "state"
    usage.night(counted, state, TODAY, known(tmp_path))
    assert (state / by_customer.STORE).stat().st_mode & 0o777 == 0o600
    data = (state / by_customer.STORE).read_bytes()
    for word in (b"gparry", b"hlloyd", b"valley.ac.uk", b"foreign", b"203.0.113"):
        assert word not in data
    with sqlite3.connect(state / by_customer.STORE) as base:
        ((key,),) = base.execute("SELECT key FROM keys").fetchall()
        hashes = [row[0] for row in base.execute("SELECT hash FROM active")]
    assert len(hashes) == 3
    usage.night(counted, state, date(2026, 12, 1), known(tmp_path))
    data = (state / by_customer.STORE).read_bytes()
    assert key not in data
    assert not any(one in data for one in hashes)
    assert told(tmp_path, "valley")["active_users"] == 2


def test_days_before_the_logs_are_unknown_and_not_nothing(counted: Any, tmp_path: Path) -> None:
    usage.night(counted, tmp_path / "state", TODAY, known(tmp_path))
    assert told(tmp_path, month="2026-10") == {"month": "2026-10", "days": 0, "customers": {}}


def test_many_days_are_counted_in_parts_with_the_same_result(
    counted: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(next(iter(counted.logs.values()))).parent
    for back in range(1, 12):
        day = DAY - timedelta(days=back)
        (folder / f"mail.log-{day + timedelta(days=1):%Y%m%d}").write_bytes(stamped(day, LINES))
    results = []
    for number in (1, 3, 60):
        monkeypatch.setattr(usage, "TOGETHER", number)
        usage.night(counted, tmp_path / f"{number}" / "state", TODAY, known(tmp_path))
        results.append(
            (told(tmp_path / str(number)), usage.report(counted, tmp_path / f"{number}/state", "2026-11", DAY))
        )
    assert results[0] == results[1] == results[2]
    assert results[0][0]["days"] == 12
    assert results[0][0]["customers"]["valley"]["messages"]["in"] == 24


def test_lines_that_came_late_are_counted_on_their_day(counted: Any, tmp_path: Path) -> None:
    """Of a host whose log host was down: they are in a file that began after them."""
    log = Path(next(iter(counted.logs.values())))
    (log.parent / "mail.log-20261124.gz").unlink()
    log.write_bytes(stamped(TODAY, LINES[:1]) + stamped(DAY, LINES))
    usage.night(counted, tmp_path / "state", TODAY, known(tmp_path))
    assert told(tmp_path, "valley")["messages"]["in"] == 2


def test_who_has_left_is_counted_until_the_last_day_and_then_forgotten(counted: Any, tmp_path: Path) -> None:
    state = tmp_path / "state"
    leaves = {**KNOWN["hill"], "logs_until": "2026-12-10"}
    usage.night(counted, state, TODAY, known(tmp_path, hill=leaves))
    usage.night(counted, state, date(2026, 12, 10), known(tmp_path, hill=leaves))
    assert told(tmp_path, "hill") is not None
    gone = {name: row for name, row in KNOWN.items() if name != "hill"}
    place = tmp_path / "customers.json"
    place.write_text(json.dumps({"customers": gone}))  # the hosts have it no more; that alone forgets nothing
    without = customers.read(str(place))
    usage.night(counted, state, date(2026, 12, 10), without)
    assert told(tmp_path, "hill") is not None
    usage.night(counted, state, date(2026, 12, 11), without)
    assert told(tmp_path, "hill") is None
    assert told(tmp_path, "valley") is not None


OTHER = {
    "realm": "ridge.example",
    "domains": ["ridge.example"],
    "days": 92,
    "since": {"ridge.example": "2026-11-24"},
}


def test_an_id_that_another_organisation_has_tells_nothing_of_before(counted: Any, tmp_path: Path) -> None:
    state = tmp_path / "state"
    usage.night(counted, state, TODAY, known(tmp_path))
    before = told(tmp_path, "hill")
    assert before["messages"]["in"] == 2
    other = known(tmp_path, hill=OTHER)
    assert by_customer.report(state, "2026-11", "hill", other)["customers"] == {}  # before the first night
    assert by_customer.report(state, "2026-11", "", other)["customers"]["hill~"] == before
    usage.night(counted, state, date(2026, 11, 25), other)
    now = told(tmp_path, "hill")
    assert (now["active_users"], now["messages"]["in"], now["storage"]["mailboxes"]) == (0, 0, 0)
    assert told(tmp_path)["customers"]["hill~1"] == before  # the provider sees what there was
    usage.night(counted, state, date(2026, 11, 26), known(tmp_path))  # and the first one comes back
    assert told(tmp_path)["customers"]["hill~1"] == before
    assert told(tmp_path)["customers"]["hill~2"]["messages"]["in"] == 0
    assert told(tmp_path, "valley")["messages"]["in"] == 2


def test_who_leaves_is_forgotten_though_another_has_the_id(counted: Any, tmp_path: Path) -> None:
    state = tmp_path / "state"
    leaves = {**KNOWN["hill"], "logs_until": "2026-12-10"}
    usage.night(counted, state, TODAY, known(tmp_path, hill=leaves))
    usage.night(counted, state, date(2026, 11, 25), known(tmp_path, hill=OTHER))
    assert "hill~1" in told(tmp_path)["customers"]
    usage.night(counted, state, date(2026, 12, 11), known(tmp_path, hill=OTHER))
    assert "hill~1" not in told(tmp_path)["customers"]
    assert "hill" in told(tmp_path)["customers"]


def test_another_primary_domain_of_the_same_customer_is_no_other_customer(counted: Any, tmp_path: Path) -> None:
    state = tmp_path / "state"
    usage.night(counted, state, TODAY, known(tmp_path))
    before = told(tmp_path)
    domains = ["vale.ac.uk", "valley.ac.uk"]
    usage.night(
        counted,
        state,
        TODAY,
        known(tmp_path, valley={**KNOWN["valley"], "realm": "vale.ac.uk", "domains": domains}),
    )
    assert told(tmp_path) == before
    usage.night(
        counted,
        state,
        TODAY,
        known(tmp_path, valley={**KNOWN["valley"], "realm": "vale.ac.uk", "domains": domains[:1]}),
    )
    assert told(tmp_path) == before


def test_sums_of_before_digests_were_kept_go_on(counted: Any, tmp_path: Path) -> None:
    state = tmp_path / "state"
    usage.night(counted, state, TODAY, known(tmp_path))
    before = told(tmp_path)
    with sqlite3.connect(state / by_customer.STORE) as base:
        base.execute("DROP TABLE realms")
    assert by_customer.report(state, "2026-11", "", known(tmp_path)) == before
    usage.night(counted, state, TODAY, known(tmp_path))
    assert told(tmp_path) == before


def test_what_is_needed_to_count_does_not_grow_with_the_log(counted: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(by_customer, "MOST_PASSING", 100)
    tally = by_customer.Tally(known(tmp_path), counted.own, [DAY])
    before = len(tally.days[DAY].counts)
    lines = trace.part("lines")
    for at in range(1000):
        for raw in stamped(DAY, came(f"4jZ{at:09}zVXS", OUTSIDE, 10)).splitlines():
            tally.event(DAY, HOST, lines.event(lines.line(HOST, "", 0, raw)))
    assert len(tally._passing) == 100
    assert len(tally.days[DAY].counts) == before == 3 * len(by_customer.COUNTED)


def test_an_interrupted_night_is_made_up_for(counted: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = tmp_path / "state"

    def broken(*_: object) -> Iterator[None]:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(by_customer, "_keep", broken)
    with pytest.raises(OSError, match="No space"):
        usage.night(counted, state, TODAY, known(tmp_path))
    monkeypatch.undo()
    usage.night(counted, state, TODAY, known(tmp_path))
    assert told(tmp_path, "valley")["messages"]["in"] == 2
    assert usage.report(counted, state, "2026-11", DAY)["messages"]["submitted"] == 1


# --- What a store holds -------------------------------------------------------------------------------------------


def test_mailboxes_of_customers_are_those_in_their_realms(tmp_path: Path) -> None:
    for name in (
        "valley.ac.uk/gparry",
        "valley.ac.uk/hlloyd",
        "valley.ac.uk/.deleted.x",
        "hill.sch.uk/m",
        "aowen/y",
    ):
        (tmp_path / "vmail" / name).mkdir(parents=True)
    (tmp_path / "vmail/empty.ac.uk").symlink_to(tmp_path / "vmail/hill.sch.uk")
    (tmp_path / "vmail/hill.sch.uk/link").symlink_to(tmp_path / "vmail/aowen")
    found = list(by_customer.logins(known(tmp_path), tmp_path / "vmail"))
    assert found == ["m@hill.sch.uk", "gparry@valley.ac.uk", "hlloyd@valley.ac.uk"]


def test_quotas_of_many_are_asked_for_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By a stand-in that prints what Dovecot prints for users of a file."""
    script = tmp_path / "bin" / "doveadm"
    script.parent.mkdir()
    script.write_text(
        "#!/bin/sh\n"
        'echo "$@" >> "$0.asked"\n'
        'printf "Username\\tQuota name\\tType\\tValue\\tLimit\\t%%\\n"\n'
        'while read -r user; do printf "%s\\tUser quota\\tSTORAGE\\t95\\t100\\t95\\n" "$user"\n'
        'printf "%s\\tUser quota\\tMESSAGE\\t3\\t-\\t0\\n" "$user"; done < "$6"\n'
    )
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{script.parent}:/usr/bin:/bin")
    asked = ["gparry@valley.ac.uk", "m@hill.sch.uk", "h@valley.ac.uk", "x@nobody.example"]
    found = list(people.quotas_of(asked))
    assert [login for login, _ in found] == asked
    assert len((tmp_path / "bin/doveadm.asked").read_text().splitlines()) == 1
    size = 95 * 1024
    assert by_customer.held(known(tmp_path), found, 0.9) == {"valley": (2, 2 * size, 2), "hill": (1, size, 1)}
    assert list(people.quotas_of([])) == []


def test_what_is_held_goes_over_the_log_in_lines_that_are_not_cut(tmp_path: Path) -> None:
    held = {f"customer-{at:05}": (at, at * 1000, 1) for at in range(1000)}
    lines = list(by_customer.storage_lines(HOST, held))
    assert max(map(len, lines)) < 1000
    tally = by_customer.Tally(customers.Customers(), frozenset(), [DAY])
    for line in lines:
        found = by_customer.STORAGE.fullmatch(line)
        assert found
        tally.holds(DAY, found[1], found[2])
    assert tally.days[DAY].held[HOST] == held
    assert list(by_customer.storage_lines(HOST, {})) == []


# --- What is told -------------------------------------------------------------------------------------------------


def run(
    counted: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *said: str
) -> tuple[int, str]:
    monkeypatch.setattr(usage, "STATE", tmp_path / "state")
    monkeypatch.setattr(usage, "read_settings", lambda: counted)
    try:
        status = usage.main(["--month", "2026-11", *said])
    except SystemExit as error:
        status = int(error.code or 0)
    return status, capsys.readouterr().out


def test_one_customer_s_use_is_told_without_the_others(
    counted: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    usage.night(counted, tmp_path / "state", TODAY, known(tmp_path))
    status, out = run(counted, tmp_path, monkeypatch, capsys, "--customer", "valley")
    assert status == 0
    assert "Use of the mail service by valley, 2026-11 (1 days counted)" in out
    assert "hill" not in out
    said = json.loads(run(counted, tmp_path, monkeypatch, capsys, "--customer", "valley", "--json")[1])
    assert (said["customer"], said["messages"]["in"]) == ("valley", 2)
    assert run(counted, tmp_path, monkeypatch, capsys, "--customer", "nobody")[0] == 1
    assert (
        json.loads(run(counted, tmp_path, monkeypatch, capsys, "--customer", "x", "--json")[1])["customers"] == {}
    )


def test_all_are_told_a_line_each(
    counted: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(counted, tmp_path, monkeypatch, capsys, "--by-customer")[0] == 1
    usage.night(counted, tmp_path / "state", TODAY, known(tmp_path))
    status, out = run(counted, tmp_path, monkeypatch, capsys, "--by-customer")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()[3:]] == ["empty", "hill", "valley"]
    said = json.loads(run(counted, tmp_path, monkeypatch, capsys, "--by-customer", "--json")[1])
    assert set(said["customers"]) == set(KNOWN)
    assert run(counted, tmp_path, monkeypatch, capsys, "--by-customer", "--customer", "hill")[0] == 2
