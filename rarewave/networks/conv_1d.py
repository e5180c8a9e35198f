"""A network of the waveform itself."""

from rarewave.base.errors import DataError
from rarewave.networks.backend import keras
from rarewave.networks.heads import MOMENTUM
from rarewave.networks.registry import network

layers = keras.layers

_LEAST = 1024  # samples: fewer leave nothing to pool


@network("conv_1d", features="average", waveform=True)
def conv_1d(
    spectrogram: keras.KerasTensor, window_frames: slice, width: float
) -> keras.KerasTensor:
    """Strided convolutions over samples, for windows of any length from 1024 samples on.

    The M5 of Dai et al. (Very deep convolutional neural networks for raw waveforms, 2017): 128
    filters of 80 samples every 4, then 128, 256 and 512 filters of 3, each with batch
    normalisation, ReLU and max-pooling by 4, and the mean over time. Their windows are of 32,000
    samples, 2 s at 16 kHz: 125 frames of 16 ms each before the last pooling. `width` scales the
    filters. A row of samples is an image of one row, and so are all layers: a convolution of 1 x 3
    is one over time, and maps are found as in other networks.
    """
    rows, samples = spectrogram.shape[1:3]
    if rows != 1 or samples < _LEAST:
        raise DataError(
            f"conv_1d takes a waveform of at least {_LEAST} samples, and is given {rows} x "
            f"{samples}: set spectrogram.scale to waveform and clean.window_samples to {_LEAST} or "
            "more"
        )
    x = spectrogram
    for number, full in enumerate((128, 128, 256, 512), start=1):
        filters = max(1, round(full * width))
        x = layers.Conv2D(
            filters,
            (1, 80) if number == 1 else (1, 3),
            strides=(1, 4) if number == 1 else 1,
            padding="same",
            use_bias=False,
            kernel_initializer="he_normal",
            name=f"conv{number}",
        )(x)
        x = layers.BatchNormalization(momentum=MOMENTUM, name=f"norm{number}")(x)
        x = layers.ReLU(name=f"relu{number}")(x)
        x = layers.MaxPooling2D((1, 4), padding="same", name=f"pool{number}")(x)
    x = layers.GlobalAveragePooling2D(name="average")(x)
    return layers.Dropout(0.3, name="dropout")(x)
