"""Detectors side by side on one set of windows, with intervals bootstrapped by group."""

from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave import scoring
from rarewave.checks import AtLeast

MAJORITY = "majority"


@dataclass(frozen=True)
class Bootstrap:
    """Resamples of whole groups, and their seed."""

    resamples: Annotated[int, AtLeast(1)]
    seed: Annotated[int, AtLeast(0)]


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
    groups : (n,) what a resample draws whole.
    scores : name of the detector to (n,) scores; those of `network` are probabilities.
    thresholds : name of the detector to its threshold.

    Returns
    -------
    A table of detector, metric, value, low and high (95 %), and the difference in average
    precision between the network and each baseline with its paired interval.
    """
    weights = scoring.group_weights(groups, bootstrap.resamples, bootstrap.seed)
    scores = scores | {MAJORITY: np.zeros(len(y))}
    thresholds = thresholds | {MAJORITY: np.inf}
    rows, resampled = [], {}
    for name, values in scores.items():
        point = _measure(y, types, values, thresholds[name], None, name == "network")
        draws = [_measure(y, types, values, thresholds[name], w, name == "network") for w in weights]
        resampled[name] = np.array([draw["average_precision"] for draw in draws])
        for metric, value in point.items():
            low, high = scoring.interval(draws, metric)
            rows.append(
                {"detector": name, "metric": metric, "value": value, "low": low, "high": high}
            )
    table = pd.DataFrame(rows)
    precision = table[table["metric"] == "average_precision"].set_index("detector")["value"]
    gains = {}
    for name in scores:
        if name != "network":
            low, high = scoring.interval(
                [{"d": d} for d in resampled["network"] - resampled[name]], "d"
            )
            gain = float(precision["network"] - precision[name])
            gains[name] = {"value": gain, "low": low, "high": high}
    return table, gains


def _measure(
    y: NDArray,
    types: NDArray[np.str_],
    values: NDArray[np.float64],
    threshold: float,
    weights: NDArray[np.float64] | None,
    probabilities: bool,
) -> dict[str, float]:
    found = scoring.detector_metrics(y, values, threshold, weights, probabilities)
    event = y == 1
    recalls = scoring.recall_per_type(
        types[event], values[event] >= threshold, None if weights is None else weights[event]
    )
    return found | {f"recall.{kind}": value for kind, value in recalls.items()}
