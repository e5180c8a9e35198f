"""Drift: found where it is, not where windows only overlap, and said in a sentence."""

import numpy as np
import pytest
from scipy import stats

from rarewave.measurement import drift

NAMES = ["mean_db", "entropy", "dominant_hz"]


def world(
    recordings: int, windows: int, seed: int, shift: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Windows (n, 3) of recordings that differ among themselves more than their windows do."""
    rng = np.random.default_rng(seed)
    own = rng.normal(size=(recordings, 1, 3))
    values = own + 0.2 * rng.normal(size=(recordings, windows, 3))
    values[..., 0] += shift
    return values.reshape(-1, 3), np.repeat(np.arange(recordings), windows)


def test_what_moved_is_found_and_what_did_not_is_not() -> None:
    """One of three, with the p of SciPy over one median a recording."""
    old, new = world(30, 40, 1), world(25, 40, 2, shift=3.0)
    table = drift.compare(NAMES, *old, *new)
    assert table["statistic"].iloc[0] == "mean_db"
    assert table["differs"].tolist() == [True, False, False]
    medians = [drift.by_recording(*one)[:, 0] for one in (old, new)]
    assert table["p"].iloc[0] == stats.ks_2samp(*medians).pvalue
    np.testing.assert_allclose(medians[0], np.median(old[0].reshape(30, 40, 3), axis=1)[:, 0])
    said = drift.said(table, 30, 25)
    assert said.startswith("1 of 3 statistics differ from training at a false discovery rate of 5%")
    assert "30 of training, 25 new" in said and "1 of them by a lot; most differs the mean" in said


def test_windows_of_few_recordings_are_not_taken_for_many() -> None:
    """Two sets of one distribution: over windows nearly always `sure`, over recordings rarely."""
    sure, windows = 0, 0
    for seed in range(40):
        old, new = world(12, 30, seed), world(12, 30, 1000 + seed)
        sure += drift.compare(NAMES, *old, *new)["differs"].any()
        windows += stats.ks_2samp(old[0][:, 0], new[0][:, 0]).pvalue < 0.05
    assert windows > 30 and sure <= 5  # 5 % of 40 are 2


def test_numbers_that_a_package_rounded_are_still_the_same() -> None:
    """Frequencies of rows are few, and lie on the borders of tenths: float32 is no drift."""
    rows = np.geomspace(453, 7570, 24)
    values = np.random.default_rng(1).choice(rows, 3000)[:, None]
    recording = np.repeat(np.arange(30), 100)
    table = drift.compare(["dominant_hz"], values.astype(np.float32), recording, values, recording)
    assert table["stability"].iloc[0] == 0 and table["ks"].iloc[0] == 0


def test_two_recordings_are_too_few_to_be_sure() -> None:
    """However far they lie: no two samples of so few can have a small p."""
    old, new = world(3, 40, 1), world(2, 40, 2, shift=50.0)
    table = drift.compare(NAMES, *old, *new)
    assert not table["differs"].any() and table["size"].iloc[0] == "large"
    assert drift.least_p(3, 2) == pytest.approx(stats.ks_2samp([1, 2, 3], [8, 9]).pvalue)
    said = drift.said(table, 3, 2)
    assert said.startswith("Too few recordings for a test") and "most the mean [dB]" in said


def test_the_index_is_its_formula() -> None:
    """Tenths of training, half a count added to each; 0 for the same sample."""
    rng = np.random.default_rng(3)
    old, new = rng.normal(size=1000), rng.normal(0.5, 1, 600)
    edges = [-np.inf, *np.quantile(old, np.arange(1, 10) / 10), np.inf]
    a, b = ((np.histogram(x, edges)[0] + 0.5) / (len(x) + 5) for x in (old, new))
    assert drift.stability(old, new) == pytest.approx(((b - a) * np.log(b / a)).sum(), rel=1e-9)
    assert drift.stability(old, old) == pytest.approx(0, abs=1e-12)
    assert drift.stability(np.zeros(50), np.zeros(20)) < drift.MODERATE
    assert drift.stability(np.zeros(50), np.ones(20)) > drift.LARGE


def test_what_is_nowhere_measured_is_left_out() -> None:
    """As the dominant frequency of MFCC."""
    old, new = world(9, 5, 1), world(9, 5, 2)
    old[0][:, 2] = np.nan
    assert set(drift.compare(NAMES, *old, *new)["statistic"]) == {"mean_db", "entropy"}
