"""What networks share: their last layer, and batch normalisation's momentum."""

from rarewave.networks.backend import keras

layers = keras.layers

# Keras's 0.99 needs hundreds of steps before the moving statistics mean anything; rare-event
# data sets have a few dozen an epoch.
MOMENTUM = 0.9


def probabilities(x: keras.KerasTensor, outputs: int) -> keras.KerasTensor:
    """The last layer: one sigmoid, or a softmax over the classes."""
    if outputs == 1:
        return layers.Dense(1, activation="sigmoid", name="event")(x)
    return layers.Dense(outputs, activation="softmax", name="classes")(x)
