"""Work in several processes."""

from __future__ import annotations

import errno
import os
import signal

import pytest

from mailwright.provider import workers
from mailwright.provider.workers import WorkerError, each


@pytest.mark.parametrize("jobs", [1, 2, 3, 50])
def test_every_item_is_worked_on_once_and_results_may_be_long(jobs: int) -> None:
    items = [str(number) * number for number in range(40)]
    items[7] = "x" * 1_000_000
    found = dict(each(lambda item: item.encode(), items, jobs))
    assert [found[number].decode() for number in range(40)] == items
    assert list(each(lambda item: item.encode(), [], jobs)) == []


@pytest.mark.parametrize("jobs", [1, 2])
def test_an_error_of_the_system_comes_back_as_it_is(jobs: int) -> None:
    def work(item: int) -> bytes:
        if item == 3:
            raise OSError(errno.ENOSPC, "No space left on device", "a/file")
        return b""

    with pytest.raises(OSError, match="No space left") as told:
        list(each(work, range(9), jobs))
    assert (told.value.errno, told.value.filename) == (errno.ENOSPC, "a/file")
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_a_mistake_of_ours_is_told_with_its_place() -> None:
    with pytest.raises(WorkerError, match=r"ZeroDivisionError"):
        list(each(lambda item: bytes(1 // item), [2, 1, 0, 1], 2))


def test_a_worker_that_the_system_ends_is_noticed() -> None:
    def work(item: int) -> bytes:
        if item == 3:
            os.kill(os.getpid(), signal.SIGKILL)
        return b""

    with pytest.raises(WorkerError, match="ended by the system"):
        list(each(work, range(9), 2))


def test_workers_end_when_nobody_wants_more() -> None:
    results = each(lambda _item: b"", range(1000), 2)
    next(results)
    results.close()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_more_processes_than_can_be_of_use_are_not_begun() -> None:
    told = {process for _number, process in each(lambda _item: str(os.getpid()).encode(), range(500), 500)}
    assert len(told) == workers.MOST
