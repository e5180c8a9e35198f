"""Where the labelled events and the windows that are cut of them do not go together."""

import numpy as np
from numpy.typing import NDArray

from rarewave.base.notices import Notice
from rarewave.dataset.placement import Placement

LONGEST = 3.0  # times the median: a window then holds a third of call, and two thirds of noise


def one_long_event(
    durations_s: NDArray[np.float64], placement: Placement, rate_hz: float
) -> list[Notice]:
    """Whether one call sizes the windows of all.

    Parameters
    ----------
    durations_s : (n,) seconds of the training calls.
    rate_hz : of the cleaned samples.
    """
    if placement.window_samples is not None or not len(durations_s):
        return []
    longest, median = float(durations_s.max()), float(np.median(durations_s))
    if longest <= LONGEST * median:
        return []
    usual = float(np.quantile(durations_s, 0.9))
    return [
        Notice(
            "one_long_event",
            longest / median,
            f"clean.window_samples is null, and the longest call ({longest:.3g} s) makes every "
            f"window {longest / median:.1f} times as long as the median call ({median:.3g} s): "
            "most of what the network sees is background; check that label, or set "
            f"clean.window_samples to about {round(usual * rate_hz)} ({usual:.3g} s), which holds "
            "nine calls of ten",
        )
    ]
