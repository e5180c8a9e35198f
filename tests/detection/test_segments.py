"""A network of segments scores a recording in one pass: the same scores however it is cut."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from support import tasks, tiny

from rarewave.base.tasks import Task
from rarewave.detection import coverage, event_list, scanning
from rarewave.detection.postprocessing import Joining
from rarewave.detection.scanning import Scan
from rarewave.frontend import cleaning, normalisation, transform
from rarewave.frontend.grid import Grid
from rarewave.frontend.spectrogram import spectrograms
from rarewave.frontend.transform import FrontEnd
from rarewave.model import beside
from rarewave.model.detector import Detector
from rarewave.networks import last_layer, registry
from rarewave.networks.backend import keras, start

# Clips of 300 frames; a segment is 128 frames of 16 samples, 2064 samples; the hop 1024.
FRONT = replace(tiny.FRONT, grid=Grid(4816, 4816, 0, max_gap=0.1, pad_short=False))


@pytest.fixture(scope="module")
def network() -> Detector:
    """An untrained network of segments whose scores differ from segment to segment."""
    start(2)
    keras.utils.set_random_seed(1)
    model = registry.build("vgg_fcn", FRONT.shape, tasks.TAGS, slice(0, 300), 0.125, "mean")
    wave = cleaning.clean(tiny.song(100.0, seed=3), tiny.RATE, FRONT.clean).samples
    X = spectrograms(wave[None], tiny.RATE, FRONT.spectrogram)
    normalise = normalisation.fit(X, "dataset")
    last = last_layer.dense(model)
    sums = keras.Model(model.input, last.output)(normalise(X), training=False)
    mean, deviation = np.mean(sums, axis=(0, 1)), np.std(sums, axis=(0, 1))
    last.set_weights([last.get_weights()[0] / deviation, -mean / deviation])
    return Detector(model, "vgg_fcn", FRONT, tasks.TAGS, normalise)


def scanned(network: Detector, path: Path, scores: Path) -> Scan:
    """The scan of one file by the network alone."""
    (stream,) = tiny.joined([path])
    return scanning.scan(beside.scorer_alone(network), stream, scores)


def in_one_pass(network: Detector, wave: NDArray[np.float64]) -> NDArray[np.float64]:
    """Scores of the segments of a whole recording, from one spectrogram of all of it."""
    samples = cleaning.clean(wave, tiny.RATE, FRONT.clean).samples
    X = spectrograms(samples[None], tiny.RATE, FRONT.spectrogram)
    return network.score_segments(X)


@pytest.mark.parametrize("seconds", [300.0, 67.584, 9.0, 4.2])
def test_blocks_give_the_scores_of_one_pass(
    network: Detector, tmp_path: Path, seconds: float
) -> None:
    """Of many blocks, of one, and of less than a margin; the last segment ends with the sound."""
    wave = tiny.song(seconds)
    path = tiny.write(tmp_path / "x.wav", wave)
    import soundfile

    whole = in_one_pass(network, soundfile.read(path)[0])
    found = scanned(network, path, tmp_path / "x.f32")
    assert found.problem == "" and np.ptp(whole[:, 0]) > 0.01
    assert found.first[0] == 0 and found.first[-1] + 2064 == len(wave)
    aligned = found.first % 1024 == 0
    # As many as fit: the samples behind the last whole frame belong to none.
    assert 0 <= aligned.sum() - len(whole) <= 0
    np.testing.assert_allclose(found.P[aligned], whole, atol=1e-5)
    seen = coverage.coverage(found, network.scans)
    assert seen["scored_s"].sum() == pytest.approx(seconds)


def test_a_segment_and_its_margins_alone_give_its_score(network: Detector, tmp_path: Path) -> None:
    """Window by window: each segment from its own samples and those that can change it."""
    wave = tiny.song(60.0)
    path = tiny.write(tmp_path / "x.wav", wave)
    found = scanned(network, path, tmp_path / "x.f32")
    import soundfile

    samples = cleaning.clean(soundfile.read(path)[0], tiny.RATE, FRONT.clean).samples
    segments = network.segments
    assert segments is not None
    margin = segments.margin * FRONT.spectrogram.hop
    for row, first in enumerate(found.first):
        begin = first - min(margin, first // 1024 * 1024)
        X = spectrograms(samples[None, begin : first + 2064 + margin], tiny.RATE, FRONT.spectrogram)
        alone = network.score_segments(X)[(first - begin) // 1024]
        np.testing.assert_allclose(found.P[row], alone, atol=1e-5)


def test_a_stopped_scan_goes_on_to_the_same_bytes(network: Detector, tmp_path: Path) -> None:
    """Four whole chunks of scores are kept, and what lies behind is cut off."""
    path = tiny.write(tmp_path / "x.wav", tiny.song(600.0))
    scores = tmp_path / "x.f32"
    scanned(network, path, scores)
    wanted = scores.read_bytes()
    scores.write_bytes(wanted[: 300 * 4 * 3 + 5])
    scanned(network, path, scores)
    assert scores.read_bytes() == wanted


def test_a_gap_costs_only_the_segments_that_lie_in_it(network: Detector, tmp_path: Path) -> None:
    """They have no score, and their seconds are counted as a gap."""
    front = replace(FRONT, clean=replace(tiny.CLEANING, gap_value=0.0, gap_run=8))
    wave = tiny.song(40.0)
    wave[10_000:16_000] = 0
    path = tiny.write(tmp_path / "x.wav", wave)
    found = scanned(replace(network, front_end=front), path, tmp_path / "x.f32")
    lost = np.isnan(found.P).any(axis=1)
    inside = (found.first + 2064 - 10_000 > 206) & (16_000 - found.first > 206)
    np.testing.assert_array_equal(lost, inside)
    seen = coverage.coverage(found, network.scans)
    assert seen["gap_s"].sum() == pytest.approx(6.0, abs=0.5)


@pytest.mark.parametrize("mode", ["sample", "both", "unit"])
def test_windows_scaled_by_themselves_are_scored_one_by_one(network: Detector, mode: str) -> None:
    """And so are windows with context, or above a floor."""
    X = np.zeros((2, *FRONT.shape), np.float32)
    alone = replace(network, normalisation=normalisation.fit(X, mode))
    assert alone.segments is None and alone.scans == FRONT
    around = replace(FRONT, grid=replace(FRONT.grid, context_samples=16))
    above = replace(FRONT, spectrogram=replace(FRONT.spectrogram, floor_s=3.0))
    for front in (around, above):
        assert replace(network, front_end=front).segments is None
    assert network.scans.grid == Grid(2064, 1024, 0, max_gap=0.1, pad_short=False)


def test_baselines_beside_it_are_of_the_same_segments(network: Detector) -> None:
    """Each of the features of its own 128 frames."""

    class Mean:
        classes_ = np.arange(2)

        def predict_proba(self, features: NDArray) -> list[NDArray]:
            p = 1 / (1 + np.exp(-features[:, :3] / 10))
            return [np.stack([1 - column, column], axis=1) for column in p.T]

    model = Mean()
    model.classes_ = [np.arange(2)] * 3  # type: ignore[assignment]
    scorer = beside.scorer_of(network, {"forest": model})
    X = np.random.default_rng(0).normal(-30, 10, (1, 17, 500, 1)).astype(np.float32)
    p = scorer.score(X)
    assert p.shape == (6, 6)
    np.testing.assert_allclose(p[:, :3], network.score_segments(X), atol=1e-6)
    for segment in range(6):
        mine = X[0, :3, 64 * segment : 64 * segment + 128, 0].mean(axis=1)
        np.testing.assert_allclose(p[segment, 3:], 1 / (1 + np.exp(-mine / 10)), rtol=1e-5)


def test_tags_that_sound_at_once_are_events_of_their_own() -> None:
    """Overlapping in time, each from its own scores."""
    task = Task("tags", ("high", "low"))
    first = np.arange(0, 20_000, 1024)
    P = np.zeros((len(first), 2), np.float32)
    P[4:10, 0], P[6:14, 1] = 0.9, 0.8
    front = transform.of_segments(FRONT, transform.Segments(128, 64, 128))
    events = found(front, first, P, task.names)
    assert list(events["label"]) == ["high", "low"]
    high, low = events.to_dict("records")
    assert high["onset_s"] < low["onset_s"] < high["offset_s"] < low["offset_s"]


def found(
    front: FrontEnd, first: NDArray[np.int64], P: NDArray[np.float32], names: Sequence[str]
) -> pd.DataFrame:
    """Events of scores that are made up, of a recording of 21 s."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = tiny.write(Path(folder) / "x.wav", tiny.noise(22_000))
        (stream,) = tiny.joined([path])
        scan = Scan(stream, first, lambda: P, 22_000, "", np.zeros((0, 2), np.int64))
        columns = {name: k for k, name in enumerate(names)}
        at, how = dict.fromkeys(names, 0.5), Joining("mean", 0.0, 0.5, 0.0, 0.0)
        return event_list.events([scan], front, columns, at, how, {})
