"""The address book for mail programs, and servers that show too much, too little, or let it be changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

import pytest

from mailwright.audit import carddav
from mailwright.findings import Status
from support.probing import failures, verdict
from support.web_site import Answer, Asked, Users, web_site, whole_plan

PROBES = {probe.id: probe for probe in carddav.PROBES}
DAV = 'xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:carddav"'
XML = "application/xml"
EVERYBODY = tuple(row.address for row in whole_plan().book)


def multistatus(*responses: str) -> Answer:
    return Answer(207, f"<multistatus {DAV}>{''.join(responses)}</multistatus>".encode(), XML)


def response(href: str, properties: str) -> str:
    return f"<response><href>{href}</href><propstat><prop>{properties}</prop></propstat></response>"


@dataclass(frozen=True)
class Book:
    """A server of one book. What it does wrong is what differs from the defaults."""

    people: Iterable[str] = EVERYBODY
    open: bool = False
    writable: bool = False
    well_known: int = 301
    leads_to: str = "/carddav/"
    book: bool = True

    def __call__(self, asked: Asked) -> Answer:
        if asked.path == carddav.WELL_KNOWN:
            return Answer(self.well_known, headers=(("Location", self.leads_to),))
        if not asked.login and not self.open:
            return Answer(401)
        if asked.method in ("PUT", "DELETE"):
            return Answer(201 if self.writable else 403)
        if asked.method == "REPORT":
            return multistatus(*(self.card(one) for one in self.people))
        kind = "<resourcetype><collection/><C:addressbook/></resourcetype>" if self.book else "<resourcetype/>"
        return {
            "/carddav/": multistatus(
                response("/carddav/", "<current-user-principal><href>/carddav/me/</href></current-user-principal>")
            ),
            "/carddav/me/": multistatus(
                response(
                    "/carddav/me/", "<C:addressbook-home-set><href>/carddav/books/</href></C:addressbook-home-set>"
                )
            ),
            "/carddav/books/": multistatus(response("/carddav/books/people/", kind)),
        }.get(asked.path, Answer(404))

    @staticmethod
    def card(address: str) -> str:
        card = (
            f"BEGIN:VCARD\r\nVERSION:3.0\r\nEMAIL;TYPE=INTERNET:{address[:10]}\r\n {address[10:]}\r\nEND:VCARD\r\n"
        )
        return response(f"/carddav/books/people/{address}.vcf", f"<C:address-data>{card}</C:address-data>")


def look(id_: str, answers: Callable[[Asked], Answer]) -> tuple[Status, list[str]]:
    with web_site(answers) as context:
        found, seen = verdict(PROBES[id_], context)
        return found, failures(seen)


@pytest.mark.parametrize("id_", [id_ for id_ in PROBES if id_ != "carddav.loopback"])
def test_where_all_is_well(id_: str) -> None:
    assert look(id_, Book()) == (Status.PASS, [])


@pytest.mark.parametrize(
    ("book", "wanted"),
    [
        (Book(open=True), Status.FAIL),
        (Book(people=EVERYBODY[1:]), Status.FAIL),
        (Book(people=(*EVERYBODY, "Somebody.Else@college.ac.uk")), Status.FAIL),
        (Book(well_known=404), Status.FAIL),
        (Book(leads_to="https://elsewhere.example/"), Status.FAIL),
        (Book(book=False), Status.FAIL),
    ],
)
def test_a_book_that_is_not_as_it_should_be(book: Book, wanted: Status) -> None:
    assert look("carddav.book", book)[0] is wanted


def test_a_book_that_can_be_changed() -> None:
    assert look("carddav.read-only", Book(writable=True))[0] is Status.FAIL


def test_what_cannot_be_read_proves_nothing_about_writing() -> None:
    assert look("carddav.read-only", lambda _asked: Answer(401))[0] is Status.NOT_PROVEN


def test_who_reaches_what_keeps_the_book() -> None:
    own = {(row.user, row.port) for row in whole_plan().openings if row.port == carddav.BOOK_PORT}
    assert own == {("www-data", carddav.BOOK_PORT)}
    for reach, wanted in (
        (own, Status.PASS),
        (own | {("nobody", carddav.BOOK_PORT)}, Status.FAIL),
        (set(), Status.NOT_PROVEN),
    ):
        with web_site(Book()) as context:
            found, _ = verdict(PROBES["carddav.loopback"], replace(context, shell=Users(reach)))
        assert found is wanted
