"""Work side by side, in threads that never keep the process from ending."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def each(look: Callable[[Item], Result], items: Iterable[Item], jobs: int) -> Iterator[Result]:
    """What ``look`` makes of each item, in the order of the items; so many are looked at at a time.

    An exception of ``look`` comes when its item's turn has come; what has begun by then is waited for. A pool of
    ``concurrent.futures`` would do the same, but the interpreter waits for its threads when it ends, and so for
    ever where one hangs in a call.
    """
    work = [(item, Future[Result]()) for item in items]
    waiting = iter(work)
    lock = threading.Lock()

    def take() -> None:
        while True:
            with lock:
                taken = next(waiting, None)
            if taken is None:
                return
            item, future = taken
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(look(item))
                except BaseException as error:
                    future.set_exception(error)

    for _ in range(min(jobs, len(work))):
        threading.Thread(target=take, daemon=True).start()
    try:
        for _, future in work:
            yield future.result()
    finally:
        wait([future for _, future in work if not future.cancel()])


class Turns:
    """Hands out connections: never more than ``at_once`` to one address at a time.

    Servers limit the connections of one client (Postfix: smtpd_client_connection_count_limit, Dovecot:
    mail_max_userip_connections), and people who use the service are to have theirs.
    """

    def __init__(self, at_once: int = 4, patience: float = 60.0) -> None:
        self._at_once = at_once
        self._patience = patience
        self._lock = threading.Lock()
        self._free: dict[str, threading.BoundedSemaphore] = {}
        self._mine = threading.local()

    @contextmanager
    def at(self, address: object) -> Iterator[None]:
        """A connection to ``address``, as soon as one is free; a thread that has one may open another meanwhile.

        Raises TimeoutError after ``patience`` seconds: those who have them do not come back.
        """
        place = str(address)
        mine: dict[str, int] = self._mine.__dict__
        if mine.get(place, 0):
            yield
            return
        with self._lock:
            free = self._free.setdefault(place, threading.BoundedSemaphore(self._at_once))
        if not free.acquire(timeout=self._patience):
            raise TimeoutError(f"{self._at_once} connections to {place} have hung for {self._patience:.0f} s")
        mine[place] = 1
        try:
            yield
        finally:
            mine[place] = 0
            free.release()
