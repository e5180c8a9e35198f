"""What a network gives for many spectrograms, a batch at a time."""

import numpy as np
from numpy.typing import NDArray

from rarewave.frontend.normalisation import Normalisation
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
) -> NDArray[np.float64]:
    """Probability of each class for the given rows of spectrograms, (len(rows), classes).

    A network with one output gives the probability of an event: the classes are background and
    event.
    """
    p = outputs(model, X, rows, normalise).astype(np.float64)
    return np.concatenate([1 - p, p], axis=1) if p.shape[1] == 1 else p
