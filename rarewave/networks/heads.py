"""What networks share: their last layers, and batch normalisation's momentum."""

from collections.abc import Callable

from rarewave.base.tasks import Task
from rarewave.networks.backend import keras

layers = keras.layers
ops = keras.ops

# Keras's 0.99 needs hundreds of steps before the moving statistics mean anything; rare-event
# data sets have a few dozen an epoch.
MOMENTUM = 0.9

ATTENTION, WEIGHTS = "attention", "segment_weights"  # the layers that weigh segments


def probabilities(x: keras.KerasTensor, task: Task, how: str = "max") -> keras.KerasTensor:
    """The last layers: a sigmoid for an event, a softmax over classes, a sigmoid for each tag.

    Parameters
    ----------
    x : (n, hidden), or (n, segments, hidden): then each segment is scored, and the scores are
        pooled to those of the whole: their maximum, their mean, or a mean weighed by what the
        network attends to (Kong et al. 2018); of classes one weight for all of them.
    how : of this pooling.

    Returns
    -------
    (n, task.outputs)
    """
    if len(x.shape) == 2:
        return layers.Dense(task.outputs, activation=task.activation, name=task.kind)(x)
    sums = layers.Dense(task.outputs, name=task.kind)(x)
    each = layers.Activation(task.activation, name="segments")(sums)
    return _POOLED[how](x, sums, each, task)


# Of hidden (n, segments, hidden), sums and probabilities (n, segments, outputs).
Pooled = Callable[
    [keras.KerasTensor, keras.KerasTensor, keras.KerasTensor, Task], keras.KerasTensor
]

_POOLED: dict[str, Pooled] = {}


def pooling(name: str) -> Callable[[Pooled], Pooled]:
    """Register a function as the pooling of that name."""

    def register(function: Pooled) -> Pooled:
        _POOLED[name] = function
        return function

    return register


@pooling("max")
def _max(
    x: keras.KerasTensor, sums: keras.KerasTensor, each: keras.KerasTensor, task: Task
) -> keras.KerasTensor:
    """Of classes the maximum is taken before the softmax, so that they still sum to 1."""
    if task.activation == "softmax":
        return layers.Softmax(name="pooled")(layers.GlobalMaxPooling1D(name="highest")(sums))
    return layers.GlobalMaxPooling1D(name="pooled")(each)


@pooling("mean")
def _mean(
    x: keras.KerasTensor, sums: keras.KerasTensor, each: keras.KerasTensor, task: Task
) -> keras.KerasTensor:
    return layers.GlobalAveragePooling1D(name="pooled")(each)


@pooling("attention")
def _attention(
    x: keras.KerasTensor, sums: keras.KerasTensor, each: keras.KerasTensor, task: Task
) -> keras.KerasTensor:
    """Weights start alike, so that an untrained network gives the mean."""
    heads = 1 if task.activation == "softmax" else task.outputs
    attended = layers.Dense(heads, kernel_initializer="zeros", name=ATTENTION)(x)
    weights = layers.Softmax(axis=1, name=WEIGHTS)(attended)
    return ops.sum(layers.Multiply(name="weighed")([weights, each]), axis=1)
