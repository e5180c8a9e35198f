"""Class activation maps: where in a spectrogram a network finds its evidence."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.networks import last_layer
from rarewave.networks.backend import keras, tf

LEAST = 0.05  # of the evidence at a layer for a class: less is what is left over by rounding


def method(model: keras.Model) -> str:
    """`HiResCAM` where positions of an image are weighed each for itself, else `Grad-CAM`.

    Grad-CAM (Selvaraju et al. 2017) takes one weight for all positions of a channel. Before global
    pooling that is no loss; behind a flatten, a filter as high as the image, or before a memory
    over time, what speaks for a class in one place and against it in another cancels, and the map
    shows neither (Draelos & Carin 2020).
    """
    if any(isinstance(known, keras.layers.LSTM) for known in model.layers):
        return "HiResCAM"
    if any(_as_high_as_the_image(known) for known in model.layers):
        return "HiResCAM"
    flat = (known for known in model.layers if isinstance(known, keras.layers.Flatten))
    images = (known.input.shape[1:-1] for known in flat if len(known.input.shape) > 2)
    return "HiResCAM" if any(np.prod(positions) > 1 for positions in images) else "Grad-CAM"


def _as_high_as_the_image(layer: keras.layers.Layer) -> bool:
    if not isinstance(layer, keras.layers.Conv2D) or layer.padding != "valid":
        return False
    return bool(layer.kernel_size[0] == layer.input.shape[1] > 1)


def has_image(layer: keras.layers.Layer) -> bool:
    """Whether a layer gives what lies as the input does: rows by frames, and channels."""
    if isinstance(layer, keras.layers.InputLayer | keras.layers.Permute):
        return False
    return len(layer.output.shape) == 4


def gradcam(
    model: keras.Model,
    inputs: NDArray[np.float32],
    layer: str,
    outputs: NDArray[np.int64] | None = None,
) -> NDArray[np.float32]:
    """Class activation maps of a class's logit: channels of a layer, weighted by its gradient.

    By the mean gradient of each channel or by that of each position, as `method` has it. The
    gradient is taken before sigmoid or softmax: after it, a sure decision would have none.

    Parameters
    ----------
    model : functional model whose last layer is dense.
    inputs : (n, frequencies, frames, channels), normalised.
    layer : name of a layer with a spatial output.
    outputs : (n,) which output to explain for each input; None: the first (only) one.

    Returns
    -------
    (n, frequencies, frames), at least 0, each map divided by its maximum; a map without any
    positive evidence is 0 throughout.

    Raises
    ------
    DataError
        The model has no such layer, or the layer no spatial output.
    """
    names = [known.name for known in model.layers]
    if layer not in names:
        raise DataError(f"the network has no layer {layer}: choose gradcam.layer from {names}")
    if not has_image(model.get_layer(layer)):
        images = [known.name for known in model.layers if has_image(known)]
        raise DataError(f"the layer {layer} has no image: choose gradcam.layer from {images}")
    parts = keras.Model(model.input, [model.get_layer(layer).output, last_layer.dense(model).input])
    given = tf.convert_to_tensor(inputs)
    with tf.GradientTape() as tape:
        tape.watch(given)  # before a layer without weights nothing else is watched
        features, hidden = parts(given, training=False)
        chosen = np.zeros(len(inputs), np.int64) if outputs is None else outputs
        logit = tf.gather(last_layer.sums(model, hidden), chosen, axis=1, batch_dims=1)
    return _shown(_map(method(model), features, tape.gradient(logit, features)), inputs.shape[1:3])


def _map(kind: str, features: tf.Tensor, gradient: tf.Tensor) -> tf.Tensor:
    """What speaks for (above 0) and against a class at each position, (n, rows, columns, 1)."""
    weights = gradient
    if kind == "Grad-CAM":
        weights = keras.ops.mean(gradient, axis=(1, 2), keepdims=True)
    return keras.ops.sum(weights * features, axis=-1, keepdims=True)


def _shown(maps: tf.Tensor, size: tuple[int, int]) -> NDArray[np.float32]:
    """What speaks for a class, on the grid of the spectrogram, each map over its maximum."""
    found = keras.ops.image.resize(keras.ops.relu(maps), size, data_format="channels_last")
    found = keras.ops.convert_to_numpy(found)[..., 0]
    peak = found.max(axis=(1, 2), keepdims=True)
    return np.divide(found, peak, out=np.zeros_like(found), where=peak > 0)


class Speaking(NamedTuple):
    """A map that was tried, and how much of it speaks for the class."""

    method: str
    layer: str
    share: float  # of all evidence, for and against, that is for


def speaking(
    model: keras.Model, given: NDArray[np.float32], images: Sequence[str], output: int
) -> tuple[NDArray[np.float32] | None, list[Speaking]]:
    """The first map of one input in which at least `LEAST` of the evidence is for the class.

    From the last layer back, where maps are sharper and less certain; at each by the network's
    `method`, then by HiResCAM. Of the log-odds, so that among classes what speaks against the
    others counts. Without any such map the one with the largest share.

    Parameters
    ----------
    given : (frequencies, frames, channels), normalised.
    images : layers with an image, the first one being tried first.

    Returns
    -------
    The map (frequencies, frames) from 0 to 1, None where nothing at all speaks for the class;
    and all that were tried, the chosen one last.
    """
    outputs = [model.get_layer(name).output for name in images]
    parts = keras.Model(model.input, [*outputs, last_layer.dense(model).input])
    inputs = tf.convert_to_tensor(given[None])
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        *features, hidden = parts(inputs, training=False)
        odds = last_layer.log_odds(model, hidden, output)
    gradients = tape.gradient(odds, features, unconnected_gradients="zero")
    tried: list[tuple[Speaking, tf.Tensor]] = []
    for layer, value, gradient in zip(images, features, gradients, strict=True):
        for kind in dict.fromkeys((method(model), "HiResCAM")):
            found = _map(kind, value, gradient)
            total = float(keras.ops.sum(keras.ops.abs(found)))
            share = float(keras.ops.sum(keras.ops.relu(found))) / total if total else 0.0
            tried.append((Speaking(kind, layer, share), found))
            if share >= LEAST:
                return _shown(found, given.shape[:2])[0], [one for one, _ in tried]
    best = max(tried, key=lambda one: one[0].share)
    listed = [one for one, _ in tried if one is not best[0]] + [best[0]]
    return (_shown(best[1], given.shape[:2])[0] if best[0].share else None), listed


def mass(
    heat: NDArray[np.float32],
    frequency_hz: NDArray[np.float64],
    time_s: NDArray[np.float64],
) -> dict[str, float]:
    """Where the mass of a map (frequencies, frames) lies.

    Returns
    -------
    Mean frequency and time, and the band and the span that hold the middle 80 % of the mass;
    all NaN for an empty map, and those of frequency where rows have none.
    """
    result: dict[str, float] = {}
    for name, axis, values in (("hz", 1, frequency_hz), ("s", 0, time_s)):
        share = heat.sum(axis=axis, dtype=np.float64)
        if share.sum() <= 0:
            mean = low = high = float("nan")
        else:
            share = share / share.sum()
            total = np.cumsum(share)
            mean = float((share * values).sum())
            low, high = (float(values[np.searchsorted(total, q)]) for q in (0.1, 0.9))
        result |= {f"mean_{name}": mean, f"low_{name}": low, f"high_{name}": high}
    return result


def randomised(model: keras.Model, seed: int) -> keras.Model:
    """The same network with fresh weights, for the sanity check of Adebayo et al. (2018)."""
    keras.utils.set_random_seed(seed)
    return keras.Model.from_config(model.get_config())


def agreement(a: NDArray[np.float32], b: NDArray[np.float32]) -> float:
    """Mean rank correlation of pairs of maps (n, frequencies, frames); a constant map counts 0.

    Near 1: the maps do not depend on what differs between the two networks.
    """
    found = []
    for one, other in zip(a, b, strict=True):
        ranks = [np.argsort(np.argsort(m.ravel(), kind="stable")) for m in (one, other)]
        flat = one.std() == 0 or other.std() == 0
        found.append(0.0 if flat else float(np.corrcoef(ranks[0], ranks[1])[0, 1]))
    return float(np.mean(found)) if found else float("nan")
