"""What shared hosts know of a customer: one file, ``mail.tables``, that is reviewed here and judged again there.

The file is all that a host has of the customer but passwords, keys and mail. The form of its lines is in
formats/customer_tables.py; what reads it on the host is templates/customers/mailwright_customers. A plan speaks of
a customer's logins as the customer does; here they get its realm, the primary domain, since two customers may have
the same login.
"""

from __future__ import annotations

from collections.abc import Iterator

from mailwright.formats import customer_tables as form
from mailwright.formats.engine import FormatError, comment
from mailwright.plan.model import Plan, Route
from mailwright.plan.retention import view_days
from mailwright.provider.model import Head, State

_TABLED = frozenset({"alias", "internal", "role", "automatic"})


def render(plan: Plan, head: Head, state: State) -> str:
    """The text of ``mail.tables`` in that state.

    active   everything
    stopped  its logins, which fetch mail and do nothing else; no recipients, no senders
    closed   its domains, whose part of the log it may see
    over     who it was: what the host has of it is removed when its own clock says so too

    Raises FormatError for what the format cannot carry, or shared hosts do not offer.
    """
    return "\n".join([*_lines(plan, head, state), ""])


def _lines(plan: Plan, head: Head, state: State) -> Iterator[str]:
    settings = plan.settings
    realm = form.domain(settings.primary_domain)
    yield f"# Shared hosts know this of {comment(head.id)}, and nothing else. Made by mailwright; not to be edited."
    yield f"format {form.VERSION}"
    yield f"customer {form.identifier(head.id)}"
    yield f"realm {realm}"
    yield f"state {state}"
    if head.leaving is not None:
        days = (head.leaving.stop, head.leaving.mail_until, head.leaving.logs_until)
        yield from form.section(
            "SCALE-2: the last day on which mail is taken in and sent, is fetched, and its logs are seen.",
            "leaving",
            [tuple(map(form.day, days))],
        )
    elif state != "active":
        raise FormatError(state, form.NAME, "a customer that does not leave is active")
    if state == "over":
        return
    domains = frozenset(map(form.domain, settings.own_names))
    yield from form.section(
        "AUDIT-3: days for which it sees its part of the log.", "days", [(form.number(view_days(plan)),)]
    )
    yield from form.section(
        "ADDR-5: its mail domains. Each line below is about these, or it is refused on the host.",
        "domain",
        ((form.domain(name),) for name in settings.domains),
    )
    yield from form.section(
        "INT-4: what they are called inside.",
        "inside",
        ((form.domain(inner.name),) for inner in settings.internal_domains if inner.name not in settings.domains),
    )
    if state == "closed":
        return
    yield from _logins(plan, realm)
    mailboxes = [row for row in plan.routes if row.kind == "mailbox"]
    if state == "stopped":
        yield from form.section(
            "SUPPORT-1: a published address and the login for which it is taken. No mail comes in under it.",
            "name",
            ((form.own(row.address, domains), form.login(row.targets[0], realm)) for row in mailboxes),
        )
        return
    yield from _served(plan, realm, domains, mailboxes)


def _logins(plan: Plan, realm: str) -> Iterator[str]:
    yield from form.section(
        "AUDIT-1, SCALE-1: its logins, and how many octets the mailbox of each may have.",
        "login",
        ((form.login(row.login, realm), form.number(row.quota)) for row in plan.mailboxes),
    )


def _served(plan: Plan, realm: str, domains: frozenset[str], mailboxes: list[Route]) -> Iterator[str]:
    keepers = {row.login for row in plan.mailboxes}
    automatic = sorted({row.login for row in plan.senders if row.automatic and row.login not in keepers})
    yield from form.section(
        "ADDR-7: its automatic senders, which submit mail and have no mailbox.",
        "process",
        ((form.login(login, realm),) for login in automatic),
    )
    if plan.settings.dkim_selector:
        yield from form.section(
            "REMOTE-1: what leaves its domains is signed with its own key (RFC 6376), which is published under:",
            "dkim",
            [(form.selector(plan.settings.dkim_selector),)],
        )
    yield from form.section(
        "ADDR-5, ADDR-3: a published address, and the login whose mailbox it is.",
        "mailbox",
        ((form.own(row.address, domains), form.login(row.targets[0], realm)) for row in mailboxes),
    )
    yield from form.section(
        "ROLE-1, ROLE-2, ROLE-4: roles, further addresses, internal and automatic ones, and where their mail goes.",
        "alias",
        _aliases(plan, domains),
    )
    yield from form.section(
        "ADDR-6, ADDR-7, ADDR-8: an address, and a login that may write it in MAIL FROM, From: and Sender:.",
        "sender",
        ((form.own(row.address, domains), form.login(row.login, realm)) for row in plan.senders),
    )
    yield from form.section(
        "INT-4: an internal address, and the published one that it becomes on its way out.",
        "internal",
        ((form.own(row.internal.lower(), domains), form.target(row.external)) for row in plan.rewrites),
    )


def _aliases(plan: Plan, domains: frozenset[str]) -> Iterator[tuple[str, ...]]:
    mailers = frozenset(plan.settings.mailer_names) - domains  # whose postmaster is the platform's
    for row in plan.routes:
        if row.kind == "mailbox" or row.address.rpartition("@")[2] in mailers:
            continue
        if row.kind not in _TABLED:
            raise FormatError(row.address, form.NAME, f"shared hosts have nothing of the kind {row.kind}")
        if row.targets != (row.address,):
            yield (form.own(row.address, domains), *map(form.target, row.targets))
