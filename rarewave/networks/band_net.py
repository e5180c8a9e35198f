"""A residual network for weak labels of many kinds of sounds, each with frequencies of its own."""

from rarewave.frontend.transform import Segments
from rarewave.networks.backend import keras
from rarewave.networks.blocks import residual_stages
from rarewave.networks.heads import MOMENTUM
from rarewave.networks.registry import network

layers = keras.layers


@network("band_net", features="sequence", segments=Segments(frames=16, hop=8, margin=32))
def band_net(
    spectrogram: keras.KerasTensor, window_frames: slice, width: float
) -> keras.KerasTensor:
    """Scores segments of 16 frames, 8 frames apart, and knows at which frequency something sounds.

    The four stages of `sound_net`; then, instead of the mean over the frequencies, 512 filters as
    high as the spectrogram, two positions long. For many kinds that differ in frequency, as
    species do. `width` scales the filters.
    """
    x = residual_stages(spectrogram, width, "valid")
    x = layers.Dropout(0.1, name="dropout_bands")(x)
    filters, start = max(1, round(512 * width)), "he_normal"
    x = layers.Conv2D(
        filters, (x.shape[1], 2), use_bias=False, kernel_initializer=start, name="bands"
    )(x)
    x = layers.BatchNormalization(momentum=MOMENTUM, name="norm_bands")(x)
    x = layers.ReLU(name="relu_bands")(x)
    x = layers.Reshape((-1, filters), name="sequence")(x)
    return layers.Dropout(0.5, name="dropout")(x)
