"""What a detector cannot tell of itself."""

import numpy as np
from numpy.typing import NDArray

from rarewave.base.notices import Notice


def one_outcome(true: NDArray[np.bool_]) -> list[Notice]:
    """Where nothing can be told of scores; `true` (k, options) of the decisions on test."""
    outcomes = int(true.any(axis=0).sum())
    if outcomes > 1:
        return []
    says = (
        "the test part holds nothing of what is to be found, or nothing else: how sure the network "
        "rightly is cannot be told"
    )
    return [Notice("one_outcome", outcomes, says)]
