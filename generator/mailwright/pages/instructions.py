"""The instructions to all users: accounts, passwords, computers that are shared or left alone (AUDIT-2)."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from mailwright.formats import html
from mailwright.pages.facts import because, desk, ending, helper, kept_days, web
from mailwright.pages.model import Items, Say, Section, To, say
from mailwright.plan.model import Plan

_WHY = because("AUDIT-2", "clear instructions to everybody who has an account")


_ACCOUNT = Section("account", _WHY, (Items((say("account.trail"), say("account.addresses"))),), "account")
_SHARED = Section("shared-computers", _WHY, block="shared-computers")
_UNATTENDED = Section("unattended-computers", _WHY, block="unattended-computers")


def sections(plan: Plan) -> Iterator[Section]:
    yield from ending(plan)
    yield _ACCOUNT
    yield Section("passwords", _WHY, (_change(plan), say("passwords.tls")), "passwords")
    yield _SHARED
    yield _UNATTENDED
    yield Section("misuse", _WHY, (desk(plan),), "misuse")
    yield _logs(*kept_days(plan))


@lru_cache(maxsize=64)
def _logs(days: int, most: int) -> Section:
    return Section(
        "logs",
        (*_WHY, *because("AUDIT-3", "people know that there is a log")),
        (say("logs.kept", days=days, most=most), say("logs.more", page=To("privacy"))),
    )


def _change(plan: Plan) -> Say:
    """Where a password is changed: in webmail where the site keeps passwords itself."""
    webmail = web(plan, "webmail")
    if plan.settings.directory is not None:
        return say("passwords.directory", organisation=plan.settings.organisation, helper=helper(plan))
    if webmail:
        return say("passwords.webmail", webmail=html.anchor(webmail, webmail))
    return say("passwords.desk", helper=helper(plan))
