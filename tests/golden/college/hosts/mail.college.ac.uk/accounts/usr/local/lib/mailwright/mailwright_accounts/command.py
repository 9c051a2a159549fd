"""mailwright-account: what is asked, and what is printed."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from typing import Any

from mailwright_accounts import passwords, people, removed, suspended
from mailwright_accounts.host import (
    AccountError,
    Places,
    Settings,
    ask,
    locked,
    note,
    read_settings,
    safe_folder,
    who,
)
from mailwright_accounts.signins import last_sign_in

_ABOUT = """\
Accounts of this mail host. Who exists, their addresses and their quota are said in the site's description and
come with an apply; this command does what is this host's own: passwords, suspension, mail of those who have left.

  mailwright-account list                          everybody, and what is the matter with them
  mailwright-account show km217                    one: state, store, quota and use, last sign-in
  mailwright-account create km217 --random         the first password of somebody who is described and has none
  mailwright-account password km217                a new password, typed twice; --stdin or --random do without
  mailwright-account suspend km217 --reason "phished"
  mailwright-account resume km217
  mailwright-account quota km217                   what it is, and where it is said
  mailwright-account remove km217                  what becomes of somebody's mail, and when
  mailwright-account removed                       who has left, and until when their mail is kept
"""
_ENDS = """\
Ends with 0 when it is done, 1 when it was not (the words say why), 2 for a mistake in the command, 3 for a login
that is not described, 4 when more would be deleted than is usual, 75 when what has to be asked does not answer.
Each act is a line of the log (journalctl SYSLOG_FACILITY=10 -t mailwright-account), with who did it and never with
a password.
"""
_SUSPEND = """\
At once the login can neither sign in nor send: Dovecot refuses it, what it has open is ended, and Postfix refuses
a further message of a session that is still open. Mail for it is taken in and kept. What it has handed in before is
in the queue and goes on, unless --hold says otherwise (postsuper -H lets it go). On a site with several hosts say
it on each that is named, or once for all: ansible-playbook accounts.yml -e act=suspend -e login=km217 -e reason=...
"""


def parser() -> argparse.ArgumentParser:
    plain = argparse.RawDescriptionHelpFormatter
    top = argparse.ArgumentParser(
        prog="mailwright-account", description=_ABOUT, epilog=_ENDS, formatter_class=plain
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print JSON")
    acts = top.add_subparsers(dest="act", required=True, metavar="COMMAND")

    def act(name: str, help_: str, more: str = "", login: bool = True) -> argparse.ArgumentParser:
        made = acts.add_parser(name, help=help_, description=more or help_, parents=[common], formatter_class=plain)
        if login:
            made.add_argument("login", help="the login, or its published address")
        return made

    made = act("list", "everybody who is described, and what is the matter with them", login=False)
    made.add_argument("--realm", default="", help="logins of a customer of shared hosts, by its primary domain")
    act("show", "one login: state, store, quota and use, last sign-in")
    for name, help_ in (
        ("create", "give the first password to somebody who is described and has none"),
        ("password", "give somebody a new password, and end what they have open"),
    ):
        made = act(name, help_)
        way = made.add_mutually_exclusive_group()
        way.add_argument(
            "--stdin", action="store_true", help="read the password from the first line of standard input"
        )
        way.add_argument("--random", action="store_true", help="make one up and show it once")
    made = act("suspend", "stop a login from signing in and sending; its mail is kept", _SUSPEND)
    made.add_argument("--reason", required=True, help="for whoever wonders later; stands in the log")
    made.add_argument("--hold", action="store_true", help="put on hold what the login has in the queue")
    act("resume", "let a suspended login in again")
    act("quota", "what a login's quota is, how much is used, and where it is said")
    made = act("remove", "what becomes of a login's mail; with --now delete it before the grace is over")
    made.add_argument("--now", action="store_true", help="delete the mail of a login that is described no more")
    made.add_argument("--yes", action="store_true", help="it is meant; nothing brings it back")
    act("removed", "who is described no more, and until when their mail is kept", login=False)
    made = act("sweep", "note who has left, delete what is over (a timer does it each night)", login=False)
    made.add_argument("--yes", action="store_true", help="also when it is much")
    act("ready", "make the lists that are not there yet (an apply does)", login=False)
    return top


def main(argv: list[str] | None = None) -> int:
    asked = parser().parse_args(argv)
    try:
        if os.geteuid() != 0:
            raise AccountError("only root may do that: use sudo", 1)
        settings = read_settings()
        answer = _ACTS[asked.act](settings, Places(), asked)
    except AccountError as error:
        print(f"mailwright-account: {error}", file=sys.stderr)
        return error.status
    except (OSError, ValueError, KeyError, TypeError) as error:
        print(f"mailwright-account: {type(error).__name__}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    say = answer.pop("say", None)
    if asked.json:
        print(json.dumps(answer, indent=2, default=str))
    else:
        print("\n".join(_said(answer) if say is None else say))
    return 0


Answer = dict[str, Any]


def _said(answer: Answer) -> list[str]:
    width = max(map(len, answer), default=0)
    return [
        f"{name.replace('_', ' '):{width}}  {value}" for name, value in answer.items() if value not in ("", None)
    ]


def _state(settings: Settings, places: Places, person: people.Person, out: dict[str, suspended.Suspension]) -> str:
    if person.login in out:
        return "suspended"
    if person.password_is_here(settings) and not people.has_password(places, person.login):
        return "no password"
    return "active"


def _list(settings: Settings, places: Places, asked: argparse.Namespace) -> Answer:
    realm = asked.realm.lower()
    out = {login: said for login, said in suspended.known(places).items() if login.partition("@")[2] == realm}
    everybody = people.of_customer(settings, places, realm) if realm else people.described(settings, places)
    rows = [
        {"login": person.login, "state": _state(settings, places, person, out), "store": person.keeper or "-"}
        for person in everybody.values()
    ]
    rows += [{"login": login, "state": "suspended", "store": "?"} for login in sorted(set(out) - set(everybody))]
    gone = removed.look(settings, places, date.today()) if settings.store and not realm else []
    rows += [
        {"login": one.login, "state": f"left, mail kept until {one.until}", "store": settings.host} for one in gone
    ]
    width = max((len(row["login"]) for row in rows), default=0)
    say = [f"{row['login']:{width}}  {row['state']:12}  {row['store']}" for row in rows]
    if settings.people == "directory":
        say.append(
            "People are in the directory and are not listed here; those alone who are suspended or have left."
        )
    return {"accounts": rows, "say": say}


def _show(settings: Settings, places: Places, asked: argparse.Namespace) -> Answer:
    login = people.named(places, asked.login)
    person = people.find(settings, places, login)
    if person is None:
        for one in removed.look(settings, places, date.today()) if settings.store else []:
            if one.login == login:
                return {"login": login, "state": "left", "since": one.since, "mail_kept_until": one.until}
    person = people.need(settings, places, login)
    out = suspended.known(places)
    answer: Answer = {"login": login, "state": _state(settings, places, person, out)}
    if login in out:
        answer |= {f"suspended_{name}": value for name, value in asdict(out[login]).items()}
    answer["store"] = person.keeper or "none: an automatic sender"
    answer["password"] = _where(settings, person)
    if person.keeper == settings.host:
        answer |= _quota_of(login)
        answer["last_sign_in"] = last_sign_in(login) or "not in the log that is kept"
    elif person.keeper not in ("", "?"):
        answer["more"] = f"quota, use and last sign-in are known on {person.keeper}"
    return answer


def _where(settings: Settings, person: people.Person) -> str:
    if person.password_is_here(settings):
        return "on this host"
    return "in the directory" if settings.passwords == "directory" else f"on {person.keeper or 'submission hosts'}"


def _quota_of(login: str) -> Answer:
    quota = people.quotas([login]).get(login)
    if quota is None:
        return {"quota": "not known"}
    return {
        "quota": _amount(quota.limit) if quota.limit else "none",
        "used": _amount(quota.used) + (f" ({quota.part:.0%})" if quota.limit else ""),
        "quota_octets": quota.limit,
        "used_octets": quota.used,
    }


def _amount(octets: int) -> str:
    """For people: ``123.4 MiB``."""
    return f"{octets / 2**30:.2f} GiB" if octets >= 2**30 else f"{octets / 2**20:.1f} MiB"


def _quota(settings: Settings, places: Places, asked: argparse.Namespace) -> Answer:
    login = people.named(places, asked.login)
    person = people.need(settings, places, login)
    where = (
        "the directory says it"
        if settings.people == "directory"
        else "the description says it (store.quota, or quota of people.csv for one); build and apply"
    )
    if person.keeper != settings.host:
        return {"login": login, "said": where, "more": f"how much is used is known on {person.keeper or 'no host'}"}
    return {
        "login": login,
        **_quota_of(login),
        "said": f"{where}. There is no quota for a time: what is said holds",
    }


def _password(settings: Settings, places: Places, asked: argparse.Namespace) -> Answer:
    login = people.named(places, asked.login)
    person = people.need(settings, places, login)
    if not person.password_is_here(settings):
        place = (
            "in the directory: set it there"
            if settings.passwords == "directory"
            else f"kept on {person.keeper}: say it there"
        )
        raise AccountError(f"the password of {login} is {place}")
    has = people.has_password(places, login)
    if asked.act == "create" and has:
        raise AccountError(f"{login} has a password already: mailwright-account password {login} gives a new one")
    if asked.act == "password" and not has:
        raise AccountError(f"{login} has no password yet: mailwright-account create {login} gives the first one")
    new = passwords.made_up() if asked.random else _read_password(asked.stdin, lambda: sys.stdin.readline())
    if fault := passwords.fault(new, login.partition("@")[0], "", settings.length):
        raise AccountError(f"that is no good password: {fault}")
    made = passwords.hashed(new)
    by = who()
    with locked(places):
        passwords.put(places, login, made)
    note("first password" if asked.act == "create" else "new password", login, by)
    if asked.act == "password":
        suspended.end_sessions(login, len(settings.stores) > 1)
    others = [host for host in settings.submissions if host != settings.host] if not person.keeper else []
    say = [f"{login} has a {'first' if asked.act == 'create' else 'new'} password."]
    if asked.random:
        say.append(f"It is shown this once: {new}")
    if others:
        say.append(
            f"An automatic sender's password is on each host that takes submissions: {', '.join(others)} too."
        )
    return {"login": login, **({"password": new} if asked.random else {}), "also_on": others, "say": say}


def _read_password(from_stdin: bool, line: Callable[[], str]) -> str:
    if from_stdin:
        return line().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise AccountError(
            "standard input is no terminal: say --stdin to read the password from it, or --random", 2
        )
    new = getpass.getpass("New password: ")
    if getpass.getpass("Once more: ") != new:
        raise AccountError("the two are not the same")
    return new


def _elsewhere(settings: Settings) -> list[str]:
    """Other hosts on which a suspension has to be said too."""
    return sorted({*settings.submissions, *settings.stores} - {settings.host})


def _suspend(settings: Settings, places: Places, asked: argparse.Namespace) -> Answer:
    login = people.named(places, asked.login)
    people.need(settings, places, login)
    reason, by = " ".join(asked.reason.split()), who()
    if not reason:
        raise AccountError("say why: --reason", 2)
    with locked(places):
        new = suspended.add(places, login, reason, by)
        if not new:  # the two lists are made the same again in any case
            suspended.save(places, suspended.known(places))
    if new:
        note("suspended", login, by, f" reason={reason}")
    suspended.end_sessions(login, len(settings.stores) > 1)
    waiting = suspended.queued(suspended.addresses_of(places, login)) if settings.submission else []
    if waiting and asked.hold:
        ask(["postsuper", "-h", "-"], "".join(f"{one}\n" for one in waiting))
    others = _elsewhere(settings)
    say = [f"{login} is suspended{'' if new else ' already'}: it can neither sign in nor send. Its mail is kept."]
    if waiting:
        what = "are on hold (postsuper -H lets one go)" if asked.hold else "go on; --hold would stop them"
        say.append(f"{len(waiting)} messages with its addresses are in the queue here and {what}.")
    if settings.passwords == "directory":
        say.append("The directory knows nothing of it: other services let the login in still.")
    if others:
        say.append(f"Say it on {', '.join(others)} too, or once for all: ansible-playbook accounts.yml")
    return {"login": login, "state": "suspended", "new": new, "queued": waiting, "also_on": others, "say": say}


def _resume(settings: Settings, places: Places, asked: argparse.Namespace) -> Answer:
    login = people.named(places, asked.login)
    by = who()
    with locked(places):
        was = suspended.take(places, login)
        if not was:
            suspended.save(places, suspended.known(places))
    if was:
        note("resumed", login, by)
        ask(["doveadm", "auth", "cache", "flush", login])
    others = _elsewhere(settings)
    say = [f"{login} may sign in and send again." if was else f"{login} was not suspended here."]
    if others:
        say.append(f"Say it on {', '.join(others)} too, or once for all: ansible-playbook accounts.yml")
    return {"login": login, "resumed": was, "also_on": others, "say": say}


def _remove(settings: Settings, places: Places, asked: argparse.Namespace) -> Answer:
    login = people.named(places, asked.login)
    person = people.find(settings, places, login)
    if person is not None:
        where = (
            "the directory"
            if settings.people == "directory"
            else "people.csv, and out of roles and lists; build and apply"
        )
        raise AccountError(
            f"{login} is described. To remove it, take it out of {where}. From then on it cannot sign in and its "
            f"addresses are refused; its mail is kept for {settings.grace} days and is there if it comes back. "
            f"To stop it at once: mailwright-account suspend {login}"
        )
    if "@" in login and safe_folder(places.folder_of(login)):  # somebody whom a customer has described no more
        if not asked.now:
            say = [f"{login} has left. Its mail is kept as long as its customer is here; --now deletes it."]
            return {"login": login, "say": say}
    elif (gone := _left(settings, places, login)) is None:
        raise AccountError(f"there is no mail of {login} here", 3)
    elif not asked.now:
        say = [
            f"{login} has left. Its mail is kept until {gone.until}, and is there again if the login comes back."
        ]
        return {**gone.row(), "say": say}
    if not asked.yes:
        raise AccountError(f"the mail of {login} would be deleted, and nothing brings it back: say --yes too", 2)
    with locked(places):
        removed.purge(places, login, who())
    return {"login": login, "purged": True, "say": [f"Mail and password of {login} are deleted."]}


def _left(settings: Settings, places: Places, login: str) -> removed.Gone | None:
    return next((one for one in removed.look(settings, places, date.today()) if one.login == login), None)


def _removed(settings: Settings, places: Places, _asked: argparse.Namespace) -> Answer:
    gone = removed.look(settings, places, date.today()) if settings.store else []
    say = [f"{one.login}  left by {one.since}, mail kept until {one.until}" for one in gone]
    return {"removed": [one.row() for one in gone], "say": say or ["Nobody's mail is left over here."]}


def _sweep(settings: Settings, places: Places, asked: argparse.Namespace) -> Answer:
    with locked(places):
        over = removed.let_go(places, date.today())
        gone, purged = removed.sweep(settings, places, date.today(), 1.0 if asked.yes else removed.MOST_AT_ONCE)
    say = [f"{len(gone)} logins have left and have mail here; of {len(purged)} it was deleted."]
    say += [f"All mail of {realm} was deleted: the customer is over." for realm in over]
    return {"removed": [one.row() for one in gone], "purged": purged, "customers": over, "say": say}


def _ready(_settings: Settings, places: Places, _asked: argparse.Namespace) -> Answer:
    with locked(places):
        if not places.suspended.exists() or (places.mailer.parent.is_dir() and not places.mailer.exists()):
            suspended.save(places, suspended.known(places))
    return {"say": ["The lists of suspended logins are there."]}


_ACTS: dict[str, Callable[[Settings, Places, argparse.Namespace], Answer]] = {
    "list": _list,
    "show": _show,
    "create": _password,
    "password": _password,
    "suspend": _suspend,
    "resume": _resume,
    "quota": _quota,
    "remove": _remove,
    "removed": _removed,
    "sweep": _sweep,
    "ready": _ready,
}
