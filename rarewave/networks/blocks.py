"""What networks share: a convolution with batch normalisation, and residual stages of them."""

from rarewave.networks.backend import keras
from rarewave.networks.heads import MOMENTUM

layers = keras.layers


def convolve(x: keras.KerasTensor, filters: int, name: str) -> keras.KerasTensor:
    """A 3x3 convolution with batch normalisation, named `conv` and `norm` and `name`."""
    start = "he_normal"
    x = layers.Conv2D(
        filters, 3, padding="same", use_bias=False, kernel_initializer=start, name=f"conv{name}"
    )(x)
    return layers.BatchNormalization(momentum=MOMENTUM, name=f"norm{name}")(x)


def residual_stages(x: keras.KerasTensor, width: float, padding: str) -> keras.KerasTensor:
    """Four stages of 16 to 128 filters, between them 2x2 max-pooling: (n, rows, frames, 128).

    Each is a 3x3 convolution with batch normalisation and ReLU; from the second on with one
    residual step (He et al. 2016). `width` scales the filters; `padding` is that of the pooling.
    """
    for stage, full in enumerate((16, 32, 64, 128), start=1):
        filters = max(1, round(full * width))
        x = layers.ReLU(name=f"relu{stage}")(convolve(x, filters, f"{stage}"))
        if stage > 1:
            step = convolve(x, filters, f"{stage}a")
            x = layers.Add(name=f"add{stage}")([x, step])
            x = layers.ReLU(name=f"relu{stage}a")(x)
        if stage < 4:
            pool = (min(2, x.shape[1]), 2)
            x = layers.MaxPooling2D(pool, padding=padding, name=f"pool{stage}")(x)
    return x
