"""Measured quantities against sounds whose band, length, modulation and slope are known."""

import numpy as np
import pytest
from scipy import signal

from rarewave.measurement import sounds
from rarewave.measurement.sounds import Measured

RATE, N_FFT, HOP = 4000.0, 256, 32
ROW_HZ, FRAME_S = RATE / N_FFT, HOP / RATE


def power(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Power in dB (frequencies, frames), and their centres, by scipy."""
    hertz, seconds, found = signal.spectrogram(
        samples, RATE, "hann", N_FFT, N_FFT - HOP, detrend=False, scaling="density"
    )
    return 10 * np.log10(found + 1e-20), hertz, seconds


def noise(seconds: float, seed: int = 0) -> np.ndarray:
    """White, of deviation 0.01."""
    return 0.01 * np.random.default_rng(seed).standard_normal(round(seconds * RATE))


def measured(samples: np.ndarray) -> Measured | None:
    """Measured above the quiet level of plain noise."""
    quiet = sounds.quiet_power(power(noise(20.0, 9))[0][None])
    level, hertz, seconds = power(samples)
    return sounds.measure(level, quiet, hertz, seconds, samples, RATE)


def burst(wave: np.ndarray, onset: float, seconds: float = 3.0) -> np.ndarray:
    """A sound in noise."""
    samples = noise(seconds, 1)
    first = round(onset * RATE)
    samples[first : first + len(wave)] += wave
    return samples


def tone(hertz: float, seconds: float) -> np.ndarray:
    return np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_no_sound(seed: int) -> None:
    """Nothing stands out of it."""
    assert measured(noise(5.0, seed)) is None


def test_the_quiet_level_is_that_of_noise_between_sounds() -> None:
    """Though a tone fills a quarter of the time: power within 2 dB, the typical level within 4."""
    plain = power(noise(20.0, 9))[0]
    wave = noise(20.0, 3)
    wave[20_000:40_000] += tone(500, 5.0)
    found = power(wave)[0]
    wanted = 10 * np.log10((10 ** (plain / 10)).mean(axis=1))
    power_db = 10 * np.log10(sounds.quiet_power(found[None]))
    np.testing.assert_allclose(power_db[2:-2], wanted[2:-2], atol=2.0)
    bands = [slice(at, at + 16) for at in range(0, 112, 16)] + [slice(112, 129)]
    typical = sounds.quiet_level(found[None], bands)
    np.testing.assert_allclose(typical[2:-2], np.median(plain, axis=1)[2:-2], atol=4.0)


@pytest.mark.parametrize(("low", "high"), [(300, 600), (900, 1500)])
def test_the_band_of_filtered_noise_is_that_of_welch(low: float, high: float) -> None:
    """5 to 95 % of the energy in scipy's own spectrum, to a row."""
    sos = signal.butter(8, [low, high], "bandpass", fs=RATE, output="sos")
    wave = signal.sosfilt(sos, np.random.default_rng(2).standard_normal(round(1.5 * RATE)))
    found = measured(burst(wave, 0.7))
    hertz, spectrum = signal.welch(wave, RATE, nperseg=N_FFT)
    total = np.cumsum(spectrum) / spectrum.sum()
    wanted = np.interp([0.05, 0.95], total, hertz + ROW_HZ / 2)
    assert found is not None
    assert (found.low_hz, found.high_hz) == pytest.approx(wanted, abs=1.5 * ROW_HZ)
    assert low < found.peak_hz < high
    assert found.modulation_hz is None and found.slope_hz_s is None


def test_when_and_how_loud_a_tone_is() -> None:
    """Its middle 90 % of 1 s, its frequency, and its power to that of the noise in its rows."""
    found = measured(burst(0.5 * tone(707.0, 1.0), 1.0))
    assert found is not None
    assert found.onset_s == pytest.approx(1.05, abs=2 * FRAME_S)
    assert found.offset_s == pytest.approx(1.95, abs=2 * FRAME_S)
    assert found.peak_hz == pytest.approx(707.0, abs=1.0)
    rows = round((found.high_hz - found.low_hz) / ROW_HZ)
    band = 0.01**2 * rows * ROW_HZ / (RATE / 2)
    assert found.snr_db == pytest.approx(10 * np.log10(0.5**2 / 2 / band), abs=1.5)
    assert found.modulation_hz is None


@pytest.mark.parametrize(("rate", "depth"), [(12.5, 0.8), (40.0, 0.5), (7.3, 0.3)])
def test_the_rate_and_depth_of_a_modulated_tone(rate: float, depth: float) -> None:
    """As it was made."""
    wave = tone(800.0, 2.0)
    wave *= 0.5 * (1 + depth * tone(rate, 2.0))
    found = measured(burst(wave, 0.5))
    assert found is not None and found.modulation_hz is not None
    assert found.modulation_hz == pytest.approx(rate, abs=0.3)
    assert found.modulation_depth == pytest.approx(depth, abs=0.12)


@pytest.mark.parametrize(
    ("count", "rate", "low", "high"),
    [(1000, 8000.0, 600, 900), (2000, 8000.0, 1000, 1500), (8000, 8000.0, 0, 4000),
     pytest.param(2240, 6.625, 0.1, 1.2, marks=pytest.mark.slow)],
)  # fmt: skip
def test_noise_is_seldom_modulated(count: int, rate: float, low: float, high: float) -> None:
    """Noise has an envelope of its own: a rate is stated once in 200 times, here 7 of 400 at most.

    More than 7 of 400 have a chance of 0.1 %.
    """
    rng = np.random.default_rng(0)
    stated = [
        sounds.amplitude_modulation(rng.standard_normal(count), rate, low, high) for _ in range(400)
    ]
    assert sum(found is not None for found in stated) <= 7


def test_the_envelope_is_that_of_scipy() -> None:
    """Its spectrum under a Hann window, from the analytic signal of the band."""
    rng = np.random.default_rng(0)
    sos = signal.butter(4, [600, 900], "bandpass", fs=RATE, output="sos")
    wave = signal.sosfilt(sos, rng.standard_normal(8000)) * (1 + 0.5 * tone(12.5, 2.0))
    spectrum = np.fft.rfft(wave)
    spectrum[:1100] = 0
    spectrum[2000:] = 0
    envelope = np.abs(signal.hilbert(np.fft.irfft(spectrum, 8000)))
    taper = signal.windows.hann(8000, sym=False)
    mean = np.average(envelope, weights=taper)
    wanted = 2 * np.abs(np.fft.rfft(taper * (envelope - mean))) / taper.sum() / mean
    (found,) = sounds._envelope_spectra(spectrum[None, 1100:2000])
    np.testing.assert_allclose(found[:300], wanted[:300], atol=2e-3)


@pytest.mark.parametrize("slope", [400.0, -250.0])
def test_the_slope_of_a_chirp(slope: float) -> None:
    """Linear, up and down, within 5 %."""
    time = np.arange(round(1.2 * RATE)) / RATE
    wave = signal.chirp(time, 900, 1.2, 900 + 1.2 * slope)
    found = measured(burst(wave, 0.6))
    assert found is not None and found.slope_hz_s == pytest.approx(slope, rel=0.05)
    assert found.slope_fit is not None and found.slope_fit > 0.95


def test_a_steady_tone_has_no_slope() -> None:
    """Though a line fits it."""
    found = measured(burst(tone(700, 1.0), 1.0))
    assert found is not None and found.slope_hz_s is None


def test_a_stretch_of_one_frame() -> None:
    """No slope, no modulation, but a band."""
    found = measured(tone(500, N_FFT / RATE))
    assert found is not None and found.low_hz < 500 < found.high_hz
    assert found.slope_hz_s is None and found.modulation_hz is None
