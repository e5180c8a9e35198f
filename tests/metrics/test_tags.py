"""Scores of tags are scikit-learn's."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics

from rarewave.metrics import tags

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
    accuracy = metrics.accuracy_score(truth, decided, sample_weight=weights)
    assert found["subset_accuracy"] == pytest.approx(accuracy)


def test_windows_without_any_tag_are_right_where_nothing_is_said() -> None:
    """And a tag that occurs nowhere is left out of the means."""
    truth = np.array([[0, 0, 0], [1, 0, 0]])
    found = tags.measure(truth, np.array([[0.1, 0.1, 0.1], [0.9, 0.1, 0.1]]), AT, NAMES)
    assert found["subset_accuracy"] == found["macro_f1"] == found["macro_average_precision"] == 1
    assert np.isnan(found["f1.b"]) and found["support.b"] == 0
