"""The seed network."""

from rarewave.networks.backend import keras
from rarewave.networks.heads import MOMENTUM, probabilities

layers = keras.layers


def seed_cnn(input_shape: tuple[int, int, int], outputs: int) -> keras.Model:
    """The seed network: three 3x3 convolutions, global average pooling, one hidden layer.

    101,889 weights for one input channel.

    Parameters
    ----------
    input_shape : (frequencies, frames, channels).
    outputs : 1 (the probability of an event), or the number of classes.

    Returns
    -------
    A model that gives probabilities (n, outputs).
    """
    spectrogram = keras.Input(input_shape, name="spectrogram")
    x = spectrogram
    for number, filters in enumerate((32, 64, 128), start=1):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"conv{number}")(x)
        x = layers.BatchNormalization(momentum=MOMENTUM, name=f"norm{number}")(x)
        if number < 3:
            x = layers.MaxPooling2D(name=f"pool{number}")(x)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    x = layers.Dense(64, activation="relu", name="hidden")(x)
    return keras.Model(spectrogram, probabilities(x, outputs), name="seed_cnn")
