"""Passwords: which are good enough, their hash, and the file that has them (host state, 0640 root:dovecot)."""

from __future__ import annotations

import ctypes
import hmac
import re
import secrets
import threading
from pathlib import Path

from mailwright_accounts.host import AccountError, Places, read, write

MOST = 512  # octets: no more is hashed
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"
# What everybody tries first, and would be long enough with something before or after it.
_KNOWN = (
    "password",
    "passw0rd",
    "letmein",
    "welcome",
    "iloveyou",
    "changeme",
    "administrator",
)
_ONE_AT_A_TIME = threading.Lock()
"""libcrypt writes what it returns into memory that all calls share: two at once crash, or mix up hashes."""

_LEFT = 5  # characters that have to be left beside what is easily guessed
# Of the alphabet and of the keyboard, across and down.
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm", "qazwsxedcrfvtgbyhnujmikolp")
_RUNS = tuple(run for row in _ROWS for run in (row * 2, (row * 2)[::-1]))


def fault(password: str, login: str, old: str = "", length: int = 10) -> str:
    """Why it is not good enough, for people; empty when it is."""
    small = password.lower()
    if len(password) < length:
        return f"it has fewer than {length} characters"
    if len(password.encode("utf-8", "surrogatepass")) > MOST:
        return f"it has more than {MOST} octets"
    if not password.isprintable():
        return "it has characters that cannot be typed"
    if (login and login in small) or (login and login[::-1] in small):
        return "the login is in it"
    if old and hmac.compare_digest(old.lower().encode(), small.encode()):
        return "it is the old one"
    if len(set(small)) < 5:
        return "it is made of fewer than five different characters"
    if any(re.fullmatch(r"(.+?)\1+", said) for said in (small, re.sub(r"[0-9]", "", small))):
        return "it is the same over and over again"
    if len(_own(small)) < _LEFT:
        return "it is little more than digits, rows of the keyboard and words that everybody tries first"
    return ""


def _own(small: str) -> str:
    """What is left without well-known words, digits and rows of three keys or more."""
    for word in _KNOWN:
        small = small.replace(word, "")
    rest, left = re.sub(r"[0-9]", "", small), ""
    while rest:
        row = 0
        while row < len(rest) and any(rest[: row + 1] in run for run in _RUNS):
            row += 1
        if row < 3:
            left += rest[0]
            row = 1
        rest = rest[row:]
    return left


def made_up() -> str:
    """A random one of 100 bits, without letters that look alike."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(4))


def hashed(password: str) -> str:
    """yescrypt, by the system's libcrypt, which Dovecot's scheme CRYPT asks as well."""
    library = ctypes.CDLL("libcrypt.so.1", use_errno=True)
    library.crypt_gensalt.restype = ctypes.c_char_p
    library.crypt_gensalt.argtypes = (ctypes.c_char_p, ctypes.c_ulong, ctypes.c_char_p, ctypes.c_int)
    library.crypt.restype = ctypes.c_char_p
    library.crypt.argtypes = (ctypes.c_char_p, ctypes.c_char_p)
    with _ONE_AT_A_TIME:
        setting = library.crypt_gensalt(b"$y$", 0, None, 0)
        made: bytes = (library.crypt(password.encode("utf-8"), setting) if setting else None) or b""
    if not made.startswith(b"$y$"):
        raise AccountError("libcrypt made no hash", 70)
    return "{CRYPT}" + made.decode("ascii")


def put(places: Places, login: str, hash_: str) -> None:
    """Into the file, in place of the login's line or at the end. The caller holds the lock."""
    path, called = places.passwords_of(login)
    lines, done = [], False
    for line in read(path).splitlines():
        if _is_of(line, called):
            if not done:
                lines.append(f"{called}:{hash_}")
            done = True
        else:
            lines.append(line)
    if not done:
        lines.append(f"{called}:{hash_}")
    _write(path, lines)


def line_of(places: Places, login: str) -> str:
    """The login's line in the file; empty where it has none."""
    path, called = places.passwords_of(login)
    return next((line for line in read(path).splitlines() if _is_of(line, called)), "")


def drop(places: Places, login: str) -> None:
    """Out of the file. The caller holds the lock."""
    path, called = places.passwords_of(login)
    lines = read(path).splitlines()
    kept = [line for line in lines if not _is_of(line, called)]
    if kept != lines:
        _write(path, kept)


def _is_of(line: str, login: str) -> bool:
    return not line.startswith("#") and line.partition(":")[0].strip().lower() == login


def _write(path: Path, lines: list[str]) -> None:
    write(path, "".join(f"{line}\n" for line in lines), "dovecot", 0o640)
