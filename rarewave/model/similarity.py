"""The windows most like others, by the cosine of the angle between their features."""

from collections.abc import Callable, Iterable
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.model.neighbours import directions

_BLOCK = 1 << 15  # windows compared at once: it bounds the memory
_FIRST = 64  # candidates looked at for each finding that is wanted, at first


class Found(NamedTuple):
    """A window and what it is most like."""

    row: int
    query: int  # row of the queries
    cosine: float


# The windows most like any of the queries, the most similar first: rows (k,), queries (k,) and
# cosines (k,) of so many, or of all where there are fewer.
Windows: TypeAlias = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]
Best: TypeAlias = Callable[[int], Windows]


def exact(stored: NDArray[np.float16], queries: NDArray[np.float32]) -> Best:
    """Every window compared with every query.

    Parameters
    ----------
    stored : (n, hidden) of length 1, perhaps a memory map.
    queries : (m, hidden) of any length.

    Raises
    ------
    DataError
        They have not as many features, or all queries are 0 throughout.
    """
    wanted = wanted_of(stored, queries)
    cosine = np.empty(len(stored), np.float32)
    query = np.empty(len(stored), np.int64)
    for at in range(0, len(stored), _BLOCK):
        with_each = stored[at : at + _BLOCK].astype(np.float32) @ wanted.T
        query[at : at + _BLOCK] = with_each.argmax(axis=1)
        cosine[at : at + _BLOCK] = with_each.max(axis=1)

    def best(count: int) -> Windows:
        rows = np.arange(len(cosine))
        if count < len(cosine):
            rows = np.sort(np.argpartition(-cosine, count)[:count])
        rows = rows[np.argsort(-cosine[rows], kind="stable")]
        return rows, query[rows], cosine[rows]

    return best


def wanted_of(stored: NDArray[np.float16], queries: NDArray[np.float32]) -> NDArray[np.float32]:
    """The queries, of length 1; raises `DataError` as `exact` says."""
    if stored.shape[1] != queries.shape[1]:
        raise DataError(
            f"the index has {stored.shape[1]} features and the network {queries.shape[1]}: it is "
            "of another one; build another"
        )
    wanted = directions(queries)
    if not wanted.any():
        raise DataError(
            "the network sees nothing in the query (all of its features are 0): choose another"
        )
    return wanted


def of_each(
    stored: NDArray[np.float16], queries: NDArray[np.float32], count: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The `count` windows most like each query: rows and cosines (m, count), in no order.

    Parameters
    ----------
    stored, queries : as for `exact`, the queries of length 1 or 0.
    """
    rows = np.zeros((len(queries), 0), np.int64)
    cosine = np.zeros((len(queries), 0), np.float32)
    for at in range(0, len(stored), _BLOCK):
        some = queries @ stored[at : at + _BLOCK].astype(np.float32).T
        here = np.broadcast_to(np.arange(at, at + some.shape[1]), some.shape)
        cosine, rows = np.hstack([cosine, some]), np.hstack([rows, here])
        if count < cosine.shape[1]:
            kept = np.argpartition(-cosine, count - 1, axis=1)[:, :count]
            rows = np.take_along_axis(rows, kept, axis=1)
            cosine = np.take_along_axis(cosine, kept, axis=1)
    return rows, cosine


def apart(
    best: Best,
    windows: int,
    spans: Callable[[int], tuple[int, float, float]],
    count: int,
    taken: Iterable[tuple[int, float, float]] = (),
) -> list[Found]:
    """The `count` windows most like the queries that do not overlap a better one.

    Parameters
    ----------
    windows : how many there are.
    spans : of a row the number of its recording, and from where to where it lies there, s.
    taken : such spans that no finding may overlap, as those of the query itself.
    """
    wanted = count * _FIRST
    while True:
        held: dict[int, list[tuple[float, float]]] = {}
        for recording, begin, end in taken:
            held.setdefault(recording, []).append((begin, end))
        found: list[Found] = []
        for row, query, cosine in zip(*best(wanted), strict=True):
            recording, begin, end = spans(int(row))
            mine = held.setdefault(recording, [])
            if any(begin < b and a < end for a, b in mine):
                continue
            mine.append((begin, end))
            found.append(Found(int(row), int(query), float(cosine)))
            if len(found) == count:
                return found
        if wanted >= windows:
            return found
        wanted *= 4
