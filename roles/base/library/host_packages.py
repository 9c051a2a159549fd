#!/usr/bin/python3
"""Which Debian release a host runs and which packages it lacks, in one cheap step."""

from __future__ import annotations

import subprocess
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: host_packages
short_description: Say which Debian release a host runs and which packages it lacks
description: One file and one dpkg-query, so that the apt task (a second) can be left out when all is there.
attributes:
  check_mode:
    support: full
options:
  wanted:
    description: Names of packages.
    type: list
    elements: str
    required: true
author: mailwright
"""


def release(os_release: str) -> str:
    """``debian-13`` from the text of os-release(5); ``ID`` alone where there is no version."""
    values = dict(line.split("=", 1) for line in os_release.splitlines() if "=" in line)
    parts = [values.get(name, "").strip("\"'") for name in ("ID", "VERSION_ID")]
    return "-".join(part for part in parts if part)


def installed(listed: str) -> set[str]:
    """Names of the wholly installed packages, from lines ``ii  name``."""
    pairs = (line.split() for line in listed.splitlines())
    return {pair[1] for pair in pairs if len(pair) == 2 and pair[0] == "ii"}


def main() -> None:
    module = AnsibleModule(
        argument_spec={"wanted": {"type": "list", "elements": "str", "required": True}}, supports_check_mode=True
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
    module.exit_json(changed=False, release=release(text), missing=missing)


if __name__ == "__main__":
    main()
