"""A customer that leaves, by its dates: mail is fetched and not taken; then the logins go; then it is over."""

from __future__ import annotations

import imaplib
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from mailwright.audit import letters, mailboxes, posting, roads
from mailwright.provider import tables
from mailwright.provider.model import Leaving

STORE = "mail.hosting.example"
LEAVER = "abbey"
KNOWN = "/var/lib/mailwright-accounts/over.json"  # realm → the day since which the host knows that it is over
SERVED = "/var/lib/mailwright-customers/customers.json"


def leaving(customers: Any, *days: int) -> str:
    """The fragment of the customer, who leaves so many days from now: mail, mailboxes, logs."""
    one = next(one for one in customers.platform.prepared.hosted if one.head.id == LEAVER)
    today = date.today()
    dates = Leaving(*(today + timedelta(days=each) for each in days), where=one.head.where)
    head = replace(one.head, leaving=dates)
    return tables.render(one.plan, head, head.state(today))


def answer(customers: Any, recipient: str) -> int:
    context = customers.platform.stage.context()
    codes = set()
    for door in roads.doors(context, "outside", "smtp"):
        content = letters.letter(letters.token(), f"<{posting.outsider(context)}>", f"<{recipient}>")
        codes.add(posting.delivered_directly(context, door, posting.outsider(context), recipient, content).code)
    assert len(codes) == 1
    return codes.pop()


def submits(customers: Any, account: Any) -> bool:
    context = customers.platform.stage.context()
    door = roads.doors(context, "outside", "submission")[0]
    with roads.vantage(context, "outside").enter(), roads.smtp(context, door) as dialogue:
        return dialogue.login(account.login, account.password).code == 235


def fetches(customers: Any, account: Any) -> bool:
    context = customers.platform.stage.context()
    door = roads.doors(context, "outside", "imaps")[0]
    with roads.vantage(context, "outside").enter(), mailboxes.connected(context, door) as session:
        try:
            session.login(account.login, account.password)
            return bool(session.select("INBOX", readonly=True)[1][0] != b"0")
        except imaplib.IMAP4.error:
            return False


def swept(customers: Any, known_for: int | None = None) -> dict[str, str]:
    """The timer's service has run; realm → since when it is known to be over. ``known_for``: as if the host had
    known of the leaver for so many days."""
    if known_for is not None:
        day = date.today() - timedelta(days=known_for)
        realm = customers.guest(LEAVER).realm
        put(customers, KNOWN, json.dumps({realm: day.isoformat()}))
    customers.on(STORE, "systemctl", "start", "mailwright-accounts.service")
    found = json.loads(customers.on(STORE, "cat", KNOWN))
    assert isinstance(found, dict)
    return found


def put(customers: Any, path: str, text: str) -> None:
    customers.on(STORE, "python3", "-c", "import sys; open(sys.argv[1], 'w').write(sys.argv[2])", path, text)


def kept(customers: Any, *of: str) -> str:
    """What the store keeps of customers: files of mail, passwords, and who is suspended."""
    guests = [customers.guest(name) for name in of]
    mail = " ".join(f"/var/vmail/{guest.realm}" for guest in guests)
    passwords = " ".join(f"/etc/dovecot/customers/{guest.id}.passwords" for guest in guests)
    realms = "|".join(guest.realm.replace(".", "[.]") for guest in guests)
    program = (
        f"find {mail} -path '*/cur/*' -o -path '*/new/*' | sort; sha256sum {passwords}; "
        f"grep -hE '@({realms})' /etc/dovecot/suspended /etc/postfix/suspended; true"
    )
    found: str = customers.on(STORE, "sh", "-c", f"({program}) 2>/dev/null")
    return found


def goes_after_seven_days(customers: Any) -> None:
    """Of a customer that is over: what is its own goes, when the host has known for seven days and nobody is served
    with its realm; and nobody else's."""
    realm = customers.guest(LEAVER).realm
    others = tuple(guest.id for guest in customers.platform.prepared.guests if guest.id != LEAVER)
    before, theirs = kept(customers, LEAVER), kept(customers, *others)
    for part in ("/var/vmail/", ".passwords", "@"):
        assert part in before
        assert part in theirs
    put(customers, KNOWN, "{}")
    assert swept(customers) == {realm: date.today().isoformat()}
    assert swept(customers, 6)
    assert kept(customers, LEAVER) == before, "the seven days are not over"

    served = customers.on(STORE, "cat", SERVED)
    rows = json.loads(served)
    rows["customers"]["abbey-again"] = {**rows["customers"]["school"], "realm": realm, "domains": [realm]}
    put(customers, SERVED, json.dumps(rows))
    try:
        assert swept(customers, 30) == {}
        assert kept(customers, LEAVER) == before, "somebody is served with that realm"
    finally:
        put(customers, SERVED, served)

    assert swept(customers, 7)
    assert kept(customers, LEAVER) == ""
    customers.on(STORE, "test", "!", "-e", f"/var/vmail/{realm}")
    assert kept(customers, *others) == theirs


@pytest.fixture
def suspended(customers: Any) -> Iterator[None]:
    """One login of the leaver's and one of another customer are suspended."""
    logins = [customers.guest(name).accounts[-1].login for name in (LEAVER, "school")]
    for login in logins:
        customers.on(STORE, "mailwright-account", "suspend", login, "--reason", "a test")
    yield
    for login in logins:
        customers.on(STORE, "mailwright-account", "resume", login, status=None)


@pytest.mark.usefixtures("suspended")
def test_one_step_after_the_other(customers: Any, as_built: Callable[[], Any]) -> None:
    guest = customers.guest(LEAVER)
    who = roads.anybody(customers.platform.context(guest))
    other = roads.anybody(customers.platform.context(customers.guest("school")))
    mark = letters.token()
    content = letters.letter(mark, "<x@foreign.example>", f"<{who.published}>")
    context = customers.platform.context(guest)
    door = roads.doors(context, "outside", "smtp")[0]
    assert posting.delivered_directly(context, door, "x@foreign.example", who.published, content).accepted
    assert mailboxes.holding(context, who.login, (mark,))[mark] == 1
    assert (submits(customers, who.account), fetches(customers, who.account)) == (True, True)
    folder = f"/var/vmail/{guest.realm}"
    for days, state, fetched in (((-1, 10, 20), "stopped", True), ((-20, -1, 20), "closed", False)):
        done = customers.apply(customers.build(abbey=leaving(customers, *days)))
        assert done.status == 0, done.words
        assert state in customers.on(STORE, "mailwright-customers", "list")
        assert answer(customers, who.published) in (550, 554)
        assert (submits(customers, who.account), fetches(customers, who.account)) == (False, fetched)
        assert answer(customers, other.published) == 250
        customers.on(STORE, "test", "-d", folder)
    early = leaving(customers, -20, -10, 20).replace("state closed", "state over")
    refused = customers.judged(abbey="\n".join(early.split("\n")[:7]) + "\n")
    assert set(refused) == {LEAVER}, "the host's own clock says that it is not over yet"
    done = customers.apply(customers.build(abbey=leaving(customers, -20, -10, -1)))
    assert done.status == 0, done.words
    assert "over" in customers.on(STORE, "mailwright-customers", "list")
    assert (submits(customers, who.account), fetches(customers, who.account)) == (False, False)
    goes_after_seven_days(customers)
    as_built()
    signs_in = (submits(customers, who.account), fetches(customers, who.account))
    assert signs_in == (True, False), "the first password is there again, and no mail of before"
    assert answer(customers, who.published) == 250
    assert swept(customers) == {}


def test_nobody_else_s_dates_are_touched(customers: Any) -> None:
    listed = customers.on(STORE, "mailwright-customers", "list")
    assert listed.count("active") == len(customers.platform.prepared.guests)
