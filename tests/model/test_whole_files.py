"""Recordings scored as a whole: the pooled score of one pass, or that of the window they fill."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support import tasks, tiny

from rarewave.base.tasks import Task
from rarewave.frontend import cleaning, normalisation
from rarewave.frontend.grid import Grid
from rarewave.frontend.spectrogram import spectrograms
from rarewave.model import whole_files
from rarewave.model.detector import Detector
from rarewave.networks import last_layer, registry
from rarewave.networks.backend import keras, start

# Windows of 300 frames; a segment is 128 frames of 16 samples, 2064 samples; the hop 1024.
FRONT = replace(tiny.FRONT, grid=Grid(4816, 4816, 0, max_gap=0.1, pad_short=True))
TASKS = {"event": tasks.EVENT, "classes": tiny.TASK, "tags": tasks.TAGS}


def network(pooling: str, task: Task) -> Detector:
    """An untrained network of segments that scores and weighs each differently."""
    start(2)
    keras.utils.set_random_seed(1)
    model = registry.build("vgg_fcn", FRONT.shape, task, slice(0, 300), 0.125, pooling)
    wave = cleaning.clean(tiny.song(100.0, seed=3), tiny.RATE, FRONT.clean).samples
    X = spectrograms(wave[None], tiny.RATE, FRONT.spectrogram)
    normalise = normalisation.fit(X, "dataset")
    last = last_layer.dense(model)
    sums = keras.Model(model.input, last.output)(normalise(X), training=False)
    mean, deviation = np.mean(sums, axis=(0, 1)), np.std(sums, axis=(0, 1))
    kernel = last.get_weights()[0] / deviation
    last.set_weights([kernel, -mean / deviation])
    if pooling == "attention":
        attention = model.get_layer("attention")
        heads = attention.get_weights()[1]
        attention.set_weights([kernel[:, ::-1][:, : len(heads)], heads])
    return Detector(model, "vgg_fcn", FRONT, task, normalise)


def spectrogram(path: Path, samples: int = 0) -> NDArray[np.float32]:
    """Of a whole file, with silence behind it up to so many samples."""
    cleaned = cleaning.clean(soundfile.read(path)[0], tiny.RATE, FRONT.clean).samples
    padded = np.pad(cleaned, (0, max(0, samples - len(cleaned))))
    return spectrograms(padded[None], tiny.RATE, FRONT.spectrogram)


def scored(model: Detector, path: Path, folder: Path) -> NDArray[np.float64]:
    """Of a file as a whole."""
    (stream,) = tiny.joined([path])
    folder.mkdir()
    return whole_files.of_recording(model, stream, folder).p


@pytest.mark.parametrize("pooling", ["max", "mean", "attention"])
@pytest.mark.parametrize("kind", TASKS)
def test_a_file_has_the_score_of_the_network_itself(
    tmp_path: Path, pooling: str, kind: str
) -> None:
    """Of the window that it fills with silence; of one pass where it is longer."""
    model = network(pooling, TASKS[kind])
    seen = []
    for samples in (1500, 3000, 4816, 2064 + 80 * 1024, 2064 + 3 * 1024):
        path = tiny.write(tmp_path / f"{samples}.wav", tiny.song(samples / 1000 + 2)[:samples])
        X = spectrogram(path, samples=4816)
        assert X.shape[2] == max(300, samples // 16 - 1)
        wanted = model.score(X)[0]
        found = scored(model, path, tmp_path / f"scan {samples}")
        np.testing.assert_allclose(found, wanted, atol=1e-5 if samples > 4816 else 6e-8)
        seen.append(found)
    assert np.ptp(seen, axis=0).min() > 1e-3
    if kind != "tags":
        np.testing.assert_allclose(np.sum(seen, axis=1), 1, atol=1e-6)


def test_without_silence_a_short_file_is_the_segments_in_it(tmp_path: Path) -> None:
    """What training would not have used is scored as far as it goes; less than one is nothing."""
    front = replace(FRONT, grid=replace(FRONT.grid, pad_short=False))
    model = replace(network("mean", tasks.TAGS), front_end=front)
    path = tiny.write(tmp_path / "x.wav", tiny.song(6.0)[: 2064 + 1024])
    wanted = model.score_segments(spectrogram(path)).mean(axis=0)
    np.testing.assert_allclose(scored(model, path, tmp_path / "scan"), wanted, atol=1e-6)
    path = tiny.write(tmp_path / "y.wav", tiny.noise(2000))
    assert np.isnan(scored(model, path, tmp_path / "shorter")).all()


@pytest.mark.parametrize("pooling", ["max", "mean", "attention"])
def test_segments_in_gaps_are_left_out(tmp_path: Path, pooling: str) -> None:
    """The score is pooled over the others; a file that is all gap has none."""
    front = replace(FRONT, clean=replace(tiny.CLEANING, gap_value=0.0, gap_run=8))
    model = replace(network(pooling, tasks.TAGS), front_end=front)
    wave = tiny.song(60.0)[: 2064 + 50 * 1024]
    wave[10_000:16_000] = 0
    (stream,) = tiny.joined([tiny.write(tmp_path / "x.wav", wave)])
    found = whole_files.of_recording(model, stream, tmp_path)
    P = np.asarray(found.scan.P, np.float64)
    good = np.isfinite(P[:, 0])
    assert 3 < (~good).sum() < 10
    weights = np.exp(P[good, 9:12]) if pooling == "attention" else np.ones((good.sum(), 1))
    wanted = (weights * P[good, :3]).sum(axis=0) / weights.sum(axis=0)
    if pooling == "max":
        wanted = P[good, :3].max(axis=0)
    np.testing.assert_allclose(found.p, wanted, atol=1e-6)


@given(st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 3]), st.floats(0.1, 300))
def test_pooling_piece_by_piece_is_pooling_at_once(seed: int, heads: int, spread: float) -> None:
    """However it is cut, and however far apart what is attended to."""
    rng = np.random.default_rng(seed)
    values, logits = rng.random((40, 3)), rng.normal(0, spread, (40, heads))
    cuts = np.sort(rng.integers(1, 40, 3))
    pieces = [k for k in np.split(np.arange(40), cuts) if len(k)]
    found = whole_files.weighed(((values[k], logits[k]) for k in pieces), 3)
    given = logits if heads else np.zeros((40, 1))
    weights = np.exp(given - given.max(axis=0))
    np.testing.assert_allclose(found, (weights * values).sum(axis=0) / weights.sum(axis=0))
    highest = whole_files.highest((values[k] for k in pieces), 3)
    np.testing.assert_array_equal(highest, values.max(axis=0))
    assert np.isnan(whole_files.weighed([], 3)).all()
    assert np.isnan(whole_files.highest([], 3)).all()


@pytest.mark.parametrize("pooling", ["max", "mean", "attention"])
def test_an_ensemble_scores_a_file_by_the_mean_of_its_members(tmp_path: Path, pooling: str) -> None:
    """Each pools its own segments; and those of a window as well."""
    first = network(pooling, tasks.TAGS)
    other = keras.models.clone_model(first.network)
    rng = np.random.default_rng(3)
    given = [w + rng.normal(0, 0.05, w.shape) for w in first.network.get_weights()]
    other.set_weights([np.abs(w) for w in given])
    second, both = replace(first, network=other), replace(first, others=(other,))
    path = tiny.write(tmp_path / "x.wav", tiny.song(60.0)[: 2064 + 30 * 1024])
    wanted = [scored(model, path, tmp_path / name) for model, name in ((first, "1"), (second, "2"))]
    assert np.abs(wanted[0] - wanted[1]).max() > 0.01
    found = scored(both, path, tmp_path / "both")
    np.testing.assert_allclose(found, np.mean(wanted, axis=0), atol=1e-6)
    X = spectrogram(path)
    segments = np.mean([model.score_segments(X) for model in (first, second)], axis=0)
    np.testing.assert_allclose(both.score_segments(X), segments, atol=1e-9)
