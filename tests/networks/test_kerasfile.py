"""A stored model has the bytes of its content, and is the model."""

import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support import tasks
from support.options import TRAINING
from support.places import ROOT

from rarewave.base.errors import DataError
from rarewave.networks import backend, kerasfile, registry
from rarewave.networks.backend import keras
from rarewave.training import fit

backend.start(2)

SCRIPT = """
import sys
from pathlib import Path
import numpy as np
from rarewave.base.tasks import task_of
from rarewave.networks import backend, kerasfile, registry
backend.start(1)
keras = backend.keras
keras.utils.set_random_seed(3)
model = registry.build("seed_cnn", (8, 8, 1), task_of("event", []), slice(0, 8))
model.compile(keras.optimizers.Adam(), keras.losses.BinaryCrossentropy())
X = np.random.default_rng(0).standard_normal((8, 8, 8, 1))
model.train_on_batch(X, X[:, :1, 0, 0] > 0)
kerasfile.save(model, Path(sys.argv[1]))
"""


Trained = tuple[keras.Model, np.ndarray, np.ndarray]


def trained(name: str = "seed_cnn") -> Trained:
    """A small network after two steps, with its data."""
    keras.utils.set_random_seed(1)
    options = replace(TRAINING, network=name, learning_rate=0.01)
    model = registry.build(name, (8, 8, 1), tasks.of_outputs(1), slice(0, 8))
    fit.compiled(model, options, 100, tasks.EVENT, np.array([4, 4]))
    X = np.random.default_rng(0).standard_normal((8, 8, 8, 1)).astype(np.float32)
    y = (X[:, :1, 0, 0] > 0).astype(np.float32)
    for _ in range(2):
        model.train_on_batch(X, y)
    return model, X, y


@pytest.fixture(scope="module")
def seed_cnn() -> keras.Model:
    """For tests that leave it as it is."""
    return trained()[0]


def test_two_processes_write_the_same_bytes(tmp_path: Path) -> None:
    """The same seed, data and steps, started twice, with other hash seeds."""
    running = [
        subprocess.Popen(
            [sys.executable, "-c", SCRIPT, str(tmp_path / f"{n}.keras")],
            cwd=ROOT,
            env=os.environ | {"PYTHONHASHSEED": str(n)},
        )
        for n in (1, 2)
    ]
    assert [process.wait(120) for process in running] == [0, 0]
    assert (tmp_path / "1.keras").read_bytes() == (tmp_path / "2.keras").read_bytes()


@pytest.mark.parametrize("name", ["seed_cnn", "band_context"])
def test_the_loaded_model_is_the_saved_one(tmp_path: Path, name: str) -> None:
    """The same probabilities, the optimiser's state, and the same next step of training."""
    model, X, y = trained(name)
    kerasfile.save(model, tmp_path / "m.keras")
    again = kerasfile.load(tmp_path / "m.keras")
    np.testing.assert_array_equal(again.predict(X, verbose=0), model.predict(X, verbose=0))
    assert int(again.optimizer.iterations) == 2
    for a, b in zip(again.optimizer.variables, model.optimizer.variables, strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))
    keras.utils.set_random_seed(5)
    model.train_on_batch(X, y)
    keras.utils.set_random_seed(5)
    again.train_on_batch(X, y)
    if name == "seed_cnn":  # the other one drops units at random, from a generator of its own
        for a, b in zip(again.get_weights(), model.get_weights(), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)
    assert [p.name for p in tmp_path.iterdir()] == ["m.keras"]


@pytest.mark.parametrize("name", ["seed_cnn", "band_context"])
def test_the_bytes_depend_on_nothing_but_the_model(tmp_path: Path, name: str) -> None:
    """Saved twice, under another name; a new weight changes them."""
    model, X, y = trained(name)
    for file in ("a", "b"):
        kerasfile.save(model, tmp_path / f"{file}.keras")
    a, b = ((tmp_path / f"{file}.keras").read_bytes() for file in "ab")
    assert a == b
    model.train_on_batch(X, y)
    kerasfile.save(model, tmp_path / "c.keras")
    assert (tmp_path / "c.keras").read_bytes() != a


def test_a_loaded_model_is_saved_with_the_same_bytes(tmp_path: Path, seed_cnn: keras.Model) -> None:
    """Loading changes nothing."""
    kerasfile.save(seed_cnn, tmp_path / "a.keras")
    kerasfile.save(kerasfile.load(tmp_path / "a.keras"), tmp_path / "b.keras")
    assert (tmp_path / "a.keras").read_bytes() == (tmp_path / "b.keras").read_bytes()


@pytest.mark.parametrize("name", ["seed_cnn", "band_context"])
def test_the_second_network_of_a_process_has_the_bytes_of_the_first(
    tmp_path: Path, name: str
) -> None:
    """As in a notebook that trains again: no automatic name counts the networks before."""
    for file in ("a", "b"):
        kerasfile.save(trained(name)[0], tmp_path / f"{file}.keras")
    assert (tmp_path / "a.keras").read_bytes() == (tmp_path / "b.keras").read_bytes()


def test_files_that_are_no_model_are_refused(tmp_path: Path, seed_cnn: keras.Model) -> None:
    """Missing, no archive, an archive of something else, a model cut off."""
    path = tmp_path / "m.keras"
    with pytest.raises(DataError, match=r"no model .*m\.keras: run the stage train"):
        kerasfile.load(path)
    path.write_bytes(b"no archive")
    with pytest.raises(DataError, match=r"m\.keras is not a \.keras file: it is no zip archive"):
        kerasfile.load(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("hello.txt", "hello")
    with pytest.raises(DataError, match=r"m\.keras is not a Keras model .*: train it again"):
        kerasfile.load(path)
    kerasfile.save(seed_cnn, path)
    path.write_bytes(path.read_bytes()[:-2000])
    with pytest.raises(DataError, match=r"m\.keras is not a"):
        kerasfile.load(path)


def test_a_failed_save_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed_cnn: keras.Model
) -> None:
    """No half model and nothing beside it."""
    path = tmp_path / "m.keras"
    path.write_bytes(b"old")
    monkeypatch.setattr(kerasfile, "_stable", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        kerasfile.save(seed_cnn, path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_said_plainly(tmp_path: Path, seed_cnn: keras.Model) -> None:
    """While Keras itself writes, too."""
    path = tmp_path / "m.keras"
    (tmp_path / ".m.raw.keras").symlink_to("/dev/full")
    with pytest.raises(DataError, match="disk is full"):
        kerasfile.save(seed_cnn, path)
    assert list(tmp_path.iterdir()) == []
