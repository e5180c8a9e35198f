"""How much each layer of a network matters for one class of one input."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.explanation.gradcam import has_image
from rarewave.networks.backend import keras, tf
from rarewave.networks.last_layer import body, dense, inner, log_odds


class Evidence(NamedTuple):
    """What a network says of some inputs."""

    p: NDArray[np.float64]  # (n, outputs) probabilities
    log_odds: NDArray[np.float64]  # (n, outputs) log(p / (1 - p)), exact where p rounds to 1


def evidence(model: keras.Model, inputs: NDArray[np.float32]) -> Evidence:
    """Probabilities and log-odds from the last layer's sums, before sigmoid or softmax.

    The log-odds of a class are the logit of a sigmoid; of a softmax, its sum less the
    log-sum-exp of the others', so that adding one number to all sums changes nothing.

    Parameters
    ----------
    model : functional model whose last layer is dense, with sigmoid or softmax.
    inputs : (n, frequencies, frames, channels), normalised.
    """
    hidden = body(model)(tf.convert_to_tensor(inputs), training=False)
    found = [log_odds(model, hidden, output) for output in range(model.output_shape[-1])]
    odds = np.stack(found, axis=1).astype(np.float64)
    return Evidence(1 / (1 + np.exp(-odds)), odds)


def layers(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers to compare: those with weights or an image (4-D), the last one left out.

    The last layer's output is what is explained.
    """
    return [layer for layer in inner(model) if layer.weights or has_image(layer)]


def images(model: keras.Model) -> list[str]:
    """The layers with an image of at least 2x2, in which a map shows places, from the last on.

    Of a network that takes one row, those with at least two columns.
    """
    least = min(2, model.input_shape[1]), 2
    return [
        layer.name
        for layer in reversed(inner(model))
        if has_image(layer)
        and all(  # of any length: None
            (size or few) >= few for size, few in zip(layer.output.shape[1:3], least, strict=True)
        )
    ]


def by_gradient(model: keras.Model, given: NDArray[np.float32], output: int) -> dict[str, float]:
    """What switching each channel of a layer off would do to the log-odds, to first order.

    Gradient times activation, summed over the positions of a channel (the Taylor criterion of
    Molchanov et al. 2017), its absolute value summed over channels. Not the mean over units: that
    would rank layers by how few units they have.

    Parameters
    ----------
    given : (frequencies, frames, channels), normalised.
    output : column of the network's output.

    Returns
    -------
    Layer name to a number of at least 0, in units of the log-odds.
    """
    chosen = layers(model)
    parts = keras.Model(model.input, [*(layer.output for layer in chosen), dense(model).input])
    inputs = tf.convert_to_tensor(given[None])
    with tf.GradientTape() as tape:
        tape.watch(inputs)  # before a layer without weights nothing else is watched
        *features, hidden = parts(inputs, training=False)
        odds = log_odds(model, hidden, output)
    gradients = tape.gradient(odds, features, unconnected_gradients="zero")
    found = {}
    for layer, value, gradient in zip(chosen, features, gradients, strict=True):
        product = (np.asarray(value, np.float64) * np.asarray(gradient, np.float64))[0]
        found[layer.name] = float(np.abs(product.sum(axis=tuple(range(product.ndim - 1)))).sum())
    return found


def by_ablation(
    model: keras.Model, given: NDArray[np.float32], output: int
) -> dict[str, float | None]:
    """The log-odds lost when a layer no longer says where: each channel at its mean over positions.

    Everything behind the layer is computed anew from there; what goes around it (a residual
    step) stays. Zeiler and Fergus (2014) occlude the input; this is the same within the network.

    Returns
    -------
    Layer name to log-odds lost, negative where the class gains; None for a layer without
    positions. A layer behind which only means are taken loses nothing.
    """
    own, chosen, whole, rests = _levelled(model)
    own.set_weights(model.get_weights())
    inputs = tf.convert_to_tensor(given[None])
    *features, hidden = whole(inputs, training=False)
    before = float(log_odds(own, hidden, output)[0])
    found: dict[str, float | None] = {}
    for layer, value, rest in zip(chosen, features, rests, strict=True):
        if rest is None:
            found[layer.name] = None
            continue
        axes = list(range(1, len(value.shape) - 1))
        flat = tf.broadcast_to(tf.reduce_mean(value, axis=axes, keepdims=True), value.shape)
        after = log_odds(own, rest([inputs, flat], training=False), output)
        found[layer.name] = before - float(after[0])
    return found


@lru_cache(maxsize=1)  # all windows of an explanation are of one network
def _levelled(
    model: keras.Model,
) -> tuple[keras.Model, list[keras.layers.Layer], keras.Model, list[keras.Model | None]]:
    """A copy of a network, its layers, what gives their outputs, and all behind each of them.

    None behind a layer without positions.
    """
    own = keras.Model.from_config(model.get_config())  # new connections stay out of the given one
    chosen, last = layers(own), dense(own)
    whole = keras.Model(own.input, [*(layer.output for layer in chosen), last.input])
    rests = [
        keras.Model([own.input, layer.output], last.input)
        if np.prod([size or 2 for size in layer.output.shape[1:-1]]) > 1
        else None
        for layer in chosen
    ]
    return own, chosen, whole, rests
