"""Risks that no single customer shows: ``RISKS`` lists them. Each function's docstring is its page."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from inspect import cleandoc

from mailwright.changes import words
from mailwright.changes.model import RiskRule, Severity
from mailwright.changes.personal import personal
from mailwright.changes.provider import shared
from mailwright.changes.provider.customer import Facts, Outcome
from mailwright.changes.provider.model import Case, Rule, Spot
from mailwright.changes.provider.shared import MISSING, LimitChange, Value
from mailwright.changes.risks.many import FEW
from mailwright.provider.model import Provider
from mailwright.provider.suffixes import is_public
from mailwright.site.addresses import key

MANY = "provider.many-customers"
"""The rule that a reason lets pass, as it does of rows."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A domain that a customer says, and another one said before, or says as well."""

    domain: str
    old: str
    new: str
    spot: Spot
    both: bool


@dataclass(frozen=True, slots=True)
class Compared:
    """What the rules judge. ``old`` is None of a folder that is new, ``outcomes`` only those that were looked at.

    total      how many customers there were
    """

    old: Provider | None
    new: Provider
    values: Sequence[Value]
    limits: Sequence[LimitChange]
    outcomes: Sequence[Outcome]
    claims: Sequence[Claim]
    total: int
    today: date
    threshold: float


Find = Callable[[Compared], Iterator[Case]]


@dataclass(frozen=True, slots=True)
class ProviderRule:
    about: Rule
    find: Find


def rule(id_: str, severity: Severity, requirement: str, title: str, safely: str) -> Callable[[Find], ProviderRule]:
    def made(find: Find) -> ProviderRule:
        page = cleandoc(find.__doc__ or title)
        return ProviderRule(Rule(id_, severity, requirement, title, safely, _why(page), page), find)

    return made


def _why(page: str) -> str:
    """The sentence below the first line."""
    return words.sentence(page.partition("\n\n")[2])


def of_site(rule: RiskRule) -> Rule:
    """What is known of a rule about a single site."""
    return Rule(
        rule.id,
        rule.severity,
        rule.requirement,
        rule.title,
        rule.safely,
        words.why(rule),
        cleandoc(rule.find.__doc__ or rule.title),
    )


# --- Customers as a whole ----------------------------------------------------------------------------------------


def _both(compared: Compared) -> Iterator[tuple[Outcome, Facts, Facts]]:
    for one in compared.outcomes:
        if one.old is not None and one.new is not None:
            yield one, one.old, one.new


@rule(
    "provider.customer-removed",
    Severity.HIGH,
    "SCALE-2",
    "a customer's file has vanished",
    "Put the file back, and let the customer leave: `leaving` with its three days. Take the file away when the "
    "last of them is over.",
)
def customer_removed(compared: Compared) -> Iterator[Case]:
    """A customer is gone, and did not leave.

    With the next apply the shared hosts know its addresses no more, and mail to them is refused with a permanent
    error; people cannot fetch what they have. A customer that leaves has days until which mail is taken, fetched
    and logged; when the last of them is over, its file may be taken away, and no rule speaks.
    """
    for one in compared.outcomes:
        if one.old is None or one.new is not None or one.faults:
            continue
        if one.old.state == "over":
            continue
        how = (
            "it was not leaving" if one.old.leaving is None else f"its days last until {one.old.leaving.logs_until}"
        )
        sentence = (
            f"{one.id} is gone ({words.some(one.old.domains) if one.old.domains else 'no domain'}), and {how}"
        )
        yield Case(sentence, (one.id,), spot=Spot(f"customer {one.id}", one.old.where), named=True)


@rule(
    "provider.customer-moved",
    Severity.HIGH,
    "SCALE-2",
    "a customer moves to other hosts",
    "Copy its mail to the new hosts first (`doveadm sync`), lower the time to live of its MX records, change them, "
    "and copy once more what came meanwhile; take it off the old hosts when nothing arrives there any more.",
)
def customer_moved(compared: Compared) -> Iterator[Case]:
    """A customer is on another platform than before, or on hosts of its own.

    Mail does not go with it: on the new hosts its mailboxes are empty, and on the old ones nobody finds what they
    hold. While the DNS is half known, mail arrives at either.
    """
    for one, old, new in _both(compared):
        if old.platform != new.platform:
            sentence = f"{one.id} moves from {on(old.platform)} to {on(new.platform)}"
            yield Case(sentence, (one.id,), spot=Spot(f"customer {one.id}", new.where), named=True)


def on(platform: str) -> str:
    return f"the platform {platform}" if platform else "hosts of its own"


@rule(
    "provider.leaving-shortened",
    Severity.MEDIUM,
    "SCALE-2",
    "a customer's mail ends sooner than it was said",
    "Ask the customer, in writing, whether everybody has fetched their mail; keep the agreed days otherwise.",
)
def leaving_shortened(compared: Compared) -> Iterator[Case]:
    """The last days of a customer that leaves come sooner than they were said to.

    What is past on the host's own clock is done: when the last day for mail is over, the mail is removed and cannot
    be had back. A day that is past already when it is written has that done by the very next apply.
    """
    for one, old, new in _both(compared):
        if new.leaving is None:
            continue
        spot = Spot(f"customer {one.id}", new.where)
        past = new.state in ("closed", "over")
        if past and old.state in ("active", "stopped"):
            sentence = (
                f"the mail of {one.id} is removed with the next apply: its last day was {new.leaving.mail_until}"
            )
            yield Case(sentence, (one.id,), spot=spot, named=True, severity=Severity.HIGH)
        elif old.leaving is not None and (
            new.leaving.mail_until < old.leaving.mail_until or new.leaving.stop < old.leaving.stop
        ):
            sentence = (
                f"{one.id} takes mail until {new.leaving.stop} and has it until {new.leaving.mail_until}, instead "
                f"of {old.leaving.stop} and {old.leaving.mail_until}"
            )
            yield Case(sentence, (one.id,), spot=spot, named=True)


@rule(
    "provider.customer-renamed",
    Severity.LOW,
    "SCALE-2",
    "a customer has another id",
    "Keep the id where nothing asks for another: write `customer: <the old one>` into the file of a new name.",
)
def customer_renamed(compared: Compared) -> Iterator[Case]:
    """The same domains are those of a customer of another id.

    The id names the customer's folder in the build, its view of the logs and its secrets on the control machine. On
    the hosts the one goes and the other comes in the same apply; mail is found by domains, and stays.
    """
    for one, old, new in _both(compared):
        if old.id != new.id:
            spot = Spot(f"customer {one.id}", new.where)
            yield Case(f"{old.id} is called {new.id} now", (one.id,), spot=spot, named=True)


@rule(
    "provider.domain-moved",
    Severity.HIGH,
    "SCALE-2",
    "a domain goes from one customer to another",
    "Have both customers say so in writing. Move the mail of the people in it first, and let the domain rest on "
    "neither until that is done.",
)
def domain_moved(compared: Compared) -> Iterator[Case]:
    """A domain that one customer had is another customer's.

    Whoever has the domain gets the mail of everybody in it, may send as all of them, and can be sent the links with
    which passwords elsewhere are set anew: it is how a domain is taken over.
    """
    for claim in compared.claims:
        if not claim.both:
            sentence = f"{claim.domain} goes from {claim.old} to {claim.new}"
            yield Case(sentence, tuple(sorted((claim.new, claim.old))), spot=claim.spot, named=True)


@rule(
    "provider.domain-claimed",
    Severity.HIGH,
    "SCALE-2",
    "a domain is said by two customers",
    "Ask whose it is, and take it out of the other one's file. Nothing can be built of the one that came later.",
)
def domain_claimed(compared: Compared) -> Iterator[Case]:
    """A customer says a domain that another customer has.

    One of the two is wrong, or tries to have mail that is not its own. A build leaves the newcomer out and says so.
    """
    for claim in compared.claims:
        if claim.both:
            sentence = f"{claim.new} says {claim.domain}, which {claim.old} has"
            yield Case(sentence, (claim.new,), spot=claim.spot, named=True)


_DOMAINS = 200
"""New domains of one customer that are named: somebody has to see each."""


@rule(
    "provider.domain-new",
    Severity.HIGH,
    "SCALE-2",
    "a customer takes a domain that none had",
    "Have the domain's owner prove that it is theirs before this is applied: a TXT record that you choose, or the "
    "MX records that lead here. Ask by a telephone number that you had before, not by one of the change.",
)
def domain_new(compared: Compared) -> Iterator[Case]:
    """A customer says a domain that no customer had.

    Nothing here can tell whose a domain is. Who says one that belongs to a bank, or to a school that is not a
    customer yet, has what all other customers write to it, since mail between customers of the same hosts does not
    leave them; and may send as it, past those who trust these hosts (SPF). A name below one that it had is its own.
    Of a customer that is new all domains are shown, with less weight, since it is looked at as a whole.
    """
    if compared.old is None:
        return
    claimed = {(claim.domain, claim.new) for claim in compared.claims}
    for one in compared.outcomes:
        if one.new is None or one.faults or (one.old is not None and one.old.id != one.new.id):
            continue
        had = one.old.all_domains if one.old is not None else ()
        anew = [
            name
            for name in one.new.all_domains
            if (name, one.id) not in claimed and not any(name == own or name.endswith(f".{own}") for own in had)
        ]
        if anew:
            verb = "takes" if one.old is not None else "is new and begins with"
            severity = Severity.HIGH if one.old is not None else Severity.MEDIUM
            sentence = f"{one.id} {verb} {words.some(anew, _DOMAINS)}, which nobody here had"
            yield Case(sentence, (one.id,), spot=one.new.spot(anew[0]), named=True, severity=severity)


# --- What all of them share -------------------------------------------------------------------------------------


@rule(
    "provider.limit-removed",
    Severity.MEDIUM,
    "SCALE-2",
    "a limit of what customers may say is gone",
    "See what the limit was for (its reason), and which customers would be let do what it kept them from.",
)
def limit_removed(compared: Compared) -> Iterator[Case]:
    """Customers may say something that no limit of the provider holds any more.

    From then on a line in a customer's file is enough, and no build refuses it; what other customers on the same
    hosts feel of it, the provider has to notice.
    """
    for change in compared.limits:
        if change.new is None:
            yield Case(change.sentence, spot=change.spot)


@rule(
    "provider.limit-widened",
    Severity.MEDIUM,
    "SCALE-2",
    "a limit of what customers may say is wider",
    "See that the hosts have what is promised now (space, days of logs), and that no duty is broken at its edge.",
)
def limit_widened(compared: Compared) -> Iterator[Case]:
    """Customers may say what a limit of the provider did not let pass before.

    From then on a line in a customer's file is enough, and no build refuses it.
    """
    for change in compared.limits:
        if change.new is not None and change.wider:
            yield Case(change.sentence, spot=change.spot)


@rule(
    "provider.domain-widened",
    Severity.MEDIUM,
    "SCALE-2",
    "a domain that others are below may be a customer's",
    "Ask all whose names are below it whether they know, and whoever registers names there; say no more than the "
    "one domain that was asked for.",
)
def domain_widened(compared: Compared) -> Iterator[Case]:
    """`wide_domains` lets a customer have a domain that others are below, or may be.

    Whoever has it answers for all names below it, to which receivers apply its policy (DMARC) where they have none.
    A build refuses such a domain otherwise. One under which anybody registers names, such as `ac.uk`, weighs more.
    """
    if compared.old is None:
        return
    for one in shared.widened(compared.old, compared.new):
        if one.old is None and one.new is not None:
            severity = Severity.HIGH if is_public(one.new.name) else Severity.MEDIUM
            yield Case(one.sentence, spot=one.spot, severity=severity)


_GRAVE = 2
"""From so many customers on, what weakens each a little is grave."""


@rule(
    "provider.layer-weakens",
    Severity.HIGH,
    "SCALE-2",
    "a line that many customers share weakens all of them",
    "Make it for one customer first, in its own file; then for those of a profile; then for all. See each risk "
    "that is named for what to do.",
)
def layer_weakens(compared: Compared) -> Iterator[Case]:
    """A default or profile changes so that a rule of medium or high weight fires for many customers at once.

    What is bearable of one organisation is not of hundreds on the same day: all of them lose the same protection,
    and whoever knows of one knows of all.
    """
    for number, value in enumerate(compared.values):
        hit: dict[str, list[str]] = {}
        for one in compared.outcomes:
            if number in one.affected:
                for danger in one.dangers:
                    if danger.severity >= Severity.MEDIUM and _about(danger.spot, value):
                        hit.setdefault(danger.rule, []).append(one.id)
        weakened = sorted({id_ for ids in hit.values() for id_ in ids})
        if len(weakened) >= _GRAVE:
            sentence = (
                f"{value.pointer} weakens {words.number(len(weakened), 'customer')}: {words.some(sorted(hit))}"
            )
            yield Case(sentence, tuple(weakened), spot=value.spot)


def _about(spot: Spot | None, value: Value) -> bool:
    """A risk without a place may come of any of the values."""
    return spot is None or spot.layer == value.layer or spot.layer.startswith("customer ")


_ROLES = "/roles/"


@rule(
    "provider.receiver-added",
    Severity.MEDIUM,
    "ROLE-5",
    "the provider puts somebody behind role addresses of many customers",
    "See that the customers know who reads what is written to their postmaster and abuse addresses, and that their "
    "agreements and privacy statements say so.",
)
def receiver_added(compared: Compared) -> Iterator[Case]:
    """A layer adds a receiver to role addresses of customers, or the team that may be one has somebody new.

    Complaints, reports of abuse and requests about personal data come to those addresses: whoever receives them
    reads them for every organisation. Somebody who is not in the team is no person that the provider answers for.
    """
    team = {key(address) for address in compared.new.team}
    found: dict[str, list[tuple[int, Value]]] = {}
    for number, value in enumerate(compared.values):
        if value.pointer.startswith(_ROLES):
            for person in set(_people(value.new)) - set(_people(value.old)):
                found.setdefault(person, []).append((number, value))
    for person, at in sorted(found.items()):
        numbers = {number for number, _ in at}
        customers = tuple(sorted(one.id for one in compared.outcomes if numbers & set(one.affected)))
        if not customers:
            continue
        roles = words.some(sorted({value.pointer.split("/")[2] for _, value in at}))
        who = personal(person, "somebody")
        if "@" in person and key(person) not in team:
            yield Case(
                f"{who}, who is not in the team, receives what is written to {roles}",
                customers,
                spot=at[0][1].spot,
                severity=Severity.HIGH,
            )
        else:
            yield Case(f"{who} receives what is written to {roles}", customers, spot=at[0][1].spot)
    if compared.old is not None:
        for person in shared.apart(compared.old.team, compared.new.team)[0]:
            who = personal(person, "somebody")
            sentence = f"{who} is new in the team, and may be made a receiver of any customer's roles"
            yield Case(sentence, spot=Spot("team", compared.new.where), severity=Severity.LOW)


def _people(value: object) -> Iterator[str]:
    if value is MISSING or value is None:
        return
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, str))
    elif isinstance(value, dict):
        for name in ("members", "also"):
            yield from _people(value.get(name))
    elif isinstance(value, str):
        yield value


@rule(
    MANY,
    Severity.MEDIUM,
    "SCALE-2",
    "many customers change at once",
    "Look at the number, and ask whether somebody expected it. Apply it to one customer and one host first. Where "
    "it is meant, say so with --force and the reason.",
)
def many_customers(compared: Compared) -> Iterator[Case]:
    """More customers than is usual vanish, change or appear in one change.

    A script that went wrong, a folder that was not copied whole, a default of which nobody thought who uses it:
    each makes files that are valid and wrong. Counted are folders of ten customers or more. What appears weighs
    less than what vanishes.
    """
    if compared.total < FEW:
        return
    gone = sum(one.new is None and not one.faults for one in compared.outcomes)
    come = sum(one.old is None and not one.faults for one in compared.outcomes)
    other = sum(bool(one.effects) and one.old is not None and one.new is not None for one in compared.outcomes)
    limit = compared.threshold * compared.total
    if max(gone + other, come) <= limit:
        return
    said = ((gone, "vanishes", "vanish"), (other, "changes", "change"), (come, "is new", "are new"))
    counts = ", ".join(f"{count:,} {one if count == 1 else more}" for count, one, more in said if count)
    severity = Severity.HIGH if gone > limit else Severity.MEDIUM if gone + other > limit else Severity.LOW
    yield Case(f"of {compared.total:,} customers, {counts}", severity=severity)


RISKS: tuple[ProviderRule, ...] = (
    customer_removed,
    domain_moved,
    domain_claimed,
    domain_new,
    customer_moved,
    leaving_shortened,
    customer_renamed,
    layer_weakens,
    receiver_added,
    limit_removed,
    limit_widened,
    domain_widened,
    many_customers,
)
