#!/usr/bin/python3
"""One step of a mailbox's way to another store; the host's half of the action of the same name."""

from __future__ import annotations

import fcntl
import os
import pwd
import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: mailbox
short_description: One step of a mailbox's way to another store
description:
  - Mail is copied by Dovecot itself, so UIDs, flags, subscriptions and the validity of UIDs stay as they are.
  - Nothing is deleted. What is replaced or left behind is set aside in C(/var/vmail/.moved).
options:
  phase:
    description:
      - C(find) names the folders that have something in them.
      - C(pack) copies the mailbox of C(login) and writes it with its filters and password line into C(archive).
      - C(lay) lays C(archive) down, unless the login is served here already.
      - C(mark) notes that C(store) has a copy, which the role asks for before it gives the login away.
      - C(merge) adds what C(archive) has and the mailbox has not.
      - C(aside) sets the old copy aside.
    type: str
    required: true
  login:
    description: Whose mailbox.
    type: str
    default: ""
  store:
    description: The new store's name.
    type: str
    default: ""
  archive:
    description: A file of this host, which exists.
    type: path
    default: ""
  final:
    description: With C(pack), whoever is still logged in here is sent away first.
    type: bool
    default: false
author: mailwright
"""

MAIL = Path("/var/vmail")
STAGE = MAIL / ".moving"
ASIDE = MAIL / ".moved"
COPIED = Path("/var/lib/mailwright/moving")
CONFIGURATION = Path("/etc/dovecot")
PASSWORDS = CONFIGURATION / "passwords"
LOCK = Path("/run/mailwright-mailbox.lock")


OLD = """\
mail_location = maildir:~/Maildir
mailbox_list_index = yes
namespace inbox {
  inbox = yes
}
"""
NEW = """\
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
mail_home = HOME
mail_driver = maildir
mail_path = ~/Maildir
namespace inbox {
  inbox = yes
}
"""


class StepError(Exception):
    """The step could not be done; nothing is lost by it, and it can be tried again."""


def find() -> list[str]:
    """Logins whose folder holds something."""
    if not MAIL.is_dir():
        return []
    folders = (entry for entry in MAIL.iterdir() if not entry.name.startswith(".") and entry.is_dir())
    return sorted(folder.name for folder in folders if any(folder.iterdir()))


def doveadm(login: str, home: Path, verb: str, *arguments: str) -> None:
    """Runs doveadm on the mailbox in ``home``, whoever the lists of users know. Raises StepError.

    As vmail, who may not read all of the host's configuration; a few settings are all that it needs.
    """
    said = subprocess.run(["dovecot", "--version"], check=True, capture_output=True, text=True).stdout
    new = not said.startswith("2.3.")
    settings = folder(STAGE) / f"{login}.conf"
    settings.write_text((NEW if new else OLD).replace("HOME", str(home)))
    settings.chmod(0o644)
    options = [
        "-c",
        str(settings),
        "-o",
        "stats_writer_socket_path=",
        verb,
        *(["--no-userdb-lookup"] if new else []),
    ]
    try:
        done = subprocess.run(
            [
                *("runuser", "-u", "vmail", "--", "env", f"USER={login}", f"HOME={home}", "doveadm"),
                *options,
                *arguments,
            ],
            cwd="/",
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"},
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
    finally:
        settings.unlink()
    if done.returncode != 0:
        raise StepError(f"doveadm {verb} of {login} ended with {done.returncode}: {done.stdout.strip()[-1000:]}")


def pack(login: str, archive: Path, final: bool) -> None:
    if final:  # a session that goes on would change what nobody looks at any more
        subprocess.run(["doveadm", "kick", login], check=False, capture_output=True)
    home, stage = MAIL / login, folder(STAGE / login)
    if (home / "Maildir").is_dir():
        doveadm(login, home, "backup", f"maildir:{stage}/Maildir")
    with tarfile.open(archive, "w:") as tar:

        def whole(member: tarfile.TarInfo) -> tarfile.TarInfo:
            tar.inodes.clear()  # type: ignore[attr-defined]  # or the next name of this file became a link to it
            return member

        if (stage / "Maildir").is_dir():
            tar.add(stage / "Maildir", "Maildir", filter=whole)
        for entry in sorted(home.iterdir()):
            if entry.name != "Maildir":
                tar.add(entry, f"home/{entry.name}", filter=whole)
        line = password(login)
        if line:
            secret = stage / "password"
            with os.fdopen(os.open(secret, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
                file.write(line)
            tar.add(secret, "password")
            secret.unlink()


def lay(login: str, archive: Path) -> bool:
    """False when the login is served here already: what it has may be newer than the copy."""
    if served(login):
        return False
    arriving = unpack(login, archive)
    home = folder(arriving / "complete")
    if (arriving / "Maildir").is_dir():
        (arriving / "Maildir").rename(home / "Maildir")
    for entry in sorted((arriving / "home").iterdir()) if (arriving / "home").is_dir() else []:
        entry.rename(home / entry.name)
    owned(home)
    keep_password(login, arriving / "password", replace=True)
    if (MAIL / login).exists():  # of an earlier try, or of an earlier time
        set_aside(MAIL / login)
    home.rename(MAIL / login)
    shutil.rmtree(arriving)
    return True


def merge(login: str, archive: Path) -> None:
    """What came to the old store after the copy. Twice is as good as once."""
    arriving = unpack(login, archive)
    home = folder(MAIL / login)
    owned(arriving)
    if (arriving / "Maildir").is_dir():
        doveadm(login, home, "sync", "-1", "-R", f"maildir:{arriving}/Maildir")
    for source in sorted((arriving / "home").rglob("*")):
        target = home / source.relative_to(arriving / "home")
        if source.is_dir() and not source.is_symlink():
            folder(target)
        elif not os.path.lexists(target) or os.lstat(source).st_mtime > os.lstat(target).st_mtime:
            source.replace(target)
    keep_password(login, arriving / "password", replace=False)
    shutil.rmtree(arriving)


def aside(login: str) -> None:
    """The old copy goes out of the way; it and its password line are no longer looked at here."""
    if (MAIL / login).exists():
        set_aside(MAIL / login)
    with passwords() as lines:
        lines[:] = [line for line in lines if owner(line) != login]
    shutil.rmtree(STAGE / login, ignore_errors=True)
    (COPIED / login).unlink(missing_ok=True)


def mark(login: str, store: str) -> None:
    COPIED.mkdir(mode=0o700, parents=True, exist_ok=True)
    (COPIED / login).write_text(f"{store}\n")


def set_aside(home: Path) -> None:
    number = 1
    while (folder(ASIDE) / f"{home.name}-{number}").exists():
        number += 1
    home.rename(ASIDE / f"{home.name}-{number}")


def unpack(login: str, archive: Path) -> Path:
    """The archive's folder, made anew. Raises StepError for an archive that would write elsewhere."""
    arriving = folder(STAGE) / f"{login}.arriving"
    shutil.rmtree(arriving, ignore_errors=True)
    folder(arriving)
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            parts = Path(member.name).parts
            plain = member.isreg() or member.isdir() or member.issym()
            away = member.issym() and (member.linkname.startswith("/") or ".." in Path(member.linkname).parts)
            if not plain or away or ".." in parts or parts[0] not in ("Maildir", "home", "password"):
                raise StepError(f"{archive}: {member.name} is nothing that a mailbox has")
        tar.extractall(arriving)  # noqa: S202 - looked at, above
    return arriving


def folder(path: Path) -> Path:
    """The folder, made for vmail alone where it is not there."""
    if not path.is_dir():
        path.mkdir(mode=0o700, parents=True)
        owned(path)
        if path.parent in (STAGE, ASIDE):
            owned(path.parent)
    return path


def owned(path: Path) -> None:
    """All of it belongs to vmail."""
    account = pwd.getpwnam("vmail")
    for entry in (path, *path.rglob("*")):
        os.chown(entry, account.pw_uid, account.pw_gid, follow_symlinks=False)


def served(login: str) -> bool:
    users = CONFIGURATION / "users"
    return users.exists() and any(owner(line) == login for line in users.read_text().splitlines())


def owner(line: str) -> str:
    return line.strip().partition(":")[0].lower()


def password(login: str) -> str:
    lines = PASSWORDS.read_text().splitlines() if PASSWORDS.exists() else []
    return next((line for line in lines if owner(line) == login), "")


def keep_password(login: str, line: Path, replace: bool) -> None:
    """The login's line; one that is here already stays unless ``replace``."""
    if line.exists() and (replace or not password(login)):
        text = line.read_text().strip()
        with passwords() as lines:
            lines[:] = [*(old for old in lines if owner(old) != login), text]


@contextmanager
def passwords() -> Iterator[list[str]]:
    """The lines of the password file, to be changed; written at once, with owner and mode as they are."""
    with _lock():
        before = PASSWORDS.read_text().splitlines() if PASSWORDS.exists() else []
        lines = list(before)
        yield lines
        if lines == before:
            return
        waiting = PASSWORDS.with_name("passwords.moving")
        with os.fdopen(os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            file.write("".join(f"{line}\n" for line in lines))
        like = PASSWORDS.stat() if PASSWORDS.exists() else None
        os.chown(waiting, like.st_uid if like else 0, like.st_gid if like else CONFIGURATION.stat().st_gid)
        waiting.chmod(like.st_mode & 0o777 if like else 0o640)
        waiting.replace(PASSWORDS)


@contextmanager
def _lock() -> Iterator[None]:
    with LOCK.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def main() -> None:
    module = AnsibleModule(
        argument_spec={
            "phase": {"choices": ["find", "pack", "lay", "mark", "merge", "aside"], "required": True},
            "login": {"type": "str", "default": ""},
            "store": {"type": "str", "default": ""},
            "archive": {"type": "path", "default": ""},
            "final": {"type": "bool", "default": False},
        }
    )
    given = module.params
    login, archive = given["login"], Path(given["archive"] or "/")
    result: dict[str, object] = {"changed": given["phase"] != "find"}
    os.umask(0o077)
    try:
        if given["phase"] == "find":
            result["logins"] = find()
        elif not login or "/" in login or login.startswith("."):
            raise StepError(f"{login!r} is no login")
        elif given["phase"] == "pack":
            pack(login, archive, given["final"])
        elif given["phase"] == "lay":
            result["changed"] = lay(login, archive)
        elif given["phase"] == "mark":
            mark(login, given["store"])
        elif given["phase"] == "merge":
            merge(login, archive)
        else:
            aside(login)
    except (StepError, OSError, tarfile.TarError, subprocess.SubprocessError) as error:
        module.fail_json(msg=f"{login or 'mailboxes'}: {error}")
    module.exit_json(**result)


if __name__ == "__main__":
    main()
