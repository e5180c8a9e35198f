"""Scores of a detector, with intervals that respect groups.

Every function takes weights: a bootstrap resample is a weight per window, and so is a declared
prevalence. With weights of 1 the values are those of scikit-learn.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def confusion(y: NDArray, decided: NDArray, weights: Array | None = None) -> dict[str, float]:
    """Weighted counts tn, fp, fn and tp of decisions against labels (0 or 1)."""
    w = np.ones(len(y)) if weights is None else weights
    y, decided = y.astype(bool), decided.astype(bool)
    return {
        "tn": float(w[~y & ~decided].sum()),
        "fp": float(w[~y & decided].sum()),
        "fn": float(w[y & ~decided].sum()),
        "tp": float(w[y & decided].sum()),
    }


def rates(counts: Mapping[str, float]) -> dict[str, float]:
    """Precision, recall and F1; 0 where nothing was decided, NaN recall without an event."""
    tp, fp, fn = counts["tp"], counts["fp"], counts["fn"]
    return {
        "precision": tp / (tp + fp) if tp + fp else 0.0,
        "recall": tp / (tp + fn) if tp + fn else float("nan"),
        "f1": 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else float("nan"),
    }


def matthews(counts: Mapping[str, float]) -> float:
    """Matthews correlation of decisions and labels (1975), -1 to 1; 0 where either is all alike."""
    tn, fp, fn, tp = (counts[name] for name in ("tn", "fp", "fn", "tp"))
    squared = (tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)
    return float((tp * tn - fp * fn) / np.sqrt(squared)) if squared else 0.0


class Ranks(NamedTuple):
    """The order of scores, which is the same for all weights: sorting is what costs time."""

    order: NDArray[np.intp]  # (n,) highest first
    last: NDArray[np.intp]  # the last of each distinct score in that order
    threshold: Array  # the distinct scores, falling


def ranks(scores: Array) -> Ranks:
    """The order of scores (n,)."""
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    return Ranks(order, last, ranked[last])


def curve(
    y: NDArray, scores: Array, weights: Array | None = None, known: Ranks | None = None
) -> dict[str, Array]:
    """Cumulative weighted tp and fp when deciding `score >= threshold`.

    Parameters
    ----------
    known : `ranks(scores)`, where it is asked for many weights.

    Returns
    -------
    threshold (distinct scores, falling), tp, fp, positives and negatives (totals, length 1).
    """
    w = np.ones(len(y)) if weights is None else weights
    order, last, threshold = known or ranks(scores)
    hit, weight = y[order].astype(bool), w[order]
    tp = np.cumsum(weight * hit)[last]
    fp = np.cumsum(weight * ~hit)[last]
    return {
        "threshold": threshold,
        "tp": tp,
        "fp": fp,
        "positives": tp[-1:],
        "negatives": fp[-1:],
    }


def average_precision(
    y: NDArray, scores: Array, weights: Array | None = None, known: Ranks | None = None
) -> float:
    """Mean precision over recall, without interpolation; NaN without an event."""
    points = curve(y, scores, weights, known)
    positives = points["positives"][0]
    if positives == 0:
        return float("nan")
    found = points["tp"] + points["fp"]
    precision = np.divide(points["tp"], found, out=np.zeros_like(found), where=found > 0)
    return float((np.diff(points["tp"], prepend=0.0) / positives * precision).sum())


def roc_auc(
    y: NDArray, scores: Array, weights: Array | None = None, known: Ranks | None = None
) -> float:
    """Area under the ROC curve by trapezoids; NaN where a class is absent."""
    points = curve(y, scores, weights, known)
    positives, negatives = points["positives"][0], points["negatives"][0]
    if positives == 0 or negatives == 0:
        return float("nan")
    tpr = np.concatenate(([0.0], points["tp"] / positives))
    fpr = np.concatenate(([0.0], points["fp"] / negatives))
    return float(np.trapezoid(tpr, fpr))


def brier(y: NDArray, p: Array, weights: Array | None = None) -> float:
    """Mean squared distance of probability and outcome (Brier 1950)."""
    return float(np.average((p - y) ** 2, weights=weights))


def reliability(
    y: NDArray, p: Array, weights: Array | None = None, bins: int = 10
) -> list[dict[str, float]]:
    """Mean probability and share of events in bins of equal width, empty bins left out."""
    w = np.ones(len(y)) if weights is None else weights
    index = np.minimum((p * bins).astype(int), bins - 1)
    rows = []
    for b in range(bins):
        weight = w[index == b]
        if weight.sum() > 0:
            rows.append(
                {
                    "probability": float(np.average(p[index == b], weights=weight)),
                    "observed": float(np.average(y[index == b], weights=weight)),
                    "weight": float(weight.sum()),
                }
            )
    return rows


def calibration_error(y: NDArray, p: Array, weights: Array | None = None, bins: int = 10) -> float:
    """Expected calibration error (Naeini et al. 2015): weighted gap of `reliability`."""
    rows = reliability(y, p, weights, bins)
    total = sum(row["weight"] for row in rows)
    gap = sum(row["weight"] * abs(row["probability"] - row["observed"]) for row in rows)
    return gap / total


class Scored(NamedTuple):
    """What a score of an event detector is made from."""

    y: NDArray  # (n,) 0 or 1
    scores: Array  # (n,)
    weights: Array | None  # (n,)
    rates: Mapping[str, float]  # of the decisions at the threshold: tn, fp, fn, tp, precision, …
    known: Ranks  # of the scores


Score = Callable[[Scored], float]

# The scores of an event task, in the order of tables. What is added here is in every table, in
# metrics/evaluate.json, in MLflow and on the command line.
SCORES: dict[str, Score] = {
    "precision": lambda s: s.rates["precision"],
    "recall": lambda s: s.rates["recall"],
    "f1": lambda s: s.rates["f1"],
    "average_precision": lambda s: average_precision(s.y, s.scores, s.weights, s.known),
    "roc_auc": lambda s: roc_auc(s.y, s.scores, s.weights, s.known),
    "mcc": lambda s: matthews(s.rates),
}
# Those that mean nothing for a signal level: of probabilities only.
OF_PROBABILITIES: dict[str, Score] = {
    "brier": lambda s: brier(s.y, s.scores, s.weights),
    "calibration_error": lambda s: calibration_error(s.y, s.scores, s.weights),
}
HEADLINE = "average_precision"


def detector_metrics(
    y: NDArray,
    scores: Array,
    threshold: float,
    weights: Array | None = None,
    probabilities: bool = True,
    known: Ranks | None = None,
) -> dict[str, float]:
    """Counts and all scores of one detector, which decides `score >= threshold`.

    `known` is `ranks(scores)`, where it is asked for many weights.
    """
    counts = confusion(y, scores >= threshold, weights)
    given = Scored(y, scores, weights, counts | rates(counts), known or ranks(scores))
    table = SCORES | (OF_PROBABILITIES if probabilities else {})
    return counts | {name: float(score(given)) for name, score in table.items()}


def recall_per_type(
    types: NDArray[np.str_], hits: NDArray[np.bool_], weights: Array | None = None
) -> dict[str, float]:
    """Share of windows found, for each type of event."""
    w = np.ones(len(types)) if weights is None else weights
    found = {}
    for kind in np.unique(types):
        mine = types == kind
        total = w[mine].sum()
        found[str(kind)] = float(w[mine & hits].sum() / total) if total else float("nan")
    return found
