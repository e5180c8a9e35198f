"""Relevance: nothing is lost on the way back, and each rule is its formula."""

import numpy as np
import pytest
from support import inputs, tasks

from rarewave.base.errors import DataError
from rarewave.base.tasks import Task
from rarewave.explanation import lrp_lstm, lrp_rules
from rarewave.explanation.relevance import relevance
from rarewave.networks import backend, last_layer, registry
from rarewave.networks.backend import keras, tf
from rarewave.training.hyperparameters import NETWORKS

backend.start(2)
layers = keras.layers

CONSERVING = ("zero", "epsilon_plus", "epsilon_alpha_beta", "epsilon_gamma_box")


def shape_of(name: str) -> tuple[int, int, int]:
    """A shape that a network takes."""
    return inputs.of(name, (64, 300, 2) if registry.find(name).segments else (40, 60, 2))


def without_shifts(name: str, task: Task) -> tuple[keras.Model, np.ndarray]:
    """A network whose normalisations scale and do not shift, and three inputs."""
    keras.utils.set_random_seed(1)
    shape = shape_of(name)
    model = registry.build(name, shape, task, slice(5, shape[1] - 5), 0.125, "mean")
    rng = np.random.default_rng(0)
    for layer in model.layers:
        if isinstance(layer, layers.BatchNormalization):
            scale, shift, mean, variance = layer.get_weights()
            scale, variance = (rng.uniform(0.5, 2, w.shape) for w in (scale, variance))
            layer.set_weights([scale, shift, mean, variance])
        if isinstance(layer, layers.LSTM):  # Keras starts the forget gate at 1
            layer.set_weights([*layer.get_weights()[:2], 0 * layer.get_weights()[2]])
    return model, rng.normal(size=(3, *shape)).astype(np.float32)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("task", [tasks.EVENT, tasks.of_outputs(4), tasks.TAGS], ids=str)
def test_all_that_was_said_is_shared_out(name: str, task: Task) -> None:
    """|sum R - f(x)| < 1e-3 |f(x)| for every network and task, where no shift keeps a share."""
    model, X = without_shifts(name, task)
    outputs = np.array([0, task.outputs - 1, 0])
    for composite in CONSERVING:
        found = relevance(model, X, outputs, composite)
        assert found.maps.shape == X.shape
        total = found.maps.sum(axis=(1, 2, 3))
        np.testing.assert_allclose(total, found.explained, rtol=1e-3)
    if registry.find(name).segments is None:  # else each segment counts by its share
        hidden = last_layer.body(model)(X, training=False)
        sums = np.asarray(last_layer.sums(model, hidden))[np.arange(3), outputs]
        np.testing.assert_allclose(found.explained, sums, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("name", [n for n in NETWORKS if n != "cnn_lstm"])
def test_without_shifts_plain_sums_are_gradient_times_input(name: str) -> None:
    """As of every network of ReLU, maxima and means (Shrikumar et al. 2016; Ancona et al. 2018)."""
    model, X = without_shifts(name, tasks.TAGS)
    given, outputs = tf.convert_to_tensor(X), np.array([0, 1, 2])
    with tf.GradientTape() as tape:
        tape.watch(given)
        sums = last_layer.sums(model, last_layer.body(model)(given, training=False))
        chosen = tf.gather(sums, outputs, axis=1, batch_dims=1)
    product = np.asarray(tape.gradient(chosen, given)) * X
    found = relevance(model, X, outputs, "zero").maps
    assert np.quantile(np.abs(product - found), 0.999) < 1e-3 * np.abs(product).max()


def one_layer(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inputs (4, 12), weights (12, 3) and relevances (4, 3)."""
    rng = np.random.default_rng(seed)
    return rng.normal(size=(4, 12)), rng.normal(size=(12, 3)), rng.normal(size=(4, 3))


@pytest.mark.parametrize("rule", ["zero", "epsilon", "z_plus", "alpha_beta", "gamma"])
@pytest.mark.parametrize("shifted", [False, True])
def test_each_rule_is_its_formula(rule: str, shifted: bool) -> None:
    """Written out product by product (Montavon et al. 2019, table 1; alpha-beta of Bach et al.)."""
    x, w, R = one_layer(5)
    b = np.array([0.3, -0.2, 0.1]) * shifted
    layer = lrp_rules.Linear(lambda a, k: tf.matmul(a, k), tf.constant(w), tf.constant(b))
    found = np.asarray(getattr(lrp_rules, rule)(tf.constant(x), layer, tf.constant(R)))
    z = x[:, :, None] * w  # (4, 12, 3)
    total = z.sum(axis=1) + b
    assert (z > 0).any(axis=1).all() and (z < 0).any(axis=1).all()
    plus, minus = np.maximum(z, 0), np.minimum(z, 0)
    for_it = plus.sum(axis=1) + np.maximum(b, 0)
    against = minus.sum(axis=1) + np.minimum(b, 0)
    if rule == "epsilon":
        size = np.sqrt((total**2).mean(axis=1, keepdims=True))
        total = total + np.sign(total) * lrp_rules.DAMPING * size
    share = {
        "zero": lambda: z / total[:, None],
        "epsilon": lambda: z / total[:, None],
        "z_plus": lambda: plus / for_it[:, None],
        "alpha_beta": lambda: 2 * plus / for_it[:, None] - minus / against[:, None],
        "gamma": lambda: np.where(
            total[:, None] >= 0,
            (z + 0.25 * plus) / (total + 0.25 * for_it)[:, None],
            (z + 0.25 * minus) / (total + 0.25 * against)[:, None],
        ),
    }[rule]()
    np.testing.assert_allclose(found, (share * R[:, None]).sum(axis=2), rtol=1e-6, atol=1e-9)


def test_a_convolution_between_bounds() -> None:
    """The box of each channel is that of the window: pixel by pixel, from the formula."""
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(2, 5, 6, 1)), rng.normal(size=(3, 3, 1, 2))
    R = rng.normal(size=(2, 3, 4, 2))

    def apply(a: tf.Tensor, k: tf.Tensor) -> tf.Tensor:
        return tf.nn.conv2d(a, k, 1, "VALID")

    layer = lrp_rules.Linear(apply, tf.constant(w), tf.zeros(2, tf.float64))
    found = np.asarray(lrp_rules.box(tf.constant(x), layer, tf.constant(R)))
    wanted = np.zeros_like(x)
    up, down = np.maximum(w, 0), np.minimum(w, 0)
    for n in range(2):
        low, high = x[n].min(), x[n].max()
        for i, j, k in np.ndindex(3, 4, 2):
            patch = x[n, i : i + 3, j : j + 3, 0]
            z = patch * w[:, :, 0, k] - low * up[:, :, 0, k] - high * down[:, :, 0, k]
            wanted[n, i : i + 3, j : j + 3, 0] += z / z.sum() * R[n, i, j, k]
    np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(found.sum(), R.sum(), rtol=1e-6)


@pytest.mark.parametrize("every", [True, False])
def test_an_lstm_gives_its_relevance_to_what_it_remembers(every: bool) -> None:
    """States as Keras has them; what is shared out is what came in; all steps but the gates."""
    keras.utils.set_random_seed(2)
    layer = layers.LSTM(4, return_sequences=every, use_cudnn=False, bias_initializer="zeros")
    x = np.random.default_rng(0).normal(size=(3, 7, 5))
    given = np.asarray(layer(x.astype(np.float32)))
    kernel, recurrent, bias = layer.get_weights()
    layer.set_weights([kernel, recurrent, 0 * bias])
    given = np.asarray(layer(x.astype(np.float32)))
    states = lrp_lstm.states(layer, x)
    np.testing.assert_allclose(states["h"] if every else states["h"][:, -1], given, atol=1e-5)
    R = given * np.random.default_rng(1).uniform(0.5, 1, given.shape)
    found = lrp_lstm.through(layer, x, R.astype(np.float64))
    np.testing.assert_allclose(found.sum(axis=(1, 2)), R.reshape(3, -1).sum(axis=1), rtol=1e-5)
    assert (np.abs(found).sum(axis=2) > 0).all()  # the last step's output remembers the first


def test_two_steps_of_one_unit_by_hand() -> None:
    """Arras et al. (2017): c2 = f c1 + i g shares by its two terms, g by input and output."""
    layer = layers.LSTM(1, use_cudnn=False)
    layer.build((None, 2, 1))
    kernel = np.array([[0.4, 0.3, 0.9, 0.2]])
    recurrent = np.array([[0.1, 0.5, 0.7, -0.3]])
    layer.set_weights([kernel, recurrent, np.zeros(4)])
    x = np.array([[[1.2], [0.8]]])

    def sigmoid(z: float) -> float:
        return 1 / (1 + np.exp(-z))

    c1 = sigmoid(0.4 * 1.2) * np.tanh(0.9 * 1.2)
    h1 = sigmoid(0.2 * 1.2) * np.tanh(c1)
    i, f = sigmoid(0.4 * 0.8 + 0.1 * h1), sigmoid(0.3 * 0.8 + 0.5 * h1)
    signal = 0.9 * 0.8 + 0.7 * h1
    c2 = f * c1 + i * np.tanh(signal)
    of_new = i * np.tanh(signal) / c2
    wanted_last = of_new * 0.9 * 0.8 / signal
    wanted_first = f * c1 / c2 + of_new * 0.7 * h1 / signal
    found = lrp_lstm.through(layer, x, np.array([[1.0]]))
    np.testing.assert_allclose(found.ravel(), [wanted_first, wanted_last], rtol=1e-5)


def test_the_evidence_is_found_where_it_was_put() -> None:
    """A network that has learnt which band sounds: most relevance for it lies in that band."""
    keras.utils.set_random_seed(1)
    rng = np.random.default_rng(0)
    y = np.arange(260) % 3
    X = rng.standard_normal((260, 24, 20, 1)).astype(np.float32)
    for row, kind in enumerate(y):
        X[row, 8 * kind : 8 * kind + 8, 5:15] += 2
    model = registry.build("call_cnn", (24, 20, 1), tasks.of_outputs(3), slice(0, 20))
    model.compile(keras.optimizers.Adam(0.003), "sparse_categorical_crossentropy")
    model.fit(X[:200], y[:200], batch_size=20, epochs=5, verbose=0)
    for composite in ("epsilon", "epsilon_gamma_box"):
        maps = np.maximum(relevance(model, X[200:], y[200:], composite).maps, 0)[..., 0]
        own = np.array(
            [m[8 * k : 8 * k + 8, 5:15].sum() / m.sum() for m, k in zip(maps, y[200:], strict=True)]
        )
        assert np.median(own) > 2 * (80 / 480)


def test_a_layer_without_a_rule_is_refused() -> None:
    """By name, with what to look at instead; so is an LSTM of another kind."""
    given = keras.Input((8, 12, 1))
    x = layers.Reshape((8, 12))(given)
    for odd in (layers.GRU(4, name="odd"), layers.LSTM(4, go_backwards=True, name="odd")):
        model = keras.Model(given, layers.Dense(3, "softmax", name="classes")(odd(x)))
        with pytest.raises(DataError, match=r"the layer odd.*look at Grad-CAM instead"):
            relevance(model, np.zeros((1, 8, 12, 1), np.float32))
