"""What changes of lists, of what is served to web browsers, and of the address book."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from mailwright.changes import words
from mailwright.changes.model import Change, differences, kind, pairs
from mailwright.changes.personal import impersonal, personal, whole
from mailwright.plan.model import DistributionList, Known, Plan, Readers

_GONE = "It takes no posts from then on (550); its members stay until `mailwright-lists remove` deletes it."
_JOIN = "They get what is posted to it from then on."
_LEAVE = "Where more than 30 % of a list's members would go, an apply asks for an explicit word (docs/how-to.md)."

_ANYONE = "Whatever anybody sends to it goes to all its members, and nobody looks at it first (LIST-3)."
_MORE = "More people may write to all of its members than before (LIST-3)."
_UNSEEN = "What may be posted goes to all its members at once (LIST-3)."

_KEPT: dict[Known, str] = {
    "build": "said in the description",
    "deploy": "in the directory",
    "live": "looked after by its owners",
}
_READERS: dict[Readers, str] = {
    "everybody": "everybody",
    "inside": "the campus, and those elsewhere who sign in",
    "login": "those who sign in",
}


def lists(old: Plan, new: Plan) -> Iterator[Change]:
    """Lists that are new, gone or different; then who joins and who leaves those that the description fills."""
    nobodys = words.nobodys(old, new)
    for before, after, some in pairs(old.lists, new.lists):
        key = some.address
        if before is not None and after is not None:
            said = "; ".join(_of_list(before, after, nobodys))
            yield Change(
                "lists", "changed", key, f"the list {key}: {said}", "", _wider(before, after), before, after
            )
        elif after is not None:
            sentence = (
                f"{key}{personal(f' ({some.title})', '')} is a new list; {words.those(some.post, nobodys)} may post"
            )
            open_ = _open(after)
            yield Change(
                "lists",
                "added",
                key,
                sentence,
                "" if open_ else "lists are new",
                _ANYONE if open_ else "",
                None,
                after,
            )
        else:
            yield Change("lists", "removed", key, f"the list {key} is gone", "lists are gone", _GONE, before, None)
    for joined, stays, row in pairs(old.members, new.members):
        goes = stays is None
        verb, note = ("leaves", _LEAVE) if goes else ("joins", _JOIN)
        member = words.address(row.member, nobodys, "somebody")
        sentence, alike = f"{member} {verb} the list {row.list}", f"addresses {verb[:-1]} the list {row.list}"
        yield Change("members", kind(joined, stays), member, sentence, alike, note, joined, stays)


def _of_list(before: DistributionList, after: DistributionList, nobodys: Collection[str]) -> Iterator[str]:
    for name in differences(before, after):
        one, other = getattr(before, name), getattr(after, name)
        if name == "post":
            yield _posting(before, after, nobodys)
        elif name == "moderated":
            yield "every post waits for a moderator" if other else "posts wait for no moderator any more"
        elif name == "known":
            yield f"its members are {_KEPT[after.known]}, and were {_KEPT[before.known]}"
        elif name == "host":
            yield f"it is on {other} instead of {one}"
        elif name == "title":  # which may be for somebody: Examiners of Ada Lovelace
            yield personal(f"its title is {other or 'empty'} instead of {one or 'empty'}", "its title is another")
        elif isinstance(other, tuple):
            yield f"its {name} are {words.instead(other, one, nobodys)}"
        else:
            yield f"its {name} is {other or 'empty'} instead of {one or 'empty'}"


def _open(one: DistributionList) -> bool:
    return "anyone" in one.post and not one.moderated


def _wider(before: DistributionList, after: DistributionList) -> str:
    """What somebody has to know where more people may post than before."""
    if _open(after) and not _open(before):
        return _ANYONE
    more = set(after.post) - set(before.post)
    if (more and not {"anyone", "organisation"} & set(before.post)) or "anyone" in more:
        return _MORE
    return _UNSEEN if before.moderated and not after.moderated else ""


def _posting(before: DistributionList, after: DistributionList, nobodys: Collection[str]) -> str:
    now, then = words.those(after.post, nobodys), words.those(before.post, nobodys)
    said = f"{now} may post, instead of {then}"
    if now != then and impersonal(now) == impersonal(then):
        return personal(whole(said), f"{impersonal(now)} may post, others than before")
    return said


def web(old: Plan, new: Plan) -> Iterator[Change]:
    """What is served to browsers and mail programs, under which name, and to whom."""
    for before, after, some in pairs(old.web, new.web):
        if after is None:
            sentence = f"{some.url} ({some.use}) is served no more"
        else:
            who = f"to {_READERS[after.readers]}, by {after.host}"
            sentence = f"{some.url} ({some.use}) is {'served' if before is None else 'now served'} {who}"
        yield Change("web", kind(before, after), some.url, sentence, "", "", before, after)


def book(old: Plan, new: Plan) -> Iterator[Change]:
    """Who stands in the address book."""
    for before, after, some in pairs(old.book, new.book):
        name = personal(some.name, "somebody")
        key = personal(some.address, "an address")
        if after is None:
            sentence, alike = f"{name} stands in the address book no more", "people leave the address book"
        elif before is None:
            sentence, alike = f"{name} stands in the address book", "people come into the address book"
        else:
            said = f"the address book has {after.name}, {after.department or 'no department'} for {some.address}"
            sentence = personal(said, "somebody is otherwise in the address book")
            alike = "people are otherwise in the address book"
        yield Change("book", kind(before, after), key, sentence, alike, "", before, after)
