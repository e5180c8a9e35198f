"""What a training run may be told."""

from dataclasses import dataclass
from typing import Annotated, Literal

from rarewave.checks import Above, AtLeast, Between


@dataclass(frozen=True)
class Training:
    """Network, loss, imbalance and schedule of one training run.

    `oversample` repeats events until the classes are equal in number; `balanced` draws every
    batch half from events; `class_weights` weighs each class by the inverse of its share.
    """

    network: Literal["seed_cnn", "band_context"]
    normalisation: Literal["sample", "dataset", "both"]
    loss: Literal["binary_cross_entropy", "focal"]
    focal_gamma: Annotated[float, AtLeast(0)]
    focal_alpha: Annotated[float, Between(0, 1)]
    imbalance: Literal["none", "oversample", "balanced", "class_weights"]
    learning_rate: Annotated[float, Above(0)]
    schedule: Literal["constant", "cosine"]
    batch_size: Annotated[int, AtLeast(1)]
    epochs: Annotated[int, AtLeast(1)]
    patience: Annotated[int, AtLeast(1)]
    threads: Annotated[int, AtLeast(1)]
    seed: Annotated[int, AtLeast(0)]
