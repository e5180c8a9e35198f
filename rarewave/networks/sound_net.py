"""A residual network for sounds of seconds."""

from rarewave.networks.backend import keras
from rarewave.networks.heads import MOMENTUM
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
    channels and ten classes.
    """

    def convolve(x: keras.KerasTensor, filters: int, name: str) -> keras.KerasTensor:
        start = "he_normal"
        x = layers.Conv2D(
            filters, 3, padding="same", use_bias=False, kernel_initializer=start, name=f"conv{name}"
        )(x)
        return layers.BatchNormalization(momentum=MOMENTUM, name=f"norm{name}")(x)

    x = spectrogram
    for stage, filters in enumerate((16, 32, 64, 128), start=1):
        x = layers.ReLU(name=f"relu{stage}")(convolve(x, filters, f"{stage}"))
        if stage > 1:
            step = convolve(x, filters, f"{stage}a")
            x = layers.Add(name=f"add{stage}")([x, step])
            x = layers.ReLU(name=f"relu{stage}a")(x)
        if stage < 4:
            x = layers.MaxPooling2D(2, padding="same", name=f"pool{stage}")(x)
    x = layers.AveragePooling2D((x.shape[1], 1), name="bands")(x)
    mean = layers.GlobalAveragePooling2D(name="average")(x)
    peak = layers.GlobalMaxPooling2D(name="peak")(x)
    x = layers.Concatenate(name="pooled")([mean, peak])
    return layers.Dropout(0.3, name="dropout")(x)
