"""Choose a decision threshold from scores of windows that were not trained on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.notices import some
from rarewave.base.parameters import Above, AtLeast, Between, Fraction
from rarewave.base.tasks import Task
from rarewave.metrics.binary import curve

# Nine hits of ten decisions are a precision of 0.9, whatever the last bit says.
_ROUNDING = 1e-9


@dataclass(frozen=True)
class Objective:
    """What a good threshold is.

    `f1`: the best F1. `recall_at_precision`: the most recall with at least `precision`.
    `precision_at_recall`: the most precision with at least `recall`. `false_alarms_per_day`:
    the most recall with at most `false_alarms_per_day` windows of false alarm in a day.
    `prevalence` is the share of event windows where the detector will be used; null takes
    that of the scores at hand.
    """

    objective: Literal["f1", "recall_at_precision", "precision_at_recall", "false_alarms_per_day"]
    precision: Fraction
    recall: Fraction
    false_alarms_per_day: Annotated[float, AtLeast(0)]
    prevalence: Annotated[float, Above(0), Between(0, 1)] | None


def sweep(
    y: NDArray, scores: NDArray[np.float64], prevalence: float | None, hop_s: float
) -> dict[str, NDArray[np.float64]]:
    """Precision, recall, F1 and false alarms per day at every distinct score.

    Parameters
    ----------
    y : (n,) 0 or 1.
    scores : (n,) larger is more likely an event.
    prevalence : share of event windows to assume, or None for that of `y`.
    hop_s : seconds from one window to the next, to count windows per day.

    Raises
    ------
    DataError
        One of the two classes is absent.
    """
    positives, negatives = int((y == 1).sum()), int((y == 0).sum())
    if not positives or not negatives:
        raise DataError(
            f"a threshold needs both classes, and there are {positives} event and {negatives} "
            "background windows: give the validation part more groups"
        )
    share = positives / (positives + negatives) if prevalence is None else prevalence
    points = curve(y, scores)
    recall, false_rate = points["tp"] / positives, points["fp"] / negatives
    true, false = share * recall, (1 - share) * false_rate
    return {
        "threshold": points["threshold"],
        "precision": true / np.maximum(true + false, 1e-300),
        "recall": recall,
        "f1": 2 * true / (true + false + share),
        "false_alarms_per_day": false_rate * (1 - share) * 86400.0 / hop_s,
    }


# Validation windows of a tag that its threshold is chosen from.
FEW = 5

Sweep = dict[str, NDArray[np.float64]]


def of_each(
    task: Task,
    truth: NDArray[np.int8],
    table: pd.DataFrame,
    objective: Objective,
    hop_s: float,
    detector: str,
) -> tuple[dict[str, dict[str, Any]], dict[str, Sweep]]:
    """What `choose` gives for each name but background, and the sweeps that it saw.

    Names of which there is no window, or that every window holds, take the median threshold of the
    others. Tags that fewer than `FEW` windows hold share the one that is best for all tags
    together: the best for one or two windows says nothing of others.

    Parameters
    ----------
    truth : (n, names).
    table : a column `p_<name>` for each name.
    detector : for messages.
    """
    held = {name: truth[:, task.names.index(name)] > 0 for name in task.events}
    present = [name for name in task.events if held[name].any() and not held[name].all()]
    few = [name for name in present if held[name].sum() < FEW]
    few = few if task.kind == "tags" and len(present) > 1 else []
    chosen, sweeps = {}, {}
    for name in present or task.events:
        y, values = truth[:, task.names.index(name)], table[f"p_{name}"].to_numpy(float)
        try:
            sweeps[name] = sweep(y, values, objective.prevalence, hop_s)
        except DataError as error:
            if len(task.events) == 1:
                raise
            raise DataError(f"class {name}: {error}") from None
        if name not in few:
            chosen[name] = choose(sweeps[name], objective)
    if few:
        y = np.concatenate([held[name] for name in present])
        values = np.concatenate([table[f"p_{name}"].to_numpy(float) for name in present])
        shared = choose(sweep(y, values, objective.prevalence, hop_s), objective)["threshold"]
        chosen |= {name: {"threshold": shared, "borrowed": True} for name in few}
        print(
            f"{detector}: validation has fewer than {FEW} windows of {some(few)}: these tags "
            f"share the threshold that is best for all tags together, {shared:.3g}"
        )
    lacking = [name for name in task.events if name not in chosen]
    if lacking:
        middle = float(np.median([found["threshold"] for found in chosen.values()]))
        chosen |= {name: {"threshold": middle, "borrowed": True} for name in lacking}
        for what, names in (
            ("no window of", [name for name in lacking if not held[name].any()]),
            ("no window without", [name for name in lacking if held[name].all()]),
        ):
            if names:
                print(
                    f"{detector}: validation has {what} {some(names)}: these classes take "
                    f"the median threshold of the others, {middle:.3g}"
                )
    return chosen, sweeps


# Windows shorter than this are of calls, of which there are many in an hour.
HOURLY_S = 60.0


def told(found: Mapping[str, Any], window_s: float) -> dict[str, Any]:
    """What `choose` gives, with `false_alarms_per_hour` where windows of `window_s` are short."""
    told = dict(found)
    if window_s < HOURLY_S and "false_alarms_per_day" in told:
        told["false_alarms_per_hour"] = told.pop("false_alarms_per_day") / 24
    return told


def mean_sweep(sweeps: list[dict[str, NDArray[np.float64]]]) -> pd.DataFrame:
    """The mean of several classes' sweeps at common thresholds from 0 to 1, falling."""
    at = np.linspace(1.0, 0.0, 201)
    rows = {"threshold": at}
    for name in ("precision", "recall", "f1"):
        values = []
        for sweep in sweeps:
            # The decisions at a threshold are those at the lowest score that reaches it.
            index = np.searchsorted(-sweep["threshold"], -at, side="right") - 1
            values.append(np.where(index >= 0, sweep[name][np.maximum(index, 0)], 0.0))
        rows[name] = np.mean(values, axis=0)
    return pd.DataFrame(rows)


def choose(table: dict[str, NDArray[np.float64]], objective: Objective) -> dict[str, Any]:
    """The best row of a sweep, and how flat the optimum is.

    Where a condition cannot be met, the row nearest to it is taken and `met` is false. The
    threshold lies half-way to the next lower score, so that rounding cannot flip a decision.

    Returns
    -------
    threshold, the sweep's values there, `met`, and `flat_low`, `flat_high`: the thresholds
    between which the objective stays within 2 % of its best.
    """
    name = objective.objective
    if name == "f1":
        value, allowed = table["f1"], np.ones(len(table["f1"]), bool)
    elif name == "recall_at_precision":
        value, allowed = table["recall"], table["precision"] >= objective.precision - _ROUNDING
    elif name == "precision_at_recall":
        value, allowed = table["precision"], table["recall"] >= objective.recall - _ROUNDING
    else:
        value = table["recall"]
        allowed = table["false_alarms_per_day"] <= objective.false_alarms_per_day + _ROUNDING
    met = bool(allowed.any())
    if not met:
        nearest = {
            "recall_at_precision": table["precision"],
            "precision_at_recall": table["recall"],
            "false_alarms_per_day": -table["false_alarms_per_day"],
        }[name]
        value, allowed = nearest, np.ones(len(nearest), bool)
    # Of equal values the one that finds most: rows go from high thresholds to low.
    ranked = np.where(allowed, value, -np.inf)
    best = int(np.argmax(ranked))
    if name == "precision_at_recall":
        best = len(ranked) - 1 - int(np.argmax(ranked[::-1]))
    good = allowed & (value >= value[best] - 0.02 * abs(value[best]))
    low = high = best
    while low + 1 < len(good) and good[low + 1]:
        low += 1
    while high > 0 and good[high - 1]:
        high -= 1
    chosen = {key: float(column[best]) for key, column in table.items()}
    chosen["threshold"] = _between(table["threshold"], best)
    return chosen | {
        "met": met,
        "flat_low": _between(table["threshold"], low),
        "flat_high": float(table["threshold"][high]),
    }


def _between(thresholds: NDArray[np.float64], at: int) -> float:
    if at + 1 == len(thresholds):
        return float(thresholds[at])
    return float((thresholds[at] + thresholds[at + 1]) / 2)
