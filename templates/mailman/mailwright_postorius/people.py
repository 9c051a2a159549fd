"""Who has signed in, as the web server says, and whose addresses that are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import RemoteUserBackend
from django.contrib.auth.middleware import RemoteUserMiddleware
from django.db import transaction

FILE = Path("/etc/mailman3/web-people.json")


class SignedIn(RemoteUserMiddleware):
    """The header that nginx sets, and takes out of what comes in."""

    header = "HTTP_X_MAILWRIGHT_LOGIN"


class Logins(RemoteUserBackend):
    """A login of the site. Its addresses are its own beyond doubt; there are no others and no passwords."""

    def authenticate(self, request: Any, remote_user: str | None) -> Any:
        if not remote_user:
            return None
        addresses = _described().get(remote_user.lower(), [])
        user = super().authenticate(request, remote_user.lower())
        if user is not None and addresses:
            _keep_to(user, addresses)
        return user


def keep() -> None:
    """Those who have signed in before have the addresses of the description, and who left it is forgotten: a login
    may be given to somebody else one day, and so may an address."""
    described = _described()
    for user in get_user_model().objects.all():
        addresses = described.get(user.get_username())
        if addresses:
            _keep_to(user, addresses)
        else:
            user.delete()


def _described() -> dict[str, list[str]]:
    found: dict[str, list[str]] = json.loads(FILE.read_text(encoding="utf-8"))
    return found


@transaction.atomic
def _keep_to(user: Any, addresses: list[str]) -> None:
    """The user has these addresses and no others; the first is the one that is shown. Others may have them too: a
    role is several people's."""
    if user.email != addresses[0]:
        user.email = addresses[0]
        user.save(update_fields=["email"])
    mine = EmailAddress.objects.filter(user=user)
    mine.exclude(email__in=addresses).delete()
    mine.exclude(email=addresses[0]).update(primary=False)  # before another is: allauth has one at most
    for number, email in enumerate(addresses):
        EmailAddress.objects.update_or_create(
            user=user, email=email, defaults={"verified": True, "primary": number == 0}
        )
