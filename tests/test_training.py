"""Training repeats itself, feeds what it says, stops in time and keeps the best."""

import math
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from options import TRAINING
from sklearn.metrics import average_precision_score
from sklearn.utils.class_weight import compute_sample_weight

from rarewave import backend, normalisation, training
from rarewave.backend import keras
from rarewave.hyperparameters import Training

backend.start(2)

Labelled = tuple[np.ndarray, np.ndarray]
FRAMES = slice(0, 29)
TRAIN, VALIDATION = np.arange(0, 40), np.arange(40, 60)


def run(labelled: Labelled, options: Training) -> tuple[list[np.ndarray], list[dict], list[list]]:
    """Weights at the last checkpoint, the reports, and the scores at each checkpoint."""
    X, y = labelled
    scale = normalisation.fit(X[TRAIN], options.normalisation)
    reports: list[dict[str, float]] = []
    kept: list[Any] = []

    def checkpoint(model: keras.Model) -> None:
        kept.append(
            (model.get_weights(), training.predict(model, X, VALIDATION, scale), len(reports))
        )

    training.train(X, y, TRAIN, VALIDATION, scale, FRAMES, options, reports.append, checkpoint)
    return kept[-1][0], reports, kept


@pytest.mark.parametrize(
    "change",
    [{}, {"network": "band_context", "imbalance": "balanced", "schedule": "cosine"}],
    ids=["seed_cnn", "band_context"],
)
def test_the_same_seed_gives_the_same_weights(labelled: Labelled, change: dict[str, str]) -> None:
    """Bit for bit across two calls."""
    options = replace(TRAINING, **change)
    one, again = run(labelled, options), run(labelled, options)
    for a, b in zip(one[0], again[0], strict=True):
        np.testing.assert_array_equal(a, b)
    assert one[1] == again[1]


def test_every_epoch_is_reported_with_scores_of_validation(labelled: Labelled) -> None:
    """Average precision of scikit-learn, cross-entropy by hand, at the weights of that epoch."""
    _, y = labelled
    _, reports, kept = run(labelled, TRAINING)
    assert [row["epoch"] for row in reports] == [1, 2]
    _, p, epochs = kept[-1]
    row = reports[epochs - 1]
    truth = y[VALIDATION]
    assert row["val_average_precision"] == pytest.approx(average_precision_score(truth, p))
    wanted = -np.mean([math.log(q if t else 1 - q) for t, q in zip(truth, p, strict=True)])
    assert row["val_cross_entropy"] == pytest.approx(wanted, rel=1e-5)
    assert row["loss"] > 0


class Watched:
    """`EveryEpoch` with given validation scores instead of a network."""

    def __init__(self, precisions: list[float], patience: int) -> None:
        self.kept: list[int] = []
        self.epoch = 0
        y = np.array([1, 0, 0, 0])
        # of four windows the only event at rank r has an average precision of 1 / r
        ranks = [round(1 / p) for p in precisions]
        scores = [np.insert([0.9, 0.6, 0.3], r - 1, [0.0])[:4] for r in ranks]
        for s, r in zip(scores, ranks, strict=True):
            s[:] = [[1.0, 0.7, 0.5, 0.1][r - 1], 0.9, 0.6, 0.3]
        self.watch = training.EveryEpoch(
            lambda _: scores[self.epoch], y, patience, lambda _: None,
            lambda _: self.kept.append(self.epoch),
        )  # fmt: skip
        self.watch.set_model(type("Model", (), {"stop_training": False})())
        for self.epoch in range(len(precisions)):
            self.watch.on_epoch_end(self.epoch, {"loss": 1.0})
            if self.watch.model.stop_training:
                break


def test_the_best_epoch_is_kept_and_training_stops_in_time() -> None:
    """A checkpoint at every new best; a stop after `patience` epochs without one."""
    found = Watched([0.25, 0.5, 0.5, 1 / 3, 1.0, 0.5, 0.5, 0.5, 1.0], patience=3)
    assert found.kept == [0, 1, 4]
    assert found.epoch == 7  # 5, 6 and 7 are no better than 4


def test_training_goes_on_while_it_gets_better() -> None:
    """Patience counts from the best epoch, not from the first."""
    found = Watched([0.25, 0.25, 1 / 3, 1 / 3, 0.5, 0.5, 1.0], patience=2)
    assert found.kept == [0, 2, 4, 6]
    assert found.epoch == 6


def batches(labelled: Labelled, **change: Any) -> training.Batches:
    """The batches of the training rows, normalised by sample."""
    X, y = labelled
    scale = normalisation.fit(X, "sample")
    return training.Batches(X, y, TRAIN, scale, replace(TRAINING, **change), seed=1)


def test_an_epoch_holds_every_window_once(labelled: Labelled) -> None:
    """Normalised, with its own label; the last batch is not dropped; another order each epoch."""
    X, y = labelled
    feed = batches(labelled)
    scaled = normalisation.fit(X, "sample")(X[TRAIN])
    orders = []
    for _ in range(2):
        inputs = np.concatenate([feed[i][0] for i in range(len(feed))])
        targets = np.concatenate([feed[i][1] for i in range(len(feed))])[:, 0]
        assert [len(feed[i][0]) for i in range(len(feed))] == [16, 16, 8]
        match = np.array([np.flatnonzero((scaled == row).all(axis=(1, 2, 3)))[0] for row in inputs])
        assert sorted(match) == list(range(len(TRAIN)))
        np.testing.assert_array_equal(targets, y[TRAIN][match])
        orders.append(match)
        feed.on_epoch_end()
    assert (orders[0] != orders[1]).any()


def test_class_weights_are_scikit_learns(labelled: Labelled) -> None:
    """Each window weighs by the inverse share of its class in the training part."""
    feed = batches(labelled, imbalance="class_weights")
    targets = np.concatenate([feed[i][1] for i in range(len(feed))])[:, 0]
    weights = np.concatenate([feed[i][2] for i in range(len(feed))])
    np.testing.assert_allclose(weights, compute_sample_weight("balanced", targets), rtol=1e-6)
    assert len(batches(labelled)[0]) == 2


def test_the_focal_loss_by_hand() -> None:
    """Lin et al. (2017): -alpha_t (1 - p_t)^gamma log p_t, the mean over windows."""
    model = training.compiled(
        (17, 29, 1), FRAMES, replace(TRAINING, loss="focal", focal_gamma=3.0, focal_alpha=0.7), 10
    )
    truth, p = [1.0, 0.0, 1.0], [0.9, 0.2, 0.3]
    wanted = (
        -(
            0.7 * 0.1**3 * math.log(0.9)
            + 0.3 * 0.2**3 * math.log(0.8)
            + 0.7 * 0.7**3 * math.log(0.3)
        )
        / 3
    )
    found = model.loss(np.array(truth)[:, None], np.array(p)[:, None])
    assert float(found) == pytest.approx(wanted, rel=1e-4)


def test_the_cosine_schedule_ends_at_nothing() -> None:
    """From the learning rate down over the whole training; constant stays."""
    rate = training.compiled(
        (17, 29, 1), FRAMES, replace(TRAINING, schedule="cosine", learning_rate=0.01), 100
    ).optimizer._learning_rate
    assert [float(rate(step)) for step in (0, 50, 100)] == pytest.approx([0.01, 0.005, 0.0])
    constant = training.compiled((17, 29, 1), FRAMES, TRAINING, 100).optimizer
    assert float(constant.learning_rate) == pytest.approx(0.001)


def test_probabilities_do_not_depend_on_the_batch(
    labelled: Labelled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows in the order asked for; none for none."""
    X, _ = labelled
    scale = normalisation.fit(X, "sample")
    model = training.compiled((17, 29, 1), FRAMES, TRAINING, 1)
    rows = np.array([5, 3, 59, 0, 7])
    whole = training.predict(model, X, rows, scale)
    assert whole.dtype == np.float64
    monkeypatch.setattr(training, "PREDICT_BATCH", 2)
    np.testing.assert_allclose(training.predict(model, X, rows, scale), whole, atol=1e-6)
    np.testing.assert_allclose(
        whole, np.asarray(model(scale(X[rows]), training=False))[:, 0], atol=1e-6
    )
    assert training.predict(model, X, rows[:0], scale).shape == (0,)


def seconds(work: Callable[[], object]) -> float:
    """Time of one call."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def test_feeding_costs_less_than_a_tenth_of_an_epoch() -> None:
    """All batches of an epoch, against the epoch on ready arrays; the least of each, in turn."""
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    X = rng.standard_normal((256, 129, 32, 1)).astype(np.float32)
    y = (rng.random(256) < 0.3).astype(np.int8)
    scale = normalisation.fit(X, "sample")
    options = replace(TRAINING, batch_size=64)
    feed = training.Batches(X, y, np.arange(256), scale, options, 1)
    ready, targets = scale(X), y.astype(np.float32)[:, None]
    model = training.compiled((129, 32, 1), slice(0, 32), options, 100)
    model.train_on_batch(ready[:64], targets[:64])
    fed, given = [], []
    for _ in range(3):
        fed.append(seconds(lambda: [feed[number] for number in range(len(feed))]))
        given.append(seconds(lambda: model.fit(ready, targets, batch_size=64, verbose=0)))
    assert min(fed) < 0.1 * min(given)
