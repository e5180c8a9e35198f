"""The number of workers changes the speed and nothing else."""

import os
import time
from collections.abc import Callable

import pytest

from rarewave.errors import DataError
from rarewave.parallel import ordered_map


def by_value() -> tuple[Callable[[int], tuple[int, int]], Callable[[int], int]]:
    """Functions that joblib sends to a worker whole, for it cannot import this file."""

    def slow_square(number: int) -> tuple[int, int]:
        time.sleep(0.05 / (1 + number))  # the earlier items are the slower ones
        return number**2, os.getpid()

    def refuse_three(number: int) -> int:
        if number == 3:
            raise DataError("item 3 cannot be read: repair it")
        return number

    return slow_square, refuse_three


slow_square, refuse_three = by_value()


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
    results = ordered_map(lambda n: seen.append(n) or n, range(100), "test", jobs=1)
    assert next(results) == 0
    assert seen == [0]


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_failure_reaches_the_caller_as_it_was(jobs: int) -> None:
    """A DataError of a worker process keeps its type and message."""
    with pytest.raises(DataError, match="^item 3 cannot be read: repair it$"):
        list(ordered_map(refuse_three, range(6), "test", jobs=jobs))


def test_nothing_to_do_gives_nothing() -> None:
    """An empty list is no failure."""
    assert list(ordered_map(slow_square, [], "test", jobs=2)) == []
