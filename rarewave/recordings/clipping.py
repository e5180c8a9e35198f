"""Sound that was louder than what recorded it could hold."""

import numpy as np
from numpy.typing import NDArray

_RUN = 3  # samples in a row at the end of the range: fewer are a peak
_LEVELS = 20  # of fewer distinct values runs at the ends mean nothing
_NEAR = 1e-3  # of the range: what lies so near to its end is at it, as after a lossy format


def clipped_share(samples: NDArray[np.float64]) -> float:
    """Share of samples in runs of at least three at the highest or at the lowest value.

    0 of samples of few distinct values, such as a quiet digital channel, whose ends are often
    met; NaN is passed over.
    """
    known = samples[np.isfinite(samples)]
    if len(known) < _RUN or len(np.unique(known[: 1 << 16])) < _LEVELS:
        return 0.0
    low, high = known.min(), known.max()
    near = _NEAR * (high - low)
    total = 0
    for at in (known >= high - near, known <= low + near):
        edges = np.flatnonzero(np.diff(at, prepend=False, append=False))
        lengths = edges[1::2] - edges[::2]
        total += int(lengths[lengths >= _RUN].sum())
    return total / len(known)
