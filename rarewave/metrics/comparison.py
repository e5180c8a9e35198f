"""Detectors side by side on one set of windows, with intervals bootstrapped by group."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.classes import BACKGROUND, EVENT, event_classes
from rarewave.base.classes import binary as is_binary
from rarewave.base.errors import DataError
from rarewave.metrics import binary
from rarewave.metrics.bootstrap import Bootstrap, group_weights, interval

MAJORITY = "majority"

Measure = Callable[..., dict[str, float]]  # of `weights`


@dataclass(frozen=True)
class Unit:
    """What is scored: every `window`, or every `recording` by the mean over its windows."""

    per: Literal["window", "recording"]


# Detectors of events and where their scores stand in table EVALUATED.
DETECTORS = {"network": "p_event", "level": "level_db", "sta_lta": "sta_lta"}


def score_columns(classes: Sequence[str]) -> dict[str, dict[str, str]]:
    """For each detector the column of the score of each class that is no background.

    Level and STA/LTA know events, not their kinds.
    """
    if is_binary(classes):
        return {name: {EVENT: column} for name, column in DETECTORS.items()}
    return {"network": {name: f"p_{name}" for name in event_classes(classes)}}


def per_recording(table: pd.DataFrame, classes: Sequence[str]) -> pd.DataFrame:
    """Rows of table EVALUATED, one per recording: scores are means, the label is all its windows'.

    Raises
    ------
    DataError
        The windows of a recording have different labels.
    """
    several = table.groupby("recording_id")["label"].nunique() > 1
    if several.any():
        raise DataError(
            f"evaluate.per is recording, and the windows of {several.idxmax()} have different "
            "labels: set it to window"
        )
    means = [f"p_{name}" for name in classes] + ["level_db", "sta_lta"]
    grouped = table.groupby("recording_id", sort=False)
    found = grouped.first()
    found[means] = grouped[means].mean()
    return found.reset_index()[table.columns]


def mean_gains(
    tables: list[pd.DataFrame], bootstrap: Bootstrap
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Average precision over several test parts, and what the network gains in the mean.

    Parameters
    ----------
    tables : one EVALUATED for each test part; units are drawn within each.

    Returns
    -------
    Average precision of each detector (rows) on each part and in the mean, with the interval
    of the mean; and the paired difference to each baseline with its interval.
    """
    values: dict[str, list[float]] = {name: [] for name in DETECTORS}
    draws = {name: np.zeros((len(tables), bootstrap.resamples)) for name in DETECTORS}
    for number, table in enumerate(tables):
        y = (table["label"] != BACKGROUND).to_numpy(np.int8)
        seed = bootstrap.seed + number
        weights = group_weights(table["unit"].to_numpy("U"), y, bootstrap.resamples, seed)
        for name, column in DETECTORS.items():
            scores = table[column].to_numpy(float)
            values[name].append(binary.average_precision(y, scores))
            draws[name][number] = [binary.average_precision(y, scores, w) for w in weights]
    rows, gains = [], []
    for name in DETECTORS:
        means = [{"mean": mean} for mean in draws[name].mean(axis=0)]
        low, high = interval(means, "mean")
        mean = float(np.mean(values[name]))
        rows.append(
            {
                "detector": name,
                "parts": values[name],
                "mean": mean,
                "low": low,
                "high": high,
            }
        )
        if name != "network":
            differences = (draws["network"] - draws[name]).mean(axis=0)
            low, high = interval([{"d": d} for d in differences], "d")
            gain = float(np.mean(values["network"])) - mean
            gains.append({"baseline": name, "gain": gain, "low": low, "high": high})
    return pd.DataFrame(rows), pd.DataFrame(gains)


def compare(
    y: NDArray[np.int8],
    types: NDArray[np.str_],
    groups: NDArray[np.str_],
    scores: dict[str, NDArray[np.float64]],
    thresholds: dict[str, float],
    bootstrap: Bootstrap,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Metrics of every detector at its own threshold, and of always deciding background.

    Parameters
    ----------
    y : (n,) 0 or 1.
    types : (n,) type of the event, or background.
    groups : (n,) the unit that a resample draws whole.
    scores : name of the detector to (n,) scores; those of `network` are probabilities.
    thresholds : name of the detector to its threshold.

    Returns
    -------
    A table of detector, metric, value, low and high (95 %), and the difference in average
    precision between the network and each baseline with its paired interval.
    """
    weights = group_weights(groups, y, bootstrap.resamples, bootstrap.seed)
    scores = scores | {MAJORITY: np.zeros(len(y))}
    thresholds = thresholds | {MAJORITY: np.inf}
    measures = {
        name: partial(_measure, y, types, values, thresholds[name], probabilities=name == "network")
        for name, values in scores.items()
    }
    return side_by_side(measures, weights, "average_precision")


def side_by_side(
    measures: Mapping[str, Measure], weights: NDArray[np.float64], gain: str
) -> tuple[pd.DataFrame, dict[str, dict[str, float]]]:
    """Metrics of detectors with 95 % intervals, and what the network gains in one of them.

    Parameters
    ----------
    measures : name of the detector to its metrics under some weights, None for the plain ones;
        one is `network`.
    weights : (resamples, n) of the bootstrap.
    gain : the metric whose difference is paired.

    Returns
    -------
    A table of detector, metric, value, low and high; and for each other detector the difference
    between the network and it with its interval.
    """
    rows, points, draws = [], {}, {}
    for name, measure in measures.items():
        points[name], draws[name] = measure(weights=None), [measure(weights=w) for w in weights]
        for metric, value in points[name].items():
            low, high = interval(draws[name], metric)
            rows.append(
                {"detector": name, "metric": metric, "value": value, "low": low, "high": high}
            )
    gains = {}
    for name in measures:
        if name != "network":
            pairs = zip(draws["network"], draws[name], strict=True)
            low, high = interval([{"d": a[gain] - b[gain]} for a, b in pairs], "d")
            value = points["network"][gain] - points[name][gain]
            gains[name] = {"value": value, "low": low, "high": high}
    return pd.DataFrame(rows), gains


def _measure(
    y: NDArray,
    types: NDArray[np.str_],
    values: NDArray[np.float64],
    threshold: float,
    *,
    weights: NDArray[np.float64] | None,
    probabilities: bool,
) -> dict[str, float]:
    found = binary.detector_metrics(y, values, threshold, weights, probabilities)
    event = y == 1
    recalls = binary.recall_per_type(
        types[event],
        values[event] >= threshold,
        None if weights is None else weights[event],
    )
    return found | {f"recall.{kind}": value for kind, value in recalls.items()}
