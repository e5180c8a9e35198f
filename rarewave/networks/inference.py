"""What a network gives for many spectrograms, a batch at a time."""

import numpy as np
from numpy.typing import NDArray

from rarewave.base.tasks import Task
from rarewave.frontend.normalisation import Normalisation
from rarewave.networks import last_layer
from rarewave.networks.backend import keras

# Windows at once: it bounds the memory.
BATCH = 256


def outputs(
    model: keras.Model, X: NDArray[np.float32], rows: NDArray[np.int64], normalise: Normalisation
) -> NDArray[np.float32]:
    """What a network or an encoder gives for some rows of spectrograms in dB, (len(rows), units).

    Parameters
    ----------
    X : (n, frequencies, frames, channels) dB.
    """
    found = [
        np.asarray(model.predict_on_batch(normalise(X[rows[at : at + BATCH]])), np.float32)
        for at in range(0, len(rows), BATCH)
    ]
    return np.concatenate(found) if found else np.zeros((0, model.output_shape[-1]), np.float32)


def predict(
    model: keras.Model,
    X: NDArray[np.float32],
    rows: NDArray[np.int64],
    normalise: Normalisation,
    task: Task,
) -> NDArray[np.float64]:
    """Probability of each name of the task for some rows of spectrograms, (len(rows), names)."""
    return task.probabilities(outputs(model, X, rows, normalise))


def of_segments(
    model: keras.Model, X: NDArray[np.float32], normalise: Normalisation, task: Task
) -> NDArray[np.float64]:
    """Probability of each name for the segments of spectrograms of any length, in one pass each.

    Parameters
    ----------
    model : one that scores segments.
    X : (n, frequencies, frames, channels) dB.

    Returns
    -------
    (n, segments, names)
    """
    each = last_layer.of_segments(model)
    found = [each(normalise(one[None]), training=False) for one in X]
    p = np.concatenate([np.asarray(one, np.float32) for one in found])
    return task.probabilities(p.reshape(-1, task.outputs)).reshape(*p.shape[:2], -1)
