"""What a detector has to beat: signal level and recursive STA/LTA, window by window."""

from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from rarewave.checks import Above
from rarewave.errors import DataError


@dataclass(frozen=True)
class Trigger:
    """Lengths of the short and long averages of the STA/LTA baseline, in seconds."""

    sta_s: Annotated[float, Above(0)]
    lta_s: Annotated[float, Above(0)]

    def __post_init__(self) -> None:
        if self.sta_s >= self.lta_s:
            raise DataError(f"sta_s ({self.sta_s:g}) must be below lta_s ({self.lta_s:g})")


def level_db(
    samples: NDArray[np.float32], first: NDArray[np.int64], length: int
) -> NDArray[np.float64]:
    """Mean power of each window of cleaned samples, in dB."""
    energy = np.concatenate(([0.0], np.cumsum(np.square(samples, dtype=np.float64))))
    power = (energy[first + length] - energy[first]) / length
    return 10.0 * np.log10(np.maximum(power, 1e-300))


def sta_lta(
    samples: NDArray[np.float32],
    first: NDArray[np.int64],
    length: int,
    rate: float,
    trigger: Trigger,
) -> NDArray[np.float64]:
    """Largest recursive STA/LTA in each window (`obspy.signal.trigger.recursive_sta_lta`).

    The ratio runs over the whole recording, so that a window knows what came before it.
    """
    from obspy.signal.trigger import recursive_sta_lta

    long = round(trigger.lta_s * rate)
    short = max(1, round(trigger.sta_s * rate))
    ratio = recursive_sta_lta(samples.astype(np.float64), short, long)
    ratio = np.nan_to_num(ratio)
    return np.array([ratio[at : at + length].max() for at in first], float)
