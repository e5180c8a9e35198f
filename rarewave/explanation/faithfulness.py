"""Whether a map shows what a network looks at: take it away, or show nothing else.

Deletion and insertion after Petsiuk et al., RISE, 2018: the parts of a window that a map ranks
first are replaced by those of windows without the class, or are all that is left of it, and the
network is asked again. The faster its answer falls, or rises, the more faithful the map. What is
put in is recorded sound: to flat ones networks give answers of no meaning. The answer is the
log-odds, where a probability near 1 would hide what is lost, from 0 with nothing left to 1 for the
whole window.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.frontend.normalisation import Normalisation
from rarewave.networks import last_layer
from rarewave.networks.backend import keras, tf

STEPS = 10  # of a curve
CELLS = (16, 32)  # rows and columns of a window that are taken away at once, at most
REPLACING = 2  # windows without the class, whose curves are averaged

Answer = Callable[[NDArray[np.float32]], NDArray[np.float64]]


class Curves(NamedTuple):
    """How much of a network's answer is left as more of a window is taken away, or shown."""

    deletion: NDArray[np.float64]  # (STEPS + 1,) from nothing taken away to all
    insertion: NDArray[np.float64]  # (STEPS + 1,) from nothing shown to all

    @property
    def areas(self) -> tuple[float, float]:
        """Under each curve, over the share of the window: low and high speak for the map."""
        return float(np.trapezoid(self.deletion) / STEPS), float(
            np.trapezoid(self.insertion) / STEPS
        )


def answer_of(model: keras.Model, normalise: Normalisation, output: int) -> Answer:
    """What gives the log-odds (n,) of one output for windows (n, f, frames, channels) in dB."""
    body = last_layer.body(model)

    def answer(X: NDArray[np.float32]) -> NDArray[np.float64]:
        hidden = body(tf.convert_to_tensor(normalise(X)), training=False)
        return np.asarray(last_layer.log_odds(model, hidden, output), np.float64)

    return answer


def cells(shape: tuple[int, int]) -> NDArray[np.int64]:
    """The cell (frequencies, frames) that each pixel belongs to, counted from 0."""
    rows, columns = (np.arange(n) * min(most, n) // n for n, most in zip(shape, CELLS, strict=True))
    return rows[:, None] * min(CELLS[1], shape[1]) + columns


def ranked(heat: NDArray[np.floating]) -> NDArray[np.float64]:
    """The rank (frequencies, frames) of the cell of each pixel: 0 where a map is highest, to 1."""
    at = cells((heat.shape[0], heat.shape[1]))
    count = int(at.max()) + 1
    mean = np.bincount(at.ravel(), heat.ravel(), count) / np.bincount(at.ravel(), minlength=count)
    rank = np.empty(count)
    rank[np.argsort(-mean, kind="stable")] = np.arange(count)
    return rank[at] / count


def curves(
    window: NDArray[np.float32],
    others: NDArray[np.float32],
    heat: NDArray[np.floating],
    answer: Answer,
) -> Curves | None:
    """The curves of one map of one window; None where nothing is lost with all of the window.

    Parameters
    ----------
    window : (frequencies, frames, channels) dB.
    others : (some, frequencies, frames, channels) without the class.
    heat : (frequencies, frames), high where the evidence is.
    """
    rank = ranked(heat)[None, :, :, None]
    share = np.linspace(0, 1, STEPS + 1)[:, None, None, None]
    first, odds = rank < share, np.zeros(2 * (STEPS + 1))
    for other in others:
        X = np.concatenate([np.where(first, other, window), np.where(first, window, other)])
        odds += answer(X.astype(np.float32)) / len(others)
    whole, nothing = odds[0], odds[STEPS]
    if not whole > nothing:
        return None
    left = (odds - nothing) / (whole - nothing)
    return Curves(left[: STEPS + 1], left[STEPS + 1 :])


def gradient_by_input(
    model: keras.Model, inputs: NDArray[np.float32], outputs: Sequence[int]
) -> NDArray[np.float32]:
    """Gradient of each input's output times the input, (n, frequencies, frames).

    Summed over channels, of the log-odds of what an output says; Shrikumar et al. 2016.
    """
    given = tf.convert_to_tensor(inputs)
    body = last_layer.body(model)
    with tf.GradientTape() as tape:
        tape.watch(given)
        sums = last_layer.sums(model, body(given, training=False))
        chosen = tf.gather(sums, np.asarray(outputs, np.int64), axis=1, batch_dims=1)
    return np.asarray(tape.gradient(chosen, given) * given).sum(axis=-1)
