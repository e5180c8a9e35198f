"""Work over recordings: one function, so that the pool can change and the result cannot."""

import contextlib
import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, TypeVar

from tqdm import tqdm

A = TypeVar("A")
B = TypeVar("B")

# Below this many items a worker process costs more to start than it saves.
_WORTH_A_WORKER = 32
# Results that may wait to be taken, for each worker: more would fill the memory.
_AHEAD = 4


def ordered_map(
    function: Callable[[A], B], items: Sequence[A], title: str, jobs: int | None = None
) -> Iterator[B]:
    """Results of `function` in the order of `items`; `_AHEAD` for each worker are held at most.

    The number of workers is `jobs`, else the environment's RAREWAVE_JOBS, else the cores where
    there is enough to do. It changes the speed and never the result. Workers come from joblib,
    so `joblib.parallel_config(backend="dask")` around the call moves the work to a cluster.
    """
    if jobs is None:
        wanted = os.environ.get("RAREWAVE_JOBS", "")
        cores = os.cpu_count() or 1
        jobs = int(wanted) if wanted.isdigit() else min(cores, len(items) // _WORTH_A_WORKER)
    results = map(function, items) if jobs <= 1 else _by_workers(function, items, jobs)
    yield from tqdm(results, total=len(items), desc=title, unit="file", disable=None)


def _by_workers(function: Callable[[A], B], items: Sequence[A], jobs: int) -> Iterator[B]:
    """Results in order, some items after the other: joblib alone would work through all of them.

    It starts an item when one is done, not when its result is taken.
    """
    from joblib import Parallel, delayed

    some = _AHEAD * jobs
    with Parallel(n_jobs=jobs, return_as="generator") as pool:
        for at in range(0, len(items), some):
            yield from pool(delayed(function)(item) for item in items[at : at + some])


def ahead(items: Iterable[A], depth: int = 2) -> Iterator[A]:
    """The same items in the same order, made by another thread while the last ones are used."""
    made: queue.Queue[tuple[bool, Any]] = queue.Queue(depth)
    stopped = threading.Event()

    def put(entry: tuple[bool, Any]) -> None:
        while not stopped.is_set():
            with contextlib.suppress(queue.Full):
                return made.put(entry, timeout=0.1)

    def work() -> None:
        try:
            for item in items:
                put((True, item))
                if stopped.is_set():
                    return
            put((False, None))
        except BaseException as error:
            put((False, error))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            good, item = made.get()
            if good:
                yield item
            elif item is None:
                return
            else:
                raise item
    finally:
        stopped.set()
        thread.join()
