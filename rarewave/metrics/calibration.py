"""Calibration: probabilities that mean what they say, learnt from the validation part."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special
from sklearn.isotonic import IsotonicRegression

from rarewave.metrics.decisions import LEAST, Array

TEMPERATURE, ISOTONIC = "_temperature", "_isotonic"  # behind the name of what is calibrated
_HOTTEST = 100.0  # temperatures are sought from its inverse to it


def fit_temperature(p: Array, true: NDArray[np.bool_]) -> float:
    """The temperature by which log-probabilities are divided, of the least negative log-likelihood.

    Guo et al., On Calibration of Modern Neural Networks, ICML 2017. Above 1 the probabilities were
    too sure. Where all outcomes are one option nothing can be learnt, and it is 1.

    Parameters
    ----------
    p : (k, options), of each decision summing to 1.
    true : (k, options); of what holds two classes both count together.
    """
    if _alike(true):
        return 1.0
    logits = np.log(np.clip(p, LEAST, 1.0))

    def loss(log_temperature: float) -> float:
        scaled = special.log_softmax(logits / np.exp(log_temperature), axis=1)
        return -float(special.logsumexp(np.where(true, scaled, -np.inf), axis=1).mean())

    reach = float(np.log(_HOTTEST))
    found = optimize.minimize_scalar(loss, bounds=(-reach, reach), method="bounded")
    return float(np.exp(found.x))


def at_temperature(p: Array, temperature: float) -> Array:
    """Probabilities (k, options) at a temperature; the most probable option stays it."""
    if temperature == 1.0:
        return p
    return special.softmax(np.log(np.clip(p, LEAST, 1.0)) / temperature, axis=-1)


class Isotonic(NamedTuple):
    """A rising step function for each option, of two for the second alone."""

    fits: tuple[IsotonicRegression, ...]


def _alike(true: NDArray[np.bool_]) -> bool:
    """Whether all outcomes are one option, or none is known."""
    return int(true.any(axis=0).sum()) < 2


def fit_isotonic(p: Array, true: NDArray[np.bool_]) -> Isotonic:
    """Isotonic regression of the outcomes on the probabilities (Zadrozny and Elkan 2002)."""
    options = range(p.shape[1]) if p.shape[1] > 2 else (1,)
    fit = [
        IsotonicRegression(y_min=0.0, y_max=1.0, out_of_bounds="clip").fit(
            p[:, option], true[:, option]
        )
        for option in options
    ]
    return Isotonic(tuple(fit))


def at_isotonic(p: Array, known: Isotonic) -> Array:
    """Probabilities (k, options) by the fits, each decision's summing to 1."""
    if p.shape[1] == 2:
        second = known.fits[0].predict(p[:, 1])
        return np.stack([1 - second, second], axis=1)
    found = np.stack([fit.predict(p[:, k]) for k, fit in enumerate(known.fits)], axis=1)
    total = found.sum(axis=1, keepdims=True)
    return np.where(total > 0, found / np.maximum(total, LEAST), 1 / p.shape[1])


def forms(
    p: Array, true: NDArray[np.bool_], learn: NDArray[np.bool_]
) -> tuple[dict[str, Array], float]:
    """Probabilities (k, options) as they are and calibrated, and their temperature.

    What `learn` is true of is learnt from; without two outcomes there isotonic regression is left
    out.
    """
    temperature = fit_temperature(p[learn], true[learn])
    found = {"": p, TEMPERATURE: at_temperature(p, temperature)}
    if not _alike(true[learn]):
        found[ISOTONIC] = at_isotonic(p, fit_isotonic(p[learn], true[learn]))
    return found, temperature
