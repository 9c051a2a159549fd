#!/usr/bin/python3
"""Which Debian release a host runs, which packages it lacks and what is left of former times, in one cheap step."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Collection
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: host_packages
short_description: Say which Debian release a host runs, which packages it lacks and what is left of former times
description:
  - One file and one dpkg-query, so that the apt task (a second) can be left out when all is there.
  - C(left) is the components that left something and are not among C(records). C(mailboxes), of a host that is no
    C(store), is the logins whose mail is there all the same.
attributes:
  check_mode:
    support: full
options:
  wanted:
    description: Names of packages.
    type: list
    elements: str
    required: true
  records:
    description: Names of the records of the components that the host runs.
    type: list
    elements: str
    required: true
  store:
    description: Whether it keeps mail.
    type: bool
    required: true
author: mailwright
"""

STATE = Path("/var/lib/mailwright")
MAIL = Path("/var/vmail")


def release(os_release: str) -> str:
    """``debian-13`` from the text of os-release(5); ``ID`` alone where there is no version."""
    values = dict(line.split("=", 1) for line in os_release.splitlines() if "=" in line)
    parts = [values.get(name, "").strip("\"'") for name in ("ID", "VERSION_ID")]
    return "-".join(part for part in parts if part)


def installed(listed: str) -> set[str]:
    """Names of the wholly installed packages, from lines ``ii  name``."""
    pairs = (line.split() for line in listed.splitlines())
    return {pair[1] for pair in pairs if len(pair) == 2 and pair[0] == "ii"}


def left(state: Path, records: Collection[str]) -> list[str]:
    """Components that are not among ``records``, and of which files, units or an interrupted apply are there."""
    applied = {path.stem for path in state.glob("*.json") if path.stem not in records and _holds(path)}
    interrupted = {path.parent.stem for path in state.glob("*.journal/journal.json")}
    return sorted(applied | (interrupted - set(records)))


def _holds(record: Path) -> bool:
    """Not so of a record that was kept for its seeds alone. What cannot be read is looked at by the transaction."""
    try:
        data = json.loads(record.read_text(encoding="utf-8"))
        return bool(data["files"] or data["products"] or data["units"])
    except (ValueError, KeyError, TypeError):
        return True


def mailboxes(mail: Path) -> list[str]:
    """Logins whose folder holds something; what was set aside is in hidden ones."""
    if not mail.is_dir():
        return []
    folders = (entry for entry in mail.iterdir() if not entry.name.startswith(".") and entry.is_dir())
    return sorted(folder.name for folder in folders if any(folder.iterdir()))


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "wanted": {"type": "list", "elements": "str", "required": True},
            "records": {"type": "list", "elements": "str", "required": True},
            "store": {"type": "bool", "required": True},
        },
        supports_check_mode=True,
    )
    try:
        listed = subprocess.run(
            ["dpkg-query", "--show", "--showformat=${db:Status-Abbrev} ${Package}\\n"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        module.fail_json(msg=f"not a Debian host: {error}")
    text = Path("/etc/os-release").read_text(encoding="utf-8")
    missing = sorted(set(module.params["wanted"]) - installed(listed))
    module.exit_json(
        changed=False,
        release=release(text),
        missing=missing,
        left=left(STATE, module.params["records"]),
        mailboxes=[] if module.params["store"] else mailboxes(MAIL),
    )


if __name__ == "__main__":
    main()
