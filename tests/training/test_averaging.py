"""The moving average of weights is what its definition says, and takes their place for a while."""

import numpy as np
import pytest

from rarewave.networks import backend
from rarewave.networks.backend import keras
from rarewave.training.averaging import Average

backend.start(2)


def network() -> keras.Model:
    """With batch normalisation, whose statistics move without a gradient."""
    keras.utils.set_random_seed(1)
    given = keras.Input((4,))
    x = keras.layers.Dense(3, name="hidden")(given)
    x = keras.layers.BatchNormalization(momentum=0.5, name="norm")(x)
    model = keras.Model(given, keras.layers.Dense(1, name="out")(x))
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model


class Seen(keras.callbacks.Callback):
    """The weights after each step."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[list[np.ndarray]] = []

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        self.steps.append(self.model.get_weights())


@pytest.mark.parametrize("decay", [0.5, 0.99])
def test_the_average_by_hand(decay: float) -> None:
    """All weights, statistics of batch normalisation among them; the start is soon forgotten."""
    model, seen, average = network(), Seen(), Average(decay, list)
    X = np.random.default_rng(0).standard_normal((40, 4)).astype(np.float32)
    model.fit(X, X[:, :1], batch_size=4, epochs=2, verbose=0, callbacks=[seen, average])
    wanted = [w.astype(float) for w in seen.steps[0]]
    for number, weights in enumerate(seen.steps, start=1):
        kept = min(decay, (1 + number) / (10 + number))
        wanted = [kept * a + (1 - kept) * w for a, w in zip(wanted, weights, strict=True)]
    own = model.get_weights()
    with average.instead(model):
        for found, by_hand in zip(model.get_weights(), wanted, strict=True):
            np.testing.assert_allclose(found, by_hand, rtol=1e-4, atol=1e-6)
        assert any((a != b).any() for a, b in zip(model.get_weights(), own, strict=True))
    for found, before in zip(model.get_weights(), own, strict=True):
        np.testing.assert_array_equal(found, before)


def test_without_a_decay_nothing_takes_the_place_of_the_weights() -> None:
    """And nothing is copied."""
    model, average = network(), Average(0.0, list)
    X = np.ones((8, 4), np.float32)
    model.fit(X, X[:, :1], batch_size=4, verbose=0, callbacks=[average])
    own = model.get_weights()
    with average.instead(model):
        for found, before in zip(model.get_weights(), own, strict=True):
            np.testing.assert_array_equal(found, before)
    assert average.weights == []


def test_an_error_within_gives_the_weights_back() -> None:
    """Training that is stopped there goes on from its own."""
    model, average = network(), Average(0.9, list)
    X = np.random.default_rng(0).standard_normal((40, 4)).astype(np.float32)
    model.fit(X, X[:, :1], batch_size=4, verbose=0, callbacks=[average])
    own = model.get_weights()
    with pytest.raises(ZeroDivisionError), average.instead(model):
        raise ZeroDivisionError
    for found, before in zip(model.get_weights(), own, strict=True):
        np.testing.assert_array_equal(found, before)


def test_statistics_are_those_of_the_averaged_weights() -> None:
    """Mean and variance of what the layer is given, the mean over the batches; momentum is kept."""
    model = network()
    rng = np.random.default_rng(0)
    X = (3 + 2 * rng.standard_normal((96, 4))).astype(np.float32)
    batches = [X[:32], X[32:64], X[64:]]
    average = Average(0.9, lambda: batches)
    model.fit(X, X[:, :1], batch_size=8, verbose=0, callbacks=[average])
    layer = model.get_layer("norm")
    with average.instead(model):
        kernel, bias = model.get_layer("hidden").get_weights()
        given = [batch @ kernel + bias for batch in batches]
        means = np.mean([g.mean(axis=0) for g in given], axis=0)
        variances = np.mean([g.var(axis=0) for g in given], axis=0)
        np.testing.assert_allclose(layer.moving_mean.numpy(), means, rtol=1e-4)
        np.testing.assert_allclose(layer.moving_variance.numpy(), variances, rtol=1e-4)
    assert layer.momentum == 0.5
