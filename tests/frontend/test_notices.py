"""What the floor hides is said; a floor that was chosen well is not spoken of."""

from dataclasses import replace

import numpy as np
import pytest

from rarewave.frontend import notices
from rarewave.frontend.spectrogram import Levels
from rarewave.frontend.transform import FrontEnd

BAND = np.arange(10) < 6  # the rows above are beyond the band-pass


def found(X: np.ndarray, floor_db: float) -> dict[str, float]:
    """Levels of spectrograms (n, 10, frames), clipped at the floor."""
    levels = Levels(floor_db, BAND)
    for part in np.array_split(np.maximum(X, floor_db).astype(np.float32), 3):
        levels.add(part)
    return levels.found()


@pytest.fixture(scope="module")
def spectra() -> np.ndarray:
    """Noise around -50 dB in the band, and nothing beyond it."""
    X = np.random.default_rng(0).normal(-50, 8, (90, 10, 12))
    X[:, ~BAND] = -200
    return X


def test_a_floor_just_below_the_noise_is_silent(spectra: np.ndarray) -> None:
    """Although 40 % of all cells lie at it: those that the band-pass took away."""
    levels = found(spectra, -70)
    assert levels["clipped_at_floor"] > 0.4 and levels["clipped_in_band"] < 0.01
    assert levels["black_windows"] == 0
    assert notices.of_levels(levels, -70) == []


def test_a_floor_above_the_noise_is_said_with_share_and_remedy(spectra: np.ndarray) -> None:
    levels = found(spectra, -40)
    share = (spectra[:, BAND] <= -40).mean()
    assert levels["clipped_in_band"] == pytest.approx(share)
    (notice,) = notices.of_levels(levels, -40)
    assert notice.key == "clipped_at_floor" and notice.value == pytest.approx(share)
    assert f"{share:.0%} of the power" in notice.says and "lower it" in notice.says


def test_black_windows_are_counted(spectra: np.ndarray) -> None:
    dark = spectra.copy()
    dark[:5] = -300
    levels = found(dark, -70)
    assert levels["black_windows"] == pytest.approx(5 / 90)
    (notice,) = notices.of_levels(levels, -70)
    assert notice.key == "black_windows" and "5.6% of the windows are black" in notice.says
    assert notices.of_levels(found(dark[4:94], -70) | {"black_windows": 0.005}, -70) == []


def test_a_floor_far_below_everything_is_of_no_use(spectra: np.ndarray) -> None:
    """None of its cells lies within 40 dB of it."""
    inside = spectra[:, BAND]
    X = np.concatenate([inside, inside[:, :4]], axis=1)
    (notice,) = notices.of_levels(found(X, -200), -200)
    assert notice.key == "floor_far_below" and notice.value == pytest.approx(X.min() + 200)
    assert "raise it" in notice.says
    assert notices.of_levels(found(X, X.min() - 32), X.min() - 32) == []  # as in species


def test_rows_in_band_are_those_of_the_band_pass(small_front_end: FrontEnd) -> None:
    hertz = small_front_end.frequencies_hz
    np.testing.assert_array_equal(small_front_end.in_band, (hertz >= 0.1) & (hertz <= 1.2))
    every = replace(
        small_front_end, clean=replace(small_front_end.clean, low_hz=None, high_hz=None)
    )
    assert every.in_band.all()
