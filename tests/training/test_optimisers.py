"""Layers of an encoder learn at a rate of their own, or not at all."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from support import tasks
from support.options import TRAINING

from rarewave.networks import backend, kerasfile, registry
from rarewave.networks.backend import keras
from rarewave.training import fit, optimisers
from rarewave.training.optimisers import LayerwiseAdamW

backend.start(2)

RATE = 0.01
SHAPE = (16, 12, 1)
Data = tuple[np.ndarray, np.ndarray]


@pytest.fixture(scope="module")
def data() -> Data:
    """Spectrograms and targets of three classes."""
    rng = np.random.default_rng(0)
    y = np.arange(24) % 3
    X = rng.standard_normal((24, *SHAPE)).astype(np.float32)
    X[np.arange(24), 5 * y] += 3
    return X, np.eye(3, dtype=np.float32)[y]


def network(name: str = "seed_cnn") -> keras.Model:
    """From one seed."""
    keras.utils.set_random_seed(1)
    return registry.build(name, SHAPE, tasks.of_outputs(3), slice(0, 12), 0.125)


def layerwise(rate: float, decay: float = 0.0, slow: tuple[str, ...] = ("conv1", "norm1")) -> Any:
    """The optimiser for layers of `seed_cnn`."""
    return LayerwiseAdamW(RATE, decay, slow_layers=list(slow), rate=rate)


def steps(optimiser: Any, data: Data, count: int = 1) -> dict[str, np.ndarray]:
    """What each weight has moved by after some steps of training."""
    model = network()
    before = {v.path: v.numpy() for v in model.trainable_variables}
    # A graph takes seconds to make, and a few steps do without.
    model.compile(optimiser, "categorical_crossentropy", run_eagerly=True)
    for _ in range(count):
        model.train_on_batch(*data)
    return {v.path: v.numpy() - before[v.path] for v in model.trainable_variables}


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_with_rate_1_it_is_adamw(data: Data, decay: float) -> None:
    """Three steps, bit for bit."""
    one = steps(layerwise(1.0, decay), data, 3)
    other = steps(keras.optimizers.AdamW(RATE, decay), data, 3)
    for path, moved in one.items():
        np.testing.assert_array_equal(moved, other[path])
        assert np.abs(moved).max() > 0


@pytest.mark.parametrize("rate", [0.1, 0.5, 3.0])
def test_the_first_step_of_slow_layers_is_so_much_shorter(data: Data, rate: float) -> None:
    """Of the named layers and no others; their names, not the names of their weights."""
    found, plain = steps(layerwise(rate), data), steps(layerwise(1.0), data)
    factors = {path: rate if path.split("/")[0] in ("conv1", "norm1") else 1.0 for path in plain}
    assert sorted(set(factors.values())) == sorted({1.0, rate})
    for path, moved in plain.items():
        np.testing.assert_allclose(found[path], factors[path] * moved, rtol=2e-3, atol=2e-7)


def test_the_weight_decay_of_slow_layers_is_so_much_weaker() -> None:
    """Where there is no gradient: by learning rate times decay times the factor."""
    model = network()
    optimiser = layerwise(0.1, 0.2)
    model.compile(optimiser, "categorical_crossentropy")
    before = {v.path: v.numpy() for v in model.trainable_variables}
    zeros = [np.zeros_like(v) for v in before.values()]
    optimiser.apply(zeros, model.trainable_variables)
    for variable in model.trainable_variables:
        slow = variable.path.split("/")[0] in ("conv1", "norm1")
        factor = 1 - RATE * 0.2 * (0.1 if slow else 1.0)
        np.testing.assert_allclose(variable.numpy(), before[variable.path] * factor, rtol=1e-6)


def test_adam_is_layerwise_only_where_that_is_wanted() -> None:
    """Adam without decay, AdamW with it; biases and batch normalisation do not decay."""
    assert type(optimisers.adam(RATE, 0.0)) is keras.optimizers.Adam
    assert type(optimisers.adam(RATE, 0.1)) is keras.optimizers.AdamW
    made = optimisers.adam(RATE, 0.1, {"conv2", "conv1"}, 0.5)
    assert isinstance(made, LayerwiseAdamW)
    assert (made.slow_layers, made.rate) == (["conv1", "conv2"], 0.5)
    for optimiser in (optimisers.adam(RATE, 0.1), made):
        model = network()
        optimiser.build(model.trainable_variables)
        decaying = {v.name for v in model.trainable_variables if optimiser._use_weight_decay(v)}
        assert decaying == {"kernel"}


def test_it_follows_a_schedule(data: Data) -> None:
    """A rising learning rate makes no first step, in slow layers neither."""
    rate = optimisers.cosine(RATE, 10, 0.5)
    found = steps(optimisers.adam(rate, 0.0, ["conv1"], 0.1), data)
    assert all((moved == 0).all() for moved in found.values())
    found = steps(optimisers.adam(rate, 0.0, ["conv1"], 0.1), data, 2)
    assert all(np.abs(moved).max() > 0 for moved in found.values())


def test_it_is_saved_and_loaded(data: Data, tmp_path: Path) -> None:
    """With its layers, its factor and its moments: the next step is the same."""
    model = network()
    options = replace(TRAINING, encoder_rate=0.3, weight_decay=0.01)
    fit.compiled(model, options, 10, tasks.of_outputs(3), np.array([8, 8, 8]))
    model.train_on_batch(*data)
    kerasfile.save(model, tmp_path / "m.keras")
    again = kerasfile.load(tmp_path / "m.keras")
    assert isinstance(again.optimizer, LayerwiseAdamW)
    wanted = ["conv1", "conv2", "conv3", "norm1", "norm2", "norm3"]
    assert (again.optimizer.slow_layers, again.optimizer.rate) == (wanted, 0.3)
    before = [v.numpy() for v in model.trainable_variables]
    for one in (model, again):
        one.train_on_batch(*data)
    for a, b, was in zip(again.trainable_variables, model.trainable_variables, before, strict=True):
        # What conv2's bias gets through batch normalisation is rounding, and Adam's step is not.
        if a.name != "bias":
            np.testing.assert_allclose(a.numpy(), b.numpy(), atol=1e-5)
            assert np.abs(b.numpy() - was).max() > 1e-4


def trained(name: str, data: Data, **change: Any) -> tuple[keras.Model, dict[str, np.ndarray]]:
    """A network after three epochs, and what its weights were before."""
    model = network(name)
    before = {v.path: v.numpy() for v in model.variables}
    options = replace(TRAINING, network=name, **change)
    fit.compiled(model, options, 9, tasks.of_outputs(3), np.array([8, 8, 8]))
    model.run_eagerly = True
    model.fit(*data, batch_size=8, epochs=3, verbose=0)
    return model, before


@pytest.mark.parametrize("name", ["seed_cnn", "sound_net", "acoustic_cnn", "call_cnn"])
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
def test_frozen_layers_stay_bit_for_bit(data: Data, name: str, share: float) -> None:
    """The first of those with weights, statistics of batch normalisation too; others move."""
    model, before = trained(name, data, frozen=share)
    layers = [layer.name for layer in registry.encoder(model).layers if layer.weights]
    still = set(layers[: round(share * len(layers))])
    assert {layer.name for layer in model.layers if not layer.trainable} == still
    weights = {v.path: v for v in model.weights}
    assert {path.split("/")[0] for path in weights} > still
    for path, variable in weights.items():
        if "seed_generator" in path:
            continue
        same = np.array_equal(variable.numpy(), before[path])
        assert same == (path.split("/")[0] in still), path
    assert any("moving_mean" in path for path in weights)


def test_a_frozen_encoder_gives_the_same_features(data: Data) -> None:
    """Only the head has weights to train."""
    model, _ = trained("acoustic_cnn", data, frozen=1.0)
    features = np.asarray(registry.encoder(model)(data[0], training=False))
    first = np.asarray(registry.encoder(network("acoustic_cnn"))(data[0], training=False))
    np.testing.assert_array_equal(features, first)
    counted = sum(int(np.prod(v.shape)) for v in model.trainable_variables)
    assert counted == 2 * 64 + 64 * 256 + 256 + 256 * 3 + 3
