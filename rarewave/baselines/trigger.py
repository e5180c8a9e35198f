"""What a detector has to beat: signal level and recursive STA/LTA, window by window."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.base.parameters import Above


@dataclass(frozen=True)
class Trigger:
    """Lengths of the short and long averages of the STA/LTA baseline, in seconds."""

    sta_s: Annotated[float, Above(0)]
    lta_s: Annotated[float, Above(0)]

    def __post_init__(self) -> None:
        if self.sta_s >= self.lta_s:
            raise DataError(f"sta_s ({self.sta_s:g}) must be below lta_s ({self.lta_s:g})")


def measure(
    blocks: Iterable[NDArray[np.float32]],
    first: NDArray[np.int64],
    length: int,
    rate: float,
    trigger: Trigger,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean power in dB, and largest recursive STA/LTA, of each window of a cleaned recording.

    The ratio is that of `obspy.signal.trigger.recursive_sta_lta` (Withers et al. 1998): it runs
    over the whole recording, so that a window knows what came before it.

    Parameters
    ----------
    blocks : the recording, in consecutive pieces of any length.
    first : (n,) first samples of the windows, in order.
    """
    from scipy.signal import lfilter

    long = round(trigger.lta_s * rate)
    short = max(1, round(trigger.sta_s * rate))
    filters = [([1 / n], [1, 1 / n - 1]) for n in (short, long)]
    states = [np.zeros(1), np.zeros(1)]
    energy, ratio, early = (np.zeros(len(first)) for _ in range(3))
    at = 0
    for block in blocks:
        square = np.square(block, dtype=np.float64)
        total = np.concatenate(([0.0], np.cumsum(square)))
        averages = []
        for number, (b, a) in enumerate(filters):
            average, states[number] = lfilter(b, a, square, zi=states[number])
            averages.append(average)
        found = averages[0] / np.maximum(averages[1], np.finfo(float).tiny)
        settled = found.copy()
        settled[: max(0, long - at)] = 0.0
        begin, end = np.searchsorted(first, [at - length + 1, at + len(block)])
        left = np.maximum(first[begin:end] - at, 0)
        right = np.minimum(first[begin:end] + length - at, len(block))
        energy[begin:end] += total[right] - total[left]
        for row, i, j in zip(range(begin, end), left, right, strict=True):
            ratio[row] = max(ratio[row], settled[i:j].max())
            early[row] = max(early[row], found[i:j].max())
        at += len(block)
    power = energy / np.minimum(length, at)
    # ObsPy blanks the first long average only where the recording is longer.
    return 10.0 * np.log10(np.maximum(power, 1e-300)), ratio if at > long else early
