"""Events of recordings found another way: SciPy's transform, and one sample after the other.

For the front end and joining of `tiny` alone: nothing is filtered, smoothed or joined over gaps.
Nothing here comes from the code that it stands against.
"""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.signal import ShortTimeFFT
from scipy.signal.windows import hann

RATE, WINDOW, HOP, N_FFT, STEP, FLOOR_DB, OFF = 1000.0, 128, 64, 32, 16, -80.0, 0.6
BANDS = {"low": (50.0, 150.0), "high": (300.0, 400.0)}

Score = Callable[[NDArray[np.float32]], NDArray[np.floating]]


def starts(count: int) -> list[int]:
    """First samples of the windows: every hop, and one flush with the end."""
    found = list(range(0, count - WINDOW + 1, HOP))
    return found if found[-1] == count - WINDOW else [*found, count - WINDOW]


def spectrograms(wave: NDArray[np.floating]) -> NDArray[np.float32]:
    """Of all windows of a recording (windows, frequencies, frames, 1), in dB."""
    transform = ShortTimeFFT(hann(N_FFT, sym=False), STEP, RATE)
    frames = 1 + (WINDOW - N_FFT) // STEP
    found = []
    for first in starts(len(wave)):
        piece = wave[first : first + WINDOW].astype(np.float32).astype(float)
        power = np.abs(transform.stft(piece, p0=1, p1=1 + frames)) ** 2
        found.append(10 * np.log10(np.maximum(power, 10 ** (FLOOR_DB / 10))))
    return np.array(found, np.float32)[..., None]


def events(
    wave: NDArray[np.floating], score: Score, classes: Mapping[str, int], at: Mapping[str, float]
) -> pd.DataFrame:
    """The events of a recording at thresholds, in order of time, in seconds from its start."""
    first, p = starts(len(wave)), np.asarray(score(spectrograms(wave)), np.float64)
    rows = []
    for name, column in classes.items():
        total, count = np.zeros(len(wave)), np.zeros(len(wave))
        for begin, value in zip(first, p[:, column], strict=True):
            total[begin : begin + WINDOW] += value
            count[begin : begin + WINDOW] += 1
        mean = total / count
        onset = None
        for sample in range(len(wave) + 1):
            on = sample < len(wave) and mean[sample] >= OFF * at[name]
            if on and onset is None:
                onset = sample
            elif not on and onset is not None:
                if mean[onset:sample].max() >= at[name]:
                    inside = [k for k, b in enumerate(first) if b < sample and b + WINDOW > onset]
                    rows.append((onset / RATE, sample / RATE, name, p[inside, column]))
                onset = None
    rows.sort(key=lambda row: row[:3])
    return pd.DataFrame(
        {
            "onset_s": [row[0] for row in rows],
            "offset_s": [row[1] for row in rows],
            "label": [row[2] for row in rows],
            "low_hz": [BANDS[row[2]][0] for row in rows],
            "high_hz": [BANDS[row[2]][1] for row in rows],
            "peak": [row[3].max() for row in rows],
            "mean": [row[3].mean() for row in rows],
            "windows": [len(row[3]) for row in rows],
        }
    )
