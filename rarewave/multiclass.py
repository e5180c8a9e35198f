"""Several classes side by side: decisions, their scores with intervals, confusion."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave import scoring
from rarewave.evaluation import MAJORITY, Bootstrap, side_by_side

# Scores over all classes, in the order of the tables.
OVERALL = (
    "accuracy",
    "macro_f1",
    "weighted_f1",
    "macro_precision",
    "macro_recall",
    "macro_average_precision",
)


def decide(p: NDArray[np.float64]) -> NDArray[np.int64]:
    """The most probable class (n,) of probabilities (n, classes)."""
    return np.argmax(p, axis=1)


def confusion(
    y: NDArray, decided: NDArray, classes: int, weights: NDArray[np.float64] | None = None
) -> NDArray[np.float64]:
    """Weighted counts (classes, classes): rows are what it was, columns what was decided."""
    table = np.zeros((classes, classes))
    np.add.at(table, (y, decided), 1.0 if weights is None else weights)
    return table


def measure(
    y: NDArray,
    p: NDArray[np.float64],
    classes: Sequence[str],
    weights: NDArray[np.float64] | None = None,
) -> dict[str, float]:
    """Accuracy, macro and weighted scores, and scores of each class, at the most probable class.

    Precision, recall and F1 are those of scikit-learn with `zero_division=0`; macro scores are
    means over the classes that occur in `y`.

    Returns
    -------
    The names of `OVERALL`, and `precision.<class>`, `recall.<class>`, `f1.<class>`,
    `average_precision.<class>`, `support.<class>`.
    """
    table = confusion(y, decide(p), len(classes), weights)
    support, found, right = table.sum(axis=1), table.sum(axis=0), np.diag(table)
    zeros = np.zeros(len(classes))
    precision = np.divide(right, found, out=zeros.copy(), where=found > 0)
    recall = np.divide(right, support, out=zeros.copy(), where=support > 0)
    both = support + found
    f1 = np.divide(2 * right, both, out=zeros.copy(), where=both > 0)
    there = support > 0
    ranked = np.array(
        [
            scoring.average_precision((y == k).astype(np.int8), p[:, k], weights) if there[k] else 0
            for k in range(len(classes))
        ]
    )
    result = {
        "accuracy": right.sum() / support.sum(),
        "macro_f1": f1[there].mean(),
        "weighted_f1": np.average(f1, weights=support),
        "macro_precision": precision[there].mean(),
        "macro_recall": recall[there].mean(),
        "macro_average_precision": ranked[there].mean(),
    }
    for k, name in enumerate(classes):
        result |= {
            f"precision.{name}": precision[k],
            f"recall.{name}": recall[k] if there[k] else float("nan"),
            f"f1.{name}": f1[k] if there[k] else float("nan"),
            f"average_precision.{name}": ranked[k] if there[k] else float("nan"),
            f"support.{name}": support[k],
        }
    return {name: float(value) for name, value in result.items()}


def compare(
    y: NDArray[np.int8],
    groups: NDArray[np.str_],
    scores: dict[str, NDArray[np.float64]],
    majority: int,
    classes: Sequence[str],
    bootstrap: Bootstrap,
) -> tuple[pd.DataFrame, dict[str, dict[str, float]]]:
    """Scores of every detector with 95 % intervals, and what the network gains in macro F1.

    Parameters
    ----------
    y : (n,) classes.
    groups : (n,) the unit that a resample draws whole.
    scores : name of the detector to (n, classes) probabilities; one is `network`.
    majority : the most frequent class of the training part, for the detector that always says so.

    Returns
    -------
    A table of detector, metric, value, low, high, and for each other detector the gain in macro
    F1 with its paired interval.
    """
    always = np.zeros((len(y), len(classes)))
    always[:, majority] = 1.0
    scores = scores | {MAJORITY: always}
    weights = scoring.group_weights(groups, np.zeros(len(y)), bootstrap.resamples, bootstrap.seed)
    measures = {name: partial(measure, y, p, classes) for name, p in scores.items()}
    return side_by_side(measures, weights, "macro_f1")
