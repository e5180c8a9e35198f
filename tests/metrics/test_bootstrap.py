"""Intervals hold the truth as often as they say, also where groups are few."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from rarewave.experiments import summaries
from rarewave.metrics import binary
from rarewave.metrics.bootstrap import group_weights, interval


def recall_of(
    rng: np.random.Generator, groups: int
) -> tuple[float, np.ndarray, tuple[float, float]]:
    """Recall over groups that differ, its draws, and the percentiles of these."""
    share = rng.beta(4, 2, groups)
    hits = rng.random((groups, 12)) < share[:, None]
    y = np.ones(hits.size, np.int8)
    names = np.repeat(np.arange(groups).astype("U"), 12)
    weights = group_weights(names, y, 200, int(rng.integers(1 << 30)))
    draws = weights @ hits.ravel() / weights.sum(axis=1)
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(hits.mean()), draws, (low, high)


@pytest.mark.parametrize(("groups", "least_gained"), [(2, 0.3), (3, 0.15), (5, 0.05), (20, -0.02)])
def test_intervals_hold_the_truth_however_few_the_groups(groups: int, least_gained: float) -> None:
    """At least nine times of ten, where percentiles of the same draws do so half of the time."""
    rng = np.random.default_rng(groups)
    truth, held, held_by_percentiles = 4 / 6, 0, 0
    for _ in range(300):
        value, draws, (a, b) = recall_of(rng, groups)
        low, high = interval(value, draws, groups)
        held += low <= truth <= high
        held_by_percentiles += a <= truth <= b
    assert held / 300 >= 0.9
    assert (held - held_by_percentiles) / 300 >= least_gained


def test_one_group_has_no_interval() -> None:
    """Nothing is known of others."""
    assert np.isnan(interval(0.7, np.full(9, 0.7), 1)).all()


@given(st.integers(2, 50))
def test_a_score_of_one_or_nothing_has_the_bound_of_clopper_and_pearson(units: int) -> None:
    """As SciPy has it, for as many units all alike."""
    for value in (0.0, 1.0):
        exact = stats.binomtest(round(units * value), units).proportion_ci(method="exact")
        assert interval(value, np.full(20, value), units) == pytest.approx(tuple(exact))


@given(st.integers(0, 999), st.integers(2, 30), st.sampled_from([(0.0, 1.0), (-1.0, 1.0)]))
def test_an_interval_holds_its_value_and_keeps_within_limits(
    seed: int, units: int, limits: tuple[float, float]
) -> None:
    """Of any draws."""
    rng = np.random.default_rng(seed)
    draws = np.clip(rng.normal(rng.uniform(*limits), rng.uniform(0, 0.5), 50), *limits)
    value = float(rng.choice([draws[0], *limits]))
    low, high = interval(value, np.append(draws, np.nan), units, *limits)
    assert limits[0] <= low <= value <= high <= limits[1]


def test_two_groups_that_agree_are_not_certain() -> None:
    """Each found one of two: nobody knows the share to the last digit."""
    low, high = interval(0.5, np.full(100, 0.5), 2)
    assert low < 0.05 and high > 0.95
    assert interval(0.0, np.zeros(9), 8, -1.0, 1.0) == (0.0, 0.0)  # two detectors that decide alike


def test_more_groups_narrow_it() -> None:
    """The same draws, of more groups: less wide."""
    draws = np.random.default_rng(0).normal(0.6, 0.05, 500)
    widths = [np.diff(interval(0.6, draws, units))[0] for units in (2, 3, 5, 10, 40)]
    assert widths == sorted(widths, reverse=True)


def test_counts_have_no_upper_limit() -> None:
    """A number of hits is not a share."""
    draws = np.random.default_rng(0).normal(40, 5, 500)
    low, high = interval(40.0, draws, 12, 0.0, np.inf)
    reach = stats.t.ppf(0.975, 11) * draws.std() * np.sqrt(12 / 11)
    assert (low, high) == pytest.approx((40 - reach, 40 + reach))


@pytest.mark.parametrize(
    ("units", "said"),
    [(1, "1 group with what is to be found: no interval"), (4, "4 groups"), (5, "")],
)
def test_the_summary_says_that_groups_are_few(units: int, said: str) -> None:
    """Below five, and without brackets where there is but one."""
    import pandas as pd

    ends = (np.nan, np.nan) if units < 2 else (0.2, 0.9)
    rows = [("network", "average_precision", 0.7, *ends, units)]
    table = pd.DataFrame(rows, columns=["detector", "metric", "value", "low", "high", "units"])
    text = summaries.text(table)
    assert ("The test part rests on" in text) == bool(said)
    assert said in text
    assert ("[0.200, 0.900]" in text) == (units > 1)
    assert "nan" not in text
    assert binary.HEADLINE in text
