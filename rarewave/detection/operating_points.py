"""Where a detector of events is operated: thresholds of each class from events, not windows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

# found(label, threshold) gives the events of one class over some recordings.
Find = Callable[[str, float], pd.DataFrame]
# judge(label, threshold) gives those that count, and how many of them are hits.
Judge = Callable[[str, float], tuple[pd.DataFrame, int]]


@dataclass(frozen=True)
class Operating:
    """Where thresholds come from.

    `windows`: the stage threshold. `events`: of each class the one with the best event F1 on the
    recordings of the validation part. `recordings`: the one at which recordings with an event and
    those that hold the class are most nearly the same, for labels that do not say when.
    """

    thresholds: Literal["windows", "events", "recordings"]


def candidates(scores: NDArray[np.float64], most: int) -> NDArray[np.float64]:
    """Thresholds to try, rising: all distinct scores, or `most` of them where there are more.

    Half of these are spread evenly over the ranks and half the finer the higher the score is:
    where events are rare, all that matters happens among the highest.
    """
    known = np.unique(scores[np.isfinite(scores)])
    if len(known) <= most:
        return known
    from_top = np.geomspace(1, len(known), most // 2)
    even = np.linspace(1, len(known), most - most // 2)
    ranks = np.unique(np.concatenate([from_top, even]).astype(int))
    return known[::-1][ranks - 1][::-1]


def best_f1(judge: Judge, label: str, events: int, thresholds: NDArray[np.float64]) -> float:
    """The threshold with the best event F1 of one class; of equals the middle one.

    A class of which there are no `events` gets the highest.
    """
    if not events:
        return float(thresholds.max())
    scores = []
    for at in thresholds:
        found, hits = judge(label, at)
        scores.append(2 * hits / (events + len(found)))
    best = np.flatnonzero(np.isclose(scores, np.max(scores)))
    return float(thresholds[best[len(best) // 2]])


def same_false_alarms(
    judge: Judge, label: str, thresholds: NDArray[np.float64], wanted: int
) -> tuple[float, pd.DataFrame]:
    """The threshold that finds most with at most `wanted` false alarms, and its events.

    All are tried, for a lower threshold may well have fewer false alarms, as events that were two
    become one. Of equals the one with the fewest false alarms, then the highest. Where none has so
    few, the threshold is infinite and there are no events.
    """
    best, rank = (float("inf"), judge(label, float("inf"))[0]), (0, 0)
    for at in np.sort(thresholds)[::-1]:
        found, hits = judge(label, float(at))
        alarms = len(found) - hits
        if alarms <= wanted and (hits, -alarms) > rank:
            best, rank = (float(at), found), (hits, -alarms)
    return best
