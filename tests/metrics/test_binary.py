"""Every score equals scikit-learn's, with weights and with ties; intervals respect groups."""

import warnings

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st
from support.properties import examples

from rarewave.metrics import binary, bootstrap

Case = tuple[np.ndarray, np.ndarray, np.ndarray | None]


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Labels of both classes, probabilities with many ties, and perhaps weights, some 0."""
    count = draw(st.integers(2, 40))
    y = np.array(draw(st.lists(st.integers(0, 1), min_size=count, max_size=count)))
    y[0], y[1] = 0, 1
    values = (
        st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.73, 1.0])
        if draw(st.booleans())
        else st.floats(0, 1)
    )
    p = np.array(draw(st.lists(values, min_size=count, max_size=count)))
    if draw(st.booleans()):
        return y, p, None
    weight = st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.0])
    w = np.array(draw(st.lists(weight, min_size=count, max_size=count)))
    w[:2] = 1.0  # both classes count
    return y, p, w


@settings(max_examples=examples(150))
@given(cases())
def test_ranking_scores_are_scikit_learns(case: Case) -> None:
    """Average precision and area under the ROC curve."""
    y, p, w = case
    assert binary.average_precision(y, p, w) == pytest.approx(
        sk.average_precision_score(y, p, sample_weight=w)
    )
    assert binary.roc_auc(y, p, w) == pytest.approx(sk.roc_auc_score(y, p, sample_weight=w))
    assert binary.brier(y, p, w) == pytest.approx(sk.brier_score_loss(y, p, sample_weight=w))


@settings(max_examples=examples(100))
@given(cases(), st.sampled_from([0.0, 0.25, 0.5, 0.6, 1.0, 1.1]))
def test_decisions_are_scored_as_by_scikit_learn(case: Case, threshold: float) -> None:
    """Counts, precision, recall and F1 of `score >= threshold`."""
    y, p, w = case
    decided = p >= threshold
    found = binary.detector_metrics(y, p, threshold, w)
    tn, fp, fn, tp = sk.confusion_matrix(y, decided, sample_weight=w, labels=[0, 1]).ravel()
    assert (found["tn"], found["fp"], found["fn"], found["tp"]) == pytest.approx((tn, fp, fn, tp))
    precision, recall, f1, _ = sk.precision_recall_fscore_support(
        y, decided, sample_weight=w, average="binary", zero_division=0.0
    )
    assert (found["precision"], found["recall"], found["f1"]) == pytest.approx(
        (precision, recall, f1)
    )
    mcc = sk.matthews_corrcoef(y, decided, sample_weight=w)
    assert found["mcc"] == pytest.approx(mcc, abs=1e-12)
    assert found["average_precision"] == binary.average_precision(y, p, w)
    assert "brier" not in binary.detector_metrics(y, p, threshold, w, probabilities=False)


@given(cases())
def test_the_curve_is_that_of_counting(case: Case) -> None:
    """Weighted hits and false alarms at every distinct score."""
    y, p, w = case
    w = np.ones(len(y)) if w is None else w
    found = binary.curve(y, p, w)
    np.testing.assert_array_equal(found["threshold"], np.unique(p)[::-1])
    for at, threshold in enumerate(found["threshold"]):
        assert found["tp"][at] == pytest.approx(w[(y == 1) & (p >= threshold)].sum())
        assert found["fp"][at] == pytest.approx(w[(y == 0) & (p >= threshold)].sum())
    assert found["positives"] == pytest.approx(w[y == 1].sum())
    assert found["negatives"] == pytest.approx(w[y == 0].sum())


def test_scores_that_have_no_meaning_are_nan() -> None:
    """A class that is absent, without a warning."""
    none, every = np.zeros(3), np.ones(3)
    p = np.array([0.1, 0.5, 0.9])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(binary.average_precision(none, p))
        assert np.isnan(binary.roc_auc(none, p))
        assert np.isnan(binary.roc_auc(every, p))
        assert np.isnan(binary.average_precision(every, p, np.zeros(3)))
        for decided in (none, every):  # no correlation with what does not vary
            assert binary.matthews(binary.confusion(np.array([0, 1, 1]), decided)) == 0
        assert binary.matthews(binary.confusion(none, p >= 0.5)) == 0
        found = binary.rates(binary.confusion(none, p >= 2))
        assert found["precision"] == 0
        assert np.isnan(found["recall"])
        assert np.isnan(found["f1"])


def test_the_calibration_error_by_hand() -> None:
    """Four windows in two bins, then with weights."""
    y = np.array([0, 1, 1, 1])
    p = np.array([0.15, 0.19, 0.95, 1.0])
    # bin 0.1-0.2: mean 0.17, observed 0.5; bin 0.9-1.0: mean 0.975, observed 1
    assert binary.calibration_error(y, p) == pytest.approx((2 * 0.33 + 2 * 0.025) / 4)
    w = np.array([3.0, 1.0, 2.0, 0.0])
    # mean (0.45 + 0.19) / 4 = 0.16, observed 1/4; mean 0.95, observed 1
    assert binary.calibration_error(y, p, w) == pytest.approx((4 * 0.09 + 2 * 0.05) / 6)
    rows = binary.reliability(y, p, w)
    assert [row["weight"] for row in rows] == [4.0, 2.0]
    assert rows[0]["probability"] == pytest.approx(0.16)
    assert rows[0]["observed"] == pytest.approx(0.25)


def test_a_calibrated_forecast_has_no_calibration_error() -> None:
    """Events as often as said."""
    p = np.repeat([0.05, 0.25, 0.65, 0.95], 100)
    y = np.concatenate([np.arange(100) < 100 * share for share in (0.05, 0.25, 0.65, 0.95)])
    assert binary.calibration_error(y.astype(int), p) == pytest.approx(0, abs=1e-12)


def test_recall_of_each_type_by_hand() -> None:
    """With and without weights; NaN where the weight of a type is 0."""
    types = np.array(["deep", "impact", "deep", "deep"])
    hits = np.array([True, False, False, True])
    assert binary.recall_per_type(types, hits) == pytest.approx({"deep": 2 / 3, "impact": 0})
    weighted = binary.recall_per_type(types, hits, np.array([2.0, 0.0, 2.0, 0.0]))
    assert weighted["deep"] == 0.5
    assert np.isnan(weighted["impact"])


@given(
    st.lists(
        st.tuples(st.sampled_from(["a", "b", "c", "dd"]), st.integers(0, 1)),
        min_size=1,
        max_size=30,
    ),
    st.integers(1, 20),
    st.integers(0, 99),
)
def test_a_resample_draws_whole_groups(
    windows: list[tuple[str, int]], resamples: int, seed: int
) -> None:
    """One whole number for all windows of a group; groups with an event drawn among their like."""
    groups, y = np.array([w[0] for w in windows]), np.array([w[1] for w in windows])
    weights = bootstrap.group_weights(groups, y, resamples, seed)
    assert weights.shape == (resamples, len(groups))
    assert (weights == np.round(weights)).all()
    drawn = {True: np.zeros(resamples), False: np.zeros(resamples)}
    names = {True: 0, False: 0}
    for name in set(groups):
        mine = weights[:, groups == name]
        assert (mine == mine[:, :1]).all()
        eventful = bool(y[groups == name].any())
        drawn[eventful] += mine[:, 0]
        names[eventful] += 1
    for eventful, count in names.items():
        assert (drawn[eventful] == count).all()
    np.testing.assert_array_equal(weights, bootstrap.group_weights(groups, y, resamples, seed))


def test_a_weighted_resample_is_one_of_repeated_windows() -> None:
    """A weight of 2 is the window twice."""
    rng = np.random.default_rng(0)
    y, p = rng.integers(0, 2, 30), rng.random(30).round(1)
    (w,) = bootstrap.group_weights(np.arange(30).astype(str), y, 1, 5)
    again = np.repeat(np.arange(30), w.astype(int))
    weighted, repeated = (
        binary.detector_metrics(y, p, 0.5, w), binary.detector_metrics(y[again], p[again], 0.5)
    )  # fmt: skip
    assert weighted == pytest.approx(repeated)


def test_an_interval_by_group_covers_the_truth() -> None:
    """Where windows of a group agree: 95 % of intervals, not the 40 % of single windows."""
    covered = {"group": 0, "window": 0}
    rng = np.random.default_rng(0)
    trials, groups, size = 200, 40, 20
    for trial in range(trials):
        hits = np.repeat(rng.random(groups) < 0.6, size)
        names = {
            "group": np.repeat(np.arange(groups), size).astype(str),
            "window": np.arange(groups * size).astype(str),
        }
        for kind, name in names.items():
            weights = bootstrap.group_weights(name, np.zeros(len(name)), 200, trial)
            means = np.array([np.average(hits, weights=w) for w in weights])
            low, high = bootstrap.interval(hits.mean(), means, len(set(name)))
            covered[kind] += low <= 0.6 <= high
    assert covered["group"] / trials == pytest.approx(0.95, abs=0.05)
    assert covered["window"] / trials < 0.6
