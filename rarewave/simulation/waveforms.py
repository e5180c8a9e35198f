"""What generated seismograms share: their rate, band and fades."""

import numpy as np
from numpy.typing import NDArray
from scipy import signal

FloatArray = NDArray[np.float64]

SAMPLE_RATE_HZ = 6.625  # of the Apollo long-period seismometers
BAND_HZ = (0.1, 1.2)  # where strength is defined: what the long-period instrument sees well


# ------------------------------------------------------------------------------- strength


def in_band(samples: FloatArray, sample_rate_hz: float) -> FloatArray:
    """Pass `BAND_HZ` (4th-order Butterworth, forwards and backwards, no phase shift).

    Shape (n,) to shape (n,).
    """
    sos = signal.butter(4, BAND_HZ, "bandpass", fs=sample_rate_hz, output="sos")
    # Short inputs cannot be padded by scipy's default length.
    padding = min(int(20 * sample_rate_hz), len(samples) - 1)
    return np.asarray(signal.sosfiltfilt(sos, samples, padlen=padding))


# ---------------------------------------------------------------------------------- noise


def fade(n: int, width: int, both: bool = True) -> FloatArray:
    """Weights (n,) of 1 that sink to 0 over `width` samples at the end, or at `both` ends."""
    width = min(width, n // 2 if both else n)
    weights = np.ones(n)
    ramp = 0.5 - 0.5 * np.cos(np.pi * np.arange(width) / max(width, 1))
    weights[n - width :] = ramp[::-1]
    if both:
        weights[:width] = ramp
    return weights
