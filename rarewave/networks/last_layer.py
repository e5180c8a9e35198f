"""The last layer of a network: what it is given, and its sums before sigmoid or softmax."""

from rarewave.networks.backend import keras, tf


def body(model: keras.Model) -> keras.Model:
    """The network up to what its last (dense) layer is given, (n, hidden)."""
    return keras.Model(model.input, model.layers[-1].input)


def is_softmax(model: keras.Model) -> bool:
    """Whether the last layer is a softmax over classes, not a sigmoid for each."""
    return keras.activations.serialize(model.layers[-1].activation) == "softmax"


def sums(model: keras.Model, hidden: tf.Tensor) -> tf.Tensor:
    """The last layer's sums (n, outputs), of what it is given (n, hidden)."""
    last = model.layers[-1]
    return tf.matmul(hidden, last.kernel) + last.bias


def log_odds(model: keras.Model, hidden: tf.Tensor, output: int) -> tf.Tensor:
    """Log-odds (n,) of one output: its sum, of a softmax less the log-sum-exp of the others'."""
    found = sums(model, hidden)
    if not is_softmax(model):
        return found[:, output]
    others = [k for k in range(found.shape[1]) if k != output]
    return found[:, output] - tf.reduce_logsumexp(tf.gather(found, others, axis=1), axis=1)
