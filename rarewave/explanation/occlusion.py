"""Bands of a spectrogram laid at the quiet level, one after the other (Zeiler and Fergus 2014)."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BANDS = 8  # of equal numbers of rows


def equal_bands(rows: int) -> list[slice]:
    """The rows of a spectrogram in `BANDS` parts (or as many as it has rows), equal up to one."""
    parts = np.array_split(np.arange(rows), min(BANDS, rows))
    return [slice(int(part[0]), int(part[-1]) + 1) for part in parts]


def band_edges(
    frequency_hz: NDArray[np.float64], bands: Sequence[slice]
) -> list[tuple[float, float]]:
    """Low and high frequency of bands of rows: half-way between the centres of rows.

    Half a row beyond the first and the last, but not below 0.
    """
    if len(frequency_hz) < 2:
        return [(float(frequency_hz[0]), float(frequency_hz[0]))]
    middle = (frequency_hz[1:] + frequency_hz[:-1]) / 2
    first = max(1.5 * frequency_hz[0] - 0.5 * frequency_hz[1], 0.0)
    last = 1.5 * frequency_hz[-1] - 0.5 * frequency_hz[-2]
    edges = np.concatenate([[first], middle, [last]])
    return [(float(edges[band.start]), float(edges[band.stop])) for band in bands]


def occluded(
    spectrogram: NDArray[np.float32], quiet_db: NDArray[np.float64], bands: Sequence[slice]
) -> NDArray[np.float32]:
    """A spectrogram once for each band, the band at the quiet level.

    A second channel, the level above a running floor, changes by as many dB as the first.

    Parameters
    ----------
    spectrogram : (frequencies, frames, channels) dB.
    quiet_db : (frequencies,)

    Returns
    -------
    (bands, frequencies, frames, channels)
    """
    found = np.repeat(spectrogram[None], len(bands), axis=0)
    change = quiet_db[:, None] - spectrogram[:, :, 0]
    for copy, band in zip(found, bands, strict=True):
        copy[band] += change[band][:, :, None]
    return found
