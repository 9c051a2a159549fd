"""What changes of lists, of the web and of the address book, in words."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from mailwright.changes import compare
from mailwright.changes.model import Change
from mailwright.changes.personal import impersonal
from mailwright.changes.personal import whole as whole_text
from mailwright.plan import make
from mailwright.plan.model import Plan
from mailwright.site.read import read
from support.example import ROOT


@cache
def whole() -> Plan:
    site = read(ROOT / "inventories" / "whole" / "site.yml").site
    assert site is not None
    return make(site)


def of(table: str, old: Plan, new: Plan) -> list[Change]:
    return [change for change in compare(old, new) if change.table == table]


def sentences(table: str, old: Plan, new: Plan) -> list[str]:
    return [whole_text(change.sentence) for change in of(table, old, new)]


def test_lists_come_and_go() -> None:
    physics = next(one for one in whole().lists if one.address == "physics@college.ac.uk")
    without = replace(whole(), lists=tuple(one for one in whole().lists if one is not physics))
    new = "physics@college.ac.uk (Department of Physics) is a new list; members may post"
    assert sentences("lists", without, whole()) == [new]
    (gone,) = of("lists", whole(), without)
    assert (gone.kind, gone.sentence) == ("removed", "the list physics@college.ac.uk is gone")
    assert "mailwright-lists remove" in gone.note


def test_a_title_and_a_term_of_a_directory_may_be_somebodys() -> None:
    """Each is in quiet places what it is, and another one."""
    titled = tuple(replace(one, title="Examiners of Ada Lovelace") for one in whole().lists[:1])
    lists = (*titled, *whole().lists[1:])
    for old in (whole(), replace(whole(), lists=whole().lists[1:])):
        for change in of("lists", old, replace(whole(), lists=lists)):
            assert "Ada Lovelace" in whole_text(change.sentence)
            assert "Ada" not in impersonal(change.sentence)
    site = read(ROOT / "inventories" / "directory" / "site.yml").site
    assert site is not None
    assert site.directory is not None
    plan = make(site)
    for name in ("bind_dn", "base", "filter"):
        directory = replace(site.directory, **{name: "uid=rl204"})  # type: ignore[arg-type]
        (change,) = of("directory", plan, replace(plan, settings=replace(plan.settings, directory=directory)))
        assert whole_text(change.sentence).startswith(f"the directory: {name} is uid=rl204 instead of ")
        assert impersonal(change.sentence) == f"the directory: {name} is another"


def test_what_is_other_about_a_list() -> None:
    def changed(**parts: object) -> list[str]:
        rows = tuple(
            replace(one, **parts) if one.address == "physics@college.ac.uk" else one  # type: ignore[arg-type]
            for one in whole().lists
        )
        return [said.partition(": ")[2] for said in sentences("lists", whole(), replace(whole(), lists=rows))]

    assert changed(moderated=True) == ["every post waits for a moderator"]
    assert changed(post=("anyone",)) == ["anyone may post, instead of members"]
    said = "its title is Examiners of Ada Lovelace instead of Department of Physics"
    assert changed(title="Examiners of Ada Lovelace") == [said]
    assert changed(known="live") == ["its members are looked after by its owners, and were said in the description"]
    assert changed(owners=("a@college.ac.uk",))[0].startswith("its owners are a@college.ac.uk instead of ")
    assert changed() == []


def test_members_join_and_leave() -> None:
    first, *rest = whole().members
    without = replace(whole(), members=tuple(rest))
    assert sentences("members", without, whole()) == [f"{first.member} joins the list {first.list}"]
    (gone,) = of("members", whole(), without)
    assert whole_text(gone.sentence) == f"{first.member} leaves the list {first.list}"
    assert gone.alike == f"addresses leave the list {first.list}"
    assert "30 %" in gone.note


def test_what_is_served() -> None:
    row = next(one for one in whole().web if one.use == "webmail")
    without = replace(whole(), web=tuple(one for one in whole().web if one is not row))
    other = replace(whole(), web=tuple(replace(one, readers="login") if one is row else one for one in whole().web))
    url = "https://www.college.ac.uk/webmail/ (webmail)"
    assert sentences("web", without, whole()) == [f"{url} is served to everybody, by www.college.ac.uk"]
    assert sentences("web", whole(), without) == [f"{url} is served no more"]
    assert sentences("web", whole(), other) == [f"{url} is now served to those who sign in, by www.college.ac.uk"]


def test_the_address_book() -> None:
    first, *rest = whole().book
    without = replace(whole(), book=tuple(rest))
    other = replace(whole(), book=(replace(first, department=""), *rest))
    assert sentences("book", without, whole()) == [f"{first.name} stands in the address book"]
    assert sentences("book", whole(), without) == [f"{first.name} stands in the address book no more"]
    said = f"the address book has {first.name}, no department for {first.address}"
    assert sentences("book", whole(), other) == [said]


def test_documents() -> None:
    first, *rest = whole().publications
    other = replace(whole(), publications=(replace(first, url="https://x.example/a", reviewed=None), *rest))
    said = f"the document {first.document} is read at https://x.example/a and is said to be unread"
    assert sentences("publications", whole(), other) == [said]
    without = replace(whole(), publications=tuple(rest))
    assert sentences("publications", without, whole()) == [
        f"the document {first.document} is new for {first.readers}"
    ]
