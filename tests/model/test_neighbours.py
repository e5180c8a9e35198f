"""Training windows that a package remembers."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from support import tasks, tiny

from rarewave.base.errors import DataError
from rarewave.dataset.index import Indexed
from rarewave.frontend import normalisation
from rarewave.model import neighbours
from rarewave.model.neighbours import Examples
from rarewave.networks import backend, registry
from rarewave.networks.backend import keras

backend.start(2)


def some(count: int = 4) -> Examples:
    """Directions in a plane, 30 degrees apart."""
    angle = np.deg2rad(30.0 * np.arange(count))
    return Examples(
        np.stack([np.cos(angle), np.sin(angle)], axis=1).astype(np.float16),
        np.array([f"w{k}" for k in range(count)]),
        np.array(["r"] * count),
        np.arange(count) * 1.5,
        np.array(["a", "b"] * (count // 2)),
    )


def test_the_nearest_are_those_of_the_smallest_angle() -> None:
    """The cosine of each, most similar first; left out is left out."""
    feature = np.array([1.0, 0.0], np.float32)
    found = neighbours.nearest(some(), feature, 2, np.array([False, True, False, False]))
    assert [one.window_id for one in found] == ["w0", "w2"]
    assert [one.similarity for one in found] == pytest.approx([1.0, 0.5], abs=1e-3)
    assert found[1] == ("w2", "r", 3.0, "a", found[1].similarity)
    assert neighbours.nearest(some(), np.zeros(2, np.float32), 2, np.zeros(4, bool)) == []
    assert len(neighbours.nearest(some(), feature, 9, np.zeros(4, bool))) == 4
    with pytest.raises(DataError, match="have 2 features and the network 3: they are of another"):
        neighbours.nearest(some(), np.ones(3, np.float32), 1, np.zeros(4, bool))


@pytest.mark.parametrize(
    ("counts", "most", "wanted"),
    [
        ({"a": 3, "b": 100}, 5000, {"a": 3, "b": 100}),
        ({"a": 3, "b": 100, "c": 200}, 23, {"a": 3, "b": 10, "c": 10}),
        ({"a": 50, "b": 50}, 7, {"a": 3, "b": 4}),
    ],
)
def test_rare_labels_keep_all(counts: dict[str, int], most: int, wanted: dict[str, int]) -> None:
    """The others share what is left, evenly spread."""
    labels = np.repeat(list(counts), list(counts.values()))
    found = neighbours.chosen(labels, most)
    assert (np.diff(found) > 0).all()
    names, kept = np.unique(labels[found], return_counts=True)
    assert dict(zip(names.tolist(), kept.tolist(), strict=True)) == wanted
    if most == 23:
        np.testing.assert_array_equal(found[3:13], 3 + np.arange(10) * 10)
    assert not len(neighbours.chosen(labels[:0]))


def test_features_are_what_the_last_layer_weighs() -> None:
    """Of length 1."""
    keras.utils.set_random_seed(1)
    model = registry.build("call_cnn", (16, 12, 1), tasks.of_outputs(3), slice(0, 12))
    inputs = np.random.default_rng(0).standard_normal((5, 16, 12, 1)).astype(np.float32)
    found = neighbours.features(model, inputs)
    hidden = np.asarray(keras.Model(model.input, model.get_layer("hidden").output)(inputs))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(
        found, hidden / np.linalg.norm(hidden, axis=1, keepdims=True), rtol=1e-5, atol=1e-6
    )


def test_an_example_is_called_by_all_its_tags() -> None:
    """By the first in the alphabet only, a low sound would be said to be like high ones."""
    said = [["low"], ["high", "low"], ["background"], ["high"]]
    table = pd.DataFrame(
        {
            "window_id": list("abcd"),
            "recording_id": "r",
            "start_s": 0.0,
            "label": [names[0] for names in said],
            "labels": said,
        }
    )
    X = np.random.default_rng(0).normal(-60, 5, (4, 16, 12, 1)).astype(np.float32)
    model = registry.build("call_cnn", (16, 12, 1), tasks.TAGS, slice(0, 12))
    normalise = normalisation.fit(X, "sample")
    rows = np.array([1, 2, 3])
    found = neighbours.collect(model, normalise, Indexed(X, table, tasks.TAGS, tiny.FRONT), rows)
    assert found.label.tolist() == ["high, low", "background", "high"]


def test_what_is_saved_is_read_in_the_same_bytes(tmp_path: Path) -> None:
    """Written twice."""
    for name in "ab":
        neighbours.save(tmp_path / name, some())
    one, two = (hashlib.md5((tmp_path / name).read_bytes()).hexdigest() for name in "ab")
    assert one == two
    for stored, made in zip(neighbours.load(tmp_path / "a"), some(), strict=True):
        np.testing.assert_array_equal(stored, made)


@pytest.mark.parametrize("content", [b"no archive", b"", b"PK\x03\x04 and no more"])
def test_a_broken_file_is_told(tmp_path: Path, content: bytes) -> None:
    """With the way out."""
    (tmp_path / "e.npz").write_bytes(content)
    with pytest.raises(DataError, match="holds no training examples .*run the stage detect again"):
        neighbours.load(tmp_path / "e.npz")
