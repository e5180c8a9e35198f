"""The contrastive loss of SimCLR, and what tells whether an encoder learns from it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarewave.networks.backend import keras

ops = keras.ops

# Of the k-nearest-neighbour vote: Wu et al., Unsupervised Feature Learning via Non-Parametric
# Instance Discrimination, CVPR 2018.
_NEIGHBOURS = 20
_VOTE_TEMPERATURE = 0.07
_ASKED_AT_ONCE = 128  # of long archives, likeness of all to all would be tens of GB


def nt_xent(z: Any, temperature: float) -> Any:
    """Normalised temperature-scaled cross-entropy of each view, (2n,).

    Chen et al., A Simple Framework for Contrastive Learning of Visual Representations, ICML 2020:
    each view is to be told from all others of the batch as nearest to the other view of its window.

    Parameters
    ----------
    z : (2n, features); rows i and i + n are the views of one window.
    temperature : above 0; the smaller, the more the nearest of the others count.
    """
    z = ops.normalize(ops.cast(z, "float32"), axis=1)
    views = ops.shape(z)[0]
    likeness = ops.matmul(z, ops.transpose(z)) / temperature
    likeness = likeness - 1e9 * ops.eye(views)  # a view is not its own pair
    partner = ops.sum(z * ops.roll(z, views // 2, axis=0), axis=1) / temperature
    return ops.logsumexp(likeness, axis=1) - partner


@keras.saving.register_keras_serializable("rarewave")
class Contrast(keras.losses.Loss):
    """`nt_xent` as a loss of Keras; the targets are not looked at."""

    def __init__(self, temperature: float, name: str = "nt_xent") -> None:
        super().__init__(name=name)
        self.temperature = float(temperature)

    def call(self, y_true: Any, y_pred: Any) -> Any:
        """Loss (2n,) of each view."""
        return nt_xent(y_pred, self.temperature)

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return {"temperature": self.temperature, "name": self.name}


def unit(features: NDArray[np.floating]) -> NDArray[np.float64]:
    """Features (n, d) scaled to length 1; zeros stay zeros."""
    wide = np.asarray(features, np.float64)
    return wide / np.maximum(np.linalg.norm(wide, axis=1, keepdims=True), 1e-12)


def alignment(one: NDArray[np.floating], other: NDArray[np.floating]) -> float:
    """Mean squared distance of the two views' features (n, d) on the unit sphere.

    Wang and Isola, Understanding Contrastive Representation Learning through Alignment and
    Uniformity on the Hypersphere, ICML 2020: 0 is best, 2 is what chance gives.
    """
    return float(np.square(unit(one) - unit(other)).sum(axis=1).mean())


def uniformity(features: NDArray[np.floating]) -> float:
    """Logarithm of the mean of exp(-2 d**2) over pairs of features (n, d) on the unit sphere.

    Wang and Isola 2020: 0 where all are one point, the lower the more evenly they spread.
    """
    z = unit(features)
    squared = 2 - 2 * (z @ z.T)[np.triu_indices(len(z), 1)]
    return float(np.log(np.exp(-2 * squared).mean())) if len(squared) else float("nan")


def nearest(
    known: NDArray[np.floating], y: NDArray[np.int8], asked: NDArray[np.floating], classes: int
) -> NDArray[np.int64]:
    """The class (m,) that the nearest known features vote for, weighted by likeness.

    Parameters
    ----------
    known : (n, d) features whose classes (n,) are `y`.
    asked : (m, d).
    """
    towards, count = unit(known).T, min(_NEIGHBOURS, len(known))
    votes = np.zeros((len(asked), classes))
    for at in range(0, len(asked), _ASKED_AT_ONCE):
        likeness = unit(asked[at : at + _ASKED_AT_ONCE]) @ towards
        best = np.argsort(-likeness, axis=1, kind="stable")[:, :count]
        weight = np.exp(np.take_along_axis(likeness, best, axis=1) / _VOTE_TEMPERATURE)
        np.add.at(votes, (at + np.arange(len(best))[:, None], y[best]), weight)
    return votes.argmax(axis=1)
