"""Losses for rare classes against closed forms, their gradients with respect to the logits too."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support import tasks
from support.options import TRAINING

from rarewave.base.errors import DataError
from rarewave.frontend import normalisation
from rarewave.frontend.transform import FrontEnd
from rarewave.networks import backend, kerasfile, registry
from rarewave.networks.backend import keras, tf
from rarewave.training import batches, fit, hyperparameters, losses, samplers
from rarewave.training.augmentation.options import Augmentation
from rarewave.training.batches import Examples

backend.start(2)

COUNTS = np.array([70, 20, 10])
TAG_COUNTS = np.array([[90, 10], [50, 50], [10, 90]])  # windows without and with each
Function = Callable[[np.ndarray], np.ndarray]


def sigmoid(z: np.ndarray) -> np.ndarray:
    """Logits to the probability of an event."""
    return 1 / (1 + np.exp(-z))


def softmax(z: np.ndarray) -> np.ndarray:
    """Logits (n, classes) to probabilities."""
    e = np.exp(z - z.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def wanted(
    y: np.ndarray, z: np.ndarray, loss: str, gamma: float, alpha: float, smoothing: float
) -> np.ndarray:
    """Loss (n,) of logits (n, 1) or (n, classes) by the formulas of the papers, in float64."""
    if z.shape[1] == 1:
        t = (y * (1 - smoothing) + smoothing / 2)[:, 0]
        p = sigmoid(z)[:, 0]
        if loss == "cross_entropy":
            return -(t * np.log(p) + (1 - t) * np.log(1 - p))
        # Lin et al. (2017), linear in the target where it is smooth.
        right = t * p + (1 - t) * (1 - p)
        weight = (t * alpha + (1 - t) * (1 - alpha)) * (1 - right) ** gamma
        return -weight * (t * np.log(p) + (1 - t) * np.log(1 - p))
    t = y * (1 - smoothing) + smoothing / y.shape[1]
    p = softmax(z)
    factor = alpha * (1 - p) ** gamma if loss == "focal" else 1.0
    return -(factor * t * np.log(p)).sum(axis=1)


def differences(function: Function, z: np.ndarray, step: float = 1e-5) -> np.ndarray:
    """Gradient of the sum of a function of float64, by central differences."""
    found = np.zeros_like(z)
    for place in np.ndindex(z.shape):
        up, down = z.copy(), z.copy()
        up[place] += step
        down[place] -= step
        found[place] = (function(up).sum() - function(down).sum()) / (2 * step)
    return found


def of_logits(
    loss: keras.losses.Loss, y: np.ndarray, z: np.ndarray, sigmoid: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Loss (n,) and gradient of its sum, as Keras and TensorFlow take them."""
    logits = tf.constant(z)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        p = tf.sigmoid(logits) if sigmoid or z.shape[1] == 1 else tf.nn.softmax(logits)
        found = loss.call(tf.constant(y), p)
        total = tf.reduce_sum(found)
    return np.asarray(found), np.asarray(tape.gradient(total, logits))


def case(outputs: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Targets and moderate logits (8, outputs)."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, max(outputs, 2), 8)
    targets = y[:, None].astype(float) if outputs == 1 else np.eye(outputs)[y]
    return targets, rng.normal(0, 1.5, (8, outputs))


def built(outputs: int, counts: np.ndarray = COUNTS, **change: Any) -> keras.losses.Loss:
    """The loss of these options."""
    return losses.build(replace(TRAINING, **change), tasks.of_outputs(outputs), counts)


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize(
    ("loss", "gamma", "alpha"),
    [("cross_entropy", 2.0, 0.25), ("focal", 0.0, 0.5), ("focal", 2.0, 0.25), ("focal", 3.0, 0.9)],
)
def test_loss_and_gradient_are_those_of_the_formula(
    outputs: int, smoothing: float, loss: str, gamma: float, alpha: float
) -> None:
    """Cross-entropy and focal, of an event and of classes, with smooth targets and without."""
    y, z = case(outputs)
    how = {"loss": loss, "focal_gamma": gamma, "focal_alpha": alpha, "label_smoothing": smoothing}
    value, gradient = of_logits(built(outputs, **how), y, z)
    np.testing.assert_allclose(value, wanted(y, z, loss, gamma, alpha, smoothing), rtol=1e-5)
    slope = differences(lambda at: wanted(y, at, loss, gamma, alpha, smoothing), z)
    np.testing.assert_allclose(gradient, slope, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("outputs", [1, 3])
def test_the_gradient_of_cross_entropy_is_what_was_said_less_what_was(outputs: int) -> None:
    """p - y, the closed form."""
    y, z = case(outputs)
    p = sigmoid(z) if outputs == 1 else softmax(z)
    np.testing.assert_allclose(of_logits(built(outputs), y, z)[1], p - y, atol=1e-6)


def test_the_gradient_of_the_focal_loss_of_an_event_in_closed_form() -> None:
    """alpha (1 - p)^gamma (gamma p log p + p - 1) for an event, Lin et al. (2017), appendix B."""
    z = np.linspace(-3, 3, 13)[:, None]
    for gamma, alpha in ((0.5, 0.25), (2.0, 0.75)):
        loss = built(1, loss="focal", focal_gamma=gamma, focal_alpha=alpha)
        p = sigmoid(z)
        slope = alpha * (1 - p) ** gamma * (gamma * p * np.log(p) + p - 1)
        np.testing.assert_allclose(of_logits(loss, np.ones_like(z), z)[1], slope, rtol=1e-5)


def test_focusing_leaves_the_easy_behind() -> None:
    """With gamma 2 a window at p = 0.9 weighs a hundredth of what it did."""
    y, z = np.ones((1, 1)), np.log([[9.0]])
    plain = of_logits(built(1), y, z)[0]
    focal = of_logits(built(1, loss="focal", focal_gamma=2.0, focal_alpha=1.0), y, z)[0]
    np.testing.assert_allclose(focal / plain, 0.01, rtol=1e-5)


@pytest.mark.parametrize("tau", [0.5, 1.0, 2.0])
def test_logit_adjustment_of_classes_is_cross_entropy_of_adjusted_logits(tau: float) -> None:
    """Menon et al. (2021): z + tau log share; the gradient is the adjusted p - y."""
    y, z = case(3)
    adjusted = z + tau * np.log(COUNTS / 100)
    value, gradient = of_logits(built(3, logit_adjustment=tau), y, z)
    np.testing.assert_allclose(value, -(y * np.log(softmax(adjusted))).sum(axis=1), rtol=1e-5)
    np.testing.assert_allclose(gradient, softmax(adjusted) - y, atol=1e-6)


@pytest.mark.parametrize("tau", [0.5, 1.0, 2.0])
def test_logit_adjustment_of_an_event_adds_the_odds(tau: float) -> None:
    """One logit: z + tau log(share / (1 - share)), the difference of the two classes' logits."""
    y, z = case(1)
    adjusted = z + tau * np.log(0.1 / 0.9)
    found = built(1, np.array([90, 10]), logit_adjustment=tau)
    value, gradient = of_logits(found, y, z)
    p = sigmoid(adjusted)
    np.testing.assert_allclose(value, -(y * np.log(p) + (1 - y) * np.log(1 - p))[:, 0], rtol=1e-5)
    np.testing.assert_allclose(gradient, p - y, atol=1e-6)


@pytest.mark.parametrize("outputs", [1, 3])
def test_a_focal_loss_can_be_adjusted_too(outputs: int) -> None:
    """The focal formula at the adjusted logits; equal classes adjust nothing."""
    y, z = case(outputs)
    how = {"loss": "focal", "focal_gamma": 2.0, "focal_alpha": 0.25, "logit_adjustment": 1.0}
    counts = np.array([80, 20]) if outputs == 1 else COUNTS
    shares = counts / counts.sum()
    shift = np.log(shares[1] / shares[0]) if outputs == 1 else np.log(shares)
    value, gradient = of_logits(built(outputs, counts, **how), y, z)
    np.testing.assert_allclose(value, wanted(y, z + shift, "focal", 2.0, 0.25, 0), rtol=1e-4)
    slope = differences(lambda at: wanted(y, at + shift, "focal", 2.0, 0.25, 0), z)
    np.testing.assert_allclose(gradient, slope, rtol=1e-3, atol=1e-6)
    alike = built(outputs, np.full(max(outputs, 2), 5), **how)
    plain = built(outputs, **(how | {"logit_adjustment": 0.0}))
    np.testing.assert_allclose(
        of_logits(alike, y, z)[0], of_logits(plain, y, z)[0], rtol=1e-4, atol=1e-7
    )


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
@pytest.mark.parametrize("loss", ["cross_entropy", "focal"])
def test_the_loss_of_tags_is_the_mean_of_what_each_would_be(loss: str, smoothing: float) -> None:
    """As an event of its own, several at once or none; the gradient too."""
    y = np.array([[1, 0, 1], [0, 0, 0], [0, 1, 0], [1, 1, 1]], float)
    z = np.random.default_rng(0).normal(0, 1.5, y.shape)
    how = {"loss": loss, "label_smoothing": smoothing}
    found = losses.build(replace(TRAINING, **how), tasks.TAGS, TAG_COUNTS)
    alone = [of_logits(built(1, **how), y[:, k : k + 1], z[:, k : k + 1]) for k in range(3)]
    value, gradient = of_logits(found, y, z, sigmoid=True)
    np.testing.assert_allclose(value, np.mean([v for v, _ in alone], axis=0), rtol=1e-5)
    slopes = np.concatenate([slope for _, slope in alone], axis=1)
    np.testing.assert_allclose(gradient, slopes / 3, rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("tau", [0.5, 1.0])
def test_logit_adjustment_of_tags_adds_the_odds_of_each(tau: float) -> None:
    """A tag that one window in ten has, one that half have, one that nine in ten have."""
    y = np.array([[1, 0, 1], [0, 0, 0], [1, 1, 1]], float)
    z = np.random.default_rng(0).normal(0, 1.5, y.shape)
    found = losses.build(replace(TRAINING, logit_adjustment=tau), tasks.TAGS, TAG_COUNTS)
    p = sigmoid(z + tau * np.log([10 / 90, 1.0, 90 / 10]))
    value, gradient = of_logits(found, y, z, sigmoid=True)
    each = -(y * np.log(p) + (1 - y) * np.log(1 - p))
    np.testing.assert_allclose(value, each.mean(axis=1), rtol=1e-5)
    np.testing.assert_allclose(gradient, (p - y) / 3, atol=1e-6)
    again = losses.LogitAdjusted.from_config(found.get_config())
    np.testing.assert_array_equal(of_logits(again, y, z, sigmoid=True)[0], value)


def test_a_tag_of_no_window_or_of_all_keeps_the_loss_finite() -> None:
    """As if one window were otherwise."""
    counts = np.array([[10, 0], [0, 10], [5, 5]])
    found = losses.build(replace(TRAINING, logit_adjustment=1.0), tasks.TAGS, counts)
    value, gradient = of_logits(found, np.eye(3), np.zeros((3, 3)), sigmoid=True)
    assert np.isfinite(value).all() and np.isfinite(gradient).all()


def test_windows_are_counted_by_class_and_of_tags_without_and_with_each() -> None:
    """A window of two classes counts for its main one; one of two tags for both."""
    truth = np.array([[1, 0, 0], [1, 1, 0], [0, 0, 0]], np.int8)
    y = np.array([0, 1, -1])
    tagged = losses.window_counts(tasks.TAGS, y, truth)
    np.testing.assert_array_equal(tagged, [[1, 2], [2, 1], [3, 0]])
    classes = losses.window_counts(tasks.of_outputs(3), y[:2], truth[:2])
    np.testing.assert_array_equal(classes, [1, 1, 0])


def test_the_parameters_know_the_losses_that_are_registered() -> None:
    """By reading the source, for a light command must not wait for Keras."""
    assert tuple(losses.LOSSES) == hyperparameters.LOSSES


def test_a_class_without_a_training_window_counts_as_one() -> None:
    """Its logarithm stays finite, and so does the loss of every class."""
    value, _ = of_logits(
        built(3, np.array([8, 0, 1]), logit_adjustment=1.0), np.eye(3), np.zeros((3, 3))
    )
    np.testing.assert_allclose(value, -np.log([0.8, 0.1, 0.1]), rtol=1e-5)
    sure = of_logits(built(3, logit_adjustment=1.0), np.eye(3), -60 * np.eye(3))
    assert np.isfinite(sure[0]).all()


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("loss", ["cross_entropy", "focal"])
def test_an_adjusted_loss_survives_its_config(outputs: int, loss: str) -> None:
    """The same values after serialisation, the inner loss with its own options."""
    counts = np.array([90, 10]) if outputs == 1 else COUNTS
    how = {"focal_gamma": 1.5, "focal_alpha": 0.3, "label_smoothing": 0.1}
    made = built(outputs, counts, loss=loss, logit_adjustment=0.7, **how)
    again = losses.LogitAdjusted.from_config(made.get_config())
    serialised = keras.saving.serialize_keras_object(made)
    y, z = case(outputs)
    for other in (again, keras.saving.deserialize_keras_object(serialised)):
        np.testing.assert_array_equal(of_logits(other, y, z)[0], of_logits(made, y, z)[0])
        assert (other.tau, other.shares) == (0.7, made.shares)


@pytest.mark.parametrize("outputs", [1, 3])
def test_an_adjusted_network_is_saved_and_loaded(outputs: int, tmp_path: Path) -> None:
    """Compiled with the same loss; a next step of training is the same."""
    keras.utils.set_random_seed(1)
    options = replace(TRAINING, loss="focal", logit_adjustment=1.0)
    model = registry.build("seed_cnn", (8, 8, 1), tasks.of_outputs(outputs), slice(0, 8))
    fit.compiled(model, options, 10, tasks.of_outputs(outputs), COUNTS[: max(outputs, 2)])
    rng = np.random.default_rng(0)
    X = rng.standard_normal((8, 8, 8, 1)).astype(np.float32)
    y = case(outputs)[0].astype(np.float32)
    model.train_on_batch(X, y)
    kerasfile.save(model, tmp_path / "m.keras")
    again = kerasfile.load(tmp_path / "m.keras")
    assert isinstance(again.loss, losses.LogitAdjusted)
    assert again.loss.get_config() == model.loss.get_config()
    found = [float(network.train_on_batch(X, y)) for network in (model, again)]
    assert found[0] == pytest.approx(found[1], rel=1e-6)


@given(
    st.lists(st.integers(1, 500), min_size=2, max_size=5), st.floats(0.0, 0.9999), st.integers(0, 9)
)
def test_class_balanced_weights_are_the_formula(counts: list[int], beta: float, seed: int) -> None:
    """(1 - beta) / (1 - beta^n), scaled to sum to the number of classes (Cui et al. 2019)."""
    y = np.repeat(np.arange(len(counts)), counts).astype(np.int8)
    y = np.random.default_rng(seed).permutation(y)
    raw = np.array([(1 - beta) / (1 - beta**n) for n in counts])
    weights = raw / raw.sum() * len(counts)
    assert samplers.class_balanced_weights(y, beta) == pytest.approx(
        dict(enumerate(weights)), rel=1e-9
    )


def test_the_ends_of_beta_are_no_weight_and_the_inverse_count() -> None:
    """0: all alike; towards 1: in proportion to 1 / n."""
    y = np.repeat([0, 1, 2], [100, 10, 1]).astype(np.int8)
    assert samplers.class_balanced_weights(y, 0.0) == {0: 1.0, 1: 1.0, 2: 1.0}
    inverse = np.array([0.01, 0.1, 1.0])
    wanted = dict(enumerate(3 * inverse / inverse.sum()))
    assert samplers.class_balanced_weights(y, 0.999999) == pytest.approx(wanted, rel=1e-3)


@pytest.mark.parametrize("loss", ["cross_entropy", "focal"])
def test_the_loss_of_a_batch_is_the_weighted_mean(
    labelled: tuple[np.ndarray, np.ndarray], small_front_end: FrontEnd, loss: str
) -> None:
    """Batches hand out each window's class weight, and Keras multiplies its loss by it."""
    X, _ = labelled
    y = np.repeat([0, 1, 2], [40, 15, 5]).astype(np.int8)
    examples = Examples(tasks.of_outputs(3), X, y, np.eye(3, dtype=np.int8)[y], None)
    options = replace(TRAINING, loss=loss, class_balanced_beta=0.99, batch_size=60)
    scale = normalisation.fit(X, "sample")
    feed = batches.Batches(examples, np.arange(60), scale, small_front_end, options, Augmentation())
    inputs, targets, weights = feed[0]
    raw = np.array([0.01 / (1 - 0.99**n) for n in (40, 15, 5)])
    np.testing.assert_allclose(weights, (3 * raw / raw.sum())[y[feed.order]], rtol=1e-5)
    model = registry.build("seed_cnn", X.shape[1:], tasks.of_outputs(3), slice(0, 29))
    fit.compiled(model, options, 10, tasks.of_outputs(3), np.bincount(y))
    p = np.asarray(model(inputs, training=False), np.float64)
    each = wanted_of(targets, p, loss, options.focal_gamma, options.focal_alpha)
    found = model.test_on_batch(inputs, targets, sample_weight=weights)
    assert float(found) == pytest.approx((weights * each).sum() / 60, rel=1e-4)


def wanted_of(y: np.ndarray, p: np.ndarray, loss: str, gamma: float, alpha: float) -> np.ndarray:
    """The formulas at probabilities (n, classes), whose logarithms are logits."""
    return wanted(y, np.log(p), loss, gamma, alpha, 0.0)


def test_weights_of_both_kinds_at_once_are_refused() -> None:
    """Two parameters would weigh the loss twice."""
    with pytest.raises(DataError, match="both weigh the loss"):
        replace(TRAINING, class_balanced_beta=0.9, imbalance="class_weights")


def asymmetric(y: np.ndarray, z: np.ndarray, gamma: float, margin: float) -> np.ndarray:
    """Ridnik et al. (2021), equations 4 to 7 with gamma+ = 0: mean (n,) over tags, in float64."""
    p = sigmoid(z)
    shifted = np.maximum(p - margin, 0)
    return -(y * np.log(p) + (1 - y) * shifted**gamma * np.log(1 - shifted)).mean(axis=1)


@pytest.mark.parametrize(("gamma", "margin"), [(4.0, 0.05), (2.0, 0.2), (0.0, 0.0)])
def test_the_asymmetric_loss_is_that_of_the_paper(gamma: float, margin: float) -> None:
    """And its gradient; without focusing or margin it is cross-entropy."""
    rng = np.random.default_rng(0)
    y, z = rng.integers(0, 2, (8, 3)).astype(float), rng.normal(0, 1.5, (8, 3))
    options = replace(TRAINING, loss="asymmetric", asymmetric_gamma=gamma, asymmetric_margin=margin)
    loss = losses.build(options, tasks.TAGS, TAG_COUNTS)
    value, gradient = of_logits(loss, y, z, sigmoid=True)
    np.testing.assert_allclose(value, asymmetric(y, z, gamma, margin), rtol=1e-5)
    slope = differences(lambda at: asymmetric(y, at, gamma, margin), z)
    np.testing.assert_allclose(gradient, slope, rtol=1e-4, atol=1e-6)
    if not gamma:
        plain = losses.build(TRAINING, tasks.TAGS, TAG_COUNTS)
        np.testing.assert_allclose(value, of_logits(plain, y, z, sigmoid=True)[0], rtol=1e-5)


@pytest.mark.parametrize("beta", [0.5, 0.99])
def test_effective_numbers_of_tags_are_of_each_tag(beta: float) -> None:
    """As the two classes of an event of its own, whatever else sounds in a window."""
    options = replace(TRAINING, class_balanced_beta=beta, imbalance="none")
    loss = losses.build(options, tasks.TAGS, TAG_COUNTS)
    plain = losses.build(replace(options, class_balanced_beta=0.0), tasks.TAGS, TAG_COUNTS)
    rng = np.random.default_rng(0)
    y, z = rng.integers(0, 2, (8, 3)).astype(float), rng.normal(0, 1.5, (8, 3))
    wanted = np.zeros((8, 3))
    for k, (without, held) in enumerate(TAG_COUNTS):
        weights = samplers.class_balanced_weights(np.repeat([0, 1], [without, held]), beta)
        each = of_logits(plain, y[:, [k]], z[:, [k]], sigmoid=True)[0]
        wanted[:, k] = each * np.array([weights[int(value)] for value in y[:, k]])
    value, _ = of_logits(loss, y, z, sigmoid=True)
    np.testing.assert_allclose(value, wanted.mean(axis=1), rtol=1e-5)


def test_classes_that_exclude_one_another_have_no_asymmetric_loss() -> None:
    """With what to set instead."""
    with pytest.raises(DataError, match=r"asymmetric, which is for an event or tags.*set it to"):
        built(3, loss="asymmetric")


@pytest.mark.parametrize("loss", ["cross_entropy", "focal", "asymmetric"])
def test_class_weights_of_tags_are_of_each_tag(loss: str, tmp_path: Path) -> None:
    """As scikit-learn balances the two classes of each; the loss is stored with the model."""
    from sklearn.utils.class_weight import compute_class_weight

    truth = np.repeat([[0, 0, 0], [0, 0, 1], [0, 1, 1], [1, 1, 1]], [10, 40, 40, 10], axis=0)
    counts = losses.window_counts(tasks.TAGS, np.zeros(100, int), truth.astype(np.int8))
    np.testing.assert_array_equal(counts, TAG_COUNTS)
    options = replace(TRAINING, loss=loss, imbalance="class_weights")
    loss = losses.build(options, tasks.TAGS, counts)
    plain = losses.build(replace(options, imbalance="none"), tasks.TAGS, counts)
    rng = np.random.default_rng(0)
    y, z = rng.integers(0, 2, (8, 3)).astype(float), rng.normal(0, 1.5, (8, 3))
    wanted = np.zeros((8, 3))
    for k in range(3):
        weights = compute_class_weight("balanced", classes=np.arange(2), y=truth[:, k])
        each = of_logits(plain, y[:, [k]], z[:, [k]], sigmoid=True)[0]
        wanted[:, k] = each * weights[y[:, k].astype(int)]
    value, _ = of_logits(loss, y, z, sigmoid=True)
    np.testing.assert_allclose(value, wanted.mean(axis=1), rtol=1e-5)
    again = type(loss).from_config(loss.get_config())
    np.testing.assert_allclose(of_logits(again, y, z, sigmoid=True)[0], value, rtol=1e-6)
