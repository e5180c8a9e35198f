"""A network for short windows seen with context."""

from rarewave.networks.backend import keras
from rarewave.networks.heads import MOMENTUM
from rarewave.networks.registry import network

layers = keras.layers


@network("frame_net", features="flatten")
def frame_net(
    spectrogram: keras.KerasTensor, window_frames: slice, width: float
) -> keras.KerasTensor:
    """For short windows seen with context: what sounds in the middle of a stretch of song.

    Convolutions pool over frequency only, so that time stays sharp, and a dense layer weighs
    the frames around the window (in the manner of TweetyNet, Cohen et al. 2022, without its
    recurrence).
    """
    x = spectrogram
    for number, filters in enumerate((16, 32, 32), start=1):
        x = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"conv{number}")(x)
        x = layers.BatchNormalization(momentum=MOMENTUM, name=f"norm{number}")(x)
        x = layers.ReLU(name=f"relu{number}")(x)
        pool = (min(4, x.shape[1]), 1 if number < 3 else 2)
        x = layers.MaxPooling2D(pool, padding="same", name=f"pool{number}")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(64, activation="relu", name="hidden")(x)
    return layers.Dropout(0.3, name="dropout")(x)
