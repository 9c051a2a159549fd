"""What is one to a site: domains, limits, logs, clocks, documents, and the names of secrets."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import fields, is_dataclass

from mailwright.changes import audits, described, words
from mailwright.changes.model import Change, differences, kind, pairs
from mailwright.changes.personal import personal
from mailwright.plan.contacts import SERVICE_DESK
from mailwright.plan.model import Contact, Plan, Publication, Retention, Settings
from mailwright.plan.retention import HELD, LEFT, VIEW
from mailwright.site.model import Provision, Sharing

# Said by other tables: who may relay in grants; which names have a postmaster in routes.
ELSEWHERE = frozenset(
    {
        "relay_networks",
        "mailer_names",
        "domains",
        "internal_domains",
        "smarthost",
        "directory",
        "audit",
        "sharing",
        "provision",
        *described.PARTS,
    }
)

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
    "list_database": "the database of the lists",
    "registry": "the handle in the registry",
    "address_book": "the word on who stands in the address book",
    "customers": "whether the hosts serve a provider's customers too",
    "minimum_days": "the number of days for which it was agreed to keep logs",
}


def retention(old: Plan, new: Plan) -> Iterator[Change]:
    """How long logs and other records of people are kept, and who reads them."""
    for before, after, some in pairs(old.retention, new.retention):
        key = f"{some.log} on {some.host}"
        if some.log == VIEW and before is not None and after is not None:
            sentence = f"the customer sees its part of the log for {after.days} days instead of {before.days}"
            alike = f"views of the log reach back {after.days} days instead of {before.days}"
            yield Change("retention", kind(before, after), key, sentence, alike, "", before, after)
            continue
        what = some.log if some.log in (LEFT, HELD) else "logs"
        if before is not None and after is not None:
            sentence = f"{key} is kept {_kept(after)} instead of {_kept(before)}"
            alike = f"{what} are kept {_kept(after)} instead of {_kept(before)}"
        elif after is not None:
            sentence, alike = f"{key} is kept {_kept(after)}", f"more {what} are kept {_kept(after)}"
        else:
            sentence, alike = f"{key} is kept no more", f"{what} are kept no more"
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
        elif before is None and after is not None:
            sentence = f"the document {after.document} is new for {after.readers}"
        elif before is not None and after is not None:
            sentence = f"the document {after.document} {words.listed(_of_publication(before, after))}"
        key = after.document if after is not None else before.document if before is not None else ""
        yield Change("publications", kind(before, after), key, sentence, "", "", before, after)


def _of_publication(before: Publication, after: Publication) -> Iterator[str]:
    if before.readers != after.readers:
        yield f"is now for {after.readers}"
    if before.url != after.url:
        yield f"is read at {after.url}" if after.url else "has no address any more"
    if before.reviewed != after.reviewed:
        yield f"was looked at on {after.reviewed.isoformat()}" if after.reviewed else "is said to be unread"


def contacts(old: Plan, new: Plan) -> Iterator[Change]:
    """Whom Janet can reach, and what people vouch for."""
    nobodys = words.nobodys(old, new)
    for before, after, one in pairs(old.contacts, new.contacts):
        said = _contact(one, nobodys)
        name = one.name if one.name == SERVICE_DESK else personal(one.name, "somebody")
        sentence = f"{said} can be reached about mail" if after is not None else f"{said} is no contact any more"
        yield Change("contacts", kind(before, after), name, sentence, "", "", before, after)
    for promised, now, row in pairs(old.promises, new.promises):
        vouches = "vouches for" if now is not None else "does not vouch any more for"
        sentence = f"{personal(row.owner, 'somebody')} {vouches} {row.requirement} as of {row.made.isoformat()}"
        yield Change("promises", kind(promised, now), row.requirement, sentence, "", "", promised, now)


def _contact(row: Contact, nobodys: Collection[str]) -> str:
    if row.name == SERVICE_DESK:
        return f"{row.name} ({', '.join(filter(None, (words.address(row.email, nobodys), row.telephone)))})"
    how = ", ".join(filter(None, (row.email, row.telephone))) or "nothing is said how"
    return personal(f"{row.name} ({how})", "somebody")


def waivers(old: Plan, new: Plan) -> Iterator[Change]:
    """Breaches that somebody answers for: new, longer or shorter, and gone. The one that ends last counts."""
    before, after = ({row.rule: row for row in plan.waivers} for plan in (old, new))  # sorted by their ends
    for rule in sorted(before.keys() | after.keys()):
        one, other = before.get(rule), after.get(rule)
        if one is not None and other is not None and not differences(one, other):
            continue
        if other is None:
            sentence = f"nobody waives {rule} any more"
        else:
            sentence = f"{personal(other.owner, 'somebody')} waives {rule} until {other.until.isoformat()}"
            if one is not None and one.until != other.until:
                sentence += f" (it was until {one.until.isoformat()})"
            sentence += personal(f": {other.reason.rstrip('.')}", "")  # it often says for whom one waits
        yield Change("waivers", kind(one, other), rule, sentence, "", "", one, other)


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
    yield from described.changes(one, other, words.nobodys(old, new))
    yield from audits.changes(one.audit, other.audit)
    yield from _sharing(one.sharing, other.sharing)
    yield from _provision(one.provision, other.provision)
    for field in fields(Settings):
        if field.name in ELSEWHERE:
            continue
        a, b = getattr(one, field.name), getattr(other, field.name)
        if field.name == "minimum_days" and not a:  # a plan that was stored before it was known
            continue
        if a != b:
            what = NAMES.get(field.name, field.name.replace("_", " "))
            yield Change(
                "settings", "changed", field.name, f"{what} is {_value(b)} instead of {_value(a)}", old=a, new=b
            )


def _sharing(old: Sharing | None, new: Sharing | None) -> Iterator[Change]:
    """Whose hosts they are, and which people of the provider may receive what is written to roles."""
    before, after = (side.platform if side is not None else "" for side in (old, new))
    if before != after:
        hosts = ("hosts of its own" if not name else f"the provider's hosts {name}" for name in (after, before))
        sentence = " instead of ".join(hosts)
        yield Change("settings", "changed", "sharing", f"mail is on {sentence}", old=old, new=new)
    if old is None or new is None:
        return
    if old.domain != new.domain:
        sentence = f"the provider's own domain is {new.domain} instead of {old.domain}"
        yield Change("settings", "changed", "sharing.domain", sentence, old=old, new=new)
    if old.team != new.team:
        people = personal(f": {words.listed(new.team)}", "")
        sentence = f"others of the provider's people may receive what is written to roles{people}"
        yield Change("settings", "changed", "sharing.team", sentence, old=old, new=new)


def _provision(old: Provision | None, new: Provision | None) -> Iterator[Change]:
    """Who provides, and the days on which it ends."""
    before, after = (side.provider if side is not None else "" for side in (old, new))
    if before != after:
        sides = (
            f"provided by {name}" if name else "provided by the organisation itself" for name in (after, before)
        )
        yield Change("settings", "changed", "provision", f"mail is {' instead of '.join(sides)}", old=old, new=new)
    for name, what in _DAYS.items():
        one, other = getattr(old, name, None), getattr(new, name, None)
        if one != other:
            sentence = f"{what} until {other}" if other else f"{what} without an end again"
            sentence += f" instead of {one}" if one and other else ""
            yield Change("settings", "changed", f"provision.{name}", sentence, old=old, new=new)


_DAYS = {
    "stop": "mail is taken in and sent",
    "mail_until": "people can fetch their mail",
    "logs_until": "the logs are seen, and sums of use kept,",
}


def _form(inner: object) -> str:
    until = getattr(inner, "until", None)
    return f"the form of {getattr(inner, 'published', '')} {f'until {until}' if until else 'without an end'}"


def _names(table: str, what: str, old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[Change]:
    for name in sorted(set(new) - set(old)):
        yield Change(table, "added", name, f"{name} is {what} from now on", new=name)
    for name in sorted(set(old) - set(new)):
        yield Change(table, "removed", name, f"{name} is {what} no more", old=name)


_MAY_NAME_PEOPLE = frozenset({"login", "bind_dn", "base", "filter"})
"""Settings of other systems in which a login may stand."""


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
                sentence = f"{name} is {_value(value)} instead of {_value(before[name])}"
                if name in _MAY_NAME_PEOPLE:
                    sentence = personal(sentence, f"{name} is another")
                sentence = f"{what}: {sentence}"
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
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return words.listed(value) if value else "empty"
    return str(value) if value not in ("", None) else "empty"
