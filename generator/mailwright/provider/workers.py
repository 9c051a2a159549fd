"""Work on many things in several processes that begin as copies of this one, so that nothing is sent to them.

What comes of each is bytes, sent through a pipe. A worker whose pipe nobody reads any more ends with what it does.
"""

from __future__ import annotations

import gc
import os
import selectors
import signal
import struct
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NoReturn, TypeVar

Item = TypeVar("Item")

_HEAD = struct.Struct("<iI")  # the item's number, or one of these; how many bytes follow
_SYSTEM = -1  # an error of the system: number and file
_CRASH = -2
_DONE = -3

MOST = 64
"""Processes at once. More have nothing to run on, and take memory and open files."""

_MANY_OBJECTS = 50_000
"""After so many more a worker looks for objects that hold each other: there are next to none, and a look costs."""


class WorkerError(Exception):
    """A worker ended before its work was done. The message is a sentence."""


def each(work: Callable[[Item], bytes], items: Sequence[Item], jobs: int) -> Iterator[tuple[int, bytes]]:
    """``(number, work(item))`` of every item, as they come; with ``jobs`` below 2 in this process.

    Raises the first OSError of the work, WorkerError. Workers end with the iteration, however that ends.
    """
    with begun(work, items, jobs) as results:
        yield from results


@contextmanager
def begun(work: Callable[[Item], bytes], items: Sequence[Item], jobs: int) -> Iterator[Iterator[tuple[int, bytes]]]:
    """The same for who has something else to do meanwhile: workers are at work before anything is asked for, and
    end with the context."""
    if jobs < 2 or len(items) < 2:
        yield ((number, work(item)) for number, item in enumerate(items))
        return
    jobs = min(jobs, len(items), MOST)
    workers: dict[int, int] = {}  # pipe: process
    try:
        for first in range(jobs):
            reader, writer = os.pipe()
            pid = os.fork()
            if pid == 0:
                _work(work, items, range(first, len(items), jobs), writer, (reader, *workers))
            os.close(writer)
            workers[reader] = pid
        yield _received(workers)
    finally:
        for reader, pid in workers.items():
            os.close(reader)
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def _work(
    work: Callable[[Item], bytes], items: Sequence[Item], numbers: range, writer: int, others: tuple[int, ...]
) -> NoReturn:
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # it goes to all; this one's parent ends it
        gc.set_threshold(_MANY_OBJECTS)
        for reader in others:
            os.close(reader)
        for number in numbers:
            _send(writer, number, work(items[number]))
        _send(writer, _DONE, b"")
    except BrokenPipeError:
        pass
    except OSError as error:
        _send(writer, _SYSTEM, f"{error.errno or 0}\0{error.filename or ''}".encode("utf-8", "surrogateescape"))
    except BaseException:  # it is told, and nothing of this process may go on
        _send(writer, _CRASH, traceback.format_exc().encode("utf-8", "replace"))
    finally:
        os._exit(0)


def _send(writer: int, number: int, data: bytes) -> None:
    left = memoryview(_HEAD.pack(number, len(data)) + data)
    while left:
        left = left[os.write(writer, left) :]


def _received(workers: dict[int, int]) -> Iterator[tuple[int, bytes]]:
    with selectors.DefaultSelector() as selector:
        for reader in workers:
            selector.register(reader, selectors.EVENT_READ, bytearray())
        while selector.get_map():
            for key, _events in selector.select():
                got = os.read(key.fd, 1 << 20)
                if not got:
                    raise WorkerError("A worker was ended by the system, perhaps for want of memory.")
                key.data.extend(got)
                for number, data in _frames(key.data):
                    if number == _DONE:
                        selector.unregister(key.fd)
                    elif number == _SYSTEM:
                        code, _, name = data.decode("utf-8", "surrogateescape").partition("\0")
                        raise OSError(int(code), os.strerror(int(code)), name or None)
                    elif number == _CRASH:
                        raise WorkerError(data.decode())
                    else:
                        yield number, data


def _frames(buffer: bytearray) -> Iterator[tuple[int, bytes]]:
    """Takes whole messages off the buffer."""
    at = 0
    while len(buffer) - at >= _HEAD.size:
        number, length = _HEAD.unpack_from(buffer, at)
        if len(buffer) - at - _HEAD.size < length:
            break
        at += _HEAD.size + length
        yield number, bytes(buffer[at - length : at])
    del buffer[:at]
