"""Which windows to look at: the surest hits, false alarms and misses."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from rarewave.checks import AtLeast


@dataclass(frozen=True)
class Cases:
    """How many windows of each kind to explain, at which layer."""

    layer: str
    cases: Annotated[int, AtLeast(1)]
    seed: Annotated[int, AtLeast(0)]


def surest(
    y: NDArray, p: NDArray[np.float64], threshold: float, count: int
) -> dict[str, NDArray[np.int64]]:
    """Indices of the surest hits and false alarms (highest p) and misses (lowest p)."""
    decided = p >= threshold
    falling = np.argsort(-p, kind="stable")
    kinds = {
        "hit": falling[((y == 1) & decided)[falling]],
        "false_alarm": falling[((y == 0) & decided)[falling]],
        "miss": falling[::-1][((y == 1) & ~decided)[falling[::-1]]],
    }
    return {kind: rows[:count] for kind, rows in kinds.items()}
