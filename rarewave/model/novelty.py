"""Whether a window is like those that a model learnt from: its sound, and its levels.

The distance to the nearest training windows in the eyes of the network (Sun et al., Out-of-
Distribution Detection with Deep Nearest Neighbors, ICML 2022), and the distance of the levels of
bands of frequencies to theirs. What is far is what few windows of the validation part reach.
"""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.base.arrays import read_npz
from rarewave.base.errors import DataError
from rarewave.base.files import write_npz
from rarewave.detection.scanning import Scorer
from rarewave.frontend import transform
from rarewave.frontend.level import level_db
from rarewave.frontend.transform import FrontEnd
from rarewave.model import neighbours
from rarewave.model.detector import Detector, together
from rarewave.networks import inference, last_layer
from rarewave.networks.backend import keras

FILE = "novelty.npz"
SOUND, LEVEL = "novelty of the sound", "novelty of the levels"  # columns of scores
NEIGHBOURS = 10
BANDS = 8
SHARED_DB = 3.0  # that all bands may be louder or fainter
_MOST = 1000  # training windows, or segments, that are kept; and quantiles of validation


class Reference(NamedTuple):
    """What windows are compared with."""

    features: NDArray[np.float16]  # (k, hidden) of training windows, each of length 1
    far: NDArray[np.float64]  # (q,) rising: distances of validation windows
    levels_db: NDArray[np.float32]  # (k, bands) of training windows
    beyond: NDArray[np.float64]  # (q,) rising: how far the levels of validation windows lie, dB
    alarms: NDArray[np.float64]  # () share of the validation windows that may be called novel

    @property
    def at(self) -> float:
        """The novelty from which on a window is novel."""
        return 1 - float(self.alarms) / 2  # by sound or by level

    @property
    def digest(self) -> str:
        """Equal for equal references."""
        parts = (np.ascontiguousarray(part).tobytes() for part in self)
        return hashlib.sha256(b"".join(parts)).hexdigest()[:16]


# Spectrograms to what a network gives (n, names) and its features (n, hidden) of length 1; of a
# network of segments both of the segments of one long spectrogram.
Looked = Callable[[NDArray[np.float32]], tuple[NDArray[np.float64], NDArray[np.float32]]]


def looker(model: Detector) -> Looked:
    """What scores windows or segments and gives their features, in one pass of the network."""
    network, segments = model.network, model.segments
    given = last_layer.dense(network).input
    score = network if segments is None else last_layer.of_segments(network)
    both = keras.Model(network.input, [given, score.output])

    def look(X: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        if segments is None:
            found = [
                both.predict_on_batch(model.normalisation(X[at : at + inference.BATCH]))
                for at in range(0, len(X), inference.BATCH)
            ]
            hidden = np.concatenate([np.asarray(one, np.float32) for one, _ in found])
            outputs = np.concatenate([np.asarray(one, np.float32) for _, one in found])
            hidden = hidden.mean(axis=1) if hidden.ndim == 3 else hidden
        else:
            each = both(model.normalisation(X), training=False)
            hidden, outputs = (np.asarray(one, np.float32)[0] for one in each)
        return model.task.probabilities(outputs), neighbours.directions(hidden)

    return look


def band_levels(front_end: FrontEnd, X: NDArray[np.float32]) -> NDArray[np.float64]:
    """Mean level (n, bands) in dB of windows (n, rows, frames, channels) in bands of their rows.

    Of the rows between the ends of the band-pass; what a filter left beyond says nothing.
    """
    level = level_db(X, front_end.spectrogram)
    rows = np.flatnonzero(front_end.in_band[: level.shape[1]])
    rows = rows if len(rows) else np.arange(level.shape[1])
    parts = np.array_split(rows, min(BANDS, len(rows)))
    means = level.mean(axis=2, dtype=np.float64)
    return np.stack([means[:, part].mean(axis=1) for part in parts], axis=1)


def learn(
    model: Detector,
    look: Looked,
    X: NDArray[np.float32],
    train: NDArray[np.int64],
    validation: NDArray[np.int64],
    alarms: float,
) -> Reference:
    """What windows of a data set are compared with.

    Parameters
    ----------
    look : from `looker`.
    X : (n, frequencies, frames, channels) dB, perhaps memory-mapped.
    train, validation : rows; of many some, evenly spread.
    alarms : share of the validation windows that may be called novel.
    """
    features, levels = _seen(model, look, X, train)
    kept, nothing = spread(len(features), _MOST), np.zeros(0)
    known = features[kept].astype(np.float16), nothing, levels[kept].astype(np.float32), nothing
    rough = Reference(*known, np.array(alarms))
    features, levels = _seen(model, look, X, validation)
    far, beyond = distance(rough, features), apart_db(rough, levels)
    return rough._replace(far=_quantiles(far), beyond=_quantiles(beyond))


def _seen(
    model: Detector, look: Looked, X: NDArray[np.float32], rows: NDArray[np.int64]
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Features and levels of the windows, or of their segments, of some rows."""
    features, levels = [], []
    for some in _pieces(model, X, rows[spread(len(rows), _MOST)]):
        features.append(look(some)[1])
        levels.append(_levels(model, some))
    return np.concatenate(features), np.concatenate(levels)


def _pieces(
    model: Detector, X: NDArray[np.float32], rows: NDArray[np.int64]
) -> Iterator[NDArray[np.float32]]:
    """Batches of windows; of a network of segments one window at a time."""
    step = inference.BATCH if model.segments is None else 1
    for at in range(0, len(rows), step):
        yield np.asarray(X[rows[at : at + step]])


def _levels(model: Detector, X: NDArray[np.float32]) -> NDArray[np.float64]:
    each = X if model.segments is None else transform.apart(X, model.segments)
    return band_levels(model.front_end, each)


def spread(count: int, most: int) -> NDArray[np.int64]:
    """At most so many numbers below `count`, evenly spread."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.int64))


def _quantiles(values: NDArray[np.float64]) -> NDArray[np.float64]:
    values = np.sort(values)
    return values if len(values) <= _MOST else np.quantile(values, np.linspace(0, 1, _MOST))


def distance(known: Reference, features: NDArray[np.float32]) -> NDArray[np.float64]:
    """Distance (n,) to the tenth nearest training window: 1 less the cosine."""
    near = features @ known.features.astype(np.float32).T
    k = min(NEIGHBOURS, near.shape[1])
    return 1 - np.partition(near, near.shape[1] - k, axis=1)[:, near.shape[1] - k].astype(float)


def apart_db(known: Reference, levels: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distance (n,) in dB to the band levels of the tenth nearest training window.

    The root of the sum of squares over the bands, `SHARED_DB` of what all bands differ by being
    nothing: days and distances are louder and fainter.
    """
    theirs, levels = known.levels_db, levels.astype(np.float32)
    middle, their_middle = levels.mean(axis=1), theirs.mean(axis=1)
    shape, their_shape = levels - middle[:, None], theirs - their_middle[:, None]
    squares = (shape**2).sum(axis=1)[:, None] + (their_shape**2).sum(axis=1)
    squares -= 2 * shape @ their_shape.T
    shared = np.abs(middle[:, None] - their_middle) - SHARED_DB
    squares += levels.shape[1] * np.maximum(shared, 0.0) ** 2
    k = min(NEIGHBOURS, len(theirs)) - 1
    return np.sqrt(np.maximum(np.partition(squares, k, axis=1)[:, k], 0.0)).astype(float)


def novelty(values: NDArray[np.float64], known: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share (n,) of the validation windows that are less novel than each."""
    return np.searchsorted(known, values, side="left") / max(1, len(known))


def judge(
    known: Reference,
    model: Detector,
    look: Looked,
    X: NDArray[np.float32],
    rows: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Novelty of the sound and of the levels (n, 2) of all windows, or segments, of some rows."""
    found = [_judged(known, model, look(some)[1], some) for some in _pieces(model, X, rows)]
    return np.concatenate(found) if found else np.zeros((0, 2))


def _judged(
    known: Reference, model: Detector, features: NDArray[np.float32], X: NDArray[np.float32]
) -> NDArray[np.float64]:
    sound = novelty(distance(known, features), known.far)
    return np.stack([sound, novelty(apart_db(known, _levels(model, X)), known.beyond)], axis=1)


def scorer(model: Detector, known: Reference) -> Scorer:
    """Gives (n, names, then of several members each one's names, then SOUND and LEVEL)."""
    look, names, given = looker(model), list(model.task.names), (model.normalisation, model.task)

    def alone(network: keras.Model, X: NDArray[np.float32]) -> NDArray[np.float64]:
        if model.segments is not None:
            return inference.of_segments(network, X, *given)[0]
        return inference.predict(network, X, np.arange(len(X)), *given)

    def score(X: NDArray[np.float32]) -> NDArray[np.float64]:
        p, features = look(X)
        members = [p, *(alone(network, X) for network in model.others)]
        each = members if model.others else []
        novel = _judged(known, model, features, X)
        return np.concatenate([together(np.stack(members)), *each, novel], axis=1)

    members = [
        f"{name} by member {number}"
        for number in range(1, len(model.networks) + 1)
        for name in names
        if model.others
    ]
    return Scorer(model.scans, [*names, *members, SOUND, LEVEL], score, model.segments)


def save(path: Path, known: Reference) -> None:
    """Write an `.npz`; the same content gives the same bytes."""
    write_npz(path, known._asdict())


def load(path: Path) -> Reference:
    """Read what `save` wrote; raises `DataError` where the file is broken or something else."""
    broken, again = "holds no windows to compare with", "run the stages uncertainty and detect"
    known = Reference(**read_npz(path, Reference._fields, broken, again))
    if known.features.ndim != 2 or not 0 < len(known.features) == len(known.levels_db):
        raise DataError(f"{path} {broken}: {again}")
    return known
