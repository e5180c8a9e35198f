"""Where a detector of events is operated: thresholds of each class from events, not windows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.metrics import event_based
from rarewave.metrics.event_based import Matching

# found(label, threshold) gives the events of one class over some recordings.
Find = Callable[[str, float], pd.DataFrame]


@dataclass(frozen=True)
class Operating:
    """Where thresholds come from.

    `windows`: the stage threshold. `events`: of each class the one with the best event F1 on the
    recordings of the validation part.
    """

    thresholds: Literal["windows", "events"]


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


def best_f1(
    find: Find,
    truth: pd.DataFrame,
    label: str,
    thresholds: NDArray[np.float64],
    matching: Matching,
) -> float:
    """The threshold with the best event F1 of one class; of equals the middle one.

    A class without an event in `truth` gets the highest.
    """
    truth = truth[truth["label"] == label]
    if not len(truth):
        return float(thresholds.max())
    scores = [
        float(
            event_based.event_scores(truth, find(label, at), [label], matching, 1.0)["f1"].iloc[0]
        )
        for at in thresholds
    ]
    best = np.flatnonzero(np.isclose(scores, np.nanmax(scores)))
    return float(thresholds[best[len(best) // 2]])


def same_false_alarms(
    find: Find,
    truth: pd.DataFrame,
    label: str,
    thresholds: NDArray[np.float64],
    matching: Matching,
    wanted: int,
) -> tuple[float, pd.DataFrame]:
    """The threshold that finds most with at most `wanted` false alarms, and its events.

    All are tried, for a lower threshold may well have fewer false alarms, as events that were two
    become one. Of equals the one with the fewest false alarms, then the highest. Where none has so
    few, the threshold is infinite and there are no events.
    """
    best, rank = (float("inf"), find(label, float("inf"))), (0, 0)
    for at in np.sort(thresholds)[::-1]:
        found = find(label, float(at))
        hits = len(event_based.match(truth, found, matching))
        alarms = len(found) - hits
        if alarms <= wanted and (hits, -alarms) > rank:
            best, rank = (float(at), found), (hits, -alarms)
    return best
