"""A moving average of a network's weights, which is steadier than the weights of any one step."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarewave.networks.backend import keras


class Average(keras.callbacks.Callback):
    """Follows all weights of a network, statistics of batch normalisation among them.

    After each step the average is `decay` of itself and 1 - `decay` of the weights (Polyak and
    Juditsky 1992); in the first steps less of itself, (1 + step) / (10 + step), so that the
    random start is soon forgotten. Keras's `use_ema` leaves out the statistics of batch
    normalisation, which then belong to other weights.

    Parameters
    ----------
    decay : below 1; 0.99 looks back over about a hundred steps. 0: there is no average.
    inputs : gives batches of training inputs, for the statistics of the averaged weights.
    """

    def __init__(self, decay: float, inputs: Callable[[], Iterable[NDArray[np.float32]]]) -> None:
        super().__init__()
        self.decay, self.inputs, self.steps = decay, inputs, 0
        self.weights: list[NDArray[np.float32]] = []

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Take one step's weights in."""
        if not self.decay:
            return
        now = self.model.get_weights()
        self.steps += 1
        kept = min(self.decay, (1 + self.steps) / (10 + self.steps))
        if not self.weights:
            self.weights = now
        for average, weight in zip(self.weights, now, strict=True):
            average += (1 - kept) * (weight - average)  # what does not move stays to the bit

    @contextmanager
    def instead(self, model: keras.Model) -> Iterator[None]:
        """The averaged weights in place of the network's own, which come back afterwards."""
        if not self.weights:
            yield
            return
        own = model.get_weights()
        model.set_weights(self.weights)
        try:
            refresh(model, self.inputs())
            yield
        finally:
            model.set_weights(own)


def refresh(model: keras.Model, inputs: Iterable[NDArray[np.float32]]) -> None:
    """Measure the statistics of batch normalisation anew: the mean over some batches, by size.

    Those that training left behind follow its last few steps, and are of other weights than the
    average (Izmailov et al., Averaging Weights Leads to Wider Optima, UAI 2018).
    """
    normalising = [k for k in model.layers if isinstance(k, keras.layers.BatchNormalization)]
    if not normalising:
        return
    momenta = [layer.momentum for layer in normalising]
    seen = 0
    for batch in inputs:
        for layer in normalising:
            layer.momentum = seen / (seen + len(batch))
        model(batch, training=True)
        seen += len(batch)
    for layer, momentum in zip(normalising, momenta, strict=True):
        layer.momentum = momentum
