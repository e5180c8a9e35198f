"""Axes of a spectrogram's picture: its rows, named by their frequency, against time.

Rows of a mel spectrogram are not equally far apart in Hz: an axis in Hz would misplace them.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def extent(time_s: NDArray[np.float64], rows: int) -> tuple[float, float, float, float]:
    """Left, right, bottom and top of a picture: seconds, from the centres of frames, and rows."""
    step = time_s[1] - time_s[0] if len(time_s) > 1 else 1.0
    return float(time_s[0] - step / 2), float(time_s[-1] + step / 2), 0.0, float(rows)


def name_rows(axes: Any, frequency_hz: NDArray[np.float64], most: int = 7) -> None:
    """Ticks at the middle of at most so many rows, with their centre frequency."""
    hertz = frequency_hz
    rows = np.unique(np.linspace(0, len(hertz) - 1, min(most, len(hertz))).round().astype(int))
    places = 0 if hertz[-1] >= 20 else 2
    axes.set_yticks(rows + 0.5, [f"{hertz[row]:.{places}f}" for row in rows])
