"""Intervals of event scores, by drawing whole groups of recordings again."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.metrics.bootstrap import group_weights, interval
from rarewave.metrics.event_rates import told_apart

Array = NDArray[np.float64]
SCORES = ("precision", "recall", "f1")


def counts_by_unit(
    truth: pd.DataFrame,
    found: pd.DataFrame,
    pairs: NDArray[np.int64],
    units: tuple[NDArray[np.str_], NDArray[np.str_]],
    classes: Sequence[str],
    every: NDArray[np.str_],
) -> Array:
    """Events, detections and hits (units, classes, 3), by where each lies.

    Parameters
    ----------
    pairs : (k, 2) rows of `truth` and `found`, of `event_based.match`.
    units : of each event and of each detection; a hit lies where its event does.
    every : all units that were searched: silence is a part of what a bootstrap draws.
    """
    names, index = np.unique(np.concatenate([*units, every]), return_inverse=True)
    of_truth, of_found, _ = np.split(index, [len(truth), len(truth) + len(found)])
    label = {name: number for number, name in enumerate(classes)}
    kinds = truth["label"].map(label).to_numpy(int), found["label"].map(label).to_numpy(int)
    counts = np.zeros((len(names), len(classes), 3))
    np.add.at(counts[:, :, 0], (of_truth, kinds[0]), 1)
    np.add.at(counts[:, :, 1], (of_found, kinds[1]), 1)
    np.add.at(counts[:, :, 2], (of_truth[pairs[:, 0]], kinds[0][pairs[:, 0]]), 1)
    return counts


def event_intervals(
    counts: Array, classes: Sequence[str], resamples: int, seed: int
) -> dict[str, tuple[float, float, int]]:
    """Low, high (95 %) and number of units of precision, recall and F1.

    Units with events and without are drawn apart. A recall and an F1 rest on the units that hold
    events, a precision on those that hold detections.

    Returns
    -------
    `precision`, `recall` and `f1` of all events alike, `macro_f1`, and those of each class as
    `f1.<class>`.
    """
    if not len(counts):
        return {}
    eventful = counts[:, :, 0].sum(axis=1) > 0
    names = np.arange(len(counts)).astype("U")
    weights = group_weights(names, eventful.astype(np.int8), resamples, seed)
    draws = np.einsum("ru,ukc->rkc", weights, counts)
    total = counts.sum(axis=0)
    values, drawn = told_apart(total.sum(axis=0)), told_apart(draws.sum(axis=1))
    each, drawn_each = told_apart(total), told_apart(draws)
    columns = {"precision": 1, "recall": 0, "f1": 0}  # of counts, that a score rests on
    found = {}
    for name, (score, at) in enumerate(columns.items()):
        units = int((counts[:, :, at].sum(axis=1) > 0).sum())
        found[score] = (*interval(float(values[name]), drawn[name], units), units)
        for k, label in enumerate(classes):
            units = int((counts[:, k, at] > 0).sum())
            ends = interval(float(each[name, k]), drawn_each[name, :, k], units)
            found[f"{score}.{label}"] = (*ends, units)
    macro, units = float(_mean(each[2])), int(eventful.sum())
    found["macro_f1"] = (*interval(macro, _mean(drawn_each[2]), units), units)
    return found


def _mean(values: Array) -> Array:
    """The mean over the last axis of what is known."""
    known = np.isfinite(values)
    total = np.where(known, values, 0.0).sum(axis=-1)
    with np.errstate(invalid="ignore"):
        return np.asarray(total / known.sum(axis=-1))
