"""What networks share: their last layer, and batch normalisation's momentum."""

from rarewave.base.tasks import Task
from rarewave.networks.backend import keras

layers = keras.layers

# Keras's 0.99 needs hundreds of steps before the moving statistics mean anything; rare-event
# data sets have a few dozen an epoch.
MOMENTUM = 0.9


def probabilities(x: keras.KerasTensor, task: Task) -> keras.KerasTensor:
    """The last layer: a sigmoid for an event, a softmax over classes, a sigmoid for each tag."""
    return layers.Dense(task.outputs, activation=task.activation, name=task.kind)(x)
