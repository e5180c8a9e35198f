"""The noise of a lunar seismometer, in counts."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from rarewave.simulation.waveforms import BAND_HZ, fade

FloatArray = NDArray[np.float64]
Spectrum = Callable[[FloatArray], FloatArray]
DC_COUNTS = 512.0  # the middle of Apollo's 10-bit range
MAX_COUNTS = 1023
GAP_COUNT = -1


def background_spectrum(frequencies_hz: FloatArray) -> FloatArray:
    """Amplitude (n,) of ordinary long-period noise: two humps, at 0.28 and 0.85 Hz, and a floor.

    Read off three long days of Apollo 12 (1971-04-08, 1973-03-13, 1973-10-03).
    """
    f = np.maximum(frequencies_hz, 1e-6)
    humps = np.exp(-0.5 * ((f - 0.28) / 0.06) ** 2) + np.exp(-0.5 * ((f - 0.85) / 0.1) ** 2)
    passed = 1 / np.sqrt((1 + (0.14 / f) ** 8) * (1 + (f / 1.1) ** 16))
    return (0.55 + 0.5 * humps) * passed + 0.1


def coloured_noise(
    n: int, sample_rate_hz: float, rng: np.random.Generator, spectrum: Spectrum
) -> FloatArray:
    """Stationary Gaussian noise (n,) with root mean square 1 in `BAND_HZ`.

    `spectrum` gives the relative amplitude at frequencies in Hz.
    """
    length = fft.next_fast_len(n, real=True)
    frequencies = fft.rfftfreq(length, 1 / sample_rate_hz)
    shape = spectrum(frequencies)
    band = (frequencies >= BAND_HZ[0]) & (frequencies <= BAND_HZ[1])
    shape = shape / np.sqrt(np.sum(shape[band] ** 2) / len(shape))
    return np.asarray(fft.irfft(fft.rfft(rng.standard_normal(length)) * shape, length)[:n])


def noise_burst(n: int, sample_rate_hz: float, rng: np.random.Generator) -> FloatArray:
    """A disturbance (n,) as loud and as long as an event, with level about 1 in band.

    Ordinary noise grown loud, white noise, slow (tilt) noise or a hum at one frequency, under
    an envelope with edges or a symmetric one: what an event has in neither spectrum nor shape.
    """
    hum_hz = rng.uniform(0.25, 1.1)
    spectra: tuple[Spectrum, ...] = (
        background_spectrum,
        lambda f: np.ones_like(f),
        lambda f: 1 / (1 + (f / 0.12) ** 2),
        lambda f: np.exp(-0.5 * ((f - hum_hz) / 0.02) ** 2),
    )
    spectrum = spectra[rng.integers(len(spectra))]
    edge = rng.choice([0.02, 0.15, 0.5])  # of the length, on each side
    return coloured_noise(n, sample_rate_hz, rng, spectrum) * fade(n, int(edge * n))


def lunar_noise(
    n: int, sample_rate_hz: float, rng: np.random.Generator, start_hour: float = 0.0
) -> FloatArray:
    """Noise of a lunar station: no event, no gap, no offset.

    The level follows the day and wanders from ten minutes to ten minutes; in quiet stretches
    it falls below one count; noisy stretches of up to an hour and bursts of minutes are as loud
    as events; spikes and short rings come on top (heating, telemetry and mission noise: Nunn et
    al. 2020).

    Parameters
    ----------
    n : samples.
    start_hour : hour of the UTC day at the first sample, for the daily change of level.

    Returns
    -------
    (n,) in counts; the ordinary level in band is between about 1 and 3.
    """
    hours = n / sample_rate_hz / 3600
    knots_h = np.arange(0, hours + 1 / 3, 1 / 6)
    daily_db = 3.0 * np.cos(2 * np.pi * (start_hour + knots_h - 15.0) / 24)
    level_db = rng.uniform(2.0, 5.0) + daily_db + rng.normal(0.0, 0.8, len(knots_h))
    for _ in range(rng.integers(1, 4)):
        length_h = hours * rng.uniform(0.02, 0.07)
        at_h = rng.uniform(0.0, hours - length_h)
        level_db[(knots_h >= at_h) & (knots_h < at_h + length_h)] -= rng.uniform(10.0, 18.0)
    level = 10 ** (np.interp(np.arange(n) / sample_rate_hz / 3600, knots_h, level_db) / 20)
    noise = coloured_noise(n, sample_rate_hz, rng, background_spectrum) * level

    # Noisy hours and bursts of minutes differ in nothing but their length.
    lengths = [int(n * share) for share in rng.uniform(0.02, 0.07, rng.integers(0, 4))]
    bursts = rng.poisson(0.35 * hours)
    lengths += [int(s * sample_rate_hz) for s in rng.uniform(60.0, 480.0, bursts)]
    for length in lengths:
        length = min(length, n)
        at = rng.integers(0, n - length + 1)
        strength = level[at] * 10 ** (rng.uniform(3.0, 14.0) / 20)
        noise[at : at + length] += strength * noise_burst(length, sample_rate_hz, rng)
    add_spikes(noise, sample_rate_hz, rng)
    return noise


def add_spikes(noise: FloatArray, sample_rate_hz: float, rng: np.random.Generator) -> None:
    """Add spikes of one sample (15-300 counts) and rings of seconds (8-80) to `noise`, in place."""
    hours = len(noise) / sample_rate_hz / 3600
    for at in rng.integers(0, len(noise), rng.poisson(0.8 * hours)):
        noise[at] += rng.choice([-1.0, 1.0]) * 15.0 * 20.0 ** rng.uniform()
    for at in rng.integers(0, len(noise), rng.poisson(0.5 * hours)):
        t = np.arange(min(round(30 * sample_rate_hz), len(noise) - at)) / sample_rate_hz
        ring = np.exp(-t / rng.uniform(1.0, 6.0)) * np.sin(2 * np.pi * rng.uniform(0.2, 2.0) * t)
        noise[at : at + len(t)] += 8.0 * 10.0 ** rng.uniform() * ring


def to_counts(
    samples: FloatArray, sample_rate_hz: float, rng: np.random.Generator
) -> NDArray[np.int32]:
    """What a 10-bit digitizer and a radio link make of `samples` (n,): counts 0-1023 and -1.

    The ends are tapered (5 minutes, less in short recordings), the offset of 512 drifts by some
    counts with the temperature, values are rounded and clipped, and stretches of one sample to
    two minutes are lost and read -1, as in the Apollo archive (Nunn et al. 2020). Where the
    noise is below one count, the drift decides whether counts toggle or stand still.
    """
    n = len(samples)
    hours = n / sample_rate_hz / 3600
    taper = int(min(300.0 * sample_rate_hz, 0.02 * n))
    knots_h = np.arange(0, hours + 1.0, 0.5)
    drift = np.cumsum(rng.normal(0.0, 1.2, len(knots_h)))
    drift = np.interp(np.arange(n) / sample_rate_hz / 3600, knots_h, drift)
    counts = np.rint(samples * fade(n, taper) + DC_COUNTS + drift)
    counts = np.clip(counts, 0, MAX_COUNTS).astype(np.int32)
    # In every recording at least two, of a second to two minutes; single samples beside.
    longer = np.exp(rng.uniform(0.0, np.log(120.0), 2 + rng.poisson(0.15 * hours)))
    lengths = [round(s * sample_rate_hz) for s in longer] + [1] * int(rng.poisson(0.3 * hours))
    for length in lengths:
        at = rng.integers(0, n)
        counts[at : at + length] = GAP_COUNT
    return counts
