"""The command: what is asked, who may ask, and that it is written down who did."""

from __future__ import annotations

import argparse
import grp
import json
import os
import pwd
import shlex
import socket
import sqlite3
import sys
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any

from . import answer, customers, index, show, view_show
from .lookup import Lookup
from .texts import Log
from .trail import Trail
from .view import View

SETTINGS = "/etc/mailwright/trace.json"
SYSLOG = "/dev/log"
FOUND, NOT_FOUND, USAGE = 0, 1, 2
ORIGINAL = "SSH_ORIGINAL_COMMAND"
"""Where sshd puts what the other side wanted to run, when the key has a command of its own."""

MOST_WITHIN = timedelta(days=1)
"""Before and after, in a customer's question: each message of that time is looked at to see whose it is."""

BEHIND = 64 << 20
"""Octets that are not indexed yet above which root's question brings the index up to date first."""

_ABOUT = """\
Who sent this message? The answer comes from the logs of the mail hosts alone, whatever the message says of itself.

Give one of: a Message-ID, a queue id, a recipient and the time, or the whole message with all its header lines.
"""

_EXAMPLES = """\
examples:
  mailwright-trace '<20261124.abc@college.ac.uk>'
        by Message-ID (in quotation marks, because of the < and >)
  mailwright-trace 4jYl3T2fP9zVXLx
        by queue id: the word after "id" in a Received: line of one of our hosts
  mailwright-trace --to someone@example.net --at '2026-11-24 14:06' --within 10
        what went to that address within ten minutes of that time; a Date: line will do as well
  mailwright-trace --message complaint.eml --to someone@example.net
        the message as the other side received it ("show source" of a mail program); - reads standard input.
        Its lines are used to find it and are not believed. With --to it is also looked whether it went there.
  mailwright-trace --lines 4jYl3T2fP9zVXLx
        with the log lines that prove it

how to read the answer:
  The first sentence says who: a login, a program on a host, an automatic reply, a notice of the mail system, or
  nobody here (it came from outside). Below it is the way: each host and queue id, and each recipient with what
  became of it. "The logs do not tell" means just that; do not guess from the From: line, which anybody can write.
  Several messages can have one Message-ID, because a sender can use another's: then all are shown, and the queue id
  in the topmost Received: line of our hosts tells which was meant.

exit status: 0 one message was found (with --at: all of them) and the logs tell who sent it; 1 nothing was found,
or it cannot be told; 2 the question is wrong.

Who asks, what, and how many messages were found is written to the system's log (authpriv).
"""


def parser() -> argparse.ArgumentParser:
    made = _parser(_EXAMPLES)
    _question(made)
    made.add_argument("--index", action="store_true", help="bring the index up to date (a timer does, as root)")
    made.add_argument("--settings", metavar="FILE", default=SETTINGS, help="which logs there are (%(default)s)")
    made.add_argument("--customer", metavar="ID", help="what that customer of shared hosts may see, and no more")
    made.add_argument(
        "--forced",
        action="store_true",
        help="with --customer, as the command of a key in authorized_keys: whoever has the key says the question "
        "alone, which cannot name another customer or a file of this host",
    )
    return made


def question() -> argparse.ArgumentParser:
    """What whoever comes in with a key can say: nothing by which they would see more than their customer's."""
    made = _parser("A message is read from standard input: --message -")
    _question(made)
    return made


def _parser(epilog: str) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog="mailwright-trace",
        description=_ABOUT,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )


def _question(made: argparse.ArgumentParser) -> None:
    made.add_argument("what", nargs="?", metavar="ID", help="a Message-ID (with < > or @) or a queue id")
    made.add_argument("--to", metavar="ADDRESS", help="a recipient; with --at, or to check with --message")
    made.add_argument("--at", metavar="TIME", help="when, such as '2026-11-24 14:06' (here) or a Date: line")
    made.add_argument("--within", metavar="MINUTES", type=float, default=15, help="before and after --at (15)")
    made.add_argument(
        "--message", metavar="FILE", help="the whole message as it was received; - for standard input"
    )
    made.add_argument("--json", action="store_true", help="for programs")
    made.add_argument("--lines", action="store_true", help="with the log lines")


def main(arguments: list[str] | None = None) -> int:
    made = parser()
    asked = made.parse_args(arguments)
    if asked.forced:
        asked = forced(made, asked, os.environ.get(ORIGINAL, ""))
    if asked.customer is not None and asked.index:
        made.error("--index is not a customer's")
    ways = [asked.what is not None, asked.message is not None, asked.at is not None, asked.index]
    if sum(ways) != 1 or (asked.at and not asked.to) or (asked.to and not (asked.at or asked.message)):
        made.error("give one of: ID; --to and --at; --message; --index")
    try:
        at = _time(asked.at) if asked.at else None
        within = timedelta(minutes=asked.within)
    except (ValueError, OverflowError):
        made.error("--at wants a time such as '2026-11-24 14:06', --within minutes")
    if asked.customer is not None and not timedelta() <= within <= MOST_WITHIN:
        made.error(f"--within can be {MOST_WITHIN // timedelta(minutes=1)} minutes at most")
    try:
        given = settings(asked.settings)
        logs = [Log(one["host"], one["path"]) for one in given["logs"]]
        content = _content(asked.message) if asked.message else b""
    except (OSError, ValueError, KeyError, TypeError) as error:
        return _stop(f"mailwright-trace: {error}", USAGE)
    try:
        if asked.index:
            print(_update(given, logs))
            return FOUND
        return _ask(asked, given, logs, content, at, within)
    except PermissionError as error:
        if asked.index:
            return _stop(f"mailwright-trace: {error.filename}: only root brings the index up to date", NOT_FOUND)
        group = given.get("readers", "a group")
        return _stop(
            f"mailwright-trace: {error.filename}: only root and members of {group} may read the mail log", NOT_FOUND
        )
    except (OSError, ValueError, sqlite3.Error) as error:
        return _stop(f"mailwright-trace: {error}", NOT_FOUND)


def forced(made: argparse.ArgumentParser, fixed: argparse.Namespace, said: str) -> argparse.Namespace:
    """The question of whoever came in with a key, for the customer of that key. ``said``: what they gave to ssh,
    which no shell has seen. Ends the program where it is no question."""
    if fixed.customer is None or fixed.index or fixed.message or fixed.what or fixed.at or fixed.to:
        made.error("--forced wants --customer, and no question beside it")
    limited = question()
    try:
        words = shlex.split(said)
    except ValueError:
        limited.error("a quotation mark is missing")
    if words and words[0].rpartition("/")[2] == limited.prog:
        del words[0]
    asked = limited.parse_args(words)
    if asked.message not in (None, "-"):
        limited.error("the message is read from standard input: --message -")
    asked.customer, asked.settings, asked.index = fixed.customer, fixed.settings, False
    return asked


def settings(path: str) -> dict[str, Any]:
    """What the build says of the logs here and of the hosts' addresses. Raises OSError, ValueError."""
    found = json.loads(Path(path).read_text(encoding="utf-8"))
    if (
        not isinstance(found, dict)
        or not isinstance(found.get("logs"), list)
        or not isinstance(found.get("hosts"), dict)
    ):
        raise ValueError(f"{path} does not describe logs")
    return found


def _ask(
    asked: argparse.Namespace,
    given: dict[str, Any],
    logs: list[Log],
    content: bytes,
    at: datetime | None,
    within: timedelta,
) -> int:
    words = _words(asked)
    note(f"{who()} asks for {words}")
    count, certain = "an error", False
    try:
        whose = customers.read(given.get("customers", customers.PLACE)) if asked.customer is not None else None
        found = Lookup(given["index"], logs)
        if found.behind > BEHIND and os.geteuid() == 0:
            print(_update(given, logs), file=sys.stderr)
            found = Lookup(given["index"], logs)
        trail = Trail(found, given["hosts"])
        if whose is None:
            made = _answer(trail, asked, content, at, within)
            sys.stdout.write((show.as_json if asked.json else show.text)(made, trail, asked.lines))
        else:
            view = _view(trail, whose, asked.customer)
            made = _answer(view, asked, content, at, within)
            sys.stdout.write((view_show.as_json if asked.json else view_show.text)(made, view, asked.lines))
        sys.stdout.flush()
        count, certain = f"{len(made.found)} found", made.certain
    finally:
        note(f"{who()} asked for {words}: {count}")
    return FOUND if certain else NOT_FOUND


def _answer(
    trail: answer.Asked, asked: argparse.Namespace, content: bytes, at: datetime | None, within: timedelta
) -> answer.Answer:
    if asked.message:
        return answer.by_message(trail, content, asked.to or "")
    if at is not None:
        return answer.by_recipient(trail, asked.to, at, within)
    if "@" in asked.what or asked.what.lstrip().startswith("<"):
        return answer.by_message_id(trail, asked.what)
    return answer.by_queue_id(trail, asked.what)


def _view(trail: Trail, known: customers.Customers, name: str) -> View:
    """Raises ValueError for a customer that is not here, or whose time is over."""
    now = datetime.now().astimezone()
    customer = known.by_id.get(name)
    if customer is None:
        raise ValueError(f"there is no customer {name} on these hosts")
    if not customer.sees(now.date()):
        raise ValueError(f"the customer {name} has left, and its view of the logs ended on {customer.logs_until}")
    return View(trail, customer, known, now - timedelta(days=customer.days))


def _words(asked: argparse.Namespace) -> str:
    if asked.customer is not None:
        return f"{_asked(asked)}, as the customer {asked.customer}"
    return _asked(asked)


def _asked(asked: argparse.Namespace) -> str:
    if asked.message:
        return "a whole message" + (f" to {asked.to}" if asked.to else "")
    if asked.at:
        return f"mail to {asked.to} at {asked.at}, within {asked.within:g} minutes"
    return str(asked.what)


def _update(given: dict[str, Any], logs: list[Log]) -> str:
    """As root: the index is for the readers, and in a folder that they cannot write."""
    place = given["index"]
    folder = Path(place).parent
    if not folder.is_dir():
        folder.mkdir(0o750)
        os.chown(folder, os.geteuid(), grp.getgrnam(given["readers"]).gr_gid)
    made = index.update(place, logs)
    anew = ", the index was damaged and made anew" if made.rebuilt else ""
    return f"{made.read} octets of {made.files} files indexed, {made.forgotten} files forgotten{anew}"


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        found = parsedate_to_datetime(text)
    return found.astimezone()


def _content(path: str) -> bytes:
    if path == "-":
        return sys.stdin.buffer.read(answer.MOST_HEADER)
    with Path(path).open("rb") as file:
        return file.read(answer.MOST_HEADER)


def who() -> str:
    """Who it is that asks: the login of the session, which nobody can change, and the user it runs as."""
    parts = [f"user {_name(os.getuid())}"]
    try:
        session = int(Path("/proc/self/loginuid").read_text(encoding="ascii"))
        if session != 0xFFFFFFFF:
            parts.append(f"login {_name(session)}")
    except (OSError, ValueError):
        pass
    if os.getuid() == 0 and os.environ.get("SUDO_USER"):
        parts.append(f"sudo by {os.environ['SUDO_USER']}")
    return ", ".join(parts)


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)


def note(text: str) -> None:
    """Write to the system's log (authpriv, notice). Raises OSError: without a record nothing is answered."""
    line = f"<85>mailwright-trace[{os.getpid()}]: {show.visible(text)[:1000]}".encode()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as log:
        try:
            log.connect(SYSLOG)
            log.sendall(line)
        except OSError as error:
            raise OSError(f"the system's log cannot be written to ({error}), and nobody reads unseen") from error


def _stop(text: str, status: int) -> int:
    print(show.visible(text), file=sys.stderr)
    return status
