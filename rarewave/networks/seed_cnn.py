"""The seed network."""

from rarewave.networks.backend import keras
from rarewave.networks.heads import MOMENTUM
from rarewave.networks.registry import network

layers = keras.layers


@network("seed_cnn", features="average")
def seed_cnn(
    spectrogram: keras.KerasTensor, window_frames: slice, width: float
) -> keras.KerasTensor:
    """The seed network: three 3x3 convolutions, global average pooling, one hidden layer.

    101,889 weights for one input channel and one output.
    """
    x = spectrogram
    for number, filters in enumerate((32, 64, 128), start=1):
        x = layers.Conv2D(filters, 3, padding="same", activation="relu", name=f"conv{number}")(x)
        x = layers.BatchNormalization(momentum=MOMENTUM, name=f"norm{number}")(x)
        if number < 3:
            x = layers.MaxPooling2D(name=f"pool{number}")(x)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    return layers.Dense(64, activation="relu", name="hidden")(x)
