"""mailwright-customers: what is asked, and what is printed."""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import mailwright_customers
from mailwright_customers import assemble, compare, fragment, host
from mailwright_customers.fragment import Facts, FragmentError
from mailwright_customers.host import CustomersError, Places, Settings
from mailwright_customers.index import Entry, read_index

Ask = Callable[[list[str]], tuple[int, str]]


def parser() -> argparse.ArgumentParser:
    plain = argparse.RawDescriptionHelpFormatter
    made = argparse.ArgumentParser(
        prog="mailwright-customers", description=mailwright_customers.__doc__, formatter_class=plain
    )
    acts = made.add_subparsers(dest="act", required=True, metavar="COMMAND")
    act = acts.add_parser("assemble", help="judge fragments, and stage what differs from the host's files")
    act.add_argument("--fragments", type=Path, required=True, help="folder with <id>.tables as they shall be")
    act.add_argument("--out", type=Path, required=True, help="folder for what differs; an empty one")
    act.add_argument("--all", action="store_true", help="make all of it again, not only what changed")
    act = acts.add_parser(
        "compare", help="what is here otherwise than it was applied and assembled, and whose it is"
    )
    act.add_argument("--json", action="store_true", help="print JSON")
    act = acts.add_parser("check", help="ask Postfix and Dovecot about addresses of some customers")
    act.add_argument("--sample", type=int, default=5, help="how many customers (5)")
    act = acts.add_parser("list", help="who is served here")
    act.add_argument("--json", action="store_true", help="print JSON")
    return made


def main(argv: list[str] | None = None, root: str = "/") -> int:
    asked, places = parser().parse_args(argv), Places(Path(root))
    try:
        settings = host.read_settings(places)
        if asked.act == "assemble":
            return _assemble(places, settings, asked)
        if asked.act == "compare":
            return _compare(places, settings, asked)
        return _check(places, settings, asked) if asked.act == "check" else _list(places, settings, asked)
    except (CustomersError, OSError, ValueError, KeyError, TypeError) as error:
        named = "" if isinstance(error, CustomersError) else f"{type(error).__name__}: "
        print(f"mailwright-customers: {named}{error}", file=sys.stderr)
        return 1


def _assemble(places: Places, settings: Settings, asked: argparse.Namespace) -> int:
    os.umask(0o077)
    outcome = assemble.assemble(places, settings, asked.fragments, asked.out, date.today(), asked.all)
    print(json.dumps({"written": outcome.written, "removed": outcome.removed, "broken": outcome.broken}))
    return 0


def _compare(places: Places, settings: Settings, asked: argparse.Namespace) -> int:
    told = list(compare.compare(places, settings, date.today()))
    if asked.json:
        rows = [vars(one) for one in told[:_TOLD]]
        print(json.dumps({"told": rows, "more": max(0, len(told) - _TOLD)}))
    else:
        for one in told:
            print(one.words)
    return 1 if told else 0


_TOLD = 500
"""What differs that is said as JSON; the rest is counted."""


def _list(places: Places, settings: Settings, asked: argparse.Namespace) -> int:
    entries = sorted(read_index(places, settings).entries.items())
    knows = settings.mailer or bool(settings.dovecot)  # a host that keeps logs alone has nobody's address
    if asked.json:
        rows = {
            name: {
                "realm": entry.realm,
                "state": entry.state,
                "domains": entry.domains,
                "addresses": entry.addresses if knows else None,
                "leaving": entry.leaving,
            }
            for name, entry in entries
        }
        print(json.dumps({"customers": rows}, indent=2))
        return 0
    width = max((len(name) for name, _ in entries), default=0)
    for name, entry in entries:
        count = f"{entry.addresses:6} addresses  " if knows else ""
        print(f"{name:{width}}  {entry.state:7}  {count}{' '.join(entry.domains)}")
    return 0


def ask(argv: list[str]) -> tuple[int, str]:
    """What a command ends with, and prints; 127 where it is not there."""
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            errors="replace",
            timeout=60,
        )
    except FileNotFoundError:
        return 127, ""
    except subprocess.TimeoutExpired:
        return 124, ""
    return done.returncode, done.stdout.strip()


@dataclass(frozen=True)
class Said:
    """``fault``: the tables answer otherwise than they should; else it is worth knowing, and no more."""

    words: str
    fault: bool


def _check(places: Places, settings: Settings, asked: argparse.Namespace) -> int:
    found = list(check(places, settings, asked.sample, ask))
    for one in found:
        print(f"mailwright-customers: {'' if one.fault else 'warning: '}{one.words}", file=sys.stderr)
    if any(one.fault for one in found):
        return 1
    print("the tables answer as they should")
    return 0


def check(places: Places, settings: Settings, sample: int, asks: Ask) -> Iterator[Said]:
    """What Postfix and Dovecot say otherwise than the fragments of a few customers, those that changed last.

    Only who has been assembled as the fragment says is asked about: of one that was refused, its customer is told,
    and it is no reason to take back what the others got. Nor is a service asked whose configuration is one of
    before there were customers.
    """
    ways = [way for way in _WAYS if way.here(settings) and way.reads(asks)]
    entries, left = read_index(places, settings).entries, max(0, sample)
    for path in _latest(places):
        if left == 0:
            return
        facts = _facts(path, entries.get(path.stem), settings)
        if isinstance(facts, Said):
            yield facts
            continue
        left -= 1
        if facts.dkim and settings.mailer and not places.at(f"{host.KEYS}/{facts.id}.key").exists():
            yield Said(f"{facts.id} has no DKIM key on this host, so what it sends is not signed", False)
        for address, login in list(facts.mailboxes.items())[:1]:
            for way in ways:
                argv, wanted = way.question(settings, facts.realm, address, login)
                status, said = asks(argv)
                if (status, said) != (0, wanted):
                    yield Said(f"{way.name} says {said or 'nothing'} of {address}, and not {wanted}", True)


def _latest(places: Places) -> list[Path]:
    """Fragments on the host, those that changed last first."""
    found = []
    for path in places.at(host.FRAGMENTS).glob(f"*{assemble.ENDING}"):
        with contextlib.suppress(OSError):
            if fragment.ID.fullmatch(path.stem) and path.is_file():
                found.append((-path.stat().st_mtime_ns, path.name, path))
    return [path for _, _, path in sorted(found)]


def _facts(path: Path, entry: Entry | None, settings: Settings) -> Facts | Said:
    try:
        raw = path.read_bytes()
        if entry is None or entry.sha256 != hashlib.sha256(raw).hexdigest():
            return Said(f"{path.stem} is not served as its fragment here says, which was refused", False)
        return fragment.parse(path.stem, raw, settings.own, date.today())
    except OSError as error:
        return Said(f"the fragment of {path.stem} cannot be read: {error.strerror}", False)
    except FragmentError as error:
        return Said(f"the fragment of {path.stem} is refused by now: {error}", False)


@dataclass(frozen=True)
class Way:
    """A service that is asked.

    here      whether it is on this host
    shown     prints its configuration, in which ``folder`` stands when it reads customers' files
    question  argv, and what has to be answered
    """

    name: str
    here: Callable[[Settings], bool]
    shown: list[str]
    folder: str
    question: Callable[[Settings, str, str, str], tuple[list[str], str]]

    def reads(self, asks: Ask) -> bool:
        """True as well where it does not show its configuration: then it is asked, and that is a fault."""
        status, said = asks(self.shown)
        return status != 0 or f"{self.folder}/" in said


def _in_postfix(_settings: Settings, _realm: str, address: str, login: str) -> tuple[list[str], str]:
    return ["postmap", "-q", address, f"cdb:{host.POSTFIX}/mailboxes"], login


def _in_dovecot(settings: Settings, realm: str, address: str, login: str) -> tuple[list[str], str]:
    home = f"{settings.mail}/{realm}/{login.partition('@')[0]}"
    return ["doveadm", "user", "-f", "home", address], home


_WAYS = (
    Way("Postfix", lambda settings: settings.mailer, ["postconf", "-n"], host.POSTFIX, _in_postfix),
    Way("Dovecot", lambda settings: settings.store, ["doveconf", "-n"], host.DOVECOT, _in_dovecot),
)
