"""Clipped sound is told from peaks, and from channels of few values."""

import numpy as np
import pytest

from rarewave.recordings.clipping import clipped_share


def tone(samples: int = 8000) -> np.ndarray:
    """A tone of 50 samples a period, swelling."""
    time = np.arange(samples)
    return np.sin(2 * np.pi * time / 50) * np.hanning(samples)


def test_as_much_is_clipped_as_was_cut() -> None:
    """At either end; what only touches the ends is not."""
    wave = tone()
    assert clipped_share(wave) == 0
    for cut in (0.5, 0.9):
        found = clipped_share(np.clip(wave, -cut, cut))
        assert found == pytest.approx((np.abs(wave) >= cut).mean(), abs=0.02)
    assert clipped_share(np.minimum(wave, 0.5)) == pytest.approx((wave >= 0.5).mean(), abs=0.02)


def test_noise_is_added_and_gaps_are_passed_over() -> None:
    """As a lossy format leaves it, and a gap of a recorder."""
    rng = np.random.default_rng(1)
    wave = np.clip(tone(), -0.5, 0.5) + rng.normal(0, 1e-4, 8000)
    assert clipped_share(wave) > 0.15
    wave[:100] = np.nan
    assert clipped_share(wave) > 0.15
    assert clipped_share(rng.normal(0, 1, 8000)) == 0
    assert clipped_share(np.full(10, np.nan)) == 0


def test_a_quiet_digital_channel_is_not_clipped() -> None:
    """Its values are few, and its ends often met."""
    rng = np.random.default_rng(1)
    assert clipped_share(np.round(rng.normal(0, 1, 8000))) == 0
