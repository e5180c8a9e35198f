"""When two sampling rates are the same."""

import math

# SAC and others store the sampling interval as float32: 6.625 Hz reads as 6.625017 Hz.
_TOLERANCE = 1e-5


def same(a: float, b: float) -> bool:
    """Whether two rates in Hz differ by no more than a file format's rounding."""
    return math.isclose(a, b, rel_tol=_TOLERANCE)
