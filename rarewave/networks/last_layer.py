"""The last dense layer of a network: what it is given, and the sums behind its probabilities."""

from rarewave.networks import heads
from rarewave.networks.backend import keras, tf

ops = keras.ops


def dense(model: keras.Model) -> keras.layers.Layer:
    """The layer whose sums become probabilities; of a network of segments others follow it."""
    return next(
        layer
        for layer in reversed(model.layers)
        if isinstance(layer, keras.layers.Dense) and layer.name != heads.ATTENTION
    )


def inner(model: keras.Model) -> list[keras.layers.Layer]:
    """The layers before the last dense one, in order, the input among them."""
    own = [layer.name for layer in model.layers].index(dense(model).name)
    return [layer for layer in model.layers[:own] if layer.name != heads.ATTENTION]


def body(model: keras.Model) -> keras.Model:
    """The network up to its last dense layer: (n, hidden), or (n, segments, hidden)."""
    return keras.Model(model.input, dense(model).input)


def averaged(model: keras.Model) -> keras.Model:
    """What gives the features (n, hidden), of a network of segments the mean over them."""
    found = body(model)
    if len(found.output.shape) == 2:
        return found
    return keras.Model(found.input, keras.layers.GlobalAveragePooling1D()(found.output))


def is_softmax(model: keras.Model) -> bool:
    """Whether classes exclude one another, so that a softmax gives their probabilities."""
    last = dense(model)
    return last.name == "classes" or keras.activations.serialize(last.activation) == "softmax"


def of_segments(model: keras.Model) -> keras.Model:
    """What gives the probabilities (n, segments, outputs) of a network that scores segments."""
    activation = "softmax" if is_softmax(model) else "sigmoid"
    return keras.Model(model.input, keras.layers.Activation(activation)(dense(model).output))


def parts_of_segments(model: keras.Model) -> keras.Model:
    """What pooling needs of each segment, a list: probabilities, sums, and attention if there is.

    Each is (n, segments, ...): of outputs, outputs, and heads of attention.
    """
    attention = [layer.output for layer in model.layers if layer.name == heads.ATTENTION]
    return keras.Model(model.input, [of_segments(model).output, dense(model).output, *attention])


def pooling(model: keras.Model) -> str:
    """How the scores of segments are pooled; `max` of a network that scores none."""
    layers = {layer.name: layer for layer in model.layers}
    if heads.WEIGHTS in layers:
        return "attention"
    mean = isinstance(layers.get("pooled"), keras.layers.GlobalAveragePooling1D)
    return "mean" if mean else "max"


def sums(model: keras.Model, hidden: tf.Tensor) -> tf.Tensor:
    """The sums (n, outputs) before sigmoid or softmax, of what the last dense layer is given.

    Of a network of segments they are those that the pooled probabilities have: the highest of a
    maximum, else the log-odds (or, of classes, the logarithm) of the weighed mean.
    """
    last = dense(model)
    found = tf.tensordot(hidden, last.kernel, 1) + last.bias
    return found if len(hidden.shape) == 2 else pooled_sums(model, hidden, found)


def pooled_sums(model: keras.Model, hidden: tf.Tensor, found: tf.Tensor) -> tf.Tensor:
    """The sums (n, outputs) of the whole, of those of its segments (n, segments, outputs)."""
    weights = _log_weights(model, hidden)
    if weights is None:
        return tf.reduce_max(found, axis=1)
    if is_softmax(model):
        return tf.reduce_logsumexp(weights + tf.nn.log_softmax(found), axis=1)
    true, false = tf.math.log_sigmoid(found), tf.math.log_sigmoid(-found)
    return tf.reduce_logsumexp(weights + true, axis=1) - tf.reduce_logsumexp(
        weights + false, axis=1
    )


def _log_weights(model: keras.Model, hidden: tf.Tensor) -> tf.Tensor | None:
    """Logarithm of the weight of each segment (n, segments, outputs or 1); None for a maximum."""
    how = pooling(model)
    if how == "attention":
        attended = model.get_layer(heads.ATTENTION)
        kernel, bias = (tf.cast(w, hidden.dtype) for w in (attended.kernel, attended.bias))
        found = tf.tensordot(hidden, kernel, 1) + bias
        return tf.nn.log_softmax(found, axis=1)
    count = tf.cast(tf.shape(hidden)[1], hidden.dtype)
    return -tf.math.log(count) if how == "mean" else None


def log_odds(model: keras.Model, hidden: tf.Tensor, output: int) -> tf.Tensor:
    """Log-odds (n,) of one output: its sum, of a softmax less the log-sum-exp of the others'."""
    found = sums(model, hidden)
    if not is_softmax(model):
        return found[:, output]
    others = [k for k in range(found.shape[1]) if k != output]
    return found[:, output] - tf.reduce_logsumexp(tf.gather(found, others, axis=1), axis=1)
