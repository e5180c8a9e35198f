"""Scores of fixed segments of time, as sed_eval defines them."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.metrics.event_rates import ROUNDING, listed, rates, ratio, summary

Indices = NDArray[np.int64]


def segment_scores(
    truth: pd.DataFrame,
    found: pd.DataFrame,
    classes: Sequence[str],
    durations: Mapping[str, float],
    segment_s: float,
) -> tuple[pd.DataFrame, dict[str, float]]:
    """Scores by segments: a class is active in a segment that one of its events touches.

    `durations` are the seconds of every recording that was searched, those without an event
    included. The last segment of a recording may be shorter; what lies beyond it is cut.

    Returns
    -------
    The columns of `event_scores`, in segments and without false alarms, and the entries of
    `overall` likewise, where classes that swap within a segment are substitutions; and in both
    `accuracy`, the share of segments in which a class is rightly said to sound or not.

    Raises
    ------
    DataError
        As `match`; or a label is not among the classes, a recording has no duration, or
        `segment_s` is not above 0.
    """
    if not segment_s > 0:
        raise DataError(f"a segment of {segment_s} s: segment_s must be above 0")
    events, detections = listed(truth, found, classes)
    names = pd.Index(list(durations))
    for frame in (events, detections):
        unknown = ~frame["recording_id"].isin(names)
        if unknown.any():
            raise DataError(
                f"recording {frame['recording_id'][unknown].iloc[0]} has events and no duration"
            )
    seconds = np.array([durations[name] for name in names], float)
    count = np.ceil(seconds / segment_s - ROUNDING).astype(np.int64)
    first = np.concatenate(([0], np.cumsum(count)))
    reference, detected, both = (np.zeros(first[-1], np.int32) for _ in range(3))
    rows = []
    for name in classes:
        active = [
            _active(frame[frame["label"] == name], names, first, segment_s)
            for frame in (events, detections)
        ]
        reference += active[0]
        detected += active[1]
        both += active[0] & active[1]
        rows.append([int(a.sum()) for a in (*active, active[0] & active[1])])
    table = rates(classes, np.array(rows, float).reshape(len(classes), 3))
    wrong = (table["fp"] + table["fn"]).to_numpy(float)
    table["accuracy"] = 1 - ratio(wrong, np.full(len(wrong), float(first[-1])))
    swapped = int((np.minimum(reference, detected) - both).sum())
    missed = int(np.maximum(reference - detected, 0).sum())
    added = int(np.maximum(detected - reference, 0).sum())
    total = summary(table, (swapped, missed, added))
    return table, total | {"accuracy": float(table["accuracy"].mean())}


def _active(
    events: pd.DataFrame, names: pd.Index, first: Indices, segment_s: float
) -> NDArray[np.bool_]:
    """Which segments, of all recordings in a row, an event touches."""
    recording = names.get_indexer(events["recording_id"])
    begin = np.floor(events["onset_s"].to_numpy(float) / segment_s + ROUNDING)
    end = np.ceil(events["offset_s"].to_numpy(float) / segment_s - ROUNDING)
    count = (first[1:] - first[:-1])[recording]
    begin = np.clip(begin, 0, count).astype(np.int64)
    end = np.maximum(np.clip(end, 0, count).astype(np.int64), begin)
    step = np.zeros(first[-1] + 1, np.int32)
    np.add.at(step, first[recording] + begin, 1)
    np.add.at(step, first[recording] + end, -1)
    return np.cumsum(step)[:-1] > 0
