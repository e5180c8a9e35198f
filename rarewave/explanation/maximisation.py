"""Inputs that a channel answers most to, climbed to by its gradient (Erhan et al. 2009)."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from rarewave.frontend.normalisation import Normalisation
from rarewave.model.training_statistics import Reach
from rarewave.networks.backend import keras, tf

_RATE = 0.03  # of the range of training, a step (Adam's, with its usual two decays)
_DECAYS = (0.9, 0.999)
_NOISE = 0.05  # of the range, that the climb starts from
_SHRINK = 0.01  # towards the middle, each step (L2)
_BLUR, _EVERY = 0.5, 4  # rows and frames, every so many steps
_SHIFT = 4  # frames (samples) by which the input is shifted to and fro (jitter)
_REACH = 3.0  # deviations of training, where its range was not kept


def usual_reach(normalise: Normalisation) -> Reach:
    """A range for models of which that of training is not known: three deviations."""
    shape = (len(normalise.mean), normalise.channels)
    low, middle, high = (0.0, 0.5, 1.0) if normalise.mode == "unit" else (-_REACH, 0.0, _REACH)
    return Reach(*(np.full(shape, value, np.float32) for value in (low, middle, high)))


class Climbed(NamedTuple):
    """What channels answer most to."""

    inputs: NDArray[np.float32]  # (channels, frequencies, frames, inputs), normalised
    before: NDArray[np.float64]  # (channels,) mean answer over positions at the start
    after: NDArray[np.float64]  # and at the end, before any activation


def climb(
    model: keras.Model,
    layer: keras.layers.Layer,
    channels: NDArray[np.int64],
    reach: Reach,
    frames: int,
    steps: int,
    seed: int,
) -> Climbed:
    """Inputs within the range of training that raise the mean answer of channels of a layer.

    From faint seeded noise around the median, by steps of Adam (Kingma & Ba 2015). Each input is
    shifted in time before a step and back after it, shrunk towards the median, and now and then
    blurred (not where it is a waveform, whose sound would go). The answer is taken before the
    layer's activation: behind a ReLU a silent channel would have no gradient.

    Parameters
    ----------
    layer : a convolution.
    frames : of the inputs to make.
    """
    given = keras.Model(model.input, layer.input)
    bounds = [np.asarray(values)[:, None, :] for values in reach]
    low, middle, high = bounds
    rng = np.random.Generator(np.random.PCG64(seed))
    size = (len(channels), len(low), frames, low.shape[-1])
    x = middle + _NOISE * (high - low) * rng.standard_normal(size, np.float32)
    x = np.clip(x, low, high).astype(np.float32)
    before = _means(given, layer, x, channels)[0]
    mean, square = np.zeros(size), np.zeros(size)
    for step in range(steps):
        if size[1] > 1 and step % _EVERY == 0:
            x = gaussian_filter(x, (0, _BLUR, _BLUR, 0), mode="nearest")
        shift = int(rng.integers(-_SHIFT, _SHIFT + 1))
        _, slope = _means(given, layer, np.roll(x, shift, axis=2), channels)
        slope = np.roll(slope, -shift, axis=2)
        mean = _DECAYS[0] * mean + (1 - _DECAYS[0]) * slope
        square = _DECAYS[1] * square + (1 - _DECAYS[1]) * np.square(slope)
        up, size_of = (
            m / (1 - d ** (step + 1)) for m, d in zip((mean, square), _DECAYS, strict=True)
        )
        x = x + _RATE * (high - low) * up / (np.sqrt(size_of) + 1e-12)
        x = middle + (1 - _SHRINK) * (x - middle)
        x = np.clip(x, low, high).astype(np.float32)
    return Climbed(x, before, _means(given, layer, x, channels)[0])


def _means(
    given: keras.Model,
    layer: keras.layers.Layer,
    x: NDArray[np.float32],
    channels: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """The mean over positions of a channel each for inputs, and its gradient."""
    inputs = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        made = layer.convolution_op(given(inputs, training=False), layer.kernel)
        if layer.bias is not None:
            made = made + layer.bias
        each = tf.reduce_mean(made, axis=list(range(1, len(made.shape) - 1)))
        mine = tf.gather(each, channels, axis=1, batch_dims=1)
    return np.asarray(mine, np.float64), np.asarray(tape.gradient(mine, inputs), np.float32)
