"""Where each document is to be read."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from mailwright.plan import make
from mailwright.plan.model import Publication
from mailwright.site.documents import DOCUMENTS
from mailwright.site.model import Published, Site
from support.example import HERE, example, load_example

DAY = date(2026, 3, 2)


def row(site: Site, document: str) -> Publication:
    return next(one for one in make(site).publications if one.document == document)


def with_web(**parts: object) -> Site:
    hosts = tuple(replace(host, functions=(*host.functions, "web")) for host in load_example().hosts)
    return example(hosts=hosts, **parts)


def test_every_site_has_every_document() -> None:
    rows = make(load_example()).publications
    assert [one.document for one in rows] == sorted(document.name for document in DOCUMENTS)
    assert {one.because.requirement for one in rows} >= {"PRIV-1", "AUDIT-2", "SUPPORT-1", "AGREE-1", "AUDIT-5"}


def test_a_web_host_serves_what_is_not_said_to_be_elsewhere() -> None:
    assert row(with_web(), "privacy").url == "https://mail.college.ac.uk/privacy.html"
    assert row(load_example(), "privacy").url == ""
    said = (Published("privacy", "https://www.college.ac.uk/privacy", DAY, HERE),)
    assert row(with_web(published=said), "privacy").url == "https://www.college.ac.uk/privacy"
    assert row(example(published=said), "privacy").url == "https://www.college.ac.uk/privacy"


def test_a_review_may_stand_alone() -> None:
    said = (Published("privacy", "", DAY, HERE),)
    one = row(with_web(published=said), "privacy")
    assert (one.url, one.reviewed) == ("https://mail.college.ac.uk/privacy.html", DAY)
    assert row(with_web(published=said), "support").reviewed is None
