"""What segments cost: learnt as a whole or one by one, scored in one pass or one by one."""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from rarewave.frontend.transform import Segments, apart
from rarewave.model.detector import Detector
from rarewave.networks.backend import keras

_BATCH = 16  # windows of a step of training
_REPEATS = 5


def segment_costs(inner: Detector, segments: Segments, X: NDArray[np.float32]) -> dict[str, float]:
    """Seconds for an hour of recording, of training and of scoring, each in two ways.

    Training on whole windows or on their segments, each with the labels of its window (the strong
    label assumption, SLAT); scoring in one fully convolutional pass, or every segment of 128 frames
    for itself. The two ways take turns, and of several repeats the fastest counts.

    Parameters
    ----------
    X : (n, frequencies, frames, channels) dB, windows of recordings; repeated to a batch.
    """
    windows = inner.normalisation(np.resize(X, (_BATCH, *X.shape[1:])))
    rate = inner.front_end.clean.sample_rate_hz
    hours = _BATCH * inner.front_end.grid.window_samples / rate / 3600
    rng = np.random.Generator(np.random.PCG64(1))
    y = rng.integers(0, 2, (_BATCH, inner.task.outputs)).astype(np.float32)
    y = y / np.maximum(y.sum(axis=1, keepdims=True), 1) if inner.task.kind == "classes" else y
    cut = apart(windows, segments)
    inherited = np.repeat(y, len(cut) // _BATCH, axis=0)
    learner = keras.models.clone_model(inner.network)
    loss = "categorical_crossentropy" if inner.task.kind == "classes" else "binary_crossentropy"
    learner.compile("adam", loss, jit_compile=False)
    long = np.concatenate(list(windows), axis=1)[None]
    parts = apart(long, segments)
    ways: dict[str, Callable[[], object]] = {
        "train, windows": lambda: learner.train_on_batch(windows, y),
        "train, segments": lambda: learner.train_on_batch(cut, inherited),
        "score, one pass": lambda: np.asarray(inner.network(long, training=False)),
        "score, segments": lambda: [
            np.asarray(inner.network(some, training=False))
            for some in np.array_split(parts, -(-len(parts) // 256))
        ],
    }
    took: dict[str, list[float]] = {name: [] for name in ways}
    for repeat in range(_REPEATS + 1):  # the first builds the graphs
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            if repeat:
                took[name].append(time.perf_counter() - began)
    found = {f"{name} [s/h]": min(seconds) / hours for name, seconds in took.items()}
    for what, (whole, each) in {
        "train": ("train, windows", "train, segments"),
        "score": ("score, one pass", "score, segments"),
    }.items():
        found[f"{what}: saved [%]"] = 100 * (1 - min(took[whole]) / min(took[each]))
    return found
