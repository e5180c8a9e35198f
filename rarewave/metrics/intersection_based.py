"""How far events and detections cover one another."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.metrics.event_rates import listed

Array = NDArray[np.float64]
Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Intersections:
    """Counts of `intersections`, in the order of the classes.

    reference, tp : events, and those found.
    fp : detections that fail the detection tolerance.
    cross : (detected class, class of the truth), those of `fp` that trigger on another class.
    truth_s : seconds that the events of a class cover.
    """

    reference: Array
    tp: Array
    fp: Array
    cross: Array
    truth_s: Array


def intersections(
    truth: pd.DataFrame,
    found: pd.DataFrame,
    classes: Sequence[str],
    dtc: float,
    gtc: float,
    cttc: float,
) -> Intersections:
    """Hits, false alarms and cross-triggers by shares of intersection (Bilen et al. 2020).

    A detection is good where events of its class cover at least `dtc` of it, and false otherwise.
    An event is found where good detections of its class cover at least `gtc` of it. A false
    detection triggers on another class whose events cover at least `cttc` of it. Nothing is good
    or found without an intersection. Where events of a class overlap, what counts is their union,
    so no second is counted twice. Events without a length cannot be covered and are left out.
    Times count in whole nanoseconds.

    Raises
    ------
    DataError
        As `match`; or a label is not among the classes.
    """
    events, detections = (
        frame[frame["offset_s"] > frame["onset_s"]] for frame in listed(truth, found, classes)
    )
    at, was = _common_axis(events, detections)
    kind, found_kind = (frame["label"].to_numpy(str) for frame in (events, detections))
    count = len(classes)
    reference, tp, fp, truth_s = (np.zeros(count) for _ in range(4))
    cross = np.zeros((count, count))
    unions, anything = [_union(at[kind == name]) for name in classes], _union(at)
    for i, name in enumerate(classes):
        mine, events_mine = was[found_kind == name], at[kind == name]
        good = _covers(unions[i], mine, dtc)
        reference[i] = len(events_mine)
        tp[i] = _covers(_union(mine[good]), events_mine, gtc).sum()
        fp[i] = (~good).sum()
        truth_s[i] = (unions[i][:, 1] - unions[i][:, 0]).sum() / 1e9
        wrong = mine[~good]
        wrong = wrong[_covers(anything, wrong, 0.0)]  # most touch no event at all
        for j in range(count) if len(wrong) else ():
            if j != i:
                cross[i, j] = _covers(unions[j], wrong, cttc).sum()
    return Intersections(reference, tp, fp, cross, truth_s)


def _common_axis(events: pd.DataFrame, detections: pd.DataFrame) -> tuple[Indices, Indices]:
    """Onsets and offsets (events, 2) in whole ns, with the recordings one after the other."""
    both = pd.concat((events, detections))
    code, names = pd.factorize(both["recording_id"])
    times = np.rint(both[["onset_s", "offset_s"]].to_numpy(float) * 1e9).astype(np.int64)
    low = np.full(len(names), np.iinfo(np.int64).max)
    high = np.full(len(names), np.iinfo(np.int64).min)
    np.minimum.at(low, code, times[:, 0])
    np.maximum.at(high, code, times[:, 1])
    shift = np.concatenate(([0], np.cumsum(high - low + 1)))[:-1] - low
    times += shift[code][:, None]
    return times[: len(events)], times[len(events) :]


def _union(times: Indices) -> Indices:
    """Disjoint intervals (n, 2), rising, that cover what the intervals cover."""
    times = times[np.argsort(times[:, 0], kind="stable")]
    reach = np.maximum.accumulate(times[:, 1])
    new = np.ones(len(times), bool)
    new[1:] = times[1:, 0] > reach[:-1]
    last = np.append(new[1:], True)[: len(times)]
    return np.stack((times[new, 0], reach[last]), axis=1)


def _covers(union: Indices, times: Indices, share: float) -> NDArray[np.bool_]:
    """Which intervals the union covers at least a share of, to a nanosecond."""
    if not len(union):
        return np.zeros(len(times), bool)
    length = union[:, 1] - union[:, 0]
    before = np.cumsum(length) - length
    index = np.searchsorted(union[:, 0], times, side="right") - 1
    part = np.minimum(times - union[index, 0], length[index])
    covered = np.diff(np.where(index >= 0, before[index] + part, 0), axis=1)[:, 0]
    return (covered > 0) & (covered + 1 >= share * (times[:, 1] - times[:, 0]))
