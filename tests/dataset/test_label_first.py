"""What to label first: levels above the background, kinds, and the choice among them."""

import numpy as np
import pandas as pd
import pytest

from rarewave.dataset import label_first
from rarewave.dataset.label_first import Windows


def table(count: int, recordings: int = 4) -> pd.DataFrame:
    """Windows of recordings, one after the other."""
    number = np.arange(count)
    return pd.DataFrame(
        {
            "recording_id": [f"r{k % recordings}" for k in number],
            "path": [f"r{k % recordings}.wav" for k in number],
            "start_s": number.astype(float),
            "end_s": number + 1.0,
            "above_db": np.zeros(count),
        }
    )


def test_levels_are_means_and_peaks_of_bands() -> None:
    """48 rows are 24 bands of two."""
    X = np.random.default_rng(1).normal(-30, 5, (3, 48, 7))
    found = label_first.levels(X)
    bands = X.reshape(3, 24, 2, 7).mean(axis=2)
    np.testing.assert_allclose(found, np.hstack([bands.mean(axis=2), bands.max(axis=2)]))


def test_fewer_rows_than_bands_are_bands_of_their_own() -> None:
    """No band is empty."""
    assert label_first.levels(np.ones((2, 9, 5))).shape == (2, 18)


def test_the_background_is_that_of_each_recording() -> None:
    """A gain of 40 dB in one of them changes nothing."""
    values = np.random.default_rng(1).normal(0, 1, (40, 6))
    names = pd.Series(["a"] * 20 + ["b"] * 20)
    loud = values + 40.0 * (names == "b").to_numpy()[:, None]
    found = label_first.above_background(loud, names)
    np.testing.assert_allclose(found, label_first.above_background(values, names))
    np.testing.assert_allclose(np.median(found[:20], axis=0), 0, atol=1e-12)


def test_clips_share_a_background() -> None:
    """Else every one of them would be its own, and all alike."""
    values = np.arange(12.0)[:, None] * np.ones(4)
    found = label_first.above_background(values, pd.Series([f"clip{k}" for k in range(12)]))
    np.testing.assert_allclose(found, values - 5.5)


@pytest.mark.parametrize("count", [1, 3, 200])
def test_every_kind_is_picked_from(count: int) -> None:
    """The loudest of each, at most four; one window is enough to go on."""
    rng = np.random.default_rng(count)
    windows = table(count).assign(above_db=rng.uniform(0, 30, count))
    centres = rng.normal(0, 50, (12, 5))
    features = centres[np.arange(count) % 12] + rng.normal(0, 1, (count, 5))
    found = label_first.pick(Windows(windows, features))
    picked = label_first.picked(found)
    assert set(picked["kind"]) == set(found["kind"]) and len(set(found["kind"])) == min(12, count)
    assert picked.groupby("kind").size().max() <= 4
    loudest = found.groupby("kind")["above_db"].max()
    assert picked.groupby("kind")["above_db"].max().tolist() == loudest.tolist()
    assert np.isfinite(found[["x", "y"]]).all().all()
