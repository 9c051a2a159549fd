"""Common questions, above all what failure reports mean: with the very texts that this site's mailers give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache, lru_cache

from mailwright.formats import html
from mailwright.pages.english import WORDS
from mailwright.pages.facts import QUEUE_DAYS, because, helper, size
from mailwright.pages.model import Reply, Say, Section, To, say
from mailwright.plan.model import Plan
from mailwright.records import dataclass

FILTER = "filter/mailwright.lua"
LIMITS = "filter/rspamd.conf.j2"
SPACE = "logs/mailwright_space.py"
MAILER = "postfix/main.cf.j2"
POSTS = "mailman/mailwright_mailman/chains/posting.py"
POLICY = "mailman/mailwright_mailman/policy.py"
POSTFIX = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a mailer of the site says.

    text    with ``{own}`` for an own address, ``{else}`` for one elsewhere, ``{login}`` and ``{list}`` for one
    source  the template that says it, word for word but for values; empty: Postfix itself does
    said    those of its words that stand in the source
    """

    name: str
    text: str
    source: str
    said: tuple[str, ...] = ()


_TOO_MANY = "Too many recipients in an hour. This message waits; nothing is lost"
_NO_ROOM = "451 4.3.1 Too little space is left for the mail log, try again later"
_NO_LOG = "451 4.3.5 The mail log cannot be looked after, try again later"
_NOT_YOURS, _NOT_WHOLE = " is not an address of yours", ": has an address without a domain"

SENDING = (
    Answer("authentication", "535 5.7.8 Error: authentication failed", POSTFIX),
    Answer("no-login", "554 5.7.1 ... Client host rejected: Access denied", POSTFIX),
    Answer("no-tls", "530 5.7.0 Must issue a STARTTLS command first", POSTFIX),
    Answer("not-owned", "553 5.7.1 <{own}>: Sender address rejected: not owned by user {login}", POSTFIX),
    Answer("not-yours", "554 5.7.1 From: {own} is not an address of yours", FILTER, (_NOT_YOURS,)),
    Answer(
        "one-from", "554 5.7.1 A message needs exactly one From: line", FILTER, ("A message needs exactly one ",)
    ),
    Answer("not-whole", "554 5.7.1 To: has an address without a domain", FILTER, (_NOT_WHOLE,)),
    Answer("hourly", f"451 4.7.1 {_TOO_MANY}", LIMITS, (_TOO_MANY,)),
    Answer("recipients", "452 4.5.3 Error: too many recipients", POSTFIX),
    Answer("size", "552 5.3.4 Message size exceeds fixed limit", POSTFIX),
    Answer("space", _NO_ROOM, SPACE, (_NO_ROOM,)),
    Answer("log-away", _NO_LOG, MAILER, (_NO_LOG,)),
)
"""To people who send, by their own mail program."""

RECEIVING = (
    Answer(
        "unknown", "550 5.1.1 <{own}>: Recipient address rejected: User unknown in virtual mailbox table", POSTFIX
    ),
    Answer("relay", "554 5.7.1 <{else}>: Relay access denied", POSTFIX),
    Answer("forged", "550 5.1.0 <{own}>: Sender address rejected: User unknown in virtual mailbox table", POSTFIX),
    Answer("full", "452 4.2.2 <{own}> Quota exceeded (mailbox for user is full)", POSTFIX),
)
"""To people elsewhere who write to the site, in a report of their own mailer."""

LISTS = (
    Answer("list-held", "Your message to {list} waits for a moderator", POSTS, ("waits for a moderator",)),
    Answer("list-refused", "you may not post to this list", POLICY, ("you may not post to this list",)),
)
"""To people who write to a list."""

ELSEWHERE = (
    Answer("elsewhere-unknown", "550 5.1.1 ... User unknown", POSTFIX),
    Answer("elsewhere-name", "Host or domain name not found. Name service error", POSTFIX),
    Answer("elsewhere-later", "4xx ...", POSTFIX),
    Answer("elsewhere-refused", "5xx ...", POSTFIX),
)
"""By mailers elsewhere, in a report that the site's mailer sends on."""

_QUESTIONS = Section("questions", because("SUPPORT-1", "a list of questions that is kept"), block="questions")


def sections(plan: Plan) -> Iterator[Section]:
    kinds = [("sending", SENDING), ("receiving", RECEIVING), ("elsewhere", ELSEWHERE)]
    if plan.lists:
        kinds.insert(1, ("to-lists", LISTS))
    told, own = _told(plan), _own(plan)
    for name, answers in kinds:
        yield _explained(name, tuple([_answered(answer, own, told) for answer in answers]))
    yield _QUESTIONS
    yield Section("not-here", because("SUPPORT-1", "whom to ask"), (say("not-here.ask", helper=helper(plan)),))


@lru_cache(maxsize=64)
def _explained(name: str, replies: tuple[Reply, ...]) -> Section:
    why = because("SUPPORT-1", "failure reports are explained, with the words that they have")
    return Section(name, why, (say(f"{name}.first"), *replies))


def _told(plan: Plan) -> dict[str, object]:
    """What the sentences about answers may name."""
    settings = plan.settings
    return {
        "helper": helper(plan),
        "recipients": settings.recipients,
        "hourly": settings.hourly,
        "size": size(settings.message_size),
        "days": QUEUE_DAYS,
        "postmaster": html.mail(f"postmaster@{settings.primary_domain}"),
        "page": To("set-up"),
        "lists": To("lists") if plan.lists else "",
    }


def _own(plan: Plan) -> dict[str, str]:
    """What stands in texts for what is in braces there."""
    return {
        "{own}": f"somebody@{plan.settings.primary_domain}",
        "{else}": "somebody@elsewhere.example",
        "{login}": "ab123",
        "{list}": plan.lists[0].address if plan.lists else "",
    }


def _answered(answer: Answer, own: Mapping[str, str], told: Mapping[str, object]) -> Reply:
    text = answer.text
    if "{" in text:
        for name, value in own.items():
            text = text.replace(name, value)
    return _reply(answer.name, text, tuple([(name, told[name]) for name in _asked(answer.name)]))


@lru_cache(maxsize=512)
def _reply(name: str, text: str, told: tuple[tuple[str, object], ...]) -> Reply:
    """Of those answers that have nothing of the site's own there is one for all sites."""
    values = dict(told)
    return Reply(name, text, Say(f"means.{name}", values), Say(f"helps.{name}", values))


@cache
def _asked(name: str) -> tuple[str, ...]:
    """Names of the values that are told of an answer."""
    return tuple(dict.fromkeys((*html.names(WORDS[f"means.{name}"]), *html.names(WORDS[f"helps.{name}"]))))
