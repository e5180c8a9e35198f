"""Recursive STA/LTA, the trigger of seismic networks."""

import numpy as np
from numpy.typing import NDArray

from rarewave.baselines.options import Baselines
from rarewave.baselines.signal import Signal


def sta_lta(signal: Signal, options: Baselines) -> NDArray[np.float64]:
    """Largest recursive STA/LTA (windows,) of a cleaned recording.

    The recursion is that of `obspy.signal.trigger.recursive_sta_lta` (Withers et al. 1998), over
    the whole recording, so that a window knows what came before it; with two differences. Each
    average is divided by the weight that it has gathered so far, as both start from nothing: the
    ratio then means something from the first sample on, where ObsPy blanks the first long
    average, and approaches ObsPy's later. And time that was not recorded is skipped, so that
    neither the silence that fills a gap nor the sound behind it moves the averages.
    """
    from scipy.signal import lfilter

    lengths = [max(1, round(s * signal.rate)) for s in (options.sta_s, options.lta_s)]
    filters = [([1 / n], [1, 1 / n - 1]) for n in lengths]
    states = [np.zeros(1), np.zeros(1)]
    highest, seen = np.zeros(len(signal.first)), 0
    for at, square, recorded in signal.blocks():
        known = square[recorded]
        if not len(known):
            continue
        averages = []
        for number, ((b, a), n) in enumerate(zip(filters, lengths, strict=True)):
            average, states[number] = lfilter(b, a, known, zi=states[number])
            steps = np.arange(seen + 1, seen + len(known) + 1, dtype=np.float64)
            averages.append(average / -np.expm1(steps * np.log1p(-1 / n)) if n > 1 else average)
        seen += len(known)
        ratio = np.zeros(len(square))
        ratio[recorded] = averages[0] / np.maximum(averages[1], np.finfo(float).tiny)
        rows, left, right = signal.within(at, len(square))
        for row, begin, end in zip(range(rows.start, rows.stop), left, right, strict=True):
            highest[row] = max(highest[row], ratio[begin:end].max())
    return highest
