"""Distribution lists, from the description itself or from a CSV file (LIST-1 to LIST-3)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from mailwright.findings import Place
from mailwright.site import values
from mailwright.site.addresses import key
from mailwright.site.at import At, Reader
from mailwright.site.model import Directory, DistributionList, ListServer, Membership, Site
from mailwright.source.table import Table

ATTRIBUTES = ("department", "category")
"""What is known of people, and may say who is on a list."""

GROUP = "group"

WORDS = ("members", "managers", "organisation", "anyone")
"""Who may post, besides named logins and addresses."""

BY_OWNERS = "owners"

FURTHER = ("bounces", "confirm", "join", "leave", "owner", "request", "subscribe", "unsubscribe")
"""What follows the hyphen in the further addresses of each list (Mailman's)."""

OF_THE_SYSTEM = ("root", "mailer-daemon")
"""Addresses that are there in every domain, whether the description has them or not."""

REQUIRED = ("list", "owners", "members")
OPTIONAL = ("title", "moderators", "post", "moderated")

NOBODY: tuple[str, ...] = ()

T = TypeVar("T")

TABLE = ".csv"
"""The end of the name of a table: of lists, and of the members of one of them."""

_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,49}")
_FILE = re.compile(r"([A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*\.csv")
_DN = re.compile(r"[A-Za-z][A-Za-z0-9-]*=[^\x00-\x1f%]{1,490}")
_PAIR = re.compile(rf"({'|'.join((*ATTRIBUTES, GROUP))})=(.*)")
_BETWEEN_PAIRS = re.compile(rf";\s*(?=(?:{'|'.join((*ATTRIBUTES, GROUP))})=)")


def lists(at: At, primary: str, directory: Directory | None) -> tuple[DistributionList, ...]:
    """The lists of ``lists:``; ``primary`` is the domain of one that names none.

    Findings: whatever the values or files have of faults; a group where there is no directory; members by what is
    known of people, where only the directory knows them.
    """
    if at.reader.report.faulty(at.place):
        return ()
    read = _Members(at.reader, directory)
    return tuple(_from_csv(at, primary, read) if isinstance(at.value, str) else _inline(at, primary, read))


def server(at: At, lists_at: At) -> ListServer | None:
    """How the lists are kept; None where there are none."""
    if not lists_at.value:
        return None
    database = at["database"].text("sqlite")
    place = at.key_place if at.value is not None else lists_at.key_place
    return ListServer("postgresql" if database == "postgresql" else "sqlite", place)


class _Members:
    """Reads who is on a list. A file that several lists name is read once."""

    def __init__(self, reader: Reader, directory: Directory | None) -> None:
        self._reader = reader
        self._directory = directory
        self._files: dict[Path, Membership] = {}

    def of_file(self, folder: Path, told: str, where: Place) -> Membership:
        """The members in a CSV file of the folder (column ``member``). ``where`` the description names it."""
        path = folder / told
        if path not in self._files:
            inside = self._reader.inside(path, folder, where)
            self._files[path] = self._file(path, where) if inside else Membership()
        return self._files[path]

    def of_pairs(self, pairs: dict[str, str], where: Place) -> Membership:
        """Everybody with these attributes, or a group of the directory."""
        attributes = tuple((name, pairs[name]) for name in ATTRIBUTES if name in pairs)
        group = pairs.get(GROUP, "")
        if group and attributes:
            message = "a list has the members of a group, or everybody with a department or category, not both"
            self._error("site.list-members", message, where, "Make two lists of it.")
        elif group and self._directory is None:
            message = f"{group} is a group of a directory, and none is described"
            self._error("site.no-directory", message, where, "Describe it under directory, or name the members.")
        elif attributes and self._directory is not None:
            message = f"who has a {attributes[0][0]} is not known where people are in a directory"
            self._error("site.list-members", message, where, "Name a group of the directory.")
        return Membership(attributes=attributes, group=group)

    def _file(self, path: Path, where: Place) -> Membership:
        table = Table(path, ("member",), (), self._reader.findings, where)
        named: list[str] = []
        places: list[Place] = []
        first: dict[str, int] = {}
        for line, text, (member,) in table.rows():
            try:
                found = values.member(member)
            except ValueError as error:
                table.error("site.list-member", str(error), line, table.column(text, 0))
                continue
            if (before := first.setdefault(key(found), line)) != line:
                message = f"{member} is there twice; the first time in line {before}"
                table.error("site.duplicate", message, line, 1, "Keep one of the two.")
                continue
            named.append(found)
            places.append(Place(table.file, line, 1))
        return Membership(named=tuple(named), places=tuple(places), file=table.file)

    def _error(self, id_: str, message: str, where: Place, fix: str) -> None:
        self._reader.report.error(id_, message, where, fix)


def _inline(at: At, primary: str, read: _Members) -> Iterator[DistributionList]:
    for local, item in at.entries():
        owners = item["owners"]
        yield DistributionList(
            local=local,
            domain=item["domain"].turn(values.name) or primary,
            title=item["title"].text() or local,
            owners=owners.texts(values.member),
            moderators=item["moderators"].texts(values.member),
            members=_membership(item["members"], read),
            post=item["post"].texts(_poster) or ("members",),
            moderated=item["moderated"].flag(False),
            where=item.key_place,
            owner_places=tuple(each.place for each in owners.items()),
        )


def _poster(text: str) -> str:
    return text if text in WORDS else values.member(text)


def _membership(at: At, read: _Members) -> Membership:
    told = at.text()
    if told == BY_OWNERS:
        return Membership(by_owners=True)
    if told:
        faulty = at.reader.report.faulty(at.place)  # a path that the schema refuses is not opened
        return Membership() if faulty else read.of_file(at.folder, told, at.place)
    if isinstance(at.value, dict):
        pairs = {name: at[name].text() for name in (*ATTRIBUTES, GROUP) if name in at.value}
        return read.of_pairs(pairs, at.key_place)
    return Membership(named=at.texts(values.member), places=tuple(item.place for item in at.items()))


# --- Lists that lead back to themselves ------------------------------------------------------------------------


def circles(site: Site) -> Iterator[tuple[tuple[str, ...], Place]]:
    """Rings with a list in them: addresses of lists, of their owners, of roles and of automatic senders, of which
    each sends on to the next, from one back to the same; and the place of the name that closes it. Each list is in
    one ring at most: mending it shows the next. Rings of roles alone are ADDR-5's."""
    onward = _onward(site)
    lists = {key(address) for row in site.lists for address in (row.address, _of_owners(row))}
    done: set[str] = set()
    for start in onward:
        if start not in lists:
            continue
        path, waiting = [start], [iter(onward[start])]
        if start in done:
            continue
        while waiting:
            step = next(waiting[-1], None)
            if step is None:
                waiting.pop()
                done.add(path.pop())
                continue
            target, where = step
            if target in path:
                ring = path[path.index(target) :]
                if not lists.isdisjoint(ring):
                    yield (*ring, target), where
                    done.update(path)
                    break
            elif target not in done:
                path.append(target)
                waiting.append(iter(onward[target]))


def _onward(site: Site) -> dict[str, list[tuple[str, Place]]]:
    """Each address that sends on → those of its targets that send on as well, with their places.

    A list sends its posts to its members, and tells its owners and moderators which of them wait; what comes to
    its ``-owner`` address goes to both as well.
    """
    said: dict[str, list[tuple[str, Place]]] = {}
    for row in site.lists:
        members = list(_placed(row.members.named, row.members.places, row.where))
        looked_after = [*_placed(row.owners, row.owner_places, row.where), *_placed(row.moderators, (), row.where)]
        said[key(row.address)] = members + looked_after
        said[key(_of_owners(row))] = looked_after
    for role in site.roles:
        members = list(_placed(role.members, role.member_places, role.where))
        for name in role.domains:
            for local in (role.local, *role.also):
                said.setdefault(key(f"{local}@{name}"), members)
    for sender in site.automatic_senders:
        for address in sender.addresses:
            said.setdefault(key(address), [(sender.replies, sender.where)])
    return {
        address: [(key(target), where) for target, where in targets if key(target) in said]
        for address, targets in said.items()
    }


def _of_owners(row: DistributionList) -> str:
    return f"{row.local}-owner@{row.domain}"


def _placed(said: Sequence[str], places: Sequence[Place], otherwise: Place) -> Iterator[tuple[str, Place]]:
    for index, one in enumerate(said):
        yield one, places[index] if index < len(places) else otherwise


# --- From a CSV file -------------------------------------------------------------------------------------------


def _from_csv(at: At, primary: str, read: _Members) -> Iterator[DistributionList]:
    """The lists of a file, in its order; several names in one field are separated by spaces."""
    folder, file = at.folder, at.beside()
    if file is None:
        return
    table = Table(file, REQUIRED, OPTIONAL, at.reader.findings, at.place)
    first: dict[str, int] = {}
    for line, text, fields in table.rows():
        row = _Row(table, line, text, fields)
        local, domain = row.turn("list", lambda said: _name(said, primary), ("", ""))
        owners = row.turn("owners", _owners, NOBODY)
        found = DistributionList(
            local=local,
            domain=domain,
            title=row.turn("title", _title, "") or local,
            owners=owners,
            moderators=row.turn("moderators", _members, NOBODY),
            members=_told(row, folder, read),
            post=row.turn("post", _posters, NOBODY) or ("members",),
            moderated=row.turn("moderated", _flag, False),
            where=row.place("list"),
            owner_places=(row.place("owners"),) * len(owners),
        )
        if row.faults:
            continue
        if (before := first.setdefault(found.address, line)) != line:
            message = f"the list {found.address} is there twice; the first time in line {before}"
            table.error("site.duplicate", message, line, row.place("list").column, "Keep one of the two.")
            continue
        yield found


class _Row:
    """A row of the lists' file. ``faults`` counts its fields that mean nothing; each is a finding."""

    def __init__(self, table: Table, line: int, text: str, fields: list[str]) -> None:
        self._table = table
        self._line = line
        self._text = text
        self._fields = fields
        self.faults = 0

    def said(self, name: str) -> str:
        return self._fields[self._table.header.index(name)] if name in self._table.header else ""

    def place(self, name: str) -> Place:
        return Place(self._table.file, self._line, self._table.column(self._text, self._table.header.index(name)))

    def turn(self, name: str, turn: Callable[[str], T], otherwise: T) -> T:
        """What the field means; ``otherwise`` where there is none, or with a finding where it means nothing."""
        if name not in self._table.header:
            return otherwise
        try:
            return turn(self.said(name))
        except ValueError as error:
            self.faults += 1
            where = self.place(name)
            self._table.error("site.list", str(error), where.line, where.column)
            return otherwise


def _told(row: _Row, folder: Path, read: _Members) -> Membership:
    said = row.said("members")
    if said == BY_OWNERS:
        return Membership(by_owners=True)
    if said.endswith(TABLE):
        path = row.turn("members", _file, "")
        return read.of_file(folder, path, row.place("members")) if path else Membership()
    if _PAIR.match(said):
        return read.of_pairs(row.turn("members", _pairs, {}), row.place("members"))
    named = row.turn("members", _members, NOBODY)
    return Membership(named=named, places=(row.place("members"),) * len(named))


def _name(text: str, primary: str) -> tuple[str, str]:
    """Local part and domain of a list that is named by the first alone, or by both."""
    local, at, domain = text.partition("@")
    if not _NAME.fullmatch(local):
        why = "use lower-case letters, digits, '.', '_' and '-', a letter or digit first, at most 50"
        raise ValueError(f"{local!r} is not the name of a list: {why}" if local else "the list has no name")
    return local, values.name(domain) if at else primary


def _members(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values.member(word) for word in text.replace(";", " ").split()))


def _owners(text: str) -> tuple[str, ...]:
    if not text:
        raise ValueError("the list has no owner: name at least one")
    return _members(text)


def _posters(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_poster(word) for word in text.replace(";", " ").split()))


def _title(text: str) -> str:
    if len(text) > 500:
        raise ValueError("the title is longer than 500 characters")
    return text


def _flag(text: str) -> bool:
    said = {"": False, "yes": True, "no": False}
    if text not in said:
        raise ValueError(f"{text!r} is neither yes nor no")
    return said[text]


def _file(text: str) -> str:
    if len(text) > 500 or not _FILE.fullmatch(text):
        raise ValueError(f"{text[:40]!r} is not the path of a CSV file in this file's folder or below it")
    return text


def _pairs(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in _BETWEEN_PAIRS.split(text):
        match = _PAIR.fullmatch(part)
        if match is None or not match[2].strip() or match[1] in found:
            raise ValueError(f"{part[:40]!r} does not say who is on the list: write department=Physics, once")
        found[match[1]] = match[2].strip()
    if GROUP in found and not _DN.fullmatch(found[GROUP]):
        raise ValueError(f"{found[GROUP][:40]!r} is not the name of an entry: write it as cn=physics,ou=groups,...")
    return found
