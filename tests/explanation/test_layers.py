"""What each layer is worth: small networks reckoned by hand, and those of the house."""

import numpy as np
import pytest
from support import inputs, tasks

from rarewave.explanation.layers import by_ablation, by_gradient, evidence, images
from rarewave.networks import backend, last_layer, registry
from rarewave.networks.backend import keras
from rarewave.training.hyperparameters import NETWORKS

backend.start(2)
layers = keras.layers

# One input channel of 2 x 3, a 1x1 convolution to two channels (2x and -x), the sum of all places.
X = np.array([[1, 2, 3], [4, 5, 6]], np.float32)[:, :, None]


def by_hand(flat: bool) -> keras.Model:
    """x -> (2x, -x) -> mean over places, or all places weighed -> 0.5 a + 3 b + 1 -> sigmoid."""
    given = keras.Input((2, 3, 1), name="given")
    x = layers.Conv2D(2, 1, use_bias=False, name="conv")(given)
    x = layers.Flatten(name="flat")(x) if flat else layers.GlobalAveragePooling2D(name="mean")(x)
    model = keras.Model(given, layers.Dense(1, activation="sigmoid", name="event")(x))
    model.get_layer("conv").set_weights([np.array([[[[2.0, -1.0]]]], np.float32)])
    weights = np.zeros((12, 1), np.float32) if flat else np.array([[0.5], [3.0]], np.float32)
    if flat:
        weights[10] = 0.5  # only the last place counts: 2 x 6
        weights[0] = -1.0  # and the first against it: 2 x 1
    model.get_layer("event").set_weights([weights, np.array([1.0], np.float32)])
    return model


def test_log_odds_of_a_sigmoid_are_its_sum() -> None:
    """0.5 x 2 x 3.5 - 3 x 3.5 + 1 = -6."""
    found = evidence(by_hand(False), X[None])
    assert found.log_odds == pytest.approx(-6.0)
    assert found.p == pytest.approx(1 / (1 + np.exp(6)))


def test_log_odds_of_a_softmax_are_those_of_its_probabilities() -> None:
    """log p / (1 - p) as computed from the probabilities, where they are not yet rounded."""
    keras.utils.set_random_seed(1)
    model = registry.build("call_cnn", (16, 12, 1), tasks.of_outputs(3), slice(0, 12))
    inputs = np.random.default_rng(0).standard_normal((5, 16, 12, 1)).astype(np.float32)
    p = np.asarray(model(inputs), np.float64)
    found = evidence(model, inputs)
    np.testing.assert_allclose(found.p, p, atol=1e-6)
    np.testing.assert_allclose(found.log_odds, np.log(p / (1 - p)), atol=1e-5)


def test_gradient_times_activation_by_hand() -> None:
    """Channels: 0.5 x 7 = 3.5 for the class and 3 x -3.5 = -10.5 against it."""
    assert by_gradient(by_hand(False), X, 0) == pytest.approx({"conv": 14.0})
    # Places of one channel are added before the absolute value: -1 x 2 + 0.5 x 12.
    assert by_gradient(by_hand(True), X, 0) == pytest.approx({"conv": 4.0})


def test_ablation_by_hand() -> None:
    """The mean is all that a mean needs; where places are weighed, each becomes 2 x 3.5 = 7."""
    assert by_ablation(by_hand(False), X, 0) == pytest.approx({"conv": 0.0}, abs=1e-6)
    lost = 4.0 - (-1.0 * 7 + 0.5 * 7)
    assert by_ablation(by_hand(True), X, 0) == pytest.approx({"conv": lost})


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("outputs", [1, 3])
def test_every_network_can_be_looked_into(name: str, outputs: int) -> None:
    """Numbers for all layers with weights; the network itself stays as it was."""
    keras.utils.set_random_seed(2)
    size = inputs.of(name, (24, 16, 1))
    model = registry.build(name, size, tasks.of_outputs(outputs), slice(0, size[1]), 0.5)
    given = np.random.default_rng(1).standard_normal(size).astype(np.float32)
    before, names = np.asarray(model(given[None])), [layer.name for layer in model.layers]
    output = outputs - 1
    gradient = by_gradient(model, given, output)
    ablation = by_ablation(model, given, output)
    assert list(gradient) == list(ablation)
    assert {layer.name for layer in last_layer.inner(model) if layer.weights} <= set(gradient)
    assert min(gradient.values()) >= 0 and max(gradient.values()) > 0
    assert all(ablation[name] is None for name in names if name == "hidden")  # it has no places
    np.testing.assert_array_equal(np.asarray(model(given[None])), before)
    assert [layer.name for layer in model.layers] == names
    shape = [size or 2 for size in model.get_layer(images(model)[0]).output.shape]  # of any length
    assert len(shape) == 4 and min(shape[1:3]) >= min(2, size[0]) and max(shape[1:3]) >= 2


def test_the_gradient_is_that_of_finite_differences() -> None:
    """Of a softmax network: the log-odds lost when one channel of the input-side layer shrinks."""
    keras.utils.set_random_seed(3)
    model = registry.build("call_cnn", (16, 12, 1), tasks.of_outputs(3), slice(0, 12))
    given = np.random.default_rng(2).standard_normal((16, 12, 1)).astype(np.float32)
    wanted, step = 0.0, 1e-2
    conv = model.get_layer("conv1")
    (kernel,) = conv.get_weights()
    for channel in range(kernel.shape[-1]):
        odds = []
        for sign in (1, -1):
            changed = kernel.copy()
            changed[..., channel] *= 1 + sign * step
            conv.set_weights([changed])
            odds.append(evidence(model, given[None]).log_odds[0, 1])
        wanted += abs(odds[0] - odds[1]) / (2 * step)
    conv.set_weights([kernel])
    assert by_gradient(model, given, 1)["conv1"] == pytest.approx(wanted, rel=0.05)
