"""Normalisation by its definition, the same after a round trip."""

import json

import librosa
import numpy as np
import pytest

from rarewave.frontend import normalisation
from rarewave.frontend.normalisation import Normalisation


@pytest.fixture
def X() -> np.ndarray:
    """Spectrograms in dB with a level of each frequency, window and channel of its own."""
    rng = np.random.default_rng(0)
    level = rng.normal(0, 20, (30, 1, 1, 1)) + rng.normal(0, 10, (1, 6, 1, 2))
    return (rng.normal(40, 3, (30, 6, 9, 2)) + level).astype(np.float32)


def test_the_statistics_are_those_of_each_frequency_and_channel(X: np.ndarray) -> None:
    """Mean and deviation over windows and frames."""
    found = normalisation.fit(X, "dataset")
    np.testing.assert_allclose(found.mean, X.astype(float).mean(axis=(0, 2)), rtol=1e-5)
    np.testing.assert_allclose(found.deviation, X.astype(float).std(axis=(0, 2)), rtol=1e-5)


def test_each_sample_gets_mean_0_and_deviation_1(X: np.ndarray) -> None:
    """Window by window and channel by channel."""
    found = normalisation.fit(X, "sample")(X)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.mean(axis=(1, 2)), 0, atol=1e-4)
    np.testing.assert_allclose(found.std(axis=(1, 2)), 1, atol=1e-3)


def test_a_sample_forgets_its_loudness_and_a_data_set_does_not(X: np.ndarray) -> None:
    """10 dB more change nothing under `sample`, and shift everything under `dataset`."""
    for mode, same in (("sample", True), ("unit", True), ("dataset", False)):
        scale = normalisation.fit(X, mode)
        shift = np.abs(scale(X + 10) - scale(X)).min()
        assert (shift < 1e-3) == same


def test_a_data_set_is_scaled_by_the_training_part(X: np.ndarray) -> None:
    """Not by the windows at hand: one alone is treated as among many."""
    scale = normalisation.fit(X[:20], "dataset")
    mean = X[:20].astype(float).mean(axis=(0, 2))
    deviation = X[:20].astype(float).std(axis=(0, 2))
    wanted = (X[25:] - mean[:, None]) / deviation[:, None]
    np.testing.assert_allclose(scale(X[25:]), wanted, rtol=1e-3, atol=1e-3)
    for mode in ("sample", "dataset", "both", "unit"):
        one = normalisation.fit(X[:20], mode)
        np.testing.assert_allclose(one(X[25:26]), one(X[20:])[5:6], atol=1e-6)


def test_both_are_the_two_as_channels(X: np.ndarray) -> None:
    """And the count of channels says so."""
    one, two, both = (normalisation.fit(X, mode) for mode in ("sample", "dataset", "both"))
    assert (one.channels, two.channels, both.channels) == (2, 2, 4)
    np.testing.assert_array_equal(both(X), np.concatenate([one(X), two(X)], axis=-1))
    assert normalisation.fit(X[..., :1], "both").channels == 2


@pytest.mark.parametrize("mode", ["sample", "dataset", "both"])
def test_silence_stays_finite(mode: str) -> None:
    """A constant spectrogram becomes 0."""
    X = np.full((3, 4, 5, 1), -20.0, np.float32)
    np.testing.assert_allclose(normalisation.fit(X, mode)(X), 0, atol=1e-6)


def test_large_levels_do_not_spoil_the_deviation() -> None:
    """A mean of 1e4 with a deviation of 1e-1 is no cancellation."""
    X = (1e4 + np.random.default_rng(0).normal(0, 0.1, (200, 2, 50, 1))).astype(np.float32)
    found = normalisation.fit(X, "dataset").deviation
    np.testing.assert_allclose(found, X.astype(float).std(axis=(0, 2)), rtol=1e-2)


def test_json_keeps_every_bit(X: np.ndarray) -> None:
    """float32 exactly."""
    made = normalisation.fit(X, "both")
    again = Normalisation.from_dict(json.loads(json.dumps(made.to_dict())))
    np.testing.assert_array_equal(again.mean, made.mean, strict=True)
    np.testing.assert_array_equal(again.deviation, made.deviation, strict=True)
    np.testing.assert_array_equal(again(X), made(X))


def test_a_unit_is_librosas_decibels_from_0_to_1() -> None:
    """power_to_db below the peak, 80 dB of it, divided by 80; window by window."""
    rng = np.random.default_rng(0)
    power = rng.gamma(0.5, 1.0, (6, 20, 30, 1)) * 10.0 ** rng.uniform(-6, 6, (6, 20, 1, 1))
    X = (10 * np.log10(power)).astype(np.float32)
    scale = normalisation.fit(X, "unit")
    found = scale(X)
    assert found.dtype == np.float32 and found.shape == X.shape and scale.channels == 1
    wanted = [librosa.power_to_db(p, ref=np.max, amin=1e-20, top_db=80) / 80 + 1 for p in power]
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    np.testing.assert_allclose(found.max(axis=(1, 2, 3)), 1, atol=1e-6)
    assert found.min() == 0
    assert (found == 0).mean() > 0.05  # what is fainter by more than 80 dB


def test_a_unit_takes_each_channel_for_itself(X: np.ndarray) -> None:
    """The peak of each is 1, silence is 1 throughout."""
    found = normalisation.fit(X, "unit")(X)
    np.testing.assert_allclose(found.max(axis=(1, 2)), 1, atol=1e-6)
    silent = np.full((3, 4, 5, 1), -20.0, np.float32)
    np.testing.assert_array_equal(normalisation.fit(silent, "unit")(silent), 1)
