"""A network for calls in windows of their own length."""

from rarewave.networks.backend import keras
from rarewave.networks.heads import MOMENTUM
from rarewave.networks.registry import network

layers = keras.layers


@network("call_cnn", features="flatten")
def call_cnn(
    spectrogram: keras.KerasTensor, window_frames: slice, width: float
) -> keras.KerasTensor:
    """For calls in windows of their own length: what sounds when in the window counts.

    Four times convolution and max-pooling, then flatten, dense and dropout.
    """
    x = spectrogram
    for number, filters in enumerate((16, 32, 64, 64), start=1):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"conv{number}")(x)
        x = layers.BatchNormalization(momentum=MOMENTUM, name=f"norm{number}")(x)
        x = layers.ReLU(name=f"relu{number}")(x)
        x = layers.MaxPooling2D(2, padding="same", name=f"pool{number}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dropout(0.3, name="dropout")(x)
    return layers.Dense(64, activation="relu", name="hidden")(x)
