"""Training that did not learn is said."""

import numpy as np
import pytest

from rarewave.base.tasks import Task
from rarewave.training import notices

CHANCE = 0.1


def history(losses: list[float], score: float) -> tuple[list[dict], dict]:
    """Epochs of these losses, and the row that is kept."""
    rows = [
        {"epoch": n + 1, "loss": loss, "val_average_precision": score}
        for n, loss in enumerate(losses)
    ]
    return rows, rows[-1]


def test_training_that_learns_is_silent() -> None:
    assert notices.not_learnt(*history([0.7, 0.4, 0.3, 0.2, 0.15, 0.16], 0.6), CHANCE) == []
    assert notices.not_learnt(*history([0.2, 0.19], 0.6), CHANCE) == []  # says nothing yet
    assert notices.not_learnt(*history([0.7, 0.3], 0.6), float("nan")) == []


def test_a_score_at_chance() -> None:
    (notice,) = notices.not_learnt(*history([0.7, 0.4, 0.3, 0.2, 0.1], 0.12), CHANCE)
    assert notice.key == "score_at_chance" and notice.value == 0.12
    assert "is 0.120, and guessing gives 0.100" in notice.says


def test_a_flat_loss() -> None:
    (notice,) = notices.not_learnt(*history([0.7, 0.69, 0.695, 0.69, 0.68], 0.5), CHANCE)
    assert notice.key == "flat_loss" and notice.value == pytest.approx(1 - 0.68 / 0.7)
    assert "fell by 2.9% in 5 epochs" in notice.says


def test_a_diverging_loss() -> None:
    (notice,) = notices.not_learnt(*history([0.7, 0.4, 0.5, 0.9, 1.4], 0.5), CHANCE)
    assert notice.key == "diverging_loss" and notice.value == pytest.approx(2)
    assert "rose from 0.7 to 1.4" in notice.says


def test_chance_is_the_mean_share_of_what_occurs() -> None:
    task = Task("classes", ("background", "a", "b", "absent"))
    truth = np.zeros((10, 4), np.int8)
    truth[:7, 0] = truth[7:9, 1] = truth[9:, 2] = 1
    assert notices.chance(task, truth) == pytest.approx((0.2 + 0.1) / 2)
    assert np.isnan(notices.chance(task, truth[:7]))
