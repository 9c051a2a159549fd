#!/usr/bin/python3 -I
"""Tell abuse of a login whose mail was throttled: how much waited in the last hour, and from where it came.

fail2ban calls it with the login, once an hour. Only what is plainly a login, an address or a number gets into the
message, whatever else the log holds.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

SETTINGS = Path("/etc/mailwright/throttle-report.json")
LOGIN = re.compile(r"[A-Za-z0-9._@+=-]{1,128}")
LINE = re.compile(
    r"(\S+) \S+ rspamd\[\d+\]: <[0-9a-z]+>; lua; mailwright\.lua:\d+: "
    r"throttled: login (\S+), address ([0-9a-f.:]+), recipients (\d+)"
)
PERIOD = timedelta(hours=1)
MOST_ADDRESSES = 20


def throttled(lines: Iterable[str], login: str, now: datetime) -> tuple[int, Counter[str]]:
    """Of the last hour: messages of the login that waited, and the recipients of those from each address."""
    messages = 0
    addresses: Counter[str] = Counter()
    for line in lines:
        found = LINE.fullmatch(line.rstrip("\n"))
        if found is None or found[2] != login:
            continue
        try:
            when, address = datetime.fromisoformat(found[1]), str(ip_address(found[3]))
        except ValueError:
            continue
        if when >= now - PERIOD:
            messages += 1
            addresses[address] += int(found[4])
    return messages, addresses


def message(login: str, host: str, domain: str, messages: int, addresses: Counter[str]) -> str:
    """The report, of the site's postmaster to its abuse."""
    listed = [f"  {address}: {count} recipients" for address, count in addresses.most_common(MOST_ADDRESSES)]
    return "\n".join(
        [
            f"From: Postmaster <postmaster@{domain}>",
            f"To: <abuse@{domain}>",
            f"Subject: {login}: sends unusually much",
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=us-ascii",
            "",
            f"The login {login} has sent to more people than a login may in an hour, through {host}.",
            "What is above the limit is refused for the time being (451) and waits with whoever sends it.",
            "",
            f"Refused in the last hour: {messages} messages to {sum(addresses.values())} recipients, from",
            *listed,
            "",
            "If its owner does not know of it, somebody else has the password: set another one, and look in the",
            "mail log for where it was used. This is said once an hour while it lasts.",
            "",
        ]
    )


def main() -> None:
    login = sys.argv[1]
    if not LOGIN.fullmatch(login):
        raise SystemExit("not a login")
    settings = json.loads(SETTINGS.read_text(encoding="ascii"))
    domain, host = settings["domain"], settings["host"]
    with Path(settings["log"]).open(encoding="utf-8", errors="replace") as lines:
        messages, addresses = throttled(lines, login, datetime.now().astimezone())
    subprocess.run(
        ["/usr/sbin/sendmail", "-i", "-f", f"postmaster@{domain}", "--", f"abuse@{domain}"],
        input=message(login, host, domain, messages, addresses).encode("ascii"),
        check=True,
        timeout=60,
    )


if __name__ == "__main__":
    main()
