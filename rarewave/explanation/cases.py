"""Which windows to look at: the surest hits, false alarms and misses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.base.parameters import Between, Seed
from rarewave.base.tasks import Task
from rarewave.metrics import multiclass

KINDS = ("hit", "false_alarm", "miss")


@dataclass(frozen=True)
class Cases:
    """How many windows of each kind to explain, at which layer."""

    layer: str
    cases: Annotated[int, Between(1, 1000)]
    seed: Seed


class Case(NamedTuple):
    """A window, and what it is explained for."""

    kind: str  # of KINDS
    number: int  # among those of its kind, from 1
    window: int  # index
    name: str  # what was decided, or for a miss what it should have been
    p: float

    @property
    def title(self) -> str:
        """Kind and number."""
        return f"{self.kind}_{self.number}"


def surest(
    task: Task,
    y: NDArray,
    truth: NDArray[np.int8],
    p: NDArray[np.float64],
    thresholds: Mapping[str, float],
    count: int,
) -> list[Case]:
    """The surest hits and false alarms (highest p) and misses (lowest p), `count` of each kind.

    An event taken for another is a false alarm of the one and a miss of the other. Of tags every
    pair of window and tag counts for itself.

    Parameters
    ----------
    y : (n,) the class of each window.
    truth, p : (n, names).
    thresholds : of the detector.
    """
    decided = task.decide(p, thresholds)
    wanted = truth > 0
    if task.kind == "classes":  # one answer a window, right where it names any that is there
        wanted = multiclass.answered(truth, y, decided.argmax(axis=1))[:, None] == np.arange(
            len(task.names)
        )
    found = []
    columns = [task.names.index(name) for name in task.events]
    for kind in KINDS:
        pairs = {"hit": wanted & decided, "false_alarm": ~wanted & decided}.get(
            kind, wanted & ~decided
        )
        rows, at = np.nonzero(pairs[:, columns])
        at = np.array(columns)[at]
        score = p[rows, at]
        order = np.argsort(score if kind == "miss" else -score, kind="stable")[:count]
        found += [
            Case(kind, number, int(rows[k]), task.names[at[k]], float(score[k]))
            for number, k in enumerate(order, start=1)
        ]
    return found


def one_of_each(
    names: Sequence[str], truth: NDArray[np.int8], p: NDArray[np.float64], most: int
) -> list[Case]:
    """Of each name the surest window that it is true of; of many names the `most` surest ones.

    Of a name that is found at all it is the first hit of `surest`. A window that is the surest of
    several stands for the one that it is surest of.

    Parameters
    ----------
    truth, p : (n, names).
    """
    best: dict[int, int] = {}
    for k in range(len(names)):
        rows = np.flatnonzero(truth[:, k] > 0)
        if len(rows):
            best[k] = int(rows[np.argmax(p[rows, k])])
    surer: dict[int, int] = {}
    for k in sorted(best, key=lambda k: -p[best[k], k]):
        surer.setdefault(best[k], k)
    kept = sorted(list(surer.values())[:most])
    return [
        Case("shown", number, best[k], names[k], float(p[best[k], k]))
        for number, k in enumerate(kept, start=1)
    ]
