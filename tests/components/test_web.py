"""The web server's files, and the server that people sign in with. nginx itself is asked in tests/native."""

from __future__ import annotations

import base64
import importlib.util
import json
import plistlib
import re
import socket
import ssl
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

from mailwright import resources
from mailwright.components import web, web_clients
from mailwright.components.model import Component
from mailwright.plan import make
from mailwright.plan.model import Plan
from support import authorities, mail_peer
from support.example import load_example, whole

WWW, MAIL = "www.college.ac.uk", "mail.college.ac.uk"


def program() -> ModuleType:
    path = resources.folder("templates") / "web" / "mailwright_signin.py"
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


signin = program()


def tree(text: str | bytes) -> ElementTree.Element:
    return ElementTree.fromstring(text)  # noqa: S314 - made here


def files(host: str = WWW, plan: Plan | None = None) -> dict[str, str]:
    plan = plan or make(whole())
    return {file.path: file.text for file in web.files(plan, plan.host(host)) if isinstance(file.text, str)}


# --- What lands on hosts


def test_each_name_is_served_and_every_other_is_told_that_it_is_not() -> None:
    text = files()["/etc/nginx/nginx.conf"]
    served = re.findall(r"^ +server_name (\S+);$", text, re.MULTILINE)
    domains = ("college.ac.uk", "chem.college.ac.uk")
    wanted = {WWW, *(f"{name}.{domain}" for name in ("autoconfig", "autodiscover") for domain in domains)}
    assert served[0] == "_"
    assert set(served[1:]) == wanted
    assert len(served) == len(set(served))
    assert text.count("default_server") == 2
    assert {path.split("/")[4].removesuffix(".d") for path in files() if path.endswith(".d/web.conf")} == wanted


def test_there_is_no_plain_http_and_nothing_says_its_version() -> None:
    text = files()["/etc/nginx/nginx.conf"]
    assert set(re.findall(r"^ +listen (.+);$", text, re.MULTILINE)) == {
        "443 ssl",
        "[::]:443 ssl",
        "443 ssl default_server",
        "[::]:443 ssl default_server",
    }
    for line in ("server_tokens off;", "access_log off;", "ssl_protocols TLSv1.2 TLSv1.3;", "include mime.types;"):
        assert line in text
    assert "sites-enabled" not in re.sub("#.*", "", text)


def test_pages_are_for_the_campus_and_for_whoever_signs_in() -> None:
    plan = make(whole())
    text = files()[f"/etc/nginx/mailwright/{WWW}.d/web.conf"]
    assert "satisfy any;" in text
    assert re.findall(r"allow (\S+);", text) == list(map(str, plan.settings.campus_networks))
    assert "deny all;" in text
    profile = text[text.index("location = /mobileconfig/") :]
    assert "sign-in.conf" in profile
    assert "satisfy" not in profile
    for name in ("privacy.html", "index.html", "style.css"):
        assert f"{web.PAGES}/{name}" in files()


def test_names_and_telephone_numbers_of_those_who_run_it_are_not_served() -> None:
    contacts = make(whole()).contacts
    assert any(one.telephone for one in contacts)
    served = {path: text for path, text in files().items() if path.startswith(web.PAGES)}
    assert not [path for path in served if path.removeprefix(f"{web.PAGES}/").startswith(("contacts", "operation"))]
    for one in contacts:
        if one.telephone and one.name != make(whole()).settings.organisation:
            desk = make(whole()).settings.service_desk
            if desk is not None and one.telephone == desk.telephone:
                continue
            assert not [path for path, text in served.items() if one.telephone in text]


def test_a_list_host_serves_what_the_list_server_puts_there_and_no_pages() -> None:
    said = files(MAIL)
    assert not [path for path in said if path.startswith((web.PAGES, web.CLIENTS))]
    assert "return 404;" in said[f"/etc/nginx/mailwright/{MAIL}.d/web.conf"]
    assert web.COMPONENT.runs_on(make(whole()), make(whole()).host(MAIL))


def test_a_site_without_both_has_no_web_server() -> None:
    plan = make(load_example())
    assert not [host for host in plan.hosts if web.COMPONENT.runs_on(plan, host)]


def test_one_host_for_everything() -> None:
    site = whole()
    one = replace(site.hosts[0], functions=(*site.hosts[0].functions, *site.hosts[1].functions))
    plan = make(replace(site, hosts=(one,)))
    said = files(MAIL, plan)
    assert f"{web.PAGES}/privacy.html" in said
    assert json.loads(said[web.SETTINGS])["store"] == MAIL


def test_people_are_not_for_everybody_on_the_host() -> None:
    plan = make(whole())
    modes = {file.path: (file.mode, file.group) for file in web.files(plan, plan.host(WWW)) if file.personal}
    assert modes == {web.PEOPLE: (0o640, web.USER)}
    people = json.loads(files()[web.PEOPLE])
    assert people["ab011"] == {"name": "Anwen Bevan", "address": "Anwen.Bevan@college.ac.uk"}
    assert set(people) == {row.login for row in plan.mailboxes}


def test_the_component_is_for_either_function() -> None:
    assert isinstance(web.COMPONENT, Component)
    assert web.COMPONENT.functions == {"web", "lists"}


# --- What mail programs are told


def test_thunderbird_is_told_the_listeners_and_to_log_in_with_the_address() -> None:
    plan = make(whole())
    root = tree(web_clients.autoconfig(plan).encode())
    assert root.tag == "clientConfig"
    assert root.get("version") == "1.1"
    assert [one.text for one in root.findall("emailProvider/domain")] == list(plan.settings.domains)
    told = {
        (one.findtext("hostname"), int(one.findtext("port", "")), one.findtext("socketType"))
        for one in (*root.iter("incomingServer"), *root.iter("outgoingServer"))
    }
    tls = {"implicit": "SSL", "starttls": "STARTTLS"}
    mail = {"imaps", "pop3s", "submission", "submissions"}
    assert told == {(row.host, row.port, tls[row.tls]) for row in plan.listeners if row.service in mail}
    assert {one.text for one in root.iter("username")} == {"%EMAILADDRESS%"}
    assert next(root.iter("incomingServer")).get("type") == "imap"


def test_what_an_organisation_is_called_stays_what_it_is_called() -> None:
    plan = make(whole())
    named = replace(plan, settings=replace(plan.settings, organisation="A & B <script>"))
    root = tree(web_clients.autoconfig(named).encode())
    assert root.findtext("emailProvider/displayName") == "A & B <script>"
    assert web_clients.autoconfig(named) == web_clients.autoconfig(named)


def test_a_site_without_pop_offers_none() -> None:
    site = whole()
    without = make(replace(site, store=replace(site.store, pop3=False)))
    assert "pop3" not in web_clients.autoconfig(without)
    assert "pop3" in web_clients.autoconfig(make(site))


def settings() -> dict[str, object]:
    found: dict[str, object] = json.loads(files()[web.SETTINGS])
    return found


def test_an_apple_profile_is_one_person_s_own() -> None:
    person = {"name": "Anwen <Bevan> & co", "address": "Anwen.Bevan@college.ac.uk"}
    made = signin.profile(settings(), "ab011", person)
    said = plistlib.loads(made)
    assert made == signin.profile(settings(), "ab011", person)
    assert said["PayloadType"] == "Configuration"
    (account,) = said["PayloadContent"]
    assert account["EmailAccountName"] == person["name"]
    assert account["EmailAddress"] == person["address"]
    assert (account["IncomingMailServerHostName"], account["IncomingMailServerPortNumber"]) == (MAIL, 993)
    assert (account["OutgoingMailServerHostName"], account["OutgoingMailServerPortNumber"]) == (MAIL, 465)
    assert {account["IncomingMailServerUsername"], account["OutgoingMailServerUsername"]} == {"ab011"}
    other = plistlib.loads(signin.profile(settings(), "km217", person))
    assert other["PayloadUUID"] != said["PayloadUUID"]
    assert other["PayloadContent"][0]["PayloadUUID"] != account["PayloadUUID"]


ASKED = (
    '<Autodiscover xmlns="http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006">'
    "<Request><EMailAddress>{}</EMailAddress></Request></Autodiscover>"
)


def test_outlook_is_told_about_addresses_of_the_site() -> None:
    address = signin.outlook_asks(ASKED.format(" K.Marx@chem.college.ac.uk ").encode())
    assert address == "K.Marx@chem.college.ac.uk"
    root = tree(signin.outlook_is_told(settings(), address))
    told = root.findall(f".//{{{signin.OUTLOOK}}}Protocol")
    assert [one.findtext(f"{{{signin.OUTLOOK}}}Type") for one in told] == ["IMAP", "POP3", "SMTP", "SMTP"]
    assert {one.findtext(f"{{{signin.OUTLOOK}}}LoginName") for one in told} == {address}
    assert [one.findtext(f"{{{signin.OUTLOOK}}}Encryption") for one in told] == ["SSL", "SSL", "SSL", "TLS"]


@pytest.mark.parametrize(
    "address", ["", "k.marx@elsewhere.example", "<x>@college.ac.uk", "k@l@college.ac.uk", "k marx"]
)
def test_outlook_is_told_nothing_about_others(address: str) -> None:
    root = tree(signin.outlook_is_told(settings(), address))
    assert root.findtext(f".//{{{signin.RESPONSE}}}ErrorCode") == "600"
    assert address == "" or address not in ElementTree.tostring(root, encoding="unicode")


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa">]>' + ASKED.format("&a;@college.ac.uk")


@pytest.mark.parametrize("body", [BOMB, "", "no XML", "<a", ASKED.format(""), "<a/>", "\x00\xff"])
def test_what_is_no_question_is_none(body: str) -> None:
    assert signin.outlook_asks(body.encode("latin-1")) == ""


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-7"])
def test_what_is_declared_in_another_encoding_is_not_expanded(encoding: str) -> None:
    said = f'<?xml version="1.0" encoding="{encoding[:6]}"?>' + BOMB
    assert signin.outlook_asks(said.encode(encoding)) == ""
    assert signin.outlook_asks(ASKED.format("a@college.ac.uk").encode("utf-16")) == ""
    assert signin.outlook_asks(ASKED.format("a@college.ac.uk").encode()) == "a@college.ac.uk"


# --- Signing in


def basic(login: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{login}:{password}".encode()).decode()


def test_credentials() -> None:
    assert signin.credentials(basic(" AB011 ", "a:b ")) == ("ab011", "a:b ")
    assert signin.credentials(basic("ab011", "Ŵyl").replace("Basic", "bAsIc")) == ("ab011", "Ŵyl")
    for wrong in (
        "",
        "Basic",
        "Basic x",
        "Bearer " + basic("a", "b")[6:],
        basic("ab011", ""),
        basic("", "x"),
        basic("a\r\nb", "x"),
        basic("a", "x\0y"),
        basic("a" * 300, "x"),
        basic("a", "x" * 1100),
        "Basic " + base64.b64encode(b"a:\xff").decode(),
        "Basic " + base64.b64encode(b"no colon").decode(),
    ):
        assert signin.credentials(wrong) is None, wrong


def test_what_is_remembered_is_for_a_minute_and_no_password() -> None:
    remembered = signin.Remembered()
    remembered.add("ab011", "secret", 100.0)
    assert remembered.has("ab011", "secret", 159.0)
    assert not remembered.has("ab011", "secret", 160.0)
    assert not remembered.has("ab011", "other", 101.0)
    assert not remembered.has("ah205", "secret", 101.0)
    assert not remembered.has("ab011s", "ecret", 101.0)
    assert not [value for value in vars(remembered).values() if "secret" in repr(value)]
    for number in range(signin.MOST_REMEMBERED + 5):
        remembered.add(str(number), "x", 200.0)
    assert not remembered.has("0", "x", 201.0)
    assert remembered.has("5", "x", 201.0)


def test_of_one_address_some_wait_and_of_others_too() -> None:
    crowd = signin.Crowd(2)
    assert [crowd.enter("a"), crowd.enter("a"), crowd.enter("a"), crowd.enter("b")] == [True, True, False, True]
    crowd.leave("a")
    assert crowd.enter("a")
    assert signin.crowd_of("2001:db8::1") == signin.crowd_of("2001:db8::2") == "2001:db8::/64"
    assert signin.crowd_of("203.0.113.1") == "203.0.113.1"


Answer = Callable[[str], str]


@contextmanager
def store(answer: Answer, heard: list[str]) -> Iterator[int]:
    """An IMAP server that answers AUTHENTICATE so."""
    own = authorities.signed("localhost", authorities.root())
    tls = authorities.server(own)

    def session(connection: socket.socket) -> None:
        with tls.wrap_socket(connection, server_side=True) as peer:
            lines = peer.makefile("rb")
            peer.sendall(b"* OK ready\r\n")
            while line := lines.readline().decode().strip():
                heard.append(line)
                tag, _, rest = line.partition(" ")
                said = answer(base64.b64decode(rest.split()[-1]).decode()) if "AUTH" in rest else "OK done"
                peer.sendall(f"* 1 EXISTS\r\n{tag} {said}\r\n".encode())

    with mail_peer.listening(session) as port:
        yield port


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Callable[[Answer, str], tuple[bool, list[str]]]:
    trust = authorities.trust(authorities.root())

    def asked(answer: Answer, password: str) -> tuple[bool, list[str]]:
        heard: list[str] = []
        with store(answer, heard) as port:
            monkeypatch.setattr(signin, "IMAPS", port)
            context = ssl.create_default_context(cafile=trust)
            right = signin.asked_store("localhost", context, "203.0.113.9", "ab011", password)
        return right, heard

    return asked


def judge(said: str) -> str:
    return "OK in" if said == "\0ab011\0right" else "NO [AUTHENTICATIONFAILED] no"


def test_the_store_is_told_who_it_is_that_signs_in(ask: Callable[[Answer, str], tuple[bool, list[str]]]) -> None:
    right, heard = ask(judge, "right")
    assert right
    assert heard[0] == 'a ID ("x-originating-ip" "203.0.113.9")'
    assert not ask(judge, "wrong")[0]


@pytest.mark.parametrize("answer", ["NO [UNAVAILABLE] later", "NO something", "BAD what", "* BYE"])
def test_a_store_that_does_not_say_is_no_wrong_password(
    ask: Callable[[Answer, str], tuple[bool, list[str]]], answer: str
) -> None:
    with pytest.raises(signin.AwayError):
        ask(lambda _said: answer, "right")


def test_a_store_with_another_certificate_gets_no_password(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[str] = []
    with store(judge, heard) as port:
        monkeypatch.setattr(signin, "IMAPS", port)
        with pytest.raises(signin.AwayError):
            signin.asked_store("localhost", ssl.create_default_context(), "203.0.113.9", "ab011", "right")
    assert heard == []


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., tuple[int, dict[str, str]]]]:
    """Asks the server as nginx does; who is asked for a password is a table."""
    said = settings()
    people = tmp_path / "people.json"
    people.write_text(files()[web.PEOPLE])
    said |= {"people": str(people), "authorities": None, "signer": str(tmp_path / "nobody")}

    def asked(_store: str, _context: object, client: str, _login: str, password: str) -> bool:
        calls.append(client)
        if password == "away":
            raise signin.AwayError("away")
        return password == "right"

    calls: list[str] = []
    monkeypatch.setattr(signin, "asked_store", asked)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(tmp_path / "socket"))
    listening.listen()
    server = signin.Server(signin.Service(said), listening)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()

    def request(text: str) -> tuple[int, dict[str, str]]:
        with socket.socket(socket.AF_UNIX) as peer:
            peer.settimeout(20)
            peer.connect(str(tmp_path / "socket"))
            peer.sendall(text.encode().replace(b"\n", b"\r\n"))
            answer = peer.makefile("rb").read()
        head, _, body = answer.partition(b"\r\n\r\n")
        status, *lines = head.decode().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines)
        return int(status.split()[1]), {**headers, "body": body.decode(), "calls": str(len(calls))}

    yield request
    server.shutdown()
    server.server_close()


def get(path: str, **headers: str) -> str:
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\n".join([f"GET {path} HTTP/1.1", "Host: sign-in", *lines, "", ""])


Served = Callable[..., tuple[int, dict[str, str]]]


def test_who_signs_in_is_told_to_nginx(served: Served) -> None:
    client = "203.0.113.9"
    status, said = served(get("/sign-in", X_Mailwright_Client=client))
    assert (status, said["WWW-Authenticate"]) == (401, 'Basic realm="Mail login, college.ac.uk", charset="UTF-8"')
    status, said = served(get("/sign-in", X_Mailwright_Client=client, Authorization=basic("ab011", "wrong")))
    assert status == 401
    status, said = served(get("/sign-in", X_Mailwright_Client=client, Authorization=basic("AB011", "right")))
    assert (status, said["X-Mailwright-Login"], said["X-Mailwright-Address"]) == (
        204,
        "ab011",
        "Anwen.Bevan@college.ac.uk",
    )
    before = said["calls"]
    _, said = served(get("/sign-in", X_Mailwright_Client=client, Authorization=basic("ab011", "right")))
    assert said["calls"] == before  # remembered
    status, said = served(
        get("/sign-in", X_Mailwright_Client=client, Authorization=basic("anwen.bevan@college.ac.uk", "right"))
    )
    assert (status, said["X-Mailwright-Login"]) == (204, "ab011")
    status, _ = served(get("/sign-in", X_Mailwright_Client=client, Authorization=basic("ab011", "away")))
    assert status == 503
    assert served(get("/sign-in", Authorization=basic("ab011", "right")))[0] == 403


def test_guessers_from_everywhere_leave_room_for_those_who_are_remembered(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = get("/sign-in", X_Mailwright_Client="203.0.113.9", Authorization=basic("ab011", "right"))
    assert served(known)[0] == 204
    held, inside = threading.Event(), threading.Semaphore(0)

    def slow(*_: object) -> bool:
        inside.release()
        held.wait(20)
        return False

    monkeypatch.setattr(signin, "asked_store", slow)
    guesses = [
        get("/sign-in", X_Mailwright_Client=f"2001:db8:0:{number:x}::1", Authorization=basic("ab011", "guess"))
        for number in range(signin.MOST_WAITING)
    ]
    threads = [threading.Thread(target=served, args=(guess,), daemon=True) for guess in guesses]
    for thread in threads:
        thread.start()
    try:
        for _ in threads:
            assert inside.acquire(timeout=20)
        another = get("/sign-in", X_Mailwright_Client="2001:db8:1::1", Authorization=basic("ab011", "guess"))
        assert served(another)[0] == 503
        assert served(known)[0] == 204
        body = ASKED.format("anwen.bevan@college.ac.uk")
        assert served(f"POST /autodiscover HTTP/1.1\nHost: x\nContent-Length: {len(body)}\n\n{body}")[0] == 200
    finally:
        held.set()
        for thread in threads:
            thread.join(20)
    assert served(another)[0] == 401


def test_a_profile_is_for_whom_nginx_says(served: Served) -> None:
    status, said = served(get("/mobileconfig", X_Mailwright_Login="ab011"))
    assert status == 200
    assert said["Cache-Control"] == "no-store"
    assert plistlib.loads(said["body"].encode())["PayloadContent"][0]["EmailAddress"] == "Anwen.Bevan@college.ac.uk"
    for nobody in ("", "nobody", "../x"):
        assert served(get("/mobileconfig", X_Mailwright_Login=nobody))[0] == 404


def test_outlook_posts_and_gets_an_answer(served: Served) -> None:
    body = ASKED.format("anwen.bevan@college.ac.uk")
    head = "POST /autodiscover?x=1 HTTP/1.1\nHost: x\nContent-Length: {}\n\n"
    status, said = served(head.format(len(body)) + body)
    assert status == 200
    assert "anwen.bevan@college.ac.uk" in said["body"]
    assert served(head.format(10**6))[0] == 413
    assert served(head.format("-1"))[0] == 404
    assert served(get("/autodiscover"))[0] == 405
    assert served(get("/elsewhere"))[0] == 404
