"""Parts of a description that may not be there: webmail, the pages, the service agreement, the service desk."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import fields

from mailwright.changes.model import Change
from mailwright.changes.personal import personal
from mailwright.plan.model import Settings
from mailwright.site.addresses import key
from mailwright.site.model import Agreement, Image, TextBlock

PARTS = {
    "webmail": "webmail",
    "pages": "the pages",
    "agreement": "the service agreement",
    "service_desk": "the service desk",
}
"""Names of settings, and what each is called."""


def changes(old: Settings, new: Settings, nobodys: Collection[str] = ()) -> Iterator[Change]:
    """What is new, gone or different of each part. ``nobodys``: addresses that are no person's."""
    for name, what in PARTS.items():
        before, after = getattr(old, name), getattr(new, name)
        if before is None and after is not None:
            yield Change(name, "added", name, f"{what}: described from now on", new=after)
        elif before is not None and after is None:
            yield Change(name, "removed", name, f"{what}: described no more", old=before)
        elif before != after:
            for sentence in _differences(before, after, nobodys):
                yield Change(name, "changed", name, f"{what}: {sentence}", old=before, new=after)


def _differences(before: object, after: object, nobodys: Collection[str]) -> Iterator[str]:
    for field in fields(before):  # type: ignore[arg-type]
        one, other = getattr(before, field.name), getattr(after, field.name)
        if one == other or not field.compare:
            continue
        if field.name == "texts":
            yield from _texts(one, other)
        else:
            what = field.name.replace("_", " ")
            said = f"{what} is {_shown(other)} instead of {_shown(one)}"
            if isinstance(after, Agreement):  # whole texts, which may name people
                yield personal(said, f"{what} reads otherwise")
            elif field.name == "email" and not {key(one), key(other)} <= {"", *nobodys}:
                yield personal(said, f"{what} is another")
            else:
                yield said


def _texts(before: tuple[TextBlock, ...], after: tuple[TextBlock, ...]) -> Iterator[str]:
    old, new = ({f"{text.block} ({text.language})": text.text for text in texts} for texts in (before, after))
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            yield f"the text {name} is the site's own from now on"
        elif name not in new:
            yield f"the text {name} is the default again"
        elif old[name] != new[name]:
            yield f"the text {name} reads otherwise"


def _shown(value: object) -> str:
    if isinstance(value, Image):
        return f"a picture of {len(value.data):,} octets"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return str(value) if value not in ("", None) else "empty"
