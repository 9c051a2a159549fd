"""Webmail as somebody uses it, with mouse and keys in a browser."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from support.browser import Browser

ROW = "document.querySelector('#messagelist tbody tr.message')"
FRAME = "document.querySelector('#{}').contentDocument"


def element(selector: str, document: str = "document") -> str:
    """The expression of an element."""
    return f"{document}.querySelector({json.dumps(selector)})"


def visible(selector: str, document: str = "document") -> str:
    """The expression of the first such element that is seen."""
    return f"[...{document}.querySelectorAll({json.dumps(selector)})].find(one => one.getClientRects().length)"


@dataclass
class Webmail:
    """``url`` is where it is: ``https://www.college.ac.uk/webmail/``."""

    browser: Browser
    url: str

    def try_to_sign_in(self, login: str, password: str) -> None:
        """Fill in the form and send it."""
        browser = self.browser
        browser.go(self.url)
        browser.await_("window.rcmail && document.querySelector('#rcmloginuser') === document.activeElement")
        browser.type(login)
        browser.click(element("#rcmloginpwd"))
        browser.type(password)
        browser.click(element("#rcmloginsubmit"))

    def sign_in(self, login: str, password: str) -> float:
        """Until the in-box is shown, with what is in it; seconds that it took from the click."""
        self.try_to_sign_in(login, password)
        started = time.monotonic()
        self.browser.await_(
            "window.rcmail && rcmail.task === 'mail' && !rcmail.busy && rcmail.env.messagecount !== undefined && "
            f"(!rcmail.env.messagecount || !!{ROW})"
        )
        return time.monotonic() - started

    def sign_out(self) -> None:
        self.go("_task=mail")
        self.browser.click(visible("a.logout"))
        self.browser.await_("document.querySelector('#rcmloginuser')")

    def go(self, query: str) -> None:
        self.browser.go(f"{self.url}?{query}")
        self.browser.await_("window.rcmail && !rcmail.busy && document.readyState === 'complete'")

    def subjects(self, folder: str = "INBOX") -> list[str]:
        """Of the messages on the first page of a folder."""
        self.go(f"_task=mail&_mbox={folder}")
        self.browser.await_("rcmail.env.messagecount !== undefined && !rcmail.busy")
        found: list[str] = self.browser.run(
            "[...document.querySelectorAll('#messagelist tbody tr.message span.subject a')]"
            ".map(one => one.innerText.trim())"
        )
        return found

    def await_subject(self, subject: str, folder: str = "INBOX", *, seconds: float = 60.0) -> None:
        end = time.monotonic() + seconds
        while subject not in (found := self.subjects(folder)):
            assert time.monotonic() < end, (subject, found)
            time.sleep(1)

    def open(self, subject: str, folder: str = "INBOX") -> str:
        """Show a message by itself; its text."""
        self.subjects(folder)
        uid = self.browser.await_(
            "(() => { const row = [...document.querySelectorAll('#messagelist tbody tr.message')]"
            f".find(row => row.innerText.includes({json.dumps(subject)}));"
            " return row && rcmail.message_list.get_row_uid(row); })()"
        )
        self.go(f"_task=mail&_mbox={folder}&_uid={uid}&_action=show")
        text: str = self.browser.run("document.querySelector('#messagebody').innerText")
        return text

    def compose(self, to: str, subject: str, text: str) -> None:
        """Write a message, and leave it unsent."""
        self.go("_task=mail&_action=compose")
        self.address(to)
        self.browser.click(element("#compose-subject"))
        self.browser.type(subject)
        self.write(text)

    def address(self, typed: str) -> None:
        self.browser.click(visible("#compose_to .recipient-input input"))
        self.browser.type(typed)

    def write(self, text: str) -> None:
        self.browser.click(element("#composebody"))
        self.browser.type(text)

    def senders(self) -> list[str]:
        """What can be chosen as From: on the page of a new message."""
        found: list[str] = self.browser.run("[...document.querySelectorAll('#_from option')].map(one => one.text)")
        return found

    def send(self) -> None:
        """Until it is sent and the page has gone back to the list."""
        self.browser.click(visible("button.send, a.send"))
        self.browser.await_("rcmail.env.action !== 'compose' && rcmail.task === 'mail' && !rcmail.busy")

    def said(self) -> str:
        """What it tells the user at the moment."""
        words: str = self.browser.run("(document.querySelector('#messagestack') || {innerText: ''}).innerText")
        return words

    def await_said(self, words: str, *, seconds: float = 30.0) -> None:
        self.browser.await_(
            f"document.querySelector('#messagestack').innerText.includes({json.dumps(words)})", seconds=seconds
        )

    def make_folder(self, name: str) -> None:
        self.go("_task=settings&_action=folders")
        self.browser.click(visible("a.create"))
        frame = FRAME.format("preferences-frame")
        self.browser.await_(element("input[name=_name]", frame))
        self.browser.click(element("input[name=_name]", frame))
        self.browser.type(name)
        self.browser.click(visible("button.submit", frame))
        self.browser.await_(
            "[...document.querySelectorAll('#subscription-table li')]"
            f".some(one => one.innerText.trim() === {json.dumps(name)})"
        )

    def move(self, subject: str, folder: str) -> None:
        """A message of the in-box, by the menu."""
        self.subjects()
        row = (
            "[...document.querySelectorAll('#messagelist tbody tr.message')]"
            f".find(row => row.innerText.includes({json.dumps(subject)}))"
        )
        self.browser.click(f"{row}.querySelector('td.subject')")
        self.browser.await_("rcmail.message_list.get_selection().length === 1")
        self.browser.await_(f"!rcmail.busy && {element('#message-header', FRAME.format('messagecontframe'))}")
        self.browser.click(visible("a.more"))
        self.browser.click(visible("a.move.active"))
        self.browser.click(
            "[...document.querySelectorAll('#folder-selector a')]"
            f".find(one => one.innerText.trim() === {json.dumps(folder)})"
        )
        self.browser.await_(f"!rcmail.busy && !({row} || {{getClientRects: () => []}}).getClientRects().length")

    def out_of_office(self, reason: str) -> None:
        self.go("_task=settings&_action=plugin.managesieve-vacation")
        self.browser.click(element("#vacation_reason"))
        self.browser.type(reason)
        self.browser.run("document.querySelector('#vacation_status').value = 'on'")
        self.browser.click(visible("button.submit"))

    def change_password(self, old: str, new: str) -> None:
        self.go("_task=settings&_action=plugin.password")
        for field, word in (("curpasswd", old), ("newpasswd", new), ("confpasswd", new)):
            self.browser.click(element(f"#{field}"))
            self.browser.type(word)
        self.browser.run("document.querySelector('#messagestack').innerText = ''")
        self.browser.click(visible("button.submit"))
        self.browser.await_("document.querySelector('#messagestack').innerText.trim() && !rcmail.busy")

    def back_in_office(self) -> None:
        self.go("_task=settings&_action=plugin.managesieve-vacation")
        self.browser.run("document.querySelector('#vacation_status').value = 'off'")
        self.browser.click(visible("button.submit"))
        self.await_said("saved successfully")

    def answer(self) -> None:
        """The message that is shown; the page of the answer."""
        self.browser.await_("!rcmail.busy && rcmail.commands.reply")
        self.browser.click(visible("a.reply"))
        self.browser.await_(
            "rcmail.env.action === 'compose' && !rcmail.busy && document.querySelector('#composebody')"
        )

    def refuse_receipt(self) -> None:
        """Asked whether the sender is to be told that the message is read: no."""
        self.browser.click(visible(".ui-dialog button.cancel"))
        self.browser.await_("!document.querySelector('.ui-dialog')")

    def allow_pictures(self) -> None:
        """Of the message that is shown, by the button that Roundcube offers."""
        self.browser.click(visible("#remote-objects-message a, #remote-objects-message button"))

    def find(self, typed: str) -> list[str]:
        """Names in the organisation's address book."""
        self.go("_task=addressbook")
        self.browser.await_("document.querySelector('#contacts-table tbody tr') && rcmail.env.source === 'people'")
        self.browser.click(visible("#searchform, input[name=_q]"))
        self.browser.type(typed)
        self.browser.await_("!rcmail.busy")
        self.browser.type("\r")
        self.browser.await_("!!rcmail.env.search_request && !rcmail.busy")
        names: list[str] = self.browser.run(
            "[...document.querySelectorAll('#contacts-table tbody tr')].map(one => one.innerText.trim())"
        )
        return names

    def offered(self, typed: str) -> list[str]:
        """What is offered for what was typed as a recipient."""
        self.address(typed)
        self.browser.await_("document.querySelectorAll('#rcmKSearchpane li').length")
        found: list[str] = self.browser.run(
            "[...document.querySelectorAll('#rcmKSearchpane li')].map(one => one.innerText.trim())"
        )
        return found

    def post(self, action: str, **fields: object) -> Any:
        """What a form made by hand gets, sent with the token of the page: status and text."""
        return self.browser.call(
            "Runtime.evaluate",
            expression=f"""(async () => {{
                const body = new URLSearchParams({json.dumps({k: str(v) for k, v in fields.items()})});
                body.set('_token', rcmail.env.request_token);
                const answer = await fetch({json.dumps(f"{self.url}?{action}")}, {{method: 'POST', body}});
                return [answer.status, await answer.text()];
            }})()""",
            awaitPromise=True,
            returnByValue=True,
        )["result"]["value"]
