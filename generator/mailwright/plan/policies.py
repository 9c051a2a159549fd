"""What each listener asks before it takes a message, in the order in which it asks.

The rows' checks are Postfix restrictions by name, or ``milter:`` and what the filter sees to
(templates/filter/mailwright.lua). The order within a stage decides what happens, so it is part of the row's key.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.plan import grants, links, lists, names
from mailwright.plan.model import Because, Policy, Stage
from mailwright.site.model import Site

Check = tuple[Stage, str, Because]

UNKNOWN_RECIPIENT = Because(
    "RELAY-2", "an unknown recipient is refused at once, so no bounce goes to a forged sender"
)
PIPELINING = Because(
    "RELAY-2", "commands sent ahead of their answers are the mark of smuggling and of spam engines"
)
FULL_RECIPIENT = Because("INT-3", "a recipient without a domain is not completed; only <postmaster> needs none")
FULL_SENDER = Because("ADDR-4", "a sender address without a full domain cannot be answered")

PRIVATE: Check = (
    "rcpt",
    "check_recipient_access lmdb:/etc/postfix/private",
    Because("RELAY-2", "the private addresses of logins are for the mailer's tables alone"),
)
"""Where people are in a directory alone."""

SIGN = Because("REMOTE-1", "DKIM: what leaves is shown to come from the domain (RFC 6376)")

SPACE_CHECK = "check_policy_service unix:/run/mailwright-space/policy"
SPACE = Because("AUDIT-4", "451 while too little space is left for the log: nothing is sent that leaves no trace")
"""What a host asks itself before it takes mail to be sent (components/log_space.py)."""

SPACE_AND_LOGIN = Because("AUDIT-4", f"{SPACE.reason}; 521 for a login that is suspended")
"""The same server, where there is a login: an open session does not outlive a suspension."""

RELAYED: tuple[Check, ...] = (
    ("relay", "permit_mynetworks", Because("RELAY-2", "who has a grant: declared networks, the site's own hosts")),
)

TRANSFER: tuple[Check, ...] = (
    ("mail", "reject_non_fqdn_sender", FULL_SENDER),
    ("mail", "reject_unlisted_sender", Because("ADDR-5", "a sender in an own domain has to exist")),
    ("relay", "reject_unauth_destination", Because("RELAY-2", "nothing goes from outside to outside")),
    ("rcpt", "reject_non_fqdn_recipient", FULL_RECIPIENT),
    ("rcpt", "reject_unlisted_recipient", UNKNOWN_RECIPIENT),
    ("data", "reject_unauth_pipelining", PIPELINING),
)
"""Port 25: mail that comes from other mailers."""

RELAYED_IN: tuple[Check, ...] = (
    ("rcpt", "permit_auth_destination", Because("AUDIT-4", "mail for the site's own people is taken in as ever")),
    ("rcpt", SPACE_CHECK, SPACE),
)
"""Port 25, where there are grants: what comes after all other checks of a recipient. Whoever gets so far with one
that is not the site's has a grant."""

GATEWAY_SENDER: Check = (
    "mail",
    "check_client_access cidr:/etc/postfix/gateway_clients",
    Because("GATE-2", "a system behind a gateway sends as its own domains alone"),
)
"""Before a sender in an own domain is asked whether it exists: what the system calls somebody does as well."""
GATEWAY_RETURN: Check = (
    "rcpt",
    "check_recipient_access lmdb:/etc/postfix/gateway_returns",
    Because("GATE-1", "what a system would hand to itself by way of the gateway: loops end here"),
)
GATEWAY_ASK: Check = (
    "rcpt",
    "check_recipient_access lmdb:/etc/postfix/gateway_asked",
    Because("GATE-1", "the next hop is asked whether it knows the recipient, in its own domains only"),
)


SIGNED: tuple[Check, ...] = (
    (
        "header",
        "milter:own-from-exists",
        Because("ADDR-5", "an own-domain address in From: exists, and is of who sends"),
    ),
    ("header", "milter:to-is-there", Because("MSG-1", "a message that leaves has a To: or Cc: line")),
    ("header", "milter:sign", SIGN),
)

SUBMISSION: tuple[Check, ...] = (
    ("connect", "permit_sasl_authenticated", Because("RELAY-3", "after a login")),
    ("connect", "reject", Because("RELAY-3", "nothing without a login, whoever the client is")),
    ("mail", "reject_non_fqdn_sender", FULL_SENDER),
    ("mail", "reject_sender_login_mismatch", Because("ADDR-6", "MAIL FROM is an address of the login that sends")),
    ("relay", SPACE_CHECK, SPACE_AND_LOGIN),
    ("relay", "permit_sasl_authenticated", Because("RELAY-3", "relaying is for a login")),
    ("relay", "reject", Because("RELAY-3", "and for nobody else")),
    ("rcpt", "reject_non_fqdn_recipient", FULL_RECIPIENT),
    ("rcpt", "reject_unlisted_recipient", UNKNOWN_RECIPIENT),
    ("data", "reject_unauth_pipelining", PIPELINING),
    ("data", "permit_sasl_authenticated", Because("RELAY-3", "after a login")),
    (
        "data",
        "reject",
        Because("RELAY-3", "bare <postmaster> passes all stages before this one, without a login too"),
    ),
    ("header", "milter:from-is-the-logins", Because("ADDR-7", "every address in From: is one of the login's")),
    (
        "header",
        "milter:sender-is-the-logins",
        Because("ADDR-8", "Sender:, where a program wrote one, is one of the login's"),
    ),
    (
        "header",
        "milter:addresses-are-whole",
        Because("INT-3", "an address without a domain is refused, not completed by guessing"),
    ),
    ("header", "milter:null-sender-for-receipts", Because("ADDR-6", "MAIL FROM:<> is for read receipts alone")),
    ("header", "milter:sign", SIGN),
)
"""Ports 587 and 465: the site's people and their programs."""


POSTER: Check = (
    "header",
    "milter:poster",
    Because(
        "LIST-3", "one header says who sent a post to a list, as far as it is known; what came in as such is gone"
    ),
)
"""Wherever mail for lists may come in."""

OWN_ALONE = Because("LIST-3", "only the site's other mailers hand over posts with their verdict")

HANDED_OVER: tuple[Check, ...] = (
    ("connect", "permit_mynetworks", OWN_ALONE),
    ("connect", "reject", OWN_ALONE),
    ("relay", "reject_unauth_destination", Because("RELAY-2", "nothing goes from there to outside")),
    ("rcpt", "reject_unlisted_recipient", Because("LIST-3", "nobody but lists is written to here")),
    ("data", "reject_unauth_pipelining", PIPELINING),
)
"""The port on which the list host takes posts from the other mailers; the header is theirs."""

LIST_SERVER = Because("LIST-3", "the list server of this host, which its firewall lets through alone")

SENT_OUT: tuple[Check, ...] = (
    ("connect", "permit_mynetworks", LIST_SERVER),
    ("connect", "reject", LIST_SERVER),
    ("mail", "reject_non_fqdn_sender", FULL_SENDER),
    ("mail", "reject_unlisted_sender", Because("ADDR-5", "bounces come back to an address of the list")),
    ("relay", SPACE_CHECK, SPACE),
    ("relay", "permit_mynetworks", LIST_SERVER),
    ("relay", "reject", LIST_SERVER),
    ("rcpt", "reject_non_fqdn_recipient", FULL_RECIPIENT),
    ("rcpt", "reject_unlisted_recipient", UNKNOWN_RECIPIENT),
    (
        "header",
        "milter:post",
        Because("LIST-3", "nobody is told the verdict on who sent a post, and no author is signed for"),
    ),
    ("header", "milter:sign", SIGN),
)
"""Where the list server hands over what it has expanded. From: is the author's, so no login is compared with it."""


def rows(site: Site) -> Iterator[Policy]:
    """The checks of every SMTP listener of the site."""
    keeper = lists.keeper(site)
    poster = (POSTER,) if keeper is not None else ()
    relayed = {grant.host for grant in grants.rows(site) if grant.port == 25}
    clients = any(gateway.clients for gateway in site.gateways)
    ask = (GATEWAY_ASK,) if any(gateway.recipients == "ask" for gateway in site.gateways) else ()
    transfer = (*((GATEWAY_SENDER,) if clients else ()), *TRANSFER, *((GATEWAY_RETURN,) if clients else ()), *ask)
    private = (PRIVATE,) if site.live else ()
    transfer = (*private, *transfer)
    for host in site.hosts:
        if "mx" in host.functions:
            judged = (*RELAYED, *transfer, *RELAYED_IN, *poster, *SIGNED)
            yield from rows_of(host.name, 25, judged if host.name in relayed else (*transfer, *poster))
        if "submission" in host.functions:
            for port in (587, 465):
                yield from rows_of(host.name, port, (*private, *SUBMISSION, *ask, *poster))
    if keeper is not None:
        if any(host is not keeper for host in names.sending(site)):
            yield from rows_of(keeper.name, links.LISTS, HANDED_OVER)
        yield from rows_of(keeper.name, lists.OUTWARD, SENT_OUT)


def rows_of(host: str, port: int, checks: tuple[Check, ...]) -> Iterator[Policy]:
    """The checks as rows of one listener, positions counted from 1 in each stage."""
    positions: dict[Stage, int] = {}
    for stage, check, because in checks:
        positions[stage] = positions.get(stage, 0) + 1
        yield Policy(host, port, stage, positions[stage], check, because)
