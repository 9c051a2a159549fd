"""What each customer uses: counted from the logs of a day that is over, each for itself (AGREE-1)."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import partial
from typing import Any

import pytest

from mailwright.audit import letters, posting, roads

STORE = "mail.hosting.example"
HOSTS = (STORE, "mx2.hosting.example")
STATE = "/var/lib/mailwright-usage"
KEPT = "/root/mailwright-usage.kept"
OTHERS = ("abbey", "college", "harbour")

# The program's night, as of tomorrow: then today's lines are those of a day that is over.
TOMORROW = """
import sys
from datetime import date, timedelta
sys.path.insert(0, "/usr/local/lib/mailwright")
from mailwright_accounts import usage
class Tomorrow(date):
    @classmethod
    def today(cls):
        return date.today() + timedelta(days=1)
usage.date = Tomorrow
sys.exit(usage.main(["--night"]))
"""


@pytest.fixture
def counted(customers: Any) -> Iterator[Callable[[], Mapping[str, Any]]]:
    """Counts all that there is in the logs, anew; customer → what the command says of it. What the host had counted
    is put back in the end."""

    def count() -> Mapping[str, Any]:
        quiet(customers)
        customers.on(STORE, "rm", "-rf", STATE)
        before = stored(customers)
        customers.on(STORE, "systemctl", "start", "mailwright-usage.service")
        until(lambda: stored(customers) > before, "what the store holds is in the log")
        customers.on(STORE, "python3", "-I", "-c", TOMORROW)
        return {guest.id: said(customers, guest.id) for guest in customers.platform.prepared.guests}

    customers.on(STORE, "sh", "-c", f"rm -rf {KEPT}; test ! -d {STATE} || mv {STATE} {KEPT}")
    yield count
    customers.on(STORE, "sh", "-c", f"rm -rf {STATE}; test ! -d {KEPT} || mv {KEPT} {STATE}")


def said(customers: Any, name: str) -> Any:
    month = f"{date.today():%Y-%m}"
    return json.loads(customers.on(STORE, "mailwright-usage", "--customer", name, "--month", month, "--json"))


def stored(customers: Any) -> int:
    lines = customers.on(STORE, "grep", "-c", " storage-of host=", "/var/log/mail/mail.log", status=None)
    return int(lines.strip() or "0")


def quiet(customers: Any) -> None:
    """No message of an earlier test is on its way any more."""
    for host in HOSTS:
        until(partial(_empty, customers, host), f"{host} has nothing to deliver")


def _empty(customers: Any, host: str) -> bool:
    queues = (f"/var/spool/postfix/{queue}" for queue in ("maildrop", "incoming", "active"))
    return bool(customers.on(host, "find", *queues, "-type", "f") == "")


def until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.2)


def exchanged(customers: Any) -> None:
    """The school gets a message from outside at each door, and writes to somebody outside and to the trust."""
    context = customers.platform.context(customers.guest("school"))
    who = roads.anybody(context)
    mark = letters.token()
    assert customers.brought(who.published, mark).accepted
    doors = len(customers.doors)
    assert customers.found("school", who.login, mark, wanted=doors) == doors
    _, sent = posting.send_plain(context, who)
    assert sent.received is not None
    whom = roads.anybody(customers.platform.context(customers.guest("trust")))
    mark = letters.token()
    content = letters.letter(mark, f"<{who.published}>", f"<{whom.published}>")
    assert posting.hand_in(context, who, who.published, (whom.published,), content)[1].accepted
    assert customers.found("trust", whom.login, mark) == 1


def more(before: Mapping[str, Any], after: Mapping[str, Any], part: str) -> dict[str, int]:
    return {what: number - before[part][what] for what, number in after[part].items()}


def test_each_customer_s_use_is_its_own(customers: Any, counted: Callable[[], Mapping[str, Any]]) -> None:
    exchanged(customers)  # so that the store holds something
    before = counted()
    exchanged(customers)
    after = counted()
    here = sum(door.listener.host == STORE for door in customers.doors)
    school, trust = (more(before[name], after[name], "messages") for name in ("school", "trust"))
    assert (school["in"], school["submitted"], school["delivered_to_mailboxes"]) == (here, 2, here)
    assert (trust["in"], trust["submitted"], trust["delivered_to_mailboxes"]) == (1, 0, 1)
    assert (school["sent_to_others"], trust["sent_to_others"]) == (1, 0)
    assert school["in_octets"] > trust["in_octets"] > 0
    assert school["submitted_octets"] > trust["submitted_octets"] == 0
    for name in ("school", "trust"):
        held = more(before[name], after[name], "storage")
        assert (held["mailboxes"], held["octets"] > 0) == (0, True)
        realm = customers.guest(name).realm
        boxes = customers.on(STORE, "ls", f"/var/vmail/{realm}").split()
        assert after[name]["storage"]["mailboxes"] == len(boxes)
    for name in OTHERS:
        assert after[name] == before[name]


def test_what_another_mailer_took_in_is_said_to_be_missing(
    customers: Any, counted: Callable[[], Mapping[str, Any]]
) -> None:
    """The platform has no log host, and its second mailer keeps its own log."""
    assert all(one["not_counted"] == ["mx2.hosting.example"] for one in counted().values())
    for which in (("--by-customer",), ("--customer", "school"), ()):
        month = f"{date.today():%Y-%m}"
        told = customers.on(STORE, "mailwright-usage", *which, "--month", month)
        assert "Not counted is what mx2.hosting.example took in" in told
