"""Files: edited by hand, deleted, not yet applied; and what is made of them on the host."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from mailwright.drift.answer import Answer, Record, Seen
from mailwright.drift.model import Host, Part, Wanted, differs
from mailwright.findings import Finding, Level
from mailwright.formats.differences import of_texts
from mailwright.formats.visible import visible

_APPLY = "Apply the build: ansible-playbook site.yml in the built project."
_MEND = (
    "Put into the description what shall stay of it, and build; then apply with "
    "-e mailwright_overwrite_hand_edits=true, which puts the built file in its place."
)
_LOOK = "See what it does: --diff shows it. " + _MEND


def judge(host: Host, said: Answer, shown: bool, personal: bool = False) -> Iterator[Finding]:
    """What differs. ``shown``: with the differences of texts; ``personal``: of files that hold people too.

    Raises AnswerError where the host says nothing about a file.
    """
    known = {part.record for part in host.parts}
    for name in sorted({*said.broken} & known):
        yield differs(
            "drift.edited",
            host.name,
            f"the record /var/lib/mailwright/{name}.json cannot be read",
            "Move it away and apply: the next apply is then as the first one.",
        )
    for name in said.interrupted:
        yield differs(
            "drift.not-applied",
            host.name,
            f"an apply of {name} is under way, or was interrupted",
            "Wait for it, or apply again, which first puts back what was there before.",
            level=Level.SHOULD,
        )
    for part in host.parts:
        record = said.records.get(part.record)
        if record is not None:
            for found, file in _part(host, part, record, said):
                yield _with_text(found, file, said, personal) if shown and file is not None else found
        elif part.record not in said.broken:
            yield _never(host, part, said)
    for name, record in sorted(said.records.items()):
        if name not in known and (record.files or record.products or record.units):
            message = f"{name} is on this host still, which the description has no more"
            yield differs("drift.not-applied", host.name, message, _APPLY, level=Level.SHOULD)


def _never(host: Host, part: Part, said: Answer) -> Finding:
    there = sum(said.seen(file.path).kind != "absent" for file in part.files)
    return differs(
        "drift.not-applied",
        host.name,
        f"{part.component} was never applied here, or its record in /var/lib/mailwright was taken away",
        _APPLY,
        f"{there} of {len(part.files)} files are there",
        Level.SHOULD,
    )


def _part(host: Host, part: Part, record: Record, said: Answer) -> Iterator[tuple[Finding, Wanted | None]]:
    """What differs in a component, with the file where it is its content that does."""
    stale = {
        source
        for path, source in part.products.items()
        if path in record.products and said.seen(path).sha256 == record.products[path]
    }
    for file in part.files:
        seen, applied = said.seen(file.path), record.files.get(file.path, "")
        found = _file(host.name, file, seen, applied)
        if found is None:
            continue
        content = seen.kind == "file" and seen.sha256 != (applied if file.secret else file.sha256)
        if content and found.id == "drift.edited" and file.path in stale:
            note = "the table made of it is the one of the last apply: the edit has no effect yet"
            found = replace(found, evidence=f"{found.evidence}\n{note}")
        yield found, file if content else None
    names = {file.path for file in part.files}
    for path in sorted(record.files.keys() - names):
        if said.seen(path).kind != "absent":
            message = f"{path} was applied once, and the build has it no more"
            yield differs("drift.not-applied", host.name, message, _APPLY, level=Level.SHOULD), None
    for found in _products(host.name, part, record, said):
        yield found, None


def _file(host: str, file: Wanted, seen: Seen, applied: str) -> Finding | None:
    """What is the matter with a file. ``applied``: its digest at the last apply; empty: there was none of it."""
    path = file.path
    if seen.kind == "absent":
        if applied:
            message = f"{path} was deleted since the last apply"
            return differs("drift.missing", host, message, "Apply the build, which puts it back.")
        message = f"{path} is not there yet: the description has changed since the last apply"
        return differs("drift.not-applied", host, message, _APPLY, level=Level.SHOULD)
    if seen.kind != "file":
        what = "a symbolic link" if seen.kind == "link" else "a folder or a device"
        message = f"{path} is {what} now, where a file belongs"
        return differs("drift.edited", host, message, _MEND, _attributes(seen))
    if file.secret:
        return _secret(host, file, seen, applied)
    if seen.sha256 == file.sha256:
        return _owner(host, file, seen)
    if not applied:
        message = f"{path} is not the built one: the description has changed since the last apply"
        return differs("drift.not-applied", host, message, _APPLY, _attributes(seen), Level.SHOULD)
    if seen.sha256 == applied:
        message = f"{path} is as it was applied: the description, or mailwright, has changed since"
        return differs("drift.not-applied", host, message, _APPLY, level=Level.SHOULD)
    message = f"{path} was edited by hand since the last apply"
    if applied != file.sha256:
        message += ", and the description has changed too"
    return differs("drift.edited", host, message, _LOOK, _attributes(seen))


def _secret(host: str, file: Wanted, seen: Seen, applied: str) -> Finding | None:
    """One whose content no build knows, or not all of it."""
    if not applied:
        message = f"{file.path}, which holds a secret, is not the one of an apply"
        return differs("drift.not-applied", host, message, _APPLY, _attributes(seen), Level.SHOULD)
    if seen.sha256 != applied:
        message = f"{file.path}, which holds a secret, was edited by hand since the last apply"
        return differs("drift.edited", host, message, _MEND, _attributes(seen))
    if file.completed and seen.shorn != file.sha256:
        message = f"{file.path} is as it was applied: the description, or mailwright, has changed since"
        return differs("drift.not-applied", host, message, _APPLY, level=Level.SHOULD)
    return _owner(host, file, seen)


def _owner(host: str, file: Wanted, seen: Seen) -> Finding | None:
    if (seen.owner, seen.group, seen.mode) == (file.owner, file.group, file.mode):
        return None
    message = f"{file.path} has another owner, group or mode than the built one"
    shall = f"{file.owner}:{file.group} {file.mode:04o}"
    evidence = f"{seen.owner}:{seen.group} {seen.mode:04o}, and it shall be {shall}"
    return differs("drift.edited", host, message, "Apply the build, which mends it.", evidence)


def _products(host: str, part: Part, record: Record, said: Answer) -> Iterator[Finding]:
    for path in sorted({*part.products, *record.products}):
        source = part.products.get(path, "")
        if source and path not in record.products:
            if source in record.files:
                message = f"{path} was never made of {source}"
                yield differs("drift.product", host, message, "Apply the build, which makes it.")
            continue
        seen = said.seen(path)
        of = source or "a table of the last apply"
        if seen.kind == "absent":
            message = f"{path} was deleted: whoever looks things up in {of} gets no answer"
            yield differs("drift.product", host, message, "Apply the build, which makes it anew.")
        elif seen.sha256 != record.products[path]:
            message = f"{path} is not the one that the last apply made of {of}"
            yield differs(
                "drift.product", host, message, "Apply the build, which makes it anew.", _attributes(seen)
            )


def _attributes(seen: Seen) -> str:
    when = datetime.fromtimestamp(seen.modified, UTC).strftime("%Y-%m-%d %H:%M UTC")
    return f"last written {when}; {seen.owner}:{seen.group} {seen.mode:04o}, {seen.size:,} octets"


def _with_text(found: Finding, file: Wanted, said: Answer, personal: bool) -> Finding:
    """With how the text differs, as a unified diff from the built file to the host's; or why that is not shown."""
    text = said.seen(file.path).text
    if file.secret or file.text is None:
        lines = ["the content is a secret, and not shown"]
    elif file.personal and not personal:
        lines = ["it holds people, and is shown with --personal"]
    elif text is None:
        lines = ["too long to be shown"]
    else:
        names = (f"--- built {file.path}", f"+++ on the host {file.path}")
        lines = [*names, *of_texts(file.text.decode("utf-8", "replace"), text)]
    evidence = "\n".join([*([found.evidence] if found.evidence else []), *lines])
    return replace(found, evidence=visible(evidence.expandtabs(), keep="\n"))
