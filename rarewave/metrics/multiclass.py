"""Several classes side by side: decisions, their scores with intervals, confusion."""

from collections.abc import Sequence
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.classes import BACKGROUND
from rarewave.metrics import binary
from rarewave.metrics.bootstrap import Bootstrap, group_weights
from rarewave.metrics.comparison import MAJORITY, side_by_side

# Scores over all classes, in the order of the tables.
OVERALL = (
    "accuracy",
    "macro_f1",
    "weighted_f1",
    "macro_precision",
    "balanced_accuracy",
    "macro_average_precision",
    "rare_recall",
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
    rare: Sequence[int] = (),
) -> dict[str, float]:
    """Accuracy, macro and weighted scores, and scores of each class, at the most probable class.

    Precision, recall and F1 are those of scikit-learn with `zero_division=0`; macro scores are
    means over the classes that occur in `y`. Balanced accuracy is the macro recall; `rare_recall`
    is its mean over the classes `rare`, NaN where none of them occurs.

    Returns
    -------
    The names of `OVERALL`, and `precision.<class>`, `recall.<class>`, `f1.<class>`,
    `average_precision.<class>`, `support.<class>`.
    """
    table = confusion(y, decide(p), len(classes), weights)
    support, precision, recall, f1 = per_class(table)
    there = support > 0
    ranked = np.array(
        [
            binary.average_precision((y == k).astype(np.int8), p[:, k], weights) if there[k] else 0
            for k in range(len(classes))
        ]
    )
    result = overall(table, rare) | {"macro_average_precision": float(ranked[there].mean())}
    for k, name in enumerate(classes):
        result |= {
            f"precision.{name}": precision[k],
            f"recall.{name}": recall[k] if there[k] else float("nan"),
            f"f1.{name}": f1[k] if there[k] else float("nan"),
            f"average_precision.{name}": ranked[k] if there[k] else float("nan"),
            f"support.{name}": support[k],
        }
    return {name: float(value) for name, value in result.items()}


def per_class(
    table: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Support, precision, recall and F1 (classes,) each from a table of `confusion`."""
    support, found, right = table.sum(axis=1), table.sum(axis=0), np.diag(table)
    zeros = np.zeros(len(table))
    precision = np.divide(right, found, out=zeros.copy(), where=found > 0)
    recall = np.divide(right, support, out=zeros.copy(), where=support > 0)
    both = support + found
    return support, precision, recall, np.divide(2 * right, both, out=zeros.copy(), where=both > 0)


def overall(table: NDArray[np.float64], rare: Sequence[int] = ()) -> dict[str, float]:
    """The scores over all classes that a table of `confusion` tells; see `measure`."""
    support, precision, recall, f1 = per_class(table)
    there = support > 0
    seldom = [k for k in rare if there[k]]
    return {
        "accuracy": float(np.trace(table) / support.sum()),
        "macro_f1": float(f1[there].mean()),
        "weighted_f1": float(np.average(f1, weights=support)),
        "macro_precision": float(precision[there].mean()),
        "balanced_accuracy": float(recall[there].mean()),
        "rare_recall": float(recall[seldom].mean()) if seldom else float("nan"),
    }


def rarest(counts: NDArray[np.int64], classes: Sequence[str]) -> list[int]:
    """The third of the classes, background apart, with the fewest training windows, rarest first.

    At least one; of equals the one that comes first.
    """
    kinds = [k for k, name in enumerate(classes) if name != BACKGROUND]
    order = sorted(kinds, key=lambda k: counts[k])
    return order[: max(1, round(len(kinds) / 3))]


def compare(
    y: NDArray[np.int8],
    groups: NDArray[np.str_],
    scores: dict[str, NDArray[np.float64]],
    counts: NDArray[np.int64],
    classes: Sequence[str],
    bootstrap: Bootstrap,
) -> tuple[pd.DataFrame, dict[str, dict[str, float]]]:
    """Scores of every detector with 95 % intervals, and what the network gains in macro F1.

    Parameters
    ----------
    y : (n,) classes.
    groups : (n,) the unit that a resample draws whole.
    scores : name of the detector to (n, classes) probabilities; one is `network`.
    counts : (classes,) training windows of each class; the detector `majority` always says the
        most frequent.

    Returns
    -------
    A table of detector, metric, value, low, high, and for each other detector the gain in macro
    F1 with its paired interval.
    """
    always = np.zeros((len(y), len(classes)))
    always[:, int(counts.argmax())] = 1.0
    scores = scores | {MAJORITY: always}
    weights = group_weights(groups, np.zeros(len(y)), bootstrap.resamples, bootstrap.seed)
    rare = rarest(counts, classes)
    measures = {name: partial(measure, y, p, classes, rare=rare) for name, p in scores.items()}
    return side_by_side(measures, weights, "macro_f1")
