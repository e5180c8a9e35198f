"""The number of workers changes the speed and nothing else."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rarewave.base.errors import DataError
from rarewave.base.parallel import ahead, ordered_map


def by_value() -> tuple[Callable[[int], tuple[int, int]], Callable[[int], int], Callable[..., int]]:
    """Functions that joblib sends to a worker whole, for it cannot import this file."""

    def slow_square(number: int) -> tuple[int, int]:
        time.sleep(0.05 / (1 + number))  # the earlier items are the slower ones
        return number**2, os.getpid()

    def refuse_three(number: int) -> int:
        if number == 3:
            raise DataError("item 3 cannot be read: repair it")
        return number

    def leave_a_mark(number: int, folder: Path) -> int:
        (folder / str(number)).touch()
        return number

    return slow_square, refuse_three, leave_a_mark


slow_square, refuse_three, leave_a_mark = by_value()


@pytest.mark.parametrize("jobs", [0, 1, 2])
def test_results_come_in_order_whatever_the_workers(jobs: int) -> None:
    """Also when the first item takes longest."""
    found = list(ordered_map(slow_square, range(12), "test", jobs=jobs))
    assert [square for square, _ in found] == [n**2 for n in range(12)]
    assert (os.getpid() not in {pid for _, pid in found}) == (jobs == 2)


def test_the_environment_sets_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    """RAREWAVE_JOBS counts where the caller does not say."""
    monkeypatch.setenv("RAREWAVE_JOBS", "2")
    assert os.getpid() not in {pid for _, pid in ordered_map(slow_square, range(3), "test")}
    monkeypatch.setenv("RAREWAVE_JOBS", "1")
    assert {pid for _, pid in ordered_map(slow_square, range(3), "test")} == {os.getpid()}


def test_few_items_start_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker costs more to start than it saves."""
    monkeypatch.delenv("RAREWAVE_JOBS", raising=False)
    assert {pid for _, pid in ordered_map(slow_square, range(4), "test")} == {os.getpid()}


def test_items_are_worked_on_as_results_are_taken() -> None:
    """Memory does not grow with the number of recordings."""
    seen: list[int] = []

    def look(number: int) -> int:
        seen.append(number)
        return number

    results = ordered_map(look, range(100), "test", jobs=1)
    assert next(results) == 0
    assert seen == [0]


def test_workers_do_not_run_ahead(tmp_path: Path) -> None:
    """While the first result is in use, no more than eight items of two workers are made."""
    results = ordered_map(partial(leave_a_mark, folder=tmp_path), range(60), "test", jobs=2)
    assert next(results) == 0
    time.sleep(1.5)
    assert 1 <= len(list(tmp_path.iterdir())) <= 8
    assert [next(results) for _ in range(8)] == list(range(1, 9))
    time.sleep(0.5)
    assert 9 <= len(list(tmp_path.iterdir())) <= 16
    assert list(results) == list(range(9, 60))
    assert len(list(tmp_path.iterdir())) == 60


def test_a_user_who_stops_early_stops_the_workers(tmp_path: Path) -> None:
    """And another map works as ever."""
    results = ordered_map(partial(leave_a_mark, folder=tmp_path), range(60), "test", jobs=2)
    assert next(results) == 0
    results.close()  # type: ignore[attr-defined]
    count = len(list(tmp_path.iterdir()))
    assert count <= 8
    assert [n for n, _ in ordered_map(slow_square, range(4), "test", jobs=2)] == [0, 1, 4, 9]
    assert len(list(tmp_path.iterdir())) <= 8


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_failure_reaches_the_caller_as_it_was(jobs: int) -> None:
    """A DataError of a worker process keeps its type and message."""
    with pytest.raises(DataError, match="^item 3 cannot be read: repair it$"):
        list(ordered_map(refuse_three, range(6), "test", jobs=jobs))


def test_nothing_to_do_gives_nothing() -> None:
    """An empty list is no failure."""
    assert list(ordered_map(slow_square, [], "test", jobs=2)) == []


@given(st.lists(st.one_of(st.none(), st.integers(), st.booleans()), max_size=20), st.integers(1, 5))
def test_items_made_ahead_come_in_order(items: list[object], depth: int) -> None:
    """All of them, None among them."""
    assert list(ahead(items, depth)) == items


def test_items_are_made_while_the_last_ones_are_used() -> None:
    """In another thread, no more than `depth` and the one that waits ahead of the user."""
    made: list[int] = []
    threads = set()

    def items() -> Iterator[int]:
        for number in range(50):
            made.append(number)
            threads.add(threading.get_ident())
            yield number

    found = ahead(items(), depth=2)
    assert next(found) == 0
    limit = time.monotonic() + 5
    while len(made) < 4 and time.monotonic() < limit:
        time.sleep(0.01)
    time.sleep(0.3)
    assert made == [0, 1, 2, 3]  # 0 is in use, two are ready, and one waits for room
    assert list(found) == list(range(1, 50))
    assert threading.get_ident() not in threads


@pytest.mark.parametrize("error", [DataError("file 3 is broken"), KeyboardInterrupt("stop")])
def test_a_failure_comes_after_the_items_before_it(error: BaseException) -> None:
    """With its type and message, in the thread of the user."""

    def items() -> Iterator[int]:
        yield from range(3)
        raise error

    found = []
    with pytest.raises(type(error)) as caught:
        for item in ahead(items()):
            found.append(item)
    assert found == [0, 1, 2]
    assert caught.value is error


def test_a_user_who_stops_early_leaves_no_thread() -> None:
    """Neither one that waits for room nor a generator that goes on."""
    before = threading.active_count()
    made: list[int] = []

    def items() -> Iterator[int]:
        for number in range(10_000):
            made.append(number)
            yield number

    found: Any = ahead(items(), depth=1)
    assert [next(found) for _ in range(3)] == [0, 1, 2]
    found.close()
    assert threading.active_count() == before
    count = len(made)
    time.sleep(0.2)
    assert len(made) == count < 10
