"""Several classes side by side: decisions, their scores with intervals, confusion.

A window may hold several classes and gets one answer: it is right if it names any of them. Scores
of a class count every window that holds it, as the stage threshold does, so that of a window
of two one is always missed.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.base.tasks import BACKGROUND
from rarewave.metrics import binary


class Scored(NamedTuple):
    """What a score over several classes is made from."""

    table: NDArray[np.float64]  # (classes, classes) of `confusion`
    support: NDArray[np.float64]  # (classes,) windows that hold each, and so on
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    f1: NDArray[np.float64]
    ranked: NDArray[np.float64]  # average precision of each class, NaN where it is not known
    rare: Sequence[int]  # the rarest third of the classes

    @property
    def there(self) -> NDArray[np.bool_]:
        """The classes that occur."""
        return self.support > 0


def _rare_recall(s: Scored) -> float:
    seldom = [k for k in s.rare if s.there[k]]
    return float(s.recall[seldom].mean()) if seldom else float("nan")


def _matthews(s: Scored) -> float:
    """Matthews correlation of several classes (Gorodkin 2004); 0 where either is all alike."""
    actual, decided, total = s.table.sum(axis=1), s.table.sum(axis=0), s.table.sum()
    varied = (actual * (total - actual)).sum() * (decided * (total - decided)).sum()
    together = np.trace(s.table) * total - actual @ decided
    return float(together / np.sqrt(varied)) if varied else 0.0


# Scores over all classes, in the order of tables. What is added here is in every table and
# study, in metrics/evaluate.json, in MLflow and on the command line.
SCORES: dict[str, Callable[[Scored], float]] = {
    "accuracy": lambda s: np.trace(s.table) / s.table.sum(),
    "macro_f1": lambda s: s.f1[s.there].mean(),
    "weighted_f1": lambda s: np.average(s.f1, weights=s.support),
    "macro_precision": lambda s: s.precision[s.there].mean(),
    "balanced_accuracy": lambda s: s.recall[s.there].mean(),
    "macro_average_precision": lambda s: s.ranked[s.there].mean(),
    "rare_recall": _rare_recall,
    "mcc": _matthews,
}
HEADLINE = "macro_f1"


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


def answered(truth: NDArray, y: NDArray, decided: NDArray) -> NDArray:
    """What each window (n,) was: the class that was decided where it holds it, else its main one.

    Parameters
    ----------
    truth : (n, classes) 1 for every class that a window holds.
    y : (n,) the one that fills most.
    """
    right = truth[np.arange(len(y)), decided] > 0
    return np.where(right, decided, y)


class Told(NamedTuple):
    """Weighted counts of decisions."""

    table: NDArray[np.float64]  # (classes, classes) of `confusion`, with `answered` as its rows
    support: NDArray[np.float64]  # (classes,) windows that hold each
    found: NDArray[np.float64]  # (classes,) windows of which each was decided
    hits: NDArray[np.float64]  # (classes,) both


def told(
    truth: NDArray, y: NDArray, decided: NDArray, weights: NDArray[np.float64] | None = None
) -> Told:
    """Counts of decisions (n,) against everything that windows hold (n, classes)."""
    w = np.ones(len(y)) if weights is None else weights
    classes = truth.shape[1]
    said = decided[:, None] == np.arange(classes)
    table = confusion(answered(truth, y, decided), decided, classes, w)
    return Told(table, w @ truth, w @ said, w @ (said & (truth > 0)))


def measure(
    truth: NDArray,
    y: NDArray,
    p: NDArray[np.float64],
    classes: Sequence[str],
    weights: NDArray[np.float64] | None = None,
    rare: Sequence[int] = (),
    known: Sequence[binary.Ranks] | None = None,
) -> dict[str, float]:
    """The scores of `SCORES` and those of each class, at the most probable class.

    Precision, recall and F1 are those of scikit-learn for indicator matrices with
    `zero_division=0`; macro scores are means over the classes that occur. Balanced
    accuracy is the macro recall; `rare_recall` is its mean over the classes `rare`, NaN where none
    of them occurs. Of a class that does not occur recall, F1 and average precision are NaN, and
    precision where nothing was decided to be it either: such a draw tells nothing of it.

    Parameters
    ----------
    truth : (n, classes) 1 for every class that a window holds.
    y : (n,) the class that fills most of it.
    known : the ranks of each column of `p`, where it is asked for many weights.

    Returns
    -------
    The names of `SCORES`, and `precision.<class>`, `recall.<class>`, `f1.<class>`,
    `average_precision.<class>`, `support.<class>`.
    """
    counts = told(truth, y, decide(p), weights)
    support, precision, recall, f1 = per_class(counts)
    there = support > 0
    known = known or [binary.ranks(column) for column in p.T]
    ranked = np.array(
        [
            binary.average_precision(truth[:, k], p[:, k], weights, known[k]) if there[k] else 0
            for k in range(len(classes))
        ]
    )
    given = Scored(counts.table, support, precision, recall, f1, ranked, rare)
    result = {name: score(given) for name, score in SCORES.items()}
    for k, name in enumerate(classes):
        result |= {
            f"precision.{name}": precision[k] if there[k] or counts.found[k] else float("nan"),
            f"recall.{name}": recall[k] if there[k] else float("nan"),
            f"f1.{name}": f1[k] if there[k] else float("nan"),
            f"average_precision.{name}": ranked[k] if there[k] else float("nan"),
            f"support.{name}": support[k],
        }
    return {name: float(value) for name, value in result.items()}


def per_class(
    counts: Told,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Support, precision, recall and F1 (classes,) each."""
    _, support, found, right = counts
    zeros = np.zeros(len(support))
    precision = np.divide(right, found, out=zeros.copy(), where=found > 0)
    recall = np.divide(right, support, out=zeros.copy(), where=support > 0)
    both = support + found
    return support, precision, recall, np.divide(2 * right, both, out=zeros.copy(), where=both > 0)


def overall(counts: Told, rare: Sequence[int] = ()) -> dict[str, float]:
    """The scores of `SCORES` that decisions tell, NaN for the others."""
    unknown = np.full(len(counts.support), np.nan)
    given = Scored(counts.table, *per_class(counts), unknown, rare)
    return {name: float(score(given)) for name, score in SCORES.items()}


def rarest(counts: NDArray[np.int64], classes: Sequence[str]) -> list[int]:
    """The third of the classes, background apart, with the fewest training windows, rarest first.

    At least one; of equals the one that comes first.
    """
    kinds = [k for k, name in enumerate(classes) if name != BACKGROUND]
    order = sorted(kinds, key=lambda k: counts[k])
    return order[: max(1, round(len(kinds) / 3))]
