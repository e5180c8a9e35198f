"""Several tags at once: what is true of each window, and how well each tag is told."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.metrics import binary


class Scored(NamedTuple):
    """What a score over all tags is made from."""

    counts: NDArray[np.float64]  # (tags, 3) weighted tp, fp and fn of each
    f1: NDArray[np.float64]  # (tags,), NaN where the tag does not occur, and so on
    precision: NDArray[np.float64]
    recall: NDArray[np.float64]
    ranked: NDArray[np.float64]  # average precision of each tag
    right: NDArray[np.bool_]  # (n,) windows whose tags are all told, and no other
    weights: NDArray[np.float64]  # (n,)


def _micro_f1(s: Scored) -> float:
    tp, fp, fn = s.counts.sum(axis=0)
    return 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else float("nan")


# Scores over all tags, in the order of tables; those that occur nowhere are left out of means.
SCORES: dict[str, Callable[[Scored], float]] = {
    "macro_average_precision": lambda s: _mean(s.ranked),
    "macro_f1": lambda s: _mean(s.f1),
    "micro_f1": _micro_f1,
    "macro_precision": lambda s: _mean(s.precision),
    "macro_recall": lambda s: _mean(s.recall),
    "subset_accuracy": lambda s: float(np.average(s.right, weights=s.weights)),
}
HEADLINE = "macro_average_precision"


def measure(
    truth: NDArray,
    p: NDArray[np.float64],
    thresholds: Mapping[str, float],
    names: Sequence[str],
    weights: NDArray[np.float64] | None = None,
    known: Sequence[binary.Ranks] | None = None,
) -> dict[str, float]:
    """The scores of `SCORES` and those of each tag, at its own threshold.

    They are those of scikit-learn for indicator matrices, tags without a window left out.

    Parameters
    ----------
    truth, p : (n, tags) what is true (0 or 1), and probabilities.
    weights : (n,) of a bootstrap resample.
    known : the ranks of each column of `p`, where it is asked for many weights.

    Returns
    -------
    The names of `SCORES`, and `precision.<tag>`, `recall.<tag>`, `f1.<tag>`,
    `average_precision.<tag>`, `support.<tag>`.
    """
    w = np.ones(len(truth)) if weights is None else weights
    decided = p >= np.array([thresholds[name] for name in names])
    known = known or [binary.ranks(column) for column in p.T]
    rows = []
    for k in range(len(names)):
        counts = binary.confusion(truth[:, k], decided[:, k], w)
        support = counts["tp"] + counts["fn"]
        told = binary.rates(counts)
        told["average_precision"] = binary.average_precision(truth[:, k], p[:, k], w, known[k])
        if not support:
            told = dict.fromkeys(told, float("nan"))
        rows.append(counts | told | {"support": support})
    column = {key: np.array([row[key] for row in rows], float) for key in rows[0]}
    given = Scored(
        np.stack([column[key] for key in ("tp", "fp", "fn")], axis=1),
        column["f1"],
        column["precision"],
        column["recall"],
        column["average_precision"],
        (decided == truth.astype(bool)).all(axis=1),
        w,
    )
    result = {name: float(score(given)) for name, score in SCORES.items()}
    for k, name in enumerate(names):
        for key in ("precision", "recall", "f1", "average_precision", "support"):
            result[f"{key}.{name}"] = float(column[key][k])
    return result


def _mean(values: NDArray[np.float64]) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
