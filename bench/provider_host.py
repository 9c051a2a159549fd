"""One shared host with many customers: how long it takes to apply all of them, nothing, and one customer's change.

python bench/provider_host.py [N]    N customers (10,000); as root, with podman: a host in the rehearsal's lab

The provider is made for the purpose (providers.py). All customers have one DKIM key: making ten thousand takes
longer than what is measured.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import providers

from mailwright.findings import Findings
from mailwright.provider.platform import read_platform
from mailwright.provider.read import read
from mailwright.rehearsal import credentials
from mailwright.rehearsal.platform import with_customers
from mailwright.rehearsal.rehearse import Stage, prepare, staged

MANY = 10_000
DAY = date(2026, 12, 1)
HOST = "mail.hosting.example"
CHANGED = "c00010"  # whose people stand in its file


def say(what: str, figure: str, wanted: str = "") -> None:
    print(f"{what:<72} {figure:>16}   {wanted}", flush=True)


def build(provider: Path, out: Path, *more: str) -> float:
    argv = [providers.MAILWRIGHT, "build", provider, "--out", out, "--today", str(DAY), *more]
    started = time.perf_counter()
    done = subprocess.run(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode not in (0, 1):  # what a SHOULD of a made-up customer lacks is no matter
        raise SystemExit(done.stdout[-2000:])
    return time.perf_counter() - started


def apply(stage: Stage, project: Path, secrets: Path, *more: str) -> float:
    words = ("--limit", HOST, "-e", f"customers_secrets={secrets}", *more)
    return stage.apply(lambda _: None, *words, project=project).seconds


def add_person(provider: Path) -> None:
    path = provider / "customers" / f"{CHANGED}.yml"
    text = path.read_text(encoding="utf-8")
    found = re.search(r"^domains: \[\{name: ([^,]+),", text, re.MULTILINE)
    if found is None or "\npeople:\n" not in text:
        raise SystemExit(f"{path} is not as providers.py wrote it")
    new = f"people:\n  - {{login: new1, name: New Person, address: New.Person@{found[1]}}}\n"
    changed = text.replace("people:\n", new, 1)
    path.write_text(changed, encoding="utf-8")


def main(arguments: Sequence[str]) -> None:
    count = int(arguments[0]) if arguments else MANY
    with tempfile.TemporaryDirectory(prefix="mailwright-host-", dir="/var/tmp") as folder:
        work = Path(folder)
        provider, out, secrets = work / "provider", work / "build", work / "secrets"
        providers.write(provider, count)
        say(f"build of {count:,} customers", f"{build(provider, out):.1f} s")
        described = read(provider, Findings())
        if described is None:
            raise SystemExit("the provider cannot be used")
        shared, _ = read_platform(described.platforms[0], DAY)
        if shared is None:
            raise SystemExit("the platform cannot be used")
        (work / "lab").mkdir()
        prepared = prepare(shared.site, shared.findings, (), work / "lab", planned=with_customers)
        secrets.mkdir()
        key = prepared.credentials.files[credentials.DKIM_KEY]
        for number in range(count):
            (secrets / f"c{number:05d}.key").write_bytes(key)
        project = out / described.platforms[0].name
        with staged(prepared, work / "lab", lambda _: None) as stage:
            say("the first apply, all roles and all customers", f"{apply(stage, project, secrets):.1f} s")
            customers = ("--tags", "customers")
            say("apply of the customers, nothing changed", f"{apply(stage, project, secrets, *customers):.1f} s")
            for number in (1, 2, 3):
                if number == 1:
                    add_person(provider)
                else:
                    path = provider / "customers" / f"{CHANGED}.yml"
                    text = path.read_text(encoding="utf-8")
                    path.write_text(
                        text.replace("New Person", "New Personage", 1).replace("new1", f"new{number}"), "utf-8"
                    )
                seconds = build(provider, out)
                say("build of one customer's change", f"{seconds:.1f} s")
                say("apply of one customer's change", f"{apply(stage, project, secrets, *customers):.1f} s", "20 s")
            say("apply of everything, nothing changed", f"{apply(stage, project, secrets):.1f} s")
        shutil.rmtree(secrets)


if __name__ == "__main__":
    main(sys.argv[1:])
