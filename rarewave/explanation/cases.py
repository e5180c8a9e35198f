"""Which windows to look at: the surest hits, false alarms and misses."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from rarewave.base.parameters import AtLeast


@dataclass(frozen=True)
class Cases:
    """How many windows of each kind to explain, at which layer."""

    layer: str
    cases: Annotated[int, AtLeast(1)]
    seed: Annotated[int, AtLeast(0)]


def surest(
    y: NDArray, decided: NDArray, p: NDArray[np.float64], background: int, count: int
) -> dict[str, NDArray[np.int64]]:
    """Indices of the surest hits and false alarms (highest p) and misses (lowest p).

    Parameters
    ----------
    y, decided : (n,) the class of each window, and what was decided.
    p : (n, classes) probabilities.
    background : the class that is no event, -1 where there is none. An event taken for another
        is a false alarm of the one and a miss of the other.
    """
    rows = np.arange(len(y))
    said, true = p[rows, decided], p[rows, y]
    falling, rising = np.argsort(-said, kind="stable"), np.argsort(true, kind="stable")
    right = decided == y
    kinds = {
        "hit": falling[(right & (y != background))[falling]],
        "false_alarm": falling[(~right & (decided != background))[falling]],
        "miss": rising[(~right & (y != background))[rising]],
    }
    return {kind: found[:count] for kind, found in kinds.items()}
