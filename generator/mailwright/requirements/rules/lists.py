"""Distribution lists (LIST-1 to LIST-3): their names, who looks after them, who is on them and who may post."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mailwright.findings import Level, Place
from mailwright.requirements.model import Fault, rule
from mailwright.requirements.subject import Subject
from mailwright.site.distribution import FURTHER, OF_THE_SYSTEM, WORDS, circles
from mailwright.site.model import DistributionList, Role


@rule("LIST-1", "name-taken", Level.MUST, "each address of a list is that list's alone", people=True)
def name_taken(subject: Subject) -> Iterator[Fault]:
    """An address of a list is somebody else's too, or is read as another list's.

    A list has nine addresses: its own, and those that end in ``-owner``, ``-request``, ``-bounces``, ``-confirm``,
    ``-join``, ``-leave``, ``-subscribe`` and ``-unsubscribe``. None of them may be a person's, a role's or another
    list's, and no list may itself be called like one: what is sent to ``physics-owner`` goes to the owners of
    ``physics``, and never to a list of that name. ``root`` and ``mailer-daemon`` are the mail system's.

    Breaks it:

        lists:
          physics: {owners: [fr03200, fr03201], members: [fr03200]}
          physics-owner: {owners: [fr03200, fr03201], members: [fr03201]}

    Mended:

        lists:
          physics: {owners: [fr03200, fr03201], members: [fr03200]}
          physics-owners: {owners: [fr03200, fr03201], members: [fr03201]}
    """
    misnamed: set[int] = set()
    for row in subject.site.lists:
        first, hyphen, last = row.local.rpartition("-")
        if hyphen and last in FURTHER:
            message = f"the list {row.local} is called like a further address of a list {first}, and gets no posts"
        elif row.local in OF_THE_SYSTEM:
            message = f"{row.address} is the mail system's own: what it has to say goes to the postmaster"
        else:
            continue
        misnamed.add(id(row))
        yield Fault(row.where, message, "call it otherwise")
    for claim, later in subject.clashes:
        kinds = {claim.kind, later.kind}
        if "list" in kinds and not kinds & {"internal", "form"}:
            if misnamed & {id(claim.holder), id(later.holder)}:
                continue
            yield Fault(
                later.where,
                f"{later.address} belongs to {claim.whose} and to {later.whose}",
                f"take it away from one of them ({claim.whose} stands at {claim.where})",
            )


@rule("LIST-1", "circle", Level.MUST, "no list includes itself through others")
def circle(subject: Subject) -> Iterator[Fault]:
    """Lists include each other in a circle.

    A list may be a member of another one, or of a role that is. When the way through such members comes back to its
    start, each of them sends to the next, and the first gets its own post again. Owners and moderators are on the
    way too: they are told of posts that wait, and get what is sent to the list's ``-owner`` address.

    Breaks it:

        lists:
          staff: {owners: [fr03200, fr03201], members: [teachers@college.ac.uk]}
          teachers: {owners: [fr03200, fr03201], members: [staff@college.ac.uk, fr03200]}

    Mended:

        lists:
          staff: {owners: [fr03200, fr03201], members: [teachers@college.ac.uk]}
          teachers: {owners: [fr03200, fr03201], members: [fr03200]}
    """
    for ring, where in circles(subject.site):
        names = " → ".join(address.partition("@")[0] for address in ring)
        yield Fault(
            where, f"mail to a list goes round in a circle: {names}", f"name somebody else here than {ring[-1]}"
        )


@rule("LIST-2", "owner-left", Level.MUST, "every owner and moderator of a list is somebody", people=True)
def owner_left(subject: Subject) -> Iterator[Fault]:
    """A list has an owner or a moderator who is nobody any more.

    The owners decide who is on a list and answer for what it sends; requests and bounces come to them. When the one
    who did that has left, posts wait for a moderator who is not there, and nobody notices.

    Breaks it:

        lists:
          physics: {owners: [fr03200, fr03207], members: [fr03200, fr03201]}

    Mended:

        lists:
          physics: {owners: [fr03200, fr03201], members: [fr03200, fr03201]}
    """
    for row in subject.site.lists:
        for what, said, places in (("owner", row.owners, row.owner_places), ("moderator", row.moderators, ())):
            for one, where in _nobody(subject, row, said, places):
                yield Fault(
                    where,
                    f"the list {row.local} has the {what} {one}, {_kind(one)}",
                    f"name another {what}, by login or address",
                )


@rule("LIST-2", "unknown-member", Level.MUST, "whoever is named as a member or may post is somebody", people=True)
def unknown_member(subject: Subject) -> Iterator[Fault]:
    """A list has a member that does not exist, or lets somebody post who does not.

    A member is a login, an address of the site, or an address elsewhere. A login that nobody has, or an address in
    one of the site's domains that belongs to nobody, is mail that is refused each time; most often somebody left.

    Breaks it:

        lists:
          physics: {owners: [fr03200, fr03201], members: [fr03200, fr03207]}

    Mended:

        lists:
          physics: {owners: [fr03200, fr03201], members: [fr03200, fr03201]}
    """
    for row in subject.site.lists:
        for one, where in _nobody(subject, row, row.members.named, row.members.places):
            yield Fault(where, f"the list {row.local} has the member {one}, {_kind(one)}", "take it out")
        posters = tuple(one for one in row.post if one not in WORDS)
        for one, where in _nobody(subject, row, posters, ()):
            yield Fault(where, f"{one} may post to the list {row.local}, {_kind(one)}", "take it out")


@rule("LIST-2", "one-owner", Level.ADVICE, "every list has two owners")
def one_owner(subject: Subject) -> Iterator[Fault]:
    """A list has one owner alone.

    Sooner or later that person is away, or leaves, and the list has nobody who answers for it. A role that more
    than one person reads is enough.

    Breaks it:

        lists:
          physics: {owners: [fr03200], members: [fr03200, fr03201]}

    Mended:

        lists:
          physics: {owners: [fr03200, fr03201], members: [fr03200, fr03201]}
    """
    for row in subject.site.lists:
        found = [subject.resolve(one) for one in row.owners]
        holders = {one if isinstance(one, str) else id(one): one for one in found if one is not None}
        shared = any(isinstance(one, Role | DistributionList) for one in holders.values())
        if len(holders) == 1 and None not in found and not shared:  # else it is LIST-2.owner-left
            yield Fault(
                row.where,
                f"the list {row.local} has one owner, {row.owners[0]}, and nobody when they are away",
                "name a second one, or a role",
            )


@rule("LIST-2", "nobody", Level.ADVICE, "every list has a member", people=True)
def nobody(subject: Subject) -> Iterator[Fault]:
    """A list has no members.

    Nobody reads what is posted to it. Most often a department or category is spelt otherwise in the file of the
    people, or its last member has left.

    Breaks it:

        lists:
          physics: {owners: [fr03200, fr03201], members: {department: Physics}}

    Mended:

        lists:
          physics: {owners: [fr03200, fr03201], members: [fr03200, fr03201]}
    """
    for row in subject.site.lists:
        if not subject.members(row):
            asked = " and ".join(f"{name} {value}" for name, value in row.members.attributes)
            why = f"nobody has {asked}" if asked else "none is named"
            yield Fault(
                row.where,
                f"the list {row.local} has no members: {why}",
                "look how people.csv spells it, or take the list out" if asked else "name some, or take it out",
            )


@rule("LIST-3", "open", Level.ADVICE, "no list is open to anyone without moderation")
def open_(subject: Subject) -> Iterator[Fault]:
    """A list takes posts from anyone, and nobody looks at them first.

    Whatever is sent to it, forged, unwanted or hostile, goes to all its members in the organisation's name. Those
    outside who have something to say can be named; otherwise a moderator lets through what is wanted.

    Breaks it:

        lists:
          enquiries: {owners: [fr03200, fr03201], members: [fr03200, fr03201], post: [anyone]}

    Mended:

        lists:
          enquiries: {owners: [fr03200, fr03201], members: [fr03200, fr03201], post: [anyone], moderated: true}
    """
    for row in subject.site.lists:
        if "anyone" in row.post and not row.moderated:
            yield Fault(
                row.where,
                f"anyone at all may post to the list {row.local}, and nobody looks at it first",
                "write moderated: true, or name who may post",
            )


def _nobody(
    subject: Subject, row: DistributionList, said: Sequence[str], places: Sequence[Place]
) -> Iterator[tuple[str, Place]]:
    """Those who are nobody's login and no address that somebody has, with their places."""
    for index, one in enumerate(said):
        if subject.resolve(one) is None:
            yield one, places[index] if index < len(places) else row.where


def _kind(one: str) -> str:
    return "an address that nobody has" if "@" in one else "nobody's login"


RULES = (name_taken, circle, owner_left, unknown_member, one_owner, nobody, open_)
