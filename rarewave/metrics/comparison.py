"""Detectors side by side on one set of windows, with intervals bootstrapped by group."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.tasks import BACKGROUND, Kind, Task
from rarewave.metrics import binary, multiclass, tags
from rarewave.metrics.bootstrap import Bootstrap, group_weights, interval

NETWORK, MAJORITY = "network", "majority"

Measure = Callable[..., dict[str, float]]  # of `weights`

# What tables and pictures show of each kind of task, and the score that a network should gain in.
SHOWN: dict[Kind, tuple[str, ...]] = {
    "event": tuple(binary.SCORES),
    "classes": tuple(multiclass.SCORES),
    "tags": tuple(tags.SCORES),
}
HEADLINE: dict[Kind, str] = {
    "event": binary.HEADLINE,
    "classes": multiclass.HEADLINE,
    "tags": tags.HEADLINE,
}


@dataclass(frozen=True)
class Unit:
    """What is scored: every `window`, or every `recording` by the mean over its windows.

    Of tags a recording has those of all its windows.
    """

    per: Literal["window", "recording"]


# The limits of scores; others lie between 0 and 1.
LIMITS: dict[str, tuple[float, float]] = {
    "mcc": (-1.0, 1.0),
    "d_prime": (-np.inf, np.inf),
} | dict.fromkeys(("tn", "fp", "fn", "tp", "support"), (0.0, np.inf))


class Truth(NamedTuple):
    """What is known of the windows that detectors are compared on."""

    y: NDArray[Any]  # (n,) class that fills most, -1 where it is none of the tags
    all: NDArray[np.int8]  # (n, names) everything that is true
    types: NDArray[np.str_]  # (n,) label of the event, or background
    unit: NDArray[np.str_]  # (n,) what a resample draws whole
    counts: NDArray[np.int64]  # (names,) training windows of each name


def truth_of(task: Task, scored: pd.DataFrame, counts: NDArray[np.int64]) -> Truth:
    """What rows of table EVALUATED say; `counts` are training windows of each name."""
    return Truth(
        task.index(scored["label"]),
        task.truth(scored["labels"]),
        scored["label"].to_numpy("U"),
        scored["unit"].to_numpy("U"),
        counts,
    )


def per_recording(
    table: pd.DataFrame, task: Task, aggregate: Literal["mean", "max"] = "mean"
) -> pd.DataFrame:
    """Rows of table EVALUATED, one per recording, whose scores are those of its windows together.

    A recording has all tags of its windows; what is not of tags has one label in all of them.

    Raises
    ------
    DataError
        The windows of a recording have different labels, and they are no tags.
    """
    grouped = table.groupby("recording_id", sort=False)
    found = grouped.first()
    if task.kind == "tags":
        found["labels"] = grouped["labels"].agg(_together)
        first = found["labels"].str[0]
        # What fills most of the first window, where that holds any.
        found["label"] = found["label"].where(found["label"] != BACKGROUND, first)
    else:
        sets = table["labels"].map(tuple).groupby(table["recording_id"])
        several = (grouped["label"].nunique() > 1) | (sets.nunique() > 1)
        if several.any():
            raise DataError(
                f"evaluate.per is recording, and the windows of {several.idxmax()} have different "
                "labels: set it to window"
            )
    scores = [f"p_{name}" for name in task.names]
    found[scores] = grouped[scores].agg(aggregate)
    return found.reset_index()[table.columns]


def _together(lists: pd.Series) -> list[str]:
    """All tags of several windows; background where there is none."""
    return sorted({name for names in lists for name in names} - {BACKGROUND}) or [BACKGROUND]


def compare(
    task: Task,
    truth: Truth,
    scores: Mapping[str, NDArray[np.float64]],
    thresholds: Mapping[str, Mapping[str, float]],
    bootstrap: Bootstrap,
) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Metrics of every detector, and of always saying what is most frequent.

    Parameters
    ----------
    scores : name of the detector to (n, names) scores; those of `network` are probabilities.
    thresholds : name of the detector to the threshold of each name; classes need none.

    Returns
    -------
    A table of detector, metric, value, low and high (95 %) and units (how many groups that
    rests on), and the difference in the headline score between the network and each other detector
    with its paired interval; `best` is that to the baseline with the highest score.
    """
    # Groups with events and without are drawn apart where these are all that there is.
    eventful = truth.y if task.kind == "event" else np.zeros(len(truth.y))
    weights = group_weights(truth.unit, eventful, bootstrap.resamples, bootstrap.seed)
    always, never = np.zeros((len(truth.y), len(task.names))), dict.fromkeys(task.names, np.inf)
    if task.kind == "classes":
        always[:, int(truth.counts.argmax())] = 1.0
    scores = {**scores, MAJORITY: always}
    thresholds = {**thresholds, MAJORITY: never}
    measures = {name: measure_of(task, truth, p, thresholds, name) for name, p in scores.items()}
    return side_by_side(measures, weights, HEADLINE[task.kind], partial(units_behind, task, truth))


def units_behind(task: Task, truth: Truth, metric: str) -> int:
    """How many groups a score rests on: that of a class or type on those that hold it.

    A score of events against background rests on the groups that hold events or on those that
    hold background, whichever are fewer.
    """
    kind, _, name = metric.partition(".")
    if task.kind == "event":
        events, quiet = len(np.unique(truth.unit[truth.y == 1])), truth.unit[truth.y == 0]
        if name:
            return len(np.unique(truth.unit[truth.types == name]))
        return events if kind == "recall" else min(events, len(np.unique(quiet)))
    if kind == "rare_recall":
        seldom = multiclass.rarest(truth.counts, task.names)
        return len(np.unique(truth.unit[truth.all[:, seldom].any(axis=1)]))
    if name:
        return len(np.unique(truth.unit[truth.all[:, task.names.index(name)] > 0]))
    return len(np.unique(truth.unit))


def measure_of(
    task: Task,
    truth: Truth,
    p: NDArray[np.float64],
    thresholds: Mapping[str, Mapping[str, float]],
    detector: str,
) -> Measure:
    """The measure of one detector, still to be given weights."""
    if task.kind == "tags":
        told = partial(tags.measure, truth.all, p, thresholds[detector], task.names)
        return partial(told, rests_on=tags.known(truth.all, p))
    known = [binary.ranks(column) for column in p.T]
    if task.kind == "classes":
        rare = multiclass.rarest(truth.counts, task.names)
        told = partial(multiclass.measure, truth.all, truth.y, p, task.names)
        return partial(told, rare=rare, known=known)
    (name,) = task.events
    values, at = p[:, task.names.index(name)], thresholds[detector][name]
    # Only the network's are meant as probabilities.
    told = partial(_event, truth.y, truth.types, values, at)
    order = known[task.names.index(name)]
    return partial(told, known=order, probabilities=detector == NETWORK)


def _event(
    y: NDArray,
    types: NDArray[np.str_],
    values: NDArray[np.float64],
    threshold: float,
    *,
    weights: NDArray[np.float64] | None,
    known: binary.Ranks,
    probabilities: bool,
) -> dict[str, float]:
    found = binary.detector_metrics(y, values, threshold, weights, probabilities, known)
    event = y == 1
    recalls = binary.recall_per_type(
        types[event],
        values[event] >= threshold,
        None if weights is None else weights[event],
    )
    return found | {f"recall.{kind}": value for kind, value in recalls.items()}


def side_by_side(
    measures: Mapping[str, Measure],
    weights: NDArray[np.float64],
    gain: str,
    units: Callable[[str], int],
) -> tuple[pd.DataFrame, dict[str, dict[str, Any]]]:
    """Metrics of detectors with 95 % intervals, and what the network gains in one of them.

    Parameters
    ----------
    measures : name of the detector to its metrics under some weights, None for the plain ones;
        one is `network`.
    weights : (resamples, n) of the bootstrap.
    gain : the metric whose difference is paired.
    units : how many groups a metric rests on.

    Returns
    -------
    A table of detector, metric, value, low, high and units; and for each other detector the
    difference between the network and it with its interval.
    """
    rows, points, draws = [], {}, {}
    for name, measure in measures.items():
        points[name] = measure(weights=None)
        drawn = np.empty((len(weights), len(points[name])))
        for number, w in enumerate(weights):
            draw = measure(weights=w)
            drawn[number] = [draw[metric] for metric in points[name]]
        draws[name] = drawn[:, list(points[name]).index(gain)]
        for (metric, value), mine in zip(points[name].items(), drawn.T, strict=True):
            behind = units(metric)
            low, high = interval(value, mine, behind, *LIMITS.get(metric.split(".")[0], (0.0, 1.0)))
            if name == MAJORITY and np.ptp(mine) == 0:
                low = high = value  # it is so whatever the groups are
            row = {"detector": name, "metric": metric, "value": value, "low": low, "high": high}
            rows.append(row | {"units": behind})
    gains: dict[str, dict[str, Any]] = {}
    for name in measures:
        if name != "network":
            apart = draws["network"] - draws[name]
            value = points["network"][gain] - points[name][gain]
            low, high = interval(value, apart, units(gain), -1.0, 1.0)
            gains[name] = {"value": value, "low": low, "high": high}
    known = [n for n in gains if n != MAJORITY and np.isfinite(points[n][gain])]
    best = max(known, key=lambda name: points[name][gain], default="")
    if best:
        gains["best"] = {"baseline": best, **gains[best]}
    return pd.DataFrame(rows), gains


# The few numbers of each detector, and which of the network's are told for each name.
BRIEF: dict[Kind, tuple[str, ...]] = {
    "event": ("average_precision", "f1"),
    "classes": ("accuracy", "macro_f1", "rare_recall"),
    "tags": ("macro_average_precision", "macro_f1"),
}
_EACH: dict[Kind, tuple[str, ...]] = {
    "event": (),
    "classes": ("f1", "recall"),
    "tags": ("f1", "average_precision"),
}


def report(
    task: Task, table: pd.DataFrame, gains: Mapping[str, Any], counts: NDArray[np.int64]
) -> dict[str, Any]:
    """What metrics/evaluate.json holds: few numbers of each detector, all of the network's."""
    values = table.pivot(index="detector", columns="metric", values="value")
    network = table[table["detector"] == NETWORK].set_index("metric")
    brief = BRIEF[task.kind]
    found: dict[str, Any] = {d: {m: values.loc[d, m] for m in brief} for d in values.index}
    overall = [metric for metric in network.index if "." not in metric]
    found[NETWORK] = network["value"].loc[overall].to_dict()
    for metric in _EACH[task.kind]:
        found[NETWORK][f"{metric}_per_class"] = _each(network, metric)
    if task.kind == "event":
        found[NETWORK]["recall_per_type"] = _each(network, "recall")
    else:
        found["training_windows"] = dict(zip(task.names, counts.tolist(), strict=True))
    if task.kind == "tags":
        support = _each(network, "support")
        found["without_positives"] = [name for name in task.names if not support[name]]
    found["interval"] = {m: network.loc[m, ["low", "high"]].to_dict() for m in brief}
    found["units"] = int(network.loc[HEADLINE[task.kind], "units"])
    return found | {f"gain_over_{name}": gain for name, gain in gains.items() if name != MAJORITY}


def _each(network: pd.DataFrame, metric: str) -> dict[str, float]:
    names = [name for name in network.index if name.startswith(f"{metric}.")]
    return {name.removeprefix(f"{metric}."): network.loc[name, "value"] for name in names}


def mean_gains(
    tables: Sequence[Mapping[str, pd.DataFrame]], event: str, bootstrap: Bootstrap
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Average precision over several test parts, and what the network gains in the mean.

    Parameters
    ----------
    tables : for each test part its detectors, each a table EVALUATED; units are drawn within
        each part.
    event : name of the event.

    Returns
    -------
    Average precision of each detector (rows) on each part and in the mean, with the interval
    of the mean; and the paired difference to each baseline with its interval.
    """
    detectors = [name for name in tables[0] if all(name in others for others in tables)]
    values: dict[str, list[float]] = {name: [] for name in detectors}
    draws = {name: np.zeros((len(tables), bootstrap.resamples)) for name in detectors}
    units = 0  # with events or with background, whichever are fewer, of all parts
    for number, part in enumerate(tables):
        table = part[NETWORK]
        y = (table["label"] != BACKGROUND).to_numpy(np.int8)
        seed, unit = bootstrap.seed + number, table["unit"].to_numpy("U")
        units += min(len(np.unique(unit[y == kind])) for kind in (0, 1))
        weights = group_weights(unit, y, bootstrap.resamples, seed)
        for name in detectors:
            scores = part[name][f"p_{event}"].to_numpy(float)
            ranked = partial(binary.average_precision, y, scores, known=binary.ranks(scores))
            values[name].append(ranked())
            draws[name][number] = [ranked(weights=w) for w in weights]
    rows, gains = [], []
    for name in detectors:
        mean = float(np.mean(values[name]))
        low, high = interval(mean, draws[name].mean(axis=0), units)
        row = {"detector": name, "parts": values[name], "mean": mean}
        rows.append(row | {"low": low, "high": high})
        if name != NETWORK:
            differences = (draws[NETWORK] - draws[name]).mean(axis=0)
            gain = float(np.mean(values[NETWORK])) - mean
            low, high = interval(gain, differences, units, -1.0, 1.0)
            gains.append({"baseline": name, "gain": gain, "low": low, "high": high})
    return pd.DataFrame(rows), pd.DataFrame(gains)
