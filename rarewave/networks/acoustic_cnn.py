"""The encoder for pretraining, and its head."""

from rarewave.networks.backend import keras
from rarewave.networks.blocks import convolve
from rarewave.networks.heads import MOMENTUM
from rarewave.networks.registry import network

layers = keras.layers


@network("acoustic_cnn", features="average")
def acoustic_cnn(
    spectrogram: keras.KerasTensor, window_frames: slice, width: float
) -> keras.KerasTensor:
    """The encoder for pretraining and its head: four blocks of convolution, then two dense layers.

    Each block is a 3x3 convolution, batch normalisation, ReLU and 2x2 max-pooling, of 64, 128,
    256 and 512 filters; the mean over time and frequency gives 512 features; the head normalises
    them and has 256 units with dropout. `width` scales the filters.
    """
    x = spectrogram
    for number, full in enumerate((64, 128, 256, 512), start=1):
        x = convolve(x, max(1, round(full * width)), f"{number}")
        x = layers.ReLU(name=f"relu{number}")(x)
        x = layers.MaxPooling2D(2, padding="same", name=f"pool{number}")(x)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    # A frozen encoder's features have any scale: without this the head hardly learns.
    x = layers.BatchNormalization(momentum=MOMENTUM, name="norm_features")(x)
    x = layers.Dense(256, activation="relu", name="hidden")(x)
    return layers.Dropout(0.3, name="dropout")(x)
