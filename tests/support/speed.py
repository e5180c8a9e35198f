"""How many times as fast one piece of work is as another, on a machine with other work to do."""

import time
from collections.abc import Callable


def seconds(work: Callable[[], object]) -> float:
    """Time of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def times_as_fast(
    fast: Callable[[], object], slow: Callable[[], object], enough: float, rounds: int = 20
) -> float:
    """The least time of `slow` over that of `fast`, in turn, until it is `enough`.

    Other work on the machine only ever adds time, and for a second or two at once: the least of
    calls that lie far enough apart is the time of the work itself.
    """
    least_fast = least_slow = float("inf")
    for _ in range(rounds):
        least_slow = min(least_slow, seconds(slow))
        least_fast = min(least_fast, seconds(fast), seconds(fast))
        if least_slow > enough * least_fast:
            break
    return least_slow / least_fast


def processor_seconds(work: Callable[[], object]) -> float:
    """Processor time of one call: other work on the machine does not count."""
    began = time.process_time()
    work()
    return time.process_time() - began
