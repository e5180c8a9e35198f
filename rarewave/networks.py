"""Networks by name: functional Keras models with named layers, so that any can be explained."""

from rarewave.backend import keras

layers = keras.layers

# Keras's 0.99 needs hundreds of steps before the moving statistics mean anything; rare-event
# data sets have a few dozen an epoch.
_MOMENTUM = 0.9


def seed_cnn(input_shape: tuple[int, int, int]) -> keras.Model:
    """The seed network: three 3x3 convolutions, global average pooling, one hidden layer.

    101,889 weights for one input channel.

    Parameters
    ----------
    input_shape : (frequencies, frames, channels).

    Returns
    -------
    A model that gives the probability of an event, (n, 1).
    """
    spectrogram = keras.Input(input_shape, name="spectrogram")
    x = spectrogram
    for number, filters in enumerate((32, 64, 128), start=1):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"conv{number}")(x)
        x = layers.BatchNormalization(momentum=_MOMENTUM, name=f"norm{number}")(x)
        if number < 3:
            x = layers.MaxPooling2D(name=f"pool{number}")(x)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    x = layers.Dense(64, activation="relu", name="hidden")(x)
    event = layers.Dense(1, activation="sigmoid", name="event")(x)
    return keras.Model(spectrogram, event, name="seed_cnn")


NETWORKS = {"seed_cnn": seed_cnn}


def build(name: str, input_shape: tuple[int, int, int]) -> keras.Model:
    """The network of that name, with fresh weights from the current seed."""
    return NETWORKS[name](input_shape)
