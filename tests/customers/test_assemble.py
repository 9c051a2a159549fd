"""The assembler of shared hosts: what it refuses of a fragment, who keeps a domain, and what is made anew."""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from mailwright import resources
from support.assembling import TODAY, Host, assemble, fragment, host, module, text
from support.shared_host import HOST, fragments
from support.tools import need


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Host:
    need("cdb")
    monkeypatch.setattr(assemble.os, "geteuid", lambda: 1000)
    return Host(tmp_path)


# ---- what is made


def test_a_customer_is_in_every_table_and_list(shared: Host) -> None:
    assert shared.apply(college=text("college")).broken == {}
    assert shared.table("domains") == {"college.ac.uk": "college"}
    assert shared.table("mailboxes")["ada.byron@college.ac.uk"] == "ada@college.ac.uk"
    assert shared.table("aliases") == {"postmaster@college.ac.uk": "ada.byron@college.ac.uk, team@hosting.example"}
    assert shared.table("senders")["postmaster@college.ac.uk"] == "ada@college.ac.uk, bob@college.ac.uk"
    seen = shared.table("filter")
    assert seen["@college.ac.uk"] == seen["!forms@college.ac.uk"] == "college"
    assert seen["*college.ac.uk"] == "s1 /etc/rspamd/customers/college.key"
    assert seen["postmaster@college.ac.uk"] == "ada@college.ac.uk,bob@college.ac.uk"
    assert seen["bob.o'neil@college.ac.uk"] == "-"
    people = shared.people("college.ac.uk")
    assert "ada@college.ac.uk:::::::noauthenticate=y" in people
    assert "forms@college.ac.uk:::::::noauthenticate=y nologin=y" in people
    assert "ada.byron@college.ac.uk:::::::user=ada@college.ac.uk noauthenticate=y" in people
    home = ":::::/var/vmail/college.ac.uk/ada::userdb_quota_storage_size=1000000B"
    assert f"at/ada@college.ac.uk{home}" in people
    assert f"to/ada.byron@college.ac.uk{home} userdb_user=ada@college.ac.uk" in people
    assert any(line.startswith("bob.o\\'neil@") for line in people)
    assert str(shared.at("/etc/dovecot/customers/college.ac.uk.passwords").readlink()) == "college.passwords"


def test_what_the_generator_writes_is_taken(shared: Host) -> None:
    for name, said in fragments().items():
        shared.put(**{name: said})
    done = shared.apply()
    assert done.broken == {}
    assert set(shared.table("domains")) >= {"hill.sch.uk", "valley.ac.uk", "music.valley.ac.uk"}


def test_only_what_changed_is_made(shared: Host) -> None:
    shared.apply(college=text("college"), school=text("school"))
    assert shared.stage() == assemble.Outcome()
    done = shared.apply(school=text("school", "alias head@school.ac.uk bob.o'neil@school.ac.uk"))
    made = {path for path in done.written if path.endswith(".cdb")}
    assert made == {"/etc/postfix/customers/aliases.cdb", "/var/lib/mailwright-customers/filter.cdb"}
    assert not any("/dovecot/" in path for path in done.written)
    assert set(shared.table("aliases")) == {
        "postmaster@college.ac.uk",
        "postmaster@school.ac.uk",
        "head@school.ac.uk",
    }
    assert shared.stage() == assemble.Outcome()


def test_the_same_tables_whatever_the_way_there(shared: Host, tmp_path: Path) -> None:
    shared.apply(college=text("college", "alias x@college.ac.uk ada.byron@college.ac.uk"), trust=text("trust"))
    shared.apply(school=text("school"), trust=None)
    shared.apply(college=text("college"))
    other = Host(tmp_path / "other")
    other.apply(college=text("college"), school=text("school"))
    for name in ("domains", "mailboxes", "aliases", "senders", "filter"):
        assert shared.table(name) == other.table(name)
    assert shared.at(host.VIEW).read_text() == other.at(host.VIEW).read_text()


def test_a_table_that_somebody_took_away_is_made_again(shared: Host) -> None:
    shared.apply(college=text("college"))
    shared.at(f"{host.POSTFIX}/aliases.cdb").unlink()
    assert "/etc/postfix/customers/aliases.cdb" in shared.apply().written
    for path in shared.at(host.TABLES).iterdir():
        path.unlink()
    shared.apply()
    assert "postmaster@college.ac.uk" in shared.table("aliases")


def test_nothing_is_put_in_place_by_the_assembler_itself(shared: Host) -> None:
    shared.put(college=text("college"))
    assert shared.stage().written
    assert list(shared.root.rglob("*")) == []


def test_a_host_that_keeps_no_mail_has_the_mailer_s_tables_alone(tmp_path: Path, shared: Host) -> None:
    mx = Host(tmp_path / "mx", store=False, dovecot="")
    done = mx.apply(college=text("college"))
    assert not any("/dovecot/" in path or path == host.REALMS for path in done.written)
    assert mx.table("domains") == {"college.ac.uk": "college"}


# ---- the walls

HOSTILE = {
    "another's address": "mailbox mary@school.ac.uk ada@college.ac.uk",
    "another's alias": "alias postmaster@school.ac.uk ada.byron@college.ac.uk",
    "the platform's alias": "alias postmaster@hosting.example ada.byron@college.ac.uk",
    "a whole domain": "alias @college.ac.uk ada.byron@college.ac.uk",
    "another's sender": "sender head@school.ac.uk ada@college.ac.uk",
    "another's login as a sender": "sender ada.byron@college.ac.uk mary@school.ac.uk",
    "a plain login as a sender": "sender ada.byron@college.ac.uk aowen",
    "another's login with a mailbox": "mailbox x@college.ac.uk mary@school.ac.uk",
    "another's realm": "login mary@school.ac.uk 1000",
    "a login without a realm": "login root 1000",
    "a way out of the folder": "login ../../etc@college.ac.uk 1000",
    "dots": "login ..@college.ac.uk 1000",
    "a pipe": "alias x@college.ac.uk |/bin/sh",
    "a pipe in quotes": 'alias x@college.ac.uk "|/bin/sh"@college.ac.uk',
    "a file": "alias x@college.ac.uk /etc/passwd",
    "an include": "alias x@college.ac.uk :include:/etc/shadow",
    "a variable": "alias x@college.ac.uk ${home}@college.ac.uk",
    "a percent": "alias x@college.ac.uk a%b@school.ac.uk",
    "a route": "alias x@college.ac.uk a!b@school.ac.uk",
    "its own login": "alias x@college.ac.uk ada@college.ac.uk",
    "nobody of its own": "alias x@college.ac.uk nobody@college.ac.uk",
    "an internal form of another": "internal head@school.ac.uk ada.byron@college.ac.uk",
    "an internal form that becomes another": "internal x@college.ac.uk head@school.ac.uk",
    "no quota": "login eve@college.ac.uk 0",
    "a quota that ends the field": "login eve@college.ac.uk 1:x",
    "the platform's domain": "domain hosting.example",
    "the platform's host": "domain mail.hosting.example",
    "a name of the mailer's own": "domain login.invalid",
    "no domain": "domain uk",
    "a path": "domain ../x.ac.uk",
    "an address of digits": "domain 198.51.100.25",
    "a second realm": "realm school.ac.uk",
    "a second state": "state over",
    "an unknown kind": "transport college.ac.uk smtp:[x]",
    "a field too many": "domain x.ac.uk y",
    "two blanks": "domain  x.ac.uk",
    "a tab": "domain\tx.ac.uk",
    "a carriage return": "domain x.ac.uk\r",
    "a NUL": "domain x.ac.uk\0",
    "not ASCII": "domain xé.ac.uk",
    "another's key": "dkim ../school",
    "twice": "mailbox ada.byron@college.ac.uk bob@college.ac.uk",
    "a line of another state": "name ada.byron@college.ac.uk ada@college.ac.uk",
    "a day that is none": "leaving 2027-02-30 2027-03-01 2027-04-01",
    "days the wrong way": "leaving 2027-05-01 2027-03-01 2027-04-01",
}


@pytest.mark.parametrize("line", HOSTILE.values(), ids=HOSTILE)
def test_a_line_that_is_not_the_customer_s_to_say_refuses_the_fragment(line: str) -> None:
    good = text("college").encode()
    fragment.parse("college", good, frozenset({"hosting.example", HOST}), TODAY)
    with pytest.raises(fragment.FragmentError):
        fragment.parse("college", f"{good.decode()}{line}\n".encode(), frozenset({"hosting.example", HOST}), TODAY)


@pytest.mark.parametrize(
    "said",
    [
        "",
        "\n",
        text("school"),
        text("college")[:-1],
        text("college", without="format"),
        text("college", without="days"),
        text("college", without="domain"),
        text("college").replace("format 1", "format 2"),
        text("college").replace("state active", "state closed"),
        text("college").replace("realm college.ac.uk", "realm other.ac.uk"),
    ],
)
def test_what_is_no_whole_fragment_of_this_customer_is_refused(said: str) -> None:
    with pytest.raises(fragment.FragmentError):
        fragment.parse("college", said.encode(), frozenset(), TODAY)


def test_a_refused_customer_keeps_what_it_had_and_the_others_get_theirs(shared: Host) -> None:
    shared.apply(college=text("college"), school=text("school"))
    done = shared.apply(
        college=text("college", "alias x@school.ac.uk ada.byron@college.ac.uk"),
        school=text("school", "alias y@school.ac.uk ada.byron@school.ac.uk"),
    )
    assert set(done.broken) == {"college"}
    assert "line 17" in done.broken["college"]
    assert {"postmaster@college.ac.uk", "y@school.ac.uk"} <= set(shared.table("aliases"))
    assert "x@school.ac.uk" not in shared.table("aliases")
    assert "college" in shared.stage().broken  # said until it is mended
    assert shared.apply(college=text("college")).broken == {}


def test_of_two_that_claim_a_domain_the_first_keeps_it(shared: Host) -> None:
    shared.apply(school=text("school"))
    taken = text("college", "domain school.ac.uk", "mailbox head@school.ac.uk ada@college.ac.uk")
    done = shared.apply(college=taken, trust=text("trust"))
    assert done.broken == {"college": "school.ac.uk is school's, who was there first"}
    assert shared.table("domains") == {"school.ac.uk": "school", "trust.ac.uk": "trust"}
    assert shared.apply(school=text("school", "days 92", without="days")).broken == done.broken


def test_of_two_that_are_new_the_first_by_id(shared: Host) -> None:
    done = shared.apply(a=text("a", "domain c.ac.uk"), b=text("b", "domain c.ac.uk"))
    assert done.broken == {"b": "c.ac.uk is a's, who was there first"}


def test_a_domain_goes_from_one_to_another_in_one_step(shared: Host) -> None:
    extra = ("domain c.ac.uk", "mailbox x@c.ac.uk ada@{}.ac.uk")
    shared.apply(a=text("a", extra[0], extra[1].format("a")), b=text("b"))
    done = shared.apply(a=text("a"), b=text("b", extra[0], extra[1].format("b")))
    assert done.broken == {}
    assert shared.table("domains")["c.ac.uk"] == "b"
    assert not set(done.removed) & set(done.written)
    assert any("user=ada@b.ac.uk" in line for line in shared.people("c.ac.uk"))


def test_who_would_give_up_a_domain_and_is_refused_keeps_it(shared: Host) -> None:
    shared.apply(b=text("b", "domain c.ac.uk"), z=text("z"))
    done = shared.apply(a=text("a", "domain c.ac.uk"), b=text("b", "domain z.ac.uk"))
    assert set(done.broken) == {"a", "b"}
    assert shared.table("domains")["c.ac.uk"] == "b"


# ---- who leaves

DAYS = "leaving 2027-03-31 2027-06-30 2027-09-30"
STOPPED = ("mailbox", "alias", "sender", "process", "dkim")


def stopped(name: str) -> str:
    lines = [line for line in text(name).splitlines() if line.split(" ")[0] not in STOPPED]
    return "\n".join([*lines, DAYS, f"name ada.byron@{name}.ac.uk ada@{name}.ac.uk", ""]).replace(
        "active", "stopped"
    )


def over(name: str) -> str:
    return f"format 1\ncustomer {name}\nrealm {name}.ac.uk\nstate over\n{DAYS}\n"


def test_who_is_stopped_signs_in_and_is_in_no_table(shared: Host) -> None:
    shared.apply(college=text("college"), school=text("school"))
    assert shared.apply(college=stopped("college")).broken == {}
    for name in ("domains", "mailboxes", "aliases", "senders", "filter"):
        assert not any("college" in key for key in shared.table(name)), name
    people = shared.people("college.ac.uk")
    assert "ada@college.ac.uk:::::::noauthenticate=y only=fetch" in people
    assert not any(line.startswith("to/") for line in people)
    assert any(line.startswith("at/ada@college.ac.uk") for line in people)
    assert json.loads(shared.at(host.VIEW).read_text())["customers"]["college"]["logs_until"] == "2027-09-30"


def test_over_is_believed_when_the_host_s_own_clock_says_so_too(shared: Host) -> None:
    shared.apply(college=text("college"))
    early = shared.apply(date(2027, 9, 30), college=over("college"))
    assert "this host's clock says 2027-09-30" in early.broken["college"]
    assert shared.table("domains") == {"college.ac.uk": "college"}
    assert shared.apply(date(2027, 10, 1)).broken == {}
    assert shared.table("domains") == {}
    assert shared.people("college.ac.uk") == []
    realms = json.loads(shared.at(host.REALMS).read_text())["realms"]
    assert realms == {"college.ac.uk": {"customer": "college", "over": "2027-06-30"}}


def test_who_is_closed_signs_in_no_more_and_mail_may_go_when_the_host_s_clock_says_so_too(shared: Host) -> None:
    said = f"{DAYS}\ndays 92\ndomain college.ac.uk"
    closed = over("college").replace("state over", "state closed").replace(DAYS, said)
    shared.apply(college=text("college"))
    early = shared.apply(date(2027, 6, 30), college=closed)
    assert "it is said to be closed, and this host's clock says 2027-06-30" in early.broken["college"]
    assert shared.people("college.ac.uk") != []
    assert shared.apply(date(2027, 7, 1), college=closed).broken == {}
    assert shared.people("college.ac.uk") == []
    realms = json.loads(shared.at(host.REALMS).read_text())["realms"]
    assert realms == {"college.ac.uk": {"customer": "college", "over": "2027-06-30"}}


def test_a_fragment_that_is_taken_away_says_nothing_about_mail(shared: Host) -> None:
    shared.apply(college=text("college"))
    shared.at("/var/vmail/college.ac.uk/ada").mkdir(parents=True)
    done = shared.apply(college=None)
    assert shared.table("domains") == {}
    assert not any("passwords" in path and not path.endswith(".ac.uk.passwords") for path in done.removed)
    realms = json.loads(shared.at(host.REALMS).read_text())["realms"]
    assert realms == {"college.ac.uk": {"customer": "college", "over": ""}}


def test_nobody_comes_into_the_folder_of_somebody_else_s_mail(shared: Host) -> None:
    shared.apply(college=text("college"))
    shared.at("/var/vmail/college.ac.uk/ada").mkdir(parents=True)
    shared.put(college=None)
    heir = text("college").replace("customer college", "customer heir")
    assert "mail of college is still" in shared.apply(heir=heir).broken["heir"]
    moved = text("college").replace("college.ac.uk", "new.ac.uk")
    assert "its realm was college.ac.uk" in shared.apply(heir=None, college=moved).broken["college"]
    folder = text("x").replace("x.ac.uk", "c.dunn")
    assert "a login of the platform's own" in shared.apply(x=folder).broken["x"]


def realms(shared: Host) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shared.at(host.REALMS).read_text())["realms"]
    return found


def view(shared: Host, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(shared.at(host.VIEW).read_text())["customers"][name]
    return found


def test_mail_of_who_got_a_realm_later_stays_though_the_earlier_one_is_over(shared: Host) -> None:
    """The fragment of zed, which had college.ac.uk, stays on the host; the abbey gets the domain, and mail."""
    path = str(resources.folder("templates") / "accounts")
    if path not in sys.path:
        sys.path += [path, str(resources.folder("templates") / "logs")]
    removed = importlib.import_module("mailwright_accounts.removed")
    accounts = importlib.import_module("mailwright_accounts.host")
    places = accounts.Places(shared.root)
    places.state.mkdir(parents=True)
    zed = over("college").replace("customer college", "customer zed")
    abbey = text("college").replace("customer college", "customer abbey")
    shared.apply(zed=text("college").replace("customer college", "customer zed"))
    shared.at("/var/vmail/college.ac.uk/ada").mkdir(parents=True)
    assert shared.apply(date(2027, 10, 1), zed=zed).broken == {}
    removed.let_go(places, date(2027, 10, 1))
    assert removed.let_go(places, date(2027, 10, 8)) == ["college.ac.uk"]
    assert shared.apply(date(2027, 11, 1), abbey=abbey).broken == {}
    shared.at("/var/vmail/college.ac.uk/bob").mkdir(parents=True)
    for day in range(2, 20):
        more = f"alias x{day}@college.ac.uk ada.byron@college.ac.uk\n"
        assert shared.apply(date(2027, 11, day), abbey=abbey + more).broken == {}
        assert realms(shared) == {"college.ac.uk": {"customer": "abbey", "over": ""}}
        assert removed.let_go(places, date(2027, 11, day)) == []
    shared.apply(date(2027, 11, 20), zed=zed + "# again\n")
    assert removed.let_go(places, date(2027, 11, 30)) == []
    assert shared.at("/var/vmail/college.ac.uk/bob").is_dir()
    assert shared.at("/etc/dovecot/customers/college.ac.uk.passwords").is_symlink()
    shared.apply(date(2027, 12, 1), zed=None)
    assert str(shared.at("/etc/dovecot/customers/college.ac.uk.passwords").readlink()) == "abbey.passwords"


def test_the_logs_of_a_domain_are_seen_from_the_day_on_which_it_came(shared: Host) -> None:
    extra = ("domain c.ac.uk", "mailbox x@c.ac.uk ada@{}.ac.uk")
    shared.apply(a=text("a", extra[0], extra[1].format("a")), b=text("b"))
    assert view(shared, "a")["since"] == {"a.ac.uk": "2027-01-15", "c.ac.uk": "2027-01-15"}
    later = date(2027, 2, 1)
    shared.apply(later, a=text("a"), b=text("b", extra[0], extra[1].format("b")))
    assert view(shared, "b")["since"] == {"b.ac.uk": "2027-01-15", "c.ac.uk": "2027-02-02"}
    shared.apply(date(2027, 2, 2), b=text("b"))
    shared.apply(date(2027, 3, 1), b=text("b", extra[0], extra[1].format("b")))
    assert view(shared, "b")["since"]["c.ac.uk"] == "2027-03-01"


def test_a_host_from_before_that_was_kept_in_mind_goes_on_as_it_was(shared: Host) -> None:
    shared.apply(a=text("a"))
    said = json.loads(shared.at(host.INDEX).read_text())
    del said["left"], said["entries"]["a"]["since"]
    shared.at(host.INDEX).write_text(json.dumps(said | {"settings": "another program"}))
    shared.apply(date(2027, 2, 1), b=text("b"))
    assert view(shared, "a")["since"] == {}
    assert view(shared, "b")["since"] == {"b.ac.uk": "2027-02-01"}
    shared.at(host.INDEX).unlink()  # as one is told to where it cannot be read
    shared.apply(date(2027, 3, 1))
    assert view(shared, "a")["since"] == {}
    assert view(shared, "b")["since"] == {"b.ac.uk": "2027-02-01"}


def test_the_key_of_who_is_over_goes_with_everything_else(shared: Host) -> None:
    keys = [shared.at(f"{host.KEYS}/{name}.key") for name in ("college", "school")]
    for key in keys:
        key.parent.mkdir(parents=True, exist_ok=True)
        key.write_text("KEY")
    shared.apply(college=text("college"), school=text("school"))
    assert f"{host.KEYS}/college.key" in shared.apply(date(2027, 10, 1), college=over("college")).removed
    assert [key.exists() for key in keys] == [False, True]


# ---- what is no fragment


def test_what_is_no_file_is_the_fault_of_its_customer_alone(shared: Host) -> None:
    shared.apply(college=text("college"), school=text("school"))
    shared.put(college=None)
    (shared.folder / "college.tables").mkdir()
    os.mkfifo(shared.folder / "pipe.tables")
    (shared.folder / "loop.tables").symlink_to("loop.tables")
    done = shared.apply(school=text("school", "alias y@school.ac.uk ada.byron@school.ac.uk"))
    assert set(done.broken) == {"college", "pipe", "loop"}
    assert "no file" in done.broken["college"]
    assert {"ada.byron@college.ac.uk", "bob.o'neil@school.ac.uk"} <= set(shared.table("mailboxes"))
    assert "y@school.ac.uk" in shared.table("aliases")


def test_many_are_judged_on_all_processors_and_a_worker_that_is_ended_is_said(
    shared: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assemble, "_MANY", 2)
    monkeypatch.setattr(assemble.os, "cpu_count", lambda: 2)
    texts = {name: text(name) for name in ("a", "b", "c")}
    assert shared.apply(**texts, d="format 1\n").broken.keys() == {"d"}
    monkeypatch.setattr(fragment, "parse", lambda *_: os.kill(os.getpid(), signal.SIGKILL))
    shared.put(**{name: f"{said}# again\n" for name, said in texts.items()})
    with pytest.raises(host.CustomersError, match="a worker was ended by the system"):
        shared.stage()


# ---- what is asked of the services after a change


class Services:
    """Postfix and Dovecot of a host: what they read, and what they answer to what is asked of a customer."""

    def __init__(self, **answers: tuple[int, str]) -> None:
        self.answers = {"postconf": (0, f"cdb:{host.POSTFIX}/x"), "doveconf": (0, f"{host.DOVECOT}/%d"), **answers}
        self.asked: list[str] = []

    def __call__(self, argv: list[str]) -> tuple[int, str]:
        self.asked.append(argv[0])
        if argv[0] in self.answers:
            return self.answers[argv[0]]
        name, domain = argv[-1 if argv[0] == "doveadm" else 2].split("@")
        login = {"ada.byron": "ada", "bob.o'neil": "bob"}[name]
        return 0, f"{login}@{domain}" if argv[0] == "postmap" else f"/var/vmail/{domain}/{login}"


def checked(shared: Host, services: Services) -> tuple[list[str], list[str]]:
    """Faults, and what is said besides."""
    folder = shared.at(host.FRAGMENTS)
    folder.mkdir(parents=True, exist_ok=True)
    for path in shared.folder.iterdir():
        (folder / path.name).write_bytes(path.read_bytes())
    found = list(module("command").check(shared.places, shared.settings, 9, services))
    return [one.words for one in found if one.fault], [one.words for one in found if not one.fault]


def test_what_the_services_answer_otherwise_is_a_fault(shared: Host) -> None:
    shared.apply(college=text("college", without="dkim"))
    assert checked(shared, Services()) == ([], [])
    faults, _ = checked(shared, Services(postmap=(1, ""), doveadm=(67, "")))
    assert [fault.partition(" says nothing of ada.byron@college.ac.uk")[0] for fault in faults] == [
        "Postfix",
        "Dovecot",
    ]


def test_one_customer_s_refused_fragment_or_missing_key_is_no_fault_of_the_others(shared: Host) -> None:
    shared.apply(college=text("college"), school=text("school", without="dkim"), trust=text("trust"))
    shared.apply(school=text("school", "alias x@trust.ac.uk ada.byron@school.ac.uk"), new="format 1\n")
    faults, said = checked(shared, Services())
    assert faults == []
    assert sorted(words.partition(", so")[0] for words in said) == [
        "college has no DKIM key on this host",
        "new is not served as its fragment here says, which was refused",
        "school is not served as its fragment here says, which was refused",
        "trust has no DKIM key on this host",
    ]
    shared.settings = host.Settings(**{**vars(shared.settings), "own": frozenset({"trust.ac.uk"})})
    faults, said = checked(shared, Services())  # what was right is refused by now
    assert faults == []
    assert any(words.startswith("the fragment of trust is refused by now") for words in said)


def test_services_that_do_not_read_customers_files_yet_are_not_asked(shared: Host) -> None:
    shared.apply(college=text("college", without="dkim"))
    site = Services(
        postconf=(0, "lmdb:/etc/postfix/x"), doveconf=(0, "passdb {}"), postmap=(1, ""), doveadm=(67, "")
    )
    assert checked(shared, site) == ([], [])
    assert {"postmap", "doveadm"}.isdisjoint(site.asked)
    silent = Services(postconf=(1, ""), doveconf=(127, ""), postmap=(1, ""), doveadm=(127, ""))
    assert len(checked(shared, silent)[0]) == 2
