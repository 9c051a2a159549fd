"""The assembler of shared hosts as the role uses it, below a folder."""

from __future__ import annotations

import importlib
import subprocess
import sys
from datetime import date
from pathlib import Path
from types import ModuleType
from typing import Any

from mailwright import resources
from support.shared_host import HOST

TODAY = date(2027, 1, 15)


def module(name: str) -> ModuleType:
    path = str(resources.folder("templates") / "customers")
    if path not in sys.path:
        sys.path.append(path)
    return importlib.import_module(f"mailwright_customers.{name}")


assemble, fragment, host = (module(name) for name in ("assemble", "fragment", "host"))

BASE = """\
format 1
customer {id}
realm {domain}
state active
days 92
domain {domain}
login ada@{domain} 1000000
login bob@{domain} 2000000
process forms@{domain}
dkim s1
mailbox ada.byron@{domain} ada@{domain}
mailbox bob.o'neil@{domain} bob@{domain}
alias postmaster@{domain} ada.byron@{domain} team@hosting.example
sender ada.byron@{domain} ada@{domain}
sender postmaster@{domain} ada@{domain}
sender postmaster@{domain} bob@{domain}
"""


def text(name: str, *more: str, without: str = "") -> str:
    lines = BASE.format(id=name, domain=f"{name}.ac.uk").splitlines()
    kept = [line for line in lines if not without or not line.startswith(without)]
    return "".join(f"{line}\n" for line in (*kept, *more))


class Host:
    """A shared host's files below a folder, and fragments that are applied to it."""

    def __init__(self, root: Path, **parts: object) -> None:
        self.root, self.folder, self.out = root / "root", root / "fragments", root / "out"
        for folder in (self.root, self.folder):
            folder.mkdir(parents=True)
        said: dict[str, Any] = {
            "host": HOST,
            "mailer": True,
            "dovecot": "2.4",
            "store": True,
            "own": frozenset({"hosting.example", HOST}),
            "folders": frozenset({"c.dunn"}),
            "mail": "/var/vmail",
        }
        self.settings = host.Settings(**(said | parts))
        self.places = host.Places(self.root)

    def put(self, **texts: str | None) -> None:
        for name, said in texts.items():
            path = self.folder / f"{name}.tables"
            if said is None:
                path.unlink()
            else:
                path.write_text(said, encoding="utf-8")

    def stage(self, today: date = TODAY) -> Any:
        subprocess.run(["rm", "-rf", str(self.out)], check=True)
        self.out.mkdir()
        return assemble.assemble(self.places, self.settings, self.folder, self.out, today)

    def apply(self, today: date = TODAY, **texts: str | None) -> Any:
        """What the role does: stages, and puts in place."""
        self.put(**texts)
        done = self.stage(today)
        for path in done.written:
            target = self.root / path.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            (self.out / path.lstrip("/")).rename(target)
        for path in done.removed:
            (self.root / path.lstrip("/")).unlink()
        return done

    def at(self, path: str) -> Path:
        return self.root / path.lstrip("/")

    def table(self, name: str) -> dict[str, str]:
        path = self.at(host.FILTER if name == "filter" else f"{host.POSTFIX}/{name}.cdb")
        said = subprocess.run(["cdb", "-d", "-m", str(path)], check=True, capture_output=True, text=True).stdout
        return dict(line.split(" ", 1) for line in said.splitlines())

    def people(self, domain: str) -> list[str]:
        path = self.at(f"{host.DOVECOT}/{domain}.people")
        return [line for line in path.read_text().splitlines() if not line.startswith("#")] if path.exists() else []
