"""A residual network for sounds of seconds."""

from rarewave.networks.backend import keras
from rarewave.networks.blocks import residual_stages
from rarewave.networks.registry import network

layers = keras.layers


@network("sound_net", features="pooled")
def sound_net(
    spectrogram: keras.KerasTensor, window_frames: slice, width: float
) -> keras.KerasTensor:
    """A small residual network for sounds of seconds, the same wherever in time they lie.

    Four stages of 16 to 128 filters, each of 3x3 convolutions with batch normalisation; from the
    second on with one residual step (He et al. 2016). At the end the mean over the frequencies,
    then mean and maximum over time (as PANNs do, Kong et al. 2020). 295,018 weights for two
    channels and ten classes. `width` scales the filters.
    """
    x = residual_stages(spectrogram, width, "same")
    x = layers.AveragePooling2D((x.shape[1], 1), name="bands")(x)
    mean = layers.GlobalAveragePooling2D(name="average")(x)
    peak = layers.GlobalMaxPooling2D(name="peak")(x)
    x = layers.Concatenate(name="pooled")([mean, peak])
    return layers.Dropout(0.3, name="dropout")(x)
