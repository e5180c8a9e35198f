"""Decisions of windows one by one: what was said, how sure, and what was true."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.base.tasks import Task

Array = NDArray[np.float64]
LEAST = 1e-7  # probabilities are no nearer to 0 and 1: what float32 tells from 1


class Decisions(NamedTuple):
    """What there was to decide: an event or not, one of several classes, or each tag by itself."""

    outcome: NDArray[np.int64]  # (k,) what was true, an index of p's columns
    decided: NDArray[np.int64]  # (k,) what was said
    unit: NDArray[np.str_]  # (k,) what a resample draws whole


def pairs(task: Task, p: Array) -> Array:
    """Probabilities (..., n, names) as those of decisions (..., k, options).

    Of an event k = n windows, and the options are background and event. Of classes too, and the
    options are the classes. Of tags k = n x tags, window by window, and each is there or not.
    """
    if task.kind != "tags":
        return p
    flat = p.reshape(*p.shape[:-2], -1)
    return np.stack([1 - flat, flat], axis=-1)


def decisions(
    task: Task,
    y: NDArray,
    truth: NDArray[np.int8],
    p: Array,
    thresholds: Mapping[str, float],
    unit: NDArray[np.str_],
) -> Decisions:
    """What was decided of windows at the thresholds, and what was true.

    Parameters
    ----------
    y : (n,) class that fills most of each window.
    truth : (n, names) everything that is true of it.
    p : (n, names)
    unit : (n,)
    """
    over = task.decide(p, thresholds)
    if task.kind == "tags":
        outcome, decided = truth.ravel(), over.ravel()
        return Decisions(
            outcome.astype(np.int64), decided.astype(np.int64), np.repeat(unit, truth.shape[1])
        )
    if task.kind == "event":
        return Decisions(truth[:, 1].astype(np.int64), over[:, 1].astype(np.int64), unit)
    return Decisions(np.asarray(y, np.int64), over.argmax(axis=1), unit)


def spread(p: Array, decided: NDArray[np.int64]) -> dict[str, Array]:
    """How members or passes differ, and how unsure they are together, for each decision (k,).

    Parameters
    ----------
    p : (members, k, options)

    Returns
    -------
    `deviation` of the probability of what was decided over the members; `entropy` of their mean in
    bits, and `mutual_information`, the part of it that is the members' disagreement: the entropy of
    the mean less the mean entropy (Depeweg et al. 2018; BALD, Houlsby et al. 2011).
    """
    chosen = np.take_along_axis(p, np.broadcast_to(decided[None, :, None], (*p.shape[:2], 1)), 2)
    total = entropy(p.mean(axis=0))
    shared = entropy(p).mean(axis=0)
    return {
        "deviation": chosen[..., 0].std(axis=0),
        "entropy": total,
        "mutual_information": np.maximum(total - shared, 0.0),
    }


def entropy(p: Array) -> Array:
    """Entropy (...,) in bits of probabilities (..., options)."""
    inside = np.where(p > 0, p, 1.0)
    return -(p * np.log2(inside)).sum(axis=-1)


def kinds_of(
    outcome: NDArray[np.int64], decided: NDArray[np.int64], nothing: int
) -> NDArray[np.str_]:
    """The kind of each decision: a hit, a false alarm, a miss, or rightly nothing.

    A class taken for another is a false alarm.

    Parameters
    ----------
    nothing : the option that says that there is nothing, -1 where none does.
    """
    kinds = np.where(decided == outcome, "hit", "false alarm")
    kinds[(decided == nothing) & (outcome == nothing)] = "right"
    kinds[(decided == nothing) & (outcome != nothing)] = "miss"
    return kinds
