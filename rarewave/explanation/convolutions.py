"""Which layers of a network are convolutions, what they weigh, and what each position sees."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.networks.backend import keras

kinds = keras.layers

CONVOLUTIONS = (kinds.Conv1D, kinds.Conv2D)
_POOLS = (
    kinds.MaxPooling1D, kinds.MaxPooling2D, kinds.AveragePooling1D, kinds.AveragePooling2D,
)  # fmt: skip
_ACTIVATIONS = (kinds.ReLU, kinds.LeakyReLU, kinds.PReLU, kinds.ELU, kinds.Activation)


def convolutions(
    model: keras.Model, names: Sequence[str] | None = None
) -> list[keras.layers.Layer]:
    """The convolutions of a network in order, or those that are named.

    Raises
    ------
    DataError
        There is none of that name.
    """
    found = [layer for layer in model.layers if isinstance(layer, CONVOLUTIONS)]
    known = [layer.name for layer in found]
    for name in names or ():
        if name not in known:
            said = f"choose from {', '.join(known)}" if known else "it has none"
            raise DataError(f"the network has no convolution {name}: {said}")
    return [layer for layer in found if names is None or layer.name in names]


def recurrent(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers with a memory over time: they have no filters, and are only counted."""
    return [layer for layer in model.layers if isinstance(layer, kinds.RNN)]


def answer(model: keras.Model, layer: keras.layers.Layer) -> keras.KerasTensor:
    """What a layer tells those behind it: its output, after its normalisation and activation.

    Where an addition follows before any activation, as in a residual step, what is added.
    """
    output = layer.output
    if getattr(layer, "activation", keras.activations.linear) is not keras.activations.linear:
        return output
    readers = _readers(model)
    while True:
        after = readers.get(id(output), [])
        if len(after) != 1:
            return output
        (reader,) = after
        if isinstance(reader, _ACTIVATIONS):
            return reader.output
        if not isinstance(reader, kinds.BatchNormalization):
            return output
        output = reader.output


def _readers(model: keras.Model) -> dict[int, list[keras.layers.Layer]]:
    """The layers that are given each tensor, by its id."""
    found: dict[int, list[keras.layers.Layer]] = {}
    for layer in model.layers:
        if not isinstance(layer, kinds.InputLayer):
            for tensor in keras.tree.flatten(layer.input):
                found.setdefault(id(tensor), []).append(layer)
    return found


def weights(layer: keras.layers.Layer) -> NDArray[np.float32]:
    """The weights of a convolution, (rows, frames, inputs, channels); of a 1-D one in one row."""
    found = np.asarray(layer.kernel, np.float32)
    return found[None] if found.ndim == 3 else found


def is_first(model: keras.Model, layer: keras.layers.Layer) -> bool:
    """Whether a layer sees the network's input itself."""
    return keras.tree.flatten(layer.input)[0] is keras.tree.flatten(model.input)[0]


def strongest_inputs(kernel: NDArray[np.float32], channel: int, most: int) -> NDArray[np.int64]:
    """The inputs to which a channel gives the largest weights (root of the sum of squares)."""
    size = np.square(kernel[..., channel], dtype=np.float64).sum(axis=(0, 1))
    return np.argsort(-size, kind="stable")[:most]


class Field(NamedTuple):
    """What the positions of a layer see of the input, in its rows and frames (or samples)."""

    size: tuple[int, int]  # that one position sees
    step: tuple[int, int]  # from one position to the next
    start: tuple[float, float]  # centre of what the first position sees, from 0 on


def field(model: keras.Model, layer: keras.layers.Layer, frames: int) -> Field | None:
    """What each position of a layer sees, through all convolutions and poolings before it.

    None where something before it turns rows or frames into something else.

    Parameters
    ----------
    frames : of the input, where the network takes any number.
    """
    rows = model.input_shape[1] if len(model.input_shape) == 4 else 1
    made = {id(tensor): one for one in model.layers for tensor in keras.tree.flatten(one.output)}

    def seen(one: keras.layers.Layer) -> tuple[Field, list[int]] | None:
        if isinstance(one, kinds.InputLayer):
            return Field((1, 1), (1, 1), (0.0, 0.0)), [rows, frames]
        before = [seen(made[id(tensor)]) for tensor in keras.tree.flatten(one.input)]
        known = [each for each in before if each is not None]
        if len(known) < len(before):
            return None
        widest = max(known, key=lambda each: each[0].size)  # of a residual step the longer way
        if isinstance(one, (*CONVOLUTIONS, *_POOLS)):
            return _through(one, *widest)
        return widest if _keeps_places(one) else None

    found = seen(layer)
    return None if found is None else found[0]


def _keeps_places(layer: keras.layers.Layer) -> bool:
    shapes = [tensor.shape for tensor in keras.tree.flatten(layer.input)]
    return bool(layer.output.shape[:-1] == shapes[0][:-1] and len(layer.output.shape) > 2)


def _through(layer: Any, seen: Field, shape: list[int]) -> tuple[Field, list[int]]:
    """What is seen behind a convolution or pooling, and the positions that are left."""
    is_pool = isinstance(layer, _POOLS)
    sizes = _two(layer.pool_size if is_pool else layer.kernel_size)
    strides = _two(layer.strides)
    dilations = (1, 1) if is_pool else _two(layer.dilation_rate)
    size, step, start, left = [], [], [], []
    for k, (width, stride, dilation) in enumerate(zip(sizes, strides, dilations, strict=True)):
        reach = (width - 1) * dilation + 1
        before = 0
        if layer.padding == "same":
            count = -(-shape[k] // stride)
            before = max(0, (count - 1) * stride + reach - shape[k]) // 2
        elif layer.padding == "causal":
            count, before = -(-shape[k] // stride), reach - 1
        else:
            count = (shape[k] - reach) // stride + 1
        size.append(seen.size[k] + (reach - 1) * seen.step[k])
        step.append(seen.step[k] * stride)
        start.append(seen.start[k] + ((reach - 1) / 2 - before) * seen.step[k])
        left.append(count)
    return Field((size[0], size[1]), (step[0], step[1]), (start[0], start[1])), left


def _two(values: Any) -> tuple[int, int]:
    """Sizes over rows and frames; of a 1-D layer over frames alone."""
    values = (values,) if isinstance(values, int) else tuple(values)
    return (1, values[0]) if len(values) == 1 else (values[0], values[1])
