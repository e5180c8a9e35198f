"""Work over recordings: one function, so that the pool can change and the result cannot."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from tqdm import tqdm

A = TypeVar("A")
B = TypeVar("B")

# Below this many items a worker process costs more to start than it saves.
_WORTH_A_WORKER = 32


def ordered_map(
    function: Callable[[A], B], items: Sequence[A], title: str, jobs: int | None = None
) -> Iterator[B]:
    """Results of `function` in the order of `items`, one in memory at a time per worker.

    The number of workers is `jobs`, else the environment's RAREWAVE_JOBS, else the cores where
    there is enough to do. It changes the speed and never the result. Workers come from joblib,
    so `joblib.parallel_config(backend="dask")` around the call moves the work to a cluster.
    """
    if jobs is None:
        wanted = os.environ.get("RAREWAVE_JOBS", "")
        cores = os.cpu_count() or 1
        jobs = int(wanted) if wanted.isdigit() else min(cores, len(items) // _WORTH_A_WORKER)
    results: Iterable[B]
    if jobs <= 1:
        results = map(function, items)
    else:
        from joblib import Parallel, delayed

        results = Parallel(n_jobs=jobs, return_as="generator")(
            delayed(function)(item) for item in items
        )
    yield from tqdm(results, total=len(items), desc=title, unit="file", disable=None)
