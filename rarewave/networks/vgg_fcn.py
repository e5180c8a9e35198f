"""A fully convolutional network for weak labels: it scores segments of sound of any length."""

from rarewave.frontend.transform import Segments
from rarewave.networks.backend import keras
from rarewave.networks.blocks import convolve
from rarewave.networks.registry import network

layers = keras.layers


@network("vgg_fcn", features="sequence", segments=Segments(frames=128, hop=64, margin=128))
def vgg_fcn(
    spectrogram: keras.KerasTensor, window_frames: slice, width: float
) -> keras.KerasTensor:
    """Scores segments of 128 frames, 64 frames apart, in one pass (after Kumar et al. 2018).

    Five blocks of 16 to 256 filters, each of two 3x3 convolutions with batch normalisation and
    ReLU, and 2x2 max-pooling; a sixth of 512 filters with one convolution. Then 1024 filters of
    2x2 without padding (F1), so that 896 frames of 128 bands are 13 segments. The layer behind
    them, one filter for each class (F2), is that of all networks. Fewer bands than 128 are pooled
    until one is left. `width` scales the filters.
    """
    x = spectrogram
    for block, (filters, convolutions) in enumerate(
        ((16, 2), (32, 2), (64, 2), (128, 2), (256, 2), (512, 1)), start=1
    ):
        for name in [f"{block}a", f"{block}"][-convolutions:]:
            x = convolve(x, max(1, round(filters * width)), name)
            x = layers.ReLU(name=f"relu{name}")(x)
        x = layers.MaxPooling2D((min(2, x.shape[1]), 2), name=f"pool{block}")(x)
    filters = max(1, round(1024 * width))
    start = "he_normal"
    x = layers.Conv2D(filters, (x.shape[1], 2), kernel_initializer=start, name="f1")(x)
    x = layers.ReLU(name="relu_f1")(x)
    x = layers.Reshape((-1, filters), name="sequence")(x)
    return layers.Dropout(0.3, name="dropout")(x)
