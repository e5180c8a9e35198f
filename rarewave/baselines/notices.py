"""Where the averages of STA/LTA do not fit recordings or events."""

import numpy as np
from numpy.typing import NDArray

from rarewave.base.notices import Notice
from rarewave.baselines.options import Baselines

RECORDING = 0.25  # of a recording that the long average may take: it is blind while it fills
EVENT = 3.0  # times the median event that the short average may be long


def windows_that_do_not_fit(
    options: Baselines, recordings_s: NDArray[np.float64], events_s: NDArray[np.float64]
) -> list[Notice]:
    """Whether STA/LTA had a chance.

    Parameters
    ----------
    recordings_s, events_s : (n,) seconds of recordings, and of labelled events of training.
    """
    notices = []
    whole = float(np.median(recordings_s))
    if options.lta_s > RECORDING * whole:
        notices.append(
            Notice(
                "long_average",
                options.lta_s / whole,
                f"baselines.lta_s is {options.lta_s:g} s, and the median recording lasts "
                f"{whole:.4g} s: STA/LTA sees nothing while the average fills, so to beat it means "
                f"little; set it to {RECORDING * whole:.4g} s or less",
            )
        )
    event = float(np.median(events_s)) if len(events_s) else np.inf
    if options.sta_s > EVENT * event:
        notices.append(
            Notice(
                "short_average",
                options.sta_s / event,
                f"baselines.sta_s is {options.sta_s:g} s, and the median event of training lasts "
                f"{event:.3g} s: STA/LTA averages events away, so to beat it means little; set it "
                f"to about {event:.3g} s",
            )
        )
    return notices
