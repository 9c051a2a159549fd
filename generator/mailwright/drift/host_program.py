"""What is sent to each host: it looks, says what it saw as one line of JSON, and writes nothing.

Stands alone (standard library of Python 3.11) and runs as root by ``python3 -I -``. It is asked with a dictionary:

files     [{path, sha256, last_line, show}]: with ``last_line``, the digest without it too; with ``show``, the text
          of a file whose digest is another
firewall  {path, text}: the file of the rules, and its text as it was built
customers  whether the host is shared, and its own program shall compare what it made of customers

Nothing is followed but what is named: a symbolic link is told, not read through.
"""

from __future__ import annotations

import grp
import hashlib
import json
import os
import pwd
import stat
import subprocess
from pathlib import Path
from typing import Any

STATE = Path("/var/lib/mailwright")
MARK = "mailwright-drift:"
SHOWN = 262144  # octets of a file whose text is shown
TABLE = ("inet", "mailwright")
PROPERTIES = "LoadState,ActiveState,SubState,UnitFileState,NeedDaemonReload,ActiveEnterTimestamp"
CUSTOMERS = ["/usr/bin/python3", "-I", "-B", "/usr/local/sbin/mailwright-customers", "compare", "--json"]
PATIENCE = 100  # seconds that it may take with ten thousand of them
MASTER = Path("/var/spool/postfix/pid/master.pid")


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """All that is asked for."""
    if os.geteuid() != 0:
        return {"root": False}
    records, broken = read_records()
    wanted = {entry["path"]: entry for entry in asked["files"]}
    paths = {*wanted}
    for record in records.values():
        paths.update(record["files"], record["products"])
    units = sorted({unit for record in records.values() for unit in record["units"] or ()})
    return {
        "root": True,
        "records": records,
        "broken": broken,
        "interrupted": sorted(path.parent.stem for path in STATE.glob("*.journal/journal.json")),
        "files": {path: look(path, wanted.get(path, {})) for path in sorted(paths)},
        "units": look_at_units(units),
        "firewall": look_at_firewall(asked["firewall"], records.get("firewall")) if asked["firewall"] else None,
        "customers": look_at_customers() if asked.get("customers") else None,
    }


def read_records() -> tuple[dict[str, Any], list[str]]:
    """What the last applies left, by component; and the names of those that cannot be read."""
    records: dict[str, Any] = {}
    broken = []
    for path in sorted(STATE.glob("*.json")):
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            units = data.get("units")
            records[path.stem] = {
                "files": {str(name): str(digest) for name, digest in data["files"].items()},
                "products": {str(name): str(digest) for name, digest in data["products"].items()},
                "units": None if units is None else [str(unit) for unit in units],
            }
        except (OSError, ValueError, KeyError, AttributeError, TypeError):
            broken.append(path.stem)
    return records, broken


def look(path: str, asked: dict[str, Any]) -> dict[str, Any]:
    """What is at ``path``."""
    try:
        return look_at_what_is_there(path, asked)
    except (FileNotFoundError, NotADirectoryError):  # perhaps since a moment ago
        return {"kind": "absent"}


def look_at_what_is_there(path: str, asked: dict[str, Any]) -> dict[str, Any]:
    """The same, where there is something. Raises OSError."""
    status = os.lstat(path)
    seen = {
        "kind": "file" if stat.S_ISREG(status.st_mode) else "link" if stat.S_ISLNK(status.st_mode) else "other",
        "owner": name_of(pwd.getpwuid, status.st_uid),
        "group": name_of(grp.getgrgid, status.st_gid),
        "mode": stat.S_IMODE(status.st_mode),
        "size": status.st_size,
        "modified": min(max(status.st_mtime, 0.0), 4e9),
    }
    if seen["kind"] == "file":
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as handle:
            seen["sha256"] = hashlib.file_digest(handle, "sha256").hexdigest()
            if asked.get("last_line"):
                handle.seek(0)
                lines = handle.read().splitlines(keepends=True)
                seen["shorn"] = hashlib.sha256(b"".join(lines[:-1])).hexdigest()
            if asked.get("show") and seen["sha256"] != asked["sha256"] and status.st_size <= SHOWN:
                handle.seek(0)
                seen["text"] = handle.read(SHOWN).decode("utf-8", "replace")
    return seen


def name_of(database: Any, number: int) -> str:
    try:
        return str(database(number)[0])
    except KeyError:
        return str(number)


def look_at_units(units: list[str]) -> dict[str, Any]:
    """How the units stand, by ``systemctl show``, which answers in blocks in the order in which it was asked."""
    if not units:
        return {}
    argv = ["systemctl", "show", "--timestamp=unix", f"--property={PROPERTIES}", "--", *units]
    blocks = command(argv).decode("utf-8", "replace").strip().split("\n\n")
    found = {}
    for unit, block in zip(units, blocks, strict=True):
        values = dict(line.split("=", 1) for line in block.splitlines() if "=" in line)
        since = values.get("ActiveEnterTimestamp", "").lstrip("@")
        found[unit] = {
            "load": values.get("LoadState", ""),
            "active": values.get("ActiveState", ""),
            "sub": values.get("SubState", ""),
            "enabled": values.get("UnitFileState", ""),
            "reload": values.get("NeedDaemonReload") == "yes",
            "since": float(since) if since.isdigit() else 0.0,
            "alive": unit != "postfix.service" or is_master_alive(),
        }
    return found


def is_master_alive() -> bool:
    """On Debian 12 postfix.service is active with no master running; ``postfix status`` would write to the log."""
    try:
        number = int(MASTER.read_text(encoding="ascii"))
        return Path(f"/proc/{number}/comm").read_text(encoding="utf-8").strip() == "master"
    except (OSError, ValueError):
        return False


def look_at_firewall(asked: dict[str, Any], record: dict[str, Any] | None) -> dict[str, Any]:
    """The rules in force and those of the file, both as nft lists them.

    The file's are loaded into a network namespace that ends with the command, so that kernel and nft say both in
    the same way. The host's own file counts while it is as it was applied; otherwise the one that was built.
    """
    text, source = asked["text"].encode(), "built"
    try:
        there = Path(asked["path"]).read_bytes()
        applied = (record or {"files": {}})["files"].get(asked["path"])
        if hashlib.sha256(there).hexdigest() == applied:
            text, source = there, "applied"
    except OSError:
        pass
    try:
        return {
            "error": "",
            "source": source,
            "live": objects(command(["nft", "--json", "--terse", "list", "ruleset"])),
            "live_words": words(command(["nft", "--handle", "--stateless", "--terse", "list", "ruleset"])),
            **own_table(),
            "shall": objects(elsewhere(text, "nft --json list table inet mailwright")),
            "shall_words": words(elsewhere(text, "nft --handle --stateless list table inet mailwright")),
        }
    except (OSError, ValueError, KeyError, subprocess.SubprocessError) as error:
        return {"error": str(error)[:500], "source": source}


def look_at_customers() -> dict[str, Any]:
    """What the host's own program says of customers' fragments, and of what it made of them."""
    try:
        done = subprocess.run(CUSTOMERS, capture_output=True, check=False, timeout=PATIENCE)
        return {**json.loads(done.stdout), "error": ""}
    except (OSError, ValueError, TypeError, subprocess.SubprocessError) as error:
        complaint = done.stderr.decode("utf-8", "replace").strip().splitlines() if "done" in locals() else []
        return {"error": (complaint[-1] if complaint else str(error))[:500]}


def own_table() -> dict[str, Any]:
    """With what its sets hold; there is no such table where somebody deleted it."""
    tables = objects(command(["nft", "--json", "list", "tables"]))
    if not any(
        (item.get("table", {}).get("family"), item.get("table", {}).get("name")) == TABLE for item in tables
    ):
        return {"own": [], "own_words": ""}
    return {
        "own": objects(command(["nft", "--json", "list", "table", *TABLE])),
        "own_words": words(command(["nft", "--handle", "--stateless", "list", "table", *TABLE])),
    }


def elsewhere(text: bytes, listing: str) -> bytes:
    """What ``listing`` says where ``text`` alone was loaded. In a container it takes a namespace of users too."""
    script = f"nft --file - && {listing}"
    try:
        return command(["unshare", "--net", "--", "sh", "-c", script], text)
    except ValueError:
        return command(["unshare", "--user", "--map-root-user", "--net", "--", "sh", "-c", script], text)


def objects(said: bytes) -> list[Any]:
    return list(json.loads(said)["nftables"])


def words(said: bytes) -> str:
    return said.decode("utf-8", "replace")


def command(argv: list[str], given: bytes = b"") -> bytes:
    """What it says. Raises ValueError with its complaint where it fails."""
    done = subprocess.run(
        argv,
        input=given,
        capture_output=True,
        check=False,
        timeout=60,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
    )
    if done.returncode != 0:
        complaint = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise ValueError(f"{argv[0]}: {complaint[-1] if complaint else f'ended with {done.returncode}'}")
    return done.stdout


def main(asked: str) -> None:
    print(MARK + json.dumps(answer(json.loads(asked))))
