"""What is one to a site: domains, limits, logs, clocks, documents, and the names of secrets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass

from mailwright.changes import words
from mailwright.changes.model import Change, kind, pairs
from mailwright.plan.model import Plan, Retention, Settings

# Said by other tables: who may relay in grants; which names have a postmaster in routes.
ELSEWHERE = frozenset({"relay_networks", "mailer_names", "domains", "internal_domains", "smarthost", "directory"})

NAMES = {
    "organisation": "the organisation's name",
    "timezone": "the time zone",
    "primary_domain": "the primary domain",
    "message_size": "the largest message",
    "recipients": "the number of recipients of one message",
    "certificate": "the path of the certificates",
    "key": "the path of the certificates' keys",
    "passwords": "the path of the first passwords",
    "dkim_selector": "the DKIM selector",
    "dkim_private_key": "the path of the DKIM key",
    "management_networks": "the list of management networks",
    "campus_networks": "the list of campus networks",
    "quota": "the size of a mailbox of which the directory says nothing",
    "log_free": "the space that stays free where mail logs are",
    "hourly": "the number of recipients in an hour above which a login's mail waits",
}


def retention(old: Plan, new: Plan) -> Iterator[Change]:
    """How long logs are kept, and who reads them."""
    for before, after, some in pairs(old.retention, new.retention):
        key = f"{some.log} on {some.host}"
        if before is not None and after is not None:
            sentence = f"{key} is kept {_kept(after)} instead of {_kept(before)}"
            alike = f"logs are kept {_kept(after)} instead of {_kept(before)}"
        elif after is not None:
            sentence, alike = f"{key} is kept {_kept(after)}", f"more logs are kept {_kept(after)}"
        else:
            sentence, alike = f"{key} is kept no more", "logs are kept no more"
        yield Change("retention", kind(before, after), key, sentence, alike, "", before, after)


def _kept(row: Retention) -> str:
    return f"{row.days} days, at most {row.maximum_days}, for {row.readers}"


def clocks(old: Plan, new: Plan) -> Iterator[Change]:
    """Which time servers hosts follow."""
    for before, after, some in pairs(old.clocks, new.clocks):
        now = "" if after is not None else " no more"
        sentence, alike, key = (
            f"{some.host} follows {some.server}{now}",
            f"hosts follow {some.server}{now}",
            some.host,
        )
        if after is None and all(host.name != some.host for host in new.hosts):
            alike, key = f"time servers are followed no more by {some.host}, which is gone", some.server
        yield Change("clocks", kind(before, after), key, sentence, alike, "", before, after)


def publications(old: Plan, new: Plan) -> Iterator[Change]:
    """Documents for people."""
    for before, after, _ in pairs(old.publications, new.publications):
        if after is None and before is not None:
            sentence = f"the document {before.document} is gone"
        elif after is not None:
            is_ = "is new" if before is None else "is now"
            sentence = f"the document {after.document} {is_} for {after.readers}"
        key = after.document if after is not None else before.document if before is not None else ""
        yield Change("publications", kind(before, after), key, sentence, "", "", before, after)


def contacts(old: Plan, new: Plan) -> Iterator[Change]:
    """Whom Janet can reach, and what people vouch for."""
    for before, after, one in pairs(old.contacts, new.contacts):
        said = f"{one.name} ({', '.join(filter(None, (one.email, one.telephone))) or 'nothing is said how'})"
        sentence = f"{said} can be reached about mail" if after is not None else f"{said} is no contact any more"
        yield Change("contacts", kind(before, after), one.name, sentence, "", "", before, after)
    for promised, now, row in pairs(old.promises, new.promises):
        vouches = "vouches for" if now is not None else "does not vouch any more for"
        sentence = f"{row.owner} {vouches} {row.requirement} as of {row.made.isoformat()}"
        yield Change("promises", kind(promised, now), row.requirement, sentence, "", "", promised, now)


def changes(old: Plan, new: Plan) -> Iterator[Change]:
    """The rest, setting by setting."""
    one, other = old.settings, new.settings
    yield from _names("domains", "a mail domain", one.domains, other.domains)
    before = {inner.name: inner for inner in one.internal_domains}
    after = {inner.name: inner for inner in other.internal_domains}
    yield from _names("internal_domains", "an internal form of addresses", tuple(before), tuple(after))
    for name in sorted(before.keys() & after.keys()):
        if before[name] != after[name]:
            sentence = f"{name} is {_form(after[name])} instead of {_form(before[name])}"
            yield Change("internal_domains", "changed", name, sentence, old=before[name], new=after[name])
    for name, what in (("smarthost", "the smarthost"), ("directory", "the directory")):
        yield from _system(name, what, getattr(one, name), getattr(other, name))
    for field in fields(Settings):
        if field.name in ELSEWHERE:
            continue
        a, b = getattr(one, field.name), getattr(other, field.name)
        if a != b:
            what = NAMES.get(field.name, field.name.replace("_", " "))
            yield Change(
                "settings", "changed", field.name, f"{what} is {_value(b)} instead of {_value(a)}", old=a, new=b
            )


def _form(inner: object) -> str:
    until = getattr(inner, "until", None)
    return f"the form of {getattr(inner, 'published', '')} {f'until {until}' if until else 'without an end'}"


def _names(table: str, what: str, old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[Change]:
    for name in sorted(set(new) - set(old)):
        yield Change(table, "added", name, f"{name} is {what} from now on", new=name)
    for name in sorted(set(old) - set(new)):
        yield Change(table, "removed", name, f"{name} is {what} no more", old=name)


def _system(table: str, what: str, old: object, new: object) -> Iterator[Change]:
    if old == new:
        return
    if old is None:
        yield Change(table, "added", table, f"{what} is new: {_where(new)}", new=new)
    elif new is None:
        yield Change(table, "removed", table, f"{what} is used no more: {_where(old)}", old=old)
    else:
        before, after = _flat(old), _flat(new)
        for name, value in after.items():
            if value != before[name]:
                sentence = f"{what}: {name} is {_value(value)} instead of {_value(before[name])}"
                yield Change(table, "changed", f"{table}.{name}", sentence, old=old, new=new)


def _flat(system: object, prefix: str = "") -> dict[str, object]:
    found: dict[str, object] = {}
    for field in fields(system):  # type: ignore[arg-type]
        value = getattr(system, field.name)
        if is_dataclass(value) and field.compare:
            found |= _flat(value, f"{prefix}{field.name}.")
        elif field.compare:
            found[prefix + field.name] = value
    return found


def _where(system: object) -> str:
    hosts = getattr(system, "servers", None) or (getattr(system, "host", ""),)
    return words.listed(hosts)


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return words.listed(value) if value else "empty"
    return str(value) if value not in ("", None) else "empty"
