"""Training repeats itself, feeds what it says, stops in time and keeps the best."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, get_args, get_type_hints

import numpy as np
import pytest
from sklearn.metrics import (
    average_precision_score,
    log_loss,
    precision_score,
    recall_score,
)
from sklearn.utils.class_weight import compute_sample_weight
from support import tasks
from support.changes import changing
from support.options import TRAINING
from support.speed import times_as_fast

from rarewave.base.errors import DataError
from rarewave.base.tasks import Task
from rarewave.frontend import normalisation, spectrogram
from rarewave.frontend.transform import FrontEnd
from rarewave.networks import backend, inference, registry
from rarewave.networks.backend import keras
from rarewave.training import fit
from rarewave.training.augmentation.options import Augmentation
from rarewave.training.averaging import Average
from rarewave.training.batches import Batches, Examples
from rarewave.training.hyperparameters import Training

backend.start(2)

Labelled = tuple[np.ndarray, np.ndarray]
FRAMES = slice(0, 29)
TRAIN, VALIDATION = np.arange(0, 40), np.arange(40, 60)
NOTHING = changing()
SONGS = Task("classes", ("background", "a", "b"))


def one_hot(y: np.ndarray, classes: int) -> np.ndarray:
    """Targets (n, classes)."""
    return np.eye(classes, dtype=np.int8)[y]


@pytest.fixture(scope="module")
def events(labelled: Labelled) -> Examples:
    """Background and event: one output."""
    X, y = labelled
    return Examples(tasks.EVENT, X, y, one_hot(y, 2), None)


@pytest.fixture(scope="module")
def songs(labelled: Labelled) -> Examples:
    """Three classes, background the first; every sixth window holds both calls."""
    X, _ = labelled
    X = X.copy()
    y = (np.arange(60) % 3).astype(np.int8)
    targets = one_hot(y, 3)
    targets[2::6, 1] = 1
    for row in range(60):
        for kind in np.flatnonzero(targets[row, 1:]):
            X[row, 3 + 6 * kind : 8 + 6 * kind] += 6
    return Examples(SONGS, X, y, targets, None)


def fresh(
    outputs: int, options: Training, steps: int, shape: tuple[int, int, int] = (17, 29, 1)
) -> keras.Model:
    """A network with loss and optimiser, as many windows of each class."""
    model = registry.build(options.network, shape, tasks.of_outputs(outputs), slice(0, shape[1]))
    counts = np.full(max(outputs, 2), 10)
    return fit.compiled(model, options, steps, tasks.of_outputs(outputs), counts)


def started(
    examples: Examples, front: FrontEnd, options: Training, channels: int = 1
) -> keras.Model:
    """The network from the seed, as it starts without pretraining."""
    keras.utils.set_random_seed(options.seed)
    shape = (*examples.X.shape[1:3], channels)
    model = registry.build(
        options.network, shape, tasks.of_outputs(1), front.window_frames, options.width
    )
    return fit.start(registry.encoder(model), examples.task, front, channels, options)


def run(
    examples: Examples, front: FrontEnd, options: Training, changes: Augmentation = NOTHING
) -> tuple[list[np.ndarray], list[dict], list[tuple]]:
    """Weights at the last checkpoint, the reports, and the scores at each checkpoint."""
    scale = normalisation.fit(examples.X[TRAIN], options.normalisation)
    reports: list[dict[str, float]] = []
    kept: list[Any] = []

    def checkpoint(model: keras.Model) -> None:
        p = inference.predict(model, examples.X, VALIDATION, scale, examples.task)
        kept.append((model.get_weights(), p, len(reports)))

    fit.train(
        started(examples, front, options, scale.channels),
        examples,
        TRAIN,
        VALIDATION,
        scale,
        front,
        options,
        changes,
        reports.append,
        checkpoint,
    )
    return kept[-1][0], reports, kept


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("events", {}),
        ("events", {"network": "band_context", "imbalance": "balanced", "schedule": "cosine"}),
        (
            "songs",
            {"network": "sound_net", "weight_decay": 0.01, "warmup": 0.3, "schedule": "cosine"},
        ),
    ],
    ids=["seed_cnn", "band_context", "sound_net"],
)
def test_the_same_seed_gives_the_same_weights(
    request: pytest.FixtureRequest, small_front_end: FrontEnd, kind: str, change: dict[str, Any]
) -> None:
    """Bit for bit across two calls, augmentation too; another seed, other weights."""
    examples = request.getfixturevalue(kind)
    options = replace(TRAINING, **change)
    changes = changing(gain={"p": 0.5, "db": 6.0}, background={"p": 0.5}, mixup={"p": 0.5})
    one, again = (run(examples, small_front_end, options, changes) for _ in range(2))
    for a, b in zip(one[0], again[0], strict=True):
        np.testing.assert_array_equal(a, b)
    assert one[1] == again[1]
    other = run(examples, small_front_end, replace(options, seed=2), changes)
    assert other[1] != one[1]


def test_every_epoch_is_reported_with_scores_of_validation(
    events: Examples, small_front_end: FrontEnd
) -> None:
    """Those of scikit-learn, cross-entropy by hand, at the weights of that epoch."""
    _, reports, kept = run(events, small_front_end, TRAINING)
    assert [row["epoch"] for row in reports] == [1, 2]
    _, p, epochs = kept[-1]
    row = reports[epochs - 1]
    truth, decided = events.y[VALIDATION], p[:, 1] >= 0.5
    assert row["val_average_precision"] == pytest.approx(average_precision_score(truth, p[:, 1]))
    assert row["val_cross_entropy"] == pytest.approx(log_loss(truth, p[:, 1]), rel=1e-5)
    assert row["val_precision"] == pytest.approx(precision_score(truth, decided, zero_division=0))
    assert row["val_recall"] == pytest.approx(recall_score(truth, decided))
    assert row["val_accuracy"] == pytest.approx(np.mean(truth == decided))
    assert row["loss"] > 0


def test_several_classes_are_scored_in_the_mean(songs: Examples, small_front_end: FrontEnd) -> None:
    """Over the classes that are no background, a window of two calls counting for both."""
    _, reports, kept = run(songs, small_front_end, TRAINING)
    _, p, epochs = kept[-1]
    assert p.shape == (20, 3)
    row = reports[epochs - 1]
    truth, decided = songs.truth[VALIDATION], np.argmax(p, axis=1)
    calls = truth[:, 1:], one_hot(decided, 3)[:, 1:]
    wanted = average_precision_score(truth[:, 1:], p[:, 1:], average="macro")
    assert row["val_average_precision"] == pytest.approx(wanted)
    recall = recall_score(*calls, average="macro", zero_division=0)
    assert row["val_recall"] == pytest.approx(recall)
    precision = precision_score(*calls, average="macro", zero_division=0)
    assert row["val_precision"] == pytest.approx(precision)
    assert row["val_accuracy"] == pytest.approx(np.mean(decided == songs.y[VALIDATION]))
    share = truth / truth.sum(axis=1, keepdims=True)
    assert row["val_cross_entropy"] == pytest.approx(-np.mean((share * np.log(p)).sum(axis=1)))


@pytest.mark.parametrize("network", ["sound_net", "call_cnn", "frame_net"])
def test_networks_learn_to_tell_calls_apart(
    songs: Examples, small_front_end: FrontEnd, network: Any
) -> None:
    """From forty windows in twelve epochs, through the whole of training."""
    options = replace(TRAINING, network=network, epochs=12, patience=12, normalisation="dataset")
    _, reports, _ = run(songs, small_front_end, replace(options, learning_rate=0.003))
    assert max(row["val_average_precision"] for row in reports) > 0.9
    assert reports[-1]["loss"] < reports[0]["loss"]


class Watched:
    """`EveryEpoch` with given validation scores instead of a network."""

    def __init__(self, precisions: list[float], patience: int, keep: Any = "best") -> None:
        self.kept: list[int] = []
        self.epoch = 0
        y = np.array([1, 0, 0, 0])
        # of four windows the only event at rank r has an average precision of 1 / r
        ranks = [round(1 / p) for p in precisions]
        scores = [np.array([[1.0, 0.7, 0.5, 0.1][r - 1], 0.9, 0.6, 0.3]) for r in ranks]
        examples = Examples(tasks.EVENT, np.zeros((4, 1, 1, 1), np.float32), y, one_hot(y, 2), None)
        options = replace(TRAINING, patience=patience, keep=keep, epochs=len(precisions))
        self.watch = fit.EveryEpoch(
            lambda _: np.stack([1 - scores[self.epoch], scores[self.epoch]], axis=1),
            examples, np.arange(4), options, Average(0.0, list), lambda _: None,
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


def test_the_last_epoch_is_kept_where_that_is_wanted() -> None:
    """Whatever its score, after all epochs, and nothing before."""
    found = Watched([1.0, 0.5, 0.25, 0.25, 0.25, 0.5], patience=2, keep="last")
    assert found.kept == [5]
    assert found.epoch == 5


@pytest.mark.parametrize("keep", ["best", "last"])
def test_weights_that_are_no_numbers_end_training(keep: str) -> None:
    """Before they are kept."""
    watched = Watched([0.5], patience=2, keep=keep)
    watched.kept.clear()
    watched.watch.score = lambda _: np.full((4, 2), np.nan)
    with pytest.raises(DataError, match=r"training diverged in epoch 3: lower train\.learning"):
        watched.watch.on_epoch_end(2, {"loss": 1.0})
    assert not watched.kept


@pytest.fixture
def feed_of(small_front_end: FrontEnd) -> Callable[..., Batches]:
    """A maker of batches of the training rows, normalised by sample."""

    def make(examples: Examples, changes: Augmentation = NOTHING, **change: Any) -> Batches:
        scale = normalisation.fit(examples.X, "sample")
        options = replace(TRAINING, **change)
        return Batches(examples, TRAIN, scale, small_front_end, options, changes)

    return make


def whole(feed: Batches, part: int) -> np.ndarray:
    """Inputs, targets or weights of one epoch."""
    return np.concatenate([feed[number][part] for number in range(len(feed))])


@pytest.mark.parametrize("kind", ["events", "songs"])
def test_an_epoch_holds_every_window_once(
    request: pytest.FixtureRequest, feed_of: Callable[..., Batches], kind: str
) -> None:
    """Normalised, with its own target; the last batch is not dropped; another order each epoch."""
    examples = request.getfixturevalue(kind)
    feed = feed_of(examples)
    scaled = normalisation.fit(examples.X, "sample")(examples.X[TRAIN])
    mine = examples.truth[TRAIN].astype(float)
    wanted = (
        mine[:, 1:] if examples.task.kind == "event" else mine / mine.sum(axis=1, keepdims=True)
    )
    orders = []
    for _ in range(2):
        inputs, targets = whole(feed, 0), whole(feed, 1)
        assert [len(feed[i][0]) for i in range(len(feed))] == [16, 16, 8]
        match = np.array([np.flatnonzero((scaled == row).all(axis=(1, 2, 3)))[0] for row in inputs])
        assert sorted(match) == list(range(len(TRAIN)))
        np.testing.assert_allclose(targets, wanted[match])
        orders.append(match)
        feed.on_epoch_end()
    assert (orders[0] != orders[1]).any()


def test_a_window_of_two_calls_is_half_of_each(
    songs: Examples, feed_of: Callable[..., Batches]
) -> None:
    """The targets of a softmax sum to 1."""
    targets = whole(feed_of(songs), 1)
    np.testing.assert_allclose(targets.sum(axis=1), 1)
    both = (songs.truth[TRAIN].sum(axis=1) == 2).sum()
    assert (targets == [0, 0.5, 0.5]).all(axis=1).sum() == both > 0


@pytest.mark.parametrize("kind", ["events", "songs"])
def test_class_weights_are_scikit_learns(
    request: pytest.FixtureRequest, feed_of: Callable[..., Batches], kind: str
) -> None:
    """Each window weighs by the inverse share of its class in the training part."""
    examples = request.getfixturevalue(kind)
    feed = feed_of(examples, imbalance="class_weights")
    assert len(feed[0]) == 3
    by_row = dict(zip(TRAIN, compute_sample_weight("balanced", examples.y[TRAIN]), strict=True))
    np.testing.assert_allclose(whole(feed, 2), [by_row[r] for r in feed.order], rtol=1e-6)
    assert len(feed_of(examples)[0]) == 2


@pytest.mark.parametrize("kind", ["events", "songs"])
def test_a_mixed_window_weighs_as_what_it_holds(
    request: pytest.FixtureRequest, feed_of: Callable[..., Batches], kind: str
) -> None:
    """Background with an event in it is an event, of that weight; of two classes their mean."""
    examples = request.getfixturevalue(kind)
    feed = feed_of(examples, changing(mixture={"p": 1.0}), imbalance="class_weights")
    y = examples.y[TRAIN]
    each = dict(zip(y, compute_sample_weight("balanced", y), strict=True))
    targets, weights = whole(feed, 1), whole(feed, 2)
    held = np.hstack([1 - targets, targets]) > 0 if kind == "events" else targets > 0
    mixed = (held != examples.truth[feed.order]).any(axis=1)
    wanted = [np.mean([each[k] for k in np.flatnonzero(row)]) for row in held[mixed]]
    assert 0 < mixed.sum() < len(TRAIN)
    np.testing.assert_allclose(weights[mixed], wanted, rtol=1e-6)
    main = [each[k] for k in examples.y[feed.order][~mixed]]
    np.testing.assert_allclose(weights[~mixed], main, rtol=1e-6)


def test_balanced_batches_hold_all_classes_alike(
    songs: Examples, feed_of: Callable[..., Batches]
) -> None:
    """Of 14, 13 and 13 windows in three classes."""
    feed = feed_of(songs, imbalance="balanced", batch_size=6)
    for number in range(len(feed)):
        rows = feed.order[number * 6 : number * 6 + 6]
        assert np.bincount(songs.y[rows]).tolist() == [2, 2, 2]


def test_examples_are_changed_before_they_are_normalised(
    events: Examples, feed_of: Callable[..., Batches]
) -> None:
    """A gain vanishes in a normalisation by sample, above the floor; a blanked band does not."""
    loud = events._replace(X=events.X + 60)
    plain = whole(feed_of(loud), 0)
    gained = whole(feed_of(loud, changing(gain={"p": 1.0, "db": 6.0})), 0)
    np.testing.assert_allclose(gained, plain, atol=1e-4)
    masked = whole(feed_of(loud, changing(frequency_mask={"p": 1.0, "rows": 5})), 0)
    changed = (np.abs(masked - plain) > 1e-3).any(axis=(1, 2, 3))
    assert changed.mean() > 0.5  # a mask of no rows may be drawn


def test_a_batch_is_augmented_the_same_whenever_it_is_asked_for(
    events: Examples, feed_of: Callable[..., Batches]
) -> None:
    """Out of order and twice; another one in the next epoch; the examples stay as they were."""
    before = events.X.copy()
    changes = changing(time_shift={"p": 1.0, "s": 10.0}, mixup={"p": 0.5}, background={"p": 0.5})
    feed = feed_of(events, changes)
    second = feed[1]
    first = feed[0]
    for one, again in zip((*first, *second), (*feed[0], *feed[1]), strict=True):
        np.testing.assert_array_equal(one, again)
    feed.on_epoch_end()
    assert np.abs(feed[0][0] - first[0]).max() > 0.1
    np.testing.assert_array_equal(events.X, before)


def test_mixup_blends_targets_too(songs: Examples, feed_of: Callable[..., Batches]) -> None:
    """They still sum to 1, and some are neither one class nor two halves."""
    targets = whole(feed_of(songs, changing(mixup={"p": 1.0, "alpha": 1.0})), 1)
    np.testing.assert_allclose(targets.sum(axis=1), 1, atol=1e-6)
    assert (~np.isin(np.round(targets, 6), [0.0, 0.5, 1.0])).any(axis=1).mean() > 0.2


def test_background_comes_from_the_training_part_alone(
    events: Examples, feed_of: Callable[..., Batches]
) -> None:
    """Validation windows loud enough to be seen in any mixture are not mixed in, nor events."""
    X = events.X.copy()
    X[VALIDATION] = 100.0
    X[TRAIN[events.y[TRAIN] == 1]] += 50.0
    examples = events._replace(X=X)
    changes = changing(background={"p": 1.0, "snr_low_db": 0, "snr_high_db": 0})
    feed = feed_of(examples, changes)
    np.testing.assert_array_equal(np.sort(feed.backgrounds), TRAIN[events.y[TRAIN] == 0])
    mixed = feed._examples(TRAIN, np.random.default_rng(0))
    quiet = events.y[TRAIN] == 0
    assert mixed[quiet].max() < 40


def test_waveforms_are_augmented_and_transformed_again(
    small_front_end: FrontEnd, feed_of: Callable[..., Batches]
) -> None:
    """Without a change the spectrograms of the data set; with noise others."""
    waves = np.random.default_rng(0).standard_normal((60, 256)).astype(np.float32)
    X = spectrogram.spectrograms(waves, 6.625, small_front_end.spectrogram)
    y = (np.arange(60) % 2).astype(np.int8)
    examples = Examples(tasks.EVENT, X, y, one_hot(y, 2), lambda rows: waves[rows])
    plain = whole(feed_of(examples._replace(waveforms=None)), 0)
    np.testing.assert_allclose(whole(feed_of(examples), 0), plain, atol=1e-4)
    noisy = changing(noise={"p": 1.0, "snr_low_db": 0.0, "snr_high_db": 0.0})
    assert np.abs(whole(feed_of(examples, noisy), 0) - plain).mean() > 0.1


@pytest.mark.parametrize("alpha", [0.25, 0.7])
def test_the_focal_loss_by_hand(alpha: float) -> None:
    """Lin et al. (2017): -alpha_t (1 - p_t)^gamma log p_t, the mean over windows."""
    options = replace(TRAINING, loss="focal", focal_gamma=3.0, focal_alpha=alpha)
    model = fresh(1, options, 10)
    truth, p = [1.0, 0.0, 1.0], [0.9, 0.2, 0.3]
    wanted = (
        -(
            alpha * 0.1**3 * math.log(0.9)
            + (1 - alpha) * 0.2**3 * math.log(0.8)
            + alpha * 0.7**3 * math.log(0.3)
        )
        / 3
    )
    found = model.loss(np.array(truth)[:, None], np.array(p)[:, None])
    assert float(found) == pytest.approx(wanted, rel=1e-4)


def test_the_focal_loss_of_several_classes_by_hand() -> None:
    """-alpha (1 - p)^gamma log p of the true class, all classes weighing alike."""
    options = replace(TRAINING, loss="focal", focal_gamma=2.0, focal_alpha=0.25)
    model = fresh(3, options, 10)
    p = np.array([[0.7, 0.2, 0.1], [0.3, 0.3, 0.4]])
    wanted = -0.25 * (0.3**2 * math.log(0.7) + 0.6**2 * math.log(0.4)) / 2
    found = model.loss(np.eye(3)[[0, 2]], p)
    assert float(np.mean(found)) == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("outputs", [1, 4])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_label_smoothing_by_hand(outputs: int, smoothing: float) -> None:
    """Szegedy et al. (2016): cross-entropy with a share of the target dealt to all classes."""
    options = replace(TRAINING, label_smoothing=smoothing)
    model = fresh(outputs, options, 10)
    if outputs == 1:
        truth, p = np.array([[1.0], [0.0]]), np.array([[0.8], [0.3]])
        smooth = truth * (1 - smoothing) + smoothing / 2
        wanted = -np.mean(smooth * np.log(p) + (1 - smooth) * np.log(1 - p))
    else:
        truth = np.eye(4)[[1, 3]]
        p = np.array([[0.1, 0.6, 0.2, 0.1], [0.4, 0.3, 0.2, 0.1]])
        smooth = truth * (1 - smoothing) + smoothing / 4
        wanted = -np.mean((smooth * np.log(p)).sum(axis=1))
    assert float(model.loss(truth, p)) == pytest.approx(wanted, rel=1e-4)


def rates_of(options: Training, steps: int, at: list[int]) -> list[float]:
    """The learning rate at some steps."""
    optimiser = fresh(1, options, steps).optimizer
    rate = optimiser._learning_rate
    return [float(rate(step)) if callable(rate) else float(rate) for step in at]


def test_the_cosine_schedule_ends_at_nothing() -> None:
    """From the learning rate down over the whole training; constant stays."""
    cosine = replace(TRAINING, schedule="cosine", learning_rate=0.01)
    assert rates_of(cosine, 100, [0, 50, 100]) == pytest.approx([0.01, 0.005, 0.0])
    assert rates_of(TRAINING, 100, [0, 50, 100]) == pytest.approx([0.001] * 3)


def test_the_learning_rate_rises_first() -> None:
    """In a straight line over its share of the steps, and then the cosine down to nothing."""
    options = replace(TRAINING, schedule="cosine", learning_rate=0.01, warmup=0.2)
    found = rates_of(options, 100, [0, 10, 20, 60, 100])
    assert found == pytest.approx([0.0, 0.005, 0.01, 0.005, 0.0], abs=1e-7)


def test_a_warm_up_without_a_schedule_is_refused() -> None:
    """A constant rate does not rise; a parameter that does nothing would mislead."""
    with pytest.raises(DataError, match="warmup is for schedule cosine"):
        replace(TRAINING, warmup=0.2)


def test_weight_decay_shrinks_kernels_and_nothing_else() -> None:
    """By learning rate times decay a step where there is no gradient (AdamW)."""
    options = replace(TRAINING, weight_decay=0.1, learning_rate=0.01)
    model = fresh(3, options, 10)
    before = [v.numpy() for v in model.trainable_variables]
    zeros = [np.zeros_like(v) for v in before]
    model.optimizer.apply(zeros, model.trainable_variables)
    for variable, was in zip(model.trainable_variables, before, strict=True):
        factor = 1 - 0.01 * 0.1 if variable.name == "kernel" else 1.0
        np.testing.assert_allclose(variable.numpy(), was * factor, rtol=1e-6)
    names = {v.name for v in model.trainable_variables}
    assert names == {"kernel", "bias", "gamma", "beta"}
    plain = fresh(3, TRAINING, 10).optimizer
    assert not plain.weight_decay


@pytest.mark.parametrize("outputs", [1, 3])
def test_probabilities_do_not_depend_on_the_batch(
    labelled: Labelled, monkeypatch: pytest.MonkeyPatch, outputs: int
) -> None:
    """Of each class, rows in the order asked for; none for none."""
    X, _ = labelled
    scale = normalisation.fit(X, "sample")
    model, task = fresh(outputs, TRAINING, 1), tasks.of_outputs(outputs)
    rows = np.array([5, 3, 59, 0, 7])
    found = inference.predict(model, X, rows, scale, task)
    assert found.dtype == np.float64
    assert found.shape == (5, max(2, outputs))
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-6)
    monkeypatch.setattr(inference, "BATCH", 2)
    np.testing.assert_allclose(inference.predict(model, X, rows, scale, task), found, atol=1e-6)
    wanted = np.asarray(model(scale(X[rows]), training=False))
    np.testing.assert_allclose(found[:, -outputs:], wanted, atol=1e-6)
    assert inference.predict(model, X, rows[:0], scale, task).shape == (
        0,
        max(2, outputs),
    )


@pytest.mark.slow
def test_feeding_costs_less_than_a_tenth_of_an_epoch(small_front_end: FrontEnd) -> None:
    """All batches of an epoch, against the epoch on ready arrays; the least of each, in turn."""
    keras.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    X = rng.standard_normal((256, 129, 32, 1)).astype(np.float32)
    y = (rng.random(256) < 0.3).astype(np.int8)
    scale = normalisation.fit(X, "sample")
    options = replace(TRAINING, batch_size=64)
    examples = Examples(tasks.EVENT, X, y, one_hot(y, 2), None)
    feed = Batches(examples, np.arange(256), scale, small_front_end, options, NOTHING)
    ready, targets = scale(X), y.astype(np.float32)[:, None]
    model = fresh(1, options, 100, (129, 32, 1))
    model.train_on_batch(ready[:64], targets[:64])

    def fed() -> list:
        return [feed[number] for number in range(len(feed))]

    def given() -> object:
        return model.fit(ready, targets, batch_size=64, verbose=0)

    assert times_as_fast(fed, given, enough=10) > 10


@pytest.mark.parametrize("name", get_args(get_type_hints(Training)["network"]))
def test_a_seeded_encoder_starts_training_as_before(
    events: Examples, small_front_end: FrontEnd, name: Any
) -> None:
    """The network that the seed alone gives, bit for bit, head and all, for any outputs."""
    options = replace(TRAINING, network=name, width=0.125)
    for outputs in (1, 3):
        keras.utils.set_random_seed(options.seed)
        frames = small_front_end.window_frames
        wanted = registry.build(name, (17, 29, 1), tasks.of_outputs(outputs), frames, options.width)
        keras.utils.set_random_seed(options.seed)
        one = registry.build(name, (17, 29, 1), tasks.of_outputs(1), frames, options.width)
        found = fit.start(
            registry.encoder(one), tasks.of_outputs(outputs), small_front_end, 1, options
        )
        assert found.output_shape == (None, outputs)
        for a, b in zip(found.get_weights(), wanted.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)


def test_a_pretrained_encoder_is_where_training_starts(small_front_end: FrontEnd) -> None:
    """Its weights and statistics, the head from the training seed; the encoder stays its own."""
    keras.utils.set_random_seed(7)
    given_one = registry.build("seed_cnn", (17, 29, 1), tasks.of_outputs(1), FRAMES)
    for layer in given_one.layers:
        layer.set_weights([w + 0.25 for w in layer.get_weights()])
    encoder = registry.encoder(given_one)
    before = encoder.get_weights()
    start = partial(fit.start, encoder, tasks.of_outputs(3), small_front_end, 1)
    model = start(TRAINING)
    for a, b in zip(registry.encoder(model).get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)
    again, other = start(TRAINING), start(replace(TRAINING, seed=2))
    heads = [m.get_layer("hidden").get_weights()[0] for m in (model, again, other)]
    np.testing.assert_array_equal(heads[0], heads[1])
    assert (heads[0] != heads[2]).any()
    model.set_weights([w * 0 for w in model.get_weights()])
    for a, b in zip(encoder.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(("least", "batches"), [(1, 3), (3, 3), (4, 5), (7, 8), (20, 20)])
def test_an_epoch_has_at_least_so_many_batches(
    events: Examples, feed_of: Callable[..., Batches], least: int, batches: int
) -> None:
    """Forty windows in batches of 16 are dealt again, each as often as the others."""
    feed = feed_of(events, least_batches=least)
    assert len(feed) == batches >= least
    rows, times = np.unique(feed.order, return_counts=True)
    np.testing.assert_array_equal(rows, TRAIN)
    assert times.min() == times.max()
    assert all(len(feed[number][0]) for number in range(len(feed)))


def test_logit_adjustment_knows_the_training_part(
    events: Examples, small_front_end: FrontEnd
) -> None:
    """Shares are of its windows, not of the whole data set nor of a resampled epoch."""
    options = replace(TRAINING, logit_adjustment=1.0, imbalance="balanced", epochs=1)
    model = started(events, small_front_end, options)
    scale = normalisation.fit(events.X, "sample")
    rows = TRAIN[:25]
    fit.train(
        model, events, rows, VALIDATION, scale, small_front_end, options, NOTHING,
        lambda row: None, lambda network: None,
    )  # fmt: skip
    assert model.loss.shares == [pytest.approx(events.y[rows].mean())]
    assert events.y[rows].mean() != events.y.mean()
