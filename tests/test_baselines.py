"""The baselines by their definitions."""

import numpy as np
import pytest

from rarewave.baselines import Trigger, level_db, sta_lta
from rarewave.errors import DataError


def test_the_level_is_the_mean_power_of_each_window() -> None:
    """In dB, quiet windows beside a loud one too."""
    wave = np.random.default_rng(0).standard_normal(5000).astype(np.float32)
    wave[2000:2500] *= 1e4
    first = np.array([0, 100, 1700, 3000, 4800])
    found = level_db(wave, first, 200)
    power = [np.mean(wave[at : at + 200].astype(float) ** 2) for at in first]
    np.testing.assert_allclose(found, 10 * np.log10(power), atol=1e-6)
    np.testing.assert_allclose(level_db(wave * 10, first, 200) - found, 20, atol=1e-4)


def test_silence_has_a_finite_level() -> None:
    """A gap is 0 throughout."""
    assert np.isfinite(level_db(np.zeros(100, np.float32), np.array([0]), 50)).all()


def test_the_ratio_is_recursive_sta_lta_by_hand() -> None:
    """The recursion of Withers et al. (1998), its largest value in each window."""
    rate, trigger = 2.0, Trigger(sta_s=5.0, lta_s=50.0)
    wave = np.random.default_rng(1).standard_normal(1000).astype(np.float32)
    wave[600:650] *= 20
    short, long, ratio = 0.0, 1e-99, np.zeros(1000)
    for i in range(1, 1000):
        energy = float(wave[i]) ** 2
        short = energy / 10 + (1 - 1 / 10) * short
        long = energy / 100 + (1 - 1 / 100) * long
        ratio[i] = short / long
    ratio[:100] = 0  # the long average is not yet one
    first = np.array([0, 150, 500, 580, 900])
    found = sta_lta(wave, first, 100, rate, trigger)
    np.testing.assert_allclose(found, [ratio[at : at + 100].max() for at in first], rtol=1e-6)
    assert np.argmax(found) == 3


def test_a_silent_recording_has_no_trigger() -> None:
    """No NaN from 0 / 0."""
    found = sta_lta(np.zeros(500, np.float32), np.array([0, 200]), 100, 2.0, Trigger(5.0, 50.0))
    np.testing.assert_array_equal(found, 0)


def test_a_short_average_longer_than_the_long_is_refused() -> None:
    """Both lengths are in the message."""
    with pytest.raises(DataError, match=r"sta_s \(50\) must be below lta_s \(5\)"):
        Trigger(50.0, 5.0)
