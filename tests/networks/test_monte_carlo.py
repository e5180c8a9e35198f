"""Monte Carlo dropout: the same whatever the order and the batch, and the mean of what it says."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support import tasks, tiny

from rarewave.frontend import normalisation
from rarewave.frontend.normalisation import Normalisation
from rarewave.networks import inference, kerasfile, monte_carlo, registry
from rarewave.networks.backend import keras, start
from rarewave.networks.options import MonteCarlo
from rarewave.training.hyperparameters import NETWORKS

start(2)
OPTIONS = MonteCarlo(passes=5, seed=1)
WITHOUT = {"seed_cnn"}
SEGMENTS = [name for name in NETWORKS if registry.find(name).segments is not None]


def made(name: str, pooling: str = "max") -> tuple[keras.Model, np.ndarray, Normalisation]:
    """A small untrained network, and windows for it."""
    keras.utils.set_random_seed(4)
    shape = (1, 4000, 1) if registry.find(name).waveform else (64, 140, 1)
    frames = slice(0, shape[1])
    model = registry.build(name, shape, tiny.TASK, frames, 0.125, pooling)
    X = np.random.default_rng(2).normal(0, 9, (9, *shape)).astype(np.float32)
    return model, X, normalisation.fit(X, "dataset")


@pytest.mark.parametrize("name", sorted(set(NETWORKS) - WITHOUT))
def test_a_window_is_what_it_is_whatever_is_beside_it(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Other batches, another order: the same passes; another seed: others."""
    model, X, scale = made(name)
    rows = np.arange(len(X))
    found = monte_carlo.predict(model, X, rows, scale, tiny.TASK, OPTIONS)
    assert found.shape == (5, len(X), len(tiny.TASK.names))
    np.testing.assert_allclose(found.sum(axis=2), 1, atol=1e-5)
    assert found.std(axis=0).max() > 1e-4
    monkeypatch.setattr(monte_carlo, "BATCH", 4)
    other = monte_carlo.predict(model, X, rows[::-1], scale, tiny.TASK, OPTIONS)
    np.testing.assert_allclose(other[:, ::-1], found, atol=1e-5)
    again = monte_carlo.predict(model, X, rows, scale, tiny.TASK, replace(OPTIONS, seed=2))
    assert np.abs(again - found).max() > 1e-4


@pytest.mark.parametrize("pooling", ["max", "mean", "attention"])
@pytest.mark.parametrize("name", SEGMENTS)
def test_a_stored_network_of_segments_drops_out_as_well(
    tmp_path: Path, name: str, pooling: str
) -> None:
    """However its segments are pooled."""
    model, X, scale = made(name, pooling)
    kerasfile.save(model, tmp_path / "m.keras")
    stored = kerasfile.load(tmp_path / "m.keras", compiled=False)
    given = X, np.arange(len(X)), scale, tiny.TASK, OPTIONS
    found = monte_carlo.predict(stored, *given)
    np.testing.assert_allclose(found, monte_carlo.predict(model, *given), atol=1e-6)


@pytest.mark.parametrize("name", ["sound_net", "band_net", "cnn_lstm"])
def test_where_nothing_falls_out_it_is_the_network_itself(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Batch normalisation as in use, whatever lies behind the first dropout."""
    model, X, scale = made(name)
    monkeypatch.setattr(monte_carlo, "_kept", lambda shape, *rest: np.ones(shape, np.float32))
    rows = np.arange(len(X))
    found = monte_carlo.predict(model, X, rows, scale, tiny.TASK, replace(OPTIONS, passes=1))
    wanted = inference.predict(model, X, rows, scale, tiny.TASK)
    np.testing.assert_allclose(found[0], wanted, atol=1e-6)


def test_as_many_units_fall_out_as_the_rate_says() -> None:
    """And the others make up for them."""
    seeds = [[k, 1] for k in range(400)]
    kept = monte_carlo._kept((50,), 0.3, seeds, 0)
    assert set(np.unique(kept)) == {0.0, np.float32(1) / np.float32(0.7)}
    assert abs((kept == 0).mean() - 0.3) < 0.01
    assert abs(kept.mean() - 1) < 0.015
    assert (kept != monte_carlo._kept((50,), 0.3, seeds, 1)).any()


def test_a_network_without_dropout_has_none() -> None:
    """Which the stage says."""
    model = registry.build("seed_cnn", (17, 29, 1), tasks.of_outputs(1), slice(0, 29))
    assert monte_carlo.dropouts(model) == []
