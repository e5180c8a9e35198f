"""Where a detector of events is operated: thresholds of each class from events, not windows."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.intervals import covered
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


def best_f1(
    find: Find,
    truth: pd.DataFrame,
    label: str,
    candidates: NDArray[np.float64],
    matching: Matching,
) -> float:
    """The threshold with the best event F1 of one class; of equals the middle one.

    A class without an event in `truth` gets the highest candidate.
    """
    truth = truth[truth["label"] == label]
    if not len(truth):
        return float(candidates.max())
    scores = [
        float(
            event_based.event_scores(truth, find(label, at), [label], matching, 1.0)["f1"].iloc[0]
        )
        for at in candidates
    ]
    best = np.flatnonzero(np.isclose(scores, np.nanmax(scores)))
    return float(candidates[best[len(best) // 2]])


def same_false_alarms(
    find: Find,
    truth: pd.DataFrame,
    label: str,
    candidates: NDArray[np.float64],
    matching: Matching,
    wanted: int,
) -> tuple[float, pd.DataFrame]:
    """The lowest threshold that gives at most `wanted` false alarms, and its events.

    Where none does, the threshold is infinite and there are no events.
    """
    for at in [*np.sort(candidates), np.inf]:
        found = find(label, float(at))
        pairs = event_based.match(truth, found, matching)
        if len(found) - len(pairs) <= wanted:
            break
    return float(at), found


def without_doubtful(found: pd.DataFrame, doubtful: pd.DataFrame) -> pd.DataFrame:
    """Detections but for those that lie for more than half in uncertain time.

    Uncertain time is neither event nor background: what is found there is scored nowhere.
    """
    share = np.zeros(len(found))
    intervals = dict(list(doubtful.groupby("recording_id")))
    for row, event in enumerate(found.to_dict("records")):
        mine = intervals.get(event["recording_id"])
        if mine is not None:
            length = event["offset_s"] - event["onset_s"]
            share[row] = covered(np.array([event["onset_s"]]), length, mine)[0]
    return found[share <= 0.5].reset_index(drop=True)


def per_day(
    truth: pd.DataFrame,
    found: Mapping[str, pd.DataFrame],
    recordings: pd.DataFrame,
    matching: Matching,
) -> pd.DataFrame:
    """Events, hits and false alarms of several detectors for each day (or recording).

    Parameters
    ----------
    recordings : rows of table RECORDINGS; a recording without a start time is its own day.
    """
    day = recordings["start"].dt.strftime("%Y-%m-%d").fillna(recordings["recording_id"])
    of = dict(zip(recordings["recording_id"], day, strict=True))
    hours = (recordings["n_samples"] / recordings["sample_rate"] / 3600).groupby(day).sum()
    table = pd.DataFrame({"day": hours.index, "hours": hours.to_numpy()})
    reference = truth["recording_id"].map(of).value_counts()
    table["events"] = table["day"].map(reference).fillna(0).astype(int)
    for name, events in found.items():
        pairs = event_based.match(truth, events, matching)
        hit = np.zeros(len(events), bool)
        hit[[b for _, b in pairs]] = True
        days = events["recording_id"].map(of)
        for what, rows in (("hits", hit), ("false_alarms", ~hit)):
            counts = days[rows].value_counts()
            table[f"{name}_{what}"] = table["day"].map(counts).fillna(0).astype(int)
    return table
