"""What the events of several detectors are worth on recordings held out whole."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.detection.heldout import Heldout
from rarewave.metrics import event_based, psds, segment_based
from rarewave.metrics.bootstrap import Bootstrap
from rarewave.metrics.comparison import NETWORK
from rarewave.metrics.event_based import Matching
from rarewave.metrics.event_intervals import SCORES, counts_by_unit, event_intervals

# Columns of `by_detector` beside the scores.
ENDS = [f"{score}_{end}" for score in SCORES for end in ("low", "high")]

Intervals = Mapping[str, tuple[float, float, int]]


def intervals(
    test: Heldout,
    found: Mapping[str, pd.DataFrame],
    matching: Matching,
    names: Sequence[str],
    bootstrap: Bootstrap,
) -> dict[str, Intervals]:
    """Of the event scores of every detector; see `event_intervals`.

    Parameters
    ----------
    found : name of the detector to its table DETECTED, on streams.
    """
    result: dict[str, Intervals] = {}
    for detector, events in found.items():
        pairs = event_based.match(test.truth, events, matching)
        *units, every = _units(test, events, pairs, bootstrap)
        counts = counts_by_unit(test.truth, events, pairs, (units[0], units[1]), names, every)
        result[detector] = event_intervals(counts, names, bootstrap.resamples, bootstrap.seed)
    return result


def _units(
    test: Heldout, found: pd.DataFrame, pairs: NDArray[np.int64], bootstrap: Bootstrap
) -> tuple[NDArray[np.str_], NDArray[np.str_], NDArray[np.str_]]:
    """What the bootstrap draws whole, of each event and of each detection, and all of it."""
    if bootstrap.unit == "group":
        every = test.windows["group"].unique().astype("U")
        return test.groups_of(test.truth), test.groups_of(found), every
    of_truth = np.array([f"event {number}" for number in range(len(test.truth))], "U")
    block = (found["onset_s"] // bootstrap.block_s).astype(int).astype(str)
    of_found = (found["recording_id"] + " " + block).to_numpy(object)
    of_found[pairs[:, 1]] = of_truth[pairs[:, 0]]
    every = [
        f"{name} {number}"
        for name, seconds in test.durations.items()
        for number in range(int(seconds // bootstrap.block_s) + 1)
    ]
    return of_truth, of_found.astype("U"), np.array(every, "U")


def by_detector(
    test: Heldout,
    found: Mapping[str, pd.DataFrame],
    matching: Matching,
    names: Sequence[str],
    known: Mapping[str, Intervals],
) -> pd.DataFrame:
    """Event scores of every detector and class with their intervals, a row each.

    Parameters
    ----------
    known : what `intervals` gives.
    """
    tables, hours = [], test.hours
    for detector, events in found.items():
        table = event_based.event_scores(test.truth, events, names, matching, hours)
        for score in SCORES:
            ends = [known[detector].get(f"{score}.{name}", (np.nan, np.nan, 0)) for name in names]
            table[f"{score}_low"] = [low for low, _, _ in ends]
            table[f"{score}_high"] = [high for _, high, _ in ends]
        tables.append(table.assign(detector=detector))
    return pd.concat(tables, ignore_index=True)


def metrics(
    test: Heldout,
    found: Mapping[str, pd.DataFrame],
    table: pd.DataFrame,
    steps: Mapping[float, pd.DataFrame],
    matching: Matching,
    known: Mapping[str, Intervals],
) -> dict[str, Any]:
    """What metrics/detect.json holds: overall scores of each detector, and more of the network.

    Parameters
    ----------
    table : of `by_detector`.
    steps : the network's events at many thresholds, for PSDS.
    known : what `intervals` gives.
    """
    mine = table[table["detector"] == NETWORK].set_index("label")
    names, hours = list(mine.index), test.hours
    overall: dict[str, Any] = {
        name: event_based.overall(test.truth, events, names, matching, hours)
        | {"interval": _ends(known[name])}
        for name, events in found.items()
    }
    overall["f1_per_class"] = mine["f1"].to_dict()
    for name, criteria in (("psds1", psds.PSDS1), ("psds2", psds.PSDS2)):
        overall[name] = psds.psds(test.truth, steps, names, hours, criteria).value
    overall["hours"] = hours
    _, overall["segments"] = segment_based.segment_scores(
        test.truth, found[NETWORK], names, test.durations, matching.segment_s
    )
    return overall


def _ends(known: Intervals) -> dict[str, dict[str, float]]:
    """Intervals of the scores over all events; NaN where there are too few groups."""
    return {
        name: dict(zip(("low", "high"), known[name][:2], strict=True))
        for name in ("macro_f1", *SCORES)
        if name in known
    }


def per_day(test: Heldout, found: Mapping[str, pd.DataFrame], matching: Matching) -> pd.DataFrame:
    """Events, hits and false alarms of several detectors for each day (or recording).

    A recording without a start time is its own day; an event is of the day of the file in which
    it begins.
    """
    recordings = test.recordings
    day = recordings["start"].dt.strftime("%Y-%m-%d").fillna(recordings["recording_id"])
    of = dict(zip(recordings["recording_id"], day, strict=True))
    hours = (recordings["n_samples"] / recordings["sample_rate"] / 3600).groupby(day).sum()
    table = pd.DataFrame({"day": hours.index, "hours": hours.to_numpy()})
    reference = test.in_files(test.truth)["recording_id"].map(of).value_counts()
    table["events"] = table["day"].map(reference).fillna(0).astype(int)
    for name, events in found.items():
        pairs = event_based.match(test.truth, events, matching)
        hit = np.zeros(len(events), bool)
        hit[pairs[:, 1]] = True
        days = test.in_files(events)["recording_id"].map(of)
        for what, rows in (("hits", hit), ("false_alarms", ~hit)):
            counts = days[rows].value_counts()
            table[f"{name}_{what}"] = table["day"].map(counts).fillna(0).astype(int)
    return table
