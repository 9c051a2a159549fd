"""python3 -m mailwright_postorius.prepare: the key of sessions, tables, files that browsers fetch, and who has
which addresses. Once, after an upgrade, and when people come or leave; run as the user of these pages."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

KEY = Path("/var/lib/mailwright-lists-web/key")


def main() -> int:
    os.umask(0o027)
    if not KEY.exists():
        waiting = KEY.with_suffix(".new")
        waiting.write_text(secrets.token_urlsafe(50) + "\n", encoding="ascii")
        waiting.replace(KEY)
    os.environ["DJANGO_SETTINGS_MODULE"] = "mailwright_postorius.settings"
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    from mailwright_postorius import people

    people.keep()
    os.umask(0o022)
    call_command("collectstatic", interactive=False, verbosity=0)
    return 0


if __name__ == "__main__":
    sys.exit(main())
