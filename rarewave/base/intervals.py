"""Stretches of time: runs of flags, and how much of a window they cover."""

from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def gaps_of(flags: NDArray[np.bool_], first: int = 0) -> NDArray[np.int64]:
    """Runs (k, 2) of flagged samples, start and stop, counted from `first`."""
    if not flags.any():  # as most recordings are: quicker by far
        return np.zeros((0, 2), np.int64)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], flags.view(np.int8), [0]))))
    return edges.reshape(-1, 2).astype(np.int64) + first


def union(spans: NDArray[Any]) -> NDArray[Any]:
    """Disjoint intervals (k, 2) that cover the same; starts are in order."""
    if not len(spans):
        return spans
    start, reach = spans[:, 0], np.maximum.accumulate(spans[:, 1])
    fresh = np.concatenate(([True], start[1:] > reach[:-1]))
    ends = np.append(reach[np.flatnonzero(fresh)[1:] - 1], reach[-1])
    return np.stack([start[fresh], ends], axis=1)


def gap_share(gaps: NDArray[Any], first: NDArray[Any], length: int | NDArray[Any]) -> NDArray:
    """The share of each window inside gaps (k, 2), which are in order and do not overlap.

    Of windows of one length, or of (n,) lengths above 0; in samples or in seconds.
    """
    if not len(gaps):
        return np.zeros(len(first))
    edges = gaps.ravel()
    total = np.zeros(len(edges))
    total[1::2] = np.cumsum(gaps[:, 1] - gaps[:, 0])
    total[2::2] = total[1:-1:2]
    return (np.interp(first + length, edges, total) - np.interp(first, edges, total)) / length


def covered(begin: NDArray[np.float64], length: float, intervals: pd.DataFrame) -> NDArray:
    """The share of each window inside any of the intervals (onset_s, offset_s), counted once."""
    share = np.zeros(len(begin))
    until = -np.inf
    for onset, offset in sorted(zip(intervals["onset_s"], intervals["offset_s"], strict=True)):
        left = max(onset, until)
        if offset > left:
            near = reached(begin, length, {"onset_s": left, "offset_s": offset})
            shared = np.minimum(begin[near] + length, offset) - np.maximum(begin[near], left)
            share[near] += np.maximum(shared, 0.0) / length
            until = offset
    return share


def reached(begin: NDArray[np.float64], length: float, event: Mapping[Hashable, Any]) -> slice:
    """The windows, in order of time, that an event can touch."""
    return slice(
        int(np.searchsorted(begin, event["onset_s"] - length)),
        int(np.searchsorted(begin, event["offset_s"], side="right")),
    )


def shared_s(begin: NDArray[np.float64], length: float, event: Mapping[Hashable, Any]) -> NDArray:
    """Seconds that each window shares with one event."""
    shared = np.minimum(begin + length, event["offset_s"]) - np.maximum(begin, event["onset_s"])
    return np.maximum(shared, 0.0)
