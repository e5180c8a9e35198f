"""Thresholds and scores that do not mean what they seem to are said."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import brier_score_loss

from rarewave.base.notices import Notice
from rarewave.base.tasks import Task
from rarewave.metrics import notices, thresholds
from rarewave.metrics.thresholds import Objective

EVENT = Task("event", ("background", "event"))


def edges(y: np.ndarray, p: np.ndarray, **objective: Any) -> list[Notice]:
    """What is said of the threshold that these scores give."""
    given = {"objective": "f1", "precision": 0.9, "recall": 0.9, "false_alarms_per_day": 1.0}
    rule = Objective(**(given | {"prevalence": None} | objective))
    truth = np.stack([1 - y, y], axis=1).astype(np.int8)
    table = pd.DataFrame({"p_background": 1 - p, "p_event": p})
    return notices.at_the_edge(*thresholds.of_each(EVENT, truth, table, rule, 10.0, "network"))


@pytest.fixture
def told() -> tuple[np.ndarray, np.ndarray]:
    """Labels, and scores that tell much of them."""
    rng = np.random.default_rng(0)
    y = (rng.random(400) < 0.2).astype(np.int8)
    return y, 1 / (1 + np.exp(2 - 3 * y - rng.normal(0, 1, 400)))


def test_a_threshold_within_the_scores_is_silent(told: tuple[np.ndarray, np.ndarray]) -> None:
    assert edges(*told) == []
    y = told[0]
    assert edges(y, np.where(y > 0, 1.0, 0.1)) == []  # all at the highest score, and no other


def test_a_threshold_at_the_lowest_score(told: tuple[np.ndarray, np.ndarray]) -> None:
    """Scores the wrong way round: best is to call everything an event."""
    y, p = told
    (notice,) = edges(y, 1 - p)
    assert notice.key == "threshold_at_edge"
    assert f"event (the lowest score, {(1 - p).min():.3g}: every window is" in notice.says


def test_a_threshold_at_the_highest_score(told: tuple[np.ndarray, np.ndarray]) -> None:
    """One event is surest, and below it background is."""
    y, _ = told
    p = np.where(y > 0, 0.2, 0.8)
    p[int(np.argmax(y))] = 0.9
    (notice,) = edges(y, p, objective="recall_at_precision", precision=1.0)
    assert notice.key == "threshold_at_edge"
    assert "event (the highest score, 0.85)" in notice.says


def test_an_objective_that_no_threshold_meets(told: tuple[np.ndarray, np.ndarray]) -> None:
    y, p = told
    p[int(np.argmin(y))] = 0.9999  # the surest is none
    found = edges(y, p, objective="recall_at_precision", precision=1.0)
    assert "objective_not_met" in [notice.key for notice in found]


def test_probabilities_worse_than_the_prevalence(told: tuple[np.ndarray, np.ndarray]) -> None:
    y, p = told
    truth = np.stack([1 - y, y], axis=1)
    assert notices.calibration(EVENT, truth, np.stack([1 - p, p], axis=1)) == []
    sure = np.clip(p + 0.6, 0, 1)
    (notice,) = notices.calibration(EVENT, truth, np.stack([1 - sure, sure], axis=1))
    mine, always = brier_score_loss(y, sure), brier_score_loss(y, np.full(400, y.mean()))
    assert notice.key == "calibration" and notice.value == pytest.approx(1 - mine / always)
    assert f"(Brier score {mine:.3f})" in notice.says and f"({always:.3f})" in notice.says


def test_a_baseline_as_good_as_the_network() -> None:
    best = {"baseline": "forest", "value": 0.05, "low": -0.1, "high": 0.2}
    assert notices.baseline_as_good(best, "average_precision") == []
    assert notices.baseline_as_good(None, "average_precision") == []
    (notice,) = notices.baseline_as_good(best | {"value": -0.02}, "average_precision")
    assert notice.key == "baseline_as_good" and notice.value == -0.02
    assert "baseline forest is as good: the network has -0.020 in average precision" in notice.says
    (worse,) = notices.baseline_as_good(best | {"value": -0.2, "high": -0.1}, "macro_f1")
    assert "is better by more than chance" in worse.says


def test_scores_of_few_groups() -> None:
    assert notices.few_units(5) == []
    (four,) = notices.few_units(4)
    assert four.value == 4 and "rest on 4 test groups" in four.says and "wide" in four.says
    (one,) = notices.few_units(1)
    assert "rest on 1 test group with" in one.says and "no interval can be given" in one.says


def test_tags_without_a_test_window() -> None:
    assert notices.without_positives([]) == []
    (notice,) = notices.without_positives(["owl", "wren"])
    assert notice.key == "without_positives" and notice.value == 2
    assert "no window of owl, wren: means over tags leave them out" in notice.says
