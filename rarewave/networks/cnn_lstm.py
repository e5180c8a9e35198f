"""Convolutions, then memory over time."""

from rarewave.networks.backend import keras
from rarewave.networks.heads import MOMENTUM
from rarewave.networks.registry import network

layers = keras.layers


@network("cnn_lstm", features="average")
def cnn_lstm(
    spectrogram: keras.KerasTensor, window_frames: slice, width: float
) -> keras.KerasTensor:
    """Three convolutions that pool frequency, an LSTM over what is left of time, its mean.

    For sounds told apart by how they go on, as words are. Blocks of 32, 64 and 64 filters, each a
    3x3 convolution, batch normalisation, ReLU and max-pooling: all halve the frequencies, the
    first two the frames. All that a frame holds goes into a long short-term memory of 64 units
    (Hochreiter and Schmidhuber 1997; after convolutions Sainath et al. 2015), whose states are
    averaged over time. `width` scales filters and units.
    """
    x = spectrogram
    for number, full in enumerate((32, 64, 64), start=1):
        filters = max(1, round(full * width))
        x = layers.Conv2D(
            filters,
            3,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
            name=f"conv{number}",
        )(x)
        x = layers.BatchNormalization(momentum=MOMENTUM, name=f"norm{number}")(x)
        x = layers.ReLU(name=f"relu{number}")(x)
        pool = (2, 2 if number < 3 else 1)
        x = layers.MaxPooling2D(pool, padding="same", name=f"pool{number}")(x)
    rows, frames, depth = x.shape[1:]
    x = layers.Permute((2, 1, 3), name="by_time")(x)
    x = layers.Reshape((frames, rows * depth), name="frames")(x)
    # Keras's own loop: the kernels for GPUs give other bits.
    units = max(1, round(64 * width))
    x = layers.LSTM(units, return_sequences=True, use_cudnn=False, name="lstm")(x)
    x = layers.GlobalAveragePooling1D(name="average")(x)
    x = layers.Dense(64, activation="relu", name="hidden")(x)
    return layers.Dropout(0.3, name="dropout")(x)
