"""Relevance through a long short-term memory: all to what is remembered, none to the gates.

Arras et al., Explaining Recurrent Neural Network Predictions in Sentiment Analysis, 2017: a product
of a gate and a signal gives its relevance to the signal, and sums share it by the epsilon rule.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from rarewave.explanation.lrp_rules import EPSILON
from rarewave.networks.backend import keras

Array = NDArray[np.float64]


def through(layer: keras.layers.Layer, x: Array, relevance: Array) -> Array:
    """Relevance of what an LSTM was given, (n, steps, features), from that of what it gave.

    Parameters
    ----------
    layer : an LSTM of Keras that goes forward, with tanh and sigmoid.
    x : (n, steps, features).
    relevance : (n, steps, units), or (n, units) of the last step.
    """
    kernel, recurrent, shift = _weights(layer)
    steps, units = x.shape[1], recurrent.shape[0]
    seen = states(layer, x)
    of_signal = slice(2 * units, 3 * units)
    W, U = kernel[:, of_signal], recurrent[:, of_signal]
    found, of_state = np.zeros_like(x), np.zeros((len(x), units))
    of_output = np.zeros_like(of_state)
    every = relevance.ndim == 3
    for step in reversed(range(steps)):
        if every or step == steps - 1:
            of_output = of_output + (relevance[:, step] if every else relevance)
        of_state = of_state + of_output  # h = o tanh(c): the gate o gets none
        before = seen["h"][:, step - 1] if step else np.zeros((len(x), units))
        kept = seen["f"][:, step] * (seen["c"][:, step - 1] if step else 0.0)
        new = seen["i"][:, step] * seen["g"][:, step]
        share = of_state / _stable(seen["c"][:, step])
        sums = x[:, step] @ W + before @ U + shift[of_signal]
        of_signal_in = new * share / _stable(sums)
        found[:, step] = x[:, step] * (of_signal_in @ W.T)
        of_output = before * (of_signal_in @ U.T)
        of_state = kept * share
    return found


def states(layer: keras.layers.Layer, x: Array) -> dict[str, Array]:
    """Gates i, f, o, signal g, memory c and output h, each (n, steps, units), by the equations."""
    kernel, recurrent, shift = _weights(layer)
    units = recurrent.shape[0]
    h = c = np.zeros((len(x), units))
    found: dict[str, list[Array]] = {name: [] for name in "ifgoch"}
    for step in range(x.shape[1]):
        i, f, g, o = np.split(x[:, step] @ kernel + h @ recurrent + shift, 4, axis=1)
        i, f, g, o = _sigmoid(i), _sigmoid(f), np.tanh(g), _sigmoid(o)
        c = f * c + i * g
        h = o * np.tanh(c)
        for name, value in zip("ifgoch", (i, f, g, o, c, h), strict=True):
            found[name].append(value)
    return {name: np.stack(values, axis=1) for name, values in found.items()}


def _weights(layer: Any) -> tuple[Array, Array, Array]:
    kernel, recurrent, *shift = (np.asarray(w, np.float64) for w in layer.get_weights())
    return kernel, recurrent, shift[0] if shift else np.zeros(kernel.shape[1])


def _sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def _stable(sums: Array) -> Array:
    return sums + np.where(sums >= 0, EPSILON, -EPSILON)
