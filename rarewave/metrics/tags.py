"""Several tags at once: what is true of each window, and how well each tag is told."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

Array = NDArray[np.float64]


class Ranked(NamedTuple):
    """The order of scores of each tag, which is the same for all weights."""

    order: NDArray[np.intp]  # (tags, n) windows, highest score first
    hit: NDArray[np.bool_]  # (tags, n) the truth in that order
    first: NDArray[np.intp] | None  # (tags, n) flat place of the first of equal scores
    last: NDArray[np.intp] | None  # and of the last; None where no two scores are equal


class Known(NamedTuple):
    """What scores of tags rest on, whatever the weights of windows: sorting is what costs time."""

    each: Ranked
    alike: Ranked  # of all tags in one row
    label_ranks: Array  # (n,) sum over the true tags of the share of true ones at or above each
    labels: Array  # (n,) true tags


class Scored(NamedTuple):
    """What a score over all tags is made from."""

    counts: Array  # (tags, 3) weighted tp, fp and fn of each
    f1: Array  # (tags,), NaN where the tag does not occur, and so on
    precision: Array
    recall: Array
    average_precision: Array
    roc_auc: Array
    alike: tuple[float, float]  # average precision and area under the ROC of all tags in a row
    right: NDArray[np.bool_]  # (n,) windows whose tags are all told, and no other
    weights: Array  # (n,)
    known: Known


def _micro_f1(s: Scored) -> float:
    tp, fp, fn = s.counts.sum(axis=0)
    return 2 * tp / (2 * tp + fp + fn) if tp + fp + fn else float("nan")


def _label_ranking(s: Scored) -> float:
    """Label-weighted label-ranking average precision (lwlrap), of the task 2 of DCASE 2019."""
    labels = s.weights @ s.known.labels
    return float(s.weights @ s.known.label_ranks / labels) if labels else float("nan")


# Scores over all tags, in the order of tables; those that occur nowhere are left out of means.
SCORES: dict[str, Callable[[Scored], float]] = {
    "macro_average_precision": lambda s: _mean(s.average_precision),
    "macro_roc_auc": lambda s: _mean(s.roc_auc),
    "lwlrap": _label_ranking,
    "micro_average_precision": lambda s: s.alike[0],
    "micro_roc_auc": lambda s: s.alike[1],
    "macro_f1": lambda s: _mean(s.f1),
    "micro_f1": _micro_f1,
    "macro_precision": lambda s: _mean(s.precision),
    "macro_recall": lambda s: _mean(s.recall),
    "subset_accuracy": lambda s: float(np.average(s.right, weights=s.weights)),
}
HEADLINE = "macro_average_precision"
EACH = (
    "precision", "recall", "f1", "average_precision", "roc_auc", "d_prime", "best_f1", "support",
)  # fmt: skip


def known(truth: NDArray, p: Array) -> Known:
    """What the scores of probabilities (n, tags) rest on; `truth` (n, tags) is 0 or 1."""
    true = truth.astype(bool)
    # Of equal scores all rank last, as scikit-learn has it.
    ranks = stats.rankdata(-p, "max", axis=1)
    among = stats.rankdata(np.where(true, -p, np.inf), "max", axis=1)
    share = np.where(true, among / ranks, 0.0)
    labels = true.sum(axis=1).astype(float)
    one_row = _ranked(true.reshape(1, -1), p.reshape(1, -1))
    return Known(_ranked(true.T, p.T), one_row, share.sum(axis=1), labels)


def _ranked(true: NDArray[np.bool_], p: Array) -> Ranked:
    order = np.argsort(-p, axis=1, kind="stable")
    falling, hit = np.take_along_axis(p, order, axis=1), np.take_along_axis(true, order, axis=1)
    fresh, ends = np.ones(p.shape, bool), np.ones(p.shape, bool)
    fresh[:, 1:] = ends[:, :-1] = falling[:, 1:] != falling[:, :-1]
    if fresh.all():
        return Ranked(order, hit, None, None)
    place = np.arange(p.size).reshape(p.shape)
    first = np.maximum.accumulate(np.where(fresh, place, 0), axis=1)
    last = np.minimum.accumulate(np.where(ends, place, p.size)[:, ::-1], axis=1)[:, ::-1]
    return Ranked(order, hit, first, np.ascontiguousarray(last))


def _curves(ranked: Ranked, weights: Array) -> tuple[Array, Array, Array]:
    """Average precision, area under the ROC, and best F1 of each row (rows,).

    NaN where they are not known: no positive, or for the ROC no negative.
    """
    w = weights.take(ranked.order)
    gained = w * ranked.hit
    tp, found = gained.cumsum(axis=1), w.cumsum(axis=1)
    positives, negatives = tp[:, -1], found[:, -1] - tp[:, -1]
    before = tp - gained
    if ranked.first is not None and ranked.last is not None:
        # Every window is decided with those of the same score.
        tp, found = tp.take(ranked.last), found.take(ranked.last)
        before = before.take(ranked.first)
    precision = np.divide(tp, found, out=np.zeros_like(found), where=found > 0)
    there = np.where(positives > 0, positives, np.nan)
    told = np.where(negatives > 0, there * negatives, np.nan)
    before += tp
    area = np.einsum("kn,kn->k", w - gained, before) / 2 / told
    best = (2 * tp / (found + there[:, None])).max(axis=1)
    return np.einsum("kn,kn->k", gained, precision) / there, area, best


def measure(
    truth: NDArray,
    p: Array,
    thresholds: Mapping[str, float],
    names: Sequence[str],
    weights: Array | None = None,
    rests_on: Known | None = None,
) -> dict[str, float]:
    """The scores of `SCORES` and those of each tag, at its own threshold.

    They are those of scikit-learn for indicator matrices, tags without a window left out of means.
    The best F1 is that at the best of all thresholds: a bound of what one can be, not a result.
    d' is sqrt(2) times the normal quantile of the area under the ROC, infinite where that is 1.

    Parameters
    ----------
    truth, p : (n, tags) what is true (0 or 1), and probabilities.
    weights : (n,) of a bootstrap resample.
    rests_on : `known(truth, p)`, where it is asked for many weights.

    Returns
    -------
    The names of `SCORES`, and `<score>.<tag>` of those in `EACH`.
    """
    w = np.ones(len(truth)) if weights is None else weights
    rests_on = rests_on or known(truth, p)
    true, decided = truth.astype(bool), p >= np.array([thresholds[name] for name in names])
    tp = w @ (true & decided)
    support, found = w @ true, w @ decided
    there = np.where(support > 0, 1.0, np.nan)
    precision = there * np.divide(tp, found, out=np.zeros_like(tp), where=found > 0)
    ranked, area, best = _curves(rests_on.each, w)
    area *= there
    column = dict(
        zip(
            EACH,
            (precision, tp / (there * support), there * 2 * tp / (found + there * support), ranked,
             area, np.sqrt(2) * special.ndtri(area), best, support),
            strict=True,
        )
    )  # fmt: skip
    alike = [float(value[0]) for value in _curves(rests_on.alike, np.repeat(w, len(names)))]
    given = Scored(
        np.stack([tp, found - tp, support - tp], axis=1),
        column["f1"],
        column["precision"],
        column["recall"],
        ranked,
        area,
        (alike[0], alike[1]),
        (decided == true).all(axis=1),
        w,
        rests_on,
    )
    result = {name: float(score(given)) for name, score in SCORES.items()}
    values = np.stack([column[key] for key in EACH], axis=1)
    return result | dict(zip(_headings(tuple(names)), values.ravel().tolist(), strict=True))


@lru_cache(maxsize=4)
def _headings(names: tuple[str, ...]) -> list[str]:
    """`<score>.<tag>`, the scores of a tag in a row; made once for thousands of resamples."""
    return [f"{key}.{name}" for name in names for key in EACH]


def _mean(values: Array) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else float("nan")
