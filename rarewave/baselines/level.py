"""Signal level: the mean power of a window, which finds what is loud."""

import numpy as np
from numpy.typing import NDArray

from rarewave.baselines.options import Baselines
from rarewave.baselines.signal import Signal


def level(signal: Signal, options: Baselines) -> NDArray[np.float64]:
    """Mean power in dB (windows,) of a cleaned recording."""
    energy = np.zeros(len(signal.first))
    for at, square, _ in signal.blocks():
        total = np.concatenate(([0.0], np.cumsum(square)))
        rows, left, right = signal.within(at, len(square))
        energy[rows] += total[right] - total[left]
    power = energy / np.minimum(signal.length, len(signal.samples))
    return 10.0 * np.log10(np.maximum(power, 1e-300))
