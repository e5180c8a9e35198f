"""Layer-wise relevance propagation: what each pixel of a spectrogram added to a class's sum."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from rarewave.base.errors import DataError
from rarewave.explanation import lrp_lstm
from rarewave.explanation.lrp_rules import COMPOSITES, Composite, Linear, stable
from rarewave.networks import last_layer
from rarewave.networks.backend import keras, tf

ops, kinds = keras.ops, keras.layers

_MOVED = (
    kinds.Dropout, kinds.Flatten, kinds.Reshape, kinds.Permute, kinds.MaxPooling1D,
    kinds.MaxPooling2D, kinds.GlobalMaxPooling1D, kinds.GlobalMaxPooling2D, kinds.Concatenate,
    kinds.Cropping1D, kinds.Cropping2D, kinds.Cropping3D,
)  # fmt: skip
_SHARED = (
    kinds.AveragePooling1D, kinds.AveragePooling2D, kinds.GlobalAveragePooling1D,
    kinds.GlobalAveragePooling2D, kinds.Add,
)  # fmt: skip
_CONVOLUTIONS = (kinds.Conv1D, kinds.Conv2D)
_ACTIVATIONS = ("linear", "relu")


class Relevance(NamedTuple):
    """What was explained, and where it comes from."""

    maps: NDArray[np.float64]  # (n, frequencies, frames, channels), for (above 0) and against
    explained: NDArray[np.float64]  # (n,) the sum that the maps share out, but for shifts


def relevance(
    model: keras.Model,
    inputs: NDArray[np.float32],
    outputs: NDArray[np.int64] | None = None,
    composite: str = "epsilon_plus",
) -> Relevance:
    """Relevance of every pixel for one output of each input, layer by layer back from its sum.

    What is explained is the sum before sigmoid or softmax; where scores of segments are pooled, the
    sums of all segments by how much each moves the pooled one. Batch normalisation behind a
    convolution is folded into it; where it stands alone its shift keeps a share by size. Pooling
    by maximum passes all to the highest, means and residual additions share by what each added.

    Parameters
    ----------
    inputs : (n, frequencies, frames, channels), normalised.
    outputs : (n,) which output to explain for each input; None: the first (only) one.
    composite : one of `COMPOSITES`.

    Raises
    ------
    DataError
        The network has a layer for which there is no rule.
    """
    chosen = np.zeros(len(inputs), np.int64) if outputs is None else np.asarray(outputs)
    steps = _steps(model)
    values = _forward(model, steps, tf.cast(tf.convert_to_tensor(inputs), tf.float64))
    last = last_layer.dense(model)
    hidden = values[id(last.input)]
    start, total = _from_the_end(model, hidden, chosen)
    found = {id(last.input): COMPOSITES[composite].dense(hidden, _linear(last, None), start)}
    for step in reversed(steps):
        mine = found.pop(id(step.output), None)
        if mine is None or step.layer is None:
            continue
        given = [values[id(tensor)] for tensor in step.inputs]
        shared = _back(step, given, mine, COMPOSITES[composite])
        for tensor, part in zip(step.inputs, shared, strict=True):
            found[id(tensor)] = found[id(tensor)] + part if id(tensor) in found else part
    return Relevance(np.asarray(found[id(model.input)]), total)


class _Step(NamedTuple):
    """One layer of a network, and the normalisation that is folded into it."""

    layer: keras.layers.Layer
    inputs: list[keras.KerasTensor]
    output: keras.KerasTensor
    norm: keras.layers.Layer | None
    first: bool  # it sees the input itself


def _steps(model: keras.Model) -> list[_Step]:
    """The layers before the last dense one in the order in which they run."""
    layers = [one for one in last_layer.inner(model) if not isinstance(one, kinds.InputLayer)]
    readers: dict[int, list[keras.layers.Layer]] = {}
    for layer in [*layers, last_layer.dense(model)]:
        for tensor in keras.tree.flatten(layer.input):
            readers.setdefault(id(tensor), []).append(layer)
    steps, folded = [], set()
    for layer in layers:
        if layer.name in folded:
            continue
        norm, output = None, layer.output
        after = readers.get(id(output), [])
        if _is_linear(layer) and len(after) == 1 and isinstance(after[0], kinds.BatchNormalization):
            (norm,) = after
            output = norm.output
            folded.add(norm.name)
        inputs = keras.tree.flatten(layer.input)
        first = inputs[0] is model.input
        steps.append(_Step(layer, inputs, output, norm, first))
    return steps


def _is_linear(layer: keras.layers.Layer) -> bool:
    """Whether it adds up and nothing else."""
    adds = isinstance(layer, (*_CONVOLUTIONS, kinds.Dense))
    return adds and keras.activations.serialize(layer.activation) == "linear"


def _forward(model: keras.Model, steps: list[_Step], x: tf.Tensor) -> dict[int, tf.Tensor]:
    """What every layer gives, in double precision."""
    values = {id(model.input): x}
    for step in steps:
        given = [values[id(tensor)] for tensor in step.inputs]
        values[id(step.output)] = _given(step, given)
    return values


def _given(step: _Step, given: list[tf.Tensor]) -> tf.Tensor:
    layer = step.layer
    if isinstance(layer, (*_CONVOLUTIONS, kinds.Dense)):
        made = _linear(layer, step.norm)
        sums = made.apply(given[0], made.kernel) + made.shift
        return tf.nn.relu(sums) if _name_of(layer) == "relu" else sums
    if isinstance(layer, kinds.BatchNormalization):
        scale, shift = _affine(layer)
        return given[0] * scale + shift
    if isinstance(layer, kinds.LSTM):
        return tf.convert_to_tensor(_lstm(layer, np.asarray(given[0])))
    if isinstance(layer, kinds.ReLU) or _name_of(layer) in _ACTIVATIONS:
        return tf.nn.relu(given[0]) if _name_of(layer) != "linear" else given[0]
    if isinstance(layer, (*_MOVED, *_SHARED)):
        return _twin(layer)(given if len(given) > 1 else given[0], training=False)
    raise DataError(
        f"there is no rule of relevance for the layer {layer.name}, {type(layer).__name__}: "
        "look at Grad-CAM instead"
    )


def _back(
    step: _Step, given: list[tf.Tensor], relevance: tf.Tensor, rules: Composite
) -> list[tf.Tensor]:
    """Relevance of what a layer was given."""
    layer = step.layer
    if isinstance(layer, _CONVOLUTIONS):
        rule = rules.first if step.first else rules.convolutions
        return [rule(given[0], _linear(layer, step.norm), relevance)]
    if isinstance(layer, kinds.Dense):
        return [rules.dense(given[0], _linear(layer, step.norm), relevance)]
    if isinstance(layer, kinds.BatchNormalization):
        scale, shift = _affine(layer)
        mine = tf.abs(given[0] * scale)
        return [relevance * mine / (mine + tf.abs(shift) + 1e-300)]
    if isinstance(layer, kinds.LSTM):
        found = lrp_lstm.through(layer, np.asarray(given[0]), np.asarray(relevance))
        return [tf.convert_to_tensor(found)]
    if isinstance(layer, (*_MOVED, *_SHARED)):
        twin = _twin(layer)
        with tf.GradientTape() as tape:
            tape.watch(given)
            made = twin(given if len(given) > 1 else given[0], training=False)
        if isinstance(layer, _MOVED):
            return tape.gradient(made, given, output_gradients=relevance)
        shares = tape.gradient(made, given, output_gradients=relevance / stable(made))
        return [x * share for x, share in zip(given, shares, strict=True)]
    return [relevance]  # an activation


def _name_of(layer: keras.layers.Layer) -> str:
    """The name of a layer's activation; empty where it has none."""
    activation = getattr(layer, "activation", None)
    return "" if activation is None else str(keras.activations.serialize(activation))


def _twin(layer: keras.layers.Layer) -> keras.layers.Layer:
    """A layer without weights, in double precision."""
    return type(layer).from_config(layer.get_config() | {"dtype": "float64"})


def _linear(layer: keras.layers.Layer, norm: keras.layers.Layer | None) -> Linear:
    """A convolution or dense layer with the normalisation behind it folded in."""
    kernel = tf.cast(layer.kernel, tf.float64)
    shift = tf.zeros(kernel.shape[-1], tf.float64)
    if layer.bias is not None:
        shift = tf.cast(layer.bias, tf.float64)
    if norm is not None:
        scale, more = _affine(norm)
        kernel, shift = kernel * scale, shift * scale + more
    if isinstance(layer, kinds.Dense):
        return Linear(lambda x, weights: tf.tensordot(x, weights, 1), kernel, shift)
    how = {
        "strides": layer.strides,
        "padding": layer.padding,
        "dilation_rate": layer.dilation_rate,
        "data_format": "channels_last",
    }
    return Linear(lambda x, weights: ops.conv(x, weights, **how), kernel, shift)


def _affine(norm: keras.layers.Layer) -> tuple[tf.Tensor, tf.Tensor]:
    """Scale and shift of a batch normalisation in use."""
    mean, variance = (tf.cast(v, tf.float64) for v in (norm.moving_mean, norm.moving_variance))
    scale = 1 / tf.sqrt(variance + norm.epsilon)
    if norm.scale:
        scale *= tf.cast(norm.gamma, tf.float64)
    shift = -mean * scale
    return scale, shift + tf.cast(norm.beta, tf.float64) if norm.center else shift


def _lstm(layer: keras.layers.Layer, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """What an LSTM gives; raises `DataError` for one of another kind than is known here."""
    plain = _name_of(layer) == "tanh" and not layer.go_backwards
    gates = keras.activations.serialize(layer.recurrent_activation)
    if not plain or gates != "sigmoid":
        raise DataError(
            f"the layer {layer.name} is an LSTM that runs backwards or has other activations than "
            "tanh and sigmoid: there is no rule of relevance for it; look at Grad-CAM instead"
        )
    states = lrp_lstm.states(layer, x)["h"]
    return states if layer.return_sequences else states[:, -1]


def _from_the_end(
    model: keras.Model, hidden: tf.Tensor, outputs: NDArray[np.int64]
) -> tuple[tf.Tensor, NDArray[np.float64]]:
    """Relevance of the last dense layer's sums, and what they add up to (n,)."""
    last = _linear(last_layer.dense(model), None)
    sums = last.apply(hidden, last.kernel) + last.shift
    if len(sums.shape) == 2:
        weights = tf.one_hot(outputs, sums.shape[-1], dtype=tf.float64)
    else:
        with tf.GradientTape() as tape:
            tape.watch(sums)
            pooled = last_layer.pooled_sums(model, hidden, sums)
            one = tf.gather(pooled, outputs, axis=1, batch_dims=1)
        weights = tape.gradient(one, sums)
    start = weights * sums
    return start, np.asarray(tf.reduce_sum(start, axis=list(range(1, len(start.shape)))))
