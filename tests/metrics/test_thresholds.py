"""The chosen threshold is the best of all thresholds, tried one by one."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.properties import examples

from rarewave.base.errors import DataError
from rarewave.metrics import thresholds
from rarewave.metrics.thresholds import Objective, choose, mean_sweep, sweep

NAMES = ["f1", "recall_at_precision", "precision_at_recall", "false_alarms_per_day"]
RULE = Objective("f1", precision=0.8, recall=0.8, false_alarms_per_day=50.0, prevalence=None)
HOP_S = 100.0


def measure(y: np.ndarray, p: np.ndarray, at: float, prevalence: float | None) -> dict[str, float]:
    """What a threshold gives, counted window by window, each class weighted to its share."""
    w = np.ones(len(y))
    if prevalence is not None:
        w = np.where(y == 1, prevalence / (y == 1).mean(), (1 - prevalence) / (y == 0).mean())
    tp, fp, fn = (
        w[hit].sum() for hit in ((y == 1) & (p >= at), (y == 0) & (p >= at), (y == 1) & (p < at))
    )
    return {
        "precision": tp / (tp + fp),
        "recall": tp / (tp + fn),
        "f1": 2 * tp / (2 * tp + fp + fn),
        "false_alarms_per_day": 86400 / HOP_S * fp / w.sum(),
    }


@st.composite
def scored(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, float | None]:
    """Both classes, scores with ties, perhaps a declared prevalence."""
    count = draw(st.integers(2, 30))
    y = np.array(draw(st.lists(st.integers(0, 1), min_size=count, max_size=count)))
    y[:2] = [0, 1]
    p = np.array(draw(st.lists(st.integers(0, 20), min_size=count, max_size=count))) / 20
    return y, p, draw(st.sampled_from([None, 0.01, 0.3, 1.0]))


@given(scored())
def test_the_sweep_is_that_of_reweighted_windows(
    case: tuple[np.ndarray, np.ndarray, float | None],
) -> None:
    """Precision, recall, F1 and false alarms at every score, at a declared prevalence too."""
    y, p, prevalence = case
    table = sweep(y, p, prevalence, HOP_S)
    np.testing.assert_array_equal(table["threshold"], np.unique(p)[::-1])
    for row, at in enumerate(table["threshold"]):
        if prevalence == 1.0 and not (y[p >= at] == 1).any():
            continue  # nothing is decided in such a world
        for name, value in measure(y, p, at, prevalence).items():
            assert table[name][row] == pytest.approx(value, abs=1e-9), name


@settings(max_examples=examples(150))
@given(scored(), st.sampled_from(NAMES), st.sampled_from([0.0, 0.3, 0.6, 0.9, 1.0]))
def test_the_choice_is_the_best_of_all(
    case: tuple[np.ndarray, np.ndarray, float | None], name: Any, wish: float
) -> None:
    """Every distinct score tried: none that is allowed is better; none allowed, the nearest."""
    y, p, prevalence = case
    prevalence = None if prevalence == 1.0 else prevalence
    rule = Objective(name, wish, wish, 900 * wish, prevalence)
    table = sweep(y, p, prevalence, HOP_S)
    found = choose(table, rule)
    every = [measure(y, p, at, prevalence) for at in np.unique(p)]
    small = 1e-9
    condition = {
        "f1": lambda m: True,
        "recall_at_precision": lambda m: m["precision"] >= wish - small,
        "precision_at_recall": lambda m: m["recall"] >= wish - small,
        "false_alarms_per_day": lambda m: m["false_alarms_per_day"] <= 900 * wish + small,
    }[name]
    aim = {"f1": "f1", "precision_at_recall": "precision"}.get(name, "recall")
    here = measure(y, p, found["threshold"], prevalence)
    for key, value in here.items():
        assert found[key] == pytest.approx(value, abs=1e-9)
    allowed = [m for m in every if condition(m)]
    assert found["met"] == bool(allowed)
    if allowed:
        assert condition(here)
        assert here[aim] == pytest.approx(max(m[aim] for m in allowed))
    elif name == "false_alarms_per_day":
        assert here[name] == pytest.approx(min(m[name] for m in every))
    else:
        goal = "precision" if name == "recall_at_precision" else "recall"
        assert here[goal] == pytest.approx(max(m[goal] for m in every))
    assert found["flat_low"] <= found["threshold"] <= found["flat_high"]
    if allowed:
        for at in np.unique(p):
            if found["flat_low"] <= at <= found["flat_high"]:
                assert measure(y, p, at, prevalence)[aim] >= 0.98 * here[aim] - small


def test_the_threshold_lies_half_way_to_the_next_score() -> None:
    """So that rounding cannot flip a decision; the lowest score stays itself."""
    y, p = np.array([0, 0, 1, 1]), np.array([0.1, 0.2, 0.6, 0.8])
    found = choose(sweep(y, p, None, HOP_S), RULE)
    assert found["threshold"] == pytest.approx(0.4)
    assert found["f1"] == 1
    every = choose(sweep(y[1:], np.array([0.9, 0.6, 0.8]), None, HOP_S), RULE)
    assert every["threshold"] == 0.6


def test_a_flat_optimum_is_told() -> None:
    """Scores between which F1 hardly changes."""
    y = np.repeat([1, 0], [500, 500])
    p = np.concatenate([np.linspace(0.9, 0.6, 500), np.linspace(0.2, 0.0, 500)])
    found = choose(sweep(y, p, None, HOP_S), RULE)
    assert found["f1"] == 1
    assert found["flat_high"] == pytest.approx(0.62, abs=0.01)
    assert found["flat_low"] == pytest.approx(0.2, abs=0.02)


def test_of_equal_precision_the_most_recall_is_taken() -> None:
    """A threshold that finds more at no price is better."""
    y, p = np.array([0, 1, 1]), np.array([0.1, 0.7, 0.8])
    rule = replace(RULE, objective="precision_at_recall", recall=0.5)
    assert choose(sweep(y, p, None, HOP_S), rule)["recall"] == 1


@pytest.mark.parametrize("y", [[0, 0], [1, 1]])
def test_a_class_that_is_absent_is_refused(y: list[int]) -> None:
    """Both counts are in the message."""
    counts = f"{sum(y)} event and {2 - sum(y)} background"
    with pytest.raises(DataError, match=f"both classes, and there are {counts}.*more groups"):
        sweep(np.array(y), np.array([0.1, 0.9]), None, HOP_S)


def test_scores_of_any_unit_can_be_swept() -> None:
    """A level in dB is no probability."""
    found: dict[str, Any] = choose(
        sweep(np.array([0, 1, 0, 1]), np.array([-30.0, 12.0, -5.0, 40.0]), None, HOP_S), RULE
    )
    assert found["threshold"] == pytest.approx(3.5)


def test_a_condition_met_exactly_is_met() -> None:
    """Nine of ten are a precision of 0.9, whatever the last bit of the sweep says."""
    y = np.array([0, 1, 1, 1, 0, 1, 1, 0, 0, 0, 1, 0, 1, 0, 1, 1, 1, 0])
    p = np.where(np.isin(np.arange(18), [0, 2, 3, 5, 6, 10, 12, 14, 15, 16]), 0.05, 0.0)
    rule = replace(RULE, objective="recall_at_precision", precision=0.9)
    found = choose(sweep(y, p, None, HOP_S), rule)
    assert found["met"] and found["precision"] == pytest.approx(0.9)


@settings(max_examples=examples(25))
@given(st.lists(scored(), min_size=1, max_size=4), st.integers(0, 9))
def test_the_mean_sweep_is_that_of_decisions_at_common_thresholds(
    cases: list[tuple[np.ndarray, np.ndarray, float | None]], offset: int
) -> None:
    """Every class decided at each threshold of 200ths; what nobody decides is worth nothing."""
    cases = [(y, 0.01 + 0.97 * p, None) for y, p, _ in cases]  # no score lies on a threshold
    table = mean_sweep([sweep(y, p, None, HOP_S) for y, p, _ in cases])
    np.testing.assert_allclose(table["threshold"], np.arange(200, -1, -1) / 200)
    for row in table[offset::10].to_dict("records"):
        wanted = {"precision": 0.0, "recall": 0.0, "f1": 0.0}
        for y, p, _ in cases:
            if (p >= row["threshold"]).any():
                found = measure(y, p, row["threshold"], None)
                wanted = {name: wanted[name] + found[name] / len(cases) for name in wanted}
        for name, value in wanted.items():
            assert row[name] == pytest.approx(value, abs=1e-9), (name, row["threshold"])


@pytest.mark.parametrize(("window_s", "name", "value"), [(1.0, "hour", 2.0), (60.0, "day", 48.0)])
def test_false_alarms_are_told_per_hour_of_calls(window_s: float, name: str, value: float) -> None:
    """And per day of what lasts minutes; what has none stays as it is."""
    found = {"threshold": 0.5, "false_alarms_per_day": 48.0}
    wanted = {"threshold": 0.5, f"false_alarms_per_{name}": value}
    assert thresholds.told(found, window_s) == wanted
    assert thresholds.told({"borrowed": True}, window_s) == {"borrowed": True}
