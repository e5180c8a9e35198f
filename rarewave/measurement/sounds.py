"""What can be measured of a sound in a stretch of recording: band, duration, modulation, slope.

All is relative to the quiet level of the recording, and each number is given only where its
criterion, a constant below, is met.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.frontend.spectrogram import hann

QUIET = 0.2  # share of the frames, the quietest, that the quiet level is taken from
ABOVE_DB = 6.0  # energy counts where the mean of 3 x 3 cells is so far above the quiet level
LEAST_DB = 0.0  # and where all of it is so much to the quiet level's, in its band and duration
TAILS = 0.05  # share of the energy left out on either side of band and duration
NOISES = 199  # a modulation is stated where none of so many noises has such a peak
DEPTH = 0.1  # and where the envelope varies by at least this share of its mean
CYCLES = 4.0  # and does so at least so many times
FIT = 0.8  # a slope is stated where the line explains this share of the ridge's variance
FRAMES = 5  # and the ridge has at least so many frames
ROWS = 2.0  # and the line rises or falls by at least so many rows

_AT_ONCE = 1 << 20  # Fourier coefficients of noise: it bounds the memory


class Measured(NamedTuple):
    """One sound; what does not meet its criterion is None."""

    onset_s: float  # from the start of the stretch; 90 % of the energy lies between
    offset_s: float
    low_hz: float  # 90 % of the energy lies between
    high_hz: float
    peak_hz: float  # of the spectrum of the energy above the quiet level
    snr_db: float  # that energy to the quiet level's, in band and duration
    modulation_hz: float | None  # at which the amplitude of the band rises and falls
    modulation_depth: float | None  # 1: down to nothing
    slope_hz_s: float | None  # of the ridge
    slope_fit: float | None  # R squared, given wherever there are enough frames


def quiet_level(level_db: NDArray[np.floating], bands: Sequence[slice]) -> NDArray[np.float64]:
    """The median level in dB (frequencies,) of the frames in which a band is quietest.

    Of each band the quietest fifth of the frames, by their mean level in it: a fifth of each
    single cell would be far below the noise, which scatters by 6 dB.

    Parameters
    ----------
    level_db : (n, frequencies, frames) spectrograms of windows of one recording.
    bands : rows of each band; together all rows.
    """
    found = np.zeros(level_db.shape[1])
    for band in bands:
        mine = level_db[:, band].swapaxes(1, 2)
        mean = mine.mean(axis=2, dtype=np.float64)
        found[band] = np.median(mine[mean <= np.quantile(mean, QUIET)], axis=0)
    return found


def quiet_power(level_db: NDArray[np.floating]) -> NDArray[np.float64]:
    """The mean power (frequencies,) of the noise, from the lowest fifth of each row's cells.

    Exact for Gaussian noise, whose power is distributed exponentially: its quantile q is its
    mean times -ln(1 - q). A sound that fills a quarter of the time raises it by 1.4 dB.

    Parameters
    ----------
    level_db : (n, frequencies, frames), rows equally far apart in Hz.
    """
    lowest = np.quantile(level_db.astype(np.float64), QUIET, axis=(0, 2))
    return 10 ** (lowest / 10) / -np.log(1 - QUIET)


def measure(
    level_db: NDArray[np.floating],
    quiet: NDArray[np.float64],
    frequency_hz: NDArray[np.float64],
    time_s: NDArray[np.float64],
    samples: NDArray[np.floating],
    rate: float,
) -> Measured | None:
    """The sound that stands above the quiet level of a recording.

    Energy is power less the quiet power, in cells where it is clearly more (`ABOVE_DB`). Band
    and duration leave out 5 % of it at either end, as is usual for sounds without sharp limits.

    Parameters
    ----------
    level_db : (frequencies, frames) power in dB, rows equally far apart in Hz.
    quiet : (frequencies,) power.
    frequency_hz, time_s : centres of rows and frames, from the start of `samples`.
    samples : (n,) the waveform of the stretch, for the modulation.
    rate : of the samples, in Hz.

    Returns
    -------
    None where nothing stands out.
    """
    energy = _energy(level_db, quiet)
    if not energy.any():
        return None
    row_hz = frequency_hz[1] - frequency_hz[0] if len(frequency_hz) > 1 else rate / 2
    frame_s = time_s[1] - time_s[0] if len(time_s) > 1 else len(samples) / rate
    low, high = _middle(energy.sum(axis=1))
    inside = slice(low, high + 1)
    first, last = _middle(energy[inside].sum(axis=0))
    while_on = energy[:, first : last + 1]
    snr_db = 10 * np.log10(while_on[inside].mean(axis=1).sum() / quiet[inside].sum())
    if snr_db < LEAST_DB:  # a few places by chance
        return None
    onset = max(time_s[first] - frame_s / 2, 0.0)
    offset = min(time_s[last] + frame_s / 2, len(samples) / rate)
    begin, end = round(onset * rate), round(offset * rate)
    # A row more on either side: the sidebands of a modulated tone lie at the edge of its band.
    bounds = frequency_hz[low] - 1.5 * row_hz, frequency_hz[high] + 1.5 * row_hz
    modulation = amplitude_modulation(samples[begin:end], rate, *bounds)
    modulation_hz, depth = modulation or (None, None)
    slope_hz_s, fit = ridge_slope(while_on[inside], frequency_hz[inside], time_s[first : last + 1])
    return Measured(
        onset,
        offset,
        max(frequency_hz[low] - row_hz / 2, 0.0),
        min(frequency_hz[high] + row_hz / 2, rate / 2),
        _peak(while_on.sum(axis=1), frequency_hz),
        float(snr_db),
        modulation_hz,
        depth,
        slope_hz_s,
        fit,
    )


def _energy(level_db: NDArray[np.floating], quiet: NDArray[np.float64]) -> NDArray[np.float64]:
    """Power less the quiet power (frequencies, frames) where it is clearly more, else 0."""
    from scipy.ndimage import uniform_filter

    power = 10 ** (level_db.astype(np.float64) / 10)
    around = uniform_filter(power, 3, mode="nearest")
    clear = around >= 10 ** (ABOVE_DB / 10) * quiet[:, None]
    return np.where(clear, np.maximum(power - quiet[:, None], 0), 0)


def _middle(energy: NDArray[np.float64]) -> tuple[int, int]:
    """First and last of the places between which all but the tails of the energy lies."""
    total = np.cumsum(energy) / energy.sum()
    first, last = np.searchsorted(total, [TAILS, 1 - TAILS])
    return int(first), int(min(last, len(energy) - 1))


def _peak(spectrum: NDArray[np.floating], frequency_hz: NDArray[np.floating]) -> float:
    """The frequency of the maximum, by a parabola through the logarithms of three rows."""
    at = int(np.argmax(spectrum))
    if not 0 < at < len(spectrum) - 1 or spectrum[at - 1] <= 0 or spectrum[at + 1] <= 0:
        return float(frequency_hz[at])
    a, b, c = np.log(spectrum[at - 1 : at + 2])
    shift = 0.5 * (a - c) / (a - 2 * b + c) if a - 2 * b + c < 0 else 0.0
    return float(frequency_hz[at] + shift * (frequency_hz[at + 1] - frequency_hz[at]))


def amplitude_modulation(
    samples: NDArray[np.floating], rate: float, low_hz: float, high_hz: float
) -> tuple[float, float] | None:
    """Rate in Hz and depth of a regular modulation of the amplitude of one band, if it is clear.

    The highest peak of the spectrum of the band's envelope (the magnitude of the analytic
    signal, its mean taken away, under a Hann window), from `CYCLES` in the stretch up to the
    width of the band: faster modulations do not pass it. It is clear where it stands higher above
    the median of the octave on either side than in any of `NOISES` stretches of white noise of
    the same band and length (a Monte Carlo test, Barnard 1963): noise passes once in
    `NOISES` + 1 times.
    """
    count = len(samples)
    hertz = np.fft.rfftfreq(max(count, 1), 1 / rate)
    band = (hertz >= low_hz) & (hertz <= high_hz)
    first = int(np.ceil(CYCLES))  # bin k is k cycles in the stretch
    stop = int(np.searchsorted(hertz, high_hz - low_hz, side="right"))
    if stop - first < 8:
        return None
    spectrum = np.fft.rfft(samples.astype(np.float64))[band]
    if not spectrum.any():
        return None
    (amplitude,) = _envelope_spectra(spectrum[None])
    at = first + int(np.argmax(amplitude[first:stop]))
    around = amplitude[at - 1 : at + 2]
    if at == first or amplitude[at] < max(around) or amplitude[at] < DEPTH:
        return None
    stands = _standing(amplitude, first, stop)
    rng = np.random.Generator(np.random.PCG64(0))
    at_once = max(1, _AT_ONCE // len(spectrum))
    for begin in range(0, NOISES, at_once):
        shape = (min(at_once, NOISES - begin), len(spectrum))
        noise = rng.standard_normal(shape) + 1j * rng.standard_normal(shape)
        if any(_standing(row, first, stop) >= stands for row in _envelope_spectra(noise)):
            return None
    return _peak(around**2, hertz[at - 1 : at + 2]), float(amplitude[at])


def _envelope_spectra(bands: NDArray[np.complex128]) -> NDArray[np.float64]:
    """Amplitude of the envelope's modulation, as a share of its mean, by cycles in the stretch.

    From the Fourier coefficients (n, bins) of a band. They are laid at frequency 0, which leaves
    the envelope as it is and needs no more samples than the band is wide.
    """
    length = 1 << (4 * bands.shape[1] - 1).bit_length()
    envelope = np.abs(np.fft.ifft(bands, length))
    taper = 2 * hann(length)  # of mean 1
    mean = (taper * envelope).mean(axis=1, keepdims=True)
    return 2 * np.abs(np.fft.rfft(taper * (envelope - mean))) / length / mean


def _standing(amplitude: NDArray[np.float64], first: int, stop: int) -> float:
    """Power of the highest peak over the median of the octaves beside it; 0 where too few are."""
    at = first + int(np.argmax(amplitude[first:stop]))
    octaves = np.arange(max(first, at // 2), min(stop, 2 * at + 1))
    octaves = octaves[np.abs(octaves - at) > 2]  # the peak itself, as wide as the window makes it
    if len(octaves) < 4:
        return 0.0
    return float(amplitude[at] ** 2 / np.median(amplitude[octaves] ** 2))


def ridge_slope(
    energy: NDArray[np.float64], frequency_hz: NDArray[np.float64], time_s: NDArray[np.float64]
) -> tuple[float | None, float | None]:
    """Slope in Hz/s of the strongest frequency over time, and how well a line fits (R squared).

    The strongest frequency of each frame, fitted by least squares with the energies as weights.
    The slope is None where it does not meet the criteria, the fit where there are too few frames.
    """
    on = np.flatnonzero(energy.sum(axis=0) > 0)
    if len(on) < FRAMES or len(frequency_hz) < 2:
        return None, None
    ridge = np.array([_peak(energy[:, k], frequency_hz) for k in on])
    weight = energy[:, on].max(axis=0)
    weight = weight / weight.sum()
    t, f = time_s[on] - (weight * time_s[on]).sum(), ridge - (weight * ridge).sum()
    spread, varies = (weight * t**2).sum(), (weight * f**2).sum()
    if not spread > 0 or not varies > 0:
        return None, 0.0
    slope = (weight * t * f).sum() / spread
    fit = slope**2 * spread / varies
    change = abs(slope) * (t[-1] - t[0]) / (frequency_hz[1] - frequency_hz[0])
    return float(slope) if fit >= FIT and change >= ROWS else None, float(fit)
