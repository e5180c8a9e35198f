"""Training windows that a packed detector remembers, to compare new ones with."""

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.base.arrays import read_npz
from rarewave.base.errors import DataError
from rarewave.base.files import write_npz
from rarewave.base.tasks import BACKGROUND
from rarewave.dataset.index import Indexed
from rarewave.frontend.normalisation import Normalisation
from rarewave.networks import inference, last_layer
from rarewave.networks.backend import keras, tf

# Windows kept at most: some 0.6 MB for 64 features.
MOST = 5000


class Examples(NamedTuple):
    """Training windows in the eyes of the network: the numbers that its last layer weighs."""

    features: NDArray[np.float16]  # (n, hidden) of length 1; half precision is enough for angles
    window_id: NDArray[np.str_]  # (n,)
    recording: NDArray[np.str_]  # (n,)
    start_s: NDArray[np.float64]  # (n,) from the start of the recording
    label: NDArray[np.str_]  # (n,) of the event that fills most of it, or background; all tags


class Near(NamedTuple):
    """A training window and the cosine of the angle between its features and others."""

    window_id: str
    recording: str
    start_s: float
    label: str
    similarity: float


def features(model: keras.Model, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    """What the last (dense) layer is given, (n, hidden), each row divided by its length.

    Parameters
    ----------
    inputs : (n, frequencies, frames, channels), normalised.
    """
    hidden = last_layer.averaged(model)(tf.convert_to_tensor(inputs), training=False)
    return directions(np.asarray(hidden))


def embedded(
    model: keras.Model,
    normalise: Normalisation,
    X: NDArray[np.float32],
    rows: NDArray[np.int64],
) -> NDArray[np.float32]:
    """What `features` gives for some rows of spectrograms in dB, a batch at a time."""
    return directions(inference.outputs(last_layer.averaged(model), X, rows, normalise))


def directions(hidden: NDArray[np.float32]) -> NDArray[np.float32]:
    """Rows (n, hidden) divided by their length; zeros stay zeros."""
    length = np.linalg.norm(hidden, axis=1, keepdims=True)
    return np.divide(hidden, length, out=np.zeros_like(hidden), where=length > 0)


def chosen(labels: NDArray[np.str_], most: int = MOST) -> NDArray[np.int64]:
    """Which of some windows to keep, in order: at most `most`, as many of each label as it has.

    Where that is too many, rare labels keep all and the frequent ones share what is left
    equally, each evenly spread over its windows.
    """
    names, counts = np.unique(labels, return_counts=True)
    left, kept = most, []
    for done, at in enumerate(np.argsort(counts, kind="stable")):
        share = min(int(counts[at]), left // (len(names) - done))
        mine = np.flatnonzero(labels == names[at])
        kept.append(mine[np.arange(share) * len(mine) // max(share, 1)])
        left -= share
    return np.sort(np.concatenate(kept)) if kept else np.zeros(0, np.int64)


def collect(
    model: keras.Model, normalise: Normalisation, data: Indexed, rows: NDArray[np.int64]
) -> Examples:
    """The examples among some rows of a data set: those of the training part."""
    rows = rows[chosen(data.table["label"].to_numpy("U")[rows])]
    kept = data.table.loc[rows]
    return Examples(
        embedded(model, normalise, data.X, rows).astype(np.float16),
        kept["window_id"].to_numpy("U"),
        kept["recording_id"].to_numpy("U"),
        kept["start_s"].to_numpy(),
        _named(data, rows),
    )


def _named(data: Indexed, rows: NDArray[np.int64]) -> NDArray[np.str_]:
    """What each window is called: its label, of tags all that it holds."""
    if data.task.kind != "tags":
        return data.table["label"].to_numpy("U")[rows]
    names = np.array(data.task.names)
    return np.array([", ".join(names[held == 1]) or BACKGROUND for held in data.truth[rows]])


def save(path: Path, examples: Examples) -> None:
    """Write an `.npz`; the same content gives the same bytes."""
    write_npz(path, examples._asdict())


def load(path: Path) -> Examples:
    """Read what `save` wrote.

    Raises
    ------
    DataError
        The file is broken or holds something else.
    """
    broken, again = "holds no training examples", "run the stage detect again"
    examples = Examples(**read_npz(path, Examples._fields, broken, again))
    lengths = {len(array) for array in examples}
    if examples.features.ndim != 2 or len(lengths) > 1 or not np.isfinite(examples.features).all():
        raise DataError(f"{path} {broken}: {again}")
    return examples


def nearest(
    examples: Examples, feature: NDArray[np.float32], count: int, leave: NDArray[np.bool_]
) -> list[Near]:
    """The `count` examples most similar to a window, most similar first.

    Parameters
    ----------
    feature : (hidden,) of length 1, or 0 throughout: then nothing is similar.
    leave : (n,) examples to leave out, such as the window itself.

    Raises
    ------
    DataError
        The examples are of another network.
    """
    if examples.features.shape[1] != len(feature):
        raise DataError(
            f"the training examples have {examples.features.shape[1]} features and the network "
            f"{len(feature)}: they are of another one; run the stage detect again"
        )
    if not feature.any():
        return []
    similarity = examples.features.astype(np.float32) @ feature
    order = [k for k in np.argsort(-similarity, kind="stable") if not leave[k]][:count]
    return [
        Near(
            str(examples.window_id[k]),
            str(examples.recording[k]),
            float(examples.start_s[k]),
            str(examples.label[k]),
            float(similarity[k]),
        )
        for k in order
    ]
