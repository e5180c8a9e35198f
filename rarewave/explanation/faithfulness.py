"""Whether a map shows what a network looks at: take it away, or show nothing else.

Deletion and insertion after Petsiuk et al., RISE, 2018: the parts of a window that a map ranks
first are laid at the window's own quiet level, or are all that is left of it, and the network is
asked again. The faster its answer falls, or rises, the more faithful the map.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.base.tasks import Task
from rarewave.frontend.normalisation import Normalisation
from rarewave.networks import inference, last_layer
from rarewave.networks.backend import keras, tf

STEPS = 16  # of a curve
CELLS = (16, 32)  # rows and columns of a window that are taken away at once, at most
QUIET = 0.2  # quantile over time of each row that is its quiet level

Answer = Callable[[NDArray[np.float32], NDArray[np.float32]], NDArray[np.float64]]


class Curves(NamedTuple):
    """What a network says of a window as more and more of it is taken away, or shown."""

    deletion: NDArray[np.float64]  # (STEPS + 1,) from nothing taken away to all
    insertion: NDArray[np.float64]  # (STEPS + 1,) from nothing shown to all

    @property
    def areas(self) -> tuple[float, float]:
        """Under each curve, over the share of the window: low and high speak for the map."""
        return float(np.trapezoid(self.deletion) / STEPS), float(
            np.trapezoid(self.insertion) / STEPS
        )


def answer_of(model: keras.Model, normalise: Normalisation, task: Task, output: int) -> Answer:
    """What gives the probability (n,) of one output for changed windows, scaled as the whole one.

    The first argument are windows (n, frequencies, frames, channels) in dB, the second the window
    (1, ...) whose statistics scale them.
    """

    def answer(X: NDArray[np.float32], like: NDArray[np.float32]) -> NDArray[np.float64]:
        found = [
            np.asarray(model(tf.convert_to_tensor(normalise(some, like)), training=False))
            for some in np.array_split(X, -(-len(X) // inference.BATCH))
        ]
        return np.concatenate(found)[:, output].astype(np.float64)

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


def quiet(window: NDArray[np.float32], of_levels: bool) -> NDArray[np.float32]:
    """A window of which nothing stands out: each row at its quiet level; a waveform at its median.

    Parameters
    ----------
    window : (frequencies, frames, channels).
    of_levels : it is power in dB, and no waveform.
    """
    level = np.quantile(window, QUIET if of_levels else 0.5, axis=1, keepdims=True)
    return np.broadcast_to(level, window.shape).astype(np.float32)


def curves(
    window: NDArray[np.float32],
    silent: NDArray[np.float32],
    heat: NDArray[np.floating],
    answer: Answer,
) -> Curves:
    """The curves of one map of one window.

    Parameters
    ----------
    window, silent : (frequencies, frames, channels), and the same with nothing in it.
    heat : (frequencies, frames), high where the evidence is.
    """  # fmt: skip
    rank = ranked(heat)[None, :, :, None]
    share = np.linspace(0, 1, STEPS + 1)[:, None, None, None]
    first = rank < share
    X = np.concatenate([np.where(first, silent, window), np.where(first, window, silent)])
    p = answer(X.astype(np.float32), window[None])
    return Curves(p[: STEPS + 1], p[STEPS + 1 :])


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
