"""Lists that take posts from those who may write to them, and list servers that do it otherwise."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email.utils import parseaddr
from ipaddress import ip_address

import pytest

from mailwright.audit import letters, lists, mailboxes, names, posting
from mailwright.audit.model import Account, Context, Observation
from mailwright.audit.roads import Door, Person
from mailwright.audit.smtp import Reply
from mailwright.findings import Status
from mailwright.plan.model import DistributionList, Known
from mailwright.site.addresses import key
from support.mail_peer import Post
from support.probing import Here, failures, verdict
from support.web_site import PASSWORD, Users, whole_plan

PROBES = {probe.id: probe for probe in lists.PROBES}
PARTNER = "registrar@partner.ac.uk"


@dataclass(frozen=True)
class Letter:
    """Something on its way: who submitted it (empty: it came to port 25), envelope and content."""

    login: str
    sender: str
    recipient: str
    content: bytes

    @property
    def author(self) -> str:
        return key(parseaddr(letters.header(self.content, "From")[0])[1])


def login_of(address: str) -> str:
    """Whose address it is; empty: nobody's here."""
    routes = (one for one in whole_plan().routes if one.kind == "mailbox" and one.address == key(address))
    return next((one.targets[0] for one in routes), "")


def allowed(row: DistributionList, one: Letter) -> bool:
    """As it is to be."""
    plan = whole_plan()
    if one.login:
        return lists.permitted(plan, row, one.login)
    if row.moderated:
        return False
    return "anyone" in row.post or (one.author in row.post and one.sender == one.author == PARTNER)


@dataclass
class ListServer:
    """A mail service in memory. What it does wrong is what differs from the defaults."""

    lets: Callable[[DistributionList, Letter], bool] = allowed
    copies: int = 1
    forgets: str = ""  # a member who gets nothing
    lines: tuple[tuple[str, str], ...] = (
        ("List-Id", "<physics.college.ac.uk>"),
        ("List-Post", "<mailto:{list}>"),
        ("List-Help", "<mailto:help>"),
        ("List-Unsubscribe", "<mailto:leave>"),
    )
    to: str = ""  # what becomes of To:
    verdict_stays: bool = False
    owners_get: bool = True
    roster: bool = False
    mute: bool = False
    policies: dict[str, str] = field(default_factory=dict)  # DMARC records of others, by their owners
    boxes: dict[str, list[bytes]] = field(default_factory=dict)

    def take(self, one: Letter) -> Reply:
        plan = whole_plan()
        local, _, name = one.recipient.partition("@")
        known = {row.address: row for row in plan.lists}
        base, _, word = local.rpartition("-")
        if one.recipient in known:
            row = known[one.recipient]
            if self.lets(row, one):
                for member in (each.member for each in plan.members if each.list == row.address):
                    self.lay(member, self.posted(row, one), self.copies)
        elif f"{base}@{name}" in known and word == "owner":
            for owner in known[f"{base}@{name}"].owners if self.owners_get else ():
                self.lay(owner, one.content)
        elif f"{base}@{name}" in known and word == "request" and not self.mute:
            told = [each.member for each in plan.members if each.list == f"{base}@{name}"] if self.roster else []
            self.lay(one.author, b"To: you\r\n\r\nhelp: ...\r\n" + one.content + "\r\n".join(told).encode())
        else:
            self.lay(one.recipient, one.content)
        return Reply(250, ("OK",))

    def posted(self, row: DistributionList, one: Letter) -> bytes:
        added = "".join(f"{name}: {value.format(list=row.address)}\r\n" for name, value in self.lines)
        added += f"Cc: {self.to}\r\n" if self.to else ""
        return added.encode() + one.content

    def lay(self, address: str, content: bytes, copies: int = 1) -> None:
        login = login_of(address)
        if not self.verdict_stays:
            head, body = letters.split(content)
            kept = [line for line in head.split(b"\r\n") if not line.startswith(lists.VERDICT.encode())]
            content = b"\r\n".join(kept) + b"\r\n\r\n" + body
        if login and login != self.forgets:
            self.boxes.setdefault(login, []).extend([content] * copies)


@contextmanager
def at(server: ListServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Context]:
    plan = whole_plan()
    hosts = tuple(replace(host, addresses=(ip_address("127.0.0.1"),)) for host in plan.hosts)
    context = Context(
        plan=replace(plan, hosts=hosts),
        resolver=("127.0.0.1",),
        vantages={"outside": Here("outside"), "inside": Here("inside")},
        shell=None,
        correspondent=Post(),
        accounts=tuple(Account(row.login, PASSWORD) for row in plan.mailboxes),
    )

    def hand_in(
        _context: Context, who: Person, sender: str, recipients: tuple[str, ...], content: bytes
    ) -> tuple[Door, Reply]:
        door = Door(next(row for row in plan.listeners if row.service == "submission"), ip_address("127.0.0.1"))
        return door, server.take(Letter(who.login, sender, recipients[0], content))

    def holding(_context: Context, login: str, marks: list[str], timeout: float = 0) -> dict[str, int]:
        del timeout
        box = server.boxes.get(login, [])
        return {mark: sum(mark.encode() in one for one in box) for mark in marks}

    def messages(_context: Context, account: Account, mark: str, _timeout: float = 0) -> tuple[bytes, ...]:
        return tuple(one for one in server.boxes.get(account.login, []) if mark.encode() in one)

    monkeypatch.setattr(posting, "hand_in", hand_in)
    monkeypatch.setattr(mailboxes, "holding", holding)
    monkeypatch.setattr(mailboxes, "messages", messages)
    monkeypatch.setattr(lists, "_proven", lambda _context, address: address == PARTNER)
    monkeypatch.setattr(names, "txt", lambda _resolver, name: server.policies.get(name, ""))
    monkeypatch.setattr(
        lists,
        "_brought",
        lambda _context, sender, recipient, content: server.take(Letter("", sender, recipient, content)),
    )
    yield context


def look(
    id_: str, server: ListServer, monkeypatch: pytest.MonkeyPatch
) -> tuple[Status, list[str], tuple[Observation, ...]]:
    with at(server, monkeypatch) as context:
        found, seen = verdict(PROBES[id_], context)
    return found, failures(seen), seen


@pytest.mark.parametrize("id_", ["lists.members", "lists.posters", "lists.services"])
def test_where_all_is_well(id_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found, words, seen = look(id_, ListServer(), monkeypatch)
    assert (found, words) == (Status.PASS, [])
    assert len(seen) > 10


def test_the_matrix_of_posters(monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, seen = look("lists.posters", ListServer(), monkeypatch)
    tried = [one.what for one in seen if "physics@" in one.what]
    for words in ("who may not", "a stranger's post", "in MAIL FROM", "in From:", "in all places"):
        assert any(words in one for one in tried), words
    assert any(PARTNER in one.what and one.twin for one in seen)


@pytest.mark.parametrize("id_", ["lists.members", "lists.posters", "lists.services"])
@pytest.mark.parametrize("known", ["build", "live", "deploy"])
def test_lists_whose_members_the_directory_knows_are_named_as_not_tried(
    id_: str, known: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    with at(ListServer(), monkeypatch) as context:
        first = context.plan.lists[0]
        group = replace(first, address="group@college.ac.uk", known=known, group="cn=some,dc=college,dc=ac,dc=uk")
        for rows in ((*context.plan.lists, group),):
            found, seen = verdict(PROBES[id_], replace(context, plan=replace(context.plan, lists=rows)))
            named = [one for one in seen if group.address in one.what]
            if known == "deploy" and id_ != "lists.services":
                assert [one.ok for one in named] == [None]
                assert group.group in named[0].seen
                assert found is Status.NOT_PROVEN
            else:
                assert not named
                assert (found is Status.PASS) == (len(rows) > 1)


WRONG: dict[str, Callable[[DistributionList, Letter], bool]] = {
    "everybody": lambda _row, _one: True,
    "whom From: names": lambda row, one: (
        lists.permitted(whole_plan(), row, login_of(one.author)) or allowed(row, one)
    ),
    "whom MAIL FROM names": lambda row, one: (
        lists.permitted(whole_plan(), row, login_of(one.sender)) or allowed(row, one)
    ),
    "who brings a verdict": lambda row, one: bool(letters.header(one.content, lists.VERDICT)) or allowed(row, one),
    "everybody with a login": lambda row, one: bool(one.login) or allowed(row, one),
    "past the moderators": lambda row, one: "anyone" in row.post or allowed(row, one),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_list_that_lets_in_who_may_not(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found, words, _ = look("lists.posters", ListServer(lets=WRONG[wrong]), monkeypatch)
    assert found is Status.FAIL, words


@pytest.mark.parametrize(
    ("policies", "asks"),
    [
        ({}, False),
        ({"_dmarc.a.b.example": "v=DMARC1; p=reject"}, True),
        ({"_dmarc.a.b.example": "v=DMARC1;p = quarantine ; sp=none"}, True),
        ({"_dmarc.a.b.example": "v=DMARC1; p=none; sp=reject", "_dmarc.b.example": "v=DMARC1; p=reject"}, False),
        ({"_dmarc.a.b.example": "something else", "_dmarc.b.example": "v=DMARC1; p=reject"}, True),
        ({"_dmarc.b.example": "v=DMARC1; p=reject; sp=none"}, False),
        ({"_dmarc.b.example": "v=DMARC1; p=none; sp=quarantine"}, True),
        ({"_dmarc.b.example": "v=DMARC1; rua=mailto:x@b.example"}, False),
        ({"_dmarc.example": "v=DMARC1; p=reject"}, False),
    ],
)
def test_whose_domain_asks_for_refusals(
    policies: dict[str, str], asks: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with at(ListServer(policies=policies), monkeypatch) as context:
        assert lists._strict(context, "x@a.b.example") is asks


def test_what_bears_out_an_outsider_is_looked_up_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver is none that whoever runs the probes can ask from where they are."""
    there: list[str] = []

    class Outside(Here):
        @contextmanager
        def enter(self) -> Iterator[None]:  # type: ignore[override]
            there.append(self.name)
            yield
            there.pop()

    proven = lists._proven
    with at(ListServer(), monkeypatch) as made:
        context = replace(made, vantages={"outside": Outside("outside")})
        monkeypatch.setattr(names, "txt", lambda *_: "v=DMARC1; p=reject" if there else "")
        monkeypatch.setattr(names, "spf_verdict", lambda *_: ("pass" if there else "none", ""))
        assert lists._strict(context, PARTNER)
        assert proven(context, PARTNER)


@pytest.mark.parametrize("asks", [False, True])
@pytest.mark.parametrize("holds", [False, True])
def test_a_stranger_writes_to_a_list_for_anyone(asks: bool, holds: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whom nothing bears out comes in, but where the stranger's domain asks for something else."""
    outsider = Post().address
    server = ListServer(lets=lambda _row, one: not (holds and one.author == key(outsider)))
    server.policies = {f"_dmarc.{outsider.partition('@')[2]}": "v=DMARC1; p=reject"} if asks else {}
    with at(server, monkeypatch) as context:
        row = replace(context.plan.lists[0], post=("anyone",), moderated=False)
        _, seen = verdict(PROBES["lists.posters"], replace(context, plan=replace(context.plan, lists=(row,))))
    (one,) = [each for each in seen if "a stranger's post" in each.what]
    assert (one.ok, one.twin) == (asks is holds, not asks)


def test_a_list_that_nothing_comes_through_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    found, _, _ = look("lists.posters", ListServer(lets=lambda _row, _one: False), monkeypatch)
    assert found is Status.NOT_PROVEN


@pytest.mark.parametrize(
    "server",
    [
        ListServer(copies=2),
        ListServer(forgets="jb143"),
        ListServer(lets=lambda _row, _one: False),
        ListServer(lines=ListServer.lines[1:]),
        ListServer(lines=(*ListServer.lines, (lists.VERDICT, "inside; login=jb143; from=x")), verdict_stays=True),
        ListServer(to="Jocelyn.BellBurnell@college.ac.uk, Chien-Shiung.Wu@college.ac.uk"),
    ],
)
def test_posts_that_are_not_as_they_should_be(server: ListServer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert look("lists.members", server, monkeypatch)[0] is Status.FAIL


def test_owners_who_get_nothing_and_answers_that_tell_members(monkeypatch: pytest.MonkeyPatch) -> None:
    for server in (ListServer(owners_get=False), ListServer(roster=True)):
        assert look("lists.services", server, monkeypatch)[0] is Status.FAIL
    assert look("lists.services", ListServer(mute=True), monkeypatch)[0] is Status.NOT_PROVEN


@pytest.mark.parametrize(
    ("row", "login", "wanted"),
    [
        ("physics@college.ac.uk", "jb143", True),
        ("physics@college.ac.uk", "rl204", False),
        ("all-staff@college.ac.uk", "rl204", True),
        ("all-staff@college.ac.uk", "jb143", False),
        ("news@college.ac.uk", "jb143", True),
        ("helpline@college.ac.uk", "jb143", False),
    ],
)
def test_who_may_post(row: str, login: str, wanted: bool) -> None:
    plan = whole_plan()
    found = next(one for one in plan.lists if one.address == row)
    assert lists.permitted(plan, found, login) is wanted


def test_who_reaches_the_list_servers_own_ports(monkeypatch: pytest.MonkeyPatch) -> None:
    own = {(row.user, row.port) for row in whole_plan().openings if row.port in (8024, 10026)}
    assert own == {("list", 10026), ("postfix", 8024)}
    for reach, wanted in (
        (own, Status.PASS),
        (own | {("nobody", 10026)}, Status.FAIL),
        (own | {("list", 8024)}, Status.FAIL),
        (own | {("postfix", 10026)}, Status.FAIL),
        (set(), Status.NOT_PROVEN),
    ):
        with at(ListServer(), monkeypatch) as context:
            found, _ = verdict(PROBES["lists.loopback"], replace(context, shell=Users(reach)))
        assert found is wanted
