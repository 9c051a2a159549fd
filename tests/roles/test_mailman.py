"""Mailman on a real host, with PostgreSQL and a directory: who may post, whose members stay, what is refused, whose
From: is rewritten (LIST-1 to 3)."""

from __future__ import annotations

import base64
import http.client
import json
import re
import socket
import ssl
import subprocess
import time
import urllib.parse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from email.header import decode_header, make_header
from email.utils import formataddr, getaddresses, parseaddr

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from mailwright.audit import letters, lists, mailboxes, names, posting, roads
from mailwright.audit.model import Received
from mailwright.build import project
from mailwright.build.writer import write
from mailwright.findings import Status
from mailwright.plan import make
from mailwright.plan.retention import MAIL_LOG
from mailwright.rehearsal import credentials, directory
from mailwright.rehearsal.lab import read_fragments
from mailwright.rehearsal.neighbours import PLACE
from mailwright.rehearsal.rehearse import Stage, prepare, staged
from mailwright.rehearsal.zones import MAIL_HOST
from mailwright.site.model import Directory, DistributionList, ListServer, Membership, Person, Site
from mailwright.site.read import read
from support.example import HERE, ROOT, load_example

pytestmark = [pytest.mark.hosts, pytest.mark.slow]

PATIENCE = 240.0  # seconds; a list is some processes long
HOST = "mail.college.ac.uk"
DOMAIN = "college.ac.uk"
MEMBERS = ("jb143", "al215")
MANAGER = "rl204"
NAMED = "registrar@partner.ac.uk"
POLICIES = {
    "m-members": ("members",),
    "m-managers": ("managers",),
    "m-organisation": ("organisation",),
    "m-named": (NAMED,),
    "m-anyone": ("anyone",),
}
BIG = tuple(f"pupil{number:02}@partner.ac.uk" for number in range(20))
LDAP = "ldap1.college.ac.uk"
GROUP = "cn=crew,ou=groups,dc=college,dc=ac,dc=uk"

# Domains outside, and what each says in its DMARC record; one below the first has none of its own.
POLICY = {"strict.example": "reject", "wary.example": "quarantine", "loose.example": "none", "plain.example": ""}
BELOW = "physics.strict.example"
NAME = "Zoë Author"
OUTSIDERS = tuple(f"anna@{name}" for name in (*POLICY, BELOW))
READER = "reader@foreign.example"


def described(
    local: str, members: Membership, post: tuple[str, ...] = ("members",), **more: object
) -> DistributionList:
    about = {
        "local": local,
        "domain": DOMAIN,
        "title": f"The list {local}",
        "owners": (MANAGER,),
        "moderators": (),
        "members": members,
        "post": post,
        "moderated": False,
        "where": HERE,
    }
    return DistributionList(**{**about, **more})  # type: ignore[arg-type]


def described_lists() -> tuple[DistributionList, ...]:
    named = Membership(named=MEMBERS)
    return (
        *(described(local, named, post) for local, post in POLICIES.items()),
        described("m-moderated", named, moderated=True),
        described("m-outer", Membership(named=("km217", f"m-managers@{DOMAIN}"))),
        described("m-live", Membership(by_owners=True), ("organisation",)),
        described("m-big", Membership(named=BIG), ("managers",)),
        described("m-group", Membership(group=GROUP)),
        described("m-outside", Membership(named=(MEMBERS[0], READER)), (*OUTSIDERS, "organisation")),
    )


def passwords_alone() -> Directory:
    """The directory of the worked site, of one server. The people are those of the example all the same."""
    site = read(ROOT / "inventories" / "directory" / "site.yml").site
    assert site is not None
    assert site.directory is not None
    return replace(site.directory, servers=(LDAP,), live=False)


def with_lists(*rows: DistributionList) -> Site:
    example = load_example()
    host = replace(example.hosts[0], os="debian-13", functions=("mx", "submission", "store", "lists"))
    strict = tuple(
        replace(one, dmarc_policy="reject") if one != example.primary else one for one in example.domains
    )
    return replace(
        example,
        hosts=(host,),
        domains=strict,
        lists=rows,
        list_server=ListServer("postgresql", HERE),
        directory=passwords_alone(),
    )


@dataclass(frozen=True)
class Listed:
    stage: Stage

    def on(self, *argv: str, status: int = 0) -> str:
        ended, said = self.stage.lab.shell.run(HOST, *argv, timeout=300.0)
        assert ended == status, said
        return said

    def address(self, login: str) -> str:
        return next(row.address for row in self.stage.prepared.plan.routes if row.targets == (login,))

    def posted(self, *posts: tuple[str, str, str, str]) -> list[str]:
        """What becomes of posts, as Postfix hands them over: list, MAIL FROM, From:, lines of the verdict."""
        marks = [letters.token() for _ in posts]
        said = json.dumps([[mark, *post] for mark, post in zip(marks, posts, strict=True)])
        self.on("runuser", "-u", "postfix", "--", "python3", "-I", "-c", LMTP, said)
        deadline = time.monotonic() + PATIENCE
        while True:
            log = self.on("cat", MAIL_LOG)
            found = [re.search(rf": (accept|hold|reject|discard): <{mark}@", log) for mark in marks]
            if all(found) or time.monotonic() > deadline:
                return [match[1] if match else "nothing" for match in found]
            time.sleep(0.5)

    def play(self, site: Site, *arguments: str) -> tuple[int, int, str]:
        """Status, tasks that changed something, and words of an apply of another description."""
        folder = self.stage.folder / "other"
        write(project(site, make(site), (), ()), folder)
        variables = credentials.variables(self.stage.secrets)
        argv, environment = self.stage.lab.ansible_command(folder, *arguments, variables=variables)
        done = subprocess.run(
            argv, cwd=folder, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        words = done.stdout + done.stderr
        recap = re.search(rf"^{re.escape(HOST)}\s+: ok=\d+\s+changed=(\d+)", words, re.MULTILINE)
        assert recap, words
        return done.returncode, int(recap[1]), words

    def roster(self, local: str) -> set[str]:
        """Who is on a list, as the database has it."""
        said = self.on("runuser", "-u", "list", "--", "psql", "-XAtq", "-d", "mailman", "-c", ON_LISTS)
        rows = (line.split("|") for line in said.splitlines())
        return {email for list_id, email in rows if list_id == f"{local}.{DOMAIN}"}

    def in_directory(self, *changes: str) -> None:
        """Change entries of the directory: records of RFC 2849."""
        lab = self.stage.lab
        lab.equip(LDAP, {"change.ldif": "\n\n".join(changes).encode() + b"\n"})
        lab.switch(LDAP, "down")
        place = ("-f", f"{PLACE}/slapd.conf", "-l", f"{PLACE}/change.ldif")
        ended, said = lab.shell.run(LDAP, "slapmodify", "-s", *place)
        assert ended == 0, said
        lab.switch(LDAP, "up")

    def members(self, local: str) -> int:
        status = self.on("mailwright-lists", "status")
        return int(re.search(rf"^{local}@{DOMAIN}: (\d+) members", status, re.MULTILINE)[1])  # type: ignore[index]


ON_LISTS = "SELECT list_id, email FROM member m JOIN address a ON a.id = m.address_id WHERE role = 1"

LMTP = """
import json, smtplib, sys
with smtplib.LMTP("127.0.0.1", 8024) as peer:
    for mark, to, sender, author, verdict in json.loads(sys.argv[1]):
        lines = (f"From: {author}", f"To: {to}", f"Subject: {mark}", f"Message-ID: <{mark}@posted.example>")
        peer.sendmail(sender, [to], "\\r\\n".join(lines) + "\\r\\n" + verdict + "\\r\\nhello\\r\\n")
"""


@dataclass(frozen=True)
class Fetched:
    status: int
    text: str
    cookies: str


def line(verdict: str) -> str:
    return f"X-Mailwright-Poster: {verdict}\r\n"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Listed]:
    folder = tmp_path_factory.mktemp("mailman")
    with staged(prepare(with_lists(*described_lists()), (), (), folder), folder, print) as stage:
        stage.apply(print)
        yield Listed(stage)


def test_five_policies_and_six_posters(site: Listed) -> None:
    member, manager, inside = (site.address(login) for login in (MEMBERS[0], MANAGER, "km217"))
    posters = (
        (member, line(f"inside; login={MEMBERS[0]}; from={member}")),
        (manager, line(f"inside; login={MANAGER}; from={manager}")),
        (inside, line(f"inside; login=km217; from={inside}")),
        (NAMED, line(f"vouched; by=spf; from={NAMED}")),
        ("a@stranger.example", line("vouched; by=dkim; from=a@stranger.example")),
        (member, line(f"unproven; from={member}")),  # a stranger forges a member
    )
    posts = [(f"{local}@{DOMAIN}", who, who, said) for local in POLICIES for who, said in posters]
    got = site.posted(*posts)
    assert {local: tuple(got[6 * at : 6 * at + 6]) for at, local in enumerate(POLICIES)} == {
        "m-members": ("accept", "reject", "reject", "reject", "reject", "discard"),
        "m-managers": ("reject", "accept", "reject", "reject", "reject", "discard"),
        "m-organisation": ("accept", "accept", "accept", "reject", "reject", "discard"),
        "m-named": ("reject", "reject", "reject", "accept", "reject", "discard"),
        "m-anyone": ("accept", "accept", "accept", "accept", "accept", "discard"),
    }


def test_envelope_and_header_forged_separately(site: Listed) -> None:
    member = site.address(MEMBERS[0])
    true = line(f"inside; login={MEMBERS[0]}; from={member}")
    to = f"m-members@{DOMAIN}"
    stranger = "a@stranger.example"
    got = site.posted(
        (to, member, stranger, line(f"unproven; from={stranger}")),  # the envelope
        (to, stranger, member, line(f"unproven; from={member}")),  # From:
        (to, member, member, ""),  # nobody has judged it
        (to, member, member, true + true),  # somebody added to it
        (to, member, stranger, true),  # the verdict is on another author
        (to, member, f"{member}, {stranger}", true),  # two authors
        (to, stranger, member, true),  # true, though it was sent on for somebody
        ("m-named@" + DOMAIN, NAMED, NAMED, line(f"unproven; from={NAMED}")),
        ("m-moderated@" + DOMAIN, member, member, true),
        ("m-moderated@" + DOMAIN, "", member, true),  # an automatic answer
    )
    assert got == ["discard"] * 6 + ["accept", "hold", "hold", "discard"]


def test_a_list_on_a_list_gets_what_it_gets(site: Listed) -> None:
    """m-managers is a member of m-outer: the post comes in there, though its author may not write to it."""
    author = site.address("km217")
    mark = letters.token()
    said = json.dumps([[mark, f"m-outer@{DOMAIN}", author, author, line(f"inside; login=km217; from={author}")]])
    site.on("runuser", "-u", "postfix", "--", "python3", "-I", "-c", LMTP, said)
    counts = mailboxes.holding(site.stage.context(), MEMBERS[0], (mark,), PATIENCE)
    assert counts[mark] == 1


@pytest.mark.usefixtures("signer")
def test_the_probes_of_lists(site: Listed) -> None:
    """Outsiders whom SPF bears out get in, and the one whom it does not, not."""
    ran = site.stage.probe(lambda *_: None, lists.PROBES)
    bad = [finding for finding in ran.findings if finding.status in (Status.FAIL, Status.NOT_PROVEN)]
    assert bad == [], "\n".join(f"{one.id}: {one.message}: {one.evidence}" for one in bad)


def test_moderators_decide_by_mail(site: Listed) -> None:
    context = site.stage.context()
    people = {one.login: one for one in roads.people(context)}
    mark = letters.token()
    to = f"m-moderated@{DOMAIN}"
    who = people[MEMBERS[0]]
    posting.hand_in(
        context,
        who,
        who.published,
        (to,),
        letters.letter(mark, f"<{who.published}>", f"<{to}>", without=("Auto-Submitted",)),
    )
    (notice, *_) = mailboxes.messages(context, people[MANAGER].account, mark, PATIENCE)
    word = re.search(rb"subject=accept%20([0-9a-f]{40})", notice)
    assert word, notice
    assert mailboxes.holding(context, MEMBERS[1], (mark,), 0.0)[mark] == 0
    manager = people[MANAGER]
    answer = letters.letter("x", f"<{manager.published}>", f"<m-moderated-request@{DOMAIN}>", without=("Subject",))
    content = f"Subject: accept {word[1].decode()}\r\n".encode() + answer
    posting.hand_in(context, manager, manager.published, (f"m-moderated-request@{DOMAIN}",), content)
    assert mailboxes.holding(context, MEMBERS[1], (mark,), PATIENCE)[mark] == 1


def test_a_second_apply_changes_nothing(site: Listed) -> None:
    status, changed, words = site.play(site.stage.prepared.site)
    assert (status, changed) == (0, 0), words


def test_members_that_owners_manage_are_left_alone(site: Listed) -> None:
    """An owner puts somebody on the list by mail; an apply and the nightly comparison leave him there."""
    owner = site.address(MANAGER)
    mark = letters.token()
    to = f"m-live-request@{DOMAIN}"
    said = json.dumps(
        [[f"add {mark}@partner.ac.uk", to, owner, owner, line(f"inside; login={MANAGER}; from={owner}")]]
    )
    site.on("runuser", "-u", "postfix", "--", "python3", "-I", "-c", LMTP, said)
    deadline = time.monotonic() + PATIENCE
    while site.members("m-live") == 0 and time.monotonic() < deadline:
        time.sleep(0.5)
    assert site.members("m-live") == 1
    other = tuple(
        replace(row, title="Another title") if row.local == "m-live" else row for row in described_lists()
    )
    status, changed, words = site.play(replace(site.stage.prepared.site, lists=other))
    assert (status, changed) == (0, 1), words
    assert "unchanged" in site.on("mailwright-lists", "apply", "--all")
    assert site.members("m-live") == 1


def fetched(site: Listed, login: str, path: str, form: dict[str, str] | None = None, cookie: str = "") -> Fetched:
    """What the web pages of lists answer somebody on the campus who signs in; nobody without a login."""
    stage = site.stage
    trust = ssl.create_default_context(cafile=str(stage.secrets / credentials.AUTHORITY))
    headers = {"Cookie": cookie} if cookie else {}
    if login:
        password = next(one.password for one in stage.prepared.credentials.accounts if one.login == login)
        headers["Authorization"] = "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()
    body = None
    if form is not None:
        body = urllib.parse.urlencode(form)
        origin = f"https://{HOST}"
        headers |= {
            "Content-Type": "application/x-www-form-urlencoded",
            "Origin": origin,
            "Referer": f"{origin}/lists/",
        }
    address = str(stage.prepared.plan.host(HOST).addresses[0])
    with stage.lab.vantage("campus", "inside").enter():
        raw = socket.create_connection((address, 443), 60)
        with trust.wrap_socket(raw, server_hostname=HOST) as connection:
            web = http.client.HTTPConnection(HOST, timeout=120)
            web.sock = connection
            web.request("POST" if body is not None else "GET", path, body, headers)
            answer = web.getresponse()
            set_cookie = [value.partition(";")[0] for name, value in answer.getheaders() if name == "Set-Cookie"]
            return Fetched(answer.status, answer.read().decode(), "; ".join(set_cookie))


def test_owners_manage_on_the_web(site: Listed) -> None:
    page = f"/lists/lists/m-live.{DOMAIN}/mass_subscribe/"
    assert fetched(site, "", page).status == 401
    assert fetched(site, "km217", page).status == 403
    asked = fetched(site, MANAGER, page)
    assert asked.status == 200
    token = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', asked.text)
    assert token
    before = site.members("m-live")
    form = {
        "csrfmiddlewaretoken": token[1],
        "emails": "by.web@partner.ac.uk",
        "pre_verified": "on",
        "pre_confirmed": "on",
        "pre_approved": "on",
        "send_welcome_message": "False",
    }
    assert fetched(site, MANAGER, page, form).status == 403  # a page of somebody else made the browser send it
    assert site.members("m-live") == before
    assert fetched(site, MANAGER, page, form, asked.cookies).status in (200, 302)
    assert site.members("m-live") == before + 1


def test_a_big_removal_needs_a_word(site: Listed) -> None:
    few = tuple(
        replace(row, members=Membership(named=BIG[:13])) if row.local == "m-big" else row
        for row in described_lists()
    )
    smaller = replace(site.stage.prepared.site, lists=few)
    before = site.on("cat", "/var/lib/mailwright-lists/state.json")
    status, changed, words = site.play(smaller)
    assert status != 0
    assert changed == 0
    assert f"m-big@{DOMAIN}: 7 of 20 members would go" in words
    assert site.on("cat", "/var/lib/mailwright-lists/state.json") == before
    assert site.members("m-big") == 20
    status, changed, words = site.play(smaller, "-e", "mailman_remove_many=true")
    assert status == 0, words
    assert site.members("m-big") == 13


def entry(site: Listed, person: Person) -> str:
    described = site.stage.prepared.site.directory
    assert described is not None
    return directory.entry(described, person)


def in_group(site: Listed, verb: str, *people: Person) -> str:
    """A change of the group's members."""
    lines = [f"member: {entry(site, person)}" for person in people]
    return "\n".join((f"dn: {GROUP}", "changetype: modify", f"{verb}: member", *lines))


def addresses(people: Iterable[Person]) -> set[str]:
    return {person.address.lower() for person in people}


def test_members_are_who_is_in_a_group_of_the_directory(site: Listed) -> None:
    """The first apply reads the group; the next one follows it, though the description is the same."""
    people = {person.login: person for person in site.stage.prepared.people}
    crew = directory.in_groups(site.stage.prepared.people)
    assert site.roster("m-group") == addresses(crew)
    told = site.on("runuser", "-u", "list", "--", "mailman", "members", "--email-only", f"m-group@{DOMAIN}")
    assert set(told.lower().split()) == addresses(crew)  # Mailman's own program can read what was made
    left, stays, comes = people["jb143"], people["km217"], people["al215"]
    assert (left in crew, stays in crew, comes in crew) == (True, True, False)
    owned = site.members("m-live")
    site.in_directory(in_group(site, "delete", left), in_group(site, "add", comes))
    status, changed, words = site.play(site.stage.prepared.site, "--tags", "mailman")
    assert (status, changed) == (0, 1), words
    assert site.roster("m-group") == addresses(crew) - addresses((left,)) | addresses((comes,))
    assert site.members("m-live") == owned
    mark = letters.token()
    context = site.stage.context()
    poster = next(one for one in roads.people(context) if one.login == stays.login)
    content = letters.letter(mark, f"<{poster.published}>", f"<m-group@{DOMAIN}>", without=("Auto-Submitted",))
    assert posting.hand_in(context, poster, poster.published, (f"m-group@{DOMAIN}",), content)[1].accepted
    got = {one.login: mailboxes.holding(context, one.login, (mark,), PATIENCE)[mark] for one in (comes, stays)}
    assert got == {comes.login: 1, stays.login: 1}
    assert mailboxes.holding(context, left.login, (mark,), 0.0)[mark] == 0


def test_a_group_that_becomes_much_smaller_needs_a_word(site: Listed) -> None:
    """An apply says so, one in check mode too, and the nightly comparison; nobody goes before the word is said."""
    before = site.roster("m-group")
    go = [one for one in site.stage.prepared.people if one.address.lower() in before][:8]
    site.in_directory(in_group(site, "delete", *go))
    many = f"m-group@{DOMAIN}: 8 of {len(before)} members would go"
    for arguments in ((), ("--check",)):
        status, changed, words = site.play(site.stage.prepared.site, "--tags", "mailman", *arguments)
        assert status != 0, arguments
        assert changed == 0
        assert many in words
    site.on("systemctl", "start", "mailwright-lists.service", status=1)
    assert many in site.on("journalctl", "--no-pager", "-u", "mailwright-lists.service")
    assert site.roster("m-group") == before
    assert f"m-group@{DOMAIN}: 0 came, 8 went" in site.on("mailwright-lists", "apply", "--remove-many")
    assert site.roster("m-group") == before - addresses(go)
    site.on("systemctl", "reset-failed", "mailwright-lists.service")


def test_a_directory_that_says_of_people_which_groups_they_are_in(site: Listed) -> None:
    """As Active Directory does, and OpenLDAP with an overlay; the nightly comparison reads it."""
    before = site.roster("m-group")
    here = [one for one in site.stage.prepared.people if one.address.lower() in before]
    lab = site.stage.lab
    kind = "attributetype ( 1.3.6.1.4.1.32473.1.999 NAME 'memberOf' EQUALITY caseIgnoreMatch"
    text = "SYNTAX 1.3.6.1.4.1.1466.115.121.1.15 )"
    ended, said = lab.shell.run(
        LDAP, "sh", "-c", 'echo "$1" >> "$2"', "sh", f"{kind} {text}", f"{PLACE}/lab.schema"
    )
    assert ended == 0, said
    tells = [f"dn: {entry(site, one)}\nchangetype: modify\nadd: memberOf\nmemberOf: {GROUP}" for one in here[1:]]
    site.in_directory(*tells)
    site.on("systemctl", "start", "mailwright-lists.service")
    assert site.roster("m-group") == before - addresses(here[:1])


def test_a_directory_that_does_not_answer_takes_nobody_off(site: Listed) -> None:
    before = site.roster("m-group")
    site.stage.lab.switch(LDAP, "down")
    try:
        said = site.on("mailwright-lists", "apply", status=1)
    finally:
        site.stage.lab.switch(LDAP, "up")
    assert f"m-group@{DOMAIN}: the group {GROUP} could not be read" in said
    assert site.roster("m-group") == before
    assert "unchanged" in site.on("mailwright-lists", "apply")


@dataclass(frozen=True)
class Signer:
    """Other organisations' key, which all of POLICY's domains publish."""

    key: bytes
    record: str

    @classmethod
    def made(cls) -> Signer:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        value = base64.b64encode(public).decode("ascii")
        text = " ".join(f'"{part}"' for part in ("v=DKIM1; k=rsa; p=", value[:200], value[200:]))
        return cls(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), text)

    def signed(self, content: bytes, domain: str) -> bytes:
        fields = [b"from", b"to", b"subject", b"date", b"message-id"]
        return bytes(dkim.sign(content, b"key", domain.encode(), self.key, include_headers=fields)) + content


@pytest.fixture(scope="module")
def signer(site: Listed) -> Signer:
    """With the outsiders' domains in the DNS, whose SPF records cover the place that mail comes from."""
    made = Signer.made()
    lab = site.stage.lab
    terms = " ".join(f"ip{one.version}:{one}" for one in lab.topology.outside.ips)
    zones = {}
    for name, policy in POLICY.items():
        lines = [f'_dmarc.{name}. IN TXT "v=DMARC1; p={policy}"'] if policy else []
        for owner in (name, BELOW) if BELOW.endswith(f".{name}") else (name,):
            lines.append(f"{owner}. IN MX 10 {MAIL_HOST}.")
            lines.append(f'{owner}. IN TXT "v=spf1 {terms} -all"')
            lines.append(f"key._domainkey.{owner}. IN TXT {made.record}")
        zones[name] = "".join(f"{line}\n" for line in lines)
    lab.serve({**read_fragments(site.stage.prepared.project / "dns"), **zones})
    return made


def passes(site: Listed, received: Received) -> set[str]:
    """By what a message passes DMARC where it arrived (RFC 7489, 3.1): spf, dkim; each for the domain of From:."""
    context = site.stage.context()
    domain = parseaddr(letters.header(received.content, "From")[0])[1].rpartition("@")[2]
    found = set()

    def served(name: bytes, timeout: float = 5) -> bytes:
        return names.txt(context.resolver, name.decode()).encode()

    with roads.vantage(context, "outside").enter():
        verdict, _ = names.spf_verdict(context.resolver, received.client, received.sender, received.helo)
        if verdict == "pass" and received.sender.rpartition("@")[2] == domain:
            found.add("spf")
        for index, value in enumerate(letters.header(received.content, "DKIM-Signature")):
            signer = re.search(r"\bd=([^;\s]+)", value)
            if signer and signer[1] == domain and dkim.DKIM(received.content).verify(index, dnsfunc=served):
                found.add("dkim")
    return found


def read_as(content: bytes, field: str) -> list[tuple[str, str]]:
    """Names and addresses of a field, as people see them."""
    found = getaddresses(letters.header(content, field))
    return [(str(make_header(decode_header(name))), address) for name, address in found]


def copied(site: Listed, author: str, content: bytes, mark: str) -> Received:
    """The copy of a post from outside that leaves for the member outside."""
    context = site.stage.context()
    door = roads.doors(context, "outside", "smtp")[0]
    assert posting.delivered_directly(context, door, author, f"m-outside@{DOMAIN}", content).accepted
    received = site.stage.lab.mail.wait_for(mark, PATIENCE)
    assert received is not None, site.on("tail", "-n", "30", MAIL_LOG)
    assert received.recipients == (READER,)
    return received


@pytest.mark.parametrize(
    ("domain", "signs", "rewritten"),
    [
        ("strict.example", True, True),
        ("strict.example", False, True),
        ("wary.example", True, True),
        (BELOW, True, True),
        ("loose.example", True, False),
        ("plain.example", True, False),
    ],
)
def test_from_of_those_whose_domain_asks_for_it_is_the_list_s(
    site: Listed, signer: Signer, domain: str, signs: bool, rewritten: bool
) -> None:
    """What leaves passes DMARC: as the list, by its own signature and SPF; or as the author, by theirs (ADDR-7)."""
    author, mark = f"anna@{domain}", letters.token()
    written = formataddr((NAME, author))
    content = letters.letter(mark, written, f"<m-outside@{DOMAIN}>", without=("Auto-Submitted",))
    content = signer.signed(content, domain) if signs else content
    received = copied(site, author, content, mark)
    context = site.stage.context()
    account = next(one for one in roads.people(context) if one.login == MEMBERS[0]).account
    (inside,) = mailboxes.messages(context, account, mark, PATIENCE)
    for copy in (received.content, inside):
        assert letters.header(copy, lists.VERDICT) == []
        if rewritten:
            assert read_as(copy, "From") == [(f"{NAME} via The list m-outside", f"m-outside@{DOMAIN}")]
            assert read_as(copy, "Reply-To") == [(NAME, author)]
        else:
            assert letters.header(copy, "From") == [written]
            assert letters.header(copy, "Reply-To") == []
    assert received.sender.rpartition("@")[2] == DOMAIN
    assert passes(site, received) == ({"dkim", "spf"} if rewritten else {"dkim"})


def test_what_a_moderator_lets_through_is_rewritten_too(site: Listed, signer: Signer) -> None:
    """Nothing bears out who sent it, so it waits; what leaves then is the list's all the same."""
    context = site.stage.context()
    author, mark = "anna@strict.example", letters.token()
    content = letters.letter(mark, f"<{author}>", f"<m-outside@{DOMAIN}>", without=("Auto-Submitted",))
    door = roads.doors(context, "outside", "smtp")[0]
    sent = posting.delivered_directly(context, door, "x@plain.example", f"m-outside@{DOMAIN}", content)
    assert sent.accepted
    manager = next(one for one in roads.people(context) if one.login == MANAGER)
    (notice, *_) = mailboxes.messages(context, manager.account, mark, PATIENCE)
    word = re.search(rb"subject=accept%20([0-9a-f]{40})", notice)
    assert word, notice
    assert site.stage.lab.mail.received(mark) == ()
    to = f"m-outside-request@{DOMAIN}"
    answer = letters.letter("x", f"<{manager.published}>", f"<{to}>", without=("Subject",))
    answer = f"Subject: accept {word[1].decode()}\r\n".encode() + answer
    assert posting.hand_in(context, manager, manager.published, (to,), answer)[1].accepted
    received = site.stage.lab.mail.wait_for(mark, PATIENCE)
    assert received is not None
    assert [address for _, address in read_as(received.content, "From")] == [f"m-outside@{DOMAIN}"]
    assert [address for _, address in read_as(received.content, "Reply-To")] == [author]
    assert passes(site, received) == {"dkim", "spf"}


def test_nobody_s_forged_from_becomes_the_list_s(site: Listed, signer: Signer) -> None:
    """Where the author's domain asks others to refuse what nothing bears out, a list that anyone may write to does
    not make it pass; a moderator decides."""
    got = site.posted(
        *(
            (f"m-anyone@{DOMAIN}", author, author, line(f"{verdict}; from={author}"))
            for author, verdict in (
                ("anna@strict.example", "unproven"),
                ("anna@wary.example", "unproven"),
                (f"anna@{BELOW}", "unproven"),
                ("anna@loose.example", "unproven"),
                ("anna@plain.example", "unproven"),
                ("anna@strict.example", "vouched; by=dkim"),
            )
        )
    )
    assert got == ["hold", "hold", "hold", "accept", "accept", "accept"]


@pytest.mark.parametrize("reply", ["", "<Karl.Marx@college.ac.uk>"])
def test_from_of_the_site_s_own_stays_though_their_domain_asks_for_it(site: Listed, reply: str) -> None:
    """The signature that they got when they submitted it is whole when it leaves, whatever it covers."""
    context = site.stage.context()
    who = next(one for one in roads.people(context) if one.login == "km217")
    domain = who.published.rpartition("@")[2]
    with roads.vantage(context, "outside").enter():
        assert "p=reject" in names.txt(context.resolver, f"_dmarc.{domain}")
    mark = letters.token()
    written = f"Karl Marx <{who.published}>"
    extra = (("Reply-To", reply),) if reply else ()
    content = letters.letter(mark, written, f"<m-outside@{DOMAIN}>", without=("Auto-Submitted",), extra=extra)
    assert posting.hand_in(context, who, who.published, (f"m-outside@{DOMAIN}",), content)[1].accepted
    received = site.stage.lab.mail.wait_for(mark, PATIENCE)
    assert received is not None
    assert letters.header(received.content, "From") == [written]
    assert letters.header(received.content, "Reply-To") == [reply for _ in (1,) if reply]
    assert passes(site, received) == {"dkim"}


def test_a_list_that_left_is_closed_and_not_deleted(site: Listed) -> None:
    rest = tuple(row for row in described_lists() if row.local != "m-anyone")
    status, _, words = site.play(replace(site.stage.prepared.site, lists=rest), "-e", "mailman_remove_many=true")
    assert status == 0, words
    assert f"m-anyone@{DOMAIN}: 2 members, closed" in site.on("mailwright-lists", "status")
    member = site.address(MEMBERS[0])
    true = line(f"inside; login={MEMBERS[0]}; from={member}")
    assert site.posted((f"m-anyone@{DOMAIN}", member, member, true)) == ["reject"]
    site.on("mailwright-lists", "remove", f"m-anyone@{DOMAIN}")
    assert "m-anyone" not in site.on("mailwright-lists", "status")
    site.on("mailwright-lists", "remove", f"m-members@{DOMAIN}", status=1)  # it is described
