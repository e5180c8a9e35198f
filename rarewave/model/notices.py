"""What a detector cannot tell of itself."""

import numpy as np
from numpy.typing import NDArray

from rarewave.base.notices import Notice


def one_outcome(outcome: NDArray[np.int64]) -> list[Notice]:
    """Where nothing can be told of scores; `outcome` is what was true of the decisions on test."""
    outcomes = len(np.unique(outcome))
    if outcomes > 1:
        return []
    says = (
        "the test part holds nothing of what is to be found, or nothing else: how sure the network "
        "rightly is cannot be told"
    )
    return [Notice("one_outcome", outcomes, says)]
