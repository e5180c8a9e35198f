"""Levels of bands, of a window and of its context."""

from rarewave.networks.backend import keras
from rarewave.networks.heads import MOMENTUM
from rarewave.networks.registry import network

layers = keras.layers


@network("band_context", features="norm")
def band_context(
    spectrogram: keras.KerasTensor, window_frames: slice, width: float
) -> keras.KerasTensor:
    """Mean level of frequency bands, of the window and of its context, and a small classifier.

    The first channel (level) is averaged over the window, the last (level above the noise
    floor) over window and context, both in bands of four rows: 20 numbers a window of 40 rows.
    For few events and weak signals, where a convolutional network learns the recordings by heart.
    """
    frequencies, frames, depth = spectrogram.shape[1:]
    rows = min(4, frequencies)
    inside = window_frames.stop - window_frames.start
    outside = (window_frames.start, frames - window_frames.stop)
    channels = layers.Reshape((frequencies, frames, depth, 1), name="channels")(spectrogram)
    # Cropping, not indexing: Keras numbers anonymous operations by how many came before.
    first = layers.Cropping3D(((0, 0), outside, (0, depth - 1)), name="window")(channels)
    last = layers.Cropping3D(((0, 0), (0, 0), (depth - 1, 0)), name="above_floor")(channels)
    first = layers.Reshape((frequencies, inside, 1), name="window_level")(first)
    last = layers.Reshape((frequencies, frames, 1), name="context_level")(last)
    level = layers.AveragePooling2D((rows, inside), name="level")(first)
    context = layers.AveragePooling2D((rows, frames), name="context")(last)
    flat = [
        layers.Flatten(name="level_bands")(level),
        layers.Flatten(name="context_bands")(context),
    ]
    x = layers.Concatenate(name="bands")(flat)
    x = layers.BatchNormalization(momentum=MOMENTUM, name="norm")(x)
    shrink = keras.regularizers.L2(1e-3)
    x = layers.Dense(32, activation="relu", kernel_regularizer=shrink, name="hidden")(x)
    return layers.Dropout(0.2, name="dropout")(x)
