"""Mailman's files, the decision on a post, and what a sync would do: all without Mailman (LIST-1 to LIST-3)."""

from __future__ import annotations

import configparser
import importlib.util
import json
import sys
from dataclasses import replace
from datetime import timedelta
from email.message import Message
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest

from mailwright import resources
from mailwright.components import mailman
from mailwright.formats.engine import FormatError
from mailwright.formats.mailman import write
from mailwright.plan import make
from mailwright.plan.model import Plan
from mailwright.plan.retention import HELD
from mailwright.site.model import Membership
from mailwright.site.read import read
from support.example import ROOT, load_example, whole

TEMPLATES = resources.folder("templates") / "mailman"


def module(path: Path) -> ModuleType:
    """A program of a host, as a module."""
    spec = importlib.util.spec_from_file_location(f"of_the_list_host_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


policy = module(TEMPLATES / "mailwright_mailman" / "policy.py")
program = module(TEMPLATES / "mailwright_lists.py")


def plan(database: str = "sqlite") -> Plan:
    site = whole()
    assert site.list_server is not None
    return make(replace(site, list_server=replace(site.list_server, database=database)))  # type: ignore[arg-type]


def text(made: Plan, path: str) -> str:
    host = made.host(made.lists[0].host)
    (found,) = [file for file in mailman.files(made, host) if file.path == path]
    assert isinstance(found.text, str)
    return found.text


# --- Files -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("database", "url"),
    [
        ("sqlite", "sqlite:///$DATA_DIR/mailman.db"),
        ("postgresql", "postgresql+psycopg2:///mailman?host=/run/postgresql"),
    ],
)
def test_the_configuration_says_what_is_meant(database: str, url: str) -> None:
    read = configparser.ConfigParser(interpolation=None, delimiters=(":",))
    read.read_string(text(plan(database), mailman.CONFIG))
    assert read["database"]["url"] == url
    assert (read["mta"]["lmtp_host"], read["mta"]["lmtp_port"]) == ("127.0.0.1", "8024")
    assert (read["mta"]["smtp_host"], read["mta"]["smtp_port"]) == ("127.0.0.1", "10026")
    assert read["mailman"]["sender_headers"] == "from"
    (held,) = {row.days for row in plan(database).retention if row.log == HELD}
    assert read["mailman"]["moderator_request_life"] == f"{held}d"  # which the privacy statement tells
    assert read["webservice"]["hostname"] == "127.0.0.1"
    assert "admin_pass" not in read["webservice"]  # this host's own


def test_people_are_in_files_that_few_may_read() -> None:
    made = plan()
    files = {file.path: file for file in mailman.files(made, made.host(made.lists[0].host))}
    lists = files[mailman.LISTS]
    assert (lists.personal, lists.mode, lists.group) == (True, 0o640, "list")
    others = "".join(str(file.text) for file in files.values() if not file.personal)
    assert [path for path, file in files.items() if file.personal] == [
        mailman.LISTS,
        "/etc/mailman3/web-people.json",
    ]
    assert [row.member for row in made.members if row.member in others] == []
    said = json.loads(str(lists.text))
    assert said["lists"]["physics@college.ac.uk"]["members"]
    assert said["lists"]["news@college.ac.uk"]["known"] == "live"
    assert said["people"]["km217"]


def test_a_site_without_lists_has_no_list_server() -> None:
    made = make(load_example())
    assert not mailman.COMPONENT.runs_on(made, made.hosts[0])
    assert mailman.COMPONENT.runs_on(plan(), plan().host("mail.college.ac.uk"))


@pytest.mark.parametrize("value", ["a b", "a\nb: c", "$HOME", "", "a;b", True, None])
def test_a_value_that_the_configuration_cannot_carry(value: object) -> None:
    with pytest.raises(FormatError):
        write(value)


def test_a_value_that_it_can_carry() -> None:
    assert [write(value) for value in ("mail.example", 8024, "/run/x")] == ["mail.example", "8024", "/run/x"]


# --- Verdicts ----------------------------------------------------------------------------------------------------

A = "a@college.ac.uk"


@pytest.mark.parametrize(
    ("lines", "authors", "kind"),
    [
        ([f"inside; login=aa1; from={A}"], [A], "inside"),
        ([f"inside; login=aa1; from={A.upper()}"], [A], "inside"),
        ([f"vouched; by=dkim; from={A}"], [A], "vouched"),
        ([f"vouched; by=spf; from={A}"], [A], "vouched"),
        ([f"unproven; from={A}"], [A], "unproven"),
        ([], [A], "unproven"),
        ([f"inside; login=aa1; from={A}"] * 2, [A], "unproven"),
        ([f"inside; login=aa1; from={A}"], ["b@college.ac.uk"], "unproven"),
        ([f"inside; login=aa1; from={A}"], [A, "b@college.ac.uk"], "unproven"),
        ([f"inside; login=aa1; from={A}"], [], "unproven"),
        ([f"inside; from={A}"], [A], "unproven"),
        ([f"inside; login=aa1; login=b; from={A}"], [A], "unproven"),
        (["inside; login=aa1"], [A], "unproven"),
        ([f"vouched; by=hope; from={A}"], [A], "unproven"),
        ([f"inside; login=aa1; from={A} x"], [A], "unproven"),
        ([f"inside; login=aa1;\r\n from={A}"], [A], "unproven"),
    ],
)
def test_a_verdict_counts_when_it_is_one_line_on_the_one_author(
    lines: list[str], authors: list[str], kind: str
) -> None:
    assert policy.verdict(lines, authors).kind == kind


# --- Decisions ---------------------------------------------------------------------------------------------------

MEMBER, MANAGER, INSIDE = (f"{who}@college.ac.uk" for who in ("member", "manager", "inside"))
NAMED, FELLOW, STRANGER = "named@partner.ac.uk", "fellow@partner.ac.uk", "a@stranger.example"


def site(post: tuple[str, ...], moderated: bool = False, **more: Any) -> Any:
    row = {"post": list(post), "moderated": moderated, "known": "build", "members": [], **more}
    return policy.Site.read(
        json.dumps(
            {
                "domains": ["college.ac.uk"],
                "lists": {"l@college.ac.uk": row},
                "people": {"mm1": [MEMBER, "m.alias@college.ac.uk"]},
            }
        )
    )


def decided(where: Any, kind: str, address: str, login: str = "", parents: tuple[str, ...] = ()) -> str:
    action, why = policy.decide(
        where,
        "l@college.ac.uk",
        policy.Verdict(kind, address, login),
        lambda one: one in (MEMBER, FELLOW),
        lambda one: one == MANAGER,
        parents,
    )
    assert bool(why) is (action != "accept")
    return str(action)


POSTERS = (
    ("inside", MEMBER, "mm1"),
    ("inside", MANAGER, "mg1"),
    ("inside", INSIDE, "in1"),
    ("vouched", NAMED, ""),
    ("vouched", STRANGER, ""),
    ("unproven", MEMBER, ""),  # a stranger forges a member
    ("unproven", NAMED, ""),
    ("unproven", FELLOW, ""),  # a member outside whom nothing bears out
    ("unproven", STRANGER, ""),
)


@pytest.mark.parametrize(
    ("post", "moderated", "wanted"),
    [
        (("members",), False, "accept reject reject reject reject discard discard hold discard"),
        (("managers",), False, "reject accept reject reject reject discard discard discard discard"),
        (("organisation",), False, "accept accept accept reject reject discard discard discard discard"),
        ((NAMED,), False, "reject reject reject accept reject discard hold discard discard"),
        (("anyone",), False, "accept accept accept accept accept discard accept hold accept"),
        (("members",), True, "hold accept reject reject reject discard discard hold discard"),
        (("anyone",), True, "hold accept hold hold hold discard hold hold hold"),
    ],
)
def test_who_may_post(post: tuple[str, ...], moderated: bool, wanted: str) -> None:
    where = site(post, moderated)
    assert " ".join(decided(where, *who) for who in POSTERS) == wanted


@pytest.mark.parametrize("way", ["{0}@{1}.", '"{0}"@{1}', "{0}@{1}..", "{0}@\uff43{2}", "{0}@{3}"])
@pytest.mark.parametrize(("who", "wanted"), [(MEMBER, "discard"), (INSIDE, "discard"), (FELLOW, "hold")])
def test_an_address_that_is_written_in_another_way_is_no_stranger(way: str, who: str, wanted: str) -> None:
    """What a reader takes for somebody's address is somebody's, where anyone may post, too."""
    local, _, name = who.partition("@")
    if "{2}" in way and not name.startswith("c"):
        way = way.replace("\uff43{2}", "{1}")
    written = way.format(local, name, name[1:], name.replace(".", "\u3002")).upper()
    for line in (f"unproven; from={written.lower()}", "unproven"):
        who_says = policy.verdict([line], [written])
        assert who_says.kind == "unproven"
        assert decided(site(("anyone",)), who_says.kind, who_says.address) == wanted


def test_what_has_no_plain_form_stays_as_it_is() -> None:
    for odd in ('"a b"@x.example', "a@\u2603" + "x" * 70, "a", "a@", "", "@", "a@b@x.example"):
        assert policy.plain(odd) == odd
    assert policy.plain("A@B\u00dcCHER.example") == "a@xn--bcher-kva.example"


def test_whom_nothing_bears_out_though_the_domain_asks_for_it_waits_where_anyone_may_post() -> None:
    """The list's own From: would make it pass for true; what waits or is refused without, stays so."""

    def strictly(where: Any, kind: str, address: str) -> str:
        who = policy.Verdict(kind, address)
        return str(
            policy.decide(where, "l@college.ac.uk", who, set().__contains__, set().__contains__, strict=True)[0]
        )

    anyone, named = site(("anyone",)), site((NAMED,))
    assert [strictly(anyone, kind, STRANGER) for kind in ("unproven", "vouched")] == ["hold", "accept"]
    assert [strictly(named, kind, STRANGER) for kind in ("unproven", "vouched")] == ["discard", "reject"]
    assert [strictly(named, kind, NAMED) for kind in ("unproven", "vouched")] == ["hold", "accept"]


def test_a_member_may_write_from_any_address_of_the_login() -> None:
    where = site(("members",))
    assert decided(where, "inside", "m.alias@college.ac.uk", "mm1") == "accept"
    assert decided(where, "inside", "m.alias@college.ac.uk", "in1") == "reject"


def test_what_a_list_delivers_comes_in_where_the_description_says_so() -> None:
    where = site(("managers",))
    parents = policy.Policy(frozenset({"managers"}), False, frozenset({"outer@college.ac.uk"}))
    inner = replace(where, lists={"l@college.ac.uk": parents})
    assert decided(inner, "inside", INSIDE, "in1", ("outer@college.ac.uk",)) == "accept"
    assert decided(inner, "inside", INSIDE, "in1", ("outer@college.ac.uk", "other@college.ac.uk")) == "reject"
    assert decided(inner, "inside", INSIDE, "in1") == "reject"


def test_a_list_that_left_the_description_takes_nothing() -> None:
    where = replace(site(("anyone",)), lists={})
    assert (decided(where, "inside", INSIDE, "in1"), decided(where, "unproven", STRANGER)) == ("reject", "discard")


# --- What a sync would do ----------------------------------------------------------------------------------------


def described(**members: list[str]) -> dict[str, Any]:
    return {
        "database": "sqlite",
        "lists": {
            f"{local}@x.example": {
                "title": local,
                "owners": ["o@x.example"],
                "moderators": ["o@x.example"],
                "known": "live" if local == "live" else "build",
                "members": on_it,
            }
            for local, on_it in members.items()
        },
    }


def made_of(wanted: dict[str, Any]) -> dict[str, Any]:
    return {address: program.digests_of(row) for address, row in wanted["lists"].items()}


def people(count: int) -> list[str]:
    return [f"p{number}@x.example" for number in range(count)]


@pytest.mark.parametrize(
    ("had", "stay", "many"), [(20, 14, False), (20, 13, True), (10, 7, False), (10, 6, True), (9, 0, False)]
)
def test_a_big_removal_needs_a_word(had: int, stay: int, many: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = described(a=people(had)), described(a=people(stay))
    monkeypatch.setattr(program, "there", lambda _kind, lists: dict.fromkeys(lists, frozenset(people(had))))
    (change,) = program.changes(after, made_of(before), everything=False)
    assert (len(change.go), len(change.come), change.many) == (had - stay, 0, many)
    assert (f"a@x.example: {had - stay} of {had}" in program.refuse([change])) is many


def test_where_nothing_changed_no_member_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = described(a=people(3), live=[])
    monkeypatch.setattr(program, "there", lambda *_: pytest.fail("members were read"))
    assert program.changes(wanted, made_of(wanted), everything=False) == []


def test_members_that_owners_manage_are_never_touched() -> None:
    wanted = described(live=people(3))
    (change,) = program.changes(wanted, {}, everything=True)
    assert (change.members, change.settings) == (None, True)


def test_a_list_that_left_is_to_be_closed_once() -> None:
    before, after = described(a=[], b=[]), described(a=[])
    state = made_of(before)
    assert program.leaving(after, state) == ["b@x.example"]
    closed = {**state, "b@x.example": replace(state["b@x.example"], closed=True)}
    assert program.leaving(after, closed) == []
    monkey = program.changes(before, closed, everything=False)
    assert [change.address for change in monkey] == ["b@x.example"]  # it is described again


def test_the_record_holds_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(program, "STATE", tmp_path / "state.json")
    state = made_of(described(a=people(3)))
    assert program.read_state() == {}
    program.write_state(state)
    assert program.read_state() == state
    assert "p0@" not in (tmp_path / "state.json").read_text()
    (tmp_path / "state.json").write_text("{")
    with pytest.raises(program.TroubleError, match="Remove it"):
        program.read_state()


def test_the_directory_is_named_where_a_list_is_a_group_and_nowhere_else() -> None:
    described = read(ROOT / "inventories" / "directory" / "site.yml").site
    assert described is not None
    assert described.directory is not None
    known = replace(whole(), directory=replace(described.directory, live=False))
    grouped = tuple(replace(row, members=Membership(group="cn=a,dc=b")) for row in known.lists[:1])
    for site, word in ((known, False), (replace(known, lists=grouped), True)):
        made = make(site)
        host = made.host(made.lists[0].host)
        said = mailman.variables(made, host)
        assert ("mailman_directory" in said, "mailman_directory_password" in said) == (word, word)
        assert bool(json.loads(text(made, mailman.LISTS))["directory"]) is word


def test_a_group_is_asked_for_by_its_very_name() -> None:
    assert program._escaped("cn=a*(b)\\,ou=x") == "cn=a\\2a\\28b\\29\\5c,ou=x"


def test_what_is_no_address_in_the_directory_is_said_and_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """One of them, and Mailman would deliver no post of the list."""
    good = ["a.b@x.example", "o'hara+l@x-y.example", "{c}/d~e@xn--bcher-kva.example"]
    bad = ["", "none", "a b@x.example", "a@x.example\r\nRCPT TO:<b@x.example>", "a@x", "a@@x.example",
           "<a@x.example>", "a@-x.example", "a@x.example.", "b\u00fccher@x.example",
           "a@x.example, b@x.example"]  # fmt: skip
    found = list(program._plausible([good[0].upper(), [*good[1:], good[0]], *bad], "l@x.example", "cn=l"))
    assert found == sorted(good)
    said = capsys.readouterr().err.splitlines()
    assert len(said) == len(bad)
    assert all(line.startswith("mailwright-lists: l@x.example: ") and "cn=l" in line for line in said)


@pytest.fixture
def posting(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The chain of posts, with as much of Mailman as it is loaded with."""
    nothing, kind = SimpleNamespace(), type("Kind", (), {})
    config = SimpleNamespace(mailman=SimpleNamespace(moderator_request_life="30d"))
    notice = lambda *_args, **_more: MagicMock()  # noqa: E731
    words: dict[str, dict[str, object]] = {
        "lazr": {}, "lazr.config": {"as_timedelta": lambda text: timedelta(days=int(text[:-1]))},
        "mailman": {}, "mailman.app": {}, "mailman.chains": {}, "mailman.email": {}, "mailman.interfaces": {},
        "mailman.app.moderator": {"hold_message": lambda *_: 5},
        "mailman.chains.base": {"JumpChainBase": kind, "Link": kind, "TerminalChainBase": kind},
        "mailman.chains.hold": {"HeldMessagePendable": dict}, "mailman.config": {"config": config},
        "mailman.email.message": {"UserNotification": notice}, "mailman.interfaces.chain": {
            "IChain": kind, "LinkAction": SimpleNamespace(defer=0, jump=1)},
        "mailman.interfaces.pending": {"IPendings": kind}, "zope": {}, "zope.component": {"getUtility": nothing},
        "zope.interface": {"implementer": lambda _kind: lambda made: made},
    }  # fmt: skip
    for name, has in words.items():
        made = ModuleType(name)
        vars(made).update(has)
        monkeypatch.setitem(sys.modules, name, made)
    monkeypatch.syspath_prepend(str(TEMPLATES))
    return module(TEMPLATES / "mailwright_mailman" / "chains" / "posting.py")


def test_moderators_decide_by_mail_for_as_long_as_a_post_waits(
    posting: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    pendings, mlist = MagicMock(), MagicMock(list_id="l.x.example")
    monkeypatch.setattr(posting, "getUtility", lambda _kind: pendings)
    posting.HoldChain()._process(mlist, Message(), {})
    pendings.add.assert_called_once_with({"id": 5, "list_id": "l.x.example"}, timedelta(days=30))


# --- The web pages -----------------------------------------------------------------------------------------------


def test_owners_have_their_published_address_first() -> None:
    people = json.loads(text(plan(), "/etc/mailman3/web-people.json"))
    assert all(addresses for addresses in people.values())
    published = {row.login: row.address for row in plan().senders if row.kind == "published"}
    assert {login: addresses[0] for login, addresses in people.items() if login in published} == published


def test_who_has_signed_in_is_said_by_the_web_server_alone() -> None:
    said = text(plan(), "/etc/nginx/mailwright/mail.college.ac.uk.d/lists.conf")
    assert "include mailwright/sign-in.conf;" in said
    assert "proxy_set_header X-Mailwright-Login $mailwright_login;" in said
    assert 'proxy_set_header Authorization "";' in said
    assert "frame-ancestors 'none'" in said


def test_what_somebody_wrote_is_no_word_of_mailmans() -> None:
    tools, mlist = object.__new__(program.Tools), SimpleNamespace(display_name="", description="", info="", every=0)
    written = {"display_name": "Action.accept", "description": "days 7", "info": "Action.nothing"}
    assert program.Tools.configure(tools, mlist, {**written, "every": "days 7"}) == 4
    assert vars(mlist) == {**written, "every": timedelta(days=7)}


@pytest.mark.parametrize("broken", ["", "a@x.example", "c@x.example"])
def test_a_fault_in_one_list_stops_no_other(
    broken: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Tools:
        def domain(self, name: str) -> None: ...

        def made(self, address: str) -> SimpleNamespace:
            if address == broken:
                raise ValueError("no such thing")
            return SimpleNamespace(list_id=address)

        def configure(self, *_: object) -> int:
            return 1

        def keep_to(self, *_: object) -> tuple[int, int]:
            return 0, 0

    store = SimpleNamespace(commit=lambda: None, rollback=lambda: None)
    before, wanted = described(c=[]), described(a=[], b=[])
    file = tmp_path / "wanted.json"
    file.write_text(json.dumps({**wanted, "directory": None, "domains": ["x.example"]}))
    monkeypatch.setattr(program, "FILE", file)
    monkeypatch.setattr(program, "STATE", tmp_path / "state.json")
    monkeypatch.setattr(program, "become_list", lambda: None)
    monkeypatch.setattr(program, "mailman", lambda: (store, Tools()))
    monkeypatch.setattr(program, "there", lambda _kind, _lists: {})
    program.write_state(made_of(before))
    assert program.make_so(remove_many=False, everything=False) == (1 if broken else 0)
    state = program.read_state()
    assert {one for one, now in state.items() if now.closed == (one == "c@x.example")} == {
        "a@x.example", "b@x.example", "c@x.example"
    } - {broken}  # fmt: skip
    assert ("no such thing" in capsys.readouterr().err) == bool(broken)
