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

    true: NDArray[np.bool_]  # (k, options) what was true: of a window with two classes both
    decided: NDArray[np.int64]  # (k,) what was said, an index of these
    unit: NDArray[np.str_]  # (k,) what a resample draws whole

    @property
    def right(self) -> NDArray[np.bool_]:
        """Which decisions (k,) name something that is true."""
        return self.true[np.arange(len(self.decided)), self.decided]


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
    truth: NDArray[np.int8],
    p: Array,
    thresholds: Mapping[str, float],
    unit: NDArray[np.str_],
) -> Decisions:
    """What was decided of windows at the thresholds, and what was true.

    Parameters
    ----------
    truth : (n, names) everything that is true of each window.
    p : (n, names)
    unit : (n,)
    """
    over, there = task.decide(p, thresholds), truth > 0
    if task.kind == "classes":
        return Decisions(there, over.argmax(axis=1), unit)
    if task.kind == "event":
        there, over = there[:, 1:], over[:, 1:]
    flat = there.ravel()
    true = np.stack([~flat, flat], axis=1)
    return Decisions(true, over.ravel().astype(np.int64), np.repeat(unit, there.shape[1]))


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


def kinds_of(made: Decisions, nothing: int) -> NDArray[np.str_]:
    """The kind of each decision: a hit, a false alarm, a miss, or rightly nothing.

    A class taken for another is a false alarm.

    Parameters
    ----------
    nothing : the option that says that there is nothing, -1 where none does.
    """
    kinds = np.where(made.right, "hit", "false alarm")
    kinds[(made.decided == nothing) & made.right] = "right"
    kinds[(made.decided == nothing) & ~made.right] = "miss"
    return kinds
