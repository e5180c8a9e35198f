"""What the tests of detection share: sound that is quickly made, and tiny detectors of it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from rarewave.base.tasks import Task
from rarewave.detection import event_list, scanning
from rarewave.detection.postprocessing import Joining
from rarewave.detection.scanning import Scorer
from rarewave.frontend import normalisation
from rarewave.frontend.grid import Grid, PadShort
from rarewave.frontend.spectrogram import spectrograms
from rarewave.frontend.transform import FrontEnd
from rarewave.model import detector
from rarewave.model.detector import Detector
from rarewave.model.package import save
from rarewave.recordings import reading, streams
from support import options, tasks

RATE = 1000.0
CLASSES = ("background", "low", "high")
TASK = Task("classes", CLASSES)
BANDS = {"low": (50.0, 150.0), "high": (300.0, 400.0)}
CLEANING = replace(
    options.CLEANING,
    sample_rate_hz=RATE,
    gap_value=None,
    flat_s=0.0,
    spike_factor=0.0,
    low_hz=None,
    high_hz=None,
    taper_s=0.0,
)
FRONT = FrontEnd(
    CLEANING,
    Grid(128, 64, context_samples=0, max_gap=0.1, pad_short=False),
    replace(options.SPECTROGRAM, n_fft=32, hop=16, floor_db=-80.0),
)
JOINING = Joining("mean", smooth_s=0.0, off_ratio=0.6, gap_s=0.0, min_s=0.0)


def noise(samples: int, seed: int = 0) -> NDArray[np.float64]:
    """Faint noise, full scale being 1."""
    return 0.003 * np.random.default_rng(seed).standard_normal(samples)


def calls(
    samples: int, where: Sequence[tuple[str, float, float]], rate: float = RATE, seed: int = 0
) -> NDArray[np.float64]:
    """Noise with tones of these classes between these seconds."""
    wave, time = noise(samples, seed), np.arange(samples) / rate
    for label, onset, offset in where:
        inside = (time >= onset) & (time < offset)
        hertz = np.mean(BANDS[label])
        wave[inside] += 0.2 * np.sin(2 * np.pi * hertz * time[inside])
    return wave


def song(seconds: float, rate: float = RATE, seed: int = 0) -> NDArray[np.float64]:
    """Noise with tones of both classes at random, about two in five seconds."""
    rng = np.random.default_rng([seed, 1])
    onsets = np.sort(rng.uniform(0, seconds - 1, max(1, round(seconds / 2.5))))
    where = [(str(rng.choice(CLASSES[1:])), t, t + rng.uniform(0.2, 1.0)) for t in onsets]
    return calls(round(seconds * rate), where, rate, seed)


def write(path: Path, samples: NDArray[np.float64], rate: float = RATE) -> Path:
    """A wav file of 16 bits."""
    import soundfile

    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, samples, round(rate), "PCM_16")
    return path


def by_level(X: NDArray[np.float32]) -> NDArray[np.float64]:
    """Scores (n, 3) from the level in the band of each class: a detector without a network."""
    mean = X[..., 0].astype(np.float64).mean(axis=2)
    level = np.stack([mean[:, 2:5].mean(axis=1), mean[:, 10:13].mean(axis=1)], axis=1)
    p = 1 / (1 + np.exp(-(level + LOUD) / 4))
    return np.concatenate([1 - p.max(axis=1, keepdims=True), p], axis=1)


def _loud() -> float:
    """Half-way between noise and tones in dB, on the scale of the spectrograms."""
    levels = []
    for wave in (noise(128), calls(128, [("low", 0, 1)])):
        X = spectrograms(wave[None].astype(np.float32), RATE, FRONT.spectrogram)
        levels.append(X[0, 2:5].mean())
    return -float(np.mean(levels))


LOUD = _loud()
SCORER = Scorer(FRONT, CLASSES, by_level)


def network_detector(front: FrontEnd = FRONT, seed: int = 1) -> Detector:
    """An untrained, seeded network of one convolution, its last layer made steep."""
    from rarewave.networks.backend import keras, start

    start(2)
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    given = keras.Input(front.shape, name="spectrogram")
    x = layers.Conv2D(6, 3, padding="same", activation="relu", name="conv1")(given)
    x = layers.GlobalMaxPooling2D(name="peak")(x)
    steep = keras.initializers.VarianceScaling(9.0)
    x = layers.Dense(3, activation="softmax", kernel_initializer=steep, name="classes")(x)
    network = keras.Model(given, x, name="tiny")
    network.compile("adam", "categorical_crossentropy")
    X = np.random.default_rng(seed).normal(-30, 10, (20, *front.shape)).astype(np.float32)
    return Detector(network, "tiny", front, TASK, normalisation.fit(X, "dataset"))


def package(folder: Path, joining: Joining = JOINING, front: FrontEnd = FRONT) -> Detector:
    """A stored detector with thresholds that its scores of `song` reach now and then."""
    made = network_detector(front)
    table = made.score_recording(song(60.0), RATE)
    thresholds = {name: float(table[f"p_{name}"].quantile(0.8)) for name in CLASSES[1:]}
    model = folder.parent / "made" / "model.keras"
    model.parent.mkdir(parents=True, exist_ok=True)
    detector.save(made, model)
    save(folder, model, thresholds, joining, BANDS)
    return made


def detector_of_segments(
    pad_short: PadShort, normalise: str = "dataset"
) -> tuple[Detector, np.ndarray]:
    """A network of segments of 2.064 s, windows of 4.816 s, three tags pooled by attention.

    And the scores of a minute of `song`: (segments, tags), (1, tags) where windows are normalised.
    """
    from rarewave.networks import registry
    from rarewave.networks.backend import keras

    front = replace(FRONT, grid=Grid(4816, 4816, 0, max_gap=0.1, pad_short=pad_short))
    keras.utils.set_random_seed(1)
    model = registry.build("vgg_fcn", front.shape, tasks.TAGS, slice(0, 300), 0.125, "attention")
    X = spectrograms(song(60.0)[None].astype(np.float32), RATE, front.spectrogram)
    made = Detector(model, "vgg_fcn", front, tasks.TAGS, normalisation.fit(X, normalise), 0.125)
    return made, made.score_segments(X) if made.segments else made.score(X[:, :, : front.shape[1]])


def joined(
    paths: Sequence[Path], pattern: str | None = None, in_order: bool = False
) -> list[streams.Stream]:
    """Streams of files."""
    files = [(p, h) for p in paths for h in reading.readable(p, None, pattern)[0]]
    return streams.join(files, in_order)


def events(
    found: Sequence[scanning.Scan],
    thresholds: dict[str, float],
    front: FrontEnd = FRONT,
    how: Joining = JOINING,
) -> pd.DataFrame:
    """The events of scans, in seconds from the start of each stream."""
    classes = {name: CLASSES.index(name) for name in thresholds}
    table = event_list.events(found, front, classes, thresholds, how, BANDS)
    pieces = [found[n].stream.pieces[k] for n, k in zip(table["scan"], table["piece"], strict=True)]
    before = np.array([p.first / p.header.sample_rate for p in pieces])
    table["onset_s"] += before
    table["offset_s"] += before
    return table.drop(columns=["recording_id", "piece"])
