"""Band and level of labelled calls, as they were made."""

import numpy as np
import pandas as pd
import pytest

from rarewave.measurement import calls

RATE, N_FFT = 8000.0, 256


def measured(
    wave: np.ndarray, onset: float, offset: float, low: float = np.nan, high: float = np.nan
) -> dict:
    """What is said of one label."""
    event = {"event_id": "e", "recording_id": "r", "label": "a", "onset_s": onset,
             "offset_s": offset, "low_hz": low, "high_hz": high, "certain": True}  # fmt: skip
    (row,) = calls.calls(lambda a, b: wave[a:b], RATE, len(wave), pd.DataFrame([event]), N_FFT)
    return row


def chirp(level: float, noise: float) -> np.ndarray:
    """2 s with noise of band 1 to 2 kHz from 0.8 to 1.2 s, in white noise."""
    rng = np.random.default_rng(0)
    wave = rng.normal(size=16000)
    spectrum = np.fft.rfft(wave)
    hertz = np.fft.rfftfreq(16000, 1 / RATE)
    spectrum[(hertz < 1000) | (hertz > 2000)] = 0
    band = np.fft.irfft(spectrum)
    band[: int(0.8 * RATE)] = band[int(1.2 * RATE) :] = 0
    return level * band + noise * rng.normal(size=16000)


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("snr_db", [10.0, 30.0])
def test_the_ratio_in_the_band_of_a_call_is_as_it_was_made(snr_db: float, labelled: bool) -> None:
    """With the band of the label, or with none, where it is measured."""
    wave = chirp(10 ** (snr_db / 20), 1.0)
    band = (1000.0, 2000.0) if labelled else (np.nan, np.nan)
    row = measured(wave, 0.8, 1.2, *band)
    assert row["snr_db"] == pytest.approx(snr_db, abs=1.5)
    assert row["bandwidth_hz"] == pytest.approx(1000, abs=160)
    assert 1000 <= row["strongest_hz"] <= 2000


def test_noise_alone_is_not_strongest_at_half_the_rate() -> None:
    """The last row of a spectrum varies more than the others: it always seemed to stand out."""
    wave = np.random.default_rng(1).normal(size=80000)
    assert np.isnan(measured(wave, 2.0, 8.0)["strongest_hz"])


def test_digital_silence_around_a_call_makes_no_ratio_of_a_hundred_decibels() -> None:
    assert measured(chirp(1.0, 0.0), 0.8, 1.2)["snr_db"] == 60.0


def test_a_label_over_nothing_has_no_ratio_and_a_whole_clip_has_one() -> None:
    """Of a clip that is one label the quietest fifth is the quiet time."""
    constant = np.zeros(16000)
    assert np.isnan(measured(constant, 0.8, 1.2)["snr_db"])
    assert measured(chirp(30.0, 1.0), 0.0, 2.0)["snr_db"] == pytest.approx(23, abs=3)
