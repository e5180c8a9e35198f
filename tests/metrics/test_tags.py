"""Scores of tags are scikit-learn's."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics

from rarewave.metrics import binary, tags

NAMES = ["a", "b", "c"]
AT = {"a": 0.5, "b": 0.3, "c": 0.8}


@st.composite
def scored(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Truth, probabilities with ties, and weights of a bootstrap."""
    count = draw(st.integers(1, 30))
    rng = np.random.default_rng(draw(st.integers(0, 9999)))
    truth = (rng.random((count, 3)) < draw(st.sampled_from([0.2, 0.5]))).astype(np.int8)
    p = np.round(np.clip(0.4 * truth + rng.random((count, 3)) * 0.7, 0, 1), 1)
    return truth, p, rng.integers(1, 4, count).astype(float)


@given(scored())
def test_every_score_is_scikit_learns(case: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    """Of each tag, macro over those that occur, micro over all, and of whole windows."""
    truth, p, weights = case
    found = tags.measure(truth, p, AT, NAMES, weights)
    decided = (p >= np.array([AT[name] for name in NAMES])).astype(int)
    there = np.flatnonzero(truth.sum(axis=0))
    options = {"sample_weight": weights, "zero_division": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        each = metrics.precision_recall_fscore_support(truth, decided, average=None, **options)
        micro = metrics.f1_score(truth, decided, average="micro", **options)
        ranked = metrics.average_precision_score(truth, p, average=None, sample_weight=weights)
    for k, name in enumerate(NAMES):
        assert found[f"support.{name}"] == pytest.approx(each[3][k])
        for number, metric in enumerate(("precision", "recall", "f1")):
            value = found[f"{metric}.{name}"]
            assert value == pytest.approx(each[number][k]) if k in there else np.isnan(value)
    if len(there):
        for number, metric in enumerate(("macro_precision", "macro_recall", "macro_f1")):
            assert found[metric] == pytest.approx(np.mean(each[number][there]))
        mean = np.mean(ranked[there]) if len(there) else np.nan
        assert found["macro_average_precision"] == pytest.approx(mean)
        assert found["micro_f1"] == pytest.approx(micro)
    else:
        assert np.isnan(found["macro_average_precision"])
    for k in there:
        assert found[f"average_precision.{NAMES[k]}"] == pytest.approx(ranked[k])
    accuracy = metrics.accuracy_score(truth, decided, sample_weight=weights)
    assert found["subset_accuracy"] == pytest.approx(accuracy)


def test_windows_without_any_tag_are_right_where_nothing_is_said() -> None:
    """And a tag that occurs nowhere is left out of the means."""
    truth = np.array([[0, 0, 0], [1, 0, 0]])
    found = tags.measure(truth, np.array([[0.1, 0.1, 0.1], [0.9, 0.1, 0.1]]), AT, NAMES)
    assert found["subset_accuracy"] == found["macro_f1"] == found["macro_average_precision"] == 1
    assert np.isnan(found["f1.b"]) and found["support.b"] == 0


@given(scored())
def test_areas_under_the_roc_are_scikit_learns(
    case: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    """Of each tag, of the mean over them, of all in a row; d' is the normal quantile of it."""
    truth, p, weights = case
    found = tags.measure(truth, p, AT, NAMES, weights)
    areas = []
    for k, name in enumerate(NAMES):
        if 0 < truth[:, k].sum() < len(truth):
            area = metrics.roc_auc_score(truth[:, k], p[:, k], sample_weight=weights)
            areas.append(area)
            assert found[f"roc_auc.{name}"] == pytest.approx(area)
            quantile = np.sqrt(2) * stats.norm.ppf(np.clip(found[f"roc_auc.{name}"], 0, 1))
            assert found[f"d_prime.{name}"] == pytest.approx(quantile)
        else:
            assert np.isnan(found[f"roc_auc.{name}"]) and np.isnan(found[f"d_prime.{name}"])
    if areas:
        assert found["macro_roc_auc"] == pytest.approx(np.mean(areas))
    everything = truth.ravel(), p.ravel()
    each = np.repeat(weights, len(NAMES))
    if 0 < truth.sum() < truth.size:
        area = metrics.roc_auc_score(*everything, sample_weight=each)
        assert found["micro_roc_auc"] == pytest.approx(area)
        area = metrics.average_precision_score(*everything, sample_weight=each)
        assert found["micro_average_precision"] == pytest.approx(area)


@given(scored())
def test_the_best_f1_is_the_highest_over_thresholds(
    case: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    """Each distinct score is one."""
    truth, p, weights = case
    found = tags.measure(truth, p, AT, NAMES, weights)
    for k, name in enumerate(NAMES):
        y = truth[:, k]
        if not y.any():
            assert np.isnan(found[f"best_f1.{name}"])
            continue
        values = [
            metrics.f1_score(y, p[:, k] >= at, sample_weight=weights, zero_division=0)
            for at in np.unique(p[:, k])
        ]
        assert found[f"best_f1.{name}"] == pytest.approx(max(values))


def per_sample_precisions(scores: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`_one_sample_positive_class_precisions` as DCASE 2019 published it for its task 2."""
    num_classes = scores.shape[0]
    pos_class_indices = np.flatnonzero(truth > 0)
    if not len(pos_class_indices):
        return pos_class_indices, np.zeros(0)
    retrieved_classes = np.argsort(scores)[::-1]
    class_rankings = np.zeros(num_classes, dtype=np.int_)
    class_rankings[retrieved_classes] = range(num_classes)
    retrieved_class_true = np.zeros(num_classes, dtype=np.bool_)
    retrieved_class_true[class_rankings[pos_class_indices]] = True
    retrieved_cumulative_hits = np.cumsum(retrieved_class_true)
    precision_at_hits = retrieved_cumulative_hits[class_rankings[pos_class_indices]] / (
        1 + class_rankings[pos_class_indices].astype(float)
    )
    return pos_class_indices, precision_at_hits


def test_label_ranking_is_that_of_dcase_2019() -> None:
    """`calculate_per_class_lwlrap`, weighted by how frequent each class is; windows of nothing."""
    rng = np.random.default_rng(0)
    truth = (rng.random((60, 7)) < 0.3).astype(np.int8)
    truth[:5] = 0
    p = rng.random((60, 7))
    precisions = np.zeros((60, 7))
    for number in range(60):
        at, values = per_sample_precisions(p[number], truth[number])
        precisions[number, at] = values
    labels_per_class = truth.sum(axis=0)
    per_class = precisions.sum(axis=0) / np.maximum(1, labels_per_class)
    wanted = (per_class * labels_per_class / labels_per_class.sum()).sum()
    names = [str(k) for k in range(7)]
    found = tags.measure(truth, p, dict.fromkeys(names, 0.5), names)
    assert found["lwlrap"] == pytest.approx(wanted)


@given(scored())
def test_label_ranking_is_scikit_learns_weighted_by_labels(
    case: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    """`calculate_overall_lwlrap_sklearn` of DCASE 2019, with the weights of a resample."""
    truth, p, weights = case
    found = tags.measure(truth, p, AT, NAMES, weights)["lwlrap"]
    some = np.flatnonzero(truth.sum(axis=1))
    if not len(some):
        assert np.isnan(found)
        return
    wanted = metrics.label_ranking_average_precision_score(
        truth[some], p[some], sample_weight=(truth.sum(axis=1) * weights)[some]
    )
    assert found == pytest.approx(wanted)


@given(scored(), st.booleans())
def test_all_tags_at_once_are_one_after_another(
    case: tuple[np.ndarray, np.ndarray, np.ndarray], ties: bool
) -> None:
    """The scores of an event, tag by tag, also where a resample leaves windows out."""
    truth, p, weights = case
    p = p if ties else p + 1e-6 * np.arange(p.size).reshape(p.shape)
    weights = weights - 1
    if not weights.any():
        return
    found = tags.measure(truth, p, AT, NAMES, weights, tags.known(truth, p))
    for k, name in enumerate(NAMES):
        wanted = binary.detector_metrics(truth[:, k], p[:, k], AT[name], weights)
        if not weights @ truth[:, k]:
            wanted = dict.fromkeys(wanted, np.nan)
        for key in ("precision", "recall", "f1", "average_precision", "roc_auc"):
            assert found[f"{key}.{name}"] == pytest.approx(wanted[key], nan_ok=True)


def test_a_tag_that_is_told_apart_wholly_has_no_finite_d_prime() -> None:
    truth = np.array([[0, 0, 0], [1, 0, 0]])
    found = tags.measure(truth, np.array([[0.1, 0.1, 0.1], [0.9, 0.1, 0.1]]), AT, NAMES)
    assert found["roc_auc.a"] == 1 and found["d_prime.a"] == np.inf
