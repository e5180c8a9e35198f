"""Clean one continuous waveform: gaps, mean and trend, spikes, band, ends, rate."""

import math
from dataclasses import dataclass
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.checks import Above, AtLeast
from rarewave.errors import DataError

# Formats that store the interval as float32 are off by a few millionths.
_SAME_RATE = 1e-5


@dataclass(frozen=True)
class Cleaning:
    """How a waveform is cleaned; part of the front end that a model carries.

    `gap_value` is the count that codes missing samples (null: none does), in runs of at least
    `gap_run` samples; a constant stretch of `flat_s` seconds is a gap as well (0: never).
    `spike_factor` is in robust standard deviations of the surrounding minute (0: no despiking).
    """

    sample_rate_hz: Annotated[float, Above(0)]
    gap_value: float | None
    gap_run: Annotated[int, AtLeast(1)]
    flat_s: Annotated[float, AtLeast(0)]
    spike_factor: Annotated[float, AtLeast(0)]
    low_hz: Annotated[float, Above(0)]
    high_hz: Annotated[float, Above(0)]
    order: Annotated[int, AtLeast(1)]
    taper_s: Annotated[float, AtLeast(0)]

    def __post_init__(self) -> None:
        if self.low_hz >= self.high_hz:
            raise DataError(f"low_hz ({self.low_hz:g}) must be below high_hz ({self.high_hz:g})")
        if self.high_hz >= self.sample_rate_hz / 2:
            raise DataError(
                f"high_hz ({self.high_hz:g}) must be below half of sample_rate_hz "
                f"({self.sample_rate_hz / 2:g})"
            )


class Cleaned(NamedTuple):
    """A cleaned waveform at the wanted rate, and where it was not recorded."""

    samples: NDArray[np.float32]  # (n,), zero-mean, 0 inside gaps
    gap: NDArray[np.bool_]  # (n,), True where the samples say nothing


def clean(samples: NDArray[np.float64], sample_rate: float, options: Cleaning) -> Cleaned:
    """Mark gaps, despike, remove mean and trend, band-pass, taper and resample.

    Gaps are bridged by straight lines before filtering, so that their edges do not ring, and
    set to zero afterwards. The band-pass is a Butterworth filter run forwards and backwards
    (zero phase, `scipy.signal.sosfiltfilt`); the taper is a cosine (Tukey) at both ends.

    Parameters
    ----------
    samples : (n,) raw samples in any unit, NaN where missing.
    sample_rate : in Hz.

    Raises
    ------
    DataError
        The rate is too low for the wanted band, or the recording holds no usable sample.
    """
    if not sample_rate > 2 * options.high_hz:
        raise DataError(
            f"wrong sampling rate: it is {sample_rate:g} Hz, and clean.high_hz "
            f"{options.high_hz:g} needs more than {2 * options.high_hz:g} Hz"
        )
    gap = find_gaps(samples, sample_rate, options)
    if gap.all():
        raise DataError("no usable sample: all of it is gap, constant or NaN")
    wave = fill_gaps(samples, gap)
    wave = detrend(wave, gap)
    if options.spike_factor:
        wave = despike(wave, gap, sample_rate, options.spike_factor)
    if not math.isclose(sample_rate, options.sample_rate_hz, rel_tol=_SAME_RATE):
        wave, gap = resample(wave, gap, sample_rate, options.sample_rate_hz)
    wave = bandpass(wave, options.sample_rate_hz, options.low_hz, options.high_hz, options.order)
    wave *= cosine_taper(len(wave), round(options.taper_s * options.sample_rate_hz))
    wave[gap] = 0.0
    return Cleaned(wave.astype(np.float32), gap)


def find_gaps(
    samples: NDArray[np.float64], sample_rate: float, options: Cleaning
) -> NDArray[np.bool_]:
    """Samples that say nothing: NaN, runs of the gap count, flat lines."""
    gap = ~np.isfinite(samples)
    if options.gap_value is not None:
        gap |= _long_runs(samples == options.gap_value, options.gap_run)
    if options.flat_s:
        same = np.zeros(len(samples), bool)
        same[1:] = samples[1:] == samples[:-1]
        flat = _long_runs(same, max(1, round(options.flat_s * sample_rate) - 1))
        flat[:-1] |= flat[1:] & ~flat[:-1]  # the first sample of each flat line
        gap |= flat
    return gap


def fill_gaps(samples: NDArray[np.float64], gap: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Straight lines over the gaps; a gap at an end takes the nearest known value."""
    if not gap.any():
        return samples.copy()
    index = np.arange(len(samples))
    return np.interp(index, index[~gap], samples[~gap])


def detrend(samples: NDArray[np.float64], gap: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Remove the straight line that fits the known samples best."""
    index = np.arange(len(samples)) / max(1, len(samples) - 1) - 0.5
    known = index[~gap]
    centre, values = known.mean(), samples[~gap]
    spread = np.square(known - centre).sum()
    slope = ((known - centre) * (values - values.mean())).sum() / spread if spread else 0.0
    return samples - values.mean() - slope * (index - centre)


def despike(
    samples: NDArray[np.float64],
    gap: NDArray[np.bool_],
    sample_rate: float,
    factor: float,
) -> NDArray[np.float64]:
    """Replace single-sample outliers by the median of their five neighbours.

    An outlier departs from that median by more than `factor` robust standard deviations
    (1.4826 times the median absolute departure) of the minute around it. Only the surrounding
    minute counts, so that a loud event is not taken for a row of spikes.
    """
    from scipy.ndimage import median_filter

    smooth = median_filter(samples, size=5, mode="nearest")
    departure = np.abs(samples - smooth)
    block = max(5, round(60.0 * sample_rate))
    count = -(-len(samples) // block)
    padded = np.full(count * block, np.nan)
    padded[: len(samples)] = np.where(gap, np.nan, departure)
    blocks = padded.reshape(count, block)
    scale = np.full(count, np.inf)
    known = np.isfinite(blocks).any(axis=1)
    scale[known] = 1.4826 * np.nanmedian(blocks[known], axis=1)
    # A median departure of nothing: a smooth or a quantised stretch. There its spread stands for
    # the scale, and at least the quantisation step, or a flickering digit would be spikes.
    for at in np.flatnonzero(known & (scale == 0)):
        here = slice(at * block, (at + 1) * block)
        steps = np.abs(np.diff(samples[here]))
        step = steps[steps > 0].min() if steps.any() else np.inf
        scale[at] = max(smooth[here].std(), step)
    limit = factor * np.repeat(scale, block)[: len(samples)]
    return np.where(departure > limit, smooth, samples)


def bandpass(
    samples: NDArray[np.float64],
    sample_rate: float,
    low_hz: float,
    high_hz: float,
    order: int,
) -> NDArray[np.float64]:
    """Zero-phase Butterworth band-pass of twice `order` (forwards and backwards)."""
    from scipy.signal import butter, sosfiltfilt

    sos = butter(order, [low_hz, high_hz], "bandpass", fs=sample_rate, output="sos")
    pad = min(len(samples) - 1, round(3 * sample_rate / low_hz))
    return sosfiltfilt(sos, samples, padlen=max(0, pad))


def cosine_taper(length: int, edge: int) -> NDArray[np.float64]:
    """Weights (length,) that rise from 0 to 1 over `edge` samples and fall at the end."""
    taper = np.ones(length)
    edge = min(edge, length // 2)
    if edge:
        ramp = 0.5 - 0.5 * np.cos(np.pi * np.arange(edge) / edge)
        taper[:edge] = ramp
        taper[length - edge :] = ramp[::-1]
    return taper


def resample(
    samples: NDArray[np.float64], gap: NDArray[np.bool_], rate: float, wanted: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Band-limited change of the sampling rate (soxr, very high quality); gaps follow."""
    import soxr

    wave = soxr.resample(samples, rate, wanted, quality="VHQ")
    nearest = np.minimum(np.rint(np.arange(len(wave)) * (rate / wanted)), len(gap) - 1)
    return wave, gap[nearest.astype(np.int64)]


def _long_runs(flags: NDArray[np.bool_], shortest: int) -> NDArray[np.bool_]:
    """The flags that stand in runs of at least `shortest`."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    begin, end = edges[::2], edges[1::2]
    kept = end - begin >= shortest
    steps = np.zeros(len(flags) + 1, np.int32)
    np.add.at(steps, begin[kept], 1)
    np.add.at(steps, end[kept], -1)
    return np.cumsum(steps[:-1]) > 0
