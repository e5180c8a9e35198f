"""Curves of what is found: against a maximised likelihood, scikit-learn and a known truth."""

import numpy as np
import pytest
from scipy import optimize
from scipy.special import expit, logit

from rarewave.metrics import recovery_curves
from rarewave.metrics.recovery_curves import Tested

HALF, SLOPE = -4.0, 0.5


def trial(
    seed: int, count: int = 300, half: float = HALF, slope: float = SLOPE
) -> tuple[np.ndarray, np.ndarray]:
    """Events from -30 to 20 dB, and which are found by a logistic curve."""
    rng = np.random.default_rng(seed)
    snr_db = np.linspace(-30, 20, count)
    return snr_db, rng.uniform(size=count) < expit(slope * (snr_db - half))


def put_in(snr_db: np.ndarray, **found: np.ndarray) -> Tested:
    return Tested(snr_db, found, -30.0, 20.0)


@pytest.mark.parametrize("count", [12, 60, 400])
def test_the_curve_has_the_highest_penalised_likelihood(count: int) -> None:
    """Firth's penalty is half the logarithm of the information's determinant."""
    x, hit = trial(1, count)

    def minus(ab: np.ndarray) -> float:
        p = np.clip(expit(ab[0] + ab[1] * x), 1e-12, 1 - 1e-12)
        design = np.stack([np.ones(len(x)), x])
        information = (design * (p * (1 - p))) @ design.T
        likelihood = np.log(np.where(hit, p, 1 - p)).sum()
        return -float(likelihood + 0.5 * np.linalg.slogdet(information)[1])

    best = optimize.minimize(minus, [0.0, 0.1], method="Nelder-Mead", tol=1e-10)
    found = recovery_curves.logistic(x, hit)[0]
    np.testing.assert_allclose(found, best.x, rtol=1e-3, atol=1e-4)


def test_of_many_events_it_is_that_of_scikit_learn() -> None:
    from sklearn.linear_model import LogisticRegression

    x, hit = trial(2, 20_000)
    fitted = LogisticRegression(C=1e9, tol=1e-10).fit(x[:, None], hit)
    found = recovery_curves.logistic(x, hit)[0]
    np.testing.assert_allclose(found, [fitted.intercept_[0], fitted.coef_[0, 0]], rtol=2e-3)


def test_weights_are_repetitions() -> None:
    """Up to the penalty: an event that counts three times is three events."""
    x, hit = trial(3, 80)
    weights = np.random.default_rng(0).integers(0, 4, 80).astype(float)
    twice = recovery_curves.logistic(x, hit, weights[None])[0]
    rows = np.repeat(np.arange(80), weights.astype(int))
    np.testing.assert_allclose(twice, recovery_curves.logistic(x[rows], hit[rows])[0], rtol=1e-6)


def test_hits_and_misses_apart_have_a_point_between_them() -> None:
    """No likelihood has a maximum then; and of hits alone the point lies at the end or below."""
    x = np.linspace(-10, 10, 21)
    curve = recovery_curves.logistic(x, x > 0.5)
    assert 0 < recovery_curves.point(curve, 0.5, -10, 10)[0] < 1
    for hit, at in ((np.ones(21, bool), -10), (np.zeros(21, bool), 10)):
        curve = recovery_curves.logistic(x, hit)
        assert np.isfinite(curve).all() and recovery_curves.point(curve, 0.5, -10, 10)[0] == at
    falls = recovery_curves.logistic(x, x < -4)
    assert recovery_curves.point(falls, 0.5, -10, 10)[0] == 10
    falls = recovery_curves.logistic(x, x < 4)
    assert recovery_curves.point(falls, 0.5, -10, 10)[0] == -10


def test_intervals_hold_a_known_truth() -> None:
    """Of 60 trials of 150 events at least 50: of the 90 % point they hold it in some 92 of 100."""
    held = {"half_db": 0, "ninety_db": 0}
    truth = {"half_db": HALF, "ninety_db": HALF + logit(0.9) / SLOPE}
    for seed in range(60):
        x, hit = trial(seed, 150)
        found = recovery_curves.points(put_in(x, network=hit), 200, seed)["network"]
        for key, at in truth.items():
            held[key] += found[key]["low"] <= at <= found[key]["high"]
    assert min(held.values()) >= 50, held


def test_the_same_events_are_paired() -> None:
    """A detector that needs 1 dB more is 1 dB worse, and more surely so than if told apart."""
    rng = np.random.default_rng(5)
    x = np.linspace(-30, 20, 300)
    easy = rng.logistic(0, 2, 300)  # what makes one event easier than another, for both alike
    both = put_in(x, network=x + easy > -4, sta_lta=x + easy > -3)
    known = recovery_curves.points(both, 400, 1)
    lead = recovery_curves.differences(known, "network")["sta_lta"]
    assert lead["low"] < 1 < lead["high"] and lead["bound"] == ""
    apart = sum(
        (known[name]["half_db"]["high"] - known[name]["half_db"]["low"]) ** 2 for name in known
    )
    assert lead["high"] - lead["low"] < 0.9 * np.sqrt(apart)
    same = recovery_curves.differences(known | {"again": known["network"]}, "network")["again"]
    assert (same["value"], same["low"], same["high"]) == (0, 0, 0)


def test_a_point_beyond_the_range_bounds_the_difference() -> None:
    x, hit = trial(7)
    never, ever = np.zeros(300, bool), np.ones(300, bool)
    known = recovery_curves.points(put_in(x, network=hit, blind=never, all=ever), 50, 1)
    beyond = {name: about["half_db"]["beyond"] for name, about in known.items()}
    assert beyond == {"network": "", "blind": "above", "all": "below"}
    leads = recovery_curves.differences(known, "network")
    assert leads["blind"]["bound"] == "at least" and leads["all"]["bound"] == "at most"
    assert recovery_curves.differences(known, "all")["network"]["bound"] == "at least"
    assert recovery_curves.differences(known, "blind")["network"]["bound"] == "at most"
    assert recovery_curves.differences(known, "blind")["all"]["bound"] == "unknown"


@pytest.mark.parametrize(("hits", "count"), [(0, 10), (3, 7), (20, 20)])
def test_shares_have_the_interval_of_wilson(hits: int, count: int) -> None:
    """By its formula: where the share lies 1.96 standard errors, of the end itself, away."""
    z = 1.959963984540054
    middle = (hits + z * z / 2) / (count + z * z)
    reach = z / (count + z * z) * np.sqrt(hits * (count - hits) / count + z * z / 4)
    found = recovery_curves.wilson(hits, count)
    np.testing.assert_allclose(found, [middle - reach, middle + reach], atol=1e-12)
    assert np.isnan(recovery_curves.wilson(0, 0)).all()


def test_steps_hold_every_event_once() -> None:
    x, hit = trial(9, 301)
    table = recovery_curves.bins(put_in(x, network=hit, other=~hit), 5.0)
    assert table.groupby("detector")["events"].sum().tolist() == [301, 301]
    assert table["found"].sum() == 301 and table["low_db"].min() == -30
    assert (table["high_db"].max(), len(table)) == (20, 20)
    shares = table[table["detector"] == "network"]["share"].to_numpy()
    assert shares[0] < 0.1 and shares[-1] > 0.9
