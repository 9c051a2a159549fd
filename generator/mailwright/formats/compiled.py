"""Templates as they were compiled, and our own texts as HTML: kept where Python keeps its modules, ``__pycache__``.

To compile the templates of one site takes a third of its review, and to load the reader of Markdown a tenth. Who
may write into that folder may change this program anyway. Nothing else is run: a file is passed over that others
own or may write, and so is one that was made of another text, by another Python or library, or not to its end.
"""

from __future__ import annotations

import hashlib
import marshal
import os
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.util import MAGIC_NUMBER, cache_from_source
from pathlib import Path
from types import CodeType

import jinja2
from jinja2.bccache import Bucket, BytecodeCache

_DIGEST = hashlib.sha256().digest_size


_OPTIONS = ("autoescape", "keep_trailing_newline", "lstrip_blocks", "optimized", "trim_blocks")
"""What of an environment the code depends on, besides the template."""


class Compiled(BytecodeCache):
    """For environments whose filters and ``finalize`` have no part in what is compiled."""

    def get_cache_key(self, name: str, filename: str | None = None) -> str:
        return name if filename is None else os.path.realpath(filename)

    def get_source_checksum(self, source: str) -> str:
        return hashlib.sha256(source.encode()).hexdigest()

    def load_bytecode(self, bucket: Bucket) -> None:
        code = _kept(f"template-{bucket.key}", _maker(bucket))
        if code is not None:
            bucket.code = marshal.loads(code)  # noqa: S302 - as Python does with what lies beside it

    def dump_bytecode(self, bucket: Bucket) -> None:
        if isinstance(bucket.code, CodeType):
            _keep(f"template-{bucket.key}", _maker(bucket), marshal.dumps(bucket.code))


def text(name: str, maker: bytes, make: Callable[[], str]) -> str:
    """What ``make`` makes, or made in an earlier run.

    name   one is kept under each
    maker  all that it is made of and by
    """
    kept = _kept(f"text-{name}", maker)
    if kept is not None:
        return kept.decode()
    made = make()
    _keep(f"text-{name}", maker, made.encode())
    return made


def _maker(bucket: Bucket) -> bytes:
    options = [getattr(bucket.environment, option) for option in _OPTIONS]
    return repr((jinja2.__version__, MAGIC_NUMBER, options, bucket.checksum)).encode()


def _kept(name: str, maker: bytes) -> bytes | None:
    path = _path(name)
    data = b"" if path is None else _own(path)
    digest, found = data[:_DIGEST], data[_DIGEST:]
    return found if digest == _digest(maker, found) else None


def _keep(name: str, maker: bytes, data: bytes) -> None:
    path = _path(name)
    if path is None or sys.dont_write_bytecode:
        return
    with suppress(OSError):  # as where Python cannot keep a module: it is made again
        path.parent.mkdir(parents=True, exist_ok=True)
        _put(path, _digest(maker, data) + data)


def _digest(maker: bytes, data: bytes) -> bytes:
    """Of what is kept, and of all that it was made of and by."""
    return hashlib.sha256(hashlib.sha256(maker).digest() + data).digest()


def _path(name: str) -> Path | None:
    """Where something is kept; None where Python keeps nothing at all."""
    kind, _, rest = name.partition("-")
    called = hashlib.sha256(rest.encode()).hexdigest()[:16]
    try:
        return Path(cache_from_source(str(Path(__file__).with_name(f"{kind}-{called}.py"))))
    except NotImplementedError:
        return None


def _own(path: Path) -> bytes:
    """What the file holds; nothing where there is none, or where others could have written it."""
    try:
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            found = os.fstat(file.fileno())
            ours = found.st_uid in (0, os.geteuid(), Path(__file__).stat().st_uid)
            if stat.S_ISREG(found.st_mode) and ours and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
                return file.read()
    except OSError:
        pass
    return b""


def _put(path: Path, data: bytes) -> None:
    """The file, whole or not at all. Raises OSError."""
    temporary = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644), "wb") as file:
        try:
            file.write(data)
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
