"""mailwright-usage: what the service is used for, month by month (WEB-2).

Counted from the mail logs that are kept here, on a log host those of all hosts; what each store holds stands in its
log as a line of this program's, with sums alone. Each night the days that are over are added to the month. The sums
are kept when the log is gone; they name nobody. Until a month is over its active users are kept as keyed hashes, so
that nobody is counted twice; then the hashes and their key are deleted, and their number stays.

On hosts that several customers share, the same is counted for each of them (``by_customer``).
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import hmac
import json
import re
import secrets
import sqlite3
import sys
import syslog
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

from mailwright_trace import customers
from mailwright_trace import lines as forms

from mailwright_accounts import by_customer, people, signins
from mailwright_accounts.host import AccountError, Places, write

SETTINGS = Path("/etc/mailwright/usage.json")
STATE = Path("/var/lib/mailwright-usage")
SIGN_INS = ("webmail", "imap", "pop3", "submission")
MONTH = re.compile(r"\d{4}-(?:0[1-9]|1[0-2])")
FULL = 0.9  # of the quota

TOGETHER = 3
"""Days that are counted at a time, when many are to be made up for: who was active is in memory meanwhile."""

LATE = timedelta(days=7)
"""For so long lines may have waited on another host before they came into a file that began after them."""

_DISCONNECT = re.compile(r"disconnect from [^\s\[\]]+\[[^\s\[\]]+\](?: [a-z]+=\d+(?:/\d+)?)* commands=\d+(?:/\d+)?")
_STORAGE = re.compile(r"storage host=(\S+) mailboxes=(\d+) octets=(\d+) full=(\d+)")
_PROGRAM = "mailwright-usage"


@dataclass(frozen=True)
class Settings:
    """``logs``: host → path of its log here; ``own``: addresses of the site's hosts; ``store``: it keeps mail;
    ``elsewhere``: mailers of the site whose log is not here."""

    host: str
    logs: dict[str, str]
    own: frozenset[str]
    store: bool
    report: bool  # this host is the one that counts
    elsewhere: tuple[str, ...] = ()


@dataclass
class Day:
    """What a day's lines come to. ``stores``: what each store held at last."""

    counts: Counter[str] = field(default_factory=Counter)
    active: set[str] = field(default_factory=set)
    stores: dict[str, dict[str, int]] = field(default_factory=dict)
    imap: Counter[tuple[str, str]] = field(default_factory=Counter)
    webmail: set[tuple[str, str]] = field(default_factory=set)

    def done(self) -> None:
        """Webmail signs in over IMAP with each request, for somebody and with their address: no IMAP sign-ins."""
        self.counts["imap"] += sum(number for pair, number in self.imap.items() if pair not in self.webmail)


@dataclass
class Reader:
    """Takes lines in the order of the log, a host after the other. ``days``: those that are wanted; ``tally``: by
    customers, where the hosts have some."""

    own: frozenset[str]
    days: dict[date, Day]
    tally: by_customer.Tally | None = None
    waiting: dict[tuple[str, str], str] = field(default_factory=dict)
    first: date = date.max  # of the lines that there are
    names: dict[str, str] = field(default_factory=dict)  # each login once, on however many days

    def take(self, host: str, raw: bytes) -> None:
        line = forms.line(host, "", 0, raw)
        if line is None:
            return
        self.first = min(self.first, line.time.date())
        if (day := self.days.get(line.time.date())) is None:
            return
        if line.tag == "dovecot":
            self._dovecot(day, line)
        elif line.tag == "roundcube":
            if found := signins.WEBMAIL.fullmatch(line.text):
                day.counts["webmail"] += 1
                day.active.add(found[1].lower())
                day.webmail.add((found[1].lower(), found[2]))
        elif line.tag == _PROGRAM:
            if found := _STORAGE.fullmatch(line.text):
                sums = {"mailboxes": int(found[2]), "octets": int(found[3]), "full": int(found[4])}
                day.stores[found[1]] = sums
            elif self.tally is not None and (found := by_customer.STORAGE.fullmatch(line.text)):
                self.tally.holds(line.time.date(), found[1], found[2])
        elif line.tag.startswith("postfix"):
            self._postfix(day, host, line)

    def _login(self, text: str) -> str:
        return self.names.setdefault(text.lower(), text.lower())

    def _dovecot(self, day: Day, line: forms.Line) -> None:
        found = signins.DOVECOT.fullmatch(line.text)
        if found is None:
            return
        login = self._login(found[2])
        day.active.add(login)
        if self.tally is not None and self.tally.signed_in(line.time.date(), login, found[1]):
            day.counts[found[1]] += 1  # customers have no webmail, which would sign in for them
        elif found[1] == "imap":
            day.imap[login, found[3]] += 1
        else:
            day.counts[found[1]] += 1

    def _postfix(self, day: Day, host: str, line: forms.Line) -> None:
        if line.program == "smtpd" and line.text.startswith("disconnect from "):
            if line.service in ("submission", "submissions") and _DISCONNECT.fullmatch(line.text):
                for done in re.findall(r" auth=(\d+)", line.text):
                    day.counts["submission"] += int(done)
            return
        event = forms.event(line)
        if event is None:
            return
        if self.tally is not None:
            self.tally.event(line.time.date(), host, event)
        said, key = event.said, (host, event.id)
        if event.kind == "client":
            if said["login"]:
                day.active.add(self._login(said["login"]))
                self.waiting[key] = "out"
            elif line.service == "smtp" and said["address"] not in self.own:
                self.waiting[key] = "in"
        elif event.kind == "queued" and (way := self.waiting.pop(key, "")):
            day.counts[f"{way}_messages"] += 1
            day.counts[f"{way}_octets"] += int(said["size"])
        elif event.kind == "delivery" and said["status"] == "sent":
            if said["program"] == "lmtp" and line.service in ("", "store"):
                day.counts["delivered"] += 1
            elif said["program"] == "smtp" and said["address"] not in self.own:
                day.counts["sent_on"] += 1
        elif event.kind == "removed":
            self.waiting.pop(key, None)


# ---- months


@dataclass
class Month:
    """``days``: date → sums; ``active``: keyed hashes until it is closed; then ``number`` alone."""

    name: str
    days: dict[str, dict[str, Any]]
    key: str
    active: list[str]
    number: int

    @property
    def closed(self) -> bool:
        return not self.key

    @property
    def known(self) -> dict[str, dict[str, Any]]:
        """Without the days of which no log was there any more."""
        return {day: said for day, said in sorted(self.days.items()) if said}

    def add(self, day: date, seen: Day) -> None:
        said = {**{name: number for name, number in sorted(seen.counts.items()) if number}}
        self.days[day.isoformat()] = {
            **said,
            "active": len(seen.active),
            "stores": dict(sorted(seen.stores.items())),
        }
        hashes = {
            hmac.new(bytes.fromhex(self.key), login.encode(), hashlib.sha256).hexdigest()[:32]
            for login in seen.active
        }
        self.active = sorted({*self.active, *hashes})
        self.number = len(self.active)

    def close(self) -> None:
        self.key, self.active = "", []


def load(state: Path, name: str) -> Month:
    try:
        return Month(**json.loads((state / f"{name}.json").read_text(encoding="utf-8")))
    except FileNotFoundError:
        return Month(name, {}, secrets.token_hex(32), [], 0)


def save(state: Path, month: Month) -> None:
    write(state / f"{month.name}.json", json.dumps(vars(month), indent=1) + "\n", mode=0o600)


def wanted(state: Path, today: date, back: int) -> list[date]:
    """The days that are over, of this month and what the one before it lacks, and that are not counted yet."""
    found = []
    for day in _span(today, back):
        month = load(state, f"{day:%Y-%m}")
        if not month.closed and day.isoformat() not in month.days:
            found.append(day)
    return found


def _span(today: date, back: int) -> Iterator[date]:
    """The days before today, of this month and the one before it, that are no longer ago."""
    day = max((today.replace(day=1) - timedelta(days=1)).replace(day=1), today - timedelta(days=back))
    while day < today:
        yield day
        day += timedelta(days=1)


def read(
    settings: Settings, days: Iterable[date], tally: by_customer.Tally | None = None
) -> dict[date, Day | None]:
    """What the logs say of those days; None for a day that is older than they are."""
    seen = {day: Day() for day in days}
    if not seen:
        return {}
    oldest = datetime.combine(min(seen), datetime.min.time()).timestamp() - 86400
    reader = Reader(settings.own, seen, tally)
    for host, log in sorted(settings.logs.items()):
        for path in reversed(signins.files(log)):
            begun = _begun(path, host)
            reader.first = min(reader.first, begun)
            if path.stat().st_mtime >= oldest and begun <= max(seen) + LATE:
                for raw in _lines(path):
                    reader.take(host, raw)
    for counted in seen.values():
        counted.done()
    return {day: counted if day >= reader.first else None for day, counted in seen.items()}


def _begun(path: Path, host: str) -> date:
    """The day of a file's first line; the last of all days where it has none that can be read."""
    try:
        line = next((forms.line(host, "", 0, raw) for raw in signins.lines(path)), None)
    except (EOFError, OSError):
        line = None
    return line.time.date() if line is not None else date.max


_OURS = (b" dovecot", b" roundcube", b" postfix", b" mailwright-usage")


def _lines(path: Path) -> Iterator[bytes]:
    """Lines that can be of interest; a compressed file that is damaged ends where it is."""
    try:
        for raw in signins.lines(path):
            if any(mark in raw for mark in _OURS):
                yield raw
    except (EOFError, OSError) as error:
        print(f"{path}: {error}", file=sys.stderr)


def night(settings: Settings, state: Path, today: date, known: customers.Customers | None = None) -> int:
    """Count the days that are over, and close the months that are. Returns how many days were counted.

    ``known``: the customers of these hosts, for each of whom the same is counted.
    """
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (state / "lock").open("a", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        site = set(wanted(state, today, 62))
        own = set(_span(today, 62)) - by_customer.counted(state) if known is not None and known.by_id else set()
        days = sorted(site | own)
        if known is not None and known.by_id:
            with by_customer.opened(state) as base:
                by_customer.part(base, known)
        for at in range(0, len(days), TOGETHER):
            _count(settings, state, days[at : at + TOGETHER], site, own, known)
        for path in state.glob("????-??.json"):
            if path.stem < f"{today:%Y-%m}" and not (month := load(state, path.stem)).closed:
                month.close()
                save(state, month)
        if known is not None and (known.by_id or (state / by_customer.STORE).exists()):
            with by_customer.opened(state) as base:
                by_customer.tidy(base, known, today)
    return len(days)


def _count(
    settings: Settings,
    state: Path,
    days: list[date],
    site: set[date],
    own: set[date],
    known: customers.Customers | None,
) -> None:
    """Some days, of the whole site and of its customers, as far as they are wanted of each."""
    tally = by_customer.Tally(known, settings.own, days) if known is not None and known.by_id else None
    months: dict[str, Month] = {}
    found = read(settings, days, tally)
    for day, seen in sorted(found.items()):
        if day not in site:
            continue
        month = months.setdefault(f"{day:%Y-%m}", load(state, f"{day:%Y-%m}"))
        if seen is None:
            month.days[day.isoformat()] = {}
        else:
            month.add(day, seen)
    for month in months.values():
        save(state, month)
    if tally is not None and own.intersection(days):
        active = {day: seen.active if seen is not None else None for day, seen in found.items() if day in own}
        with by_customer.opened(state) as base:
            by_customer.keep(base, tally, active)


def report(settings: Settings, state: Path, name: str, today: date) -> dict[str, Any]:
    """The sums of a month. Today's lines count too, as far as they go."""
    month = load(state, name)
    if f"{today:%Y-%m}" == name and not month.closed:
        for day, seen in read(
            settings, [*(day for day in wanted(state, today, 62) if f"{day:%Y-%m}" == name), today]
        ).items():
            if seen is not None:
                month.add(day, seen)
    if not month.known:
        return {"month": name, "days": 0}
    sums: Counter[str] = Counter()
    held: dict[str, dict[str, int]] = {}
    for counted in month.known.values():
        sums.update({key: number for key, number in counted.items() if isinstance(number, int) and key != "active"})
        held.update(counted["stores"])
    return {
        "month": name,
        "days": len(month.known),
        "active_users": month.number,
        "sign_ins": {way: sums[way] for way in SIGN_INS},
        "messages": {
            "in": sums["in_messages"],
            "in_octets": sums["in_octets"],
            "submitted": sums["out_messages"],
            "submitted_octets": sums["out_octets"],
            "delivered_to_mailboxes": sums["delivered"],
            "sent_to_others": sums["sent_on"],
        },
        "storage": {
            "mailboxes": sum(one["mailboxes"] for one in held.values()),
            "octets": sum(one["octets"] for one in held.values()),
            "over_90_percent": sum(one["full"] for one in held.values()),
        },
    }


def text(said: dict[str, Any]) -> Iterator[str]:
    """For people."""
    if not said["days"]:
        yield f"Of {said['month']} nothing is known here."
        return
    messages, storage = said["messages"], said["storage"]
    whose = f" by {said['customer']}" if "customer" in said else ""
    yield f"Use of the mail service{whose}, {said['month']} ({said['days']} days counted)"
    yield ""
    yield f"  active users              {said['active_users']:>12,}"
    for way, number in said["sign_ins"].items():
        yield f"  sign-ins, {way:15} {number:>12,}"
    yield f"  messages in               {messages['in']:>12,}   {_mib(messages['in_octets'])}"
    yield f"  messages submitted        {messages['submitted']:>12,}   {_mib(messages['submitted_octets'])}"
    yield f"  put into mailboxes        {messages['delivered_to_mailboxes']:>12,}"
    yield f"  handed to other systems   {messages['sent_to_others']:>12,}"
    yield f"  mailboxes                 {storage['mailboxes']:>12,}   {_mib(storage['octets'])}"
    yield f"  over 90 % of their quota  {storage['over_90_percent']:>12,}"


def _mib(octets: int) -> str:
    return f"{octets / 2**20:,.1f} MiB"


def storage(known: customers.Customers) -> None:
    """Lines of the mail log with what this store holds: sums, and nobody's name."""
    from mailwright_accounts.removed import mailboxes

    places = Places()
    quotas = people.quotas(mailboxes(places))
    held = by_customer.held(known, people.quotas_of(by_customer.logins(known, places.mail)), FULL)
    each = [(one.used, one.part > FULL) for one in quotas.values()]
    number = len(each) + sum(row[0] for row in held.values())
    octets = sum(used for used, _ in each) + sum(row[1] for row in held.values())
    full = sum(over for _, over in each) + sum(row[2] for row in held.values())
    host = read_settings().host
    syslog.openlog(_PROGRAM, 0, syslog.LOG_MAIL)
    syslog.syslog(syslog.LOG_INFO, f"storage host={host} mailboxes={number} octets={octets} full={full}")
    for line in by_customer.storage_lines(host, held):
        syslog.syslog(syslog.LOG_INFO, line)
    syslog.closelog()


def read_settings(path: Path = SETTINGS) -> Settings:
    said = json.loads(path.read_text(encoding="utf-8"))
    return Settings(**{**said, "own": frozenset(said["own"]), "elsewhere": tuple(said.get("elsewhere", ()))})


def _of_customers(said: dict[str, Any], asked: argparse.Namespace, elsewhere: tuple[str, ...]) -> int:
    """Prints the sums of one customer, or of all; returns 1 where nothing is known."""
    one = said["customers"].get(asked.customer) if asked.customer is not None else None
    if one is not None:
        one = {"customer": asked.customer, "month": said["month"], "days": said["days"], **one}
    if asked.json:
        found = said if asked.by_customer else one or {"customer": asked.customer, **said}
        print(json.dumps(found | _not_counted(elsewhere), indent=2))
    else:
        lines = text(one) if one is not None else by_customer.text(said)
        print("\n".join((*lines, *_in_words(elsewhere))))
    return 0 if said["customers"] else 1


def _not_counted(elsewhere: tuple[str, ...]) -> dict[str, list[str]]:
    """What a report says besides: of which mailers the log is not here, so that the sums lack what they took in."""
    return {"not_counted": list(elsewhere)} if elsewhere else {}


def _in_words(elsewhere: tuple[str, ...]) -> tuple[str, ...]:
    if not elsewhere:
        return ()
    return "", f"Not counted is what {', '.join(elsewhere)} took in or sent: those logs are not kept here."


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="mailwright-usage", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--month", help="as 2026-11; this month otherwise")
    parser.add_argument("--months", action="store_true", help="which months there are")
    parser.add_argument("--customer", metavar="ID", help="of one customer of shared hosts, without today")
    parser.add_argument("--by-customer", action="store_true", help="of each of them, a line for each")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--night", action="store_true", help="count the days that are over (a timer does)")
    asked = parser.parse_args(argv)
    if asked.month and not MONTH.fullmatch(asked.month):
        parser.error(f"{asked.month!r} is no month: say it as 2026-11")
    if asked.customer is not None and asked.by_customer:
        parser.error("say --customer or --by-customer")
    try:
        settings, today = read_settings(), date.today()
        if asked.night:
            known = customers.read()
            if settings.store:
                storage(known)
            if settings.report:
                print(f"{night(settings, STATE, today, known)} days counted")
            return 0
        if not settings.report:
            print(
                f"mailwright-usage: {settings.host} counts nothing itself; ask the site's log host", file=sys.stderr
            )
            return 1
        if asked.months:
            kept = (path.stem for path in STATE.glob("????-??.json"))
            names = sorted({*(name for name in kept if load(STATE, name).known), f"{today:%Y-%m}"})
            print(json.dumps(names) if asked.json else "\n".join(names))
            return 0
        name = asked.month or f"{today:%Y-%m}"
        if asked.customer is not None or asked.by_customer:
            return _of_customers(
                by_customer.report(STATE, name, asked.customer or "", customers.read()), asked, settings.elsewhere
            )
        said = report(settings, STATE, name, today)
    except (AccountError, OSError, ValueError, KeyError, TypeError, sqlite3.Error) as error:
        print(f"mailwright-usage: {error}", file=sys.stderr)
        return 2
    if asked.json:
        print(json.dumps(said | _not_counted(settings.elsewhere), indent=2))
    else:
        print("\n".join((*text(said), *_in_words(settings.elsewhere))))
    return 0 if said["days"] else 1
