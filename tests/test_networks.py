"""Networks have the size and the layers that they say."""

import io
import re

import numpy as np
import pytest

from rarewave import backend, networks
from rarewave.backend import keras

backend.start(2)


def test_the_seed_network_has_its_count_of_weights() -> None:
    """101,889, and 304,773 with the variables of the optimiser, as the summary counts them."""
    model = networks.build("seed_cnn", (129, 32, 1), slice(0, 32))
    assert model.count_params() == 101_889
    model.compile(keras.optimizers.Adam(), "binary_crossentropy")
    model.train_on_batch(np.zeros((2, 129, 32, 1)), np.zeros((2, 1)))
    stream = io.StringIO()
    model.summary(print_fn=lambda line, **_: stream.write(line + "\n"))
    (total,) = re.findall(r"Total params:\s+([\d,]+)", stream.getvalue())
    assert total == "304,773"


@pytest.mark.parametrize("name", ["seed_cnn", "band_context"])
@pytest.mark.parametrize("shape", [(129, 32, 1), (17, 29, 1), (40, 20, 2)])
def test_a_network_gives_a_probability_for_each_window(
    name: str, shape: tuple[int, int, int]
) -> None:
    """Whatever the size of the spectrogram; each window for itself."""
    keras.utils.set_random_seed(1)
    model = networks.build(name, shape, slice(2, shape[1] - 3))
    X = np.random.default_rng(0).normal(0, 3, (5, *shape)).astype(np.float32)
    p = np.asarray(model(X, training=False))
    assert p.shape == (5, 1)
    assert ((p > 0) & (p < 1)).all()
    np.testing.assert_allclose(np.asarray(model(X[2:3], training=False)), p[2:3], atol=1e-6)


@pytest.mark.parametrize("name", ["seed_cnn", "band_context"])
def test_the_seed_decides_the_first_weights(name: str) -> None:
    """Equal for equal, different for different."""
    found = []
    for seed in (1, 1, 2):
        keras.utils.set_random_seed(seed)
        model = networks.build(name, (17, 29, 1), slice(0, 29))
        found.append(np.concatenate([w.ravel() for w in model.get_weights()]))
    np.testing.assert_array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])


def test_band_means_look_at_the_window_and_the_context() -> None:
    """The level of the window's frames; the last channel over all frames."""
    model = networks.build("band_context", (8, 20, 2), slice(5, 15))
    X = np.random.default_rng(0).normal(0, 3, (3, 8, 20, 2)).astype(np.float32)
    found = keras.Model(model.input, model.get_layer("bands").output)(X)
    level = X[:, :, 5:15, 0].reshape(3, 2, 4 * 10).mean(axis=2)
    context = X[:, :, :, 1].reshape(3, 2, 4 * 20).mean(axis=2)
    np.testing.assert_allclose(found, np.concatenate([level, context], axis=1), atol=1e-5)
