"""Work side by side, and turns at a server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from mailwright.audit.threads import Turns, each


class Gauge:
    """How many are in at a time, at the most."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._now = self.most = 0

    @contextmanager
    def inside(self) -> Iterator[None]:
        with self._lock:
            self._now += 1
            self.most = max(self.most, self._now)
        try:
            yield
        finally:
            with self._lock:
                self._now -= 1


def side_by_side(count: int, work: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)


def test_results_come_in_the_order_of_the_items_and_no_more_than_so_many_at_a_time() -> None:
    gauge, three = Gauge(), threading.Barrier(3)

    def look(number: int) -> int:
        with gauge.inside():
            three.wait(10)
        if number == 0:
            time.sleep(0.05)  # it is not the first that is done
        return number * 2

    assert list(each(look, range(9), 3)) == [0, 2, 4, 6, 8, 10, 12, 14, 16]
    assert gauge.most == 3


def test_nothing_to_do() -> None:
    assert list(each(str, (), 4)) == []


def test_an_error_comes_in_its_turn_and_ends_what_has_not_begun() -> None:
    begun: list[int] = []

    def look(number: int) -> int:
        begun.append(number)
        time.sleep(0.02)
        if number == 1:
            raise ConnectionError("gone")
        return number

    found = each(look, range(100), 2)
    assert next(found) == 0
    with pytest.raises(ConnectionError):
        next(found)
    assert len(begun) < 100


def test_never_more_connections_to_an_address_than_there_are_turns() -> None:
    turns, gauge, four = Turns(at_once=4), Gauge(), threading.Barrier(4)

    def talk() -> None:
        with turns.at("198.51.100.25"), gauge.inside():
            four.wait(10)

    side_by_side(20, talk)
    assert gauge.most == 4


def test_another_address_has_turns_of_its_own() -> None:
    turns, both = Turns(at_once=1), threading.Barrier(2)

    def talk(address: str) -> None:
        with turns.at(address):
            both.wait(5)

    list(each(talk, ("198.51.100.25", "2001:db8::25"), 2))


def test_who_has_a_connection_may_open_another() -> None:
    turns = Turns(at_once=1, patience=0.1)
    with turns.at("198.51.100.25"), turns.at("198.51.100.25"):
        pass
    with turns.at("198.51.100.25"):  # which was given back once, at the end
        pass


def test_a_turn_that_does_not_come_is_given_up() -> None:
    turns, done = Turns(at_once=1, patience=0.1), threading.Event()
    held = threading.Event()

    def hang() -> None:
        with turns.at("198.51.100.25"):
            held.set()
            done.wait(5)

    thread = threading.Thread(target=hang)
    thread.start()
    held.wait(5)
    with (
        pytest.raises(TimeoutError, match=r"1 connections to 198\.51\.100\.25 have hung"),
        turns.at("198.51.100.25"),
    ):
        pass
    done.set()
    thread.join(5)
    with turns.at("198.51.100.25"):
        pass
