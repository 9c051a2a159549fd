"""Signs people in to Postorius as Django does, one after another, and prints as JSON what each has then.

/test/signins.json: a list of ``login`` and ``people`` (login → addresses, as web-people.json has it from then on).
A step without a login is an apply. What comes of each: ``rows``, login → address → whether it is verified and
whether it is the first; ``shown``, login → the address that is shown.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from mailwright_postorius import prepare

if prepare.main() != 0:
    sys.exit(1)

from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from mailwright_postorius.people import FILE, Logins

found = []
for step in json.loads(Path("/test/signins.json").read_text(encoding="utf-8")):
    FILE.write_text(json.dumps(step["people"]), encoding="utf-8")
    if step["login"]:
        Logins().authenticate(None, step["login"])
    else:
        prepare.main()
    rows: dict[str, dict[str, list[bool]]] = {user.username: {} for user in get_user_model().objects.all()}
    for row in EmailAddress.objects.all():
        rows[row.user.username][row.email] = [row.verified, row.primary]
    found.append({"rows": rows, "shown": {user.username: user.email for user in get_user_model().objects.all()}})
sys.stdout.write("\n" + json.dumps(found))
